"""What the layers may use of the world outside; who may import whom among them is import-linter's matter."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import talktiers

ROOT = Path(__file__).parents[2]
DOMAIN_LIBRARIES = {"attr", "attrs", "numpy"}
OUTSIDE_WORLD = {
    "asyncio", "concurrent", "glob", "http", "io", "logging", "multiprocessing", "os", "pathlib", "random", "secrets",
    "select", "selectors", "shutil", "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time",
}  # fmt: skip
"""Standard modules for input and output, clocks, chance, tasks and logs."""
CLOCKS = {"now", "utcnow", "today"}
OPTIONAL = {"asyncpg", "chromadb", "huggingface_hub", "neo4j", "redis", "safetensors", "tokenizers", "wordllama"}


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def outside_imports(path: Path) -> set[str]:
    """Top-level names of the modules that a file imports absolutely; imports inside the package are relative."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            found.add(node.module.partition(".")[0])
    return found


def test_domain_uses_nothing_but_attrs_numpy_and_pure_standard_modules() -> None:
    allowed = DOMAIN_LIBRARIES | (set(sys.stdlib_module_names) - OUTSIDE_WORLD)

    assert {path.name: foreign for path in modules("domain") if (foreign := outside_imports(path) - allowed)} == {}


def test_domain_reads_no_clock() -> None:
    calls = {
        f"{path.name}:{node.lineno}"
        for path in modules("domain")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS
    }

    assert calls == set()


def test_ports_and_use_cases_know_no_driver() -> None:
    drivers = OPTIONAL | {"cattrs", "click", "dependency_injector", "snowballstemmer", "sqlite3"}

    for folder in ("ports", "application"):
        paths = [path for path in modules(folder) if "contracts" not in path.parts]
        assert {path.name: found for path in paths if (found := outside_imports(path) & drivers)} == {}


def test_import_of_the_package_loads_no_driver_of_its_own_adapters() -> None:
    drivers = {"click", "dependency_injector", "importlib.metadata", "snowballstemmer", "sqlite3", *OPTIONAL}
    # What measures the coverage has modules of its own.
    code = (
        f"import sys; before = set(sys.modules); import talktiers; loaded = set(sys.modules) - before;"
        f" print(*sorted({drivers!r} & loaded), *(name for name in loaded if name.startswith('talktiers.adapters')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "tests", capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.split() == []


def test_version_is_the_one_that_is_packaged() -> None:
    packaged = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

    assert talktiers.__version__ == packaged


def test_everything_that_is_exported_exists() -> None:
    assert [name for name in talktiers.__all__ if not hasattr(talktiers, name)] == []
    assert len(talktiers.__all__) == len(set(talktiers.__all__))


@pytest.mark.parametrize("module", ["talktiers", "talktiers.entrypoints.cli"])
def test_import_loads_no_optional_package(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({OPTIONAL!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "tests", capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.split() == []
