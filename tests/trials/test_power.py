"""Power: worked by hand, tried by simulation, and what must not change it."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketing_kpi.errors import ComputeError
from marketing_kpi.trials import rates
from marketing_kpi.trials.power import (
    minimum_detectable_effect,
    per_head,
    power,
    power_table,
    sample_size,
)

FEW = settings(max_examples=25, deadline=None)


def phi(z):
    return (1 + math.erf(z / math.sqrt(2))) / 2


def test_rates_by_hand():
    # 100 controls at 10 %, 300 treated at 20 %: pooled 17.5 %
    null = math.sqrt(0.175 * 0.825 * (1 / 100 + 1 / 300))
    given_rates = math.sqrt(0.1 * 0.9 / 100 + 0.2 * 0.8 / 300)
    expected = phi((0.1 - 1.959963984540054 * null) / given_rates)
    found = power(0.1, 0.2, control_n=100, treatment_n=300)
    assert found == pytest.approx(expected, rel=1e-12)


def test_no_effect_is_found_as_often_as_alpha_promises():
    assert power(0.1, 0.1, control_n=500, both_tails=True) == pytest.approx(0.05)
    assert power(0.1, 0.1, control_n=500) == pytest.approx(0.025)
    assert power(5, 5, sd=2, control_n=9, alternative="greater") == pytest.approx(0.05)


def test_it_is_what_the_test_of_rates_does():
    """The share of significant tests among 20,000 simulated ones."""
    rng = np.random.default_rng(3)
    control, treatment = rng.binomial(400, 0.10, 20_000), rng.binomial(3600, 0.145, 20_000)
    seen = (rates.p_value(treatment, 3600, control, 400) < 0.05).mean()
    expected = power(0.10, 0.145, control_n=400, treatment_n=3600)
    assert seen == pytest.approx(expected, abs=0.012)


def test_per_head_by_hand():
    # half buy, for 10 or 30: values 0, 0, 10, 30 with mean 10
    spend = per_head(0.5, basket=20, basket_sd=10, basket_skewness=0)
    assert spend.mean == 10
    assert spend.sd == pytest.approx(math.sqrt((100 + 100 + 0 + 400) / 4))
    assert spend.skewness == pytest.approx((-1000 - 1000 + 0 + 8000) / 4 / 150**1.5)


def test_a_basket_is_lognormal_unless_told():
    rng = np.random.default_rng(5)
    heads = np.where(rng.random(2_000_000) < 0.2, rng.lognormal(3, 0.5, 2_000_000), 0)
    mean = math.exp(3.125)
    spend = per_head(0.2, basket=mean, basket_sd=mean * math.sqrt(math.exp(0.25) - 1))
    assert spend.mean == pytest.approx(heads.mean(), rel=0.01)
    assert spend.sd == pytest.approx(heads.std(), rel=0.01)
    centred = heads - heads.mean()
    assert spend.skewness == pytest.approx((centred**3).mean() / heads.std() ** 3, rel=0.02)


def test_of_nobody_who_buys_the_skewness_is_not_known():
    assert math.isnan(per_head(0.0, basket=20, basket_sd=10).skewness)


@FEW
@given(
    st.floats(0.01, 0.4), st.floats(0.02, 0.4), st.floats(0.05, 0.95), st.floats(0.6, 0.95),
    st.sampled_from(["two_sided", "greater"]),
)  # fmt: skip
def test_the_size_that_is_needed_has_the_power_wanted(rate, lift, share, wanted, alternative):
    options = {"alternative": alternative}
    size = sample_size(rate, rate + lift, control_share=share, power=wanted, **options)
    treated = size.exact * (1 - share) / share
    reached = power(rate, rate + lift, control_n=size.exact, treatment_n=treated, **options)
    assert reached >= wanted - 1e-9
    if min(size.exact, treated) > 2.001:  # else two in each arm were enough
        assert reached == pytest.approx(wanted, abs=1e-9)
    assert size.control_n == math.ceil(size.exact)
    assert size.total == size.control_n + size.treatment_n


@FEW
@given(st.floats(0.02, 0.5), st.integers(50, 5000), st.integers(50, 5000))
def test_the_effect_that_is_found_has_the_power_wanted(rate, n0, n1):
    lift = minimum_detectable_effect(rate, control_n=n0, treatment_n=n1)
    if not math.isnan(lift):
        found = power(rate, rate + lift, control_n=n0, treatment_n=n1)
        assert found == pytest.approx(0.8, abs=1e-9)


@FEW
@given(st.floats(1, 50), st.floats(0.5, 100), st.floats(0.1, 1000), st.integers(5, 500))
def test_of_means_only_effect_over_spread_matters(effect, sd, scale, n):
    once = power(10, 10 + effect, sd=sd, control_n=n)
    again = power(0, effect * scale, sd=sd * scale, control_n=n)
    assert again == pytest.approx(once, rel=1e-7, abs=1e-12)


@FEW
@given(st.floats(0.05, 0.45), st.floats(0.01, 0.4), st.integers(20, 900), st.integers(20, 900))
def test_the_arms_may_be_swapped(rate, lift, n0, n1):
    one = power(rate, rate + lift, control_n=n0, treatment_n=n1)
    other = power(rate + lift, rate, control_n=n1, treatment_n=n0)
    assert one == pytest.approx(other, rel=1e-12)


def test_a_loss_is_looked_for_below():
    lift = minimum_detectable_effect(0.3, control_n=400, alternative="less")
    assert lift < 0
    assert power(0.3, 0.3 + lift, control_n=400, alternative="less") == pytest.approx(0.8)
    assert power(0.3, 0.3 + lift, control_n=400, alternative="greater") < 0.001


def test_what_cannot_be_found_is_null():
    assert math.isnan(sample_size(0.03, 0.03).total)
    assert math.isnan(minimum_detectable_effect(0.9, control_n=5))
    assert math.isnan(sample_size(0.03, 0.02, alternative="greater").total)


def test_arguments_broadcast():
    sizes = np.array([[100], [1000]])
    found = power(0.1, [0.12, 0.15, 0.2], control_n=sizes)
    assert found.shape == (2, 3)
    assert found[1, 2] == power(0.1, 0.2, control_n=1000)
    many = sample_size(0.1, [0.12, 0.1], control_share=0.2)
    assert many.total[0] == sample_size(0.1, 0.12, control_share=0.2).total
    assert math.isnan(many.total[1])


def test_a_rate_of_nobody_and_of_all_leaves_nothing_to_chance():
    assert power(0.0, 1.0, control_n=20) == 1.0
    assert power(0.0, 0.0, control_n=20) == 0.0


def test_the_table_sets_plans_side_by_side():
    table = power_table(
        50.0, relative_lifts=[0.05, 0.1], control_shares=[0.1, 0.5], customers=4000, sd=200.0
    )
    assert table["relative_lift"].tolist() == [0.05, 0.05, 0.1, 0.1]
    row = table.iloc[3]
    assert row["absolute_lift"] == pytest.approx(5)
    assert row["total"] == sample_size(50, 55, sd=200).total
    assert row["power"] == pytest.approx(power(50, 55, sd=200, control_n=2000))
    detectable = minimum_detectable_effect(50, control_n=2000, sd=200)
    assert row["detectable_lift"] == pytest.approx(detectable / 50)
    assert isinstance(table, pd.DataFrame)
    assert "power" not in power_table(0.1, relative_lifts=[0.1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: power(3, 3.3, control_n=100), r"control == 3, must be a rate"),
        (lambda: power(0.1, 1.2, control_n=100), r"treatment == 1.2"),
        (lambda: power(0.1, 0.2, control_n=1), r"control_n == 1"),
        (lambda: power(0.1, 0.2, control_n=9, alpha=5), r"alpha == 5"),
        (lambda: power(1, 2, control_n=9, sd=0), r"sd == 0"),
        (lambda: power(0.1, 0.2, control_n=9, alternative="two-sided"), "did you mean 'two_sided'"),
        (lambda: power(0.1, 0.2, control_n=9, method="t"), "method == 't'"),
        (lambda: sample_size(0.1, 0.2, power=80), "power == 80"),
        (lambda: sample_size(0.1, 0.2, control_share=10), "control_share == 10"),
        (lambda: per_head(3, basket=20, basket_sd=1), "conversion == 3"),
        (lambda: per_head(0.1, basket=0, basket_sd=1), "basket == 0"),
        (lambda: per_head(0.1, basket=2, basket_sd=-1), "basket_sd == -1"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ComputeError, match=message):
        call()


def test_no_outcome_has_no_relative_lift_that_is_found():
    table = power_table(0.0, relative_lifts=[0.1], customers=1000)
    assert table["detectable_lift"].isna().all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: power("a", 0.1, control_n=10), "'a' was given, must be a number"),
        (lambda: power(0.1, 0.2, control_n=math.inf), "control_n == inf"),
        (lambda: power(0.1, 0.2, control_n=10, alpha="0.05"), "alpha == '0.05'"),
    ],
)
def test_what_is_no_number_is_refused(call, message):
    with pytest.raises(ComputeError, match=message):
        call()
