"""A step is taken again as long as what failed may work later, and no longer."""

from __future__ import annotations

import pytest

from talktiers.application import patience
from talktiers.application.patience import Patience
from talktiers.domain.errors import BackendCorruption, BackendUnavailable


class Step:
    """Fails so often, then returns."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.taken = 0

    async def __call__(self) -> str:
        self.taken += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


DOWN = BackendUnavailable("postgres", "adopt", "an example")
DAMAGED = BackendCorruption("postgres", "adopt", "an example")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_FIRST_PAUSE_S", 0)


async def test_a_store_that_is_back_soon_is_waited_for() -> None:
    step = Step(DOWN, DOWN)
    assert await Patience(seconds=30)(step) == "done"
    assert step.taken == 3


async def test_what_cannot_work_later_is_told_at_once() -> None:
    step = Step(DOWN, DAMAGED, DOWN)
    with pytest.raises(BackendCorruption):
        await Patience(seconds=30)(step)
    assert step.taken == 2


async def test_patience_ends() -> None:
    step = Step(*[DOWN] * 1000)
    with pytest.raises(BackendUnavailable):
        await Patience(seconds=0)(step)
    assert step.taken < 10
