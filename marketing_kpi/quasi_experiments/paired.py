"""Before and after without a control: what changed, whatever made it change."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.errors import ComputeError, ConfigError, DataError
from marketing_kpi.kpis.formulas import ratio, steady
from marketing_kpi.kpis.frames import Frame, require
from marketing_kpi.kpis.periods import day
from marketing_kpi.quasi_experiments.collapse import (
    VALUE,
    answer,
    centred,
    number,
    sum_of_products,
    sum_of_squares,
)
from marketing_kpi.quasi_experiments.groups import Estimate, Part, estimate, part_of, ratio_interval
from marketing_kpi.quasi_experiments.periods import calendar_notes
from marketing_kpi.quasi_experiments.verdicts import Verdict, known, verdict
from marketing_kpi.text.messages import N_
from marketing_kpi.trials.checks import check_alpha

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Side: TypeAlias = (
    "str | int | float | bool | dt.date | np.datetime64 | pd.Period"
    "| tuple[str | dt.date, str | dt.date]"
)
Method: TypeAlias = Literal["paired_t", "welch", "mcnemar", "proportions"]

RANKED_UNITS = 2_000
"""Pairs up to which their values are brought from the engine to be ranked."""

FEW_UNITS = 30
"""Values a side below which the notes say that they are few; a convention."""

NOTES: Mapping[str, str] = MappingProxyType(
    {
        "descriptive": N_(
            "Descriptive: without a control, season, trend and all else that changed are in this "
            "difference."
        ),
        "few_units": N_("Fewer than thirty values on a side: the interval leans on their shape."),
        "units_dropped": N_("Units without a value on one of the two sides are left out."),
        "missing_outcomes": N_("Rows without an outcome are left out."),
        "other_periods": N_("Rows of other periods are left out."),
        "repeated": N_("Units with several rows on a side count once, by their mean."),
        "constant": N_("Nothing varies: there is no error to compute."),
        "serial": N_(
            "Rows of days that follow one another are not independent: the interval is too narrow "
            "for a verdict. See `interrupted_time_series`, which allows for that."
        ),
        "shared_shocks": N_(
            "What moves all units together from one period to the other is in the change, and not "
            "in its interval: only units left alone would show it."
        ),
        "part_of_period": N_(
            "The rows reach over a part of a period only: what the calendar holds in the rest of "
            "it does not concern them."
        ),
    }
)
"""What the notes of a result say, by id."""

_REACHED = 0.9  # share of the days of a period that its rows have to reach over


class BeforeAfter(NamedTuple):
    """What changed from one period to another: descriptive, since nothing was left alone.

    Attributes
    ----------
    before_n, after_n
        How many units (rows, without a unit) each side has.
    before_value, after_value
        Their means, or rates.
    absolute_change, absolute_low, absolute_high
        After less before, in the outcome's unit, and its 1 - alpha interval; null where nothing
        varies or a side has a single value.
    relative_change, relative_low, relative_high
        The change over what was before, a fraction; null unless that is above 0. The interval is
        null with that of the change, where the value before is not clearly above 0, and for pairs
        of rates.
    p_value
        Two-sided, of no change; null with the interval.
    method
        ``paired_t``, ``welch``, ``mcnemar`` (pairs of rates) or ``proportions``.
    verdict
        ``higher`` or ``lower`` when the p-value is under alpha and the interval excludes 0, else
        ``cannot_tell``: of a change, not of its cause. Always ``cannot_tell`` of two periods
        without a unit, whose rows follow one another in time.
    notes
        Ids of `NOTES`, then of those of `calendar_notes`; ``descriptive`` is always the first.
    statistic, degrees_of_freedom
        Student's t and its degrees of freedom; of pairs of rates McNemar's chi-squared, without
        correction, and 1; null for rates of others.
    rank_statistic, rank_p
        Wilcoxon's signed-rank V of after less before, and its two-sided p, beside the paired t;
        null for other methods, and above `RANKED_UNITS` pairs.
    only_before, only_after
        Of pairs of rates: how many were 1 only before, and only after; null for other methods.
    calendar
        What the calendar makes differ between two periods, as `calendar_notes` gives it; its ids
        end the notes; null unless the sides are periods.
    alpha
        One less the level of the interval.
    """

    before_n: int
    after_n: int
    before_value: float
    after_value: float
    absolute_change: float
    absolute_low: float | None
    absolute_high: float | None
    relative_change: float | None
    relative_low: float | None
    relative_high: float | None
    p_value: float | None
    method: Method
    verdict: Verdict
    notes: tuple[str, ...]
    statistic: float | None = None
    degrees_of_freedom: float | None = None
    rank_statistic: float | None = None
    rank_p: float | None = None
    only_before: int | None = None
    only_after: int | None = None
    calendar: pd.DataFrame | None = None
    alpha: float = 0.05


def compare(
    table: Frame,
    *,
    outcome: str,
    period: str = "period",
    before: Side = "before",
    after: Side = "after",
    unit: str | None = None,
    alpha: float = 0.05,
    country: str | None = None,
    subdivision: str | None = None,
    lang: str = "en",
) -> BeforeAfter:
    r"""Compare an outcome before and after, of the same units or of others.

    Parameters
    ----------
    table
        A row a unit and side, or an observation.
    outcome
        A column of numbers; of booleans, or of 0 and 1 alone, it is a rate.
    period
        The column that says which side a row is of: by a value of its own, or by its day. Pandas
        periods count as their first day.
    before, after
        The two values, of a column of days two days; or, of such a column, two periods: first
        day, and the day after the last. Other rows are left out, and the notes say so.
    unit
        The column that names who was measured twice; None when both sides are of others.
    alpha
        One less the level of the interval.
    country, subdivision, lang
        Whose calendar two periods are looked up in, and the language of its names, as in
        `calendar_notes`.

    Returns
    -------
    BeforeAfter
        The change with its interval, p-value and verdict, labelled descriptive.

    Raises
    ------
    DataError
        When a side, or every pair, is missing, a row has no unit, an outcome is no number or
        infinite, or days are times with a zone in an engine, which has another one.
    ComputeError
        When periods share days, one of both sides is a period and the other is not, or alpha is
        not between 0 and 1.

    Notes
    -----
    Pairs of numbers: Student's t of their differences. Others: Welch's. Pairs of rates: McNemar's
    exact test with mid-p, on the :math:`b + c` units that changed, and Newcombe's interval of a
    paired difference (square-and-add, with his correction of the correlation). Rates of others:
    the test and interval of `marketing_kpi.experiments.compare`.

    None of these knows that days resemble the days before. Of weekly series of autocorrelation .5
    in which nothing happens, Welch's test finds a change in 29 %; so two periods without a unit
    have no verdict here. With a unit that likeness does no harm, but what moves all units together
    does.

    No control was left alone: the change is a fact, its cause is not in these numbers. See
    `difference_in_differences` and `counterfactual` for what can be said of that.

    References
    ----------
    Newcombe, R. G. (1998). Improved confidence intervals for the difference between binomial
    proportions based on paired data. Statistics in Medicine 17(22), 2635-2650.

    Fagerland, M. W., Lydersen, S. and Laake, P. (2013). The McNemar test for binary matched-pairs
    data: mid-p and asymptotic are better than exact conditional. BMC Medical Research Methodology
    13, 91.

    Examples
    --------
    >>> visits = pd.DataFrame({"customer": list("abcd") * 2,
    ...                        "period": ["before"] * 4 + ["after"] * 4,
    ...                        "orders": [1.0, 2.0, 3.0, 2.0, 3.0, 3.0, 4.0, 4.0]})
    >>> found = compare(visits, outcome="orders", unit="customer")
    >>> found.absolute_change, round(found.p_value, 4), found.verdict
    (1.5, 0.0138, 'higher')
    """
    check_alpha(alpha)
    require(table, [outcome, period, *([unit] if unit else [])], "table")
    where = {"country": country, "subdivision": subdivision, "lang": lang}
    calendar = _calendar(before, after, where)
    dated = calendar is not None

    def sided(rows: ir.Table) -> ir.Table:
        return _sided(rows, outcome=outcome, period=period, sides=(before, after), unit=unit)

    counts = answer(table, lambda t: _counts(sided(t))).iloc[0]
    _check_counts(counts, outcome, period, (before, after), unit)
    notes = {
        "descriptive": True,
        "missing_outcomes": counts["known_before"] + counts["known_after"] < counts["rows"],
        "other_periods": counts["others"] > 0,
        "serial": dated and unit is None,
        "shared_shocks": dated and unit is not None,
        "part_of_period": dated
        and _in_part(answer(table, lambda t: _reach(sided(t))), (before, after)),
    }
    is_rate = counts["neither"] == 0
    if unit is None:
        sides = answer(table, lambda t: _side_sums(sided(t))).sort_values("later")
        found = _of_others(sides, is_rate=is_rate, alpha=alpha)
        return _told(found, notes, calendar, alpha)
    pairs = answer(table, lambda t: _pair_sums(_pairs(sided(t)))).iloc[0]
    if not pairs["n"] > 0:
        raise DataError(
            f"no '{unit}' has a value on both sides", hint="unit=None compares others, unpaired"
        )
    notes |= {
        "units_dropped": pairs["units"] > pairs["n"],
        "repeated": counts["known_before"] + counts["known_after"] > pairs["values"],
    }
    if is_rate and not notes["repeated"]:
        cells = answer(table, lambda t: _cells(_pairs(sided(t))))
        return _told(_of_rate_pairs(cells, alpha=alpha), notes, calendar, alpha)
    found = _of_pairs(pairs, alpha=alpha)
    if pairs["n"] <= RANKED_UNITS:
        found |= _ranked(answer(table, lambda t: _differences(_pairs(sided(t))))["difference"])
    return _told(found, notes, calendar, alpha)


def _calendar(before: Side, after: Side, where: Mapping[str, Any]) -> pd.DataFrame | None:
    """Return what the calendar makes differ between two periods; None between two values."""
    if not isinstance(before, tuple) or not isinstance(after, tuple):
        if isinstance(before, tuple) or isinstance(after, tuple):
            raise ComputeError(
                f"before == {before}, after == {after}: one is a period, the other a value",
                hint="two periods of a column of days, or two of its values",
            )
        return None
    found = calendar_notes(before=before, after=after, **where)
    if (found["note"] == "overlap").any():
        raise ComputeError(
            f"before == {before} and after == {after} share days", hint="ends are exclusive"
        )
    return found


# --- In the engine --------------------------------------------------------------------------


def _sided(
    rows: ir.Table, *, outcome: str, period: str, sides: tuple[Side, Side], unit: str | None
) -> ir.Table:
    """Return y, later (0 before, 1 after, null elsewhere), infinite, and unit where asked."""
    value = rows[outcome]
    is_before, is_after = (_is_of(rows[period], side) for side in sides)
    infinite = value.isinf() if value.type().is_floating() else ibis.literal(False)
    named = {
        "y": number(rows, outcome),
        "later": ibis.cases((is_before, 0), (is_after, 1)),
        "infinite": infinite.fill_null(False),
        "date": _date(rows[period]) if isinstance(sides[0], tuple) else ibis.null("date"),
        "unit": rows[unit] if unit else ibis.literal(0),
    }
    return rows.select(**named)


def _is_of(column: ir.Column, side: Side) -> ir.BooleanValue:
    """Whether a row is of a side: by its day in a period, else by its value."""
    if isinstance(side, tuple):
        start, end = (day(value, name="before, after") for value in side)
        date = _date(column)
        return (date >= ibis.literal(start, "date")) & (date < ibis.literal(end, "date"))
    if isinstance(side, np.datetime64):
        side = pd.Timestamp(side)
    kind = column.type()
    if (kind.is_date() or kind.is_timestamp()) and (on := _as_day(side)) is not None:
        return _date(column) == ibis.literal(on, "date")
    if isinstance(side, str) and kind.is_boolean():  # engines write true, Python writes True
        return column.cast("string").lower() == side.lower()
    if isinstance(side, str | dt.date | pd.Period) or not (kind.is_boolean() or kind.is_numeric()):
        return column.cast("string") == str(side)
    # A column of 0.0 and 1.0, as a merge leaves it, has the sides 0 and 1, and False and True.
    value = column.cast("int32") if kind.is_boolean() else column
    return value.cast("float64") == float(side)


def _as_day(side: Any) -> dt.date | None:
    """Return the day that a value of a side is, of a pandas period its first; None of another."""
    try:
        return day(side.start_time if isinstance(side, pd.Period) else side, name="before, after")
    except ConfigError:
        return None


def _date(column: ir.Column) -> ir.DateValue:
    """Return the day of a column of days or times; refuse a zone, which an engine moves."""
    kind = column.type()
    if kind.is_timestamp() and kind.timezone:
        raise DataError(
            f"'{column.get_name()}' holds times with a zone: on which day one lies depends on it",
            hint="give local days, for instance from open_data",
        )
    return column.cast("timestamp").date()


def _reach(sided: ir.Table) -> ir.Table:
    """Return a row a side: its first and last day with a value, and how many days have one."""
    rows = sided.filter(sided.later.notnull(), sided.y.notnull())
    return rows.group_by("later").aggregate(
        first=rows.date.min(), last=rows.date.max(), days=rows.date.nunique()
    )


def _in_part(reach: pd.DataFrame, spans: tuple[Side, Side]) -> bool:
    """Whether rows leave out much of a period, at its beginning or end; each lasts until the next.

    A single day tells nothing of how long it stands for.
    """
    for row in reach.to_dict("records"):
        span = spans[row["later"]]
        if isinstance(span, tuple):
            start, end = (day(value, name="before, after") for value in span)
            between, days = (row["last"] - row["first"]).days, row["days"]
            if days > 1 and between * days / (days - 1) < _REACHED * (end - start).days:
                return True
    return False


def _counts(sided: ir.Table) -> ir.Table:
    """Count rows and values, on both sides and elsewhere, and those that are neither 0 nor 1."""
    on_a_side = sided.later.notnull()
    return sided.aggregate(
        rows=on_a_side.sum().fill_null(0),
        others=sided.later.isnull().sum().fill_null(0),
        known_before=sided.y.count(where=sided.later == 0),
        known_after=sided.y.count(where=sided.later == 1),
        neither=sided.y.count(where=on_a_side & (sided.y != 0) & (sided.y != 1)),
        infinite=(on_a_side & sided.infinite).sum().fill_null(0),
        nameless=(on_a_side & sided.unit.isnull()).sum().fill_null(0),
    )


def _side_sums(sided: ir.Table) -> ir.Table:
    """Return a row a side: n, mean, and the sum of squared distances to it."""
    rows = sided.filter(sided.later.notnull(), sided.y.notnull())
    rows = centred(rows, "y", keys=["later"])
    return rows.group_by("later").aggregate(
        n=rows.count(), mean=_mean(rows.y), squares=sum_of_squares(rows)
    )


def _pairs(sided: ir.Table) -> ir.Table:
    """Return a row a unit: its mean before and after, null where it has none."""
    rows = sided.filter(sided.later.notnull(), sided.y.notnull())
    return rows.group_by("unit").aggregate(
        before=ratio(rows.y.sum(where=rows.later == 0), rows.y.count(where=rows.later == 0)),
        after=ratio(rows.y.sum(where=rows.later == 1), rows.y.count(where=rows.later == 1)),
    )


def _whole(pairs: ir.Table) -> ir.Table:
    return pairs.filter(pairs.before.notnull(), pairs.after.notnull())


def _pair_sums(pairs: ir.Table) -> ir.Table:
    """Return one row: units, those with both sides, their means, squares and products."""
    rows = _whole(pairs)
    everyone = ibis.window()
    rows = rows.mutate(
        b=rows.before - rows.before.mean().over(everyone),
        a=rows.after - rows.after.mean().over(everyone),
    ).mutate(d=lambda t: t.a - t.b)
    largest = ibis.greatest(rows.a.abs(), rows.b.abs(), rows.d.abs())
    rows = rows.mutate(scale=largest.max().over(everyone))
    sums = rows.aggregate(
        n=rows.count(),
        before=_mean(rows.before.cast(VALUE)),
        after=_mean(rows.after.cast(VALUE)),
        bb=sum_of_products(rows.b, rows.b, rows.scale),
        aa=sum_of_products(rows.a, rows.a, rows.scale),
        ab=sum_of_products(rows.a, rows.b, rows.scale),
        dd=sum_of_products(rows.d, rows.d, rows.scale),
    )
    units = pairs.aggregate(units=pairs.count(), values=pairs.before.count() + pairs.after.count())
    return sums.cross_join(units)


def _cells(pairs: ir.Table) -> ir.Table:
    """Count the pairs of rates by both values."""
    return _whole(pairs).group_by(["before", "after"]).aggregate(n=lambda t: t.count())


def _differences(pairs: ir.Table) -> ir.Table:
    return _whole(pairs).select(difference=lambda t: t.after - t.before)


def _mean(value: ir.DecimalColumn) -> ir.FloatingScalar:
    return ratio(value.sum(), value.count())


def _check_counts(
    counts: pd.Series[Any],
    outcome: str,
    period: str,
    sides: tuple[Side, Side],
    unit: str | None,
) -> None:
    """Refuse a side without values, infinite ones, and rows of nobody."""
    if counts["infinite"]:
        raise DataError(f"outcome '{outcome}' is infinite in {int(counts['infinite'])} rows")
    if counts["nameless"]:
        raise DataError(
            f"{int(counts['nameless'])} rows have no '{unit}'",
            hint="leave them out, or unit=None compares others, unpaired",
        )
    for side, name in zip(sides, ("known_before", "known_after"), strict=True):
        if not counts[name]:
            raise DataError(
                f"no row of {period} == {side!r} has a value of '{outcome}'",
                hint="before= and after= say which values of the column the two sides are",
            )


# --- From sums ------------------------------------------------------------------------------


def _of_others(sides: pd.DataFrame, *, is_rate: bool, alpha: float) -> dict[str, Any]:
    """Compare two sides of which no row is paired with another."""
    count, mean, squares = sides[["n", "mean", "squares"]].to_numpy(dtype=float).T
    found = {
        "before_n": int(count[0]),
        "after_n": int(count[1]),
        "before_value": float(mean[0]),
        "after_value": float(mean[1]),
    }
    if is_rate:
        return found | _proportions(count, np.rint(mean * count), alpha)
    before, after = (
        part_of(each, squares=square, count=rows)
        for each, square, rows in zip(mean, squares, count, strict=True)
    )
    welch = estimate(mean[1] - mean[0], (before, after), alpha=alpha)
    return found | {"method": "welch"} | _interval(welch, before, after, np.zeros(()), alpha)


def _proportions(
    count: NDArray[np.float64], ones: NDArray[np.float64], alpha: float
) -> dict[str, Any]:
    """Compare two rates with the test and intervals of trials, the later as the treated."""
    from marketing_kpi.trials import rates

    sums = ones[1], count[1], ones[0], count[0]
    change, relative = rates.newcombe(*sums, alpha=alpha), rates.relative(*sums, alpha=alpha)
    return {
        "method": "proportions",
        "low": float(change.low),
        "high": float(change.high),
        "relative_low": float(relative.low),
        "relative_high": float(relative.high),
        "p_value": float(rates.p_value(*sums)),
    }


def _of_pairs(pairs: pd.Series[Any], *, alpha: float) -> dict[str, Any]:
    """Compare pairs of numbers by Student's t of their differences."""
    n, first, second, bb, aa, ab, dd = (
        float(pairs[name]) for name in ("n", "before", "after", "bb", "aa", "ab", "dd")
    )
    before, after = part_of(first, squares=bb, count=n), part_of(second, squares=aa, count=n)
    change = part_of(second - first, squares=dd, count=n)
    covariance = part_of(0.0, squares=ab, count=n).variance
    paired = estimate(change.mean, (change,), alpha=alpha)
    return {
        "before_n": int(n),
        "after_n": int(n),
        "before_value": first,
        "after_value": second,
        "method": "paired_t",
    } | _interval(paired, before, after, covariance, alpha)


def _interval(
    found: Estimate, before: Part, after: Part, covariance: NDArray[np.float64], alpha: float
) -> dict[str, Any]:
    """Return the interval of a change, and of the same change over what was before."""
    from scipy import special

    low, high = ratio_interval(
        after.mean,
        before.mean,
        top_variance=after.variance,
        bottom_variance=before.variance,
        covariance=covariance,
        quantile=special.stdtrit(found.freedom, 1 - alpha / 2),
    )
    return {
        "low": float(found.low),
        "high": float(found.high),
        "p_value": float(found.p_value),
        "relative_low": float(low) - 1,
        "relative_high": float(high) - 1,
        "statistic": float(found.value / found.error),
        "degrees_of_freedom": float(found.freedom),
    }


def _of_rate_pairs(cells: pd.DataFrame, *, alpha: float) -> dict[str, Any]:
    """Compare pairs of rates by McNemar's test."""
    rows = cells[["before", "after", "n"]].to_numpy(dtype=float).astype(int)
    counts = {(before, after): int(n) for before, after, n in rows}
    both, lost, won, never = (counts.get(cell, 0) for cell in ((1, 1), (1, 0), (0, 1), (0, 0)))
    n = both + lost + won + never
    low, high = newcombe_paired(both, won, lost, never, alpha=alpha)
    return {
        "before_n": n,
        "after_n": n,
        "before_value": (both + lost) / n,
        "after_value": (both + won) / n,
        "method": "mcnemar",
        "low": float(low),
        "high": float(high),
        "p_value": float(mcnemar(won, lost)),
        "statistic": mcnemar_statistic(won, lost),
        "degrees_of_freedom": 1.0,
        "only_before": lost,
        "only_after": won,
    }


def mcnemar_statistic(won: int, lost: int, *, corrected: bool = False) -> float:
    """Return McNemar's chi-squared, on one degree of freedom; NaN where no pair changed.

    Parameters
    ----------
    won, lost
        As in `mcnemar`.
    corrected
        Whether with the correction for continuity, as R has it by default.

    Examples
    --------
    >>> mcnemar_statistic(9, 1), mcnemar_statistic(9, 1, corrected=True)
    (6.4, 4.9)
    """
    if not won + lost:
        return math.nan
    gap = abs(won - lost)
    return float((max(gap - 1, 0) if corrected else gap) ** 2 / (won + lost))


def mcnemar(won: ArrayLike, lost: ArrayLike) -> NDArray[np.float64]:
    """Return the two-sided mid-p of McNemar's exact test; arrays of any shape.

    Parameters
    ----------
    won, lost
        How many pairs changed from 0 to 1, and from 1 to 0; 1 where none did.

    Examples
    --------
    >>> round(float(mcnemar(1, 7)), 4)
    0.0391
    """
    from scipy import special

    won, lost = np.asarray(won, dtype=float), np.asarray(lost, dtype=float)
    fewer, all_changed = np.minimum(won, lost), (won + lost).astype(np.int64)
    below = special.bdtr(fewer, all_changed, 0.5)
    at = below - np.where(fewer > 0, special.bdtr(np.maximum(fewer - 1, 0), all_changed, 0.5), 0.0)
    p_value: NDArray[np.float64] = np.minimum(1.0, 2 * below - at)
    return p_value


def newcombe_paired(
    both: ArrayLike, won: ArrayLike, lost: ArrayLike, never: ArrayLike, *, alpha: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Newcombe's interval of the difference of two paired rates; arrays of any shape.

    Parameters
    ----------
    both, won, lost, never
        How many pairs were 1 on both sides, only after, only before, and on none.
    alpha
        One less the level of the interval, of the rate after less that before.

    Examples
    --------
    >>> low, high = newcombe_paired(36, 12, 2, 0, alpha=0.05)
    >>> round(float(low), 4), round(float(high), 4)
    (0.0569, 0.3404)
    """
    from marketing_kpi.trials.rates import wilson

    both, won, lost, never = (np.asarray(n, dtype=float) for n in (both, won, lost, never))
    n = both + won + lost + never
    later, earlier = wilson(both + won, n, alpha=alpha), wilson(both + lost, n, alpha=alpha)
    product = both * never - won * lost
    # Newcombe's correction: a correlation above 0 is taken half a pair smaller.
    product = np.where(product > 0, np.maximum(product - n / 2, 0), product)
    spread = np.sqrt((both + won) * (lost + never) * (both + lost) * (won + never))
    correlation = np.where(spread > 0, product / np.where(spread > 0, spread, 1), 0)
    change = (won - lost) / n
    return (
        change - _joined(later.value - later.low, earlier.high - earlier.value, correlation),
        change + _joined(later.high - later.value, earlier.value - earlier.low, correlation),
    )


def _joined(
    first: NDArray[np.float64], second: NDArray[np.float64], correlation: NDArray[np.float64]
) -> NDArray[np.float64]:
    squared = first**2 - 2 * correlation * first * second + second**2
    joined: NDArray[np.float64] = np.sqrt(np.maximum(squared, 0))
    return joined


def _ranked(differences: pd.Series[Any]) -> dict[str, Any]:
    """Return Wilcoxon's signed-rank V and p: exact under 50 pairs without ties, as R does."""
    from scipy import stats

    values = np.array([steady(float(value)) for value in differences])
    values = values[values != 0]
    if not len(values):
        return {}
    sizes = np.abs(values)
    ranks = stats.rankdata(sizes)
    tied = len(np.unique(sizes)) < len(sizes) or len(values) < len(differences)
    exact = len(values) < 50 and not tied
    test = stats.wilcoxon(values, correction=not exact, method="exact" if exact else "asymptotic")
    return {"rank_statistic": float(ranks[values > 0].sum()), "rank_p": float(test.pvalue)}


def _told(
    found: dict[str, Any], notes: dict[str, bool], calendar: pd.DataFrame | None, alpha: float
) -> BeforeAfter:
    """Put an answer together, NaN as null, with its verdict and notes."""
    low, high = known(found.pop("low")), known(found.pop("high"))
    p_value = known(found.pop("p_value"))
    optional: dict[str, Any] = {
        name: known(found.pop(name, math.nan))
        for name in ("relative_low", "relative_high", "statistic", "degrees_of_freedom")
    }
    change = found["after_value"] - found["before_value"]
    fewest = min(found["before_n"], found["after_n"])
    notes = notes | {
        "few_units": fewest < FEW_UNITS,
        "constant": low is None and fewest > 1,
    }
    if notes["serial"]:
        said: Verdict = "cannot_tell"
    else:
        said = verdict(low, high, (p_value,), alpha=alpha)
    differing = [] if calendar is None else list(calendar["note"].unique())
    return BeforeAfter(
        **found,
        **optional,
        absolute_change=change,
        absolute_low=low,
        absolute_high=high,
        relative_change=change / found["before_value"] if found["before_value"] > 0 else None,
        p_value=p_value,
        verdict=said,
        notes=(*(name for name, holds in notes.items() if holds), *differing),
        calendar=calendar,
        alpha=alpha,
    )
