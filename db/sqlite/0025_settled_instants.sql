-- The instant up to which no write of a data version's scope is open or still to come: what was answered as of it stays so.
CREATE TABLE settled_instants (
    scope TEXT NOT NULL CONSTRAINT pk_settled_instants PRIMARY KEY,
    settled_at TEXT NOT NULL
) STRICT;
