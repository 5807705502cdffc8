"""Numbers as French and English readers write them; expected values follow CLDR and OQLF."""

import datetime as dt
from decimal import Decimal

import pandas as pd
import pytest

from marketing_kpi.errors import ConfigError
from marketing_kpi.text.locale import Reader, is_absent, reader

NBSP, THIN, MINUS = "\u00a0", "\u202f", "\u2212"

FR_CA = reader("fr", currency="CAD")
FR_FR = reader("fr", currency="EUR")
EN_US = reader("en", currency="USD")
EN_GB = reader("en", currency="GBP")


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (FR_FR.money(1234.56), f"1{THIN}234,56{NBSP}€"),
        (FR_CA.money(1234.56), f"1{NBSP}234,56{NBSP}$"),
        (EN_US.money(1234.56), "$1,234.56"),
        (EN_GB.money(-0.5), f"{MINUS}£0.50"),
        (FR_FR.money(-1234.5, 0), f"{MINUS}1{THIN}235{NBSP}€"),
        (FR_FR.percent(0.12345), f"12,3{NBSP}%"),
        (EN_US.percent(0.12345, 2), "12.35%"),
        (EN_US.percent(-0.00001), "0.0%"),
        (FR_FR.points(0.021), f"+2,1{NBSP}pts"),
        (FR_FR.points(-0.004), f"{MINUS}0,4{NBSP}pt"),
        (FR_FR.points(0.0194), f"+1,9{NBSP}pt"),
        (FR_FR.points(0.02), f"+2,0{NBSP}pts"),
        (reader("fr", currency="CHF").money(1234.5), f"1{THIN}234,50{NBSP}CHF"),
        (reader("fr", currency="CHF").percent(0.5), "50,0%"),
        (EN_US.change(0.05), "+5.0%"),
        (EN_US.change(-0.05), f"{MINUS}5.0%"),
        (EN_US.change(0.0), "0.0%"),
        (EN_US.money(2_850_000, 3, compact=True), "$2.85M"),
        (FR_CA.money(2_700_000, 3, compact=True), f"2,7{NBSP}M$"),
        (FR_FR.money(-1250, 1, compact=True), f"{MINUS}1,2{NBSP}k{NBSP}€"),
        (EN_US.money(0.1 + 0.2, 3, compact=True), "$0.3"),
        (EN_US.money(-1e-12, 3, compact=True), "$0"),
        (EN_US.signed_money(1200), "+$1,200"),
        (EN_US.signed_money(-1200), f"{MINUS}$1,200"),
        (EN_US.signed_money(0), "$0"),
        (EN_US.signed_money(0.4), "$0"),
        (EN_US.signed_money(-0.4), "$0"),
        (EN_US.signed_money(0.5), "+$1"),
        (EN_US.signed_money(Decimal("0.005"), decimals=2), "+$0.01"),
        (EN_US.signed_money(0.004, decimals=2), "$0.00"),
        (EN_US.signed_money(None), "–"),
        (EN_GB.signed_money(-0.5), f"{MINUS}£1"),
        (FR_FR.signed_money(1234.56), f"+1{THIN}235{NBSP}€"),
        (FR_FR.signed_money(-1234.56, decimals=2), f"{MINUS}1{THIN}234,56{NBSP}€"),
        (FR_CA.signed_money(1200), f"+1{NBSP}200{NBSP}$"),
        (FR_CA.signed_money(-0.4), f"0{NBSP}$"),
        (FR_CA.signed_money(float("nan")), "–"),
        (EN_US.integer(Decimal("12345")), "12,345"),
        (EN_US.number(2.5, 0), "3"),
        (EN_US.number(1.005, 2), "1.01"),
        (FR_FR.date("2026-01-01"), "1er janvier 2026"),
        (FR_FR.date(dt.date(2026, 1, 11)), "11 janvier 2026"),
        (EN_GB.date(pd.Timestamp("2026-01-01 13:00")), "1 January 2026"),
        (FR_FR.month(dt.date(2026, 8, 1)), "août 2026"),
        (FR_FR.days(1), "1 jour"),
        (FR_FR.days(2), "2 jours"),
        (EN_US.days(0), "0 days"),
        (FR_FR.hours(1.5), "1,5 heure"),
        (EN_US.months(30.0), "30 months"),
        (EN_US.months(30.46), "30.5 months"),
    ],
)
def test_a_value_is_written_as_its_reader_writes_it(shown, expected):
    assert shown == expected


@pytest.mark.parametrize("absent", [None, float("nan"), float("inf"), pd.NaT, pd.NA])
def test_what_is_absent_is_a_dash_whatever_its_unit(absent):
    for unit in ("fraction", "points", "count", "currency", "ratio", "days", "months", "index"):
        assert EN_US.unit(absent, unit) == "–"


def test_a_range_ends_on_the_eve_of_its_exclusive_end():
    assert FR_FR.date_range("2025-01-01", "2026-01-01") == "du 1er janvier 2025 au 31 décembre 2025"


def test_absent_values_are_recognised():
    assert all(is_absent(value) for value in (None, float("nan"), float("inf"), pd.NaT))
    assert not any(is_absent(value) for value in (0, 0.0, "", False))


def test_a_reader_passes_where_a_language_is_expected():
    assert Reader.of(FR_CA) is FR_CA
    assert Reader.of("en").lang == "en"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lang": "de"}, "language 'de'"),
        ({"lang": "fr", "locale": "xx_YY"}, "locale 'xx_YY'"),
        ({"lang": "fr", "locale": "en_US"}, "not of language 'fr'"),
        ({"lang": "fr", "currency": "XQQ"}, "currency 'XQQ'"),
    ],
)
def test_what_no_reader_has_is_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        reader(**arguments)


def test_an_unknown_unit_is_refused():
    with pytest.raises(ConfigError, match="unit 'furlong'"):
        EN_US.unit(1, "furlong")
