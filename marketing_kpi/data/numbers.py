"""Numbers as people write them: decimal commas, thousands separators, currencies, parentheses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marketing_kpi.data.model import DECIMAL, EXACT_PRICE, INTEGER, JSON, Finding
from marketing_kpi.data.store import literal
from marketing_kpi.text.messages import N_

# Without spaces, apostrophes and currencies, a minus sign in front when negative.
MACROS = r"""
CREATE OR REPLACE TEMP MACRO bare(v) AS
    ltrim(regexp_replace(regexp_replace(replace(regexp_replace(v,
        '(?i)[\s\x{00a0}\x{202f}\x{2009}''’€$£¥]|c\$|cad|eur|usd|gbp|chf|ca|us', '', 'g'),
        '−', '-'), '^\((.*)\)$', '-\1'), '^(.*)-$', '-\1'), '+');
"""

_MARKS = {",": N_("comma"), ".": N_("point")}
_FORMS = {
    "comma": N_("decimal commas"),
    "grouped": N_("spaces between thousands"),
    "currency": N_("currencies"),
    "accounting": N_("accounting negatives"),
}
# How each currency is written with an amount; a dollar alone may be of any country.
_DOLLARS = {"CAD": r"cad|ca\s*\$|\$\s*ca|\bc\$", "USD": r"usd|us\s*\$|\$\s*us"}
_CURRENCIES = {"€": "€|eur", "£": "£|gbp", "¥": "¥", "CHF": "chf", **_DOLLARS}
_DOLLAR = "$"
_SIMPLE_COMMA = r"-?\d+,\d{1,2}"
_PLAIN = r"-?\d+(\.(\d{1,2}|\d{4,}))?"


@dataclass(frozen=True)
class Style:
    """How a column writes its decimals: the mark, and whether the values left no doubt."""

    mark: str
    sure: bool


def plain_shapes(value: str) -> dict[str, str]:
    """Return the SQL counts of numbers not written plainly, and of plain ones with decimals."""
    decimals = f"regexp_full_match({value}, '-?\\d+\\.(\\d{{1,2}}|\\d{{4,}})')"
    finer = f"regexp_matches({value}, '[.,]\\d{{4}}\\d*[1-9]')"
    return {
        "odd": f"count(*) FILTER (WHERE {_odd(value)})",
        # More decimals than money has, zeros at the end set aside.
        "finer": f"count(*) FILTER (WHERE length({value}) > 5 AND {finer})",
        "plain_point": f"count(*) FILTER (WHERE contains({value}, '.') AND {decimals})",
    }


def _odd(value: str) -> str:
    return f"{value} IS NOT NULL AND NOT regexp_full_match({value}, '{_PLAIN}')"


def shapes(value: str) -> dict[str, str]:
    """Return the SQL counts that tell how the numbers not written plainly are."""
    odd = f"CASE WHEN {_odd(value)} THEN {value} END"
    simple = f"regexp_full_match({odd}, '{_SIMPLE_COMMA}')"
    # Most columns of odd numbers only have decimal commas, which the first test settles.
    rest = f"CASE WHEN NOT {simple} THEN {odd} END"
    seen = f"bare({rest})"

    def matching(text: str, pattern: str) -> str:
        return f"count(*) FILTER (WHERE {text} IS NOT NULL AND regexp_matches({text}, '{pattern}'))"

    comma = rf"regexp_full_match({seen}, '{_decisive(',', '[.]')}')"
    return {
        "point": matching(seen, f"^(?:{_decisive('[.]', ',')})$"),
        "comma": f"count(*) FILTER (WHERE {simple} OR {comma})",
        "ambiguous": matching(seen, r"^-?[1-9]\d{0,2}[.,]\d{3}$"),
        "grouped": matching(rest, r"\d[\s\x{00a0}\x{202f}\x{2009}''’]\d{3}"),
        "currency": matching(rest, "(?i)[€$£¥]|cad|eur|usd|gbp|chf"),
        "accounting": matching(rest, r"^\(.*\)$|-$"),
        **{f"in {name}": matching(rest, f"(?i){sign}") for name, sign in _CURRENCIES.items()},
        f"in {_DOLLAR}": f"count(*) FILTER (WHERE contains({rest}, '{_DOLLAR}') "
        f"AND NOT regexp_matches({rest}, '(?i){'|'.join(_DOLLARS.values())}'))",
    }


def _decisive(mark: str, other: str) -> str:
    """Return the pattern of numbers whose decimal mark can only be `mark`."""
    return (
        rf"-?\d*{mark}(\d{{1,2}}|\d{{4,}})|-?0?{mark}\d{{3}}|-?\d{{4,}}{mark}\d{{3}}"
        rf"|-?\d{{1,3}}({other}\d{{3}})+{mark}\d*|-?[1-9]\d{{0,2}}({other}\d{{3}}){{2,}}"
    )


def decide(
    profiles: Mapping[str, Mapping[str, Any]], *, given: str | None, hint: str | None
) -> dict[str, Style]:
    """Return the style of each number column; a column without evidence follows its file.

    >>> decide({"a": {"plain_point": 0, "point": 0, "comma": 3, "ambiguous": 0},
    ...         "b": {"plain_point": 0, "point": 0, "comma": 0, "ambiguous": 9}},
    ...        given=None, hint=None)["b"]
    Style(mark=',', sure=True)
    """
    points = {name: p.get("point", 0) + p["plain_point"] for name, p in profiles.items()}
    commas = {name: p.get("comma", 0) for name, p in profiles.items()}
    total_points, total_commas = sum(points.values()), sum(commas.values())
    if total_points != total_commas:
        of_file, known = ("," if total_commas > total_points else "."), True
    else:
        of_file, known = hint or ".", False
    styles = {}
    for name in profiles:
        if given is not None:
            styles[name] = Style(given, sure=True)
        elif points[name] != commas[name]:
            styles[name] = Style("," if commas[name] > points[name] else ".", sure=True)
        else:
            styles[name] = Style(of_file, sure=known)
    return styles


def part_shapes(value: str) -> dict[str, str]:
    """Return the SQL counts that tell the decimal mark of a part."""
    counts = shapes(value) | plain_shapes(value)
    return {name: counts[name] for name in ("plain_point", "point", "comma", "ambiguous")}


def styles_of_parts(
    parts: Mapping[str, Mapping[str, Mapping[str, Any]]], styles: Mapping[str, Style]
) -> dict[str, dict[str, Style]]:
    """Return, by column, the style of each part, for columns that are not surely alike in all.

    A column of a part without evidence is as the rest of its part; where that has none either, it
    is read as the other parts, and no one knows.
    """
    decided = {part: decide(columns, given=None, hint=None) for part, columns in parts.items()}
    found = {}
    for name, style in styles.items():
        of_parts = {
            part: columns[name] if columns[name].sure else Style(style.mark, sure=False)
            for part, columns in decided.items()
            if parts[part][name]["ambiguous"] or columns[name].sure
        }
        if any(other != style for other in of_parts.values()):
            found[name] = {part: of_parts.get(part, style) for part in parts}
    return found


def expression_of_parts(
    value: str,
    part: str,
    counts: Mapping[str, Any],
    styles: Mapping[str, Style],
    kind: str | None,
) -> str:
    """Return the SQL of the number that a text holds, as its part writes it."""
    cases = " ".join(
        f"WHEN {literal(name)} THEN {expression(value, counts, style, kind)}"
        for name, style in styles.items()
    )
    return f"CASE {part} {cases} END"


def expression(value: str, counts: Mapping[str, Any], style: Style, kind: str | None) -> str:
    """Return the SQL of the number that a text holds, null when it holds none."""
    text = value
    if counts["odd"] or style.mark == ",":
        plain = f"regexp_full_match({value}, '{_SIMPLE_COMMA}') THEN replace({value}, ',', '.')"
        text = f"CASE WHEN {plain} ELSE {_pointed(f'bare({value})', style.mark)} END"
    if kind in (DECIMAL, EXACT_PRICE):
        return f"try_cast({text} AS {kind})"
    number = f"try_cast({text} AS DOUBLE)"
    if kind == INTEGER:
        return f"CASE WHEN {number} = floor({number}) THEN try_cast({number} AS BIGINT) END"
    return f"CASE WHEN isfinite({number}) THEN {number} END"


def _pointed(bare: str, mark: str) -> str:
    """Return the SQL of a number with a decimal point and no thousands separator.

    A mark before groups of three digits separates thousands, unless it is the column's decimal
    mark and stands alone: "1,234" may be either. What is no number keeps two points, and is then
    refused.
    """
    other = "." if mark == "," else ","
    m, o = ("[,]", "[.]") if mark == "," else ("[.]", "[,]")
    grouped = rf"-?[1-9]\d{{0,2}}({o}\d{{3}})+({m}\d*)?"
    grouped_by_mark = rf"-?[1-9]\d{{0,2}}({m}\d{{3}})+{o}\d*|-?[1-9]\d{{0,2}}({m}\d{{3}}){{2,}}"
    return (
        f"CASE WHEN regexp_full_match({bare}, '{grouped}') "
        f"THEN replace(replace({bare}, '{other}', ''), '{mark}', '.') "
        f"WHEN regexp_full_match({bare}, '{grouped_by_mark}') "
        f"THEN replace(replace({bare}, '{mark}', ''), '{other}', '.') "
        f"ELSE replace({bare}, ',', '.') END"
    )


def findings(counts: Mapping[str, Any], style: Style, where: str, column: str) -> Iterator[Finding]:
    """Say how the numbers of a column are written, when not plainly."""
    filled = counts["filled"]
    if not counts["odd"]:
        return
    forms: dict[str, JSON] = {name: counts[form] for form, name in _FORMS.items() if counts[form]}
    if forms:
        details: dict[str, JSON] = {"decimal": _MARKS[style.mark], "forms": forms}
        yield Finding(
            "number_format", "info", where, column, counts["odd"], filled, details=details
        )
    currencies = _currencies(counts)
    if len(currencies) > 1:
        of_others = sum(currencies.values()) - max(currencies.values())
        told: dict[str, JSON] = {"values": dict(currencies)}
        yield Finding(
            "several_currencies", "suspicious", where, column, of_others, filled, details=told
        )
    points = _points(counts)
    if points and counts["comma"]:
        details = {"points": points, "commas": counts["comma"]}
        yield Finding(
            "mixed_decimals", "suspicious", where, column, min(points, counts["comma"]), filled,
            details=details,
        )  # fmt: skip
    if counts["ambiguous"] and not style.sure:
        yield Finding(
            "ambiguous_numbers", "suspicious", where, column, counts["ambiguous"], filled,
            details={"decimal": _MARKS[style.mark]},
        )  # fmt: skip


def findings_of_parts(
    parts: Mapping[str, Mapping[str, Any]],
    counts: Mapping[str, Any],
    style: Style,
    styles: Mapping[str, Style],
    where: str,
    column: str,
) -> Iterator[Finding]:
    """Say how the parts write the numbers of a column, and of which that is not known."""
    told = list(findings(counts, style, where, column))
    named: dict[str, JSON] = {
        word: [Path(name).name for name, each in styles.items() if each == Style(mark, sure=True)]
        for mark, word in ((",", "comma"), (".", "point"))
    }
    if all(named.values()):
        is_mixed = any(_points(each) and each["comma"] for each in parts.values())
        kept = ("several_currencies", *(("mixed_decimals",) if is_mixed else ()))
        told = [found for found in told if found.code in kept]
        filled = counts["filled"]
        yield Finding("decimals_of_parts", "repaired", where, column, filled, filled, (), named)
    yield from (found for found in told if found.code != "ambiguous_numbers")
    unknown = sum(parts[name]["ambiguous"] for name, each in styles.items() if not each.sure)
    if unknown:
        yield Finding(
            "ambiguous_numbers", "suspicious", where, column, unknown, counts["filled"],
            details={"decimal": _MARKS[style.mark]},
        )  # fmt: skip


def _currencies(counts: Mapping[str, Any]) -> dict[str, int]:
    """Return how many amounts are in each currency; a dollar alone is the only one there is."""
    found = {name: int(counts[f"in {name}"]) for name in (*_CURRENCIES, _DOLLAR)}
    found = {name: n for name, n in found.items() if n}
    dollars = [name for name in _DOLLARS if name in found]
    if _DOLLAR in found and len(dollars) == 1:
        found[dollars[0]] += found.pop(_DOLLAR)
    return found


def _points(counts: Mapping[str, Any]) -> int:
    return int(counts["point"] + counts["plain_point"])
