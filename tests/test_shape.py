"""What questions cost in kind: passes over a fact, what is brought to Python, and memory."""

import json
import subprocess
import sys

import duckdb
import ibis
import numpy as np
import pandas as pd
import pytest

from marketing_kpi import rfm
from marketing_kpi.data.sources import open_data

AS_OF = "2026-01-01"
CUSTOMERS, EACH = 50, 40


@pytest.fixture
def orders():
    number = np.arange(CUSTOMERS * EACH)
    return pd.DataFrame(
        {
            "order_id": number.astype(str),
            "customer_id": (number % CUSTOMERS).astype(str),
            "ordered_at": pd.Timestamp("2025-01-01") + pd.to_timedelta(number % 300, "D"),
            "amount": 10.0 + number % 7,
        }
    )


def reads(query, name):
    """Return how often a query reads a table, as DuckDB plans it."""
    explained = f"EXPLAIN (FORMAT json) {ibis.to_sql(query)}"
    (plan,) = json.loads(query.get_backend().con.execute(explained).fetchall()[0][1])
    return [step.get("extra_info", {}).get("Table") for step in steps(plan)].count(name)


def steps(plan):
    yield plan
    for child in plan["children"]:
        yield from steps(child)


def test_summary_scores_and_segments_take_one_pass_over_the_orders(orders):
    connection = ibis.duckdb.connect()
    table = connection.create_table("sold", orders)
    summary = rfm.summary(table, as_of=AS_OF)
    scores = rfm.score(summary)
    asked = {"summary": summary, "scores": scores, "segments": rfm.segment(scores)}
    asked["by segment"] = rfm.by_segment(asked["segments"])
    asked["grid"] = rfm.recency_frequency(asked["segments"])
    passes = {name: reads(query, "memory.main.sold") for name, query in asked.items()}
    assert passes == dict.fromkeys(asked, 1)


def test_no_orders_are_brought_to_python(orders, monkeypatch):
    with open_data({"orders": orders}) as data:
        brought = []
        kind = type(data.connection)
        for name in ("execute", "to_pyarrow"):
            ask = getattr(kind, name)

            def spy(self, expr, /, *, ask=ask, **options):
                found = ask(self, expr, **options)
                brought.append(len(found) if hasattr(found, "__len__") else 1)
                return found

            monkeypatch.setattr(kind, name, spy)
        summary = rfm.summary(data.orders, as_of=AS_OF)
        segments = rfm.segment(rfm.score(summary))
        assert brought == []
        assert len(segments.to_pandas()) == CUSTOMERS
        rfm.top_share(summary)
        rfm.concentration(summary).to_pandas()
        rfm.by_segment(segments).to_pandas()
        rfm.left_out(data, as_of=AS_OF)
    assert len(brought) >= 5
    assert max(brought) <= CUSTOMERS


BUYERS, FEW, MANY = 5_000, 200_000, 2_000_000
MARGIN = 1.5
"""The most that ten times the orders of as many customers may take. Beside the 220 MB of Python and
libraries the engine fills its limit, 80 MB, with either: 1.3 times; events in Python take 1.9."""

DRAWN = """
    COPY (
        SELECT 'O' || lpad(i::VARCHAR, 9, '0') AS order_id,
               'C' || (hash(i) % {buyers})::VARCHAR AS customer_id,
               TIMESTAMP '2024-01-01' + to_seconds((hash(i + 7) % 63072000)::BIGINT) AS ordered_at,
               (5 + hash(i + 13) % 20000 / 100.0)::DECIMAL(18, 4) AS amount
        FROM range({orders}) AS numbered(i)
    ) TO '{path}'
"""
# Prints the most memory, in MB, that this process held after each question.
ASKED = """
import json, sys
import marketing_kpi as mk
from marketing_kpi import clv, rfm

def kpis(data):
    ids = ["net_sales", "orders", "repeat_purchase_rate"]
    year = {"start": "2025-01-01", "end": "2026-01-01"}
    return mk.compute(ids, data, grain="month", **year).to_pandas()

def segments(data):
    return rfm.segment(rfm.score(rfm.summary(data.orders, as_of="2026-01-01"))).to_pandas()

def histories(data):
    return clv.summary(data.orders, as_of="2026-01-01").to_pandas()

def events_in_python(data):
    return data.orders.mutate(amount=data.orders.amount.cast("float64")).to_pandas()

with mk.open_data(sys.argv[1], memory_limit="80MB") as data:
    peaks = {"opening": peak_mb()}
    for question in (segments, histories, kpis, events_in_python):
        question(data)
        peaks[question.__name__] = peak_mb()
print(json.dumps(peaks))
"""


def peaks_of(folder, orders, peak_mb):
    """Return the peaks of a process that asks its questions of some orders."""
    path = folder / f"{orders}.parquet"
    with duckdb.connect() as connection:
        connection.execute(DRAWN.format(orders=orders, buyers=BUYERS, path=path))
    done = subprocess.run(
        [sys.executable, "-c", peak_mb + ASKED, str(path)],
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no mark of the most memory")
def test_ten_times_the_orders_take_no_more_memory(tmp_path, peak_mb):
    few, many = (peaks_of(tmp_path, orders, peak_mb) for orders in (FEW, MANY))
    ratios = {name: many[name] / few[name] for name in few}
    assert ratios.pop("events_in_python") > MARGIN  # such a function would be noticed
    assert max(ratios.values()) < MARGIN, ratios
