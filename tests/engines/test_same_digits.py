"""The same line of code, the same digits: each engine is held against DuckDB.

Every KPI that the demo can compute, and every function of the chapters that asks data something:
a new one is called here by itself, or the test says what it lacks.
"""

import pytest

from .questions import (
    ARGUMENTS,
    CHAPTERS,
    DIMENSIONS,
    DOMAINS,
    FUNCTIONS,
    KPIS,
    NOT_CALLED,
    Asked,
    assert_same,
    public_functions,
)
from .shops import FOR_FEW_ROWS

# What pyspark 4.0 says with pandas 3 of its own code.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
    # pyspark leaves to Python the sockets that its results came through.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]
# KPIs of sales by period, and KPIs of customers and returns over the whole, by a dimension.
BY_DIMENSION = (
    (
        ("net_sales", "orders", "average_order_value", "gross_margin_rate", "buyers"),
        {"by": ["channel"], "grain": "quarter"},
    ),
    (
        ("repeat_purchase_rate", "purchase_frequency", "return_rate_value", "retention_rate"),
        {"by": ["channel"]},
    ),
)
# Spark takes seconds to plan a question: of each chapter it is asked the first two functions by
# name here, and all of them by `benchmarks/engines.py`.
OF_EACH_CHAPTER = [
    name
    for chapter in CHAPTERS
    for name in sorted(one for one in FUNCTIONS if one.startswith(f"{chapter}."))[:2]
]
# Answers of events with the times of each, some of which are null.
WITH_TIMES = ["experiments.members", "fulfilment.parcel_times", "retention.newcomers_orders"]
# What Spark does for many rows, as it comes: several parts, code that it writes, plans that it
# changes on the way.
AS_IT_COMES = dict.fromkeys(FOR_FEW_ROWS) | {"spark.sql.shuffle.partitions": "3"}


@pytest.fixture(scope="module")
def asked(open_shop):
    return Asked(open_shop)


@pytest.fixture
def spark_as_it_comes(spark_session):
    before = {name: spark_session.conf.get(name) for name in AS_IT_COMES}
    for name, value in AS_IT_COMES.items():
        spark_session.conf.unset(name) if value is None else spark_session.conf.set(name, value)
    yield
    for name, value in before.items():
        spark_session.conf.set(name, value)


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("engine", ["pandas", "postgres"])
def test_every_kpi_is_the_same(asked, engine, domain):
    ids = [kpi.id for kpi in KPIS if kpi.domain == domain]
    expected = asked.kpis("duckdb", ids)
    assert expected[""].notna().any(axis=None)
    assert_same(asked.kpis(engine, ids), expected)


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("engine", ["pandas", "postgres", "spark"])
def test_every_kpi_is_the_same_by_quarter(asked, engine, domain):
    ids = [kpi.id for kpi in KPIS if kpi.domain == domain]
    expected = asked.kpis("duckdb", ids, grain="quarter")
    assert len(expected[""]) == 4
    assert_same(asked.kpis(engine, ids, grain="quarter"), expected)


@pytest.mark.parametrize("dimension", DIMENSIONS)
@pytest.mark.parametrize("engine", ["postgres"])
def test_a_kpi_of_each_fact_is_the_same_by_dimension(asked, engine, dimension):
    of_facts = {kpi.fact: kpi.id for kpi in KPIS if kpi.fact and dimension in kpi.dimensions}
    ids = list(of_facts.values())
    expected = asked.kpis("duckdb", ids, by=[dimension])
    assert len(expected[""])
    assert_same(asked.kpis(engine, ids, by=[dimension]), expected)


@pytest.mark.parametrize(("ids", "how"), BY_DIMENSION)
@pytest.mark.parametrize("engine", ["postgres", "spark"])
def test_kpis_by_dimension_and_period_are_the_same(asked, engine, ids, how):
    expected = asked.kpis("duckdb", ids, **how)
    assert len(expected[""]) >= 3
    assert_same(asked.kpis(engine, ids, **how), expected)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("engine", ["postgres"])
def test_chapters_are_the_same(asked, engine, name):
    assert_same(asked.chapter(engine, name), asked.chapter("duckdb", name))


@pytest.mark.parametrize("name", OF_EACH_CHAPTER)
@pytest.mark.parametrize("engine", ["spark"])
def test_two_functions_of_each_chapter_are_the_same(asked, engine, name):
    assert_same(asked.chapter(engine, name), asked.chapter("duckdb", name))


@pytest.mark.parametrize("name", WITH_TIMES)
@pytest.mark.parametrize("engine", ["spark"])
def test_times_of_events_are_the_same(asked, engine, name):
    expected = asked.chapter("duckdb", name)
    times = expected[""].select_dtypes("datetime")
    assert times.isna().any(axis=None)
    assert times.notna().any().all()
    found = asked.chapter(engine, name)
    assert_same(found, expected)
    assert (found[""][times.columns].dtypes == times.dtypes).all()


@pytest.mark.usefixtures("spark_as_it_comes")
def test_spark_as_it_comes_gives_the_same(open_shop, asked):
    ids, how = BY_DIMENSION[0]
    again = Asked(open_shop)
    assert_same(again.kpis("spark", ids, **how), asked.kpis("duckdb", ids, **how))
    for name in ("rfm.segment", "baskets.pairs"):
        assert_same(again.chapter("spark", name), asked.chapter("duckdb", name))


def test_what_is_said_not_to_be_called_is_there():
    assert public_functions().keys() >= NOT_CALLED.keys() | ARGUMENTS.keys()
