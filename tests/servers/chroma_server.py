"""Chroma: `chroma run` of the package chromadb."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from servers.process import Unavailable, exchange
from servers.server import Server


class ChromaServer(Server):
    name = "chroma"
    title = "Chroma"

    def prepare(self) -> None:
        """Taken from the environment of this Python first: what the tests' client came with."""
        beside = Path(sys.executable).parent / "chroma"
        found = str(beside) if beside.exists() else shutil.which("chroma")
        if not found:
            raise Unavailable(f"the command chroma is missing: {sys.executable} -m pip install chromadb")
        self._program = found

    def initialise(self) -> None:
        self.data.mkdir(exist_ok=True)

    def command(self) -> list[str]:
        return [self._program, "run", "--path", str(self.data), "--host", "127.0.0.1", "--port", str(self.port)]

    def environment(self) -> Mapping[str, str]:
        return {"ANONYMIZED_TELEMETRY": "False"}

    def ready(self) -> bool:
        request = b"GET /api/v2/heartbeat HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        return exchange(self.port, request).startswith(b"HTTP/1.1 200")

    def variables(self) -> Mapping[str, str]:
        """No token: since 1.0 the server that `chroma run` starts knows no authentication of its own."""
        return {"TALKTIERS_TEST_CHROMA_URL": f"http://127.0.0.1:{self.port}"}
