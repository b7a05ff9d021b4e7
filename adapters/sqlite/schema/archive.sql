-- Tier 2. A user's row outlives the user's conversations: its epoch is what makes late writes of older epochs void.
CREATE TABLE users (
    user_no INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    epoch INTEGER NOT NULL DEFAULT 0,
    UNIQUE (tenant_id, user_id)
) STRICT;

-- Short columns first, so that what filters and orders is read without the pages of a long text.
-- AUTOINCREMENT: the sequence of an erased conversation is never given again.
CREATE TABLE conversations (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id BLOB NOT NULL,
    user_no INTEGER NOT NULL,
    text_chars INTEGER NOT NULL,
    occurred_at_us INTEGER NOT NULL, -- microseconds since 1970, UTC
    utc_offset_s INTEGER NOT NULL,   -- of the zone in which the time was given
    bot_id TEXT NOT NULL,
    compartment TEXT NOT NULL,
    audience TEXT NOT NULL,
    channel_id TEXT,
    server_id TEXT,
    session_id TEXT,
    thread_id TEXT,
    message_type TEXT NOT NULL,
    user_name TEXT NOT NULL,
    bot_name TEXT NOT NULL,
    emotion_data TEXT,               -- JSON here and below; NULL: empty
    user_metadata TEXT,
    processing_metadata TEXT,
    metadata TEXT,
    user_message TEXT NOT NULL,
    bot_response TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX conversations_by_id ON conversations (conversation_id);

-- Holds the whole scope, so that what may not be seen is passed over without a look into the table.
CREATE INDEX conversations_by_time ON conversations (user_no, occurred_at_us, sequence, bot_id, compartment);

-- Erased conversations: a retry of one is refused for ever. Ids only.
CREATE TABLE tombstones (
    conversation_id BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Conversations that were erased and may be stored again: a move takes them out of what it has copied.
CREATE TABLE withdrawn (
    conversation_id BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE retrievals (
    retrieval_id INTEGER PRIMARY KEY,
    user_no INTEGER NOT NULL,
    occurred_at_us INTEGER NOT NULL,
    kind TEXT NOT NULL,
    retrieval_time_ms REAL NOT NULL,
    sources_used TEXT NOT NULL,      -- JSON array
    context_chars INTEGER NOT NULL,
    cache_hit INTEGER NOT NULL
) STRICT;

CREATE INDEX retrievals_by_user ON retrievals (user_no);

-- Erasures after which the file was not rewritten yet. AUTOINCREMENT: a number stands for one of them only.
CREATE TABLE erasures (
    erasure_no INTEGER PRIMARY KEY AUTOINCREMENT
) STRICT;

-- The archive moves, or has moved: while there is a row nothing is stored or forgotten.
CREATE TABLE fence (
    fence_no INTEGER PRIMARY KEY CHECK (fence_no = 1),
    destination TEXT NOT NULL,
    move_id TEXT NOT NULL,
    complete INTEGER NOT NULL
) STRICT;
