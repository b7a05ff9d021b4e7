-- The lexical index. The scheme is domain/lexical.py, the packing domain/postings.py and domain/document_run.py: terms
-- and words are 64-bit keys.
--
-- What is new of a user is rows of lexical_documents alone, read whole by each search. Once they are many they are packed
-- into blocks of 1024 documents a term: a block's row is then written once for many documents instead of once for each.

-- Whoever writes or erases holds the lock of the user's row until the commit. A user's number is never given twice, so
-- that nothing kept in memory of a forgotten user fits a later one.
-- generation rises whenever something is removed, next_number when something is added: by the two a process sees what
-- others wrote. Documents from packed_number on are not packed yet, and take unpacked_bytes or less.
CREATE TABLE lexical_users (
    tenant_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    user_no bigint GENERATED ALWAYS AS IDENTITY,
    generation bigint NOT NULL DEFAULT 0,
    next_number integer NOT NULL,
    packed_number integer NOT NULL DEFAULT 0,
    unpacked_bytes bigint NOT NULL DEFAULT 0,
    documents integer NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, user_id)
) WITH (fillfactor = 70);

CREATE UNIQUE INDEX lexical_users_by_number ON lexical_users (user_no);

-- As domain.document_run.DocumentEntry. By terms and words forgetting finds postings and word counts.
CREATE TABLE lexical_documents (
    user_no bigint NOT NULL,
    number integer NOT NULL,
    conversation_id uuid NOT NULL,
    features bytea NOT NULL,
    terms bytea NOT NULL,
    counts bytea NOT NULL,
    words bytea NOT NULL,
    PRIMARY KEY (user_no, number)
) WITH (toast_tuple_target = 4080);

CREATE UNIQUE INDEX lexical_documents_by_conversation ON lexical_documents (user_no, conversation_id);

-- data: features of the packed documents number / 1024 = block, 89 KB at most.
CREATE TABLE lexical_features (
    user_no bigint NOT NULL,
    block integer NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (user_no, block)
);

-- data: packed offsets and counts of such documents, 3 KB at most.
CREATE TABLE lexical_postings (
    user_no bigint NOT NULL,
    term bigint NOT NULL,
    block integer NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (user_no, term, block)
) WITH (fillfactor = 80);

-- In how many packed documents each surface word is.
CREATE TABLE lexical_words (
    user_no bigint NOT NULL,
    word bigint NOT NULL,
    documents integer NOT NULL,
    PRIMARY KEY (user_no, word)
) WITH (fillfactor = 80);

-- Keys and hashes cannot be compressed. A block of postings fits a page and is read with its row.
ALTER TABLE lexical_documents
    ALTER terms SET STORAGE EXTERNAL, ALTER counts SET STORAGE EXTERNAL, ALTER words SET STORAGE EXTERNAL;
ALTER TABLE lexical_features ALTER data SET STORAGE EXTERNAL;
ALTER TABLE lexical_postings ALTER data SET STORAGE PLAIN;
