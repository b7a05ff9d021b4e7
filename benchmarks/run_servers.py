"""Measures the memory on its four servers, in one run beside the calls of their drivers on the same rows.

``python benchmarks/run_servers.py [--only recent,context] [--conversations 100000] [--given] [--json FILE]``. Starts
servers of its own, PostgreSQL with the disk waited for at each commit, in a temporary folder; with ``--folder`` servers
and memories stay for the next run. ``--given`` takes those of the variables ``TALKTIERS_TEST_…`` instead.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent / "tests")  # where the servers are, and nothing else is meant

from four_servers import FourServers  # noqa: E402
from servers import ServerSet  # noqa: E402

from talktiers.benchmarks.report import Report, machine  # noqa: E402
from talktiers.benchmarks.server_workspace import ServerWorkspace  # noqa: E402
from talktiers.benchmarks.workspace import say  # noqa: E402

SUBJECTS = ("bulk", "store", "growth", "recent", "context", "load")
"""Each is a module ``server_…`` here with a function ``measure``. Growth comes before what needs the large memory."""
NAME = "talktiers_bench"
_PREFIX = "TALKTIERS_TEST_"


def main() -> int:
    arguments = _arguments()
    # Taken out of the environment: a memory refuses variables that name no setting of its own.
    given = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(_PREFIX)}
    description = machine()
    began = time.perf_counter()
    reports: dict[str, Report] = {}
    with ExitStack() as stack:
        folder = arguments.folder
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="talktiers-bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        kept = arguments.folder is not None
        variables = given if arguments.given else stack.enter_context(_own_servers(folder / "servers", kept=kept))
        servers = _servers(variables)
        workspace = ServerWorkspace(servers, folder, arguments.conversations)
        print("  ".join(f"{name} {value}" for name, value in description.items()))
        try:
            for subject in arguments.only:
                say(f"{subject} …")
                module = importlib.import_module(f"talktiers.benchmarks.server_{subject}")
                reports[subject] = asyncio.run(module.measure(workspace))
                print(f"\n=== {subject} ===\n\n{reports[subject].text()}", flush=True)
        finally:
            if arguments.given and not kept:
                asyncio.run(servers.erase())
    print(f"\n{time.perf_counter() - began:.0f} s in all")
    if arguments.json is not None:
        figures = {subject: report.to_json() for subject, report in reports.items()}
        value = {"machine": description, "conversations": arguments.conversations, "figures": figures}
        arguments.json.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
    return 0


@contextmanager
def _own_servers(folder: Path, *, kept: bool) -> Iterator[Mapping[str, str]]:
    """The variables of servers that run meanwhile; their data go with them unless they are kept."""
    servers = ServerSet(folder, fsync=True)
    try:
        say("starting the servers")
        missing = [outcome for outcome in servers.start() if not outcome.serves]
        if missing:
            raise SystemExit("\n".join(f"{outcome.title} {outcome.what}: {outcome.detail}" for outcome in missing))
        yield servers.environment()
    finally:
        servers.stop(keep_data=kept)


def _servers(variables: Mapping[str, str]) -> FourServers:
    try:
        return FourServers(
            name=NAME,
            redis_url=variables[f"{_PREFIX}REDIS_URL"],
            postgres_url=variables[f"{_PREFIX}POSTGRES_URL"],
            chroma_url=variables[f"{_PREFIX}CHROMA_URL"],
            chroma_token=variables.get(f"{_PREFIX}CHROMA_TOKEN") or None,
            neo4j_url=variables[f"{_PREFIX}NEO4J_URL"],
            neo4j_auth=(variables[f"{_PREFIX}NEO4J_USER"], variables[f"{_PREFIX}NEO4J_PASSWORD"]),
        )
    except KeyError as missing:
        raise SystemExit(f"--given: {missing.args[0]} is not set") from None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--only", type=_subjects, default=SUBJECTS, metavar="A,B", help=f"some of {', '.join(SUBJECTS)}"
    )
    parser.add_argument(
        "--conversations",
        type=int,
        default=100_000,
        metavar="N",
        help="size of the large memory, and how far growth is followed (100000; 1000000 takes hours)",
    )
    parser.add_argument("--given", action="store_true", help=f"use the servers of {_PREFIX}REDIS_URL and so on")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="keep servers and memories there for the next run")
    return parser.parse_args()


def _subjects(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := sorted(set(names) - set(SUBJECTS)):
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; there are {', '.join(SUBJECTS)}")
    return [name for name in SUBJECTS if name in names]


if __name__ == "__main__":
    sys.exit(main())
