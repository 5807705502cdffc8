"""One series of periods, checked: what the analyses of lesson 05 that follow one series read.

A period without a row and a period without an outcome are both unknown, never 0: they are kept in
their place, counted and noted, and the models leave them out without moving the others together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketing_kpi.errors import ColumnError, ComputeError, ConfigError, DataError
from marketing_kpi.kpis.frames import Frame, executed, require
from marketing_kpi.kpis.periods import day
from marketing_kpi.quasi_experiments.autoregression import NEAR_ONE
from marketing_kpi.text.messages import N_

Floats: TypeAlias = npt.NDArray[np.float64]
Action: TypeAlias = str | dt.date | int
"""When the action began: a day, or a number where periods are numbered."""
Season: TypeAlias = str | int | Sequence[str | int] | None
"""``"week"``, ``"year"``, a number of periods, or several of these."""

NOTES: Mapping[str, str] = MappingProxyType(
    {
        "gaps": N_(
            "Some periods have no row. They are taken as unknown, not as 0: if nothing was sold, "
            "put 0."
        ),
        "missing_outcomes": N_("Some periods have no outcome: they are left out, in their place."),
        "missing_controls": N_(
            "Some periods lack a value of a control series: their outcome is left out."
        ),
        "action_within_period": N_(
            "The action began within a period: this one is neither before nor after, and is left "
            "out."
        ),
        "short_series": N_(
            "There are few periods to learn from: the error rate of this analysis is then not the "
            "one it states. Take a longer history, or shorter periods."
        ),
        "short_season": N_(
            "There are fewer than two whole seasons before the action: a season and an effect "
            "cannot be told apart with confidence."
        ),
        "no_season": N_(
            "The periods go on for more than a year, and no yearly season was asked for: a season "
            "can then pass for an effect. See `season`."
        ),
        "unlearnt_season": N_(
            "The history before the action is shorter than two years: a season of the year cannot "
            "be learnt from it, and can pass for an effect."
        ),
        "high_autocorrelation": N_(
            "Each period resembles the one before so much that the series may be wandering: the "
            "error rate of this analysis is then not the one it states, and only a control series "
            "can help."
        ),
        "errors_not_ar1": N_(
            "What the model leaves unexplained still has a pattern over time: a season, an event "
            "or a change of trend may be missing, and the interval may be too narrow."
        ),
        "drifting": N_(
            "Before the action, the series already drifts away from what its controls let expect: "
            "the interval is too narrow. Look at what the placebos find."
        ),
        "methods_disagree": N_(
            "Two models of the same series lead to different verdicts: the data cannot tell."
        ),
        "one_method": N_(
            "The second model could not be fitted: the verdict is that of one model alone."
        ),
    }
)
"""What a result on one series can note, and what the note says."""

DAYS_A_YEAR = 365.2425
_MONTHS_A_YEAR = 12
_MOST_MISSING = 1 / 3
_FEW = 70  # known periods from which on the error rates are those stated
_PATTERN = 0.01  # p-value under which a pattern is noted: the test is always made
_SEASONS = 2
_NEARLY = 0.9  # of a year, or of all steps: 52 weeks are a season of the year
_FEWEST_BEFORE = 8
_SPARE = 4  # known periods more than coefficients
_FEWEST_PERIODS = 4
_HARMONICS = 2
_GRAINS = {
    ("days", 1): "day",
    ("days", 7): "week",
    ("months", 1): "month",
    ("months", 3): "quarter",
    ("months", 12): "year",
}


@dataclass(frozen=True, eq=False)
class Series:
    """A series with every period in its place.

    Attributes
    ----------
    period
        The first day of each period (dates), or its number.
    outcome
        Shape (n,); NaN where unknown.
    controls
        Shape (n, k); no NaN: what is missing is 0, and the outcome then unknown.
    control_names
        The k columns.
    grain
        day, week, month, quarter, year, or the step between periods, such as "14 days".
    cycle
        How many periods a year has, not always a whole number; None where periods are numbered.
    missing
        How many outcomes are unknown, gaps included.
    notes
        Ids of `NOTES`.
    """

    period: pd.Index
    outcome: Floats
    controls: Floats
    control_names: tuple[str, ...]
    grain: str
    cycle: float | None
    missing: int
    notes: tuple[str, ...]

    @property
    def seen(self) -> npt.NDArray[np.bool_]:
        """Where the outcome is known."""
        return np.isfinite(self.outcome)

    def cut(self, end: int) -> Series:
        """Return the first `end` periods."""
        outcome = self.outcome[:end]
        return replace(
            self,
            period=self.period[:end],
            outcome=outcome,
            controls=self.controls[:end],
            missing=int(np.isnan(outcome).sum()),
        )


class Split(NamedTuple):
    """A series and where an action parts it.

    Attributes
    ----------
    series
        The series; the outcome of a period in which the action began is unknown.
    before
        How many periods, known or not, come before the action.
    """

    series: Series
    before: int


class _Calendar(NamedTuple):
    """Where each row stands: its place in the whole calendar, and the calendar."""

    place: npt.NDArray[np.int64]
    period: pd.Index
    grain: str
    cycle: float | None


# --- Reading --------------------------------------------------------------------------------


def series(
    frame: Frame, *, outcome: str, period: str, controls: str | Sequence[str] = ()
) -> Series:
    """Check a series and put every period in its place.

    Parameters
    ----------
    frame
        A row a period, in any order.
    outcome
        The column measured.
    period
        The column that says when: the first day of each period (dates, ISO texts or pandas
        periods; the last days of months will do), or whole numbers.
    controls
        Columns of series that the action did not touch.

    Returns
    -------
    Series

    Raises
    ------
    ColumnError
        When a column is missing or holds what is no number or no day.
    DataError
        When a period is missing or comes twice, a value is infinite, the outcome is constant, or
        more than a third of the periods are unknown.

    Examples
    --------
    >>> weeks = pd.DataFrame(
    ...     {"week": ["2025-01-06", "2025-01-13", "2025-01-27", "2025-02-03"],
    ...      "sales": [10.0, 12, 11, 13]}
    ... )
    >>> found = series(weeks, outcome="sales", period="week")
    >>> found.grain, found.outcome, found.notes
    ('week', array([10., 12., nan, 11., 13.]), ('gaps',))
    """
    names = (controls,) if isinstance(controls, str) else tuple(controls)
    columns = list(dict.fromkeys([period, outcome, *names]))
    require(frame, columns, "the series")
    if len(columns) < 2 + len(names):
        raise ConfigError("period, outcome and controls must be different columns")
    rows = executed(frame[columns])
    calendar = _calendar(rows[period], period)
    count = len(calendar.period)
    values = np.full((count, 1 + len(names)), np.nan)
    values[calendar.place] = np.column_stack([_numbers(rows[c]) for c in (outcome, *names)])
    notes = ["gaps"] if count > len(rows) else []
    if np.isnan(values[calendar.place, 0]).any():
        notes.append("missing_outcomes")
    lacking = np.isnan(values[:, 1:]).any(axis=1)
    if (lacking & np.isfinite(values[:, 0])).any():
        notes.append("missing_controls")
    values[lacking, 0] = np.nan
    known = values[np.isfinite(values[:, 0]), 0]
    _enough(known, count, outcome)
    return Series(
        period=calendar.period,
        outcome=values[:, 0],
        controls=np.nan_to_num(values[:, 1:]),
        control_names=names,
        grain=calendar.grain,
        cycle=calendar.cycle,
        missing=count - len(known),
        notes=tuple(notes),
    )


def _enough(known: Floats, count: int, outcome: str) -> None:
    """Refuse a series that holds too little to analyse."""
    if len(known) < max(_FEWEST_PERIODS, (1 - _MOST_MISSING) * count):
        raise DataError(
            f"the outcome '{outcome}' is known in {len(known)} of {count} periods",
            hint="put 0 where nothing was sold, or group the rows into longer periods",
        )
    if np.ptp(known) == 0:
        raise DataError(
            f"the outcome '{outcome}' is {known[0]:g} in every period: nothing to compare"
        )


def _numbers(column: pd.Series) -> Floats:
    """Return a column as floats; refuse text and infinities."""
    try:
        values = np.asarray(column.astype("float64"), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ColumnError(f"column '{column.name}' of the series must hold numbers") from error
    if np.isinf(values).any():
        raise DataError(f"column '{column.name}' of the series holds an infinite value")
    return values


def _calendar(column: pd.Series, name: str) -> _Calendar:
    """Place rows in a calendar without gaps, in the step of the periods themselves."""
    if column.isna().any():
        raise DataError(f"{int(column.isna().sum())} rows of the series have no '{name}'")
    twice = column[column.duplicated()]
    if len(twice):
        raise DataError(
            f"{twice.nunique()} values of '{name}' come more than once, such as {twice.iloc[0]}",
            hint=f"add the rows of a period up first: frame.groupby('{name}').sum()",
        )
    if len(column) < _FEWEST_PERIODS:
        raise DataError(f"the series has {len(column)} periods, needs {_FEWEST_PERIODS} or more")
    if pd.api.types.is_integer_dtype(column):
        number = column.to_numpy(dtype=np.int64)
        place, step = _placed(number)
        return _Calendar(place, _numbered(number, place, step, name), str(step), None)
    return _dated(_days(column), name)


def _numbered(
    number: npt.NDArray[np.int64], place: npt.NDArray[np.int64], step: int, name: str
) -> pd.Index:
    """Return the numbers of all periods."""
    return pd.RangeIndex(
        int(number.min()), int(number.min()) + step * (int(place.max()) + 1), step, name=name
    )


def _dated(days: pd.DatetimeIndex, name: str) -> _Calendar:
    """Place days in a calendar of months where they are the same day of theirs, else of days."""
    if days.is_month_end.all():
        days = days + pd.Timedelta(1, "D") - pd.offsets.MonthBegin(1)
    start = days.min()
    months = np.asarray((days.year - start.year) * _MONTHS_A_YEAR + days.month, dtype=np.int64)
    if len(set(days.day)) == 1 and len(set(months)) == len(days):
        place, step = _placed(months)
        period = pd.DatetimeIndex(
            [start + pd.DateOffset(months=int(step * k)) for k in range(place.max() + 1)]
        )
        return _Calendar(place, period.rename(name), _grain("months", step), _MONTHS_A_YEAR / step)
    since = np.asarray((days - start).days, dtype=np.int64)
    _check_grid(since, days, name)
    place, step = _placed(since)
    period = start + pd.to_timedelta(step * np.arange(place.max() + 1), unit="D")
    return _Calendar(place, period.rename(name), _grain("days", step), DAYS_A_YEAR / step)


def _check_grid(since: npt.NDArray[np.int64], days: pd.DatetimeIndex, name: str) -> None:
    """Refuse a few days that lie off the grid of all others: their steps would be days."""
    lengths, counts = np.unique(np.diff(np.sort(since)), return_counts=True)
    usual = int(lengths[counts.argmax()])
    places, times = np.unique(since % usual, return_counts=True)
    off = since % usual != places[times.argmax()]
    if 0 < off.mean() <= 1 - _NEARLY:
        odd = days[off].min()
        raise DataError(
            f"'{name}' goes in steps of {usual} days, but {odd:%Y-%m-%d} lies off them",
            hint="give every period by its first day",
        )


def _placed(number: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], int]:
    """Return the place of each number among equal steps, and the step."""
    since = number - number.min()
    step = int(np.gcd.reduce(since))
    return since // step, step


def _grain(unit: str, step: int) -> str:
    """Name the step between two periods."""
    return _GRAINS.get((unit, step), f"{step} {unit}")


def _days(column: pd.Series) -> pd.DatetimeIndex:
    """Return the days of a column of dates, ISO texts or pandas periods."""
    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.start_time
    try:
        if pd.api.types.is_numeric_dtype(column):
            raise ValueError("numbers are no days")
        days = pd.DatetimeIndex(pd.to_datetime(column, format="ISO8601")).tz_localize(None)
    except (TypeError, ValueError) as error:
        raise ColumnError(
            f"column '{column.name}' of the series must hold days or whole numbers"
        ) from error
    if not (days == days.normalize()).all():
        raise DataError(
            f"column '{column.name}' holds times of the day, must hold the first day of a period",
            hint="add up by day first, for instance with frame.groupby(frame.at.dt.normalize())",
        )
    return days


# --- The action -----------------------------------------------------------------------------


def split(series: Series, action: Action) -> Split:
    """Part a series where an action began.

    Parameters
    ----------
    series
        What `series` returns.
    action
        The first day (or the number of the first period) of the action: that period and those
        that follow are after it.

    Returns
    -------
    Split
        A period in which the action began, not on its first day, is set unknown and noted.

    Raises
    ------
    ComputeError
        When no period lies before the action or none from it on.

    Examples
    --------
    >>> weeks = pd.DataFrame({"week": [1, 2, 3, 4], "sales": [10.0, 12, 11, 13]})
    >>> split(series(weeks, outcome="sales", period="week"), 3).before
    2
    """
    period = series.period
    began = _began(period, action)
    before = int((period < began).sum())
    if not 0 < before < len(period):
        first, last = (_shown(value) for value in (period[0], period[-1]))
        raise ComputeError(
            f"the action {_shown(began)} lies outside the series, which goes from {first} "
            f"to {last}",
            hint="take periods before and after the action",
        )
    if period[before] == began:
        return Split(series, before)
    outcome = series.outcome.copy()
    outcome[before - 1] = np.nan
    notes = (*series.notes, "action_within_period")
    missing = int(np.isnan(outcome).sum())
    return Split(replace(series, outcome=outcome, missing=missing, notes=notes), before)


def _began(period: pd.Index, action: Action) -> pd.Timestamp | int:
    """Return the beginning of the action in the kind of the periods."""
    if isinstance(period, pd.DatetimeIndex):
        if isinstance(action, int):
            raise ConfigError(f"action == {action}, must be a date such as '2026-01-01'")
        return pd.Timestamp(day(action, name="action"))
    if isinstance(action, bool) or not isinstance(action, int | np.integer):
        raise ConfigError(f"action == {action!r}, must be the number of a period")
    return int(action)


def _shown(value: pd.Timestamp | int) -> str:
    """Write a period for a message."""
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else str(value)


def enough(parted: Split, *, coefficients: int, after: int) -> tuple[int, int]:
    """Count the known periods before and after an action; refuse what cannot be estimated.

    Parameters
    ----------
    parted
        What `split` returns.
    coefficients
        How many the periods before have to tell.
    after
        The fewest known periods after.
    """
    seen = parted.series.seen
    known_before, known_after = int(seen[: parted.before].sum()), int(seen[parted.before :].sum())
    needed = max(_FEWEST_BEFORE, coefficients + _SPARE)
    if known_before < needed:
        raise DataError(
            f"{known_before} periods with an outcome before the action, {needed} are needed",
            hint="take a longer history, shorter periods, or a model without season or controls",
        )
    if known_after < after:
        raise DataError(
            f"{known_after} periods with an outcome after the action, {after} are needed",
            hint="wait for more periods, or take shorter ones",
        )
    return known_before, known_after


def notes_on(
    parted: Split, *, learned: int, season: Season, rho_high: float, pattern: float
) -> tuple[str, ...]:
    """Return the notes of a result.

    Parameters
    ----------
    parted, season
        What was analysed.
    learned
        Known periods that the autocorrelation was learned from.
    rho_high
        High end of the interval of the autocorrelation, of level 1 - `autoregression.NOTED`.
    pattern
        p-value of the test that nothing is left over.
    """
    found = {
        "short_series": learned < _FEW,
        "no_season": _seasonless(parted.series, season),
        "short_season": parted.before < _SEASONS * longest_season(parted.series, season),
        "high_autocorrelation": rho_high > NEAR_ONE,
        "errors_not_ar1": pattern < _PATTERN,
    }
    return (*parted.series.notes, *(note for note, holds in found.items() if holds))


def _seasonless(series: Series, season: Season) -> bool:
    """Whether a year's season may be left in: a control series would take it out."""
    if series.cycle is None or series.control_names or len(series.period) <= series.cycle:
        return False
    return longest_season(series, season) < _NEARLY * series.cycle


# --- The season -----------------------------------------------------------------------------


def season_terms(series: Series, season: Season) -> Floats:
    r"""Return the columns of a regression that follow the seasons of a series.

    Parameters
    ----------
    series
        What `series` returns.
    season
        ``"week"``: a level for each day of the week, of a daily series. ``"year"``: two waves
        through the year, or a level a period where a year is a whole number of them. A whole
        number: a level for each place in a cycle of so many periods. Several may be given; None:
        no season.

    Returns
    -------
    numpy.ndarray
        Shape (n, q).

    Notes
    -----
    The waves are :math:`\cos(2\pi k t), \sin(2\pi k t)`, :math:`k = 1, 2`, with t in years of
    365.2425 days. They follow a season that turns slowly; what comes in one week (Black Friday)
    belongs among the controls, as a column of 0 and 1.

    Examples
    --------
    >>> numbered = pd.DataFrame({"week": [1, 2, 3, 4], "sales": [10.0, 12, 11, 13]})
    >>> season_terms(series(numbered, outcome="sales", period="week"), 2)
    array([[-1.], [ 1.], [-1.], [ 1.]])
    """
    terms = [_terms(series, one) for one in _seasons(season)]
    return np.hstack([np.empty((len(series.period), 0)), *terms])


def _seasons(season: Season) -> list[str | int]:
    """Return the seasons asked for, one or several."""
    if season is None:
        return []
    given = [season] if isinstance(season, str) or not isinstance(season, Sequence) else season
    for one in given:
        if isinstance(one, bool) or not isinstance(one, str | Integral):
            raise ConfigError(
                f"season == {one!r}, must be 'week', 'year' or a whole number of periods",
                hint="'year' follows one of 52.18 weeks",
            )
    return [one if isinstance(one, str) else int(one) for one in given]


def _terms(series: Series, season: str | int) -> Floats:
    """Return the columns of one season."""
    place = np.arange(len(series.period))
    if season == "week":
        if series.grain != "day":
            raise ConfigError(f"season 'week' needs a daily series, this one is by {series.grain}")
        return _levels(series, 7)
    if season == "year":
        if series.cycle is None or series.cycle <= 1:
            raise ConfigError(f"season 'year' needs dated periods under a year, not {series.grain}")
        if series.cycle == round(series.cycle):
            return _levels(series, round(series.cycle))
        angle = 2 * np.pi * place / series.cycle
        return np.column_stack(
            [wave(k * angle) for k in range(1, _HARMONICS + 1) for wave in (np.cos, np.sin)]
        )
    if isinstance(season, str):
        raise ConfigError(f"season == '{season}', must be 'week', 'year' or a number of periods")
    if not 1 < season < len(place):
        raise ConfigError(f"season == {season}, must be from 2 to the {len(place)} periods less 1")
    return _levels(series, season)


def _levels(series: Series, count: int) -> Floats:
    """Return a level for each place in a cycle, adding up to 0 over the cycle.

    Places without any outcome, as a day on which shops are closed, have none.
    """
    at = np.arange(len(series.period)) % count
    first, *others = np.unique(at[series.seen])
    levels: Floats = (at[:, None] == np.array(others, dtype=np.int64)).astype(np.float64)
    levels[at == first] = -1.0
    return levels


def longest_season(series: Series, season: Season) -> float:
    """Return how many periods the longest of the seasons has; 0 for none."""
    lengths: dict[str | int, float] = {"week": 7.0, "year": series.cycle or 0.0}
    return max((lengths.get(one) or float(one) for one in _seasons(season)), default=0.0)
