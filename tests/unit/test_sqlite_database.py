import asyncio
import contextlib
import random
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from talktiers.adapters.sqlite import database as database_module
from talktiers.adapters.sqlite import migrations
from talktiers.adapters.sqlite.database import Database
from talktiers.domain.errors import (
    BackendConflict,
    BackendError,
    BackendUnavailable,
    ConfigurationError,
    MemoryClosed,
    MigrationError,
    Overloaded,
)

Write = Callable[[sqlite3.Connection], None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    async with Database(path) as opened:
        await create_table(opened)
        yield opened


async def create_table(database: Database) -> None:
    def create(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE IF NOT EXISTS notes (note TEXT)")

    await database.write("create", create)


def insert(note: str) -> Write:
    def write(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO notes VALUES (?)", (note,))

    return write


def insert_and_fail(note: str) -> Write:
    def write(connection: sqlite3.Connection) -> None:
        insert(note)(connection)
        raise KeyError(note)

    return write


async def notes(database: Database) -> list[str]:
    return await database.read("notes", _notes)


def _notes(connection: sqlite3.Connection) -> list[str]:
    return [note for (note,) in connection.execute("SELECT note FROM notes ORDER BY note")]


def notes_in(path: Path) -> list[str]:
    """What another process reads."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return _notes(connection)


@contextlib.asynccontextmanager
async def occupied(database: Database) -> AsyncIterator[None]:
    """The writing thread is busy meanwhile, so that what is asked waits and becomes one group."""
    begun, released = threading.Event(), threading.Event()

    def occupy(_: sqlite3.Connection) -> None:
        begun.set()
        released.wait(10)

    task = asyncio.create_task(database.write("occupy", occupy))
    await asyncio.to_thread(begun.wait, 10)
    try:
        yield
    finally:
        released.set()
        await task


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another connection writes meanwhile."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_sixteen_callers_at_once_share_a_commit(database: Database) -> None:
    statements: list[str] = []
    await database.write("trace", lambda connection: connection.set_trace_callback(statements.append))
    statements.clear()
    await asyncio.gather(*(database.write("insert", insert(f"{number:02}")) for number in range(16)))
    assert 1 <= statements.count("COMMIT") <= 2
    assert await notes(database) == [f"{number:02}" for number in range(16)]


async def test_what_returned_is_in_the_file(database: Database, path: Path) -> None:
    await database.write("insert", insert("kept"))
    assert notes_in(path) == ["kept"]


@pytest.mark.parametrize("failing", [{0}, {2}, {0, 1}, {3}, {0, 1, 2, 3}])
async def test_a_write_that_fails_takes_nothing_else_with_it(database: Database, failing: set[int]) -> None:
    async with occupied(database):
        tasks = [
            asyncio.create_task(database.write("insert", (insert_and_fail if n in failing else insert)(str(n))))
            for n in range(4)
        ]
        await asyncio.sleep(0)
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [KeyError if n in failing else type(None) for n in range(4)]
    assert await notes(database) == [str(n) for n in range(4) if n not in failing]


async def test_a_driver_error_reaches_its_caller_translated(database: Database, path: Path) -> None:
    def write(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(BackendError, match="nonsense failed") as raised:
        await database.write("nonsense", write)
    assert isinstance(raised.value.__cause__, sqlite3.OperationalError)
    with pytest.raises(BackendError, match=str(path)):
        await database.read("nonsense", write)


async def test_a_function_may_raise_anything_and_the_threads_go_on(database: Database) -> None:
    def stop(_: sqlite3.Connection) -> None:
        raise StopIteration

    def leave(_: sqlite3.Connection) -> None:
        raise GeneratorExit

    for call in (database.read, database.write):
        with pytest.raises(RuntimeError, match="StopIteration"):
            await call("stop", stop)
        with pytest.raises(GeneratorExit):
            await call("leave", leave)
    await database.write("insert", insert("after"))
    assert await notes(database) == ["after"]


async def test_when_a_commit_fails_everyone_who_waits_for_it_is_told(database: Database) -> None:
    def refuse_commit(connection: sqlite3.Connection) -> None:
        connection.set_authorizer(
            lambda action, what, *_: (
                sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_TRANSACTION and what == "COMMIT" else sqlite3.SQLITE_OK
            )
        )

    async with occupied(database):
        tasks = [asyncio.create_task(database.write("insert", insert(str(number)))) for number in range(3)]
        tasks.append(asyncio.create_task(database.write("refuse", refuse_commit)))
        await asyncio.sleep(0)
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [BackendUnavailable] * 4
    assert await notes(database) == []


async def test_a_full_disk_loses_nothing_acknowledged_and_is_over_when_there_is_room(database: Database) -> None:
    def limit(connection: sqlite3.Connection) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    def unlimit(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA max_page_count = 1000000")

    await database.write("insert", insert("before"))
    await database.write("limit", limit)
    async with occupied(database):
        huge = "z" * 100_000
        tasks = [asyncio.create_task(database.write("insert", insert(note))) for note in ("a", huge, "b")]
        await asyncio.sleep(0)
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(outcomes[1], BackendUnavailable)
    assert "free some space" in str(outcomes[1])
    acknowledged = [note for note, outcome in zip(("a", huge, "b"), outcomes, strict=True) if outcome is None]
    assert await notes(database) == sorted(["before", *acknowledged])
    await database.write("unlimit", unlimit)
    await database.write("insert", insert(huge))
    assert huge in await notes(database)


async def test_a_cancelled_write_has_happened_or_not_and_disturbs_nobody(database: Database) -> None:
    async with occupied(database):
        tasks = [asyncio.create_task(database.write("insert", insert(str(number)))) for number in range(8)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError, type(None)] * 4
    assert {"1", "3", "5", "7"} <= set(await notes(database))


async def test_too_many_writes_are_refused_before_anything_was_done_and_room_comes_back(path: Path) -> None:
    async with Database(path, max_waiting=4) as database:
        await create_table(database)
        async with occupied(database):
            waiting = [asyncio.create_task(database.write("insert", insert(str(number)))) for number in range(3)]
            await asyncio.sleep(0)
            waiting[0].cancel()
            with pytest.raises(Overloaded, match=str(path)):
                await database.write("insert", insert("refused"))
        await asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.gather(*(database.write("insert", insert(f"later {number}")) for number in range(4)))
        assert "refused" not in await notes(database)


async def test_too_many_reads_are_refused(path: Path) -> None:
    released = threading.Event()
    async with Database(path, readers=1, max_waiting=2) as database:
        reads = [asyncio.create_task(database.read("wait", lambda _: released.wait(10))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await database.read("refused", lambda _: None)
        released.set()
        assert await asyncio.gather(*reads) == [True, True]


async def test_a_read_sees_one_state_whatever_is_written_meanwhile(database: Database) -> None:
    looked, written = threading.Event(), threading.Event()

    def look_twice(connection: sqlite3.Connection) -> tuple[list[str], list[str]]:
        first = _notes(connection)
        looked.set()
        written.wait(10)
        return first, _notes(connection)

    reading = asyncio.create_task(database.read("look twice", look_twice))
    await asyncio.to_thread(looked.wait, 10)
    await database.write("insert", insert("new"))
    assert await notes(database) == ["new"]
    written.set()
    assert await reading == ([], [])


async def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(BackendError):
        await database.read("insert", insert("sneaked in"))
    assert await notes(database) == []


async def test_what_blocks_a_thread_does_not_block_the_loop(database: Database) -> None:
    slow = [
        asyncio.create_task(database.write("slow", lambda _: time.sleep(0.3))),
        asyncio.create_task(database.read("slow", lambda _: time.sleep(0.3))),
    ]
    ticks = 0
    while not all(task.done() for task in slow):
        await asyncio.sleep(0.01)
        ticks += 1
    assert ticks >= 10


async def test_closing_finishes_what_was_asked(path: Path) -> None:
    database = Database(path)
    async with database:
        await create_table(database)
        async with occupied(database):
            tasks = [asyncio.create_task(database.write("insert", insert(str(number)))) for number in range(5)]
            tasks.append(asyncio.create_task(database.write("derive", insert("derived"), durable=False)))
            await asyncio.sleep(0)
            closing = asyncio.create_task(database.close())
            await asyncio.sleep(0)
        await asyncio.gather(closing, *tasks)
    assert notes_in(path) == ["0", "1", "2", "3", "4", "derived"]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("talktiers-sqlite")]
    assert [file.name for file in path.parent.iterdir()] == [path.name]


async def test_it_is_open_once_and_can_be_opened_again(path: Path) -> None:
    database = Database(path)
    with pytest.raises(MemoryClosed, match="not open"):
        await database.read("notes", _notes)
    for _ in range(2):
        async with database:
            await create_table(database)
            with pytest.raises(ConfigurationError, match="open already"):
                await database.__aenter__()
            await database.write("insert", insert("kept"))
        await database.close()
        with pytest.raises(MemoryClosed):
            await database.write("insert", insert("late"))
    assert notes_in(path) == ["kept", "kept"]


async def test_only_the_owner_can_read_a_new_file(database: Database, path: Path) -> None:
    await database.write("insert", insert("private"))
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def open_and_close(path: Path) -> None:
    async with Database(path):
        pass


def foreign_database(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE invoices (number INTEGER)")


def database_of_the_future(path: Path) -> None:
    asyncio.run(open_and_close(path))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute(f"PRAGMA user_version = {migrations.SCHEMA_VERSION + 1}")


def read_only_database(path: Path) -> None:
    path.touch(0o444)


@pytest.mark.parametrize(
    ("spoil", "remedy"),
    [
        (lambda path: path.write_text("Dear diary, " * 100), "not an SQLite database"),
        (Path.mkdir, "is a folder"),
        (foreign_database, "another program"),
        (database_of_the_future, "upgrade talktiers"),
        (read_only_database, "make it writable"),
    ],
)
def test_a_file_that_cannot_be_ours_is_refused_by_name_and_left_alone(
    path: Path, spoil: Callable[[Path], object], remedy: str
) -> None:
    spoil(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(ConfigurationError, match=remedy) as raised:
        asyncio.run(open_and_close(path))
    assert str(path) in str(raised.value)
    assert (path.read_bytes() if path.is_file() else None) == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("place", "remedy"),
    [("nowhere/memory.db", "create"), ("a file/memory.db", "no folder"), (":memory:", "needs a file")],
)
def test_a_place_that_cannot_hold_a_file_is_refused(tmp_path: Path, place: str, remedy: str) -> None:
    (tmp_path / "a file").touch()
    with pytest.raises(ConfigurationError, match=remedy):
        asyncio.run(open_and_close(tmp_path / place))
    assert [file.name for file in tmp_path.iterdir()] == ["a file"]


def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "sealed"
    folder.mkdir(0o555)
    with pytest.raises(ConfigurationError, match="read-only"):
        asyncio.run(open_and_close(folder / "memory.db"))
    assert list(folder.iterdir()) == []


async def test_an_incomplete_installation_leaves_no_half_made_schema(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        incomplete = migrations.Migration(version=1, scripts=("archive.sql", "lost.sql"))
        patch.setattr(migrations, "MIGRATIONS", (incomplete,))
        with pytest.raises(MigrationError, match=r"lost\.sql"):
            async with Database(path):
                pass
    async with Database(path) as database:
        await database.read("count", lambda connection: connection.execute("SELECT COUNT(*) FROM users").fetchone())


async def test_a_file_locked_by_another_process_is_a_conflict_for_all_who_wait(path: Path) -> None:
    async with Database(path, busy_timeout_s=0.1) as database:
        await create_table(database)
        with locked(path):
            outcomes = await asyncio.gather(
                *(database.write("insert", insert(str(number))) for number in range(3)), return_exceptions=True
            )
        assert [type(outcome) for outcome in outcomes] == [BackendConflict] * 3
        assert "busy_timeout_s" in str(outcomes[0])
        await database.write("insert", insert("afterwards"))
        assert await notes(database) == ["afterwards"]


START = """
import asyncio, sys
from talktiers.adapters.sqlite.database import Database

async def main(path, name):
    async with Database(path) as database:
        def write(connection):
            connection.execute("CREATE TABLE IF NOT EXISTS notes (note TEXT)")
            connection.execute("INSERT INTO notes VALUES (?)", (name,))
        await database.write("note", write)

print("ready", flush=True)
sys.stdin.readline()
asyncio.run(main(*sys.argv[1:]))
"""


def test_processes_that_start_at_once_on_a_new_file_all_find_it_ready(path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", START, str(path), str(number)],
            cwd=path.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert notes_in(path) == ["0", "1", "2"]


async def test_two_of_one_process_work_side_by_side(path: Path) -> None:
    async with Database(path) as one, Database(path) as two:
        await create_table(one)
        await asyncio.gather(*((one, two)[number % 2].write("insert", insert(f"{number:02}")) for number in range(40)))
        assert await notes(one) == await notes(two) == [f"{number:02}" for number in range(40)]


SPARROWS = "SELECT SUM(LENGTH(text)) / 7 FROM texts WHERE text LIKE 'sparrow%'"
DELETE_CANARIES = "DELETE FROM texts WHERE text LIKE 'canary%'"


def bytes_beside(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


async def test_what_was_deleted_is_in_no_file_after_a_purge(database: Database, path: Path) -> None:
    """Also where pages were split and merged, so that copies of rows stayed behind in them."""
    chance = random.Random(7)

    def fill(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE texts (key INTEGER PRIMARY KEY, text TEXT) WITHOUT ROWID")
        for number in range(2000):
            text = ("canary" if number % 5 == 0 else "sparrow") * chance.choice((1, 5, 20, 60))
            connection.execute("INSERT INTO texts VALUES (?, ?)", (chance.getrandbits(60), text))
        connection.execute("DELETE FROM texts WHERE text LIKE 'sparrow%' AND key % 3 = 0")

    await database.write("fill", fill)
    left = await database.read("sum", lambda connection: connection.execute(SPARROWS).fetchone()[0])
    await database.erase("delete", lambda connection: connection.execute(DELETE_CANARIES).rowcount)
    assert await database.purge()
    assert b"canary" not in bytes_beside(path)
    assert bytes_beside(path).count(b"sparrow") == left


async def test_a_purge_says_when_a_reader_keeps_the_old_state_alive(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "PURGE_TIMEOUT_S", 0.1)
    await database.write("insert", insert("canary"))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        assert _notes(other) == ["canary"]
        await database.erase("delete", lambda connection: connection.execute("DELETE FROM notes").rowcount)
        assert not await database.purge()
        other.execute("ROLLBACK")
    assert await database.purge()
    assert b"canary" not in bytes_beside(path)


async def test_writes_of_derived_data_cost_no_fsync_and_acknowledged_ones_do(database: Database) -> None:
    modes: list[int] = []

    def note_mode(connection: sqlite3.Connection) -> None:
        modes.append(connection.execute("PRAGMA synchronous").fetchone()[0])

    await database.write("derived", note_mode, durable=False)
    await database.write("acknowledged", note_mode)
    await database.write("derived", note_mode, durable=False)
    normal, full = 1, 2
    assert modes == [normal, full, normal]


async def test_an_acknowledged_write_overtakes_derived_ones(database: Database) -> None:
    order: list[str] = []

    def note(name: str) -> Write:
        return lambda _: order.append(name)

    async with occupied(database):
        tasks = [
            asyncio.create_task(database.write("derive", note("derived"), durable=False)),
            asyncio.create_task(database.write("store", note("acknowledged"))),
        ]
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert order == ["acknowledged", "derived"]


async def test_a_long_read_holds_up_no_other_one(database: Database) -> None:
    released = threading.Event()
    long = asyncio.create_task(database.read("long", lambda _: released.wait(30)))
    async with asyncio.timeout(10):
        for _ in range(20):
            assert await database.read("short", lambda _: "read") == "read"
    assert not long.done()
    released.set()
    assert await long


async def test_an_acknowledged_write_goes_between_the_parts_of_a_derived_one(database: Database) -> None:
    begun, released = threading.Event(), threading.Event()
    order: list[str] = []

    def part(number: int) -> Callable[[sqlite3.Connection], None]:
        def write(_: sqlite3.Connection) -> None:
            begun.set()
            assert released.wait(30)
            order.append(f"part {number}")

        return write

    parts = asyncio.create_task(database.write_in_parts("derived", [part(number) for number in range(3)]))
    await asyncio.to_thread(begun.wait, 30)
    acknowledged = asyncio.create_task(database.write("acknowledged", lambda _: order.append("acknowledged")))
    await asyncio.sleep(0)
    released.set()
    await asyncio.gather(parts, acknowledged)
    assert order == ["part 0", "acknowledged", "part 1", "part 2"]
