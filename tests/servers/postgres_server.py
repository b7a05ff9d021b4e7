"""PostgreSQL: Debian's newest, or what is on the path."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import struct
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from servers.process import ServerFailed, Unavailable, exchange, known
from servers.programs import program
from servers.server import Server

_DEBIAN_PROGRAMS = Path("/usr/lib/postgresql")  # VERSION/bin: not on the path
_ICU_AT_INITDB = 15  # the first major version whose initdb takes the ICU locale

# synchronous_commit stays on: what is acknowledged is written. Without fsync the kernel holds it, which survives the end
# of the server, though not of the machine: several times faster where many small databases are made.
_SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 200
synchronous_commit = on
fsync = {fsync}
full_page_writes = {fsync}
log_timezone = 'UTC'
timezone = 'UTC'
"""

_SIGN_IN = "host all talktiers 127.0.0.1/32 scram-sha-256\n"

# The password goes to the server through a pipe, into a database that nobody serves yet.
_ROLE = """\
CREATE ROLE talktiers LOGIN CREATEDB PASSWORD '{password}'
CREATE DATABASE talktiers OWNER talktiers
"""


class PostgresServer(Server):
    name = "postgres"
    title = "PostgreSQL"
    stop_signal = signal.SIGINT  # "fast": does not wait for its clients

    def prepare(self) -> None:
        # PostgreSQL refuses to run as root.
        self._as_user: list[str] = []
        self._programs = _programs()
        if os.geteuid() == 0:
            drop = program("setpriv", packages=["util-linux"])
            self._as_user = [drop, "--reuid=postgres", "--regid=postgres", "--init-groups"]

    def initialise(self) -> None:
        self.state["data"] = str(self._data_folder())
        shutil.rmtree(self.data, ignore_errors=True)  # of a start that failed half-way
        self.data.mkdir(mode=0o700)
        if self._as_user:
            shutil.chown(self.data, "postgres", "postgres")
        collation = ["--locale=C"]
        if self._version() >= _ICU_AT_INITDB:  # people's order of words, as on most servers; Python's is another
            collation += ["--locale-provider=icu", "--icu-locale=en-US"]
        self._run("initdb", "--username=postgres", "--auth=reject", "--encoding=UTF8", "--no-sync", *collation,
                  "-D", str(self.data))  # fmt: skip
        (self.data / "pg_hba.conf").write_text(_SIGN_IN, encoding="utf-8")
        self._run("postgres", "--single", "-D", str(self.data), "postgres", text=_ROLE.format(password=self.password))

    def command(self) -> list[str]:
        settings = _SETTINGS.format(port=self.port, fsync="on" if self.state.get("fsync") else "off")
        (self.data / "postgresql.auto.conf").write_text(settings, encoding="utf-8")
        self._remove_lock_of_the_dead()
        return [*self._as_user, str(self._programs / "postgres"), "-D", str(self.data)]

    def ready(self) -> bool:
        """It asks for the password, instead of saying that it is still starting."""
        request = struct.pack("!i", 196_608) + b"user\0talktiers\0database\0talktiers\0\0"
        return exchange(self.port, struct.pack("!i", len(request) + 4) + request).startswith(b"R")

    def variables(self) -> Mapping[str, str]:
        address = f"postgresql://talktiers:{self.password}@127.0.0.1:{self.port}/talktiers"
        return {"TALKTIERS_TEST_POSTGRES_URL": address}

    def _data_folder(self) -> Path:
        """In the server's folder; where the user `postgres` has no way to that, in the folder for temporary files."""
        if not self._as_user:
            return self.folder / "data"
        self.folder.chmod(0o711)
        reachable = subprocess.run([*self._as_user, "test", "-x", str(self.folder)], check=False)
        if reachable.returncode == 0:
            return self.folder / "data"
        clone = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"talktiers-postgres-{clone}"

    def _remove_lock_of_the_dead(self) -> None:
        """After a kill: PostgreSQL takes a process for running whose parent, a container's first, never asks for it."""
        lock = self.data / "postmaster.pid"
        if lock.exists() and not known(int(lock.read_text(encoding="utf-8").split()[0])):
            lock.unlink()

    def _version(self) -> int:
        shown = subprocess.run([self._programs / "postgres", "--version"], capture_output=True, text=True, check=True)
        return int(shown.stdout.split()[2].split(".")[0])  # postgres (PostgreSQL) 15.18 (Debian …)

    def _run(self, name: str, *arguments: str, text: str = "") -> None:
        done = subprocess.run(
            [*self._as_user, str(self._programs / name), *arguments],
            input=text,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        faults = [line for line in done.stderr.splitlines() if "ERROR:" in line or "FATAL:" in line]
        if done.returncode or faults:
            raise ServerFailed(f"PostgreSQL's {name} failed: {'; '.join(faults or done.stderr.splitlines()[-5:])}")


def _programs() -> Path:
    """The folder of `initdb` and `postgres`."""

    def installed() -> Path | None:
        on_path = shutil.which("initdb")
        if on_path and shutil.which("postgres"):
            return Path(on_path).resolve().parent
        found = sorted(_DEBIAN_PROGRAMS.glob("*/bin/initdb"), key=lambda path: float(path.parent.parent.name))
        return found[-1].parent if found else None

    folder = installed()
    if folder is None:
        try:
            program("initdb", packages=["postgresql"])  # installs it where it can; Debian's is not on the path
        except Unavailable:
            folder = installed()
            if folder is None:
                raise
    return folder or Path(shutil.which("initdb") or "").parent
