"""Retention and returns: who comes back, and what does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marketing_kpi.kpis.formulas import ratio

if TYPE_CHECKING:
    from marketing_kpi.kpis.formulas import Fact


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
