"""Flashcards of the dictionary: terms, definitions, formulas and their other language.

A card is made of its entry, so that correcting the entry corrects the card. Its id says which
entry and which question, never what is written: a corrected card keeps its place in the schedule
of whoever learns it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple, TypeAlias

from marketing_kpi.kpis.dictionary import LANGUAGES, Concept, Entry, Kpi, dictionary
from marketing_kpi.text.messages import N_, Translator, translator

Question: TypeAlias = Literal["term", "definition", "formula", "translation"]

QUESTIONS: tuple[Question, ...] = ("term", "definition", "formula", "translation")
"""What a card asks for: what a term means, which term a definition is of, the formula of a KPI,
and the name in the other language."""

HIDDEN = "[…]"
"""What stands in a definition for the term that is asked."""

_ASKED = {
    "term": N_("What is it?"),
    "definition": N_("Which term is it?"),
    "formula": N_("What is the formula?"),
    "translation": N_("How does one say it in the other language?"),
}
_FEWEST_LETTERS = 3


class Formula(NamedTuple):
    """A formula among the paragraphs of a card, as LaTeX without dollar signs."""

    latex: str


Part: TypeAlias = "str | Formula"


class Card(NamedTuple):
    """One question and its answer.

    Attributes
    ----------
    id
        Stable: ``net_sales:term`` asks the term of that entry. Cards of both languages share it.
    front, back
        Paragraphs, each a text or a formula.
    tags
        Lesson, domain and what is asked, without spaces.
    """

    id: str
    front: tuple[Part, ...]
    back: tuple[Part, ...]
    tags: tuple[str, ...]


def cards(lang: str, *, entries: Iterable[Entry] | None = None) -> tuple[Card, ...]:
    """Return the flashcards of entries, in the order of the lessons.

    Parameters
    ----------
    lang
        ``"fr"`` or ``"en"``: the language of the cards.
    entries
        By default those of the package's dictionary that are in use.

    Returns
    -------
    tuple of Card
        For each entry, its term, its definition and its name in the other language; for a KPI its
        formula too. A definition hides the term that it is of.

    Raises
    ------
    KeyError
        When `lang` is another language.

    Examples
    --------
    >>> first = cards("en", entries=[dictionary()["roi"]])[0]
    >>> first.id, first.front[0]
    ('roi:term', 'Return on investment (ROI)')
    """
    if lang not in LANGUAGES:
        raise KeyError(lang)
    chosen = dictionary().values() if entries is None else entries
    used = [entry for entry in chosen if not (isinstance(entry, Kpi) and entry.status != "active")]
    # Of one lesson, the order of the dictionary: what comes first is what the rest is built on.
    ordered = sorted(used, key=lambda entry: entry.lesson)
    return tuple(card for entry in ordered for card in _of_entry(entry, lang))


def _of_entry(entry: Entry, lang: str) -> Iterator[Card]:
    _ = translator(lang)
    name, definition = entry.name[lang], entry.definition[lang]
    other = next(each for each in LANGUAGES if each != lang)
    asked: dict[Question, tuple[tuple[Part, ...], tuple[Part, ...]]] = {
        "term": ((name,), (definition, *_illustration(entry, lang))),
        "definition": ((_without_terms(definition, entry, lang),), (_all_names(entry, lang),)),
    }
    if isinstance(entry, Kpi):
        asked["formula"] = ((name,), tuple(_formula(entry, lang)))
    asked["translation"] = ((name,), (_all_names(entry, other),))
    for question, (front, back) in asked.items():
        tags = (f"lesson::{entry.lesson}", f"domain::{entry.domain}", f"asks::{question}")
        yield Card(f"{entry.id}:{question}", (*front, _(_ASKED[question])), back, tags)


def _illustration(entry: Entry, lang: str) -> Iterator[Part]:
    """Return what makes a definition concrete: an example, or the formula of a KPI."""
    if isinstance(entry, Concept):
        yield entry.example[lang]
    else:
        yield Formula(entry.formula)


def _formula(kpi: Kpi, lang: str) -> Iterator[Part]:
    _ = translator(lang)
    yield Formula(kpi.formula)
    yield from parts_in_words(kpi, _, lang)


def parts_in_words(kpi: Kpi, _: Translator, lang: str) -> Iterator[str]:
    """Return what the two parts of a fraction are, in words; nothing where it is none."""
    if kpi.numerator is not None:
        yield _("Numerator: {text}", text=kpi.numerator[lang])
    if kpi.denominator is not None:
        yield _("Denominator: {text}", text=kpi.denominator[lang])


def _all_names(entry: Entry, lang: str) -> str:
    """Return the name and the synonyms that say more than the name does."""
    name = entry.name[lang]
    said = {part.casefold() for part in _spellings(name)}
    return ", ".join([name, *(one for one in entry.synonyms[lang] if one.casefold() not in said)])


def _without_terms(definition: str, entry: Entry, lang: str) -> str:
    """Return a definition in which its own names are hidden, whatever their case and ending."""
    names = {part for term in entry.terms(lang) for part in _spellings(term)}
    for name in sorted(names, key=lambda each: (-len(each), each)):
        ending = r"(?:s|x|es)?" if name[-1].isalpha() else ""
        definition = re.sub(
            rf"(?<!\w){re.escape(name)}{ending}(?!\w)", HIDDEN, definition, flags=re.I
        )
    return definition


def _spellings(term: str) -> Iterator[str]:
    """Return a term, and both parts of one with a short form: "Name (N)" is "Name" and "N"."""
    yield term
    for part in re.split(r"[()]", term):
        if len(part.strip()) >= _FEWEST_LETTERS:
            yield part.strip()
