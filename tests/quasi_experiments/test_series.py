"""A series is checked before it is analysed: what is repaired is said, the rest is refused."""

import datetime as dt
from decimal import Decimal

import ibis
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal

from marketing_kpi.errors import ColumnError, ComputeError, ConfigError, DataError
from marketing_kpi.quasi_experiments.series import (
    NOTES,
    longest_season,
    season_terms,
    series,
    split,
)


def weeks(*values, start="2025-01-06", **columns):
    days = pd.date_range(start, periods=len(values), freq="7D")
    return pd.DataFrame({"week": days, "sales": list(values), **columns})


def read(frame, **arguments):
    return series(frame, **({"outcome": "sales", "period": "week"} | arguments))


def test_rows_in_any_order_are_the_same_series():
    frame = weeks(10.0, 12, 11, 13, 9)
    given, turned = read(frame), read(frame.iloc[[3, 0, 4, 2, 1]])
    assert_array_equal(given.outcome, turned.outcome)
    assert list(given.period) == list(turned.period) == list(frame.week)
    assert (given.grain, given.missing, given.notes) == ("week", 0, ())


def test_an_engines_table_is_read_as_a_frame():
    frame = weeks(10, 12, 11, 13, 9, others=[1.0, 2, 3, 4, 5])
    money = frame.assign(sales=[Decimal(v) for v in frame.sales], week=frame.week.dt.date)
    expected = read(frame, controls="others")
    for table in (ibis.memtable(frame), money):
        found = read(table, controls="others")
        assert_array_equal(found.outcome, expected.outcome)
        assert_array_equal(found.controls, expected.controls)
        assert list(found.period) == list(expected.period)


def test_a_gap_is_unknown_and_not_0():
    frame = weeks(10.0, 12, 11, 13, 9).drop(index=2)
    found = read(frame)
    assert_array_equal(found.outcome, [10, 12, np.nan, 13, 9])
    assert (found.missing, found.notes) == (1, ("gaps",))
    assert found.period[2] == pd.Timestamp("2025-01-20")


def test_missing_outcomes_and_controls_are_counted():
    frame = weeks(10.0, None, 11, 13, 9, 8, others=[1.0, 2, None, 4, 5, 6])
    found = read(frame, controls=["others"])
    assert_array_equal(found.outcome, [10, np.nan, np.nan, 13, 9, 8])
    assert np.isfinite(found.controls).all()
    assert (found.missing, found.notes) == (2, ("missing_outcomes", "missing_controls"))
    assert set(found.notes) < set(NOTES)


@pytest.mark.parametrize(
    ("days", "grain", "count"),
    [
        (["2025-01-01", "2025-01-02", "2025-01-04", "2025-01-05"], "day", 5),
        (["2025-01-06", "2025-01-20", "2025-02-03", "2025-02-17"], "14 days", 4),
        (["2024-11-01", "2024-12-01", "2025-02-01", "2025-03-01"], "month", 5),
        (["2024-11-30", "2024-12-31", "2025-01-31", "2025-02-28"], "month", 4),
        (["2024-01-01", "2024-04-01", "2024-07-01", "2024-10-01"], "quarter", 4),
        (["2021-01-01", "2022-01-01", "2023-01-01", "2024-01-01"], "year", 4),
    ],
)
def test_the_step_is_that_of_the_periods(days, grain, count):
    frame = pd.DataFrame({"week": days, "sales": [1.0, 2, 3, 5]})
    found = read(frame)
    assert (found.grain, len(found.period), found.missing) == (grain, count, count - 4)
    periods = frame.assign(week=[dt.date.fromisoformat(day) for day in days])
    assert list(read(periods).period) == list(found.period)


def test_pandas_periods_are_their_first_days():
    months = pd.period_range("2024-11", periods=4, freq="M")
    found = read(pd.DataFrame({"week": months, "sales": [1.0, 2, 3, 5]}))
    assert found.grain == "month"
    assert list(found.period.strftime("%Y-%m-%d")) == [
        "2024-11-01", "2024-12-01", "2025-01-01", "2025-02-01",
    ]  # fmt: skip


def test_numbers_keep_their_step():
    found = read(pd.DataFrame({"week": [30, 10, 20, 50], "sales": [3.0, 1, 2, 5]}))
    assert list(found.period) == [10, 20, 30, 40, 50]
    assert_array_equal(found.outcome, [1, 2, 3, np.nan, 5])
    assert (found.grain, found.cycle) == ("10", None)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda f: pd.concat([f, f.tail(1)]), DataError, "1 values of 'week' come more than once"),
        (lambda f: f.assign(week=f.week.where(f.index > 0)), DataError, "1 rows .* no 'week'"),
        (lambda f: f.assign(sales="much"), ColumnError, "must hold numbers"),
        (lambda f: f.assign(sales=[1, 2, np.inf, 4, 5]), DataError, "infinite"),
        (lambda f: f.assign(sales=7.0), DataError, "7 in every period"),
        (lambda f: f.assign(sales=[1.0, 2, None, None, 3]), DataError, "known in 3 of 5"),
        (lambda f: f.assign(week=f.week + pd.Timedelta(9, "h")), DataError, "times of the day"),
        (lambda f: f.assign(week=[0.5, 1, 2, 3, 4]), ColumnError, "days or whole numbers"),
        (lambda f: f.assign(week=list("abcde")), ColumnError, "days or whole numbers"),
        (lambda f: f.head(3), DataError, "has 3 periods"),
        (lambda f: f.drop(columns="sales"), ColumnError, "'sales' not found"),
        (lambda f: list(f), DataError, "must be a pandas frame"),
    ],
)
def test_what_is_no_series_is_refused(change, error, message):
    with pytest.raises(error, match=message):
        read(change(weeks(10.0, 12, 11, 13, 9)))


def test_a_day_off_the_grid_is_named():
    weeks_of = pd.date_range("2025-01-06", periods=30, freq="7D").to_series()
    weeks_of.iloc[9] += pd.Timedelta(1, "D")
    frame = pd.DataFrame({"week": weeks_of.to_numpy(), "sales": np.arange(30.0)})
    with pytest.raises(DataError, match=r"steps of 7 days, but 2025-03-11 lies off them"):
        read(frame)


@pytest.mark.parametrize("season", [52.18, True, [52.0], {"year": 1}.values()])
def test_a_season_that_is_no_whole_number_is_refused(season):
    with pytest.raises(ConfigError, match="whole number of periods"):
        season_terms(read(weeks(10.0, 12, 11, 13, 9)), season)


def test_a_season_may_be_any_whole_number():
    found = read(weeks(10.0, 12, 11, 13, 9))
    assert_array_equal(season_terms(found, np.int64(2)), season_terms(found, 2))


def test_a_column_cannot_play_two_parts():
    with pytest.raises(ConfigError, match="different columns"):
        read(weeks(10.0, 12, 11, 13), controls="sales")


def test_what_is_given_is_not_changed():
    frame = weeks(10.0, None, 11, 13, 9, 8).iloc[::-1]
    before = frame.copy(deep=True)
    split(read(frame), "2025-01-22")
    assert_frame_equal(frame, before)


# --- The action


@pytest.mark.parametrize(
    "action", ["2025-01-20", dt.date(2025, 1, 20), pd.Timestamp("2025-01-20"), np.int64(3)]
)
def test_an_action_parts_the_series(action):
    frame = weeks(10.0, 12, 11, 13)
    if isinstance(action, np.integer):
        frame["week"] = range(1, 5)
    found = split(read(frame), action)
    assert (found.before, found.series.notes) == (2, ())


def test_a_period_in_which_the_action_began_is_left_out():
    given = read(weeks(10.0, 12, 11, 13, 9, 8))
    found = split(given, "2025-01-22")
    assert found.before == 3
    assert_array_equal(found.series.outcome, [10, 12, np.nan, 13, 9, 8])
    assert (found.series.missing, found.series.notes) == (1, ("action_within_period",))
    assert given.missing == 0


@pytest.mark.parametrize("action", ["2025-01-06", "2024-06-01", "2025-02-04", "2026-01-01"])
def test_an_action_outside_the_series_is_refused(action):
    with pytest.raises(ComputeError, match=r"outside .* from 2025-01-06 to 2025-02-03"):
        split(read(weeks(10.0, 12, 11, 13, 9)), action)


@pytest.mark.parametrize("action", [3, "June", 2.5])
def test_an_action_is_of_the_kind_of_the_periods(action):
    with pytest.raises(ConfigError, match="action"):
        split(read(weeks(10.0, 12, 11, 13)), action)


def test_a_numbered_series_takes_no_date():
    numbered = read(pd.DataFrame({"week": [1, 2, 3, 4], "sales": [10.0, 12, 11, 13]}))
    for action in ("2025-01-06", True, 2.0):
        with pytest.raises(ConfigError, match="number of a period"):
            split(numbered, action)


# --- The season


def days(count):
    index = pd.date_range("2023-01-01", periods=count)
    return read(pd.DataFrame({"week": index, "sales": np.arange(count, dtype=float)}))


def test_days_of_the_week_come_back_every_seven_and_add_up_to_0():
    terms = season_terms(days(28), "week")
    assert terms.shape == (28, 6)
    assert np.linalg.matrix_rank(terms) == 6
    assert_array_equal(terms[:7], terms[7:14])
    assert_array_equal(terms[:7].sum(axis=0), np.zeros(6))


def test_a_day_that_is_always_closed_has_no_level():
    open_days = pd.date_range("2023-01-02", periods=28)
    open_days = open_days[open_days.day_of_week < 6]
    found = read(pd.DataFrame({"week": open_days, "sales": np.arange(24.0)}))
    terms = season_terms(found, "week")
    assert terms.shape == (27, 5)
    assert not terms[~found.seen].any()
    assert np.linalg.matrix_rank(np.column_stack([np.ones(24), terms[found.seen]])) == 6


def test_waves_come_back_every_year():
    terms = season_terms(days(1462), "year")
    assert terms.shape == (1462, 4)
    assert np.abs(terms[1461] - terms[0]).max() < 0.002  # four years to the day: .03 days off
    assert np.abs(terms[182] - terms[0]).max() > 1.9


def test_months_have_a_level_each():
    months = pd.date_range("2023-01-01", periods=36, freq="MS")
    found = read(pd.DataFrame({"week": months, "sales": np.arange(36.0)}))
    terms = season_terms(found, "year")
    assert terms.shape == (36, 11)
    assert_array_equal(terms[:12], terms[24:])


def test_several_seasons_stand_side_by_side():
    daily = days(730)
    assert season_terms(daily, ["week", "year"]).shape == (730, 10)
    assert season_terms(daily, None).shape == (730, 0)
    assert longest_season(daily, ["week", "year"]) == pytest.approx(365.2425)
    assert longest_season(daily, 14) == 14
    assert longest_season(daily, None) == 0


@pytest.mark.parametrize(
    ("season", "message"),
    [("week", "needs a daily series"), ("moon", "'week', 'year' or a number"), (1, "from 2"),
     (8, "from 2")],
)  # fmt: skip
def test_a_season_that_is_none_is_refused(season, message):
    with pytest.raises(ConfigError, match=message):
        season_terms(read(weeks(10.0, 12, 11, 13)), season)


def test_numbered_periods_have_no_year():
    numbered = read(pd.DataFrame({"week": [1, 2, 3, 4], "sales": [10.0, 12, 11, 13]}))
    with pytest.raises(ConfigError, match="dated periods"):
        season_terms(numbered, "year")
