"""Which days the orders tell about: where the data begin, break off and end."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from marketing_kpi.kpis.periods import Length, Periods, midnight

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data

GRACE_DAYS = 7
"""Data that begin or end so few days within a window still fill it: shops close on holidays."""

BREAK_DAYS = 365
"""More days between two orders part the data: even a shop of one season sells once a year."""

LONG_GAP_DAYS = 31
"""Days without any order in the periods above which the reader is told; a convention."""

LEEWAY = Length(months=0, days=GRACE_DAYS + 1)
"""How long after the first day of a span, and before the end of it, orders may begin and end."""


def order_days(data: Data, *, before: date | None = None) -> ir.Table:
    """Return, lazily, the days with an order, of any status, before a day.

    Returns
    -------
    ibis.expr.types.Table
        A row a day: day, and earlier, the last day with an order before it; null for the first.
    """
    return _days_of(data.orders, before)


def _days_of(orders: ir.Table, before: date | None) -> ir.Table:
    at = orders.ordered_at
    known = at.notnull() if before is None else at < midnight(before)
    days = orders.filter(known).select(day=at.date()).distinct()
    return days.mutate(earlier=days.day.lag().over(order_by=days.day))


def extent_of(orders: ir.Table, *, before: date | None) -> ir.Table:
    """Return when orders begin and end: one row, ``first`` and ``last``, as midnights, lazily.

    An order of any status shows that the data reach its day. One on or after the end of what is
    asked shows nothing of the days before it: it may be planned, or mistyped. Nor do orders
    before a year without any, such as those of 1900: the data begin after the last such break.
    """
    days = told_days(orders, before=before)
    return days.aggregate(**ends_of(days))


def told_days(orders: ir.Table, *, before: date | None) -> ir.Table:
    """Return a row a day with an order: its midnight, and whether orders begin on it anew."""
    import ibis

    days = _days_of(orders, before)
    breaks = days.day > days.earlier + ibis.interval(days=BREAK_DAYS)
    begins = days.earlier.isnull() | breaks
    return days.select(day=days.day.cast("timestamp"), is_begin=begins)


def runs_of(orders: ir.Table) -> ir.Table:
    """Return a row a day with an order: its midnight, and when the run that it is in began.

    A run has no break of more than `BREAK_DAYS` days: what an order of the far past or future is
    part of says nothing of the others.
    """
    import ibis

    days = told_days(orders, before=None)
    begun = days.is_begin.ifelse(days.day, ibis.null("timestamp"))
    return days.select("day", begun=begun.max().over(ibis.cumulative_window(order_by=days.day)))


def ends_of(days: ir.Table) -> dict[str, ir.Value]:
    """Return when orders of such days begin, after their last break, and when they end."""
    return {"first": days.day.max(where=days.is_begin), "last": days.day.max()}


def extent(data: Data, *, before: date | None = None) -> tuple[date | None, date | None]:
    """Return the first and the last day that the data tell about; None where there is none.

    Parameters
    ----------
    data
        What `open_data` returns.
    before
        The day after the last that counts: give it wherever there is one, for an order dated
        in the future says nothing of the days until then. None: no limit.

    Returns
    -------
    tuple
        The day of the first order after the last break of more than `BREAK_DAYS` days without
        any, and that of the last order.
    """
    (row,) = data.connection.to_pyarrow(extent_of(data.orders, before=before)).to_pylist()
    first, last = row["first"], row["last"]
    return first and first.date(), last and last.date()


def covers(data: Data, since: date | None, end: date | None) -> ir.BooleanScalar:
    """Return whether the data tell what happened from a day to the day before another."""
    import ibis

    known = extent_of(data.orders, before=end)
    conditions = []
    if since is not None:
        conditions.append(known.first < midnight(LEEWAY.after(since)))
    if end is not None:
        conditions.append(known.last >= midnight(LEEWAY.before(end)))
    enough = ibis.and_(*conditions).fill_null(False)
    return known.select(enough=enough).enough.as_scalar()


def is_compared(data: Data, periods: Periods) -> bool:
    """Say whether there is a period to compare with, and the data tell about both from end to end.

    A part of a period would pass for a small whole one, and growth on it for a boom. Days without
    an order at the beginning of both, and about as many, are the shop's season; so few that the
    shop is used to them, between two orders, are its rhythm (`GRACE_DAYS` times those between its
    orders, `LONG_GAP_DAYS` at most).

    Parameters
    ----------
    data
        What `open_data` returns.
    periods
        What `periods` returns.
    """
    since, until = periods.previous_start, periods.previous_end
    if since is None or until is None:
        return False
    days = order_days(data, before=periods.end).day
    now, before = days >= _day(periods.start), (days >= _day(since)) & (days < _day(until))
    ends = days.as_table().aggregate(
        first=days.min(where=now),
        last=days.max(),
        first_before=days.min(where=before),
        last_before=days.max(where=before),
        ordered=(now | before).sum(),
        until_now=days.max(where=days < _day(periods.start)),
        until_before=days.max(where=days < _day(since)),
        from_then=days.min(where=days >= _day(until)),
    )
    (row,) = data.connection.to_pyarrow(ends).to_pylist()
    first, last, first_before, last_before = (
        row[name] for name in ("first", "last", "first_before", "last_before")
    )
    if first is None or last_before is None:
        return False
    length = (periods.end - periods.start) + (until - since)
    used_to = min(GRACE_DAYS * length.days / row["ordered"], LONG_GAP_DAYS)

    def is_usual(gone: date | None, back: date | None) -> bool:
        """Say whether the shop is used to so many days without an order, between two with one."""
        return gone is not None and back is not None and (back - gone).days - 1 <= used_to

    begin = begins_by(first, periods.start) or is_usual(row["until_now"], first)
    begin &= begins_by(first_before, since) or is_usual(row["until_before"], first_before)
    alike = abs((first - periods.start) - (first_before - since)).days <= GRACE_DAYS
    return (
        (begin or alike)
        and (lasts_to(last_before, until) or is_usual(last_before, row["from_then"]))
        and lasts_to(last, periods.end)
    )


def _day(at: date) -> ir.DateScalar:
    import ibis

    return ibis.date(at.isoformat())


def begins_by(first: date | None, start: date) -> bool:
    """Say whether data whose first order was on a day tell about a period from its start."""
    return first is not None and first < LEEWAY.after(start)


def lasts_to(last: date | None, end: date) -> bool:
    """Say whether data whose last order was on a day tell about a period to its end."""
    return last is not None and last >= LEEWAY.before(end)


def is_recorded(data: Data, place: tuple[str, str], start: date, end: date) -> bool:
    """Say whether the days of a table, such as the stock, reach from end to end of a period.

    Parameters
    ----------
    data
        What `open_data` returns.
    place
        The table and its column of days.
    start, end
        First day of the period, and the day after the last.

    Returns
    -------
    bool
        What is recorded each week or month may begin or end that much later or earlier.
    """
    name, column = place
    at = data.table(name)[column].cast("timestamp")
    rows = at.name("ordered_at").as_table()
    days = extent_of(rows, before=None).mutate(days=rows.ordered_at.date().nunique().as_scalar())
    (row,) = data.connection.to_pyarrow(days).to_pylist()
    if row["first"] is None:
        return False
    first, last = row["first"].date(), row["last"].date()
    apart = (last - first) / max(row["days"] - 1, 1)
    return begins_by(first - apart, start) and lasts_to(last + apart, end)


class Gap(NamedTuple):
    """Days without any order, between two orders.

    Attributes
    ----------
    first, after
        The first of these days, and the day after the last.
    """

    first: date
    after: date


def longest_gap(data: Data, *, periods: Periods) -> Gap | None:
    """Return the longest run of days without an order, of any status, within two periods.

    A shop that was open these days sold nothing, or the data lack them: what is counted over them
    is then too low, and a change of it is no change of the shop.

    Parameters
    ----------
    data
        What `open_data` returns.
    periods
        What `periods` returns; without a period to compare with, only the period is looked at.

    Returns
    -------
    Gap or None
        None where no run is longer than `LONG_GAP_DAYS` days. Days before the periods are left
        out of a run that began before them.

    Examples
    --------
    >>> import pandas as pd
    >>> import marketing_kpi as mk
    >>> days = pd.to_datetime(["2025-01-02", "2025-02-01", "2025-04-01", "2025-04-20"])
    >>> orders = pd.DataFrame({"order_id": list("1234"), "ordered_at": days})
    >>> found = mk.periods(as_of="2025-05-01", period="4 months", compare="none")
    >>> with mk.open_data({"orders": orders}) as data:
    ...     longest_gap(data, periods=found)
    Gap(first=datetime.date(2025, 2, 2), after=datetime.date(2025, 4, 1))
    """
    import ibis

    since = min(start for start in (periods.start, periods.previous_start) if start)
    days = order_days(data, before=periods.end)
    gaps = days.filter(
        days.day > _day(since), days.day > days.earlier + ibis.interval(days=LONG_GAP_DAYS + 1)
    )
    rows = data.connection.to_pyarrow(gaps.order_by("day")).to_pylist()
    runs = [Gap(max(row["earlier"] + timedelta(days=1), since), row["day"]) for row in rows]
    long = [run for run in runs if (run.after - run.first).days > LONG_GAP_DAYS]
    return max(long, key=lambda run: run.after - run.first, default=None)


def sides_of(at: ir.TimestampColumn, periods: Periods) -> dict[str, ir.BooleanValue]:
    """Return which rows fall in the period, and in the one it is compared with."""
    import ibis

    after = (at >= midnight(periods.start)) & (at < midnight(periods.end))
    if periods.previous_start is None or periods.previous_end is None:
        return {"before": ibis.literal(False), "after": after}
    before = (at >= midnight(periods.previous_start)) & (at < midnight(periods.previous_end))
    return {"before": before, "after": after}
