"""The command line as a user types it."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
from command_line import COMMAND, TIMEOUT_S, environment, line, on_terminal, type_in, write_lines

from talktiers import ConfigurationError, InvalidConversation, open_memory
from talktiers.entrypoints.cli import talktiers
from talktiers.entrypoints.cli.output import columns_taken

COMMANDS = sorted(talktiers.commands)
SECRET = "resignation"
CLUB = ("--channel", "boathouse", "--server", "club", "--audience", "public_channel")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database of a few conversations. Tests that change it take a copy."""
    folder = tmp_path_factory.mktemp("filled")
    club = {"audience": "public_channel", "channel_id": "boathouse", "server_id": "club"}
    write_lines(
        folder / "chats.jsonl",
        line("My sister Lena moved to Porto", "How exciting!", occurred_at="2025-03-01T10:00:00+01:00"),
        line(f"I wrote my {SECRET} letter", "A big step.", occurred_at="2025-03-02T10:00:00+01:00"),
        line("The regatta is on 10 May", "Noted.", occurred_at="2025-03-03T10:00:00+01:00", **club),
        line("The regatta needs a trailer", "Jonas has one.", occurred_at="2025-03-04T10:00:00+01:00", **club),
        line("Never stored for Ada", user_id="bea"),
    )
    done = type_in(folder, "import", "jsonl", "chats.jsonl", "--db", "bot.db")
    assert done.code == 0, done.err
    return folder


@pytest.fixture
def folder(filled: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    for file in filled.glob("bot.db*"):
        shutil.copy(file, tmp_path)
    return tmp_path


def typed_commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """What is typed, with the words before it, and what it runs."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from typed_commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


@pytest.mark.parametrize(("command", "run"), list(typed_commands(talktiers)))
def test_help_explains_with_an_example(command: str, run: click.Command) -> None:
    text = " ".join((run.help or "").split())
    assert f"Example: talktiers {command}" in text
    options = {option for parameter in run.params for option in parameter.opts}
    opens_a_memory = {"--db", "--config"} if command != "init" else set()
    assert {"--json"} | opens_a_memory <= options


def test_help_can_be_typed(tmp_path: Path) -> None:
    done = type_in(tmp_path, "--help", new=True)
    assert done.code == 0
    assert all(command in done.out for command in COMMANDS)
    assert type_in(tmp_path, "search", "-h").out.startswith("Usage:")


def test_the_context_alone_is_on_standard_output_and_keeps_its_limit(filled: Path) -> None:
    done = type_in(
        filled, "context", "ada", "where does my sister live?", "--db", "bot.db", "--max-chars", "500", new=True
    )
    assert done.code == 0
    assert "Lena moved to Porto" in done.out
    assert len(done.out.rstrip("\n")) <= 500
    assert "sources:" in done.err
    assert "bea" not in done.out


def test_json_holds_the_same_context_with_its_sources_and_times(filled: Path) -> None:
    done = type_in(filled, "context", "ada", "where does my sister live?", "--db", "bot.db", "--json")
    assert "Lena moved to Porto" in done.json["context"]
    metadata = done.json["metadata"]
    assert metadata["context_chars"] == len(done.json["context"])
    assert metadata["retrieval_time_ms"] > 0
    assert {tier["status"] for tier in metadata["tiers"].values()} <= {"ok", "skipped", "stale"}
    assert metadata["sources_used"]


def test_search_ranks_and_scripts_can_read_it(filled: Path) -> None:
    done = type_in(filled, "search", "ada", "regatta trailer", "--db", "bot.db", "--limit", "2")
    rows = [row.split("\t") for row in done.out.splitlines()]
    assert [row[3] for row in rows] == ["The regatta needs a trailer", "The regatta is on 10 May"]
    assert float(rows[0][0]) >= float(rows[1][0])


def test_a_private_matter_does_not_come_up_in_a_public_channel(filled: Path) -> None:
    question = f"what about my {SECRET} letter and the regatta?"
    for command in (("context", "ada", question), ("search", "ada", question), ("explain", "ada", question),
                    ("history", "ada"), ("topics", "ada")):  # fmt: skip
        private = type_in(filled, *command, "--db", "bot.db", "--json")
        public = type_in(filled, *command, "--db", "bot.db", "--json", *CLUB)
        assert SECRET in private.out.replace(question, ""), command
        assert public.code == 0, public.err
        assert "regatta" in public.out.replace(question, ""), command
        assert SECRET not in public.out.replace(question, ""), command


def test_explain_names_the_tier_and_cost_of_every_line(filled: Path) -> None:
    explained = type_in(filled, "explain", "ada", "where does my sister live?", "--db", "bot.db", "--json").json
    context = type_in(filled, "context", "ada", "where does my sister live?", "--db", "bot.db", "--json").json
    assert "\n".join(item["text"] for item in explained["lines"]) == context["context"]
    shown = [item for item in explained["lines"] if item["conversation_id"]]
    assert shown
    assert all(item["tiers"] and item["cost_chars"] == len(item["text"]) + 1 for item in shown)
    printed = type_in(filled, "explain", "ada", "where does my sister live?", "--db", "bot.db")
    assert "Lena" in printed.out


def test_history_is_newest_first_and_pages(filled: Path) -> None:
    first = type_in(filled, "history", "ada", "--db", "bot.db", "--limit", "3", "--json").json
    rest = type_in(filled, "history", "ada", "--db", "bot.db", "--json", "--before", first[-1]["conversation_id"]).json
    times = [item["occurred_at"] for item in [*first, *rest]]
    assert times == sorted(times, reverse=True)
    assert len(times) == 4


def test_topics_are_what_the_user_talks_about(filled: Path) -> None:
    found = type_in(filled, "topics", "ada", "--db", "bot.db", "--json").json
    assert any("regatta" in item["label"] for item in found)


@pytest.mark.parametrize(
    "command", [("context", "nobody", "hello?"), ("search", "nobody", "hello?"), ("explain", "nobody", "hello?"),
                ("history", "nobody"), ("topics", "nobody"), ("export", "nobody"), ("forget", "nobody", "--yes")],
)  # fmt: skip
def test_nothing_found_has_an_exit_code_of_its_own(folder: Path, command: tuple[str, ...]) -> None:
    done = type_in(folder, *command, "--db", "bot.db", "--json")
    assert done.code == 3
    assert "no" in done.err
    assert "Traceback" not in done.err
    if done.out:
        json.loads(done.out)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("search", "ada"), "Missing argument 'QUERY'"),
        (("search", "ada", "x", "--limit", "0"), "--limit"),
        (("serach", "ada", "x"), "No such command 'serach'"),
        (("search", "", "x", "--db", "bot.db"), "user_id is empty"),
        (("search", "ada", "x", "--db", "bot.db", "--audience", "public_channel"), "needs a channel_id or a server_id"),
        (("history", "ada", "--db", "bot.db", "--before", "12"), "conversation_id"),
        (("stats", "--db", "typo.db"), "/typo.db: import something first"),
        (("export", "ada", "--db", "bot.db", "-o", "nope/x"), "/nope does not exist"),
        (("export", "ada", "--db", "bot.db", "-o", "bot.db/x"), "/bot.db is no folder"),
        (("export", "ada", "--db", "bot.db", "-o", ".", "--force"), "is a folder"),
        (("stats", "--db", "bot.db", "--config", "a.toml"), "both given"),
        (("stats", "--config", "none.toml"), "there is no such file"),
        (("rebuild", "archive", "--db", "bot.db"), "'archive' is not one of"),
        (("forget", "ada", "--conversation", "12", "--yes", "--db", "bot.db"), "conversation_id"),
        (("eval", "nowhere"), "does not exist"),
    ],
)
def test_wrong_input_says_what_to_mend(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    done = type_in(folder, *arguments, "--json") if arguments[0] != "serach" else type_in(folder, *arguments)
    assert done.code == 2
    assert done.err.startswith("error: ")
    assert said in done.err
    assert done.out == ""
    assert not (folder / "typo.db").exists()


def test_a_misspelt_setting_is_named_with_its_path(folder: Path) -> None:
    (folder / "talktiers.toml").write_text('[sqlite]\npath = "bot.db"\nsynchronus = "FULL"\n')
    done = type_in(folder, "stats", "--config", "talktiers.toml")
    assert done.code == 2
    assert "talktiers.toml: sqlite.synchronus" in done.err
    (folder / "talktiers.toml").write_text('[sqlite]\npath = "bot.db"\n')
    assert type_in(folder, "--config", "talktiers.toml", "stats", "--json").json["total_conversations"] == 5


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database, but long enough to be taken for a header of one\n" * 50)
    before = (tmp_path / "notes.txt").read_bytes()
    done = type_in(tmp_path, "history", "ada", "--db", "notes.txt")
    assert done.code == 2
    assert "not an SQLite database" in done.err
    assert (tmp_path / "notes.txt").read_bytes() == before
    examined = type_in(tmp_path, "doctor", "--db", "notes.txt", "--json")
    assert (examined.code, examined.json["ok"]) == (1, False)


ESCAPE = "\x1b[2J\x1b]0;title\x07 \x9b31m \u202egnp.exe marmalade"


def test_stored_terminal_escapes_never_reach_the_terminal(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", line(ESCAPE, ESCAPE, user_name=ESCAPE, metadata={"mood": ESCAPE}))
    assert type_in(tmp_path, "import", "jsonl", "a.jsonl").code == 0
    commands = [("context", "ada", ESCAPE), ("search", "ada", ESCAPE), ("explain", "ada", ESCAPE),
                ("history", "ada"), ("topics", "ada")]  # fmt: skip
    outputs = [type_in(tmp_path, *command) for command in commands]
    outputs += [type_in(tmp_path, *command, "--json") for command in commands[2:4]]
    outputs += [type_in(tmp_path, "export", "ada"), type_in(tmp_path, "forget", ESCAPE, answer="no")]
    for done in outputs:
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", done.out + done.err)
        assert "marmalade" in done.out + done.err
    assert json.loads(outputs[-2].out)["user_message"] == ESCAPE


def test_an_export_comes_back_whole_in_another_database_and_changes_nothing_in_its_own(folder: Path) -> None:
    exported = type_in(folder, "export", "ada", "--db", "bot.db")
    assert exported.code == 0
    write_lines(folder / "ada.jsonl", *exported.out.splitlines())
    assert type_in(folder, "import", "jsonl", "ada.jsonl", "--db", "other.db", "--json").json["stored"] == 4
    assert type_in(folder, "export", "ada", "--db", "other.db").out == exported.out
    again = type_in(folder, "import", "jsonl", "ada.jsonl", "--db", "bot.db", "--json")
    assert (again.code, again.json["stored"], again.json["already_there"]) == (0, 0, 4), again.err


def test_an_export_does_not_overwrite_a_file_unless_forced(folder: Path) -> None:
    (folder / "ada.jsonl").write_text("precious")
    refused = type_in(folder, "export", "ada", "--db", "bot.db", "--output", "ada.jsonl")
    assert refused.code == 2
    assert "--force" in refused.err
    assert (folder / "ada.jsonl").read_text() == "precious"
    done = type_in(folder, "export", "ada", "--db", "bot.db", "--output", "ada.jsonl", "--force", "--json")
    assert done.json["conversations"] == 4
    assert len((folder / "ada.jsonl").read_text().splitlines()) == 4
    assert (folder / "ada.jsonl").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("link", [None, os.symlink, os.link])
@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_no_command_writes_over_the_memory_that_it_reads(
    folder: Path, suffix: str, link: Callable[[Path, Path], None] | None
) -> None:
    (folder / "talktiers.toml").write_text('[sqlite]\npath = "bot.db"\n')
    write_lines(folder / "more.jsonl", line("one more"))
    output = folder / f"bot.db{suffix}"
    if link is not None:
        output.touch()
        output = folder / "elsewhere"
        link(folder / f"bot.db{suffix}", output)
    before = (folder / "bot.db").read_bytes()
    for command in (
        ("export", "ada", "--force", "--db", "bot.db", "--output"),
        ("export", "ada", "--force", "--config", "talktiers.toml", "--output"),
        ("import", "jsonl", "more.jsonl", "--db", "bot.db", "--rejects"),
    ):
        done = type_in(folder, *command, str(output))
        assert (done.code, done.out) == (2, ""), command
        assert "is the database itself" in done.err
    assert (folder / "bot.db").read_bytes() == before


def test_an_export_beside_a_database_with_the_name_of_a_part_of_it_leaves_that_alone(folder: Path) -> None:
    (folder / "bot.db").rename(folder / "ada.jsonl.part")
    done = type_in(folder, "export", "ada", "--db", "ada.jsonl.part", "--output", "ada.jsonl")
    assert done.code == 0, done.err
    assert type_in(folder, "history", "ada", "--db", "ada.jsonl.part").code == 0
    assert {file.name for file in folder.iterdir()} == {"ada.jsonl", "ada.jsonl.part"}


def test_an_export_does_not_replace_what_is_no_regular_file(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    done = type_in(folder, "export", "ada", "--force", "--db", "bot.db", "--output", "pipe")
    assert done.code == 2
    assert "no regular file" in done.err
    assert (folder / "pipe").is_fifo()


def test_without_a_command_the_help_is_printed_as_it_is(tmp_path: Path) -> None:
    done = type_in(tmp_path, new=True)
    assert (done.code, done.out) == (2, "")
    assert done.err == type_in(tmp_path, "--help", new=True).out


@pytest.mark.parametrize("columns", [40, 80])
def test_on_a_terminal_no_line_is_wrapped_and_ids_can_be_typed_back(folder: Path, columns: int) -> None:
    write_lines(folder / "wide.jsonl", line("昨日は台所でねこを見た。" * 9, "ねこ！" * 40), line("猫 ねこ " * 20, ""))
    assert type_in(folder, "import", "jsonl", "wide.jsonl", "--db", "bot.db").code == 0
    asked = ("where does my sister live? ねこ", "--db", "bot.db")
    known = {item["conversation_id"] for item in type_in(folder, "history", "ada", "--db", "bot.db", "--json").json}
    for command in (("search", "ada", *asked), ("explain", "ada", *asked), ("history", "ada", "--db", "bot.db")):
        written = on_terminal(folder, *command, columns=columns)
        lines = [text for text in written.splitlines() if not text.startswith(("question: ", "context: "))]
        assert max(map(columns_taken, lines)) < columns, command
        assert known & set(re.findall("[0-9a-f]{8}-[0-9a-f-]{27}", written)), command
        assert "Lena" in written, command


def test_on_a_terminal_a_hit_takes_two_lines_with_both_messages(filled: Path) -> None:
    first, second = on_terminal(filled, "search", "ada", "trailer", "--limit", "1", "--db", "bot.db").splitlines()
    assert re.fullmatch(r"[01]\.\d{3}  2025-03-04 10:00\+01:00  [0-9a-f-]{36}", first)
    assert second == "  The regatta needs a trailer → Jonas has one."


def test_the_advice_names_the_memory_that_is_damaged(folder: Path) -> None:
    (folder / "cut.db").write_bytes((folder / "bot.db").read_bytes()[:20480])
    (folder / "cut.toml").write_text('[sqlite]\npath = "cut.db"\n')
    for chosen in (("--db", "cut.db"), ("--config", "cut.toml")):
        done = type_in(folder, "stats", *chosen)
        assert done.code == 1
        assert f"doctor {' '.join(chosen)}\n" in done.err


@pytest.mark.parametrize(
    "command", [("stats",), ("doctor",), ("history", "ada"), ("search", "ada", "cat"), ("export", "ada")]
)
def test_a_backup_that_is_read_only_is_left_alone_and_how_to_copy_it_is_said(
    folder: Path, command: tuple[str, ...]
) -> None:
    (folder / "bot.db").chmod(0o444)
    done = type_in(folder, *command, "--db", "bot.db")
    assert done.code in {1, 2}
    copying = re.search(r"\((cp .*)\)", done.err)
    assert copying is not None
    assert [file.name for file in folder.iterdir()] == ["bot.db"]
    subprocess.run(copying[1], shell=True, cwd=folder, check=True)
    assert type_in(folder, *command, "--db", "copy.db").code in {0, 3}


WITHOUT_VECTORS = """
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *package: None if name == "wordllama" else find(name, *package)
"""
"""What a program begins with in which the package is not installed."""


def without_vectors(folder: Path, program: str, *arguments: str) -> str:
    """What such a program writes to standard error."""
    command = [sys.executable, "-c", WITHOUT_VECTORS + program, *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, env=environment(), check=True, timeout=TIMEOUT_S
    ).stderr.decode()


def test_missing_vectors_are_one_note_and_only_where_it_matters(folder: Path) -> None:
    program = "import sys\nfrom talktiers.entrypoints.cli import main\nsys.exit(main(sys.argv[1:]))"
    noted = without_vectors(folder, program, "search", "ada", "regatta", "--db", "bot.db")
    assert noted == (
        "note: The static word vectors are not installed: pip install 'talktiers[static]'. "
        "Until then the memory finds words, not meanings.\n"
    )
    for command in (("history", "ada"), ("stats",), ("export", "ada")):
        assert "vectors" not in without_vectors(folder, program, *command, "--db", "bot.db"), command


def test_in_a_program_the_warning_about_missing_vectors_points_at_its_own_line(tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text(
        "import asyncio, talktiers\n"
        "async def main():\n"
        "    async with talktiers.open_memory('memory://'):\n"
        "        pass\n"
        "asyncio.run(main())\n"
    )
    warned = without_vectors(tmp_path, "import runpy\nrunpy.run_path('bot.py', run_name='__main__')")
    assert warned.startswith("bot.py:3: LexicalOnly: The static word vectors are not installed")


def test_a_reader_that_goes_away_does_not_leave_a_traceback(folder: Path) -> None:
    write_lines(folder / "many.jsonl", *(line(f"{item} " + "x" * 500, user_id="long") for item in range(400)))
    assert type_in(folder, "import", "jsonl", "many.jsonl", "--db", "bot.db").code == 0
    with subprocess.Popen(
        [*COMMAND, "export", "long", "--db", "bot.db"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    ) as exporting:  # fmt: skip
        assert exporting.stdout is not None
        exporting.stdout.readline()
        exporting.stdout.close()
        assert exporting.stderr is not None
        assert exporting.stderr.read() == b""
        assert exporting.wait(timeout=30) == 1


@pytest.mark.parametrize("answer", ["no\n", "y\n", "", "bea\n"])
def test_forgetting_needs_yes_or_the_user_id(folder: Path, answer: str) -> None:
    done = type_in(folder, "forget", "ada", "--db", "bot.db", answer=answer)
    assert done.code == 1
    assert "nothing was erased" in done.err
    assert type_in(folder, "stats", "--db", "bot.db", "--json").json["total_conversations"] == 5


@pytest.mark.parametrize("answer", ["yes\n", "ada\n"])
def test_forgetting_erases_everywhere_and_prints_a_receipt(folder: Path, answer: str) -> None:
    done = type_in(folder, "forget", "ada", "--db", "bot.db", "--json", answer=answer)
    assert done.code == 0, done.err
    receipt = done.json
    assert receipt["complete"]
    assert not any(tier["leaves"] for tier in receipt["tiers"])
    assert {tier["tier"]: tier["remaining"] for tier in receipt["tiers"]} == dict.fromkeys(
        ("archive", "cache", "lexical", "summaries", "graph"), 0
    )
    assert next(tier["removed"] for tier in receipt["tiers"] if tier["tier"] == "archive") == 4
    assert type_in(folder, "history", "ada", "--db", "bot.db").code == 3
    assert type_in(folder, "history", "bea", "--db", "bot.db").code == 0
    assert not any(SECRET.encode() in file.read_bytes() for file in folder.glob("bot.db*"))


def test_one_conversation_can_be_forgotten(folder: Path) -> None:
    newest, *_ = type_in(folder, "history", "ada", "--db", "bot.db", "--json").json
    done = type_in(folder, "forget", "ada", "--conversation", newest["conversation_id"], "--yes", "--db", "bot.db")
    assert done.code == 0, done.err
    left = type_in(folder, "history", "ada", "--db", "bot.db", "--json").json
    assert newest["conversation_id"] not in {item["conversation_id"] for item in left}
    assert len(left) == 3


def test_stats_tell_what_is_stored(filled: Path) -> None:
    figures = type_in(filled, "stats", "--db", "bot.db", "--json").json
    assert figures["total_conversations"] == 5
    assert set(figures["tier_bytes"]) == {"archive", "cache", "lexical", "summaries", "graph"}
    assert all(item["waiting"] == 0 for item in figures["backlog"].values())
    assert "conversations\t5" in type_in(filled, "stats", "--db", "bot.db").out


def test_the_doctor_finds_everything_in_order_and_creates_nothing(filled: Path, tmp_path: Path) -> None:
    done = type_in(filled, "doctor", "--db", "bot.db", "--json")
    assert (done.code, done.json["ok"]) == (0, True), done.out
    found = {check["name"]: check for check in done.json["checks"]}
    assert {"file", "schema", "sqlite", "synchronous", "archive", "cache", "lexical", "summaries", "graph"} <= set(
        found
    )
    assert found["synchronous"]["detail"] == "FULL"
    assert found["archive"]["detail"].endswith(" ms")
    fresh = type_in(tmp_path, "doctor", "--json")
    assert fresh.code == 0
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_says_what_to_type_where_a_file_is_of_a_newer_version(folder: Path) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(folder / "bot.db")) as connection:
        connection.execute("PRAGMA user_version = 999")
    done = type_in(folder, "doctor", "--db", "bot.db")
    assert done.code == 1
    assert "version 999" in done.out
    assert "pip install --upgrade talktiers" in done.err


def test_rebuilt_tiers_answer_as_before(folder: Path) -> None:
    asked = ("context", "ada", "where does my sister live?", "--db", "bot.db", "--json")
    before = type_in(folder, *asked).json["context"]
    for tier in ("cache", "lexical", "summaries", "graph"):
        done = type_in(folder, "rebuild", tier, "--db", "bot.db", "--json")
        assert (done.code, done.json) == (0, {"tier": tier, "conversations": 5}), done.err
    assert type_in(folder, *asked).json["context"] == before


async def test_wrong_values_from_a_program_are_refused_with_what_to_pass_instead() -> None:
    wrong_settings: Any = 42
    with pytest.raises(ConfigurationError, match="type int: name a path or an address"):
        open_memory(wrong_settings)
    with pytest.raises(ConfigurationError, match="memory://"):
        await open_memory(":memory:").initialize()
    async with open_memory("memory://") as memory:
        metadata: Any = {"when": datetime.now(UTC)}
        with pytest.raises(InvalidConversation, match=r"metadata\.when holds a datetime.*pass \.isoformat\(\)"):
            await memory.store_conversation("ada", "Hi", "Hello", metadata)
        with pytest.raises(InvalidConversation, match="number 2 of 3") as refused:
            await memory.store_conversation("ada", "Hi", "Hello", {"mood": 1, "My Secret": 2, "tone": 3})
        assert "Secret" not in str(refused.value)
