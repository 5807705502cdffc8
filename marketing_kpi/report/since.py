"""What changed since the last report: figures, definitions, pages, what was found in the data.

A report says in its manifest what it tells (`Told`) and what the one before it told. The next one
is compared with the last that told something else: made again of the same things, a report says
the same of what came before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from marketing_kpi.report.doubts import LEVELS

if TYPE_CHECKING:
    from marketing_kpi.data.model import Finding
    from marketing_kpi.text.locale import Reader

_SCORECARD = "scorecard"
_SAME = 1e-9


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Figure(_Part):
    """A figure of the scorecard."""

    kpi: str
    unit: str
    value: float | None


class Found(_Part):
    """A finding in the data, in the words of the report."""

    code: str
    table: str
    column: str | None
    text: str

    @property
    def key(self) -> tuple[str, str, str | None]:
        """What tells it from others, however many rows it concerns."""
        return self.code, self.table, self.column


class Told(_Part):
    """What a report tells, for the next one to say what changed."""

    made_at: str
    """When it was put together, in UTC (ISO 8601)."""
    start: dt.date
    """The first day of its period."""
    end: dt.date
    """The day after the last."""
    last_order: dt.date | None
    figures: tuple[Figure, ...]
    findings: tuple[Found, ...]
    kpis: dict[str, str]
    """The version of each KPI that a page shows, by id."""
    pages: dict[str, str]
    """The title of each page, by the number of its lesson."""

    def says_as(self, other: Told) -> bool:
        """Say whether two reports tell the same, whenever they were made."""
        return self.model_copy(update={"made_at": other.made_at}) == other


class Difference(_Part):
    """A figure that is not what the last report told."""

    kpi: str
    unit: str
    before: float | None
    now: float | None


class Changes(_Part):
    """What is not as the last report told it."""

    before: Told
    now: Told
    figures: tuple[Difference, ...]
    redefined: tuple[str, ...]
    """KPIs whose definition has another version."""
    come: tuple[Found, ...]
    """What was found in the data that was not before."""
    gone: tuple[Found, ...]
    new_pages: tuple[str, ...]
    """Titles of pages that the last report did not have."""
    old_pages: tuple[str, ...]

    @property
    def is_same_period(self) -> bool:
        """Whether both are about the same days: then a figure that differs was corrected."""
        return (self.before.start, self.before.end) == (self.now.start, self.now.end)


def figures(tables: Sequence[Mapping[str, Any]]) -> tuple[Figure, ...]:
    """Return the figures of the scorecard among a report's tables; none without one."""
    scorecard = next((table for table in tables if table["id"] == _SCORECARD), None)
    if scorecard is None:
        return ()
    names = [column["name"] for column in scorecard["columns"]]
    kpi, value = names.index("kpi"), names.index("value")
    return tuple(
        Figure(kpi=row[kpi], unit=unit, value=row[value])
        for row, unit in zip(scorecard["rows"], scorecard["row_units"], strict=True)
    )


def findings(found: Sequence[Finding], reader: Reader) -> tuple[Found, ...]:
    """Return the findings that put figures in doubt, in the words of the report."""
    return tuple(
        Found(code=one.code, table=one.table, column=one.column, text=one.text(reader))
        for one in found
        if one.level in LEVELS
    )


def last(now: Told, earlier: Told | None, before: Told | None) -> tuple[Told, Told | None]:
    """Return what is told, and the report to compare it with.

    That is the one in its place, or the one before where that one tells the same: then what is told
    is as old as it was told first.

    Parameters
    ----------
    now
        What is told now.
    earlier
        What the report in its place tells; None when there is none.
    before
        The report that that one was compared with.
    """
    if earlier is not None and now.says_as(earlier):
        return earlier, before
    return now, earlier


def changes(now: Told, before: Told | None) -> Changes | None:
    """Return what changed since the last report; None when there was none."""
    if before is None:
        return None
    was = {figure.kpi: figure for figure in before.figures}
    known, found = ({one.key for one in told.findings} for told in (before, now))
    return Changes(
        before=before,
        now=now,
        figures=tuple(
            Difference(kpi=one.kpi, unit=one.unit, before=was[one.kpi].value, now=one.value)
            for one in now.figures
            if one.kpi in was and not _same(was[one.kpi].value, one.value)
        ),
        redefined=tuple(
            kpi for kpi, version in now.kpis.items() if before.kpis.get(kpi, version) != version
        ),
        come=tuple(one for one in now.findings if one.key not in known),
        gone=tuple(one for one in before.findings if one.key not in found),
        new_pages=tuple(title for page, title in now.pages.items() if page not in before.pages),
        old_pages=tuple(title for page, title in before.pages.items() if page not in now.pages),
    )


def _same(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return first is second
    return abs(first - second) <= _SAME * max(abs(first), abs(second))
