"""ABC–XYZ: which products bring the sales, and how evenly they are asked for."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from marketing_kpi.errors import ComputeError, MissingDataError
from marketing_kpi.kpis.facts import FACTS, missing
from marketing_kpi.kpis.facts.base import attach
from marketing_kpi.kpis.periods import day
from marketing_kpi.stock.products import with_names

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data

CLASSES = ("A", "B", "C", "X", "Y", "Z")
"""A to C by sales, X to Z by how uneven the weeks are."""

SHARES = (0.80, 0.95)
"""Shares of net sales at which A ends and B ends."""

VARIATIONS = (0.5, 1.0)
"""Coefficients of variation of weekly units at which X ends and Y ends."""

FEWEST_WEEKS = 8
"""Weeks below which nothing is said of how even they are."""

_READ = ("ordered_at", "product_id", "quantity", "net_sales", "bought")


def lacking(data: Data) -> list[str]:
    """Return what the data lack for the classes, as ``table.column``; empty where nothing."""
    return missing(FACTS["sales"], _READ, data)


def classify(
    data: Data,
    *,
    start: str | dt.date,
    end: str | dt.date,
    shares: tuple[float, float] = SHARES,
    variations: tuple[float, float] = VARIATIONS,
) -> pd.DataFrame:
    """Class the products sold in a period by their sales (ABC) and their weeks (XYZ).

    Parameters
    ----------
    data
        What `open_data` returns, with the products of order lines.
    start, end
        First day, and the day after the last. Weeks are of seven days from the first; the days
        over at the end count for sales, not for weeks.
    shares
        Of the net sales of all products, where A and B end: A is the fewest products that bring
        the first.
    variations
        Coefficients of variation of weekly units where X and Y end (included).

    Returns
    -------
    pandas.DataFrame
        A row a product sold, the largest sales first: product_id (name, category), net_sales,
        share, cumulative, abc; weeks (from its first sale on record, and until its last sale or
        day of stock where stock is recorded on later days, of others), weekly_units, variation,
        chance (the variation that chance alone gives to so few units, 1 over the root of the
        weekly units), xyz. Null with less than 8 weeks, or without a unit in whole weeks.

    Raises
    ------
    MissingDataError
        When the data lack the products or quantities of order lines.
    ComputeError
        When limits do not rise, or the start is not before the end.

    Notes
    -----
    Products that tie at a limit share the class of the first. The class of a product that sells
    one unit a week is Z whatever its customers do: chance alone gives a variation of 1.
    """
    if absent := lacking(data):
        raise MissingDataError(f"ABC-XYZ needs {', '.join(absent)}, which these data lack")
    for name, (low, high) in (("shares", shares), ("variations", variations)):
        if not 0 < low < high:
            raise ComputeError(f"{name} == {(low, high)}, must rise from above 0")
    first, last = day(start, name="start"), day(end, name="end")
    if first >= last:
        raise ComputeError(f"start == {first}, must be before end == {last}")
    table = _sums(data, first, last)
    table = table[table["net_sales"].fillna(0) > 0].sort_values(
        ["net_sales", "product_id"], ascending=[False, True], ignore_index=True
    )
    table["share"] = table["net_sales"] / table["net_sales"].sum()
    before = table["share"].cumsum() - table["share"]
    table["cumulative"] = table["share"].cumsum()
    # rounded, so that the order of a sum does not move a product over a limit
    reached = before.groupby(table["net_sales"]).transform("min").round(9)
    table["abc"] = np.select([reached < shares[0], reached < shares[1]], ["A", "B"], "C")
    table["xyz"] = _evenness(table, variations)
    columns = ["product_id", "net_sales", "share", "cumulative", "abc", "weeks", "weekly_units"]
    return with_names(table[[*columns, "variation", "chance", "xyz"]], data)


def _evenness(table: pd.DataFrame, variations: tuple[float, float]) -> pd.Series[Any]:
    """Add weekly units, variation and what chance gives of it; return the class."""
    weeks = table["weeks"].where(table["weeks"] >= FEWEST_WEEKS)
    mean = table["units"] / weeks
    spread = (table["squares"] - weeks * mean**2).clip(lower=0) / (weeks - 1)
    mean = mean.where(mean > 0)
    table["weekly_units"] = mean
    table["variation"] = np.sqrt(spread) / mean
    table["chance"] = 1 / np.sqrt(mean)
    steady = table["variation"].round(9)
    named = np.select([steady <= variations[0], steady <= variations[1]], ["X", "Y"], "Z")
    return pd.Series(named, index=table.index, dtype=object).where(steady.notna(), None)


def _sums(data: Data, first: dt.date, last: dt.date) -> pd.DataFrame:
    """Return net sales, and the units of whole weeks and their squares, of each product."""
    import ibis

    rows = FACTS["sales"].build(data, {*_READ, "order_id"})
    rows = rows.filter(rows.product_id.notnull(), rows.bought)
    rows = rows.mutate(on=rows.ordered_at.date())
    rows = rows.filter(rows.on < ibis.literal(last, "date"))
    spans = _spans(rows, data, last)
    inside = rows.filter(rows.on >= ibis.literal(first, "date"))
    passed = inside.on.delta(ibis.literal(first, "date"), unit="day")
    inside = inside.mutate(week=(passed / 7).floor().cast("int64"))
    weeks = inside.group_by("product_id", "week").aggregate(
        units=inside.quantity.sum().cast("float64"),
        net_sales=inside.net_sales.sum(),
    )
    whole = (spans.ended.delta(ibis.literal(first, "date"), unit="day") / 7).floor().cast("int64")
    weeks = weeks.join(spans.mutate(whole=whole), "product_id")
    counts = weeks.week < weeks.whole
    sums = weeks.group_by("product_id", "begun", "whole").aggregate(
        net_sales=weeks.net_sales.sum().cast("float64"),
        units=weeks.units.sum(where=counts).fill_null(0),
        squares=(weeks.units * weeks.units).sum(where=counts).fill_null(0),
    )
    table: pd.DataFrame = sums.to_pandas()
    late = (pd.to_datetime(table.pop("begun")) - pd.Timestamp(first)).dt.days.clip(lower=0)
    table["weeks"] = (table.pop("whole") - late // 7).clip(lower=0)
    return table


def _spans(rows: ir.Table, data: Data, last: dt.date) -> ir.Table:
    """Return the day of each product's first sale, and the day after it was last on offer.

    That is `last`, unless its stock stops being recorded before that of others.
    """
    import ibis

    end = ibis.literal(last, "date")
    sold = rows.group_by("product_id").aggregate(begun=rows.on.min(), sold=rows.on.max())
    if not data.has("stock", "day", "product_id"):
        return sold.select("product_id", "begun", ended=end)
    stock = data.table("stock")
    stock = stock.select("product_id", day=stock.day.cast("timestamp").date())
    stock = stock.filter(stock.day < end)
    gone = stock.group_by("product_id").aggregate(left=stock.day.max())
    gone = gone.filter(gone.left < stock.day.max().as_scalar())
    spans = attach(sold, gone, on=["product_id"], columns={"left": "left"})
    ended = ibis.greatest(spans.left, spans.sold) + ibis.interval(days=1)
    ended = spans.left.isnull().ifelse(end, ended.cast("date"))
    return spans.select("product_id", "begun", ended=ended)


def class_grid(classes: pd.DataFrame) -> pd.DataFrame:
    """Count the products of each pair of classes, and the share of net sales that they bring.

    Returns
    -------
    pandas.DataFrame
        A row a pair, also of those without a product: abc, xyz, products, share.
    """
    pairs = pd.MultiIndex.from_product([CLASSES[:3], CLASSES[3:]], names=["abc", "xyz"])
    found = classes.groupby(["abc", "xyz"]).agg(
        products=("product_id", "size"), share=("share", "sum")
    )
    return found.reindex(pairs, fill_value=0).reset_index()
