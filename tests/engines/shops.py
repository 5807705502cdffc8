"""A part of the demo shop, small enough to be asked every question, and a Spark that holds it."""

import duckdb

from marketing_kpi.data.demo import demo_folder

THEIRS = "customer_id IN (FROM chosen)"
OF_ORDERS = "order_id IN (SELECT order_id FROM orders)"
SEEN = f"{THEIRS} OR (customer_id IS NULL AND visitor_id LIKE '%17')"
STOCKED = "product_id IN ('P0001', 'P0010', 'P0020', 'P0030', 'P0040', 'P0050', 'P0060')"
# A third of a campaign's members and some others, with all that is known of them; some stock.
PART = {
    "contacts": THEIRS,
    "orders": f"{THEIRS} OR (customer_id IS NULL AND order_id LIKE '%7')",
    "order_lines": OF_ORDERS,
    "returns": OF_ORDERS,
    "shipments": OF_ORDERS,
    "sessions": SEEN,
    "touchpoints": SEEN,
    "campaign_members": THEIRS,
    "responses": THEIRS,
    "surveys": THEIRS,
    "category_spend": THEIRS,
    "identities": THEIRS,
    "stock": STOCKED,
    "purchase_orders": STOCKED,
}
CHOSEN = """
    CREATE TABLE chosen AS
    SELECT customer_id FROM '{folder}/campaign_members.parquet' WHERE campaign_id = 'spring_mail'
    QUALIFY row_number() OVER (ORDER BY customer_id) % 3 = 1
    UNION SELECT customer_id FROM '{folder}/contacts.parquet' WHERE customer_id LIKE '%77'
"""
# Spark plans and compiles a question for seconds that it then answers in no time, on some thousand
# rows: what is there for millions is left out. None of it changes an answer.
FOR_FEW_ROWS = {
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.constraintPropagation.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
}
SETTINGS = FOR_FEW_ROWS | {
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.driver.memory": "1g",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


def write_part(folder):
    """Write the part of the demo shop to a folder, a Parquet file a table."""
    source = demo_folder()
    with duckdb.connect() as shop:
        shop.execute(CHOSEN.format(folder=source))
        # The orders first: others are chosen by them.
        paths = sorted(source.glob("*.parquet"), key=lambda path: path.stem != "orders")
        for path in paths:
            kept = PART.get(path.stem, "true")
            shop.execute(f"CREATE TABLE {path.stem} AS FROM '{path}' WHERE {kept}")
            shop.execute(f"COPY {path.stem} TO '{folder / path.name}'")


def spark_of_one_process():
    """Return a Spark of one process, which reads times without a zone as they are."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def show_to_spark(session, folder):
    """Make the tables of a folder known to Spark, each held in one part: none is to be shuffled."""
    for path in folder.glob("*.parquet"):
        held = session.read.parquet(str(path)).coalesce(1).cache()
        held.createOrReplaceTempView(path.stem)
