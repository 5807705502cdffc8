"""What a fact is, the one rule for valid orders, and how a fact's tables are joined.

A fact is a table of a stated grain, with one date that places its rows in a period, measures and
dimensions. Formulas (in the chapters) read its columns as attributes: ``sales.net_sales.sum()``.

A fact is built from *events*, and only with the columns that a question needs: a table is joined
when one of its columns is used, never else. So `sales` is a row a line where a column of
the lines is read, and a row an order where none is: formulas count distinct `order_id` or
`line_id`, not rows. Facts at the grain of a unit, such as a customer (`by_unit`), sum the events
up once for each unit, period and dimension value asked for: by channel, a customer of two channels
is one in each.

Valid orders are neither cancelled, fraudulent nor tests; an order without a status is valid. A
credit entered as an order, below 0, lowers net sales and what its customer spent, but nobody came
to buy: it is in no count of orders or of customers (`is_credit`). An order of 0 is in them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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

SNAPSHOT_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "is_opening": "boolean",
        "is_closing": "boolean",
        "has_opening": "boolean",
        "days_recorded": "int64",
        "days_covered": "int64",
    }
)
"""What rows of a fact with `Fact.snapshots` know of their period: whether theirs is its first or
its last day on record, whether the day before the first is on record, how many of the period are,
and how many days of the period lie between the first and the last day of the whole record."""


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
    within
        How long around its own date a row counts what it counts (``28 days`` from a contact);
        null: a row is of one moment, or its days are a KPI's own window.
    by_unit
        At the grain of a unit (a customer, an order): the columns that a formula reads, each with
        the event columns it is made of; None where formulas read the events themselves.
    prepare
        Makes of the events what periods take: ``prepare(events, by)``, of all of them and once,
        where a row depends on other rows whatever the period (a purchase on the one before it).
    history_days
        Days of orders, before the period or its window, that its rows are made of.
    history_unless
        The table and column that tell what `history_days` would.
    recorded
        The table and column of the days that its events are recorded on, where that may be fewer
        than the orders tell of: before the first and after the last of them, a cell without a row
        is not 0 but unknown. None: every day of the data.
    unit_key
        At the grain of a unit: the event column that tells units apart.
    summarise
        At the grain of a unit: ``summarise(events, keys, columns)``, one row a unit and key.
    snapshots
        The table and column of the days that a state is recorded on, such as stock, which does not
        add up over days: the rows then have `SNAPSHOT_COLUMNS`, which `build` need not make.
    decided_by
        Columns of the data, as ``table.column``, that decide which of its rows count, where the
        data have them.
    whole_months
        Whether part of it is only told by month (the ledger): days, weeks and periods that cut a
        month are refused.
    """

    name: str
    grain: str
    time: str
    events: Mapping[str, Column]
    build: Callable[[Data, Collection[str]], ir.Table]
    tables: tuple[str, ...]
    span: Span = "period"
    within: str | None = None
    by_unit: Mapping[str, tuple[str, tuple[str, ...]]] | None = None
    prepare: Callable[[ir.Table, Sequence[str]], ir.Table] | None = field(
        default=None, compare=False
    )
    history_days: int = 0
    history_unless: tuple[str, str] | None = None
    recorded: tuple[str, str] | None = None
    unit_key: str = "customer_id"
    summarise: Callable[[ir.Table, Sequence[str], Collection[str]], ir.Table] | None = field(
        default=None, compare=False
    )
    snapshots: tuple[str, str] | None = None
    decided_by: tuple[str, ...] = ()
    whole_months: bool = False

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


def is_credit(amount: ir.NumericValue) -> ir.BooleanValue:
    """Return whether an order is a credit entered as one: an amount below 0, and no purchase.

    The one rule of what is no purchase: every count of orders, or of customers who ordered, leaves
    credits out, and sums of money keep them. An order of 0, a gift or a replacement, brings its
    customer back; one of unknown amount too. Only the stages of the lifecycle leave orders of 0 out
    as well (`marketing_kpi.kpis.facts.lifecycle.is_purchase`).
    """
    return (amount < 0).fill_null(False)


def bought(orders: ir.Table) -> ir.BooleanValue:
    """Return whether orders are purchases, and no credits; all are where amounts are not told."""
    import ibis

    return ~is_credit(orders.amount) if "amount" in orders.columns else ibis.literal(True)


def identified_orders(data: Data) -> ir.Table:
    """Return the orders with a customer, of any status, whatever the data lack.

    Parameters
    ----------
    data
        What `open_data` returns.

    Returns
    -------
    ibis.Table
        The orders with a customer, lazily. Data without customers have none of these; without
        amounts, amount is null, and customers are scored on recency and frequency alone.

    Examples
    --------
    >>> import pandas as pd
    >>> from marketing_kpi.data.sources import open_data
    >>> days = pd.to_datetime(["2025-12-01", "2025-12-31"])
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "ordered_at": days})
    >>> identified_orders(open_data({"orders": orders})).count().execute()
    0
    """
    orders = data.filled("orders.customer_id", "orders.amount").orders
    return orders.filter(orders.customer_id.notnull())


def placed_orders(data: Data) -> ir.Table:
    """Return the orders as they were booked: later cancellations in, fraud and tests out."""
    return standing(data.table("orders"), without=NEVER_SALES)


def standing(orders: ir.Table, *, without: tuple[str, ...] = CANCELLED + NEVER_SALES) -> ir.Table:
    """Return the orders of a table that are no test and whose status is not one of `without`."""
    conditions = stands(orders, without=without)
    return orders.filter(*conditions) if conditions else orders


def stands(orders: ir.Table, *, without: tuple[str, ...]) -> list[ir.BooleanValue]:
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
            if not any(has(data, choice) for choice in choices):
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
    return " with ".join(part for part in choice.split(" + ") if not has(data, part))


def has(data: Data, need: str) -> bool:
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
    if event.measure or event.home is None or all(has(data, need) for need in event.needs):
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


# Tables that a fact is made of, which hold no order.
_OF_THEIR_OWN = ("returns", "surveys", "category_spend", "campaign_members", "sessions")


def _is_reached(table: str, data: Data) -> bool:
    """Return whether the rows of orders, lines and returns lead to a table."""
    if table in ("order_lines", "products") and not sells_by_line(data):
        return False
    key, stands_in = _REACHED_BY.get(table, ("order_id", table))
    return data.has(stands_in, key) or table in _OF_THEIR_OWN


Homes: TypeAlias = "dict[str, tuple[str, str]]"


def homes_of(fact: Fact, columns: Collection[str], data: Data) -> Homes:
    """Return where each copied column stands, with the keys that its table is reached by."""
    homes = {name: place for name in columns if (place := home(fact, name, data))}
    for table in {table for table, _ in homes.values()} & _REACHED_BY.keys():
        key, stands_in = _REACHED_BY[table]
        homes.setdefault(key, (stands_in, key))
    return homes


def from_table(homes: Homes, table: str) -> dict[str, str]:
    """Return the columns, new name to old, whose home is a table."""
    return {name: column for name, (place, column) in sorted(homes.items()) if place == table}


def attach(
    rows: ir.Table, other: ir.Table, *, on: Sequence[str], columns: Mapping[str, str]
) -> ir.Table:
    """Left-join `columns` (new name to old) of `other`, which has a row a value of `on`."""
    keys = {f"{name}_there": name for name in on}
    there = other.select(**{new: other[old] for new, old in {**columns, **keys}.items()})
    joined = rows.left_join(there, [rows[old] == there[new] for new, old in keys.items()])
    return joined.drop(*keys)


def one_a_key(table: ir.Table, on: Sequence[str], columns: Collection[str]) -> ir.Table:
    """Return a row a key, with the smallest of the values where a key repeats.

    A product listed twice would otherwise double its sales.
    """
    wanted = sorted({*columns} - {*on})
    return table.group_by(list(on)).aggregate(**{name: table[name].min() for name in wanted})


def with_dimensions(rows: ir.Table, data: Data, homes: Homes) -> ir.Table:
    """Join the tables that hold dimensions: products, stores, contacts."""
    for table, (key, _) in _REACHED_BY.items():
        if columns := from_table(homes, table):
            there = one_a_key(data.table(table), [key], columns.values())
            rows = attach(rows, there, on=[key], columns=columns)
    return rows


def first_known(values: Sequence[ir.Value]) -> ir.Value:
    """Return the first value that is not null; SQLite has no COALESCE of a single one."""
    import ibis

    return values[0] if len(values) == 1 else ibis.coalesce(*values)


def copied(table: str, *names: str, via: tuple[str, ...] = ()) -> dict[str, Column]:
    """Return dimensions of the same names in a table, reached by the columns of `via`."""
    return {name: dimension(f"{table}.{name}", via=via) for name in names}


def dimension(place: str, *, via: tuple[str, ...] = (), type: str = "string") -> Column:
    """Return the dimension copied from ``table.column``, reached by the columns of `via`."""
    table, _, column = place.partition(".")
    return Column(type, (*via, place), home=(table, column))
