"""Values by which the mapping knows returns and rows to leave out, and those that no row has."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from marketing_kpi.data.conform import trimmed
from marketing_kpi.data.mapping import LEAVE_MARK, RETURN_MARK, LeaveOut, Mapping, Returns
from marketing_kpi.data.model import STRING, Finding
from marketing_kpi.data.words import NOTHING_SAID, written

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import JSON

# What a column of floats adds to whole numbers, which one program writes and another does not.
_NO_DECIMALS = re.compile(r"^(\d+)\.0+$")
# Among the values that most rows have, the closest one is sought.
_MOST_VALUES = 1_000
_NOTHING = "–"


def _as_compared(column: ir.StringValue) -> ir.StringValue:
    """Return the values of a column as they are compared: trimmed, in small letters, 5 for 5.0."""
    return trimmed(column).lower().re_replace(_NO_DECIMALS.pattern, r"\1")


def is_marked(column: ir.StringValue, values: Sequence[str]) -> ir.BooleanValue:
    """Return whether a column has one of the values of a rule."""
    return _as_compared(column).isin([_compared(value) for value in values])


def is_filled(column: ir.StringValue) -> ir.BooleanValue:
    """Return whether a column has something that is no word for no."""
    return _as_compared(column).notin([*NOTHING_SAID])


def _compared(value: str) -> str:
    return _NO_DECIMALS.sub(r"\1", value.strip().lower())


def rules_without_rows(flat: ir.Table, mapping: Mapping, *, where: str) -> Iterator[Finding]:
    """Say which values of the rules for returns and rows to leave out no row has.

    Parameters
    ----------
    flat
        All rows of the extract, with the marks that the rules read.
    mapping
        Its rules.
    where
        What to call the extract in findings.
    """
    asked = [
        each
        for key, rule in (("returns", mapping.returns), ("leave_out", mapping.leave_out))
        for each in _asked(flat, key, rule)
    ]
    if not asked:
        return
    counts = {f"n{n}": each.has_it.sum() for n, each in enumerate(asked)}
    row = flat.aggregate(total=flat.count(), **counts).to_pyarrow().to_pylist()[0]
    for each in (each for n, each in enumerate(asked) if not row[f"n{n}"]):
        closest = _closest(flat[each.column], each.value)
        details: dict[str, JSON] = {"rule": each.written, "closest": closest}
        column = None if each.column in (LEAVE_MARK, RETURN_MARK) else each.column
        total = row["total"]
        yield Finding("rule_without_rows", "suspicious", where, column, 0, total, (), details)


@dataclass(frozen=True)
class _Asked:
    """A value of a rule: the column that it is sought in, the rule as written, and what has it."""

    column: str
    value: str
    written: str
    has_it: ir.BooleanValue


def _asked(flat: ir.Table, key: str, rule: Returns | LeaveOut) -> Iterator[_Asked]:
    for value in rule.order_prefix:
        told = f"{key}: {{order_prefix: [{written(value)}]}}"
        yield _Asked("order_id", value, told, flat.order_id.startswith(value))
    mark = RETURN_MARK if isinstance(rule, Returns) else LEAVE_MARK
    named = f"{key}: {{column: {written(rule.column or '')}"
    for value in rule.values:
        told = f"{named}, values: [{written(value)}]}}"
        yield _Asked(mark, value, told, is_marked(flat[mark], [value]))
    if isinstance(rule, Returns):
        return
    for value in rule.product_id:
        told = f"{key}: {{product_id: [{written(value)}]}}"
        yield _Asked("product_id", value, told, flat.product_id == value.strip())
    if rule.filled:
        yield _Asked(mark, "", f"{named}, filled: true}}", is_filled(flat[mark]))


def _closest(column: ir.Column, value: str) -> str:
    """Return the value of a column that is the least unlike another, by its letters."""
    each = column.cast(STRING).name("value").as_table()
    counted = each.group_by("value").aggregate(n=each.count())
    counted = counted.filter(counted.value.notnull())
    first = counted.order_by(counted.n.desc(), "value").limit(_MOST_VALUES).to_pyarrow().to_pylist()
    values = {_compared(row["value"]): str(row["value"]) for row in reversed(first)}
    close = difflib.get_close_matches(_compared(value), values, n=1, cutoff=0)
    return values[close[0]] if close else _NOTHING
