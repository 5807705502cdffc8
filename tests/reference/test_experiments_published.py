"""Comparisons of two arms, as published, and the faults that other packages have on them.

Sources: Newcombe, R. G. (1998), Interval estimation for the difference between independent
proportions, Statistics in Medicine 17(8), 873-890, table II, method 10. Hillstrom, K. (2008), the
MineThatData e-mail test: its published file, with Welch's t test and the pooled z test. R's
``sleep`` data (Cushny and Peebles 1905) and `prop.test` (Fleiss 1981). Miettinen, O. and
Nurminen, M. (1985), Comparative analysis of two rates, Statistics in Medicine 4(2), 213-226: its
interval on the pairs of Newcombe (1998).
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from marketing_kpi import experiments
from marketing_kpi.trials import means, rates
from marketing_kpi.trials.sums import of

HILLSTROM = Path(__file__).parents[3] / "shared" / "data" / "hillstrom_email.csv.gz"


def arms(control, treatment):
    """Make members of (events, members) an arm."""
    (x0, n0), (x1, n1) = control, treatment
    return pd.DataFrame(
        {
            "arm": ["control"] * n0 + ["treatment"] * n1,
            "bought": [1] * x0 + [0] * (n0 - x0) + [1] * x1 + [0] * (n1 - x1),
        }
    )


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
)
def test_newcombe_table_ii(one, other, low, high):
    found = rates.newcombe(*one, *other)
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


def test_the_sleep_data():
    first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    found = means.welch(of(second), of(first))
    assert found.statistic == pytest.approx(-1.8608, abs=5e-5)
    assert found.p_value == pytest.approx(0.07939, abs=5e-6)
    assert found.low == pytest.approx(-3.3654832, abs=5e-7)
    assert found.high == pytest.approx(0.2054832, abs=5e-7)


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0528, 0.3382),
        ((9, 10), (3, 10), 0.1700, 0.8406),
        ((10, 10), (0, 20), 0.7156, 1.0),
    ],
)
def test_miettinen_and_nurminen(one, other, low, high):
    found = rates.miettinen_nurminen(*one, *other)
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


SMOKERS = [(83, 86), (90, 93), (129, 136), (70, 82)]
"""Fleiss (1981), in R's `?prop.test`: smokers among patients with lung cancer, in four studies."""


def test_several_groups_at_once():
    found = rates.homogeneity(*np.transpose(SMOKERS))
    assert found.statistic == pytest.approx(12.600, abs=5e-4)
    assert found.degrees_of_freedom == 3
    assert found.p_value == pytest.approx(0.005585, abs=5e-7)


def test_several_arms_at_once():
    groups = [arms((x, n), (x, n)).query("arm == 'control'") for x, n in SMOKERS]
    members = pd.concat([group.assign(arm=f"study {k}") for k, group in enumerate(groups)])
    found = experiments.homogeneity(members, outcome="bought")
    assert found.p_value == pytest.approx(0.005585, abs=5e-7)
    assert (found.degrees_of_freedom, found.notes) == (3, ("few_events",))


def test_the_pooled_z_is_the_square_root_of_pearsons_chi_squared():
    """Two of the groups of `?prop.test`, ten times as many patients."""
    whole = rates.homogeneity([1290, 700], [1360, 820])
    assert rates.p_value(1290, 1360, 700, 820) == pytest.approx(whole.p_value, rel=1e-9)


# --- Hillstrom's e-mail test


@pytest.fixture(scope="module")
def emails():
    if not HILLSTROM.exists():
        pytest.skip("the Hillstrom file is not beside the checkout")
    return pd.read_csv(HILLSTROM)


def against_none(emails, outcome, treatment, **options):
    return experiments.compare(
        emails, outcome=outcome, arm="segment", control="No E-Mail", treatment=treatment, **options
    )


@pytest.mark.parametrize(
    ("treatment", "lift", "z"),
    [("Mens E-Mail", 0.006805, 7.3851), ("Womens E-Mail", 0.003111, 3.7796)],
)
def test_hillstrom_conversion(emails, treatment, lift, z):
    from scipy.stats import norm

    found = against_none(emails, "conversion", treatment)
    assert found.absolute_lift == pytest.approx(lift, abs=5e-7)
    assert norm.isf(found.p_value / 2) == pytest.approx(z, abs=5e-5)
    assert (found.verdict, found.notes, found.kind) == ("higher", (), "rate")


def test_hillstrom_conversion_interval(emails):
    found = against_none(emails, "conversion", "Mens E-Mail")
    assert (found.control_n, found.treatment_n) == (21306, 21307)
    assert found.absolute_low == pytest.approx(0.005014, abs=5e-7)
    assert found.absolute_high == pytest.approx(0.008641, abs=5e-7)


def test_hillstrom_spend(emails):
    found = against_none(emails, "spend", "Mens E-Mail")
    assert found.absolute_lift == pytest.approx(0.769827, abs=5e-7)
    assert found.welch_t == pytest.approx(5.3001, abs=5e-5)
    assert found.welch_low == pytest.approx(0.48514, abs=5e-6)
    assert found.welch_high == pytest.approx(1.05452, abs=1e-5)  # from rounded means
    assert found.absolute_lift * found.treatment_n == pytest.approx(16_402.71, abs=0.01)
    assert found.welch_low * found.treatment_n == pytest.approx(10_337, abs=1)
    assert found.welch_high * found.treatment_n == pytest.approx(22_469, abs=1)
    assert (found.verdict, found.notes) == ("higher", ("few_buyers",))
    assert found.permutation_p < 0.01


def test_hillstrom_spend_of_the_womens_mail(emails):
    found = against_none(emails, "spend", "Womens E-Mail")
    assert found.absolute_lift == pytest.approx(0.424412, abs=5e-7)
    assert found.welch_p == pytest.approx(0.001129, abs=5e-7)
    assert found.absolute_lift * found.treatment_n == pytest.approx(9_076.90, abs=0.01)
    # Two arms of the same size: there is hardly a skewness to allow for.
    assert found.p_value == pytest.approx(found.welch_p, rel=0.01)
    assert found.verdict == "higher"


def test_hillstrom_by_two_mails_and_two_outcomes(emails):
    found = experiments.compare_all(
        emails, outcomes=["conversion", "spend"], arm="segment", control="No E-Mail"
    )
    assert found["verdict"].tolist() == ["higher"] * 4
    held = dict(
        zip(zip(found["outcome"], found["treatment"], strict=True), found["alpha"], strict=True)
    )
    assert held["conversion", "Mens E-Mail"] == pytest.approx(0.05 / 4)
    assert held["spend", "Womens E-Mail"] == pytest.approx(0.05)


# --- Faults seen in other packages


def test_1_of_100_against_27_of_900():
    """Four packages give p .250, .406, .083, .511 and .012; one 'newcombe' excludes 0."""
    found = experiments.compare(arms((1, 100), (27, 900)), outcome="bought")
    assert found.absolute_low == pytest.approx(-0.0254, abs=5e-5)
    assert found.absolute_high == pytest.approx(0.0356, abs=5e-5)
    # By hand: twice P(no event in the control) + half P(1), of 28 among 1,000 dealt to 100.
    from math import comb

    none, one = comb(972, 100), 28 * comb(972, 99)
    assert found.p_value == pytest.approx(2 * (none + one / 2) / comb(1000, 100), rel=1e-9)
    assert (found.verdict, found.method) == ("cannot_tell", "newcombe_mid_p")


def test_a_control_without_an_event():
    """Elsewhere: an interval that excludes 0 beside p = .079, or 'effect 0, p = 1'."""
    found = experiments.compare(arms((0, 100), (27, 900)), outcome="bought")
    assert found.absolute_lift == pytest.approx(0.03)
    assert found.absolute_low < 0 < found.absolute_high
    assert 0.05 < found.p_value < 0.1
    assert found.verdict == "cannot_tell"
    assert found.relative_lift is None
    assert "control_at_zero" in found.notes


@pytest.mark.parametrize("n", [2, 5, 20, 100, 900])
def test_intervals_of_few_rows_are_numbers_or_null_never_nan(n):
    rng = np.random.default_rng(n)
    members = pd.DataFrame(
        {"arm": ["control", "treatment"] * n, "spent": rng.exponential(size=2 * n)}
    )
    found = experiments.compare(members, outcome="spent")
    numbers = [value for value in found if isinstance(value, float)]
    assert not np.isnan(numbers).any()
    assert found.absolute_low < found.absolute_lift < found.absolute_high


def test_both_ends_of_the_interval_are_on_their_sides():
    """Elsewhere a one-sided interval ends on the wrong side."""
    better = experiments.compare(arms((100, 1000), (200, 1000)), outcome="bought")
    worse = experiments.compare(arms((200, 1000), (100, 1000)), outcome="bought")
    assert 0 < better.absolute_low < better.absolute_lift < better.absolute_high
    assert worse.absolute_low == pytest.approx(-better.absolute_high)
    assert worse.absolute_high == pytest.approx(-better.absolute_low)
    assert (better.verdict, worse.verdict) == ("higher", "lower")


def test_the_verdict_is_the_same_at_each_run():
    rng = np.random.default_rng(7)
    spent = np.where(rng.random(20_000) < 0.03, rng.lognormal(3, 1, 20_000), 0.0)
    members = pd.DataFrame(
        {"arm": np.where(np.arange(20_000) % 10, "treatment", "control"), "spent": spent}
    )
    first = experiments.compare(members, outcome="spent")
    assert first.permutation_p is not None
    assert experiments.compare(members, outcome="spent") == first
    assert experiments.compare(members.sample(frac=1, random_state=1), outcome="spent") == first
