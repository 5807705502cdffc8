"""Which figures of a page a finding in the data touches: those of the KPIs that read what it is in.

And those by a dimension that it is in: sales by region rest on the regions.

What was repaired, or is for information, puts no figure in doubt; nor do rows that the mapping
itself asks to leave out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from marketing_kpi.data.model import TABLES, Finding

LEVELS = ("error", "dropped", "suspicious")
"""The levels that put a figure in doubt, the most serious first."""

_ASKED_FOR = frozenset({"rows_left_out"})
# What decides which orders count, and so concerns every KPI that reads orders.
_OF_ALL: Mapping[str, frozenset[str]] = {"orders": frozenset({"status", "is_test"})}
# What an extract whose rows are lines of sales becomes.
_OF_EXTRACTS = frozenset({"orders", "order_lines", "returns"})


@dataclass(frozen=True)
class Doubt:
    """A finding, the KPIs whose figures it touches, and the dimensions by which figures are."""

    finding: Finding
    kpis: tuple[str, ...]
    dimensions: tuple[str, ...] = ()


def doubts(
    findings: Iterable[Finding], kpis: Sequence[str], *, dimensions: Sequence[str] = ()
) -> tuple[Doubt, ...]:
    """Return the findings that touch the KPIs and dimensions of a page, the most serious first."""
    from marketing_kpi.kpis.lineage import columns_of, places_of

    columns = {kpi: columns_of(kpi) for kpi in kpis}
    places = {dimension: places_of(dimension) for dimension in dimensions}
    serious = [
        found for found in findings if found.level in LEVELS and found.code not in _ASKED_FOR
    ]
    serious.sort(key=lambda found: LEVELS.index(found.level))
    touched = (
        Doubt(
            found,
            tuple(kpi for kpi in kpis if _touches(found, columns[kpi])),
            tuple(name for name in dimensions if _place_of(found) in places[name]),
        )
        for found in serious
    )
    return tuple(doubt for doubt in touched if doubt.kpis or doubt.dimensions)


def _touches(found: Finding, columns: frozenset[str]) -> bool:
    tables = {column.partition(".")[0] for column in columns}
    table = _table_of(found)
    if table is None:
        return not tables.isdisjoint(_OF_EXTRACTS)
    of_all = {*TABLES[table].key, *_OF_ALL.get(table, ())}
    if found.column is None or found.column in of_all:
        return table in tables
    return _place_of(found) in columns


def _place_of(found: Finding) -> str:
    return f"{_table_of(found)}.{found.column}"


def _table_of(found: Finding) -> str | None:
    """Return the table of a finding, which a file of its name holds too; None for an extract."""
    if found.table in TABLES:
        return found.table
    stem = PurePath(found.table).stem
    return stem if stem in TABLES and stem not in _OF_EXTRACTS else None


def mark(html: str, kpis: Iterable[str]) -> str:
    """Return a page's content in which the names of these KPIs bear the mark of a doubt.

    >>> mark('<button type="button" class="mk-term" popovertarget="def-orders">', ["orders"])
    '<button type="button" class="mk-term mk-doubted" popovertarget="def-orders" \
aria-describedby="doubt-orders">'
    """
    named = "|".join(map(re.escape, kpis))
    if not named:
        return html
    return re.sub(
        rf'class="mk-term" popovertarget="def-({named})"',
        r'class="mk-term mk-doubted" popovertarget="def-\1" aria-describedby="doubt-\1"',
        html,
    )
