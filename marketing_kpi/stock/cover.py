"""Stock by place, product and month, the money it ties up, and the target it is held against."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from marketing_kpi.kpis.compute import compute, missing_columns, ratio_terms
from marketing_kpi.kpis.extent import is_recorded
from marketing_kpi.kpis.facts import FACTS, Fact, missing
from marketing_kpi.kpis.frames import Frame, executed, records
from marketing_kpi.kpis.periods import day, midnight
from marketing_kpi.stock.products import with_names

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data

STOCK_KPIS = ("stock_on_hand", "stock_sellable", "stockout_rate")
"""KPIs of the stock alone."""

COVER_KPIS = (
    "days_of_inventory", "coverage_gap_days", "inventory_turnover", "sell_through_rate", "gmroi",
)  # fmt: skip
"""KPIs of the stock held against sales."""


class Uncosted(NamedTuple):
    """What lies in stock without a known cost, and so is in no figure at cost.

    Attributes
    ----------
    products
        Products of which units lay in stock in the period, on one day at least, without a cost.
    of
        Products of which units lay in stock.
    share
        Of their units, added up over the days on record, those without a cost; null without any.
    """

    products: int
    of: int
    share: float


def lacking(data: Data) -> list[str]:
    """Return what the data lack for the days of inventory, as ``table.column``."""
    return list(missing_columns("days_of_inventory", data))


def known_kpis(data: Data, kpis: Sequence[str] = (*STOCK_KPIS, *COVER_KPIS)) -> list[str]:
    """Return which of these KPIs the data can tell."""
    return [kpi for kpi in kpis if not missing_columns(kpi, data)]


def levels(
    data: Data,
    *,
    start: str | dt.date,
    end: str | dt.date,
    by: str | None = None,
    grain: str | None = None,
) -> pd.DataFrame | None:
    """Return the KPIs of stock that the data can tell, by a dimension or by period.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end
        First day, and the day after the last.
    by
        product_id, category, brand, location_id or location_type; None for the whole. By place,
        sales cannot be split, and only KPIs of the stock alone are given.
    grain
        As in `compute`.

    Returns
    -------
    pandas.DataFrame or None
        A row a cell: the period, the dimension, a column a KPI. None where the data tell none of
        them, or not the dimension.
    """
    kpis = known_kpis(data, STOCK_KPIS if by == "location_id" else (*STOCK_KPIS, *COVER_KPIS))
    if by is not None:
        kpis = [kpi for kpi in kpis if not missing(_fact_of(kpi), [by], data)]
    if not kpis:
        return None
    table = _told(compute(kpis, data, by=[by] if by else [], grain=grain, start=start, end=end))
    return table if by else table.dropna(subset=kpis, how="all").reset_index(drop=True)


def _told(frame: Frame) -> pd.DataFrame:
    """Run a query; units and money become floats."""
    table = executed(frame)
    exact = [n for n in table if table[n].map(lambda value: isinstance(value, Decimal)).any()]
    return table.astype(dict.fromkeys(exact, "float64"))


def _fact_of(kpi: str) -> Fact:
    return FACTS["stock" if kpi in STOCK_KPIS else "stock_and_sales"]


def is_on_record(data: Data, *, start: str | dt.date, end: str | dt.date) -> bool:
    """Say whether the stock is on record from end to end of a period.

    What is counted each week or month may begin or end that much later or earlier. The levels of
    some weeks are none of the year that they are part of.
    """
    return is_recorded(data, ("stock", "day"), day(start, name="start"), day(end, name="end"))


def closing_parts(data: Data, *, start: str | dt.date, end: str | dt.date) -> pd.DataFrame | None:
    """Split the stock of the last day on record into what can be sold and what keeps the rest.

    Returns
    -------
    pandas.DataFrame or None
        A row a part, sellable, reserved, damaged and other (what none of them tells): part, units,
        share (of the units on hand); `attrs` has the ``day``. None where the data do not tell the
        units on hand and those that can be sold, or no day of the period is on record.
    """
    kpis = ["stock_on_hand", "stock_sellable"]
    if len(known_kpis(data, kpis)) < len(kpis):
        return None
    stock = data.table("stock")
    first, last = day(start, name="start"), day(end, name="end")
    inside = stock.filter(stock.day >= first, stock.day < last)
    closes = inside.day.max().execute()
    if pd.isna(closes):
        return None
    on_last = stock.filter(stock.day == pd.Timestamp(closes).date())
    named = [name for name in ("reserved", "damaged") if name in stock.columns]
    sums = on_last.aggregate(**{name: on_last[name].sum().cast("float64") for name in named})
    (kept,) = sums.to_pyarrow().to_pylist() if named else ({},)
    total = _told(compute(kpis, data, start=first, end=last)).iloc[0]
    parts = {"sellable": total["stock_sellable"]}
    parts |= {name: kept[name] for name in named if kept[name]}
    rest = total["stock_on_hand"] - sum(parts.values())
    table = pd.DataFrame({"part": [*parts, "other"], "units": [*parts.values(), rest]})
    table = table.astype({"units": "float64"})
    table = table[(table["part"] == "sellable") | (table["units"] != 0)].reset_index(drop=True)
    whole = total["stock_on_hand"]
    table["share"] = table["units"] / (whole if whole > 0 else np.nan)
    table.attrs["day"] = pd.Timestamp(closes).date()
    return table


def cover(
    data: Data, *, start: str | dt.date, end: str | dt.date, by: str = "product_id"
) -> pd.DataFrame | None:
    """Hold the days of inventory of each product, or group of them, against its target.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end
        First day, and the day after the last.
    by
        product_id, category, brand or location_type.

    Returns
    -------
    pandas.DataFrame or None
        A row a cell, the most money above the target first: the dimension, average_stock (at
        cost), daily_cost (cost of goods sold a day), days_of_inventory, target_days,
        coverage_gap_days, gap_value (stock above the target at cost, below 0 where under it; what
        did not sell at all is above by its whole stock), and inventory_turnover and gmroi where
        known; of products, name and category. What has no known cost is not in it: `attrs` has it
        as ``uncosted``, an `Uncosted`. None where the data lack what is needed.

    Notes
    -----
    ``gap_value = coverage_gap_days * daily_cost``. Gaps of products add up to more than the gap of
    their group: in a group, too much of one hides too little of another.
    """
    kpis = known_kpis(data, COVER_KPIS)
    fact = FACTS["stock_and_sales"]
    if "days_of_inventory" not in kpis or missing(fact, [by], data):
        return None
    first, last = day(start, name="start"), day(end, name="end")
    kpis = [kpi for kpi in kpis if kpi != "sell_through_rate"]
    table = _told(compute(kpis, data, by=[by], start=first, end=last))
    terms = ratio_terms(["days_of_inventory"], data, by=[by], start=first, end=last)
    sides = _told(terms).rename(
        columns={"days_of_inventory y": "average_stock", "days_of_inventory x": "daily_cost"}
    )
    table = table.merge(sides, on=by, how="left")
    table = table[table["average_stock"].notna()]
    gap = table.get("coverage_gap_days", pd.Series(np.nan, index=table.index))
    table["coverage_gap_days"] = gap
    table["target_days"] = table["days_of_inventory"] - gap
    unsold = (table["daily_cost"] == 0).to_numpy()
    table["gap_value"] = np.where(unsold, table["average_stock"], gap * table["daily_cost"])
    if "coverage_gap_days" not in kpis:
        table["gap_value"] = np.nan
    table = with_names(table, data)
    ranked: pd.DataFrame = table.sort_values(
        ["gap_value", by], ascending=[False, True], ignore_index=True
    )
    ranked.attrs["uncosted"] = _uncosted(data, first, last)
    return ranked


def _uncosted(data: Data, first: dt.date, last: dt.date) -> Uncosted:
    """Count the products in stock without a known cost, and their share of the units."""
    rows = FACTS["stock"].build(data, {"day", "product_id", "on_hand", "value"})
    rows = rows.filter(rows.day >= midnight(first), rows.day < midnight(last), rows.on_hand > 0)
    is_unknown = rows.value.isnull()
    found = rows.aggregate(
        products=rows.product_id.nunique(where=is_unknown),
        of=rows.product_id.nunique(),
        units=rows.on_hand.sum(where=is_unknown).fill_null(0).cast("float64"),
        all_units=rows.on_hand.sum().cast("float64"),
    )
    [row] = records(found)
    share = row["units"] / row["all_units"] if row["all_units"] else np.nan
    return Uncosted(int(row["products"]), int(row["of"]), share)
