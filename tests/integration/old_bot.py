"""What the old bot left behind: records of every shape it wrote, with what each is to become."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import chromadb
from chromadb.config import Settings

ZONE = ZoneInfo("Europe/Berlin")
"""Where it ran."""
PUBLIC, PRIVATE = ("public_channel", "public_channel"), ("private_channel", "private_channel")

_SUBJECTS = ["the violin", "a leaking tap", "the night train", "my exam", "bread without yeast", "the tax form"]
_SAID = ["I worry about {}", "{} worked out", "what was it again with {}?", "ok", "¿y {}? 🦊", "{}\nand {}"]
_ANSWERED = ["Tell me about {}.", "{}: one\ntwo\nthree", "Last time you spoke of {}.", "Good."]
_LONG = "repr(object at 0x7f) " * 100
_START = dt.datetime(2025, 9, 1, 8, 0, 0)  # noqa: DTZ001  # as the old bot had it: without a zone


@attrs.frozen(kw_only=True)
class OldRecord:
    """One record, and what it is to become.

    Attributes:
        becomes: ``conversation``, ``fact``, ``placeholder``, ``rejected``.
        occurred_at: by the old bot's own words; ``None``: it did not say.
    """

    record_id: str
    document: str
    metadata: dict[str, Any]
    becomes: str
    user_id: str | None
    user_message: str
    bot_response: str
    occurred_at: dt.datetime | None
    audience: str = "direct"
    collection: str = "user_memories"


def old_records(number: int, seed: int) -> list[OldRecord]:
    """So many of all shapes, each at least once from some 40 on; the same for the same seed."""
    chance = random.Random(seed)
    users = [f"{chance.randrange(10**17, 10**18)}" for _ in range(max(2, number // 40))]
    shapes = [_plain, _placed, _analysed, _chatgpt, _http, _desktop, _universal, _without_time, _fact, _global, _odd]
    found = [shapes[i % len(shapes)](chance, i, chance.choice(users)) for i in range(number)]
    return list({(item.collection, item.record_id): item for item in found}.values())


def write_store(folder: Path, records: Iterable[OldRecord], *, dimensions: int = 3) -> None:
    """Writes them as the old bot did."""
    with opened_client(folder) as client:
        write_records(client, records, dimensions=dimensions)


@contextmanager
def opened_client(folder: Path) -> Iterator[Any]:
    """Chroma's client of a folder."""
    client: Any = chromadb.PersistentClient(path=str(folder), settings=Settings(anonymized_telemetry=False))
    try:
        yield client
    finally:
        client.close()


@contextmanager
def served_client(url: str) -> Iterator[Any]:
    """Chroma's client of a server."""
    host, _, port = url.removeprefix("http://").partition(":")
    client: Any = chromadb.HttpClient(host=host, port=int(port), settings=Settings(anonymized_telemetry=False))
    sessions = [part._server._session for part in (client, client._admin_client)]
    try:
        yield client
    finally:
        client.close()
        for session in sessions:  # which closing the client leaves open
            session.close()


def write_records(client: Any, records: Iterable[OldRecord], *, dimensions: int = 3) -> None:
    """Writes them through an open client."""
    records = list(records)
    for name in ("user_memories", "global_facts"):
        collection = client.get_or_create_collection(name, embedding_function=None)
        for page in _pages([item for item in records if item.collection == name], 1000):
            collection.add(
                ids=[item.record_id for item in page],
                documents=[item.document for item in page],
                metadatas=[item.metadata for item in page],
                embeddings=[[0.5] * dimensions] * len(page),
            )


def _pages(records: Sequence[OldRecord], size: int) -> Iterator[Sequence[OldRecord]]:
    for start in range(0, len(records), size):
        yield records[start : start + size]


def _said(chance: random.Random) -> tuple[str, str]:
    subject = chance.choice(_SUBJECTS)
    user, bot = chance.choice(_SAID).format(subject, subject), chance.choice(_ANSWERED).format(subject)
    if chance.random() < 0.1:
        user = f"User: x\nAssistant: {user}"  # what the sides are joined with
    return user, bot


def _when(chance: random.Random) -> dt.datetime:
    seconds = chance.randrange(20 * 86400) + (chance.random() if chance.random() < 0.8 else 0.0)
    return _START + dt.timedelta(seconds=seconds)


def _aware(time: dt.datetime) -> dt.datetime:
    return time.replace(tzinfo=ZONE)


def _exchange(chance: random.Random, number: int, user_id: str, **further: Any) -> OldRecord:
    user, bot = _said(chance)
    time = _when(chance)
    return OldRecord(
        record_id=f"{user_id}_{time.isoformat()}_{number}",
        document=f"User: {user}\nAssistant: {bot}",
        metadata={
            "user_id": user_id,
            "timestamp": time.isoformat(),
            "channel_id": "dm",
            "user_message": user,
            "bot_response": bot,
            **further,
        },
        becomes="conversation",
        user_id=user_id,
        user_message=user,
        bot_response=bot,
        occurred_at=_aware(time),
    )


def _plain(chance: random.Random, number: int, user_id: str) -> OldRecord:
    return _exchange(chance, number, user_id, detected_emotion="happy", confidence=0.5, interaction_count=number)


def _placed(chance: random.Random, number: int, user_id: str) -> OldRecord:
    context, level = chance.choice([PUBLIC, PRIVATE, ("dm", "private_dm"), ("public_channel", "cross_server")])
    place: dict[str, Any] = {"context_type": context, "security_level": level, "channel_id": str(10**18 + number % 7)}
    if context != "dm":
        place["server_id"] = "777"
    place["is_private"] = context != "public_channel"
    audience = {"private_dm": "direct", "cross_server": "shared"}.get(level, level)
    return attrs.evolve(_exchange(chance, number, user_id, **place), audience=audience)


def _analysed(chance: random.Random, number: int, user_id: str) -> OldRecord:
    heavy = {f"dynamic_personality_{name}": _LONG for name in ("traits", "dimensions", "history")}
    return _exchange(
        chance, number, user_id, **heavy, personality_confidence_level="High", emotional_assessment=_LONG, intensity=0.7
    )


def _chatgpt(chance: random.Random, number: int, user_id: str) -> OldRecord:
    original = _when(chance) - dt.timedelta(days=300)
    item = _exchange(
        chance,
        number,
        user_id,
        source="chatgpt_import",
        conversation_id=f"conv-{number}",
        channel_id=f"chatgpt_import_conv-{number}",
        original_timestamp=original.isoformat(),
    )
    item = attrs.evolve(item, occurred_at=_aware(original))
    if number % 3:
        return item
    side, text = ("user_message", "[Previous conversation context]") if number % 2 else ("bot_response", "...")
    item.metadata[side] = text
    changed: dict[str, Any] = {side: ""}
    item = attrs.evolve(item, becomes="placeholder", **changed)
    return attrs.evolve(
        item, document=f"User: {item.metadata['user_message']}\nAssistant: {item.metadata['bot_response']}"
    )


def _http(chance: random.Random, number: int, user_id: str) -> OldRecord:
    item = _exchange(chance, number, user_id, type="conversation")
    return attrs.evolve(item, document=f"User: {item.user_message}\nBot: {item.bot_response}")


def _desktop(chance: random.Random, number: int, user_id: str) -> OldRecord:
    item = _exchange(chance, number, user_id)
    metadata = {
        "doc_type": "conversation",
        "source": "desktop",
        "user_id": user_id,
        "timestamp": item.metadata["timestamp"],
        "message_content": item.user_message,
        "response_content": item.bot_response,
    }
    return attrs.evolve(item, record_id=f"conversation_{user_id}_{number:012x}", metadata=metadata)


def _universal(chance: random.Random, number: int, user_id: str) -> OldRecord:
    return _exchange(chance, number, user_id, conversation_id=f"discord_{user_id}_direct", platform="discord")


def _without_time(chance: random.Random, number: int, user_id: str) -> OldRecord:
    item = _exchange(chance, number, user_id)
    item.metadata["timestamp"] = ""
    return attrs.evolve(item, record_id=f"{user_id}_imported_{number}", occurred_at=None)


def _fact(chance: random.Random, number: int, user_id: str) -> OldRecord:
    subject, time = chance.choice(_SUBJECTS), _when(chance)
    text = f"likes {subject}"
    base = {"user_id": user_id, "timestamp": time.isoformat()}
    kind, document, metadata = (
        ("fact", f"User fact: {text}\nContext: chat", {"type": "user_fact", "fact": text}),
        ("auto_fact", f"Auto-extracted fact: {text}", {"type": "user_fact", "fact": text, "confidence": 0.8}),
        (
            "personality",
            f"Personality fact [interest]: {text}\nPersonality relevance: high (0.9)",
            {"type": "personality_fact", "content": text, "extraction_confidence": 0.7},
        ),
        (
            "phase4",
            f"Phase 4 insight [depth]: {text}\nRelevance: 0.310 (Phase 4 calculated)",
            {"fact_type": "depth", "source": "phase4_profiler", "channel_id": "dm"},
        ),
    )[number % 4]
    return OldRecord(
        record_id=f"{user_id}_{kind}_{time.isoformat()}_{number}",
        document=document,
        metadata={**base, **metadata},
        becomes="fact",
        user_id=user_id,
        user_message=text,
        bot_response="",
        occurred_at=_aware(time),
    )


def _global(chance: random.Random, number: int, _: str) -> OldRecord:
    text, time = f"The bot lives in {chance.choice(_SUBJECTS)}", _when(chance)
    return OldRecord(
        record_id=f"global_fact_{time.isoformat()}_{number}",
        document=f"Global fact: {text}",
        metadata={"timestamp": time.isoformat(), "type": "global_fact", "fact": text, "added_by": "admin"},
        becomes="fact",
        user_id="global",
        user_message=text,
        bot_response="",
        occurred_at=_aware(time),
        audience="shared",
        collection="global_facts",
    )


def _odd(chance: random.Random, number: int, user_id: str) -> OldRecord:
    item = _exchange(chance, number, user_id)
    match number % 6:
        case 0:
            item.metadata["user_message"] = "a\x00b"
            return attrs.evolve(item, user_message="a\ufffdb")
        case 1:
            del item.metadata["user_id"]
            return attrs.evolve(item, becomes="rejected", user_id=None)
        case 2:
            item.metadata["timestamp"] = "the other day"
            return item
        case 3:
            item.metadata["bot_response"] = ""
            return attrs.evolve(item, bot_response="", document=f"User: {item.user_message}\nAssistant: ")
        case 4:
            item.metadata["user_id"] = 123
            return attrs.evolve(item, user_id="123")
        case _:
            item.metadata.update(user_message="", bot_response=" ")
            return attrs.evolve(item, becomes="rejected", document="User: \nAssistant: ")
