"""Two rates: is the difference chance, and between which bounds does it lie?

Functions of counts, in numpy: arrays of one shape hold several comparisons.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from marketing_kpi.trials.sums import Array

FEW_EXPECTED = 10.0
"""Expected count of a cell under which the p-value is exact, with half of the table's own."""


class Bounds(NamedTuple):
    """An estimate and its interval; NaN where there is none."""

    value: Array
    low: Array
    high: Array


def expected(x1: npt.ArrayLike, n1: npt.ArrayLike, x0: npt.ArrayLike, n0: npt.ArrayLike) -> Array:
    """Return the smallest count that is expected in the four cells, were the rates equal.

    Parameters
    ----------
    x1, n1, x0, n0
        As in `p_value`.

    Examples
    --------
    >>> float(expected(27, 900, 1, 100))
    2.8
    """
    x1, n1, x0, n0 = _counts(x1, n1, x0, n0)
    events, total = x1 + x0, n1 + n0
    return np.minimum(n1, n0) * np.minimum(events, total - events) / np.where(total > 0, total, 1)


def p_value(x1: npt.ArrayLike, n1: npt.ArrayLike, x0: npt.ArrayLike, n0: npt.ArrayLike) -> Array:
    """Test whether two rates differ, two-sided.

    Parameters
    ----------
    x1, n1
        Events and members of the treatment.
    x0, n0
        Of the control.

    Returns
    -------
    numpy.ndarray
        1 where no member, or each, has the event; NaN where an arm has no members.

    Notes
    -----
    The z test with the pooled rate; where a count of fewer than `FEW_EXPECTED` is expected, the
    mid-p of the hypergeometric distribution: twice the smaller of its tails, the table seen
    counted half. In tails of 2.5 % each, the z test of a small control hardly ever finds the
    treatment higher, and too often lower: its statistic is skewed.

    References
    ----------
    Agresti, A. (2013). Categorical Data Analysis, 3rd edition. Wiley, chapters 3 and 16.

    Examples
    --------
    >>> round(float(p_value(267, 21307, 122, 21306)), 12)
    0.0
    >>> round(float(p_value(27, 900, 1, 100)), 3)
    0.261
    """
    from scipy.special import ndtr

    x1, n1, x0, n0 = np.broadcast_arrays(*_counts(x1, n1, x0, n0))
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = (x1 + x0) / (n1 + n0)
        error = np.sqrt(rate * (1 - rate) * (1 / n1 + 1 / n0))
        z = np.where(error > 0, (x1 / n1 - x0 / n0) / error, 0.0)
    found = np.asarray(2 * ndtr(-np.abs(z)))
    few = expected(x1, n1, x0, n0) < FEW_EXPECTED
    if few.any():
        found[few] = _mid_p(x1[few], n1[few], x0[few], n0[few])
    return np.where((n1 > 0) & (n0 > 0), found, np.nan)


def _mid_p(x1: Array, n1: Array, x0: Array, n0: Array) -> Array:
    from scipy.stats import hypergeom

    shape = (n1 + n0, x1 + x0, n0)
    half = hypergeom.pmf(x0, *shape) / 2
    tail = np.minimum(hypergeom.cdf(x0 - 1, *shape), hypergeom.sf(x0, *shape))
    found: Array = np.minimum(2 * (tail + half), 1.0)
    return found


def wilson(x: npt.ArrayLike, n: npt.ArrayLike, *, alpha: npt.ArrayLike = 0.05) -> Bounds:
    """Return a rate and Wilson's interval; NaN where there are no members.

    Parameters
    ----------
    x, n
        Events and members.
    alpha
        One less the confidence.

    Examples
    --------
    >>> [round(float(bound), 4) for bound in wilson(56, 70)]
    [0.8, 0.6918, 0.877]
    """
    x, n = _counts(x, n)
    z = _normal(alpha)
    n = np.where(n > 0, n, np.nan)

    def lower(events: Array) -> Array:
        # As a product over the high end: a difference would leave 0 a rounding away from 0.
        rate, squared = events / n, z**2 / n
        spread = z * np.sqrt((rate * (1 - rate) + squared / 4) / n)
        found: Array = rate * rate / (rate + squared / 2 + spread)
        return found

    return Bounds(x / n, lower(x), 1 - lower(n - x))


def newcombe(
    x1: npt.ArrayLike,
    n1: npt.ArrayLike,
    x0: npt.ArrayLike,
    n0: npt.ArrayLike,
    *,
    alpha: npt.ArrayLike = 0.05,
) -> Bounds:
    """Return the difference of two rates and its interval, Newcombe's method 10.

    Parameters
    ----------
    x1, n1, x0, n0
        As in `p_value`.
    alpha
        One less the confidence.

    Returns
    -------
    Bounds
        Treatment less control; NaN where an arm has no members.

    Notes
    -----
    It squares and adds the distances of both rates to their Wilson limits: the lower limit of
    the difference takes the low one of the first rate and the *high* one of the second.

    References
    ----------
    Newcombe, R. G. (1998). Interval estimation for the difference between independent
    proportions: comparison of eleven methods. Statistics in Medicine 17(8), 873-890.

    Examples
    --------
    >>> [round(float(bound), 4) for bound in newcombe(56, 70, 48, 80)]
    [0.2, 0.0524, 0.3339]
    """
    one, other = wilson(x1, n1, alpha=alpha), wilson(x0, n0, alpha=alpha)
    difference = one.value - other.value
    low = difference - np.hypot(one.value - one.low, other.high - other.value)
    high = difference + np.hypot(one.high - one.value, other.value - other.low)
    return Bounds(difference, low, high)


def relative(
    x1: npt.ArrayLike,
    n1: npt.ArrayLike,
    x0: npt.ArrayLike,
    n0: npt.ArrayLike,
    *,
    alpha: npt.ArrayLike = 0.05,
) -> Bounds:
    """Return the relative lift of a rate, treatment / control - 1, and its interval.

    Parameters
    ----------
    x1, n1, x0, n0
        As in `p_value`.
    alpha
        One less the confidence.

    Returns
    -------
    Bounds
        Fractions; NaN where the control has no event, or an arm no members.

    Notes
    -----
    The interval is that of the logarithm of the ratio, with half an event, and half a member,
    added to each arm.

    References
    ----------
    Walter, S. D. (1975). The distribution of Levin's measure of attributable risk. Biometrika
    62(2), 371-374.

    Examples
    --------
    >>> [round(float(bound), 3) for bound in relative(267, 21307, 122, 21306)]
    [1.188, 0.765, 1.702]
    """
    x1, n1, x0, n0 = np.broadcast_arrays(*_counts(x1, n1, x0, n0))
    with np.errstate(divide="ignore", invalid="ignore"):
        lift = (x1 / n1) / (x0 / n0) - 1
        centre = np.log((x1 + 0.5) / (n1 + 0.5)) - np.log((x0 + 0.5) / (n0 + 0.5))
        variance = 1 / (x1 + 0.5) - 1 / (n1 + 0.5) + 1 / (x0 + 0.5) - 1 / (n0 + 0.5)
    half = _normal(alpha) * np.sqrt(np.maximum(variance, 0.0))
    known = (x0 > 0) & (n1 > 0)
    bounds = (lift, np.exp(centre - half) - 1, np.exp(centre + half) - 1)
    return Bounds(*(np.where(known, bound, np.nan) for bound in bounds))


def _normal(alpha: npt.ArrayLike) -> Array:
    from scipy.special import ndtri

    quantile: Array = -ndtri(np.asarray(alpha, dtype="float64") / 2)
    return quantile


def _counts(*counts: npt.ArrayLike) -> tuple[Array, ...]:
    return tuple(np.asarray(count, dtype="float64") for count in counts)
