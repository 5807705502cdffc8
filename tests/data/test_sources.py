"""Everything that holds a client's tables opens as the same canonical tables."""

from __future__ import annotations

import datetime as dt
import gc
import sqlite3
from contextlib import closing
from decimal import Decimal
from unittest.mock import Mock

import duckdb
import hypothesis.strategies as st
import ibis
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

import marketing_kpi as mk
from marketing_kpi.data.connections import sanitised
from marketing_kpi.data.model import TABLES
from marketing_kpi.data.quality import check
from marketing_kpi.data.sources import open_data
from marketing_kpi.errors import ColumnError, ConfigError, MappingError, SourceError
from marketing_kpi.kpis.compute import compute

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


def test_a_driver_that_does_not_load_is_told_in_its_own_words(monkeypatch):
    for error, told in (
        (ModuleNotFoundError("No module named 'psycopg'", name="psycopg"), "'psycopg' is not inst"),
        (ImportError("no pq wrapper available.\nAttempts made: 3"), "no pq wrapper available"),
    ):
        monkeypatch.setattr(ibis, "connect", Mock(side_effect=error))
        with pytest.raises(SourceError, match=told):
            open_data("postgres://anna:secret@db.example/shop")


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


@pytest.mark.parametrize("engine", ["pandas", "duckdb", "parquet"])
@pytest.mark.parametrize("kind", ["int64", "float64", "uint64"])
def test_typed_numbers_too_large_for_money_are_counted_and_left_out(engine, kind, tmp_path):
    amounts = pd.Series([12, 10**15, 10**14, 10**13], dtype=kind)
    frame = pd.DataFrame({"order_id": list("abcd"), "ordered_at": pd.Timestamp("2025-01-05")})
    frame = frame.assign(amount=amounts)
    source = {"orders": frame}
    if engine == "duckdb":
        source = {"orders": ibis.duckdb.connect().create_table("orders", frame)}
    elif engine == "parquet":
        source = tmp_path / "orders.parquet"
        frame.to_parquet(source)
    data = open_data(source)
    amounts = [row[1] for row in _rows(data.orders, "order_id", "amount")]
    assert amounts == [Decimal(12), None, None, Decimal(10**13)]
    [found] = [one for one in data.findings if one.code == "unreadable_values"]
    assert (found.level, found.column, found.count, found.total) == ("dropped", "amount", 2, 4)
    assert [float(one["value"]) for one in found.examples] == [1e14, 1e15]
    assert "not a number below 10^14" in found.text("en")


def test_typed_whole_numbers_too_large_are_counted_and_left_out():
    frame = pd.DataFrame({"session_id": ["s", "t"], "page_views": [1e19, 3.0]})
    data = open_data({"orders": ORDERS, "sessions": frame})
    assert _rows(data.sessions, "session_id", "page_views") == [("s", None), ("t", 3)]
    assert "unreadable_values" in _codes(data)


def test_a_line_of_a_price_and_a_quantity_too_large_is_left_out_and_said():
    frame = pd.DataFrame({"order_id": ["a", "b"], "ordered_at": ["2025-01-05"] * 2})
    frame = frame.assign(quantity=[10**9, 2], unit_price=[1e9, 3.0])
    rules = {"columns": {name: name for name in frame.columns}}
    data = open_data({"sales": frame}, mapping=rules)
    assert _rows(data.orders, "order_id", "amount") == [("b", Decimal(6))]
    assert "rows_unpriced" in _codes(data)


def test_a_line_of_ten_billion_is_summed():
    frame = pd.DataFrame({"order_id": ["a", "b"], "ordered_at": ["2025-01-05"] * 2})
    frame = frame.assign(quantity=[10**4, 2], unit_price=[1e6, 3.0])
    rules = {"columns": {name: name for name in frame.columns}}
    data = open_data({"sales": frame}, mapping=rules)
    assert _rows(data.orders, "amount") == [(Decimal(10**10),), (Decimal(6),)]
    assert check(data).worst != "error"
    sold = mk.compute(["net_sales"], data, start="2025-01-01", end="2026-01-01")
    assert float(sold.net_sales[0]) == 10**10 + 6


def test_parquet_times_are_those_of_the_zone_that_their_column_states(tmp_path):
    times = pd.to_datetime(["2025-01-02 00:15", "2025-07-02 23:30"])
    local = [(dt.datetime(2025, 1, 2, 0, 15),), (dt.datetime(2025, 7, 2, 23, 30),)]
    for zone, code in (("Europe/Paris", "local_times"), ("UTC", "utc_times")):
        frame = pd.DataFrame({"order_id": ["a", "b"], "amount": [1, 2]})
        frame = frame.assign(ordered_at=times.tz_localize(zone))
        path = tmp_path / zone.replace("/", "-") / "orders.parquet"
        path.parent.mkdir()
        frame.to_parquet(path)
        with open_data(path) as data:
            assert _rows(data.orders, "ordered_at") == local
            assert code in _codes(data)
            assert {one.text("fr") for one in data.findings if one.code == code}


@pytest.mark.parametrize("first", ["America/Montreal", None])
@pytest.mark.parametrize("second", ["Europe/Paris", "UTC", None])
def test_parts_in_several_zones_keep_the_times_that_they_show(tmp_path, first, second):
    """Times without a zone are local, whatever the other parts say of theirs."""
    shown = [dt.datetime(2025, 3, 3, 10), dt.datetime(2025, 3, 4, 2)]
    folder = tmp_path / "orders"
    folder.mkdir()
    for number, zone in enumerate((first, second)):
        times = pd.to_datetime(shown).tz_localize(zone)
        frame = pd.DataFrame({"order_id": [f"{number}a", f"{number}b"], "ordered_at": times})
        frame.assign(amount=1).to_parquet(folder / f"{number}.parquet")
    with open_data(folder) as data:
        assert _rows(data.orders, "ordered_at") == [(moment,) for moment in shown * 2]
        local = {f.details["local"]: f for f in data.findings if f.code == "local_times"}
        assert set(local) == {zone for zone in (first, second) if zone not in (None, "UTC")}
        assert {(found.count, found.total) for found in local.values()} <= {(2, 4)} or (
            first == second
        )
        told = [found for found in data.findings if found.code == "zones_of_parts"]
        assert len(told) == (first != second)
        assert {found.level for found in told} <= {"suspicious"}
        assert all("ordered_at" in found.text("fr") for found in told)


@pytest.mark.parametrize("other", ["nanoseconds", "text", "day"])
@pytest.mark.parametrize("unit", ["us", "ns"])
@pytest.mark.parametrize("first", [True, False])
def test_a_zoned_part_keeps_the_times_that_it_shows_beside_any_other(tmp_path, other, unit, first):
    shown = pd.to_datetime(["2025-03-03 10:00", "2025-03-04 02:00"]).as_unit(unit)
    others = {
        "nanoseconds": shown.as_unit("ns"),
        "text": shown.strftime("%Y-%m-%d %H:%M:%S"),
        "day": shown.date,
    }
    parts = [shown.tz_localize("America/Montreal"), others[other]]
    folder = tmp_path / "orders"
    folder.mkdir()
    for number, times in enumerate(parts if first else parts[::-1]):
        frame = pd.DataFrame({"order_id": [f"{number}a", f"{number}b"], "ordered_at": times})
        frame.assign(amount=1).to_parquet(folder / f"{number}.parquet")
    local = sorted(moment.to_pydatetime() for moment in shown)
    expected = [local, [moment.replace(hour=0) for moment in local] if other == "day" else local]
    with open_data(folder) as data:
        read = [moment for (moment,) in _rows(data.orders, "ordered_at")]
        one, two = expected if first else expected[::-1]
        assert read == one + two
        told = {found.code: found for found in data.findings}
        assert told["local_times"].details["local"] == "America/Montreal"
        assert told["local_times"].count == 2
        assert "time_zones_dropped" not in told
        assert told["zones_of_parts"].details["zones"] == ["America/Montreal", "–"]


def test_times_of_a_database_in_utc_are_said_to_be(tmp_path):
    connection = ibis.duckdb.connect()
    frame = ORDERS.assign(ordered_at=ORDERS.ordered_at.dt.tz_localize("America/Toronto"))
    data = open_data({"orders": connection.create_table("o", frame)})
    assert "utc_times" in _codes(data)


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


# --- data that stay on a connection
SHOP = (
    "(1, 'A1', 'C1', TIMESTAMP '2025-01-05 10:00', 'canceled', 10.0), "
    "(2, 'A2', 'C1', TIMESTAMP '2025-01-06 10:00', 'Delivered', 12.0), "
    "(3, NULL, 'C2', TIMESTAMP '2025-01-07 10:00', 'placed', 3.0), "
    "(4, 'A4', 'C2', NULL, 'placed', 4.0), "
    "(2, 'A2', 'C1', TIMESTAMP '2025-01-06 10:00', 'Delivered', 12.0)"
)


def _told(data):
    return sorted((one.code, one.column, one.count, one.total) for one in data.findings)


def test_a_connection_gives_what_its_file_gives(tmp_path):
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(
            f"CREATE TABLE orders AS SELECT * FROM (VALUES {SHOP}) "
            "AS o(n, order_id, customer_id, ordered_at, status, amount)"
        )
    connection = ibis.duckdb.connect(path, read_only=True)
    lazy = open_data(connection)
    with open_data(path) as read:
        assert _told(lazy) == _told(read)
        for data in (lazy, read):
            assert _rows(data.orders, "order_id", "status", "amount") == [
                ("A1", "cancelled", Decimal(10)), ("A2", "delivered", Decimal(12)),
            ]  # fmt: skip
    assert ("rows_incomplete", None, 2, 5) in _told(lazy)
    assert ("duplicate_rows_dropped", None, 1, 3) in _told(lazy)
    assert ("values_renamed", "status", 3, 5) in _told(lazy)
    connection.disconnect()


@pytest.fixture(params=["duckdb", "sqlite"])
def texts(request):
    """An engine whose orders hold everything as text, as an import from CSV leaves them."""
    connection = getattr(ibis, request.param).connect()
    connection.raw_sql(
        "CREATE TABLE orders (order_id TEXT, customer_id TEXT, ordered_at TEXT, is_test TEXT, "
        "amount TEXT)"
    )
    yield connection
    connection.disconnect()


def _insert(connection, *rows):
    values = ", ".join("(" + ", ".join(f"'{cell}'" for cell in row) + ")" for row in rows)
    connection.raw_sql(f"INSERT INTO orders VALUES {values}")


def test_text_on_a_connection_is_read_and_what_is_not_is_counted(texts):
    _insert(
        texts,
        (" A1 ", "C1", "2025-01-05 10:30:00", "no", "10.5"),
        ("A2", "", "2025-02-28", "oui", "1,5"),
        ("A3", "NULL", "2025-01-07T08:00:00Z", "", "-3"),
        ("A4", "C4", "05/01/2025", "false", "4"),
    )
    data = open_data(texts)
    assert _rows(data.orders, "order_id", "customer_id", "ordered_at", "is_test", "amount") == [
        ("A1", "C1", dt.datetime(2025, 1, 5, 10, 30), False, Decimal("10.5")),
        ("A2", None, dt.datetime(2025, 2, 28), True, None),
        ("A3", None, dt.datetime(2025, 1, 7, 8), None, Decimal(-3)),
    ]
    assert _told(data) == [
        ("null_words", "customer_id", 1, None),
        ("rows_incomplete", None, 1, 4),
        ("time_zones_dropped", "ordered_at", 1, 4),
        ("unreadable_values", "amount", 1, 4),
        ("unreadable_values", "ordered_at", 1, 4),
    ]
    [amount] = [one for one in data.findings if one.column == "amount"]
    assert amount.examples == ({"value": "1,5"},)
    quality = check(data)
    assert {one.code for one in quality.findings} >= {"unidentified_orders", "negative_orders"}


def test_prices_in_text_keep_their_decimals_and_amounts_say_what_they_lose(texts):
    _insert(texts, ("A1", "C1", "2025-01-05", "no", "10.123456"))
    texts.raw_sql("CREATE TABLE products (product_id TEXT, list_price TEXT)")
    texts.raw_sql("INSERT INTO products VALUES ('P1', '0.00012'), ('P2', '3')")
    data = open_data(texts)
    assert _rows(data.products, "list_price") == [(Decimal("0.00012"),), (Decimal(3),)]
    assert _rows(data.orders, "amount") == [(Decimal("10.1235"),)]
    assert ("rounded", "amount", 1, 1) in _told(data)


def test_a_whole_shop_on_an_engine_with_fewer_functions():
    """SQLite has no median, no NaN and no types of its own for dates."""
    connection = ibis.sqlite.connect()
    frame = ORDERS.assign(customer_id=[17850.0, None, 12346.0], amount=[1.5, 2.0, -3.0])
    connection.create_table("orders", frame)
    connection.create_table("order_lines", LINES)
    data = open_data(connection)
    assert _rows(data.orders, "customer_id", "amount") == [
        ("17850", Decimal("1.5")), (None, Decimal(2)), ("12346", Decimal(-3)),
    ]  # fmt: skip
    assert ("float_ids", "customer_id", 2, 3) in _told(data)
    codes = {one.code for one in check(data, as_of="2025-02-01").findings}
    assert {"negative_orders", "amount_mismatch", "future_dates"} <= codes
    connection.disconnect()


@pytest.fixture
def sqlite_file(tmp_path):
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        ORDERS.assign(customer_id=["C1", "C2", "C1"], amount=[10.5, 2, 4]).to_sql(
            "orders", connection, index=False
        )
        LINES.to_sql("order_lines", connection, index=False)
    return path


def test_every_kind_of_kpi_is_computed_on_sqlite(sqlite_file, tmp_path):
    kpis = ["net_sales", "average_order_value", "repeat_purchase_rate", "buyers"]
    asked = {"grain": "month", "start": "2025-01-01", "end": "2025-03-01"}
    before = sqlite_file.read_bytes()
    frames = {"orders": ORDERS.assign(customer_id=["C1", "C2", "C1"], amount=[10.5, 2, 4])}
    expected = mk.compute(kpis, open_data({**frames, "order_lines": LINES}), **asked)
    with open_data(f"sqlite://{sqlite_file}") as data:
        found = mk.compute(kpis, data, **asked).execute()
        assert mk.sql("average_order_value", data)
    numbers = dict.fromkeys(kpis, float)
    pd.testing.assert_frame_equal(found.astype(numbers), expected.astype(numbers))
    connection = ibis.sqlite.connect(sqlite_file)
    tables = {name: connection.table(name) for name in ("orders", "order_lines")}
    with open_data(tables) as data:
        again = mk.compute(kpis, data, **asked).execute()
    pd.testing.assert_frame_equal(again.astype(numbers), expected.astype(numbers))
    assert sorted(connection.list_tables()) == ["order_lines", "orders"]
    connection.disconnect()
    assert sqlite_file.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["shop.sqlite"]


def test_sqlite_keeps_any_value_under_any_type(tmp_path):
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "CREATE TABLE orders (order_id INTEGER, customer_id, ordered_at TIMESTAMP, "
            "amount DECIMAL(10, 2), till)"
        )
        rows = [
            (1, "C1", "2025-01-05 10:30:00", 10.5, None),
            (2, 17, "2025-01-06", "n/a", None),
            (3, b"C3", "2025-01-07", 4, None),
        ]
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", rows)
        connection.commit()
    with open_data(f"sqlite://{path}") as data:
        assert _rows(data.orders, "order_id", "customer_id", "ordered_at", "amount") == [
            ("1", "C1", dt.datetime(2025, 1, 5, 10, 30), Decimal("10.5")),
            ("2", "17", dt.datetime(2025, 1, 6), None),
            ("3", "C3", dt.datetime(2025, 1, 7), Decimal(4)),
        ]


def test_a_sqlite_database_that_does_not_exist_is_not_made(sqlite_file):
    with pytest.raises(SourceError, match=r"does not exist; did you mean 'shop\.sqlite'"):
        open_data(f"sqlite://{sqlite_file.parent}/shap.sqlite")
    assert [entry.name for entry in sqlite_file.parent.iterdir()] == ["shop.sqlite"]


def test_the_path_of_a_sqlite_database_points_to_its_url(sqlite_file):
    with pytest.raises(SourceError, match="is a SQLite database") as e:
        open_data(sqlite_file)
    assert f"sqlite://{sqlite_file}" in e.value.hint


def test_text_dates_that_no_engine_reads_are_refused(texts):
    _insert(texts, ("A1", "C1", "05/01/2025", "no", "10.5"), ("A2", "C1", "6/1/2025", "no", "2"))
    with pytest.raises(ColumnError, match="orders, column ordered_at: no value can be read") as e:
        open_data(texts)
    assert "'05/01/2025'" in str(e.value)
    assert "2025-12-31" in e.value.hint


def test_copies_in_a_flat_table_of_a_connection_are_counted():
    connection = ibis.duckdb.connect()
    row = {"order_id": "A1", "ordered_at": dt.datetime(2025, 1, 5), "quantity": 1, "unit_price": 5}
    frame = pd.DataFrame([row, row, {**row, "order_id": "A2"}])
    sales = connection.create_table("sales", frame)
    for action, code, lines in (
        ("drop", "duplicate_rows_dropped", 2),
        ("keep", "duplicate_rows", 3),
    ):
        mapping = {"columns": {name: name for name in row}, "duplicates": action}
        lazy = open_data({"sales": sales}, mapping=mapping)
        read = open_data({"sales": frame}, mapping=mapping)
        assert (code, None, 1, 3) in _told(lazy)
        assert _told(lazy) == _told(read)
        sold = {"read": 3, "sold": lines, "returned": 0, "left": 3 - lines}
        for data in (lazy, read):
            assert [one.details for one in data.findings if one.code == "rows_read"] == [sold]
        assert lazy.order_lines.count().execute() == lines


def test_an_order_on_several_rows_of_a_connection_counts_once_or_is_refused():
    row = {"order_id": "A1", "ordered_at": dt.datetime(2025, 1, 5), "amount": 30}
    mapping = {"kind": "orders", "columns": {name: name for name in row}}
    connection = ibis.duckdb.connect()
    twice = connection.create_table("twice", pd.DataFrame([row, row]))
    assert _rows(open_data({"s": twice}, mapping=mapping).orders, "amount") == [(Decimal(30),)]
    apart = connection.create_table("apart", pd.DataFrame([row, {**row, "amount": 40}]))
    with pytest.raises(SourceError, match="order_id 'A1' stands on 2 rows that differ"):
        open_data({"s": apart}, mapping=mapping)


# --- returns below zero


def _returned(*values):
    """Make a shop of one sale of 45 and of returns of these quantities and amounts."""
    return {
        "orders": pd.DataFrame(
            {"order_id": ["A1"], "ordered_at": [pd.Timestamp("2025-01-02")], "amount": [45.0]}
        ),
        "returns": pd.DataFrame(
            {
                "return_id": [f"R{n}" for n in range(len(values))],
                "order_id": "A1",
                "returned_at": pd.Timestamp("2025-01-09"),
                "quantity": [quantity for quantity, _ in values],
                "refund_amount": [amount for _, amount in values],
            }
        ),
    }


def _rate(shop):
    with open_data(shop) as data:
        found = compute("return_rate_value", data, start="2025-01-01", end="2026-01-01")
        return found.return_rate_value.iloc[0] if data.from_pandas else found.execute().iloc[0, 0]


@pytest.mark.parametrize("engine", ["pandas", "duckdb", "sqlite"])
def test_returns_written_below_zero_are_read_as_positive(engine):
    shop = _returned((-1, -10.0), (-2, None), (None, 0.0))
    if engine != "pandas":
        connection = getattr(ibis, engine).connect()
        shop = {name: connection.create_table(name, frame) for name, frame in shop.items()}
    with open_data(shop) as data:
        assert _rows(data.returns, "quantity", "refund_amount") == [
            (Decimal(1), Decimal(10)), (Decimal(2), None), (None, Decimal(0)),
        ]  # fmt: skip
        assert _told(data) == [
            ("returns_turned", "quantity", 2, 3), ("returns_turned", "refund_amount", 1, 3),
        ]  # fmt: skip
        assert {one.level for one in data.findings} == {"repaired"}


def test_the_sign_of_returns_does_not_change_their_rate():
    positive = _returned((1, 10.0), (2, 5.0))
    assert _rate(positive) == _rate(_returned((-1, -10.0), (-2, -5.0))) == pytest.approx(1 / 3)
    # an amount below zero beside a quantity above it, as some tills have it
    assert _rate(_returned((1, -10.0), (2, -5.0))) == pytest.approx(1 / 3)


def test_returns_of_both_signs_are_set_aside():
    shop = _returned((1, 10.0), (-1, 5.0), (2, -4.0), (None, None))
    with open_data(shop) as data:
        assert [row[0] for row in _rows(data.returns, "return_id")] == ["R0", "R3"]
        assert _told(data) == [
            ("returns_of_both_signs", "quantity", 1, 4),
            ("returns_of_both_signs", "refund_amount", 1, 4),
        ]
        assert {one.level for one in data.findings} == {"dropped"}
    assert _rate(shop) == pytest.approx(10 / 45)


def test_positive_returns_are_left_as_they_are():
    with open_data(_returned((1, 10.0), (0, 0.0))) as data:
        assert data.findings == ()
        assert len(_rows(data.returns, "return_id")) == 2


# --- folders, parts, sheets
def test_two_tables_of_a_database_with_one_meaning_are_refused(tmp_path):
    for number, other in enumerate(("archive.orders", '"order"')):
        path = tmp_path / f"shop{number}.duckdb"
        with duckdb.connect(path) as connection:
            connection.register("given", ORDERS)
            connection.execute("CREATE SCHEMA archive; CREATE TABLE orders AS FROM given")
            connection.execute(f"CREATE TABLE {other} AS FROM given")
        with pytest.raises(SourceError, match=r"two tables for the table 'orders': .*order") as e:
            open_data(path)
        assert "keep one" in e.value.hint


TILL = {
    "kind": "lines",
    "columns": {
        "order_id": "Ticket",
        "ordered_at": "Date",
        "quantity": "Qte",
        "unit_price": "Prix",
    },
}


def _till(path, *rows, names="Ticket;Date;Qte;Prix"):
    path.write_text("\n".join([names, *rows]) + "\n")


def test_parts_of_a_table_in_text(tmp_path):
    (tmp_path / "orders").mkdir()
    ORDERS[:2].to_csv(tmp_path / "orders" / "part-1.csv", index=False)
    ORDERS[2:].drop(columns="gift").to_csv(tmp_path / "orders" / "part-2.csv", index=False)
    LINES.to_csv(tmp_path / "order_lines.csv", index=False)
    for source, tables in ((tmp_path, 2), (tmp_path / "orders", 1)):
        with open_data(source) as data:
            assert len(data.tables) == tables
            assert _rows(data.orders, "order_id", "customer_id", "status", "gift") == [
                ("A1", "C1", "placed", "yes"),
                ("A2", None, "cancelled", "no"),
                ("A3", "C2", "delivered", None),
            ]
            [differ] = [one for one in data.findings if one.code == "parts_differ"]
            assert differ.table == "orders/*.csv"
            assert differ.details == {"columns": ["gift"]}


def test_files_without_a_column_in_common_are_no_parts(tmp_path):
    folder = tmp_path / "orders"
    folder.mkdir()
    ORDERS.to_csv(folder / "export.csv", index=False)
    (folder / "notes.txt").write_text("what\nwhy\n")
    with pytest.raises(SourceError, match=r"no column in common.*export\.csv, notes\.txt"):
        open_data(folder)


def test_a_folder_of_parquet_parts_called_as_its_table(tmp_path):
    folder = tmp_path / "Orders"
    folder.mkdir()
    for number in (0, 2):
        ORDERS[number : number + 2].to_parquet(folder / f"part[{number}].parquet")
    (folder / "_SUCCESS").touch()
    with open_data(folder) as data:
        assert _rows(data.orders, "order_id") == [("A1",), ("A2",), ("A3",)]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_parts_of_a_flat_extract(tmp_path, kind):
    names = {"order_id": "Ticket", "ordered_at": "Date", "quantity": "Qte", "unit_price": "Prix"}
    frame = LINES.assign(ordered_at="2025-01-05").rename(columns=names)
    for number, part in enumerate((frame[:2], frame[2:]), start=1):
        path = tmp_path / f"orders_2025_{number:02}.{kind}"
        part.to_parquet(path) if kind == "parquet" else part.to_csv(path, index=False)
    with open_data(tmp_path, mapping=TILL) as data:
        assert _rows(data.orders, "order_id", "amount") == [AMOUNTS[0], AMOUNTS[2]]
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "old.csv").write_text("a\n1\n")
    with open_data(tmp_path, mapping=TILL) as data:
        assert [one.table for one in data.findings if one.code == "ignored_folder"] == ["archive"]
    other = tmp_path / f"produits.{kind}"
    products = pd.DataFrame({"Ref": ["P1"], "Nom": ["Gant"]})
    products.to_parquet(other) if kind == "parquet" else products.to_csv(other, index=False)
    with pytest.raises(SourceError, match=rf"produits\.{kind} has no column 'Ticket'"):
        open_data(tmp_path, mapping=TILL)


def test_parts_of_several_kinds_are_refused(tmp_path):
    ORDERS.to_parquet(tmp_path / "a.parquet")
    ORDERS.to_csv(tmp_path / "b.csv")
    with pytest.raises(SourceError, match="files of several kinds"):
        open_data(tmp_path, mapping=TILL)


def test_a_file_whose_name_could_mean_several_is_only_itself(tmp_path):
    _till(tmp_path / "a*.csv", "T1;2025-01-05;1;2")
    _till(tmp_path / "ab.csv", "T2;2025-01-06;1;2")
    with open_data(tmp_path / "a*.csv", mapping=TILL) as data:
        assert _rows(data.orders, "order_id") == [("T1",)]


def test_what_is_called_a_table_and_cannot_be_read_is_said(tmp_path):
    ORDERS.to_csv(tmp_path / "orders.csv", index=False)
    (tmp_path / "returns.json").write_text("[]")
    (tmp_path / "order_lines").mkdir()
    (tmp_path / "README.md").write_text("how it was made")
    with open_data(tmp_path) as data:
        unread = [one.table for one in data.findings if one.code == "unread_file"]
        assert unread == ["order_lines", "returns.json"]


def test_a_folder_with_the_lines_alone_opens_as_their_file_does(tmp_path):
    path = tmp_path / "order_lines.csv"
    LINES.assign(ordered_at="2025-01-05").to_csv(path, index=False)
    for source in (path, tmp_path):
        with open_data(source) as data:
            assert _rows(data.orders, "order_id", "amount") == [AMOUNTS[0], AMOUNTS[2]]
    path.write_text(path.read_text().replace("1.1", '"1.100"'))
    mapping = {"kind": "tables", "format": {"decimal": ","}}
    with open_data(tmp_path, mapping=mapping) as data:
        assert _rows(data.orders, "order_id", "amount")[1] == ("A3", Decimal(3300))


def test_sheets_called_as_tables_are_tables(tmp_path):
    path = tmp_path / "export.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"note": ["made in January"]}).to_excel(book, sheet_name="Lisez-moi")
        ORDERS.to_excel(book, sheet_name="Orders", index=False)
        LINES.to_excel(book, sheet_name="Order lines", index=False)
    with open_data(path) as data:
        _check(data)
        ignored = [one.details for one in data.findings if one.code == "ignored_sheet"]
        assert ignored == [{"sheet": "Lisez-moi"}]


def test_sheets_that_are_not_read_are_said(tmp_path):
    path = tmp_path / "orders.xlsx"
    with pd.ExcelWriter(path) as book:
        ORDERS.to_excel(book, sheet_name="Ventes", index=False)
        pd.DataFrame().to_excel(book, sheet_name="Feuil2")
        LINES.to_excel(book, sheet_name="Lignes", index=False)
    for source in (path, tmp_path):
        with open_data(source) as data:
            assert list(data.tables) == ["orders"]
            ignored = [one.details for one in data.findings if one.code == "ignored_sheet"]
            assert ignored == [{"sheet": "Lignes"}]


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
