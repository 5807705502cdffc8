"""Tables: accessible, formatted, typed, and never markup from data."""

import datetime as dt
import json
from decimal import Decimal
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from marketing_kpi.errors import ColumnError, ConfigError
from marketing_kpi.plots import table
from marketing_kpi.plots.tables import JSON_TYPE, UNITS, sparkline

HOSTILE = [
    "<script>alert(1)</script>",
    "{{ 7 * 7 }} {% raw %}",
    '"><img src=x onerror=alert(1)>',
    "\u202eevil\u202c",
    "a\nb\tc\x00d",
    "=1+1",
    "../../etc",
    "$x^2$",
    "é" * 10_000,
]


class Markup(HTMLParser):
    """Collects the elements and the text of a page."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.words, self.stack = [], [], []
        self.feed(html)
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    def all(self, name):
        return [attrs for tag, attrs in self.tags if tag == name]


def make(frame, **changes):
    return table(frame, **{"lang": "fr", "id": "t", "caption": "Titre", **changes})


@pytest.fixture
def mixed():
    return pd.DataFrame(
        {
            "segment": ["loyal", "lost"],
            "customers": [1234, 5],
            "net_sales": [98765.4, None],
            "net_sales_share": [0.987, 0.013],
            "first_order": pd.to_datetime(["2025-01-01", None]),
        }
    )


def test_html_has_a_caption_and_scopes(mixed):
    page = Markup(make(mixed).to_html())
    assert [attrs["scope"] for attrs in page.all("th")] == ["col"] * 5 + ["row"] * 2
    assert len(page.all("caption")) == 1
    assert page.all("div")[0]["tabindex"] == "0"
    assert page.all("div")[0]["aria-labelledby"] == page.all("caption")[0]["id"]


def test_values_are_in_the_readers_locale(mixed):
    text = make(mixed).to_text()
    assert "1 234" in text.replace("\u202f", " ").replace("\xa0", " ")
    assert "98,7" in text
    assert "Fidèles" in text
    assert "1er janvier 2025" in text
    assert text.splitlines()[-1].split()[2] == "–"
    assert "$98,765.40" in make(mixed, lang="en").to_text()


def test_numbers_are_marked_for_the_right(mixed):
    page = Markup(make(mixed).to_html())
    classes = [attrs.get("class") for attrs in page.all("th")[:5]]
    assert classes == [None, "mk-number", "mk-number", "mk-number", None]


def test_the_first_column_names_the_rows_even_if_it_holds_numbers():
    frame = pd.DataFrame({"lift": [0.05, 0.1], "share": [0.2, 0.3]})
    units = {"lift": "change", "share": "fraction"}
    shown = table(frame, lang="en", id="t", caption="T", units=units)
    classes = [attrs.get("class") for attrs in Markup(shown.to_html()).all("th")[:2]]
    assert classes == [None, "mk-number"]


def test_an_interval_breaks_before_its_bracket_only():
    frame = pd.DataFrame({"name": ["a"], "lift": ["+3.5 pts (−1 pt to <8 pts)"]})
    page = table(frame, lang="en", id="t", caption="T", units={"lift": "interval"}).to_html()
    whole = '<span class="mk-whole">'
    shown = f"{whole}+3.5 pts</span> {whole}(−1 pt to &lt;8 pts)</span>"
    assert f'<td class="mk-number mk-parts">{shown}</td>' in page


@pytest.mark.parametrize("name", HOSTILE)
def test_names_from_data_are_text(name):
    frame = pd.DataFrame({name: [name], "segment": [name], "value": [1.0]})
    shown = make(frame, caption=name)
    page = Markup(shown.to_html())
    allowed = {"div", "table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert {tag for tag, _ in page.tags} <= allowed
    for attributes in (attrs for _, attrs in page.tags):
        assert not any(key.startswith("on") for key in attributes)
    assert not set("\u202e\u202c\x00") & set("".join(page.words))
    assert max(map(len, page.words)) <= max(len(name), 200)
    assert len(shown.to_text().splitlines()) == len(shown.caption.splitlines()) + 2
    json.dumps(shown.payload(), allow_nan=False)


def test_the_payload_keeps_the_values():
    frame = pd.DataFrame(
        {
            "customer_id": ["A", "B"],
            "amount": [Decimal("1.25"), None],
            "value": [np.float64(0.5), float("nan")],
            "last_order": [dt.date(2025, 1, 2), pd.NaT],
            "trend": [[1.0, float("nan")], None],
            "r": pd.array([1, None], dtype="Int64"),
        }
    )
    payload = make(frame, kpis={"value": "net_sales"}).payload()
    assert payload["rows"] == [
        ["A", 1.25, 0.5, "2025-01-02", [1.0, None], 1],
        ["B", None, None, None, None, None],
    ]
    assert payload["columns"][2] == {
        "name": "value",
        "label": "Valeur",
        "unit": "number",
        "kpi": "net_sales",
    }
    json.dumps(payload, allow_nan=False)


def test_the_bundle_has_three_forms(mixed):
    assert set(make(mixed)._repr_mimebundle_()) == {"text/plain", "text/html", JSON_TYPE}


def test_amounts_may_be_shown_without_cents_and_keep_their_value():
    frame = pd.DataFrame({"name": ["A"], "amount": [1234.56], "cost": [7.25]})
    shown = table(
        frame, lang="en", id="t", caption="T", units={"cost": "currency"}, whole=["amount"]
    )
    assert "$1,235 " in shown.to_text()
    assert "$7.25" in shown.to_text()
    assert shown.payload()["rows"] == [["A", 1234.56, 7.25]]
    with pytest.raises(ColumnError):
        table(frame, lang="en", id="t", caption="T", whole=["price"])


def test_a_long_table_says_what_it_leaves_out():
    frame = pd.DataFrame({"customer_id": [str(n) for n in range(120)], "r": range(120)})
    shown = make(frame)
    assert shown.to_html().count("<tr>") == 51
    assert "50 lignes sur 120 sont affichées." in shown.to_html()
    assert shown.to_text().endswith("50 lignes sur 120 sont affichées.")
    assert len(shown.payload()["rows"]) == shown.payload()["total_rows"] == 120


def test_an_empty_table_says_so():
    shown = make(pd.DataFrame({"segment": [], "customers": []}))
    assert "Aucune ligne." in shown.to_html()


def test_kpis_are_marked_in_columns_and_rows():
    frame = pd.DataFrame({"kpi": ["orders", "x"], "value": [1.0, 2.0]})
    page = Markup(make(frame, kpis={"orders": "orders", "value": "net_sales"}).to_html())
    assert [attrs["data-mk-kpi"] for attrs in page.all("span")] == ["net_sales", "orders"]


def test_rows_may_have_their_own_unit():
    frame = pd.DataFrame({"kpi": ["a", "b"], "value": [0.5, 2.0], "change": [0.1, 0.1]})
    text = make(frame, lang="en", row_units=["fraction", "count"]).to_text()
    assert "50.0%  +10.0 pts" in text.replace("\xa0", " ")
    assert text.endswith("2     +10.0%")


def test_a_trend_is_read_with_the_decimals_of_its_row():
    frame = pd.DataFrame({"kpi": ["chargeback_rate"], "trend": [[0.0004, 0.0009]]})
    told = table(
        frame, lang="en", id="t", caption="C", columns=["kpi", "trend"],
        names={"kpi": "KPI", "trend": "Trend"}, units={"kpi": "text", "trend": "trend"},
        row_units=["fraction"], row_decimals=[2],
    )  # fmt: skip
    assert "from 0.04% to 0.09%" in told.to_html()


@pytest.mark.parametrize("unit", sorted(UNITS - {"trend"}))
def test_every_unit_shows_null_as_a_dash(unit):
    frame = pd.DataFrame({"segment": ["loyal"], "x": [None]})
    assert make(frame, units={"x": unit}).to_text().splitlines()[-1].endswith("–")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"id": "a b"}, ConfigError, "id 'a b'"),
        ({"id": '"><b>'}, ConfigError, "small letters"),
        ({"units": {"customers": "euros"}}, ConfigError, "unit 'euros' not found"),
        ({"columns": ["custmers"]}, ColumnError, "did you mean 'customers'"),
        ({"names": {"other": "x"}}, ColumnError, "'other' not found"),
    ],
)
def test_what_does_not_fit_is_refused(mixed, changes, error, message):
    with pytest.raises(error, match=message):
        make(mixed, **changes)


def test_a_sparkline_breaks_where_a_month_is_missing():
    svg = sparkline([1.0, 2.0, None, 3.0, 1.0], label="<x>")
    assert svg.count("M") == 2
    assert 'aria-label="&lt;x&gt;"' in svg


def test_channels_are_named_in_the_readers_language():
    frame = pd.DataFrame({"channel": ["store", "web", "kiosk"], "value": [1.0, 2.0, 3.0]})
    text = make(frame).to_text()
    assert "Magasin" in text
    assert "kiosk" in text
