"""The files with which the four servers are started and found: ``compose.yml``, ``.env``, ``talktiers.toml``.

The passwords are made here and stand in ``.env``, for Compose, and in the settings, for this package; both are for their
owner only. The servers take a password over when they make their data, so one that ``.env`` holds already is kept.
"""

from __future__ import annotations

import contextlib
import importlib.resources
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

import attrs

from ..domain.errors import ConfigurationError

ENVIRONMENT_FILE: Final = ".env"
SETTINGS_FILE: Final = "talktiers.toml"
COMPOSE_FILE: Final = "compose.yml"

_SECRETS: Final = ("REDIS_PASSWORD", "POSTGRES_PASSWORD", "CHROMA_TOKEN", "NEO4J_PASSWORD")
_PORTS: Final = {"REDIS_PORT": "6379", "POSTGRES_PORT": "5432", "CHROMA_PORT": "8000", "NEO4J_PORT": "7687"}
"""As compose.yml has them where ``.env`` does not."""
_SECRET_BYTES: Final = 24
"""In hexadecimal: it stands in addresses, files and command lines, and none of these has to quote it."""

_ASSIGNMENT: Final = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*")
_PLAIN: Final = re.compile(r"[!%&(-\[\]-~]+")
"""A value that means the same to Compose, a shell and TOML: printable, and none of " # $ ' and \\."""
_PRIVATE: Final = 0o600
_PUBLIC: Final = 0o644

_ENVIRONMENT_HEADING: Final = (
    "# The passwords of the servers in compose.yml, which keep them: written by `talktiers init`."
)

_SETTINGS: Final = """\
# The four tiers on the servers of compose.yml: written by `talktiers init`. The passwords are those of .env.
# Every other setting has a default; the variable TALKTIERS_REDIS_URL overrides url in [redis], and so on.

[cache]
backend = "redis"

[archive]
backend = "postgres"

[lexical]
backend = "postgres"

[summaries]
backend = "chroma"

[graph]
backend = "neo4j"

[redis]
url = "redis://:{REDIS_PASSWORD}@127.0.0.1:{REDIS_PORT}/0"

[postgres]
url = "postgresql://talktiers:{POSTGRES_PASSWORD}@127.0.0.1:{POSTGRES_PORT}/talktiers"

[chroma]
url = "http://127.0.0.1:{CHROMA_PORT}"
token = {chroma_token}

[neo4j]
url = "bolt://127.0.0.1:{NEO4J_PORT}"
user = "neo4j"
password = {neo4j_password}
"""


@attrs.frozen(kw_only=True)
class ServerFile:
    """A file to be written; what is in it may be secret and is not shown."""

    path: Path
    text: str = attrs.field(repr=False)
    mode: int = _PRIVATE


def server_files(folder: Path) -> list[ServerFile]:
    """The files, of one mind about the passwords. Nothing is written.

    Args:
        folder: where they will stand. A ``.env`` that is there stays as it is, and gets what it lacks.

    Raises:
        ConfigurationError: the ``.env`` that is there cannot be read, or gives a variable twice or in a form that
            cannot be taken over.
    """
    path = folder / ENVIRONMENT_FILE
    before = _read(path)
    found = _assignments(before, path)
    missing = {name: secrets.token_hex(_SECRET_BYTES) for name in _SECRETS if name not in found}
    return [
        ServerFile(path=path, text=_environment(before, missing)),
        ServerFile(path=folder / SETTINGS_FILE, text=_settings({**_PORTS, **found, **missing})),
        ServerFile(path=folder / COMPOSE_FILE, text=_compose(), mode=_PUBLIC),
    ]


def write(file: ServerFile) -> None:
    """Writes a file whole or not at all; what was there is replaced, its rights included.

    Raises:
        OSError: it cannot be written.
    """
    file.path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=file.path.parent, prefix=f".{file.path.name}-")  # for its owner only
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(file.text)
        Path(draft).chmod(file.mode)
        Path(draft).replace(file.path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(draft).unlink()
        raise


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8: put it aside, or write it anew") from error


def _assignments(text: str, path: Path) -> dict[str, str]:
    """What a ``.env`` says about our variables."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        assignment = _ASSIGNMENT.fullmatch(line)
        if not assignment or assignment[1] not in {*_SECRETS, *_PORTS}:
            continue
        name, value = assignment[1], assignment[2]
        if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        if not value:  # as good as none: it is given again, and the last one counts
            continue
        if name in found or not _PLAIN.fullmatch(value):
            raise ConfigurationError(
                f"{path}: {name} must stand there once, and without blanks, quotes, $, \\ and #; or take it out, and it "
                "is made anew"
            )
        found[name] = value
    return found


def _environment(before: str, missing: Mapping[str, str]) -> str:
    if not missing:
        return before
    lines = [before.rstrip("\n"), ""] if before.strip() else []
    lines += [_ENVIRONMENT_HEADING, *(f"{name}={value}" for name, value in missing.items())]
    return "\n".join([*lines, ""])


def _settings(values: Mapping[str, str]) -> str:
    quoted = {name: quote(value, safe="") for name, value in values.items()}
    return _SETTINGS.format(
        **quoted, chroma_token=f'"{values["CHROMA_TOKEN"]}"', neo4j_password=f'"{values["NEO4J_PASSWORD"]}"'
    )


def _compose() -> str:
    package = (__package__ or "").partition(".")[0]
    return (importlib.resources.files(package) / COMPOSE_FILE).read_text(encoding="utf-8")
