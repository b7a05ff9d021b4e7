-- The lexical index: postings with term counts per user, packed in blocks. The scheme is domain/lexical.py, the packing domain/postings.py.

-- A user's number is never given twice, so that nothing kept in memory of a forgotten user fits a later one.
-- generation rises whenever something is removed; next_number when something is added: by the two a process sees
-- what others wrote. documents counts lexical_documents and changes in the same transactions.
CREATE TABLE lexical_users (
    user_no INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    generation INTEGER NOT NULL DEFAULT 0,
    next_number INTEGER NOT NULL DEFAULT 0,
    documents INTEGER NOT NULL DEFAULT 0,
    UNIQUE (tenant_id, user_id)
) STRICT;

-- features: a row of domain.lexical_document.FEATURES.
CREATE TABLE lexical_documents (
    user_no INTEGER NOT NULL,
    number INTEGER NOT NULL,
    conversation_id BLOB NOT NULL,
    features BLOB NOT NULL,
    PRIMARY KEY (user_no, number)
) WITHOUT ROWID, STRICT;

CREATE UNIQUE INDEX lexical_documents_by_conversation ON lexical_documents (user_no, conversation_id);

-- forward: the document's terms and words, compressed; by them forgetting finds its postings and word counts. Apart
-- from the documents, so that reading all of a user's features does not read this too.
CREATE TABLE lexical_forward (
    user_no INTEGER NOT NULL,
    number INTEGER NOT NULL,
    forward BLOB NOT NULL,
    PRIMARY KEY (user_no, number)
) WITHOUT ROWID, STRICT;

-- data: packed offsets and counts of the documents number / 1024 = block.
CREATE TABLE lexical_postings (
    user_no INTEGER NOT NULL,
    term TEXT NOT NULL,
    block INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (user_no, term, block)
) WITHOUT ROWID, STRICT;

-- In how many documents each surface word is.
CREATE TABLE lexical_words (
    user_no INTEGER NOT NULL,
    word TEXT NOT NULL,
    documents INTEGER NOT NULL,
    PRIMARY KEY (user_no, word)
) WITHOUT ROWID, STRICT;
