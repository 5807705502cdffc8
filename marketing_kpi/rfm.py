"""RFM: how recently, how often and for how much each customer buys.

``summary`` makes a row a customer, ``score`` ranks the rows into classes, ``segment`` names
what the classes mean. The other functions read these: sales by segment, the concentration of
sales on the best customers, and how customers move between two dates.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.data.keys import has_single_orders
from marketing_kpi.data.model import Data
from marketing_kpi.errors import ComputeError, DataError, unknown
from marketing_kpi.kpis.curves import best_first
from marketing_kpi.kpis.extent import extent, lasts_to
from marketing_kpi.kpis.facts import MONEY, identified_orders, is_credit, standing
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.frames import (
    Frame,
    engine,
    in_engine,
    money,
    rankable,
    require,
    run,
    same_kind,
    valid_rows,
    with_columns,
)
from marketing_kpi.kpis.intervals import Z95
from marketing_kpi.kpis.periods import Periods, day, midnight
from marketing_kpi.text.messages import N_, translator

if TYPE_CHECKING:
    from ibis.expr.datatypes import DataType

    from marketing_kpi.kpis.formulas import Fact, Scalar

SHORTEST_WINDOW_DAYS = 90
"""Days of orders before a date under which its segments are not worth comparing; a convention."""

LONGEST_WINDOW_DAYS = 730
"""Days of orders before a date that its segments rest on, to be compared with another date's."""

ABSENT = "absent"
"""Name, in a migration, of customers that one of the two dates does not have."""

UNSCORED = "unscored"
"""Name, in a migration, of customers that one of the two dates has without a segment."""

_AXES = {"r": "recency_days", "f": "frequency", "m": "monetary"}
_FIFTHS = 5


# --- Segments -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Segment:
    """One cell group of the recency-frequency grid.

    Parameters
    ----------
    id
        Stable name in data; what people read is `name`.
    box
        Quarter of the grid that the segment lies in: best, new, at_risk or lost.
    label
        English name, the message id of the catalogs.
    advice
        What to do with these customers, in English, the message id of the catalogs.
    cells
        The (recency class, frequency class) pairs of the segment, in fifths, 5 best.
    """

    id: str
    box: str
    label: str
    advice: str
    cells: frozenset[tuple[int, int]]

    def name(self, lang: str) -> str:
        """Return the segment's name in a language."""
        return translator(lang)(self.label)

    def action(self, lang: str) -> str:
        """Return what to do with the segment, in a language."""
        return translator(lang)(self.advice)


# Rows: recency class from 5 (the most recent fifth) to 1; columns: frequency class from 1 to 5.
# The names are those that RFM tools share; the borders follow the four boxes, so that a segment
# never straddles two of them.
_GRID = (
    ("new", "potential_loyalist", "loyal", "champions", "champions"),
    ("promising", "potential_loyalist", "loyal", "loyal", "loyal"),
    ("about_to_sleep", "about_to_sleep", "need_attention", "loyal", "loyal"),
    ("hibernating", "hibernating", "at_risk", "at_risk", "cannot_lose"),
    ("lost", "lost", "at_risk", "at_risk", "cannot_lose"),
)

_WORDS = {
    "champions": (
        N_("Champions"),
        N_("Thank them, show them new products first, ask them for reviews; no discount needed."),
    ),
    "loyal": (
        N_("Loyal"),
        N_("Offer the loyalty programme and products that go with what they buy."),
    ),
    "potential_loyalist": (
        N_("Potential loyalists"),
        N_("Bring the next order closer: recommendations, membership, free delivery."),
    ),
    "new": (
        N_("New"),
        N_("Welcome them, help with the first product, suggest a second order within weeks."),
    ),
    "promising": (
        N_("Promising"),
        N_("Make the brand known and give a small reason to come back."),
    ),
    "need_attention": (
        N_("Need attention"),
        N_("Send a personal offer, limited in time, on what they bought before."),
    ),
    "about_to_sleep": (
        N_("About to sleep"),
        N_("Remind them of you with best-sellers before the habit is lost."),
    ),
    "at_risk": (
        N_("At risk"),
        N_("Win them back: a personal message, a question on what went wrong, a real offer."),
    ),
    "cannot_lose": (
        N_("Cannot lose"),
        N_("Call them or write by name: the best customers of yesterday deserve time."),
    ),
    "hibernating": (
        N_("Hibernating"),
        N_("Keep cheap contact only, with relevant seasonal offers."),
    ),
    "lost": (
        N_("Lost"),
        N_("One last message, then stop spending and respect the silence."),
    ),
}


def _box(r: int, f: int) -> str:
    """Return the quarter of the grid: the middle class counts as high on both axes."""
    recent, frequent = r >= 3, f >= 3
    if recent:
        return "best" if frequent else "new"
    return "at_risk" if frequent else "lost"


def _segments() -> Iterator[Segment]:
    for name, (label, advice) in _WORDS.items():
        cells = frozenset(
            (5 - row, column + 1)
            for row, names in enumerate(_GRID)
            for column, cell in enumerate(names)
            if cell == name
        )
        yield Segment(name, _box(*min(cells)), label, advice, cells)


SEGMENTS: tuple[Segment, ...] = tuple(_segments())
"""The segments, from the best customers to the lost; their cells partition the 5 x 5 grid."""

BOXES: Mapping[str, str] = {
    "best": N_("Best"),
    "new": N_("New or occasional"),
    "at_risk": N_("At risk"),
    "lost": N_("Lost"),
}
"""The four boxes of the recency-frequency grid and their English names (message ids)."""


def segment_name(segment_id: str, *, lang: str) -> str:
    """Return the name of a segment in a language; an id that is no segment is shown as it is.

    Parameters
    ----------
    segment_id
        One of the ids of `SEGMENTS`, or ``"absent"`` or ``"unscored"`` (see `migration`).
    lang
        ``"fr"`` or ``"en"``.

    Examples
    --------
    >>> segment_name("cannot_lose", lang="en")
    'Cannot lose'
    """
    _ = translator(lang)
    if segment_id == ABSENT:
        return _("No order")
    if segment_id == UNSCORED:
        return _("Without a score")
    return next((s.name(lang) for s in SEGMENTS if s.id == segment_id), str(segment_id))


def box_name(box_id: str, *, lang: str) -> str:
    """Return the name of a box in a language; an id that is no box is shown as it is.

    Examples
    --------
    >>> box_name("at_risk", lang="en")
    'At risk'
    """
    return translator(lang)(BOXES[box_id]) if box_id in BOXES else str(box_id)


# --- Summary --------------------------------------------------------------------------------


class LeftOut(NamedTuple):
    """Valid orders before a day that no known customer placed.

    Attributes
    ----------
    orders
        How many.
    orders_share, amount_share
        Their fraction of all valid orders, and of the sum of their amounts; null when there is
        nothing to divide by, or that sum is not above 0.
    """

    orders: int
    orders_share: float | None
    amount_share: float | None


def left_out(data: Data, *, as_of: str | dt.date) -> LeftOut:
    """Say what the orders without a known customer weigh, which no segment can hold.

    Parameters
    ----------
    data
        What `open_data` returns.
    as_of
        The day of the analysis, exclusive.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({
    ...     "order_id": ["1", "2"], "customer_id": ["A", None], "amount": [30.0, 10.0],
    ...     "ordered_at": pd.to_datetime(["2025-12-01", "2025-12-31"]),
    ... })
    >>> left_out(open_data({"orders": orders}), as_of="2026-01-01")
    LeftOut(orders=1, orders_share=0.5, amount_share=0.25)
    """
    kept = standing(data.orders)
    kept = kept.filter(kept.ordered_at < dt.datetime.combine(day(as_of, name="as_of"), dt.time()))
    has = {name: data.has("orders", name) for name in ("customer_id", "amount")}
    rows = kept.select(
        nobody=kept.customer_id.isnull() if has["customer_id"] else ibis.literal(True),
        worth=kept.amount.cast("float64") if has["amount"] else ibis.null("float64"),
    )
    totals = rows.aggregate(
        orders=rows.count(),
        unknown=rows.nobody.cast("int32").sum().fill_null(0),
        amount=rows.worth.sum(),
        lost=rows.nobody.ifelse(rows.worth, 0.0).sum(),
    )
    row = totals.to_pyarrow().to_pylist()[0]
    return LeftOut(
        row["unknown"],
        row["unknown"] / row["orders"] if row["orders"] else None,
        row["lost"] / row["amount"] if (row["amount"] or 0) > 0 else None,
    )


def summary(orders: Frame, *, as_of: str | dt.date, since: str | dt.date | None = None) -> Frame:
    """Summarise the purchases of each customer before a day.

    Parameters
    ----------
    orders
        A row an order (or several rows an order, which are then added up): order_id,
        customer_id, ordered_at (day or time), amount (the data's currency, tax excluded). With
        the columns status and is_test, cancelled, fraudulent and test orders are left out.
    as_of
        The day of the analysis, exclusive: what happened before it counts, that day does not.
    since
        The first day that counts; all the history by default. Two dates compare fairly only
        over windows of one length: over all the history, frequency can but rise.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a customer with a valid order from `since` to before `as_of`, sorted by customer_id
        (pandas): customer_id; first_order and last_order (days); recency_days (calendar days from
        the last order to `as_of`, at least 1); frequency (distinct orders); monetary (sum of
        amounts, less credits; null when every amount of the customer is null).

    Raises
    ------
    ColumnError
        When one of the four columns is missing.
    DataError
        When a value of a pandas frame is no date or no number.
    ConfigError
        When `as_of` or `since` is not a day, or has a time.
    ComputeError
        When `since` is not before `as_of`.

    Notes
    -----
    Orders without a customer_id are left out. An order of amount 0, or unknown, counts as one. A
    negative amount, a credit entered as an order, does not: it lowers monetary, and whoever has
    nothing else is no customer. Returns have a table of their own and are not deducted. Amounts
    are added as decimals with four digits.

    Examples
    --------
    >>> orders = pd.DataFrame({
    ...     "order_id": ["1", "2", "3"],
    ...     "customer_id": ["A", "A", "B"],
    ...     "ordered_at": pd.to_datetime(["2025-12-01", "2025-12-31", "2025-06-01"]),
    ...     "amount": [20.0, 30.0, 15.5],
    ... })
    >>> summary(orders, as_of="2026-01-01").drop(columns=["first_order", "last_order"])
      customer_id  recency_days  frequency  monetary
    0           A             1          2      50.0
    1           B           214          1      15.5
    """
    needed = ["order_id", "customer_id", "ordered_at", "amount"]
    require(orders, needed, "orders")
    end, start = day(as_of, name="as_of"), None if since is None else day(since, name="since")
    if start is not None and start >= end:
        raise ComputeError(f"since is {start}, must be before as_of ({end})")
    if isinstance(orders, ir.Table):
        return _summary(orders, end, start)
    columns = needed + [name for name in ("status", "is_test") if name in orders.columns]

    def floats(table: ir.Table) -> ir.Table:
        """Turn money into floats in the engine: a decimal at a time in Python takes far longer."""
        customers = _summary(table, end, start)
        return customers.mutate(monetary=customers.monetary.cast("float64"))

    result = same_kind(orders[columns], floats)
    types = {
        "customer_id": orders["customer_id"].dtype,
        "first_order": "datetime64[us]",
        "last_order": "datetime64[us]",
        "recency_days": "int64",
        "frequency": "int64",
        "monetary": "float64",
    }
    return result.astype(types).sort_values("customer_id").reset_index(drop=True)


def _summary(orders: ir.Table, end: dt.date, start: dt.date | None) -> ir.Table:
    single, valid = has_single_orders(orders), valid_rows(orders)
    at = valid.ordered_at.cast("timestamp")
    kept = valid.filter(valid.customer_id.notnull(), at < midnight(end))
    if start is not None:
        kept = kept.filter(kept.ordered_at.cast("timestamp") >= midnight(start))
    counted = kept.mutate(_day=kept.ordered_at.cast("date"), _amount=money(kept.amount))
    bought = ~is_credit(counted._amount)
    ids = counted.order_id
    customers = counted.group_by("customer_id").agg(
        first_order=counted._day.min(where=bought),
        last_order=counted._day.max(where=bought),
        # To tell ids apart takes most of the time and memory of all this.
        frequency=ids.count(where=bought) if single else ids.nunique(where=bought),
        monetary=counted._amount.sum().cast(MONEY),
    )
    by_customer = customers.filter(customers.first_order.notnull())
    recency = ibis.literal(end, "date").delta(by_customer.last_order, unit="day")
    return by_customer.select(
        "customer_id",
        "first_order",
        "last_order",
        recency_days=recency.cast("int64"),
        frequency=by_customer.frequency.cast("int64"),
        monetary=by_customer.monetary,
    )


# --- Scores ---------------------------------------------------------------------------------


def score(
    summary: Frame,
    *,
    classes: int = 5,
    thresholds: Mapping[str, Sequence[float]] | None = None,
) -> Frame:
    """Give each customer a recency, frequency and monetary class, the highest being the best.

    Parameters
    ----------
    summary
        What `summary` returns: recency_days, frequency, monetary (other columns are kept).
    classes
        Number of classes, from 2 to 9.
    thresholds
        For each of recency_days, frequency and monetary, ``classes - 1`` rising upper bounds,
        each included in the class below it: ``{"recency_days": [30, 90, 180, 365]}`` gives
        recency class 5 up to 30 days, 4 up to 90, 1 above 365; ``{"frequency": [1, 2, 4, 9]}``
        gives frequency class 1 to one order, 5 from ten. A measure that is not named is
        classed by its quantiles.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        `summary` with r, f and m (whole numbers from 1 to `classes`; null where the measure is
        null), rfm (text such as ``"545"``; null where one of the three is) and classes (the
        number of classes, in every row, by which `segment` reads the scores).

    Raises
    ------
    ColumnError
        When a measure is missing.
    ComputeError
        When `classes` is not from 2 to 9, or `thresholds` names another measure, has another
        number of bounds, or bounds that are no numbers or do not rise.

    Notes
    -----
    Quantile classes are ``((2 rank - 1) classes) // (2 n) + 1`` with the average rank of equal
    values, so that equal values always share a class, whatever the order of the rows or the ids.
    Where many customers tie, a class may hold far more or fewer than n / classes of them, and
    some classes none: when more than two customers in five ordered once, none of five frequency
    classes is 1, for a customer in the middle of that group is above the first fifth.
    Money is ranked on four decimals.

    Examples
    --------
    >>> table = pd.DataFrame({"customer_id": list("ABCDE"), "recency_days": [3, 40, 8, 200, 90],
    ...     "frequency": [9, 1, 4, 1, 2], "monetary": [900.0, 20.0, 410.0, 35.0, 80.0]})
    >>> score(table)[["customer_id", "r", "f", "m", "rfm"]]
      customer_id  r  f  m  rfm
    0           A  5  5  5  555
    1           B  3  2  1  321
    2           C  4  4  4  444
    3           D  1  2  2  122
    4           E  2  3  3  233
    """
    require(summary, list(_AXES.values()), "the summary")
    _check_classes(classes)
    bounds = _checked_thresholds(thresholds or {}, classes)

    def new(table: ir.Table) -> Mapping[str, ir.Value]:
        columns = {
            letter: _class_by_bounds(table[name], bounds[name], classes, falling=letter == "r")
            if name in bounds
            else class_by_rank(table[name], classes, falling=letter == "r")
            for letter, name in _AXES.items()
        }
        r, f, m = (columns[letter].cast("string") for letter in _AXES)
        return {**columns, "rfm": r + f + m, "classes": ibis.literal(classes, "int64")}

    types = {"r": "Int64", "f": "Int64", "m": "Int64", "rfm": "str", "classes": "int64"}
    return with_columns(summary, list(_AXES.values()), new, types)


def _check_classes(classes: int) -> None:
    if isinstance(classes, bool) or not isinstance(classes, int) or not 2 <= classes <= 9:
        raise ComputeError(f"classes is {classes!r}, must be a whole number from 2 to 9")


def _checked_thresholds(
    thresholds: Mapping[str, Sequence[float]], classes: int
) -> dict[str, list[Decimal]]:
    if not isinstance(thresholds, Mapping):
        raise ComputeError(f"thresholds is {thresholds!r}, must map measures to upper bounds")
    checked = {}
    for name, bounds in thresholds.items():
        if name not in _AXES.values():
            message, hint = unknown("measure", name, _AXES.values(), where="thresholds")
            raise ComputeError(message, hint=hint)
        exact = _exact_bounds(name, bounds)
        if len(exact) != classes - 1:
            raise ComputeError(
                f"thresholds[{name!r}] has {len(exact)} bounds, must have {classes - 1}",
                hint=f"{classes} classes are parted by {classes - 1} upper bounds, each included",
            )
        rising = all(low < high for low, high in pairwise(exact))
        if not rising or not all(bound.is_finite() for bound in exact):
            raise ComputeError(f"thresholds[{name!r}] is {list(bounds)}, must rise")
        checked[name] = exact
    return checked


def _exact_bounds(name: str, bounds: Sequence[float]) -> list[Decimal]:
    try:
        return [Decimal(str(bound)) for bound in bounds]
    except (TypeError, InvalidOperation) as error:
        raise ComputeError(
            f"thresholds[{name!r}] is {bounds!r}, must be a list of numbers"
        ) from error


def class_by_rank(
    value: ir.NumericColumn, classes: int, *, falling: bool = False
) -> ir.IntegerColumn:
    """Return the quantile class of each value among the known ones; see the notes of `score`."""
    exact = rankable(value)
    ordered = -exact if falling else exact
    lowest = ibis.rank().over(order_by=ordered)  # counts from 0; nulls come last
    ties = exact.count().over(group_by=exact)
    rows = exact.count().over()
    twice_rank_less_one = 2 * lowest + ties
    classed = (twice_rank_less_one * classes) // (2 * rows) + 1
    return exact.notnull().ifelse(classed.cast("int64"), ibis.null("int64"))


def _class_by_bounds(
    value: ir.NumericColumn, bounds: Sequence[Decimal], classes: int, *, falling: bool
) -> ir.IntegerColumn:
    exact = rankable(value)
    above = sum(
        ((exact > ibis.literal(bound)).cast("int32") for bound in bounds),
        start=ibis.literal(0, "int64"),
    )
    return (classes - above if falling else above + 1).cast("int64")


# --- Segments of customers ------------------------------------------------------------------


def segment(scores: Frame, *, classes: int | None = None) -> Frame:
    """Name the segment and the box of each customer from the recency and frequency classes.

    Parameters
    ----------
    scores
        What `score` returns: r, f and classes (other columns are kept).
    classes
        The number of classes of scores that have no column of that name; 5 when None. Other than
        5, the middle of each class decides which fifth it stands for.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        `scores` with segment (an id of `SEGMENTS`) and box (best, new, at_risk or lost); both
        null where r or f is null or not from 1 to the number of classes.

    Raises
    ------
    ColumnError
        When r or f is missing.
    ComputeError
        When `classes` is not from 2 to 9, or a pandas frame holds a class above it, or scores
        that were made with another number.

    Notes
    -----
    The table has no place for m: the amount follows the number of orders closely, and the third
    letter is better read inside a segment than used to multiply the segments by five.

    Examples
    --------
    >>> segment(pd.DataFrame({"customer_id": ["A", "B"], "r": [5, 1], "f": [5, 3]}))
      customer_id  r  f    segment      box
    0           A  5  5  champions     best
    1           B  1  3    at_risk  at_risk
    """
    require(scores, ["r", "f"], "the scores")
    if classes is not None:
        _check_classes(classes)
    told = "classes" in scores.columns
    if isinstance(scores, pd.DataFrame):
        _check_scores(scores, classes)

    def new(table: ir.Table) -> Mapping[str, ir.Value]:
        number = table.classes if told else ibis.literal(classes or _FIFTHS, "int64")
        cell = _fifth(table.r, number) * 10 + _fifth(table.f, number)
        names = [(10 * r + f, s.id) for s in SEGMENTS for r, f in sorted(s.cells)]
        boxes = [(10 * r + f, s.box) for s in SEGMENTS for r, f in sorted(s.cells)]
        return {"segment": cell.cases(*names), "box": cell.cases(*boxes)}

    read = ["r", "f", *(["classes"] if told else [])]
    return with_columns(scores, read, new, {"segment": "str", "box": "str"})


def _check_scores(scores: pd.DataFrame, classes: int | None) -> None:
    """Refuse scores made with another number of classes than is said, which would mislead."""
    made = set(scores["classes"].dropna()) if "classes" in scores else {classes or _FIFTHS}
    if classes is not None and made - {classes}:
        raise ComputeError(
            f"classes is {classes}, but the scores were made with {min(made - {classes})}",
            hint="leave classes out: the scores say it themselves",
        )
    highest = scores[["r", "f"]].max().max()
    if made and pd.notna(highest) and highest > max(made):
        raise ComputeError(
            f"a score is {highest}, must be at most {max(made)}",
            hint="give segment the number of classes that score was given",
        )


def _fifth(value: ir.IntegerColumn, classes: ir.IntegerValue) -> ir.IntegerColumn:
    """Return the fifth that holds the middle of a class; null where there is no such class."""
    place = value.cast("int64")
    fifth = ((2 * place - 1) * _FIFTHS) // (2 * classes) + 1
    return ((place >= 1) & (place <= classes)).ifelse(fifth, ibis.null("int64"))


_ORDER = {s.id: place for place, s in enumerate(SEGMENTS)}


def by_segment(segments: Frame) -> Frame:
    """Say how many customers each segment holds and what they are worth.

    Parameters
    ----------
    segments
        What `segment` returns: segment, box, recency_days, frequency, monetary.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a segment that holds a customer, best first (pandas): segment, box, customers,
        customers_share, net_sales (sum of monetary, a decimal on Ibis; null when all are null),
        net_sales_share (null when the sales of all are not above 0, or null),
        average_recency_days, average_frequency, average_monetary (a customer).

    Raises
    ------
    ColumnError
        When one of the columns is missing.

    Examples
    --------
    >>> table = pd.DataFrame({"segment": ["new", "champions"], "box": ["new", "best"],
    ...     "recency_days": [2, 9], "frequency": [1, 7], "monetary": [25.0, 75.0]})
    >>> by_segment(table)[["segment", "customers", "net_sales_share"]]
         segment  customers  net_sales_share
    0  champions          1             0.75
    1        new          1             0.25
    """
    needed = ["segment", "box", *_AXES.values()]
    require(segments, needed, "the segments")
    if isinstance(segments, ir.Table):
        return _by_segment(segments)
    result = same_kind(segments[needed], _by_segment).astype({"net_sales": "float64"})
    return _sorted_by_segment(result, ["segment"])


def _by_segment(segments: ir.Table) -> ir.Table:
    exact = segments.mutate(_money=money(segments.monetary))
    sums = exact.group_by("segment", "box").agg(
        customers=exact.count(),
        net_sales=exact._money.sum(),
        average_recency_days=exact.recency_days.cast("float64").mean(),
        average_frequency=exact.frequency.cast("float64").mean(),
        average_monetary=exact._money.cast("float64").mean(),
    )
    customers, net_sales = sums.customers.sum().over(), sums.net_sales.sum().over()
    return sums.select(
        "segment",
        "box",
        "customers",
        customers_share=ratio(sums.customers, customers),
        net_sales=sums.net_sales.cast(MONEY),
        net_sales_share=ratio(sums.net_sales, _positive(net_sales)),
        average_recency_days=sums.average_recency_days,
        average_frequency=sums.average_frequency,
        average_monetary=sums.average_monetary,
    )


def _positive(total: ir.NumericValue) -> ir.NumericValue:
    """Return a total where it is above 0: of refunds alone, a share would mislead."""
    return (total > 0).ifelse(total, ibis.null(total.type()))


def _sorted_by_segment(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    places = {**_ORDER, UNSCORED: len(_ORDER), ABSENT: len(_ORDER) + 1}
    return frame.sort_values(
        list(columns), key=lambda ids: ids.map(places).fillna(len(places))
    ).reset_index(drop=True)


def recency_frequency(segments: Frame) -> Frame:
    """Count the customers in each cell of the recency-frequency grid.

    Parameters
    ----------
    segments
        What `segment` returns: r, f, segment, box.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a cell that holds a customer, sorted by r then f (pandas): r, f, segment, box,
        customers. Customers without r or f are left out.

    Examples
    --------
    >>> recency_frequency(segment(pd.DataFrame({"r": [5, 5, 1], "f": [5, 5, 1]})))
       r  f    segment   box  customers
    0  1  1       lost  lost          1
    1  5  5  champions  best          2
    """
    needed = ["r", "f", "segment", "box"]
    require(segments, needed, "the segments")

    def count(table: ir.Table) -> ir.Table:
        placed = table.filter(table.r.notnull(), table.f.notnull())
        cells = placed.group_by(needed).agg(customers=placed.count())
        return cells.mutate(r=cells.r.cast("int64"), f=cells.f.cast("int64"))

    if isinstance(segments, ir.Table):
        return count(segments)
    return same_kind(segments[needed], count).sort_values(["r", "f"]).reset_index(drop=True)


def score_counts(scores: Frame) -> Frame:
    """Count the customers of each class of r, f and m.

    Parameters
    ----------
    scores
        What `score` returns: r, f, m.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        score (``"r"``, ``"f"`` or ``"m"``), class, customers; in the order r, f, m then by class
        (pandas). Classes without a customer have no row.

    Examples
    --------
    >>> score_counts(pd.DataFrame({"r": [1, 2], "f": [2, 2], "m": [1, 2]}))
      score  class  customers
    0     r      1          1
    1     r      2          1
    2     f      2          2
    3     m      1          1
    4     m      2          1
    """
    letters = list(_AXES)
    require(scores, letters, "the scores")

    def count(table: ir.Table) -> ir.Table:
        def one(letter: str) -> ir.Table:
            known = table.filter(table[letter].notnull())
            counts = known.group_by(known[letter].cast("int64").name("class"))
            return counts.agg(customers=known.count()).select(
                "class", "customers", score=ibis.literal(letter)
            )

        return ibis.union(*(one(letter) for letter in letters))["score", "class", "customers"]

    if isinstance(scores, ir.Table):
        return count(scores)
    result = same_kind(scores[letters], count)
    order = result["score"].map({letter: place for place, letter in enumerate(letters)})
    return (
        result.assign(_order=order)
        .sort_values(["_order", "class"])
        .drop(columns="_order")
        .reset_index(drop=True)
    )


class Window(NamedTuple):
    """The days before each of two dates over which customers are compared.

    Attributes
    ----------
    days
        How many, at least 1: `LONGEST_WINDOW_DAYS`, or fewer where the data begin later.
    last_order
        The day of the last order of an identified customer before the later date; null when
        there is none.
    reaches_end
        Whether the data reach the later date: else customers of whom they say nothing more
        would seem to have left.
    """

    days: int
    last_order: dt.date | None
    reaches_end: bool

    @property
    def is_long_enough(self) -> bool:
        """Whether the window holds enough days for its segments to be worth comparing."""
        return self.days >= SHORTEST_WINDOW_DAYS


def window(data: Data, *, periods: Periods) -> Window:
    """Say over which days the segments at the start and at the end of a period compare.

    Parameters
    ----------
    data
        What `open_data` returns.
    periods
        What `periods` returns: its start and its end are the two dates.

    Examples
    --------
    >>> from marketing_kpi import open_data, periods
    >>> days = pd.to_datetime(["2024-06-01", "2025-06-01", "2025-12-31"])
    >>> orders = pd.DataFrame({"order_id": list("123"), "customer_id": "A", "ordered_at": days})
    >>> window(open_data({"orders": orders}), periods=periods(as_of="2026-01-01"))
    Window(days=214, last_order=datetime.date(2025, 12, 31), reaches_end=True)
    """
    known = replace(data, tables={**data.tables, "orders": identified_orders(data)})
    first, last = extent(known, before=periods.end)
    history = 0 if first is None else (periods.start - first).days
    days = max(1, min(LONGEST_WINDOW_DAYS, history))
    return Window(days, last, lasts_to(last, periods.end))


def migration(before: Frame, after: Frame) -> Frame:
    """Count the customers that moved from each segment to each segment between two dates.

    Parameters
    ----------
    before, after
        What `segment` returns at the earlier and at the later date: customer_id, segment. Both
        pandas frames, or both Ibis tables of one connection.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a pair of segments that holds a customer, best first (pandas): before, after,
        customers, share (of the customers of that `before`). A customer that one date does not
        have, such as one who first bought between the two, is ``"absent"`` there; one that it has
        without a segment is ``"unscored"``. Make both from
        summaries of windows of one length (`since`), or frequency can but rise between them.

    Raises
    ------
    ColumnError
        When customer_id or segment is missing.
    DataError
        When one is a pandas frame and the other an Ibis table, or the types of their customer_id
        differ: 1 and 1.0 would match nobody.

    Examples
    --------
    >>> then = pd.DataFrame({"customer_id": ["A", "B"], "segment": ["new", "loyal"]})
    >>> now = pd.DataFrame({"customer_id": ["A", "B", "C"], "segment": ["loyal", "loyal", "new"]})
    >>> migration(then, now)
       before  after  customers  share
    0   loyal  loyal          1    1.0
    1     new  loyal          1    1.0
    2  absent    new          1    1.0
    """
    needed = ["customer_id", "segment"]
    require(before, needed, "before")
    require(after, needed, "after")
    if isinstance(before, ir.Table) and isinstance(after, ir.Table):
        return _migration(before, after)
    if isinstance(before, pd.DataFrame) and isinstance(after, pd.DataFrame):
        with engine() as connection:
            query = _migration(in_engine(before[needed]), in_engine(after[needed]))
            return _sorted_by_segment(run(connection, query), ["before", "after"])
    raise DataError(
        "before and after are of two kinds, must be both pandas frames or both Ibis tables"
    )


def _migration(before: ir.Table, after: ir.Table) -> ir.Table:
    # A union needs no join of two nullable keys: each customer has a row from each date at most.
    _check_same_keys(before.customer_id.type(), after.customer_id.type())
    missing = ibis.null("string")
    then = before.select(
        customer_id=before.customer_id.cast("string"),
        before=before.segment.cast("string").fill_null(UNSCORED),
        after=missing,
    )
    now = after.select(
        customer_id=after.customer_id.cast("string"),
        before=missing,
        after=after.segment.cast("string").fill_null(UNSCORED),
    )
    both = ibis.union(then, now)
    customers = both.group_by("customer_id").agg(
        before=both.before.max().fill_null(ABSENT), after=both.after.max().fill_null(ABSENT)
    )
    counts = customers.group_by("before", "after").agg(customers=customers.count())
    row_total = counts.customers.sum().over(group_by=counts.before)
    return counts.mutate(share=ratio(counts.customers, row_total))


def _check_same_keys(before: DataType, after: DataType) -> None:
    kinds = [kind.copy(nullable=True) for kind in (before, after)]
    empty = any(kind.is_null() for kind in kinds)  # pandas' way to say no row
    if not (empty or kinds[0] == kinds[1] or all(kind.is_integer() for kind in kinds)):
        raise DataError(
            f"customer_id is {before} in before and {after} in after, must be of one type",
            hint="cast both to text, as the source writes the ids",
        )


# --- Concentration --------------------------------------------------------------------------


class TopShare(NamedTuple):
    """Share of sales made by the best customers, and how sure it is.

    Attributes
    ----------
    share
        The fraction of customers called the top.
    customers
        Customers counted: those with a monetary value.
    top_customers
        How many of them are the top: ``ceil(share * customers)``.
    net_sales, top_net_sales
        Sales of all and of the top, in the data's currency.
    value
        top_net_sales / net_sales; null when net sales are not above 0.
    low, high
        95 % interval of `value`; null when it cannot be computed.
    method
        How the interval was made.
    """

    share: float
    customers: int
    top_customers: int
    net_sales: float
    top_net_sales: float
    value: float | None
    low: float | None
    high: float | None
    method: str


BOOTSTRAP_BELOW = 2000
"""Customers under which the interval of `top_share` is bootstrapped; measured, see its notes."""

_RESAMPLES = 999
_CELLS_AT_ONCE = 1_000_000  # customers times resamples: 8 MB an array
_SEED = 20_000  # fixed, so that a report says the same twice; any value would do
_FEWEST = 30


def top_share(
    summary: pd.DataFrame | ir.Table,
    *,
    share: float = 0.2,
    rng: np.random.Generator | None = None,
) -> TopShare:
    """Say which part of the sales the best customers make, with a 95 % interval.

    Parameters
    ----------
    summary
        What `summary` returns: monetary, a row a customer. Rows with a null are left out.
    share
        The fraction of customers to call the top, above 0 and at most 1. The top is
        ``ceil(share * customers)`` customers; equal amounts at the border change nothing.
    rng
        Source of the resamples under `BOOTSTRAP_BELOW` customers; a fixed seed by default.

    Returns
    -------
    TopShare
        See its attributes. `value` may pass 1 when some customers have a negative total; `low`
        and `high` are then null, as they are under 30 customers and when `value` is 1 or all
        customers spend the same.

    Raises
    ------
    ColumnError
        When monetary is missing.
    ComputeError
        When `share` is not above 0 and at most 1.

    Notes
    -----
    The interval treats the customers as a sample of those the shop could have had. Its standard
    error is that of the influence function of the share: with q the smallest amount of the top,
    ``sd(max(x - q, 0) - value * x) / (mean(x) * sqrt(n))``, taken to the logit scale. Under 2,000
    customers the normal quantiles are replaced by those of a studentised bootstrap (999
    resamples). Big spenders are rare: small samples miss them, and the interval then lies too
    low. Nominal 95 %, it covered, in 800 to 2,000 samples of lognormal spend, sigma 1 then 1.5
    (a tail heavier than most shops'): 0.91 and 0.88 of 50 customers, 0.93 and 0.91 of 200, 0.93
    and 0.95 of 1,000 (without the bootstrap 0.92 and 0.93), 0.95 and 0.93 of 5,000. The
    percentile bootstrap covered less. `benchmarks/top_share.py` measures it again.

    References
    ----------
    Cowell, F. A. and Flachaire, E. (2007). Income distribution and inequality measurement: the
    problem of extreme values. Journal of Econometrics 141(2).

    Examples
    --------
    >>> result = top_share(pd.DataFrame({"monetary": [70.0, 10.0, 10.0, 5.0, 5.0]}))
    >>> result.top_customers, result.value, result.low
    (1, 0.7, None)
    """
    require(summary, ["monetary"], "the summary")
    if not 0 < share <= 1:
        raise ComputeError(f"share is {share!r}, must be above 0 and at most 1")
    amounts = _amounts(summary)
    customers = len(amounts)
    top = math.ceil(Decimal(str(share)) * customers)
    net_sales, top_sales = math.fsum(amounts), math.fsum(amounts[:top])
    value = top_sales / net_sales if net_sales > 0 else None
    low, high, method = _interval(amounts, top, value, rng)
    return TopShare(share, customers, top, net_sales, top_sales, value, low, high, method)


def _amounts(summary: pd.DataFrame | ir.Table) -> np.ndarray:
    """Return the known amounts, the largest first."""
    if isinstance(summary, ir.Table):
        amounts = summary.select(amount=summary.monetary.cast("float64")).to_pandas()["amount"]
    else:
        amounts = summary["monetary"].astype("float64")
    values = amounts.to_numpy(dtype="float64", na_value=np.nan)
    return np.sort(values[np.isfinite(values)])[::-1]


def _interval(
    amounts: np.ndarray, top: int, value: float | None, rng: np.random.Generator | None
) -> tuple[float | None, float | None, str]:
    if value is None or len(amounts) < _FEWEST or not 0 < value < 1:
        return None, None, "none"
    counts = np.ones((1, len(amounts)))
    _, errors = _resampled_shares(amounts, counts, top)
    error = float(errors[0]) / (value * (1 - value))  # on the logit scale
    if not error > 0:
        return None, None, "none"
    centre = math.log(value / (1 - value))
    if len(amounts) >= BOOTSTRAP_BELOW:
        lower, upper, method = -Z95, Z95, "influence function"
    else:
        lower, upper = _bootstrap_t(amounts, top, centre, rng or np.random.default_rng(_SEED))
        method = "studentised bootstrap"
    return _logistic(centre - upper * error), _logistic(centre - lower * error), method


def _bootstrap_t(
    amounts: np.ndarray, top: int, centre: float, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the 2.5th and 97.5th percentiles of the studentised share of resamples."""
    n = len(amounts)
    even = np.full(n, 1 / n)
    step = max(1, _CELLS_AT_ONCE // n)
    sizes = (min(step, _RESAMPLES - done) for done in range(0, _RESAMPLES, step))
    parts = [
        _studentised(amounts, rng.multinomial(n, even, size=size), top, centre) for size in sizes
    ]
    lower, upper = np.quantile(np.concatenate(parts), [0.025, 0.975])
    return float(lower), float(upper)


def _studentised(amounts: np.ndarray, counts: np.ndarray, top: int, centre: float) -> np.ndarray:
    """Return how many standard errors, on the logit scale, resamples lie from the sample."""
    shares, errors = _resampled_shares(amounts, counts, top)
    usable = (shares > 0) & (shares < 1) & (errors > 0)
    shares, errors = shares[usable], errors[usable]
    distances: np.ndarray = (
        (np.log(shares / (1 - shares)) - centre) * shares * (1 - shares) / errors
    )
    return distances


def _resampled_shares(
    amounts: np.ndarray, counts: np.ndarray, top: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the top share and its standard error for each row of customer counts."""
    n = len(amounts)
    reached = counts.cumsum(axis=1)
    in_top = np.clip(top - (reached - counts), 0, counts)
    totals = counts @ amounts
    shares = (in_top @ amounts) / totals
    border = amounts[(reached >= top).argmax(axis=1)]
    influence = np.maximum(amounts - border[:, None], 0) - shares[:, None] * amounts
    means = (counts * influence).sum(axis=1, keepdims=True) / n
    variances = (counts * (influence - means) ** 2).sum(axis=1) / (n - 1)
    return shares, np.sqrt(variances * n) / totals


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def concentration(summary: Frame, *, points: int = 100) -> Frame:
    """Draw the curve of sales against customers, the best customers first.

    Parameters
    ----------
    summary
        What `summary` returns: monetary, a row a customer. Rows with a null are left out.
    points
        How many points at most, above 0.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        customers_share and net_sales_share (null when sales are not above 0), both cumulated from
        the best customer on, sorted by customers_share (pandas); (0, 0) is not in it, (1, 1) is.

    Examples
    --------
    >>> concentration(pd.DataFrame({"monetary": [10.0, 70.0, 20.0, 0.0]}))
       customers_share  net_sales_share
    0             0.25              0.7
    1             0.50              0.9
    2             0.75              1.0
    3             1.00              1.0
    """
    require(summary, ["monetary"], "the summary")

    def curve(table: ir.Table) -> ir.Table:
        steps = best_first(table.monetary, points=points)
        return steps.select("customers_share", net_sales_share=ratio(steps.gained, steps.total))

    if isinstance(summary, ir.Table):
        return curve(summary)
    result = same_kind(summary[["monetary"]], curve)
    return result.sort_values("customers_share").reset_index(drop=True)


# --- KPI ------------------------------------------------------------------------------------


def top_customers_share(customers: Fact) -> Scalar:
    """Share of net sales made by the best 20 % of the customers of the period.

    Parameters
    ----------
    customers
        The fact `customer_ranking`: a row a customer with net_sales, its place by net sales and
        the number of customers.

    Returns
    -------
    ibis.expr.types.FloatingScalar
        A fraction; null when net sales are not above 0.

    Notes
    -----
    The top is ``ceil(0.2 n)`` customers, as in `top_share`; in whole numbers, the places p with
    ``5 (p - 1) < n``.
    """
    in_top = _FIFTHS * (customers.place - 1) < customers.customers
    net_sales = customers.net_sales
    return ratio(net_sales.sum(where=in_top), _positive(net_sales.sum()))
