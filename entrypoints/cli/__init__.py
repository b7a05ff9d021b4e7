"""The command line."""

from __future__ import annotations

from collections.abc import Sequence

import click

from . import demonstrating, evaluating, exporting, forgetting, importing, initialising, maintaining, moving, reading
from .options import CONFIG_HELP, DB_HELP
from .running import run_command_line


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--db", metavar="PATH", help=DB_HELP)
@click.option("--config", metavar="FILE", help=CONFIG_HELP)
@click.version_option(package_name="talktiers", message="%(prog)s %(version)s")
def talktiers(db: str | None, config: str | None) -> None:  # the commands read them from the context
    """A four-tier memory for bots that talk to people.

    Start with `talktiers demo`. Exit codes: 0 done, 1 failed, 2 wrong usage or input, 3 nothing found, 130 interrupted.
    """


for command in (
    demonstrating.demo,
    initialising.init,
    importing.import_conversations,
    reading.context,
    reading.search,
    reading.explain,
    reading.history,
    reading.topics,
    exporting.export,
    forgetting.forget,
    maintaining.stats,
    maintaining.doctor,
    maintaining.rebuild,
    moving.move,
    evaluating.evaluate,
):
    talktiers.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Args:
        arguments: without the program's name; ``None``: the process's own.

    Returns:
        The exit code.
    """
    return run_command_line(talktiers, arguments)


__all__ = ["main"]
