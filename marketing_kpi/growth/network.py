"""Like for like: the stores that were there in both periods, and the days of the calendar."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import ibis
import ibis.expr.types as ir
import pandas as pd

from marketing_kpi.errors import MissingDataError
from marketing_kpi.growth.sides import Comparison, lazily, mix, side_by_side
from marketing_kpi.kpis.compute import compute
from marketing_kpi.kpis.facts.base import attach, one_a_key
from marketing_kpi.kpis.frames import executed
from marketing_kpi.worth.common import answer, collected

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data
    from marketing_kpi.kpis.frames import Frame
    from marketing_kpi.kpis.periods import Periods

GROUPS = ("comparable", "opened", "closed", "unknown", "no_store")
"""What revenue is of: stores open throughout, opened since, closed since, of which the opening is
not known, and sales of no known store: those online, and those whose store is not told."""

_DAYS_A_WEEK = 7


def lacking_stores(data: Data) -> list[str]:
    """Return what the data lack to tell which stores can be compared, as ``table.column``."""
    needs = {"orders": ["store_id"], "stores": ["store_id", "opened_on"]}
    return [
        f"{table}.{name}" for table, names in needs.items() for name in names
        if not data.has(table, name)
    ]  # fmt: skip


def stores_compared(data: Data, *, periods: Periods) -> Frame:
    """Set the stores of two periods side by side, and say which of them can be compared.

    Parameters
    ----------
    data
        What `open_data` returns, with stores and their opening days.
    periods
        What `periods` returns, with a period to compare with.

    Returns
    -------
    pandas.DataFrame or ibis.expr.types.Table
        A row a store that sold in either period: ``store_id``, ``revenue_before``, ``revenue``,
        ``opened_on``, ``closed_on``, and ``is_comparable``, whether it was open on every day from
        the first of the period before to the last of the period. A store whose opening day is
        not known is not comparable. Sales of no known store (online, or not told) are in no row.

    Raises
    ------
    ComputeError
        When there is no period to compare with.
    MissingDataError
        When the data lack the stores, or what each sold.
    """
    if lacks := lacking_stores(data):
        raise MissingDataError(
            f"{', '.join(lacks)} is not in these data",
            hint=f"these data have: {', '.join(data.tables)}",
        )
    spans = Comparison.of(periods)
    sold = side_by_side(data, ["store_id"], periods)
    sold = sold.filter(sold.store_id.notnull())
    dates = ["opened_on", *(["closed_on"] if data.has("stores", "closed_on") else [])]
    stores = one_a_key(data.table("stores"), ["store_id"], dates)
    rows = attach(sold, stores, on=["store_id"], columns={name: name for name in dates})
    if len(dates) == 1:
        rows = rows.mutate(closed_on=ibis.null("date"))
    rows = rows.mutate(is_comparable=is_open(rows, spans.since, spans.end))
    columns = ("store_id", "revenue_before", "revenue", "opened_on", "closed_on", "is_comparable")
    return answer(data, rows.select(*columns).order_by("store_id"), ["store_id"])


def is_open(rows: ir.Table, since: dt.date, until: dt.date) -> ir.BooleanColumn:
    """Return whether stores were open on every day of a span."""
    closed = rows.closed_on.cast("date")
    opened = (rows.opened_on.cast("date") <= since) & (closed.isnull() | (closed >= until))
    return opened.fill_null(False)


def comparable_stores(data: Data, *, periods: Periods) -> list[str]:
    """Return the stores that were open on every day of both periods, and sold in either.

    Parameters
    ----------
    data
        What `open_data` returns, with stores and their opening days.
    periods
        What `periods` returns, with a period to compare with.
    """
    rows = executed(stores_compared(data, periods=periods))
    return [str(store) for store in rows["store_id"][rows["is_comparable"].astype(bool)]]


def network(data: Data, *, periods: Periods) -> pd.DataFrame:
    """Part growth between the stores that were there all along, and openings and closures.

    Parameters
    ----------
    data
        What `open_data` returns, with stores and their opening days.
    periods
        What `periods` returns, with a period to compare with.

    Returns
    -------
    pandas.DataFrame
        A row a group of `GROUPS` that sold in either period: ``group``, ``stores`` (0 of none),
        ``revenue_before``, ``revenue``, ``change``, ``growth`` (null where nothing was sold
        before) and ``contribution``, which add up to the growth of the whole. A store that both
        opened and closed since is with the closed. The growth of the first row is the KPI
        `like_for_like_growth`.

    Raises
    ------
    ComputeError
        When there is no period to compare with.
    MissingDataError
        When the data lack the stores, or what each sold.
    """
    spans = Comparison.of(periods)
    stores = collected(stores_compared(lazily(data), periods=periods), ["store_id"])
    group = [_group_of(row, spans) for row in stores.to_dict("records")]
    rows = stores.assign(group=group, stores=1)
    columns = ["stores", "revenue_before", "revenue"]
    found = rows.groupby("group")[columns].sum()
    by_store = mix(data, by="store_id", periods=periods)
    online = by_store[by_store["store_id"].isna()]
    if len(online):
        found.loc["no_store"] = [0, *online[columns[1:]].sum()]
    found = found.reindex([name for name in GROUPS if name in found.index])
    found = found.astype({"stores": "int64", "revenue_before": "float64", "revenue": "float64"})
    change = found["revenue"] - found["revenue_before"]
    before = found["revenue_before"]
    total = math.fsum(before)
    found = found.assign(
        change=change,
        growth=(change / before.where(before > 0)).astype("float64"),
        contribution=change / (total if total else math.nan),
    )
    return found.rename_axis("group").reset_index()


def _group_of(store: Mapping[Any, Any], spans: Comparison) -> str:
    if store["is_comparable"]:
        return "comparable"
    closed = store["closed_on"]
    if not pd.isna(closed) and pd.Timestamp(closed).date() < spans.end:
        return "closed"
    return "unknown" if pd.isna(store["opened_on"]) else "opened"


class CalendarEffect(NamedTuple):
    """What the days of the week alone change between two periods.

    Attributes
    ----------
    days
        A row a day of the week (``weekday``, 1 for Monday): ``days_before`` and ``days``, how
        many there are in each period; ``mean_before``, net sales of such a day in the period
        before, null where it had none; ``effect``, days gained or lost times that mean.
    effect
        Their sum, in the data's currency; null where a day is gained of which no mean is known.
    share
        The same over the net sales of the period before; null where those are not above 0.
    """

    days: pd.DataFrame
    effect: float | None
    share: float | None


def calendar_effect(data: Data, *, periods: Periods) -> CalendarEffect:
    """Say how far growth comes from one Saturday more or one Tuesday less.

    Parameters
    ----------
    data
        What `open_data` returns.
    periods
        What `periods` returns, with a period to compare with.

    Returns
    -------
    CalendarEffect
        See its attributes.

    Raises
    ------
    ComputeError
        When there is no period to compare with.
    MissingDataError
        When the data lack net sales.

    Notes
    -----
    ``sum over days of the week of (n1 - n0) x R0 / n0``. A day gained or lost counts as an average
    one of its kind: a leap day in quiet February weighs less than that. Movable feasts (Easter),
    school holidays and days of closure are not in it.

    Examples
    --------
    >>> import marketing_kpi as mk
    >>> days = pd.date_range("2025-01-01", "2025-02-28", freq="D")
    >>> orders = pd.DataFrame({"order_id": days.astype(str), "ordered_at": days, "amount": 10.0})
    >>> month = mk.periods(as_of="2025-03-01", period="1 month", compare="previous_period")
    >>> with mk.open_data({"orders": orders}) as data:
    ...     found = calendar_effect(data, periods=month)
    >>> found.effect, round(found.share, 4)
    (-30.0, -0.0968)
    """
    spans = Comparison.of(periods)
    days_sold = compute("net_sales", lazily(data), grain="day", start=spans.since, end=spans.until)
    sold = cast("ir.Table", days_sold)
    sums = sold.group_by(weekday=sold.period.day_of_week.index() + 1).aggregate(
        revenue=sold.net_sales.sum()
    )
    revenue = collected(sums, ["weekday"]).set_index("weekday")["revenue"]
    before, now = _weekdays(spans.since, spans.until), _weekdays(spans.start, spans.end)
    days = pd.DataFrame({"weekday": range(1, _DAYS_A_WEEK + 1)})
    days["days_before"] = [before[day] for day in days["weekday"]]
    days["days"] = [now[day] for day in days["weekday"]]
    sold_before = revenue.reindex(days["weekday"]).fillna(0.0).to_numpy("float64")
    days["mean_before"] = sold_before / days["days_before"].where(days["days_before"] > 0)
    more = days["days"] - days["days_before"]
    days["effect"] = (more * days["mean_before"]).where(more != 0, 0.0)
    total = math.fsum(sold_before)
    if days["effect"].isna().any():
        return CalendarEffect(days, None, None)
    effect = math.fsum(days["effect"])
    return CalendarEffect(days, effect, effect / total if total > 0 else None)


def _weekdays(start: dt.date, end: dt.date) -> dict[int, int]:
    """Return how many of each day of the week a span has, 1 for Monday."""
    whole, rest = divmod((end - start).days, _DAYS_A_WEEK)
    extra = {(start.weekday() + n) % _DAYS_A_WEEK + 1 for n in range(rest)}
    return {day: whole + (day in extra) for day in range(1, _DAYS_A_WEEK + 1)}
