"""Sales whose price is not known: how many units, in two periods side by side.

A line without a price adds nothing to net sales, and its units were sold all the same. Where such
lines weigh more in one period than in the other, net sales move with nothing moving in the shop.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal, NamedTuple

import ibis
import pandas as pd

from marketing_kpi.errors import MissingDataError
from marketing_kpi.kpis.extent import sides_of
from marketing_kpi.kpis.facts import FACTS, missing
from marketing_kpi.kpis.periods import Periods, midnight

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data

TOLERATED = 0.005
"""Difference of two shares up to which missing prices are taken to weigh the same in both."""


class Unpriced(NamedTuple):
    """Which share of what was sold has no known price, in two periods.

    Attributes
    ----------
    before, now
        The share of each period, a fraction; null where nothing was sold, or there is no period
        to compare with.
    of
        ``"units"`` of unknown price; where the data tell no quantities, ``"orders"`` of unknown
        amount.
    """

    before: float | None
    now: float | None
    of: Literal["units", "orders"] = "units"

    @property
    def differs(self) -> bool:
        """Say whether the shares lie further apart than `TOLERATED`: net sales move with them."""
        return lie_apart(self.before, self.now)


def lie_apart(before: float | None, now: float | None) -> bool:
    """Say whether two shares lie further apart than `TOLERATED`; not where one is unknown.

    >>> lie_apart(0.02, 0.01), lie_apart(0.02, 0.018), lie_apart(None, 0.5)
    (True, False, False)
    """
    return before is not None and now is not None and abs(now - before) > TOLERATED


def unpriced(
    data: Data, *, periods: Periods, only: Mapping[str, Sequence[str]] | None = None
) -> Unpriced:
    """Say for which share of units no price is known, in the period and the one before.

    Parameters
    ----------
    data
        What `open_data` returns.
    periods
        What `periods` returns; without a period to compare with, `before` is null.
    only
        Dimensions and the values that count: ``{"store_id": ["S01", "S02"]}``.

    Returns
    -------
    Unpriced
        Of valid orders; credits sell no units.

    Raises
    ------
    MissingDataError
        When the data tell neither amounts nor prices.

    Examples
    --------
    Of two orders of two units each, one line of one unit has no price:

    >>> import pandas as pd
    >>> import marketing_kpi as mk
    >>> tables = {
    ...     "orders": pd.DataFrame({"order_id": ["1", "2"],
    ...         "ordered_at": pd.to_datetime(["2025-01-02", "2025-12-30"])}),
    ...     "order_lines": pd.DataFrame({"order_id": ["1", "2", "2"], "line_id": ["1", "1", "2"],
    ...         "quantity": [2, 1, 1], "unit_price": [10.0, 10.0, None]}),
    ... }
    >>> with mk.open_data(tables) as data:
    ...     unpriced(data, periods=mk.periods(as_of="2026-01-01"))
    Unpriced(before=None, now=0.25, of='units')
    """
    rows, told = _sold(data, only or {})
    sums: dict[str, ir.Value] = {}
    for side, there in sides_of(rows.ordered_at, periods).items():
        sums |= _sums(rows, side, there)
    found = rows.aggregate(**sums).to_pandas().iloc[0].to_dict()
    return Unpriced(_share(found, "before"), _share(found, "after"), told)


def unpriced_months(data: Data, *, start: date, end: date) -> dict[date, float | None]:
    """Say for which share of the units of each month no price is known.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end
        The first day that counts, and the day after the last.

    Returns
    -------
    dict
        The share of each month that sold, under its first day; of orders without an amount where
        the data tell no quantities.

    Raises
    ------
    MissingDataError
        When the data tell neither amounts nor prices.
    """
    rows, _ = _sold(data, {})
    at = rows.ordered_at
    rows = rows.filter(at >= midnight(start), at < midnight(end))
    months = rows.group_by(month=rows.ordered_at.date().truncate("M"))
    found = months.aggregate(**_sums(rows, "month sold", ibis.literal(True))).to_pandas()
    return {
        pd.Timestamp(row["month"]).date(): _share(row, "month sold")
        for row in found.to_dict("records")
    }


def differ(before: pd.Series[float], now: pd.Series[float]) -> pd.Series[bool]:
    """Say of each row what `lie_apart` says of two shares."""
    return (now - before).abs() > TOLERATED


def _sold(
    data: Data, only: Mapping[str, Sequence[str]]
) -> tuple[ir.Table, Literal["units", "orders"]]:
    """Return the lines sold: ordered_at, net_sales, and what each weighs in units or orders."""
    fact = FACTS["sales"]
    if lacks := missing(fact, ["ordered_at", "net_sales"], data):
        raise MissingDataError(f"net sales need {', '.join(lacks)}, which these data lack")
    told: Literal["units", "orders"] = "orders" if missing(fact, ["quantity"], data) else "units"
    weight = {"units": "quantity", "orders": "bought"}[told]
    rows = fact.build(data, {"ordered_at", "net_sales", weight, *only})
    for name, values in only.items():
        rows = rows.filter(rows[name].isin(list(values)))
    weighed = rows[weight].cast("int32") if told == "orders" else rows[weight]
    return rows.mutate(weight=weighed), told


def _sums(rows: ir.Table, name: str, there: ir.BooleanValue) -> dict[str, ir.Value]:
    unknown = there & rows.net_sales.isnull()
    return {
        name: rows.weight.sum(where=there).cast("float64"),
        f"{name} unknown": rows.weight.sum(where=unknown).cast("float64"),
    }


def _share(found: Mapping[str, float], side: str) -> float | None:
    sold, unknown = (found.get(name, math.nan) for name in (side, f"{side} unknown"))
    if not sold > 0:
        return None
    return float(unknown / sold) if unknown > 0 else 0.0
