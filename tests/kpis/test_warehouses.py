"""The SQL for warehouses that no test can reach: written, parsed, its functions read one by one.

None of it was ever run there. What is held: that every KPI is written, that the dialect's own
parser reads it back to the same columns, and that it calls no function but those below: a new one
is to be looked up in the warehouse's reference first.
"""

import re
from collections import defaultdict

import ibis
import pytest
import sqlglot
import sqlglot.expressions as sge

import marketing_kpi as mk
from marketing_kpi import clv, rfm
from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.binding import DIALECTS, foreign_sql, named


def words(text):
    return set(text.split())


PERIOD = {"start": "2025-01-01", "end": "2026-01-01"}
COMMON = words(
    "ABS CAST COALESCE CONCAT COUNT FLOOR GREATEST LAG LEAD LEAST MAX MIN MIN_BY NULLIF RANK "
    "ROUND ROW_NUMBER SUM"
)
KNOWN = {
    "snowflake": COMMON
    | {"ARRAY_GENERATE_RANGE", "ARRAY_SIZE", "ARRAY_TO_STRING", "FLATTEN", "IFF", "SPLIT"}
    | {"DATEADD", "DATEDIFF", "DATE_FROM_PARTS", "DATE_PART", "DATE_TRUNC", "TO_DATE"}
    | {"TIMESTAMP_FROM_PARTS", "COUNT_IF"},
    "bigquery": COMMON
    | {"ARRAY", "ARRAY_LENGTH", "GENERATE_ARRAY", "UNNEST", "IEEE_DIVIDE", "IF", "SIGN"}
    | {"COUNTIF", "LOGICAL_AND", "LOGICAL_OR"}
    | {"DATE", "DATETIME", "DATETIME_ADD", "DATE_ADD", "DATE_DIFF", "DATE_SUB", "DATE_TRUNC"}
    # TIMESTAMP_TRUNC takes a DATETIME as well; TIMESTAMP makes a moment of one, in UTC.
    | {"TIMESTAMP", "TIMESTAMP_TRUNC", "UNIX_SECONDS"},
}
# What is written before a parenthesis and is no function: clauses, operators, types.
WORDS = words(
    "AND AS BETWEEN BY CASE DECIMAL DISTINCT ELSE EXCEPT EXCLUDE EXISTS FROM IN INTERVAL JOIN NOT "
    "ON OR OVER SELECT TABLE THEN UNION WHEN WHERE"
)
TYPES = {
    "snowflake": words("BIGINT BOOLEAN DECIMAL DOUBLE INT TIMESTAMP TINYINT VARCHAR"),
    "bigquery": words("BIGNUMERIC BOOL DATETIME FLOAT64 INT64 NUMERIC STRING"),
}


def simple_and_derived():
    """The ids of the KPIs that are computed, by domain: those of one are asked for at once."""
    found = defaultdict(list)
    for kpi in mk.dictionary().kpis:
        if kpi.type != "analysis":
            found[kpi.domain].append(kpi.id)
    return dict(found)


BY_DOMAIN = simple_and_derived()


@pytest.fixture(scope="module")
def demo():
    with mk.demo() as data:
        yield data


def functions_of(text):
    """The functions that a query calls, by their names before a parenthesis."""
    plain = re.sub(r"""'[^']*'|"[^"]*"|`[^`]*`""", "", text)
    names = {name.upper() for name in re.findall(r"\b([A-Za-z_][A-Za-z_0-9]*)\s*\(", plain)}
    return {name for name in names if not re.fullmatch(r"_U(_\d+)?", name)} - WORDS


def columns_of(select):
    """The columns that a query gives, those of the innermost one that names them."""
    while select.is_star:
        select = select.args["from_"].this.this
    return select.named_selects


def casts(statement):
    return list(statement.find_all(sge.Cast))


@pytest.mark.parametrize("dialect", KNOWN)
@pytest.mark.parametrize("domain", BY_DOMAIN)
def test_every_kpi_is_written_for_a_warehouse(demo, dialect, domain):
    asked = BY_DOMAIN[domain]
    text = mk.sql(asked, demo, grain="month", dialect=dialect, **PERIOD)
    (statement,) = sqlglot.parse(text, read=dialect)
    assert columns_of(statement) == ["period", *asked]
    read = {table.name for table in statement.find_all(sge.Table) if table.name in demo.tables}
    assert read
    assert functions_of(text) <= KNOWN[dialect]
    called = {cast.to.sql(dialect=dialect).partition("(")[0] for cast in casts(statement)}
    assert called <= TYPES[dialect]


def test_no_kpi_is_left_out():
    asked = sum(map(len, BY_DOMAIN.values()))
    analyses = sum(kpi.type == "analysis" for kpi in mk.dictionary().kpis)
    assert asked + analyses == len(mk.dictionary().kpis)
    assert asked >= 90


@pytest.mark.parametrize("dialect", KNOWN)
def test_a_chapter_is_written_for_a_warehouse(demo, dialect):
    orders = named(demo).orders
    scores = rfm.segment(rfm.score(rfm.summary(orders, as_of="2026-01-01")))
    histories = clv.summary(orders, as_of="2026-01-01", unit="week")
    for table in (scores, histories):
        text = foreign_sql(table, dialect)
        assert sqlglot.parse_one(text, read=dialect).find(sge.Select)
        assert functions_of(text) <= KNOWN[dialect]


def test_bigquery_is_given_no_moment_where_times_have_no_zone(demo):
    """TIMESTAMP_ADD and UNIX_SECONDS refuse the DATETIME that naive times are there."""
    text = mk.sql("response_rate", demo, dialect="bigquery", **PERIOD)
    assert "DATETIME_ADD(" in text
    assert "TIMESTAMP_ADD(" not in text
    text = mk.sql("attributed_revenue", demo, dialect="bigquery", **PERIOD)
    assert re.search(r"UNIX_SECONDS\(TIMESTAMP\(`t\d+`\.`closes`\)\)", text)
    assert not re.search(r"UNIX_SECONDS\(`", text)


@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
def test_another_dialect_names_tables_and_no_file(demo, dialect):
    text = mk.sql("average_order_value", demo, by="channel", dialect=dialect)
    assert text.startswith("SELECT")
    assert "parquet" not in text
    assert 'FROM "orders"' in text


def test_sql_for_duckdb_gives_the_same_digits_wherever_its_tables_are(demo):
    asked = ["orders", "average_order_value", "gross_margin_rate"]
    text = mk.sql(asked, demo, by="channel", grain="quarter", dialect="duckdb", **PERIOD)
    expected = mk.compute(asked, demo, by="channel", grain="quarter", **PERIOD).execute()
    connection = ibis.duckdb.connect()
    for name in ("orders", "order_lines", "products"):
        connection.create_table(name, demo.table(name).to_pyarrow())
    found = connection.con.execute(text).df()
    assert found["orders"].tolist() == expected["orders"].tolist()
    assert found["gross_margin_rate"].tolist() == pytest.approx(
        expected["gross_margin_rate"].tolist(), rel=1e-12
    )
    connection.disconnect()


def test_a_dialect_that_is_none_of_them_is_refused(demo):
    with pytest.raises(ComputeError, match="dialect 'snowflak' not found") as caught:
        mk.sql("orders", demo, dialect="snowflak")
    assert all(dialect in caught.value.hint for dialect in DIALECTS)
