"""Old records behind a Chroma client. What the client is made of does not matter: nothing of Chroma is imported here."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Final, NoReturn, Protocol

from ...domain.errors import MigrationError
from ...domain.legacy_records import COLLECTIONS, LegacyRecord
from .legacy_store import LegacyStore, OpenableLegacyStore

CALL_TIMEOUT_S: Final = 60.0
"""Of one page or one list of ids; a million ids come in some 10 s."""
_PAUSES_S: Final = (0.5, 1.0, 2.0)
"""Before a call that failed is made again: a server that is being restarted is back by then."""
_REASON_CHARS: Final = 300
_MAX_INT: Final = 2**63


class ChromaClient(Protocol):
    """The one call of a Chroma client that is used; an asynchronous one returns an awaitable."""

    def get_collection(self, name: str, *, embedding_function: None) -> Any:
        """The collection of that name."""
        ...


class GivenClient(OpenableLegacyStore):
    """A store whose client somebody else opened and will close.

    Args:
        repeat: whether a failed call is worth repeating, as with a server.
    """

    def __init__(self, *, client: ChromaClient, name: str = "a Chroma client", repeat: bool = True) -> None:
        self.name = name
        self._client = client
        self._repeat = repeat

    @asynccontextmanager
    async def open(self) -> AsyncIterator[LegacyStore]:
        """The store. It is left when the call that is under way has ended."""
        executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="talktiers-legacy")
        try:
            store = ClientStore(client=self._client, name=self.name, executor=executor, repeat=self._repeat)
            await store.check()
            yield store
        finally:
            await asyncio.to_thread(executor.shutdown, wait=True, cancel_futures=True)


class ClientStore(LegacyStore):
    """Reads ids first and then pages of them: by offset, rows are missed when others are deleted meanwhile."""

    def __init__(self, *, client: ChromaClient, name: str, executor: ThreadPoolExecutor, repeat: bool) -> None:
        self._client = client
        self._name = name
        self._executor = executor
        self._repeat = repeat
        self._collections: dict[str, Any] = {}

    async def check(self) -> None:
        """Looks which of the collections are there.

        Raises:
            MigrationError: none of them is.
        """
        for name in COLLECTIONS:
            # Without an embedding function: any other than the one it was written with is refused.
            collection = await self._call(
                lambda name=name: self._client.get_collection(name, embedding_function=None),  # type: ignore[misc]
                missing_is_none=True,
            )
            if collection is not None:
                self._collections[name] = collection
        if not self._collections:
            raise MigrationError(f"{self._name} has neither of the collections {' and '.join(COLLECTIONS)}")

    async def ids(self, *, collection: str, user_id: str | None = None) -> list[str]:
        found = self._collections.get(collection)
        if found is None:
            return []
        where = None if user_id is None else _of_user(user_id)
        result = await self._call(lambda: found.get(where=where, include=[]))
        return list(result["ids"])

    async def records(self, *, collection: str, ids: Sequence[str]) -> list[LegacyRecord]:
        found = self._collections.get(collection)
        if found is None or not ids:
            return []
        result = await self._call(lambda: found.get(ids=list(ids), include=["metadatas", "documents"]))
        documents = result["documents"] or [None] * len(result["ids"])
        metadatas = result["metadatas"] or [None] * len(result["ids"])
        return [
            LegacyRecord(collection=collection, record_id=record_id, document=document or "", metadata=metadata or {})
            for record_id, document, metadata in zip(result["ids"], documents, metadatas, strict=True)
        ]

    async def _call(self, function: Callable[[], Any], *, missing_is_none: bool = False) -> Any:
        """The result of a call, made on a thread of its own and repeated where that may help.

        Raises:
            MigrationError: it failed every time.
        """
        for pause_s in (*(_PAUSES_S if self._repeat else ()), None):
            try:
                async with asyncio.timeout(CALL_TIMEOUT_S):
                    result = await asyncio.get_running_loop().run_in_executor(self._executor, function)
                    return await result if inspect.isawaitable(result) else result
            except Exception as error:  # noqa: BLE001 - of whatever kind the client's errors are
                if missing_is_none and _is_missing(error):
                    return None
                if pause_s is None:
                    unreadable(self._name, error)
                await asyncio.sleep(pause_s)
            except BaseException as error:
                if type(error).__name__ != "PanicException":  # of Chroma's own library, for a damaged file
                    raise
                unreadable(self._name, error)
        raise AssertionError


def unreadable(name: str, error: BaseException) -> NoReturn:
    """Says that a store cannot be read.

    Raises:
        MigrationError: always.
    """
    said = " ".join(str(error).split())[:_REASON_CHARS]
    raise MigrationError(
        f"{name} cannot be read: {type(error).__name__}{f': {said}' if said else ''};"
        " what was imported is kept, run it again to go on"
    ) from error


def _is_missing(error: Exception) -> bool:
    """Whether there is no such collection: its error's class changed with Chroma's versions, its message did not."""
    return "does not exist" in str(error) or type(error).__name__ == "NotFoundError"


def _of_user(user_id: str) -> Mapping[str, object]:
    """The filter for a user, whose id may be a text or a number there."""
    if not user_id.isascii() or not user_id.isdigit() or str(int(user_id)) != user_id or int(user_id) >= _MAX_INT:
        return {"user_id": user_id}
    return {"$or": [{"user_id": user_id}, {"user_id": int(user_id)}]}
