"""BG/NBD: derivatives, recovery, limits, hundreds of purchases, and what must not matter."""

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from scipy.integrate import quad
from scipy.special import gammaln
from scipy.stats import beta as beta_law

from marketing_kpi.errors import ColumnError, ComputeError, DataError
from marketing_kpi.models import bg_nbd
from marketing_kpi.models.bg_nbd import fit_bg_nbd, simulate
from marketing_kpi.models.purchases import Counts

TRUTH = {"r": 0.5, "alpha": 6.0, "a": 0.9, "b": 2.6}
FEW = settings(max_examples=15, deadline=None)


def drawn(n=3000, seed=1, weeks=(27, 39), **truth):
    """Simulate customers in whole days, as `summary` gives them."""
    rng = np.random.default_rng(seed)
    age = rng.integers(weeks[0] * 7, weeks[1] * 7 + 1, n) / 7
    frame = simulate(**{**TRUTH, **truth}, age=age, rng=rng)
    return frame.assign(customer_id=[f"C{i:05}" for i in range(n)])


def one(x, recency, age):
    return Counts(*(np.array([float(value)]) for value in (x, recency, age, 1)))


def row(x, recency, age):
    return pd.DataFrame({"customer_id": ["A"], "frequency": [x], "recency": [recency], "T": [age]})


def parameters(fit):
    return [fit.r, fit.alpha, fit.a, fit.b]


@pytest.fixture(scope="module")
def frame():
    return drawn()


@pytest.fixture(scope="module")
def fit(frame):
    return fit_bg_nbd(frame, unit="week")


def plain_likelihood(logs, counts):
    """The formula of the paper, with gamma functions."""
    r, alpha, a, b = np.exp(logs)
    x, recency, age = counts.frequency, counts.recency, counts.age
    buys = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stays = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    here = -(r + x) * np.log(alpha + age)
    before = np.where(x > 0, b + x - 1, 1.0)
    gone = np.where(x > 0, np.log(a / before) - (r + x) * np.log(alpha + recency), -np.inf)
    return float(counts.weight @ (buys + stays + np.logaddexp(here, gone)))


# --- The likelihood


@pytest.mark.parametrize("logs", [(-1.4, 1.5, -0.2, 0.9), (0.7, -1.0, 2.0, 0.1), (-3, 4, -2, 3)])
def test_the_likelihood_is_the_papers(frame, logs):
    counts = Counts.of(frame)
    got = bg_nbd._Likelihood.of(counts, scale=1.0)(np.array(logs, dtype=float))
    expected = plain_likelihood(np.array(logs), counts)
    assert got.value * counts.customers == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("at", [(-1.2, 0.3, -1.2, 1.1), (0.5, -0.5, 0.4, -0.7), (3, 1, -4, 5)])
def test_derivatives_are_those_of_finite_differences(frame, at):
    likelihood = bg_nbd._Likelihood.of(Counts.of(frame), scale=33.0)
    at, steps = np.array(at, dtype=float), np.eye(4) * 1e-5

    def slopes(point):
        return bg_nbd._in_coordinates(likelihood, point)

    gradient = [(slopes(at + h).value - slopes(at - h).value) / 2e-5 for h in steps]
    hessian = [(slopes(at + h).gradient - slopes(at - h).gradient) / 2e-5 for h in steps]
    assert slopes(at).gradient == pytest.approx(np.array(gradient), abs=2e-9)
    assert slopes(at).hessian == pytest.approx(np.array(hessian), abs=2e-9)


def test_the_estimates_are_a_maximum(frame, fit):
    counts = Counts.of(frame)
    best = plain_likelihood(fit.point, counts)
    assert best == pytest.approx(fit.log_likelihood, abs=1e-6)
    for step in np.vstack([np.eye(4), -np.eye(4)]) * 0.01:
        assert plain_likelihood(fit.point + step, counts) < best


def test_covariance_is_that_of_the_curvature(frame, fit):
    counts, steps = Counts.of(frame), np.eye(4) * 1e-3

    def at(*moves):
        return plain_likelihood(fit.point + sum(moves), counts)

    information = [
        [-(at(g, h) - at(g, -h) - at(-g, h) + at(-g, -h)) / 4e-6 for g in steps] for h in steps
    ]
    assert fit.log_covariance == pytest.approx(np.linalg.inv(information), rel=1e-3)
    expected = np.sqrt(np.diag(fit.log_covariance)) * parameters(fit)
    assert list(fit.standard_errors.values()) == pytest.approx(expected)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(expected)


# --- What must not matter


@pytest.mark.parametrize("factor", [7.0, 1 / 7, 1e-3, 365.25 / 12])
def test_the_unit_of_time_does_not_matter(frame, fit, factor):
    scaled = frame.assign(recency=frame.recency * factor, T=frame["T"] * factor)
    got = fit_bg_nbd(scaled)
    expected = [fit.r, fit.alpha * factor, fit.a, fit.b]
    assert parameters(got) == pytest.approx(expected, rel=1e-7)
    future = fit.expected_purchases(frame, periods=52).estimate
    same = got.expected_purchases(scaled, periods=52 * factor)
    assert same.estimate.to_numpy() == pytest.approx(future.to_numpy(), rel=1e-7)


@FEW
@given(st.integers(0, 2**31))
def test_the_order_of_rows_does_not_matter(seed):
    frame = drawn(n=200, seed=3)
    shuffled = frame.sample(frac=1, random_state=seed)
    got, expected = fit_bg_nbd(shuffled), fit_bg_nbd(frame)
    assert parameters(got) == parameters(expected)
    assert_frame_equal(
        got.expected_purchases(shuffled, periods=10), got.expected_purchases(frame, periods=10)
    )


@FEW
@given(st.lists(st.integers(1, 5), min_size=60, max_size=60))
def test_a_weight_is_a_repetition(weights):
    frame = drawn(n=60, seed=4).drop(columns="customer_id")
    repeated = frame.loc[frame.index.repeat(weights)]
    got, expected = fit_bg_nbd(frame.assign(customers=weights)), fit_bg_nbd(repeated)
    assert got.diagnoses == expected.diagnoses
    assert parameters(got) == pytest.approx(parameters(expected), rel=1e-6)
    assert got.customers == expected.customers == sum(weights)


def test_the_engine_gives_the_same_fit_and_predictions(frame, fit):
    table = ibis.memtable(frame)
    got = fit_bg_nbd(table)
    assert parameters(got) == parameters(fit)
    for ours, theirs in (
        (fit.expected_purchases(frame, periods=9), got.expected_purchases(table, periods=9)),
        (fit.p_alive(frame), got.p_alive(table)),
    ):
        assert isinstance(theirs, ibis.Table)
        in_order = theirs.to_pandas().sort_values("customer_id").reset_index(drop=True)
        assert_frame_equal(in_order, ours, check_dtype=False)


def test_the_input_is_left_alone(frame, fit):
    before = frame.copy(deep=True)
    fit.p_alive(frame)
    fit.expected_purchases(frame, periods=3)
    assert_frame_equal(frame, before)


# --- Recovery


def test_simulated_parameters_are_recovered():
    got = fit_bg_nbd(drawn(n=40_000, seed=11))
    for name, truth in TRUTH.items():
        distance = (np.log(getattr(got, name)) - np.log(truth)) / (
            got.standard_errors[name] / getattr(got, name)
        )
        assert abs(distance) < 3


def test_simulated_customers_do_what_the_model_says():
    n, weeks, future = 200_000, 30.0, 20.0
    rng = np.random.default_rng(5)
    whole = simulate(**TRUTH, age=np.full(n, weeks), rng=rng)
    expected = fit_at(TRUTH)
    for x in range(4):
        share = (whole.frequency == x).mean()
        probability = expected.probability_of(x, weeks).estimate
        assert share == pytest.approx(probability, abs=4 * np.sqrt(share / n))
    mean = expected.expected_purchases_new(weeks).estimate
    assert whole.frequency.mean() == pytest.approx(mean, abs=4 * whole.frequency.std() / n**0.5)
    # Summed over histories, what comes next is what a longer life adds.
    history = Counts.of(whole)
    next_ones = history.weight @ np.exp(expected.log_expected(expected.point, history, future)) / n
    added = expected.expected_purchases_new(weeks + future).estimate - mean
    assert next_ones == pytest.approx(added, rel=0.03)


def fit_at(truth):
    """Make a fit of given parameters, without intervals."""
    import dataclasses

    some = fit_bg_nbd(drawn(n=300, seed=2))
    return dataclasses.replace(some, point=np.log([*truth.values()]), **truth)


# --- Predictions


def by_integration(point, history, periods, moment):
    """Integrate over the dropout probability, with adaptive quadrature."""
    r, alpha, a, b = np.exp(point)
    x, age = history.frequency[0], history.age[0]
    shape, length = r + x, periods / (alpha + age)

    def mean(p):
        z = p * length
        if moment == 1:
            return -np.expm1(-shape * np.log1p(z)) / p
        more = -np.expm1(-shape * np.log1p(z)) - shape * z * (1 + z) ** (-shape - 1)
        return 2 * (1 - p) / p**2 * more

    law = beta_law(a, b + x)
    centre = [law.ppf(q) for q in (0.01, 0.5, 0.99)]
    parts = zip([0, *centre], [*centre, 1], strict=True)
    return sum(
        quad(lambda p: mean(p) * law.pdf(p), low, high, epsabs=0, epsrel=1e-11, limit=200)[0]
        for low, high in parts
    )


@pytest.mark.parametrize(
    ("x", "recency", "age", "periods"),
    [
        (0, 0, 30, 10),
        (2, 30.43, 38.86, 39),
        (7, 5, 40, 500),
        (80, 38, 39, 52),
        (400, 150, 150, 52),
        (300, 8, 8, 52),
    ],
)
@pytest.mark.parametrize("point", [(0.24, 4.4, 0.79, 2.4), (1.5, 20, 1.0, 3), (0.8, 3, 4, 60)])
def test_expected_purchases_by_integration(x, recency, age, periods, point):
    """a = 1 is where the formula of the paper divides by 0."""
    fit, logs, history = fit_at(TRUTH), np.log(point), one(x, recency, age)
    got = np.exp(fit.log_expected_alive(logs, history, periods))[0]
    assert got == pytest.approx(by_integration(logs, history, periods, 1), rel=1e-8)


@pytest.mark.parametrize(("x", "age", "periods"), [(0, 30, 10), (3, 40, 80), (60, 100, 52)])
def test_variance_of_purchases_by_integration(x, age, periods):
    fit, history = fit_at(TRUTH), one(x, 0.9 * age * (x > 0), age)
    alive = np.exp(fit.log_alive(fit.point, history))[0]
    first, pairs = (by_integration(fit.point, history, periods, moment) for moment in (1, 2))
    expected = alive * (pairs + first) - (alive * first) ** 2
    assert fit.purchases_variance(history, periods)[0] == pytest.approx(expected, rel=1e-7)


def test_p_alive_by_hand():
    """r 1, alpha 1, a 1, b 2, one purchase at 1, seen until 3: odds to be gone 1/2 (4/2)^2."""
    fit = fit_at({"r": 1.0, "alpha": 1.0, "a": 1.0, "b": 2.0})
    assert np.exp(fit.log_alive(fit.point, one(1, 1, 3)))[0] == pytest.approx(1 / 3)


@pytest.mark.parametrize("x", [300, 900, 5000])
def test_hundreds_of_purchases_stay_finite(fit, x):
    recent, lapsed = row(x, 39 - 10 / x, 39.0), row(x, 5.0, 39.0)
    for frame, low, high in ((recent, 0.9, 1.0), (lapsed, 0.0, 1e-100)):
        alive = fit.p_alive(frame).iloc[0, 1:].astype(float)
        assert np.isfinite(alive).all()
        assert low <= alive.low <= alive.estimate <= alive.high <= high
        future = fit.expected_purchases(frame, periods=52).iloc[0, 1:].astype(float)
        assert np.isfinite(future).all()
        assert 0 <= future.low <= future.estimate <= future.high
    assert fit.expected_purchases(recent, periods=52).estimate[0] > x / 2


def test_without_a_repeat_purchase_nobody_has_left(fit):
    assert fit.p_alive(row(0, 0.0, 39.0)).iloc[0, 1:].tolist() == [1.0, 1.0, 1.0]


def test_no_time_no_purchase(fit):
    assert fit.expected_purchases(row(3, 20.0, 39.0), periods=0).iloc[0, 1:].tolist() == [0, 0, 0]
    assert fit.probability_of(0, 0).estimate == 1
    assert fit.expected_purchases_new(0).estimate == 0


def test_probabilities_add_up_to_one(fit):
    total = sum(fit.probability_of(n, 39.0).estimate for n in range(300))
    assert total == pytest.approx(1, abs=1e-9)
    mean = sum(n * fit.probability_of(n, 39.0).estimate for n in range(300))
    assert mean == pytest.approx(fit.expected_purchases_new(39.0).estimate, rel=1e-6)


def test_intervals_stay_in_range_and_hold_the_estimate(frame, fit):
    alive = fit.p_alive(frame)
    assert ((alive.low >= 0) & (alive.low <= alive.estimate) & (alive.high <= 1)).all()
    future = fit.expected_purchases(frame, periods=26)
    assert ((future.low > 0) & (future.low < future.estimate) & (future.high < 1e3)).all()


def test_the_bootstrap_agrees_with_the_delta_method():
    frame = drawn(n=2000, seed=8)
    fit = fit_bg_nbd(frame)
    some = frame.head(20)
    rng = np.random.default_rng(4)
    for delta, bootstrap in (
        (
            fit.expected_purchases(some, periods=26),
            fit.expected_purchases(some, periods=26, method="bootstrap", resamples=100, rng=rng),
        ),
        (fit.p_alive(some), fit.p_alive(some, method="bootstrap", resamples=100)),
    ):
        assert bootstrap.estimate.to_numpy() == pytest.approx(delta.estimate.to_numpy())
        width = (delta.high - delta.low).to_numpy()
        for end in ("low", "high"):
            apart = np.abs(bootstrap[end] - delta[end]).to_numpy()
            assert (apart <= 0.35 * width + 1e-12).all()


def test_the_bootstrap_is_reproducible():
    frame = drawn(n=1500, seed=8)
    fit = fit_bg_nbd(frame)
    twice = [fit.p_alive(frame, method="bootstrap", resamples=20) for _ in range(2)]
    assert_frame_equal(*twice)


# --- Limits


def alike(n=3000, weeks=40.0, seed=0, made=None, last=None):
    """Simulate customers who differ less in their rates, or dropout, than chance alone would."""
    rng = np.random.default_rng(seed)
    made = rng.poisson(rng.gamma(0.5, 1 / 4, n) * weeks) if made is None else made(rng, n)
    last = rng.geometric(rng.beta(1, 3, n)) if last is None else last(rng, n)
    x = np.minimum(made, last)
    share = rng.beta(np.maximum(x, 1), made - x + 1)
    recency = np.where(x > 0, weeks * share, 0.0)
    return pd.DataFrame({"frequency": x, "recency": recency, "T": weeks})


def table(*rows):
    return pd.DataFrame(rows, columns=["frequency", "recency", "T", "customers"])


LIMITS = {
    "same_rate": alike(made=lambda rng, n: rng.binomial(8, 0.5, n)),
    "same_dropout": alike(last=lambda rng, n: rng.integers(1, 8, n)),
    "no_dropout": pd.DataFrame({"frequency": [5, 3] * 50, "recency": 10.0, "T": 10.0}),
    "everyone_leaves": table((1, 5.0, 9.0, 50), (0, 0.0, 9.0, 50), (1, 2.0, 9.0, 40)),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_is_named_and_predictions_stay_finite(limit):
    fit = fit_bg_nbd(LIMITS[limit])
    assert limit in fit.diagnoses
    assert fit.diagnosis == fit.diagnoses[0]
    assert fit.converged
    lost = ("r", "alpha") if limit == "same_rate" else ("a", "b")
    assert [fit.standard_errors[name] for name in lost] == [None, None]
    for answer in (fit.p_alive(row(2, 5.0, 9.0)), fit.expected_purchases(row(2, 5, 9), periods=9)):
        estimate, low, high = answer.iloc[0, 1:].astype(float)
        assert low <= estimate <= high < 100
    assert fit.advice("fr") != fit.advice("en")


@pytest.mark.parametrize("seed", range(3))
def test_at_or_near_a_limit_what_is_known_is_kept(seed):
    fit = fit_bg_nbd(alike(seed=seed, last=lambda rng, n: rng.geometric(0.2, n)))
    assert fit.a / (fit.a + fit.b) == pytest.approx(0.2, abs=0.02)
    assert fit.r == pytest.approx(0.5, abs=0.08)
    fit = fit_bg_nbd(alike(seed=seed, made=lambda rng, n: rng.poisson(4, n)))
    assert fit.r / fit.alpha == pytest.approx(0.1, abs=0.005)
    assert fit.a / (fit.a + fit.b) == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize("limit", ["same_rate", "same_dropout"])
def test_a_limit_is_no_worse_than_what_is_near(limit):
    fit, counts = fit_bg_nbd(LIMITS[limit]), Counts.of(LIMITS[limit])
    for size in (10.0, 100.0, 1000.0):
        near = fit.point.copy()
        pair = slice(0, 2) if limit == "same_rate" else slice(2, 4)
        near[pair] += np.log(size) - near[pair].min()
        assert plain_likelihood(near, counts) < fit.log_likelihood


@pytest.mark.parametrize(
    ("histories", "outcome"),
    [
        (table(), "no_customers"),
        (table((0, 0.0, 0.0, 5)), "no_time"),
        (table((0, 0.0, 9.0, 5), (0, 0.0, 3.0, 1)), "no_repeat_purchases"),
    ],
)
def test_nothing_to_fit_is_said(histories, outcome):
    fit = fit_bg_nbd(histories.astype("float64"))
    assert (fit.diagnosis, fit.converged) == (outcome, False)
    assert parameters(fit) == [None] * 4
    assert fit.log_likelihood is None
    assert fit.expected_purchases_new(9) == (None, None, None)
    assert fit.probability_of(1, 9) == (None, None, None)
    for method in ("delta", "bootstrap"):
        assert fit.p_alive(row(0, 0.0, 9.0), method=method).iloc[0, 1:].isna().all()
    assert fit.expected_purchases(row(1, 1.0, 9.0), periods=9).iloc[0, 1:].isna().all()
    assert fit.advice("fr") != fit.advice("en")


def test_one_customer_has_a_stated_outcome():
    fit = fit_bg_nbd(table((3, 10.0, 20.0, 1)))
    assert fit.diagnosis is not None
    estimate = fit.expected_purchases(row(3, 10.0, 20.0), periods=10).estimate[0]
    assert 0 < estimate < 10


def test_ages_may_all_be_equal():
    fit = fit_bg_nbd(drawn(weeks=(39, 39)))
    assert fit.diagnosis is None
    assert parameters(fit) == pytest.approx(list(TRUTH.values()), rel=0.35)


def test_a_good_fit_needs_no_advice(fit):
    assert (fit.diagnosis, fit.diagnoses, fit.advice("fr")) == (None, (), None)


# --- What is refused


def test_bad_questions_are_refused(frame, fit):
    with pytest.raises(ColumnError, match="'T' not found"):
        fit_bg_nbd(frame.drop(columns="T"))
    with pytest.raises(ComputeError, match="unit 'weeks' not found; did you mean 'week'"):
        fit_bg_nbd(frame, unit="weeks")
    with pytest.raises(ComputeError, match="must be 0 or more"):
        fit.expected_purchases(frame, periods=-1)
    with pytest.raises(ComputeError, match="did you mean 'bootstrap'"):
        fit.p_alive(frame, method="boot")
    with pytest.raises(ComputeError, match="must be at least 2"):
        fit.p_alive(frame, method="bootstrap", resamples=1)


@pytest.mark.parametrize(
    ("history", "message"),
    [
        ((-1, 1.0, 9.0), "frequency is -1"),
        ((1.5, 1.0, 9.0), "a whole number"),
        ((1, 10.0, 9.0), "from 0 to T"),
        ((0, 1.0, 9.0), "0 without a repeat purchase"),
        ((2, 0.0, 9.0), "above 0 with one"),
        ((1, 1.0, float("inf")), "finite"),
    ],
)
def test_impossible_histories_are_refused(history, message):
    with pytest.raises(DataError, match=message):
        fit_bg_nbd(row(*history))


def test_customers_without_a_history_get_no_prediction(fit):
    given = pd.concat([row(1, 1.0, 9.0), row(np.nan, np.nan, 9.0).assign(customer_id="B")])
    got = fit.p_alive(given)
    assert got.customer_id.tolist() == ["A", "B"]
    assert got.estimate.isna().tolist() == [False, True]


def test_customers_who_buy_on_fixed_dates_are_not_fitted():
    rows = pd.DataFrame({"frequency": [0, 1, 2, 5], "recency": [0.0, 4.0, 9.0, 22.0], "T": 39.0})
    histories = rows.assign(customers=[60, 20, 10, 10])
    fit = fit_bg_nbd(histories, unit="week", regularity=0.1)
    assert (fit.diagnosis, fit.foretells, fit.r) == ("fixed_dates", False, None)
    assert "regular dates" in fit.advice("en")
    assert fit.advice("en").endswith("and on their attrition where the data tell it.")
    usual = fit_bg_nbd(histories, unit="week", regularity=0.9)
    assert usual.log_likelihood == fit_bg_nbd(histories, unit="week").log_likelihood


# --- The Gauss rule


@pytest.mark.parametrize(("purchases", "length"), [(0, 1.0), (3, 100.0), (50, 100.0), (200, 20.0)])
def test_a_rule_is_as_good_as_one_of_thousands_of_nodes(purchases, length):
    shape = 0.5 + purchases
    nodes, weights = bg_nbd._beta_rule(0.9, 2.6 + purchases, 3_000)
    fine = weights @ bg_nbd._purchases(nodes, np.array(shape), np.array(length))
    given = (np.array([float(value)]) for value in (purchases, shape, length))
    got = bg_nbd._over_dropout(bg_nbd._purchases, 0.9, 2.6, *given)
    assert got == pytest.approx(fine, rel=1e-12)


def test_what_is_expected_of_a_customer_does_not_depend_on_the_others(fit):
    given = pd.concat([row(200, 30.0, 39.0), row(0, 0.0, 1.0).assign(customer_id="B")])
    both = fit.expected_purchases(given, periods=52)
    alone = fit.expected_purchases(given.iloc[:1], periods=52)
    assert both.estimate[0] == alone.estimate[0]
