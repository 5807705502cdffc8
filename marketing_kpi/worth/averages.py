"""The simple formula worked out on data: a product of four averages."""

from __future__ import annotations

import datetime as dt
import math
from typing import NamedTuple

import ibis.expr.types as ir
import pandas as pd
from ibis import _

from marketing_kpi.data.model import Data
from marketing_kpi.kpis.compute import begins_by, compute, explain, extent, lasts_to
from marketing_kpi.kpis.facts import ACTIVITY_DAYS, MONEY, standing
from marketing_kpi.kpis.periods import MONTHS_A_YEAR, day, months_between
from marketing_kpi.worth.attrition import attrition
from marketing_kpi.worth.common import collected, midnight

_Z95 = 1.959963984540054  # 97.5th percentile of the standard normal distribution


class Simple(NamedTuple):
    """The four averages of the simple formula, and what they make.

    Attributes
    ----------
    average_order_value
        Net sales per order of identified customers in the period; null without orders.
    yearly_frequency
        Orders per customer who bought in the period, a year; null without any, or where the data
        do not cover the period.
    gross_margin_rate
        Gross profit / net sales of the period, or what was given; null when neither is known.
    lifespan_years
        1 / attrition of the period, in years; null when it is not known or has no end.
    cltv
        Their product, in the data's currency; null when one of them is.
    low, high
        95 % interval of `cltv`; null when it is.
    revenue
        The product without the margin rate; null when one of the others is.
    retention, retention_low, retention_high
        Share of the customers who stay a year, and its 95 % interval; null without an attrition.
    """

    average_order_value: float | None
    yearly_frequency: float | None
    gross_margin_rate: float | None
    lifespan_years: float | None
    cltv: float | None
    low: float | None
    high: float | None
    revenue: float | None
    retention: float | None
    retention_low: float | None
    retention_high: float | None


def simple(
    data: Data,
    *,
    start: str | dt.date,
    end: str | dt.date,
    activity_days: int = ACTIVITY_DAYS,
    margin_rate: float | None = None,
) -> Simple:
    """Work the simple formula out on the customers of a period.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end
        First day of the period, and the day after its last; twelve months are best (see
        `yearly_frequency`).
    activity_days
        As in `attrition`.
    margin_rate
        Gross profit / net sales, where the data do not tell costs; what they tell comes first.

    Notes
    -----
    Average order times orders a year is what a customer buys a year: the interval takes the error
    of that mean over customers and that of the lifespan together, on the logarithm of their
    product. The margin rate is taken as known.
    """
    first, last = day(start, name="start"), day(end, name="end")
    bought = _bought(data, first, last)
    rate = gross_margin(data, start=first, end=last)
    rate = margin_rate if rate is None else rate
    lost = collected(
        attrition(
            _identified(data),
            start=first,
            end=last,
            activity_days=activity_days,
        ),
        (),
    ).iloc[0]
    months = months_between(first, last)
    kept = (
        _a_year(lost["rate"], months),
        _a_year(lost["high"], months),
        _a_year(lost["low"], months),
    )
    years, longest, shortest = (
        None if pd.isna(lost[name]) else float(lost[name]) / MONTHS_A_YEAR
        for name in ("lifespan_months", "lifespan_high", "lifespan_low")
    )
    basket = _over(bought.spent, bought.orders)
    frequency = None
    if _covered(data, first, last):
        frequency = _over(bought.orders * MONTHS_A_YEAR, bought.customers * months)
    parts = (basket, frequency, rate, years)
    if basket is None or frequency is None or years is None:
        return Simple(*parts, None, None, None, None, *kept)
    revenue = basket * frequency * years
    if rate is None or longest is None or shortest is None:
        return Simple(*parts, None, None, None, revenue, *kept)
    error = math.hypot(bought.relative_error, math.log(longest / shortest) / (2 * _Z95))
    low, high = sorted(rate * revenue * math.exp(sign * _Z95 * error) for sign in (-1, 1))
    return Simple(*parts, rate * revenue, low, high, revenue, *kept)


def _a_year(attrition: float, months: float) -> float | None:
    """Turn the attrition of a period into the share of customers who stay a year."""
    return None if pd.isna(attrition) else float((1 - attrition) ** (MONTHS_A_YEAR / months))


class _Bought(NamedTuple):
    """What identified customers bought in a period, and the relative error of their mean."""

    customers: int
    orders: int
    spent: float
    relative_error: float


def _bought(data: Data, start: dt.date, end: dt.date) -> _Bought:
    orders = standing(_identified(data))
    orders = orders.filter(orders.ordered_at >= midnight(start), orders.ordered_at < midnight(end))
    per_customer = orders.group_by("customer_id").agg(
        orders=orders.order_id.nunique(), spent=orders.amount.sum().cast(MONEY)
    )
    sums = per_customer.aggregate(
        customers=per_customer.count(),
        orders=per_customer.orders.sum(),
        spent=per_customer.spent.sum(),
        squares=(per_customer.spent.cast("float64") ** 2).sum(),
    )
    (row,) = sums.to_pyarrow().to_pylist()
    count, spent = row["customers"], float(row["spent"] or 0)
    if count < 2 or spent <= 0:
        return _Bought(count, row["orders"] or 0, spent, math.inf)
    spread = max(float(row["squares"]) / count - (spent / count) ** 2, 0.0) / (count - 1)
    return _Bought(count, row["orders"], spent, math.sqrt(spread) / (spent / count))


def gross_margin(data: Data, *, start: str | dt.date, end: str | dt.date) -> float | None:
    """Return the gross margin rate of a period, a fraction; None where the data do not tell it."""
    if explain("gross_margin_rate", data) is not None:
        return None
    table = compute("gross_margin_rate", data, start=start, end=end)
    frame = table if isinstance(table, pd.DataFrame) else table.execute()
    rate = frame["gross_margin_rate"].iloc[0]
    return None if pd.isna(rate) else float(rate)


def _covered(data: Data, start: dt.date, end: dt.date) -> bool:
    """Say whether the data tell about the whole period: half a year of orders is no year's."""
    begins, ends = extent(data)
    return begins_by(begins, start) and lasts_to(ends, end)


def _identified(data: Data) -> ir.Table:
    """Return the orders with a customer; what the data lack is null, and so finds nobody."""
    return data.filled("orders.customer_id", "orders.amount").orders.filter(_.customer_id.notnull())


def _over(numerator: float, denominator: float) -> float | None:
    return numerator / denominator if denominator else None
