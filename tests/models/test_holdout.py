"""Predicted against actual: the split, the classes, the weeks, the verdict."""

from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marketing_kpi as mk
from marketing_kpi.errors import ComputeError
from marketing_kpi.models.bg_nbd import fit_bg_nbd
from marketing_kpi.models.holdout import (
    by_frequency,
    holdout,
    holdout_verdict,
    tracking,
    tracking_error,
)
from marketing_kpi.models.pareto_nbd import fit_pareto_nbd

ORDERS = pd.DataFrame(
    {
        "order_id": ["1", "2", "3", "4", "5", "6", "7"],
        "customer_id": ["A", "A", "A", "A", "B", "B", "C"],
        "ordered_at": pd.to_datetime(
            [
                "2025-01-01 09:00",
                "2025-01-15",
                "2025-02-03 10:00",
                "2025-02-03 18:00",  # of the same day: one purchase
                "2025-01-10",
                "2025-01-29",  # the first day held out
                "2025-02-01",  # a customer of the holdout alone
            ],
            format="ISO8601",
        ),
        "amount": [20.0, 30, 10, 10, 5, 5, 99],
    }
)
SPLIT = {"calibration_end": "2025-01-29", "end": "2025-02-12"}


def draw(customers, rng, r=0.8, alpha=8.0, a=0.95, b=3.8, age=52.0, ahead=26.0):
    """Draw customers of BG/NBD, seen for `age`, and what they buy in the time after it."""
    rows = []
    for customer in range(customers):
        rate, leaves = rng.gamma(r, 1 / alpha), rng.geometric(rng.beta(a, b))
        days = np.sort(rng.uniform(0, age + ahead, rng.poisson(rate * (age + ahead))))[:leaves]
        seen = days[days <= age]
        rows.append((customer, len(seen), seen.max(initial=0.0), age, len(days) - len(seen), ahead))
    names = ["customer_id", "frequency", "recency", "T", "actual", "periods"]
    return pd.DataFrame(rows, columns=names)


@pytest.fixture(scope="module")
def held():
    return draw(1500, np.random.default_rng(5))


@pytest.fixture(scope="module")
def fit(held):
    return fit_bg_nbd(held, unit="week")


# --- The split ------------------------------------------------------------------------------


def test_what_is_before_the_day_is_known_and_what_is_after_is_counted():
    held = holdout(ORDERS, **SPLIT)
    assert held.customer_id.tolist() == ["A", "B"]
    assert held.frequency.tolist() == [1, 0]
    assert held.recency.tolist() == [2.0, 0.0]
    assert held["T"].tolist() == [27 / 7, 18 / 7]
    assert held.actual.tolist() == [1, 1]
    assert held.periods.tolist() == [2.0, 2.0]


def test_the_split_of_an_engine_is_the_same():
    connection = ibis.duckdb.connect()
    table = connection.create_table("orders", ORDERS)
    lazy = holdout(table, **SPLIT, unit="day")
    assert isinstance(lazy, ibis.Table)
    given = lazy.to_pandas().sort_values("customer_id").reset_index(drop=True)
    pd.testing.assert_frame_equal(given, holdout(ORDERS, **SPLIT, unit="day"), check_dtype=False)
    connection.disconnect()


def test_refunds_of_the_holdout_are_not_known_in_the_calibration():
    returns = pd.DataFrame(
        {"order_id": ["2"], "returned_at": pd.to_datetime(["2025-02-01"]), "refund_amount": [30.0]}
    )
    assert holdout(ORDERS, **SPLIT, returns=returns).monetary_value.tolist()[0] == 30.0


def test_a_holdout_that_ends_before_it_begins_is_refused():
    with pytest.raises(ComputeError, match="end is 2025-01-29, must be after calibration_end"):
        holdout(ORDERS, calibration_end="2025-01-29", end="2025-01-29")


# --- By frequency ---------------------------------------------------------------------------


def test_classes_add_up(fit, held):
    table = by_frequency(fit, held, most=4)
    assert table.frequency.tolist() == [0, 1, 2, 3, 4]
    assert table.customers.sum() == 1500
    assert table.actual.sum() == held.actual.sum()
    each = fit.expected_purchases(held, periods=26.0)
    assert table.predicted.sum() == pytest.approx(each.estimate.sum(), rel=1e-12)
    more = held.frequency >= 4
    assert table.predicted[4] == pytest.approx(each.estimate[more].sum(), rel=1e-12)
    assert table.actual_mean[4] == pytest.approx(held.actual[more].mean())


def test_a_class_without_customers_has_nothing_to_compare(fit, held):
    few = held[held.frequency.isin([0, 2])]
    table = by_frequency(fit, few)
    empty = table[table.customers == 0]
    assert len(empty) == 6
    numbers = ["predicted", "low", "high", "actual_mean", "predicted_mean"]
    assert empty[numbers].isna().all(axis=None)
    assert (empty.actual == 0).all()


# --- The verdict ----------------------------------------------------------------------------


def test_a_right_prediction_is_ok(fit, held):
    verdict = holdout_verdict(fit, held)
    assert (verdict.answer, verdict.reason) == ("ok", None)
    assert verdict.low <= verdict.actual <= verdict.high
    assert verdict.error == pytest.approx(verdict.predicted / verdict.actual - 1)
    assert (verdict.customers, verdict.periods) == (1500, 26.0)


@pytest.mark.parametrize(("factor", "answer"), [(3, "too_low"), (0, "too_high")])
def test_a_wrong_prediction_is_told(fit, held, factor, answer):
    verdict = holdout_verdict(fit, held.assign(actual=held.actual * factor))
    assert verdict.answer == answer
    assert (verdict.error is None) == (factor == 0)


def test_few_purchases_cannot_tell(fit, held):
    verdict = holdout_verdict(fit, held.head(12).assign(actual=[1, 2] + [0] * 10, periods=4.0))
    assert (verdict.answer, verdict.reason) == ("cannot_tell", "too_few_purchases")
    assert verdict.low == 0


def test_nobody_before_the_holdout_cannot_tell(fit, held):
    verdict = holdout_verdict(fit, held.head(0))
    assert (verdict.answer, verdict.reason) == ("cannot_tell", "no_cohort")
    assert verdict.predicted is verdict.low is verdict.periods is None


def test_no_repeat_buyer_no_fit(held):
    once = held[held.frequency == 0]
    verdict = holdout_verdict(fit_bg_nbd(once, unit="week"), once)
    assert (verdict.answer, verdict.reason) == ("cannot_tell", "no_fit")
    assert verdict.predicted is verdict.low is None


def test_the_interval_holds_what_customers_do_and_not_the_parameters_alone(fit, held):
    """With the parameters known, the total has the variance of a simulation."""
    known = replace(fit, point=np.log([0.8, 8, 0.95, 3.8]), log_covariance=np.zeros((4, 4)))
    new = held.assign(frequency=0, recency=0.0, T=0.0)
    verdict = holdout_verdict(known, new)
    rng = np.random.default_rng(11)
    totals = [draw(1500, rng, age=0.0).actual.sum() for _ in range(60)]
    width = (verdict.high - verdict.low) / (2 * 1.96)
    assert verdict.predicted == pytest.approx(np.mean(totals), abs=4 * width / 60**0.5)
    assert width == pytest.approx(np.std(totals), rel=0.3)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=3, deadline=None)
def test_the_order_of_rows_changes_nothing(fit, held, seed):
    mixed = held.sample(frac=1, random_state=seed)
    assert holdout_verdict(fit, mixed) == holdout_verdict(fit, held)
    pd.testing.assert_frame_equal(by_frequency(fit, mixed), by_frequency(fit, held))


def test_an_engine_gives_the_same_verdict(fit, held):
    connection = ibis.duckdb.connect()
    table = connection.create_table("held", held)
    assert holdout_verdict(fit, table) == holdout_verdict(fit, held)
    pd.testing.assert_frame_equal(by_frequency(fit, table), by_frequency(fit, held))
    connection.disconnect()


# --- Week by week ---------------------------------------------------------------------------


def test_weeks_by_hand(fit):
    weeks = tracking(fit, ORDERS, **SPLIT)
    assert weeks.starts.dt.strftime("%m-%d").tolist() == [
        "01-01", "01-08", "01-15", "01-22", "01-29", "02-05",
    ]  # fmt: skip
    assert weeks.held_out.tolist() == [False] * 4 + [True] * 2
    assert weeks.actual.tolist() == [0, 0, 1, 0, 2, 0]
    assert weeks.actual_total.tolist() == [0, 0, 1, 1, 3, 3]
    # At the end of 11 February: 41 days after A's first purchase, 32 after B's.
    expected = [fit.expected_purchases_new(days / 7).estimate for days in (41, 32)]
    assert weeks.predicted_total.iloc[-1] == pytest.approx(sum(expected), rel=1e-12)
    assert weeks.predicted.sum() == pytest.approx(sum(expected), rel=1e-12)


def test_weeks_hang_on_the_day_of_the_split(fit):
    weeks = tracking(fit, ORDERS, calibration_end="2025-01-31", end="2025-02-12")
    assert weeks.starts[0] == pd.Timestamp("2024-12-27")
    assert weeks.held_out.sum() == 1  # 31 January to 6 February; the next is not whole
    assert weeks.actual_total.iloc[-1] == 3


def test_an_engine_gives_the_same_weeks(fit):
    connection = ibis.duckdb.connect()
    table = connection.create_table("orders", ORDERS)
    pd.testing.assert_frame_equal(tracking(fit, table, **SPLIT), tracking(fit, ORDERS, **SPLIT))
    connection.disconnect()


def test_without_a_cohort_there_is_no_week(fit):
    weeks = tracking(fit, ORDERS, calibration_end="2024-06-01", end="2024-09-01")
    assert weeks.empty
    assert tracking_error(weeks) is None


def test_the_error_is_the_mean_of_the_weeks_held_out():
    weeks = pd.DataFrame(
        {
            "held_out": [False, True, True, True],
            "actual_total": [10, 0, 20, 40],
            "predicted_total": [99.0, 1.0, 22.0, 36.0],
        }
    )
    assert tracking_error(weeks) == pytest.approx(0.1)


def test_a_fit_without_a_unit_cannot_follow_weeks(fit):
    with pytest.raises(ComputeError, match="does not know its unit"):
        tracking(replace(fit, unit=None), ORDERS, **SPLIT)


# --- The demo -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cohort():
    """The orders of the contacts whose process is BG/NBD (`bg_nbd` of the demo's truth)."""
    with mk.demo() as data:
        contacts = data.contacts.filter(data.contacts.registered_at >= "2023-01-01")
        orders = data.orders.semi_join(contacts, "customer_id")
        columns = ["order_id", "customer_id", "ordered_at", "amount", "status", "is_test"]
        yield orders.select(columns).to_pandas()


@pytest.mark.parametrize("model", [fit_bg_nbd, fit_pareto_nbd])
def test_a_year_of_the_demo_is_foretold(cohort, model):
    """Split at midsummer, in ordinary weeks, with a whole year held out."""
    dates = {"calibration_end": "2024-07-01", "end": "2025-07-01"}
    held = holdout(cohort, **dates)
    fit = model(held, unit="week")
    verdict = holdout_verdict(fit, held)
    assert verdict.answer == "ok"
    weeks = tracking(fit, cohort, **dates)
    assert weeks.held_out.sum() == 52
    assert tracking_error(weeks) < 0.1
    # 2025-07-01 is 52 weeks and a day later: the last day is in the holdout, not in a whole week.
    assert 0 <= held.frequency.sum() + verdict.actual - weeks.actual_total.iloc[-1] < 30


def test_a_split_after_the_high_season_foretells_too_much(cohort):
    """With the year split at its end, December has made customers look fresh.

    The parameters of the process itself foretell too much then: its clock runs faster in season.
    """
    held = holdout(cohort, calibration_end="2025-01-01", end="2026-01-01", unit="day")
    fit = fit_bg_nbd(held, unit="day")
    process = replace(fit, point=np.log([0.8, 56.0, 0.95, 3.8]))
    assert holdout_verdict(fit, held).answer == "too_high"
    assert 1.05 < holdout_verdict(process, held).predicted / held.actual.sum() < 1.12
