"""What the four servers have in common."""

from __future__ import annotations

import abc
import contextlib
import secrets
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from servers.process import Process, ServerFailed, detach, known, log_tail, wait_until

PASSWORD_BYTES = 18  # 24 characters, none of which an address or a shell would have to quote


class Server(abc.ABC):
    """One server with its own folder and port; everything that must outlive the script is in `state`.

    Args:
        folder: Its own, for data, settings and log.
        state: Port, password, process: kept by the caller between scripts, changed here.
        save: Called when the state must not be lost, whatever comes next.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    ready_within_s: ClassVar[float] = 30.0
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    stopped_within_s: ClassVar[float] = 20.0

    def __init__(self, folder: Path, state: dict[str, str | int], *, save: Callable[[], None]) -> None:
        self.folder = folder
        self.state = state
        self._save = save

    @property
    def port(self) -> int:
        return int(self.state["port"])

    @property
    def password(self) -> str:
        return str(self.state["password"])

    @property
    def data(self) -> Path:
        return Path(str(self.state.get("data") or self.folder / "data"))

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def process(self) -> Process | None:
        """The running process that an earlier `start` left."""
        if "pid" not in self.state:
            return None
        process = Process(pid=int(self.state["pid"]), started=str(self.state["started"]))
        return process if process.alive() else None

    @abc.abstractmethod
    def prepare(self) -> None:
        """Find or install the programs, and remember in the instance what `command` needs.

        Raises:
            Unavailable: Something is missing that this machine, or this user, cannot get.
        """

    @abc.abstractmethod
    def initialise(self) -> None:
        """Make the data folder, at the first start only."""

    @abc.abstractmethod
    def command(self) -> list[str]:
        """What to run; no secrets."""

    @abc.abstractmethod
    def ready(self) -> bool:
        """Whether it serves, asked in its own protocol."""

    @abc.abstractmethod
    def variables(self) -> Mapping[str, str]:
        """What the tests must know, as environment variables."""

    def environment(self) -> Mapping[str, str]:
        """What is set for the server's own process."""
        return {}

    def start(self) -> None:
        """Start it on its data and port, which the first start makes, and return when it serves.

        Raises:
            Unavailable: See `prepare`.
            ServerFailed: It ended, or did not serve in time.
        """
        self.prepare()
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.state.get("initialised"):
            self.state.setdefault("password", secrets.token_urlsafe(PASSWORD_BYTES))
            self.initialise()
        self.log.write_bytes(b"")
        process = detach(self.command(), log=self.log, environment=self.environment())
        self.state.update(pid=process.pid, started=process.started)
        self._save()  # first of all: nobody else knows of this process
        with self._ended_on_failure(process):
            if not wait_until(lambda: not process.alive() or self.ready(), self.ready_within_s):
                raise ServerFailed(f"{self.title} did not serve within {self.ready_within_s:.0f} s{log_tail(self.log)}")
            if not process.alive():
                raise ServerFailed(f"{self.title} ended while starting{log_tail(self.log)}")
        self.state["initialised"] = 1
        self._save()

    def stop(self) -> bool:
        """End it in order, by force where it does not; False when it was not running."""
        process = self.process
        if process is None:
            return False
        process.signal(self.stop_signal)
        if not process.ended_within(self.stopped_within_s):
            self.kill()
        self.forget_process()
        return True

    def kill(self) -> bool:
        """End it as a power failure would, with all that it has started; False when it was not running."""
        process = self.process
        if process is None:
            return False
        for victim in (process, *process.children()):
            victim.signal(signal.SIGKILL)
            if not victim.ended_within(self.stopped_within_s):
                raise ServerFailed(f"{self.title} (process {victim.pid}) does not end")
        self.forget_process()
        return True

    def erase(self) -> None:
        """Remove its data and all that was remembered: the next start is a first one."""
        for folder in (self.data, self.folder):
            if folder.exists():
                shutil.rmtree(folder)
        self.state.clear()

    def forget_process(self) -> None:
        self.state.pop("pid", None)
        self.state.pop("started", None)

    @contextlib.contextmanager
    def _ended_on_failure(self, process: Process) -> Iterator[None]:
        try:
            yield
        except BaseException:
            if known(process.pid) == process:
                self.kill()
            self.forget_process()
            raise
