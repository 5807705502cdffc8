"""A flat extract with canonical tables beside it."""

from __future__ import annotations

import duckdb
import ibis
import pandas as pd
import pytest

from marketing_kpi.data.beside import apart
from marketing_kpi.data.mapping import Mapping
from marketing_kpi.data.sources import open_data
from marketing_kpi.errors import MappingError, SourceError

SALES = pd.DataFrame(
    {
        "Ticket": ["1", "1", "2", "3"],
        "Date": ["2025-03-01", "2025-03-01", "2025-03-02", "2025-03-03"],
        "Qte": [1, 2, 1, 1], "Prix": [10.0, 2.5, 8.0, 4.0], "Client": ["C1", "C1", "C2", "C3"],
    }
)  # fmt: skip
MEMBERS = pd.DataFrame(
    {"campaign_id": ["mai"] * 3, "customer_id": ["C1", "C2", "C3"], "arm": ["a", "a", "control"]}
)
COLUMNS = {
    "order_id": "Ticket", "ordered_at": "Date", "quantity": "Qte", "unit_price": "Prix",
    "customer_id": "Client",
}  # fmt: skip


def _folder(tmp_path, tables):
    for name, table in tables.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    return tmp_path


def _workbook(tmp_path, tables):
    with pd.ExcelWriter(tmp_path / "export.xlsx") as book:
        for name, table in tables.items():
            table.to_excel(book, sheet_name=name, index=False)
    return tmp_path / "export.xlsx"


def _duckdb(tmp_path, tables):
    connection = ibis.duckdb.connect(tmp_path / "base.duckdb")
    for name, table in tables.items():
        connection.create_table(name, ibis.memtable(table))
    connection.disconnect()
    return tmp_path / "base.duckdb"


def _sqlite(tmp_path, tables):
    connection = ibis.sqlite.connect(tmp_path / "base.sqlite")
    for name, table in tables.items():
        connection.create_table(name, ibis.memtable(table))
    connection.disconnect()
    return f"sqlite://{tmp_path / 'base.sqlite'}"


def _frames(_, tables):
    return tables


def _expressions(_, tables):
    return {name: ibis.memtable(table) for name, table in tables.items()}


SOURCES = [_folder, _workbook, _duckdb, _sqlite, _frames, _expressions]


@pytest.mark.parametrize("made", SOURCES)
def test_a_list_of_members_stands_beside_an_extract(tmp_path, made):
    source = made(tmp_path, {"ventes": SALES, "campaign_members": MEMBERS})
    data = open_data(source, mapping={"columns": COLUMNS})
    assert list(data.tables) == ["orders", "order_lines", "campaign_members"]
    assert data.orders.count().execute() == 3
    members = data.campaign_members.order_by("customer_id").to_pandas()
    assert members["arm"].tolist() == ["a", "a", "control"]
    assert not {found.level for found in data.findings} & {"suspicious", "error"}


@pytest.mark.parametrize("made", SOURCES)
def test_the_mapping_says_which_of_several_is_the_extract(tmp_path, made):
    tables = {"ventes": SALES, "notes": SALES[["Ticket"]], "campaign_members": MEMBERS}
    source = made(tmp_path, tables)
    data = open_data(source, mapping={"columns": COLUMNS, "table": "Ventes"})
    assert {"orders", "campaign_members"} <= set(data.tables)


@pytest.mark.parametrize("made", [_duckdb, _sqlite, _frames, _expressions])
def test_several_that_could_be_the_extract_ask_for_its_name(tmp_path, made):
    source = made(tmp_path, {"notes": SALES, "ventes": SALES})
    with pytest.raises(SourceError, match="2 tables that could be the extract") as caught:
        open_data(source, mapping={"columns": COLUMNS})
    assert "say which in the mapping (table: notes, or table: ventes)" in caught.value.hint


@pytest.mark.parametrize("made", SOURCES)
def test_a_table_is_not_taken_twice(tmp_path, made):
    products = pd.DataFrame({"product_id": ["P1"], "name": ["Tasse"]})
    sales = SALES.assign(Article="P1", Nom="Tasse")
    source = made(tmp_path, {"ventes": sales, "products": products})
    columns = COLUMNS | {"product_id": "Article", "products.name": "Nom"}
    with pytest.raises(SourceError, match="'products' is made of the extract"):
        open_data(source, mapping={"columns": columns})


def test_an_extract_may_be_called_as_a_table(tmp_path):
    source = _folder(tmp_path, {"orders": SALES})
    assert open_data(source, mapping={"columns": COLUMNS}).orders.count().execute() == 3
    only = apart({"costs": "costs"}, Mapping(), where="here")
    assert (only.extract, only.beside) == (("costs",), {})


def test_parts_of_an_extract_stay_together(tmp_path):
    tables = {"ventes-1": SALES[:2], "ventes-2": SALES[2:], "campaign_members": MEMBERS}
    data = open_data(_folder(tmp_path, tables), mapping={"columns": COLUMNS})
    assert data.orders.count().execute() == 3
    assert data.has("campaign_members")


def test_a_table_that_is_not_there_is_named(tmp_path):
    source = _folder(tmp_path, {"ventes": SALES})
    with pytest.raises(SourceError, match=r"table 'vente' not found .* did you mean 'ventes'"):
        open_data(source, mapping={"columns": COLUMNS, "table": "vente"})


def test_two_of_one_table_are_refused():
    frames = {"ventes": SALES, "campaign_members": MEMBERS, "Campaign members": MEMBERS}
    with pytest.raises(SourceError, match="two of the table 'campaign_members'"):
        open_data(frames, mapping={"columns": COLUMNS})


def test_what_means_nothing_is_said():
    tables = {"ventes": SALES, "campain_members": MEMBERS}
    data = open_data(tables, mapping={"columns": COLUMNS, "table": "ventes"})
    found = next(found for found in data.findings if found.code == "misnamed_file")
    assert found.details == {"closest": "campaign_members"}


def test_canonical_tables_take_no_table_of_an_extract():
    with pytest.raises(MappingError, match="table is not read with kind: tables"):
        open_data({"orders": SALES}, mapping={"kind": "tables", "table": "ventes"})


@pytest.mark.parametrize("made", [_folder, _workbook, _duckdb, _frames])
def test_tables_beside_are_written_as_the_extract_is(tmp_path, made):
    members = MEMBERS.assign(contacted_at="04/05/2025")
    sales = SALES.assign(Date="04/05/2025")
    source = made(tmp_path, {"ventes": sales, "campaign_members": members})
    rules = {"columns": COLUMNS, "format": {"date_order": "month_first"}}
    data = open_data(source, mapping=rules)
    assert data.orders.ordered_at.min().execute() == pd.Timestamp("2025-04-05")
    assert data.campaign_members.contacted_at.min().execute() == pd.Timestamp("2025-04-05")


@pytest.mark.parametrize("named", [None, "ventes"])
def test_the_parts_of_an_extract_may_be_in_a_folder_of_their_own(tmp_path, named):
    (tmp_path / "ventes").mkdir()
    _folder(tmp_path / "ventes", {"un": SALES[:2], "deux": SALES[2:]})
    source = _folder(tmp_path, {"campaign_members": MEMBERS})
    data = open_data(source, mapping={"columns": COLUMNS, "table": named})
    assert data.orders.count().execute() == 3
    assert data.has("campaign_members")


def test_a_table_that_the_extract_makes_is_said_not_to_be_read():
    tables = {"ventes": SALES, "orders": SALES}
    data = open_data(tables, mapping={"columns": COLUMNS, "table": "ventes"})
    found = next(found for found in data.findings if found.code == "made_of_extract")
    assert found.text("en") == "orders: not read, since the extract makes this table"


def test_two_folders_that_could_be_the_extract_ask_for_its_name(tmp_path):
    for name in ("ventes", "archives"):
        (tmp_path / name).mkdir()
        _folder(tmp_path / name, {"un": SALES})
    source = _folder(tmp_path, {"campaign_members": MEMBERS})
    with pytest.raises(SourceError, match=r"2 tables that could be the extract \(archives, ventes"):
        open_data(source, mapping={"columns": COLUMNS})
    data = open_data(source, mapping={"columns": COLUMNS, "table": "ventes"})
    assert data.has("campaign_members")


@pytest.mark.parametrize("named", [None, "ventes"])
def test_a_table_beside_may_be_a_folder_of_parts(tmp_path, named):
    (tmp_path / "campaign_members").mkdir()
    _folder(tmp_path / "campaign_members", {"un": MEMBERS[:1], "deux": MEMBERS[1:]})
    source = _folder(tmp_path, {"ventes": SALES})
    data = open_data(source, mapping={"columns": COLUMNS, "table": named})
    assert data.campaign_members.count().execute() == 3
    assert "ignored_folder" not in {found.code for found in data.findings}


def test_a_folder_within_the_parts_is_said_not_to_be_read(tmp_path):
    (tmp_path / "ventes" / "plus").mkdir(parents=True)
    _folder(tmp_path / "ventes", {"un": SALES})
    _folder(tmp_path / "ventes" / "plus", {"deux": SALES})
    data = open_data(_folder(tmp_path, {"campaign_members": MEMBERS}), mapping={"columns": COLUMNS})
    found = next(found for found in data.findings if found.code == "ignored_folder")
    assert (found.level, found.table) == ("suspicious", "ventes/plus")


@pytest.mark.parametrize("made", SOURCES)
def test_words_of_the_mapping_are_read_beside_too(tmp_path, made):
    members = MEMBERS.replace({"arm": {"control": "témoin"}})
    source = made(tmp_path, {"ventes": SALES, "campaign_members": members})
    rules = {"columns": COLUMNS, "values": {"arm": {"témoin": "control"}}}
    data = open_data(source, mapping=rules)
    assert "control" in set(data.campaign_members.arm.execute())


@pytest.mark.parametrize("named", [None, "ventes"])
def test_parts_of_an_extract_beside_parts_of_a_table(tmp_path, named):
    for name in ("ventes", "campaign_members", "surveys"):
        (tmp_path / name).mkdir()
    _folder(tmp_path / "ventes", {"un": SALES[:2], "deux": SALES[2:]})
    _folder(tmp_path / "campaign_members", {"un": MEMBERS[:1], "deux": MEMBERS[1:]})
    surveys = pd.DataFrame({"response_id": ["R1"], "question": ["nps"], "score": [9]})
    _folder(tmp_path / "surveys", {"un": surveys})
    data = open_data(tmp_path, mapping={"columns": COLUMNS, "table": named})
    assert data.orders.count().execute() == 3
    assert data.campaign_members.count().execute() == 3
    assert data.has("surveys")


@pytest.mark.parametrize("named", [None, "ventes"])
def test_parts_in_folders_of_a_folder_have_a_way_out(tmp_path, named):
    for year in ("2024", "2025"):
        (tmp_path / "ventes" / year).mkdir(parents=True)
        _folder(tmp_path / "ventes" / year, {"un": SALES})
    source = _folder(tmp_path, {"campaign_members": MEMBERS})
    rules = {"columns": COLUMNS, "table": named}
    with pytest.raises(SourceError, match=r"'ventes' holds no file, only folders \(2024") as caught:
        open_data(source, mapping=rules)
    assert "put the parts of the extract in one folder: ventes/2024-1.csv" in caught.value.hint
    with pytest.raises(SourceError, match="2 tables that could be the extract") as caught:
        open_data(tmp_path / "ventes", mapping={"columns": COLUMNS})
    assert "parts of one extract go in one folder" in caught.value.hint


def test_folders_of_folders_beside_an_extract_are_said_not_to_be_read(tmp_path):
    (tmp_path / "archives" / "2019").mkdir(parents=True)
    _folder(tmp_path / "archives" / "2019", {"un": SALES})
    data = open_data(_folder(tmp_path, {"orders": SALES}), mapping={"columns": COLUMNS})
    found = next(found for found in data.findings if found.code == "ignored_folder")
    assert (found.level, found.table) == ("suspicious", "archives")


def test_the_extract_may_be_named_with_its_suffix(tmp_path):
    source = _folder(tmp_path, {"ventes": SALES, "ventes_2": SALES, "notes": MEMBERS})
    data = open_data(source, mapping={"columns": COLUMNS, "table": "ventes.csv"})
    assert data.orders.count().execute() == 3


def test_two_schemas_of_a_database_may_have_the_same_table(tmp_path):
    path = tmp_path / "base.duckdb"
    connection = ibis.duckdb.connect(path)
    for schema, sales in (("paris", SALES), ("lyon", SALES[:2])):
        connection.create_database(schema)
        connection.create_table("ventes", ibis.memtable(sales), database=schema)
    connection.disconnect()
    with pytest.raises(SourceError, match=r"\(lyon\.ventes, paris\.ventes\)") as caught:
        open_data(path, mapping={"columns": COLUMNS, "table": "ventes"})
    assert "table: lyon.ventes, or table: paris.ventes" in caught.value.hint
    data = open_data(path, mapping={"columns": COLUMNS, "table": "paris.ventes"})
    assert data.orders.count().execute() == 3
    (found,) = [found for found in data.findings if found.code == "ignored_table"]
    assert (found.level, found.details) == ("suspicious", {"name": "lyon.ventes"})
    assert "lyon.ventes" in found.text("fr")
    assert not _told(data, "misnamed_file")


def _told(data, code):
    return [
        (found.table, found.column, found.level) for found in data.findings if found.code == code
    ]


def _contacted(data):
    return {str(moment.date()) for moment in data.campaign_members.contacted_at.to_pandas()}


@pytest.mark.parametrize("made", [_folder, _workbook, _duckdb, _frames])
@pytest.mark.parametrize(
    ("proof", "read"), [("12/25/2025", "2025-04-05"), ("25/12/2025", "2025-05-04")]
)
def test_dates_beside_that_tell_nothing_are_as_those_of_the_extract(tmp_path, made, proof, read):
    sales = SALES.assign(Date=[proof, proof, "04/05/2025", "04/05/2025"])
    members = MEMBERS.assign(contacted_at="04/05/2025")
    data = open_data(
        made(tmp_path, {"ventes": sales, "campaign_members": members}), mapping={"columns": COLUMNS}
    )
    assert _contacted(data) == {read}
    assert [level for _, _, level in _told(data, "dates_as_elsewhere")] == ["info"]
    assert not _told(data, "ambiguous_dates")


def test_dates_beside_that_tell_otherwise_are_said(tmp_path):
    sales = SALES.assign(Date="12/25/2025")
    members = MEMBERS.assign(contacted_at=["25/12/2025", "04/05/2025", "04/05/2025"])
    source = _folder(tmp_path, {"ventes": sales, "campaign_members": members})
    data = open_data(source, mapping={"columns": COLUMNS})
    assert _contacted(data) == {"2025-12-25", "2025-05-04"}
    assert _told(data, "dates_unlike_elsewhere") == [
        ("campaign_members.csv", "contacted_at", "suspicious")
    ]


@pytest.mark.parametrize(
    ("given", "written", "read"),
    [
        ("%m/%d/%Y", "04/05/2025", "2025-04-05"),
        ("%d/%m/%Y", "04/05/2025", "2025-05-04"),
        ("%m/%d/%Y", "04-05-2025", "2025-04-05"),
        ("%m/%d/%Y", "2025-04-05", "2025-04-05"),
        ("%Y-%d-%m", "2025-04-05", "2025-05-04"),
    ],
)
def test_the_format_of_dates_is_that_of_tables_beside_too(tmp_path, given, written, read):
    day = pd.Timestamp("2025-03-04").strftime(given)
    source = _folder(
        tmp_path,
        {
            "ventes": SALES.assign(Date=day),
            "campaign_members": MEMBERS.assign(contacted_at=written),
        },
    )
    rules = {"columns": COLUMNS, "format": {"date_format": given}}
    data = open_data(source, mapping=rules)
    assert data.orders.ordered_at.min().execute() == pd.Timestamp("2025-03-04")
    assert _contacted(data) == {read}


def test_canonical_tables_are_written_as_their_orders_are(tmp_path):
    orders = pd.DataFrame({"order_id": ["1", "2"], "ordered_at": ["12/25/2025", "04/05/2025"]})
    members = MEMBERS.assign(contacted_at="04/05/2025")
    data = open_data(_folder(tmp_path, {"orders": orders, "campaign_members": members}))
    assert _contacted(data) == {"2025-04-05"}
    assert "as the dates of the orders are written" in next(
        found.text("en") for found in data.findings if found.code == "dates_as_elsewhere"
    )


def test_a_view_of_what_is_elsewhere_is_refused_in_words(tmp_path):
    path = tmp_path / "base.duckdb"
    with duckdb.connect(path) as connection:
        connection.register("given", MEMBERS)
        connection.execute("CREATE VIEW campaign_members AS FROM given")
        connection.register("sold", SALES)
        connection.execute("CREATE TABLE ventes AS FROM sold")
    with pytest.raises(SourceError, match="the view 'campaign_members' reads a table"):
        open_data(path, mapping={"columns": COLUMNS})
