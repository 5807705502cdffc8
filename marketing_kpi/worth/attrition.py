"""How many customers are lost, measured on their orders, and how long they stay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd

from marketing_kpi.errors import ComputeError, DataError
from marketing_kpi.kpis.facts import ACTIVITY_DAYS
from marketing_kpi.kpis.facts.base import bought, one_a_key
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.frames import Frame, engine, in_engine, require, run, same_kind, valid_rows
from marketing_kpi.kpis.intervals import wilson_columns
from marketing_kpi.kpis.periods import MONTHS_A_YEAR, day, midnight, months_between, shift
from marketing_kpi.worth.common import Period, reaches

WINDOWS = (90, 180, 365, 540)
"""Activity windows, in days, that `attrition_by_window` compares."""


def attrition(
    orders: Frame,
    *,
    start: str | dt.date,
    end: str | dt.date,
    activity_days: int = ACTIVITY_DAYS,
    segments: Frame | None = None,
    by: str | None = None,
) -> Frame:
    """Count who was active at the start of a period and who of them was lost by its end.

    Parameters
    ----------
    orders
        customer_id, ordered_at, and amount, status and is_test where they are known; order_id is
        not read. Orders without a customer are left out, and so are credits entered as orders, of
        an amount below 0: they keep nobody active. An order of 0 does.
    start, end
        First day of the period, and the day after its last.
    activity_days
        A customer is active for so many days after an order: at the start, with an order in
        [start - activity_days, start); at the end, in [end - activity_days, end).
    segments
        customer_id and the column `by`: what to split by, such as the segments of `rfm.segment`
        at `start`, or `data.contacts`. Of a customer with several rows, the smallest value counts.
    by
        The column of `segments`; customers who have none are a row of their own, with null.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        `by` if given, then active (customers at the start), lost, rate (lost / active, over the
        period) with its 95 % interval low and high, lifespan_months (months of the period / rate)
        with lifespan_low and lifespan_high, and reason: null, or why there is no lifespan,
        ``no_loss`` (nobody was lost: no finite lifespan, but at least lifespan_low),
        ``no_customers`` (nobody was active), ``short_history`` (the orders begin more than 7 days
        after the first window does, or end more than 7 days before the period does; all is null;
        those before a year without any do not count, as in `compute`).
        pandas comes sorted by `by`.

    Raises
    ------
    ComputeError
        When the dates, `activity_days` or `by` without `segments` make no question.
    DataError
        When the two tables are of two kinds.

    Notes
    -----
    With 365 days the rate is the KPI `attrition_rate`. Its interval is Wilson's: that of a rate
    that may be near 0 or 1 and rest on few customers, where the usual rate ± 1.96 standard errors
    leaves 0-1, and has no width at all when nobody was lost. The lifespan is a decreasing function
    of the rate, so its interval follows from the rate's bounds. It takes every customer to leave
    at the same risk: see the entry `customer_lifespan`.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference.
    Journal of the American Statistical Association 22(158).

    Examples
    --------
    >>> days = ["2023-06-30", "2024-03-05", "2024-12-31", "2025-12-31"]
    >>> orders = pd.DataFrame({"customer_id": ["z", "a", "b", "a"], "ordered_at": days})
    >>> orders["ordered_at"] = pd.to_datetime(orders["ordered_at"])
    >>> found = attrition(orders, start="2025-01-01", end="2026-01-01")
    >>> found[["active", "lost", "rate", "lifespan_months"]]
       active  lost  rate  lifespan_months
    0     2.0   1.0   0.5             24.0
    """
    if (segments is None) != (by is None):
        raise ComputeError("segments and by go together", hint='segments=contacts, by="region"')
    period = Period.of(start, end)
    return _of_activity(
        orders, segments, by, lambda rows, kept: _attrition(rows, kept, by, period, activity_days)
    )


def attrition_by_window(
    orders: Frame,
    *,
    start: str | dt.date,
    end: str | dt.date,
    windows: Sequence[int] = WINDOWS,
) -> Frame:
    """Show how much the attrition rate owes to the days after which a customer counts as lost.

    Parameters
    ----------
    orders, start, end
        As in `attrition`.
    windows
        Values of `activity_days`, each above 0.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a window: activity_days, then the columns of `attrition`; sorted (pandas).

    Notes
    -----
    A shorter window calls slow buyers lost, and watches other customers: those of the last
    quarter, say. A rate that moves much with the window says that the purchase cycle, not the
    customers, was measured; a model of purchases (`fit_bg_nbd`) then tells silence from loss.

    Examples
    --------
    >>> days = ["2023-06-30", "2024-03-05", "2024-06-30", "2025-06-30"]
    >>> orders = pd.DataFrame({"customer_id": ["z", "a", "b", "a"], "ordered_at": days})
    >>> orders["ordered_at"] = pd.to_datetime(orders["ordered_at"])
    >>> found = attrition_by_window(orders, start="2025-01-01", end="2025-07-01",
    ...                             windows=[185, 365])
    >>> found[["activity_days", "active", "lost", "rate"]]
       activity_days  active  lost  rate
    0            185     1.0   1.0   1.0
    1            365     2.0   1.0   0.5
    """
    if not windows:
        raise ComputeError("windows is empty, must hold at least one number of days")
    period = Period.of(start, end)

    def query(rows: ir.Table, _: ir.Table | None) -> ir.Table:
        each = [
            _attrition(rows, None, None, period, days).mutate(
                activity_days=ibis.literal(days, "int64")
            )
            for days in sorted({*windows})
        ]
        found = ibis.union(*each) if len(each) > 1 else each[0]
        return found.relocate("activity_days")

    return _of_activity(orders, None, "activity_days", query)


_OF_ORDERS = ("customer_id", "ordered_at")
_IF_KNOWN = ("amount", "status", "is_test")


def _of_activity(
    orders: Frame,
    segments: Frame | None,
    key: str | None,
    query: Callable[[ir.Table, ir.Table | None], ir.Table],
) -> Frame:
    """Run a query on orders and segments of one kind, and sort what pandas gets."""
    require(orders, _OF_ORDERS, "orders")
    if segments is not None:
        require(segments, ["customer_id", str(key)], "segments")
    if isinstance(orders, ir.Table) and not isinstance(segments, pd.DataFrame):
        return query(orders, segments)
    if isinstance(orders, pd.DataFrame) and not isinstance(segments, ir.Table):
        read = [n for n in (*_OF_ORDERS, *_IF_KNOWN) if n in orders.columns]
        with engine() as connection:
            kept = None if segments is None else in_engine(segments[["customer_id", str(key)]])
            frame = run(connection, query(in_engine(orders[read]), kept))
        return frame.sort_values(key).reset_index(drop=True) if key else frame
    raise DataError(
        "orders and segments are of two kinds, must be both pandas frames or both Ibis tables"
    )


def _attrition(
    orders: ir.Table,
    segments: ir.Table | None,
    by: str | None,
    period: Period,
    activity_days: int,
) -> ir.Table:
    if isinstance(activity_days, bool) or not isinstance(activity_days, int) or activity_days < 1:
        raise ComputeError(f"activity_days == {activity_days!r}, must be a whole number above 0")
    active = _active(orders, period, dt.timedelta(days=activity_days))
    keys: list[str] = []
    if segments is not None and by is not None:
        active = active.left_join(one_a_key(segments, ["customer_id"], [by]), "customer_id")
        keys = [by]
    rows = active.group_by(keys) if keys else active
    counted = rows.aggregate(active=active.count(), lost=active.lost.sum().fill_null(0))
    known = reaches(orders, period.start - dt.timedelta(days=activity_days), period.end)
    counted = counted.cross_join(known)
    unknown = ibis.null("float64")
    counted = counted.mutate(
        active=counted.enough.ifelse(counted.active.cast("float64"), unknown),
        lost=counted.enough.ifelse(counted.lost.cast("float64"), unknown),
    )
    return _with_lifespan(counted, months_between(*period)).select(*keys, *_OF_ATTRITION)


def _active(orders: ir.Table, period: Period, lasting: dt.timedelta) -> ir.Table:
    """Return the customers active at the start: customer_id, and whether lost by the end."""
    valid = valid_rows(orders)
    at = valid.ordered_at.cast("timestamp")
    seen = valid.filter(
        valid.customer_id.notnull(),
        bought(valid),
        at >= midnight(period.start - lasting),
        at < midnight(period.end),
    )
    at = seen.ordered_at.cast("timestamp")
    customers = seen.group_by("customer_id").aggregate(
        before=(at < midnight(period.start)).any(),
        after=(at >= midnight(period.end - lasting)).any(),
    )
    return customers.filter(customers.before).select("customer_id", lost=~customers.after)


_OF_ATTRITION = (
    "active", "lost", "rate", "low", "high",
    "lifespan_months", "lifespan_low", "lifespan_high", "reason",
)  # fmt: skip


def _with_lifespan(counted: ir.Table, months: float) -> ir.Table:
    """Add the rate with Wilson's interval, and the lifespan that follows from it."""
    rate = ratio(counted.lost, counted.active)
    low, high = wilson_columns(rate, counted.active)
    rated = counted.mutate(rate=rate, low=low, high=high)
    return rated.mutate(
        lifespan_months=months / rated.rate.nullif(0),
        lifespan_low=months / rated.high,
        lifespan_high=months / rated.low.nullif(0),
        reason=ibis.cases(
            (~rated.enough, "short_history"),
            (rated.active == 0, "no_customers"),
            (rated.lost == 0, "no_loss"),
            else_=ibis.null("string"),
        ),
    )


def frequency_by_window(
    orders: Frame, *, end: str | dt.date, months: Sequence[int] = (3, 6, 12, 24)
) -> Frame:
    """Count orders per buyer over several lengths of time, and what each makes of a year.

    Parameters
    ----------
    orders
        As in `attrition`, with order_id.
    end
        The day after the last; each window is the months before it.
    months
        Lengths of the windows, each above 0.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a window: months, buyers, orders (credits left out), frequency (orders / buyers) and
        yearly (frequency times 12 / months). Null where the orders begin more than 7 days after
        the window does. Sorted by months (pandas).

    Notes
    -----
    If a six-month frequency could simply be doubled, `yearly` would be the same on every row.

    Examples
    --------
    >>> days = pd.to_datetime(["2025-01-02", "2025-03-05", "2025-09-30", "2025-12-30"])
    >>> orders = pd.DataFrame({"order_id": list("1234"), "customer_id": list("abba"),
    ...                        "ordered_at": days})
    >>> frequency_by_window(orders, end="2026-01-01", months=[6, 12])
       months  buyers  orders  frequency  yearly
    0       6     2.0     2.0        1.0     2.0
    1      12     2.0     4.0        2.0     2.0
    """
    last = day(end, name="end")
    require(orders, ["order_id", *_OF_ORDERS], "orders")
    if not months or not all(isinstance(n, int) and n > 0 for n in months):
        raise ComputeError(f"months == {months!r}, must be whole numbers above 0")

    def query(rows: ir.Table) -> ir.Table:
        each = [_frequency(rows, last, length) for length in sorted({*months})]
        return ibis.union(*each) if len(each) > 1 else each[0]

    if isinstance(orders, ir.Table):
        return query(orders)
    read = [n for n in ("order_id", *_OF_ORDERS, *_IF_KNOWN) if n in orders.columns]
    found = same_kind(orders[read], query)
    return found.sort_values("months").reset_index(drop=True)


def _frequency(orders: ir.Table, end: dt.date, months: int) -> ir.Table:
    first = shift(end, months=-months)
    valid = valid_rows(orders)
    at = valid.ordered_at.cast("timestamp")
    seen = valid.filter(
        valid.customer_id.notnull(), bought(valid), at >= midnight(first), at < midnight(end)
    )
    counted = seen.aggregate(buyers=seen.customer_id.nunique(), orders=seen.order_id.nunique())
    known = counted.cross_join(reaches(orders, first, end))
    told = {
        name: known.enough.ifelse(known[name].cast("float64"), ibis.null("float64"))
        for name in ("buyers", "orders")
    }
    frequency = ratio(told["orders"], told["buyers"])
    return known.select(
        months=ibis.literal(months, "int64"),
        **told,
        frequency=frequency,
        yearly=frequency * (MONTHS_A_YEAR / months),
    )
