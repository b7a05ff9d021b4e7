"""What stands in a connection's way, or in a server's place."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[int]:
    """The port of a server on the loopback that treats every connection so."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await handler(reader, writer)
        writer.close()
        tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in set(tasks):
            task.cancel()
        await asyncio.gather(*tasks)


class Proxy:
    """Passes bytes on to a Redis server; counts what is asked, and can lose an answer.

    Attributes:
        packets: how many times a client had something to say.
        lose: how many of the next answers are lost, and the connections with them.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self.packets = 0
        self.lose = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", self._port)
        answers = asyncio.create_task(self._pass_answers(behind_reader, writer))
        try:
            while asked := await reader.read(1 << 20):
                self.packets += 1
                behind_writer.write(asked)
        finally:
            answers.cancel()
            behind_writer.close()

    async def _pass_answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while answer := await reader.read(1 << 20):
            if self.lose:
                self.lose -= 1
                break
            writer.write(answer)
        writer.close()
