import contextlib
from collections.abc import AsyncIterator

from talktiers.adapters.off_loop import WorkerThread
from talktiers.adapters.static.embedder import StaticEmbedder
from talktiers.adapters.text.analyser import SnowballAnalyser
from talktiers.adapters.text.intent import RuleIntentClassifier
from talktiers.adapters.text.summariser import LocalSummariser
from talktiers.adapters.text.tokens import EstimatingTokenCounter
from talktiers.adapters.text.topics import LocalTopicExtractor
from talktiers.ports.contracts.embedder import EmbedderContract
from talktiers.ports.contracts.intent_classifier import IntentClassifierContract
from talktiers.ports.contracts.off_loop import OffLoopContract
from talktiers.ports.contracts.summariser import SummariserContract
from talktiers.ports.contracts.text_analyser import TextAnalyserContract
from talktiers.ports.contracts.token_counter import TokenCounterContract
from talktiers.ports.contracts.topic_extractor import TopicExtractorContract


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


class TestLocalTopicExtractor(TopicExtractorContract):
    @contextlib.asynccontextmanager
    async def make(self) -> AsyncIterator[LocalTopicExtractor]:
        async with WorkerThread() as worker:
            yield LocalTopicExtractor(analyser=SnowballAnalyser(), worker=worker)


class TestLocalSummariser(SummariserContract):
    @contextlib.asynccontextmanager
    async def make(self) -> AsyncIterator[LocalSummariser]:
        async with WorkerThread() as worker:
            yield LocalSummariser(analyser=SnowballAnalyser(), worker=worker)


class TestRuleIntentClassifier(IntentClassifierContract):
    def make(self) -> RuleIntentClassifier:
        return RuleIntentClassifier()


class TestEstimatingTokenCounter(TokenCounterContract):
    def make(self) -> EstimatingTokenCounter:
        return EstimatingTokenCounter()
