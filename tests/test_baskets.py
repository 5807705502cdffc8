"""Baskets: prices, several categories, priorities, each worked by hand."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marketing_kpi as mk
from marketing_kpi import baskets
from marketing_kpi.errors import ColumnError, ComputeError, MissingDataError

YEAR = {"start": "2025-01-01", "end": "2026-01-01"}
FEW = settings(max_examples=8, deadline=None)


def shop(lines, *, products=None, **order_columns):
    """Open lines of (order, product, quantity, list price, price paid, promotion)."""
    names = ["order_id", "product_id", "quantity", "list_price", "unit_price", "promotion_id"]
    frame = pd.DataFrame(lines, columns=names)
    frame.insert(1, "line_id", frame.index.astype(str))
    ids = frame["order_id"].unique()
    orders = pd.DataFrame({"order_id": ids, "ordered_at": pd.Timestamp("2025-03-03")})
    tables = {"orders": orders.assign(**order_columns), "order_lines": frame}
    if products is not None:
        tables["products"] = pd.DataFrame(
            {"product_id": [*products], "category": [*products.values()]}
        )
    return mk.open_data(tables)


# a coat at 100 sold 80 on promotion, three cups at 20, a bag at 40 sold 20 outside a promotion
LINES = [
    ("1", "coat", 1, 100.0, 80.0, "P1"),
    ("2", "cup", 3, 20.0, 20.0, None),
    ("3", "bag", 1, 40.0, 20.0, None),
    ("3", "cup", 1, 20.0, 20.0, None),
]
CATEGORIES = {"coat": "clothing", "cup": "kitchen", "bag": "luggage"}


# --- KPIs that are functions of counts and marks


def test_a_pair_by_hand():
    assert baskets.basket_support(3, baskets=10) == 0.3
    assert baskets.basket_confidence(3, first=4) == 0.75
    assert baskets.basket_lift(3, first=4, second=5, baskets=10) == pytest.approx(1.5)


def test_nothing_to_divide_by_is_null():
    assert baskets.basket_support(0, baskets=0) is None
    assert baskets.basket_confidence(0, first=0) is None
    assert baskets.basket_lift(0, first=0, second=5, baskets=10) is None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: baskets.basket_support(-1, baskets=3), "together == -1, must be 0 or more"),
        (lambda: baskets.basket_support(4, baskets=3), "at most baskets == 3"),
        (lambda: baskets.basket_confidence(4, first=3), "at most first == 3"),
        (lambda: baskets.basket_lift(3, first=4, second=2, baskets=9), "at most second == 2"),
        (lambda: baskets.basket_lift(3, first=10, second=4, baskets=9), "at most baskets == 9"),
        (lambda: baskets.kpi_priority_score(0, confidence=5, ease=5), "impact == 0"),
        (lambda: baskets.kpi_priority_score(5, confidence=11, ease=5), "confidence == 11"),
        (lambda: baskets.kpi_priority_score(5, confidence=5, ease=float("nan")), "ease == nan"),
    ],
)
def test_counts_and_marks_that_cannot_be_are_refused(call, message):
    with pytest.raises(ComputeError, match=message):
        call()


def test_lost_sales_never_fall_below_zero_on_a_day():
    days = pd.DataFrame({"expected_units": [2.5, 1.0, 0.5], "units_sold": [0, 3, 0]})
    assert baskets.lost_sales_units(days) == 3.0
    assert baskets.lost_sales_units(days.iloc[:0]) == 0
    priced = days.assign(average_selling_price=[20, 20, 40])
    assert baskets.lost_sales_revenue(priced) == 70
    with pytest.raises(ColumnError, match="average_selling_price"):
        baskets.lost_sales_revenue(days)


# --- prices


def test_prices_by_hand():
    row = baskets.prices_by(shop(LINES), **YEAR).iloc[0]
    amounts = ["gross_sales", "discounts", "promotion_discounts", "other_discounts", "net_sales"]
    assert row[amounts].tolist() == [220, 40, 20, 20, 180]
    assert row["discount_rate"] == pytest.approx(40 / 220)
    assert row["price_realisation"] == pytest.approx(180 / 220)
    assert row["promotion_share"] == pytest.approx(80 / 180)


def test_prices_by_category_put_the_largest_discounts_first():
    found = baskets.prices_by(shop(LINES, products=CATEGORIES), by="category", **YEAR)
    assert found["category"].tolist() == ["clothing", "luggage", "kitchen"]
    assert found["price_realisation"].tolist() == pytest.approx([0.8, 0.5, 1.0])


def test_a_line_without_a_list_price_is_in_no_part():
    lines = [*LINES, ("4", "cup", 5, None, 7.0, "P1")]
    row = baskets.prices_by(shop(lines), **YEAR).iloc[0]
    assert row["gross_sales"] == 220
    assert row["net_sales"] == 180
    assert row["promotion_share"] == pytest.approx((80 + 35) / (180 + 35))  # as the KPI has it


def test_discounts_are_not_parted_where_no_line_can_name_a_promotion():
    frame = pd.DataFrame(LINES).drop(columns=5)
    frame.columns = ["order_id", "product_id", "quantity", "list_price", "unit_price"]
    frame["line_id"] = frame.index.astype(str)
    orders = pd.DataFrame({"order_id": [*"123"], "ordered_at": pd.Timestamp("2025-03-03")})
    row = baskets.prices_by(mk.open_data({"orders": orders, "order_lines": frame}), **YEAR).iloc[0]
    assert row["discounts"] == 40
    parts = ["promotion_discounts", "other_discounts", "promotion_share"]
    assert row[parts].isna().all()


def test_without_a_list_price_no_discount_is_known():
    lines = [(order, product, 2, None, 7.0, "P1") for order, product in ("1a", "2b")]
    row = baskets.prices_by(shop(lines), **YEAR).iloc[0]
    amounts = ["gross_sales", "discounts", "promotion_discounts", "other_discounts", "net_sales"]
    assert row[[*amounts, "price_realisation"]].isna().all()


@FEW
@given(st.data())
def test_the_parts_of_the_list_price_add_up_to_the_cent(draw):
    cents = st.integers(0, 30_000)
    one = st.tuples(
        st.sampled_from("123"), st.sampled_from("ab"), st.integers(1, 9), cents, cents,
        st.sampled_from([None, "P1"]),
    )  # fmt: skip
    lines = draw.draw(st.lists(one, min_size=1, max_size=12))
    lines = [(o, p, q, high / 100, low / 100, promo) for o, p, q, high, low, promo in lines]
    found = baskets.prices_by(shop(lines), by="product_id", **YEAR)
    given_away = found["promotion_discounts"] + found["other_discounts"]
    assert ((found["gross_sales"] - given_away) * 100).round(6).tolist() == (
        (found["net_sales"] * 100).round(6).tolist()
    )
    both = found[["price_realisation", "discount_rate"]].dropna().sum(axis=1)
    assert both.tolist() == pytest.approx([1.0] * len(both))


def test_prices_need_list_prices():
    orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.Timestamp("2025-03-03")})
    data = mk.open_data({"orders": orders.assign(amount=5.0)})
    assert baskets.lacking_for_prices(data)
    with pytest.raises(MissingDataError, match="list_price"):
        baskets.prices_by(data, **YEAR)


def test_the_demos_prices_are_those_of_the_dictionary():
    data = mk.demo()
    kpis = [*baskets.PRICE_KPIS, "gross_sales", "net_sales"]
    row = baskets.prices_by(data, **YEAR).iloc[0]
    computed = mk.compute(kpis, data, **YEAR).to_pandas().iloc[0]
    assert row[kpis].astype(float).tolist() == pytest.approx(
        computed.astype(float).tolist(), rel=1e-12
    )


# --- several categories


def test_orders_of_two_categories_or_more():
    data = shop(LINES, products=CATEGORIES, channel=["web", "web", "store"])
    found = baskets.cross_sell(data, by="channel", **YEAR)
    assert found["channel"].tolist() == ["store", "web"]
    assert found["orders"].tolist() == [1, 2]
    assert found["cross_sell_rate"].tolist() == [1.0, 0.0]
    assert (found["low"] <= found["cross_sell_rate"]).all()
    assert found["high"].tolist()[0] == 1


def test_an_order_without_a_known_category_is_not_counted():
    known = {"coat": "clothing", "bag": "luggage", "cup": None}
    found = baskets.cross_sell(shop(LINES, products=known), **YEAR)
    assert found["orders"].tolist() == [2]
    assert found["cross_sell_rate"].tolist() == [0.0]


def test_no_order_gives_no_rate():
    found = baskets.cross_sell(
        shop(LINES, products=CATEGORIES), start="2024-01-01", end="2024-02-01"
    )
    assert found["orders"].tolist() == [0]
    assert found[["cross_sell_rate", "low", "high"]].isna().all(axis=None)


def test_cancelled_orders_and_credits_fill_no_basket():
    lines = [*LINES, ("4", "coat", 1, 9.0, 9.0, None), ("4", "cup", 1, 9.0, 9.0, None)]
    lines += [("5", "coat", 1, 9.0, -9.0, None), ("5", "cup", 1, 9.0, -9.0, None)]
    status = ["delivered", "delivered", "delivered", "cancelled", "delivered"]
    amount = [80.0, 60.0, 40.0, 18.0, -18.0]
    data = shop(lines, products=CATEGORIES, status=status, amount=amount)
    assert baskets.cross_sell(data, **YEAR)["orders"].tolist() == [3]


def test_categories_are_no_dimension_of_what_counts_them():
    data = shop(LINES, products=CATEGORIES)
    with pytest.raises(ComputeError, match="category"):
        mk.compute("cross_sell_rate", data, by="category", **YEAR)


# --- priorities


def marked(**columns):
    return pd.DataFrame({"kpi": [*"abc"], **columns})


def test_priorities_by_hand():
    found = baskets.prioritise(
        marked(impact=[9, 7, 2], confidence=[7, 7, 3], ease=[5, 6, 4], owner=["x", "y", "z"])
    )
    assert found["score"].tolist() == [315, 294, 24]
    assert found["low"].tolist() == [8 * 6 * 4, 6 * 6 * 5, 1 * 2 * 3]
    assert found["high"].tolist() == [10 * 8 * 6, 8 * 8 * 7, 3 * 4 * 5]
    assert found["best_rank"].tolist() == [1, 1, 3]
    assert found["worst_rank"].tolist() == [2, 2, 3]
    assert found["owner"].tolist() == ["x", "y", "z"]


def test_equal_scores_share_a_rank_whatever_the_order():
    marks = marked(impact=[5, 8, 5], confidence=[4, 8, 2], ease=[2, 8, 4])
    found = baskets.prioritise(marks)
    assert found["rank"].tolist() == [1, 2, 2]
    again = baskets.prioritise(marks.iloc[::-1])
    pd.testing.assert_frame_equal(found, again)


def test_marks_stay_within_their_scale():
    found = baskets.prioritise(marked(impact=[10] * 3, confidence=[1] * 3, ease=[10, 10, 9]))
    assert found["high"].tolist() == [200, 200, 200]
    assert found["low"].tolist() == [81, 81, 72]


@FEW
@given(st.lists(st.tuples(*[st.integers(1, 10)] * 3), min_size=1, max_size=6))
def test_a_rank_lies_between_the_best_and_the_worst(marks):
    frame = pd.DataFrame(marks, columns=["impact", "confidence", "ease"])
    found = baskets.prioritise(frame.assign(kpi=[f"k{n}" for n in range(len(frame))]))
    assert (found["best_rank"] <= found["rank"]).all()
    assert (found["rank"] <= found["worst_rank"]).all()
    assert found["score"].is_monotonic_decreasing


def test_without_a_candidate_there_is_no_rank():
    nothing = pd.DataFrame({"kpi": [], "impact": [], "confidence": [], "ease": []})
    assert baskets.prioritise(nothing).empty


def test_a_candidate_without_a_mark_is_refused():
    with pytest.raises(ColumnError, match="ease"):
        baskets.prioritise(marked(impact=[1] * 3, confidence=[1] * 3))
