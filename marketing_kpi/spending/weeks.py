"""What was spent on each channel week by week, beside what came of it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

import ibis
import numpy as np
import pandas as pd

from marketing_kpi.errors import ComputeError, MissingDataError, unknown
from marketing_kpi.kpis.compute import compute, explain
from marketing_kpi.kpis.frames import executed
from marketing_kpi.kpis.periods import day, midnight

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data

OWN = ("clicks", "delivered", "opened")
"""Results that a platform counts for its own channel."""

SHARED = ("net_sales", "orders", "customers_acquired")
"""Results of the whole shop, to which all channels may add."""

WEEK = dt.timedelta(weeks=1)


class Weeks(NamedTuple):
    """Spend and result of whole weeks, Monday to Sunday.

    Attributes
    ----------
    outcome
        One of `OWN` or `SHARED`.
    spend
        A row a week (its Monday), a column a marketing channel: money spent, 0 without any.
    result
        The same rows: a column a channel where the result is its own, else the one column
        ``all``. A week or channel whose result is not recorded is null.
    """

    outcome: str
    spend: pd.DataFrame
    result: pd.DataFrame


def lacks_weeks(data: Data, *, outcome: str = "clicks") -> list[str]:
    """Return what the data lack to set a result beside the spend of its weeks.

    Parameters
    ----------
    data
        What `open_data` returns.
    outcome
        One of `OWN` or `SHARED`.
    """
    needed = ["marketing_spend.day", "marketing_spend.marketing_channel", "marketing_spend.amount"]
    needed += [f"marketing_spend.{outcome}"] if outcome in OWN else []
    lacking = [name for name in needed if not data.has(*name.split("."))]
    if outcome == "customers_acquired" and not data.has("orders", "customer_id"):
        lacking.append("orders.customer_id")
    if outcome == "net_sales" and explain("net_sales", data) is not None:
        lacking.append("orders.amount")
    return lacking


def weeks(data: Data, *, end: str | dt.date, outcome: str = "clicks") -> Weeks:
    """Set what was spent on each channel beside what came of it, week by week.

    All whole weeks before `end` are taken, from the first day on which spend is recorded to the
    last: a curve and a season need every week there is. A channel of which no amount is known is
    left out; weeks in which nothing was spent on a channel are 0.

    Parameters
    ----------
    data
        What `open_data` returns, with `marketing_spend`.
    end
        The day after the last one taken.
    outcome
        ``clicks``, ``delivered`` or ``opened``: what the platforms count for each channel.
        ``net_sales``, ``orders``, ``customers_acquired``: what the whole shop did.

    Returns
    -------
    Weeks

    Raises
    ------
    ComputeError
        When the outcome is none of these.
    MissingDataError
        When the data lack the spend by day and channel, or the outcome.
    """
    if outcome not in OWN + SHARED:
        message, hint = unknown("outcome", outcome, [*OWN, *SHARED])
        raise ComputeError(message, hint=hint)
    if lacking := lacks_weeks(data, outcome=outcome):
        raise MissingDataError(
            f"spend by week beside {outcome} needs {', '.join(lacking)}, which these data lack"
        )
    counted = _by_week(data, end=end, counts=(outcome,) if outcome in OWN else ())
    if counted.empty:
        nothing = pd.DataFrame(index=pd.DatetimeIndex([], name="week"))
        return Weeks(outcome, nothing, nothing)
    mondays = _whole_weeks(data, day(end, name="end"))
    spend = counted.pivot(index="week", columns="marketing_channel", values="amount")
    spend = spend.reindex(mondays, fill_value=0.0).fillna(0.0)
    spend = spend.loc[:, spend.sum() > 0]
    if outcome in SHARED:
        return Weeks(outcome, spend, _of_the_shop(data, outcome, mondays))
    result = counted.pivot(index="week", columns="marketing_channel", values=outcome)
    return Weeks(outcome, spend, result.reindex(mondays)[spend.columns])


def _by_week(data: Data, *, end: str | dt.date, counts: tuple[str, ...]) -> pd.DataFrame:
    rows = data.table("marketing_spend")
    rows = rows.filter(rows.day < day(end, name="end"))
    rows = rows.filter(rows.marketing_channel.notnull(), rows.amount.notnull())
    measures = {name: rows[name].sum().cast("float64") for name in ("amount", *counts)}
    found = rows.group_by(
        week=rows.day.cast("date").truncate("W"), marketing_channel=rows.marketing_channel
    ).aggregate(**measures)
    frame = executed(found.order_by("week", "marketing_channel"))
    return frame.assign(week=pd.to_datetime(frame["week"]))


def _whole_weeks(data: Data, end: dt.date) -> pd.DatetimeIndex:
    """Return the Mondays of the weeks wholly within what is recorded, and before the end."""
    spend, orders = data.table("marketing_spend"), data.table("orders")
    bounds = [
        table.filter(when.cast("date") < end).aggregate(first=when.min(), last=when.max())
        for table, when in ((spend, spend.day), (orders, orders.ordered_at))
    ]
    frames = [bound.to_pandas() for bound in bounds]
    firsts = [pd.Timestamp(frame["first"][0]) for frame in frames]
    lasts = [pd.Timestamp(frame["last"][0]) for frame in frames]
    first, last = max(firsts).normalize(), min(lasts).normalize()
    begins = first + pd.Timedelta(days=-first.weekday() % 7)
    stops = last + pd.Timedelta(days=1)
    count = max((stops - begins).days // 7, 0)
    return pd.date_range(begins, periods=count, freq="7D", name="week")


def _of_the_shop(data: Data, outcome: str, mondays: pd.DatetimeIndex) -> pd.DataFrame:
    if not len(mondays):
        return pd.DataFrame({"all": []}, index=mondays)
    start, end = mondays[0].date(), (mondays[-1] + pd.Timedelta(days=7)).date()
    if outcome == "customers_acquired":
        values = _customers_acquired(data, start=start, end=end)
    else:
        table = compute(outcome, data, grain="week", start=start, end=end)
        found = table if isinstance(table, pd.DataFrame) else executed(table)
        values = found.set_index(pd.to_datetime(found["period"]))[outcome].astype("float64")
    return values.reindex(mondays).fillna(0.0).to_frame("all").rename_axis("week")


def _customers_acquired(data: Data, *, start: dt.date, end: dt.date) -> pd.Series:
    from marketing_kpi.kpis.facts import first_orders

    rows = first_orders(data)
    rows = rows.filter(rows.first_order >= midnight(start), rows.first_order < midnight(end))
    found = rows.group_by(week=rows.first_order.cast("date").truncate("W")).aggregate(
        customers=ibis._.count()
    )
    frame = executed(found)
    counts = pd.Series(frame["customers"].to_numpy(dtype=np.float64))
    return counts.set_axis(pd.to_datetime(frame["week"]))
