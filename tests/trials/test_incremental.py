"""What a campaign was worth: worked by hand, tried by simulation, and on the demo."""

import math

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marketing_kpi as mk
from marketing_kpi import experiments
from marketing_kpi.errors import ColumnError, ComputeError, DataError
from marketing_kpi.trials import means, sums
from marketing_kpi.trials.incremental import probability_above
from marketing_kpi.trials.power import sample_size

FEW = settings(max_examples=3, deadline=None)


def campaign(control_n, control_buyers, treated, treated_buyers, *, basket=40.0, rate=0.5):
    """Make members whose buyers all spend the same on one order."""
    size = control_n + treated
    bought = [1] * control_buyers + [0] * (control_n - control_buyers)
    bought += [1] * treated_buyers + [0] * (treated - treated_buyers)
    table = pd.DataFrame({"customer_id": [f"C{n:05}" for n in range(size)], "bought": bought})
    table["arm"] = ["control"] * control_n + ["treatment"] * treated
    table["orders"] = table["bought"]
    table["revenue"] = table["bought"] * basket
    return table.assign(margin=table["revenue"] * rate)


@pytest.fixture(scope="module")
def found():
    return experiments.incremental(campaign(1000, 100, 2000, 300), cost=500.0)


def test_a_campaign_by_hand(found):
    assert (found.control_n, found.treated) == (1000, 2000)
    assert found.customers.value == pytest.approx(2000 * (0.15 - 0.10))
    assert found.orders.value == pytest.approx(100)
    assert found.revenue.value == pytest.approx(4000)
    assert found.margin.value == pytest.approx(2000)
    assert found.roi.value == pytest.approx((2000 - 500) / 500)
    assert found.cost_per_order.value == pytest.approx(5)
    assert found.margin_source == "margin"
    assert found.verdict == "paid"


def test_each_interval_is_that_of_the_comparison_times_the_treated(found):
    members = campaign(1000, 100, 2000, 300)
    buyers = experiments.compare(members, outcome="bought")
    margin = experiments.compare(members, outcome="margin")
    assert found.customers.low == pytest.approx(2000 * buyers.absolute_low)
    assert found.customers.high == pytest.approx(2000 * buyers.absolute_high)
    assert found.margin.low == pytest.approx(2000 * margin.absolute_low)
    assert found.roi.high == pytest.approx((2000 * margin.absolute_high - 500) / 500)
    assert found.cost_per_order.low == pytest.approx(500 / found.orders.high)
    assert found.cost_per_order.high == pytest.approx(500 / found.orders.low)


def test_orders_that_may_be_none_cost_without_limit():
    found = experiments.incremental(campaign(1000, 100, 2000, 210), cost=500.0)
    assert found.orders.low < 0 < found.orders.value
    assert found.cost_per_order.value == pytest.approx(500 / 10)
    assert found.cost_per_order.low == pytest.approx(500 / found.orders.high)
    assert found.cost_per_order.high is None
    assert "orders_may_be_none" in found.notes


def test_orders_that_were_lost_have_no_cost():
    found = experiments.incremental(campaign(1000, 200, 2000, 200), cost=500.0)
    assert found.orders.high < 0
    assert found.cost_per_order == (None, None, None)
    assert found.verdict == "lost"
    assert found.paid_probability < 0.001


def test_a_loss_seen_that_may_be_a_gain_has_a_cheapest_cost_alone():
    found = experiments.incremental(campaign(1000, 100, 2000, 190), cost=500.0)
    assert found.orders.value < 0 < found.orders.high
    assert found.cost_per_order.value is None
    assert found.cost_per_order.low == pytest.approx(500 / found.orders.high)
    assert found.verdict == "cannot_tell"


def test_the_probability_is_a_half_where_the_margin_is_the_cost():
    members = campaign(1000, 100, 1000, 150)  # equal arms: no skewness to allow for
    found = experiments.incremental(members, cost=50 * 20.0)
    assert found.roi.value == pytest.approx(0)
    assert found.paid_probability == pytest.approx(0.5)


@pytest.mark.parametrize(("factor", "verdict"), [(0.9, "paid"), (1.1, "cannot_tell")])
def test_the_probability_and_the_verdict_agree(found, factor, verdict):
    near = experiments.incremental(campaign(1000, 100, 2000, 300), cost=found.margin.low * factor)
    assert near.verdict == verdict
    assert (near.paid_probability > 0.975) == (verdict == "paid")


def test_the_probability_is_right_as_often_as_it_says():
    """Campaigns that just repay: the probability is spread evenly, as that of a true value is."""
    rng = np.random.default_rng(9)
    baskets = rng.lognormal(3, 0.8, size=(2000, 3000)) * (rng.random((2000, 3000)) < 0.3)
    control, treatment = sums.of(baskets[:, :600]), sums.of(baskets[:, 600:])
    seen = means.hall(control, treatment)
    told = probability_above(
        0.0, lift=seen.value, error=seen.value / seen.statistic, skew=seen.skew
    )
    shares = np.histogram(told, bins=[0, 0.025, 0.25, 0.5, 0.75, 0.975, 1])[0] / 2000
    assert shares == pytest.approx([0.025, 0.225, 0.25, 0.25, 0.225, 0.025], abs=0.035)


def test_a_rate_stands_in_for_margins_that_are_not_known():
    members = campaign(2000, 600, 2000, 700, rate=0.3)
    own = experiments.incremental(members, cost=500.0)
    rated = experiments.incremental(members.drop(columns="margin"), cost=500.0, margin_rate=0.3)
    assert rated.roi == pytest.approx(own.roi)
    assert rated.paid_probability == pytest.approx(own.paid_probability)
    assert rated.needed_for_break_even.total == own.needed_for_break_even.total
    assert (rated.margin_source, own.margin_source) == ("margin_rate", "margin")
    assert "assumed_margin_rate" in rated.notes
    # what the members have comes first
    assert experiments.incremental(members, cost=500.0, margin_rate=0.9).roi == own.roi
    unknown = members.assign(margin=np.nan)
    assert experiments.incremental(unknown, cost=500.0, margin_rate=0.3).roi == rated.roi


def test_without_a_margin_nothing_is_said_of_what_it_returned():
    members = campaign(1000, 100, 2000, 300).drop(columns=["margin", "orders"])
    found = experiments.incremental(members, cost=500.0)
    assert found.revenue.value == pytest.approx(4000)
    assert found.margin == found.roi == found.orders == (None, None, None)
    assert (found.paid_probability, found.verdict) == (None, "cannot_tell")
    assert found.needed_for_break_even is None
    assert found.notes == ("no_margin",)


def test_a_free_campaign_has_no_return_on_its_cost():
    found = experiments.incremental(campaign(1000, 100, 2000, 300), cost=0)
    assert found.roi == (None, None, None)
    assert found.cost_per_order.value == 0
    assert "no_cost" in found.notes
    # whatever it surely brought repays nothing
    assert found.margin.low > 0
    assert found.verdict == "paid"
    assert found.paid_probability > 0.975


@pytest.mark.parametrize("engine", [lambda frame: frame, ibis.memtable])
def test_margins_that_some_buyers_lack_are_not_used(engine):
    """By hand: 50 in 1,000 of 2,000 treated more, at 40, of which .5 is margin."""
    members = campaign(1000, 100, 2000, 300)
    lacking = (members["bought"] == 1) & (members.index % 2 == 0)
    members.loc[lacking, "margin"] = np.nan
    found = experiments.incremental(engine(members), cost=500.0)
    assert (found.margin.value, found.roi.value, found.verdict) == (None, None, "cannot_tell")
    assert found.notes == ("margin_incomplete", "no_margin")
    assert "margin" not in found.comparisons
    rated = experiments.incremental(engine(members), cost=500.0, margin_rate=0.5)
    assert rated.roi.value == pytest.approx((2000 - 500) / 500)
    assert rated.notes == ("margin_incomplete", "assumed_margin_rate")


@pytest.mark.parametrize("engine", [lambda frame: frame, ibis.memtable])
def test_amounts_that_only_buyers_have_are_no_amounts_of_members(engine):
    """What a join leaves empty: a mean over buyers alone would be taken for that of all."""
    members = campaign(1000, 100, 2000, 300)
    nothing = members["bought"] == 0
    found = experiments.incremental(
        engine(members.assign(margin=members["margin"].mask(nothing))), cost=500.0
    )
    assert (found.margin.value, found.verdict) == (None, "cannot_tell")
    assert found.notes == ("margin_incomplete", "no_margin")
    with pytest.raises(DataError, match="revenue of some members is not known"):
        experiments.incremental(
            engine(members.assign(revenue=members["revenue"].mask(nothing))), cost=500.0
        )


def test_a_lift_of_0_has_a_probability_and_a_size():
    members = campaign(1000, 100, 2000, 200)
    found = experiments.incremental(members, cost=500.0)
    assert found.margin.value == 0
    assert 0 < found.paid_probability < 0.5
    assert found.needed_for_break_even.total > 3000
    near = campaign(1000, 100, 20_000, 2001).iloc[:-1]  # hardly any lift at all
    assert experiments.incremental(near, cost=0.01).paid_probability == pytest.approx(0.5, abs=0.02)


def test_a_margin_of_0_repays_no_cost():
    members = campaign(1000, 100, 2000, 300).drop(columns="margin")
    found = experiments.incremental(members, cost=500.0, margin_rate=0.0)
    assert (found.verdict, found.paid_probability) == ("lost", 0.0)


def test_customers_of_several_rows_plan_for_as_many_rows():
    members = campaign(1000, 100, 2000, 300)
    once = experiments.incremental(members, cost=500.0)
    thrice = experiments.incremental(pd.concat([members] * 3), cost=500.0)
    assert thrice.needed_for_conversion.total == pytest.approx(
        3 * once.needed_for_conversion.total, rel=0.1
    )


def test_too_few_buyers_give_no_verdict_no_probability_and_no_return():
    found = experiments.incremental(campaign(200, 10, 2000, 300), cost=10.0)
    assert found.margin.value > 10.0
    assert found.roi == experiments.Amount()
    assert (found.verdict, found.paid_probability) == ("cannot_tell", None)
    assert "no_verdict" in found.notes


def test_what_it_would_have_taken():
    members = campaign(1000, 100, 9000, 950)
    found = experiments.incremental(members, cost=500.0)
    lift = 950 / 9000
    assert found.needed_for_conversion == sample_size(0.1, lift, control_share=0.1)
    margin = members["margin"]
    sd = math.sqrt(np.average([margin[:1000].var(), margin[1000:].var()], weights=[9, 1]))
    needed = sample_size(0, 500 / 9000, sd=sd, control_share=0.1)
    assert found.needed_for_break_even.exact == pytest.approx(needed.exact, rel=1e-6)


def test_no_difference_needs_no_number():
    found = experiments.incremental(campaign(1000, 100, 2000, 200), cost=500.0)
    assert found.needed_for_conversion is None
    assert found.needed_for_revenue is None


@FEW
@given(st.floats(0.01, 1000), st.integers(0, 99))
def test_neither_the_currency_nor_the_order_of_rows_matters(scale, seed):
    members = campaign(2000, 600, 2000, 660)
    once = experiments.incremental(members, cost=100.0)
    scaled = members.assign(revenue=members.revenue * scale, margin=members.margin * scale)
    shuffled = scaled.sample(frac=1, random_state=seed)
    again = experiments.incremental(shuffled, cost=100.0 * scale)
    assert again.roi == pytest.approx(once.roi, rel=1e-6)
    assert again.revenue.low == pytest.approx(once.revenue.low * scale, rel=1e-6)
    assert again.paid_probability == pytest.approx(once.paid_probability, rel=1e-6)
    assert again.verdict == once.verdict


def test_an_engine_gives_the_same():
    members = campaign(500, 60, 900, 140)
    there = experiments.incremental(ibis.memtable(members), cost=100.0)
    here = experiments.incremental(members, cost=100.0)
    for name in ("customers", "orders", "revenue", "margin", "roi", "cost_per_order"):
        for found, expected in zip(getattr(there, name), getattr(here, name), strict=True):
            assert found == (expected and pytest.approx(expected, rel=1e-9))
    assert there.notes == here.notes


def test_members_whose_outcome_is_missing_are_still_treated():
    members = campaign(1000, 100, 2000, 300)
    members = members.astype({"bought": "float64"})
    members.loc[members.index[-500:], ["bought", "margin"]] = np.nan
    found = experiments.incremental(members, cost=500.0)
    margin = experiments.compare(members, outcome="margin")
    assert (found.treated, margin.treatment_n) == (2000, 1500)
    assert found.margin.value == pytest.approx(2000 * margin.absolute_lift)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cost": -1}, "cost == -1"),
        ({"cost": math.nan}, "cost == nan"),
        ({"cost": 1, "margin_rate": 40}, "margin_rate == 40"),
        ({"cost": 1, "control": "contrl"}, "did you mean 'control'"),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ComputeError, match=message):
        experiments.incremental(campaign(20, 2, 20, 2), **options)


def test_members_without_revenue_are_refused():
    with pytest.raises(ColumnError, match="revenue"):
        experiments.incremental(pd.DataFrame({"arm": ["a"], "bought": [1]}), cost=1)


def test_the_demo_is_held_against_its_truth():
    """A true uplift of .053 buyers and 11.81 a head: 175 buyers and 38,958 of 3,300 treated."""
    data = mk.demo()
    members = experiments.members(data, campaign="spring_mail")
    found = experiments.incremental(
        members, cost=experiments.campaign_cost(data, campaign="spring_mail")
    )
    assert found.cost == 900
    assert found.customers.low < 3300 * 0.05298 < found.customers.high
    assert found.revenue.low < 3300 * 11.8056 < found.revenue.high
    assert found.verdict == "cannot_tell"
    assert found.needed_for_break_even.total > 3667
