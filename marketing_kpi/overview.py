"""The overview: the scorecard of a period, what needs attention, what the data lack."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise, zip_longest
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import ibis
import pandas as pd

from marketing_kpi.dispatch.promises import kept_promises
from marketing_kpi.growth.chance import Pieces
from marketing_kpi.kpis.compute import compute, is_on_record, missing_columns, ratio_terms, shortage
from marketing_kpi.kpis.dictionary import Kpi, dictionary
from marketing_kpi.kpis.extent import (
    begins_by,
    extent,
    is_compared,
    lasts_to,
    longest_gap,
    sides_of,
)
from marketing_kpi.kpis.facts import ACTIVITY_DAYS
from marketing_kpi.kpis.formulas import steady
from marketing_kpi.kpis.frames import executed
from marketing_kpi.kpis.intervals import Z95, Interval, ratio_error, wilson
from marketing_kpi.kpis.lineage import columns_of
from marketing_kpi.kpis.periods import Periods, length
from marketing_kpi.kpis.unpriced import Unpriced, differ, unpriced
from marketing_kpi.retention import frequency_interval
from marketing_kpi.rfm import top_share
from marketing_kpi.selling.chains import changed, shifted
from marketing_kpi.selling.owners import owner_of, summed, with_months
from marketing_kpi.selling.tree import piece_of
from marketing_kpi.selling.visits import rate_of, terms, visits
from marketing_kpi.voice import answers, csat, nps

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data

CANDIDATES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sales": ("net_sales", "average_order_value", "orders", "units_per_transaction"),
        "visits": ("conversion_rate",),
        "margin": ("gross_margin_rate", "discount_rate", "contribution_margin_rate"),
        "customers": (
            "buyers",
            "repeat_purchase_rate",
            "purchase_frequency",
            "top_customers_share",
        ),
        "retention": ("retention_rate",),
        "returns": ("return_rate_value", "return_rate_units"),
        "marketing": ("customer_acquisition_cost", "return_on_ad_spend"),
        "inventory": ("stockout_rate", "inventory_turnover"),
        "fulfilment": (
            "on_time_in_full_rate",
            "on_time_delivery_rate",
            "fulfilment_cost_per_order",
        ),
        "voice": ("net_promoter_score", "customer_satisfaction"),
        "finance": ("chargeback_rate", "net_revenue"),
    }
)
"""What a scorecard may show of each domain of a business, the one that says most first."""

_STANDS_IN = MappingProxyType({"return_rate_units": "return_rate_value"})
"""A candidate that says the same in another way, shown where the other cannot be told."""

_DOMAINS = MappingProxyType({id: domain for domain, ids in CANDIDATES.items() for id in ids})

MOST_KPIS = 14
"""Rows of a scorecard unless told otherwise: more are not followed; a convention."""

WRONG_WAY = 0.05
"""Relative change from which a total, which has no interval, is worth a look; a convention."""

FEWEST_CUSTOMERS = 30
"""Customers under which a ratio of sums has no interval, as in `rfm.top_share`: with normal
quantiles it would cover less than it says."""

RATIOS = (
    "average_order_value",
    "average_selling_price",
    "units_per_transaction",
    "gross_margin_rate",
    "markup_rate",
    "discount_rate",
    "return_rate_units",
    "return_rate_value",
)
"""Ratios of two sums, whose interval follows from the sums of each customer."""

PRICES = frozenset({"order_lines.unit_price", "orders.amount"})
"""Columns of what was paid: where it is not known, what is added up from it is too low."""

PAIRED = (
    "average_selling_price",
    "discount_rate",
    "gross_margin_rate",
    "markup_rate",
    "price_realisation",
    "promotion_share",
    "top_customers_share",
)
"""KPIs that divide sales of a known price by what belongs to the same sales: those of unknown price
are on neither side, and do not move them."""

COLUMNS = (
    "kpi", "domain", "unit", "direction", "value", "low", "high", "previous", "previous_low",
    "previous_high", "change", "change_low", "change_high", "trend", "available",
    "reason", "missing", "last_order", "gap_start", "gap_end", "unpriced_before", "unpriced",
    "unpriced_of",
)  # fmt: skip
"""Columns of a scorecard, in order."""


_NO_SPREAD = 1e-7

_SIDES = ("before", "after")

# Their change is a difference: a share of a share, or of a score that may be below 0, misleads.
_DIFFERENCES = frozenset({"fraction", "points", "index"})

_TABLE = re.compile(r"(\w+)\.\w+")


def scorecard(
    data: Data,
    *,
    periods: Periods,
    kpis: Sequence[str] | None = None,
    by_month: bool = True,
) -> pd.DataFrame:
    """Say how each KPI stands, against the comparison period, with an interval where there is one.

    Parameters
    ----------
    data
        What `open_data` returns.
    periods
        What `periods` returns.
    kpis
        Ids of simple or derived KPIs. By default those that say most of these data: of each domain
        of `CANDIDATES` the first that has a value in the period, then the next ones up to
        `MOST_KPIS` (of returns, the rate by value; that of units only without it); and, as KPIs
        that cannot be computed, the first of each domain of which the data hold the tables, but not
        all that it reads.
    by_month
        Whether to compute the months of the period too (`trend`).

    Returns
    -------
    pandas.DataFrame
        A row a KPI, in the order asked, or of `CANDIDATES`: kpi, domain (its key in `CANDIDATES`;
        null for others), unit, direction; value with its 95 % interval (low, high); the same of
        the comparison period (previous, previous_low, previous_high); change with its interval
        (change_low, change_high): a difference for fractions, points and indices, else relative
        (null where the comparison is not above 0); trend (a list of a value a month); available;
        reason and missing (the columns that the data lack, by name). The reason is ``"missing"``,
        ``"history"`` (the data begin too late) or ``"ends"`` (they end too early) for a KPI that
        cannot be computed;
        ``"empty"`` when nothing was ordered in the period, ``"partial"`` when the data begin
        after it does or end before it, ``"comparison"`` when they do not cover the comparison
        period: a part is no match for a whole, so previous and change are then left null, as they
        are of stock and sessions that are not on record throughout it;
        ``"alone"`` when no comparison was asked for; else ``""``. The same in every row: last_order
        (the day of the last order before the end, of any status; null without one), gap_start and
        gap_end (the ends of `longest_gap`, the days without an order in the two periods; null
        without one). Of KPIs that rest on prices, except those of `PAIRED`: unpriced_before and
        unpriced, the share of units (unpriced_of: or of orders) without a known price in each
        period, where something is compared. In trend, months that the data do not cover are null,
        as are a first and a last month of which the period holds only some days. Null where there
        is nothing to compare, no interval, or the KPI cannot be computed.

    Raises
    ------
    UnknownEntryError, ComputeError
        When a KPI is not in the dictionary, or is an analysis.

    Notes
    -----
    Shares of customers (repeat purchase, retention, attrition) have Wilson's interval; the share
    of the best customers has that of `rfm.top_share`, and purchase frequency that of
    `retention.frequency_interval`; conversion, promises kept and what customers answer have those
    of `sales.traffic`, `fulfilment.kept_promises`, `voice.nps` and `voice.csat`. Ratios of
    two sums (order value, margin, discount and return rates, …) have the linearised standard error
    of a ratio, with the customer as the unit that was drawn, for the orders of one customer
    resemble each other: ``sqrt(n/(n-1) sum((y - R x)^2)) / sum(x)``, where y and x are what the
    KPI's own formula divides. Orders without a customer stand for themselves; for a return rate,
    only customers who bought in the period count. Under `FEWEST_CUSTOMERS` customers, or where
    all have the same ratio, there is no interval.
    Totals have no interval: they were counted, not estimated.

    The change of a ratio of two sums has the interval of the factors of `sales.shop_tree`: a
    customer counts once, with what they did in both periods, and what moves months as a whole, or
    the weeks of a period of fewer than 6 months, widens it (`selling.chains.changed`, and `shifted`
    for a difference). That of other KPIs takes the two periods as independent: customers who are in
    both make it too wide rather than too narrow when what they do persists.

    References
    ----------
    Cochran, W. G. (1977). Sampling Techniques, 3rd ed., Wiley, chapter 6 (ratio estimates).
    """
    asked = [dictionary().kpi(kpi) for kpi in (_DOMAINS if kpis is None else kpis)]
    lacks = {kpi.id: _obstacle(kpi.id, data, periods.start, periods.end) for kpi in asked}
    able = [id for id in lacks if not lacks[id][0]]
    if kpis is None:
        able, values = _telling(able, data, periods.start, periods.end)
        shown = {*able, *_missed(lacks, data)}
        asked = [kpi for kpi in asked if kpi.id in shown]
    else:
        values = _values(able, data, periods.start, periods.end)
    known = Coverage.of(data, periods)
    doubt, gap = known.doubt(periods), longest_gap(data, periods=periods)
    alone = "alone" if periods.previous_start is None else ""
    now = _standing(values, data, periods.start, periods.end)
    months = _trends(able, data, known, periods) if by_month else {}
    before = {} if doubt else _comparison(able, data, periods)
    changes = _ratio_changes(now, before, data, periods)
    rows = [
        {
            **_row(kpi, now.get(kpi.id, _Standing()), before.get(kpi.id, _Standing()), changes),
            "trend": months.get(kpi.id),
            "available": not lacks[kpi.id][0],
            "reason": lacks[kpi.id][0] or doubt or alone,
            "missing": lacks[kpi.id][1],
        }
        for kpi in asked
    ]
    first, after = gap or (None, None)
    notes = {"last_order": known.last, "gap_start": first, "gap_end": after}
    card = pd.DataFrame(rows).assign(**notes)
    return _with_unpriced(card, data, periods)[list(COLUMNS)]


def _with_unpriced(card: pd.DataFrame, data: Data, periods: Periods) -> pd.DataFrame:
    """Say beside the KPIs that missing prices move for how much of each period they are missing."""
    moved = card["previous"].notna() & card["kpi"].map(_rests_on_prices).astype(bool)
    found = unpriced(data, periods=periods) if moved.any() else Unpriced(None, None)
    values = {"unpriced_before": found.before, "unpriced": found.now}
    shares = {name: pd.Series(value, card.index, "float64") for name, value in values.items()}
    card = card.assign(**{name: share.where(moved) for name, share in shares.items()})
    of = pd.Series(found.of, card.index, "object")
    return card.assign(unpriced_of=of.where(moved, None))


def _rests_on_prices(kpi: str) -> bool:
    return kpi not in PAIRED and not PRICES.isdisjoint(columns_of(kpi))


class _Standing(NamedTuple):
    """How a KPI stood in a period."""

    value: float | None = None
    interval: Interval = Interval()


def _telling(
    able: Sequence[str], data: Data, start: date, end: date
) -> tuple[list[str], dict[str, float | None]]:
    """Return the KPIs that say most, which have a value in the period, and their values."""
    left = list(able)
    while True:
        chosen = _first_of_each(left)
        values = _values(chosen, data, start, end)
        empty = {id for id, value in values.items() if value is None}
        if not empty:
            return chosen, values
        left = [id for id in left if id not in empty]


def _first_of_each(able: Collection[str]) -> list[str]:
    """Return the first candidate of each domain, then the next ones while there is room."""
    told = [id for id in able if _STANDS_IN.get(id) not in able]
    domains = [[id for id in ids if id in told] for ids in CANDIDATES.values()]
    ranked = [id for rank in zip_longest(*domains) for id in rank if id is not None]
    kept = ranked[:MOST_KPIS]
    return [id for ids in domains for id in ids if id in kept]


def _missed(lacks: Mapping[str, tuple[str, str]], data: Data) -> Iterator[str]:
    """Yield the first candidates that the data nearly have: their tables, but not all they read."""
    for first, *_others in CANDIDATES.values():
        reason, missing = lacks[first]
        needs = missing.split(", ") if missing else []
        if reason and all(any(map(data.has, _TABLE.findall(need))) for need in needs):
            yield first


class Coverage(NamedTuple):
    """The days that the data tell about, as `kpis.extent` has them.

    Attributes
    ----------
    first, last
        The first and the last day; null where the data hold no order.
    is_compared
        Whether there is a comparison period, and the data tell about both from end to end.
    """

    first: date | None
    last: date | None
    is_compared: bool

    @classmethod
    def of(cls, data: Data, periods: Periods) -> Self:
        """Return what the data tell about the time before the end of the period."""
        return cls(*extent(data, before=periods.end), is_compared(data, periods))

    def doubt(self, periods: Periods) -> str:
        """Return why values that can be computed are to be read with care, as a code.

        The codes are those of the reasons of `scorecard`; nothing is compared under any of them.
        """
        if self.last is None or self.last < periods.start:
            return "empty"
        if not self.holds(periods.start, periods.end):
            return "partial"
        return "" if self.is_compared or periods.previous_start is None else "comparison"

    def holds(self, start: date, end: date) -> bool:
        """Say whether the data cover a period; a part would pass for a small whole one."""
        return begins_by(self.first, start) and lasts_to(self.last, end)


def _comparison(kpis: Sequence[str], data: Data, periods: Periods) -> Mapping[str, _Standing]:
    """Return how KPIs stood in the comparison period."""
    start, end = periods.previous_start, periods.previous_end
    if start is None or end is None:
        return {}
    had = [
        kpi
        for kpi in kpis
        if not _obstacle(kpi, data, start, end)[0] and is_on_record(kpi, data, start=start, end=end)
    ]
    return _standing(_values(had, data, start, end), data, start, end)


def _obstacle(kpi: str, data: Data, start: date, end: date) -> tuple[str, str]:
    """Return why a KPI cannot be computed, as a code, and the columns that are missing."""
    if columns := missing_columns(kpi, data):
        return "missing", ", ".join(columns)
    return shortage(kpi, data, start=start, end=end), ""


def _values(kpis: Sequence[str], data: Data, start: date, end: date) -> dict[str, float | None]:
    """Return the value of each KPI in a period."""
    row = _row_of(compute(kpis, data, start=start, end=end)) if kpis else {}
    return {kpi: _number(row[kpi]) for kpi in kpis}


def _standing(
    values: Mapping[str, float | None], data: Data, start: date, end: date
) -> Mapping[str, _Standing]:
    """Return each KPI of a period with its interval."""
    intervals = _intervals(values, data, start, end)
    return {kpi: _Standing(value, intervals.get(kpi, Interval())) for kpi, value in values.items()}


def _trends(
    kpis: Sequence[str], data: Data, known: Coverage, periods: Periods
) -> Mapping[str, list[float | None]]:
    """Return a value a month of each KPI; a part of a month would pass for a bad month."""
    if not kpis:
        return {}
    months = _months(kpis, data, known, periods.start, periods.end)
    return {kpi: [_number(value) for value in months[kpi].where(months["whole"])] for kpi in kpis}


def _months(
    kpis: Sequence[str], data: Data, known: Coverage, start: date, end: date
) -> pd.DataFrame:
    """Return KPIs by month, null where the data do not cover it; `whole`: all its days count."""
    months = executed(compute(kpis, data, grain="month", start=start, end=end))
    firsts = [pd.Timestamp(first).date() for first in months["period"]]
    bounds = list(pairwise([start, *firsts[1:], end]))
    values = months[list(kpis)].astype("float64")
    values.loc[[not known.holds(*month) for month in bounds]] = float("nan")
    whole = [first.day == 1 and after.day == 1 for first, after in bounds]
    return months[["period"]].join(values).assign(whole=whole)


def _row_of(result: Any) -> dict[str, Any]:
    """Return the only row of a result."""
    return {str(name): value for name, value in executed(result).iloc[0].items()}


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def _row(
    kpi: Kpi, now: _Standing, before: _Standing, changes: Mapping[str, Interval]
) -> dict[str, Any]:
    change, margins = _change(kpi.unit, now, before)
    margins = changes.get(kpi.id, margins)
    return {
        "kpi": kpi.id,
        "domain": _DOMAINS.get(kpi.id),
        "unit": kpi.unit,
        "direction": kpi.direction,
        "value": now.value,
        "low": now.interval.low,
        "high": now.interval.high,
        "previous": before.value,
        "previous_low": before.interval.low,
        "previous_high": before.interval.high,
        "change": change,
        "change_low": margins.low,
        "change_high": margins.high,
    }


def _change(
    unit: str,
    now: _Standing,
    before: _Standing,
) -> tuple[float | None, Interval]:
    """Return a difference or a relative change, as the unit asks, with its interval.

    The ends are those of Newcombe's method 10, which squares the distances from each value to
    its own ends; for Wilson's intervals it is the usual interval of a difference of rates.
    """
    (value, (low, high)), (previous, (previous_low, previous_high)) = now, before
    if value is None or previous is None:
        return None, Interval()
    is_difference = unit in _DIFFERENCES
    scale = 1.0 if is_difference else previous
    if scale <= 0:
        return None, Interval()
    change = (value - previous) / scale
    if low is None or high is None or previous_low is None or previous_high is None:
        return change, Interval()
    # Relative: the comparison's own error is multiplied by value / previous (delta method).
    weight = 1.0 if is_difference else value / previous
    down = math.hypot(value - low, weight * (previous_high - previous)) / scale
    up = math.hypot(high - value, weight * (previous - previous_low)) / scale
    return change, Interval(change - down, change + up)


# --- Intervals ------------------------------------------------------------------------------


def _intervals(
    values: Mapping[str, float | None], data: Data, start: date, end: date
) -> dict[str, Interval]:
    """Return the interval of each KPI that has one and a value."""
    known = {id: value for id, value in values.items() if value is not None}
    found = _proportions(known, data, start, end)
    errors = _ratio_errors([id for id in known if id in RATIOS], data, start, end)
    for id, error in errors.items():
        if error is not None:
            found[id] = Interval(known[id] - Z95 * error, known[id] + Z95 * error)
    for id, interval in _ESTIMATES.items():
        if id in known:
            found[id] = interval(data, start, end)
    return found


def _proportions(
    values: Mapping[str, float], data: Data, start: date, end: date
) -> dict[str, Interval]:
    """Return Wilson's intervals of the shares of customers."""
    found: dict[str, Interval] = {}
    for id, value in values.items():
        since = _denominator_period(dictionary().kpi(id), start, end)
        if since is not None:
            buyers = _row_of(compute("buyers", data, start=since[0], end=since[1]))["buyers"]
            found[id] = wilson(value, float(buyers))
    return found


def _denominator_period(kpi: Kpi, start: date, end: date) -> tuple[date, date] | None:
    """Return when the customers that a share is taken of bought; None for other KPIs."""
    if kpi.id in {"retention_rate", "attrition_rate"}:
        return start - timedelta(days=ACTIVITY_DAYS), start
    if kpi.id == "repeat_purchase_rate":
        return (length(kpi.window, name="window").before(end) if kpi.window else start), end
    return None


def _ratio_errors(
    ids: Sequence[str], data: Data, start: date, end: date
) -> dict[str, float | None]:
    """Return the standard errors of ratios of sums, customers being what was drawn."""
    errors: dict[str, float | None] = {}
    for fact, kpis in _by_fact(ids).items():
        by = _drawn(fact)
        terms = ratio_terms(kpis, data, by=by, start=start, end=end)
        errors |= _linearised(terms, kpis, [name for name in by if name in terms.columns])
    return errors


def _ratio_changes(
    now: Mapping[str, _Standing], before: Mapping[str, _Standing], data: Data, periods: Periods
) -> dict[str, Interval]:
    """Return the interval of the change of each ratio of sums that has one in both periods."""
    nothing = _Standing()
    told = [
        id
        for id in RATIOS
        if all(sides.get(id, nothing).interval.low is not None for sides in (now, before))
    ]
    found: dict[str, Interval] = {}
    for fact, kpis in _by_fact(told).items():
        found |= _changes_of(kpis, _of_both_periods(kpis, data, _drawn(fact), periods), periods)
    return found


def _of_both_periods(
    ids: Sequence[str], data: Data, by: Sequence[str], periods: Periods
) -> ir.Table:
    """Return a row a customer, order and day: what each ratio is made of, before and now."""
    bounds = [bound for bound in periods if bound is not None]
    terms = ratio_terms(ids, data, by=by, start=min(bounds), end=max(bounds), grain="day")
    terms = terms.mutate(at=terms.period.cast("timestamp"))
    sides = sides_of(terms.at, periods)
    terms = terms.filter(sides["before"] | sides["after"])
    sides = sides_of(terms.at, periods)
    return terms.select(
        owner=owner_of(terms, *by),
        piece=piece_of(terms.at, periods),
        **{
            f"{id} {letter} {side}": there.ifelse(terms[f"{id} {letter}"], 0)
            for id in ids
            for side, there in sides.items()
            for letter in "xy"
        },
    )


def _changes_of(ids: Sequence[str], rows: ir.Table, periods: Periods) -> dict[str, Interval]:
    """Return the interval of each change, relative or a difference as the unit asks."""
    apart = [[f"{id} {letter} {side}" for side in _SIDES for letter in "xy"] for id in ids]
    measures, pieces = [name for group in apart for name in group], Pieces.of(periods)
    [cell] = summed(rows, [], measures, apart=apart)
    if pieces.are_enough:
        cell = with_months(cell, rows, measures, pieces=pieces.number, apart=apart)
    found = {}
    for number, id in enumerate(ids):
        one = cell.picked(range(4 * number, 4 * number + 4))
        is_difference = dictionary().kpi(id).unit in _DIFFERENCES
        found[id] = shifted(one) if is_difference else changed(one, 1)
    return found


def _linearised(terms: ir.Table, ids: Sequence[str], by: Sequence[str]) -> dict[str, float | None]:
    """Return the standard error of each sum(y) / sum(x), from sums of squares by customer."""
    if not by:
        return dict.fromkeys(ids)
    parts = [f"{id} {letter}" for id in ids for letter in "yx"]
    rows = terms.select(*parts, drawn=ibis.coalesce(*(terms[name].cast("string") for name in by)))
    customers = rows.group_by("drawn").agg(**{part: rows[part].sum() for part in parts})
    moments = _row_of(customers.agg(**_moments(customers, ids)))
    return {id: _standard_error(*(moments[f"{id} {m}"] for m in _MOMENTS)) for id in ids}


def _by_fact(ids: Sequence[str]) -> dict[str, list[str]]:
    by_fact: dict[str, list[str]] = {}
    for id in ids:
        by_fact.setdefault(str(dictionary().kpi(id).fact), []).append(id)
    return by_fact


def _drawn(fact: str) -> list[str]:
    """Return what tells who is drawn, the surest first.

    An order without a customer stands for itself; only `sales` tells its orders apart.
    """
    return ["customer_id", "order_id"] if fact == "sales" else ["customer_id"]


_MOMENTS = ("n", "y", "x", "yy", "xx", "xy")


def _moments(customers: ir.Table, ids: Sequence[str]) -> dict[str, ir.Value]:
    wanted: dict[str, ir.Value] = {}
    for id in ids:
        y, x = customers[f"{id} y"], customers[f"{id} x"]
        known = y.notnull() & x.notnull()
        products = (y, x, y * y, x * x, y * x)
        wanted[f"{id} n"] = known.sum()
        wanted |= {
            f"{id} {name}": product.sum(where=known)
            for name, product in zip(_MOMENTS[1:], products, strict=True)
        }
    return wanted


def _standard_error(n: Any, y: Any, x: Any, yy: Any, xx: Any, xy: Any) -> float | None:
    if pd.isna(n) or n < FEWEST_CUSTOMERS or pd.isna(x) or x == 0:
        return None
    ratio = y / x
    error = ratio_error(ratio, count=n, x=x, xx=xx, xy=xy, yy=yy)
    # Equal ratios of all customers say nothing of how far another sample would lie; what is left
    # of them then is how floats are kept.
    if error <= _NO_SPREAD * abs(ratio):
        return None
    return steady(error)


def _top_share(data: Data, start: date, end: date) -> Interval:
    customers = compute("net_sales", data, by=["customer_id"], start=start, end=end)
    # Of as many rows as there are customers, only the amounts leave the engine.
    if isinstance(customers, pd.DataFrame):
        known = customers[customers["customer_id"].notna()]
        top = top_share(known.rename(columns={"net_sales": "monetary"}))
    else:
        top = top_share(customers.drop_null("customer_id").select(monetary="net_sales"))
    return Interval(top.low, top.high)


def _conversion(data: Data, start: date, end: date) -> Interval:
    rows = visits(data, start=start, end=end, by=()).rows
    sides = terms(rows, ["conversion_rate"])
    [cell] = summed(rows.select("owner", **sides), [], list(sides))
    return rate_of(cell, list(sides), "conversion_rate")[1]


def _promises(share: str) -> Callable[[Data, date, date], Interval]:
    def interval(data: Data, start: date, end: date) -> Interval:
        return _ends(kept_promises(data, start=start, end=end), f"{share}_low", f"{share}_high")

    return interval


def _recommendation(data: Data, start: date, end: date) -> Interval:
    return _ends(nps(answers(data, question="nps", start=start, end=end)))


def _satisfaction(data: Data, start: date, end: date) -> Interval:
    return _ends(csat(answers(data, question="csat", start=start, end=end)))


def _ends(estimate: Any, low: str = "low", high: str = "high") -> Interval:
    """Return the interval that a chapter gives with its only row."""
    row = _row_of(estimate)
    return Interval(_number(row[low]), _number(row[high]))


_ESTIMATES: Mapping[str, Callable[[Data, date, date], Interval]] = MappingProxyType(
    {
        "purchase_frequency": frequency_interval,
        "top_customers_share": _top_share,
        "conversion_rate": _conversion,
        "on_time_delivery_rate": _promises("on_time"),
        "on_time_in_full_rate": _promises("on_time_in_full"),
        "net_promoter_score": _recommendation,
        "customer_satisfaction": _satisfaction,
    }
)


# --- Attention ------------------------------------------------------------------------------

_VERDICTS = ("worse", "wrong_way", "better", "cannot_tell", "unpriced")


def attention(scorecard: pd.DataFrame, *, smallest: float = WRONG_WAY) -> pd.DataFrame:
    """Say which KPIs moved the wrong way beyond chance, and of which one cannot tell.

    Parameters
    ----------
    scorecard
        What `scorecard` returns.
    smallest
        Relative change from which a KPI without an interval is listed.

    Returns
    -------
    pandas.DataFrame
        The rows of the scorecard that say something, with verdict: ``worse`` (the interval of the
        change lies on the bad side of 0), ``wrong_way`` (no interval, moved at least
        `smallest` the wrong way), ``better`` (the interval lies on the good side), then
        ``cannot_tell`` (the interval includes 0), then ``unpriced`` (prices are missing for more
        of one period than of the other, and move it). In that order, the largest relative move
        first. KPIs without a good or a bad direction, a comparison or a value are left out.

    Notes
    -----
    Each interval is at 95 % by itself: where nothing changed, about one KPI in twenty still gets
    a verdict. A list of a dozen deserves a second look before a decision.
    """
    holed = differ(scorecard["unpriced_before"], scorecard["unpriced"])
    judged = [
        (row, _verdict(row, smallest) if not moved else "unpriced")
        for row, moved in zip(scorecard.to_dict("records"), holed, strict=True)
    ]
    kept = [{**row, "verdict": verdict} for row, verdict in judged if verdict]
    kept.sort(key=lambda row: (_VERDICTS.index(row["verdict"]), -_relative(row), row["kpi"]))
    return pd.DataFrame(kept, columns=[*COLUMNS, "verdict"])


def _verdict(row: Mapping[Any, Any], smallest: float) -> str | None:
    signs = {"higher_is_better": 1.0, "lower_is_better": -1.0}
    sign, value = signs.get(row["direction"]), _number(row["value"])
    previous = _number(row["previous"])
    if sign is None or value is None or previous is None:
        return None
    is_good = sign * (value - previous) > 0
    low, high = _number(row["change_low"]), _number(row["change_high"])
    if low is None or high is None:
        return None if is_good or _relative(row) < smallest else "wrong_way"
    if low <= 0 <= high:
        return "cannot_tell"
    return "better" if is_good else "worse"


def _relative(row: Mapping[Any, Any]) -> float:
    """Return how far a KPI moved, as a share of where it was; from 0, any move is the largest."""
    value, previous = _number(row["value"]), _number(row["previous"])
    if value is None or previous is None or value == previous:
        return 0.0
    return abs(value / previous - 1) if previous else math.inf


# --- What the data lack ---------------------------------------------------------------------


def lacking(data: Data, *, periods: Periods | None = None) -> pd.DataFrame:
    """List what the data lack, and which KPIs cannot be computed for it.

    Parameters
    ----------
    data
        What `open_data` returns.
    periods
        What `periods` returns; with it, days that a KPI reads and the data do not count as lacking.

    Returns
    -------
    pandas.DataFrame
        missing (``table.column``, ``"history"`` where the data begin too late, ``"ends"`` where
        they end before the period does), kpis (a list of ids), by missing. Empty when every KPI
        of the dictionary can be computed.
    """
    lost: dict[str, list[str]] = {}
    for kpi in dictionary().kpis:
        if kpi.type == "analysis":
            continue
        columns = missing_columns(kpi.id, data)
        for column in columns:
            lost.setdefault(column, []).append(kpi.id)
        if not columns and periods:
            short = shortage(kpi.id, data, start=periods.start, end=periods.end)
            if short:
                lost.setdefault(short, []).append(kpi.id)
    rows = [(column, lost[column]) for column in sorted(lost)]
    return pd.DataFrame(rows, columns=["missing", "kpis"])


def by_month(kpi: str, data: Data, *, periods: Periods) -> pd.DataFrame:
    """Follow one KPI month by month, beside the same months of the comparison period.

    Parameters
    ----------
    kpi
        An id of the dictionary.
    data
        What `open_data` returns.
    periods
        What `periods` returns.

    Returns
    -------
    pandas.DataFrame
        period (first day of the month), kpi, unit, value, previous (null when nothing is
        compared); both null in months that the data do not cover; whole (false for a first or
        last month of which the period holds only some days). Empty when the data lack what the
        KPI reads.
    """
    columns = ["period", "kpi", "unit", "value", "previous", "whole"]
    if _obstacle(kpi, data, periods.start, periods.end)[0]:
        return pd.DataFrame([], columns=columns)
    known = Coverage.of(data, periods)
    table = _months([kpi], data, known, periods.start, periods.end).rename(columns={kpi: "value"})
    previous: Sequence[float | None] = [None] * len(table)
    if periods.previous_start is not None and periods.previous_end is not None:
        start, end = periods.previous_start, periods.previous_end
        before = _months([kpi], data, known, start, end)
        previous = before[kpi].reindex(range(len(table))).tolist()
    unit = dictionary().kpi(kpi).unit
    return table.assign(kpi=kpi, unit=unit, previous=pd.array(previous, dtype="Float64"))[columns]


def by_channel(kpis: Sequence[str], data: Data, *, periods: Periods) -> pd.DataFrame:
    """Compare the sales channels on some KPIs.

    Parameters
    ----------
    kpis
        Ids of the dictionary.
    data
        What `open_data` returns.
    periods
        What `periods` returns.

    Returns
    -------
    pandas.DataFrame
        channel (null: not stated) and one column a KPI, the first KPI's largest first. Without
        a channel in the data, one row, all channels together. Empty when nothing was ordered in
        the period. A KPI that the data do not allow has no column.
    """
    kpis = [kpi for kpi in kpis if not _obstacle(kpi, data, periods.start, periods.end)[0]]
    if not kpis:
        return pd.DataFrame([], columns=["channel"])
    by = ["channel"] if data.has("orders", "channel") else []
    table = executed(compute(kpis, data, by=by, start=periods.start, end=periods.end))
    table = table if by else table.assign(channel=None)
    ranked = table.sort_values([kpis[0], "channel"], ascending=[False, True])
    return ranked[["channel", *kpis]].reset_index(drop=True)
