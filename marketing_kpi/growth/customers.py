"""Customers of two periods: who brings growth, and how much rests on the first of them."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import ibis
import numpy as np
import numpy.typing as npt
import pandas as pd

from marketing_kpi.growth.sides import Comparison, known, require_sales
from marketing_kpi.kpis.extent import extent
from marketing_kpi.kpis.facts import FACTS, MONEY, first_orders
from marketing_kpi.kpis.facts.base import attach
from marketing_kpi.kpis.periods import midnight
from marketing_kpi.worth.common import collected

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data
    from marketing_kpi.kpis.periods import Periods

KINDS = ("kept", "new", "other", "silent", "unidentified")
"""Customers of both periods, new ones, others who did not buy in the period before, those who buy
no more, and orders of nobody known."""

TOPS = (0.01, 0.05, 0.1, 0.2, 0.5)
"""Shares of customers or products of which `concentration` says what they bring."""


class Sources(NamedTuple):
    """Which customers growth comes from.

    Attributes
    ----------
    kinds
        A row a kind of `KINDS` that brought something in either period: ``kind``, ``customers``
        (null of orders of nobody known), ``revenue_before``, ``revenue``, ``change`` and
        ``contribution``, the change over the net sales of all the period before; they add up to
        the growth of the whole.
    since
        The day that the data begin; who bought before it only, passes for new unless their
        registration tells otherwise. Null without an order.
    """

    kinds: pd.DataFrame
    since: dt.date | None


def by_customers(data: Data, *, periods: Periods) -> Sources:
    """Part the change of revenue between new customers, old ones, and those who no longer buy.

    Parameters
    ----------
    data
        What `open_data` returns, with customers.
    periods
        What `periods` returns, with a period to compare with.

    Returns
    -------
    Sources
        See its attributes. ``kept``: bought in both periods. ``new``: their first order is in the
        period. ``other``: bought in the period and not in the one before, but at another time
        (or registered before the data begin, so that their first order is not known).
        ``silent``: bought in the period before and not in this one; what was given back to others
        who bought in neither is here too, and they are not counted. A credit is no purchase.

    Raises
    ------
    ComputeError
        When there is no period to compare with.
    MissingDataError
        When the data lack net sales or customers.

    Examples
    --------
    >>> import marketing_kpi as mk
    >>> orders = pd.DataFrame({
    ...     "order_id": list("1234"), "customer_id": list("ABAC"),
    ...     "ordered_at": pd.to_datetime(["2024-05-01"] * 2 + ["2025-05-01"] * 2),
    ...     "amount": [100.0, 50.0, 120.0, 60.0],
    ... })
    >>> with mk.open_data({"orders": orders}) as data:
    ...     found = by_customers(data, periods=mk.periods(as_of="2026-01-01"))
    >>> found.kinds[["kind", "customers", "change"]].values.tolist()
    [['kept', 1, 20.0], ['new', 1, 60.0], ['silent', 1, -50.0]]
    """
    spans = Comparison.of(periods)
    rows = _customers(data, spans)
    acquired = first_orders(data)
    rows = attach(rows, acquired, on=["customer_id"], columns={"first_order": "first_order"})
    in_both = rows.bought & rows.bought_before
    is_new = rows.bought & (rows.first_order >= midnight(spans.start)).fill_null(False)
    kind = ibis.cases(
        (rows.customer_id.isnull(), "unidentified"),
        (in_both, "kept"),
        (is_new, "new"),
        (rows.bought, "other"),
        else_="silent",
    )
    sums = rows.mutate(kind=kind).group_by("kind")
    found = sums.aggregate(
        customers=lambda table: table.customer_id.count(where=table.bought | table.bought_before),
        revenue_before=lambda table: table.revenue_before.sum().cast(MONEY),
        revenue=lambda table: table.revenue.sum().cast(MONEY),
    )
    kinds = collected(found, ()).set_index("kind")
    kinds = kinds.reindex([name for name in KINDS if name in kinds.index]).reset_index()
    kinds["customers"] = kinds["customers"].astype("Int64").mask(kinds["kind"] == "unidentified")
    change = kinds["revenue"] - kinds["revenue_before"]
    total = math.fsum(kinds["revenue_before"])
    kinds = kinds.assign(change=change, contribution=change / (total if total else math.nan))
    return Sources(kinds, extent(data, before=spans.end)[0])


def _customers(data: Data, spans: Comparison) -> ir.Table:
    """Return a row a customer, and one for nobody known: net sales of both periods."""
    require_sales(data, ["customer_id"])
    rows = FACTS["sales"].build(data, {"customer_id", "ordered_at", "net_sales", "bought"})
    rows = rows.mutate(
        is_before=(rows.ordered_at >= midnight(spans.since))
        & (rows.ordered_at < midnight(spans.until)),
        is_now=(rows.ordered_at >= midnight(spans.start)) & (rows.ordered_at < midnight(spans.end)),
    )
    rows = rows.filter(rows.is_before | rows.is_now)
    return rows.group_by("customer_id").aggregate(
        revenue_before=rows.net_sales.sum(where=rows.is_before).fill_null(0).cast(MONEY),
        revenue=rows.net_sales.sum(where=rows.is_now).fill_null(0).cast(MONEY),
        bought_before=(rows.bought & rows.is_before).any(),
        bought=(rows.bought & rows.is_now).any(),
    )


class Concentration(NamedTuple):
    """How much of the revenue rests on the first customers, or the first products.

    Attributes
    ----------
    members
        How many customers or products there are: those that sold for more than 0 in the period.
    revenue
        Their net sales.
    half
        How many of the first bring half of it; null without any.
    largest
        The share of the very first; null without any.
    tops
        A row a share of `TOPS`: ``top`` (that share), ``members``, ``revenue``, ``share`` of the
        revenue, and ``share_of_former``: what those who were so far ahead in the period *before*
        bring of this one. Null without a period to compare with.
    curve
        The first so many (``members_share``) bring so much (``revenue_share``): 101 points, from
        0 to 1.
    """

    members: int
    revenue: float
    half: int | None
    largest: float | None
    tops: pd.DataFrame
    curve: pd.DataFrame


def concentration(data: Data, *, periods: Periods, of: str = "customer_id") -> Concentration:
    """Say how much of the revenue rests on the first customers, or the first products.

    Parameters
    ----------
    data
        What `open_data` returns.
    periods
        What `periods` returns.
    of
        ``"customer_id"``, ``"product_id"`` or any dimension of net sales; sales of which it is
        not known are left out.

    Returns
    -------
    Concentration
        See its attributes. The top is ``ceil(share x members)`` members, as in the KPI
        `top_customers_share`.

    Raises
    ------
    ComputeError
        When the dimension is not known.
    MissingDataError
        When the data lack net sales or the dimension.

    Notes
    -----
    An account of the period: to take its customers for a sample of those the shop could have had,
    see `rfm.top_share`, which has the interval. Who was first in a period owes it to chance in
    part: ``share_of_former`` is what the same members bring next, and is lower. Where several were
    level at the border, they count for their mean.

    Examples
    --------
    >>> import marketing_kpi as mk
    >>> orders = pd.DataFrame({
    ...     "order_id": list("12345"), "customer_id": list("ABCDE"),
    ...     "ordered_at": pd.Timestamp("2025-05-01"), "amount": [60.0, 20.0, 10.0, 5.0, 5.0],
    ... })
    >>> with mk.open_data({"orders": orders}) as data:
    ...     found = concentration(data, periods=mk.periods(as_of="2026-01-01"))
    >>> found.half, found.largest, found.tops.share.tolist()
    (1, 0.6, [0.6, 0.6, 0.6, 0.6, 0.9])
    """
    require_sales(data, [of])
    rows = FACTS["sales"].build(data, {of, "ordered_at", "net_sales"})
    rows = rows.filter(rows[of].notnull())
    now, before = (
        rows.net_sales.sum(where=_within(rows, start, end)).fill_null(0).cast("float64")
        for start, end in (
            (periods.start, periods.end),
            (periods.previous_start, periods.previous_end),
        )
    )
    totals = rows.group_by(of).aggregate(now=now, before=before)
    found = totals.filter((totals.now != 0) | (totals.before != 0)).to_pandas()
    return _concentration(
        found["now"].to_numpy("float64"),
        None if periods.previous_start is None else found["before"].to_numpy("float64"),
    )


def concentrations(data: Data, *, periods: Periods) -> dict[str, Concentration]:
    """Return the concentration of customers and of products, of those that the data tell.

    Parameters
    ----------
    data
        What `open_data` returns.
    periods
        What `periods` returns.

    Returns
    -------
    dict
        What `concentration` returns, by ``"customers"`` and ``"products"``.
    """
    members = {"customers": "customer_id", "products": "product_id"}
    return {
        name: concentration(data, periods=periods, of=of)
        for name, of in members.items()
        if known(data, [of])
    }


def _within(rows: ir.Table, start: dt.date | None, end: dt.date | None) -> ir.BooleanValue:
    if start is None or end is None:
        return ibis.literal(False)
    return (rows.ordered_at >= midnight(start)) & (rows.ordered_at < midnight(end))


_Amounts = npt.NDArray[np.float64]


def _concentration(now: _Amounts, before: _Amounts | None) -> Concentration:
    amounts = np.sort(now[now > 0])[::-1]
    members, revenue = len(amounts), math.fsum(amounts)
    reached = np.concatenate([[0.0], np.cumsum(amounts)])
    former, buyers = _ahead_before(now, before)
    rows = []
    for top in TOPS:
        few = _first(top, members)
        of_former = former[_first(top, buyers)] / revenue if buyers and members else math.nan
        share = reached[few] / revenue if members else math.nan
        rows.append((top, few, float(reached[few]), share, of_former))
    columns = ["top", "members", "revenue", "share", "share_of_former"]
    grid = np.linspace(0, 1, 101)
    at = np.interp(grid * members, np.arange(members + 1), reached)
    return Concentration(
        members=members,
        revenue=revenue,
        half=int(np.searchsorted(reached, revenue / 2)) if members else None,
        largest=float(amounts[0] / revenue) if members else None,
        tops=pd.DataFrame(rows, columns=columns),
        curve=pd.DataFrame(
            {"members_share": grid, "revenue_share": at / revenue if members else math.nan}
        ),
    )


def _first(share: float, members: int) -> int:
    return math.ceil(Decimal(str(share)) * members)


def _ahead_before(now: _Amounts, before: _Amounts | None) -> tuple[_Amounts, int]:
    """Return what the first of the period before bring now, one by one, and how many they were."""
    if before is None:
        return np.zeros(1), 0
    was = before > 0
    earlier, later = before[was], now[was]
    _values, level = np.unique(-earlier, return_inverse=True)
    shared = np.bincount(level, weights=later) / np.maximum(np.bincount(level), 1)
    brought = shared[np.sort(level)]
    return np.concatenate([[0.0], np.cumsum(brought)]), len(earlier)
