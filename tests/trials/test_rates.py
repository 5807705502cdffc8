"""Two rates: by hand, against scipy, what must not change the answer, and the promise kept."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chi2_contingency, hypergeom

from marketing_kpi.trials import rates

COUNTS = st.tuples(st.integers(0, 60), st.integers(1, 60)).map(lambda c: (min(c), max(c)))


def test_the_z_test_is_the_uncorrected_chi_squared_test():
    table = [[60, 340], [90, 310]]
    expected = chi2_contingency(table, correction=False).pvalue
    assert rates.p_value(60, 400, 90, 400) == pytest.approx(expected, rel=1e-9)


def test_mid_p_by_hand():
    """3 of 4 against 0 of 4: of C(8, 3) = 56 deals of the events, C(4, 3) = 4 are as seen."""
    assert rates.p_value(3, 4, 0, 4) == pytest.approx(2 * (4 / 56) / 2)


@pytest.mark.parametrize("x1", range(0, 30, 3))
def test_mid_p_is_twice_the_smaller_tail(x1):
    x0, n0, n1 = 4, 100, 900
    shape = (n0 + n1, x1 + x0, n0)
    pmf = hypergeom.pmf(np.arange(x1 + x0 + 1), *shape)
    tails = pmf[:x0].sum() + pmf[x0] / 2, pmf[x0 + 1 :].sum() + pmf[x0] / 2
    assert rates.p_value(x1, n1, x0, n0) == pytest.approx(min(1, 2 * min(tails)), rel=1e-9)


def test_nobody_or_everybody_is_no_difference():
    assert rates.p_value([0, 20], [20, 20], [0, 10], [10, 10]).tolist() == [1.0, 1.0]


def test_an_arm_without_members_has_no_answer():
    assert np.isnan(rates.p_value(3, 10, 0, 0))
    assert np.isnan(rates.newcombe(3, 10, 0, 0)).all()
    assert np.isnan(rates.relative(3, 10, 0, 0)).all()


def test_wilson_by_hand():
    found = rates.wilson(0, 10)
    z2 = 1.959963984540054**2
    assert found.low == 0
    assert found.high == pytest.approx(z2 / (10 + z2))
    assert rates.wilson(10, 10).high == 1


def test_relative_by_hand():
    found = rates.relative(20, 100, 10, 100)
    assert found.value == pytest.approx(1.0)
    spread = np.sqrt(1 / 20.5 - 1 / 100.5 + 1 / 10.5 - 1 / 100.5)
    centre = np.log(20.5 / 10.5)
    z = 1.959963984540054
    assert found.low == pytest.approx(np.exp(centre - z * spread) - 1)
    assert found.high == pytest.approx(np.exp(centre + z * spread) - 1)


def test_a_control_without_events_has_no_relative_lift():
    assert np.isnan(rates.relative(27, 900, 0, 100)).all()


@settings(max_examples=80, deadline=None)
@given(COUNTS, COUNTS)
def test_swapping_the_arms_turns_the_signs(one, other):
    here, there = rates.newcombe(*one, *other), rates.newcombe(*other, *one)
    assert here.low == pytest.approx(-there.high, abs=1e-12)
    assert here.high == pytest.approx(-there.low, abs=1e-12)
    assert rates.p_value(*one, *other) == pytest.approx(
        float(rates.p_value(*other, *one)), abs=1e-9
    )


@settings(max_examples=80, deadline=None)
@given(COUNTS, COUNTS)
def test_the_interval_holds_the_difference_and_stays_possible(one, other):
    found = rates.newcombe(*one, *other)
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert 0 <= rates.p_value(*one, *other) <= 1


@settings(max_examples=40, deadline=None)
@given(COUNTS, COUNTS)
def test_counting_those_who_do_not_is_the_same_question(one, other):
    (x1, n1), (x0, n0) = one, other
    p = rates.p_value(n1 - x1, n1, n0 - x0, n0)
    assert rates.p_value(*one, *other) == pytest.approx(float(p), abs=1e-9)


def test_arrays_hold_several_comparisons():
    x1 = np.array([[27, 267], [5, 90]])
    n1 = np.array([[900, 21307], [56, 400]])
    x0, n0 = np.array([[1, 122], [0, 60]]), np.array([[100, 21306], [29, 400]])
    together = rates.p_value(x1, n1, x0, n0)
    for at in np.ndindex(2, 2):
        assert together[at] == rates.p_value(x1[at], n1[at], x0[at], n0[at])


@pytest.mark.parametrize(
    ("n0", "n1", "rate"), [(1000, 9000, 0.02), (200, 200, 0.1), (100, 900, 0.15), (60, 540, 0.5)]
)
def test_one_in_twenty_finds_a_difference_where_there_is_none(n0, n1, rate):
    rng = np.random.default_rng(11)
    x0, x1 = rng.binomial(n0, rate, 20_000), rng.binomial(n1, rate, 20_000)
    assert 0.035 < (rates.p_value(x1, n1, x0, n0) < 0.05).mean() < 0.06
    found = rates.newcombe(x1, n1, x0, n0)
    assert 0.94 < ((found.low <= 0) & (found.high >= 0)).mean() < 0.97
    found = rates.relative(x1, n1, x0, n0)
    assert 0.94 < ((found.low <= 0) & (found.high >= 0)).mean() < 0.97


@pytest.mark.parametrize(
    ("members", "rate"),
    [(33, 0.5), (42, 0.5), (52, 0.5), (52, 0.45), (57, 0.5), (62, 0.5), (62, 0.45), (88, 0.46)],
)
def test_small_arms_keep_the_promise_or_carry_a_warning(members, rate):
    """Every table that two arms can show, weighed by its probability: no simulation."""
    x1, x0 = np.meshgrid(*[np.arange(members + 1)] * 2)
    weight = binom.pmf(x1, members, rate) * binom.pmf(x0, members, rate)
    weight = weight * (rates.expected(x1, members, x0, members) >= rates.FEW_EXPECTED)
    alarms = rates.p_value(x1, members, x0, members) < 0.05
    found = rates.newcombe(x1, members, x0, members)
    alarmed, held = (
        (weight * seen).sum() / weight.sum() if weight.sum() else None
        for seen in (alarms, (found.low <= 0) & (found.high >= 0))
    )
    is_warned = weight.sum() < 0.1
    assert is_warned or (0.035 < alarmed < 0.06 and 0.94 < held < 0.97)


def test_the_exact_test_finds_more_and_less_alike_where_the_z_test_does_not():
    """A control of 50 with 5 events expected, a tenth of the members."""
    rng = np.random.default_rng(12)
    x0, x1 = rng.binomial(50, 0.1, 40_000), rng.binomial(450, 0.1, 40_000)
    found = rates.p_value(x1, 450, x0, 50) < 0.05
    more = (x1 / 450 > x0 / 50)[found].mean()
    assert 0.4 < more < 0.6


# --- The relative lift of high rates


def test_the_relative_lift_of_high_rates_by_hand():
    """441 of 450 against 50 of 50: R at which 0 is a limit of p1 - R p0, by bisection."""
    found = rates.relative(441, 450, 50, 50)
    one, other = rates.wilson(441, 450), rates.wilson(50, 50)

    def low(ratio):
        return 0.98 - ratio - np.hypot(0.98 - one.low, ratio * (other.high - 1))

    def high(ratio):
        return 0.98 - ratio + np.hypot(one.high - 0.98, ratio * (1 - other.low))

    assert found.value == pytest.approx(-0.02)
    assert low(1 + found.low) == pytest.approx(0, abs=1e-12)
    assert high(1 + found.high) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("counts", [(3, 3, 3, 3), (20, 20, 10, 10), (441, 450, 50, 50)])
def test_a_control_that_all_bought_is_not_known_for_sure(counts):
    found = rates.relative(*counts)
    assert found.low < 0 < found.high


@settings(max_examples=150, deadline=None)
@given(COUNTS, COUNTS)
def test_the_lift_of_a_high_rate_lies_about_0_as_the_difference_does(one, other):
    (x1, n1), (x0, n0) = one, other
    if 2 * x0 <= n0:
        return
    lift, difference = rates.relative(x1, n1, x0, n0), rates.newcombe(x1, n1, x0, n0)
    assert lift.low <= lift.value <= lift.high
    for end in ("low", "high"):
        ends = float(getattr(lift, end)), float(getattr(difference, end))
        assert min(map(abs, ends)) < 1e-9 or np.sign(ends[0]) == np.sign(ends[1])


@pytest.mark.parametrize(("n0", "n1", "rate"), [(50, 450, 0.98), (100, 900, 0.95), (60, 540, 0.8)])
@pytest.mark.parametrize("lift", [1.0, 0.9])
def test_intervals_of_high_rates_hold_the_truth(n0, n1, rate, lift):
    rng = np.random.default_rng(21)
    x0, x1 = rng.binomial(n0, rate, 20_000), rng.binomial(n1, rate * lift, 20_000)
    found = rates.relative(x1, n1, x0, n0)
    assert 0.94 < ((found.low <= lift - 1) & (found.high >= lift - 1)).mean() < 0.97
