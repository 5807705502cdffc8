"""A finding in the data stands beside the figures that it touches, and beside no other."""

import re

import pytest
from markupsafe import escape
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from marketing_kpi.data.model import Finding
from marketing_kpi.report import render, run
from marketing_kpi.report.doubts import doubts, mark
from marketing_kpi.report.render import Body, Cover

from .conftest import write_config

KPIS = ("net_sales", "gross_margin_rate", "net_promoter_score", "retention_rate")


def touched(*place, level="suspicious", code="zero_values"):
    found = doubts([Finding(code, level, *place, count=3, total=100)], KPIS)
    return found[0].kpis if found else ()


@pytest.mark.parametrize(
    ("place", "kpis"),
    [
        (("order_lines", "unit_cost"), ("gross_margin_rate",)),
        (("order_lines", "unit_price"), ("net_sales", "gross_margin_rate")),
        (("surveys", "score"), ("net_promoter_score",)),
        (("surveys", None), ("net_promoter_score",)),
        (("orders", "customer_id"), ("retention_rate",)),
        (("orders", "status"), ("net_sales", "gross_margin_rate", "retention_rate")),
        (("orders", "order_id"), ("net_sales", "gross_margin_rate", "retention_rate")),
        (("sales.csv", None), ("net_sales", "gross_margin_rate", "retention_rate")),
        (("orders.csv", None), ("net_sales", "gross_margin_rate", "retention_rate")),
        (("surveys.csv", None), ("net_promoter_score",)),
        (("stock.csv", None), ()),
        (("shipments", "promised_at"), ()),
        (("contacts", "region"), ()),
    ],
)
def test_a_finding_touches_the_kpis_that_read_what_it_is_in(place, kpis):
    assert touched(*place) == kpis


@pytest.mark.parametrize("level", ["info", "repaired"])
def test_what_was_repaired_puts_nothing_in_doubt(level):
    assert touched("order_lines", "unit_price", level=level) == ()


def test_what_the_mapping_asks_to_leave_out_puts_nothing_in_doubt():
    assert touched("sales.csv", None, level="dropped", code="rows_left_out") == ()


def test_the_most_serious_comes_first():
    levels = ["suspicious", "dropped", "error"]
    given = [Finding("zero_values", level, "surveys", "score", 1, 2) for level in levels]
    assert [one.finding.level for one in doubts(given, KPIS)] == levels[::-1]


def test_the_name_of_a_kpi_in_doubt_is_marked_and_no_other():
    names = "".join(
        f'<button type="button" class="mk-term" popovertarget="def-{kpi}">x</button>'
        for kpi in ("net_sales", "net_sales_growth")
    )
    marked = mark(names, ["net_sales"])
    assert marked.count("mk-doubted") == 1
    assert 'mk-doubted" popovertarget="def-net_sales" aria-describedby="doubt-net_sales"' in marked
    assert mark(names, []) == names


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_a_page_tells_what_was_found_beside_the_figure_and_at_its_end(lang):
    name = (
        '<button type="button" class="mk-term" popovertarget="def-net_promoter_score">NPS</button>'
    )
    content = Body(f"<p>{name}</p>", "T", "", kpis=("net_promoter_score", "net_sales"))
    found = Finding("zero_values", "suspicious", "surveys", "score", 3, 100)
    html = render.page(content, cover=Cover("c"), file="a.html", findings=[found], lang=lang)
    sentence = str(escape(found.text(lang)))
    assert html.count('mk-doubted"') == 1
    assert html.count(sentence) == 2  # what opens on the name, and the list
    assert 'id="doubt-net_promoter_score"' in html
    assert 'id="doubt-net_sales"' not in html
    assert html.count("data-doubts-title") == 2
    clean = render.page(content, cover=Cover("c"), file="a.html", lang=lang)
    assert "data-doubts" not in clean
    assert not re.search(r'class="mk-term mk-doubted', clean)


@pytest.mark.parametrize(
    ("place", "dimensions"),
    [
        (("contacts", "region"), ("region",)),
        (("products", "category"), ("category",)),
        (("products", None), ()),
        (("stores", "region"), ()),
    ],
)
def test_a_finding_touches_what_is_shown_by_the_dimension_that_it_is_in(place, dimensions):
    given = [Finding("several_over_time", "suspicious", *place, count=3, total=100)]
    found = doubts(given, (), dimensions=("region", "category", "channel"))
    assert [one.dimensions for one in found] == ([dimensions] if dimensions else [])


def test_a_page_tells_which_of_its_figures_rest_on_a_dimension_in_doubt():
    code = 'mix = revenue.mix(data, by="region", periods=dates)\nplots.revenue_mix(mix)'
    notebook = new_notebook(cells=[new_markdown_cell("# T"), new_code_cell(code)])
    content = render.body(notebook, lang="fr", code=True)
    assert content.dimensions == ("region",)
    found = Finding(
        "several_over_time",
        "suspicious",
        "contacts",
        "region",
        3,
        100,
        details={"known": 100, "key": "customer_id"},
    )
    html = render.page(content, cover=Cover("c"), file="a.html", findings=[found], lang="fr")
    assert "chiffres par dimension (Région du client)" in html
    assert 'mk-doubted"' not in html


def test_a_report_of_odd_data_says_so_on_its_page(lessons, tmp_path):
    config = write_config(tmp_path, lang="en")
    (tmp_path / "orders.csv").write_text(
        "order_id,customer_id,ordered_at,amount\na,x,2025-03-01,10\nb,y,2025-06-01,0\n"
        "c,z,2025-09-01,30\n",
        encoding="utf-8",
    )
    assert run([config], out=tmp_path / "out", folder=lessons) == 0
    html = (tmp_path / "out" / "boreal" / "en" / "00_overview.html").read_text(encoding="utf-8")
    assert html.count("zero in 1 row of 3") == 2
    assert 'aria-describedby="doubt-net_sales"' in html
