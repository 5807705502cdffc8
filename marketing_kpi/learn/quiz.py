"""Quizzes: the items of a lesson, answered in JupyterLab and in the pages made from it.

A quiz is plain HTML, a style and a script of its own, all in this package: it works offline, by
keyboard and without a kernel. Nothing that a student answers is stored.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from markupsafe import Markup

from marketing_kpi.errors import BankError
from marketing_kpi.kpis.dictionary import Bilingual
from marketing_kpi.learn import inline
from marketing_kpi.learn.bank import Choice, Choices, Item, Matching, bank
from marketing_kpi.learn.grading import WORDS, example, marks
from marketing_kpi.learn.pages import fragment
from marketing_kpi.text.locale import Reader
from marketing_kpi.text.messages import N_

QUIZ_TYPE = "application/vnd.marketing-kpi.quiz+json"
"""Media type that tells a page to take the quiz's own style and script."""

_ASKED: Mapping[str, str] = MappingProxyType(
    {
        "fraction": N_("Your answer, as a fraction or a percentage (with its sign %):"),
        "points": N_("Your answer, in points or as a fraction:"),
        "currency": N_("Your answer, an amount:"),
        "days": N_("Your answer, in days:"),
        "hours": N_("Your answer, in hours:"),
        "months": N_("Your answer, in months:"),
    }
)
AT_FIRST = 12
"""Questions that a quiz asks at first; the others are asked for."""

_FEWEST_OTHERS = 3
"""Questions under which nothing is left for later; a convention."""

_SHORT = 36
"""Characters that fit beside what they are matched with."""

_NUMBER = N_("Your answer, a number:")
_PROGRESS: Mapping[str, str] = MappingProxyType(
    {
        "answered": N_("{done} of {total} answered"),
        "first": N_("{right} out of {total} at the first try."),
        "now": N_("{right} out of {total} with what you have corrected since."),
        "reread": N_("To read again, most needed first:"),
        "question": N_("{n} question"),
        "questions": N_("{n} questions"),
        "nothing": N_("Nothing to read again."),
        "read": N_("Read again:"),
    }
)


@dataclass(frozen=True)
class Quiz:
    """Items to answer, shown by a notebook; `quiz` makes it from the bank.

    Attributes
    ----------
    lesson
        Two digits.
    items
        In the order asked.
    reader
        Whose language, marks and currency are used.
    others
        Items that a page shows when they are asked for, and paper at once.
    """

    lesson: str
    items: tuple[Item, ...]
    reader: Reader
    others: tuple[Item, ...] = ()

    def to_html(self) -> str:
        """Return the questions as HTML, without style and script."""
        reader, lang = self.reader, self.reader.lang

        def in_html(text: Bilingual) -> Markup:
            return inline.html(text[lang])

        def in_words(text: Bilingual) -> str:
            return inline.plain(text[lang])

        return fragment(
            "quiz.html.j2",
            reader,
            words=_words(reader),
            items=self.items,
            others=self.others,
            html=in_html,
            plain=in_words,
            asked=lambda unit: reader.translate(_ASKED.get(unit, _NUMBER)),
            example=lambda unit: example(unit, reader),
            shuffled=shuffled,
            is_long=self._is_long,
        )

    def _is_long(self, item: Matching) -> bool:
        """Say whether what is to be chosen takes a line of its own."""
        rights = (inline.plain(pair.right[self.reader.lang]) for pair in item.pairs)
        return max(map(len, rights)) > _SHORT

    def to_text(self) -> str:
        """Return the questions and what there is to choose from, in words."""
        lines: list[str] = []
        for number, item in enumerate((*self.items, *self.others), start=1):
            lines.append(f"{number}. {inline.plain(item.question[self.reader.lang])}")
            lines += [f"   - {line}" for line in self._choices(item)]
        return "\n".join(lines)

    def _choices(self, item: Item) -> Sequence[str]:
        lang = self.reader.lang
        if isinstance(item, Choice | Choices):
            return [inline.plain(option.text[lang]) for option in item.options]
        if not isinstance(item, Matching):
            return []
        lefts = [inline.plain(pair.left[lang]) for pair in item.pairs]
        rights = [inline.plain(item.pairs[place].right[lang]) for place in shuffled(item)]
        return [" / ".join(lefts), " / ".join(rights)]

    def payload(self) -> dict[str, Any]:
        """Return what the quiz asks, for programs: lesson, language and ids of all items."""
        ids = [item.id for item in (*self.items, *self.others)]
        return {"lesson": self.lesson, "lang": self.reader.lang, "items": ids}

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        html = f"<style>{style()}</style>\n{self.to_html()}\n<script>{script()}</script>"
        return {"text/plain": self.to_text(), "text/html": html, QUIZ_TYPE: self.payload()}


def quiz(lesson: str, *, lang: str | Reader, items: Sequence[str] | None = None) -> Quiz:
    """Return the quiz of a lesson, which a notebook shows.

    Parameters
    ----------
    lesson
        Two digits: ``"02"``.
    lang
        Language, or the reader.
    items
        Ids of the items to ask, in this order. By default those of the lesson, in its order: of
        more than some `AT_FIRST`, those of `first_items` at first and the others on asking.

    Returns
    -------
    Quiz
        Shown as the value of a cell.

    Raises
    ------
    BankError
        When the lesson has no quiz, or the bank no such item.

    Examples
    --------
    >>> quiz("02", lang="en", items=["rfm_recency_of_a_customer"]).payload()["lesson"]
    '02'
    """
    reader = Reader.of(lang)
    known = [each for each in bank().lessons if bank().items(lesson=each)]
    if lesson not in known:
        raise BankError(f"lesson {lesson!r} has no quiz", hint=f"known: {', '.join(known)}")
    if items is not None:
        asked = tuple(bank().item(id) for id in items)
        return Quiz(lesson=lesson, items=asked, reader=reader)
    every = bank().items(lesson=lesson)
    first = first_items(every)
    others = tuple(item for item in every if item not in first)
    return Quiz(lesson=lesson, items=first, reader=reader, others=others)


def first_items(items: Sequence[Item], *, most: int = AT_FIRST) -> tuple[Item, ...]:
    """Return the items that are asked first: of as many entries and kinds as can be.

    Parameters
    ----------
    items
        In the order of the lesson, which is kept.
    most
        How many are chosen, where that leaves a few for later; else all are.

    Examples
    --------
    >>> items = bank().items(lesson="16")
    >>> len(items), len(first_items(items))
    (24, 12)
    """
    if len(items) < most + _FEWEST_OTHERS:
        return tuple(items)
    left = list(range(len(items)))
    chosen: list[int] = []
    in_all = Counter(item.kind for item in items)
    of_entry: Counter[str] = Counter()
    of_kind: Counter[str] = Counter()
    while len(chosen) < most:
        # Where entries are more than questions, those of the whole lesson, and not of its start.
        wanted = round(len(items) * len(chosen) / most)

        def rank(place: int, wanted: int = wanted) -> tuple[int, ...]:
            item = items[place]
            away = (place - wanted) % len(items)
            return of_entry[item.entry], of_kind[item.kind], in_all[item.kind], away

        place = min(left, key=rank)
        left.remove(place)
        chosen.append(place)
        of_entry[items[place].entry] += 1
        of_kind[items[place].kind] += 1
    return tuple(items[place] for place in sorted(chosen))


def shuffled(item: Matching) -> tuple[int, ...]:
    """Return the places of the pairs in the order in which their right sides are offered.

    It is the same each time and in both languages, and never that of the left sides.
    """
    places = tuple(range(len(item.pairs)))

    def draw(place: int) -> str:
        return hashlib.sha256(f"{item.id} {place}".encode()).hexdigest()

    drawn = tuple(sorted(places, key=draw))
    return drawn if drawn != places else drawn[::-1]


def _words(reader: Reader) -> str:
    """Return, as JSON, what the script says and how it reads and writes numbers."""
    _ = reader.translate
    decimal, group = marks(reader)
    words = {key: _(text) for key, text in {**WORDS, **_PROGRESS}.items()}
    return json.dumps({**words, "decimal": decimal, "group": group}, ensure_ascii=False)


@cache
def style() -> str:
    """Return the style of the quizzes; it speaks of nothing else on a page."""
    return _asset("quiz.css")


@cache
def script() -> str:
    """Return the script of the quizzes; it makes every quiz of its page work, once."""
    return _asset("quiz.js")


def _asset(name: str) -> str:
    file = resources.files("marketing_kpi.learn") / "templates" / name
    return file.read_text(encoding="utf-8")
