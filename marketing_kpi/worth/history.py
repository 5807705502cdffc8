"""What customers brought in: each to date, and cohorts at the same age."""

from __future__ import annotations

import datetime as dt
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from marketing_kpi.data.model import Data
from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.facts import FACTS, MONEY, first_orders, missing
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.frames import Frame, money, require, same_kind
from marketing_kpi.kpis.periods import day, midnight
from marketing_kpi.worth.common import answer, is_whole, months_since, require_columns


def historical(
    data: Data, *, as_of: str | dt.date, months: int | None = None, acquired: bool = False
) -> pd.DataFrame | ir.Table:
    """Add up what each customer brought in before a day, in revenue and in margin.

    Parameters
    ----------
    data
        What `open_data` returns; of it, valid orders of identified customers are read.
    as_of
        The day of the analysis, exclusive.
    months
        Count the first so many months of each customer alone, so that old and new customers are
        compared at the same age; None counts all.
    acquired
        Leave out who registered before the data begin: their first orders were not seen, so that
        their first in the data is no beginning. For `by_cohort`.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a customer, one-time buyers included: customer_id, first_order (date), orders
        (credits entered as orders left out: they lower revenue alone), revenue (net sales before
        returns), margin (gross profit of the lines whose cost is known; null where none is, or the
        data have no costs), revenue_without_cost (the part of revenue that margin says nothing
        of). With `months`, orders and the amounts are null for customers whose months are not over
        by `as_of`: not yet known is not little. pandas where all tables came as pandas, sorted by
        customer_id.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> days = pd.to_datetime(["2025-01-02", "2025-03-05", "2025-03-06"])
    >>> orders = pd.DataFrame({"order_id": list("123"), "customer_id": ["a", "a", "b"],
    ...                        "ordered_at": days, "amount": [20.0, 30.0, 10.0]})
    >>> found = historical(open_data({"orders": orders}), as_of="2026-01-01")
    >>> found[["customer_id", "orders", "revenue", "margin"]]
      customer_id  orders  revenue  margin
    0           a       2     50.0     NaN
    1           b       1     10.0     NaN
    """
    end = day(as_of, name="as_of")
    lines = sold(data, end)
    if acquired:
        lines = lines.semi_join(first_orders(data), "customer_id")
    if months is not None:
        _check_months(months)
        lines = lines.mutate(counts=months_since(lines.first_order, lines.bought) < months)
        lines = lines.mutate(**{n: lines.counts.ifelse(lines[n], None) for n in _OF_LINES})
    customers = lines.group_by("customer_id", "first_order").aggregate(
        orders=lines.order_id.nunique(where=lines.is_purchase),
        **{name: lines[name].sum() for name in _AMOUNTS},
    )
    customers = customers.mutate(
        revenue=customers.revenue.cast(MONEY),
        margin=customers.margin.cast(MONEY),
        revenue_without_cost=customers.revenue_without_cost.fill_null(0).cast(MONEY),
    )
    if months is not None:
        over = months_since(customers.first_order, ibis.literal(end, "date")) >= months
        customers = customers.mutate(
            **{name: over.ifelse(customers[name], None) for name in ("orders", *_AMOUNTS)}
        )
    return answer(data, customers, ["customer_id"])


def _check_months(months: int) -> None:
    if not is_whole(months) or months < 1:
        raise ComputeError(f"months == {months!r}, must be a whole number above 0, or None")


_AMOUNTS = ("revenue", "margin", "revenue_without_cost")


_OF_LINES = ("order_id", *_AMOUNTS)


def sold(data: Data, end: dt.date) -> ir.Table:
    """Return a row a line of identified customers who bought before a day, with what it left.

    A credit entered as an order is no purchase; one before the first purchase counts on its day.
    """
    sales = FACTS["sales"]
    require_columns(data, "sales", ["customer_id", "net_sales"])
    read = {"order_id", "customer_id", "ordered_at", "net_sales", "bought"}
    costs = not missing(sales, ["cost"], data)
    lines = sales.build(data, read | ({"cost"} if costs else set()))
    lines = lines.filter(lines.customer_id.notnull(), lines.ordered_at < midnight(end))
    cost = lines.cost if costs else ibis.null(MONEY)
    lines = lines.mutate(is_purchase=lines.bought, day=lines.ordered_at.date())
    first = lines.day.min(where=lines.is_purchase).over(group_by="customer_id")
    lines = lines.mutate(first_order=first).filter(first.notnull())
    return lines.select(
        "customer_id",
        "order_id",
        "is_purchase",
        "first_order",
        bought=ibis.greatest(lines.day, lines.first_order),
        revenue=lines.net_sales.cast(MONEY),
        margin=(lines.net_sales - cost).cast(MONEY),
        revenue_without_cost=cost.isnull().ifelse(lines.net_sales, None).cast(MONEY),
    )


def by_cohort(history: Frame, *, as_of: str | dt.date, grain: str = "quarter") -> Frame:
    """Average what `historical` found over the customers who began together.

    Parameters
    ----------
    history
        What `historical` returns.
    as_of
        The same day.
    grain
        ``month``, ``quarter`` or ``year`` of the first order.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a cohort: cohort (first day), customers (all who began, whether or not they ever came
        back), months_observed (whole months for which even the last of them was seen), one_time
        (share with one order), revenue and margin per customer, margin_median, and
        revenue_without_cost (share of revenue whose cost is not known). Null where `historical`
        says null of one of its customers. Sorted by cohort (pandas).

    Notes
    -----
    An average of customers who are still there is of survivors, and far above what an acquired
    customer brings: every customer of a cohort counts here, for ever.

    Examples
    --------
    >>> history = pd.DataFrame({
    ...     "customer_id": ["a", "b"], "first_order": pd.to_datetime(["2025-01-02", "2025-03-06"]),
    ...     "orders": [2, 1], "revenue": [50.0, 10.0], "margin": [20.0, 6.0],
    ...     "revenue_without_cost": [0.0, 0.0]})
    >>> by_cohort(history, as_of="2026-01-01")[["customers", "months_observed", "margin"]]
       customers  months_observed  margin
    0          2                9    13.0
    """
    units = {"month": "M", "quarter": "Q", "year": "Y"}
    if grain not in units:
        raise ComputeError(f"grain == '{grain}', must be one of {', '.join(units)}")
    end = day(as_of, name="as_of")
    require(history, ["customer_id", "first_order", "orders", *_AMOUNTS], "history")

    def query(rows: ir.Table) -> ir.Table:
        unit: Any = units[grain]
        dated = rows.mutate(
            began=rows.first_order.cast("date"),
            cohort=rows.first_order.cast("timestamp").truncate(unit).date(),
            revenue=money(rows.revenue),
            margin=money(rows.margin),
            unknown=money(rows.revenue_without_cost),
        )
        told = {
            "one_time": ratio((dated.orders == 1).sum(), dated.orders.count()),
            "revenue": ratio(dated.revenue.sum(), dated.revenue.count()),
            "margin": ratio(dated.margin.sum(), dated.margin.count()),
            "margin_median": dated.margin.cast("float64").median(),
            "revenue_without_cost": ratio(dated.unknown.sum(), dated.revenue.sum()),
        }
        # The few customers of a cohort that were seen long enough are not the cohort.
        seen = dated.orders.count() == dated.count()
        cohorts = dated.group_by("cohort").aggregate(
            customers=dated.count(),
            months_observed=months_since(dated.began.max(), ibis.literal(end, "date")),
            **{name: seen.ifelse(value, None) for name, value in told.items()},
        )
        return cohorts.order_by("cohort")

    if isinstance(history, ir.Table):
        return query(history)
    read = ["first_order", "orders", *_AMOUNTS]
    return same_kind(history[read], query).reset_index(drop=True)
