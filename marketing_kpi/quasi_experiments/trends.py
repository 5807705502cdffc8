"""What difference-in-differences takes for granted, looked at: would both have changed alike?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.errors import DataError
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.frames import Frame, require
from marketing_kpi.quasi_experiments.collapse import (
    VALUE,
    Columns,
    answer,
    by_unit,
    centred,
    check_starts,
    rows,
    sum_of_squares,
)
from marketing_kpi.quasi_experiments.differences import FEW_UNITS, grows, sizes_matter
from marketing_kpi.quasi_experiments.groups import difference, estimate, part_of, permute
from marketing_kpi.quasi_experiments.verdicts import known, verdict
from marketing_kpi.text.messages import N_
from marketing_kpi.trials.checks import check_alpha

if TYPE_CHECKING:
    from marketing_kpi.quasi_experiments.groups import Floats

FEWEST_PERIODS = 8
"""Periods before the action below which a trend is hardly seen; a convention."""

NOTES: Mapping[str, str] = MappingProxyType(
    {
        "cannot_prove": N_(
            "Trends that were alike before the action may part after it: this test can refute "
            "them, not prove them."
        ),
        "few_periods": N_("Fewer than eight periods before the action: trends are hardly seen."),
        "few_units": N_(
            "Fewer than ten units in an arm: trends are said to differ where Welch's interval and "
            "the permutation, amounts and percentages all say so."
        ),
        "sizes_matter": N_(
            "Larger units moved by more before the action, or the treated are larger or smaller "
            "than the others: trends are said to differ where they do in amounts and in "
            "percentages, which is less often than stated."
        ),
        "could_explain": N_(
            "A difference of trends that these data do not exclude could make the whole effect."
        ),
        "only_amounts": N_(
            "In amounts, trends differed before the action; as percentages of each unit's own "
            "level, nothing shows that they did: where all move by one percentage, the larger "
            "move by more."
        ),
        "only_percentages": N_(
            "As percentages of each unit's own level, trends differed before the action; in "
            "amounts, nothing shows that they did: where all move by one amount, the smaller move "
            "by a larger percentage."
        ),
        "no_percentages": N_(
            "The mean of a unit is not above 0: trends are compared in amounts alone, and where "
            "all move by one percentage, the larger move by more."
        ),
    }
)
"""What the notes of `parallel_trends` say, by id."""


class ParallelTrends(NamedTuple):
    """How the trends of both arms compared before the action.

    Attributes
    ----------
    difference, low, high
        The slope of the treated less that of the control, in the outcome's unit a period, and its
        1 - alpha interval by Welch's method over units; the ends are null where an arm has a
        single unit.
    p_value, permutation_p
        Two-sided, of equal slopes, by Welch's method (null with the interval) and by permutation
        of units.
    treated_slope, control_slope
        Means over units.
    periods_before
        How many periods the slopes rest on.
    implied, implied_low, implied_high
        What that difference, carried on, would have added to the effect by itself: the difference
        times the periods from the middle of those before to the middle of those after.
    effect
        That of `difference_in_differences`, to be set against it.
    verdict
        ``diverge`` when `p_value` is under alpha, which is when the interval excludes 0; else
        ``no_sign``, which is no proof. With ``few_units`` or ``sizes_matter`` among the notes,
        `permutation_p` has to be under alpha too, and the slopes as shares of the units' own
        levels, where those are known, to say the same.
    notes
        Ids of `NOTES`; ``cannot_prove`` is always the first.
    alpha
        One less the level of the interval.
    own_difference, own_low, own_high
        The same difference of slopes, each as a fraction of its unit's mean before the action.
        Units under 1 % of the median of their arm are left out; null where the mean of another
        is not above 0, the ends also where an arm has a single unit.
    own_p_value, own_permutation_p
        As `p_value` and `permutation_p`, of that difference.
    """

    difference: float
    low: float | None
    high: float | None
    p_value: float | None
    permutation_p: float
    treated_slope: float
    control_slope: float
    periods_before: int
    implied: float
    implied_low: float | None
    implied_high: float | None
    effect: float
    verdict: Literal["diverge", "no_sign"]
    notes: tuple[str, ...]
    alpha: float
    own_difference: float | None = None
    own_low: float | None = None
    own_high: float | None = None
    own_p_value: float | None = None
    own_permutation_p: float | None = None


def event_study(
    panel: Frame,
    *,
    outcome: str,
    unit: str,
    period: str,
    treated: str = "treated",
    after: str = "after",
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Follow the difference between both arms, period by period, from the last one before.

    Parameters
    ----------
    panel
        A row a unit and period, as `panel` makes.
    outcome, unit, period, treated, after
        Its columns.
    alpha
        One less the level of each interval.

    Returns
    -------
    pandas.DataFrame
        period, after (boolean), effect: how much more the treated differ from what they were in
        the last period before the action than the others do; low and high, its 1 - alpha interval
        by Welch's method (null for that period, where the effect is 0, and where an arm has a
        single unit), treated_units and control_units, those with a value in both periods. Sorted
        by period; always pandas, since it is small.

    Notes
    -----
    Before the action, effects should lie about 0. Each interval stands alone: of twenty, one
    excludes 0 by chance; and all share the chance of the one period that they are measured from.

    Examples
    --------
    >>> frame = pd.DataFrame({"shop": list("aaabbbcccddd"), "week": [1, 2, 3] * 4,
    ...                       "treated": [1] * 6 + [0] * 6, "after": [0, 0, 1] * 4,
    ...                       "sales": [5.0, 6, 9, 4, 6, 9, 5, 6, 7, 3, 4, 4]})
    >>> found = event_study(frame, outcome="sales", unit="shop", period="week")
    >>> found["effect"].tolist()
    [-0.5, 0.0, 2.5]
    """
    check_alpha(alpha)
    columns = _columns(panel, outcome, treated, after, unit, period)
    cells = answer(panel, lambda t: _gaps(rows(t, columns)))
    arms = [cells[cells["treated"] == arm].drop(columns="treated") for arm in (1, 0)]
    both = arms[0].merge(arms[1], on=["period", "after"], suffixes=("_treated", "_control"))
    both = both.sort_values("period")
    first, second = (
        part_of(both[f"mean_{arm}"], squares=both[f"squares_{arm}"], count=both[f"units_{arm}"])
        for arm in ("treated", "control")
    )
    found = estimate(first.mean - second.mean, (first, second), alpha=alpha)
    return pd.DataFrame(
        {
            "period": both["period"].to_numpy(),
            "after": both["after"].to_numpy() == 1,
            "effect": found.value,
            "low": found.low,
            "high": found.high,
            "treated_units": both["units_treated"].to_numpy(),
            "control_units": both["units_control"].to_numpy(),
        }
    )


def parallel_trends(
    panel: Frame,
    *,
    outcome: str,
    unit: str,
    period: str,
    treated: str = "treated",
    after: str = "after",
    alpha: float = 0.05,
    rng: np.random.Generator | None = None,
) -> ParallelTrends:
    """Compare the trends of both arms before the action.

    Parameters
    ----------
    panel
        A row a unit and period, as `panel` makes.
    outcome, unit, period, treated, after
        Its columns; periods count as equally far apart.
    alpha
        One less the level of the interval.
    rng
        Draws the permutations where all are too many; a fixed seed by default.

    Returns
    -------
    ParallelTrends
        The difference of slopes, and what it would have made of the effect.

    Raises
    ------
    DataError
        When there are fewer than two periods before the action, or an arm has no unit with two.

    Notes
    -----
    A slope a unit, by least squares over the periods before; then both arms' slopes are compared
    as `difference_in_differences` compares changes, so that the likeness of a unit's rows over
    time does no harm. Not to find a difference is weak comfort when the interval is wide: see
    `implied_low` and `implied_high`.

    Stores move with the season by the same percentage, and the larger then by more: in amounts
    alone, treated stores 1.3 times as large as the others are found to diverge one time in four
    or more where nothing tells them apart. So each slope is also taken as a share of its unit's
    mean, which one season shared in percentages leaves alike, and where `sizes_matter` has to say
    the same.

    References
    ----------
    Roth, J. (2022). Pretest with caution: event-study estimates after testing for parallel trends.
    American Economic Review: Insights 4(3), 305-322.

    Examples
    --------
    >>> frame = pd.DataFrame({"shop": list("aaabbbcccddd"), "week": [1, 2, 3] * 4,
    ...                       "treated": [1] * 6 + [0] * 6, "after": [0, 0, 1] * 4,
    ...                       "sales": [5.0, 6, 9, 4, 6, 9, 5, 6, 7, 3, 4, 4]})
    >>> found = parallel_trends(frame, outcome="sales", unit="shop", period="week")
    >>> found.difference, found.implied, found.verdict
    (0.5, 0.75, 'no_sign')
    """
    check_alpha(alpha)
    columns = _columns(panel, outcome, treated, after, unit, period)
    units = by_unit(panel, columns).dropna(subset=["before", "after"])
    slopes = answer(panel, lambda t: _slopes(rows(t, columns))).sort_values(["slope", "level"])
    levels = [slopes[slopes["treated"] == arm] for arm in (1, 0)]
    arms = [arm["slope"].to_numpy(dtype=float) for arm in levels]
    if not min(map(len, arms)):
        raise DataError(
            "no treated, or no control unit has two periods before the action",
            hint="a trend takes two; more show it better",
        )
    amounts = _compared(arms, alpha=alpha, rng=rng)
    own = _own(levels, alpha=alpha, rng=rng)
    few = min(map(len, arms)) < FEW_UNITS
    sizes = not few and bool(sizes_matter(*_sizes(levels)))
    counts = answer(panel, lambda t: _lengths(rows(t, columns))).iloc[0]
    reach = float(counts["before"] + counts["after"]) / 2
    change = units["after"] - units["before"]
    means = change.groupby(units["treated"]).mean()
    effect = float(means[1] - means[0])
    low, high = amounts.low, amounts.high
    implied_low = None if low is None else low * reach
    implied_high = None if high is None else high * reach
    wary = few or sizes
    diverge = amounts.differs(alpha, wary=wary)
    own_diverge = diverge if own is None or not wary else own.differs(alpha, wary=wary)
    notes = {
        "cannot_prove": True,
        "few_periods": counts["before"] < FEWEST_PERIODS,
        "few_units": few,
        "sizes_matter": sizes,
        "could_explain": implied_low is None
        or implied_high is None
        or implied_low <= effect <= implied_high,
        "only_amounts": diverge and not own_diverge,
        "only_percentages": own_diverge and not diverge,
        "no_percentages": own is None,
    }
    return ParallelTrends(
        difference=amounts.value,
        low=low,
        high=high,
        p_value=amounts.p_value,
        permutation_p=amounts.permutation_p,
        treated_slope=float(arms[0].mean()),
        control_slope=float(arms[1].mean()),
        periods_before=int(counts["before"]),
        implied=amounts.value * reach,
        implied_low=implied_low,
        implied_high=implied_high,
        effect=effect,
        verdict="diverge" if diverge and own_diverge else "no_sign",
        notes=tuple(name for name, holds in notes.items() if holds),
        alpha=alpha,
        own_difference=None if own is None else own.value,
        own_low=None if own is None else own.low,
        own_high=None if own is None else own.high,
        own_p_value=None if own is None else own.p_value,
        own_permutation_p=None if own is None else own.permutation_p,
    )


class _Compared(NamedTuple):
    """How the slopes of both arms compare."""

    value: float
    low: float | None
    high: float | None
    p_value: float | None
    permutation_p: float

    def differs(self, alpha: float, *, wary: bool) -> bool:
        """Whether they differ, by the permutation too where that is asked."""
        p_values = (self.p_value, self.permutation_p if wary else None)
        return verdict(self.low, self.high, p_values, alpha=alpha) != "cannot_tell"


def _compared(
    arms: Sequence[Floats], *, alpha: float, rng: np.random.Generator | None
) -> _Compared:
    """Compare the slopes of the treated with those of the others."""
    found = difference(*arms, alpha=alpha)
    permutation_p = float(permute(*arms, alpha=alpha, rng=rng).p_value)
    low, high, p_value = known(found.low), known(found.high), known(found.p_value)
    return _Compared(float(found.value), low, high, p_value, permutation_p)


def _sizes(arms: Sequence[pd.DataFrame]) -> Iterator[Floats]:
    """Return the levels and the slopes of the treated, then of the others."""
    return (arm[name].to_numpy(dtype=float) for arm in arms for name in ("level", "slope"))


def _own(
    arms: Sequence[pd.DataFrame], *, alpha: float, rng: np.random.Generator | None
) -> _Compared | None:
    """Compare slopes as shares of the units' own levels; None where a level is not above 0."""
    kept = [arm[grows(arm["level"].to_numpy(dtype=float))] for arm in arms]
    if min(arm["level"].min() for arm in kept) <= 0:
        return None
    shares = [(arm["slope"] / arm["level"]).to_numpy(dtype=float) for arm in kept]
    return _compared(shares, alpha=alpha, rng=rng)


def placebo_groups(
    panel: Frame,
    *,
    outcome: str,
    unit: str,
    treated: str = "treated",
    after: str = "after",
) -> pd.DataFrame:
    """Take each unit alone for treated, and set its change against that of the units left alone.

    Parameters
    ----------
    panel
        A row a unit and period, as `panel` makes.
    outcome, unit, treated, after
        Its columns.

    Returns
    -------
    pandas.DataFrame
        The unit under its own name, treated (boolean), change (its mean after less that before),
        effect (its change less the mean change of the units left alone, itself not among them),
        and at_least: the share of units left alone whose effect is at least as large either way.
        Sorted by effect, largest first; effect and at_least are null where no other unit was left
        alone. Always pandas.

    Notes
    -----
    Nothing was done to the units left alone: their effects are what chance alone makes of one
    unit. One treated unit far from the others carries the whole effect by itself.

    Examples
    --------
    >>> frame = pd.DataFrame({"shop": list("aabbccdd"), "after": [0, 1] * 4,
    ...                       "treated": [1] * 2 + [0] * 6,
    ...                       "sales": [5.0, 9, 4, 5, 5, 5, 3, 5]})
    >>> placebo_groups(frame, outcome="sales", unit="shop")
      shop  treated  change  effect  at_least
    0    a     True     4.0     3.0  0.000000
    1    d    False     2.0     1.5  0.666667
    2    b    False     1.0     0.0  1.000000
    3    c    False     0.0    -1.5  0.666667
    """
    columns = _columns(panel, outcome, treated, after, unit, None)
    units = by_unit(panel, columns).dropna(subset=["before", "after"])
    change = (units["after"] - units["before"]).to_numpy(dtype=float)
    control = (units["treated"] == 0).to_numpy()
    others = control.sum() - control
    total = change[control].sum() - np.where(control, change, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = change - np.where(others > 0, total / others, np.nan)
        sizes = np.sort(np.abs(effect[control]))
        fewer = np.searchsorted(sizes, np.abs(effect) * (1 - 1e-12))
        at_least = np.where(np.isnan(effect), np.nan, 1 - fewer / control.sum())
    found = pd.DataFrame(
        {
            unit: units["unit"],
            treated: ~control,
            "change": change,
            "effect": effect,
            "at_least": at_least,
        }
    )
    return found.sort_values(["effect", unit], ascending=[False, True]).reset_index(drop=True)


def _columns(
    panel: Frame, outcome: str, treated: str, after: str, unit: str, period: str | None
) -> Columns:
    """Return the columns of a panel, checked."""
    columns = Columns(outcome, treated, after, unit, period)
    require(panel, [name for name in columns if name is not None], "panel")
    if period is not None:
        check_starts(panel, columns)
    return columns


def _gaps(named: ir.Table) -> ir.Table:
    """Return a row a period and arm: units, mean and squares of what changed since the last one."""
    means = named.group_by(["unit", "treated", "after", "period"]).aggregate(
        y=ratio(named.y.sum(), named.y.count())
    )
    means = means.filter(means.y.notnull())
    eve = named.filter(named.after == 0).aggregate(period=lambda t: t.period.max())
    base = means.semi_join(eve, "period").select("unit", base="y")
    keys = ["period", "after", "treated"]
    changes = means.join(base, "unit").mutate(change=lambda t: t.y - t.base)
    changes = centred(changes, "change", keys=keys)
    return changes.group_by(keys).aggregate(
        units=changes.count(),
        mean=ratio(changes.change.cast(VALUE).sum(), changes.count()),
        squares=sum_of_squares(changes),
    )


def _slopes(named: ir.Table) -> ir.Table:
    """Return a row a unit: the slope and the mean of its outcome over the periods before."""
    before = named.filter(named.after == 0)
    before = before.mutate(turn=ibis.dense_rank().over(order_by=before.period).cast("float64"))
    before = before.filter(before.y.notnull())
    before = before.mutate(
        t=before.turn - before.turn.mean().over(group_by="unit"),
        gap=before.y.cast("float64") - before.y.cast("float64").mean().over(group_by="unit"),
    )
    slopes = before.group_by(["unit", "treated"]).aggregate(
        slope=ratio(
            (before.t * before.gap).cast(VALUE).sum(), (before.t * before.t).cast(VALUE).sum()
        ),
        level=ratio(before.y.sum(), before.y.count()),
    )
    return slopes.filter(slopes.slope.notnull()).select("treated", "slope", "level")


def _lengths(named: ir.Table) -> ir.Table:
    """Count the periods before and after."""
    return named.aggregate(
        before=named.period.nunique(where=named.after == 0),
        after=named.period.nunique(where=named.after == 1),
    )
