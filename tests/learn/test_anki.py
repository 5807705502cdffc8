"""The deck in Anki itself: its own importer reads it, and takes corrections as such."""

from __future__ import annotations

import anki.collection as anki
import pytest

from marketing_kpi.kpis.dictionary import dictionary
from marketing_kpi.learn.bank import Bank
from marketing_kpi.learn.cards import Card, cards
from marketing_kpi.learn.decks import write


@pytest.fixture
def collection(tmp_path):
    opened = anki.Collection(str(tmp_path / "collection.anki2"))
    yield opened
    opened.close()


def _imported(collection, path):
    options = anki.ImportAnkiPackageOptions(with_scheduling=False)
    request = anki.ImportAnkiPackageRequest(package_path=str(path), options=options)
    return collection.import_anki_package(request).log


def _deck(tmp_path, monkeypatch, made, *, lang="fr", at=1_700_000_000):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(at))
    path = tmp_path / f"{at}.apkg"
    write(made, path, lang=lang)
    return path


def test_the_whole_deck_is_read(collection, tmp_path, monkeypatch):
    made = cards("fr")
    log = _imported(collection, _deck(tmp_path, monkeypatch, made))
    assert len(log.new) == len(made) == collection.card_count()
    note = collection.get_note(collection.find_notes("tag:lesson::01 tag:asks::formula")[0])
    assert r"\(" in note["Back"]
    assert "é" in note["Back"]
    names = [deck.name for deck in collection.decks.all_names_and_ids()]
    assert "KPI marketing" in names


def test_a_corrected_computation_is_updated(collection, tmp_path, monkeypatch, sample):
    entries = [dictionary()["repeat_purchase_rate"]]
    made = cards("fr", entries=entries, bank=sample)
    _imported(collection, _deck(tmp_path, monkeypatch, made))
    note = collection.get_note(collection.find_notes("tag:asks::computation")[0])
    assert note["Back"] == "<p>12,5\u00a0%</p><p>\\(1 / 8 = 0{,}125\\).</p>"

    item = sample.item("sample_one_order_share")
    text = item.question.model_copy(update={"fr": "Et sur 16 clients ?"})
    corrected = Bank({"02": (item.model_copy(update={"question": text}),)}, {"02": ()})
    again = cards("fr", entries=entries, bank=corrected)
    log = _imported(collection, _deck(tmp_path, monkeypatch, again, at=1_800_000_000))
    assert len(log.new) == 0
    assert "Et sur 16 clients" in collection.get_note(note.id)["Front"]


def test_a_corrected_card_keeps_its_schedule(collection, tmp_path, monkeypatch):
    first, *others = cards("fr", entries=[dictionary()["roi"]])
    _imported(collection, _deck(tmp_path, monkeypatch, [first, *others]))
    ids = collection.find_cards("")
    learnt = collection.get_card(collection.find_cards("tag:asks::term")[0])
    learnt.type = learnt.queue = 2
    learnt.ivl, learnt.reps = 21, 5
    collection.update_card(learnt)

    corrected = Card(first.id, first.front, ("Corrigé.",), first.tags)
    later = _deck(tmp_path, monkeypatch, [corrected, *others], at=1_800_000_000)
    log = _imported(collection, later)
    assert (len(log.new), len(log.updated)) == (0, len(ids))
    assert collection.find_cards("") == ids
    again = collection.get_card(learnt.id)
    assert (again.ivl, again.reps) == (21, 5)
    assert collection.get_note(again.nid)["Back"] == "<p>Corrigé.</p>"


def test_both_languages_live_side_by_side(collection, tmp_path, monkeypatch):
    roi = [dictionary()["roi"]]
    _imported(collection, _deck(tmp_path, monkeypatch, cards("fr", entries=roi)))
    path = _deck(tmp_path, monkeypatch, cards("en", entries=roi), lang="en", at=1_700_000_001)
    assert len(_imported(collection, path).new) == len(cards("en", entries=roi))
    assert collection.card_count() == 2 * len(cards("fr", entries=roi))


def test_the_same_moment_gives_the_same_deck(tmp_path, monkeypatch):
    made = cards("en", entries=[dictionary()["roi"]])
    first = _deck(tmp_path, monkeypatch, made, lang="en").read_bytes()
    second = tmp_path / "again"
    second.mkdir()
    assert len(first) == len(_deck(second, monkeypatch, made, lang="en").read_bytes())
