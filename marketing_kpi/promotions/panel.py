"""What a study of promotions reads: units by day, of promoted products, categories and the shop."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from marketing_kpi.errors import MissingDataError
from marketing_kpi.kpis.facts import FACTS, MONEY, missing
from marketing_kpi.kpis.facts.margins import both_known
from marketing_kpi.kpis.periods import midnight

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data

NO_CATEGORY = ""
"""Stands for the category of products whose category is not known."""

AMOUNTS = ("units", "costed_units", "sales", "cost")
_OF_PROMOTION = ["promotion_id", "name", "starts_on", "ends_on", "cost", "supplier_funding"]


class Panel(NamedTuple):
    """Units by day.

    Attributes
    ----------
    days
        Every day from the first to the last, as a DatetimeIndex.
    promotions
        A row a promotion: promotion_id, name, starts_on, ends_on, cost, supplier_funding,
        categories (a frozenset), products (their ids, a frozenset), share (of all units, those of
        its products).
    promoted, categories
        Amounts of each promotion's products, and of each category, a row a day: a mapping from
        its id to a frame of `units`, `costed_units` (those whose price and cost are known),
        their `sales` and their `cost`.
    orders
        Orders of each day, credits not counted.
    on_shelf
        Share of what is usually sold that was in stock, a row a day: of the promotions' products
        and of the categories, under their ids; 1 where stock is not recorded.
    squared
        Sum of the squares of the lines' quantities over that of the quantities: how much more
        than a count the units vary.
    uncounted, lines
        Lines sold whose quantity is not known, which count as no unit, and all lines.
    """

    days: pd.DatetimeIndex
    promotions: pd.DataFrame
    promoted: dict[str, pd.DataFrame]
    categories: dict[str, pd.DataFrame]
    orders: pd.Series[float]
    on_shelf: dict[str, pd.Series[float]]
    squared: float
    uncounted: int = 0
    lines: int = 0


def lacking(data: Data) -> list[str]:
    """Return what the data lack to study promotions, as ``table.column``; nothing when they can."""
    wanted = ("order_lines.product_id", "order_lines.quantity", "order_lines.promotion_id",
              "promotions.starts_on", "promotions.ends_on")  # fmt: skip
    return [place for place in wanted if not data.has(*place.split("."))]


def panel(data: Data, *, end: dt.date) -> Panel:
    """Read units by day, from the first order to the day before `end`, in a few passes."""
    if lacks := lacking(data):
        raise MissingDataError(
            f"not in these data: {', '.join(lacks)}",
            hint="a study of promotions needs lines that name their product and promotion",
        )
    lines = _lines(data, end)
    sold = _sold_on(lines, data)
    pairs = sold.select("promotion_id", "product_id").distinct()
    by_category = _by_day(lines, "category").to_pandas()
    days = _days(by_category, end)
    promoted = _by_id(_by_day(_of(lines, pairs), "promotion_id").to_pandas(), "promotion_id", days)
    counted = lines.group_by("day").aggregate(
        orders=lines.order_id.nunique(),
        units=lines.quantity.sum().cast("float64"),
        squares=(lines.quantity.cast("float64") ** 2).sum(),
        uncounted=lines.quantity.isnull().cast("int32").sum(),
        lines=lines.count(),
    )
    whole = counted.to_pandas()
    stock = _on_shelf(data, lines, pairs, end)
    return Panel(
        days=days,
        promotions=_promotions(data, sold, promoted, whole.units.sum(), end),
        promoted=promoted,
        categories=_by_id(by_category, "category", days),
        orders=_over(whole, "orders", days, 0.0),
        on_shelf={str(id): _over(rows, "share", days, 1.0) for id, rows in stock.groupby("id")},
        squared=float(whole.squares.sum() / whole.units.sum()) if len(whole) else 1.0,
        uncounted=int(whole.uncounted.sum()),
        lines=int(whole.lines.sum()),
    )


def _lines(data: Data, end: dt.date) -> ir.Table:
    """Return the lines sold before `end`, with their day and a category that is never null."""
    import ibis

    sales = FACTS["sales"]
    told = [name for name in ("cost", "category") if not missing(sales, [name], data)]
    read = {"order_id", "ordered_at", "product_id", "promotion_id", "quantity", "net_sales"}
    rows = sales.build(data, {*read, *told})
    nothing = {"cost": ibis.null(MONEY), "category": ibis.null("string")}
    rows = rows.mutate(**{name: null for name, null in nothing.items() if name not in told})
    rows = rows.filter(rows.ordered_at < midnight(end), rows.product_id.notnull())
    return rows.mutate(day=rows.ordered_at.date(), category=rows.category.fill_null(NO_CATEGORY))


def _sold_on(lines: ir.Table, data: Data) -> ir.Table:
    """Return the lines sold on a promotion of the table, while it ran."""
    dates = data.table("promotions")
    dates = dates.filter(dates.starts_on.notnull(), dates.ends_on.notnull())
    dates = dates.select(known="promotion_id", starts_on="starts_on", ends_on="ends_on")
    rows = lines.inner_join(dates, [lines.promotion_id == dates.known])
    return rows.filter(rows.day >= rows.starts_on, rows.day <= rows.ends_on)


def _of(lines: ir.Table, pairs: ir.Table) -> ir.Table:
    """Return the lines of each promotion's products, on any day: a row a line and promotion."""
    there = pairs.rename(there="product_id")
    return lines.drop("promotion_id").inner_join(there, [lines.product_id == there.there])


def _by_day(lines: ir.Table, key: str) -> ir.Table:
    """Return the amounts of a day; a line of unknown quantity adds nothing."""
    is_costed = both_known(lines)
    return lines.group_by([key, "day"]).aggregate(
        units=lines.quantity.sum().fill_null(0).cast("float64"),
        costed_units=lines.quantity.sum(where=is_costed).fill_null(0).cast("float64"),
        sales=lines.net_sales.sum(where=is_costed).fill_null(0).cast("float64"),
        cost=lines.cost.sum(where=is_costed).fill_null(0).cast("float64"),
    )


def _days(rows: pd.DataFrame, end: dt.date) -> pd.DatetimeIndex:
    last = pd.Timestamp(end) - pd.Timedelta(days=1)
    first = pd.to_datetime(rows.day).min() if len(rows) else pd.Timestamp(end)
    return pd.date_range(first, last, name="day")


def _by_id(rows: pd.DataFrame, key: str, days: pd.DatetimeIndex) -> dict[str, pd.DataFrame]:
    rows = rows.assign(day=pd.to_datetime(rows.day).astype(days.dtype))
    each = rows.groupby(key, sort=True)
    return {
        str(id): one.set_index("day")[list(AMOUNTS)].reindex(days, fill_value=0.0)
        for id, one in each
    }


def _over(
    rows: pd.DataFrame, column: str, days: pd.DatetimeIndex, nothing: float
) -> pd.Series[float]:
    """Return a column by day; `nothing` on days without a row."""
    index = pd.DatetimeIndex(pd.to_datetime(rows.day)).astype(days.dtype)
    values = pd.Series(rows[column].to_numpy("float64"), index=index)
    return values.reindex(days).fillna(nothing)


def _promotions(
    data: Data, sold: ir.Table, promoted: dict[str, pd.DataFrame], units: float, end: dt.date
) -> pd.DataFrame:
    """Return the promotions begun before `end`, with what they sold."""
    rows = data.table("promotions")
    rows = rows.filter(rows.starts_on.notnull(), rows.ends_on.notnull())
    known = [name for name in _OF_PROMOTION if name in rows.columns]
    table = rows.select(*known).to_pandas().reindex(columns=_OF_PROMOTION)
    for name in ("starts_on", "ends_on"):
        table[name] = pd.to_datetime(table[name])
    table = table[table.starts_on < pd.Timestamp(end)].sort_values(["starts_on", "promotion_id"])
    pairs = sold.select("promotion_id", "product_id", "category").distinct().to_pandas()
    for column, name in (("products", "product_id"), ("categories", "category")):
        each = pairs.groupby("promotion_id")[name].agg(frozenset)
        table[column] = [each.get(id, frozenset()) for id in table.promotion_id]
    totals = {id: frame.units.sum() for id, frame in promoted.items()}
    table["share"] = [totals.get(id, 0.0) / (units or np.nan) for id in table.promotion_id]
    found: pd.DataFrame = table.reset_index(drop=True)
    return found


def _on_shelf(data: Data, lines: ir.Table, pairs: ir.Table, end: dt.date) -> pd.DataFrame:
    """Return the share of the usual stock that could be sold: id, day, share.

    A product and location weighs what it usually has in stock, as stock is held where it sells.
    """
    nothing = pd.DataFrame({"id": [], "day": [], "share": []})
    if not data.has("stock", "day", "product_id", "location_id", "sellable"):
        return nothing
    stock = data.table("stock")
    stock = stock.filter(stock.day < midnight(end).date())
    place = ["product_id", "location_id"]
    usual = stock.group_by(place).aggregate(
        weight=stock.sellable.cast("float64").mean(where=stock.sellable > 0)
    )
    rows = stock.select("day", *place, "sellable").inner_join(usual, place)
    rows = rows.group_by(["product_id", "day"]).aggregate(
        usual=rows.weight.sum(), there=rows.weight.sum(where=rows.sellable > 0).fill_null(0)
    )
    of_category = lines.select("product_id", id="category").distinct()
    sets = pairs.select("product_id", id="promotion_id").union(of_category)
    rows = rows.inner_join(sets, "product_id")
    found = rows.group_by(["id", "day"]).aggregate(usual=rows.usual.sum(), there=rows.there.sum())
    found = found.to_pandas()
    return found.assign(share=found.there / found.usual)[list(nothing)] if len(found) else nothing
