"""Every way in which an extract may be wrong: its own error, or repaired and counted."""

from __future__ import annotations

import datetime as dt
import gzip
import zipfile
from decimal import Decimal
from pathlib import Path

import duckdb
import ibis
import pandas as pd
import pyarrow.parquet as pq
import pytest

from marketing_kpi.data.demo import simulate
from marketing_kpi.data.quality import check
from marketing_kpi.data.sources import open_data
from marketing_kpi.errors import ColumnError, MappingError, SourceError

GOOD = "order_id,customer_id,ordered_at,amount\nA1,C1,2025-01-02,10.5\nA2,C2,2025-01-03,20\n"


def _written(folder: Path, content: str | bytes, name: str = "orders.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def _rows(data, *columns: str, table: str = "orders") -> list[tuple]:
    expression = data.table(table)
    ordered = expression.order_by(expression.columns[0]).select(*columns)
    return [tuple(row.values()) for row in ordered.to_pyarrow().to_pylist()]


def _found(data, code: str):
    [finding] = [finding for finding in data.findings if finding.code == code]
    assert finding.text("en")
    assert finding.text("fr") != finding.text("en")
    return finding


# --- columns


def test_a_missing_column_is_named_with_the_columns_found(tmp_path):
    path = _written(tmp_path, "order_id,amount\nA1,10\n")
    with pytest.raises(ColumnError, match=r"orders\.csv: column 'ordered_at' not found") as caught:
        open_data(path)
    assert "order_id, amount" in caught.value.hint


def test_a_misspelt_required_column_is_suggested(tmp_path):
    path = _written(tmp_path, "order_id,orderd_at,amount\nA1,2025-01-02,10\n")
    with pytest.raises(ColumnError, match="did you write it 'orderd_at'"):
        open_data(path)


def test_a_misspelt_optional_column_is_suspicious_and_kept(tmp_path):
    data = open_data(_written(tmp_path, "order_id,ordered_at,amout\nA1,2025-01-02,10\n"))
    finding = _found(data, "misspelt_column")
    assert (finding.level, finding.column) == ("suspicious", "amout")
    assert finding.details["meant"] == "amount"
    assert "amout" in data.orders.columns


def test_spelling_of_case_and_spaces_is_forgiven(tmp_path):
    data = open_data(_written(tmp_path, "Order ID, Ordered At ,AMOUNT\nA1,2025-01-02,10\n"))
    assert data.orders.columns == ("order_id", "ordered_at", "amount")


def test_two_columns_that_could_be_the_same_are_refused(tmp_path):
    path = _written(tmp_path, "Order ID,order-id,ordered_at\nA1,A1,2025-01-02\n")
    with pytest.raises(ColumnError, match="could both be the column 'order_id'"):
        open_data(path)


def test_the_exact_name_wins_over_a_similar_one(tmp_path):
    data = open_data(
        _written(tmp_path, "Order ID,order_id_,ordered_at,order_id\nX,Y,2025-01-02,A1\n")
    )
    assert _rows(data, "order_id") == [("A1",)]


def test_a_header_that_names_a_column_twice_is_refused(tmp_path):
    path = _written(tmp_path, "order_id,ordered_at,amount,Amount\nA1,2025-01-02,10,11\n")
    with pytest.raises(ColumnError, match="column 'amount' more than once"):
        open_data(path)
    columns = {"order_id": "order_id", "ordered_at": "ordered_at", "amount": "Amount"}
    with pytest.raises(ColumnError, match="column 'Amount' more than once"):
        open_data(path, mapping={"kind": "orders", "columns": columns})


def test_a_name_written_twice_that_nothing_needs_is_kept_and_said(tmp_path):
    content = "order_id,ordered_at,note,Note,note_2\nA1,2025-01-02,a,b,c\n"
    data = open_data(_written(tmp_path, content))
    assert _rows(data, "note", "Note_3", "note_2") == [("a", "b", "c")]
    assert _found(data, "renamed_column").details == {"renamed": "Note_3"}
    frame = pd.DataFrame([["A1", "2025-01-02", 1, 2]])
    frame.columns = ["order_id", "ordered_at", "x", "x"]
    assert open_data({"orders": frame}).orders.columns[-2:] == ("x", "x_2")


def test_a_column_called_as_the_engine_calls_positions(tmp_path):
    content = "rowid,order_id,ordered_at,product_id,quantity,unit_price\n"
    content += "7,A1,2025-01-02,P1,1,2\n8,A1,2025-01-02,P2,ten,2\n"
    data = open_data(_written(tmp_path, content, "sales.csv"))
    assert _rows(data, "rowid_", table="order_lines") == [("7",)]
    assert _found(data, "unreadable_values").examples == ({"value": "ten"},)


# --- where the header is


def test_a_header_of_several_lines_loses_no_row(tmp_path):
    header = 'order_id,ordered_at,"amount\n(HT)"\n'
    rows = "A1,2025-01-02,1\nA2,2025-01-02,2\n"
    columns = {"order_id": "order_id", "ordered_at": "ordered_at", "amount": "amount\n(HT)"}
    rules = {"kind": "orders", "columns": columns}
    data = open_data(_written(tmp_path, header + rows), mapping=rules)
    assert _rows(data, "amount") == [(Decimal(1),), (Decimal(2),)]
    for title in ('"Sales of\nJanuary",,\n', 'Sales "of"\n"x" y\n', "Sales\n\n"):
        path = _written(tmp_path, title + header + rows)
        data = open_data(path, mapping={**rules, "format": {"header_row": 3}})
        assert _rows(data, "amount") == [(Decimal(1),), (Decimal(2),)]


def test_a_title_above_the_header_is_suspected(tmp_path):
    title = "Sales of January;;;\n\n"
    path = _written(tmp_path, title + GOOD.replace(",", ";"))
    with pytest.raises(ColumnError, match="'order_id' not found") as caught:
        open_data(path)
    assert "format: {header_row: 3}" in caught.value.hint
    rules = {"kind": "tables", "format": {"header_row": 3}}
    assert open_data(path, mapping=rules).orders.count().execute() == 2
    columns = {"order_id": "order_id", "ordered_at": "ordered_at", "amount": "amount"}
    with pytest.raises(MappingError) as caught:
        open_data(path, mapping={"kind": "orders", "columns": columns})
    assert "format: {header_row: 3}" in caught.value.hint
    book = tmp_path / "orders.xlsx"
    frame = pd.DataFrame({"order_id": ["A1"], "ordered_at": ["2025-01-02"]})
    with pd.ExcelWriter(book) as writer:
        frame.to_excel(writer, index=False, startrow=3)
        writer.sheets["Sheet1"].cell(1, 1, "Sales of January")
    with pytest.raises(ColumnError) as caught:
        open_data(book)
    assert "format: {header_row: 4}" in caught.value.hint


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "\ufeffsep=;"])
def test_the_line_that_announces_the_delimiter(tmp_path, first):
    content = f"{first}\n" + GOOD.replace(",", ";")
    assert open_data(_written(tmp_path, content)).orders.count().execute() == 2


@pytest.mark.parametrize(
    ("before", "row"),
    [
        ("", {"row": 4}),
        ("\n", {"data_row": 3}),
        ("A9,C9\n", {"data_row": 3}),
        ('A9,"C\n9",2025-01-02,1\n', {"data_row": 4}),
    ],
)
def test_rows_are_numbered_as_their_file_shows_them_or_as_data(tmp_path, before, row):
    data = open_data(_written(tmp_path, GOOD + before + "A3,C3,2025-01-04,ten\n"))
    assert _found(data, "unreadable_values").examples == ({**row, "value": "ten"},)


# --- numbers


def test_decimal_comma_semicolon_thousands_and_currency(tmp_path):
    content = (
        "order_id;ordered_at;amount\n"
        "A1;2025-01-02;1 234,50 €\nA2;2025-01-02;1\u00a0234,50\nA3;2025-01-02;1\u202f234,50 $\n"
        "A4;2025-01-02;1.234,50\nA5;2025-01-02;-12,5\nA6;2025-01-02;(12,5)\n"
        "A7;2025-01-02;12,5-\nA8;2025-01-02;1.234\nA9;2025-01-02;CAD 7\n"
    )
    data = open_data(_written(tmp_path, content))
    read = [row[0] for row in _rows(data, "amount")]
    assert read == [Decimal(text) for text in (
        "1234.5", "1234.5", "1234.5", "1234.5", "-12.5", "-12.5", "-12.5", "1234", "7",
    )]  # fmt: skip
    finding = _found(data, "number_format")
    assert finding.details["forms"] == {
        "decimal commas": 7, "spaces between thousands": 3, "currencies": 3,
        "accounting negatives": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1,234.50", "2,000"], ["1234.5", "2000"]),
        (["1.234,50", "2.000"], ["1234.5", "2000"]),
        (["1,234,567", "12"], ["1234567", "12"]),
        (["0.125", "1.5"], ["0.125", "1.5"]),
        (["0,125", "2,500"], ["0.125", "2.5"]),
        (["−3,5", "+4,5"], ["-3.5", "4.5"]),
        (["5 $US", "US$ 5"], ["5", "5"]),
        (["1'234.50", "5"], ["1234.5", "5"]),
        ([".5", "1e3"], ["0.5", "1000"]),
    ],
)
def test_numbers_are_read_by_the_evidence_of_their_column(tmp_path, values, expected):
    lines = [f"A{position}\t2025-01-02\t{value}" for position, value in enumerate(values)]
    content = "order_id\tordered_at\tamount\n" + "\n".join(lines) + "\n"
    data = open_data(_written(tmp_path, content, "orders.tsv"))
    assert [row[0] for row in _rows(data, "amount")] == [Decimal(text) for text in expected]


def test_numbers_that_could_be_either_are_said(tmp_path):
    content = "order_id\tordered_at\tamount\nA1\t2025-01-02\t1,234\n"
    path = _written(tmp_path, content, "orders.tsv")
    assert _found(open_data(path), "ambiguous_numbers").count == 1
    settled = open_data(path, mapping={"kind": "tables", "format": {"decimal": ","}})
    assert _rows(settled, "amount") == [(Decimal("1.234"),)]
    assert not [f for f in settled.findings if f.code == "ambiguous_numbers"]


def test_points_and_commas_in_one_column_are_said(tmp_path):
    content = (
        "order_id;ordered_at;amount\nA1;2025-01-02;1,5\nA2;2025-01-02;2.5\nA3;2025-01-02;3,5\n"
    )
    data = open_data(_written(tmp_path, content))
    assert _found(data, "mixed_decimals").details == {"points": 1, "commas": 2}
    assert [row[0] for row in _rows(data, "amount")] == [
        Decimal("1.5"),
        Decimal("2.5"),
        Decimal("3.5"),
    ]


def test_values_that_are_no_number_are_counted_with_their_rows(tmp_path):
    content = GOOD + "A3,C3,2025-01-04,ten\nA4,C3,2025-01-04,\nA5,C3,2025-01-04,N/A\n"
    data = open_data(_written(tmp_path, content))
    finding = _found(data, "unreadable_values")
    assert (finding.level, finding.count, finding.total) == ("dropped", 1, 3)
    assert finding.examples == ({"row": 4, "value": "ten"},)


def test_a_column_without_any_number_is_refused(tmp_path):
    path = _written(tmp_path, "order_id,ordered_at,amount\nA1,2025-01-02,ten\n")
    with pytest.raises(ColumnError, match="column amount: no value can be read as a number"):
        open_data(path)


# --- dates


def test_day_first_dates_are_decided_on_the_whole_column(tmp_path):
    content = "order_id,ordered_at\nA1,03/04/2025\nA2,25/12/2025 14:30\nA3,1/2/2025\n"
    data = open_data(_written(tmp_path, content))
    assert [row[0] for row in _rows(data, "ordered_at")] == [
        dt.datetime(2025, 4, 3), dt.datetime(2025, 12, 25, 14, 30), dt.datetime(2025, 2, 1),
    ]  # fmt: skip
    assert _found(data, "date_formats").level == "info"


def test_month_first_dates_are_decided_on_the_whole_column(tmp_path):
    content = "order_id,ordered_at\nA1,03/04/2025\nA2,12/25/2025 2:05 PM\n"
    data = open_data(_written(tmp_path, content))
    assert [row[0] for row in _rows(data, "ordered_at")] == [
        dt.datetime(2025, 3, 4), dt.datetime(2025, 12, 25, 14, 5),
    ]  # fmt: skip


def test_dates_that_could_be_either_are_said(tmp_path):
    path = _written(tmp_path, "order_id,ordered_at\nA1,03/04/2025\nA2,05/05/2025\n")
    data = open_data(path)
    finding = _found(data, "ambiguous_dates")
    assert (finding.level, finding.count) == ("suspicious", 2)
    assert _rows(data, "ordered_at")[0] == (dt.datetime(2025, 4, 3),)
    settled = open_data(path, mapping={"kind": "tables", "format": {"date_order": "month_first"}})
    assert _rows(settled, "ordered_at")[0] == (dt.datetime(2025, 3, 4),)


def test_dates_in_many_formats_are_each_read_and_counted(tmp_path):
    written = [
        "2025-12-31", "2025/12/31 08:15", "31/12/2025", "31.12.2025 8h15", "31/12/25", "20251231",
        "31 déc. 2025", "31 décembre 2025", "Dec 31, 2025", "31-Dec-2025", "46022",
        "2025-12-31T23:30:00Z", "2025-12-31 23:30:00+05:00", "1er janvier 2026",
    ]  # fmt: skip
    lines = "\n".join(f'A{position:02},"{value}"' for position, value in enumerate(written))
    data = open_data(_written(tmp_path, f"order_id,ordered_at\n{lines}\n"))
    read = [row[0] for row in _rows(data, "ordered_at")]
    assert None not in read
    days = [moment.date() for moment in read]
    assert days[:-1] == [dt.date(2025, 12, 31)] * 13
    assert days[-1] == dt.date(2026, 1, 1)
    assert read[1].time() == read[3].time() == dt.time(8, 15)
    assert read[11].time() == read[12].time() == dt.time(23, 30)
    finding = _found(data, "date_formats")
    assert finding.level == "suspicious"
    assert finding.details["formats"] == {
        "2025-12-31": 4, "31/12/2025": 3, "31 Dec 2025": 5, "20251231": 1, "46022": 1,
    }  # fmt: skip
    assert _found(data, "time_zones_dropped").count == 2
    assert _found(data, "two_digit_years").count == 1


def test_contradicting_dates_are_each_read_by_what_is_possible(tmp_path):
    content = "order_id,ordered_at\nA1,25/12/2025\nA2,26/12/2025\nA3,12/27/2025\n"
    data = open_data(_written(tmp_path, content))
    assert [row[0].day for row in _rows(data, "ordered_at")] == [25, 26, 27]
    assert _found(data, "mixed_date_orders").level == "suspicious"


def test_a_date_that_does_not_exist_drops_its_order_and_says_so(tmp_path):
    data = open_data(_written(tmp_path, GOOD + "A3,C1,2025-02-30,5\n"))
    assert _found(data, "unreadable_values").examples == ({"row": 4, "value": "2025-02-30"},)
    assert _found(data, "rows_incomplete").count == 1
    assert data.orders.count().execute() == 2


def test_a_given_date_format_is_followed(tmp_path):
    path = _written(tmp_path, "order_id,ordered_at\nA1,2025 02 01\n")
    mapping = {"kind": "tables", "format": {"date_format": "%Y %d %m"}}
    assert _rows(open_data(path, mapping=mapping), "ordered_at") == [(dt.datetime(2025, 1, 2),)]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("4 mars 2025 à 14:30", dt.datetime(2025, 3, 4, 14, 30)),
        ("March 4, 2025 at 2:30 PM", dt.datetime(2025, 3, 4, 14, 30)),
        ("4\u00a0mars\u00a02025", dt.datetime(2025, 3, 4)),
        ("25/03/2025\u202f14:30", dt.datetime(2025, 3, 25, 14, 30)),
        ("20250304143000", dt.datetime(2025, 3, 4, 14, 30)),
        ("45720,5", dt.datetime(2025, 3, 4, 12)),
    ],
)
def test_less_usual_dates(tmp_path, written, read):
    content = f'order_id,ordered_at\nA1,"{written}"\n'
    assert _rows(open_data(_written(tmp_path, content)), "ordered_at") == [(read,)]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ([20250105, 20250106], dt.datetime(2025, 1, 5)),
        ([45662, 45663], dt.datetime(2025, 1, 5)),
        ([45662.5, 45663.0], dt.datetime(2025, 1, 5, 12)),
        ([20250105.0, None], dt.datetime(2025, 1, 5)),
    ],
)
def test_numbers_are_dates_and_not_seconds_since_1970(tmp_path, written, read):
    frame = pd.DataFrame({"order_id": ["A1", "A2"], "ordered_at": written})
    frame.to_parquet(tmp_path / "orders.parquet")
    for source in ({"orders": frame}, tmp_path / "orders.parquet"):
        data = open_data(source)
        assert _rows(data, "ordered_at")[0] == (read,)
        assert data.orders.schema()["ordered_at"].timezone is None


def test_numbers_that_are_no_dates_are_refused():
    frame = pd.DataFrame({"order_id": ["A1"], "ordered_at": [1736035200]})
    with pytest.raises(ColumnError, match=r"no value can be read as a date.*'1736035200'"):
        open_data({"orders": frame})
    with pytest.raises(ColumnError, match=r"ordered_at holds numbers \(int64\), not dates"):
        open_data({"orders": ibis.memtable(frame)})


def test_a_day_with_its_midnight_beside_a_column_of_times():
    frame = pd.DataFrame(
        {"No": ["A1"], "Jour": pd.to_datetime(["2025-01-02"]), "Heure": ["08:30"], "Total": [1]}
    )
    columns = {"order_id": "No", "ordered_at": ["Jour", "Heure"], "amount": "Total"}
    data = open_data({"orders": frame}, mapping={"kind": "orders", "columns": columns})
    assert _rows(data, "ordered_at") == [(dt.datetime(2025, 1, 2, 8, 30),)]


def test_times_of_several_offsets_are_suspicious(tmp_path):
    content = "order_id,ordered_at\nA1,2025-01-02T10:00:00Z\nA2,2025-01-02T10:00:00{}\n"
    data = open_data(_written(tmp_path, content.format("-0500")))
    finding = _found(data, "mixed_time_zones")
    assert (finding.level, finding.details) == ("suspicious", {"offsets": ["-0500", "UTC"]})
    same = open_data(_written(tmp_path, content.format("+00:00")))
    assert not [found for found in same.findings if found.code == "mixed_time_zones"]


# --- identifiers


def test_float_ids_are_repaired_and_leading_zeros_kept(tmp_path):
    content = (
        "order_id,customer_id,ordered_at\n00042,17850.0,2025-01-02\n00043,,2025-01-03\n"
        "00044,NULL,2025-01-03\n"
    )
    data = open_data(_written(tmp_path, content))
    assert _rows(data, "order_id", "customer_id") == [
        ("00042", "17850"), ("00043", None), ("00044", None),
    ]  # fmt: skip
    finding = _found(data, "float_ids")
    assert (finding.level, finding.count, finding.column) == ("repaired", 1, "customer_id")
    assert finding.examples == ({"row": 2, "value": "17850.0"},)
    assert _found(data, "null_words").count == 1


def test_a_guest_among_float_ids_leaves_the_others_numbers(tmp_path):
    # Two months put together: January wrote 17850, February 17850.0.
    content = (
        "order_id,customer_id,ordered_at,amount\nA1,17850,2025-01-02,5\n"
        "A2,17850.0,2025-02-02,5\nA3,GUEST,2025-02-03,5\nA4,v1.0,2025-02-03,5\n"
    )
    data = open_data(_written(tmp_path, content))
    ids = [row[1] for row in _rows(data, "order_id", "customer_id")]
    assert ids == ["17850", "17850", "GUEST", "v1.0"]
    finding = _found(data, "float_ids")
    assert (finding.level, finding.count, finding.total) == ("repaired", 1, 4)
    assert finding.examples == ({"row": 3, "value": "17850.0"},)


def test_revisions_of_orders_are_no_floats(tmp_path):
    content = "order_id,ordered_at,amount\n17.0,2025-01-02,5\n17.1,2025-01-03,5\n"
    data = open_data(_written(tmp_path, content))
    assert [row[0] for row in _rows(data, "order_id", "amount")] == ["17.0", "17.1"]
    assert not [one for one in data.findings if one.code == "float_ids"]


@pytest.mark.parametrize("impossible", ["32/13/2025", "31/13/2025"])
def test_a_date_that_is_none_says_nothing_of_the_others(tmp_path, impossible):
    content = f"order_id,ordered_at,amount\n1,31/12/2025,5\n2,05/11/2025,5\n3,{impossible},5\n"
    data = open_data(_written(tmp_path, content))
    codes = [one.code for one in data.findings]
    assert "mixed_date_orders" not in codes
    [formats] = [one for one in data.findings if one.code == "date_formats"]
    assert "12/31/2025" not in formats.text("en")


def test_codes_with_a_decimal_part_stay_as_they_are(tmp_path):
    content = (
        "order_id,line_id,product_id,quantity,unit_price,ordered_at\n"
        "A1,1,10.0,1,5,2025-01-02\nA1,2,85123A,1,5,2025-01-02\n"
    )
    data = open_data(_written(tmp_path, content))
    assert _rows(data, "line_id", "product_id", table="order_lines") == [
        ("1", "10.0"), ("2", "85123A"),
    ]  # fmt: skip


def test_ids_in_scientific_notation_are_suspicious(tmp_path):
    data = open_data(
        _written(tmp_path, "order_id,ordered_at\n1.78E+05,2025-01-02\nA2,2025-01-02\n")
    )
    assert _found(data, "scientific_ids").level == "suspicious"


# --- encodings and what files are


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
def test_encodings_are_detected(tmp_path, encoding):
    content = "order_id;ordered_at;région\nA1;2025-01-02;Québec – œuvre €\n"
    data = open_data(_written(tmp_path, content.encode(encoding)))
    assert _rows(data, "région") == [("Québec – œuvre €",)]
    assert _found(data, "text_format").details["encoding"] == encoding


def test_latin_1_is_read_where_cp1252_has_no_meaning(tmp_path):
    content = b"order_id;ordered_at;note\nA1;2025-01-02;\xe9\x81\n"
    data = open_data(_written(tmp_path, content))
    assert _rows(data, "note") == [("é\x81",)]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_stray_bytes_in_a_utf_8_file_are_read_as_cp1252_and_told(tmp_path, mark):
    lines = ["order_id;ordered_at;note", "A1;2025-01-02;Québec", "A2;2025-01-02;été – œuvre"]
    content = mark + "\n".join(lines).encode() + b"\nA3;2025-01-02;No\xebl \x81\n"
    data = open_data(_written(tmp_path, content))
    assert _rows(data, "note") == [("Québec",), ("été – œuvre",), ("Noël \x81",)]
    assert _found(data, "mixed_encodings").level == "suspicious"
    assert _found(data, "mixed_encodings").count == 2
    assert _found(data, "text_format").details["encoding"] == ("utf-8-sig" if mark else "utf-8")


def test_cp1252_that_reads_like_utf_8_in_one_place_stays_cp1252(tmp_path):
    lines = ["order_id;ordered_at;note", "A1;2025-01-02;«CAFÉ»", "A2;2025-01-02;été"]
    content = "\n".join(lines).encode("cp1252") + b"\n"
    data = open_data(_written(tmp_path, content))
    assert _rows(data, "note") == [("«CAFÉ»",), ("été",)]
    assert not [finding for finding in data.findings if finding.code == "mixed_encodings"]


def test_an_encoding_that_does_not_fit_is_refused(tmp_path):
    path = _written(tmp_path, "order_id;ordered_at;note\nA1;2025-01-02;é\n".encode("cp1252"))
    mapping = {"kind": "tables", "format": {"encoding": "utf-8"}}
    with pytest.raises(SourceError, match="is not written in utf-8: byte 0xe9"):
        open_data(path, mapping=mapping)
    with pytest.raises(SourceError, match="encoding 'utf-9'"):
        open_data(path, mapping={"kind": "tables", "format": {"encoding": "utf-9"}})


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "mixed"])
def test_all_line_ends_are_read(tmp_path, end):
    lines = GOOD.splitlines()
    content = (
        GOOD.replace("\n", end) if end != "mixed" else "\r\n".join(lines[:2]) + "\n" + lines[2]
    )
    assert open_data(_written(tmp_path, content)).orders.count().execute() == 2


def test_nul_bytes_are_removed_and_counted(tmp_path):
    data = open_data(_written(tmp_path, GOOD.replace("A1", "A\0001").replace("C2", "C\0002")))
    assert _found(data, "nul_bytes").count == 2
    assert _rows(data, "order_id", "customer_id") == [("A1", "C1"), ("A2", "C2")]


def test_empty_file(tmp_path):
    with pytest.raises(SourceError, match=r"orders\.csv is empty \(0 bytes\)"):
        open_data(_written(tmp_path, ""))


def test_blank_file(tmp_path):
    with pytest.raises(SourceError, match="is empty: its first 3 lines are blank"):
        open_data(_written(tmp_path, "\n\n   \n"))


def test_header_only(tmp_path):
    with pytest.raises(SourceError, match="no row of data"):
        open_data(_written(tmp_path, GOOD.splitlines()[0] + "\n"))


def test_a_csv_named_xlsx_is_read_and_said(tmp_path):
    data = open_data(_written(tmp_path, GOOD, "orders.xlsx"))
    assert data.orders.count().execute() == 2
    assert _found(data, "other_format").level == "suspicious"


def test_a_workbook_named_csv_is_read_and_said(tmp_path):
    book = tmp_path / "book.xlsx"
    pd.DataFrame({"order_id": ["A1"], "ordered_at": [dt.datetime(2025, 1, 2)]}).to_excel(
        book, index=False
    )
    data = open_data(book.rename(tmp_path / "orders.csv"))
    assert _rows(data, "order_id", "ordered_at") == [("A1", dt.datetime(2025, 1, 2))]
    assert _found(data, "other_format").details["found"] == "Excel"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("orders.csv", b"<!DOCTYPE html><html><body>Login</body></html>", "is a web page"),
        ("orders.xls", b"\xef\xbb\xbf\n<html><table></table></html>", "is a web page"),
        ("orders.csv", b"%PDF-1.7 ...", "is a PDF"),
        ("orders.parquet", b"order_id,ordered_at\nA1,2025-01-02\n", "is a text file, not Parquet"),
        ("orders.xlsx", b"PK\x03\x04 broken", "truncated or damaged workbook"),
        ("orders.xlsx", b"\x00\x01\x02\x03", "is not an Excel workbook"),
        ("orders.docx", b"anything", "orders.docx is a text file"),
    ],
)  # fmt: skip
def test_files_that_are_not_what_their_name_says(tmp_path, name, content, message):
    with pytest.raises(SourceError, match=message):
        open_data(_written(tmp_path, content, name))


def test_a_zip_of_csv_is_named(tmp_path):
    path = tmp_path / "orders.csv"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inside.csv", GOOD)
    with pytest.raises(SourceError, match=r"ZIP archive .*inside\.csv"):
        open_data(path)


def test_truncated_parquet(tmp_path):
    path = tmp_path / "orders.parquet"
    pd.DataFrame({"order_id": ["A1"] * 1000}).to_parquet(path)
    _written(tmp_path, path.read_bytes()[:-100], "orders.parquet")
    with pytest.raises(SourceError, match="truncated or damaged Parquet"):
        open_data(path)


@pytest.mark.parametrize("compression", ["snappy", "zstd", "gzip", None])
def test_a_parquet_file_damaged_in_its_middle(tmp_path, compression):
    path = tmp_path / "orders.parquet"
    days = pd.date_range("2024-01-01", periods=20_000, freq="7min")
    ids = [f"A{n * 7919 % 20_000}" for n in range(20_000)]
    pd.DataFrame({"order_id": ids, "ordered_at": days, "amount": [n % 977 for n in range(20_000)]}
                 ).to_parquet(path, compression=compression)  # fmt: skip
    whole = path.read_bytes()
    _written(tmp_path, whole[:4] + bytes(600) + whole[604:], "orders.parquet")
    with pytest.raises(SourceError, match=r"orders\.parquet is damaged") as raised:
        check(open_data(path))
    assert raised.value.hint == "copy or export it again"


def test_truncated_gzip(tmp_path):
    packed = gzip.compress(GOOD.encode() * 1000)
    path = _written(tmp_path, packed[: len(packed) // 2], "orders.csv.gz")
    with pytest.raises(SourceError, match="truncated or damaged gzip"):
        open_data(path)


def test_gzip_is_read(tmp_path):
    for name, content in (("a", GOOD.encode()), ("b", GOOD.replace("C1", "é").encode("cp1252"))):
        folder = tmp_path / name
        folder.mkdir()
        data = open_data(_written(folder, gzip.compress(content), "orders.csv.gz"))
        assert data.orders.count().execute() == 2


# --- rows


def test_rows_of_another_width_are_left_out_with_their_lines(tmp_path):
    content = GOOD + "A3,C3,2025-01-04,1,5\nA4,C4\nA5,C5,2025-01-05,7\n"
    data = open_data(_written(tmp_path, content))
    assert data.orders.count().execute() == 3
    many, few = _found(data, "too_many_fields"), _found(data, "too_few_fields")
    assert (many.level, many.count, many.total) == ("dropped", 1, 5)
    assert many.examples == ({"row": 4, "text": "A3,C3,2025-01-04,1,5"},)
    assert few.examples[0]["row"] == 5


def test_a_quotation_mark_never_closed_is_an_error_with_its_line(tmp_path):
    content = GOOD + 'A3,"C3,2025-01-04,1\nA4,C4,2025-01-04,1\nA5,C4,2025-01-04,1\n'
    path = _written(tmp_path, content)
    with pytest.raises(SourceError, match="line 4: a quotation mark opens and is never closed"):
        open_data(path)
    unquoted = open_data(path, mapping={"kind": "tables", "format": {"quote": ""}})
    assert unquoted.orders.count().execute() == 5


def test_a_quotation_mark_of_the_header_never_closed(tmp_path):
    long = "A1,C1,2025-01-02,1\n" * 10_000
    with pytest.raises(SourceError, match="line 1: a quotation mark"):
        open_data(_written(tmp_path, 'order_id,customer_id,"ordered_at,amount\n' + long))


def test_a_lone_quotation_mark_in_a_field_is_kept(tmp_path):
    data = open_data(_written(tmp_path, GOOD.replace("C1", 'C1 12" x')))
    assert _rows(data, "customer_id")[0] == ('C1 12" x',)


def test_rows_without_anything_are_left_out_and_counted(tmp_path):
    data = open_data(_written(tmp_path, GOOD + ",,,\nTotal,,,30.5\n"))
    assert _found(data, "rows_incomplete").count == 2
    assert data.orders.count().execute() == 2


def test_a_line_too_long_is_called_so(tmp_path):
    data = open_data(_written(tmp_path, GOOD + "A3,C3,2025-01-04," + "1" * 3_000_000 + "\n"))
    assert _found(data, "long_rows").count == 1


# --- what findings say in French


@pytest.mark.parametrize(
    ("content", "code", "sentence"),
    [
        (
            "order_id;ordered_at;amount\nA1;2025-01-02;1,5\n",
            "number_format",
            "orders.csv.amount : signe décimal retenu : virgule ; écrits avec virgule décimale × 1",
        ),
        (
            "order_id\tordered_at\tamount\nA1\t2025-01-02\t1,234\n",
            "ambiguous_numbers",
            "orders.csv.amount : un signe suivi de trois chiffres peut marquer les décimales ou "
            "les milliers dans 1 ligne sur 1 (100,0 %) ; le signe décimal retenu est : point. "
            "Fixez decimal dans la correspondance si c'est faux",
        ),
        (
            "order_id\tordered_at\nA1\t2025-01-02\n",
            "text_format",
            "orders.csv : texte en utf-8, champs séparés par tabulation",
        ),
        (
            GOOD + "A3,C3,2025-01-04,ten\n",
            "unreadable_values",
            "orders.csv.amount : ce n'est pas un nombre, valeur vidée dans 1 ligne sur 3 (33,3 %)",
        ),
        (
            "order_id,ordered_at\nA1,03/04/2025\n",
            "ambiguous_dates",
            "orders.csv.ordered_at : rien ne dit si le jour ou le mois vient en premier ; lu avec "
            "le jour en premier dans 1 ligne sur 1 (100,0 %). Fixez date_order dans la "
            "correspondance si c'est faux",
        ),
        (
            "order_id,ordered_at\nA1,25/12/2025\nA2,12/27/2025\nA3,26/12/2025\n",
            "mixed_date_orders",
            "orders.csv.ordered_at : certaines dates ne peuvent avoir que le jour en premier et "
            "d'autres que le mois ; là où rien ne le dit, dans 0 ligne sur 3, l'ordre retenu "
            "commence par : jour",
        ),
        (
            GOOD + "A3,C3\n",
            "too_few_fields",
            "orders.csv : moins de champs que les 4 de l'en-tête, mise à l'écart de 1 ligne sur 3 "
            "(33,3 %)",
        ),
    ],
)
def test_findings_are_french_to_the_last_word(tmp_path, content, code, sentence):
    finding = _found(open_data(_written(tmp_path, content)), code)
    spaces = str.maketrans("\u00a0\u202f", "  ")
    assert finding.text("fr").translate(spaces) == sentence


# --- paths and folders


def test_a_path_that_does_not_exist_suggests_its_neighbours(tmp_path):
    _written(tmp_path, GOOD, "orders.csv")
    with pytest.raises(SourceError, match=r"does not exist; did you mean 'orders\.csv'"):
        open_data(tmp_path / "order.csv")
    with pytest.raises(SourceError, match="nor does the folder"):
        open_data(tmp_path / "nowhere" / "orders.csv")


def test_a_folder_without_tables(tmp_path):
    (tmp_path / "notes.docx").write_text("hello")
    with pytest.raises(
        SourceError, match=r"holds no file that can be read \(it holds notes\.docx\)"
    ):
        open_data(tmp_path)


def test_a_folder_with_two_files_for_a_table(tmp_path):
    _written(tmp_path, GOOD, "orders.csv")
    _written(tmp_path, GOOD, "Orders.tsv")
    with pytest.raises(SourceError, match="two files for the table 'orders'"):
        open_data(tmp_path)


def test_a_folder_whose_files_have_other_names(tmp_path):
    _written(tmp_path, GOOD, "export.csv")
    with pytest.raises(SourceError, match="has the name of a table"):
        open_data(tmp_path)


def test_a_file_of_a_folder_that_is_no_table_is_said(tmp_path):
    _written(tmp_path, GOOD)
    _written(tmp_path, "a,b\n1,2\n", "ordrs_lines.csv")
    finding = _found(open_data(tmp_path), "misnamed_file")
    assert finding.details["closest"] == "order_lines"


def test_a_file_that_resembles_no_table_is_compared_with_none(tmp_path):
    _written(tmp_path, GOOD)
    _written(tmp_path, "a,b\n1,2\n", "zzz.csv")
    said = _found(open_data(tmp_path), "ignored_file").text("en")
    assert said == "zzz.csv: not the name of a table, so it was not read"


def test_a_file_without_permission(tmp_path, monkeypatch):
    path = _written(tmp_path, GOOD)

    # The tests may run as a user whom no permission stops.
    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SourceError, match="cannot be read: permission denied"):
        open_data(path)


# --- frames


def test_mixed_types_are_read_by_what_they_say():
    frame = pd.DataFrame(
        {
            "order_id": [1, "A2", 3.0],
            "customer_id": [17850.0, None, 12346.0],
            "ordered_at": ["2025-01-02", dt.datetime(2025, 1, 3), "04/01/2025"],
            "amount": ["1,5", 2.5, None],
        }
    )
    before = frame.copy(deep=True)
    data = open_data({"orders": frame})
    pd.testing.assert_frame_equal(frame, before)
    assert _rows(data, "customer_id", "amount") == [
        ("17850", Decimal("1.5")), ("12346", None), (None, Decimal("2.5")),
    ]  # fmt: skip
    mixed = {finding.column for finding in data.findings if finding.code == "mixed_types"}
    assert mixed == {"order_id", "ordered_at", "amount"}


def test_sparse_numbers_are_numbers():
    frame = pd.DataFrame({"order_id": ["A1"], "ordered_at": ["2025-01-02"], "amount": [1.5]})
    frame["amount"] = frame["amount"].astype(pd.SparseDtype("float64"))
    data = open_data({"orders": frame})
    assert _rows(data, "amount") == [(Decimal("1.5"),)]
    assert data.findings == ()


def test_the_words_of_a_database_type_are_normalised(tmp_path):
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE orders AS SELECT 'A1' AS order_id, TIMESTAMP '2025-01-02' AS ordered_at, "
            "CAST('CANCELED' AS ENUM ('CANCELED', 'placed')) AS status"
        )
    assert _rows(open_data(path), "status") == [("cancelled",)]


def test_several_levels_of_columns_are_refused():
    frame = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")]))
    with pytest.raises(SourceError, match="2 levels"):
        open_data({"orders": frame})


def test_an_unknown_table_is_suggested():
    with pytest.raises(SourceError, match="table 'ordres' not found; did you mean 'orders'"):
        open_data({"ordres": pd.DataFrame()})


def test_a_source_of_no_known_kind_is_refused():
    with pytest.raises(SourceError, match="cannot open a int as data"):
        open_data(3)


def test_a_mapping_that_names_an_absent_column(tmp_path):
    path = _written(tmp_path, "Facture,Date,Montant\nA1,2025-01-02,10\n")
    columns = {"order_id": "Factur", "ordered_at": "Date", "amount": "Montant"}
    with pytest.raises(MappingError, match=r"no column 'Factur'.*did you mean 'Facture'"):
        open_data(path, mapping={"kind": "orders", "columns": columns})


def test_an_order_written_twice_counts_once(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(
        "order_id,customer_id,ordered_at,amount\n"
        "1,A,2025-01-02,10\n2,B,2025-01-03,20\n2,B,2025-01-03,20\n2,B,2025-01-03,20\n"
    )
    with open_data(path) as data:
        assert data.orders.amount.sum().execute() == 30
        (found,) = [f for f in data.findings if f.code == "duplicate_rows_dropped"]
    assert (found.level, found.count, found.total) == ("dropped", 2, 4)
    assert found.examples == ({"order_id": "2", "times": 3},)


def test_orders_that_share_an_id_and_differ_are_refused(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(
        "order_id,customer_id,ordered_at,amount\n"
        "1,A,2025-01-02,10\n1,A,2025-01-02,7\n2,B,2025-01-03,20\n"
    )
    with pytest.raises(SourceError, match=r"orders\.csv: order_id '1' stands on 2 rows") as error:
        open_data(path)
    assert "kind: lines" in error.value.hint


def test_files_that_the_package_wrote_are_read_as_they_are(tmp_path):
    simulate(out=tmp_path, scale=0.02, tables=["orders", "order_lines", "contacts"])
    with open_data(tmp_path) as data:
        assert data.findings == ()
        marked = data.orders.execute()
    for path in tmp_path.glob("*.parquet"):
        pq.write_table(pq.read_table(path).replace_schema_metadata(), path)
    with open_data(tmp_path) as data:
        pd.testing.assert_frame_equal(data.orders.execute(), marked)


# --- where the names of columns may be


def test_a_blank_line_before_the_header_is_pointed_past(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("\n\norder_id,ordered_at,amount\n1,2025-01-02,3\n")
    with pytest.raises(SourceError, match="line 1 should hold the names") as caught:
        open_data(path)
    assert "header_row: 3" in caught.value.hint


def test_a_first_row_of_data_is_said_to_look_like_data(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("F1,10097,2024-01-03 00:00,1,481.57\nF2,10098,2024-01-04 00:00,2,1.5\n")
    with pytest.raises(ColumnError, match="'order_id' not found") as caught:
        open_data(path)
    assert "the first row looks like data" in caught.value.hint


def test_a_workbook_that_opens_on_a_note_names_its_other_sheets(tmp_path):
    path = tmp_path / "ventes.xlsx"
    with pd.ExcelWriter(path) as writer:
        pd.DataFrame({"note": ["lisez-moi"]}).to_excel(writer, sheet_name="Lisez", index=False)
        frame = pd.DataFrame({"order_id": ["1"], "ordered_at": ["2025-01-02"], "amount": [3]})
        frame.to_excel(writer, sheet_name="2025", index=False)
    with pytest.raises(ColumnError, match="'order_id' not found") as caught:
        open_data(path)
    assert "format: {sheet: 2025}" in caught.value.hint


def test_a_column_that_the_mapping_uses_is_not_suggested_for_another():
    frame = pd.DataFrame({"order_id": ["1"], "amount": [3]})
    columns = {"order_id": "order_id", "ordered_at": "ordered_id", "amount": "amount"}
    with pytest.raises(MappingError, match="no column 'ordered_id'") as caught:
        open_data({"orders": frame}, mapping={"kind": "orders", "columns": columns})
    assert "did you mean" not in caught.value.message


def test_json_is_named(tmp_path):
    path = tmp_path / "orders.json"
    path.write_text('[{"order_id": 1}]')
    with pytest.raises(SourceError, match=r"orders\.json is JSON") as caught:
        open_data(path)
    assert "CSV" in caught.value.hint


LINES = """order_id,customer_id,ordered_at,product_id,quantity,unit_price
1000,17900,2024-05-13,P038,1,12.66
1000,17900,2024-05-13,P003,2,13.65
1001,17920,2024-05-14,P003,2,13.65
"""


@pytest.mark.parametrize("rows", [4, 2])
@pytest.mark.parametrize(
    ("column", "written"), [("quantity", "quantitty"), ("unit_price", "unit_prise")]
)
def test_a_misspelt_quantity_or_price_of_a_flat_extract_is_named(tmp_path, column, written, rows):
    text = "\n".join(LINES.replace(column, written).split("\n")[:rows])
    with pytest.raises(ColumnError, match=f"'{column}' not found; did you write it '{written}'"):
        open_data(_written(tmp_path, text.encode(), "ventes.csv"))


@pytest.mark.parametrize(
    ("column", "written"), [("product_id", "produt_id"), ("customer_id", "custmer_id")]
)
def test_a_misspelt_column_of_a_flat_extract_is_named(tmp_path, column, written):
    path = _written(tmp_path, LINES.replace(column, written).encode(), "ventes.csv")
    with open_data(path) as data:
        [found] = [one for one in data.findings if one.code == "misspelt_column"]
    assert (found.column, found.details) == (written, {"meant": column})


def test_orders_with_an_amount_keep_what_looks_like_a_column_of_lines(tmp_path):
    text = "order_id,ordered_at,amount,quantitty,unit_price\n1,2024-05-13,12.5,2,6\n"
    with open_data(_written(tmp_path, text.encode(), "ventes.csv")) as data:
        [found] = [one for one in data.findings if one.code == "misspelt_column"]
        assert found.details == {"meant": "quantity"}
        assert data.orders.amount.to_pandas().tolist() == [12.5]


@pytest.mark.parametrize("amount", ["amount", "quantity,unit_price"])
@pytest.mark.parametrize("how", ["a file", "a folder"])
def test_a_mapping_of_values_alone_is_of_canonical_names(tmp_path, amount, how):
    """As the line that a finding gives, copied into a file of its own."""
    price = "12.5" if amount == "amount" else "1,12.5"
    text = f"order_id,ordered_at,channel,{amount}\n1,2024-05-13,phone,{price}\n"
    path = _written(tmp_path, text.encode(), "orders.csv")
    mapping = tmp_path.parent / f"{tmp_path.name}.yml"
    mapping.write_text("values: {channel: {phone: store}}", encoding="utf-8")
    with open_data(path if how == "a file" else tmp_path, mapping=mapping) as data:
        assert data.orders.channel.to_pandas().tolist() == ["store"]
