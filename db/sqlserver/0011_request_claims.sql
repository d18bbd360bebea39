-- An Idempotency-Key whose request is being worked on: the same key does not begin it a second time meanwhile, on any node.
CREATE TABLE request_claims (
    actor nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL,
    idempotency_key nvarchar(255) COLLATE Latin1_General_100_BIN2 NOT NULL,
    claimed_until datetime2(3) NOT NULL,
    CONSTRAINT pk_request_claims PRIMARY KEY (actor, idempotency_key)
);
