"""``talktiers init``: what a user needs to start the four servers and to open a memory on them."""

import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from command_line import type_in

FILES = {".env", "talktiers.toml", "compose.yml"}
ROOT = Path(__file__).parents[2]


def variables(folder: Path) -> dict[str, str]:
    lines = (folder / ".env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def settings(folder: Path) -> Mapping[str, Any]:
    return tomllib.loads((folder / "talktiers.toml").read_text(encoding="utf-8"))


def test_files_are_written_and_the_secret_ones_are_private(tmp_path: Path) -> None:
    done = type_in(tmp_path, "init")
    assert done.code == 0, done.err
    assert set(done.out.split()) == FILES == {path.name for path in tmp_path.iterdir()}
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes[".env"] == modes["talktiers.toml"] == 0o600
    assert (tmp_path / "compose.yml").read_bytes() == (ROOT / "compose.yml").read_bytes()


def test_next_commands_can_be_typed_as_they_stand(tmp_path: Path) -> None:
    done = type_in(tmp_path, "init", "my bot")
    said = [line.strip() for line in done.err.splitlines()]
    assert "docker compose --file 'my bot/compose.yml' up --detach --wait" in said
    assert any(line.endswith("doctor --config 'my bot/talktiers.toml'") for line in said)


def test_compose_finds_every_variable_that_it_asks_for(tmp_path: Path) -> None:
    type_in(tmp_path, "init")
    asked = re.findall(r"\$\{(\w+):\?", (tmp_path / "compose.yml").read_text(encoding="utf-8"))
    assert set(asked) == set(variables(tmp_path))


def test_settings_name_every_server_with_its_password(tmp_path: Path) -> None:
    type_in(tmp_path, "init")
    given, written = settings(tmp_path), variables(tmp_path)
    assert urlsplit(given["redis"]["url"]).password == written["REDIS_PASSWORD"]
    assert urlsplit(given["postgres"]["url"]).password == written["POSTGRES_PASSWORD"]
    assert given["chroma"]["token"] == written["CHROMA_TOKEN"]
    assert given["neo4j"]["password"] == written["NEO4J_PASSWORD"]
    assert {
        section: given[section]["backend"] for section in ("cache", "archive", "lexical", "summaries", "graph")
    } == {
        "cache": "redis",
        "archive": "postgres",
        "lexical": "postgres",
        "summaries": "chroma",
        "graph": "neo4j",
    }


def test_passwords_are_long_different_and_made_anew(tmp_path: Path) -> None:
    for folder in ("one", "other"):
        type_in(tmp_path, "init", folder)
    values = [*variables(tmp_path / "one").values(), *variables(tmp_path / "other").values()]
    assert len(set(values)) == len(values) == 8
    assert all(re.fullmatch("[0-9a-f]{48}", value) for value in values)


def test_no_password_is_printed(tmp_path: Path) -> None:
    for arguments in (("init",), ("init", "--force"), ("init", "--force", "--json"), ("init",)):
        done = type_in(tmp_path, *arguments)
        assert not any(value in done.out + done.err for value in variables(tmp_path).values())


@pytest.mark.parametrize("name", sorted(FILES))
def test_nothing_is_written_where_a_file_is_there(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine\n", encoding="utf-8")
    done = type_in(tmp_path, "init")
    assert done.code == 2
    assert name in done.err
    assert "--force" in done.err
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text(encoding="utf-8") == "mine\n"


def test_force_keeps_what_the_servers_and_others_know(tmp_path: Path) -> None:
    mine = "DISCORD_TOKEN='mine own'\nREDIS_PASSWORD=\nexport POSTGRES_PASSWORD=\"p/w@d\"\nREDIS_PORT=6380\n"
    (tmp_path / ".env").write_text(mine, encoding="utf-8")
    (tmp_path / "compose.yml").write_text("old", encoding="utf-8")
    texts = []
    for _ in range(2):
        assert type_in(tmp_path, "init", "--force").code == 0
        texts.append((tmp_path / ".env").read_text(encoding="utf-8"))
    assert texts[0] == texts[1]
    assert texts[0].startswith(mine)
    assert "NEO4J_PASSWORD=" in texts[0]
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert urlsplit(settings(tmp_path)["postgres"]["url"]).password == "p%2Fw%40d"
    redis = urlsplit(settings(tmp_path)["redis"]["url"])
    assert (redis.port, redis.password) == (6380, variables(tmp_path)["REDIS_PASSWORD"])
    assert (tmp_path / "compose.yml").read_bytes() == (ROOT / "compose.yml").read_bytes()


@pytest.mark.parametrize(
    "line", ["NEO4J_PASSWORD=a b", 'NEO4J_PASSWORD="a$b"', "NEO4J_PASSWORD=eins\nNEO4J_PASSWORD=zwei"]
)
def test_a_password_that_cannot_be_taken_over_is_named_and_not_shown(tmp_path: Path, line: str) -> None:
    (tmp_path / ".env").write_text(line, encoding="utf-8")
    done = type_in(tmp_path, "init", "--force")
    assert done.code == 2
    assert "NEO4J_PASSWORD" in done.err
    assert "zwei" not in done.err
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_json_names_the_files_and_what_to_type(tmp_path: Path) -> None:
    done = type_in(tmp_path, "init", "--json")
    assert set(done.json["written"]) == FILES
    assert done.json["next"][-1].endswith("doctor --config talktiers.toml")
    assert done.err == ""


def test_a_memory_cannot_be_named(tmp_path: Path) -> None:
    done = type_in(tmp_path, "--db", "bot.db", "init")
    assert done.code == 2
    assert "--db" in done.err
    assert list(tmp_path.iterdir()) == []
