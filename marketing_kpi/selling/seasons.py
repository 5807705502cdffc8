"""Months against the season: each one beside the same month a year earlier."""

from __future__ import annotations

import datetime as dt
import math
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.data.model import Data
from marketing_kpi.errors import ComputeError, MissingDataError, unknown
from marketing_kpi.kpis.extent import begins_by, extent, lasts_to
from marketing_kpi.kpis.facts import FACTS
from marketing_kpi.kpis.formulas import steady
from marketing_kpi.kpis.periods import MONTHS_A_YEAR, day, midnight, shift
from marketing_kpi.kpis.unpriced import unpriced_months
from marketing_kpi.selling.chains import growth
from marketing_kpi.selling.owners import Sums, owner_of, summed
from marketing_kpi.selling.tree import lacking_sales

MEASURES = ("net_sales", "orders")
"""What can be followed month by month."""

FEWEST_YEARS = 2
"""Whole years that a season is learnt from: of one, a season and a trend look the same."""


class Season(NamedTuple):
    """Months one by one, and the season that all years together show.

    Attributes
    ----------
    months
        A row a whole month of the data before the end, the oldest first: period (its first day),
        value; previous (the same month a year earlier), change on it with its 95 % interval (low,
        high); on_month (change on the month before); season (how much of an average month such a
        month makes: 1.25 is a quarter more) and seasonless (value / season); unpriced and
        unpriced_before (share of units without a known price in the month and a year earlier;
        where they differ, the change is partly that). Null where not known.
    years
        Whole years that the season was learnt from; 0 under `FEWEST_YEARS`.
    """

    months: pd.DataFrame
    years: int


def season(data: Data, *, end: str | dt.date, measure: str = "net_sales") -> Season:
    """Follow net sales or orders month by month, against the same months a year earlier.

    Parameters
    ----------
    data
        What `open_data` returns.
    end
        The day after the last that counts; a month cut by it is left out.
    measure
        ``"net_sales"`` or ``"orders"``.

    Returns
    -------
    Season

    Raises
    ------
    ComputeError
        For another measure.
    MissingDataError
        When the data lack amounts.

    Notes
    -----
    The interval of a change is that of the logarithm of the ratio of two sums, with the customer
    as the unit of chance (an order without one stands for itself). It says how far chance moves a
    month, not what a holiday does that changed place, or a Saturday more.

    The season is that of a log-linear model, ``ln(value) = month + growth x time``, by least
    squares over the last whole years; its twelve indices have a mean of 1. A season that changes
    from year to year, or a trend that bends, is not in it.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": list("abcd"), "amount": [100.0, 50.0, 120.0, 60.0],
    ...     "ordered_at": pd.to_datetime(["2024-01-01", "2024-02-05", "2025-01-09", "2025-02-28"])})
    >>> found = season(open_data({"orders": orders}), end="2025-03-01").months
    >>> found.loc[found.value > 0, ["period", "value", "previous", "change"]]
           period  value  previous  change
    0  2024-01-01  100.0       NaN     NaN
    1  2024-02-01   50.0       NaN     NaN
    12 2025-01-01  120.0     100.0     0.2
    13 2025-02-01   60.0      50.0     0.2
    """
    if measure not in MEASURES:
        message, hint = unknown("measure", measure, MEASURES)
        raise ComputeError(message, hint=hint)
    needs = lacking_sales(data) if measure == "net_sales" else []
    if needs:
        raise MissingDataError(f"net sales need {', '.join(needs)}, which these data lack")
    last = day(end, name="end")
    months = _whole_months(data, last)
    if not len(months):
        return Season(_table(months, {}), 0)
    cells = {
        pd.Timestamp(str(cell.key[0])): cell
        for cell in summed(
            _beside_a_year_earlier(data, months, measure), ["period"], ["before", "after"]
        )
    }
    rows = _table(months, cells)
    index, years = _indices(rows["value"].to_numpy("float64"), months)
    rows["season"] = [index.get(month.month, math.nan) for month in months]
    rows["seasonless"] = rows["value"] / rows["season"]
    if measure == "net_sales":
        after = shift(months[-1].date(), months=1)
        shares = unpriced_months(data, start=months[0].date(), end=after)
        unpriced = pd.Series([shares.get(month.date()) for month in months], dtype="float64")
        rows["unpriced"], rows["unpriced_before"] = unpriced, unpriced.shift(MONTHS_A_YEAR)
    return Season(rows, years)


def _whole_months(data: Data, end: dt.date) -> pd.DatetimeIndex:
    """Return the months that the data tell all of, before a day."""
    first, last = extent(data, before=end)
    if first is None or last is None:
        return pd.DatetimeIndex([])
    start = first.replace(day=1)
    start = start if begins_by(first, start) else shift(start, months=1)
    stop = end.replace(day=1) if lasts_to(last, end) else last.replace(day=1)
    after = shift(last.replace(day=1), months=1)
    if after <= end and lasts_to(last, after):
        stop = after
    return pd.date_range(start, stop, freq="MS", inclusive="left", unit="us")


def _beside_a_year_earlier(data: Data, months: pd.DatetimeIndex, measure: str) -> ir.Table:
    """Return each order's value twice: in its month, and as "before" in that a year later."""
    fact = FACTS["sales"]
    owner = ["customer_id"] if data.has("orders", "customer_id") else []
    value = ["net_sales"] if measure == "net_sales" else []
    rows = fact.build(data, {"order_id", "ordered_at", "bought", *value, *owner})
    start, stop = months[0].date(), shift(months[-1].date(), months=1)
    at = rows.ordered_at
    rows = rows.filter(at >= midnight(start), at < midnight(stop))
    period = rows.ordered_at.truncate("M").cast("timestamp")
    each = rows.mutate(period=period).group_by(["order_id", "period", *owner])
    amount = rows.net_sales.sum() if value else rows.bought.any().cast("int32")
    orders = each.agg(amount=amount)
    orders = orders.mutate(owner=owner_of(orders, *owner, "order_id"))
    nothing = ibis.null(orders.amount.type())
    now = orders.select("owner", "period", before=nothing, after=orders.amount)
    later = orders.period + ibis.interval(months=MONTHS_A_YEAR)
    then = orders.select("owner", period=later, before=orders.amount, after=nothing)
    then = then.filter(then.period < midnight(stop))
    return ibis.union(now, then)


def _table(months: pd.DatetimeIndex, cells: dict[pd.Timestamp, Sums]) -> pd.DataFrame:
    names = ["period", "value", "previous", "change", "low", "high"]
    rows = []
    for place, month in enumerate(months):
        cell = cells.get(month)
        before, after = (0.0, 0.0) if cell is None else map(float, cell.totals)
        known = place >= MONTHS_A_YEAR
        grown, ends = growth(cell) if known and cell is not None else (None, (None, None))
        rows.append((month, after, before if known else None, grown, *ends))
    table = pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[1:], "float64"))
    earlier = table["value"].shift()
    on_month = table["value"] / earlier.where(earlier > 0) - 1
    later = dict.fromkeys(("season", "seasonless", "unpriced", "unpriced_before"), math.nan)
    return table.assign(on_month=on_month, **later)


def _indices(values: np.ndarray, months: pd.DatetimeIndex) -> tuple[dict[int, float], int]:
    """Return the season of each month of the year, of mean 1, and the years it was learnt from."""
    years = len(values) // MONTHS_A_YEAR
    if years < FEWEST_YEARS:
        return {}, 0
    kept = values[-years * MONTHS_A_YEAR :]
    if not (kept > 0).all():
        return {}, 0
    number = np.array([month.month for month in months[-len(kept) :]])
    time = np.arange(len(kept))[:, None] / MONTHS_A_YEAR
    design = np.hstack([number[:, None] == np.arange(1, MONTHS_A_YEAR + 1), time]).astype("float64")
    fitted, *_ = np.linalg.lstsq(design, np.log(kept), rcond=None)
    level = np.exp(fitted[:MONTHS_A_YEAR])
    return {n + 1: steady(float(one)) for n, one in enumerate(level / level.mean())}, years
