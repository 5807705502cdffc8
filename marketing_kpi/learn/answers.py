"""Numbers as a student writes them, in French or in English, and when two numbers are the same.

The rules, all of them:

- Spaces of any kind and apostrophes part thousands: ``1 234,5``, ``1'234.5``. They must stand
  before groups of three digits.
- When both marks are written, the last one is the decimal mark: ``1,234.5`` and ``1.234,5`` are
  the same number. A mark written twice parts thousands: ``1,234,567``.
- A single comma is the decimal mark, but for ``1,234`` read in English: one to three digits that
  do not begin with 0, a comma, three digits. French reads 1.234 there, English 1234.
- A single point is the decimal mark in both languages, as Python writes it.
- ``−`` (the true minus sign) and ``–`` are ``-``; a ``+`` in front says nothing.
- ``%``, *pour cent*, *p. 100*, *percent* and points (``pts``, *points de pourcentage*) divide by
  100, where the unit can be a rate.
- ``7/17`` is the one divided by the other, where the unit can be a rate: two numbers in which
  nothing could part thousands, without a percent sign.
- A currency sign or code stands before or after, where the unit is money; a word for the unit
  itself stands after: ``30 jours``, ``2.5 months``.

Anything else is not a number. ``quiz.js`` follows the same rules; a table of spellings in the
tests holds both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

RATES = frozenset({"fraction", "points", "ratio"})
"""Units in which a percentage means its hundredth."""

_PERCENT = ("%", "pour cent", "pourcent", "p. 100", "p.100", "percent", "per cent")
_POINTS = (
    *("points de pourcentage", "point de pourcentage", "percentage points", "percentage point"),
    *("points", "point", "pts", "pt"),
)
_MONEY = (
    *("$ ca", "ca$", "c$", "us$", "$ us", "$", "€", "£", "¥"),
    *("cad", "eur", "usd", "gbp", "chf", "dollars", "dollar", "euros", "euro"),
)
_WORDS: Mapping[str, tuple[str, ...]] = {
    "currency": _MONEY,
    "days": ("jours", "jour", "j", "days", "day", "d"),
    "hours": ("heures", "heure", "h", "hours", "hour"),
    "months": ("mois", "months", "month"),
}
_GROUPED = re.compile(r"[0-9]{1,3}(?:[ '][0-9]{3})+(?:[.,][0-9]*)?")
_BY_COMMA = re.compile(r"[0-9]{1,3}(?:,[0-9]{3}){2,}(?:\.[0-9]*)?|[0-9]{1,3},[0-9]{3}\.[0-9]*")
_BY_POINT = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3}){2,}(?:,[0-9]*)?|[0-9]{1,3}\.[0-9]{3},[0-9]*")
_PLAIN = re.compile(r"[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+")
_EITHER = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_ALMOST = 1e-9


class Written(NamedTuple):
    """What a text says.

    Attributes
    ----------
    value
        The number, a percentage divided by 100.
    percent
        Whether a percent sign (or points) was written.
    ambiguous
        Whether the other language could read another number, as in ``1,234``.
    """

    value: float
    percent: bool = False
    ambiguous: bool = False


def read_number(text: str, *, lang: str, unit: str | None = None) -> float | None:
    """Return the number that a person wrote, or None when it is none.

    Parameters
    ----------
    text
        As it was typed; the module's docstring has the rules.
    lang
        ``"fr"`` or ``"en"``: only ``1,234`` depends on it.
    unit
        A unit of the dictionary, which says what signs and words may stand beside the number;
        None: percent signs and currencies may.

    Returns
    -------
    float or None
        In the unit: ``12,5 %`` is 0.125.

    Examples
    --------
    >>> read_number("1 234,50 $", lang="fr", unit="currency")
    1234.5
    >>> read_number("12,5 %", lang="fr", unit="fraction")
    0.125
    >>> read_number("1,234", lang="fr"), read_number("1,234", lang="en")
    (1.234, 1234.0)
    >>> read_number("about 12", lang="en") is None
    True
    """
    written = read(text, lang=lang, unit=unit)
    return None if written is None else written.value


def read(text: str, *, lang: str, unit: str | None = None) -> Written | None:
    """Return the number that a person wrote and how it was written; see `read_number`.

    >>> read("np.float64(0.09)", lang="fr").value
    0.09
    >>> read("12,5 %", lang="fr", unit="fraction")
    Written(value=0.125, percent=True, ambiguous=False)
    """
    words = re.sub(r"\s+", " ", text).strip().casefold()
    words = re.sub(r"^(?:np\.)?float64\((.*)\)$", r"\1", words)  # as a notebook shows a mean
    words = re.sub("[\u2212\u2013]", "-", words).replace("\u2019", "'")
    sign, words = _sign(words)
    bare, percent = _without_words(words, unit)
    if not sign:  # a sign may stand behind a currency: $-5
        sign, bare = _sign(bare)
    may_divide = (unit is None or unit in RATES) and not percent
    size = _quotient(bare) if may_divide and "/" in bare else _size(bare, lang)
    if size is None:
        return None
    value = -size if sign == "-" else size
    ambiguous = _EITHER.fullmatch(bare) is not None and ("," in bare or lang == "fr")
    return Written(value / 100 if percent else value, percent=percent, ambiguous=ambiguous)


def _sign(text: str) -> tuple[str, str]:
    return (text[0], text[1:].lstrip()) if text[:1] in ("+", "-") else ("", text)


def _without_words(text: str, unit: str | None) -> tuple[str, bool]:
    """Return a number without the signs and words beside it, and whether it was a percentage."""
    if unit is None or unit in RATES:
        endings = (*_PERCENT, *_POINTS) if unit == "points" else _PERCENT
        for ending in endings:
            if text.endswith(ending):
                return text.removesuffix(ending).rstrip(), True
    words = _MONEY if unit is None else _WORDS.get(unit, ())
    for word in words:
        if text.endswith(word):
            return text.removesuffix(word).rstrip(), False
        if unit in (None, "currency") and text.startswith(word):
            return text.removeprefix(word).lstrip(), False
    return text, False


def _quotient(text: str) -> float | None:
    """Return what a fraction like 7/17 is; None when it is no number."""
    above, _, below = text.partition("/")
    parts = (above.rstrip(), below.lstrip())
    if not all(_PLAIN.fullmatch(part) and not _EITHER.fullmatch(part) for part in parts):
        return None
    numerator, denominator = (float(part.replace(",", ".")) for part in parts)
    return numerator / denominator if denominator else None


def _size(text: str, lang: str) -> float | None:
    pointed = _pointed(text, lang)
    return None if pointed is None else float(pointed)


def _pointed(text: str, lang: str) -> str | None:
    """Return the digits with a decimal point and nothing between thousands."""
    if _GROUPED.fullmatch(text):
        return text.replace(" ", "").replace("'", "").replace(",", ".")
    if _BY_COMMA.fullmatch(text):
        return text.replace(",", "")
    if _BY_POINT.fullmatch(text):
        return text.replace(".", "").replace(",", ".")
    if not _PLAIN.fullmatch(text):
        return None
    parts_thousands = lang == "en" and "," in text and _EITHER.fullmatch(text)
    return text.replace(",", "" if parts_thousands else ".")


def same(value: float, other: float, *, tolerance: float) -> bool:
    """Say whether two numbers are within a tolerance, its own bound included.

    >>> same(0.2505, 0.25, tolerance=0.0005), same(0.26, 0.25, tolerance=0.0005)
    (True, False)
    """
    # What a sum of binary fractions misses is not the student's mistake.
    return abs(value - other) <= tolerance + _ALMOST * max(1.0, abs(other))


def is_percent_for_fraction(
    written: Written, answer: float, *, unit: str | None, tolerance: float
) -> bool:
    """Say whether the right rate was given a hundred times too large, or too small.

    That is ``12,5`` for 0.125, and ``0,125 %`` too.

    >>> twelve = read("12.5", lang="en", unit="fraction")
    >>> is_percent_for_fraction(twelve, 0.125, unit="fraction", tolerance=0.001)
    True
    """
    if unit not in RATES or same(answer, 0.0, tolerance=tolerance):
        return False
    factor = 0.01 if written.percent else 100.0
    return same(written.value, answer * factor, tolerance=tolerance * factor)
