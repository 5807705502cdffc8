"""The same line of code, the same digits: pandas, DuckDB and Spark on a part of the demo shop."""

from decimal import Decimal

import ibis
import pandas as pd
import pytest
from numpy.random import default_rng as rng

import marketing_kpi as mk
from marketing_kpi import clv, experiments, rfm
from marketing_kpi.data.conform import trimmed

# What pyspark 4.0 says with pandas 3 of its own code.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
    # pyspark leaves to Python the sockets that its results came through.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]
TABLES = ("contacts", "orders", "order_lines", "returns", "campaigns", "campaign_members")
AS_OF = "2026-01-01"
YEAR = {"start": "2025-01-01", "end": AS_OF}
CAMPAIGN = "spring_mail"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A third of the campaign's members, and all that the demo knows of them."""
    demo = mk.demo()
    tables = {name: demo.table(name).to_pandas() for name in TABLES}
    members = tables["campaign_members"]
    chosen = members[members["campaign_id"] == CAMPAIGN]["customer_id"].iloc[::3]
    for name in ("contacts", "orders", "returns", "campaign_members"):
        tables[name] = tables[name][tables[name]["customer_id"].isin(chosen)]
    is_theirs = tables["order_lines"]["order_id"].isin(tables["orders"]["order_id"])
    tables["order_lines"] = tables["order_lines"][is_theirs]
    made = tmp_path_factory.mktemp("shop")
    for name, rows in tables.items():
        rows.to_parquet(
            made / f"{name}.parquet", coerce_timestamps="us", allow_truncated_timestamps=True
        )
    return made


@pytest.fixture(scope="module")
def spark():
    """A Spark of one process, which reads times without a zone as they are."""
    from pyspark.sql import SparkSession

    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.timestampType": "TIMESTAMP_NTZ",
        "spark.driver.memory": "1g",
    }
    builder = SparkSession.builder.master("local[1]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="module")
def engines(folder, spark):
    """The shop as pandas tables, as files that DuckDB reads, and in Spark."""
    for path in folder.glob("*.parquet"):
        spark.read.parquet(str(path)).createOrReplaceTempView(path.stem)
    frames = {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}
    return {
        "pandas": mk.open_data(frames),
        "duckdb": mk.open_data(folder),
        "spark": mk.open_data(ibis.pyspark.connect(spark)),
    }


def rows_of(answer, data, *, key):
    """Return an answer as pandas, sorted by its key, decimals as floats."""
    found = answer(data)
    rows = found if isinstance(found, pd.DataFrame) else found.execute()
    # A frame that was executed holds decimals as objects, one of pandas as floats.
    plain = {
        name: pd.to_numeric(rows[name]).astype("float64")
        for name in rows
        if name not in key and isinstance(rows[name].dropna().iloc[:1].squeeze(), Decimal | float)
    }
    return rows.assign(**plain).sort_values(key, ignore_index=True)


def sales(data):
    ids = ["net_sales", "orders", "average_order_value", "gross_margin_rate", "buyers"]
    return mk.compute(ids, data, by=["channel"], grain="quarter", **YEAR)


def retention(data):
    ids = ["repeat_purchase_rate", "purchase_frequency", "return_rate_value", "retention_rate"]
    return mk.compute(ids, data, by=["channel"], **YEAR)


def segments(data):
    orders = rfm.identified_orders(data)
    return rfm.segment(rfm.score(rfm.summary(orders, as_of=AS_OF)))


def histories(data):
    return clv.summary(rfm.identified_orders(data), as_of=AS_OF, unit="week")


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        (sales, ["period", "channel"]),
        (retention, ["channel"]),
        (segments, ["customer_id"]),
        (histories, ["customer_id"]),
    ],
)
def test_a_table_is_the_same_on_each_engine(engines, answer, key):
    found = {name: rows_of(answer, data, key=key) for name, data in engines.items()}
    assert len(found["pandas"]) >= 3
    for name in ("duckdb", "spark"):
        pd.testing.assert_frame_equal(found[name], found["pandas"], check_dtype=False, rtol=1e-9)


@pytest.mark.parametrize("outcome", ["bought", "revenue"])
@pytest.mark.parametrize("covariate", [None, "revenue_before"])
def test_a_control_group_test_is_the_same_on_each_engine(engines, outcome, covariate):
    found = {}
    for name, data in engines.items():
        members = experiments.members(data, campaign=CAMPAIGN, window_days=28)
        compared = experiments.compare(members, outcome=outcome, covariate=covariate, rng=rng(1))
        found[name] = compared._asdict()
    assert found["pandas"]["control_n"] > 30
    for name in ("duckdb", "spark"):
        assert found[name].keys() == found["pandas"].keys()
        for field, expected in found["pandas"].items():
            is_number = isinstance(expected, int | float)
            assert found[name][field] == (
                pytest.approx(expected, rel=1e-9) if is_number else expected
            )


def test_white_space_around_a_text_is_no_letter(spark):
    """Ibis writes a form feed as an escape that Spark reads as the letter f."""
    texts = [" fraud ", "\tvif\n", "f\x0b\x0c", "plain"]
    spark.createDataFrame([(text,) for text in texts], ["text"]).createOrReplaceTempView("texts")
    table = ibis.pyspark.connect(spark).table("texts")
    found = table.select(text=trimmed(table.text)).execute()["text"]
    assert sorted(found) == ["f", "fraud", "plain", "vif"]
