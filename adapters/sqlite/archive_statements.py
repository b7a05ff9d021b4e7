"""The archive's statements. Constants all: values come as parameters."""

from __future__ import annotations

from .conversation_rows import CONTENT_COLUMNS
from .time_expressions import NOW_US

USER = f"SELECT user_no, epoch, {NOW_US} FROM users WHERE tenant_id = ? AND user_id = ?"
INSERT_USER = f"INSERT INTO users (tenant_id, user_id) VALUES (?, ?) RETURNING user_no, epoch, {NOW_US}"
REMOVE_USER = "DELETE FROM users WHERE user_no = ?"
RAISE_EPOCH = f"""
INSERT INTO users (tenant_id, user_id, epoch) VALUES (?, ?, 1)
ON CONFLICT (tenant_id, user_id) DO UPDATE SET epoch = epoch + 1
RETURNING user_no, epoch, {NOW_US}
"""

INSERT_CONVERSATION = f"""
INSERT INTO conversations (user_no, conversation_id, text_chars, compartment, {CONTENT_COLUMNS})
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21
WHERE NOT EXISTS (SELECT 1 FROM tombstones WHERE conversation_id = ?2) AND NOT EXISTS (SELECT 1 FROM fence)
ON CONFLICT (conversation_id) DO NOTHING
"""

_CONVERSATION = f"conversation_id, sequence, tenant_id, user_id, {CONTENT_COLUMNS}"
"""What makes a Conversation."""

VISIBLE = """
conversations.user_no = (SELECT user_no FROM users WHERE tenant_id = :tenant_id AND user_id = :user_id)
AND (:bot_id IS NULL OR bot_id = :bot_id)
AND (:everywhere OR compartment IN (:compartment_1, :compartment_2, :compartment_3))
"""
"""What a scope may see."""

HISTORY = f"""
SELECT {_CONVERSATION}
FROM conversations CROSS JOIN users USING (user_no)
WHERE {VISIBLE}
AND occurred_at_us >= :since_us
AND (:compartment IS NULL OR compartment = :compartment)
AND (occurred_at_us, sequence) < (:before_us, :before_sequence)
ORDER BY occurred_at_us DESC, sequence DESC LIMIT :limit
"""
POSITION = f"""
SELECT occurred_at_us, sequence FROM conversations INDEXED BY conversations_by_id
WHERE conversation_id = :conversation_id AND {VISIBLE}
"""

IDS_AT_ONCE = 32
"""A context reads some thirty conversations by id."""
_IDS = ", ".join(f":id_{index}" for index in range(IDS_AT_ONCE))
_FROM_IDS = f"""
FROM conversations INDEXED BY conversations_by_id CROSS JOIN users USING (user_no) WHERE conversation_id IN ({_IDS})
"""
BY_IDS = f"SELECT {_CONVERSATION} {_FROM_IDS}"
KEYS_BY_IDS = f"SELECT conversation_id, tenant_id, user_id {_FROM_IDS}"
VISIBLE_BY_IDS = f"{BY_IDS} AND {VISIBLE}"
VISIBLE_IDS = f"SELECT conversation_id {_FROM_IDS} AND {VISIBLE}"

USERS = """
SELECT tenant_id, user_id FROM users
WHERE (tenant_id, user_id) > (?, ?)
AND EXISTS (SELECT 1 FROM conversations WHERE conversations.user_no = users.user_no)
ORDER BY tenant_id, user_id LIMIT ?
"""

# The page is chosen among narrow index entries; only then are the rows read.
PAGE = f"""
SELECT {_CONVERSATION} FROM conversations CROSS JOIN users USING (user_no)
WHERE sequence IN (
    SELECT sequence FROM conversations INDEXED BY conversations_by_time
    WHERE user_no = (SELECT user_no FROM users WHERE tenant_id = ? AND user_id = ?) AND sequence > ?
    ORDER BY sequence LIMIT ?
)
ORDER BY sequence
"""

TOTAL = "SELECT COUNT(*) FROM conversations"
TOTAL_OF_TENANT = """
SELECT COUNT(*) FROM conversations WHERE user_no IN (SELECT user_no FROM users WHERE tenant_id = ?)
"""
TOTAL_OF_USER = """
SELECT COUNT(*) FROM conversations WHERE user_no = (SELECT user_no FROM users WHERE tenant_id = ? AND user_id = ?)
"""
TEXT_CHARS = "SELECT COALESCE(SUM(text_chars), 0) FROM conversations"
