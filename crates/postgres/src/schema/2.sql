-- Several servers on one database, each a node.

-- Counts claims, over all clients.
CREATE SEQUENCE claim;

-- Which node owns a client; no row where nobody does. Apart from client, since a client need not be known to be owned.
CREATE TABLE owner (
    name BYTEA PRIMARY KEY,
    node BIGINT NOT NULL,
    -- No two claims have the same one.
    epoch BIGINT NOT NULL
) WITH (fillfactor = 70);

-- Clients that other nodes want of a node, or have taken.
CREATE TABLE handover (
    node BIGINT NOT NULL,
    client BYTEA NOT NULL,
    epoch BIGINT NOT NULL,
    is_taken BOOLEAN NOT NULL,
    PRIMARY KEY (node, client, epoch)
);

-- When a node was declared dead.
ALTER TABLE node ADD COLUMN died TIMESTAMPTZ;
CREATE INDEX node_state ON node (state);
