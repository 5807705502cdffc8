"""Gives typed columns their canonical types, as lazy expressions that every engine runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from marketing_kpi.data.model import (
    DATE,
    DECIMAL,
    EXACT_PRICE,
    FLOAT,
    INTEGER,
    PRICES,
    STRING,
    TIMESTAMP,
    Finding,
)
from marketing_kpi.errors import ColumnError
from marketing_kpi.text.messages import N_

if TYPE_CHECKING:
    import ibis.expr.datatypes as dt
    import ibis.expr.operations as ops
    import ibis.expr.types as ir

_MONEY_SCALE = 4
# What 64 bits hold, roundly; not every engine writes a decimal without its ".0".
_LARGEST_WHOLE = 9e18
# What a canonical type holds, and how many digits of its type never exceed it.
_LIMITS = {DECIMAL: 10**14, EXACT_PRICE: 10**14, INTEGER: 9 * 10**18}
_SAFE_DIGITS = {DECIMAL: 14, EXACT_PRICE: 14, INTEGER: 18}
_WITHIN = {
    DECIMAL: N_("a number below 10^14"),
    EXACT_PRICE: N_("a number below 10^14"),
    INTEGER: N_("a whole number of 18 digits at most"),
}
_EXAMPLES = 5
# Less than that is how floats are kept, not what was written.
_SMALLEST_LOSS = 1e-7
# Their SQL reads the vertical tab and the form feed, as Ibis writes them, as letters v and f.
_READ_ESCAPES_OTHERWISE = ("pyspark", "databricks")


def trimmed(text: ir.StringValue) -> ir.StringValue:
    """Return a text without the white space around it."""
    if text.get_backend().name in _READ_ESCAPES_OTHERWISE:
        return text.re_replace(r"^\s+|\s+$", "")
    return text.strip()


def conform(
    table: ir.Table, types: Mapping[str, str], *, where: str
) -> tuple[ir.Table, list[Finding]]:
    """Return a table whose columns have the canonical `types`; others are kept after them.

    Parameters
    ----------
    table
        Columns already have their canonical names.
    types
        Ibis type by canonical column, in canonical order.
    where
        What to call the table in findings.

    Returns
    -------
    The lazy table, and a finding for each column whose values changed.
    """
    given = {name: kind for name, kind in types.items() if name in table.columns}
    counts = {name: _counts(table[name], kind) for name, kind in given.items()}
    row = _counted(table, counts) if any(counts.values()) else {}
    finer = {name for name in given if row.get(f"{name} rounded")}
    kinds = {name: _kind(table[name], name, given[name], name in finer) for name in given}
    findings = [*_findings(table, counts, kinds, row, where)]
    if _already(table, kinds):
        return table, findings
    for name, kind in kinds.items():
        _refuse_numbers_as_dates(table[name], kind, f"{where}, column {name}")
    columns = {
        name: _cast(table[name], kind, is_guarded=bool(row.get(f"{name} unreadable_values")))
        for name, kind in kinds.items()
    }
    extra = {name: table[name] for name in table.columns if name not in columns}
    return table.select(**columns, **extra), findings


def _kind(column: ir.Value, name: str, kind: str, is_finer: bool) -> str:
    """Return the type to give: prices keep the decimals that they need."""
    if kind != DECIMAL or name not in PRICES:
        return kind
    given = column.type()
    kept = given.is_decimal() and (given.scale or 0) > _MONEY_SCALE
    return EXACT_PRICE if is_finer or kept else kind


def _refuse_numbers_as_dates(column: ir.Value, kind: str, where: str) -> None:
    """Refuse numbers as dates: engines would take 20250105 for seconds since 1970."""
    if kind in (DATE, TIMESTAMP) and column.type().is_numeric():
        raise ColumnError(
            f"{where} holds numbers ({column.type()}), not dates",
            hint="make it a date where it is stored, or write it to a file, from which 20250105 "
            "and the days that spreadsheets count are read",
        )


def _already(table: ir.Table, types: Mapping[str, str]) -> bool:
    names = list(types)
    same = all(_same(table[name].type(), _type(types[name])) for name in names)
    return same and list(table.columns[: len(names)]) == names


def _same(given: dt.DataType, kind: dt.DataType) -> bool:
    # Engines differ in how finely they keep naive times: that is no other type.
    if given.is_timestamp() and kind.is_timestamp():
        return given.timezone is None
    return bool(given.copy(nullable=True) == kind)


def _type(kind: str) -> dt.DataType:
    """Return a type of Ibis by its name."""
    import ibis.expr.datatypes as dt

    return dt.dtype(kind)


def _cast(column: ir.Value, kind: str, *, is_guarded: bool) -> ir.Value:
    given, wanted = column.type(), _type(kind)
    if kind == STRING and (given.is_floating() or (given.is_decimal() and given.scale)):
        whole = (column == column.floor()) & (column.abs() < _LARGEST_WHOLE)
        text = whole.ifelse(column.cast(INTEGER).cast(STRING), column.cast(STRING))
        return _is_nan(column).ifelse(None, text) if given.is_floating() else text
    if kind in _LIMITS and (is_guarded or given.is_floating()):
        # Neither infinite nor not a number either.
        return _is_within(column, kind).ifelse(column, None).cast(wanted)
    if given.is_floating():
        return (_is_nan(column) | _is_infinite(column)).ifelse(None, column).cast(wanted)
    return column if _same(given, wanted) else column.cast(wanted)


def _is_within(column: ir.Value, kind: str) -> ir.BooleanValue:
    limit = _LIMITS[kind]
    return (column > -limit) & (column < limit)


def _may_exceed(given: dt.DataType, kind: str) -> bool:
    """Return whether a typed number may be more than its canonical type holds."""
    if kind not in _LIMITS or not given.is_numeric() or given.is_boolean():
        return False
    if given.is_decimal():
        return (given.precision or 38) - (given.scale or 0) > _SAFE_DIGITS[kind]
    return bool(given.is_floating() or given.is_uint64() or (given.is_int64() and kind != INTEGER))


def _is_nan(column: ir.Value) -> ir.BooleanValue:
    import ibis.expr.operations as ops

    return column.isnan() if _has(column, ops.IsNan) else _never(column)


def _is_infinite(column: ir.Value) -> ir.BooleanValue:
    import ibis.expr.operations as ops

    return column.isinf() if _has(column, ops.IsInf) else _never(column)


def _has(column: ir.Value, operation: type[ops.Value]) -> bool:
    # Engines such as SQLite keep no such numbers, and cannot be asked for them.
    return bool(column.get_backend().has_operation(operation))


def _never(column: ir.Value) -> ir.BooleanValue:
    """Return false for every value, and null for null."""
    return column.isnull().nullif(True)


def _counts(column: ir.Value, kind: str) -> dict[str, ir.Scalar]:
    """Return what to count of a column before it is cast, by code of finding."""
    given = column.type()
    if given.is_floating() and kind == STRING:
        return {"float_ids": (~_is_nan(column)).sum()}
    counts: dict[str, ir.Scalar] = {}
    if given.is_floating():
        counts["not_numbers"] = (_is_nan(column) | _is_infinite(column)).sum()
    if _may_exceed(given, kind):
        counts["unreadable_values"] = _too_large(column, kind).sum()
    if kind == DECIMAL and (given.is_floating() or given.is_decimal()):
        counts |= _rounding(column)
    if given.is_timestamp() and given.timezone is not None and kind == TIMESTAMP:
        counts["utc_times"] = column.count()
    return counts


def _too_large(column: ir.Value, kind: str) -> ir.BooleanValue:
    large = ~_is_within(column, kind)
    if column.type().is_floating():
        return large & ~_is_nan(column) & ~_is_infinite(column)
    return large


def _rounding(column: ir.Value) -> dict[str, ir.Scalar]:
    given = column.type()
    if given.is_decimal() and (given.scale or 0) <= _MONEY_SCALE:
        return {}
    rounded = _cast(column, DECIMAL, is_guarded=True).cast(FLOAT)
    lost = rounded - _cast(column, FLOAT, is_guarded=False)
    is_lost = lost.abs() > _SMALLEST_LOSS
    return {"rounded": is_lost.sum(), "difference": is_lost.ifelse(lost, 0.0).sum()}


def _counted(table: ir.Table, counts: Mapping[str, Mapping[str, ir.Scalar]]) -> dict[str, Any]:
    """Run everything to count as one query."""
    named = {
        f"{name} {code}": count for name, codes in counts.items() for code, count in codes.items()
    }
    row: dict[str, Any] = (
        table.aggregate(rows_of_table=table.count(), **named).to_pyarrow().to_pylist()[0]
    )
    return row


def _findings(
    table: ir.Table,
    counts: Mapping[str, Mapping[str, ir.Scalar]],
    kinds: Mapping[str, str],
    row: Mapping[str, Any],
    where: str,
) -> Iterator[Finding]:
    for name, codes in counts.items():
        for code in codes:
            number = row.get(f"{name} {code}")
            kept = code == "rounded" and kinds[name] == EXACT_PRICE
            if not number or kept or code == "difference":
                continue
            total = row["rows_of_table"]
            if code == "unreadable_values":
                yield _left_out(table[name], kinds[name], int(number), total, where)
                continue
            details = {"difference": row[f"{name} difference"]} if code == "rounded" else {}
            yield Finding(code, "repaired", where, name, int(number), total, details=details)


def _left_out(column: ir.Value, kind: str, count: int, total: int, where: str) -> Finding:
    """Say which numbers are more than their type holds; they are null in the table."""
    values = column.name("value").as_table()
    large = values.filter(_too_large(values.value, kind)).order_by("value").limit(_EXAMPLES)
    shown = tuple({"value": str(one["value"])} for one in large.to_pyarrow().to_pylist())
    expected = {"expected": _WITHIN[kind]}
    return Finding(
        "unreadable_values", "dropped", where, column.get_name(), count, total, shown, expected
    )


def line_value(quantity: ir.NumericValue, price: ir.NumericValue) -> ir.DecimalValue:
    """Return quantity × price as money; null where it is more than money holds.

    DuckDB gives a product of two decimals of 18 digits 18 digits, of which 8 are decimals: a line
    of ten billion would stop it. To divide wider ones takes it some hundred times as long, so only
    what needs their digits is multiplied that way. Prices have up to ten decimals.
    """
    plain = price if _is_money(price) else _narrowed(price)
    is_plain = (quantity.abs() < _LARGEST_PLAIN) & (plain.abs() < _LARGEST_PLAIN)
    if plain is not price:
        is_plain = is_plain & (plain == price)
    # Cast to more decimals first: Ibis takes a product of decimals for the type of its factors,
    # and would leave out the cast that follows.
    product = (quantity * plain).cast("decimal(18, 8)").cast(DECIMAL)
    wide = (quantity.cast("decimal(19, 4)") * price.cast("decimal(28, 10)")).cast("decimal(38, 8)")
    kept = (wide.abs() < _LIMITS[DECIMAL]).ifelse(wide, None).cast(DECIMAL)
    return is_plain.ifelse(product, kept)


# The product of two such numbers has at most ten digits before its decimals.
_LARGEST_PLAIN = 10**5


def _is_money(price: ir.NumericValue) -> bool:
    kind = price.type()
    return bool(kind.is_decimal() and (kind.scale or 0) <= _MONEY_SCALE)


def _narrowed(price: ir.NumericValue) -> ir.NumericValue:
    """Return a price of ordinary size with the decimals of money; floats are the shortest way."""
    ordinary = (price.abs() < _LARGEST_PLAIN).ifelse(price, None)
    return ordinary.cast(FLOAT).cast(DECIMAL)
