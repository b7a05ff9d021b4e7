"""Redis: Debian's."""

from __future__ import annotations

from collections.abc import Mapping

from servers.process import exchange
from servers.programs import program
from servers.server import Server

# A cache as compose.yml has it, which says why.
_SETTINGS = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir {data}
daemonize no
save ""
appendonly no
maxmemory 512mb
maxmemory-policy noeviction
"""


class RedisServer(Server):
    name = "redis"
    title = "Redis"

    def prepare(self) -> None:
        self._program = program("redis-server", packages=["redis-server"])

    def initialise(self) -> None:
        self.data.mkdir(exist_ok=True)

    def command(self) -> list[str]:
        settings = self.folder / "redis.conf"
        settings.touch(mode=0o600)  # before the password is in it
        settings.write_text(_SETTINGS.format(port=self.port, password=self.password, data=self.data), encoding="utf-8")
        return [self._program, str(settings)]

    def ready(self) -> bool:
        return b"+PONG" in exchange(self.port, f"AUTH {self.password}\r\nPING\r\n".encode())

    def variables(self) -> Mapping[str, str]:
        return {"TALKTIERS_TEST_REDIS_URL": f"redis://:{self.password}@127.0.0.1:{self.port}/0"}
