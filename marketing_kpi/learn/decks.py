"""Flashcards as files: a deck for Anki, a CSV for other programs, pages to print and cut."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from markupsafe import Markup, escape

from marketing_kpi.errors import ConfigError
from marketing_kpi.learn import inline
from marketing_kpi.learn.cards import Card, Formula, Part, Phrase
from marketing_kpi.learn.pages import page
from marketing_kpi.text.locale import Reader
from marketing_kpi.text.math import mathml
from marketing_kpi.text.messages import translator

# Anki knows a deck and a kind of note by their number; another would make a second deck.
_MODEL = 1_607_392_319
_DECKS = {"fr": 2_059_400_110, "en": 2_059_400_111}
_CSS = """\
.card { font: 20px/1.45 system-ui, sans-serif; text-align: center; max-width: 34em;
        margin: 1.5em auto; padding: 0 1em; }
.asked { opacity: .7; font-size: .8em; }
"""
_A_PAGE = 8
_COLUMNS = 2


def write(cards: Sequence[Card], path: Path, *, lang: str) -> None:
    """Write flashcards to a file, of the kind that its ending says.

    Parameters
    ----------
    cards
        What `marketing_kpi.learn.cards.cards` gives.
    path
        ``.apkg``: a deck that Anki imports, in which a card keeps its schedule when it is imported
        again, later; ``.csv``: id, front, back and tags, formulas as LaTeX; ``.html``: pages to
        print on both sides (turned on the long edge) and cut.
    lang
        Language of the cards.

    Raises
    ------
    ConfigError
        When the path ends otherwise.
    """
    try:
        written = _WRITERS[path.suffix.lower()]
    except KeyError:
        known = ", ".join(_WRITERS)
        raise ConfigError(
            f"'{path.name}' is none of the files that cards can be written to",
            hint=f"end its name with one of {known}",
        ) from None
    path.parent.mkdir(parents=True, exist_ok=True)
    written(cards, path, lang)


def _to_anki(cards: Sequence[Card], path: Path, lang: str) -> None:
    import genanki

    model = genanki.Model(
        _MODEL,
        "marketing_kpi",
        fields=[{"name": "Front"}, {"name": "Back"}],
        templates=[
            {
                "name": "Card 1",
                "qfmt": "{{Front}}",
                "afmt": "{{FrontSide}}<hr id=answer>{{Back}}",
            }
        ],
        css=_CSS,
    )
    deck = genanki.Deck(_DECKS[lang], _title(lang))
    for card in cards:
        deck.add_note(
            genanki.Note(
                model=model,
                fields=[_front(card, _mathjax), _html(card.back, _mathjax)],
                tags=list(card.tags),
                guid=genanki.guid_for("marketing_kpi", lang, card.id),
            )
        )
    # Anki takes a card that it has only from a deck made later than its own.
    made = float(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    genanki.Package(deck).write_to_file(str(path), timestamp=made)


def _to_csv(cards: Sequence[Card], path: Path, _lang: str) -> None:
    # The mark at the beginning tells spreadsheets that the text is UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "front", "back", "tags"])
        rows.writerows(
            [card.id, _plain(card.front), _plain(card.back), " ".join(card.tags)] for card in cards
        )


def _to_pages(cards: Sequence[Card], path: Path, lang: str) -> None:
    sheets = [cards[start : start + _A_PAGE] for start in range(0, len(cards), _A_PAGE)]
    sides = [side for sheet in sheets for side in (_fronts(sheet), _backs(sheet))]
    content = page("cards.html.j2", Reader.of(lang), title=_title(lang), sides=sides)
    path.write_text(content, encoding="utf-8")


_WRITERS: Mapping[str, Callable[[Sequence[Card], Path, str], None]] = MappingProxyType(
    {".apkg": _to_anki, ".csv": _to_csv, ".html": _to_pages}
)


def _title(lang: str) -> str:
    _ = translator(lang)
    return _("Marketing KPIs")


def _fronts(sheet: Sequence[Card]) -> list[Markup]:
    return [_front(card, _shown) for card in sheet]


def _backs(sheet: Sequence[Card]) -> list[Markup]:
    """Return the backs in the order that the turned page has: each row from right to left."""
    backs = [_html(card.back, _shown) for card in sheet]
    backs += [Markup()] * (-len(backs) % _COLUMNS)
    rows = [backs[start : start + _COLUMNS] for start in range(0, len(backs), _COLUMNS)]
    return [back for row in rows for back in reversed(row)]


def _front(card: Card, formula: Callable[[Formula], Markup]) -> Markup:
    """Return the front, what is asked last."""
    *question, asked = card.front
    return _html(question, formula) + Markup('<p class="asked">{}</p>').format(asked)


def _html(parts: Sequence[Part], formula: Callable[[Formula], Markup]) -> Markup:
    return Markup("").join(Markup("<p>{}</p>").format(_paragraph(part, formula)) for part in parts)


def _paragraph(part: Part, formula: Callable[[Formula], Markup]) -> Markup | str:
    if isinstance(part, Formula):
        return formula(part)
    if isinstance(part, Phrase) and formula is _mathjax:
        return inline.html(part.markdown, formula=_in_mathjax)
    return inline.html(part.markdown) if isinstance(part, Phrase) else part


def _mathjax(formula: Formula) -> Markup:
    return _in_mathjax(formula.latex)


def _in_mathjax(latex: str) -> Markup:
    return Markup(r"\({}\)").format(escape(latex))


def _shown(formula: Formula) -> Markup:
    return Markup(mathml(formula.latex, display=True))  # noqa: S704 - MathML that we made


def _plain(parts: Sequence[Part]) -> str:
    return "\n".join(map(_in_text, parts))


def _in_text(part: Part) -> str:
    if isinstance(part, Formula):
        return rf"\({part.latex}\)"
    return inline.plain(part.markdown) if isinstance(part, Phrase) else part
