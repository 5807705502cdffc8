"""What journeys are made of: touches, the persons they belong to, and the orders that end them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import ibis
import ibis.expr.types as ir

from marketing_kpi.data.model import SALES_CHANNELS
from marketing_kpi.errors import ComputeError, MissingDataError
from marketing_kpi.kpis.facts.base import MONEY, missing
from marketing_kpi.kpis.facts.sales import SALES
from marketing_kpi.kpis.periods import midnight

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data

KINDS = ("impression", "open", "click", "visit")
"""Kinds of touch, in the order in which those of one moment count: seen before acted upon."""

ONLINE = ("web", "app")
"""Sales channels whose orders are placed on the shop's own site or app. Neither are those of the
other channels of the model, nor, as far as is known, those of a channel that it does not know."""

VISITORS = "web_analytics"
"""Source system whose identifiers, in `identities`, are those of visitors."""

_TOUCHES = "touchpoints.at with touchpoints.marketing_channel"
_PERSONS = "touchpoints.customer_id or touchpoints.visitor_id"


class Source(NamedTuple):
    """The table that touches are read from."""

    table: str
    at: str

    def names_persons(self, data: Data) -> bool:
        """Return whether its rows say whose they are."""
        return any(data.has(self.table, name) for name in ("customer_id", "visitor_id"))

    def tells(self, data: Data) -> bool:
        """Return whether touches can be read from it."""
        return data.has(self.table, self.at, "marketing_channel") and self.names_persons(data)

    def read(self, data: Data) -> ir.Table:
        """Return its rows: at, channel, kind, customer_id, visitor_id, campaign_id."""
        rows = data.table(self.table)
        kind = rows.kind if "kind" in rows.columns else ibis.null("string")
        return rows.select(
            at=rows[self.at].cast("timestamp"),
            channel=rows.marketing_channel.cast("string"),
            kind=kind.cast("string"),
            **{name: text(rows, name) for name in ("customer_id", "visitor_id", "campaign_id")},
        )


SOURCES = (Source("touchpoints", "at"), Source("sessions", "started_at"))
"""Where touches may stand, the best first: of sessions alone, only the visits are known."""


def lacking(data: Data) -> list[str]:
    """Return what the data lack for journeys, as ``table.column``; empty when they can be made.

    >>> import pandas as pd
    >>> from marketing_kpi.data.sources import open_data
    >>> days = pd.to_datetime(["2025-01-05"])
    >>> lacking(open_data({"orders": pd.DataFrame({"order_id": ["1"], "ordered_at": days})}))
    ['touchpoints.at with touchpoints.marketing_channel']
    """
    found = [one for one in SOURCES if data.has(one.table, one.at, "marketing_channel")]
    if not found:
        return [_TOUCHES]
    if not any(one.names_persons(data) for one in found):
        return [_PERSONS.replace("touchpoints", found[0].table)]
    tied = data.has("orders", "customer_id") or data.has("sessions", "order_id", "visitor_id")
    return [] if tied else ["orders.customer_id or sessions.order_id with sessions.visitor_id"]


def source_of(data: Data) -> Source:
    """Return the table of touches; refuse data that lack what journeys need."""
    if absent := lacking(data):
        raise MissingDataError(f"journeys need {', '.join(absent)}, which these data lack")
    return next(one for one in SOURCES if one.tells(data))


def text(rows: ir.Table, name: str) -> ir.StringValue:
    """Return a column as text, null where the table lacks it."""
    return rows[name].cast("string") if name in rows.columns else ibis.null("string")


def touches(data: Data, *, kinds: Sequence[str] | None) -> ir.Table:
    """Return a row a touch of a known person and moment: person, at, rank, channel, campaign_id.

    A touch recorded twice is one.
    """
    return recorded_touches(data, kinds=kinds).distinct()


def recorded_touches(data: Data, *, kinds: Sequence[str] | None = None) -> ir.Table:
    """Return the touches as they are recorded, one twice where it is recorded twice."""
    rows = source_of(data).read(data)
    if kinds is not None:
        rows = rows.filter(rows.kind.isin([*kinds]))
    rows = with_person(rows, data)
    rows = rows.filter(rows.person.notnull(), rows["at"].notnull())
    ranks = [(kind, rank) for rank, kind in enumerate(KINDS)]
    rank = rows.kind.cases(*ranks, else_=len(KINDS)).cast("int8")
    return rows.select("person", "at", "channel", "campaign_id", rank=rank)


def with_person(rows: ir.Table, data: Data) -> ir.Table:
    """Add `person`: the customer, else the one customer of the visitor, else the visitor.

    A visitor whom several customers share stays a visitor where no customer is named.
    """
    linked = links(data)
    if linked is None:
        owner: ir.StringValue = rows.customer_id
    else:
        rows = rows.left_join(linked, rows.visitor_id == linked.linked_visitor)
        owner = ibis.coalesce(rows.customer_id, rows.linked_customer)
    person = ibis.coalesce(ibis.literal("c:") + owner, ibis.literal("v:") + rows.visitor_id)
    kept = [name for name in rows.columns if not name.startswith("linked_")]
    return rows.select(*kept, person=person)


def links(data: Data) -> ir.Table | None:
    """Return the visitors of one customer only: linked_visitor, linked_customer; None if untold."""
    pairs = seen_together(data)
    if pairs is None:
        return None
    found = pairs.group_by(linked_visitor=pairs.visitor).aggregate(
        linked_customer=pairs.customer.min(), customers=pairs.customer.nunique()
    )
    return found.filter(found.customers == 1).drop("customers")


def seen_together(data: Data) -> ir.Table | None:
    """Return the pairs of a visitor and a customer that the data tell of; None if they tell none.

    They meet in a touch or a session, in an order placed in a session, or stand in `identities` as
    one of the web analytics.
    """
    parts = []
    for name in ("touchpoints", "sessions"):
        if data.has(name, "visitor_id", "customer_id"):
            rows = data.table(name)
            parts.append(rows.select(visitor="visitor_id", customer="customer_id"))
    if data.has("sessions", "visitor_id", "order_id") and data.has("orders", "customer_id"):
        visits = data.table("sessions").select(visitor="visitor_id", placed="order_id")
        orders = data.orders
        both = visits.inner_join(orders, visits.placed == orders.order_id)
        parts.append(both.select("visitor", customer="customer_id"))
    if data.has("identities", "source_system", "source_id", "customer_id"):
        known = data.table("identities")
        known = known.filter(known.source_system == VISITORS)
        parts.append(known.select(visitor="source_id", customer="customer_id"))
    if not parts:
        return None
    told = [part.cast({"visitor": "string", "customer": "string"}) for part in parts]
    told = [part.filter(part.visitor.notnull(), part.customer.notnull()) for part in told]
    return ibis.union(*told, distinct=True) if len(told) > 1 else told[0].distinct()


def conversions(
    data: Data,
    *,
    which: str | Sequence[str],
    start: dt.date | None = None,
    end: dt.date | None = None,
    with_margin: bool = False,
) -> ir.Table:
    """Return a row an order that counts, in [start, end): order_id, person, at, revenue.

    Online are those of `ONLINE` and those that name no channel. Without bounds, those of any day.
    With its margin, that of the lines whose cost is known, null where none is; and uncosted, how
    many lines have none.

    The person is null where neither a customer nor a visit tells who placed it; revenue (net
    sales) where no amount is known.
    """
    read = {"order_id", "ordered_at", "bought"}
    wanted = ("customer_id", "channel", "net_sales", *(["cost"] if with_margin else []))
    told = {name for name in wanted if not missing(SALES, [name], data)}
    rows = SALES.build(data, read | told)
    conditions = [rows.bought]
    conditions += [rows.ordered_at >= midnight(start)] if start is not None else []
    conditions += [rows.ordered_at < midnight(end)] if end is not None else []
    if "channel" in told:
        conditions += _counts(rows.channel, which)
    rows = rows.filter(*conditions)
    revenue = rows.net_sales.sum() if "net_sales" in told else ibis.null(MONEY)
    customer = rows.customer_id.max() if "customer_id" in told else ibis.null("string")
    margins = {}
    if with_margin:
        known = {"cost", "net_sales"} <= told
        rows = rows.mutate(margin=rows.net_sales - rows.cost if known else ibis.null(MONEY))
        margins = {"margin": rows.margin.sum().cast(MONEY), "uncosted": rows.margin.isnull().sum()}
    orders = rows.group_by("order_id").aggregate(
        at=rows.ordered_at.min(),
        customer_id=customer.cast("string"),
        revenue=revenue.cast(MONEY),
        **margins,
    )
    return with_person(_with_visitor(orders, data), data).drop("customer_id", "visitor_id")


def orders_by_channel(data: Data, *, start: dt.date, end: dt.date) -> ir.Table | None:
    """Return how many orders that count each sales channel has: channel, orders; None if untold."""
    if missing(SALES, ["channel"], data):
        return None
    rows = SALES.build(data, {"order_id", "ordered_at", "bought", "channel"})
    in_time = [rows.ordered_at >= midnight(start), rows.ordered_at < midnight(end)]
    rows = rows.filter(rows.bought, *in_time)
    return rows.group_by("channel").aggregate(orders=rows.order_id.nunique())


def tells_online(data: Data) -> ir.BooleanScalar | None:
    """Return whether the sales channels tell which orders are placed online; None if untold.

    They do not where none is online and some are of channels that the model does not know.
    """
    if not data.has("orders", "channel"):
        return None
    channel = data.table("orders").channel
    online = (channel.isin(ONLINE) | channel.isnull()).sum().fill_null(0)
    unknown = channel.notin(SALES_CHANNELS).sum().fill_null(0)
    return ((online > 0) | (unknown == 0)).name("tells_online")


def _counts(channel: ir.StringValue, which: str | Sequence[str]) -> list[ir.BooleanValue]:
    """Return the conditions that the sales channel of an order meets to count."""
    if which == "all":
        return []
    if which == "online":
        return [channel.isin(ONLINE) | channel.isnull()]
    if isinstance(which, str):
        raise ComputeError(
            f"conversions == '{which}', must be 'online', 'all' or a list of sales channels",
            hint=f"for instance ['{which}']",
        )
    return [channel.isin([*which])]


def _with_visitor(orders: ir.Table, data: Data) -> ir.Table:
    """Add the visitor of the session that placed each order; null where several did."""
    if not data.has("sessions", "order_id", "visitor_id"):
        return orders.mutate(visitor_id=ibis.null("string"))
    visits = data.table("sessions")
    visits = visits.filter(visits.order_id.notnull(), visits.visitor_id.notnull())
    found = visits.group_by(placed="order_id").aggregate(
        visitor_id=visits.visitor_id.min().cast("string"), visitors=visits.visitor_id.nunique()
    )
    found = found.filter(found.visitors == 1).drop("visitors")
    return orders.left_join(found, orders.order_id == found.placed).drop("placed")
