"""Facts of the customer's voice through `compute`: worked by hand, from pandas and an engine."""

import pandas as pd
import pytest

import marketing_kpi as mk
from marketing_kpi.errors import ComputeError, MissingDataError

YEAR = {"start": "2025-01-01", "end": "2026-01-01"}
VOICE = ["net_promoter_score", "customer_satisfaction", "share_of_wallet", "omnichannel_share"]

# ann: web and store, answers 3 then 9; bob: web alone, answers 8; cat: store, off the panel
ORDERS = [
    ("o1", "ann", "2025-01-10", "web", None),
    ("o2", "ann", "2025-03-10", "store", None),
    ("o3", "bob", "2025-01-20", "web", None),
    ("o4", "bob", "2025-02-20", "store", "cancelled"),
    ("o5", "cat", "2025-01-25", "store", None),
    ("o6", None, "2025-01-25", "web", None),
    ("o7", "cat", "2025-02-25", None, None),
]
LINES = [
    ("o1", "1", "mug", 2.0, 10.0),
    ("o1", "2", "tea", 1.0, 5.0),
    ("o2", "1", "mug", 1.0, 30.0),
    ("o3", "1", "tea", 4.0, 10.0),
    ("o4", "1", "mug", 9.0, 99.0),
    ("o5", "1", "mug", 1.0, 70.0),
    ("o6", "1", "mug", 1.0, 70.0),
]
SURVEYS = [
    ("a1", "ann", "2025-01-11", "nps", 3),
    ("a2", "ann", "2025-03-11", "nps", 9),
    ("a3", "bob", "2025-01-21", "nps", 8),
    ("a4", None, "2025-01-22", "nps", 10),
    ("a5", None, "2025-01-23", "nps", 2),
    ("a6", "bob", "2025-01-23", "nps", 99),  # off the scale
    ("a7", "ann", "2025-01-12", "csat", 5),
    ("a8", "bob", "2025-01-21", "csat", 3),
]
SPEND = [
    ("ann", "2025-01-01", "ware", 80.0),  # 20 with us
    ("ann", "2025-01-01", "food", 20.0),  # 5
    ("ann", "2025-03-01", "food", 50.0),  # 0: what she bought with us then was ware
    ("bob", "2025-01-01", "food", 50.0),  # 40
    ("bob", "2025-02-01", "ware", 100.0),  # 0: cancelled
]


@pytest.fixture(scope="module")
def frames():
    def frame(rows, columns, **types):
        return pd.DataFrame(rows, columns=columns).astype(types)

    return {
        "orders": frame(
            ORDERS, ["order_id", "customer_id", "ordered_at", "channel", "status"],
            ordered_at="datetime64[us]",
        ),
        "order_lines": frame(
            LINES, ["order_id", "line_id", "product_id", "quantity", "unit_price"]
        ),
        "products": pd.DataFrame({"product_id": ["mug", "tea"], "category": ["ware", "food"]}),
        "contacts": pd.DataFrame({"customer_id": ["ann", "bob"], "region": ["QC", "IDF"]}),
        "surveys": frame(
            SURVEYS, ["response_id", "customer_id", "answered_at", "question", "score"],
            answered_at="datetime64[us]",
        ).assign(asked_by=["till", "mail"] * 4),
        "category_spend": frame(
            SPEND, ["customer_id", "month", "category", "spend_total"], month="datetime64[us]"
        ),
    }  # fmt: skip


@pytest.fixture(scope="module")
def shop(frames, opened):
    return opened(frames)


def test_a_year_by_hand(shop, table):
    row = table(VOICE, shop, **YEAR).iloc[0]
    assert row.net_promoter_score == 100 * (2 - 2) / 5  # ann 3 and 9, bob 8, nobody 10 and 2
    assert row.customer_satisfaction == 1 / 2
    assert row.share_of_wallet == pytest.approx(65 / 300)
    assert row.omnichannel_share == 1 / 3  # ann; bob's second channel was cancelled


def test_months_by_hand(shop, table):
    found = table(VOICE, shop, grain="month", start="2025-01-01", end="2025-04-01")
    nps = found.net_promoter_score
    assert nps[0] == 100 * (1 - 2) / 4  # ann 3, bob 8, 10, 2
    assert pd.isna(nps[1])
    assert nps[2] == 100
    assert found.share_of_wallet.tolist() == [65 / 150, 0, 0]
    assert found.omnichannel_share.tolist()[0] == 0
    assert pd.isna(found.omnichannel_share[1])  # cat's channel is not known, bob's order cancelled


def test_by_dimension_by_hand(shop, table):
    found = table(VOICE, shop, by="region", **YEAR).set_index("region")
    assert found.net_promoter_score["QC"] == 0  # 3, then 9
    assert found.net_promoter_score["IDF"] == 0
    assert found.share_of_wallet.loc[["QC", "IDF"]].tolist() == [25 / 150, 40 / 150]
    assert found.omnichannel_share.loc[["QC", "IDF"]].tolist() == [1, 0]
    by_category = table("share_of_wallet", shop, by="category", **YEAR).set_index("category")
    assert by_category.share_of_wallet.to_dict() == {"food": 45 / 120, "ware": 20 / 180}


def test_extra_columns_of_surveys_are_dimensions_and_filters(shop, table):
    found = table("net_promoter_score", shop, by="asked_by", **YEAR).set_index("asked_by")
    assert found.net_promoter_score.to_dict() == pytest.approx(
        {"till": 100 * (0 - 2) / 3, "mail": 100}
    )
    kept = table("net_promoter_score", shop, filters={"asked_by": "mail"}, **YEAR)
    assert kept.net_promoter_score[0] == 100


def test_filters_read_what_is_not_asked(shop, table):
    found = table(VOICE, shop, filters={"region": "QC"}, **YEAR).iloc[0]
    assert found.tolist() == [0, 1, 25 / 150, 1]


def test_by_channel_everybody_would_have_one(shop):
    with pytest.raises(ComputeError, match="channel"):
        mk.compute("omnichannel_share", shop, by="channel", **YEAR)


def test_what_is_missing_is_named(frames):
    with (
        mk.open_data({"orders": frames["orders"]}) as data,
        pytest.raises(MissingDataError, match=r"surveys\.score"),
    ):
        mk.compute("net_promoter_score", data)


def test_engagement_is_an_analysis(shop):
    with pytest.raises(ComputeError, match=r"marketing_kpi\.voice\.engagement"):
        mk.compute("engagement_score", shop)


def test_answers_without_customers_each_count(frames):
    surveys = frames["surveys"].drop(columns="customer_id")
    with mk.open_data({"orders": frames["orders"], "surveys": surveys}) as data:
        found = mk.compute("net_promoter_score", data, **YEAR)
    assert found.net_promoter_score[0] == 100 * (2 - 2) / 5
