"""The contract of `IdFactory`."""

from __future__ import annotations

import uuid

from ...domain.identifiers import is_conversation_id
from ..id_factory import IdFactory


class IdFactoryContract:
    """What a factory of ids promises."""

    def make(self) -> IdFactory:
        """A factory."""
        raise NotImplementedError

    def test_ids_are_lower_case_uuids_of_version_7(self) -> None:
        made = self.make().new_id()
        assert is_conversation_id(made)
        assert uuid.UUID(made).version == 7
        assert uuid.UUID(made).variant == uuid.RFC_4122

    def test_each_id_is_new_and_sorts_after_the_earlier_ones(self) -> None:
        factory = self.make()
        made = [factory.new_id() for _ in range(10_000)]
        assert made == sorted(set(made))
