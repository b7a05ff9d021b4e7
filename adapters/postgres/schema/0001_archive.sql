-- Tier 2 and its outbox. Every table but five is keyed by the user's number, and so can be partitioned by it; `users`
-- and `conversation_ids` are what the number and the uniqueness of an id come from, the others name nobody.
-- COLLATE "C": ids are compared and paged by their bytes, whatever the database's own order is.

-- A user's row outlives the user's conversations: its epoch is what makes late writes of older epochs void. Whoever
-- stores or erases locks it until the commit, so that a user's sequences rise in the order of the commits.
CREATE TABLE users (
    tenant_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    user_no bigint GENERATED ALWAYS AS IDENTITY,
    epoch bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, user_id)
);

-- By it a job finds the names of its user.
CREATE UNIQUE INDEX users_by_number ON users (user_no);

-- Every id that was ever stored, whoever's: it is stored once, and a retry of what was erased is refused for ever.
CREATE TABLE conversation_ids (
    conversation_id uuid PRIMARY KEY,
    erased boolean NOT NULL DEFAULT false
);

CREATE INDEX tombstones ON conversation_ids (conversation_id) WHERE erased;

-- Conversations that were erased and may be stored again: a move takes them out of what it has copied.
CREATE TABLE withdrawn (
    conversation_id uuid PRIMARY KEY
);

-- Never given twice, not even after an erasure.
CREATE SEQUENCE conversation_sequence AS bigint;

-- Fixed widths first. The hashes are 64 bits of bot and compartment for the indexes, whose entries an id of 256
-- characters would not fit; what is found by a hash is compared in full too.
-- json and not jsonb: it keeps a number as it was written, so that a conversation has one content hash in every store.
CREATE TABLE conversations (
    user_no bigint NOT NULL,
    sequence bigint NOT NULL,
    conversation_id uuid NOT NULL,
    occurred_at_us bigint NOT NULL,   -- microseconds since 1970, UTC
    bot_hash bigint NOT NULL,
    compartment_hash bigint NOT NULL,
    utc_offset_s integer NOT NULL,    -- of the zone in which the time was given
    text_chars integer NOT NULL,
    bot_id text COLLATE "C" NOT NULL,
    compartment text COLLATE "C" NOT NULL,
    audience text COLLATE "C" NOT NULL,
    channel_id text COLLATE "C",
    server_id text COLLATE "C",
    session_id text COLLATE "C",
    thread_id text COLLATE "C",
    message_type text NOT NULL,
    user_name text NOT NULL,
    bot_name text NOT NULL,
    emotion_data json,                -- NULL here and below: empty
    user_metadata json,
    processing_metadata json,
    metadata json,
    user_message text NOT NULL,
    bot_response text NOT NULL,
    PRIMARY KEY (user_no, sequence)
);

CREATE UNIQUE INDEX conversations_by_id ON conversations (user_no, conversation_id);

-- A reader in a channel sees at most three compartments: the latest of each are read, however many others there are.
CREATE INDEX conversations_by_compartment
    ON conversations (user_no, compartment_hash, occurred_at_us, sequence, bot_hash);
CREATE INDEX conversations_by_time ON conversations (user_no, occurred_at_us, sequence, bot_hash);

-- To be assumed by the planner of every user: many conversations in many compartments. What it counts is the average, and
-- for a user with twenty thousand among thousands with few it would read all of them.
ALTER TABLE conversations ALTER user_no SET (n_distinct = 10), ALTER compartment_hash SET (n_distinct = 1000);

-- Jobs that carry conversations into the tiers. A claimed job is one that is due again when its lease ends.
-- Rows come and go quickly: they are cleared up by their number and not by their share.
CREATE TABLE outbox (
    user_no bigint NOT NULL,
    job_id bigint GENERATED ALWAYS AS IDENTITY,
    sequence bigint,                  -- of the conversation to project; NULL for other kinds
    conversation_id uuid,             -- NULL: the user as a whole
    epoch bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    kind text COLLATE "C" NOT NULL,
    projection text COLLATE "C" NOT NULL,
    worker_id text,                   -- who claimed it last
    PRIMARY KEY (user_no, job_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

CREATE INDEX outbox_by_due ON outbox (projection, due_at);
CREATE INDEX outbox_by_user ON outbox (user_no, sequence);
ALTER TABLE outbox ALTER user_no SET (n_distinct = 10);  -- as above

CREATE TABLE dead_letters (
    user_no bigint NOT NULL,
    job_id bigint NOT NULL,
    sequence bigint,
    conversation_id uuid,
    epoch bigint NOT NULL,
    buried_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts integer NOT NULL,
    kind text COLLATE "C" NOT NULL,
    projection text COLLATE "C" NOT NULL,
    error text NOT NULL,
    PRIMARY KEY (user_no, job_id)
);

CREATE INDEX dead_letters_by_user ON dead_letters (user_no, sequence);

CREATE TABLE retrievals (
    user_no bigint NOT NULL,
    retrieval_id bigint GENERATED ALWAYS AS IDENTITY,
    occurred_at_us bigint NOT NULL,
    retrieval_time_ms double precision NOT NULL,
    context_chars integer NOT NULL,
    cache_hit boolean NOT NULL,
    kind text NOT NULL,
    sources_used text[] NOT NULL,
    PRIMARY KEY (user_no, retrieval_id)
);

CREATE INDEX retrievals_by_age ON retrievals (retrieval_id);

-- Erasures after which the tables were not vacuumed yet, each with the transaction that erased.
CREATE TABLE erasures (
    erasure_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    erased_by xid8 NOT NULL DEFAULT pg_current_xact_id()
);

-- The archive moves, or has moved: while there is a row nothing is stored or forgotten. Whoever does either reads this table
-- in the same transaction, and so holds a lock on it until the commit; whoever changes it locks them all out.
CREATE TABLE fence (
    stands boolean PRIMARY KEY DEFAULT true CHECK (stands),
    destination text NOT NULL,
    move_id text NOT NULL,
    complete boolean NOT NULL
);
