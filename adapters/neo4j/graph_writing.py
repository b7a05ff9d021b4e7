"""What is written of the graph: conversations with their edges, and taking both out again."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import attrs
from neo4j import AsyncTransaction

from ...domain.errors import BackendConflict
from ...domain.json_values import canonical_json
from ...domain.labels import label_hash
from ...domain.mentions import Mention, mentions_of, relations_of
from ...ports.conversation_archive import User
from ...ports.relationship_graph import GraphRecord
from .errors import BACKEND
from .packed_edges import packed_edges, place_hash, to_us
from .server import rows
from .statements import (
    CHANGED,
    DELETE_CONVERSATIONS,
    DELETE_EMPTY_USER,
    DELETE_RELATIONS,
    DELETE_UNUSED_ENTITIES,
    DELETE_UNUSED_PLACES,
    DELETE_UNUSED_TOPICS,
    FOUND,
    HELD,
    INSERT,
    LOCK_USER,
    LOCK_USERS,
    NUMBERED,
    RELINK,
)

_DIGEST_BYTES: Final = 16
_USER_ID_BYTES, _LABEL_BYTES = 12, 12  # begin, and end, the key of most nodes: every byte of them is stored often
_BEFORE_ANY_TIME: Final = 1 << 62
"""Added to microseconds, so that those before 1970 sort as texts too."""


@attrs.frozen
class PreparedRecord:
    """A conversation in the form in which it is written.

    Attributes:
        user: key of the user's node.
        digest: of everything that the node and its edges say.
    """

    user: str
    record: GraphRecord
    mentions: Mapping[str, Mention]
    relations: Sequence[tuple[str, str, str]]
    edges: bytes
    texts: str
    digest: str


def user_key(user: User, *, namespace: str) -> str:
    """Key of a user's node: however long the ids are, it is short enough for an index."""
    return _short(canonical_json([namespace, user.tenant_id, user.user_id]))


def prepared(record: GraphRecord, *, namespace: str) -> PreparedRecord:
    """The record, ready to be written.

    Raises:
        BackendError: it holds what cannot be written.
    """
    mentions = mentions_of(record.extraction)
    relations = relations_of(record.extraction)
    edges, texts = packed_edges(record, mentions)
    content = canonical_json([record.place.compartment, edges.hex(), texts, *map(list, relations)])
    return PreparedRecord(
        user_key(User(tenant_id=record.key.tenant_id, user_id=record.key.user_id), namespace=namespace),
        record,
        mentions,
        relations,
        edges,
        texts,
        _short(content),
    )


async def add_records(transaction: AsyncTransaction, records: Sequence[PreparedRecord], *, namespace: str) -> None:
    """Upserts conversations, distinct ones, with their edges. One that is there with the same content stays.

    Raises:
        BackendConflict: a user was forgotten meanwhile; in a new transaction it is another node.
    """
    users = {item.user: item.record.key for item in records}
    locked = [
        {
            "key": user,
            "id": secrets.token_urlsafe(_USER_ID_BYTES),
            "namespace": namespace,
            "tenant_id": key.tenant_id,
            "user_id": key.user_id,
        }
        for user, key in sorted(users.items())
    ]
    await rows(transaction, LOCK_USERS, {"users": locked})
    asked = [{"user": item.user, "id": item.record.key.conversation_id} for item in records]
    held = {(user, item): state for user, item, *state in await rows(transaction, HELD, {"rows": asked})}
    if len(held) < len(records):
        raise BackendConflict(BACKEND, "add to the graph", "a user was forgotten at the same moment; call again")
    fresh: list[dict[str, object]] = []
    changed: dict[str, list[str]] = {}
    begins = {user: next_number for (user, _), (_, next_number, _) in held.items()}
    numbers: Counter[str] = Counter(begins)
    for item in records:
        user_id, _, digest = held[item.user, item.record.key.conversation_id]
        if digest == item.digest:
            continue
        row = _row(item, user_id=user_id, number=numbers[item.user])
        if digest is not None:
            changed.setdefault(item.user, []).append(str(row["key"]))
        numbers[item.user] += 1
        fresh.append(row)
    if not fresh:
        return
    if changed:
        await _remove(transaction, [key for keys in changed.values() for key in keys])
        await rows(transaction, CHANGED, {"users": sorted(changed)})
    await rows(transaction, INSERT, {"rows": fresh})
    numbered = [{"key": user, "next_number": number} for user, number in sorted(numbers.items())]
    await rows(transaction, NUMBERED, {"users": numbered})
    await _relink(transaction, [str(row["position"]) for row in fresh])


async def remove_conversations(transaction: AsyncTransaction, *, user: str, conversation_ids: Iterable[str]) -> int:
    """Removes these conversations of a user with every node that only they held; how many went."""
    found = await rows(transaction, LOCK_USER, {"user": user})
    if not found:
        return 0
    ((user_id,),) = found
    removed = await _remove(transaction, [f"{user_id}/{item}" for item in sorted(set(conversation_ids))])
    if removed:
        await rows(transaction, CHANGED, {"users": [user]})
        await rows(transaction, DELETE_EMPTY_USER, {"user": user})
    return removed


async def _remove(transaction: AsyncTransaction, keys: Sequence[str]) -> int:
    found = await rows(transaction, FOUND, {"keys": keys})
    if not found:
        return 0
    keys = [key for key, *_ in found]
    related = await rows(transaction, DELETE_RELATIONS, {"keys": keys})
    await rows(transaction, DELETE_CONVERSATIONS, {"keys": keys})
    topics = {topic for *_, topics, _ in found for topic in topics}
    entities = {entity for *_, entities in found for entity in entities}.union(*related)
    places = {place for _, _, place, *_ in found}
    await rows(transaction, DELETE_UNUSED_TOPICS, {"keys": sorted(topics)})
    await rows(transaction, DELETE_UNUSED_ENTITIES, {"keys": sorted(entities)})
    await rows(transaction, DELETE_UNUSED_PLACES, {"keys": sorted(places)})
    await _relink(transaction, [position for _, position, *_ in found])
    return len(found)


async def _relink(transaction: AsyncTransaction, positions: Iterable[str]) -> None:
    bounds = []
    for position in positions:
        session = position.rsplit("/", 1)[0]
        bounds.append({"position": position, "begin": f"{session}/", "end": f"{session}0"})  # "0" comes after "/"
    await rows(transaction, RELINK, {"positions": bounds})


def _row(item: PreparedRecord, *, user_id: str, number: int) -> dict[str, object]:
    record = item.record
    place = record.place

    def key(label: str) -> str:
        return f"{user_id}/{_short(label, size=_LABEL_BYTES)}"

    return {
        "user": item.user,
        "key": f"{user_id}/{record.key.conversation_id}",
        "id": record.key.conversation_id,
        "number": number,
        "position": _position(record, user_id=user_id),
        "occurred_at": record.occurred_at.astimezone(dt.UTC),
        "sequence": record.sequence,
        "session_id": record.session_id,
        "digest": item.digest,
        "edges": item.edges,
        "texts": item.texts,
        "place": {
            "key": f"{user_id}/{place_hash(record):016x}",
            "bot_id": record.bot_id,
            "compartment": place.compartment,
            "audience": place.audience.value,
            "channel_id": place.channel_id,
            "server_id": place.server_id,
        },
        "topics": [
            {"key": key(label), "label": label, "weight": mention.weight}
            for label, mention in item.mentions.items()
            if mention.weight is not None
        ],
        "entities": [
            {"key": key(label), "label": label, "name": mention.entity.name, "kind": mention.entity.kind.value}
            for label, mention in item.mentions.items()
            if mention.entity is not None
        ],
        "relations": [
            {
                "source": key(source),
                "source_label": source,
                "kind": kind,
                "target": key(target),
                "target_label": target,
            }
            for source, kind, target in item.relations
        ],
    }


def _position(record: GraphRecord, *, user_id: str) -> str:
    """Sorts the conversations of a user by bot, place and session's name, and in each of them by time."""
    session = label_hash(canonical_json([record.bot_id, record.place.key, record.session_id]))
    moment = to_us(record.occurred_at) + _BEFORE_ANY_TIME
    return f"{user_id}/{session:016x}/{moment:016x}{record.sequence:016x}{record.key.conversation_id}"


def _short(text: str, *, size: int = _DIGEST_BYTES) -> str:
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()
