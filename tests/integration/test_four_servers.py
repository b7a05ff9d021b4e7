"""A memory on Redis, PostgreSQL, Chroma and Neo4j behaves as one in a single file does, in every mixture of the two."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from command_line import environment, type_in
from four_servers import BACKENDS, FourServers

from talktiers import ContextBundle, HierarchicalMemoryManager, open_memory
from talktiers.domain.assembly_metadata import TierStatus

START = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
SAID = (
    "My sister Lena moved to Porto for a new job",
    "The honey harvest of my beekeeping was great this year",
    "I play the violin in an orchestra on Thursdays",
    "Our dog Bruno hates the vet",
    "My beekeeping club meets in the garden of a neighbour",
    "We cooked a risotto with mushrooms from the forest",
)
QUESTIONS = ("Where does my sister live?", "How is the beekeeping going?", "Which pet do we have?", "music instrument")
CHANNEL: Mapping[str, str] = {"channel_id": "club", "server_id": "town", "audience": "public_channel"}
DERIVED = ("cache", "lexical", "summaries", "graph")
PATIENT_MS = 30_000.0
MIXTURES: dict[str, dict[str, str]] = {
    "a file with Redis before it": {"archive": "sqlite", "lexical": "sqlite", "summaries": "sqlite", "graph": "sqlite"},
    "PostgreSQL with the graph in a file": {"graph": "sqlite"},
    "PostgreSQL with its words in a file": {"lexical": "sqlite"},
    "a file with its words in PostgreSQL": {"archive": "sqlite", "cache": "sqlite"},
    "PostgreSQL with a cache in this process": {"cache": "in_memory", "summaries": "in_memory"},
    "an archive in this process with servers behind it": {"archive": "in_memory"},
}


def mixed(servers: FourServers, folder: Path, **backends: str) -> dict[str, dict[str, object]]:
    """Settings on all four, but for these tiers."""
    chosen = {tier: {"backend": backend} for tier, backend in backends.items()}
    return servers.settings(sqlite={"path": str(folder / "bot.db")}, **chosen)


async def tell(memory: HierarchicalMemoryManager, user_id: str = "ana", **given: str) -> list[str]:
    """Stores what was said, a minute after the other; the ids."""
    ids = [
        await memory.store_conversation(
            user_id,
            text,
            "Tell me more",
            {"mood": "good"},
            occurred_at=START + dt.timedelta(minutes=number),
            idempotency_key=f"{user_id}-{number}",
            **given,
        )
        for number, text in enumerate(SAID)
    ]
    await memory.settle(timeout_s=60)
    return ids


async def answers(memory: HierarchicalMemoryManager) -> tuple[list[list[tuple[str, float]]], list[str]]:
    """What each question brings back, with its scores, and what a context says; of equal topics any may come first."""
    found = [await memory.search("ana", question, 3, deadline_ms=PATIENT_MS) for question in QUESTIONS]
    ranked = [[(item.conversation.user_message, round(item.score, 3)) for item in each] for each in found]
    return ranked, sorted(re.split(r"\n|: |, ", (await context(memory)).to_context_string()))


async def context(memory: HierarchicalMemoryManager) -> ContextBundle:
    bundle = await memory.get_conversation_context(
        "ana", "How is the beekeeping going?", 20_000, deadline_ms=PATIENT_MS
    )
    reports = {report.tier: report.status for report in bundle.assembly_metadata.tiers}
    assert reports == dict.fromkeys(("archive", *memory._open.tiers.derived), TierStatus.OK)
    return bundle


async def expect_everything(memory: HierarchicalMemoryManager, ids: list[str]) -> None:
    """Every call tells what was stored."""
    bundle = await context(memory)
    async with asyncio.timeout(10):
        while not bundle.assembly_metadata.cache_hit:  # the first one fills the window
            bundle = await context(memory)
    assert set(bundle.assembly_metadata.sources_used) == {"cache", "lexical", "summaries", "graph"}
    assert {item.conversation_id for item in bundle.recent_messages + bundle.full_conversations} == set(ids)
    assert "beekeeping" in bundle.related_topics + bundle.interests
    history = await memory.get_user_conversation_history("ana", since_days=None)
    assert [item.conversation_id for item in history] == ids[::-1]
    assert [item.metadata for item in history] == [{"mood": "good"}] * len(ids)
    (session,) = await memory.sessions("ana")
    assert list(session.conversation_ids) == ids
    assert [item.conversation_id async for item in memory.export_user("ana")] == ids
    stats = await memory.stats()
    assert stats.total_conversations == len(ids)
    assert all(stats.tier_bytes[tier] > 0 for tier in ("archive", *DERIVED))
    assert not any(item.waiting or item.dead_letters for item in stats.backlog)
    assert (await memory.health()).ok


async def test_every_call_tells_what_was_stored_and_as_a_file_would(four_servers: FourServers, tmp_path: Path) -> None:
    async with open_memory(f"sqlite:///{tmp_path}/bot.db") as embedded:
        await tell(embedded)
        expected = await answers(embedded)
    async with open_memory(four_servers.settings()) as memory:
        ids = await tell(memory)
        await expect_everything(memory, ids)
        assert await answers(memory) == expected
        health = {tier.tier: tier for tier in (await memory.health()).tiers}
    assert {health[tier].address for tier in ("archive", "lexical")} == {
        f"postgresql://{four_servers.postgres_url.partition('@')[2]}"
    }
    assert all(tier.server is not None and tier.server.version for tier in health.values())
    assert not four_servers.secrets & set(repr(health).replace("'", " ").split())
    # What was stored is there for the next process.
    async with open_memory(four_servers.settings()) as memory:
        await expect_everything(memory, ids)
        assert await tell(memory) == ids


@pytest.mark.parametrize("mixture", MIXTURES)
async def test_tiers_of_every_kind_work_together(four_servers: FourServers, tmp_path: Path, mixture: str) -> None:
    async with open_memory(f"sqlite:///{tmp_path}/embedded.db") as embedded:
        await tell(embedded)
        expected = await answers(embedded)
    async with open_memory(mixed(four_servers, tmp_path, **MIXTURES[mixture])) as memory:
        ids = await tell(memory)
        await expect_everything(memory, ids)
        assert await answers(memory) == expected
        receipt = await memory.forget_user("ana")
        assert receipt.complete, receipt.to_json()
        await memory.settle(timeout_s=60)
    left = await four_servers.texts()
    assert not any("violin" in text or "Porto" in text for text in left.values())


async def test_what_is_forgotten_is_left_on_no_server(four_servers: FourServers) -> None:
    async with open_memory(four_servers.settings()) as memory:
        await tell(memory)
        others = await tell(memory, "ben", **CHANNEL)
        before = await four_servers.texts()
        assert all("ana" in before[server] or "violin" in before[server] for server in ("redis", "postgres", "neo4j"))
        assert "violin" in before["chroma"]
        receipt = await memory.forget_user("ana")
        assert receipt.complete, receipt.to_json()
        assert {tier.tier: tier.removed for tier in receipt.tiers} == dict.fromkeys(("archive", *DERIVED), len(SAID))
        # Only Redis keeps nothing of its own accord.
        assert {tier.tier for tier in receipt.tiers if not tier.leaves} == {"cache"}
        await memory.settle(timeout_s=60)
        receipt = await memory.forget_user("ben")
        assert receipt.removed == len(others)
        await memory.settle(timeout_s=60)
    left = await four_servers.texts()
    assert (left["redis"], left["chroma"], left["neo4j"]) == ("", "", "")
    for text in SAID:
        assert text not in left["postgres"]
    tables = {line.partition(":")[0] for line in left["postgres"].splitlines()}
    # Who it was, that there was something, and how long reading took: no word of what was said.
    assert tables <= {"users", "conversation_ids", "retrievals", "schema_versions", "lexical_users"}


async def test_one_conversation_is_forgotten_everywhere_and_the_others_stay(four_servers: FourServers) -> None:
    async with open_memory(four_servers.settings()) as memory:
        ids = await tell(memory)
        receipt = await memory.forget_conversation("ana", ids[2])
        assert receipt.complete, receipt.to_json()
        await memory.settle(timeout_s=60)
        left = await four_servers.texts()
        assert not any("violin" in text or "orchestra" in text for text in left.values())
        for tier in memory._open.tiers.derived.values():
            held = await tier.conversation_ids(tenant_id="default", user_id="ana")
            assert held == {item for item in ids if item != ids[2]}, tier
        found = await memory.search("ana", "violin orchestra", deadline_ms=PATIENT_MS)
        assert ids[2] not in {item.conversation_id for item in found}


async def test_nothing_but_the_archive_does_for_everything_but_finding(four_servers: FourServers) -> None:
    off = {tier: {"backend": "off"} for tier in DERIVED}
    async with open_memory(four_servers.settings(**off)) as memory:
        ids = await tell(memory)
        bundle = await context(memory)
        assert ids[-1] in {item.conversation_id for item in bundle.recent_messages}
        assert await memory.search("ana", "beekeeping", deadline_ms=PATIENT_MS) == []
        assert await memory.interests("ana") == []
        assert (await memory.health()).ok
        assert (await memory.forget_user("ana")).complete
    left = await four_servers.texts()
    assert {server for server, text in left.items() if text} == {"postgres"}


async def test_memories_on_the_same_servers_do_not_see_each_other(four_servers: FourServers) -> None:
    one, other = four_servers.part("a"), four_servers.part("b")
    async with open_memory(one.settings()) as first, open_memory(other.settings()) as second:
        ids = await tell(first)
        assert await second.get_user_conversation_history("ana", since_days=None) == []
        assert await second.search("ana", "beekeeping", deadline_ms=PATIENT_MS) == []
        assert await second.interests("ana") == []
        await second.store_conversation("ana", "I collect stamps", "Which ones?", occurred_at=START)
        await second.settle(timeout_s=60)
        bundle = await second.get_conversation_context("ana", "beekeeping and stamps?", deadline_ms=PATIENT_MS)
        assert "stamps" in bundle.to_context_string()
        assert "beekeeping" not in bundle.to_context_string()
        assert (await second.forget_user("ana")).complete
        assert (await second.stats()).total_conversations == 0
        await expect_everything(first, ids)


PROJECTING = """
import asyncio, json, sys
from talktiers import open_memory

async def main():
    async with open_memory(json.load(sys.stdin)) as memory:
        await memory.settle(timeout_s=60)

asyncio.run(main())
"""


async def test_another_process_carries_into_the_tiers_what_this_one_stores(four_servers: FourServers) -> None:
    settings = four_servers.settings(projector={"in_process": False}, cache={"backend": "redis"})
    async with open_memory(settings) as memory:
        ids = [await memory.store_conversation("ana", text, "Tell me more") for text in SAID]
        # Until then it is found all the same.
        assert await memory.search("ana", "violin", deadline_ms=PATIENT_MS)
        waiting = {item.projection.value: item.waiting for item in (await memory.stats()).backlog}
        assert all(waiting[tier] == len(ids) for tier in ("lexical", "summaries", "graph"))
        await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", PROJECTING],
            input=json.dumps(four_servers.settings()).encode(),
            env=environment(),
            check=True,
            timeout=120,
        )
        for projection, tier in memory._open.tiers.derived.items():
            if projection != "cache":
                assert await tier.conversation_ids(tenant_id="default", user_id="ana") == set(ids)
        await memory.settle(timeout_s=1)


def toml(settings: Mapping[str, Mapping[str, object]]) -> str:
    lines = []
    for section, values in settings.items():
        lines += [f"[{section}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


def test_the_doctor_reports_every_server(four_servers: FourServers, tmp_path: Path) -> None:
    (tmp_path / "talktiers.toml").write_text(toml(four_servers.settings()), encoding="utf-8")
    examined = type_in(tmp_path, "doctor", "--config", "talktiers.toml", new=True)
    assert examined.code == 0, examined.out + examined.err
    rows = {row.split()[1]: row for row in examined.out.splitlines()}
    for tier, backend in BACKENDS.items():
        assert rows[tier].split()[0] == "ok"
        scheme = {"chroma": "http", "neo4j": "bolt", "postgres": "postgresql"}.get(backend, backend)
        assert f"{scheme}://127.0.0.1:" in rows[tier]
        assert " ms" in rows[tier]
        assert "version " in rows[tier]
    for tier in ("archive", "lexical", "graph"):
        assert "schema " in rows[tier]
    assert not any(secret in examined.out + examined.err for secret in four_servers.secrets)


@pytest.mark.parametrize("tier", BACKENDS)
def test_the_doctor_says_of_each_server_that_is_down_what_to_type_and_how_the_others_are(
    four_servers: FourServers, tmp_path: Path, tier: str
) -> None:
    backend = BACKENDS[tier]
    settings = four_servers.settings()
    url = str(settings[backend]["url"])
    port = url.rpartition(":")[2].partition("/")[0]
    settings[backend]["url"] = url.replace(f":{port}", ":1")
    (tmp_path / "talktiers.toml").write_text(toml(settings), encoding="utf-8")
    examined = type_in(tmp_path, "doctor", "--config", "talktiers.toml", "--json")
    assert examined.code == 1
    checks = {check["name"]: check for check in examined.json["checks"]}
    for name, its_backend in BACKENDS.items():
        if its_backend != backend:
            assert checks[name]["status"] == "ok", checks
            continue
        assert checks[name]["status"] == "error"
        assert ":1" in checks[name]["detail"]
        assert ":1" in checks[name]["advice"]
        assert "start" in checks[name]["advice"] or "check that it runs" in checks[name]["advice"]
    assert not any(secret in examined.out + examined.err for secret in four_servers.secrets)


def test_the_doctor_reports_the_servers_beside_a_file_that_is_not_there_yet_and_creates_none(
    four_servers: FourServers, tmp_path: Path
) -> None:
    settings = mixed(four_servers, tmp_path, graph="sqlite")
    (tmp_path / "talktiers.toml").write_text(toml(settings), encoding="utf-8")
    examined = type_in(tmp_path, "doctor", "--config", "talktiers.toml", "--json")
    assert examined.code == 0, examined.err
    checks = {check["name"]: check["status"] for check in examined.json["checks"]}
    assert checks["file"] == "note"
    assert {tier: checks.get(tier) for tier in BACKENDS} == {**dict.fromkeys(BACKENDS, "ok"), "graph": None}
    assert not (tmp_path / "bot.db").exists()
