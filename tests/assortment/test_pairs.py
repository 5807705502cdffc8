"""Pairs and sets bought together: by hand, against counts in Python, against the demo's truth."""

from collections import Counter
from itertools import combinations

import ibis
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import marketing_kpi as mk
from marketing_kpi import baskets
from marketing_kpi.assortment.baskets import counted_lines
from marketing_kpi.assortment.chance import false_discovery, poisson_interval, poisson_test
from marketing_kpi.errors import ComputeError, MissingDataError


def shop(orders, *, line_ids=True, names=None, **columns):
    """Open baskets given as (day, products)."""
    rows = [(str(n), item) for n, (_, items) in enumerate(orders) for item in items]
    lines = pd.DataFrame(rows, columns=["order_id", "product_id"])
    lines = lines.assign(quantity=1, unit_price=5.0)
    if line_ids:
        lines["line_id"] = lines.groupby("order_id").cumcount().astype(str)
    heads = pd.DataFrame({"order_id": [str(n) for n in range(len(orders))], **columns})
    heads["ordered_at"] = pd.to_datetime([when for when, _ in orders])
    tables = {"orders": heads, "order_lines": lines}
    if names:
        tables["products"] = pd.DataFrame(names.items(), columns=["product_id", "name"])
    return mk.open_data(tables)


def drawn(seed, count=600, items="abcdef"):
    """Draw baskets of one to four products, those of odd months fond of a and b together."""
    rng = np.random.default_rng(seed)
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 180, count), unit="D")
    return [(day, [*rng.choice([*items], rng.integers(1, 5), replace=False)]) for day in days]


def as_sets(found, verdict="together"):
    rows = found.pairs[found.pairs["verdict"] == verdict]
    return set(map(frozenset, rows[["first", "second"]].to_numpy()))


# tents with mats 40 times and 10 times with cups; cups with tea 50 times
BASKETS = [("2025-06-01", items) for items in
           [["tent", "mat"]] * 40 + [["tent", "cup"]] * 10 + [["cup", "tea"]] * 50]  # fmt: skip


def test_two_products_of_one_name_stay_two():
    names = {"mat": "Mat", "tent": "Tent", "cup": "Cup", "tea": "Cup"}
    data = shop([*BASKETS, *[("2025-06-01", ["hat", "mat", "tent"])] * 40], names=names)
    plain = baskets.pairs(data, end="2026-01-01")
    named = baskets.pairs(data, end="2026-01-01", named=True)
    called = {"mat": "Mat", "tent": "Tent", "cup": "Cup (cup)", "tea": "Cup (tea)", "hat": "hat"}
    numbers = ["together", "support", "expected", "p_value", "verdict"]
    key = ["first", "second"]
    expected = plain.pairs.assign(**{name: plain.pairs[name].map(called) for name in key})
    one, other = (frame.sort_values(key, ignore_index=True) for frame in (expected, named.pairs))
    pd.testing.assert_frame_equal(one[key + numbers], other[key + numbers])
    sets = baskets.sets(data, end="2026-01-01", named=True)
    assert sets.sets["products"].tolist() == [("Mat", "Tent", "hat")]
    with pytest.raises(ComputeError, match="named"):
        baskets.pairs(data, end="2026-01-01", of="name", named=True)


def test_a_pair_by_hand():
    found = baskets.pairs(shop(BASKETS), end="2026-01-01")
    assert (found.baskets, found.products, found.tested, found.left_out) == (100, 4, 6, 0)
    row = found.pairs.set_index("first").loc["mat"]
    assert row["second"] == "tent"
    assert row[["together", "first_baskets", "second_baskets"]].tolist() == [40, 40, 50]
    assert row["support"] == 0.4
    assert row["confidence"] == 1.0
    assert row["confidence_back"] == 0.8
    assert row["lift"] == pytest.approx(0.4 / (0.4 * 0.5))
    # 200 meetings either way; 40 * 50 of the (200^2 - 40^2 - 2 * 50^2 - 60^2) ways are this pair's
    ways = 200**2 - 40**2 - 50**2 - 60**2 - 50**2
    assert row["expected"] == pytest.approx(40 * 50 * 200 / ways)
    assert row["adjusted_lift"] == pytest.approx(40 / row["expected"])


def test_all_pairs_together_are_expected_as_often_as_seen():
    found = baskets.pairs(shop(drawn(1)), end="2026-01-01")
    assert len(found.pairs) == found.tested == 15
    assert found.pairs["expected"].sum() == pytest.approx(found.pairs["together"].sum())


def test_counts_are_those_of_python():
    made = drawn(2)
    counted = Counter(pair for _, items in made for pair in combinations(sorted(items), 2))
    found = baskets.pairs(shop(made), end="2026-01-01").pairs
    seen = {tuple(sorted((row.first, row.second))): row.together for row in found.itertuples()}
    assert seen == counted
    single = Counter(item for _, items in made for item in items)
    assert found["first_baskets"].tolist() == [single[item] for item in found["first"]]
    assert (found["first_baskets"] <= found["second_baskets"]).all()


@pytest.mark.parametrize("line_ids", [True, False])
def test_a_product_on_two_lines_is_once_in_a_basket(line_ids):
    twice = [(when, [*items, items[0]]) for when, items in BASKETS]
    once = baskets.pairs(shop(BASKETS), end="2026-01-01").pairs
    again = baskets.pairs(shop(twice, line_ids=line_ids), end="2026-01-01").pairs
    pd.testing.assert_frame_equal(once, again)


# cup on 60 lines; tea and tent on 50; mat on 40, or on 41 where one basket has it twice
@pytest.mark.parametrize(
    ("twice", "kept_lines"),
    [(None, [200]), ("cup", [200]), ("mat", [201, 200])],
    ids=["nothing", "the product on most lines", "another"],
)
def test_only_what_stands_twice_in_a_basket_has_baskets_counted_anew(twice, kept_lines):
    rows = [(n, item) for n, (_, items) in enumerate(BASKETS) for item in items]
    rows += [(next(n for n, item in rows if item == twice), twice)] if twice else []
    lines = ibis.memtable(pd.DataFrame(rows, columns=["basket", "name"]))
    kept = []

    def keep(table):
        kept.append(table.to_pandas())
        return ibis.memtable(kept[-1])

    found = counted_lines(lines, [], keep=keep, least=1)
    assert [len(each) for each in kept] == kept_lines
    assert (found.names, found.left_out) == (["cup", "tea", "tent", "mat"], 0)
    together = found.together.set_index(["first", "second"])["together"].to_dict()
    assert together == {(0, 1): 50, (0, 2): 10, (2, 3): 40}
    assert not found.rows.to_pandas().duplicated().any()


def test_a_product_that_stands_twice_in_one_basket_changes_nothing():
    made = [("2025-06-01", ["tent", "mat", "mat"]), *BASKETS[1:]]
    expected = baskets.pairs(shop(BASKETS), end="2026-01-01").pairs
    pd.testing.assert_frame_equal(baskets.pairs(shop(made), end="2026-01-01").pairs, expected)


@pytest.mark.parametrize("chapter", ["pairs", "sets"])
def test_line_ids_that_repeat_in_an_order_change_nothing(chapter):
    made = [(day, [*items, items[0]]) for day, items in drawn(5)]
    told = shop(made)
    tables = {name: told.table(name).to_pandas() for name in ("orders", "order_lines")}
    tables["order_lines"]["line_id"] = "1"
    find = getattr(baskets, chapter)
    expected = getattr(find(told, end="2026-01-01"), chapter)
    found = getattr(find(mk.open_data(tables), end="2026-01-01"), chapter)
    assert len(found)
    pd.testing.assert_frame_equal(found, expected)


def test_order_and_names_change_nothing():
    made = drawn(3)
    found = baskets.pairs(shop(made), end="2026-01-01").pairs
    backwards = baskets.pairs(shop(made[::-1]), end="2026-01-01").pairs
    pd.testing.assert_frame_equal(found, backwards)
    renamed = [(when, [item.translate(str.maketrans("abcdef", "fedcba")) for item in items])
               for when, items in made]  # fmt: skip
    other = baskets.pairs(shop(renamed), end="2026-01-01").pairs
    measures = ["together", "lift", "expected", "adjusted_lift", "low", "p_value", "q_value"]
    pd.testing.assert_frame_equal(found[measures], other[measures])


def test_a_season_is_no_affinity_within_months():
    winter = [("2025-01-10", items) for items in
              [["boots", "hat"]] * 30 + [["boots", "tea"], ["hat", "tea"]] * 60]  # fmt: skip
    summer = [("2025-07-10", ["fan", "tea"])] * 300
    data = shop(winter + summer)
    assert frozenset({"boots", "hat"}) in as_sets(baskets.pairs(data, end="2026-01-01", within=()))
    by_month = baskets.pairs(data, end="2026-01-01").pairs
    pair = by_month[
        by_month["first"].isin(["boots", "hat"]) & by_month["second"].isin(["boots", "hat"])
    ]
    assert pair["verdict"].tolist() != ["together"]


def test_places_may_be_kept_apart_too():
    made = drawn(4, count=200)
    data = shop(made, store_id=["s1", "s2"] * 100)
    found = baskets.pairs(data, end="2026-01-01", within=["month", "store_id"])
    assert found.within == ("month", "store_id")
    assert found.pairs["expected"].sum() == pytest.approx(found.pairs["together"].sum(), rel=0.05)


def test_categories_can_be_paired():
    data = mk.demo()
    found = baskets.pairs(data, end="2026-01-01", of="category")
    assert found.tested == 28
    assert set(found.pairs["verdict"]) == {"cannot_tell"}


def test_a_credit_and_a_cancelled_order_fill_no_basket():
    status = ["delivered"] * 99 + ["cancelled"]
    amount = [10.0] * 98 + [-10.0, 10.0]
    data = shop(BASKETS, status=status, amount=amount)
    assert baskets.pairs(data, end="2026-01-01").baskets == 98


def test_too_few_baskets_tell_nothing():
    found = baskets.pairs(shop(BASKETS[:3]), end="2026-01-01")
    assert (found.baskets, found.products, found.left_out, found.tested) == (3, 0, 2, 0)
    assert found.pairs.empty
    later = baskets.pairs(shop(BASKETS), start="2026-01-01", end="2027-01-01")
    assert (later.baskets, later.first_day) == (0, None)


def test_what_is_lacking_is_named():
    orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.Timestamp("2025-01-01")})
    data = mk.open_data({"orders": orders})
    assert baskets.lacking_for_pairs(data) == ["order_lines.product_id"]
    with pytest.raises(MissingDataError, match=r"order_lines\.product_id"):
        baskets.pairs(data, end="2026-01-01")
    with pytest.raises(MissingDataError, match=r"orders\.store_id"):
        baskets.pairs(shop(BASKETS), end="2026-01-01", within=["store_id"])
    with pytest.raises(ComputeError, match="categorie"):
        baskets.pairs(mk.demo(), end="2026-01-01", of="categorie")


def test_the_demos_pairs_are_found_and_no_other():
    true = {frozenset(pair.values()) for pair in mk.truth()["affinity"]["pairs"]}
    assert as_sets(baskets.pairs(mk.demo(), end="2026-01-01")) == true
    assert as_sets(baskets.pairs(mk.demo(), end="2026-01-01", within=())) > true


def test_a_shuffled_shop_has_no_pair():
    data = mk.demo()
    lines = data.order_lines.select("order_id", "line_id", "product_id").to_pandas()
    lines["product_id"] = np.random.default_rng(5).permutation(lines["product_id"])
    orders = data.orders.select("order_id", "ordered_at").to_pandas()
    shuffled = {"orders": orders, "order_lines": lines.assign(quantity=1, unit_price=1)}
    found = baskets.pairs(mk.open_data(shuffled), end="2026-01-01")
    assert as_sets(found) == as_sets(found, "apart") == set()
    assert (found.pairs["p_value"] < 0.05).sum() > 50  # what one pair at a time would have named


# --- sets


def test_sets_by_hand():
    orders = [("2025-06-01", items) for items in
              [["cup", "pot", "tea"]] * 40 + [["jam", "rug"]] * 60
              + [["cup"], ["pot"], ["tea"]] * 40]  # fmt: skip
    found = baskets.sets(shop(orders), end="2026-01-01")
    row = found.sets.iloc[0]
    assert row["products"] == ("cup", "pot", "tea")
    assert (row["together"], row["size"], found.tested) == (40, 3, 1)
    assert row["lift"] == pytest.approx((40 / 220) / (80 / 220) ** 3)
    assert row["expected"] == pytest.approx(40 * 80 / 220)  # any pair, and the third by chance
    assert row["p_value"] == pytest.approx(stats.poisson.sf(39, row["expected"]))
    assert row["verdict"] == "together"


def test_a_pair_inside_a_set_does_not_make_the_set():
    rng = np.random.default_rng(6)
    orders = [("2025-06-01", ["cup", "tea"] + (["jam"] if rng.random() < 0.5 else []))
              for _ in range(200)]  # fmt: skip
    orders += [("2025-06-01", ["jam"] if rng.random() < 0.5 else ["rug"]) for _ in range(200)]
    found = baskets.sets(shop(orders), end="2026-01-01").sets
    assert found["lift"].iloc[0] > 1.5
    assert found["verdict"].tolist() == ["cannot_tell"]


def test_sets_are_those_of_python():
    made = drawn(7)
    sizes = {3: Counter(), 4: Counter()}
    for _, items in made:
        for size, counts in sizes.items():
            counts.update(combinations(sorted(items), size))
    found = baskets.sets(shop(made), end="2026-01-01", largest=4).sets
    seen = dict(zip(found["products"], found["together"], strict=True))
    wanted = {k: n for counts in sizes.values() for k, n in counts.items() if n >= 5}
    assert seen == wanted


def test_a_set_has_three_products_at_least():
    with pytest.raises(ComputeError, match="largest == 2"):
        baskets.sets(shop(BASKETS), end="2026-01-01", largest=2)
    assert baskets.sets(shop(BASKETS), end="2026-01-01").sets.empty


# --- chance


def test_the_interval_is_garwoods():
    low, high = poisson_interval([10], [1.0])
    assert (low[0], high[0]) == pytest.approx((4.795, 18.390), abs=5e-4)  # Ulm (1990), table 1


@pytest.mark.parametrize(("seen", "expected"), [(0, 3.0), (2, 5.0), (9, 4.0)])
def test_the_interval_leaves_out_1_when_the_test_says_so(seen, expected):
    low, high = poisson_interval([seen], [expected])
    p_value = poisson_test([seen], [expected])[0]
    assert (low[0] > 1 or high[0] < 1) == (p_value < 0.05)


def test_false_discovery_is_scipys():
    p_values = np.sort(np.random.default_rng(8).random(20) ** 3)
    theirs = stats.false_discovery_control(p_values)
    assert false_discovery(p_values, tested=20) == pytest.approx(theirs)
