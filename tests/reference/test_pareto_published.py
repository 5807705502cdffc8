"""Pareto/NBD, and predictions held against a holdout, as published for the CDNOW sample.

The sample is every tenth customer of CDNOW who first bought in the first quarter of 1997, 2,357
of them: 39 weeks of calibration, up to 30 September 1997, and 39 of holdout.
"""

from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from marketing_kpi.models.bg_nbd import fit_bg_nbd
from marketing_kpi.models.holdout import by_frequency, holdout, tracking
from marketing_kpi.models.pareto_nbd import fit_pareto_nbd
from marketing_kpi.models.purchases import summary

SPLIT = {"calibration_end": "1997-10-01", "end": "1998-07-01"}


@pytest.fixture(scope="module")
def orders():
    """The CDNOW sample, as the package lifetimes carries it: a row a transaction."""
    file = Path(find_spec("lifetimes").origin).parent / "datasets" / "CDNOW_sample.txt"
    names = ["master_id", "customer_id", "ordered_at", "cds", "amount"]
    rows = pd.read_csv(file, sep=r"\s+", names=names, dtype={"customer_id": str})
    return rows.assign(
        order_id=rows.index.astype(str),
        ordered_at=pd.to_datetime(rows.ordered_at.astype(str), format="%Y%m%d"),
    )


@pytest.fixture(scope="module")
def held(orders):
    return holdout(orders, **SPLIT, unit="week")


@pytest.fixture(scope="module")
def fit(held):
    return fit_pareto_nbd(held, unit="week")


def a_customer(**history):
    return pd.DataFrame({"customer_id": ["it"], **history})


def test_the_estimates_of_the_sample(fit):
    """Fader, Hardie & Lee (2005), Marketing Science 24(2), table 1 (.553, 10.578, .606, 11.669,
    -9,595.0); the fourth decimals as CLVTools has them, -9,594.976."""
    assert fit.converged
    assert fit.r == pytest.approx(0.553, abs=5e-4)
    assert fit.alpha == pytest.approx(10.578, abs=5e-4)
    assert fit.s == pytest.approx(0.606, abs=5e-4)
    assert fit.beta == pytest.approx(11.669, abs=5e-4)
    assert fit.log_likelihood == pytest.approx(-9594.976, abs=5e-4)


def test_the_standard_errors_of_the_sample(fit):
    """CLVTools, tests/testthat/test_correctness_pnbd_nocovstaticcov.R; its Hessian is numerical."""
    published = {"r": 0.0476264, "alpha": 0.8427222, "s": 0.1872594, "beta": 6.2105448}
    for name, error in published.items():
        assert fit.standard_errors[name] == pytest.approx(error, rel=2e-4)


# The R package BTYD stops some digits from the maximum (11.656 for beta, 11.669 at the maximum),
# where the likelihood is the same to three decimals: its last digits are those of its own stop.


def test_the_walkthrough_of_btyd(fit):
    """McCarthy & Wadsworth, Buy 'Til You Die: a walkthrough (vignette of the R package BTYD)."""
    assert round(fit.expected_purchases_new(52).estimate, 3) == 1.473
    customer = a_customer(frequency=[26], recency=30.857142857, T=31.0)
    assert fit.expected_purchases(customer, periods=52).estimate.round(2)[0] == 25.46
    assert fit.p_alive(customer).estimate.round(4)[0] == 0.9979


@pytest.mark.parametrize(
    ("frequency", "published"),
    [(10, 0.7062289), (15, 0.1442396), (20, 0.02250658), (25, 0.00309267)],
)
def test_the_increasing_frequency_paradox(fit, frequency, published):
    """The same: the more purchases by week 20, the surer a silence until week 39 is an end."""
    customer = a_customer(frequency=[frequency], recency=20.0, T=39.0)
    expected = fit.expected_purchases(customer, periods=52).estimate[0]
    assert expected == pytest.approx(published, rel=1e-3)


def test_nobody_seen_again_is_alive_with_probability(fit):
    """The manual of BTYD's pnbd.PAlive: 0.2941633 for no repeat purchase in 39 weeks."""
    alive = fit.p_alive(a_customer(frequency=[0], recency=0.0, T=39.0)).estimate[0]
    assert alive == pytest.approx(0.2941633, abs=2e-4)  # its parameters are not printed


@pytest.mark.parametrize(
    ("weeks", "published"),
    [
        (37.0, [0.6015867, 0.1657126, 0.08154980, 0.04791521, 0.03063585, 0.02056155]),
        (37 - 4 / 7, [0.6027305, 0.1659498, 0.08154193, 0.04780985, 0.03049355, 0.02041116]),
        (37 - 37 / 7, [0.6134959, 0.1679538, 0.08124694, 0.04665213, 0.02904922, 0.01894490]),
    ],
)
def test_the_chances_of_so_many_purchases(orders, weeks, published):
    """CLVTools' manual, pmf(): fitted on 37 weeks, for customers 1, 100 and 1000.

    Two of its versions print 0.6015503 and 0.6015867 for one chance: its fit stops that early.
    """
    fit = fit_pareto_nbd(summary(orders, as_of="1997-09-18"), unit="week")
    chances = [fit.probability_of(n, weeks).estimate for n in range(6)]
    assert chances == pytest.approx(published, abs=2.5e-5)


CUSTOMERS = [1411, 439, 214, 100, 62, 38, 29, 64]
ACTUAL = [0.237, 0.697, 1.393, 1.560, 2.532, 2.947, 3.862, 6.359]


def test_predicted_against_actual_by_frequency(fit, held):
    """The walkthrough's table for 39 weeks of holdout, by calibration frequency 0 to 7+."""
    table = by_frequency(fit, held)
    assert table.frequency.tolist() == list(range(8))
    assert table.customers.tolist() == CUSTOMERS
    assert table.actual_mean.round(3).tolist() == ACTUAL
    expected = [0.138, 0.600, 1.196, 1.714, 2.399, 2.907, 3.819, 6.403]
    assert table.predicted_mean.round(3).tolist() == pytest.approx(expected, abs=1.001e-3)
    assert table.actual.sum() == 1882


def test_the_weeks_of_the_sample(orders, fit, held):
    """The cohort's repeat purchases; in all 2,457 in calibration and 1,882 in holdout."""
    weeks = tracking(fit, orders, **SPLIT)
    assert len(weeks) == 78
    assert weeks.starts[0] == pd.Timestamp("1997-01-01")
    assert weeks.held_out.sum() == 39
    assert weeks.actual_total[38] == held.frequency.sum() == 2457
    assert weeks.actual_total[77] == 2457 + 1882


def test_bg_nbd_and_pareto_nbd_foretell_much_the_same(orders, fit, held):
    """Fader, Hardie & Lee (2005), on their figure of cumulative repeat transactions.

    By the end of week 78 the Pareto/NBD underforecasts by 2 %, the BG/NBD by 4 %.
    """
    other = fit_bg_nbd(held, unit="week")
    ends = [tracking(one, orders, **SPLIT).iloc[-1] for one in (fit, other)]
    errors = [float(end.predicted_total / end.actual_total) - 1 for end in ends]
    assert [round(error, 2) for error in errors] == [-0.02, -0.04]
