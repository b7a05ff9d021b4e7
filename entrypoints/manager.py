"""The memory as a bot sees it."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from ..application.figures import Health, Stats
from ..application.import_conversations import BATCH_RECORDS, CONCURRENCY, ImportConversations
from ..application.import_journal import ImportJournal
from ..application.import_report import ImportReport
from ..application.logs import get_logger
from ..application.memory import Memory
from ..application.reading import checked_limit
from ..domain.context_budget import ContextBudget
from ..domain.context_bundle import ContextBundle
from ..domain.conversation import Conversation, ScoredConversation, Session
from ..domain.derived import RelatedTopic
from ..domain.erasure import ErasureReceipt
from ..domain.errors import ConfigurationError, InvalidConversation, MemoryClosed, Moved
from ..domain.identifiers import checked_id, is_conversation_id
from ..domain.intake import Intake
from ..domain.json_values import JsonObject
from ..domain.place import Audience, Place, Scope
from ..domain.projection import Backlog, Projection
from ..ports.conversation_source import ConversationSource, Rejection
from .configuration import load_settings
from .following import MAX_MOVES, CallsUnderWay, MoveFollower
from .import_calls import ImportCalls
from .settings import Settings

if TYPE_CHECKING:
    from .migrating import BackgroundMigration

T = TypeVar("T")

_log = get_logger("manager")

SettingsSource = Settings | Mapping[str, object] | str | os.PathLike[str] | None


class HierarchicalMemoryManager(ImportCalls):
    """One interface over all tiers: stores exchanges durably and hands over the context that matters.

    Use it as ``async with`` or call `initialize` and `close`. One manager belongs to one event loop; its calls may be
    made from many tasks at once. Ids are opaque strings, compared exactly.

    Every call that reads takes the place it reads *for*: nothing said in a narrower place reaches a wider one. Nothing
    given is a direct message; a channel without an audience is a private channel; a server alone needs an audience.

    - ``channel_id``, ``server_id``: the channel and the server (guild, workspace) that the answer will stand in.
    - ``audience``: who reads there: ``direct``, ``private_channel``, ``public_channel``, or ``shared``: everywhere.
    - ``bot_id``: a bot sees only what was said to it, unless ``privacy.share_between_bots`` is set.
    - ``tenant_id``: for one memory that serves several customers; nothing ever passes from one to another.

    Pass the same ones when storing and when reading.

    Args:
        settings: `Settings`, a mapping of the same shape, the path of a TOML or database file, or an address; ``None``:
            the embedded memory in ``./talktiers.db``.
        follow_moves: once `talktiers move` has moved the memory elsewhere, go on there, with the settings that were named
            to it. Without this a store raises `Moved` from then on.

    Attributes:
        settings: those of the memory that is used.

    Raises:
        ConfigurationError: the settings are not valid.
    """

    def __init__(self, settings: SettingsSource = None, *, follow_moves: bool = False) -> None:
        self.settings = load_settings(settings)
        self._stack: AsyncExitStack | None = None
        self._memory: Memory | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._migration: BackgroundMigration | None = None
        self._calls = CallsUnderWay()
        self._follower = MoveFollower(present=lambda: self._memory, enter=self._enter) if follow_moves else None
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def initialized(self) -> bool:
        """Whether calls can be made."""
        return self._memory is not None

    async def initialize(self) -> None:
        """Opens every tier. Does nothing when it is open already.

        Where the settings name an older memory that was not taken over yet, that is done first.

        Raises:
            ConfigurationError, BackendError: a tier cannot be opened; the message says what to mend.
            MigrationError: the older memory cannot be read; what was taken over is kept.
        """
        if self._memory is not None:
            return
        # Here, not at the top: adapters and their libraries load when a memory is opened, not when it is imported.
        from .wiring.opening import opened_memory

        if self._stack is not None:
            raise ConfigurationError("the memory is being opened or closed by another task")
        async with AsyncExitStack() as stack:
            self._stack = stack
            try:
                memory = await opened_memory(self.settings, stack)
                if self.settings.migration.migrate_from_chromadb is not None:
                    from .migrating import migrated

                    self._migration = await migrated(memory, self.settings.migration, stack)
            except BaseException:
                self._stack = None
                raise
            self._stack, self._memory, self._loop = stack.pop_all(), memory, asyncio.get_running_loop()
        if self._follower is not None:
            try:
                await self._follower.begin()
            except BaseException:
                await self.close()
                raise

    async def close(self) -> None:
        """Closes every tier; whatever was acknowledged is on disk. Does nothing when it is closed already."""
        if self._memory is None or self._stack is None:
            return
        self._check_loop()
        self._memory = None
        try:
            async with AsyncExitStack() as stack:
                stack.push_async_callback(self._stack.aclose)
                stack.push_async_callback(self._left)
                if self._follower is not None:
                    stack.push_async_callback(self._follower.close)
        finally:
            self._stack = None

    async def __aenter__(self) -> Self:
        await self.initialize()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def store_conversation(
        self,
        user_id: str,
        user_message: str,
        bot_response: str,
        metadata: JsonObject | None = None,
        *,
        occurred_at: dt.datetime | None = None,
        idempotency_key: str | None = None,
        channel_id: str | None = None,
        server_id: str | None = None,
        session_id: str | None = None,
        thread_id: str | None = None,
        message_type: str | None = None,
        audience: Audience | str | None = None,
        user_name: str | None = None,
        bot_name: str | None = None,
        bot_id: str = "default",
        tenant_id: str = "default",
    ) -> str:
        """Stores an exchange and returns its ``conversation_id`` once it is durable.

        From then on it is in the next context of its user. Nothing else is waited for: not the cache, not an index.

        An idempotency key belongs to one exchange within a tenant, across users and bots. The same key with the same
        content returns the first id and stores nothing. With other content (another answer, another name) it raises
        `IdempotencyConflict`, and what was stored first stands: a bot that generates its answer anew on a retry
        catches that and goes on. Do not try again under another key: that would store the exchange twice.

        Args:
            metadata: a JSON object with keys like ``mood``; ``emotion_data``, ``user_metadata`` and
                ``processing_metadata`` in it are objects with places of their own, and ``channel_id``,
                ``server_id``, ``thread_id``, ``session_id`` in it fill an argument that is not given.
            occurred_at: aware; now, if not given, and then it does not count as content of the key.
            idempotency_key: e.g. ``"discord:"`` and the platform's message id; up to 1,024 characters.
            channel_id, server_id, audience, bot_id, tenant_id: where it was said, and to whom; see the class.
            session_id: a sitting of your own naming; without one a pause of half an hour ends a session.
            thread_id, message_type: kept, and given back with the conversation.
            user_name, bot_name: as they are called; they stand in the context and help to find what concerns them.

        Raises:
            InvalidConversation: what was given cannot be stored; the message says what to mend.
            IdempotencyConflict: the key is stored with other content, which stands.
            Forgotten: the key is of a conversation that was erased.
            Moved: the memory has moved, and moves are not followed; the message says where it is. Nothing was stored.
            Overloaded: too much is being stored; nothing was stored, try again.
            BackendError: the archive failed; unless it says otherwise nothing was stored.
        """
        intake = Intake(
            user_id=user_id,
            user_message=user_message,
            bot_response=bot_response,
            metadata=metadata,
            occurred_at=occurred_at,
            idempotency_key=idempotency_key,
            channel_id=channel_id,
            server_id=server_id,
            session_id=session_id,
            thread_id=thread_id,
            message_type=message_type,
            audience=audience,
            user_name=user_name,
            bot_name=bot_name,
            bot_id=bot_id,
            tenant_id=tenant_id,
        )
        stored = await self._store(intake)
        return stored.conversation_id

    async def get_conversation_context(
        self,
        user_id: str,
        current_query: str,
        max_context_length: int | None = None,
        *,
        channel_id: str | None = None,
        server_id: str | None = None,
        audience: Audience | str | None = None,
        bot_id: str = "default",
        tenant_id: str = "default",
        max_tokens: int | None = None,
        deadline_ms: float | None = None,
    ) -> ContextBundle:
        """What matters for the next answer, within the deadline, fitted to the prompt.

        Put ``bundle.to_messages()`` in front of the messages for a chat API, or ``bundle.to_context_string()`` into
        your own prompt; both are empty where nothing is known. ``bundle.explain()`` prints where each line comes from.
        What was said last is in it: it need not be sent a second time.

        It comes whatever the tiers do: ``assembly_metadata.tiers`` says what each did.

        Args:
            user_id: whose memory.
            current_query: the message that is to be answered; it is not stored by this.
            max_context_length: characters; 4,000 unless the settings say otherwise.
            channel_id, server_id, audience: where the answer will be read, which decides what may stand in it; nothing
                given: a direct message, in which everything of the user may.
            bot_id: the bot that asks; what was said to others is not in it.
            tenant_id: whose data; nothing of another tenant is ever in it.
            max_tokens: a second limit, by a count that a model's own may differ from.
            deadline_ms: 100 unless the settings say otherwise.

        Raises:
            InvalidConversation: an empty id, a text that is none, or a limit below 1.
        """
        with self._calling() as memory:
            limit = self.settings.context.max_chars if max_context_length is None else max_context_length
            budget = ContextBudget(
                max_chars=checked_limit("max_context_length", limit),
                max_tokens=None if max_tokens is None else checked_limit("max_tokens", max_tokens),
                count_tokens=None if max_tokens is None else (lambda text: memory.processors.tokens.count(text=text)),
            )
            bundle = await memory.assemble_context(
                scope=self._scope(
                    user_id=user_id,
                    channel_id=channel_id,
                    server_id=server_id,
                    audience=audience,
                    bot_id=bot_id,
                    tenant_id=tenant_id,
                ),
                query=_checked_query("current_query", current_query),
                budget=budget,
                deadline_ms=self._deadline(deadline_ms, self.settings.context.deadline_ms),
            )
        state = None if self._migration is None else self._migration.state
        return bundle if state is None else bundle.during_migration(state)

    async def search(
        self,
        user_id: str,
        query: str,
        limit: int = 10,
        *,
        channel_id: str | None = None,
        server_id: str | None = None,
        audience: Audience | str | None = None,
        bot_id: str = "default",
        tenant_id: str = "default",
        deadline_ms: float | None = None,
    ) -> list[ScoredConversation]:
        """Conversations for a query, best first: the retrieval that also feeds the context.

        A score orders the conversations of one query: 0 to 1, higher is better, measured against the best one's words
        and meaning. It is not a probability and not to be compared between queries: the best of a query that nobody
        ever spoke about may score as high as a good answer, and a good answer low. So show the best ones as what they
        are, or let a model judge; a fixed limit on the score denies what is known.

        Args:
            limit: at most so many.
            channel_id, server_id, audience, bot_id, tenant_id: where the result will be read; see the class.
            deadline_ms: 1,000 unless the settings say otherwise.

        Raises:
            InvalidConversation: as `get_conversation_context`.
            BackendError: the archive did not answer, so that an empty list would be a guess.
        """
        with self._calling() as memory:
            return await memory.search(
                scope=self._scope(
                    user_id=user_id,
                    channel_id=channel_id,
                    server_id=server_id,
                    audience=audience,
                    bot_id=bot_id,
                    tenant_id=tenant_id,
                ),
                query=_checked_query("query", query),
                limit=checked_limit("limit", limit),
                deadline_ms=self._deadline(deadline_ms, self.settings.search.deadline_ms),
            )

    async def get_user_conversation_history(
        self,
        user_id: str,
        limit: int = 50,
        since_days: float | None = 30,
        *,
        before: str | None = None,
        channel_id: str | None = None,
        server_id: str | None = None,
        audience: Audience | str | None = None,
        bot_id: str = "default",
        tenant_id: str = "default",
    ) -> list[Conversation]:
        """Conversations, newest first. Of the last 30 days, unless ``since_days`` says otherwise.

        Args:
            since_days: only the last so many days; ``None``: all.
            before: the ``conversation_id`` of the last one seen: the next page.

        Raises:
            InvalidConversation: as `get_conversation_context`.
            UnknownConversation: ``before`` is not visible here.
        """
        with self._calling() as memory:
            return await memory.read.history(
                scope=self._scope(
                    user_id=user_id,
                    channel_id=channel_id,
                    server_id=server_id,
                    audience=audience,
                    bot_id=bot_id,
                    tenant_id=tenant_id,
                ),
                limit=limit,
                since_days=since_days,
                before=before,
            )

    async def get_conversations(
        self,
        user_id: str,
        conversation_ids: Sequence[str],
        *,
        include_metadata: bool = True,
        channel_id: str | None = None,
        server_id: str | None = None,
        audience: Audience | str | None = None,
        bot_id: str = "default",
        tenant_id: str = "default",
    ) -> list[Conversation]:
        """Those of the conversations that this user may see here, newest first; others are left out."""
        with self._calling() as memory:
            return await memory.read.conversations(
                scope=self._scope(
                    user_id=user_id,
                    channel_id=channel_id,
                    server_id=server_id,
                    audience=audience,
                    bot_id=bot_id,
                    tenant_id=tenant_id,
                ),
                conversation_ids=conversation_ids,
                include_metadata=include_metadata,
            )

    async def sessions(
        self,
        user_id: str,
        limit: int = 20,
        *,
        channel_id: str | None = None,
        server_id: str | None = None,
        audience: Audience | str | None = None,
        bot_id: str = "default",
        tenant_id: str = "default",
    ) -> list[Session]:
        """The latest sittings, newest first; a pause of half an hour, or another ``session_id``, begins a new one."""
        with self._calling() as memory:
            return await memory.read.sessions(
                scope=self._scope(
                    user_id=user_id,
                    channel_id=channel_id,
                    server_id=server_id,
                    audience=audience,
                    bot_id=bot_id,
                    tenant_id=tenant_id,
                ),
                limit=limit,
            )

    async def interests(
        self,
        user_id: str,
        limit: int = 10,
        *,
        channel_id: str | None = None,
        server_id: str | None = None,
        audience: Audience | str | None = None,
        bot_id: str = "default",
        tenant_id: str = "default",
    ) -> list[RelatedTopic]:
        """What the user talks about most, strongest first."""
        with self._calling() as memory:
            return await memory.read.interests(
                scope=self._scope(
                    user_id=user_id,
                    channel_id=channel_id,
                    server_id=server_id,
                    audience=audience,
                    bot_id=bot_id,
                    tenant_id=tenant_id,
                ),
                limit=limit,
            )

    async def forget_user(self, user_id: str, *, tenant_id: str = "default") -> ErasureReceipt:
        """Erases everything of a user, in every tier and every place.

        No read that begins after the call sees any of it; the receipt is verified by reading again. While it is not
        complete, e.g. because another process reads the file, the rest is done in the background: call again to see.

        Raises:
            BackendError: the archive failed; call again.
        """
        tenant_id, user_id = checked_id("tenant_id", tenant_id), checked_id("user_id", user_id)
        return await self._changing(lambda memory: memory.forget.user(tenant_id=tenant_id, user_id=user_id))

    async def forget_conversation(
        self, user_id: str, conversation_id: str, *, tenant_id: str = "default"
    ) -> ErasureReceipt:
        """Erases one conversation of a user, as `forget_user` does; nothing happens where it is not theirs.

        Raises:
            InvalidConversation: not the form of a conversation id.
        """
        if not is_conversation_id(conversation_id):
            raise InvalidConversation(
                "conversation_id is not one: it looks like 0198f2c4-…, as store_conversation returns it"
            )
        tenant_id, user_id = checked_id("tenant_id", tenant_id), checked_id("user_id", user_id)
        return await self._changing(
            lambda memory: memory.forget.conversations(
                tenant_id=tenant_id, user_id=user_id, conversation_ids=[conversation_id]
            )
        )

    async def export_user(self, user_id: str, *, tenant_id: str = "default") -> AsyncIterator[Conversation]:
        """Every conversation of a user, of all places and bots, in the order of storing."""
        checked_id("tenant_id", tenant_id)
        checked_id("user_id", user_id)
        with self._calling() as memory:
            async for conversation in memory.read.export(tenant_id=tenant_id, user_id=user_id):
                yield conversation

    async def export_all(self, *, tenant_id: str = "default") -> AsyncIterator[Conversation]:
        """Every conversation of every user of a tenant, user by user, each in the order of storing."""
        checked_id("tenant_id", tenant_id)
        with self._calling() as memory:
            async for conversation in memory.read.export_all(tenant_id=tenant_id):
                yield conversation

    async def import_conversations(
        self,
        source: ConversationSource,
        *,
        user_id: str | None = None,
        tenant_id: str = "default",
        dry_run: bool = False,
        concurrency: int = CONCURRENCY,
        batch_size: int = BATCH_RECORDS,
        source_format: str | None = None,
        on_progress: Callable[[ImportReport], None] | None = None,
        on_rejected: Callable[[Rejection], None] | None = None,
    ) -> ImportReport:
        """Stores everything that a source holds; what is there already stays as it is, so that it can be repeated.

        Args:
            user_id: only this user's conversations; ``None``: everybody's.
            tenant_id: of conversations that do not name one.
            dry_run: checks everything, stores nothing.
            concurrency: stores at once.
            batch_size: items between two checkpoints.
            source_format: what `import_runs` is to call it.
            on_progress: called often, with the running report.
            on_rejected: called for each item that cannot be stored; the others go on.

        Raises:
            MigrationError: the source cannot be read, or the memory stayed too busy.
            BackendError: the archive failed; what was stored is stored, repeat it to go on.
        """
        with self._calling() as memory:
            importing = ImportConversations(
                store=self._store,
                archive=memory.tiers.archive,
                clock=memory.processors.clock,
                journal=ImportJournal.of(
                    memory.tiers.import_runs,
                    memory.processors,
                    source_format=type(source).__name__ if source_format is None else source_format,
                ),
                turns=memory.turns,
                on_progress=on_progress,
                on_rejected=on_rejected,
                concurrency=checked_limit("concurrency", concurrency),
                batch_records=checked_limit("batch_size", batch_size),
            )
            return await importing(
                source, user_id=user_id, tenant_id=checked_id("tenant_id", tenant_id), dry_run=dry_run
            )

    async def stats(self) -> Stats:
        """What is stored, and what was measured of real use."""
        with self._calling() as memory:
            return await memory.figures.stats()

    async def health(self) -> Health:
        """Whether every tier answers at this moment."""
        with self._calling() as memory:
            return await memory.figures.health()

    async def settle(
        self, *, timeout_s: float | None = None, on_progress: Callable[[Sequence[Backlog]], None] | None = None
    ) -> None:
        """Returns when every stored conversation is in every tier, or in the dead letters.

        Raises:
            BackendTimeout: it took longer than that.
        """
        with self._calling() as memory:
            await memory.projector.settle(timeout_s=timeout_s, on_progress=on_progress)

    async def rebuild(self, tier: Projection | str, *, on_progress: Callable[[int], None] | None = None) -> int:
        """Builds a derived tier anew from the archive while the memory serves; how many conversations that concerns.

        Args:
            tier: ``cache``, ``lexical``, ``summaries`` or ``graph``.

        Raises:
            ConfigurationError: no such tier, or it is switched off.
        """
        with self._calling() as memory:
            on = memory.tiers.derived
            if tier not in on:
                names = ", ".join(projection.value for projection in on)
                raise ConfigurationError(f"there is no tier of that name to rebuild; on are: {names}")
            return await memory.rebuild(Projection(tier), on_progress=on_progress)

    @property
    def _open(self) -> Memory:
        if self._memory is None:
            raise MemoryClosed(
                "the memory is not open: `async with open_memory() as memory:`, or `await memory.initialize()` first"
            )
        self._check_loop()
        return self._memory

    def _calling(self) -> AbstractContextManager[Memory]:
        """The memory for one call: it stays open until the call has ended, wherever the manager moves to meanwhile."""
        return self._calls.one(self._open)

    async def _changing(self, call: Callable[[Memory], Awaitable[T]]) -> T:
        """Makes a call that stores or forgets; once more in the new home where the memory has moved."""
        for _ in range(MAX_MOVES):
            with self._calling() as memory:
                try:
                    return await call(memory)
                except Moved:
                    if self._follower is None:
                        raise
            await self._follower.follow(memory)
        raise ConfigurationError(f"the memory has moved {MAX_MOVES} times in a row: its settings refer to each other")

    async def _store(self, intake: Intake, *, live: bool = True) -> Conversation:
        return await self._changing(lambda memory: memory.store(intake, live=live))

    async def _enter(self, destination: str) -> None:
        """Opens the memory of that destination and uses it from now on; the one before is closed after its last call."""
        from .wiring.opening import opened_memory

        settings = load_settings(destination)
        async with AsyncExitStack() as stack:
            memory = await opened_memory(settings, stack)
            before, stack_before = self._memory, self._stack
            if before is None or stack_before is None:
                raise MemoryClosed("the memory was closed while it moved")
            self._memory, self._stack, self.settings = memory, stack.pop_all(), settings
        _log.info("moved_to_new_home", destination=destination)
        leaving = asyncio.get_running_loop().create_task(self._leave(before, stack_before), name="leave a moved memory")
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    async def _leave(self, memory: Memory, stack: AsyncExitStack) -> None:
        try:
            await self._calls.none(memory)
        finally:
            await stack.aclose()

    async def _left(self) -> None:
        """Closes what was left before, whatever still uses it."""
        self._calls.wait_no_longer()
        for outcome in await asyncio.gather(*self._leaving, return_exceptions=True):
            if isinstance(outcome, Exception):
                _log.warning("moved_memory_not_closed", error=type(outcome).__name__)

    def _check_loop(self) -> None:
        if self._loop is not None and self._loop is not asyncio.get_running_loop():
            raise MemoryClosed(
                "the memory was opened in another event loop: open it, use it and close it within one asyncio.run()"
            )

    def _scope(
        self,
        *,
        user_id: str,
        channel_id: str | None,
        server_id: str | None,
        audience: Audience | str | None,
        bot_id: str,
        tenant_id: str,
    ) -> Scope:
        privacy = self.settings.privacy
        return Scope(
            tenant_id=tenant_id,
            user_id=user_id,
            bot_id=bot_id,
            place=Place.resolve(channel_id=channel_id, server_id=server_id, audience=audience),
            policy=privacy.policy,
            share_between_bots=privacy.share_between_bots,
        )

    def _deadline(self, given: float | None, default: float) -> float:
        value: object = default if given is None else given
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise InvalidConversation("deadline_ms must be a number above 0")
        return float(value)


def _checked_query(name: str, query: object) -> str:
    if not isinstance(query, str):
        raise InvalidConversation(f"{name} must be a string, not {type(query).__name__}")
    return query.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def open_memory(settings: SettingsSource = None, *, follow_moves: bool = False) -> HierarchicalMemoryManager:
    """A memory, to be used with ``async with``. Nothing is opened before that.

    Example:
        ```python
        async with open_memory("sqlite:///bot.db") as memory:
            await memory.store_conversation("42", "My sister moved to Porto", "Lovely!")
            bundle = await memory.get_conversation_context("42", "Where does my sister live?")
        ```

    Open it once, for as long as the bot runs, within the event loop that uses it: in a coroutine under
    ``asyncio.run()``, not at the top of a module. A call from another loop raises `MemoryClosed`. Several processes may
    open the same file.

    Args:
        settings: nothing for ``./talktiers.db`` in the working directory; ``"sqlite:///bot.db"`` (relative) or
            ``"sqlite:////data/bot.db"``; ``"memory://"`` for a memory that ends with the process; a path;
            ``"talktiers.toml"``; `Settings`, or a mapping of the same shape.
        follow_moves: once `talktiers move` has moved the memory elsewhere, go on there; see the class.

    Raises:
        ConfigurationError: a setting that is misspelt or does not fit, or a TOML file that cannot be read. Entering
            raises it, too, or a `BackendError`, where a tier cannot be opened.
    """
    return HierarchicalMemoryManager(settings, follow_moves=follow_moves)
