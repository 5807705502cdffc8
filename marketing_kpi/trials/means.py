"""Two means of values that may be skewed and mostly zero, as revenue a head is.

Functions of moments, in numpy: arrays of one shape hold several comparisons. `permutation_p` and
`bootstrap` take the values of the buyers instead, and count everyone else as a 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.intervals import normal_score, studentised
from marketing_kpi.trials.rates import Bounds
from marketing_kpi.trials.sums import Array, Moments

SEED = 20_260_101
"""Seed of the permutations and resamples when no generator is given."""

PERMUTATIONS = 4_999
RESAMPLES = 10_000


class Difference(NamedTuple):
    """The difference of two means, treatment less control.

    Attributes
    ----------
    value
        The difference.
    low, high
        Its interval.
    p_value
        Of no difference, two-sided: under alpha just when the interval excludes 0.
    statistic
        The difference over its standard error, of Welch.
    skew
        Skewness of the difference that the interval allows for; 0 in Welch's.

    All are arrays, NaN where an arm has fewer than two values or neither arm's vary.
    """

    value: Array
    low: Array
    high: Array
    p_value: Array
    statistic: Array
    skew: Array


def welch(control: Moments, treatment: Moments, *, alpha: npt.ArrayLike = 0.05) -> Difference:
    """Compare two means by Welch's t test: for reference, where values are not skewed.

    Parameters
    ----------
    control, treatment
        Moments of the values of both arms.
    alpha
        One less the confidence.

    References
    ----------
    Welch, B. L. (1947). The generalization of "Student's" problem when several different
    population variances are involved. Biometrika 34(1/2), 28-35.

    Examples
    --------
    >>> from marketing_kpi.trials.sums import of
    >>> found = welch(of([1.0, 2.0, 3.0]), of([2.0, 4.0, 9.0]))
    >>> round(float(found.statistic), 4), round(float(found.p_value), 4)
    (1.3887, 0.2838)
    """
    return _compared(control, treatment, np.zeros(()), alpha)


def hall(control: Moments, treatment: Moments, *, alpha: npt.ArrayLike = 0.05) -> Difference:
    r"""Compare two means that may be skewed, allowing for the skewness of their difference.

    Parameters
    ----------
    control, treatment
        Moments of the values of both arms.
    alpha
        One less the confidence.

    Notes
    -----
    The mean of a small arm misses the big spenders most of the time, with a variance that is then
    too small: Welch's test takes the larger arm for the better one. Hall's transformation allows
    for it. With :math:`T` Welch's statistic and :math:`s` the skewness of the difference,
    :math:`T + s T^2 / 3 + s^2 T^3 / 27 + s / 6` is referred to Student's t of Welch's degrees of
    freedom; its inverse gives the interval, so that the two agree. :math:`s` is the skewness
    :math:`g` of the values, pooled within the arms since a small one knows little of its own,
    times :math:`(1 / n_1^2 - 1 / n_0^2) / (1 / n_1 + 1 / n_0)^{3/2}`: 0 between equal arms.

    References
    ----------
    Hall, P. (1992). On the removal of skewness by transformation. Journal of the Royal Statistical
    Society, Series B 54(1), 221-228.

    Zhou, X.-H. and Dinh, P. (2005). Nonparametric confidence intervals for the one- and two-sample
    problems. Biostatistics 6(2), 187-200.

    Examples
    --------
    >>> from marketing_kpi.trials.sums import of
    >>> found = hall(of([0.0] * 40 + [30.0]), of([0.0] * 380 + [20.0, 40.0, 90.0] * 10))
    >>> float(found.low) < 0 < float(found.high), round(float(found.skew), 2)
    (True, -0.66)
    """
    return _compared(control, treatment, skew_of_difference(control, treatment), alpha)


def skewness(*arms: Moments) -> Array:
    """Return the skewness of the values within the arms, pooled; 0 where none varies."""
    members = sum(np.asarray(arm.n, dtype="float64") for arm in arms)
    squares = sum(np.asarray(arm.m2) for arm in arms)
    cubes = sum(np.asarray(arm.m3) for arm in arms)
    varies = squares > 0
    found: Array = np.where(
        varies, np.sqrt(members) * cubes / np.where(varies, squares, 1.0) ** 1.5, 0.0
    )
    return found


def skew_of_difference(control: Moments, treatment: Moments) -> Array:
    """Return the skewness of the difference of two means, from that of the values, pooled."""
    n0, n1 = (np.asarray(arm.n, dtype="float64") for arm in (control, treatment))
    with np.errstate(divide="ignore", invalid="ignore"):
        shape = (1 / n1**2 - 1 / n0**2) / (1 / n1 + 1 / n0) ** 1.5
    found: Array = skewness(control, treatment) * shape
    return found


def relative(control: Moments, treatment: Moments, *, alpha: npt.ArrayLike = 0.05) -> Bounds:
    r"""Return the relative lift of a mean, treatment / control - 1, and its interval.

    Parameters
    ----------
    control, treatment
        Moments of the values of both arms.
    alpha
        One less the confidence.

    Returns
    -------
    Bounds
        Fractions. NaN where the mean of the control is not above 0; an end is NaN where there is
        none, as the mean of the control may be 0 for all that is known.

    Notes
    -----
    Fieller's: the ratios :math:`R` for which treatment - R × control does not differ from 0, by
    the statistic of `hall` with the skewness and the degrees of freedom of `R = 1`. So the
    interval excludes 0 just when that of the difference does.

    References
    ----------
    Fieller, E. C. (1954). Some problems in interval estimation. Journal of the Royal Statistical
    Society, Series B 16(2), 175-185.

    Examples
    --------
    >>> from marketing_kpi.trials.sums import of
    >>> found = relative(of([8.0, 10.0, 12.0, 10.0] * 10), of([9.0, 11.0, 13.0, 11.0] * 10))
    >>> [round(float(bound), 3) for bound in found]
    [0.1, 0.035, 0.169]
    """
    m0, m1 = (np.asarray(arm.mean, dtype="float64") for arm in (control, treatment))
    v0, v1 = control.variance / control.n, treatment.variance / treatment.n
    score = _score(_freedom(v0, control.n, v1, treatment.n), alpha)
    skew = skew_of_difference(control, treatment)

    def bound(t: Array) -> Array:
        slope = m0**2 - t**2 * v0
        spread = np.sqrt(np.maximum(m1**2 * v0 + m0**2 * v1 - t**2 * v0 * v1, 0.0))
        return np.where((slope > 0) & (m0 > 0), (m0 * m1 - t * spread) / slope - 1, np.nan)

    with np.errstate(divide="ignore", invalid="ignore"):
        lift = np.where(m0 > 0, m1 / m0 - 1, np.nan)
        return Bounds(lift, bound(studentised(score, skew)), bound(studentised(-score, skew)))


def _compared(
    control: Moments, treatment: Moments, skew: Array, alpha: npt.ArrayLike
) -> Difference:
    from scipy.special import stdtr

    v0, v1 = control.variance / control.n, treatment.variance / treatment.n
    error = standard_error(control, treatment)
    freedom = _freedom(v0, control.n, v1, treatment.n)
    difference = np.asarray(treatment.mean - control.mean, dtype="float64")
    statistic = difference / error
    score = _score(freedom, alpha)
    return Difference(
        difference,
        difference - error * studentised(score, skew),
        difference - error * studentised(-score, skew),
        2 * stdtr(freedom, -np.abs(normal_score(statistic, skew))),
        statistic,
        skew + np.zeros_like(statistic),
    )


def standard_error(control: Moments, treatment: Moments) -> Array:
    """Return the standard error of the difference of two means; NaN where neither arm varies."""
    error = np.sqrt(control.variance / control.n + treatment.variance / treatment.n)
    return np.asarray(np.where(error > 0, error, np.nan))


def _freedom(v0: Array, n0: Array, v1: Array, n1: Array) -> Array:
    """Return Welch's degrees of freedom, from the variances of both means."""
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = v0**2 / (np.asarray(n0) - 1) + v1**2 / (np.asarray(n1) - 1)
        found: Array = (v0 + v1) ** 2 / parts
    return found


def _score(freedom: Array, alpha: npt.ArrayLike) -> Array:
    from scipy.special import stdtrit

    quantile: Array = -stdtrit(freedom, np.asarray(alpha, dtype="float64") / 2)
    return quantile


# --- From the values of the buyers ----------------------------------------------------------


def permutation_p(
    control: npt.ArrayLike,
    n0: int,
    treatment: npt.ArrayLike,
    n1: int,
    *,
    permutations: int = PERMUTATIONS,
    rng: np.random.Generator | None = None,
) -> float:
    """Test whether two arms differ, by dealing the members to them again and again.

    Parameters
    ----------
    control, treatment
        Values of the buyers of both arms; every other member counts as a 0.
    n0, n1
        Members of both arms, buyers included.
    permutations
        How often they are dealt.
    rng
        Source of chance; by default one of a fixed seed, `SEED`, so that the p-value of given
        members is always the same.

    Returns
    -------
    float
        Two-sided: twice the smaller share of deals whose statistic lies as far out; at least
        2 / (permutations + 1). NaN where the statistic is not defined: no values, or all equal.

    Notes
    -----
    The number of buyers dealt to an arm is hypergeometric, and those are drawn without
    replacement: everyone else brings 0 whichever arm they are in. The statistic is Welch's: with
    it the test is also right, on large samples, for arms of equal means that differ otherwise.

    References
    ----------
    Janssen, A. (1997). Studentized permutation tests for non-i.i.d. hypotheses and the generalized
    Behrens-Fisher problem. Statistics and Probability Letters 36(1), 9-21.

    Examples
    --------
    >>> permutation_p([10.0, 20.0], 100, [10.0, 20.0, 30.0] * 60, 900, permutations=199)
    0.01
    """
    # Sorted: what is dealt then depends on the values, not on the order of the rows.
    values = np.sort(np.concatenate([np.asarray(control), np.asarray(treatment)]).astype("float64"))
    rng = np.random.default_rng(SEED) if rng is None else rng
    members = np.array([n0, n1], dtype="float64")
    seen = np.asarray(control, dtype="float64")
    totals = np.array([values.sum(), (values**2).sum()])
    observed = _welch_t(np.array([[seen.sum(), (seen**2).sum()]]), totals, members)[0]
    if not np.isfinite(observed):
        return float("nan")
    dealt = rng.hypergeometric(len(values), n0 + n1 - len(values), n0, size=permutations)
    sums = np.empty((permutations, 2))
    for row, count in enumerate(dealt):
        drawn = values[rng.choice(len(values), count, replace=False, shuffle=False)]
        sums[row] = drawn.sum(), drawn @ drawn
    statistics = _welch_t(sums, totals, members)
    # A deal is as far out as the one seen although its sums were added in another order.
    slack = 1e-9 * max(abs(observed), 1.0)
    tails = (statistics <= observed + slack).sum(), (statistics >= observed - slack).sum()
    return float(min(1.0, 2 * (min(tails) + 1) / (permutations + 1)))


def _welch_t(sums: Array, totals: Array, members: Array) -> Array:
    """Return Welch's statistic of each deal, from the control's sums of values and squares."""
    n0, n1 = members
    rest = totals - sums
    mean0, mean1 = sums[:, 0] / n0, rest[:, 0] / n1
    with np.errstate(divide="ignore", invalid="ignore"):
        v0 = np.maximum(sums[:, 1] - n0 * mean0**2, 0.0) / (n0 * (n0 - 1))
        v1 = np.maximum(rest[:, 1] - n1 * mean1**2, 0.0) / (n1 * (n1 - 1))
        found: Array = (mean1 - mean0) / np.sqrt(v0 + v1)
    return found


def bootstrap(
    buyers: npt.ArrayLike,
    n: int,
    *,
    resamples: int = RESAMPLES,
    rng: np.random.Generator | None = None,
) -> Array:
    """Resample the mean of an arm, most of whose members brought 0.

    Parameters
    ----------
    buyers
        Values of its buyers.
    n
        Its members, buyers included.
    resamples
        How many.
    rng
        Source of chance; by default one of the fixed seed `SEED`.

    Returns
    -------
    numpy.ndarray
        The mean a head of each resample.

    Raises
    ------
    ComputeError
        When the arm has fewer members than buyers.

    Notes
    -----
    The number of buyers in a resample of all members is binomial, and they are drawn from the
    buyers: the same distribution as drawing every member, at a fraction of the time. For
    reference: on few buyers its percentiles miss as often as Welch's interval does (`hall`).

    References
    ----------
    Efron, B. and Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman and Hall.

    Examples
    --------
    >>> means = bootstrap([20.0, 40.0, 90.0], 100, resamples=2000)
    >>> means.shape, bool(abs(means.mean() - 1.5) < 0.1)
    ((2000,), True)
    """
    values = np.sort(np.asarray(buyers, dtype="float64"))
    rng = np.random.default_rng(SEED) if rng is None else rng
    if n < len(values):
        raise ComputeError(
            f"n == {n!r}, must be {len(values)} or more", hint="it counts all members, buyers too"
        )
    if not len(values):
        return np.zeros(resamples)
    counts = rng.binomial(n, len(values) / n, size=resamples)
    means = np.empty(resamples)
    for row, count in enumerate(counts):
        means[row] = values[rng.integers(len(values), size=count, dtype=np.uint32)].sum()
    return means / n
