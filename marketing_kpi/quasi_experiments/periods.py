"""Which days to compare: equal lengths, whole weeks, and what the calendar did meanwhile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.extent import begins_by, extent
from marketing_kpi.kpis.periods import day
from marketing_kpi.text.messages import N_

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data

WEEK = dt.timedelta(days=7)
YEAR = 52 * WEEK
"""A year of whole weeks: the same days of the week, in the same season."""

LONGEST_WEEKS = 52
"""Weeks that are proposed at most, before and after."""

FEWEST_WEEKS = 8
"""Weeks on each side below which the proposal says that they are few; a convention."""

SEASON_DAYS = 30
"""Days of the year by which the middles of two periods may differ; a convention."""

NOTES: Mapping[str, str] = MappingProxyType(
    {
        "action_week_left_out": N_(
            "The action did not begin on a Monday: its week belongs to neither period."
        ),
        "few_weeks": N_("Fewer than eight weeks on each side: one unusual week weighs much."),
        "no_last_year": N_(
            "The data do not reach back to the same weeks a year earlier: the season cannot be "
            "taken out."
        ),
        "overlap": N_("The two periods share days: {before} of them."),
        "lengths": N_("The periods are not of one length: {before} days before, {after} after."),
        "partial_weeks": N_(
            "A period is not made of whole weeks. Days over: {before} before, {after} after."
        ),
        "weekdays": N_("{detail}: {before} of them before, {after} after."),
        "holiday": N_("{detail}: {before} of its days before, {after} after."),
        "event": N_("{detail}: {before} of its days before, {after} after."),
        "season": N_(
            "The periods lie in different seasons: their middles are {detail} days of the year "
            "apart."
        ),
    }
)
"""What the notes on periods say, by id, with the columns of `calendar_notes`."""

EVENTS: Mapping[str, str] = MappingProxyType(
    {
        "black_friday": N_("Black Friday"),
        "winter_sales": N_("Winter sales"),
        "summer_sales": N_("Summer sales"),
    }
)
"""Days of trade that are no holidays, by id."""

_SALES_WEEKS = 4
_WEDNESDAY, _FRIDAY = 2, 4


class Span(NamedTuple):
    """A period.

    Attributes
    ----------
    start, end
        First day, and the day after the last.
    """

    start: dt.date
    end: dt.date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days

    def back(self, length: dt.timedelta) -> Span:
        """Return the period that lies so long before."""
        return Span(self.start - length, self.end - length)

    def each(self) -> Iterator[dt.date]:
        """Yield its days."""
        return (self.start + dt.timedelta(days=n) for n in range(self.days))


class Proposal(NamedTuple):
    """Periods to compare, of one length and whole weeks.

    Attributes
    ----------
    before, after
        Until the action, and from it on.
    last_year_before, last_year_after
        The same weeks 52 weeks earlier: the difference between those is the season's.
    weeks
        How long each is.
    notes
        Ids of `NOTES`: ``action_week_left_out``, ``few_weeks``, ``no_last_year``.
    """

    before: Span
    after: Span
    last_year_before: Span
    last_year_after: Span
    weeks: int
    notes: tuple[str, ...]


def propose(
    data: Data,
    *,
    action: str | dt.date,
    as_of: str | dt.date,
    weeks: int | None = None,
) -> Proposal:
    """Propose the periods before and after an action.

    Parameters
    ----------
    data
        What `open_data` returns: its orders tell how far back one can look.
    action
        The day it began.
    as_of
        The day of the analysis, exclusive.
    weeks
        How many on each side; None takes as many as there are on both, at most 52.

    Returns
    -------
    Proposal
        Whole weeks, from Monday, of one length on both sides; a week in which the action began
        on another day belongs to neither.

    Raises
    ------
    ComputeError
        When fewer whole weeks lie on one side than asked, or none.

    Notes
    -----
    Choose them, and the outcome, before looking at results: among many periods, some will always
    show what one hopes for.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "amount": [5.0, 5.0],
    ...                        "ordered_at": pd.to_datetime(["2025-01-06", "2025-07-31"])})
    >>> found = propose(open_data({"orders": orders}), action="2025-06-02", as_of="2025-08-01")
    >>> found.weeks, found.before.start.isoformat(), found.after.end.isoformat(), found.notes
    (8, '2025-04-07', '2025-07-28', ('no_last_year',))
    """
    begun, until = day(action, name="action"), day(as_of, name="as_of")
    first, _ = extent(data, before=until)
    last_before = begun - dt.timedelta(days=begun.weekday())
    first_after = last_before if begun == last_before else last_before + WEEK
    reach = (last_before - first) // WEEK if first is not None else 0
    available = max(0, min(reach, (until - first_after) // WEEK))
    length = min(available, LONGEST_WEEKS) if weeks is None else weeks
    if not 1 <= length <= available:
        raise ComputeError(
            f"{length} whole weeks asked for on each side of {begun}; the data have {available}",
            hint="fewer weeks, or a later as_of",
        )
    before = Span(last_before - length * WEEK, last_before)
    after = Span(first_after, first_after + length * WEEK)
    notes = {
        "action_week_left_out": begun != last_before,
        "few_weeks": length < FEWEST_WEEKS,
        "no_last_year": not begins_by(first, before.start - YEAR),
    }
    return Proposal(
        before,
        after,
        before.back(YEAR),
        after.back(YEAR),
        length,
        tuple(name for name, holds in notes.items() if holds),
    )


def calendar_notes(
    *,
    before: tuple[str | dt.date, str | dt.date],
    after: tuple[str | dt.date, str | dt.date],
    country: str | None = None,
    subdivision: str | None = None,
    lang: str = "en",
) -> pd.DataFrame:
    """List what the calendar alone makes differ between two periods.

    Parameters
    ----------
    before, after
        First day, and the day after the last.
    country, subdivision
        Whose holidays, by ISO code: ``"CA"`` and ``"QC"``, ``"FR"`` and None, …; without a country
        no holiday is looked up.
    lang
        The language of holidays' names, where the calendar has it.

    Returns
    -------
    pandas.DataFrame
        note (an id of `NOTES`), detail (a holiday's name, an event of `EVENTS`, or for
        ``weekdays`` the day of the week, 0 for Monday; days apart for ``season``; else null),
        before and after (days; null for ``season``). A row a difference; empty when there is none.

    Raises
    ------
    ComputeError
        When a period has no day, a country or subdivision is not known, or a subdivision comes
        without its country.

    Notes
    -----
    Periods of whole weeks have each day of the week as often; Easter moves by up to five weeks,
    and Black Friday by one, so that the same weeks a year apart need not hold them. Sales are
    those that French law dates: four weeks from the second Wednesday of January (the first, if the
    second falls after the 12th) and from the last Wednesday of June (the one before, if the last
    falls after the 28th).

    References
    ----------
    Code de commerce, article D310-15-2.

    Examples
    --------
    >>> calendar_notes(before=("2025-04-07", "2025-06-02"), after=("2025-06-02", "2025-07-28"),
    ...                country="CA", subdivision="QC")
          note                   detail  before  after
    0  holiday               Canada Day     0.0    1.0
    1  holiday              Good Friday     1.0    0.0
    2  holiday   National Patriots' Day     1.0    0.0
    3  holiday  Saint Jean Baptiste Day     0.0    1.0
    4   season                       56     NaN    NaN
    """
    first, second = _span(before, "before"), _span(after, "after")
    found = [*_shape(first, second), *_weekdays(first, second)]
    check_place(country, subdivision)
    names = {} if country is None else _holidays(first, second, country, subdivision, lang)
    found += _differing("holiday", _counts(first, names), _counts(second, names))
    events = _events(first, second, country)
    found += _differing("event", _counts(first, events), _counts(second, events))
    apart = _apart(first, second)
    if apart > SEASON_DAYS:
        found.append(("season", str(apart), None, None))
    rows = pd.DataFrame(found, columns=["note", "detail", "before", "after"])
    return rows.astype({"before": "float64", "after": "float64"})


_Row = tuple[str, str | None, int | None, int | None]


def _span(days: tuple[str | dt.date, str | dt.date], name: str) -> Span:
    start, end = days
    span = Span(day(start, name=f"{name}, start"), day(end, name=f"{name}, end"))
    if span.days < 1:
        raise ComputeError(f"{name} == {start} to {end} has no day", hint="the end is exclusive")
    return span


def _shape(before: Span, after: Span) -> list[_Row]:
    """Compare lengths, and say whether weeks are whole and periods apart."""
    found: list[_Row] = []
    shared = (min(before.end, after.end) - max(before.start, after.start)).days
    if shared > 0:
        found.append(("overlap", None, shared, shared))
    if before.days != after.days:
        found.append(("lengths", None, before.days, after.days))
    over = before.days % 7, after.days % 7
    if any(over):
        found.append(("partial_weeks", None, *over))
    return found


def _weekdays(before: Span, after: Span) -> list[_Row]:
    """Name the days of the week that one period has more often, where lengths are equal."""
    if before.days != after.days:
        return []
    counts = [
        {str(number): sum(each.weekday() == number for each in span.each()) for number in range(7)}
        for span in (before, after)
    ]
    return _differing("weekdays", *counts)


def _differing(note: str, before: Mapping[str, int], after: Mapping[str, int]) -> list[_Row]:
    names = sorted({*before, *after})
    both = [(name, before.get(name, 0), after.get(name, 0)) for name in names]
    return [(note, name, first, second) for name, first, second in both if first != second]


def _counts(span: Span, names: Mapping[dt.date, str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for each in span.each():
        if each in names:
            counts[names[each]] = counts.get(names[each], 0) + 1
    return counts


def check_place(country: str | None, subdivision: str | None) -> None:
    """Refuse a country or subdivision whose holidays are not known, and one without the other.

    Parameters
    ----------
    country, subdivision
        As in `calendar_notes`.

    Examples
    --------
    >>> check_place("CA", "QC")
    >>> check_place(None, None)
    """
    import holidays

    if country is None:
        if subdivision is not None:
            raise ComputeError(
                f"subdivision == {subdivision!r} comes without its country",
                hint="for instance country='CA', subdivision='QC'",
            )
        return
    parts = holidays.list_supported_countries(include_aliases=False).get(country)
    if parts is None or (subdivision is not None and subdivision not in parts):
        raise ComputeError(
            f"no holidays are known of country == {country!r}, subdivision == {subdivision!r}",
            hint="ISO codes such as 'CA' and 'QC', or 'FR' and None",
        )


def _holidays(
    before: Span, after: Span, country: str, subdivision: str | None, lang: str
) -> Mapping[dt.date, str]:
    """Return the public holidays of the years of both periods, by day."""
    import holidays

    years = range(min(before.start, after.start).year, max(before.end, after.end).year + 1)
    known = holidays.country_holidays(country, subdiv=subdivision)
    spoken = [name for name in known.supported_languages if name.startswith(lang)]
    return holidays.country_holidays(
        country, subdiv=subdivision, years=years, language=spoken[0] if spoken else None
    )


def _events(before: Span, after: Span, country: str | None) -> Mapping[dt.date, str]:
    """Return the days of trade of the years of both periods, by day."""
    found: dict[dt.date, str] = {}
    for year in range(min(before.start, after.start).year, max(before.end, after.end).year + 1):
        november = dt.date(year, 11, 1)
        # The day after the fourth Thursday.
        first_thursday = (_FRIDAY - 1 - november.weekday()) % 7
        found[november + dt.timedelta(days=first_thursday + 22)] = "black_friday"
        if country == "FR":
            found |= dict.fromkeys(_sales(_second_wednesday(year)), "winter_sales")
            found |= dict.fromkeys(_sales(_last_wednesday(year)), "summer_sales")
    return found


def _sales(start: dt.date) -> Iterator[dt.date]:
    return Span(start, start + _SALES_WEEKS * WEEK).each()


def _second_wednesday(year: int) -> dt.date:
    january = dt.date(year, 1, 1)
    second = january + dt.timedelta(days=(_WEDNESDAY - january.weekday()) % 7 + 7)
    return second - WEEK if second.day > 12 else second


def _last_wednesday(year: int) -> dt.date:
    june = dt.date(year, 6, 30)
    last = june - dt.timedelta(days=(june.weekday() - _WEDNESDAY) % 7)
    return last - WEEK if last.day > 28 else last


def _apart(before: Span, after: Span) -> int:
    """Return how many days of the year lie between the middles of two periods."""
    middles = [span.start + dt.timedelta(days=span.days // 2) for span in (before, after)]
    between = abs((middles[1] - middles[0]).days) % 365
    return min(between, 365 - between)
