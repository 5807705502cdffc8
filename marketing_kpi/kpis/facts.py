"""The facts: the joined views that every simple KPI reads, and the one rule for valid orders.

A fact is a table of a stated grain, with one date that places its rows in a period, measures and
dimensions. Formulas (in the chapters) read its columns as attributes: ``sales.net_sales.sum()``.

A fact is built from *events*, and only with the columns that a question needs: a table is joined
when one of its columns is used, never else. So `sales` is a row a line where a column of
the lines is read, and a row an order where none is: formulas count distinct `order_id` or
`line_id`, not rows. Facts at the grain of a unit, such as a customer (`by_unit`), sum the events
up once for each unit, period and dimension value asked for: by channel, a customer of two channels
is one in each.

Valid orders are neither cancelled, fraudulent nor tests; an order without a status is valid.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

from marketing_kpi.data.model import TABLES

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data

MONEY = "decimal(18, 4)"
ACTIVITY_DAYS = 365
"""A customer is active for so many days after an order (the catalogue's `activity_days`)."""

Span: TypeAlias = Literal["period", "before_and_after", "to_date"]


@dataclass(frozen=True)
class Column:
    """A column of a fact.

    Attributes
    ----------
    type
        Its Ibis type.
    needs
        What it is made of, as ``table.column``: all of them are needed. Within one, " or "
        parts alternatives, and " + " what an alternative takes together.
    home
        The table and column it is copied from; None when it is computed.
    measure
        Whether it is a quantity to sum up, and so neither a dimension nor a filter.
    """

    type: str
    needs: tuple[str, ...]
    home: tuple[str, str] | None = None
    measure: bool = False


@dataclass(frozen=True)
class Fact:
    """A joined view with one grain and one date.

    Attributes
    ----------
    name, grain
        Its id, and what one row is.
    time
        The column of its events that puts a row in a period.
    events
        The columns of its events: dimensions, keys and measures.
    build
        Makes the events: ``build(data, columns)`` returns a table with those columns.
    tables
        Tables whose other columns may serve as dimensions, in order of precedence.
    span
        Which events tell about a period: those *in* it (or in its window), those of the
        365 days to its start and to its end (`before_and_after`), or all until its end
        (`to_date`).
    by_unit
        At the grain of a unit (a customer, an order): the columns that a formula reads, each with
        the event columns it is made of; None where formulas read the events themselves.
    unit_key
        At the grain of a unit: the event column that tells units apart.
    summarise
        At the grain of a unit: ``summarise(events, keys, columns)``, one row a unit and key.
    """

    name: str
    grain: str
    time: str
    events: Mapping[str, Column]
    build: Callable[[Data, Collection[str]], ir.Table]
    tables: tuple[str, ...]
    span: Span = "period"
    by_unit: Mapping[str, tuple[str, tuple[str, ...]]] | None = None
    unit_key: str = "customer_id"
    summarise: Callable[[ir.Table, Sequence[str], Collection[str]], ir.Table] | None = field(
        default=None, compare=False
    )

    @property
    def columns(self) -> dict[str, str]:
        """The columns that a formula can read, with their types."""
        if self.by_unit is None:
            return {name: column.type for name, column in self.events.items()}
        return {name: kind for name, (kind, _) in self.by_unit.items()}

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The columns one can group and filter by, beside the data's extra columns."""
        return tuple(
            name
            for name, column in self.events.items()
            if not column.measure and name != self.time and column.type == "string"
        )

    def event_columns(self, read: Iterable[str]) -> set[str]:
        """Return the event columns that the columns a formula reads are made of."""
        if self.by_unit is None:
            return {*read}
        made_of = (self.by_unit[name][1] for name in read)
        return {self.unit_key}.union(*made_of)


CANCELLED = ("cancelled",)
NEVER_SALES = ("fraud",)


def valid_orders(data: Data) -> ir.Table:
    """Return the orders that are neither cancelled, fraudulent nor tests.

    A null status, or data without the column, says nothing against an order.
    """
    return standing(data.table("orders"), without=CANCELLED + NEVER_SALES)


def placed_orders(data: Data) -> ir.Table:
    """Return the orders as they were booked: later cancellations in, fraud and tests out."""
    return standing(data.table("orders"), without=NEVER_SALES)


def standing(orders: ir.Table, *, without: tuple[str, ...] = CANCELLED + NEVER_SALES) -> ir.Table:
    """Return the orders of a table that are no test and whose status is not one of `without`."""
    conditions = _stands(orders, without=without)
    return orders.filter(*conditions) if conditions else orders


def _stands(orders: ir.Table, *, without: tuple[str, ...]) -> list[ir.BooleanValue]:
    """Return the conditions that an order meets to count."""
    conditions = []
    if "status" in orders.columns:
        conditions.append(orders.status.isnull() | orders.status.notin(without))
    if "is_test" in orders.columns:
        conditions.append(~orders.is_test.fill_null(False))
    return conditions


def sells_by_line(data: Data) -> bool:
    """Return whether sales are read from the lines, or else from the orders' amounts.

    Lines without quantity or price cannot tell what was sold; the amounts can.
    """
    priced = data.has("order_lines", "quantity", "unit_price")
    return priced or (data.has("order_lines") and not data.has("orders", "amount"))


def missing(fact: Fact, columns: Iterable[str], data: Data) -> list[str]:
    """Return what `data` lack for these event columns, as ``table.column``.

    Where one of several would do, they are one text: ``orders.amount or order_lines.unit_price``.
    """
    lacking: dict[str, None] = {}
    for name in sorted(columns):
        for need in _needs(fact, name, data):
            choices = need.split(" or ")
            if not any(_has(data, choice) for choice in choices):
                lacking[" or ".join(_absent(data, choice) for choice in choices)] = None
    return list(lacking)


def _needs(fact: Fact, column: str, data: Data) -> tuple[str, ...]:
    if column not in fact.events or _stand_in(fact, column, data):
        return ()
    needs = fact.events[column].needs
    of_lines = column != "net_sales" and any("order_lines." in need for need in needs)
    if of_lines and data.has("order_lines") and not sells_by_line(data):
        return (*needs, "order_lines.quantity", "order_lines.unit_price")
    return needs


def _absent(data: Data, choice: str) -> str:
    return " with ".join(part for part in choice.split(" + ") if not _has(data, part))


def _has(data: Data, need: str) -> bool:
    """Return whether the data have all of ``table.column + table.column``."""
    return all(data.has(*part.split(".")) for part in need.split(" + "))


# How a table is reached from a row of sales or returns, and where that key stands.
_REACHED_BY: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "products": ("product_id", "order_lines"),
        "stores": ("store_id", "orders"),
        "contacts": ("customer_id", "orders"),
    }
)


def home(fact: Fact, column: str, data: Data) -> tuple[str, str] | None:
    """Return the table and column that a dimension is copied from; None when there is none."""
    if column in fact.events:
        return _stand_in(fact, column, data) or fact.events[column].home
    return _column_of_a_table(fact, column, data)


def _column_of_a_table(fact: Fact, column: str, data: Data) -> tuple[str, str] | None:
    """Return the first table of a fact that leads to a column of that name."""
    for table in fact.tables:
        if data.has(table, column) and _is_reached(table, data):
            return table, column
    return None


def _stand_in(fact: Fact, column: str, data: Data) -> tuple[str, str] | None:
    """Return the extra column of the same name that serves where a dimension's own is absent.

    An extract may have the region on its orders, without a table of contacts. A column that the
    model has for another purpose (a store's region) is no stand-in.
    """
    event = fact.events[column]
    if event.measure or event.home is None or all(_has(data, need) for need in event.needs):
        return None
    place = _column_of_a_table(fact, column, data)
    return place if place and column not in TABLES[place[0]].names else None


def extra_columns(fact: Fact, data: Data) -> list[str]:
    """Return the columns of the data that are not of the model, but of a table of the fact."""
    found: dict[str, None] = {}
    for table in fact.tables:
        if data.has(table) and _is_reached(table, data):
            known = {*TABLES[table].names}
            found |= dict.fromkeys(n for n in data.table(table).columns if n not in known)
    return [name for name in found if name not in fact.events]


def _is_reached(table: str, data: Data) -> bool:
    """Return whether the rows of orders, lines and returns lead to a table."""
    if table in ("order_lines", "products") and not sells_by_line(data):
        return False
    key, stands_in = _REACHED_BY.get(table, ("order_id", table))
    return data.has(stands_in, key) or table == "returns"


# What the measures of a line are made of: price times quantity. A line's own price or cost wins
# over the product's current one. Such columns are called table__column while a fact is built.
_PRICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "net_sales": ("order_lines__unit_price",),
        "gross_sales": ("order_lines__list_price", "products__list_price"),
        "cost": ("order_lines__unit_cost", "products__unit_cost"),
    }
)

Homes: TypeAlias = "dict[str, tuple[str, str]]"


def _homes(fact: Fact, columns: Collection[str], data: Data) -> Homes:
    """Return where each copied column stands, with the keys that its table is reached by."""
    homes = {name: place for name in columns if (place := home(fact, name, data))}
    for table in {table for table, _ in homes.values()} & _REACHED_BY.keys():
        key, stands_in = _REACHED_BY[table]
        homes.setdefault(key, (stands_in, key))
    return homes


def _from(homes: Homes, table: str) -> dict[str, str]:
    return {name: column for name, (place, column) in sorted(homes.items()) if place == table}


def _attach(
    rows: ir.Table, other: ir.Table, *, on: Sequence[str], columns: Mapping[str, str]
) -> ir.Table:
    """Left-join `columns` (new name to old) of `other`, which has a row a value of `on`."""
    keys = {f"{name}_there": name for name in on}
    there = other.select(**{new: other[old] for new, old in {**columns, **keys}.items()})
    joined = rows.left_join(there, [rows[old] == there[new] for new, old in keys.items()])
    return joined.drop(*keys)


def _one_a_key(table: ir.Table, on: Sequence[str], columns: Collection[str]) -> ir.Table:
    """Return a row a key, with the smallest of the values where a key repeats.

    A product listed twice would otherwise double its sales.
    """
    wanted = sorted({*columns} - {*on})
    return table.group_by(list(on)).aggregate(**{name: table[name].min() for name in wanted})


def _with_dimensions(rows: ir.Table, data: Data, homes: Homes) -> ir.Table:
    for table, (key, _) in _REACHED_BY.items():
        if columns := _from(homes, table):
            there = _one_a_key(data.table(table), [key], columns.values())
            rows = _attach(rows, there, on=[key], columns=columns)
    return rows


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


def _first_known(values: Sequence[ir.Value]) -> ir.Value:
    """Return the first value that is not null; SQLite has no COALESCE of a single one."""
    import ibis

    return values[0] if len(values) == 1 else ibis.coalesce(*values)


def _line_measure(rows: ir.Table, measure: str) -> ir.Value:
    """Multiply price and quantity; an order without lines keeps its amount as net sales."""

    prices = [rows[part] for part in _PRICES[measure] if part in rows.columns]
    value = (rows["order_lines__quantity"] * _first_known(prices)).cast(MONEY)
    if measure == "net_sales" and "orders__amount" in rows.columns:
        return rows["order_lines__order_id"].isnull().ifelse(rows["orders__amount"], value)
    return value


def _sales(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row a line of a valid order; a row an order where no column of a line is read."""
    homes = _homes(SALES, columns, data)
    measures = sorted(_PRICES.keys() & columns)
    by_line = sells_by_line(data)
    if measures:
        homes |= _price_homes(measures, data) if by_line else {"net_sales": ("orders", "amount")}
    if "products" in {table for table, _ in homes.values()}:
        homes.setdefault("product_id", ("order_lines", "product_id"))
    orders = valid_orders(data)
    picked = {"order_id": "order_id", **_from(homes, "orders")}
    rows = orders.select(**{new: orders[old] for new, old in picked.items()})
    if lines := _from(homes, "order_lines"):
        rows = _attach(rows, data.table("order_lines"), on=["order_id"], columns=lines)
    rows = _with_dimensions(rows, data, homes)
    if by_line:
        rows = rows.mutate(**{measure: _line_measure(rows, measure) for measure in measures})
    return rows.select(*sorted(columns))


def _orders(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row a valid order."""
    return _by_order(data, columns, ORDERS, valid_orders(data))


def _booked_orders(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row an order as it was booked."""
    return _by_order(data, columns, BOOKED_ORDERS, placed_orders(data))


def _by_order(data: Data, columns: Collection[str], fact: Fact, orders: ir.Table) -> ir.Table:
    homes = _homes(fact, columns, data)
    rows = orders.select(**{new: orders[old] for new, old in _from(homes, "orders").items()})
    return _with_dimensions(rows, data, homes).select(*sorted(columns))


def _returns(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row a return of goods; those of an order that is not valid are left out.

    A return whose order is unknown counts. Its value is the price paid for the units; where the
    line is unknown, what was refunded stands for it. What the return does not say (customer,
    product, channel) is taken from its order and line.
    """
    rows = data.table("returns")
    if "kind" in rows.columns:
        rows = rows.filter(rows.kind.isnull() | (rows.kind == "return"))
    homes = _homes(RETURNS, columns, data)
    rows = rows.rename({f"returns__{name}": name for name in rows.columns})
    rows = _with_returned_orders(rows, data, _from(homes, "orders"))
    rows = _with_returned_lines(rows, data, _from(homes, "order_lines"))
    own = {new: rows[f"returns__{old}"] for new, old in _from(homes, "returns").items()}
    rows = rows.mutate(**own, **_said_or_known(rows, {*columns, *homes}))
    return _with_dimensions(rows, data, homes).select(*sorted(columns))


def _with_returned_orders(rows: ir.Table, data: Data, columns: Mapping[str, str]) -> ir.Table:
    import ibis

    orders = data.table("orders")
    if "returns__order_id" not in rows.columns:
        return _unknown(rows, orders, columns)
    conditions = _stands(orders, without=CANCELLED + NEVER_SALES)
    orders = orders.mutate(stands=ibis.and_(*conditions))
    known = {f"orders__{n}": n for n in ("customer_id", "channel") if n in orders.columns}
    rows = _attach(
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
    return _attach(
        rows.mutate(line_id=rows["returns__line_id"]),
        _one_a_key(lines, on, wanted.values()),
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
        made[name] = _first_known([rows[p] for p in _SAID_OR_KNOWN[name] if p in rows.columns])
    if "units_returned" in columns:
        made["units_returned"] = rows["returns__quantity"]
    if "value_returned" in columns:
        values = (
            [rows["returns__refund_amount"]] if "returns__refund_amount" in rows.columns else []
        )
        if "order_lines__unit_price" in rows.columns:
            paid = rows["returns__quantity"] * rows["order_lines__unit_price"]
            values.insert(0, paid.cast(MONEY))
        made["value_returned"] = _first_known(values)
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


def _orders_by_customer(
    events: ir.Table, keys: Sequence[str], columns: Collection[str]
) -> ir.Table:
    """Return a row an identified customer who ordered."""
    events = events.filter(events.customer_id.notnull())
    makers: dict[str, Callable[[], ir.Value]] = {
        "orders": lambda: events.order_id.nunique(),
        "net_sales": lambda: events.net_sales.sum(),
        "first_order": lambda: events.ordered_at.min(),
        "last_order": lambda: events.ordered_at.max(),
    }
    made = {name: make() for name, make in makers.items() if name in columns}
    unit = _unit(keys)
    return events.group_by(unit).aggregate(**made) if made else events.select(*unit).distinct()


def _unit(keys: Sequence[str]) -> list[str]:
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
    """Return a row an identified customer active before or after.

    Each event has the `period_start` of its period, and the moment `active_since` from which an
    order makes its customer active at the end; only events of the span are there.
    """
    events = events.filter(events.customer_id.notnull())
    return events.group_by(_unit(keys)).aggregate(
        active_before=(events.ordered_at < events.period_start).any(),
        active_after=(events.ordered_at >= events.active_since).any(),
    )


def _copied(table: str, *names: str, via: tuple[str, ...] = ()) -> dict[str, Column]:
    return {name: _dimension(f"{table}.{name}", via=via) for name in names}


def _dimension(place: str, *, via: tuple[str, ...] = (), type: str = "string") -> Column:
    table, _, column = place.partition(".")
    return Column(type, (*via, place), home=(table, column))


_ORDER = {
    **_copied("orders", "order_id", "customer_id", "channel", "store_id"),
    "ordered_at": _dimension("orders.ordered_at", type="timestamp"),
}
_STORE = {
    "store_region": _dimension("stores.region", via=("orders.store_id",)),
    "store_type": _dimension("stores.store_type", via=("orders.store_id",)),
}
_CUSTOMER = {
    "region": _dimension("contacts.region", via=("orders.customer_id",)),
    "customer_region": _dimension("contacts.region", via=("orders.customer_id",)),
    "acquisition_channel": _dimension("contacts.acquisition_channel", via=("orders.customer_id",)),
}
_PRODUCT = _copied("products", "category", "brand", via=("order_lines.product_id",))
_LINE = {
    **_copied("order_lines", "line_id", "product_id", "promotion_id"),
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
BOOKED_ORDERS = replace(
    ORDERS,
    name="booked_orders",
    grain="an order as it was booked: later cancellations in, fraud and tests out",
    build=_booked_orders,
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
    "store_id": _dimension("orders.store_id", via=("returns.order_id",)),
    "promotion_id": _dimension("order_lines.promotion_id", via=("returns.line_id",)),
    **_STORE,
    **_CUSTOMER,
    **_copied("products", "category", "brand"),
}
RETURNS = Fact(
    name="returns",
    grain="a return of goods from a valid or unknown order",
    time="returned_at",
    events={
        "returned_at": _dimension("returns.returned_at", type="timestamp"),
        **_copied("returns", "return_id", "order_id", "reason"),
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
    by_unit={
        "customer_id": ("string", ("customer_id",)),
        "active_before": ("boolean", ("ordered_at",)),
        "active_after": ("boolean", ("ordered_at",)),
    },
    summarise=_customer_activity,
)

FACTS: Mapping[str, Fact] = MappingProxyType(
    {
        fact.name: fact
        for fact in (
            SALES,
            ORDERS,
            BOOKED_ORDERS,
            RETURNS,
            SALES_AND_RETURNS,
            ORDERS_BY_CUSTOMER,
            CUSTOMERS_TO_DATE,
            CUSTOMER_RANKING,
            CUSTOMER_ACTIVITY,
        )
    }
)
"""Every fact, by name."""
