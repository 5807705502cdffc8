"""Shapley values: each channel's mean contribution to the sets of channels that it joins."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from marketing_kpi.attribution.journeys import OUTCOMES
from marketing_kpi.errors import ComputeError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.attribution.markov import Counted

Array: TypeAlias = npt.NDArray[np.float64]

MOST_CHANNELS = 62
"""Channels whose sets fit into a whole number of the engine."""

MOST_FOR_RATES = 15
"""Channels of which all sets are gone through: their number doubles with each."""

WORTHS = ("conversions", "rate")
"""What a set of channels is worth: the orders of journeys that met no other, or their rate."""


def sets(rows: ir.Table, *, channels: int) -> ir.Table:
    """Group journeys by the set of channels they met, in the engine.

    Returns
    -------
    ibis.Table
        part, met (a bit a channel); journeys, and what they ended in, `OUTCOMES`.
    """
    if channels > MOST_CHANNELS:
        raise ComputeError(
            f"shapley takes at most {MOST_CHANNELS} channels, these journeys have {channels}",
            hint="group the channels first, or leave shapley out of the models",
        )
    bits = [(code, 1 << code) for code in range(channels)]
    bit = rows.channel.cases(*bits, else_=0) if bits else rows.channel
    rows = rows.mutate(bit=bit.cast("int64"))
    names = ("journeys", *OUTCOMES)
    each = rows.group_by("journey", "part").aggregate(
        met=rows.bit.bit_or(), **{name: rows[name].max() for name in names}
    )
    return each.group_by("part", "met").aggregate(**{name: each[name].sum() for name in names})


def shapley_credits(counted: Counted, *, channels: int, worth: str) -> Array:
    """Share each outcome by Shapley values.

    Parameters
    ----------
    counted
        What `sets` returns, computed.
    channels
        How many there are.
    worth
        One of `WORTHS`. Rates are scaled by the journeys, so that they add up to the orders.

    Returns
    -------
    numpy.ndarray
        A row a channel, a column an outcome.
    """
    met = counted["met"].astype("int64")
    ended = np.column_stack([counted[name] for name in OUTCOMES])
    if worth == "conversions":
        return of_conversions(met, ended, channels=channels)
    journeys = counted["journeys"]
    scaled: Array = of_rates(met, journeys, ended, channels=channels) * journeys.sum()
    return scaled


def of_conversions(met: npt.NDArray[np.int64], worth: Array, *, channels: int) -> Array:
    """Return the Shapley value of each channel when a set is worth what ends within it.

    Parameters
    ----------
    met
        The channels that journeys met, a bit a channel.
    worth
        What these journeys ended in, a row a set, a column an outcome.

    Notes
    -----
    A set is worth the orders of the journeys that met none but its channels. What a set adds to
    its parts (its dividend) is then what journeys that met exactly it ended in, and the Shapley
    value shares it equally among its channels: they add up to the whole without being scaled.
    """
    in_set = (met[:, None] >> np.arange(channels)) & 1
    size = in_set.sum(axis=1)
    shared = in_set / np.where(size > 0, size, 1)[:, None]
    value: Array = shared.T @ worth
    return value


def of_rates(met: npt.NDArray[np.int64], journeys: Array, worth: Array, *, channels: int) -> Array:
    """Return the Shapley value of each channel when a set is worth its orders a journey.

    The rate is that of journeys that met none but its channels; 0 where there is none of them.
    Values add up to the rate of all. One can be negative: where a channel joins, fewer buy.
    """
    if channels > MOST_FOR_RATES:
        raise ComputeError(
            f"shapley of rates takes at most {MOST_FOR_RATES} channels, not {channels}",
            hint="worth='conversions' takes more",
        )
    dense = np.zeros((1 << channels, 1 + worth.shape[1]))
    np.add.at(dense, met, np.column_stack([journeys, worth]))
    within = _summed_over_subsets(dense, channels)
    count = within[:, :1]
    rates = np.divide(within[:, 1:], count, out=np.zeros_like(within[:, 1:]), where=count > 0)
    dividends = _dividends(rates, channels)
    return of_conversions(np.arange(1 << channels), dividends, channels=channels)


def _summed_over_subsets(values: Array, channels: int) -> Array:
    """Return, for each set, the sum over its subsets: the zeta transform."""
    return _transformed(values, channels, 1.0)


def _dividends(values: Array, channels: int) -> Array:
    """Return what each set adds to its subsets: the Moebius transform, the zeta's inverse."""
    return _transformed(values, channels, -1.0)


def _transformed(values: Array, channels: int, sign: float) -> Array:
    table = values.copy()
    for channel in range(channels):
        pairs = table.reshape(-1, 2, 1 << channel, table.shape[1])
        pairs[:, 1] += sign * pairs[:, 0]
    return table
