"""Customer lifetime value: how long customers stay, and what they are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.formulas import ratio

if TYPE_CHECKING:
    from marketing_kpi.kpis.formulas import Fact, Values

MONTHS_A_YEAR = 12


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


def lifespan_months(attrition_rate: float) -> float | None:
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
        When the rate is not in 0-1: 40 % is 0.40, not 40.

    Notes
    -----
    The mean of a geometric lifetime: a customer who leaves with the same probability each year
    stays 1 / probability years.

    Examples
    --------
    >>> lifespan_months(0.40)
    30.0
    """
    if not 0 <= attrition_rate <= 1:
        raise ComputeError(
            f"attrition_rate == {attrition_rate}, must be in 0-1", hint="40 % is written 0.40"
        )
    return None if attrition_rate == 0 else MONTHS_A_YEAR / attrition_rate


def historical_cltv(customers: Fact) -> Any:
    """Divide the net sales to date of identified customers by those customers.

    In the data's currency; null without customers. Fact: `customers_to_date`.
    """
    return ratio(customers.net_sales.sum(), customers.count())
