-- A row as long as another store is being copied here: of which, and how far that has come. With one, this is no store.
CREATE TABLE IF NOT EXISTS `copy` (
    one TINYINT NOT NULL PRIMARY KEY,
    origin LONGBLOB NOT NULL,
    -- The part of the store that is being copied, and the last of its keys; NULL at the beginning.
    part VARBINARY(64),
    name VARBINARY(2600),
    `first` BIGINT,
    `second` BIGINT,
    `third` BIGINT
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;
