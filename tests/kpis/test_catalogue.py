"""The dictionary against the catalogue of every term and KPI that the product must know."""

import csv
from pathlib import Path

import pytest

from marketing_kpi.kpis.dictionary import dictionary
from marketing_kpi.text.messages import translator

HERE = Path(__file__).parent
with (HERE / "catalogue.csv").open(encoding="utf-8", newline="") as lines:
    CATALOGUE = {row["id"]: row for row in csv.DictReader(lines)}
# What is not written yet. An entry that is written leaves this list: it only ever shrinks.
MISSING = (HERE / "missing.txt").read_text(encoding="utf-8").split()


def test_every_term_of_the_catalogue_is_written_or_listed_as_missing():
    assert len(MISSING) == len(set(MISSING))
    assert not {*MISSING} & {*dictionary()}
    assert {*MISSING} | {*dictionary()} == {*CATALOGUE}


def test_all_concepts_are_written():
    concepts = {row["id"] for row in CATALOGUE.values() if row["kind"] == "concept"}
    assert len(concepts) == 44
    assert {entry.id for entry in dictionary().concepts} == concepts


@pytest.mark.parametrize("id", sorted(CATALOGUE.keys() - {*MISSING}))
def test_an_entry_says_what_the_catalogue_says(id):
    entry, row = dictionary()[id], CATALOGUE[id]
    said = {
        "kind": entry.kind,
        "domain": entry.domain,
        "name_fr": plain(entry.name["fr"]),
        "name_en": plain(entry.name["en"]),
        "unit": getattr(entry, "unit", ""),
        "notebook": entry.lesson,
    }
    assert said == {
        name: plain(row[name]) if name.startswith("name") else row[name] for name in said
    }


def test_the_short_name_of_net_sales_is_stated_where_it_is_defined():
    entry = dictionary()["net_sales"]
    short = translator("fr")("Net sales").casefold()
    assert short in entry.synonyms["fr"]
    assert short in entry.definition["fr"].casefold()


def plain(text):
    """Leave out what typography decides: spaces, apostrophes, dashes, "20 %" or "20%"."""
    return text.translate({0xA0: " ", 0x202F: " ", 0x2019: "'", 0x2013: "-"}).replace(" %", "%")
