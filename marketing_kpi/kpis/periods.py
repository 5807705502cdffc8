"""Periods: which days a report looks at, and which days it compares them with."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from marketing_kpi.errors import ConfigError, suggest

if TYPE_CHECKING:
    import ibis.expr.types as ir

Compare: TypeAlias = Literal["previous_year", "previous_period", "none"]

COMPARISONS: tuple[Compare, ...] = ("previous_year", "previous_period", "none")
MONTHS_A_YEAR = 12
DAYS_A_MONTH = 365.25 / MONTHS_A_YEAR
_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "quarter": 3, "year": MONTHS_A_YEAR}
_LENGTH = re.compile(r"\s*([1-9]\d*)\s+(\w+?)s?\s*")


class Periods(NamedTuple):
    """A period and the one it is compared with.

    Attributes
    ----------
    start, end
        First day, and the day after the last.
    previous_start, previous_end
        The same of the comparison period; None when nothing is compared.
    """

    start: date
    end: date
    previous_start: date | None
    previous_end: date | None


class Length(NamedTuple):
    """A length of time: whole months, or days."""

    months: int
    days: int

    def before(self, day: date) -> date:
        """Return the day that lies this long before `day`."""
        return shift(day, months=-self.months, days=-self.days)

    def after(self, day: date) -> date:
        """Return the day that lies this long after `day`."""
        return shift(day, months=self.months, days=self.days)


def periods(
    *, as_of: str | date, period: str = "12 months", compare: str = "previous_year"
) -> Periods:
    """Return the period that ends at `as_of`, and the one it is compared with.

    Parameters
    ----------
    as_of
        The day after the last day looked at, a date or ISO text (``"2026-01-01"``): never today
        by default.
    period
        A number of days, weeks, months, quarters or years: ``"12 months"``, ``"90 days"``.
    compare
        ``previous_year`` (the same days a year earlier), ``previous_period`` (as long, ending
        where the period starts) or ``none``.

    Returns
    -------
    Periods
        Dates; starts are inclusive, ends exclusive.

    Raises
    ------
    ConfigError
        When a date, a period or a comparison is not one.

    Notes
    -----
    A month back from a day that the month before lacks is that month's last day: a month before
    31 March is the last of February.

    Examples
    --------
    >>> periods(as_of="2026-01-01", period="1 quarter")
    Periods(start=datetime.date(2025, 10, 1), end=datetime.date(2026, 1, 1),
            previous_start=datetime.date(2024, 10, 1), previous_end=datetime.date(2025, 1, 1))
    """
    end = day(as_of, name="as_of")
    span = length(period, name="period")
    start = span.before(end)
    if compare == "none":
        return Periods(start, end, None, None)
    if compare == "previous_period":
        return Periods(start, end, span.before(start), start)
    if compare == "previous_year":
        back = Length(MONTHS_A_YEAR, 0)
        return Periods(start, end, back.before(start), back.before(end))
    close = suggest(compare, COMPARISONS)
    question = f"; did you mean '{close}'?" if close else ""
    raise ConfigError(f"compare == '{compare}', must be one of {', '.join(COMPARISONS)}{question}")


def day(value: str | date, *, name: str) -> date:
    """Return a date from a date, a midnight or ISO text; `name` is what errors call it.

    >>> day("2024-02-29", name="start")
    datetime.date(2024, 2, 29)
    """
    if isinstance(value, datetime):
        if value.time() != datetime.min.time():
            raise ConfigError(f"{name} == {value.isoformat()}, must be a day without a time")
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ConfigError(f"{name} == '{value}' is not a day of the calendar") from None
    raise ConfigError(f"{name} == {value!r}, must be a date such as '2026-01-01'")


def midnight(first: date) -> ir.TimestampScalar:
    """Return the moment that begins a day, for the engine."""
    import ibis

    return ibis.timestamp(first.isoformat())


def length(value: str, *, name: str) -> Length:
    """Return a length of time from a text such as ``12 months``.

    >>> length("1 quarter", name="window")
    Length(months=3, days=0)
    """
    match = _LENGTH.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[2] not in {**_DAYS, **_MONTHS}:
        known = ", ".join(f"{unit}s" for unit in {**_DAYS, **_MONTHS})
        raise ConfigError(
            f"{name} == {value!r} is not a length of time such as '12 months'",
            hint=f"a whole number of: {known}",
        )
    number, unit = int(match[1]), match[2]
    return Length(months=number * _MONTHS.get(unit, 0), days=number * _DAYS.get(unit, 0))


def shift(start: date, *, months: int = 0, days: int = 0) -> date:
    """Return the day so many months, then days, later.

    Where the month has no such day, its last day stands for it.

    >>> shift(date(2024, 3, 31), months=-1), shift(date(2024, 2, 29), months=12)
    (datetime.date(2024, 2, 29), datetime.date(2025, 2, 28))
    """
    try:
        year, month = divmod(start.year * MONTHS_A_YEAR + start.month - 1 + months, MONTHS_A_YEAR)
        last = calendar.monthrange(year, month + 1)[1]
        return date(year, month + 1, min(start.day, last)) + timedelta(days=days)
    except (ValueError, OverflowError):
        message = f"{months} months and {days} days from {start} is outside the years 1 to 9999"
        raise ConfigError(message) from None


def months_between(start: date, end: date) -> float:
    """Return how many months lie between two days: whole ones exactly, others by their days.

    >>> months_between(date(2025, 1, 15), date(2026, 1, 15))
    12.0
    """
    whole = (end.year - start.year) * MONTHS_A_YEAR + end.month - start.month
    return float(whole) if shift(start, months=whole) == end else (end - start).days / DAYS_A_MONTH
