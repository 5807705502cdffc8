"""Flashcards of the dictionary and of the bank.

Terms, definitions, formulas and their other language come from the dictionary, small computations
from the items of the bank that ask for a number. A card is made of its entry or item, so that
correcting these corrects the card. Its id says which entry and which question, or which item,
never what is written: a corrected card keeps its place in the schedule of whoever learns it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple, TypeAlias

from marketing_kpi.kpis.dictionary import LANGUAGES, Concept, Entry, Kpi, dictionary
from marketing_kpi.learn.answers import same
from marketing_kpi.learn.bank import Bank, Number
from marketing_kpi.learn.bank import bank as whole_bank
from marketing_kpi.text.locale import Reader
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
_MOST_DECIMALS = 6


class Formula(NamedTuple):
    """A formula among the paragraphs of a card, as LaTeX without dollar signs."""

    latex: str


class Phrase(NamedTuple):
    """A text of the bank among the paragraphs of a card: inline Markdown, with its formulas."""

    markdown: str


Part: TypeAlias = "str | Formula | Phrase"


class Card(NamedTuple):
    """One question and its answer.

    Attributes
    ----------
    id
        Stable: ``net_sales:term`` asks the term of that entry, ``item:<id>`` an item of the bank.
        Cards of both languages share it.
    front, back
        Paragraphs, each a text, a formula or a phrase of the bank; the front's last is a text,
        what is asked.
    tags
        Lesson, domain and what is asked, without spaces.
    """

    id: str
    front: tuple[Part, ...]
    back: tuple[Part, ...]
    tags: tuple[str, ...]


def cards(
    lang: str, *, entries: Iterable[Entry] | None = None, bank: Bank | None = None
) -> tuple[Card, ...]:
    """Return the flashcards of entries, in the order of the lessons.

    Parameters
    ----------
    lang
        ``"fr"`` or ``"en"``: the language of the cards.
    entries
        By default those of the package's dictionary that are in use.
    bank
        Where their computations come from; by default the package's bank.

    Returns
    -------
    tuple of Card
        For each entry, its term, its definition and its name in the other language; for a KPI its
        formula too. A definition hides the term that it is of. Then, for each lesson, a card for
        each item of the bank on one of the entries that asks for a number.

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
    found = [card for entry in used for card in _of_entry(entry, lang)]
    found += _of_bank(whole_bank() if bank is None else bank, used, lang)
    # Of one lesson, the order of the dictionary: what comes first is what the rest is built on.
    return tuple(sorted(found, key=lambda card: card.tags[0]))


def _of_bank(bank: Bank, entries: Iterable[Entry], lang: str) -> Iterator[Card]:
    """Return a card for each number of the bank that an entry is asked about."""
    domains = {entry.id: entry.domain for entry in entries}
    for lesson in bank.lessons:
        for item in bank.items(lesson=lesson):
            if isinstance(item, Number) and item.entry in domains:
                domain = f"domain::{domains[item.entry]}"
                yield _of_item(item, lang, (f"lesson::{lesson}", domain, "asks::computation"))


def _of_item(item: Number, lang: str, tags: tuple[str, ...]) -> Card:
    _ = translator(lang)
    back = (_in_words(item, Reader.of(lang)), Phrase(item.feedback[lang]))
    return Card(f"item:{item.id}", (Phrase(item.question[lang]), _("Work it out.")), back, tags)


def _in_words(item: Number, reader: Reader) -> str:
    """Return the answer in its unit, with no more decimals than tell it from its neighbours."""
    if item.unit == "currency":
        return reader.money(item.answer, 0 if item.answer == round(item.answer) else 2)
    factor = 100 if item.unit in ("fraction", "points") else 1
    value, tolerance = item.answer * factor, item.tolerance * factor / 10
    decimals = next(
        (n for n in range(_MOST_DECIMALS) if same(round(value, n), value, tolerance=tolerance)),
        _MOST_DECIMALS,
    )
    return reader.unit(item.answer, item.unit, decimals=decimals)


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
