"""The search for a maximum that may lie at infinity.

Data that no model of a family made often pull a parameter without end: customers who all buy at
one rate ask for an infinite shape. A model gives its coordinates so that each way to run off is
one of them; the search follows the likelihood there, holds the coordinate at its limit, finishes
the others, and says which limit it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from marketing_kpi.models.estimation import Floats

_FLAT = 1e-10  # slope of the mean log-likelihood that counts as none
_ALMOST_FLAT = 1e-7  # where rounding allows no better
_STEPS = 100
_LAST_STEPS = 3
_SMALL_STEP = 0.01  # in logarithms
_FARTHEST_STEP = 8.0  # in logarithms
_OUT_OF_REACH = 50.0  # in logarithms: a step beyond is refused, since numbers overflow there
_UNSEEN = 8.0  # standard error of a coordinate: a factor of more than a million either way
_NO_LOSS = 0.01  # of the log-likelihood of all customers: no data tell such points apart


class Slopes(NamedTuple):
    """A mean log-likelihood with its first and second derivatives."""

    value: float
    gradient: Floats
    hessian: Floats


class Limit(NamedTuple):
    """A way to run off to infinity.

    Attributes
    ----------
    id
        What it means, as a diagnosis.
    coordinate, beyond
        Which coordinate runs off, and the value past which (below it, when negative) it is taken
        to have done so.
    fixed
        Where it is then held, with the coordinates that mean nothing there.
    parameters
        Names of the parameters that have no estimate there.
    """

    id: str
    coordinate: int
    beyond: float
    fixed: Mapping[int, float]
    parameters: tuple[str, ...]

    def is_passed(self, at: Floats) -> bool:
        """Whether a point lies so far out that the limit changes nothing worth mention."""
        return bool(at[self.coordinate] * np.sign(self.beyond) > abs(self.beyond))


class Found(NamedTuple):
    """The best point of a search.

    Attributes
    ----------
    at, slopes
        The point, and the likelihood there.
    steps
        Taken to get there.
    fixed
        Coordinates held, with their values.
    """

    at: Floats
    slopes: Slopes
    steps: int
    fixed: Mapping[int, float]

    @property
    def free(self) -> list[int]:
        """The coordinates that are not held."""
        return [i for i in range(len(self.at)) if i not in self.fixed]

    @property
    def curvature(self) -> Floats:
        """Minus the second derivatives by the free coordinates, of a customer's likelihood."""
        return -self.slopes.hessian[np.ix_(self.free, self.free)]

    @property
    def is_maximum(self) -> bool:
        """Whether the slope is none, and the curvature that of a maximum."""
        slope = np.abs(self.slopes.gradient[self.free]).max(initial=0)
        lowest = np.linalg.eigvalsh(self.curvature).min(initial=np.inf)
        return bool(slope <= _ALMOST_FLAT and lowest > 0)

    def covariance(self, customers: float) -> Floats:
        """Return the covariance of the coordinates, 0 for those held; for a maximum only."""
        size = len(self.at)
        covariance = np.zeros((size, size))
        covariance[np.ix_(self.free, self.free)] = np.linalg.inv(self.curvature * customers)
        return covariance


def search(
    likelihood: Callable[[Floats], Slopes],
    starts: Sequence[Sequence[float]],
    limits: Sequence[Limit],
    *,
    customers: float,
) -> tuple[Found, list[Limit]]:
    """Find the highest likelihood, and the limits at which it lies.

    A limit is taken where nothing is lost by it, or where the search has passed it and the limit
    is no lower than the first start.

    Parameters
    ----------
    likelihood
        Gives the mean log-likelihood of a customer and its derivatives at a point.
    starts
        Where to start from; all but the first are tried only where the first ends badly.
    limits
        The ways to run off, the most telling first.
    customers
        How many customers the mean is of.
    """
    begun = likelihood(np.array(starts[0])).value
    found = _climb(likelihood, np.array(starts[0]), {})
    if not found.is_maximum or _suspects(found, limits, customers):
        others = [_climb(likelihood, np.array(start), {}) for start in starts[1:]]
        found = max([found, *others], key=lambda one: one.slopes.value)
    reached: list[Limit] = []
    for limit in limits:
        if limit in _suspects(found, limits, customers):
            held = _climb(likelihood, found.at, {**found.fixed, **limit.fixed})
            loss = (found.slopes.value - held.slopes.value) * customers
            is_there = limit.is_passed(found.at) and held.slopes.value >= begun
            if is_there or loss <= _NO_LOSS:
                found = held._replace(steps=found.steps + held.steps)
                reached.append(limit)
    return found, reached


def _suspects(found: Found, limits: Sequence[Limit], customers: float) -> list[Limit]:
    """Return the limits that a point may be on its way to: far out, or with nothing to hold it."""
    values, vectors = np.linalg.eigh(found.curvature * customers)
    variance = (vectors**2 / np.maximum(values, 1e-300)).sum(axis=1)
    unseen = {i for i, one in zip(found.free, variance, strict=True) if one > _UNSEEN**2}
    return [
        limit
        for limit in limits
        if limit.coordinate in found.free
        and (limit.coordinate in unseen or limit.is_passed(found.at))
    ]


def _climb(
    likelihood: Callable[[Floats], Slopes], start: Floats, fixed: Mapping[int, float]
) -> Found:
    """Climb to a maximum by trust-region Newton steps, some coordinates held."""
    from scipy.optimize import minimize

    whole = start.copy()
    whole[list(fixed)] = list(fixed.values())
    free = [i for i in range(len(whole)) if i not in fixed]

    def placed(point: Floats) -> Floats:
        at = whole.copy()
        at[free] = point
        return at

    @lru_cache(maxsize=4)  # value, slope and curvature are asked for one by one
    def slopes(point: bytes) -> Slopes:
        at = placed(np.frombuffer(point))
        if np.abs(at).max() > _OUT_OF_REACH:
            return Slopes(-np.inf, np.zeros_like(at), np.zeros((len(at), len(at))))
        return likelihood(at)

    best = minimize(
        lambda point: -slopes(point.tobytes()).value,
        whole[free],
        jac=lambda point: -slopes(point.tobytes()).gradient[free],
        hess=lambda point: -slopes(point.tobytes()).hessian[np.ix_(free, free)],
        method="trust-exact",
        options={"gtol": _FLAT, "maxiter": _STEPS, "max_trust_radius": _FARTHEST_STEP},
    )
    found = Found(placed(best.x), slopes(best.x.tobytes()), int(best.nit), fixed)
    return _polished(lambda at: slopes(at[free].tobytes()), found)


def _polished(likelihood: Callable[[Floats], Slopes], found: Found) -> Found:
    """Take the last steps to a maximum by its slope, where rounding hides them from its height."""
    for _ in range(_LAST_STEPS):
        slope = found.slopes.gradient[found.free]
        if np.linalg.eigvalsh(found.curvature).min(initial=np.inf) <= 0:
            break
        step = np.linalg.solve(found.curvature, slope)
        if np.abs(step).max(initial=0) > _SMALL_STEP:
            break
        at = found.at.copy()
        at[found.free] += step
        after = found._replace(at=at, slopes=likelihood(at), steps=found.steps + 1)
        if np.abs(after.slopes.gradient[found.free]).max(initial=0) >= np.abs(slope).max(initial=0):
            break
        found = after
    return found
