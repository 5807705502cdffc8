"""Markov chain of order 1: what share of orders falls when a channel is taken away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from marketing_kpi.attribution.journeys import OUTCOMES

if TYPE_CHECKING:
    import ibis.expr.types as ir

Array: TypeAlias = npt.NDArray[np.float64]
Counted: TypeAlias = Mapping[str, npt.NDArray[Any]]
"""The columns of what was counted in the engine, by name; 0 where null."""

LEAST_LEFT = 0.1
"""Share of removal effects of either sign that has to be left for a share of their sum to mean
something."""


def steps(rows: ir.Table) -> ir.Table:
    """Count the steps of journeys, in the engine: a row a group, channel and the one before it.

    Returns
    -------
    ibis.Table
        part, before (-1: the start), channel; journeys, how many went from one to the other; and
        what those ended in that ended there, `OUTCOMES`.
    """
    ends = rows.place == rows.length - 1
    return rows.group_by("part", "before", "channel").aggregate(
        journeys=rows.journeys.sum(),
        **{name: rows[name].sum(where=ends).fill_null(0) for name in OUTCOMES},
    )


def columns_of(query: ir.Table) -> Counted:
    """Run a query that counts."""
    frame = query.to_pandas()
    return {name: frame[name].to_numpy(na_value=0) for name in frame}


def chain(counted: Counted, *, channels: int) -> Array:
    """Return counted steps as numbers: (channels + 1) x (channels + outcomes).

    From the start (first row) and each channel, to each channel; then what journeys ended in
    there, `OUTCOMES`.
    """
    table = np.zeros((channels + 1, channels + len(OUTCOMES)))
    before, channel = counted["before"].astype("int64"), counted["channel"].astype("int64")
    np.add.at(table, (before + 1, channel), counted["journeys"])
    for place, name in enumerate(OUTCOMES):
        np.add.at(table[:, channels + place], channel + 1, counted[name])
    return table


def removal(steps_taken: Array) -> Array:
    """Return the share of each outcome that falls without each channel.

    Parameters
    ----------
    steps_taken
        What `chain` returns.

    Returns
    -------
    numpy.ndarray
        A row a channel, a column an outcome: null where nothing is to fall.

    Notes
    -----
    Whoever would step to the channel that is taken away leaves without an order. With ``P`` the
    probabilities of stepping from channel to channel and ``r`` what a visit of a channel ends in on
    average, the worth of being at each channel solves ``w = P w + r``: a linear system, no
    simulation. Each channel that is visited leads to an end, so that it has one solution, whatever
    the loops. A step from a channel to itself changes nothing: it only delays.
    """
    channels = steps_taken.shape[0] - 1
    visits = steps_taken[:, :channels].sum(
        axis=0
    )  # a visit ends in a step, or in the journey's end
    taken = steps_taken[1:] / np.where(visits > 0, visits, 1.0)[:, None]
    begun = steps_taken[0, :channels]
    start = begun / max(begun.sum(), 1.0)
    there = np.ones((channels + 1, channels))
    there[1:][np.diag_indices(channels)] = 0.0  # first all of them, then without each
    stay = taken[:, :channels] * there[:, None, :] * there[:, :, None]
    worth = np.linalg.solve(np.eye(channels) - stay, taken[:, channels:] * there[:, :, None])
    reached = np.einsum("kc,kco->ko", start * there, worth)
    whole, without = reached[0], reached[1:]
    kept = np.divide(without, whole, out=np.full_like(without, np.nan), where=whole != 0)
    fallen: Array = 1 - kept
    return fallen


def markov_credits(counted: Counted, *, channels: int) -> Array:
    """Share each outcome in proportion to what falls of it without each channel.

    Returns
    -------
    numpy.ndarray
        A row a channel, a column an outcome. The removal effects of channels that journeys share
        add up to more than 1; scaled, they add up to what there was. Null where gains and losses
        (of margin) leave under `LEAST_LEFT` of them: so small a sum would blow up each share.
    """
    fallen = removal(chain(counted, channels=channels))
    ended = np.array([counted[name].sum() for name in OUTCOMES])
    total, size = fallen.sum(axis=0), np.abs(fallen).sum(axis=0)
    share = np.divide(fallen, total, out=np.zeros_like(fallen), where=np.abs(total) > 0)
    undone = (ended == 0) & [bool(np.any(counted[name] != 0)) for name in OUTCOMES]
    share[:, undone | (np.abs(total) < LEAST_LEFT * size)] = np.nan
    credits: Array = share * ended
    return credits
