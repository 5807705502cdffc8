"""What is known of the keys of data, and that no summary counts an order twice for it."""

import duckdb
import ibis
import pandas as pd
import pytest

from marketing_kpi import rfm
from marketing_kpi.data.keys import has_single_orders
from marketing_kpi.data.sources import open_data
from marketing_kpi.errors import SourceError

ORDERS = pd.DataFrame(
    {
        "order_id": ["1", "2", "3", "4"],
        "customer_id": ["A", "A", "B", None],
        "ordered_at": pd.to_datetime(["2025-01-02", "2025-01-03", "2025-02-01", "2025-02-02"]),
        "amount": [10.0, 20.0, 5.0, 1.0],
    }
)
LINES = pd.DataFrame(
    {
        "order_id": ["1", "1", "2"],
        "customer_id": ["A", "A", "A"],
        "ordered_at": pd.to_datetime(["2025-01-02", "2025-01-02", "2025-01-03"]),
        "product_id": ["P", "Q", "P"],
        "quantity": [1, 1, 1],
        "unit_price": [4.0, 6.0, 20.0],
    }
)


def written(folder, kind):
    """Write the orders in a way that `open_data` reads, and return what it is to open."""
    path = folder / f"orders.{kind}"
    if kind == "parquet":
        ORDERS.to_parquet(path)
    elif kind == "csv":
        ORDERS.to_csv(path, index=False)
    elif kind == "duckdb":
        with duckdb.connect(path) as connection:
            connection.register("given", ORDERS)
            connection.execute("CREATE TABLE orders AS FROM given")
    return path if path.exists() else {"orders": ORDERS}


def frequencies(orders):
    found = rfm.summary(orders, as_of="2026-01-01").to_pandas()
    return found.set_index("customer_id")["frequency"].to_dict()


def tells_ids_apart(orders):
    return "DISTINCT" in ibis.to_sql(rfm.summary(orders, as_of="2026-01-01"))


@pytest.mark.parametrize("kind", ["parquet", "csv", "duckdb", "pandas"])
def test_orders_that_reading_made_sure_of_are_counted_by_rows(tmp_path, kind):
    with open_data(written(tmp_path, kind)) as data:
        assert has_single_orders(data.orders)
        assert has_single_orders(rfm.identified_orders(data))
        assert not tells_ids_apart(data.orders)
        assert frequencies(data.orders) == {"A": 2, "B": 1}


def test_orders_made_of_lines_are_counted_by_rows():
    rules = {"kind": "lines", "columns": {name: name for name in LINES}}
    with open_data({"sales": LINES}, mapping=rules) as data:
        assert not tells_ids_apart(data.orders)
        assert frequencies(data.orders) == {"A": 2}


def test_an_order_written_twice_is_counted_once():
    with open_data({"orders": pd.concat([ORDERS, ORDERS])}) as data:
        assert not tells_ids_apart(data.orders)
        assert frequencies(data.orders) == {"A": 2, "B": 1}


def test_orders_that_share_an_id_are_refused():
    shared = pd.concat([ORDERS, ORDERS.assign(amount=1.0)])
    with pytest.raises(SourceError, match="3 order ids in all are repeated"):
        open_data({"orders": shared})


def test_ids_are_told_apart_where_others_may_write_meanwhile():
    connection = ibis.duckdb.connect()
    placed = connection.create_table("orders", ORDERS)
    with open_data(connection) as data:
        connection.insert("orders", ORDERS.head(1))
        for orders in (placed, data.orders):
            assert not has_single_orders(orders)
            assert frequencies(orders) == {"A": 2, "B": 1}


def test_ids_are_told_apart_in_what_is_made_of_orders():
    with open_data({"orders": ORDERS}) as data:
        twice = data.orders.union(data.orders)
        joined = data.orders.join(twice.select("order_id"), "order_id")
        merged = data.orders.mutate(order_id=ibis.literal("same"))
        for made in (twice, joined, merged, data.keep(twice)):
            assert not has_single_orders(made)
        assert frequencies(twice) == frequencies(joined) == {"A": 2, "B": 1}
        assert frequencies(merged) == {"A": 1, "B": 1}


def test_a_table_of_that_name_in_another_database_is_another(tmp_path):
    other = tmp_path / "other.duckdb"
    with duckdb.connect(other) as connection:
        connection.register("given", pd.concat([ORDERS, ORDERS]))
        connection.execute("CREATE TABLE orders AS FROM given")
    with open_data({"orders": ORDERS}) as data:
        data.connection.attach(str(other), name="other", read_only=True)
        doubled = data.connection.table("orders", database=("other", "main"))
        assert not has_single_orders(doubled)
        assert frequencies(doubled) == {"A": 2, "B": 1}
