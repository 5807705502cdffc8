"""Two means: against scipy, interval and p-value agree, the promise kept on skewed amounts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import skew as sample_skew
from scipy.stats import ttest_ind

from marketing_kpi.errors import ComputeError
from marketing_kpi.trials import means
from marketing_kpi.trials.sums import Moments, of

FINITE = st.floats(0, 1e4).map(lambda x: round(x, 2))
SAMPLE = st.lists(FINITE, min_size=3, max_size=30)


def amounts(rng, n, share, sigma, replications):
    """Make the moments of n amounts a replication, most of them 0, without making the zeros."""
    buyers = rng.binomial(n, share, replications)
    values = np.exp(sigma * rng.standard_normal(buyers.sum()))
    whose = np.repeat(np.arange(replications), buyers)
    s1, s2, s3 = (np.bincount(whose, values**k, replications) for k in (1, 2, 3))
    mean = s1 / n
    return Moments(n, mean, s2 - n * mean**2, s3 - 3 * mean * s2 + 2 * n * mean**3)


def test_welch_is_scipys():
    one, other = [3.0, 4.0, 9.0, 1.0], [2.0, 8.0, 11.0, 14.0, 30.0]
    expected = ttest_ind(other, one, equal_var=False)
    found = means.welch(of(one), of(other), alpha=0.1)
    low, high = expected.confidence_interval(0.9)
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-9)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


def test_hall_by_hand():
    control, treatment = [0.0] * 8 + [4.0, 6.0], [0.0] * 36 + [4.0, 6.0, 5.0, 9.0]
    found = means.hall(of(control), of(treatment))
    residuals = np.concatenate([np.array(x) - np.mean(x) for x in (control, treatment)])
    s = sample_skew(residuals) * (1 / 40**2 - 1 / 10**2) / (1 / 40 + 1 / 10) ** 1.5
    t = ttest_ind(treatment, control, equal_var=False)
    assert found.skew == pytest.approx(s, rel=1e-9)
    score = t.statistic + s * t.statistic**2 / 3 + s**2 * t.statistic**3 / 27 + s / 6
    from scipy.stats import t as student

    assert found.p_value == pytest.approx(2 * student.sf(abs(score), t.df), rel=1e-9)


def test_equal_arms_have_no_skewness_to_allow_for():
    rng = np.random.default_rng(0)
    control, treatment = of(rng.exponential(size=50)), of(rng.exponential(size=50))
    hall, welch = means.hall(control, treatment), means.welch(control, treatment)
    np.testing.assert_allclose(hall[:5], welch[:5], rtol=1e-12)


@settings(max_examples=150, deadline=None)
@given(SAMPLE, SAMPLE, st.sampled_from([0.01, 0.05, 0.2]))
def test_the_interval_excludes_0_just_when_the_p_value_is_under_alpha(one, other, alpha):
    control, treatment = of(one), of(other)
    found = means.hall(control, treatment, alpha=alpha)
    if np.isnan(found.p_value) or abs(found.p_value - alpha) < 1e-9:
        return
    assert ((found.low > 0) | (found.high < 0)) == (found.p_value < alpha)
    relative = means.relative(control, treatment, alpha=alpha)
    if not np.isnan([relative.low, relative.high]).any():
        assert ((relative.low > 0) | (relative.high < 0)) == (found.p_value < alpha)


@settings(max_examples=60, deadline=None)
@given(SAMPLE, SAMPLE)
def test_swapping_the_arms_turns_the_signs(one, other):
    here, there = means.hall(of(one), of(other)), means.hall(of(other), of(one))
    np.testing.assert_allclose(
        [here.low, here.high, here.p_value], [-there.high, -there.low, there.p_value], atol=1e-7
    )


@settings(max_examples=60, deadline=None)
@given(SAMPLE, SAMPLE, st.sampled_from([0.01, 7.0, 1000.0]))
def test_another_currency_changes_neither_p_nor_the_relative_lift(one, other, rate):
    here = of(one), of(other)
    there = of(np.array(one) * rate), of(np.array(other) * rate)
    a, b = means.hall(*here), means.hall(*there)
    np.testing.assert_allclose(a.p_value, b.p_value, rtol=1e-6)
    np.testing.assert_allclose(rate * a.low, b.low, rtol=1e-6, atol=1e-6 * rate)
    np.testing.assert_allclose(means.relative(*here), means.relative(*there), rtol=1e-5, atol=1e-6)


def test_values_that_do_not_vary_have_no_answer():
    found = means.hall(of([5.0] * 4), of([5.0] * 9))
    assert found.value == 0
    assert np.isnan([found.low, found.high, found.p_value]).all()


def test_one_value_an_arm_has_no_answer():
    assert np.isnan(means.hall(of([5.0]), of([7.0])).p_value)


def test_a_control_around_0_has_no_relative_bound():
    found = means.relative(of([0.0] * 30 + [1.0]), of([0.0] * 300 + [1.0] * 9))
    assert found.value == pytest.approx(9 / 309 * 31 - 1)
    assert np.isnan(found.high)
    assert np.isnan(means.relative(of([0.0, 0.0]), of([1.0, 2.0])).value)


# --- The promise


@pytest.mark.parametrize(("sigma", "share"), [(1.0, 0.1), (1.5, 0.1), (1.0, 0.5), (1.5, 0.5)])
def test_600_buyers_keep_the_promise(sigma, share):
    rng = np.random.default_rng(21)
    n0, replications = 20_000, 1500
    n1 = round(n0 * (1 - share) / share)
    control, treatment = (amounts(rng, n, 0.03, sigma, replications) for n in (n0, n1))
    found = means.hall(control, treatment)
    # 1,500 replications leave .05 within .0169 in 99.7 % of cases.
    assert 0.03 < (found.p_value < 0.05).mean() < 0.067
    relative = means.relative(control, treatment)
    assert 0.933 < 1 - ((relative.low > 0) | (relative.high < 0)).mean() < 0.97  # NaN: no end


def test_welch_takes_the_larger_arm_for_the_better_one():
    rng = np.random.default_rng(22)
    control, treatment = (amounts(rng, n, 0.03, 1.5, 3000) for n in (1000, 9000))
    welch, hall = (test(control, treatment) for test in (means.welch, means.hall))
    assert (welch.p_value < 0.05).mean() > 0.1
    assert (welch.low > 0).mean() > 10 * (welch.high < 0).mean()
    assert (hall.p_value < 0.05).mean() < 0.055


def test_the_interval_covers_a_true_effect():
    rng = np.random.default_rng(23)
    control = amounts(rng, 20_000, 0.03, 1.0, 1500)
    treatment = amounts(rng, 180_000, 0.036, 1.0, 1500)
    found = means.hall(control, treatment)
    true = 0.006 * np.exp(0.5)
    assert 0.933 < ((found.low <= true) & (true <= found.high)).mean() < 0.97
    lift = means.relative(control, treatment)
    assert 0.933 < ((lift.low <= 0.2) & (lift.high >= 0.2)).mean() < 0.97


# --- Permutations and resamples


def test_permutations_by_hand():
    """2 buyers of equal amounts among 4 members, dealt 2 and 2: seen both in the treatment."""
    # The control gets 0, 1 or 2 of them with probability 1/6, 4/6, 1/6; then the statistic of
    # "none" is not finite, as neither arm varies: there is no test.
    assert np.isnan(means.permutation_p([], 2, [5.0, 5.0], 2))
    # 3 buyers of 12, none in a control of 6: P = C(6, 3) / C(12, 3) = 1/11, twice for both tails.
    p = means.permutation_p([], 6, [5.0, 5.0, 5.0], 6)
    assert p == pytest.approx(2 / 11, abs=0.015)


def test_permutations_do_not_depend_on_the_order_of_values():
    rng = np.random.default_rng(4)
    control, treatment = rng.exponential(size=20), rng.exponential(size=150)
    found = means.permutation_p(control, 400, treatment, 3600, permutations=499)
    assert found == means.permutation_p(control[::-1], 400, treatment[::-1], 3600, permutations=499)
    other = means.permutation_p(control, 400, treatment, 3600, permutations=499, rng=rng)
    assert other == pytest.approx(found, abs=0.1)


def test_permutations_keep_the_promise():
    rng = np.random.default_rng(5)
    found = []
    for _ in range(300):
        control = rng.lognormal(0, 1.5, rng.binomial(1000, 0.03))
        treatment = rng.lognormal(0, 1.5, rng.binomial(9000, 0.03))
        found.append(means.permutation_p(control, 1000, treatment, 9000, permutations=199, rng=rng))
    assert 0.01 < (np.array(found) < 0.05).mean() < 0.09


def test_no_buyer_at_all_has_no_permutation_p():
    assert np.isnan(means.permutation_p([], 100, [], 900))


def test_resamples_have_the_spread_of_the_mean():
    rng = np.random.default_rng(6)
    buyers = rng.exponential(size=300)
    found = means.bootstrap(buyers, 10_000, resamples=4000)
    whole = np.concatenate([buyers, np.zeros(9700)])
    assert found.mean() == pytest.approx(whole.mean(), rel=0.01)
    assert found.std() == pytest.approx(whole.std() / 100, rel=0.05)
    np.testing.assert_array_equal(found, means.bootstrap(buyers[::-1], 10_000, resamples=4000))
    assert not means.bootstrap([], 50, resamples=3).any()


def test_an_arm_has_no_fewer_members_than_buyers():
    with pytest.raises(ComputeError, match="n == 2, must be 3 or more"):
        means.bootstrap([1.0, 2.0, 3.0], 2)
