"""Which collection holds whom, and what its name says.

All of a user's records lie in one of a fixed number of collections: a collection for each user costs the server some
4 MB of memory, and one for all makes every search as slow as the whole is big.

The name holds the embedder and the number of collections. Under another embedder or another number everything is looked
for, and written, in collections of other names: nothing is mixed up and nothing lost, a rebuild fills the new ones.
"""

from __future__ import annotations

import hashlib
import json
import re

import attrs

from ...domain.errors import ConfigurationError

_PREFIX = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?")
_NAME = re.compile(
    r"(?P<prefix>[A-Za-z0-9_-]+)\.(?P<generation>(?:[0-9a-f]{12}|none)\.(?P<collections>\d{1,4}))\.\d{1,4}"
)
_MOST_COLLECTIONS = 1000
"""With as many every query takes ten times as long as with a hundred, and the server 4 GB of memory."""
_NO_EMBEDDER = "none"
_DIGEST_BYTES = 16


def digest(*parts: str) -> str:
    """32 hexadecimal digits that stand for these texts in this order, and for no others."""
    told = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
    return hashlib.blake2b(told.encode(), digest_size=_DIGEST_BYTES).hexdigest()


def owner_of(*, tenant_id: str, user_id: str) -> str:
    """What stands for a user in every record, whatever the layout."""
    return digest(tenant_id, user_id)


@attrs.frozen(kw_only=True)
class Generation:
    """Collections that were made for one embedder and one number of collections.

    Attributes:
        label: as it stands in their names.
    """

    prefix: str
    label: str
    collections: int

    def collection_of(self, owner: str) -> str:
        """Name of the collection that a user's records lie in."""
        return f"{self.prefix}.{self.label}.{int(owner, 16) % self.collections}"


@attrs.frozen(kw_only=True)
class Layout:
    """How one memory's records are spread over a database.

    Attributes:
        prefix: what the names begin with; memories that share a database need one each.
        fingerprint: of the embedder; ``None`` without one.
        dimensions: of its vectors.
        collections: how many.

    Raises:
        ConfigurationError: an argument is malformed.
    """

    prefix: str
    fingerprint: str | None
    dimensions: int | None
    collections: int

    def __attrs_post_init__(self) -> None:
        if not _PREFIX.fullmatch(self.prefix):
            raise ConfigurationError("prefix must consist of at most 64 letters, digits, '-' and '_'")
        if not 1 <= self.collections <= _MOST_COLLECTIONS:
            raise ConfigurationError(f"collections must be from 1 to {_MOST_COLLECTIONS}")
        if (self.fingerprint is None) != (self.dimensions is None):
            raise ValueError("fingerprint and dimensions belong to one embedder: give both or neither")

    @property
    def generation(self) -> Generation:
        """The collections that are read and written now."""
        embedder = _NO_EMBEDDER
        if self.fingerprint is not None:
            embedder = digest(self.fingerprint, str(self.dimensions))[:12]
        return Generation(prefix=self.prefix, label=f"{embedder}.{self.collections}", collections=self.collections)

    @property
    def width(self) -> int:
        """Dimensions of the vectors that Chroma holds; it demands one with every record."""
        return 1 if self.dimensions is None else self.dimensions

    def generation_named(self, name: str) -> Generation | None:
        """The generation that a collection belongs to, an outdated one maybe; ``None``: it is not of this memory."""
        found = _NAME.fullmatch(name)
        if found is None or found["prefix"] != self.prefix or not int(found["collections"]):
            return None
        return Generation(prefix=self.prefix, label=found["generation"], collections=int(found["collections"]))
