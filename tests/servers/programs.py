"""Finding the programs that the servers consist of, and installing Debian's where that is possible."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from servers.process import Unavailable


def cache_folder() -> Path:
    """Where what was downloaded stays between starts and between clones."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "talktiers-test-servers"


def program(name: str, *, packages: Sequence[str]) -> str:
    """The path of a program; where it is missing and root runs Debian, its packages are installed first.

    Raises:
        Unavailable: It is missing; the message names what brings it.
    """
    found = shutil.which(name)
    if not found and may_install():
        _install(tuple(packages))
        found = shutil.which(name)
    if not found:
        raise Unavailable(f"{name} is missing: apt-get install {' '.join(packages)}")
    return found


def may_install() -> bool:
    """Whether Debian packages can be added: by root only, and not without apt."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def _install(packages: tuple[str, ...]) -> None:
    """Install Debian packages; the lists are fetched once, as old ones name files that are gone."""
    _update()
    _apt("install", "-y", "--no-install-recommends", *packages)


@functools.cache
def _update() -> None:
    _apt("update")


def _apt(*arguments: str) -> None:
    done = subprocess.run(
        ["apt-get", "-qq", *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = "; ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
        raise Unavailable(f"apt-get {' '.join(arguments)} failed: {last}")
