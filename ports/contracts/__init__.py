"""The ports' contracts as test suites, for every adapter, here and elsewhere.

A suite is a class with one method to write: how a fresh, empty adapter is made. Ten lines run it::

    # test_my_cache.py, with pytest, pytest-asyncio (asyncio_mode = "auto") and hypothesis installed
    import contextlib

    from talktiers.ports.contracts.recent_cache import RecentCacheContract

    from my_package import MyCache


    class TestMyCache(RecentCacheContract):
        @contextlib.asynccontextmanager
        async def make(self, *, ttl_s=1800):
            async with MyCache(url="...", ttl_s=ttl_s) as cache:
                yield cache

Settings of the adapter that a suite has to know are attributes of its class, `RecentCacheContract.size`
for one. Where the adapter's clock can be set, override `let_pass`; otherwise the suites wait for real.

Nothing that runs in production imports this package.
"""

import pkgutil

import pytest

# Not the package itself, which is imported already: pytest would warn.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)))
