"""How many customers a test needs, what it can find, and how probably.

Every function takes numbers or arrays that broadcast, so that a table of plans is one call. A test
of rates is the pooled z test that `compare` makes; one of means is the t test. Revenue a head is a
mean like another, whose standard deviation `per_head` gives from conversion and basket.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketing_kpi.errors import ComputeError, suggest
from marketing_kpi.trials.checks import check_alpha

Numbers: TypeAlias = "float | Sequence[float] | npt.NDArray[np.float64] | pd.Series[float]"
"""A number, or several; those of one call broadcast."""

Array: TypeAlias = "npt.NDArray[np.float64]"
Flags: TypeAlias = "npt.NDArray[np.bool_]"
Alternative: TypeAlias = Literal["two_sided", "greater", "less"]
Method: TypeAlias = Literal["pooled_z", "arcsine", "t"]

HABITUAL_SHARE = 0.10
"""The share of customers that is habitually left without contact."""

FEW_BUYERS = 600
"""Control buyers under which the interval of revenue a head carries a warning."""

_LARGEST = 1e12  # members; what needs more cannot be found
_STEPS = 100  # halvings of an interval: more than a float has digits


class SampleSize(NamedTuple):
    """How many customers a test needs.

    Attributes
    ----------
    control_n, treatment_n, total
        Whole numbers, rounded up; NaN where no number is enough, since there is no effect to find.
    exact
        The size of the control before it was rounded up, as other programs give it.
    """

    control_n: Any
    treatment_n: Any
    total: Any
    exact: Any


class PerHead(NamedTuple):
    """An outcome that is 0 for most: what a head brings when few buy.

    Attributes
    ----------
    mean, sd
        Of all customers, buyers or not; in the currency of the basket.
    skewness
        Mean cube of the distances to the mean, in standard deviations: 0 for a normal outcome, 10
        and more for revenue a head, where normal theory is late to hold.
    """

    mean: Any
    sd: Any
    skewness: Any


def per_head(
    conversion: Numbers,
    *,
    basket: Numbers,
    basket_sd: Numbers,
    basket_skewness: Numbers | None = None,
) -> PerHead:
    r"""Return mean, spread and skewness of revenue a head, from conversion and basket.

    Parameters
    ----------
    conversion
        Share of the customers who buy, from 0 to 1.
    basket, basket_sd
        Mean and standard deviation of what a buyer spends, in the data's currency.
    basket_skewness
        Skewness of the same; None: that of a lognormal basket with this mean and spread.

    Notes
    -----
    With probability :math:`c` a head brings a basket of mean :math:`m` and spread :math:`s`, else
    0: the mean is :math:`c m`, the variance :math:`c (s^2 + m^2) - c^2 m^2`. A lognormal basket
    of :math:`v = s / m` has the skewness :math:`v^3 + 3 v`.

    Examples
    --------
    >>> spend = per_head(0.03, basket=60.0, basket_sd=45.0)
    >>> round(spend.mean, 2), round(spend.sd, 2), round(spend.skewness, 1)
    (1.8, 12.87, 11.2)
    """
    c, m, s = (_array(value) for value in (conversion, basket, basket_sd))
    _require(bool(np.all((c >= 0) & (c <= 1))), "conversion", conversion, "in 0-1")
    _require(bool(np.all(m > 0)), "basket", basket, "above 0")
    _require(bool(np.all(s >= 0)), "basket_sd", basket_sd, "0 or more")
    lognormal = (s / m) ** 3 + 3 * s / m
    g = lognormal if basket_skewness is None else _array(basket_skewness)
    mean, square = c * m, c * (m**2 + s**2)
    cube = c * (m**3 + 3 * m * s**2 + g * s**3)
    variance = square - mean**2
    with np.errstate(divide="ignore", invalid="ignore"):
        skewness = (cube - 3 * mean * square + 2 * mean**3) / variance**1.5
    return PerHead(_plain(mean), _plain(np.sqrt(variance)), _plain(skewness))


def power(
    control: Numbers,
    treatment: Numbers,
    *,
    control_n: Numbers,
    treatment_n: Numbers | None = None,
    sd: Numbers | None = None,
    alpha: float = 0.05,
    alternative: Alternative = "two_sided",
    method: Method | None = None,
    both_tails: bool = False,
) -> Any:
    r"""Return how probably a test finds an effect of a given size.

    Parameters
    ----------
    control, treatment
        The outcome without and with the campaign: rates (fractions), or means with `sd`.
    control_n, treatment_n
        Members of each arm; None: as many treated as control.
    sd
        Standard deviation of a member's outcome, for means; None: the outcome is a rate.
    alpha
        Significance level, between 0 and 1.
    alternative
        ``"two_sided"``, ``"greater"`` (the treated do more) or ``"less"``.
    method
        ``"pooled_z"`` (rates), ``"t"`` (means) or ``"arcsine"`` (rates, through Cohen's h); None:
        the first of them that fits the outcome.
    both_tails
        Whether a significant result in the wrong direction counts too (R's ``strict``); it only
        matters for a power near alpha.

    Returns
    -------
    float or array
        Probability of p < alpha, of the shape to which the arguments broadcast.

    Raises
    ------
    ComputeError
        When a rate is not in 0-1, a size or a spread not above 0, or a word not known.

    Notes
    -----
    Rates: :math:`\Phi\left((|p_1 - p_0| - z_{1 - \alpha / 2} s_0) / s_1\right)`, where
    :math:`s_0` is the error of the difference under equal rates (pooled over arms of their own
    sizes) and :math:`s_1` that under the rates given; with equal arms this is R's
    ``power.prop.test``, whose formula has no place for unequal ones. Means: the noncentral t with
    :math:`n_0 + n_1 - 2` degrees of freedom and the noncentrality
    :math:`(\mu_1 - \mu_0) / (\sigma \sqrt{1 / n_0 + 1 / n_1})`.

    For revenue a head this is the power of normal theory. Where buyers are few, that theory errs
    (see `compare`), and a test that does not finds a loss more easily than a gain when the control
    is the smaller arm: plan for `FEW_BUYERS` control buyers or more.

    References
    ----------
    Fleiss, J. L., Levin, B. and Paik, M. C. (2003). Statistical Methods for Rates and Proportions,
    3rd ed., Wiley, chapter 4.

    Cohen, J. (1988). Statistical Power Analysis for the Behavioral Sciences, 2nd ed., Erlbaum.

    Examples
    --------
    >>> round(power(0.03, 0.033, control_n=10_000, treatment_n=90_000), 3)
    0.354
    >>> round(power(0.0, 1.0, control_n=20, sd=1.0), 4)
    0.869
    """
    plan = _plan(alpha, alternative, method, sd, both_tails)
    p0, p1, spread = _outcome(control, treatment, sd)
    n0 = _sizes("control_n", control_n)
    n1 = n0 if treatment_n is None else _sizes("treatment_n", treatment_n)
    return _plain(_power(plan, p0, p1, spread, n0, n1))


_reached = power  # where an argument has the name of the function


def sample_size(
    control: Numbers,
    treatment: Numbers,
    *,
    control_share: Numbers = 0.5,
    sd: Numbers | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
    alternative: Alternative = "two_sided",
    method: Method | None = None,
    both_tails: bool = False,
) -> SampleSize:
    """Return how many customers it takes to find an effect with a given power.

    Parameters
    ----------
    control, treatment, sd, alpha, alternative, method, both_tails
        As in `power`.
    control_share
        Share of the customers in the control, between 0 and 1.
    power
        How probably the effect shall be found, between `alpha` and 1.

    Returns
    -------
    SampleSize
        Sizes of both arms and their total, of the shape to which the arguments broadcast.

    Raises
    ------
    ComputeError
        As `power`, and when a share or the power is not one.

    Examples
    --------
    The habitual 10 % control needs 2.8 times the customers of equal halves:

    >>> sample_size(0.03, 0.033, control_share=0.10).total
    299869
    >>> sample_size(0.03, 0.033, control_share=0.50).total
    106422
    """
    plan = _plan(alpha, alternative, method, sd, both_tails)
    p0, p1, spread = _outcome(control, treatment, sd)
    _require(alpha < power < 1, "power", power, f"between alpha ({alpha}) and 1")
    share = _array(control_share)
    _require(bool(np.all((share > 0) & (share < 1))), "control_share", control_share, "in 0-1")
    treated_each = (1 - share) / share

    def enough(n0: Array) -> Flags:
        return _power(plan, p0, p1, spread, n0, n0 * treated_each) >= power

    shape = np.broadcast(p0, p1, share, spread).shape
    two_in_each = np.broadcast_to(2 * np.maximum(1.0, 1 / treated_each), shape)
    exact = _smallest(enough, np.log(two_in_each), np.full(shape, np.log(_LARGEST)), np.exp)
    control_n, treatment_n = np.ceil(exact), np.ceil(exact * treated_each)
    return SampleSize(
        _whole(control_n), _whole(treatment_n), _whole(control_n + treatment_n), _plain(exact)
    )


def minimum_detectable_effect(
    control: Numbers,
    *,
    control_n: Numbers,
    treatment_n: Numbers | None = None,
    sd: Numbers | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
    alternative: Alternative = "two_sided",
    method: Method | None = None,
    both_tails: bool = False,
) -> Any:
    """Return the smallest effect that a test of given sizes finds with a given power.

    Parameters
    ----------
    control, control_n, treatment_n, sd, alpha, alternative, method, both_tails
        As in `power`.
    power
        How probably the effect shall be found, between `alpha` and 1.

    Returns
    -------
    float or array
        The difference, treated less control, in the outcome's unit: positive, or negative with
        ``alternative="less"``. NaN where even the largest difference that rates allow is not
        enough. Divided by `control`, it is the relative lift.

    Raises
    ------
    ComputeError
        As `power`, and when the power is not one.

    Examples
    --------
    A control of 367 against 3,300 finds six points over a conversion of 12 %, not three:

    >>> round(minimum_detectable_effect(0.12, control_n=367, treatment_n=3300), 3)
    0.056
    """
    plan = _plan(alpha, alternative, method, sd, both_tails)
    p0, _, spread = _outcome(control, control, sd)
    _require(alpha < power < 1, "power", power, f"between alpha ({alpha}) and 1")
    n0 = _sizes("control_n", control_n)
    n1 = n0 if treatment_n is None else _sizes("treatment_n", treatment_n)
    sign = -1.0 if alternative == "less" else 1.0
    shape = np.broadcast(p0, n0, n1, spread).shape
    room = p0 if sign < 0 else 1 - p0
    error = spread * np.sqrt(1 / n0 + 1 / n1)
    largest = np.broadcast_to(room if sd is None else 1000 * error, shape)

    def enough(effect: Array) -> Flags:
        return _power(plan, p0, p0 + sign * effect, spread, n0, n1) >= power

    return _plain(sign * _smallest(enough, np.zeros(shape), largest, np.asarray))


def power_table(
    control: float,
    *,
    relative_lifts: Sequence[float],
    control_shares: Sequence[float] = (HABITUAL_SHARE, 0.2, 0.5),
    customers: float | None = None,
    sd: float | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
    alternative: Alternative = "two_sided",
) -> pd.DataFrame:
    """Set out what plans need and what they find: a row a lift and share of the control.

    Parameters
    ----------
    control
        The outcome without the campaign: a rate, or a mean with `sd`.
    relative_lifts
        The effects to look for, as fractions of `control` (0.10: 10 % more).
    control_shares
        Shares of the customers in the control.
    customers
        How many customers there are; None: only what would be needed is told.
    sd, power, alpha, alternative
        As in `sample_size`.

    Returns
    -------
    pandas.DataFrame
        relative_lift, control_share, absolute_lift, control_n, treatment_n, total (needed for that
        lift, NaN where there is none); with `customers` also power (at that many) and
        detectable_lift (the smallest relative lift found with `power`, NaN without one). Sorted as
        given.

    Examples
    --------
    >>> plans = power_table(0.03, relative_lifts=[0.1], control_shares=[0.1, 0.5], customers=20_000)
    >>> plans[["control_share", "total", "power", "detectable_lift"]].round(3)
       control_share   total  power  detectable_lift
    0            0.1  299869  0.098            0.422
    1            0.5  106422  0.228            0.238
    """
    lifts, shares = (_array(values).ravel() for values in (relative_lifts, control_shares))
    lift, share = np.repeat(lifts, len(shares)), np.tile(shares, len(lifts))
    treatment = control * (1 + lift)
    options: Any = {"sd": sd, "alpha": alpha, "alternative": alternative}
    needed = sample_size(control, treatment, control_share=share, power=power, **options)
    table = {
        "relative_lift": lift,
        "control_share": share,
        "absolute_lift": treatment - control,
        "control_n": needed.control_n,
        "treatment_n": needed.treatment_n,
        "total": needed.total,
    }
    if customers is not None:
        options |= {"control_n": share * customers, "treatment_n": (1 - share) * customers}
        found = minimum_detectable_effect(control, power=power, **options)
        table |= {
            "power": _reached(control, treatment, **options),
            "detectable_lift": found / (control or np.nan),
        }
    return pd.DataFrame(table)


# --- The core -------------------------------------------------------------------------------


class _Plan(NamedTuple):
    """What a test does, whatever its sizes."""

    method: Method
    tail: float  # alpha of the tail that is looked at
    direction: Literal[-1, 0, 1]  # 0: either
    both_tails: bool


def _plan(
    alpha: float,
    alternative: str,
    method: str | None,
    sd: Numbers | None,
    both_tails: bool = False,
) -> _Plan:
    check_alpha(alpha)
    _one_of("alternative", alternative, get_args(Alternative))
    fitting: tuple[Any, ...] = ("pooled_z", "arcsine") if sd is None else ("t",)
    chosen: Any = fitting[0] if method is None else method
    _one_of("method", chosen, fitting)
    sides = 2 if alternative == "two_sided" else 1
    direction: Any = {"two_sided": 0, "greater": 1, "less": -1}[alternative]
    return _Plan(chosen, alpha / sides, direction, both_tails and sides == 2)


def _power(plan: _Plan, p0: Array, p1: Array, sd: Array, n0: Array, n1: Array) -> Array:
    """Return the probability of a significant result."""
    effect = p1 - p0
    looked_for = np.abs(effect) if plan.direction == 0 else plan.direction * effect
    found = _tail_power(plan, looked_for, p0, p1, sd, n0, n1)
    if plan.both_tails:
        found = found + _tail_power(plan, -looked_for, p0, p1, sd, n0, n1)
    return found


def _tail_power(
    plan: _Plan, effect: Array, p0: Array, p1: Array, sd: Array, n0: Array, n1: Array
) -> Array:
    """Return the probability of a significant result on the side of an effect."""
    from scipy import special, stats

    each = 1 / n0 + 1 / n1
    if plan.method == "t":
        df = n0 + n1 - 2
        limit = stats.t.isf(plan.tail, df)
        return np.asarray(stats.nct.sf(limit, df, effect / (sd * np.sqrt(each))))
    limit = special.ndtri(1 - plan.tail)
    if plan.method == "arcsine":
        h = np.abs(2 * (np.arcsin(np.sqrt(p1)) - np.arcsin(np.sqrt(p0))))
        return np.asarray(special.ndtr(np.sign(effect) * h / np.sqrt(each) - limit))
    pooled = (n0 * p0 + n1 * p1) / (n0 + n1)
    under_null = np.sqrt(pooled * (1 - pooled) * each)
    as_given = np.sqrt(p0 * (1 - p0) / n0 + p1 * (1 - p1) / n1)
    beyond = effect - limit * under_null
    with np.errstate(divide="ignore", invalid="ignore"):  # rates of 0 or 1 leave nothing to chance
        return np.asarray(np.where(as_given > 0, special.ndtr(beyond / as_given), beyond > 0))


def _smallest(
    enough: Callable[[Array], Flags],
    low: Array,
    high: Array,
    value: Callable[[Array], Array],
) -> Array:
    """Return the smallest value that is enough, by halving; NaN where the highest is not."""
    reachable = enough(value(high))
    for _ in range(_STEPS):
        middle = (low + high) / 2
        there = enough(value(middle))
        low, high = np.where(there, low, middle), np.where(there, middle, high)
    return np.where(reachable, value(high), np.nan)


# --- Arguments ------------------------------------------------------------------------------


def _outcome(
    control: Numbers, treatment: Numbers, sd: Numbers | None
) -> tuple[Array, Array, Array]:
    p0, p1 = _array(control), _array(treatment)
    if sd is None:
        for name, given, rates in (("control", control, p0), ("treatment", treatment, p1)):
            _require(
                bool(np.all((rates >= 0) & (rates <= 1))), name, given, "a rate in 0-1",
                hint="12 % is written 0.12; a mean needs sd, the spread of a member's outcome",
            )  # fmt: skip
        return p0, p1, _array(0.0)
    spread = _array(sd)
    _require(bool(np.all(spread > 0)), "sd", sd, "above 0")
    return p0, p1, spread


def _sizes(name: str, given: Numbers) -> Array:
    sizes = _array(given)
    _require(bool(np.all((sizes > 1) & np.isfinite(sizes))), name, given, "2 or more")
    return sizes


def _array(value: Numbers) -> Array:
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ComputeError(f"{value!r} was given, must be a number, or several") from error


def _plain(values: Array) -> Any:
    """Return a number for a number, an array for several."""
    return float(values) if np.ndim(values) == 0 else values


def _whole(values: Array) -> Any:
    """Return whole numbers, which NaN keeps floats."""
    if np.isnan(values).any():
        return _plain(values)
    return int(values) if np.ndim(values) == 0 else values.astype("int64")


def _require(
    fits: bool, name: str, given: object, expected: str, *, hint: str | None = None
) -> None:
    if not fits:
        raise ComputeError(f"{name} == {given}, must be {expected}", hint=hint)


def _one_of(name: str, given: str, known: Sequence[str]) -> None:
    if given not in known:
        close = suggest(given, known)
        question = f"; did you mean '{close}'?" if close else ""
        raise ComputeError(f"{name} == '{given}', must be one of {', '.join(known)}{question}")
