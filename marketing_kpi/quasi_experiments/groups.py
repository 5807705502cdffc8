"""Two groups of units: the difference of their means, its interval, and a permutation of units.

The functions take arrays whose first axis is the units; what follows, if anything, is
replications: the calibration in ``benchmarks`` runs the very code that users call.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

ARRANGEMENTS = 10_000
"""Ways to draw the treated units up to which all are tried; from there on, some are drawn."""

_CELLS = 1_000_000  # units times arrangements: what takes some hundredths of a second
_FEWEST_DRAWN = 499
_SEED = 20_250_602
_SAME = 1e-12  # differences that lie no further apart, relative to the largest, are ties


class Part(NamedTuple):
    """A mean that enters an effect, and the error of it.

    Attributes
    ----------
    mean
        The mean.
    variance
        Of the mean: the variance over units divided by how many they are.
    freedom
        Units less one.
    """

    mean: Floats
    variance: Floats
    freedom: Floats


class Estimate(NamedTuple):
    """An estimate with its interval and p-value, arrays of one shape.

    Attributes
    ----------
    value, error, freedom
        The estimate, its standard error, and the degrees of freedom of that.
    low, high
        Ends of the 1 - alpha interval; NaN without an error.
    p_value
        Two-sided, of the value 0; NaN without an error.
    """

    value: Floats
    error: Floats
    freedom: Floats
    low: Floats
    high: Floats
    p_value: Floats


class Permutation(NamedTuple):
    """What a permutation of units says, arrays of one shape.

    Attributes
    ----------
    p_value
        Two-sided: twice the smaller of both shares of arrangements at least as extreme, at most 1.
    low, high
        The effects that it does not reject at alpha; infinite where there are too few ways to draw
        the treated units to exclude any.
    """

    p_value: Floats
    low: Floats
    high: Floats


def part(values: ArrayLike) -> Part:
    """Return the mean of values over units, the first axis, with its variance.

    >>> mean, variance, freedom = part([1.0, 2.0, 3.0, 6.0])
    >>> float(mean), round(float(variance), 4), float(freedom)
    (3.0, 1.1667, 3.0)
    """
    values = np.asarray(values, dtype=float)
    mean = values.mean(axis=0)
    squares = ((values - mean) ** 2).sum(axis=0)
    return part_of(mean, squares=squares, count=np.full(np.shape(mean), float(len(values))))


def part_of(mean: ArrayLike, *, squares: ArrayLike, count: ArrayLike) -> Part:
    """Return a mean with its variance, from the sum of squared distances to it.

    >>> float(part_of(3.0, squares=14.0, count=4).freedom)
    3.0
    """
    count = np.asarray(count, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.asarray(squares, dtype=float) / (count - 1) / count
    return Part(np.asarray(mean, dtype=float), variance, count - 1)


def estimate(value: ArrayLike, parts: tuple[Part, ...], *, alpha: float) -> Estimate:
    r"""Return the interval of a sum or difference of independent means.

    Parameters
    ----------
    value
        Their sum or difference.
    parts
        Each of them; one of a single unit, or no spread at all, leaves no interval.
    alpha
        One less the level of the interval.

    Notes
    -----
    Welch and Satterthwaite: :math:`s^2 = \sum_k s_k^2`, on
    :math:`(\sum_k s_k^2)^2 / \sum_k s_k^4 / f_k` degrees of freedom, :math:`s_k^2` being the
    variance of a mean and :math:`f_k` its units less one.

    References
    ----------
    Welch, B. L. (1947). The generalization of "Student's" problem when several different
    population variances are involved. Biometrika 34(1-2), 28-35.

    Examples
    --------
    >>> found = estimate(-1.0, (part([1.0, 2.0, 3.0]), part([2.0, 3.0, 4.0])), alpha=0.05)
    >>> round(float(found.low), 4), round(float(found.high), 4), round(float(found.p_value), 4)
    (-3.267, 1.267, 0.2879)
    """
    from scipy import special

    value = np.asarray(value, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        square = np.asarray(sum(each.variance for each in parts), dtype=float)
        spread = sum(each.variance**2 / each.freedom for each in parts)
        freedom = np.where(square > 0, square**2 / spread, np.nan)
        error = np.where(square > 0, np.sqrt(square), np.nan)
        p_value = 2 * special.stdtr(freedom, -np.abs(value) / error)
        reach = special.stdtrit(freedom, 1 - alpha / 2) * error
    return Estimate(value, error, freedom, value - reach, value + reach, p_value)


def difference(treated: ArrayLike, control: ArrayLike, *, alpha: float) -> Estimate:
    """Return the difference of the means of two groups of units, by Welch's method.

    >>> found = difference([2.0, 3.0, 4.0], [1.0, 2.0, 3.0], alpha=0.05)
    >>> float(found.value), round(float(found.p_value), 4)
    (1.0, 0.2879)
    """
    first, second = part(treated), part(control)
    return estimate(first.mean - second.mean, (first, second), alpha=alpha)


def ratio_interval(
    top: Floats,
    bottom: Floats,
    *,
    top_variance: Floats,
    bottom_variance: Floats,
    covariance: Floats,
    quantile: Floats,
) -> tuple[Floats, Floats]:
    r"""Return the interval of a ratio of two means: Fieller's, from the test of each ratio.

    Parameters
    ----------
    top, bottom
        The means; both ends are NaN where the bottom is not clearly above 0.
    top_variance, bottom_variance, covariance
        Of those means.
    quantile
        Of Student's t, with the degrees of freedom of the test of top - bottom.

    Notes
    -----
    A ratio :math:`\rho` is kept when
    :math:`(a - \rho b)^2 \le t^2 (v_a - 2 \rho c + \rho^2 v_b)`. At :math:`\rho = 1` that is the
    test of the difference: the interval excludes 1 exactly when that of the difference excludes 0.

    References
    ----------
    Fieller, E. C. (1954). Some problems in interval estimation. Journal of the Royal Statistical
    Society, Series B 16(2), 175-185.
    """
    squared = quantile**2
    curve = bottom**2 - squared * bottom_variance
    middle = top * bottom - squared * covariance
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(middle**2 - curve * (top**2 - squared * top_variance))
        known = (curve > 0) & (bottom > 0)
        low, high = (middle - root) / curve, (middle + root) / curve
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


@lru_cache(maxsize=8)
def _every_arrangement(treated: int, units: int) -> NDArray[np.bool_]:
    """Return a row a way to choose the treated units, of which one is the choice that was made."""
    chosen = np.array(list(combinations(range(units), treated)))
    rows = np.zeros((len(chosen), units), dtype=bool)
    np.put_along_axis(rows, chosen, True, axis=1)
    rows.flags.writeable = False
    return rows


def _arrangements(
    treated: int, units: int, rng: np.random.Generator | None
) -> tuple[NDArray[np.bool_], int]:
    """Return ways to choose the treated units, and how many more count as extreme as what was seen.

    Of all ways, one is the choice that was made; to those drawn it is added.
    """
    if math.comb(units, treated) <= min(ARRANGEMENTS, _CELLS // units):
        return _every_arrangement(treated, units), 0
    rng = np.random.default_rng(_SEED) if rng is None else rng
    count = max(_FEWEST_DRAWN, min(ARRANGEMENTS - 1, _CELLS // units))
    keys = rng.random((count, units), dtype=np.float32)
    limit = np.partition(keys, treated - 1, axis=1)[:, [treated - 1]]
    return keys <= limit, 1


def permute(
    treated: ArrayLike,
    control: ArrayLike,
    *,
    alpha: float,
    rng: np.random.Generator | None = None,
) -> Permutation:
    r"""Compare the difference of two groups' means with that of groups drawn from all units.

    Parameters
    ----------
    treated, control
        A value a unit, on the first axis; at least one unit each. Memory grows as arrangements
        times replications: some hundreds of those at a time.
    alpha
        One less the level of the interval.
    rng
        Draws the arrangements, where there are more than `ARRANGEMENTS`; by default one of a
        fixed seed, so that the answer stays the same from call to call.

    Notes
    -----
    Exact, however few the units, if the treated ones might as well have been others. An effect
    :math:`\delta` is rejected from below when the difference, once :math:`\delta` is taken from
    the treated, is among the largest; solving for :math:`\delta` in each arrangement,
    :math:`\delta_k = (m - m_k) / (1 - c_k)` with :math:`c_k` what a unit of effect adds to the
    difference of arrangement :math:`k`, leaves order statistics for the ends. What was seen counts
    among the arrangements drawn (Phipson and Smyth 2010), so that p is never 0.

    References
    ----------
    Phipson, B. and Smyth, G. K. (2010). Permutation p-values should never be zero. Statistical
    Applications in Genetics and Molecular Biology 9(1), article 39.

    Examples
    --------
    >>> found = permute([5.0, 6.0, 7.0, 8.0], [1.0, 2.0, 3.0, 4.0], alpha=0.05)
    >>> round(float(found.p_value), 4)  # the most extreme of 70 arrangements, on either side
    0.0286
    """
    # In order, so that neither the order of rows nor the names of units change what is drawn.
    first = np.sort(np.asarray(treated, dtype=float), axis=0)
    second = np.sort(np.asarray(control, dtype=float), axis=0)
    values = np.concatenate([first, second])
    count, others = len(first), len(second)
    chosen, added = _arrangements(count, count + others, rng)
    seen = first.mean(axis=0) - second.mean(axis=0)
    weight = 1 / count + 1 / others
    values = values - values.mean(axis=0)
    # not a matrix product: its idle threads would take as long again as the whole answer
    differences = np.einsum("ku,u...->k...", chosen.astype(float), values) * weight
    slack = _SAME * np.abs(values).max(axis=0)
    ways = len(chosen) + added
    above = ((differences >= seen - slack).sum(axis=0) + added) / ways
    below = ((differences <= seen + slack).sum(axis=0) + added) / ways
    low, high = _not_rejected(seen - differences, 1 - _carried(chosen, count, weight), alpha, added)
    return Permutation(np.minimum(1.0, 2 * np.minimum(above, below)), low, high)


def _carried(chosen: NDArray[np.bool_], count: int, weight: float) -> Floats:
    """Return what an effect of 1 on the treated adds to the difference of each arrangement."""
    total = chosen.shape[1]
    carried: Floats = (chosen[:, :count].sum(axis=1) - count * count / total) * weight
    return carried


def _not_rejected(gaps: Floats, shares: Floats, alpha: float, added: int) -> tuple[Floats, Floats]:
    """Return the ends of the effects that are rejected on neither side at half of alpha."""
    others = shares > 1e-9  # the choice that was made moves with the effect, whatever that is
    same = int((~others).sum()) + added
    # Rejected is an effect that leaves fewer than alpha / 2 of all ways at least as extreme.
    spare = math.ceil(alpha / 2 * (len(gaps) + added) - 1e-9) - 1 - same
    if spare < 0:
        open_end = np.full(gaps.shape[1:], np.inf)
        return -open_end, open_end
    ends = (gaps[others].T / shares[others]).T
    last = len(ends) - 1 - spare
    ends = np.partition(ends, (spare, last), axis=0)
    return ends[spare], ends[last]
