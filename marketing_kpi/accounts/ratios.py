"""The interval of a ratio of two sums over customers, and of the change of such a ratio."""

from __future__ import annotations

import math

from marketing_kpi.kpis.intervals import Interval

FEWEST_CUSTOMERS = 30
"""Customers below which a ratio has no interval: the benchmark tried no fewer."""


def fieller(*, count: int, x: float, y: float, xx: float, xy: float, yy: float) -> Interval:
    """Return Fieller's 95 % interval of the ratio of two sums over units that were drawn.

    Parameters
    ----------
    count
        How many units; no interval under `FEWEST_CUSTOMERS`.
    x, y
        The sums of what is divided by, and of what is divided.
    xx, xy, yy
        The sums of squares and of products.

    Notes
    -----
    The ratios R that a t-test of mean(y - R x) = 0 does not refuse: between the roots of
    a R^2 - 2 b R + c, where a = X^2 - q S_xx, b = X Y - q S_xy, c = Y^2 - q S_yy, with the means
    X and Y, the variances S and q = t^2 / n. None where a <= 0: the divisor is then too unsure.
    None either where every unit has the same ratio, which says nothing of another sample.

    Examples
    --------
    >>> units = {"count": 100, "x": 100.0, "y": 50.0, "xx": 100.0, "xy": 50.0, "yy": 50.0}
    >>> low, high = fieller(**units)  # half of a hundred: a share
    >>> round(low, 3), round(high, 3)
    (0.4, 0.6)
    """
    if count < FEWEST_CUSTOMERS:
        return Interval()
    from scipy.special import stdtrit

    q = float(stdtrit(count - 1, 0.975)) ** 2 / count
    mean_x, mean_y = x / count, y / count
    free = count - 1
    spread_x = (xx - x * mean_x) / free
    both = (xy - x * mean_y) / free
    spread_y = (yy - y * mean_y) / free
    a, b = mean_x**2 - q * spread_x, mean_x * mean_y - q * both
    c = mean_y**2 - q * spread_y
    ratio = y / x if x else math.nan
    residual = spread_y - 2 * ratio * both + ratio**2 * spread_x
    if not a > 0 or not residual > 1e-9 * (spread_y + ratio**2 * spread_x):
        return Interval()
    root = math.sqrt(max(b * b - a * c, 0.0))
    return Interval((b - root) / a, (b + root) / a)


def change_interval(
    before: float, before_ends: Interval, after: float, after_ends: Interval
) -> Interval:
    """Return the interval of the difference of two independent estimates, after less before.

    Parameters
    ----------
    before, after
        The estimates.
    before_ends, after_ends
        Their intervals; none gives none.

    Notes
    -----
    Each end squares and adds the distances to the ends that it leans on, as Newcombe does with
    Wilson's. Of the same customers in two years it is too wide rather than too narrow.

    References
    ----------
    Zou, G. Y. and Donner, A. (2008). Construction of confidence limits about effect measures: a
    general approach. Statistics in Medicine 27(10).

    Examples
    --------
    >>> low, high = change_interval(0.25, Interval(0.22, 0.29), 0.30, Interval(0.27, 0.34))
    >>> round(low, 3), round(high, 3)
    (0.0, 0.1)
    """
    ends = (*before_ends, *after_ends)
    if None in ends:
        return Interval()
    (low_0, high_0), (low_1, high_1) = before_ends, after_ends
    change = after - before
    down = math.hypot(after - (low_1 or 0.0), (high_0 or 0.0) - before)
    up = math.hypot((high_1 or 0.0) - after, before - (low_0 or 0.0))
    return Interval(change - down, change + up)
