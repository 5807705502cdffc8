"""How busy the shop was, told by the categories that no promotion touches on that day."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_ROUNDS = 30
_NEIGHBOURS = 0.1


class Activity(NamedTuple):
    """Units that some categories would have sold without promotions.

    Attributes
    ----------
    units
        A day: what their untouched categories sold, over the share they usually have.
    noise
        Relative variance of that.
    share
        Usual share of the untouched categories of a day.
    """

    units: Floats
    noise: Floats
    share: Floats


def activity(
    units: Floats, clean: npt.NDArray[np.bool_], month: npt.NDArray[np.int64], *, dispersion: float
) -> Activity:
    """Estimate the activity of days from the categories that are untouched on them.

    Parameters
    ----------
    units
        Days x categories.
    clean
        Whether no promotion touches a category on a day.
    month
        Of each day, 0 to 11: shares of categories differ by month.
    dispersion
        Variance of units over their mean.
    """
    counted = np.where(clean, units, 0.0)
    by_month = (month[:, None] == np.arange(12)).astype(float)
    near = np.eye(12) + _NEIGHBOURS * (np.roll(np.eye(12), 1, 0) + np.roll(np.eye(12), -1, 0))
    sold = near @ by_month.T @ counted
    shares = np.full((12, units.shape[1]), 1 / max(units.shape[1], 1))
    for _ in range(_ROUNDS):
        there = (clean * shares[month]).sum(axis=1)
        total = np.divide(counted.sum(axis=1), there, out=np.zeros(len(units)), where=there > 0)
        exposed = near @ by_month.T @ (clean * total[:, None])
        shares = np.divide(sold, exposed, out=np.full_like(sold, np.nan), where=exposed > 0)
        usual = np.nan_to_num(np.nanmean(shares, axis=0)) if np.isfinite(shares).any() else 0.0
        shares = np.where(np.isfinite(shares), shares, usual)
        shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-12)
    there = (clean * shares[month]).sum(axis=1)
    total = np.divide(counted.sum(axis=1), there, out=np.zeros(len(units)), where=there > 0)
    seen = counted.sum(axis=1)
    noise = np.divide(dispersion, seen, out=np.zeros(len(units)), where=seen > 0)
    return Activity(total, noise, there)
