"""Gamma-Gamma: what a customer's purchases are worth on average, seen through few of them.

Amounts of a customer vary around a mean of their own, and these means vary between customers.
The model weighs what a customer has spent against what customers spend.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
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
from marketing_kpi.models.search import Found, Limit, Slopes, search
from marketing_kpi.text.messages import N_, translator

_COLUMNS = ("frequency", "monetary_value")
_ANSWER = ("estimate", "low", "high")
_FEWEST = 4  # customers, for Fisher's interval of a correlation
_USABLE = frozenset({"same_value", "constant_value"})
_ON_AVERAGE = _USABLE | {"values_unlike_model"}
_REFUTED = ("values_unlike_model", "mean_unlike_model")

SEVERAL = 2
"""Repeat purchases from which a customer's mean value is held against the fit: the value of a
single one is a price, not what the customer usually pays."""

MISPLACED = 0.15
"""Share of these customers elsewhere than the fit says from which it does not describe them; a
convention."""

_TENTHS = 10
_ENOUGH = 30  # customers, to hold what they paid against the fit
_BY_CHANCE = 0.01  # chance, under the fit, below which it is none
_NEAR = 0.1  # of the mean paid: how far the fit's may lie from it and still serve for totals
_MOST_CHECKED = 500  # customers
_MOST_DRAWN = 3000  # customers of a shop drawn from the fit
_SHOPS = 1000

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
        "values_unlike_model": N_(
            "What repeat customers paid is not spread as this model expects: there are probably "
            "customers of several kinds, who spend differently. Do not use the value that it gives "
            "each of them. Fit each kind apart, or take what each customer has paid on average."
        ),
        "mean_unlike_model": N_(
            "What repeat customers paid on average is not what this model makes of it: probably a "
            "few of them spend far more than all others, or how often they buy goes with how much "
            "they spend. Do not use its values. Fit those who spend most apart, or take what each "
            "customer has paid on average."
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


class Agreement(NamedTuple):
    """What repeat customers paid on average, against what the fit expects.

    Attributes
    ----------
    customers
        Customers of two repeat purchases or more who were compared: those of a sample when they
        are many.
    misplaced
        Share of them who would have to change places for their mean values to be spread as the
        fit says; null when there are too few to tell, and without a maximum.
    chance
        How likely it is that so many are misplaced, if the fit is right; null likewise.
    mean_paid
        Mean over the customers fitted of their mean value, in the data's currency; null without
        any.
    mean_chance
        How likely it is that the mean paid lies so far from the fit's, on either side, if the fit
        is right; null where it lies within a tenth, with fewer than 30 customers, and without a
        maximum or a mean.
    """

    customers: int
    misplaced: float | None
    chance: float | None
    mean_paid: float | None
    mean_chance: float | None

    @property
    def is_refuted(self) -> bool:
        """Whether more customers are misplaced than chance explains, and than can be neglected."""
        if self.misplaced is None or self.chance is None:
            return False
        return self.misplaced > MISPLACED and self.chance < _BY_CHANCE

    @property
    def is_mean_refuted(self) -> bool:
        """Whether the mean paid lies further from the fit's than chance explains."""
        return self.mean_chance is not None and self.mean_chance < _BY_CHANCE


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
_SPREAD_WITHIN = (-4.0, -2.0, -0.5, 1.0, 2.5, 4.5, 7.0)
_SPREAD_BETWEEN = (-1.0, 0.2, 1.3, 2.5, 4.5, 8.0)
_MOST_TRIED = 100  # customers, to find where to start
_PEAKS = 3
_ROUNDS = 12
_NO_LOSS = 0.01  # of the log-likelihood of all customers
_FAR = math.log(1e4)
_END = math.log(1e5)  # a gamma function loses too many digits beyond
_LIMITS = (
    Limit("same_value", _BETWEEN, _FAR, {_BETWEEN: _END}, ("q", "v")),
    Limit("constant_value", _WITHIN, _FAR, {_WITHIN: _END}, ("p", "v")),
)


def _in_coordinates(likelihood: _Likelihood, at: Floats) -> Slopes:
    """Return the likelihood and its slopes in these coordinates; minus infinity past `_END`."""
    if max(at[_WITHIN], at[_BETWEEN]) > _END:
        return Slopes(-np.inf, np.zeros(3), np.zeros((3, 3)))
    value, gradient, hessian = likelihood(_TO_LOGS @ at)
    return Slopes(value, _TO_LOGS.T @ gradient, _TO_LOGS.T @ hessian @ _TO_LOGS)


def _highest(likelihood: _Likelihood, values: _Values) -> tuple[Found, list[Limit]]:
    """Find the highest of the ends of several searches, a maximum unless a higher one is none."""

    def climbed(starts: Sequence[Sequence[float]]) -> tuple[Found, list[Limit]]:
        return search(
            lambda at: _in_coordinates(likelihood, at), starts, _LIMITS, customers=values.customers
        )

    def height(end: tuple[Found, list[Limit]]) -> float:
        return end[0].slopes.value

    ends = [climbed([start.tolist()]) for start in _peaks(values)]
    if not any(found.is_maximum for found, _ in ends):
        ends.append(climbed(_STARTS))
    best = max(ends, key=height)
    maxima = [end for end in ends if end[0].is_maximum]
    near = [end for end in maxima if (height(best) - height(end)) * values.customers <= _NO_LOSS]
    found, limits = max(near, key=height) if near else best
    return found._replace(steps=sum(each.steps for each, _ in ends)), limits


def _peaks(values: _Values) -> list[Floats]:
    """Return where the likelihood of a few customers is highest on a grid, the highest first.

    The grid is of log p and log q; v is the best for both.
    """
    from scipy.special import gammaln

    x, mean, weight = values.few(_MOST_TRIED)
    share = weight / weight.sum()
    spent = x * mean / float(share @ mean)
    log_p, log_q = (
        part.reshape(-1, 1) for part in np.meshgrid(_SPREAD_WITHIN, _SPREAD_BETWEEN, indexing="ij")
    )
    p, q = np.exp(log_p), np.exp(log_q)
    inner = p * x
    power = inner + q
    log_v = log_q - log_p
    for _ in range(_ROUNDS):  # concave in log v
        part = spent / (spent + np.exp(log_v))
        slope = (power * part - inner) @ share
        bend = (power * part * (1 - part)) @ share
        step = slope / np.maximum(bend, np.finfo(float).tiny)
        log_v = log_v + np.clip(step, -2, 2).reshape(-1, 1)
        if np.abs(step).max() < 0.1:
            break
    each = (
        gammaln(power) - gammaln(inner) - gammaln(q)
        + inner * (np.log(spent) - log_v)
        - power * np.log1p(spent / np.exp(log_v))
    )  # fmt: skip
    heights = (each @ share).reshape(len(_SPREAD_WITHIN), len(_SPREAD_BETWEEN))
    around = np.pad(heights, 1, constant_values=-np.inf)
    highest = np.max(np.lib.stride_tricks.sliding_window_view(around, (3, 3)), axis=(2, 3))
    peaks = np.flatnonzero(heights >= highest)
    ranked = peaks[np.argsort(-heights.ravel()[peaks], kind="stable")][:_PEAKS]
    points = np.hstack([log_p, log_q, log_p + log_v - log_q])[ranked]
    for point, peak in zip(points, ranked, strict=True):
        row, column = divmod(int(peak), len(_SPREAD_BETWEEN))
        point[_WITHIN] = _top(_SPREAD_WITHIN, heights[:, column], row)
        point[_BETWEEN] = _top(_SPREAD_BETWEEN, heights[row], column)
    return list(points)


def _top(at: Sequence[float], heights: Floats, place: int) -> float:
    """Return where the parabola through a peak and its neighbours is highest."""
    near = slice(place - 1, place + 2)
    if place == 0 or place == len(at) - 1 or heights[near].min() == heights[place]:
        return at[place]
    square, line, _ = np.polyfit(at[near], heights[near], 2)
    return float(-line / (2 * square))


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
    agreement
        What customers of several purchases paid, against what the fit expects of them.
    customers
        Customers fitted: those with a repeat purchase and a mean value above 0.
    left_out
        Customers with a repeat purchase but a mean value that is 0 or unknown.
    iterations
        Steps of the search.
    converged
        Whether the estimates are a maximum, of more customers than there are parameters.
    diagnosis, diagnoses
        None; or ``"no_repeat_customers"``, ``"no_variation"``: nothing to fit, every
        estimate is null; ``"values_unlike_model"``: what customers paid contradicts the fit;
        ``"mean_unlike_model"``: so does what they paid on average;
        ``"same_value"``, ``"constant_value"``: the maximum lies at infinity;
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
    agreement: Agreement
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
        """Whether what it says of each customer can be used."""
        return _USABLE.issuperset(self.diagnoses)

    @property
    def foretells_all(self) -> bool:
        """Whether what it says of all customers together, and of a new one, can be used.

        A fit that describes no single customer may still have the right mean: within a tenth of
        what customers paid on average.
        """
        if self.foretells:
            return True
        mean, paid = self.population_mean.estimate, self.agreement.mean_paid
        if mean is None or paid is None or not _ON_AVERAGE.issuperset(self.diagnoses):
            return False
        return abs(mean / paid - 1) <= _NEAR

    def advice(self, lang: str) -> str | None:
        """Say in words what is wrong with the data and what to do; None when nothing is.

        >>> import pandas as pd
        >>> one_time = pd.DataFrame({"frequency": [0], "monetary_value": [None]})
        >>> fit_gamma_gamma(one_time).advice("en")
        'No customer has a repeat purchase of a value above 0: use the average basket instead.'
        """
        _ = translator(lang)
        # Of data that contradict the fit, what else it says of them is not so.
        refuted = [one for one in self.diagnoses if one in _REFUTED][:1]
        return " ".join(_(_ADVICE[one]) for one in refuted or self.diagnoses) or None

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

    Under the fit ``x m / (v + x m)`` is beta with p x and q, so that its distribution function at
    what a customer paid is uniform. Customers of two repeat purchases or more are counted by
    tenths of it: the share that would have to change tenths for all to hold as many is `agreement`.
    Past 15 %, and when chance has less than 1 % to give as much (chi-square, 9 degrees of freedom),
    the diagnosis is ``"values_unlike_model"``.

    Where the fit's mean is more than a tenth off what customers paid on average, 1,000 shops are
    drawn from the fit with the same numbers of purchases (those of 3,000 customers at most, whose
    mean varies more). Past 99 % of their means, the diagnosis is ``"mean_unlike_model"``.

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
    found, limits = _highest(likelihood, values)
    logs = _TO_LOGS @ found.at + np.array([0, 0, math.log(scale)])
    covariance = None
    is_maximum = found.is_maximum and values.customers > len(logs)
    if is_maximum:
        covariance = _TO_LOGS @ found.covariance(values.customers) @ _TO_LOGS.T
    # A search that did not end has reached no limit.
    diagnoses = tuple(limit.id for limit in limits)
    if not is_maximum:
        diagnoses = ("values_not_converged",)
    lost = {name for limit in limits for name in limit.parameters}
    p, q, v = (float(value) for value in np.exp(logs))
    if q <= 1:
        diagnoses = (*diagnoses, "no_finite_mean")
    agreement = _agreement(values, (p, q, v) if is_maximum else None)
    refuted = (agreement.is_refuted, agreement.is_mean_refuted)
    diagnoses = (*(id for id, so in zip(_REFUTED, refuted, strict=True) if so), *diagnoses)
    return GammaGamma(
        p=p,
        q=q,
        v=v,
        log_likelihood=float(found.slopes.value - math.log(scale)) * values.customers,
        standard_errors=_standard_errors(logs, covariance, lost),
        population_mean=_population_mean(logs, covariance),
        correlation=_correlation(values),
        agreement=agreement,
        iterations=found.steps,
        converged=is_maximum,
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

    def few(self, most: int) -> tuple[Floats, Floats, Floats]:
        """Return x, mean and weight; of so many customers, evenly spaced, when rows are more."""
        if len(self.x) <= most:
            return self.x, self.mean, self.weight
        places = self.spaced(most)
        return self.x[places], self.mean[places], np.ones(most)

    def spaced(self, size: int) -> np.ndarray:
        """Return the rows of so many customers, evenly spaced."""
        reached = np.cumsum(self.weight)
        middles = (np.arange(size) + 0.5) / size * reached[-1]
        return np.asarray(np.searchsorted(reached, middles))

    def of_several(self) -> _Values:
        """Return the customers of two repeat purchases or more."""
        kept = self.x >= SEVERAL
        return _Values(self.x[kept], self.mean[kept], self.weight[kept], self.left_out)


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
        agreement=_agreement(values, None),
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


def _below(p: float, q: float, v: float, x: Floats, mean: Floats) -> Floats:
    """Return how likely x purchases are to have a lower mean value, under a fit."""
    from scipy.special import betainc

    return np.asarray(betainc(p * x, q, x * mean / (v + x * mean)), dtype=np.float64)


def _agreement(values: _Values, fitted: tuple[float, float, float] | None) -> Agreement:
    """Hold what customers paid against the fit, if there is one."""
    from scipy.special import chdtrc

    paid = float(values.weight @ values.mean) / values.customers if len(values.x) else None
    x, mean, weight = values.of_several().few(_MOST_CHECKED)
    customers = float(weight.sum())
    by_mean = None if fitted is None or paid is None else _mean_chance(values, paid, *fitted)
    if fitted is None or customers < _ENOUGH:
        return Agreement(round(customers), None, None, paid, by_mean)
    tenth = np.minimum((_below(*fitted, x, mean) * _TENTHS).astype(int), _TENTHS - 1)
    shares = np.bincount(tenth, weights=weight, minlength=_TENTHS) / customers
    away = shares - 1 / _TENTHS
    chance = float(chdtrc(_TENTHS - 1, customers * _TENTHS * float(away @ away)))
    return Agreement(round(customers), float(np.abs(away).sum()) / 2, chance, paid, by_mean)


def _mean_chance(values: _Values, paid: float, p: float, q: float, v: float) -> float | None:
    """Return how likely the mean of such a shop is to lie as far from the fit's as the one paid."""
    is_near = q <= 1 or abs(p * v / (q - 1) / paid - 1) <= _NEAR
    if is_near or values.customers < _ENOUGH:
        return None
    rng = np.random.default_rng(0)
    x = values.x[values.spaced(min(round(values.customers), _MOST_DRAWN))]
    means = np.array(
        [
            (rng.standard_gamma(p * x) / (x * rng.standard_gamma(q, len(x)))).mean()
            for _ in range(_SHOPS)
        ]
    )
    beyond = min((v * means >= paid).sum(), (v * means <= paid).sum())
    return min(1.0, 2 * float(beyond + 1) / (_SHOPS + 1))
