"""One interrupted series: what is found, what is noted, what is refused."""

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal

from marketing_kpi.errors import ComputeError, DataError
from marketing_kpi.quasi_experiments.interrupted import interrupted_time_series
from marketing_kpi.quasi_experiments.series import NOTES

FEW = settings(max_examples=10, deadline=None)
NUMBERS = ("effect", "low", "high", "level", "level_low", "level_high", "slope", "slope_low",
           "slope_high", "trend", "trend_low", "trend_high", "cumulative", "cumulative_low",
           "cumulative_high")  # fmt: skip


def errors(count, *, rho=0.4, seed=1, sd=1.0):
    new = np.random.default_rng(seed).normal(0, sd, count)
    found = new.copy()
    for t in range(1, count):
        found[t] += rho * found[t - 1]
    return found


def weeks(count=130, *, action=78, level=0.0, slope=0.0, trend=0.1, **noise):
    t = np.arange(count)
    after = t >= action
    sales = 100 + trend * t + after * (level + slope * (t - action)) + errors(count, **noise)
    start = pd.date_range("2023-01-02", periods=count, freq="7D")
    return pd.DataFrame({"week": start, "sales": sales}), start[action].date()


def run(frame, action, **options):
    return interrupted_time_series(frame, outcome="sales", period="week", action=action, **options)


def numbers(result):
    return np.array([getattr(result, name) for name in NUMBERS])


def test_level_and_slope_are_found():
    frame, action = weeks(level=8, slope=0.2, seed=2)
    found = run(frame, action)
    assert found.level_low < 8 < found.level_high
    assert found.slope_low < 0.2 < found.slope_high
    assert found.trend_low < 0.1 < found.trend_high
    assert found.rho_low < 0.4 < found.rho_high
    assert (found.before, found.after, found.missing) == (78, 52, 0)
    assert (found.verdict, found.notes, found.method) == (
        "higher",
        ("no_season",),
        "ar1_regression",
    )
    assert found.level_p_value < 0.05
    # the average over 52 weeks: 25.5 weeks after the first of them
    assert found.effect == pytest.approx(found.level + 25.5 * found.slope, rel=1e-9)
    assert found.low < 8 + 25.5 * 0.2 < found.high
    assert found.cumulative == pytest.approx(52 * found.effect, rel=1e-12)
    assert found.cumulative_low == pytest.approx(52 * found.low, rel=1e-12)
    observed = frame.sales[78:].mean()
    assert found.relative == pytest.approx(found.effect / (observed - found.effect), rel=1e-9)
    assert found.relative_low < found.relative < found.relative_high


def test_white_noise_gives_what_least_squares_gives():
    frame, action = weeks(500, action=250, level=1, rho=0.0, seed=3)
    found = run(frame, action)
    t = np.arange(500.0) - 250
    x = np.column_stack([np.ones(500), t, t >= 0, np.maximum(t, 0)])
    b = np.linalg.lstsq(x, frame.sales.to_numpy(), rcond=None)[0]
    error = np.sqrt(((frame.sales - x @ b) ** 2).sum() / 496 * np.diag(np.linalg.inv(x.T @ x)))
    assert (found.trend, found.level, found.slope) == pytest.approx(tuple(b[1:]), rel=0.05)
    assert (found.level_high - found.level_low) / 2 == pytest.approx(1.965 * error[2], rel=0.1)


def test_nothing_is_found_where_nothing_is():
    frame, action = weeks(seed=5)
    found = run(frame, action)
    assert found.verdict == "cannot_tell"
    assert found.low < 0 < found.high
    assert found.relative_low < 0 < found.relative_high


def test_the_frame_holds_what_was_expected_without_the_action():
    frame, action = weeks(level=8)
    found = run(frame.sample(frac=1, random_state=1), action)
    rows = found.frame
    assert list(rows.columns) == ["week", "observed", "expected", "low", "high", "fitted"]
    assert list(rows.week) == list(frame.week)
    assert_allclose(rows.observed, frame.sales)
    assert_allclose(rows.expected[:78], rows.fitted[:78], rtol=1e-12)
    assert ((rows.low < rows.expected) & (rows.expected < rows.high)).all()
    gap = (rows.fitted - rows.expected)[78:]
    assert gap.iloc[0] == pytest.approx(found.level, rel=1e-9)
    assert gap.mean() == pytest.approx(found.effect, rel=1e-9)


def test_a_season_has_to_be_asked_for():
    count = 730
    frame = pd.DataFrame(
        {
            "week": pd.date_range("2023-01-01", periods=count),
            "sales": 50 + 6 * np.sin(np.arange(count) * 2 * np.pi / 7) + errors(count, rho=0.2),
        }
    )
    frame.loc[365:, "sales"] += 2
    without, found = run(frame, "2024-01-01"), run(frame, "2024-01-01", season="week")
    assert "errors_not_ar1" in without.notes
    assert found.notes == ("no_season",)
    assert run(frame, "2024-01-01", season=["week", "year"]).notes == ("short_season",)
    assert found.season == "week"
    assert found.low < 2 < found.high
    assert found.high - found.low < without.high - without.low


def test_an_event_among_the_controls_is_left_out_of_the_effect():
    frame, action = weeks(level=3, seed=7)
    frame["sales_week"] = (frame.index % 52 == 47).astype(float)
    frame["sales"] += 60 * frame.sales_week
    found = run(frame, action, controls="sales_week")
    assert found.low < 3 < found.high
    assert found.verdict == "higher"


@pytest.mark.parametrize(
    ("frame_and_action", "options", "note"),
    [
        (weeks(59, action=30), {}, "short_series"),
        (weeks(200, action=100, rho=1.0), {}, "high_autocorrelation"),
        (weeks(130, action=70), {"season": "year"}, "short_season"),
        ((weeks()[0].drop(index=[4, 90]), weeks()[1]), {}, "gaps"),
        ((weeks()[0], "2024-07-03"), {}, "action_within_period"),
    ],
)
def test_what_weakens_the_answer_is_noted(frame_and_action, options, note):
    found = run(*frame_and_action, **options)
    assert note in found.notes
    assert set(found.notes) <= set(NOTES)


def test_unknown_periods_change_little():
    frame, action = weeks(level=8)
    lost = frame.assign(sales=frame.sales.where(~frame.index.isin([3, 40, 41, 100])))
    found, whole = run(lost, action), run(frame, action)
    assert (found.before, found.after, found.missing) == (75, 51, 4)
    assert found.effect == pytest.approx(whole.effect, abs=0.5)
    assert found.frame.observed.isna().sum() == 4
    assert found.frame.expected.notna().all()


@pytest.mark.parametrize(
    ("frame", "action", "options", "error", "message"),
    [
        (weeks()[0], "2022-12-01", {}, ComputeError, "outside the series"),
        (weeks()[0], weeks()[0].week[128].date(), {}, DataError, "2 periods .* after"),
        (weeks()[0], weeks()[0].week[7].date(), {}, DataError, "7 periods .* before"),
        (weeks()[0], weeks()[1], {"alpha": 5}, ComputeError, "alpha == 5"),
        (weeks()[0].assign(x=1.0), weeks()[1], {"controls": "x"}, DataError, "cannot tell"),
        (weeks(sd=0)[0], weeks()[1], {}, DataError, "exactly"),
    ],
)
def test_what_cannot_be_answered_is_refused(frame, action, options, error, message):
    with pytest.raises(error, match=message):
        run(frame, action, **options)


def test_an_engines_table_gives_the_same():
    frame, action = weeks(60, action=30, level=2)
    frame_result, table_result = run(frame, action), run(ibis.memtable(frame), action)
    assert numbers(frame_result).tolist() == numbers(table_result).tolist()
    assert_frame_equal(frame_result.frame, table_result.frame)


@FEW
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(random):
    frame, action = weeks(60, action=30, level=2)
    order = list(frame.index)
    random.shuffle(order)
    assert numbers(run(frame.loc[order], action)).tolist() == numbers(run(frame, action)).tolist()


@FEW
@given(st.floats(0.001, 1e6), st.floats(-1e4, 1e4))
def test_another_currency_or_base_gives_the_same_answer(factor, base):
    frame, action = weeks(60, action=30, level=2)
    given_result = run(frame, action)
    found = run(frame.assign(sales=factor * (frame.sales + base)), action)
    assert_allclose(numbers(found), factor * numbers(given_result), rtol=1e-6)
    assert found.p_value == pytest.approx(given_result.p_value, rel=1e-6)
    assert (found.verdict, found.notes) == (given_result.verdict, given_result.notes)


@FEW
@given(st.integers(0, 1000), st.floats(-4, 4), st.sampled_from([0.01, 0.05, 0.2]))
def test_verdict_p_and_interval_agree(seed, level, alpha):
    frame, action = weeks(60, action=30, level=level, seed=seed)
    found = run(frame, action, alpha=alpha)
    outside = found.low > 0 or found.high < 0
    assert outside == (found.p_value < alpha) == (found.verdict != "cannot_tell")
    assert found.low < found.effect < found.high
    if outside:
        assert (found.verdict == "higher") == (found.effect > 0)


def test_what_is_noted_does_not_depend_on_alpha():
    frame, action = weeks(200, action=100, rho=0.8)
    notes = {run(frame, action, alpha=alpha).notes for alpha in (0.001, 0.05, 0.6)}
    assert len(notes) == 1
