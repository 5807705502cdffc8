"""What fulfilment costs an order, part by part, and why the work of a parcel costs more or less."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import pandas as pd

from marketing_kpi.data.model import Data
from marketing_kpi.dispatch.cells import GRAINS, by_day, calendar, each, rows_of
from marketing_kpi.dispatch.chance import mean_interval, ratio_interval
from marketing_kpi.kpis.facts import FACTS, missing
from marketing_kpi.kpis.facts.base import attach
from marketing_kpi.kpis.facts.service import labour_by_month
from marketing_kpi.kpis.intervals import Interval
from marketing_kpi.kpis.periods import midnight
from marketing_kpi.worth.common import Period, collected, require_columns

PARTS = ("transport", "packaging", "labour")
ACTIVITIES = ("pick", "pack", "ship")
EFFECTS = ("by_workload", "by_pace", "by_wage")

_COSTS = tuple(f"{part}_cost" for part in PARTS)
_MOST_ITEMS = 5


def cost_per_order(
    data: Data, *, start: str | dt.date, end: str | dt.date, by: str | None = None
) -> pd.DataFrame:
    """Say what an order shipped in a period cost, part by part; the parts add up.

    Parameters
    ----------
    data
        What `open_data` returns, with shipments.
    start, end
        The first day of the period, and the day after its last, by when parcels left.
    by
        None, ``"week"``, ``"month"``, a dimension of the fact `shipped_parcels`, or another column
        of the shipments, such as a carrier.

    Returns
    -------
    pandas.DataFrame
        A row a cell with parcels of known cost, sorted by it: the cell (`by`); ``orders``;
        ``transport``, ``packaging`` and ``labour`` an order (null where the data do not tell the
        part: it is then in no sum); ``total``, their sum, which is the KPI
        `fulfilment_cost_per_order` where all three are told; ``low`` and ``high``, its 95 %
        interval (days as the unit; null under 5 days, and where labour is not told by day). An
        order that left in two
        parcels bears both.

    Raises
    ------
    ComputeError
        When `start` is not before `end`.
    MissingDataError
        When the data lack all costs, or when parcels left.

    Notes
    -----
    Labour is paid by day and place, not by parcel: each parcel bears an equal part of the labour of
    the month in which it left. So a parcel's does not differ by region or carrier, whatever is
    true; an order's does, by its parcels and its month.
    """
    found = []
    for cell, side in cost_sides(data, start=start, end=end, by=by):
        row: dict[str, object] = {by: cell} if by else {}
        row |= {"orders": side.orders, **side.parts, "total": side.total}
        low, high = (None, None) if side.pulls is None else mean_interval(side.total, side.pulls)
        found.append(row | {"low": low, "high": high})
    columns = [*PARTS, "total", "low", "high"]
    frame = pd.DataFrame(found, columns=[*([by] if by else []), "orders", *columns])
    return frame.astype({"orders": "int64"} | dict.fromkeys(columns, "float64"))


class CostSide(NamedTuple):
    """What an order costs in a cell, and what each day pulls that by.

    Attributes
    ----------
    orders
        Orders of known cost.
    parts
        Each part told, an order.
    total
        Their sum.
    pulls
        By day, one after the other; null where labour is told on fewer than half of the days on
        which parcels left: nothing then tells how much it varies.
    """

    orders: int
    parts: Mapping[str, float]
    total: float
    pulls: pd.Series[float] | None


def cost_sides(
    data: Data, *, start: str | dt.date, end: str | dt.date, by: str | None = None
) -> list[tuple[object, CostSide]]:
    """Return what an order costs in each cell, and what each day pulls it by.

    Labour is shared equally over the parcels of a month, so that no day of it seems to differ. What
    varies is what was paid on a day for the orders that left on it: by week and month, of their own
    days. By another dimension, it is how many parcels an order of the cell took and in which
    months, day by day, and what a parcel of these months bears, which every cell shares.
    """
    told = told_parts(data)
    days = cost_days(data, start=start, end=end, by=by)
    work = _work_of_days(data, Period.of(start, end)) if "labour" in told else None
    is_of_time = by is None or by in GRAINS
    own = [part for part in told if part != "labour" or not is_of_time]
    borne = days.groupby("day")["labour"].sum() if "labour" in told else None
    found: list[tuple[object, CostSide]] = []
    for cell, rows in each(days, by=by):
        one = calendar(rows)
        count = float(one["orders"].sum())
        parts = {part: math.fsum(one[part]) / count for part in told}
        spent = one[own].sum(axis=1)
        of_own: pd.Series[float] = (spent - math.fsum(spent) / count * one["orders"]) / count
        pulls: pd.Series[float] | None = of_own
        if work is not None and is_of_time:
            pulls = _with_work(of_own, work, one["orders"], parts["labour"])
        elif work is not None and borne is not None:
            pulls = _with_shared_work(of_own, work, borne, one["labour"] / count)
        found.append((cell, CostSide(int(count), parts, math.fsum(parts.values()), pulls)))
    return found


def _with_work(
    pulls: pd.Series[float], work: pd.Series[float], orders: pd.Series[float], labour: float
) -> pd.Series[float] | None:
    """Add what each day pulls labour an order by: its part of the pay less that of the orders."""
    both = _paid_beside(work, orders)
    if both is None:
        return None
    shares = both / both.sum()
    return _added(pulls, labour * (shares["paid"] - shares["sent"]))


def _with_shared_work(
    pulls: pd.Series[float],
    work: pd.Series[float],
    borne: pd.Series[float],
    of_cell: pd.Series[float],
) -> pd.Series[float] | None:
    """Add what each day pulls what a parcel of its month bears, as much as the cell bears of it.

    `borne` is the labour that the parcels of all cells bear, by day; `of_cell` that of the cell, an
    order. With the month's share r = W / P of a parcel, a cell of p parcels in it bears r p, which
    a day of pay w and P' parcels pulls by p (w - r P') / P.
    """
    both = _paid_beside(work, borne)
    if both is None:
        return None
    months = pd.DatetimeIndex(both.index).to_period("M")
    shares = (both / both.groupby(months).transform("sum")).fillna(0.0)
    by_month = of_cell.groupby(pd.DatetimeIndex(of_cell.index).to_period("M")).sum()
    weights = by_month.reindex(months, fill_value=0.0).set_axis(both.index)
    return _added(pulls, weights * (shares["paid"] - shares["sent"]))


def _paid_beside(work: pd.Series[float], sent: pd.Series[float]) -> pd.DataFrame | None:
    """Return what was paid and sent on each day from the first on which something was sent.

    None where the pay of fewer than half of these days is told.
    """
    sent = sent.set_axis(pd.DatetimeIndex(sent.index))
    within = work[(work.index >= sent.index.min()) & (work.index <= sent.index.max())]
    if len(within) < (sent > 0).sum() / 2 or not within.sum():
        return None
    return pd.DataFrame({"paid": within, "sent": sent}).fillna(0.0)


def _added(pulls: pd.Series[float], moved: pd.Series[float]) -> pd.Series[float]:
    """Add what days pull a value by, for every day from the first to the last."""
    whole = pulls.add(moved, fill_value=0.0)
    return whole.reindex(pd.date_range(whole.index.min(), whole.index.max()), fill_value=0.0)


def _work_of_days(data: Data, period: Period) -> pd.Series[float]:
    """Return what was paid for work on each day that tells it."""
    rows = rows_of(data, "labour", {"cost"}, period=period, by=None)
    found = by_day(rows, {"paid": rows.cost.cast("float64").sum()}, by=None).dropna()
    return found.set_index(pd.DatetimeIndex(found["day"]))["paid"]


def cost_days(
    data: Data, *, start: str | dt.date, end: str | dt.date, by: str | None = None
) -> pd.DataFrame:
    """Return, by day and cell, the orders whose first parcel left, and each part of their cost."""
    period = Period.of(start, end)
    told = told_parts(data)
    costs = [f"{part}_cost" for part in told]
    require_columns(data, "shipped_parcels", ["shipped_at", *(costs or _COSTS)])
    rows = rows_of(data, "shipped_parcels", {"order_id", *costs}, period=period, by=by)
    rows = rows.filter(*(rows[cost].notnull() for cost in costs))
    keys = ["order_id", "cell"] if by else ["order_id"]
    sums = {"day": rows.day.min(), **{part: rows[f"{part}_cost"].sum() for part in told}}
    orders = rows.group_by(keys).aggregate(**sums)
    amounts = {part: orders[part].cast("float64").sum() for part in told}
    return by_day(orders, {"orders": orders.count(), **amounts}, by=by)


def _interval(days: pd.DataFrame, x: str, y: str) -> Interval:
    """Return the interval of the sum of a column over that of another, with days as the unit."""
    rows = calendar(days[["day", x, y]])
    return ratio_interval(rows[x], rows[y])


def told_parts(data: Data) -> tuple[str, ...]:
    """Return the parts of the cost that the data tell."""
    fact = FACTS["shipped_parcels"]
    return tuple(part for part in PARTS if not missing(fact, [f"{part}_cost"], data))


def lacks_costs(data: Data) -> list[str]:
    """Return what the data lack for the whole cost of an order, as ``table.column``."""
    return missing(FACTS["shipped_parcels"], ["shipped_at", *_COSTS], data)


def cost_by_items(data: Data, *, start: str | dt.date, end: str | dt.date) -> pd.DataFrame:
    """Say what transport and packaging of an order cost, by how many items it has.

    Parameters
    ----------
    data
        What `open_data` returns, with shipments and the quantities of lines.
    start, end
        The first day of the period, and the day after its last, by when the parcel left.

    Returns
    -------
    pandas.DataFrame
        A row a number of items (5: five or more), sorted: ``items``, ``orders``, ``cost``
        (transport and packaging an order), its 95 % interval (``low``, ``high``; days as the
        unit).

    Raises
    ------
    MissingDataError
        When the data lack the costs of parcels, or quantities.
    """
    period = Period.of(start, end)
    require_columns(data, "sales", ["order_id", "quantity"])
    read = {"order_id", "transport_cost", "packaging_cost"}
    rows = rows_of(data, "shipped_parcels", read, period=period, by=None)
    spent = rows.transport_cost + rows.packaging_cost
    rows = rows.mutate(spent=spent).filter(spent.notnull())
    orders = rows.group_by("order_id").aggregate(day=rows.day.min(), spent=rows.spent.sum())
    lines = FACTS["sales"].build(data, {"order_id", "ordered_at", "quantity"})
    items = lines.group_by("order_id").aggregate(units=lines.quantity.sum())
    orders = orders.inner_join(items, "order_id")
    orders = orders.filter(orders.units > 0)
    band = ibis.least(orders.units.ceil().cast("int64"), _MOST_ITEMS)
    orders = orders.mutate(cell=band)
    sums = {"orders": orders.count(), "spent": orders.spent.cast("float64").sum()}
    found = []
    for cell, days in each(by_day(orders, sums, by="items"), by="items"):
        low, high = _interval(days, "orders", "spent")
        count = float(days["orders"].sum())
        found.append((int(str(cell)), int(count), math.fsum(days["spent"]) / count, low, high))
    frame = pd.DataFrame(found, columns=["items", "orders", "cost", "low", "high"])
    return frame.astype({"cost": "float64", "low": "float64", "high": "float64"})


def productivity(
    data: Data, *, start: str | dt.date, end: str | dt.date, by: str | None = None
) -> pd.DataFrame:
    """Say how much an hour of picking, packing and shipping gets done.

    Parameters
    ----------
    data
        What `open_data` returns, with labour.
    start, end
        The first day of the period, and the day after its last.
    by
        None, ``"week"``, ``"month"`` or ``"location_id"``.

    Returns
    -------
    pandas.DataFrame
        A row a cell and activity, in the order pick, pack, ship: the cell (`by`), ``activity``,
        ``units`` (lines, orders, parcels), ``hours``, ``units_per_hour`` (the KPIs
        `pick_productivity`, `pack_productivity`, `ship_productivity`) with its 95 % interval
        (``low``, ``high``: days as the unit; null under 5 days).

    Raises
    ------
    MissingDataError
        When the data lack labour, its units or hours.
    """
    period = Period.of(start, end)
    rows = rows_of(data, "labour", {"activity", "units", "hours"}, period=period, by=by)
    rows = rows.filter(rows.activity.isin(ACTIVITIES), rows.units.notnull(), rows.hours.notnull())
    keys = ["cell", "activity", "day"] if by else ["activity", "day"]
    sums = {"units": rows.units.cast("float64").sum(), "hours": rows.hours.sum()}
    days = collected(rows.group_by(keys).aggregate(**sums), keys)
    if by in GRAINS:
        days = days.astype({"cell": "datetime64[us]"})
    found = []
    for cell, of_cell in each(days, by=by):
        for activity in ACTIVITIES:
            part = of_cell[of_cell["activity"] == activity]
            units, hours = math.fsum(part["units"]), math.fsum(part["hours"])
            if not hours > 0:
                continue
            low, high = _interval(part, "hours", "units")
            found.append(
                {**({by: cell} if by else {}), "activity": activity, "units": units,
                 "hours": hours, "units_per_hour": units / hours, "low": low, "high": high}
            )  # fmt: skip
    columns = ["units", "hours", "units_per_hour", "low", "high"]
    frame = pd.DataFrame(found, columns=[*([by] if by else []), "activity", *columns])
    return frame.astype(dict.fromkeys(columns, "float64"))


def lacks_labour(data: Data) -> list[str]:
    """Return what the data lack to tell productivity, as ``table.column``."""
    return missing(FACTS["labour"], ["day", "activity", "units", "hours"], data)


def labour_drivers(data: Data, *, start: str | dt.date, end: str | dt.date) -> pd.DataFrame:
    """Say what the work on a parcel costs, and what makes it: workload, pace and wage.

    Parameters
    ----------
    data
        What `open_data` returns, with labour, its units, hours and cost, and shipments.
    start, end
        The first day of the period, and the day after its last, by when parcels left and work was
        done.

    Returns
    -------
    pandas.DataFrame
        A row an activity of which all is told, in the order pick, pack, ship: ``activity``;
        ``workload`` (units a parcel: lines, orders, parcels), ``pace`` (units an hour), ``wage``
        (cost an hour), and ``cost``, that of the activity a parcel: workload / pace x wage. Only
        work of which units, hours and cost are all told counts: `attrs` has its share of the cost
        of these activities as ``told`` (null without a cost). Only months of known labour count,
        for work and for parcels: where parcels left in others too, `attrs` has the first day of
        the period in these months and the day after the last, as ``known``; else None.

    Raises
    ------
    MissingDataError
        When the data lack any of this.

    Notes
    -----
    Parcels are all that left, of orders later cancelled too: they were worked on. A month in which
    labour begins or ends to be recorded is not known: its work would be shared out over parcels of
    days without a record.
    """
    period = Period.of(start, end)
    read = {"activity", "units", "hours", "cost"}
    rows = rows_of(data, "labour", read, period=period, by="month")
    require_columns(data, "shipped_parcels", ["shipped_at"])
    parcels = _parcels_that_left(data, period)
    known = parcels[parcels["is_known"]]
    count = int(known["parcels"].sum())
    work = _work_by_month(rows)
    work = work[work["cell"].isin(known["month"])]
    found = work.groupby("activity")[["units", "hours", "cost"]].sum().reindex(list(ACTIVITIES))
    found = found[(found > 0).all(axis=1)]
    made = pd.DataFrame(
        {
            "workload": found["units"] / count,
            "pace": found["units"] / found["hours"],
            "wage": found["cost"] / found["hours"],
            "cost": found["cost"] / count,
        }
    )
    paid = work["paid"].sum()
    made.attrs["told"] = found["cost"].sum() / paid if paid else math.nan
    made.attrs["known"] = None
    if count and count < parcels["parcels"].sum():
        after = known["month"].max() + pd.offsets.MonthBegin()
        made.attrs["known"] = (
            max(known["month"].min(), pd.Timestamp(period.start)),
            min(after, pd.Timestamp(period.end)),
        )
    return made.reset_index()


def _work_by_month(rows: ir.Table) -> pd.DataFrame:
    """Return what was paid by month and activity, and units, hours and cost of rows with all."""
    rows = rows.filter(rows.activity.isin(ACTIVITIES))
    is_told = rows.units.notnull() & rows.hours.notnull() & rows["cost"].notnull()
    sums = {
        name: rows[name].cast("float64").sum(where=is_told).fill_null(0.0)
        for name in ("units", "hours", "cost")
    }
    sums["paid"] = rows["cost"].cast("float64").sum().fill_null(0.0)
    keys = ["cell", "activity"]
    return collected(rows.group_by(keys).aggregate(**sums), keys).astype({"cell": "datetime64[us]"})


def _parcels_that_left(data: Data, period: Period) -> pd.DataFrame:
    """Return, by month, how many parcels left in a period, and whether its labour is known."""
    parcels = data.table("shipments")
    at: ir.TimestampColumn = parcels.shipped_at.cast("timestamp")
    left = parcels.select(at=at).filter(at >= midnight(period.start), at < midnight(period.end))
    sums = left.group_by(month=left["at"].truncate("M").date()).aggregate(parcels=left.count())
    known = labour_by_month(data).select("month", is_known=True)
    sums = attach(sums, known, on=["month"], columns={"is_known": "is_known"})
    sums = sums.mutate(is_known=sums.is_known.fill_null(False))
    return collected(sums, ["month"]).astype({"month": "datetime64[us]"})


def labour_change(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Part the change of the labour cost of a parcel in three effects that add up to it exactly.

    Parameters
    ----------
    before, after
        What `labour_drivers` returns of two periods.

    Returns
    -------
    pandas.DataFrame
        A row an activity told in both: ``activity``, ``before`` and ``after`` (cost a parcel),
        ``change``, and its parts ``by_workload`` (more or fewer units a parcel), ``by_pace`` (units
        an hour) and ``by_wage``. `attrs` has ``told``, the smaller of both periods', and ``known``,
        that of each (see `labour_drivers`).

    Notes
    -----
    Logarithmic mean Divisia index: each part is the logarithmic mean of both costs times the
    logarithm of the driver's ratio. No order of the drivers is chosen and nothing is left over.

    References
    ----------
    Ang, B. W. (2005). The LMDI approach to decomposition analysis: a practical guide. Energy Policy
    33(7), 867-871.

    Examples
    --------
    >>> old = pd.DataFrame({"activity": ["pick"], "workload": [4.0], "pace": [40.0],
    ...                     "wage": [20.0], "cost": [2.0]})
    >>> new = old.assign(workload=5.0, cost=2.5)  # a line more, at the same pace and wage
    >>> labour_change(old, new)[["change", "by_workload", "by_pace", "by_wage"]].round(6)
       change  by_workload  by_pace  by_wage
    0     0.5          0.5     -0.0      0.0
    """
    both = before.merge(after, on="activity", suffixes=("_0", "_1"), sort=False)
    mean = pd.Series(
        [_log_mean(*pair) for pair in zip(both["cost_0"], both["cost_1"], strict=True)],
        dtype="float64",
    )
    logs = {
        name: (both[f"{name}_1"] / both[f"{name}_0"]).map(math.log)
        for name in ("workload", "pace", "wage")
    }
    change = both["cost_1"] - both["cost_0"]
    by_workload, by_pace = mean * logs["workload"], -mean * logs["pace"]
    found = pd.DataFrame(
        {
            "activity": both["activity"],
            "before": both["cost_0"],
            "after": both["cost_1"],
            "change": change,
            "by_workload": by_workload,
            "by_pace": by_pace,
            "by_wage": mean * logs["wage"],
        }
    )
    found.attrs["told"] = min(side.attrs.get("told", 1.0) for side in (before, after))
    found.attrs["known"] = tuple(side.attrs.get("known") for side in (before, after))
    return found


def _log_mean(one: float, other: float) -> float:
    return one if math.isclose(one, other, rel_tol=1e-12) else (other - one) / math.log(other / one)
