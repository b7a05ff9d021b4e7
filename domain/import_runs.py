"""An import as the archive remembers it: what was read, how far, and what came of it."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from typing import Final

import attrs

from .errors import BackendCorruption
from .json_values import JsonObject, JsonValue


class RunState(enum.StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    """Under way, or ended by force: the same import again goes on with it."""
    FAILED = "failed"
    """It could not go on; what it stored is stored. The same import again goes on with it."""
    COMPLETED = "completed"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"

    @property
    def unfinished(self) -> bool:
        """Whether the same import goes on with it."""
        return self in (RunState.RUNNING, RunState.FAILED)


@attrs.frozen(kw_only=True)
class ImportCounts:
    """What became of a source's items: total = migrated + facts + placeholders + duplicates + rejected.

    Attributes:
        total: items read, those of other users than the one asked for left out.
        migrated: conversations that are new.
        facts: facts that are new.
        placeholders: what stood for something else; of it new is ``placeholders_stored``, the rest held nothing.
        duplicates: known before with the same content, or there twice.
        rejected: unreadable, refused, or in conflict with what is stored.
        reasons: how many were rejected for which reason.
        skipped: belong to other users than the one asked for.
        times_unknown: stored with a time that is a guess.
        cleaned: stored with a text in which something unstorable was replaced.
    """

    total: int = 0
    migrated: int = 0
    facts: int = 0
    placeholders: int = 0
    placeholders_stored: int = 0
    duplicates: int = 0
    rejected: int = 0
    reasons: Mapping[str, int] = attrs.field(factory=dict)
    skipped: int = 0
    times_unknown: int = 0
    cleaned: int = 0

    @property
    def stored(self) -> int:
        """Everything that is new."""
        return self.migrated + self.facts + self.placeholders_stored

    @property
    def success_rate(self) -> float:
        """Part of the items that were not rejected, 0 to 1; 1 where there was none."""
        return 1 - self.rejected / self.total if self.total else 1.0

    def to_json(self) -> dict[str, JsonValue]:
        """The counts as plain data, which `counts_from_json` reads."""
        return {
            "total": self.total,
            "stored": self.stored,
            "migrated": self.migrated,
            "facts": self.facts,
            "placeholders": self.placeholders,
            "placeholders_stored": self.placeholders_stored,
            "duplicates": self.duplicates,
            "rejected": self.rejected,
            "rejected_by_reason": dict(sorted(self.reasons.items())),
            "skipped": self.skipped,
            "times_unknown": self.times_unknown,
            "cleaned": self.cleaned,
            "success_rate": round(self.success_rate, 4),
        }


_NUMBERS: Final = tuple(field.name for field in attrs.fields(ImportCounts) if field.name != "reasons")


def counts_from_json(value: JsonObject) -> ImportCounts:
    """Reads counts back.

    Raises:
        BackendCorruption: these are none.
    """
    reasons = value.get("rejected_by_reason")
    numbers = {name: number for name in _NUMBERS if isinstance(number := value.get(name), int)}
    if not isinstance(reasons, Mapping) or len(numbers) < len(_NUMBERS):
        raise BackendCorruption("archive", "import_runs", "the counts of an import run are damaged")
    return ImportCounts(
        reasons={reason: number for reason, number in reasons.items() if isinstance(number, int)}, **numbers
    )


@attrs.frozen(kw_only=True)
class ImportRun:
    """One import into one memory.

    Attributes:
        source_format: as it is typed, e.g. ``chroma``.
        source: its name, e.g. a path or an address without a password.
        tenant_id: of records that do not name one.
        user_id: the only user whose conversations were read; ``None``: everybody's.
        checkpoint: the source's cursor behind what is stored; ``None``: the source has none, or nothing is done yet.
        updated_at: when this was written.
    """

    run_id: str
    source_format: str
    source: str
    tenant_id: str
    user_id: str | None
    state: RunState
    started_at: dt.datetime
    updated_at: dt.datetime
    checkpoint: str | None = None
    duration_s: float = 0.0
    counts: ImportCounts = attrs.field(factory=ImportCounts)

    def is_same_import(self, other: ImportRun) -> bool:
        """Whether both read the same for the same."""
        return (self.source_format, self.source, self.tenant_id, self.user_id) == (
            other.source_format,
            other.source,
            other.tenant_id,
            other.user_id,
        )

    def to_json(self) -> dict[str, JsonValue]:
        """The run as plain data."""
        return {
            "run_id": self.run_id,
            "format": self.source_format,
            "source": self.source,
            "tenant_id": self.tenant_id,
            "user_id": self.user_id,
            "state": self.state.value,
            "started_at": self.started_at.isoformat(),
            "updated_at": self.updated_at.isoformat(),
            "duration_s": round(self.duration_s, 3),
            **self.counts.to_json(),
        }
