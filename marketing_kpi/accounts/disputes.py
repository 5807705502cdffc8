"""Disputed payments: how often, how soon one knows, how many are won, what fighting is worth."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import ibis.expr.types as ir
import pandas as pd

from marketing_kpi.kpis.facts import FACTS, MONEY, missing
from marketing_kpi.kpis.intervals import Interval, mean_interval, wilson
from marketing_kpi.kpis.periods import day, midnight
from marketing_kpi.worth.common import Period, check, collected, require_columns

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data

RIPE_DAYS = 120
"""Days after an order by which its payment has been disputed: what most card schemes allow."""

FEWEST_DECIDED = 30
"""Decided disputes below which the gain of fighting them has no interval."""

_TOLD = ("won", "lost", "open")
_OUTCOMES = (*_TOLD, "unknown")


def chargebacks_by(
    data: Data,
    *,
    start: str | dt.date,
    end: str | dt.date,
    as_of: str | dt.date,
    by: str | None = None,
    ripe_days: int = RIPE_DAYS,
) -> pd.DataFrame:
    """Say which share of the orders of a period had their payment disputed to date.

    Parameters
    ----------
    data
        What `open_data` returns, with chargebacks.
    start, end
        The first day of the period, and the day after its last, by when orders were placed.
    as_of
        The day of the analysis: disputes opened from it on do not count.
    by
        None: one row. ``"month"``: a row a month of order. Else a dimension of orders, such as
        ``"channel"``.
    ripe_days
        Days after an order by which its payment has been disputed, if ever.

    Returns
    -------
    pandas.DataFrame
        A row a cell with orders, sorted by it: the cell (`by`); ``orders`` (valid, no credits);
        ``disputed``, of these, whatever came of it; ``rate``, the KPI `chargeback_rate`, with
        Wilson's 95 % interval (low, high); ``ripe``, whether all orders of the cell lie
        `ripe_days` or more before `as_of`. The rate of a cell that is not ripe is what is known so
        far: it can only rise.

    Raises
    ------
    ComputeError
        When `start` is not before `end`, or `ripe_days` is below 0.
    MissingDataError
        When the data lack chargebacks, or the dimension.

    Notes
    -----
    Wilson's interval, with orders as the unit: a customer who disputes several orders makes it
    too narrow. Nominal 95 %.

    Examples
    --------
    >>> import pandas as pd
    >>> from marketing_kpi.data.sources import open_data
    >>> tables = {
    ...     "orders": pd.DataFrame({"order_id": list("1234"),
    ...         "ordered_at": pd.to_datetime(["2025-01-05"] * 3 + ["2025-06-01"])}),
    ...     "chargebacks": pd.DataFrame({"chargeback_id": ["a"], "order_id": ["1"],
    ...         "opened_at": pd.to_datetime(["2025-02-20"])}),
    ... }
    >>> with open_data(tables) as data:
    ...     found = chargebacks_by(data, start="2025-01-01", end="2025-07-01",
    ...         as_of="2025-07-01", by="month", ripe_days=90)
    >>> found[["month", "orders", "disputed", "rate", "ripe"]]
           month  orders  disputed      rate   ripe
    0 2025-01-01       3         1  0.333333   True
    1 2025-06-01       1         0  0.000000  False
    """
    period = Period.of(start, end)
    check("ripe_days", ripe_days)
    until = day(as_of, name="as_of")
    orders, key = _orders(data, period, until, by)
    sums = {
        "orders": orders.count(),
        "disputed": orders.charged_back.sum().fill_null(0),
    }
    cells = orders.group_by(key).aggregate(**sums) if key else orders.aggregate(**sums)
    found = collected(cells, [key] if key else ())
    found = found[found["orders"] > 0].reset_index(drop=True)
    if key == "month":
        found = found.astype({"month": "datetime64[us]"})
    rate = (found["disputed"] / found["orders"]).astype("float64")
    ends = [wilson(*one) for one in zip(rate, found["orders"], strict=True)]
    ripe = _last_day(found, key, period) + pd.Timedelta(days=ripe_days) <= pd.Timestamp(until)
    found = found.astype({"orders": "int64", "disputed": "int64"})
    found = found.assign(rate=rate, **_ends(ends), ripe=ripe.astype(bool))
    return found[[*([key] if key else []), "orders", "disputed", "rate", "low", "high", "ripe"]]


def _last_day(found: pd.DataFrame, key: str | None, period: Period) -> pd.Series[pd.Timestamp]:
    """Return the day after the last on which an order of the cell may have been placed."""
    if key == "month":
        return found["month"] + pd.offsets.MonthBegin(1)
    return pd.Series([pd.Timestamp(period.end)] * len(found), index=found.index)


def _ends(ends: Sequence[Interval]) -> dict[str, pd.Series[float]]:
    return {
        "low": pd.Series([end.low for end in ends], dtype="float64"),
        "high": pd.Series([end.high for end in ends], dtype="float64"),
    }


def _orders(
    data: Data, period: Period, until: dt.date, by: str | None
) -> tuple[ir.Table, str | None]:
    """Return a row an order of the period: whether it was disputed before a day."""
    columns = {"ordered_at", "order_id", "bought"}
    dimensions = [by] if by and by != "month" else []
    require_columns(data, "orders_and_disputes", [*columns, "charged_back", *dimensions])
    orders = FACTS["orders"].build(data, columns | {*dimensions})
    at = orders.ordered_at.cast("timestamp")
    orders = orders.mutate(ordered_at=at)
    orders = orders.filter(orders.bought, at >= midnight(period.start), at < midnight(period.end))
    orders = orders.mutate(month=orders.ordered_at.truncate("M"))
    disputes = data.table("chargebacks")
    if data.has("chargebacks", "opened_at"):
        opened = disputes.opened_at.cast("timestamp")
        disputes = disputes.filter(opened.isnull() | (opened < midnight(until)))
    disputed = disputes.filter(disputes.order_id.notnull()).select("order_id").distinct()
    return orders.mutate(charged_back=orders.order_id.isin(disputed.order_id)), by


class Delays(NamedTuple):
    """How long after the order disputes are opened, of orders old enough to tell.

    Attributes
    ----------
    disputes
        Disputes of valid orders that lie `ripe_days` or more before the day of the analysis.
    median_days, longest_days
        Days from the order to the dispute: half come within the first, all within the second.
        Null without disputes.
    within
        Share of them that were opened within `ripe_days`; null without disputes.
    ripe_days
        As asked.
    """

    disputes: int
    median_days: float | None
    longest_days: int | None
    within: float | None
    ripe_days: int


def dispute_delays(data: Data, *, as_of: str | dt.date, ripe_days: int = RIPE_DAYS) -> Delays:
    """Say how long one waits for disputes, so that a month can be called ripe.

    Parameters
    ----------
    data
        What `open_data` returns, with chargebacks.
    as_of
        The day of the analysis, exclusive.
    ripe_days
        Days after an order by which its payment is thought to have been disputed.

    Raises
    ------
    MissingDataError
        When the data lack chargebacks or when they were opened.

    Notes
    -----
    Of younger orders only the quick disputes are seen yet: they would make the wait look short.
    """
    end = day(as_of, name="as_of")
    require_columns(data, "chargebacks", ["opened_at", "order_id"])
    rows = FACTS["chargebacks"].build(data, {"opened_at", "order_id"})
    orders = FACTS["orders"].build(data, {"order_id", "ordered_at"})
    both = rows.join(orders, "order_id")
    both = both.filter(
        both.opened_at.cast("timestamp") < midnight(end),
        both.ordered_at.cast("timestamp") < midnight(end - dt.timedelta(days=ripe_days)),
    )
    opened, ordered = (both[name].cast("date") for name in ("opened_at", "ordered_at"))
    days = collected(both.select(days=opened.delta(ordered, unit="day")), ["days"])["days"]
    if days.empty:
        return Delays(0, None, None, None, ripe_days)
    within = float((days <= ripe_days).mean())
    return Delays(len(days), float(days.median()), int(days.max()), within, ripe_days)


def dispute_outcomes(
    data: Data, *, start: str | dt.date, end: str | dt.date, by: str | None = None
) -> pd.DataFrame:
    """Say what came of the disputes opened in a period, by reason or another dimension.

    Parameters
    ----------
    data
        What `open_data` returns, with chargebacks.
    start, end
        The first day of the period, and the day after its last.
    by
        A dimension of the fact `chargebacks`, such as ``"reason"``; None gives one row.

    Returns
    -------
    pandas.DataFrame
        A row a cell, the most disputes first: the cell (`by`; null: not told); ``disputes``;
        ``won``, ``lost``, ``open``, ``unknown`` (without an outcome, or with another one);
        ``win_rate``, the KPI `chargeback_win_rate`, with Wilson's 95 % interval (low, high; null
        while none is decided); ``amount`` (disputed), ``amount_won``, ``amount_lost``,
        ``amount_open``, ``amount_unknown``, in the data's currency.

    Raises
    ------
    ComputeError
        When `start` is not before `end`.
    MissingDataError
        When the data lack chargebacks, their amount or outcome, or the dimension.
    """
    period = Period.of(start, end)
    rows = _disputes(data, period, by)
    outcomes: dict[str, ir.BooleanValue] = {name: rows.outcome == name for name in _TOLD}
    outcomes["unknown"] = rows.outcome.isnull() | rows.outcome.notin(_TOLD)
    sums: dict[str, ir.Value] = {"disputes": rows.count(), "amount": _money(rows.amount.sum())}
    for name, is_so in outcomes.items():
        sums |= {name: is_so.sum().fill_null(0)}
        sums |= {f"amount_{name}": _money(rows.amount.sum(where=is_so))}
    cells = rows.group_by(by).aggregate(**sums) if by else rows.aggregate(**sums)
    found = collected(cells, [by] if by else ())
    found = found.astype(dict.fromkeys(("disputes", *_OUTCOMES), "int64"))
    keys = ["disputes", "amount", *([by] if by else [])]
    rising = [False, False, *([True] if by else [])]
    found = found.sort_values(keys, ascending=rising, kind="stable", ignore_index=True)
    decided = found["won"] + found["lost"]
    rate = (found["won"] / decided.where(decided > 0)).astype("float64")
    ends = [wilson(*one) for one in zip(rate.fillna(0), decided, strict=True)]
    found = found.assign(win_rate=rate, **_ends(ends))
    amounts = ["amount", *(f"amount_{name}" for name in _OUTCOMES)]
    first = [by] if by else []
    return found[[*first, "disputes", *_OUTCOMES, "win_rate", "low", "high", *amounts]]


def _money(total: ir.DecimalScalar) -> ir.DecimalScalar:
    return total.fill_null(0).cast(MONEY)


def _disputes(data: Data, period: Period, by: str | None) -> ir.Table:
    """Return the disputes opened in a period, of valid or unknown orders."""
    columns = {"opened_at", "outcome", "amount", *([by] if by else [])}
    require_columns(data, "chargebacks", sorted(columns))
    rows = FACTS["chargebacks"].build(data, columns)
    opened = rows.opened_at.cast("timestamp")
    return rows.filter(opened >= midnight(period.start), opened < midnight(period.end))


class Fighting(NamedTuple):
    """What it was worth to fight the disputes that were decided.

    Attributes
    ----------
    decided, won
        Disputes decided, of a known amount, and those of them that were won.
    disputed, recovered
        Their amounts: of all decided, and of those won.
    cost
        What it takes to fight one, as asked.
    gain
        ``recovered - cost * decided``, as if each had been fought.
    gain_each, low, high
        The same a dispute, with its 95 % interval (Hall's, for amounts are skewed); ends are null
        under `FEWEST_DECIDED` disputes and where all brought the same. At least all is lost, at
        most all that was disputed comes back. Null without any decided.
    win_rate, win_low, win_high
        Share won, with Wilson's interval.
    break_even, break_even_low, break_even_high
        The amount from which a dispute is worth its cost, ``cost / win_rate``, and what it is at
        the ends of the interval of the win rate. Null where none was won, or nothing decided; the
        high end also where the low end of the win rate is 0.
    below
        Decided disputes under its low end: whatever win rate the interval allows, fighting them
        loses money. Null where none was won, or nothing decided.
    without_amount
        Disputes decided whose amount is not known: they are in none of the others.
    """

    decided: int
    won: int
    disputed: float
    recovered: float
    cost: float
    gain: float
    gain_each: float | None
    low: float | None
    high: float | None
    win_rate: float | None
    win_low: float | None
    win_high: float | None
    break_even: float | None
    break_even_low: float | None
    break_even_high: float | None
    below: int | None
    without_amount: int


def fighting(data: Data, *, start: str | dt.date, end: str | dt.date, cost: float) -> Fighting:
    """Say what fighting disputes is worth: what is won back, less what it takes to fight.

    Parameters
    ----------
    data
        What `open_data` returns, with chargebacks.
    start, end
        The first day of the period, and the day after its last, by when disputes were opened.
    cost
        What it takes to fight one dispute: the hour of work, the proof of delivery. Not the bank's
        fee, which is due whether one fights or not.

    Raises
    ------
    ComputeError
        When `cost` is below 0, or `start` is not before `end`.
    MissingDataError
        When the data lack chargebacks, their amount or outcome.

    Notes
    -----
    Of a dispute over an amount :math:`a`, fighting is worth :math:`p a - c`: more than 0 from
    :math:`a = c / p`. The data do not tell which disputes were fought. One given up is lost, so
    that :math:`p` is at most too low, and the amount at most too high. It takes :math:`p` to be
    the same for small and large amounts. A dispute whose amount is not known does not tell what
    came back, or would have: it counts neither as won nor as a cost.

    Examples
    --------
    >>> import pandas as pd
    >>> from marketing_kpi.data.sources import open_data
    >>> tables = {
    ...     "orders": pd.DataFrame({"order_id": list("1234"),
    ...         "ordered_at": pd.to_datetime(["2025-01-05"] * 4)}),
    ...     "chargebacks": pd.DataFrame({"chargeback_id": list("abcd"), "order_id": list("1234"),
    ...         "opened_at": pd.to_datetime(["2025-02-20"] * 4),
    ...         "amount": [100.0, 40.0, 60.0, 80.0], "outcome": ["won", "lost", "lost", "open"]}),
    ... }
    >>> with open_data(tables) as data:
    ...     found = fighting(data, start="2025-01-01", end="2026-01-01", cost=15)
    >>> found.gain, found.break_even, found.below
    (55.0, 45.0, 0)
    """
    check("cost", cost)
    rows = _disputes(data, Period.of(start, end), None)
    rows = rows.filter(rows.outcome.isin(_OUTCOMES[:2]))
    rows = rows.mutate(amount=rows.amount.cast(MONEY), is_won=rows.outcome == "won")
    every = collected(rows.select("amount", "is_won"), ["amount", "is_won"])
    known = every[every["amount"].notna()]
    back = known["amount"].where(known["is_won"], 0.0)
    decided, won = len(known), int(known["is_won"].sum())
    recovered = math.fsum(back)
    gain = recovered - cost * decided
    each = gain / decided if decided else None
    ends = _mean_gain(back, cost, most=float(known["amount"].mean()) if decided else 0.0)
    share = won / decided if decided else None
    rate = wilson(share, decided) if share is not None else Interval()
    even = cost / share if share else None
    safe = None if even is None else _over(cost, rate.high)
    below = None if safe is None else int((known["amount"] < safe).sum())
    return Fighting(
        decided, won, math.fsum(known["amount"]), recovered, cost, gain, each, *ends, share, *rate,
        even, _over(cost, rate.high), _over(cost, rate.low), below, len(every) - len(known),
    )  # fmt: skip


def _over(cost: float, rate: float | None) -> float | None:
    return cost / rate if rate else None


def _mean_gain(back: pd.Series[float], cost: float, *, most: float) -> Interval:
    """Return the interval of the mean of what is won back, less the cost; `most`, if all is."""
    count = len(back)
    if count < FEWEST_DECIDED or back.nunique() < 2:
        return Interval()
    away = (back - back.mean()).to_numpy()
    spread = float((away**2).mean())
    skewness = float((away**3).mean()) / spread**1.5
    variance = spread * count / (count - 1)
    low, high = mean_interval(float(back.mean()), variance=variance, skewness=skewness, count=count)
    return Interval(max(low, 0.0) - cost, min(high, most) - cost)


def lacks_disputes(data: Data) -> list[str]:
    """Return what the data lack to tell of disputes, as ``table.column``."""
    of_orders = missing(FACTS["orders_and_disputes"], ["ordered_at", "charged_back"], data)
    of_outcomes = missing(FACTS["chargebacks"], ["opened_at", "outcome", "amount"], data)
    return list(dict.fromkeys([*of_orders, *of_outcomes]))
