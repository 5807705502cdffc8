"""What is Spark's own."""

import ibis
import numpy as np
import pytest

import marketing_kpi as mk
from marketing_kpi.data.conform import trimmed

# What pyspark 4.0 says with pandas 3 of its own code.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


def test_white_space_around_a_text_is_no_letter(spark_session):
    """Ibis writes a form feed as an escape that Spark reads as the letter f."""
    rows = [(text,) for text in (" fraud ", "\tvif\n", "f\x0b\x0c", "plain")]
    spark_session.createDataFrame(rows, ["text"]).createOrReplaceTempView("texts")
    table = ibis.pyspark.connect(spark_session).table("texts")
    found = table.select(text=trimmed(table.text)).execute()["text"]
    assert sorted(found) == ["f", "fraud", "plain", "vif"]


@pytest.fixture
def prices(spark_session):
    """Prices that held, hold and will, one of them until a year that nanoseconds do not reach."""
    told = {
        "placed(order_id, ordered_at)": "('1', timestamp_ntz '2025-01-06')",
        "until(product_id, until)": "('A', timestamp_ntz '2025-01-06 10:00:00.25'), ('B', NULL), "
        "('C', timestamp_ntz '9999-12-31')",
    }
    for view, rows in told.items():
        spark_session.sql(f"CREATE OR REPLACE TEMP VIEW {view} AS SELECT * FROM VALUES {rows}")
    connection = ibis.pyspark.connect(spark_session)
    with mk.open_data({"orders": connection.table("placed")}) as data:
        yield data.connection.table("until").order_by("product_id")


def test_times_are_of_the_unit_and_reach_of_other_engines(prices):
    expected = np.array(["2025-01-06T10:00:00.250", "NaT", "9999-12-31"], "datetime64[us]")
    found = prices.to_pandas()["until"]
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    assert prices.until.max().to_pyarrow().as_py() == expected[2].item()
