"""The same analysis where nothing happened."""

import numpy as np
import pandas as pd
import pytest

from marketing_kpi.errors import ComputeError, ConfigError, DataError
from marketing_kpi.quasi_experiments.counterfactual import counterfactual
from marketing_kpi.quasi_experiments.differences import difference_in_differences
from marketing_kpi.quasi_experiments.interrupted import interrupted_time_series
from marketing_kpi.quasi_experiments.placebo import NOTES, placebo


def stores(count=120, *, action=100, effect=0.0, seed=1):
    rng = np.random.default_rng(seed)
    market = rng.normal(0, 6, count)
    columns = {name: 100 + market + rng.normal(0, 2, count) for name in ("a", "b", "c", "d")}
    week = pd.date_range("2023-01-02", periods=count, freq="7D")
    frame = pd.DataFrame({"week": week, **columns})
    frame.loc[action:, "a"] += effect
    return frame, week[action].date()


def run(frame, action, analysis=counterfactual, **options):
    asked = {"outcome": "a", "period": "week", "controls": ("b", "c", "d")} | options
    if analysis is counterfactual:
        asked = {"structural": False} | asked
    return placebo(analysis, frame, action=action, **asked)


def test_an_effect_stands_out():
    found = run(*stores(effect=10))
    assert found.size > 1
    assert (found.share, found.placebos, found.skipped) == (0, 20, 0)
    assert found.p_value == pytest.approx(1 / 21)
    assert found.notes == ()
    assert found.false_alarms <= 0.2


def test_no_effect_does_not_stand_out():
    found = run(*stores())
    assert found.size < 1
    assert found.share > 0.05
    assert "not_unusual" in found.notes
    assert set(found.notes) <= set(NOTES)


def test_intervals_that_are_too_narrow_are_said():
    frame, action = stores(effect=10)
    frame.loc[60:, "a"] += 4  # something else happened, long before
    found = run(frame, action)
    assert found.false_alarms > 0.2
    assert "often_wrong" in found.notes
    assert found.false_alarms == (found.frame.p_value[1:] < 0.05).mean()


def test_the_action_comes_first_and_is_the_analysis_itself():
    frame, action = stores(effect=10)
    found = run(frame, action)
    own = counterfactual(
        frame, outcome="a", period="week", action=action, controls=("b", "c", "d"),
        structural=False,
    )  # fmt: skip
    first = found.frame.iloc[0]
    assert list(found.frame.columns) == [
        "kind", "name", "effect", "low", "high", "relative", "p_value", "verdict", "size",
    ]  # fmt: skip
    assert (first.kind, first["name"], first.verdict) == ("action", str(action), "higher")
    assert (first.effect, first.low, first.relative) == (own.effect, own.low, own.relative)
    assert found.size == first["size"] == 2 * own.effect / (own.high - own.low)


def test_days_read_nothing_from_the_action_on():
    frame, action = stores(effect=10)
    changed = frame.copy()
    changed.loc[100:, ["a", "b", "c", "d"]] = np.random.default_rng(9).normal(500, 99, (20, 4))
    given, found = (run(f, action).frame.query("kind == 'date'") for f in (frame, changed))
    pd.testing.assert_frame_equal(given, found)
    began = pd.to_datetime(given["name"])
    assert began.min() == frame.week[50]  # the first half is only learned from
    assert began.max() == frame.week[80]  # and the last lasts as long as the action


def test_groups_take_the_place_of_the_outcome():
    found = run(*stores(effect=10), dates=0, groups=["b", "c", "d"])
    assert list(found.frame.kind) == ["action", "group", "group", "group"]
    assert list(found.frame["name"])[1:] == ["b", "c", "d"]
    assert found.share == 0
    assert found.p_value == 0.25
    assert "few_placebos" in found.notes
    assert "shorter_windows" not in found.notes


def test_the_days_can_be_named():
    frame, action = stores()
    found = run(frame, action, interrupted_time_series, dates=["2024-05-06", "2024-06-03"])
    assert list(found.frame["name"])[1:] == ["2024-05-06", "2024-06-03"]
    assert found.notes[0] == "few_placebos"


def test_numbered_periods_and_a_long_action():
    frame, _ = stores(160)
    frame["week"] = range(160)
    found = run(frame, 80, interrupted_time_series, controls=(), dates=10)
    assert found.placebos == 10
    assert found.frame["name"].iloc[0] == "80"
    assert "shorter_windows" in found.notes


def test_placebos_with_too_little_are_counted():
    frame, action = stores()
    frame.loc[40:62, "a"] = None
    found = run(frame, action, dates=["2023-02-13", "2024-05-06"])
    assert (found.placebos, found.skipped) == (1, 1)


def test_a_day_after_the_action_is_refused():
    frame, action = stores()
    with pytest.raises(ComputeError, match="does not lie before the action"):
        run(frame, action, dates=[frame.week[110].date()])


def test_nothing_to_try_is_refused():
    with pytest.raises(DataError, match="none of 0 placebos"):
        run(*stores(), dates=0)


def test_other_analyses_and_unknown_options_are_refused():
    frame, action = stores()
    with pytest.raises(ConfigError, match="takes no action"):
        run(frame, action, difference_in_differences)
    with pytest.raises(ConfigError, match="did you mean 'season'"):
        run(frame, action, saeson="year")
    for dates in (-1, "2024-01-01"):
        with pytest.raises(ConfigError, match="dates =="):
            run(frame, action, dates=dates)


def test_rows_in_any_order_give_the_same():
    frame, action = stores(effect=10)
    given, found = run(frame, action), run(frame.sample(frac=1, random_state=3), action)
    pd.testing.assert_frame_equal(given.frame, found.frame)
