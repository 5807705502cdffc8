"""Baskets: what orders hold and at which price, against the list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marketing_kpi.kpis.formulas import ratio

if TYPE_CHECKING:
    from marketing_kpi.kpis.formulas import Fact


def discount_rate(sales: Fact) -> Any:
    """Divide the discounts by gross sales: (gross sales - net sales) / gross sales.

    Over the lines whose list price and price paid are known; null where gross sales are zero.
    Fact: `sales`.
    """
    discounts = (sales.gross_sales - sales.net_sales).sum()
    return ratio(discounts, sales.gross_sales.sum(where=sales.net_sales.notnull()))
