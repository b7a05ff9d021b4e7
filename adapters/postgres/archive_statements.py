"""The archive's statements. Constants all: values come as parameters."""

from __future__ import annotations

import attrs

from .conversation_rows import CONTENT_COLUMNS

USER_NO = "(SELECT user_no FROM users WHERE tenant_id = $1 AND user_id = $2)"
EPOCH = "SELECT epoch FROM users WHERE tenant_id = $1 AND user_id = $2"

# Holds a lock on the fence until the transaction ends, as APPEND does: whoever changes the fence waits for that.
FENCE = "SELECT destination, move_id, complete FROM fence WHERE stands"

# In this order: the id, so that a refused conversation leaves nothing and one that is stored at the same moment is
# waited for; the user's row, locked until the commit; then the sequence, so that it rises as the commits come.
APPEND = f"""
WITH taken AS (
    INSERT INTO conversation_ids (conversation_id) SELECT $3::uuid WHERE NOT EXISTS (SELECT FROM fence WHERE stands)
    ON CONFLICT DO NOTHING RETURNING conversation_id
), known AS (
    SELECT user_no, epoch FROM taken CROSS JOIN users WHERE tenant_id = $1 AND user_id = $2
    FOR NO KEY UPDATE OF users
), created AS (
    INSERT INTO users (tenant_id, user_id) SELECT $1, $2 FROM taken WHERE NOT EXISTS (SELECT FROM known)
    ON CONFLICT (tenant_id, user_id) DO UPDATE SET epoch = users.epoch
    RETURNING user_no, epoch
), owner AS MATERIALIZED (
    SELECT user_no, epoch FROM known UNION ALL SELECT user_no, epoch FROM created
), stored AS (
    INSERT INTO conversations (
        sequence, user_no, conversation_id, text_chars, compartment, compartment_hash, bot_hash, {CONTENT_COLUMNS}
    )
    SELECT nextval('conversation_sequence'), user_no, $3, $4, $5, $6, $7,
        $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24
    FROM owner
    RETURNING user_no, sequence
), jobs AS (
    INSERT INTO outbox (kind, projection, user_no, conversation_id, sequence, epoch)
    SELECT 'project', projection, owner.user_no, $3, stored.sequence, owner.epoch
    FROM owner CROSS JOIN stored CROSS JOIN unnest($25::text[]) AS projection
)
SELECT stored.sequence, owner.epoch FROM stored CROSS JOIN owner
"""

_CONVERSATION = f"conversations.conversation_id, sequence, {CONTENT_COLUMNS}"
"""What makes a Conversation, but for its user."""
_SITTING = "conversations.conversation_id, sequence, occurred_at_us, utc_offset_s, bot_id, audience, server_id, channel_id, session_id"
"""What makes a session: no text."""

STORED_BEFORE = f"""
SELECT ids.erased, users.epoch, {_CONVERSATION}
FROM conversation_ids AS ids
LEFT JOIN users ON tenant_id = $1 AND user_id = $2
LEFT JOIN conversations USING (user_no, conversation_id)
WHERE ids.conversation_id = $3
"""


@attrs.frozen
class Visible:
    """A statement for each shape of a scope, so that an index alone decides what may be seen.

    Parameters of all: tenant, user, then the bot (its hash and itself; both NULL: any), the compartments (their hashes
    and themselves; both NULL: all), then the statement's own.
    """

    all_bots: str
    one_bot: str
    some_compartments: str
    some_compartments_one_bot: str

    def of(self, *, bot: bool, compartments: bool) -> str:
        """The statement for a scope of one bot or of some compartments, or of both."""
        if compartments:
            return self.some_compartments_one_bot if bot else self.some_compartments
        return self.one_bot if bot else self.all_bots


_ANY_BOT = "$3::bigint IS NULL AND $4::text IS NULL"
_ONE_BOT = "bot_hash = $3::bigint AND bot_id = $4::text"
_ALL_COMPARTMENTS = "$5::bigint[] IS NULL AND $6::text[] IS NULL"
_SOME_COMPARTMENTS = "compartment_hash = ANY($5::bigint[]) AND compartment = ANY($6::text[])"


def _newest(columns: str) -> Visible:
    """Newest first. Own parameters: since, position to go on before (time and sequence), limit."""
    return Visible(
        *(
            _newest_of(columns, bot=bot, compartments=compartments)
            for compartments in (_ALL_COMPARTMENTS, _SOME_COMPARTMENTS)
            for bot in (_ANY_BOT, _ONE_BOT)
        )
    )


def _newest_of(columns: str, *, bot: str, compartments: str) -> str:
    # The latest of each compartment, then the latest of those: no more is read, however much lies elsewhere. Inside
    # stand conditions of the index alone, so that it gives the order and the limit ends the reading; what they found by
    # hashes is compared in full outside.
    each, within = ("unnest($5::bigint[]) AS wanted (hash)", "compartment_hash = wanted.hash")
    if compartments == _ALL_COMPARTMENTS:
        each, within = ("(VALUES (0)) AS once", "TRUE")
    return f"""
    SELECT {columns} FROM {each} CROSS JOIN LATERAL (
        SELECT * FROM conversations
        WHERE user_no = {USER_NO} AND {within} {"AND bot_hash = $3::bigint" if bot == _ONE_BOT else ""}
        AND occurred_at_us >= $7 AND (occurred_at_us, sequence) < ($8, $9)
        ORDER BY occurred_at_us DESC, sequence DESC LIMIT $10
    ) AS conversations
    WHERE {bot} AND {compartments}
    ORDER BY occurred_at_us DESC, sequence DESC LIMIT $10
    """


# OFFSET 0: each id is looked up by itself. Else the planner may take all rows of a user for fewer than those ids.
_LOOKED_UP = """
LATERAL (
    SELECT * FROM conversations WHERE user_no = owner.user_no AND conversation_id = wanted.conversation_id OFFSET 0
) AS conversations
"""


def _by_ids(columns: str) -> Visible:
    """In any order. Own parameter: ids."""
    return Visible(
        *(
            f"""
            SELECT {columns} FROM (SELECT {USER_NO} AS user_no) AS owner
            CROSS JOIN unnest($7::uuid[]) AS wanted (conversation_id) CROSS JOIN {_LOOKED_UP}
            WHERE {bot} AND {compartments}
            """
            for compartments in (_ALL_COMPARTMENTS, _SOME_COMPARTMENTS)
            for bot in (_ANY_BOT, _ONE_BOT)
        )
    )


NEWEST = _newest(_CONVERSATION)
NEWEST_SITTINGS = _newest(_SITTING)
BY_IDS = _by_ids(_CONVERSATION)
POSITIONS = _by_ids("conversations.conversation_id, occurred_at_us, sequence")

_OF_KEYS = f"""
FROM unnest($1::text[], $2::text[], $3::uuid[]) AS wanted (tenant_id, user_id, conversation_id)
CROSS JOIN LATERAL (
    SELECT user_no FROM users WHERE tenant_id = wanted.tenant_id AND user_id = wanted.user_id OFFSET 0
) AS owner
CROSS JOIN {_LOOKED_UP}
"""
LOAD = f"SELECT wanted.tenant_id, wanted.user_id, {_CONVERSATION} {_OF_KEYS}"
EXISTING = f"SELECT conversations.conversation_id {_OF_KEYS}"

USERS = """
SELECT tenant_id, user_id FROM users
WHERE (tenant_id, user_id) > ($1, $2)
AND EXISTS (SELECT FROM conversations WHERE conversations.user_no = users.user_no)
ORDER BY tenant_id, user_id LIMIT $3
"""
PAGE = f"""
SELECT {_CONVERSATION} FROM conversations WHERE user_no = {USER_NO} AND sequence > $3 ORDER BY sequence LIMIT $4
"""

TOTAL = "SELECT count(*) FROM conversations"
TOTAL_OF_TENANT = "SELECT count(*) FROM users JOIN conversations USING (user_no) WHERE tenant_id = $1"
TOTAL_OF_USER = f"SELECT count(*) FROM conversations WHERE user_no = {USER_NO}"
TEXT_CHARS = "SELECT coalesce(sum(text_chars), 0)::bigint FROM conversations"
SIZE_BYTES = """
SELECT pg_total_relation_size('conversations') + pg_total_relation_size('conversation_ids')
    + pg_total_relation_size('users')
"""
