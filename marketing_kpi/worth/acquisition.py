"""Whether customers repay what it cost to find them, channel by channel."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from marketing_kpi.data.model import Data
from marketing_kpi.errors import ComputeError, MissingDataError
from marketing_kpi.kpis.facts import FACTS, MONEY, first_orders, missing
from marketing_kpi.kpis.facts.base import attach, one_a_key
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.frames import Frame, executed, require
from marketing_kpi.kpis.intervals import mean_interval
from marketing_kpi.kpis.periods import day, midnight, months_between
from marketing_kpi.worth.common import Period, collected, months_since
from marketing_kpi.worth.history import sold
from marketing_kpi.worth.service import known_costs, profits

SMALLEST_GROUP = 30
"""Customers under which a mean value tells nothing of a channel; a convention."""

MOST_UNKNOWN = 0.05
"""Part of the revenue whose cost may be unknown where a margin is judged; a convention."""

_GROUP, _ALL = "group", "all"  # what all customers together stand under


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
        `by` (without it, ``group``, which is ``all``), month, customers (acquired, whether or not
        they came back), margin: gross profit to date per acquired customer, in the data's
        currency, by the end of so many months after the first order; month 0 is the day of that
        order; null where no cost is known. Only months that all of them have behind them at
        `as_of`. revenue_without_cost: part of their revenue to date whose cost is not known and
        which adds nothing to the margin, the same in every month. Sorted by `by` and month; always
        pandas, since it is small.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> days = pd.to_datetime(["2025-01-10", "2025-03-05", "2025-01-20"])
    >>> orders = pd.DataFrame({"order_id": list("123"), "customer_id": ["a", "a", "b"],
    ...                        "ordered_at": days})
    >>> lines = pd.DataFrame({"order_id": list("123"), "line_id": ["1"] * 3, "quantity": [1.0] * 3,
    ...                       "unit_price": [20.0, 30.0, 10.0], "unit_cost": [12.0, 18.0, 6.0]})
    >>> data = open_data({"orders": orders, "order_lines": lines})
    >>> found = payback(data, start="2025-01-01", end="2025-02-01", as_of="2025-04-01", by=None)
    >>> found[["group", "month", "customers", "margin"]]
      group  month  customers  margin
    0   all      0          2     6.0
    1   all      1          2     6.0
    2   all      2          2    12.0
    """
    period, last = _acquired_in(start, end, as_of)
    lines = data.keep(_acquired(data, period, last, by))
    age = months_since(lines.first_order, lines.bought) + 1
    lines = lines.mutate(month=(lines.bought == lines.first_order).ifelse(0, age))
    key = by or _GROUP
    months = collected(
        lines.group_by([key, "month"]).aggregate(margin=lines.margin.sum().cast(MONEY)),
        [key, "month"],
    )
    groups = lines.group_by(key).aggregate(
        customers=lines.customer_id.nunique(),
        known=lines.margin.count() > 0,
        revenue_without_cost=_unknown(lines),
    )
    customers = collected(groups, [key])
    over = int(months_between(period.end, last)) if last > period.end else 0
    grid = customers.merge(pd.DataFrame({"month": range(over + 1)}), how="cross")
    grid = grid.merge(months, on=[key, "month"], how="left")
    brought = grid["margin"].astype("float64").fillna(0.0)
    totals = brought.groupby(grid[key], dropna=False).cumsum()
    told = grid.assign(margin=(totals / grid["customers"]).where(grid["known"]))
    return told[[key, "month", "customers", "margin", "revenue_without_cost"]]


def _unknown(lines: ir.Table) -> ir.NumericValue:
    """Return the part of the revenue of lines whose cost is not known; 0 without any revenue."""
    return ratio(lines.revenue_without_cost.sum().fill_null(0), lines.revenue.sum()).fill_null(0)


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
        return lines.mutate(**{_GROUP: ibis.literal(_ALL)})
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
    months: pd.DataFrame | None = None,
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
    months
        What `payback` returns of the same customers, where it is at hand; None computes it.

    Returns
    -------
    pandas.DataFrame
        A row a channel, sorted; always pandas, since it is small.

        - `by`; without it, ``group``, which is ``all``.
        - new_customers: all who were acquired, whether or not they came back.
        - spend, cac: acquisition spend, and per new customer; null where none is recorded, or the
          data do not say what the spend was for.
        - revenue, margin: net sales and gross profit to date per acquired customer.
        - revenue_without_cost: part of that revenue whose cost is not known; it adds nothing to
          margin, cltv and after_service, which are null where no cost is known.
        - margin_median: of the customer in the middle; far below margin where a few carry all.
        - one_time: share of them who ordered once.
        - below_cac: share of them whose CLTV is below cac; null without cac, or where over 5 % of
          the revenue has no known cost.
        - cltv, low, high: per acquired customer, with its 95 % interval: margin to date, plus
          what is predicted. basis says which: ``historical`` or ``predicted``.
        - cltv_to_cac, ratio_low, ratio_high: those over cac.
        - revenue_to_cac: what the ratio would be if revenue were taken for margin.
        - payback_months: the first month (of `payback`) by which margin reaches cac; null when it
          has not, without cac, or where over 5 % of the revenue has no known cost.
        - after_service, after_low, after_high: cltv with what returns and service have cost to
          date (see `profitability`) deducted, and its interval; null where the data tell no such
          cost.
        - after_to_cac, after_to_cac_low, after_to_cac_high: those over cac.
        - verdict: by that interval where it is known, else by low and high: ``pays_back`` (all of
          it above cac), ``does_not`` (all below, with what is predicted), ``not_yet`` (the same,
          to date), ``cannot_tell`` (see reason), ``nobody`` (paid for, and nobody acquired),
          ``no_spend`` (nothing recorded). Goods of which the data do not say whether they are back
          in stock count as lost there: below cac is then only what would be so too if
          they were back.
        - reason: why one cannot tell, else null: ``unknown_costs`` (of over 5 % of the revenue),
          ``few_customers`` (under 30), ``interval`` (it includes cac), ``unknown_returns`` (it
          depends on what is back in stock).

    Notes
    -----
    The spend is known, not estimated: the interval is that of the mean CLTV over customers, with
    Hall's correction for their skewed values, which a plain mean ± 1.96 standard errors ignores.
    With a prediction, half the width of the mean of its own intervals is added in squares.

    A ratio to date is a floor: customers are not done buying. What is predicted is before returns
    and service. And who would have come anyway is
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
    key = by or _GROUP
    customers = _over_all(collected(_worth(data, period, last, by), ["customer_id"]), key)
    customers = _with_prediction(customers, predicted)
    spend = _spend_by(data, period, by)
    if months is None:
        months = payback(data, start=period.start, end=period.end, as_of=last, by=by)
    told = []
    for group in sorted({*_groups_of(customers, key), *spend}, key=_nulls_last):
        curve = _of_group(months, key, group)
        members = _of_group(customers, key, group)
        row = _channel(members, spend.get(group), curve, predicted is not None)
        told.append({key: group, **row})
    # What is null of every channel is still a number.
    columns = {key: object, **_COLUMNS}
    types = {name: kind for name, kind in _COLUMNS.items() if kind is not object}
    return pd.DataFrame(told, columns=list(columns)).astype(types)


_AFTER = ("after_service", "after_low", "after_high")
_RATIOS = ("cltv_to_cac", "ratio_low", "ratio_high")
_AFTER_RATIOS = ("after_to_cac", "after_to_cac_low", "after_to_cac_high")
_COLUMNS: Mapping[str, Any] = {
    "new_customers": "int64",
    **dict.fromkeys(("spend", "cac", "revenue", "margin", "revenue_without_cost"), "float64"),
    **dict.fromkeys(("margin_median", "one_time", "below_cac"), "float64"),
    **dict.fromkeys(("cltv", "low", "high"), "float64"),
    "basis": object,
    **dict.fromkeys(_AFTER, "float64"),
    **dict.fromkeys(_RATIOS, "float64"),
    **dict.fromkeys(_AFTER_RATIOS, "float64"),
    "revenue_to_cac": "float64",
    "payback_months": "float64",
    "verdict": object,
    "reason": object,
}


_Group: TypeAlias = str | None


def _groups_of(frame: pd.DataFrame, key: str) -> list[_Group]:
    """Return the values of a column, null as None."""
    return [None if pd.isna(group) else str(group) for group in frame[key].unique()]


def _of_group(frame: pd.DataFrame, key: str, group: _Group) -> pd.DataFrame:
    return frame[frame[key].isna() if group is None else frame[key] == group]


def _nulls_last(group: _Group) -> tuple[bool, str]:
    return group is None, group or ""


def _worth(data: Data, period: Period, as_of: dt.date, by: str | None) -> ir.Table:
    """Return a row an acquired customer: orders, and revenue, margin and service cost to a day.

    Without any cost of returns or service, that is not known. `doubtful` is the part of it that
    goods back in stock would lower, where the data do not say which are.
    """
    lines = data.keep(_acquired(data, period, as_of, by))
    brought = lines.group_by(["customer_id", by or _GROUP]).aggregate(
        orders=lines.order_id.nunique(where=lines.is_purchase),
        revenue=lines.revenue.sum().cast(MONEY),
        margin=lines.margin.sum().cast(MONEY),
        revenue_without_cost=lines.revenue_without_cost.sum().fill_null(0).cast(MONEY),
    )
    if not known_costs(data):
        return brought.mutate(cost_to_serve=ibis.null(MONEY), doubtful=ibis.literal(0, MONEY))
    served = profits(data, Period(period.start, as_of))
    served = served.select("customer_id", "cost_to_serve", doubtful=served.returns_in_doubt)
    copied = {name: name for name in ("cost_to_serve", "doubtful")}
    return attach(brought, served, on=["customer_id"], columns=copied)


def _over_all(customers: pd.DataFrame, key: str) -> pd.DataFrame:
    """Count a margin that is not known as none, as `payback` does, and add the profit.

    All means are then over all customers of a channel; where no cost is known, there is none.
    """
    known = customers.groupby(key, dropna=False)["margin"].transform("count") > 0
    margin = customers["margin"].fillna(0.0).where(known)
    return customers.assign(margin=margin, profit=margin - customers["cost_to_serve"])


def _with_prediction(customers: pd.DataFrame, predicted: Frame | None) -> pd.DataFrame:
    """Add what is still to come: to the margin (`cltv`) and the profit (`left`).

    `spread` is half the interval of what is to come.
    """
    if predicted is None:
        return customers.assign(cltv=customers["margin"], left=customers["profit"], spread=0.0)
    require(predicted, ["customer_id", "cltv"], "predicted")
    to_come = executed(predicted)
    bounds = [name for name in ("low", "high") if name in to_come.columns]
    to_come = to_come[["customer_id", "cltv", *bounds]]
    joined = customers.merge(to_come, on="customer_id", how="left", validate="one_to_one")
    spread = (joined["high"] - joined["low"]) / 2 if len(bounds) == 2 else 0.0
    left = joined["profit"] + joined["cltv"]
    return joined.assign(cltv=joined["margin"] + joined["cltv"], left=left, spread=spread)


def _spend_by(data: Data, period: Period, by: str | None) -> dict[_Group, float]:
    """Return the acquisition spend of a period by channel, in so far as the data tell."""
    fact = FACTS["acquisition"]
    keys, key = [by] if by else [], by or _GROUP
    if missing(fact, ["occurred_at", "spend", *keys], data):
        return {}
    events = fact.build(data, {"occurred_at", "spend", *keys})
    at = events.occurred_at
    events = events.filter(
        at >= midnight(period.start), at < midnight(period.end), events.spend.notnull()
    )
    if by is None:
        events = events.mutate(**{_GROUP: ibis.literal(_ALL)})
    found = collected(events.group_by(key).aggregate(spend=events.spend.sum()), [key])
    return {
        group: float(_of_group(found, key, group)["spend"].sum())
        for group in _groups_of(found, key)
    }


def _channel(
    members: pd.DataFrame, spend: float | None, curve: pd.DataFrame, is_predicted: bool
) -> dict[str, Any]:
    """Return the row of a channel, from its customers and what was spent to find them."""
    count = len(members)
    cac = spend / count if spend and count else None
    values = members["cltv"].dropna()
    spread = members["spread"].mean()
    best = (members["left"] + members["doubtful"]).dropna().to_numpy("float64")
    worth = _mean_of(values.to_numpy("float64"), spread)
    after = _mean_of(members["left"].dropna().to_numpy("float64"), spread)
    revenue = members["revenue"].mean() if count else None
    unknown = _share(members["revenue_without_cost"].sum(), members["revenue"].sum())
    is_known = unknown <= MOST_UNKNOWN
    reached = curve[curve["margin"] >= cac] if cac and is_known else curve.iloc[:0]
    known = worth if after[0] is None else after
    highest = worth[2] if after[0] is None else _mean_of(best, spread)[2]
    verdict, reason = _verdict(spend, count, (*known[1:], highest), is_known, is_predicted)
    return {
        "new_customers": count,
        "spend": spend,
        "cac": cac,
        "revenue": revenue,
        "margin": members["margin"].mean(),
        "revenue_without_cost": unknown if count else None,
        "margin_median": members["margin"].median(),
        "one_time": (members["orders"] == 1).mean() if count else None,
        "below_cac": (values < cac).mean() if cac and is_known and len(values) else None,
        **dict(zip(("cltv", "low", "high"), worth, strict=True)),
        "basis": "predicted" if is_predicted else "historical",
        **dict(zip(_AFTER, after, strict=True)),
        **dict(zip(_RATIOS, (_ratio(value, cac) for value in worth), strict=True)),
        **dict(zip(_AFTER_RATIOS, (_ratio(value, cac) for value in after), strict=True)),
        "revenue_to_cac": _ratio(revenue, cac),
        "payback_months": reached["month"].min() if len(reached) else None,
        "verdict": verdict,
        "reason": reason,
    }


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _ratio(value: float | None, cac: float | None) -> float | None:
    return None if value is None or not cac else value / cac


def _verdict(
    spend: float | None,
    count: int,
    interval: tuple[float | None, float | None, float | None],
    is_known: bool,
    is_predicted: bool,
) -> tuple[str, str | None]:
    """Return whether a channel repays what it cost, and why one cannot tell.

    `interval` ends in its upper end if no goods returned were lost, which is at least the other.
    """
    low, high, highest = interval
    if not spend:
        return "no_spend", None
    if not count:
        return "nobody", None
    if not is_known:
        return "cannot_tell", "unknown_costs"
    if low is None or high is None or highest is None:
        return "cannot_tell", "few_customers"
    if low > spend / count:
        return "pays_back", None
    if highest < spend / count:
        return ("does_not" if is_predicted else "not_yet"), None
    return "cannot_tell", "unknown_returns" if high < spend / count else "interval"


def _mean_of(
    values: npt.NDArray[np.float64], spread: float
) -> tuple[float | None, float | None, float | None]:
    """Return the mean and its 95 % interval.

    `spread` is half the width of what else is not known of each value, the same for all.
    """
    count = len(values)
    if not count:
        return None, None, None
    mean = float(values.mean())
    if count < SMALLEST_GROUP:
        return mean, None, None
    deviation = float(values.std(ddof=1))
    skewness = float((((values - mean) / deviation) ** 3).mean()) if deviation else 0.0
    low, high = mean_interval(mean, variance=deviation**2, skewness=skewness, count=count)
    return mean, mean - math.hypot(mean - low, spread), mean + math.hypot(high - mean, spread)
