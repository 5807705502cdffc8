"""Flashcards: what each asks, what it hides, and files that other programs open."""

from __future__ import annotations

import csv
import re
from html import unescape

import pytest

from marketing_kpi.errors import ConfigError
from marketing_kpi.kpis.dictionary import Bilingual, Kpi, dictionary
from marketing_kpi.learn.bank import Bank, bank
from marketing_kpi.learn.cards import HIDDEN, QUESTIONS, Formula, Phrase, cards
from marketing_kpi.learn.decks import write

ENTRIES = list(dictionary().values())
EMPTY = Bank({}, {})
LANGS = ["fr", "en"]


@pytest.mark.parametrize("lang", LANGS)
def test_every_entry_has_its_cards(lang):
    asked = {card.id for card in cards(lang)}
    expected = {
        f"{entry.id}:{question}"
        for entry in ENTRIES
        for question in QUESTIONS
        if question != "formula" or isinstance(entry, Kpi)
    }
    expected |= {f"item:{item.id}" for item in bank().items() if item.kind == "number"}
    assert asked == expected
    assert len(cards(lang)) == len(expected)


def test_cards_follow_the_lessons():
    lessons = [card.tags[0] for card in cards("fr")]
    assert lessons == sorted(lessons)
    assert all(" " not in tag for card in cards("fr") for tag in card.tags)


@pytest.mark.parametrize("lang", LANGS)
def test_what_is_asked_is_not_told(lang):
    by_id = {entry.id: entry for entry in ENTRIES}
    for card in cards(lang):
        entry, question = card.id.split(":")
        if question == "definition":
            front = card.front[0].casefold()
            name = re.sub(r"\s*\(.*\)", "", by_id[entry].name[lang]).casefold()
            assert not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", front), card.id


def test_a_definition_hides_its_names_and_their_plural():
    kpi = dictionary()["orders"]
    text = Bilingual(fr="Les commandes (une commande = un ticket), dites CMD.", en="Orders.")
    named = kpi.model_copy(
        update={
            "definition": text,
            "name": Bilingual(fr="Commande (CMD)", en="Orders"),
            "synonyms": kpi.synonyms.model_copy(update={"fr": ("Ticket",)}),
        }
    )
    front = cards("fr", entries=[named], bank=EMPTY)[1].front[0]
    assert front == f"Les {HIDDEN} (une {HIDDEN} = un {HIDDEN}), dites {HIDDEN}."


def test_a_card_of_each_kind_by_hand():
    term, definition, formula, translation = cards("fr", entries=[dictionary()["roi"]], bank=EMPTY)
    assert term.front == ("Retour sur investissement (ROI)", "Qu'est-ce que c'est\u202f?")
    assert term.back[-1] == Formula(r"\frac{G - C}{C}")
    assert definition.back == ("Retour sur investissement (ROI), rentabilité de l'investissement",)
    assert formula.back[1].startswith("Numérateur\u00a0: gain dû")
    assert translation.back == ("Return on investment (ROI)",)
    assert term.tags == ("lesson::01", "domain::foundations", "asks::term")


def test_a_computation_by_hand(sample):
    entry = dictionary()["repeat_purchase_rate"]
    computation = next(
        card for card in cards("fr", entries=[entry], bank=sample) if card.id.startswith("item:")
    )
    item = sample.item("sample_one_order_share")
    assert computation.id == "item:sample_one_order_share"
    assert computation.front == (Phrase(item.question.fr), "Faites le calcul.")
    assert computation.back == ("12,5\u00a0%", Phrase("$1 / 8 = 0{,}125$."))
    assert computation.tags == ("lesson::02", "domain::customers", "asks::computation")


@pytest.mark.parametrize(
    ("answer", "unit", "tolerance", "shown"),
    [
        (1 / 3, "fraction", 0.001, "33.33%"),
        (0.25, "fraction", 0.01, "25%"),
        (1234.5, "currency", 0.01, "$1,234.50"),
        (1234, "currency", 0.01, "$1,234"),
        (2.5, "ratio", 0.05, "2.5"),
        (24, "months", 0.1, "24 months"),
        (-0.021, "points", 0.001, "−2.1 pts"),
    ],
)
def test_an_answer_has_the_decimals_that_it_needs(sample, answer, unit, tolerance, shown):
    given = {"answer": answer, "unit": unit, "tolerance": tolerance}
    item = sample.item("sample_one_order_share").model_copy(update=given)
    entry = dictionary()["repeat_purchase_rate"]
    made = cards("en", entries=[entry], bank=Bank({"02": (item,)}, {"02": ()}))
    assert made[0].back[0].replace("\u00a0", " ") == shown


def test_formulas_of_a_computation_are_shown_by_each_program(sample, tmp_path):
    made = [
        card
        for card in cards("fr", entries=[dictionary()["repeat_purchase_rate"]], bank=sample)
        if card.id.startswith("item:")
    ]
    write(made, tmp_path / "kpi.html", lang="fr")
    assert "<math" in (tmp_path / "kpi.html").read_text(encoding="utf-8")
    write(made, tmp_path / "kpi.csv", lang="fr")
    assert "1 / 8" in (tmp_path / "kpi.csv").read_text(encoding="utf-8")


def test_an_entry_out_of_use_has_no_card():
    old = dictionary()["roi"].model_copy(update={"status": "deprecated"})
    assert cards("fr", entries=[old]) == ()


def test_another_language_is_refused():
    with pytest.raises(KeyError):
        cards("de")


def test_csv_is_read_by_other_programs(tmp_path):
    path = tmp_path / "kpi.csv"
    made = cards("fr")
    write(made, path, lang="fr")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == [card.id for card in made]
    formula = next(row for row in rows if row["id"] == "roi:formula")
    assert formula["back"].startswith(r"\(\frac{G - C}{C}\)")
    assert "é" in "".join(row["front"] for row in rows)


def test_an_unknown_ending_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"'kpi.docx' is none") as caught:
        write(cards("fr"), tmp_path / "kpi.docx", lang="fr")
    assert caught.value.hint == "end its name with one of .apkg, .csv, .html"


def test_backs_lie_behind_their_fronts(tmp_path):
    path = tmp_path / "kpi.html"
    made = cards("en", entries=ENTRIES[:3], bank=EMPTY)
    write(made, path, lang="en")
    html = path.read_text(encoding="utf-8")
    assert "script" not in html.split("<body>")[1]
    assert "default-src &#39;none&#39;" in html
    sides = html.split('<section class="side ')[1:]
    assert [side.split()[0].strip('"') for side in sides] == ["front", "back"] * (len(sides) // 2)
    fronts, backs = (
        [unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in re.findall(CELL, side, re.S)]
        for side in sides[:2]
    )
    # Turned on the long edge, the left column lies behind the right one.
    for place, card in enumerate(made[:8]):
        assert fronts[place].startswith(card.front[0])
        behind = place + 1 if place % 2 == 0 else place - 1
        texts = [part for part in card.back if isinstance(part, str)]
        assert all(text in backs[behind] for text in texts)


CELL = r'<div class="card[^"]*">(.*?)</div>'
