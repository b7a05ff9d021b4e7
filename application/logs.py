"""Loggers of the library: structured events on the standard library's loggers, which the application configures."""

from __future__ import annotations

import logging
from typing import cast

import structlog


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger named ``talktiers.<name>``. An event is a fact in snake case with ids and milliseconds, never a text.

    It goes to `logging` and nowhere else: without a configuration, warnings and errors reach standard error.
    """
    return cast(
        "structlog.stdlib.BoundLogger",
        structlog.wrap_logger(
            logging.getLogger(f"talktiers.{name}"),
            processors=[
                structlog.stdlib.filter_by_level,
                structlog.processors.KeyValueRenderer(key_order=["event"], drop_missing=True),
            ],
            wrapper_class=structlog.stdlib.BoundLogger,
        ),
    )
