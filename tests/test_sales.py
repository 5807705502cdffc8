"""Sales: the tree of revenue, prices, season, visits, and the search for steps out of line."""

import math
from decimal import Decimal

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marketing_kpi as mk
from marketing_kpi import finance, overview, plots, revenue, sales
from marketing_kpi.errors import ComputeError, MissingDataError
from marketing_kpi.plots import sentences
from marketing_kpi.selling import chains, steps
from marketing_kpi.selling.owners import FEWEST_OWNERS, Sums
from marketing_kpi.selling.tree import SHOP
from marketing_kpi.selling.visits import STEPS

YEAR = {"start": "2025-01-01", "end": "2026-01-01"}
BOTH = mk.periods(as_of="2026-01-01")
RATES = ("bounce_rate", "cart_rate", "conversion_rate", "pages_per_session", "revenue_per_visitor")


@pytest.fixture(scope="module")
def demo():
    return mk.demo()


@pytest.fixture(scope="module")
def visited(demo):
    return sales.visits(demo, **YEAR)


@pytest.fixture(scope="module")
def shop(demo):
    return sales.shop_tree(demo, periods=BOTH)


# --- Sharing out a change -------------------------------------------------------------------

LEVELS = st.lists(st.tuples(st.floats(0.05, 50), st.floats(0.05, 50)), min_size=1, max_size=5)


@given(LEVELS)
def test_effects_add_up_to_the_cent(levels):
    before = {str(n): pair[0] for n, pair in enumerate(levels)}
    after = {str(n): pair[1] for n, pair in enumerate(levels)}
    found = chains.effects(before, after)
    first, last = (math.prod(side.values()) for side in (before, after))
    total = chains.in_cents(last) - chains.in_cents(first)
    assert sum(Decimal(str(one)).quantize(chains.CENT) for one in found.values()) == total


@given(LEVELS, st.randoms())
def test_effects_depend_on_no_order(levels, chance):
    names = [str(n) for n in range(len(levels))]
    before, after = (
        {n: pair[side] for n, pair in zip(names, levels, strict=True)} for side in (0, 1)
    )
    shuffled = chance.sample(names, len(names))
    found = chains.effects(before, after)
    again = chains.effects({n: before[n] for n in shuffled}, {n: after[n] for n in shuffled})
    assert all(abs(found[n] - again[n]) < 0.011 for n in names)


def test_the_effect_of_a_factor_by_hand():
    found = sales.effects({"visitors": 1000, "basket": 2.0}, {"visitors": 1250, "basket": 2.2})
    weight = 750 / math.log(2750 / 2000)
    assert found == {
        "visitors": round(weight * math.log(1.25), 2),
        "basket": round(weight * math.log(1.1), 2),
    }


@given(st.floats(0.01, 1e6), st.floats(0.01, 1e6))
def test_the_logarithmic_mean_lies_between_both_other_means(one, other):
    found = chains.logarithmic_mean(one, other)
    slack = 1 + 1e-9
    assert math.sqrt(one * other) / slack <= found <= (one + other) / 2 * slack
    assert math.isclose(found, chains.logarithmic_mean(other, one), rel_tol=1e-12)


# --- The tree -------------------------------------------------------------------------------


def two_years(rng, *, first=300, second=360):
    """Return orders and lines of two years, with customers who come in both."""
    parts = []
    for year, count in ((2024, first), (2025, second)):
        days = np.linspace(0, 364, count).astype(int)
        parts.append(
            pd.DataFrame(
                {
                    "order_id": [f"{year}-{n}" for n in range(count)],
                    "customer_id": [f"C{n}" for n in rng.integers(0, 150, count)],
                    "ordered_at": pd.Timestamp(f"{year}-01-01") + pd.to_timedelta(days, "D"),
                    "channel": rng.choice(["web", "store"], count),
                    "product_id": rng.choice(["P1", "P2", "P3"], count),
                    "quantity": rng.integers(1, 5, count),
                    "list_price": 20.0,
                    "unit_price": np.round(rng.uniform(10, 20, count), 2),
                }
            )
        )
    rows = pd.concat(parts, ignore_index=True).assign(line_id="1")
    rows["amount"] = rows.quantity * rows.unit_price
    own = ["order_id", "customer_id", "ordered_at", "channel", "amount"]
    line = ["order_id", "line_id", "product_id", "quantity", "list_price", "unit_price"]
    return {"orders": rows[own], "order_lines": rows[line]}


def test_the_factors_are_the_kpis_of_the_dictionary(demo, shop):
    factors = shop.factors.set_index("factor")
    for side, start, end in (
        ("before", BOTH.previous_start, BOTH.previous_end),
        ("after", BOTH.start, BOTH.end),
    ):
        known = mk.compute([*factors.index, "net_sales"], demo, start=start, end=end).to_pandas()
        known = known.iloc[0].astype(float)
        assert np.allclose(factors[side], known[factors.index], rtol=1e-9)
        assert getattr(shop, side) == known.net_sales


def test_effects_of_the_shop_make_its_change(shop):
    assert round(shop.factors.effect.sum(), 2) == round(shop.after - shop.before, 2)
    told = shop.factors
    assert ((told.low < told.effect) & (told.effect < told.high)).all()
    assert shop.change_low < shop.after / shop.before - 1 < shop.change_high


def test_engines_and_row_orders_give_the_same_digits():
    tables = two_years(np.random.default_rng(1))
    connection = ibis.duckdb.connect()
    for name, table in tables.items():
        connection.create_table(name, table)
    shuffled = {name: t.sample(frac=1, random_state=3) for name, t in tables.items()}
    renamed = {
        **tables, "orders": tables["orders"].assign(customer_id=lambda t: "x" + t.customer_id)
    }  # fmt: skip
    found = [
        sales.shop_tree(mk.open_data(source), periods=BOTH)
        for source in (tables, connection, shuffled, renamed)
    ]
    for other in found[1:]:
        pd.testing.assert_frame_equal(found[0].factors, other.factors, rtol=1e-9)
        assert found[0][1:] == other[1:]


def test_scaling_the_currency_scales_effects():
    tables = two_years(np.random.default_rng(2))
    lines = tables["order_lines"]
    larger = {
        "orders": tables["orders"].drop(columns="amount"),
        "order_lines": lines.assign(unit_price=100 * lines.unit_price),
    }
    one, other = (sales.shop_tree(mk.open_data(t), periods=BOTH) for t in (tables, larger))
    assert np.allclose(other.factors.effect, 100 * one.factors.effect, atol=0.6)
    assert np.allclose(other.factors.change, one.factors.change)


def shop_of(prices, *, units=1):
    """Return a shop of two years with an order of two lines a day, on the first and last days."""
    rows = [
        (f"{year}-{day}", pd.Timestamp(f"{year}-{day}"), str(line), units, price)
        for year, of_year in zip((2024, 2025), prices, strict=True)
        for day, pair in zip(("01-02", "12-30"), (of_year[:2], of_year[2:]), strict=True)
        for line, price in enumerate(pair)
    ]
    names = ["order_id", "ordered_at", "line_id", "quantity", "unit_price"]
    table = pd.DataFrame(rows, columns=names)
    orders = table[["order_id", "ordered_at"]].drop_duplicates()
    return {"orders": orders, "order_lines": table.drop(columns="ordered_at")}


def test_units_without_a_price_are_a_share_of_their_own_by_hand():
    """Two orders, four units at $10 a year; of the second, one unit has no price: $40 and $30."""
    data = mk.open_data(shop_of([[10.0] * 4, [10.0, 10.0, 10.0, None]]))
    found = sales.shop_tree(data, periods=BOTH)
    assert found.factors[["factor", "before", "after", "effect"]].to_numpy().tolist() == [
        ["orders", 2, 2, 0],
        ["units_per_transaction", 2, 2, 0],
        ["known_price_share", 1, 0.75, -10],
        ["average_selling_price", 10, 10, 0],
    ]
    names = ["orders", "units_per_transaction", "average_selling_price"]
    known = mk.compute(names, data, **YEAR).iloc[0]
    assert known[names].astype(float).tolist() == [2, 2, 10]
    assert finance.unpriced(data, periods=BOTH) == (0, 0.25, "units")


def test_with_a_dearer_price_the_effects_are_those_of_the_logarithmic_mean():
    """40 = 2 x 2 x 1 x 10 before, 36 = 2 x 2 x 0.75 x 12 after: L = 4 / ln(40 / 36) = 37.965."""
    data = mk.open_data(shop_of([[10.0] * 4, [12.0, 12.0, 12.0, None]]))
    effects = sales.shop_tree(data, periods=BOTH).factors.effect.tolist()
    assert effects == [0, 0, round(37.9649 * math.log(0.75), 2), round(37.9649 * math.log(1.2), 2)]


def blanked(tables, *, now, before, rng):
    """Return the tables with the price of that share of the lines of each year left blank."""
    orders, lines = tables["orders"], tables["order_lines"]
    year = orders.set_index("order_id").ordered_at.dt.year.reindex(lines.order_id).to_numpy()
    share = np.select([year == 2025, year == 2024], [now, before], 0)
    prices = lines.unit_price.astype(float).where(rng.random(len(lines)) >= share)
    return {**tables, "order_lines": lines.assign(unit_price=prices)}


def test_blank_prices_move_no_factor_of_the_shop(demo, shop):
    tables = {name: demo.table(name).to_pandas() for name in ("orders", "order_lines")}
    rng = np.random.default_rng(3)
    with mk.open_data(blanked(tables, now=0.06, before=0.01, rng=rng)) as data:
        found = sales.shop_tree(data, periods=BOTH)
        parts = sales.price_parts(data, periods=BOTH).parts
        whole = revenue.growth(data, periods=BOTH)
        known = [
            mk.compute(["orders", "units_per_transaction", "average_selling_price", "net_sales"],
                       data, start=start, end=end).iloc[0].astype(float)
            for start, end in ((BOTH.previous_start, BOTH.previous_end), (BOTH.start, BOTH.end))
        ]  # fmt: skip
    factors = found.factors.set_index("factor")
    for side, one in zip(("before", "after"), known, strict=True):
        assert math.isclose(factors[side].prod(), one.net_sales, rel_tol=1e-9)
        for name in ("orders", "units_per_transaction", "average_selling_price"):
            assert math.isclose(factors[side][name], one[name], rel_tol=1e-9)
    assert round(factors.effect.sum(), 2) == round(found.after - found.before, 2)
    assert abs(parts.effect.sum() - factors.effect.average_selling_price) < 0.011
    # As of the whole data: the units per order and the verdict on them are those without a hole.
    told = shop.factors.set_index("factor").loc["units_per_transaction"]
    same = ["before", "after", "change", "change_low", "change_high"]
    units = factors.loc["units_per_transaction"]
    assert np.allclose(units[same].astype(float), told[same].astype(float), rtol=1e-9)
    assert units.verdict == told.verdict == "cannot_tell"
    assert factors.verdict["known_price_share"] == "cannot_tell"
    assert factors.high["known_price_share"] < 0
    assert whole.unpriced.differs
    assert whole.low > 0
    assert whole.verdict == "cannot_tell"


def test_rows_share_out_what_has_no_price_and_a_whole_one_has_none():
    tables = two_years(np.random.default_rng(9))
    rng = np.random.default_rng(4)
    holed = blanked(tables, now=0.2, before=0.1, rng=rng)
    found = sales.branches(mk.open_data(holed), by="channel", periods=BOTH)
    effects = [name for name in found if name.endswith("_effect")]
    assert effects == ["orders_effect", "units_effect", "known_price_effect", "price_effect"]
    assert np.allclose(found[effects].sum(axis=1), found.change, atol=0.001)
    whole = sales.branches(mk.open_data(tables), by="channel", periods=BOTH)
    assert "known_price_effect" not in whole


def test_orders_of_unknown_amount_are_a_share_of_their_own():
    """Without quantities: two orders of $20 a year, of which the second year knows one."""
    days = pd.to_datetime(["2024-01-02", "2024-12-30", "2025-01-02", "2025-12-30"])
    orders = pd.DataFrame({"order_id": list("abcd"), "ordered_at": days})
    orders["amount"] = [20.0, 20.0, 20.0, None]
    with mk.open_data({"orders": orders}) as data:
        found = sales.shop_tree(data, periods=BOTH).factors
        assert finance.unpriced(data, periods=BOTH) == (0, 0.5, "orders")
    assert found[["factor", "after", "effect"]].to_numpy().tolist() == [
        ["orders", 2, 0], ["known_amount_share", 0.5, -20], ["average_order_value", 20, 0],
    ]  # fmt: skip


def test_without_quantities_the_basket_is_one_factor():
    orders = two_years(np.random.default_rng(2))["orders"]
    found = sales.shop_tree(mk.open_data({"orders": orders}), periods=BOTH)
    assert found.factors.factor.tolist() == ["orders", "average_order_value"]
    assert round(found.factors.effect.sum(), 2) == round(found.after - found.before, 2)


@pytest.mark.parametrize(
    ("periods", "obstacle"),
    [
        (mk.periods(as_of="2026-01-01", compare="none"), "no_comparison"),
        (mk.periods(as_of="2025-01-01"), "not_recorded"),
        (mk.periods(as_of="2027-01-01"), "not_recorded"),
    ],
)
def test_what_cannot_be_compared_is_said(periods, obstacle):
    found = sales.shop_tree(mk.open_data(two_years(np.random.default_rng(4))), periods=periods)
    assert found.obstacle == obstacle
    assert found.before is None
    assert found.factors[["before", "change", "effect", "low"]].isna().all(axis=None)


def test_an_extract_of_one_order_has_no_effects():
    orders = pd.DataFrame({"order_id": ["1"], "ordered_at": [pd.Timestamp("2025-03-01")]})
    found = sales.shop_tree(mk.open_data({"orders": orders.assign(amount=9.0)}), periods=BOTH)
    assert (found.after, found.obstacle) == (9.0, "not_recorded")
    with pytest.raises(MissingDataError, match=r"orders\.amount"):
        sales.shop_tree(mk.open_data({"orders": orders}), periods=BOTH)


def test_few_customers_have_no_interval():
    tables = two_years(np.random.default_rng(5))
    orders = tables["orders"].assign(customer_id="one")
    found = sales.shop_tree(mk.open_data({**tables, "orders": orders}), periods=BOTH)
    assert found.factors.effect.notna().all()
    assert found.factors[["low", "high", "change_low"]].isna().all(axis=None)


def test_the_interval_of_a_count_of_strangers_is_that_of_poisson():
    tables = two_years(np.random.default_rng(6))
    orders = tables["orders"].drop(columns="customer_id")
    found = sales.shop_tree(mk.open_data({**tables, "orders": orders}), periods=BOTH)
    row = found.factors.iloc[0]
    error = math.sqrt(1 / 300 + 1 / 360)
    assert math.isclose(math.log1p(row.change_high), math.log(1.2) + 1.959964 * error, rel_tol=1e-6)


def months_of_orders(counts, *, before=100):
    """Return two years of strangers' orders, so many each month; each has a line of 1 to 3."""
    starts = pd.date_range("2024-01-01", periods=24, freq="MS")
    each = [before] * 12 + list(counts)
    days = [start + pd.Timedelta(days=n % 28) for start, n in zip(starts, each, strict=True)
            for n in range(n)]  # fmt: skip
    orders = pd.DataFrame({"ordered_at": days}).assign(order_id=lambda rows: rows.index.astype(str))
    lines = orders[["order_id"]].assign(line_id="1", unit_price=10.0)
    lines["quantity"] = 1 + lines.index % 3
    return {"orders": orders, "order_lines": lines}


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [([130] * 12, "rose"), ([60, 200] * 6, "cannot_tell"), ([70] * 12, "fell")],
)
def test_a_factor_moved_beyond_chance_only_if_whole_months_do_not_explain_it(counts, verdict):
    with mk.open_data(months_of_orders(counts)) as data:
        found = sales.shop_tree(data, periods=BOTH)
        whole = revenue.growth(data, periods=BOTH)
    orders = found.factors.set_index("factor").loc["orders"]
    assert orders.verdict == verdict
    assert (orders.low <= 0 <= orders.high) == (verdict == "cannot_tell")
    assert (orders.change_low <= 0 <= orders.change_high) == (verdict == "cannot_tell")
    # One growth has one interval, here and in the mix of revenue.
    assert (found.change_low, found.change_high) == (whole.low, whole.high)
    assert math.isclose(found.months_error, whole.months_error, abs_tol=1e-7)


def drawn(rng, *, owners=60, pieces=12):
    """Return the sums of owners who order, in both periods, units of very uneven numbers."""
    orders = rng.poisson(2.0, (owners, 2))
    units = orders * rng.lognormal(1.0, rng.uniform(0.2, 0.9), (owners, 1)) * [1, rng.uniform(1, 2)]
    paid = units * rng.lognormal(2.0, 0.5, (owners, 2))
    rows = np.stack([orders, units, paid], axis=1)
    by_owner = np.concatenate([rows[:, :, 0], rows[:, :, 1]], axis=1)
    shaken = rng.normal(0, 0.02 * by_owner.sum(axis=0), (pieces, 6))
    return Sums((), owners, by_owner.sum(axis=0), by_owner.T @ by_owner, shaken.T @ shaken, pieces)


@pytest.mark.parametrize("seed", range(40))
def test_an_effect_leaves_0_out_exactly_where_its_change_does(seed):
    sums = drawn(np.random.default_rng(seed))
    for factor in chains.chained(sums, list(SHOP)):
        assert factor.low < factor.effect < factor.high
        assert (factor.low > 0) == (factor.change_low > 0)
        assert (factor.high < 0) == (factor.change_high < 0)


def test_of_large_numbers_the_interval_of_an_effect_is_the_linear_one():
    """By hand: L x g moves with the growth and with the logarithmic mean."""
    sums = drawn(np.random.default_rng(1))
    many = sums._replace(totals=1e4 * sums.totals, products=1e4 * sums.products, months=None)

    def effect(totals):
        levels = [dict(zip("abc", totals[side] / [1, *totals[side][:-1]], strict=True))
                  for side in (slice(0, 3), slice(3, 6))]  # fmt: skip
        before, after = levels
        total = chains.logarithmic_mean(totals[5], totals[2])
        return total * math.log(after["b"] / before["b"])

    steps = np.diag(1e-6 * many.totals)
    slope = [(effect(many.totals + step) - effect(many.totals - step)) / (2 * step.sum())
             for step in steps]  # fmt: skip
    half = 1.959964 * many.error(np.array(slope))
    low, high = chains.around_effect(many, 1)
    assert math.isclose((high - low) / 2, half, rel_tol=1e-3)
    assert math.isclose((high + low) / 2, effect(many.totals), rel_tol=1e-2)


@pytest.mark.parametrize("period", ["12 months", "3 months", "1 month"])
def test_a_factor_has_the_interval_of_the_scorecard(period):
    both = mk.periods(as_of="2026-01-01", period=period)
    rng = np.random.default_rng(8)
    tables = two_years(rng, first=900, second=1000)
    late = tables["orders"].ordered_at.dt.month.isin([3, 9, 11])
    tables["order_lines"].loc[late.to_numpy(), "quantity"] += 3  # months that move as a whole
    tables["orders"].loc[::9, "customer_id"] = None
    with mk.open_data({**tables, "orders": tables["orders"].drop(columns="amount")}) as data:
        factors = sales.shop_tree(data, periods=both).factors.set_index("factor")
        names = ["units_per_transaction", "average_selling_price"]
        card = overview.scorecard(data, periods=both, kpis=names, by_month=False)
    ends = ["change", "change_low", "change_high"]
    got, told = card.set_index("kpi").loc[names, ends], factors.loc[names, ends]
    assert got.notna().all(axis=None)
    pd.testing.assert_frame_equal(got, told, check_names=False, rtol=1e-7)


def test_where_growth_has_no_interval_no_factor_has_one():
    with mk.open_data(months_of_orders([100] * 12, before=2)) as data:  # 24 buyers before
        found = sales.shop_tree(data, periods=BOTH)
    assert found.change_low is None
    assert found.factors[["low", "high", "change_low", "change_high"]].isna().all(axis=None)
    assert (found.factors.verdict == "cannot_tell").all()


def test_where_credits_leave_nearly_nothing_no_change_has_an_interval():
    """The logarithm of a cent, give or take thousands, may be anything."""
    days = pd.date_range("2024-01-01", "2025-12-31")
    orders = pd.DataFrame({"order_id": days.astype(str), "ordered_at": days, "amount": 100.0})
    orders["channel"] = "web"
    orders.loc[len(days) - 1, "amount"] = 0.01 - 364 * 100.0
    with mk.open_data({"orders": orders}) as data:
        tree = sales.shop_tree(data, periods=BOTH)
        rows = sales.branches(data, by="channel", periods=BOTH)
        names = ["average_order_value"]
        card = overview.scorecard(data, periods=BOTH, kpis=names, by_month=False)
    assert tree.after == 0.01
    assert tree.factors[["low", "high", "change_low", "change_high"]].isna().all(axis=None)
    assert rows[["low", "high"]].isna().all(axis=None)
    assert card.change[0] < -0.99
    assert card[["change_low", "change_high"]].isna().all(axis=None)


def test_a_period_of_few_weeks_cannot_tell_what_moves_them():
    month = mk.periods(as_of="2026-01-01", period="1 month")
    with mk.open_data(months_of_orders([130] * 12)) as data:
        found = sales.shop_tree(data, periods=month)
    assert (found.months_error, found.pieces) == (None, 0)
    said = str(sentences.sales.answer(found, lang="en", periods=month))
    assert "too short to see whether weeks moved as a whole" in said


@pytest.mark.parametrize("level", [0, -1.0, math.nan])
def test_levels_of_nothing_have_no_effects(level):
    with pytest.raises(ComputeError, match=r"orders after == .* must be above 0"):
        sales.effects({"orders": 1, "basket": 2.0}, {"orders": level, "basket": 2.0})


# --- The tree of visits ---------------------------------------------------------------------


def visits_of_two_years(rng, *, drop_first_months=False):
    tables = two_years(rng)
    orders = tables["orders"]
    own = orders.assign(visitor_id="V" + orders.customer_id, started_at=orders.ordered_at)
    more = own.sample(frac=3, replace=True, random_state=7).assign(order_id=None)
    table = pd.concat([own, more])[["visitor_id", "started_at", "order_id"]]
    if drop_first_months:
        table = table[table.started_at >= "2024-03-01"]
    table.insert(0, "session_id", [f"S{n}" for n in range(len(table))])
    return {**tables, "sessions": table}


def test_the_tree_of_visits_is_revenue_per_visitor_times_visitors():
    data = mk.open_data(visits_of_two_years(np.random.default_rng(8)))
    found = sales.site_tree(data, periods=BOTH)
    kpis = mk.compute(["visitors", "revenue_per_visitor", "conversion_rate"], data, **YEAR).iloc[0]
    assert math.isclose(found.after, kpis.visitors * kpis.revenue_per_visitor, rel_tol=1e-9)
    levels = found.factors.set_index("factor").after
    assert math.isclose(levels.conversion_rate, kpis.conversion_rate, rel_tol=1e-9)
    assert math.isclose(levels.prod(), found.after, rel_tol=1e-9)
    assert found.obstacle is None
    assert round(found.factors.effect.sum(), 2) == round(found.after - found.before, 2)


def test_the_tree_of_visits_parts_what_has_no_price():
    tables = visits_of_two_years(np.random.default_rng(8))
    whole = sales.site_tree(mk.open_data(tables), periods=BOTH).factors.set_index("factor")
    rng = np.random.default_rng(5)
    data = mk.open_data(blanked(tables, now=0.2, before=0.0, rng=rng))
    found = sales.site_tree(data, periods=BOTH)
    factors = found.factors.set_index("factor")
    assert factors.before["known_price_share"] == 1
    assert 0.7 < factors.after["known_price_share"] < 0.9
    same = ["visitors", "sessions_per_visitor", "conversion_rate", "units_per_transaction"]
    assert factors.after[same].equals(whole.after[same])
    assert math.isclose(factors.after.prod(), found.after, rel_tol=1e-9)
    kpis = mk.compute(["visitors", "revenue_per_visitor"], data, **YEAR).iloc[0]
    assert math.isclose(found.after, kpis.visitors * kpis.revenue_per_visitor, rel_tol=1e-9)


def test_visits_recorded_for_a_part_are_not_compared(demo):
    tables = visits_of_two_years(np.random.default_rng(8), drop_first_months=True)
    found = sales.site_tree(mk.open_data(tables), periods=BOTH)
    assert (found.obstacle, found.before) == ("not_recorded", None)
    assert sales.site_tree(demo, periods=BOTH).obstacle == "not_recorded"


# --- Channels, products, prices -------------------------------------------------------------


def test_branches_add_up_to_the_shop_and_rows_to_their_change(demo, shop):
    for by in ("channel", "product_id", ["channel", "category"]):
        found = sales.branches(demo, by=by, periods=BOTH)
        assert round(found.change.sum(), 2) == round(shop.after - shop.before, 2)
        effects = found[["orders_effect", "units_effect", "price_effect"]]
        kept = found.status == "both"
        assert np.allclose(effects[kept].sum(axis=1), found.change[kept], atol=0.001)
        assert effects[~kept].isna().all(axis=None)
        assert found.change.abs().is_monotonic_decreasing


def test_branches_find_the_products_that_came_and_went(demo):
    found = sales.branches(demo, by="product_id", periods=BOTH).set_index("product_id").status
    prices = mk.truth()["prices"]
    for status, name in (("new", "introduced"), ("gone", "dropped")):
        asked = {id for id, year in prices[name].items() if year == 2025}
        assert set(found.index[found == status]) == asked


def test_credits_of_orders_without_lines_are_told_beside_the_basket():
    at = pd.to_datetime(["2024-01-01", "2024-12-31", "2025-01-01", "2025-12-31", "2025-05-01"])
    orders = pd.DataFrame({"order_id": [*"abcde"], "ordered_at": at})
    orders["amount"] = [50.0, 50.0, 50.0, 50.0, -30.0]
    with mk.open_data({"orders": orders}) as data:
        tree = sales.shop_tree(data, periods=mk.periods(as_of="2026-01-01"))
    basket = tree.factors.set_index("factor").loc["average_order_value"]
    assert (basket.before, basket.after) == (50, 35)
    assert tree.credits == (0, -30)


def test_branches_of_credits_alone_are_neither_new_nor_gone():
    # A hat each year; goods of an unknown product given back in 2025, none bought in either year.
    days = pd.to_datetime(["2024-01-02", "2024-12-30", "2025-01-02", "2025-06-01", "2025-12-30"])
    tables = {
        "orders": pd.DataFrame({"order_id": [*"12345"], "ordered_at": days}),
        "order_lines": pd.DataFrame({
            "order_id": [*"12345"], "line_id": "1", "quantity": [1, 1, 1, -2, 1],
            "product_id": ["hat", "hat", "hat", None, "hat"], "unit_price": 10.0,
        }),
    }  # fmt: skip
    found = sales.branches(mk.open_data(tables), by="product_id", periods=BOTH)
    assert found.change.tolist() == [-20.0, 0.0]
    assert found.status.tolist() == ["credits", "both"]
    assert found.product_id.isna().tolist() == [True, False]


@pytest.mark.parametrize("amounts", [False, True])
def test_what_credits_take_from_a_product_is_no_fall_of_its_price(amounts):
    # Each year a cap at 10 and two hats at 10; in 2025, 5 of a hat given back.
    days = ["2024-01-02", "2024-05-01", "2024-12-30", "2025-01-02", "2025-05-01", "2025-12-30"]
    orders = pd.DataFrame({"order_id": [*"1234567"]})
    orders["ordered_at"] = pd.to_datetime([*days, "2025-06-01"])
    sold = {"product_id": ["hat", "hat", "cap"] * 2 + ["hat"], "unit_price": [10.0] * 6 + [5.0]}
    lines = orders[["order_id"]].assign(line_id="1", quantity=[1] * 6 + [-1], **sold)
    tables = {"orders": orders, "order_lines": lines}
    if amounts:
        orders["channel"], orders["amount"] = sold["product_id"], [10.0] * 6 + [-5.0]
        tables = {"orders": orders}
    by, price = ("channel", "basket_effect") if amounts else ("product_id", "price_effect")
    found = sales.branches(mk.open_data(tables), by=by, periods=BOTH).set_index(by)
    assert found.change.to_dict() == {"hat": -5.0, "cap": 0.0}
    assert found[price].to_dict() == {"hat": 0.0, "cap": 0.0}
    assert found.credits_effect.to_dict() == {"hat": -5.0, "cap": 0.0}
    assert found.orders_effect.tolist() == [0, 0]
    if not amounts:
        shown = plots.branch_table(found.reset_index(), lang="fr").payload()["columns"]
        assert "Avoirs" in [column["label"] for column in shown]
        no_credit = mk.open_data({name: rows.iloc[:6] for name, rows in tables.items()})
        assert "credits_effect" not in sales.branches(no_credit, by=by, periods=BOTH)


def test_branches_refuse_what_they_cannot_do(demo):
    with pytest.raises(ComputeError, match="chanel"):
        sales.branches(demo, by="chanel", periods=BOTH)
    with pytest.raises(ComputeError, match="no period to compare"):
        sales.branches(demo, by="channel", periods=mk.periods(as_of="2026-01-01", compare="none"))
    with pytest.raises(MissingDataError):
        sales.branches(demo, by="channel", periods=mk.periods(as_of="2023-06-01"))


def test_the_list_prices_of_the_demo_are_found(demo, shop):
    found = sales.price_parts(demo, periods=BOTH)
    index = mk.truth()["prices"]["list_price_index"]
    parts = found.parts.set_index("part")
    assert abs(parts.change.list_price - (index[2] / index[1] - 1)) < 0.0015
    price = shop.factors.set_index("factor").loc["average_selling_price"]
    assert abs(parts.effect.sum() - price.effect) < 0.011
    assert math.isclose((1 + parts.change).prod() - 1, price.change, rel_tol=1e-6)
    assert found.products == 112


def goods(price, units):
    """Return a shop of two years whose products have a price and units in each."""
    rows = [
        (f"{year} {product}", pd.Timestamp(f"{year}-{month}"), product, quantity, paid)
        for year, month in ((2024, "01-02"), (2024, "12-30"), (2025, "12-30"))
        for product in price
        for quantity, paid in [(units[product][year == 2025], price[product][year == 2025])]
        if quantity
    ]
    names = ["order_id", "ordered_at", "product_id", "quantity", "unit_price"]
    table = pd.DataFrame(rows, columns=names)
    table["order_id"] = table.order_id + table.ordered_at.astype(str)
    lines = table.drop(columns="ordered_at").assign(line_id="1")
    opened = pd.DataFrame({"order_id": ["no lines"], "ordered_at": [pd.Timestamp("2025-01-02")]})
    orders = pd.concat([table[["order_id", "ordered_at"]], opened])
    return mk.open_data({"orders": orders, "order_lines": lines})


def test_a_shift_to_dear_products_is_no_price_rise():
    data = goods({"a": (10, 10), "b": (50, 50)}, {"a": (5, 2), "b": (1, 8)})
    parts = sales.price_parts(data, periods=BOTH).parts.set_index("part")
    assert parts.change.price_paid == 0
    assert parts.change.assortment > 0.5


def test_a_price_rise_of_all_products_is_found_whole():
    data = goods({"a": (10, 11), "b": (50, 55)}, {"a": (5, 5), "b": (1, 1)})
    parts = sales.price_parts(data, periods=BOTH).parts.set_index("part")
    assert math.isclose(parts.change.price_paid, 0.1, rel_tol=1e-6)
    assert abs(parts.change.assortment) < 1e-8


def listed(data, prices):
    """Return a shop with the list prices of its lines, by product and year; null: unknown."""
    orders = data.orders.to_pandas()
    lines = data.order_lines.to_pandas()
    year = lines.order_id.str[:4].astype(int)
    at = [prices[key] for key in zip(lines.product_id, year, strict=True)]
    return mk.open_data({"orders": orders, "order_lines": lines.assign(list_price=at)})


def test_lines_without_a_list_price_raise_no_list_price():
    """Caps at 10, a fifth off, both years: of the first, one line of two has no list price."""
    data = goods({"cap": (8, 8)}, {"cap": (5, 10)})
    lines = listed(data, {("cap", 2024): 10.0, ("cap", 2025): 10.0}).order_lines.to_pandas()
    lines.loc[0, "list_price"] = None
    with mk.open_data({"orders": data.orders.to_pandas(), "order_lines": lines}) as holed:
        found = sales.price_parts(holed, periods=BOTH)
    assert found.parts.part.tolist() == ["list_price", "discount", "assortment"]
    assert np.allclose(found.parts.change, 0)
    assert (found.raised, found.lowered) == (0, 0)
    assert found.listed == pytest.approx(120 / 160)  # of 80 and 80 of sales, 40 have none


def test_products_without_a_list_price_are_a_part_of_their_own():
    """Of two products of equal sales, one knows its list price: it rose by 20 %, no discount."""
    data = goods({"a": (10, 12), "b": (10, 12)}, {"a": (5, 5), "b": (5, 5)})
    known = {("a", 2024): 10.0, ("a", 2025): 12.0, ("b", 2024): None, ("b", 2025): 12.0}
    found = sales.price_parts(listed(data, known), periods=BOTH)
    parts = found.parts.set_index("part").change
    assert parts.index.tolist() == ["list_price", "discount", "price_unlisted", "assortment"]
    half = math.sqrt(1.2) - 1
    assert np.allclose(parts, [half, 0, half, 0])
    assert (found.raised, found.lowered) == (1, 0)
    nothing = dict.fromkeys(known)
    assert sales.price_parts(listed(data, nothing), periods=BOTH).parts.part.tolist() == [
        "price_paid", "assortment",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("dear", "raised", "lowered"), [(14, 0.0548, 0), (10.005, 0, 0), (9, 0, 0.0455)]
)
def test_one_price_that_moved_is_not_said_of_all(dear, raised, lowered):
    price = {f"p{n:02}": (10, 10) for n in range(20)} | {"p00": (10, dear)}
    data = goods(price, dict.fromkeys(price, (10, 10)))
    found = sales.price_parts(data, periods=BOTH)
    assert found.raised == pytest.approx(raised, abs=0.002)
    assert found.lowered == pytest.approx(lowered, abs=0.004)
    assert found.raised + found.lowered < 0.06


def test_a_rise_of_all_products_is_a_rise_of_all_their_sales(demo):
    data = goods({"a": (10, 11), "b": (50, 55)}, {"a": (5, 5), "b": (1, 1)})
    found = sales.price_parts(data, periods=BOTH)
    assert (found.raised, found.lowered, found.unknown) == (1, 0, 0)
    assert 0.9 < sales.price_parts(demo, periods=BOTH).raised < 1


def test_lines_of_unknown_product_are_in_no_price_and_no_product():
    known = {"a": (10, 10), "b": (20, 20)}
    price = known | {"c": (10, 10), "d": (90, 90)}
    units = {"a": (5, 5), "b": (3, 3), "c": (8, 1), "d": (1, 9)}
    data = goods(price, units)
    lines = data.order_lines.to_pandas()
    lines["product_id"] = lines.product_id.where(lines.product_id.isin([*known]), None)
    orders = data.orders.to_pandas()
    nulled = mk.open_data({"orders": orders, "order_lines": lines})
    found = sales.price_parts(nulled, periods=BOTH)
    parts = found.parts.set_index("part")
    assert parts.change.price_paid == 0
    assert parts.change.assortment > 0.5
    assert found.products == 2
    net = (lines.quantity * lines.unit_price).astype(float).groupby(lines.product_id.isna()).sum()
    assert found.unknown == pytest.approx(net[True] / net.sum())
    assert found.share == pytest.approx(net[False] / net.sum())
    products = pd.DataFrame({"product_id": ["a", "b"], "category": ["Hats", "Caps"]})
    parted = mk.open_data({"orders": orders, "order_lines": lines, "products": products})
    cut = sales.assortment(parted, periods=BOTH)
    assert cut[["products_before", "products_after"]].sum().tolist() == [2, 2]
    unknown = cut[cut.category.isna()].iloc[0]
    assert unknown.unknown == unknown.change != 0
    assert unknown.kept == 0
    assert np.allclose(cut.new + cut.gone + cut.kept + cut.unknown, cut.change, atol=0.001)


@pytest.mark.parametrize(
    ("price", "part", "average"), [(0, "assortment", 100 / 12), (-5, "credits", 90 / 10)]
)
def test_what_has_no_price_lowers_the_average_of_all(price, part, average):
    """Ten caps at 10 a year; in the second two gifts too, or two credits, which are no units."""
    data = goods({"cap": (10, 10), "gift": (0, price)}, {"cap": (5, 10), "gift": (0, 2)})
    parts = sales.price_parts(data, periods=BOTH).parts.set_index("part")
    tree = sales.shop_tree(data, periods=BOTH).factors.set_index("factor")
    assert parts.change.price_paid == 0
    assert parts.change[part] == pytest.approx(average / 10 - 1)
    assert ("credits" in parts.index) == bool(price)
    assert parts.effect.sum() == pytest.approx(tree.effect.average_selling_price, abs=0.001)
    products = pd.DataFrame({"product_id": ["cap", "gift"], "category": ["Caps", "Gifts"]})
    tables = {"orders": data.orders.to_pandas(), "order_lines": data.order_lines.to_pandas()}
    cut = sales.assortment(mk.open_data({**tables, "products": products}), periods=BOTH)
    assert dict(zip(cut.category, cut.change, strict=True)) == (
        {"Caps": 0, "Gifts": 2 * price} if price else {"Caps": 0}
    )
    assert cut.credits.sum() == 2 * price
    assert np.allclose(
        cut.new + cut.gone + cut.kept + cut.unknown + cut.credits, cut.change, atol=0.001
    )


def credited(data, *credits):
    """Return a shop with credits beside its sales: year, product, units back, price of each."""
    rows = pd.DataFrame(credits, columns=["year", "product_id", "quantity", "unit_price"])
    rows["order_id"] = [f"{year} credit {n}" for n, year in enumerate(rows.year)]
    rows["ordered_at"] = pd.to_datetime(rows.year.astype(str) + "-06-01")
    rows = rows.assign(quantity=-rows.quantity.astype(float), line_id="1")
    orders, lines = data.orders.to_pandas(), data.order_lines.to_pandas()
    lines = lines.astype({"quantity": float, "unit_price": float})
    lines = pd.concat(
        [lines, rows[["order_id", "line_id", "product_id", "quantity", "unit_price"]]]
    )
    return {
        "orders": pd.concat([orders[["order_id", "ordered_at"]], rows[["order_id", "ordered_at"]]]),
        "order_lines": lines[["order_id", "line_id", "product_id", "quantity", "unit_price"]],
    }


@pytest.mark.parametrize("engine", ["pandas", "files"])
def test_credits_are_no_fall_of_prices(engine, tmp_path):
    """Ten caps at 10 a year, one credited in the first, four in the second: 90, then 60.

    A scarf at 20 was bought in the second, and credited whole. No price moved: 10 a unit bought,
    then 120 / 11; credits leave 90 of 100, then 60 of 120.
    """
    data = goods({"cap": (10, 10), "scarf": (20, 20)}, {"cap": (5, 10), "scarf": (0, 1)})
    scarf = ("2025", "scarf", 1, 20)
    tables = credited(data, ("2024", "cap", 1, 10), ("2025", "cap", 4, 10), scarf)
    tables["products"] = pd.DataFrame(
        {"product_id": ["cap", "scarf"], "category": ["Caps", "Wool"]}
    )
    for name, frame in tables.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    with mk.open_data(tables if engine == "pandas" else str(tmp_path)) as opened:
        found = sales.price_parts(opened, periods=BOTH)
        tree = sales.shop_tree(opened, periods=BOTH).factors.set_index("factor")
        cut = sales.assortment(opened, periods=BOTH).set_index("category")
    parts = found.parts.set_index("part")
    assert parts.index.tolist() == ["price_paid", "assortment", "credits"]
    assert parts.change.price_paid == 0
    assert parts.change.assortment == pytest.approx(120 / 11 / 10 - 1)
    assert parts.change.credits == pytest.approx((60 / 120) / (90 / 100) - 1)
    assert (found.raised, found.lowered, found.products) == (0, 0, 1)
    assert (found.credited_before, found.credited) == pytest.approx((0.1, 0.5))
    assert found.share == pytest.approx(200 / 220)
    assert parts.effect.sum() == pytest.approx(tree.effect.average_selling_price, abs=0.001)
    told = ["change", "new", "kept", "credits", "kept_rate"]
    assert cut.loc["Caps", told].tolist() == [-30, 0, 0, -30, 0]
    assert cut.loc["Wool", told[:-1]].tolist() == [0, 20, 0, -20]


def test_a_rise_of_a_tenth_is_one_whatever_is_credited_and_at_list_prices_too():
    """Bags at 10, then 11; of ten a year one credited at what it cost, and one more of before.

    Ten at 11 less 11 and 10: 89 left of 110, against 90 of 100.
    """
    data = goods({"bag": (10, 11)}, {"bag": (5, 10)})
    tables = credited(data, ("2024", "bag", 1, 10), ("2025", "bag", 1, 11), ("2025", "bag", 1, 10))
    with mk.open_data(tables) as opened:
        found = sales.price_parts(opened, periods=BOTH)
    parts = found.parts.set_index("part").change
    assert np.allclose(parts[["price_paid", "assortment"]], [0.1, 0], atol=1e-8)
    assert parts.credits == pytest.approx((89 / 110) / (90 / 100) - 1)
    lines = tables["order_lines"]
    listed = lines.assign(list_price=np.where(lines.order_id.str.startswith("2024"), 10.0, 12.5))
    with mk.open_data({**tables, "order_lines": listed}) as opened:
        found = sales.price_parts(opened, periods=BOTH)
    at_list = found.parts.set_index("part").change
    assert np.allclose(at_list[["list_price", "discount"]], [0.25, 1.1 / 1.25 - 1], atol=1e-8)
    assert at_list.credits == pytest.approx(parts.credits)
    assert (found.raised, found.listed) == (1, 1)


credits_of = st.tuples(
    st.sampled_from(["2024", "2025"]), st.sampled_from([*"abc", None]),
    st.integers(1, 3), st.integers(1, 20),
)  # fmt: skip


@settings(max_examples=8, deadline=None)
@given(
    credits=st.lists(credits_of, max_size=4),
    prices=st.tuples(*[st.integers(1, 90)] * 4),
    units=st.tuples(*[st.integers(1, 9)] * 4),
)
def test_parts_make_the_effect_of_the_price_whatever_is_credited(credits, prices, units):
    price = {"a": prices[:2], "b": prices[2:], "c": (50, 50), "d": (300, 300)}
    data = goods(price, {"a": units[:2], "b": units[2:], "c": (0, 1), "d": (2, 4)})
    with mk.open_data(credited(data, *credits)) as opened:
        found = sales.price_parts(opened, periods=BOTH)
        price = sales.shop_tree(opened, periods=BOTH).factors.set_index("factor")
    parts = found.parts.set_index("part")
    assert ("credits" in parts.index) == bool(credits)
    whole = price.loc["average_selling_price"]
    assert parts.effect.sum() == pytest.approx(whole.effect, abs=0.011)
    assert math.isclose((1 + parts.change).prod() - 1, whole.change, rel_tol=1e-6, abs_tol=1e-8)
    with mk.open_data(credited(data)) as opened:
        without = sales.price_parts(opened, periods=BOTH)
    same = [name for name in parts.index if name != "credits"]
    assert np.allclose(parts.change[same], without.parts.set_index("part").change, atol=1e-8)
    assert found[1:-2] == pytest.approx(without[1:-2])


def test_without_any_known_product_prices_have_no_parts():
    data = goods({"a": (10, 11)}, {"a": (5, 5)})
    lines = data.order_lines.to_pandas().assign(product_id=None)
    nulled = mk.open_data({"orders": data.orders.to_pandas(), "order_lines": lines})
    found = sales.price_parts(nulled, periods=BOTH)
    assert found.parts.empty
    assert (found.products, found.share, found.unknown) == (0, 0, 1)


def test_the_assortment_adds_up(demo, shop):
    found = sales.assortment(demo, periods=BOTH)
    assert np.allclose(found.new + found.gone + found.kept, found.change, atol=0.001)
    assert (found.unknown == 0).all()
    assert round(found.change.sum(), 2) == round(shop.after - shop.before, 2)
    assert (found.products_new.sum(), found.products_gone.sum()) == (4, 3)


# --- The season -----------------------------------------------------------------------------


def months_of(values, *, start="2023-01-01"):
    """Return a shop that sells a given amount on the first day of each month, and on its last."""
    firsts = pd.date_range(start, periods=len(values), freq="MS")
    days = [*firsts, *(firsts + pd.offsets.MonthEnd(0))]
    orders = pd.DataFrame({"ordered_at": days, "amount": [*values, *values]})
    orders["amount"] = (orders.amount / 2).round(4)
    return mk.open_data({"orders": orders.assign(order_id=[str(n) for n in range(len(orders))])})


def test_a_constant_season_and_growth_are_found_exactly():
    season = np.array([0.7, 0.8, 0.9, 1, 1.1, 1, 0.9, 0.8, 1, 1.1, 1.3, 1.4])
    values = 1e6 * np.tile(season, 3) * 1.2 ** (np.arange(36) / 12)
    found = sales.season(months_of(values), end="2026-01-01")
    assert found.years == 3
    assert np.allclose(found.months.season[:12], season, rtol=1e-6)
    told = found.months.iloc[12:]
    assert np.allclose(told.change, 0.2, rtol=1e-6)
    assert found.months.change[:12].isna().all()


def test_months_say_for_how_much_no_price_is_known():
    """Of the two units of 30 December 2025 one has no price; a year earlier, both had."""
    data = mk.open_data(shop_of([[10.0] * 4, [10.0, 10.0, 10.0, None]]))
    found = sales.season(data, end="2026-01-01").months.set_index("period")
    shares = ["unpriced_before", "unpriced"]
    assert found.loc["2025-12-01", shares].tolist() == [0, 0.5]
    assert found.loc["2025-01-01", shares].tolist() == [0, 0]
    assert found.loc["2025-06-01", shares].isna().all()
    assert found.change["2025-12-01"] == -0.5
    orders = sales.season(data, end="2026-01-01", measure="orders").months
    assert orders[shares].isna().all(axis=None)


def test_one_year_shows_no_season_and_a_cut_month_is_left_out():
    found = sales.season(months_of(np.ones(14)), end="2024-02-20")
    assert len(found.months) == 13
    assert found.years == 0
    assert found.months.season.isna().all()
    assert found.months.previous.notna().sum() == 1


def test_months_are_those_of_the_kpi(demo):
    found = sales.season(demo, end="2026-01-01").months
    known = mk.compute("net_sales", demo, grain="month", start="2023-01-01", end="2026-01-01")
    assert np.allclose(found.value, known.to_pandas().net_sales.astype(float), rtol=1e-12)
    assert np.allclose(found.previous[12:], found.value[:24])


def test_the_season_of_the_demo_is_found(demo):
    from marketing_kpi.data.simulation import calendar

    found = sales.season(demo, end="2026-01-01", measure="orders").months.season[:12]
    demand = calendar.season()[calendar.HISTORY_DAYS :]
    days = pd.date_range("2023-01-01", periods=len(demand))
    truth = pd.Series(demand, days).groupby(days.month).mean()
    assert np.corrcoef(found, truth)[0, 1] > 0.9
    # Customers who come back follow the season in part: it is flatter than the simulated one.
    assert found.std() < truth.std()


def test_the_season_of_nothing_is_empty():
    orders = pd.DataFrame({"order_id": ["1"], "ordered_at": [pd.Timestamp("2025-03-15")]})
    found = sales.season(mk.open_data({"orders": orders.assign(amount=1.0)}), end="2025-03-20")
    assert found.months.empty
    with pytest.raises(ComputeError, match="net_sale"):
        sales.season(mk.open_data({"orders": orders}), end="2026-01-01", measure="net_sale")


# --- Visits ---------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [(), "device", "marketing_channel"])
def test_the_quality_of_visits_agrees_with_the_kpis(demo, visited, by):
    found = sales.traffic(visited, by=by)
    known = mk.compute(["sessions", "visitors", *RATES], demo, by=by, **YEAR).to_pandas()
    if by:
        found, known = found.set_index(by), known.set_index(by).loc[found[by]]
    for name in ("sessions", "visitors", *RATES):
        assert np.allclose(found[name].astype(float), known[name].astype(float), rtol=1e-9), name
    for name in RATES:
        inside = (found[f"{name}_low"] < found[name]) & (found[name] < found[f"{name}_high"])
        assert inside.all()


def sessions_of(visitors, **columns):
    table = pd.DataFrame({"visitor_id": visitors, **columns})
    table.insert(0, "session_id", [f"S{n}" for n in range(len(table))])
    table["started_at"] = pd.Timestamp("2025-03-03")
    return table


def opened(table, orders=("1",)):
    placed = pd.DataFrame({"order_id": [*orders]})
    placed["ordered_at"], placed["amount"] = pd.Timestamp("2025-03-03"), 10.0
    return sales.visits(mk.open_data({"orders": placed, "sessions": table}), **YEAR)


def test_sessions_copied_for_the_same_visitors_tell_nothing_more():
    rng = np.random.default_rng(9)
    visitors = [f"V{n}" for n in range(200)]
    pages = rng.integers(1, 4, 200)
    once = sessions_of(visitors, page_views=pages)
    twice = sessions_of(visitors * 2, page_views=[*pages, *pages])
    strangers = sessions_of(
        [*visitors, *(f"W{n}" for n in range(200))], page_views=[*pages, *pages]
    )
    one, two, other = (sales.traffic(opened(t)).iloc[0] for t in (once, twice, strangers))
    for end in ("bounce_rate_low", "bounce_rate_high", "pages_per_session_high"):
        assert math.isclose(one[end], two[end], rel_tol=1e-8)
    width = other.bounce_rate_high - other.bounce_rate_low
    assert width < one.bounce_rate_high - one.bounce_rate_low


def test_sessions_without_a_visitor_stand_for_themselves():
    table = sessions_of([None] * 40, page_views=[1, 3] * 20)
    row = sales.traffic(opened(table)).iloc[0]
    assert (row.sessions, row.visitors, row.bounce_rate) == (40, 0, 0.5)
    assert row.bounce_rate_low > 0.3
    assert pd.isna(row.visitor_conversion)
    found = sales.conversions(opened(table.assign(order_id=None)))
    assert (found.sessions, found.anonymous) == (0, 40)


def test_what_the_data_do_not_tell_is_null():
    table = sessions_of(["V1", "V2"])
    row = sales.traffic(opened(table)).iloc[0]
    assert row.sessions == 2
    assert row[["bounce_rate", "cart_rate", "conversion_rate"]].isna().all()
    with pytest.raises(MissingDataError, match=r"sessions\.cart"):
        sales.funnel(opened(table))
    with pytest.raises(MissingDataError, match=r"sessions\.order_id"):
        sales.conversions(opened(table))
    with pytest.raises(ComputeError, match="device"):
        sales.traffic(opened(table), by="device")
    assert sales.out_of_line(opened(table)).empty


def test_a_shop_without_sessions_is_refused_by_name():
    orders = pd.DataFrame({"order_id": ["1"], "ordered_at": [pd.Timestamp("2025-03-03")]})
    data = mk.open_data({"orders": orders})
    assert "sessions.session_id" in sales.lacking_visits(data)
    with pytest.raises(MissingDataError, match="sessions"):
        sales.visits(data, **YEAR)


def test_the_funnel_agrees_with_the_kpis(demo, visited):
    found = sales.funnel(visited).set_index("step")
    kpis = ["cart_rate", "checkout_rate", "conversion_rate", "cart_abandonment_rate"]
    known = mk.compute(kpis, demo, **YEAR).to_pandas().iloc[0].astype(float)
    assert math.isclose(found.rate.cart_rate, known.cart_rate, rel_tol=1e-12)
    assert math.isclose(found.rate.checkout_rate, known.checkout_rate, rel_tol=1e-12)
    assert math.isclose(found.rate.prod(), known.conversion_rate, rel_tol=1e-12)
    abandoned = 1 - found.passed.order_rate / found.passed.cart_rate
    assert math.isclose(abandoned, known.cart_abandonment_rate, rel_tol=1e-12)
    assert math.isclose(found.loss_share.sum(), 1)
    assert found.beside.sum() == 0


def test_orders_beside_the_funnel_are_counted_where_they_left_it():
    table = sessions_of(
        list("abcdef"),
        cart=[True, True, False, None, True, False],
        checkout=[True, True, True, True, False, False],
        order_id=["1", None, "2", "3", "4", None],
    )
    found = sales.funnel(opened(table, orders="1234")).set_index("step")
    assert found.entered.tolist() == [5, 3, 2]
    assert found.passed.tolist() == [3, 2, 1]
    assert found.beside.tolist() == [2, 1, 0]
    assert found.passed.order_rate + found.beside.sum() == 4


def test_both_conversions_and_what_makes_them_differ(visited):
    found = sales.conversions(visited)
    by_session, by_visitor = found.by_session[0], found.by_visitor[0]
    assert by_session == found.orders / found.sessions
    visits, orders = found.sessions / found.visitors, found.orders / found.buyers
    assert math.isclose(by_visitor, by_session * visits / orders, rel_tol=1e-12)
    windows = found.windows.set_index("window")
    assert np.allclose(windows.by_session, by_session)
    assert windows.by_visitor.is_monotonic_increasing
    assert windows.by_visitor.day > by_session
    assert math.isclose(windows.by_visitor.period, by_visitor)


# --- Steps out of line ----------------------------------------------------------------------


def strangers(device, bounced):
    """Return sessions of people who come once."""
    pages = np.where(np.asarray(bounced), 1, 3)
    return sessions_of([f"V{n}" for n in range(len(pages))], device=device, page_views=pages)


def test_of_people_who_come_once_the_test_is_that_of_two_shares():
    device = ["mobile"] * 200 + ["desktop"] * 100
    bounced = [n < 90 for n in range(200)] + [n < 30 for n in range(100)]
    found = sales.out_of_line(opened(strangers(device, bounced)))
    pooled = 120 / 300
    spreads = [
        ((1 - pooled) ** 2 * y + pooled**2 * (n - y)) / n**2 for y, n in ((90, 200), (30, 100))
    ]
    z = (0.45 - 0.3) / math.sqrt(sum(spreads))
    p = math.erfc(z / math.sqrt(2))
    assert np.allclose(found.p, p, rtol=1e-6)
    assert np.allclose(found.p_adjusted, found.p)  # two cells are one comparison
    assert found.set_index("value").verdict.to_dict() == {"mobile": "higher", "desktop": "lower"}
    mobile = found.set_index("value").loc["mobile"]
    error = math.sqrt(0.45 * 0.55 / 200 + 0.3 * 0.7 / 100)
    assert math.isclose(mobile.high, 0.15 + 1.959964 * error, rel_tol=1e-6)


def test_a_cell_apart_is_set_aside_before_the_others_are_compared():
    device = np.repeat(["app", "mobile", "desktop"], 400)
    rate = {"app": 0.1, "mobile": 0.5, "desktop": 0.5}
    bounced = [n % 400 < 400 * rate[one] for n, one in enumerate(device)]
    found = sales.out_of_line(opened(strangers(device, bounced))).set_index("value")
    assert found.verdict.to_dict() == {
        "app": "lower", "mobile": "cannot_tell", "desktop": "cannot_tell"
    }  # fmt: skip
    assert found.rest["mobile"] == 0.5
    assert found.rest["app"] == 0.5
    assert found.set_aside.to_dict() == {"app": (), "mobile": ("app",), "desktop": ("app",)}


def test_nobody_is_judged_on_too_few():
    device = ["mobile"] * 200 + ["desktop"] * 100 + ["tablet"] * 12
    found = sales.out_of_line(opened(strangers(device, [n % 3 == 0 for n in range(312)])))
    row = found.set_index("value").loc["tablet"]
    assert row.verdict == "too_few"
    assert row[["p", "low", "difference"]].isna().all()
    assert found.set_index("value").p_adjusted[["mobile", "desktop"]].nunique() == 1


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000))
def test_corrected_p_is_never_below_p_and_at_most_one(seed):
    rng = np.random.default_rng(seed)
    device = rng.choice(["a", "b", "c", "d"], 400)
    found = sales.out_of_line(opened(strangers(device, rng.random(400) < 0.4)))
    tested = found.dropna(subset=["p"])
    assert (tested.p_adjusted >= tested.p - 1e-12).all()
    assert (tested.p_adjusted <= 1).all()


def test_the_devices_of_the_site_are_alike_as_they_were_drawn(visited):
    site = {"device": ["mobile", "desktop", "tablet"]}
    alone = sales.out_of_line(visited, by="device", filters=site)
    assert set(alone.verdict) == {"cannot_tell"}
    # With the app, which stands apart, the others are told from each other no more.
    all_devices = sales.out_of_line(visited, by="device")
    apart = all_devices[all_devices.verdict != "cannot_tell"]
    assert set(apart.value) == {"app"}


@pytest.mark.parametrize("step", STEPS)
def test_a_planted_fault_is_found_at_its_size(demo, visited, step):
    broken = sales.plant_fault(demo, where={"device": "mobile"}, step=step, lost=0.25)
    site = {"device": ["mobile", "desktop", "tablet"]}
    faulty = sales.visits(broken, **YEAR)
    found = sales.out_of_line(faulty, by="device", filters=site)
    first = found.iloc[0]
    assert (first.value, first.step, first.verdict) == ("mobile", step, "lower")
    whole = sales.out_of_line(visited, by="device", filters=site)
    rate = whole[(whole.value == "mobile") & (whole.step == step)].rate.iloc[0]
    assert math.isclose(first.rate, 0.75 * rate, rel_tol=0.02)
    lost = sales.conversions(visited).orders - sales.conversions(faulty).orders
    assert first.orders_low < lost < first.orders_high
    assert math.isclose(
        first.revenue / first.orders, first.revenue_low / first.orders_low, rel_tol=1e-6
    )


def test_no_fault_changes_nothing_and_a_whole_one_ends_all(demo):
    same = sales.plant_fault(demo, where={"device": "mobile"}, lost=0)
    ended = sales.plant_fault(demo, where={"device": "mobile"}, lost=1)
    mobile = [
        int(d.sessions.filter(d.sessions.device == "mobile").order_id.count().execute())
        for d in (demo, same, ended)
    ]
    assert mobile[0] == mobile[1] > 0
    assert mobile[2] == 0
    with pytest.raises(ComputeError, match="lost"):
        sales.plant_fault(demo, where={"device": "mobile"}, lost=2)
    with pytest.raises(ComputeError, match="order_rat"):
        sales.plant_fault(demo, where={"device": "mobile"}, step="order_rat")


def test_levels_of_a_search_are_checked(visited):
    with pytest.raises(ComputeError, match="alpha"):
        sales.out_of_line(visited, alpha=5)
    assert steps.FEWEST_EVENTS < FEWEST_OWNERS
