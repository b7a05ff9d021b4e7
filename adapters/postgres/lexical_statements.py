"""The statements of the lexical index. Each is about users who are named by both ids, or by their numbers."""

from __future__ import annotations

from ...domain.postings import BLOCK_DOCUMENTS

FEATURES, DOCUMENT, POSTINGS, WORD = 1, 2, 3, 4
"""Kinds of the rows of `SEARCH` and `STATISTICS`."""

# One statement is one view of the user: what was packed, what was not yet, and the state by which a process knows
# whether what it keeps in memory still holds. $4 to $6: user_no, generation and first missing number of what it keeps.
# Ranges have both ends, here and below: of an open one the planner expects a third of all rows, and reads the table.
SEARCH = f"""
SELECT state.user_no, state.generation, state.documents, part.*
FROM (
    SELECT user_no, generation, documents, packed_number, next_number,
        CASE WHEN user_no = $4::bigint AND generation = $5::bigint THEN $6::integer ELSE 0 END AS first_missing
    FROM lexical_users WHERE tenant_id = $1 AND user_id = $2
) AS state
LEFT JOIN LATERAL (
    SELECT {FEATURES} AS kind, NULL::bigint AS key, block AS number, data, NULL::bytea AS terms, NULL::bytea AS counts
    FROM lexical_features
    WHERE user_no = state.user_no AND state.first_missing < state.packed_number
        AND block BETWEEN state.first_missing / {BLOCK_DOCUMENTS} AND state.packed_number / {BLOCK_DOCUMENTS}
    UNION ALL
    SELECT {DOCUMENT}, NULL, number, features, terms, counts
    FROM lexical_documents
    WHERE user_no = state.user_no AND number >= state.packed_number AND number < state.next_number
    UNION ALL
    SELECT {POSTINGS}, term, block, data, NULL, NULL
    FROM lexical_postings WHERE user_no = state.user_no AND term = ANY($3::bigint[])
) AS part ON TRUE
"""

STATISTICS = f"""
SELECT state.documents, part.*
FROM (
    SELECT user_no, documents, packed_number, next_number FROM lexical_users WHERE tenant_id = $1 AND user_id = $2
) AS state
LEFT JOIN LATERAL (
    SELECT {DOCUMENT} AS kind, NULL::bigint AS key, number AS amount, terms, counts, words
    FROM lexical_documents
    WHERE user_no = state.user_no AND number >= state.packed_number AND number < state.next_number
    UNION ALL
    SELECT {POSTINGS}, term, sum(octet_length(data))::integer, NULL, NULL, NULL
    FROM lexical_postings WHERE user_no = state.user_no AND term = ANY($3::bigint[]) GROUP BY term
    UNION ALL
    SELECT {WORD}, word, documents, NULL, NULL, NULL
    FROM lexical_words WHERE user_no = state.user_no AND word = ANY($4::bigint[])
) AS part ON TRUE
"""

CONVERSATIONS = """
SELECT conversation_id::text FROM lexical_documents
WHERE user_no = (SELECT user_no FROM lexical_users WHERE tenant_id = $1 AND user_id = $2)
"""

SIZE = """
SELECT sum(pg_total_relation_size(name::regclass))::bigint
FROM unnest(ARRAY['lexical_users', 'lexical_documents', 'lexical_features', 'lexical_postings', 'lexical_words']) AS name
"""

# Locks users in the order given, the same for everybody, and reserves as many numbers as there are documents; of one
# that is there already the number stays unused.
RESERVE = """
INSERT INTO lexical_users AS held (tenant_id, user_id, next_number)
SELECT tenant_id, user_id, documents
FROM unnest($1::text[], $2::text[], $3::integer[]) WITH ORDINALITY AS given (tenant_id, user_id, documents, place)
ORDER BY place
ON CONFLICT (tenant_id, user_id) DO UPDATE SET next_number = held.next_number + excluded.next_number
RETURNING tenant_id, user_id, user_no, next_number
"""

ADD = """
WITH added AS (
    INSERT INTO lexical_documents (user_no, number, conversation_id, features, terms, counts, words)
    SELECT * FROM unnest($1::bigint[], $2::integer[], $3::uuid[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[])
    ON CONFLICT (user_no, conversation_id) DO NOTHING
    RETURNING user_no, octet_length(features) + octet_length(terms) + octet_length(counts) + octet_length(words) AS size
)
UPDATE lexical_users AS held
SET documents = held.documents + fresh.documents, unpacked_bytes = held.unpacked_bytes + fresh.bytes
FROM (SELECT user_no, count(*) AS documents, sum(size) AS bytes FROM added GROUP BY user_no) AS fresh
WHERE held.user_no = fresh.user_no
RETURNING held.user_no, held.packed_number, held.next_number, held.unpacked_bytes
"""

UNPACKED = """
SELECT user_no, number, features, terms, counts, words
FROM unnest($1::bigint[], $2::integer[], $3::integer[]) AS packing (user_no, packed_number, next_number)
JOIN lexical_documents USING (user_no)
WHERE number >= packed_number AND number < next_number
ORDER BY user_no, number
"""

# Documents that are packed later have higher numbers: offsets go behind the offsets, counts behind the counts.
PACK_POSTINGS = """
INSERT INTO lexical_postings AS held (user_no, term, block, data)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::bytea[])
ON CONFLICT (user_no, term, block) DO UPDATE SET data =
    substr(held.data, 1, length(held.data) / 3 * 2) || substr(excluded.data, 1, length(excluded.data) / 3 * 2)
    || substr(held.data, length(held.data) / 3 * 2 + 1) || substr(excluded.data, length(excluded.data) / 3 * 2 + 1)
"""

PACK_FEATURES = """
INSERT INTO lexical_features AS held (user_no, block, data)
SELECT * FROM unnest($1::bigint[], $2::integer[], $3::bytea[])
ON CONFLICT (user_no, block) DO UPDATE SET data = held.data || excluded.data
"""

PACK_WORDS = """
INSERT INTO lexical_words AS held (user_no, word, documents)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::integer[])
ON CONFLICT (user_no, word) DO UPDATE SET documents = held.documents + excluded.documents
"""

PACKED = "UPDATE lexical_users SET packed_number = next_number, unpacked_bytes = 0 WHERE user_no = ANY($1::bigint[])"

LOCK = """
SELECT user_no, packed_number, documents FROM lexical_users WHERE tenant_id = $1 AND user_id = $2 FOR UPDATE
"""

FORGET_USER = (
    "DELETE FROM lexical_postings WHERE user_no = $1",
    "DELETE FROM lexical_words WHERE user_no = $1",
    "DELETE FROM lexical_features WHERE user_no = $1",
    "DELETE FROM lexical_documents WHERE user_no = $1",
    "DELETE FROM lexical_users WHERE user_no = $1",
)

FORGET_EMPTY_USER = "DELETE FROM lexical_users WHERE user_no = $1 AND documents = 0"

REMOVE_DOCUMENTS = """
DELETE FROM lexical_documents WHERE user_no = $1 AND conversation_id = ANY($2::uuid[])
RETURNING number, terms, counts, words
"""

REMOVED = "UPDATE lexical_users SET generation = generation + 1, documents = documents - $2 WHERE user_no = $1"

POSTING_BLOCKS = """
SELECT term, block, data FROM unnest($2::bigint[], $3::integer[]) AS wanted (term, block)
JOIN lexical_postings USING (term, block)
WHERE user_no = $1
"""

REPLACE_POSTINGS = """
UPDATE lexical_postings AS held SET data = given.data
FROM unnest($2::bigint[], $3::integer[], $4::bytea[]) AS given (term, block, data)
WHERE held.user_no = $1 AND held.term = given.term AND held.block = given.block
"""

REMOVE_POSTINGS = """
DELETE FROM lexical_postings AS held USING unnest($2::bigint[], $3::integer[]) AS given (term, block)
WHERE held.user_no = $1 AND held.term = given.term AND held.block = given.block
"""

FEATURE_BLOCKS = "SELECT block, data FROM lexical_features WHERE user_no = $1 AND block = ANY($2::integer[])"

REPLACE_FEATURES = """
UPDATE lexical_features AS held SET data = given.data
FROM unnest($2::integer[], $3::bytea[]) AS given (block, data)
WHERE held.user_no = $1 AND held.block = given.block
"""

REMOVE_FEATURES = "DELETE FROM lexical_features WHERE user_no = $1 AND block = ANY($2::integer[])"

TAKE_WORDS = """
UPDATE lexical_words AS held SET documents = held.documents - given.documents
FROM unnest($2::bigint[], $3::integer[]) AS given (word, documents)
WHERE held.user_no = $1 AND held.word = given.word
"""

REMOVE_WORDS = "DELETE FROM lexical_words WHERE user_no = $1 AND word = ANY($2::bigint[]) AND documents <= 0"
