"""Dates as people write them: ISO, day or month first, month names, spreadsheet serial numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from marketing_kpi.data.model import DATE, JSON, Finding, Level
from marketing_kpi.data.store import literal
from marketing_kpi.text.messages import N_

Order: TypeAlias = Literal["day_first", "month_first"]
_FIRST: dict[Order, str] = {"day_first": N_("day"), "month_first": N_("month")}
ORDERS = tuple(_FIRST)
# Findings that are told by part where the parts differ.
OF_PARTS = ("ambiguous_dates", "mixed_date_orders")

_CLOCK = r"(?:[Tt ,]+(?:(?:[àa]|at) +)?(.*))?"
_YEAR = r"(\d{4}|\d{2})"
_PATTERNS = {
    "year_first": rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_CLOCK}",
    "numeric": rf"(\d{{1,2}})[-/. ](\d{{1,2}})[-/. ]{_YEAR}{_CLOCK}",
    "day_name_year": (
        rf"(\d{{1,2}})(?:er|st|nd|rd|th)?[-/. ]+(\p{{L}}{{3,}})\.?[-/. ,]+{_YEAR}{_CLOCK}"
    ),
    "name_day_year": rf"(\p{{L}}{{3,}})\.? +(\d{{1,2}})(?:st|nd|rd|th)?,? +(\d{{4}}){_CLOCK}",
    "compact": rf"((?:19|20)\d\d)(\d\d)(\d\d){_CLOCK}",
    "compact_time": r"((?:19|20)\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)",
    "serial": r"[1-9]\d{4}(?:[.,]\d+)?",
}
# Order of day, month and year in each pattern; those of "numeric" depend on the column.
_ISO_OF = {
    "year_first": r"\1-\2-\3 \4",
    "day_name_year": r"\3-\2-\1 \4",
    "name_day_year": r"\3-\1-\2 \4",
    "compact": r"\1-\2-\3 \4",
    "compact_time": r"\1-\2-\3 \4:\5:\6",
}
_DAY_FIRST, _MONTH_FIRST = r"\3-\2-\1 \4", r"\3-\1-\2 \4"
# Much faster than patterns for what most extracts write; anything else still goes through them.
_USUAL = {
    "day_first": "['%d/%m/%Y %H:%M', '%d/%m/%Y', '%d/%m/%Y %H:%M:%S']",
    "month_first": "['%m/%d/%Y %H:%M', '%m/%d/%Y', '%m/%d/%Y %H:%M:%S']",
}
_OVER_12 = r"1[3-9]|2\d|3[01]"
_TO_12 = r"0?[1-9]|1[0-2]"
# French and English, accents and case set aside, from their first letters.
_MONTHS = (
    *("jan", "(?:fev|feb)", "mar", "(?:av|ap)r", "ma[iy]", "(?:juin|jun)"),
    *("jui?l", "(?:aou|aug)", "sep", "oct", "nov", "dec"),
)
_ISO = r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?"
_ZONE = r"(:\d{2}(?:\.\d+)?)\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)$"
# "2025-12-31T23:30Z" is the shortest time with its zone; a clock without seconds may be shorter.
_SHORTEST_ZONED = 14

# A year of two digits is in the century that POSIX gives it: 69-99 in the 1900s.
# A spreadsheet counts days from 1899-12-30, for which 1900-03-01 is day 61.
MACROS = r"""
CREATE OR REPLACE TEMP MACRO full_year(iso) AS
    regexp_replace(regexp_replace(iso, '^(69|[7-9]\d)-', '19\1-'), '^(\d\d)-', '20\1-');
CREATE OR REPLACE TEMP MACRO with_colons(iso) AS
    regexp_replace(regexp_replace(iso, '(?i) (\d{1,2})\s?h$', ' \1:00'),
                   '(?i) (\d{1,2})\s?h\s?(\d)', ' \1:\2');
CREATE OR REPLACE TEMP MACRO moment(iso) AS
    coalesce(try_cast(rtrim(iso) AS TIMESTAMP),
             try_strptime(upper(replace(iso, '.', '')),
                          ['%Y-%m-%d %I:%M %p', '%Y-%m-%d %I:%M:%S %p', '%Y-%m-%d %I %p',
                           '%Y-%m-%d %I:%M%p', '%Y-%m-%d %I:%M:%S%p', '%Y-%m-%d %I%p']));
CREATE OR REPLACE TEMP MACRO serial_moment(v) AS
    TIMESTAMP '1899-12-30' + to_seconds(round(try_cast(replace(v, ',', '.') AS DOUBLE) * 86400));
CREATE OR REPLACE TEMP MACRO spaced(v) AS
    translate(v, chr(160) || chr(8201) || chr(8239), '   ');
CREATE OR REPLACE TEMP MACRO offset_of(zone) AS
    CASE WHEN zone IN ('Z', 'UTC', 'GMT', '+00', '+0000', '+00:00') THEN 'UTC'
         ELSE rpad(replace(zone, ':', ''), 5, '0') END;
"""


@dataclass(frozen=True)
class Written:
    """How the dates of a table are written, for those beside it that do not tell.

    Attributes
    ----------
    order
        Which of day and month comes first; None where that is not known.
    format
        The strptime format that the mapping gives.
    """

    order: Order | None = None
    format: str | None = None


@dataclass(frozen=True)
class Reading:
    """How a column's dates are read.

    Attributes
    ----------
    order
        Which of day and month comes first.
    sure
        Whether its own values tell, or the rest of the source.
    elsewhere
        What the dates of the extract, or of the orders, say where they decided or say otherwise.
    """

    order: Order
    sure: bool
    elsewhere: Order | None = None


def plain_shapes(value: str, like: Written) -> dict[str, str]:
    """Return the SQL counts of dates not written plainly as ISO ones, and of those as elsewhere."""
    counts = {"odd": f"count(*) FILTER (WHERE {_odd(value)})"}
    if like.format is not None:
        counts["alike"] = f"count(try_strptime({value}, {literal(like.format)}))"
    return counts


def _odd(value: str) -> str:
    return f"{value} IS NOT NULL AND NOT regexp_full_match({value}, '{_ISO}')"


def shapes(value: str) -> dict[str, str]:
    """Return the SQL counts that tell how the dates not written plainly are."""
    seen = f"CASE WHEN {_odd(value)} THEN spaced({value}) END"
    # One CASE rather than a count a pattern: a value is tried no further than its own shape.
    tried = {"numeric": _PATTERNS["numeric"].replace(_YEAR, r"(\d{4})")}
    tried |= {"numeric_short": _PATTERNS["numeric"]}
    tried |= {name: pattern for name, pattern in _PATTERNS.items() if name != "numeric"}
    cases = "".join(
        f" WHEN regexp_full_match({seen}, '{pattern}') THEN '{name}'"
        for name, pattern in tried.items()
    )
    shape = f"(CASE{cases} END)"
    numeric = f"{shape} IN ('numeric', 'numeric_short')"
    counts = {name: f"count(*) FILTER (WHERE {shape} = '{name}')" for name in tried}
    counts["numeric"] = f"count(*) FILTER (WHERE {numeric})"
    # A date with both over 12 is none, and tells nothing.
    first = f"regexp_matches({seen}, '^({_OVER_12})[-/. ]({_TO_12})[-/. ]')"
    second = f"regexp_matches({seen}, '^({_TO_12})[-/. ]({_OVER_12})[-/. ]')"
    counts["first_over_12"] = f"count(*) FILTER (WHERE {numeric} AND {first})"
    counts["second_over_12"] = f"count(*) FILTER (WHERE {numeric} AND {second})"
    zoned = f"length({seen}) > {_SHORTEST_ZONED} AND regexp_matches({seen}, '{_ZONE}')"
    counts["zoned"] = f"count(*) FILTER (WHERE {zoned})"
    offset = f"offset_of(regexp_extract({seen}, '{_ZONE}', 2))"
    counts["offsets"] = f"list_sort(list(DISTINCT {offset}) FILTER (WHERE {zoned}))"
    return counts


def part_shapes(value: str) -> dict[str, str]:
    """Return the SQL counts of the dates of a part of which day and month may change places."""
    counts = shapes(value)
    return {name: counts[name] for name in ("numeric", "first_over_12", "second_over_12")}


def orders_of_parts(
    parts: Mapping[str, Mapping[str, Mapping[str, Any]]],
) -> dict[str, dict[str, Order | None]]:
    """Return, by column, which comes first in each part, for columns that parts write otherwise.

    A column of a part that does not tell is as the rest of its part; None where that does not.
    """
    names = {name for columns in parts.values() for name in columns}
    orders: dict[str, dict[str, Order | None]] = {name: {} for name in sorted(names)}
    for part, columns in parts.items():
        for name in orders:
            evidence = _evidence([columns[name]]) or _evidence(columns.values())
            orders[name][part] = _order(evidence)
    return {
        name: of_parts
        for name, of_parts in orders.items()
        if len({*of_parts.values()} - {None}) > 1
    }


def _order(evidence: int) -> Order | None:
    if not evidence:
        return None
    return "month_first" if evidence < 0 else "day_first"


def expression_of_parts(
    value: str,
    part: str,
    counts: Mapping[str, Any],
    orders: Mapping[str, Order | None],
    usual: Reading,
    kind: str | None,
) -> str:
    """Return the SQL of the moment that a text says, as its part writes it."""
    read = {order: expression(value, counts, Reading(order, True), kind, None) for order in ORDERS}
    cases = " ".join(
        f"WHEN {literal(name)} THEN {read[order or usual.order]}" for name, order in orders.items()
    )
    return f"CASE {part} {cases} END"


def findings_of_parts(
    parts: Mapping[str, Mapping[str, Any]],
    orders: Mapping[str, Order | None],
    usual: Reading,
    where: str,
    column: str,
) -> Iterator[Finding]:
    """Say which parts write which of day and month first, and of which that is not known."""
    named = {
        order: [Path(name).name for name in parts if orders[name] == order] for order in ORDERS
    }
    details: dict[str, JSON] = {order: [*names] for order, names in named.items()}
    whole = sum(counts["numeric"] for counts in parts.values())
    yield Finding("date_orders_of_parts", "repaired", where, column, whole, details=details)
    unknown = [name for name in parts if orders[name] is None]
    mixed = [n for n, each in parts.items() if each["first_over_12"] and each["second_over_12"]]
    for code, told in zip(OF_PARTS, (unknown, mixed), strict=True):
        for order in ORDERS:
            alike = [name for name in told if (orders[name] or usual.order) == order]
            count = sum(_ambiguous(parts[name]) for name in alike)
            if count:
                details = {"order": _FIRST[order]}
                yield Finding(code, "suspicious", where, column, count, whole, details=details)


def _ambiguous(counts: Mapping[str, Any]) -> int:
    return int(counts["numeric"] - counts["first_over_12"] - counts["second_over_12"])


def order_of(style: str) -> Order | None:
    """Return which of day and month comes first in a strptime format, None after a year.

    >>> order_of("%d.%m.%Y"), order_of("%b %d, %Y"), order_of("%Y-%m-%d")
    ('day_first', 'month_first', None)
    """
    match = _FIRST_FIELD.search(style)
    return _ORDERS.get(match[1]) if match else None


_FIRST_FIELD = re.compile("%-?([dembBYyj])")
_ORDERS: Mapping[str, Order] = {
    **dict.fromkeys("de", "day_first"),
    **dict.fromkeys("mbB", "month_first"),
}


def _evidence(profiles: Iterable[Mapping[str, Any]]) -> int:
    """Return how many more dates can only have the day first than only the month."""
    return sum(p.get("first_over_12", 0) - p.get("second_over_12", 0) for p in profiles)


def written(
    profiles: Mapping[str, Mapping[str, Any]], *, given: Order | None, style: str | None
) -> Written | None:
    """Return how the dates of a file are written, None if neither it nor the mapping tells."""
    if style is not None:
        return Written(given or order_of(style), style)
    evidence = _evidence(profiles.values())
    if given is not None or not evidence:
        return Written(given) if given else None
    return Written("month_first" if evidence < 0 else "day_first")


def decide(
    profiles: Mapping[str, Mapping[str, Any]],
    *,
    given: Order | None,
    elsewhere: Order | None = None,
) -> dict[str, Reading]:
    """Return how each date column is read; a column without evidence follows its file.

    A first field over 12 can only be a day, a second over 12 too. Where nothing tells, the dates
    of the extract do (`elsewhere`); else day first is taken, as French-speaking shops write, and
    said.
    """
    of_file = _evidence(profiles.values())
    readings = {}
    for name in profiles:
        if given is not None:
            readings[name] = Reading(given, sure=True)
            continue
        evidence = _evidence([profiles[name]]) or of_file
        if not evidence and elsewhere is not None:
            readings[name] = Reading(elsewhere, sure=True, elsewhere=elsewhere)
            continue
        order: Order = "month_first" if evidence < 0 else "day_first"
        other = elsewhere if elsewhere != order else None
        readings[name] = Reading(order, sure=evidence != 0, elsewhere=other)
    return readings


def expression(
    value: str, counts: Mapping[str, Any], reading: Reading, kind: str | None, given: str | None
) -> str:
    """Return the SQL of the moment (or day) that a text says, null when it says none."""
    if given is not None:
        moment = f"try_strptime({value}, {literal(given)})"
    elif not counts["odd"]:
        moment = f"try_cast({value} AS TIMESTAMP)"
    else:
        value = f"spaced({value})"
        text = f"regexp_replace({value}, '{_ZONE}', '\\1')" if counts["zoned"] else value
        plain = counts["odd"] < counts["filled"]
        present = [name for name in _PATTERNS if counts[name] or (name == "year_first" and plain)]
        cases = "".join(_case(name, text, reading.order) for name in present if name != "serial")
        iso = f"CASE{cases} END" if cases else "CAST(NULL AS VARCHAR)"
        moment = f"moment(with_colons(full_year({iso})))"
        if counts["serial"]:
            serial = f"regexp_full_match({value}, '{_PATTERNS['serial']}')"
            moment = f"CASE WHEN {serial} THEN serial_moment({value}) ELSE {moment} END"
        if counts["numeric"] and not counts["numeric_short"]:
            moment = f"coalesce(try_strptime({value}, {_USUAL[reading.order]}), {moment})"
    return f"CAST({moment} AS DATE)" if kind == DATE else moment


def _case(name: str, text: str, order: Order) -> str:
    """Return the WHEN that writes one shape of dates as year-month-day time."""
    pattern = _PATTERNS[name]
    if name == "numeric":
        return _numeric_case(text, order)
    matches = f" WHEN regexp_full_match({text}, '{pattern}') THEN "
    if "name" in name:
        text, pattern = _numbered(text), pattern.replace(r"(\p{L}{3,})\.?", r"(\d{1,2})")
    return f"{matches}regexp_replace({text}, '^{pattern}$', '{_ISO_OF[name]}')"


def _numeric_case(text: str, order: Order) -> str:
    pattern = _PATTERNS["numeric"]
    usual, swapped = _DAY_FIRST, _MONTH_FIRST
    # A value whose month would be over 12 has the other order.
    exception = pattern.replace(r"[-/. ](\d{1,2})", rf"[-/. ]({_OVER_12})", 1)
    if order == "month_first":
        usual, swapped = swapped, usual
        exception = pattern.replace(r"(\d{1,2})", rf"({_OVER_12})", 1)
    return "".join(
        f" WHEN regexp_full_match({text}, '{shape}') "
        f"THEN regexp_replace({text}, '^{shape}$', '{iso}')"
        for shape, iso in ((exception, swapped), (pattern, usual))
    )


def _numbered(text: str) -> str:
    """Return the SQL of a date whose month is a number instead of a name."""
    numbered = f"strip_accents(lower({text}))"
    for number, month in enumerate(_MONTHS, start=1):
        numbered = f"regexp_replace({numbered}, '\\b{month}\\p{{L}}*\\.?', '{number}')"
    return numbered


def findings(
    counts: Mapping[str, Any], reading: Reading, where: str, column: str, given: str | None
) -> Iterator[Finding]:
    """Say how the dates of a column are written, when not all in ISO, and what is uncertain."""
    filled = counts["filled"]
    if given is not None or not counts["odd"]:
        return
    iso = filled - counts["odd"] + counts["year_first"]
    formats = {"2025-12-31": iso, **_numeric_formats(counts, reading)}
    formats["31 Dec 2025"] = counts["day_name_year"] + counts["name_day_year"]
    formats["20251231"] = counts["compact"] + counts["compact_time"]
    formats["46022"] = counts["serial"]
    written = {name: count for name, count in formats.items() if count}
    if written:
        level: Level = "info" if len(written) == 1 else "suspicious"
        details: dict[str, JSON] = {"formats": dict(written)}
        yield Finding("date_formats", level, where, column, counts["odd"], filled, details=details)
    ambiguous = _ambiguous(counts)
    if ambiguous > 0 and not reading.sure:
        yield Finding(
            "ambiguous_dates", "suspicious", where, column, ambiguous, filled,
            details={"order": _FIRST[reading.order]},
        )  # fmt: skip
    if reading.elsewhere is not None and counts["numeric"]:
        is_same = reading.elsewhere == reading.order
        yield Finding(
            "dates_as_elsewhere" if is_same else "dates_unlike_elsewhere",
            "info" if is_same else "suspicious",
            where,
            column,
            ambiguous if is_same else counts["numeric"],
            filled,
            details={"order": _FIRST[reading.order]},
        )
    if counts["first_over_12"] and counts["second_over_12"]:
        yield Finding(
            "mixed_date_orders", "suspicious", where, column, ambiguous, filled,
            details={"order": _FIRST[reading.order]},
        )  # fmt: skip
    if counts["zoned"]:
        yield Finding("time_zones_dropped", "repaired", where, column, counts["zoned"], filled)
    if len(counts["offsets"] or ()) > 1:
        yield Finding(
            "mixed_time_zones", "suspicious", where, column, counts["zoned"], filled,
            details={"offsets": counts["offsets"]},
        )  # fmt: skip
    if counts["numeric_short"]:
        yield Finding("two_digit_years", "info", where, column, counts["numeric_short"], filled)


def _numeric_formats(counts: Mapping[str, Any], reading: Reading) -> dict[str, int]:
    names = ("31/12/2025", "12/31/2025")
    usual, other = names if reading.order == "day_first" else names[::-1]
    exceptions = counts["second_over_12" if reading.order == "day_first" else "first_over_12"]
    return {usual: counts["numeric"] - exceptions, other: exceptions}
