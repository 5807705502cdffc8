"""What a report says of the one before it."""

import datetime as dt
import json
import re

import pytest

from marketing_kpi.report import run
from marketing_kpi.report.since import Figure, Found, Told, changes, last

from .conftest import OPEN, code, write_config, write_lesson

ORDERS = "order_id,customer_id,ordered_at,amount\n"
ROWS = "1,A,2024-05-01,100\n2,A,2025-03-01,100\n3,B,2025-04-01,100\n4,B,2025-12-20,100\n"
SCORECARD = """\
from marketing_kpi import overview
dates = mk.periods(as_of=as_of, period=period, compare=compare)
plots.scorecard(overview.scorecard(data, periods=dates, kpis=["net_sales", "orders"]), lang=reader)
"""


def told(*values, at="2026-01-01T00:00:00+00:00", year=2025, found=(), version="1.0.0", pages=()):
    return Told(
        made_at=at,
        start=dt.date(year, 1, 1),
        end=dt.date(year + 1, 1, 1),
        last_order=None,
        figures=[
            Figure(kpi=kpi, unit="currency", value=value)
            for kpi, value in zip(("net_sales", "orders"), values, strict=False)
        ],
        findings=[Found(code=text, table="orders", column=None, text=text) for text in found],
        kpis={"net_sales": version},
        pages=dict.fromkeys(pages, "T"),
    )


def test_a_first_report_has_nothing_to_compare_with():
    assert last(told(1.0), None, None) == (told(1.0), None)
    assert changes(told(1.0), None) is None


def test_made_again_of_the_same_things_it_compares_with_the_same_report():
    first, second = told(1.0), told(2.0, at="2026-02-01T00:00:00+00:00")
    assert last(second, first, None) == (second, first)
    again = told(2.0, at="2026-03-01T00:00:00+00:00")
    assert last(again, second, first) == (second, first)
    assert last(told(3.0), second, first) == (told(3.0), second)


def test_only_figures_that_differ_are_told():
    found = changes(told(2.0, 5.0), told(1.0, 5.0 + 1e-12))
    assert [(one.kpi, one.before, one.now) for one in found.figures] == [("net_sales", 1.0, 2.0)]
    assert found.is_same_period
    assert not changes(told(2.0, year=2026), told(1.0)).is_same_period


def test_a_figure_that_comes_or_goes_is_told():
    assert [one.now for one in changes(told(None), told(1.0)).figures] == [None]
    assert [one.now for one in changes(told(1.0), told(None)).figures] == [1.0]
    assert changes(told(None), told(None)).figures == ()


def test_what_was_found_and_what_was_not_any_more():
    found = changes(told(found=["b", "c"]), told(found=["a", "b"]))
    assert [one.text for one in found.come] == ["c"]
    assert [one.text for one in found.gone] == ["a"]


def test_definitions_and_pages():
    found = changes(told(version="2.0.0", pages=["00", "02"]), told(pages=["00", "01"]))
    assert found.redefined == ("net_sales",)
    assert (found.new_pages, found.old_pages) == (("T",), ("T",))
    assert changes(told(), told()).redefined == ()


@pytest.fixture(scope="module")
def scorecards(tmp_path_factory):
    """A lesson that shows two figures, in both languages."""
    folder = tmp_path_factory.mktemp("scorecards")
    for lang in ("fr", "en"):
        write_lesson(
            folder, "00_overview.ipynb", lang, code(OPEN, "open"), code(SCORECARD, "scorecard")
        )
    return folder


@pytest.fixture
def report(tmp_path, scorecards):
    """Make a report of orders with settings of the client's file; return its first page."""

    def make(rows, *, lang="en", **keys):
        config = write_config(tmp_path, lang=lang, **keys)
        (tmp_path / "orders.csv").write_text(ORDERS + rows, encoding="utf-8")
        assert run([config], out=tmp_path / "out", folder=scorecards) == 0
        return (tmp_path / "out" / "boreal" / lang / "index.html").read_text(encoding="utf-8")

    return make


def cells(html):
    return re.findall(r'<td class="mk-number">(.*?)</td>', html)


def test_a_report_tells_what_was_corrected_and_again_when_it_is_made_again(report):
    assert "Since the last report" not in report(ROWS)
    assert "Since the last report" not in report(ROWS)
    corrected = report(ROWS + "5,C,2025-05-01,60\n")
    assert "was about the same days" in corrected
    assert cells(corrected) == ["$300.00", "$360.00", "+20.0%", "3", "4", "+33.3%"]
    assert report(ROWS + "5,C,2025-05-01,60\n") == corrected
    odd = report(ROWS + "5,C,2025-05-01,60\n6,C,2025-05-02,0\n")
    assert re.search(
        r"New in the check of the data:</p>\s*<ul>\s*<li><bdi>orders.amount: zero", odd
    )
    assert cells(odd) == ["4", "5", "+25.0%"]
    mended = report(ROWS + "5,C,2025-05-01,60\n")
    assert "No longer found in the data:" in mended


def test_a_report_of_another_period_says_which_the_last_was_of(report):
    report(ROWS, lang="fr")
    later = report(ROWS + "5,C,2026-03-01,60\n", lang="fr", as_of='"2026-04-01"')
    assert "portait sur une autre période\u00a0: du 1er janvier 2025 au 31 décembre 2025" in later


def test_a_manifest_of_another_form_is_no_last_report(report, tmp_path):
    report(ROWS)
    path = tmp_path / "out" / "boreal" / "en" / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["told"]
    path.write_text(json.dumps(content), encoding="utf-8")
    assert "Since the last report" not in report(ROWS + "5,C,2025-05-01,60\n")
