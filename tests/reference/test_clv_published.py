"""BG/NBD and Gamma-Gamma against published figures, on the CDNOW data."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import hyp2f1
from scipy.stats import chi2

from marketing_kpi.data.samples import open_sample
from marketing_kpi.models.bg_nbd import fit_bg_nbd
from marketing_kpi.models.gamma_gamma import fit_gamma_gamma
from marketing_kpi.models.purchases import Counts, summary

CALIBRATION_END = "1997-10-01"  # weeks 1 to 39 of 1997


@pytest.fixture(scope="module")
def orders():
    with open_sample("cdnow") as data:
        yield data.orders


@pytest.fixture(scope="module")
def in_sample():
    """The customers of the published 1/10 sample, by their number in the master file."""
    folder = Path(find_spec("lifetimes").origin).parent / "datasets"
    lines = (folder / "CDNOW_sample.txt").read_text().splitlines()
    return sorted({line.split()[0] for line in lines})


@pytest.fixture(scope="module")
def sample(orders, in_sample):
    return summary(orders.filter(orders.customer_id.isin(in_sample)), as_of=CALIBRATION_END)


@pytest.fixture(scope="module")
def fit(sample):
    return fit_bg_nbd(sample, unit="week")


@pytest.fixture(scope="module")
def values(sample):
    return fit_gamma_gamma(sample)


def histories(*rows):
    frame = pd.DataFrame(rows, columns=["frequency", "recency", "T"])
    return frame.assign(customer_id=range(len(frame)))


def parameters(fit):
    return [fit.r, fit.alpha, fit.a, fit.b]


def rounded(values, decimals):
    return [round(value, decimals) for value in values]


# --- BG/NBD


def test_the_sample_is_the_published_one(sample):
    """Fader, Hardie & Lee (2005), section 4: 2,357 customers, 1,411 without a repeat purchase."""
    frame = sample.to_pandas()
    assert len(frame) == 2357
    assert (frame.frequency == 0).sum() == 1411
    assert round(frame["T"].max(), 2) == 38.86


def test_estimates_on_the_sample(fit):
    """Fader, Hardie & Lee (2005), table 2, to the digits of the note 027 of Fader and Hardie."""
    assert rounded(parameters(fit), 4) == [0.2426, 4.4136, 0.7929, 2.4259]
    assert round(fit.log_likelihood, 2) == -9582.43
    assert (fit.customers, fit.converged, fit.diagnosis) == (2357, True, None)


def test_estimates_on_all_of_cdnow(orders):
    """The whole cohort of 23,570 customers."""
    fit = fit_bg_nbd(summary(orders, as_of=CALIBRATION_END))
    assert rounded(parameters(fit), 4) == [0.2516, 4.7889, 0.7234, 2.1611]
    assert round(fit.log_likelihood, 2) == -95368.44
    assert fit.customers == 23_570


def test_standard_errors_of_the_logarithms(fit):
    """CLVTools (R), description of its BG/NBD: the estimates are printed with these errors.

    Its parameters are estimated on the log scale, and so are its standard errors.
    """
    errors = np.sqrt(np.diag(fit.log_covariance))
    assert rounded(errors, 5) == [0.05176, 0.08570, 0.23424, 0.29078]


def test_standard_errors_of_the_parameters(fit):
    """Documentation of lifetimes 0.11, Quickstart: 0.012557, 0.378221, 0.185719, 0.705345.

    Its search stops early (alpha 4.413532), so that four digits are those of the maximum.
    """
    errors = [fit.standard_errors[name] for name in ("r", "alpha", "a", "b")]
    assert rounded(errors, 4) == pytest.approx([0.0126, 0.3782, 0.1857, 0.7054], abs=1e-9)


def test_expected_purchases_of_the_spreadsheet(fit):
    """Fader, Hardie & Lee (2005), note 004 with its workbook: E[Y(39) | x=2, t=30.43, T=38.86]."""
    got = fit.expected_purchases(histories((2, 30.43, 38.86)), periods=39)
    assert round(got.estimate[0], 3) == 1.226


@pytest.mark.parametrize(
    ("weeks", "expected"),
    [(1 / 7, 0.0078), (1, 0.0532), (3, 0.1506), (223 / 7, 1.0405), (32, 1.0437)],
)
def test_expected_purchases_of_a_new_customer(fit, weeks, expected):
    """The same workbook, sheet of aggregate forecasts."""
    assert round(fit.expected_purchases_new(weeks).estimate, 4) == expected


def test_the_spreadsheet_stops_its_series_early(fit):
    """The same sheet prints 1.8576 at week 78: 150 terms of a series that then lacks 0.0003."""
    r, alpha, a, b = parameters(fit)
    z, term, series = 78 / (alpha + 78), 1.0, 1.0
    for k in range(150):
        term *= (r + k) * (b + k) / ((a + b - 1 + k) * (k + 1)) * z
        series += term
    short = (a + b - 1) / (a - 1) * (1 - (1 - z) ** r * series)
    exact = (a + b - 1) / (a - 1) * (1 - (1 - z) ** r * hyp2f1(r, b, a + b - 1, z))
    assert round(short, 4) == 1.8576
    assert fit.expected_purchases_new(78).estimate == pytest.approx(exact, rel=1e-7)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ((18, 35.14, 35.86), 0.424877),
        ((19, 34.00, 34.14), 0.474738),
        ((17, 28.43, 28.86), 0.486526),
        ((29, 37.71, 38.00), 0.662396),
        ((26, 30.86, 31.00), 0.710623),
    ],
)
def test_expected_purchases_of_frequent_customers(fit, history, expected):
    """Documentation of lifetimes 0.11, Quickstart, next week's purchases of the best customers.

    At its own estimates, which it prints to six digits.
    """
    x, recency, age = history
    one = Counts(*(np.array([float(value)]) for value in (x, recency, age, 1)))
    printed = np.log([0.242593, 4.413532, 0.792886, 2.425752])
    assert round(float(np.exp(fit.log_expected(printed, one, 1.0))[0]), 6) == pytest.approx(
        expected, abs=1.5e-6
    )
    at_the_maximum = fit.expected_purchases(histories(history), periods=1).estimate[0]
    assert at_the_maximum == pytest.approx(expected, rel=1e-4)


def test_probabilities_of_purchases(fit):
    """BTYD (R), examples of bgnbd.pmf at (0.243, 4.414, 0.793, 2.426), as lifetimes tests them."""
    printed = np.log([0.243, 4.414, 0.793, 2.426])
    ten = np.exp(fit.log_probability_of(printed, np.array([10.0]), 2))
    none = np.exp(fit.log_probability_of(printed, np.array([0.0]), 39))
    many = np.exp(fit.log_probability_of(printed, np.arange(11.0, 21.0), 30))
    assert round(float(ten[0]), 12) == 1.07869e-07
    assert round(float(none[0]), 7) == 0.5737864
    expected = [
        0.0019995214, 0.0015170236, 0.0011633150, 0.0009003148, 0.0007023638,
        0.0005517902, 0.0004361913, 0.0003467171, 0.0002769613, 0.0002222260,
    ]  # fmt: skip
    assert many.tolist() == pytest.approx(expected, abs=5.1e-11)


def test_fit_of_the_histogram(fit, sample):
    """Fader, Hardie & Lee (2005), section 4: chi-square 4.82 on 3 degrees of freedom, p = .19.

    Customers with 0, 1, … 6, and 7 or more repeat purchases in the calibration period.
    """
    counts = Counts.of(sample)
    actual = np.bincount(np.minimum(counts.frequency, 7).astype(int), weights=counts.weight)
    ages, place = np.unique(counts.age, return_inverse=True)
    of_age = np.bincount(place, weights=counts.weight)
    n = np.arange(7.0)
    expected = sum(
        weight * np.exp(fit.log_probability_of(fit.point, n, age))
        for age, weight in zip(ages, of_age, strict=True)
    )
    expected = np.append(expected, counts.customers - expected.sum())
    statistic = ((actual - expected) ** 2 / expected).sum()
    assert round(statistic, 2) == 4.82
    assert round(chi2.sf(statistic, 3), 2) == 0.19


def test_holdout_expectation_of_one_time_buyers(fit, sample):
    """Fader, Hardie & Lee (2005), section 4: 0.23 (they made 0.24 in weeks 40 to 78)."""
    frame = sample.to_pandas()
    once = frame[frame.frequency == 0]
    assert round(fit.expected_purchases(once, periods=39).estimate.mean(), 2) == 0.23


# --- Gamma-Gamma


def test_gamma_gamma_estimates(values):
    """Fader & Hardie (2013), note 025: 946 customers; the log-likelihood from CLVTools' tests."""
    assert rounded([values.p, values.q, values.v], 2) == [6.25, 3.74, 15.44]
    assert round(values.log_likelihood, 4) == -4055.9177
    assert (values.customers, values.left_out, values.diagnosis) == (946, 0, None)


@pytest.mark.parametrize(
    ("x", "mean", "expected"),
    [
        (2, 22.35, 24.65),
        (1, 11.77, 18.91),
        (0, None, 35.17),
        (7, 73.74, 71.46),
        (2, 25.55, 27.28),
    ],
)
def test_expected_value_of_the_first_customers(values, x, mean, expected):
    """lifetimes, test of the expected average profit at p 6.25, q 3.74, v 15.44."""
    one = pd.DataFrame({"customer_id": [1], "frequency": [x], "monetary_value": [mean]})
    got = values.expected_value(one.astype({"monetary_value": "float64"}))
    assert got.estimate[0] == pytest.approx(expected, abs=0.011)


def test_correlation_of_frequency_and_value(values):
    """Documentation of lifetimes 0.11, Quickstart: 0.113884, from values rounded to cents."""
    assert round(values.correlation.estimate, 4) == 0.1139
    assert values.correlation.low < 0.1139 < values.correlation.high
