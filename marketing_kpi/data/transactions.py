"""Flat extracts: one row a sale line (or an order), sales and returns mixed, and their mapping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from marketing_kpi.data.model import DECIMAL, STRING, TABLES, Finding, Level
from marketing_kpi.data.store import quote
from marketing_kpi.errors import MappingError, suggest, unknown
from marketing_kpi.text.yaml12 import load as load_yaml

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import JSON
    from marketing_kpi.data.store import Store

LINE_AMOUNT = "line_amount"
ORIGINAL_ORDER = "original_order_id"
RETURN_MARK = "return_mark"


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class Format(_Model):
    """How a file is written; whatever is not given is detected.

    Attributes
    ----------
    delimiter
        Character between the fields of a text file.
    encoding
        "utf-8", "cp1252", "latin-1", "utf-16", …
    quote
        Character around fields; "" when quotation marks mean nothing.
    decimal, thousands
        "," or "."; `thousands` may also be a space.
    date_order
        Which comes first in 03/04/2025.
    date_format
        One strptime format for all dates, such as "%d.%m.%Y %H:%M".
    sheet
        Sheet of a workbook; its first one by default.
    header_row
        Row of the column names, from 1.
    """

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    encoding: str | None = None
    quote: Annotated[str, Field(max_length=1)] = '"'
    decimal: Literal[",", "."] | None = None
    thousands: Literal[",", ".", " ", "'"] | None = None
    date_order: Literal["day_first", "month_first"] | None = None
    date_format: str | None = None
    sheet: str | None = None
    header_row: Annotated[int, Field(ge=1)] = 1

    @property
    def decimal_mark(self) -> Literal[",", "."] | None:
        """The decimal mark given, or that the thousands mark given leaves."""
        if self.decimal is None and self.thousands in (",", "."):
            return "." if self.thousands == "," else ","
        return self.decimal


class Returns(_Model):
    """What marks a row as a return or a cancellation; any of the marks is enough.

    Attributes
    ----------
    negative_quantity
        A quantity (an amount, where rows are orders) below zero.
    order_prefix
        Beginnings of the order id, such as "C".
    column, values
        A source column, and its values that mark a return.
    """

    negative_quantity: bool = False
    order_prefix: Texts = ()
    column: str | None = None
    values: Texts = ()


class LeaveOut(_Model):
    """Rows that are no sale of a product: postage, manual fees, bad-debt adjustments.

    Attributes
    ----------
    product_id
        Exact product codes.
    order_prefix
        Beginnings of the order id, such as "A".
    """

    product_id: Texts = ()
    order_prefix: Texts = ()


class Mapping(_Model):
    """What the columns of a source are, and how its rows are to be understood.

    Attributes
    ----------
    kind
        "lines": a row is a sale line; "orders": a row is an order; "tables": the source has
        canonical tables, of which some columns have other names.
    columns
        Source column (or several, joined by a space: a date and a time) of each canonical one.
    tables
        For kind "tables", the `columns` of each table.
    constants
        Value of a canonical column that is the same in every row, such as channel: web.
    values
        For a canonical column, what the values of the source mean: {status: {Annulée: cancelled}}.
    returns
        What marks a return.
    leave_out
        Rows that are not sales.
    duplicates
        What to do with rows that are the same in every column.
    zero_price
        What to do with lines sold at price 0.
    format
        How the file is written.
    """

    kind: Literal["lines", "orders", "tables"] = "lines"
    columns: dict[str, Texts] = {}
    tables: dict[str, dict[str, Texts]] = {}
    constants: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    returns: Returns = Returns()
    leave_out: LeaveOut = LeaveOut()
    duplicates: Literal["keep", "drop"] = "keep"
    zero_price: Literal["keep", "drop"] = "keep"
    format: Format = Format()


def flat_types(kind: str) -> dict[str, str]:
    """Return the type of each canonical column that a row of a flat extract may hold."""
    names = ("orders",) if kind == "orders" else ("order_lines", "orders")
    types = {column.name: column.type for name in names for column in TABLES[name].columns}
    if kind == "lines":
        types[LINE_AMOUNT] = DECIMAL
        del types["amount"]
    types |= {ORIGINAL_ORDER: STRING, RETURN_MARK: STRING}
    for table in _ATTRIBUTES:
        types |= {f"{table}.{column.name}": column.type for column in TABLES[table].columns}
    return types


def read_mapping(mapping: Mapping | MappingType[str, Any] | str | Path | None) -> Mapping | None:
    """Return a mapping from a YAML file, a dictionary or a `Mapping`; None stays None.

    Raises
    ------
    MappingError
        It is not valid; the message names the key, and the closest one that exists.
    """
    if mapping is None or isinstance(mapping, Mapping):
        return mapping
    if isinstance(mapping, str | Path):
        where = Path(mapping).name
        content = load_yaml(Path(mapping), error=MappingError).value
    else:
        where, content = "mapping", mapping
    try:
        model = Mapping.model_validate(content)
    except ValidationError as error:
        raise _explained(error, where) from error
    _check(model, where)
    return model


def _explained(error: ValidationError, where: str) -> MappingError:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        parent: Any = Mapping
        for part in first["loc"][:-1]:
            parent = parent.model_fields[part].annotation
        message, hint = unknown("key", str(first["loc"][-1]), parent.model_fields, where=where)
        return MappingError(message, hint=hint)
    if first["type"] in ("model_type", "model_attributes_type"):
        return MappingError(f"{where} holds {type(first['input']).__name__}, not keys and values")
    got = f", and is {first['input']!r}" if isinstance(first["input"], str | int | float) else ""
    return MappingError(f"{where}: {place} {_lowered(first['msg'])}{got}")


def _lowered(message: str) -> str:
    return message[0].lower() + message[1:]


def _check(mapping: Mapping, where: str) -> None:
    if mapping.kind == "tables":
        for name, columns in mapping.tables.items():
            if name not in TABLES:
                message, hint = unknown("table", name, TABLES, where=where)
                raise MappingError(message, hint=hint)
            for column in columns:
                _check_name(column, TABLES[name].names, f"{where}, table {name}")
        return
    known = flat_types(mapping.kind)
    for name in (*mapping.constants, *mapping.values):
        _check_name(name, known, where)
    required = ["order_id", "ordered_at"]
    missing = [name for name in required if name not in mapping.columns]
    if missing:
        raise MappingError(
            f"{where}: columns does not say which column is '{missing[0]}'",
            hint=f"add it: columns: {{{missing[0]}: <column of your file>}}",
        )
    _check_sources(mapping, where)
    if mapping.returns.column and not mapping.returns.values:
        raise MappingError(
            f"{where}: returns names the column '{mapping.returns.column}' without its values",
            hint="add them: returns: {column: …, values: [Refunded]}",
        )


def _check_name(name: str, known: MappingType[str, Any] | Sequence[str], where: str) -> None:
    close = suggest(name, known)
    if name not in known and close is not None:
        raise MappingError(
            f"{where}: '{name}' is not a canonical column; did you mean '{close}'?",
            hint=f"known: {', '.join(sorted(known))}",
        )


def _check_sources(mapping: Mapping, where: str) -> None:
    used: dict[str, str] = {}
    for name, sources in mapping.columns.items():
        for source in sources:
            if source in used:
                raise MappingError(
                    f"{where}: source column '{source}' is given twice, for '{used[source]}' and "
                    f"'{name}'",
                    hint="each source column fills one canonical column; remove one of the two",
                )
            used[source] = name
        if name in mapping.constants:
            raise MappingError(
                f"{where}: '{name}' has both a source column and a constant",
                hint="keep one of the two",
            )


def with_constants(flat: ir.Table, mapping: Mapping, types: MappingType[str, str]) -> ir.Table:
    """Return the rows with the columns that the mapping says are the same everywhere."""
    import ibis

    constants = {
        name: ibis.literal(value).cast(types.get(name, STRING))
        for name, value in mapping.constants.items()
    }
    return flat.mutate(**constants) if constants else flat


def duplicates(store: Store, relation: str, action: str, where: str) -> list[Finding]:
    """Count the rows of a stored table that copy another in every column; drop them if asked."""
    columns = ", ".join(quote(name) for name in store.types(relation))
    # A hash of 64 bits keeps what is counted small; two rows share one by chance about once
    # in 10^19 pairs.
    groups = (
        f"SELECT hash({columns}) AS same, count(*) AS n, min(rowid) AS first "
        f"FROM {quote(relation)} GROUP BY same HAVING n > 1"
    )
    counted = store.rows(f"SELECT coalesce(sum(n - 1), 0)::BIGINT AS copies FROM ({groups})")[0]
    if not counted["copies"]:
        return []
    total = store.rows(f"SELECT count(*) AS n FROM {quote(relation)}")[0]["n"]
    examples = store.rows(
        f"SELECT * FROM {quote(relation)} WHERE rowid IN "
        f"(SELECT first FROM ({groups}) ORDER BY first LIMIT {_EXAMPLES}) ORDER BY rowid"
    )
    if action == "drop":
        store.execute(
            f"DELETE FROM {quote(relation)} WHERE rowid NOT IN "
            f"(SELECT min(rowid) FROM {quote(relation)} GROUP BY hash({columns}))"
        )
    shown = tuple({name: _plain(value) for name, value in row.items()} for row in examples)
    level: Level = "dropped" if action == "drop" else "suspicious"
    code = "duplicate_rows_dropped" if action == "drop" else "duplicate_rows"
    return [Finding(code, level, where, None, counted["copies"], total, shown)]


def _plain(value: object) -> JSON:
    return value if value is None or isinstance(value, bool | int | float) else str(value)


@dataclass(frozen=True)
class Split:
    """The canonical tables of a flat extract, and what splitting it set apart."""

    tables: dict[str, ir.Table]
    findings: tuple[Finding, ...]


def split(flat: ir.Table, mapping: Mapping, *, where: str) -> Split:
    """Return orders, order_lines and returns from rows whose columns are canonical.

    Sales are rows that are no return, not left out, with a quantity above zero and a price that
    is not below it. Returns go to `returns`, at their own date, with a positive refund.

    Parameters
    ----------
    flat
        A row a line (or an order), as `mapping` says; every column has its canonical type.
    mapping
        The rule for returns and rows to leave out.
    where
        What to call the source in findings.

    Raises
    ------
    MappingError
        Lines lack a quantity or a price.
    """
    flat = _with_defaults(flat, mapping, where)
    numbers = _counts(flat)
    findings = tuple(_findings(flat, numbers, mapping, where))
    kept = ["sale", "zero_price"] if mapping.zero_price == "keep" else ["sale"]
    sales = flat.filter(flat[_ROLE].isin(kept))
    findings += tuple(_several_customers(sales, where))
    tables = _lines(sales) if mapping.kind == "lines" else {"orders": _orders(sales)}
    if numbers.get("return"):
        tables["returns"] = _returns(flat.filter(flat[_ROLE] == "return"), mapping.kind)
    return Split(tables | _attributes(sales), findings)


_ROLE = "row_role"
_LINE = "line_id"
_VALUE = "line_value"
_EXAMPLES = 5


def _with_defaults(flat: ir.Table, mapping: Mapping, where: str) -> ir.Table:
    """Add the line id (a number within the order, by content), the row's value and its role."""
    import ibis

    if mapping.kind == "lines":
        flat = _with_price(flat, where)
    elif "amount" not in flat.columns:
        raise MappingError(
            f"{where}: columns does not say which column is 'amount'",
            hint="with kind: orders, a row is an order and needs its amount",
        )
    if _LINE not in flat.columns:
        order = [flat[name] for name in flat.columns]
        number = ibis.row_number().over(group_by=flat.order_id, order_by=order) + 1
        flat = flat.mutate(**{_LINE: number.cast("string")})
    value = flat.quantity * flat.unit_price if mapping.kind == "lines" else flat.amount
    # Cast to more decimals first: Ibis takes a product of decimals for the type of its factors,
    # and would leave out the cast that follows.
    value = value.cast("decimal(38, 8)").cast(DECIMAL)
    return flat.mutate(**{_ROLE: _role(flat, mapping), _VALUE: value})


def _with_price(flat: ir.Table, where: str) -> ir.Table:
    if "quantity" not in flat.columns:
        raise MappingError(
            f"{where}: columns does not say which column is 'quantity'",
            hint="where every line is one unit, write constants: {quantity: '1'}",
        )
    if "unit_price" in flat.columns:
        return flat
    if LINE_AMOUNT not in flat.columns:
        raise MappingError(
            f"{where}: columns says neither which column is 'unit_price' nor '{LINE_AMOUNT}'",
            hint=f"give the unit price, or the amount of the line as {LINE_AMOUNT}",
        )
    # A refund may be written with both signs negative: the price has none.
    price = (flat[LINE_AMOUNT].abs() / flat.quantity.abs().nullif(0)).cast(DECIMAL)
    negative = (flat[LINE_AMOUNT] < 0) & (flat.quantity > 0)
    return flat.mutate(unit_price=negative.ifelse(-price, price)).drop(LINE_AMOUNT)


def _role(flat: ir.Table, mapping: Mapping) -> ir.StringValue:
    import ibis

    quantity = flat.quantity if mapping.kind == "lines" else flat.amount
    price = flat.unit_price if mapping.kind == "lines" else flat.amount
    return ibis.cases(
        (flat.order_id.isnull() | flat.ordered_at.isnull(), "incomplete"),
        (_left_out(flat, mapping.leave_out), "left_out"),
        (_is_return(flat, mapping.returns, quantity), "return"),
        (quantity.isnull() | price.isnull(), "unpriced"),
        (quantity < 0, "negative_quantity"),
        (price < 0, "negative_price"),
        (price == 0, "zero_price"),
        (quantity == 0, "zero_quantity"),
        else_="sale",
    )


def _any_of(conditions: Sequence[ir.BooleanValue]) -> ir.BooleanValue:
    import ibis

    whole: ir.BooleanValue = ibis.literal(False)
    for condition in conditions:
        whole = whole | condition.fill_null(False)
    return whole


def _left_out(flat: ir.Table, rule: LeaveOut) -> ir.BooleanValue:
    conditions = [flat.order_id.startswith(prefix) for prefix in rule.order_prefix]
    if rule.product_id:
        conditions.append(flat.product_id.isin(list(rule.product_id)))
    return _any_of(conditions)


def _is_return(flat: ir.Table, rule: Returns, quantity: ir.NumericValue) -> ir.BooleanValue:
    conditions = [flat.order_id.startswith(prefix) for prefix in rule.order_prefix]
    if rule.negative_quantity:
        conditions.append(quantity < 0)
    if rule.column is not None:
        marks = [value.casefold() for value in rule.values]
        conditions.append(flat[RETURN_MARK].strip().lower().isin(marks))
    return _any_of(conditions)


def _counts(flat: ir.Table) -> dict[str, int]:
    counted = flat.group_by(_ROLE).aggregate(n=flat.count()).to_pyarrow().to_pylist()
    return {row[_ROLE]: row["n"] for row in counted}


_LEVELS: dict[str, Level] = {
    "incomplete": "dropped",
    "left_out": "dropped",
    "return": "info",
    "unpriced": "dropped",
    "negative_quantity": "dropped",
    "negative_price": "dropped",
    "zero_price": "suspicious",
    "zero_quantity": "suspicious",
}
_SHOWN = ("order_id", "ordered_at", "product_id", "quantity", "unit_price", "amount")


def _findings(
    flat: ir.Table, numbers: MappingType[str, int], mapping: Mapping, where: str
) -> Iterator[Finding]:
    total = sum(numbers.values())
    for role, level in _LEVELS.items():
        if role not in numbers:
            continue
        if role == "zero_quantity" or (role == "zero_price" and mapping.zero_price == "drop"):
            level = "dropped"
        yield Finding(
            f"rows_{role}", level, where, None, numbers[role], total, _examples(flat, role)
        )


def _several_customers(sales: ir.Table, where: str) -> Iterator[Finding]:
    if "customer_id" not in sales.columns:
        return
    customers = sales.group_by("order_id").aggregate(
        least=sales.customer_id.min(), greatest=sales.customer_id.max()
    )
    count = customers.filter(customers.least != customers.greatest).count().to_pyarrow().as_py()
    if count:
        yield Finding("several_values", "suspicious", where, "customer_id", count)


def _examples(flat: ir.Table, role: str) -> tuple[dict[str, JSON], ...]:
    shown = [flat[_LINE].name("line_id"), *(flat[name] for name in _SHOWN if name in flat.columns)]
    rows = flat.filter(flat[_ROLE] == role).select(*shown).limit(_EXAMPLES).to_pyarrow()
    return tuple({name: _plain(value) for name, value in row.items()} for row in rows.to_pylist())


def _lines(sales: ir.Table) -> dict[str, ir.Table]:
    in_orders = [name for name in TABLES["orders"].names if name in sales.columns]
    hidden = {*in_orders, _ROLE, _VALUE, RETURN_MARK, ORIGINAL_ORDER, *_dotted(sales)}
    canonical = [name for name in TABLES["order_lines"].names if name in sales.columns]
    extra = [name for name in sales.columns if name not in {*hidden, *canonical}]
    described = [name for name in in_orders if name not in ("order_id", "ordered_at")]
    orders = sales.group_by("order_id").aggregate(
        ordered_at=sales.ordered_at.min(),
        # The greatest of an order's values: the same one in whatever order its rows come.
        **{name: sales[name].max() for name in described},
        amount=sales[_VALUE].sum().cast(DECIMAL),
    )
    return {"orders": orders, "order_lines": sales.select(*canonical, *extra)}


def _orders(sales: ir.Table) -> ir.Table:
    return sales.drop(_ROLE, _VALUE, _LINE, *_present(sales, RETURN_MARK, ORIGINAL_ORDER))


def _present(table: ir.Table, *names: str) -> list[str]:
    return [name for name in names if name in table.columns]


def _dotted(table: ir.Table) -> list[str]:
    return [name for name in table.columns if name.split(".")[0] in _ATTRIBUTES and "." in name]


_ATTRIBUTES = {"products": "product_id", "contacts": "customer_id"}


def _attributes(sales: ir.Table) -> dict[str, ir.Table]:
    """Return products and contacts from the columns that describe them, at their last value."""
    tables: dict[str, ir.Table] = {}
    for table, key in _ATTRIBUTES.items():
        columns = [name for name in sales.columns if name.startswith(f"{table}.")]
        if not columns:
            continue
        known = sales.filter(sales[key].notnull())
        tables[table] = known.group_by(key).aggregate(
            **{name.partition(".")[2]: _latest(known, name) for name in columns}
        )
    return tables


def _latest(rows: ir.Table, name: str) -> ir.Value:
    # The value itself breaks ties of time, so that row order never matters.
    key = rows.ordered_at.cast("string") + rows[name].cast("string")
    return rows[name].argmax(key)


def _returns(rows: ir.Table, kind: str) -> ir.Table:
    import ibis

    columns: dict[str, Any] = {
        "return_id": rows.order_id + "-" + rows[_LINE],
        "order_id": ibis.null("string"),
        "returned_at": rows.ordered_at,
        "refund_amount": rows[_VALUE].abs(),
        "kind": ibis.literal("return"),
    }
    columns |= {name: rows[name] for name in _present(rows, "customer_id", "product_id", "channel")}
    if ORIGINAL_ORDER in rows.columns:
        columns["order_id"] = rows[ORIGINAL_ORDER]
    if kind == "lines":
        columns["quantity"] = rows.quantity.abs()
    names = [name for name in TABLES["returns"].names if name in columns]
    return rows.select(**{name: columns[name] for name in names})
