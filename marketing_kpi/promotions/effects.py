"""What promotions changed: units and margin, each against what would have sold without them."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from marketing_kpi.kpis.formulas import steady
from marketing_kpi.kpis.intervals import Z95
from marketing_kpi.promotions.activity import Activity, activity
from marketing_kpi.promotions.baseline import (
    BLOCK_DAYS,
    COARSE_DAYS,
    Blocks,
    blocks,
    joined,
    predict,
    strengths,
)
from marketing_kpi.promotions.panel import NO_CATEGORY

if TYPE_CHECKING:
    import numpy.typing as npt

    from marketing_kpi.promotions.panel import Panel

    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

PULL_DAYS = 28
"""Days after a promotion in which what was bought ahead is missing."""

WHOLE_SHOP = 0.5
"""Share of the units above which a promotion leaves too little of the shop to compare with."""

FEWEST_DAYS = 84
"""Reference days under which nothing is told: twelve weeks."""

FEWEST_UNITS = 30
"""Baseline units under which nothing is told: chance would be most of what is seen."""

REASONS = ("not_sold", "whole_shop", "no_category", "one_shelf", "overlap", "history", "few")
"""Why the data cannot tell what a promotion changed."""

_NEAR_DAYS = 182
_TRACK_DAYS = 63
_WEEK = 7


class Study(NamedTuple):
    """What promotions changed.

    Attributes
    ----------
    promotions
        A row a promotion; see `marketing_kpi.margins.promotions`.
    together
        A row a rate over all of them: lift (extra over baseline units), cannibalisation (lost over
        extra), pull_forward (missing over expected afterwards), halo (units of other categories for
        an extra unit); value (null of the halo, of which only a range is known), low, high.
    total
        One row: the incremental margin of all whose costs are known (promotions, of how many),
        margin, low, high, verdict, and needed_halo: how many units of other categories, for an
        extra unit, would make it 0; null where it is not below 0. Like the rows, it leaves out what
        was bought ahead where that is unknown (`pulled` is null), and what a promotion cost where
        that is (`cost` is null): a loss is told all the same, as both can only add to it, a gain
        is not.
    tracks
        A row a week around each promotion: promotion_id, week (its first day), kind (before,
        promotion, after, other), units, baseline, low, high.
    uncounted, lines
        How many lines sold tell no quantity, and count as no unit, of how many.
    """

    promotions: pd.DataFrame
    together: pd.DataFrame
    total: pd.DataFrame
    tracks: pd.DataFrame
    uncounted: int = 0
    lines: int = 0


class _Found(NamedTuple):
    """What one promotion moved: three baselines (promoted, substitutes, weeks after)."""

    sold: Floats
    baseline: Floats
    covariance: Floats
    margins: Floats  # of a unit: promoted at its usual price, substitute, other products
    observed: float
    edition: object  # what editions of one promotion share, and with it the error of its season
    after_known: bool
    cost_known: bool
    track: pd.DataFrame


class Shop:
    """The panel with what promotions touch: which days are like any other, and for whom."""

    def __init__(self, panel: Panel, pull_days: int) -> None:
        self.panel, self.pull_days = panel, pull_days
        self.days = len(panel.days)
        table = panel.promotions
        first = panel.days[0].toordinal() if self.days else 0
        self.starts = np.array([day.toordinal() - first for day in table.starts_on], dtype=int)
        self.stops = np.array([day.toordinal() - first + 1 for day in table.ends_on], dtype=int)
        self.wide = (table.share > WHOLE_SHOP).to_numpy()
        self.products = table.products.tolist()
        self.touched = table.categories.tolist()
        self.categories = sorted(panel.categories)
        columns = [panel.categories[name].units.to_numpy() for name in self.categories]
        self.units = np.column_stack(columns) if columns else np.zeros((self.days, 0))
        self.sitewide = self._any(np.flatnonzero(self.wide), 0)
        self.clean = self._clean()
        self._activities: dict[tuple[bool, ...], Activity] = {}
        self._strengths: dict[object, Floats] = {}

    def on(self, number: int, after: int = 0) -> Bools:
        """Return whether a promotion runs on each day, or did so at most `after` days before."""
        running = np.zeros(self.days, dtype=bool)
        running[max(self.starts[number], 0) : max(self.stops[number] + after, 0)] = True
        return running

    def _any(self, numbers: npt.NDArray[np.int64], after: int) -> Bools:
        running = np.zeros(self.days, dtype=bool)
        for number in numbers:
            running |= self.on(int(number), after)
        return running

    def _clean(self) -> Bools:
        clean = np.ones(self.units.shape, dtype=bool)
        for number in np.flatnonzero(~self.wide).tolist():
            for name in self.touched[number]:
                clean[self.on(number, self.pull_days), self.categories.index(name)] = False
        return clean

    def others(self, number: int) -> Bools:
        """Return which categories a promotion does not touch."""
        return np.array([name not in self.touched[number] for name in self.categories])

    def activity(self, number: int) -> Activity:
        """Return how busy the categories were that a promotion does not touch."""
        rest = self.others(number)
        key = tuple(rest.tolist())
        if key not in self._activities:
            self._activities[key] = activity(
                self.units[:, rest],
                self.clean[:, rest],
                self.panel.days.month.to_numpy() - 1,
                dispersion=self.panel.squared,
            )
        return self._activities[key]

    def disturbed(self, number: int) -> tuple[Bools, Bools]:
        """Return the days on which other promotions touch the promoted products, or the others."""
        promoted, substitutes = self.sitewide.copy(), self.sitewide.copy()
        own, categories = self.products[number], self.touched[number]
        for other in np.flatnonzero(~self.wide).tolist():
            if other == number or not self.touched[other] & categories:
                continue
            on = self.on(other)
            promoted |= on
            substitutes |= on
            after = self.on(other, self.pull_days) & ~on
            if self.products[other] & own:
                promoted |= after
            if self.products[other] - own:
                substitutes |= after
        return promoted, substitutes

    def strong(self, number: int, reference: Blocks) -> Floats:
        """Return the strengths of season and drift, which editions of a promotion share."""
        key = (self.products[number], self.touched[number])
        if key not in self._strengths:
            self._strengths[key] = strengths(reference, dispersion=self.panel.squared)
        return self._strengths[key]

    def on_shelf(self, id: str) -> Floats:
        """Return the share of the usual stock that could be sold; 1 where that is not told."""
        found = self.panel.on_shelf.get(id)
        return np.ones(self.days) if found is None else np.asarray(found, dtype="float64")


def study(panel: Panel, *, start: dt.date, pull_days: int = PULL_DAYS) -> Study:
    """Estimate what the promotions begun since `start` changed."""
    shop = Shop(panel, pull_days)
    table = panel.promotions
    begun = np.flatnonzero((table.starts_on >= pd.Timestamp(start)).to_numpy(dtype=bool))
    found = {int(number): _one(shop, int(number)) for number in begun}
    measured = {n: one for n, one in found.items() if isinstance(one, _Found)}
    halos = _halos(shop, measured)
    rows = pd.DataFrame([_row(shop, n, one, halos) for n, one in found.items()], columns=COLUMNS)
    rows.index = pd.Index(list(found))
    tracks = [one.track.assign(promotion_id=table.promotion_id[n]) for n, one in measured.items()]
    return Study(
        rows.reset_index(drop=True),
        _together(measured, halos),
        _total(rows, measured),
        pd.concat(tracks, ignore_index=True) if tracks else pd.DataFrame(columns=TRACK),
        panel.uncounted,
        panel.lines,
    )


COLUMNS = [
    "promotion_id", "name", "starts_on", "ends_on", "days", "reason",
    "units", "baseline", "baseline_low", "baseline_high", "extra", "extra_low", "extra_high",
    "lift", "lift_low", "lift_high", "lost", "lost_low", "lost_high", "cannibalisation",
    "pulled", "pulled_low", "pulled_high", "halo_low", "halo_high",
    "margin_observed", "margin_baseline", "margin_displaced", "cost", "supplier_funding",
    "needed_lift", "needed_halo", "margin", "margin_low", "margin_high", "verdict",
]  # fmt: skip
TRACK = ["promotion_id", "week", "kind", "units", "baseline", "low", "high"]


def _why_not(shop: Shop, number: int) -> str | None:
    """Return why nothing can be told of a promotion, before anything is fitted."""
    if shop.wide[number]:
        return "whole_shop"
    if not shop.products[number] or shop.panel.promotions.promotion_id[number] not in (
        shop.panel.promoted
    ):
        return "not_sold"
    if set(shop.categories) == {NO_CATEGORY}:
        return "no_category"
    rest = shop.units[:, shop.others(number)].sum()
    if rest < (1 - WHOLE_SHOP) * shop.units.sum():
        return "one_shelf"
    if (shop.on(number) & shop.disturbed(number)[0]).any():
        return "overlap"
    return None


def _one(shop: Shop, number: int) -> _Found | str:
    """Return what a promotion moved, or why that cannot be told."""
    if (why := _why_not(shop, number)) is not None:
        return why
    id = str(shop.panel.promotions.promotion_id[number])
    own, rest = shop.panel.promoted[id], shop.activity(number)
    categories = sorted(shop.touched[number])
    whole = _added([shop.panel.categories[name] for name in categories])
    others = whole - own
    on = shop.on(number)
    after = shop.on(number, shop.pull_days) & ~on
    dirty, dirty_others = shop.disturbed(number)
    shelf = rest.units * shop.on_shelf(id)
    shelves = rest.units * np.mean([shop.on_shelf(name) for name in categories], axis=0)
    clean, clean_others = ~(dirty | on | after), ~(dirty_others | on)
    if (clean & (shelf > 0)).sum() < FEWEST_DAYS:
        return "history"

    def counted(group: int, kind: Bools, most_days: int = BLOCK_DAYS) -> Blocks:
        units, exposure = (own, others)[group].units.to_numpy(), (shelf, shelves)[group]
        return blocks(group, kind, units, exposure, rest.noise, most_days=most_days)

    def reference(most_days: int) -> Blocks:
        kinds = (clean, clean_others) if has_others else (clean,)
        return joined(*(counted(group, kind, most_days) for group, kind in enumerate(kinds)))

    has_others = others.units[clean_others].sum() > 0
    targets = [counted(0, on), counted(1, on) if has_others else counted(1, on & False),
               counted(0, after & ~dirty)]  # fmt: skip
    known = reference(BLOCK_DAYS)
    strong = shop.strong(number, reference(COARSE_DAYS))
    weeks, first_days, kinds = _weeks(shop, number, own.units.to_numpy(), shelf, rest.noise,
                                      (dirty, after))  # fmt: skip
    every = joined(*targets, weeks)
    base = predict(known, every, dispersion=shop.panel.squared, strong=strong)
    which = np.repeat(np.arange(4), [len(target.group) for target in (*targets, weeks)])
    each = (which == np.arange(3)[:, None]).astype(float)
    expected = each @ base.units
    if expected[0] < FEWEST_UNITS:
        return "few"
    near = _near(shop, number)
    margins = np.array([
        _unit_margin(own, clean & near), _unit_margin(others, clean_others & near),
        _unit_margin(_rest(shop, number), near & ~shop.sitewide),
    ])  # fmt: skip
    shown = which == 3
    away = Z95 * np.sqrt(np.diag(base.covariance)[shown])
    likely = base.units[shown]
    columns = [first_days, kinds, every.units[shown], likely, likely - away, likely + away]
    track = pd.DataFrame(dict(zip(TRACK[1:], columns, strict=True)))
    return _Found(
        sold=each @ every.units,
        baseline=expected,
        covariance=each @ base.covariance @ each.T,
        margins=margins,
        observed=_unit_margin(own, on) * own.units[on].sum(),
        edition=(shop.products[number], shop.touched[number]),
        after_known=bool(shop.stops[number] + shop.pull_days <= shop.days and not
                         (after & dirty).any()),
        cost_known=bool(pd.notna(shop.panel.promotions.cost[number])),
        track=track,
    )  # fmt: skip


def _near(shop: Shop, number: int) -> Bools:
    day = np.arange(shop.days)
    near: Bools = (day >= shop.starts[number] - _NEAR_DAYS) & (
        day < shop.stops[number] + _NEAR_DAYS
    )
    return near


def _unit_margin(amounts: pd.DataFrame, kind: Bools) -> float:
    """Return the margin of a unit over some days; NaN where no cost is known."""
    chosen = amounts[kind]
    units = chosen.costed_units.sum()
    return float((chosen.sales.sum() - chosen.cost.sum()) / units) if units else math.nan


def _rest(shop: Shop, number: int) -> pd.DataFrame:
    rest = [shop.panel.categories[n] for n in shop.categories if n not in shop.touched[number]]
    return _added(rest)


def _added(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Add frames of the same days and columns up."""
    total = frames[0]
    for frame in frames[1:]:
        total = total + frame
    return total


def _weeks(
    shop: Shop, number: int, units: Floats, exposure: Floats, noise: Floats,
    marked: tuple[Bools, Bools],
) -> tuple[Blocks, list[pd.Timestamp], list[str]]:  # fmt: skip
    """Return the weeks around a promotion, the first day of each and its kind."""
    dirty, after = marked
    start, stop = int(shop.starts[number]), int(shop.stops[number])
    weeks, first_days, kinds = [], [], []
    for first in range(start - _TRACK_DAYS, stop + _TRACK_DAYS, _WEEK):
        days = np.zeros(shop.days, dtype=bool)
        days[max(first, 0) : max(first + _WEEK, 0)] = True
        week = blocks(0, days, units, exposure, noise)
        if days.sum() < _WEEK or not len(week.group):
            continue
        weeks.append(week)
        first_days.append(shop.panel.days[first])
        is_on = start <= first < stop
        kinds.append(
            "promotion" if is_on
            else "other" if (days & dirty).any()
            else "after" if (days & after).any()
            else "reference"
        )  # fmt: skip
    return joined(*weeks), first_days, kinds


# --- Halo -------------------------------------------------------------------------------------


class _Halo(NamedTuple):
    """What other categories sold during a promotion, against what as many orders usually hold."""

    gained: float
    error: float
    of_order: float  # their units in a usual order

    def ends(self, extra: float, error: float) -> tuple[float, float]:
        """Return the least and the most units that a promotion brought to other categories.

        Orders do not tell which of them the promotion brought. Had it brought none, all would have
        held the usual units of other categories; had each extra unit come in an order of its own,
        these orders would have held none.
        """
        own = max(extra, 0.0) * self.of_order
        chance = math.hypot(self.error, error * self.of_order)
        return self.gained - Z95 * self.error, self.gained + own + Z95 * chance


def _halos(shop: Shop, measured: dict[int, _Found]) -> dict[int, _Halo]:
    """Compare what untouched categories sold in an order with that of days without promotion."""
    if not measured:
        return {}
    every = np.flatnonzero(~shop.wide)
    whole = activity(shop.units, shop.clean, shop.panel.days.month.to_numpy() - 1,
                     dispersion=shop.panel.squared)  # fmt: skip
    seen = np.where(shop.clean, shop.units, 0.0).sum(axis=1)
    exposure = shop.panel.orders.to_numpy() * whole.share
    quiet = ~(shop.sitewide | shop._any(every, 0))
    still = np.zeros(shop.days)
    known = blocks(0, quiet, seen, exposure, still, most_days=_WEEK)
    if (quiet & (exposure > 0)).sum() < FEWEST_DAYS:
        return {}
    alone = {n: blocks(0, shop.on(n), seen, exposure, still) for n in measured}
    target = joined(*alone.values())
    dispersion = _spread_of_orders(seen, exposure, quiet, shop.panel.squared)
    strong = strengths(known, dispersion=dispersion)
    base = predict(known, target, dispersion=dispersion, strong=strong)
    which = np.repeat(list(alone), [len(one.group) for one in alone.values()])
    each = (which == np.array(list(alone))[:, None]).astype(float)
    gained = each @ (target.units - base.units)
    covariance = each @ base.covariance @ each.T
    errors = np.sqrt(np.diag(covariance))
    orders = [shop.panel.orders[shop.on(n)].sum() for n in alone]
    of_order = each @ base.units / np.maximum(orders, 1)
    rows = np.column_stack([gained, errors, of_order]).tolist()
    return {n: _Halo(*row) for n, row in zip(alone, rows, strict=True)}


def _spread_of_orders(units: Floats, exposure: Floats, kind: Bools, least: float) -> float:
    """Return the variance of units over their mean, day by day at the rate of their month."""
    day = np.flatnonzero(kind & (exposure > 0))
    month = day // 30
    rate = np.bincount(month, units[day]) / np.maximum(np.bincount(month, exposure[day]), 1e-12)
    mean = rate[month] * exposure[day]
    free = max(len(day) - len(np.unique(month)), 1)
    return max(float(((units[day] - mean) ** 2 / np.maximum(mean, 0.5)).sum() / free), least)


# --- Rows -------------------------------------------------------------------------------------


def _row(
    shop: Shop, number: int, found: _Found | str, halos: dict[int, _Halo]
) -> dict[str, object]:
    table = shop.panel.promotions
    said: dict[str, object] = {
        name: table[name][number] for name in ("promotion_id", "name", "starts_on", "ends_on")
    }
    planned = int(shop.stops[number] - shop.starts[number])
    days = min(planned, shop.days - int(shop.starts[number]))
    said["days"] = days
    # Of one that still runs, money counts by day, as it does in the contribution margin.
    seen = days / planned if planned > 0 else 1.0
    cost, funding = (seen * _money(table[name][number]) for name in ("cost", "supplier_funding"))
    is_told = pd.notna(table["cost"][number])
    said |= {"cost": cost if is_told else math.nan, "supplier_funding": funding}
    if isinstance(found, str):
        return {**said, "reason": found, "verdict": "cannot_tell"}
    errors = np.sqrt(np.diag(found.covariance))
    extra = found.sold[0] - found.baseline[0]
    lost, pulled = found.baseline[1] - found.sold[1], found.baseline[2] - found.sold[2]
    has_others = found.baseline[1] > 0
    said |= {"reason": None, "units": found.sold[0]}
    said |= _with_ends("baseline", found.baseline[0], errors[0], least=0.0)
    said |= _with_ends("extra", extra, errors[0])
    said |= _lift(found)
    said |= _with_ends("lost", lost if has_others else math.nan, errors[1])
    said |= _with_ends("pulled", pulled if found.after_known else math.nan, errors[2])
    if number in halos:
        said["halo_low"], said["halo_high"] = halos[number].ends(extra, errors[0])
    said["cannibalisation"] = steady(lost / extra) if extra > 0 and has_others else math.nan
    return said | _margin(found, (cost, funding))


def _money(value: Any) -> float:
    return 0.0 if pd.isna(value) else float(value)


def _with_ends(
    name: str, value: float, error: float, *, least: float = -math.inf
) -> dict[str, float]:
    low, high = value - Z95 * error, value + Z95 * error
    return {name: value, f"{name}_low": max(low, least), f"{name}_high": high}


def _lift(found: _Found) -> dict[str, float]:
    """Return extra units over the baseline; its ends are those of the baseline."""
    sold, mean, error = found.sold[0], found.baseline[0], math.sqrt(found.covariance[0, 0])
    relative = Z95 * error / mean
    low, high = sold / (mean * math.exp(relative)) - 1, sold / (mean * math.exp(-relative)) - 1
    return {"lift": steady(sold / mean - 1), "lift_low": steady(low), "lift_high": steady(high)}


def _margin(found: _Found, money: tuple[float, float]) -> dict[str, object]:
    """Return the incremental margin without halo, its parts, its interval and the verdict."""
    cost, funding = money
    if math.isnan(found.margins[0]) or math.isnan(found.observed):
        return {"verdict": "cannot_tell"}
    own, other, rest = (_or_zero(margin) for margin in found.margins)
    ahead = found.baseline[2] - found.sold[2] if found.after_known else 0.0
    displaced = other * (found.baseline[1] - found.sold[1]) + own * ahead
    baseline = own * found.baseline[0]
    margin = found.observed - baseline - displaced - cost + funding
    ends = _with_ends("margin", margin, _margin_error(found))
    return {
        "margin_observed": found.observed,
        "margin_baseline": baseline,
        "margin_displaced": displaced,
        "needed_lift": (
            steady(own * found.sold[0] / found.observed - 1) if found.observed > 0 else None
        ),
        "needed_halo": steady(max(-margin / rest, 0.0)) if rest > 0 else None,
        **ends,
        "verdict": _verdict(ends, [found]),
    }


def _margin_error(found: _Found) -> float:
    own, other, _ = (_or_zero(margin) for margin in found.margins)
    slope = np.array([own, other, own if found.after_known else 0.0])
    return math.sqrt(slope @ found.covariance @ slope)


def _verdict(ends: dict[str, float], found: list[_Found]) -> str:
    """Return whether promotions earned or lost, which one interval of their margins tells.

    What was bought ahead of some may be unknown: it takes units off the weeks after, and so adds to
    a loss, unless these units lose money themselves. So does an unknown cost.
    """
    is_whole = all(one.after_known and one.cost_known for one in found)
    only_adds = all(one.after_known or _or_zero(one.margins[0]) >= 0 for one in found)
    if ends["margin_high"] < 0:
        return "lower" if only_adds else "cannot_tell"
    return "higher" if is_whole and ends["margin_low"] > 0 else "cannot_tell"


def _or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else float(value)


def _total(rows: pd.DataFrame, found: dict[int, _Found]) -> pd.DataFrame:
    """Add up the margins, where all of them are known."""
    known = rows[rows.margin.notna()] if len(rows) else rows
    asked = rows[rows.reason.isna()] if len(rows) else rows
    columns = ["promotions", "margin", "low", "high", "verdict", "needed_halo"]
    if known.empty or len(known) < len(asked):
        return pd.DataFrame(columns=columns)
    each = [found[n] for n in known.index]
    error = _joint_error(each, [_margin_error(one) for one in each])
    ends = _with_ends("margin", float(known.margin.sum()), error)
    row = (len(known), *ends.values(), _verdict(ends, each), _needed_halo(ends["margin"], each))
    return pd.DataFrame([row], columns=columns)


def _needed_halo(margin: float, found: list[_Found]) -> float:
    """Return the units of other categories, for an extra unit, that would undo a loss."""
    extra = np.array([one.sold[0] - one.baseline[0] for one in found])
    brought = sum(extra * [_or_zero(one.margins[2]) for one in found])
    return steady(-margin / brought) if margin < 0 < brought and extra.sum() > 0 else math.nan


def _together(measured: dict[int, _Found], halos: dict[int, _Halo]) -> pd.DataFrame:
    """Return rates over all promotions: totals over totals."""
    rows = []
    found = list(measured.values())
    whole = [one for one in found if one.after_known]
    if found:
        rows = [
            ("lift", *_ratio(found, _EXTRA, _BASE)),
            ("cannibalisation", *_ratio(found, _LOST, _EXTRA)),
            ("pull_forward", *(_ratio(whole, _PULLED, _AFTER) if whole else (math.nan,) * 3)),
            ("halo", math.nan, *_halo_rate(measured, halos)),
        ]
    return pd.DataFrame(rows, columns=["rate", "value", "low", "high"])


def _halo_rate(measured: dict[int, _Found], halos: dict[int, _Halo]) -> tuple[float, float]:
    """Return the range of units of other categories for an extra unit.

    All halos are held against the same days, so that their errors add up whole.
    """
    extra = sum(one.sold[0] - one.baseline[0] for one in measured.values())
    if extra <= 0 or not measured.keys() <= halos.keys():
        return math.nan, math.nan
    ends = [
        halos[n].ends(one.sold[0] - one.baseline[0], math.sqrt(one.covariance[0, 0]))
        for n, one in measured.items()
    ]
    low, high = (sum(end) / extra for end in zip(*ends, strict=True))
    return steady(low), steady(high)


# Each is what is sold and what is expected, of the promoted, of substitutes and of weeks after.
_EXTRA = (np.array([1.0, 0, 0]), np.array([-1.0, 0, 0]))
_BASE = (np.zeros(3), np.array([1.0, 0, 0]))
_LOST = (np.array([0, -1.0, 0]), np.array([0, 1.0, 0]))
_PULLED = (np.array([0, 0, -1.0]), np.array([0, 0, 1.0]))
_AFTER = (np.zeros(3), np.array([0, 0, 1.0]))


def _ratio(
    found: list[_Found], top: tuple[Floats, Floats], bottom: tuple[Floats, Floats]
) -> tuple[float, float, float]:
    above = sum(top[0] @ one.sold + top[1] @ one.baseline for one in found)
    below = sum(bottom[0] @ one.sold + bottom[1] @ one.baseline for one in found)
    if below <= 0:
        return math.nan, math.nan, math.nan
    value = float(above / below)
    slope = (top[1] - value * bottom[1]) / below
    errors = [math.sqrt(slope @ one.covariance @ slope) for one in found]
    error = _joint_error(found, errors)
    return steady(value), steady(value - Z95 * error), steady(value + Z95 * error)


def _joint_error(found: list[_Found], errors: list[float]) -> float:
    """Return the error of a sum: editions of one promotion err together, others on their own."""
    by_edition: dict[object, float] = {}
    for one, error in zip(found, errors, strict=True):
        by_edition[one.edition] = by_edition.get(one.edition, 0.0) + error
    return math.sqrt(sum(error**2 for error in by_edition.values()))
