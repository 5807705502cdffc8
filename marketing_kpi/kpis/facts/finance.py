"""Facts of the shop's money: what sales are once credits, disputes and the ledger have spoken.

Refunds, allowances and lost chargebacks count at their own date, and so do sales: when they were
ordered, or when their revenue is recognised. Of orders that are not valid nothing counts, neither
the sale nor what was given back for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from marketing_kpi.kpis.facts.base import (
    CANCELLED,
    MONEY,
    NEVER_SALES,
    Column,
    Fact,
    attach,
    copied,
    dimension,
    first_known,
    from_table,
    home,
    homes_of,
    missing,
    stands,
    with_dimensions,
)
from marketing_kpi.kpis.facts.customers import unit_keys
from marketing_kpi.kpis.facts.sales import ORDERS, RETURNS, SALES, every_return

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data

RETENTION_MONTHS = 12
"""Revenue retention compares so many months with as many before them."""

_SOLD = ("gross_sales", "net_sales")
_CREDITED = ("refunds_and_allowances", "allowances")
_DISPUTED = ("lost_chargebacks",)
_MEASURES = (*_SOLD, *_CREDITED, *_DISPUTED)


# --- Disputes -------------------------------------------------------------------------------


def _chargebacks(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row a dispute of a valid order, or of one that is not known."""
    import ibis

    homes = homes_of(CHARGEBACKS, columns, data)
    orders = data.table("orders")
    orders = orders.mutate(stands=ibis.and_(*stands(orders, without=CANCELLED + NEVER_SALES)))
    disputes = data.table("chargebacks")
    own = {new: disputes[old] for new, old in from_table(homes, "chargebacks").items()}
    rows = attach(
        disputes.select(**{**own, "order_id": disputes.order_id}),
        orders,
        on=["order_id"],
        columns={**from_table(homes, "orders"), "orders__stands": "stands"},
    )
    rows = rows.filter(rows["orders__stands"].fill_null(True))
    return with_dimensions(rows, data, homes).select(*sorted(columns))


def _orders_and_disputes(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row a valid order, and whether anyone disputed its payment, whatever came of it."""
    rows = ORDERS.build(data, ({*columns} - {"charged_back"}) | {"order_id"})
    disputed = data.table("chargebacks").select("order_id", charged_back=True).distinct()
    rows = attach(rows, disputed, on=["order_id"], columns={"charged_back": "charged_back"})
    return rows.mutate(charged_back=rows.charged_back.fill_null(False)).select(*sorted(columns))


# --- Sales and what is deducted from them -----------------------------------------------------


def _sales_and_deductions(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row a line ordered, a return, an allowance or a lost dispute."""
    return _stacked(data, columns, _when_ordered)


def _recognised(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row a line of which the revenue is recognised, a credit or a lost dispute."""
    return _stacked(data, columns, _when_recognised)


_Maker = Callable[["Data", "Collection[str]"], "ir.Table"]


def _stacked(data: Data, columns: Collection[str], sales: _Maker) -> ir.Table:
    import ibis

    measures = [name for name in _MEASURES if name in columns]
    dimensions = sorted({*columns} - {"occurred_at", *_MEASURES})
    makers: Mapping[tuple[str, ...], _Maker] = {
        _SOLD: sales,
        _CREDITED: _credits,
        _DISPUTED: _lost_disputes,
    }
    parts = []
    for of_part, make in makers.items():
        if read := [name for name in of_part if name in measures]:
            rows = make(data, {*dimensions, *read})
            parts.append(_padded(rows, dimensions, measures))
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _padded(rows: ir.Table, dimensions: Sequence[str], measures: Sequence[str]) -> ir.Table:
    """Return rows with nulls for the measures of the other parts."""
    import ibis

    amounts = {
        name: rows[name].cast(MONEY) if name in rows.columns else ibis.null(MONEY)
        for name in measures
    }
    at = rows.occurred_at.cast("timestamp")
    return rows.select(*dimensions, **amounts, occurred_at=at)


def _when_ordered(data: Data, columns: Collection[str]) -> ir.Table:
    rows = SALES.build(data, {"ordered_at", *columns})
    return rows.mutate(occurred_at=rows.ordered_at)


def _when_recognised(data: Data, columns: Collection[str]) -> ir.Table:
    """Return the lines sold of which the revenue is recognised, at that moment."""
    rows = SALES.build(data, {"order_id", *columns})
    known = {"occurred_at": "occurred_at"}
    rows = attach(rows, recognitions(data), on=["order_id"], columns=known)
    return rows.filter(rows.occurred_at.notnull())


def recognitions(data: Data) -> ir.Table:
    """Return when each order's revenue is recognised: as it says, or when all of it was delivered.

    Null while a parcel is under way, and where neither is told.
    """
    orders = data.table("orders")
    if data.has("shipments", "order_id", "delivered_at"):
        orders = attach(orders, _arrivals(data), on=["order_id"], columns={"arrived": "arrived"})
    told = [name for name in ("recognised_at", "arrived") if name in orders.columns]
    at = first_known([orders[name].cast("timestamp") for name in told])
    return orders.select("order_id", occurred_at=at)


def _arrivals(data: Data) -> ir.Table:
    """Return when the last parcel of each order was delivered; null while one is under way."""
    import ibis

    parcels = data.table("shipments")
    complete = parcels.count() == parcels.delivered_at.count()
    last = complete.ifelse(parcels.delivered_at.max(), ibis.null("timestamp"))
    return parcels.group_by("order_id").aggregate(arrived=last)


def _credits(data: Data, columns: Collection[str]) -> ir.Table:
    """Return the returns and allowances, with what was refunded for each."""
    dimensions = {*columns} - {*_CREDITED}
    kind = {"kind"} if "allowances" in columns else set()
    rows = every_return(data, {"returned_at", "refund_amount", *kind, *dimensions})
    amounts = {"refunds_and_allowances": rows.refund_amount}
    if kind:
        amounts["allowances"] = (rows.kind == "allowance").ifelse(rows.refund_amount, None)
    wanted = {name: amount for name, amount in amounts.items() if name in columns}
    return rows.mutate(occurred_at=rows.returned_at, **wanted)


def _lost_disputes(data: Data, columns: Collection[str]) -> ir.Table:
    """Return the disputes lost; they have no line, so that what a line tells is null."""
    import ibis

    dimensions = {*columns} - {*_DISPUTED}
    told = {
        name
        for name in dimensions
        if home(CHARGEBACKS, name, data) and not missing(CHARGEBACKS, [name], data)
    }
    rows = CHARGEBACKS.build(data, {"opened_at", "amount", "outcome", *told})
    rows = rows.filter(rows.outcome == "lost")
    unknown = {name: ibis.null(_type_of(name, data)) for name in sorted(dimensions - told)}
    return rows.mutate(occurred_at=rows.opened_at, lost_chargebacks=rows.amount, **unknown)


def _type_of(name: str, data: Data) -> str:
    """Return the Ibis type of a dimension of sales: that of the column it is copied from."""
    place = home(SALES, name, data)
    return str(data.table(place[0])[place[1]].type()) if place else SALES.events[name].type


# --- What was lost on the way from gross to net -----------------------------------------------


def _leaks(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row an amount that left gross sales, with its cause and its reason.

    Of the causes that the data tell: the KPI needs all of them, an analysis shows those there are.
    """
    import ibis

    dimensions = {*columns} - {"occurred_at", "amount", "cause", "reason"}
    parts = []
    for rows in _leaking(data, dimensions, "reason" in columns):
        reason = rows.reason if "reason" in rows.columns else ibis.null("string")
        every = rows.select(
            *sorted(dimensions),
            reason=reason,
            cause=rows.cause,
            amount=rows.amount.cast(MONEY),
            occurred_at=rows.occurred_at.cast("timestamp"),
        )
        parts.append(every.select(*sorted(columns)))
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _leaking(data: Data, dimensions: Collection[str], reason: bool) -> Iterator[ir.Table]:
    """Yield the rows of each kind of leak that the data tell."""
    if not missing(SALES, _SOLD, data):
        yield _discounts(data, dimensions)
    if not missing(SALES_AND_DEDUCTIONS, ["refunds_and_allowances"], data):
        yield _credited(data, dimensions, reason)
    if not missing(SALES_AND_DEDUCTIONS, _DISPUTED, data):
        yield _charged_back(data, dimensions, reason)


def _discounts(data: Data, dimensions: Collection[str]) -> ir.Table:
    """Return the lines sold below their list price, or above it, where both are known."""
    import ibis

    rows = _when_ordered(data, {*dimensions, "gross_sales", "net_sales"})
    rows = rows.mutate(amount=rows.gross_sales - rows.net_sales, cause=ibis.literal("discount"))
    return rows.filter(rows.amount != 0)


def _credited(data: Data, dimensions: Collection[str], reason: bool) -> ir.Table:
    """Return the refunds of returns and the allowances; all are returns where no kind is told."""
    import ibis

    known = {"reason"} if reason and data.has("returns", "reason") else set()
    kinds = {"allowances"} if data.has("returns", "kind") else set()
    rows = _credits(data, {"refunds_and_allowances", *kinds, *dimensions, *known})
    is_allowance = (rows.kind == "allowance").fill_null(False) if kinds else ibis.literal(False)
    return rows.mutate(
        amount=rows.refunds_and_allowances,
        cause=is_allowance.ifelse(ibis.literal("allowance"), ibis.literal("return")),
    )


def _charged_back(data: Data, dimensions: Collection[str], reason: bool) -> ir.Table:
    import ibis

    known = {"reason"} if reason and data.has("chargebacks", "reason") else set()
    rows = _lost_disputes(data, {"lost_chargebacks", *dimensions, *known})
    return rows.mutate(amount=rows.lost_chargebacks, cause=ibis.literal("chargeback"))


# --- Customers' revenue, and the ledger -------------------------------------------------------


def _retained_revenue(events: ir.Table, keys: Sequence[str], _columns: Collection[str]) -> ir.Table:
    """Return a row an identified customer: net revenue of the last 12 months, and of those before.

    Each event has the `period_end` of its period, and only events of the 24 months to it are there.
    """
    import ibis

    events = events.filter(events.customer_id.notnull())
    # A date, since some engines add months to dates only.
    begun = (events.period_end.date() - ibis.interval(months=RETENTION_MONTHS)).cast("timestamp")
    is_recent = events.occurred_at >= begun
    revenue = net_of_deductions(
        events.net_sales, events.refunds_and_allowances, events.lost_chargebacks
    )
    return events.group_by(unit_keys(keys)).aggregate(
        revenue_before=revenue.sum(where=~is_recent).fill_null(0).cast(MONEY),
        revenue_now=revenue.sum(where=is_recent).fill_null(0).cast(MONEY),
    )


def net_of_deductions(
    net_sales: ir.NumericValue, refunds: ir.NumericValue, chargebacks: ir.NumericValue
) -> ir.NumericValue:
    """Take refunds, allowances and lost chargebacks off net sales; what is not there is 0."""
    return net_sales.fill_null(0) - refunds.fill_null(0) - chargebacks.fill_null(0)


def _books(data: Data, columns: Collection[str]) -> ir.Table:
    """Return what we recognise, and what the ledger says of the month, where it says something."""
    import ibis

    ledger = data.table("ledger")
    ledger = ledger.filter(ledger.account == "revenue", ledger.amount.notnull())
    ledger = ledger.mutate(month=ledger.month.cast("timestamp").truncate("M"))
    read = ("net_sales", "refunds_and_allowances", "lost_chargebacks")
    ours = _recognised(data, {"occurred_at", *read})
    ours = ours.mutate(month=ours.occurred_at.truncate("M"))
    told = ledger.select("month", is_told=True).distinct()
    ours = attach(ours, told, on=["month"], columns={"is_told": "is_told"})
    # Nothing of an untold month counts, but its rows stay: its gap is unknown, and not 0.
    amount = net_of_deductions(*(ours[name] for name in read))
    recognised = ours.is_told.fill_null(False).ifelse(amount, None)
    nothing = ibis.null(MONEY)
    rows = ibis.union(
        ours.select(
            occurred_at=ours.occurred_at, recognised=recognised.cast(MONEY), ledger_revenue=nothing
        ),
        ledger.select(
            occurred_at=ledger.month, recognised=nothing, ledger_revenue=ledger.amount.cast(MONEY)
        ),
    )
    return rows.select(*sorted(columns))


# --- The facts ------------------------------------------------------------------------------

_OF_CUSTOMER = ("region", "customer_region", "acquisition_channel")
_OF_STORE = ("store_region", "store_type")
_DISPUTED_ORDER = {
    **copied("orders", "customer_id", "channel", "store_id", via=("chargebacks.order_id",)),
    **{
        name: replace(SALES.events[name], needs=("chargebacks.order_id", *SALES.events[name].needs))
        for name in (*_OF_STORE, *_OF_CUSTOMER)
    },
}
CHARGEBACKS = Fact(
    name="chargebacks",
    grain="a disputed payment of a valid or unknown order",
    time="opened_at",
    events={
        "opened_at": dimension("chargebacks.opened_at", type="timestamp"),
        **copied("chargebacks", "chargeback_id", "order_id", "reason", "outcome"),
        **_DISPUTED_ORDER,
        "amount": Column(MONEY, ("chargebacks.amount",), ("chargebacks", "amount"), True),
    },
    build=_chargebacks,
    tables=("orders", "chargebacks", "stores", "contacts"),
)
ORDERS_AND_DISPUTES = replace(
    ORDERS,
    name="orders_and_disputes",
    grain="a valid order, and whether its payment was disputed",
    events={**ORDERS.events, "charged_back": Column("boolean", ("chargebacks.order_id",))},
    build=_orders_and_disputes,
)


def _of_all_parts(name: str) -> Column:
    """Return a dimension that lines sold, returns and disputes must all be told by."""
    column = RETURNS.events[name]
    return replace(column, needs=tuple(dict.fromkeys((*SALES.events[name].needs, *column.needs))))


_DIMENSIONS = {name: _of_all_parts(name) for name in RETURNS.events if name in SALES.events}
_REFUNDS = ("returns.returned_at", "returns.refund_amount")
_DEDUCTED = {
    "refunds_and_allowances": Column(MONEY, _REFUNDS, measure=True),
    "allowances": Column(MONEY, (*_REFUNDS, "returns.kind"), measure=True),
    "lost_chargebacks": Column(
        MONEY,
        tuple(f"chargebacks.{n}" for n in ("order_id", "opened_at", "amount", "outcome")),
        measure=True,
    ),
}
SALES_AND_DEDUCTIONS = Fact(
    name="sales_and_deductions",
    grain="a line sold, a return, an allowance or a lost dispute, each at its own date",
    time="occurred_at",
    events={
        "occurred_at": Column("timestamp", ("orders.ordered_at",)),
        **_DIMENSIONS,
        "gross_sales": SALES.events["gross_sales"],
        "net_sales": SALES.events["net_sales"],
        **_DEDUCTED,
    },
    build=_sales_and_deductions,
    tables=SALES.tables,
)
RECOGNISED = replace(
    SALES_AND_DEDUCTIONS,
    name="recognised",
    grain="a line whose revenue is recognised, a return, an allowance or a lost dispute",
    events={
        **SALES_AND_DEDUCTIONS.events,
        "occurred_at": Column(
            "timestamp", ("orders.recognised_at or shipments.order_id + shipments.delivered_at",)
        ),
    },
    build=_recognised,
)
LEAKS = replace(
    SALES_AND_DEDUCTIONS,
    name="leaks",
    grain="an amount that left gross sales: a discount, a return, an allowance, a lost dispute",
    events={
        "occurred_at": SALES_AND_DEDUCTIONS.events["occurred_at"],
        **_DIMENSIONS,
        "cause": Column("string", ("orders.order_id",)),
        "reason": Column("string", ("returns.reason", "chargebacks.reason")),
        "amount": Column(
            MONEY,
            tuple(
                need
                for name in ("gross_sales", "net_sales", *_DEDUCTED)
                for need in SALES_AND_DEDUCTIONS.events[name].needs
            ),
            measure=True,
        ),
    },
    build=_leaks,
)
RETAINED_REVENUE = replace(
    SALES_AND_DEDUCTIONS,
    name="retained_revenue",
    grain="an identified customer with revenue in the 24 months to the period's end",
    by_unit={
        "customer_id": ("string", ("customer_id",)),
        **dict.fromkeys(
            ("revenue_before", "revenue_now"),
            (MONEY, ("occurred_at", "net_sales", "refunds_and_allowances", "lost_chargebacks")),
        ),
    },
    summarise=_retained_revenue,
)
BOOKS = Fact(
    name="books",
    grain="what is recognised, and what the ledger says of a month",
    time="occurred_at",
    events={
        "occurred_at": RECOGNISED.events["occurred_at"],
        "recognised": Column(
            MONEY,
            tuple(
                need
                for name in ("net_sales", "refunds_and_allowances", "lost_chargebacks")
                for need in RECOGNISED.events[name].needs
            ),
            measure=True,
        ),
        "ledger_revenue": Column(
            MONEY, ("ledger.month", "ledger.account", "ledger.amount"), measure=True
        ),
    },
    build=_books,
    tables=(),
    whole_months=True,
)
