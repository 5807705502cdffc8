"""Margins: contribution and break-even by hand, sharing out, promotions against what is known."""

import datetime as dt
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marketing_kpi as mk
from marketing_kpi import margins
from marketing_kpi.data.demo import truth
from marketing_kpi.errors import ComputeError, MissingDataError
from marketing_kpi.kpis.examples import rows_of
from marketing_kpi.kpis.facts import FACTS
from marketing_kpi.promotions import baseline, panel
from marketing_kpi.promotions.activity import activity
from marketing_kpi.promotions.allocation import allocate, share_out
from marketing_kpi.promotions.effects import study
from marketing_kpi.promotions.panel import AMOUNTS, NO_CATEGORY, Panel

NONE = None
YEAR = {"start": "2025-01-01", "end": "2026-01-01"}
KPIS = ("variable_costs", "contribution_margin", "contribution_margin_rate")
THRESHOLDS = ("break_even_revenue", "break_even_days")


@pytest.fixture(scope="module")
def demo():
    with mk.demo() as data:
        yield data


@pytest.fixture(scope="module")
def found(demo):
    return margins.promotions(demo, **YEAR)


# --- Formulas, by hand ------------------------------------------------------------------------


def on(function, fact, rows):
    value = function(rows_of(FACTS[fact], rows)).cast("float64").execute()
    return NONE if pd.isna(value) else value


COSTS = {
    # a line, a line without a cost, a parcel, a fee, a day of a promotion that its supplier paid
    "net_sales": [100, 50, NONE, NONE, NONE],
    "costed_sales": [100, NONE, NONE, NONE, NONE],
    "cost": [60, NONE, NONE, NONE, NONE],
    "fulfilment_cost": [NONE, NONE, 8, NONE, NONE],
    "payment_cost": [NONE, NONE, NONE, 3, NONE],
    "promotion_cost": [NONE, NONE, NONE, NONE, -1],
}
NOTHING = {name: [] for name in COSTS}
LOSS = {**COSTS, "cost": [95, NONE, NONE, NONE, NONE]}


@pytest.mark.parametrize(
    ("function", "usual", "nothing", "loss"),
    [
        (margins.variable_costs, 70, NONE, 105),
        (margins.contribution_margin, 30, NONE, -5),
        (margins.contribution_margin_rate, 0.3, NONE, -0.05),
    ],
)
def test_contribution_over_lines_of_a_known_cost(function, usual, nothing, loss):
    values = [on(function, "contribution", rows) for rows in (COSTS, NOTHING, LOSS)]
    assert values == [
        usual if usual is NONE else pytest.approx(usual),
        nothing,
        pytest.approx(loss),
    ]


def test_break_even_by_hand_and_none_where_sales_leave_nothing():
    months = {"fixed_cost": [NONE] * 4 + [15], "days": [NONE] * 4 + [30]}
    assert on(margins.break_even_revenue, "break_even", {**COSTS, **months}) == pytest.approx(50)
    # of all sales, 150, also of the line whose cost is not known
    assert on(margins.break_even_days, "break_even", {**COSTS, **months}) == pytest.approx(10)
    assert on(margins.break_even_revenue, "break_even", {**LOSS, **months}) is NONE
    assert on(margins.break_even_days, "break_even", {**LOSS, **months}) is NONE


@pytest.mark.parametrize(
    ("discount", "rate", "expected"),
    [(0.3, 0.5, 1.5), (0.2, 0.6, 0.5), (0, 0.5, 0), (0.3, 0.3, NONE), (0.4, 0.3, NONE)],
)
def test_the_lift_that_a_discount_needs(discount, rate, expected):
    assert margins.needed_lift(discount=discount, margin_rate=rate) == expected
    if expected is not NONE:  # as much is earned: (1 + lift) units at the lower price
        assert (1 + expected) * (rate - discount) == pytest.approx(rate)


def test_parts_of_an_incremental_margin():
    parts = {"observed": 900, "baseline": 600, "halo": 50, "displaced": 120}
    money = {"cost": 200, "supplier_funding": 100}
    assert margins.promotion_incremental_margin(**parts, **money) == 130
    with pytest.raises(ComputeError, match="cost == -1, must be 0 or more"):
        margins.promotion_incremental_margin(**parts, cost=-1)


@pytest.mark.parametrize(("lost", "extra", "rate"), [(60, 240, 0.25), (9, 0, NONE), (9, -3, NONE)])
def test_cannibalisation_is_of_what_was_gained(lost, extra, rate):
    assert margins.cannibalisation_rate(lost_units=lost, extra_units=extra) == rate


@pytest.mark.parametrize("discount", [30, -0.1, math.nan])
def test_a_discount_that_is_no_fraction_is_refused(discount):
    with pytest.raises(ComputeError, match="must be in 0-1"):
        margins.needed_lift(discount=discount, margin_rate=0.5)


# --- A shop in miniature ----------------------------------------------------------------------


def tables():
    """Two orders of January, one of February; a promotion from 30 January to 2 February."""
    day = pd.to_datetime(["2025-01-10", "2025-01-31", "2025-02-01", "2025-01-12"])
    return {
        "orders": pd.DataFrame({
            "order_id": ["1", "2", "3", "4"], "ordered_at": day, "channel": list("abab"),
            "status": ["delivered", "delivered", "delivered", "cancelled"],
            "payment_fee": [2.0, 1.0, 0.5, 9.0],
        }),
        "order_lines": pd.DataFrame({
            "order_id": ["1", "1", "2", "3", "4"], "line_id": ["1", "2", "1", "1", "1"],
            "product_id": ["p", "q", "p", "q", "p"], "quantity": [1, 2, 1, 1, 1],
            "unit_price": [60.0, 20.0, 40.0, 20.0, 60.0],
            "unit_cost": [30.0, 10.0, 30.0, 10.0, 30.0],
            "promotion_id": [NONE, NONE, "x", NONE, NONE],
        }),
        "shipments": pd.DataFrame({
            "shipment_id": ["s"], "order_id": ["1"], "transport_cost": [7.0],
            "packaging_cost": [1.0], "shipped_at": pd.to_datetime(["2025-02-03"]),
        }),
        "promotions": pd.DataFrame({
            "promotion_id": ["x"], "starts_on": pd.to_datetime(["2025-01-30"]),
            "ends_on": pd.to_datetime(["2025-02-02"]), "cost": [10.0], "supplier_funding": [2.0],
        }),
        "fixed_costs": pd.DataFrame({
            "month": pd.to_datetime(["2025-01-01"]), "amount": [21.0],
        }),
    }  # fmt: skip


JANUARY = {"start": "2025-01-01", "end": "2025-02-01"}


def test_costs_count_with_their_order_and_promotions_by_day():
    with mk.open_data(tables()) as data:
        months = mk.compute(KPIS, data, grain="month", start="2025-01-01", end="2025-03-01")
        january = mk.compute([*KPIS, *THRESHOLDS], data, **JANUARY).iloc[0]
    # goods 30 + 20 + 30, parcel 8, fees 3, half of the promotion's 8
    assert months.variable_costs.astype(float).tolist() == [95, 10 + 0.5 + 4]
    assert float(january.contribution_margin) == 140 - 95
    assert january.break_even_revenue == pytest.approx(21 / (45 / 140))
    assert january.break_even_days == pytest.approx(21 / 45 * 31)


def test_a_month_without_fixed_costs_is_no_part_of_the_break_even():
    with mk.open_data(tables()) as data:
        both = mk.compute(THRESHOLDS, data, start="2025-01-01", end="2025-03-01").iloc[0]
        one = mk.compute(THRESHOLDS, data, **JANUARY).iloc[0]
        with pytest.raises(ComputeError, match="month"):
            mk.compute(THRESHOLDS, data, start="2025-01-01", end="2025-01-20")
    assert both.tolist() == one.tolist()


def test_costs_are_shared_out_to_the_lines_that_caused_them():
    with mk.open_data(tables()) as data:
        parts = margins.contribution_by(data, by=["product_id"], **JANUARY).set_index("product_id")
        channels = margins.contribution_by(data, by=["channel"], **JANUARY)
    # of order 1 (60 and 40): 4.80 and 3.20 of the parcel, 1.20 and 0.80 of the fee
    assert parts.loc["p", ["fulfilment_cost", "payment_cost"]].tolist() == [4.8, 1.2 + 1.0]
    assert parts.loc["q", ["fulfilment_cost", "payment_cost"]].tolist() == [3.2, 0.8]
    assert parts.promotion_cost.to_dict() == {"p": 4.0, "q": 0.0}
    assert parts.contribution_margin.sum() == channels.contribution_margin.sum() == 45


def test_a_promotion_that_sold_nothing_is_not_lost():
    without = tables()
    without["order_lines"]["promotion_id"] = pd.Series([NONE] * 5, dtype="str")
    with mk.open_data(without) as data:
        parts = margins.contribution_by(data, by=["channel"], **JANUARY)
        assert parts.allocated.tolist() == [True, True, False]
        assert parts.promotion_cost.tolist() == [0, 0, 4]
        assert parts.contribution_margin.sum() == 45


def test_levels_are_null_from_what_is_not_told():
    poor = tables()
    poor["orders"] = poor["orders"].drop(columns="payment_fee")
    with mk.open_data(tables()) as data, mk.open_data(poor) as lacking:
        whole = margins.levels(data, **JANUARY).set_index("step").amount
        part = margins.levels(lacking, **JANUARY).set_index("step").amount
        assert margins.lacking(lacking, "contribution") == ["orders.payment_fee"]
        assert math.isnan(
            margins.levels(data, start="2025-01-01", end="2025-03-01").amount.iloc[-1]
        )
    assert whole.result == 45 - 21
    assert part[["gross_profit", "fulfilment_cost"]].tolist() == [60, -8]
    assert part[["payment_cost", "contribution_margin", "result"]].isna().all()


def test_what_is_lacking_is_named():
    orders = tables()["orders"]
    with mk.open_data({"orders": orders}) as data:
        for analysis in (margins.margins_by, margins.levels, margins.contribution_by):
            with pytest.raises(MissingDataError, match=r"order_lines\.quantity"):
                analysis(data, **JANUARY)
        with pytest.raises(MissingDataError, match=r"promotions\.starts_on"):
            margins.promotions(data, **JANUARY)
    with mk.open_data(tables()) as data:
        with pytest.raises(ComputeError, match="did you mean 'channel'"):
            margins.margins_by(data, by=["chanel"], **JANUARY)
        with pytest.raises(ComputeError, match="cuts a month"):
            margins.break_even(data, start="2025-01-01", end="2025-01-20")


def test_the_day_on_which_fixed_costs_are_paid():
    with mk.open_data(tables()) as data:
        known = margins.break_even(data, **JANUARY)
    # 10 January: 100 - 50 - 8 - 2 = 40, and 21 are due; nothing takes it back below
    assert known.reached_on == dt.date(2025, 1, 10)
    assert known.by_day.contribution.iloc[-1] == known.rate * known.net_sales == 45
    dear = tables()
    dear["fixed_costs"]["amount"] = [46.0]
    with mk.open_data(dear) as data:
        short = margins.break_even(data, **JANUARY)
    assert short.reached_on is NONE
    assert short.safety < 0
    assert short.days > short.period_days == 31


def steady_shop(*, known=1.0):
    """Return a year of 10 orders a month at 100 in two equal lines; of some, the cost is unknown.

    They leave 30 % after goods (60), fees (2) and parcels (8); 1,800 of fixed costs take 6,000.
    """
    ids = [f"{n}" for n in range(120)]
    day = pd.to_datetime([f"2025-{n // 10 + 1:02}-{n % 10 + 1:02}" for n in range(120)])
    lines = pd.DataFrame({
        "order_id": np.repeat(ids, 2), "line_id": ["1", "2"] * 120, "product_id": ["p", "q"] * 120,
        "quantity": 1, "unit_price": 50.0, "unit_cost": [30.0, 30.0 if known == 1 else NONE] * 120,
        "promotion_id": ["x", NONE] * 120,
    })  # fmt: skip
    if known == 0.25:  # of every second order, nothing is known
        lines.loc[lines.order_id.astype(int) % 2 == 1, "unit_cost"] = NONE
    return {
        "orders": pd.DataFrame({"order_id": ids, "ordered_at": day, "payment_fee": 2.0}),
        "order_lines": lines,
        "shipments": pd.DataFrame({"shipment_id": ids, "order_id": ids, "transport_cost": 8.0}),
        "promotions": pd.DataFrame({
            "promotion_id": ["x"], "starts_on": [pd.Timestamp("2025-01-01")], "cost": [0.0],
        }),
        "fixed_costs": pd.DataFrame({
            "month": pd.date_range("2025-01-01", periods=12, freq="MS"), "amount": 150.0,
        }),
    }  # fmt: skip


@pytest.mark.parametrize("known", [1.0, 0.5, 0.25])
def test_unknown_costs_do_not_move_the_break_even(known):
    with mk.open_data(steady_shop(known=known)) as data:
        even = margins.break_even(data, **YEAR)
        values = mk.compute([*KPIS, *THRESHOLDS], data, **YEAR).iloc[0].astype(float)
        parts = margins.contribution_by(data, by=["product_id"], **YEAR)
        steps = margins.levels(data, **YEAR).set_index("step").amount
    assert values.tolist() == pytest.approx([8400 * known, 3600 * known, 0.3, 6000, 182.5])
    assert [even.rate, even.revenue, even.days] == pytest.approx([0.3, 6000, 182.5])
    assert [even.net_sales, even.safety, even.costed_share] == pytest.approx([12000, 0.5, known])
    assert even.by_day.contribution.iloc[-1] == pytest.approx(3600)
    assert even.reached_on is not NONE
    assert parts.contribution_margin.sum() == pytest.approx(3600 * known)
    assert parts.allocated.all()
    assert steps.fixed_costs == -1800
    assert (steps.result == pytest.approx(1800)) if known == 1 else math.isnan(steps.result)


def test_of_a_promotion_the_share_of_its_lines_of_a_known_cost_counts():
    shop = steady_shop(known=0.25)
    shop["promotions"]["cost"] = [90.0]
    with mk.open_data(shop) as data:  # half of the lines sold on it have a cost
        parts = margins.contribution_by(data, by=["product_id"], **YEAR)
        whole = mk.compute("contribution_margin", data, **YEAR).iloc[0, 0]
    assert parts.promotion_cost.tolist() == [45.0, 0.0]
    assert float(whole) == parts.contribution_margin.sum() == 3600 / 4 - 45


UNKNOWN = {
    "fee": ("orders", "payment_fee", 1),
    "parcel": ("shipments", "transport_cost", 0),
    "packaging": ("shipments", "packaging_cost", 0),
    "promotion": ("promotions", "cost", 0),
}
"""The fee of order 2, the parcel of order 1, the promotion of order 2."""


@pytest.mark.parametrize(
    ("what", "sold", "costs", "counts"),
    [
        ("fee", 100, [50, 8, 2, 0], [40, 0, 1, 0]),
        ("promotion", 100, [50, 8, 2, 0], [40, 0, 0, 1]),
        ("parcel", 40, [30, 0, 1, 4], [100, 1, 0, 0]),
        ("packaging", 40, [30, 0, 1, 4], [100, 1, 0, 0]),
    ],
)
def test_sales_of_which_a_cost_is_empty_are_in_no_contribution(what, sold, costs, counts):
    """In January, order 1 of 100 and order 2 of 40, sold on the promotion."""
    shop, (table, column, row) = tables(), UNKNOWN[what]
    shop[table].loc[row, column] = math.nan
    left = sold - sum(costs)
    with mk.open_data(shop) as data:
        kpis = mk.compute([*KPIS, "gross_profit", "break_even_revenue"], data, **JANUARY).iloc[0]
        levels = margins.levels(data, **JANUARY).set_index("step")
        even = margins.break_even(data, **JANUARY)
        parts = margins.contribution_by(data, by=["product_id"], **JANUARY)
        unknown = margins.unknown_costs(data, **JANUARY)
    assert kpis.astype(float).tolist() == pytest.approx(
        [sum(costs), left, left / sold, 60, 21 / (left / sold)]
    )
    steps = levels.amount
    assert steps[["net_sales", "goods"]].tolist() == [sold, -costs[0]]
    assert (-steps[["fulfilment_cost", "payment_cost", "promotion_cost"]]).tolist() == costs[1:]
    assert steps.contribution_margin == left
    assert math.isnan(steps.result)
    assert (steps.fixed_costs, math.isnan(levels.rate.fixed_costs)) == (-21, True)
    assert [even.rate, even.costed_share] == pytest.approx([left / sold, sold / 140])
    assert parts.contribution_margin.sum() == left
    assert unknown.what.tolist() == ["net_sales", *margins.STEPS[3:6]]
    assert unknown.unknown.tolist() == counts
    assert unknown["all"].tolist() == [140, 1, 2, 1]


def test_costs_of_zero_are_known_and_months_count_their_own():
    shop = tables()
    shop["orders"]["payment_fee"] = [0.0, 0.0, math.nan, math.nan]
    with mk.open_data(shop) as data:
        january = margins.unknown_costs(data, **JANUARY)
        february = margins.unknown_costs(data, start="2025-02-01", end="2025-03-01")
        whole = mk.compute("contribution_margin", data, **JANUARY).iloc[0, 0]
    assert january.unknown.tolist() == [0, 0, 0, 0]
    assert february.unknown.tolist() == [20, 0, 1, 0]  # the cancelled order 4 is of January
    assert february["all"].tolist() == [20, 0, 1, 1]  # the promotion still ran
    assert float(whole) == 45 + 3


def test_empty_delivery_costs_do_not_move_the_break_even():
    shop = steady_shop()
    shop["shipments"]["transport_cost"] = [8.0, math.nan] * 60
    with mk.open_data(shop) as data:
        even = margins.break_even(data, **YEAR)
        values = mk.compute([*KPIS, *THRESHOLDS], data, **YEAR).iloc[0].astype(float)
    assert values.tolist() == pytest.approx([4200, 1800, 0.3, 6000, 182.5])
    assert [even.rate, even.revenue, even.costed_share] == pytest.approx([0.3, 6000, 0.5])


def test_goods_of_an_unknown_price_are_in_no_margin():
    shop = tables()
    shop["order_lines"].loc[1, "unit_price"] = NONE  # 2 units of q, at a cost of 20
    with mk.open_data(shop) as data:
        steps = margins.levels(data, **JANUARY).set_index("step").amount
        whole = mk.compute(["gross_profit", *KPIS[:2]], data, **JANUARY).iloc[0].astype(float)
        parts = margins.contribution_by(data, by=["product_id"], **JANUARY)
        seen = panel.panel(data, end=dt.date(2025, 2, 1)).categories[panel.NO_CATEGORY].sum()
    # 60 + 40 of sales, 30 + 30 of goods; the parcel 8, fees 3 and half of the promotion, 4, whole
    assert steps[["net_sales", "goods", "gross_profit"]].tolist() == [100, -60, 40]
    assert steps.contribution_margin == 40 - 8 - 3 - 4
    assert whole.tolist() == [40, 75, 25]
    assert parts[["product_id", "cost", "contribution_margin"]].values.tolist() == [
        ["p", 60, 25], ["q", 0, 0]
    ]  # fmt: skip
    assert seen.to_dict() == {"units": 4, "costed_units": 2, "sales": 100, "cost": 60}


def test_the_months_whose_fixed_costs_are_known_are_told():
    shop = steady_shop()
    shop["fixed_costs"] = shop["fixed_costs"].head(6)
    with mk.open_data(shop) as data:
        even = margins.break_even(data, **YEAR)
    assert even.months == tuple(dt.date(2025, month, 1) for month in range(1, 7))
    assert (even.asked_months, even.period_days) == (12, 181)


def test_a_contribution_without_dimensions_is_one_row():
    with mk.open_data(tables()) as data:
        parts = margins.contribution_by(data, **JANUARY)
        whole = mk.compute("contribution_margin", data, **JANUARY).iloc[0, 0]
    assert parts.allocated.tolist() == [True]
    assert parts.contribution_margin.tolist() == [45] == [float(whole)]


# --- The demo ---------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [["category"], ["channel"], ["channel", "category"]])
def test_shared_out_costs_add_up_to_the_kpis_to_the_last_decimal(demo, by):
    parts = margins.contribution_by(demo, by=by, **YEAR)
    whole = mk.compute(KPIS[:2], demo, **YEAR).to_pandas().iloc[0]
    costs = parts[["cost", "fulfilment_cost", "payment_cost", "promotion_cost"]]
    exact = sum(Decimal(f"{value:.4f}") for value in costs.to_numpy().ravel())
    assert exact == whole.variable_costs
    margin = sum(Decimal(f"{value:.4f}") for value in parts.contribution_margin)
    assert margin == whole.contribution_margin


def test_levels_and_break_even_are_the_kpis(demo):
    steps = margins.levels(demo, **YEAR).set_index("step").amount
    known = margins.break_even(demo, **YEAR)
    kpis = ["gross_profit", "contribution_margin", *THRESHOLDS]
    values = mk.compute(kpis, demo, **YEAR).to_pandas().iloc[0].astype(float)
    assert steps[["gross_profit", "contribution_margin"]].tolist() == pytest.approx(
        values[kpis[:2]].tolist(), rel=1e-12
    )
    assert [known.revenue, known.days] == pytest.approx(values[[*THRESHOLDS]].tolist(), rel=1e-9)
    assert steps.result == pytest.approx(known.by_day.contribution.iloc[-1] - known.fixed_costs)


def test_margins_by_product_add_up_to_the_whole(demo):
    parts, whole = (margins.margins_by(demo, by=by, **YEAR) for by in (["product_id"], []))
    money = ["net_sales", "cost_of_goods_sold", "gross_profit"]
    assert parts[money].sum().tolist() == pytest.approx(whole[money].iloc[0].tolist(), rel=1e-12)
    assert parts.gross_profit.is_monotonic_decreasing
    price, cost = parts.gross_margin_rate, parts.markup_rate
    assert (cost - price / (1 - price)).abs().max() < 1e-9


# --- Sharing out ------------------------------------------------------------------------------

weights = st.lists(st.decimals(0, 500, places=2).map(float), min_size=1, max_size=8)
amounts = st.decimals(-900, 900, places=2).map(float)


@given(amount=amounts, weighs=weights, seed=st.integers(0, 99))
def test_parts_add_up_whatever_the_order_of_the_rows(amount, weighs, seed):
    keys = list(range(len(weighs)))
    parts = share_out(amount, weighs, keys=keys)
    assert sum(Decimal(str(part)) for part in parts) == Decimal(str(amount))
    turn = np.random.default_rng(seed).permutation(len(weighs))
    again = share_out(amount, [weighs[n] for n in turn], keys=[keys[n] for n in turn])
    assert again == [parts[n] for n in turn]
    total = sum(weighs)
    fair = [amount * w / total if total else amount / len(weighs) for w in weighs]
    assert max(abs(part - exact) for part, exact in zip(parts, fair, strict=True)) < 0.01 + 1e-9


@pytest.mark.parametrize(
    ("amount", "weighs", "parts"),
    [
        (10, [1, 1, 1], [3.34, 3.33, 3.33]),
        (-10, [1, 1, 1], [-3.34, -3.33, -3.33]),
        (0.01, [1, 9], [0.0, 0.01]),
        (5, [0, 0], [2.5, 2.5]),
        (0, [3, 4], [0.0, 0.0]),
        (7.5, [0, 2], [0.0, 7.5]),
    ],
)
def test_largest_remainders_by_hand(amount, weighs, parts):
    assert share_out(amount, weighs) == parts


def test_what_cannot_be_shared_out_is_refused():
    with pytest.raises(ComputeError, match="must be 0 or more"):
        share_out(10, [1, -1])
    with pytest.raises(ComputeError, match="no rows"):
        share_out(10, [])
    for amount, weight in ((10, math.nan), (10, math.inf), (math.nan, 1)):
        with pytest.raises(ComputeError, match="must be a finite number"):
            share_out(amount, [weight, 1])
    with pytest.raises(ComputeError, match="more than 2 decimals"):
        share_out(10.005, [1, 1])
    assert share_out(0.1 + 0.2, [1, 1]) == [0.15, 0.15]
    lines = pd.DataFrame({"order_id": ["1"], "line_id": ["a"], "price": [1.0]})
    with pytest.raises(ComputeError, match="'2' has an amount and no line"):
        allocate(lines, pd.Series({"2": 5.0}), weight="price")
    with pytest.raises(ComputeError, match="line_id is null"):
        allocate(lines.assign(line_id=NONE), pd.Series({"1": 5.0}), weight="price")


@settings(max_examples=8, deadline=None)
@given(
    fee=st.decimals(0, 60, places=4).map(float),
    prices=st.lists(st.decimals(0, 90, places=2).map(float), min_size=1, max_size=6),
)
def test_the_engine_shares_out_as_python_does(fee, prices):
    shop = tables()
    shop["orders"] = shop["orders"].head(1).assign(payment_fee=[fee])
    ids = [f"{n}" for n in range(len(prices))]
    shop["order_lines"] = pd.DataFrame({
        "order_id": "1", "line_id": ids, "product_id": [f"p{n}" for n in ids], "quantity": 1,
        "unit_price": prices, "unit_cost": 1.0,
        "promotion_id": pd.Series([NONE] * len(ids), dtype="str"),
    })  # fmt: skip
    with mk.open_data(shop) as data:
        parts = margins.contribution_by(data, by=["product_id"], **JANUARY)
    told = parts[parts.allocated].set_index("product_id").payment_cost.sort_index()
    keys = [f"p{n}" for n in ids]
    expected = share_out(fee, prices, keys=keys, decimals=4)
    assert told.reindex(keys).fillna(0).tolist() == expected


# --- Promotions -------------------------------------------------------------------------------


def small_shop(rng, *, lift=0.0, switch=0.0, pull=0.0, days=730, rates=(6.0, 10.0, 20.0, 15.0)):
    """Return daily units of a promoted product, its substitutes and two other categories."""
    index = pd.date_range("2024-01-01", periods=days, name="day")
    t = np.arange(days)
    busy = (1 + 0.3 * np.sin(2 * np.pi * t / 365)) * np.where(t % 7 > 4, 1.5, 0.9)
    of_year = 1 + 0.25 * np.cos(2 * np.pi * (t - 40) / 365)
    mean = (
        busy[:, None] * np.array(rates) * np.column_stack([of_year, of_year, t * 0 + 1, t * 0 + 1])
    )
    on, after = (t >= 500) & (t < 521), (t >= 521) & (t < 549)
    base = rng.poisson(mean)
    moved = rng.binomial(base[:, 1], np.where(on, switch, 0))
    extra = rng.poisson(base[:, 0] * np.where(on, lift, 0))
    missing = rng.binomial(base[:, 0], np.where(after, pull, 0))
    sold = base.copy()
    sold[:, 0] += extra + moved - missing
    sold[:, 1] -= moved
    truths = {"extra": (extra + moved).sum(), "lost": moved.sum(), "pulled": missing.sum()}
    return index, sold, truths


def amounts_of(units, index, price=50.0, cost=30.0):
    columns = {"units": units, "costed_units": units, "sales": price * units, "cost": cost * units}
    return pd.DataFrame(columns, index=index)[list(AMOUNTS)].astype(float)


def panel_of(index, sold, **changes):
    own = sold[:, 0].astype(float)
    promotion = {
        "promotion_id": "x", "name": "X", "starts_on": index[500], "ends_on": index[520],
        "cost": 100.0, "supplier_funding": 0.0, "products": frozenset("p"),
        "categories": frozenset("a"), "share": sold[:, 0].sum() / sold.sum(),
    }  # fmt: skip
    parts = {
        "days": index,
        "promotions": pd.DataFrame([promotion | changes.pop("promotion", {})]),
        "promoted": {"x": amounts_of(own, index)},
        "categories": {
            "a": amounts_of(sold[:, 0] + sold[:, 1], index),
            "b": amounts_of(sold[:, 2], index),
            "c": amounts_of(sold[:, 3], index),
        },
        "orders": pd.Series(sold.sum(axis=1) / 2.0, index=index),
        "on_shelf": {},
        "squared": 1.0,
    }
    return Panel(**(parts | changes))


def row_of(panel):
    return study(panel, start=dt.date(2024, 1, 1)).promotions.iloc[0]


def test_intervals_hold_what_a_promotion_moved():
    inside = {"extra": 0, "lost": 0, "pulled": 0}
    for seed in range(25):
        index, sold, known = small_shop(
            np.random.default_rng(seed), lift=0.8, switch=0.2, pull=0.25
        )
        row = row_of(panel_of(index, sold))
        for name in inside:
            inside[name] += row[f"{name}_low"] <= known[name] <= row[f"{name}_high"]
    assert min(inside.values()) >= 21


def test_a_promotion_that_did_nothing_is_seldom_called_one():
    called = 0
    for seed in range(25):
        index, sold, _ = small_shop(np.random.default_rng(100 + seed))
        row = row_of(panel_of(index, sold))
        called += not (row.extra_low <= 0 <= row.extra_high)
    assert called <= 4


def test_stock_outs_lower_what_was_expected():
    index, sold, _ = small_shop(np.random.default_rng(5), lift=1.0)
    whole = row_of(panel_of(index, sold))
    shelf = pd.Series(1.0, index=index)
    shelf.iloc[500:521] = 0.5
    half = row_of(panel_of(index, sold, on_shelf={"x": shelf}))
    assert half.baseline == pytest.approx(whole.baseline / 2, rel=1e-6)


def test_a_line_of_unknown_quantity_leaves_the_other_days_known():
    """Two caps on 1 January and one on the 2nd; how many hats on the 1st is not known."""
    tables = {
        "orders": pd.DataFrame({"order_id": ["1", "2"],
            "ordered_at": pd.to_datetime(["2025-01-01", "2025-01-02"])}),
        "order_lines": pd.DataFrame({"order_id": ["1", "1", "2"], "line_id": list("121"),
            "product_id": ["cap", "hat", "cap"], "quantity": [2, None, 1], "unit_price": 10.0,
            "promotion_id": ["x", "x", NONE]}),
        "products": pd.DataFrame({"product_id": ["cap", "hat"], "category": ["caps", "hats"]}),
        "promotions": pd.DataFrame({"promotion_id": ["x"],
            "starts_on": [pd.Timestamp("2025-01-01")], "ends_on": [pd.Timestamp("2025-01-01")]}),
    }  # fmt: skip
    with mk.open_data(tables) as data:
        found = panel.panel(data, end=dt.date(2025, 1, 3))
    assert found.categories["caps"].units.tolist() == [2, 1]
    assert found.categories["hats"].units.tolist() == [0, 0]
    assert found.promoted["x"].units.tolist() == [2, 1]
    assert (found.uncounted, found.lines) == (1, 3)


@pytest.mark.parametrize(
    ("lift", "known", "unknown"), [(3.0, "higher", "cannot_tell"), (0.0, "lower", "lower")]
)
def test_an_unknown_cost_can_undo_a_gain_and_no_loss(lift, known, unknown):
    index, sold, _ = small_shop(np.random.default_rng(3), lift=lift)
    funding = {"supplier_funding": 0.0 if lift else -9000.0}
    costly, uncosted = (
        study(panel_of(index, sold, promotion={"cost": cost, **funding}), start=index[0].date())
        for cost in (100.0, math.nan)
    )
    (row,), (left,) = (each.promotions.itertuples() for each in (costly, uncosted))
    assert [row.verdict, *costly.total.verdict] == [known] * 2
    assert [left.verdict, *uncosted.total.verdict] == [unknown] * 2
    assert left.margin == pytest.approx(row.margin + 100)
    assert math.isnan(left.cost)


@pytest.mark.parametrize(
    ("promotion", "changes", "reason"),
    [
        ({"share": 0.8}, {}, "whole_shop"),
        ({"products": frozenset()}, {}, "not_sold"),
        ({"categories": frozenset("abc")}, {}, "one_shelf"),
    ],
)
def test_why_nothing_can_be_told(promotion, changes, reason):
    index, sold, _ = small_shop(np.random.default_rng(1))
    row = row_of(panel_of(index, sold, promotion=promotion, **changes))
    assert row.reason == reason
    assert row.verdict == "cannot_tell"
    assert math.isnan(row.extra)


def test_short_histories_small_counts_and_unknown_categories_tell_nothing():
    index, sold, _ = small_shop(np.random.default_rng(1))
    most = {"starts_on": index[60], "ends_on": index[700]}
    assert row_of(panel_of(index, sold, promotion=most)).reason == "history"
    few = small_shop(np.random.default_rng(1), rates=(0.3, 10.0, 20.0, 15.0))[1]
    assert row_of(panel_of(index, few)).reason == "few"
    alone = {NO_CATEGORY: amounts_of(sold.sum(axis=1), index)}
    unknown = panel_of(
        index, sold, categories=alone, promotion={"categories": frozenset([NO_CATEGORY])}
    )
    assert row_of(unknown).reason == "no_category"


def test_two_promotions_of_the_same_products_at_once_cannot_be_told_apart():
    index, sold, _ = small_shop(np.random.default_rng(1), lift=1.0)
    panel = panel_of(index, sold)
    other = panel.promotions.assign(promotion_id="y", starts_on=index[510], ends_on=index[530])
    both = panel._replace(
        promotions=pd.concat([panel.promotions, other], ignore_index=True),
        promoted={**panel.promoted, "y": panel.promoted["x"]},
    )
    assert study(both, start=dt.date(2024, 1, 1)).promotions.reason.tolist() == ["overlap"] * 2


def test_what_is_missing_afterwards_is_unknown_until_it_is_over():
    index, sold, _ = small_shop(np.random.default_rng(1), lift=1.0)
    row = row_of(panel_of(index[:530], sold[:530]))
    assert math.isnan(row.pulled)
    assert row.verdict == "cannot_tell"
    assert row.extra > 0


@pytest.mark.parametrize(
    ("lift", "cost", "side", "verdict"), [(3.0, 0.0, 1, "cannot_tell"), (0.0, 9000.0, -1, "lower")]
)
def test_what_was_bought_ahead_can_undo_a_gain_and_no_loss(lift, cost, side, verdict):
    index, sold, _ = small_shop(np.random.default_rng(1), lift=lift)
    seen = panel_of(index[:530], sold[:530], promotion={"cost": cost})
    result = study(seen, start=dt.date(2024, 1, 1))
    row, total = result.promotions.iloc[0], result.total.iloc[0]
    assert [np.sign(row[f"margin{end}"]) for end in ("_low", "_high")] == [side, side]
    assert [row.verdict, total.verdict] == [verdict, verdict]
    over = study(panel_of(index, sold, promotion={"cost": cost}), start=dt.date(2024, 1, 1))
    assert over.total.verdict.tolist() == ["higher" if side > 0 else "lower"]


def test_money_of_a_promotion_that_still_runs_counts_by_day():
    index, sold, _ = small_shop(np.random.default_rng(1), lift=1.0)
    late = {"starts_on": index[-7], "ends_on": index[-7] + pd.Timedelta(days=20)}
    row = row_of(panel_of(index, sold, promotion=late))
    assert row.days == 7
    assert row.cost == pytest.approx(100 / 3)


@pytest.mark.parametrize("own_orders", [True, False], ids=["own orders", "usual orders"])
@pytest.mark.parametrize("halo", [0.0, 0.8])
def test_the_range_of_the_halo_holds_it_whichever_orders_extra_units_came_in(own_orders, halo):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        index, sold, known = small_shop(rng, lift=3.0)
        orders = pd.Series(sold[:, 1:].sum(axis=1) / 2.0, index=index)
        on = slice(500, 521)
        extra = np.diff(np.linspace(0, known["extra"], 22).round().astype(int))
        brought = rng.binomial(extra, halo)
        sold[on, 2] += brought
        orders.iloc[on] += extra * own_orders
        row = row_of(panel_of(index, sold, orders=orders))
        assert row.halo_low <= brought.sum() <= row.halo_high


def test_the_halo_that_undoes_a_loss_makes_the_margin_zero():
    index, sold, _ = small_shop(np.random.default_rng(2), lift=0.2, switch=0.2)
    dear = {"cost": 5000.0}
    result = study(panel_of(index, sold, promotion=dear), start=dt.date(2024, 1, 1))
    row, total = result.promotions.iloc[0], result.total.iloc[0]
    assert total.margin < 0
    assert total.needed_halo * row.extra * 20 == pytest.approx(-total.margin)


def test_the_margin_is_made_of_its_parts():
    index, sold, _ = small_shop(np.random.default_rng(2), lift=1.0, switch=0.2, pull=0.2)
    row = row_of(panel_of(index, sold))
    assert row.margin_observed == 20 * row.units
    assert row.margin_baseline == pytest.approx(20 * row.baseline)
    assert row.margin_displaced == pytest.approx(20 * (row.lost + row.pulled))
    given_parts = {"observed": row.margin_observed, "baseline": row.margin_baseline}
    expected = margins.promotion_incremental_margin(
        **given_parts, displaced=row.margin_displaced, cost=row.cost
    )
    assert row.margin == pytest.approx(expected)
    assert row.needed_lift == pytest.approx(0)  # the price was not lowered


def test_activity_is_exact_where_shares_do_not_move():
    month = np.repeat(np.arange(12), 30)
    total = 100 + 50 * np.sin(np.arange(360))
    share = np.array([0.5, 0.3, 0.2])
    clean = np.ones((360, 3), dtype=bool)
    clean[40:60, 0] = clean[200:230, 2] = False
    units = np.where(clean, total[:, None] * share, 1e6)  # what is not clean is not read
    known = activity(units, clean, month, dispersion=1.0)
    np.testing.assert_allclose(known.units, total, rtol=1e-6)


def test_a_matrix_is_inverted():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(40, 40))
    matrix = values @ values.T + np.eye(40)
    np.testing.assert_allclose(baseline._inverse(matrix), np.linalg.inv(matrix), atol=1e-10)


def test_a_steady_rate_is_carried_to_other_days():
    exposure = np.full(400, 50.0)
    kind = np.ones(400, dtype=bool)
    kind[200:221] = False
    known = baseline.blocks(0, kind, 0.2 * exposure, exposure, np.zeros(400))
    there = baseline.blocks(0, ~kind, 0.2 * exposure, exposure, np.zeros(400))
    strong = baseline.strengths(known, dispersion=1.0)
    expected = baseline.predict(known, there, dispersion=1.0, strong=strong)
    assert expected.units.sum() == pytest.approx(0.2 * 50 * 21, rel=0.02)
    assert np.all(np.diag(expected.covariance) >= expected.units)  # at least Poisson's


# --- Promotions of the demo -------------------------------------------------------------------


def test_estimates_hold_the_truth_of_the_demo(found):
    rows = found.promotions.set_index("promotion_id")
    known = pd.DataFrame(truth()["promotions"]["promotions"]).set_index("promotion_id")
    known = known.loc[rows[rows.reason.isna()].index]
    rows = rows.loc[known.index]
    values = {
        "baseline": known.baseline_units,
        "extra": known.incremental_units + known.switched_units,
        "lost": known.switched_units,
        "pulled": known.pulled_forward_units,
        "halo": known.halo_units,
    }
    assert len(rows) == 9
    for name, true in values.items():
        inside = true.between(rows[f"{name}_low"], rows[f"{name}_high"])
        assert inside.sum() >= 8, name
    assert (rows.extra_low > 0).all()
    rates = found.together.set_index("rate")
    lift = values["extra"].sum() / known.baseline_units.sum()
    moved = known.switched_units.sum() / values["extra"].sum()
    for rate, true in (("lift", lift), ("cannibalisation", moved)):
        assert rates.low[rate] <= true <= rates.high[rate]


def test_a_promotion_of_the_whole_shop_is_not_measured(found):
    wide = found.promotions[found.promotions.reason.notna()]
    assert wide.name.tolist() == ["Vendredi fou 2025", "Après-Noël 2025"]
    assert set(wide.reason) == {"whole_shop"}


def test_the_whole_is_the_sum_and_errs_less_than_the_parts_together(found):
    told = found.promotions.dropna(subset=["margin"])
    total = found.total.iloc[0]
    assert total.margin == pytest.approx(told.margin.sum())
    assert total.promotions == len(told)
    widths = told.margin_high - told.margin_low
    assert widths.max() < total.high - total.low < widths.sum()


def test_promotions_do_not_depend_on_the_order_of_rows_and_scale_with_the_currency():
    with mk.demo() as data:
        orders, lines = (data.table(name).to_pandas() for name in ("orders", "order_lines"))
        rest = {name: data.table(name).to_pandas() for name in ("products", "promotions")}
    recent = orders[orders.ordered_at >= "2025-01-01"].sample(frac=1, random_state=1)
    lines = lines[lines.order_id.isin(recent.order_id)].sample(frac=1, random_state=2)
    span = {"start": "2025-05-01", "end": "2025-09-01"}
    doubled = lines.assign(**{n: 2 * lines[n] for n in ("unit_price", "unit_cost", "list_price")})
    money = {n: 2 * rest["promotions"][n] for n in ("cost", "supplier_funding")}
    double_rest = {**rest, "promotions": rest["promotions"].assign(**money)}
    results = []
    for its_lines, its_rest in ((lines, rest), (doubled.iloc[::-1], double_rest)):
        with mk.open_data({"orders": recent, "order_lines": its_lines, **its_rest}) as data:
            results.append(margins.promotions(data, **span).promotions)
    one, two = results
    units = ["baseline", "extra", "lost", "pulled", "halo_low", "halo_high", "needed_lift"]
    pd.testing.assert_frame_equal(one[units], two[units], rtol=1e-6)
    ends = ["margin", "margin_low", "margin_high"]
    pd.testing.assert_frame_equal(2 * one[ends], two[ends], rtol=1e-6)
