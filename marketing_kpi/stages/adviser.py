"""Threshold adviser: limits and tiers that a shop's own purchases suggest, and why.

The limits of defecting and inactive come from how long customers take to buy again; the tiers
from what they spend. Both are proposals: what they would move, `marketing_kpi.lifecycle.advise`
says.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.facts.lifecycle import is_purchase, purchase_days
from marketing_kpi.kpis.intervals import Z95
from marketing_kpi.kpis.periods import day
from marketing_kpi.stages.purchases import purchases
from marketing_kpi.stages.settings import DEFAULTS, Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketing_kpi.data.model import Data
    from marketing_kpi.kpis.compute import Filters

DEFECTING_AT = 0.80
"""Share of returns that come before the proposed defecting limit: four in five."""

INACTIVE_AT = 0.975
"""Share of returns that come before the proposed inactive limit: all but one in forty."""

FEWEST_RETURNS = 200
"""Returns below which neither a limit is proposed nor a median told; a convention."""

FEWEST_SPENDERS = 200
"""Customers who spent below which no tier is proposed; a convention."""

WATCHED = 100
"""Purchases that must still be watched on the last day of the curve; a convention."""

FOLLOW_UP = 1.5
"""A limit is proposed when purchases are watched so many times as long; a convention."""

ROUNDING_LOSS = 0.25
"""Rounding a limit down may leave out so much more of the late returns at most; a convention."""

_ROUND = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)


class Limit(NamedTuple):
    """A limit of the stages, in days since the last purchase.

    Attributes
    ----------
    id
        ``"active_days"`` (above it, a customer is defecting) or ``"defecting_days"`` (above it,
        inactive), as in `Settings`.
    share
        The share of returns that the proposed limit should leave on its near side.
    current
        The limit of the settings, days.
    current_share
        The share of returns that come within it; null when it lies beyond the horizon, unless
        nobody is left to come back.
    proposed
        The round number proposed, days; null when the data cannot tell.
    exact, low, high
        The day by which that share of returns has come, before rounding, with its 95 % interval;
        `high` is null when the returns end first; all are null without a curve.
    still_return
        Of those silent for the days proposed, the share who come back later, within the horizon;
        null without a proposal, and where nobody is silent so long.
    reason
        Null; ``"few"`` when there are too few returns, or too few purchases watched long enough
        after the limit; ``"history"`` when none is, and those still without a return could move
        the limit out of its interval; ``"close"`` when it would reach the other limit.
    """

    id: str
    share: float
    current: int
    current_share: float | None
    proposed: int | None
    exact: int | None
    low: int | None
    high: int | None
    still_return: float | None
    reason: str | None

    @property
    def proposed_interval(self) -> tuple[int, int] | None:
        """The 95 % interval with its ends rounded outwards, as limits are, so that it holds the
        round number proposed, days; None without a proposal, or without an end.

        >>> Limit("active_days", 0.8, 90, 1.0, 35, 32, 32, 32, 0.0, None).proposed_interval
        (30, 35)
        """
        if self.proposed is None or self.low is None or self.high is None:
            return None
        return _round_down(self.low), _round_days(self.high)[1]


@dataclass(frozen=True, eq=False)
class Proposal:
    """What the adviser proposes, and what it rests on.

    Attributes
    ----------
    limits
        The two limits, defecting first.
    returns, purchases
        How many purchases were followed by another, and how many there are; days, not orders.
    returning
        Share of purchases that are followed by another within the horizon (Kaplan-Meier); null
        without a curve.
    horizon_days
        How long purchases are followed: the last day on which 100 of them are still watched,
        whether or not someone came back on it; null without a curve.
    median_days
        The day by which half of the returns have come; null where these are too few for a limit.
    curve
        A row a day after a purchase on which someone came back, sorted: days; returned (share of
        the returns that have come by then, of those within the horizon); watched (purchases still
        without a return, and still watched, the day before). Empty without a curve.
    tiers
        A row a tier, from the lowest: tier (id); current_up_to and up_to (limits in the data's
        currency, null for the last, and for all of up_to when no tier is proposed); and of the
        customers who spent in the window, customers, customers_share, spend and spend_share in
        the proposed tier, and the same under the current limits with the prefix ``current_``.
    spenders
        Customers who spent in the window of the status.
    tiers_reason
        Null; ``"few"`` when too few customers spent; ``"close"`` when round limits coincide.
    settings
        The current settings, with what is proposed in place of what they said.
    """

    limits: tuple[Limit, Limit]
    returns: int
    purchases: int
    returning: float | None
    horizon_days: int | None
    median_days: int | None
    curve: pd.DataFrame
    tiers: pd.DataFrame
    spenders: int
    tiers_reason: str | None
    settings: Settings

    @property
    def proposes(self) -> bool:
        """Say whether there is a proposal: of a limit, or of the tiers."""
        limits = any(limit.proposed is not None for limit in self.limits)
        return limits or self.tiers_reason is None


def propose(
    data: Data,
    *,
    as_of: str | dt.date,
    settings: Settings = DEFAULTS,
    filters: Filters | None = None,
    shares: tuple[float, float] = (DEFECTING_AT, INACTIVE_AT),
) -> Proposal:
    """Propose the defecting and inactive limits and the tiers that the purchases suggest.

    Parameters
    ----------
    data
        What `open_data` returns.
    as_of
        The day of the analysis, exclusive.
    settings
        The current settings, held against the proposals.
    filters
        Column to the value, or list of values, to keep.
    shares
        The shares of returns that the two limits should leave on their near side.

    Returns
    -------
    Proposal
        The limits and tiers, or why there are none.

    Raises
    ------
    ComputeError
        When `shares` are not two rising fractions.

    Notes
    -----
    *Limits.* Each day of purchase of a customer starts a clock, which the customer's next one
    stops; the clocks of those who have not come back run on until `as_of` and are censored. The
    time between two purchases alone would leave these out, and with them the slow buyers: the
    distribution is that of Kaplan and Meier. Some never come back, so it ends below 1; a return
    is late when most of those *who come back at all* have done so, hence the curve divided by its
    value at the horizon, the last day on which 100 purchases are still watched. The defecting
    limit is the day by which 80 % of returns have come, the inactive limit that of 97.5 %, both
    rounded (to 5 days below 60, 15 below 180, else 30; up where rounding down would make the
    returns beyond it a quarter more). Each purchase weighs the same, so that frequent buyers weigh
    more than others, as they do in the stages. A limit is proposed when purchases are followed half
    as long again, or when it would stay in its interval if all who are still silent came back
    later: where everyone buys on a fixed day, nobody is left to follow after it.

    The interval is Woodruff's: that of the share of returns at the limit, read on the curve. Its
    variance is that of linearised (Nelson-Aalen) residuals summed by customer, since the
    clocks of one customer are not independent.

    *Tiers.* As many as the settings have. Each should hold half as many customers as the one
    below it, of those who spent in the window: of five tiers, the lowest 52 %, the highest 3 %.
    The limits are the round numbers nearest to those quantiles (by ratio), or these to two digits
    where round numbers would coincide.

    References
    ----------
    Kaplan, E. L. and Meier, P. (1958). Nonparametric estimation from incomplete observations.
    Journal of the American Statistical Association 53(282).
    Woodruff, R. S. (1952). Confidence intervals for medians and other position measures. Journal
    of the American Statistical Association 47(260).

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> amounts = [20.0] * 160 + [100.0] * 80 + [400.0] * 40 + [2000.0] * 20 + [5000.0] * 10
    >>> names = [str(n) for n in range(310)]
    >>> orders = pd.DataFrame({
    ...     "order_id": names, "customer_id": names, "amount": amounts,
    ...     "ordered_at": pd.to_datetime("2025-06-01"),
    ... })
    >>> with open_data({"orders": orders}) as data:
    ...     found = propose(data, as_of="2026-01-01")
    >>> found.tiers["up_to"].tolist(), [limit.reason for limit in found.limits]
    ([20.0, 100.0, 400.0, 2000.0, nan], ['few', 'few'])
    """
    if not 0 < shares[0] < shares[1] < 1:
        raise ComputeError(f"shares == {shares}, must be two rising fractions such as (0.8, 0.975)")
    end = day(as_of, name="as_of")
    paid = purchases(data, settings=settings, filters=filters, credits=True)
    paid = paid.filter(
        paid.customer_id.notnull(),
        paid.day < ibis.date(end.isoformat()),
        paid.refunded_on.isnull() | (paid.refunded_on >= ibis.date(end.isoformat())),
    )
    curve = _Curve.of(_waits(paid.filter(is_purchase(paid.amount)), end), data)
    limits = _limits(curve, settings, shares)
    spends = _spends(paid, end, settings, data)
    tiers, tiers_reason = _tiers(spends, settings)
    return Proposal(
        limits=limits,
        returns=curve.returns,
        purchases=curve.purchases,
        returning=curve.returning,
        horizon_days=curve.horizon,
        median_days=curve.day_of(0.5) if curve.returns >= FEWEST_RETURNS else None,
        curve=curve.frame(),
        tiers=tiers,
        spenders=int(spends["customers"].sum()),
        tiers_reason=tiers_reason,
        settings=_accepted(settings, limits, tiers, tiers_reason),
    )


# --- The time to the next purchase ----------------------------------------------------------


def _waits(bought: ir.Table, end: dt.date) -> ir.Table:
    """Return a row a customer and day of purchase: the days waited, and whether it came back."""
    days = purchase_days(bought, ())
    last = ibis.date(end.isoformat())
    return days.select(
        "customer_id",
        wait=days.next_day.fill_null(last).delta(days.day, unit="day"),
        returned=days.next_day.notnull(),
    )


@dataclass(frozen=True, eq=False)
class _Curve:
    """Kaplan and Meier's estimate of the time to the next purchase, on counts by day.

    `days` are those on which someone came back, up to the horizon; `returned` the share of
    purchases followed by another by then; `watched` those at risk; `followed` the last day on
    which enough are, `longest` the last on which one is.
    """

    waits: ir.Table
    data: Data
    followed: int
    longest: int
    days: NDArray[np.int64]
    returned: NDArray[np.float64]
    watched: NDArray[np.int64]
    came: NDArray[np.int64]
    returns: int
    purchases: int

    @classmethod
    def of(cls, waits: ir.Table, data: Data) -> _Curve:
        """Estimate the curve from the counts of each wait, made in the engine."""
        counts = waits.group_by("wait").aggregate(came=waits.returned.sum(), all=waits.count())
        rows: pd.DataFrame = data.connection.to_pandas(counts.order_by("wait"))
        came, every = rows["came"].to_numpy(np.int64), rows["all"].to_numpy(np.int64)
        watched = every[::-1].cumsum()[::-1]
        waited, enough = rows["wait"].to_numpy(np.int64), watched >= WATCHED
        kept = (came > 0) & enough
        survival = np.cumprod(1 - came[kept] / watched[kept])
        return cls(
            waits,
            data,
            followed=int(waited[enough].max(initial=0)),
            longest=int(waited.max(initial=0)),
            days=waited[kept],
            returned=1 - survival,
            watched=watched[kept],
            came=came[kept],
            returns=int(came.sum()),
            purchases=int(every.sum()),
        )

    @property
    def horizon(self) -> int | None:
        """The last day that the curve tells about, whether or not someone came back on it."""
        return self.followed if self.days.size else None

    @property
    def returning(self) -> float | None:
        """The share of purchases followed by another within the horizon."""
        return float(self.returned[-1]) if self.days.size else None

    def frame(self) -> pd.DataFrame:
        """Return the curve as `Proposal` describes it."""
        shares = self.returned / self.returned[-1] if self.days.size else self.returned
        return pd.DataFrame({"days": self.days, "returned": shares, "watched": self.watched})

    def day_of(self, share: float) -> int | None:
        """Return the first day by which so large a share of the returns has come."""
        if not self.days.size or share > 1:
            return None
        reached = self.returned >= share * self.returned[-1] * (1 - 1e-12)
        return int(self.days[reached.argmax()])

    def latest_day_of(self, share: float) -> int | None:
        """Return the day of a share of the returns if all who are still silent came back later."""
        reached = self.returned >= share
        return int(self.days[reached.argmax()]) if reached.any() else None

    def share_by(self, limit: int) -> float | None:
        """Return the share of the returns that have come by a day, up to the horizon.

        When everyone has come back there is nothing after it, and the share is known.
        """
        if self.horizon is None or (limit > self.horizon and self.returned[-1] < 1):
            return None
        place = np.searchsorted(self.days, limit, side="right")
        return float(self.returned[place - 1] / self.returned[-1]) if place else 0.0

    def return_after(self, limit: int | None) -> float | None:
        """Return, of those silent so many days, the share who come back by the horizon."""
        share = None if limit is None else self.share_by(limit)
        if share is None or self.returning is None:
            return None
        come = self.returning * share
        return (self.returning - come) / (1 - come) if come < 1 else None

    def error_at(self, limit: int) -> float:
        """Return the standard error of the share of the returns that have come by a day."""
        influence = self._influence(limit)
        of_wait = ibis.memtable(influence).cast({"wait": "int64", "returned": "boolean"})
        rows = self.waits.inner_join(of_wait, ["wait", "returned"])
        sums = rows.group_by("customer_id").aggregate(part=rows.part.sum())
        found = self.data.connection.to_pandas(
            sums.aggregate(square=(sums.part * sums.part).sum().round(18))
        )
        return math.sqrt(found["square"].iloc[0])

    def _influence(self, limit: int) -> pd.DataFrame:
        """Return what one clock adds to the share of returns by a day, for each wait and end.

        With the hazard d / n of each day, the cumulative hazard at t has the residual
        1[returned, wait <= t] / n(wait) - sum of d / n^2 up to min(wait, t); survival times it is
        that of the share returned.
        """
        last = int(self.days[-1])
        longest = self.data.connection.to_pandas(self.waits.aggregate(self.waits.wait.max()))
        waits = np.arange(int(longest.iloc[0, 0]) + 1)
        hazard = np.cumsum(self.came / self.watched**2)
        place = np.searchsorted(self.days, waits, side="right") - 1

        def residual(until: int, returned: bool) -> NDArray[np.float64]:
            stop = np.minimum(place, np.searchsorted(self.days, until, side="right") - 1)
            spent = np.where(stop >= 0, hazard[np.maximum(stop, 0)], 0.0)
            hit = returned & (waits <= until) & (place >= 0)
            return np.where(hit, 1 / self.watched[np.maximum(place, 0)], 0.0) - spent

        share = self.share_by(limit) or 0.0
        total = self.returned[-1]
        parts = []
        for returned in (True, False):
            near = (1 - share * total) * residual(limit, returned)
            far = (1 - total) * residual(last, returned)
            part = (near - share * far) / total
            parts.append(pd.DataFrame({"wait": waits, "returned": returned, "part": part}))
        return pd.concat(parts, ignore_index=True)


def _limits(curve: _Curve, settings: Settings, shares: tuple[float, float]) -> tuple[Limit, Limit]:
    customers = settings.customers
    defecting = _limit(curve, "active_days", shares[0], customers.active_days)
    inactive = _limit(curve, "defecting_days", shares[1], customers.defecting_days)
    # What is accepted must rise, whichever of the two has a proposal.
    if inactive.proposed is not None and inactive.proposed <= _accepted_days(defecting):
        inactive = inactive._replace(proposed=None, still_return=None, reason="close")
    if defecting.proposed is not None and defecting.proposed >= _accepted_days(inactive):
        defecting = defecting._replace(proposed=None, still_return=None, reason="close")
    return defecting, inactive


def _accepted_days(limit: Limit) -> int:
    return limit.current if limit.proposed is None else limit.proposed


def _limit(curve: _Curve, id: str, share: float, current: int) -> Limit:
    exact = curve.day_of(share)
    if exact is None or curve.returns < FEWEST_RETURNS:
        return Limit(id, share, current, None, None, None, None, None, None, "few")
    margin = Z95 * curve.error_at(exact)
    low, high = curve.day_of(max(share - margin, 0.0)), curve.day_of(share + margin)
    needed = FOLLOW_UP * exact
    known = curve.followed >= needed or _stays(curve.latest_day_of(share), high)
    proposed = _rounded(exact, share, curve) if known else None
    # Days that some purchases are followed, but not enough of them, lack customers, not history.
    reason = None if known else "few" if curve.longest >= needed else "history"
    now, later = curve.share_by(current), curve.return_after(proposed)
    return Limit(id, share, current, now, proposed, exact, low, high, later, reason)


def _stays(latest: int | None, high: int | None) -> bool:
    """Say whether what is not followed any more moves a limit less than chance may."""
    return latest is not None and high is not None and latest <= high


def _rounded(exact: int, share: float, curve: _Curve) -> int:
    """Round the day of a share of the returns: to the nearest, or up where that loses the share.

    Customers who buy on fixed dates come back all at once: the day before, few have.
    """
    near, above = _round_days(exact)
    reached, least = curve.share_by(near), share - ROUNDING_LOSS * (1 - share)
    return above if reached is not None and reached < least else near


def _round_days(days: int) -> tuple[int, int]:
    """Return the nearest round number of days and the next above, in steps of 5, 15 or 30 days.

    >>> [_round_days(days) for days in (3, 31, 42, 136, 578)]
    [(5, 5), (30, 35), (40, 45), (135, 150), (570, 600)]
    """
    step = _step(days)
    return max(step, math.floor(days / step + 0.5) * step), math.ceil(days / step) * step


def _round_down(days: int) -> int:
    """Return the round number of days below, or the smallest one.

    >>> [_round_down(days) for days in (3, 34, 59, 136, 578)]
    [5, 30, 55, 135, 570]
    """
    step = _step(days)
    return max(step, days // step * step)


def _step(days: int) -> int:
    return 5 if days < 60 else 15 if days < 180 else 30


# --- What customers spend -------------------------------------------------------------------


def _spends(paid: ir.Table, end: dt.date, settings: Settings, data: Data) -> pd.DataFrame:
    """Return how many customers spent each amount in the window, sorted; only above 0."""
    start = end - dt.timedelta(days=settings.status.window_days)
    rows = paid.filter(paid.day >= ibis.date(start.isoformat()))
    by_customer = rows.group_by("customer_id").aggregate(spend=rows.amount.sum())
    spent = by_customer.filter(by_customer.spend > 0)
    counts = spent.group_by("spend").aggregate(customers=spent.count()).order_by("spend")
    found: pd.DataFrame = data.connection.to_pandas(counts)
    return found.astype({"spend": "float64", "customers": "int64"})


def _tiers(spends: pd.DataFrame, settings: Settings) -> tuple[pd.DataFrame, str | None]:
    current = [float(tier.up_to) for tier in settings.status.tiers if tier.up_to is not None]
    reason, limits = None, None
    if spends["customers"].sum() < FEWEST_SPENDERS:
        reason = "few"
    elif (limits := _rising(_quantiles(spends, _targets(len(settings.tiers))))) is None:
        reason = "close"
    then, now = _in_tiers(spends, limits or current), _in_tiers(spends, current)
    if limits is None:
        then = then.mask(then.notna())
    frame = pd.DataFrame({"tier": settings.tiers, "current_up_to": [*current, math.nan]})
    frame["up_to"] = [*(limits or [math.nan] * len(current)), math.nan]
    frame = pd.concat([frame, then, now.add_prefix("current_")], axis=1)
    return frame.astype({"customers": "Int64", "current_customers": "Int64"}), reason


def _rising(amounts: Sequence[float]) -> list[float] | None:
    """Return amounts rounded so that they still rise, as round as that allows; None if none is."""
    for rounded in (_round_amount, _two_digits):
        limits = [rounded(amount) for amount in amounts]
        if all(low < high for low, high in pairwise(limits)):
            return limits
    return None


def _targets(tiers: int) -> list[float]:
    """Return the shares of customers up to each limit, when each tier has half the one below.

    >>> [round(share, 3) for share in _targets(5)]
    [0.516, 0.774, 0.903, 0.968]
    """
    whole = 2**tiers - 1
    return [(2**tiers - 2 ** (tiers - n)) / whole for n in range(1, tiers)]


def _quantiles(spends: pd.DataFrame, shares: Sequence[float]) -> list[float]:
    """Return the smallest amounts that such shares of the customers did not spend more than."""
    so_far = spends["customers"].cumsum().to_numpy()
    places = np.searchsorted(so_far, np.array(shares) * so_far[-1] * (1 - 1e-12))
    return [float(amount) for amount in spends["spend"].to_numpy()[places]]


def _round_amount(amount: float) -> float:
    """Return the round number nearest to an amount, by ratio.

    >>> [_round_amount(amount) for amount in (46.2, 187, 532, 1130)]
    [50.0, 200.0, 500.0, 1200.0]
    """
    unit = 10.0 ** math.floor(math.log10(amount))
    nearest = min(_ROUND, key=lambda digit: abs(math.log(amount / (digit * unit))))
    return round(nearest * unit, 4)


def _two_digits(amount: float) -> float:
    """Return an amount rounded to two significant digits."""
    return float(f"{amount:.2g}")


def _in_tiers(spends: pd.DataFrame, limits: Sequence[float]) -> pd.DataFrame:
    """Return the customers and the spending of each tier; a limit belongs to the lower one."""
    place = np.searchsorted(limits, spends["spend"].to_numpy(), side="left")
    size = len(limits) + 1
    customers = np.bincount(place, spends["customers"], size)
    spend = np.bincount(place, spends["spend"] * spends["customers"], size)
    return pd.DataFrame(
        {
            "customers": customers.astype("float64"),
            "customers_share": _shares(customers),
            "spend": spend,
            "spend_share": _shares(spend),
        }
    )


def _shares(values: NDArray[Any]) -> NDArray[np.float64]:
    total = values.sum()
    return values / total if total else np.full(len(values), math.nan)


def _accepted(
    settings: Settings,
    limits: tuple[Limit, Limit],
    tiers: pd.DataFrame,
    tiers_reason: str | None,
) -> Settings:
    """Return the settings with the proposals in place; a limit without one keeps its own."""
    proposed = {limit.id: limit.proposed for limit in limits if limit.proposed is not None}
    values = settings.model_dump()
    values["customers"] |= proposed
    if tiers_reason is None:
        limits_of = dict(zip(tiers["tier"], tiers["up_to"], strict=True))
        for tier in values["status"]["tiers"]:
            amount = limits_of[tier["id"]]
            tier["up_to"] = None if math.isnan(amount) else Decimal(f"{amount:.4f}")
    return Settings.model_validate(values)
