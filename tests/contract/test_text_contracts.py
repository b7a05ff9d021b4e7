import contextlib
from collections.abc import AsyncIterator

from talktiers.adapters.off_loop import WorkerThread
from talktiers.adapters.static.embedder import StaticEmbedder
from talktiers.adapters.text.analyser import SnowballAnalyser
from talktiers.ports.contracts.embedder import EmbedderContract
from talktiers.ports.contracts.off_loop import OffLoopContract
from talktiers.ports.contracts.text_analyser import TextAnalyserContract


class TestSnowballAnalyser(TextAnalyserContract):
    def make(self) -> SnowballAnalyser:
        return SnowballAnalyser()


class TestGermanSnowballAnalyser(TextAnalyserContract):
    def make(self) -> SnowballAnalyser:
        return SnowballAnalyser(default_language="german")


class TestStaticEmbedder(EmbedderContract):
    @contextlib.asynccontextmanager
    async def make(self) -> AsyncIterator[StaticEmbedder]:
        async with WorkerThread() as off_loop:
            yield StaticEmbedder(off_loop=off_loop)


class TestWorkerThread(OffLoopContract):
    def make(self) -> WorkerThread:
        return WorkerThread()
