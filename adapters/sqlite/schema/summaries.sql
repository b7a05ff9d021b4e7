-- Summaries and vectors, one row a conversation.

-- A user's number is never given twice. generation rises whenever a row is changed or removed; next_number when one is
-- added: by the two a process sees what others wrote.
CREATE TABLE summary_users (
    user_no INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    generation INTEGER NOT NULL DEFAULT 0,
    next_number INTEGER NOT NULL DEFAULT 0,
    UNIQUE (tenant_id, user_id)
) STRICT;

-- Where a user talked to which bot; ids that are not there are empty, which no id is.
CREATE TABLE summary_places (
    place_no INTEGER PRIMARY KEY,
    user_no INTEGER NOT NULL,
    bot_id TEXT NOT NULL,
    audience TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    server_id TEXT NOT NULL,
    compartment TEXT NOT NULL,
    UNIQUE (user_no, bot_id, audience, channel_id, server_id)
) STRICT;

-- vector: 16-bit floats of unit length, little-endian; fingerprint: the embedder that made it. Both NULL without one.
CREATE TABLE summaries (
    user_no INTEGER NOT NULL,
    number INTEGER NOT NULL,
    conversation_id BLOB NOT NULL,
    place_no INTEGER NOT NULL,
    occurred_at_us INTEGER NOT NULL, -- microseconds since 1970, UTC
    utc_offset_s INTEGER NOT NULL,   -- of the zone in which the time was given
    intent TEXT NOT NULL,
    text TEXT NOT NULL,
    fingerprint TEXT,
    vector BLOB,
    PRIMARY KEY (user_no, number)
) WITHOUT ROWID, STRICT;

CREATE UNIQUE INDEX summaries_by_conversation ON summaries (user_no, conversation_id);
CREATE INDEX summaries_by_place ON summaries (place_no);
