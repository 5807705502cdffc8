"""The SQL of a KPI, run without the package."""

from dataclasses import replace

import duckdb
import ibis
import pandas as pd
import pytest
import sqlglot

import marketing_kpi as mk
from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.binding import named

from .of_orders import IDS

PERIOD = {"start": "2023-06-01", "end": "2024-12-01"}


@pytest.fixture(scope="module")
def frames(shop):
    frames = shop(7, orders=200)
    lines = frames["order_lines"]
    amounts = (lines["quantity"] * lines["unit_price"]).groupby(lines["order_id"]).sum()
    orders = frames["orders"]
    return {**frames, "orders": orders.assign(amount=orders["order_id"].map(amounts).fillna(0.0))}


def run(query, path=":memory:"):
    with duckdb.connect(path) as outside:
        return outside.execute(query).df()


def assert_same(found, expected):
    pd.testing.assert_frame_equal(
        found.astype(dict.fromkeys(expected.columns.intersection(IDS), float)),
        expected.astype(dict.fromkeys(expected.columns.intersection(IDS), float)),
        check_dtype=False,
        rtol=1e-12,
    )


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"by": ["channel"]},
        {"by": ["channel", "product_id"], "grain": "month"},
        {"grain": "week", "filters": {"channel": ["web", None]}},
    ],
)
def test_the_sql_on_parquet_names_its_files_and_runs_anywhere(tmp_path, frames, question):
    for name, frame in frames.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    with mk.open_data(tmp_path) as data:
        query = mk.sql(IDS, data, **question, **PERIOD)
        expected = mk.compute(IDS, data, **question, **PERIOD).execute()
    assert query.startswith("WITH ")
    assert str(tmp_path / "orders.parquet") in query
    assert_same(run(query), expected)


def test_the_sql_on_a_duckdb_file_runs_on_that_file(tmp_path, frames):
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(path) as shop:
        for name, frame in frames.items():
            shop.register("frame", frame)
            shop.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
    with mk.open_data(path) as data:
        query = mk.sql(IDS, data, by="channel", **PERIOD)
        expected = mk.compute(IDS, data, by="channel", **PERIOD).execute()
    assert_same(run(query, path), expected)


def test_the_sql_on_an_ibis_connection_runs_on_it(frames):
    connection = ibis.duckdb.connect()
    for name, frame in frames.items():
        connection.create_table(name, frame)
    data = mk.open_data({name: connection.table(name) for name in frames})
    query = mk.sql(["average_order_value", "return_rate_value"], data, grain="quarter", **PERIOD)
    expected = mk.compute(
        ["average_order_value", "return_rate_value"], data, grain="quarter", **PERIOD
    ).execute()
    assert_same(connection.con.execute(query).df(), expected)


def test_the_sql_on_pandas_uses_plain_names(frames):
    with mk.open_data(frames) as data:
        query = mk.sql("average_order_value", data, by="channel", grain="month")
        expected = mk.compute("average_order_value", data, by="channel", grain="month")
        canonical = {name: table.to_pyarrow() for name, table in data.tables.items()}
    assert query.startswith("SELECT")
    assert 'FROM "orders"' in query
    assert "ibis_" not in query
    with duckdb.connect() as outside:
        for name, table in canonical.items():
            outside.register(name, table)
        assert_same(outside.execute(query).df(), expected)


def test_the_sql_refuses_what_compute_refuses(frames):
    with mk.open_data(frames) as data, pytest.raises(ComputeError, match="did you mean 'channel'"):
        mk.sql("orders", data, by="chanel")


@pytest.mark.parametrize("dialect", ["postgres", "snowflake", "bigquery"])
@pytest.mark.parametrize("question", [{"grain": "month"}, {"by": ["channel"], "grain": "week"}])
def test_every_kpi_can_be_said_in_the_dialect_of_a_warehouse(frames, dialect, question):
    with mk.open_data(frames) as data:
        elsewhere = replace(named(data), from_pandas=False)
        query = mk.compute(IDS, elsewhere, **question, **PERIOD)
    text = ibis.to_sql(query, dialect=dialect)
    selected = sqlglot.parse_one(text, read=dialect).named_selects
    assert selected == ["period", *question.get("by", []), *IDS]


def test_a_text_in_a_filter_stays_a_text(tmp_path, frames):
    frames = {**frames, "orders": frames["orders"].assign(source="it's; DROP TABLE orders --")}
    for name, frame in frames.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    with mk.open_data(tmp_path) as data:
        wanted = {"source": ["it's; DROP TABLE orders --"]}
        query = mk.sql("orders", data, filters=wanted)
        everything = mk.compute("orders", data).execute()
    assert_same(run(query), everything)
    assert everything["orders"].iloc[0] > 0


@pytest.mark.parametrize("kind", ["duckdb", "parquet"])
def test_amounts_made_of_the_lines_are_there_outside_too(tmp_path, kind):
    frames = {
        "orders": pd.DataFrame(
            {
                "order_id": ["1", "2", "3"],
                "customer_id": ["a", "a", "b"],
                "ordered_at": pd.to_datetime(["2025-01-02", "2025-02-03", "2025-02-04"]),
            }
        ),
        "order_lines": pd.DataFrame(
            {
                "order_id": ["1", "1", "2", "3"],
                "quantity": [1.0, 2.0, 1.0, -1.0],
                "unit_price": [10.0, 2.5, 8.0, 4.0],
            }
        ),
    }
    if kind == "duckdb":
        path = tmp_path / "shop.duckdb"
        with duckdb.connect(path) as shop:
            for name, frame in frames.items():
                shop.register("frame", frame)
                shop.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
                shop.unregister("frame")
    else:
        path = tmp_path / "shop"
        path.mkdir()
        for name, frame in frames.items():
            frame.to_parquet(path / f"{name}.parquet")
    asked = ["orders", "buyers", "average_order_value"]
    with mk.open_data(str(path)) as data:
        expected = mk.compute(asked, data, start="2025-01-01", end="2025-07-01").execute()
        text = mk.sql(asked, data, start="2025-01-01", end="2025-07-01")
    with duckdb.connect(str(path) if kind == "duckdb" else ":memory:") as outside:
        found = outside.execute(text).df()
    assert found.iloc[0].tolist() == pytest.approx(expected.iloc[0].tolist())
    assert expected.iloc[0].orders == 2
