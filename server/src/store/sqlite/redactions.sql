
-- Statements whose words were removed by law. Rows are only ever added: nothing that one of them covers is kept again.
CREATE TABLE removed (
    op BLOB PRIMARY KEY NOT NULL,         -- it need not be there
    by BLOB NOT NULL,                     -- the statement that says so, and why
    record BLOB NOT NULL,
    payload BLOB NOT NULL,                -- the hash that the words were kept under
    about BLOB NOT NULL                   -- cbor: what the statement is about
) STRICT, WITHOUT ROWID;
CREATE INDEX removed_by_payload ON removed (payload);
CREATE INDEX removed_of_record ON removed (record);
CREATE INDEX family_post_of_record ON family_post (record);
