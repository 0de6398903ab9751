-- A row as long as another store is being copied here: of which, and how far that has come. With one, this is no store.
CREATE TABLE copy (
    one SMALLINT PRIMARY KEY CHECK (one = 1),
    origin BYTEA NOT NULL,
    -- The part of the store that is being copied, and the last of its keys; NULL at the beginning.
    part BYTEA,
    name BYTEA,
    first BIGINT,
    second BIGINT,
    third BIGINT
);
