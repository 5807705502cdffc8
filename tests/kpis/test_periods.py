from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketing_kpi.errors import ConfigError
from marketing_kpi.kpis.periods import Periods, day, length, months_between, periods, shift


@pytest.mark.parametrize(
    ("as_of", "period", "compare", "expected"),
    [
        ("2026-01-01", "12 months", "previous_year", "2025-01-01 2026-01-01 2024-01-01 2025-01-01"),
        ("2026-01-01", "1 year", "previous_period", "2025-01-01 2026-01-01 2024-01-01 2025-01-01"),
        ("2026-01-01", "1 month", "previous_year", "2025-12-01 2026-01-01 2024-12-01 2025-01-01"),
        ("2026-01-01", "1 month", "previous_period", "2025-12-01 2026-01-01 2025-11-01 2025-12-01"),
        ("2026-01-01", "1 quarter", "none", "2025-10-01 2026-01-01"),
        ("2026-01-01", "90 days", "previous_period", "2025-10-03 2026-01-01 2025-07-05 2025-10-03"),
        ("2026-01-01", "8 weeks", "previous_year", "2025-11-06 2026-01-01 2024-11-06 2025-01-01"),
        # a month back from the 31st clamps to the last day of a shorter month
        ("2025-03-31", "1 month", "previous_period", "2025-02-28 2025-03-31 2025-01-28 2025-02-28"),
        # leap days: one in the period, one as its end, one as its start
        ("2024-03-01", "1 month", "previous_year", "2024-02-01 2024-03-01 2023-02-01 2023-03-01"),
        ("2024-02-29", "1 year", "previous_year", "2023-02-28 2024-02-29 2022-02-28 2023-02-28"),
        ("2024-03-29", "1 month", "previous_year", "2024-02-29 2024-03-29 2023-02-28 2023-03-29"),
        ("2024-03-01", "1 day", "previous_period", "2024-02-29 2024-03-01 2024-02-28 2024-02-29"),
    ],
)
def test_periods_by_hand(as_of, period, compare, expected):
    days = [date.fromisoformat(text) for text in expected.split()]
    assert periods(as_of=as_of, period=period, compare=compare) == Periods(
        *days, *[None] * (4 - len(days))
    )


def test_a_date_a_midnight_and_a_text_are_the_same_day():
    same = [day(d, name="x") for d in ("2024-02-29", date(2024, 2, 29), datetime(2024, 2, 29))]
    assert {*same} == {date(2024, 2, 29)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"as_of": "2025-02-29"}, "as_of == '2025-02-29' is not a day of the calendar"),
        ({"as_of": "01/02/2025"}, "as_of == '01/02/2025', must be a date such as '2026-01-01'"),
        ({"as_of": None}, "as_of == None, must be a date"),
        ({"as_of": datetime(2025, 1, 1, 8)}, "must be a day without a time"),
        ({"period": "a year"}, "period == 'a year' is not a length of time"),
        ({"period": "0 days"}, "period == '0 days' is not a length of time"),
        ({"period": "12 moons"}, "a whole number of: days, weeks, months, quarters, years"),
        ({"period": 12}, "period == 12 is not a length of time"),
        ({"period": "9999 years"}, "outside the years 1 to 9999"),
        ({"compare": "last_year"}, "must be one of previous_year, previous_period, none"),
        ({"compare": "previous_yaer"}, "did you mean 'previous_year'?"),
    ],
)
def test_what_is_not_a_period_is_refused(arguments, message):
    with pytest.raises(ConfigError) as error:
        periods(**{"as_of": "2026-01-01", **arguments})
    assert message in str(error.value)


DAYS = st.dates(date(1990, 1, 1), date(2090, 1, 1))
LENGTHS = st.builds(
    "{} {}".format,
    st.integers(1, 40),
    st.sampled_from(["day", "weeks", "months", "quarter", "years"]),
)


@given(DAYS, LENGTHS)
def test_the_previous_period_ends_where_the_period_starts(end, period):
    found = periods(as_of=end, period=period, compare="previous_period")
    assert found.previous_start < found.previous_end == found.start < found.end == end


@given(DAYS, st.integers(-600, 600))
def test_shifting_by_months_moves_the_month_and_keeps_or_clamps_the_day(start, months):
    moved = shift(start, months=months)
    assert (moved.year - start.year) * 12 + moved.month - start.month == months
    assert moved.day == start.day or (moved.day < start.day and shift(moved, days=1).day == 1)


def test_a_length_is_months_or_days():
    assert length("2 quarters", name="period") == (6, 0)
    assert length("2 weeks", name="period") == (0, 14)


def test_days_that_are_no_whole_months_count_by_the_mean_month():
    # 90 days over 365.25 / 12 days a month
    assert months_between(date(2025, 1, 1), date(2025, 4, 1)) == 3
    assert months_between(date(2025, 1, 10), date(2025, 4, 9)) == pytest.approx(89 / 30.4375)
