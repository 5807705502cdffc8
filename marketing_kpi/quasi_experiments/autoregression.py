"""Regression of a series whose errors follow one another: the core of what lesson 05 estimates.

Sales of a week resemble those of the week before. Standard errors that do not know it are far too
small, and those that plug in an estimated autocorrelation are still too small on short series,
because it is estimated too low. Here the autocorrelation is integrated out: the answer is that of
generalised least squares for each value it can have, weighted by how well the value fits.

Everything is computed from sums of products, and broadcasts over series of one design.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from marketing_kpi.errors import DataError

Floats: TypeAlias = npt.NDArray[np.float64]
Verdict: TypeAlias = Literal["higher", "lower", "cannot_tell"]

NEAR_ONE = 0.9
"""An autocorrelation that, within its interval, may as well be that of a wandering series."""

NOTED = 0.05
"""1 less the level of the interval by which an autocorrelation is noted, whatever was asked."""

_FEWEST_NODES = 64
_NODES = 1.5 * np.pi  # times the root of n: closer than what a series tells apart
_PRIOR = -0.35  # power of 1 - rho^2: chosen by simulation, see `regress`
_REACH = 1.75  # standard errors: how near its limit an autocorrelation may be below it by chance
_CAUTION, _SLOPE, _AT_LIMIT = 1.2, 1.3, -2.05  # by simulation, see `cautious`
_OF_CHANGES, _WIDER = 1.6, 0.1  # by simulation, see `cautious`
_NEGLIGIBLE = 1e-12  # weight of a value of the autocorrelation
_SAME = 1e-9  # share of a column that the columns before it leave unexplained
_PERFECT = 1e-9  # share of the outcome's spread that rounding leaves of an exact fit
_LAGS = 10
_STEPS = 50  # of Newton's method kept in a bracket: five do, unless the bracket has to be halved


@dataclass(frozen=True, eq=False)
class Regression:
    """What a series says of coefficients, at each value of its autocorrelation.

    Attributes
    ----------
    rho
        Shape (g,): values of the autocorrelation, from -1 to 1.
    weight
        Shape (…, g): how probable each is, adding up to 1.
    coefficients
        Shape (…, g, p): generalised least squares at each of them.
    scale
        Shape (…, g): standard deviation of what is new in an error, its innovation.
    inverse
        Shape (g, p, p): the covariance of the coefficients for a scale of 1.
    degrees
        Degrees of freedom, n - p.
    """

    rho: Floats
    weight: Floats
    coefficients: Floats
    scale: Floats
    inverse: Floats
    degrees: int


class Paths(NamedTuple):
    """A quantity at each value of the autocorrelation: a t distribution around `location`.

    Attributes
    ----------
    location, scale
        Shape (…, g): the values of the autocorrelation come last.
    """

    location: Floats
    scale: Floats


class Estimate(NamedTuple):
    """An estimate, its interval, and the p-value of a true value of 0.

    Attributes
    ----------
    estimate
        Mean over the values of the autocorrelation.
    low, high
        Ends of the interval of level 1 - alpha.
    p_value
        Two-sided; under alpha exactly where the interval excludes 0.
    """

    estimate: Floats
    low: Floats
    high: Floats
    p_value: Floats


def fit(outcome: Floats, design: Floats) -> Regression:
    """Regress one series, of which periods may be unknown; see `regress`.

    Parameters
    ----------
    outcome
        Shape (n,); NaN where unknown.
    design
        Shape (n, p).

    Raises
    ------
    DataError
        When the known periods cannot tell the columns of the design apart, or follow it exactly.
    """
    seen = np.isfinite(outcome)
    known = design[seen]
    length = np.linalg.norm(known, axis=0)
    if not length.all() or (np.abs(np.diag(np.linalg.qr(known / length)[1])) < _SAME).any():
        raise DataError(
            "the periods cannot tell a control or a season from the rest of the model",
            hint="leave out the controls that are constant or repeat one another, or the season",
        )
    indicators = np.eye(len(outcome))[:, ~seen]
    columns = np.hstack([design, indicators])
    found = regress(np.where(seen, outcome, 0.0), columns, unknown=indicators.shape[1])
    spread = np.ptp(outcome[seen])
    if spread == 0 or found.weight @ found.scale < _PERFECT * spread:
        raise DataError(
            "the outcome follows the model exactly: there is no error to judge an effect by",
            hint="check that no control is made from the outcome itself",
        )
    return found


def regress(outcome: Floats, design: Floats, *, unknown: int = 0) -> Regression:
    r"""Regress series on a design, with first-order autoregressive errors.

    Parameters
    ----------
    outcome
        Shape (…, n): one or more series of one design, one value a period, none missing (for a
        missing value put any, and an indicator of the period in the design).
    design
        Shape (n, p), of full rank, n > p + 1.
    unknown
        How many of its last columns are such indicators: they are no coefficients of the result.

    Returns
    -------
    Regression

    Notes
    -----
    With :math:`V_\rho` the correlation of errors that follow :math:`u_t = \rho u_{t-1} + e_t`, the
    weight of :math:`\rho` is its restricted likelihood :math:`|V|^{-1/2} |X'V^{-1}X|^{-1/2}
    S(\rho)^{-(n - p)/2}` times a prior :math:`(1 - \rho^2)^{-0.35}`, between the reference prior
    (a power of -1/2) and the flat one: by simulation, the one whose rates of error are closest to
    those stated over levels, averages and forecasts. The integral is Gauss and Gegenbauer's rule
    for that power. An indicator of a period takes its outcome out of the restricted likelihood
    exactly, so that missing values need no other treatment.

    References
    ----------
    Prais, S. J. and Winsten, C. B. (1954). Trend estimators and serial correlation. Cowles
    Commission discussion paper 383.
    Zellner, A. and Tiao, G. C. (1964). Bayesian analysis of the regression model with
    autocorrelated errors. Journal of the American Statistical Association 59(307), 763-778.
    Berger, J. O. and Yang, R.-Y. (1994). Noninformative priors and Bayesian testing for the AR(1)
    model. Econometric Theory 10(3-4), 461-482.

    Examples
    --------
    >>> design = np.column_stack([np.ones(8), np.arange(8) >= 4])
    >>> found = regress(np.array([3.0, 5, 4, 4, 7, 9, 8, 8]), design)
    >>> estimate = summarise(contrast(found, np.array([0.0, 1.0])), found, alpha=0.05)
    >>> round(float(estimate.estimate), 2), bool(estimate.p_value < 0.05)
    (3.9, True)
    """
    n, p = design.shape
    basis, upper = np.linalg.qr(design)
    ordinary = outcome @ basis
    errors = outcome - ordinary @ basis.T
    rho, prior = _nodes(n)

    # x' inverse(V) y is a quadratic polynomial of rho, in the lagged products of x and y
    power = np.stack([np.ones_like(rho), -rho, rho**2], axis=-1)
    within = np.stack([np.eye(p), _beside(basis.T, basis), basis[1:-1].T @ basis[1:-1]])
    across = np.stack(
        [np.zeros_like(ordinary), _beside(errors, basis), errors[..., 1:-1] @ basis[1:-1]], axis=-2
    )
    squares = np.stack(
        [
            (errors**2).sum(-1),
            2 * (errors[..., 1:] * errors[..., :-1]).sum(-1),
            (errors[..., 1:-1] ** 2).sum(-1),
        ],
        axis=-1,
    )
    information = np.einsum("gk,kij->gij", power, within)
    inverse = np.linalg.inv(information)
    slopes = power @ across
    shift = np.einsum("gij,...gj->...gi", inverse, slopes)
    residual = squares @ power.T - (shift * slopes).sum(-1)
    residual = np.maximum(residual, np.finfo(float).tiny)

    degrees = n - p
    determinants = np.log1p(-(rho**2)) - np.linalg.slogdet(information)[1]
    log_weight = np.log(prior) + 0.5 * determinants - 0.5 * degrees * np.log(residual)
    weight = np.exp(log_weight - log_weight.max(axis=-1, keepdims=True))
    back = np.linalg.inv(upper)[: p - unknown]
    return Regression(
        rho=rho,
        weight=weight / weight.sum(axis=-1, keepdims=True),
        coefficients=(ordinary[..., None, :] + shift) @ back.T,
        scale=np.sqrt(residual / degrees),
        inverse=back @ inverse @ back.T,
        degrees=degrees,
    )


@lru_cache(maxsize=16)
def _nodes(n: int) -> tuple[Floats, Floats]:
    """Return the values of the autocorrelation for a series of this length, and their prior."""
    from scipy.special import roots_gegenbauer

    count = max(_FEWEST_NODES, int(np.ceil(_NODES * np.sqrt(n))))
    rho, prior = roots_gegenbauer(count, _PRIOR + 0.5)
    rho.setflags(write=False)  # it is shared by all that ask for it
    return rho, prior


def cautious(
    regression: Regression, *, change: Literal["average", "level"] | None = None
) -> Regression:
    r"""Allow for the warning: a series without one may only look less autocorrelated than it is.

    Parameters
    ----------
    regression
        What `regress` returns.
    change
        What is asked about, where it is a change that the regression itself estimates.

    Returns
    -------
    Regression
        With other weights, and a larger scale for a change of level, where the high end of the
        autocorrelation, of level 1 - `NOTED`, is near `NEAR_ONE`, or above; else as it was.

    Notes
    -----
    Above `NEAR_ONE` that end is warned of. Of series of :math:`\rho = .8` and 104 periods, one in
    four to ten escapes the warning, those that look calmer than they are, and without allowance 10
    to 19 % of them cry wolf. So each :math:`\rho` is weighted by one over the probability that its
    series escape, as inference after selection asks: nearly
    :math:`\Phi(1.3 \sqrt{n - p} (.9 - \rho) - 2.05)`. The power of that weight grows from 0 to 1.2
    as the high end comes from :math:`1.75 / \sqrt{n - p}` below the limit up to it: farther away
    nothing was chosen. A change that is fitted along makes a series look calm by itself, where it
    takes chance for a change: that power is then up to 1.6, and errors of a level, which no
    autocorrelation makes wider, grow with it by up to 10 %. These numbers are of simulations, as
    the prior is.

    References
    ----------
    Yekutieli, D. (2012). Adjusted Bayesian inference for selected parameters. Journal of the Royal
    Statistical Society, Series B 74(3), 515-541.
    """
    from scipy.special import log_ndtr

    high = autocorrelation(regression, alpha=NOTED)[2]
    root = np.sqrt(regression.degrees)
    near = np.clip(1 - (NEAR_ONE - high) * root / _REACH, 0.0, 1.0)[..., None]
    below = np.maximum(NEAR_ONE - regression.rho, 0.0)
    escape = log_ndtr(_SLOPE * root * below + _AT_LIMIT)
    power = (_CAUTION if change is None else _OF_CHANGES) * near
    weight = regression.weight * np.exp(-power * escape)
    return replace(
        regression,
        weight=weight / weight.sum(axis=-1, keepdims=True),
        scale=regression.scale * (1 + _WIDER * near if change == "level" else 1.0),
    )


def _beside(left: Floats, right: Floats) -> Floats:
    """Return the products of each value with both of its neighbours; periods last, then first."""
    beside: Floats = left[..., 1:] @ right[:-1] + left[..., :-1] @ right[1:]
    return beside


def contrast(regression: Regression, weights: Floats) -> Paths:
    """Return weighted sums of the coefficients: `weights` has shape (p,), or (m, p) for m sums."""
    rows = np.atleast_2d(weights)
    variance = ((rows @ regression.inverse) * rows).sum(axis=-1).T
    location = np.moveaxis(regression.coefficients @ rows.T, -1, -2)
    paths = Paths(location, regression.scale[..., None, :] * np.sqrt(variance))
    return paths if weights.ndim > 1 else Paths(paths.location[..., 0, :], paths.scale[..., 0, :])


def surprise(
    regression: Regression,
    *,
    last: Floats,
    outcome: Floats,
    design_last: Floats,
    design: Floats,
    cumulative: bool = False,
) -> Paths:
    r"""Return how far later outcomes are from those that the regression expects.

    Parameters
    ----------
    regression
        Of the periods before.
    last
        Shape (…,): the last outcome before.
    outcome
        Shape (…, m): the outcomes after, NaN where missing (in the same periods of each series).
    design_last, design
        Shapes (p,) and (m, p): the design of that last period and of those after.
    cumulative
        Whether to add the surprises up from the first period on (a missing one adds 0).

    Returns
    -------
    Paths
        Location and scale have shape (…, m, g). What is missing is NaN, unless cumulative.

    Notes
    -----
    An error is expected to fade as :math:`\rho^h`, and its uncertainty to grow as
    :math:`(1 - \rho^{2h}) / (1 - \rho^2)`; that of the coefficients is added.
    """
    rho, ahead = regression.rho, np.arange(1, len(design) + 1)
    fading = rho ** ahead[:, None]
    rows = design[:, None, :] - fading[..., None] * design_last
    seen = np.isfinite(outcome.reshape(-1, len(design))[0])
    noise = np.stack(_noise(rho, seen)) if cumulative else _spread(rho, ahead[:, None])
    known = np.where(seen, outcome, 0.0) if cumulative else outcome
    faded = fading * last[..., None, None]
    location = (
        known[..., None] - faded - np.einsum("hgp,...gp->...hg", rows, regression.coefficients)
    )
    if cumulative:
        location = np.cumsum(np.where(seen[:, None], location, 0.0), axis=-2)
        rows = np.cumsum(np.where(seen[:, None, None], rows, 0.0), axis=0)
    unknown = np.einsum("hgi,gij,hgj->hg", rows, regression.inverse, rows, optimize=True)
    return Paths(location, regression.scale[..., None, :] * np.sqrt(noise + unknown))


def _spread(rho: Floats, ahead: npt.NDArray[np.int64]) -> Floats:
    """Return the variance of an error so many periods ahead, in units of the innovations'."""
    spread: Floats = (1 - rho ** (2 * ahead)) / (1 - rho**2)
    return spread


def _noise(rho: Floats, seen: npt.NDArray[np.bool_]) -> list[Floats]:
    """Return the variance of the errors ahead added up over the periods seen so far."""
    total, with_error, spread = np.zeros_like(rho), np.zeros_like(rho), np.zeros_like(rho)
    variances = []
    for here in seen:
        spread = 1 + rho**2 * spread
        with_error = rho * with_error  # the covariance of the sum with the error of this period
        if here:
            total = total + 2 * with_error + spread
            with_error = with_error + spread
        variances.append(total)
    return variances


def summarise(paths: Paths, regression: Regression, *, alpha: float) -> Estimate:
    """Return the estimate of a quantity, with the autocorrelation integrated out.

    Parameters
    ----------
    paths
        Shape (…, g) or, for m quantities of each series, (…, m, g).
    regression
        The one they were computed from.
    alpha
        1 less the level of the interval.
    """
    from scipy.special import stdtr

    weight = regression.weight
    if paths.location.ndim > weight.ndim:
        weight = weight[..., None, :]
    kept = (weight > _NEGLIGIBLE).reshape(-1, weight.shape[-1]).any(axis=0)
    location, scale = paths.location[..., kept], paths.scale[..., kept]
    weight = weight[..., kept] / weight[..., kept].sum(axis=-1, keepdims=True)
    mixture = _Mixture(location, scale, weight, regression.degrees)
    with np.errstate(divide="ignore", invalid="ignore"):  # a sum of nothing has no error
        below, above = (
            (weight * stdtr(regression.degrees, side * location / scale)).sum(axis=-1)
            for side in (-1, 1)
        )
        low, high = mixture.quantile(alpha / 2), mixture.quantile(1 - alpha / 2)
    return Estimate((weight * location).sum(axis=-1), low, high, 2 * np.minimum(below, above))


def verdict_on(effect: Estimate, *, alpha: float) -> Verdict:
    """Return which way an effect goes, where its interval says so."""
    if not effect.p_value < alpha:
        return "cannot_tell"
    return "higher" if effect.low > 0 else "lower"


def relative_to_expected(
    effect: Estimate, observed: float
) -> tuple[float | None, float | None, float | None]:
    """Return an average effect and its interval as fractions of what was expected.

    What was expected is the average observed less the effect, so that both ends follow from the
    effect's own, and contain 0 together. Null where it may not be above 0.
    """
    found = (float(effect.estimate), float(effect.low), float(effect.high))
    if observed - max(found) <= 0:
        return None, None, None
    value, low, high = (part / (observed - part) for part in found)
    return value, low, high


class _Mixture(NamedTuple):
    """A mixture of t distributions, over the last axis."""

    location: Floats
    scale: Floats
    weight: Floats
    degrees: int

    def quantile(self, level: float) -> Floats:
        """Return a quantile, by Newton's method inside the quantiles of the parts."""
        from scipy.special import stdtr, stdtrit

        parts = self.location + self.scale * stdtrit(self.degrees, level)
        low, high = parts.min(axis=-1), parts.max(axis=-1)
        value = (self.weight * parts).sum(axis=-1)
        tolerance = 1e-11 * (self.weight * self.scale).sum(axis=-1)
        for _ in range(_STEPS):
            distance = (value[..., None] - self.location) / self.scale
            miss = (self.weight * stdtr(self.degrees, distance)).sum(axis=-1) - level
            low, high = np.where(miss < 0, value, low), np.where(miss < 0, high, value)
            step = miss / (self.weight * self._density(distance) / self.scale).sum(axis=-1)
            newton = value - step
            inside = (newton >= low) & (newton <= high)
            following = np.where(inside, newton, (low + high) / 2)
            moved = np.abs(following - value)
            value = following
            if not (moved > tolerance).any():
                break
        return np.asarray(value, dtype=np.float64)

    def _density(self, distance: Floats) -> Floats:
        """Return the density of Student's t."""
        from scipy.special import betaln

        constant = float(-betaln(0.5, self.degrees / 2) - 0.5 * np.log(self.degrees))
        power = (self.degrees + 1) / 2
        density: Floats = np.exp(constant - power * np.log1p(distance**2 / self.degrees))
        return density


def autocorrelation(regression: Regression, *, alpha: float) -> tuple[Floats, Floats, Floats]:
    """Return the median of the autocorrelation and the ends of its interval.

    The median is the bias-corrected estimate: least squares' own is too low on short series.
    """
    share = np.cumsum(regression.weight, axis=-1) - regression.weight / 2
    rows = share.reshape(-1, share.shape[-1])
    found = [
        np.array([np.interp(level, row, regression.rho) for row in rows]).reshape(share.shape[:-1])
        for level in (0.5, alpha / 2, 1 - alpha / 2)
    ]
    return found[0], found[1], found[2]


def left_over(regression: Regression, outcome: Floats, design: Floats) -> float:
    """Return the p-value of Ljung and Box's test that no pattern over time is left in a series.

    Parameters
    ----------
    regression
        What `fit` returns.
    outcome, design
        Of one series, as given to it.

    References
    ----------
    Ljung, G. M. and Box, G. E. P. (1978). On a measure of lack of fit in time series models.
    Biometrika 65(2), 297-303.
    """
    from scipy.special import chdtrc

    new, count = _innovations(regression, outcome, design)
    lags = np.arange(1, min(_LAGS, count // 4) + 1)
    if len(lags) < 2:
        return 1.0
    products = np.array([new[lag:] @ new[:-lag] for lag in lags])
    statistic = count * (count + 2) * float(((products / (new @ new)) ** 2 / (count - lags)).sum())
    return float(chdtrc(len(lags) - 1, statistic))


def drift(regression: Regression, outcome: Floats, design: Floats) -> float:
    r"""Return the statistic of a test that the level of a series does not drift.

    Parameters
    ----------
    regression
        What `fit` returns, of a design with a constant and without a trend.
    outcome, design
        Of one series, as given to it.

    Notes
    -----
    :math:`\sum_t S_t^2 / (n \sum_t e_t^2)`, with S the running sum of the innovations e, centred.
    It sees a slow drift under much noise, which an autocorrelation of neighbours does not.

    References
    ----------
    Kwiatkowski, D., Phillips, P. C. B., Schmidt, P. and Shin, Y. (1992). Testing the null
    hypothesis of stationarity against the alternative of a unit root. Journal of Econometrics
    54(1-3), 159-178.
    """
    new, count = _innovations(regression, outcome, design)
    running = np.cumsum(np.where(new == 0, 0.0, new - new.sum() / count))
    return float(running @ running / (count * (new @ new)))


def _innovations(regression: Regression, outcome: Floats, design: Floats) -> tuple[Floats, int]:
    """Return what is new in each error after the first, 0 where unknown, and how many are known."""
    errors = outcome - design @ (regression.weight @ regression.coefficients)
    new = errors[1:] - (regression.weight @ regression.rho) * errors[:-1]
    seen = np.isfinite(new)
    return np.where(seen, new, 0.0), int(seen.sum())
