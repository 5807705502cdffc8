"""Engagement: what a contact's interactions weigh, the recent ones more than the old.

The one place where points are made; the percentile of lesson 16 and the letter e of the eRFM
score of lesson 06 both rank them.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.frames import Frame, require, same_kind
from marketing_kpi.kpis.periods import day

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data

# Points are added as decimals: a float sum would depend on the order in which the engine adds.
_POINTS = "decimal(38, 12)"
_COLUMNS = ("customer_id", "at", "kind")

SESSION = "session"
"""The kind of an identified visit of the site, which comes from the table of sessions."""


def interactions(data: Data) -> ir.Table | None:
    """Return what contacts did, as far as the data tell: responses, and identified sessions.

    Parameters
    ----------
    data
        What `open_data` returns.

    Returns
    -------
    ibis.Table or None
        customer_id, at (time), kind (that of the response, or ``"session"``), lazily; None when
        the data have neither table with the columns it takes.
    """
    parts = []
    if data.has("responses", *_COLUMNS):
        parts.append(data.table("responses").select(*_COLUMNS))
    if data.has("sessions", "customer_id", "started_at"):
        sessions = data.table("sessions")
        visits = sessions.select("customer_id", at=sessions.started_at, kind=ibis.literal(SESSION))
        parts.append(visits.filter(visits.customer_id.notnull()))
    return ibis.union(*parts) if len(parts) > 1 else (parts[0] if parts else None)


def engagement(
    interactions: Frame,
    *,
    as_of: str | dt.date,
    half_life_days: float,
    window_days: int,
    weights: Mapping[str, float],
) -> Frame:
    """Add up the interactions of each contact, weighted by kind and by how recent they are.

    Parameters
    ----------
    interactions
        A row an interaction: customer_id, at (day or time), kind. Rows without a customer, a time
        or a kind are left out.
    as_of
        The day of the analysis, exclusive.
    half_life_days
        After how many days an interaction counts half as much.
    window_days
        The interactions of so many last days count.
    weights
        The points of an interaction of each kind on the day of the analysis; a kind that is not
        named, or whose weight is 0, counts for nothing.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a contact with an interaction that counts, sorted by customer_id (pandas):
        customer_id; points; last_interaction (day of the last one that counts). A contact without
        any has no row: its points are 0.

    Raises
    ------
    ColumnError
        When a column is missing.
    ConfigError
        When `as_of` is not a day.
    ComputeError
        When a length of time is not above 0, or a weight is negative or no number.

    Notes
    -----
    An interaction of kind k, d days ago (``as_of`` minus its day, at least 1), counts
    ``weight[k] * 0.5 ** (d / half_life_days)``. Each is rounded to twelve decimals and added as a
    decimal, so that contacts who did the same tie exactly, and the order of the rows never tells.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"customer_id": ["A", "A", "B"], "kind": ["click", "visit", "open"],
    ...     "at": pd.to_datetime(["2025-12-02", "2025-11-02", "2025-12-02"])})
    >>> points = {"open": 1, "visit": 2, "click": 4}
    >>> engagement(rows, as_of="2026-01-01", half_life_days=30, window_days=365,
    ...     weights=points)[["customer_id", "points"]]
      customer_id  points
    0           A     2.5
    1           B     0.5
    """
    require(interactions, list(_COLUMNS), "the interactions")
    end = day(as_of, name="as_of")
    _check(half_life_days, window_days, weights)
    counted = {kind: float(weight) for kind, weight in weights.items() if weight > 0}

    def query(table: ir.Table) -> ir.Table:
        return _engagement(table, end, half_life_days, window_days, counted)

    if isinstance(interactions, ir.Table):
        return query(interactions)
    types = {
        "customer_id": interactions["customer_id"].dtype,
        "points": "float64",
        "last_interaction": "datetime64[us]",
    }
    found = same_kind(interactions[list(_COLUMNS)], query)
    return found.astype(types).sort_values("customer_id").reset_index(drop=True)


def _check(half_life_days: float, window_days: int, weights: Mapping[str, float]) -> None:
    for name, value in {"half_life_days": half_life_days, "window_days": window_days}.items():
        if not (math.isfinite(value) and value > 0):
            raise ComputeError(f"{name} == {value}, must be above 0")
    for kind, weight in weights.items():
        if not (math.isfinite(weight) and weight >= 0):
            raise ComputeError(f"weights[{kind!r}] == {weight}, must be 0 or more")


def _engagement(
    table: ir.Table,
    end: dt.date,
    half_life_days: float,
    window_days: int,
    weights: Mapping[str, float],
) -> ir.Table:
    kind = table.kind.cast("string")
    on = table["at"].cast("timestamp").date()
    age = ibis.literal(end, "date").delta(on, unit="day")
    rows = table.select("customer_id", kind=kind, on=on, age=age)
    kept = rows.filter(
        rows.customer_id.notnull(),
        rows.kind.isin([*weights]),
        rows.age >= 1,
        rows.age <= window_days,
    )
    weight = kept.kind.cases(*weights.items(), else_=0.0) if weights else ibis.literal(0.0)
    decay = ibis.literal(0.5) ** (kept.age.cast("float64") / half_life_days)
    weighed = kept.mutate(points=(weight.cast("float64") * decay).cast(_POINTS))
    return weighed.group_by("customer_id").agg(
        points=weighed.points.sum().cast("float64"), last_interaction=weighed.on.max()
    )
