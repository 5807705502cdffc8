"""Facts of sales and returns: lines sold, orders, returns of goods."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from marketing_kpi.data.conform import line_value
from marketing_kpi.kpis.facts.base import (
    CANCELLED,
    MONEY,
    NEVER_SALES,
    Column,
    Fact,
    Homes,
    attach,
    bought,
    copied,
    dimension,
    first_known,
    from_table,
    homes_of,
    one_a_key,
    placed_orders,
    sells_by_line,
    stands,
    valid_orders,
    with_dimensions,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data

# What the measures of a line are made of: price times quantity. A line's own price or cost wins
# over the product's current one. Such columns are called table__column while a fact is built.
_PRICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "net_sales": ("order_lines__unit_price",),
        "gross_sales": ("order_lines__list_price", "products__list_price"),
        "cost": ("order_lines__unit_cost", "products__unit_cost"),
    }
)


def _price_homes(measures: Collection[str], data: Data) -> Homes:
    """Return where what the measures of a line are made of stands, as ``table__column``."""
    parts = {part for measure in measures for part in _PRICES[measure]}
    parts |= {"order_lines__quantity", "order_lines__order_id"}
    if "net_sales" in measures:
        parts.add("orders__amount")
    homes = {}
    for part in sorted(parts):
        table, _, column = part.partition("__")
        reached = table != "products" or data.has("order_lines", "product_id")
        if reached and data.has(table, column):
            homes[part] = (table, column)
    return homes


def _line_measure(rows: ir.Table, measure: str) -> ir.Value:
    """Multiply price and quantity; an order without lines keeps its amount as net sales."""

    prices = [rows[part] for part in _PRICES[measure] if part in rows.columns]
    value = line_value(rows["order_lines__quantity"], first_known(prices))
    if measure == "net_sales" and "orders__amount" in rows.columns:
        return rows["order_lines__order_id"].isnull().ifelse(rows["orders__amount"], value)
    return value


def _sales(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row a line of a valid order; a row an order where no column of a line is read."""
    return _lines_of(valid_orders(data), data, columns)


def _booked_sales(data: Data, columns: Collection[str]) -> ir.Table:
    """Return the rows of `sales`, of orders as they were booked."""
    return _lines_of(placed_orders(data), data, columns)


def _lines_of(orders: ir.Table, data: Data, columns: Collection[str]) -> ir.Table:
    homes = homes_of(SALES, columns, data)
    measures = sorted(_PRICES.keys() & columns)
    by_line = sells_by_line(data)
    if measures:
        homes |= _price_homes(measures, data) if by_line else {"net_sales": ("orders", "amount")}
    if "products" in {table for table, _ in homes.values()}:
        homes.setdefault("product_id", ("order_lines", "product_id"))
    picked = {"order_id": "order_id", **from_table(homes, "orders")}
    told = {"bought"} if "quantity" in columns else set()
    rows = _picked(orders, picked, {*columns, *told})
    if lines := from_table(homes, "order_lines"):
        rows = attach(rows, data.table("order_lines"), on=["order_id"], columns=lines)
    rows = with_dimensions(rows, data, homes)
    if by_line:
        rows = rows.mutate(**{measure: _line_measure(rows, measure) for measure in measures})
    if "quantity" in columns:  # a credit gives money back for units that were sold before
        rows = rows.mutate(quantity=rows.bought.ifelse(rows.quantity, 0).cast(MONEY))
    return rows.select(*sorted(columns))


def _orders(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row a valid order."""
    homes = homes_of(ORDERS, columns, data)
    rows = _picked(valid_orders(data), from_table(homes, "orders"), columns)
    return with_dimensions(rows, data, homes).select(*sorted(columns))


def _picked(orders: ir.Table, names: Mapping[str, str], columns: Collection[str]) -> ir.Table:
    """Return columns (new name to old) of the orders, and whether they are purchases if wanted."""
    made = {"bought": bought(orders)} if "bought" in columns else {}
    return orders.select(**{new: orders[old] for new, old in names.items()}, **made)


def _returns(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row a return of goods; those of an order that is not valid are left out.

    A return whose order is unknown counts. Its value is the price paid for the units; where the
    line is unknown, what was refunded stands for it. What the return does not say (customer,
    product, channel) is taken from its order and line.
    """
    rows = data.table("returns")
    if "kind" in rows.columns:
        rows = rows.filter(rows.kind.isnull() | (rows.kind == "return"))
    return _told_of(rows, data, columns)


def every_return(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row a return or allowance; the rest as in the fact `returns`."""
    return _told_of(data.table("returns"), data, columns)


def _told_of(rows: ir.Table, data: Data, columns: Collection[str]) -> ir.Table:
    """Return rows of the table `returns` with what the other tables tell of them."""
    homes = homes_of(RETURNS, columns, data)
    rows = rows.rename({f"returns__{name}": name for name in rows.columns})
    rows = _with_returned_orders(rows, data, from_table(homes, "orders"))
    rows = _with_returned_lines(rows, data, from_table(homes, "order_lines"))
    own = {new: rows[f"returns__{old}"] for new, old in from_table(homes, "returns").items()}
    rows = rows.mutate(**own, **_said_or_known(rows, {*columns, *homes}))
    return with_dimensions(rows, data, homes).select(*sorted(columns))


def _with_returned_orders(rows: ir.Table, data: Data, columns: Mapping[str, str]) -> ir.Table:
    import ibis

    orders = data.table("orders")
    if "returns__order_id" not in rows.columns:
        return _unknown(rows, orders, columns)
    conditions = stands(orders, without=CANCELLED + NEVER_SALES)
    orders = orders.mutate(stands=ibis.and_(*conditions))
    known = {f"orders__{n}": n for n in ("customer_id", "channel") if n in orders.columns}
    rows = attach(
        rows.mutate(order_id=rows["returns__order_id"]),
        orders,
        on=["order_id"],
        columns={**columns, **known, "orders__stands": "stands"},
    )
    return rows.filter(rows["orders__stands"].fill_null(True))


def _with_returned_lines(rows: ir.Table, data: Data, columns: Mapping[str, str]) -> ir.Table:
    if not data.has("order_lines"):
        return rows
    lines = data.table("order_lines")
    if not (data.has("returns", "order_id", "line_id") and data.has("order_lines", "line_id")):
        return _unknown(rows, lines, columns)
    known = {f"order_lines__{n}": n for n in ("product_id", "unit_price") if n in lines.columns}
    on, wanted = ["order_id", "line_id"], {**columns, **known}
    return attach(
        rows.mutate(line_id=rows["returns__line_id"]),
        one_a_key(lines, on, wanted.values()),
        on=on,
        columns=wanted,
    )


def _unknown(rows: ir.Table, other: ir.Table, columns: Mapping[str, str]) -> ir.Table:
    """Add nulls for the columns of a table that the returns do not lead to."""
    import ibis

    nulls = {new: ibis.null(other[old].type()) for new, old in columns.items()}
    return rows.mutate(**nulls) if nulls else rows


_SAID_OR_KNOWN = MappingProxyType(
    {
        "customer_id": ("returns__customer_id", "orders__customer_id"),
        "channel": ("returns__channel", "orders__channel"),
        "product_id": ("returns__product_id", "order_lines__product_id"),
    }
)


def _said_or_known(rows: ir.Table, columns: Collection[str]) -> dict[str, ir.Value]:
    """Return what a return says, or else what its order and line do."""

    made: dict[str, ir.Value] = {}
    for name in _SAID_OR_KNOWN.keys() & columns:
        made[name] = first_known([rows[p] for p in _SAID_OR_KNOWN[name] if p in rows.columns])
    if "units_returned" in columns:
        made["units_returned"] = rows["returns__quantity"]
    if "value_returned" in columns:
        values = (
            [rows["returns__refund_amount"]] if "returns__refund_amount" in rows.columns else []
        )
        if "order_lines__unit_price" in rows.columns:
            paid = line_value(rows["returns__quantity"], rows["order_lines__unit_price"])
            values.insert(0, paid)
        made["value_returned"] = first_known(values)
    return dict(sorted(made.items()))


_SOLD = MappingProxyType({"units_sold": "quantity", "net_sales": "net_sales"})
_RETURNED = ("units_returned", "value_returned")


def _sales_and_returns(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row a line sold or a unit's return, each at its own date."""
    import ibis

    dimensions = {*columns} - {"occurred_at", *_SOLD, *_RETURNED}
    sold, returned = _SOLD.keys() & columns, {*_RETURNED} & {*columns}
    sales = _sales(data, {"ordered_at", *dimensions, *(_SOLD[name] for name in sold)})
    returns = _returns(data, {"returned_at", *dimensions, *returned})
    nothing = ibis.null(MONEY)
    sales = sales.select(
        *sorted(dimensions),
        occurred_at=sales.ordered_at,
        **{name: sales[_SOLD[name]].cast(MONEY) for name in sorted(sold)},
        **dict.fromkeys(sorted(returned), nothing),
    )
    returns = returns.select(
        *sorted(dimensions),
        occurred_at=returns.returned_at,
        **dict.fromkeys(sorted(sold), nothing),
        **{name: returns[name].cast(MONEY) for name in sorted(returned)},
    )
    return ibis.union(sales, returns)


_ORDER = {
    **copied("orders", "order_id", "customer_id", "channel", "store_id"),
    "ordered_at": dimension("orders.ordered_at", type="timestamp"),
    # False for a credit: of data without amounts, all orders are purchases.
    "bought": Column("boolean", ("orders.order_id",)),
}
_STORE = {
    "store_region": dimension("stores.region", via=("orders.store_id",)),
    "store_type": dimension("stores.store_type", via=("orders.store_id",)),
}
_CUSTOMER = {
    "region": dimension("contacts.region", via=("orders.customer_id",)),
    "customer_region": dimension("contacts.region", via=("orders.customer_id",)),
    "acquisition_channel": dimension("contacts.acquisition_channel", via=("orders.customer_id",)),
}
_PRODUCT = copied("products", "category", "brand", via=("order_lines.product_id",))
_LINE = {
    **copied("order_lines", "line_id", "product_id", "promotion_id"),
    **_PRODUCT,
    "quantity": Column(MONEY, ("order_lines.quantity",), ("order_lines", "quantity"), True),
}


def _price(*choices: str) -> Column:
    return Column(MONEY, ("order_lines.quantity", " or ".join(choices)), measure=True)


SALES = Fact(
    name="sales",
    grain="a line of a valid order",
    time="ordered_at",
    events={
        **_ORDER,
        **_STORE,
        **_CUSTOMER,
        **_LINE,
        "gross_sales": _price(
            "order_lines.list_price", "order_lines.product_id + products.list_price"
        ),
        "net_sales": Column(
            MONEY,
            ("order_lines.quantity + order_lines.unit_price or orders.amount",),
            measure=True,
        ),
        "cost": _price("order_lines.unit_cost", "order_lines.product_id + products.unit_cost"),
    },
    build=_sales,
    tables=("orders", "order_lines", "products", "stores", "contacts"),
)
_AMOUNT = {"amount": Column(MONEY, ("orders.amount",), ("orders", "amount"), True)}
ORDERS = Fact(
    name="orders",
    grain="a valid order",
    time="ordered_at",
    events={**_ORDER, **_STORE, **_CUSTOMER, **_AMOUNT},
    build=_orders,
    tables=("orders", "stores", "contacts"),
)
BOOKED_SALES = replace(
    SALES,
    name="booked_sales",
    grain="a line of an order as it was booked: later cancellations in, fraud and tests out",
    build=_booked_sales,
)
_RETURNED_UNITS = {
    "units_returned": Column(MONEY, ("returns.quantity",), measure=True),
    "value_returned": Column(
        MONEY,
        ("returns.quantity + returns.line_id + order_lines.unit_price or returns.refund_amount",),
        measure=True,
    ),
}
_OF_RETURNS = {
    "customer_id": Column("string", ("returns.customer_id or returns.order_id",)),
    "channel": Column("string", ("returns.channel or returns.order_id + orders.channel",)),
    "product_id": Column(
        "string", ("returns.product_id or returns.line_id + order_lines.product_id",)
    ),
    "store_id": dimension("orders.store_id", via=("returns.order_id",)),
    "promotion_id": dimension("order_lines.promotion_id", via=("returns.line_id",)),
    **_STORE,
    **_CUSTOMER,
    **copied("products", "category", "brand"),
}
RETURNS = Fact(
    name="returns",
    grain="a return of goods from a valid or unknown order",
    time="returned_at",
    events={
        "returned_at": dimension("returns.returned_at", type="timestamp"),
        **copied("returns", "return_id", "order_id", "reason"),
        **_OF_RETURNS,
        **_RETURNED_UNITS,
    },
    build=_returns,
    tables=("returns", "orders", "order_lines", "products", "stores", "contacts"),
)
SALES_AND_RETURNS = Fact(
    name="sales_and_returns",
    grain="a line sold, or a return of goods, each at its own date",
    time="occurred_at",
    events={
        "occurred_at": Column("timestamp", ("orders.ordered_at", "returns.returned_at")),
        **_OF_RETURNS,
        "units_sold": replace(SALES.events["quantity"], home=None),
        "net_sales": SALES.events["net_sales"],
        **_RETURNED_UNITS,
    },
    build=_sales_and_returns,
    tables=("orders", "order_lines", "products", "stores", "contacts"),
)
