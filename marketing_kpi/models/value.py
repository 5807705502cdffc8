"""What customers are worth: the purchases to come, what they are worth, and what a delay costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.errors import ComputeError, DataError
from marketing_kpi.kpis.frames import Frame, require, same_kind
from marketing_kpi.kpis.periods import DAYS_A_MONTH, MONTHS_A_YEAR
from marketing_kpi.models.attrition import AttritionFit
from marketing_kpi.models.estimation import Floats, by_group, exponential, half_widths
from marketing_kpi.models.gamma_gamma import GammaGamma
from marketing_kpi.models.purchases import HISTORY, Counts, grouped, unit_days

ALL = "all"
"""Name of the only segment of `total_value` without `by`."""

_NEEDED = ("customer_id", *HISTORY, "monetary_value")
_ANSWER = ("purchases", "value", "cltv", "low", "high")
_MEANS = ("cltv_mean", "cltv_mean_low", "cltv_mean_high")


# --- A customer -----------------------------------------------------------------------------


def discounted_value(
    fit: AttritionFit,
    gamma_gamma: GammaGamma,
    summary: Frame,
    *,
    months: int,
    discount_rate: float,
    margin_rate: float,
) -> Frame:
    """Estimate the margin that each customer is expected to bring in the next months.

    Parameters
    ----------
    fit
        How often customers buy: a BG/NBD or a Pareto/NBD, fitted with its unit.
    gamma_gamma
        What their purchases are worth.
    summary
        What `summary` returns, in the unit and on the clock of the fit: customer_id, frequency,
        recency, T, monetary_value.
    months
        How far to look ahead, in months of 365.25 / 12 days; a whole number from 0 up.
    discount_rate
        What money a year later is worth less, a fraction from 0 up: 0.10 for 10 % a year.
    margin_rate
        The part of a purchase that is margin, a fraction of at most 1; below 0 when goods are sold
        at a loss.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a customer, sorted by customer_id (pandas): customer_id; purchases (expected in
        those months, not discounted); value (expected of a purchase, in the data's currency);
        cltv (expected margin, discounted); low and high (its 95 % interval). Value, cltv, low and
        high are null where the Gamma-Gamma tells no value, low and high where a fit tells none.

    Raises
    ------
    ColumnError
        When a column is missing.
    DataError
        When a pandas summary has a customer twice, or a history that no customer can have.
    ComputeError
        When the fit does not know its unit, or an argument is out of its range.

    Notes
    -----
    ``sum over months m of (E[Y(m)] - E[Y(m - 1)]) * value * margin_rate / (1 + discount_rate) **
    ((m - 1/2) / 12)``, E[Y(m)] being the purchases expected in m months, which the clock of the
    fit, if it has one, makes longer or shorter: those of a month are taken to fall in its middle.
    Past purchases are not in it.

    An expectation, not what a person will spend: most customers bring nothing more, a few bring
    many times their cltv. The interval is that of the expectation: the delta method on its
    logarithm, the variances of both fits added, since what a purchase is worth is assumed to tell
    nothing of how often a customer buys (see `GammaGamma.correlation`).

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005). RFM and CLV: using iso-value curves for
    customer base analysis. Journal of Marketing Research 42(4).
    """
    require(summary, _NEEDED, "the summary")
    if isinstance(summary, pd.DataFrame) and summary["customer_id"].duplicated().any():
        raise DataError("the summary has a customer twice, must have a row a customer")
    horizon = _Horizon.of(fit, months, discount_rate, margin_rate)

    def answer(history: Counts) -> Mapping[str, Floats]:
        def log_discounted(point: Floats) -> Floats:
            return np.log(_discounted(fit, point, history, horizon))

        with np.errstate(divide="ignore"):
            return {
                "purchases": np.exp(fit.log_expected(fit.point, history, horizon.length)),
                "discounted": np.exp(log_discounted(fit.point)),
                "spread": half_widths(log_discounted, fit.point, fit.log_covariance),
            }

    purchases, value = by_group(summary, answer), gamma_gamma.expected_value(summary)

    def combine(table: ir.Table) -> ir.Table:
        cltv = table.discounted * table.estimate * horizon.margin_rate
        of_value = (table.high / table.low).ln() / 2
        factor = (table.spread**2 + of_value**2).sqrt().exp()
        # Of a loss, the greater one is the lower end.
        low, high = (cltv / factor, cltv * factor)[:: -1 if horizon.margin_rate < 0 else 1]
        return table.select(
            "customer_id", "purchases", value=table.estimate, cltv=cltv, low=low, high=high
        )

    if isinstance(purchases, ir.Table):
        return combine(purchases.inner_join(value, "customer_id"))
    result = same_kind(purchases.merge(value, on="customer_id"), combine)
    types = {"customer_id": summary["customer_id"].dtype} | dict.fromkeys(_ANSWER, "float64")
    return result.astype(types).sort_values("customer_id").reset_index(drop=True)


class _Horizon(NamedTuple):
    """How far to look ahead and what a purchase then is worth now.

    Attributes
    ----------
    ends, length
        Where each month and the whole horizon end, in the unit and on the clock of the fit.
    factors
        What a unit of money in the middle of each month is worth now.
    margin_rate
        As given.
    """

    ends: Floats
    length: float
    factors: Floats
    margin_rate: float

    @classmethod
    def of(
        cls, fit: AttritionFit, months: int, discount_rate: float, margin_rate: float
    ) -> _Horizon:
        if fit.unit is None:
            raise ComputeError(
                "the fit does not know its unit", hint="fit_bg_nbd(..., unit='week')"
            )
        if months < 0 or not float(months).is_integer():
            raise ComputeError(f"months is {months!r}, must be a whole number from 0 up")
        if not 0 <= discount_rate < float("inf"):
            raise ComputeError(
                f"discount_rate is {discount_rate!r}, must be 0 or more",
                hint="10 % a year is written 0.10",
            )
        if not -float("inf") < margin_rate <= 1:
            raise ComputeError(
                f"margin_rate is {margin_rate!r}, must be at most 1", hint="45 % is written 0.45"
            )
        month = DAYS_A_MONTH / unit_days(fit.unit)
        middles = (np.arange(months) + 0.5) / MONTHS_A_YEAR
        ends = np.array([fit.ahead(number * month) for number in range(1, int(months) + 1)])
        length = fit.ahead(months * month)
        return cls(ends, length, (1 + discount_rate) ** -middles, margin_rate)


def _discounted(fit: AttritionFit, point: Floats, history: Counts, horizon: _Horizon) -> Floats:
    """Return the purchases expected of each history in the horizon, discounted by month."""

    def expected(length: float) -> Floats:
        return exponential(fit.log_expected_alive(point, history, length))

    alive = np.exp(fit.log_alive(point, history))
    return alive * _by_month(expected, horizon, np.zeros(len(alive)))


def _by_month(expected: Callable[[float], Floats], horizon: _Horizon, nothing: Floats) -> Floats:
    """Add up the differences of a cumulated expectation, each discounted.

    Summed by parts: each term is above 0, and none the difference of two close numbers.
    """
    drops = horizon.factors - np.append(horizon.factors[1:], 0.0)
    total = nothing
    for end, drop in zip(horizon.ends, drops, strict=True):
        total = total + drop * expected(float(end))
    return total


# --- Customers in all -----------------------------------------------------------------------


def total_value(
    fit: AttritionFit,
    gamma_gamma: GammaGamma,
    summary: Frame,
    *,
    months: int,
    discount_rate: float,
    margin_rate: float,
    by: str | None = None,
) -> pd.DataFrame:
    """Estimate what customers are expected to bring in all and on average, by segment.

    Parameters
    ----------
    fit, gamma_gamma, summary, months, discount_rate, margin_rate
        As in `discounted_value`.
    by
        A column of `summary` that names each customer's segment; everyone together by default.

    Returns
    -------
    pandas.DataFrame
        A row a segment, sorted by its name: the column `by` (``segment``, with `ALL`, without);
        customers; cltv, cltv_low and cltv_high (in all); cltv_mean, cltv_mean_low and
        cltv_mean_high (a customer). A customer without a segment is in none. Null where a fit
        tells no value or no interval.

    Notes
    -----
    The parameters are the same for all customers, so that their errors do not average out: the
    interval is the delta method's on the logarithm of the total, not a sum of customers' ones. It
    is the interval of the margin expected of these customers; what they will really bring varies
    around it, the more the fewer they are. `holdout_verdict` has an interval for that.
    """
    require(summary, [*_NEEDED, *([] if by is None else [by])], "the summary")
    horizon = _Horizon.of(fit, months, discount_rate, margin_rate)
    segments = _segments(summary, by)
    history, place = grouped(segments.frame)

    def purchases(point: Floats) -> Floats:
        return _discounted(fit, point, history, horizon)[place]

    def log_total(each: Floats, of_value: Floats) -> Floats:
        spent = each * _spend(of_value, segments.frame)
        total = np.bincount(segments.codes, spent, len(segments.names))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.log(total))

    expected = purchases(fit.point)
    centre = log_total(expected, gamma_gamma.point)
    half = np.hypot(
        half_widths(
            lambda at: log_total(purchases(at), gamma_gamma.point), fit.point, fit.log_covariance
        ),
        half_widths(
            lambda at: log_total(expected, at), gamma_gamma.point, gamma_gamma.log_covariance
        ),
    )
    customers = np.bincount(segments.codes, segments.frame["customers"], len(segments.names))
    result = pd.DataFrame({by or "segment": segments.names, "customers": customers.astype("int64")})
    names = ("cltv", "cltv_low", "cltv_high")
    for name, amount in zip(names, _margin(np.exp(centre), half, horizon.margin_rate), strict=True):
        result[name] = amount
        result[name.replace("cltv", "cltv_mean")] = amount / customers
    return result[[by or "segment", "customers", *names, *_MEANS]]


def _margin(sales: Floats, half: Floats, rate: float) -> tuple[Floats, Floats, Floats]:
    """Return the margin of sales and the ends of its interval, `half` wide on their logarithm."""
    margin = sales * rate
    ends = margin * np.exp(-half), margin * np.exp(half)
    return margin, np.minimum(*ends), np.maximum(*ends)


class _Segments(NamedTuple):
    """Customers by segment and history.

    Attributes
    ----------
    frame
        A row a segment and history: frequency, recency, T, seen (repeat purchases of known
        value: all, or 0), customers, and spent (what they spent in these).
    names
        The segments, sorted.
    codes
        The place in `names` of each row's.
    """

    frame: pd.DataFrame
    names: pd.Index
    codes: np.ndarray


def _segments(summary: Frame, by: str | None) -> _Segments:
    def query(table: ir.Table) -> ir.Table:
        named = table.mutate(_segment=ibis.literal(ALL) if by is None else table[by])
        has_history = [named[name].notnull() for name in ("_segment", *HISTORY)]
        kept = named.filter(*has_history)
        # An unknown value tells as little as no repeat purchase does, as in `expected_value`.
        mean = kept.monetary_value.cast("float64").nullif(float("nan"))
        seen = mean.notnull().ifelse(kept.frequency, 0)
        by_history = kept.group_by("_segment", *HISTORY, seen=seen)
        # Decimals add up to the same sum whatever the order of the rows.
        spent = (seen * mean).cast("decimal(38, 9)").sum().fill_null(0).cast("float64")
        return by_history.agg(customers=kept.count(), spent=spent)

    if isinstance(summary, ir.Table):
        frame = query(summary).to_pandas()
    else:
        columns = [*HISTORY, "monetary_value", *([] if by is None else [by])]
        frame = same_kind(summary[[*dict.fromkeys(columns)]], query)
    frame = frame.sort_values(["_segment", *HISTORY, "seen"]).reset_index(drop=True)
    codes, names = pd.factorize(frame["_segment"], sort=True)
    return _Segments(frame, pd.Index(names), codes)


def _spend(point: Floats, frame: pd.DataFrame) -> Floats:
    """Return the sums over customers of a row of what their purchases are worth.

    The expected value is linear in the mean value so far, which is why their sum is enough.
    """
    p, q, v = np.exp(point)
    seen, customers = frame["seen"].to_numpy("float64"), frame["customers"].to_numpy("float64")
    weight = p * seen + q - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        value = p * (v * customers + frame["spent"].to_numpy("float64")) / weight
    return np.asarray(np.where(weight > 0, value, np.nan))


# --- A new customer -------------------------------------------------------------------------


class NewCustomer(NamedTuple):
    """What a customer who has just bought for the first time is expected to bring.

    Attributes
    ----------
    repeat_purchases
        Purchases expected after the first, in the horizon, not discounted.
    value
        Expected value of a purchase, in the data's currency; null when the Gamma-Gamma has no
        finite mean.
    first_margin
        Margin expected of the first purchase.
    cltv
        Margin expected of the first purchase and of the later ones, discounted: what a customer
        may cost to acquire.
    low, high
        95 % interval of `cltv`; null when a fit tells none.
    """

    repeat_purchases: float | None
    value: float | None
    first_margin: float | None
    cltv: float | None
    low: float | None
    high: float | None


def new_customer_value(
    fit: AttritionFit,
    gamma_gamma: GammaGamma,
    *,
    months: int,
    discount_rate: float,
    margin_rate: float,
) -> NewCustomer:
    """Estimate the margin that a customer brings from the first purchase on.

    Parameters
    ----------
    fit, gamma_gamma, months, discount_rate, margin_rate
        As in `discounted_value`.

    Notes
    -----
    The first purchase, not discounted, and those of the next months as in `discounted_value`. It
    is taken to be worth what a repeat purchase is, the only ones that the Gamma-Gamma reads: where
    first baskets are smaller, take `cltv` - `first_margin` and add their margin.
    """
    horizon = _Horizon.of(fit, months, discount_rate, margin_rate)

    def repeats(point: Floats) -> Floats:
        def expected(length: float) -> Floats:
            return np.exp(fit.log_expected_new(point, np.array([length])))

        return _by_month(expected, horizon, np.zeros(1))

    def log_value(point: Floats) -> Floats:
        p, q, v = np.exp(point)
        with np.errstate(invalid="ignore"):
            return np.array([np.log(p * v / (q - 1))])

    purchases = np.exp(fit.log_expected_new(fit.point, np.array([horizon.length])))
    value = np.exp(log_value(gamma_gamma.point))
    half = np.hypot(
        half_widths(lambda at: np.log1p(repeats(at)), fit.point, fit.log_covariance),
        half_widths(log_value, gamma_gamma.point, gamma_gamma.log_covariance),
    )
    worth = _margin(value * (1 + repeats(fit.point)), half, margin_rate)
    parts = (purchases, value, value * margin_rate, *worth)
    return NewCustomer(*(None if np.isnan(part[0]) else float(part[0]) for part in parts))
