"""Difference-in-differences: by hand, what must not change it, bad input, the demo's truth."""

import math
from itertools import combinations

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marketing_kpi as mk
from marketing_kpi import prepost
from marketing_kpi.errors import ColumnError, ComputeError, DataError
from marketing_kpi.quasi_experiments.differences import (
    NOTES,
    made_by_levels,
    own_effect,
    reached,
    sizes_matter,
    skewed,
    unit_effect,
)
from marketing_kpi.quasi_experiments.groups import permute, ratio_interval

FEW = settings(max_examples=6, deadline=None)
BY = {"outcome": "y", "unit": "unit"}


def panel_of(treated, control):
    """Make a panel of units, each a pair of lists: outcomes before, and after."""
    units = [(f"t{n}", 1, sides) for n, sides in enumerate(treated)]
    units += [(f"c{n}", 0, sides) for n, sides in enumerate(control)]
    rows = [
        (unit, arm, after, period, value)
        for unit, arm, sides in units
        for period, (after, value) in enumerate(
            (after, value) for after, side in enumerate(sides) for value in side
        )
    ]
    return pd.DataFrame(rows, columns=["unit", "treated", "after", "period", "y"])


def random_panel(treated, control, *, effect=0.0, seed=0, periods=4):
    rng = np.random.default_rng(seed)
    arms = [
        [(list(y[:periods]), list(y[periods:] + effect * arm)) for y in values]
        for arm, values in (
            (1, rng.normal(100, 5, (treated, 2 * periods))),
            (0, rng.normal(90, 5, (control, 2 * periods))),
        )
    ]
    return panel_of(*arms)


SMALL = panel_of(
    [([100, 110], [130, 140]), ([80, 90], [104, 106])],
    [([90, 94], [100, 96]), ([70, 70], [79, 81]), ([60, 62], [63, 67])],
)


def same(found, expected):
    for field, one, other in zip(found._fields, found, expected, strict=True):
        exact = other is None or isinstance(other, str | tuple)
        assert one == (other if exact else pytest.approx(other, rel=1e-9)), field


# --- By hand


def test_by_hand():
    """Changes 30, 20 against 6, 10, 4."""
    found = prepost.difference_in_differences(SMALL, **BY, period="period")
    assert found.effect == pytest.approx(25 - 20 / 3)
    assert (found.treated_before, found.treated_after) == (95, 120)
    assert (found.control_before, found.control_after) == pytest.approx((223 / 3, 81))
    squares = 50 / 2, (4 / 9 + 100 / 9 + 64 / 9) / 2 / 3
    error = math.sqrt(sum(squares))
    assert found.standard_error == pytest.approx(error)
    freedom = sum(squares) ** 2 / (squares[0] ** 2 / 1 + squares[1] ** 2 / 2)
    assert found.degrees_of_freedom == pytest.approx(freedom)
    assert found.counterfactual == pytest.approx(95 + 20 / 3)
    # the treated have the two largest changes: 1 of 10 ways, and as many on the other side
    assert found.permutation_p == pytest.approx(0.2)
    assert math.isinf(found.permutation_low)
    assert found.total == pytest.approx(found.effect * 4)
    assert found.notes == ("few_units", "too_few_to_tell")
    assert (found.method, found.verdict) == ("units", "cannot_tell")
    assert (found.treated_units, found.control_units) == (2, 3)


def test_without_a_unit_each_row_is_its_own():
    found = prepost.difference_in_differences(SMALL, outcome="y")
    sides = [
        SMALL.loc[(SMALL.treated == arm) & (SMALL.after == after), "y"]
        for arm in (1, 0)
        for after in (0, 1)
    ]
    error = math.sqrt(sum(side.var() / len(side) for side in sides))
    assert found.effect == pytest.approx(25 - 20 / 3)
    assert found.standard_error == pytest.approx(error)
    assert (found.method, found.permutation_p, found.permutation_low) == ("rows", None, None)
    assert found.notes == ("no_unit", "few_rows")
    assert (found.treated_units, found.control_units) == (8, 12)


def test_a_large_effect_on_many_units_is_told():
    found = prepost.difference_in_differences(random_panel(12, 15, effect=20), **BY)
    assert found.verdict == "higher"
    assert found.low < 20 < found.high
    assert found.permutation_low < 20 < found.permutation_high
    assert found.p_value < 0.001
    assert found.permutation_p < 0.001
    assert found.notes == ()
    lower = prepost.difference_in_differences(random_panel(12, 15, effect=-20), **BY)
    assert lower.verdict == "lower"


def test_swapping_the_arms_turns_the_effect_around():
    panel = random_panel(5, 7, effect=3)
    found = prepost.difference_in_differences(panel, **BY)
    turned = prepost.difference_in_differences(panel.assign(treated=1 - panel.treated), **BY)
    assert turned.effect == pytest.approx(-found.effect)
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))
    assert turned.p_value == pytest.approx(found.p_value)
    assert turned.permutation_p == pytest.approx(found.permutation_p)
    assert turned.permutation_low == pytest.approx(-found.permutation_high)


def test_the_permutation_is_every_choice_of_the_treated():
    treated, control = [3.0, 4.5, 7.0], [1.0, 2.0, 2.5, 4.0]
    values = np.array(treated + control)
    seen = np.mean(treated) - np.mean(control)
    drawn = np.array([
        values[list(chosen)].mean() - np.delete(values, chosen).mean()
        for chosen in combinations(range(7), 3)
    ])  # fmt: skip
    sides = (drawn >= seen - 1e-9).mean(), (drawn <= seen + 1e-9).mean()
    assert float(permute(treated, control, alpha=0.05).p_value) == pytest.approx(2 * min(sides))


@pytest.mark.parametrize(("treated", "control"), [(4, 6), (2, 18), (12, 14)])
def test_the_permutation_interval_is_what_its_p_value_does_not_reject(treated, control):
    rng = np.random.default_rng(treated)
    first, second = rng.normal(1, 1, treated), rng.normal(0, 1, control)
    found = permute(first, second, alpha=0.1)
    for end, inward in ((found.low, 1), (found.high, -1)):
        inside, outside = end + inward * 1e-6, end - inward * 1e-6
        assert permute(first - inside, second, alpha=0.1).p_value >= 0.1
        assert permute(first - outside, second, alpha=0.1).p_value < 0.1


def test_the_permutation_is_the_same_from_call_to_call_and_follows_rng():
    rng = np.random.default_rng(3)
    first, second = rng.normal(1.2, 1, 15), rng.normal(0, 1, 15)
    fixed = [permute(first, second, alpha=0.05).p_value for _ in range(2)]
    assert fixed[0] == fixed[1]
    drawn = {
        float(permute(first, second, alpha=0.05, rng=np.random.default_rng(n)).p_value)
        for n in range(5)
    }
    assert len(drawn) > 1
    assert max(drawn) - min(drawn) < 0.02


def test_replications_at_once_are_each_alone():
    rng = np.random.default_rng(0)
    sides = [rng.normal(10, 1, (units, 6)) for units in (4, 4, 5, 5)]
    together = unit_effect(*sides, alpha=0.05)
    shuffled = permute(sides[1] - sides[0], sides[3] - sides[2], alpha=0.05)
    for n in range(6):
        alone = unit_effect(*(side[:, n] for side in sides), alpha=0.05)
        assert together.absolute.low[n] == pytest.approx(alone.absolute.low)
        assert together.relative_high[n] == pytest.approx(alone.relative_high)
        change = [side[:, n] for side in (sides[1] - sides[0], sides[3] - sides[2])]
        single = permute(*change, alpha=0.05)
        assert shuffled.p_value[n] == pytest.approx(single.p_value)
        assert shuffled.low[n] == pytest.approx(single.low)


# --- The relative effect


@FEW
@given(st.integers(0, 10_000), st.floats(-15, 15))
def test_the_relative_interval_excludes_0_exactly_when_the_absolute_one_does(seed, effect):
    found = prepost.difference_in_differences(random_panel(6, 6, effect=effect, seed=seed), **BY)
    assert found.relative_effect == pytest.approx(found.effect / found.counterfactual)
    assert found.relative_low <= found.relative_effect <= found.relative_high
    for end, relative in ((found.low, found.relative_low), (found.high, found.relative_high)):
        assert (end > 0) == (relative > 0)


def test_a_ratio_without_error_is_itself():
    zero = np.zeros(())
    ends = ratio_interval(
        np.array(3.0), np.array(2.0), top_variance=zero, bottom_variance=zero, covariance=zero,
        quantile=np.array(2.0),
    )  # fmt: skip
    assert [float(end) for end in ends] == [1.5, 1.5]


def test_a_counterfactual_about_0_has_no_relative_effect():
    panel = random_panel(6, 6)
    found = prepost.difference_in_differences(panel.assign(y=panel.y - 100), **BY)
    assert (found.relative_effect, found.relative_low, found.relative_high) == (None, None, None)
    assert "no_relative" in found.notes
    assert found.low is not None


# --- What must not change the answer


@FEW
@given(st.integers(0, 1_000))
def test_neither_row_order_nor_names_matter(seed):
    panel = random_panel(14, 15, seed=1)
    expected = prepost.difference_in_differences(panel, **BY)
    rng = np.random.default_rng(seed)
    names = dict(zip(panel.unit.unique(), rng.permutation(panel.unit.unique()), strict=True))
    shuffled = panel.sample(frac=1, random_state=seed)
    flags = panel.assign(unit=panel.unit.map(lambda name: f"x{name}"))
    same(prepost.difference_in_differences(shuffled, **BY), expected)
    same(prepost.difference_in_differences(flags, **BY), expected)
    renamed = panel.assign(unit=panel.unit.map(names), treated=panel.treated)
    same(prepost.difference_in_differences(renamed, **BY), expected)


@pytest.mark.parametrize("factor", [1e-4, 100, 1e9])
@pytest.mark.parametrize("unit", ["unit", None])
def test_currency_only_scales(factor, unit):
    panel = random_panel(6, 8, effect=3)
    found = prepost.difference_in_differences(panel, outcome="y", unit=unit)
    scaled = prepost.difference_in_differences(
        panel.assign(y=panel.y * factor), outcome="y", unit=unit
    )
    assert scaled.effect == pytest.approx(factor * found.effect, rel=1e-7)
    assert scaled.low == pytest.approx(factor * found.low, rel=1e-7)
    assert scaled.relative_high == pytest.approx(found.relative_high, rel=1e-7)
    assert scaled.p_value == pytest.approx(found.p_value, rel=1e-6)
    assert scaled.permutation_p == found.permutation_p


def test_booleans_and_an_engine_s_table_give_the_same():
    flags = SMALL.astype({"treated": bool, "after": bool})
    before = flags.copy()
    expected = prepost.difference_in_differences(SMALL, **BY)
    same(prepost.difference_in_differences(flags, **BY), expected)
    pd.testing.assert_frame_equal(flags, before)
    table = ibis.memtable(SMALL)
    same(prepost.difference_in_differences(table, **BY, period="period"), expected)
    same(
        prepost.difference_in_differences(table, outcome="y"),
        prepost.difference_in_differences(SMALL, outcome="y"),
    )


# --- Notes and bad input


def test_rows_and_units_that_lack_a_value_are_left_out_and_said():
    panel = random_panel(3, 4)
    expected = prepost.difference_in_differences(panel, **BY)
    extra = pd.DataFrame(
        {"unit": ["new", "c0"], "treated": [0, 0], "after": [1, 1], "period": [9, 9],
         "y": [50.0, math.nan]}
    )  # fmt: skip
    found = prepost.difference_in_differences(pd.concat([panel, extra]), **BY)
    assert found.effect == pytest.approx(expected.effect)
    assert {"units_dropped", "missing_outcomes"} <= set(found.notes)
    uneven = prepost.difference_in_differences(panel.drop(index=[0]), **BY)
    assert "unbalanced" in uneven.notes


def test_one_treated_unit_has_a_permutation_and_no_interval():
    found = prepost.difference_in_differences(random_panel(1, 60, effect=100), **BY)
    assert (found.low, found.p_value, found.verdict) == (None, None, "cannot_tell")
    assert found.permutation_p == pytest.approx(2 / 61)
    assert "one_unit" in found.notes


def test_nothing_varies():
    panel = panel_of([([5], [7])] * 3, [([5], [5])] * 3)
    found = prepost.difference_in_differences(panel, **BY)
    assert (found.effect, found.low, found.p_value, found.verdict) == (2, None, None, "cannot_tell")
    assert (found.relative_effect, found.relative_low) == (pytest.approx(2 / 5), None)
    assert "constant" in found.notes


@pytest.mark.parametrize(
    ("change", "options", "error", "said"),
    [
        ({}, {"outcome": "z"}, ColumnError, "'z' not found in panel"),
        ({}, {"alpha": 1.0}, ComputeError, "must be in"),
        ({"treated": 0}, {}, DataError, "'treated' is false in every row"),
        ({"after": 1}, {}, DataError, "'after' is true in every row"),
        ({"treated": 2}, {}, DataError, "'treated' holds 2"),
        ({"after": 0.5}, {}, DataError, "'after' holds 0.5"),
        ({"treated": "yes"}, {}, DataError, "must be booleans"),
        ({"treated": None}, {}, DataError, "'treated'"),
        ({"y": "many"}, {}, DataError, "must be numbers"),
        ({"y": math.inf}, {}, DataError, "infinite in 20 rows"),
        ({"y": math.nan}, {}, DataError, "has a value both before and after"),
        ({"unit": None}, {}, DataError, "20 rows have no 'unit'"),
    ],
)
def test_bad_input(change, options, error, said):
    with pytest.raises(error, match=said):
        prepost.difference_in_differences(SMALL.assign(**change), **(BY | options))


def test_a_unit_in_both_arms_is_refused():
    mixed = SMALL.assign(treated=SMALL.treated.where(SMALL.index != 0, 0))
    with pytest.raises(DataError, match="changes within a unit: t0"):
        prepost.difference_in_differences(mixed, **BY)


def test_an_action_that_begins_at_different_times_is_refused():
    late = SMALL.assign(after=SMALL.after.where((SMALL.unit != "t0") | (SMALL.period != 2), 0))
    with pytest.raises(DataError, match="begins at 2, but"):
        prepost.difference_in_differences(late, **BY, period="period")


def test_an_empty_panel_is_refused():
    with pytest.raises(DataError):
        prepost.difference_in_differences(SMALL.head(0), **BY)


def test_every_note_has_its_words():
    assert all(words.endswith(".") for words in NOTES.values())


# --- The demo


def test_the_demo_s_advisers():
    data, truth = mk.demo(), mk.truth()["store_advisers"]
    panel = prepost.panel(
        data,
        treated=truth["treated_stores"],
        control=truth["control_stores"],
        action=truth["starts_on"],
        start="2024-06-03",
        end="2025-12-29",
    )
    found = prepost.difference_in_differences(
        panel, outcome="net_sales", unit="store_id", period="period"
    )
    assert found.relative_low < truth["relative_effect"] < found.relative_high
    assert found.total_low < truth["realised_extra_revenue"] < found.total_high
    assert found.notes == ("few_units", "too_few_to_tell")
    assert found.verdict == "cannot_tell"


# --- Units of other sizes


def of_sizes(ratio, *, grown=1.1, effect=1.0, units=15, noise=0.02, seed=0):
    """Make units that all grow by one percentage, the treated `ratio` times as large."""
    rng = np.random.default_rng(seed)
    arms = []
    for size, more in ((1000.0 * ratio, effect), (1000.0, 1.0)):
        level = size * np.exp(0.2 * rng.standard_normal(units))
        before, after = level * np.exp(noise * rng.standard_normal((2, units)))
        pairs = zip(before, after * grown * more, strict=True)
        arms.append([([one], [other]) for one, other in pairs])
    return panel_of(*arms)


def test_one_percentage_for_all_is_no_effect():
    """Half as large again, the treated grow by 50 more of 1,000 when all grow by 10 %."""
    found = prepost.difference_in_differences(of_sizes(1.5), **BY)
    assert found.low > 0
    assert found.verdict == "cannot_tell"
    assert {"levels_differ", "scales_disagree"} <= set(found.notes)
    assert found.own_effect == pytest.approx(0, abs=0.02)
    assert found.own_low < 0 < found.own_high


def test_an_effect_on_top_of_it_is_told():
    found = prepost.difference_in_differences(of_sizes(1.5, effect=1.1), **BY)
    assert found.verdict == "higher"
    assert not {"levels_differ", "scales_disagree"} & set(found.notes)
    assert found.own_low < 0.1 < found.own_high


def test_the_effect_on_own_levels_by_hand():
    """Treated units double, the others grow by half: a third more."""
    rows = panel_of([([10], [20]), ([40], [80])], [([10], [15]), ([30], [45])])
    found = prepost.difference_in_differences(rows, **BY)
    assert found.own_effect == pytest.approx(1 / 3)
    below = prepost.difference_in_differences(rows.assign(y=rows["y"] - 15), **BY)
    assert (below.own_effect, below.own_permutation_p) == (None, None)


def test_levels_are_noted_without_units_and_without_logarithms():
    rows = of_sizes(1.5, units=400, noise=0.01)
    found = prepost.difference_in_differences(rows, outcome="y")
    assert "levels_differ" not in found.notes  # sizes spread too much for rows to tell anything
    close = panel_of(*[[([size + n % 3], [1.1 * (size + n % 3)]) for n in range(20)]
                       for size in (150.0, 100.0)])  # fmt: skip
    held = prepost.difference_in_differences(close, outcome="y")
    assert held.low > 0
    assert "levels_differ" in held.notes
    assert held.verdict == "cannot_tell"


def one_more(rows, level):
    """Add one control unit of such levels, before and after."""
    more = panel_of([], [([level[0]], [level[1]])])
    return pd.concat([rows, more.assign(unit="closed")], ignore_index=True)


@pytest.mark.parametrize("level", [(5.0, 0.5), (5.0, 0.0), (0.0, 0.0)])
def test_a_closed_unit_has_no_growth_of_its_own(level):
    """It would decide the mean of logarithms, or leave none to take."""
    told = prepost.difference_in_differences(
        one_more(of_sizes(1.0, grown=1.0, effect=1.05, noise=0.01), level), **BY
    )
    assert told.verdict == "higher"
    assert told.own_effect == pytest.approx(0.05, abs=0.02)
    same = prepost.difference_in_differences(one_more(of_sizes(1.5), level), **BY)
    assert same.low > 0
    assert same.verdict == "cannot_tell"
    assert same.own_low < 0 < same.own_high
    assert "small_units_left_out" in told.notes
    assert "small_units_left_out" in same.notes


def test_without_an_answer_on_own_levels_one_percentage_for_all_is_no_verdict():
    """A store of some size that closes has no logarithm, and is no small one."""
    rows = one_more(of_sizes(1.5, units=30), (50.0, 0.0))
    found = prepost.difference_in_differences(rows, **BY)
    assert found.own_effect is None
    assert found.low > 0
    assert "levels_differ" in found.notes
    assert found.verdict == "cannot_tell"


def test_an_effect_in_percentages_alone_is_noted():
    """Two thirds as large, the treated grow by 10 % and a tenth more: by as much, in amounts."""
    found = prepost.difference_in_differences(of_sizes(0.6, effect=1.06), **BY)
    assert found.verdict == "cannot_tell"
    assert found.p_value > 0.05 or found.permutation_p > 0.05
    assert found.own_low > 0
    assert "only_percentages" in found.notes


def test_what_levels_make_is_unknown_at_none():
    made = made_by_levels(np.array([150.0, 0.0]), np.array([100.0, 0.0]), np.array([90.0, 6.0]))
    assert made[0] == pytest.approx(-5)
    assert math.isnan(made[1])
    assert reached(made, np.array([-9.0, 1.0]), np.array([-4.0, 2.0])).tolist() == [True, False]


def test_false_alarms_where_the_treated_are_larger():
    """15 treated of 40, half as large again, all grow by 10 %: in amounts, 73 % of alarms."""
    rng = np.random.default_rng(3)
    sides = []
    for units, size in ((15, 1.5), (25, 1.0)):
        level = 1000 * size * np.exp(0.3 * rng.standard_normal((units, 2000)))
        sides += [
            level * grown * (1 + 0.02 * rng.standard_normal(level.shape)) for grown in (1.0, 1.1)
        ]
    assert (unit_effect(*sides, alpha=0.05).absolute.p_value < 0.05).mean() > 0.5
    assert 0.03 < (own_effect(*sides, alpha=0.05).p_value < 0.05).mean() < 0.065


def test_skewed_units_are_noted():
    rng = np.random.default_rng(2)
    heavy, even = np.exp(1.2 * rng.standard_normal(100)), rng.standard_normal(100)
    for values, noted in ((heavy, True), (even, False)):
        rows = panel_of(
            *[[([50.0], [50.0 + v]) for v in arm] for arm in (values[:10], values[10:])]
        )
        assert ("skewed_units" in prepost.difference_in_differences(rows, **BY).notes) == noted


def test_of_many_units_of_one_size_the_interval_decides():
    """The verdict is that of one p-value and of its own interval, whatever the others say."""
    found = [
        prepost.difference_in_differences(random_panel(12, 12, effect=4.2, seed=seed), **BY)
        for seed in range(40)
    ]
    plain = [each for each in found if not each.notes]
    assert len(plain) > 20
    for each in plain:
        assert (each.verdict == "higher") == (each.p_value < 0.05) == (each.low > 0)
    others = ([each.permutation_p, each.own_p_value, each.own_permutation_p] for each in plain)
    assert any(
        each.verdict == "higher" and max(beside) >= 0.05
        for each, beside in zip(plain, others, strict=True)
    )


def drawn(ratio, grown, noise, units=(15, 25), seed=4):
    """Make what a thousand sets of units have before, and by how much it changes, by arm."""
    rng = np.random.default_rng(seed)
    sides = []
    for count, size in zip(units, (1_000 * ratio, 1_000), strict=True):
        level = size * np.exp(0.3 * rng.standard_normal((count, 1_000)))
        before, after = level * np.exp(noise * rng.standard_normal((2, count, 1_000)))
        sides += [before, grown * after - before]
    return sides


@pytest.mark.parametrize(
    ("case", "low", "high"),
    [
        ((1.0, 1.1, 0.02), 0.95, 1.0),  # the larger change by more
        ((1.5, 1.1, 0.15), 0.85, 1.0),  # under so much noise, only the sizes show it
        ((1.0, 1.0, 0.15), 0.0, 0.06),  # nothing to fear
    ],
)
def test_sizes_matter_where_larger_units_change_by_more(case, low, high):
    assert low <= sizes_matter(*drawn(*case)).mean() <= high


def test_sizes_do_not_matter_where_all_change_by_one_amount():
    rng = np.random.default_rng(5)
    levels = [100 + 10 * rng.standard_normal((units, 1_000)) for units in (15, 25)]
    changes = [20 + rng.standard_normal(level.shape) for level in levels]
    noted = sizes_matter(levels[0], changes[0], levels[1], changes[1])
    assert noted.mean() < 0.1
    below = sizes_matter(levels[0] - 150, changes[0], levels[1] - 150, changes[1])
    assert not below.any()


def test_sizes_that_matter_are_noted_and_amounts_and_percentages_both_asked():
    found = prepost.difference_in_differences(of_sizes(1.0, effect=1.1), **BY)
    assert found.notes == ("sizes_matter",)
    answers = (found.p_value, found.permutation_p, found.own_p_value, found.own_permutation_p)
    assert (found.verdict == "higher") == (max(answers) < 0.05)


@pytest.mark.parametrize(
    ("units", "sigma", "low", "high"),
    [
        ((10, 90), 0.5, 0.9, 1),
        ((40, 40), 0.5, 0, 0.1),
        ((40, 40), 0.0, 0, 0),
        ((12, 28), 0, 0, 0.01),
    ],
)
def test_skewness_matters_to_arms_of_unequal_sizes(units, sigma, low, high):
    rng = np.random.default_rng(6)
    draws = [rng.standard_normal((count, 1_000)) for count in units]
    noted = skewed(*(np.exp(sigma * draw) if sigma else draw for draw in draws))
    assert low <= noted.mean() <= high


def test_units_with_numbers_for_names_keep_them():
    rows = random_panel(3, 3).assign(unit=lambda frame: frame.groupby("unit").ngroup() + 10)
    assert prepost.placebo_groups(rows, **BY)["unit"].dtype.kind == "i"
    mixed = rows.assign(treated=rows["treated"].where(rows.index != 0, 1 - rows["treated"]))
    with pytest.raises(DataError, match=r"changes within a unit: \d\d\n"):
        prepost.difference_in_differences(mixed, **BY)


def test_pandas_periods_are_days():
    rows = random_panel(4, 4)
    rows["period"] = pd.Timestamp("2025-01-06") + pd.to_timedelta(7 * rows["period"], unit="D")
    weeks = rows.assign(period=rows["period"].dt.to_period("W"))
    by = BY | {"period": "period"}
    for analysis in (
        prepost.difference_in_differences, prepost.parallel_trends, prepost.event_study,
        prepost.regression_to_the_mean,
    ):  # fmt: skip
        dated, given = (analysis(one, **by) for one in (rows, weeks))
        if isinstance(dated, pd.DataFrame):
            pd.testing.assert_frame_equal(dated, given)
        else:
            assert dated == given


def test_a_unit_has_one_row_a_period():
    twice = pd.concat([SMALL, SMALL])
    with pytest.raises(DataError, match="a unit has several rows of one period"):
        prepost.difference_in_differences(twice, **BY, period="period")
    with pytest.raises(DataError, match="a unit has several rows of one period"):
        prepost.difference_in_differences(ibis.memtable(twice), **BY, period="period")
