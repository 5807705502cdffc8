"""Sales performance: how much is sold, in how many orders, to how many buyers.

Each function is the formula of one KPI on the fact `sales` (a row a line of a valid order; see
`marketing_kpi.kpis.facts`); the dictionary's entry of the same name says what it means. A credit
entered as an order, of an amount below 0, is no purchase: it lowers sums, and counts nowhere. An
order of amount 0 counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marketing_kpi.kpis.formulas import ratio

if TYPE_CHECKING:
    from marketing_kpi.kpis.formulas import Fact


def orders(sales: Fact) -> Any:
    """Count the distinct valid orders, credits left out; 0 where there are none. Fact: `sales`."""
    return sales.order_id.nunique(where=sales.bought)


def buyers(sales: Fact) -> Any:
    """Count the distinct identified customers with an order; 0 where there are none.

    Orders without a customer are orders, but nobody's; a credit makes no buyer. Fact: `sales`.
    """
    return sales.customer_id.nunique(where=sales.bought)


def units_sold(sales: Fact) -> Any:
    """Add up the quantities sold; 0 where nothing is. Fact: `sales`."""
    return sales.quantity.sum()


def average_order_value(sales: Fact) -> Any:
    """Divide net sales by orders, in the data's currency.

    An order of unknown value is on neither side; a credit lowers net sales, and is no order. Null
    without orders. Fact: `sales`.
    """
    valued = sales.order_id.nunique(where=sales.bought & sales.net_sales.notnull())
    return ratio(sales.net_sales.sum(), valued)


def units_per_transaction(sales: Fact) -> Any:
    """Divide the units sold by the orders; null without orders. Fact: `sales`."""
    return ratio(sales.quantity.sum(), sales.order_id.nunique(where=sales.bought))


def average_selling_price(sales: Fact) -> Any:
    """Divide net sales by units sold, in the data's currency.

    Units of unknown value are on neither side; null without units. Fact: `sales`.
    """
    return ratio(sales.net_sales.sum(), sales.quantity.sum(where=sales.net_sales.notnull()))
