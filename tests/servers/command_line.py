"""The commands of run.py."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from servers.process import ServerFailed, Unavailable
from servers.server_set import DEFAULT_FOLDER, KINDS, Outcome, ServerSet


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 1 where a server failed, or was skipped in spite of `--require`."""
    asked = _parser().parse_args(arguments)
    servers = ServerSet(asked.folder, fsync=getattr(asked, "fsync", False))
    try:
        return _run(asked, servers)
    except (ServerFailed, Unavailable) as failure:
        print(failure, file=sys.stderr)
        return 1


def _run(asked: argparse.Namespace, servers: ServerSet) -> int:
    match asked.command:
        case "start":
            return _started(servers, asked.names, require=asked.require)
        case "stop":
            for outcome in servers.stop(*asked.names, keep_data=asked.keep_data):
                _print(outcome)
        case "status":
            for outcome in servers.status():
                _print(outcome)
        case "env":
            for name, value in servers.environment().items():
                print(f"export {name}={shlex.quote(value)}")
        case "restart":
            servers.restart(asked.name)
        case "kill":
            servers.kill(asked.name)
    return 0


def _started(servers: ServerSet, names: Sequence[str], *, require: bool) -> int:
    outcomes = servers.start(*names, report=_print)
    missing = [outcome for outcome in outcomes if not outcome.serves]
    if not missing:
        print(f"For a shell: . {shlex.quote(str(servers.folder / 'env.sh'))}")
    elif require:
        print(f"Missing, and --require was given: {', '.join(outcome.title for outcome in missing)}", file=sys.stderr)
    return int(any(require or outcome.what == "failed" for outcome in missing))


def _print(outcome: Outcome) -> None:
    took = f" ({outcome.seconds:.1f} s)" if outcome.what in {"started", "stopped"} else ""
    detail = f": {outcome.detail}" if outcome.detail else ""
    stream = sys.stdout if outcome.what not in {"skipped", "failed"} else sys.stderr
    print(f"{outcome.title:<11}{outcome.what}{took}{detail}", file=stream, flush=True)


def _name(text: str) -> str:
    if text not in KINDS:
        raise argparse.ArgumentTypeError(f"{text} is none of {', '.join(KINDS)}")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python tests/servers/run.py",
        description="Redis, PostgreSQL, Chroma and Neo4j for the tests, on free loopback ports, without Docker.",
    )
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--folder", type=Path, default=DEFAULT_FOLDER, help="data, passwords and logs (default: .servers of the clone)"
    )
    several = argparse.ArgumentParser(add_help=False)
    several.add_argument("names", nargs="*", type=_name, metavar="NAME", help=f"{', '.join(KINDS)}; none: all of them")
    one = argparse.ArgumentParser(add_help=False)
    one.add_argument("name", type=_name, metavar="NAME", help=", ".join(KINDS))

    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("start", parents=[shared, several], help="start what does not run yet")
    start.add_argument("--require", action="store_true", help="fail where a server is missing, instead of skipping it")
    start.add_argument("--fsync", action="store_true", help="PostgreSQL waits for the disk, as in production")
    stop = commands.add_parser("stop", parents=[shared, several], help="stop them and erase their data")
    stop.add_argument("--keep-data", action="store_true", help="the next start goes on with it")
    commands.add_parser("status", parents=[shared], help="which of them run, and where")
    commands.add_parser("env", parents=[shared], help="what the tests read, as lines for a shell")
    commands.add_parser("restart", parents=[shared, one], help="stop one in order and start it again on its data")
    commands.add_parser("kill", parents=[shared, one], help="end one as a power failure would")
    return parser
