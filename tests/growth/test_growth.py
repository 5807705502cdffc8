"""Two periods: bridges to the cent, effects by level, stores, customers, and what is noise."""

import math
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marketing_kpi as mk
from marketing_kpi import finance, revenue, sales
from marketing_kpi.errors import ColumnError, ComputeError, MissingDataError
from marketing_kpi.growth.chance import months_error, verdict_of, widened
from marketing_kpi.kpis.intervals import Interval

PERIODS = mk.periods(as_of="2026-01-01")
ALONE = mk.periods(as_of="2026-01-01", compare="none")
FEW = settings(max_examples=25, deadline=None)


@pytest.fixture(scope="module")
def demo():
    with mk.demo() as opened:
        yield opened


def orders(*rows, columns=("customer_id", "ordered_at", "amount"), **more):
    frame = pd.DataFrame(rows, columns=list(columns))
    frame["order_id"] = [str(n) for n in range(len(frame))]
    frame["ordered_at"] = pd.to_datetime(frame["ordered_at"])
    return frame.assign(**more)


# --- Bridges --------------------------------------------------------------------------------

cents = st.integers(-(10**9), 10**9).map(lambda n: n / 700)


@FEW
@given(before=cents, changes=st.lists(cents, max_size=6))
def test_a_bridge_adds_up_to_the_cent(before, changes):
    steps = revenue.steps_between(before, {f"s{n}": change for n, change in enumerate(changes)})
    shown = [round(amount * 100) for amount in steps.amount]
    assert shown[0] + sum(shown[1:-1]) == shown[-1]
    levels = [round(level * 100) for level in steps.level]
    assert levels == [*np.cumsum(shown[:-1]).tolist(), shown[-1]]
    assert steps.amount.iloc[-1] == pytest.approx(before + sum(changes), abs=0.01)
    for change, amount in zip(changes, steps.amount[1:-1], strict=True):
        assert amount == pytest.approx(change, abs=0.011)


def test_a_step_that_is_not_known_leaves_what_follows_unknown():
    steps = revenue.steps_between(10.0, {"a": 1.0, "b": math.nan, "c": 2.0})
    assert steps.amount[:2].tolist() == [10.0, 1.0]
    assert steps.amount[2:].isna().all()


def test_a_bridge_of_groups_begins_with_what_they_sold_before():
    groups = pd.DataFrame({"kind": ["new", "kept"], "revenue_before": [0.0, 80.0]})
    steps = revenue.bridge_of(groups.assign(change=[15.0, -5.0]))
    assert steps.step.tolist() == ["before", "new", "kept", "now"]
    assert steps.level.tolist() == [80.0, 95.0, 90.0, 90.0]


# --- From booked to recognised ----------------------------------------------------------------


def six():
    """Return the worked case of the lesson."""
    frame = orders(
        ("a", "2025-12-03", 100.0),
        ("b", "2025-12-29", 80.0),
        ("c", "2025-12-15", 60.0),
        ("d", "2025-11-28", 50.0),
        ("e", "2025-12-10", 120.0),
        ("f", "2025-12-12", 40.0),
        ("g", "2025-12-20", 5.0),
    )
    frame["recognised_at"] = pd.to_datetime(
        ["2025-12-06", "2026-01-03", None, "2025-12-02", "2025-12-13", "2025-12-15", None]
    )
    frame["status"] = ["delivered"] * 2 + ["cancelled"] + ["delivered"] * 3 + ["placed"]
    returns = pd.DataFrame({"return_id": ["r"], "order_id": ["4"], "refund_amount": [120.0]})
    returns["returned_at"], returns["kind"] = pd.to_datetime(["2026-01-09"]), "return"
    disputes = pd.DataFrame({"chargeback_id": ["c"], "order_id": ["5"], "amount": [40.0]})
    disputes["opened_at"], disputes["outcome"] = pd.to_datetime(["2026-01-20"]), "lost"
    return {"orders": frame, "returns": returns, "chargebacks": disputes}


DECEMBER = {"start": "2025-12-01", "end": "2026-01-01"}
JANUARY = {"start": "2026-01-01", "end": "2026-02-01"}


@pytest.mark.parametrize("engine", ["pandas", "files"])
@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (DECEMBER, [405, -60, 345, 50, -80, -5, 310, 0, 0, 0, 310]),
        (JANUARY, [0, 0, 0, 80, 0, 0, 80, -120, 0, -40, -80]),
    ],
)
def test_the_way_to_recognised_revenue_by_hand(engine, span, expected, tmp_path):
    tables = six()
    for name, frame in tables.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    with mk.open_data(tables if engine == "pandas" else str(tmp_path)) as data:
        steps = revenue.recognition(data, **span)
    assert tuple(steps.step) == revenue.STEPS
    assert steps.amount.tolist() == expected


def test_the_ends_of_the_way_are_kpis_and_its_steps_add_up(demo):
    for start, end in (("2024-01-01", "2025-01-01"), ("2025-03-01", "2025-06-01")):
        steps = revenue.recognition(demo, start=start, end=end).set_index("step").amount
        ids = ["booked_revenue", "net_sales", "recognised_revenue"]
        kpis = mk.compute(ids, demo, start=start, end=end).to_pandas().iloc[0]
        assert round(steps.booked, 2) == round(float(kpis.booked_revenue), 2)
        assert round(steps.ordered, 2) == round(float(kpis.net_sales), 2)
        assert round(steps.recognised, 2) == round(float(kpis.recognised_revenue), 2)
        changes = steps.drop(["ordered", "received", "recognised"])
        assert round(changes.sum(), 2) == round(steps.recognised, 2)
        assert steps.later < 0 < steps.earlier


def test_without_a_status_what_was_cancelled_is_not_known():
    tables = six()
    tables["orders"] = tables["orders"].drop(columns="status")
    with mk.open_data(tables) as data:
        steps = revenue.recognition(data, **DECEMBER).set_index("step")
    assert math.isnan(steps.amount.cancelled)
    assert math.isnan(steps.level.cancelled)
    assert steps.level.ordered == steps.amount.ordered == 405
    assert steps.amount.recognised == 310


def test_what_the_data_do_not_tell_is_null_from_there_on():
    tables = six()
    del tables["chargebacks"]
    with mk.open_data(tables) as data:
        steps = revenue.recognition(data, **DECEMBER).set_index("step").amount
        assert "chargebacks" in " ".join(revenue.lacking_recognition(data))
        assert revenue.by_month(data, **DECEMBER).columns.tolist() == ["period", "booked_revenue"]
    assert steps.refunds == 0
    assert math.isnan(steps.chargebacks)
    assert math.isnan(steps.recognised)
    bare = orders(("a", "2025-12-03", 10.0))
    with mk.open_data({"orders": bare}) as data:
        steps = revenue.recognition(data, **DECEMBER).set_index("step").amount
    assert steps.ordered == 10
    assert steps["earlier":].isna().all()


def test_months_are_the_kpis(demo):
    months = revenue.by_month(demo, start="2025-01-01", end="2025-03-01")
    kpi = mk.compute("booked_revenue", demo, grain="month", start="2025-01-01", end="2025-03-01")
    expected = kpi.to_pandas().sort_values("period").booked_revenue.astype(float)
    assert months.booked_revenue.tolist() == pytest.approx(expected.tolist(), abs=1e-6)
    cut = revenue.by_month(demo, start="2024-12-20", end="2025-03-02")
    pd.testing.assert_frame_equal(cut, months)
    assert revenue.by_month(demo, start="2025-01-02", end="2025-02-20").empty


# --- Mix ------------------------------------------------------------------------------------

TWO_YEARS = orders(
    ("A", "2024-05-01", 400.0, "store"),
    ("B", "2024-05-02", 600.0, "web"),
    ("A", "2025-05-01", 440.0, "store"),
    ("C", "2025-05-02", 700.0, "web"),
    (None, "2025-05-03", 60.0, None),
    columns=("customer_id", "ordered_at", "amount", "channel"),
)


def test_shares_add_up_to_one_and_contributions_to_growth():
    with mk.open_data({"orders": TWO_YEARS}) as data:
        found = revenue.mix(data, by="channel", periods=PERIODS)
        alone = revenue.mix(data, by="channel", periods=ALONE)
    by = found.set_index(found.channel.fillna("unknown"))
    assert by.share.to_dict() == pytest.approx(
        {"store": 440 / 1200, "web": 700 / 1200, "unknown": 60 / 1200}
    )
    assert by.growth["store"] == pytest.approx(0.1)
    assert math.isnan(by.growth["unknown"])
    assert found.share.sum() == pytest.approx(1)
    assert found.contribution.sum() == pytest.approx(1200 / 1000 - 1)
    assert alone[["revenue_before", "growth", "contribution"]].isna().all(axis=None)
    assert alone.share.sum() == pytest.approx(1)


def test_what_the_data_lack_is_named_and_a_strange_dimension_refused():
    with mk.open_data({"orders": TWO_YEARS}) as data:
        assert revenue.lacking(data, by="category") == ["order_lines.product_id",
                                                        "products.category"]  # fmt: skip
        assert revenue.known(data, ["channel", "category"]) == ["channel"]
        with pytest.raises(ComputeError, match="chanel"):
            revenue.mix(data, by="chanel", periods=PERIODS)
        with pytest.raises(MissingDataError, match=r"products\.category"):
            revenue.mix(data, by="category", periods=PERIODS)


@pytest.mark.parametrize(
    ("periods", "expected"),
    [(PERIODS, True), (ALONE, False), (mk.periods(as_of="2027-01-01"), False)],
)
def test_a_part_is_not_compared_with_a_whole(demo, periods, expected):
    assert revenue.is_compared(demo, periods) is expected


@pytest.mark.parametrize("page", [sales, revenue, finance])
@pytest.mark.parametrize(
    ("hole", "expected"),
    [
        (None, True),
        (("2024-01-01", "2024-02-01"), False),  # the period before begins late
        (("2024-07-01", "2025-01-01"), False),  # it breaks off
        (("2025-12-01", "2026-01-01"), False),  # the period does
        (("2024-05-01", "2024-06-01"), True),  # a month's break is a shop's own
    ],
)
def test_a_hole_at_either_end_of_either_period_is_seen_on_every_page(page, hole, expected):
    days = pd.Series(pd.date_range("2024-01-01", "2025-12-31"))
    if hole:
        days = days[(days < hole[0]) | (days >= hole[1])]
    sold = orders(*((None, day, 10.0) for day in days))
    with mk.open_data({"orders": sold}) as data:
        assert page.is_compared(data, PERIODS) is expected


@pytest.mark.parametrize(
    ("every", "hole", "expected"),
    [
        (5, ("2024-12-30", "2025-01-22"), True),  # six orders a month: 23 days are its rhythm
        (1, ("2024-12-30", "2025-01-22"), False),  # of a shop that sells each day they are not
        (5, ("2023-12-20", "2024-01-22"), False),  # 33 days are no rhythm
        (5, ("2023-01-01", "2024-01-22"), False),  # the data begin there
        (5, ("2024-12-10", "2025-01-02"), True),  # at the end of the period before
    ],
)
def test_a_pause_is_judged_by_the_rhythm_of_the_shop(every, hole, expected):
    days = pd.Series(pd.date_range("2023-01-01", "2025-12-31", freq=f"{every}D"))
    sold = orders(*((None, day, 10.0) for day in days[(days < hole[0]) | (days >= hole[1])]))
    with mk.open_data({"orders": sold}) as data:
        assert revenue.is_compared(data, PERIODS) is expected


# --- Effects --------------------------------------------------------------------------------

ITEM = ["quantity_before", "revenue_before", "quantity", "revenue"]
amounts = st.integers(0, 100_000).map(lambda n: n / 100)
rows = st.lists(
    st.tuples(
        st.sampled_from("ab"), st.sampled_from("xy"),
        st.integers(0, 50), amounts, st.integers(0, 50), amounts,
        amounts.map(lambda paid: -paid), amounts.map(lambda paid: -paid),
    ),
    min_size=1, max_size=9,
)  # fmt: skip


@settings(max_examples=8, deadline=None)  # each takes a dozen queries
@given(rows=rows)
def test_effects_of_groups_add_up_to_those_of_all_at_every_level(rows):
    credits = ["credits_before", "credits"]
    items = pd.DataFrame(rows, columns=["channel", "category", *ITEM, *credits])
    effects = ["volume", "mix", "price", "assortment", "credits"]
    items["product_id"] = [f"p{n}" for n in range(len(items))]
    whole = revenue.price_volume_mix(items)
    for by in ("category", ["channel", "category"], "product_id"):
        parted = revenue.effects_by(items, by=by)
        for effect in revenue.Effects._fields:
            assert math.fsum(parted[effect]) == pytest.approx(getattr(whole, effect), abs=0.004)
        row_sums = parted[effects].sum(axis=1)
        assert np.allclose(row_sums, parted.change, atol=0.004)
        assert np.allclose(parted.mix_between + parted.mix_within, parted.mix, atol=0.004)
    levels = revenue.effects_by_level(items)
    assert levels.level.tolist() == [*revenue.LEVELS]
    assert np.allclose(levels[effects].sum(axis=1), whole.change, atol=0.004)
    assert levels.set_index("level").mix["whole"] == pytest.approx(0, abs=0.004)


def test_mix_among_the_products_of_a_category_looks_like_price_by_category():
    items = pd.DataFrame(
        [("camp", "tent", 10, 2000.0, 14, 2800.0), ("camp", "lamp", 10, 400.0, 6, 240.0)],
        columns=["category", "product_id", *ITEM],
    )
    levels = revenue.effects_by_level(items).set_index("level")
    assert levels.loc["product_id", ["mix", "price"]].tolist() == [640, 0]
    assert levels.loc["category", ["mix", "price"]].tolist() == [0, 640]
    parted = revenue.effects_by(items, by="category").iloc[0]
    assert (parted.mix_between, parted.mix_within) == (0, 640)
    with pytest.raises(ColumnError, match="brand"):
        revenue.effects_by(items, by="brand")


def test_units_without_a_price_make_no_product_cheaper():
    sold = orders(*((None, day, 30.0) for day in ("2024-05-01", "2025-05-01", "2025-06-01")))
    lines = sold[["order_id"]].assign(line_id="1", product_id="tent", quantity=[3, 2, 2])
    lines["unit_price"] = [10.0, 10.0, None]
    tables = {"orders": sold.drop(columns="amount"), "order_lines": lines}
    with mk.open_data(tables) as data:
        items = revenue.products_compared(data, periods=PERIODS)
    assert items[ITEM].values.tolist() == [[3, 30, 2, 20]]
    assert revenue.price_volume_mix(items).price == 0


def test_a_rolled_up_table_is_what_would_have_been_asked(demo):
    items = revenue.products_compared(demo, periods=PERIODS)
    by_hand = revenue.rolled_up(items, by="category")
    asked = revenue.compared(demo, by="category", periods=PERIODS).to_pandas()
    for column in (*ITEM, "change", "contribution"):
        assert by_hand[column].tolist() == pytest.approx(asked[column].astype(float).tolist())


def test_each_column_of_the_page_s_effect_table_adds_up_to_the_headline(demo):
    cells = Path("notebooks/src/14_revenue_mix.py").read_text(encoding="utf-8").split("# %%")
    (cell,) = [one for one in cells if "plots.effect_table(" in one and "[markdown]" not in one]
    items = revenue.products_compared(demo, periods=PERIODS)
    headline = revenue.price_volume_mix(revenue.rolled_up(items, by="product_id"))
    shown = []
    plots = SimpleNamespace(effect_table=lambda parted, lang: shown.append(parted))
    exec(cell.partition("\n")[2], {"revenue": revenue, "items": items, "plots": plots, "reader": 0})
    for effect in revenue.Effects._fields:
        assert math.fsum(shown[0][effect]) == pytest.approx(getattr(headline, effect), abs=0.01)


def test_the_price_effect_at_list_prices_finds_the_index_of_the_demo(demo):
    bounds = ["2024-01-01", "2025-01-01", "2026-01-01"]
    kpis = ["units_sold", "gross_sales"]
    before, now = (
        mk.compute(kpis, demo, by="product_id", start=a, end=b).to_pandas().set_index("product_id")
        for a, b in pairwise(bounds)
    )
    items = before.join(now, how="inner", suffixes=("_before", "")).astype(float)
    items.columns = ITEM
    found = revenue.price_volume_mix(items)
    index = mk.truth()["prices"]["list_price_index"]
    at_old = items.revenue.sum() - found.price
    assert found.price / at_old == pytest.approx(index[2] / index[1] - 1, abs=0.003)


# --- Stores and days ------------------------------------------------------------------------


def test_the_network_of_the_demo_adds_up_and_tells_its_stores_apart(demo):
    found = revenue.network(demo, periods=PERIODS).set_index("group")
    assert found.index.tolist() == ["comparable", "opened", "closed", "no_store"]
    assert found.stores.tolist() == [6, 1, 1, 0]
    whole = revenue.growth_by(demo, periods=PERIODS).growth[0]
    assert found.contribution.sum() == pytest.approx(whole)
    stores = revenue.stores_compared(demo, periods=PERIODS)
    lfl = revenue.like_for_like_growth(stores, since="2024-01-01", until="2026-01-01")
    assert found.growth["comparable"] == pytest.approx(lfl)
    assert revenue.comparable_stores(demo, periods=PERIODS) == [f"S0{n}" for n in range(1, 7)]


def test_a_store_of_unknown_opening_is_a_group_of_its_own():
    sold = orders(
        ("a", "2024-05-01", 10.0, "s1"), ("a", "2025-05-01", 20.0, "s1"),
        ("a", "2025-05-02", 5.0, "s2"), ("a", "2025-05-03", 7.0, None),
        columns=("customer_id", "ordered_at", "amount", "store_id"),
    )  # fmt: skip
    stores = pd.DataFrame({"store_id": ["s1", "s2"]})
    stores["opened_on"] = pd.to_datetime(["2019-01-01", None])
    with mk.open_data({"orders": sold, "stores": stores}) as data:
        found = revenue.network(data, periods=PERIODS).set_index("group")
    assert found.revenue.to_dict() == {"comparable": 20, "unknown": 5, "no_store": 7}
    with mk.open_data({"orders": sold}) as data:
        assert revenue.lacking_stores(data) == ["stores.store_id", "stores.opened_on"]
        with pytest.raises(MissingDataError, match=r"stores\.opened_on"):
            revenue.network(data, periods=PERIODS)


def test_days_of_the_week_by_hand():
    # 2024 has 53 Mondays and Tuesdays, 2025 has 53 Wednesdays; a Monday sells 3, others 1.
    days = pd.date_range("2024-01-01", "2025-12-31")
    amount = np.where(days.day_of_week == 0, 3.0, 1.0)
    sold = pd.DataFrame({"order_id": days.astype(str), "ordered_at": days, "amount": amount})
    with mk.open_data({"orders": sold}) as data:
        found = revenue.calendar_effect(data, periods=PERIODS)
    assert found.days.days_before.tolist() == [53, 53, 52, 52, 52, 52, 52]
    assert found.days.days.tolist() == [52, 52, 53, 52, 52, 52, 52]
    assert found.effect == -3
    assert found.share == pytest.approx(-3 / (366 + 2 * 53))


def test_the_calendar_of_the_demo_is_near_the_truth(demo):
    found = revenue.calendar_effect(demo, periods=PERIODS)
    weight = np.array(mk.truth()["calendar"]["weekdays"])
    n = found.days
    true = ((n.days - n.days_before) * weight).sum() / (n.days_before * weight).sum()
    assert found.share == pytest.approx(true, abs=0.0005)


# --- Customers ------------------------------------------------------------------------------


def test_customers_of_two_periods_by_hand():
    sold = orders(
        ("old", "2023-06-01", 9.0),  # of another time
        ("kept", "2024-05-01", 100.0), ("gone", "2024-06-01", 50.0),
        ("kept", "2025-05-01", 120.0), ("new", "2025-06-01", 60.0), ("old", "2025-07-01", 8.0),
        (None, "2025-07-02", 30.0),
    )  # fmt: skip
    with mk.open_data({"orders": sold}) as data:
        found = revenue.by_customers(data, periods=PERIODS)
    kinds = found.kinds.set_index("kind")
    assert kinds.index.tolist() == list(revenue.KINDS)
    assert kinds.change.to_dict() == {
        "kept": 20, "new": 60, "other": 8, "silent": -50, "unidentified": 30
    }  # fmt: skip
    assert pd.isna(kinds.customers["unidentified"])
    assert kinds.contribution.sum() == pytest.approx(218 / 150 - 1)
    assert str(found.since) == "2023-06-01"


def test_a_credit_is_no_purchase():
    sold = orders(
        ("A", "2024-05-01", 100.0), ("A", "2025-05-01", -100.0),  # bought before, given back now
        ("B", "2024-06-01", -5.0), ("B", "2025-06-01", 60.0),  # their first purchase is now
        ("C", "2025-07-01", -8.0),  # bought in neither
    )  # fmt: skip
    with mk.open_data({"orders": sold}) as data:
        kinds = revenue.by_customers(data, periods=PERIODS).kinds.set_index("kind")
    assert kinds.customers.to_dict() == {"new": 1, "silent": 1}
    assert kinds.change.to_dict() == {"new": 65, "silent": -208}


def test_one_who_registered_before_the_data_begin_is_not_new():
    sold = orders(("early", "2024-01-02", 1.0), ("x", "2025-05-01", 60.0))
    contacts = pd.DataFrame({"customer_id": ["x"], "registered_at": pd.to_datetime(["2020-01-01"])})
    with mk.open_data({"orders": sold, "contacts": contacts}) as data:
        kinds = revenue.by_customers(data, periods=PERIODS).kinds.set_index("kind")
    assert kinds.change["other"] == 60
    assert "new" not in kinds.index


def test_customers_of_the_demo_add_up_to_growth(demo):
    kinds = revenue.by_customers(demo, periods=PERIODS).kinds
    whole = revenue.growth_by(demo, periods=PERIODS).iloc[0]
    assert round(kinds.change.sum(), 2) == round(whole.revenue - whole.revenue_before, 2)


def test_concentration_agrees_with_the_kpi_and_former_ones_bring_less(demo):
    found = revenue.concentration(demo, periods=PERIODS)
    tops = found.tops.set_index("top")
    kpi = mk.compute("top_customers_share", demo, start="2025-01-01", end="2026-01-01")
    assert tops.share[0.2] == pytest.approx(float(kpi.to_pandas().iloc[0, 0]))
    assert (tops.share_of_former < tops.share).all()
    assert found.curve.revenue_share.iloc[[0, -1]].tolist() == pytest.approx([0, 1])
    assert set(revenue.concentrations(demo, periods=ALONE)) == {"customers", "products"}


def test_level_customers_at_the_border_count_for_their_mean():
    # Before, A leads and B and C are level; of the first two, the second is B or C.
    sold = orders(
        ("A", "2024-01-05", 5.0), ("B", "2024-01-06", 2.0), ("C", "2024-01-07", 2.0),
        ("D", "2024-01-08", 1.0),
        ("A", "2025-01-05", 10.0), ("B", "2025-01-06", 20.0), ("C", "2025-01-07", 40.0),
        ("D", "2025-01-08", 30.0),
    )  # fmt: skip
    with mk.open_data({"orders": sold}) as data:
        found = revenue.concentration(data, periods=PERIODS)
    with mk.open_data({"orders": sold.iloc[::-1]}) as data:
        reversed_rows = revenue.concentration(data, periods=PERIODS)
    assert found.tops.set_index("top").share_of_former[0.5] == pytest.approx((10 + 30) / 100)
    assert found.tops.equals(reversed_rows.tops)
    assert (found.members, found.half, found.largest) == (4, 2, 0.4)


# --- Growth and noise -----------------------------------------------------------------------


def many(rng, customers=60, growth=0.0, shock=None):
    """Return two years of orders of the same customers, one a month of each."""
    months = pd.date_range("2024-01-01", periods=24, freq="MS") + pd.Timedelta(days=14)
    factor = np.ones(24) if shock is None else shock
    factor = factor * np.where(months.year == 2025, 1 + growth, 1.0)
    amounts = rng.lognormal(3, 0.5, (customers, 24)) * factor
    frame = pd.DataFrame(
        {
            "customer_id": np.repeat([f"c{n}" for n in range(customers)], 24),
            "ordered_at": np.tile(months, customers),
            "amount": amounts.ravel().round(2),
        }
    )
    return frame.assign(order_id=frame.index.astype(str))


def test_the_interval_is_the_linearised_one_by_hand():
    sold = many(np.random.default_rng(5))
    with mk.open_data({"orders": sold}) as data:
        found = revenue.growth_by(data, periods=PERIODS).iloc[0]
    year = sold.ordered_at.dt.year
    x, y = (
        sold.amount.where(year == one, 0).groupby(sold.customer_id).sum() for one in (2024, 2025)
    )
    ratio = y.sum() / x.sum()
    error = math.sqrt(60 / 59 * ((y - ratio * x) ** 2).sum()) / x.sum() / ratio
    assert found.buyers == 60
    assert found.growth == pytest.approx(ratio - 1)
    expected = [ratio * math.exp(z * 1.959963984540054 * error) - 1 for z in (-1, 1)]
    assert [found.low, found.high] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("customers", [29, 30])
def test_few_customers_get_no_interval(customers):
    with mk.open_data({"orders": many(np.random.default_rng(1), customers)}) as data:
        found = revenue.growth_by(data, periods=PERIODS).iloc[0]
        whole = revenue.growth(data, periods=PERIODS)
    assert math.isnan(found.low) == (customers < 30)
    assert (whole.low is None) == (customers < 30)
    assert whole.verdict == "cannot_tell" or customers >= 30


@pytest.mark.parametrize("left", [0.01, 0.8])
def test_sales_nearly_all_credited_get_no_interval(left):
    sold = many(np.random.default_rng(1), 40)
    now = sold[sold.ordered_at.dt.year == 2025]
    back = -(1 - left) * now.amount.sum()  # of some customer of the year
    credit = now.iloc[:1].assign(amount=back, order_id="credit")
    with mk.open_data({"orders": pd.concat([sold, credit])}) as data:
        found = revenue.growth_by(data, periods=PERIODS).iloc[0]
        whole = revenue.growth(data, periods=PERIODS)
    assert found.growth < 0
    assert math.isnan(found.low) == (whole.low is None) == (left == 0.01)


def test_one_customer_who_outweighs_all_others_leaves_no_interval():
    sold = many(np.random.default_rng(1), 40)
    is_large = sold.customer_id == "c7"
    sold["amount"] = sold.amount.where(~is_large, 10_000 * sold.amount)
    with mk.open_data({"orders": sold}) as data:
        assert revenue.growth_by(data, periods=PERIODS).low.isna().all()
        other = revenue.growth_by(data, periods=PERIODS, by="customer_id")
    assert other.low.isna().all()  # one buyer each


def test_growth_keeps_its_digits_whatever_the_order_the_scale_and_the_engine(tmp_path):
    sold = many(np.random.default_rng(2), growth=0.1)
    sold.to_parquet(tmp_path / "orders.parquet")
    mixed = sold.sample(frac=1, random_state=3).assign(amount=lambda t: t.amount * 100)
    found = []
    for source in ({"orders": sold}, {"orders": mixed}, str(tmp_path)):
        with mk.open_data(source) as data:
            found.append(revenue.growth(data, periods=PERIODS))
    for other in found[1:]:
        assert other[2:7] == pytest.approx(found[0][2:7], rel=1e-9)
        assert other.verdict == found[0].verdict == "grew"


def test_months_that_move_together_widen_the_interval_and_steady_ones_do_not():
    rng = np.random.default_rng(7)
    shock = np.tile([1.4, 0.6], 6)
    shock = np.concatenate([shock, shock[::-1]])
    for orders_of, is_shaken in ((many(rng), False), (many(rng, shock=shock), True)):
        with mk.open_data({"orders": orders_of}) as data:
            found = revenue.growth(data, periods=PERIODS)
        assert found.piece == "month"
        assert len(found.pieces) == 12
        wider = found.high - found.low > 1.5 * (found.customers_high - found.customers_low)
        assert wider == is_shaken


def test_the_luck_of_orders_is_taken_off_the_months_by_hand():
    pieces = pd.DataFrame({"revenue_before": [100.0, 100.0], "revenue": [110.0, 90.0]})
    # ratio 1, residuals 10 and -10: variance of the ratio 2 / 1 x 200 / 200^2 = 0.01
    assert months_error(pieces, squares_before=0, squares=0) == pytest.approx(0.1)
    assert months_error(pieces, squares_before=100, squares=200) == pytest.approx(
        math.sqrt(0.01 - 300 / 200**2)
    )
    assert months_error(pieces, squares_before=1e6, squares=0) == 0
    assert months_error(pieces * 0, squares_before=0, squares=0) is None
    assert widened(0.1, Interval(), error=0.1, pieces=12) == Interval()
    assert widened(0.1, Interval(0.0, 0.2), error=0.0, pieces=12) == Interval(0.0, 0.2)
    # Nearly all sales given back: the end at -100 % stays there.
    low, high = widened(-0.99, Interval(-1.0, 0.5), error=0.05, pieces=12)
    assert low == -1
    assert high > 0.5


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [((0.01, 0.2), "grew"), ((-0.2, -0.01), "fell"), ((-0.1, 0.1), "cannot_tell"),
     ((0.0, 0.1), "cannot_tell"), ((None, None), "cannot_tell")],
)  # fmt: skip
def test_a_verdict_is_that_of_the_interval(interval, verdict):
    assert verdict_of(Interval(*interval)) == verdict


def test_short_periods_are_cut_in_weeks_or_not_at_all(demo):
    quarter = revenue.growth(demo, periods=mk.periods(as_of="2026-01-01", period="3 months"))
    assert (quarter.piece, len(quarter.pieces)) == ("week", 13)
    month = revenue.growth(demo, periods=mk.periods(as_of="2026-01-01", period="1 month"))
    assert (month.piece, month.months_error) == (None, None)
    assert (month.low, month.high) == (month.customers_low, month.customers_high)


def test_growth_of_some_stores_is_that_of_their_rows(demo):
    by_store = revenue.growth_by(demo, by="store_id", periods=PERIODS).set_index("store_id")
    only = revenue.growth(demo, periods=PERIODS, only={"store_id": ["S01"]})
    assert only.value == pytest.approx(by_store.growth["S01"])
    assert only.customers_low == pytest.approx(by_store.low["S01"])


def test_years_say_for_how_much_no_amount_is_known():
    """Four orders a year; of those of 2024 one amount is blank, of those of 2025 two."""
    days = [
        f"{year}-{day}"
        for year in (2023, 2024, 2025)
        for day in ("01-02", "05-01", "08-01", "12-30")
    ]
    amounts = [10.0] * 4 + [None] + [10.0] * 3 + [None, None, 10.0, 10.0]
    sold = orders(*zip(["a"] * 12, days, amounts, strict=True))
    with mk.open_data({"orders": sold}) as data:
        years = revenue.growth_of_years(data, periods=PERIODS)
    assert years.unpriced_before.tolist() == [0, 0.25]
    assert years.unpriced.tolist() == [0.25, 0.5]


def test_years_go_back_as_far_as_the_data(demo):
    years = revenue.growth_of_years(demo, periods=PERIODS)
    assert years.start.dt.year.tolist() == [2024, 2025]
    whole = revenue.growth(demo, periods=PERIODS)
    last = years.iloc[-1]
    assert [last.growth, last.low, last.high] == pytest.approx([whole.value, whole.low, whole.high])
    assert years[["unpriced_before", "unpriced"]].eq(0).all(axis=None)
    assert revenue.growth_of_years(demo, periods=mk.periods(as_of="2024-01-01")).empty


def test_nothing_sold_gives_nothing_and_no_error():
    late = orders(("a", "2025-05-01", 10.0))
    with mk.open_data({"orders": late}) as data:
        found = revenue.growth(data, periods=PERIODS)
        early = mk.periods(as_of="2020-01-01")
        assert revenue.growth_by(data, periods=early).empty
        assert revenue.growth(data, periods=early).value is None
        assert revenue.by_customers(data, periods=early).kinds.empty
        assert revenue.concentration(data, periods=early).half is None
        assert revenue.calendar_effect(data, periods=early).share is None
    assert (found.value, found.low, found.verdict) == (None, None, "cannot_tell")
