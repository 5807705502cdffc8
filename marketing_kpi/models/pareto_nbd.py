"""Pareto/NBD: a second opinion on how often customers will buy, and whether they still do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from marketing_kpi.models.attrition import AttritionFit, check_clock, nothing_to_fit
from marketing_kpi.models.bg_nbd import ADVICE
from marketing_kpi.models.estimation import Floats, Maximum
from marketing_kpi.models.purchases import Counts
from marketing_kpi.models.search import Limit, Slopes, search
from marketing_kpi.text.messages import N_

if TYPE_CHECKING:
    from marketing_kpi.kpis.frames import Frame
    from marketing_kpi.models.clock import Clock

_NODES = 48  # of the integrals: 1e-8 on their logarithm for the wildest parameters tried
_LARGEST = float(np.finfo(np.float64).max)  # stands for infinity where that has no difference
_GROUPS_AT_ONCE = 4096  # times nodes: arrays of 1.5 MB

_ADVICE = MappingProxyType(
    {
        **ADVICE,
        "same_dropout": N_(
            "All customers seem equally likely to leave at any time: only the ratio of s to beta "
            "is known. Averages can be used; if customers of several kinds or periods are mixed, "
            "fit each apart."
        ),
    }
)


@dataclass(frozen=True, kw_only=True)
class ParetoNbd(AttritionFit):
    """A fitted Pareto/NBD; what every fit has is described in `AttritionFit`.

    Attributes
    ----------
    r, alpha
        Customers' purchase rates are gamma with shape r and rate alpha: on average r / alpha a
        unit of time.
    s, beta
        The rates at which they leave are gamma with shape s and rate beta: a customer is still
        there t after the first purchase with probability (beta / (beta + t)) ** s.
    diagnosis, diagnoses
        None; or, as for `BgNbd`, ``"no_customers"``, ``"no_time"``, ``"no_repeat_purchases"``,
        ``"fixed_dates"``, ``"not_converged"``, ``"no_dropout"``, ``"same_dropout"``,
        ``"two_kinds_of_dropout"``, ``"same_rate"``, ``"two_kinds_of_rate"``.

    Parameters are null without a fit; standard errors also for one that ran off to infinity.
    """

    names: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")
    words: ClassVar[Mapping[str, str]] = _ADVICE

    r: float | None
    alpha: float | None
    s: float | None
    beta: float | None

    def log_expected_alive(self, point: Floats, history: Counts, periods: float) -> Floats:
        """Return log(rate of the alive * time that they are expected to stay)."""
        r, alpha, s, beta = np.exp(point)
        rate = np.log(r + history.frequency) - np.log(alpha + history.age)
        return np.asarray(rate + _log_stay(s, beta + history.age, periods))

    def log_odds_alive(self, point: Floats, history: Counts) -> Floats:
        """Return the log odds of being there at the end against having left before."""
        parts = [_ways(point, part).log_terms for part in _parts(history)]
        odds = [terms[:, -1] - _log_sum(terms[:, :-1]) for terms in parts]
        return np.concatenate([np.empty(0), *odds])

    def log_expected_new(self, point: Floats, periods: Floats) -> Floats:
        """Return log(mean rate * time that a new customer is expected to stay)."""
        r, alpha, s, beta = np.exp(point)
        return np.asarray(np.log(r / alpha) + _log_stay(s, beta, periods))

    def log_probability_of(self, point: Floats, n: Floats, periods: Floats | float) -> Floats:
        """Return the log of: n purchases and still there, or left at any time before with n."""
        r, alpha, s, beta = np.exp(point)
        number, last = (part[:, None] for part in np.broadcast_arrays(n, periods))
        time, log_weight = _grid(0.0, last, (s + 1) / beta + (r + number) / alpha)
        leaves = np.log(s / beta) - (s + 1) * np.log1p(time / beta)
        gone = _log_nbd(number, r, alpha, time) + leaves + log_weight
        there = _log_nbd(number, r, alpha, last) - s * np.log1p(last / beta)
        return _log_sum(np.hstack([gone, there]))

    def purchases_variance(self, history: Counts, periods: float) -> Floats:
        """Return the variance of the purchases of each history's customer in the next `periods`.

        While they stay customers buy as a Poisson process: E[Y (Y - 1)] is the mean of the square
        of their rate times that of the square of the time that they stay.
        """
        r, alpha, s, beta = np.exp(self.point)
        mean = np.exp(self.log_expected(self.point, history, periods))
        shape, rate, clock = r + history.frequency, alpha + history.age, beta + history.age
        alive = np.exp(self.log_alive(self.point, history))
        length = np.log1p(periods / clock)
        longer, shorter = (np.exp(_log_mean_exp((k - s) * length)) for k in (2, 1))
        squared_stay = 2 * clock**2 * length * (longer - shorter)
        pairs = alive * shape * (shape + 1) / rate**2 * squared_stay
        return np.asarray(pairs + mean - mean**2)


def fit_pareto_nbd(
    histories: Frame,
    *,
    unit: str | None = None,
    regularity: float | None = None,
    clock: Clock | None = None,
) -> ParetoNbd:
    """Fit Pareto/NBD to purchase histories by maximum likelihood.

    Parameters
    ----------
    histories
        What `summary` returns (a row a customer) or `counts` (a row a history, with its number
        of customers): frequency, recency, T. Rows with a null are left out. From Ibis, the engine
        groups the customers, and only the groups are read.
    unit
        The unit of time of the histories, kept with the fit; it changes nothing else.
    regularity
        What `regularity` returns of the same orders. Under `REGULAR` nothing is fitted, since
        customers who buy on fixed dates are not those of the model: the diagnosis is
        ``"fixed_dates"``. Histories alone cannot tell.
    clock
        The one that `summary` measured the histories on; the future is then measured on it too.

    Returns
    -------
    ParetoNbd
        The estimates; see its attributes. Data that no such model made give a `diagnosis`.

    Raises
    ------
    ColumnError, DataError
        As `Counts.of`.
    ComputeError
        When `unit` is unknown, or not given with a clock.

    Notes
    -----
    Customers buy at rates that are gamma distributed (r, alpha), and leave at any time, at rates
    that are gamma distributed too (s, beta); a BG/NBD lets them leave after a purchase only. When
    both foretell much the same, that choice does not matter. A customer of x repeat purchases,
    the last at t and observed until T, has the likelihood::

        G(r + x)    (alpha)^r  (beta)^s
        --------  ------------------------------  if still there, and for each time u from t to T
          G(r)    (alpha + T)^(r+x) (beta + T)^s

        G(r + x)        s alpha^r beta^s
        --------  ----------------------------------  du  if gone by then.
          G(r)    (alpha + u)^(r+x) (beta + u)^(s+1)

    Fader and Hardie write the integral as a difference of two hypergeometric functions, in two
    cases; here it is a quadrature in log space of 48 terms, all positive: no digits cancel, and
    hundreds of purchases stay finite. The likelihood is maximised by trust-region Newton steps
    with exact first and second derivatives, time being measured in mean ages, so that days and
    weeks give one fit. A maximum at infinity is found by following it, as for BG/NBD.

    References
    ----------
    Schmittlein, D. C., Morrison, D. G. and Colombo, R. (1987). Counting your customers: who are
    they and what will they do next? Management Science 33(1).
    Fader, P. S. and Hardie, B. G. S. (2005). A note on deriving the Pareto/NBD model and related
    expressions. http://brucehardie.com/notes/009/

    Examples
    --------
    >>> import pandas as pd
    >>> histories = pd.DataFrame({
    ...     "frequency": [0, 1, 1, 2, 2, 5, 5, 9],
    ...     "recency": [0.0, 3.0, 30.0, 5.0, 33.0, 8.0, 36.0, 38.0],
    ...     "T": [39.0] * 8,
    ...     "customers": [1400, 180, 120, 60, 70, 20, 40, 15],
    ... })
    >>> fit = fit_pareto_nbd(histories, unit="week")
    >>> fit.converged, fit.diagnosis, round(fit.r, 2), round(fit.s, 2)
    (True, None, 0.55, 0.56)
    """
    check_clock(clock, unit)
    counts = Counts.of(histories)
    nothing = nothing_to_fit(counts, regularity)
    if nothing is not None:
        return ParetoNbd.of(None, counts, unit=unit, clock=clock, diagnoses=(nothing,))
    # In mean ages, days and weeks are one.
    scale = float(counts.weight @ counts.age) / counts.customers
    scaled = replace(counts, recency=counts.recency / scale, age=counts.age / scale)
    found, limits = search(
        lambda at: _in_coordinates(scaled, at), _STARTS, _LIMITS, customers=counts.customers
    )
    covariance = None
    if found.is_maximum:
        covariance = _TO_LOGS @ found.covariance(counts.customers) @ _TO_LOGS.T
    maximum = Maximum(
        point=_TO_LOGS @ found.at + np.log(scale) * np.array([0, 1, 0, 1]),
        log_likelihood=float(found.slopes.value) * counts.customers
        - counts.repeat_purchases * float(np.log(scale)),
        covariance=covariance,
        iterations=found.steps,
        converged=found.is_maximum,
    )
    diagnoses = tuple(limit.id for limit in limits)
    if not found.is_maximum:
        diagnoses = ("not_converged", *diagnoses)
    unknown = {name for limit in limits for name in limit.parameters}
    return ParetoNbd.of(
        maximum, counts, unit=unit, clock=clock, diagnoses=diagnoses, unknown=unknown
    )


# --- The search -----------------------------------------------------------------------------

# Its coordinates: log r (how alike the rates are), log of the mean rate r / alpha, log of the
# mean rate of leaving s / beta, log s (how alike these are).
_SHAPE, _RATE, _LEAVING, _SPREAD = range(4)
_TO_LOGS = np.array([[1.0, 0, 0, 0], [1, -1, 0, 0], [0, 0, 0, 1], [0, 0, -1, 1]])

_STARTS = (
    (-0.5, 0.3, 0.0, -0.5),
    (0.7, 0.0, -2.0, 1.0),
    (-1.5, 1.0, 1.0, 0.0),
    (2.0, 0.0, 0.0, 3.0),
)
_FAR = float(np.log(1e4))  # of r or s: customers then differ by 1 % of the mean
_END = float(np.log(1e10))
_NOBODY = 30.0  # log rate: one in 10^13 within the mean age
_HALVES = 4.0  # of -log s: rates of leaving vary by seven times their mean

_LIMITS = (
    # Where nobody leaves, how alike the rates of leaving are means nothing.
    Limit("no_dropout", _LEAVING, -_FAR, {_LEAVING: -_NOBODY, _SPREAD: 0.0}, ("s", "beta")),
    Limit("same_dropout", _SPREAD, _FAR, {_SPREAD: _END}, ("s", "beta")),
    Limit("two_kinds_of_dropout", _SPREAD, -_HALVES, {_SPREAD: -_HALVES}, ("s", "beta")),
    Limit("same_rate", _SHAPE, _FAR, {_SHAPE: _END}, ("r", "alpha")),
    Limit("two_kinds_of_rate", _SHAPE, -_FAR, {_SHAPE: -_END}, ("r", "alpha")),
)


def _in_coordinates(counts: Counts, at: Floats) -> Slopes:
    """Return the mean log-likelihood and its derivatives in the coordinates of the search."""
    parts = [_likelihood(_TO_LOGS @ at, part) for part in _parts(counts)]
    value, gradient, hessian = (sum(kind) / counts.customers for kind in zip(*parts, strict=True))
    return Slopes(float(value), _TO_LOGS.T @ gradient, _TO_LOGS.T @ hessian @ _TO_LOGS)


def _parts(counts: Counts) -> Iterator[Counts]:
    """Cut histories into pieces whose integrals fit in the processor's memory."""
    for start in range(0, len(counts.weight), _GROUPS_AT_ONCE):
        rows = slice(start, start + _GROUPS_AT_ONCE)
        yield Counts(
            counts.frequency[rows], counts.recency[rows], counts.age[rows], counts.weight[rows]
        )


# --- The likelihood -------------------------------------------------------------------------


class _Ways(NamedTuple):
    """The ways in which histories may have come about, a row a history.

    Attributes
    ----------
    end
        When the customer left, at the nodes of an integral from the last purchase on; in the last
        column the end of the data, for who is still there.
    log_rate, log_clock
        log(1 + end / alpha) and log(1 + end / beta).
    log_terms
        Logarithm of what each way adds to the likelihood, but for a factor common to the row.
    """

    end: Floats
    log_rate: Floats
    log_clock: Floats
    log_terms: Floats


def _ways(point: Floats, history: Counts) -> _Ways:
    r, alpha, s, beta = np.exp(point)
    shape = (r + history.frequency)[:, None]
    first, last = history.recency[:, None], history.age[:, None]
    time, log_weight = _grid(first, last, (s + 1) / (beta + first) + shape / (alpha + first))
    end = np.hstack([time, last])
    log_rate, log_clock = np.log1p(end / alpha), np.log1p(end / beta)
    log_terms = -shape * log_rate - s * log_clock
    log_terms[:, :-1] += np.log(s / beta) - log_clock[:, :-1] + log_weight
    return _Ways(end, log_rate, log_clock, log_terms)


def _likelihood(point: Floats, history: Counts) -> Slopes:
    """Return the log-likelihood and its derivatives by the logarithms of the parameters.

    Of a sum of ways: its slopes are the means of theirs, each way weighing what it adds; its
    curvature is the mean of theirs and the variance of their slopes.
    """
    r, alpha, s, beta = np.exp(point)
    x, weight = history.frequency, history.weight
    end, log_rate, log_clock, log_terms = _ways(point, history)
    either = _log_sum(log_terms)
    chance = np.exp(log_terms - either[:, None])
    buys = _rising(r, x)

    of_rate, of_clock = end / (alpha + end), end / (beta + end)
    left = np.ones(end.shape[1])
    left[-1] = 0.0
    shape, leaving = (r + x)[:, None], s + left
    slopes = np.stack(
        [-r * log_rate, shape * of_rate, left - s * log_clock, leaving * of_clock - left]
    )
    mean = np.einsum("awk,wk->aw", slopes, chance)
    gradient = mean @ weight + np.array([r * (weight @ buys.first), -(weight @ x), 0.0, 0.0])

    chance *= weight[:, None]
    # einsum adds up on the spot: a library of matrices would start threads for a 4 x 4 result.
    hessian = np.einsum("awk,bwk,wk->ab", slopes, slopes, chance)
    hessian -= np.einsum("aw,bw,w->ab", mean, mean, weight)
    curves = {
        (0, 0): -r * log_rate,
        (0, 1): r * of_rate,
        (1, 1): -shape * of_rate * (1 - of_rate),
        (2, 2): -s * log_clock,
        (2, 3): s * of_clock,
        (3, 3): -leaving * of_clock * (1 - of_clock),
    }
    for (i, j), curve in curves.items():
        hessian[i, j] += np.einsum("wk,wk->", curve, chance)
        hessian[j, i] = hessian[i, j]
    hessian[0, 0] += weight @ (r * buys.first - r**2 * buys.second)
    value = weight @ (buys.value + x * (point[0] - point[1]) + either)
    return Slopes(float(value), gradient, hessian)


class _Rising(NamedTuple):
    """log(r (r + 1) ... (r + x - 1) / r^x), and the sums of 1 / (r + k) and of its square.

    Sums over k below x: differences of log-gamma functions lose their digits where r is large.
    """

    value: Floats
    first: Floats
    second: Floats


def _rising(r: float, x: Floats) -> _Rising:
    places = x.astype(np.intp)
    k = np.arange(places.max(initial=0))
    terms = np.log1p(k / r), 1 / (r + k), 1 / (r + k) ** 2
    return _Rising(*(np.append(0.0, np.cumsum(term))[places] for term in terms))


# --- Integrals ------------------------------------------------------------------------------


@cache
def _nodes() -> tuple[Floats, Floats]:
    """Return the points and weights of the Gauss-Legendre rule on 0-1."""
    points, weights = np.polynomial.legendre.leggauss(_NODES)
    return (points + 1) / 2, weights / 2


def _grid(first: Floats | float, last: Floats, decay: Floats) -> tuple[Floats, Floats]:
    """Return times from first to last and the logarithms of their weights in an integral.

    What is integrated falls by `decay` a unit of time at first, and then ever more slowly: even
    steps of the logarithm of 1 + decay * time are fine where it is steep, whatever its scale.
    """
    points, weights = _nodes()
    length = np.log1p(decay * (last - first))
    steps = length * points
    with np.errstate(divide="ignore"):
        log_weight = np.log(length) - np.log(decay) + steps + np.log(weights)
    return first + np.expm1(steps) / decay, log_weight


def _log_sum(log_terms: Floats) -> Floats:
    """Return the logarithms of the sums of rows of any size."""
    most = np.maximum(log_terms.max(axis=1), -_LARGEST)
    with np.errstate(divide="ignore"):
        return np.asarray(most + np.log(np.exp(log_terms - most[:, None]).sum(axis=1)))


def _log_stay(s: float, beta: Floats | float, periods: Floats | float) -> Floats:
    """Return the logarithm of how long a customer is expected to stay in the next periods.

    That is the integral of (beta / (beta + u)) ** s for u from 0 to periods, also at s = 1.
    """
    length = np.log1p(periods / beta)
    with np.errstate(divide="ignore"):
        return np.log(beta) + np.log(length) + _log_mean_exp((1 - s) * length)


def _log_mean_exp(value: Floats) -> Floats:
    """Return the logarithm of (exp(value) - 1) / value, which is 0 at 0."""
    size = np.maximum(np.abs(value), 1e-300)
    return np.maximum(value, 0.0) + np.log(-np.expm1(-size) / size)


def _log_nbd(n: Floats, r: float, alpha: float, time: Floats) -> Floats:
    """Return the logarithm of the probability of n purchases while staying for `time`."""
    from scipy.special import gammaln, xlogy

    ways = gammaln(r + n) - gammaln(r) - gammaln(n + 1)
    return np.asarray(ways - r * np.log1p(time / alpha) + xlogy(n, time / (alpha + time)))
