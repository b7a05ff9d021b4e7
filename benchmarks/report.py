"""What a benchmark says, for people as tables and for programs as figures."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
from collections.abc import Sequence
from pathlib import Path

import attrs
import numpy as np

_ROOT = Path(__file__).resolve().parent.parent


@attrs.frozen(kw_only=True)
class Figure:
    """One measured number.

    Attributes:
        bar: what it is wanted to be, ``<= 15``; empty where nothing is asked of it.
    """

    name: str
    value: float
    unit: str = ""
    bar: str = ""


@attrs.frozen(kw_only=True)
class Table:
    """Rows under a heading; the first column is text, the others are numbers."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def text(self) -> str:
        """The table in columns."""
        lines = [self.header, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.header))]
        rendered = [
            "  ".join(
                cell.ljust(width) if column == 0 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        return "\n".join([self.title, f"  {rendered[0]}", *(f"  {line}" for line in rendered[1:])])


@attrs.frozen(kw_only=True)
class Report:
    """What one subject showed."""

    tables: Sequence[Table]
    figures: Sequence[Figure]

    def text(self) -> str:
        """Tables, then the figures of which something is asked."""
        asked = [figure for figure in self.figures if figure.bar]
        tables = list(self.tables)
        if asked:
            rows = [[item.name, f"{number(item.value)} {item.unit}".strip(), item.bar] for item in asked]
            tables.append(Table(title="wanted", header=("", "measured", "wanted"), rows=rows))
        return "\n\n".join(table.text() for table in tables)

    def to_json(self) -> dict[str, float]:
        """Every figure by its name."""
        return {figure.name: round(figure.value, 4) for figure in self.figures}


@attrs.frozen
class Times:
    """Durations of many calls, in milliseconds."""

    values: Sequence[float]

    def percentile(self, share: float) -> float:
        return float(np.quantile(self.values, share)) if len(self.values) else 0.0

    @property
    def p50(self) -> float:
        return self.percentile(0.5)

    @property
    def p95(self) -> float:
        return self.percentile(0.95)

    @property
    def p99(self) -> float:
        return self.percentile(0.99)

    def cells(self) -> list[str]:
        """p50, p95, p99 and the longest, for a row."""
        return [number(value) for value in (self.p50, self.p95, self.p99, max(self.values, default=0.0))]


TIMES_HEADER = ("p50 ms", "p95 ms", "p99 ms", "max ms")


def number(value: float) -> str:
    """Three telling digits."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    git = ["git", "-C", str(_ROOT), "describe", "--always", "--dirty"]
    try:
        commit = subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        commit = "unknown"
    return {
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "load": f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown",
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "sqlite": sqlite3.sqlite_version,
        "commit": commit,
    }
