"""Shares of a budget: where the next unit of money brings most, and how sure that is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketing_kpi.errors import ComputeError, unknown
from marketing_kpi.kpis.periods import day
from marketing_kpi.spending.curves import Curves
from marketing_kpi.spending.weeks import Weeks

Floats = npt.NDArray[np.float64]

DRAWS = 2_000
"""Curves drawn from what the weeks leave open."""

LEVEL = 0.95
"""Of the interval of the gain, and the share of the curves that must agree on a direction."""

_SEED = 20_260_101
_STEEPEST, _FLATTEST = 0.999, 1e-3  # a curve without saturation would take the whole budget
_ROUNDS = 80  # of bisection
_STEPS = 20  # towards the farthest point of the region: it is nearly an ellipse's, so few do
_SAME = 0.01  # share of a channel's spend that is no change


class Allocation(NamedTuple):
    """A division of a budget a week, and how sure it is.

    Attributes
    ----------
    table
        A row a channel that has a curve: marketing_channel; now, the present spend a week; best,
        what the fitted curves would spend on it, within what its weeks have seen; change; raised,
        the share of the curves that the weeks leave open on which more than now would be spent;
        direction: raise, lower, keep (the change is under 1 %), or cannot_tell, where the curves do
        not agree.
    left_out
        Channels without a curve, or paused at present: they keep what they have.
    budget
        What is divided, a week.
    result, best_result
        What the present and the best division bring a week: results of the channels, times their
        value where one was given.
    gain, low, high
        What the best division brings beyond the present one, and its interval.
    verdict
        ``gain`` where the interval is above 0, else ``cannot_tell``.
    present
        The days whose spend is the present one, the last exclusive; see `Curves`.
    """

    table: pd.DataFrame
    left_out: tuple[str, ...]
    budget: float
    result: float
    best_result: float
    gain: float
    low: float
    high: float
    verdict: str
    present: tuple[dt.date, dt.date] | None = None


def allocate(
    curves: Curves,
    *,
    budget: float | None = None,
    values: Mapping[str, float] | None = None,
    draws: int = DRAWS,
    rng: np.random.Generator | None = None,
) -> Allocation | None:
    r"""Divide a weekly budget between channels so that their last units bring the same.

    Parameters
    ----------
    curves
        What `channels.response_curves` returns. Only channels with a curve take part.
    budget
        Money a week for these; None: what they spend now.
    values
        What one result of each channel is worth, in money: clicks of two channels do not sell the
        same. None: each result counts 1. Not for results that the shop shares.
    draws
        Curves drawn from the covariance of the elasticities.
    rng
        For these draws; a fixed one unless told, so that a page is made twice alike.

    Returns
    -------
    Allocation or None
        None where fewer than two channels have a curve: there is nothing to choose.

    Raises
    ------
    ComputeError
        When the budget cannot be spent within what the weeks have seen, or a value is missing.

    Notes
    -----
    No channel leaves the range of its weeks: beyond it a curve is a guess. Within it, on
    :math:`y_c = k_c s_c^{b_c}`, the best division gives each channel the same marginal value
    :math:`v_c b_c y_c / s_c`; on one curve for the whole shop, shares in proportion to :math:`b_c`.
    The gain is that of the division found on the fitted curves; its interval goes over all curves
    that the weeks do not exclude together, since the division was chosen as the best of what they
    show (Scheffe's method). It holds what is not known of the curves, and neither of the values
    nor of what else would change. How often it holds the true gain stands in
    ``benchmarks/response_curves.md``.

    References
    ----------
    Scheffe, H. (1953). A method for judging all contrasts in the analysis of variance. Biometrika
    40(1-2), 87-110.
    Dorfman, R. and Steiner, P. O. (1954). Optimal advertising and optimal quality. American
    Economic Review 44(5), 826-836.
    """
    table = curves.table.set_index("marketing_channel")
    is_usable = table.index.isin(curves.covariance.index) & (table["spend"] > 0).to_numpy()
    usable, left_out = [*table.index[is_usable]], tuple(table.index[~is_usable])
    if len(usable) < 2:
        return None
    rows = table.loc[usable]
    worth = _worth(usable, values, shared=curves.shared)
    now = rows["spend"].to_numpy(dtype=np.float64)
    result = rows["result"].to_numpy(dtype=np.float64) * worth
    bounds = np.minimum(rows["spend_low"], now), np.maximum(rows["spend_high"], now)
    low, high = (np.asarray(bound, dtype=np.float64) for bound in bounds)
    total = float(now.sum()) if budget is None else float(budget)
    if not low.sum() <= total <= high.sum():
        raise ComputeError(
            f"budget == {total:.2f}, must be from {low.sum():.2f} to {high.sum():.2f} a week",
            hint="beyond what these channels have spent in a week, their curves are a guess",
        )
    fitted = rows["elasticity"].to_numpy(dtype=np.float64)
    chance = np.random.default_rng(_SEED) if rng is None else rng
    spread = curves.covariance.loc[usable, usable].to_numpy(dtype=np.float64)
    drawn = chance.multivariate_normal(fitted, spread, size=draws, method="svd")
    weight = np.ones_like(result) if curves.shared else result
    best = _divide(fitted[None], now, weight, low, high, total)[0]
    others = _divide(drawn, now, weight, low, high, total)
    gain = float(_gain(fitted, best, now, result, shared=curves.shared)[0])
    if budget is None and gain < 0:  # where spend seems to lower the result, none is better
        best, gain = now, 0.0
    ends = _ends(fitted, spread, curves.degrees, best, now, result, shared=curves.shared)
    verdict = "gain" if ends[0] > 0 else "cannot_tell"
    before = float(result[0] if curves.shared else result.sum())
    raised = (others > now).mean(axis=0)
    found = pd.DataFrame(
        {"marketing_channel": usable, "now": now, "best": best, "change": best - now}
    )
    found["raised"] = raised
    found["direction"] = [
        _direction(change / spent, share, verdict)
        for change, spent, share in zip(best - now, now, raised, strict=True)
    ]
    after = before + gain
    return Allocation(found, left_out, total, before, after, gain, *ends, verdict, curves.present)


def values_by_model(
    credits: pd.DataFrame,
    weeks: Weeks,
    *,
    start: str | dt.date,
    end: str | dt.date,
) -> dict[str, dict[str, float]]:
    """Return what one result of each channel was worth, by each model of attribution.

    Parameters
    ----------
    credits
        What `channels.attribute` returns of the period, of one or several models.
    weeks
        What `channels.weeks` returns of results that each channel has of its own, such as clicks.
    start, end
        The period of the credits; the weeks that begin in it are taken.

    Returns
    -------
    dict
        Of each model, by channel: the margin credited for one result, 0 where it is below; net
        sales where no cost is known. Channels without a result or a credit in the period are left
        out.
    """
    first, last = (pd.Timestamp(day(one, name="start or end")) for one in (start, end))
    within = (weeks.result.index >= first) & (weeks.result.index < last)
    counts = weeks.result[within].sum()
    days = 7 * int(within.sum())
    share = days / (last - first).days if days else np.nan
    amount = "margin" if credits["margin"].notna().any() else "revenue"
    found: dict[str, dict[str, float]] = {}
    for model, part in credits.groupby("model", sort=False):
        credited = part.dropna(subset=["channel", amount]).set_index("channel")[amount]
        found[str(model)] = {
            str(name): max(float(credited[name]), 0.0) * share / float(counts[name])
            for name in counts.index
            if name in credited.index and counts[name] > 0
        }
    return found


def allocate_by_model(
    curves: Curves, values: Mapping[str, Mapping[str, float]], *, budget: float | None = None
) -> pd.DataFrame:
    """Divide the budget with the values of each model, and say where the divisions agree.

    Parameters
    ----------
    curves
        What `channels.response_curves` returns of results that each channel has of its own.
    values
        What `values_by_model` returns.
    budget
        As for `allocate`.

    Returns
    -------
    pandas.DataFrame
        A row a channel, the most spent on first: marketing_channel, now, best_low and best_high,
        the least and the most that a model's division gives it; models, how many could divide;
        raised and lowered, how many of them surely raise it or lower it; direction: raise or lower
        where all of them do, else cannot_tell. Empty where no model can divide.
    """
    made = []
    for worth in values.values():
        if {*curves.covariance.index} <= {*worth}:
            found = allocate(curves, budget=budget, values=worth)
            made += [] if found is None else [found.table]
    names = ["marketing_channel", "now", "best_low", "best_high", "models", "raised", "lowered"]
    if not made:
        return pd.DataFrame(columns=[*names, "direction"])
    rows = pd.concat(made)
    table = rows.groupby("marketing_channel", as_index=False, sort=False).agg(
        now=("now", "first"),
        best_low=("best", "min"),
        best_high=("best", "max"),
        models=("best", "size"),
        raised=("direction", lambda one: int((one == "raise").sum())),
        lowered=("direction", lambda one: int((one == "lower").sum())),
    )
    agreed = [table["raised"] == table["models"], table["lowered"] == table["models"]]
    return table.assign(direction=np.select(agreed, ["raise", "lower"], "cannot_tell"))


def _worth(names: list[str], values: Mapping[str, float] | None, *, shared: bool) -> Floats:
    if values is None:
        return np.ones(len(names))
    if shared:
        raise ComputeError("values are for results that each channel has of its own")
    for name in names:
        if name not in values:
            message, hint = unknown("channel", name, [*values], where="these values")
            raise ComputeError(message, hint=hint)
    found = np.array([values[name] for name in names], dtype=np.float64)
    if not (np.isfinite(found) & (found >= 0)).all():
        raise ComputeError("values must be numbers of 0 or more")
    return found


def _divide(
    elasticity: Floats, now: Floats, weight: Floats, low: Floats, high: Floats, total: float
) -> Floats:
    """Return the best division on each row of elasticities, by bisection on the marginal value.

    On a power curve the spend at a marginal value m is now * (m * now / (b * result)) ** 1/(b-1);
    the logarithms keep it in range.
    """
    b = np.clip(elasticity, _FLATTEST, _STEEPEST)
    with np.errstate(divide="ignore"):
        slope = np.log(b) + np.log(weight) - np.log(now)
    bottom = np.full(len(b), np.min(slope[np.isfinite(slope)], initial=0.0) - 2_000.0)
    top = np.full(len(b), np.max(slope[np.isfinite(slope)], initial=0.0) + 2_000.0)

    def spent(log_marginal: Floats) -> Floats:
        logs = np.log(now) + (log_marginal[:, None] - slope) / (b - 1)
        found: Floats = np.exp(np.clip(logs, np.log(low), np.log(high)))
        return found

    for _round in range(_ROUNDS):
        middle = (bottom + top) / 2
        is_much = spent(middle).sum(axis=1) > total
        bottom, top = np.where(is_much, middle, bottom), np.where(is_much, top, middle)
    found = spent(top)
    # where a curve is nearly straight, the last round leaves a part of the budget: it goes there
    rest = total - found.sum(axis=1, keepdims=True)
    room = high - found
    all_room = room.sum(axis=1, keepdims=True)
    share = np.divide(room, all_room, where=all_room > 0, out=np.zeros_like(room))
    divided: Floats = found + rest * share
    return divided


def _gain(
    elasticity: Floats, best: Floats, now: Floats, result: Floats, *, shared: bool
) -> tuple[float, Floats]:
    """Return what a division brings beyond the present one, and its slope in each elasticity."""
    logs = np.log(best / now)
    if shared:
        level = float(result[0] * np.exp((elasticity * logs).sum()))
        return level - float(result[0]), level * logs
    levels = result * np.exp(elasticity * logs)
    slopes: Floats = levels * logs
    return float((levels - result).sum()), slopes


def _ends(
    fitted: Floats, spread: Floats, degrees: int, best: Floats, now: Floats, result: Floats,
    *, shared: bool,
) -> tuple[float, float]:  # fmt: skip
    """Return the least and the most gain on the curves that the weeks do not exclude.

    The division was chosen by the very weeks that value it, the best of what they show: so all
    elasticities within their joint region count (Scheffe), and not those on a line.
    """
    from scipy.special import fdtri

    size = len(fitted)
    reach = np.sqrt(size * fdtri(size, degrees, LEVEL))
    ends = []
    for side in (-1.0, 1.0):
        point = fitted
        for _round in range(_STEPS):
            slope = _gain(point, best, now, result, shared=shared)[1]
            length = np.sqrt(slope @ spread @ slope)
            point = fitted + side * reach * (spread @ slope) / length if length > 0 else fitted
        ends.append(_gain(point, best, now, result, shared=shared)[0])
    return ends[0], ends[1]


def _direction(change: float, raised: float, verdict: str) -> str:
    if abs(change) < _SAME:
        return "keep"
    if verdict != "gain":
        return "cannot_tell"
    agreed = raised if change > 0 else 1 - raised
    if agreed < LEVEL:
        return "cannot_tell"
    return "raise" if change > 0 else "lower"
