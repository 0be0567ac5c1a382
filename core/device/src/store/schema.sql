-- The encrypted store of one device. Version 1. One file, one writer; see open.rs for the settings it is opened with.

-- One row. The sentinel (vault, generation, head) is read first at every unlock: a file that opens under the key but holds
-- another vault's row, or none, is not this device's book. Everything else here is what the device knows of itself.
CREATE TABLE meta (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    vault           BLOB NOT NULL,              -- 16 bytes; as in the vault file
    generation      INTEGER NOT NULL,           -- grows at every unlock
    clean           INTEGER NOT NULL,           -- 1 only between a proper lock and the next unlock
    council         BLOB NOT NULL,              -- 16 bytes
    worker          BLOB NOT NULL,              -- the holder, from the certificate
    device          BLOB NOT NULL,              -- name of the signing key
    label           TEXT NOT NULL,              -- what the holder calls the device
    certificate     BLOB NOT NULL,              -- as the council signed it
    root            BLOB NOT NULL,              -- fingerprint of the council's root key, from the enrolment code
    bundle          BLOB NOT NULL,              -- the newest key bundle that verified
    incarnation     BLOB NOT NULL,              -- the present writing life
    seq             INTEGER NOT NULL,           -- of the newest own commit in it; 0 before the first
    head            BLOB,                       -- hash of the newest own commit of any incarnation
    receipt_seen    BLOB,                       -- newest receipt statement
    assignment_epoch INTEGER, assignment_position INTEGER,  -- newest assignment entry seen in the worker's own scope
    token           BLOB,                       -- how far pulls have been applied
    counter         INTEGER NOT NULL,           -- next pull request's
    arriving        INTEGER NOT NULL,           -- 1 while the council has more: digests are not compared
    heard           INTEGER,                    -- the council's time when it last had nothing more for this device
    searched        INTEGER NOT NULL            -- every op up to this number has been offered to the search index
) STRICT;

-- A log on the server, as far as this device has read it. `held` is false once the council has ended the assignment. `closed` is true
-- of a held child whose holder stands in and has not opened the file: it is kept ready, and no screen shows it.
CREATE TABLE scope (
    no              INTEGER PRIMARY KEY,
    name            BLOB NOT NULL UNIQUE,       -- encoded scope
    held            INTEGER NOT NULL,
    closed          INTEGER NOT NULL DEFAULT 0,
    role            INTEGER,                    -- of a child's scope: in what role the worker holds it, or last held it
    epoch           INTEGER, position INTEGER,  -- last log entry applied
    digest          BLOB NOT NULL               -- 32 bytes over the entries applied
) STRICT;

-- A thing that is written about. Kind and scope are for ever those of its first commit.
CREATE TABLE record (
    no              INTEGER PRIMARY KEY,
    id              BLOB NOT NULL UNIQUE,
    kind            INTEGER NOT NULL,
    scope           INTEGER NOT NULL REFERENCES scope,
    author          BLOB NOT NULL               -- of its first commit here: who began or planned it
) STRICT;
CREATE INDEX record_by_scope ON record (scope, kind);

-- Exact signed bytes, own and others'. Append-only.
CREATE TABLE signed (
    no              INTEGER PRIMARY KEY,
    hash            BLOB NOT NULL UNIQUE,
    record          INTEGER NOT NULL REFERENCES record,
    own             INTEGER NOT NULL,           -- 1: made by this device
    wall            INTEGER NOT NULL,           -- what the author's clock claimed, in milliseconds
    author          BLOB NOT NULL,
    device          BLOB NOT NULL,              -- name of the key that signed it
    bytes           BLOB NOT NULL,
    signature       BLOB NOT NULL,
    first_op        INTEGER NOT NULL,           -- its operations stand in `op` in one run, from here
    ops             INTEGER NOT NULL            -- how many
) STRICT;
CREATE INDEX signed_own ON signed (record) WHERE own = 1;
CREATE TRIGGER signed_is_not_changed BEFORE UPDATE ON signed BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
-- Only a purge passes, and of an own commit only what is remembered in `kept`, which asks for a receipt.
CREATE TRIGGER signed_is_not_removed BEFORE DELETE ON signed
WHEN NOT EXISTS (SELECT 1 FROM purging JOIN record ON record.scope = purging.scope WHERE record.no = OLD.record)
    OR (OLD.own = 1 AND NOT EXISTS (SELECT 1 FROM kept WHERE kept.hash = OLD.hash))
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;

-- What the fold needs of each operation, so that no page has to be decoded from commits. Append-only.
CREATE TABLE op (
    no              INTEGER PRIMARY KEY,
    id              BLOB NOT NULL UNIQUE,
    signed          INTEGER NOT NULL REFERENCES signed,
    record          INTEGER NOT NULL REFERENCES record,
    target          BLOB NOT NULL,              -- encoded target
    kind            INTEGER NOT NULL,
    policy          INTEGER NOT NULL,
    author          BLOB NOT NULL,
    acting_as       INTEGER NOT NULL,
    replaces        BLOB NOT NULL,              -- encoded list of op ids
    written         INTEGER NOT NULL,           -- last keystroke, or the save
    payload         BLOB                        -- hash of its payload
) STRICT;
CREATE INDEX op_by_target ON op (record, target);
CREATE INDEX op_finish ON op (record) WHERE kind = 8;
CREATE TRIGGER op_is_not_changed BEFORE UPDATE ON op BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER op_is_not_removed BEFORE DELETE ON op
WHEN NOT EXISTS (SELECT 1 FROM purging JOIN record ON record.scope = purging.scope WHERE record.no = OLD.record)
    OR EXISTS (SELECT 1 FROM signed WHERE signed.no = OLD.signed AND signed.own = 1
        AND NOT EXISTS (SELECT 1 FROM kept WHERE kept.hash = signed.hash))
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;

-- The words. A row may be missing: withheld, or lawfully removed. Its hash in `op` says which payload it must be.
CREATE TABLE payload (
    op              INTEGER PRIMARY KEY REFERENCES op,
    salt            BLOB NOT NULL,
    bytes           BLOB NOT NULL
) STRICT;

-- Statements that lost their words by law, whether they are here or not. The rows outlive everything else about them.
CREATE TABLE removed (
    op              BLOB PRIMARY KEY,           -- name of the statement
    by              BLOB NOT NULL,              -- name of the statement that says so, and why
    record          BLOB NOT NULL,
    payload         BLOB NOT NULL,              -- hash of what was removed
    about           BLOB NOT NULL,              -- encoded target
    file            BLOB                        -- the file that it was the key of
) STRICT, WITHOUT ROWID;
CREATE INDEX removed_by_payload ON removed (payload);
CREATE TRIGGER removed_is_not_forgotten BEFORE DELETE ON removed BEGIN SELECT RAISE(ABORT, 'removed for good'); END;
-- Passed over, whichever way they come in.
CREATE TRIGGER payload_stays_removed BEFORE INSERT ON payload
WHEN EXISTS (SELECT 1 FROM removed WHERE removed.op = (SELECT id FROM op WHERE op.no = NEW.op))
    OR EXISTS (SELECT 1 FROM removed WHERE removed.payload = (SELECT payload FROM op WHERE op.no = NEW.op))
BEGIN SELECT RAISE(IGNORE); END;

-- The server's judgement of an operation; no row while it has not reached the server. `counted` is the verdict that the
-- scope's digest includes: null until the entry has been pulled, since receipts run ahead of pulls.
CREATE TABLE verdict (
    op              INTEGER PRIMARY KEY REFERENCES op,
    verdict         BLOB NOT NULL,
    epoch           INTEGER NOT NULL, position INTEGER NOT NULL,   -- the log entry that says so
    counted         BLOB
) STRICT;

-- That the council has a commit: where in the log and when. `receipt` is set once a verified statement says so.
CREATE TABLE received (
    signed          INTEGER PRIMARY KEY REFERENCES signed,
    epoch           INTEGER NOT NULL, position INTEGER NOT NULL,
    at              INTEGER NOT NULL,           -- the council's clock, milliseconds
    receipt         INTEGER REFERENCES receipt
) STRICT;

-- Whole receipt statements with their signatures.
CREATE TABLE receipt (
    no              INTEGER PRIMARY KEY,
    hash            BLOB NOT NULL UNIQUE,
    scope           INTEGER NOT NULL REFERENCES scope,
    previous        BLOB,
    bytes           BLOB NOT NULL,
    signature       BLOB NOT NULL
) STRICT;
CREATE INDEX receipt_by_previous ON receipt (scope, previous);

-- The receipt that an earlier epoch gave for a commit: of two finishes the one with the earliest receipt stands, and what
-- was applied then is applied again.
CREATE TABLE earlier (
    signed          INTEGER PRIMARY KEY REFERENCES signed,
    receipt         INTEGER NOT NULL REFERENCES receipt
) STRICT;

-- Others' commits that a restored council may lack, still to be sealed and given back. Own ones need no list: they are those
-- without a receipt.
CREATE TABLE give_back (signed INTEGER PRIMARY KEY REFERENCES signed) STRICT;

-- Own commits that have no receipt yet, and others' that are given back, and under which key their envelope lies in the spool. One that is not found there
-- at unlock, because the phone died between the two, is sealed again.
CREATE TABLE outgoing (
    signed          INTEGER PRIMARY KEY REFERENCES signed,
    class           INTEGER NOT NULL,           -- 1 now, 2 soon, 3 later
    session         BLOB NOT NULL, number INTEGER NOT NULL,
    refused         INTEGER                     -- why the council did not take it
) STRICT;

-- Of a purged own commit: its place in the device's own chain, and the receipt for it, so that the chain still verifies and
-- nothing is sent again should the commit come back.
CREATE TABLE kept (
    hash            BLOB PRIMARY KEY,
    incarnation     BLOB NOT NULL, seq INTEGER NOT NULL,
    previous        BLOB,                       -- hash of the own commit before it
    epoch           INTEGER NOT NULL, position INTEGER NOT NULL,   -- where in the council's log
    at              INTEGER NOT NULL,           -- the council's clock, milliseconds
    receipt         INTEGER NOT NULL REFERENCES receipt
) STRICT, WITHOUT ROWID;
CREATE TRIGGER kept_needs_a_receipt BEFORE INSERT ON kept
WHEN NOT EXISTS (SELECT 1 FROM signed JOIN received ON received.signed = signed.no
    WHERE signed.hash = NEW.hash AND signed.own = 1 AND received.receipt = NEW.receipt)
BEGIN SELECT RAISE(ABORT, 'the council does not have it'); END;
CREATE TRIGGER kept_is_not_changed BEFORE UPDATE ON kept BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER kept_is_not_removed BEFORE DELETE ON kept
WHEN NOT EXISTS (SELECT 1 FROM signed WHERE signed.hash = OLD.hash)
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;

-- The scope that is being purged: a row stands here only inside the transaction that does it.
CREATE TABLE purging (scope INTEGER PRIMARY KEY REFERENCES scope) STRICT;

-- Files that belong to records, named by their encrypted bytes, which lie beside the book. The keys are in the payloads of the
-- operations that attach them, and nowhere else.
CREATE TABLE attachment (
    id              BLOB NOT NULL UNIQUE,       -- 32 bytes
    own             INTEGER NOT NULL,           -- 1: attached on this device, which must hand it in
    saved           INTEGER,                    -- of an own one: when, by this device's clock, milliseconds
    content         BLOB,                       -- of one attached in this book: SHA-256 of the file, so that it is not encrypted twice
    receipt         BLOB, receipt_signature BLOB,   -- the council's signed word that it has all of it
    receipt_epoch   INTEGER,
    received        INTEGER,                    -- when, by the council's clock, milliseconds
    wanted          INTEGER NOT NULL,           -- 1: somebody asked to see it, and it is not here
    expected_from   TEXT,                       -- while bytes are missing at the council: the device that has them
    heard           INTEGER,                    -- and when the council last heard it, milliseconds
    have            INTEGER, total INTEGER      -- chunks that have come, of how many
) STRICT;
CREATE INDEX attachment_by_content ON attachment (content) WHERE content IS NOT NULL;
CREATE TRIGGER attachment_is_handed_in BEFORE DELETE ON attachment WHEN OLD.own = 1 AND OLD.receipt IS NULL
    AND NOT EXISTS (SELECT 1 FROM removed WHERE removed.file = OLD.id)
BEGIN SELECT RAISE(ABORT, 'the council does not have it'); END;

-- Which operation attaches which file.
CREATE TABLE attached (
    op              INTEGER PRIMARY KEY REFERENCES op,
    id              BLOB NOT NULL               -- as in `attachment`
) STRICT;
CREATE INDEX attached_by_file ON attached (id);

-- Children that the holder no longer holds.
CREATE TABLE moved (
    scope           INTEGER PRIMARY KEY REFERENCES scope,
    at              INTEGER NOT NULL,           -- the council's clock, milliseconds
    moved_to        BLOB,                       -- who holds the child now, if the council said so
    child_name      TEXT,                       -- only while own words about the child are kept aside here
    state           INTEGER NOT NULL            -- 0 not purged yet, 1 purged, 2 and said so to the council
) STRICT;

-- Own statements that were kept aside and have been put in their place since, when this device learnt it.
CREATE TABLE placed (
    op              BLOB PRIMARY KEY,
    written         INTEGER NOT NULL,
    at              INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What this device still has to do: 'new_key' after a purge; 'ended' stands for good once the council has ended the device.
CREATE TABLE owed (what TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- The secret that opens the council's answers to one sealing session's envelopes.
CREATE TABLE session (
    enc             BLOB PRIMARY KEY,
    ingest_key      BLOB NOT NULL,
    reply_secret    BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Sessions in which this device was in a child's hands. The chain's first key is the payload of the commit that entered.
CREATE TABLE family_session (
    session         BLOB PRIMARY KEY,
    child           BLOB NOT NULL,
    visit           BLOB,
    entered         INTEGER NOT NULL,           -- wall milliseconds
    left            INTEGER,                    -- wall milliseconds; null if the worker has not left it: killed inside
    posts           INTEGER,                    -- how many were found in the spool afterwards
    ended           TEXT                        -- confirmed, not_confirmed, count_mismatch, or touched; null while under way
) STRICT, WITHOUT ROWID;

-- What a child handed in, opened after the vault was. Its sealed bytes lie in the spool until the council's receipt.
CREATE TABLE family_post (
    enc             BLOB NOT NULL, number INTEGER NOT NULL,     -- its name in the spool
    session         BLOB NOT NULL,
    hash            BLOB NOT NULL,              -- of the exact post
    record          BLOB NOT NULL,              -- the voice record that it is
    reply_secret    BLOB NOT NULL,              -- opens the council's answer
    read            INTEGER NOT NULL,           -- 1 once the worker has opened it
    statement       BLOB, signature BLOB,       -- the council's receipt
    PRIMARY KEY (enc, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX family_post_unread ON family_post (record) WHERE read = 0;

-- The council's word for who holds which signing key.
CREATE TABLE certificate (
    device          BLOB PRIMARY KEY,
    bytes           BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Text being typed. Never leaves the device; becomes an operation when the entry is left, and at the latest at unlock.
CREATE TABLE draft (
    record          BLOB NOT NULL,
    target          BLOB NOT NULL,
    begun           INTEGER NOT NULL,           -- monotonic milliseconds of the first unsealed keystroke
    typed           INTEGER NOT NULL,           -- wall milliseconds of the last
    text            TEXT NOT NULL,
    PRIMARY KEY (record, target)
) STRICT, WITHOUT ROWID;

-- Something that should not be possible, to be shown and never to be resolved by losing anything.
CREATE TABLE alarm (
    no              INTEGER PRIMARY KEY,
    at              INTEGER NOT NULL,
    kind            TEXT NOT NULL,
    about           TEXT NOT NULL,
    UNIQUE (kind, about)
) STRICT;

-- Read model: every question with an answer, as it stands. Can be dropped and rebuilt from the log, record by record.
CREATE TABLE answer_view (
    record          INTEGER NOT NULL REFERENCES record,
    field           TEXT NOT NULL,
    element         TEXT NOT NULL,              -- empty where the target has none
    part            TEXT NOT NULL,
    code            TEXT,                       -- the standing answer; null if none stands or it cannot be read
    label           TEXT,
    author          BLOB,
    open            INTEGER NOT NULL,           -- 1: the answers differ
    worse           INTEGER NOT NULL,           -- 1: a more worrying answer may exist
    PRIMARY KEY (record, field, element, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX answer_view_open ON answer_view (record) WHERE open = 1 OR worse = 1;
CREATE INDEX answer_view_same ON answer_view (record) WHERE field = 'same_visit';

-- Read model: what lists of visits show, narrow, so that a list decrypts few pages. Can be dropped and rebuilt.
CREATE TABLE visit_view (
    record          INTEGER PRIMARY KEY REFERENCES record,
    scope           INTEGER NOT NULL REFERENCES scope,
    date            TEXT NOT NULL,              -- when it was, or is planned for; empty if neither is said
    arrived         TEXT,
    outing          TEXT,
    outcome         TEXT,
    mode            TEXT,
    seen            TEXT, seen_open INTEGER NOT NULL,
    alone           TEXT, alone_open INTEGER NOT NULL,
    bedroom         TEXT,
    safe_now        TEXT,
    finished        INTEGER NOT NULL,
    author          BLOB                        -- who made it
) STRICT;
CREATE INDEX visit_view_timeline ON visit_view
    (scope, date DESC, record, arrived, outing, outcome, mode, seen, seen_open, alone, alone_open, bedroom, safe_now, finished, author);
CREATE INDEX visit_view_day ON visit_view (date, scope);
CREATE INDEX visit_view_unfinished ON visit_view (date, scope) WHERE finished = 0;

-- Read model: what a manager, or a correction, made of a record after it was finished. No row where nobody did anything. A
-- record entered in error has no other read model. Can be dropped and rebuilt.
CREATE TABLE oversight_view (
    record          INTEGER PRIMARY KEY REFERENCES record,
    signed_off      INTEGER NOT NULL,           -- 1: the finish that stands is signed off
    asked           INTEGER NOT NULL,           -- 1: a question that was sent back waits for its author
    corrected       INTEGER NOT NULL,           -- 1: a fact was put right after the finish
    voided          INTEGER NOT NULL            -- 1: entered in error, and hidden
) STRICT;
CREATE INDEX oversight_view_asked ON oversight_view (record) WHERE asked = 1;

-- Looks at a child that this device has not told the council yet. Written when they happen, so that no crash hides one.
CREATE TABLE look (
    no              INTEGER PRIMARY KEY,
    at              INTEGER NOT NULL,           -- wall milliseconds
    how             TEXT NOT NULL,
    child           BLOB NOT NULL, record BLOB NOT NULL
) STRICT;

-- The search index: tokens only, no text. Row numbers are those of `op`.
CREATE VIRTUAL TABLE found USING fts5 (text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2');
-- Operations whose words came after the operation: to be indexed when there is time.
CREATE TABLE to_index (op INTEGER PRIMARY KEY REFERENCES op) STRICT;
