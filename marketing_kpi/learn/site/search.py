"""What the search page looks through: entries, passages of lessons, functions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html.parser import HTMLParser
from typing import NamedTuple

from markupsafe import Markup

from marketing_kpi.kpis.dictionary import Entry
from marketing_kpi.text.messages import N_

KINDS = {
    "entry": N_("Dictionary"),
    "lesson": N_("Lessons"),
    "function": N_("Functions"),
}
"""The kinds of what is found, in the order in which they are shown."""


class Found(NamedTuple):
    """Something that can be found.

    Attributes
    ----------
    kind
        One of `KINDS`.
    address
        Page and anchor.
    title
        What its link says.
    names
        What it is also called.
    text
        What it says first.
    more
        The rest of what it says.
    """

    kind: str
    address: str
    title: str
    names: tuple[str, ...] = ()
    text: str = ""
    more: str = ""


class Passage(NamedTuple):
    """A heading of a page and the prose under it, up to the next one."""

    anchor: str
    level: int
    title: str
    text: str


def of_entry(entry: Entry, address: str, lang: str) -> Found:
    """Return an entry of the dictionary as `Dictionary.search` reads it."""
    definition = entry.definition[lang]
    rest = " ".join(text for text in entry.prose(lang) if text != definition)
    names = (entry.id, *entry.synonyms[lang])
    return Found("entry", address, entry.name[lang], names, definition, rest)


def index(found: Iterable[Found]) -> Markup:
    """Return the index as JSON that can stand in a page."""
    text = json.dumps(list(found), ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - no tag can end or begin in it


def passages(html: str) -> list[Passage]:
    """Return the headings of a page's content with their prose.

    Code, tables, figures, formulas and quizzes, which hold their answers, are no prose.

    >>> passages('<h2 id="a">A</h2><p>One <b>two</b>.</p><table><td>3</td></table>')
    [Passage(anchor='a', level=2, title='A', text='One two.')]
    """
    parser = _Passages()
    parser.feed(html)
    parser.close()
    return [
        Passage(anchor, level, _single("".join(title)), _single("".join(text)))
        for anchor, level, title, text in parser.found
    ]


QUIZ = "mk-quiz"
_HEADINGS = ("h2", "h3", "h4")
_PROSE = ("p", "li")
_NO_PROSE = ("pre", "table", "figure", "math", "section", "script")


def _single(text: str) -> str:
    # Not by `split()` alone, which would take the spaces that French does not break too.
    return re.sub(r"[ \n]+", " ", text).strip(" ")


class _Passages(HTMLParser):
    """Collects headings that have an id, and the paragraphs and items that follow each."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, int, list[str], list[str]]] = []
        self.left_out: list[str] = []
        self.in_heading = False
        self.prose = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        anchor = known.get("id")
        is_quiz = QUIZ in (known.get("class") or "").split()
        # Within what is left out, its own kind is counted, so that its end is known.
        if tag in _NO_PROSE or is_quiz or tag in self.left_out[-1:]:
            self.left_out.append(tag)
        elif tag in _HEADINGS and anchor and not self.left_out:
            self.found.append((anchor, int(tag[1]), [], []))
            self.in_heading = True
        elif tag in _PROSE:
            self.prose += 1

    def handle_endtag(self, tag: str) -> None:
        if self.left_out and tag == self.left_out[-1]:
            self.left_out.pop()
        elif tag in _HEADINGS:
            self.in_heading = False
        elif tag in _PROSE:
            self.prose -= 1
            self.handle_data(" ")

    def handle_data(self, data: str) -> None:
        if not self.found or self.left_out:
            return
        _anchor, _level, title, text = self.found[-1]
        if self.in_heading:
            title.append(data)
        elif self.prose or data == " ":
            text.append(data)
