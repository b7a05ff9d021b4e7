"""The servers of one folder, as scripts and tests start and stop them."""

from __future__ import annotations

import contextlib
import json
import shlex
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from servers.chroma_server import ChromaServer
from servers.neo4j_server import Neo4jServer
from servers.postgres_server import PostgresServer
from servers.process import ServerFailed, Unavailable, free_port
from servers.redis_server import RedisServer
from servers.server import Server

State = dict[str, dict[str, str | int]]
What = Literal["started", "running", "skipped", "failed", "stopped", "not running"]

KINDS: dict[str, type[Server]] = {kind.name: kind for kind in (RedisServer, PostgresServer, ChromaServer, Neo4jServer)}
DEFAULT_FOLDER = Path(__file__).resolve().parent.parent.parent / ".servers"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one server; `detail` says where it serves, or why it does not."""

    name: str
    title: str
    what: What
    detail: str = ""
    seconds: float = 0.0

    @property
    def serves(self) -> bool:
        return self.what in {"started", "running"}


class ServerSet:
    """The servers that keep their data, passwords and logs in one folder.

    Every change is under a lock of the folder: two scripts that start the same server at once start one. What is needed
    to find them again is in `state.json`, what a shell needs in `env.sh`; only their owner can read these.

    Args:
        folder: Made when missing. Each has servers of its own: a test that restarts servers takes a folder of its own,
            so as not to disturb others.
        fsync: Let PostgreSQL wait for the disk at each commit, as a production server does: for measuring.
    """

    def __init__(self, folder: Path = DEFAULT_FOLDER, *, fsync: bool = False) -> None:
        self.folder = folder.absolute()
        self._fsync = fsync
        self._state_access = threading.Lock()

    def start(self, *names: str, report: Callable[[Outcome], None] = lambda _: None) -> list[Outcome]:
        """Start servers side by side: all of them, or those named. One that runs is left as it is.

        One that was stopped by `kill`, or by the end of the machine, starts again with its data, port and password.

        Args:
            *names: Of `KINDS`.
            report: Called in this or another thread as each is done.

        Returns:
            What became of each, in the order of the names. None raises: a machine may lack one and have the others.
        """
        chosen = tuple(dict.fromkeys(names)) or tuple(KINDS)
        with self._locked() as state:

            def start(name: str) -> Outcome:
                outcome = self._start(name, state)
                report(outcome)
                return outcome

            with ThreadPoolExecutor(len(chosen)) as threads:
                return list(threads.map(start, chosen))

    def stop(self, *names: str, keep_data: bool = False) -> list[Outcome]:
        """Stop what runs, and erase its data unless it is to be kept; the next start then takes other passwords."""
        outcomes = []
        with self._locked() as state:
            for name in names or tuple(KINDS):
                began = time.monotonic()
                server = self._server(name, state)
                stopped = server.stop() if keep_data else server.kill()
                if not keep_data:
                    server.erase()
                self._save(state)
                outcomes.append(
                    Outcome(
                        name=name,
                        title=server.title,
                        what="stopped" if stopped else "not running",
                        seconds=time.monotonic() - began,
                    )
                )
        return outcomes

    def restart(self, name: str) -> None:
        """Stop one in order and start it again on its data and port.

        Raises:
            ServerFailed: It was not running, or does not come up again.
            Unavailable: What it needs has gone.
        """
        self._end_running(name, by=Server.stop)
        self._start_again(name)

    def kill(self, name: str) -> None:
        """End one at once, as a power failure would; `start` brings it back on its data and port.

        Raises:
            ServerFailed: It was not running, or does not end.
        """
        self._end_running(name, by=Server.kill)

    @contextlib.contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """One that takes connections and answers nothing, until the end of the block.

        Raises:
            ServerFailed: It is not running.
        """
        server = self._server(name, self._load())
        process = server.process
        if process is None:
            raise ServerFailed(f"{server.title} is not running: python tests/servers/run.py start {name}")
        stopped = (process, *process.children())
        for each in stopped:
            each.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for each in stopped:
                each.signal(signal.SIGCONT)

    def environment(self) -> dict[str, str]:
        """The environment variables of the servers that run now, and where to find them again."""
        state = self._load()
        servers = [self._server(name, state) for name in KINDS]
        variables = {key: value for server in servers if server.process for key, value in server.variables().items()}
        return {"TALKTIERS_TEST_SERVERS": str(self.folder), **variables} if variables else {}

    def status(self) -> list[Outcome]:
        """Whether each runs, and where."""
        state = self._load()
        outcomes = []
        for name in KINDS:
            server = self._server(name, state)
            process = server.process
            detail = f"127.0.0.1:{server.port}, process {process.pid}" if process else ""
            what: What = "running" if process else "not running"
            outcomes.append(Outcome(name=name, title=server.title, what=what, detail=detail))
        return outcomes

    def _start(self, name: str, state: State) -> Outcome:
        began = time.monotonic()
        server = self._server(name, state)
        what: What
        if server.process:
            what, detail = "running", f"127.0.0.1:{server.port}, as before"
        else:
            try:
                server.state.setdefault("port", free_port())
                if self._fsync:
                    server.state["fsync"] = 1
                server.start()
                what, detail = "started", f"127.0.0.1:{server.port}"
            except Unavailable as missing:
                what, detail = "skipped", str(missing)
            except (ServerFailed, OSError) as failure:
                what, detail = "failed", str(failure)
        self._save(state)
        return Outcome(name=name, title=server.title, what=what, detail=detail, seconds=time.monotonic() - began)

    def _end_running(self, name: str, *, by: Callable[[Server], bool]) -> None:
        with self._locked() as state:
            server = self._server(name, state)
            if not by(server):
                raise ServerFailed(f"{server.title} is not running: python tests/servers/run.py start {name}")
            self._save(state)

    def _start_again(self, name: str) -> None:
        with self._locked() as state:
            self._server(name, state).start()

    def _server(self, name: str, state: State) -> Server:
        return KINDS[name](self.folder / name, state[name], save=lambda: self._save(state))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[State]:
        try:
            import fcntl
        except ImportError:
            raise Unavailable("the servers need Linux, macOS or another POSIX system") from None
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self._load()

    def _load(self) -> State:
        try:
            loaded: State = json.loads((self.folder / "state.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            loaded = {}
        return {name: loaded.get(name, {}) for name in KINDS}

    def _save(self, state: State) -> None:
        with self._state_access:
            snapshot = {name: dict(values) for name, values in state.items()}  # the other threads go on
            self._write("state.json", json.dumps(snapshot, indent=2) + "\n")
            exports = (f"export {name}={shlex.quote(value)}\n" for name, value in self.environment().items())
            self._write("env.sh", "".join(exports))

    def _write(self, name: str, text: str) -> None:
        """Whole or not at all, and for its owner only."""
        draft = self.folder / f".{name}"
        draft.touch(mode=0o600)
        draft.write_text(text, encoding="utf-8")
        draft.replace(self.folder / name)
