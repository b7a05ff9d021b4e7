-- Imports, and which conversations each of them brought. Ids and counts, no texts.
CREATE TABLE import_runs (
    run_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id text COLLATE "C" NOT NULL UNIQUE,
    source_format text NOT NULL,
    source text NOT NULL,
    tenant_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C",
    state text NOT NULL,
    started_at_us bigint NOT NULL,
    updated_at_us bigint NOT NULL,
    checkpoint_cursor text,
    duration_s double precision NOT NULL,
    counts json NOT NULL
);

CREATE INDEX import_runs_by_start ON import_runs (started_at_us, run_id);

-- Written before the conversations are: what is here and not stored was about to be. The user's names, because rows of
-- conversations are found by their user.
CREATE TABLE imported (
    conversation_id uuid PRIMARY KEY,
    run_no bigint NOT NULL,
    tenant_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL
);

CREATE INDEX imported_by_run ON imported (run_no, conversation_id);
