"""The simple formula worked out on data: a product of four averages."""

from __future__ import annotations

import datetime as dt
import math
from typing import NamedTuple

import pandas as pd

from marketing_kpi.data.model import Data
from marketing_kpi.kpis.compute import compute, explain
from marketing_kpi.kpis.extent import begins_by, extent, lasts_to
from marketing_kpi.kpis.facts import ACTIVITY_DAYS, MONEY, identified_orders, standing
from marketing_kpi.kpis.facts.base import bought as are_purchases
from marketing_kpi.kpis.frames import executed
from marketing_kpi.kpis.intervals import Z95
from marketing_kpi.kpis.periods import MONTHS_A_YEAR, day, midnight, months_between, shift
from marketing_kpi.worth.attrition import attrition
from marketing_kpi.worth.common import check_margin_rate, collected


class Simple(NamedTuple):
    """The four averages of the simple formula, and what they make.

    Attributes
    ----------
    average_order_value
        Net sales per order of identified customers in the period; null without orders. A credit
        entered as an order lowers net sales, and is no order; an order of amount 0 is one.
    yearly_frequency
        Orders per customer who bought in the twelve months before the period's end, whatever its
        length: a shorter window has other buyers (see `yearly_frequency`). Null without any, or
        where the data do not cover those months.
    gross_margin_rate
        Gross profit / net sales of the period, those of anonymous buyers included (the same KPI
        as everywhere), or what was given; null when neither is known.
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
        First day of the period, and the day after its last; twelve months are best.
    activity_days
        As in `attrition`.
    margin_rate
        Gross profit / net sales, where the data do not tell costs; what they tell comes first.

    Raises
    ------
    ComputeError
        When margin_rate is above 1: 40 % is 0.40, not 40.

    Notes
    -----
    Average order times orders a year is what a customer buys a year: the interval takes the error
    of that mean over the customers of the twelve months and that of the lifespan together,
    on the logarithm of their product. The margin rate is taken as known.
    """
    if margin_rate is not None:
        check_margin_rate("margin_rate", margin_rate)
    first, last = day(start, name="start"), day(end, name="end")
    year_before = shift(last, months=-MONTHS_A_YEAR)
    bought, of_year = _bought(data, first, last), _bought(data, year_before, last)
    rate = gross_margin(data, start=first, end=last)
    rate = margin_rate if rate is None else rate
    lost = collected(
        attrition(
            identified_orders(data),
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
    if _covered(data, year_before, last):
        frequency = _over(of_year.orders, of_year.customers)
    parts = (basket, frequency, rate, years)
    if basket is None or frequency is None or years is None:
        return Simple(*parts, None, None, None, None, *kept)
    revenue = basket * frequency * years
    if rate is None or longest is None or shortest is None:
        return Simple(*parts, None, None, None, revenue, *kept)
    error = math.hypot(of_year.relative_error, math.log(longest / shortest) / (2 * Z95))
    low, high = sorted(rate * revenue * math.exp(sign * Z95 * error) for sign in (-1, 1))
    return Simple(*parts, rate * revenue, low, high, revenue, *kept)


def _a_year(attrition: float, months: float) -> float | None:
    """Turn the attrition of a period into the share of customers who stay a year."""
    return None if pd.isna(attrition) else float((1 - attrition) ** (MONTHS_A_YEAR / months))


class _Bought(NamedTuple):
    """What identified customers bought in a period, and the relative error of their mean.

    Credits lower what was spent; they make neither an order nor a customer.
    """

    customers: int
    orders: int
    spent: float
    relative_error: float


def _bought(data: Data, start: dt.date, end: dt.date) -> _Bought:
    orders = standing(identified_orders(data))
    orders = orders.filter(orders.ordered_at >= midnight(start), orders.ordered_at < midnight(end))
    per_customer = orders.group_by("customer_id").agg(
        orders=orders.order_id.nunique(where=are_purchases(orders)),
        spent=orders.amount.sum().cast(MONEY),
    )
    buys = per_customer.orders > 0
    sums = per_customer.aggregate(
        all=per_customer.count(),
        customers=buys.sum(),
        orders=per_customer.orders.sum(),
        spent=per_customer.spent.sum(),
        by_customers=per_customer.spent.sum(where=buys),
        squares=(per_customer.spent.cast("float64") ** 2).sum(),
    )
    (row,) = sums.to_pyarrow().to_pylist()
    count, spent = int(row["customers"] or 0), float(row["spent"] or 0)
    if count < 2 or spent <= 0:
        return _Bought(count, row["orders"] or 0, spent, math.inf)
    mean, every = spent / count, row["all"]
    # What the customers spent less the mean, and what was credited to people who bought nothing.
    away = float(row["squares"]) - 2 * mean * float(row["by_customers"] or 0) + mean**2 * count
    error = math.sqrt(max(away, 0.0) * every / (every - 1)) / count
    return _Bought(count, row["orders"], spent, error / mean)


def gross_margin(data: Data, *, start: str | dt.date, end: str | dt.date) -> float | None:
    """Return the gross margin rate of a period, a fraction; None where the data do not tell it."""
    if explain("gross_margin_rate", data) is not None:
        return None
    table = executed(compute("gross_margin_rate", data, start=start, end=end))
    rate = table["gross_margin_rate"].iloc[0]
    return None if pd.isna(rate) else float(rate)


def _covered(data: Data, start: dt.date, end: dt.date) -> bool:
    """Say whether the data tell about the whole period: half a year of orders is no year's."""
    begins, ends = extent(data, before=end)
    return begins_by(begins, start) and lasts_to(ends, end)


def _over(numerator: float, denominator: float) -> float | None:
    return numerator / denominator if denominator else None
