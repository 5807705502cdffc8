"""Regression to the mean: who was chosen for being low, or high, comes back by itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

import ibis
import numpy as np
import pandas as pd

from marketing_kpi.errors import ComputeError, DataError
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.frames import Frame, require
from marketing_kpi.quasi_experiments.collapse import Columns, answer, by_unit, check_starts, rows
from marketing_kpi.quasi_experiments.groups import difference, permute
from marketing_kpi.quasi_experiments.verdicts import known, verdict
from marketing_kpi.text.messages import N_
from marketing_kpi.trials.checks import check_alpha

if TYPE_CHECKING:
    import ibis.expr.types as ir

FEWEST_UNITS = 10
"""Units below which the likeness of two halves cannot be measured; a convention."""

NOTES: Mapping[str, str] = MappingProxyType(
    {
        "chosen_low": N_(
            "The treated were low before the action: part of their rise would have come by itself."
        ),
        "chosen_high": N_(
            "The treated were high before the action: part of their fall would have come by itself."
        ),
        "few_units": N_(
            "Fewer than ten units: how much of a unit's level lasts cannot be measured."
        ),
        "could_explain": N_(
            "A return to the mean that these data do not exclude could make the whole effect."
        ),
    }
)
"""What the notes of a result say, by id."""

_MEAN, _SPREAD = 100.0, 20.0


class RegressionToTheMean(NamedTuple):
    """How far from the others the treated began, and what would come back by itself.

    Attributes
    ----------
    gap, gap_low, gap_high
        The level before the action of the treated less that of the control, and its 1 - alpha
        interval by Welch's method; the ends are null where an arm has a single unit.
    p_value, permutation_p
        Two-sided, of equal levels: by Welch's method (null with the interval), by permutation.
    correlation
        Over all units, between their means in the first and the second half of the periods
        before; null under `FEWEST_UNITS` units or without spread.
    persistence, persistence_low, persistence_high
        The share of a gap before that lasts: the correlation stepped up from halves to the whole,
        with its 1 - alpha interval; from 0 (all of it was chance) to 1; null with the correlation.
    expected, expected_low, expected_high
        What the effect of `difference_in_differences` would be with no action at all: the gap
        that does not last, with its sign turned; null with the correlation.
    effect
        That of `difference_in_differences`, to be set against it.
    verdict
        ``chosen_low`` or ``chosen_high`` when the interval of the gap excludes 0 and both
        p-values are under alpha, else ``no_sign``.
    notes
        Ids of `NOTES`.
    alpha
        One less the level of the intervals.
    """

    gap: float
    gap_low: float | None
    gap_high: float | None
    p_value: float | None
    permutation_p: float
    correlation: float | None
    persistence: float | None
    persistence_low: float | None
    persistence_high: float | None
    expected: float | None
    expected_low: float | None
    expected_high: float | None
    effect: float
    verdict: Literal["chosen_low", "chosen_high", "no_sign"]
    notes: tuple[str, ...]
    alpha: float


def regression_to_the_mean(
    panel: Frame,
    *,
    outcome: str,
    unit: str,
    period: str,
    treated: str = "treated",
    after: str = "after",
    alpha: float = 0.05,
    rng: np.random.Generator | None = None,
) -> RegressionToTheMean:
    r"""Say whether the treated were low, or high, before the action, and what that alone does.

    Parameters
    ----------
    panel
        A row a unit and period, as `panel` makes.
    outcome, unit, period, treated, after
        Its columns.
    alpha
        One less the level of the intervals.
    rng
        Draws the permutations where all are too many; a fixed seed by default.

    Returns
    -------
    RegressionToTheMean
        The gap before, how much of such a gap lasts, and the effect to expect of that alone.

    Raises
    ------
    DataError
        When an arm has no unit with an outcome in both halves before, and after.

    Notes
    -----
    A unit's mean before is its lasting level and chance. Chance does not come again: of a gap
    between two groups, the share :math:`\rho` that lasts is the reliability of that mean, here
    from the correlation :math:`r` of its two halves, :math:`\rho = 2 r / (1 + r)`
    (Spearman-Brown), with Fisher's interval of :math:`r`. Groups chosen for their level then draw
    nearer by :math:`1 - \rho` of their gap, action or not. It is taken over all units together:
    within an arm that was chosen by that mean, its halves lean against each other. Where a unit's
    chance lasts from one half to the next, :math:`\rho` is too large, and the return to expect too
    small.

    A gap that has another reason (flagship stores were chosen, which are larger) stays: what is
    expected here is for units chosen *because* of their outcome.

    References
    ----------
    Barnett, A. G., van der Pols, J. C. and Dobson, A. J. (2005). Regression to the mean: what it
    is and how to deal with it. International Journal of Epidemiology 34(1), 215-220.

    Examples
    --------
    >>> frame = pd.DataFrame({"shop": list("aaabbbcccddd"), "week": [1, 2, 3] * 4,
    ...                       "treated": [1] * 6 + [0] * 6, "after": [0, 0, 1] * 4,
    ...                       "sales": [5.0, 6, 9, 4, 6, 9, 5, 6, 7, 3, 4, 4]})
    >>> found = regression_to_the_mean(frame, outcome="sales", unit="shop", period="week")
    >>> found.gap, found.verdict, found.notes
    (0.75, 'no_sign', ('few_units',))
    """
    check_alpha(alpha)
    columns = Columns(outcome, treated, after, unit, period)
    require(panel, [name for name in columns if name is not None], "panel")
    check_starts(panel, columns)
    units = by_unit(panel, columns).dropna(subset=["before", "after"])
    halves = answer(panel, lambda t: _halves(rows(t, columns))).dropna()
    units = units.merge(halves, on="unit").sort_values(["first", "second", "after"])
    arms = [units[units["treated"] == arm] for arm in (1, 0)]
    if not min(map(len, arms)):
        raise DataError(
            "no treated, or no control unit has an outcome in both halves before, and after",
            hint="two periods before the action are the fewest",
        )
    levels = [arm["before"].to_numpy(dtype=float) for arm in arms]
    gap = difference(*levels, alpha=alpha)
    permutation_p = float(permute(*levels, alpha=alpha, rng=rng).p_value)
    low, high, p_value = known(gap.low), known(gap.high), known(gap.p_value)
    said = verdict(low, high, (p_value, permutation_p), alpha=alpha)
    chosen: Literal["chosen_low", "chosen_high", "no_sign"] = (
        "chosen_low" if said == "lower" else "chosen_high" if said == "higher" else "no_sign"
    )
    changes = [float((arm["after"] - arm["before"]).mean()) for arm in arms]
    effect = changes[0] - changes[1]
    correlation = _correlation(units)
    lasting = _persistence(correlation, units=len(units), alpha=alpha)
    back = [None if share is None else -(1 - share) * float(gap.value) for share in lasting]
    ends = sorted(end for end in back[1:] if end is not None)
    notes = {
        chosen: chosen != "no_sign",
        "few_units": len(units) < FEWEST_UNITS,
        "could_explain": chosen != "no_sign" and _reaches(effect, ends),
    }
    return RegressionToTheMean(
        gap=float(gap.value),
        gap_low=low,
        gap_high=high,
        p_value=p_value,
        permutation_p=permutation_p,
        correlation=correlation,
        persistence=lasting[0],
        persistence_low=lasting[1],
        persistence_high=lasting[2],
        expected=back[0],
        expected_low=ends[0] if ends else None,
        expected_high=ends[1] if ends else None,
        effect=effect,
        verdict=chosen,
        notes=tuple(name for name, holds in notes.items() if holds),
        alpha=alpha,
    )


def _halves(named: ir.Table) -> ir.Table:
    """Return a row a unit: its means over the first and the second half of the periods before."""
    before = named.filter(named.after == 0)
    before = before.mutate(turn=ibis.dense_rank().over(order_by=before.period))
    last = before.aggregate(last=before.turn.max())
    before = before.cross_join(last)
    first = 2 * (before.turn + 1) <= before.last + 1
    return before.group_by("unit").aggregate(
        first=ratio(before.y.sum(where=first), before.y.count(where=first)),
        second=ratio(before.y.sum(where=~first), before.y.count(where=~first)),
    )


def _correlation(units: pd.DataFrame) -> float | None:
    """Return the correlation of both halves; null of few units, or without spread."""
    if len(units) < FEWEST_UNITS:
        return None
    halves = units[["first", "second"]].to_numpy(dtype=float)
    first, second = (halves - halves.mean(axis=0)).T
    spread = math.sqrt((first**2).sum() * (second**2).sum())
    return float((first * second).sum() / spread) if spread > 0 else None


def _persistence(
    correlation: float | None, *, units: int, alpha: float
) -> tuple[float | None, float | None, float | None]:
    """Return the reliability of a whole from the correlation of its halves, with its interval."""
    from scipy import special

    if correlation is None:
        return None, None, None
    turned = math.atanh(min(max(correlation, -1 + 1e-12), 1 - 1e-12))
    reach = special.ndtri(1 - alpha / 2) / math.sqrt(units - 3)
    low, high = math.tanh(turned - reach), math.tanh(turned + reach)
    return _whole(correlation), _whole(low), _whole(high)


def _whole(half: float) -> float:
    """Step a correlation of halves up to the whole (Spearman-Brown); none below 0."""
    return 2 * half / (1 + half) if half > 0 else 0.0


def _reaches(effect: float, ends: list[float]) -> bool:
    """Whether what is expected of chance goes as far as the effect, on the same side."""
    return any(effect * end > 0 and abs(end) >= abs(effect) for end in ends)


def simulate_regression(
    *,
    units: int = 200,
    persistence: float = 0.5,
    chosen: float = 0.2,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Draw units to which nothing is done, and choose the lowest: watch them rise.

    Parameters
    ----------
    units
        How many.
    persistence
        The share of the spread between units that lasts, from 0 to 1.
    chosen
        The share of units that is chosen, the lowest before, in (0, 1).
    rng
        The source of chance.

    Returns
    -------
    pandas.DataFrame
        unit (a number), before, after (both of mean 100 and standard deviation 20, of correlation
        `persistence`), chosen (boolean), from the lowest before on.

    Examples
    --------
    >>> shown = simulate_regression(units=10_000, rng=np.random.default_rng(1))
    >>> shown.groupby("chosen")[["before", "after"]].mean().round(0)
            before  after
    chosen
    False    107.0  103.0
    True      72.0   86.0
    """
    for name, value in (("persistence", persistence), ("chosen", chosen)):
        if not 0 <= value <= 1:
            raise ComputeError(f"{name} == {value}, must be in [0, 1]")
    level = rng.standard_normal(units) * math.sqrt(persistence)
    chance = rng.standard_normal((2, units)) * math.sqrt(1 - persistence)
    before, after = _MEAN + _SPREAD * (level + chance)
    shown = pd.DataFrame({"unit": np.arange(units), "before": before, "after": after})
    shown = shown.sort_values("before", kind="stable").reset_index(drop=True)
    return shown.assign(chosen=shown.index < round(chosen * units))
