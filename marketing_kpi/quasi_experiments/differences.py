"""Difference-in-differences: the change of the treated, less that of those left alone."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from marketing_kpi.errors import DataError
from marketing_kpi.kpis.frames import Frame, require
from marketing_kpi.quasi_experiments.collapse import (
    Columns,
    by_cell,
    by_unit,
    check_once,
    check_starts,
)
from marketing_kpi.quasi_experiments.groups import (
    Estimate,
    Part,
    Permutation,
    difference,
    estimate,
    part,
    part_of,
    permute,
    ratio_interval,
)
from marketing_kpi.quasi_experiments.verdicts import Verdict, known, verdict
from marketing_kpi.text.messages import N_
from marketing_kpi.trials.checks import check_alpha

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from marketing_kpi.quasi_experiments.groups import Floats

FEW_UNITS = 10
"""Units in an arm below which Welch's interval may miss more often than it says."""

SKEWED = 0.6
"""Skewness of the changes of units, over the root of how many the smaller arm has, from which
Welch's interval is a warned one: it is then too wide. Under `FEW_UNITS` it is warned anyway."""

LOPSIDED = 0.2
"""Skewness that is left to Welch's statistic from which its interval is a warned one, as too
narrow: arms of one size lose it in the difference, one of 10 against 90 keeps a quarter of it."""

_APART, _CLEAR = 0.05, 0.01  # see `sizes_matter`
_WARY = ("few_units", "one_unit", "skewed_units", "sizes_matter")

SMALL = 0.01
"""Share of the median level of its arm, before, under which a unit has no growth of its own: stores
closed or nearly so. One of them would decide a mean of logarithms; a convention."""

NOTES: Mapping[str, str] = MappingProxyType(
    {
        "few_units": N_(
            "Fewer than ten units in an arm: Welch's interval may be too narrow there. The "
            "permutation of units keeps its promise where, without the action, the treated would "
            "vary as the others do; the verdict takes both."
        ),
        "skewed_units": N_(
            "The changes of units are skewed, and units are few for that: Welch's interval may be "
            "too narrow or too wide. The verdict takes the permutation too."
        ),
        "sizes_matter": N_(
            "Larger units change by more, or the treated are larger or smaller than the others: "
            "amounts and percentages can then lead to two answers. The verdict is given where both "
            "agree, so it errs less often than stated, and sees fewer effects."
        ),
        "levels_differ": N_(
            "The treated and the others are not of one size: had all merely changed by one and the "
            "same percentage, the larger would have changed more, by as much as this effect."
        ),
        "scales_disagree": N_(
            "Taken as a percentage of each unit's own level, the effect does not lead to the same "
            "verdict: in amounts and in percentages, the answers differ."
        ),
        "only_percentages": N_(
            "Taken as a percentage of each unit's own level there would be a verdict, in amounts "
            "there is none: in amounts and in percentages, the answers differ."
        ),
        "small_units_left_out": N_(
            "Units under 1% of the median level of their group before, closed or nearly so, are "
            "left out of the effect in percentages: their own growth tells nothing."
        ),
        "too_few_to_tell": N_(
            "With so few units no result, however large, could be told from chance: the treated "
            "ones can be drawn in too few ways."
        ),
        "one_unit": N_("An arm has a single unit: nothing tells how much units differ by chance."),
        "few_rows": N_(
            "Fewer than ten rows in an arm, before or after: the interval may be too narrow."
        ),
        "no_unit": N_(
            "Each row counts as its own: parallel trends and the likeness of a unit's rows over "
            "time cannot be checked, and rows of one unit would make the interval too narrow."
        ),
        "unbalanced": N_(
            "Units do not all have the same number of rows before, or after: their averages stand "
            "for different periods."
        ),
        "units_dropped": N_("Units without a value before, or after, are left out."),
        "missing_outcomes": N_("Rows without an outcome are left out."),
        "constant": N_("Within an arm nothing varies: there is no error to compute."),
        "no_relative": N_(
            "What the treated would have reached is not clearly above zero: a relative effect has "
            "no meaning."
        ),
    }
)
"""What the notes of a result say, by id."""


class Effect(NamedTuple):
    """What arrays of units say of an effect: arrays of one shape, that of the replications.

    Attributes
    ----------
    absolute
        The difference of both changes, by Welch's method.
    counterfactual
        What the treated would have reached: their level before, with the change of the others.
    relative, relative_low, relative_high
        The effect over that, and its interval (Fieller's); NaN where that is not above 0.
    """

    absolute: Estimate
    counterfactual: Floats
    relative: Floats
    relative_low: Floats
    relative_high: Floats


class DifferenceInDifferences(NamedTuple):
    """How much more the treated changed than those left alone.

    Attributes
    ----------
    effect, low, high
        The difference of both changes, a unit and period (a row, without a unit), in the outcome's
        unit, and its 1 - alpha interval by Welch's method; the ends are null where an arm has a
        single unit or nothing varies.
    p_value
        Two-sided, of no effect, by the same method; null with the interval.
    permutation_p
        Two-sided, by permutation of the treated units; null without a unit.
    permutation_low, permutation_high
        The effects that the permutation does not reject; infinite where units are too few, null
        without a unit.
    relative_effect, relative_low, relative_high
        The effect over `counterfactual`, a fraction, and its interval, which includes 0 exactly
        when that of the effect does; null where the counterfactual is not clearly above 0. The
        ends are null with those of the effect.
    verdict
        ``higher`` or ``lower`` when `p_value` is under alpha, which is when the interval excludes
        0; else ``cannot_tell``. With ``few_units``, ``skewed_units`` or ``sizes_matter`` among the
        notes, `permutation_p` has to be under alpha too, and the effect on the units' own levels
        to lead to the same, or, where that one is not known, the notes to have no
        ``levels_differ``.
    method
        ``units`` (collapsed to one change each, Welch and permutation) or ``rows`` (no unit).
    notes
        Ids of `NOTES`: what weakens the answer.
    counterfactual
        What the treated would have reached without the action, if both had changed alike.
    treated_before, treated_after, control_before, control_after
        Means over units (rows, without a unit).
    treated_units, control_units
        How many units each arm has; rows, without a unit.
    total, total_low, total_high
        The effect on all the treated together over the rows after the action.
    standard_error, degrees_of_freedom
        Those of the interval; null with it.
    alpha
        One less the level of the interval.
    own_effect, own_low, own_high
        The effect on each unit's own level, a fraction: how many times as much the treated grew,
        less 1 (geometric means over units), and its interval. Units under `SMALL` of the median
        level of their arm before are left out; null without a unit, or where the mean of another
        is not above 0.
    own_p_value, own_permutation_p
        As `p_value` and `permutation_p`, of that effect.
    """

    effect: float
    low: float | None
    high: float | None
    p_value: float | None
    permutation_p: float | None
    permutation_low: float | None
    permutation_high: float | None
    relative_effect: float | None
    relative_low: float | None
    relative_high: float | None
    verdict: Verdict
    method: Literal["units", "rows"]
    notes: tuple[str, ...]
    counterfactual: float
    treated_before: float
    treated_after: float
    control_before: float
    control_after: float
    treated_units: int
    control_units: int
    total: float
    total_low: float | None
    total_high: float | None
    standard_error: float | None
    degrees_of_freedom: float | None
    alpha: float
    own_effect: float | None = None
    own_low: float | None = None
    own_high: float | None = None
    own_p_value: float | None = None
    own_permutation_p: float | None = None


def unit_effect(
    treated_before: Floats,
    treated_after: Floats,
    control_before: Floats,
    control_after: Floats,
    *,
    alpha: float,
) -> Effect:
    """Return the effect from a mean before and one after a unit, over replications at once.

    Parameters
    ----------
    treated_before, treated_after, control_before, control_after
        Units on the first axis; replications, if any, on those that follow.
    alpha
        One less the level of the intervals.

    Examples
    --------
    >>> found = unit_effect(np.array([10.0, 20.0]), np.array([15.0, 27.0]),
    ...                     np.array([12.0, 18.0]), np.array([13.0, 21.0]), alpha=0.05)
    >>> float(found.absolute.value), float(found.counterfactual), round(float(found.relative), 4)
    (4.0, 17.0, 0.2353)
    """
    absolute = difference(treated_after - treated_before, control_after - control_before,
                          alpha=alpha)  # fmt: skip
    before, after = part(treated_before), part(treated_after)
    change = part(control_after - control_before)
    centred = (treated_before - before.mean) * (treated_after - after.mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = centred.sum(axis=0) / before.freedom / len(treated_before)
    return _effect(absolute, after, (before, change), before.mean + change.mean, covariance, alpha)


def own_effect(
    treated_before: Floats,
    treated_after: Floats,
    control_before: Floats,
    control_after: Floats,
    *,
    alpha: float,
) -> Estimate:
    r"""Return the effect on the logarithm of each unit's growth, over replications at once.

    Parameters
    ----------
    treated_before, treated_after, control_before, control_after
        As in `unit_effect`, all above 0.
    alpha
        One less the level of the interval.

    Notes
    -----
    The difference of the arms' means of :math:`\log(after / before)`. A change by one percentage
    that all units share leaves it alone, whatever their size; one by the same amount does not.

    Examples
    --------
    >>> found = own_effect(np.array([10.0, 20.0]), np.array([15.0, 30.0]),
    ...                    np.array([10.0, 40.0]), np.array([10.0, 40.0]), alpha=0.05)
    >>> round(math.expm1(float(found.value)), 4)
    0.5
    """
    grown = np.log(treated_after / treated_before), np.log(control_after / control_before)
    return difference(*grown, alpha=alpha)


def made_by_levels(treated_before: Floats, control_before: Floats, control_after: Floats) -> Floats:
    """Return the effect that one percentage shared by all would make; NaN of levels not above 0.

    Parameters
    ----------
    treated_before, control_before, control_after
        Means of the arms.

    Examples
    --------
    >>> round(float(made_by_levels(np.array(150.0), np.array(100.0), np.array(110.0))), 9)
    5.0
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        made = (treated_before - control_before) * (control_after / control_before - 1)
    return np.where((treated_before > 0) & (control_before > 0), made, np.nan)


def reached(made: Floats, low: Floats, high: Floats) -> NDArray[np.bool_]:
    """Whether what something else would make reaches an interval that excludes 0.

    >>> bool(reached(np.array(5.0), np.array(4.0), np.array(9.0)))
    True
    """
    return ((low > 0) & (made >= low)) | ((high < 0) & (made <= high))


def skewed(treated: Floats, control: Floats) -> NDArray[np.bool_]:
    r"""Whether the changes of units are too skewed for Welch's interval, over replications at once.

    Notes
    -----
    With :math:`\gamma` the skewness within arms of :math:`n` and :math:`m` units, the difference
    of their means has :math:`\gamma |n^{-2} - m^{-2}| / (n^{-1} + m^{-1})^{3/2}`, which is held
    against `LOPSIDED`; :math:`\gamma / \sqrt{\min(n, m)}` is against `SKEWED`.

    Examples
    --------
    >>> bool(skewed(np.array([1.0, -1.0] * 5), np.array([0.0] * 29 + [40.0])))
    True
    """
    gaps = [arm - arm.mean(axis=0) for arm in (treated, control)]
    squares, cubes = (sum((gap**power).sum(axis=0) for gap in gaps) for power in (2, 3))
    shares = [1 / len(gap) for gap in gaps]
    fewest, units = min(map(len, gaps)), sum(map(len, gaps))
    with np.errstate(divide="ignore", invalid="ignore"):
        skewness = np.abs(math.sqrt(units) * np.asarray(cubes) / np.asarray(squares) ** 1.5)
    left = abs(shares[0] ** 2 - shares[1] ** 2) / sum(shares) ** 1.5
    far: NDArray[np.bool_] = (skewness * left > LOPSIDED) | (skewness / math.sqrt(fewest) > SKEWED)
    return far & (fewest >= FEW_UNITS)


def sizes_matter(
    treated: Floats, treated_change: Floats, control: Floats, control_change: Floats
) -> NDArray[np.bool_]:
    r"""Whether amounts and percentages may answer differently, over replications at once.

    Parameters
    ----------
    treated, control
        The level of each unit before; none has both answers where the mean of an arm is not above
        0, and this is then False.
    treated_change, control_change
        By how much each changed, or its slope.

    Notes
    -----
    Either of two holds, whatever the effect is. Within arms, changes go with levels, clearly (1 %)
    and as growth by one percentage would make them: the slope of the one on the other lies between
    0 and twice that growth. Or the arms differ in level (5 %), and the growth of the control, with
    two standard errors, makes more of that difference than a third of the error of the effect,
    which takes false alarms from 5 % to 6.

    What it sees late is a difference of size under much noise: of treated a fifth larger, all
    growing by 30 % give or take 15, two thirds escape it, with 7 % of false alarms.

    Examples
    --------
    >>> sizes = np.array([10.0, 20.0, 30.0, 40.0])
    >>> moves = np.array([1.1, 1.9, 3.1, 3.9])  # a tenth of each
    >>> bool(sizes_matter(sizes, moves, sizes, moves)), bool(
    ...     sizes_matter(sizes, moves[[2, 0, 3, 1]], sizes, moves[[1, 3, 0, 2]]))
    (True, False)
    """
    levels, changes = (treated, control), (treated_change, control_change)
    means = [level.mean(axis=0) for level in levels]
    found, gap = difference(*changes, alpha=_APART), difference(*levels, alpha=_APART)
    change = part(control_change)
    with np.errstate(divide="ignore", invalid="ignore"):
        most = (np.abs(change.mean) + 2 * np.sqrt(change.variance)) / np.abs(means[1])
        growth = sum(x.sum(axis=0) for x in changes) / sum(x.sum(axis=0) for x in levels)
        slope, p_value = _within(levels, changes)
        apart = (gap.p_value < _APART) & (np.abs(gap.value) * most > found.error / 3)
        goes = (p_value < _CLEAR) & (slope * growth > 0) & (np.abs(slope) < 2 * np.abs(growth))
    matter: NDArray[np.bool_] = (apart | goes) & (means[0] > 0) & (means[1] > 0)
    return matter


def _within(levels: tuple[Floats, Floats], changes: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Return the slope of changes on levels within arms, and its two-sided p-value."""
    from scipy import special

    x, y = (np.concatenate([arm - arm.mean(axis=0) for arm in arms]) for arms in (levels, changes))
    squares, products = (x * x).sum(axis=0), (x * y).sum(axis=0)
    freedom = len(x) - 3
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = products / squares
        spread = np.maximum((y * y).sum(axis=0) - slope * products, 0.0)
        distance = np.abs(slope) / np.sqrt(spread / freedom / squares)
    return slope, 2 * special.stdtr(freedom, -distance)


def grows(before: Floats) -> NDArray[np.bool_]:
    """Whether a unit is large enough, in its arm, to have a growth of its own.

    >>> grows(np.array([100.0, 0.5, 120.0])).tolist()
    [True, False, True]
    """
    return np.abs(before) >= SMALL * np.median(before)


def row_effect(
    treated_before: Part, treated_after: Part, control_before: Part, control_after: Part,
    *, alpha: float,
) -> Effect:  # fmt: skip
    """Return the effect from the means of four samples drawn apart, as in repeated surveys."""
    parts = (treated_before, treated_after, control_before, control_after)
    bottom = treated_before.mean + control_after.mean - control_before.mean
    absolute = estimate(treated_after.mean - bottom, parts, alpha=alpha)
    made_of = (treated_before, control_before, control_after)
    return _effect(absolute, treated_after, made_of, bottom, np.zeros_like(bottom), alpha)


def _effect(
    absolute: Estimate,
    after: Part,
    made_of: tuple[Part, ...],
    counterfactual: Floats,
    covariance: Floats,
    alpha: float,
) -> Effect:
    """Return an effect and its relative form, from what the counterfactual is made of."""
    from scipy import special

    low, high = ratio_interval(
        after.mean,
        counterfactual,
        top_variance=after.variance,
        bottom_variance=np.asarray(sum(each.variance for each in made_of)),
        covariance=covariance,
        quantile=special.stdtrit(absolute.freedom, 1 - alpha / 2),
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(counterfactual > 0, absolute.value / counterfactual, np.nan)
    return Effect(absolute, counterfactual, relative, low - 1, high - 1)


def difference_in_differences(
    panel: Frame,
    *,
    outcome: str,
    treated: str = "treated",
    after: str = "after",
    unit: str | None = None,
    period: str | None = None,
    alpha: float = 0.05,
    rng: np.random.Generator | None = None,
) -> DifferenceInDifferences:
    r"""Estimate the effect of an action from those it touched and those it did not.

    Parameters
    ----------
    panel
        A row a unit and period, as `panel` makes; or, without `unit`, a row an observation.
    outcome
        A column of numbers; rows without one are left out, and the notes say so.
    treated, after
        Columns of booleans, or 0 and 1: whether the row's unit is ever treated, and whether the
        row comes after the action.
    unit
        The column that names what was treated or left alone as a whole: a store, a region. It is
        not the customer when stores were chosen. None takes each row as its own.
    period
        The column that names the period; with it, an action that does not begin in the same
        period for all is refused, and so are several rows of a unit in one.
    alpha
        One less the level of the intervals.
    rng
        Draws the permutations where all of them are too many; a fixed seed by default.

    Returns
    -------
    DifferenceInDifferences
        The effect, its interval, both p-values and a verdict.

    Raises
    ------
    DataError
        When a column is no number or flag, a unit is treated in some rows only, an arm or a period
        is empty, the action begins at different times, or a unit has several rows of one period.
    ComputeError
        When alpha is not between 0 and 1.

    Notes
    -----
    Each unit is collapsed to one number, its mean after less its mean before, so that the
    likeness of its rows over time, which ruins row-level errors (32 % false alarms on a series of
    autocorrelation .6), no longer matters. The effect is the difference of the arms' means of that
    change. Welch's interval asks for some ten units in each arm; the permutation of units is exact
    for fewer, if the treated ones might as well have been others.

    Stores seldom change by the same amount; they change by the same percentage, and the larger
    then by more. Where the treated are larger, that alone makes an effect in amounts (up to 95 %
    false alarms where they are half as large again and all grow by 30 %). So the effect is also
    taken on each unit's own level, from :math:`\log(after / before)`, and where `sizes_matter`,
    which does not look at the effect, has to say the same. Where it cannot be taken, an effect
    that one percentage for all could make has no verdict.

    It is the effect of the action if, without it, both arms would have changed alike: see
    `parallel_trends` and `event_study`, which can refute that, not prove it.

    References
    ----------
    Bertrand, M., Duflo, E. and Mullainathan, S. (2004). How much should we trust
    differences-in-differences estimates? Quarterly Journal of Economics 119(1), 249-275.

    Examples
    --------
    >>> import pandas as pd
    >>> panel = pd.DataFrame({
    ...     "store": list("aabbccdd"),
    ...     "after": [0, 1] * 4,
    ...     "treated": [1] * 4 + [0] * 4,
    ...     "sales": [100.0, 130.0, 80.0, 114.0, 90.0, 100.0, 70.0, 82.0],
    ... })
    >>> found = difference_in_differences(panel, outcome="sales", unit="store")
    >>> found.effect, found.verdict, found.notes
    (21.0, 'cannot_tell', ('few_units', 'too_few_to_tell'))
    """
    check_alpha(alpha)
    columns = Columns(outcome, treated, after, unit, period)
    require(panel, [name for name in columns if name is not None], "panel")
    if unit is None:
        return _from_rows(by_cell(panel, columns), alpha=alpha)
    units = by_unit(panel, columns)
    if period is not None:
        check_starts(panel, columns)
        check_once(panel, columns)
    return _from_units(units, alpha=alpha, rng=rng)


def _from_units(
    units: pd.DataFrame, *, alpha: float, rng: np.random.Generator | None
) -> DifferenceInDifferences:
    """Answer from a row a unit."""
    whole = units[units[["before", "after"]].notna().all(axis=1)]
    if len(whole) < 2 or whole["treated"].nunique() < 2:
        raise DataError(
            "no treated, or no control unit has a value both before and after",
            hint="an arm needs one at least",
        )
    arms = [whole[whole["treated"] == arm] for arm in (1, 0)]
    sides = [arm[side].to_numpy(dtype=float) for arm in arms for side in ("before", "after")]
    found = unit_effect(*sides, alpha=alpha)
    changes = sides[1] - sides[0], sides[3] - sides[2]
    shuffled = permute(*changes, alpha=alpha, rng=rng)
    counts = [len(arm) for arm in arms]
    notes = {
        "few_units": 1 < min(counts) < FEW_UNITS,
        "too_few_to_tell": not math.isfinite(shuffled.low),
        "one_unit": min(counts) == 1,
        "skewed_units": bool(skewed(*changes)),
        "sizes_matter": min(counts) >= FEW_UNITS
        and bool(sizes_matter(sides[0], changes[0], sides[2], changes[1])),
        "unbalanced": _unbalanced(whole),
        "units_dropped": len(whole) < len(units),
        "missing_outcomes": units["without"].sum() > 0,
    }
    means = [float(side.mean()) for side in sides]
    told = _answer(found, shuffled, means, counts, int(arms[0]["rows_after"].sum()), notes, alpha)
    return _on_own_levels(told, sides, rng)


def wary(notes: Container[str]) -> bool:
    """Whether an answer's notes make its verdict take every answer there is.

    >>> wary(("unbalanced",)), wary(("unbalanced", "few_units"))
    (False, True)
    """
    return any(note in notes for note in _WARY)


def _on_own_levels(
    told: DifferenceInDifferences, sides: list[Floats], rng: np.random.Generator | None
) -> DifferenceInDifferences:
    """Add the effect on the units' own levels; a wary verdict that it does not share is none."""
    treated, control = (grows(before) for before in sides[::2])
    kept = [sides[0][treated], sides[1][treated], sides[2][control], sides[3][control]]
    if min(map(np.min, kept)) <= 0:
        return _held_by_levels(told)
    found = own_effect(*kept, alpha=told.alpha)
    grown = np.log(kept[1] / kept[0]), np.log(kept[3] / kept[2])
    shuffled = permute(*grown, alpha=told.alpha, rng=rng)
    low, high, p_value = known(found.low), known(found.high), known(found.p_value)
    permutation_p = float(shuffled.p_value)
    left_out = sum(map(len, kept)) < sum(map(len, sides))
    told = told._replace(
        own_effect=math.expm1(float(found.value)),
        own_low=None if low is None else math.expm1(low),
        own_high=None if high is None else math.expm1(high),
        own_p_value=p_value,
        own_permutation_p=permutation_p,
        notes=(*told.notes, "small_units_left_out") if left_out else told.notes,
    )
    if not wary(told.notes):
        return told
    if p_value is None:
        return _held_by_levels(told)
    return _both(told, verdict(low, high, (p_value, permutation_p), alpha=told.alpha))


def _both(told: DifferenceInDifferences, own: Verdict) -> DifferenceInDifferences:
    """Put the verdict in amounts beside that on the units' own levels: they have to agree."""
    if own == told.verdict:
        # What one percentage for all would make is already taken out of this second answer.
        notes = told.notes if own == "cannot_tell" else _without(told.notes, "levels_differ")
        return told._replace(notes=notes)
    differ = "only_percentages" if told.verdict == "cannot_tell" else "scales_disagree"
    return told._replace(verdict="cannot_tell", notes=(*told.notes, differ))


def _held_by_levels(told: DifferenceInDifferences) -> DifferenceInDifferences:
    """Take away, without an answer on own levels, what one percentage for all could make."""
    return told._replace(verdict="cannot_tell") if "levels_differ" in told.notes else told


def _without(notes: tuple[str, ...], left_out: str) -> tuple[str, ...]:
    return tuple(note for note in notes if note != left_out)


def _unbalanced(units: pd.DataFrame) -> bool:
    return units["rows_before"].nunique() > 1 or units["rows_after"].nunique() > 1


def _from_rows(cells: pd.DataFrame, *, alpha: float) -> DifferenceInDifferences:
    """Answer from a row an arm and side of the action: each observation its own."""
    ordered = cells[cells["known"] > 0].sort_values(["treated", "after"])
    if len(ordered) < 4:  # both arms, on both sides
        raise DataError(
            "one of treated or control, before or after, has no value",
            hint="all four are needed",
        )
    count, mean, squares = ordered[["known", "mean", "squares"]].to_numpy(dtype=float).T
    parts = [
        part_of(each, squares=square, count=rows)
        for each, square, rows in zip(mean, squares, count, strict=True)
    ]
    control_before, control_after, before, after = parts
    found = row_effect(before, after, control_before, control_after, alpha=alpha)
    notes = {
        "no_unit": True,
        "few_rows": count.min() < FEW_UNITS,
        "missing_outcomes": cells["rows"].sum() > cells["known"].sum(),
    }
    means = [float(each.mean) for each in (before, after, control_before, control_after)]
    counts = [int(count[2] + count[3]), int(count[0] + count[1])]
    return _held_by_levels(_answer(found, None, means, counts, int(count[3]), notes, alpha))


def _answer(
    found: Effect,
    shuffled: Permutation | None,
    means: list[float],
    counts: list[int],
    rows_after: int,
    notes: Mapping[str, bool],
    alpha: float,
) -> DifferenceInDifferences:
    """Put an answer together, NaN as null, with its verdict and notes."""
    absolute = found.absolute
    low, high, p_value = known(absolute.low), known(absolute.high), known(absolute.p_value)
    permutation_p = None if shuffled is None else float(shuffled.p_value)
    relative = known(found.relative)
    if p_value is not None and known(found.relative_low) is None:
        relative = None
    made = made_by_levels(*(np.asarray(means[side]) for side in (0, 2, 3)))
    takes_all = shuffled is None or wary({name for name, holds in notes.items() if holds})
    all_notes = {
        **notes,
        "levels_differ": takes_all and bool(reached(made, absolute.low, absolute.high)),
        "constant": p_value is None and min(counts) > 1,
        "no_relative": relative is None,
    }
    return DifferenceInDifferences(
        effect=float(absolute.value),
        low=low,
        high=high,
        p_value=p_value,
        permutation_p=permutation_p,
        permutation_low=None if shuffled is None else float(shuffled.low),
        permutation_high=None if shuffled is None else float(shuffled.high),
        relative_effect=relative,
        relative_low=known(found.relative_low),
        relative_high=known(found.relative_high),
        verdict=verdict(low, high, (p_value, permutation_p if takes_all else None), alpha=alpha),
        method="rows" if shuffled is None else "units",
        notes=tuple(name for name, holds in all_notes.items() if holds),
        counterfactual=float(found.counterfactual),
        treated_before=means[0],
        treated_after=means[1],
        control_before=means[2],
        control_after=means[3],
        treated_units=counts[0],
        control_units=counts[1],
        total=float(absolute.value) * rows_after,
        total_low=None if low is None else low * rows_after,
        total_high=None if high is None else high * rows_after,
        standard_error=known(absolute.error),
        degrees_of_freedom=known(absolute.freedom),
        alpha=alpha,
    )
