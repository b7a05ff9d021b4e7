"""The README and the documents hold what they say: code runs, commands exist, links lead somewhere."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from talktiers import HierarchicalMemoryManager
from talktiers.entrypoints.configuration import load_settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(language: str, *, document: str = README) -> list[str]:
    """A document's code blocks in a language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", document, flags=re.MULTILINE | re.DOTALL)


def run(block: str, folder: Path) -> str:
    """Standard output of a block that is run as a reader would: saved as a file in an empty folder."""
    (folder / "bot.py").write_text(block, encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TALKTIERS_")}
    command = [sys.executable, "-W", "error", "bot.py"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_first_code_remembers_the_sister(tmp_path: Path) -> None:
    shown = run(blocks("python")[0], tmp_path)

    assert "My sister moved to Porto" in shown
    assert (tmp_path / "talktiers.db").exists()


def test_second_code_stores_once_keeps_the_secret_and_forgets(tmp_path: Path) -> None:
    assert run(blocks("python")[1], tmp_path).splitlines() == [
        "stored already, with another answer",
        "1 found in a direct message, 0 in a public channel",
        "all forgotten: True",
    ]


def test_third_code_imports_once_what_the_line_above_it_shows(tmp_path: Path) -> None:
    (line,) = re.findall(r'`(\{"user_id".*?\})`', README)
    (tmp_path / "conversations.jsonl").write_text(f"{line}\n", encoding="utf-8")

    assert run(blocks("python")[2], tmp_path) == "1 stored, 0 there already, 0 rejected\n"
    assert run(blocks("python")[2], tmp_path) == "0 stored, 1 there already, 0 rejected\n"


def test_code_of_the_page_of_calls_runs_and_prints_what_it_says(tmp_path: Path) -> None:
    assert [run(block, tmp_path) for block in blocks("python", document=API)] == [
        "True\n",
        "['system', 'user']\n",
        "1 forgotten, complete: True\n",
    ]


def test_every_python_block_is_tested() -> None:
    assert len(blocks("python")) == 3
    elsewhere = [path for path in DOCUMENTS if path.name not in {"README.md", "api.md"}]
    assert [path.name for path in elsewhere if "```python" in path.read_text(encoding="utf-8")] == []


def test_page_of_calls_names_every_call_and_every_argument() -> None:
    calls = {
        name: call
        for name, call in inspect.getmembers(HierarchicalMemoryManager, inspect.isfunction)
        if not name.startswith("_")
    }
    words = set(re.findall(r"\w+", API))
    arguments = {name for call in calls.values() for name in inspect.signature(call).parameters} - {"self"}

    assert calls.keys() - words == set()
    assert arguments - words == set()


def test_settings_example_shows_the_defaults(tmp_path: Path) -> None:
    (block,) = blocks("toml")
    path = tmp_path / "talktiers.toml"
    path.write_text(block.replace('path = "bot.db"', ""), encoding="utf-8")

    assert load_settings(path, environment={}) == load_settings(None, environment={})


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", README, flags=re.MULTILINE))

    assert {"demo", "test"} <= named <= targets


def test_command_line_overview_names_every_command_and_no_other() -> None:
    command = [sys.executable, "-m", "talktiers.entrypoints.cli", "--help"]
    shown = subprocess.run(command, cwd=ROOT / "tests", capture_output=True, text=True, timeout=60, check=True).stdout
    commands = set(re.findall(r"^  ([a-z]+) ", shown.partition("Commands:")[2], flags=re.MULTILINE))

    assert set(re.findall(r"`talktiers ([a-z]+)", README)) == commands


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8"))

    assert [target for target in targets if not (document.parent / target).exists()] == []
