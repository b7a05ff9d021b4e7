"""The file is rewritten when something was erased, once, and not otherwise: writes wait meanwhile."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from talktiers import open_memory
from talktiers.adapters.sqlite import database, purging


@pytest.fixture
def rewritten(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """One item for each time that a file was rewritten."""
    times: list[object] = []

    def counted(connection: sqlite3.Connection) -> bool:
        times.append(connection)
        return purging.rewrite(connection)

    monkeypatch.setattr(database, "rewrite", counted)
    return times


async def test_forgetting_who_is_not_known_does_not_rewrite_the_file(tmp_path: Path, rewritten: list[object]) -> None:
    async with open_memory(str(tmp_path / "bot.db")) as memory:
        stored = await memory.store_conversation("ana", "My sister moved to Porto", "How exciting!")
        await memory.settle(timeout_s=10)
        assert (await memory.forget_user("nobody")).complete
        assert (await memory.forget_conversation("nobody", stored)).complete
        await memory.settle(timeout_s=10)
    assert rewritten == []


async def test_one_forgetting_rewrites_the_file_once_for_all_its_tiers(tmp_path: Path, rewritten: list[object]) -> None:
    async with open_memory(str(tmp_path / "bot.db")) as memory:
        await memory.store_conversation("ana", "My sister moved to Porto", "How exciting!")
        await memory.settle(timeout_s=10)
        assert (await memory.forget_user("ana")).complete
        await memory.settle(timeout_s=10)
    assert len(rewritten) == 1
