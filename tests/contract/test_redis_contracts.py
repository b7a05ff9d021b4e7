import contextlib
import uuid
from collections.abc import AsyncIterator

import pytest

from talktiers.adapters.redis.recent_cache import RedisRecentCache
from talktiers.adapters.redis.server import RedisServer
from talktiers.ports.contracts.recent_cache import RecentCacheContract


class TestRedisRecentCache(RecentCacheContract):
    @pytest.fixture(autouse=True)
    def server(self, redis_url: str) -> None:
        self.url = redis_url

    @contextlib.asynccontextmanager
    async def make(self, *, ttl_s: float = 1800) -> AsyncIterator[RedisRecentCache]:
        async with RedisServer(url=self.url, key_prefix=f"test-{uuid.uuid4()}") as server:
            yield RedisRecentCache(server=server, ttl_s=ttl_s)
