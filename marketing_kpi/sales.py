"""Sales performance: who visits, how far visits go, how much is sold, to how many buyers.

`shop_tree` and `site_tree` part net sales in factors and say which of them moved; `branches` does
so by channel or product, `price_parts` and `assortment` look behind the price, `season` sets months
against those of a year earlier. `visits` reads sessions once, for `traffic`, `funnel`,
`conversions` and `out_of_line`. Their machinery lives in `marketing_kpi.selling`.

Each function below is the formula of one KPI on a fact (see `marketing_kpi.kpis.facts`): `sales`,
a row a line of a valid order, `sessions`, a row a visit, or `campaigns`; the dictionary's entry of
the same name says what it means. A credit entered as an order, of an amount below 0, is no
purchase: it lowers sums, and counts nowhere. An order of amount 0 counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marketing_kpi.kpis.extent import is_compared, longest_gap
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.selling.chains import HOLES, effects
from marketing_kpi.selling.prices import Prices, assortment, lacking_prices, price_parts
from marketing_kpi.selling.seasons import Season, season
from marketing_kpi.selling.steps import out_of_line, plant_fault
from marketing_kpi.selling.tree import (
    Tree,
    branches,
    lacking_sales,
    lacking_visits,
    shop_tree,
    site_tree,
)
from marketing_kpi.selling.visits import Conversion, Visits, conversions, funnel, traffic, visits

if TYPE_CHECKING:
    from marketing_kpi.kpis.formulas import Fact

__all__ = [
    "HOLES",
    "Conversion",
    "Prices",
    "Season",
    "Tree",
    "Visits",
    "assortment",
    "average_order_value",
    "average_selling_price",
    "bounce_rate",
    "branches",
    "buyers",
    "cart_abandonment_rate",
    "cart_rate",
    "checkout_rate",
    "conversion_rate",
    "conversions",
    "effects",
    "funnel",
    "is_compared",
    "lacking_prices",
    "lacking_sales",
    "lacking_visits",
    "longest_gap",
    "orders",
    "out_of_line",
    "pages_per_session",
    "plant_fault",
    "price_parts",
    "purchase_rate",
    "revenue_per_visitor",
    "season",
    "sessions",
    "shop_tree",
    "site_tree",
    "traffic",
    "units_per_transaction",
    "units_sold",
    "visitors",
    "visits",
]


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


# --- Visits and the purchase funnel ---------------------------------------------------------


def visitors(sessions: Fact) -> Any:
    """Count the distinct visitors; 0 where nobody came.

    Sessions without a visitor's id, as of people who refuse cookies, are nobody's: they are in the
    sessions, and in no count of visitors. Fact: `sessions`.
    """
    return sessions.visitor_id.nunique()


def sessions(rows: Fact) -> Any:
    """Count the sessions; 0 where there are none. Fact: `sessions`."""
    return rows.count()


def pages_per_session(sessions: Fact) -> Any:
    """Divide the pages viewed by the sessions whose pages are known; null without any.

    Fact: `sessions`.
    """
    return ratio(sessions.page_views.sum(), sessions.page_views.count())


def bounce_rate(sessions: Fact) -> Any:
    """Divide the sessions of one page by those whose pages are known; null without any.

    Fact: `sessions`.
    """
    return ratio((sessions.page_views == 1).sum(), sessions.page_views.count())


def cart_rate(sessions: Fact) -> Any:
    """Divide the sessions with a cart by those of which it is known; null without any.

    Fact: `sessions`.
    """
    return ratio(sessions.cart.sum(), sessions.cart.count())


def checkout_rate(sessions: Fact) -> Any:
    """Divide the sessions with a cart that reached the checkout by the sessions with a cart.

    Null without any. A checkout without a cart, as of a button to buy at once, is on neither side,
    and so is a cart of which nothing tells whether it reached the checkout. Fact: `sessions`.
    """
    reached = (sessions.cart & sessions.checkout).sum()
    return ratio(reached, sessions.cart.sum(where=sessions.checkout.notnull()))


def cart_abandonment_rate(sessions: Fact) -> Any:
    """Divide the sessions with a cart and no valid order by the sessions with a cart.

    Null without any. Fact: `sessions`.
    """
    return ratio((sessions.cart & ~sessions.ordered).sum(), sessions.cart.sum())


def conversion_rate(sessions: Fact) -> Any:
    """Divide the sessions with a valid order by the sessions; null without any.

    Fact: `sessions`.
    """
    return ratio(sessions.ordered.sum(), sessions.count())


def revenue_per_visitor(sessions: Fact) -> Any:
    """Divide the net sales of the orders placed in sessions by the visitors.

    In the data's currency. Sessions without a visitor's id are on neither side. Null without
    visitors, and where orders were placed but the value of none of them is known. Fact: `sessions`.
    """
    known = sessions.visitor_id.notnull()
    none = (sessions.ordered & known).sum() == 0
    revenue = none.ifelse(0, sessions.net_sales.sum(where=known))
    return ratio(revenue, sessions.visitor_id.nunique())


def purchase_rate(campaigns: Fact) -> Any:
    """Divide the members whom campaigns target and who bought in the window by those targeted.

    A member is targeted in an arm that is not the control, whether the message arrived or not, and
    has 28 days from the first contact. Null without any. A campaign of which the orders cannot tell
    what its members bought is left out, as from its lift (`channels.absolute_lift`). Fact:
    `campaigns`.
    """
    told = campaigns.controls.notnull()
    return ratio(campaigns.treated_buyers.sum(where=told), campaigns.treated.sum(where=told))
