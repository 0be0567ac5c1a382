
-- Which statements name which encrypted files. A row goes with the statement's payload, which holds the key.
CREATE TABLE attachment_use (
    id BLOB NOT NULL,                     -- 32 bytes: names the encrypted bytes
    op BLOB NOT NULL REFERENCES op (id),
    scope BLOB NOT NULL,                  -- cbor
    device BLOB NOT NULL,                 -- that signed the statement, and has the bytes
    size INTEGER NOT NULL,                -- of the file, as the statement says
    PRIMARY KEY (id, op)
) STRICT, WITHOUT ROWID;
CREATE INDEX attachment_use_by_op ON attachment_use (op);

-- Files whose list of chunks has come.
CREATE TABLE attachment (
    id BLOB PRIMARY KEY NOT NULL,
    list BLOB NOT NULL,                   -- as it came, checked against the id
    receipt BLOB, signature BLOB          -- once every chunk is there
) STRICT, WITHOUT ROWID;

-- Chunks as they came: encrypted on the device under a key that stands in the statement's payload.
CREATE TABLE chunk (
    no INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    place INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    UNIQUE (id, place)
) STRICT;
