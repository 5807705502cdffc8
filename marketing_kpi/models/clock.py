"""The season's clock: time as customers who follow a season live it.

In December a shop sells as much in a day as in two of February; a model that counts calendar days
takes the customers of December for livelier, and foretells too much of them. On a clock that runs
with the season, customers buy at a steady pace again, and every model of repeat buying can be
fitted and read as it is: each frequency, recency, age and horizon is measured on it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.formulas import steady
from marketing_kpi.kpis.frames import Frame, executed, require, same_kind
from marketing_kpi.kpis.periods import DAYS_A_MONTH, MONTHS_A_YEAR, day
from marketing_kpi.models.purchases import ORDERS, PEAK, purchase_days, season

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

FEWEST_YEARS = 2
"""Whole years that a season is learnt from: of one, chance and season look the same."""

LARGEST_ERROR = 0.1
"""Standard error of a month's pace, relative, above which the season is not known; a convention."""

_MONTH_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.float64)
_YEAR_DAYS = 365
_FEBRUARY = 1
_EPOCH = 1970 * MONTHS_A_YEAR
_CONVERGED = 1e-7
_MOST_STEPS = 500
_EM_STEPS = 3  # of a function of age, for each of the season
_NOTHING = 1e-9  # purchases


@dataclass(frozen=True)
class Clock:
    """A clock that runs with the season of a shop.

    Attributes
    ----------
    pace
        How fast it runs in each month, January first: 1.25 is a quarter more than a day in a
        calendar day. Above 0; their mean over the days of a year is 1.
    as_of
        The day from which the models look ahead.

    Raises
    ------
    ComputeError
        When there are not twelve paces above 0 of that mean.

    Notes
    -----
    29 February runs at pace 1, so that the clock agrees with the calendar on each 1 January.

    Examples
    --------
    >>> flat = Clock((1.0,) * 12, dt.date(2026, 1, 1))
    >>> flat.elapsed("2025-12-01", "2026-02-01")
    62.0
    """

    pace: tuple[float, ...]
    as_of: dt.date

    def __post_init__(self) -> None:
        paces = np.array(self.pace, dtype=np.float64)
        if paces.shape != _MONTH_DAYS.shape or not (paces > 0).all():
            raise ComputeError(f"pace is {self.pace}, must be twelve numbers above 0")
        mean = float(paces @ _MONTH_DAYS) / _YEAR_DAYS
        if abs(mean - 1) > 1e-6:
            raise ComputeError(
                f"pace has a mean of {mean:g} over the days of a year, must have one of 1",
                hint="divide each by that mean",
            )

    @cached_property
    def _before(self) -> Floats:
        """How far the clock is ahead of the calendar when each month begins."""
        gained = (np.array(self.pace) - 1) * _MONTH_DAYS
        return np.append(0.0, np.cumsum(gained)[:-1])

    def at(self, days: npt.ArrayLike) -> Floats:
        """Return what the clock shows, in days, at times in days since 1970."""
        times = np.asarray(days, dtype=np.float64)
        month = np.floor(times).astype("int64").astype("datetime64[D]").astype("datetime64[M]")
        place = month.astype("int64") % MONTHS_A_YEAR
        since = times - month.astype("datetime64[D]").astype("int64")
        counted = np.where(place == _FEBRUARY, np.minimum(since, _MONTH_DAYS[_FEBRUARY]), since)
        return np.asarray(
            times + (self._before[place] + (np.array(self.pace)[place] - 1) * counted)
        )

    def gained(self, day: ir.DateValue) -> ir.NumericValue:
        """Return how far the clock is ahead of the calendar at the end of each day, in days."""
        month, number = day.month(), day.day().cast("float64")
        pace, before = (
            month.cases(*((n + 1, float(one)) for n, one in enumerate(values)), else_=0.0)
            for values in (np.array(self.pace) - 1, self._before)
        )
        last = _MONTH_DAYS[_FEBRUARY]
        is_leap = (month == _FEBRUARY + 1) & (number > last)
        return before + pace * is_leap.ifelse(float(last), number)

    def elapsed(self, start: str | dt.date, end: str | dt.date) -> float:
        """Return the days that the clock runs from the beginning of a day to that of another."""
        first, last = self.at([ordinal(start), ordinal(end)])
        return float(last - first)

    def ahead(self, days: npt.ArrayLike) -> Floats:
        """Return the days that the clock runs in some calendar days from `as_of` on."""
        today = ordinal(self.as_of)
        return np.asarray(self.at(today + np.asarray(days, dtype=np.float64)) - self.at(today))

    def calendar_days(self, days: float) -> float:
        """Return the calendar days before `as_of` in which the clock ran some days."""
        past = np.arange(np.ceil(days) + _YEAR_DAYS)
        today = ordinal(self.as_of)
        return float(np.interp(days, self.at(today) - self.at(today - past), past))


def ordinal(date: str | dt.date) -> int:
    """Return the days from 1970 to a date."""
    return int(np.datetime64(str(date), "D").astype("int64"))


# --- Learning it ----------------------------------------------------------------------------


def season_clock(orders: Frame, *, as_of: str | dt.date) -> Clock | None:
    """Learn from purchases how fast the season runs in each month of the year.

    Parameters
    ----------
    orders
        As `summary` takes them: of customers whose first order is among them.
    as_of
        The day of the analysis, exclusive.

    Returns
    -------
    Clock or None
        None where the purchases begin less than `FEWEST_YEARS` years of months before, or where a
        month's pace is known to no better than `LARGEST_ERROR`: the season is not known.

    Raises
    ------
    ColumnError
        When a column is missing.
    ConfigError
        When `as_of` is not a day.

    Notes
    -----
    Customers who began in month c, n of them, are taken to make in month m ::

        n x days of m x f(age) x s(month of the year of m)

    repeat purchases on average, age being what the clock ran from c to m: f is how their pace
    changes as they leave, s the season. Both are estimated by maximum likelihood, the purchases
    being Poisson (f is a line from month to month, found by EM). Growth is in n, attrition in f;
    neither is taken for season. What comes back each year is season here; what comes once, a
    campaign, counts for its share of the years.

    References
    ----------
    Cox, D. R. and Lewis, P. A. W. (1966). The Statistical Analysis of Series of Events. Methuen.
    (A Poisson process of varying rate is one of steady rate in operational time, section 3.1.)

    Holford, T. R. (1983). The estimation of age, period and cohort effects for vital rates.
    Biometrics 39(2).

    Examples
    --------
    >>> months = pd.date_range("2023-01-01", "2025-12-01", freq="MS")
    >>> rows = [(f"{began:%y%m}-{n}", month + pd.Timedelta(days=day))
    ...     for began in months for n in range(20) for month in months[months >= began]
    ...     for day in ([0, 14] if month.month == 12 else [0])]
    >>> orders = pd.DataFrame(rows, columns=["customer_id", "ordered_at"])
    >>> orders["order_id"], orders["amount"] = orders.index.astype(str), 9.0
    >>> clock = season_clock(orders, as_of="2026-01-01")
    >>> [round(clock.pace[month], 1) for month in (10, 11)]
    [0.9, 1.8]
    """
    require(orders, ORDERS, "orders")
    end = day(as_of, name="as_of")

    def query(table: ir.Table) -> ir.Table:
        days = purchase_days(table, before=end)
        own = days.group_by("customer_id").agg(first=days.day.min())
        joined = days.inner_join(own, "customer_id")
        began, month = (
            at.year() * MONTHS_A_YEAR + at.month() - 1 for at in (joined.first, joined.day)
        )
        is_first = (joined.day == joined.first).cast("int32")
        return joined.group_by(began=began, month=month).agg(
            customers=is_first.sum(), repeats=(1 - is_first).sum()
        )

    months = executed(same_kind(orders, query)).astype("int64")
    if months.empty or _month(end) - months["began"].min() < FEWEST_YEARS * MONTHS_A_YEAR:
        return None
    pace = _pace(_Cells.of(months, end))
    return None if pace is None else Clock(tuple(steady(float(one)) for one in pace), end)


def forecast_clock(orders: Frame, *, as_of: str | dt.date) -> Clock | None:
    """Return the clock to foretell purchases on from a day: the season's, after a high season.

    Parameters
    ----------
    orders, as_of
        As in `season_clock`.

    Returns
    -------
    Clock or None
        What `season_clock` returns where `season` is above `PEAK`; None, the calendar, elsewhere.

    Notes
    -----
    Where the weeks before a day are ordinary, everybody looks as fresh as they are; what is
    foretold of less than a year then has no season in it. In 60 shops simulated like the demo, the
    interval of the half-year from 1 July held what came in 58 on the calendar and in 46 on the
    clock, after a campaign that neither knows.
    """
    high = season(orders, as_of=as_of)
    return season_clock(orders, as_of=as_of) if high is not None and high > PEAK else None


@dataclass(frozen=True, eq=False)
class _Cells:
    """Customers who began in a month, in a later one: a row a pair of months.

    Attributes
    ----------
    began, month
        The two, counted from the first.
    first
        Which month of the year that is, from 0.
    days
        Days of each month that are observed.
    customers, repeats
        How many, and their repeat purchases in the second month.
    """

    began: npt.NDArray[np.intp]
    month: npt.NDArray[np.intp]
    first: int
    days: Floats
    customers: Floats
    repeats: Floats

    @classmethod
    def of(cls, months: pd.DataFrame, end: dt.date) -> _Cells:
        """Read began, month (months since the year 0), customers and repeats."""
        customers = months.groupby("began")["customers"].sum()
        first, last = int(customers.index.min()), _month(end - dt.timedelta(days=1))
        all_months = np.arange(first, last + 1)
        began, month = (grid.ravel() for grid in np.meshgrid(customers.index, all_months))
        later = month > began
        pairs = pd.MultiIndex.from_arrays([began[later], month[later]])
        made = months.set_index(["began", "month"])["repeats"].reindex(pairs, fill_value=0)
        borders = np.minimum(_first_days(np.append(all_months, last + 1)), ordinal(end))
        return cls(
            began=began[later] - first,
            month=month[later] - first,
            first=first % MONTHS_A_YEAR,
            days=np.diff(borders).astype(np.float64),
            customers=customers.loc[began[later]].to_numpy("float64"),
            repeats=made.to_numpy("float64"),
        )

    @property
    def places(self) -> npt.NDArray[np.intp]:
        """Which month of the year each month is."""
        return (self.first + np.arange(len(self.days))) % MONTHS_A_YEAR

    @property
    def exposure(self) -> Floats:
        """The customers times the days of the second month."""
        return self.customers * self.days[self.month]

    def ages(self, pace: Floats) -> Floats:
        """Return the months that the clock runs from the middle of one month to that of another."""
        run = pace[self.places] * self.days
        middles = np.cumsum(run) - run / 2
        return np.asarray((middles[self.month] - middles[self.began]) / DAYS_A_MONTH)


def _pace(cells: _Cells) -> Floats | None:
    """Return the pace of each month of the year, of mean 1; None where too little is known."""
    place = cells.places[cells.month]
    made = np.bincount(place, cells.repeats)
    if len(made) < MONTHS_A_YEAR or not (made > 0).all():
        return None
    pace, by_age = np.ones(MONTHS_A_YEAR), np.ones(2 * len(cells.days))
    expected = np.ones(len(place))
    for _ in range(_MOST_STEPS):
        line = _Line.at(cells.ages(pace), len(by_age))
        by_age = line.step(by_age, cells.repeats, cells.exposure * pace[place])
        each = cells.exposure * line.value(by_age)
        before, pace = pace, _of_mean_1(made / np.bincount(place, each))
        expected = each * pace[place]
        if np.abs(pace - before).max() < _CONVERGED:
            break
    age = np.rint(cells.ages(pace)).astype(np.intp)
    error = np.sqrt(_log_variance(place, age, expected).max())
    return None if error > LARGEST_ERROR else pace


class _Line(NamedTuple):
    """Ages between two whole months: the lower one, and the share of the upper one."""

    lower: npt.NDArray[np.intp]
    share: Floats
    size: int

    @classmethod
    def at(cls, ages: Floats, size: int) -> _Line:
        within = np.clip(ages, 0, size - 2)
        return cls(within.astype(np.intp), within % 1, size)

    def value(self, of: Floats) -> Floats:
        """Return a function of whole months at these ages, a line between two."""
        return (1 - self.share) * of[self.lower] + self.share * of[self.lower + 1]

    def step(self, of: Floats, repeats: Floats, exposure: Floats) -> Floats:
        """Return the function after some steps of EM towards the most likely one."""
        for _ in range(_EM_STEPS):
            seen, possible = self._spread(repeats / self.value(of)), self._spread(exposure)
            of = np.where(possible > 0, of * seen / np.maximum(possible, _NOTHING), of)
            of = np.maximum(of, _NOTHING)
        return of

    def _spread(self, weight: Floats) -> Floats:
        low = np.bincount(self.lower, (1 - self.share) * weight, self.size)
        high = np.bincount(self.lower + 1, self.share * weight, self.size)
        return np.asarray(low + high, dtype=np.float64)


def _of_mean_1(pace: Floats) -> Floats:
    return np.asarray(pace / (pace @ _MONTH_DAYS) * _YEAR_DAYS)


def _log_variance(
    place: npt.NDArray[np.intp], age: npt.NDArray[np.intp], expected: Floats
) -> Floats:
    """Return the variance of the logarithm of each pace, from the information on all."""
    shape = MONTHS_A_YEAR, int(age.max()) + 1
    shared = np.zeros(shape)
    np.add.at(shared, (place, age), expected)
    of_age = shared.sum(axis=0)
    given_ages = np.divide(shared, of_age, out=np.zeros(shape), where=of_age > 0) @ shared.T
    values, vectors = np.linalg.eigh(np.diag(shared.sum(axis=1)) - given_ages)
    # The first is that of all paces together, which their mean settles. Where another is 0 too,
    # as of customers who all began in one month, age and season cannot be told apart.
    scaled = vectors[:, 1:] / np.sqrt(np.maximum(values[1:], _NOTHING))
    from_mean = np.eye(MONTHS_A_YEAR) - _MONTH_DAYS / _YEAR_DAYS
    return np.asarray(((from_mean @ scaled) ** 2).sum(axis=1))


def _month(date: dt.date) -> int:
    return date.year * MONTHS_A_YEAR + date.month - 1


def _first_days(months: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the first day of months since the year 0, in days since 1970."""
    return (months - _EPOCH).astype("datetime64[M]").astype("datetime64[D]").astype("int64")
