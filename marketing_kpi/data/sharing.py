"""Data opened once and questions asked once, for notebooks that run one after the other.

A report puts the same questions to the same data in each of its languages. In the process that
runs its notebooks nobody changes the data, so that what was opened and answered there holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marketing_kpi.data.keeping import hold_in
from marketing_kpi.data.watch import State, state

if TYPE_CHECKING:
    from marketing_kpi.data.mapping import Mapping
    from marketing_kpi.data.model import Data


LARGEST_HELD = 200_000_000
"""Bytes of the largest files of which tables that are kept are held for who asks again."""


@dataclass
class Shared:
    """What this process has opened, by how it was asked for, and the tables that it keeps."""

    opened: dict[tuple[Any, ...], Data] = field(default_factory=dict)
    kept: list[Any] = field(default_factory=list)


_shared: Shared | None = None


def share() -> None:
    """From now on, in this process, open each source once and ask each question once.

    For a process in which nothing writes to what it opens. What is opened stays open until it
    ends: `close` releases what was kept for one who opened it, and no more.
    """
    global _shared
    _shared = Shared()
    hold_in(_shared.kept)


def opened_once(
    source: str | Path,
    rules: Mapping | None,
    memory_limit: str | None,
    open_: Callable[[], Data],
) -> Data:
    """Open a source, unless this process shares what it opens and has it open.

    Parameters
    ----------
    source, rules, memory_limit
        What `open_data` was asked for.
    open_
        Opens it.
    """
    if _shared is None:
        return open_()
    from marketing_kpi.data.engine import Engine

    states = _states(source)
    key = (str(source), rules and rules.model_dump_json(), memory_limit, states)
    if key not in _shared.opened:
        data = open_()
        is_small = sum(size for _, (size, *_rest) in states) <= LARGEST_HELD
        if isinstance(data.connection, Engine):
            data.connection.remember()
        if not (isinstance(data.connection, Engine) and is_small):
            hold_in(None)  # from here on: what is kept may be large, or on another's server
        _shared.opened[key] = data
    return replace(_shared.opened[key], on_close=(), _kept=[])


def _states(source: str | Path) -> tuple[tuple[str, State], ...]:
    """Return what changes when a file of a source does; nothing of what is no file."""
    path = Path(source).expanduser()
    try:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        return tuple((str(file), state(file)) for file in files)
    except OSError:
        return ()
