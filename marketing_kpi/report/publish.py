"""Publication: a folder appears whole, or the last good one stays.

A report is built in a folder beside its place and put there by renaming. When a notebook failed,
the pages go to ``<lang>.failed`` instead, so that what was published keeps being readable; the
next good run removes them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from marketing_kpi.errors import ReportError

STALE_SECONDS = 3600
"""A staging folder as old as this is what a killed run left."""

_ATTEMPTS = 5


def publish(target: Path, build: Callable[[Path], None]) -> Path:
    """Build a folder beside `target`, then put it there in one go.

    Parameters
    ----------
    target
        The published folder; what it held is replaced whole.
    build
        Fills the folder it is given; if it raises, `target` is untouched.

    Returns
    -------
    Path
        `target`.

    Raises
    ------
    ReportError
        The disk takes no more, or refuses; `target` is untouched.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        recover(target)
        staged = Path(tempfile.mkdtemp(prefix=_new_prefix(target), dir=target.parent))
        try:
            build(staged)
            staged.chmod(0o755)  # mkdtemp's is for its owner only; a report is read by others
            _swap(staged, target)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    except OSError as error:
        raise ReportError(
            f"{target.name} could not be written in {target.parent} ({error.strerror or error})",
            hint="make room on that disk, or give another folder, as in --out reports/build",
        ) from error
    return target


def write(texts: Mapping[Path, str]) -> None:
    """Write files whole, all or none: what they held stays until all that is new is written."""
    staged: dict[Path, Path] = {}
    try:
        for path, text in texts.items():
            handle, name = tempfile.mkstemp(prefix=_new_prefix(path), dir=path.parent)
            staged[path] = Path(name)
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            staged[path].chmod(0o644)  # mkstemp's is for its owner only
        for path, new in staged.items():
            new.replace(path)
    finally:
        for new in staged.values():
            new.unlink(missing_ok=True)


def withdraw(target: Path) -> None:
    """Remove a published folder; it is first renamed, so that no reader sees a part of it."""
    if target.exists():
        gone = Path(tempfile.mkdtemp(prefix=_new_prefix(target), dir=target.parent))
        target.rename(gone / target.name)
        shutil.rmtree(gone, ignore_errors=True)


def recover(target: Path) -> None:
    """Repair what a run killed between two steps left: bring back the last good folder, tidy up."""
    replaced = sorted(_leftovers(target, _old_prefix(target)), key=_age, reverse=True)
    if replaced and not target.exists():
        replaced.pop().rename(target)
    stale = [path for path in _leftovers(target, _new_prefix(target)) if _age(path) > STALE_SECONDS]
    for path in [*replaced, *stale]:
        shutil.rmtree(path, ignore_errors=True)


def _swap(staged: Path, target: Path) -> None:
    """Put `staged` in the place of `target`; another run may be doing the same."""
    for _ in range(_ATTEMPTS):
        replaced = Path(tempfile.mkdtemp(prefix=_old_prefix(target), dir=target.parent))
        replaced.rmdir()
        try:
            if target.exists():
                target.rename(replaced)
            staged.rename(target)
        except OSError:
            if replaced.exists() and not target.exists():
                replaced.rename(target)
            time.sleep(0.1)
        else:
            shutil.rmtree(replaced, ignore_errors=True)
            return
    raise ReportError(
        f"{target.name} could not be replaced in {target.parent.name}",
        hint="close what has it open, or wait for the other run to end, and run again",
    )


def _new_prefix(target: Path) -> str:
    return f".{target.name}-new-"


def _old_prefix(target: Path) -> str:
    return f".{target.name}-old-"


def _leftovers(target: Path, prefix: str) -> list[Path]:
    return [path for path in target.parent.glob(f"{prefix}*") if path.is_dir()]


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime
