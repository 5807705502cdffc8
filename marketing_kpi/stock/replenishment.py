"""When to order, of each product in each place: demand, lead times, and the service they buy."""

from __future__ import annotations

import datetime as dt
import math
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketing_kpi.assortment.stockouts import LONGEST_GAP, demand_by_day
from marketing_kpi.assortment.stockouts import lacking as lacking_for_demand
from marketing_kpi.errors import ComputeError, MissingDataError
from marketing_kpi.kpis.formulas import nearest
from marketing_kpi.kpis.intervals import Z95
from marketing_kpi.stock.products import with_names
from marketing_kpi.stock.service import Demand

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data

FEWEST_DAYS = 60
"""Days in stock below which a day's demand is not told."""

LEAST_TOLD = 0.9
"""Share of the days from the first to the last stock record of a place that records, or the closes
around them, must tell of: demand is that of a calendar day, as lead times are."""

FEWEST_ORDERS = 30
"""Orders received by a place below which the lead times of all places serve."""

_ORDERS = ("purchase_orders.ordered_at", "purchase_orders.received_at")
_SECONDS_A_DAY = 86_400


class ReorderPoints(NamedTuple):
    """The reorder points of a level of service, and what they buy.

    Attributes
    ----------
    points
        A row a product and place with enough days in stock, the most sold first: product_id,
        location_id (and name, category where known), days (in stock), units (sold on them),
        mean_demand and sd_demand (a day), mean_lead_time and sd_lead_time (days), safety_stock and
        reorder_point (of the formula, whole units upwards), service_level (that this point buys,
        of demand as it is) with its 95 % interval (low, high), needed (the reorder point that buys
        the level, of demand as these days show it), verdict.
    lead_times
        Orders received in the period by days from order to receipt: days, orders.
    level
        The service level asked for.
    too_few
        Products and places with less than 60 days in stock, or without a sale, left out.
    start, end
        The period.
    unsold
        Places with stock on record in the period of which no sale is known, such as warehouses that
        share the orders of a region: nothing is set for them.
    days_recorded
        Days of the period on which stock is on record; under 60 of them, nothing is set at all.
        None: not counted.
    sparse
        Places whose stock records lie too far apart to know the demand of a calendar day
        (`LEAST_TOLD`): nothing is set for them.
    """

    points: pd.DataFrame
    lead_times: pd.DataFrame
    level: float
    too_few: int
    start: dt.date
    end: dt.date
    unsold: tuple[str, ...] = ()
    days_recorded: int | None = None
    sparse: tuple[str, ...] = ()


def lacking(data: Data) -> list[str]:
    """Return what the data lack for reorder points, as ``table.column``; empty where nothing."""
    return [*lacking_for_demand(data), *(n for n in _ORDERS if not data.has(*n.split(".")))]


def safety_stock(
    mean_demand: float,
    *,
    sd_demand: float,
    mean_lead_time: float,
    sd_lead_time: float,
    service_level: float,
) -> float:
    """Return the units to keep beyond the average demand of the lead time.

    Parameters
    ----------
    mean_demand, sd_demand
        Mean and standard deviation of a day's demand, in units.
    mean_lead_time, sd_lead_time
        Those of the days from an order to the supplier to its receipt.
    service_level
        Share of the cycles, from one delivery to the next, that shall pass without a stock-out;
        between 0 and 1. Below 0.5 the safety stock is below 0.

    Returns
    -------
    float
        ``z * sqrt(mean_lead_time * sd_demand**2 + mean_demand**2 * sd_lead_time**2)``, with z the
        quantile of the normal distribution; not rounded.

    Raises
    ------
    ComputeError
        When a mean or a deviation is below 0, or the service level is not between 0 and 1.

    Notes
    -----
    The level is kept where the demand of a lead time is near normal and days do not depend on one
    another. Where few units are sold it is not: see `reorder_points` and
    ``benchmarks/service_level.md``.

    References
    ----------
    Silver, E. A., Pyke, D. F. and Thomas, D. J. (2017). Inventory and Production Management in
    Supply Chains, 4th edition. CRC Press.

    Examples
    --------
    >>> units = safety_stock(
    ...     4, sd_demand=3, mean_lead_time=9, sd_lead_time=0.5, service_level=0.95)
    >>> round(units, 1)
    15.2
    """
    refuse_negative(
        mean_demand=mean_demand, sd_demand=sd_demand,
        mean_lead_time=mean_lead_time, sd_lead_time=sd_lead_time,
    )  # fmt: skip
    _check_level(service_level)
    variance = mean_lead_time * sd_demand**2 + (mean_demand * sd_lead_time) ** 2
    return NormalDist().inv_cdf(service_level) * math.sqrt(variance)


def reorder_point(mean_demand: float, *, mean_lead_time: float, safety_stock: float) -> float:
    """Add safety stock to the average demand of the lead time; stock on order counts as stock.

    >>> reorder_point(4, mean_lead_time=9, safety_stock=15)
    51
    """
    refuse_negative(mean_demand=mean_demand, mean_lead_time=mean_lead_time)
    return mean_demand * mean_lead_time + safety_stock


def reorder_points(
    data: Data, *, start: str | dt.date, end: str | dt.date, service_level: float = 0.95
) -> ReorderPoints:
    """Set reorder points by the normal formula, and say which service level they buy.

    Parameters
    ----------
    data
        What `open_data` returns, with stock by day, order lines and purchase orders.
    start, end
        First day, and the day after the last: demand and lead times are those of this period.
    service_level
        Share of cycles, from one delivery to the next, that shall pass without a stock-out.

    Returns
    -------
    ReorderPoints
        See its attributes. Verdicts: ``kept`` (the interval lies at the level or above),
        ``not_kept`` (below it), ``cannot_tell``.

    Raises
    ------
    MissingDataError
        When the data lack stock by day, sales by product, or dates of purchase orders.
    ComputeError
        When the service level is not between 0 and 1.

    Notes
    -----
    Demand is what was sold on days that did not end out of stock, in whole units; those without a
    record between two closes in stock, as week-ends, are among them (`LONGEST_GAP`). The level that
    a point buys is made of the very distributions of these days and lead times, by convolution,
    with the units by which stock had passed the point when the order left (`Demand`); it agrees
    with the rule played day by day (``benchmarks/service_level.md``). It takes days as independent
    and alike: a season, a promotion or a product going out of fashion is not in it.

    References
    ----------
    Silver, E. A., Pyke, D. F. and Thomas, D. J. (2017). Inventory and Production Management in
    Supply Chains, 4th edition. CRC Press.
    """
    if absent := lacking(data):
        raise MissingDataError(f"reorder points need {', '.join(absent)}, which these data lack")
    _check_level(service_level)
    leads = lead_times(data, start=start, end=end)
    days = _days(data, start=start, end=end)
    first, last = (pd.Timestamp(bound).date() for bound in (start, end))
    record = _on_record(data, first, last)
    unsold = record.places - {str(place) for place in days["location_id"].unique()}
    sparse = record.sparse - unsold
    days = days[~days["location_id"].astype(str).isin(sparse)]
    places = days["location_id"].unique() if len(leads) else ()
    waits = {str(place): _leads_of(leads, str(place)) for place in places}
    rows, cells = [], list(days.groupby(["product_id", "location_id"]))
    for (product, place), part in cells:
        counts = np.bincount(part["units"], part["days"]).astype(np.float64)
        if part["recorded"].sum() >= FEWEST_DAYS and part["units"].max() > 0 and len(leads):
            row = _point(counts, waits[str(place)], service_level)
            rows.append({"product_id": product, "location_id": place, **row})
    points = pd.DataFrame(rows, columns=["product_id", "location_id", *_COLUMNS])
    keys = ["units", "product_id", "location_id"]
    points = points.sort_values(keys, ascending=[False, True, True], ignore_index=True)
    each = leads.groupby("days", as_index=False).agg(orders=("orders", "sum"))
    return ReorderPoints(
        points=with_names(points, data),
        lead_times=each,
        level=service_level,
        too_few=len(cells) - len(rows),
        start=first,
        end=last,
        unsold=tuple(sorted(unsold)),
        days_recorded=record.days,
        sparse=tuple(sorted(sparse)),
    )


class _Record(NamedTuple):
    """Places with stock on record in a period, those with too few days, and days that any has."""

    places: set[str]
    sparse: set[str]
    days: int


def _on_record(data: Data, first: dt.date, last: dt.date) -> _Record:
    """Return where and on how many days of a period stock is on record."""
    stock = data.table("stock")
    stock = stock.filter(stock.day >= first, stock.day < last)
    frame = stock.select("location_id", "day").distinct().to_pandas()
    frame["day"] = pd.to_datetime(frame["day"])
    held = frame.dropna().sort_values(["location_id", "day"])
    step = held.groupby("location_id")["day"].diff().dt.days.fillna(1)
    told = step.where(step <= LONGEST_GAP + 1, 1)
    known = told.groupby(held["location_id"]).sum() / step.groupby(held["location_id"]).sum()
    sparse = {str(place) for place in known.index[known < LEAST_TOLD]}
    return _Record({str(place) for place in known.index}, sparse, int(frame["day"].nunique()))


_COLUMNS = (
    "days", "units", "mean_demand", "sd_demand", "mean_lead_time", "sd_lead_time", "safety_stock",
    "reorder_point", "service_level", "low", "high", "needed", "verdict",
)  # fmt: skip


def lead_times(data: Data, *, start: str | dt.date, end: str | dt.date) -> pd.DataFrame:
    """Count the orders received in a period by the days that they took, of each place.

    Returns
    -------
    pandas.DataFrame
        location_id (null where orders name none), days (from order to receipt, to the nearest),
        orders. An order received before it was made, or not yet, is not there.
    """
    import ibis

    table = data.table("purchase_orders")
    first, last = (ibis.literal(pd.Timestamp(bound).to_pydatetime()) for bound in (start, end))
    table = table.filter(
        table.received_at >= first, table.received_at < last, table.ordered_at <= table.received_at
    )
    place = table.location_id if "location_id" in table.columns else ibis.null("string")
    received, ordered = (
        table[name].truncate("h").epoch_seconds() for name in ("received_at", "ordered_at")
    )
    days = nearest((received - ordered) / _SECONDS_A_DAY)
    rows = table.select(location_id=place, days=days)
    counted = rows.group_by("location_id", "days").aggregate(orders=rows.count())
    frame: pd.DataFrame = counted.to_pandas()
    return frame.sort_values(["location_id", "days"], ignore_index=True)


def _days(data: Data, *, start: str | dt.date, end: str | dt.date) -> pd.DataFrame:
    """Return how many days in stock saw each number of units, of each product and place.

    Of these, `recorded` are on record, the others between two closes in stock.
    """
    rows = demand_by_day(data, start=start, end=end)
    rows = rows.mutate(units=nearest(rows.units))
    counted = rows.group_by("product_id", "location_id", "units").aggregate(
        days=rows.count(), recorded=rows.is_recorded.cast("int32").sum()
    )
    frame: pd.DataFrame = counted.to_pandas()
    return frame


def _leads_of(leads: pd.DataFrame, place: str) -> npt.NDArray[np.float64]:
    """Return how many orders took 0, 1, 2, … days: of a place, or of all where it has few."""
    own = leads[leads["location_id"] == place]
    rows = own if own["orders"].sum() >= FEWEST_ORDERS else leads
    return np.bincount(rows["days"], rows["orders"]).astype(np.float64)


def _point(
    counts: npt.NDArray[np.float64], leads: npt.NDArray[np.float64], level: float
) -> dict[str, float | str]:
    """Return the reorder point of a product in a place, and what it buys."""
    mean, sd = _moments(counts)
    mean_lead, sd_lead = _moments(leads)
    safety = safety_stock(
        mean, sd_demand=sd, mean_lead_time=mean_lead, sd_lead_time=sd_lead, service_level=level
    )
    exact = reorder_point(mean, mean_lead_time=mean_lead, safety_stock=safety)
    point = max(math.ceil(exact - 1e-9), 0)
    demand = Demand(counts, leads)
    bought = demand.service(point)
    return {
        "days": int(counts.sum()),
        "units": int(counts @ np.arange(len(counts))),
        "mean_demand": mean,
        "sd_demand": sd,
        "mean_lead_time": mean_lead,
        "sd_lead_time": sd_lead,
        "safety_stock": safety,
        "reorder_point": point,
        "service_level": bought.level,
        "low": bought.low,
        "high": bought.high,
        "needed": demand.needed(level),
        "verdict": _verdict(bought.low, bought.high, level),
    }


def _moments(counts: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the mean and the standard deviation of what is counted at 0, 1, 2, …"""
    values = np.arange(len(counts))
    mean = float(counts @ values / counts.sum())
    freedom = max(counts.sum() - 1, 1)
    return mean, math.sqrt(float(counts @ (values - mean) ** 2 / freedom))


def _verdict(low: float, high: float, level: float) -> str:
    if low >= level:
        return "kept"
    return "not_kept" if high < level else "cannot_tell"


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ComputeError(f"service_level == {level}, must be in (0, 1)")


def refuse_negative(**values: float) -> None:
    """Refuse a value below 0, or one that is not a number."""
    for name, value in values.items():
        if not value >= 0:
            raise ComputeError(f"{name} == {value}, must be 0 or more")


OPTIMISM = 1 / 3
"""Of its standard error, by how much at most a level is too high when the days that tell it also
set the point; see ``benchmarks/service_level.md``. Over many points it does not average out."""

PACES = (2.0, 10.0)
"""Units asked for in a lead time, on average, at which slow and medium movers end."""


def service_by_pace(found: ReorderPoints) -> pd.DataFrame:
    """Average what the reorder points buy, of slow, medium and fast movers and of all.

    Parameters
    ----------
    found
        What `reorder_points` returns.

    Returns
    -------
    pandas.DataFrame
        A row a pace that has products, and one for all (``all``) last: pace, points, units (asked
        for in a lead time, on average), service_level with its 95 % interval (low, high), both on
        average over products and places; safety_stock (of the formula, in all), change (units that
        would bring every point to the level), verdict. `attrs` has the ``level``.

    Notes
    -----
    Days that set a point also tell what it buys, and flatter it: the low end of the interval allows
    for that (`OPTIMISM`). Products and places are taken as independent.
    """
    points = found.points
    asked = points["mean_demand"] * points["mean_lead_time"]
    names = np.select([asked < PACES[0], asked < PACES[1]], ["slow", "medium"], "fast")
    rows = []
    for pace in ("slow", "medium", "fast", "all"):
        part = points if pace == "all" else points[names == pace]
        if len(part):
            rows.append({"pace": pace, **_average(part, asked[part.index], found.level)})
    table = pd.DataFrame(rows, columns=["pace", *_AVERAGES])
    table.attrs["level"] = found.level
    return table


_AVERAGES = (
    "points", "units", "service_level", "low", "high", "safety_stock", "change", "verdict",
)  # fmt: skip


def _average(part: pd.DataFrame, asked: pd.Series[float], level: float) -> dict[str, float | str]:
    errors = (part["high"] - part["low"]) / (2 * Z95)
    mean = float(part["service_level"].mean())
    width = Z95 * math.sqrt(float((errors**2).sum())) / len(part)
    low, high = mean - width - OPTIMISM * float(errors.mean()), min(mean + width, 1.0)
    return {
        "points": len(part),
        "units": float(asked.mean()),
        "service_level": mean,
        "low": low,
        "high": high,
        "safety_stock": float(part["safety_stock"].sum()),
        "change": float((part["needed"] - part["reorder_point"]).sum()),
        "verdict": _verdict(low, high, level),
    }
