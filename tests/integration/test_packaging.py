"""What is installed is what stands in the tree: checked on a wheel, which leaves out whatever is not listed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LAYERS = ("adapters", "application", "domain", "entrypoints", "ports")
GENERATED = shutil.ignore_patterns("__pycache__", "*.egg-info", "build", "dist", ".*")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree without what is generated: a build leaves files behind, and would take up older ones."""
    copy = tmp_path_factory.mktemp("tree") / "clone"
    shutil.copytree(ROOT, copy, ignore=GENERATED)
    return copy


@pytest.fixture(scope="module")
def wheel(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from the tree, without network: the build back end is the installed one."""
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(tree), cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_holds_every_file_of_the_layers_and_nothing_else(tree: Path, wheel: Path) -> None:
    files = [path for layer in LAYERS for path in (tree / layer).rglob("*") if path.is_file()]
    files += [tree / "compose.yml", tree / "py.typed", *tree.glob("*.py")]
    expected = {f"talktiers/{path.relative_to(tree).as_posix()}" for path in files}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if not re.match(r"talktiers-[^/]+\.dist-info/", name)}

    missing, foreign = sorted(expected - packed), sorted(packed - expected)
    assert not missing, f"`packages` or `package-data` in pyproject.toml leaves out {', '.join(missing)}"
    assert not foreign, f"not part of the package: {', '.join(foreign)}"


def test_every_package_at_the_root_is_a_known_layer() -> None:
    # A further one would be missing from the wheel, and from the test above.
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} == set(LAYERS)


def test_demo_runs_from_the_installed_wheel_outside_the_tree(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    _run(sys.executable, "-m", "venv", "--without-pip", str(environment), cwd=tmp_path)
    python = environment / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check")
    _run(*pip, "install", "--quiet", "--no-index", "--no-deps", str(wheel), cwd=tmp_path)
    site_packages = Path(sysconfig.get_path("purelib", vars={"base": str(environment)}))
    # A plain path: the dependencies are found there, but not the editable install, whose own .pth is not read again.
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    imported = _run(str(python), "-c", "import talktiers; print(talktiers.__file__)", cwd=elsewhere)
    shown = _run(str(environment / "bin" / "talktiers"), "demo", cwd=elsewhere)

    assert Path(imported.strip()) == site_packages / "talktiers" / "__init__.py"
    assert "talktiers" in shown


@pytest.mark.parametrize(
    ("lock", "extras", "groups"),
    [
        ("runtime.txt", ("static",), ("build",)),  # the one file needs no driver
        ("dev.txt", ("static", "redis", "postgres", "chroma", "neo4j"), ("build", "dev")),
        ("lock.txt", None, ("lock",)),
    ],
)
def test_lock_file_satisfies_what_the_project_declares(
    lock: str, extras: tuple[str, ...] | None, groups: tuple[str, ...]
) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = [text for group in groups for text in project["dependency-groups"][group] if isinstance(text, str)]
    if extras is not None:
        declared += project["build-system"]["requires"] + project["project"]["dependencies"]
        declared += [text for extra in extras for text in project["project"]["optional-dependencies"][extra]]
    locked: dict[str, list[Version]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", _lock(lock), flags=re.MULTILINE):
        locked.setdefault(canonicalize_name(name), []).append(Version(version))

    for requirement in map(Requirement, declared):
        if requirement.name != "talktiers":
            versions = locked.get(canonicalize_name(requirement.name), [])
            assert versions, f"{requirement} is not in requirements/{lock}: run `make lock`"
            assert all(version in requirement.specifier for version in versions), requirement


@pytest.mark.parametrize("lock", ["runtime.txt", "dev.txt", "lock.txt"])
def test_lock_file_pins_by_hash_and_names_no_address(lock: str) -> None:
    text = _lock(lock)
    entries = re.split(r"\n(?=\w)", text[text.index("=") :])

    assert "://" not in text
    assert not re.search(r"^\s*(-i|-f|--(extra-)?index-url|--find-links|--trusted-host)\b", text, flags=re.MULTILINE)
    assert all("--hash=sha256:" in entry for entry in entries)


def test_runtime_and_dev_locks_agree() -> None:
    # Both are installed into one environment.
    runtime, dev = (
        set(re.findall(r"^[\w.-]+==\S+", _lock(name), flags=re.MULTILINE)) for name in ("runtime.txt", "dev.txt")
    )

    assert runtime <= dev


def _lock(name: str) -> str:
    return (ROOT / "requirements" / name).read_text(encoding="utf-8")


def _run(*command: str, cwd: Path) -> str:
    """Standard output of a command that must succeed; settings of the caller's Python are kept from it."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "TALKTIERS_", "COV"))
    }
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout
