"""What the models share: intervals by the delta method, and one answer a distinct history.

Every model here has positive parameters and is fitted on their logarithms: no bound to hit, and
intervals that stay above 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from marketing_kpi.kpis.frames import Frame, in_engine, require
from marketing_kpi.kpis.intervals import Z95
from marketing_kpi.models.purchases import HISTORY, Counts, grouped

Floats: TypeAlias = npt.NDArray[np.float64]

_STEP = 1e-5  # of a logarithm, in central differences: their error is then about 1e-10


class Maximum(NamedTuple):
    """Where a likelihood is highest.

    Attributes
    ----------
    point
        Logarithms of the parameters.
    log_likelihood
        Its value there.
    covariance
        Of the logarithms, the inverse of the observed information; None where the likelihood is
        flat in some direction, so that the data tell no interval.
    iterations
        How many steps it took.
    converged
        Whether the slope is none there, and the curvature that of a maximum.
    """

    point: Floats
    log_likelihood: float
    covariance: Floats | None
    iterations: int
    converged: bool


class Estimate(NamedTuple):
    """Quantities and their 95 % intervals, one a group."""

    estimate: Floats
    low: Floats
    high: Floats


def slopes(of: Callable[[Floats], Floats], point: Floats) -> Floats:
    """Return the derivatives of quantities, a row a quantity and a column a parameter.

    By central differences; a quantity that stays infinite has no slope, 0.
    """
    steps = np.eye(len(point)) * _STEP
    with np.errstate(invalid="ignore"):
        columns = [(of(point + step) - of(point - step)) / (2 * _STEP) for step in steps]
    return np.nan_to_num(np.stack(columns, axis=-1), nan=0.0, posinf=0.0, neginf=0.0)


def exponential(value: Floats) -> Floats:
    """Come back from the logarithm of a quantity, its scale where it is above 0."""
    return np.asarray(np.exp(value), dtype=np.float64)


def logistic(value: Floats) -> Floats:
    """Come back from the log odds of a probability."""
    from scipy.special import expit

    return np.asarray(expit(value), dtype=np.float64)


def delta(
    of: Callable[[Floats], Floats],
    point: Floats,
    covariance: Floats | None,
    back: Callable[[Floats], Floats] = exponential,
) -> Estimate:
    """Return quantities with 95 % intervals by the delta method.

    Parameters
    ----------
    of
        Gives the quantities at a point, on the scale where they are closest to normal: the
        logarithm of what is above 0, the log odds of a probability. Infinite: known for sure.
    point, covariance
        Logarithms of the parameters and their covariance. Without one, low and high are null.
    back
        Takes a quantity back from its scale.
    """
    centre, half = of(point), half_widths(of, point, covariance)
    return Estimate(back(centre), back(centre - half), back(centre + half))


def half_widths(of: Callable[[Floats], Floats], point: Floats, covariance: Floats | None) -> Floats:
    """Return half the widths of the 95 % intervals of quantities, on their scale; see `delta`."""
    if covariance is None:
        return np.full(of(point).shape, np.nan)
    rows = slopes(of, point)
    variance = np.einsum("ij,jk,ik->i", rows, covariance, rows)
    half: Floats = Z95 * np.sqrt(np.maximum(variance, 0.0))
    return half


def by_group(summary: Frame, answer: Callable[[Counts], Mapping[str, Floats]]) -> Frame:
    """Answer once a distinct history, and give each customer the answer of theirs.

    Parameters
    ----------
    summary
        A row a customer: customer_id, frequency, recency, T.
    answer
        Gives columns for distinct histories, in their order.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        customer_id and the columns of the answer, null for a customer without a history; sorted
        by customer_id (pandas). From Ibis, the distinct histories are read at once, and the
        customers stay in the engine.
    """
    require(summary, ["customer_id", *HISTORY], "the summary")
    histories, group = grouped(summary)
    answers = answer(histories)
    if isinstance(summary, ir.Table):
        keys = zip(HISTORY, (histories.frequency, histories.recency, histories.age), strict=True)
        answered = in_engine(pd.DataFrame({**dict(keys), **answers}))
        return summary.left_join(answered, HISTORY).select("customer_id", *answers)
    columns = {name: np.append(values, np.nan)[group] for name, values in answers.items()}
    result = pd.DataFrame({"customer_id": summary["customer_id"].array, **columns})
    return result.sort_values("customer_id", kind="stable").reset_index(drop=True)
