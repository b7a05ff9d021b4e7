"""What stands before a Chroma server, or in its place."""

import asyncio
import contextlib
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def listening(handler: Handler, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a server on the loopback that treats every connection so."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await handler(reader, writer)
        writer.close()
        tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in set(tasks):
            task.cancel()
        await asyncio.gather(*tasks)


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes everything and answers nothing."""
    while await reader.read(1 << 16):
        pass


def answering(status: str, body: str) -> Handler:
    """Gives every request the same answer."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(_response(status, body))
            await writer.drain()

    return answer


class Gateway:
    """A proxy as it stands before a Chroma server, which knows no authentication itself.

    Attributes:
        token: what a client has to show; ``None``: nothing.
        requests: first lines of all that was let through.
        tokens: those that clients showed.
    """

    def __init__(self, port: int, *, token: str | None = None) -> None:
        self._port = port
        self.token = token
        self.requests: list[str] = []
        self.tokens: set[str | None] = set()
        self._connections: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Ends every connection, as a restart of the server does."""
        for connection in self._connections:
            connection.transport.abort()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._connections.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                first, *lines = head.decode("latin-1").strip().split("\r\n")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                shown = headers.get("authorization", "").removeprefix("Bearer ") or None
                self.tokens.add(shown)
                if self.token is not None and shown != self.token:
                    writer.write(_response("401 Unauthorized", "who are you?"))
                    continue
                self.requests.append(first)
                behind_writer.write(head + body)
                answer = await behind_reader.readuntil(b"\r\n\r\n")
                length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                writer.write(answer + await behind_reader.readexactly(length))
        finally:
            self._connections.discard(writer)
            behind_writer.close()


def certificate(folder: Path, *, host: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate that its owner signed, of that host or address: its file, and what serves with it."""
    kind = "IP" if host.replace(".", "").isdigit() else "DNS"
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName={kind}:{host}"]
    subprocess.run([*command, "-out", cert, "-keyout", key], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return cert, context


def _response(status: str, body: str) -> bytes:
    content = body.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content
