"""What can be held against difference-in-differences: by hand, and where the truth is known."""

import math

import ibis
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from scipy import stats

from marketing_kpi import prepost
from marketing_kpi.errors import ComputeError, ConfigError, DataError

BY = {"outcome": "y", "unit": "unit", "period": "period"}


def grid(levels, slopes=None, *, treated, effect=0.0, before=10, after=10, noise=1.0, seed=0):
    """Make a panel of units: a level, a slope, noise, and an effect on the first ones."""
    rng = np.random.default_rng(seed)
    units = len(levels)
    slopes = np.zeros(units) if slopes is None else np.asarray(slopes)
    turn = np.arange(before + after)
    y = np.asarray(levels)[:, None] + slopes[:, None] * turn
    y = y + noise * rng.standard_normal(y.shape)
    arm = np.arange(units) < treated
    y[np.ix_(arm, turn >= before)] += effect
    return pd.DataFrame(
        {
            "unit": np.repeat([f"u{n}" for n in range(units)], len(turn)),
            "period": np.tile(pd.date_range("2025-01-06", periods=len(turn), freq="7D"), units),
            "treated": np.repeat(arm, len(turn)),
            "after": np.tile(turn >= before, units),
            "y": y.ravel(),
        }
    )


TWELVE = np.linspace(80, 120, 12)


def test_event_study_by_hand():
    panel = grid(TWELVE, treated=5, effect=4, before=3, after=2)
    wide = panel.pivot_table(index="unit", columns="period", values="y")
    gaps = wide.sub(wide.iloc[:, 2], axis=0)
    arm = wide.index.isin([f"u{n}" for n in range(5)])
    found = prepost.event_study(panel, **BY)
    assert found["after"].tolist() == [False, False, False, True, True]
    for n, row in enumerate(found.itertuples()):
        assert row.effect == pytest.approx(
            gaps[arm].iloc[:, n].mean() - gaps[~arm].iloc[:, n].mean()
        )
        if n == 2:
            assert (row.effect, math.isnan(row.low)) == (0, True)
        else:
            test = stats.ttest_ind(gaps[arm].iloc[:, n], gaps[~arm].iloc[:, n], equal_var=False)
            interval = test.confidence_interval()
            assert (row.low, row.high) == pytest.approx((interval.low, interval.high))
    assert (found["treated_units"] == 5).all()
    assert_frame_equal(prepost.event_study(ibis.memtable(panel), **BY), found)


def test_slopes_by_hand():
    panel = grid(TWELVE, treated=6, before=6, after=4, effect=2)
    before = panel[~panel.after]
    slopes = before.groupby("unit")["y"].apply(lambda y: np.polyfit(range(6), y, 1)[0])
    arm = slopes.index.isin([f"u{n}" for n in range(6)])
    test = stats.ttest_ind(slopes[arm], slopes[~arm], equal_var=False)
    found = prepost.parallel_trends(panel, **BY)
    assert found.difference == pytest.approx(slopes[arm].mean() - slopes[~arm].mean())
    assert found.p_value == pytest.approx(test.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(test.confidence_interval()))
    assert found.periods_before == 6
    assert found.implied == pytest.approx(5 * found.difference)  # middles are (6 + 4) / 2 apart
    effect = prepost.difference_in_differences(panel, outcome="y", unit="unit").effect
    assert found.effect == pytest.approx(effect)


def test_trends_that_differ_are_seen_and_explain_the_whole_effect():
    slopes = np.where(np.arange(12) < 6, 1.0, 0.0)
    found = prepost.parallel_trends(grid(TWELVE, slopes, treated=6), **BY)
    assert found.verdict == "diverge"
    assert found.notes == ("cannot_prove", "few_units", "could_explain")
    assert found.implied_low < found.effect < found.implied_high


def test_trends_that_are_alike_cannot_make_a_large_effect():
    found = prepost.parallel_trends(grid(TWELVE, treated=6, effect=20), **BY)
    assert (found.verdict, found.notes) == ("no_sign", ("cannot_prove", "few_units"))


def test_of_many_units_of_one_size_the_interval_decides():
    levels = 100.0 + np.arange(24) % 4
    found = [
        prepost.parallel_trends(grid(levels, treated=12, noise=3, seed=seed), **BY)
        for seed in range(25)
    ]
    plain = [each for each in found if not {"few_units", "sizes_matter"} & {*each.notes}]
    assert len(plain) > 20
    assert any(each.p_value < 0.05 for each in plain)
    for each in plain:
        assert (each.verdict == "diverge") == (each.p_value < 0.05)
        assert (each.p_value < 0.05) == (each.low > 0 or each.high < 0)


def test_a_season_shared_in_percentages_is_noted_of_many_units():
    found = prepost.parallel_trends(season(1.0, seed=1, treated=12, control=14), **BY)
    assert "sizes_matter" in found.notes


def season(ratio, *, seed, treated=5, control=7, periods=43):
    """Make shops that share one season, in percentages: no trend is one arm's own."""
    rng = np.random.default_rng(seed)
    levels = 1_400 * np.where(np.arange(treated + control) < treated, ratio, 1.0)
    levels = levels * rng.lognormal(0, 0.2, treated + control)
    panel = grid(levels, treated=treated, before=periods, after=periods, noise=0, seed=seed)
    turn = np.tile(np.arange(2 * periods), treated + control)
    moved = panel["y"] * (1 + 0.25 * np.sin(2 * np.pi * turn / 52))
    return panel.assign(y=moved + 180 * rng.standard_normal(len(panel)))


@pytest.mark.parametrize("ratio", [1.3, 0.8])
def test_a_season_shared_in_percentages_is_no_difference_of_trends(ratio):
    found = [prepost.parallel_trends(season(ratio, seed=seed), **BY) for seed in range(20)]
    alarms = sum(each.verdict == "diverge" for each in found)
    noted = [each for each in found if "only_amounts" in each.notes]
    assert alarms <= 2  # of amounts alone, a quarter
    assert len(noted) >= 2
    assert all(each.low > 0 or each.high < 0 for each in noted)
    assert all(each.own_p_value >= 0.05 or each.own_permutation_p >= 0.05 for each in noted)


def test_slopes_as_shares_of_levels_by_hand():
    panel = season(1.3, seed=3, periods=20)
    before = panel[~panel.after].assign(turn=np.tile(range(20), 12))
    shares = before.groupby("unit")[["turn", "y"]].apply(
        lambda rows: np.polyfit(rows["turn"], rows["y"], 1)[0] / rows["y"].mean()
    )
    arm = shares.index.isin([f"u{n}" for n in range(5)])
    test = stats.ttest_ind(shares[arm], shares[~arm], equal_var=False)
    found = prepost.parallel_trends(panel, **BY)
    assert found.own_difference == pytest.approx(shares[arm].mean() - shares[~arm].mean())
    assert (found.own_low, found.own_high) == pytest.approx(tuple(test.confidence_interval()))
    assert found.own_p_value == pytest.approx(test.pvalue)
    in_engine = prepost.parallel_trends(ibis.memtable(panel), **BY)
    assert in_engine[-5:] == found[-5:]


def test_one_amount_for_all_is_no_difference_of_trends_either():
    """The treated are half as large: the same amounts are twice the percentage."""
    levels = np.where(np.arange(12) < 6, 50.0, 100.0)
    found = prepost.parallel_trends(grid(levels, np.ones(12), treated=6), **BY)
    assert found.verdict == "no_sign"
    assert "only_percentages" in found.notes


def test_a_week_without_sales_has_no_logarithm_and_a_unit_keeps_its_trend():
    panel = season(1.3, seed=0)
    panel.loc[panel.index[::50], "y"] = 0.0
    found = prepost.parallel_trends(panel, **BY)
    assert found.own_difference is not None
    assert found.verdict == "no_sign"


def test_outcomes_about_0_have_trends_in_amounts_alone():
    slopes = np.where(np.arange(12) < 6, 1.0, 0.0)
    found = prepost.parallel_trends(grid(TWELVE - 100, slopes, treated=6), **BY)
    assert (found.own_difference, found.own_low, found.own_permutation_p) == (None, None, None)
    assert found.verdict == "diverge"
    assert "no_percentages" in found.notes


def test_a_unit_nearly_closed_has_no_percentage():
    panel = season(1.0, seed=1)
    closed = panel["unit"] == "u0"
    turn = panel.loc[closed].groupby("unit").cumcount()
    panel.loc[closed, "y"] = np.where(turn < 40, 0.0, 30.0)
    found = prepost.parallel_trends(panel, **BY)
    without = prepost.parallel_trends(panel[~closed], **BY)
    assert found.own_difference == pytest.approx(without.own_difference)


def test_a_trend_takes_two_periods():
    with pytest.raises(DataError, match="two periods before"):
        prepost.parallel_trends(grid(TWELVE, treated=6, before=1), **BY)


def test_placebo_groups():
    panel = grid(TWELVE, treated=2, effect=30)
    found = prepost.placebo_groups(panel, outcome="y", unit="unit")
    assert found["unit"].tolist()[:2] in (["u0", "u1"], ["u1", "u0"])
    assert found.loc[found.treated, "at_least"].tolist() == [0, 0]
    control = found[~found.treated]
    assert control["at_least"].min() == pytest.approx(0.1)
    # a unit's distance to the mean of the nine others is 10 / 9 of that to the mean of all ten
    assert control["effect"].to_numpy() == pytest.approx(
        (control["change"] - control["change"].mean()).to_numpy() * 10 / 9
    )
    effect = prepost.difference_in_differences(panel, outcome="y", unit="unit").effect
    assert found.loc[found.treated, "effect"].mean() == pytest.approx(effect)


def test_placebo_dates_find_nothing_where_both_arms_move_alike():
    panel = grid(TWELVE, treated=6, effect=30, before=24, after=8)
    found = prepost.placebo_dates(panel, **BY, dates=5)
    assert list(found.columns) == [
        *("period", "placebo", "periods", "effect", "low", "high", "p_value", "verdict")
    ]
    whole = prepost.difference_in_differences(panel, **BY)
    assert found.loc[0, ["effect", "low", "p_value"]].tolist() == pytest.approx(
        [whole.effect, whole.low, whole.p_value]
    )
    assert (found["verdict"][0], found["placebo"].tolist()) == ("higher", [False] + [True] * 5)
    assert set(found["verdict"][1:]) == {"cannot_tell"}
    assert found["period"][1:].between("2025-03-31", "2025-06-22").all()
    assert found["periods"].tolist() == [8, 6, 6, 6, 6, 6]


def test_a_placebo_date_is_the_same_analysis_of_the_history():
    panel = grid(TWELVE, treated=6, effect=30, before=24, after=8)
    found = prepost.placebo_dates(panel, **BY, dates=1)
    history = panel[panel["period"] < pd.Timestamp("2025-01-06") + pd.Timedelta(weeks=18)]
    by_hand = prepost.difference_in_differences(
        history.assign(after=history["period"] >= found["period"][1]), **BY
    )
    assert found["period"][1] == pd.Timestamp("2025-01-06") + pd.Timedelta(weeks=12)
    assert (found["effect"][1], found["low"][1]) == pytest.approx((by_hand.effect, by_hand.low))


def test_placebo_dates_see_that_arms_did_not_move_alike():
    slopes = np.where(np.arange(12) < 6, 1.0, 0.0)
    found = prepost.placebo_dates(grid(TWELVE, slopes, treated=6, before=24, after=8), **BY)
    assert (found["verdict"] == "higher").all()


def test_placebo_dates_of_an_engine_and_without_a_history():
    panel = grid(TWELVE, treated=6, effect=5, before=12, after=4)
    given = prepost.placebo_dates(panel, **BY)
    assert_frame_equal(prepost.placebo_dates(ibis.memtable(panel), **BY), given)
    with pytest.raises(DataError, match="1 periods come before"):
        prepost.placebo_dates(grid(TWELVE, treated=6, before=1), **BY)
    with pytest.raises(ConfigError, match="dates == 0"):
        prepost.placebo_dates(panel, **BY, dates=0)


# --- Regression to the mean


def chosen_low(*, level, noise, units=400, share=0.2, seed=1):
    """Make units whose lowest are treated to no effect, chosen on the periods before."""
    rng = np.random.default_rng(seed)
    levels = 100 + level * rng.standard_normal(units)
    panel = grid(levels, treated=0, noise=noise, before=4, after=4, seed=seed)
    means = panel[~panel.after].groupby("unit")["y"].mean()
    low = means.nsmallest(round(share * units)).index
    return panel.assign(treated=panel.unit.isin(low))


def test_the_lowest_come_back_as_far_as_is_expected():
    """Of the spread of means, 25 is level and 100 / 4 chance: half of a gap lasts."""
    found = prepost.regression_to_the_mean(chosen_low(level=5, noise=10), **BY)
    assert found.verdict == "chosen_low"
    assert found.persistence_low < 0.5 < found.persistence_high
    assert {"chosen_low", "could_explain"} <= set(found.notes)
    assert found.expected_low < found.effect < found.expected_high
    truth = prepost.difference_in_differences(
        chosen_low(level=5, noise=10), outcome="y", unit="unit"
    )
    assert truth.verdict == "higher"  # nothing was done: the fault that this guards against


def test_levels_that_last_do_not_come_back():
    found = prepost.regression_to_the_mean(chosen_low(level=20, noise=1), **BY)
    assert found.verdict == "chosen_low"
    assert found.persistence > 0.97
    assert abs(found.expected) < 0.03 * abs(found.gap)


def test_units_taken_at_random_show_no_sign():
    mixed = TWELVE[[0, 11, 2, 9, 4, 7, 1, 10, 3, 8, 5, 6]]
    found = prepost.regression_to_the_mean(grid(mixed, treated=6), **BY)
    assert (found.verdict, found.notes) == ("no_sign", ())
    assert found.gap_low < 0 < found.gap_high


def test_few_units_have_no_persistence():
    found = prepost.regression_to_the_mean(grid(TWELVE[:6], treated=3), **BY)
    assert (found.persistence, found.expected, found.expected_low) == (None, None, None)
    assert found.notes[-1] == "few_units"


def test_simulated_choice_rises_by_itself():
    shown = prepost.simulate_regression(
        units=20_000, persistence=0.3, chosen=0.1, rng=np.random.default_rng(2)
    )
    low = shown[shown.chosen]
    assert len(low) == 2_000
    assert low["after"].mean() - 100 == pytest.approx(0.3 * (low["before"].mean() - 100), abs=1)
    assert shown["after"].std() == pytest.approx(20, abs=0.5)
    with pytest.raises(ComputeError, match="persistence == 2"):
        prepost.simulate_regression(persistence=2, rng=np.random.default_rng(0))
