"""The sheet of formulas: every formula of the course on two printed pages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from markupsafe import Markup

from marketing_kpi.kpis.dictionary import Entry, Kpi, dictionary
from marketing_kpi.learn.cards import parts_in_words
from marketing_kpi.learn.pages import page
from marketing_kpi.plots.entries import DOMAINS
from marketing_kpi.text.locale import Reader
from marketing_kpi.text.math import mathml

# Letters that two pages hold at the largest size, what a formula takes of them, and how the size
# falls with their number: measured on once, twice and three times the dictionary.
_LETTERS_AT_LARGEST = 13_700
_A_FORMULA = 45
_LARGEST, _FALL = 9.0, 0.58
_SENTENCE = re.compile(r"(?<=[.])\s")


class _Line(NamedTuple):
    """A KPI on the sheet: its name, its formula as MathML, and what it is made of."""

    name: str
    formula: Markup
    words: tuple[str, ...]


def sheet(
    lang: str | Reader,
    *,
    entries: Iterable[Entry] | None = None,
    links: Iterable[tuple[str, str]] = (),
) -> str:
    """Return the page of every formula, which fits two printed A4 pages.

    Parameters
    ----------
    lang
        ``"fr"``, ``"en"`` or a reader.
    entries
        By default the package's dictionary; concepts and KPIs that are not in use are left out.
    links
        Pages to go to from the screen, not printed: the address and the name of each.

    Examples
    --------
    >>> "<math" in sheet("fr", entries=[dictionary()["roi"]])
    True
    """
    reader = Reader.of(lang)
    _ = reader.translate
    chosen = dictionary().values() if entries is None else entries
    kpis = [entry for entry in chosen if isinstance(entry, Kpi) and entry.status == "active"]
    order = list(DOMAINS)
    kpis.sort(key=lambda kpi: order.index(kpi.domain))
    domains = [
        (_(DOMAINS[domain]), [_line(kpi, reader) for kpi in group])
        for domain, group in groupby(kpis, key=lambda kpi: kpi.domain)
    ]
    return page(
        "sheet.html.j2",
        reader,
        title=_("Marketing KPIs: the formulas"),
        domains=domains,
        links=list(links),
        size=_size([line for _domain, lines in domains for line in lines]),
    )


def _line(kpi: Kpi, reader: Reader) -> _Line:
    formula = Markup(mathml(kpi.formula))  # noqa: S704 - MathML that we made
    words = tuple(parts_in_words(kpi, reader.translate, reader.lang))
    # What is no fraction has its letters explained by the first sentence of its definition.
    explained = words or (_SENTENCE.split(kpi.definition[reader.lang], maxsplit=1)[0],)
    return _Line(kpi.name[reader.lang], formula, explained)


def _size(lines: Iterable[_Line]) -> str:
    """Return the size of the text, in points, at which it fills two pages and no third."""
    letters = sum(len(line.name) + sum(map(len, line.words)) + _A_FORMULA for line in lines)
    size = _LARGEST * min(1.0, (_LETTERS_AT_LARGEST / max(letters, 1)) ** _FALL)
    return f"{size:.2f}pt"
