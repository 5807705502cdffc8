"""What a run says on the terminal at its end, or would do: a line a report."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marketing_kpi.report import manifest

_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


@dataclass(frozen=True)
class Outcome:
    """What became of a report.

    Attributes
    ----------
    client, lang
        Whose, and in which language.
    pages
        How many it has.
    reused
        How many of them an earlier run made.
    failed
        The parts that failed, as ``04`` or ``data``; ``report`` when it could not be written.
    seconds
        What the pages that this run made took, added up.
    index
        Its first page; None when there is none.
    """

    client: str
    lang: str
    pages: int
    reused: int
    failed: tuple[str, ...]
    seconds: float
    index: Path | None

    @property
    def is_good(self) -> bool:
        """Whether all of it is there."""
        return not self.failed


@dataclass(frozen=True)
class Forecast:
    """What a run would make of a report.

    Attributes
    ----------
    client, lang
        Whose, and in which language.
    notebooks
        The lessons of its pages.
    to_make
        Those that an earlier run has not made of the same things.
    data
        The data as the configuration writes them, with their size where they are files.
    last
        The folder of the last report.
    """

    client: str
    lang: str
    notebooks: tuple[str, ...]
    to_make: tuple[str, ...]
    data: str
    last: Path


def outcomes(made: Sequence[Outcome]) -> str:
    """Return what became of each report, as a table of text.

    >>> print(outcomes([Outcome("boreal", "fr", 3, 2, (), 4.25, Path("b/boreal/fr/index.html"))]))
    client  lang  pages  reused  seconds  report
    boreal  fr        3       2      4.2  b/boreal/fr/index.html
    """
    head = ("client", "lang", "pages", "reused", "seconds", "report")
    return _columns([head, *map(_outcome, made)], right={2, 3, 4})


def _outcome(made: Outcome) -> tuple[str, ...]:
    where = str(made.index) if made.index else ""
    said = f"failed: {', '.join(made.failed)}" if made.failed else ""
    return (
        made.client,
        made.lang,
        str(made.pages),
        str(made.reused),
        f"{made.seconds:.1f}",
        "  ".join(filter(None, (said, where))),
    )


def forecasts(seen: Sequence[Forecast]) -> str:
    """Return what would be made of each report, as a table of text."""
    head = ("client", "lang", "pages", "to make", "last time", "data")
    return _columns([head, *map(_forecast, seen)], right={2})


def _forecast(seen: Forecast) -> tuple[str, ...]:
    return (
        seen.client,
        seen.lang,
        str(len(seen.notebooks)),
        _listed(seen.to_make, of=seen.notebooks),
        _last_time(seen.last / manifest.FILE, notebooks=seen.notebooks),
        seen.data,
    )


def _listed(numbers: Sequence[str], *, of: Collection[str]) -> str:
    if not numbers:
        return "none"
    return "all" if len(numbers) == len(of) else " ".join(numbers)


def _last_time(path: Path, *, notebooks: Collection[str]) -> str:
    """Return how long these pages took when they were last made, and when that was."""
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        known = {page["notebook"]: float(page["seconds"]) for page in content["pages"]}
        day = str(content["made_at"])[:10]
    except (OSError, ValueError, LookupError, TypeError):  # none yet, or not one of ours
        return "never made"
    seconds = sum(known.get(number, 0.0) for number in notebooks)
    at_least = "" if set(notebooks) <= set(known) else "at least "
    return f"{at_least}{seconds:.1f} s ({day})"


def size(count: int) -> str:
    """Return a number of bytes as a person reads it.

    >>> size(512), size(15_600_000)
    ('512 bytes', '15.6 MB')
    """
    for unit, name in _UNITS:
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} bytes"


def _columns(rows: Sequence[Sequence[str]], *, right: Collection[int]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)
