"""Errors that follow one another: against slow arithmetic, and against what is simulated."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from marketing_kpi.errors import DataError
from marketing_kpi.quasi_experiments.autoregression import (
    NEAR_ONE,
    NOTED,
    Estimate,
    autocorrelation,
    cautious,
    contrast,
    drift,
    fit,
    left_over,
    regress,
    relative_to_expected,
    summarise,
    surprise,
    verdict_on,
)


def wandering(rng, shape, rho):
    """Draw stationary first-order errors; periods last."""
    new = rng.standard_normal(shape)
    errors = np.empty(shape)
    errors[..., 0] = new[..., 0] / np.sqrt(1 - rho**2)
    for t in range(1, shape[-1]):
        errors[..., t] = rho * errors[..., t - 1] + new[..., t]
    return errors


def correlation(rho, times):
    """Return the covariance of errors whose innovations have variance 1."""
    return rho ** np.abs(np.subtract.outer(times, times)) / (1 - rho**2)


def by_hand(outcome, design, seen, later=None):
    """Integrate over the autocorrelation on whole matrices; give the mean and P(below 0).

    Of the last coefficient, or of the sum of `later` (outcomes, design) less what is expected.
    """
    times = np.arange(len(design))
    angles = (np.arange(2000) + 0.5) / 2000 * np.pi - np.pi / 2
    logs, means, below = [], [], []
    y, x = outcome[seen], design[seen]
    degrees = len(y) - x.shape[1]
    for rho in np.sin(angles):
        inside = correlation(rho, times[seen])
        inverse = np.linalg.inv(inside)
        information = x.T @ inverse @ x
        coefficients = np.linalg.solve(information, x.T @ inverse @ y)
        errors = y - x @ coefficients
        squares = errors @ inverse @ errors
        if later is None:
            mean, variance = coefficients[-1], np.linalg.inv(information)[-1, -1]
        else:
            outcomes, rows = later
            ahead = len(design) + np.arange(len(rows))
            everything = correlation(rho, np.concatenate([times[seen], ahead]))
            between = everything[len(y) :, : len(y)] @ inverse
            noise = everything[len(y) :, len(y) :] - between @ everything[: len(y), len(y) :]
            known = np.isfinite(outcomes)
            surprises = np.where(known, outcomes, 0) - rows @ coefficients - between @ errors
            unknown = known @ (rows - between @ x)
            mean = known @ surprises
            variance = known @ noise @ known + unknown @ np.linalg.solve(information, unknown)
        logs.append(
            -0.5 * np.linalg.slogdet(inside)[1]
            - 0.5 * np.linalg.slogdet(information)[1]
            - 0.5 * degrees * np.log(squares)
            + 0.15 * np.log1p(-(rho**2))
        )
        means.append(mean)
        below.append(stats.t.cdf(-mean / np.sqrt(variance * squares / degrees), degrees))
    weight = np.exp(np.array(logs) - max(logs))
    weight /= weight.sum()
    return weight @ means, weight @ below


@pytest.fixture(scope="module")
def example():
    rng = np.random.default_rng(11)
    outcome = 50 + wandering(rng, (30,), 0.5)
    design = np.column_stack([np.ones(30), np.arange(30), np.arange(30) >= 18]).astype(float)
    return outcome, design


@pytest.mark.parametrize("lost", [[], [7], [3, 17, 18, 29]])
def test_a_coefficient_is_that_of_whole_matrices(example, lost):
    outcome, design = example[0].copy(), example[1]
    outcome[lost] = np.nan
    mean, below = by_hand(outcome, design, np.isfinite(outcome))
    found = fit(outcome, design)
    answer = summarise(contrast(found, np.array([0, 0, 1.0])), found, alpha=0.05)
    assert found.coefficients.shape[-1] == 3
    assert float(answer.estimate) == pytest.approx(mean, rel=1e-5)
    assert float(answer.p_value) == pytest.approx(2 * min(below, 1 - below), rel=1e-5)


@pytest.mark.parametrize("lost", [[], [0], [2, 5]])
def test_a_forecast_is_that_of_whole_matrices(example, lost):
    outcome, design = example
    later = outcome[22:].copy()
    later[lost] = np.nan
    past = design[:22, :2]
    mean, below = by_hand(outcome[:22], past, np.full(22, True), (later, design[22:, :2]))
    found = fit(outcome[:22], past)
    sums = summarise(
        surprise(
            found,
            last=outcome[21],
            outcome=later,
            design_last=past[-1],
            design=design[22:, :2],
            cumulative=True,
        ),
        found,
        alpha=0.05,
    )
    assert sums.estimate[-1] == pytest.approx(mean, rel=1e-5)
    assert sums.p_value[-1] == pytest.approx(2 * min(below, 1 - below), rel=1e-5)


def test_one_period_ahead_is_the_first_of_the_sum(example):
    outcome, design = example
    found = fit(outcome[:22], design[:22, :2])
    ahead = {
        "last": outcome[21],
        "outcome": outcome[22:],
        "design_last": design[21, :2],
        "design": design[22:, :2],
    }
    points, sums = (surprise(found, **ahead, cumulative=c) for c in (False, True))
    assert_allclose(sums.location[0], points.location[0], rtol=1e-12)
    assert_allclose(sums.scale[0], points.scale[0], rtol=1e-12)
    assert_allclose(sums.location, np.cumsum(points.location, axis=0), rtol=1e-9, atol=1e-9)


def test_many_series_at_once_are_each_of_them(example):
    _, design = example
    rng = np.random.default_rng(3)
    outcomes = wandering(rng, (2, 3, 30), 0.6)
    together = regress(outcomes, design)
    weights = np.array([[0, 0, 1.0], [0, 1, 12]])
    answers = summarise(contrast(together, weights), together, alpha=0.1)
    ahead = {"design_last": design[-1], "design": design[:4], "cumulative": True}
    sums = surprise(together, last=outcomes[..., -1], outcome=outcomes[..., :4], **ahead)
    assert answers.estimate.shape == (2, 3, 2)
    for i, j in np.ndindex(2, 3):
        alone = regress(outcomes[i, j], design)
        one = summarise(contrast(alone, weights), alone, alpha=0.1)
        for part, whole in zip(one, answers, strict=True):
            assert_allclose(whole[i, j], part, rtol=1e-9)
        path = surprise(alone, last=outcomes[i, j, -1], outcome=outcomes[i, j, :4], **ahead)
        assert_allclose(sums.location[i, j], path.location, rtol=1e-9, atol=1e-12)
        assert_allclose(sums.scale[i, j], path.scale, rtol=1e-9)
        for part, whole in zip(
            autocorrelation(alone, alpha=0.1), autocorrelation(together, alpha=0.1), strict=True
        ):
            assert part == pytest.approx(whole[i, j], rel=1e-9)


def test_the_ends_of_an_interval_leave_out_what_they_should(example):
    outcome, design = example
    found = fit(outcome, design)
    path = contrast(found, np.array([0, 0, 1.0]))
    answer = summarise(path, found, alpha=0.1)
    for end, share in ((answer.low, 0.05), (answer.high, 0.95)):
        parts = stats.t.cdf((end - path.location) / path.scale, found.degrees)
        assert found.weight @ parts == pytest.approx(share, abs=1e-9)


@pytest.mark.parametrize("shift", [-3.0, -1.0, 0.0, 0.5, 2.5])
def test_p_and_interval_never_contradict_each_other(example, shift):
    outcome, design = example
    found = fit(outcome + shift * design[:, 2], design)
    path = contrast(found, np.array([0, 0, 1.0]))
    p_value = float(summarise(path, found, alpha=0.05).p_value)
    for alpha in (0.99 * p_value, 1.01 * p_value):
        answer = summarise(path, found, alpha=alpha)
        assert (answer.low > 0 or answer.high < 0) == (p_value < alpha)


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_tiny_p_value_is_not_lost(example, sign):
    outcome, design = example
    found = fit(outcome + sign * 1e4 * design[:, 2], design)
    p_value = float(summarise(contrast(found, np.array([0, 0, 1.0])), found, alpha=0.05).p_value)
    assert 0 < p_value < 1e-17


def test_a_large_level_takes_no_digits(example):
    outcome, design = example
    small, large = (fit(outcome + level, design) for level in (0.0, 1e7))
    for found in (small, large):
        assert found.weight.sum() == pytest.approx(1, rel=1e-12)
    answers = [summarise(contrast(f, np.array([0, 0, 1.0])), f, alpha=0.05) for f in (small, large)]
    assert_allclose(np.array(answers[0]), np.array(answers[1]), rtol=1e-6)


def test_the_autocorrelation_is_not_biased_as_least_squares_is():
    rng = np.random.default_rng(8)
    outcomes = wandering(rng, (1000, 60), 0.6)
    design = np.column_stack([np.ones(60), np.arange(60), np.arange(60) >= 30]).astype(float)
    median, low, high = autocorrelation(regress(outcomes, design), alpha=0.05)
    errors = outcomes - outcomes @ np.linalg.pinv(design).T @ design.T
    plain = (errors[:, 1:] * errors[:, :-1]).sum(axis=1) / (errors**2).sum(axis=1)
    assert np.median(plain) < 0.53
    assert np.median(median) == pytest.approx(0.6, abs=0.03)
    assert np.mean((low < 0.6) & (high > 0.6)) == pytest.approx(0.95, abs=0.025)


@pytest.mark.parametrize("rho", [0.0, 0.6, 0.9])
def test_the_rate_of_error_is_the_one_stated(rho):
    rng = np.random.default_rng(20)
    outcomes = wandering(rng, (2000, 104), rho)
    step = np.arange(104) >= 52
    design = np.column_stack([np.ones(104), np.arange(104), step]).astype(float)
    found = regress(outcomes, design)
    wrong = summarise(contrast(found, np.array([0, 0, 1.0])), found, alpha=0.05).p_value < 0.05
    assert 0.035 < wrong.mean() < 0.065


def test_left_over_finds_a_season_and_no_more_than_chance():
    rng = np.random.default_rng(2)
    design = np.ones((120, 1))
    season = 2 * np.sin(np.arange(120) * 2 * np.pi / 7)
    series = 10 + wandering(rng, (200, 120), 0.4)
    found = [left_over(fit(y, design), y, design) for y in series]
    assert np.mean(np.array(found) < 0.05) < 0.1
    assert left_over(fit(series[0] + season, design), series[0] + season, design) < 1e-6


def test_drift_exceeds_its_critical_value_as_often_as_published():
    rng = np.random.default_rng(6)
    design = np.ones((150, 1))
    series = wandering(rng, (400, 150), 0.4)
    found = np.array([drift(fit(y, design), y, design) for y in series])
    # Kwiatkowski et al. 1992, table 1: 0.347 at 10 %, 0.463 at 5 %
    assert np.mean(found > 0.347) == pytest.approx(0.10, abs=0.04)
    assert np.mean(found > 0.463) == pytest.approx(0.05, abs=0.03)
    moving = [drift(fit(y, design), y, design) > 0.743 for y in series + np.arange(150) / 60]
    assert np.mean(moving) > 0.5


@pytest.mark.parametrize(
    "column", [np.ones(30), np.zeros(30), 2 * np.arange(30.0) - 5, np.eye(30)[4]]
)
def test_columns_that_cannot_be_told_apart_are_refused(example, column):
    outcome, design = example[0].copy(), example[1]
    outcome[4] = np.nan  # the one period in which the last of the columns is not 0
    with pytest.raises(DataError, match="cannot tell"):
        fit(outcome, np.column_stack([design, column]))


def test_an_outcome_without_error_is_refused(example):
    _, design = example
    with pytest.raises(DataError, match="exactly"):
        fit(design @ np.array([100.0, 2, 7]), design)


@pytest.mark.parametrize(
    ("low", "high", "p_value", "verdict"),
    [(1, 3, 0.01, "higher"), (-3, -1, 0.01, "lower"), (-1, 3, 0.2, "cannot_tell"),
     (np.nan, np.nan, np.nan, "cannot_tell")],
)  # fmt: skip
def test_a_verdict_is_what_the_interval_says(low, high, p_value, verdict):
    estimate = Estimate(np.array((low + high) / 2), *map(np.array, (low, high, p_value)))
    assert verdict_on(estimate, alpha=0.05) == verdict


def test_relative_ends_are_those_of_the_effect():
    effect = Estimate(*map(np.array, (10.0, -20.0, 50.0, 0.5)))
    assert relative_to_expected(effect, 110) == (0.1, -20 / 130, 50 / 60)
    assert relative_to_expected(effect, 50) == (None, None, None)


def unwarned(rho):
    """Return the p-values of forecasts of 26 weeks from 104, and where no warning is given."""
    rng = np.random.default_rng(21)
    design = np.column_stack([np.ones(130), wandering(rng, (130,), 0.9)])
    outcome = wandering(rng, (3_000, 130), rho)
    found = regress(outcome[:, :104], design[:104])
    high = autocorrelation(found, alpha=NOTED)[2]
    ahead = {"design_last": design[103], "design": design[104:], "cumulative": True}
    p_values = []
    for one in (found, cautious(found)):
        paths = surprise(one, last=outcome[:, 103], outcome=outcome[:, 104:], **ahead)
        total = paths._replace(location=paths.location[:, -1], scale=paths.scale[:, -1])
        p_values.append(summarise(total, one, alpha=0.05).p_value)
    return high <= NEAR_ONE, *p_values


def test_what_escapes_the_warning_does_not_cry_wolf():
    silent, plain, wary = unwarned(0.8)
    assert 0.15 < silent.mean() < 0.35
    assert (plain[silent] < 0.05).mean() > 0.08
    assert (wary[silent] < 0.05).mean() < 0.07


def test_far_from_the_limit_caution_changes_nothing():
    rng = np.random.default_rng(4)
    design = np.column_stack([np.ones(200), np.arange(200) >= 100]).astype(float)
    found = regress(wandering(rng, (20, 200), 0.3), design)
    assert_allclose(cautious(found).weight, found.weight, rtol=1e-12)
    assert_allclose(cautious(found, change="level").scale, found.scale, rtol=1e-12)


def test_changes_fitted_to_a_series_do_not_cry_wolf_where_it_escapes_the_warning():
    """Of 104 periods, 52 before, those that look calmer than their autocorrelation of .8."""
    rng = np.random.default_rng(8)
    since = np.arange(104) - 52.0
    after = (since >= 0).astype(float)
    design = np.column_stack([np.ones(104), since, after, after * since])
    found = regress(wandering(rng, (6_000, 104), 0.8), design)
    silent = autocorrelation(found, alpha=NOTED)[2] <= NEAR_ONE
    level, average = np.array([0, 0, 1.0, 0]), np.array([0, 0, 1.0, 25.5])

    def alarms(weights, by):
        p_value = summarise(contrast(by, weights), by, alpha=0.05).p_value
        return (p_value[silent] < 0.05).mean()

    assert 0.05 < silent.mean() < 0.15
    assert alarms(level, cautious(found, change="level")) < 0.06
    assert alarms(level, cautious(found)) > alarms(level, cautious(found, change="level")) + 0.008
    assert alarms(average, found) > 0.1
    assert 0.03 < alarms(average, cautious(found, change="average")) < 0.065
