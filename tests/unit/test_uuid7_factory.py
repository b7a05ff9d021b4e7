import datetime as dt
import threading
import uuid

from talktiers.adapters.in_memory.clock import ManualClock
from talktiers.adapters.system.clock import SystemClock
from talktiers.adapters.system.id_factory import Uuid7Factory


def milliseconds_of(made: str) -> int:
    return uuid.UUID(made).int >> 80


def test_an_id_begins_with_the_time_of_its_making() -> None:
    moment = dt.datetime(2026, 3, 2, 9, 0, 0, 123_999, tzinfo=dt.UTC)
    made = Uuid7Factory(clock=ManualClock(moment)).new_id()
    assert milliseconds_of(made) == 1_772_442_000_123


def test_ids_rise_while_the_clock_stands_still() -> None:
    factory = Uuid7Factory(clock=ManualClock())
    made = [factory.new_id() for _ in range(5000)]
    assert made == sorted(set(made))


def test_ids_rise_when_the_clock_is_set_back() -> None:
    clock = ManualClock()
    factory = Uuid7Factory(clock=clock)
    before = factory.new_id()
    clock.set_now(clock.now() - dt.timedelta(days=1))
    assert before < factory.new_id() < factory.new_id()


def test_a_full_millisecond_goes_over_into_the_next() -> None:
    factory = Uuid7Factory(clock=ManualClock())
    first = factory.new_id()
    factory._tail = 2**74 - 1
    second = factory.new_id()
    assert milliseconds_of(second) == milliseconds_of(first) + 1
    assert uuid.UUID(second).version == 7


def test_two_processes_do_not_make_the_same_ids() -> None:
    clock = ManualClock()
    one, another = Uuid7Factory(clock=clock), Uuid7Factory(clock=clock)
    assert not {one.new_id() for _ in range(100)} & {another.new_id() for _ in range(100)}


def test_threads_do_not_get_the_same_id() -> None:
    factory = Uuid7Factory(clock=SystemClock())
    made: list[str] = []

    def make_many() -> None:
        made.extend(factory.new_id() for _ in range(2000))

    threads = [threading.Thread(target=make_many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 16_000
