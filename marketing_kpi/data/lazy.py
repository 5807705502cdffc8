"""Text columns of tables that stay where they are, read as canonical types on any engine.

Engines agree on plain text only: dates as 2025-12-31, numbers as 1234.5. Whatever is written in
another way is counted and left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from marketing_kpi.data.cleaning import (
    FALSE,
    NOTHING,
    NOTHING_TYPED,
    SPELLINGS,
    TRUE,
    WHAT,
    Target,
)
from marketing_kpi.data.conform import trimmed
from marketing_kpi.data.model import (
    BOOLEAN,
    DATE,
    DECIMAL,
    EXACT_PRICE,
    INTEGER,
    JSON,
    STRING,
    TIMESTAMP,
    Finding,
)
from marketing_kpi.data.reading import EXAMPLES
from marketing_kpi.errors import ColumnError

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend

# Some engines stop at a day that its month does not have, so the pattern knows how long they are.
_DAY = (
    r"\d{4}-((0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|(0[469]|11)-(0[1-9]|[12]\d|30)"
    r"|02-(0[1-9]|[12]\d))"
)
_ISO = rf"^{_DAY}([ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d([.]\d+)?)?)?$"
_ZONE = r"(Z|[+-]\d{2}:?\d{2})$"
# More digits than that are no amount, and some engines stop at them.
_PLAIN_NUMBER = r"^[+-]?(\d{1,14}([.]\d*)?|[.]\d+)$"
_FINE_NUMBER = r"[.]\d{4}\d*[1-9]"


@dataclass(frozen=True)
class _Text:
    """A column to make of text.

    Attributes
    ----------
    target
        What it is to be.
    given
        The text as the source holds it.
    trimmed
        The text without the spaces around it; null where nothing is left.
    filled
        `trimmed`, null also for the words that mean nothing.
    value
        The column to make, however the text is written.
    """

    target: Target
    given: ir.StringValue
    trimmed: ir.StringValue
    filled: ir.StringValue
    value: ir.Value

    @property
    def is_moment(self) -> bool:
        """Whether it is to be a day or a time."""
        return self.target.type in (DATE, TIMESTAMP)


def read_texts(
    table: ir.Table, targets: Sequence[Target], backend: BaseBackend, *, where: str
) -> tuple[ir.Table, list[Finding]]:
    """Return a table of the targets, its text read as their types, and what that changed.

    One aggregate counts everything; what no text needs is left out of the columns made.

    Raises
    ------
    ColumnError
        No value of a column can be read as its type.
    """
    columns = {target.name: _joined(table, target) for target in targets}
    texts = [
        _text(target, columns[target.name], backend)
        for target in targets
        if target.type is not None and columns[target.name].type().is_string()
    ]
    findings: list[Finding] = []
    for text, counted in zip(texts, _counted(table, texts), strict=True):
        columns[text.target.name] = _needed(text, counted, backend)
        findings += _findings(table, text, counted, where)
    return table.select(**columns), findings


def _joined(table: ir.Table, target: Target) -> ir.Value:
    """Return the source column; several, a date and a time, joined by a space."""
    if len(target.source) == 1:
        return table[target.source[0]]
    parts = {name: table[name] for name in target.source}
    first = target.source[0]
    if parts[first].type().is_timestamp():
        # The midnight that the engine shows after the day is not the time of the sale.
        parts[first] = parts[first].date()
    texts = {name: _filled(target, part.cast(STRING)) for name, part in parts.items()}
    # A part that is missing leaves the others: an order without a customer keeps its number.
    present = [(" " + text).fill_null("") for text in texts.values()]
    joined = trimmed(reduce(lambda joined, text: joined + text, present)).nullif("")
    if not target.needed:
        return joined
    lacks = reduce(or_, [texts[name].isnull() for name in target.needed])
    return lacks.ifelse(None, joined)


def _text(target: Target, given: ir.StringValue, backend: BaseBackend) -> _Text:
    plain = trimmed(given).nullif("")
    filled = _filled(target, given) if target.type != STRING or target.is_id else plain
    value = _value(target, filled, backend, zoned=True)
    return _Text(target, given, plain, filled, value)


def _filled(target: Target, given: ir.StringValue) -> ir.StringValue:
    """Return the text without the spaces around it; null for the words that mean nothing."""
    plain = trimmed(given).nullif("")
    nothing = NOTHING if target.is_id else NOTHING_TYPED
    return plain.lower().isin(nothing).ifelse(None, plain)


def _needed(text: _Text, counted: Mapping[str, int], backend: BaseBackend) -> ir.Value:
    """Return the column to make with no more than what its text, as counted, asks for."""
    target = text.target
    plain = text.filled if counted["odd"] else text.given
    if target.type == STRING and not counted["renamed"]:
        return plain
    if counted["fine"]:
        return _cast(plain, _PLAIN_NUMBER, EXACT_PRICE, backend)
    return _value(target, plain, backend, zoned=counted["zoned"] > 0)


def _value(target: Target, text: ir.StringValue, backend: BaseBackend, *, zoned: bool) -> ir.Value:
    if target.type == STRING:
        known = _known(target)
        return text.lower().substitute(known, else_=text) if known else text
    if target.type == BOOLEAN:
        word = text.lower()
        return word.isin(TRUE).ifelse(True, word.isin(FALSE).ifelse(False, None))
    if target.type in (DATE, TIMESTAMP):
        moment = _zoned(text).ifelse(text.re_replace(_ZONE, ""), text) if zoned else text
        return _cast(moment, _ISO, target.type, backend)
    number = _cast(text, _PLAIN_NUMBER, DECIMAL, backend)
    # By way of decimals: some engines read no "3.0" as a whole number.
    return number.cast(target.type) if target.type == INTEGER else number


def _zoned(text: ir.StringValue) -> ir.BooleanValue:
    # A day alone ends in what could be an offset: only a time has one.
    return text.contains(":") & text.re_search(_ZONE)


def _cast(text: ir.StringValue, pattern: str, kind: str, backend: BaseBackend) -> ir.Value:
    import ibis.expr.operations as ops

    plain = text.re_search(pattern).ifelse(text, None)
    # Where an engine cannot try, the pattern is what keeps it from stopping.
    return plain.try_cast(kind) if backend.has_operation(ops.TryCast) else plain.cast(kind)


def _known(target: Target) -> dict[str, str]:
    """Return what to write for each value, in small letters, that the model knows."""
    known = {value.casefold(): value for value in target.values}
    known |= {wrong: right for wrong, right in SPELLINGS.items() if right in target.values}
    return known | {given.casefold(): value for given, value in (target.translate or {}).items()}


def _counted(table: ir.Table, texts: Sequence[_Text]) -> list[dict[str, int]]:
    """Count what each text looks like, all in one query."""
    if not texts:
        return []
    counts = {
        f"{name} {number}": count
        for number, text in enumerate(texts)
        for name, count in _counts(text).items()
    }
    row = table.aggregate(**counts).to_pyarrow().to_pylist()[0]
    return [
        {name: int(row.get(f"{name} {number}") or 0) for name in _COUNTS}
        for number in range(len(texts))
    ]


_COUNTS = ("filled", "read", "odd", "emptied", "renamed", "zoned", "fine")


def _counts(text: _Text) -> dict[str, ir.IntegerScalar]:
    counts = {
        "filled": text.filled.count(),
        "read": text.value.count(),
        "odd": text.given.count() - (text.given == text.filled).sum().fill_null(0),
    }
    if text.target.is_id:
        counts["emptied"] = text.trimmed.count() - text.filled.count()
    if text.target.type == STRING and _known(text.target):
        counts["renamed"] = (text.filled != text.value).sum()
    if text.target.type == DECIMAL:
        counts["fine"] = text.filled.re_search(_FINE_NUMBER).sum()
    if text.is_moment:
        counts["zoned"] = _zoned(text.filled).sum()
    return counts


def _findings(
    table: ir.Table, text: _Text, counted: Mapping[str, int], where: str
) -> Iterator[Finding]:
    name, filled = text.target.name, counted["filled"]
    if counted["zoned"]:
        yield Finding("time_zones_dropped", "repaired", where, name, counted["zoned"], filled)
    if counted["emptied"]:
        examples = _examples(table, text, text.trimmed.notnull() & text.filled.isnull())
        yield Finding("null_words", "repaired", where, name, counted["emptied"], None, examples)
    if counted["renamed"]:
        values = _renamings(table, text)
        yield Finding(
            "values_renamed", "repaired", where, name, counted["renamed"], filled, (), values
        )
    lost = filled - counted["read"]
    if lost:
        examples = _examples(table, text, text.filled.notnull() & text.value.isnull())
        yield _unreadable(text, lost, filled, examples, where)


def _unreadable(
    text: _Text, lost: int, filled: int, examples: tuple[dict[str, Any], ...], where: str
) -> Finding:
    what = WHAT.get(text.target.type or STRING, "text")
    if lost == filled:
        shown = ", ".join(repr(one["value"]) for one in examples)
        raise ColumnError(
            f"{where}, column {text.target.name}: no value can be read as {what}; the first are "
            f"{shown}",
            hint=f"check that '{text.target.source[0]}' is the right column; text that stays on a "
            "connection must be plain (2025-12-31, 2025-12-31 10:30, 1234.5). Store it as a date "
            "or a number, or export it to a file, where other ways of writing are read",
        )
    expected = {"expected": what}
    return Finding(
        "unreadable_values", "dropped", where, text.target.name, lost, filled, examples, expected
    )


def _renamings(table: ir.Table, text: _Text) -> dict[str, JSON]:
    """Return the most frequent values that are written otherwise, with what they become."""
    both = table.select(given=text.filled, meant=text.value)
    groups = both.filter(both.given != both.meant).group_by(["given", "meant"])
    found = groups.aggregate(n=lambda rows: rows.count())
    first = found.order_by(found.n.desc(), "given").limit(EXAMPLES).to_pyarrow().to_pylist()
    return {"values": [f"{one['given']} → {one['meant']}" for one in first]}


def _examples(
    table: ir.Table, text: _Text, condition: ir.BooleanValue
) -> tuple[dict[str, Any], ...]:
    """Return the first values that meet a condition; rows of a table have no number to show."""
    rows = table.filter(condition).select(value=text.trimmed).distinct().order_by("value")
    return tuple(rows.limit(EXAMPLES).to_pyarrow().to_pylist())
