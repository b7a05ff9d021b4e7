-- Tier 1: windows of the last conversations. '' stands for any bot and for all compartments; no id is empty.
CREATE TABLE recent_windows (
    window_no INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    bot_id TEXT NOT NULL,
    compartment TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    complete INTEGER NOT NULL,       -- how many of the latest it surely holds, if there are so many
    expires_at_us INTEGER NOT NULL,
    UNIQUE (tenant_id, user_id, bot_id, compartment)
) STRICT;

CREATE TABLE recent_entries (
    window_no INTEGER NOT NULL,
    occurred_at_us INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    conversation_id BLOB NOT NULL,
    entry TEXT NOT NULL,             -- the conversation as a JSON array
    PRIMARY KEY (window_no, occurred_at_us, sequence, conversation_id)
) STRICT, WITHOUT ROWID;
