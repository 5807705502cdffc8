"""Facts of the contribution margin: sales, the costs that follow them, and those that do not.

Goods, fees and parcels count when their order was placed, so that a period's costs are those of
its sales. What a promotion cost, less what suppliers paid of it, counts in equal parts a day.

A line counts where its price and all its costs are known: its goods, the fee of its order, its
parcels and its promotion. A cost of 0 is known, an empty one is not. Where some lines do not count,
fees, parcels and promotions count for the part that falls on the others, in proportion to net
sales: a margin compares sales with their own costs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from marketing_kpi.kpis.facts.base import MONEY, Column, Fact, attach, has, valid_orders
from marketing_kpi.kpis.facts.sales import SALES
from marketing_kpi.kpis.facts.service import parcel_costs
from marketing_kpi.kpis.periods import midnight

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data

_DECIMALS = 4  # of MONEY
SOLD = ("net_sales", "costed_sales", "cost")
ADDED = ("fulfilment_cost", "payment_cost", "promotion_cost")
"""Variable costs beside the goods."""

_FIXED = ("fixed_cost", "days")


def _contribution(data: Data, columns: Collection[str]) -> ir.Table:
    """Return the lines sold, fees, parcels and days of promotions, each with its amounts."""
    import ibis

    measures = [name for name in (*SOLD, *ADDED, *_FIXED) if name in columns]
    parts = []
    if {*SOLD} & {*measures}:
        parts.append(_padded(_sold(data, {*SOLD} & {*measures}), measures))
    parts += [_padded(make(data), measures) for name, make in _MAKERS.items() if name in measures]
    rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return rows.select(*sorted(columns))


def _padded(part: ir.Table, measures: Sequence[str]) -> ir.Table:
    """Return the measures of a part, and nulls for those of the others."""
    import ibis

    amounts = {
        name: part[name].cast(MONEY) if name in part.columns else ibis.null(MONEY)
        for name in measures
    }
    return part.select(occurred_at=part.occurred_at.cast("timestamp"), **amounts)


def _sold(data: Data, measures: Collection[str]) -> ir.Table:
    """Return a row a line sold; costed sales and cost where its price and all costs are known."""
    if not {"cost", "costed_sales"} & {*measures}:
        rows = SALES.build(data, {"ordered_at", "net_sales"})
        return rows.mutate(occurred_at=rows.ordered_at)
    rows = with_costs(data, {"ordered_at"})
    return rows.mutate(
        occurred_at=rows.ordered_at,
        costed_sales=rows.is_costed.ifelse(rows.net_sales, None),
        cost=rows.is_costed.ifelse(rows.cost, None),
    )


def both_known(lines: ir.Table) -> ir.BooleanValue:
    """Return whether both the price of a line and the cost of its goods are known."""
    return lines.cost.notnull() & lines.net_sales.notnull()


def with_costs(data: Data, columns: Collection[str]) -> ir.Table:
    """Return the lines sold, and whether all that their contribution is made of is known.

    Parameters
    ----------
    data
        What `open_data` returns, with the cost of lines or products.
    columns
        Columns of `sales` to read beside net_sales and cost.

    Returns
    -------
    ibis.Table
        The columns, net_sales, cost and is_costed: whether the price of the line, the cost of its
        goods, the fee of its order, the costs of its parcels and that of its promotion are known. A
        cost of which the data have no column makes no line unknown.
    """
    unknown = uncosted(data)
    keys = {rows.columns[0] for rows in unknown.values()}
    lines = SALES.build(data, {*columns, "ordered_at", "net_sales", "cost", *keys})
    for cost, rows in unknown.items():
        (key,) = rows.columns
        lines = attach(lines, rows.mutate(is_unknown=True), on=[key], columns={cost: "is_unknown"})
    is_costed = both_known(lines)
    for cost in unknown:
        is_costed &= lines[cost].isnull()
    read = sorted({*columns, "net_sales", "cost"})
    return lines.mutate(is_costed=is_costed).select(*read, "is_costed")


def uncosted(data: Data) -> dict[str, ir.Table]:
    """Return, by cost of `ADDED` that the data have, the orders or promotions of an unknown one.

    Tables of one column, order_id or promotion_id.
    """
    found = {}
    for cost, rows in _owed(data).items():
        unknown = rows.filter(rows.is_unknown)
        if "promotion_id" not in rows.columns:
            found[cost] = unknown.select("order_id").distinct()
        elif has(data, "order_lines.promotion_id"):
            found[cost] = unknown.select("promotion_id").distinct()
    return found


def owing(data: Data, *, start: dt.date, end: dt.date) -> dict[str, ir.Table]:
    """Return, by cost of `ADDED` that the data have, a row a parcel, order or promotion it is of.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end
        First day, and the day after the last: the orders placed and promotions run in between.

    Returns
    -------
    dict
        Tables with is_unknown: whether the cost is empty.
    """
    first, after = midnight(start), midnight(end)
    return {
        cost: rows.filter(rows.begins < after, rows.ends >= first)
        for cost, rows in _owed(data).items()
    }


def _owed(data: Data) -> dict[str, ir.Table]:
    """Return all parcels, orders and promotions: key, begins, ends, is_unknown."""
    found = {}
    orders = valid_orders(data)
    placed = orders.select("order_id", begins=orders.ordered_at, ends=orders.ordered_at)
    if has(data, "shipments.order_id + shipments.transport_cost"):
        rows = data.table("shipments")
        rows = rows.select("order_id", is_unknown=_is_unknown_of_parcel(rows))
        found["fulfilment_cost"] = rows.inner_join(placed, "order_id")
    if has(data, "orders.payment_fee"):
        fee = orders.payment_fee
        found["payment_cost"] = orders.select(
            "order_id", begins=orders.ordered_at, ends=orders.ordered_at, is_unknown=fee.isnull()
        )
    if has(data, "promotions.starts_on + promotions.cost"):
        rows = data.table("promotions")
        begins = rows.starts_on.cast("timestamp")
        ends = rows.ends_on.cast("timestamp") if "ends_on" in rows.columns else begins
        found["promotion_cost"] = rows.select(
            "promotion_id",
            begins=begins,
            ends=ends.fill_null(begins),
            is_unknown=rows.cost.isnull(),
        )
    return found


def _is_unknown_of_parcel(parcels: ir.Table) -> ir.BooleanValue:
    """Return whether the transport or, where the data have it, the packaging cost is empty."""
    is_unknown = parcels.transport_cost.isnull()
    if "packaging_cost" in parcels.columns:
        is_unknown |= parcels.packaging_cost.isnull()
    return is_unknown


def costed_shares(data: Data, *, over: str) -> ir.Table:
    """Return the part of each order or promotion whose price and costs are all known.

    Parameters
    ----------
    data
        What `open_data` returns, with the cost of lines or products.
    over
        ``order_id`` or ``promotion_id``.

    Returns
    -------
    ibis.Table
        `over` and share, in 0-1: by net sales (below 0 counts as 0), or by lines where these are
        all 0.
    """
    import ibis

    lines = with_costs(data, {over})
    lines = lines.filter(lines[over].notnull())
    weighs = ibis.greatest(lines.net_sales.cast("float64").fill_null(0), 0)
    is_costed = lines.is_costed.cast("int32")
    sums = lines.mutate(weighs=weighs, costed=weighs * is_costed, known=is_costed).group_by(over)
    rows = sums.aggregate(
        sold=lambda t: t.weighs.sum(),
        costed=lambda t: t.costed.sum(),
        by_lines=lambda t: t.known.sum() / t.count(),
    )
    share = ibis.ifelse(rows.sold > 0, rows.costed / rows.sold.nullif(0), rows.by_lines)
    return rows.select(over, share=share)


def _costed(amount: ir.Value, share: ir.Value) -> ir.Value:
    return (amount.cast("float64") * share).round(_DECIMALS).cast(MONEY)


def fees(data: Data) -> ir.Table:
    """Return a row an order: order_id, occurred_at and the costed part of its payment_cost."""
    shares = costed_shares(data, over="order_id")
    rows = attach(valid_orders(data), shares, on=["order_id"], columns={"share": "share"})
    part = _costed(rows.payment_fee, rows.share.fill_null(0))
    return rows.select("order_id", occurred_at=rows.ordered_at, payment_cost=part)


def parcels(data: Data) -> ir.Table:
    """Return a row a parcel: order_id, occurred_at and the costed part of its fulfilment_cost."""
    shares = costed_shares(data, over="order_id")
    rows = attach(parcel_costs(data), shares, on=["order_id"], columns={"share": "share"})
    part = _costed(rows.fulfilment_cost, rows.share.fill_null(0))
    return rows.select("order_id", occurred_at=rows.ordered_at, fulfilment_cost=part)


def promotion_days(data: Data) -> ir.Table:
    """Return a row a promotion and day: its costed part of what the shop itself paid for it.

    Parameters
    ----------
    data
        What `open_data` returns, with the dates and costs of promotions.

    Returns
    -------
    ibis.Table
        promotion_id, occurred_at (midnight of the day) and promotion_cost: equal parts of the cost
        less the supplier's funding, as differences of rounded running totals, so that they add up
        to it. A promotion without an end lasts a day; one of an unknown cost has no row. Of one on
        which lines of an unknown price or cost were sold, the part that falls on the others; one on
        which nothing was sold counts whole.
    """
    import ibis

    rows = data.table("promotions")
    rows = rows.filter(rows.cost.notnull(), rows.starts_on.notnull())
    funding = rows.supplier_funding.fill_null(0) if "supplier_funding" in rows.columns else 0
    lasts = ibis.literal(1)
    if "ends_on" in rows.columns:
        days = rows.ends_on.delta(rows.starts_on, unit="day") + 1
        lasts = ibis.greatest(days.fill_null(1), 1)
    paid = (rows.cost - funding).cast("float64")
    if has(data, "order_lines.promotion_id"):
        shares = costed_shares(data, over="promotion_id")
        rows = attach(
            rows.mutate(paid=paid), shares, on=["promotion_id"], columns={"share": "share"}
        )
        paid = rows.paid * rows.share.fill_null(1)
    spread = rows.select(
        "promotion_id",
        starts_at=rows.starts_on.cast("timestamp"),
        paid=paid,
        lasts=lasts,
    )
    spread = spread.mutate(passed=ibis.range(0, spread.lasts).unnest())

    def until(days: ir.IntegerValue) -> ir.Value:
        return (spread.paid * days / spread.lasts).round(_DECIMALS).cast(MONEY)

    return spread.select(
        "promotion_id",
        occurred_at=spread.starts_at + spread.passed.as_interval("D"),
        promotion_cost=(until(spread.passed + 1) - until(spread.passed)).cast(MONEY),
    )


def _months(data: Data) -> ir.Table:
    """Return a row a month: its fixed costs, and how many days it has."""
    rows = data.table("fixed_costs")
    rows = rows.filter(rows.amount.notnull())
    first = rows.month.cast("timestamp").truncate("M")
    return rows.group_by(occurred_at=first).aggregate(fixed_cost=rows.amount.sum())


def _month_days(data: Data) -> ir.Table:
    import ibis

    rows = _months(data)
    first = rows.occurred_at.date()
    after = (first + ibis.interval(months=1)).cast("date")
    return rows.select("occurred_at", days=after.delta(first, unit="day"))


_MAKERS: Mapping[str, Callable[[Data], ir.Table]] = MappingProxyType(
    {
        "fulfilment_cost": parcels,
        "payment_cost": fees,
        "promotion_cost": promotion_days,
        "fixed_cost": _months,
        "days": _month_days,
    }
)


def _break_even(data: Data, columns: Collection[str]) -> ir.Table:
    """Return the rows of `contribution` in months whose fixed costs are known, and these costs."""
    rows = _contribution(data, {"occurred_at", *columns})
    rows = rows.mutate(month=rows.occurred_at.truncate("M"))
    told = _months(data).select(month="occurred_at", is_told=True)
    rows = attach(rows, told, on=["month"], columns={"is_told": "is_told"})
    return rows.filter(rows.is_told.notnull()).select(*sorted(columns))


def _measure(*needs: str) -> Column:
    return Column(MONEY, needs, measure=True)


_OF_SALES = SALES.events["net_sales"].needs
_OF_GOODS = SALES.events["cost"].needs
_COSTED = (*_OF_SALES, *_OF_GOODS)
CONTRIBUTION = Fact(
    name="contribution",
    grain="a line sold, a payment's fee, a parcel or a day of a promotion",
    time="occurred_at",
    events={
        "occurred_at": Column("timestamp", ("orders.ordered_at",)),
        "net_sales": _measure(*_OF_SALES),
        "costed_sales": _measure(*_COSTED),
        "cost": _measure(*_COSTED),
        "fulfilment_cost": _measure("shipments.order_id", "shipments.transport_cost", *_COSTED),
        "payment_cost": _measure("orders.payment_fee", *_COSTED),
        "promotion_cost": _measure("promotions.starts_on", "promotions.cost", *_COSTED),
    },
    build=_contribution,
    tables=(),
)
_TOLD = ("fixed_costs.month", "fixed_costs.amount")
BREAK_EVEN = replace(
    CONTRIBUTION,
    name="break_even",
    grain="a row of `contribution` in a month of known fixed costs, or these costs",
    events={
        **CONTRIBUTION.events,
        "fixed_cost": _measure(*_TOLD),
        "days": _measure(*_TOLD),
    },
    build=_break_even,
    whole_months=True,
)
