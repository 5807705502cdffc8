"""Retention and returns: who comes back, and what does.

``returns_by``, ``return_reasons`` and ``returns_by_month`` count what was sent back. The others
follow the purchases of customers: ``cohorts`` from the month of their first order, ``survival``
from one purchase to the next, ``between_orders`` between two that were made, ``repeat_within`` to
the second one, ``frequency_distribution`` over a period. Purchases of one day are one purchase
wherever days are counted.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.errors import ComputeError, MissingDataError, unknown
from marketing_kpi.kpis.compute import compute, ratio_terms
from marketing_kpi.kpis.extent import extent, lasts_to
from marketing_kpi.kpis.facts import (
    FACTS,
    MONEY,
    extra_columns,
    first_orders,
    home,
    identified_orders,
    is_credit,
    missing,
    standing,
)
from marketing_kpi.kpis.facts.base import attach
from marketing_kpi.kpis.formulas import ratio, steady
from marketing_kpi.kpis.frames import Frame, executed, rankable, require, same_kind, valid_rows
from marketing_kpi.kpis.intervals import Z95, Interval, mean_interval, ratio_error, wilson
from marketing_kpi.kpis.periods import MONTHS_A_YEAR, day, midnight

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data
    from marketing_kpi.kpis.formulas import Fact

FEWEST_BUYERS = 30
"""Buyers under which a return rate gets no interval: too few to tell; see `returns_by`."""

RETURN_DAYS = 60
"""Days after a sale by which its returns have come, unless told: 30 to decide, 30 on the way."""

REPEAT_DAYS = (30, 60, 90, 180, 365)
"""Windows of the repeat purchase, in days."""

LOYALTY = ("retention_rate", "repeat_purchase_rate", "purchase_frequency")
"""KPIs of the dictionary on customers who come back."""

_MONTHS_A_PERIOD: Mapping[str, int] = MappingProxyType({"month": 1, "quarter": 3})
_BUYING = ("order_id", "customer_id", "ordered_at", "amount")


# --- KPIs -----------------------------------------------------------------------------------


def return_rate_units(sales_and_returns: Fact) -> Any:
    """Divide the units returned by the units sold, each at its own date.

    0 where nothing came back, null where nothing was sold. Fact: `sales_and_returns`.
    """
    returned = sales_and_returns.units_returned.sum().fill_null(0)
    return ratio(returned, sales_and_returns.units_sold.sum())


def return_rate_value(sales_and_returns: Fact) -> Any:
    """Divide the price paid for the units returned by net sales, each at its own date.

    0 where nothing came back, null where nothing was sold. Fact: `sales_and_returns`.
    """
    returned = sales_and_returns.value_returned.sum().fill_null(0)
    return ratio(returned, sales_and_returns.net_sales.sum())


def repeat_purchase_rate(customers: Fact) -> Any:
    """Divide the customers with two orders or more by those with one or more.

    Null without customers. Fact: `orders_by_customer`.
    """
    return ratio((customers.orders >= 2).sum(), customers.count())


def purchase_frequency(customers: Fact) -> Any:
    """Divide the orders of identified customers by those customers; null without any.

    Fact: `orders_by_customer`.
    """
    return ratio(customers.orders.sum(), customers.count())


def retention_rate(customers: Fact) -> Any:
    """Divide the customers active before and after by those active before.

    1 - attrition rate; null where nobody was active before, or where the data do not reach back
    far enough to tell. Fact: `customer_activity`.
    """
    kept = (customers.active_before & customers.active_after).sum()
    return ratio(kept, customers.active_before.sum())


def loyalty(data: Data, *, start: str | dt.date, end: str | dt.date) -> pd.DataFrame:
    """Compute the KPIs of customers who come back, each with its interval.

    Parameters
    ----------
    data
        What `open_data` returns, with customers.
    start, end
        First day, and the day after the last.

    Returns
    -------
    pandas.DataFrame
        A row a KPI of `LOYALTY`: kpi (its id); value (as `compute` gives it: a fraction, or orders
        a customer); customers (that it is divided by); low, high (95 % interval: Wilson's of a
        fraction, `frequency_interval` of the mean number of orders). Null where the value is, and
        where nobody is counted.

    Raises
    ------
    MissingDataError
        When the data lack customers.

    Notes
    -----
    The intervals take customers as a sample of those who might have come: they say how far chance
    alone moves the figure, not whether the next year will be like this one.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": list("1234"), "customer_id": list("AABC"),
    ...     "ordered_at": pd.to_datetime(["2025-01-01", "2025-03-01", "2025-03-01", "2025-05-01"])})
    >>> found = loyalty(open_data({"orders": orders}), start="2025-01-01", end="2026-01-01")
    >>> found.set_index("kpi").loc["repeat_purchase_rate", ["value", "customers"]].tolist()
    [0.3333333333333333, 3.0]
    """
    first, last = _span(start, end)
    values = executed(compute(LOYALTY, data, start=first, end=last)).iloc[0]
    rows = []
    for id in LOYALTY:
        terms = ratio_terms([id], data, by=(), start=first, end=last).to_pandas().iloc[0]
        value, customers = _known(values[id]), int(_known(terms[f"{id} x"]) or 0)
        ends = Interval()
        if value is not None and customers:
            is_rate = id != "purchase_frequency"
            ends = wilson(value, customers) if is_rate else frequency_interval(data, first, last)
        rows.append((id, value, customers, *ends))
    table = pd.DataFrame(rows, columns=["kpi", "value", "customers", "low", "high"])
    return table.astype(dict.fromkeys(("value", "low", "high"), "float64"))


def frequency_interval(data: Data, start: dt.date, end: dt.date) -> Interval:
    """Return the 95 % interval of `purchase_frequency`, wherever that is shown.

    Parameters
    ----------
    data
        What `open_data` returns, with customers.
    start, end
        First day, and the day after the last.

    Notes
    -----
    Hall's interval of a mean, since numbers of orders are skewed: a few customers order far more
    than the others. None under `FEWEST_BUYERS` customers, nor where all ordered as often: that
    says nothing of how far another sample would lie.
    """
    rows = standing(identified_orders(data))
    rows = rows.filter(
        ~is_credit(rows.amount),
        rows.ordered_at >= midnight(start),
        rows.ordered_at < midnight(end),
    )
    each = rows.group_by("customer_id").agg(orders=rows.order_id.nunique())
    counts = each.group_by("orders").agg(customers=each.count()).to_pandas().sort_values("orders")
    orders, weights = (counts[name].to_numpy("float64") for name in ("orders", "customers"))
    n = weights.sum()
    if n < FEWEST_BUYERS or len(orders) == 1:
        return Interval()
    mean = weights @ orders / n
    away = orders - mean
    spread = weights @ away**2 / n
    skewness = (weights @ away**3 / n) / spread**1.5
    ends = mean_interval(mean, variance=spread * n / (n - 1), skewness=skewness, count=n)
    return Interval(*ends)


# --- Returns --------------------------------------------------------------------------------


def returns_by(
    data: Data,
    *,
    start: str | dt.date,
    end: str | dt.date,
    by: str | Sequence[str] = (),
    returned_before: str | dt.date | None = None,
) -> pd.DataFrame:
    """Say which part of what was sold came back, by product, category, channel or any dimension.

    Parameters
    ----------
    data
        What `open_data` returns, with returns.
    start, end
        First day, and the day after the last.
    by
        Dimensions of the fact `sales_and_returns`, or other columns of its tables: ``"category"``,
        ``["channel", "brand"]``; none gives one row.
    returned_before
        None: returns count at their own date, as in the KPIs, so those of the first days belong
        to earlier sales. A day: what was sold from `start` to before `end`, and came back before
        that day. Give one at least a return window after `end`, or the last sales look better
        than they are; returns without a known order are then left out (`returns_by_month` counts
        those that have one). By channel, a return counts where it was brought back by default,
        and where it was sold with a day.

    Returns
    -------
    pandas.DataFrame
        A row a cell in which something was sold or came back, the highest return_rate_units
        first: the dimensions (null: unknown); buyers (customers who bought or returned; an order
        without a customer stands for itself, a return without an order too); units_sold,
        units_returned, return_rate_units with its 95 % interval (low, high); net_sales,
        value_returned (the price paid; what was refunded where the line is unknown),
        return_rate_value with its interval (value_low, value_high). Rates are null where nothing
        was sold. An interval is null under `FEWEST_BUYERS` buyers, where the data cannot tell,
        and where the rate is 1 or more: more came back than was sold, which is no share.

    Raises
    ------
    MissingDataError
        When the data lack returns, quantities, prices or a dimension; with `returned_before`,
        also when no return of the time tells its order, which would make every rate 0.
    ComputeError
        When a dimension is not known, or `start` is not before `end` and `returned_before`.

    Notes
    -----
    The units of one order, and the orders of one customer, are sent back together: the standard
    error is the linearised one of a ratio with the customer as the unit drawn,
    ``se = sqrt(n / (n - 1) * sum((y - R x)^2)) / sum(x)``. The interval is Wilson's with the number
    of independent units that would have this error, ``R (1 - R) / se^2``, and with the number of
    buyers where nothing came back: unlike ``R +- 1.96 se`` it stays within 0 and 1. Nominal 95 %.
    Measured at rates of 2, 8 and 20 %, with 30 to 1,000 buyers: from 0.93 to 0.97 with one order a
    buyer, whether its units come back together (correlation 0.3) or not, and with three orders a
    buyer of independent units; with three orders all correlated, from 0.92 to 0.96 at 200 buyers
    or more, but down to 0.88 at 60 or fewer: it is too narrow where hardly any buyer returns.
    See `benchmarks/retention_coverage.md`.

    References
    ----------
    Cochran, W. G. (1977). Sampling Techniques, 3rd ed., Wiley, chapter 6 (ratio estimates).
    Dean, N. and Pagano, M. (2015). Evaluating confidence interval methods for binomial
    proportions in clustered surveys. Journal of Survey Statistics and Methodology 3(4).

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> tables = {
    ...     "orders": pd.DataFrame({"order_id": ["1", "2"],
    ...         "ordered_at": pd.to_datetime(["2025-01-05", "2025-01-09"])}),
    ...     "order_lines": pd.DataFrame({"order_id": ["1", "2"], "line_id": ["1", "1"],
    ...         "product_id": ["coat", "cup"], "quantity": [1, 9], "unit_price": [200.0, 20.0]}),
    ...     "returns": pd.DataFrame({"return_id": ["r"], "order_id": ["1"], "line_id": ["1"],
    ...         "returned_at": pd.to_datetime(["2025-01-20"]), "quantity": [1]}),
    ... }
    >>> whole = returns_by(open_data(tables), start="2025-01-01", end="2025-02-01")
    >>> whole[["units_sold", "return_rate_units", "return_rate_value"]]
       units_sold  return_rate_units  return_rate_value
    0        10.0                0.1           0.526316
    """
    keys = _dimensions(data, by)
    first, last = _span(start, end)
    rows = _sold_and_returned(data, keys, first, last, returned_before)
    cells: pd.DataFrame = _per_cell(rows, keys).to_pandas()
    measured = cells.assign(**_rates(cells))
    ranked = measured.sort_values(
        ["return_rate_units", *keys], ascending=[False, *(True for _ in keys)], kind="stable"
    )
    return ranked[[*keys, *_RETURN_COLUMNS]].reset_index(drop=True)


def _span(start: str | dt.date, end: str | dt.date) -> tuple[dt.date, dt.date]:
    """Return the first day of a period and the day after its last."""
    first, last = day(start, name="start"), day(end, name="end")
    if first >= last:
        raise ComputeError(
            f"start == {first}, must be before end == {last}", hint="end is the day after the last"
        )
    return first, last


_RETURN_COLUMNS = (
    "buyers", "units_sold", "units_returned", "return_rate_units", "low", "high",
    "net_sales", "value_returned", "return_rate_value", "value_low", "value_high",
)  # fmt: skip
_MEASURES = ("units_sold", "units_returned", "net_sales", "value_returned")


def lacking(data: Data, *, by: str | Sequence[str] = ()) -> list[str]:
    """Return what the data lack for return rates by some dimensions, as ``table.column``.

    Parameters
    ----------
    data
        What `open_data` returns.
    by
        As in `returns_by`.

    Returns
    -------
    list of str
        Empty when `returns_by` can answer.

    Raises
    ------
    ComputeError
        When a dimension is not known.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-01-05"])})
    >>> "returns.returned_at" in lacking(open_data({"orders": orders}))
    True
    """
    fact, names = FACTS["sales_and_returns"], [by] if isinstance(by, str) else list(by)
    for name in names:
        if name not in fact.dimensions and home(fact, name, data) is None:
            known = [*fact.dimensions, *extra_columns(fact, data)]
            message, hint = unknown("dimension", name, known, where=f"fact '{fact.name}'")
            raise ComputeError(message, hint=hint)
    return missing(fact, [fact.time, *_MEASURES, *names], data)


def _dimensions(data: Data, by: str | Sequence[str]) -> list[str]:
    """Return the dimensions asked for, each once, that these data can split returns by."""
    if absent := lacking(data, by=by):
        raise MissingDataError(f"return rates need {', '.join(absent)}, which these data lack")
    return list(dict.fromkeys([by] if isinstance(by, str) else by))


def _sold_and_returned(
    data: Data,
    keys: Sequence[str],
    start: dt.date,
    end: dt.date,
    returned_before: str | dt.date | None,
) -> ir.Table:
    """Return a row a line sold or a return that counts in the period, with who it belongs to."""
    fact = FACTS["sales_and_returns"]
    owners = ["order_id"] if data.has("returns", "order_id") else []
    if data.has("orders", "customer_id") and not missing(fact, ["customer_id"], data):
        owners.insert(0, "customer_id")  # of the return itself, or else of its order
    columns = {fact.time, *_MEASURES, *keys, *owners}
    if returned_before is None:
        rows = fact.build(data, columns)
        at = rows[fact.time]
    else:
        rows = _of_sales(data, columns, keys, start, day(returned_before, name="returned_before"))
        at = rows.ordered_at
    rows = rows.filter(at >= midnight(start), at < midnight(end))
    # Ids of two kinds may be equal: each says which it is.
    known = [ibis.literal(f"{name} ") + rows[name].cast("string") for name in owners]
    owner = ibis.coalesce(*known, ibis.row_number().cast("string"))
    return rows.mutate(drawn=owner)


def _of_sales(
    data: Data, columns: set[str], keys: Sequence[str], start: dt.date, until: dt.date
) -> ir.Table:
    """Return lines sold and returns before a day, each with the date and channel of its order."""
    if until <= start:
        raise ComputeError(f"returned_before is {until}, must be after start ({start})")
    if not data.has("returns", "order_id"):
        raise MissingDataError(
            "returns by date of sale need returns.order_id, which these data lack",
            hint="leave out returned_before: returns then count at their own date",
        )
    fact = FACTS["sales_and_returns"]
    rows = fact.build(data, columns | {"order_id", "ordered_at"})
    rows = rows.filter(rows[fact.time] < midnight(until))
    back = rows.filter(rows[fact.time] >= midnight(start), rows.units_returned > 0)
    returns, traced = (int(one.execute()) for one in (back.count(), back.ordered_at.count()))
    if returns and not traced:
        raise MissingDataError(
            "returns by date of sale need returns.order_id, which no return of these data tells",
            hint="leave out returned_before: returns then count at their own date",
        )
    if "channel" not in keys:
        return rows
    sold = attach(rows, data.orders, on=["order_id"], columns={"sold_in": "channel"})
    return sold.mutate(channel=sold.sold_in)


def _per_cell(rows: ir.Table, keys: Sequence[str]) -> ir.Table:
    """Return a row a cell: sums of what was sold and returned, and of their squares by buyer."""
    exact = rows.group_by([*keys, "drawn"]).agg(
        **{name: rows[name].sum().fill_null(0).cast(MONEY) for name in _MEASURES}
    )
    floats = {f"{name}_": exact[name].cast("float64") for name in _MEASURES}
    buyers = exact.mutate(**floats)
    totals = {name: buyers[name].sum().cast("float64") for name in _MEASURES}
    squares: dict[str, ir.Value] = {}
    for kind, (sold, back) in _KINDS.items():
        x, y = buyers[f"{sold}_"], buyers[f"{back}_"]
        squares |= {
            f"{kind} xx": (x * x).sum(),
            f"{kind} xy": (x * y).sum(),
            f"{kind} yy": (y * y).sum(),
        }
    wanted = {"buyers": buyers.count(), **totals, **squares}
    return buyers.group_by(list(keys)).agg(**wanted) if keys else buyers.agg(**wanted)


_KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"units": ("units_sold", "units_returned"), "value": ("net_sales", "value_returned")}
)


def _rates(cells: pd.DataFrame) -> dict[str, pd.Series[float]]:
    """Return the rates of each cell, with their intervals."""
    found: dict[str, pd.Series[float]] = {}
    for kind, (low, high) in {
        "units": ("low", "high"),
        "value": ("value_low", "value_high"),
    }.items():
        sold, back = (cells[name] for name in _KINDS[kind])
        rate = (back / sold.where(sold != 0)).astype("float64")
        ends = [
            _share_interval(*numbers)
            for numbers in zip(
                rate, cells["buyers"], sold, cells[f"{kind} xx"], cells[f"{kind} xy"],
                cells[f"{kind} yy"], strict=True,
            )
        ]  # fmt: skip
        found[f"return_rate_{kind}"] = rate
        found[low] = pd.Series([end.low for end in ends], index=cells.index, dtype="float64")
        found[high] = pd.Series([end.high for end in ends], index=cells.index, dtype="float64")
    return found


def _share_interval(
    rate: float, buyers: int, sold: float, xx: float, xy: float, yy: float
) -> Interval:
    """Return Wilson's interval with as many units as would give the error between buyers."""
    if buyers < FEWEST_BUYERS or not 0 <= rate < 1:
        return Interval()
    error = ratio_error(rate, count=buyers, x=sold, xx=xx, xy=xy, yy=yy)
    count = rate * (1 - rate) / error**2 if error > 0 else float(buyers)
    return Interval(*(None if end is None else steady(end) for end in wilson(rate, count)))


def return_reasons(
    data: Data,
    *,
    start: str | dt.date,
    end: str | dt.date,
    by: str | Sequence[str] = (),
) -> pd.DataFrame:
    """Say why goods came back in a period, by the date of return.

    Parameters
    ----------
    data
        What `open_data` returns, with returns.
    start, end
        First day, and the day after the last.
    by
        Dimensions of the fact `returns`, such as ``"category"``.

    Returns
    -------
    pandas.DataFrame
        A row a reason (within each value of the dimensions), the most units first: the
        dimensions, reason (null: not stated), returns, units_returned, value_returned, and
        units_share and value_share, of all reasons together. Empty when nothing came back.
        Without a column of reasons, one row, all not stated.

    Raises
    ------
    MissingDataError
        When the data lack returns or a dimension.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> tables = {
    ...     "orders": pd.DataFrame({"order_id": ["1"],
    ...         "ordered_at": pd.to_datetime(["2025-01-05"])}),
    ...     "returns": pd.DataFrame({"return_id": ["a", "b"], "quantity": [3, 1],
    ...         "refund_amount": [30.0, 20.0], "reason": ["size", None],
    ...         "returned_at": pd.to_datetime(["2025-01-20", "2025-01-21"])}),
    ... }
    >>> return_reasons(open_data(tables), start="2025-01-01", end="2025-02-01")[
    ...     ["reason", "units_returned", "units_share", "value_share"]]
      reason  units_returned  units_share  value_share
    0   size             3.0         0.75          0.6
    1    NaN             1.0         0.25          0.4
    """
    first, last = _span(start, end)
    fact = FACTS["returns"]
    dimensions = [by] if isinstance(by, str) else list(by)
    stated = ["reason"] if data.has("returns", "reason") else []
    measures = ("units_returned", "value_returned")
    if lacking := missing(fact, [fact.time, *measures, *dimensions], data):
        raise MissingDataError(f"return reasons need {', '.join(lacking)}, which these data lack")
    rows = fact.build(data, {fact.time, *measures, *dimensions, *stated})
    rows = rows if stated else rows.mutate(reason=ibis.null("string"))
    at = rows[fact.time]
    rows = rows.filter(at >= midnight(first), at < midnight(last))
    keys = [*dimensions, "reason"]
    totals = {name: rows[name].sum().cast("float64") for name in measures}
    found: pd.DataFrame = rows.group_by(keys).agg(returns=rows.count(), **totals).to_pandas()
    cells = found.sort_values(keys, ignore_index=True)  # sums of floats depend on their order
    groups = cells.groupby(dimensions, dropna=False) if dimensions else None
    shares = {}
    for name, share in zip(measures, ("units_share", "value_share"), strict=True):
        total = groups[name].transform("sum") if groups is not None else cells[name].sum()
        shares[share] = cells[name] / (total if groups is not None else total or math.nan)
    order = [*dimensions, "units_returned", "reason"]
    rising = [*(True for _ in dimensions), False, True]
    ranked = cells.assign(**shares).sort_values(order, ascending=rising, kind="stable")
    return ranked.reset_index(drop=True)


def returns_by_month(
    data: Data,
    *,
    start: str | dt.date,
    end: str | dt.date,
    return_days: int = RETURN_DAYS,
) -> pd.DataFrame:
    """Follow the return rate month by month, by the date of the return and by that of the sale.

    Parameters
    ----------
    data
        What `open_data` returns, with returns.
    start, end
        First day, and the day after the last; nothing that happened from `end` on counts.
    return_days
        Days after a sale by which its returns have come.

    Returns
    -------
    pandas.DataFrame
        A row a month of the period in which something was sold or came back: period (its first
        day), units_sold, units_returned (in the month), units_traced (of these, with a known
        order), rate_by_return (the KPI) with its 95 % interval (low, high), units_back (of what
        the month sold, returned before `end`; null when no return of the period has a known
        order), rate_by_sale with its interval (sale_low, sale_high). rate_by_sale is null for a
        month whose returns may still come: its last day lies less than `return_days` days before
        `end`; it is too low by the returns whose order is not known. Rates are null where nothing
        was sold; intervals also where those of `returns_by` are. A first or last month of which
        the period holds only some days is counted over those.

    Raises
    ------
    MissingDataError
        When the data lack returns or quantities.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> tables = {
    ...     "orders": pd.DataFrame({"order_id": ["1"],
    ...         "ordered_at": pd.to_datetime(["2025-01-30"])}),
    ...     "order_lines": pd.DataFrame({"order_id": ["1"], "line_id": ["1"], "quantity": [4],
    ...         "unit_price": [10.0]}),
    ...     "returns": pd.DataFrame({"return_id": ["a"], "order_id": ["1"], "line_id": ["1"],
    ...         "quantity": [1], "returned_at": pd.to_datetime(["2025-02-03"])}),
    ... }
    >>> returns_by_month(open_data(tables), start="2025-01-01", end="2025-05-01")[
    ...     ["period", "rate_by_return", "rate_by_sale"]]
          period  rate_by_return  rate_by_sale
    0 2025-01-01             0.0          0.25
    1 2025-02-01             NaN           NaN
    """
    _dimensions(data, ())
    fact = FACTS["sales_and_returns"]
    first, last = _span(start, end)
    rows = fact.build(data, {fact.time, "ordered_at", "units_sold", "units_returned"})
    rows = rows.filter(rows[fact.time] < midnight(last))
    rows = rows.mutate(
        units_traced=rows.ordered_at.notnull().ifelse(rows.units_returned, ibis.null(MONEY))
    )
    happened = _monthly(
        rows, fact.time, ["units_sold", "units_returned", "units_traced"], first, last
    )
    returned = _monthly(rows, "ordered_at", ["units_returned"], first, last)
    back = returned["units_returned"].rename("units_back")
    months = happened.join(back, how="outer").fillna(0.0).sort_index()
    sold = months["units_sold"].where(months["units_sold"] > 0)
    after = pd.DatetimeIndex(months.index) + pd.offsets.MonthBegin(1)
    closed = after + pd.Timedelta(days=return_days) <= pd.Timestamp(last)
    untraced = months["units_returned"].sum() > 0 and not months["units_traced"].sum() > 0
    if untraced:
        months["units_back"] = math.nan
    own = _monthly_intervals(_sold_and_returned(data, (), first, last, None), fact.time)
    months = months.assign(
        rate_by_return=months["units_returned"] / sold,
        low=own["low"],
        high=own["high"],
        rate_by_sale=(months["units_back"] / sold).where(closed),
        sale_low=math.nan,
        sale_high=math.nan,
    )
    if not untraced and data.has("returns", "order_id"):
        of_sales = _monthly_intervals(_sold_and_returned(data, (), first, last, last), "ordered_at")
        known = of_sales.reindex(months.index)[closed]
        months = months.assign(sale_low=known["low"], sale_high=known["high"])
    return months.reset_index()[[*_MONTH_COLUMNS]]


_MONTH_COLUMNS = (
    "period", "units_sold", "units_returned", "units_traced", "rate_by_return", "low", "high",
    "units_back", "rate_by_sale", "sale_low", "sale_high",
)  # fmt: skip


def _monthly_intervals(rows: ir.Table, at: str) -> pd.DataFrame:
    """Return the ends of the interval of the return rate of each month; the index is the month."""
    placed = rows.mutate(period=rows[at].truncate("M").cast("timestamp"))
    cells = _per_cell(placed, ["period"]).to_pandas().astype({"period": "datetime64[us]"})
    found = _rates(cells)
    ends = {name: found[name].to_numpy() for name in ("low", "high")}
    return pd.DataFrame(ends, index=pd.DatetimeIndex(cells["period"]))


def _monthly(
    rows: ir.Table, at: str, measures: Sequence[str], start: dt.date, end: dt.date
) -> pd.DataFrame:
    """Return sums by month of a date, over the days of a period; the index is the month."""
    kept = rows.filter(rows[at] >= midnight(start), rows[at] < midnight(end))
    kept = kept.mutate(period=kept[at].truncate("M").cast("timestamp"))
    totals = {name: kept[name].sum().fill_null(0).cast("float64") for name in measures}
    frame: pd.DataFrame = kept.group_by("period").agg(**totals).to_pandas()
    return frame.astype({"period": "datetime64[us]"}).set_index("period")


# --- Customers ------------------------------------------------------------------------------


class Newcomers(NamedTuple):
    """What the data know about the customers whose first order they show.

    Attributes
    ----------
    since, until
        The days of the data's first order and of the last before the analysis, of any status; null
        without orders. What happened after `until` is not known either.
    customers
        Identified customers with a valid order that is no credit.
    older
        Those who registered before `since`: the first order shown may not be their first. None
        where the data have no registration dates, and nobody can say.
    """

    since: dt.date | None
    until: dt.date | None
    customers: int
    older: int | None


def newcomers(data: Data, *, as_of: str | dt.date) -> Newcomers:
    """Say how many customers may have ordered before the data begin.

    Parameters
    ----------
    data
        What `open_data` returns.
    as_of
        The day of the analysis, exclusive.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> tables = {
    ...     "orders": pd.DataFrame({"order_id": ["1", "2"], "customer_id": ["A", "B"],
    ...         "ordered_at": pd.to_datetime(["2025-01-05", "2025-02-01"])}),
    ...     "contacts": pd.DataFrame({"customer_id": ["A", "B"],
    ...         "registered_at": pd.to_datetime(["2021-06-01", "2025-02-01"])}),
    ... }
    >>> newcomers(open_data(tables), as_of="2026-01-01")
    Newcomers(since=datetime.date(2025, 1, 5), until=datetime.date(2025, 2, 1), customers=2,
              older=1)
    """
    end = day(as_of, name="as_of")
    orders = standing(identified_orders(data))
    known = orders.filter(orders.ordered_at < midnight(end), ~is_credit(orders.amount))
    since, until = extent(data, before=end)
    found = int(known.customer_id.nunique().execute())
    if not _registered(data):
        return Newcomers(since, until, found, None)
    new = known.semi_join(first_orders(data), "customer_id")
    return Newcomers(since, until, found, found - int(new.customer_id.nunique().execute()))


def observed_until(data: Data, *, as_of: str | dt.date) -> dt.date:
    """Return the day on which observation ends: that of the analysis, or the end of the data.

    Nothing is known of the time after the data end: counted, it looks as if nobody had ordered.
    Give this day as `as_of` to `cohorts`, `survival`, `repeat_within` and `between_orders`.

    Parameters
    ----------
    data
        What `open_data` returns.
    as_of
        The day of the analysis, exclusive.

    Returns
    -------
    datetime.date
        `as_of`, or the day after the last order before it, of any status, where that lies more
        than some days of closing earlier (`kpis.extent.GRACE_DAYS`).

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-12-30"])})
    >>> [str(observed_until(open_data(orders), as_of=day)) for day in ("2026-01-01", "2026-04-01")]
    ['2026-01-01', '2025-12-31']
    """
    end = day(as_of, name="as_of")
    _first, last = extent(data, before=end)
    return end if last is None or lasts_to(last, end) else last + dt.timedelta(days=1)


def newcomers_orders(data: Data) -> ir.Table:
    """Return the valid orders of the customers whose first order the data show, as far as known.

    A customer who registered before the data begin may have ordered before too: taken for new,
    such regulars make the first cohorts look loyal. They are left out here.

    Parameters
    ----------
    data
        What `open_data` returns. Without contacts.registered_at nobody can be told apart, and
        all identified customers stay (see `newcomers`, and `known_since` of `cohorts`).

    Returns
    -------
    ibis.Table
        The orders, lazily, with the columns of the data's orders; a missing customer_id or amount
        is null.
    """
    orders = standing(identified_orders(data))
    return orders.semi_join(first_orders(data), "customer_id") if _registered(data) else orders


def _registered(data: Data) -> bool:
    return data.has("contacts", "customer_id", "registered_at")


# --- Cohorts --------------------------------------------------------------------------------


def cohorts(
    orders: Frame,
    *,
    as_of: str | dt.date,
    grain: Literal["month", "quarter"] = "month",
    known_since: str | dt.date | None = None,
) -> Frame:
    """Follow customers by the month of their first order: who orders again, how much, when.

    Parameters
    ----------
    orders
        order_id, customer_id, ordered_at, amount, as in `rfm.summary`; cancelled, fraudulent and
        test orders are left out, and a credit entered as an order lowers revenue only.
    as_of
        The day of the analysis, exclusive.
    grain
        ``"month"`` or ``"quarter"``: of the cohorts and of their age.
    known_since
        Customers whose first order here lies before that day are left out. The data's first
        months take old customers for new ones: give a day by which most of those would have
        ordered again, or the orders of `newcomers_orders`. None keeps everyone.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a cohort and age, sorted by both (pandas), for every age that the oldest cohort has:
        cohort (first day of the period of the first order); age (periods since, 0 the first);
        customers (all of the cohort); observed (``"whole"``, ``"partial"``: `as_of` lies within
        the period, ``"none"``: it begins later). Null unless observed is whole, so that a young
        cohort is not read as a bad one: active (customers with an order in the period), orders,
        revenue (sum of amounts); active_rate (active / customers), orders_per_customer,
        revenue_per_customer (of the cohort, whoever ordered), cumulative_revenue_per_customer.
        A period in which nobody ordered is 0.

    Raises
    ------
    ColumnError
        When a column is missing.
    ComputeError
        When `grain` is another.

    Notes
    -----
    Periods are those of the calendar: age 0 is shorter for someone who came on the 30th, and
    age 1 of a November cohort is December. `repeat_within` counts days instead.
    Summed over cohorts, the cells of one calendar period are its customers, orders and revenue.

    Examples
    --------
    >>> orders = pd.DataFrame({
    ...     "order_id": ["1", "2", "3"], "customer_id": ["A", "B", "A"],
    ...     "amount": [10.0, 20.0, 5.0],
    ...     "ordered_at": pd.to_datetime(["2025-01-10", "2025-01-31", "2025-02-02"]),
    ... })
    >>> table = cohorts(orders, as_of="2025-03-15")
    >>> table[["age", "customers", "observed", "active", "active_rate", "revenue"]]
       age  customers observed  active  active_rate  revenue
    0    0          2    whole       2          1.0     30.0
    1    1          2    whole       1          0.5      5.0
    2    2          2  partial    <NA>          NaN      NaN
    """
    if grain not in _MONTHS_A_PERIOD:
        message, hint = unknown("grain", str(grain), _MONTHS_A_PERIOD)
        raise ComputeError(message, hint=hint)
    end, since = _bounds(as_of, known_since)
    result = _run(orders, lambda table: _cohorts(table, end, _MONTHS_A_PERIOD[grain], since))
    if isinstance(result, ir.Table):
        return result
    types = {
        "cohort": "datetime64[us]",
        **dict.fromkeys(("age", "customers"), "int64"),
        **dict.fromkeys(("active", "orders"), "Int64"),
        **dict.fromkeys(("revenue", *_COHORT_RATES), "float64"),
    }
    return result.astype(types).sort_values(["cohort", "age"]).reset_index(drop=True)


_COHORT_RATES = (
    "active_rate",
    "orders_per_customer",
    "revenue_per_customer",
    "cumulative_revenue_per_customer",
)


def _cohorts(orders: ir.Table, end: dt.date, months: int, since: dt.date | None) -> ir.Table:
    rows = _from_first_order(orders, end, since)
    rows = rows.mutate(cohort=_period(rows.first, months), at=_period(rows.day, months))
    cells = rows.group_by("cohort", age=rows["at"] - rows.cohort).agg(
        active=rows.customer_id.nunique(where=rows.bought),
        orders=rows.order_id.nunique(where=rows.bought),
        revenue=rows.amount.sum(),
    )
    # Every customer of a cohort orders at age 0: their number there is its size.
    born = cells.filter(cells.age == 0)
    sizes = born.select(cohort=born.cohort, customers=born.active)
    last = _period_of(end - dt.timedelta(days=1), months)
    sizes = sizes.mutate(ages=last - sizes.cohort.min().over() + 1)
    grid = sizes.mutate(age=ibis.range(0, sizes.ages).unnest().cast("int64")).drop("ages")
    full = attach(
        grid,
        cells.mutate(age=cells.age.cast("int64")),
        on=["cohort", "age"],
        columns={"active_": "active", "orders_": "orders", "revenue_": "revenue"},
    )
    place, cut = full.cohort + full.age, _period_of(end, months)
    begun = _first_day(cut, months) < end
    observed = (place < cut).ifelse(
        "whole", ((place == cut) & ibis.literal(begun)).ifelse("partial", "none")
    )
    whole = place < cut
    known = {
        name: whole.ifelse(full[f"{name}_"].fill_null(0), None)
        for name in ("active", "orders", "revenue")
    }
    table = full.select("cohort", "age", "customers", observed=observed, **known)
    up_to_now = ibis.window(group_by=table.cohort, order_by=table.age, preceding=None, following=0)
    spent = table.revenue.notnull().ifelse(table.revenue.sum().over(up_to_now), None)
    return table.mutate(
        cohort=_first_day_of(table.cohort, months),
        revenue=table.revenue.cast(MONEY),
        active_rate=ratio(table.active, table.customers),
        orders_per_customer=ratio(table.orders, table.customers),
        revenue_per_customer=ratio(table.revenue, table.customers),
        cumulative_revenue_per_customer=ratio(spent, table.customers),
    )


def cohort_average(cohorts: Frame) -> Frame:
    """Average cohorts by age, each age over the cohorts that were observed at it.

    Parameters
    ----------
    cohorts
        What `cohorts` returns.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row an age that a cohort reached, sorted by it (pandas): age, cohorts (how many were
        wholly observed at it), customers (theirs), active_rate, orders_per_customer and
        revenue_per_customer, weighted by their customers. Later ages rest on fewer and older
        cohorts: a bend there may be a change of cohorts, not of age.

    Examples
    --------
    >>> table = pd.DataFrame({"age": [0, 1, 0, 1], "customers": [10, 10, 30, 30],
    ...     "observed": ["whole", "whole", "whole", "none"], "active": [10, 4, 30, None],
    ...     "orders": [10, 5, 33, None], "revenue": [100.0, 50.0, 300.0, None]})
    >>> cohort_average(table)[["age", "cohorts", "customers", "active_rate"]]
       age  cohorts  customers  active_rate
    0    0        2         40          1.0
    1    1        1         10          0.4
    """
    columns = ["age", "customers", "observed", "active", "orders", "revenue"]
    require(cohorts, columns, "the cohorts")

    def average(table: ir.Table) -> ir.Table:
        whole = table.filter(table.observed == "whole")
        sums = whole.group_by("age").agg(
            cohorts=whole.count(),
            customers=whole.customers.sum(),
            **{name: whole[name].cast("float64").sum() for name in ("active", "orders", "revenue")},
        )
        return sums.select(
            "age",
            "cohorts",
            "customers",
            active_rate=ratio(sums.active, sums.customers),
            orders_per_customer=ratio(sums.orders, sums.customers),
            revenue_per_customer=ratio(sums.revenue, sums.customers),
        )

    if isinstance(cohorts, ir.Table):
        return average(cohorts)
    result = same_kind(cohorts[columns].astype({"revenue": "float64"}), average)
    whole = dict.fromkeys(("age", "cohorts", "customers"), "int64")
    return result.astype(whole).sort_values("age").reset_index(drop=True)


def _period(day: ir.DateColumn, months: int) -> ir.IntegerColumn:
    """Number the calendar periods of some months, one after the other."""
    return ((day.year().cast("int64") * MONTHS_A_YEAR + day.month() - 1) // months).cast("int64")


def _period_of(day: dt.date, months: int) -> int:
    return (day.year * MONTHS_A_YEAR + day.month - 1) // months


def _first_day(period: int, months: int) -> dt.date:
    year, month = divmod(period * months, MONTHS_A_YEAR)
    return dt.date(year, month + 1, 1)


def _first_day_of(period: ir.IntegerColumn, months: int) -> ir.DateColumn:
    number = period * months
    return ibis.date(number // MONTHS_A_YEAR, number % MONTHS_A_YEAR + 1, 1)


def _bounds(
    as_of: str | dt.date, known_since: str | dt.date | None
) -> tuple[dt.date, dt.date | None]:
    end = day(as_of, name="as_of")
    since = None if known_since is None else day(known_since, name="known_since")
    if since is not None and since >= end:
        raise ComputeError(f"known_since is {since}, must be before as_of ({end})")
    return end, since


def _run(orders: Frame, query: Callable[[ir.Table], ir.Table]) -> Frame:
    """Run a query on the columns of orders that it reads, in the caller's kind."""
    require(orders, _BUYING, "orders")
    if isinstance(orders, ir.Table):
        return query(orders)
    columns = [*_BUYING, *(name for name in ("status", "is_test") if name in orders.columns)]
    return same_kind(orders[columns], query)


def _counted(orders: Frame, query: Callable[[ir.Table], ir.Table]) -> pd.DataFrame:
    """Run a query whose result is small, whatever it is asked of."""
    return executed(_run(orders, query))


def _from_first_order(orders: ir.Table, end: dt.date, since: dt.date | None) -> ir.Table:
    """Return the valid orders of known customers before a day, with the day of their first one.

    Only what was `bought` makes a customer; the other rows are credits since then.
    """
    valid = valid_rows(orders)
    kept = valid.filter(
        valid.customer_id.notnull(), valid.ordered_at.cast("timestamp") < midnight(end)
    )
    rows = kept.select(
        "order_id",
        "customer_id",
        day=kept.ordered_at.cast("date"),
        amount=rankable(kept.amount).cast(MONEY),
    )
    rows = rows.mutate(bought=~is_credit(rows.amount))
    first = rows.day.min(where=rows.bought)
    rows = rows.mutate(first=first.over(group_by=rows.customer_id))
    rows = rows.filter(rows.day >= rows.first)
    return rows if since is None else rows.filter(rows.first >= ibis.literal(since, "date"))


def _purchases(orders: ir.Table, end: dt.date, since: dt.date | None) -> ir.Table:
    """Return a row a customer and day of purchase, numbered from 1, with the next such day."""
    rows = _from_first_order(orders, end, since)
    days = rows.filter(rows.bought).select("customer_id", "first", "day").distinct()
    in_turn = ibis.window(group_by=days.customer_id, order_by=days.day)
    return days.mutate(
        number=ibis.row_number().over(in_turn) + 1, next=days.day.lead().over(in_turn)
    )


def _days(since: ir.DateColumn, until: ir.DateValue) -> ir.IntegerColumn:
    return until.delta(since, unit="day").cast("int64")


# --- The next purchase ----------------------------------------------------------------------


@dataclass(frozen=True)
class Survival:
    """How long customers go without buying again: the Kaplan-Meier curve of one purchase.

    Attributes
    ----------
    after
        The purchase that time is counted from: 1 for the first.
    curve
        A row a day on which somebody bought again, from day 0 on: days (since that purchase),
        at_risk (customers observed that long who had not bought again before), events (who bought
        again that day), survival (estimated share still without another purchase after that day),
        low and high (95 % band, point by point; null on day 0 and where survival is 0 or 1).
    customers
        Those with such a purchase.
    events
        Those who bought again; the others are censored: not yet, as far as is known.
    observed_days
        The longest anybody is followed; the curve says nothing beyond. 0 without customers.
    median_days, median_low, median_high
        Days by which half have bought again, with the 95 % interval read off the band; null where
        the curve (or its band) does not come down to a half.
    waits
        A row a number of days: days, customers (whose wait ended then: they bought again, or
        nothing is known of them after); sorted.
    """

    after: int
    curve: pd.DataFrame
    customers: int
    events: int
    observed_days: int
    median_days: float | None
    median_low: float | None
    median_high: float | None
    waits: pd.DataFrame

    def followed(self, days: float) -> int:
        """Return the customers still followed on a day: observed that long, without buying before.

        >>> waits = pd.DataFrame({"days": [5, 9], "bought": [True, False], "customers": [3, 4]})
        >>> [kaplan_meier(waits).followed(day) for day in (5, 6, 10)]
        [7, 4, 0]
        """
        return int(self.waits.loc[self.waits["days"] >= days, "customers"].sum())

    def at(self, days: float) -> tuple[float | None, float | None, float | None]:
        """Return the survival after some days with its band; nulls past `observed_days`."""
        known = self.curve[self.curve["days"] <= days]
        if known.empty or days > self.observed_days:
            return None, None, None
        low, high = (_known(known[name].iloc[-1]) for name in ("low", "high"))
        return float(known["survival"].iloc[-1]), low, high


def survival(
    orders: Frame,
    *,
    as_of: str | dt.date,
    after: int = 1,
    known_since: str | dt.date | None = None,
) -> Survival:
    """Estimate how long customers take to buy again, counting those who have not yet.

    Parameters
    ----------
    orders
        order_id, customer_id, ordered_at, amount, as in `cohorts`.
    as_of
        The day of the analysis, exclusive: who has not bought again by then is censored.
    after
        The purchase that time is counted from: 1, from the first to the second.
    known_since
        As in `cohorts`.

    Returns
    -------
    Survival
        See its attributes; its curve is empty without customers.

    Raises
    ------
    ColumnError
        When a column is missing.
    ComputeError
        When `after` is under 1.

    Notes
    -----
    ``S(t) = prod(1 - d_i / n_i)`` over the days i up to t, d_i bought again of the n_i who had not
    and were still observed. The average time of those who came back leaves out the others, and
    the share that came back mixes customers of three years and of three days: this does neither.
    The engine counts the customers by number of days. The band, by Greenwood's error, is on the
    log-log scale, ``S^exp(+-1.96 se / (S log S))``: it stays within 0 and 1. Each point has its own
    interval; the whole curve lies in the band less often than 95 %. With 30, 100 and 400 customers
    it covered from 0.94 to 0.95 at 30, 90 and 365 days, and the interval of the median from 0.94 to
    0.96 (`benchmarks/retention_coverage.md`).
    Censoring must say nothing about the customer: recent customers are assumed to behave like
    older ones. A curve that does not come down to 0 is no proof that the others never return.

    References
    ----------
    Kaplan, E. L. and Meier, P. (1958). Nonparametric estimation from incomplete observations.
    Journal of the American Statistical Association 53(282).
    Kalbfleisch, J. D. and Prentice, R. L. (2002). The Statistical Analysis of Failure Time Data,
    2nd ed., Wiley, section 1.4 (log-log band).
    Brookmeyer, R. and Crowley, J. (1982). A confidence interval for the median survival time.
    Biometrics 38(1).

    Examples
    --------
    >>> orders = pd.DataFrame({
    ...     "order_id": list("12345"), "customer_id": list("ABCAB"), "amount": 10.0,
    ...     "ordered_at": pd.to_datetime(
    ...         ["2025-01-01", "2025-01-01", "2025-01-21", "2025-01-11", "2025-01-31"]),
    ... })
    >>> survival(orders, as_of="2025-02-01").curve[["days", "at_risk", "events", "survival"]]
       days  at_risk  events  survival
    0     0        3       0  1.000000
    1    10        3       1  0.666667
    2    30        1       1  0.000000
    """
    if after < 1:
        raise ComputeError(f"after is {after}, must be at least 1")
    end, since = _bounds(as_of, known_since)
    return kaplan_meier(_counted(orders, lambda t: _waits(t, end, since, after)), after=after)


def _waits(orders: ir.Table, end: dt.date, since: dt.date | None, after: int) -> ir.Table:
    """Count customers by the days to their next purchase or, without one, to the end."""
    days = _purchases(orders, end, since)
    days = days.filter(days.number == after)
    last = ibis.literal(end - dt.timedelta(days=1), "date")
    bought = days.next.notnull()
    waits = days.select(days=_days(days.day, days.next.fill_null(last)), bought=bought)
    return waits.group_by("days", "bought").agg(customers=waits.count())


def kaplan_meier(waits: pd.DataFrame, *, after: int = 1) -> Survival:
    """Estimate a survival curve from counts.

    Parameters
    ----------
    waits
        days (whole or not, 0 or more), bought (true or 1: the event came then; false or 0: not by
        then), customers (how many such), none of them null. The order of the rows does not matter.
    after
        What `Survival` says it is counted from.

    Returns
    -------
    Survival
        See its attributes, and the notes of `survival`.

    Raises
    ------
    ComputeError
        When a value is null, or a wait below 0.

    Examples
    --------
    >>> waits = pd.DataFrame({"days": [10, 20, 30], "bought": [True, False, True], "customers": 1})
    >>> kaplan_meier(waits).curve["survival"].round(3).tolist()
    [1.0, 0.667, 0.0]
    """
    require(waits, ["days", "bought", "customers"], "the waits")
    for name in ("days", "bought", "customers"):
        if unknown_waits := int(waits[name].isna().sum()):
            raise ComputeError(
                f"{name} is null in {unknown_waits} of the {len(waits)} waits",
                hint="leave these rows out, or say what is known of them",
            )
    if before := int((waits["days"] < 0).sum()):
        raise ComputeError(
            f"days is below 0 in {before} of the {len(waits)} waits",
            hint="count from the first purchase to the next, or to the end of what is known",
        )
    customers = int(waits["customers"].sum())
    ended = waits.groupby("days", as_index=False).agg({"customers": "sum"})
    if customers == 0:
        return Survival(after, pd.DataFrame([], columns=_CURVE), 0, 0, 0, None, None, None, ended)
    counted = waits.assign(events=waits["customers"].where(waits["bought"].astype(bool), 0))
    by_day = counted.groupby("days")[["customers", "events"]].sum().astype("float64")
    by_day["at_risk"] = by_day["customers"][::-1].cumsum()
    by_day = by_day.join(_product_limit(by_day))
    steps = by_day[by_day["events"] > 0].rename_axis("days").reset_index()
    begin = pd.DataFrame(
        {"days": [0.0], "at_risk": [float(customers)], "events": [0.0], "survival": [1.0],
         "low": [math.nan], "high": [math.nan]}
    )  # fmt: skip
    curve = pd.concat([begin, steps[_CURVE]], ignore_index=True)
    whole = {"at_risk": "int64", "events": "int64"}
    if (curve["days"] % 1 == 0).all():
        whole["days"] = "int64"
    median, median_low, median_high = (
        _first_at_half(curve, name) for name in ("survival", "low", "high")
    )
    return Survival(
        after,
        curve.astype(whole),
        customers,
        int(counted["events"].sum()),
        int(waits["days"].max()),
        median,
        median_low,
        median_high,
        ended,
    )


_CURVE = ["days", "at_risk", "events", "survival", "low", "high"]


def _product_limit(by_day: pd.DataFrame) -> pd.DataFrame:
    """Return the survival at each day and its log-log band, null where the share is 0 or 1."""
    at_risk, events = by_day["at_risk"].to_numpy(), by_day["events"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod((at_risk - events) / at_risk)
        greenwood = np.cumsum(events / (at_risk * (at_risk - events)))
        middle, spread = np.log(-np.log(survival)), np.sqrt(1 / np.log(survival) ** 2 * greenwood)
        low, high = (np.exp(-np.exp(middle + side * Z95 * spread)) for side in (1, -1))
    return pd.DataFrame({"survival": survival, "low": low, "high": high}, index=by_day.index)


_HALF = 0.5 + 1e-12  # a product of fractions may miss an exact half by its last digit


def _first_at_half(curve: pd.DataFrame, name: str) -> float | None:
    reached = curve.loc[curve[name] <= _HALF, "days"]
    return None if reached.empty else float(reached.iloc[0])


def _known(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


@dataclass(frozen=True)
class Gaps:
    """The days between two consecutive purchases of a customer, of those that were made.

    Attributes
    ----------
    counts
        A row a number of days: days, gaps (how many); sorted.
    gaps
        How many in all.
    customers
        Customers with a purchase.
    returned
        Those with two purchase days or more: the only ones that have a gap.
    mean_days, median_days, quarter_days, three_quarters_days, ninety_percent_days
        Mean, median, first and third quartile and 90th percentile of the gaps; null without any.
        A quantile is the smallest number of days that at least that share of gaps does not pass.
    """

    counts: pd.DataFrame
    gaps: int
    customers: int
    returned: int
    mean_days: float | None
    median_days: float | None
    quarter_days: float | None
    three_quarters_days: float | None
    ninety_percent_days: float | None


def between_orders(
    orders: Frame, *, as_of: str | dt.date, known_since: str | dt.date | None = None
) -> Gaps:
    """Describe the days between consecutive purchases, of the customers who made two.

    Parameters
    ----------
    orders, as_of, known_since
        As in `cohorts`.

    Returns
    -------
    Gaps
        See its attributes.

    Notes
    -----
    What this leaves out makes it look short: customers who never came back have no gap, the last
    wait of every customer is not over, a gap longer than the data cannot be seen, and who buys
    often has many gaps. Read it as "when those who come back do so", and `survival` for the rest.

    Examples
    --------
    >>> orders = pd.DataFrame({
    ...     "order_id": list("1234"), "customer_id": list("AAAB"), "amount": 10.0,
    ...     "ordered_at": pd.to_datetime(["2025-01-01", "2025-01-11", "2025-02-10", "2025-02-10"]),
    ... })
    >>> found = between_orders(orders, as_of="2026-01-01")
    >>> found.gaps, found.mean_days, found.customers, found.returned
    (2, 20.0, 2, 1)
    """
    end, since = _bounds(as_of, known_since)
    rows = _counted(orders, lambda table: _gaps(table, end, since))
    gaps = rows[rows["days"].notna()].astype({"days": "int64"}).sort_values("days")
    total = int(gaps["gaps"].sum())
    below = gaps["gaps"].cumsum().to_numpy()
    days = gaps["days"].to_numpy()

    def quantile(share: float) -> float | None:
        return float(days[np.searchsorted(below, share * total)]) if total else None

    return Gaps(
        gaps[["days", "gaps"]].reset_index(drop=True),
        total,
        int(rows["beginners"].sum()),
        int(rows["second"].sum()),
        float(days @ gaps["gaps"].to_numpy() / total) if total else None,
        *(quantile(share) for share in (0.5, 0.25, 0.75, 0.9)),
    )


def _gaps(orders: ir.Table, end: dt.date, since: dt.date | None) -> ir.Table:
    days = _purchases(orders, end, since)
    rows = days.select(days=_days(days.day, days.next), number=days.number)
    return rows.group_by("days").agg(
        gaps=rows.count(),
        beginners=(rows.number == 1).sum().fill_null(0),
        second=(rows.number == 2).sum().fill_null(0),
    )


def repeat_within(
    orders: Frame,
    *,
    as_of: str | dt.date,
    days: Sequence[int] = REPEAT_DAYS,
    grain: Literal["month", "quarter"] | None = None,
    known_since: str | dt.date | None = None,
) -> pd.DataFrame:
    """Say which share of new customers bought again within some days, by cohort or all together.

    Parameters
    ----------
    orders, as_of, known_since
        As in `cohorts`.
    days
        The windows, in days after the first purchase.
    grain
        ``"month"`` or ``"quarter"``: a cohort each; None: all together.

    Returns
    -------
    pandas.DataFrame
        A row a cohort and window: cohort (first day; absent without `grain`), days, customers
        (those observed that many whole days), returned (of them, with another purchase day within
        the window), rate, low and high (Wilson's 95 % interval); these last four are null where
        nobody was observed that long. Customers of one cohort may be observed for different
        times: each counts once their window has closed.

    Examples
    --------
    >>> orders = pd.DataFrame({
    ...     "order_id": list("1234"), "customer_id": list("ABCA"), "amount": 10.0,
    ...     "ordered_at": pd.to_datetime(["2025-01-01", "2025-01-01", "2025-03-01", "2025-01-20"]),
    ... })
    >>> repeat_within(orders, as_of="2025-03-10", days=[30])[["customers", "returned", "rate"]]
       customers  returned  rate
    0          2         1   0.5
    """
    if grain is not None and grain not in _MONTHS_A_PERIOD:
        message, hint = unknown("grain", str(grain), _MONTHS_A_PERIOD)
        raise ComputeError(message, hint=hint)
    if not days or min(days) < 1:
        raise ComputeError(f"days is {[*days]}, must hold windows of at least 1 day")
    end, since = _bounds(as_of, known_since)
    months = _MONTHS_A_PERIOD[grain] if grain else None
    counts = _counted(orders, lambda table: _repeats(table, end, since, days, months))
    counts = counts.sort_values("cohort").reset_index(drop=True)
    rows = [
        {"cohort": row["cohort"], "days": window, **_repeat(row[f"n{window}"], row[f"r{window}"])}
        for row in counts.to_dict("records")
        for window in days
    ]
    types = {"days": "int64", "customers": "int64", "returned": "Int64"}
    columns = ["cohort", "days", "customers", "returned", "rate", "low", "high"]
    table = pd.DataFrame(rows, columns=columns).astype(
        {**types, **dict.fromkeys(("rate", "low", "high"), "float64")}
    )
    return table.astype({"cohort": "datetime64[us]"}) if grain else table.drop(columns="cohort")


def _repeat(customers: float, returned: float) -> dict[str, Any]:
    seen = 0 if pd.isna(customers) else int(customers)
    if not seen:
        return {"customers": 0, "returned": None, "rate": None, "low": None, "high": None}
    low, high = wilson(int(returned) / seen, seen)
    rate = int(returned) / seen
    return {"customers": seen, "returned": int(returned), "rate": rate, "low": low, "high": high}


def _repeats(
    orders: ir.Table,
    end: dt.date,
    since: dt.date | None,
    windows: Sequence[int],
    months: int | None,
) -> ir.Table:
    bought = _purchases(orders, end, since)
    firsts = bought.filter(bought.number == 1)
    last = ibis.literal(end - dt.timedelta(days=1), "date")
    rows = firsts.select(
        cohort=ibis.null("date") if months is None
        else _first_day_of(_period(firsts.day, months), months),
        seen=_days(firsts.day, last),
        waited=_days(firsts.day, firsts.next),
    )  # fmt: skip
    counts: dict[str, ir.Value] = {}
    for window in windows:
        closed = rows.seen >= window
        counts[f"n{window}"] = closed.sum()
        counts[f"r{window}"] = (closed & (rows.waited <= window)).sum().fill_null(0)
    return rows.group_by("cohort").agg(**counts)


def frequency_distribution(
    orders: Frame, *, start: str | dt.date, end: str | dt.date, top: int = 10
) -> pd.DataFrame:
    """Count the customers of a period by how many orders they placed in it.

    Parameters
    ----------
    orders
        As in `cohorts`.
    start, end
        First day, and the day after the last.
    top
        The largest number of orders with a row of its own; it holds those with more too.

    Returns
    -------
    pandas.DataFrame
        A row a number of orders from 1 to `top`, those without customers too: orders, or_more
        (true in the last row), customers, customers_share, orders_placed (by these customers) and
        orders_share; shares are null without customers.

    Examples
    --------
    >>> orders = pd.DataFrame({
    ...     "order_id": list("1234"), "customer_id": list("ABAA"), "amount": 10.0,
    ...     "ordered_at": pd.to_datetime(["2025-01-01", "2025-01-01", "2025-03-01", "2025-01-20"]),
    ... })
    >>> frequency_distribution(orders, start="2025-01-01", end="2026-01-01", top=2)[
    ...     ["orders", "or_more", "customers", "orders_share"]]
       orders  or_more  customers  orders_share
    0       1    False          1          0.25
    1       2     True          1          0.75
    """
    if top < 1:
        raise ComputeError(f"top is {top}, must be at least 1")
    first, last = _span(start, end)

    def count(table: ir.Table) -> ir.Table:
        rows = _from_first_order(table, last, None)
        rows = rows.filter(rows.bought, rows.day >= ibis.literal(first, "date"))
        each = rows.group_by("customer_id").agg(placed=rows.order_id.nunique())
        capped = ibis.least(each.placed, top).cast("int64").name("orders")
        return each.group_by(capped).agg(customers=each.count(), orders_placed=each.placed.sum())

    counts = _counted(orders, count).set_index("orders")
    numbers = pd.RangeIndex(1, top + 1, name="orders")
    table = counts.reindex(numbers).fillna(0).astype("int64").reset_index()
    customers, placed = table["customers"].sum(), table["orders_placed"].sum()
    return pd.DataFrame(
        {
            "orders": table["orders"],
            "or_more": table["orders"] == top,
            "customers": table["customers"],
            "customers_share": table["customers"] / (customers or math.nan),
            "orders_placed": table["orders_placed"],
            "orders_share": table["orders_placed"] / (placed or math.nan),
        }
    )
