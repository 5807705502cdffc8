"""Numbers as people write them."""

import pytest

from marketing_kpi.learn.answers import is_percent_for_fraction, read, read_number, same


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_a_spelling_is_read_as_the_table_says(spelling, lang):
    expected = spelling["value"] if "value" in spelling else spelling[lang]
    found = read_number(spelling["text"], lang=lang, unit=spelling["unit"])
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-15))


@pytest.mark.parametrize(
    ("text", "lang", "is_ambiguous"),
    [
        ("1,234", "fr", True),
        ("1,234", "en", True),
        ("1.234", "fr", True),
        ("1.234", "en", False),
        ("0,125", "en", False),
        ("1,23", "en", False),
        ("1 234", "fr", False),
        ("1,234.5", "en", False),
    ],
)
def test_what_the_other_language_could_read_otherwise_is_told(text, lang, is_ambiguous):
    assert read(text, lang=lang).ambiguous is is_ambiguous


def test_without_a_unit_percentages_and_amounts_are_read():
    assert read_number("12,5 %", lang="fr") == 0.125
    assert read_number("5 $", lang="fr") == 5


@pytest.mark.parametrize(
    ("text", "unit", "is_percent"),
    [
        ("12,5", "fraction", True),
        ("12,59", "fraction", True),
        ("12,7", "fraction", False),
        ("0,125 %", "fraction", True),
        ("12,5 %", "fraction", False),
        ("0,125", "fraction", False),
        ("12,5", "points", True),
        ("12,5", "currency", False),
    ],
)
def test_a_percentage_given_for_a_fraction_is_known(text, unit, is_percent):
    written = read(text, lang="fr", unit=unit)
    assert is_percent_for_fraction(written, 0.125, unit=unit, tolerance=0.001) is is_percent


def test_zero_is_no_percentage_of_itself():
    written = read("0", lang="fr", unit="fraction")
    assert not is_percent_for_fraction(written, 0.0, unit="fraction", tolerance=0.001)


def test_a_tolerance_takes_its_own_bound_in():
    assert same(0.1 + 0.2, 0.3, tolerance=0)
    assert same(0.2505, 0.25, tolerance=0.0005)
    assert not same(0.2506, 0.25, tolerance=0.0005)
