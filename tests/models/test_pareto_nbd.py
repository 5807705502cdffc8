"""Pareto/NBD: its likelihood against the hypergeometric form, what it foretells, its limits."""

from dataclasses import replace
from itertools import pairwise

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gammaln, hyp2f1

from marketing_kpi.errors import ComputeError
from marketing_kpi.models.pareto_nbd import ParetoNbd, _likelihood, fit_pareto_nbd
from marketing_kpi.models.purchases import Counts, counts

TRUE = {"r": 0.6, "alpha": 9.0, "s": 0.7, "beta": 12.0}


def history(x, recency, age):
    values = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (x, recency, age)))
    return Counts(*(np.atleast_1d(v).copy() for v in values), np.ones(np.size(values[0])))


def fit_at(r, alpha, s, beta):
    """A fit with parameters that were given, not estimated: only what they say is looked at."""
    empty = Counts(*(np.empty(0) for _ in range(4)))
    nothing = ParetoNbd.of(None, empty, unit="week", diagnoses=())
    return replace(nothing, point=np.log([r, alpha, s, beta]))


def simulate(customers, rng, age=52.0, r=0.6, alpha=9.0, s=0.7, beta=12.0):
    """Draw customers of Pareto/NBD, each observed for `age`, up to a horizon 52 later."""
    rate = rng.gamma(r, 1 / alpha, customers)
    gone = rng.exponential(1 / rng.gamma(s, 1 / beta, customers))
    rows = []
    for customer, (buys, leaves) in enumerate(zip(rate, gone, strict=True)):
        end = min(leaves, age + 52.0)
        days = np.sort(rng.uniform(0, end, rng.poisson(buys * end)))
        seen = days[days <= age]
        rows.append((customer, len(seen), seen.max(initial=0.0), age, len(days) - len(seen)))
    return pd.DataFrame(rows, columns=["customer_id", "frequency", "recency", "T", "later"])


@pytest.fixture(scope="module")
def drawn():
    return simulate(4000, np.random.default_rng(8))


@pytest.fixture(scope="module")
def fit(drawn):
    return fit_pareto_nbd(drawn, unit="week")


# --- The likelihood -------------------------------------------------------------------------


def hypergeometric(r, alpha, s, beta, x, recency, age):
    """Fader & Hardie (2005), note 009, equation 22: the difference of two 2F1, in two cases."""
    most, gap = max(alpha, beta), abs(alpha - beta)
    second = s + 1 if alpha >= beta else r + x

    def term(t):
        power = r + s + x
        return hyp2f1(power, second, power + 1, gap / (most + t)) / (most + t) ** power

    factor = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    stayed = (alpha + age) ** -(r + x) * (beta + age) ** -s
    return factor + np.log(stayed + s / (r + s + x) * (term(recency) - term(age)))


@pytest.mark.parametrize(
    "parameters",
    [(0.55, 10.6, 0.61, 11.7), (0.55, 11.7, 0.61, 10.6), (1.5, 8, 2.5, 8), (3, 4, 0.3, 30)],
)
@pytest.mark.parametrize("seen", [(0, 0, 38.9), (1, 1.7, 38.9), (2, 30.4, 38.9), (7, 35, 77.9)])
def test_the_likelihood_is_that_of_the_paper(parameters, seen):
    value = _likelihood(np.log(parameters), history(*seen)).value
    assert value == pytest.approx(hypergeometric(*parameters, *seen), rel=1e-11)


@pytest.mark.parametrize("x", [0, 3, 40, 300, 900])
@pytest.mark.parametrize("beta", [0.01, 12.0, 5000.0])
def test_the_integral_holds_for_hundreds_of_purchases(x, beta):
    r, alpha, s, recency, age = 0.5, 2.9, 0.3, 0.0 if x == 0 else 94.7, 98.0

    def relative(u):  # to the term of who is still there
        return (s / (beta + u)) * np.exp(
            (r + x) * np.log((alpha + age) / (alpha + u)) + s * np.log((beta + age) / (beta + u))
        )

    cuts = np.geomspace(1e-4, 1, 30)
    borders = recency + (age - recency) * np.append(0, cuts)
    ends = pairwise(borders)
    left = sum(quad(relative, low, high, epsabs=0, epsrel=1e-11)[0] for low, high in ends)
    odds = fit_at(r, alpha, s, beta).log_odds_alive(
        np.log([r, alpha, s, beta]), history(x, recency, age)
    )
    assert odds[0] == pytest.approx(-np.log(left), abs=1e-8)


logs = st.lists(st.floats(-3, 3), min_size=4, max_size=4)


@given(
    logs=logs,
    x=st.integers(0, 60),
    share=st.floats(0.01, 1),
    age=st.floats(0.5, 200),
)
@settings(max_examples=60, deadline=None)
def test_slopes_and_curvature_are_those_of_the_value(logs, x, share, age):
    point, seen = np.array(logs), history(x, share * age if x else 0, age)
    slopes = _likelihood(point, seen)
    steps = np.eye(4) * 1e-5
    near = [(_likelihood(point + h, seen), _likelihood(point - h, seen)) for h in steps]
    gradient = [(up.value - down.value) / 2e-5 for up, down in near]
    hessian = np.array([(up.gradient - down.gradient) / 2e-5 for up, down in near])
    scale = 1 + np.abs(slopes.value)
    assert slopes.gradient == pytest.approx(gradient, abs=1e-7 * scale)
    assert slopes.hessian == pytest.approx(hessian, abs=1e-6 * scale)


# --- What it says ---------------------------------------------------------------------------


def test_who_bought_at_the_end_is_still_there(fit):
    summary = pd.DataFrame({"customer_id": ["a"], "frequency": 3, "recency": 52.0, "T": 52.0})
    assert fit.p_alive(summary).drop(columns="customer_id").values.tolist() == [[1, 1, 1]]


def test_hundreds_of_purchases_stay_finite(fit):
    """The four customers for whom CLVTools' first implementation gave NaN (its tests)."""
    summary = pd.DataFrame(
        {
            "customer_id": list("abcd"),
            "frequency": [221, 254, 161, 204],
            "recency": [103.42857, 97.14286, 94.71429, 98.57143],
            "T": [103.57143, 97.28571, 98.0, 99.42857],
        }
    )
    alive = fit.p_alive(summary)
    assert alive.estimate.between(0, 1).all()
    assert np.isfinite(fit.expected_purchases(summary, periods=52).drop(columns="customer_id")).all(
        axis=None
    )


def test_a_clock_rate_of_one_leaves_no_gap():
    """At s = 1 the closed form divides by 0: the mean stay is beta log(1 + t / beta)."""
    seen = history(2, 30, 39)
    at, near = (
        fit_at(0.6, 9, s, 12).log_expected_alive(np.log([0.6, 9, s, 12]), seen, 52)
        for s in (1.0, 1 + 1e-9)
    )
    assert np.exp(at)[0] == pytest.approx(2.6 / 48 * 51 * np.log(1 + 52 / 51), rel=1e-12)
    assert at == pytest.approx(near, abs=1e-8)


def test_probabilities_add_up_to_the_expectation_and_the_variance():
    fit = fit_at(**TRUE)
    n = np.arange(600.0)
    chances = np.exp(fit.log_probability_of(fit.point, n, 52.0))
    mean = np.exp(fit.log_expected_new(fit.point, np.array([52.0])))[0]
    assert chances.sum() == pytest.approx(1, abs=1e-9)
    assert chances @ n == pytest.approx(mean, rel=1e-8)
    # A customer just begun has no history yet.
    variance = fit.purchases_variance(history(0, 0, 0), 52.0)[0]
    assert chances @ n**2 - mean**2 == pytest.approx(variance, rel=1e-7)


def test_no_time_ahead_no_purchase(fit, drawn):
    ahead = fit.expected_purchases(drawn.head(20), periods=0)
    assert (ahead[["estimate", "low", "high"]] == 0).all(axis=None)
    assert fit.probability_of(0, 0).estimate == 1
    with pytest.raises(ComputeError, match="periods is -1"):
        fit.expected_purchases(drawn, periods=-1)


# --- The fit --------------------------------------------------------------------------------


def test_the_parameters_that_made_the_data_are_found(fit, drawn):
    assert fit.converged
    assert fit.diagnosis is None
    assert fit.advice("fr") is None
    for name, true in TRUE.items():
        assert abs(getattr(fit, name) - true) < 3 * fit.standard_errors[name]
    ahead = fit.expected_purchases(drawn, periods=52)
    assert ahead.estimate.sum() == pytest.approx(drawn.later.sum(), rel=0.08)


def test_days_and_weeks_give_one_fit(fit, drawn):
    in_days = drawn.assign(recency=drawn.recency * 7, T=drawn["T"] * 7)
    days = fit_pareto_nbd(in_days, unit="day")
    ratio = np.exp(days.point) / np.exp(fit.point)
    assert ratio == pytest.approx([1, 7, 1, 7], rel=1e-7)
    week = fit.expected_purchases(drawn.head(50), periods=10)
    day = days.expected_purchases(in_days.head(50), periods=70)
    pd.testing.assert_frame_equal(week, day, rtol=1e-6)


def test_neither_the_order_of_rows_nor_grouping_changes_the_fit(fit, drawn):
    shuffled = fit_pareto_nbd(drawn.sample(frac=1, random_state=1), unit="week")
    grouped = fit_pareto_nbd(counts(drawn), unit="week")
    assert shuffled.point.tolist() == fit.point.tolist()
    assert grouped.point.tolist() == fit.point.tolist()
    assert grouped.customers == 4000


def test_an_engine_gives_the_same(fit, drawn):
    connection = ibis.duckdb.connect()
    table = connection.create_table("summary", drawn)
    lazy = fit_pareto_nbd(table, unit="week")
    assert lazy.point == pytest.approx(fit.point, abs=1e-10)
    alive = lazy.p_alive(table)
    assert isinstance(alive, ibis.Table)
    pd.testing.assert_frame_equal(
        alive.to_pandas().sort_values("customer_id").reset_index(drop=True),
        fit.p_alive(drawn),
        check_dtype=False,
    )
    connection.disconnect()


def nbd(rng, rate):
    """Draw customers who never leave, each of a rate, over 52 weeks."""
    rows = []
    for buys in rate:
        days = rng.uniform(0, 52, rng.poisson(buys * 52))
        rows.append((len(days), days.max(initial=0.0), 52.0))
    return pd.DataFrame(rows, columns=["frequency", "recency", "T"])


@pytest.mark.parametrize(
    ("histories", "diagnosis"),
    [
        (pd.DataFrame({"frequency": [], "recency": [], "T": []}), "no_customers"),
        (pd.DataFrame({"frequency": [0], "recency": [0.0], "T": [0.0]}), "no_time"),
        (pd.DataFrame({"frequency": [0, 0], "recency": 0.0, "T": [3.0, 4]}), "no_repeat_purchases"),
    ],
)
def test_without_anything_to_fit_every_estimate_is_null(histories, diagnosis):
    fit = fit_pareto_nbd(histories)
    assert (fit.diagnosis, fit.r, fit.beta, fit.converged) == (diagnosis, None, None, False)
    assert fit.standard_errors["s"] is None
    assert fit.advice("en")
    assert fit.expected_purchases_new(10).low is None
    given = histories.assign(customer_id=histories.index)
    assert fit.p_alive(given).estimate.isna().all()


def test_customers_who_never_leave_have_a_diagnosis():
    rng = np.random.default_rng(2)
    fit = fit_pareto_nbd(nbd(rng, rng.gamma(1.5, 0.1, 800)), unit="week")
    assert fit.diagnosis == "no_dropout"
    assert fit.r == pytest.approx(1.5, rel=0.15)
    assert fit.standard_errors["s"] is None
    assert fit.standard_errors["r"] is not None
    assert "nobody leaving" in fit.advice("en")


def test_customers_of_one_rate_have_a_diagnosis():
    """Subscribers: ten purchases in 50 weeks, of which a few have left early."""
    histories = pd.DataFrame(
        {
            "frequency": [10, 4, 2, 7],
            "recency": [50.0, 20, 10, 35],
            "T": 52.0,
            "customers": [500, 30, 40, 25],
        }
    )
    fit = fit_pareto_nbd(histories, unit="week")
    assert fit.diagnosis == "same_rate"
    assert fit.r / fit.alpha == pytest.approx(0.2, rel=0.1)
    assert fit.standard_errors["r"] is None
    assert fit.standard_errors["s"] is not None


def test_customers_who_buy_on_fixed_dates_are_not_fitted():
    rows = pd.DataFrame({"frequency": [0, 1, 2, 5], "recency": [0.0, 4.0, 9.0, 22.0], "T": 39.0})
    histories = rows.assign(customers=[60, 20, 10, 10])
    fit = fit_pareto_nbd(histories, unit="week", regularity=0.1)
    assert (fit.diagnosis, fit.foretells, fit.r) == ("fixed_dates", False, None)
    assert "regular dates" in fit.advice("en")
    usual = fit_pareto_nbd(histories, unit="week", regularity=0.9)
    assert usual.log_likelihood == fit_pareto_nbd(histories, unit="week").log_likelihood
