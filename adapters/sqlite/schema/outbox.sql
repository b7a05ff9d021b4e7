-- Jobs that carry conversations into the tiers. A claimed job is one that is due again when its lease ends.
-- AUTOINCREMENT: a worker that is late removes its own job and never a newer one.
CREATE TABLE outbox (
    job_id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    projection TEXT NOT NULL,
    user_no INTEGER NOT NULL,
    conversation_id BLOB,            -- NULL: the user as a whole
    sequence INTEGER,                -- of the conversation to project; NULL for other kinds
    epoch INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    created_at_us INTEGER NOT NULL,
    due_at_us INTEGER NOT NULL,
    worker_id TEXT                   -- who claimed it last
) STRICT;

CREATE INDEX outbox_by_due ON outbox (projection, due_at_us);
CREATE INDEX outbox_by_user ON outbox (user_no, sequence);

CREATE TABLE dead_letters (
    job_id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    projection TEXT NOT NULL,
    user_no INTEGER NOT NULL,
    conversation_id BLOB,
    sequence INTEGER,
    epoch INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    error TEXT NOT NULL,
    buried_at_us INTEGER NOT NULL
) STRICT;

CREATE INDEX dead_letters_by_user ON dead_letters (user_no, sequence);
