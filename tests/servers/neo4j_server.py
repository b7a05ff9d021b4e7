"""Neo4j: the real one, from the jars that its makers publish for Maven, run by the launcher in java/."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from servers.process import ServerFailed, Unavailable, exchange
from servers.programs import cache_folder, program
from servers.server import Server

VERSION = "5.26.16"
OLDEST_JAVA = 17
USER = "neo4j"
_JAVA = Path(__file__).resolve().parent / "java"
_LAUNCHER = _JAVA / "Neo4jLauncher.java"
_OPENED = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
_HANDSHAKE = bytes.fromhex(
    "6060b017 00080805 00000004 00000003 00000000"
)  # Bolt's magic and the versions it may choose


class Neo4jServer(Server):
    name = "neo4j"
    title = "Neo4j"
    ready_within_s = 120.0  # 7 s on an idle machine; its first start on a busy one took a minute
    stopped_within_s = 40.0

    def prepare(self) -> None:
        self._java = program("java", packages=["default-jdk-headless"])
        shown = subprocess.run([self._java, "-version"], capture_output=True, text=True, check=False).stderr
        version = re.search(r'version "(\d+)', shown)
        if not version or int(version[1]) < OLDEST_JAVA:
            raise Unavailable(f"Java {OLDEST_JAVA} or newer is needed, {self._java} is {shown.splitlines()[:1]}")
        self._jars = _jars()
        self._classes = _classes(self._jars)

    def initialise(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)  # of a start that failed half-way
        self.data.mkdir()

    def command(self) -> list[str]:
        opened = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED]
        path = os.pathsep.join([str(self._classes), f"{self._jars}/*"])
        launcher = [_LAUNCHER.stem, str(self.data), str(self.port)]
        return [self._java, "-Xmx512m", "-XX:+UseSerialGC", *opened, "-cp", path, *launcher]

    def environment(self) -> Mapping[str, str]:
        return {} if self.state.get("initialised") else {"NEO4J_PASSWORD": self.password}

    def ready(self) -> bool:
        """The password is set and Bolt answers with the version that it has chosen."""
        said = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "ready" in said and exchange(self.port, _HANDSHAKE).endswith(b"\x05")

    def variables(self) -> Mapping[str, str]:
        return {
            "TALKTIERS_TEST_NEO4J_URL": f"bolt://127.0.0.1:{self.port}",
            "TALKTIERS_TEST_NEO4J_USER": USER,
            "TALKTIERS_TEST_NEO4J_PASSWORD": self.password,
        }


def _jars() -> Path:
    """The folder of Neo4j's jars, downloaded once a version: 116 MB."""
    jars = cache_folder() / f"neo4j-{VERSION}" / "lib"
    if not jars.exists():
        maven = program("mvn", packages=["maven"])
        jars.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=jars.parent) as work:
            pom = (_JAVA / "pom.xml").read_text(encoding="utf-8").replace("@VERSION@", VERSION)
            (Path(work) / "pom.xml").write_text(pom, encoding="utf-8")
            goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=lib"]
            _run([maven, "-q", "-B", *goal], folder=Path(work), what=f"downloading Neo4j {VERSION} with Maven")
            _moved(Path(work) / "lib", jars)
    return jars


def _classes(jars: Path) -> Path:
    """The folder of the compiled launcher, compiled once a wording of it."""
    wording = hashlib.sha256(_LAUNCHER.read_bytes()).hexdigest()[:12]
    classes = jars.parent / f"classes-{wording}"
    if not classes.exists():
        compiler = program("javac", packages=["default-jdk-headless"])
        with tempfile.TemporaryDirectory(dir=jars.parent) as work:
            _run(
                [compiler, "--release", str(OLDEST_JAVA), "-cp", f"{jars}/*", "-d", "classes", str(_LAUNCHER)],
                folder=Path(work),
                what="compiling the launcher",
            )
            _moved(Path(work) / "classes", classes)
    return classes


def _moved(made: Path, place: Path) -> None:
    """Put a finished folder in its place, whole or not at all; another start may have been faster."""
    try:
        made.rename(place)
    except OSError:
        if not place.exists():
            raise


def _run(command: list[str], *, folder: Path, what: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        last = "\n".join(f"  | {line}" for line in (done.stdout + done.stderr).strip().splitlines()[-10:])
        raise ServerFailed(f"{what} failed:\n{last}")
