"""What is told of an import: while it runs, and at its end."""

from __future__ import annotations

from collections import Counter

import attrs

from ..domain.import_runs import ImportCounts
from ..domain.json_values import JsonObject

MAX_REASONS = 50
"""Kinds of reasons counted apart; a reason may quote what is wrong, so that there are as many as rejections."""
OTHER_REASONS = "other reasons"


@attrs.define(kw_only=True)
class ImportReport:
    """What became of a source's items: total = migrated + facts + placeholders + already_there + rejected.

    Attributes:
        run_id: of the run that is recorded; ``None``: a dry run, or an archive that keeps no runs.
        resumed: whether it went on with an interrupted run, whose items are counted too.
        total: items read, rejected ones included, those of other users left out.
        migrated: new conversations; in a dry run, here and below, what would be new.
        facts: new facts.
        placeholders: what stood for something that the source never had; where one side was real, that is stored.
        placeholders_stored: how many of those are new.
        already_there: known with the same content: duplicates.
        rejected: unreadable, refused, or in conflict with what is stored.
        reasons: how many were rejected for which reason.
        skipped: belong to other users than the one asked for.
        times_unknown: stored with a time that is a guess; ``time_unknown`` in their processing metadata says so.
        cleaned: stored with a text in which something unstorable was replaced, as their processing metadata says.
        progress: part of the source that is done, 0 to 1; ``None`` where its size is not known.
    """

    source: str
    run_id: str | None = None
    dry_run: bool = False
    resumed: bool = False
    total: int = 0
    migrated: int = 0
    facts: int = 0
    placeholders: int = 0
    placeholders_stored: int = 0
    already_there: int = 0
    rejected: int = 0
    reasons: Counter[str] = attrs.field(factory=Counter)
    skipped: int = 0
    times_unknown: int = 0
    cleaned: int = 0
    progress: float | None = None
    duration_s: float = 0.0

    @property
    def stored(self) -> int:
        """Everything that is new; in a dry run, that would be."""
        return self.migrated + self.facts + self.placeholders_stored

    @property
    def failed(self) -> int:
        """The rejected ones, as migrations call them."""
        return self.rejected

    @property
    def duplicates(self) -> int:
        """Those that are there already, as migrations call them."""
        return self.already_there

    @property
    def success_rate(self) -> float:
        """Part of the items that was not rejected, 0 to 1; 1 where there was none."""
        return self.counts().success_rate

    @property
    def rate_per_s(self) -> float:
        """Items a second, 0 before the first."""
        return self.total / self.duration_s if self.duration_s else 0.0

    @property
    def remaining_s(self) -> float | None:
        """Seconds that the rest will take at this pace; ``None`` where that cannot be told."""
        if not self.progress or not self.duration_s:
            return None
        return self.duration_s * (1 - self.progress) / self.progress

    def rejected_for(self, reason: str) -> None:
        """Counts a rejection."""
        self.rejected += 1
        if reason not in self.reasons and len(self.reasons) >= MAX_REASONS:
            reason = OTHER_REASONS
        self.reasons[reason] += 1

    def counts(self) -> ImportCounts:
        """The counts as they are at the moment."""
        return ImportCounts(
            total=self.total,
            migrated=self.migrated,
            facts=self.facts,
            placeholders=self.placeholders,
            placeholders_stored=self.placeholders_stored,
            duplicates=self.already_there,
            rejected=self.rejected,
            reasons=dict(self.reasons),
            skipped=self.skipped,
            times_unknown=self.times_unknown,
            cleaned=self.cleaned,
        )

    def go_on_from(self, counts: ImportCounts, *, duration_s: float) -> None:
        """Takes over what an interrupted run had counted."""
        self.resumed = True
        self.duration_s = duration_s
        self.total, self.migrated, self.facts = counts.total, counts.migrated, counts.facts
        self.placeholders, self.placeholders_stored = counts.placeholders, counts.placeholders_stored
        self.already_there, self.rejected, self.skipped = counts.duplicates, counts.rejected, counts.skipped
        self.times_unknown, self.cleaned = counts.times_unknown, counts.cleaned
        self.reasons = Counter(counts.reasons)

    def to_json(self) -> JsonObject:
        """The report as plain data."""
        return {
            "source": self.source,
            "run_id": self.run_id,
            "dry_run": self.dry_run,
            "resumed": self.resumed,
            **self.counts().to_json(),
            "already_there": self.already_there,
            "duration_s": round(self.duration_s, 3),
            "rate_per_s": round(self.rate_per_s, 1),
        }
