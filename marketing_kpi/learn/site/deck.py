"""The flashcards as things that open on a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from markupsafe import Markup

from marketing_kpi.learn import inline
from marketing_kpi.learn.cards import Card, Formula, Part, Phrase
from marketing_kpi.text.math import mathml


class Shown(NamedTuple):
    """A card as HTML, with what the page filters by."""

    front: Markup
    back: Markup
    lesson: str
    asks: str


def shown(cards: Iterable[Card]) -> list[Shown]:
    """Return cards as HTML, in their order."""
    return [
        Shown(_front(card.front), _back(card.back), _tag(card, "lesson"), _tag(card, "asks"))
        for card in cards
    ]


def questions(cards: Iterable[Card]) -> list[tuple[str, str]]:
    """Return the kinds of question among cards: what each is tagged, and its words."""
    return list({_tag(card, "asks"): str(card.front[-1]) for card in cards}.items())


def _tag(card: Card, name: str) -> str:
    found = (tag.partition("::") for tag in card.tags)
    return next((value for key, _, value in found if key == name), "")


def _front(parts: Sequence[Part]) -> Markup:
    """Return the front, what is asked last; spans, for a summary holds no paragraph."""
    *said, asked = parts
    lines = [Markup("<span>{}</span>").format(_html(part)) for part in said]
    return Markup("").join([*lines, Markup('<span class="mk-asked">{}</span>').format(asked)])


def _back(parts: Sequence[Part]) -> Markup:
    return Markup("").join(Markup("<p>{}</p>").format(_html(part)) for part in parts)


def _html(part: Part) -> Markup | str:
    if isinstance(part, Formula):
        return Markup(mathml(part.latex, display=True))  # noqa: S704 - MathML that we made
    return inline.html(part.markdown) if isinstance(part, Phrase) else part
