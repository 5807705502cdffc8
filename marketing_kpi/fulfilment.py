"""Fulfilment: how long orders take, whether promises are kept, and what both cost.

The formulas of KPIs on the facts of `marketing_kpi.kpis.facts.fulfilment`, and analyses made of
the same rows. ``order_cycle_time`` and ``cycle_time_components`` follow the orders *placed* in a
period, those still under way included; ``kept_promises``, ``perfect_orders`` and ``agreement`` the
parcels *promised* in it; ``cost_per_order`` and ``cost_by_items`` those that *left* in it;
``productivity``, ``labour_drivers`` and ``labour_change`` the work *done* in it. ``balance`` sets
speed, cost and quality side by side; ``summary`` and ``changes`` tell it at a glance.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis
import numpy as np
import pandas as pd

from marketing_kpi.accounts.ratios import change_interval
from marketing_kpi.dispatch.cells import GRAINS, calendar, each, lacks_dimension, rows_of
from marketing_kpi.dispatch.chance import (
    FEWEST_DAYS,
    Equality,
    equality,
    mean_interval,
    quantile,
    rate_interval,
    variance_of,
)
from marketing_kpi.dispatch.costs import (
    ACTIVITIES,
    EFFECTS,
    PARTS,
    cost_by_items,
    cost_per_order,
    cost_sides,
    labour_change,
    labour_drivers,
    lacks_costs,
    lacks_labour,
    productivity,
    told_parts,
)
from marketing_kpi.dispatch.promises import (
    MEASURES,
    ORDER_MEASURES,
    RETURN_DAYS,
    agreement,
    kept_promises,
    lacks_perfect,
    lacks_promises,
    perfect_orders,
    promise_days,
)
from marketing_kpi.kpis.facts import FACTS, missing
from marketing_kpi.kpis.facts.fulfilment import TIMES
from marketing_kpi.kpis.formulas import nearest, ratio
from marketing_kpi.kpis.frames import Frame, executed, records, require, same_kind
from marketing_kpi.kpis.intervals import Interval
from marketing_kpi.kpis.periods import day, midnight
from marketing_kpi.retention import kaplan_meier
from marketing_kpi.worth.common import Period, check

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data
    from marketing_kpi.kpis.formulas import Fact

__all__ = [
    "ACTIVITIES",
    "EFFECTS",
    "MEASURES",
    "ORDER_MEASURES",
    "PARTS",
    "RETURN_DAYS",
    "RIPE_DAYS",
    "SIDES",
    "STAGES",
    "SUMMARY",
    "Balance",
    "Equality",
    "agreement",
    "balance",
    "changes",
    "cost_by_items",
    "cost_per_order",
    "cycle_time_components",
    "fulfilment_cost_per_order",
    "kept_promises",
    "labour_change",
    "labour_drivers",
    "lacks_balance",
    "lacks_costs",
    "lacks_cycle",
    "lacks_labour",
    "lacks_perfect",
    "lacks_promises",
    "on_time_delivery_rate",
    "on_time_in_full_rate",
    "order_cycle_time",
    "pack_productivity",
    "parcel_times",
    "perfect_order_rate",
    "perfect_orders",
    "pick_productivity",
    "productivity",
    "ship_productivity",
    "summary",
    "told_parts",
]

# --- KPIs -----------------------------------------------------------------------------------


def on_time_delivery_rate(parcels: Fact) -> Any:
    """Divide the parcels delivered by their promise by those promised, undelivered ones included.

    Those delivered before they were ordered are on neither side. Fact: `promised_parcels`.
    """
    return ratio(parcels.on_time.sum(), parcels.on_time.count())


def on_time_in_full_rate(parcels: Fact) -> Any:
    """Divide the parcels on time and complete by those promised of which both are known.

    Fact: `promised_parcels`.
    """
    kept = parcels.on_time & parcels.in_full
    return ratio(kept.sum(), parcels.in_full.count(where=parcels.on_time.notnull()))


def perfect_order_rate(orders: Fact) -> Any:
    """Divide the orders on time, in full, undamaged and not returned by those promised.

    Of orders of which all that is known. Fact: `promised_orders`.
    """
    kept = orders.on_time & orders.in_full & ~orders.damaged & ~orders.returned
    known = orders.on_time.notnull() & orders.in_full.notnull() & orders.damaged.notnull()
    return ratio(kept.sum(where=known), known.sum())


def fulfilment_cost_per_order(parcels: Fact) -> Any:
    """Divide transport, packaging and labour by the orders shipped, in the data's currency.

    An order of which one of the three is not known, of any parcel, counts on neither side. Fact:
    `shipped_parcels`.
    """
    cost = parcels.transport_cost + parcels.packaging_cost + parcels.labour_cost
    return ratio(cost.sum(), parcels.order_id.nunique(where=cost.notnull()))


def pick_productivity(labour: Fact) -> Any:
    """Divide the lines picked by the hours of picking. Fact: `labour`."""
    return _an_hour(labour, "pick")


def pack_productivity(labour: Fact) -> Any:
    """Divide the orders packed by the hours of packing. Fact: `labour`."""
    return _an_hour(labour, "pack")


def ship_productivity(labour: Fact) -> Any:
    """Divide the parcels shipped by the hours of shipping. Fact: `labour`."""
    return _an_hour(labour, "ship")


def _an_hour(labour: Fact, activity: str) -> Any:
    """Divide units by hours, of the rows of an activity that tell both."""
    of_both = (labour.activity == activity) & labour.units.notnull() & labour.hours.notnull()
    return ratio(labour.units.sum(where=of_both), labour.hours.sum(where=of_both))


# --- How long orders take -------------------------------------------------------------------


def parcel_times(
    data: Data, *, start: str | dt.date, end: str | dt.date, by: str | None = None
) -> ir.Table:
    """Return the moments of the parcels of the orders placed in a period.

    Parameters
    ----------
    data
        What `open_data` returns, with shipments.
    start, end
        The first day of the period, and the day after its last, by when the order was placed.
    by
        A dimension of the fact `parcels`, another column of the shipments (a carrier), ``"week"``
        or ``"month"`` to tell orders apart by; None for none.

    Returns
    -------
    ibis.Table
        Lazily, a row a parcel of a valid order: order_id, ordered_at, those of picked_at,
        packed_at, shipped_at and delivered_at that the data have (null: not so far, or not
        told), and ``cell`` with `by`.

    Raises
    ------
    MissingDataError
        When the data lack shipments or the dimension.

    Notes
    -----
    An order without any row in the shipments is not seen: it may have been taken away in a store,
    or not yet been sent to the warehouse.
    """
    told = [name for name in TIMES if not missing(FACTS["parcels"], [name], data)]
    wanted = {"order_id", "ordered_at", *told}
    rows = rows_of(data, "parcels", wanted, period=Period.of(start, end), by=by)
    return rows.select("order_id", *told, *(["cell"] if by else []))


def lacks_cycle(data: Data) -> list[str]:
    """Return what the data lack to tell how long orders take, as ``table.column``."""
    return missing(FACTS["parcels"], ["ordered_at", "order_id", "delivered_at"], data)


def order_cycle_time(
    parcels: Frame, *, as_of: str | dt.date, by: str | None = None
) -> pd.DataFrame:
    """Say how long orders take to be delivered, those still under way included.

    Parameters
    ----------
    parcels
        A row a parcel: order_id, ordered_at, delivered_at (null: not so far), and the column of
        `by`; what `parcel_times` returns.
    as_of
        The day of the analysis, exclusive: what was delivered from it on is not known yet.
    by
        A column that tells orders apart, such as ``"cell"`` of `parcel_times`.

    Returns
    -------
    pandas.DataFrame
        A row (a row a value of `by`): ``orders``; ``delivered``, those of them whose last parcel
        has come; ``backwards``, orders delivered before they were placed, which are a fault of the
        data and in nothing else; then, in hours, ``median`` and ``p90``, by when half and nine in
        ten of the orders are delivered, with 95 % intervals (``…_low``, ``…_high``). Null where too
        few are delivered to tell, or, for an interval, under 5 days.

    Raises
    ------
    ColumnError
        When a column is missing.

    Notes
    -----
    Orders under way have taken at least the time they have been waiting. Leaving them out would
    make the time look shorter; Kaplan and Meier's estimate counts them for as long as they have
    waited. It takes their wait to be of the same kind as that of the others. Hours are counted in
    tenths. Intervals: Woodruff's, from the variance between the days of the orders (at least that
    of independent orders), on the logit scale.

    References
    ----------
    Kaplan, E. L. and Meier, P. (1958). Nonparametric estimation from incomplete observations.
    Journal of the American Statistical Association 53(282).
    Woodruff, R. S. (1952). Confidence intervals for medians and other position measures. Journal
    of the American Statistical Association 47(260).

    Examples
    --------
    >>> parcels = pd.DataFrame({
    ...     "order_id": list("abcd"), "ordered_at": pd.to_datetime(["2025-01-01"] * 4),
    ...     "delivered_at": pd.to_datetime(["2025-01-02", "2025-01-03", "2025-01-04", None]),
    ... })
    >>> found = order_cycle_time(parcels, as_of="2025-01-10")  # of four, two came within 48 hours
    >>> found[["orders", "delivered", "median", "p90"]]
       orders  delivered  median  p90
    0       4          3    48.0  NaN
    """
    require(parcels, ["order_id", "ordered_at", "delivered_at", *([by] if by else [])], "parcels")
    end = day(as_of, name="as_of")
    waits = executed(same_kind(parcels, lambda t: _binned(_of_orders(t, end, by), end, by)))
    found = []
    for cell, of_cell in _cells(waits, by):
        known = of_cell[of_cell["tenths"].notna()]
        row: dict[str, object] = {by: cell} if by else {}
        orders = known["size"].sum()
        row |= {"orders": orders, "delivered": known["size"][known["is_done"]].sum()}
        row["backwards"] = of_cell["size"].sum() - orders
        found.append(row | _quantiles(known))
    first = {"orders": "int64", "delivered": "int64", "backwards": "int64"}
    frame = pd.DataFrame(found, columns=[*([by] if by else []), *first, *_QUANTILES])
    return frame.astype(first | dict.fromkeys(_QUANTILES, "float64"))


_LEVELS = {"median": 0.5, "p90": 0.9}
_QUANTILES = [f"{name}{end}" for name in _LEVELS for end in ("", "_low", "_high")]
_TENTH = 360  # seconds


def _of_orders(parcels: ir.Table, end: dt.date, by: str | None) -> ir.Table:
    """Return when each order began and, if all of its parcels had come by a day, when it ended."""
    placed, come = (parcels[name].cast("timestamp") for name in ("ordered_at", "delivered_at"))
    rows = parcels.mutate(placed=placed, come=(come < midnight(end)).ifelse(come, None))
    rows = rows.filter(rows.placed < midnight(end))
    return rows.group_by(["order_id", *([by] if by else [])]).aggregate(
        began=rows.placed.min(),
        ended=(rows.come.count() == rows.count()).ifelse(rows.come.max(), None),
    )


def _binned(rows: ir.Table, end: dt.date, by: str | None) -> ir.Table:
    """Count waits by day of their beginning and by tenths of an hour; null: they end before."""
    until = rows.ended.fill_null(midnight(end))
    seconds = until.epoch_seconds() - rows.began.epoch_seconds()
    tenths = nearest(seconds.cast("float64") / _TENTH)
    made = rows.mutate(
        day=rows.began.date(),
        tenths=(seconds >= 0).ifelse(tenths, None),
        is_done=rows.ended.notnull(),
    )
    return made.group_by([*([by] if by else []), "day", "tenths", "is_done"]).aggregate(
        size=made.count()
    )


def _cells(waits: pd.DataFrame, by: str | None) -> list[tuple[object, pd.DataFrame]]:
    waits = waits.astype({"is_done": bool, "size": "int64"})
    if not by:
        return [(None, waits)]
    return list(waits.groupby(by, dropna=False, sort=True))


def _curve(waits: pd.DataFrame) -> pd.DataFrame:
    counted = waits.rename(columns={"tenths": "days", "is_done": "bought", "size": "customers"})
    return kaplan_meier(counted[["days", "bought", "customers"]]).curve


def _quantiles(waits: pd.DataFrame) -> dict[str, float]:
    """Return the hours by which a half and nine tenths have ended, with their intervals."""
    found = dict.fromkeys(_QUANTILES, math.nan)
    if not waits["is_done"].any():
        return found
    curve = _curve(waits)
    for name, level in _LEVELS.items():
        at = _first(curve, level)
        found[name] = at / 10
        if math.isnan(at):
            continue
        low, high = _bounds(level, _pulls(waits, curve, at))
        found[f"{name}_low"], found[f"{name}_high"] = (
            _first(curve, end) / 10 for end in (low, high)
        )
    return found


def _first(curve: pd.DataFrame, level: float) -> float:
    """Return the tenths by which a share has ended; NaN where the curve does not reach it."""
    over = curve["survival"] <= 1 - level + 1e-12
    return float(curve["days"][over].iloc[0]) if over.any() else math.nan


class _Pulls(NamedTuple):
    """What each day pulls a share by, and the variance of the share if all were independent."""

    by_day: pd.Series[float]
    alone: float


def _pulls(waits: pd.DataFrame, curve: pd.DataFrame, at: float) -> _Pulls:
    """Return what each day pulls the share that has ended by a time by (its influence).

    Of the estimate S = prod(1 - d / n), a wait that ended at x adds S (1 / n(x) - A(x)) to the
    share that ended, and one cut short at x takes S A(x), where A adds up d / n^2 until x.
    """
    steps = curve[(curve["days"] <= at) & (curve["events"] > 0)]
    left = float(steps["survival"].iloc[-1]) if len(steps) else 1.0
    times, at_risk = steps["days"].to_numpy(), steps["at_risk"].to_numpy("float64")
    risks = np.concatenate([[0.0], np.cumsum(steps["events"].to_numpy() / at_risk**2)])
    tenths = waits["tenths"].to_numpy("float64")
    place = np.searchsorted(times, tenths, side="right")
    is_hit = waits["is_done"].to_numpy() & (tenths <= at)
    at_end = np.append(at_risk, np.inf)[np.maximum(place - 1, 0)]
    own = np.where(is_hit, 1 / at_end, 0.0)
    pull = left * (own - risks[place])
    size = waits["size"].to_numpy("float64")
    days = pd.DatetimeIndex(waits["day"])
    by_day = pd.Series(pull * size, index=days, dtype="float64").groupby(level=0).sum()
    return _Pulls(by_day, float((pull**2 * size).sum()))


def _bounds(level: float, pulls: _Pulls) -> tuple[float, float]:
    """Return the shares between which a test would not refuse `level`; none under 5 days."""
    if len(pulls.by_day) < FEWEST_DAYS:
        return math.nan, math.nan
    whole = pd.date_range(pulls.by_day.index.min(), pulls.by_day.index.max())
    of_days = pulls.by_day.reindex(whole, fill_value=0.0)
    variance = max(variance_of(of_days), pulls.alone)
    if not variance > 0:
        return math.nan, math.nan
    from scipy.special import expit, logit

    reach = quantile(len(of_days)) * math.sqrt(variance) / (level * (1 - level))
    return float(expit(logit(level) - reach)), float(expit(logit(level) + reach))


RIPE_DAYS = 14
"""Days after an order by which nearly all parcels have come: means are of older orders."""

STAGES: Mapping[str, str] = MappingProxyType(
    dict(zip(("order", "pick", "pack", "ship", "delivery"), TIMES, strict=True))
)
"""The stages of a parcel, and the column of their moment."""


def cycle_time_components(
    parcels: Frame, *, as_of: str | dt.date, ripe_days: int = RIPE_DAYS
) -> pd.DataFrame:
    """Part the time from order to delivery: to pick, to pack, to ship, to deliver.

    Parameters
    ----------
    parcels
        A row a parcel: ordered_at and delivered_at, and those of picked_at, packed_at and
        shipped_at that there are; null: not so far, or not told. What `parcel_times` returns.
    as_of
        The day of the analysis, exclusive.
    ripe_days
        Means are of the orders placed so many days, or more, before `as_of`.

    Returns
    -------
    pandas.DataFrame
        A row a component, in order, and one for the whole: ``component`` (``order_to_pick``, …,
        ``order_to_delivery``); ``parcels`` that entered it, those ``done`` and those still
        ``under_way``; in hours ``median`` and ``p90`` with 95 % intervals, as `order_cycle_time`;
        ``averaged``, the parcels of ripe orders of which every moment is known, and their ``mean``
        in hours (null without any). **Means add up** to that of the whole; medians do not.
        `attrs` has ``ripe_days``.

    Raises
    ------
    ColumnError
        When a column is missing.

    Notes
    -----
    A moment that is not told although a later one is was not written down: that parcel is in no
    component next to it, nor in the means. So is one whose moments go backwards. The means leave
    out parcels of ripe orders that have not come: few, or they look shorter than they are.

    Examples
    --------
    >>> day = pd.Timestamp("2025-01-06 08:00")
    >>> parcels = pd.DataFrame({"ordered_at": [day] * 3})
    >>> parcels["shipped_at"] = day + pd.to_timedelta([2, 4, 30], "h")
    >>> parcels["delivered_at"] = parcels.shipped_at + pd.to_timedelta([40, 10, 20], "h")
    >>> cycle_time_components(parcels, as_of="2025-02-01")[["component", "median", "mean"]]
               component  median       mean
    0      order_to_ship     4.0  12.000000
    1   ship_to_delivery    20.0  23.333333
    2  order_to_delivery    42.0  35.333333
    """
    require(parcels, ["ordered_at", "delivered_at"], "parcels")
    check("ripe_days", ripe_days)
    end = day(as_of, name="as_of")
    told = [name for name, column in STAGES.items() if column in parcels.columns]
    pairs = [*pairwise(told), (told[0], told[-1])] if len(told) > 2 else [(told[0], told[-1])]
    means = _means(parcels, end, end - dt.timedelta(days=ripe_days), told)
    found = []
    for one, other in pairs:
        query = partial(_of_stage, end=end, told=told, one=one, other=other)
        ((_, waits),) = _cells(executed(same_kind(parcels, query)), None)
        known = waits[waits["tenths"].notna()]
        entered, done = known["size"].sum(), known["size"][known["is_done"]].sum()
        found.append(
            {
                "component": f"{one}_to_{other}",
                "parcels": entered,
                "done": done,
                "under_way": entered - done,
                **_quantiles(known),
                "averaged": means["averaged"],
                "mean": means[f"until_{other}"] - means[f"until_{one}"],
            }
        )
    counts = dict.fromkeys(("parcels", "done", "under_way", "averaged"), "int64")
    frame = pd.DataFrame(found).astype(counts | dict.fromkeys((*_QUANTILES, "mean"), "float64"))
    frame.attrs["ripe_days"] = ripe_days
    return frame[["component", "parcels", "done", "under_way", *_QUANTILES, "averaged", "mean"]]


def _moments(parcels: ir.Table, end: dt.date, told: Sequence[str]) -> ir.Table:
    """Return the moments of a parcel that had come by a day, named as its stages."""
    at = {name: parcels[STAGES[name]].cast("timestamp") for name in told}
    rows = parcels.select(
        **{name: (moment < midnight(end)).ifelse(moment, None) for name, moment in at.items()}
    )
    return rows.filter(rows.order.notnull())


def _of_stage(
    parcels: ir.Table, end: dt.date, told: Sequence[str], one: str, other: str
) -> ir.Table:
    """Count the waits from a stage to another, of the parcels of which it is known."""
    rows = _moments(parcels, end, told)
    later = told[told.index(other) + 1 :]
    lost = rows[other].isnull() & ibis.or_(*(rows[name].notnull() for name in later))
    rows = rows.filter(rows[one].notnull(), ~lost) if later else rows.filter(rows[one].notnull())
    return _binned(rows.select(began=rows[one], ended=rows[other]), end, None)


def _means(parcels: Frame, end: dt.date, ripe: dt.date, told: Sequence[str]) -> dict[str, float]:
    """Return the mean hours from the order to each stage, of parcels with all moments in order."""

    def query(table: ir.Table) -> ir.Table:
        rows = _moments(table, end, told)
        rows = rows.filter(rows.order < midnight(ripe), *(rows[name].notnull() for name in told))
        rows = rows.filter(*(rows[one] <= rows[other] for one, other in pairwise(told)))
        began = rows.order.epoch_seconds()
        sums = {f"until_{n}": (rows[n].epoch_seconds() - began).sum() for n in told}
        return rows.aggregate(averaged=rows.count(), **sums)

    (found,) = records(same_kind(parcels, query))
    count = int(found["averaged"])
    means = {
        f"until_{name}": float(found[f"until_{name}"]) / count / 3600 if count else math.nan
        for name in told
    }
    return {"averaged": count, **means}


# --- Speed, cost and quality ----------------------------------------------------------------

SIDES = ("speed", "cost", "quality")


class Balance(NamedTuple):
    """Speed, cost and quality side by side.

    Attributes
    ----------
    cells
        A row a value of `by` with parcels, sorted by it: the value; ``speed`` (median hours from
        order to delivery, of orders placed in the period), ``cost`` (an order shipped in it) and
        ``quality`` (share of parcels promised in it that came on time and in full, or on time where
        the data do not tell what was in full), each with its 95 % interval (``…_low``,
        ``…_high``); ``orders`` placed and delivered or under way. Null where not told.
    equality
        Of each of the three, whether the cells differ by more than chance: `Equality`, its p-value
        after Holm's correction for asking three times.
    is_in_full
        Whether quality is on time and in full, or else on time alone.
    parts
        What the cost is made of.
    """

    cells: pd.DataFrame
    equality: Mapping[str, Equality]
    is_in_full: bool
    parts: tuple[str, ...]


def balance(
    data: Data,
    *,
    start: str | dt.date,
    end: str | dt.date,
    as_of: str | dt.date,
    by: str,
) -> Balance:
    """Set speed, cost and quality side by side, by region, carrier, week or month.

    Parameters
    ----------
    data
        What `open_data` returns, with shipments.
    start, end
        The first day of the period, and the day after its last.
    as_of
        The day of the analysis, exclusive.
    by
        ``"week"``, ``"month"``, a dimension of the parcels' facts (``"region"``, ``"channel"``) or
        another column of the shipments (a carrier, a warehouse).

    Raises
    ------
    MissingDataError
        When the data lack promises or deliveries, or the dimension.

    Notes
    -----
    A difference between cells is no proof that one works better: far regions are slower and dearer
    whoever delivers. The tests take days as the unit and need 20 of them in each cell, so that
    weeks are shown and not tested; more than 12 cells are not tested either.
    """
    span = {"start": start, "end": end}
    waits = executed(
        _binned(_of_orders(parcel_times(data, **span, by=by), day(as_of, name="as_of"), "cell"),
                day(as_of, name="as_of"), "cell")
    )  # fmt: skip
    waits = waits[waits["tenths"].notna()]
    sides = {"speed": _speed(waits), "quality": _quality(data, span, by)}
    parts = told_parts(data) if data.has("shipments", "shipped_at") else ()
    if parts:
        sides["cost"] = _cost(data, span, by)
    sizes = waits.groupby("cell", dropna=False)["size"].sum()
    cells = pd.DataFrame({"orders": sizes.astype("int64")})
    for side in SIDES:
        values = (
            sides[side].values if side in sides else pd.DataFrame(columns=["", "_low", "_high"])
        )
        cells = cells.join(values.add_prefix(side).astype("float64"))
    cells = cells.rename_axis(by).reset_index()
    if by in GRAINS:
        cells[by] = cells[by].astype("datetime64[us]")
    found = {side: made.equality() for side, made in sides.items()}
    is_in_full = not missing(FACTS["promised_parcels"], ["in_full"], data)
    return Balance(cells, _holm(found), is_in_full, parts)


def lacks_balance(data: Data, *, by: str) -> list[str]:
    """Return what the data lack to set speed and quality side by side, as ``table.column``."""
    lacking = [*lacks_promises(data), *lacks_cycle(data)]
    return list(dict.fromkeys([*lacking, *lacks_dimension(data, "parcels", by)]))


class _Side(NamedTuple):
    """Values of the cells with their intervals, and what tests whether they are the same."""

    values: pd.DataFrame
    tested: pd.Series[float]
    pulls: pd.DataFrame

    def equality(self) -> Equality:
        days = self.pulls.notna().sum()
        return equality(self.tested, self.pulls.fillna(0.0), days)


def _speed(waits: pd.DataFrame) -> _Side:
    """Return the medians; the test is of the share delivered by the median of all."""
    common = _first(_curve(waits), _LEVELS["median"]) if waits["is_done"].any() else math.nan
    values, shares, pulls = {}, {}, {}
    for cell, of_cell in _cells(waits, "cell"):
        found = _quantiles(of_cell)
        values[cell] = {end: found[f"median{end}"] for end in ("", "_low", "_high")}
        curve = _curve(of_cell)
        shares[cell] = 1 - float(curve["survival"][curve["days"] <= common].min())
        pulls[cell] = _pulls(of_cell, curve, common).by_day
    return _side(values, shares, pulls)


def _quality(data: Data, span: Mapping[str, Any], by: str) -> _Side:
    days = promise_days(data, **span, by=by)
    name = "on_time_in_full" if "on_time_in_full" in days else "on_time"
    values, shares, pulls = {}, {}, {}
    for cell, rows in each(days, by=by):
        count = rows[f"of_{name}"].sum()
        if not count:
            continue
        share = rows[name].sum() / count
        one = calendar(rows)
        low, high = rate_interval(one[name], one[f"of_{name}"])
        values[cell], shares[cell] = {"": share, "_low": low, "_high": high}, share
        pulls[cell] = (one[name] - share * one[f"of_{name}"]) / count
    return _side(values, shares, pulls)


def _cost(data: Data, span: Mapping[str, Any], by: str) -> _Side:
    values, means, pulls = {}, {}, {}
    for cell, side in cost_sides(data, **span, by=by):
        low, high = (None, None) if side.pulls is None else mean_interval(side.total, side.pulls)
        values[cell], means[cell] = {"": side.total, "_low": low, "_high": high}, side.total
        pulls[cell] = pd.Series(dtype="float64") if side.pulls is None else side.pulls
    return _side(values, means, pulls)


def _side(
    values: Mapping[Any, Mapping[str, Any]], tested: Mapping[Any, float], pulls: Mapping[Any, Any]
) -> _Side:
    frame = pd.DataFrame.from_dict(dict(values), orient="index", columns=["", "_low", "_high"])
    known = [cell for cell in tested if not pd.isna(cell)]
    table = pd.DataFrame({cell: pulls[cell] for cell in known}).sort_index()
    if len(table):
        table = table.reindex(pd.date_range(table.index.min(), table.index.max()))
    return _Side(frame, pd.Series({cell: tested[cell] for cell in known}, dtype="float64"), table)


def _holm(found: Mapping[str, Equality]) -> dict[str, Equality]:
    """Correct p-values for asking of several sides."""
    told = sorted(((one.p_value, side) for side, one in found.items() if one.p_value is not None))
    highest, made = 0.0, dict(found)
    for rank, (p_value, side) in enumerate(told):
        highest = max(highest, min(1.0, p_value * (len(told) - rank)))
        made[side] = found[side]._replace(p_value=highest)
    return made


# --- All of it at a glance ------------------------------------------------------------------

SUMMARY: Mapping[str, str] = MappingProxyType(
    {
        "on_time_delivery_rate": "fraction",
        "on_time_in_full_rate": "fraction",
        "order_cycle_time": "hours",
        "order_cycle_time_p90": "hours",
        "fulfilment_cost_per_order": "currency",
        "pick_productivity": "ratio",
        "pack_productivity": "ratio",
        "ship_productivity": "ratio",
    }
)
"""What `summary` tells, each a KPI (the cycle time has two), with its unit."""


def summary(data: Data, *, start: str | dt.date, end: str | dt.date) -> pd.DataFrame:
    """Tell the KPIs of fulfilment of a period, each with its interval.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end
        The first day of the period, and the day after its last, as of which it is told.

    Returns
    -------
    pandas.DataFrame
        A row a KPI of `SUMMARY`, in its order: ``measure``, ``unit``, ``value``, ``low`` and
        ``high`` (95 %). Null where the data lack what it is made of, or tell too little. Orders
        count when placed, promises when due, costs when the parcel left, work when done.
    """
    span: dict[str, Any] = {"start": start, "end": end}
    found: dict[str, tuple[float, float, float]] = {}

    def keep(measure: str, rows: pd.DataFrame, value: str, low: str, high: str) -> None:
        if len(rows):
            row = rows.iloc[0]
            found[measure] = (row[value], row[low], row[high])

    if not lacks_promises(data):
        rows = kept_promises(data, **span)
        keep("on_time_delivery_rate", rows, "on_time", "on_time_low", "on_time_high")
        name = "on_time_in_full"
        keep("on_time_in_full_rate", rows, name, f"{name}_low", f"{name}_high")
    if not lacks_cycle(data):
        rows = order_cycle_time(parcel_times(data, **span), as_of=end)
        keep("order_cycle_time", rows, "median", "median_low", "median_high")
        keep("order_cycle_time_p90", rows, "p90", "p90_low", "p90_high")
    if not lacks_costs(data):
        rows = cost_per_order(data, **span)
        keep("fulfilment_cost_per_order", rows, "total", "low", "high")
    if not lacks_labour(data):
        rows = productivity(data, **span)
        for activity in rows["activity"]:
            of_one = rows[rows["activity"] == activity]
            keep(f"{activity}_productivity", of_one, "units_per_hour", "low", "high")
    nothing = (math.nan,) * 3
    frame = pd.DataFrame(
        [(name, unit, *found.get(name, nothing)) for name, unit in SUMMARY.items()],
        columns=["measure", "unit", "value", "low", "high"],
    )
    return frame.astype(dict.fromkeys(("value", "low", "high"), "float64"))


def changes(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Say what moved between two periods, and whether chance alone explains it.

    Parameters
    ----------
    before, now
        What `summary` returns of two periods that share no day.

    Returns
    -------
    pandas.DataFrame
        The rows of `now` with ``before``, ``change`` (null where one is), its 95 % interval
        ``change_low`` and ``change_high``, and ``is_told``, whether it leaves 0 out.

    Notes
    -----
    The interval of a difference of two estimates from theirs (Newcombe's for rates).

    Examples
    --------
    >>> old = pd.DataFrame({"measure": ["on_time_delivery_rate"], "unit": ["fraction"],
    ...                     "value": [0.90], "low": [0.89], "high": [0.91]})
    >>> found = changes(old, old.assign(value=0.93, low=0.92, high=0.94))
    >>> found[["change", "change_low", "is_told"]].round(3)
       change  change_low  is_told
    0    0.03       0.016     True
    """
    old = before.set_index("measure").reindex(now["measure"]).reset_index()
    ends = []
    for then, one in zip(old.to_dict("records"), now.to_dict("records"), strict=True):
        sides = [Interval(*(_known(row[end]) for end in ("low", "high"))) for row in (then, one)]
        ends.append(change_interval(then["value"], sides[0], one["value"], sides[1]))
    low, high = (pd.Series([end[n] for end in ends], dtype="float64") for n in (0, 1))
    return now.assign(
        before=old["value"],
        change=now["value"] - old["value"],
        change_low=low,
        change_high=high,
        is_told=(low > 0) | (high < 0),
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
