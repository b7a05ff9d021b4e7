"""Settings: a fault is named with the path of its setting; nothing is guessed."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from talktiers import ConfigurationError, PrivacyPolicy, Settings, open_memory
from talktiers.adapters.in_memory.summary_index import InMemorySummaryIndex
from talktiers.domain.projection import Projection
from talktiers.entrypoints.configuration import load_settings

IN_MEMORY = {name: {"backend": "in_memory"} for name in ("archive", "cache", "lexical", "summaries", "graph")}
QUIET: dict[str, Any] = {**IN_MEMORY, "embedder": {"backend": "off"}}
DERIVED = [projection.value for projection in Projection]


def fault(source: Any, **environment: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(source, environment=environment)
    return str(caught.value)


@pytest.fixture
def toml(tmp_path: Path) -> Any:
    def write(text: str) -> Path:
        path = tmp_path / "talktiers.toml"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return write


def test_nothing_given_is_the_embedded_memory_in_this_folder() -> None:
    assert load_settings(None, environment={}) == Settings()
    assert Settings().sqlite.path == "talktiers.db"
    assert Settings().sqlite.synchronous == "FULL"


def test_ready_settings_are_taken_as_they_are() -> None:
    settings = Settings()
    assert load_settings(settings, environment={"TALKTIERS_SQLITE_PATH": "other.db"}) is settings


def test_a_mapping_is_taken_as_it_is() -> None:
    given = {"context": {"max_chars": 2000, "shares": {"recent": 0.2}}, "privacy": {"policy": "user"}}
    settings = load_settings(given, environment={"TALKTIERS_CONTEXT_MAX_CHARS": "5"})
    assert settings.context.max_chars == 2000
    assert settings.context.shares.recent == 0.2
    assert settings.privacy.policy is PrivacyPolicy.USER
    assert settings.search == Settings().search


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Settings().sqlite.path = "other.db"  # type: ignore[misc]


# --- misspelt keys -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "path", "nearest"),
    [
        ({"sqllite": {}}, "sqllite", "sqlite"),
        ({"sqlite": {"pth": "bot.db"}}, "sqlite.pth", "path"),
        ({"context": {"deadlin_ms": 50}}, "context.deadlin_ms", "deadline_ms"),
        ({"context": {"shares": {"recnt": 0.2}}}, "context.shares.recnt", "recent"),
        ({"projector": {"batchsize": 5}}, "projector.batchsize", "batch_size"),
    ],
)
def test_a_misspelt_key_is_named_with_its_path_and_the_nearest(given: Any, path: str, nearest: str) -> None:
    text = fault(given)
    assert f"{path} is not a setting" in text
    assert f"did you mean {nearest}?" in text


def test_a_key_like_none_gets_a_list_of_those_that_are_known() -> None:
    text = fault({"sqlite": {"zzz": 1}})
    assert "sqlite.zzz" in text
    assert all(name in text for name in ("path", "synchronous", "readers"))


def test_a_section_that_is_no_table_is_named() -> None:
    assert "sqlite must be a table" in fault({"sqlite": "bot.db"})
    assert "context.shares must be a table" in fault({"context": {"shares": 5}})


# --- types and ranges ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"projector": {"in_process": "false"}}, "projector.in_process"),
        ({"projector": {"in_process": 0}}, "projector.in_process"),
        ({"sqlite": {"readers": 8.9}}, "sqlite.readers"),
        ({"sqlite": {"readers": "8"}}, "sqlite.readers"),
        ({"sqlite": {"readers": True}}, "sqlite.readers"),
        ({"sqlite": {"readers": None}}, "sqlite.readers"),
        ({"sqlite": {"path": 5}}, "sqlite.path"),
        ({"sqlite": {"path": None}}, "sqlite.path"),
        ({"sqlite": {"synchronous": "full"}}, "sqlite.synchronous"),
        ({"sqlite": {"synchronous": "OFF"}}, "sqlite.synchronous"),
        ({"search": {"decay": "strong"}}, "search.decay"),
        ({"privacy": {"policy": "open"}}, "privacy.policy"),
        ({"context": {"deadline_ms": "100"}}, "context.deadline_ms"),
        ({"context": {"deadline_ms": True}}, "context.deadline_ms"),
        ({"context": {"max_chars": 0}}, "max_chars"),
        ({"context": {"deadline_ms": float("nan")}}, "deadline_ms"),
        ({"cache": {"size": -1}}, "size"),
        ({"cache": {"ttl_s": 0}}, "ttl_s"),
        ({"cache": {"ttl_s": float("nan")}}, "ttl_s"),
        ({"sqlite": {"busy_timeout_s": float("inf")}}, "busy_timeout_s"),
        ({"archive": {"backend": "off"}}, "archive.backend"),
        ({"context": {"shares": {"recent": 5}}}, "shares"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_path(given: Any, path: str) -> None:
    assert path in fault(given)


def test_a_whole_number_may_stand_for_a_number() -> None:
    deadline_ms = load_settings({"context": {"deadline_ms": 50}}).context.deadline_ms
    assert deadline_ms == 50
    assert isinstance(deadline_ms, float)


def test_every_fault_is_named_at_once() -> None:
    text = fault({"sqlite": {"readers": "8", "synchronous": "OFF"}, "search": {"decay": 5}})
    assert all(path in text for path in ("sqlite.readers", "sqlite.synchronous", "search.decay"))


# --- environment ---------------------------------------------------------------------------------------------------


def test_variables_override_the_defaults_and_a_file(toml: Any) -> None:
    path = toml("""
        [sqlite]
        path = "file.db"
        readers = 3
    """)
    variables = {
        "TALKTIERS_SQLITE_PATH": "variable.db",
        "TALKTIERS_PROJECTOR_IN_PROCESS": "No",
        "TALKTIERS_PROJECTOR_BATCH_SIZE": "7",
        "TALKTIERS_CONTEXT_DEADLINE_MS": "12.5",
        "TALKTIERS_CONTEXT_SHARES_RECENT": "0.2",
        "TALKTIERS_PRIVACY_POLICY": "user",
        "PATH": "/bin",
    }
    settings = load_settings(path, environment=variables)
    assert (settings.sqlite.path, settings.sqlite.readers) == ("variable.db", 3)
    assert settings.projector.in_process is False
    assert settings.projector.batch_size == 7
    assert settings.context.deadline_ms == 12.5
    assert settings.context.shares.recent == 0.2
    assert settings.privacy.policy is PrivacyPolicy.USER


def test_an_address_overrides_a_variable() -> None:
    variables = {"TALKTIERS_SQLITE_PATH": "variable.db", "TALKTIERS_SQLITE_READERS": "3"}
    settings = load_settings("sqlite:///address.db", environment=variables)
    assert (settings.sqlite.path, settings.sqlite.readers) == ("address.db", 3)


@pytest.mark.parametrize("text", ["true", "TRUE", "1", "yes", "on"])
def test_true_is_written_in_a_few_ways(text: str) -> None:
    settings = load_settings(None, environment={"TALKTIERS_PRIVACY_SHARE_BETWEEN_BOTS": text})
    assert settings.privacy.share_between_bots is True


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("TALKTIERS_PRIVACY_SHARE_BETWEEN_BOTS", "maybe"),
        ("TALKTIERS_PRIVACY_SHARE_BETWEEN_BOTS", ""),
        ("TALKTIERS_SQLITE_READERS", "8.9"),
        ("TALKTIERS_SQLITE_READERS", "many"),
        ("TALKTIERS_CONTEXT_DEADLINE_MS", "soon"),
    ],
)
def test_a_variable_that_does_not_fit_is_named(variable: str, text: str) -> None:
    assert variable in fault(None, **{variable: text})


def test_a_misspelt_variable_is_named_with_the_nearest() -> None:
    text = fault(None, TALKTIERS_SQLITE_PAHT="bot.db")
    assert "TALKTIERS_SQLITE_PAHT" in text
    assert "did you mean TALKTIERS_SQLITE_PATH?" in text


# --- files and addresses -------------------------------------------------------------------------------------------


def test_a_toml_file_is_read(toml: Any) -> None:
    path = toml("""
        [sqlite]
        path = "bot.db"
        synchronous = "NORMAL"
        [context.shares]
        recent = 0.3
    """)
    settings = load_settings(path, environment={})
    assert (settings.sqlite.path, settings.sqlite.synchronous) == ("bot.db", "NORMAL")
    assert settings.context.shares.recent == 0.3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[sqlite\n", "not valid TOML"),
        ("[sqlite]\npth = 1\n", "sqlite.pth"),
        ("[sqlite]\nreaders = '1'", "sqlite.readers"),
    ],
)
def test_a_fault_in_a_file_names_the_file_and_the_place(toml: Any, text: str, told: str) -> None:
    path = toml(text)
    error = fault(path)
    assert told in error
    assert path.name in error


def test_a_file_that_is_not_there_or_is_not_text_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"
    assert str(missing) in fault(missing)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    assert str(binary) in fault(binary)
    folder = tmp_path / "folder.toml"
    folder.mkdir()
    assert str(folder) in fault(folder)


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("sqlite:///bot.db", "bot.db"),
        ("sqlite:////data/bot.db", "/data/bot.db"),
        ("sqlite:///my%20bot.db", "my bot.db"),
        ("bot.db", "bot.db"),
        ("/data/bot", "/data/bot"),
        (Path("/data/bot.sqlite"), "/data/bot.sqlite"),
    ],
)
def test_addresses_and_paths_name_the_database(address: Any, path: str) -> None:
    assert load_settings(address, environment={}).sqlite.path == path


def test_an_address_in_memory_keeps_no_file() -> None:
    settings = load_settings("memory://", environment={})
    assert {getattr(settings, name).backend for name in IN_MEMORY} == {"in_memory"}


@pytest.mark.parametrize(
    "address", ["sqlite://", "sqlite:///", "sqlite://bot.db", "redis://localhost", "://", "http://x/y.db"]
)
def test_an_address_that_is_none_is_refused_with_what_would_be_one(address: str) -> None:
    assert "sqlite:///bot.db" in fault(address)


@pytest.mark.parametrize("source", [5, b"bot.db", ["bot.db"]])
def test_a_source_of_another_type_is_refused(source: Any) -> None:
    assert type(source).__name__ in fault(source)


# --- backends ------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def own_summaries(settings: Settings, resources: Any, embedder: Any) -> AsyncIterator[InMemorySummaryIndex]:
    """A backend of somebody else."""
    opened.append("summaries")
    yield InMemorySummaryIndex()
    opened.append("closed")


opened: list[str] = []
not_a_function = 5


async def test_a_backend_is_named_by_its_dotted_path() -> None:
    opened.clear()
    async with open_memory({**QUIET, "summaries": {"backend": f"{__name__}:own_summaries"}}) as memory:
        conversation_id = await memory.store_conversation("ana", "My sister moved to Porto", "How exciting!")
        await memory.settle(timeout_s=10)
        summaries = memory._open.tiers.summaries
        assert summaries is not None
        assert await summaries.conversation_ids(tenant_id="default", user_id="ana") == {conversation_id}
    assert opened == ["summaries", "closed"]


@pytest.mark.parametrize(
    ("tier", "backend", "told"),
    [
        ("cache", "rediss", ["cache.backend", "rediss", "sqlite", "in_memory", "off", "package.module:function"]),
        ("archive", "mysql", ["archive.backend", "mysql", "sqlite"]),
        ("embedder", "none", ["embedder.backend", "none", "auto", "static", "off"]),
        ("graph", "no_such_module:open", ["graph.backend", "no_such_module"]),
        ("graph", f"{__name__}:missing", ["graph.backend", "missing"]),
        ("graph", f"{__name__}:not_a_function", ["graph.backend", "not_a_function"]),
        ("graph", ":", ["graph.backend"]),
        ("graph", "", ["graph.backend"]),
    ],
)
async def test_an_unknown_backend_is_named_with_what_may_be_chosen(tier: str, backend: str, told: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        async with open_memory({**QUIET, tier: {"backend": backend}}):
            raise AssertionError("it was opened")
    assert all(part in str(caught.value) for part in told), str(caught.value)


@pytest.mark.parametrize("off", [[name] for name in DERIVED] + [DERIVED], ids="+".join)
async def test_the_memory_works_without_a_tier_that_is_switched_off(off: list[str], tmp_path: Path) -> None:
    settings = {
        "sqlite": {"path": str(tmp_path / "memory.db")},
        "embedder": {"backend": "off"},
        **{name: {"backend": "off"} for name in off},
    }
    async with open_memory(settings) as memory:
        conversation_id = await memory.store_conversation("ana", "My sister moved to Porto", "How exciting!")
        await memory.settle(timeout_s=10)
        assert {projection.value for projection in memory._open.tiers.derived} == set(DERIVED) - set(off)
        assert all(item.waiting == 0 for item in await memory._open.tiers.outbox.backlog())
        bundle = await memory.get_conversation_context("ana", "where does my sister live?", deadline_ms=10_000)
        assert "Porto" in bundle.to_context_string()
        assert [item.conversation_id for item in await memory.get_user_conversation_history("ana")] == [conversation_id]
        await memory.search("ana", "Porto")
        await memory.interests("ana")
        await memory.stats()
        await memory.health()
        with pytest.raises(ConfigurationError):
            await memory.rebuild(off[0])
        assert (await memory.forget_user("ana")).complete


async def test_a_backend_that_cannot_be_opened_leaves_nothing_open(tmp_path: Path) -> None:
    settings = {
        "sqlite": {"path": str(tmp_path / "memory.db")},
        "embedder": {"backend": "off"},
        "graph": {"backend": f"{__name__}:refusing"},
    }
    memory = open_memory(settings)
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="it will not"):
            await memory.initialize()
        assert not memory.initialized
    assert not (tmp_path / "memory.db-wal").exists()  # the file was closed


@asynccontextmanager
async def refusing(settings: Settings, resources: Any) -> AsyncIterator[None]:
    """A backend that is not there."""
    if settings.graph.backend:
        raise ConfigurationError("it will not")
    yield


# --- in a process of its own ---------------------------------------------------------------------------------------


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TALKTIERS_")}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip


def test_without_the_vectors_the_memory_finds_words_and_says_so_once(tmp_path: Path) -> None:
    code = """
        import asyncio, importlib.util
        from talktiers import open_memory

        find = importlib.util.find_spec
        importlib.util.find_spec = lambda name, package=None: None if name == "wordllama" else find(name, package)

        async def main():
            for user in ("ana", "ben"):
                async with open_memory("memory.db") as memory:
                    stored = await memory.store_conversation(user, "My sister moved to Porto", "How exciting!")
                    await memory.settle()
                    found = await memory.search(user, "Porto")
                    print([item.conversation_id for item in found] == [stored])

        asyncio.run(main())
    """
    done = run(code, tmp_path)
    assert done.stdout.split() == ["True", "True"]
    assert done.stderr.count("LexicalOnly") == 1
    assert "pip install 'talktiers[static]'" in done.stderr


async def test_vectors_that_are_demanded_and_missing_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, package=None: None if name == "wordllama" else find(name, package)
    )
    async with AsyncExitStack() as stack:
        with pytest.raises(ConfigurationError, match="static"):
            await stack.enter_async_context(open_memory({**QUIET, "embedder": {"backend": "static"}}))
