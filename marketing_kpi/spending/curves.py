"""Response curves: what one more unit of spend brings, where the weeks can tell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketing_kpi.errors import ComputeError, DataError
from marketing_kpi.quasi_experiments import autoregression
from marketing_kpi.spending.weeks import OWN, Weeks

Floats = npt.NDArray[np.float64]

FEWEST_WEEKS = 104
"""Weeks under which a season cannot be told from what spend does: each week needs its twin."""

FEWEST_RESULTS = 10
"""Results a week, in the mean, under which their logarithm is mostly chance."""

FEWEST_MOVES = 12.0
"""Weeks' worth of movement of the spend by itself under which a few weeks decide alone."""

LEAST_MOVE = 0.02
"""Standard deviation of the logarithm of the spend, season and trend taken out, that is none."""

CURRENT_WEEKS = 13
"""Weeks, the last ones, whose mean is the present spend and result."""

REASONS = ("few_weeks", "few_results", "never_varied", "few_moves", "not_separable")
"""Why a channel has no curve, in the order in which they are looked for."""

_YEAR = 365.2425
_LAST_WEEK = 52  # the few weeks numbered 53 are taken with it
_SAME = 1e-6  # squares that rounding leaves of a column that the others make
_ALPHA = 0.05  # of all channels together
_AROUND = (-1, 0, 1)  # weeks from that of Black Friday


class Curves(NamedTuple):
    """What the weeks say of each channel.

    Attributes
    ----------
    outcome
        What is counted.
    shared
        Whether it is the whole shop's, so that all channels are on one curve.
    carryover
        The share of a week's effect that was assumed to reach into the next.
    table
        A row a channel, sorted by spend: marketing_channel; spend and result, the present means a
        week (of the shop, where the result is shared); spend_low and spend_high, the least and
        the most spent in a week; elasticity with low and high, by how many percent the result
        grows when spend grows by one (95 % for all channels together); marginal with marginal_low
        and marginal_high, the result of one more unit of money now; verdict; reason, one of
        `REASONS` where there is no curve.
        The verdict is ``saturating`` where each further unit brings less than the one before,
        ``proportional`` where nothing says so, ``cannot_tell`` where the interval holds 0,
        ``lower`` where more spend goes with less, and ``none`` without a curve.
    covariance
        Of the elasticities, a row and a column a channel that has a curve.
    degrees
        Degrees of freedom that the weeks leave.
    present
        The days of the weeks whose means are the present: the first one, and the day after the
        last; null without a week. They are the last weeks there are, whatever else is asked of.
    """

    outcome: str
    shared: bool
    carryover: float
    table: pd.DataFrame
    covariance: pd.DataFrame
    degrees: int
    present: tuple[dt.date, dt.date] | None = None

    @property
    def main(self) -> str | None:
        """The channel that most is spent on now, of those that have a curve; null without one."""
        has_curve = self.table["elasticity"].notna() & (self.table["spend"] > 0)
        found = self.table.loc[has_curve, "marketing_channel"]
        return None if found.empty else str(found.iloc[0])


def marginal_roas(*, elasticity: float, revenue: float, spend: float) -> float | None:
    r"""Return the extra revenue of one more unit of spend, on a power curve.

    Parameters
    ----------
    elasticity
        By how many percent revenue grows when spend grows by one; see `response_curves`.
    revenue
        What came in at the present spend, in money.
    spend
        What is spent now, in the same money and time.

    Returns
    -------
    float or None
        Units of revenue for one more unit of spend. None where nothing is spent: the curve has no
        slope there.

    Raises
    ------
    ComputeError
        When `spend` is negative.

    Notes
    -----
    On :math:`R = k s^b` the slope is :math:`k b s^{b-1} = b R / s`: the average return, times the
    elasticity.

    Examples
    --------
    A channel that returns 4 on average returns 1 on its last unit, if doubling the spend brings a
    fifth more:

    >>> marginal_roas(elasticity=0.25, revenue=4000, spend=1000)
    1.0
    """
    if spend < 0:
        raise ComputeError(f"spend == {spend}, must be 0 or more", hint="give spend as positive")
    return None if spend == 0 else elasticity * revenue / spend


def response_curves(
    weeks: Weeks,
    *,
    carryover: float = 0.0,
    season: bool = True,
    current_weeks: int = CURRENT_WEEKS,
) -> Curves:
    r"""Fit what each channel's spend brings, with trend and season beside it.

    Parameters
    ----------
    weeks
        What `channels.weeks` returns.
    carryover
        The share of a week's effect that reaches into the next, 0 or more and below 1: an
        assumption, which weeks of one shop can hardly judge. Try several.
    season
        False leaves trend and season out, to see what that does; never to decide.
    current_weeks
        How many of the last weeks are the present.

    Returns
    -------
    Curves

    Raises
    ------
    ComputeError
        When `carryover` or `current_weeks` is out of range.

    Notes
    -----
    .. math:: \log y_t = \sum_c b_c \log s_{ct} + a + \tau t + \text{season}_t + u_t

    with :math:`s_{ct} = (1 - \theta) \sum_k \theta^k x_{c,t-k}` the spend, carried over, and
    :math:`u` following itself from week to week. An elasticity :math:`b` below 1 is a channel that
    saturates: one more unit brings :math:`b` times what a unit brings on average. The season is a
    level of its own for each of the 52 weeks of a year, and for the three around Black Friday,
    which moves among them. A week without spend has a level of its own. Errors:
    `quasi_experiments.autoregression`. The intervals hold together for all channels that are asked
    (Bonferroni): with five channels that do nothing, one in four shops would else see an effect.

    Nothing here tells apart what spend does from what made people spend: whoever spends more in
    good weeks finds good weeks. Its season taken out, that is still so of all that moves both; only
    a test in which chance decides the spend answers for sure. ``benchmarks/response_curves.md``
    has the coverage.

    References
    ----------
    Hanssens, D. M., Parsons, L. J. and Schultz, R. L. (2001). Market Response Models, 2nd edition.
    Kluwer.
    Jin, Y., Wang, Y., Sun, Y., Chan, D. and Koehler, J. (2017). Bayesian methods for media mix
    modeling with carryover and shape effects. Google.
    """
    if not 0 <= carryover < 1:
        raise ComputeError(f"carryover == {carryover}, must be 0 or more and below 1")
    if current_weeks < 1:
        raise ComputeError(f"current_weeks == {current_weeks}, must be at least 1")
    shared = weeks.outcome not in OWN
    names = sorted(weeks.spend.columns)
    controls = _controls(weeks.spend.index, season=season)
    reasons = {name: _why_none(weeks, name, controls, carryover) for name in names}
    usable = [name for name in names if reasons[name] is None]
    found: dict[str, tuple[float, float, float]] = {}
    covariance = pd.DataFrame(0.0, index=usable, columns=usable)
    groups = [usable] if shared else [[name] for name in usable]
    for group in filter(None, groups):
        outcome = weeks.result["all" if shared else group[0]]
        alpha = _ALPHA / len(usable)
        fitted = _fit(outcome, weeks.spend[group], controls, carryover, alpha=alpha)
        if fitted is None:
            reasons |= dict.fromkeys(group, "not_separable")
            covariance = covariance.drop(index=group, columns=group)
            continue
        found |= fitted[0]
        covariance.loc[group, group] = fitted[1]
    table = _table(weeks, names, found, reasons, current_weeks=current_weeks, shared=shared)
    degrees = len(weeks.spend) - controls.shape[1] - max(map(len, groups), default=0)
    present = _span(weeks.spend.index[-current_weeks:])
    return Curves(weeks.outcome, shared, carryover, table, covariance, max(degrees, 1), present)


def _span(mondays: pd.Index) -> tuple[dt.date, dt.date] | None:
    """Return the first day of some weeks and the day after the last; None without a week."""
    if mondays.empty:
        return None
    first, last = (pd.Timestamp(mondays[place]).date() for place in (0, -1))
    return first, last + dt.timedelta(weeks=1)


def _controls(mondays: pd.Index, *, season: bool) -> Floats:
    """Return the columns of the level, the trend, the season and the weeks of Black Friday."""
    mondays = pd.DatetimeIndex(mondays)
    size = len(mondays)
    columns = [np.ones(size)]
    if season and size:
        days = mondays.to_numpy().astype("datetime64[D]").astype(float)
        columns.append((days - days.mean()) / _YEAR)
        numbers = np.minimum(mondays.isocalendar()["week"].to_numpy(dtype=np.int64), _LAST_WEEK)
        columns += [(numbers == number).astype(float) for number in np.unique(numbers)[1:]]
        peak = {_monday(black_friday(year)) for year in {*mondays.year}}
        for weeks in _AROUND:
            moved = {monday + dt.timedelta(weeks=weeks) for monday in peak}
            column = np.array([monday.date() in moved for monday in mondays], dtype=float)
            columns += [column] if _is_new(column, columns) else []
    return np.column_stack(columns)


def _is_new(column: Floats, columns: Sequence[Floats]) -> bool:
    """Return whether a column says what those before do not: some years share their weeks."""
    before = np.column_stack(columns)
    rest = column - before @ np.linalg.lstsq(before, column, rcond=None)[0]
    return float((rest**2).sum()) > _SAME


def black_friday(year: int) -> dt.date:
    """Return the day after the fourth Thursday of November.

    >>> black_friday(2025)
    datetime.date(2025, 11, 28)
    """
    november = dt.date(year, 11, 1)
    return november + dt.timedelta(days=(3 - november.weekday()) % 7 + 22)


def _monday(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())


def adstock(spend: npt.ArrayLike, *, carryover: float) -> Floats:
    """Spread each week's spend over the weeks after it; a constant spend stays what it is.

    >>> adstock([100, 0, 0], carryover=0.5)
    array([100.,  50.,  25.])
    """
    values = np.asarray(spend, dtype=np.float64)
    spread = np.empty_like(values)
    before = values[0] if len(values) else 0.0
    for place, value in enumerate(values):
        before = carryover * before + (1 - carryover) * value
        spread[place] = before
    return spread


def _log_spend(spend: pd.Series, carryover: float) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the logarithm of the spend, 0 at its mean and without any, and where there is any."""
    values = adstock(spend.to_numpy(), carryover=carryover)
    paid = values > 0
    logs = np.log(np.where(paid, values, 1.0))
    return np.where(paid, logs - logs[paid].mean(), 0.0), paid


def _why_none(weeks: Weeks, name: str, controls: Floats, carryover: float) -> str | None:
    """Return why the weeks cannot tell what a channel's spend does; None where they may."""
    if len(weeks.spend) < max(FEWEST_WEEKS, controls.shape[1] + 20):
        return "few_weeks"
    result = weeks.result["all" if weeks.outcome not in OWN else name].dropna()
    if not result.mean() >= FEWEST_RESULTS or (result <= 0).mean() > 0.05:
        return "few_results"
    if len(result) < FEWEST_WEEKS:
        return "few_weeks"
    logs, paid = _log_spend(weeks.spend[name], carryover)
    beside = controls if paid.all() else np.column_stack([controls, paid])
    own = logs - beside @ np.linalg.lstsq(beside, logs, rcond=None)[0]
    squares = float((own**2).sum())
    if np.sqrt(squares / len(own)) < LEAST_MOVE:
        return "never_varied"
    return "few_moves" if squares**2 / float((own**4).sum()) < FEWEST_MOVES else None


def _fit(
    outcome: pd.Series, spend: pd.DataFrame, controls: Floats, carryover: float, *, alpha: float
) -> tuple[dict[str, tuple[float, float, float]], Floats] | None:
    """Return each elasticity with its interval, and their covariance; None where not separable."""
    logs = [_log_spend(spend[name], carryover) for name in spend.columns]
    values = outcome.to_numpy(dtype=np.float64)
    # A pause of which nothing came is no week of the fit: it needs no level of its own.
    pauses = [~paid for _, paid in logs if (~paid & (values > 0)).any()]
    columns = [one for one, _ in logs] + [*map(np.asarray, pauses)]
    design = np.column_stack([*columns, controls]).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        known = np.where(values > 0, np.log(np.where(values > 0, values, 1.0)), np.nan)
    size = len(spend.columns)
    try:
        regression = autoregression.fit(known, design)
    except DataError:
        return None
    weights = np.eye(size, design.shape[1])
    paths = autoregression.contrast(regression, weights)
    summary = autoregression.summarise(paths, regression, alpha=alpha)
    rows = zip(
        spend.columns,
        np.atleast_1d(summary.estimate),
        np.atleast_1d(summary.low),
        np.atleast_1d(summary.high),
        strict=True,
    )
    found = {str(name): (float(b), float(low), float(high)) for name, b, low, high in rows}
    return found, _covariance(regression, size)


def _covariance(regression: autoregression.Regression, size: int) -> Floats:
    """Return the covariance of the first coefficients, the autocorrelation integrated out."""
    weight = regression.weight
    within = np.einsum("g,gij->ij", weight * regression.scale**2, regression.inverse)
    mean = weight @ regression.coefficients
    apart = regression.coefficients - mean
    between = np.einsum("g,gi,gj->ij", weight, apart, apart)
    covariance: Floats = (within + between)[:size, :size]
    return covariance


def _table(
    weeks: Weeks,
    names: Sequence[str],
    found: dict[str, tuple[float, float, float]],
    reasons: dict[str, str | None],
    *,
    current_weeks: int,
    shared: bool,
) -> pd.DataFrame:
    rows = []
    for name in names:
        spend = weeks.spend[name]
        result = weeks.result["all" if shared else name]
        now = float(spend.tail(current_weeks).mean()) if len(spend) else np.nan
        each, came = _present(spend.tail(current_weeks), result.tail(current_weeks))
        b, low, high = found.get(name, (np.nan,) * 3)
        rows.append(
            {
                "marketing_channel": name,
                "spend": now,
                "result": came,
                "spend_low": float(spend[spend > 0].min()),
                "spend_high": float(spend.max()),
                "elasticity": b,
                "low": low,
                "high": high,
                "marginal": b * each,
                "marginal_low": low * each,
                "marginal_high": high * each,
                "verdict": _verdict(low, high),
                "reason": reasons[name],
            }
        )
    columns = [
        "marketing_channel", "spend", "result", "spend_low", "spend_high", "elasticity", "low",
        "high", "marginal", "marginal_low", "marginal_high", "verdict", "reason",
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    table = table.sort_values(["spend", "marketing_channel"], ascending=[False, True])
    return table.reset_index(drop=True)


def _present(spend: pd.Series, result: pd.Series) -> tuple[float, float]:
    """Return the result of one unit of money, and the mean a week, of weeks whose result is known.

    A week without spend of which no result is recorded brought none.
    """
    known = result.fillna(0.0).where(result.notna() | (spend <= 0))
    told = known.notna()
    paid, came = float(spend[told].sum()), float(known[told].sum())
    if not paid > 0:
        return np.nan, float(result.mean())
    mean = float(known.mean()) if told.all() else came / paid * float(spend.mean())
    return came / paid, mean


def _verdict(low: float, high: float) -> str:
    if np.isnan(low):
        return "none"
    if high < 0:
        return "lower"
    if low <= 0:
        return "cannot_tell"
    return "saturating" if high < 1 else "proportional"


def curve(curves: Curves, *, channel: str, points: int = 60) -> pd.DataFrame:
    """Return the fitted curve of a channel over the spend that its weeks have seen.

    Parameters
    ----------
    curves
        What `response_curves` returns.
    channel
        A marketing channel of its table that has a curve.
    points
        How many.

    Returns
    -------
    pandas.DataFrame
        spend, a week; result with low and high: the present result is taken as known, so that they
        meet there. Empty where nothing is spent at present: the curve has no point to go through.
    """
    row = curves.table.set_index("marketing_channel").loc[channel]
    points = points if row["spend"] > 0 else 0
    spend = np.linspace(row["spend_low"], row["spend_high"], points)
    share = np.log(spend / row["spend"])
    ends = [row["result"] * np.exp(row[name] * share) for name in ("elasticity", "low", "high")]
    low, high = np.minimum(ends[1], ends[2]), np.maximum(ends[1], ends[2])
    return pd.DataFrame({"spend": spend, "result": ends[0], "low": low, "high": high})
