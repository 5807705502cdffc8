"""Against series left alone: what is found, what is noted, what is refused."""

import warnings

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal

from marketing_kpi.errors import ComputeError, DataError
from marketing_kpi.quasi_experiments import counterfactual as module
from marketing_kpi.quasi_experiments.autoregression import Estimate
from marketing_kpi.quasi_experiments.counterfactual import counterfactual
from marketing_kpi.quasi_experiments.series import NOTES

FEW = settings(max_examples=8, deadline=None)
NUMBERS = ("effect", "low", "high", "expected", "expected_low", "expected_high", "observed",
           "cumulative", "cumulative_low", "cumulative_high")  # fmt: skip


def stores(count=104, *, action=78, effect=0.0, seed=1, rho=0.3):
    """Make weeks in which sales follow those of others, times 1.5."""
    rng = np.random.default_rng(seed)
    others = 200 + 20 * np.sin(np.arange(count) / 8) + rng.normal(0, 5, count)
    noise = rng.normal(0, 2, count)
    for t in range(1, count):
        noise[t] += rho * noise[t - 1]
    sales = 1.5 * others + noise + effect * (np.arange(count) >= action)
    week = pd.date_range("2024-01-01", periods=count, freq="7D")
    return pd.DataFrame({"week": week, "sales": sales, "others": others}), week[action].date()


def run(frame, action, **options):
    asked = {"outcome": "sales", "period": "week", "controls": "others"} | options
    return counterfactual(frame, action=action, **asked)


def numbers(result):
    return np.array([getattr(result, name) for name in NUMBERS])


def test_an_effect_is_found():
    frame, action = stores(effect=15)
    found = run(frame, action)
    assert (found.verdict, found.agree, found.notes) == ("higher", True, ())
    assert found.low < 15 < found.high
    assert found.structural_low < 15 < found.structural_high
    assert (found.before, found.after, found.missing) == (78, 26, 0)
    assert found.controls == ("others",)
    observed = frame.sales[78:].mean()
    assert found.observed == pytest.approx(observed, rel=1e-12)
    assert found.expected == pytest.approx(observed - found.effect, rel=1e-12)
    assert found.expected_low == pytest.approx(observed - found.high, rel=1e-12)
    assert found.relative == pytest.approx(found.effect / found.expected, rel=1e-12)
    assert found.relative_high == pytest.approx(found.high / found.expected_low, rel=1e-12)
    assert found.cumulative == pytest.approx(26 * found.effect, rel=1e-12)
    assert found.cumulative_low == pytest.approx(26 * found.low, rel=1e-12)


def test_nothing_is_found_where_nothing_is():
    found = run(*stores(seed=3))
    assert (found.verdict, found.agree) == ("cannot_tell", True)
    assert found.low < 0 < found.high


def test_the_control_makes_the_answer_narrower():
    frame, action = stores(effect=15)
    alone = run(frame, action, controls=())
    assert alone.high - alone.low > 5 * (run(frame, action).high - run(frame, action).low)


def test_the_frame_adds_up():
    frame, action = stores(effect=15)
    found = run(frame.sample(frac=1, random_state=2), action)
    rows = found.frame
    assert list(rows.week) == list(frame.week)
    assert_allclose(rows.observed - rows.expected, rows.effect, rtol=1e-9)
    assert_allclose(rows.observed - rows.high, rows.effect_low, rtol=1e-9)
    assert rows.loc[0].isna().sum() == 9  # the first week has none before it, and adds nothing up
    assert rows.cumulative[:78].isna().all()
    assert_allclose(rows.effect[78:].cumsum(), rows.cumulative[78:], rtol=1e-9)
    last = rows.iloc[-1]
    assert (last.cumulative, last.cumulative_low, last.cumulative_high) == pytest.approx(
        (found.cumulative, found.cumulative_low, found.cumulative_high), rel=1e-12
    )
    # a first week has the same band whether taken alone or added up
    first = rows.iloc[78]
    assert first.effect_low == pytest.approx(first.cumulative_low, rel=1e-9)
    inside = ((rows.low < rows.observed) & (rows.observed < rows.high))[1:78].mean()
    assert 0.88 < inside <= 1


def test_unknown_periods_are_left_out_in_their_place():
    frame, action = stores(effect=15)
    unknown = frame.index.isin([20, 77, 78, 90])
    found = run(frame.assign(sales=frame.sales.where(~unknown)), action)
    assert (found.before, found.after, found.missing) == (76, 24, 4)
    assert found.notes == ("missing_outcomes",)
    assert found.low < 15 < found.high
    rows = found.frame
    assert list(rows.index[rows.effect[1:].isna().reindex(rows.index, fill_value=False)]) == [
        20, 21, 77, 78, 90,
    ]  # fmt: skip
    assert rows.expected[77:].notna().all()
    assert (rows.cumulative_low[78], rows.cumulative_high[78]) == (0, 0)  # nothing yet
    assert rows.cumulative[90] == rows.cumulative[89]
    assert rows.cumulative.iloc[-1] == pytest.approx(24 * found.effect, rel=1e-12)
    assert found.observed == pytest.approx(frame.sales[78:][~unknown[78:]].mean(), rel=1e-12)


def test_the_second_model_is_that_of_statsmodels():
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    frame, _ = stores(79, effect=15)  # one week after: its band is that of a forecast
    found = run(frame, frame.week[78].date())
    x = ((frame.others - frame.others[:78].mean()) / frame.others[:78].std(ddof=0)).to_numpy()
    centre, spread = frame.sales[:78].mean(), frame.sales[:78].std(ddof=0)
    y = ((frame.sales - centre) / spread).to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = UnobservedComponents(y[:78], "local level", exog=x[:78], mle_regression=False)
        forecast = model.fit(disp=False).get_forecast(1, exog=x[78:])
    expected = centre + spread * forecast.predicted_mean[0]
    half = spread * (forecast.conf_int()[0, 1] - forecast.predicted_mean[0])
    assert found.structural_effect == pytest.approx(frame.sales[78] - expected, rel=1e-6)
    assert found.structural_high - found.structural_effect == pytest.approx(half, rel=1e-6)


def test_a_slow_drift_under_much_noise_is_noted():
    frame, action = stores(400, action=350)
    drifting = frame.assign(sales=frame.sales + frame.index / 60)
    assert run(frame, action).notes == ()
    assert "drifting" in run(drifting, action).notes


def test_models_that_disagree_leave_no_verdict(monkeypatch):
    frame, action = stores(effect=15)

    def unsure(*_, **__):
        return Estimate(*map(np.array, (9.0, -1.0, 19.0, 0.08)))

    monkeypatch.setattr(module, "_structural", unsure)
    found = run(frame, action)
    assert (found.verdict, found.agree) == ("cannot_tell", False)
    assert "methods_disagree" in found.notes
    assert found.p_value < 0.05
    assert (found.structural_effect, found.structural_p_value) == (9.0, 0.08)


def test_a_second_model_that_fails_is_said(monkeypatch):
    frame, action = stores(effect=15)
    monkeypatch.setattr(module, "_structural", lambda *_, **__: None)
    found = run(frame, action)
    assert (found.verdict, found.agree, found.notes) == ("higher", None, ("one_method",))


def test_the_second_model_can_be_left_out():
    frame, action = stores(effect=15)
    found, both = run(frame, action, structural=False), run(frame, action)
    assert (found.agree, found.notes) == (None, ())
    assert found.structural_effect is found.structural_p_value is None
    assert numbers(found).tolist() == numbers(both).tolist()


@pytest.mark.parametrize(
    ("frame_and_action", "options", "note"),
    [
        (stores(60, action=40), {}, "short_series"),
        (stores(rho=1.0), {"controls": ()}, "high_autocorrelation"),
        (stores(), {"season": "year"}, "short_season"),
        ((stores()[0].drop(index=4), stores()[1]), {}, "gaps"),
        ((stores()[0], "2025-07-02"), {}, "action_within_period"),
    ],
)
def test_what_weakens_the_answer_is_noted(frame_and_action, options, note):
    found = run(*frame_and_action, **options)
    assert note in found.notes
    assert set(found.notes) <= set(NOTES)


@pytest.mark.parametrize(
    ("change", "action", "error", "message"),
    [
        (lambda f: f, "2030-01-01", ComputeError, "outside the series"),
        (lambda f: f, "2024-02-12", DataError, "6 periods .* before the action, 8"),
        (lambda f: f.assign(others=3.0), stores()[1], DataError, "cannot tell"),
        (lambda f: f.assign(others=2 * f.sales), stores()[1], DataError, "exactly"),
        (lambda f: f.assign(sales=7.1 + (f.index >= 78)), stores()[1], DataError, "exactly"),
        (lambda f: f.assign(sales=5), stores()[1], DataError, "5 in every period"),
        (
            lambda f: f.assign(sales=f.sales.where(f.index < 78)),
            stores()[1],
            DataError,
            "0 periods .* after",
        ),
    ],
)
def test_what_cannot_be_answered_is_refused(change, action, error, message):
    with pytest.raises(error, match=message):
        run(change(stores()[0]), action)


def test_an_engines_table_gives_the_same():
    frame, action = stores(60, action=40)
    given_result = run(frame, action, structural=False)
    found = run(ibis.memtable(frame), action, structural=False)
    assert numbers(found).tolist() == numbers(given_result).tolist()
    assert_frame_equal(found.frame, given_result.frame)


@FEW
@given(st.randoms(use_true_random=False), st.floats(0.01, 1e4), st.floats(-1e3, 1e3))
def test_order_and_units_do_not_matter(random, factor, base):
    frame, action = stores(60, action=40, effect=3)
    order = list(frame.index)
    random.shuffle(order)
    changed = frame.loc[order].assign(
        sales=factor * frame.sales, others=frame.others * factor + base
    )
    found, given_result = run(changed, action), run(frame, action)
    assert_allclose(numbers(found), factor * numbers(given_result), rtol=1e-6)
    assert found.structural_effect == pytest.approx(
        factor * given_result.structural_effect, rel=1e-3
    )
    assert found.verdict == given_result.verdict
