"""Revenue mix: what is booked and what is recognised, where revenue comes from, why it changed.

Formulas of KPIs are here, with the way from what was booked to what is recognised. The analyses
that compare two periods live in `marketing_kpi.growth`: of segments and products, of stores open
in both, of customers, and of what is growth and what is noise.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import ibis.expr.types as ir
import pandas as pd

from marketing_kpi.accounts.books import whole_months
from marketing_kpi.errors import ComputeError
from marketing_kpi.finance import bridge, net_revenue
from marketing_kpi.growth.chance import Growth, growth, growth_by, growth_of_years, verdict_of
from marketing_kpi.growth.customers import (
    KINDS,
    TOPS,
    Concentration,
    Sources,
    by_customers,
    concentration,
    concentrations,
)
from marketing_kpi.growth.effects import (
    LEVELS,
    Effects,
    bridge_of,
    effects_by,
    effects_by_level,
    effects_told,
    price_volume_mix,
)
from marketing_kpi.growth.network import (
    GROUPS,
    CalendarEffect,
    calendar_effect,
    comparable_stores,
    is_open,
    lacking_stores,
    network,
    stores_compared,
)
from marketing_kpi.growth.sides import (
    compared,
    known,
    lacking,
    mix,
    products_compared,
    rolled_up,
    steps_between,
)
from marketing_kpi.kpis.compute import compute, missing_columns
from marketing_kpi.kpis.extent import is_compared, longest_gap
from marketing_kpi.kpis.facts import FACTS, MONEY, missing
from marketing_kpi.kpis.facts.base import attach
from marketing_kpi.kpis.facts.finance import recognitions
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.frames import Frame, records, require, same_kind
from marketing_kpi.kpis.periods import day, midnight
from marketing_kpi.worth.common import Period, collected

if TYPE_CHECKING:
    import datetime as dt

    from marketing_kpi.data.model import Data
    from marketing_kpi.kpis.formulas import Fact

__all__ = [
    "GROUPS",
    "KINDS",
    "LEVELS",
    "STEPS",
    "TOPS",
    "CalendarEffect",
    "Concentration",
    "Effects",
    "Growth",
    "Sources",
    "booked_revenue",
    "bridge_of",
    "by_customers",
    "by_month",
    "calendar_effect",
    "comparable_stores",
    "compared",
    "concentration",
    "concentrations",
    "effects_by",
    "effects_by_level",
    "effects_told",
    "growth",
    "growth_by",
    "growth_of_years",
    "is_compared",
    "known",
    "lacking",
    "lacking_recognition",
    "lacking_stores",
    "like_for_like_growth",
    "longest_gap",
    "mix",
    "mix_effect",
    "network",
    "price_effect",
    "price_volume_mix",
    "products_compared",
    "recognised_revenue",
    "recognition",
    "revenue_growth",
    "revenue_share",
    "rolled_up",
    "steps_between",
    "stores_compared",
    "verdict_of",
    "volume_effect",
]

STEPS = (
    "booked", "cancelled", "ordered", "earlier", "later", "pending", "received",
    "refunds", "allowances", "chargebacks", "recognised",
)  # fmt: skip
"""Steps of `recognition`, in order."""

SUBTOTALS = ("booked", "ordered", "received", "recognised")
"""Those of `STEPS` that are amounts, not changes."""


# --- KPIs on facts --------------------------------------------------------------------------


def booked_revenue(sales: Fact) -> Any:
    """Add up price paid x quantity of orders as they were booked, at the order's date.

    Orders that were cancelled later are in; fraud and tests are not. Fact: `booked_sales`.
    """
    return sales.net_sales.sum()


def recognised_revenue(rows: Fact) -> Any:
    """Add up net sales when they are recognised, less refunds, allowances and lost chargebacks.

    An order is recognised at `recognised_at`, or else when the last of its parcels was delivered.
    Fact: `recognised`.
    """
    return net_revenue(rows)


# --- From booked to recognised --------------------------------------------------------------


def recognition(data: Data, *, start: str | dt.date, end: str | dt.date) -> pd.DataFrame:
    """Show the way from what was booked in a period to what is recognised in it, step by step.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end
        The first day of the period, and the day after its last.

    Returns
    -------
    pandas.DataFrame
        A row a step of `STEPS`: ``step``, ``amount`` in the data's currency, ``level``, what there
        is after it. *booked*: orders placed in the period, those cancelled since included;
        *cancelled* (below 0); *ordered*: net sales, at the order's date; *earlier*: placed outside
        the period, recognised in it; *later* (below 0): placed in it, recognised outside;
        *pending* (below 0): placed in it, not recognised so far; *received*: net sales at the
        moment of recognition; *refunds*, *allowances*, *chargebacks* (lost), below 0, at their own
        date; *recognised*. Steps add up exactly; a step that the data do not tell is null (NaN),
        and so is what there is from there on, but for *ordered*, which is always told: without
        ``orders.status``, what was cancelled is not known.

    Raises
    ------
    ComputeError
        When `start` is not before `end`.
    MissingDataError
        When the data lack net sales.

    Notes
    -----
    booked, ordered and recognised are the KPIs `booked_revenue`, `net_sales` and
    `recognised_revenue` of the same period; the deductions are those of `finance.bridge`.

    Examples
    --------
    An order of December is received in January; another is cancelled:

    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({
    ...     "order_id": ["1", "2", "3"], "amount": [100.0, 40.0, 25.0],
    ...     "ordered_at": pd.to_datetime(["2025-12-05", "2025-12-30", "2025-12-31"]),
    ...     "recognised_at": pd.to_datetime(["2025-12-07", "2026-01-03", None]),
    ...     "status": ["delivered", "delivered", "cancelled"],
    ... })
    >>> with open_data({"orders": orders}) as data:
    ...     steps = recognition(data, start="2025-12-01", end="2026-01-01")
    >>> steps.set_index("step").amount.head(7).to_dict()
    {'booked': 165.0, 'cancelled': -25.0, 'ordered': 140.0, 'earlier': 0.0, 'later': -40.0,
     'pending': 0.0, 'received': 100.0}
    """
    period = Period.of(start, end)
    totals = compute(["booked_revenue", "net_sales"], data, start=period.start, end=period.end)
    (row,) = records(totals)
    booked, ordered = (float(row[name] or 0) for name in ("booked_revenue", "net_sales"))
    told = {"booked": booked, "ordered": ordered}
    steps = {
        "cancelled": ordered - booked if data.has("orders", "status") else math.nan,
        **_moved(data, period),
        **_deducted(data, period),
    }
    amounts, levels, level = [], [], 0.0
    for step in STEPS:
        is_subtotal = step in SUBTOTALS
        amount = told.get(step, level) if is_subtotal else steps[step]
        level = round(amount if is_subtotal else level + amount, 4)
        amounts.append(amount)
        levels.append(level)
    return pd.DataFrame({"step": STEPS, "amount": amounts, "level": levels})


def lacking_recognition(data: Data) -> list[str]:
    """Return what the data lack for the steps of `recognition`, as ``table.column``."""
    return list(missing_columns("recognised_revenue", data))


def _moved(data: Data, period: Period) -> dict[str, float]:
    """Return what is recognised in another period than it was ordered in."""
    if missing(FACTS["recognised"], ["occurred_at"], data):
        return dict.fromkeys(("earlier", "later", "pending"), math.nan)
    rows = FACTS["sales"].build(data, {"order_id", "ordered_at", "net_sales"})
    known = {"occurred_at": "occurred_at"}
    rows = attach(rows, recognitions(data), on=["order_id"], columns=known)

    def within(at: ir.TimestampValue) -> ir.BooleanValue:
        return ((at >= midnight(period.start)) & (at < midnight(period.end))).fill_null(False)

    placed, received = within(rows.ordered_at), within(rows.occurred_at)
    is_dated = rows.occurred_at.notnull()
    sums = {
        "earlier": rows.net_sales.sum(where=received & ~placed),
        "later": -rows.net_sales.sum(where=placed & ~received & is_dated),
        "pending": -rows.net_sales.sum(where=placed & ~is_dated),
    }
    sums = {name: total.fill_null(0).cast(MONEY) for name, total in sums.items()}
    found = collected(rows.aggregate(**sums), ()).iloc[0]
    return {name: float(found[name]) + 0.0 for name in sums}


def _deducted(data: Data, period: Period) -> dict[str, float]:
    steps = bridge(data, start=period.start, end=period.end).set_index("step")["amount"]
    return {name: float(steps[name]) for name in ("refunds", "allowances", "chargebacks")}


def by_month(data: Data, *, start: str | dt.date, end: str | dt.date) -> pd.DataFrame:
    """Follow what was booked and what is recognised, month by month.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end
        The first day of the period, and the day after its last.

    Returns
    -------
    pandas.DataFrame
        A row a whole month: ``period``, ``booked_revenue`` and ``recognised_revenue``, the KPIs;
        one that the data do not tell has no column. Months that the period cuts are left out: a
        part would pass for a small whole one.

    Raises
    ------
    ComputeError
        When `start` is not before `end`.
    """
    whole = whole_months(start, end)
    ids = ("booked_revenue", "recognised_revenue")
    told = [id for id in ids if not missing_columns(id, data)]
    if not (told and whole):
        return pd.DataFrame({"period": pd.to_datetime([])}).reindex(columns=["period", *told])
    months = compute(told, data, grain="month", start=whole[0], end=whole[1])
    return months if isinstance(months, pd.DataFrame) else collected(months, ["period"])


# --- Growth and shares ----------------------------------------------------------------------


def revenue_growth(revenue: float, previous: float) -> float | None:
    """Return by how much revenue grew on a period of comparison.

    Parameters
    ----------
    revenue, previous
        Revenue of the period, and of the period it is compared with, in the same money and
        measured by the same rule.

    Returns
    -------
    float or None
        ``revenue / previous - 1``, a fraction: 0.1 is 10 % more. None where the revenue compared
        with is not above 0, since a growth from nothing or from a loss says nothing.

    Examples
    --------
    >>> revenue_growth(550_000, 500_000)
    0.1
    >>> revenue_growth(10, 0) is None
    True
    """
    return (revenue - previous) / previous if previous > 0 else None


def revenue_share(segments: Frame, *, of: str = "revenue") -> Frame:
    """Return the part of the whole that each segment brings.

    Parameters
    ----------
    segments
        A row a segment, with its revenue.
    of
        The column of the revenue.

    Returns
    -------
    pandas.DataFrame or ibis.expr.types.Table
        The segments with ``share``, a fraction of the sum over all rows; in the order given on
        pandas, lazy on Ibis. Null where the whole is 0; a segment below 0 has a negative share.

    Raises
    ------
    ColumnError
        When the column is not there.

    Examples
    --------
    >>> import pandas as pd
    >>> by_channel = pd.DataFrame({"channel": ["web", "store"], "revenue": [300.0, 100.0]})
    >>> revenue_share(by_channel).share.tolist()
    [0.75, 0.25]
    """
    require(segments, [of], "segments")
    if isinstance(segments, ir.Table):
        return segments.mutate(share=ratio(segments[of], segments[of].sum()))
    whole = segments[of].sum()
    return segments.assign(share=segments[of] / (whole if whole else float("nan")))


# --- Like for like --------------------------------------------------------------------------


def like_for_like_growth(
    stores: Frame, *, since: str | dt.date, until: str | dt.date
) -> float | None:
    """Return the growth of the stores that were open throughout both periods.

    Parameters
    ----------
    stores
        A row a store, as `stores_compared` gives: ``opened_on``, ``closed_on`` (null while open),
        ``revenue_before`` and ``revenue``.
    since, until
        The first day of the period before, and the day after the last of the period.

    Returns
    -------
    float or None
        ``revenue / revenue before - 1`` over stores that opened on `since` at the latest, and did
        not close before `until`; a fraction. None where those stores sold nothing before.

    Raises
    ------
    ColumnError
        When a column is not there.
    ComputeError
        When `since` is not before `until`.

    Notes
    -----
    What stores opened or closed since bring, or no longer do, is growth of the network, not of the
    shops that were there. Days of works within the periods are not known, and count as open.

    Examples
    --------
    The total grew by 20 %, the two stores that were there by 5 %:

    >>> import pandas as pd
    >>> stores = pd.DataFrame({
    ...     "store_id": ["A", "B", "C"],
    ...     "opened_on": pd.to_datetime(["2019-03-01", "2021-06-01", "2025-04-01"]),
    ...     "closed_on": pd.to_datetime([None, None, None]),
    ...     "revenue_before": [600.0, 400.0, 0.0],
    ...     "revenue": [630.0, 420.0, 150.0],
    ... })
    >>> like_for_like_growth(stores, since="2024-01-01", until="2026-01-01")
    0.05
    """
    require(stores, ["opened_on", "closed_on", "revenue_before", "revenue"], "stores")
    first, last = day(since, name="since"), day(until, name="until")
    if first >= last:
        raise ComputeError(f"since == {first}, must be before until == {last}")

    def sums(rows: ir.Table) -> ir.Table:
        rows = rows.filter(is_open(rows, first, last))
        return rows.aggregate(
            before=rows.revenue_before.cast(MONEY).sum().fill_null(0),
            now=rows.revenue.cast(MONEY).sum().fill_null(0),
        )

    total = _numbers(same_kind(stores, sums))
    return revenue_growth(total["now"], total["before"])


def _numbers(frame: Frame) -> dict[str, float]:
    """Return the one row of a query as numbers."""
    (row,) = records(frame)
    return {name: float(value) for name, value in row.items()}


# --- Effects, one by one --------------------------------------------------------------------


def volume_effect(items: Frame) -> float:
    """Return what the change in units alone would have brought; see `price_volume_mix`.

    Examples
    --------
    >>> import pandas as pd
    >>> items = pd.DataFrame({
    ...     "quantity_before": [10], "revenue_before": [200.0],
    ...     "quantity": [12], "revenue": [264.0],
    ... })
    >>> volume_effect(items), mix_effect(items), price_effect(items)
    (40.0, 0.0, 24.0)
    """
    return price_volume_mix(items).volume


def mix_effect(items: Frame) -> float:
    """Return what the shift between dearer and cheaper products brought; see `price_volume_mix`."""
    return price_volume_mix(items).mix


def price_effect(items: Frame) -> float:
    """Return what the change in prices brought on the units sold; see `price_volume_mix`."""
    return price_volume_mix(items).price
