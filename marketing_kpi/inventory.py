"""Inventory: what lies in stock, what it costs, what it lacks, and how much of it to hold.

The formulas of KPIs on the facts of `marketing_kpi.kpis.facts.inventory`, and analyses made of the
same rows. Stock does not add up over time: of a period it is that of the last day on record, or the
average over the days on record, at cost.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple

from marketing_kpi.assortment.stockouts import LONGEST_GAP, LostSales, lost_sales
from marketing_kpi.assortment.stockouts import lacking as lacking_for_lost_demand
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.stock.classes import CLASSES, VARIATIONS, class_grid, classify
from marketing_kpi.stock.classes import lacking as lacking_for_classes
from marketing_kpi.stock.cover import (
    COVER_KPIS,
    STOCK_KPIS,
    closing_parts,
    cover,
    is_on_record,
    known_kpis,
    levels,
)
from marketing_kpi.stock.cover import lacking as lacking_for_cover
from marketing_kpi.stock.replenishment import (
    FEWEST_DAYS,
    ReorderPoints,
    lead_times,
    refuse_negative,
    reorder_point,
    reorder_points,
    safety_stock,
    service_by_pace,
)
from marketing_kpi.stock.replenishment import lacking as lacking_for_reorder_points
from marketing_kpi.stock.service import Demand, Service, Simulated, simulate

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data
    from marketing_kpi.kpis.formulas import Fact

__all__ = [
    "CLASSES",
    "COVER_KPIS",
    "DAYS_A_YEAR",
    "FEWEST_DAYS",
    "LONGEST_GAP",
    "STOCK_KPIS",
    "VARIATIONS",
    "Demand",
    "LostDemand",
    "ReorderPoints",
    "Service",
    "Simulated",
    "class_grid",
    "classify",
    "closing_parts",
    "cover",
    "coverage_gap_days",
    "days_of_inventory",
    "gmroi",
    "inventory_turnover",
    "is_on_record",
    "known_kpis",
    "lacking_for_classes",
    "lacking_for_cover",
    "lacking_for_lost_demand",
    "lacking_for_reorder_points",
    "lead_times",
    "levels",
    "lost_demand",
    "lost_demand_rate",
    "reorder_point",
    "reorder_points",
    "safety_stock",
    "sell_through_rate",
    "service_by_pace",
    "simulate",
    "stock_on_hand",
    "stock_sellable",
    "stockout_rate",
]

DAYS_A_YEAR = 365
"""Days that turnover and GMROI are brought to."""

# --- KPIs -----------------------------------------------------------------------------------


def stock_on_hand(stock: Fact) -> Any:
    """Add up the units on hand at the close of the last day on record. Fact: `stock`.

    0 where nothing is listed on that day any more, null where no day is on record.
    """
    return _at_close(stock, stock.on_hand)


def stock_sellable(stock: Fact) -> Any:
    """Add up the units that can be sold at the close of the last day on record. Fact: `stock`.

    As recorded, or on hand less reserved and damaged.
    """
    return _at_close(stock, stock.sellable)


def _at_close(stock: Fact, units: Any) -> Any:
    """Add up units of the last day; what is not listed on it any more has none."""
    return (stock.is_closing.sum() == 0).ifelse(0, units.sum(where=stock.is_closing))


def stockout_rate(stock: Fact) -> Any:
    """Divide the days of a product in a place without sellable stock by all those on record.

    Null without any. Fact: `stock`.
    """
    return ratio(stock.is_out.sum(), stock.is_out.count())


def inventory_turnover(rows: Fact) -> Any:
    """Divide a year's cost of goods sold by the average stock at cost; null without stock.

    The cost of the days between the first and the last on record is brought to 365 days. Fact:
    `stock_and_sales`.
    """
    return ratio(DAYS_A_YEAR * _a_day(rows, rows.cost), _average(rows, rows.value))


def gmroi(rows: Fact) -> Any:
    """Divide a year's gross profit by the average stock at cost; null without stock.

    Fact: `stock_and_sales`.
    """
    profit = rows.net_sales - rows.cost
    return ratio(DAYS_A_YEAR * _a_day(rows, profit), _average(rows, rows.value))


def days_of_inventory(rows: Fact) -> Any:
    """Divide the average stock at cost by a day's cost of goods sold; null where nothing is sold.

    Fact: `stock_and_sales`.
    """
    return ratio(_average(rows, rows.value), _a_day(rows, rows.cost))


def coverage_gap_days(rows: Fact) -> Any:
    """Take the target off the days of inventory, over the products that have a target.

    Targets of several products are averaged by what each sells a day at cost, so that the gap is
    that of the stock they aim at. Null where nothing is sold. Fact: `stock_and_sales`.
    """
    cover = ratio(_average(rows, rows.aimed_value), _a_day(rows, rows.aimed_cost))
    return cover - ratio(rows.target_cost.sum(), rows.aimed_cost.sum())


def sell_through_rate(rows: Fact) -> Any:
    """Divide the units sold by those at the opening and those received since.

    The opening is the close of the day before the first: null where that day or one since is not
    on record, since what was received on it is not known, nor what was left on the shelves; null
    too where nothing is known to have been received. Fact: `stock_and_sales`.
    """
    opening = rows.opening.sum(where=rows.is_opening).fill_null(0)
    is_whole = rows.days_recorded.max() == rows.days_covered.max()
    there = opening + rows.received.sum()
    return ratio(rows.quantity.sum(), (rows.has_opening.any() & is_whole).ifelse(there, None))


def _average(rows: Fact, value: Any) -> Any:
    """Average a sum of stock over the days on record."""
    return ratio(value.sum(), rows.days_recorded.max())


def _a_day(rows: Fact, amount: Any) -> Any:
    """Divide an amount of sales by the days that the record covers.

    0 where nothing is sold; null where something is, and nothing is known of its amount.
    """
    total = (rows.quantity.count() == 0).ifelse(0, amount.sum())
    return ratio(total, rows.days_covered.max())


class LostDemand(NamedTuple):
    """The share of demand that stock-outs left unserved.

    Attributes
    ----------
    rate, low, high
        Lost units over sold and lost ones, with the 95 % interval; null where nothing tells.
    lost
        The estimate of the units lost, and the units sold; see `LostSales`.
    """

    rate: float | None
    low: float | None
    high: float | None
    lost: LostSales


def lost_demand(data: Data, *, start: str | dt.date, end: str | dt.date) -> LostDemand:
    """Estimate the share of demand lost to stock-outs in a period, with its interval.

    Lost units are those of `baskets.lost_sales`, sold units those of the same days, products and
    places; the interval is that of the lost units, carried into the rate.

    Parameters
    ----------
    data
        What `open_data` returns, with stock by day and the products of order lines.
    start, end
        First day, and the day after the last.

    Raises
    ------
    MissingDataError
        When the data lack stock by day, or the products, quantities and prices of lines.
    """
    lost = lost_sales(data, start=start, end=end)
    rate, low, high = (
        None if units is None else lost_demand_rate(units, units_sold=lost.sold)
        for units in (lost.units, lost.low, lost.high)
    )
    return LostDemand(rate, low, high, lost)


def lost_demand_rate(lost_units: float, *, units_sold: float) -> float | None:
    """Divide the units lost to stock-outs by those sold and those lost; None without any.

    >>> lost_demand_rate(50, units_sold=950)
    0.05
    """
    refuse_negative(lost_units=lost_units, units_sold=units_sold)
    asked = lost_units + units_sold
    return lost_units / asked if asked else None
