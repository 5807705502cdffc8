"""What chance gives: counts held against what was expected, and the correction for many of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

Array: TypeAlias = "npt.NDArray[np.float64]"

FALSE_SHARE = 0.05
"""Share of false links, on average, among those named: the level of Benjamini and Hochberg."""


def poisson_interval(seen: npt.ArrayLike, expected: npt.ArrayLike) -> tuple[Array, Array]:
    """Return the exact 95 % interval of the ratio of a Poisson count to what was expected.

    >>> low, high = poisson_interval([0, 10], [2.0, 5.0])
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0, 0.959], [1.844, 3.678])
    """
    from scipy.special import chdtri

    seen, expected = np.asarray(seen, "float64"), np.asarray(expected, "float64")
    low = np.where(seen > 0, chdtri(2 * np.maximum(seen, 1), 0.975) / 2, 0.0) / expected
    return low, chdtri(2 * (seen + 1), 0.025) / 2 / expected


def poisson_test(seen: npt.ArrayLike, expected: npt.ArrayLike) -> Array:
    """Return the two-sided p-values of Poisson counts: twice the smaller tail, at most 1.

    >>> poisson_test([10, 5], [5.0, 5.0]).round(4).tolist()
    [0.0637, 1.0]
    """
    from scipy.special import pdtr

    smaller = np.minimum(poisson_tail(seen, expected), pdtr(seen, expected))
    p_value: Array = np.minimum(1.0, 2 * smaller)
    return p_value


def poisson_tail(seen: npt.ArrayLike, expected: npt.ArrayLike) -> Array:
    """Return the probability that chance alone gives Poisson counts as high, or higher.

    >>> poisson_tail([10, 0], [5.0, 5.0]).round(4).tolist()
    [0.0318, 1.0]
    """
    from scipy.special import pdtrc

    seen, expected = np.asarray(seen, "float64"), np.asarray(expected, "float64")
    tail: Array = np.where(seen > 0, pdtrc(np.maximum(seen, 1) - 1, expected), 1.0)
    return tail


def false_discovery(ordered: Array, *, tested: int) -> Array:
    """Return the q-values of Benjamini and Hochberg for p-values in ascending order.

    `tested` counts those that are not there too: all of them are larger.

    >>> false_discovery(np.array([0.001, 0.02]), tested=10).tolist()
    [0.01, 0.1]
    """
    raw = ordered * tested / np.arange(1, len(ordered) + 1)
    q_values: Array = np.minimum(1.0, np.minimum.accumulate(raw[::-1])[::-1])
    return q_values
