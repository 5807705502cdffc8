"""Facts of fulfilment: parcels by their promise and by their departure, and the work they take.

Parcels of orders that are not valid, or not known, are left out. A promise without a time of day
holds until the end of its day. A promise counts once its day is in the data: of later ones only
the early deliveries would be known, and every rate would be too good. Of a parcel delivered before
it was ordered, a date is false: whether it was on time is not known.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from marketing_kpi.kpis.facts.base import (
    MONEY,
    Column,
    Fact,
    attach,
    copied,
    dimension,
    from_table,
    homes_of,
    valid_orders,
    with_dimensions,
)
from marketing_kpi.kpis.facts.sales import SALES
from marketing_kpi.kpis.facts.service import has_goods, with_labour

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data

TIMES = ("ordered_at", "picked_at", "packed_at", "shipped_at", "delivered_at")
"""The moments of a parcel, in their order."""

LONGEST_SILENCE = 31
"""Days without a delivery, after the last order, that may lie between two that are both true."""

_SECONDS_A_DAY = 86_400

_KEPT = ("on_time", "in_full", "damaged")
_COSTS = ("transport_cost", "packaging_cost", "labour_cost")


def parcels_of(data: Data, columns: Collection[str], fact: Fact) -> ir.Table:
    """Return a row a parcel of a valid order, with columns copied from tables of a fact."""
    homes = homes_of(fact, columns, data)
    orders = valid_orders(data)
    of_order = from_table(homes, "orders")
    orders = orders.select(
        orders.order_id.name("its_order"), **{new: orders[old] for new, old in of_order.items()}
    )
    parcels = data.table("shipments")
    own = {new: parcels[old] for new, old in from_table(homes, "shipments").items()}
    rows = parcels.select(**{**own, "order_id": parcels.order_id})
    rows = rows.inner_join(orders, rows.order_id == orders.its_order).drop("its_order")
    return with_dimensions(rows, data, homes)


def _promised(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row a parcel that was due, and whether the promise was kept.

    What was not delivered was neither on time nor in full. Of what was delivered before it was
    ordered, it is not known whether it was on time.
    """
    own = {name for name in ("in_full", "damaged") if name in columns}
    dimensions = {*columns} - {*_KEPT, "promised_at", "is_backwards"}
    read = {"ordered_at", "promised_at", "delivered_at", *own, *dimensions}
    rows = parcels_of(data, read, PROMISED_PARCELS)
    rows = rows.filter(rows.promised_at.date() <= last_day(data))
    promised, delivered = rows.promised_at, rows.delivered_at
    is_day = promised == promised.truncate("D")
    kept = is_day.ifelse(delivered.date() <= promised.date(), delivered <= promised)
    backwards = _is_backwards(rows.ordered_at.cast("timestamp"), delivered)
    made = {"is_backwards": backwards, "on_time": backwards.ifelse(None, kept.fill_null(False))}
    made |= {name: delivered.isnull().ifelse(False, rows[name]) for name in own}
    return rows.mutate(**made).select(*sorted(columns))


def _is_backwards(ordered: ir.Value, delivered: ir.Value) -> ir.BooleanValue:
    """Say whether a parcel came before it was ordered; one without a time of day, by its day."""
    is_day = delivered == delivered.truncate("D")
    before = is_day.ifelse(delivered < ordered.truncate("D"), delivered < ordered)
    return before.fill_null(False)


def last_day(data: Data) -> ir.DateScalar:
    """Return the last day that the data tell of: of an order, or of the deliveries that follow it.

    A delivery after a longer silence than `LONGEST_SILENCE` has a false date: if the data went that
    far, every promise until then would be due, and what nobody has yet recorded be late.
    """
    import ibis

    orders, parcels = data.orders, data.table("shipments")
    last_order = orders.ordered_at.cast("timestamp").max().truncate("D")
    delivered = parcels.delivered_at.cast("timestamp").truncate("D")
    days = ibis.union(
        orders.aggregate(at=last_order, ordered=last_order),
        parcels.select(at=delivered, ordered=ibis.null("timestamp")).distinct(),
    )
    days = days.mutate(
        before=days["at"].lag().over(order_by=days["at"]), ordered=days.ordered.max().over()
    )
    silence = days["at"].epoch_seconds() - days.before.epoch_seconds()
    is_broken = (silence > LONGEST_SILENCE * _SECONDS_A_DAY) & (days.before >= days.ordered)
    last = days.before.min(where=is_broken).fill_null(days["at"].max())
    return days.aggregate(last=last.date()).as_scalar()


def _promised_orders(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row an order whose parcels were all due: what is true of all of them.

    It is due when the last of them is. What is not told of one parcel is not of the order.
    """
    import ibis

    own = [name for name in _KEPT if name in columns]
    rows = _promised(data, {"order_id", "promised_at", *own})
    all_of = data.table("shipments")
    parcels = all_of.group_by("order_id").aggregate(parcels=all_of.count())
    sums = {"promised_at": rows.promised_at.max(), "due": rows.count()}
    for name in own:
        worst = rows[name].any() if name == "damaged" else rows[name].all()
        sums[name] = (rows[name].count() == rows.count()).ifelse(worst, ibis.null("boolean"))
    orders = rows.group_by("order_id").aggregate(**sums)
    orders = attach(orders, parcels, on=["order_id"], columns={"parcels": "parcels"})
    orders = orders.filter(orders.due == orders.parcels)
    if "returned" in columns:
        back = data.table("returns")
        back = back.filter(has_goods(back)).select("order_id", returned=True).distinct()
        orders = attach(orders, back, on=["order_id"], columns={"returned": "returned"})
        orders = orders.mutate(returned=orders.returned.fill_null(False))
    homes = homes_of(PROMISED_ORDERS, {*columns} - {*orders.columns}, data)
    of_order = from_table(homes, "orders")
    orders = attach(orders, data.orders, on=["order_id"], columns=of_order)
    return with_dimensions(orders, data, homes).select(*sorted(columns))


def _parcels(data: Data, columns: Collection[str]) -> ir.Table:
    return parcels_of(data, columns, PARCELS).select(*sorted(columns))


def _shipped(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row a parcel that left, and what it cost: its own costs, its share of the labour.

    A cost that is not told of one parcel is not told of its order: the others alone would make it
    look cheaper than it was.
    """
    own = {*columns} - {"labour_cost"}
    rows = parcels_of(data, {"shipped_at", *own}, SHIPPED_PARCELS)
    if "labour_cost" in columns:
        rows = with_labour(rows.mutate(month=rows.shipped_at.truncate("M").date()), data)
        rows = rows.rename(labour_cost="labour")
    if costs := {*columns} & {*_COSTS}:
        rows = _whole_costs(rows, sorted(costs))
    return rows.select(*sorted(columns))


def _whole_costs(rows: ir.Table, costs: Sequence[str]) -> ir.Table:
    """Leave costs of an order only where they are told of every parcel that left."""
    import ibis

    untold = rows.filter(rows.shipped_at.notnull(), ibis.or_(*(rows[c].isnull() for c in costs)))
    untold = untold.select("order_id", untold=True).distinct()
    rows = attach(rows, untold, on=["order_id"], columns={"untold": "untold"})
    return rows.mutate(**{cost: rows.untold.isnull().ifelse(rows[cost], None) for cost in costs})


def _labour(data: Data, columns: Collection[str]) -> ir.Table:
    rows = data.table("labour")
    return rows.mutate(day=rows.day.cast("timestamp")).select(*sorted(columns))


_OF_CUSTOMER = ("region", "customer_region", "acquisition_channel")
_OF_STORE = ("store_region", "store_type")
_ORDER = {
    **copied("orders", "customer_id", "channel", "store_id", via=("shipments.order_id",)),
    **{
        name: replace(SALES.events[name], needs=("shipments.order_id", *SALES.events[name].needs))
        for name in (*_OF_STORE, *_OF_CUSTOMER)
    },
}
_PARCEL = copied("shipments", "shipment_id", "order_id")


def _flag(name: str, *needs: str) -> Column:
    return Column("boolean", needs, ("shipments", name) if name != "on_time" else None, True)


PARCELS = Fact(
    name="parcels",
    grain="a parcel of a valid order, with its moments",
    time="ordered_at",
    events={
        "ordered_at": dimension("orders.ordered_at", via=("shipments.order_id",), type="timestamp"),
        **{name: dimension(f"shipments.{name}", type="timestamp") for name in TIMES[1:]},
        **_PARCEL,
        **_ORDER,
    },
    build=_parcels,
    tables=("orders", "shipments", "stores", "contacts"),
)
_DUE = (
    "orders.ordered_at", "shipments.order_id", "shipments.promised_at", "shipments.delivered_at",
)  # fmt: skip
PROMISED_PARCELS = Fact(
    name="promised_parcels",
    grain="a parcel of a valid order that was due",
    time="promised_at",
    events={
        "ordered_at": PARCELS.events["ordered_at"],
        "promised_at": dimension("shipments.promised_at", type="timestamp"),
        "delivered_at": dimension("shipments.delivered_at", type="timestamp"),
        **_PARCEL,
        **_ORDER,
        "is_backwards": Column("boolean", _DUE, measure=True),
        "on_time": _flag("on_time", *_DUE),
        "in_full": _flag("in_full", *_DUE, "shipments.in_full"),
        "damaged": _flag("damaged", *_DUE, "shipments.damaged"),
    },
    build=_promised,
    tables=("orders", "shipments", "stores", "contacts"),
)
PROMISED_ORDERS = Fact(
    name="promised_orders",
    grain="a valid order whose parcels were all due",
    time="promised_at",
    events={
        "promised_at": PROMISED_PARCELS.events["promised_at"],
        "order_id": _PARCEL["order_id"],
        **_ORDER,
        **{name: replace(PROMISED_PARCELS.events[name], home=None) for name in _KEPT},
        "returned": Column("boolean", ("returns.order_id",), measure=True),
    },
    build=_promised_orders,
    tables=("orders", "stores", "contacts"),
)


def _measure(table: str, name: str, kind: str = MONEY) -> Column:
    return Column(kind, (f"{table}.{name}",), (table, name), True)


SHIPPED_PARCELS = Fact(
    name="shipped_parcels",
    grain="a parcel of a valid order that left",
    time="shipped_at",
    events={
        "shipped_at": dimension("shipments.shipped_at", type="timestamp"),
        **_PARCEL,
        **_ORDER,
        "transport_cost": _measure("shipments", "transport_cost"),
        "packaging_cost": _measure("shipments", "packaging_cost"),
        "labour_cost": Column(
            MONEY, ("labour.day", "labour.cost", "shipments.shipped_at"), measure=True
        ),
    },
    build=_shipped,
    tables=("orders", "shipments", "stores", "contacts"),
)
LABOUR = Fact(
    name="labour",
    grain="the work of a day, place and activity",
    time="day",
    events={
        "day": dimension("labour.day", type="timestamp"),
        **copied("labour", "location_id", "activity"),
        "hours": _measure("labour", "hours", "float64"),
        "units": _measure("labour", "units"),
        "cost": _measure("labour", "cost"),
    },
    build=_labour,
    tables=(),
)
