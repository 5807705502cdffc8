"""Everything that holds a client's tables opens as the same canonical tables."""

from __future__ import annotations

import datetime as dt
import gc
from decimal import Decimal

import duckdb
import hypothesis.strategies as st
import ibis
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from marketing_kpi.data.connections import sanitised
from marketing_kpi.data.model import TABLES
from marketing_kpi.data.sources import open_data
from marketing_kpi.errors import ConfigError, MappingError, SourceError

ORDERS = pd.DataFrame(
    {
        "order_id": ["A1", "A2", "A3"],
        "customer_id": ["C1", None, "C2"],
        "ordered_at": pd.to_datetime(["2025-01-02 10:00", "2025-01-03 00:00", "2025-02-01 00:00"]),
        "status": ["placed", "Cancelled", "delivered"],
        "gift": ["yes", "no", None],
    }
)
LINES = pd.DataFrame(
    {
        "order_id": ["A1", "A1", "A3"],
        "line_id": ["1", "2", "1"],
        "quantity": [2, 1, 3],
        "unit_price": [10.5, 4.25, 1.1],
    }
)
AMOUNTS = [("A1", Decimal("25.25")), ("A2", None), ("A3", Decimal("3.3"))]


def _rows(table, *columns):
    ordered = table.order_by(table.columns[0]).select(*columns)
    return [tuple(row.values()) for row in ordered.to_pyarrow().to_pylist()]


def _codes(data):
    return [finding.code for finding in data.findings]


def _check(data):
    """The tables above, whatever they came in."""
    assert list(data.tables) == ["orders", "order_lines"]
    for name, table in data.tables.items():
        for column in TABLES[name].columns:
            if column.name in table.columns:
                found = table[column.name].type()
                expected = ibis.expr.datatypes.dtype(column.type)
                assert type(found) is type(expected), (name, column.name)
    assert _rows(data.orders, "order_id", "amount") == AMOUNTS
    assert _rows(data.orders, "status") == [("placed",), ("cancelled",), ("delivered",)]
    assert _rows(data.orders, "customer_id", "gift") == [("C1", "yes"), (None, "no"), ("C2", None)]
    assert data.orders.columns[-1] == "gift"
    assert "amount_derived" in _codes(data)


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "tsv", "xlsx", "parquet"])
def test_a_folder_of_files(tmp_path, kind):
    for name, frame in (("Orders", ORDERS), ("order_lines", LINES)):
        path = tmp_path / f"{name}.{kind}"
        if kind == "xlsx":
            frame.to_excel(path, index=False)
        elif kind == "parquet":
            frame.to_parquet(path)
        else:
            frame.to_csv(path, index=False, sep="\t" if kind == "tsv" else ",")
    with open_data(tmp_path) as data:
        _check(data)
        assert data.source == tmp_path.name


def test_a_folder_of_parquet_parts(tmp_path):
    (tmp_path / "orders").mkdir()
    ORDERS[:2].to_parquet(tmp_path / "orders" / "part-1.parquet")
    ORDERS[2:].to_parquet(tmp_path / "orders" / "part-2.parquet")
    LINES.to_parquet(tmp_path / "order_lines.parquet")
    _check(open_data(tmp_path))


def test_a_dictionary_of_frames_which_stay_as_they_are():
    before = ORDERS.copy(deep=True), LINES.copy(deep=True)
    data = open_data({"orders": ORDERS, "order lines": LINES})
    _check(data)
    assert data.from_pandas
    pd.testing.assert_frame_equal(ORDERS, before[0])
    pd.testing.assert_frame_equal(LINES, before[1])


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(path) as connection:
        for name, frame in (("orders", ORDERS), ("order_lines", LINES), ("notes", LINES)):
            connection.register("given", frame)
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
    return path


def test_a_duckdb_file_is_opened_read_only(database):
    before = database.read_bytes()
    with open_data(database) as data:
        _check(data)
        assert "ignored_file" in _codes(data)
    assert database.read_bytes() == before


def test_a_duckdb_url(database):
    with open_data(f"duckdb://{database}") as data:
        _check(data)


def test_an_ibis_connection_stays_open_and_lazy(database):
    connection = ibis.duckdb.connect(database, read_only=True)
    data = open_data(connection)
    _check(data)
    assert data.connection is connection
    assert not data.from_pandas
    data.close()
    assert connection.table("orders").count().execute() == 3


def test_ibis_tables():
    connection = ibis.duckdb.connect()
    tables = {
        "orders": connection.create_table("o", ORDERS),
        "order_lines": connection.create_table("l", LINES),
    }
    data = open_data(tables)
    _check(data)
    assert data.connection is connection
    other = ibis.duckdb.connect().create_table("l", LINES)
    with pytest.raises(SourceError, match="2 connections"):
        open_data({**tables, "order_lines": other})


def test_ibis_tables_repair_ids_and_times():
    connection = ibis.duckdb.connect()
    frame = ORDERS.assign(
        customer_id=[17850.0, None, 12346.5], ordered_at=ORDERS.ordered_at.dt.tz_localize("UTC")
    )
    data = open_data({"orders": connection.create_table("o", frame)})
    assert _rows(data.orders, "customer_id") == [("17850",), (None,), ("12346.5",)]
    assert _rows(data.orders, "ordered_at")[0] == (dt.datetime(2025, 1, 2, 10),)


def test_a_connection_without_orders_is_refused():
    connection = ibis.duckdb.connect()
    connection.create_table("sales", LINES)
    with pytest.raises(SourceError, match=r"no table of the model \(found: sales\)"):
        open_data(connection)


def test_secrets_of_a_url_are_never_shown(monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", "h/unter2")
    for url in (
        "nosuch://anna:h%2Funter2@db.example/shop?token=abc123",
        "nosuch://anna:${SHOP_PASSWORD}@db.example/shop?token=abc123",
    ):
        with pytest.raises(
            SourceError, match=r"cannot connect to nosuch://anna@db\.example/shop"
        ) as e:
            open_data(url)
        assert e.value.__cause__ is None
        assert e.value.__context__ is None
        assert not any(secret in str(e.value) for secret in ("h/unter2", "h%2Funter2", "abc123"))


def test_an_environment_variable_that_is_not_set_is_named(monkeypatch):
    monkeypatch.delenv("SHOP_PASSWORD", raising=False)
    with pytest.raises(SourceError, match=r"\$\{SHOP_PASSWORD\}, which the environment does not"):
        open_data("postgres://anna:${SHOP_PASSWORD}@db.example/shop")


def test_sanitised_urls_keep_what_helps():
    assert sanitised("postgres://db:5432/shop") == "postgres://db:5432/shop"
    assert sanitised("snowflake://u:p@acc/db?role=x") == "snowflake://u@acc/db"


def test_renamed_columns(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("No;Le;État;amount\nA1;02/01/2025;Annulée;5\nA2;13/01/2025;Livrée;6\n")
    mapping = {
        "kind": "tables",
        "tables": {"orders": {"order_id": "No", "ordered_at": "Le", "status": "État"}},
        "values": {"status": {"annulée": "cancelled", "Livrée": "delivered"}},
    }
    data = open_data(path, mapping=mapping)
    assert _rows(data.orders, "order_id", "status") == [("A1", "cancelled"), ("A2", "delivered")]
    assert "values_renamed" in _codes(data)
    mapping["tables"]["orders"]["order_id"] = "Numero"
    with pytest.raises(MappingError, match="no column 'Numero'"):
        open_data(path, mapping=mapping)


def test_excel_sheets_header_rows_and_dates(tmp_path):
    path = tmp_path / "orders.xlsx"
    frame = ORDERS.assign(customer_id=[17850, 12, None], amount=[1234.5, 2, None])
    with pd.ExcelWriter(path) as book:
        LINES.to_excel(book, sheet_name="Autre", index=False)
        frame.to_excel(book, sheet_name="Ventes", index=False, startrow=2)
    mapping = {"kind": "tables", "format": {"sheet": "Ventes", "header_row": 3}}
    data = open_data(path, mapping=mapping)
    assert _rows(data.orders, "customer_id", "amount") == [
        ("17850", Decimal("1234.5")), ("12", Decimal(2)), (None, None),
    ]  # fmt: skip
    assert _rows(data.orders, "ordered_at")[0] == (dt.datetime(2025, 1, 2, 10),)
    mapping["format"]["sheet"] = "Vente"
    with pytest.raises(SourceError, match="no sheet 'Vente'; did you mean 'Ventes'"):
        open_data(path, mapping=mapping)


def test_types_of_frames():
    frame = pd.DataFrame(
        {
            "order_id": pd.Series([1, 2], dtype="Int64"),
            "customer_id": pd.Series([17850.0, float("nan")]),
            "ordered_at": pd.to_datetime(["2025-01-02 23:30", "2025-07-02 23:30"]).tz_localize(
                "America/Toronto"
            ),
            "channel": pd.Series(["web", "store"], dtype="category"),
            "is_test": pd.Series([True, None], dtype="object"),
            "amount": [Decimal("1.5"), None],
            "recognised_at": [dt.date(2025, 1, 2), None],
        }
    )
    data = open_data({"orders": frame})
    assert data.orders.to_pyarrow().to_pylist() == [
        {
            "order_id": "1", "customer_id": "17850", "ordered_at": dt.datetime(2025, 1, 2, 23, 30),
            "channel": "web", "recognised_at": dt.datetime(2025, 1, 2), "is_test": True,
            "amount": Decimal("1.5"),
        },
        {
            "order_id": "2", "customer_id": None, "ordered_at": dt.datetime(2025, 7, 2, 23, 30),
            "channel": "store", "recognised_at": None, "is_test": None, "amount": None,
        },
    ]  # fmt: skip
    assert set(_codes(data)) == {"time_zones_dropped", "float_ids"}


def test_an_index_with_a_name_is_a_column():
    data = open_data({"orders": ORDERS.set_index("order_id")})
    assert data.has("orders", "order_id")


def test_the_temporary_folder_goes_with_the_data(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    data = open_data({"orders": ORDERS})
    assert list(tmp_path.iterdir())
    data.close()
    assert not list(tmp_path.iterdir())
    data = open_data({"orders": ORDERS})
    del data
    gc.collect()
    assert not list(tmp_path.iterdir())
    with pytest.raises(SourceError):
        open_data(tmp_path / "absent.csv")
    with pytest.raises(SourceError):
        open_data({"orders": pd.DataFrame({"order_id": [], "ordered_at": []})})
    assert not list(tmp_path.iterdir())


def test_a_memory_limit_that_is_no_size():
    with pytest.raises(ConfigError, match="memory_limit 'lots' is not a size"):
        open_data({"orders": ORDERS}, memory_limit="lots")


def test_data_already_open_are_returned():
    data = open_data({"orders": ORDERS})
    assert open_data(data) is data


_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["C1", "C2", "00042", "é-œ", ""]),
        st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2030, 1, 1)),
        st.decimals(-99999, 9999999, places=2),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=_ROWS,
    delimiter=st.sampled_from([";", "\t"]),
    comma=st.booleans(),
    encoding=st.sampled_from(["utf-8", "cp1252", "utf-8-sig"]),
    day_first=st.booleans(),
)
def test_what_is_written_is_read_back(tmp_path, rows, delimiter, comma, encoding, day_first):
    pattern = "%d/%m/%Y %H:%M:%S" if day_first else "%Y-%m-%d %H:%M:%S"
    # An unambiguous day and amount: without one the file itself does not say how it is written.
    rows = [("C1", dt.datetime(2025, 12, 31), Decimal("1.25")), *rows]
    lines = [delimiter.join(["order_id", "customer_id", "ordered_at", "amount"])]
    for number, (customer, moment, amount) in enumerate(rows):
        shown = str(amount).replace(".", ",") if comma else str(amount)
        lines.append(delimiter.join([f"A{number:03}", customer, moment.strftime(pattern), shown]))
    path = tmp_path / "orders.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    with open_data(path) as data:
        read = _rows(data.orders, "customer_id", "ordered_at", "amount")
    assert read == [(c or None, m.replace(microsecond=0), a) for c, m, a in rows]


@settings(max_examples=10, deadline=None)
@given(order=st.permutations(range(6)))
def test_the_order_of_rows_changes_nothing(order):
    frame = pd.DataFrame(
        {
            "order_id": ["A1", "A1", "A2", "A2", "A3", "A3"],
            "ordered_at": [
                "03/04/2025",
                "03/04/2025",
                "13/04/2025",
                "14/04/2025",
                "01/05/2025",
                "",
            ],
            "customer_id": ["C1", "", "C2", "C3", "C1", "C1"],
            "quantity": ["1", "2", "1", "-1", "3", "1"],
            "unit_price": ["1,5", "2", "3", "3", "1.000,5", "1"],
        }
    ).assign(line_id=["1", "2", "1", "2", "1", "2"])
    mapping = {"columns": {name: name for name in frame.columns}}
    mapping["returns"] = {"negative_quantity": True}
    results = []
    for given_frame in (frame, frame.iloc[list(order)]):
        with open_data({"lines": given_frame}, mapping=mapping) as data:
            tables = {
                name: sorted(map(str, table.to_pyarrow().to_pylist()))
                for name, table in data.tables.items()
            }
            counts = sorted((f.code, f.count, f.total) for f in data.findings)
        results.append((tables, counts))
    assert results[0] == results[1]
