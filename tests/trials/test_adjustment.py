"""Ratios of sums and covariates: by hand, and the promise kept where units are unequal."""

import numpy as np
import pytest

from marketing_kpi.trials import means
from marketing_kpi.trials.adjustment import Columns, effective, values
from marketing_kpi.trials.sums import joint_of, of

RATIO = Columns(denominator=1)


def test_a_ratio_by_hand():
    """Revenue 10, 30, 20 over 1, 2, 2 orders: 12 an order; residuals -2, 6, -4 over a mean 5/3."""
    (found,) = values([joint_of([[10.0, 1], [30, 2], [20, 2]])], RATIO)
    residuals = np.array([-2.0, 6.0, -4.0]) / (5 / 3)
    shares = np.array([1, 2, 2]) / 5
    assert (found.n, float(found.mean)) == (3, 12.0)
    assert found.m2 == pytest.approx((residuals**2 * (1 + 2 * (shares - 1 / 3))).sum())
    assert found.m3 == pytest.approx((residuals**3).sum())


def test_a_ratio_over_equal_sizes_is_a_mean():
    rng = np.random.default_rng(0)
    y = rng.exponential(size=50)
    (found,) = values([joint_of(np.column_stack([y * 4, np.full(50, 4.0)]))], RATIO)
    np.testing.assert_allclose([*found], [float(x) for x in of(y)], rtol=1e-9)


def test_a_ratio_over_nothing_has_no_answer():
    (found,) = values([joint_of([[1.0, 0.0], [2.0, 0.0]])], RATIO)
    assert np.isnan(found.mean)


def test_a_covariate_by_hand():
    """Slope within the arms: (2 + 4) / (2 + 2) = 1.5; covariate means 2 and 3, 2.5 together."""
    control = np.array([[1.0, 1.0], [3.0, 3.0]])
    treatment = np.array([[4.0, 2.0], [8.0, 4.0]])
    first, second = values([joint_of(control), joint_of(treatment)], Columns(covariate=1))
    assert first.mean == pytest.approx(2 - 1.5 * (2 - 2.5))
    assert second.mean == pytest.approx(6 - 1.5 * (3 - 2.5))
    assert first.m2 == pytest.approx(((control[:, 0] - 1.5 * control[:, 1]) ** 2).sum() - 2 * 1)
    assert second.m2 == pytest.approx(2 * 0.5**2)


def test_a_constant_covariate_changes_nothing():
    rng = np.random.default_rng(1)
    y = [np.column_stack([rng.exponential(size=20), np.full(20, 7.0)]) for _ in range(2)]
    found = values([joint_of(part) for part in y], Columns(covariate=1))
    for part, arm in zip(y, found, strict=True):
        np.testing.assert_allclose([*arm], [float(x) for x in of(part[:, 0])], rtol=1e-9)


def test_what_the_covariate_explains_no_longer_widens_the_interval():
    rng = np.random.default_rng(2)
    arms = []
    for n in (300, 2700):
        before = rng.lognormal(0, 0.7, n)
        arms.append(np.column_stack([before + 0.3 * rng.standard_normal(n), before]))
    raw = means.welch(*(of(arm[:, 0]) for arm in arms))
    adjusted = means.welch(*values([joint_of(arm) for arm in arms], Columns(covariate=1)))
    assert (adjusted.high - adjusted.low) < 0.5 * (raw.high - raw.low)


def test_arrays_hold_several_comparisons():
    rng = np.random.default_rng(3)
    rows = rng.random((4, 30, 3)) + 1
    columns = Columns(denominator=1, covariate=2)
    together = values([joint_of(rows), joint_of(rows[::-1])], columns)
    for at in range(4):
        alone = values([joint_of(rows[at]), joint_of(rows[3 - at])], columns)
        for many, one in zip(together, alone, strict=True):
            np.testing.assert_allclose([many.mean[at], many.m2[at], many.m3[at]], one[1:])


def test_equal_clusters_are_as_many_as_there_are():
    assert effective(joint_of([[4.0], [4.0], [4.0]]), 0) == pytest.approx(3)


def stores(rng, count, spread, replications=2500):
    size = np.ceil(np.exp(3.5 + spread * rng.standard_normal((replications, count))))
    rate = np.clip(0.2 + 0.06 * rng.standard_normal(size.shape), 0.01, 0.9)
    return joint_of(np.stack([rng.binomial(size.astype(int), rate), size], axis=-1))


@pytest.mark.parametrize(("n0", "n1"), [(25, 25), (25, 225)])
def test_unequal_clusters_keep_the_promise(n0, n1):
    rng = np.random.default_rng(4)
    arms = [stores(rng, count, 0.4) for count in (n0, n1)]
    found = means.hall(*values(arms, Columns(denominator=1, size=1)))
    assert 0.035 < (found.p_value < 0.05).mean() < 0.064


def test_members_taken_for_units_do_not():
    """A store's members resemble each other: as if each had been drawn, one in four 'differs'."""
    from marketing_kpi.trials import rates

    rng = np.random.default_rng(5)
    x, n = [], []
    for _ in range(2):
        size = np.full((2000, 25), 200)
        rate = np.clip(0.2 + 0.06 * rng.standard_normal(size.shape), 0.01, 0.9)
        x.append(rng.binomial(size, rate).sum(axis=1))
        n.append(size.sum(axis=1))
    assert (rates.p_value(x[1], n[1], x[0], n[0]) < 0.05).mean() > 0.2


def test_ratios_of_members_keep_the_promise():
    rng = np.random.default_rng(6)
    arms = []
    for n in (200, 1800):
        orders = rng.poisson(1.0, (600, n))
        spent = orders * 30 * np.exp(0.5 * rng.standard_normal((600, n)))
        arms.append(joint_of(np.stack([spent, orders], axis=-1)))
    found = means.hall(*values(arms, RATIO))
    assert 0.025 < (found.p_value < 0.05).mean() < 0.077  # three standard errors of 600
