"""Margins: what is left of sales once goods, discounts and actions are paid.

The formulas of KPIs on the fact `sales` (a row a line of a valid order; see
`marketing_kpi.kpis.facts`), and the return on an investment. A line whose cost is not known tells
nothing about profit: it is left out of both sides of every KPI that needs cost and sales.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.formulas import ratio

if TYPE_CHECKING:
    from marketing_kpi.kpis.formulas import Fact


def gross_sales(sales: Fact) -> Any:
    """Add up list price x quantity, before discounts, in the data's currency. Fact: `sales`."""
    return sales.gross_sales.sum()


def net_sales(sales: Fact) -> Any:
    """Add up price paid x quantity: after discounts, before returns. Fact: `sales`."""
    return sales.net_sales.sum()


def cost_of_goods_sold(sales: Fact) -> Any:
    """Add up unit cost x quantity over the lines whose cost is known. Fact: `sales`."""
    return sales.cost.sum()


def gross_profit(sales: Fact) -> Any:
    """Add up net sales less cost over the lines whose cost is known. Fact: `sales`."""
    return (sales.net_sales - sales.cost).sum()


def gross_margin_rate(sales: Fact) -> Any:
    """Divide gross profit by net sales (*taux de marque*, on the price).

    Over the lines whose cost is known; null where their net sales are zero. Fact: `sales`.
    """
    return ratio(gross_profit(sales), sales.net_sales.sum(where=sales.cost.notnull()))


def markup_rate(sales: Fact) -> Any:
    """Divide gross profit by cost of goods sold (*taux de marge*, on the cost).

    Over the lines whose cost is known; null where it is zero. Fact: `sales`.
    """
    return ratio(gross_profit(sales), sales.cost.sum(where=sales.net_sales.notnull()))


def roi(gain: float, cost: float) -> float | None:
    """Return what an action earned for each unit of money it cost, beyond that cost.

    Parameters
    ----------
    gain
        What the action brought in, in money: the margin it earned, unless revenue is said.
    cost
        What the action cost, in the same money; not negative.

    Returns
    -------
    float or None
        (gain - cost) / cost, a fraction: 0.5 is 50 %, -1 all lost. None when the cost is 0.

    Raises
    ------
    ComputeError
        When `cost` is negative.

    Examples
    --------
    Twelve buyers at a discount may earn less than eight at full price:

    >>> roi(gain=12 * 15, cost=100), roi(gain=8 * 30, cost=100)
    (0.8, 1.4)
    """
    if cost < 0:
        raise ComputeError(f"cost == {cost}, must be 0 or more", hint="give costs as positive")
    return None if cost == 0 else (gain - cost) / cost
