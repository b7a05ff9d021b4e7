"""``talktiers import`` as a user types it."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest
from command_line import COMMAND, TIMEOUT_S, environment, line, on_terminal, type_in, write_lines

from talktiers.domain.projection import Backlog, Projection
from talktiers.entrypoints.cli.output import ProgressLine, settling

BATCH = 512
"""Lines that are stored together; after them it waits for more."""
TIMES = [f"2025-03-{day:02d}T10:00:00+01:00" for day in range(1, 29)]


def history(folder: Path, user_id: str = "ada") -> list[dict[str, object]]:
    found = type_in(folder, "history", user_id, "--limit", "1000", "--json")
    assert found.code in {0, 3}, found.err
    conversations: list[dict[str, object]] = found.json
    return conversations


def test_everything_is_stored_with_its_time_and_place_and_found_afterwards(tmp_path: Path) -> None:
    write_lines(
        tmp_path / "chats.jsonl",
        line("My sister moved to Porto", "How exciting!", occurred_at=TIMES[0], user_name="Ada", metadata={"mood": 1}),
        line("The regatta is in May", occurred_at=TIMES[1], audience="public_channel", channel_id="c", server_id="s"),
    )
    done = type_in(tmp_path, "import", "jsonl", "chats.jsonl", "--json")
    assert done.code == 0, done.err
    report = done.json
    assert {key: report[key] for key in ("total", "stored", "already_there", "rejected")} == {
        "total": 2,
        "stored": 2,
        "already_there": 0,
        "rejected": 0,
    }
    newest, oldest = history(tmp_path)
    assert (oldest["occurred_at"], oldest["metadata"], oldest["audience"]) == (TIMES[0], {"mood": 1}, "direct")
    assert (newest["audience"], newest["channel_id"], newest["server_id"]) == ("public_channel", "c", "s")
    found = type_in(tmp_path, "search", "ada", "where does my sister live?", "--json")
    assert found.json[0]["conversation"]["user_message"] == "My sister moved to Porto"


def test_importing_twice_stores_nothing_twice_and_says_how_many_were_there(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", line("one"), line("one"), line("two", occurred_at=TIMES[0]))
    assert type_in(tmp_path, "import", "jsonl", "a.jsonl", "--json").json["stored"] == 3
    with (tmp_path / "a.jsonl").open("a") as file:
        file.write(line("three") + "\n")
    again = type_in(tmp_path, "import", "jsonl", "a.jsonl", "--json").json
    assert (again["total"], again["stored"], again["already_there"]) == (4, 1, 3)
    assert [item["user_message"] for item in history(tmp_path)].count("one") == 2
    assert len(history(tmp_path)) == 4


def test_bad_lines_are_reported_with_number_and_reason_kept_and_do_not_stop_the_rest(tmp_path: Path) -> None:
    write_lines(
        tmp_path / "a.jsonl",
        line("good one"),
        "{broken",
        line("bad time", occurred_at="2025-03-01T10:00:00"),
        line("bad key", user_nmae="Ada"),
        line("bad user", user_id="has space"),
        line("good two"),
    )
    done = type_in(tmp_path, "import", "jsonl", "a.jsonl", "--rejects", "bad.jsonl", "--json")
    assert done.code == 1
    assert (done.json["stored"], done.json["rejected"], done.json["total"]) == (2, 4, 6)
    for said in (
        "line 2: not JSON",
        "line 3: occurred_at has no time zone",
        "did you mean 'user_name'?",
        "line 5: user_id",
    ):
        assert said in done.err
    kept = [json.loads(item) for item in (tmp_path / "bad.jsonl").read_text().splitlines()]
    assert sorted(item["position"] for item in kept) == ["line 2", "line 3", "line 4", "line 5"]
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    assert [item["raw"] for item in kept] == [lines[1], *map(json.loads, lines[2:5])]
    assert len(history(tmp_path)) == 2


def test_rejected_lines_are_corrected_in_their_file_and_imported(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", line("good"), line("bad user", user_id="has space"), "{broken")
    assert type_in(tmp_path, "import", "jsonl", "a.jsonl", "--rejects", "bad.jsonl").code == 1
    text = (
        (tmp_path / "bad.jsonl")
        .read_text()
        .replace("has space", "ada")
        .replace("{broken", json.dumps(line("mended"))[1:-1])
    )
    (tmp_path / "bad.jsonl").write_text(text)
    again = type_in(tmp_path, "import", "jsonl", "bad.jsonl", "--json")
    assert (again.json["stored"], again.json["rejected"]) == (2, 0), again.err
    assert {item["user_message"] for item in history(tmp_path)} == {"good", "bad user", "mended"}


def test_everything_of_everybody_goes_out_and_comes_in_as_it_was(tmp_path: Path) -> None:
    write_lines(
        tmp_path / "a.jsonl",
        line("first", occurred_at=TIMES[1], metadata={"mood": {"deep": [1, None]}}, user_name="Ada"),
        line("second", occurred_at=TIMES[0], audience="public_channel", channel_id="c", server_id="s", thread_id="t"),
        line("a fact", "", message_type="fact", occurred_at=TIMES[0], processing_metadata={"time_unknown": True}),
        line("other 🦊", user_id="bea", bot_id="other", session_id="sitting", emotion_data={"joy": 0.5}),
    )
    assert type_in(tmp_path, "import", "jsonl", "a.jsonl").code == 0
    exported = type_in(tmp_path, "export", "--all", "--output", "all.jsonl", "--json")
    assert exported.json["conversations"] == 4
    report = type_in(tmp_path, "import", "jsonl", "all.jsonl", "--db", "b.db", "--json").json
    assert (report["migrated"], report["facts"], report["rejected"]) == (3, 1, 0)
    assert type_in(tmp_path, "export", "--all", "--db", "b.db").out == (tmp_path / "all.jsonl").read_text()
    assert [json.loads(item)["user_message"] for item in type_in(tmp_path, "export", "ada").out.splitlines()] == [
        "first",
        "second",
        "a fact",
    ]
    assert "name a user, or give --all" in type_in(tmp_path, "export").err


def test_an_import_is_listed_and_can_be_taken_back(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", line("first", occurred_at=TIMES[0]))
    write_lines(tmp_path / "b.jsonl", line("first", occurred_at=TIMES[0]), line("second", occurred_at=TIMES[1]))
    for name in ("a.jsonl", "b.jsonl"):
        assert type_in(tmp_path, "import", "jsonl", name).code == 0
    newest, oldest = type_in(tmp_path, "import", "list", "--json").json
    assert (newest["source"], newest["stored"], newest["duplicates"]) == ("b.jsonl", 1, 1)
    assert (oldest["source"], oldest["stored"], oldest["state"]) == ("a.jsonl", 1, "completed")
    assert type_in(tmp_path, "import", "rollback", newest["run_id"], "--json").json["removed"] == 1
    assert [item["user_message"] for item in history(tmp_path)] == ["first"]
    assert type_in(tmp_path, "import", "list", "--json").json[0]["state"] == "rolled_back"
    unknown = type_in(tmp_path, "import", "rollback", "nothing")
    assert (unknown.code, unknown.out) == (1, "")
    assert "there is no import run 'nothing'" in unknown.err


def test_the_same_key_with_other_content_is_rejected_and_the_first_content_stands(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", line("first", idempotency_key="m1"), line("second", idempotency_key="m1"))
    done = type_in(tmp_path, "import", "jsonl", "a.jsonl", "--json")
    assert (done.code, done.json["stored"], done.json["rejected"]) == (1, 1, 1)
    assert [item["user_message"] for item in history(tmp_path)] == ["first"]


def test_a_dry_run_checks_everything_and_leaves_nothing(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", line("good"), line("bad", user_id=""))
    done = type_in(tmp_path, "import", "jsonl", "a.jsonl", "--dry-run", "--json")
    assert (done.code, done.json["stored"], done.json["rejected"], done.json["dry_run"]) == (1, 1, 1, True)
    assert history(tmp_path) == []


def test_only_the_named_user_is_imported(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", line("mine"), line("hers", user_id="bea"))
    done = type_in(tmp_path, "import", "jsonl", "a.jsonl", "--user", "bea", "--json").json
    assert (done["stored"], done["skipped"], done["total"]) == (1, 1, 1)
    assert history(tmp_path) == []
    assert len(history(tmp_path, "bea")) == 1


def test_lines_can_be_piped_in(tmp_path: Path) -> None:
    done = type_in(
        tmp_path, "import", "jsonl", "-", "--json", new=True, answer=f"{line('piped')}\n{line('without end')}"
    )
    assert (done.code, done.json["stored"]) == (0, 2), done.err
    with (write_lines(tmp_path / "a.jsonl", line("redirected"))).open("rb") as file:
        arguments = [*COMMAND, "import", "jsonl", "-", "--json"]
        out = subprocess.run(arguments, cwd=tmp_path, stdin=file, capture_output=True, env=environment(), check=True)
    assert json.loads(out.stdout)["stored"] == 1


def test_equal_times_keep_the_order_of_the_lines(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", *(line(f"number {item}", occurred_at=TIMES[0]) for item in range(300)))
    assert type_in(tmp_path, "import", "jsonl", "a.jsonl").code == 0
    assert [item["user_message"] for item in history(tmp_path)] == [f"number {item}" for item in reversed(range(300))]


def test_killed_and_run_again_every_line_is_there_exactly_once(tmp_path: Path) -> None:
    lines = [line(f"message number {item}", "x" * 500, occurred_at=TIMES[item % 28]) for item in range(3000)]
    write_lines(tmp_path / "a.jsonl", *lines)
    running = subprocess.Popen([*COMMAND, "import", "jsonl", "a.jsonl"], cwd=tmp_path, env=environment())
    try:
        given_up = time.monotonic() + TIMEOUT_S
        while not _stored(tmp_path / "talktiers.db"):
            assert running.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < given_up
    finally:
        running.kill()
        running.wait()
    before = _stored(tmp_path / "talktiers.db")
    assert 0 < before < 3000
    again = type_in(tmp_path, "import", "jsonl", "a.jsonl", "--json").json
    assert again["already_there"] >= before
    assert again["stored"] + again["already_there"] == 3000
    exported = type_in(tmp_path, "export", "ada")
    assert exported.code == 0, exported.err
    assert sorted(json.loads(item)["user_message"] for item in exported.out.splitlines()) == sorted(
        json.loads(item)["user_message"] for item in lines
    )


def _stored(database: Path) -> int:
    """Committed conversations, as another process sees them."""
    if not database.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT COUNT(*) FROM conversations").fetchone()[0])
    except sqlite3.OperationalError:  # the schema is not there yet
        return 0


def test_progress_is_told_in_two_phases_that_never_go_back_and_the_report_names_both_times(tmp_path: Path) -> None:
    texts = (line(f"message {item} about the garden", "x" * 300, occurred_at=TIMES[item % 28]) for item in range(3000))
    write_lines(tmp_path / "a.jsonl", *texts)
    written = on_terminal(tmp_path, "import", "jsonl", "a.jsonl")
    drawn = re.findall(r"\r(storing \(1 of 2\)|making searchable \(2 of 2\)) [█░]+ +(\d+) %", written)
    assert [phase for phase, _ in drawn] == sorted((phase for phase, _ in drawn), reverse=True)
    for label in ("storing (1 of 2)", "making searchable (2 of 2)"):
        percents = [int(percent) for phase, percent in drawn if phase == label]
        assert percents, label
        assert percents == sorted(percents)
    stored = re.search(r"stored in +([\d.]+) s, (\d+)/s", written)
    searchable = re.search(r"searchable after +([\d.]+) s, (\d+)/s", written)
    assert stored is not None
    assert searchable is not None
    assert float(searchable[1]) > float(stored[1])
    assert int(searchable[2]) < int(stored[2])


class Drawn(ProgressLine):
    """Keeps what would be drawn."""

    def __init__(self) -> None:
        super().__init__("")
        self.fractions: list[float | None] = []

    def update(self, text: str, *, fraction: float | None = None) -> None:
        self.fractions.append(fraction)


def test_settling_does_not_seem_to_go_back_when_others_store_meanwhile() -> None:
    drawn = Drawn()
    on_progress = settling(drawn)
    for waiting in (100, 20, 90, 300, 0):
        on_progress([Backlog(projection=Projection.LEXICAL, waiting=waiting, oldest_age_s=1, dead_letters=0)])
    assert drawn.fractions == sorted(drawn.fractions, key=lambda fraction: fraction or 0.0)
    assert drawn.fractions[-1] == 1


@pytest.mark.parametrize("further", [(), ("--user", "bea"), ("--dry-run",)])
def test_nothing_to_import_says_so(tmp_path: Path, further: tuple[str, ...]) -> None:
    write_lines(tmp_path / "a.jsonl", *([line("Ada's")] if "--user" in further else []))
    done = type_in(tmp_path, "import", "jsonl", "a.jsonl", *further)
    assert (done.code, done.out) == (3, "")
    assert "nothing to import" in done.err
    assert type_in(tmp_path, "import", "jsonl", "a.jsonl", *further, "--json").json["stored"] == 0


def test_interrupted_while_it_waits_for_input_it_ends_at_once_with_130(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    running = subprocess.Popen(
        [*COMMAND, "import", "jsonl", "-"], cwd=tmp_path, stdin=reading, stderr=subprocess.PIPE, env=environment()
    )
    try:
        os.write(writing, "".join(f"{line(str(item))}\n" for item in range(BATCH)).encode())
        given_up = time.monotonic() + TIMEOUT_S
        while _stored(tmp_path / "talktiers.db") < BATCH:
            assert running.poll() is None
            assert time.monotonic() < given_up
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=10)
    finally:
        running.kill()
        os.close(reading)
        os.close(writing)
    assert running.returncode == 130
    assert b"run the same command again to go on" in err
    assert b"Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("jsonl", "none.jsonl"), "cannot read none.jsonl: No such file"),
        (("locomo", "none"), "does not exist"),
        (("csv", "a.csv"), "'csv' is not one of"),
    ],
)
def test_what_cannot_be_read_says_so(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = type_in(tmp_path, "import", *arguments, "--json")
    assert done.code in {1, 2}
    assert done.err.startswith("error: ")
    assert said in done.err
    assert done.out == ""
    assert "Traceback" not in done.err
