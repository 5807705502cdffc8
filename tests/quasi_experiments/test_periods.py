"""Which days to compare, and what the calendar does to them."""

import datetime as dt

import pandas as pd
import pytest

from marketing_kpi import prepost
from marketing_kpi.data.sources import open_data
from marketing_kpi.errors import ComputeError
from marketing_kpi.quasi_experiments.periods import EVENTS, NOTES


def data(first, last="2025-12-31"):
    return open_data(
        {
            "orders": pd.DataFrame(
                {
                    "order_id": ["1", "2", "3"],
                    "ordered_at": pd.to_datetime([first, "2025-01-15", last]),
                    "amount": [1.0, 1.0, 1.0],
                }
            )
        }
    )


QUEBEC = {"country": "CA", "subdivision": "QC"}


def rows(**periods):
    found = prepost.calendar_notes(**(QUEBEC | periods))
    return {(row.note, row.detail): (row.before, row.after) for row in found.itertuples()}


def test_whole_weeks_of_one_length():
    found = prepost.propose(data("2024-03-01"), action="2025-06-02", as_of="2025-08-20")
    day = dt.date
    assert found.weeks == 11
    assert found.before == (day(2025, 3, 17), day(2025, 6, 2))
    assert found.after == (day(2025, 6, 2), day(2025, 8, 18))
    assert found.last_year_after == (day(2024, 6, 3), day(2024, 8, 19))
    assert found.notes == ()


def test_the_week_of_an_action_in_midweek_is_left_out():
    found = prepost.propose(data("2025-01-01"), action="2025-06-04", as_of="2025-12-31", weeks=4)
    assert (found.before.end, found.after.start) == (dt.date(2025, 6, 2), dt.date(2025, 6, 9))
    assert found.notes == ("action_week_left_out", "few_weeks", "no_last_year")


def test_never_more_than_a_year_nor_than_the_data():
    long = prepost.propose(data("2024-05-01"), action="2025-06-02", as_of="2026-12-01")
    assert long.weeks == 52
    short = prepost.propose(data("2025-01-07"), action="2025-02-03", as_of="2025-12-31")
    assert short.weeks == 3  # the week of the first order is not whole
    with pytest.raises(ComputeError, match="9 whole weeks asked for"):
        prepost.propose(data("2025-01-07"), action="2025-02-03", as_of="2025-12-31", weeks=9)
    with pytest.raises(ComputeError, match="the data have 0"):
        prepost.propose(data("2025-01-07"), action="2025-06-02", as_of="2025-06-05")


def test_the_same_weeks_a_year_apart_differ_by_what_moves():
    """Easter was on 31 March in 2024, on 20 April in 2025."""
    found = rows(before=("2024-03-25", "2024-04-08"), after=("2025-03-24", "2025-04-07"))
    assert found == {("holiday", "Good Friday"): (1, 0)}
    assert rows(before=("2024-06-03", "2024-12-30"), after=("2025-06-02", "2025-12-29")) == {}


def test_shape():
    found = rows(before=("2025-02-03", "2025-02-14"), after=("2025-02-12", "2025-02-19"))
    assert found[("overlap", None)] == (2, 2)
    assert found[("lengths", None)] == (11, 7)
    assert found[("partial_weeks", None)] == (4, 0)


def test_days_of_the_week():
    found = rows(before=("2025-02-03", "2025-02-08"), after=("2025-02-11", "2025-02-16"))
    assert found[("weekdays", "0")] == (1, 0)  # Monday to Friday, Tuesday to Saturday
    assert found[("weekdays", "5")] == (0, 1)


def test_black_friday_and_sales():
    """28 November 2025; sales from 8 January and 25 June 2025, from 10 January 2024."""
    found = rows(before=("2025-11-03", "2025-11-24"), after=("2025-11-24", "2025-12-15"))
    assert found[("event", "black_friday")] == (0, 1)
    france = {"country": "FR", "subdivision": None}
    found = rows(before=("2024-12-02", "2025-01-13"), after=("2025-01-13", "2025-02-24"), **france)
    assert found[("event", "winter_sales")] == (5, 23)
    found = rows(before=("2024-01-01", "2024-01-15"), after=("2025-06-16", "2025-06-30"), **france)
    assert found[("event", "winter_sales")] == (5, 0)
    assert found[("event", "summer_sales")] == (0, 5)
    assert found[("season", "167")][0] != 0


def test_holidays_in_french():
    found = rows(before=("2025-06-02", "2025-06-23"), after=("2025-06-23", "2025-07-14"), lang="fr")
    assert set(found) == {("holiday", "Fête nationale du Québec"), ("holiday", "Fête du Canada")}


def test_without_a_country_no_holiday_is_looked_up():
    found = rows(before=("2025-06-02", "2025-06-23"), after=("2025-06-23", "2025-07-14"),
                 country=None, subdivision=None)  # fmt: skip
    assert found == {}


def test_a_country_needs_no_subdivision():
    found = rows(before=("2025-04-07", "2025-04-28"), after=("2025-04-28", "2025-05-19"),
                 country="FR", subdivision=None)  # fmt: skip
    assert {name for note, name in found if note == "holiday"} >= {"Easter Monday"}


def test_a_year_s_end_is_no_other_season():
    found = rows(before=("2024-12-16", "2024-12-23"), after=("2025-01-06", "2025-01-13"))
    assert "season" not in {note for note, _ in found}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"before": ("2025-02-03", "2025-02-03")}, "has no day"),
        ({"country": "XX"}, "no holidays are known of country == 'XX'"),
        ({"country": "France"}, "no holidays are known of country == 'France'"),
        ({"country": "FR"}, "country == 'FR', subdivision == 'QC'"),
        ({"country": None}, "subdivision == 'QC' comes without its country"),
        ({"subdivision": "XX"}, "subdivision == 'XX'"),
    ],
)
def test_bad_input(change, said):
    good = {"before": ("2025-02-03", "2025-02-10"), "after": ("2025-02-10", "2025-02-17")}
    with pytest.raises(ComputeError, match=said):
        prepost.calendar_notes(**(QUEBEC | good | change))


def test_every_note_has_its_words():
    fields = {"detail": "Friday", "before": 1, "after": 2}
    assert all(words.format(**fields).endswith(".") for words in NOTES.values())
    assert set(EVENTS) == {"black_friday", "winter_sales", "summer_sales"}
