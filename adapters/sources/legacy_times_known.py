"""The time of an old record that tells none: the earliest one that is known of its user, else of the store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from ...domain.legacy_records import COLLECTIONS, GLOBAL_FACTS, LegacyRecord, LegacyRules, known_time
from .legacy_store import LegacyStore


class EarliestTimes:
    """Looks them up where they are needed, once for each user, page by page."""

    def __init__(self, *, store: LegacyStore, rules: LegacyRules, page_records: int) -> None:
        self._store = store
        self._rules = rules
        self._page_records = page_records
        self._known: dict[tuple[str, str | None], dt.datetime | None] = {}

    async def of(self, record: LegacyRecord, *, user_id: str) -> dt.datetime | None:
        """The time for a record that tells none; ``None``: nothing in the store tells one."""
        # A fact about nobody belongs to no user of the store: it is dated by the others of its kind.
        which = None if record.collection == GLOBAL_FACTS else user_id
        found = await self._earliest((record.collection, which))
        if found is not None:
            return found
        of_store = [time for name in COLLECTIONS if (time := await self._earliest((name, None))) is not None]
        return min(of_store, default=None)

    async def _earliest(self, which: tuple[str, str | None]) -> dt.datetime | None:
        if which not in self._known:
            collection, user_id = which
            ids = await self._store.ids(collection=collection, user_id=user_id)
            self._known[which] = await self._earliest_of(collection, ids)
        return self._known[which]

    async def _earliest_of(self, collection: str, ids: Sequence[str]) -> dt.datetime | None:
        earliest: dt.datetime | None = None
        for start in range(0, len(ids), self._page_records):
            page = ids[start : start + self._page_records]
            for record in await self._store.records(collection=collection, ids=page):
                time = known_time(record, self._rules)
                if time is not None and (earliest is None or time < earliest):
                    earliest = time
        return earliest
