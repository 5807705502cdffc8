"""Facts at the grain of a customer: what each ordered, its place, its activity."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from marketing_kpi.kpis.extent import runs_of
from marketing_kpi.kpis.facts.base import (
    ACTIVITY_DAYS,
    MONEY,
    attach,
    bought,
    identified_orders,
    standing,
)
from marketing_kpi.kpis.facts.sales import SALES

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data


def first_seen(data: Data) -> ir.Table:
    """Return a row an identified customer: `first_order`, the first purchase of the data."""
    orders = standing(identified_orders(data))
    orders = orders.filter(bought(orders))
    return orders.group_by("customer_id").aggregate(first_order=orders.ordered_at.min())


def first_orders(data: Data) -> ir.Table:
    """Return a row a customer who was acquired: `first_order`, the moment of the first purchase.

    Who registered before the data begin may have ordered before too, and is left out: an old
    customer seen for the first time is not one who was acquired then. The data begin with the
    first order, of any status, or after the last break before the customer's own.
    """
    first = first_seen(data)
    if not data.has("contacts", "customer_id", "registered_at"):
        return first
    dated = first.mutate(day=first.first_order.truncate("D"))
    begun = attach(dated, runs_of(data.orders), on=["day"], columns={"begun": "begun"})
    contacts = data.contacts
    older = [begun.customer_id == contacts.customer_id, contacts.registered_at < begun.begun]
    return begun.anti_join(contacts, older).select(*first.columns)


def _orders_and_credits(data: Data, columns: Collection[str]) -> ir.Table:
    """Return the events of `sales`, and whether each is `bought` or of a credit."""
    return SALES.build(data, {*columns, "bought"})


def _orders_by_customer(
    events: ir.Table, keys: Sequence[str], columns: Collection[str]
) -> ir.Table:
    """Return a row an identified customer who bought; credits lower net sales, and only those."""
    events = events.filter(events.customer_id.notnull())
    purchase = events.bought
    makers: dict[str, Callable[[], ir.Value]] = {
        "orders": lambda: events.order_id.nunique(where=purchase),
        "net_sales": lambda: events.net_sales.sum(),
        "first_order": lambda: events.ordered_at.min(where=purchase),
        "last_order": lambda: events.ordered_at.max(where=purchase),
    }
    made = {name: make() for name, make in makers.items() if name in columns}
    customers = events.group_by(unit_keys(keys)).aggregate(has_bought=purchase.any(), **made)
    return customers.filter(customers.has_bought).drop("has_bought")


def unit_keys(keys: Sequence[str]) -> list[str]:
    """Return what a row a customer is grouped by; customers may be a key of the question too."""
    return list(dict.fromkeys([*keys, "customer_id"]))


def _ranked_customers(events: ir.Table, keys: Sequence[str], _columns: Collection[str]) -> ir.Table:
    """Return a row an identified customer whose net sales are known, with its place by them."""
    import ibis

    customers = _orders_by_customer(events, keys, {"net_sales"})
    customers = customers.filter(customers.net_sales.notnull())
    all_of_cell = ibis.window(group_by=list(keys))
    by_sales = ibis.window(group_by=list(keys), order_by=customers.net_sales.desc())
    return customers.mutate(
        place=ibis.row_number().over(by_sales) + 1,
        customers=customers.count().over(all_of_cell),
    )


def _customer_activity(
    events: ir.Table, keys: Sequence[str], _columns: Collection[str]
) -> ir.Table:
    """Return a row an identified customer active before or after: a credit makes nobody so.

    Each event has the `period_start` of its period, and the moment `active_since` from which an
    order makes its customer active at the end; only events of the span are there.
    """
    events = events.filter(events.customer_id.notnull(), events.bought)
    return events.group_by(unit_keys(keys)).aggregate(
        active_before=(events.ordered_at < events.period_start).any(),
        active_after=(events.ordered_at >= events.active_since).any(),
    )


_CUSTOMERS = {
    "customer_id": ("string", ("customer_id",)),
    "orders": ("int64", ("order_id",)),
    "net_sales": (MONEY, ("net_sales",)),
    "first_order": ("timestamp", ("ordered_at",)),
    "last_order": ("timestamp", ("ordered_at",)),
}
ORDERS_BY_CUSTOMER = replace(
    SALES,
    name="orders_by_customer",
    grain="an identified customer who ordered in the period",
    build=_orders_and_credits,
    by_unit=_CUSTOMERS,
    summarise=_orders_by_customer,
)
CUSTOMERS_TO_DATE = replace(
    ORDERS_BY_CUSTOMER,
    name="customers_to_date",
    grain="an identified customer who ordered before the period's end",
    span="to_date",
)
CUSTOMER_RANKING = replace(
    SALES,
    name="customer_ranking",
    grain="an identified customer who ordered in the period, with its place by net sales",
    build=_orders_and_credits,
    by_unit={
        "customer_id": ("string", ("customer_id",)),
        "net_sales": (MONEY, ("net_sales",)),
        "place": ("int64", ("net_sales",)),
        "customers": ("int64", ("net_sales",)),
    },
    summarise=_ranked_customers,
)
CUSTOMER_ACTIVITY = replace(
    SALES,
    name="customer_activity",
    grain="a customer active in the 365 days to the period's start or to its end",
    span="before_and_after",
    within=f"{ACTIVITY_DAYS} days",
    build=_orders_and_credits,
    by_unit={
        "customer_id": ("string", ("customer_id",)),
        "active_before": ("boolean", ("ordered_at",)),
        "active_after": ("boolean", ("ordered_at",)),
    },
    summarise=_customer_activity,
)
