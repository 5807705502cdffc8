"""Rows of a fact by day, and by week, month or a dimension: what every analysis adds up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

import ibis.expr.types as ir
import pandas as pd

from marketing_kpi.data.model import Data
from marketing_kpi.errors import MissingDataError
from marketing_kpi.kpis.facts import FACTS, home, missing
from marketing_kpi.kpis.periods import midnight
from marketing_kpi.worth.common import Period, collected, require_columns

GRAINS: Mapping[str, str] = MappingProxyType({"week": "W", "month": "M"})
"""What `by` may be, beside a dimension: a row a week (from Monday) or a month."""


def rows_of(
    data: Data, fact: str, columns: Collection[str], *, period: Period, by: str | None
) -> ir.Table:
    """Return the rows of a fact in a period, with their day and what they are told apart by.

    Returns
    -------
    ibis.Table
        The columns asked for, ``day`` (a date) and, with `by`, ``cell``.
    """
    time = FACTS[fact].time
    dimensions = [by] if by and by not in GRAINS else []
    wanted = {time, *columns, *dimensions}
    require_columns(data, fact, sorted(wanted))
    if lacking := lacks_dimension(data, fact, by):
        raise MissingDataError(
            f"{', '.join(lacking)} is not in these data",
            hint=f"these data have: {', '.join(data.tables)}",
        )
    rows = FACTS[fact].build(data, wanted)
    at = rows[time].cast("timestamp")
    rows = rows.filter(at >= midnight(period.start), at < midnight(period.end))
    at = rows[time].cast("timestamp")
    made: dict[str, ir.Value] = {"day": at.date()}
    if by:
        made["cell"] = at.truncate(GRAINS[by]).date() if by in GRAINS else rows[by]
    return rows.mutate(**made)


def lacks_dimension(data: Data, fact: str, by: str | None) -> list[str]:
    """Return what the data lack to tell the rows of a fact apart, as ``table.column``."""
    if by is None or by in GRAINS:
        return []
    known = FACTS[fact]
    if by in known.events:
        return missing(known, [by], data)
    return [] if home(known, by, data) else [f"{known.tables[1]}.{by}"]


def by_day(rows: ir.Table, sums: Mapping[str, ir.Value], *, by: str | None) -> pd.DataFrame:
    """Return sums by day, and by cell where there is one, as floats; sorted, cells of null last."""
    keys = ["cell", "day"] if by else ["day"]
    found = collected(rows.group_by(keys).aggregate(**sums), keys)
    if by in GRAINS:
        found = found.astype({"cell": "datetime64[us]"})
    return found.astype(dict.fromkeys(sums, "float64"))


def calendar(days: pd.DataFrame) -> pd.DataFrame:
    """Return the sums of a cell for every day from its first to its last; 0 without a row."""
    rows = days.drop(columns="cell", errors="ignore").set_index("day")
    rows.index = pd.DatetimeIndex(rows.index)
    if rows.empty:
        return rows
    whole = pd.date_range(rows.index.min(), rows.index.max())
    return rows.reindex(whole, fill_value=0.0)


def each(days: pd.DataFrame, *, by: str | None) -> list[tuple[object, pd.DataFrame]]:
    """Return the rows of each cell; without cells, all of them under None."""
    if not by:
        return [(None, days)] if len(days) else []
    return list(days.groupby("cell", dropna=False, sort=True))
