"""Sales lost to stock-outs: the demand that comparable days let expect, less what was sold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.errors import ComputeError, MissingDataError, unknown
from marketing_kpi.kpis.facts import FACTS, MONEY, missing
from marketing_kpi.kpis.facts.base import attach, one_a_key
from marketing_kpi.kpis.facts.inventory import is_out
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.intervals import Z95
from marketing_kpi.kpis.periods import day

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketing_kpi.data.model import Data

    Floats = NDArray[np.float64]

WEIGHT = 5.0
"""Units sold by a product in a place, or in a month, that count as much as what is usual."""

LEAST_THERE = 0.1
"""Usual share of the products in stock under which they no longer tell how busy a place was."""

LEAST_MATCH = 0.9
"""Share of a region's online sales that the stock of a place must have let out, to be its own: a
place that sent only a part would be given the sales of the others too. A convention."""

LEAST_EXPLAINED = 0.8
"""Share of what the stock of a place let out that the regions given to it must have bought, for its
demand to be told: below it, the place also serves others, or stores. A convention."""

LEAST_COMPARED = 0.25
"""Share of a region's online sales that must fall on days of which the stock of a place tells what
it let out, to hold one against the other. A convention."""

LONGEST_GAP = 4
"""Days in a row without a stock record, as a week-end and two holidays, of which the closes around
them tell: a product that was in stock at both was in stock between them. A convention."""

LEAST_SOLD = 0.5
"""Share of the usual demand that must be sold on days out at both closes, without a delivery
between them, for the stock on record not to be what stops sales. A convention."""

FEWEST_SOLD = 5
"""Units that must be sold on such days for the same to be said. A convention."""

LOST_BY = ("product_id", "name", "category", "location_id", "month")
"""What `lost_by` can split lost sales by."""

_NEEDS = (
    "stock.day", "stock.product_id", "stock.location_id", "order_lines.product_id",
    "order_lines.quantity", "order_lines.unit_price",
)  # fmt: skip


class LostSales(NamedTuple):
    """What was asked for in a period while it was out of stock.

    Attributes
    ----------
    units, low, high
        Units lost, with the 95 % interval; null where the data cannot tell.
    revenue, revenue_low, revenue_high
        The same at each product's average selling price.
    days
        Days of a product in a place without sellable stock, and of all, recorded in the period.
    days_out
        Of these, those without.
    days_unknown
        Of those without, those of which no comparable day tells the demand, as in a place of which
        no sale is known.
    cells
        A row a product, place, month and whether it was on promotion, with stock-out days, and one
        each day that sold before it ran out: their number, units expected (there, of demand that
        reached what was sold) and lost, and what the interval needs; see `lost_by`.
    places
        Where the orders that name no store leave from: region, location_id (null: not known, and
        left out), units (sold by these, on the days of the stock records and between
        them), matched (share of them that the stock of the place let out, on days of which it
        tells), explained (share of what the place let out that its regions bought); both null for
        the only place that is no store. Empty where every order names its store.
    sold
        Units sold in the period on the days, of the products and from the places on record.
    elsewhere
        Units sold in the period by stores that hold no stock on record, left out.
    replaced
        Units lost over units sold in the period: by so much at most, what was bought in place of a
        missing product swells the demand expected of the others.
    dispersion
        Variance of daily units over their mean, on days in stock: 1 for a Poisson count.
    start, end
        The period; comparable days are all those recorded before its end.
    recorded
        First and last day of the stock records before the end; None without any.
    days_recorded
        Days of the period on which any stock is on record; what was lost on the others is not
        counted. None: not counted.
    days_sold_on
        Days without sellable stock, in none of the above, of a product in a place that goes on
        selling without stock: on order, or its record is late (`LEAST_SOLD`).
    """

    units: float | None
    low: float | None
    high: float | None
    revenue: float | None
    revenue_low: float | None
    revenue_high: float | None
    days: int
    days_out: int
    days_unknown: int
    cells: pd.DataFrame
    places: pd.DataFrame
    sold: float
    elsewhere: float
    replaced: float
    dispersion: float | None
    start: dt.date
    end: dt.date
    recorded: tuple[dt.date, dt.date] | None
    days_recorded: int | None = None
    days_sold_on: int = 0


def lacking(data: Data) -> list[str]:
    """Return what the data lack for lost sales, as ``table.column``; empty when they can be told.

    >>> from marketing_kpi.data.sources import open_data
    >>> days = pd.to_datetime(["2025-01-05"])
    >>> lacking(open_data({"orders": pd.DataFrame({"order_id": ["1"], "ordered_at": days})}))[0]
    'stock.sellable or stock.on_hand'
    """
    absent = [need for need in _NEEDS if not data.has(*need.split("."))]
    if not (data.has("stock", "sellable") or data.has("stock", "on_hand")):
        absent.insert(0, "stock.sellable or stock.on_hand")
    return absent


def lost_sales(data: Data, *, start: str | dt.date, end: str | dt.date) -> LostSales:
    """Estimate what was asked for while it was out of stock, from demand on comparable days.

    Parameters
    ----------
    data
        What `open_data` returns, with stock by day and the products of order lines.
    start, end
        First day, and the day after the last. Comparable days are taken from all the days with a
        stock record before `end`.

    Returns
    -------
    LostSales
        See its attributes.

    Raises
    ------
    MissingDataError
        When the data lack stock by day, or the products, quantities and prices of lines.

    Notes
    -----
    A day is a stock-out when nothing sellable is left at its close. The demand expected on it is
    the product of four things: how busy the place was that day (which holds the season, the day of
    the week and the opening hours); the product's share of that on days in stock; how much the
    place likes the product; and how much the month, on promotion or not, changes that share in all
    places. The last two lean towards 1 where few units were sold (`WEIGHT`). Each stock-out day
    loses that demand less what was sold, never below 0. A day that sold before it ran out loses
    the demand that reached what was sold, less that: it was busier than usual. How busy a place was
    is told by the other products in stock: their units, over the share that they usually have of
    all, since products often run out together.

    The interval is of the units that were really asked for: it holds the chance of that demand
    (with the variance that daily sales show), and the error of each factor. What customers bought
    instead is counted as sold, of the other product, which pulls the estimate up: the low end
    supposes that all of the loss was so replaced. What pulls it down is that orders are taken to
    come at random: where those of one day come together for another reason, more was asked for on
    the days that ran out, and the truth can lie above the high end. Tried on shops in which the
    truth is known, of products that run out one by one or together: see `benchmarks/lost_sales.md`,
    where it holds the truth less often when each product is delivered every few days. It does not
    hold what comparable days cannot know: a product that was failing, or about to be in fashion.

    Online orders name no store. Where several places might have sent them, each region is given the
    place whose stock let out what the region bought (`LostSales.places`). Sales of a store that
    holds no stock on record are nobody else's, and left out (`LostSales.elsewhere`); what a place
    of which no sale is known lost is not known.

    Where products sell on days out at both closes, without a delivery between them, nearly as on
    others, the stock on record is not what stops sales: nothing is counted as lost there
    (`LostSales.days_sold_on`).

    References
    ----------
    Gruen, T. W., Corsten, D. S. and Bharadwaj, S. (2002). Retail Out-of-Stocks. Grocery
    Manufacturers of America.
    Bühlmann, H. (1967). Experience rating and credibility. ASTIN Bulletin 4(3) (the weights).

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> days = pd.date_range("2025-03-01", periods=10)
    >>> lines = pd.DataFrame({"day": [*days, *days[:8]], "quantity": [10] * 10 + [2] * 8})
    >>> lines["product_id"] = ["tea"] * 10 + ["cup"] * 8
    >>> lines["order_id"] = lines["line_id"] = lines.index.astype(str)
    >>> lines["unit_price"] = 6.0
    >>> orders = lines[["order_id"]].assign(ordered_at=lines.pop("day"), store_id="S1")
    >>> stock = pd.DataFrame({"day": days, "product_id": "cup", "location_id": "S1"})
    >>> stock["sellable"] = [9.0] * 8 + [0.0] * 2
    >>> shop = open_data({"orders": orders, "order_lines": lines, "stock": stock})
    >>> found = lost_sales(shop, start="2025-03-01", end="2025-04-01")
    >>> found.days_out, round(found.units, 6), round(found.revenue, 6)
    (2, 4.0, 24.0)
    """
    if absent := lacking(data):
        raise MissingDataError(f"lost sales need {', '.join(absent)}, which these data lack")
    first, last = day(start, name="start"), day(end, name="end")
    if first >= last:
        raise ComputeError(f"start == {first}, must be before end == {last}")
    stock = data.keep(_stock(data, last))
    rows = _sold(data, stock, last)
    elsewhere = _units_elsewhere(rows, first)
    sold, places = _sold_by_place(data, rows, stock, last)
    lumps = _lumps(sold)
    judged = data.keep(_judged(_cells(_in_place(data, stock, sold, first, lumps))))
    out = judged.filter(judged.is_out, judged.asked).to_pandas()
    sells_on = _sells_on(out)
    cells = _named(_lost(out[~sells_on], lumps), data)
    whole = _told(stock, judged, first)
    dispersion = whole["dispersion"]
    replaced = min(cells["lost_units"].sum() / whole["units"], 1.0) if whole["units"] else 0.0
    units, revenue = (
        _total(cells, measure, dispersion or 1.0, replaced)
        for measure in ("lost_units", "lost_revenue")
    )
    return LostSales(
        *units, *revenue,
        days=whole["days"], days_out=int(cells["days"].sum()),
        days_unknown=int(cells.loc[cells["lost_units"].isna(), "days"].sum()),
        cells=cells, places=places, sold=whole["units"], elsewhere=elsewhere,
        replaced=replaced, dispersion=dispersion,
        start=first, end=last, recorded=whole["recorded"], days_recorded=whole["days_recorded"],
        days_sold_on=int(out.loc[sells_on, "days"].sum()),
    )  # fmt: skip


def demand_by_day(data: Data, *, start: str | dt.date, end: str | dt.date) -> ir.Table:
    """Return the units sold each day, product and place on record that did not end out of stock.

    Parameters
    ----------
    data
        What `open_data` returns, with stock by day and the products of order lines.
    start, end
        First day, and the day after the last.

    Returns
    -------
    ibis.expr.types.Table
        Lazily, a row a day, product and place in stock: day, product_id, location_id, is_recorded,
        units, 0 where nothing was sold. A day out of stock at its close does not tell what was
        asked for. Days of which a place has no record are there too, up to `LONGEST_GAP` in a row,
        of the products in stock at the closes before and after. Online sales are those of the place
        they leave from; a place of which no sale is known, or too few to explain what its stock let
        out (`LEAST_EXPLAINED`), is not there (see `lost_sales`).

    Raises
    ------
    MissingDataError
        When the data lack stock by day, or the products, quantities and prices of lines.
    """
    if absent := lacking(data):
        raise MissingDataError(f"demand by day needs {', '.join(absent)}, which these data lack")
    first, last = day(start, name="start"), day(end, name="end")
    stock = data.keep(_stock(data, last))
    sold, places = _sold_by_place(data, _sold(data, stock, last), stock, last)
    part = places.loc[places["explained"] < LEAST_EXPLAINED, "location_id"]
    sold = data.keep(sold.filter(~sold.location_id.isin([*part.unique()])) if len(part) else sold)
    there = stock.filter(~stock.is_out).drop("is_out")
    seen = there.mutate(is_recorded=ibis.literal(True))
    if (gaps := _gaps(data, stock, first)) is not None:
        between = _between(there, gaps).mutate(is_recorded=ibis.literal(False))
        seen = seen.union(between.select(*seen.columns))
    seen = seen.filter(seen.day >= ibis.literal(first, "date")).semi_join(sold, "location_id")
    keys = ["day", "product_id", "location_id"]
    rows = attach(seen, sold, on=keys, columns={"units": "units"})
    return rows.mutate(units=rows.units.fill_null(0))


def lost_by(found: LostSales, *, by: str | Sequence[str]) -> pd.DataFrame:
    """Split lost sales by product, place, category or month, each part with its interval.

    Parameters
    ----------
    found
        What `lost_sales` returns.
    by
        One or several of `LOST_BY`; category and name where the data have them.

    Returns
    -------
    pandas.DataFrame
        A row a cell with stock-out days, the largest loss of revenue first: the dimensions; days
        (of a product in a place, out of stock); lost_units with its 95 % interval (low, high);
        lost_revenue with its own (revenue_low, revenue_high). Null where no comparable day tells.
        Parts add up to the whole; their intervals do not.

    Raises
    ------
    ComputeError
        When a dimension is not one of them, or not in the data.
    """
    keys = [by] if isinstance(by, str) else list(by)
    for name in keys:
        if name not in LOST_BY or name not in found.cells:
            message, hint = unknown("dimension", name, [n for n in LOST_BY if n in found.cells])
            raise ComputeError(message, hint=hint)
    dispersion = found.dispersion or 1.0
    days = found.cells.groupby(keys, dropna=False).agg(days=("days", "sum"))
    units = _totals(found.cells, keys, "lost_units", dispersion, found.replaced)
    revenue = _totals(found.cells, keys, "lost_revenue", dispersion, found.replaced)
    units = units.rename(columns={"total": "lost_units"})
    revenue = revenue.rename(
        columns={"total": "lost_revenue", "low": "revenue_low", "high": "revenue_high"}
    )
    table = days.join(units).join(revenue).reset_index()
    return table.sort_values(
        ["lost_revenue", *keys], ascending=[False, *(True for _ in keys)], ignore_index=True
    )


def _stock(data: Data, end: dt.date) -> ir.Table:
    """Return a row a day, product and place on record: whether it is out of stock."""
    return _recorded(data, end).select("day", "product_id", "location_id", "is_out")


def _later(days: ir.DateValue, by: int) -> ir.DateValue:
    return (days + ibis.interval(days=by)).cast("timestamp").date()


def _gaps(data: Data, stock: ir.Table, start: dt.date) -> ir.Table | None:
    """Return the closes of a place that short gaps follow, and the next; None where there is none.

    A row a place and gap: location_id, day, next_day.
    """
    since = start - dt.timedelta(days=LONGEST_GAP)
    days = stock.filter(stock.day >= ibis.literal(since, "date"))
    days = days.select("location_id", "day").distinct()
    after = days.day.lead().over(group_by="location_id", order_by=days.day)
    days = days.mutate(next_day=after)
    gaps = data.keep(
        days.filter(
            days.next_day > _later(days.day, 1), days.next_day <= _later(days.day, LONGEST_GAP + 1)
        )
    )
    return gaps if gaps.count().execute() else None


def _between(there: ir.Table, gaps: ir.Table) -> ir.Table:
    """Return the days of the gaps, of the products in stock at the closes before and after."""
    before = there.join(gaps, ["location_id", "day"])
    after = there.select("product_id", "location_id", next_day=there.day)
    both = before.join(after, ["product_id", "location_id", "next_day"])
    keys = ("product_id", "location_id")
    parts = []
    for by in range(1, LONGEST_GAP + 1):
        part = both.select(*keys, "next_day", day=_later(both.day, by))
        parts.append(part.filter(part.day < part.next_day).drop("next_day"))
    return ibis.union(*parts)


def _recorded(data: Data, end: dt.date) -> ir.Table:
    """Return the rows of the stock that tell whether a product is out of stock, before a day."""
    rows = data.table("stock")
    rows = rows.mutate(is_out=is_out(rows))
    return rows.filter(
        rows.day < ibis.literal(end, "date"), rows.is_out.notnull(), rows.product_id.notnull()
    )


def _let_out(data: Data, end: dt.date, places: Sequence[str]) -> ir.Table:
    """Return the units that left places: a row a day, product and place of which they are known.

    They are not where the day before is not on record, or no movement is.
    """
    rows = _recorded(data, end)
    rows = rows.filter(rows.location_id.isin([*places]))
    let_out: ir.Value = ibis.null(MONEY)
    if {"on_hand", "received"} <= {*rows.columns}:
        each = {"group_by": ["product_id", "location_id"], "order_by": rows.day}
        rows = rows.mutate(before=rows.on_hand.lag().over(**each), last=rows.day.lag().over(**each))
        moved = (rows.before + rows.received.fill_null(0) - rows.on_hand).cast(MONEY)
        let_out = (_later(rows["last"], 1) == rows.day).ifelse(moved, ibis.null(MONEY))
    rows = rows.select("day", "product_id", "location_id", let_out=let_out)
    return rows.filter(rows.let_out.notnull())


def _sold(data: Data, stock: ir.Table, end: dt.date) -> ir.Table:
    """Return the units sold each day, by place and region, over the days of the stock.

    The place is a store of the stock; null online, and in a store that holds no stock on record.
    """
    fact = FACTS["sales"]
    told = [name for name in ("store_id", "region") if not missing(fact, [name], data)]
    read = {"ordered_at", "product_id", "quantity", "net_sales", "order_id", "bought", *told}
    rows = fact.build(data, read)
    rows = rows.filter(rows.bought, rows.product_id.notnull(), rows.quantity > 0)
    absent = {name: ibis.null("string") for name in ("store_id", "region") if name not in told}
    rows = rows.mutate(day=rows.ordered_at.date(), **absent)
    since = stock.day.min().as_scalar()
    rows = rows.filter(rows.day >= since, rows.day < ibis.literal(end, "date"))
    held = stock.select(place=stock.location_id).distinct()
    rows = rows.left_join(held, rows.store_id == held.place)
    rows = rows.mutate(is_online=rows.store_id.isnull())
    each = rows.group_by("day", "product_id", "place", "is_online", "region").aggregate(
        units=rows.quantity.sum().cast(MONEY),
        squares=(rows.quantity * rows.quantity).sum().cast("float64"),
        net_sales=rows.net_sales.sum().cast(MONEY),
    )
    return data.keep(each)


def _units_elsewhere(rows: ir.Table, start: dt.date) -> float:
    """Return the units sold since a day by stores that hold no stock on record."""
    since = rows.day >= ibis.literal(start, "date")
    away = rows.filter(rows.place.isnull(), ~rows.is_online, since)
    return float(away.units.sum().fill_null(0).execute())


def _sold_by_place(
    data: Data, rows: ir.Table, stock: ir.Table, end: dt.date
) -> tuple[ir.Table, pd.DataFrame]:
    """Return the units sold each day from each place of the stock, and where online orders left."""
    each = rows.filter(rows.place.notnull() | rows.is_online)
    places = _places(data, each, stock, end)
    if len(places):
        known = places[["region", "location_id"]].dropna(subset=["location_id"])
        codes = known.assign(region=known["region"].fillna("")).astype("str")
        leaves = ibis.memtable(codes, schema={"region": "string", "location_id": "string"})
        leaves = leaves.rename(sent_to="region")
        online = [each.is_online, each.region.fill_null("") == leaves.sent_to]
        each = each.left_join(leaves, online)
        each = each.mutate(place=ibis.coalesce(each.place, each.location_id))
    each = each.filter(each.place.notnull())
    return (
        each.group_by("day", "product_id", location_id=each.place).aggregate(
            units=each.units.sum(), squares=each.squares.sum(), net_sales=each.net_sales.sum()
        ),
        places,
    )


def _places(data: Data, each: ir.Table, stock: ir.Table, end: dt.date) -> pd.DataFrame:
    """Say which place sends the online orders of each region; empty where there are none.

    That is the only place that is no store; or, of several, that whose stock lets out each day what
    the region buys.
    """
    online = each.filter(each.is_online)
    sold = online.group_by("region").aggregate(units=online.units.sum().cast("float64"))
    table = sold.to_pandas().sort_values("region", ignore_index=True)
    table["location_id"], table["matched"], table["explained"] = None, np.nan, np.nan
    stores = set(each.select("place").distinct().to_pandas()["place"].dropna())
    everywhere = set(stock.select("location_id").distinct().to_pandas()["location_id"])
    others = sorted(everywhere - stores)
    if len(others) == 1:
        table["location_id"] = others[0]
    elif others and len(table):
        let_out = data.keep(_let_out(data, end, others))
        table = table[["region", "units"]].merge(_matched(online, let_out), how="left")
        is_own = table["matched"] >= LEAST_MATCH
        is_own &= table["compared"] >= LEAST_COMPARED * table["units"]
        table["location_id"] = table["location_id"].where(is_own, None)
        bought = (table["matched"] * table["compared"]).groupby(table["location_id"]).sum()
        table["explained"] = table["location_id"].map(bought / _all_let_out(let_out))
    places: pd.DataFrame = table[["region", "location_id", "units", "matched", "explained"]]
    return places


def _all_let_out(let_out: ir.Table) -> pd.Series[float]:
    """Return the units that left each place, by its id."""
    rows = let_out.filter(let_out.let_out > 0)
    units = rows.group_by("location_id").aggregate(units=rows.let_out.sum().cast("float64"))
    frame: pd.DataFrame = units.to_pandas()
    return frame.set_index("location_id")["units"]


def _matched(online: ir.Table, let_out: ir.Table) -> pd.DataFrame:
    """Return, for each region, the place whose stock let out most of what it bought, and how much.

    Only days of which the place tells what it let out count on either side: `compared` are the
    units that the region bought on them, of any product, `matched` the share of these let out.
    """
    met = online.join(let_out.filter(let_out.let_out > 0), ["day", "product_id"])
    matched = met.group_by("region", "location_id").aggregate(
        matched=ibis.least(met.units, met.let_out).sum().cast("float64")
    )
    on = online.join(let_out.select("day", "location_id").distinct(), ["day"])
    compared = on.group_by("region", "location_id").aggregate(
        compared=on.units.sum().cast("float64")
    )
    frame = matched.to_pandas().merge(compared.to_pandas(), on=["region", "location_id"])
    frame["matched"] /= frame["compared"]
    ranked = frame.sort_values(
        ["matched", "location_id"], ascending=[False, True], ignore_index=True
    )
    best: pd.DataFrame = ranked.drop_duplicates("region")
    return best


def _on_promotion(data: Data, days: ir.Table) -> ir.Table | None:
    """Return the products and days of promotions; None where the data name no promotion.

    A promotion lasts from its first day to its last, or else from its first sale to its last.
    """
    if not data.has("order_lines", "promotion_id"):
        return None
    rows = FACTS["sales"].build(data, {"ordered_at", "product_id", "promotion_id"})
    rows = rows.filter(rows.promotion_id.notnull(), rows.product_id.notnull())
    at = rows.ordered_at.date()
    spans = rows.group_by("product_id", "promotion_id").aggregate(first=at.min(), last=at.max())
    if data.has("promotions", "promotion_id", "starts_on", "ends_on"):
        told = one_a_key(data.promotions, ["promotion_id"], ["starts_on", "ends_on"])
        spans = attach(
            spans, told, on=["promotion_id"], columns={"starts": "starts_on", "ends": "ends_on"}
        )
        spans = spans.mutate(
            first=ibis.coalesce(spans.starts, spans["first"]),
            last=ibis.coalesce(spans.ends, spans["last"]),
        )
    on = days.join(spans, [days.day >= spans["first"], days.day <= spans["last"]])
    return on.select("day", "product_id").distinct().mutate(promoted=ibis.literal(True))


_RATE_OF = ("product_id", "location_id", "month", "promoted")
_OF_A_DAY = ("day", "location_id")


def _lumps(sold: ir.Table) -> pd.Series[float]:
    """Return the variance over the mean of daily demand that orders of several units make.

    Orders that come at random, of q units each, make it E[q²] / E[q]: 1 where all are of one unit.
    """
    told = sold.group_by("product_id").aggregate(
        lumps=sold.squares.sum() / sold.units.sum().cast("float64")
    )
    lumps: pd.Series[float] = told.to_pandas().set_index("product_id")["lumps"]
    return lumps.clip(lower=1)


def _in_place(
    data: Data, stock: ir.Table, sold: ir.Table, start: dt.date, lumps: pd.Series[float]
) -> ir.Table:
    """Return the days on record, with what all products would have sold had none run out.

    Products often run out together, and what the others sell is then short of their own missing
    sales: it is divided by the share of all that those in stock usually have. The days that a
    product ran out on are of its busiest: they are compared too, at the demand that reached what
    was sold, or else those left would tell too little.
    """
    rows = data.keep(_days(data, stock, sold, start))
    judged = _judged(_cells(rows))
    odds = judged.group_by(_RATE_OF).aggregate(rate=judged.rate.max())  # to those of all others
    shares = data.keep(odds.mutate(share=odds.rate / (1 + odds.rate)))
    rows = attach(rows, shares, on=[*_RATE_OF], columns={"share": "share"})
    out = rows.filter(rows.is_out)
    out = out.group_by(_OF_A_DAY).aggregate(missing=out.share.fill_null(0).sum())
    rows = attach(rows, out, on=_OF_A_DAY, columns={"missing": "missing"})
    share = rows.share.fill_null(0)
    there = 1 - rows.missing.fill_null(0) - rows.is_out.ifelse(0.0, share)  # of the others
    whole = rows.others.cast("float64") / ibis.greatest(there, LEAST_THERE)
    rows = rows.mutate(others=whole, usual=whole * rows.share / (1 - rows.share))
    reached = _reached(rows, lumps)
    rows = attach(rows, reached, on=[*_OF_A_DAY, "product_id"], columns={"reached": "reached"})
    rows = rows.mutate(
        demand=rows.reached.fill_null(rows.units.cast("float64")),
        tells=~rows.is_out | rows.reached.notnull(),
    )
    return rows.drop("share", "missing", "usual", "reached")


def _reached(rows: ir.Table, lumps: pd.Series[float]) -> ir.Table:
    """Return the days that a product ran out on, with the demand that reached what was sold."""
    days = rows.filter(rows.ran_out, rows.usual.notnull())
    keys = [*_OF_A_DAY, "product_id"]
    days = days.select(*keys, "usual", units=days.units.cast("float64"))
    frame = days.to_pandas()
    frame["reached"] = _at_least(frame["units"], frame["usual"], frame["product_id"].map(lumps))
    schema = {**days.select(*keys).schema(), "reached": "float64"}
    return ibis.memtable(frame[[*schema]], schema=schema)


def _at_least(sold: pd.Series[float], usual: pd.Series[float], lumps: pd.Series[float]) -> Floats:
    r"""Return the mean demand of days, given that it was no less than what was sold.

    .. math:: E[D \mid D \ge s] = m \, P(D^{+} \ge s - 1) / P(D \ge s)

    D is Poisson of the usual mean m, and so is :math:`D^{+}`. Where orders of several units make
    the variance of D :math:`\phi > 1` times its mean, D is negative binomial of size
    :math:`m / (\phi - 1)`, and :math:`D^{+}` of a size larger by 1.
    """
    from scipy.special import betainc, gammainc

    least: Floats = np.asarray(sold, dtype="float64")
    mean: Floats = np.asarray(usual, dtype="float64")
    spread: Floats = np.asarray(lumps, dtype="float64")
    lumpy = spread > 1
    spread = np.where(lumpy, spread, 2)  # of those that are not, nothing is read

    def reaches(units: Floats, larger: int) -> Floats:
        chance: Floats = np.where(
            lumpy,
            betainc(units, mean / (spread - 1) + larger, 1 - 1 / spread),
            gammainc(units, mean),
        )
        chance[units <= 0] = 1
        chance[mean == 0] = 0
        return chance

    chance = reaches(least, 0)
    too_rare = chance == 0  # less than a float holds: the demand was hardly more than what was sold
    chance[too_rare] = 1
    demand: Floats = mean * reaches(least - 1, 1) / chance
    demand[too_rare] = 0
    np.maximum(demand, least, out=demand)
    return demand


def _days(data: Data, stock: ir.Table, sold: ir.Table, start: dt.date) -> ir.Table:
    """Return the days on record, with what was sold of the product and of others in stock.

    A stock-out day on which something was sold stands alone: its loss is never below 0.
    """
    keys = ["day", "product_id", "location_id"]
    columns = {name: name for name in ("units", "squares", "net_sales")}
    rows = attach(stock, sold, on=keys, columns=columns)
    out = sold.semi_join(stock.filter(stock.is_out), keys)
    for name, units in {"total": sold, "sold_out": out}.items():
        by_day = units.group_by(_OF_A_DAY).aggregate(units.units.sum().name(name))
        rows = attach(rows, by_day, on=_OF_A_DAY, columns={name: name})
    promotions = _on_promotion(data, stock.select("day").distinct())
    if promotions is None:
        rows = rows.mutate(promoted=ibis.literal(False))
    else:
        rows = attach(rows, promotions, on=["day", "product_id"], columns={"promoted": "promoted"})
    still = _still_out(data, stock)
    rows = attach(rows, still, on=keys, columns={"still": "still"})
    units = rows.units.fill_null(0)
    alone = rows.is_out & (units > 0)
    still = rows.still.fill_null(False)
    rest = rows.total.fill_null(0) - rows.sold_out.fill_null(0)  # of those still there at the close
    return rows.mutate(
        month=rows.day.truncate("M"),
        promoted=rows.promoted.fill_null(False),
        asked=rows.day >= ibis.literal(start, "date"),
        sold_on=alone.ifelse(rows.day, ibis.null("date")),
        still=still,
        ran_out=alone & ~still,
        tells=~rows.is_out,
        units=units,
        demand=units.cast("float64"),
        others=rest - rows.is_out.ifelse(0, units),
    )


def _still_out(data: Data, stock: ir.Table) -> ir.Table:
    """Return the days of which the close before was out too, and on which nothing is known to come.

    What was sold on them did not come from the stock on record.
    """
    keys = ["day", "product_id", "location_id"]
    out = stock.filter(stock.is_out)
    days = out.mutate(day=_later(out.day, 1)).select(*keys)
    if data.has("stock", "received"):
        rows = data.table("stock")
        days = days.anti_join(rows.filter(rows.received > 0).select(*keys), keys)
    return days.distinct().mutate(still=ibis.literal(True))


def _cells(rows: ir.Table) -> ir.Table:
    """Add days up by product, place, month and promotion."""
    keys = [*_RATE_OF, "is_out", "still", "ran_out", "tells", "asked", "sold_on"]
    return rows.group_by(keys).aggregate(
        days=rows.count(),
        units=rows.units.sum().cast("float64"),
        demand=rows.demand.sum(),
        others=rows.others.sum().cast("float64"),
        squares=rows.squares.sum().fill_null(0),
        net_sales=rows.net_sales.sum().cast("float64").fill_null(0),
    )


def _judged(cells: ir.Table) -> ir.Table:
    """Add the units expected of each cell, and the demand told that each factor rests on."""

    def told(rows: ir.Table, column: str, *keys: str) -> ir.Value:
        seen = rows.tells.ifelse(rows[column], 0.0)
        return seen.sum().over(group_by=list(keys))

    rows, place, month = cells, ("product_id", "location_id"), ("product_id", "month", "promoted")
    seen = told(rows, "demand", "product_id")
    share = ratio(seen, told(rows, "others", "product_id"))
    # where no sale is known, nothing tells whether others were asked for: not the same as none
    known = (rows.units + rows.others).sum().over(group_by="location_id") > 0
    others = known.ifelse(rows.others, ibis.null("float64"))
    rows = rows.mutate(seen=seen, rate=share, usual=others * share)
    here = told(rows, "demand", *place) + WEIGHT
    liked = ratio(here, told(rows, "usual", *place) + WEIGHT)
    rows = rows.mutate(seen_here=here, rate=rows.rate * liked, usual=rows.usual * liked)
    then = told(rows, "demand", *month) + WEIGHT
    moved = ratio(then, told(rows, "usual", *month) + WEIGHT)
    rows = rows.mutate(seen_then=then, rate=rows.rate * moved, expected_units=rows.usual * moved)
    price = ratio(
        told(rows, "net_sales", "product_id", "promoted", "asked"),
        told(rows, "units", "product_id", "promoted", "asked"),
    )
    ever = ratio(told(rows, "net_sales", "product_id"), told(rows, "units", "product_id"))
    return rows.mutate(average_selling_price=ibis.coalesce(price, ever)).drop("usual")


def _sells_on(out: pd.DataFrame) -> pd.Series[bool]:
    """Say which stock-out cells are of a product in a place, or a place, that sells without stock.

    Parameters
    ----------
    out
        Cells of days out of stock, with their units and what was expected of them.
    """
    still = out[out["still"]]
    sells = pd.Series(False, index=out.index)
    for keys in (["location_id"], ["product_id", "location_id"]):
        sums = still.groupby(keys)[["units", "expected_units"]].sum()
        sold = sums["units"] >= LEAST_SOLD * sums["expected_units"]
        on = sums.index[sold & (sums["units"] >= FEWEST_SOLD)]
        sells |= out.set_index(keys).index.isin(on)
    return sells


def _lost(out: pd.DataFrame, lumps: pd.Series[float]) -> pd.DataFrame:
    """Return the stock-out cells with what each lost, and the demand expected of each.

    The demand expected of a day that ran out is known to have reached what was sold.
    """
    lumps = out["product_id"].map(lumps)
    reached = _at_least(out["units"], out["expected_units"], lumps)
    out = out.assign(expected_units=out["expected_units"].mask(out["ran_out"], reached))
    lost = (out["expected_units"] - out["units"]).clip(lower=0)
    price = out["average_selling_price"].fillna(0)  # nothing sold, and so nothing expected
    table = out.assign(lost_units=lost, lost_revenue=lost * price).rename(
        columns={"units": "units_sold"}
    )
    kept = [
        "product_id", "location_id", "month", "promoted", "days", "expected_units", "units_sold",
        "lost_units", "average_selling_price", "lost_revenue", "seen", "seen_here", "seen_then",
    ]  # fmt: skip
    keys = ["product_id", "location_id", "month", "promoted", "sold_on"]
    return table.sort_values(keys, ignore_index=True)[kept]


def _named(cells: pd.DataFrame, data: Data) -> pd.DataFrame:
    """Add the names and categories of the products, where the data have them."""
    known = [n for n in ("name", "category") if data.has("products", "product_id", n)]
    if not known:
        return cells
    names = one_a_key(data.products, ["product_id"], known)
    frame = names.filter(names.product_id.notnull()).to_pandas()
    return cells.merge(frame, on="product_id", how="left")


def _totals(
    cells: pd.DataFrame, by: Sequence[str], measure: str, dispersion: float, replaced: float
) -> pd.DataFrame:
    """Return the loss of the cells of each group with its 95 % interval, a row a group.

    The error of a factor is shared by the cells that it stands in, and their losses add up in it;
    the chance of demand is each day's own. The interval is symmetric around the root, so that it
    never passes below 0; its low end then supposes that all that was missed was replaced.
    """
    known = cells.dropna(subset=[measure])
    price = (known[measure] / known["lost_units"].where(known["lost_units"] > 0)).fillna(0)
    known = known.assign(_own=known[measure] * price)
    totals = known.groupby(list(by), dropna=False).agg(
        total=(measure, "sum"), variance=("_own", "sum")
    )
    told = known[known["seen"] > 0]
    for seen, keys in _FACTORS.items():
        parts = told.groupby(list(dict.fromkeys([*by, *keys])), dropna=False).agg(
            lost=(measure, "sum"), seen=(seen, "first")
        )
        shared = parts["lost"] ** 2 / parts["seen"]
        shared = shared.groupby(level=list(range(len(by))), dropna=False).sum()
        totals["variance"] += shared.reindex(totals.index).fillna(0)
    middle = np.sqrt(totals["total"].where(totals["total"] > 0))
    spread = Z95 * np.sqrt(dispersion * totals["variance"]) / (2 * middle)
    return totals[["total"]].assign(
        low=(middle - spread).clip(lower=0) ** 2 * (1 - replaced), high=(middle + spread) ** 2
    )


class _Total(NamedTuple):
    """A loss with its interval."""

    total: float | None
    low: float | None
    high: float | None


def _total(cells: pd.DataFrame, measure: str, dispersion: float, replaced: float) -> _Total:
    """Return the loss of all cells with its interval: 0 without a stock-out, null if not known."""
    if cells.empty:
        return _Total(0.0, None, None)
    totals = _totals(cells.assign(_all=0), ["_all"], measure, dispersion, replaced)
    if totals.empty:
        return _Total(None, None, None)
    return _Total(*(None if pd.isna(value) else float(value) for value in totals.iloc[0]))


_FACTORS = {
    "seen": ("product_id",),
    "seen_here": ("product_id", "location_id"),
    "seen_then": ("product_id", "month", "promoted"),
}


def _told(stock: ir.Table, judged: ir.Table, start: dt.date) -> dict[str, Any]:
    """Return the days on record in the period, those on record at all, and the dispersion."""
    asked = stock.day >= ibis.literal(start, "date")
    days = stock.aggregate(
        first=stock.day.min(),
        last=stock.day.max(),
        days=asked.sum(),
        days_recorded=asked.ifelse(stock.day, ibis.null("date")).nunique(),
    )
    (told,) = days.to_pyarrow().to_pylist()
    sold = judged.filter(judged.asked).units.sum().execute()
    return {
        "units": 0.0 if pd.isna(sold) else float(sold),
        "days": int(told["days"] or 0),
        "days_recorded": int(told["days_recorded"] or 0),
        "recorded": (told["first"], told["last"]) if told["first"] else None,
        "dispersion": _dispersion(judged),
    }


def _dispersion(judged: ir.Table) -> float | None:
    """Return the variance of daily units over their mean, on days that tell; None without any."""
    told = judged.filter(judged.tells)
    months = told.group_by(_RATE_OF).aggregate(
        away=(told.demand - told.expected_units).sum(),
        expected=told.expected_units.sum(),
        squares=told.squares.sum(),
        units=told.units.sum(),
    )
    (spread,) = months.aggregate(
        away=(months.away * months.away).sum(),
        expected=months.expected.sum(),
        squares=months.squares.sum(),
        units=months.units.sum(),
    ).to_pyarrow().to_pylist()  # fmt: skip
    pairs = ((spread["away"], spread["expected"]), (spread["squares"], spread["units"]))
    found = [above / below for above, below in pairs if above is not None and below]
    # that of the fit, which follows the data a little, and that of units a line
    return max([*found, 1.0]) if found else None
