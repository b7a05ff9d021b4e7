"""``talktiers demo``: the main job, with nothing to prepare, and what it tells to type next."""

import shlex
from pathlib import Path

from command_line import type_in


def test_it_needs_nothing_shows_three_contexts_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = type_in(tmp_path, "demo", new=True)
    assert done.code == 0, done.err
    assert done.out.count("Asked in") == 3
    assert done.out.count("sources:") == 3
    first, second, third = done.out.split("Asked in")[1:]
    assert "Porto" in first
    assert "19 June" in first
    assert "walnuts" in second
    context = third[: third.index("sources:")]
    assert "museum" not in context
    assert "“museum” is in the context of a direct message and not in this one" in third
    assert list(tmp_path.iterdir()) == []


def test_json_says_that_the_private_matter_stayed_out(tmp_path: Path) -> None:
    done = type_in(tmp_path, "demo", "--json").json
    assert [item["private_stays_out"] for item in done["questions"]] == [None, None, True]
    assert 40 <= done["stored"]["stored"] <= 60
    for item in done["questions"]:
        assert item["context"]
        assert item["metadata"]["retrieval_time_ms"] > 0
        assert item["metadata"]["sources_used"]


def test_what_it_tells_to_type_next_works_as_it_stands(tmp_path: Path) -> None:
    told = type_in(tmp_path, "demo").out.split("What to type next")[1].strip().splitlines()
    assert len(told) >= 5
    for command in told:
        program, *arguments = shlex.split(command)
        if program == "python":
            assert arguments[:2] == ["-m", "talktiers"]
            arguments = arguments[2:]
        done = type_in(tmp_path, *arguments, answer="yes\n")
        assert done.code == 0, (command, done.err)
        assert done.out or "export" in command, command


def test_on_a_kept_database_it_can_be_repeated(tmp_path: Path) -> None:
    first = type_in(tmp_path, "demo", "--db", "my demo.db", "--json").json["stored"]
    again = type_in(tmp_path, "demo", "--db", "my demo.db", "--json").json["stored"]
    assert (again["stored"], again["already_there"]) == (0, first["stored"])
    assert "--db 'my demo.db'" in type_in(tmp_path, "demo", "--db", "my demo.db").out
