-- An Idempotency-Key whose request is being worked on: the same key does not begin it a second time meanwhile, on any node.
CREATE TABLE request_claims (
    actor TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    claimed_until TEXT NOT NULL,
    CONSTRAINT pk_request_claims PRIMARY KEY (actor, idempotency_key)
) STRICT;
