"""What is compared, made of several columns: ratios of sums, adjusted for a covariate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from marketing_kpi.trials.sums import Array, JointMoments, Moments


class Columns(NamedTuple):
    """Which columns of the moments are what, by number.

    Attributes
    ----------
    denominator
        The outcome's: its value is the sum of column 0 over that of this one. None: over the
        members.
    covariate
        Known before the arms were drawn; None: the outcome is not adjusted.
    size
        Members of a cluster, over which a covariate is taken; None: without clusters.
    """

    denominator: int | None = None
    covariate: int | None = None
    size: int | None = None


def values(arms: Sequence[JointMoments], columns: Columns) -> list[Moments]:
    r"""Return the moments of what is compared, an arm each.

    Parameters
    ----------
    arms
        Moments of the columns, the outcome (or its numerator) first.
    columns
        What the others are.

    Returns
    -------
    list of Moments
        NaN where a denominator is 0.

    Notes
    -----
    A ratio of sums :math:`R = \bar{y} / \bar{x}` is linearised: it varies as the mean of
    :math:`(y - R x) / \bar{x}`. A unit with much of the denominator draws :math:`R` to itself and
    so seems to vary less: the square of each is multiplied by one plus twice the excess of its
    share of :math:`\sum x` over 1 / n, the first term of the jackknife's.

    An outcome adjusted for a covariate is :math:`y - \theta (c - \bar{c})` with :math:`\theta` the
    slope within the arms and :math:`\bar{c}` the mean of all members: the arms are compared as if
    the covariate, which the campaign cannot have changed, had been the same in both.

    References
    ----------
    Deng, A., Xu, Y., Kohavi, R. and Walker, T. (2013). Improving the sensitivity of online
    controlled experiments by utilizing pre-experiment data. WSDM 2013, 123-132.

    Cochran, W. G. (1977). Sampling Techniques, 3rd edition, Wiley, chapter 6 (ratio estimates).

    Cameron, A. C. and Miller, D. L. (2015). A practitioner's guide to cluster-robust inference.
    Journal of Human Resources 50(2), 317-372.

    Examples
    --------
    >>> from marketing_kpi.trials.sums import joint_of
    >>> rows = np.array([[10.0, 1.0], [30.0, 2.0], [20.0, 2.0]])  # revenue, orders
    >>> float(values([joint_of(rows)], Columns(denominator=1))[0].mean)
    12.0
    """
    outcomes = [_linear(arm, 0, columns.denominator) for arm in arms]
    if columns.covariate is None:
        made = outcomes
    else:
        made = _adjusted(arms, outcomes, columns.covariate, columns.size)
    return [
        _leveraged(arm, arm.along(weights, mean=mean), weights, columns.denominator)
        for arm, (mean, weights) in zip(arms, made, strict=True)
    ]


def effective(arm: JointMoments, column: int) -> Array:
    """Return how many units of equal size would be as good, given a column of their sizes.

    Examples
    --------
    >>> from marketing_kpi.trials.sums import joint_of
    >>> sizes = [[10.0], [10.0], [20.0]]
    >>> round(float(effective(joint_of(sizes), 0)), 3)  # 40 ** 2 / (100 + 100 + 400)
    2.667
    """
    squares = arm.m2[..., column, column] + arm.n * arm.mean[..., column] ** 2
    return np.asarray((arm.n * arm.mean[..., column]) ** 2 / np.where(squares > 0, squares, np.nan))


class _Linear(NamedTuple):
    """A value made of columns: its mean, and the weights that its deviations are made with."""

    mean: Array
    weights: Array


def _linear(arm: JointMoments, column: int, denominator: int | None) -> _Linear:
    weights = np.zeros_like(arm.mean)
    weights[..., column] = 1.0
    mean = arm.mean[..., column]
    if denominator is None:
        return _Linear(mean, weights)
    below = np.where(arm.mean[..., denominator] == 0, np.nan, arm.mean[..., denominator])
    weights[..., denominator] -= mean / below
    return _Linear(mean / below, weights / below[..., np.newaxis])


def _adjusted(
    arms: Sequence[JointMoments], outcomes: Sequence[_Linear], covariate: int, size: int | None
) -> list[_Linear]:
    """Take out of the outcomes what the covariate explains."""
    covariates = [_linear(arm, covariate, size) for arm in arms]
    slope = _slope(arms, outcomes, covariates)
    centre = _centre(arms, covariates, size)
    return [
        _Linear(y.mean - slope * (c.mean - centre), y.weights - slope[..., np.newaxis] * c.weights)
        for y, c in zip(outcomes, covariates, strict=True)
    ]


def _leveraged(
    arm: JointMoments, moments: Moments, weights: Array, denominator: int | None
) -> Moments:
    """Add to the squares what units with a large denominator hide by drawing the ratio to them."""
    if denominator is None:
        return moments
    total = arm.n * arm.mean[..., denominator]
    products = arm.m3[..., denominator]
    hidden = np.einsum("...ij,...i,...j", products, weights, weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = moments.m2 + 2 * hidden / total
    return moments._replace(m2=np.maximum(squares, 0.0))


def _slope(
    arms: Sequence[JointMoments], outcomes: Sequence[_Linear], covariates: Sequence[_Linear]
) -> Array:
    """Return the slope on the covariate within the arms; 0 where the covariate is constant."""
    together, spread = np.zeros(()), np.zeros(())
    for arm, y, c in zip(arms, outcomes, covariates, strict=True):
        together = together + np.einsum("...i,...ij,...j", y.weights, arm.m2, c.weights)
        spread = spread + np.einsum("...i,...ij,...j", c.weights, arm.m2, c.weights)
    return np.where(spread > 0, together / np.where(spread > 0, spread, 1.0), 0.0)


def _centre(arms: Sequence[JointMoments], covariates: Sequence[_Linear], size: int | None) -> Array:
    """Return the mean of the covariate over the members of all arms."""
    members = [np.asarray(arm.n * (1.0 if size is None else arm.mean[..., size])) for arm in arms]
    total = sum(n * made.mean for n, made in zip(members, covariates, strict=True))
    return np.asarray(total / sum(members))
