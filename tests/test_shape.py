"""What questions cost in kind: passes over a fact, and what is brought to Python."""

import json

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
