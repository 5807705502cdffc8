"""The mapping of a source: what its columns are, and how its rows are to be understood."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from marketing_kpi.data.model import (
    BOOLEAN,
    DATE,
    DECIMAL,
    FLOAT,
    INTEGER,
    STRING,
    TABLES,
    TIMESTAMP,
)
from marketing_kpi.data.names import MISSPELT
from marketing_kpi.errors import MappingError, unknown
from marketing_kpi.text.yaml12 import Document
from marketing_kpi.text.yaml12 import load as load_yaml

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

LINE_AMOUNT = "line_amount"
ORIGINAL_ORDER = "original_order_id"
RETURN_MARK = "return_mark"
LEAVE_MARK = "leave_mark"
# What a row is worth, once quantities and prices are read.
LINE_VALUE = "line_value"
# Tables that columns of an extract describe ("products.name"), with the column that names a row.
ATTRIBUTES = {"products": "product_id", "contacts": "customer_id"}


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
    """Rows that are no sale of a product: postage, manual fees, totals, bad-debt adjustments.

    Attributes
    ----------
    product_id
        Exact product codes.
    order_prefix
        Beginnings of the order id, such as "A".
    column, values
        A source column, and its values in the rows to leave out: "Payment" of a line type.
    filled
        Whether to leave out, instead of those values, whatever has one in the column that is no
        word for no: a date of cancelling.
    """

    product_id: Texts = ()
    order_prefix: Texts = ()
    column: str | None = None
    values: Texts = ()
    filled: bool = False


class Mapping(_Model):
    """What the columns of a source are, and how its rows are to be understood.

    Attributes
    ----------
    kind
        "lines": a row is a sale line; "orders": a row is an order; "tables": the source has
        canonical tables, of which some columns have other names. Not said: "lines", or "tables"
        where only `values` or `format` are given, since each column has its canonical name then.
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

    @model_validator(mode="before")
    @classmethod
    def _of_canonical_names(cls, given: Any) -> Any:
        is_all = isinstance(given, dict) and given and given.keys() <= {"values", "format"}
        return {"kind": "tables", **given} if is_all else given

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
    types |= {ORIGINAL_ORDER: STRING, RETURN_MARK: STRING, LEAVE_MARK: STRING}
    for table in ATTRIBUTES:
        types |= {f"{table}.{column.name}": column.type for column in TABLES[table].columns}
    return types


def read_mapping(mapping: Mapping | MappingType[str, Any] | str | Path | None) -> Mapping | None:
    """Return a mapping from a YAML file, a dictionary or a `Mapping`; None stays None.

    Raises
    ------
    MappingError
        It is not valid; the message names each key that is not, its line in a file, and the
        closest one that exists.
    """
    if mapping is None or isinstance(mapping, Mapping):
        return mapping
    if isinstance(mapping, str | Path):
        document = load_yaml(Path(mapping), error=MappingError)
        place = _Place(Path(mapping).name, document)
        content = document.value
    else:
        place, content = _Place("mapping"), mapping
    try:
        model = Mapping.model_validate(content)
    except ValidationError as error:
        raise _together(_refused(error, content, place)) from error
    faults = list(_faults(model, place))
    if faults:
        raise _together(faults)
    return model


@dataclass(frozen=True)
class _Place:
    """Where a mapping is written: a file, whose lines are known, or a dictionary."""

    name: str
    document: Document | None = None

    def at(self, *path: str | int) -> str:
        """Return what to call the place of a key in messages."""
        if self.document is None:
            return self.name
        return f"{self.name}, line {self.document.line(path)}"


_Faults: TypeAlias = "Iterator[MappingError]"


def _together(faults: Iterable[MappingError]) -> MappingError:
    """Return one error that says what several do, each thing once."""
    told = list(faults)
    hints = dict.fromkeys(fault.hint for fault in told if fault.hint)
    messages = dict.fromkeys(fault.message for fault in told)
    return MappingError("\n".join(messages), hint="; ".join(hints) or None)


def _refused(error: ValidationError, content: object, place: _Place) -> _Faults:
    """Say what is refused, then what is wrong with what is left without it."""
    refused = error.errors(include_url=False)
    for one in refused:
        yield _explained(one, place)
    left = content
    for one in refused:
        left = _pruned(left, one["loc"])
    try:
        model = Mapping.model_validate(left)
    except ValidationError:
        return
    yield from _faults(model, place, is_whole=False)


def _pruned(content: object, path: tuple[str | int, ...]) -> object:
    """Return the content without the value at a path, or without the nearest key above it."""
    if not path or not isinstance(content, MappingType):
        return content
    first, *rest = path
    inner = content.get(first)
    if rest and isinstance(inner, MappingType):
        return {**content, first: _pruned(inner, tuple(rest))}
    return {key: value for key, value in content.items() if key != first}


def _explained(fault: ErrorDetails, place: _Place) -> MappingError:
    path = fault["loc"]
    where = place.at(*path)
    if fault["type"] == "extra_forbidden":
        parent: Any = Mapping
        for part in path[:-1]:
            parent = parent.model_fields[part].annotation
        message, hint = unknown("key", str(path[-1]), parent.model_fields, where=where)
        return MappingError(message, hint=hint)
    given = fault["input"]
    if fault["type"] in ("model_type", "model_attributes_type") and not path:
        return MappingError(f"{where} holds {type(given).__name__}, not keys and values")
    got = f", and is {given!r}" if isinstance(given, str | int | float) else ""
    return MappingError(f"{where}: {'.'.join(map(str, path))} {_lowered(fault['msg'])}{got}")


def _lowered(message: str) -> str:
    return message[0].lower() + message[1:]


def _faults(mapping: Mapping, place: _Place, *, is_whole: bool = True) -> _Faults:
    """Say what keys, each valid by itself, do not say together.

    Of a mapping that is not whole, what is missing may be what was refused: it is not told.
    """
    if mapping.kind == "tables":
        yield from _faults_of_tables(mapping, place)
        return
    if mapping.tables:
        yield MappingError(
            f"{place.at('tables')}: tables is only read with kind: tables, and kind is "
            f"{mapping.kind}",
            hint="add kind: tables, or give the columns of the flat extract under columns",
        )
        return
    known = flat_types(mapping.kind)
    for key in ("columns", "constants", "values"):
        for name in getattr(mapping, key):
            yield from _misspelt(name, known, place.at(key, name))
    missing = [name for name in ("order_id", "ordered_at") if name not in mapping.columns]
    for name in missing if is_whole else ():
        yield MappingError(
            f"{place.at('columns')}: columns does not say which column is '{name}'",
            hint=f"add it: columns: {{{name}: <column of your file>}}",
        )
    if not missing:
        at = ("columns",)
        yield from _given_twice(_own_columns(mapping), place, at)
        yield from _given_twice({"order_id": mapping.columns["order_id"]}, place, at)
    yield from _wrong_constants(mapping, known, place)
    if is_whole:
        yield from _without_key(mapping, place)
        yield from _incomplete_rules(mapping, place)


def _incomplete_rules(mapping: Mapping, place: _Place) -> _Faults:
    """Refuse values without the column that has them, and a column without its values."""
    is_filled = mapping.leave_out.filled
    for key, rule in (("returns", mapping.returns), ("leave_out", mapping.leave_out)):
        is_told = bool(rule.values) or (key == "leave_out" and is_filled)
        if rule.column and not is_told:
            yield MappingError(
                f"{place.at(key)}: {key} names the column '{rule.column}' without its values",
                hint=f"add them: {key}: {{column: …, values: […]}}",
            )
        if is_told and not rule.column:
            yield MappingError(
                f"{place.at(key)}: {key} has values and does not say which column has them",
                hint=f"add it: {key}: {{column: …, values: […]}}",
            )
    if mapping.leave_out.values and is_filled:
        yield MappingError(
            f"{place.at('leave_out')}: leave_out has both values and filled",
            hint="keep one: filled: true leaves out every row that has something in the column",
        )


_ONLY_FLAT = ("columns", "table", "constants", "returns", "leave_out", "duplicates", "zero_price")


def _faults_of_tables(mapping: Mapping, place: _Place) -> _Faults:
    for key in _ONLY_FLAT:
        if key in mapping.model_fields_set:
            yield MappingError(
                f"{place.at(key)}: {key} is not read with kind: tables",
                hint="give the columns of each table: tables: {orders: {order_id: <column>}}, or "
                "leave kind out if a row of the source is a sale line",
            )
    for name, columns in mapping.tables.items():
        if name not in TABLES:
            at = place.at("tables", name)
            message, hint = unknown("table", name, TABLES, where=at)
            yield MappingError(message, hint=hint)
            continue
        for column in columns:
            where = f"{place.at('tables', name, column)}, table {name}"
            yield from _misspelt(column, TABLES[name].names, where)
        yield from _given_twice(columns, place, ("tables", name), f", table {name}")
    known = {column for table in TABLES.values() for column in table.names}
    for name in mapping.values:
        yield from _misspelt(name, known, place.at("values", name))


def _misspelt(name: str, known: Collection[str], where: str) -> _Faults:
    """Refuse a name that looks like a misspelt canonical one, or a column of a table that is none.

    Others name extra columns.
    """
    if name in known:
        return
    close = difflib.get_close_matches(name.casefold(), sorted(known), n=1, cutoff=MISSPELT)
    tables = sorted({other.split(".")[0] for other in known if "." in other})
    if not close and tables and "." in name:
        yield MappingError(
            f"{where}: '{name}' is not a canonical column; an extract describes {', '.join(tables)}"
            " and no other table",
            hint=f"put {name.split('.')[0]} in a file of its own beside the extract; "
            f"known: {', '.join(sorted(known))}",
        )
    if close:
        yield MappingError(
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


def _given_twice(
    columns: MappingType[str, Sequence[str]], place: _Place, path: tuple[str, ...], of: str = ""
) -> _Faults:
    used: dict[str, str] = {}
    for name, sources in columns.items():
        for source in sources:
            if source in used:
                yield MappingError(
                    f"{place.at(*path, name)}{of}: source column '{source}' is given twice, for "
                    f"'{used[source]}' and '{name}'",
                    hint="each source column fills one canonical column; remove one of the two (a "
                    "part of an order_id of several columns may fill another one too)",
                )
            used[source] = name


def _wrong_constants(mapping: Mapping, types: MappingType[str, str], place: _Place) -> _Faults:
    for name, value in mapping.constants.items():
        where = place.at("constants", name)
        if name in mapping.columns:
            yield MappingError(
                f"{where}: '{name}' has both a source column and a constant",
                hint="keep one of the two",
            )
        reads, what = _CONSTANTS.get(types.get(name, STRING), (str, "a text"))
        try:
            reads(value)
        except (ValueError, ArithmeticError):
            yield MappingError(
                f"{where}: the constant of '{name}' is '{value}', not {what}",
                hint="write numbers as 1.5, dates as 2025-12-31, and true or false",
            )


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


def _without_key(mapping: Mapping, place: _Place) -> _Faults:
    """Refuse what only rows with a known product or customer can be used for."""
    given = {*mapping.columns, *mapping.constants}
    needs = {name: ATTRIBUTES.get(name.split(".")[0]) for name in sorted(given) if "." in name}
    if mapping.leave_out.product_id:
        needs["leave_out.product_id"] = "product_id"
    for name, key in needs.items():
        if key is not None and key not in given:
            yield MappingError(
                f"{place.at('columns', name)}: {name} needs '{key}', and columns does not say "
                "which column it is",
                hint=f"add it: columns: {{{key}: <column of your file>}}",
            )
