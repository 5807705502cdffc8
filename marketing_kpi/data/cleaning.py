"""Turns text, as people and tills write it, into canonical types, inside the engine.

How a column is written is decided on the whole column: a first pass counts what its values look
like, a second writes the cleaned table. Only counts and a few examples come back to Python.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from marketing_kpi.data import dates, numbers
from marketing_kpi.data.model import (
    BOOLEAN,
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
from marketing_kpi.data.reading import EXAMPLES, Raw
from marketing_kpi.data.store import Store, literal, quote, struct
from marketing_kpi.errors import ColumnError
from marketing_kpi.text.messages import N_

if TYPE_CHECKING:
    from marketing_kpi.data.mapping import Format

# What programs write for "nothing"; ids leave out "na" and "-", which may name something.
NOTHING = ("null", "nan", "nat", "none", "n/a", "#n/a", "<na>", "\\n")
NOTHING_TYPED = (*NOTHING, "na", "-", "--", "?")
TRUE = ("true", "t", "yes", "y", "oui", "o", "vrai", "v", "1", "1.0", "on", "x")
FALSE = ("false", "f", "no", "n", "non", "faux", "0", "0.0", "off")
SPELLINGS = {"canceled": "cancelled"}
_NUMBERS = (DECIMAL, FLOAT, INTEGER)
_MOMENTS = (DATE, TIMESTAMP)
_NUMERIC_TYPE = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\)")
_MIDNIGHT = r"[T ]00:00(:00(\.0+)?)?$"

# Trimming several characters is slow; most values neither begin nor end with any of them.
_MACROS = r"""
CREATE OR REPLACE TEMP MACRO trimmed(v) AS
    CASE WHEN v[1] BETWEEN '!' AND '~' AND v[-1] BETWEEN '!' AND '~' THEN v
         ELSE nullif(trim(v,
                          E' \t\r\n' || chr(160) || chr(8201) || chr(8239) || chr(65279)), '') END;
"""


@dataclass(frozen=True)
class Target:
    """A column to make: its name, its Ibis type, and where its values are.

    Attributes
    ----------
    name
        Column to make.
    type
        Ibis type to give it; None keeps what the source has.
    source
        Source columns, joined by a space when they are several (a date and a time).
    values
        The values it may take, written without regard to case in the source.
    translate
        Source values and what they mean, from the mapping.
    needed
        Those of several source columns without which there is no value; what is missing of the
        others is left out of it.
    """

    name: str
    type: str | None
    source: tuple[str, ...]
    values: tuple[str, ...] = ()
    translate: Mapping[str, str] | None = None
    needed: tuple[str, ...] = ()

    @property
    def is_id(self) -> bool:
        """Whether it identifies something: never a number, whatever it looks like."""
        return self.type == STRING and self.name.endswith("_id")


@dataclass(frozen=True)
class _Text:
    """A target whose source is text.

    Attributes
    ----------
    target
        The column to make.
    trimmed
        SQL of its text, on the source, without the spaces around it.
    value
        SQL of its value, on a column that has the target's name and holds the trimmed text; two
        steps, so that the text is trimmed once.
    """

    target: Target
    trimmed: str
    value: str


@dataclass(frozen=True)
class Cleaned:
    """What reading text found, and how the dates were written."""

    findings: list[Finding]
    dates: dates.Written | None


def clean(
    raw: Raw,
    targets: Sequence[Target],
    store: Store,
    relation: str,
    how: Format,
    elsewhere: dates.Written | None = None,
) -> Cleaned:
    """Make `relation` in the store from a raw one: text read as canonical types, names canonical.

    Columns that already have a type keep it. Nothing is copied when no text needs reading: the
    relation is then a view. Dates that do not tell how they are written are as those `elsewhere`.

    Raises
    ------
    ColumnError
        No value of a column can be read as its type.
    """
    store.execute(_MACROS + numbers.MACROS + dates.MACROS)
    types = store.types(raw.relation)
    texts = [
        _text(target, types)
        for target in targets
        if _is_text(target, types) and not raw.is_canonical
    ]
    like = elsewhere or dates.Written()
    profile = _profile(texts, raw, store, like)
    parts = _date_parts(texts, profile, raw, store, how)
    expressions, findings = _expressions(texts, profile, raw, store, how, like, parts)
    moments = {t.target.name: profile[t.target.name] for t in texts if t.target.type in _MOMENTS}
    styles = dates.written(moments, given=how.date_order, style=how.date_format)
    if dates.orders_of_parts(parts):
        styles = None
    changed = [text for text in texts if text.target.name in expressions]
    if not changed:
        store.execute(f"CREATE VIEW {quote(relation)} AS {_renamed(raw, targets)}")
        return Cleaned(findings, styles)
    trimmed = {text.target.name: text.trimmed for text in changed}
    values = {text.target.name: text.value for text in changed}
    innermost = ", ".join(
        f"{trimmed.get(target.name, quote(target.source[0]))} AS {quote(target.name)}"
        for target in targets
    )
    inner = ", ".join(
        f"{values.get(target.name, quote(target.name))} AS {quote(target.name)}"
        for target in targets
    )
    outer = ", ".join(
        f"{expressions.get(target.name, quote(target.name))} AS {quote(target.name)}"
        for target in targets
    )
    part = _part(raw)
    store.execute(
        f"CREATE TABLE {quote(relation)} AS SELECT {outer} "
        f"FROM (SELECT {part}{inner} FROM (SELECT {part}{innermost} FROM {quote(raw.relation)}))"
    )
    findings += _unreadable(changed, profile, expressions, raw, store, relation)
    store.drop(raw.relation)
    return Cleaned(findings, styles)


def _renamed(raw: Raw, targets: Sequence[Target]) -> str:
    """Return the query that gives columns their names; one that changes nothing is plain."""
    columns = [(target.source[0], target.name) for target in targets]
    if columns == [(name, name) for name in raw.columns] and raw.part is None:
        return f"SELECT * FROM {quote(raw.relation)}"
    named = ", ".join(
        quote(new) if old == new else f"{quote(old)} AS {quote(new)}" for old, new in columns
    )
    return f"SELECT {named} FROM {quote(raw.relation)}"


def _is_text(target: Target, types: Mapping[str, str]) -> bool:
    kind = types[target.source[0]]
    # A number in a column of dates is a day written without marks, or a spreadsheet's: text says
    # which, whereas the engine would take it for seconds since 1970.
    is_day = target.type in _MOMENTS and _NUMERIC_TYPE.fullmatch(kind)
    return len(target.source) > 1 or kind == "VARCHAR" or kind.startswith("ENUM") or bool(is_day)


def _text(target: Target, types: Mapping[str, str]) -> _Text:
    parts = [_as_text(name, types[name]) for name in target.source]
    if target.type in _MOMENTS and len(parts) > 1:
        # A day kept as a moment shows a midnight that is not the time of the next column.
        parts[0] = f"regexp_replace({parts[0]}, '{_MIDNIGHT}', '')"
    joined = parts[0] if len(parts) == 1 else _joined(target, parts)
    trimmed, value = f"trimmed({joined})", quote(target.name)
    if target.type is None or (target.type == STRING and not target.is_id):
        return _Text(target, trimmed, value)
    return _Text(target, trimmed, _filled(target, value))


def _joined(target: Target, parts: Sequence[str]) -> str:
    """Return the SQL of several parts as one text, without those that are missing."""
    filled = [_filled(target, f"trimmed({part})") for part in parts]
    joined = f"concat_ws(' ', {', '.join(filled)})"
    needed = [
        part for name, part in zip(target.source, filled, strict=True) if name in target.needed
    ]
    if not needed:
        return joined
    return f"CASE WHEN {' AND '.join(f'({part}) IS NOT NULL' for part in needed)} THEN {joined} END"


def _filled(target: Target, value: str) -> str:
    """Return the SQL of a value that is null for the words that mean nothing."""
    nothing = NOTHING if target.is_id else NOTHING_TYPED
    words = ", ".join(literal(word) for word in nothing)
    is_nothing = f"length({value}) <= {max(map(len, nothing))} AND lower({value}) IN ({words})"
    return f"CASE WHEN {is_nothing} THEN NULL ELSE {value} END"


def _as_text(name: str, kind: str) -> str:
    """Return the SQL of a column as text; whole numbers have no decimals there."""
    column = quote(name)
    if kind == "VARCHAR":
        return column
    text = f"CAST({column} AS VARCHAR)"
    if _NUMERIC_TYPE.fullmatch(kind) is None:
        return text
    whole = f"{column} = floor({column}) AND abs({column}) < 1e15"
    return f"CASE WHEN {whole} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) ELSE {text} END"


def _profile(
    texts: Sequence[_Text], raw: Raw, store: Store, like: dates.Written
) -> dict[str, dict[str, Any]]:
    """Return, for each text column, how many values look like what."""
    shapes = {text.target.name: _shapes(text, like) for text in texts}
    profile = _counted(texts, shapes, raw, store)
    # Detailed shapes cost a lot: they are only looked for where values are not written plainly.
    odd = [text for text in texts if profile[text.target.name].get("odd")]
    detailed = {text.target.name: _details(text) for text in odd}
    for name, counts in _counted(odd, detailed, raw, store).items():
        profile[name] |= counts
    return profile


def _counted(
    texts: Sequence[_Text], shapes: Mapping[str, Mapping[str, str]], raw: Raw, store: Store
) -> dict[str, dict[str, Any]]:
    if not texts:
        return {}
    innermost = ", ".join(
        f"{text.trimmed} AS {quote(text.target.name)}, "
        f"{_given(text)} AS {quote('raw ' + text.target.name)}"
        for text in texts
    )
    inner = ", ".join(
        f"{text.value} AS {quote(text.target.name)}, {quote(text.target.name)} AS "
        f"{quote('text ' + text.target.name)}, {quote('raw ' + text.target.name)}"
        for text in texts
    )
    outer = ", ".join(f"{struct(counts)} AS {quote(name)}" for name, counts in shapes.items())
    source = f"(SELECT {inner} FROM (SELECT {innermost} FROM {quote(raw.relation)}))"
    return store.rows(f"SELECT {outer} FROM {source}")[0]


def _part(raw: Raw) -> str:
    """Return the SQL that selects the part that a row is of, before other columns."""
    return "" if raw.part is None else f"{quote(raw.part)}, "


def _date_parts(
    texts: Sequence[_Text],
    profile: Mapping[str, Mapping[str, Any]],
    raw: Raw,
    store: Store,
    how: Format,
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return how the dates of each part look, where some have the day first and some the month."""
    moments = [t for t in texts if t.target.type in _MOMENTS]
    moments = [t for t in moments if profile[t.target.name].get("numeric")]
    seen = {
        name
        for text in moments
        for name in ("first_over_12", "second_over_12")
        if profile[text.target.name][name]
    }
    if raw.part is None or how.date_order or how.date_format or len(seen) < len(dates.ORDERS):
        return {}
    return _by_part(moments, dates.part_shapes, raw, store)


def _number_parts(
    texts: Sequence[_Text],
    profile: Mapping[str, Mapping[str, Any]],
    raw: Raw,
    store: Store,
    how: Format,
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return how the numbers of each part look, where a mark may be of decimals or thousands."""
    numeric = [text for text in texts if text.target.type in _NUMBERS]
    is_known = not any(profile[text.target.name].get("ambiguous") for text in numeric)
    if raw.part is None or how.decimal_mark or is_known:
        return {}
    return _by_part(numeric, numbers.part_shapes, raw, store)


def _by_part(
    texts: Sequence[_Text], shapes: Callable[[str], dict[str, str]], raw: Raw, store: Store
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return how many values of each part, and of each column, look like what."""
    names = [(text.target.name, quote(text.target.name)) for text in texts]
    innermost = ", ".join(f"{text.trimmed} AS {quote(text.target.name)}" for text in texts)
    inner = ", ".join(f"{text.value} AS {quote(text.target.name)}" for text in texts)
    counts = ", ".join(f"{struct(shapes(value))} AS {value}" for _, value in names)
    part = _part(raw)
    rows = store.rows(
        f"SELECT {part}{counts} FROM (SELECT {part}{inner} FROM "
        f"(SELECT {part}{innermost} FROM {quote(raw.relation)})) GROUP BY 1 ORDER BY 1"
    )
    return {row[raw.part]: {name: row[name] for name, _ in names} for row in rows if raw.part}


def _given(text: _Text) -> str:
    """Return the SQL of what the source holds: of several columns the first, as their join is."""
    first = quote(text.target.source[0])
    return first if len(text.target.source) == 1 else f"CAST({first} AS VARCHAR)"


def _shapes(text: _Text, like: dates.Written) -> dict[str, str]:
    value = quote(text.target.name)
    shapes = {"filled": f"count({value})"}
    if text.target.type in _NUMBERS:
        return shapes | numbers.plain_shapes(value)
    if text.target.type in _MOMENTS:
        return shapes | dates.plain_shapes(value, like)
    given = quote("raw " + text.target.name)
    shapes["changed"] = f"count(*) FILTER (WHERE {given} IS DISTINCT FROM {value})"
    shapes["emptied"] = f"count({quote('text ' + text.target.name)}) - count({value})"
    if text.target.is_id:
        dotted = f"contains({value}, '.')"
        shapes["whole"] = (
            f"count(*) FILTER (WHERE NOT {dotted} AND try_cast({value} AS UBIGINT) IS NOT NULL)"
        )
        shapes["float"] = (
            f"count(*) FILTER (WHERE {dotted} AND regexp_full_match({value}, '\\d+\\.0+'))"
        )
        shapes["decimal"] = (
            f"count(*) FILTER (WHERE {dotted} AND regexp_full_match({value}, '\\d+\\.\\d+'))"
        )
        shapes["scientific"] = (
            f"count(*) FILTER (WHERE contains({value}, '+') "
            f"AND regexp_full_match({value}, '\\d([.,]\\d+)?[eE]\\+\\d+'))"
        )
    return shapes


def _details(text: _Text) -> dict[str, str]:
    value = quote(text.target.name)
    return numbers.shapes(value) if text.target.type in _NUMBERS else dates.shapes(value)


def _expressions(
    texts: Sequence[_Text],
    profile: Mapping[str, Mapping[str, Any]],
    raw: Raw,
    store: Store,
    how: Format,
    like: dates.Written,
    parts: Mapping[str, Mapping[str, Mapping[str, Any]]],
) -> tuple[dict[str, str], list[Finding]]:
    """Return the SQL of each column to change, on its trimmed value, and what is worth saying."""
    decimals = numbers.decide(
        {t.target.name: profile[t.target.name] for t in texts if t.target.type in _NUMBERS},
        given=how.decimal_mark,
        hint=raw.decimal,
    )
    orders = dates.decide(
        {t.target.name: profile[t.target.name] for t in texts if t.target.type in _MOMENTS},
        given=how.date_order,
        elsewhere=like.order,
    )
    marked = _number_parts(texts, profile, raw, store, how)
    marks = numbers.styles_of_parts(marked, decimals)
    of_parts = dates.orders_of_parts(parts)
    expressions: dict[str, str] = {}
    findings: list[Finding] = []
    for text in texts:
        target, counts = text.target, profile[text.target.name]
        value = quote(target.name)
        if target.name in decimals:
            number = _number(text, counts, decimals[target.name], marks.get(target.name), raw)
            kind = target.type
            if counts["finer"] and kind == DECIMAL:
                if target.name in PRICES:
                    kind = EXACT_PRICE
                else:
                    findings += _rounded(text, counts, number(EXACT_PRICE), raw, store)
            expressions[target.name] = number(kind)
            if target.name in marks:
                written = {part: columns[target.name] for part, columns in marked.items()}
                findings += numbers.findings_of_parts(
                    written, counts, decimals[target.name], marks[target.name], raw.where,
                    target.name,
                )  # fmt: skip
            else:
                findings += numbers.findings(counts, decimals[target.name], raw.where, target.name)
        elif target.name in of_parts and raw.part is not None:
            order, own = orders[target.name], of_parts[target.name]
            expressions[target.name] = dates.expression_of_parts(
                value, quote(raw.part), counts, own, order, target.type
            )
            seen = {part: columns[target.name] for part, columns in parts.items()}
            told = dates.findings(counts, order, raw.where, target.name, None)
            findings += [found for found in told if found.code not in dates.OF_PARTS]
            findings += dates.findings_of_parts(seen, own, order, raw.where, target.name)
        elif target.name in orders:
            order = orders[target.name]
            is_alike = counts["filled"] and counts.get("alike") == counts["filled"]
            given = like.format if is_alike else how.date_format
            expressions[target.name] = dates.expression(value, counts, order, target.type, given)
            findings += dates.findings(counts, order, raw.where, target.name, given)
        elif target.type == BOOLEAN:
            expressions[target.name] = _boolean(value)
        elif target.is_id:
            if counts["changed"] or _is_float_id(target.name, counts):
                expressions[target.name] = _id(target.name, counts)
            findings += _id_findings(text, counts, raw, store)
        else:
            meanings, found = _meanings(text, counts, raw, store)
            if meanings or counts["changed"]:
                expressions[target.name] = _words(value, meanings)
            findings += found
    return expressions, findings


def _number(
    text: _Text,
    counts: Mapping[str, Any],
    style: numbers.Style,
    of_parts: Mapping[str, numbers.Style] | None,
    raw: Raw,
) -> Callable[[str | None], str]:
    """Return what makes the SQL of a column's numbers, given the type that they are to have."""
    value = quote(text.target.name)
    if of_parts is None or raw.part is None:
        return partial(numbers.expression, value, counts, style)
    return partial(numbers.expression_of_parts, value, quote(raw.part), counts, of_parts)


def _rounded(
    text: _Text, counts: Mapping[str, Any], exact: str, raw: Raw, store: Store
) -> Iterator[Finding]:
    """Say what keeping four decimals of finer numbers changes."""
    value, part = quote(text.target.name), _part(raw)
    source = f"SELECT {part}{text.trimmed} AS {value} FROM {quote(raw.relation)}"
    read = f"SELECT {exact} AS exact FROM (SELECT {part}{text.value} AS {value} FROM ({source}))"
    row = store.rows(
        f"SELECT count(*) AS n, CAST(sum(rounded - exact) AS DOUBLE) AS difference FROM "
        f"(SELECT exact, CAST(exact AS DECIMAL(18, 4)) AS rounded FROM ({read})) "
        f"WHERE exact <> rounded"
    )[0]
    if row["n"]:
        details = {"difference": row["difference"]}
        yield Finding(
            "rounded", "repaired", raw.where, text.target.name, row["n"], counts["filled"],
            details=details,
        )  # fmt: skip


def _boolean(value: str) -> str:
    true = ", ".join(literal(word) for word in TRUE)
    false = ", ".join(literal(word) for word in FALSE)
    word = f"lower({value})"
    return f"CASE WHEN {word} IN ({true}) THEN true WHEN {word} IN ({false}) THEN false END"


def _is_float_id(column: str, counts: Mapping[str, Any]) -> bool:
    """Say whether ids such as 17850.0 are whole numbers that a program wrote as floats.

    A product's "10.0" may be a code, and an order's "17.0" a revision: floats they are where all
    ids of products are numbers, and where no other id has decimals. A guest among the customers
    leaves the others what they are.
    """
    floats: int = counts["float"]
    if column == "product_id":
        return floats > 0 and floats + counts["whole"] == counts["filled"]
    return floats > 0 and floats == counts["decimal"]


def _id(column: str, counts: Mapping[str, Any]) -> str:
    value = quote(column)
    if not _is_float_id(column, counts):
        return value
    return f"regexp_replace({value}, '^(\\d+)\\.0+$', '\\1')"


def _id_findings(
    text: _Text, counts: Mapping[str, Any], raw: Raw, store: Store
) -> Iterator[Finding]:
    column, filled = text.target.name, counts["filled"]
    if _is_float_id(column, counts):
        examples = _examples(raw, store, text, "regexp_full_match(value, '\\d+\\.0+')")
        yield Finding("float_ids", "repaired", raw.where, column, counts["float"], filled, examples)
    if counts["scientific"]:
        examples = _examples(raw, store, text, "regexp_matches(value, '[eE]\\+\\d+$')")
        yield Finding(
            "scientific_ids",
            "suspicious",
            raw.where,
            column,
            counts["scientific"],
            filled,
            examples,
        )
    if counts["emptied"]:
        examples = _examples(raw, store, text, f"value IS NOT NULL AND {quote(column)} IS NULL")
        yield Finding(
            "null_words", "repaired", raw.where, column, counts["emptied"], None, examples
        )


def _words(value: str, meanings: Mapping[str, str]) -> str:
    if not meanings:
        return value
    cases = " ".join(
        f"WHEN {literal(given)} THEN {literal(meaning)}" for given, meaning in meanings.items()
    )
    return f"CASE {value} {cases} ELSE {value} END"


def _meanings(
    text: _Text, counts: Mapping[str, Any], raw: Raw, store: Store
) -> tuple[dict[str, str], list[Finding]]:
    """Return what to write for the values that the model knows under another spelling."""
    target = text.target
    known = {value.lower(): value for value in target.values}
    known |= {wrong: right for wrong, right in SPELLINGS.items() if right in target.values}
    known |= {value.lower(): meaning for value, meaning in (target.translate or {}).items()}
    if not known:
        return {}, []
    words = ", ".join(literal(word) for word in known)
    found = store.rows(
        f"SELECT lower(value) AS word, value, count(*) AS n "
        f"FROM (SELECT {text.trimmed} AS value FROM {quote(raw.relation)}) "
        f"WHERE lower(value) IN ({words}) GROUP BY ALL ORDER BY n DESC, value"
    )
    renamed = {row["value"]: known[row["word"]] for row in found}
    other = {value: meaning for value, meaning in renamed.items() if value != meaning}
    if not other:
        return {}, []
    rows = sum(row["n"] for row in found if row["value"] in other)
    shown: dict[str, Any] = dict(list(other.items())[:EXAMPLES])
    finding = Finding(
        "values_renamed", "repaired", raw.where, target.name, rows, counts["filled"],
        details={"values": [f"{value} → {meaning}" for value, meaning in shown.items()]},
    )  # fmt: skip
    return other, [finding]


def _unreadable(
    texts: Sequence[_Text],
    profile: Mapping[str, Mapping[str, Any]],
    expressions: Mapping[str, str],
    raw: Raw,
    store: Store,
    relation: str,
) -> Iterator[Finding]:
    """Count the values that could not be read as their type; they are null in the table."""
    counted = ", ".join(
        f"count({quote(text.target.name)}) AS {quote(text.target.name)}" for text in texts
    )
    read = store.rows(f"SELECT {counted} FROM {quote(relation)}")[0]
    for text in texts:
        name, filled = text.target.name, profile[text.target.name]["filled"]
        lost = filled - read[name]
        if not lost:
            continue
        condition = f"{quote(name)} IS NOT NULL AND ({expressions[name]}) IS NULL"
        examples = _examples(raw, store, text, condition)
        what = WHAT.get(text.target.type or STRING, "text")
        if lost == filled:
            raise ColumnError(
                f"{raw.where}, column {name}: no value can be read as {what}; "
                f"the first are {', '.join(repr(row['value']) for row in examples)}",
                hint=f"check that '{text.target.source[0]}' is the right column, or give its "
                "format in the mapping (format: decimal, date_format)",
            )
        yield Finding(
            "unreadable_values",
            "dropped",
            raw.where,
            name,
            lost,
            filled,
            examples,
            {"expected": what},
        )


WHAT = {
    DECIMAL: N_("a number"),
    FLOAT: N_("a number"),
    INTEGER: N_("a whole number"),
    DATE: N_("a date"),
    TIMESTAMP: N_("a date"),
    BOOLEAN: N_("yes or no"),
}


def _examples(raw: Raw, store: Store, text: _Text, condition: str) -> tuple[dict[str, Any], ...]:
    """Return the first rows, with the number they have in the file, that meet a condition.

    The condition may name `value` (the trimmed text) and the target (null for words of nothing).
    """
    # A column of that name hides the position of rows.
    numbered = raw.first_row is not None and "rowid" not in map(str.casefold, raw.columns)
    row = f"rowid + {raw.first_row} AS {raw.row_key}, " if numbered else ""
    name = quote(text.target.name)
    part = _part(raw)
    read = f"SELECT {part}{row}{text.trimmed} AS {name} FROM {quote(raw.relation)}"
    shown = f"{raw.row_key}, " if numbered else ""
    known = f"SELECT {part}{shown}{name} AS value, {text.value} AS {name}"
    return tuple(
        store.rows(
            f"SELECT {shown}value FROM ({known} FROM ({read})) "
            f"WHERE {condition} {f'ORDER BY {raw.row_key}' if numbered else ''} LIMIT {EXAMPLES}"
        )
    )
