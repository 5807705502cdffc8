"""The fact of sessions: the visits of the site and of the app, and the orders placed in them.

A row of the table `sessions` is a session. What is not recorded of one (its pages, its cart, who
came) is unknown and no "no"; only an order is: a session without one has none.

A session converts where it placed a valid order. That order may be unknown to the table of orders:
nothing says then that it is not valid. An order that several sessions carry, as when its
confirmation is opened again, was placed in the first of them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from marketing_kpi.kpis.facts.base import (
    MONEY,
    Column,
    Fact,
    attach,
    bought,
    copied,
    dimension,
    from_table,
    homes_of,
    valid_orders,
    with_dimensions,
)
from marketing_kpi.kpis.facts.sales import SALES

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data

_OF_ORDERS = ("ordered", "net_sales")


def _sessions(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row a session, with what it ordered where that is read."""
    known = {"customer_id"} if data.has("sessions", "customer_id") else set()
    homes = homes_of(SESSIONS, {*columns, *known}, data)
    rows = data.table("sessions")
    copies = from_table(homes, "sessions")
    if read := {name: name for name in _OF_ORDERS if name in columns}:
        keys = {name: name for name in ("session_id", "order_id")}
        rows = rows.select(**{new: rows[old] for new, old in {**copies, **keys}.items()})
        rows = attach(rows, _placed(data, read), on=[*keys], columns=read)
        rows = rows.mutate(ordered=rows.ordered.notnull()) if "ordered" in read else rows
    else:
        rows = rows.select(**{new: rows[old] for new, old in copies.items()})
    return with_dimensions(rows, data, homes).select(*sorted(columns))


def _placed(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row an order that stands, with the session that placed it."""
    import ibis

    rows = data.table("sessions")
    rows = rows.filter(rows.order_id.notnull())
    first = ibis.window(group_by=rows.order_id, order_by=[rows.started_at, rows.session_id])
    rows = rows.select("session_id", "order_id", place=ibis.row_number().over(first))
    orders = data.table("orders")
    valid = valid_orders(data)
    purchases = valid.filter(bought(valid)).select("order_id").distinct()
    refused = orders.select("order_id").distinct().anti_join(purchases, "order_id")
    rows = rows.filter(rows.place == 0).anti_join(refused, "order_id")
    placed = rows.select("session_id", "order_id", ordered=ibis.literal(1, "int8"))
    if "net_sales" not in columns:
        return placed
    sales = SALES.build(data, {"order_id", "net_sales"})
    sales = sales.group_by("order_id").aggregate(net_sales=sales.net_sales.sum().cast(MONEY))
    return attach(placed, sales, on=["order_id"], columns={"net_sales": "net_sales"})


def _measure(type: str, name: str) -> Column:
    return Column(type, (f"sessions.{name}",), ("sessions", name), measure=True)


_CUSTOMER = ("sessions.customer_id",)
_ORDER = ("sessions.session_id", "sessions.order_id")
SESSIONS = Fact(
    name="sessions",
    grain="a session: a visit of the site or of the app",
    time="started_at",
    events={
        "started_at": dimension("sessions.started_at", type="timestamp"),
        **copied(
            "sessions", "session_id", "visitor_id", "customer_id", "marketing_channel", "device"
        ),
        "region": dimension("contacts.region", via=_CUSTOMER),
        "customer_region": dimension("contacts.region", via=_CUSTOMER),
        "acquisition_channel": dimension("contacts.acquisition_channel", via=_CUSTOMER),
        "page_views": _measure("int64", "page_views"),
        "cart": _measure("boolean", "cart"),
        "checkout": _measure("boolean", "checkout"),
        "ordered": Column("boolean", (*_ORDER, "orders.order_id"), measure=True),
        # Null where the session placed no order, or one whose value is not known.
        "net_sales": Column(MONEY, (*_ORDER, *SALES.events["net_sales"].needs), measure=True),
    },
    build=_sessions,
    tables=("sessions", "contacts"),
    recorded=("sessions", "started_at"),
)
