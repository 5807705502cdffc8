"""Flat extracts: one row a sale line (or an order), sales and returns mixed, and their mapping."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import reduce
from operator import and_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from marketing_kpi.data.conform import line_value, trimmed
from marketing_kpi.data.model import (
    BOOLEAN,
    DATE,
    DECIMAL,
    EXACT_PRICE,
    FLOAT,
    INTEGER,
    STRING,
    TABLES,
    TIMESTAMP,
    Finding,
    Level,
)
from marketing_kpi.data.names import MISSPELT
from marketing_kpi.data.store import quote
from marketing_kpi.data.words import is_code_of_total, names_a_total, written
from marketing_kpi.errors import MappingError, SourceError, unknown
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
        A source column, and its values that mark a row as a return. Not the status of an order
        that was sold and came back: its rows are the sale.
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
        Source column (or several, joined by a space: a date and a time) of each canonical one. A
        column serves one canonical column; only a part of an `order_id` of several may also serve
        another one. Of `ordered_at` the order takes the day, where numbers begin again every day:
        {order_id: [ticket, date]}; where each store has its own: {order_id: [ticket, store]}.
    tables
        For kind "tables", the `columns` of each table.
    table
        Of a source that holds several tables, which one is the extract. Those that have the name
        of a canonical table (campaign_members, surveys, …) are read beside it.
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
    table: str | None = None
    constants: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    returns: Returns = Returns()
    leave_out: LeaveOut = LeaveOut()
    duplicates: Literal["keep", "drop"] = "keep"
    zero_price: Literal["keep", "drop"] = "keep"
    format: Format = Format()

    @property
    def is_numbered_by_day(self) -> bool:
        """Whether orders are known by their number and their day."""
        return self.read_columns != self.columns

    @property
    def read_columns(self) -> dict[str, Texts]:
        """`columns` without what `order_id` takes from `ordered_at`: its day, once it is read."""
        moment = self.columns.get("ordered_at", ())
        own = tuple(name for name in self.columns.get("order_id", ()) if name not in moment)
        return self.columns | {"order_id": own} if own else self.columns

    @property
    def own_parts(self) -> Texts:
        """The parts of an `order_id` of several that serve no other column: without them, no order.

        Those that also say who bought, or where, are missing of some orders.
        """
        parts = self.read_columns["order_id"]
        others = {
            source
            for name, sources in self.columns.items()
            if name != "order_id"
            for source in sources
        }
        return tuple(name for name in parts if name not in others) if len(parts) > 1 else ()

    @property
    def shared_parts(self) -> dict[str, str]:
        """The canonical columns that are a part of an `order_id`, with their source column."""
        parts = self.read_columns["order_id"] if "order_id" in self.columns else ()
        return {
            name: sources[0]
            for name, sources in self.columns.items()
            if name != "order_id" and len(sources) == 1 and sources[0] in parts and len(parts) > 1
        }


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
        _check_tables(mapping, where)
        return
    if mapping.tables:
        raise MappingError(
            f"{where}: tables is only read with kind: tables, and kind is {mapping.kind}",
            hint="add kind: tables, or give the columns of the flat extract under columns",
        )
    known = flat_types(mapping.kind)
    for name in (*mapping.columns, *mapping.constants, *mapping.values):
        _check_name(name, known, where)
    required = ["order_id", "ordered_at"]
    missing = [name for name in required if name not in mapping.columns]
    if missing:
        raise MappingError(
            f"{where}: columns does not say which column is '{missing[0]}'",
            hint=f"add it: columns: {{{missing[0]}: <column of your file>}}",
        )
    _check_sources(_own_columns(mapping), where)
    _check_sources({"order_id": mapping.columns["order_id"]}, where)
    _check_constants(mapping, known, where)
    _check_keys(mapping, where)
    if mapping.returns.column and not mapping.returns.values:
        raise MappingError(
            f"{where}: returns names the column '{mapping.returns.column}' without its values",
            hint="add them: returns: {column: …, values: [Refunded]}",
        )


_ONLY_FLAT = ("columns", "table", "constants", "returns", "leave_out", "duplicates", "zero_price")


def _check_tables(mapping: Mapping, where: str) -> None:
    useless = [name for name in _ONLY_FLAT if name in mapping.model_fields_set]
    if useless:
        raise MappingError(
            f"{where}: {useless[0]} is not read with kind: tables",
            hint="give the columns of each table: tables: {orders: {order_id: <column>}}, or leave "
            "kind out if a row of the source is a sale line",
        )
    for name, columns in mapping.tables.items():
        if name not in TABLES:
            message, hint = unknown("table", name, TABLES, where=where)
            raise MappingError(message, hint=hint)
        for column in columns:
            _check_name(column, TABLES[name].names, f"{where}, table {name}")
        _check_sources(columns, f"{where}, table {name}")
    known = {column for table in TABLES.values() for column in table.names}
    for name in mapping.values:
        _check_name(name, known, where)


def _check_name(name: str, known: Collection[str], where: str) -> None:
    """Refuse a name that looks like a misspelt canonical one; others name extra columns."""
    if name in known:
        return
    close = difflib.get_close_matches(name.casefold(), sorted(known), n=1, cutoff=MISSPELT)
    if close:
        raise MappingError(
            f"{where}: '{name}' is not a canonical column; did you mean '{close[0]}'?",
            hint=f"known: {', '.join(sorted(known))}",
        )


def _own_columns(mapping: Mapping) -> dict[str, Texts]:
    """Return the columns whose sources may serve no other: all but an order_id of several.

    The moment alone numbers no order: customers of the same minute would share one.
    """
    parts = mapping.columns["order_id"]
    is_made = len(parts) > 1 and not set(parts) <= set(mapping.columns["ordered_at"])
    return {
        name: sources
        for name, sources in mapping.columns.items()
        if name != "order_id" or not is_made
    }


def _check_sources(columns: MappingType[str, Sequence[str]], where: str) -> None:
    used: dict[str, str] = {}
    for name, sources in columns.items():
        for source in sources:
            if source in used:
                raise MappingError(
                    f"{where}: source column '{source}' is given twice, for '{used[source]}' and "
                    f"'{name}'",
                    hint="each source column fills one canonical column; remove one of the two (a "
                    "part of an order_id of several columns may fill another one too)",
                )
            used[source] = name


def _check_constants(mapping: Mapping, types: MappingType[str, str], where: str) -> None:
    for name, value in mapping.constants.items():
        if name in mapping.columns:
            raise MappingError(
                f"{where}: '{name}' has both a source column and a constant",
                hint="keep one of the two",
            )
        reads, what = _CONSTANTS.get(types.get(name, STRING), (str, "a text"))
        try:
            reads(value)
        except (ValueError, ArithmeticError) as error:
            raise MappingError(
                f"{where}: the constant of '{name}' is '{value}', not {what}",
                hint="write numbers as 1.5, dates as 2025-12-31, and true or false",
            ) from error


def _finite(value: str) -> Decimal:
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(value)
    return number


def _true_or_false(value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise ValueError(value)
    return value.lower() == "true"


_CONSTANTS: MappingType[str, tuple[Callable[[str], object], str]] = {
    DECIMAL: (_finite, "a number"),
    FLOAT: (_finite, "a number"),
    INTEGER: (int, "a whole number"),
    BOOLEAN: (_true_or_false, "true or false"),
    DATE: (date.fromisoformat, "a date"),
    TIMESTAMP: (datetime.fromisoformat, "a date"),
}


def _check_keys(mapping: Mapping, where: str) -> None:
    """Refuse what only rows with a known product or customer can be used for."""
    given = {*mapping.columns, *mapping.constants}
    needs = {name: _ATTRIBUTES.get(name.split(".")[0]) for name in given if "." in name}
    if mapping.leave_out.product_id:
        needs["leave_out.product_id"] = "product_id"
    for name, key in needs.items():
        if key is not None and key not in given:
            raise MappingError(
                f"{where}: {name} needs '{key}', and columns does not say which column it is",
                hint=f"add it: columns: {{{key}: <column of your file>}}",
            )


def with_constants(flat: ir.Table, mapping: Mapping, types: MappingType[str, str]) -> ir.Table:
    """Return the rows with the columns that the mapping says are the same everywhere."""
    import ibis

    constants = {
        name: ibis.literal(value).cast(types.get(name, STRING))
        for name, value in mapping.constants.items()
    }
    return flat.mutate(**constants) if constants else flat


def of_a_sale(flat: ir.Table) -> list[str]:
    """Return the columns of which at least one is filled in whatever is a sale."""
    known = ("order_id", "ordered_at", "quantity", "unit_price", LINE_AMOUNT, "amount")
    return [name for name in known if name in flat.columns]


def is_blank(flat: ir.Table) -> ir.BooleanValue:
    """Return whether a row says nothing of a sale: formatted cells under a table, for instance."""
    return reduce(and_, (_is_empty(flat[name]) for name in of_a_sale(flat)))


def _is_empty(column: ir.Value) -> ir.BooleanValue:
    """Whether a cell is blank; formulas filled down write 0 where there is nothing."""
    return (column == 0).fill_null(True) if column.type().is_numeric() else column.isnull()


def blank_rows(rows: ir.Table, where: str) -> list[Finding]:
    """Count the rows that say nothing of a sale."""
    told = rows.aggregate(n=is_blank(rows).sum(), total=rows.count()).to_pyarrow().to_pylist()[0]
    if not told["n"]:
        return []
    return [Finding("blank_rows", "info", where, None, int(told["n"]), told["total"])]


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
    shown = tuple({name: plain(value) for name, value in row.items()} for row in examples)
    level: Level = "dropped" if action == "drop" else "suspicious"
    code = "duplicate_rows_dropped" if action == "drop" else "duplicate_rows"
    return [Finding(code, level, where, None, counted["copies"], total, shown)]


def plain(value: object) -> JSON:
    """Return a cell as findings show it: decimals and dates as text."""
    return value if value is None or isinstance(value, bool | int | float) else str(value)


@dataclass(frozen=True)
class Split:
    """The canonical tables of a flat extract, and what splitting it set apart."""

    tables: dict[str, ir.Table]
    findings: tuple[Finding, ...]


def _computed(_: str, rows: ir.Table) -> ir.Table:
    """Return the rows as they are: made anew by every query that reads them."""
    return rows


def split(
    flat: ir.Table,
    mapping: Mapping,
    *,
    where: str,
    dropped_before: int = 0,
    keep: Callable[[str, ir.Table], ir.Table] = _computed,
) -> Split:
    """Return orders, order_lines and returns from rows whose columns are canonical.

    Sales are rows that are no return, not left out, with a quantity above zero and a price that
    is not below it. Returns go to `returns`, at their own date, with a positive refund. Where
    rows have the amount of the line, that is what was paid, to the last decimal.

    Parameters
    ----------
    flat
        A row a line (or an order), as `mapping` says; every column has its canonical type.
    mapping
        The rule for returns and rows to leave out.
    where
        What to call the source in findings.
    dropped_before
        Rows of the source that reading left out, for the balance of the rows.
    keep
        Stores, under a name, what many queries will read, and returns it; without it every query
        makes it anew.

    Raises
    ------
    MappingError
        Lines lack a quantity or a price.
    SourceError
        No row is a sale.
    """
    flat, findings = _valued(_numbered(flat, mapping), mapping, where)
    flat, noticed = _dated(flat, mapping, where)
    findings += [*noticed, *_parts_missing(flat, mapping, where)]
    flat = keep("rows", _with_roles(flat, mapping))
    parts = _parts(flat)
    kept = ["sale", "amount_only"] + ["zero_price"] * (mapping.zero_price == "keep")
    sold = sum(parts[role].rows for role in kept if role in parts)
    if not sold:
        raise SourceError(
            f"{where}: no row is a sale ({_described(parts)})",
            hint="check what the mapping calls a return and what it leaves out",
        )
    findings += _findings(flat, parts, mapping, where)
    findings += _sales_marked(flat, mapping, where)
    totals = sum(found.count for found in findings if found.code == "totals_of_orders")
    findings.append(_balance(parts, sold, dropped_before + totals, where))
    sales = flat.filter(flat[_ROLE].isin(kept))
    if mapping.kind == "lines":
        findings += _several_values(sales, mapping, where)
        findings += _codes_of_totals(sales, where)
    tables = {"orders": _orders(sales)}
    if mapping.kind == "lines":
        tables = {"orders": keep("orders", _orders_of(sales)), "order_lines": _lines(sales)}
    if "return" in parts:
        tables["returns"] = _returns(flat.filter(flat[_ROLE] == "return"), mapping.kind)
    described = flat.filter(flat[_ROLE].isin([*kept, "return"]))
    tables |= {name: keep(name, table) for name, table in _attributes(described).items()}
    return Split(tables, tuple(findings))


_ROLE = "row_role"
_LINE = "line_id"
_VALUE = "line_value"
_GIVEN_PRICE = "given_unit_price"
_EXAMPLES = 5


@dataclass(frozen=True)
class _Part:
    """The rows of one role: how many, and the sum of their values where they have one."""

    rows: int
    value: float


def _numbered(flat: ir.Table, mapping: Mapping) -> ir.Table:
    """Return the rows with the day in the number of their order, where numbers begin again."""
    if not mapping.is_numbered_by_day:
        return flat
    return flat.mutate(order_id=flat.order_id + " " + flat.ordered_at.strftime("%Y-%m-%d"))


def _dated(flat: ir.Table, mapping: Mapping, where: str) -> tuple[ir.Table, list[Finding]]:
    """Return the lines with the date of their order, where only some of its lines have it."""
    import ibis

    if mapping.kind != "lines" or mapping.is_numbered_by_day:
        return flat, []
    lacks = flat.order_id.notnull() & flat.ordered_at.isnull()
    lacks = lacks & ~_left_out(flat, mapping.leave_out)
    if not flat.aggregate(n=lacks.sum()).to_pyarrow().to_pylist()[0]["n"]:
        return flat, []
    orders = flat.group_by("order_id").aggregate(
        undated=lacks.sum(),
        missing=flat[_VALUE].sum(where=lacks),
        dated=flat.ordered_at.count(),
        known=flat[_VALUE].sum(where=flat.ordered_at.notnull()),
    )
    partly = orders.filter((orders.undated > 0) & (orders.dated > 0))
    # A line that is worth all the others of its ticket is their total, and no sale.
    is_total = (partly.missing == partly.known) & (partly.known != 0)
    told = partly.aggregate(
        n=partly.undated.sum(),
        several=(partly.dated > 1).sum(),
        totals=((partly.dated > 1) & is_total).sum(),
        amount=partly.missing.sum(),
        total=flat.count().as_scalar(),
    )
    counted = told.to_pyarrow().to_pylist()[0]
    if not counted["n"]:
        return flat, []
    if (counted["totals"] or 0) > _MOST_SHARE * counted["several"]:
        totals = partly.filter(is_total).select(total_of="order_id")
        sales, left = _without_totals(flat, lacks, totals, where)
        dated, noticed = _dated(sales, mapping, where)
        return dated, [*left, *noticed]
    shown = [flat[name] for name in _SHOWN if name in flat.columns]
    first = flat.filter(lacks).semi_join(partly, "order_id").select(flat[_LINE], *shown)
    examples = first.order_by(["order_id", _LINE]).limit(_EXAMPLES).to_pyarrow().to_pylist()
    dated = flat.ordered_at.min().over(ibis.window(group_by=flat.order_id))
    details: dict[str, JSON] = {"amount": float(counted["amount"] or 0)}
    codes = _undated_codes(flat, lacks)
    if codes:
        details["remedy"] = _without_codes(codes)
    found = Finding(
        "dates_of_order" if codes else "dates_of_first_line",
        "suspicious",
        where,
        "ordered_at",
        int(counted["n"]),
        counted["total"],
        tuple({name: plain(value) for name, value in row.items()} for row in examples),
        details,
    )
    return flat.mutate(ordered_at=lacks.ifelse(dated, flat.ordered_at)), [found]


def _undated_codes(flat: ir.Table, lacks: ir.BooleanValue) -> list[str]:
    """Return the codes of which no line has a date: those of totals, where a code tells them."""
    if "product_id" not in flat.columns:
        return []
    of_products = flat.filter(flat.product_id.notnull()).group_by("product_id")
    each = of_products.aggregate(undated=lacks.sum(), dated=flat.ordered_at.count())
    only = each.filter((each.undated > 0) & (each.dated == 0))
    first = only.order_by(only.undated.desc(), "product_id").limit(_EXAMPLES)
    return [row["product_id"] for row in first.to_pyarrow().to_pylist()]


def _without_codes(codes: Sequence[str]) -> str:
    """Return the line of the mapping that leaves products out."""
    return f"leave_out: {{product_id: [{', '.join(map(written, codes))}]}}"


def _without_totals(
    flat: ir.Table, lacks: ir.BooleanValue, totals: ir.Table, where: str
) -> tuple[ir.Table, list[Finding]]:
    """Leave out the undated lines of orders of which they are the total."""
    found = flat.filter(lacks).semi_join(totals, [("order_id", "total_of")])
    row = found.aggregate(n=found.count(), amount=found[_VALUE].sum()).to_pyarrow().to_pylist()[0]
    joined = flat.left_join(totals, [("order_id", "total_of")])
    is_total = joined.total_of.notnull() & joined.ordered_at.isnull()
    kept = joined.filter(~is_total).drop("total_of")
    details: dict[str, JSON] = {"amount": float(row["amount"] or 0)}
    total = int(flat.count().to_pyarrow().as_py())
    told = Finding("totals_of_orders", "dropped", where, None, row["n"], total, (), details)
    return kept, [told]


def _parts_missing(flat: ir.Table, mapping: Mapping, where: str) -> Iterator[Finding]:
    """Say of how many rows a part of the order's number is missing, and left out of it."""
    for name, source in mapping.shared_parts.items():
        lacks = flat.order_id.notnull() & flat[name].isnull()
        row = flat.aggregate(n=lacks.sum(), total=flat.count()).to_pyarrow().to_pylist()[0]
        if row["n"]:
            details: dict[str, JSON] = {"part": source}
            count, total = int(row["n"]), row["total"]
            yield Finding(
                "number_part_missing", "suspicious", where, "order_id", count, total, (), details
            )


def _valued(flat: ir.Table, mapping: Mapping, where: str) -> tuple[ir.Table, list[Finding]]:
    """Add the line id (a number within the order, by content) and the row's value."""
    import ibis

    findings: list[Finding] = []
    if mapping.kind == "lines":
        flat, findings = _with_price(flat, where)
    elif "amount" not in flat.columns:
        raise MappingError(
            f"{where}: columns does not say which column is 'amount'",
            hint="with kind: orders, a row is an order and needs its amount",
        )
    else:
        flat = flat.mutate(**{_VALUE: flat.amount})
    if _LINE not in flat.columns:
        order = [flat[name] for name in flat.columns]
        number = ibis.row_number().over(group_by=flat.order_id, order_by=order) + 1
        flat = flat.mutate(**{_LINE: number.cast("string")})
    return flat, findings


def _with_price(flat: ir.Table, where: str) -> tuple[ir.Table, list[Finding]]:
    """Add the value of each line, and the unit price where only its amount is there."""
    if "quantity" not in flat.columns:
        raise MappingError(
            f"{where}: columns does not say which column is 'quantity'",
            hint="where every line is one unit, write constants: {quantity: '1'}",
        )
    priced, amounts = "unit_price" in flat.columns, LINE_AMOUNT in flat.columns
    if not priced and not amounts:
        raise MappingError(
            f"{where}: columns says neither which column is 'unit_price' nor '{LINE_AMOUNT}'",
            hint=f"give the unit price, or the amount of the line as {LINE_AMOUNT}",
        )
    if not amounts:
        return flat.mutate(**{_VALUE: line_value(flat.quantity, flat.unit_price)}), []
    findings: list[Finding] = []
    value = flat[LINE_AMOUNT]
    if priced:
        findings = _amount_over_price(flat, where)
        value = value.coalesce(line_value(flat.quantity, flat.unit_price))
        free = "list_price" not in flat.columns
        flat = flat.mutate(**{_VALUE: value}).rename(
            {"list_price" if free else _GIVEN_PRICE: "unit_price"}
        )
    else:
        flat = flat.mutate(**{_VALUE: value})
    # A refund may be written with both signs negative: the price has none. It has more decimals
    # than money, so that quantity × price gives the amount of the line back.
    price = (flat[_VALUE].abs() / flat.quantity.abs().nullif(0)).cast(EXACT_PRICE)
    negative = (flat[_VALUE] < 0) & (flat.quantity > 0)
    return flat.mutate(unit_price=negative.ifelse(-price, price)).drop(LINE_AMOUNT), findings


def _amount_over_price(flat: ir.Table, where: str) -> list[Finding]:
    """Say that lines have an amount beside their price, and in how many the two disagree."""
    product = line_value(flat.quantity, flat.unit_price)
    differs = (flat[LINE_AMOUNT].abs() - product.abs()).abs() > _SMALLEST_DIFFERENCE
    row = flat.aggregate(n=differs.sum(), total=flat.count()).to_pyarrow().to_pylist()[0]
    code = "price_is_list_price" if "list_price" not in flat.columns else "price_set_aside"
    level: Level = "suspicious" if row["n"] else "info"
    return [Finding(code, level, where, "unit_price", int(row["n"] or 0), row["total"])]


# Half a cent: what rounding a line to the cent can make of quantity × price.
_SMALLEST_DIFFERENCE = Decimal("0.0051")


def _with_roles(flat: ir.Table, mapping: Mapping) -> ir.Table:
    """Add what each row is; a line cancelled within an order that stands is no sale."""
    import ibis

    flat = flat.mutate(**{_ROLE: _role(flat, mapping)})
    if mapping.kind != "lines" or "status" not in flat.columns:
        return flat
    is_sold = flat[_ROLE].isin(["sale", "zero_price", "amount_only"])
    is_void = flat.status.isin(["cancelled", "fraud"]).fill_null(False)
    # Where the status of orders that stand is written, a blank one says nothing: some exports
    # give it on the first line of an order only.
    stands = is_sold & ~is_void
    if flat.filter(flat.status.notnull() & ~is_void).limit(1).count().to_pyarrow().as_py():
        stands = stands & flat.status.notnull()
    stands = stands.any().over(ibis.window(group_by=flat.order_id))
    role = (is_sold & is_void & stands).ifelse("cancelled_line", flat[_ROLE])
    return flat.mutate(**{_ROLE: role})


def _role(flat: ir.Table, mapping: Mapping) -> ir.StringValue:
    import ibis

    quantity = flat.quantity if mapping.kind == "lines" else flat.amount
    price = flat.unit_price if mapping.kind == "lines" else flat.amount
    # Only the amount of a line has a value where there is no quantity.
    amount_only = (quantity == 0) & (flat[_VALUE] > 0)
    return ibis.cases(
        (_left_out(flat, mapping.leave_out), "left_out"),
        (flat.order_id.isnull() | flat.ordered_at.isnull(), "incomplete"),
        (_is_return(flat, mapping.returns, quantity), "return"),
        (amount_only, "amount_only"),
        (flat[_VALUE].isnull(), "unpriced"),
        (quantity < 0, "negative_quantity"),
        ((price < 0) | (flat[_VALUE] < 0), "negative_price"),
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
        conditions.append(trimmed(flat[RETURN_MARK]).lower().isin(marks))
    return _any_of(conditions)


def _parts(flat: ir.Table) -> dict[str, _Part]:
    grouped = flat.group_by(_ROLE).aggregate(n=flat.count(), value=flat[_VALUE].sum())
    return {
        row[_ROLE]: _Part(row["n"], float(row["value"] or 0))
        for row in grouped.to_pyarrow().to_pylist()
    }


def _described(parts: MappingType[str, _Part]) -> str:
    return ", ".join(f"{role}: {part.rows}" for role, part in sorted(parts.items())) or "no row"


# What rows of each role are called in findings, at which level, in the order they are told.
_TOLD: MappingType[str, tuple[str, Level]] = {
    "incomplete": ("rows_incomplete", "dropped"),
    "left_out": ("rows_left_out", "dropped"),
    "return": ("rows_return", "info"),
    "cancelled_line": ("rows_cancelled", "dropped"),
    "unpriced": ("rows_unpriced", "dropped"),
    "negative_quantity": ("rows_negative_quantity", "dropped"),
    "negative_price": ("rows_negative_price", "dropped"),
    "zero_price": ("rows_zero_price", "suspicious"),
    "zero_quantity": ("rows_zero_quantity", "dropped"),
    "amount_only": ("unpriced_lines", "suspicious"),
}
_SHOWN = ("order_id", "ordered_at", "product_id", "quantity", "unit_price", "amount")


def _findings(
    flat: ir.Table, parts: MappingType[str, _Part], mapping: Mapping, where: str
) -> Iterator[Finding]:
    total = sum(part.rows for part in parts.values())
    for role, (code, level) in _TOLD.items():
        if role not in parts:
            continue
        if role == "zero_price" and mapping.zero_price == "drop":
            code, level = "rows_zero_price_dropped", "dropped"
        if role == "incomplete" and _with_quantity(flat, mapping) > _MANY_SHARE * total:
            code, level = "many_rows_incomplete", "error"
        details: dict[str, JSON] = {"amount": parts[role].value} if code in _WITH_AMOUNT else {}
        examples = _examples(flat, role)
        yield Finding(code, level, where, None, parts[role].rows, total, examples, details)


def _sales_marked(flat: ir.Table, mapping: Mapping, where: str) -> Iterator[Finding]:
    """Say which sales the status of their order makes returns of: it says both of one row."""
    column = mapping.returns.column
    if column is None or column not in mapping.columns.get("status", ()):
        return
    marked = _is_return(flat, Returns(column=column, values=mapping.returns.values), flat[_VALUE])
    is_sale = marked & (flat[_ROLE] == "return") & (flat[_VALUE] > 0)
    told = flat.aggregate(
        n=is_sale.sum(), amount=flat[_VALUE].sum(where=is_sale), total=flat.count()
    )
    row = told.to_pyarrow().to_pylist()[0]
    if row["n"]:
        details: dict[str, JSON] = {"column": column, "amount": float(row["amount"])}
        count, total = int(row["n"]), row["total"]
        yield Finding(
            "sales_marked_returns", "suspicious", where, "status", count, total, (), details
        )


def _with_quantity(flat: ir.Table, mapping: Mapping) -> int:
    """Return how many incomplete rows may be sales; totals of a ticket give no quantity."""
    quantity = flat.quantity if mapping.kind == "lines" else flat.amount
    lacks = (flat[_ROLE] == "incomplete") & (quantity != 0)
    return int(flat.aggregate(n=lacks.sum()).to_pyarrow().to_pylist()[0]["n"] or 0)


_WITH_AMOUNT = (
    *("rows_cancelled", "rows_left_out", "rows_negative_price", "rows_unpriced"),
    "unpriced_lines",
)


def _balance(parts: MappingType[str, _Part], sold: int, dropped_before: int, where: str) -> Finding:
    """Say where every row of the source went: rows read = sold + returned + left out."""
    read = sum(part.rows for part in parts.values()) + dropped_before
    returned = parts["return"].rows if "return" in parts else 0
    details: dict[str, JSON] = {
        "read": read, "sold": sold, "returned": returned, "left": read - sold - returned,
    }  # fmt: skip
    return Finding("rows_read", "info", where, None, details=details)


def _several_values(sales: ir.Table, mapping: Mapping, where: str) -> Iterator[Finding]:
    """Say what differs from line to line of an order: its day, and other columns of orders."""
    names = _of_orders(sales)[2:]
    extremes = {f"least_{name}": sales[name].min() for name in names}
    extremes |= {f"greatest_{name}": sales[name].max() for name in names}
    orders = sales.group_by("order_id").aggregate(
        **extremes,
        **{_LINES: sales.count(), _DAYS_APART: _days_apart(sales.ordered_at)},
        first=sales.ordered_at.min(),
        last=sales.ordered_at.max(),
        greatest_value=sales[_VALUE].max(),
        whole_value=sales[_VALUE].sum(),
    )
    counts = {n: (orders[f"least_{n}"] != orders[f"greatest_{n}"]).sum() for n in names}
    apart = orders[_DAYS_APART]
    if "customer_id" in names:
        same = orders.least_customer_id == orders.greatest_customer_id
        counts |= {"one_customer": (same & (apart > 0)).sum()}
        counts |= {"several_customers": (~same & (apart > 0)).sum()}
        if "store_id" in names:
            mixed = orders.least_store_id != orders.greatest_store_id
            counts |= {"one_customer_of_stores": (same & mixed).sum()}
            counts |= {"several_customers_of_stores": (~same & mixed).sum()}
    if "store_id" in names:
        mixed = orders.least_store_id != orders.greatest_store_id
        counts["stores_of_several_days"] = (mixed & (apart > 0)).sum()
    row = orders.aggregate(
        rows_of_table=orders.count(),
        several_lines=(orders[_LINES] > 1).sum(),
        three_lines=(orders[_LINES] > _TWO).sum(),
        doubled=(
            (orders[_LINES] > _TWO)
            & (orders.greatest_value > 0)
            & (orders.greatest_value * 2 == orders.whole_value)
        ).sum(),
        lines=orders[_LINES].sum(),
        several_days=(apart > 0).sum(),
        far_apart=(apart > _FAR_APART_DAYS).sum(),
        days_far_apart=apart.sum(where=apart > _FAR_APART_DAYS),
        longest=apart.max(),
        days_apart_in_all=apart.sum(),
        days_of_extract=orders["last"].max().date().delta(orders["first"].min().date(), unit="day"),
        **counts,
    )
    counted = row.to_pyarrow().to_pylist()[0]
    if counted["several_days"]:
        counted |= _seen_before(sales)
    if "customer_id" in names:
        counted |= _accounts(orders)
    if counted["several_days"] and "customer_id" in names:
        counted["begin_alike"] = _begin_alike(orders)
    if counted["several_days"]:
        yield _several_days(sales, counted, mapping, where)
    if int(counted["doubled"] or 0) > max(_MOST_SHARE * int(counted["three_lines"]), 1):
        count, total = int(counted["doubled"]), int(counted["three_lines"])
        yield Finding("lines_of_totals", "suspicious", where, None, count, total)
    shared_by = _shared_by(counted, mapping)
    for name in names:
        if name == shared_by:
            yield _numbers_shared(sales, counted, name, mapping, where)
        elif counted[name]:
            count, total = int(counted[name]), counted["rows_of_table"]
            code = "several_texts" if sales[name].type().is_string() else "several_values"
            yield Finding(
                code, "suspicious", where, name, count, total, details={"orders": int(total)}
            )


def _codes_of_totals(sales: ir.Table, where: str) -> Iterator[Finding]:
    """Say which codes are totals or taxes: by their name, or by their part of the order."""
    if "product_id" not in sales.columns:
        return
    names = {name: sales[name].max() for name in _present(sales, "products.name")}
    orders = int(sales.order_id.nunique().to_pyarrow().as_py())
    each = sales.group_by("product_id").aggregate(
        n=sales.count(),
        orders=sales.order_id.nunique(),
        amount=sales[_VALUE].sum(),
        **names,
    )
    often = each.filter(each.product_id.notnull() & (each.orders > _RARE_SHARE * orders))
    codes = {row["product_id"]: row for row in often.to_pyarrow().to_pylist()}
    named = {
        code
        for code, row in codes.items()
        if is_code_of_total(code) or names_a_total(row.get("products.name") or "")
    }
    everywhere = [code for code, row in codes.items() if row["orders"] > _NEARLY_ALL * orders]
    found = sorted(named | _parts_of_orders(sales, sorted({*named, *everywhere}), orders))
    if found:
        details: dict[str, JSON] = {
            "amount": float(sum(codes[code]["amount"] for code in found)),
            "remedy": _without_codes(found),
        }
        count, total = (
            sum(codes[code]["n"] for code in found),
            int(sales.count().to_pyarrow().as_py()),
        )
        yield Finding(
            "codes_of_totals", "suspicious", where, "product_id", count, total, (), details
        )


def _parts_of_orders(sales: ir.Table, codes: Sequence[str], orders: int) -> set[str]:
    """Return the codes that are worth a part of what the order is worth without all of these.

    Of nearly every order it is the same part, or the whole and its taxes.
    """
    if orders < _FEWEST_ORDERS or not codes:
        return set()
    value, code = sales[_VALUE], sales.product_id
    whole = sales.group_by("order_id").aggregate(
        rest=value.sum(where=code.notin(list(codes)) | code.isnull()).cast(FLOAT),
        **{f"part_{i}": value.sum(where=code == one).cast(FLOAT) for i, one in enumerate(codes)},
    )
    whole = whole.filter(whole.rest > 0)
    parts = {one: whole[f"part_{i}"] for i, one in enumerate(codes)}
    sums = {f"sum_{i}": part.sum() for i, part in enumerate(parts.values())}
    sums |= {f"rest_{i}": whole.rest.sum(where=p.notnull()) for i, p in enumerate(parts.values())}
    total = whole.aggregate(**sums).to_pyarrow().to_pylist()[0]
    counts: dict[str, ir.Scalar] = {"n": whole.count()}
    for i, part in enumerate(parts.values()):
        share = (total[f"sum_{i}"] or 0) / (total[f"rest_{i}"] or 1)
        is_same = (part - share * whole.rest).abs() <= _A_PENNY + _ROUNDED * share * whole.rest
        is_whole = part.between(whole.rest - _A_PENNY, _WITH_TAXES * whole.rest + _A_PENNY)
        counts |= {f"same_{i}": is_same.sum(), f"whole_{i}": is_whole.sum()}
        counts |= {f"least_{i}": part.min(), f"greatest_{i}": part.max()}
    row = whole.aggregate(**counts).to_pyarrow().to_pylist()[0]
    few = max(_NEARLY_ALL * orders, _FEWEST_ORDERS)
    return {
        one
        for i, one in enumerate(codes)
        # What costs the same each time is a product.
        if (row[f"greatest_{i}"] or 0) > _TWO * (row[f"least_{i}"] or 0)
        and max(row[f"same_{i}"] or 0, row[f"whole_{i}"] or 0) >= few
    }


# A word alone says little of what hardly any order has: "Total" is a yogurt too.
_RARE_SHARE = 0.05
_A_PENNY = 0.011
_ROUNDED = 0.01
# The highest tax on sales is 27 % (Hungary).
_WITH_TAXES = 1.27


_LINES = "lines_of_order"
_DAYS_APART = "days_apart"
_TWO = 2
# Of fewer orders, only what nearly all of them show says anything.
_FEWEST_ORDERS, _FEWEST_LINES = 10, 50
_MANY_SHARE = 0.2
_MOST_SHARE = 0.5
_NEARLY_ALL = 0.8
# Where numbers begin again, the later days hold hardly a new one. Even when the second of two
# years sells twice as much as the first, a third of the tickets falls on such days; of orders
# delivered in two parts, only those that follow the last order of the extract do.
_FEW_NEW = 0.2
_BEGIN_AGAIN_SHARE = 0.3
# And an order would last a good part of the extract on average: two uses of one number lie half of
# it apart where numbers begin again, and a third where they come at random.
_GOOD_PART = 1 / 3
# Partial deliveries may be weeks apart. Where more orders than this share are longer than that,
# and long for their extract too, a part of the tills uses its numbers again.
_FAR_APART_DAYS = 31
_USED_AGAIN_SHARE = 0.01
_FAR_PART = 1 / 4
# Accounts of the house (one, or one a till) are few, and each has many of the numbers; a
# subscriber whose order lasts the year has one.
_FEW_ACCOUNTS = 10
_NUMBERS_OF_AN_ACCOUNT = 5
# And an order is delivered on a few days, while a number that begins again has many.
_DAYS_OF_A_NUMBER = 5


def _days_apart(moments: ir.TimestampColumn) -> ir.IntegerScalar:
    return moments.max().date().delta(moments.min().date(), unit="day")


def _seen_before(sales: ir.Table) -> dict[str, int]:
    """Count the tickets (an order on a day), and those of days that hold hardly a new number."""
    tickets = sales.select("order_id", day=sales.ordered_at.date()).distinct()
    begun = tickets.group_by("order_id").aggregate(day=tickets.day.min())
    new = begun.group_by("day").aggregate(new=begun.count())
    seen = tickets.group_by("day").aggregate(seen=tickets.count())
    days = seen.left_join(new, "day")
    few = days.new.fill_null(0) < _FEW_NEW * days.seen
    row = days.aggregate(tickets=days.seen.sum(), tickets_seen_before=days.seen.sum(where=few))
    return {name: int(n or 0) for name, n in row.to_pyarrow().to_pylist()[0].items()}


def _accounts(orders: ir.Table) -> dict[str, int]:
    """Count the customers, their orders and those of the greatest one."""
    known = orders.filter(orders.least_customer_id == orders.greatest_customer_id)
    each = known.group_by("least_customer_id").aggregate(n=known.count())
    row = each.aggregate(accounts=each.count(), of_the_greatest=each.n.max(), of_all=each.n.sum())
    counted = {name: int(n or 0) for name, n in row.to_pyarrow().to_pylist()[0].items()}
    if "least_store_id" in orders.columns:
        stores = orders.least_store_id.nunique()
        counted["stores"] = int(orders.aggregate(n=stores).to_pyarrow().to_pylist()[0]["n"])
    return counted


def _begin_alike(orders: ir.Table) -> int:
    """Count the customers whose least number is the same one, whichever most of them have.

    The number is the last one in the identifier of an order; the first one if the customer has but
    one last number (that of a till).
    """
    known = orders.filter(orders.least_customer_id == orders.greatest_customer_id)
    known = known.mutate(
        first_number=known.order_id.re_extract(r"^\D*(\d+)", 1).try_cast("float64"),
        last_number=known.order_id.re_extract(r"(\d+)\D*$", 1).try_cast("float64"),
    )
    last = known.last_number
    each = known.group_by("least_customer_id").aggregate(
        begin=(last.min() < last.max()).ifelse(last.min(), known.first_number.min())
    )
    numbered = each.filter(each.begin.notnull())
    alike = numbered.group_by("begin").aggregate(n=numbered.count())
    return int(alike.n.max().to_pyarrow().as_py() or 0)


def _begin_again(counted: MappingType[str, Any]) -> bool:
    """Whether the numbers lie as those that begin again every day, month or year."""
    total, several = int(counted["rows_of_table"]), int(counted["several_days"])
    if total < _FEWEST_ORDERS and (
        int(counted["lines"]) < _FEWEST_LINES or several <= _NEARLY_ALL * total
    ):
        return False
    average = int(counted["days_apart_in_all"]) / several
    is_long = average > _GOOD_PART * int(counted["days_of_extract"])
    return is_long and counted["tickets_seen_before"] > _BEGIN_AGAIN_SHARE * counted["tickets"]


def _are_used_again(counted: MappingType[str, Any]) -> bool:
    """Whether the same numbers must name several orders, on different days."""
    several = int(counted["several_days"])
    if not several:
        return False
    begin_again = _begin_again(counted)
    if _have_one_customer(counted, several, ""):
        few = max(_FEW_ACCOUNTS, int(counted.get("stores", 0)))
        is_few = counted["accounts"] <= few
        has_many = counted["of_all"] >= _NUMBERS_OF_AN_ACCOUNT * counted["accounts"]
        # Where nearly every number is used on many days, any number of accounts are of the house:
        # tills, which begin at the same number. Standing orders have each their own.
        is_used_often = (
            several > _NEARLY_ALL * int(counted["rows_of_table"])
            and counted["tickets"] >= _DAYS_OF_A_NUMBER * counted["rows_of_table"]
            and counted["begin_alike"] > _NEARLY_ALL * counted["accounts"]
        )
        return begin_again and has_many and (is_few or is_used_often)
    far = int(counted["far_apart"])
    if far <= _USED_AGAIN_SHARE * int(counted["rows_of_table"]):
        return begin_again
    is_long = int(counted["days_far_apart"]) > _FAR_PART * far * int(counted["days_of_extract"])
    return begin_again or is_long


def _have_one_customer(counted: MappingType[str, Any], orders: int, which: str) -> bool:
    """Whether orders that look like several are each of one customer, as far as that is known.

    Of two orders that share a number, the customers would differ nearly always; unless a till
    gives the same one to whoever passes.
    """
    one = int(counted.get(f"one_customer{which}") or 0)
    several = int(counted.get(f"several_customers{which}") or 0)
    is_known = one + several > _MOST_SHARE * orders
    return is_known and several <= _USED_AGAIN_SHARE * (one + several)


def _several_days(
    sales: ir.Table, counted: MappingType[str, Any], mapping: Mapping, where: str
) -> Finding:
    """Say that lines of an order fall on different days: late lines, or a number used again."""
    total = int(counted["rows_of_table"])
    used_again = _are_used_again(counted)
    code = "numbers_used_again" if used_again else "several_days"
    level: Level = "error" if used_again else "suspicious"
    column = "order_id" if used_again else "ordered_at"
    orders = sales.group_by("order_id").aggregate(
        first_day=sales.ordered_at.min().date(),
        last_day=sales.ordered_at.max().date(),
        **{_DAYS_APART: _days_apart(sales.ordered_at)},
    )
    furthest = orders.filter(orders[_DAYS_APART] > 0).order_by(
        orders[_DAYS_APART].desc(), "order_id"
    )
    examples = furthest.drop(_DAYS_APART).limit(_EXAMPLES).to_pyarrow().to_pylist()
    details: dict[str, JSON] = {
        "orders": total,
        "longest": int(counted["longest"]),
        "remedy": _numbered_also_by(mapping, mapping.columns["ordered_at"][:1]),
    }
    shown = tuple({name: plain(value) for name, value in row.items()} for row in examples)
    return Finding(code, level, where, column, int(counted["several_days"]), total, shown, details)


def _shared_by(counted: MappingType[str, Any], mapping: Mapping) -> str | None:
    """Return whose orders have the same numbers, if many of those of several lines are so.

    Numbers used again on other days explain both: the day is to be mended first.
    """
    several = int(counted["several_lines"])
    if several < _FEWEST_ORDERS or _are_used_again(counted):
        return None
    for name in _OWNERS:
        mixed = int(counted.get(name) or 0)
        if mixed > _MANY_SHARE * several:
            is_split = name == "store_id" and _are_split(counted, mixed, mapping)
            return None if is_split else name
    return None


def _are_split(counted: MappingType[str, Any], mixed: int, mapping: Mapping) -> bool:
    """Whether orders of several stores are each one order, which several stores deliver.

    They are of one customer; where that is nearly always the same one, the days tell: two stores
    do not reach a number on the same day.
    """
    if not _have_one_customer(counted, mixed, "_of_stores"):
        return False
    if counted["of_the_greatest"] <= _NEARLY_ALL * counted["of_all"]:
        return True
    days_tell = counted["days_of_extract"] > 0 and not mapping.is_numbered_by_day
    return days_tell and counted["stores_of_several_days"] <= _NEARLY_ALL * mixed


# Who may number orders from 1, and whose an order is alone.
_OWNERS = ("store_id", "customer_id")


def _numbers_shared(
    sales: ir.Table, counted: MappingType[str, Any], owner: str, mapping: Mapping, where: str
) -> Finding:
    """Say that stores (or customers) have orders of the same number, which count as one."""
    orders = sales.group_by("order_id").aggregate(first=sales[owner].min(), last=sales[owner].max())
    mixed = orders.filter(orders["first"] != orders["last"]).order_by("order_id").limit(_EXAMPLES)
    shown = tuple(
        {name: plain(value) for name, value in row.items()}
        for row in mixed.to_pyarrow().to_pylist()
    )
    total = int(counted["several_lines"])
    details: dict[str, JSON] = {
        "orders": total,
        "owner": owner,
        "remedy": _numbered_also_by(mapping, mapping.columns.get(owner, (owner,))),
    }
    count = int(counted[owner])
    return Finding("numbers_shared", "error", where, "order_id", count, total, shown, details)


def _numbered_also_by(mapping: Mapping, parts: Sequence[str]) -> str:
    """Return the line of the mapping that makes source columns a part of the number of orders."""
    # At the end: returns and rows to leave out are known by how the number begins.
    sources = [*mapping.columns["order_id"], *parts]
    return f"order_id: [{', '.join(map(written, sources))}]"


def _of_orders(sales: ir.Table) -> list[str]:
    """Return the columns of lines that are their order's: order_id and ordered_at, then others."""
    first = ["order_id", "ordered_at"]
    # An amount of the source is of the line, whatever it means: that of the order is made.
    hidden = {*first, "amount"}
    others = [name for name in TABLES["orders"].names if name not in hidden]
    return first + [name for name in others if name in sales.columns]


def _examples(flat: ir.Table, role: str) -> tuple[dict[str, JSON], ...]:
    shown = [flat[_LINE].name("line_id"), *(flat[name] for name in _SHOWN if name in flat.columns)]
    rows = flat.filter(flat[_ROLE] == role).select(*shown).limit(_EXAMPLES).to_pyarrow()
    return tuple({name: plain(value) for name, value in row.items()} for row in rows.to_pylist())


def _lines(sales: ir.Table) -> ir.Table:
    in_orders = _of_orders(sales)
    hidden = {*in_orders, _ROLE, _VALUE, RETURN_MARK, ORIGINAL_ORDER, *_dotted(sales)}
    canonical = [name for name in TABLES["order_lines"].names if name in sales.columns]
    extra = [name for name in sales.columns if name not in {*hidden, *canonical}]
    return sales.select(*canonical, *extra)


def _orders_of(sales: ir.Table) -> ir.Table:
    """Return the orders of lines."""
    return sales.group_by("order_id").aggregate(
        ordered_at=sales.ordered_at.min(),
        # The greatest of an order's values: the same one in whatever order its rows come.
        **{name: sales[name].max() for name in _of_orders(sales)[2:]},
        amount=sales[_VALUE].sum().cast(DECIMAL),
    )


def _orders(sales: ir.Table) -> ir.Table:
    return sales.drop(_ROLE, _VALUE, _LINE, *_present(sales, RETURN_MARK, ORIGINAL_ORDER))


def _present(table: ir.Table, *names: str) -> list[str]:
    return [name for name in names if name in table.columns]


def _dotted(table: ir.Table) -> list[str]:
    return [name for name in table.columns if name.split(".")[0] in _ATTRIBUTES and "." in name]


_ATTRIBUTES = {"products": "product_id", "contacts": "customer_id"}


def _attributes(rows: ir.Table) -> dict[str, ir.Table]:
    """Return products and contacts from the columns that describe them, at their last value.

    Rows are sales and returns: what was only ever returned is a product too. A sale says more
    than a return.
    """
    tables: dict[str, ir.Table] = {}
    for table, key in _ATTRIBUTES.items():
        columns = [name for name in rows.columns if name.startswith(f"{table}.")]
        if not columns:
            continue
        known = rows.filter(rows[key].notnull())
        tables[table] = known.group_by(key).aggregate(
            **{name.partition(".")[2]: _latest(known, name) for name in columns}
        )
    return tables


def _latest(rows: ir.Table, name: str) -> ir.Value:
    # The value itself breaks ties of time, so that row order never matters.
    key = (
        (rows[_ROLE] == "return").ifelse("0 ", "1 ")
        + rows.ordered_at.cast("string")
        + rows[name].cast("string")
    )
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
