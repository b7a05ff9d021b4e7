-- The relationship graph. Labels are each user's own, so that none outlives the user's last mention of it.

-- A user's number is never given twice. generation rises whenever a conversation is changed or removed, next_number
-- when one is added: by the two a process sees what others wrote.
CREATE TABLE graph_users (
    user_no INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    generation INTEGER NOT NULL DEFAULT 0,
    next_number INTEGER NOT NULL DEFAULT 0,
    next_label_no INTEGER NOT NULL DEFAULT 0,
    next_name_no INTEGER NOT NULL DEFAULT 0,
    UNIQUE (tenant_id, user_id)
) STRICT;

-- Where a user talked to which bot.
CREATE TABLE graph_places (
    place_no INTEGER PRIMARY KEY,
    user_no INTEGER NOT NULL,
    bot_id TEXT NOT NULL,
    place TEXT NOT NULL,             -- as Place.key
    compartment TEXT NOT NULL,
    UNIQUE (user_no, bot_id, place)
) STRICT;

-- digest: of everything that the row and its edges say; the same conversation delivered again changes nothing.
-- mentions: the conversation's rows of graph_mentions once more, packed: a whole graph is read six times as fast.
CREATE TABLE graph_conversations (
    user_no INTEGER NOT NULL,
    number INTEGER NOT NULL,
    conversation_id BLOB NOT NULL,
    place_no INTEGER NOT NULL,
    session_id TEXT,
    occurred_at_us INTEGER NOT NULL, -- microseconds since 1970, UTC
    sequence INTEGER NOT NULL,
    digest BLOB NOT NULL,
    mentions BLOB NOT NULL,
    PRIMARY KEY (user_no, number)
) WITHOUT ROWID, STRICT;

CREATE UNIQUE INDEX graph_conversations_by_id ON graph_conversations (user_no, conversation_id);
-- What followed what is this order and nothing else.
CREATE INDEX graph_conversations_by_order
ON graph_conversations (place_no, session_id, occurred_at_us, sequence, conversation_id);

-- label: in lower case.
CREATE TABLE graph_labels (
    user_no INTEGER NOT NULL,
    label_no INTEGER NOT NULL,
    label TEXT NOT NULL,
    PRIMARY KEY (user_no, label_no)
) WITHOUT ROWID, STRICT;

CREATE UNIQUE INDEX graph_labels_by_label ON graph_labels (user_no, label);

-- The words of labels that are more than one word.
CREATE TABLE graph_label_words (
    user_no INTEGER NOT NULL,
    word TEXT NOT NULL,
    label_no INTEGER NOT NULL,
    PRIMARY KEY (user_no, word, label_no)
) WITHOUT ROWID, STRICT;

-- Entities as they were spelt.
CREATE TABLE graph_names (
    user_no INTEGER NOT NULL,
    name_no INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (user_no, name_no)
) WITHOUT ROWID, STRICT;

CREATE UNIQUE INDEX graph_names_by_name ON graph_names (user_no, name, kind);

-- The edges between conversations and labels. weight: as a topic, NULL if it is none; name_no: as an entity, likewise.
CREATE TABLE graph_mentions (
    user_no INTEGER NOT NULL,
    number INTEGER NOT NULL,
    label_no INTEGER NOT NULL,
    weight REAL,
    name_no INTEGER,
    PRIMARY KEY (user_no, number, label_no)
) WITHOUT ROWID, STRICT;

CREATE INDEX graph_mentions_by_label ON graph_mentions (user_no, label_no, number);
CREATE INDEX graph_mentions_by_name ON graph_mentions (user_no, name_no) WHERE name_no IS NOT NULL;

-- The edges between labels, each said in one conversation.
CREATE TABLE graph_relations (
    user_no INTEGER NOT NULL,
    number INTEGER NOT NULL,
    source_no INTEGER NOT NULL,      -- label_no, like target_no
    kind TEXT NOT NULL,
    target_no INTEGER NOT NULL,
    PRIMARY KEY (user_no, number, source_no, kind, target_no)
) WITHOUT ROWID, STRICT;

CREATE INDEX graph_relations_by_source ON graph_relations (user_no, source_no);
CREATE INDEX graph_relations_by_target ON graph_relations (user_no, target_no);
