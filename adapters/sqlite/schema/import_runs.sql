-- Imports, and which conversations each of them brought. Ids and counts, no texts.
CREATE TABLE import_runs (
    run_no INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    source_format TEXT NOT NULL,
    source TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    user_id TEXT,
    state TEXT NOT NULL,
    started_at_us INTEGER NOT NULL,
    updated_at_us INTEGER NOT NULL,
    checkpoint_cursor TEXT,
    duration_s REAL NOT NULL,
    counts TEXT NOT NULL             -- JSON
) STRICT;

-- Written before the conversations are: what is here and not stored was about to be.
CREATE TABLE imported (
    conversation_id BLOB PRIMARY KEY,
    run_no INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX imported_by_run ON imported (run_no, conversation_id);
