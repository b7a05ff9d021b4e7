"""What stands between a client and a Neo4j server, or in its place."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def listening(handler: Handler, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a server on the loopback that treats every connection so."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(OSError, asyncio.CancelledError):
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


def answering(reply: bytes) -> Handler:
    """A server that says one thing and hangs up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1 << 10)
        writer.write(reply)
        await writer.drain()

    return answer


class Proxy:
    """Passes bytes on to a server.

    Attributes:
        connections: how many were opened.
        packets: how many times a client had something to say.
        silent: nothing that the server says arrives any more.
        cut_after: how many more times a client is heard before the connection is cut, the answer lost; `None`: always.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self.connections = 0
        self.packets = 0
        self.silent = False
        self.cut_after: int | None = None

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", self._port)
        cut = asyncio.Event()
        answers = asyncio.create_task(self._pass_answers(behind_reader, writer, cut))
        try:
            while asked := await reader.read(1 << 20):
                self.packets += 1
                if self.cut_after is not None:
                    self.cut_after -= 1
                    if self.cut_after < 0:
                        self.cut_after = None
                        cut.set()
                behind_writer.write(asked)
        finally:
            answers.cancel()
            behind_writer.close()

    async def _pass_answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: asyncio.Event
    ) -> None:
        while answer := await reader.read(1 << 20):
            if cut.is_set():
                break
            if not self.silent:
                writer.write(answer)
        writer.close()
