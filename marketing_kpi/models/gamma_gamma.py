"""Gamma-Gamma: what a customer's purchases are worth on average, seen through few of them.

Amounts of a customer vary around a mean of their own, and these means vary between customers.
The model weighs what a customer has spent against what customers spend.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np

from marketing_kpi.errors import DataError
from marketing_kpi.kpis.frames import Frame, require, same_kind
from marketing_kpi.kpis.intervals import Z95
from marketing_kpi.models.estimation import Floats
from marketing_kpi.models.purchases import floats
from marketing_kpi.models.search import Limit, Slopes, search
from marketing_kpi.text.messages import N_, translator

_COLUMNS = ("frequency", "monetary_value")
_ANSWER = ("estimate", "low", "high")
_FEWEST = 4  # customers, for Fisher's interval of a correlation
_USABLE = frozenset({"same_value", "constant_value"})

_ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "no_repeat_customers": N_(
            "No customer has a repeat purchase of a value above 0: use the average basket instead."
        ),
        "no_variation": N_(
            "The repeat customers all spend the same, or there is only one: use their average "
            "basket."
        ),
        "same_value": N_(
            "All customers seem to spend the same on average: what one of them has spent tells "
            "nothing, and the average basket serves for everyone."
        ),
        "constant_value": N_(
            "Each customer seems to spend one amount every time, as subscribers do: expect what "
            "each has paid so far."
        ),
        "no_finite_mean": N_(
            "A few customers spend so much that the average of all has no value (q is at most 1): "
            "one-time buyers get none. Look for resellers or wrong amounts, and fit without them."
        ),
        "values_not_converged": N_(
            "The likelihood of the amounts has no clear maximum: these estimates are not to be "
            "used. Check the amounts, or take more customers."
        ),
    }
)


class Correlation(NamedTuple):
    """How the number of purchases goes with their value, which the model takes to be not at all.

    Attributes
    ----------
    estimate
        Pearson's correlation of frequency and monetary_value over the customers fitted; null
        when one of them does not vary.
    low, high
        Its 95 % interval by Fisher's transformation; null under four customers.
    """

    estimate: float | None
    low: float | None
    high: float | None


class Mean(NamedTuple):
    """A mean and its 95 % interval.

    Attributes
    ----------
    estimate
        The mean, in the data's currency; null when there is none.
    low, high
        Ends of the interval; null when the data tell none.
    """

    estimate: float | None
    low: float | None
    high: float | None


# --- The likelihood -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Likelihood:
    """The mean log-likelihood of mean values, by the logarithms of p, q and v.

    Gamma functions are taken once a number of purchases, not once a customer.

    Attributes
    ----------
    x, share
        Distinct numbers of repeat purchases, and the share of the customers of each.
    place
        Which of these each customer is.
    spent
        What each customer spent: number times mean value.
    weight
        Share of each customer in all of them.
    log_spent, log_mean
        Mean over customers of x times the logarithm of what they spent, and of the logarithm of
        their mean value.
    """

    x: Floats
    share: Floats
    place: np.ndarray
    spent: Floats
    weight: Floats
    log_spent: float
    log_mean: float

    @classmethod
    def of(cls, x: Floats, mean: Floats, weight: Floats) -> _Likelihood:
        share = weight / weight.sum()
        distinct, place = np.unique(x, return_inverse=True)
        return cls(
            x=distinct,
            share=np.bincount(place, weights=share).astype(np.float64),
            place=place,
            spent=x * mean,
            weight=share,
            log_spent=float((share * x) @ np.log(x * mean)),
            log_mean=float(share @ np.log(mean)),
        )

    def __call__(self, logs: Floats) -> Slopes:
        from scipy.special import digamma, gammaln, polygamma

        p, q, v = np.exp(logs)
        inner = p * self.x
        over = np.log1p(self.spent / v)
        share = self.spent / (v + self.spent)
        power = inner + q
        # Per number of purchases: means over its customers of log (1 + spent / v), and so on.
        length, part, bend = (
            np.bincount(self.place, weights=self.weight * each).astype(np.float64)
            for each in (over, share, share * (1 - share))
        )
        value = (
            float(self.share @ (gammaln(power) - gammaln(inner) - gammaln(q)))
            + p * (self.log_spent - float(self.share @ self.x) * logs[2])
            - self.log_mean
            - float(power @ length)
        )
        both, one = digamma(power), digamma(inner)
        both_2, one_2 = polygamma(1, power), polygamma(1, inner)
        by_p = float(self.share @ (self.x * (both - one))) + (
            self.log_spent - float(self.share @ self.x) * logs[2] - float(self.x @ length)
        )
        by_q = float(self.share @ both) - float(digamma(q)) - float(length.sum())
        gradient = np.array(
            [p * by_p, q * by_q, -p * float(self.share @ self.x) + float(power @ part)]
        )
        hessian = np.empty((3, 3))
        hessian[0, 0] = p * by_p + p**2 * float(self.share @ (self.x**2 * (both_2 - one_2)))
        hessian[0, 1] = hessian[1, 0] = p * q * float(self.share @ (self.x * both_2))
        hessian[0, 2] = hessian[2, 0] = p * float(self.x @ (part - self.share))
        hessian[1, 1] = q * by_q + q**2 * (float(self.share @ both_2) - float(polygamma(1, q)))
        hessian[1, 2] = hessian[2, 1] = q * float(part.sum())
        hessian[2, 2] = -float(power @ bend)
        return Slopes(value, gradient, hessian)


# --- The search -----------------------------------------------------------------------------

# Its coordinates: log p (how alike one customer's purchases are), log q (how alike customers
# are), log of p v / q (about the mean value).
_WITHIN, _BETWEEN, _MEAN = range(3)
_TO_LOGS = np.array([[1.0, 0, 0], [0, 1, 0], [-1, 1, 1]])
_STARTS = ((1.5, 1.2, -0.3), (0.0, 1.5, -0.2), (3.0, 0.5, -0.5))
_FAR = math.log(1e4)
_END = math.log(1e5)  # a gamma function loses too many digits beyond
_LIMITS = (
    Limit("same_value", _BETWEEN, _FAR, {_BETWEEN: _END}, ("q", "v")),
    Limit("constant_value", _WITHIN, _FAR, {_WITHIN: _END}, ("p", "v")),
)


def _in_coordinates(likelihood: _Likelihood, at: Floats) -> Slopes:
    value, gradient, hessian = likelihood(_TO_LOGS @ at)
    return Slopes(value, _TO_LOGS.T @ gradient, _TO_LOGS.T @ hessian @ _TO_LOGS)


# --- What a fit says ------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class GammaGamma:
    """A fitted Gamma-Gamma.

    Attributes
    ----------
    p, q, v
        Amounts of a customer are gamma with shape p and a rate of their own; these rates are
        gamma with shape q and rate v. Null without a fit.
    log_likelihood
        Of the mean values, at the estimates; null without a fit.
    standard_errors
        Of p, q and v; null for one that ran off to infinity, and without a fit.
    population_mean
        p v / (q - 1), what customers spend on average at a purchase, with its 95 % interval;
        null when q is at most 1, and without a fit.
    correlation
        How the number of purchases goes with their value: the model holds it to be 0.
    customers
        Customers fitted: those with a repeat purchase and a mean value above 0.
    left_out
        Customers with a repeat purchase but a mean value that is 0 or unknown.
    iterations
        Steps of the search.
    converged
        Whether the estimates are a maximum.
    diagnosis, diagnoses
        None; or ``"no_repeat_customers"``, ``"no_variation"``: nothing to fit, every
        estimate is null; ``"same_value"``, ``"constant_value"``: the maximum lies at infinity;
        ``"no_finite_mean"``: q is at most 1; ``"values_not_converged"``. `diagnoses` has all that
        apply, `diagnosis` the first.
    point, log_covariance
        Logarithms of p, q, v, and their covariance or None: what intervals are made of.
    """

    p: float | None
    q: float | None
    v: float | None
    log_likelihood: float | None
    standard_errors: Mapping[str, float | None]
    population_mean: Mean
    correlation: Correlation
    customers: int
    left_out: int
    iterations: int
    converged: bool
    diagnosis: str | None
    diagnoses: tuple[str, ...]
    point: Floats
    log_covariance: Floats | None

    @property
    def foretells(self) -> bool:
        """Whether amounts may rest on it: nothing is wrong, or its averages can still be used."""
        return _USABLE.issuperset(self.diagnoses)

    def advice(self, lang: str) -> str | None:
        """Say in words what is wrong with the data and what to do; None when nothing is.

        >>> import pandas as pd
        >>> one_time = pd.DataFrame({"frequency": [0], "monetary_value": [None]})
        >>> fit_gamma_gamma(one_time).advice("en")
        'No customer has a repeat purchase of a value above 0: use the average basket instead.'
        """
        _ = translator(lang)
        return " ".join(_(_ADVICE[one]) for one in self.diagnoses) or None

    def expected_value(self, summary: Frame) -> Frame:
        """Say what a purchase of each customer is worth on average.

        Parameters
        ----------
        summary
            What `summary` returns: customer_id, frequency, monetary_value.

        Returns
        -------
        pandas.DataFrame or ibis.Table
            customer_id, estimate, low, high, in the data's currency: the mean of the customer's
            purchases to come and its 95 % interval, sorted by customer_id (pandas). One-time
            buyers, and customers whose value is unknown, get the mean of all. Null without a fit,
            and where q is too small for a mean; low and high also where the data tell none.

        Raises
        ------
        ColumnError
            When a column is missing.

        Notes
        -----
        ``p (v + x m) / (p x + q - 1)`` for x repeat purchases of mean value m: a mean of what the
        customer spent and of what customers spend, in which the former weighs more the more
        purchases there are. The interval is that of this mean, by the delta method on its
        logarithm; it is not one of a single purchase.
        """
        require(summary, ["customer_id", *_COLUMNS], "the summary")
        columns = ["customer_id", *_COLUMNS]
        if isinstance(summary, ir.Table):
            return self._expected(summary.select(columns))
        result = same_kind(summary[columns], self._expected)
        types = {"customer_id": summary["customer_id"].dtype} | dict.fromkeys(_ANSWER, "float64")
        return result.astype(types).sort_values("customer_id").reset_index(drop=True)

    def _expected(self, table: ir.Table) -> ir.Table:
        """Write the mean and its interval as expressions, so that customers stay in the engine."""
        if self.p is None or self.q is None or self.v is None:
            nothing = dict.fromkeys(_ANSWER, ibis.null("float64"))
            return table.select("customer_id", **nothing)
        mean = table.monetary_value.cast("float64")
        seen = ((table.frequency > 0) & mean.notnull() & ~mean.isnan()).fill_null(False)
        x = seen.ifelse(table.frequency.cast("float64"), 0.0)
        spent = seen.ifelse(table.frequency.cast("float64") * mean, 0.0)
        total = (self.p * x + self.q - 1).cast("float64")
        defined = (total > 0).ifelse(total, ibis.null("float64"))
        estimate = self.p * (self.v + spent) / defined
        # Of the logarithm of the estimate, by the logarithms of p, q and v.
        slopes = (1 - self.p * x / defined, -self.q / defined, self.v / (self.v + spent))
        low = high = ibis.null("float64")
        if self.log_covariance is not None:
            terms = [
                float(self.log_covariance[i, j]) * slopes[i] * slopes[j]
                for i in range(len(slopes))
                for j in range(len(slopes))
            ]
            factor = (Z95 * ibis.greatest(sum(terms[1:], terms[0]), 0.0).sqrt()).exp()
            low, high = estimate / factor, estimate * factor
        return table.select("customer_id", estimate=estimate, low=low, high=high)


def fit_gamma_gamma(summary: Frame) -> GammaGamma:
    """Fit Gamma-Gamma to the mean values of repeat purchases by maximum likelihood.

    Parameters
    ----------
    summary
        What `purchases.summary` returns: frequency, monetary_value; with a column customers, the
        weight of each row. Customers without a repeat purchase tell nothing here. From Ibis, the
        engine groups equal rows, and at most a row a repeat customer is read.

    Returns
    -------
    GammaGamma
        The estimates; see its attributes. Data that no such model made give a `diagnosis`.

    Raises
    ------
    ColumnError
        When a column is missing.
    DataError
        When a frequency or value is no finite number.

    Notes
    -----
    A customer's x repeat purchases of mean value m have the likelihood, with G the gamma
    function::

        G(p x + q)                        x^(p x)  v^q  m^(p x - 1)
        -----------------  *  -----------------------------------------
        G(p x) G(q)                      (v + x m)^(p x + q)

    The model holds the number of purchases to say nothing of their value: look at `correlation`.
    Mean values of 0 have no likelihood and are left out, and counted.

    References
    ----------
    Fader, P. S. and Hardie, B. G. S. (2013). The gamma-gamma model of monetary value.
    http://www.brucehardie.com/notes/025/

    Examples
    --------
    >>> import pandas as pd
    >>> summary = pd.DataFrame({
    ...     "customer_id": list("ABCDEFGH"),
    ...     "frequency": [1, 2, 1, 4, 3, 1, 2, 0],
    ...     "monetary_value": [20.0, 31.5, 45.0, 26.0, 60.0, 33.0, 18.0, None],
    ... })
    >>> fit = fit_gamma_gamma(summary)
    >>> fit.customers, round(fit.population_mean.estimate)
    (7, 33)
    """
    require(summary, _COLUMNS, "the summary")
    values = _values(summary)
    counts = {"customers": round(values.customers), "left_out": round(values.left_out)}
    outcome = _unfit(values)
    if outcome is not None:
        return _nothing(outcome, values, counts)
    scale = float(values.weight @ values.mean) / values.customers
    likelihood = _Likelihood.of(values.x, values.mean / scale, values.weight)
    found, limits = search(
        lambda at: _in_coordinates(likelihood, at), _STARTS, _LIMITS, customers=values.customers
    )
    logs = _TO_LOGS @ found.at + np.array([0, 0, math.log(scale)])
    covariance = None
    if found.is_maximum:
        covariance = _TO_LOGS @ found.covariance(values.customers) @ _TO_LOGS.T
    # A search that did not end has reached no limit.
    diagnoses = tuple(limit.id for limit in limits)
    if not found.is_maximum:
        diagnoses = ("values_not_converged",)
    lost = {name for limit in limits for name in limit.parameters}
    p, q, v = (float(value) for value in np.exp(logs))
    if q <= 1:
        diagnoses = (*diagnoses, "no_finite_mean")
    return GammaGamma(
        p=p,
        q=q,
        v=v,
        log_likelihood=float(found.slopes.value - math.log(scale)) * values.customers,
        standard_errors=_standard_errors(logs, covariance, lost),
        population_mean=_population_mean(logs, covariance),
        correlation=_correlation(values),
        iterations=found.steps,
        converged=found.is_maximum,
        diagnosis=diagnoses[0] if diagnoses else None,
        diagnoses=diagnoses,
        point=logs,
        log_covariance=covariance,
        **counts,
    )


class _Values(NamedTuple):
    """Distinct pairs of repeat purchases and mean value, sorted; `left_out` have no such pair."""

    x: Floats
    mean: Floats
    weight: Floats
    left_out: float

    @property
    def customers(self) -> float:
        return float(self.weight.sum())


def _values(summary: Frame) -> _Values:
    weighted = ["customers"] if "customers" in summary.columns else []
    frame = summary[[*_COLUMNS, *weighted]]
    if isinstance(frame, ir.Table):
        if not weighted:
            frame = frame.group_by(*_COLUMNS).agg(customers=frame.count())
        frame = frame.filter(frame.frequency > 0).to_pandas()
    x, mean = (floats(frame, name) for name in _COLUMNS)
    weight = floats(frame, "customers") if "customers" in frame.columns else np.ones(len(frame))
    if np.isinf([x, mean, weight]).any():
        raise DataError(
            "a frequency or monetary_value is infinite, must be a finite number",
            hint="look for a division by 0 where the amounts come from",
        )
    repeats = x > 0
    usable = repeats & (mean > 0) & (weight > 0)
    order = np.lexsort((mean[usable], x[usable]))
    left_out = float(np.nansum(weight[repeats & ~usable]))
    x, mean, weight = (part[usable][order] for part in (x, mean, weight))
    return _Values(x, mean, weight, left_out)


def _unfit(values: _Values) -> str | None:
    """Return why there is nothing to fit, or None."""
    if len(values.x) == 0:
        return "no_repeat_customers"
    # Equal values have a likelihood without bound: a spike.
    if np.ptp(values.mean) == 0:
        return "no_variation"
    return None


def _nothing(outcome: str, values: _Values, counts: Mapping[str, int]) -> GammaGamma:
    """Hold the lack of a fit, and why."""
    return GammaGamma(
        p=None,
        q=None,
        v=None,
        log_likelihood=None,
        standard_errors=MappingProxyType({"p": None, "q": None, "v": None}),
        population_mean=Mean(None, None, None),
        correlation=_correlation(values),
        iterations=0,
        converged=False,
        diagnosis=outcome,
        diagnoses=(outcome,),
        point=np.full(3, np.nan),
        log_covariance=None,
        **counts,
    )


def _standard_errors(
    logs: Floats, covariance: Floats | None, lost: Collection[str]
) -> Mapping[str, float | None]:
    known = None if covariance is None else np.exp(logs) * np.sqrt(np.diag(covariance))
    return MappingProxyType(
        {
            name: None if known is None or name in lost else float(known[i])
            for i, name in enumerate(("p", "q", "v"))
        }
    )


def _population_mean(logs: Floats, covariance: Floats | None) -> Mean:
    p, q, v = (float(value) for value in np.exp(logs))
    if q <= 1:
        return Mean(None, None, None)
    estimate = p * v / (q - 1)
    if covariance is None:
        return Mean(estimate, None, None)
    slopes = np.array([1, -q / (q - 1), 1])
    factor = math.exp(Z95 * math.sqrt(max(float(slopes @ covariance @ slopes), 0.0)))
    return Mean(estimate, estimate / factor, estimate * factor)


def _correlation(values: _Values) -> Correlation:
    x, mean, weight = values.x, values.mean, values.weight
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(mean) == 0:
        return Correlation(None, None, None)
    cov = np.cov(x, mean, aweights=weight, ddof=0)
    estimate = float(cov[0, 1] / math.sqrt(cov[0, 0] * cov[1, 1]))
    if values.customers < _FEWEST or abs(estimate) >= 1:
        return Correlation(estimate, None, None)
    centre, half = math.atanh(estimate), Z95 / math.sqrt(values.customers - 3)
    return Correlation(estimate, math.tanh(centre - half), math.tanh(centre + half))
