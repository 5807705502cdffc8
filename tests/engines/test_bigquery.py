"""BigQuery, which no test can reach: the SQL that a connection would send, and no answer of it."""

import re

import ibis
import pandas as pd
import pytest
import sqlglot
from ibis.backends.sql import SQLBackend
from ibis.backends.sql.compilers import bigquery

import marketing_kpi as mk
from marketing_kpi import experiments
from marketing_kpi.errors import EngineError

from .questions import DOMAINS, KPIS, YEAR

OF_MOMENTS = re.compile(r"TIMESTAMP_(ADD|SUB|DIFF)\(|UNIX_SECONDS\((?!TIMESTAMP\()")


class Warehouse(SQLBackend):
    """Writes what BigQuery would be sent; what comes back is DuckDB's."""

    name, version, compiler = "bigquery", "none", bigquery.compiler

    def __init__(self, tables):
        super().__init__()
        self.sent, self._inside = [], ibis.duckdb.connect()
        for name, table in tables.items():
            self._inside.create_table(name, table.to_pyarrow())

    def do_connect(self):
        pass

    def list_tables(self, **_how):
        return self._inside.tables

    def get_schema(self, name, **_where):
        return self._inside.get_schema(name)

    def to_pyarrow(self, expr, **how):
        self.sent.append(ibis.to_sql(expr))
        return self._inside.to_pyarrow(expr.unbind(), **how)

    def execute(self, expr, **how):
        self.sent.append(ibis.to_sql(expr))
        return self._inside.execute(expr.unbind(), **how)

    def disconnect(self):
        self._inside.disconnect()

    def _get_schema_using_query(self, query): ...

    def _register_in_memory_table(self, op): ...

    def create_table(self, name, obj, **_how):
        self._inside.create_table(name, self.to_pyarrow(obj))
        return self.table(name)

    def drop_table(self, name, **_how):
        self._inside.drop_table(name)

    def create_database(self, *_names, **_how): ...

    def drop_database(self, *_names, **_how): ...


@pytest.fixture(scope="module")
def bigquery_data(duckdb_data):
    warehouse = Warehouse(duckdb_data.tables)
    with mk.open_data(warehouse) as data:
        yield data
    warehouse.disconnect()


def as_sent(query):
    """The text that runs a query, once the dialect's own parser has read it."""
    text = str(ibis.to_sql(query))
    assert sqlglot.parse_one(text, read="bigquery").find(sqlglot.expressions.Select)
    return text


@pytest.mark.parametrize("domain", DOMAINS)
def test_kpis_are_sent_without_a_call_for_moments(bigquery_data, domain):
    asked = [kpi.id for kpi in KPIS if kpi.domain == domain]
    query = mk.compute(asked, bigquery_data, grain="quarter", **YEAR)
    assert not OF_MOMENTS.search(as_sent(query))
    assert bigquery_data.connection.sent
    assert not any(map(OF_MOMENTS.search, bigquery_data.connection.sent))


def test_times_without_a_zone_are_reckoned_as_datetimes(bigquery_data):
    text = as_sent(mk.compute("response_rate", bigquery_data, **YEAR))
    assert "DATETIME_ADD(" in text
    text = as_sent(mk.compute("attributed_revenue", bigquery_data, **YEAR))
    assert "UNIX_SECONDS(TIMESTAMP(" in text


def test_times_of_a_zone_stay_moments(bigquery_data):
    day = ibis.interval(days=1)
    zoned = bigquery_data.orders.ordered_at.cast("timestamp('UTC')")
    text = as_sent(
        bigquery_data.orders.select(on=zoned + day, ago=zoned - day, at=zoned.epoch_seconds())
    )
    assert {"TIMESTAMP_ADD(", "TIMESTAMP_SUB("} <= set(re.findall(r"TIMESTAMP_\w+\(", text))
    assert "UNIX_SECONDS(TIMESTAMP(" not in text
    assert "DATETIME_" not in text


def test_chapters_ask_it_what_they_ask_any_engine(bigquery_data, duckdb_data):
    found = [
        experiments.members(data, campaign="spring_mail", window_days=28).execute()
        for data in (bigquery_data, duckdb_data)
    ]
    keys = list(found[0].columns)
    pd.testing.assert_frame_equal(
        *(frame.sort_values(keys).reset_index(drop=True) for frame in found), check_dtype=False
    )


def test_what_it_has_no_words_for_is_refused(bigquery_data):
    with pytest.raises(EngineError, match="bigquery cannot answer this question") as told:
        bigquery_data.orders.amount.median().execute()
    assert "export of the tables" in told.value.hint
