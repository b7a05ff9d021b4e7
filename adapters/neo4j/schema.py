"""Constraints and indexes of the graph, made once, and the version that says what the nodes look like.

The labels begin with ``Talktiers``, so that a database may hold other things besides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, LiteralString

from neo4j import AsyncSession
from neo4j.exceptions import Neo4jError

from ...domain.errors import BackendMisconfigured
from .errors import BACKEND, is_transient

SCHEMA_VERSION: Final = 1

_RULES: Final[Mapping[LiteralString, LiteralString]] = {
    "talktiers_schema": (
        "CREATE CONSTRAINT talktiers_schema IF NOT EXISTS FOR (n:TalktiersSchema) REQUIRE n.name IS UNIQUE"
    ),
    "talktiers_user": "CREATE CONSTRAINT talktiers_user IF NOT EXISTS FOR (n:TalktiersUser) REQUIRE n.key IS UNIQUE",
    "talktiers_forgotten_user": (
        "CREATE INDEX talktiers_forgotten_user IF NOT EXISTS FOR (n:TalktiersForgottenUser) ON (n.key)"
    ),
    "talktiers_place": "CREATE CONSTRAINT talktiers_place IF NOT EXISTS FOR (n:TalktiersPlace) REQUIRE n.key IS UNIQUE",
    "talktiers_topic": "CREATE CONSTRAINT talktiers_topic IF NOT EXISTS FOR (n:TalktiersTopic) REQUIRE n.key IS UNIQUE",
    "talktiers_entity": (
        "CREATE CONSTRAINT talktiers_entity IF NOT EXISTS FOR (n:TalktiersEntity) REQUIRE n.key IS UNIQUE"
    ),
    "talktiers_conversation": (
        "CREATE CONSTRAINT talktiers_conversation IF NOT EXISTS FOR (n:TalktiersConversation) REQUIRE n.key IS UNIQUE"
    ),
    # What a reader may see of a user and does not know yet is one range of this one per place.
    "talktiers_conversation_number": (
        "CREATE INDEX talktiers_conversation_number IF NOT EXISTS FOR (n:TalktiersConversation) ON (n.place, n.number)"
    ),
    # The neighbours of a conversation in its session are next to it here.
    "talktiers_conversation_position": (
        "CREATE INDEX talktiers_conversation_position IF NOT EXISTS FOR (n:TalktiersConversation) ON (n.position)"
    ),
    "talktiers_relation": (
        "CREATE INDEX talktiers_relation IF NOT EXISTS FOR ()-[r:TALKTIERS_RELATES_TO]-() ON (r.conversation)"
    ),
}
_ONLINE: Final = """
SHOW INDEXES YIELD name, state WHERE name STARTS WITH 'talktiers_' AND state = 'ONLINE' RETURN name
"""
_AWAIT: Final = "CALL db.awaitIndexes($timeout_s)"
_VERSION: Final = """
MERGE (schema:TalktiersSchema {name: 'graph'}) ON CREATE SET schema.version = $version RETURN schema.version
"""

_AWAIT_S: Final = 20
_PAUSE_S: Final = 0.05
_MADE_BY_ANOTHER: Final = (
    "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists",
    "Neo.ClientError.Schema.ConstraintAlreadyExists",
    "Neo.ClientError.Schema.IndexAlreadyExists",
)


async def ensure_schema(session: AsyncSession, *, operation: str, address: str) -> int:
    """Makes what is missing of constraints and indexes; several processes may do so at once.

    Returns:
        The version of what is stored there.

    Raises:
        BackendMisconfigured: what is stored there was written by a newer version.
    """
    online = {name for (name,) in await (await session.run(_ONLINE)).values()}
    lacking: list[LiteralString] = [statement for name, statement in _RULES.items() if name not in online]
    for statement in lacking:
        await _make(session, statement)
    if lacking:
        await (await session.run(_AWAIT, timeout_s=_AWAIT_S)).consume()
    ((version,),) = await (await session.run(_VERSION, version=SCHEMA_VERSION)).values()
    if version > SCHEMA_VERSION:
        raise BackendMisconfigured(
            BACKEND,
            operation,
            f"the graph on {address} has schema version {version}, this talktiers knows up to {SCHEMA_VERSION}:"
            " upgrade talktiers, or name another database",
        )
    return int(version)


async def _make(session: AsyncSession, statement: LiteralString) -> None:
    """Runs a statement that makes a rule, until it is there; the caller limits the time."""
    while True:
        try:
            await (await session.run(statement)).consume()
        except Neo4jError as error:
            if error.code in _MADE_BY_ANOTHER:
                return
            if not is_transient(error):
                raise
            await asyncio.sleep(_PAUSE_S)
        else:
            return
