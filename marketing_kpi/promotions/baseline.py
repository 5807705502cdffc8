"""What would have sold: counts of reference days, smoothed over the year, carried to other days.

Counts of one or two groups of products are followed as a rate per unit of *exposure* (what the rest
of the shop sold on the same days), so that week days, holidays and a general trend drop out. What
is left of season and drift is a Gaussian process on the log of the rate, whose strengths are
estimated on the reference days; the longer a gap between them, the less sure is the rate in it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

BLOCK_DAYS = 14
"""Days that are counted together, at most: the season moves little within them."""

COARSE_DAYS = 42
"""The same where only the strengths of season and drift are estimated: a quarter of the work."""

YEAR_DAYS = 365.25
_WOBBLE_DAYS = 21.0
_ROUNDS = 2
_LIKELY, _SPREAD = 0.15, 1.2
_SMALLEST = 0.5
_SMALLEST_RATE = 1e-12


class Blocks(NamedTuple):
    """Days of one group and kind, counted together.

    Attributes
    ----------
    group
        0 or 1.
    day
        The middle of the days, weighed by exposure, in days since the panel's first.
    units, exposure
        What was sold, and what the rest of the shop sold, times the share that was on the shelf.
    noise
        Relative variance of the exposure.
    """

    group: Ints
    day: Floats
    units: Floats
    exposure: Floats
    noise: Floats


class Baseline(NamedTuple):
    """Units expected of some blocks had they been reference days.

    Attributes
    ----------
    units
        Expected units.
    covariance
        Of what would have sold in them: what is not known of the rate, and the chance in counts.
    """

    units: Floats
    covariance: Floats


def blocks(
    group: int, kind: npt.NDArray[np.bool_], units: Floats, exposure: Floats, noise: Floats,
    *, most_days: int = BLOCK_DAYS,
) -> Blocks:  # fmt: skip
    """Count the days of a kind together, those of each `most_days` from the first one on."""
    day = np.flatnonzero(kind & (exposure > 0))
    if not len(day):
        return Blocks(np.empty(0, dtype=np.int64), *(np.empty(0) for _ in range(4)))
    key = np.unique((day - day[0]) // most_days, return_inverse=True)[1]
    total: Floats = np.bincount(key, exposure[day]).astype("float64")
    return Blocks(
        np.full(len(total), group, dtype=np.int64),
        (np.bincount(key, exposure[day] * day) / total).astype("float64"),
        np.bincount(key, units[day]).astype("float64"),
        total,
        np.bincount(key, exposure[day] ** 2 * noise[day]) / total**2,
    )


def joined(*parts: Blocks) -> Blocks:
    """Put blocks after one another."""
    return Blocks(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def strengths(reference: Blocks, *, dispersion: float) -> Floats:
    """Estimate how strongly season and drift move the rates of reference blocks.

    Returns
    -------
    numpy.ndarray
        Standard deviations on the log scale: of the season and the drift that both groups share,
        of those that each has of its own, and of what neither explains.
    """
    kernels = _kernels(reference, reference)
    logs = np.full(len(kernels), math.log(_LIKELY))
    design, fitted = _start(reference)
    for _ in range(2):
        working, noise = _linearised(reference, fitted, dispersion)
        logs = _most_likely(working, noise, kernels, design, logs)
        covariance = _mixed(kernels, logs)
        fitted = _Solved(working, noise, covariance, design).mean(covariance, design)
    found: Floats = np.exp(logs)
    return found


def predict(reference: Blocks, target: Blocks, *, dispersion: float, strong: Floats) -> Baseline:
    """Carry the rates of the reference blocks to the target blocks.

    Parameters
    ----------
    reference
        Blocks of days like any other, some of each group in `target`.
    target
        Blocks whose units would have been.
    dispersion
        Variance of units over their mean, as several units on a line make it larger than 1.
    strong
        What `strengths` returns.
    """
    logs = np.log(strong)
    covariance = _mixed(_kernels(reference, reference), logs)
    design, fitted = _start(reference)
    for _ in range(_ROUNDS):
        working, noise = _linearised(reference, fitted, dispersion)
        solved = _Solved(working, noise, covariance, design)
        fitted = solved.mean(covariance, design)
    across = _mixed(_kernels(target, reference), logs)
    within = _mixed(_kernels(target, target), logs)
    there = (target.group[:, None] == np.unique(reference.group)).astype(float)
    of_rate = solved.covariance(across, within, there) + np.diag(target.noise)
    units = np.exp(solved.mean(across, there) + np.diag(of_rate) / 2) * target.exposure
    return Baseline(units, np.outer(units, units) * of_rate + np.diag(dispersion * units))


def _start(reference: Blocks) -> tuple[Floats, Floats]:
    """Return which group each block is of, and the mean log rate of its group."""
    design = (reference.group[:, None] == np.unique(reference.group)).astype(float)
    rates = (reference.units @ design) / (reference.exposure @ design)
    return design, design @ np.log(np.maximum(rates, _SMALLEST_RATE))


def _linearised(reference: Blocks, fitted: Floats, dispersion: float) -> tuple[Floats, Floats]:
    """Return log rates and their variances that stand for the counts near what is fitted."""
    mean = np.maximum(np.exp(fitted) * reference.exposure, _SMALLEST)
    return fitted + (reference.units - mean) / mean, dispersion / mean + reference.noise


def _kernels(one: Blocks, other: Blocks) -> list[Floats]:
    """Return the covariances, of strength 1, that the log rates of blocks may have."""
    apart = np.abs(one.day[:, None] - other.day[None, :])
    of_year = np.mod(apart, YEAR_DAYS) / YEAR_DAYS
    season = 6 * (of_year**2 - of_year + 1 / 6)
    drift = np.minimum(one.day[:, None], other.day[None, :]) / YEAR_DAYS
    wobble = np.exp(-apart / _WOBBLE_DAYS)
    same = (one.group[:, None] == other.group[None, :]).astype(float)
    return [season, drift, same * season, same * drift, same * wobble]


def _mixed(kernels: list[Floats], logs: Floats) -> Floats:
    total = np.zeros_like(kernels[0])
    for log, kernel in zip(logs, kernels, strict=True):
        total += math.exp(2 * log) * kernel
    return total


class _Solved:
    """The system of a Gaussian process with free levels, solved once."""

    def __init__(self, values: Floats, noise: Floats, covariance: Floats, design: Floats) -> None:
        self.inverse = _inverse(covariance + np.diag(noise))
        self.design = design
        weighted = self.inverse @ design
        self.of_levels = np.linalg.inv(design.T @ weighted)
        self.levels = self.of_levels @ (weighted.T @ values)
        self.residual = self.inverse @ (values - design @ self.levels)

    def mean(self, across: Floats, design: Floats) -> Floats:
        found: Floats = design @ self.levels + across @ self.residual
        return found

    def covariance(self, across: Floats, within: Floats, design: Floats) -> Floats:
        shifted = design - across @ self.inverse @ self.design
        found: Floats = within - across @ self.inverse @ across.T
        return found + shifted @ self.of_levels @ shifted.T


def _inverse(matrix: Floats) -> Floats:
    """Invert a positive definite matrix, pivot by pivot.

    Of a hundred rows, the libraries behind `numpy.linalg` share the work out to all processors and
    wait for each: on a busy machine that is ten times slower than this.
    """
    found = matrix.copy()
    for place in range(len(found)):
        pivot, column = found[place, place], found[:, place].copy()
        row = found[place] / pivot
        found -= np.multiply.outer(column, row)
        found[place], found[:, place] = row, -column / pivot
        found[place, place] = 1 / pivot
    return found


def _most_likely(
    values: Floats, noise: Floats, kernels: list[Floats], design: Floats, start: Floats
) -> Floats:
    """Estimate the strengths by restricted likelihood, with a weak prior that keeps them finite."""
    from scipy.optimize import minimize

    centre = math.log(_LIKELY)

    def loss(logs: Floats) -> tuple[float, Floats]:
        scales = np.exp(2 * logs)
        total = _mixed(kernels, logs) + np.diag(noise)
        inverse = np.linalg.inv(total)
        weighted = inverse @ design
        inside = design.T @ weighted
        projected = inverse - weighted @ np.linalg.solve(inside, weighted.T)
        residual = projected @ values
        value = 0.5 * (
            np.linalg.slogdet(total)[1] + np.linalg.slogdet(inside)[1] + values @ residual
        )
        slope = np.array([
            scale * (np.einsum("ij,ij", projected, kernel) - residual @ kernel @ residual)
            for scale, kernel in zip(scales, kernels, strict=True)
        ])  # fmt: skip
        away = (logs - centre) / _SPREAD
        return float(value + 0.5 * away @ away), slope + away / _SPREAD

    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=[(-7.0, 2.0)] * len(start), tol=1e-4
    )
    best: Floats = found.x
    return best
