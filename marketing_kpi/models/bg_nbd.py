"""BG/NBD: how often each customer will buy, and whether each still is a customer.

A customer buys at a rate of their own until leaving for good, which can happen after any repeat
purchase. The rates follow a gamma distribution, the chances to leave a beta distribution.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketing_kpi.errors import ComputeError, unknown
from marketing_kpi.kpis.periods import DAYS_A_MONTH
from marketing_kpi.models.attrition import AttritionFit, check_clock, nothing_to_fit
from marketing_kpi.models.estimation import Floats, Maximum, by_group
from marketing_kpi.models.purchases import Counts, unit_days
from marketing_kpi.models.search import Limit, Slopes, search
from marketing_kpi.text.messages import N_

if TYPE_CHECKING:
    from marketing_kpi.kpis.frames import Frame
    from marketing_kpi.models.clock import Clock

_SEED = 20_000  # fixed, so that a report says the same twice; any value would do
_Moment: TypeAlias = Callable[[Floats, Floats, Floats], Floats]

# --- What can be wrong ----------------------------------------------------------------------

ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "no_customers": N_(
            "There is no customer whose first order is in the data: check the dates and the "
            "filters. If all registered before the data begin, take a longer history."
        ),
        "no_time": N_(
            "Everybody was first seen on the last day: wait, or move the day of the analysis."
        ),
        "no_repeat_purchases": N_(
            "Nobody bought a second time: neither a rate of purchase nor a departure can be seen. "
            "Take a longer history, or check that customers are told apart by one id."
        ),
        "fixed_dates": N_(
            "These customers buy on regular dates, as subscribers do, and the model takes "
            "purchases to come at random: it foretells nothing of them. Rely on the survival "
            "of customers, month after month, and on their attrition where the data tell it."
        ),
        "no_dropout": N_(
            "The model finds nobody leaving: everyone is taken as still a customer, which cannot "
            "be projected far. Take a longer history before trusting a horizon beyond it."
        ),
        "everyone_leaves": N_(
            "Everyone seems to leave at the first repeat purchase: nobody bought a third time. "
            "Take a longer history; until then do not project individual customers."
        ),
        "same_dropout": N_(
            "All customers seem equally likely to leave after a purchase: only the ratio of a to b "
            "is known. Averages can be used; if customers of several kinds or periods are mixed, "
            "fit each apart."
        ),
        "two_kinds_of_dropout": N_(
            "Some customers seem to leave at once and the others never. Check that one-time and "
            "subscribed customers, or two kinds of purchases, are not mixed."
        ),
        "same_rate": N_(
            "All customers seem to buy at one rate: only the ratio of r to alpha is known. This is "
            "usual of subscriptions and of orders made by a system; leave these out."
        ),
        "two_kinds_of_rate": N_(
            "A few customers make all the repeat purchases and the others none. Look for "
            "resellers, staff or test accounts, and fit without them."
        ),
        "not_converged": N_(
            "The likelihood has no clear maximum: these estimates are not to be used. Check the "
            "histories, or take more customers."
        ),
    }
)


# --- The likelihood -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Likelihood:
    """The mean log-likelihood of customers, by the logarithms of r, alpha, a and b.

    Nothing overflows and no digits are lost, however large frequencies and parameters are: ratios
    of gamma functions are sums of logarithms over the purchases, and the two ways to have a
    history (still a customer, or gone at the last purchase) are added on the log scale. What does
    not need the whole history is summed up beforehand: over the k-th purchases and over the ages.

    Attributes
    ----------
    reached
        Share of the customers with more than k repeat purchases, for k = 0, 1, 2, …
    age, of_age, purchases
        Distinct ages, the share of the customers of each, and their repeat purchases.
    x, gap, recency, weight
        Of histories with a repeat purchase: how many, the time since the last one, the time of
        it, and the share of the customers.
    """

    reached: Floats
    age: Floats
    of_age: Floats
    purchases: Floats
    x: Floats
    gap: Floats
    recency: Floats
    weight: Floats

    @classmethod
    def of(cls, counts: Counts, *, scale: float) -> _Likelihood:
        """Sum up what can be, with time in units of `scale`."""
        weight = counts.weight / counts.customers
        made_by = weight * counts.frequency
        made = np.bincount(counts.frequency.astype(np.intp), weights=weight)
        ages, place = np.unique(counts.age / scale, return_inverse=True)
        repeats = counts.frequency > 0
        x, recency, age = (part[repeats] for part in (counts.frequency, counts.recency, counts.age))
        return cls(
            reached=np.cumsum(made[::-1])[::-1][1:].astype(np.float64),
            age=ages,
            of_age=np.bincount(place, weights=weight).astype(np.float64),
            purchases=np.bincount(place, weights=made_by).astype(np.float64),
            x=x,
            gap=(age - recency) / scale,
            recency=recency / scale,
            weight=weight[repeats],
        )

    def __call__(self, logs: Floats) -> Slopes:
        """Return the likelihood and its derivatives by the logarithms."""
        everyone, either = self._of_everyone(logs), self._of_repeats(logs)
        return Slopes(
            everyone.value + either.value,
            everyone.gradient + either.gradient,
            everyone.hessian + either.hessian,
        )

    def _of_everyone(self, logs: Floats) -> Slopes:
        """Return what does not tell customers still there from those gone."""
        r, alpha, a, b = np.exp(logs)
        k, total = np.arange(len(self.reached)), float(self.reached.sum())
        length = np.log1p(self.age / alpha)
        part = self.age / (alpha + self.age)
        power = r * self.of_age + self.purchases
        terms = np.log1p(k / r) + np.log1p(k / b) - np.log1p(k / (a + b))
        value = (
            total * (logs[0] - logs[1] + logs[3] - np.logaddexp(logs[2], logs[3]))
            + float(self.reached @ terms)
            - float(power @ length)
        )
        (buys, buys_2), (stays, stays_2), (both, both_2) = (
            self._rising(shape + k) for shape in (r, b, a + b)
        )
        gradient = np.array(
            [
                r * (buys - float(self.of_age @ length)),
                float(power @ part) - total,
                -a * both,
                b * (stays - both),
            ]
        )
        hessian = np.diag(
            [
                gradient[0] - r**2 * buys_2,
                -float(power @ (part * (1 - part))),
                gradient[2] + a**2 * both_2,
                gradient[3] - b**2 * (stays_2 - both_2),
            ]
        )
        hessian[0, 1] = hessian[1, 0] = r * float(self.of_age @ part)
        hessian[2, 3] = hessian[3, 2] = a * b * both_2
        return Slopes(value, gradient, hessian)

    def _rising(self, shifted: Floats) -> tuple[float, float]:
        """Return the sums of 1 / (shape + k) and of its square, over the k-th purchases."""
        inverse = 1 / shifted
        return float(self.reached @ inverse), float(self.reached @ inverse**2)

    def _of_repeats(self, logs: Floats) -> Slopes:
        """Return the log of (1 + odds), with odds to be gone rather than still a customer."""
        r, alpha, _a, b = np.exp(logs)
        before, power = b + (self.x - 1), r + self.x
        since = np.log1p(self.gap / (alpha + self.recency))
        odds = logs[2] - np.log(before) + power * since
        small = np.exp(-np.abs(odds))
        gone = np.where(odds > 0, 1.0, small) / (1 + small)
        value = _dot(self.weight, np.maximum(odds, 0) + np.log1p(small))

        early = self.recency / (alpha + self.recency)
        late = (self.recency + self.gap) / (alpha + self.recency + self.gap)
        share = b / before
        slopes = np.stack([r * since, power * (early - late), np.ones_like(since), -share])
        weighted = self.weight * gone
        gradient = np.einsum("ij,j->i", slopes, weighted)
        hessian = np.einsum("ij,kj->ik", slopes * (weighted * (1 - gone)), slopes)
        hessian[0, 0] += gradient[0]
        hessian[0, 1] += r * _dot(weighted, early - late)
        hessian[1, 0] = hessian[0, 1]
        hessian[1, 1] += _dot(weighted, power * (late * (1 - late) - early * (1 - early)))
        hessian[3, 3] += _dot(weighted, share * (share - 1))
        return Slopes(value, gradient, hessian)


def _dot(one: Floats, other: Floats) -> float:
    # BLAS wakes its threads for products so long and thin, which cost more than the sum.
    return float(np.einsum("i,i", one, other))


# --- The search -----------------------------------------------------------------------------

# Its coordinates: log r (how alike the rates are), log of the mean rate r / alpha, log odds of
# the mean dropout probability a / (a + b), log of a + b (how alike these probabilities are).
_SHAPE, _RATE, _DROPOUT, _SPREAD = range(4)

_STARTS = (
    (-1.2, 0.3, -1.2, 1.1),
    (0.7, 0.0, -3.0, 2.0),
    (-1.5, 1.0, 0.0, 0.0),
    (2.0, 0.0, -1.0, 4.0),
)
_FAR = float(np.log(1e4))  # of r or a + b: customers then differ by 1 % of the mean
_END = float(np.log(1e7))
_NOBODY = 30.0  # log odds: one in 10^13

_LIMITS = (
    # Where nobody or everybody leaves, how alike the probabilities are means nothing.
    Limit("no_dropout", _DROPOUT, -_FAR, {_DROPOUT: -_NOBODY, _SPREAD: 0.0}, ("a", "b")),
    Limit("everyone_leaves", _DROPOUT, _FAR, {_DROPOUT: _NOBODY, _SPREAD: 0.0}, ("a", "b")),
    Limit("same_dropout", _SPREAD, _FAR, {_SPREAD: _END}, ("a", "b")),
    Limit("two_kinds_of_dropout", _SPREAD, -_FAR, {_SPREAD: -_END}, ("a", "b")),
    Limit("same_rate", _SHAPE, _FAR, {_SHAPE: _END}, ("r", "alpha")),
    Limit("two_kinds_of_rate", _SHAPE, -_FAR, {_SHAPE: -_END}, ("r", "alpha")),
)


def _logs(at: Floats) -> Floats:
    """Return the logarithms of r, alpha, a and b at a point of the search."""
    leave, stay = -np.logaddexp(0, -at[_DROPOUT]), -np.logaddexp(0, at[_DROPOUT])
    shape, spread = at[_SHAPE], at[_SPREAD]
    return np.array([shape, shape - at[_RATE], leave + spread, stay + spread])


def _jacobian(at: Floats) -> Floats:
    """Return the derivatives of `_logs`."""
    p = float(np.exp(-np.logaddexp(0, -at[_DROPOUT])))
    return np.array([[1, 0, 0, 0], [1, -1, 0, 0], [0, 0, 1 - p, 1], [0, 0, -p, 1]])


def _in_coordinates(likelihood: _Likelihood, at: Floats) -> Slopes:
    """Return the likelihood and its derivatives in the coordinates of the search."""
    value, gradient, hessian = likelihood(_logs(at))
    jacobian = _jacobian(at)
    moved = jacobian.T @ hessian @ jacobian
    p = -jacobian[3, _DROPOUT]
    moved[_DROPOUT, _DROPOUT] -= p * (1 - p) * (gradient[2] + gradient[3])
    return Slopes(value, jacobian.T @ gradient, moved)


# --- What a fit says ------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class BgNbd(AttritionFit):
    """A fitted BG/NBD; what every fit has is described in `AttritionFit`.

    Attributes
    ----------
    r, alpha
        Customers' purchase rates are gamma with shape r and rate alpha: r / alpha a unit of time
        on average. Null without a fit.
    a, b
        Probabilities to leave after a repeat purchase are beta: a / (a + b) on average. Null
        without a fit.
    standard_errors
        Null for a parameter that ran off to infinity, and without a fit.
    covariance, log_covariance
        Given the limit, where there is one: intervals of predictions then hold given that limit.
    diagnosis
        None; or ``"no_customers"``, ``"no_time"``, ``"no_repeat_purchases"``,
        ``"fixed_dates"``: nothing to fit, every estimate is null; ``"not_converged"``: not to be
        used; ``"no_dropout"``, ``"everyone_leaves"``, ``"same_dropout"``,
        ``"two_kinds_of_dropout"``, ``"same_rate"``, ``"two_kinds_of_rate"``: the maximum
        lies at infinity, where that is so.
    diagnoses
        All of these that apply; `diagnosis` is the first.
    ages
        Distinct ages, and how many customers have each: what a bootstrap simulates.
    """

    names: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    words: ClassVar[Mapping[str, str]] = ADVICE

    r: float | None
    alpha: float | None
    a: float | None
    b: float | None
    ages: tuple[Floats, Floats] = field(repr=False)

    @property
    def observed_months(self) -> float | None:
        """Months for which the longest known customer was observed; None without a unit."""
        ages = self.ages[0]
        if self.unit is None or not len(ages):
            return None
        longest = float(ages.max()) * unit_days(self.unit)
        days = longest if self.clock is None else self.clock.calendar_days(longest)
        return days / DAYS_A_MONTH

    def expected_purchases(
        self,
        summary: Frame,
        *,
        periods: float,
        method: str = "delta",
        resamples: int = 200,
        rng: np.random.Generator | None = None,
    ) -> Frame:
        """Predict how many times each customer buys in the next periods.

        As `AttritionFit.expected_purchases`; with ``method="bootstrap"``, the interval holds the
        middle 95 % of what fits to `resamples` simulations of the same customers predict. It
        takes that many fits: for a check, or for few customers. `rng` gives the simulations; a
        fixed seed by default. Low and high are null where the fit itself has a diagnosis.
        """
        if method == "delta":
            return super().expected_purchases(summary, periods=periods)
        points, length = self._bootstrap(method, resamples, rng), self.ahead(periods)
        return self._spread(summary, points, lambda at, one: self.log_expected(at, one, length))

    def p_alive(
        self,
        summary: Frame,
        *,
        method: str = "delta",
        resamples: int = 200,
        rng: np.random.Generator | None = None,
    ) -> Frame:
        """Say how likely each customer still is one.

        As `AttritionFit.p_alive`; for the other arguments see `expected_purchases`.
        """
        if method == "delta":
            return super().p_alive(summary)
        points = self._bootstrap(method, resamples, rng)
        return self._spread(summary, points, self.log_alive)

    def _bootstrap(
        self, method: str, resamples: int, rng: np.random.Generator | None
    ) -> list[Floats]:
        """Return the estimates of fits to simulations, as logarithms."""
        if method != "bootstrap":
            message, hint = unknown("method", method, ("delta", "bootstrap"))
            raise ComputeError(message, hint=hint)
        if resamples < 2:
            raise ComputeError(f"resamples is {resamples!r}, must be at least 2")
        if self.diagnosis is not None:
            return []
        source = np.random.default_rng(_SEED) if rng is None else rng
        r, alpha, a, b = np.exp(self.point)
        age = np.repeat(self.ages[0], np.round(self.ages[1]).astype(np.intp))
        draws = (
            simulate(r=r, alpha=alpha, a=a, b=b, age=age, rng=source) for _ in range(resamples)
        )
        return [fit.point for fit in map(fit_bg_nbd, draws) if np.isfinite(fit.point).all()]

    def _spread(
        self, summary: Frame, points: list[Floats], of: Callable[[Floats, Counts], Floats]
    ) -> Frame:
        """Return a quantity, and the middle 95 % of it over points; `of` gives its logarithm."""

        def answer(history: Counts) -> Mapping[str, Floats]:
            estimate = np.exp(of(self.point, history))
            ends = np.full((2, len(estimate)), np.nan)
            if points:
                drawn = np.exp([of(point, history) for point in points])
                ends = np.quantile(drawn, [0.025, 0.975], axis=0)
            return {"estimate": estimate, "low": ends[0], "high": ends[1]}

        return by_group(summary, answer)

    def log_expected_alive(self, point: Floats, history: Counts, periods: float) -> Floats:
        """Return the log of the purchases expected in the next periods of who is still there."""
        with np.errstate(divide="ignore"):
            return np.log(_future(_purchases, point, history, periods))

    def log_odds_alive(self, point: Floats, history: Counts) -> Floats:
        """Return the log odds that each history's customer is still one; infinite when sure."""
        r, alpha, _a, b = np.exp(point)
        x, repeats = history.frequency, history.frequency > 0
        since = np.log1p((history.age - history.recency) / (alpha + history.recency))
        before = np.where(repeats, b + (x - 1), 1.0)
        odds = np.log(before) - point[2] - (r + x) * since
        # Nobody leaves before a repeat purchase; without a fit nothing is known.
        never = np.inf if np.isfinite(point).all() else np.nan
        return np.asarray(np.where(repeats, odds, never), dtype=np.float64)

    def log_expected_new(self, point: Floats, periods: Floats) -> Floats:
        """Return the logarithm of the repeat purchases expected of a new customer."""
        r, alpha, a, b = np.exp(point)
        none = np.zeros_like(periods, dtype=np.float64)
        with np.errstate(divide="ignore"):
            return np.log(_over_dropout(_purchases, a, b, none, none + r, periods / alpha))

    def log_probability_of(self, point: Floats, n: Floats, periods: float) -> Floats:
        """Return the logarithm of the probability that a new customer repeats n times."""
        from scipy.special import betainc, betaln, gammaln, xlogy

        if not np.isfinite(point).all():
            return np.full(n.shape, np.nan)
        r, alpha, a, b = np.exp(point)
        passed = periods / (alpha + periods)
        made = gammaln(r + n) - gammaln(r) - gammaln(n + 1)
        made = made + xlogy(n, passed) - r * np.log1p(periods / alpha)
        with np.errstate(divide="ignore"):
            # Gone with the n-th purchase: there was time for n or more.
            time_for = np.log(betainc(np.maximum(n, 1), r, passed))
        here = betaln(a, b + n) - betaln(a, b) + made
        gone = betaln(a + 1, b + np.maximum(n, 1) - 1) - betaln(a, b) + time_for
        return np.asarray(np.where(n > 0, np.logaddexp(here, gone), here), dtype=np.float64)

    def purchases_variance(self, history: Counts, periods: float) -> Floats:
        """Return the variance of the purchases of each history's customer in the next `periods`."""
        alive = np.exp(self.log_alive(self.point, history))
        mean = _future(_purchases, self.point, history, periods)
        pairs = _future(_pairs, self.point, history, periods)
        return np.asarray(alive * (pairs + mean) - (alive * mean) ** 2)


# A customer of rate l and dropout probability p, still there, makes (1 - exp(-l p t)) / p
# purchases in the next t on average. Over the gamma of l that is a closed form; over the beta of
# p it is an integral, taken here by the Gauss rule of that very beta distribution: a mean of
# positive terms, that loses no digits where the hypergeometric form of the paper does (a near 1,
# hundreds of purchases).

_CHUNK = 2_000_000  # histories times nodes: 16 MB an array
_MOST_NODES = 512
_DIGITS = 36.0  # -log(1e-16), what the error has to fall by


def _purchases(p: Floats, shape: Floats, length: Floats) -> Floats:
    """Return the purchases expected of someone still there, of dropout probability p."""
    return np.asarray(-np.expm1(-shape * np.log1p(p * length)) / p)


def _pairs(p: Floats, shape: Floats, length: Floats) -> Floats:
    """Return the expected N (N - 1) of their purchases N."""
    from scipy.special import betainc

    z = p * length
    pairs: Floats = 2 * (1 - p) / p**2 * betainc(2.0, shape, z / (1 + z))
    return pairs


def _future(of: _Moment, point: Floats, history: Counts, periods: float) -> Floats:
    """Return a moment of the purchases of those still there, for each history."""
    r, alpha, a, b = np.exp(point)
    x, age, place = history.by_age
    return _over_dropout(of, a, b, x, r + x, periods / (alpha + age))[place]


def _over_dropout(
    of: _Moment, a: float, b: float, x: Floats, shape: Floats, length: Floats
) -> Floats:
    """Return the mean of a moment over dropout probabilities, beta of a and b + x."""
    if not (np.isfinite([a, b]).all() and len(x)):
        return np.full(len(x), np.nan)
    sizes = _rule_sizes(shape, length)
    mean = np.empty(len(x))
    for size in np.unique(sizes):
        alike = np.flatnonzero(sizes == size)
        frequencies, place = np.unique(x[alike], return_inverse=True)
        rules = [_beta_rule(float(a), float(b + one), int(size)) for one in frequencies]
        nodes, weights = np.array(rules).swapaxes(0, 1)
        step = max(1, _CHUNK // int(size))
        for part in (slice(start, start + step) for start in range(0, len(alike), step)):
            rows, ruled = alike[part], place[part]
            moments = of(nodes[ruled], shape[rows, None], length[rows, None])
            mean[rows] = np.einsum("ij,ij->i", weights[ruled], moments)
    return mean


def _rule_sizes(shape: Floats, length: Floats) -> NDArray[np.intp]:
    """Return how many nodes reach double precision.

    The integrand has a pole at -1 / length, of the order `shape`: the higher, the farther from it
    the ellipse has to pass on which the error is bounded. Powers of the root of two, so that
    histories and the months of a horizon share a few rules.
    """
    with np.errstate(divide="ignore"):
        edge = 1 + 2 * _DIGITS / (_DIGITS + shape) / length
    decay = 2 * np.log(edge + np.sqrt(edge**2 - 1))
    needed = 4 + np.ceil((_DIGITS + shape * np.log1p(_DIGITS / shape)) / decay)
    rounded = np.ceil(2 ** (np.ceil(2 * np.log2(needed)) / 2))
    sizes: NDArray[np.intp] = np.minimum(_MOST_NODES, rounded).astype(np.intp)
    return sizes


@lru_cache(maxsize=2_000)
def _beta_rule(a: float, b: float, size: int) -> tuple[Floats, Floats]:
    """Return Gauss nodes and weights of the beta distribution of a and b.

    Eigenvalues of the Jacobi matrix of the shifted Jacobi polynomials (Golub and Welsch 1969).
    """
    from scipy.linalg import eigh_tridiagonal

    k = np.arange(1.0, size)
    both = a + b
    edge = 2 * k + both
    inner = (2 * k * (k + both - 1) + a * (both - 2)) / ((edge - 2) * edge)
    off = np.empty_like(inner)
    off[0] = a * b / (both**2 * (both + 1))
    k, edge = k[1:], edge[1:]
    off[1:] = (
        k * (k + b - 1) * (k + a - 1) * (k + both - 2)
        / ((edge - 2) ** 2 * (edge - 1) * (edge - 3))
    )  # fmt: skip
    nodes, vectors = eigh_tridiagonal(np.append(a / both, inner), np.sqrt(off))
    return np.clip(nodes, 1e-100, 1.0), vectors[0] ** 2


# --- The parametric bootstrap ---------------------------------------------------------------


def simulate(
    *, r: float, alpha: float, a: float, b: float, age: Floats, rng: np.random.Generator
) -> pd.DataFrame:
    """Draw the histories of customers who behave as BG/NBD says.

    Parameters
    ----------
    r, alpha, a, b
        The parameters of the model.
    age
        Time from the first purchase of each customer to the end of what is observed.
    rng
        Where the random numbers come from.

    Returns
    -------
    pandas.DataFrame
        A row a customer, in the order of `age`: frequency, recency, T.

    Notes
    -----
    A Poisson number of purchases would be made by someone who never leaves; the last of them
    allowed is geometric. Given their number, purchases are uniform over time, and the k-th of n
    lies at a beta distributed share of it.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> drawn = simulate(r=1, alpha=5, a=1, b=3, age=np.full(1000, 50.0), rng=rng)
    >>> bool((drawn.frequency > 0).any() and (drawn.recency <= drawn["T"]).all())
    True
    """
    size = len(age)
    made = rng.poisson(rng.gamma(r, 1 / alpha, size) * age)
    # The smallest dropout probability that the generator of geometric numbers takes whole.
    last = rng.geometric(np.maximum(rng.beta(a, b, size), 1e-15))
    frequency = np.minimum(made, last)
    share = rng.beta(np.maximum(frequency, 1), made - frequency + 1)
    recency = np.where(frequency > 0, age * share, 0.0)
    return pd.DataFrame({"frequency": frequency, "recency": recency, "T": age})


def fit_bg_nbd(
    histories: Frame,
    *,
    unit: str | None = None,
    regularity: float | None = None,
    clock: Clock | None = None,
) -> BgNbd:
    """Fit BG/NBD to purchase histories by maximum likelihood.

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
    BgNbd
        The estimates; see its attributes. Data that no such model made give a `diagnosis`.

    Raises
    ------
    ColumnError, DataError
        As `Counts.of`.
    ComputeError
        When `unit` is unknown, or not given with a clock.

    Notes
    -----
    Customers buy at rates that are gamma distributed (r, alpha), and leave after each repeat
    purchase with a probability that is beta distributed (a, b). With B the beta function, a
    customer of x repeat purchases, the last at t and observed until T, has the likelihood::

        B(a, b + x)     G(r + x) alpha^r       B(a + 1, b + x - 1)  G(r + x) alpha^r
        ----------- * --------------------- + [-------------------  --------------------- if x > 0]
          B(a, b)     G(r) (alpha + T)^(r+x)         B(a, b)        G(r) (alpha + t)^(r+x)

    It is maximised by trust-region Newton steps with exact first and second derivatives; the
    curvature gives the standard errors. Time is measured in mean ages meanwhile, so that days
    and weeks give one fit. A maximum at infinity is found by following it: the coordinate that
    runs off is held at its limit, the others are estimated given that, and `diagnosis` says so.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005). "Counting your customers" the easy way:
    an alternative to the Pareto/NBD model. Marketing Science 24(2).
    https://doi.org/10.1287/mksc.1040.0098

    Examples
    --------
    >>> import pandas as pd
    >>> histories = pd.DataFrame({
    ...     "frequency": [0, 0, 1, 1, 2, 3, 7],
    ...     "recency": [0.0, 0.0, 4.0, 25.0, 12.0, 30.0, 38.0],
    ...     "T": [39.0, 39.0, 39.0, 39.0, 39.0, 39.0, 39.0],
    ...     "customers": [600, 800, 100, 100, 60, 40, 10],
    ... })
    >>> fit = fit_bg_nbd(histories, unit="week")
    >>> fit.converged, fit.diagnosis, round(fit.r, 2)
    (True, None, 0.12)
    """
    check_clock(clock, unit)
    counts = Counts.of(histories)
    ages, place = np.unique(counts.age, return_inverse=True)
    of_age = np.bincount(place, counts.weight, len(ages)).astype(np.float64)
    outcome = nothing_to_fit(counts, regularity)
    if outcome is not None:
        return BgNbd.of(
            None, counts, unit=unit, clock=clock, diagnoses=(outcome,), ages=(ages, of_age)
        )
    # In mean ages, days and weeks are one.
    scale = _dot(counts.weight, counts.age) / counts.customers
    likelihood = _Likelihood.of(counts, scale=scale)
    found, limits = search(
        lambda at: _in_coordinates(likelihood, at), _STARTS, _LIMITS, customers=counts.customers
    )
    jacobian = _jacobian(found.at)
    maximum = Maximum(
        point=_logs(found.at) + np.array([0, np.log(scale), 0, 0]),
        log_likelihood=float(found.slopes.value) * counts.customers
        - counts.repeat_purchases * float(np.log(scale)),
        covariance=jacobian @ found.covariance(counts.customers) @ jacobian.T
        if found.is_maximum
        else None,
        iterations=found.steps,
        converged=found.is_maximum,
    )
    diagnoses = tuple(limit.id for limit in limits)
    if not found.is_maximum:
        diagnoses = ("not_converged", *diagnoses)
    lost = {name for limit in limits for name in limit.parameters}
    return BgNbd.of(
        maximum,
        counts,
        unit=unit,
        clock=clock,
        diagnoses=diagnoses,
        unknown=lost,
        ages=(ages, of_age),
    )
