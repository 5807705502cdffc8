"""What a test could find, and what finding a lift that matters would have taken."""

import numpy as np
import pandas as pd
import pytest

from marketing_kpi import experiments


def rates(x1, n1, x0, n0):
    arms = ["treatment"] * n1 + ["control"] * n0
    bought = [1] * x1 + [0] * (n1 - x1) + [1] * x0 + [0] * (n0 - x0)
    return experiments.compare(pd.DataFrame({"arm": arms, "bought": bought}), outcome="bought")


def amounts(seed=3, n0=400, n1=600):
    rng = np.random.default_rng(seed)
    spend = rng.normal(100.0, 20.0, n0 + n1)
    arms = ["control"] * n0 + ["treatment"] * n1
    return experiments.compare(pd.DataFrame({"arm": arms, "spend": spend}), outcome="spend"), spend


def test_the_plan_of_a_rate_rests_on_the_control_and_the_lift_that_matters():
    compared = rates(160, 1000, 100, 1000)
    found = experiments.would_take(compared, relative_lift=0.2)
    assert found.absolute_lift == pytest.approx(0.02)
    assert found.equal_halves == experiments.sample_size(0.10, 0.12)
    assert found.same_share == found.equal_halves  # the arms are equal halves
    reached = experiments.power(0.10, 0.12, control_n=1000)
    assert found.power == pytest.approx(reached)
    # what is detectable is found with just the power that was asked for
    again = experiments.power(0.10, 0.10 + found.detectable, control_n=1000)
    assert again == pytest.approx(0.8)
    assert found.detectable_relative == pytest.approx(found.detectable / 0.10)


def test_the_result_seen_does_not_change_the_plan():
    high, low = rates(300, 1000, 100, 1000), rates(90, 1000, 100, 1000)
    assert experiments.would_take(high) == experiments.would_take(low)


def test_the_plan_of_a_mean_takes_the_spread_that_was_seen():
    compared, spend = amounts()
    found = experiments.would_take(compared, relative_lift=0.05)
    mean, sd = spend[:400].mean(), spend.std(ddof=2)
    planned = experiments.sample_size(mean, 1.05 * mean, sd=sd)
    assert found.equal_halves.total == pytest.approx(planned.total, rel=0.03)
    assert found.same_share.control_n / found.same_share.total == pytest.approx(0.4, abs=0.01)


def test_a_lift_beyond_everyone_has_no_size():
    found = experiments.would_take(rates(9, 10, 8, 10), relative_lift=0.5)
    assert (found.power, found.same_share, found.equal_halves) == (None, None, None)
    assert found.absolute_lift == pytest.approx(0.4)


@pytest.mark.parametrize("compared", [rates(5, 50, 0, 50), rates(0, 50, 0, 50)])
def test_without_an_outcome_in_the_control_nothing_is_planned(compared):
    assert experiments.would_take(compared) == experiments.WouldTake(0.10)
    assert experiments.plans(compared, relative_lifts=[0.1], control_shares=[0.5]).empty


def test_plans_are_those_of_the_power_table():
    compared = rates(160, 1000, 100, 1000)
    found = experiments.plans(compared, relative_lifts=[0.1, 0.2], control_shares=[0.1, 0.5])
    table = experiments.power_table(
        0.10, relative_lifts=[0.1, 0.2], control_shares=[0.1, 0.5], customers=2000
    )
    pd.testing.assert_frame_equal(found, table)


def test_shares_that_leave_an_arm_empty_are_left_out():
    compared = rates(2, 6, 1, 6)
    shares = experiments.plans(compared, relative_lifts=[0.5], control_shares=[0.01, 0.5])
    assert shares.control_share.tolist() == [0.5]


def stores(kind=None, seed=5):
    """30 + 270 stores of 40 customers, of whom 10 % buy, correlated .2 within a store."""
    rng = np.random.default_rng(seed)
    share = np.repeat(rng.beta(0.4, 3.6, 300), 40)
    members = pd.DataFrame(
        {
            "arm": np.repeat(["control", "treatment"], [30 * 40, 270 * 40]),
            "store": np.repeat(np.arange(300), 40),
            "bought": (rng.random(300 * 40) < share).astype(int),
        }
    )
    return experiments.compare(members, outcome="bought", cluster="store", kind=kind)


def test_the_plan_of_a_rate_of_stores_is_that_of_stores():
    as_rate, as_mean = stores(), stores("mean")
    found = experiments.would_take(as_rate, relative_lift=0.3)
    assert found == experiments.would_take(as_mean, relative_lift=0.3)
    # what is found four times in five is further than the interval reaches
    reach = as_rate.absolute_high - as_rate.absolute_lift
    assert found.detectable > reach
    assert found.power < 0.4
    plans = experiments.plans(as_rate, relative_lifts=[0.3], control_shares=[0.1])
    assert plans.total[0] == pytest.approx(found.same_share.total, rel=1e-3)


def test_a_covariate_serves_the_plan_of_a_rate():
    rng = np.random.default_rng(0)
    likely = rng.random(4000) < 0.3
    members = pd.DataFrame(
        {
            "arm": np.where(np.arange(4000) % 2, "control", "treatment"),
            "before": likely.astype(float),
            "bought": (rng.random(4000) < np.where(likely, 0.9, 0.05)).astype(int),
        }
    )
    plain = experiments.would_take(experiments.compare(members, outcome="bought"))
    helped = experiments.would_take(
        experiments.compare(members, outcome="bought", covariate="before")
    )
    assert helped.same_share.total < 0.6 * plain.same_share.total


def test_a_rate_of_stores_does_not_go_beyond_everyone():
    members = pd.DataFrame({"arm": ["control"] * 40 + ["treatment"] * 40, "store": range(80)})
    members["bought"] = [0, *[1] * 39] * 2
    found = experiments.would_take(
        experiments.compare(members, outcome="bought", cluster="store"), relative_lift=0.1
    )
    assert (found.detectable, found.power, found.same_share) == (None, None, None)
