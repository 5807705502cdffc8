"""What a series would have been without an action, from its past and from series left alone."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketing_kpi.kpis.frames import Frame
from marketing_kpi.quasi_experiments.autoregression import (
    NOTED,
    Estimate,
    Regression,
    Verdict,
    autocorrelation,
    cautious,
    drift,
    fit,
    left_over,
    relative_to_expected,
    summarise,
    surprise,
    verdict_on,
)
from marketing_kpi.quasi_experiments.series import (
    Action,
    Season,
    Split,
    enough,
    notes_on,
    season_terms,
    split,
)
from marketing_kpi.quasi_experiments.series import series as checked_series
from marketing_kpi.trials.checks import check_alpha

Floats: TypeAlias = npt.NDArray[np.float64]

METHOD = "ar1_counterfactual"
"""Regression with autocorrelated errors on the periods before, carried on into those after."""

_ENDS = ("", "_low", "_high")
_DRIFTS = 0.743  # 1 % of series without a drift exceed it (Kwiatkowski et al. 1992, table 1)


class Counterfactual(NamedTuple):
    """What an action changed, against what was expected without it.

    Attributes
    ----------
    effect, low, high, p_value
        Average of observed less expected over the periods after, in units of the outcome, its
        1 - alpha interval, and the two-sided p-value of no effect.
    verdict
        ``"higher"`` or ``"lower"`` when p_value < alpha and both models agree, else
        ``"cannot_tell"``.
    observed, expected, expected_low, expected_high
        Averages over the periods after with a known outcome.
    cumulative, cumulative_low, cumulative_high
        The effect added up over these periods.
    relative, relative_low, relative_high
        The effect as a fraction of what was expected; null where that may not be above 0.
    structural_effect, structural_low, structural_high, structural_p_value
        The average effect according to a local level with the same controls; null where
        `structural` was False or its likelihood had no maximum.
    agree
        Whether both models lead to the same verdict; null without the second.
    rho, rho_low, rho_high
        Autocorrelation of the errors before: median and interval.
    before, after
        Periods with a known outcome.
    missing
        Periods without one.
    alpha, season, controls, method
        As asked; the method is ``"ar1_counterfactual"``.
    notes
        Ids of `series.NOTES`.
    frame
        A row a period: the period; observed (null where unknown); expected, low, high (interval of
        what is observed without an action); effect, effect_low, effect_high (observed less
        expected); cumulative, cumulative_low, cumulative_high (from the action on; null before).
        Before the action, expected is what the period before lets expect, null after a period
        that is unknown.
    """

    effect: float
    low: float
    high: float
    p_value: float
    verdict: Verdict
    observed: float
    expected: float
    expected_low: float
    expected_high: float
    cumulative: float
    cumulative_low: float
    cumulative_high: float
    relative: float | None
    relative_low: float | None
    relative_high: float | None
    structural_effect: float | None
    structural_low: float | None
    structural_high: float | None
    structural_p_value: float | None
    agree: bool | None
    rho: float
    rho_low: float
    rho_high: float
    before: int
    after: int
    missing: int
    alpha: float
    season: Season
    controls: tuple[str, ...]
    method: str
    notes: tuple[str, ...]
    frame: pd.DataFrame


def counterfactual(
    series: Frame,
    *,
    outcome: str,
    period: str,
    action: Action,
    controls: str | Sequence[str] = (),
    season: Season = None,
    alpha: float = 0.05,
    structural: bool = True,
) -> Counterfactual:
    r"""Estimate what an action changed, against series that it did not touch.

    Parameters
    ----------
    series
        A row a period, in any order.
    outcome
        The column measured.
    period
        The column that says when: first days of periods, or whole numbers.
    action
        The first day (or the number of the first period) of the action.
    controls
        Columns that move with the outcome and that the action did not touch: other stores, other
        countries, the market, events as 0 and 1.
    season
        ``"week"``, ``"year"``, a number of periods, or several of these; see `season_terms`.
    alpha
        1 less the level of the intervals, and the p-value under which there is a verdict.
    structural
        Whether to ask the second model; False is faster, and `agree` is then null.

    Returns
    -------
    Counterfactual

    Raises
    ------
    ColumnError, DataError
        What `series` refuses; too few periods before; controls or a season that the periods
        before cannot tell apart.
    ComputeError
        When the action lies outside the series.

    Notes
    -----
    The first model is :math:`y_t = a + x_t b + season_t + u_t`, :math:`u_t = \rho u_{t-1} + e_t`,
    learned before the action only, with :math:`\rho` integrated out: its intervals know that
    coefficients and autocorrelation are estimated, and that errors are carried on. The second is
    statsmodels' `UnobservedComponents`, a level that wanders, with the same columns. Where they
    lead to different verdicts, the verdict is that one cannot tell.

    References
    ----------
    Brodersen, K. H. et al. (2015). Inferring causal impact using Bayesian structural time-series
    models. Annals of Applied Statistics 9(1), 247-274.
    Harvey, A. C. (1989). Forecasting, Structural Time Series Models and the Kalman Filter.
    Cambridge University Press.

    Examples
    --------
    >>> rng = np.random.default_rng(5)
    >>> others = 100 + rng.normal(0, 5, 100).cumsum() / 5
    >>> weeks = pd.DataFrame(
    ...     {"week": range(100), "others": others, "sales": 1.2 * others + rng.normal(0, 1, 100)}
    ... )
    >>> weeks.loc[weeks.week >= 70, "sales"] += 10
    >>> found = counterfactual(
    ...     weeks, outcome="sales", period="week", action=70, controls="others"
    ... )
    >>> round(found.effect), found.verdict, found.agree
    (10, 'higher', True)
    """
    check_alpha(alpha)
    rows = checked_series(series, outcome=outcome, period=period, controls=controls)
    parted = split(rows, action)
    values, design = parted.series.outcome, _design(parted, season)
    before, after = enough(parted, coefficients=design.shape[1], after=1)
    start = _last_known(values, parted.before)
    regression = fit(values[:start], design[:start])
    wary = cautious(regression)
    expected, sums = _carried_on(wary, values, design, start, alpha=alpha)
    total = Estimate(*(part[-1] for part in sums))
    effect = total._replace(
        estimate=total.estimate / after, low=total.low / after, high=total.high / after
    )
    second = _structural(values, design, parted.before, alpha=alpha) if structural else None
    verdict = verdict_on(effect, alpha=alpha)
    agree = None if second is None else verdict_on(second, alpha=alpha) == verdict
    rho, rho_low, rho_high = autocorrelation(regression, alpha=alpha)
    observed = float(np.nanmean(values[parted.before :]))
    relative, relative_low, relative_high = relative_to_expected(effect, observed)
    own = {
        "methods_disagree": agree is False,
        "one_method": structural and second is None,
        "drifting": drift(regression, values[:start], design[:start]) > _DRIFTS,
    }
    notes = notes_on(
        parted,
        learned=before,
        season=season,
        rho_high=float(autocorrelation(regression, alpha=NOTED)[2]),
        pattern=left_over(regression, values[:start], design[:start]),
    )
    return Counterfactual(
        effect=float(effect.estimate),
        low=float(effect.low),
        high=float(effect.high),
        p_value=float(effect.p_value),
        verdict="cannot_tell" if agree is False else verdict,
        observed=observed,
        expected=float(observed - effect.estimate),
        expected_low=float(observed - effect.high),
        expected_high=float(observed - effect.low),
        cumulative=float(total.estimate),
        cumulative_low=float(total.low),
        cumulative_high=float(total.high),
        relative=relative,
        relative_low=relative_low,
        relative_high=relative_high,
        structural_effect=None if second is None else float(second.estimate),
        structural_low=None if second is None else float(second.low),
        structural_high=None if second is None else float(second.high),
        structural_p_value=None if second is None else float(second.p_value),
        agree=agree,
        rho=float(rho),
        rho_low=float(rho_low),
        rho_high=float(rho_high),
        before=before,
        after=after,
        missing=parted.series.missing,
        alpha=alpha,
        season=season,
        controls=parted.series.control_names,
        method=METHOD,
        notes=(*notes, *(note for note, holds in own.items() if holds)),
        frame=_frame(parted, wary, design, start, expected, sums, alpha),
    )


def _design(parted: Split, season: Season) -> Floats:
    """Return a constant, season and controls, a row a period."""
    rows = parted.series
    return np.hstack([np.ones((len(rows.period), 1)), season_terms(rows, season), rows.controls])


def _last_known(outcome: Floats, before: int) -> int:
    """Return the place after the last known outcome before the action: what follows is forecast."""
    return int(np.flatnonzero(np.isfinite(outcome[:before]))[-1]) + 1


def _carried_on(
    regression: Regression, outcome: Floats, design: Floats, start: int, *, alpha: float
) -> tuple[Estimate, Estimate]:
    """Return what is expected in each period from a place on, and observed less that, added up."""

    def beyond(observed: Floats, cumulative: bool) -> Estimate:
        paths = surprise(
            regression,
            last=outcome[start - 1],
            outcome=observed,
            design_last=design[start - 1],
            design=design[start:],
            cumulative=cumulative,
        )
        return summarise(paths, regression, alpha=alpha)

    nothing = beyond(np.zeros(len(outcome) - start), cumulative=False)
    expected = Estimate(-nothing.estimate, -nothing.high, -nothing.low, nothing.p_value)
    return expected, beyond(outcome[start:], cumulative=True)


def _structural(outcome: Floats, design: Floats, before: int, *, alpha: float) -> Estimate | None:
    """Return the average effect by a wandering level with the same columns; None without a fit.

    Coefficients are part of the state, so that the covariance of what is expected knows that they
    are estimated. Its variances are taken as known, as users of `UnobservedComponents` do.
    """
    from scipy.special import ndtr, ndtri
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    past, seen = outcome[:before], np.isfinite(outcome[before:])
    centre, spread = np.nanmean(past), np.nanstd(past)
    columns = design[:, 1:] - design[:before, 1:].mean(axis=0)
    columns = columns / columns[:before].std(axis=0)
    model = UnobservedComponents(
        (past - centre) / spread,
        "local level",
        exog=columns[:before] if columns.shape[1] else None,
        mle_regression=False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of no convergence, which is looked at
        fitted = model.fit(disp=False, cov_type="none")
        if not fitted.mle_retvals["converged"]:  # near the edge, its line search can stop short
            fitted = model.fit(fitted.params, method="nm", disp=False, cov_type="none")
    if not fitted.mle_retvals["converged"]:
        return None
    irregular, wandering = fitted.params[:2]
    share = seen / seen.sum()
    later = np.cumsum(share[::-1])[::-1][1:]  # what is added to the level moves all that follows
    row = np.append(1.0, share @ columns[before:])
    variance = row @ fitted.predicted_state_cov[..., -1] @ row
    variance += wandering * (later**2).sum() + irregular * (share**2).sum()
    error = spread * np.sqrt(variance)
    expected = centre + spread * (row @ fitted.predicted_state[:, -1])
    effect = np.nanmean(outcome[before:]) - expected
    half = ndtri(1 - alpha / 2) * error
    p_value = 2 * ndtr(-abs(effect) / error)
    return Estimate(effect, effect - half, effect + half, p_value)


def _frame(
    parted: Split,
    regression: Regression,
    design: Floats,
    start: int,
    expected: Estimate,
    sums: Estimate,
    alpha: float,
) -> pd.DataFrame:
    """Return what was observed and expected, period by period, and what it adds up to."""
    observed = parted.series.outcome
    past = _one_ahead(regression, observed[:start], design[:start], alpha)
    bands = np.vstack([past, np.column_stack(expected[:3])])
    added = np.full((len(observed), 3), np.nan)
    added[parted.before :] = np.column_stack(sums[:3])[parted.before - start :]
    difference = observed[:, None] - bands[:, [0, 2, 1]]
    names = [f"{quantity}{end}" for quantity in ("effect", "cumulative") for end in _ENDS]
    values = pd.DataFrame(
        np.column_stack([observed, bands, difference, added]),
        columns=["observed", "expected", "low", "high", *names],
    )
    values.insert(0, str(parted.series.period.name), parted.series.period)
    return values


def _one_ahead(regression: Regression, outcome: Floats, design: Floats, alpha: float) -> Floats:
    """Return what each period lets expect of the next, with its interval; null after unknown."""
    from scipy.special import stdtrit

    line = design @ (regression.weight @ regression.coefficients)
    rho, scale = (float(regression.weight @ part) for part in (regression.rho, regression.scale))
    errors = np.append(np.nan, (outcome - line)[:-1])
    half = scale * stdtrit(regression.degrees, 1 - alpha / 2)
    expected = line + rho * errors
    return np.column_stack([expected, expected - half, expected + half])
