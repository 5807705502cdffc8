"""95 % intervals of what chapters estimate: shares, ratios, means of skewed values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import numpy.typing as npt

Z95 = 1.959963984540054
"""97.5th percentile of the standard normal distribution."""


class Interval(NamedTuple):
    """A 95 % interval; both ends null when there is none."""

    low: float | None = None
    high: float | None = None


def wilson(share: float, count: float) -> Interval:
    """Return the Wilson 95 % interval of a proportion.

    Parameters
    ----------
    share
        The proportion seen, from 0 to 1.
    count
        How many it was seen on; no interval when 0.

    Notes
    -----
    Nobody seen gives a low end of 0, everybody a high end of 1, exactly.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference.
    Journal of the American Statistical Association 22(158).

    Examples
    --------
    >>> low, high = wilson(0.8, 70)
    >>> round(low, 4), round(high, 4)
    (0.6918, 0.877)
    """
    if not count > 0:
        return Interval()
    return Interval(_lower(share, count), 1 - _lower(1 - share, count))


def wilson_columns(
    share: ir.FloatingValue, count: ir.NumericValue
) -> tuple[ir.FloatingValue, ir.FloatingValue]:
    """Return both ends of `wilson`'s interval as expressions; null where the count is 0.

    Examples
    --------
    >>> import ibis
    >>> low, high = wilson_columns(ibis.literal(0.8), ibis.literal(70))
    >>> round(low.execute(), 4), round(high.execute(), 4)
    (0.6918, 0.877)
    """
    known = count.nullif(0)
    return _lower(share, known), 1 - _lower(1 - share, known)


def _lower(share: Any, count: Any) -> Any:
    """Return Wilson's low end, as the product of both over the high one.

    Their difference to the centre would leave it a rounding away from 0 where it is 0.
    """
    squared = Z95**2 / count
    spread = Z95 * ((share * (1 - share) + squared / 4) / count) ** 0.5
    return share * share / (share + squared / 2 + spread)


def ratio_error(ratio: float, *, count: float, x: float, xx: float, xy: float, yy: float) -> float:
    """Return the standard error of a ratio of two sums, over units that were drawn.

    Parameters
    ----------
    ratio
        The sum of y over that of x.
    count
        How many units, 2 or more: customers, where those come and go with all their orders.
    x
        The sum of x, not 0.
    xx, xy, yy
        The sums of squares and of products.

    Notes
    -----
    Linearised: ``sqrt(n / (n - 1) * sum((y - R x)^2)) / |sum(x)|``.

    References
    ----------
    Cochran, W. G. (1977). Sampling Techniques, 3rd ed., Wiley, chapter 6 (ratio estimates).

    Examples
    --------
    >>> round(ratio_error(0.5, count=4, x=4, xx=4, xy=2, yy=2), 4)  # two of four: a share
    0.2887
    """
    spread = max(yy - 2 * ratio * xy + ratio**2 * xx, 0.0)
    return math.sqrt(spread * count / (count - 1)) / abs(x)


def mean_interval(
    mean: float, *, variance: float, skewness: float, count: float
) -> tuple[float, float]:
    r"""Return the 95 % interval of the mean of values that may be skewed, as spending is.

    Parameters
    ----------
    mean, variance, skewness
        Of the values; the skewness is the mean cube of their distances to the mean, in standard
        deviations.
    count
        How many values; both ends are NaN under 2.

    Notes
    -----
    Hall's transformation takes the studentised mean, whose skewness is :math:`s` = skewness /
    :math:`\sqrt{n}`, to a normal quantile :math:`z`; its inverse gives the ends of the interval,
    :math:`\bar{x} - \sqrt{v / n} \, \frac{3}{s} \left( \sqrt[3]{1 + s (z - s / 6)} - 1 \right)`.
    Without skewness they are the usual mean ± 1.96 standard errors.

    References
    ----------
    Hall, P. (1992). On the removal of skewness by transformation. Journal of the Royal Statistical
    Society, Series B 54(1), 221-228.

    Examples
    --------
    >>> low, high = mean_interval(50.0, variance=2500.0, skewness=2.0, count=100)
    >>> round(low, 2), round(high, 2)
    (41.39, 61.7)
    """
    if not count > 1:
        return math.nan, math.nan
    error, skew = math.sqrt(variance / count), skewness / math.sqrt(count)
    low, high = (mean - error * float(studentised(z, skew)) for z in (Z95, -Z95))
    return low, high


def studentised(z: npt.ArrayLike, skew: npt.ArrayLike) -> npt.NDArray[np.float64]:
    r"""Return the value of a studentised mean that Hall's transformation takes to a quantile.

    Parameters
    ----------
    z
        The normal quantile.
    skew
        Skewness of the mean: of n values, theirs / :math:`\sqrt{n}`.

    Notes
    -----
    The inverse of `normal_score`: :math:`\frac{3}{s} (c - 1)` with :math:`c^3 = 1 + s (z - s / 6)`,
    written so that nothing is divided by the skewness.

    Examples
    --------
    >>> float(studentised(1.96, 0.0)), round(float(studentised(1.96, 0.5)), 4)
    (1.96, 1.481)
    """
    z, skew = np.asarray(z, dtype="float64"), np.asarray(skew, dtype="float64")
    shifted = z - skew / 6
    root = np.cbrt(1 + skew * shifted)
    value: npt.NDArray[np.float64] = 3 * shifted / (root * root + root + 1)
    return value


def normal_score(t: npt.ArrayLike, skew: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the normal quantile that Hall's transformation makes of a studentised mean.

    Parameters
    ----------
    t
        The studentised mean: distance to the true one, over the standard error.
    skew
        As in `studentised`.

    Examples
    --------
    >>> round(float(normal_score(studentised(1.96, 0.5), 0.5)), 9)
    1.96
    """
    t, skew = np.asarray(t, dtype="float64"), np.asarray(skew, dtype="float64")
    score: npt.NDArray[np.float64] = t + skew * t**2 / 3 + skew**2 * t**3 / 27 + skew / 6
    return score
