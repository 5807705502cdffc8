"""Intervals where the parcels of one day share their fate, and a test between groups."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from marketing_kpi.kpis.intervals import Z95, Interval, wilson

FEWEST_DAYS = 5
"""Days below which nothing tells how much parcels of one day share their fate."""

FEWEST_DAYS_A_GROUP = 20
MOST_GROUPS = 12
MOST_LAGS = 7
"""A test between groups takes so many days in each, and no more groups than that."""


def rate_interval(good: npt.ArrayLike, count: npt.ArrayLike) -> Interval:
    """Return the 95 % interval of a rate, with days as the unit that was drawn.

    Parameters
    ----------
    good, count
        Of each day, one after the other: how many parcels were good, and how many there were.

    Returns
    -------
    Interval
        None under `FEWEST_DAYS` days with parcels.

    Notes
    -----
    Wilson's interval on an effective number of parcels: n over the design effect (the variance of
    the rate between days, over that of independent parcels, at least 1), times (1.96 / t)^2 for
    the degrees of freedom that the days leave. Days that resemble those before them count for less
    (`spread`). How often it holds the truth: `benchmarks/fulfilment_coverage.md`.

    References
    ----------
    Korn, E. L. and Graubard, B. I. (1998). Confidence intervals for proportions with small expected
    number of positive counts estimated from survey data. Survey Methodology 24(2).

    Examples
    --------
    >>> steady = rate_interval([9] * 40, [10] * 40)  # every day alike
    >>> rough = rate_interval([10] * 36 + [0] * 4, [10] * 40)  # four bad days, in a row
    >>> [round(end, 2) for end in (*steady, *rough)]
    [0.86, 0.93, 0.59, 0.98]
    """
    of_day, size = np.asarray(good, "float64"), np.asarray(count, "float64")
    parcels = float(size.sum())
    if (size > 0).sum() < FEWEST_DAYS:
        return Interval()
    share = float(of_day.sum()) / parcels
    alone = share * (1 - share) / parcels
    variance = variance_of((of_day - share * size) / parcels)
    effect = max(variance / alone, 1.0) if alone > 0 else 1.0
    return wilson(share, parcels / effect * (Z95 / quantile(len(size))) ** 2)


def ratio_interval(x: npt.ArrayLike, y: npt.ArrayLike) -> Interval:
    """Return the 95 % interval of a ratio of two sums over days: the sum of y over that of x.

    Parameters
    ----------
    x, y
        Of each day, one after the other: what is divided by (orders, hours), and what is divided
        (a cost, units).

    Returns
    -------
    Interval
        As `mean_interval`.

    Examples
    --------
    >>> low, high = ratio_interval([10, 12, 9, 11, 10, 8], [171, 199, 160, 186, 168, 138])
    >>> round(low, 2), round(high, 2)
    (16.6, 17.47)
    """
    by, of = np.asarray(x, "float64"), np.asarray(y, "float64")
    total = float(by.sum())
    if total == 0:
        return Interval()
    ratio = float(of.sum()) / total
    return mean_interval(ratio, (of - ratio * by) / total)


def mean_interval(value: float, pulls: npt.ArrayLike) -> Interval:
    """Return the 95 % interval of a value, given what each day pulls it by.

    Parameters
    ----------
    value
        A mean or a ratio over days.
    pulls
        Its linearised part of each day, one after the other; they add up to 0.

    Returns
    -------
    Interval
        None under `FEWEST_DAYS` days, or where no day pulls it, which says nothing of others.
    """
    of_day = np.asarray(pulls, "float64")
    if len(of_day) < FEWEST_DAYS:
        return Interval()
    error = math.sqrt(variance_of(of_day))
    if not error > 1e-9 * abs(value):
        return Interval()
    reach = quantile(len(of_day)) * error
    return Interval(value - reach, value + reach)


def variance_of(pulls: npt.ArrayLike) -> float:
    """Return the variance of a value, given what each day pulls it by: at least between days."""
    rows = np.asarray(pulls, "float64")[:, None]
    size = len(rows)
    between = float((rows**2).sum()) * size / max(size - 1, 1)
    return max(between, float(spread(rows)[0, 0]))


def spread(pulls: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the covariance of values, given what each day pulls them by, one day after the other.

    Notes
    -----
    Newey and West's, with Bartlett's weights over `lags` days: trouble that lasts makes a day
    resemble the one before it.

    References
    ----------
    Newey, W. K. and West, K. D. (1987). A simple, positive semi-definite, heteroskedasticity and
    autocorrelation consistent covariance matrix. Econometrica 55(3).
    """
    size = len(pulls)
    total = pulls.T @ pulls
    for lag in range(1, lags(size) + 1):
        both = pulls[lag:].T @ pulls[:-lag]
        total = total + (1 - lag / (lags(size) + 1)) * (both + both.T)
    found: npt.NDArray[np.float64] = total * size / max(size - 1, 1)
    return found


def lags(days: int) -> int:
    """Return over how many days trouble is looked for: a week, or an eighth of what there is."""
    return min(MOST_LAGS, days // 8)


def freedom(days: int) -> float:
    """Return the degrees of freedom of `spread`: about 1.5 a window, and fewer than days."""
    return min(days - 1.0, 1.5 * days / (lags(days) + 1))


def quantile(days: int) -> float:
    """Return how many standard errors a 95 % interval reaches to each side."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom(days), 0.975))


class Equality(NamedTuple):
    """Whether groups differ by more than chance.

    Attributes
    ----------
    p_value
        Chance of values so far apart if the groups were alike; null where the data cannot tell.
    groups, days
        How many were compared, over how many days.
    """

    p_value: float | None
    groups: int
    days: int


def equality(values: npt.ArrayLike, pulls: npt.ArrayLike, days: npt.ArrayLike) -> Equality:
    """Test whether values of several groups are the same, with days as the unit that was drawn.

    Parameters
    ----------
    values
        The value of each group.
    pulls
        A row a day, one after the other, a column a group: what the day pulls the group's value
        by (its linearised part; each column adds up to 0).
    days
        On how many days each group has anything.

    Notes
    -----
    Wald's test of equal values with the covariance between days (`spread`), as an F with as many
    degrees of freedom as the days leave: groups seen on the same days share their trouble, and that
    cancels.
    """
    found, rows = np.asarray(values, "float64"), np.asarray(pulls, "float64")
    groups, size = len(found), len(rows)
    few = min(np.asarray(days, "float64"), default=0) < FEWEST_DAYS_A_GROUP
    if not 2 <= groups <= MOST_GROUPS or few or not np.isfinite(found).all():
        return Equality(None, groups, size)
    from scipy.special import fdtrc

    contrast = np.eye(groups - 1, groups) - np.eye(groups - 1, groups, k=1)
    apart, between = contrast @ found, contrast @ spread(rows) @ contrast.T
    if np.linalg.matrix_rank(between) < groups - 1:
        return Equality(None, groups, size)
    whole = freedom(size)
    free = whole - groups + 2
    wald = float(apart @ np.linalg.solve(between, apart))
    value = wald * free / (whole * (groups - 1))
    p_value = float(fdtrc(groups - 1, free, value))
    return Equality(p_value if math.isfinite(value) else None, groups, size)
