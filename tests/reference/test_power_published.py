"""Power and sample sizes, as other programs publish them.

Sources: the examples of R's ``?power.prop.test`` and ``?power.t.test`` (R Core Team, stats), those
of the R package pwr (Champely, S., ``?pwr.t2n.test``, ``?pwr.2p.test``, ``?pwr.2p2n.test``, after
Cohen 1988), and for unequal arms the pooled z test's closed form (Fleiss, Levin and Paik 2003,
Statistical Methods for Rates and Proportions, chapter 4).
"""

import math

import pytest

from marketing_kpi import experiments


def with_effect_size(rate, h):
    """Return the rate whose distance to another is Cohen's h."""
    return math.sin(math.asin(math.sqrt(rate)) + h / 2) ** 2


def test_power_prop_test():
    """?power.prop.test: n = 50, p1 = .50, p2 = .75; p1 = .50, p2 = .75, power = .90."""
    assert experiments.power(0.50, 0.75, control_n=50) == pytest.approx(0.740, abs=5e-4)
    assert experiments.sample_size(0.50, 0.75, power=0.90).exact == pytest.approx(76.7, abs=0.05)


def test_power_prop_test_turned_round():
    """The same example: p1 = .5, n = 50, power = .74 finds p2 = .75."""
    found = experiments.minimum_detectable_effect(0.5, control_n=50, power=0.7401659)
    assert found == pytest.approx(0.25, abs=1e-7)


def test_power_t_test():
    """?power.t.test: n = 20, delta = 1, sd = 1; the same with strict = TRUE; power = .90."""
    assert experiments.power(0, 1, sd=1, control_n=20) == pytest.approx(0.8689528, abs=5e-8)
    strict = experiments.power(0, 1, sd=1, control_n=20, both_tails=True)
    assert strict == pytest.approx(0.8689530, abs=5e-8)
    needed = experiments.sample_size(0, 1, sd=1, power=0.90)
    assert needed.exact == pytest.approx(22.02110, abs=5e-6)


def test_pwr_t2n_test():
    """?pwr.t2n.test: d = 0.6, n1 = 90, n2 = 60, alternative = "greater"."""
    found = experiments.power(0, 0.6, sd=1, control_n=90, treatment_n=60, alternative="greater")
    assert found == pytest.approx(0.9737262, abs=5e-8)


@pytest.mark.parametrize(
    ("control_n", "treatment_n", "expected"), [(80, None, 0.5996777), (80, 245, 0.7532924)]
)
def test_pwr_2p_tests(control_n, treatment_n, expected):
    """?pwr.2p.test: h = 0.3, n = 80; ?pwr.2p2n.test: n1 = 80, n2 = 245; alternative = "greater"."""
    found = experiments.power(
        0.2,
        with_effect_size(0.2, 0.3),
        control_n=control_n,
        treatment_n=treatment_n,
        alternative="greater",
        method="arcsine",
    )
    assert found == pytest.approx(expected, abs=5e-8)


def test_unequal_arms_cost_customers():
    """3.0 to 3.3 % at 80 % power: 29,987 controls of about 299,868; 53,210 an arm at halves."""
    habitual = experiments.sample_size(0.030, 0.033, control_share=0.10)
    halves = experiments.sample_size(0.030, 0.033)
    assert habitual.control_n == 29_987
    assert 10 * habitual.exact == pytest.approx(299_868, abs=0.5)
    assert halves.exact == pytest.approx(53_210, abs=0.5)
    assert habitual.total / halves.total == pytest.approx(2.8, abs=0.05)
