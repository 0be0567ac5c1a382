-- The council's database, version 1. Names of things are the raw bytes of the types in the record crate; "cbor" means the
-- one encoding that crate writes. 64-bit numbers that a device chooses are kept as SQLite's signed integers, bit for bit.

-- Facts about this file: 'schema' and 'epoch' as text.
CREATE TABLE meta (
    key TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row for each scope that holds payloads: the key they are encrypted under, itself encrypted under the payload master
-- key, which is not in this file. Without this row the scope's payloads cannot be opened.
CREATE TABLE scope_key (
    scope BLOB PRIMARY KEY NOT NULL,      -- cbor
    wrapped BLOB NOT NULL                 -- nonce, 12 bytes, then the sealed key
) STRICT, WITHOUT ROWID;

-- The log of every scope, in order. Rows are only ever added.
CREATE TABLE log (
    scope BLOB NOT NULL,                  -- cbor
    epoch INTEGER NOT NULL,
    position INTEGER NOT NULL,            -- from 1, without a gap, within scope and epoch
    commit_hash BLOB,                     -- what stands here: a commit, or
    op BLOB,                              -- an operation judged again,
    verdict BLOB,                         -- and its new verdict, cbor
    released BLOB NOT NULL,               -- operations whose payloads become readable here, 32 bytes each
    digest BLOB NOT NULL,                 -- the scope's digest after this row
    PRIMARY KEY (scope, epoch, position),
    CHECK ((commit_hash IS NULL) <> (op IS NULL)),
    CHECK ((verdict IS NULL) = (op IS NULL))
) STRICT, WITHOUT ROWID;

-- Every commit received, byte for byte. Rows are only ever added.
CREATE TABLE commits (
    hash BLOB PRIMARY KEY NOT NULL,
    device BLOB NOT NULL,
    incarnation BLOB NOT NULL,
    seq INTEGER NOT NULL,
    scope BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    position INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    signature BLOB NOT NULL,
    received INTEGER NOT NULL,            -- milliseconds since 1970, the council's clock
    ops BLOB NOT NULL,                    -- the names of its operations, 32 bytes each
    verdicts BLOB NOT NULL,               -- cbor, as judged on arrival
    author_held INTEGER NOT NULL          -- 1 if the author held the scope on arrival
) STRICT, WITHOUT ROWID;

-- The highest sequence number of each writing life.
CREATE TABLE head (
    device BLOB NOT NULL,
    incarnation BLOB NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (device, incarnation)
) STRICT, WITHOUT ROWID;

-- What judging asks about single operations. The answer an operation gives is not here: it is read from its payload, so
-- that it is gone when the payload is.
CREATE TABLE op (
    id BLOB PRIMARY KEY NOT NULL,
    record BLOB NOT NULL,
    commit_hash BLOB NOT NULL,
    place INTEGER NOT NULL,               -- its index in the commit
    author BLOB NOT NULL,
    acting_as BLOB NOT NULL,              -- cbor
    kind INTEGER NOT NULL,
    policy BLOB NOT NULL,                 -- cbor
    target BLOB NOT NULL,                 -- cbor
    replaces BLOB NOT NULL,               -- 32 bytes each
    verdict BLOB,                         -- cbor, as judged last
    held INTEGER NOT NULL,                -- 1 while the verdict is "held"
    withheld INTEGER NOT NULL             -- 1 while only its author may read its payload
) STRICT, WITHOUT ROWID;
CREATE INDEX op_of_record ON op (record, id);
CREATE INDEX op_held ON op (record, id) WHERE held = 1;
CREATE INDEX op_open ON op (record, id) WHERE kind = 22;  -- a manager opens what is not finished

-- Payloads, each encrypted under its scope's key and bound to scope and operation. May be removed; see `scope_key`.
CREATE TABLE payload (
    op BLOB PRIMARY KEY NOT NULL REFERENCES op (id),
    scope BLOB NOT NULL,                  -- cbor
    sealed BLOB NOT NULL                  -- nonce, 12 bytes, then ChaCha20-Poly1305 of the cbor
) STRICT, WITHOUT ROWID;

-- Where each record lives, fixed by the first commit that reached the server.
CREATE TABLE home (
    record BLOB PRIMARY KEY NOT NULL,
    scope BLOB NOT NULL,                  -- cbor
    kind INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Receipt statements, whole. Each covers the commits from its first position on, until the next one's.
CREATE TABLE statement (
    scope BLOB NOT NULL,                  -- cbor
    epoch INTEGER NOT NULL,
    first INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (scope, epoch, first)
) STRICT, WITHOUT ROWID;

-- Receipt statements of earlier epochs that commits were given back with after a restore.
CREATE TABLE earlier (
    commit_hash BLOB PRIMARY KEY NOT NULL,
    bytes BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Devices that are sent no content until a person has confirmed them. An empty name stands for every device.
CREATE TABLE unconfirmed (
    device BLOB PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;

-- Which logs were sent to whom. Rows are only ever added.
CREATE TABLE served (
    no INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,                  -- milliseconds since 1970, the council's clock
    device BLOB NOT NULL,
    worker BLOB NOT NULL,
    scope BLOB NOT NULL                   -- cbor
) STRICT;
CREATE INDEX served_of_scope ON served (scope, no);
CREATE INDEX served_to_worker ON served (worker, no);

-- What children handed in, each as its exact sealed bytes, which the chain of its session is checked over. Their words stand
-- in the voice records; these bytes open with the ingest key alone.
CREATE TABLE family_post (
    hash BLOB PRIMARY KEY NOT NULL,
    session BLOB NOT NULL,
    place INTEGER NOT NULL,               -- its index in the session
    record BLOB NOT NULL,                 -- the voice record that it is
    bytes BLOB NOT NULL,
    statement BLOB NOT NULL,              -- its receipt
    signature BLOB NOT NULL,
    placed INTEGER NOT NULL               -- 1 once the record has been made
) STRICT, WITHOUT ROWID;
CREATE INDEX family_post_of_session ON family_post (session, place, hash);

-- Sessions in which a device was in a child's hands, as their commits say. The first key is the payload of `op`.
CREATE TABLE family_session (
    session BLOB PRIMARY KEY NOT NULL,
    child BLOB NOT NULL,
    worker BLOB NOT NULL,
    op BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Enrolled devices and the server's own writers. Never deleted: their signatures must stay verifiable.
CREATE TABLE device (
    id BLOB PRIMARY KEY NOT NULL,
    public_key BLOB NOT NULL,
    certificate BLOB NOT NULL,
    holder BLOB NOT NULL,
    is_writer INTEGER NOT NULL,
    label TEXT NOT NULL,
    ended INTEGER NOT NULL,
    acknowledged_epoch INTEGER,
    acknowledged_position INTEGER,
    last_heard INTEGER                    -- milliseconds since 1970, the council's clock
) STRICT, WITHOUT ROWID;

-- The highest request counter used in each writing life.
CREATE TABLE counter (
    device BLOB NOT NULL,
    incarnation BLOB NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (device, incarnation)
) STRICT, WITHOUT ROWID;

-- How far each device has read: at most two rows a device.
CREATE TABLE token (
    device BLOB NOT NULL,
    token BLOB NOT NULL,
    vector BLOB NOT NULL,                 -- cbor, pairs of scope and position
    PRIMARY KEY (device, token)
) STRICT, WITHOUT ROWID;

-- Staff, as judging needs to know them. Their names are in the council's own log.
CREATE TABLE worker (
    id BLOB PRIMARY KEY NOT NULL,
    code TEXT NOT NULL,
    manager BLOB
) STRICT, WITHOUT ROWID;

-- Who holds whom, from and until which entry of the worker's own log: a projection of that log.
CREATE TABLE assignment (
    worker BLOB NOT NULL,
    from_epoch INTEGER NOT NULL,
    from_position INTEGER NOT NULL,
    child BLOB NOT NULL,
    role BLOB NOT NULL,                   -- cbor
    until_epoch INTEGER,
    until_position INTEGER,
    PRIMARY KEY (worker, from_epoch, from_position, child)
) STRICT, WITHOUT ROWID;
CREATE INDEX assignment_now ON assignment (child, worker) WHERE until_position IS NULL;

-- What was done at the server and stands in no log: who was shown what is set aside, which devices were ended. Rows are only
-- ever added.
CREATE TABLE deed (
    no INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,                  -- milliseconds since 1970, the council's clock
    by BLOB NOT NULL,                     -- the person named; the council's own id where none was
    what TEXT NOT NULL
) STRICT;

-- Enrolment codes, by the hash of their secret.
CREATE TABLE enrolment (
    secret_hash BLOB PRIMARY KEY NOT NULL,
    worker BLOB NOT NULL,
    label TEXT NOT NULL,
    ends INTEGER NOT NULL,                -- milliseconds since 1970, the council's clock
    spent_by BLOB
) STRICT, WITHOUT ROWID;
