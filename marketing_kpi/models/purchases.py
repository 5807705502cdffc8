"""Purchase histories: what the models of repeat buying read of a customer, and how many have it.

`summary` makes a row a customer from orders, in the engine; `counts` groups customers of one
history into one row with a weight, which is all that a fit needs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.errors import ComputeError, DataError, unknown
from marketing_kpi.kpis.facts import MONEY, is_credit
from marketing_kpi.kpis.formulas import ratio, steady
from marketing_kpi.kpis.frames import (
    Frame,
    engine,
    in_engine,
    rankable,
    require,
    run,
    same_kind,
    valid_rows,
)
from marketing_kpi.kpis.periods import DAYS_A_MONTH, day, midnight

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from marketing_kpi.models.clock import Clock

DAYS: Mapping[str, float] = MappingProxyType({"day": 1, "week": 7, "month": DAYS_A_MONTH})
"""Units of time that a summary can be in, and their length in days."""

HISTORY = ("frequency", "recency", "T")
"""What the models read of a customer; customers with the same history share every prediction."""

ORDERS = ("order_id", "customer_id", "ordered_at", "amount")
"""What a summary reads of orders."""

_RETURNS = ("order_id", "returned_at", "refund_amount")


def summary(
    orders: Frame,
    *,
    as_of: str | dt.date,
    unit: str = "week",
    since: str | dt.date | None = None,
    returns: Frame | None = None,
    count_fully_refunded: bool = True,
    clock: Clock | None = None,
) -> Frame:
    """Summarise each customer's purchases before a day, as BG/NBD and Gamma-Gamma read them.

    Parameters
    ----------
    orders
        A row an order (or several rows an order, which are then added up): order_id,
        customer_id, ordered_at (day or time), amount (the data's currency, tax excluded). With
        the columns status and is_test, cancelled, fraudulent and test orders are left out.
    as_of
        The day of the analysis, exclusive: what happened before it counts, that day does not.
    unit
        The unit of recency and T: ``"day"``, ``"week"`` or ``"month"`` (365.25 / 12 days).
    since
        Keeps the customers whose first purchase is on this day or later; everyone by default.
        Give the whole history all the same: whoever bought before is no new customer, and the
        first purchase after that day is no beginning.
    returns
        A row a return: order_id, returned_at, refund_amount (positive), and customer_id, by which
        a return of an unknown order finds its customer. Refunds before `as_of` are deducted.
    count_fully_refunded
        Whether a day of which everything was paid back before `as_of` is a purchase all the same.
    clock
        What `season_clock` returns: recency and T are then measured on it instead of on the
        calendar. Give the same clock to the fit.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a customer with a purchase, sorted by customer_id (pandas): customer_id; frequency
        (days with a purchase after the first one); recency (from the first to the last of these
        days, 0 without a repeat purchase) and T (from the first to the day before `as_of`), both
        in `unit`, fractions kept; monetary_value (mean value of a repeat day, in the data's
        currency; null when frequency is 0 or no amount of them is known).

    Raises
    ------
    ColumnError
        When a column is missing.
    DataError
        When a value of a pandas frame is no date or no number, or `orders` and `returns` are of
        two kinds.
    ConfigError
        When `as_of` or `since` is not a day, or has a time.
    ComputeError
        When `unit` is unknown, `since` is not before `as_of`, or `clock` looks ahead from another
        day.

    Notes
    -----
    Purchases of one day are one purchase. An order of amount 0 is a purchase of value 0. A
    negative amount is a credit: no purchase, deducted like a refund. Refunds are deducted from
    the day of the order that they name, credits from the purchases of their own day; what has no
    such day lowers all purchases of the customer in the same proportion. Refunds beyond the price
    leave a value of 0, not less. Orders without a customer are left out.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005). "Counting your customers" the easy way:
    an alternative to the Pareto/NBD model. Marketing Science 24(2).

    Examples
    --------
    >>> orders = pd.DataFrame({
    ...     "order_id": ["1", "2", "3", "4"],
    ...     "customer_id": ["A", "A", "A", "B"],
    ...     "ordered_at": pd.to_datetime(["2025-12-01", "2025-12-15", "2025-12-15", "2025-12-25"]),
    ...     "amount": [20.0, 30.0, 5.0, 12.0],
    ... })
    >>> summary(orders, as_of="2026-01-01", unit="week")
      customer_id  frequency  recency         T  monetary_value
    0           A          1      2.0  4.285714            35.0
    1           B          0      0.0  0.857143             NaN
    """
    require(orders, ORDERS, "orders")
    if returns is not None:
        require(returns, _RETURNS, "returns")
    end, start = day(as_of, name="as_of"), None if since is None else day(since, name="since")
    if start is not None and start >= end:
        raise ComputeError(f"since is {start}, must be before as_of ({end})")
    if clock is not None and clock.as_of != end:
        raise ComputeError(f"the clock looks ahead from {clock.as_of}, must from as_of ({end})")
    days = unit_days(unit)

    def query(sold: ir.Table, given_back: ir.Table | None) -> ir.Table:
        by_day = _by_day(_movements(sold, given_back, end))
        kept = by_day if count_fully_refunded else _not_fully_refunded(by_day)
        return _by_customer(kept, end, start, days, clock)

    result = _two_kinds(orders, returns, query)
    if isinstance(result, ir.Table):
        return result
    types = {
        "customer_id": orders["customer_id"].dtype,
        "frequency": "int64",
        "recency": "float64",
        "T": "float64",
        "monetary_value": "float64",
    }
    return result.astype(types).sort_values("customer_id").reset_index(drop=True)


def unit_days(unit: str) -> float:
    """Return the length of a unit of time in days.

    >>> unit_days("week")
    7
    """
    if unit not in DAYS:
        message, hint = unknown("unit", unit, DAYS)
        raise ComputeError(message, hint=hint)
    return DAYS[unit]


def purchase_days(orders: ir.Table, *, before: dt.date) -> ir.Table:
    """Return customer_id and day, a row a purchase before a day: what `summary` counts."""
    days = _by_day(_movements(orders, None, before))
    return days.filter(days.bought).select("customer_id", "day")


def _two_kinds(
    orders: Frame,
    returns: Frame | None,
    query: Callable[[ir.Table, ir.Table | None], ir.Table],
) -> Frame:
    """Run a query on orders and returns, lazily on Ibis, in an engine of its own on pandas."""
    if isinstance(orders, ir.Table) and (returns is None or isinstance(returns, ir.Table)):
        return query(orders, returns)
    if isinstance(orders, pd.DataFrame) and (returns is None or isinstance(returns, pd.DataFrame)):
        optional = [name for name in ("status", "is_test") if name in orders.columns]
        sold = in_engine(orders[[*ORDERS, *optional]])
        given_back = None
        if returns is not None:
            owner = [name for name in ("customer_id",) if name in returns.columns]
            given_back = in_engine(returns[[*_RETURNS, *owner]])
        with engine() as connection:
            return run(connection, query(sold, given_back))
    raise DataError(
        "orders and returns are of two kinds, must be both pandas frames or both Ibis tables"
    )


REGULAR = 0.5
"""`regularity` under which customers buy on fixed dates; at random it is about 1; a convention."""

_FEWEST_REGULARS = 30
_WAITS = (3, 2)  # two where few have three: of those who buy once a year, three years hold no more


def regularity(orders: Frame, *, as_of: str | dt.date) -> float | None:
    """Measure how regular the waits between a customer's purchases are: at random, about 1.

    Models of repeat buying take each customer to buy at random, at a steady pace. Subscribers, and
    whoever buys on fixed dates, do not: their waits hardly vary.

    Parameters
    ----------
    orders, as_of
        As in `summary`; credits, below 0, are no purchase.

    Returns
    -------
    float or None
        The coefficient of variation of a customer's own waits (standard deviation over mean),
        pooled over the customers with three waits or more, or two where under 30 have three; null
        where under 30 have two.

    Notes
    -----
    Differences between customers do not count: each is held against their own mean, weighted by
    waits less one. Purchases of one day are one.

    Examples
    --------
    >>> days = [pd.Timestamp("2025-01-01") + pd.DateOffset(months=n) for n in range(6)] * 40
    >>> orders = pd.DataFrame({"order_id": [str(n) for n in range(240)], "ordered_at": days,
    ...     "customer_id": [f"c{n // 6}" for n in range(240)], "amount": 29.9})
    >>> round(regularity(orders, as_of="2026-01-01"), 3)
    0.043
    """
    require(orders, ORDERS, "orders")
    end = day(as_of, name="as_of")

    def query(sold: ir.Table, _returns: ir.Table | None) -> ir.Table:
        days = purchase_days(sold, before=end)
        in_order = ibis.window(group_by="customer_id", order_by="day")
        days = days.mutate(next_day=days.day.lead().over(in_order))
        waits = days.filter(days.next_day.notnull())
        wait = waits.next_day.delta(waits.day, unit="day").cast("float64")
        each = waits.group_by("customer_id").agg(
            n=waits.count(), total=wait.sum(), squares=(wait * wait).sum()
        )
        mean = each.total / each.n
        spread = each.squares / mean**2 - each.n
        told = [each.n >= waits for waits in _WAITS]
        return each.aggregate(
            **{f"customers_{n}": told[n].sum().fill_null(0) for n in range(len(_WAITS))},
            **{
                f"variation_{n}": ratio(spread.sum(where=told[n]), (each.n - 1).sum(where=told[n]))
                for n in range(len(_WAITS))
            },
        )

    found = _two_kinds(orders, None, query)
    row = (found if isinstance(found, pd.DataFrame) else found.to_pandas()).iloc[0]
    for n in range(len(_WAITS)):
        if row[f"customers_{n}"] >= _FEWEST_REGULARS:
            return steady(float(max(row[f"variation_{n}"], 0.0)) ** 0.5)
    return None


SEASON_DAYS = 56
"""How many days before a forecast `season` looks at: eight weeks, the length of a high season."""

PEAK = 1.1
"""`season` above which the days before a forecast are a peak; a convention."""

_YEAR_DAYS = 364  # whole weeks: as many Saturdays in each
_FEWEST_OF_SEASON = 100  # the ratio is then known to a tenth


def season(orders: Frame, *, as_of: str | dt.date) -> float | None:
    """Measure how high a season the weeks before a day usually are: an ordinary one is about 1.

    Models of repeat buying know no season. Right after a high one, everybody looks fresh and lively
    to them, and what they foretell is too much.

    Parameters
    ----------
    orders, as_of
        As in `summary`; credits, below 0, are no purchase.

    Returns
    -------
    float or None
        Purchases in the `SEASON_DAYS` days before the same day a year earlier, over those of as
        many days in the year around it; null where the orders begin later than that year, or where
        under 100 purchases were made in those weeks.

    Notes
    -----
    A year earlier, since only there is it known what came after: in the year centred on a day, the
    growth of a shop evens out, and the ratio is that of the season alone.

    Examples
    --------
    >>> days = pd.date_range("2023-01-01", "2025-12-31").repeat(3)
    >>> days = days.append(days[days.month == 12])
    >>> orders = pd.DataFrame({"order_id": range(len(days)), "ordered_at": days, "amount": 9.0,
    ...     "customer_id": [f"c{n}" for n in range(len(days))]})
    >>> [round(season(orders, as_of=day), 2) for day in ("2026-01-01", "2025-07-01")]
    [1.43, 0.93]
    """
    require(orders, ORDERS, "orders")
    end = day(as_of, name="as_of")
    middle = end - dt.timedelta(days=_YEAR_DAYS + SEASON_DAYS // 2)
    first = middle - dt.timedelta(days=_YEAR_DAYS // 2)
    after = middle + dt.timedelta(days=_YEAR_DAYS // 2)
    half = dt.timedelta(days=SEASON_DAYS // 2)

    def query(sold: ir.Table, _returns: ir.Table | None) -> ir.Table:
        days = purchase_days(sold, before=end)
        of_year = (days.day >= first) & (days.day < after)
        of_season = (days.day >= middle - half) & (days.day < middle + half)
        return days.aggregate(begins=days.day.min(), year=of_year.sum(), weeks=of_season.sum())

    found = _two_kinds(orders, None, query)
    row = (found if isinstance(found, pd.DataFrame) else found.to_pandas()).iloc[0]
    if pd.isna(row["begins"]) or pd.Timestamp(row["begins"]).date() > first:
        return None
    if row["weeks"] < _FEWEST_OF_SEASON:
        return None
    return steady(float(row["weeks"] / row["year"] * _YEAR_DAYS / SEASON_DAYS))


def _movements(orders: ir.Table, returns: ir.Table | None, end: dt.date) -> ir.Table:
    """Return what customers paid and were paid back before a day: a row an order or refund."""
    valid = valid_rows(orders)
    known = valid.filter(valid.customer_id.notnull(), _before(valid.ordered_at, end))
    amount = rankable(known.amount).cast(MONEY)
    nothing, credit = ibis.literal(0, MONEY), is_credit(amount)
    sold = known.select(
        "customer_id",
        day=known.ordered_at.cast("date"),
        bought=~credit,
        paid=credit.ifelse(nothing, amount),
        refunded=credit.ifelse(-amount, nothing).cast(MONEY),
    )
    return sold if returns is None else sold.union(_refunds(known, returns, end))


def _refunds(orders: ir.Table, returns: ir.Table, end: dt.date) -> ir.Table:
    """Return refunds on the day of their order; on their own day where the order is unknown."""
    owner = returns.customer_id if "customer_id" in returns.columns else ibis.null("string")
    before = returns.filter(_before(returns.returned_at, end)).select(
        "order_id",
        owner=owner.cast(orders.customer_id.type()),
        returned_on=returns.returned_at.cast("date"),
        refunded=rankable(returns.refund_amount).cast(MONEY),
    )
    # Several rows an order must not multiply its refunds.
    placed = orders.group_by(of_order=orders.order_id).agg(
        buyer=orders.customer_id.min(), ordered_on=orders.ordered_at.cast("date").min()
    )
    joined = before.left_join(placed, before.order_id == placed.of_order)
    refunds = joined.select(
        customer_id=joined.buyer.coalesce(joined.owner),
        day=joined.ordered_on.coalesce(joined.returned_on),
        bought=ibis.literal(False),
        paid=ibis.null(MONEY),
        refunded=joined.refunded,
    )
    return refunds.filter(refunds.customer_id.notnull(), refunds.refunded > 0)


def _before(at: ir.Column, end: dt.date) -> ir.BooleanColumn:
    return at.cast("timestamp") < midnight(end)


def _by_day(movements: ir.Table) -> ir.Table:
    """Return a row a customer and day: whether there was a purchase, and its value after refunds.

    `value` is null on a day of unknown amounts; `refunded` is what found no purchase on its day.
    """
    days = movements.group_by("customer_id", "day").agg(
        bought=movements.bought.any(),
        paid=movements.paid.sum().cast(MONEY),
        refunded=movements.refunded.sum().cast(MONEY),
    )
    nothing = ibis.literal(0, MONEY)
    left = ibis.greatest(days.paid - days.refunded, nothing).cast(MONEY)
    return days.select(
        "customer_id",
        "day",
        "bought",
        value=(days.bought & days.paid.notnull()).ifelse(left, ibis.null(MONEY)),
        refunded=days.refunded,
        stray=days.bought.ifelse(nothing, days.refunded),
    )


def _not_fully_refunded(days: ir.Table) -> ir.Table:
    """Make days of which everything was paid back days without a purchase."""
    emptied = days.bought & (days.refunded > 0) & (days.value == 0).fill_null(False)
    return days.filter(~emptied)


def _by_customer(
    days: ir.Table, end: dt.date, start: dt.date | None, unit: float, clock: Clock | None
) -> ir.Table:
    value = days.value.fill_null(0)
    known = days.value.notnull().cast("int32")
    per_customer = days.group_by("customer_id").agg(
        first=days.day.min(where=days.bought),
        last=days.day.max(where=days.bought),
        purchases=days.bought.cast("int32").sum(),
        value=value.sum().cast("float64"),
        known=known.sum(),
        first_value=value.argmin(days.day, where=days.bought).cast("float64"),
        first_known=known.argmin(days.day, where=days.bought),
        stray=days.stray.sum().cast("float64"),
    )
    buyers = per_customer.filter(per_customer.purchases > 0)
    if start is not None:
        buyers = buyers.filter(buyers.first >= ibis.literal(start, "date"))
    last_day = ibis.literal(end - dt.timedelta(days=1), "date")

    def since_first(day: ir.DateValue) -> ir.NumericValue:
        calendar = day.delta(buyers.first, unit="day").cast("float64")
        if clock is None:
            return calendar / unit
        return (calendar + clock.gained(day) - clock.gained(buyers.first)) / unit

    mean = (buyers.value - buyers.first_value) / (buyers.known - buyers.first_known).cast(
        "float64"
    ).nullif(0)
    # Nothing sold has nothing to lower: its mean is 0 already.
    kept = ibis.greatest(1 - buyers.stray / buyers.value.nullif(0), 0.0).fill_null(1.0)
    return buyers.select(
        "customer_id",
        frequency=(buyers.purchases - 1).cast("int64"),
        recency=since_first(buyers.last),
        T=since_first(last_day),
        monetary_value=mean * kept,
    )


def counts(summary: Frame) -> Frame:
    """Group customers of one history into one row: all that a fit of purchases needs.

    Parameters
    ----------
    summary
        What `summary` returns: frequency, recency and T. Rows with a null are left out.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        frequency, recency, T and customers (how many), sorted by the first three (pandas).

    Examples
    --------
    >>> counts(pd.DataFrame({"frequency": [0, 0, 1], "recency": [0.0, 0, 3], "T": [9.0, 9, 9]}))
       frequency  recency    T  customers
    0          0      0.0  9.0          2
    1          1      3.0  9.0          1
    """
    require(summary, HISTORY, "the summary")
    if isinstance(summary, ir.Table):
        return _counts(summary)
    result = same_kind(summary[[*HISTORY]], _counts)
    return result.sort_values([*HISTORY]).reset_index(drop=True)


def _counts(table: ir.Table) -> ir.Table:
    known = table.filter(*(table[name].notnull() for name in HISTORY))
    return known.group_by(*HISTORY).agg(customers=known.count())


@dataclass(frozen=True, eq=False)
class Counts:
    """Distinct purchase histories and how many customers have each, ready for a fit.

    Attributes
    ----------
    frequency
        Days with a repeat purchase: whole numbers from 0 up.
    recency, age
        From the first purchase to the last and to the end of what is observed, in one unit.
    weight
        Customers with that history, above 0.

    Each is a float64 array of one length, sorted by frequency, recency and age, so that a fit
    does not depend on the order of rows.
    """

    frequency: NDArray[np.float64]
    recency: NDArray[np.float64]
    age: NDArray[np.float64]
    weight: NDArray[np.float64]

    @classmethod
    def of(cls, histories: Frame) -> Counts:
        """Read a summary (a row a customer) or what `counts` returns (a row a history).

        Parameters
        ----------
        histories
            frequency, recency and T; with a column customers, the weight of each row. Rows with
            a null are left out.

        Raises
        ------
        ColumnError
            When a column is missing.
        DataError
            When no customer can have such a history: a frequency that is no whole number from 0
            up, a recency below 0 or above T, a recency without a repeat purchase or none with.
        """
        return grouped(histories)[0]

    @property
    def customers(self) -> float:
        """How many customers there are."""
        return float(self.weight.sum())

    @property
    def repeat_purchases(self) -> float:
        """How many repeat purchases the customers made in all."""
        return float((self.weight * self.frequency).sum())

    @cached_property
    def by_age(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
        """The distinct pairs of a frequency and an age, and the place among them of each history.

        Recency sets histories apart only for whether the customer is still one: what a customer
        who is will buy hangs on these two, and they are far fewer.
        """
        numbers, number = np.unique(self.frequency, return_inverse=True)
        ages, age = np.unique(self.age, return_inverse=True)
        pairs, place = np.unique(number * len(ages) + age, return_inverse=True)
        return numbers[pairs // len(ages)], ages[pairs % len(ages)], place


def grouped(histories: Frame) -> tuple[Counts, NDArray[np.intp]]:
    """Group histories, and say which group each row of a pandas frame is in (-1: a null).

    For an Ibis table the engine groups, and the second array counts the groups.
    """
    require(histories, HISTORY, "the summary")
    if isinstance(histories, ir.Table):
        weighted = "customers" in histories.columns
        table = histories.select(*HISTORY, "customers") if weighted else _counts(histories)
        frame = table.to_pandas()
    else:
        frame = histories
    columns = [floats(frame, name) for name in HISTORY]
    weight = floats(frame, "customers") if "customers" in frame.columns else np.ones(len(frame))
    known = ~np.isnan(np.array([*columns, weight])).any(axis=0) & (weight != 0)
    _check([column[known] for column in columns], weight[known])
    codes = np.zeros(int(known.sum()), dtype=np.int64)
    for column in columns:
        values, place = _distinct(column[known])
        codes = _distinct(codes * len(values) + place)[1]
    places, rows = np.unique(codes, return_index=True)
    group = np.full(len(frame), -1, dtype=np.intp)
    group[known] = codes
    weights = np.bincount(codes, weights=weight[known], minlength=len(places)).astype(np.float64)
    x, recency, age = (column[known][rows] for column in columns)
    return Counts(x, recency, age, weights), group


def _distinct(values: NDArray[np.generic]) -> tuple[NDArray[np.generic], NDArray[np.int64]]:
    """Return the distinct values, sorted, and the place of each value among them.

    Hashing first, then sorting what is distinct, takes a fifth of the time of numpy.unique.
    """
    codes, found = pd.factorize(values)
    order = np.argsort(found)
    place = np.empty(len(found), dtype=np.int64)
    place[order] = np.arange(len(found))
    return found[order], place[codes]


def floats(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """Return a column of a summary as floats, nan for null; what is no number is refused."""
    try:
        return frame[name].to_numpy(dtype="float64", na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise DataError(f"column '{name}' of the summary must be a number: {error}") from error


def _check(columns: list[NDArray[np.float64]], weight: NDArray[np.float64]) -> None:
    """Refuse histories that no customer can have."""
    x, recency, age = columns
    rules = (
        ("frequency", "a whole number from 0 up", (x < 0) | (x != np.floor(x)) | np.isinf(x)),
        ("recency", "from 0 to T", (recency < 0) | (recency > age)),
        ("recency", "0 without a repeat purchase and above 0 with one", (x > 0) != (recency > 0)),
        ("T", "a finite number from 0 up", (age < 0) | np.isinf(age)),
        ("customers", "a finite number above 0", (weight < 0) | np.isinf(weight)),
    )
    values = {"frequency": x, "recency": recency, "T": age, "customers": weight}
    for name, rule, broken in rules:
        if broken.any():
            row = int(broken.argmax())
            raise DataError(
                f"{name} is {values[name][row]:g}, must be {rule}",
                hint="models.purchases.summary makes histories from orders",
            )
