"""Whether customers repay what it cost to find them, channel by channel."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any, TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from marketing_kpi.data.model import Data
from marketing_kpi.errors import ComputeError, MissingDataError
from marketing_kpi.kpis.facts import FACTS, MONEY, missing
from marketing_kpi.kpis.facts.base import one_a_key
from marketing_kpi.kpis.facts.spend import first_orders
from marketing_kpi.kpis.frames import Frame, require
from marketing_kpi.kpis.periods import day, months_between
from marketing_kpi.worth.common import Z95, Period, collected, midnight, months_since
from marketing_kpi.worth.history import sold

SMALLEST_GROUP = 30
"""Customers under which a mean value tells nothing of a channel; a convention."""


def payback(
    data: Data,
    *,
    start: str | dt.date,
    end: str | dt.date,
    as_of: str | dt.date,
    by: str | None = "acquisition_channel",
) -> pd.DataFrame:
    """Follow, month by month, the margin of the customers acquired in a period.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end
        When they were acquired: customers whose first valid order is in [start, end), save those
        who registered before the data begin and may have ordered before too.
    as_of
        The day of the analysis, exclusive; from `end` on.
    by
        A column of `contacts` to split by; None takes all together.

    Returns
    -------
    pandas.DataFrame
        `by` if given, month, customers (acquired, whether or not they came back), margin: gross
        profit to date per acquired customer, in the data's currency, by the end of so many months
        after the first order; month 0 is the day of that order. Only months that all of them have
        behind them at `as_of`. Lines without a known cost add nothing. Sorted by `by` and month;
        always pandas, since it is small.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> days = pd.to_datetime(["2025-01-10", "2025-03-05", "2025-01-20"])
    >>> orders = pd.DataFrame({"order_id": list("123"), "customer_id": ["a", "a", "b"],
    ...                        "ordered_at": days})
    >>> lines = pd.DataFrame({"order_id": list("123"), "line_id": ["1"] * 3, "quantity": [1.0] * 3,
    ...                       "unit_price": [20.0, 30.0, 10.0], "unit_cost": [12.0, 18.0, 6.0]})
    >>> data = open_data({"orders": orders, "order_lines": lines})
    >>> payback(data, start="2025-01-01", end="2025-02-01", as_of="2025-04-01", by=None)
       month  customers  margin
    0      0          2     6.0
    1      1          2     6.0
    2      2          2    12.0
    """
    period, last = _acquired_in(start, end, as_of)
    lines = _acquired(data, period, last, by)
    age = months_since(lines.first_order, lines.bought) + 1
    lines = lines.mutate(month=(lines.bought == lines.first_order).ifelse(0, age))
    keys = [by] if by else []
    months = collected(
        lines.group_by([*keys, "month"]).aggregate(margin=lines.margin.sum().cast(MONEY)),
        [*keys, "month"],
    )
    customers = collected(
        (lines.group_by(keys) if keys else lines).aggregate(customers=lines.customer_id.nunique()),
        keys,
    )
    over = int(months_between(period.end, last)) if last > period.end else 0
    grid = customers.merge(pd.DataFrame({"month": range(over + 1)}), how="cross")
    grid = grid.merge(months, on=[*keys, "month"], how="left")
    brought = grid["margin"].astype("float64").fillna(0.0)
    totals = brought.groupby(grid[by], dropna=False).cumsum() if by else brought.cumsum()
    return grid.assign(margin=totals / grid["customers"])[[*keys, "month", "customers", "margin"]]


def _acquired_in(
    start: str | dt.date, end: str | dt.date, as_of: str | dt.date
) -> tuple[Period, dt.date]:
    period, last = Period.of(start, end), day(as_of, name="as_of")
    if last < period.end:
        raise ComputeError(
            f"as_of == {last}, must not be before end == {period.end}",
            hint="as_of is the day of the analysis, when all of them had been acquired",
        )
    return period, last


def _acquired(data: Data, period: Period, as_of: dt.date, by: str | None) -> ir.Table:
    """Return the lines, before a day, of the customers whose first order is in a period."""
    lines = sold(data, as_of).semi_join(first_orders(data), "customer_id")
    first = lines.first_order
    lines = lines.filter(
        first >= ibis.literal(period.start, "date"), first < ibis.literal(period.end, "date")
    )
    if by is None:
        return lines
    if not data.has("contacts", by):
        raise MissingDataError(
            f"contacts.{by} is not in these data",
            hint="by=None takes all customers together; a mapping can say which column it is",
        )
    return lines.left_join(one_a_key(data.contacts, ["customer_id"], [by]), "customer_id")


def acquisition(
    data: Data,
    *,
    start: str | dt.date,
    end: str | dt.date,
    as_of: str | dt.date,
    by: str | None = "acquisition_channel",
    predicted: Frame | None = None,
) -> pd.DataFrame:
    """Set what customers are worth against what it cost to acquire them, channel by channel.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end
        When they were acquired: customers whose first valid order is in [start, end), save those
        who registered before the data begin, and the spend of purpose acquisition of those days.
    as_of
        The day of the analysis, exclusive; from `end` on. Their margin is counted until then.
    by
        ``acquisition_channel``, to which the spend of the same marketing channel belongs, or None
        for all together: no spend is known of any other split.
    predicted
        What they are still to bring, a row a customer: customer_id and cltv, with low and high
        where known, as `predict` gives from a fit at `as_of`. None counts only what they brought.

    Returns
    -------
    pandas.DataFrame
        A row a channel, sorted; always pandas, since it is small.

        - `by`, if given.
        - new_customers: all who were acquired, whether or not they came back.
        - spend, cac: acquisition spend, and per new customer; null where none is recorded.
        - revenue, margin: net sales and gross profit to date per acquired customer.
        - margin_median: of the customer in the middle; far below margin where a few carry all.
        - one_time: share of them who ordered once.
        - below_cac: share of them whose CLTV is below cac; null without cac.
        - cltv, low, high: per acquired customer, with its 95 % interval: margin to date, plus
          what is predicted. basis says which: ``historical`` or ``predicted``.
        - cltv_to_cac, ratio_low, ratio_high: those over cac.
        - revenue_to_cac: what the ratio would be if revenue were taken for margin.
        - payback_months: the first month (of `payback`) by which margin reaches cac; null when it
          has not, or without cac.
        - verdict: ``pays_back`` (ratio_low above 1), ``does_not`` (ratio_high below 1, with what
          is predicted), ``not_yet`` (the same, to date), ``cannot_tell`` (the interval includes
          1, fewer than 30 customers, or no margin known), ``no_spend`` (no cac).

    Notes
    -----
    The spend is known, not estimated: the interval is that of the mean CLTV over customers, with
    Hall's correction for their skewed values, which a plain mean ± 1.96 standard errors ignores.
    With a prediction, half the width of the mean of its own intervals is added in squares.

    A ratio to date is a floor: customers are not done buying. And who would have come anyway is
    counted as acquired: what a channel *adds* takes a control group.

    References
    ----------
    Hall, P. (1992). On the removal of skewness by transformation. Journal of the Royal Statistical
    Society, Series B 54(1), 221-228.
    """
    if by not in (None, "acquisition_channel"):
        raise ComputeError(
            f"by == '{by}', must be 'acquisition_channel' or None",
            hint="marketing_spend knows channels; value by another split is what `by_cohort` shows",
        )
    period, last = _acquired_in(start, end, as_of)
    customers = collected(_worth(data, period, last, by), ["customer_id"])
    customers = _with_prediction(customers, predicted)
    spend = _spend_by(data, period, by)
    curve = payback(data, start=period.start, end=period.end, as_of=last, by=by)
    told = []
    for key in sorted({*_keys_of(customers, by), *spend}, key=_nulls_last):
        months = _of_key(curve, by, key)
        row = _channel(_of_key(customers, by, key), spend.get(key), months, predicted is not None)
        told.append({**({by: key} if by else {}), **row})
    # What is null of every channel is still a number.
    return pd.DataFrame(told).astype(dict.fromkeys(_ESTIMATES, "float64"))


_ESTIMATES = (
    "spend", "cac", "revenue", "margin", "margin_median", "one_time", "below_cac", "cltv", "low",
    "high", "cltv_to_cac", "ratio_low", "ratio_high", "revenue_to_cac", "payback_months",
)  # fmt: skip


_Key: TypeAlias = str | None


def _keys_of(frame: pd.DataFrame, by: str | None) -> list[_Key]:
    """Return the values of a column, null as None; None alone without a column."""
    if by is None:
        return [None]
    return [None if pd.isna(key) else str(key) for key in frame[by].unique()]


def _of_key(frame: pd.DataFrame, by: str | None, key: _Key) -> pd.DataFrame:
    if by is None:
        return frame
    return frame[frame[by].isna() if key is None else frame[by] == key]


def _nulls_last(key: _Key) -> tuple[bool, str]:
    return key is None, key or ""


def _worth(data: Data, period: Period, as_of: dt.date, by: str | None) -> ir.Table:
    """Return a row an acquired customer: orders, revenue and margin to a day."""
    lines = _acquired(data, period, as_of, by)
    return lines.group_by(["customer_id", *([by] if by else [])]).aggregate(
        orders=lines.order_id.nunique(),
        revenue=lines.revenue.sum().cast(MONEY),
        margin=lines.margin.sum().cast(MONEY),
    )


def _with_prediction(customers: pd.DataFrame, predicted: Frame | None) -> pd.DataFrame:
    """Add `cltv`, `error_low` and `error_high`: the margin, and what is still to come."""
    if predicted is None:
        return customers.assign(cltv=customers["margin"], spread=0.0)
    require(predicted, ["customer_id", "cltv"], "predicted")
    to_come = predicted.to_pandas() if isinstance(predicted, ir.Table) else predicted
    bounds = [name for name in ("low", "high") if name in to_come.columns]
    to_come = to_come[["customer_id", "cltv", *bounds]]
    joined = customers.merge(to_come, on="customer_id", how="left", validate="one_to_one")
    spread = (joined["high"] - joined["low"]) / 2 if len(bounds) == 2 else 0.0
    return joined.assign(cltv=joined["margin"] + joined["cltv"], spread=spread)


def _spend_by(data: Data, period: Period, by: str | None) -> dict[_Key, float]:
    """Return the acquisition spend of a period by channel, in so far as the data tell."""
    fact = FACTS["acquisition"]
    keys = [by] if by else []
    if missing(fact, ["occurred_at", "spend", *keys], data):
        return {}
    events = fact.build(data, {"occurred_at", "spend", *keys})
    at = events.occurred_at
    events = events.filter(
        at >= midnight(period.start), at < midnight(period.end), events.spend.notnull()
    )
    total = (events.group_by(keys) if keys else events).aggregate(spend=events.spend.sum())
    found = collected(total, keys).dropna(subset=["spend"])
    return {key: float(_of_key(found, by, key)["spend"].sum()) for key in _keys_of(found, by)}


def _channel(
    members: pd.DataFrame, spend: float | None, curve: pd.DataFrame, is_predicted: bool
) -> dict[str, Any]:
    """Return the row of a channel, from its customers and what was spent to find them."""
    count = len(members)
    cac = spend / count if spend and count else None
    values = members["cltv"].dropna()
    mean, low, high = _mean_interval(values.to_numpy("float64"), members["spread"].mean())
    reached = curve[curve["margin"] >= cac] if cac else curve.iloc[:0]
    ratios = {"cltv_to_cac": mean, "ratio_low": low, "ratio_high": high}
    revenue = members["revenue"].mean() if count else None
    return {
        "new_customers": count,
        "spend": spend,
        "cac": cac,
        "revenue": revenue,
        "margin": members["margin"].mean(),
        "margin_median": members["margin"].median(),
        "one_time": (members["orders"] == 1).mean() if count else None,
        "below_cac": (values < cac).mean() if cac and len(values) else None,
        "cltv": mean,
        "low": low,
        "high": high,
        "basis": "predicted" if is_predicted else "historical",
        **{name: _ratio(value, cac) for name, value in ratios.items()},
        "revenue_to_cac": _ratio(revenue, cac),
        "payback_months": reached["month"].min() if len(reached) else None,
        "verdict": _verdict(cac, low, high, is_predicted),
    }


def _ratio(value: float | None, cac: float | None) -> float | None:
    return None if value is None or not cac else value / cac


def _verdict(cac: float | None, low: float | None, high: float | None, is_predicted: bool) -> str:
    if not cac:
        return "no_spend"
    if low is not None and low > cac:
        return "pays_back"
    if high is not None and high < cac:
        return "does_not" if is_predicted else "not_yet"
    return "cannot_tell"


def _mean_interval(
    values: npt.NDArray[np.float64], spread: float
) -> tuple[float | None, float | None, float | None]:
    """Return the mean and its 95 % interval, corrected for skewness as Hall does.

    `spread` is half the width of what else is not known of each value, the same for all.
    """
    count = len(values)
    if not count:
        return None, None, None
    mean, deviation = float(values.mean()), float(values.std(ddof=1)) if count > 1 else 0.0
    if count < SMALLEST_GROUP:
        return mean, None, None
    if deviation == 0:
        return mean, mean - spread, mean + spread
    skew = float((((values - mean) / deviation) ** 3).mean())
    upper, lower = (
        deviation * _unskewed(sign * Z95 / math.sqrt(count), skew, count) for sign in (1, -1)
    )
    return mean, mean - math.hypot(upper, spread), mean + math.hypot(lower, spread)


def _unskewed(bound: float, skew: float, count: int) -> float:
    """Return the value that Hall's transformation of a skewed mean takes to `bound`."""
    if abs(skew) < 1e-9:
        return bound
    inner = 1 + skew * (bound - skew / (6 * count))
    return 3 / skew * (math.copysign(abs(inner) ** (1 / 3), inner) - 1)
