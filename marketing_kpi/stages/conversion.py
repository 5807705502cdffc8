"""Conversion rates of the customer lifecycle: today, day by day, and against a month ago.

Each rate follows a *cohort*: the contacts who became something on a day (a lead, a first-time
buyer, a regular one who ordered, defecting, inactive). A contact counts in the denominator from
that day on, for as many days as the rate's window, and in the numerator from the day of the
purchase that converts it. So each stands for two intervals of days; adding 1 on the day an
interval begins and taking 1 off on the day after it ends gives, by running sums, both counts at
the end of every day, in one pass over the purchases.
"""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.compute import Filters, missing_columns
from marketing_kpi.kpis.extent import BREAK_DAYS, begins_by, extent, lasts_to, order_days
from marketing_kpi.kpis.facts import ACTIVITY_DAYS
from marketing_kpi.kpis.facts.base import attach, one_a_key
from marketing_kpi.kpis.facts.lifecycle import (
    first_purchases,
    purchase_days,
    registered,
    regular_purchases,
    silences,
)
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.intervals import Z95, wilson
from marketing_kpi.kpis.periods import day as as_day
from marketing_kpi.stages.purchases import by_table, of_contacts, purchases
from marketing_kpi.stages.settings import DEFAULTS, RATES, Settings

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data
    from marketing_kpi.kpis.formulas import Fact

FEWEST = 10
"""Customers who converted, and who did not, below which two months are not told apart."""

_Extent: TypeAlias = "tuple[dt.date | None, dt.date | None]"
_VERSION = ("valid_from", "valid_until")
_FIRST_DAY, _LAST_DAY = ibis.date("1000-01-01"), ibis.date("9999-12-31")


# --- Formulas of the dictionary -------------------------------------------------------------


def lead_conversion_rate(leads: Fact) -> Any:
    """Divide the leads of the window who have bought since by all of them; null without leads.

    Fact: `leads`.
    """
    return _share_converted(leads)


def repurchase_rate(buyers: Fact) -> Any:
    """Divide the first-time buyers of the window who bought again by all of them.

    Null without first-time buyers. Fact: `first_time_buyers`.
    """
    return _share_converted(buyers)


def loyalty_rate(buyers: Fact) -> Any:
    """Divide the regular buyers of the window's first day who have ordered since by all of them.

    Null where no regular buyer ordered on that day. Fact: `regular_buyers`.
    """
    return _share_converted(buyers)


def defecting_winback_rate(customers: Fact) -> Any:
    """Divide those who became defecting in the window and have bought since by all of them.

    Null where nobody became defecting. Fact: `defections`.
    """
    return _share_converted(customers)


def inactive_winback_rate(customers: Fact) -> Any:
    """Divide those who became inactive in the window and have bought since by all of them.

    Null where nobody became inactive. Fact: `lapses`.
    """
    return _share_converted(customers)


def _share_converted(cohort: Fact) -> Any:
    return ratio(cohort.converted.sum(), cohort.count())


# --- What each rate looks at ----------------------------------------------------------------


def _windows(settings: Settings) -> dict[str, int]:
    """Return how many days a contact stays in the cohort of each rate."""
    rates = settings.rates
    return dict(
        zip(
            RATES,
            (
                rates.lead_days,
                rates.repurchase_days,
                rates.loyalty_days,
                rates.defecting_days,
                rates.inactive_days,
            ),
            strict=True,
        )
    )


def reach_days(settings: Settings) -> dict[str, int]:
    """Return how many days of orders each rate needs before the day of the analysis.

    Who is defecting or inactive follows from the last purchase: the window and the limit. Who is
    a first-time buyer, a regular one or a lead follows from earlier purchases however old: a year
    of them is asked for, as less would take most returning customers for new ones.
    """
    windows, customers = _windows(settings), settings.customers
    silent = {
        "defecting_winback_rate": customers.active_days,
        "inactive_winback_rate": customers.defecting_days,
    }
    return {
        id: window + silent[id] if id in silent else max(window, ACTIVITY_DAYS)
        for id, window in windows.items()
    }


def lacking(data: Data) -> dict[str, tuple[str, ...]]:
    """Return what the data lack for each rate that they cannot give, as ``table.column``."""
    found = {id: missing_columns(id, data) for id in RATES}
    return {id: columns for id, columns in found.items() if columns}


# --- Cohorts and the days they count --------------------------------------------------------


def cohorts(
    data: Data, *, settings: Settings, filters: Filters | None = None
) -> dict[str, ir.Table]:
    """Return, for each rate that the data allow, who counts in it on which days.

    Parameters
    ----------
    data
        What `open_data` returns.
    settings
        The limits and windows.
    filters
        Column to the value, or list of values, to keep.

    Returns
    -------
    dict of str to ibis.expr.types.Table
        By rate: customer_id; counted_from, counted_to (the first and last day at whose end the
        contact is in the denominator); bought_from (the first at whose end it is in the numerator
        too; null when there is none). Days are dates. The intervals of a contact do not overlap.
    """
    absent = lacking(data)
    bought = purchases(data, settings=settings, filters=filters)
    keys: tuple[str, ...] = ()
    versions = None
    if not settings.count_fully_refunded:
        keys, versions = _VERSION, _versions(bought)
        bought = _in_versions(bought, versions)
    days = purchase_days(bought, keys)
    customers, rates = settings.customers, settings.rates
    made = {
        "repurchase_rate": first_purchases(days, keys),
        "loyalty_rate": regular_purchases(days, keys, after_days=rates.loyalty_days),
        "defecting_winback_rate": silences(days, keys, after_days=customers.active_days),
        "inactive_winback_rate": silences(days, keys, after_days=customers.defecting_days),
    }
    made = {id: rows for id, rows in made.items() if id not in absent}
    if "lead_conversion_rate" not in absent:
        contacts = _registrations(data, by_table(filters, data)["contacts"])
        first = days.group_by([*keys, "customer_id"]).aggregate(first_day=days.day.min())
        made["lead_conversion_rate"] = registered(_with_first(contacts, first, versions), keys)
    windows = _windows(settings)
    return {id: _intervals(made[id], windows[id]) for id in RATES if id in made}


def _registrations(data: Data, filters: Mapping[str, Any]) -> ir.Table:
    contacts = one_a_key(data.table("contacts"), ["customer_id"], ["registered_at"])
    return of_contacts(contacts, data, filters)


def _versions(bought: ir.Table) -> ir.Table:
    """Return the stretches of days over which the purchases of a customer count unchanged.

    An order that is fully refunded on a day counts until the day before: from then on, the
    customer's cohorts are made anew without it.
    """
    always = bought.select("customer_id", valid_from=_FIRST_DAY).distinct()
    refunds = bought.filter(bought.refunded_on.notnull())
    since = refunds.select("customer_id", valid_from=refunds.refunded_on).distinct()
    begins = ibis.union(always, since)
    following = begins.valid_from.lead().over(group_by="customer_id", order_by="valid_from")
    return begins.mutate(valid_until=_plus(following, -1).fill_null(_LAST_DAY))


def _in_versions(bought: ir.Table, versions: ir.Table) -> ir.Table:
    """Pair each purchase with the stretches over which it counts."""
    paired = bought.inner_join(versions, "customer_id")
    return paired.filter(paired.refunded_on.isnull() | (paired.refunded_on > paired.valid_from))


def _with_first(contacts: ir.Table, first: ir.Table, versions: ir.Table | None) -> ir.Table:
    """Add the day of the first purchase of each contact, over each stretch if there are some."""
    on = ["customer_id"]
    if versions is not None:
        contacts = attach(contacts, versions, on=on, columns={name: name for name in _VERSION})
        contacts = contacts.mutate(
            valid_from=contacts.valid_from.fill_null(_FIRST_DAY),
            valid_until=contacts.valid_until.fill_null(_LAST_DAY),
        )
        on = [*on, *_VERSION]
    return attach(contacts, first, on=on, columns={"first_day": "first_day"})


def _intervals(cohort: ir.Table, window_days: int) -> ir.Table:
    """Return the days on which each contact of a cohort counts.

    Who enters twice within the window is one customer: the second interval begins where the
    first one ends. Intervals of one length that begin later also end later.
    """
    unit = [name for name in ("customer_id", *_VERSION) if name in cohort.columns]
    rows = cohort.mutate(
        counted_from=cohort.counted_from.date(),
        counted_to=_plus(cohort.entered_on.date(), window_days - 1),
        bought_on=cohort.bought_on.date(),
    )
    taken = rows.counted_to.lag().over(group_by=unit, order_by="entered_on")
    begins = ibis.greatest(rows.counted_from, _plus(taken, 1).fill_null(rows.counted_from))
    rows = rows.mutate(counted_from=begins)
    if "valid_from" in unit:
        rows = rows.mutate(
            counted_from=ibis.greatest(rows.counted_from, rows.valid_from),
            counted_to=ibis.least(rows.counted_to, rows.valid_until),
        )
    rows = rows.filter(rows.counted_from <= rows.counted_to)
    converts = (rows.bought_on <= rows.counted_to).fill_null(False)
    return rows.select(
        "customer_id",
        "counted_from",
        "counted_to",
        bought_from=converts.ifelse(
            ibis.greatest(rows.bought_on, rows.counted_from), ibis.null("date")
        ),
    )


def _plus(day: ir.DateValue, days: int) -> ir.DateValue:
    return (day + ibis.interval(days=days)).cast("timestamp").date()


# --- Day by day -----------------------------------------------------------------------------


def conversion_history(
    data: Data,
    *,
    start: str | dt.date,
    end: str | dt.date,
    settings: Settings = DEFAULTS,
    filters: Filters | None = None,
) -> pd.DataFrame:
    """Return the conversion rates at the end of each day.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end
        The first day, and the day after the last.
    settings
        The limits and windows; see `Settings`.
    filters
        Column to the value, or list of values, to keep: any columns of contacts, orders, lines
        and products. The rates are then those of a shop that sold nothing else.

    Returns
    -------
    pandas.DataFrame
        A row a day, sorted: day; and for each rate (ids of `RATES`), the rate as a fraction under
        its id, and the contacts it divides under ``<id>_converted`` and ``<id>_eligible``. The
        rate of a day is what `conversion` gives as of the day after. It is null where nobody is
        eligible; all three are null on days for which the orders do not reach back far enough
        (`reach_days`), or end more than 7 days before, and where the data lack what the rate
        needs (`lacking`).

    Raises
    ------
    ComputeError
        When `start` is not before `end`.
    ColumnError
        When a filter names no column.

    Notes
    -----
    The counts of all days come from one query: each contact adds 1 to the denominator on the day
    it begins to count and takes 1 off on the day after it ends, the same for the numerator; the
    counts are the running sums of these. They are whole numbers, and each customer counts once
    a day. Orders without a customer are in none of the rates, whatever ``settings.unidentified``
    says: nobody can be followed from one of them to the next.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> days = pd.to_datetime(["2024-12-10", "2025-11-20", "2025-12-28", "2025-12-30"])
    >>> orders = pd.DataFrame({
    ...     "order_id": ["1", "2", "3", "4"], "customer_id": ["A", "B", "A", "B"],
    ...     "ordered_at": days, "amount": [20.0, 30.0, 15.0, 10.0],
    ... })
    >>> with open_data({"orders": orders}) as data:
    ...     history = conversion_history(data, start="2025-12-29", end="2026-01-01")
    >>> history[["repurchase_rate_eligible", "repurchase_rate"]].values.tolist()
    [[1, 0.0], [1, 1.0], [1, 1.0]]
    """
    first, last = as_day(start, name="start"), as_day(end, name="end")
    if first >= last:
        raise ComputeError(
            f"start == {first}, must be before end == {last}", hint="end is the day after the last"
        )
    made = cohorts(data, settings=settings, filters=filters)
    days = _calendar(first, last)
    if made:
        days = _running(days, ibis.union(*_changes(made, first, last)), tuple(made))
    history: pd.DataFrame = data.connection.to_pandas(days.order_by("day"))
    history["day"] = pd.to_datetime(history["day"])
    return _only_known(history, data, settings)


def pooled(history: pd.DataFrame, rate: str, *, days: int) -> pd.Series[float]:
    """Return the mean of a daily rate over so many days up to each, as `last_30_days` makes it.

    Parameters
    ----------
    history
        What `conversion_history` returns, or its columns ``<rate>_converted`` and
        ``<rate>_eligible``.
    rate
        The id of the rate.
    days
        How many days, that one included.

    Returns
    -------
    pandas.Series
        A fraction a day: the numerators of the days over their denominators; null where one of
        the days is unknown, and where nobody was eligible on any.

    Examples
    --------
    >>> history = pd.DataFrame({"loyalty_rate_converted": [1, 0, 3],
    ...     "loyalty_rate_eligible": [2, 0, 4]})
    >>> pooled(history, "loyalty_rate", days=2).tolist()
    [nan, 0.5, 0.75]
    """
    converted, eligible = (
        history[f"{rate}_{count}"].astype("Float64").astype("float64").rolling(days).sum()
        for count in ("converted", "eligible")
    )
    return converted / eligible.where(eligible > 0)


def _calendar(start: dt.date, end: dt.date) -> ir.Table:
    numbers = ibis.range((end - start).days).unnest().name("n").as_table()
    day = ibis.date(start.isoformat()) + numbers.n.as_interval("D")
    return numbers.select(day=day.cast("timestamp").date())


def _changes(made: Mapping[str, ir.Table], start: dt.date, end: dt.date) -> list[ir.Table]:
    """Return what each interval adds to the counts of a day, and takes off them."""
    first, last = ibis.date(start.isoformat()), ibis.date(end.isoformat())
    parts = []
    for id, rows in made.items():
        rows = rows.filter(rows.counted_from < last, rows.counted_to >= first)
        bought = rows.filter(rows.bought_from.notnull())
        for day, counted, eligible, converted in (
            (ibis.greatest(rows.counted_from, first), rows, 1, 0),
            (_plus(rows.counted_to, 1), rows, -1, 0),
            (ibis.greatest(bought.bought_from, first), bought, 0, 1),
            (_plus(bought.counted_to, 1), bought, 0, -1),
        ):
            parts.append(
                counted.select(
                    rate=ibis.literal(id),
                    day=day,
                    eligible=ibis.literal(eligible, "int64"),
                    converted=ibis.literal(converted, "int64"),
                )
            )
    return parts


def _running(days: ir.Table, changes: ir.Table, rates: Sequence[str]) -> ir.Table:
    """Return the counts at the end of each day: the sums of all changes up to it."""
    net = changes.group_by("day").aggregate(
        **{
            f"{id}_{count}": changes[count].sum(where=changes.rate == id)
            for id in rates
            for count in ("converted", "eligible")
        }
    )
    joined = days.left_join(net, "day").drop("day_right")
    so_far = ibis.cumulative_window(order_by="day")
    counts = joined.select(
        "day", **{n: joined[n].fill_null(0).sum().over(so_far) for n in net.columns if n != "day"}
    )
    return counts.mutate(
        **{id: ratio(counts[f"{id}_converted"], counts[f"{id}_eligible"]) for id in rates}
    )


def _only_known(history: pd.DataFrame, data: Data, settings: Settings) -> pd.DataFrame:
    """Put the columns in order, null on the days that the data do not tell about."""
    as_of = [day.date() + dt.timedelta(days=1) for day in history["day"]]
    reach, told = reach_days(settings), _extents(data, as_of)
    columns: dict[str, Any] = {"day": history["day"]}
    for id in RATES:
        known = np.array([_shortage(told[day], day, day, reach[id]) is None for day in as_of])
        for name in (id, f"{id}_converted", f"{id}_eligible"):
            given = history.get(name, pd.Series(math.nan, history.index))
            columns[name] = given.where(known)
    kinds = {name: "Int64" for name in columns if name.endswith(("_converted", "_eligible"))}
    return pd.DataFrame(columns).astype({**dict.fromkeys(RATES, "float64"), **kinds})


def _extents(data: Data, as_of: Sequence[dt.date]) -> dict[dt.date, _Extent]:
    """Return what `extent` gives before each of some days, from one query."""
    days = order_days(data, before=max(as_of)).order_by("day")
    rows = [row["day"] for row in data.connection.to_pyarrow(days).to_pylist()]
    begins: list[dt.date] = []
    for place, day in enumerate(rows):
        new = not place or (day - rows[place - 1]).days > BREAK_DAYS
        begins.append(day if new else begins[-1])
    last = {day: bisect_left(rows, day) - 1 for day in as_of}
    return {day: (begins[n], rows[n]) if n >= 0 else (None, None) for day, n in last.items()}


def _shortages(
    data: Data, earliest: dt.date, latest: dt.date, settings: Settings
) -> dict[str, str | None]:
    """Return, by rate, why the orders do not tell it as of all the days between two."""
    extents = extent(data, before=latest)
    reach = reach_days(settings)
    return {id: _shortage(extents, earliest, latest, reach[id]) for id in RATES}


def _shortage(
    extents: _Extent,
    earliest: dt.date,
    latest: dt.date,
    reach: int,
) -> str | None:
    """Return which end of the data does not reach far enough, as `shortage` names them."""
    begins, ends = extents
    if not begins_by(begins, earliest - dt.timedelta(days=reach)):
        return "history"
    return None if lasts_to(ends, latest) else "ends"


# --- One day --------------------------------------------------------------------------------


def conversion(
    data: Data,
    *,
    as_of: str | dt.date,
    settings: Settings = DEFAULTS,
    filters: Filters | None = None,
) -> pd.DataFrame:
    """Return the conversion rates at the end of the day before `as_of`, with their intervals.

    Parameters
    ----------
    data
        What `open_data` returns.
    as_of
        The day of the analysis, exclusive: what happened before it counts, that day does not.
    settings
        The limits and windows; see `Settings`.
    filters
        Column to the value, or list of values, to keep; see `conversion_history`.

    Returns
    -------
    pandas.DataFrame
        A row a rate, in the order of `RATES`: rate (its id); eligible (contacts in the
        denominator), converted (those in the numerator); value (a fraction, null when nobody is
        eligible) with its 95 % interval low and high (Wilson's); reason (null; ``"missing"`` when
        the data lack what the rate needs, ``"history"`` when the orders do not reach back far
        enough, ``"ends"`` when they end more than 7 days before `as_of`: the numbers are then
        null) and missing (a tuple of what is lacking, as ``table.column``).

    Raises
    ------
    ColumnError
        When a filter names no column.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference.
    Journal of the American Statistical Association 22(158).

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> days = pd.to_datetime(["2024-12-10", "2025-11-20", "2025-12-30", "2025-12-31"])
    >>> orders = pd.DataFrame({
    ...     "order_id": ["1", "2", "3", "4"], "customer_id": ["A", "B", "B", "C"],
    ...     "ordered_at": days, "amount": [20.0, 30.0, 10.0, 15.0],
    ... })
    >>> with open_data({"orders": orders}) as data:
    ...     rates = conversion(data, as_of="2026-01-01").set_index("rate")
    >>> rates.loc["repurchase_rate", ["eligible", "converted", "value"]].tolist()
    [2.0, 1.0, 0.5]
    >>> rates.loc["lead_conversion_rate", "reason"]
    'missing'
    """
    end = as_day(as_of, name="as_of")
    start = end - dt.timedelta(days=1)
    history = conversion_history(data, start=start, end=end, settings=settings, filters=filters)
    absent, short = lacking(data), _shortages(data, end, end, settings)
    rows = [_row(id, history.iloc[0], absent.get(id, ()), short[id]) for id in RATES]
    numbers = dict.fromkeys(("value", "low", "high"), "float64")
    return pd.DataFrame(rows).astype({"eligible": "Int64", "converted": "Int64", **numbers})


def _row(
    id: str, day: pd.Series[Any], absent: tuple[str, ...], short: str | None
) -> dict[str, Any]:
    eligible, converted = day[f"{id}_eligible"], day[f"{id}_converted"]
    low, high = wilson(day[id], 0 if pd.isna(eligible) else int(eligible))
    return {
        "rate": id,
        "eligible": eligible,
        "converted": converted,
        "value": day[id],
        "low": low,
        "high": high,
        "reason": "missing" if absent else short,
        "missing": absent,
    }


# --- The last days against those before -----------------------------------------------------


def last_30_days(
    data: Data,
    *,
    as_of: str | dt.date,
    settings: Settings = DEFAULTS,
    filters: Filters | None = None,
) -> pd.DataFrame:
    r"""Hold the conversion rates of the last 30 days against those of the 30 days before.

    Parameters
    ----------
    data
        What `open_data` returns.
    as_of
        The day of the analysis, exclusive.
    settings
        The limits and windows; ``settings.rates.recent_days`` says how many days, 30 by default.
    filters
        Column to the value, or list of values, to keep; see `conversion_history`.

    Returns
    -------
    pandas.DataFrame
        A row a rate, in the order of `RATES`: rate (its id); value and previous (mean rates of
        the last days and of as many before); change (their difference, a fraction) with its
        95 % interval low and high; customers (distinct ones in either denominator); verdict:
        ``"higher"`` or ``"lower"`` when the interval leaves 0 out, else ``"cannot_tell"``;
        reason (null; ``"missing"``, ``"history"`` or ``"ends"`` as in `conversion`, of all of
        those days: there is then no number; ``"few"`` when fewer than 10 customers converted, or
        did not: there is then no interval, and no change where one of the two means is null, since
        nobody was eligible).

    Raises
    ------
    ColumnError
        When a filter names no column.

    Notes
    -----
    The mean of a rate over days is pooled: the sum of the daily numerators over that of the daily
    denominators, so that a day weighs what its cohort does. Most customers count on many of these
    days, and in both months: the days are no independent sample, and an interval that took them
    for one would be far too narrow. So the customers are what is drawn. With :math:`E_i` and
    :math:`C_i` the days on which customer i is in the denominator and in the numerator, the
    mean is :math:`p = \sum C_i / \sum E_i`, and its change has the variance

    .. math::

        \sum_i \left( \frac{C_i - p E_i}{\sum E} - \frac{C_i' - p' E_i'}{\sum E'} \right)^2

    (linearised ratios, one residual a customer, primed over the days before), from sums of
    squares and products made in the engine. Where nothing changes it tells a change in about one
    shop of twenty, as it should (``benchmarks/lifecycle_history.py``).

    A change need not be of behaviour: a wave of newcomers, who have had little time yet, lowers
    the rates that count them at once.

    References
    ----------
    Cochran, W. G. (1977). Sampling Techniques, 3rd edition, Wiley, chapter 6.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> start = pd.to_datetime("2024-06-01")
    >>> orders = pd.DataFrame({
    ...     "order_id": [str(n) for n in range(579)],
    ...     "customer_id": [str(n % 193) for n in range(579)],
    ...     "ordered_at": [start + pd.Timedelta(days=n) for n in range(579)], "amount": 20.0,
    ... })
    >>> with open_data({"orders": orders}) as data:
    ...     months = last_30_days(data, as_of="2026-01-01").set_index("rate")
    >>> row = months.loc["defecting_winback_rate"]
    >>> int(row["customers"]), row["reason"], row["verdict"]
    (149, 'few', 'cannot_tell')
    """
    end = as_day(as_of, name="as_of")
    days = settings.rates.recent_days
    made = cohorts(data, settings=settings, filters=filters)
    sums = _sums(data, made, end, days)
    absent = lacking(data)
    short = _shortages(data, end - dt.timedelta(days=2 * days - 1), end, settings)
    rows = []
    for id in RATES:
        reason = "missing" if id in absent else short[id]
        found = _Change(reason=reason) if reason else _change(sums[id])
        rows.append({"rate": id, **found._asdict()})
    return pd.DataFrame(rows).astype({"customers": "Int64"})


class _Change(NamedTuple):
    """A row of `last_30_days`."""

    value: float = math.nan
    previous: float = math.nan
    change: float = math.nan
    low: float = math.nan
    high: float = math.nan
    customers: int | None = None
    verdict: str = "cannot_tell"
    reason: str | None = None


_DAYS = ("eligible", "converted", "eligible_before", "converted_before")


def _sums(
    data: Data, made: Mapping[str, ir.Table], end: dt.date, days: int
) -> dict[str, dict[str, int]]:
    """Return the sums, and the sums of squares and products, of the days of each customer."""
    if not made:
        return {}
    length = dt.timedelta(days=days)
    query = ibis.union(
        *(_moments(_days_of_customers(rows, end - length, end), id) for id, rows in made.items())
    )
    found = data.connection.to_pyarrow(query).to_pylist()
    return {row.pop("rate"): {name: int(n or 0) for name, n in row.items()} for row in found}


def _days_of_customers(rows: ir.Table, middle: dt.date, end: dt.date) -> ir.Table:
    """Return on how many of the last days, and of those before, each customer counts."""
    start = middle - (end - middle)
    days = rows.select(
        "customer_id",
        eligible=_overlap(rows.counted_from, rows.counted_to, middle, end),
        converted=_overlap(rows.bought_from, rows.counted_to, middle, end),
        eligible_before=_overlap(rows.counted_from, rows.counted_to, start, middle),
        converted_before=_overlap(rows.bought_from, rows.counted_to, start, middle),
    )
    totals = days.group_by("customer_id").aggregate(**{n: days[n].sum() for n in _DAYS})
    return totals.filter(totals.eligible + totals.eligible_before > 0)


def _overlap(first: ir.DateValue, last: ir.DateValue, start: dt.date, end: dt.date) -> ir.Value:
    """Return how many days from `first` to `last` are from `start` to before `end`."""
    begins = ibis.greatest(first, ibis.date(start.isoformat()))
    ends = ibis.least(last, ibis.date((end - dt.timedelta(days=1)).isoformat()))
    days = ends.delta(begins, unit="day") + 1
    return first.isnull().ifelse(0, ibis.greatest(days, 0)).cast("int64")


def _moments(days: ir.Table, id: str) -> ir.Table:
    pairs = combinations_with_replacement(_DAYS, 2)
    ever = days.converted + days.converted_before > 0
    sums = days.aggregate(
        customers=days.count(),
        buyers=ever.sum(),
        **{name: days[name].sum() for name in _DAYS},
        **{f"{a} {b}": (days[a] * days[b]).sum() for a, b in pairs},
    )
    return sums.mutate(rate=ibis.literal(id))


def _change(sums: Mapping[str, int]) -> _Change:
    """Return the change of a mean rate; its error is of linearised ratios, a row a customer."""
    now, before = sums["eligible"], sums["eligible_before"]
    customers, buyers = sums["customers"], sums["buyers"]
    value = sums["converted"] / now if now else math.nan
    previous = sums["converted_before"] / before if before else math.nan
    if not (now and before):
        return _Change(value, previous, customers=customers, reason="few")
    change = value - previous
    found = _Change(value, previous, change, customers=customers, reason="few")
    if min(buyers, customers - buyers) < FEWEST:
        return found
    products = np.array(
        [[sums.get(f"{a} {b}", sums.get(f"{b} {a}")) for a in _DAYS] for b in _DAYS]
    )
    weights = np.array([-value / now, 1 / now, previous / before, -1 / before])
    error = math.sqrt(weights @ products @ weights * customers / (customers - 1))
    low, high = change - Z95 * error, change + Z95 * error
    verdict = "higher" if low > 0 else "lower" if high < 0 else "cannot_tell"
    return found._replace(low=low, high=high, verdict=verdict, reason=None)
