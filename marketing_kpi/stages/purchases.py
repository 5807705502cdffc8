"""Purchases: the orders that count in the lifecycle, and the filters that restrict them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir

from marketing_kpi.data.conform import line_value
from marketing_kpi.errors import ColumnError, ComputeError, MissingDataError, unknown
from marketing_kpi.kpis.compute import kept
from marketing_kpi.kpis.facts import MONEY
from marketing_kpi.kpis.facts.base import attach, is_credit, one_a_key
from marketing_kpi.kpis.facts.lifecycle import is_purchase
from marketing_kpi.kpis.facts.lifecycle import purchases as counted_orders

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data
    from marketing_kpi.kpis.compute import Filters
    from marketing_kpi.stages.settings import Settings

_TABLES = ("contacts", "orders", "order_lines", "products")
"""Tables whose columns filter, in order of precedence."""

_COMPARED = 1000
"""Values of a column that a misspelt one is compared with."""

_BOOLEANS = {"true": True, "false": False}
_FORMATS: tuple[tuple[Callable[[Any], bool], Callable[[str], Any], str], ...] = (
    (lambda kind: kind.is_boolean(), lambda text: _BOOLEANS[text.lower()], "true or false"),
    (lambda kind: kind.is_integer(), int, "a whole number"),
    (lambda kind: kind.is_numeric(), float, "a number"),
    (lambda kind: kind.is_date(), dt.date.fromisoformat, "a day written year-month-day"),
    (
        lambda kind: kind.is_temporal(),
        dt.datetime.fromisoformat,
        "a day written year-month-day, or with a time after it",
    ),
)
"""What a text is read as: types of a column, how to read it, how it is written."""


def purchases(
    data: Data, *, settings: Settings, filters: Filters | None = None, credits: bool = False
) -> ir.Table:
    """Return the orders that may count as purchases, each with the day it was fully refunded.

    Parameters
    ----------
    data
        What `open_data` returns.
    settings
        Says whether fully refunded purchases count.
    filters
        Column to the value, or list of values, to keep; see `by_table`.
    credits
        Whether to return, with the purchases, credits entered as orders of a negative amount:
        they lower what was spent and sold.

    Returns
    -------
    ibis.Table
        A row an order, lazily: order_id; customer_id (null: nobody known); day; amount (null:
        unknown; of the lines kept, where lines or products are filtered); refunded_on (the day
        from which the order counts no more; null: it counts).

    Notes
    -----
    Purchases are valid orders whose amount is above 0; one of unknown amount counts. A credit
    entered as an order of a negative amount is none: it lowers what was spent, but nobody came
    back to buy. An order is fully refunded from the day on which the units that came back
    reach the units sold, or what was refunded (allowances included) reaches its amount; with
    ``settings.count_fully_refunded`` it counts all the same.

    A filter on the lines or products keeps the orders with such a line, and of their amounts what
    those lines are worth: the lifecycle is then that of a category or a brand, and a customer who
    never bought it is a lead for it. Whether an order is fully refunded is still said of the
    whole of it.
    """
    require_buyers(data)
    wanted = by_table(filters, data)
    orders = kept(_with_columns(counted_orders(data, credits=credits)), wanted["orders"])
    rows = orders.select(
        "order_id", "customer_id", day=orders.ordered_at.date(), amount=orders.amount
    )
    rows = rows.filter(rows.day.notnull())
    if wanted["order_lines"] or wanted["products"]:
        rows = _of_lines(rows, lines_kept(data, filters), credits=credits)
    rows = of_contacts(rows, data, wanted["contacts"])
    refunds = None if settings.count_fully_refunded else full_refunds(data)
    if refunds is None:
        return rows.mutate(refunded_on=ibis.null("date"))
    return attach(rows, refunds, on=["order_id"], columns={"refunded_on": "refunded_on"})


def by_day(rows: ir.Table, *keys: str) -> ir.Table:
    """Add purchases up by day and `keys`.

    The result has orders, priced (those of known amount), paid (what these are worth) and amount
    (the same less credits, which may be among the rows).
    """
    priced = rows.amount > 0
    return rows.group_by(*keys, "day").aggregate(
        orders=rows.order_id.nunique(where=is_purchase(rows.amount)),
        priced=priced.sum().fill_null(0),
        paid=rows.amount.sum(where=priced),
        amount=rows.amount.sum(),
    )


def by_table(filters: Filters | None, data: Data) -> dict[str, dict[str, Any]]:
    """Return the filters of each table: contacts, orders, order_lines, products.

    Parameters
    ----------
    filters
        Column to the value, or list of values, to keep; None among them keeps nulls. A column is
        that of the first of these tables which has it; ``"products.unit_cost"`` names another.
    data
        What `open_data` returns.

    Raises
    ------
    ColumnError
        When none of the four tables has the column; the message suggests the closest.
    ComputeError
        When the filters are no mapping.
    """
    if filters is not None and not isinstance(filters, Mapping):
        raise ComputeError(
            f"filters is {filters!r}, must map columns to the values to keep",
            hint='filters={"region": ["QC", "IDF"]}',
        )
    found: dict[str, dict[str, Any]] = {table: {} for table in _TABLES}
    for name, wanted in (filters or {}).items():
        table, column = _home(str(name), data)
        found[table][column] = wanted
    return found


def _home(name: str, data: Data) -> tuple[str, str]:
    table, _, column = name.rpartition(".")
    places = (table,) if table in _TABLES else _TABLES
    column = column if table in _TABLES else name
    if column == "customer_id":  # the same of contacts, orders and responses
        return "contacts", column
    for place in places:
        if data.has(place, column):
            return place, column
    present = [place for place in places if data.has(place)]
    known = {column for place in present for column in data.table(place).columns}
    message, hint = unknown("column", column, known, where=" or ".join(present or places))
    raise ColumnError(message, hint=hint)


def read_filters(filters: Filters | None, data: Data) -> dict[str, Any] | None:
    """Return filters written as text, as a configuration has them, in the types of their columns.

    Parameters
    ----------
    filters
        Column to the value, or list of values, to keep; see `by_table`.
    data
        What `open_data` returns.

    Returns
    -------
    dict or None
        The same filters; texts for a column of booleans, numbers, dates or times are read as such.
        Nulls stay.

    Raises
    ------
    ColumnError
        When no table has the column; see `by_table`.
    ComputeError
        When a value is not of the column's type, or is nowhere in it: it would keep nothing.

    Examples
    --------
    >>> import pandas as pd
    >>> from marketing_kpi.data.sources import open_data
    >>> contacts = pd.DataFrame({"customer_id": ["A"], "newsletter": [True], "region": ["QC"]})
    >>> data = open_data({"contacts": contacts})
    >>> read_filters({"newsletter": "true", "region": ["QC", None]}, data)
    {'newsletter': True, 'region': ['QC', None]}
    """
    if filters is None:
        return None
    by_table(filters, data)
    found: dict[str, Any] = {}
    for name, wanted in filters.items():
        rows = _values(*_home(name, data), data).rename({name: "value"})
        several = isinstance(wanted, list | tuple)
        values = [_read(value, rows[name]) for value in (wanted if several else [wanted])]
        kept(rows, {name: values})  # refuses what is not of the column's type
        _refuse_absent([value for value in values if value is not None], rows, data)
        found[name] = values if several else values[0]
    return found


def _values(table: str, column: str, data: Data) -> ir.Table:
    """Return the distinct values that a column filters by, as ``value``."""
    places = ("contacts", "orders", "responses") if column == "customer_id" else (table,)
    there = [data.table(place) for place in places if data.has(place, column)]
    if not there:
        raise ColumnError(f"column '{column}' not found in {', '.join(places)}")
    return ibis.union(*(rows.select(value=rows[column]) for rows in there)).distinct()


def _read(value: Any, column: ir.Column) -> Any:
    """Return a text as a value of the type of a column."""
    if not isinstance(value, str):
        return value
    kind = column.type()
    for is_of, read, written in _FORMATS:
        if is_of(kind):
            try:
                return read(value)
            except (KeyError, ValueError) as error:
                message = f"filters['{column.get_name()}'] holds {value!r}, must be {written}"
                raise ComputeError(message) from error
    return value


def _refuse_absent(values: list[Any], rows: ir.Table, data: Data) -> None:
    """Refuse values that the one column of `rows` does not have."""
    (name,) = rows.columns
    if not values:
        return
    found = rows.aggregate(**{f"v{n}": rows[name].isin([v]).any() for n, v in enumerate(values)})
    (there,) = data.connection.to_pyarrow(found).to_pylist()
    for n, value in enumerate(values):
        if not there[f"v{n}"]:
            some = rows.filter(rows[name].notnull()).order_by(name).limit(_COMPARED)
            known = [str(row[name]) for row in data.connection.to_pyarrow(some).to_pylist()]
            message, hint = unknown("value", str(value), known, where=name)
            raise ComputeError(message, hint=hint)


def without_contacts(filters: Filters | None, data: Data) -> dict[str, Any]:
    """Return the filters but those of contacts, which purchases of nobody known cannot pass."""
    wanted = by_table(filters, data)
    return {
        f"{table}.{column}": value
        for table in _TABLES
        if table != "contacts"
        for column, value in wanted[table].items()
    }


def of_contacts(rows: ir.Table, data: Data, filters: Filters) -> ir.Table:
    """Keep the rows of the contacts that the filters keep; what is not known of one is null."""
    others = dict(filters)
    own = {name: others.pop(name) for name in ("customer_id",) if name in others}
    return _of(kept(rows, own), data, "contacts", "customer_id", others)


def of_products(rows: ir.Table, data: Data, filters: Filters) -> ir.Table:
    """Keep the rows of the products that the filters keep; what is not known of one is null."""
    return _of(rows, data, "products", "product_id", filters)


def _of(rows: ir.Table, data: Data, table: str, key: str, filters: Filters) -> ir.Table:
    if not filters:
        return rows
    there = one_a_key(data.table(table), [key], filters)
    names = {f"{table}.{name}": name for name in filters}
    joined = attach(rows, there, on=[key], columns=names)
    return kept(joined, {new: filters[old] for new, old in names.items()}).drop(*names)


def full_refunds(data: Data) -> ir.Table | None:
    """Return the day on which each fully refunded order became so; None without returns."""
    if not data.has("returns", "order_id", "returned_at"):
        return None
    back = _returned_by_day(data.table("returns"))
    so_far = ibis.cumulative_window(group_by="order_id", order_by="day")
    returned = back.select(
        "order_id",
        "day",
        units=back.units.sum().over(so_far),
        refund=back.refund.sum().over(so_far),
    )
    sold = _sold(data)
    joined = attach(returned, sold, on=["order_id"], columns={n: n for n in ("sold", "amount")})
    all_back = (joined.sold > 0) & (joined.units >= joined.sold)
    all_paid = (joined.amount > 0) & (joined.refund >= joined.amount)
    full = joined.filter(all_back.fill_null(False) | all_paid.fill_null(False))
    return full.group_by("order_id").aggregate(refunded_on=full.day.min())


def _returned_by_day(returns: ir.Table) -> ir.Table:
    """Return a row an order and day: the units that came back, and what was refunded."""
    nothing = ibis.literal(0).cast(MONEY)
    has = returns.columns
    goods = (returns.kind.fill_null("return") == "return") if "kind" in has else ibis.literal(True)
    rows = returns.select(
        "order_id",
        day=returns.returned_at.date(),
        units=goods.ifelse(returns.quantity, nothing) if "quantity" in has else nothing,
        refund=returns.refund_amount if "refund_amount" in has else nothing,
    )
    rows = rows.filter(rows.order_id.notnull(), rows.day.notnull())
    return rows.group_by("order_id", "day").aggregate(
        units=rows.units.sum().fill_null(nothing), refund=rows.refund.sum().fill_null(nothing)
    )


def _sold(data: Data) -> ir.Table:
    """Return a row an order: the units sold (null: unknown) and its amount."""
    orders = _with_columns(data.table("orders"))
    orders = one_a_key(orders, ["order_id"], ["amount"])
    if not data.has("order_lines", "quantity"):
        return orders.mutate(sold=ibis.null(MONEY))
    lines = data.table("order_lines")
    units = lines.group_by("order_id").aggregate(sold=lines.quantity.sum())
    return attach(orders, units, on=["order_id"], columns={"sold": "sold"})


def require_orders(data: Data) -> None:
    """Refuse data that cannot tell customers from leads: nothing says who of the contacts bought.

    Raises
    ------
    MissingDataError
        When the data have no orders, or contacts and orders without a column for the customer.
    """
    if not data.has("orders"):
        raise MissingDataError(
            "these data have no orders: they do not say who has bought, so that customers cannot "
            "be told from leads",
            hint="add orders (order_id, customer_id, ordered_at, amount), those of the last two "
            f"years at least; these data have: {', '.join(data.tables)}",
        )
    if data.has("contacts") and not data.has("orders", "customer_id"):
        raise _nobody_named()


def require_buyers(data: Data) -> None:
    """Refuse what `require_orders` does, and contacts beside orders of which nobody is named.

    Raises
    ------
    MissingDataError
        When no contact can have bought, as far as the data tell.
    """
    require_orders(data)
    if data.has("contacts"):
        named = data.orders.customer_id.notnull().any()
        if not data.connection.to_pyarrow(named).as_py():
            raise _nobody_named()


def _nobody_named() -> MissingDataError:
    return MissingDataError(
        "no order of these data says who bought, so that customers cannot be told from leads",
        hint="add to the orders the customer_id that contacts has (a mapping can name its column)",
    )


def _with_columns(orders: ir.Table) -> ir.Table:
    """Add, as nulls, what the data may lack: the customer, the amount."""
    absent = {"customer_id": ibis.null("string"), "amount": ibis.null(MONEY)}
    return orders.mutate(**{k: null for k, null in absent.items() if k not in orders.columns})


def lines_kept(data: Data, filters: Filters | None) -> ir.Table:
    """Return the lines that the filters keep, with net_sales, what each is worth.

    Raises
    ------
    MissingDataError
        When the data have no lines with a quantity and a price.
    """
    if not data.has("order_lines", "quantity", "unit_price"):
        raise MissingDataError(
            "amounts by product need order_lines.quantity and order_lines.unit_price, which "
            "these data do not have",
            hint=f"these data have: {', '.join(data.tables)}",
        )
    wanted = by_table(filters, data)
    sold = kept(data.table("order_lines"), wanted["order_lines"])
    sold = sold.mutate(net_sales=line_value(sold.quantity, sold.unit_price))
    return of_products(sold, data, wanted["products"])


def _of_lines(rows: ir.Table, sold: ir.Table, *, credits: bool) -> ir.Table:
    """Keep the orders of some lines, and what those lines are worth."""
    worth = sold.group_by("order_id").aggregate(amount=sold.net_sales.sum())
    joined = rows.drop("amount").inner_join(worth, "order_id")
    return joined.filter(is_purchase(joined.amount) | (is_credit(joined.amount) & credits))
