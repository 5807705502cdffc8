"""The dictionary as a file for people and for other tools, and the command that writes it."""

import datetime as dt
import json

import openpyxl
import pytest
import yaml
from click.testing import CliRunner

from marketing_kpi import governance
from marketing_kpi.cli import main
from marketing_kpi.kpis.dictionary import dictionary
from marketing_kpi.kpis.export import records
from marketing_kpi.report.dictionary import dictionary_page, export


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "kpi.xlsx"
    export(path, format="xlsx", lang="fr")
    return openpyxl.load_workbook(path)


def rows_of(sheet):
    head, *rows = sheet.iter_rows(min_row=3, values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_the_workbook_has_a_row_a_kpi_a_source_a_version_a_term(book):
    known = dictionary()
    assert book.sheetnames == ["KPI", "Sources", "Versions", "Termes"]
    kpis, sources, history, concepts = (rows_of(sheet) for sheet in book)
    assert [row["Identifiant"] for row in kpis] == [kpi.id for kpi in known.kpis]
    assert len(sources) == sum(len(kpi.sources) for kpi in known.kpis)
    assert len(history) == sum(len(kpi.history) for kpi in known.kpis)
    assert [row["Identifiant"] for row in concepts] == [entry.id for entry in known.concepts]


def test_its_cells_are_typed_and_its_headers_stay_in_sight(book):
    for sheet in book:
        assert sheet.freeze_panes == "B4"
        assert (
            sheet.auto_filter.ref == f"A3:{sheet.cell(sheet.max_row, sheet.max_column).coordinate}"
        )
    first = rows_of(book["KPI"])[0]
    assert isinstance(first["Modifié le"], dt.datetime)
    assert isinstance(first["Source la plus lente (jours)"], int | float)
    latency = [row["Délai (jours)"] for row in rows_of(book["Sources"])]
    assert latency == pytest.approx(governance.sources()["latency_days"].tolist())


def test_a_change_of_version_is_no_variation(book):
    assert all(row["Changement"] for row in rows_of(book["Versions"]))


def test_nothing_in_it_is_a_formula(book):
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert kinds <= {"s", "n", "d"}


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_page_has_every_entry_and_asks_for_nothing(lang):
    html = dictionary_page(dictionary(), lang=lang)
    assert f'<html lang="{lang}">' in html
    for entry in dictionary().values():
        assert f'id="kpi-{entry.id}"' in html
    assert "data-mk-filter" in html
    assert 'src="http' not in html
    assert 'href="http' not in html


def test_the_page_says_what_leaves_and_for_what():
    new = governance.revised(
        dictionary(), "buyers", on="2026-01-01", status="deprecated", replaced_by="orders",
        retires_on="2026-04-01",
    )  # fmt: skip
    html = dictionary_page(new, lang="en")
    assert "April 1, 2026, replaced by Orders" in html
    assert "replaced by" not in dictionary_page(dictionary(), lang="en")


def test_names_are_text_and_never_markup():
    entry = dictionary()["orders"]
    name = entry.name.model_copy(update={"en": "<b>Orders</b> & <script>alert(1)</script>"})
    html = dictionary_page(
        dictionary().replaced(entry.model_copy(update={"name": name})), lang="en"
    )
    assert "<script>alert(1)</script>" not in html
    assert "&lt;b&gt;Orders" in html


def test_json_is_written_with_its_schema_beside(tmp_path):
    written = export(tmp_path / "deep" / "kpi.json", format="json", lang="fr")
    assert [path.name for path in written] == ["kpi.json", records.SCHEMA_NAME]
    document = json.loads(written[0].read_text(encoding="utf-8"))
    assert (written[0].parent / document["$schema"]).is_file()


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_command_writes_the_layer_in_a_language(tmp_path, lang):
    out = tmp_path / "metrics.yml"
    arguments = ["dictionary", "export", "--format", "dbt", "--out", str(out), "--lang", lang]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert str(out) in result.output
    metrics = {m["name"]: m for m in yaml.safe_load(out.read_text(encoding="utf-8"))["metrics"]}
    assert metrics["net_sales"]["label"] == dictionary()["net_sales"].name[lang]


def test_a_format_that_does_not_exist_is_refused(tmp_path):
    out = str(tmp_path / "x")
    result = CliRunner().invoke(main, ["dictionary", "export", "--format", "pdf", "--out", out])
    assert result.exit_code == 2
    assert "html" in result.output


@pytest.mark.parametrize("format", ["html", "xlsx", "json", "dbt"])
def test_twice_gives_the_same_bytes(tmp_path, format):
    one, two = (export(tmp_path / name, format=format, lang="fr")[0] for name in ("a", "b"))
    assert one.read_bytes() == two.read_bytes()
