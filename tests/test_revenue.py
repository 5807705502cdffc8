"""Revenue mix: growth, shares, like for like, and effects that add up to the change."""

import math

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marketing_kpi as mk
from marketing_kpi import revenue
from marketing_kpi.errors import ColumnError, ComputeError, MissingDataError
from marketing_kpi.kpis.periods import Periods

ITEM = ["quantity_before", "revenue_before", "quantity", "revenue"]


def items(*rows):
    return pd.DataFrame(rows, columns=ITEM).astype(float)


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [(550, 500, 0.1), (0, 500, -1), (500, 500, 0), (5, 0, None), (5, -10, None)],
)
def test_growth(now, before, expected):
    assert revenue.revenue_growth(now, before) == expected


def test_shares_are_of_the_whole_and_may_be_unknown():
    given = pd.DataFrame({"channel": ["web", None, "app"], "revenue": [60.0, 50.0, -10.0]})
    assert revenue.revenue_share(given).share.tolist() == [0.6, 0.5, -0.1]
    lazy = revenue.revenue_share(ibis.memtable(given))
    assert isinstance(lazy, ibis.expr.types.Table)
    assert sorted(lazy.to_pandas().share) == [-0.1, 0.5, 0.6]
    assert revenue.revenue_share(given.assign(revenue=0.0)).share.isna().all()
    assert len(revenue.revenue_share(given.iloc[:0])) == 0
    with pytest.raises(ColumnError, match="revenu"):
        revenue.revenue_share(given, of="revenu")


# --- Price, volume, mix ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # 10 tents at 200 and 30 ropes at 20; then 20 at 190 and 30 at 22
        ([(10, 2000, 20, 3800), (30, 600, 30, 660)], (650, 1350, -140, 0, 1860)),
        # only units, only the split, only prices
        ([(10, 100, 20, 200), (10, 300, 20, 600)], (400, 0, 0, 0, 400)),
        ([(10, 100, 5, 50), (10, 300, 15, 450)], (0, 100, 0, 0, 100)),
        ([(10, 100, 10, 120), (10, 300, 10, 330)], (0, 0, 50, 0, 50)),
        # one product has no mix; a new and a dropped one are the assortment
        ([(10, 100, 12, 144)], (20, 0, 24, 0, 44)),
        ([(10, 100, 10, 100), (0, 0, 3, 90), (2, 50, 0, 0)], (0, 0, 0, 40, 40)),
        ([(None, None, 3, 90)], (0, 0, 0, 90, 90)),
        # units given back make no price
        ([(10, 100, 10, 100), (5, 50, -1, -10)], (0, 0, 0, -60, -60)),
        # a gift has a price of 0
        ([(10, 0, 20, 0)], (0, 0, 0, 0, 0)),
        ([], (0, 0, 0, 0, 0)),
    ],
)
def test_effects_by_hand(rows, expected):
    found = revenue.price_volume_mix(items(*rows))
    assert found.unknown_products == found.credits == 0
    assert (*found[:4], found.change) == pytest.approx(expected, abs=1e-9)
    assert all(type(effect) is float for effect in found)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # 10 caps at 10 each year: of the first one is credited, of the second four
        ([(10, 90, 10, 60, -10, -40)], (0, 0, 0, 0, -30, -30)),
        # a true rise from 10 to 11, a tenth credited each year
        ([(10, 90, 10, 99, -10, -11)], (0, 0, 10, 0, -1, 9)),
        # 10 tents at 200 and 30 ropes at 20, then 20 at 190 and 30 at 22; 5 tents credited
        ([(10, 2000, 20, 2850, 0, -950), (30, 600, 30, 660, 0, 0)],
         (650, 1350, -140, 0, -950, 910)),
        # what is new, and credited whole; what is credited of a product not sold any more
        ([(10, 100, 10, 100, 0, 0), (0, 0, 3, 0, 0, -90)], (0, 0, 0, 90, -90, 0)),
        ([(10, 100, 10, 100, 0, 0), (0, 0, 0, -20, 0, -20)], (0, 0, 0, 0, -20, -20)),
        ([(0, -20, 4, 80, -20, None)], (0, 0, 0, 80, 20, 100)),
    ],
)  # fmt: skip
def test_credits_move_no_price(rows, expected):
    """Price and units are of what was bought: revenue less credits."""
    given = pd.DataFrame(rows, columns=[*ITEM, "credits_before", "credits"]).astype(float)
    found = revenue.price_volume_mix(given)
    assert (*found[:4], found.credits, found.change) == pytest.approx(expected, abs=1e-9)
    assert math.fsum(found[:-1]) == pytest.approx(found.change, abs=1e-9)
    bought = given.fillna(0)
    bought["revenue_before"] -= bought.credits_before
    bought["revenue"] -= bought.credits
    without = revenue.price_volume_mix(bought[ITEM])
    assert found[:5] == pytest.approx(without[:5], abs=1e-9)
    parted = revenue.effects_by(given.assign(row=range(len(given))), by="row")
    assert parted[list(found._fields)].sum().tolist() == pytest.approx(list(found), abs=1e-9)
    assert revenue.effects_told(found) == [*found._fields[:4], "credits"]
    assert revenue.bridge_of(found, before=math.fsum(given.revenue_before)).step.iloc[-2] == (
        "credits"
    )


def test_an_effect_alone_is_that_of_all():
    given = items((10, 2000, 20, 3800), (30, 600, 30, 660))
    found = revenue.price_volume_mix(given)
    assert revenue.volume_effect(given) == found.volume
    assert revenue.mix_effect(given) == found.mix
    assert revenue.price_effect(given) == found.price


amounts = st.integers(0, 100_000).map(lambda cents: cents / 100)
credits = amounts.map(lambda paid: -paid)
rows = st.lists(
    st.tuples(st.integers(0, 50), amounts, st.integers(0, 50), amounts, credits, credits),
    max_size=8,
)


@settings(max_examples=25, deadline=None)
@given(rows=rows, order=st.randoms(use_true_random=False), factor=st.sampled_from([2, 10, 100]))
def test_effects_add_up_in_any_order_and_scale_with_money(rows, order, factor):
    columns = [*ITEM, "credits_before", "credits"]
    table = pd.DataFrame(rows, columns=columns).astype(float)
    found = revenue.price_volume_mix(table)
    change = math.fsum(table.revenue) - math.fsum(table.revenue_before)
    assert math.fsum(found[:-1]) == pytest.approx(found.change, abs=1e-6)
    credited = math.fsum(table.credits) - math.fsum(table.credits_before)
    assert found.credits == pytest.approx(credited, abs=1e-6)
    assert found.change == pytest.approx(change, abs=1e-6)
    mixed = table.sample(frac=1, random_state=order.randrange(10_000))
    assert revenue.price_volume_mix(mixed) == pytest.approx(found, abs=1e-6)
    money = [name for name in columns if not name.startswith("quantity")]
    scaled = table.assign(**{name: table[name] * factor for name in money})
    assert revenue.price_volume_mix(scaled) == pytest.approx(
        [effect * factor for effect in found], abs=1e-4
    )


def test_unknown_products_are_not_one_product():
    named = items((10, 2000, 20, 3800), (30, 600, 30, 660)).assign(product_id=["tent", "rope"])
    # Of no known product: 10 units at 5, then 10 at 50, whatever they were.
    rows = pd.concat([named, items((10, 50, 10, 500))], ignore_index=True)
    known, found = revenue.price_volume_mix(named), revenue.price_volume_mix(rows)
    assert found[:4] == pytest.approx(known[:4], abs=1e-9)
    assert (found.unknown_products, found.change) == (450, known.change + 450)
    parted = revenue.effects_by(rows.assign(category=["camp", "camp", None]), by="category")
    for effect in revenue.Effects._fields:
        assert math.fsum(parted[effect]) == pytest.approx(getattr(found, effect), abs=0.004)
    levels = revenue.effects_by_level(rows).set_index("level")
    assert levels.loc["product_id", list(found._fields)].tolist() == pytest.approx(list(found))
    assert revenue.bridge_of(found, before=2650.0).step.iloc[-2] == "unknown_products"
    assert "unknown_products" not in revenue.bridge_of(known, before=2600.0).step.tolist()


def test_a_table_of_an_engine_gives_the_same_and_what_lacks_is_named():
    given = items((10, 2000, 20, 3800), (30, 600, 30, 660))
    assert revenue.price_volume_mix(ibis.memtable(given)) == revenue.price_volume_mix(given)
    credited = given.assign(credits_before=0.0, credits=[-190.0, -22.0], product_id=["a", "b"])
    credited["revenue"] += credited.credits
    found = revenue.price_volume_mix(revenue.rolled_up(ibis.memtable(credited), by="product_id"))
    assert found == revenue.price_volume_mix(credited)
    assert found == revenue.price_volume_mix(given)._replace(credits=-212.0, change=found.change)
    with pytest.raises(ColumnError, match="quantity"):
        revenue.price_volume_mix(given.drop(columns="quantity"))


# --- Like for like --------------------------------------------------------------------------

SPAN = {"since": "2024-01-01", "until": "2026-01-01"}


def stores(*rows):
    columns = ["opened_on", "closed_on", "revenue_before", "revenue"]
    moments = {"opened_on": "datetime64[us]", "closed_on": "datetime64[us]"}
    return pd.DataFrame(rows, columns=columns).astype(moments)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # opened on the first day and closed the day after the last: both whole periods
        ([("2024-01-01", "2026-01-01", 100.0, 110.0)], 0.1),
        ([("2024-01-02", None, 100.0, 110.0)], None),
        ([("2019-01-01", "2025-12-31", 100.0, 110.0)], None),
        ([(None, None, 100.0, 110.0)], None),
        ([("2019-01-01", None, 100.0, 90.0), ("2024-07-01", None, 10.0, 90.0)], -0.1),
        ([("2019-01-01", None, 0.0, 90.0)], None),
        ([], None),
    ],
)
def test_like_for_like_by_hand(rows, expected):
    assert revenue.like_for_like_growth(stores(*rows), **SPAN) == expected
    if rows and rows[0][0]:  # an engine has no type for a column of nothing
        assert revenue.like_for_like_growth(ibis.memtable(stores(*rows)), **SPAN) == expected


def test_like_for_like_refuses_a_span_without_days():
    with pytest.raises(ComputeError, match="must be before until"):
        revenue.like_for_like_growth(stores(), since="2026-01-01", until="2026-01-01")


# --- Two periods of data --------------------------------------------------------------------

PERIODS = mk.periods(as_of="2026-01-01")
SALES = [
    ("1", "2024-02-01", "web", None, "tent", 2.0, 100.0),
    ("2", "2024-03-01", "store", "s1", "rope", 5.0, 10.0),
    ("3", "2025-02-01", "web", None, "tent", 3.0, 90.0),
    ("4", "2025-03-01", "store", "s1", "rope", 6.0, 10.0),
    ("5", "2025-06-01", "store", "s2", "lamp", 1.0, 40.0),
]


def shop():
    columns = ["order_id", "ordered_at", "channel", "store_id", "product_id", "quantity"]
    sold = pd.DataFrame(SALES, columns=[*columns, "unit_price"])
    return {
        "orders": sold[columns[:4]].astype({"ordered_at": "datetime64[us]"}),
        "order_lines": sold[["order_id", "product_id", "quantity", "unit_price"]].assign(
            line_id="1"
        ),
        "stores": pd.DataFrame(
            {"store_id": ["s1", "s2"], "opened_on": pd.to_datetime(["2019-01-01", "2025-05-01"])}
        ),
    }


@pytest.fixture(params=["pandas", "engine"])
def data(request, tmp_path):
    frames = shop()
    for name, frame in frames.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    with mk.open_data(frames if request.param == "pandas" else str(tmp_path)) as opened:
        yield opened


def in_hand(frame):
    return frame if isinstance(frame, pd.DataFrame) else frame.to_pandas()


def test_products_of_two_periods_by_hand(data):
    found = revenue.compared(data, by="product_id", periods=PERIODS)
    assert isinstance(found, pd.DataFrame) == data.from_pandas
    effects = revenue.price_volume_mix(found)
    found = in_hand(found).set_index("product_id").astype(float)
    assert found.loc["tent", ITEM].tolist() == [2, 200, 3, 270]
    assert found.loc["lamp", ITEM].tolist() == [0, 0, 1, 40]
    assert found.change.sum() == 370 - 250
    assert found.contribution.sum() == pytest.approx(370 / 250 - 1)
    volume = (9 - 7) * 250 / 7
    mix = 3 * 100 + 6 * 10 - 9 * 250 / 7
    assert tuple(effects) == pytest.approx((volume, mix, -30, 40, 0, 0, 120))


@pytest.mark.parametrize("engine", ["pandas", "files"])
def test_credits_of_two_periods_by_hand(engine, tmp_path):
    """Of the tents of 2025, one is credited at 90, and so is something of no known product."""
    frames = shop()
    orders = {"order_id": ["6", "7"], "ordered_at": pd.to_datetime(["2025-07-01"] * 2)}
    lines = {"order_id": ["6", "7"], "product_id": ["tent", None], "quantity": [-1.0, -2.0]}
    lines |= {"unit_price": [90.0, 5.0], "line_id": "1"}
    for name, more in (("orders", orders), ("order_lines", lines)):
        more = pd.DataFrame(more).reindex(columns=frames[name].columns)
        frames[name] = pd.concat([frames[name], more.astype(frames[name].dtypes.to_dict())])
        frames[name].to_parquet(tmp_path / f"{name}.parquet")
    with mk.open_data(frames if engine == "pandas" else str(tmp_path)) as data:
        found = revenue.compared(data, by="product_id", periods=PERIODS)
        items = revenue.products_compared(data, by=["channel"], periods=PERIODS)
        whole = revenue.growth(data, periods=PERIODS)
        effects = revenue.price_volume_mix(found)
        found = in_hand(found)
    told = found.set_index("product_id").astype(float)
    assert told.loc["tent", [*ITEM, "credits_before", "credits"]].tolist() == [
        2, 200, 3, 180, 0, -90
    ]  # fmt: skip
    assert told.contribution.sum() == pytest.approx(whole.value)
    volume = (9 - 7) * 250 / 7
    mix = 3 * 100 + 6 * 10 - 9 * 250 / 7
    assert tuple(effects) == pytest.approx((volume, mix, -30, 40, 0, -100, 20))
    levels = revenue.effects_by_level(items)
    assert (levels.credits == -100).all()
    assert (levels.change == 20).all()


def test_stores_of_two_periods_by_hand(data):
    found = in_hand(revenue.stores_compared(data, periods=PERIODS))
    assert found.store_id.tolist() == ["s1", "s2"]
    assert found.is_comparable.tolist() == [True, False]
    assert found.revenue.astype(float).tolist() == [60, 40]
    growth = revenue.like_for_like_growth(found, **SPAN)
    assert growth == pytest.approx(0.2)


def test_what_cannot_be_compared_is_refused(data):
    alone = Periods(PERIODS.start, PERIODS.end, None, None)
    with pytest.raises(ComputeError, match="no period to compare with"):
        revenue.compared(data, by="channel", periods=alone)
    with pytest.raises(ComputeError, match="chanel"):
        revenue.compared(data, by="chanel", periods=PERIODS)
    with (
        mk.open_data({name: frame for name, frame in shop().items() if name != "stores"}) as bare,
        pytest.raises(MissingDataError, match=r"stores\.opened_on"),
    ):
        revenue.stores_compared(bare, periods=PERIODS)


def test_the_demo_opened_and_closed_stores_are_not_comparable():
    with mk.demo() as data:
        found = in_hand(revenue.stores_compared(data, periods=PERIODS))
        totals = mk.compute("net_sales", data, start=PERIODS.start, end=PERIODS.end).to_pandas()
        by_product = revenue.compared(data, by="product_id", periods=PERIODS)
        effects = revenue.price_volume_mix(by_product)
        sold = in_hand(by_product)
    # S07 closed in 2025, S08 opened in 2024
    assert found[~found.is_comparable].store_id.tolist() == ["S07", "S08"]
    assert math.fsum(sold.revenue.astype(float)) == pytest.approx(float(totals.net_sales.iloc[0]))
    assert math.fsum(effects[:4]) == pytest.approx(effects.change, rel=1e-9)
    assert effects.assortment != 0
