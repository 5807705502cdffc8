"""Before and after, of the same units or of others: by hand, properties, bad input."""

import datetime as dt
import math

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from marketing_kpi import prepost
from marketing_kpi.errors import ColumnError, ComputeError, DataError
from marketing_kpi.quasi_experiments.paired import RANKED_UNITS, mcnemar, newcombe_paired
from marketing_kpi.trials import rates

FEW = settings(max_examples=3, deadline=None)


def sides(before, after):
    return pd.DataFrame(
        {
            "y": [*before, *after],
            "period": ["before"] * len(before) + ["after"] * len(after),
            "who": [*range(len(before)), *range(len(after))],
        }
    )


def test_pairs_by_hand():
    """Differences 2, 1, 1, 2: mean 1.5, variance 1 / 3."""
    found = prepost.compare(sides([1, 2, 3, 2.0], [3, 3, 4, 4.0]), outcome="y", unit="who")
    assert (found.before_value, found.after_value, found.absolute_change) == (2, 3.5, 1.5)
    error = math.sqrt(1 / 3 / 4)
    assert found.statistic == pytest.approx(1.5 / error)
    reach = stats.t.ppf(0.975, 3) * error
    assert (found.absolute_low, found.absolute_high) == pytest.approx((1.5 - reach, 1.5 + reach))
    assert found.relative_change == pytest.approx(0.75)
    assert found.relative_low < 0.75 < found.relative_high
    assert (found.method, found.verdict) == ("paired_t", "higher")
    assert found.notes == ("descriptive", "few_units")
    assert found.rank_statistic == 10


def test_rates_of_others_are_those_of_trials():
    found = prepost.compare(sides([1] * 12 + [0] * 88, [1] * 30 + [0] * 70), outcome="y")
    bounds = rates.newcombe(30, 100, 12, 100, alpha=0.05)
    assert found.method == "proportions"
    assert found.absolute_change == pytest.approx(0.18)
    assert (found.absolute_low, found.absolute_high) == pytest.approx(
        (float(bounds.low), float(bounds.high))
    )
    assert found.p_value == pytest.approx(float(rates.p_value(30, 100, 12, 100)))
    assert found.verdict == "higher"


def test_booleans_are_a_rate():
    found = prepost.compare(sides([True, False, False], [True, True, False]), outcome="y",
                            unit="who")  # fmt: skip
    assert (found.method, found.only_before, found.only_after) == ("mcnemar", 0, 1)
    assert found.p_value == pytest.approx(0.5)


@FEW
@given(st.lists(st.integers(0, 60), min_size=4, max_size=4).filter(any))
def test_swapping_before_and_after_turns_a_paired_rate_around(cells):
    both, won, lost, never = cells
    low, high = newcombe_paired(both, won, lost, never, alpha=0.05)
    turned = newcombe_paired(both, lost, won, never, alpha=0.05)
    assert (float(low), float(high)) == pytest.approx((-float(turned[1]), -float(turned[0])))
    assert -1 <= low <= (won - lost) / sum(cells) + 1e-12
    assert (won - lost) / sum(cells) - 1e-12 <= high <= 1
    assert float(mcnemar(won, lost)) == pytest.approx(float(mcnemar(lost, won)))
    exact = stats.binomtest(won, won + lost).pvalue if won + lost else 1.0
    assert mcnemar(won, lost) <= exact + 1e-12


def test_mcnemar_keeps_its_level_where_none_differ():
    rng = np.random.default_rng(1)
    both, won, lost, never = rng.multinomial(60, [0.2, 0.15, 0.15, 0.5], 20_000).T
    low, high = newcombe_paired(both, won, lost, never, alpha=0.05)
    assert 0.03 < (mcnemar(won, lost) < 0.05).mean() < 0.055
    assert 0.94 < ((low <= 0) & (high >= 0)).mean() < 0.98


@FEW
@given(st.integers(0, 1_000))
def test_row_order_does_not_matter_and_currency_scales(seed):
    rng = np.random.default_rng(seed)
    table = sides(rng.lognormal(3, 1, 20), rng.lognormal(3.2, 1, 20))
    found = prepost.compare(table, outcome="y", unit="who")
    moved = prepost.compare(table.sample(frac=1, random_state=seed), outcome="y", unit="who")
    scaled = prepost.compare(table.assign(y=table.y * 10), outcome="y", unit="who")
    assert moved.absolute_low == pytest.approx(found.absolute_low, rel=1e-9)
    assert moved.rank_p == found.rank_p == scaled.rank_p
    assert scaled.absolute_high == pytest.approx(10 * found.absolute_high, rel=1e-9)
    assert scaled.relative_change == pytest.approx(found.relative_change, rel=1e-9)
    assert scaled.p_value == pytest.approx(found.p_value, rel=1e-9)


def test_an_engine_s_table_gives_the_same():
    table = sides([1.5, 2, 3, 2.25], [3, 3.75, 4, 4])
    for unit in ("who", None):
        frame = prepost.compare(table, outcome="y", unit=unit)
        lazy = prepost.compare(ibis.memtable(table), outcome="y", unit=unit)
        assert lazy.absolute_low == pytest.approx(frame.absolute_low, rel=1e-9)
        assert lazy._replace(**numbers(frame)) == frame


def numbers(found):
    return {
        name: value for name, value in found._asdict().items() if isinstance(value, float | int)
    }


def test_what_is_left_out_is_said():
    table = sides([1.5, 2, 3], [3, 3.75, 4])
    others = pd.DataFrame(
        {"y": [9.0, math.nan, 7.0, 5.0], "period": ["between", "before", "before", "after"],
         "who": [0, 1, 8, 0]}
    )  # fmt: skip
    found = prepost.compare(pd.concat([table, others]), outcome="y", unit="who")
    assert set(found.notes) == {
        "descriptive", "few_units", "units_dropped", "missing_outcomes", "other_periods",
        "repeated",
    }  # fmt: skip
    assert found.before_n == 3
    assert found.after_value == pytest.approx((4 + 3.75 + 4) / 3)


def test_nothing_varies():
    found = prepost.compare(sides([2.0] * 3, [3.0] * 3), outcome="y", unit="who")
    assert (found.absolute_change, found.absolute_low, found.p_value) == (1, None, None)
    assert (found.verdict, "constant" in found.notes) == ("cannot_tell", True)


def test_many_pairs_are_not_ranked():
    rng = np.random.default_rng(0)
    n = RANKED_UNITS + 1
    found = prepost.compare(sides(rng.normal(0, 1, n), rng.normal(0, 1, n)), outcome="y",
                            unit="who")  # fmt: skip
    assert (found.rank_p, found.notes) == (None, ("descriptive",))


def test_the_sides_may_be_called_anything():
    table = sides([1.0, 2, 3], [3.0, 3, 4]).assign(period=[2024] * 3 + [2025] * 3)
    found = prepost.compare(table, outcome="y", before=2024, after=2025)
    assert found.absolute_change == pytest.approx(10 / 3 - 2)


DAYS = pd.date_range("2025-03-31", periods=28, freq="D")


def test_periods_of_a_column_of_days_come_with_their_calendar():
    """Good Friday fell on 18 April 2025."""
    table = pd.DataFrame({"y": np.arange(28) % 7 + np.arange(28) // 14, "day": DAYS})
    periods = {"before": ("2025-03-31", "2025-04-07"), "after": ("2025-04-14", "2025-04-21")}
    where = {"country": "CA", "subdivision": "QC"}
    found = prepost.compare(table, outcome="y", period="day", **periods, **where)
    assert (found.before_n, found.after_n, found.absolute_change) == (7, 7, 1)
    assert found.notes == ("descriptive", "other_periods", "serial", "few_units", "holiday")
    french = prepost.compare(table, outcome="y", period="day", lang="fr", **periods, **where)
    assert french.calendar["detail"].tolist() == ["Vendredi saint"]
    assert prepost.compare(table, outcome="y", period="day", **periods).calendar.empty
    assert found.calendar["detail"].tolist() == ["Good Friday"]
    with pytest.raises(ComputeError, match="share days"):
        prepost.compare(table, outcome="y", period="day",
                        **(periods | {"before": ("2025-03-31", "2025-04-15")}))  # fmt: skip
    with pytest.raises(ComputeError, match="the other a value"):
        prepost.compare(table, outcome="y", period="day", **(periods | {"before": "x"}))


WEEKS = pd.date_range("2023-01-02", periods=104, freq="7D")
TWO_YEARS = {"before": ("2023-01-02", "2024-01-01"), "after": ("2024-01-01", "2024-12-30")}


def test_a_series_has_no_verdict_without_a_unit():
    """Its rows follow one another, so that Welch's interval is too narrow."""
    sales = 100 + np.random.default_rng(1).standard_normal(104) + 9 * (np.arange(104) >= 52)
    table = pd.DataFrame({"y": sales, "week": WEEKS})
    found = prepost.compare(table, outcome="y", period="week", **TWO_YEARS)
    assert found.p_value < 1e-6
    assert found.absolute_low > 0
    assert (found.verdict, "serial" in found.notes) == ("cannot_tell", True)


def test_shocks_of_all_units_are_said_not_to_be_in_the_interval():
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        {"y": rng.normal(100, 1, 104 * 6), "week": np.tile(WEEKS, 6), "shop": np.repeat([*"abcdef"],
                                                                                        104)}
    )  # fmt: skip
    found = prepost.compare(table, outcome="y", period="week", unit="shop", **TWO_YEARS)
    assert "shared_shocks" in found.notes
    assert "serial" not in found.notes


def test_a_period_of_which_the_data_hold_a_part_is_noted():
    table = pd.DataFrame({"y": np.arange(104.0) % 5, "week": WEEKS})
    whole = prepost.compare(table, outcome="y", period="week", **TWO_YEARS)
    part = prepost.compare(table[40:], outcome="y", period="week", **TWO_YEARS)
    assert ("part_of_period" in whole.notes, "part_of_period" in part.notes) == (False, True)


@pytest.mark.parametrize(
    ("values", "before", "after"),
    [
        ([False, True], False, True),
        ([0.0, 1.0], 0, 1),
        ([0, 1], False, True),
        ([0, 1], 0.0, np.int64(1)),
        ([2024, 2025], "2024", "2025"),
        ([False, True], "False", "True"),
        ([False, True], "false", "true"),
    ],
)
def test_sides_are_found_by_the_type_of_their_column(values, before, after):
    table = sides([1.0, 2, 3], [3.0, 3, 4])
    table["period"] = [values[0]] * 3 + [values[1]] * 3
    for one in (table, table.convert_dtypes(), ibis.memtable(table)):
        found = prepost.compare(one, outcome="y", before=before, after=after)
        assert found.absolute_change == pytest.approx(10 / 3 - 2)


DAY = "2024-01-01", "2025-01-01"


@pytest.mark.parametrize("side", [str, dt.date.fromisoformat, pd.Timestamp, np.datetime64])
@pytest.mark.parametrize("held", [dt.date.fromisoformat, pd.Timestamp])
def test_a_day_may_be_the_value_of_a_side(held, side):
    table = sides([1.0, 2, 3], [3.0, 3, 4])
    days = pd.Series([DAY[0]] * 3 + [DAY[1]] * 3).map(held)
    for one in (table.assign(period=days), ibis.memtable(table.assign(period=days))):
        found = prepost.compare(one, outcome="y", before=side(DAY[0]), after=side(DAY[1]))
        assert found.absolute_change == pytest.approx(10 / 3 - 2)
        assert found.calendar is None


def test_a_moment_may_be_the_value_of_a_side():
    table = sides([1.0, 2, 3], [3.0, 3, 4])
    moments = [pd.Timestamp("2024-01-01 09:00"), pd.Timestamp("2024-01-01 10:30")]
    table["period"] = [moments[0]] * 3 + [moments[1]] * 3
    found = prepost.compare(table, outcome="y", before=moments[0], after=moments[1])
    assert found.absolute_change == pytest.approx(10 / 3 - 2)


def test_a_pandas_period_may_be_the_value_of_a_side():
    table = sides([1.0, 2, 3], [3.0, 3, 4])
    months = [pd.Period("2024-01", "M"), pd.Period("2025-01", "M")]
    table["period"] = [months[0]] * 3 + [months[1]] * 3
    found = prepost.compare(table, outcome="y", before=months[0], after=months[1])
    assert found.absolute_change == pytest.approx(10 / 3 - 2)


def test_pandas_periods_are_days():
    table = pd.DataFrame({"y": np.arange(104.0) % 5, "week": WEEKS})
    weeks = table.assign(week=table["week"].dt.to_period("W"))
    dated, given = (
        prepost.compare(one, outcome="y", period="week", **TWO_YEARS) for one in (table, weeks)
    )
    assert given.absolute_low == dated.absolute_low


def test_times_with_a_zone_are_refused_of_an_engine():
    table = pd.DataFrame({"y": np.arange(104.0), "week": WEEKS.tz_localize("America/Montreal")})
    connection = ibis.duckdb.connect()
    lazy = connection.create_table("zoned", ibis.memtable(table))
    with pytest.raises(DataError, match="times with a zone"):
        prepost.compare(lazy, outcome="y", period="week", **TWO_YEARS)
    connection.disconnect()


@pytest.mark.parametrize(
    ("change", "options", "error", "said"),
    [
        ({}, {"outcome": "z"}, ColumnError, "'z' not found in table"),
        ({}, {"alpha": 0}, ComputeError, "must be in"),
        ({"period": "before"}, {}, DataError, "no row of period == 'after'"),
        ({"y": "x"}, {}, DataError, "must be numbers"),
        ({"y": math.inf}, {}, DataError, "infinite in 4 rows"),
        ({"who": None}, {"unit": "who"}, DataError, "4 rows have no 'who'"),
        ({"who": [0, 1, 2, 3]}, {"unit": "who"}, DataError, "no 'who' has a value on both sides"),
    ],
)
def test_bad_input(change, options, error, said):
    table = sides([1.0, 2.0], [2.0, 3.0]).assign(**change)
    with pytest.raises(error, match=said):
        prepost.compare(table, **({"outcome": "y"} | options))
