"""Promises kept: on time, in full, perfect; and what an agreement on them owes."""

from __future__ import annotations

import datetime as dt
import math

import pandas as pd

from marketing_kpi.data.model import Data
from marketing_kpi.dispatch.cells import by_day, calendar, each, rows_of
from marketing_kpi.dispatch.chance import rate_interval
from marketing_kpi.kpis.facts import FACTS, missing
from marketing_kpi.kpis.periods import day
from marketing_kpi.worth.common import Period, check

RETURN_DAYS = 45
"""Days after the promise by which most of what comes back has come back."""

MEASURES = ("on_time", "in_full", "on_time_in_full")
ORDER_MEASURES = ("on_time", "in_full", "undamaged", "not_returned", "perfect")


def kept_promises(
    data: Data, *, start: str | dt.date, end: str | dt.date, by: str | None = None
) -> pd.DataFrame:
    """Say which parcels promised in a period came on time, in full, and both.

    Parameters
    ----------
    data
        What `open_data` returns, with shipments.
    start, end
        The first day of the period, and the day after its last, by when delivery was promised.
    by
        None: one row. ``"week"`` or ``"month"``: a row each. Else a dimension of the fact
        `promised_parcels`, or another column of the shipments, such as a carrier.

    Returns
    -------
    pandas.DataFrame
        A row a cell with parcels, sorted by it: the cell (`by`; null: not told); ``parcels``
        promised; ``late``, those of them not delivered by their promise, and ``undelivered`` of
        those; ``backwards``, parcels delivered before they were ordered, which are a fault of the
        data and in none of the numbers before nor in what is on time; then for each of ``on_time``,
        ``in_full`` and ``on_time_in_full`` the share, with its 95 % interval (``…_low``,
        ``…_high``; null under 5 days). ``on_time`` is the KPI `on_time_delivery_rate`,
        ``on_time_in_full`` the KPI `on_time_in_full_rate`. What the data do not tell is null.

    Raises
    ------
    ComputeError
        When `start` is not before `end`.
    MissingDataError
        When the data lack promises or deliveries, or the dimension.

    Notes
    -----
    The intervals take days as the unit: parcels of one day share a truck, a storm, a strike. See
    `marketing_kpi.dispatch.chance.rate_interval`.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> tables = {
    ...     "orders": pd.DataFrame({"order_id": list("123"),
    ...         "ordered_at": pd.to_datetime(["2025-01-02"] * 3)}),
    ...     "shipments": pd.DataFrame({"shipment_id": list("abc"), "order_id": list("123"),
    ...         "promised_at": pd.to_datetime(["2025-01-06"] * 3), "in_full": [True, True, False],
    ...         "delivered_at": pd.to_datetime(["2025-01-05", None, "2025-01-06"])}),
    ... }
    >>> with open_data(tables) as data:
    ...     found = kept_promises(data, start="2025-01-01", end="2025-02-01")
    >>> found[["parcels", "late", "undelivered", "on_time", "on_time_in_full"]].round(3)
       parcels  late  undelivered  on_time  on_time_in_full
    0        3     1            1    0.667            0.333
    """
    found = []
    for cell, days in each(promise_days(data, start=start, end=end, by=by), by=by):
        row: dict[str, object] = {by: cell} if by else {}
        parcels = int(days["of_on_time"].sum())
        row |= {"parcels": parcels, "late": parcels - int(days["on_time"].sum())}
        row |= {name: int(days[name].sum()) for name in ("undelivered", "backwards")}
        found.append(row | _rates(days, MEASURES))
    counts = ("parcels", "late", "undelivered", "backwards")
    return _framed(found, [*([by] if by else []), *counts], MEASURES)


def promise_days(
    data: Data, *, start: str | dt.date, end: str | dt.date, by: str | None = None
) -> pd.DataFrame:
    """Return, by day of the promise and cell, the parcels promised and those of each measure."""
    period = Period.of(start, end)
    is_told = not missing(FACTS["promised_parcels"], ["in_full"], data)
    read = {"on_time", "is_backwards", "delivered_at", *(["in_full"] if is_told else [])}
    rows = rows_of(data, "promised_parcels", read, period=period, by=by)
    sums = {
        "undelivered": rows.delivered_at.isnull().sum(),
        "backwards": rows.is_backwards.sum(),
        "of_on_time": rows.on_time.count(),
        "on_time": rows.on_time.sum().fill_null(0),
    }
    if is_told:
        both = rows.on_time & rows.in_full
        sums |= {"of_in_full": rows.in_full.count(), "in_full": rows.in_full.sum().fill_null(0)}
        sums |= {
            "of_on_time_in_full": rows.in_full.count(where=rows.on_time.notnull()),
            "on_time_in_full": both.sum().fill_null(0),
        }
    return by_day(rows, sums, by=by)


def _rates(days: pd.DataFrame, measures: tuple[str, ...]) -> dict[str, object]:
    """Return the share of each measure with its interval; null where nothing tells it."""
    row: dict[str, object] = {}
    days = calendar(days)
    for name in measures:
        known = float(days[f"of_{name}"].sum()) if name in days else 0.0
        if not known:
            row |= dict.fromkeys((name, f"{name}_low", f"{name}_high"), math.nan)
            continue
        low, high = rate_interval(days[name], days[f"of_{name}"])
        row |= {name: float(days[name].sum()) / known, f"{name}_low": low, f"{name}_high": high}
    return row


def _framed(
    rows: list[dict[str, object]], first: list[str], measures: tuple[str, ...]
) -> pd.DataFrame:
    columns = [f"{name}{end}" for name in measures for end in ("", "_low", "_high")]
    frame = pd.DataFrame(rows, columns=[*first, *columns])
    counts = ("parcels", "late", "undelivered", "backwards", "orders")
    whole = [name for name in counts if name in first]
    return frame.astype(dict.fromkeys(columns, "float64") | dict.fromkeys(whole, "int64"))


def perfect_orders(
    data: Data,
    *,
    start: str | dt.date,
    end: str | dt.date,
    as_of: str | dt.date,
    return_days: int = RETURN_DAYS,
    by: str | None = None,
) -> pd.DataFrame:
    """Say which orders promised in a period were on time, in full, undamaged and not returned.

    Parameters
    ----------
    data
        What `open_data` returns, with shipments and returns.
    start, end
        The first day of the period, and the day after its last, by when the last parcel of the
        order was promised.
    as_of
        The day of the analysis, exclusive.
    return_days
        Days after its promise by which what comes back of an order has come back: younger orders
        do not count, they would look better than they are.
    by
        None, ``"week"``, ``"month"`` or a dimension of the fact `promised_orders`.

    Returns
    -------
    pandas.DataFrame
        A row a cell, as `kept_promises`: ``orders`` of which all that is known; ``until`` (the day
        after the last whose orders are old enough); then ``on_time``, ``in_full``, ``undamaged``,
        ``not_returned`` and ``perfect`` (all four: the KPI `perfect_order_rate` of the same days)
        as shares of them, with 95 % intervals. Empty where no order is old enough.

    Raises
    ------
    ComputeError
        When `start` is not before `end`, or `return_days` is below 0.
    MissingDataError
        When the data lack promises, deliveries, what came damaged or incomplete, or returns.
    """
    check("return_days", return_days)
    whole = Period.of(start, end)
    ripe = day(as_of, name="as_of") - dt.timedelta(days=return_days)
    until = min(whole.end, ripe)
    first = [*([by] if by else []), "orders", "until"]
    if until <= whole.start:
        return _framed([], first, ORDER_MEASURES)
    read = {"on_time", "in_full", "damaged", "returned"}
    period = Period(whole.start, until)
    rows = rows_of(data, "promised_orders", read, period=period, by=by)
    rows = rows.filter(rows.on_time.notnull(), rows.in_full.notnull(), rows.damaged.notnull())
    good = {
        "on_time": rows.on_time,
        "in_full": rows.in_full,
        "undamaged": ~rows.damaged,
        "not_returned": ~rows.returned,
    }
    good["perfect"] = good["on_time"] & good["in_full"] & good["undamaged"] & good["not_returned"]
    sums = {"orders": rows.count()}
    for name, is_so in good.items():
        sums |= {f"of_{name}": rows.count(), name: is_so.sum()}
    found = []
    for cell, days in each(by_day(rows, sums, by=by), by=by):
        row: dict[str, object] = {by: cell} if by else {}
        row |= {"orders": int(days["orders"].sum()), "until": pd.Timestamp(until)}
        found.append(row | _rates(days, ORDER_MEASURES))
    return _framed(found, first, ORDER_MEASURES)


def agreement(promises: pd.DataFrame, *, target: float) -> pd.DataFrame:
    """Say whether an agreement on the share delivered on time was kept, and by how many parcels.

    Parameters
    ----------
    promises
        What `kept_promises` returns.
    target
        The share agreed on, in 0-1.

    Returns
    -------
    pandas.DataFrame
        The rows of `promises` with parcels: the cell, ``parcels``, ``late``, ``allowed`` (late
        parcels that the agreement allows, rounded down), ``short`` (late parcels above that; 0
        where kept), ``on_time`` and ``is_kept``. It is counted, not estimated: what is owed hangs
        on the parcels of the period alone.

    Raises
    ------
    ComputeError
        When `target` is not in 0-1.

    Examples
    --------
    >>> month = pd.DataFrame({"parcels": [1600], "late": [104], "on_time": [0.935]})
    >>> agreement(month, target=0.95)[["allowed", "short", "is_kept"]]
       allowed  short  is_kept
    0       80     24    False
    """
    check("target", target, highest=1.0, hint="95 % is written 0.95")
    promises = promises[promises["parcels"] > 0].reset_index(drop=True)
    # 5 % of 1,600 parcels is 80, and 1 - 0.95 is a little less than 0.05.
    allowed = ((1 - target) * promises["parcels"] + 1e-9).map(math.floor).astype("int64")
    short = (promises["late"] - allowed).clip(lower=0)
    keys = list(promises.columns[: list(promises.columns).index("parcels")])
    told = promises[[*keys, "parcels", "late", "on_time"]]
    return told.assign(allowed=allowed, short=short, is_kept=short == 0)


def lacks_promises(data: Data) -> list[str]:
    """Return what the data lack to tell promises kept, as ``table.column``."""
    return missing(FACTS["promised_parcels"], ["promised_at", "on_time"], data)


def lacks_perfect(data: Data) -> list[str]:
    """Return what the data lack to tell perfect orders, as ``table.column``."""
    read = ["promised_at", "on_time", "in_full", "damaged", "returned"]
    return missing(FACTS["promised_orders"], read, data)
