"""The sheet of formulas holds every KPI in use."""

from __future__ import annotations

import pytest
from markupsafe import escape

from marketing_kpi.kpis.dictionary import dictionary
from marketing_kpi.learn.sheet import sheet

KPIS = list(dictionary().kpis)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_formula_is_there_under_its_name(lang):
    page = sheet(lang)
    assert page.count("<math") == len(KPIS)
    assert all(f"<dt>{escape(kpi.name[lang])}</dt>" in page for kpi in KPIS)


def test_a_formula_says_what_its_letters_mean():
    fraction, product = (sheet("fr", entries=[dictionary()[id]]) for id in ("roi", "simple_cltv"))
    assert "<p>Dénominateur\u00a0: coût de l&#39;action (C)</p>" in fraction
    assert "panier moyen (p) × fréquence" in product


@pytest.mark.parametrize(("lang", "between"), [("fr", "\u202f; "), ("en", "; ")])
def test_the_two_parts_of_a_fraction_are_apart_as_the_language_has_it(lang, between):
    page = sheet(lang, entries=[dictionary()["roi"]])
    assert f"{between}</p><p>" in page
    assert " ;" not in page.partition("<main>")[2]


def test_concepts_and_what_is_out_of_use_are_left_out():
    old = dictionary()["roi"].model_copy(update={"status": "deprecated"})
    page = sheet("en", entries=[old, dictionary()["crm"]])
    assert "<math" not in page
    assert "<dt>" not in page


def test_links_are_for_the_screen_only():
    html = sheet("en", links=[("index.html", "Home & more")])
    assert '<a href="index.html">Home &amp; more</a>' in html
    assert "nav { display: none; }" in html
    assert "<nav" not in sheet("en")
