"""The embedded engine: its statements are made faster, its answers are those of DuckDB."""

from __future__ import annotations

import subprocess
import sys

import ibis
import pandas as pd
import pytest

from marketing_kpi.data.sources import open_data


@pytest.fixture
def data():
    days = pd.to_datetime(["2025-01-05", "2025-01-20", "2025-02-03"])
    orders = pd.DataFrame({"order_id": list("abc"), "customer_id": list("xyx"), "ordered_at": days})
    with open_data({"orders": orders.assign(amount=[20.0, 40.0, 60.0])}) as opened:
        yield opened


def steps(table):
    dear = table.filter(table.amount > 20).mutate(double=table.amount * 2)
    return dear.filter(dear.double < 120).select("order_id", "double")


def test_a_select_of_a_select_is_left_to_duckdb(data):
    query = steps(data.orders)
    ours, of_ibis = data.connection.compile(query), ibis.to_sql(query, dialect="duckdb")
    assert ours.count("SELECT") > of_ibis.count("SELECT") == 1
    assert query.to_pyarrow().to_pylist() == [{"order_id": "b", "double": 80}]


@pytest.mark.parametrize("fuses", [True, False])
def test_the_option_of_ibis_is_as_it_was(data, monkeypatch, fuses):
    monkeypatch.setattr(ibis.options.sql, "fuse_selects", fuses)
    steps(data.orders).to_pyarrow()
    assert ibis.options.sql.fuse_selects is fuses


def test_a_statement_that_cannot_be_made_leaves_the_option_too(data):
    with pytest.raises(ibis.common.exceptions.IbisError):
        data.orders.mutate(found=data.orders.order_id.hashbytes("sha512")).to_pyarrow()
    assert ibis.options.sql.fuse_selects


PROGRESS = """
import ibis
from marketing_kpi.data.store import open_store
from marketing_kpi.kpis.frames import engine

def shows(connection):
    return connection.execute("SELECT current_setting('enable_progress_bar')").fetchone()[0]

duckdb, store = ibis.duckdb.connect(), open_store()
with engine() as of_a_frame:
    print(shows(duckdb.con), shows(of_a_frame.con), shows(store.backend.con))
"""


def test_no_bar_of_progress_is_printed_among_answers():
    """DuckDB shows one where Python runs no file, as at its prompt and here."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRESS], capture_output=True, text=True, timeout=300
    )
    assert done.stdout.split() == ["True", "False", "False"], done.stderr
