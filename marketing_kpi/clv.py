"""Customer lifetime value: how long customers stay, and what they are worth.

`attrition` measures on orders how many customers are lost, and how long they stay. `simple_cltv`
and `discounted_cltv` are the formulas of the course. `historical` says what customers brought in,
`profitability` what is left once they are served, `acquisition` whether that repays what it cost
to find them. The analyses live in `marketing_kpi.worth`; the formulas of KPIs are here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.facts.service import COSTS
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.frames import require
from marketing_kpi.kpis.periods import MONTHS_A_YEAR
from marketing_kpi.models.bg_nbd import BgNbd, fit_bg_nbd
from marketing_kpi.models.clock import Clock, forecast_clock, season_clock
from marketing_kpi.models.gamma_gamma import GammaGamma, fit_gamma_gamma
from marketing_kpi.models.holdout import (
    Verdict,
    by_frequency,
    holdout,
    holdout_verdict,
    tracking,
    tracking_error,
)
from marketing_kpi.models.pareto_nbd import ParetoNbd, fit_pareto_nbd
from marketing_kpi.models.purchases import PEAK, REGULAR, counts, regularity, season, summary
from marketing_kpi.models.value import (
    NewCustomer,
    new_customer_value,
    total_value,
)
from marketing_kpi.models.value import discounted_value as predict
from marketing_kpi.worth.acquisition import acquisition, payback
from marketing_kpi.worth.attrition import attrition, attrition_by_window, frequency_by_window
from marketing_kpi.worth.averages import Simple, gross_margin, simple
from marketing_kpi.worth.common import Numbers, check, check_margin_rate, is_whole
from marketing_kpi.worth.history import by_cohort, historical
from marketing_kpi.worth.service import (
    Unprofitable,
    UnsureReturns,
    lacking_costs,
    profitability,
    unprofitable,
    unsure_returns,
    whale_curve,
)
from marketing_kpi.worth.summaries import alive_counts, cost_totals

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.kpis.formulas import Fact, Values

__all__ = [
    "PEAK",
    "REGULAR",
    "BgNbd",
    "Clock",
    "GammaGamma",
    "NewCustomer",
    "ParetoNbd",
    "Simple",
    "Unprofitable",
    "UnsureReturns",
    "Verdict",
    "acquisition",
    "alive_counts",
    "attrition",
    "attrition_by_window",
    "attrition_rate",
    "by_cohort",
    "by_frequency",
    "cac_payback_months",
    "cltv_to_cac",
    "cost_to_serve",
    "cost_totals",
    "counts",
    "customer_lifespan",
    "customer_profitability",
    "discounted_by_year",
    "discounted_cltv",
    "fit_bg_nbd",
    "fit_gamma_gamma",
    "fit_pareto_nbd",
    "forecast_clock",
    "frequency_by_window",
    "gross_margin",
    "historical",
    "historical_cltv",
    "holdout",
    "holdout_verdict",
    "lacking_costs",
    "lifespan_months",
    "new_customer_value",
    "p_alive",
    "payback",
    "predict",
    "predicted_cltv",
    "profitability",
    "regularity",
    "season",
    "season_clock",
    "simple",
    "simple_cltv",
    "summary",
    "total_value",
    "tracking",
    "tracking_error",
    "unprofitable",
    "unsure_returns",
    "whale_curve",
    "yearly_frequency",
]

# --- KPIs -----------------------------------------------------------------------------------


def attrition_rate(customers: Fact) -> Any:
    """Divide the customers active before and no longer after by those active before.

    Active: with an order in the 365 days to the period's start (before), or to its end (after).
    Null where nobody was active before, or where the data do not reach back far enough to tell.
    Fact: `customer_activity`.
    """
    lost = (customers.active_before & ~customers.active_after).sum()
    return ratio(lost, customers.active_before.sum())


def customer_lifespan(k: Values) -> Any:
    """Turn the attrition rate of a period into a lifespan in months: period / attrition rate.

    40 % in a year gives 12 / 0.4 = 30 months. Null where no customer was lost, since that tells
    no end. Depends on: `attrition_rate`, over `period_months`, the length of its period.
    """
    return ratio(k.period_months, k.attrition_rate)


def historical_cltv(customers: Fact) -> Any:
    """Divide the net sales to date of identified customers by those customers.

    In the data's currency. A customer of unknown sales is on neither side; null without any other.
    Fact: `customers_to_date`.
    """
    return ratio(customers.net_sales.sum(), customers.net_sales.count())


def cost_to_serve(customers: Fact) -> Any:
    """Divide what serving customers cost by those who bought, in the data's currency.

    Fulfilment, payment, returns and marketing, also of customers who bought nothing: a message to
    more of them must not make the average fall. Null where nobody bought. Fact: `service`.
    """
    return ratio(_service_cost(customers).sum(), customers.bought.sum())


def customer_profitability(customers: Fact) -> Any:
    """Divide gross profit less cost to serve by the customers who bought, in the data's currency.

    Customers none of whose lines has a known cost are left out; null where no other bought.
    Fact: `service`.
    """
    profit = customers.gross_profit - _service_cost(customers)
    return ratio(profit.sum(), (customers.bought & profit.notnull()).sum())


def _service_cost(customers: Fact) -> ir.NumericColumn:
    fulfilment, payment, returns, marketing = (customers[name] for name in COSTS)
    return fulfilment + payment + returns + marketing


# --- Formulas -------------------------------------------------------------------------------


def lifespan_months(attrition_rate: float | None) -> float | None:
    """Return how many months a customer stays on average, from a yearly attrition rate.

    Parameters
    ----------
    attrition_rate
        Share of the customers lost in a year, a fraction from 0 to 1.

    Returns
    -------
    float or None
        12 / attrition_rate, in months; None when the rate is 0, which tells no end.

    Raises
    ------
    ComputeError
        When the rate is not known, or not in 0-1: 40 % is 0.40, not 40; when it is no number.

    Notes
    -----
    The mean of a geometric lifetime: a customer who leaves with the same probability each year
    stays 1 / probability years.

    Examples
    --------
    >>> lifespan_months(0.40)
    30.0
    """
    if attrition_rate is not None and np.ndim(attrition_rate):
        raise ComputeError(
            f"attrition_rate is a {type(attrition_rate).__name__}, must be one number",
            hint="attrition gives the lifespan of each group, with its interval",
        )
    if attrition_rate is None or not 0 <= attrition_rate <= 1:  # an unknown rate (NaN) too
        raise ComputeError(
            f"attrition_rate == {attrition_rate}, must be in 0-1", hint="40 % is written 0.40"
        )
    return None if attrition_rate == 0 else MONTHS_A_YEAR / attrition_rate


def yearly_frequency(orders_per_customer: Numbers, *, months: float) -> Numbers:
    """Turn orders per customer counted over some months into orders a year: times 12 / months.

    Parameters
    ----------
    orders_per_customer
        Orders / customers of that time.
    months
        How many months it was counted over, above 0.

    Returns
    -------
    float, array or Series
        Orders per customer and year: twice the frequency of six months.

    Notes
    -----
    It takes the other months to be like these, with the same customers. Doubling six months with
    Christmas in them counts Christmas twice. And a frequency *per buyer* is never below 1: its
    double is at least 2, even where everyone buys once a year. `frequency_by_window` shows by how
    much that misleads on given orders; where there are twelve months, count twelve.

    Examples
    --------
    >>> yearly_frequency(1.8, months=6)
    3.6
    """
    check("orders_per_customer", orders_per_customer)
    if not months > 0:
        raise ComputeError(f"months == {months}, must be above 0")
    return orders_per_customer * (MONTHS_A_YEAR / months)


def simple_cltv(
    average_order_value: Numbers,
    *,
    yearly_frequency: Numbers,
    gross_margin_rate: Numbers,
    lifespan_years: Numbers | None,
) -> Numbers | None:
    """Multiply basket, yearly frequency, margin and years: what a customer brings in, on average.

    Parameters
    ----------
    average_order_value
        Net sales per order, in the data's currency.
    yearly_frequency
        Orders per customer and year; from another time, see `yearly_frequency`.
    gross_margin_rate
        Gross profit / net sales, a fraction of at most 1; below 0 when sold at a loss.
    lifespan_years
        Years that a customer stays: `lifespan_months` / 12. None, no finite lifespan, gives None.

    Returns
    -------
    float, array, Series or None
        Gross profit over the lifespan, undiscounted, before acquisition and service costs.

    Raises
    ------
    ComputeError
        When a number is outside its bounds: 40 % is 0.40, not 40.

    Notes
    -----
    All four are averages, multiplied as if each customer were average: those who buy often and
    stay long are worth more than the product says, and the one-time buyers less.

    Examples
    --------
    >>> simple_cltv(80.0, yearly_frequency=3, gross_margin_rate=0.4, lifespan_years=2.5)
    240.0
    """
    if lifespan_years is None:
        return None
    check("average_order_value", average_order_value)
    check("yearly_frequency", yearly_frequency)
    check("lifespan_years", lifespan_years)
    check_margin_rate("gross_margin_rate", gross_margin_rate)
    return average_order_value * yearly_frequency * gross_margin_rate * lifespan_years


def discounted_cltv(
    margin: Numbers,
    *,
    retention: Numbers,
    discount_rate: Numbers,
    acquisition_cost: Numbers = 0.0,
    marketing_cost: Numbers = 0.0,
    years: int | None = None,
    from_now: bool = False,
) -> Numbers:
    """Add up the margins of the years to come, each less likely and worth less than the last.

    Parameters
    ----------
    margin
        Gross profit of a customer in a year, in the data's currency.
    retention
        Share of the customers who stay from one year to the next, from 0 to 1: 1 - attrition.
    discount_rate
        What money earns in a year, a fraction from 0.
    acquisition_cost
        Paid once, at the start.
    marketing_cost
        Paid each year for a customer who stays.
    years
        The last year counted, at least 1; None for all years to come.
    from_now
        Whether the margin of today (t = 0) counts: the customer has just been won and pays at
        once. By default the first margin comes in a year, from those who stayed.

    Returns
    -------
    float, array or Series
        In the data's currency; below 0 when the customer does not repay the acquisition.

    Raises
    ------
    ComputeError
        When a number is outside its bounds, or the sum over all years has no end: retention 1
        with discount rate 0.

    Notes
    -----
    With m the margin, c the marketing cost, r the retention and d the discount rate::

        sum over t = 1..years of (m - c) r^t / (1 + d)^t  -  acquisition cost
        (m - c) r / (1 + d - r)                           -  acquisition cost, over all years

    and from t = 0 with `from_now`. Any unit of time will do, if all rates are of that unit.
    Retention here is one number: in a real cohort it rises with age, as the fickle leave first,
    and a constant one understates those who stay.

    References
    ----------
    Gupta, S. and Lehmann, D. R. (2003). Customers as Assets. Journal of Interactive Marketing
    17(1), 9-24.

    Farris, P. W., Bendle, N. T., Pfeifer, P. E. and Reibstein, D. J. (2016). Marketing Metrics,
    3rd edition. Pearson.

    Examples
    --------
    >>> round(discounted_cltv(100.0, retention=0.9, discount_rate=0.12), 2)
    409.09
    >>> round(discounted_cltv(100.0, retention=0.9, discount_rate=0.12, years=2), 2)
    144.93
    """
    check("retention", retention, highest=1, hint="80 % is written 0.80")
    check("discount_rate", discount_rate, hint="10 % is written 0.10")
    check("acquisition_cost", acquisition_cost)
    check("marketing_cost", marketing_cost)
    if years is not None and (not is_whole(years) or years < 1):
        raise ComputeError(f"years == {years!r}, must be a whole number above 0, or None")
    kept = retention / (1 + discount_rate)
    if years is None and np.any(np.asarray(kept) >= 1):
        raise ComputeError(
            "retention == 1 with discount_rate == 0: the sum over all years has no end",
            hint="give years, a finite horizon, or a discount rate",
        )
    return (margin - marketing_cost) * _multiple(kept, years, from_now) - acquisition_cost


def _multiple(kept: Numbers, years: int | None, from_now: bool) -> Numbers:
    """Return the sum of `kept`^t from t = 1, or from 0, to `years`."""
    now = 1.0 if from_now else 0.0
    if years is None:
        return now + kept / (1 - kept)
    total = kept
    for t in range(2, years + 1):
        total = total + kept**t
    return now + total


def discounted_by_year(
    basics: Simple,
    *,
    discount_rate: float,
    acquisition_cost: float = 0.0,
    marketing_cost: float = 0.0,
    years: int = 10,
) -> pd.DataFrame:
    """Follow the discounted margin of a customer as the horizon grows.

    Parameters
    ----------
    basics
        What `simple` returns: the margin of a year is its order value, frequency and margin rate.
    discount_rate, acquisition_cost, marketing_cost, years
        As in `discounted_cltv`.

    Returns
    -------
    pandas.DataFrame
        year (from 1, beyond the first margin, which counts now: year 1 holds two margins), total
        (`discounted_cltv` of the years to that one), low and high (the ends of the same over the
        interval of the retention), all_years (of all years to come; the same on every row). Empty
        when the margin or the retention is not known, or nobody was lost: that shows no end.

    Examples
    --------
    >>> basics = Simple(50.0, 4.0, 0.5, 2.0, None, None, None, None, 0.5, 0.4, 0.6)
    >>> discounted_by_year(basics, discount_rate=0.25, years=2)[["year", "total"]].round(2)
       year  total
    0     1  140.0
    1     2  156.0
    """
    columns = ["year", "total", "low", "high", "all_years"]
    value, frequency, rate, lifespan = basics[:4]
    shares = (basics.retention, basics.retention_low, basics.retention_high)
    kept = [share for share in shares if share is not None]
    if None in (value, frequency, rate, lifespan) or len(kept) < len(shares):
        return pd.DataFrame([], columns=columns)
    margin = value * frequency * rate  # type: ignore[operator]  # none of them is None
    worth = partial(
        discounted_cltv,
        margin,
        discount_rate=discount_rate,
        acquisition_cost=acquisition_cost,
        marketing_cost=marketing_cost,
        from_now=True,
    )
    rows = []
    for year in range(1, years + 1):
        # A customer who costs more than they bring is worth less the longer they stay.
        total, *ends = (worth(retention=share, years=year) for share in kept)
        rows.append((year, total, min(ends), max(ends), worth(retention=kept[0])))
    return pd.DataFrame(rows, columns=columns)


def cltv_to_cac(cltv: Numbers | None, *, cac: Numbers | None) -> Numbers | None:
    """Divide what a customer is worth by what it cost to win one.

    Parameters
    ----------
    cltv
        Gross profit over the customer's life, in the data's currency: margin, not revenue.
    cac
        Acquisition spend / new customers, in the same currency.

    Returns
    -------
    float, array, Series or None
        Null (None, or NaN in an array) where nothing was spent, or one of the two is not known.
        Two Series are divided row by row of their index.

    Examples
    --------
    >>> cltv_to_cac(360.0, cac=90.0)
    4.0
    """
    if cltv is None or cac is None:
        return None
    check("cac", cac)
    return _over(cltv, cac)


def cac_payback_months(cac: Numbers | None, *, monthly_margin: Numbers | None) -> Numbers | None:
    """Divide what it cost to win a customer by the margin a customer brings in a month.

    Parameters
    ----------
    cac
        Acquisition spend / new customers, in the data's currency.
    monthly_margin
        Gross profit of an acquired customer in a month, those who never came back included.

    Returns
    -------
    float, array, Series or None
        Months; null (None, or NaN in an array) where a customer brings in nothing, so that
        nothing is ever paid back, and where one of the two is not known.

    Notes
    -----
    It takes every month to bring the same. The first order often pays most of the acquisition,
    and later months less: `payback` follows a cohort month by month instead.

    Examples
    --------
    >>> cac_payback_months(90.0, monthly_margin=15.0)
    6.0
    """
    if cac is None or monthly_margin is None:
        return None
    check("cac", cac)
    several = np.ndim(monthly_margin) > 0
    return _over(cac, np.maximum(monthly_margin, 0.0) if several else max(monthly_margin, 0.0))


def predicted_cltv(
    purchases: Sequence[float] | npt.NDArray[np.float64],
    *,
    value: float,
    margin_rate: float,
    discount_rate: float,
) -> float:
    """Add up the margins of the purchases expected of a customer, month by month.

    Parameters
    ----------
    purchases
        Expected in each of the coming months, the next one first: of a fit, the differences of
        `expected_purchases` from one month to the next.
    value
        Expected of a purchase, in the data's currency.
    margin_rate
        Gross profit / net sales, a fraction of at most 1.
    discount_rate
        What money earns in a year, a fraction from 0.

    Returns
    -------
    float
        In the data's currency. Purchases of a month are counted in its middle.

    See Also
    --------
    predict : the same for every customer of a fit, with an interval.

    Examples
    --------
    >>> round(predicted_cltv([0.5, 0.4, 0.3], value=50.0, margin_rate=0.4, discount_rate=0.0), 2)
    24.0
    """
    check_margin_rate("margin_rate", margin_rate)
    check("discount_rate", discount_rate, hint="10 % is written 0.10")
    discounted = (
        expected / (1 + discount_rate) ** ((month + 0.5) / MONTHS_A_YEAR)
        for month, expected in enumerate(purchases)
    )
    return value * margin_rate * math.fsum(discounted)


def p_alive(
    histories: pd.DataFrame, *, r: float, alpha: float, a: float, b: float
) -> npt.NDArray[np.float64]:
    """Return the probability that customers still buy, given BG/NBD parameters.

    Parameters
    ----------
    histories
        frequency, recency and T, as `summary` gives them.
    r, alpha, a, b
        Of a fit, in the unit of time of the histories.

    Returns
    -------
    numpy.ndarray
        From 0 to 1, in the order of the rows; 1 for one-time buyers, by the model's rule.

    See Also
    --------
    BgNbd.p_alive : the same from a fit, with an interval.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005). "Counting Your Customers" the Easy Way.
    Marketing Science 24(2), 275-284.

    Examples
    --------
    >>> history = pd.DataFrame({"frequency": [2], "recency": [30.43], "T": [38.86]})
    >>> p_alive(history, r=0.2426, alpha=4.4136, a=0.7929, b=2.4259).round(4).tolist()
    [0.7266]
    """
    require(histories, ["frequency", "recency", "T"], "histories")
    x, last, age = (histories[name].to_numpy("float64") for name in ("frequency", "recency", "T"))
    repeats = x > 0
    # In logarithms: the power overflows after hundreds of purchases.
    odds = np.log(np.where(repeats, b + x - 1, 1.0) / a)
    odds -= (r + x) * (np.log(alpha + age) - np.log(alpha + last))
    alive = 1 / (1 + np.exp(np.clip(-odds, None, 700.0)))
    return np.where(repeats, alive, 1.0)


def _over(numerator: Numbers, denominator: Numbers) -> Numbers | None:
    """Divide, a Series by its index; null where the denominator is 0."""
    if np.ndim(numerator) == np.ndim(denominator) == 0:
        return None if denominator == 0 else numerator / denominator
    if isinstance(denominator, pd.Series):
        return numerator / denominator.mask(denominator == 0)
    by = np.asarray(denominator, dtype="float64")
    return numerator / np.where(by == 0, np.nan, by)
