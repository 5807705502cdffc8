"""The fact of baskets: what a valid order holds, a row an order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from marketing_kpi.kpis.facts.sales import SALES

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data


def _lines(data: Data, columns: Collection[str]) -> ir.Table:
    """Return the events of `sales`, without those of credits: nobody filled a basket then."""
    events = SALES.build(data, {*columns, "bought"})
    return events.filter(events.bought).select(*sorted(columns))


def _by_order(events: ir.Table, keys: Sequence[str], _columns: Collection[str]) -> ir.Table:
    """Return a row an order of which a category at least is known."""
    known = events.filter(events.category.notnull())
    return known.group_by(list(dict.fromkeys([*keys, "order_id"]))).aggregate(
        categories=known.category.nunique()
    )


_OF_ORDERS = (
    "order_id", "customer_id", "ordered_at", "channel", "store_id", "store_region", "store_type",
    "region", "customer_region", "acquisition_channel",
)  # fmt: skip
BASKETS = replace(
    SALES,
    name="baskets",
    grain="a valid order of which a category at least is known",
    events={
        **{name: SALES.events[name] for name in _OF_ORDERS},
        # By category, every basket would have one: it is what is counted, and no dimension.
        "category": replace(SALES.events["category"], measure=True),
    },
    build=_lines,
    # Nor is what only some lines of an order have.
    tables=("orders", "stores", "contacts"),
    by_unit={"categories": ("int64", ("category",))},
    unit_key="order_id",
    summarise=_by_order,
)
