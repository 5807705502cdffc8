"""What is Spark's own."""

import ibis
import pytest

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
