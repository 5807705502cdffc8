"""What every entry of the dictionary keeps: typography, languages, numbers, links.

In French: U+00A0 before a colon, inside « » and before a currency; U+202F before ; ! ? % and
between thousands; a decimal comma. In both languages the apostrophe is the typed one (') and the
quotes are curved or « ».
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from marketing_kpi.kpis.dictionary import Bilingual, Concept, Entry, Kpi, dictionary, normalise
from marketing_kpi.kpis.facts import FACTS
from marketing_kpi.text.math import mathml

ENTRIES = Path(__file__).parents[2] / "marketing_kpi" / "kpis" / "entries"
MISSING = Path(__file__).with_name("missing.txt")

PROSE = {
    "concept": ("definition", "example", "why", "confusion"),
    "kpi": ("definition", "pitfalls", "decision"),
}
LABELS = ("name", "numerator", "denominator")
LONGEST = {"definition": 460, "name": 80, "numerator": 120, "denominator": 120}
LONGEST_PROSE = 680
SENTENCES_OF_A_DEFINITION = 3

NO_BREAK, NARROW = "\u00a0", "\u202f"
UNPARTED = r"(?<![\w.,])(?!19|20)\d{4,}"  # years stay whole
FAULTS = {
    "fr": {
        "; ! ? % want U+202F before them": rf"(?<!{NARROW})[;!?%]",
        "a colon wants U+00A0 before it": rf"(?<!{NO_BREAK}):",
        "« wants U+00A0 after it": rf"«(?!{NO_BREAK})",
        "» wants U+00A0 before it": rf"(?<!{NO_BREAK})»",
        "a currency wants U+00A0 before it": rf"(?<!{NO_BREAK})[$€]",
        "thousands are parted by U+202F": rf"\d[ {NO_BREAK}]\d{{3}}(?!\d)|{UNPARTED}",
        "decimals follow a comma": r"(?<![\d.])\d+\.\d+(?![\d.])",
        "French quotes are « »": r"[“”]",
        "an English word": r"\b(the|and|of|is|with|from)\b",
    },
    "en": {
        "no space before punctuation": r"\s[:;!?%]",
        "no special space": rf"[{NO_BREAK}{NARROW}]",
        "decimals follow a point": r"\d,\d{1,2}(?!\d)",
        "a currency stands before its amount": r"\d\s?[$€]",
        "thousands are parted by a comma": rf"\d \d{{3}}(?!\d)|{UNPARTED}",
        "English quotes are “ ”": r"[«»]",
        "a French word": r"\b(les|des|est|une|pour|dans|avec)\b",
    },
    "both": {
        "a typed apostrophe": r"[‘’`´]",
        "curved quotes": r'"',
        "a minus sign is −": r"(?:^|[\s(])-(?=[\s\d])",
        "single spaces": r"[\s]{2,}|^\s|\s$",
        "no space before , . )": r"\s[,.)]",
    },
}


class Text(NamedTuple):
    """A text of an entry, in one language."""

    entry: str
    field: str
    lang: str
    words: str


def _bilingual(entry: Entry) -> Iterator[tuple[str, Bilingual]]:
    for field in (*PROSE[entry.kind], *LABELS):
        if (texts := getattr(entry, field, None)) is not None:
            yield field, texts


def _all_texts() -> list[Text]:
    texts = [
        Text(entry.id, field, lang, both[lang])
        for entry in dictionary().values()
        for field, both in _bilingual(entry)
        for lang in ("fr", "en")
    ]
    synonyms = [
        Text(entry.id, "synonyms", lang, term)
        for entry in dictionary().values()
        for lang in ("fr", "en")
        for term in entry.synonyms[lang]
    ]
    return texts + synonyms


TEXTS = _all_texts()
KPIS = dictionary().kpis


def _plain_numbers(text: str, lang: str) -> str:
    """Return a text with its numbers as Python writes them; the hour 9:00 is 9."""
    if lang == "fr":
        return text.replace(NARROW, "").replace(",", ".")
    return re.sub(r",(?=\d{3})|:00", "", text)


def _numbers(text: str, lang: str) -> list[float]:
    return sorted(map(float, re.findall(r"\d+(?:\.\d+)?", _plain_numbers(text, lang))))


WORKED = re.compile(r"(?<![\w.¹²])([\d(][\d.() ]*[-+*/][-+*/\d.() ]*) = (-?\d+(?:\.\d+)?)( ?%)?")
"""A calculation and its result: `1764 / 4200 = 42 %`."""


def _calculations(text: Text) -> list[tuple[str, str, bool]]:
    plain = re.sub(rf"[${NO_BREAK}]", "", _plain_numbers(text.words, text.lang))
    plain = plain.translate(str.maketrans("−×", "-*"))
    return [(left, right, bool(percent)) for left, right, percent in WORKED.findall(plain)]


def _is_right(left: str, right: str, percent: bool) -> bool:
    """Return whether the result is the calculation's, to the decimals that are shown."""
    worked = eval(left)  # digits, brackets and + - * / alone, as WORKED matched them
    decimals = len(right.partition(".")[2])
    scales = (1, 100) if percent else (1,)  # 20 × 1.03 / 1.08 = 19.1 %, but 42 / 100 = 42 %
    return any(abs(worked * scale - float(right)) <= 0.5 * 10**-decimals for scale in scales)


def _sentences(text: str) -> int:
    return len(re.findall(r"[.!?](?:\s|$)", text))


@pytest.mark.parametrize("rule", sorted(FAULTS["fr"] | FAULTS["both"]))
def test_french_typography(rule: str) -> None:
    pattern = (FAULTS["fr"] | FAULTS["both"])[rule]
    assert [text for text in TEXTS if text.lang == "fr" and re.search(pattern, text.words)] == []


@pytest.mark.parametrize("rule", sorted(FAULTS["en"] | FAULTS["both"]))
def test_english_typography(rule: str) -> None:
    pattern = (FAULTS["en"] | FAULTS["both"])[rule]
    written = [text for text in TEXTS if text.lang == "en" and text.field != "name"]
    # an English name is the catalogue's, to the letter
    assert [text for text in written if re.search(pattern, text.words)] == []


@pytest.mark.parametrize(
    ("lang", "rule", "faulty"),
    [
        ("fr", "; ! ? % want U+202F before them", f"5{NO_BREAK}%"),
        ("fr", "a colon wants U+00A0 before it", f"soit{NARROW}: 5"),
        ("fr", "« wants U+00A0 after it", f"« oui{NO_BREAK}»"),
        ("fr", "» wants U+00A0 before it", f"«{NO_BREAK}oui »"),
        ("fr", "a currency wants U+00A0 before it", "5 $"),
        ("fr", "thousands are parted by U+202F", f"1{NO_BREAK}000"),
        ("fr", "thousands are parted by U+202F", "12000"),
        ("fr", "decimals follow a comma", "2.5"),
        ("fr", "French quotes are « »", "“oui”"),
        ("fr", "an English word", "and so on"),
        ("en", "no space before punctuation", "so : 5"),
        ("en", "no special space", f"5{NARROW}000"),
        ("en", "decimals follow a point", "2,5"),
        ("en", "a currency stands before its amount", "5$"),
        ("en", "thousands are parted by a comma", "12 000"),
        ("en", "English quotes are “ ”", "«so»"),
        ("en", "a French word", "les ventes"),
        ("both", "a typed apostrophe", "l’an"),
        ("both", "curved quotes", 'so "so"'),
        ("both", "a minus sign is −", "2 - 1"),
        ("both", "single spaces", "two  spaces"),
        ("both", "no space before , . )", "so , so"),
    ],
)
def test_a_rule_finds_its_fault(lang: str, rule: str, faulty: str) -> None:
    assert re.search(FAULTS[lang][rule], faulty)


def test_versions_and_years_are_no_faults() -> None:
    fine = "Version 2.0.0 en 2026, cliente C000123"
    assert not re.search(FAULTS["fr"]["decimals follow a comma"], fine)
    assert not re.search(FAULTS["fr"]["thousands are parted by U+202F"], fine)


def test_prose_ends_with_a_full_stop() -> None:
    prose = {field for fields in PROSE.values() for field in fields}
    assert [text for text in TEXTS if text.field in prose and not text.words.endswith(".")] == []


def test_labels_do_not_end_with_a_full_stop() -> None:
    labels = {*LABELS, "synonyms"}
    assert [text for text in TEXTS if text.field in labels and text.words.endswith(".")] == []


def test_texts_are_short() -> None:
    long = [text for text in TEXTS if len(text.words) > LONGEST.get(text.field, LONGEST_PROSE)]
    assert [(text.entry, text.field, text.lang, len(text.words)) for text in long] == []


def test_a_definition_has_one_to_three_sentences() -> None:
    definitions = [text for text in TEXTS if text.field == "definition"]
    assert [
        t for t in definitions if not 1 <= _sentences(t.words) <= SENTENCES_OF_A_DEFINITION
    ] == []


BORROWED = [("net_promoter_score", "name")]  # French marketing says it in English


def test_english_is_not_a_copy_of_the_french() -> None:
    copies = [
        (entry.id, field)
        for entry in dictionary().values()
        for field, both in _bilingual(entry)
        if normalise(both.fr) == normalise(both.en)
    ]
    assert copies == BORROWED


@pytest.mark.parametrize("entry", dictionary().values(), ids=lambda entry: entry.id)
def test_both_languages_give_the_same_numbers(entry: Entry) -> None:
    fields = dict(_bilingual(entry))
    french = {field: _numbers(both.fr, "fr") for field, both in fields.items()}
    assert french == {field: _numbers(both.en, "en") for field, both in fields.items()}


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_what_is_worked_in_a_text_is_right(lang: str) -> None:
    worked = [
        (text.entry, *calculation)
        for text in TEXTS
        if text.lang == lang
        for calculation in _calculations(text)
    ]
    assert len(worked) >= 20
    assert [case for case in worked if not _is_right(*case[1:])] == []


def test_a_wrong_calculation_is_found() -> None:
    french = Text("x", "example", "fr", f"soit 1{NARROW}764 / 4{NARROW}200 = 43{NARROW}% ici.")
    assert _calculations(french) == [("1764 / 4200", "43", True)]
    assert not _is_right(*_calculations(french)[0])


def test_the_missing_list_is_sorted() -> None:
    missing = MISSING.read_text(encoding="utf-8").splitlines()
    assert sorted(set(missing)) == missing


@pytest.mark.parametrize("concept", dictionary().concepts, ids=lambda concept: concept.id)
def test_a_concept_leads_to_other_entries(concept: Concept) -> None:
    assert len(concept.see_also) >= 2
    assert concept.id not in concept.see_also
    assert len(set(concept.see_also)) == len(concept.see_also)


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.id)
def test_a_formula_is_shown_as_mathml(kpi: Kpi) -> None:
    shown = mathml(kpi.formula)
    assert shown.startswith("<math")
    assert "\\" not in shown, "a command that the converter does not know"


@pytest.mark.parametrize(
    "kpi", [kpi for kpi in KPIS if kpi.unit in {"fraction", "ratio"}], ids=lambda kpi: kpi.id
)
def test_a_ratio_names_its_two_sides(kpi: Kpi) -> None:
    assert kpi.numerator is not None
    assert kpi.denominator is not None


@pytest.mark.parametrize("kpi", [kpi for kpi in KPIS if kpi.fact], ids=lambda kpi: kpi.id)
def test_a_simple_kpi_fits_its_fact(kpi: Kpi) -> None:
    assert kpi.fact is not None
    fact = FACTS[kpi.fact]
    assert kpi.time == fact.time
    assert set(kpi.dimensions) <= set(fact.dimensions)
    assert set(kpi.example.given) <= set(fact.columns)


def test_every_example_gives_what_was_worked_by_hand() -> None:
    assert list(map(str, dictionary().check())) == []


@pytest.mark.parametrize("path", sorted(ENTRIES.glob("*.yaml")), ids=lambda path: path.name)
def test_a_file_holds_one_domain_in_lines_that_fit_a_screen(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r"^  domain: (\w+)$", text, flags=re.MULTILINE)) == {path.stem}
    assert [line for line in text.splitlines() if len(line) > 100] == []
