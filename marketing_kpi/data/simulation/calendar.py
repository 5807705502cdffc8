"""The shop's calendar: months, week days, Black Friday, Christmas, and the clock of customers."""

from __future__ import annotations

import datetime as dt
from functools import cache

import numpy as np

from marketing_kpi.data.simulation.arrow import (
    END,
    SECONDS_PER_DAY,
    START,
    Bools,
    Floats,
    Ints,
    day_number,
)

HISTORY_DAYS = (START - dt.date(2020, 1, 1)).days  # purchases before the data begin, not shown
DAYS = (END - START).days
MONTH_COUNT = 12 * (END.year - START.year)

MONTHS = np.array([0.80, 0.78, 0.88, 0.95, 1.04, 1.06, 0.98, 0.96, 0.97, 0.98, 1.18, 1.42])
WEEKDAYS = np.array([0.84, 0.86, 0.90, 0.98, 1.14, 1.28, 1.00])  # Monday first
BLACK_FRIDAY = {-3: 1.3, -2: 1.4, -1: 1.7, 0: 3.4, 1: 2.4, 2: 1.9, 3: 2.3}  # days from the Friday
CHRISTMAS_LULL = {(12, 24): 0.55, (12, 25): 0.10, (12, 26): 1.15, (1, 1): 0.15}
REGULARS_FOLLOW = 0.55  # how much of the season moves customers who already buy
HOURS = np.array(
    [1, 0.5, 0.3, 0.2, 0.2, 0.4, 1, 2, 3.5, 5, 6, 6.5, 7, 6.5, 6, 6, 6.5, 7, 7, 7.5, 8, 7, 5, 2.5]
)
OPENING = np.array([0] * 9 + [2, 6, 8, 10, 10, 11, 12, 12, 10, 7, 5, 2, 0, 0, 0], dtype=float)
SUNDAY_OPENING = np.array([0] * 10 + [4, 8, 10, 11, 12, 12, 8] + [0] * 7, dtype=float)
# days without trade in stores; Québec: Act respecting hours and days of admission to commercial
# establishments (CQLR, c. H-2.1); France: 1 May by the Code du travail (L3133-4), 25 December and
# 1 January by custom
EASTER = (dt.date(2023, 4, 9), dt.date(2024, 3, 31), dt.date(2025, 4, 20))
CLOSED_IN_QUEBEC = ((1, 1), (1, 2), (6, 24), (7, 1), (12, 25))  # besides Easter and Labour Day
CLOSED_IN_FRANCE = ((1, 1), (5, 1), (12, 25))
QUEBEC, FRANCE = 0, 1


def black_friday(year: int) -> dt.date:
    """Return the day after the fourth Thursday of November.

    >>> black_friday(2025)
    datetime.date(2025, 11, 28)
    """
    first = dt.date(year, 11, 1)
    return first + dt.timedelta(days=(3 - first.weekday()) % 7 + 22)


@cache
def season() -> Floats:
    """Return the demand of each day from 2020-01-01 to the end, mean 1 in each calendar year."""
    first = START - dt.timedelta(days=HISTORY_DAYS)
    days = [first + dt.timedelta(days=i) for i in range(HISTORY_DAYS + DAYS)]
    middle = np.array([365.25 / 12 * (month + 0.5) for month in range(12)])
    of_year = np.array([day.timetuple().tm_yday for day in days])
    demand: Floats = np.interp(of_year, middle, MONTHS, period=365.25)
    demand *= WEEKDAYS[[day.weekday() for day in days]]
    demand *= [_event(day) for day in days]
    years = np.array([day.year for day in days])
    for year in np.unique(years):
        demand[years == year] /= demand[years == year].mean()
    demand.setflags(write=False)
    return demand


def _event(day: dt.date) -> float:
    offset = (day - black_friday(day.year)).days
    return BLACK_FRIDAY.get(offset, 1.0) * CHRISTMAS_LULL.get((day.month, day.day), 1.0)


@cache
def shopping_clock() -> Floats:
    """Return the shopping time run by regular customers at the start of each day since 2020.

    Their purchases are a BG/NBD process on this clock, which is a day a day over a whole year
    and runs faster in season; `season` moves it by `REGULARS_FOLLOW` of its own amplitude.
    """
    pace: Floats = 1 + REGULARS_FOLLOW * (season() - 1)
    clock: Floats = np.concatenate([[0.0], np.cumsum(pace)]) - pace[:HISTORY_DAYS].sum()
    clock.setflags(write=False)
    return clock


def to_day(shopping_time: Floats) -> Ints:
    """Return the day on which the customers' clock shows `shopping_time`."""
    calendar = np.arange(-HISTORY_DAYS, DAYS + 1, dtype=float)
    day: Ints = np.floor(np.interp(shopping_time, shopping_clock(), calendar)).astype(np.int64)
    return day


def draw_index(rng: np.random.Generator, size: int, weights: Floats) -> Ints:
    """Draw indices of `weights` in proportion to them."""
    steps = np.cumsum(weights)
    drawn: Ints = np.searchsorted(steps, rng.random(size) * steps[-1], side="right")
    return drawn


def draw_seconds(rng: np.random.Generator, size: int, hours: Floats) -> Ints:
    """Draw seconds of the day with the given weights of the 24 hours."""
    hour = draw_index(rng, size, hours)
    return hour * 3600 + rng.integers(0, 3600, size)


def draw_till_seconds(rng: np.random.Generator, day: Ints) -> Ints:
    """Draw seconds of these days at which a store is open: fewer hours on Sunday."""
    sunday = (day + START.weekday()) % 7 == 6
    usual = draw_seconds(rng, len(day), OPENING)
    return np.where(sunday, draw_seconds(rng, len(day), SUNDAY_OPENING), usual)


@cache
def closed_days() -> Bools:
    """Return whether stores stay closed: Québec and France (rows) on each day (column)."""
    days = [START + dt.timedelta(days=i) for i in range(DAYS)]
    return np.array(
        [
            [
                (day.month, day.day) in CLOSED_IN_QUEBEC or day in EASTER or _is_labour_day(day)
                for day in days
            ],
            [(day.month, day.day) in CLOSED_IN_FRANCE for day in days],
        ]
    )


def _is_labour_day(day: dt.date) -> bool:
    return day.month == 9 and day.weekday() == 0 and day.day <= 7


@cache
def _next_trading_days() -> Ints:
    trading = np.where(closed_days(), DAYS, np.arange(DAYS))
    following: Ints = np.minimum.accumulate(trading[:, ::-1], axis=1)[:, ::-1]
    return following


def next_trading_day(country: Ints, day: Ints) -> Ints:
    """Return the first day, from `day` on, on which the stores of the country may open."""
    following = _next_trading_days()[country, np.minimum(day, DAYS - 1)]
    return np.where(day < DAYS, following, day)


@cache
def years() -> Ints:
    """Return the year of each day of the data, counted from 0."""
    return months() // 12


@cache
def months() -> Ints:
    """Return the month of each day of the data, counted from 0 over the three years."""
    starts = [day_number(month_start(month)) for month in range(MONTH_COUNT)]
    month: Ints = np.searchsorted(starts, np.arange(DAYS), side="right") - 1
    return month


def month_start(month: int) -> dt.date:
    """Return the first day of a month counted from 0.

    >>> month_start(13)
    datetime.date(2024, 2, 1)
    """
    return dt.date(START.year + month // 12, month % 12 + 1, 1)


LAST_YEAR = day_number(dt.date(2025, 1, 1))
END_SECOND = DAYS * SECONDS_PER_DAY
