import contextlib
import secrets
from collections.abc import AsyncIterator
from typing import ClassVar

import pytest

from talktiers.adapters.chroma.server import ChromaServer
from talktiers.adapters.chroma.summary_index import ChromaSummaryIndex
from talktiers.ports.contracts.summary_index import SummaryIndexContract

ONE = 1
"""Collection: all users share it, and what keeps them apart is the filter alone."""


class TestChromaSummaryIndex(SummaryIndexContract):
    url: ClassVar[str]
    token: ClassVar[str | None]

    @contextlib.asynccontextmanager
    async def make(self) -> AsyncIterator[ChromaSummaryIndex]:
        prefix = f"test-{secrets.token_hex(8)}"
        async with ChromaServer(url=self.url, token=self.token) as server:
            yield ChromaSummaryIndex(
                server=server, fingerprint="test-1", dimensions=self.dimensions, collections=ONE, prefix=prefix
            )
            cleaner = ChromaSummaryIndex(server=server, fingerprint=None, dimensions=None, prefix=prefix)
            await cleaner.remove_outdated()


@pytest.fixture(autouse=True, scope="module")
def given(chroma_url: str, chroma_token: str | None) -> None:
    TestChromaSummaryIndex.url, TestChromaSummaryIndex.token = chroma_url, chroma_token
