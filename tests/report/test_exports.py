"""Tables for other tools: typed, and never run by a spreadsheet."""

import csv
import datetime as dt

import openpyxl
import pyarrow.parquet as pq
import pytest

from marketing_kpi.report.exports import Export, neutral, write_all
from marketing_kpi.text.locale import reader


def column(name, unit):
    return {"name": name, "label": f"<{name}>", "unit": unit, "kpi": None}


PAYLOAD = {
    "id": "t",
    "caption": "=1+1",
    "columns": [
        column("who", "text"),
        column("day", "date"),
        column("net_sales", "currency"),
        column("share", "fraction"),
        column("orders", "count"),
        column("trend", "trend"),
        column("segment", "segment"),
        column("channel", "channel"),
        column("mixed", "number"),
    ],
    "rows": [
        ["=cmd()", "2025-03-01", 1234.5, 0.125, 3, [1.0, None, 2.0], "champions", "store", 1.5],
        ["a\x01\nb", *[None] * 7, "about 2"],
    ],
}


@pytest.fixture
def written(tmp_path):
    write_all([Export("00_t", PAYLOAD, "Overview")], tmp_path, reader=reader("fr"))
    return tmp_path


def test_a_workbook_has_typed_cells_and_a_frozen_header(written):
    sheet = openpyxl.load_workbook(written / "tables.xlsx")["00_t"]
    who, day, sales, share, orders, segment, channel, mixed = sheet[4]
    assert (who.value, who.data_type, who.quotePrefix) == ("=cmd()", "s", True)
    assert (sheet["A1"].value, sheet["A1"].data_type) == ("=1+1", "s")
    assert (day.value, day.number_format) == (dt.datetime(2025, 3, 1), "yyyy-mm-dd")
    assert (sales.value, sales.number_format) == (1234.5, '#,##0.00 "CAD"')
    assert (share.value, share.number_format) == (0.125, "0.0%")
    assert (orders.value, orders.data_type) == (3, "n")
    assert (segment.value, channel.value, mixed.value) == ("Champions", "Magasin", 1.5)
    assert sheet.freeze_panes == "B4"
    assert sheet["A5"].value == "a\nb"
    assert sheet["C5"].value is None


def test_a_csv_reads_back_and_runs_nothing(written):
    with (written / "tables" / "00_t.csv").open(encoding="utf-8-sig", newline="") as file:
        head, first, second = csv.reader(file)
    assert head == ["who", "day", "net_sales", "share", "orders", "segment", "channel", "mixed"]
    assert first[:5] == ["'=cmd()", "2025-03-01", "1234.5", "0.125", "3"]
    assert second[1:] == [*[""] * 6, "about 2"]


def test_parquet_keeps_types(written):
    table = pq.read_table(written / "tables" / "00_t.parquet")
    assert {
        name: str(kind) for name, kind in zip(table.schema.names, table.schema.types, strict=True)
    } == {
        "who": "string",
        "day": "date32[day]",
        "net_sales": "double",
        "share": "double",
        "orders": "int64",
        "trend": "list<element: double>",
        "segment": "string",
        "channel": "string",
        "mixed": "string",
    }
    assert table.column("who")[0].as_py() == "=cmd()"


def test_counts_are_whole_numbers_and_a_scorecard_says_its_units(tmp_path):
    payload = {
        "id": "s",
        "caption": "Scorecard",
        "columns": [column("kpi", "text"), column("unit", "text"), column("value", "number")],
        "rows": [["orders", "count", 12.0], ["net_sales", "currency", 12.0]],
        "row_units": ["count", "currency"],
    }
    write_all([Export("s", payload, "Overview")], tmp_path, reader=reader("en"))
    assert (tmp_path / "tables" / "s.csv").read_text("utf-8-sig") == (
        "kpi,unit,value\norders,count,12\nnet_sales,currency,12.0\n"
    )


def test_rows_without_a_kpi_keep_their_label(tmp_path):
    payload = {
        "id": "s",
        "caption": "Parts",
        "columns": [column("part", "text"), column("value", "number")],
        "rows": [["Basket", 12.0], ["orders", 3.0]],
        "row_kpis": [None, "orders"],
    }
    write_all([Export("s", payload, "Value")], tmp_path, reader=reader("en"))
    sheet = openpyxl.load_workbook(tmp_path / "tables.xlsx")["s"]
    assert [sheet["A4"].value, sheet["A5"].value] == ["Basket", "Orders"]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "  =1", "\n=1"])
def test_formulas_are_neutralised(text):
    assert neutral(text) == "'" + text


def test_sheet_names_are_unique_and_short(tmp_path):
    exports = [Export(name, PAYLOAD, "A") for name in ("x" * 40, "X" * 40 + "y")]
    write_all(exports, tmp_path, reader=reader("en"))
    names = openpyxl.load_workbook(tmp_path / "tables.xlsx").sheetnames
    assert len(names) == len({name.lower() for name in names}) == 2
    assert max(map(len, names)) <= 31


def test_a_report_without_tables_writes_none(tmp_path):
    write_all([], tmp_path, reader=reader("en"))
    assert list(tmp_path.iterdir()) == []
