"""Facts of stock: what lies where at the close of a day, and the sales that it is held against.

Stock does not add up over time: of a period, formulas read the last day on record, the first, or
the average over the days on record (`Fact.snapshots` tells rows which these are). Sales are held
against it from the first day of the whole record to the last, of the products that it knows, and
of the stores that it knows; those that name no store left one of its other places.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from marketing_kpi.kpis.facts.base import (
    MONEY,
    SNAPSHOT_COLUMNS,
    Column,
    Fact,
    attach,
    first_known,
    one_a_key,
)
from marketing_kpi.kpis.facts.sales import SALES

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data

STORE, WAREHOUSE = "store", "warehouse"
"""Kinds of place: a store of the orders, and any other, from which online orders leave."""

_TOLD = ("category", "brand")
_SALES = ("cost", "net_sales", "quantity", "target_cost")


def sellable_of(rows: ir.Table) -> ir.Value | None:
    """Return the units that can be sold: as recorded, or on hand less reserved and damaged.

    None where the stock has neither.
    """
    told = [rows.sellable] if "sellable" in rows.columns else []
    if {"on_hand", "reserved", "damaged"} <= {*rows.columns}:
        told.append(rows.on_hand - rows.reserved - rows.damaged)
    return first_known(told) if told else None


def is_out(rows: ir.Table) -> ir.BooleanValue:
    """Return whether nothing can be sold; by the units on hand where the sellable are not told."""
    sellable = sellable_of(rows)
    told = [] if sellable is None else [sellable]
    if "on_hand" in rows.columns:
        told.append(rows.on_hand)
    return first_known(told) <= 0


def _stock(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row a day, product and place on record."""
    rows = data.table("stock")
    rows = rows.filter(rows.day.notnull())
    if "opening" in columns:
        rows = _with_opening(rows)
    rows = _with_products(rows, data, columns)
    if "location_type" in columns:
        rows = _with_type(rows, data)
    made = {"day": rows.day.cast("timestamp")}
    if "sellable" in columns:
        sellable = sellable_of(rows)
        assert sellable is not None
        made["sellable"] = sellable.cast(MONEY)
    if "is_out" in columns:
        made["is_out"] = is_out(rows)
    if {"value", "aimed_value"} & {*columns}:
        made |= _values(rows)
    return rows.mutate(**made).select(*sorted(columns))


def _with_opening(rows: ir.Table) -> ir.Table:
    """Add the units on hand on the day on record before; 0 where the place did not list it."""
    import ibis

    days = rows.select("day").distinct()
    days = days.mutate(day_before=days.day.lag().over(order_by=days.day))
    rows = attach(rows, days, on=["day"], columns={"day_before": "day_before"})
    within = ibis.window(group_by=["product_id", "location_id"], order_by=rows.day)
    is_next = rows.day.lag().over(within) == rows.day_before
    before = is_next.fill_null(False).ifelse(rows.on_hand.lag().over(within), 0)
    return rows.mutate(opening=rows.day_before.isnull().ifelse(None, before).cast(MONEY))


def _with_products(rows: ir.Table, data: Data, columns: Collection[str]) -> ir.Table:
    """Join what the products tell: category, brand, and the cost and target that stock lacks."""
    wanted = {name: name for name in _TOLD if name in columns}
    if {"value", "aimed_value"} & {*columns} and data.has("products", "product_id", "unit_cost"):
        wanted["product_cost"] = "unit_cost"
    if "aimed_value" in columns:
        wanted["target_cover_days"] = "target_cover_days"
    if not wanted:
        return rows
    there = one_a_key(data.products, ["product_id"], wanted.values())
    return attach(rows, there, on=["product_id"], columns=wanted)


def _values(rows: ir.Table) -> dict[str, ir.Value]:
    """Return the stock at cost, and that of the products with a target."""
    costs = [rows[name] for name in ("unit_cost", "product_cost") if name in rows.columns]
    value = (rows.on_hand * first_known(costs)).cast(MONEY)
    if "target_cover_days" not in rows.columns:
        return {"value": value}
    aimed = rows.target_cover_days.notnull().ifelse(value, None)
    return {"value": value, "aimed_value": aimed.cast(MONEY)}


def _with_type(rows: ir.Table, data: Data) -> ir.Table:
    """Say of each place whether orders name it as their store."""
    import ibis

    stores = data.table("orders").select(there=data.orders.store_id).distinct()
    rows = rows.left_join(stores, rows.location_id == stores.there)
    kind = rows.there.isnull().ifelse(ibis.literal(WAREHOUSE), ibis.literal(STORE))
    return rows.mutate(location_type=rows.location_id.isnull().ifelse(None, kind)).drop("there")


def _sales(data: Data, columns: Collection[str]) -> ir.Table:
    """Return the sales that the stock on record stands against, a row a line."""
    import ibis

    by_store = data.has("orders", "store_id")
    read = {*columns} - {"occurred_at", "location_type", "target_cost"}
    read |= {"ordered_at", "product_id", *(["store_id"] if by_store else [])}
    read |= {"cost"} if {"net_sales", "target_cost"} & {*columns} else set()
    rows = SALES.build(data, read)
    stock = data.table("stock")
    rows = rows.filter(
        rows.ordered_at.date() >= stock.day.min().as_scalar(),
        rows.ordered_at.date() <= stock.day.max().as_scalar(),
    )
    rows = rows.semi_join(stock, "product_id")
    if by_store and data.has("stock", "location_id"):
        places = stock.select(place=stock.location_id).distinct()
        rows = rows.left_join(places, rows.store_id == places.place)
        rows = rows.filter(rows.store_id.isnull() | rows.place.notnull())
    if "location_type" in columns:
        online = rows.store_id.isnull()
        kind = online.ifelse(ibis.literal(WAREHOUSE), ibis.literal(STORE))
        rows = rows.mutate(location_type=kind)
    if "target_cost" in columns:
        targets = one_a_key(data.products, ["product_id"], ["target_cover_days"])
        columns_of = {"target": "target_cover_days"}
        rows = attach(rows, targets, on=["product_id"], columns=columns_of)
        aimed = rows.target.notnull().ifelse(rows.cost, None)
        rows = rows.mutate(aimed_cost=aimed, target_cost=rows.cost * rows.target)
    if "net_sales" in columns:  # the margin is of lines with a known cost
        rows = rows.mutate(net_sales=rows.cost.notnull().ifelse(rows.net_sales, None))
    return rows.mutate(occurred_at=rows.ordered_at.cast("timestamp"))


def _stock_and_sales(data: Data, columns: Collection[str]) -> ir.Table:
    """Return the rows of the stock and the sales held against it, each with its own measures."""
    import ibis

    wanted = {*columns} | ({"target_cost"} if "aimed_cost" in columns else set())
    of_sales = {name for name in wanted if name in {*_SALES, "aimed_cost"}}
    of_stock = {"value", "aimed_value", "received", "opening"} & wanted
    keys = sorted(wanted - of_sales - of_stock - {"occurred_at"})
    parts = []
    if of_stock:
        stock = _stock(data, {*keys, "day", *of_stock})
        parts.append(stock.rename(occurred_at="day"))
    if of_sales:
        parts.append(_sales(data, {*keys, *of_sales - {"aimed_cost"}}))
    measures = sorted(of_sales | of_stock)
    padded = [
        part.select(
            "occurred_at",
            *keys,
            **{
                name: part[name].cast(MONEY) if name in part.columns else ibis.null(MONEY)
                for name in measures
            },
        )
        for part in parts
    ]
    rows = ibis.union(*padded) if len(padded) > 1 else padded[0]
    return rows.select(*sorted(columns))


def _snapshot(*needs: str) -> dict[str, Column]:
    return {name: Column(kind, needs, measure=True) for name, kind in SNAPSHOT_COLUMNS.items()}


_COST = ("stock.on_hand", "stock.unit_cost or stock.product_id + products.unit_cost")
_TARGET = ("stock.product_id", "products.target_cover_days")
_LOCATION_TYPE = Column("string", ("stock.location_id", "orders.store_id"))
STOCK = Fact(
    name="stock",
    grain="a product in a place at the close of a day",
    time="day",
    events={
        "day": Column("timestamp", ("stock.day",)),
        "product_id": Column("string", ("stock.product_id",), ("stock", "product_id")),
        "location_id": Column("string", ("stock.location_id",), ("stock", "location_id")),
        "location_type": _LOCATION_TYPE,
        **{
            name: Column("string", ("stock.product_id", f"products.{name}"), ("products", name))
            for name in _TOLD
        },
        "on_hand": Column(MONEY, ("stock.on_hand",), ("stock", "on_hand"), True),
        "sellable": Column(
            MONEY,
            ("stock.sellable or stock.on_hand + stock.reserved + stock.damaged",),
            measure=True,
        ),
        "is_out": Column("boolean", ("stock.sellable or stock.on_hand",), measure=True),
        "value": Column(MONEY, _COST, measure=True),
        **_snapshot("stock.day"),
    },
    build=_stock,
    tables=(),
    recorded=("stock", "day"),
    snapshots=("stock", "day"),
)
_SOLD = ("orders.ordered_at", "order_lines.product_id", "stock.product_id", "order_lines.quantity")


def _sold(name: str, *needs: str) -> Column:
    return Column(MONEY, (*_SOLD, *SALES.events[name].needs, *needs), measure=True)


STOCK_AND_SALES = Fact(
    name="stock_and_sales",
    grain="a product in a place at the close of a day, or a line sold of such a product",
    time="occurred_at",
    events={
        "occurred_at": Column("timestamp", ("stock.day", "orders.ordered_at")),
        "product_id": Column("string", ("stock.product_id", "order_lines.product_id")),
        "location_type": _LOCATION_TYPE,
        **{
            name: Column(
                "string", ("stock.product_id", "order_lines.product_id", f"products.{name}")
            )
            for name in _TOLD
        },
        "value": Column(MONEY, _COST, measure=True),
        "aimed_value": Column(MONEY, (*_COST, *_TARGET), measure=True),
        "opening": Column(
            MONEY, ("stock.on_hand", "stock.product_id", "stock.location_id"), measure=True
        ),
        "received": Column(MONEY, ("stock.received",), measure=True),
        "quantity": _sold("quantity"),
        "cost": _sold("cost"),
        "net_sales": _sold("net_sales", *SALES.events["cost"].needs),
        "aimed_cost": _sold("cost", *_TARGET),
        "target_cost": _sold("cost", *_TARGET),
        **_snapshot("stock.day"),
    },
    build=_stock_and_sales,
    tables=(),
    recorded=("stock", "day"),
    snapshots=("stock", "day"),
)
