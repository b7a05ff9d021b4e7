"""Migration: how fast the old bot's ChromaDB store comes in, beside a plain import of the same conversations."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import chromadb
from chromadb.config import Settings

from talktiers import open_memory
from talktiers.adapters.sources.jsonl import JsonLines
from talktiers.application.import_report import ImportReport
from talktiers.benchmarks.conversations import Talk
from talktiers.benchmarks.report import Figure, Report, Table, number
from talktiers.benchmarks.workspace import USERS, Workspace, say, settings_for
from talktiers.domain.interchange import record_to_json
from talktiers.domain.legacy_records import USER_MEMORIES, LegacyRules
from talktiers.entrypoints.legacy_source import legacy_chroma
from talktiers.ports.conversation_source import ConversationSource, SourcedRecord

RECORDS = 10_000
_PAGE = 1000
_MIB = 1024
_HEAVY = "<Dimension.OPENNESS: 'openness'>: Trait(value=0.4711, confidence=0.0815), " * 80
"""Some 6 KB of analysis a record, as the old bot's last version wrote."""


async def measure(workspace: Workspace) -> Report:
    """Rates until everything is in every tier, and what the process took meanwhile."""
    store, lines = workspace.folder / "chroma_db", workspace.folder / "same.jsonl"
    say(f"making up an old store of {RECORDS:,} records")
    await asyncio.to_thread(_write_store, store)
    source = legacy_chroma(str(store), rules=LegacyRules())
    await _write_lines(source, lines)
    say("importing the same conversations from lines")
    before, resident_plain = await _imported(workspace.folder / "before.db", JsonLines(path=str(lines)))
    say("importing the old store")
    moved, resident = await _imported(workspace.folder / "moved.db", source)
    say("importing the lines once more")
    after, _ = await _imported(workspace.folder / "after.db", JsonLines(path=str(lines)))
    plain = (before + after) / 2  # what else the machine does changes within minutes
    growth = _growth_mib(resident) - _growth_mib(resident_plain)
    return Report(
        tables=[
            Table(
                title=f"{RECORDS:,} conversations, in every tier",
                header=("", "a second"),
                rows=[["plain import", number(plain)], ["old ChromaDB store", number(moved)]],
            )
        ],
        figures=[
            Figure(name="migration", value=moved, unit="/s", bar=">= 300"),
            Figure(name="migration / plain import", value=moved / plain, bar=">= 0.6"),
            Figure(name="second half's growth beside a plain import's", value=growth, unit="MiB", bar="about 0"),
        ],
    )


async def _imported(path: Path, source: ConversationSource) -> tuple[float, list[float]]:
    """Conversations a second, and the process's resident memory in MiB on the way."""
    resident: list[float] = []

    def note(_: ImportReport) -> None:
        resident.append(_resident_mib())

    async with open_memory(settings_for(path)) as memory:
        began = time.perf_counter()
        report = await memory.import_conversations(source, on_progress=_every(512, note))
        await memory.settle()
        return report.stored / (time.perf_counter() - began), resident


def _every(calls: int, function: Callable[[ImportReport], None]) -> Callable[[ImportReport], None]:
    made = 0

    def call(report: ImportReport) -> None:
        nonlocal made
        made += 1
        if made % calls == 0:
            function(report)

    return call


def _write_store(folder: Path) -> None:
    client: Any = chromadb.PersistentClient(path=str(folder), settings=Settings(anonymized_telemetry=False))
    with client:
        collection = client.get_or_create_collection(USER_MEMORIES, embedding_function=None)
        records = list(_records())
        for start in range(0, len(records), _PAGE):
            ids, documents, metadatas = zip(*records[start : start + _PAGE], strict=True)
            collection.add(
                ids=list(ids),
                documents=list(documents),
                metadatas=list(metadatas),
                embeddings=[[0.5] * 8] * len(ids),
            )


def _records() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for place, item in enumerate(Talk(users=USERS, seed=5).exchanges(RECORDS)):
        written = item.occurred_at.astimezone(dt.UTC).replace(tzinfo=None).isoformat()
        metadata = {
            "user_id": item.user_id,
            "timestamp": written,
            "channel_id": "dm",
            "user_message": item.user_message,
            "bot_response": item.bot_response,
            "detected_emotion": "neutral",
            "confidence": 0.5,
            **({"dynamic_personality_personality_traits": _HEAVY} if place % 3 == 0 else {}),
        }
        document = f"User: {item.user_message}\nAssistant: {item.bot_response}"
        yield f"{item.user_id}_{written}_{place}", document, metadata


async def _write_lines(source: ConversationSource, path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        async with aclosing(source.read()) as items:
            async for item in items:
                if isinstance(item, SourcedRecord):
                    file.write(json.dumps(record_to_json(item.record), default=dict) + "\n")


def _growth_mib(resident: list[float]) -> float:
    """Of the second half; what the memory itself keeps of what was stored is in it, whatever the source."""
    return resident[-1] - resident[len(resident) // 2]


def _resident_mib() -> float:
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / _MIB
    return 0.0
