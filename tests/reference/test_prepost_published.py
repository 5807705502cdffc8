"""Before–after comparisons and difference-in-differences, as published.

Sources:

- R, datasets::sleep and ?t.test, ?wilcox.test: extra hours of sleep under two drugs, 10 patients
  (Student 1908): paired t = -4.0621, p = .002833; Welch t = -1.8608, p = .07939; V = 0,
  p = .009091 (normal approximation with continuity correction, since values tie).
- R, ?wilcox.test: depression scores of 9 patients (Hollander and Wolfe 1973): V = 40, p = .01953
  of "greater".
- Agresti, A. (2002), Categorical Data Analysis, 2nd ed., section 10.1: approval of the prime
  minister in two surveys, 794, 150, 86, 570: (86 - 150)^2 / (86 + 150) = 17.36 (17.356; with
  continuity correction 16.818).
- Newcombe, R. G. (1998), Statistics in Medicine 17(22), 2635-2650, table II, method 10.
- Fagerland, M. W., Lydersen, S. and Laake, P. (2013), BMC Medical Research Methodology 13, 91:
  airway hyper-responsiveness before and after a transplantation (Bentur et al. 2009): 1, 1, 7, 12,
  mid-p .039; Newcombe's interval (-.507, -.026) in their tutorial of 2014.
- The table of before-after panels: no true effect, AR(1) errors of .6, false alarms of the methods.
"""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from marketing_kpi import prepost
from marketing_kpi.quasi_experiments.differences import unit_effect
from marketing_kpi.quasi_experiments.groups import permute
from marketing_kpi.quasi_experiments.paired import mcnemar, mcnemar_statistic, newcombe_paired

FIRST_DRUG = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND_DRUG = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def two_sides(before, after):
    return pd.DataFrame(
        {
            "y": [*before, *after],
            "period": ["before"] * len(before) + ["after"] * len(after),
            "who": [*range(len(before)), *range(len(after))],
        }
    )


def test_sleep_in_pairs():
    found = prepost.compare(two_sides(SECOND_DRUG, FIRST_DRUG), outcome="y", unit="who")
    assert found.method == "paired_t"
    assert found.statistic == pytest.approx(-4.0621, abs=5e-5)
    assert found.p_value == pytest.approx(0.002833, abs=5e-7)
    assert found.rank_statistic == 0
    assert found.rank_p == pytest.approx(0.009091, abs=5e-7)
    assert (found.absolute_low, found.absolute_high) == pytest.approx(
        (-2.4598858, -0.7001142), abs=5e-8
    )


def test_sleep_of_others():
    found = prepost.compare(two_sides(SECOND_DRUG, FIRST_DRUG), outcome="y")
    assert found.method == "welch"
    assert found.statistic == pytest.approx(-1.8608, abs=5e-5)
    assert found.p_value == pytest.approx(0.07939, abs=5e-6)
    assert found.degrees_of_freedom == pytest.approx(17.776, abs=5e-4)
    assert (found.absolute_low, found.absolute_high) == pytest.approx(
        (-3.3654832, 0.2054832), abs=5e-8
    )


def test_sleep_as_changes_of_units():
    """The change of a unit that begins at 0 is its value: Welch's test again."""
    rows = [
        (f"{drug}{n}", drug == "a", after, value if after else 0.0)
        for drug, values in (("a", FIRST_DRUG), ("b", SECOND_DRUG))
        for n, value in enumerate(values)
        for after in (False, True)
    ]
    panel = pd.DataFrame(rows, columns=["unit", "treated", "after", "y"])
    found = prepost.difference_in_differences(panel, outcome="y", unit="unit")
    assert found.effect == pytest.approx(-1.58)
    assert found.effect / found.standard_error == pytest.approx(-1.8608, abs=5e-5)
    assert found.p_value == pytest.approx(0.07939, abs=5e-6)
    assert (found.low, found.high) == pytest.approx((-3.3654832, 0.2054832), abs=5e-8)


def test_depression_scores():
    before = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
    after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    found = prepost.compare(two_sides(after, before), outcome="y", unit="who")
    assert found.rank_statistic == 40
    assert found.rank_p / 2 == pytest.approx(0.01953, abs=5e-6)  # one-sided, as published


def test_approval_of_the_prime_minister():
    cells = {(1, 1): 794, (1, 0): 150, (0, 1): 86, (0, 0): 570}
    pairs = [pair for pair, count in cells.items() for _ in range(count)]
    found = prepost.compare(two_sides(*zip(*pairs, strict=True)), outcome="y", unit="who")
    lost, won = found.only_before, found.only_after
    assert found.method == "mcnemar"
    assert (lost, won) == (150, 86)
    assert found.statistic == pytest.approx(17.356, abs=5e-4)
    assert mcnemar_statistic(won, lost, corrected=True) == pytest.approx(16.818, abs=5e-4)
    assert found.absolute_change == pytest.approx(-0.04)
    assert found.verdict == "lower"
    exact = stats.binomtest(86, 236).pvalue
    assert found.p_value == pytest.approx(exact - stats.binom.pmf(86, 236, 0.5), rel=1e-9)


def test_airway_hyper_responsiveness():
    assert float(mcnemar(1, 7)) == pytest.approx(0.039, abs=5e-4)
    low, high = newcombe_paired(1, 1, 7, 12, alpha=0.05)
    assert (float(low), float(high)) == pytest.approx((-0.507, -0.026), abs=5e-4)


def test_newcombe_of_pairs():
    low, high = newcombe_paired(36, 12, 2, 0, alpha=0.05)
    assert (float(low), float(high)) == pytest.approx((0.0569, 0.3404), abs=5e-5)


# --- The table of panels ----------------------------------------------------------------------

REPLICATIONS, PERIODS = 2_000, 30


def panels(units, *, trend=0.0, season=0.0):
    """Make units of AR(1) errors of .6, a trend and a season common to all: before and after."""
    rng = np.random.default_rng(units)
    error = rng.standard_normal((units, REPLICATIONS)) / math.sqrt(1 - 0.6**2)
    total = np.zeros((2, units, REPLICATIONS))
    for period in range(PERIODS):
        common = trend * period + season * math.sin(2 * math.pi * period / 52)
        total[int(period >= PERIODS // 2)] += 10 + common + error
        error = 0.6 * error + rng.standard_normal((units, REPLICATIONS))
    return total / (PERIODS / 2)


def alarms(treated, units, **shape):
    before, after = panels(units, **shape)
    found = unit_effect(
        before[:treated], after[:treated], before[treated:], after[treated:], alpha=0.05
    )
    change = after - before
    shuffled = permute(change[:treated], change[treated:], alpha=0.05)
    paired = stats.ttest_1samp(change[:treated], 0).pvalue
    covered = (shuffled.low <= 0) & (shuffled.high >= 0)
    return [
        (paired < 0.05).mean(),
        (found.absolute.p_value < 0.05).mean(),
        (shuffled.p_value < 0.05).mean(),
        1 - covered.mean(),
    ]


WITHIN = pytest.approx(0.05, abs=0.016)  # over three standard errors of 2,000 replications


@pytest.mark.parametrize("shape", [{}, {"trend": 0.05}, {"season": 1.0}], ids=str)
def test_half_of_fifty_units_treated(shape):
    paired, welch, permutation, missed = alarms(25, 50, **shape)
    assert paired == WITHIN if not shape else paired > 0.1
    assert welch == WITHIN
    assert permutation == WITHIN
    assert missed == WITHIN


def test_few_units_left_alone():
    _, welch, permutation, missed = alarms(45, 50)
    assert welch == pytest.approx(0.06, abs=0.016)
    assert permutation == WITHIN
    assert missed == WITHIN


def test_two_of_twenty_units_treated():
    """Welch's interval misses far too often, and a note says so; the permutation does not."""
    _, welch, permutation, missed = alarms(2, 20)
    assert welch == pytest.approx(0.117, abs=0.02)
    assert permutation == WITHIN
    assert missed == WITHIN
