"""Does a fit foretell what customers do next? A period held out of the fit says."""

from __future__ import annotations

import datetime as dt
from typing import Literal, NamedTuple, TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.frames import Frame, require, same_kind
from marketing_kpi.kpis.intervals import Z95
from marketing_kpi.kpis.periods import day
from marketing_kpi.models.attrition import AttritionFit
from marketing_kpi.models.clock import Clock, ordinal
from marketing_kpi.models.estimation import Floats, half_widths
from marketing_kpi.models.purchases import HISTORY, Counts, purchase_days, summary, unit_days

MOST = 7
"""Repeat purchases of the last class of `by_frequency`: this many or more."""

_DAYS_A_WEEK = 7
_TAIL = 0.025  # of each side of a 95 % interval

Answer: TypeAlias = Literal["ok", "too_low", "too_high", "cannot_tell"]


# --- The split ------------------------------------------------------------------------------


def holdout(
    orders: Frame,
    *,
    calibration_end: str | dt.date,
    end: str | dt.date,
    unit: str = "week",
    since: str | dt.date | None = None,
    returns: Frame | None = None,
    clock: Clock | None = None,
) -> Frame:
    """Summarise customers up to a day, and count what they bought after it.

    Parameters
    ----------
    orders
        As `summary` takes them.
    calibration_end
        The first day that is held out: the fit reads what happened before.
    end
        The day after the last one held out; orders must be complete until then.
    unit, since, returns
        As in `summary`. Refunds made after `calibration_end` are not known yet. They lower
        values; a day of which everything was paid back counts as a purchase all the same.
    clock
        As in `summary`, learnt from what came before `calibration_end`.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        What `summary` returns as of `calibration_end`, sorted by customer_id (pandas), with
        actual (days with a purchase from `calibration_end` to before `end`) and periods (the
        length of that time on the calendar, in `unit`; the same for everyone).

    Raises
    ------
    ComputeError
        When `end` is not after `calibration_end`; and as `summary`.

    Examples
    --------
    >>> orders = pd.DataFrame({
    ...     "order_id": ["1", "2", "3", "4"],
    ...     "customer_id": ["A", "A", "A", "B"],
    ...     "ordered_at": pd.to_datetime(["2025-12-01", "2025-12-15", "2026-01-03", "2025-12-25"]),
    ...     "amount": [20.0, 30.0, 5.0, 12.0],
    ... })
    >>> held = holdout(orders, calibration_end="2026-01-01", end="2026-01-15")
    >>> held[["customer_id", "frequency", "actual", "periods"]]
      customer_id  frequency  actual  periods
    0           A          1       1      2.0
    1           B          0       0      2.0
    """
    first, last = _span(calibration_end, end)
    periods = (last - first).days / unit_days(unit)
    before = summary(orders, as_of=first, unit=unit, since=since, returns=returns, clock=clock)
    after = summary(orders, as_of=last, unit=unit)
    if isinstance(before, ir.Table) and isinstance(after, ir.Table):
        joined = before.inner_join(after.select("customer_id", _later="frequency"), "customer_id")
        actual = joined["_later"] - joined["frequency"]
        columns = [joined[name] for name in before.columns]
        return joined.select(*columns, actual=actual, periods=ibis.literal(periods))
    later = after.set_index("customer_id")["frequency"].reindex(before["customer_id"])
    actual = later.to_numpy() - before["frequency"].to_numpy()
    return before.assign(actual=actual, periods=periods)


def _span(calibration_end: str | dt.date, end: str | dt.date) -> tuple[dt.date, dt.date]:
    first, last = day(calibration_end, name="calibration_end"), day(end, name="end")
    if first >= last:
        raise ComputeError(f"end is {last}, must be after calibration_end ({first})")
    return first, last


# --- Predicted against actual ---------------------------------------------------------------


def by_frequency(fit: AttritionFit, held: Frame, *, most: int = MOST) -> pd.DataFrame:
    """Compare what customers bought in the holdout with the prediction, by their frequency.

    Parameters
    ----------
    fit
        A fit on the calibration period, in the unit of `held`.
    held
        What `holdout` returns.
    most
        The last class holds the customers with this many repeat purchases or more.

    Returns
    -------
    pandas.DataFrame
        A row a class, from 0 to `most`: frequency; customers; actual and predicted (purchases in
        the holdout, in all), low and high (95 % prediction interval of actual); actual_mean and
        predicted_mean (a customer). All but frequency, customers and actual are null in a class
        without customers; low and high also when the fit tells no interval.

    Notes
    -----
    The interval is that of `holdout_verdict`. Of eight classes, one in three fits that are right
    has one outside.
    """
    groups, periods = _groups(held)
    classes = np.minimum(groups.history.frequency, most).astype(np.intp)
    total = _totals(fit, groups, periods, classes, most + 1)
    customers = np.bincount(classes, groups.history.weight, most + 1)
    actual = np.bincount(classes, groups.actual, most + 1)
    with np.errstate(invalid="ignore"):
        result = pd.DataFrame(
            {
                "frequency": np.arange(most + 1),
                "customers": customers.astype("int64"),
                "actual": actual.astype("int64"),
                "predicted": total.predicted,
                "low": total.low,
                "high": total.high,
                "actual_mean": actual / customers,
                "predicted_mean": total.predicted / customers,
            }
        )
    nobody = customers == 0
    result.loc[nobody, result.columns[3:]] = np.nan
    return result


class Verdict(NamedTuple):
    """Whether the purchases of a holdout are those that a fit foretold.

    Attributes
    ----------
    answer
        ``"ok"``: the purchases lie within the interval, and it is narrow enough to have shown a
        prediction that is off by half; ``"too_low"``, ``"too_high"``: the prediction is;
        ``"cannot_tell"``.
    reason
        Why it cannot tell: ``"no_cohort"`` (no customer before the holdout), ``"fixed_dates"``
        (nothing was fitted, since customers buy on fixed dates), ``"no_fit"`` (nothing could be
        fitted), ``"no_interval"`` (the fit tells none, see its diagnosis),
        ``"too_few_purchases"`` (the holdout is too short or the customers too few); otherwise None.
    customers
        Customers of the calibration period.
    periods
        Length of the holdout, in the unit of the fit; null without customers.
    actual
        Their purchases in the holdout.
    predicted
        The purchases that the fit expects; null without customers, or without a fit.
    low, high
        95 % prediction interval of `actual`, whole numbers; null when the fit tells none.
    error
        predicted / actual - 1; null without a prediction, or when nothing was bought.
    """

    answer: Answer
    reason: str | None
    customers: int
    periods: float | None
    actual: int
    predicted: float | None
    low: float | None
    high: float | None
    error: float | None


def holdout_verdict(fit: AttritionFit, held: Frame) -> Verdict:
    """Say whether a fit foretold the purchases of a holdout.

    Parameters
    ----------
    fit
        A fit on the calibration period, in the unit of `held`.
    held
        What `holdout` returns.

    Notes
    -----
    The interval holds two uncertainties: that of the parameters (delta method, on the logarithm
    of the total), and that of what customers do when the parameters are known: each customer's
    purchases have a variance under the model, and customers are independent. The total is taken
    as gamma with that mean and variance, rounded outward.

    A season or a campaign moves all customers together, which no such model knows, so that a total
    outside the interval can come from one. On the calendar, a calibration that ends with the high
    season makes everyone look fresh, and the prediction too high; on a clock (`season_clock`) it
    does not. `benchmarks/coverage.md` measures both. How far the clock itself may be off is not in
    the interval.
    """
    groups, periods = _groups(held)
    customers = round(float(groups.history.weight.sum()))
    actual = round(float(groups.actual.sum()))
    if not customers:
        return Verdict("cannot_tell", "no_cohort", 0, None, 0, None, None, None, None)
    one_class = np.zeros(len(groups.actual), dtype=np.intp)
    predicted, low, high = (float(part[0]) for part in _totals(fit, groups, periods, one_class, 1))
    answer, reason = _answer(fit, actual, predicted, low, high)
    error = predicted / actual - 1 if actual else None
    numbers = [
        None if one is None or np.isnan(one) else one for one in (predicted, low, high, error)
    ]
    return Verdict(answer, reason, customers, periods, actual, *numbers)


def _answer(
    fit: AttritionFit, actual: int, predicted: float, low: float, high: float
) -> tuple[Answer, str | None]:
    if not fit.is_fitted:
        return "cannot_tell", "fixed_dates" if fit.diagnosis == "fixed_dates" else "no_fit"
    if np.isnan(low):
        return "cannot_tell", "no_interval"
    if actual > high:
        return "too_low", None
    if actual < low:
        return "too_high", None
    if high - low > predicted:
        return "cannot_tell", "too_few_purchases"
    return "ok", None


class _Groups(NamedTuple):
    """Distinct histories, and the purchases of their customers in the holdout."""

    history: Counts
    actual: Floats


class _Totals(NamedTuple):
    """Predicted purchases of classes of customers, and the prediction interval of the actual."""

    predicted: Floats
    low: Floats
    high: Floats


def _groups(held: Frame) -> tuple[_Groups, float]:
    """Group what `holdout` returned by history, in the engine if it lies there."""
    require(held, [*HISTORY, "actual", "periods"], "held")
    keys = [*HISTORY, "periods"]
    if isinstance(held, ir.Table):
        known = held.drop_null(keys)
        table = known.group_by(keys).agg(customers=known.count(), actual=known.actual.sum())
        frame = table.to_pandas()
    else:
        by_history = held.groupby(keys)["actual"]
        frame = by_history.agg(customers="size", actual="sum").reset_index()
    frame = frame.sort_values([*HISTORY])
    lengths = frame["periods"].unique()
    if len(lengths) > 1:
        raise ComputeError("held has several lengths of holdout, must have one")
    periods = float(lengths[0]) if len(lengths) else 0.0
    return _Groups(Counts.of(frame), frame["actual"].to_numpy(dtype="float64")), periods


def _totals(
    fit: AttritionFit, groups: _Groups, periods: float, classes: np.ndarray, size: int
) -> _Totals:
    history, length = groups.history, fit.ahead(periods)

    def log_totals(point: Floats) -> Floats:
        each = np.exp(fit.log_expected(point, history, length))
        with np.errstate(divide="ignore"):
            return np.log(np.bincount(classes, history.weight * each, size))

    predicted = np.exp(log_totals(fit.point))
    of_parameters = predicted * half_widths(log_totals, fit.point, fit.log_covariance) / Z95
    each_variance = fit.purchases_variance(history, length)
    variance = of_parameters**2 + np.bincount(classes, history.weight * each_variance, size)
    return _Totals(predicted, *_count_interval(predicted, variance))


def _count_interval(mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Return the middle 95 % of a gamma distribution, rounded outward to whole numbers."""
    from scipy.special import gammaincinv

    with np.errstate(divide="ignore", invalid="ignore"):
        shape, scale = mean**2 / variance, variance / mean
        low = np.floor(gammaincinv(shape, _TAIL) * scale)
        high = np.ceil(gammaincinv(shape, 1 - _TAIL) * scale)
    return low, high


# --- Week by week ---------------------------------------------------------------------------


def tracking(
    fit: AttritionFit,
    orders: Frame,
    *,
    calibration_end: str | dt.date,
    end: str | dt.date,
    since: str | dt.date | None = None,
) -> pd.DataFrame:
    """Follow the repeat purchases of a cohort week by week, predicted against actual.

    Parameters
    ----------
    fit
        A fit on the calibration period, with its unit.
    orders
        As `summary` takes them.
    calibration_end, end
        As in `holdout`.
    since
        The first day of a first purchase that counts, as in `summary`.

    Returns
    -------
    pandas.DataFrame
        A row a week, from that of the cohort's first purchase to the last whole one before `end`:
        week (from 1); starts (its first day); held_out (whether it is after `calibration_end`);
        actual and predicted (repeat purchases of the customers who first bought before
        `calibration_end`); actual_total and predicted_total (since the first week). Empty without
        a cohort.

    Raises
    ------
    ComputeError
        When the fit does not know its unit, or `end` is not after `calibration_end`.

    Notes
    -----
    Weeks are counted from `calibration_end` both ways, so that none lies astride it. The
    prediction is that for new customers: the sum over the cohort of the repeat purchases expected
    in the time since each first purchase. It does not use what the customers did, so that the
    weeks of the calibration period test the fit too.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005). "Counting your customers" the easy way:
    an alternative to the Pareto/NBD model. Marketing Science 24(2), figures 4 and 5.
    """
    first, last = _span(calibration_end, end)
    if fit.unit is None:
        raise ComputeError("the fit does not know its unit", hint="fit_bg_nbd(..., unit='week')")
    earliest = None if since is None else day(since, name="since")
    days = _cohort_days(orders, first, last, earliest)
    borders = _weeks(days, first, last)
    shown = (lambda times: times) if fit.clock is None else fit.clock.at
    ages = (shown(borders[1:, None]) - shown(days.index.to_numpy() + 1)) / unit_days(fit.unit)
    expected = np.exp(fit.log_expected_new(fit.point, np.maximum(ages, 0.0).ravel()))
    predicted = expected.reshape(ages.shape) @ days["customers"].to_numpy()
    actual = np.append(0, days["repeats"].cumsum())[np.searchsorted(days.index, borders[1:])]
    return pd.DataFrame(
        {
            "week": np.arange(1, len(borders)),
            "starts": pd.to_datetime(borders[:-1], unit="D", origin="unix").as_unit("us"),
            "held_out": borders[:-1] >= ordinal(first),
            "actual": np.diff(actual, prepend=0),
            "predicted": np.diff(predicted, prepend=0.0),
            "actual_total": actual,
            "predicted_total": predicted,
        }
    )


def tracking_error(tracked: pd.DataFrame) -> float | None:
    """Return how far the predicted total lies from the actual one in the weeks held out.

    Parameters
    ----------
    tracked
        What `tracking` returns.

    Returns
    -------
    float or None
        The mean of ``|predicted_total / actual_total - 1|``, a fraction; null without such weeks,
        or as long as nothing was bought.
    """
    weeks = tracked[tracked["held_out"] & (tracked["actual_total"] > 0)]
    if weeks.empty:
        return None
    return float((weeks["predicted_total"] / weeks["actual_total"] - 1).abs().mean())


def _cohort_days(
    orders: Frame, first: dt.date, last: dt.date, since: dt.date | None
) -> pd.DataFrame:
    """Return, by day since 1970, how many of the cohort began and how many came back."""

    def query(table: ir.Table) -> ir.Table:
        days = purchase_days(table, before=last)
        own = days.group_by("customer_id").agg(first=days.day.min())
        cohort = own.filter(own.first < ibis.literal(first, "date"))
        if since is not None:
            cohort = cohort.filter(cohort.first >= ibis.literal(since, "date"))
        joined = days.inner_join(cohort, "customer_id")
        began = joined.day == joined.first
        return joined.group_by("day").agg(
            customers=began.cast("int32").sum(), repeats=(~began).cast("int32").sum()
        )

    require(orders, ["order_id", "customer_id", "ordered_at", "amount"], "orders")
    frame = query(orders).to_pandas() if isinstance(orders, ir.Table) else same_kind(orders, query)
    number = pd.to_datetime(frame["day"]).to_numpy().astype("datetime64[D]").astype("int64")
    return frame.set_index(number)[["customers", "repeats"]].sort_index()


def _weeks(days: pd.DataFrame, first: dt.date, last: dt.date) -> np.ndarray:
    """Return the borders of the weeks, from the one before the cohort began; a border is one."""
    border = ordinal(first)
    if days.empty:
        return np.array([border])
    before = -((days.index[0] - border) // _DAYS_A_WEEK)
    after = (ordinal(last) - border) // _DAYS_A_WEEK
    return border + _DAYS_A_WEEK * np.arange(-before, after + 1)
