"""The old ChromaDB store as a source, wherever it is."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..adapters.sources.legacy_chroma import LegacyChroma
from ..adapters.sources.legacy_lines import LegacyLines
from ..adapters.sources.legacy_store import OpenableLegacyStore
from ..domain.errors import ConfigurationError
from ..domain.legacy_records import LegacyRules

_SCHEMES: Final = ("http://", "https://")
_DATABASE: Final = "chroma.sqlite3"


def legacy_chroma(location: str, *, rules: LegacyRules, token: str | None = None) -> LegacyChroma:
    """The source.

    Args:
        location: the folder that the old bot stored in, the address of a server, or a file of single records.
        token: for a server.

    Raises:
        ConfigurationError: Chroma is not installed.
        MigrationError: a malformed address.
    """
    return LegacyChroma(place=_place(location, token), rules=rules)


def _place(location: str, token: str | None) -> OpenableLegacyStore:
    path = Path(location)
    is_address = location.startswith(_SCHEMES)
    if not is_address and path.name == _DATABASE:
        path = path.parent
    if not is_address and path.is_file():
        return LegacyLines(path=location)
    try:
        from ..adapters.sources.legacy_chroma_places import ChromaAddress, ChromaDirectory
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"reading a ChromaDB store needs ChromaDB ({error.name} is missing): pip install 'talktiers[chroma]'"
        ) from error
    return ChromaAddress(url=location, token=token) if is_address else ChromaDirectory(path=str(path))
