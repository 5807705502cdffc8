"""Gamma-Gamma: derivatives, recovery, limits, and what must not matter."""

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from scipy.optimize import minimize
from scipy.special import gammaln

from marketing_kpi import plots
from marketing_kpi.errors import ColumnError, DataError
from marketing_kpi.models import gamma_gamma
from marketing_kpi.models.gamma_gamma import fit_gamma_gamma
from marketing_kpi.plots import sentences

TRUTH = {"p": 4.0, "q": 3.5, "v": 20.0}
FEW = settings(max_examples=6, deadline=None)


def drawn(n=2000, seed=1, p=4.0, q=3.5, v=20.0):
    rng = np.random.default_rng(seed)
    x = rng.geometric(0.4, n) - 1
    rate = rng.gamma(q, 1 / v, n)
    mean = rng.gamma(p * np.maximum(x, 1), 1 / rate) / np.maximum(x, 1)
    return pd.DataFrame(
        {
            "customer_id": [f"C{i:05}" for i in range(n)],
            "frequency": x,
            "monetary_value": np.where(x > 0, mean.round(4), np.nan),
        }
    )


def values(*rows):
    frame = pd.DataFrame(rows, columns=["frequency", "monetary_value"])
    names = [f"C{i}" for i in range(len(frame))]
    return frame.astype({"monetary_value": "float64"}).assign(customer_id=names)


@pytest.fixture(scope="module")
def frame():
    return drawn()


@pytest.fixture(scope="module")
def fit(frame):
    return fit_gamma_gamma(frame)


def parameters(fit):
    return [fit.p, fit.q, fit.v]


def plain_likelihood(logs, frame):
    """The formula of the note, with gamma functions."""
    p, q, v = np.exp(logs)
    repeats = frame[frame.frequency > 0]
    x, mean = repeats.frequency.to_numpy(), repeats.monetary_value.to_numpy()
    return (
        gammaln(p * x + q)
        - gammaln(p * x)
        - gammaln(q)
        + q * np.log(v)
        + (p * x - 1) * np.log(mean)
        + p * x * np.log(x)
        - (p * x + q) * np.log(v + x * mean)
    ).sum()


# --- The likelihood


@pytest.mark.parametrize("at", [(1.5, 1.2, -0.3), (0, 1, 0.5), (3, -0.5, -2)])
def test_derivatives_are_those_of_finite_differences(frame, at):
    found = gamma_gamma._values(frame)
    likelihood = gamma_gamma._Likelihood.of(found.x, found.mean / 30, found.weight)
    at, steps = np.array(at, dtype=float), np.eye(3) * 1e-5

    def slopes(point):
        return gamma_gamma._in_coordinates(likelihood, point)

    gradient = [(slopes(at + h).value - slopes(at - h).value) / 2e-5 for h in steps]
    hessian = [(slopes(at + h).gradient - slopes(at - h).gradient) / 2e-5 for h in steps]
    assert slopes(at).gradient == pytest.approx(np.array(gradient), abs=1e-8)
    assert slopes(at).hessian == pytest.approx(np.array(hessian), abs=1e-8)


def test_the_estimates_are_a_maximum_of_the_notes_likelihood(frame, fit):
    best = plain_likelihood(fit.point, frame)
    assert best == pytest.approx(fit.log_likelihood, abs=1e-6)
    for step in np.vstack([np.eye(3), -np.eye(3)]) * 0.01:
        assert plain_likelihood(fit.point + step, frame) < best


def test_covariance_is_that_of_the_curvature(frame, fit):
    steps = np.eye(3) * 1e-3

    def at(*moves):
        return plain_likelihood(fit.point + sum(moves), frame)

    information = [
        [-(at(g, h) - at(g, -h) - at(-g, h) + at(-g, -h)) / 4e-6 for g in steps] for h in steps
    ]
    assert fit.log_covariance == pytest.approx(np.linalg.inv(information), rel=1e-3)
    expected = np.sqrt(np.diag(fit.log_covariance)) * parameters(fit)
    assert list(fit.standard_errors.values()) == pytest.approx(expected)


def test_simulated_parameters_are_recovered():
    got = fit_gamma_gamma(drawn(n=40_000, seed=5))
    for name, truth in TRUTH.items():
        error = got.standard_errors[name] / getattr(got, name)
        assert abs(np.log(getattr(got, name) / truth)) < 3 * error
    mean = got.population_mean
    assert mean.low < 4 * 20 / 2.5 < mean.high
    assert abs(got.correlation.estimate) < 0.03


# --- What must not matter


@pytest.mark.parametrize("factor", [100.0, 1e-4])
def test_the_currency_does_not_matter(frame, fit, factor):
    scaled = frame.assign(monetary_value=frame.monetary_value * factor)
    got = fit_gamma_gamma(scaled)
    assert parameters(got) == pytest.approx([fit.p, fit.q, fit.v * factor], rel=1e-6)
    expected = fit.expected_value(frame)
    for name in ("estimate", "low", "high"):
        same = got.expected_value(scaled)[name].to_numpy() / factor
        assert same == pytest.approx(expected[name].to_numpy(), rel=1e-6)


@FEW
@given(st.integers(0, 2**31))
def test_the_order_of_rows_does_not_matter(seed):
    frame = drawn(n=600, seed=3)
    shuffled = frame.sample(frac=1, random_state=seed)
    got, expected = fit_gamma_gamma(shuffled), fit_gamma_gamma(frame)
    assert parameters(got) == parameters(expected)
    assert_frame_equal(got.expected_value(shuffled), expected.expected_value(frame))


@FEW
@given(st.lists(st.integers(1, 4), min_size=300, max_size=300))
def test_a_weight_is_a_repetition(weights):
    frame = drawn(n=300, seed=4)
    got = fit_gamma_gamma(frame.assign(customers=weights))
    expected = fit_gamma_gamma(frame.loc[frame.index.repeat(weights)])
    assert parameters(got) == pytest.approx(parameters(expected), rel=1e-6)
    assert got.correlation == pytest.approx(expected.correlation)
    assert got.customers == expected.customers


def test_the_engine_gives_the_same_fit_and_predictions(frame, fit):
    table = ibis.memtable(frame)
    got = fit_gamma_gamma(table)
    assert parameters(got) == pytest.approx(parameters(fit), rel=1e-9)
    predicted = got.expected_value(table)
    assert isinstance(predicted, ibis.Table)
    in_order = predicted.to_pandas().sort_values("customer_id").reset_index(drop=True)
    assert_frame_equal(in_order, fit.expected_value(frame), check_dtype=False)


def test_the_input_is_left_alone(frame, fit):
    before = frame.copy(deep=True)
    fit.expected_value(frame)
    assert_frame_equal(frame, before)


# --- Predictions


def test_expected_value_weighs_the_customer_against_all(fit):
    mean = fit.population_mean.estimate
    got = fit.expected_value(values((0, None), (1, 90.0), (10, 90.0), (500, 90.0)))
    one_time, *others = got.estimate
    assert one_time == pytest.approx(mean, rel=1e-12)
    assert mean < others[0] < others[1] < others[2] < 90.0
    assert others[2] == pytest.approx(90.0, rel=0.01)
    by_hand = fit.p * (fit.v + 10 * 90.0) / (fit.p * 10 + fit.q - 1)
    assert others[1] == pytest.approx(by_hand)
    assert ((got.low < got.estimate) & (got.estimate < got.high)).all()
    population = got.loc[0, ["estimate", "low", "high"]].tolist()
    assert population == pytest.approx(list(fit.population_mean), rel=1e-9)


def test_the_interval_is_that_of_finite_differences(fit):
    def log_value(logs):
        p, q, v = np.exp(logs)
        return np.log(p * (v + 3 * 50.0) / (p * 3 + q - 1))

    steps = np.eye(3) * 1e-6
    slopes = [(log_value(fit.point + h) - log_value(fit.point - h)) / 2e-6 for h in steps]
    half = 1.959963984540054 * np.sqrt(slopes @ fit.log_covariance @ slopes)
    got = fit.expected_value(values((3, 50.0)))
    assert np.log(got.high[0] / got.estimate[0]) == pytest.approx(half, rel=1e-6)
    assert np.log(got.estimate[0] / got.low[0]) == pytest.approx(half, rel=1e-6)


def test_a_value_of_0_is_left_out_of_the_fit_and_counted(frame, fit):
    more = pd.concat([frame, values((2, 0.0), (1, None))], ignore_index=True)
    got = fit_gamma_gamma(more)
    assert parameters(got) == parameters(fit)
    assert got.left_out == 2
    free, unknown = got.expected_value(values((2, 0.0), (1, None))).estimate
    assert free < unknown == pytest.approx(got.population_mean.estimate)


# --- Limits


def test_alike_customers_are_named():
    rng = np.random.default_rng(2)
    x = rng.integers(1, 6, 500)
    # Means of many purchases differ less than those of few explain.
    frame = values(*zip(x, rng.gamma(9 * x**2, 4 / x**2), strict=True))
    fit = fit_gamma_gamma(frame)
    assert "same_value" in fit.diagnoses
    assert fit.standard_errors["q"] is None
    assert fit.population_mean.estimate == pytest.approx(36, rel=0.05)
    got = fit.expected_value(values((1, 10.0), (5, 60.0)))
    assert got.estimate.to_numpy() == pytest.approx(fit.population_mean.estimate, rel=0.01)
    assert fit.advice("fr") != fit.advice("en")


def test_constant_spenders_are_named():
    rng = np.random.default_rng(3)
    frame = values(*((x, m) for x in (1, 3, 9) for m in 1 / rng.gamma(4, 1 / 90, 60)))
    fit = fit_gamma_gamma(frame)
    assert "constant_value" in fit.diagnoses
    got = fit.expected_value(values((1, 10.0), (5, 60.0)))
    assert got.estimate.to_numpy() == pytest.approx([10.0, 60.0], rel=0.02)


@pytest.mark.parametrize("seed", [0, 2])
def test_a_heavy_tail_is_diagnosed_and_not_an_overflow(seed):
    rng = np.random.default_rng(seed)
    heavy = {"frequency": rng.integers(1, 5, 500), "monetary_value": rng.pareto(0.7, 500) + 1}
    fit = fit_gamma_gamma(pd.DataFrame(heavy))
    assert {"constant_value", "no_finite_mean", "values_not_converged"} & set(fit.diagnoses)
    assert not fit.foretells
    assert np.isfinite(fit.point).all()


@pytest.mark.parametrize(("n", "seed"), [(200, 50), (200, 57), (600, 16)])
def test_a_search_that_runs_off_ends_above_what_made_the_data(n, seed):
    truth = {"p": 60.0, "q": 1.3, "v": 1.0}
    frame = drawn(n=n, seed=seed, **truth)
    fit = fit_gamma_gamma(frame)
    assert fit.converged
    assert fit.log_likelihood > plain_likelihood(np.log(list(truth.values())), frame)
    assert "constant_value" in fit.diagnoses


def two_kinds(n, small, share, big, cv, purchases, seed):
    """Customers of two kinds, each with purchases about one amount."""
    rng = np.random.default_rng(seed)
    is_small = rng.random(n) < share
    x = rng.poisson(purchases, n) + 1
    mean = rng.gamma(x / cv**2, cv**2 * np.where(is_small, small, big) / x)
    return values(*zip(x, mean, strict=True))


@pytest.mark.parametrize(
    "kinds",
    [
        (400, 0.99, 0.4, 60.0, 0.3, 5, 1),
        (60, 500.0, 0.23, 150_000.0, 0.7, 20, 2),
        (200, 500.0, 0.23, 150_000.0, 0.7, 20, 3),
    ],
)
def test_no_other_start_ends_higher(kinds):
    frame = two_kinds(*kinds)
    fit = fit_gamma_gamma(frame)
    found = gamma_gamma._values(frame)
    scale = found.mean.mean()
    likelihood = gamma_gamma._Likelihood.of(found.x, found.mean / scale, found.weight)

    def lower(at):
        slopes = gamma_gamma._in_coordinates(likelihood, at)
        return -slopes.value, -slopes.gradient

    ends = [
        minimize(lower, (p, q, 0.0), jac=True, method="L-BFGS-B", bounds=[(-8, 11.5)] * 3)
        for p in (-3.5, 0, 3)
        for q in (-1, 2, 8)
    ]
    highest = -min(end.fun for end in ends) - np.log(scale)
    assert fit.log_likelihood == pytest.approx(highest * len(frame), abs=0.01)
    # At its end the mean is that of all purchases, and no few customers are said to spend most.
    paid = np.average(frame.monetary_value, weights=frame.frequency)
    assert fit.population_mean.estimate == pytest.approx(paid, rel=1e-3)
    assert fit.diagnosis == "values_unlike_model"


# --- What was paid, against the fit


@pytest.mark.parametrize(
    ("p", "q", "v", "x", "mean", "expected"),
    [
        # q 1: the power p x of the share spent / (v + spent), here a half and four fifths.
        (1.0, 1.0, 10.0, 2, 5.0, 0.25),
        (0.5, 1.0, 5.0, 4, 5.0, 0.64),
        # p x 1: one less the power q of what remains of it.
        (0.5, 2.0, 30.0, 2, 5.0, 1 - 0.75**2),
        # p x and q alike: even chances at spent = v.
        (2.0, 6.0, 60.0, 3, 20.0, 0.5),
    ],
)
def test_the_chance_of_a_lower_mean_by_hand(p, q, v, x, mean, expected):
    got = gamma_gamma._below(p, q, v, np.array([x]), np.array([mean]))
    assert got == pytest.approx([expected])


def test_the_misplaced_are_counted_by_hand():
    # With p x = q = 1 and v = 2 the chance is the share itself: a mean of s / (1 - s).
    def held(chances):
        chance = np.array(chances)
        x, mean = np.full(len(chance), 2.0), chance / (1 - chance)
        frame = gamma_gamma._Values(x, mean, np.ones(len(chance)), 0.0)
        return gamma_gamma._agreement(frame, (0.5, 1.0, 2.0))

    even = held(np.tile(np.arange(10) / 10 + 0.05, 5))
    assert even[:3] == (50, pytest.approx(0), pytest.approx(1))
    assert not even.is_refuted
    # All in two tenths: eight tenths hold none, so that 80 % would have to move.
    ends = held(np.tile([0.05, 0.95], 25))
    assert ends.misplaced == pytest.approx(0.8)
    assert ends.chance < 1e-30
    assert ends.is_refuted
    assert held([0.05] * 29).misplaced is None


@pytest.mark.parametrize(("small", "big"), [(50, 500), (50, 250), (50, 150)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_kinds_of_customers_are_named(small, big, seed):
    fit = fit_gamma_gamma(two_kinds(600, small, 0.3, big, 0.5, 4, seed))
    assert fit.diagnosis == "values_unlike_model"
    assert not fit.foretells
    # 30 % and 70 % of them: the average is right, and serves for all together.
    assert fit.foretells_all
    assert fit.population_mean.estimate == pytest.approx(0.3 * small + 0.7 * big, rel=0.06)
    for lang, word in (("en", "several kinds"), ("fr", "plusieurs sortes")):
        assert word in fit.advice(lang)
    assert "spend the same" not in fit.advice("en")


def test_the_page_tells_the_average_of_two_kinds_and_no_single_customer():
    fit = fit_gamma_gamma(two_kinds(600, 50, 0.3, 500, 0.5, 4, 1))
    text = sentences.clv.values(fit, lang="en").text
    assert "Do not use the value that it gives each of them." in text
    assert "For all customers together its average holds: " in text
    assert "nothing here says otherwise" not in text
    rows = pd.DataFrame({"customer_id": ["A"], "cltv": [10.0], "low": [9.0], "high": [11.0]})
    assert plots.predicted_table(rows, lang="en", amounts=fit).text == "Nothing could be foretold."


def test_what_the_model_made_is_not_unlike_it():
    fits = [fit_gamma_gamma(drawn(n=600, seed=seed)) for seed in range(40)]
    assert sum("values_unlike_model" in fit.diagnoses for fit in fits) == 0
    assert all(fit.foretells_all for fit in fits if fit.foretells)


@pytest.mark.parametrize(("p", "q", "v"), [(1.0, 1.6, 40.0), (60.0, 1.3, 1.0)])
def test_a_mean_that_varies_much_is_not_unlike_the_model_that_made_it(p, q, v):
    fits = [fit_gamma_gamma(drawn(n=100, seed=seed, p=p, q=q, v=v)) for seed in range(15)]
    asked = [fit for fit in fits if fit.agreement.mean_chance is not None]
    assert asked
    assert not any(fit.agreement.is_mean_refuted for fit in asked)


def resellers(n, seed):
    """Customers of whom one in 100 spends a hundred times as much as the others."""
    rng = np.random.default_rng(seed)
    x = rng.geometric(0.3, n)
    usual = np.where(rng.random(n) < 0.01, 4000, 35) * np.exp(rng.normal(0, 0.25, n))
    return values(*zip(x, usual * rng.gamma(1.2 * x) / (1.2 * x), strict=True))


@pytest.mark.parametrize("seed", range(4))
def test_a_few_who_pay_much_more_are_not_foretold_by_the_others(seed):
    frame = resellers(3000, seed)
    fit = fit_gamma_gamma(frame)
    assert fit.population_mean.estimate < 0.9 * frame.monetary_value.mean()
    assert "mean_unlike_model" in fit.diagnoses
    assert not fit.foretells
    assert not fit.foretells_all
    # A weight is a repetition here too.
    weighted = fit_gamma_gamma(frame.assign(customers=2.0))
    assert weighted.diagnoses == fit.diagnoses


def test_frequency_that_goes_with_value_gives_another_mean():
    rng = np.random.default_rng(5)
    x = rng.geometric(0.3, 1000)
    mean = 20 * x**0.8 * rng.gamma(4 * x) / (4 * x)
    fit = fit_gamma_gamma(values(*zip(x, mean, strict=True)))
    assert fit.population_mean.estimate > 1.1 * mean.mean()
    assert "mean_unlike_model" in fit.diagnoses


def test_the_page_says_what_the_few_paid_with_the_others():
    frame = resellers(1000, 2)
    fit = fit_gamma_gamma(frame)
    assert fit.diagnosis == "mean_unlike_model"
    text = sentences.clv.values(fit, lang="en").text
    assert "a few of them spend far more than all others" in text
    assert f"They paid ${frame.monetary_value.mean():.2f} a purchase on average" in text
    assert "nothing here says otherwise" not in text
    french = sentences.clv.values(fit, lang="fr").text
    assert "quelques-uns dépensent-ils bien plus" in french


@pytest.mark.parametrize("amounts", [(58.0, 119.0, 2.0), (24.0, 12.0, 13.0)])
def test_a_search_that_did_not_end_names_no_limit(amounts):
    fit = fit_gamma_gamma(values(*((1, amount) for amount in amounts)))
    assert fit.diagnoses == ("values_not_converged",)


def test_amounts_rest_only_on_a_fit_that_can_be_used(fit):
    assert fit.foretells
    alike = fit_gamma_gamma(values(*((9, amount) for amount in np.linspace(39, 41, 300))))
    assert alike.diagnosis == "same_value"
    assert alike.foretells
    assert not fit_gamma_gamma(values((1, 58.0), (1, 119.0), (1, 2.0))).foretells
    assert not fit_gamma_gamma(drawn(n=3000, seed=6, q=0.6)).foretells
    assert not fit_gamma_gamma(values((0, None))).foretells


def test_a_tail_without_mean_is_said():
    fit = fit_gamma_gamma(drawn(n=3000, seed=6, q=0.6))
    assert fit.q < 1
    assert fit.diagnosis == "no_finite_mean"
    assert fit.population_mean == (None, None, None)
    got = fit.expected_value(values((0, None), (3, 50.0)))
    assert got.estimate.isna().tolist() == [True, False]
    assert fit.advice("fr") != fit.advice("en")


@pytest.mark.parametrize(
    ("rows", "outcome"),
    [
        ([], "no_repeat_customers"),
        ([(0, None), (0, None)], "no_repeat_customers"),
        ([(2, 0.0)], "no_repeat_customers"),
        ([(2, 10.0)], "no_variation"),
        ([(2, 10.0), (5, 10.0)], "no_variation"),
    ],
)
def test_nothing_to_fit_is_said(rows, outcome):
    fit = fit_gamma_gamma(values(*rows))
    assert (fit.diagnosis, fit.converged) == (outcome, False)
    assert parameters(fit) == [None] * 3
    assert fit.log_likelihood is None
    assert fit.population_mean == (None, None, None)
    assert fit.expected_value(values((0, None), (3, 50.0))).iloc[:, 1:].isna().all(axis=None)
    assert fit.advice("fr") != fit.advice("en")


def test_a_good_fit_needs_no_advice(fit):
    assert (fit.diagnosis, fit.diagnoses, fit.advice("fr")) == (None, (), None)


def test_bad_input_is_refused(frame):
    with pytest.raises(ColumnError, match="'monetary_value' not found"):
        fit_gamma_gamma(frame.drop(columns="monetary_value"))
    with pytest.raises(DataError, match="infinite"):
        fit_gamma_gamma(values((1, float("inf")), (2, 3.0)))
