-- The instant up to which no write of a data version's scope is open or still to come: what was answered as of it stays so.
CREATE TABLE settled_instants (
    scope nvarchar(60) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT pk_settled_instants PRIMARY KEY,
    settled_at datetime2(3) NOT NULL
);
