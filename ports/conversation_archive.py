"""Tier 2: every conversation in full, the source of truth."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Protocol

import attrs

from ..domain.conversation import Conversation, ConversationKey, Session
from ..domain.errors import Moved
from ..domain.place import Scope
from ..domain.projection import Projection
from ..domain.retrieval_metrics import RetrievalMetrics, RetrievalRecord


@attrs.frozen(kw_only=True)
class Appended:
    """What appending gave.

    Attributes:
        conversation: as stored, with its sequence.
        created: ``False``: it was there already, with the same content.
        epoch: the user's epoch in the same transaction.
    """

    conversation: Conversation
    created: bool
    epoch: int


@attrs.frozen(kw_only=True)
class ArchiveErasure:
    """What forgetting removed from the archive: the ids that were there, and the user's epoch from now on."""

    conversation_ids: tuple[str, ...]
    epoch: int


@attrs.frozen(kw_only=True)
class User:
    """A user whom the archive knows."""

    tenant_id: str
    user_id: str


@attrs.frozen(kw_only=True)
class Tally:
    """What an archive holds of a user. It changes with every append and with every forgetting.

    Attributes:
        conversations: how many.
        last_sequence: the highest among them; 0 where there is none.
    """

    user: User
    epoch: int
    conversations: int
    last_sequence: int


@attrs.frozen(kw_only=True)
class Fence:
    """Around an archive that moves, or has moved: nothing is stored or forgotten there any more.

    Attributes:
        destination: the settings that open its new home, as a path or an address that means the same everywhere.
        move_id: of the run that moves it.
        complete: whether everything is there.
    """

    destination: str
    move_id: str
    complete: bool

    @property
    def refusal(self) -> Moved:
        """What whoever stores or forgets is told."""
        if self.complete:
            return Moved(
                f"this memory has moved to {self.destination}, and nothing was changed here:"
                " open that one instead, or this one with follow_moves=True"
            )
        return Moved(
            f"this memory is moving to {self.destination}, and nothing was changed here:"
            " open that one as soon as `talktiers move` has ended, or this one with follow_moves=True"
        )


class ConversationArchive(Protocol):
    """Stores conversations durably and hands them out under a scope.

    Attributes:
        leaves: what forgetting leaves in the store's own files, and what removes it, for people; empty: nothing.

    What a method with a ``scope`` returns has the scope's tenant and user, and its compartment and bot are visible there.
    """

    leaves: str = ""

    async def append(
        self, *, conversation: Conversation, projections: Sequence[Projection], time_given: bool
    ) -> Appended:
        """Stores a conversation and one outbox job a projection in one durable commit, and nothing else.

        When it returns, the commit survives a crash of the process and, unless the archive was told otherwise, a
        power cut. Appending the same id with the same content again changes nothing and returns what is stored.

        Args:
            time_given: whether ``occurred_at`` belongs to the content that a retry must repeat.

        Raises:
            IdempotencyConflict: the id is stored with other content.
            Forgotten: the id was erased.
            Moved: there is a fence; nothing was stored.
            Overloaded: too many appends wait already; nothing was stored.
        """
        ...

    async def epoch(self, *, tenant_id: str, user_id: str) -> int:
        """The user's epoch, raised by every forgetting; 0 for an unknown user."""
        ...

    async def recent(self, *, scope: Scope, limit: int, compartment: str | None = None) -> list[Conversation]:
        """The latest visible conversations by (occurred_at, sequence), oldest of them first.

        Args:
            compartment: only those of this one compartment, if it is visible; to fill one window of the cache.
        """
        ...

    async def history(
        self, *, scope: Scope, limit: int, since: dt.datetime | None = None, before: str | None = None
    ) -> list[Conversation]:
        """Visible conversations, newest first by (occurred_at, sequence).

        Args:
            since: only those that occurred then or later.
            before: only those older than this visible conversation: the next page.

        Raises:
            UnknownConversation: ``before`` is not a visible conversation.
        """
        ...

    async def fetch(self, *, scope: Scope, conversation_ids: Sequence[str]) -> list[Conversation]:
        """Those of the conversations that are visible, newest first; others are left out without a word."""
        ...

    async def visible(self, *, scope: Scope, conversation_ids: Sequence[str]) -> frozenset[str]:
        """The ids of those conversations that `fetch` would return; cheaper, for what needs no text."""
        ...

    async def load(self, *, keys: Sequence[ConversationKey]) -> list[Conversation]:
        """Stored conversations of any users, for projecting them; erased ones are left out. Any order."""
        ...

    async def existing(self, *, keys: Sequence[ConversationKey]) -> frozenset[str]:
        """The ids of those conversations that are stored at present: how a projector learns what was erased meanwhile."""
        ...

    async def sessions(self, *, scope: Scope, limit: int) -> list[Session]:
        """The latest sessions among the visible conversations, newest first."""
        ...

    async def users(self, *, after: User | None = None, limit: int = 1000) -> list[User]:
        """Users with at least one conversation, in a fixed order, one page after ``after``."""
        ...

    async def page(
        self, *, tenant_id: str, user_id: str, after_sequence: int = 0, limit: int = 1000
    ) -> list[Conversation]:
        """Every conversation of a user by rising sequence, one page after ``after_sequence``: for export and rebuild."""
        ...

    async def total_conversations(self, *, tenant_id: str | None = None, user_id: str | None = None) -> int:
        """How many conversations are stored: in all, of a tenant, or of one of its users."""
        ...

    async def text_chars(self) -> int:
        """Characters of all stored texts, both sides."""
        ...

    async def forget_user(self, *, tenant_id: str, user_id: str, projections: Sequence[Projection]) -> ArchiveErasure:
        """Erases a user in one commit: conversations, waiting jobs, dead letters, retrieval records.

        The same commit raises the epoch, leaves tombstones that refuse a retry, and writes a `FORGET_USER` job a
        projection. A `PROJECT` job that was claimed becomes a `FORGET_CONVERSATION` job under the same lease: its
        worker may still write, and should it die then, the next one takes that back. Nothing of the user is returned by
        any read that starts after it. Idempotent; an unknown user is erased too: the epoch rises, so that what is under
        way becomes void.

        Raises:
            Moved: there is a fence; nothing was erased.
        """
        ...

    async def forget_conversations(
        self,
        *,
        tenant_id: str,
        user_id: str,
        conversation_ids: Sequence[str],
        projections: Sequence[Projection],
        final: bool = True,
    ) -> ArchiveErasure:
        """As `forget_user`, for these conversations of that user; a `FORGET_CONVERSATION` job each a projection.

        Args:
            final: ``False``: no tombstones are left, and the same conversations may be stored again: for an import
                that is taken back.
        """
        ...

    async def purge(self) -> bool:
        """Overwrites what erased rows left in the store's files, journals included; whether nothing is left.

        Cheap where nothing was erased since the last time.

        ``False``: something still holds it, e.g. another process reading; call again later.
        """
        ...

    async def record_retrievals(self, *, records: Sequence[RetrievalRecord]) -> None:
        """Keeps measurements of retrievals; records of users unknown by now are dropped."""
        ...

    async def retrieval_metrics(
        self, *, tenant_id: str | None = None, user_id: str | None = None, since: dt.datetime | None = None
    ) -> RetrievalMetrics:
        """Figures over the kept records: of all, of a tenant, or of one of its users."""
        ...

    async def size_bytes(self) -> int:
        """What the conversations take in the store, as far as it can be told."""
        ...

    async def tallies(self, *, after: User | None = None, limit: int = 1000) -> list[Tally]:
        """Users with a conversation or an epoch above 0, in the order of `users`, one page after ``after``.

        What is appended later has a higher sequence than the tally's last one.
        """
        ...

    async def tombstones(self, *, after: str | None = None, limit: int = 1000) -> list[str]:
        """Ids of conversations that were erased for good, in rising order, one page after ``after``."""
        ...

    async def withdrawn(self, *, after: str | None = None, limit: int = 1000) -> list[str]:
        """As `tombstones`, of those that were erased and not for good; they may be stored again by now."""
        ...

    async def adopt(self, *, conversations: Sequence[Conversation], projections: Sequence[Projection]) -> None:
        """Stores conversations of one user as another archive holds them, with their jobs, in one durable commit.

        They get sequences of this archive, rising in the order given. What is stored or was erased here stays as it is.

        Raises:
            Moved: there is a fence; nothing was stored.
        """
        ...

    async def adopt_erasures(self, *, conversation_ids: Sequence[str], epochs: Mapping[User, int]) -> frozenset[str]:
        """Takes over what was forgotten in another archive, in one durable commit.

        Leaves a tombstone for each id, unless it is stored here: nothing is erased by this. Each user's epoch is at least
        the given one from now on.

        Returns:
            The ids that are stored here, and so have no tombstone.

        Raises:
            Moved: there is a fence; nothing was changed.
        """
        ...

    async def fenced(self) -> Fence | None:
        """The fence, if there is one. Reads do not heed it."""
        ...

    async def fence(self, *, before: Fence | None, after: Fence | None) -> bool:
        """Sets, changes or lifts the fence in one durable commit, if it is as ``before`` says.

        Appends and forgettings that are under way end before it, seen by every read after it; later ones, of every
        process, raise `Moved` while there is a fence.

        Returns:
            Whether it is as ``after`` says now; ``False``: it was neither that nor as ``before`` says, and was left alone.
        """
        ...
