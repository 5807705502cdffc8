"""The service level that a reorder point buys, of demand as it is: whole units, many days without.

A cycle passes without a stock-out where the demand of the lead time, and the units by which the
stock had already passed the reorder point when the order left, stay within it. Both are made of the
distribution of a day's demand, by convolution, and no normal distribution is supposed.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.intervals import Z95

Floats: TypeAlias = npt.NDArray[np.float64]
Complexes: TypeAlias = npt.NDArray[np.complex128]

MOST_CELLS = 2**14
"""Cells of the distribution of a lead time's demand; beyond, units are taken several at a time."""


class Service(NamedTuple):
    """The share of cycles without a stock-out that a reorder point buys.

    Attributes
    ----------
    level
        The share, of demand as these days show it.
    low, high
        Its 95 % interval, of what so many days and orders can tell, taken as independent.
    """

    level: float
    low: float
    high: float


class Demand:
    """What is asked for in a lead time, and before it: of days and lead times as recorded.

    Parameters
    ----------
    days
        How many days had a demand of 0, 1, 2, … units.
    lead_times
        How many orders to the supplier took 0, 1, 2, … days.

    Examples
    --------
    >>> import numpy as np
    >>> coin = Demand(np.array([50, 50]), np.array([0, 0, 1]))
    >>> [round(coin.service(point).level, 2) for point in (0, 1, 2)]
    [0.25, 0.75, 1.0]
    >>> coin.needed(0.7)
    1
    """

    def __init__(self, days: npt.ArrayLike, lead_times: npt.ArrayLike) -> None:
        counts, leads = np.asarray(days, dtype=float), np.asarray(lead_times, dtype=float)
        if not counts.sum() > 0 or not leads.sum() > 0:
            raise ComputeError("no day of demand, or no lead time: nothing tells the service level")
        self.step = -(-(len(counts) * len(leads)) // MOST_CELLS)
        if self.step > 1:
            counts = np.bincount(-(-np.arange(len(counts)) // self.step), counts)
        self.days, self.chances = counts.sum(), counts / counts.sum()
        self.orders, self.leads = leads.sum(), leads / leads.sum()
        self.size = 2 ** int(np.ceil(np.log2(len(self.chances) * (len(self.leads) + 1))))
        # a row a lead time: the chances of what is asked for in it, and passed before it
        self.powers = self._powers()
        self.sums = np.fft.irfft(self.powers * self._spectrum(self._undershoot()), self.size)
        self.within = np.clip(np.cumsum(_mixed(self.leads, self.sums)), 0, 1)

    def _spectrum(self, chances: Floats) -> Complexes:
        return np.asarray(np.fft.rfft(chances, self.size), dtype=np.complex128)

    def _powers(self) -> Complexes:
        day = self._spectrum(self.chances)
        steps = np.vstack([np.ones_like(day), np.tile(day, (len(self.leads) - 1, 1))])
        powers: Complexes = np.cumprod(steps, axis=0).astype(np.complex128)
        return powers

    def _undershoot(self) -> Floats:
        """Return how far below the reorder point the stock falls by the day that reaches it."""
        at_least = np.cumsum(self.chances[::-1])[::-1][1:]
        undershoot: Floats = at_least / at_least.sum() if at_least.sum() else np.ones(1)
        return undershoot

    def service(self, point: float) -> Service:
        """Return the service level of a reorder point, in units."""
        if point < 0:
            return Service(0.0, 0.0, 0.0)
        cell = min(int(np.floor(point / self.step)), self.size - 1)
        level = round(float(self.within[cell]), 12)  # what a convolution leaves is noise
        of_leads = np.cumsum(self.sums, axis=1)[:, cell]
        variance = _variance(self.leads, of_leads) / self.orders
        variance += _variance(self.chances, self._moved(cell, level)) / self.days
        return Service(level, *_interval(level, np.sqrt(variance)))

    def _moved(self, cell: int, level: float) -> Floats:
        """Return how much a day of 0, 1, 2, … units more among the days moves the level."""
        reached = cell - np.arange(len(self.chances))
        weights = self.leads[1:] * np.arange(1, len(self.leads))
        in_lead_time = _up_to(np.cumsum(_mixed(weights, self.sums[:-1])), reached)
        mean = self.chances @ np.arange(len(self.chances))
        if not mean:
            return in_lead_time
        alone = np.fft.irfft(_mixed(self.leads, self.powers), self.size)
        before = np.concatenate([[0], np.cumsum(_up_to(np.cumsum(alone), reached))[:-1]])
        moved: Floats = in_lead_time + (before - np.arange(len(self.chances)) * level) / mean
        return moved

    def needed(self, level: float) -> int:
        """Return the smallest reorder point, in whole units, that buys a service level."""
        return int(np.searchsorted(self.within, level - 1e-12)) * self.step


def _mixed(weights: Floats, rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Add up rows by their weights; on so few, starting the threads of `@` takes longer."""
    mixed: npt.NDArray[Any] = (weights[:, None] * rows).sum(axis=0)
    return mixed


def _up_to(sums: Floats, cells: npt.NDArray[np.int64]) -> Floats:
    """Return running sums at cells; 0 before the first."""
    return np.where(cells >= 0, sums[np.maximum(cells, 0)], 0.0)


def _variance(chances: Floats, values: Floats) -> float:
    return max(float(chances @ values**2 - (chances @ values) ** 2), 0.0)


def _interval(level: float, error: float) -> tuple[float, float]:
    """Return the 95 % interval of a share, on the scale of its odds."""
    if not 0 < level < 1:
        return max(level - Z95 * error, 0), min(level + Z95 * error, 1)
    middle, width = np.log(level / (1 - level)), Z95 * error / (level * (1 - level))
    low, high = (float((1 + np.tanh(end / 2)) / 2) for end in (middle - width, middle + width))
    return low, high


class Simulated(NamedTuple):
    """What a rule gave when the days were played one by one.

    Attributes
    ----------
    cycles, without
        Deliveries, and those before which no demand had waited.
    asked, served
        Units asked for, and served at once from stock.
    """

    cycles: int
    without: int
    asked: int
    served: int

    @property
    def service_level(self) -> float:
        """Share of cycles without a stock-out."""
        return self.without / self.cycles if self.cycles else float("nan")

    @property
    def fill_rate(self) -> float:
        """Share of units served at once."""
        return self.served / self.asked if self.asked else float("nan")


def simulate(
    demand: npt.ArrayLike,
    lead_times: npt.ArrayLike,
    *,
    reorder_point: float,
    quantity: int,
    rng: np.random.Generator,
) -> Simulated:
    """Play a rule day by day: order `quantity` when stock falls to the reorder point.

    Parameters
    ----------
    demand
        Units asked for: a row a shop played, a column a day.
    lead_times
        Lead times in days to draw from.
    reorder_point
        Units on hand and on order at which, at the close of a day, an order leaves.
    quantity
        Units of an order; so many orders leave as bring the stock above the point again.
    rng
        Draws the lead times.

    Returns
    -------
    Simulated
        What is missing waits for the next delivery; a cycle is without a stock-out where nothing
        was waiting when it ended.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> played = simulate(np.ones((1, 100)), [5], reorder_point=5, quantity=10, rng=rng)
    >>> played.service_level, played.fill_rate
    (1.0, 1.0)
    >>> played = simulate(np.ones((1, 100)), [5], reorder_point=3, quantity=10, rng=rng)
    >>> played.service_level
    0.0
    """
    asked, leads = np.asarray(demand, dtype=np.int64), np.asarray(lead_times, dtype=np.int64)
    shops, days = asked.shape
    due = np.zeros((shops, days + int(leads.max()) + 2), dtype=np.int64)
    stock = np.full(shops, int(np.floor(reorder_point)) + quantity, dtype=np.int64)
    position, row = stock.copy(), np.arange(shops)
    cycles = without = served = 0
    for today in range(days):
        served += int(np.clip(np.minimum(asked[:, today], stock), 0, None).sum())
        stock = stock - asked[:, today]
        position = position - asked[:, today]
        arrives = due[:, today] > 0
        cycles += int(arrives.sum())
        without += int((arrives & (stock >= 0)).sum())
        stock = stock + due[:, today]
        orders = np.maximum(np.ceil((np.floor(reorder_point) + 1 - position) / quantity), 0)
        units = orders.astype(np.int64) * quantity
        lead = rng.choice(leads, shops)
        np.add.at(due, (row, today + lead), np.where(lead > 0, units, 0))
        stock = stock + np.where(lead > 0, 0, units)
        position = position + units
    return Simulated(cycles, without, int(asked.sum()), served)
