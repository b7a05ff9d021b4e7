"""What the benchmarks of the four servers work on: memories there that grow by users, each filled once for all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import attrs
from four_servers import FourServers

from talktiers import Settings
from talktiers.benchmarks.conversations import Exchange, Talk
from talktiers.benchmarks.workspace import fill, say
from talktiers.entrypoints.configuration import load_settings

DECADES = (10_000, 100_000, 1_000_000)
SEVERAL = 1_000
"""Conversations of a user in most benchmarks."""
MANY = 10_000
"""Of a user who talks a lot."""

_SEED = 1_000
_TTL_S = 86_400
"""Filling a large memory may take longer than windows live by default."""


class GrowingMemory:
    """A memory of users with about so many conversations each. What it holds is noted in the folder, for later runs.

    Args:
        servers: where it lies.
        folder: for what is imported, and for the note.
        a_user: conversations of a user.
    """

    def __init__(self, *, servers: FourServers, folder: Path, a_user: int) -> None:
        self.servers = servers
        self.a_user = a_user
        self.asked_about: list[Exchange] = []
        self._folder = folder
        self._note = folder / f"{servers.name}.json"
        self._parts: list[int] = json.loads(self._note.read_text(encoding="utf-8")) if self._note.exists() else []
        for number, conversations in enumerate(self._parts):
            exchanges = self._talk(number, conversations).exchanges(conversations)
            self.asked_about += [exchange for exchange in exchanges if exchange.number % 50 == 0]

    @property
    def conversations(self) -> int:
        return sum(self._parts)

    @property
    def users(self) -> int:
        return self._users(len(self._parts))

    def settings(self, **sections: Mapping[str, object]) -> Settings:
        """Its settings, with what is different by section."""
        return load_settings(self.servers.settings(cache={"ttl_s": _TTL_S}, **sections))

    async def grow(self, conversations: int) -> None:
        """Imports until it holds so many, decade by decade, so that a larger one begins as the smaller ones do."""
        for step in sorted({*DECADES, conversations}):
            missing = step - self.conversations
            if step > conversations or missing <= 0:
                continue
            # An interrupted import is taken up again: what is there already stays as it is.
            talk = self._talk(len(self._parts), missing)
            filling = await fill(self.settings(), talk, missing, name=self.servers.name, folder=self._folder)
            self.asked_about += filling.asked_about
            self._parts.append(missing)
            self._note.write_text(json.dumps(self._parts), encoding="utf-8")

    def _talk(self, number: int, conversations: int) -> Talk:
        return Talk(users=max(1, conversations // self.a_user), first_user=self._users(number), seed=_SEED + number)

    def _users(self, parts: int) -> int:
        return sum(max(1, conversations // self.a_user) for conversations in self._parts[:parts])


@attrs.define
class ServerWorkspace:
    """The servers, a folder, and the memories that were made so far.

    Attributes:
        conversations: size of the large memory.
    """

    servers: FourServers
    folder: Path
    conversations: int
    _memories: dict[int, GrowingMemory] = attrs.field(factory=dict, init=False)

    def growing(self, a_user: int) -> GrowingMemory:
        """The memory of users with so many conversations each, as far as it has grown."""
        if a_user not in self._memories:
            servers = self.servers.part(f"{a_user}_each")
            self._memories[a_user] = GrowingMemory(servers=servers, folder=self.folder, a_user=a_user)
        return self._memories[a_user]

    async def large(self) -> GrowingMemory:
        """The large memory, a user for a thousand conversations. Not to be written to."""
        memory = self.growing(SEVERAL)
        await memory.grow(self.conversations)
        if memory.conversations > self.conversations:
            say(f"the memory in this folder holds {memory.conversations:,} conversations already")
        return memory
