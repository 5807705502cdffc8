"""The fact of serving customers: what each brought in and what each cost, at its own dates."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from marketing_kpi.data.conform import line_value
from marketing_kpi.kpis.facts.base import (
    MONEY,
    Column,
    Fact,
    attach,
    dimension,
    homes_of,
    missing,
    one_a_key,
    valid_orders,
    with_dimensions,
)
from marketing_kpi.kpis.facts.customers import first_seen, unit_keys
from marketing_kpi.kpis.facts.sales import RETURNS, SALES, every_return

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data

COSTS = ("fulfilment_cost", "payment_cost", "returns_cost", "marketing_cost")
"""What serving a customer costs, once the goods are paid."""

IN_DOUBT = "returns_in_doubt"
"""What of the cost of returns is not there if goods of which nothing is said are back in stock."""

APART = 10
"""Of so many parcels of a month, one may have left apart from the days with labour."""

_WEEK_DAYS = 7
_SOLD = ("purchases", "net_sales", "costed_sales", "gross_profit")


def _service(data: Data, columns: Collection[str]) -> ir.Table:
    """Return the events of identified customers that brought money in or cost some."""
    import ibis

    homes = homes_of(SERVICE, columns, data)
    measures = [name for name in (*_SOLD, *COSTS, IN_DOUBT) if name in columns]
    parts = []
    if {*_SOLD} & {*measures}:
        parts.append(_sold(data, measures))
    parts += [
        _padded(make(data), name, measures) for name, make in _MAKERS.items() if name in measures
    ]
    rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
    rows = rows.filter(rows.customer_id.notnull())
    return with_dimensions(rows, data, homes).select(*sorted(columns))


def _padded(part: ir.Table, measure: str, measures: Sequence[str]) -> ir.Table:
    """Return a part with its one measure, and nulls for those of the other parts."""
    import ibis

    amounts = {name: ibis.null(MONEY) for name in measures}
    amounts[measure] = part[measure].cast(MONEY)
    return part.select(*_keys(part), **amounts)


def _keys(part: ir.Table) -> list[ir.Value]:
    """Return what every part has, of the types that a union wants to be the same."""
    return [part.occurred_at.cast("timestamp").name("occurred_at"), part.customer_id, part.channel]


def _sold(data: Data, measures: Sequence[str]) -> ir.Table:
    """Return a row a line sold; a line whose cost is not known tells nothing about profit."""
    import ibis

    channel = ["channel"] if data.has("orders", "channel") else []
    read = {"bought"} if "purchases" in measures else set()
    read |= {"net_sales"} if {*_SOLD[1:]} & {*measures} else set()
    read |= {"cost"} if {"costed_sales", "gross_profit"} & {*measures} else set()
    lines = SALES.build(data, {"ordered_at", "customer_id", *channel, *read})
    made: dict[str, ir.Value] = {name: ibis.null(MONEY) for name in measures}
    if "bought" in read:
        made["purchases"] = lines.bought.cast("int32").cast(MONEY)
    if "net_sales" in read:
        made["net_sales"] = lines.net_sales.cast(MONEY)
    if "cost" in read:
        made["costed_sales"] = lines.cost.notnull().ifelse(lines.net_sales, None).cast(MONEY)
        made["gross_profit"] = (lines.net_sales - lines.cost).cast(MONEY)
    lines = lines.mutate(occurred_at=lines.ordered_at, channel=_channel(lines), **made)
    return lines.select(*_keys(lines), *measures)


def _channel(rows: ir.Table) -> ir.Value:
    import ibis

    return rows.channel if "channel" in rows.columns else ibis.null("string")


def _payment(data: Data) -> ir.Table:
    orders = valid_orders(data)
    return orders.select(
        occurred_at=orders.ordered_at,
        customer_id=orders.customer_id,
        channel=_channel(orders),
        payment_cost=orders.payment_fee,
    )


def _fulfilment(data: Data) -> ir.Table:
    """Return a row a parcel of a valid order, when it left."""
    import ibis

    rows = parcel_costs(data)
    at = ibis.coalesce(rows.shipped_at, rows.ordered_at)
    return rows.select("customer_id", "channel", "fulfilment_cost", occurred_at=at)


def parcel_costs(data: Data) -> ir.Table:
    """Return a row a parcel of a valid order, and its cost: transport, packaging and labour."""
    import ibis

    parcels = data.table("shipments")
    spent = [
        parcels[name].fill_null(0) for name in ("transport_cost", "packaging_cost")
        if name in parcels.columns
    ]  # fmt: skip
    orders = valid_orders(data)
    customer = orders.customer_id if "customer_id" in orders.columns else ibis.null("string")
    of_order = orders.select(
        "order_id", customer_id=customer, ordered_at=orders.ordered_at, channel=_channel(orders)
    )
    left = parcels.shipped_at if "shipped_at" in parcels.columns else ibis.null("timestamp")
    rows = parcels.select("order_id", shipped_at=left, spent=sum(spent[1:], spent[0]))
    rows = rows.inner_join(of_order, "order_id")
    cost = rows.spent
    if has_labour(data):
        rows = with_labour(rows.mutate(month=rows.shipped_at.truncate("M").date()), data)
        cost = rows.spent + rows.labour.fill_null(0)
    return rows.select(
        "order_id", "customer_id", "channel", "ordered_at", "shipped_at", fulfilment_cost=cost
    )


def has_labour(data: Data) -> bool:
    """Return whether the labour of a month can be shared out over the parcels of that month."""
    return data.has("labour", "day", "cost") and data.has("shipments", "shipped_at")


def with_labour(rows: ir.Table, data: Data) -> ir.Table:
    """Give each parcel its share of the labour of the month in which it left.

    A month, since days of rest have parcels without hours and hours without parcels.
    """
    share = labour_by_month(data)
    share = share.select("month", labour=(share.paid / share.sent).cast(MONEY))
    return attach(rows, share, on=["month"], columns={"labour": "labour"})


def labour_by_month(data: Data) -> ir.Table:
    """Return a row a month of known labour: month, paid, and sent, the parcels that left in it.

    A month within which labour recorded by the day begins or ends is not known: it is one of which
    more than one parcel in `APART` left before the first day of labour or after the last. Labour
    recorded once a week or more rarely (from one day of it to the next, on average) is that of its
    whole month.
    """
    labour = data.table("labour")
    labour = labour.filter(labour.day.notnull(), labour.cost.notnull())
    labour = labour.select("cost", **_day_and_month(labour.day))
    days = labour.aggregate(first=labour.day.min(), last=labour.day.max(), n=labour.day.nunique())
    is_daily = days.last.delta(days.first, unit="day") < _WEEK_DAYS * (days.n - 1)
    days = days.select("first", "last", is_daily=is_daily)
    left = data.table("shipments")
    left = left.filter(left.shipped_at.notnull())
    left = left.select(**_day_and_month(left.shipped_at)).cross_join(days)
    is_apart = left.is_daily & ~left.day.between(left.first, left.last)
    sent = left.group_by("month").aggregate(sent=left.count(), apart=left.count(where=is_apart))
    sent = sent.filter(sent.apart * APART <= sent.sent)
    paid = labour.group_by("month").aggregate(paid=labour.cost.sum())
    return paid.inner_join(sent, "month").select("month", "paid", "sent")


def _day_and_month(at: ir.Value) -> dict[str, ir.Value]:
    moment = at.cast("timestamp")
    return {"day": moment.date(), "month": moment.truncate("M").date()}


def _returns(data: Data) -> ir.Table:
    """Return a row a return or allowance: its handling, and what the refund takes away.

    Goods that are back in stock give their cost back, so that the refund takes away their margin;
    of others, and of allowances, it takes away all, and so of goods of which the data do not say
    whether they are back in stock, or what they cost. The refund of a line whose cost is not known
    takes nothing away, as its sale gave no margin.
    """
    import ibis

    rows = returned(data)
    handling = rows.handling_cost if "handling_cost" in rows.columns else ibis.null(MONEY)
    kept = ibis.coalesce(rows.if_back, rows.if_lost)
    refund = rows.is_back.fill_null(False).ifelse(kept, rows.if_lost)
    return rows.select(
        *_keys(rows), returns_cost=refund.fill_null(0) + handling.cast(MONEY).fill_null(0)
    )


def _returns_in_doubt(data: Data) -> ir.Table:
    """Return a row a return: how much less it costs if goods of which nothing is said are back."""
    rows = returned(data)
    saved = (rows.if_lost - rows.if_back.fill_null(0)).fill_null(0)
    is_unsure = rows.is_back.isnull() & has_goods(rows)
    in_doubt = is_unsure | of_unknown_cost(rows)
    return rows.select(*_keys(rows), returns_in_doubt=in_doubt.ifelse(saved, 0))


def of_unknown_cost(returns: ir.Table) -> ir.BooleanValue:
    """Say of each return whether its goods may be back in stock, at a cost that is not known."""
    return returns.is_back.fill_null(True) & returns.if_back.isnull() & has_goods(returns)


def has_goods(returns: ir.Table) -> ir.BooleanValue:
    """Say of each return whether goods came back: an allowance has none."""
    import ibis

    if "kind" not in returns.columns:
        return ibis.literal(True)
    return (returns.kind != "allowance").fill_null(True)


def returned(data: Data) -> ir.Table:
    """Return a row a return or allowance: what its refund takes away, by what became of the goods.

    `if_back` where they are back in stock, null where nothing tells their cost; `if_lost` where
    they are not; `is_back` says which, null where the data do not.
    """
    import ibis

    wanted = ["returned_at", "customer_id", "refund_amount"]
    told = ("handling_cost", "restocked", "kind", *TELL_GOODS)
    wanted += [name for name in told if data.has("returns", name)]
    wanted += [] if missing(RETURNS, ["channel"], data) else ["channel"]
    rows = _with_goods_cost(every_return(data, wanted), data)
    nothing = ibis.literal(0, MONEY)
    refund, kept = rows.refund_amount.cast(MONEY), rows.refund_amount - rows.goods_cost
    refund, kept = (
        rows.uncosted.fill_null(False).ifelse(nothing, each.cast(MONEY)) for each in (refund, kept)
    )
    return rows.mutate(
        occurred_at=rows.returned_at,
        channel=_channel(rows),
        is_back=rows.restocked if "restocked" in rows.columns else ibis.null("boolean"),
        if_lost=refund,
        if_back=kept,
    )


TELL_GOODS = ("order_id", "line_id", "product_id", "quantity")
"""The columns of a return that lead to what its goods cost."""


def _with_goods_cost(rows: ir.Table, data: Data) -> ir.Table:
    """Add the cost of the goods of each return, and whether they are of a line that tells none.

    The cost of a unit is that of the line, else of the product in that order, else of the product.
    Without a unit, the goods cost the part of the refund that the line cost of its sales, else the
    product in that order, else all the goods of the order, where all these costs are known. Null
    where nothing tells.
    """
    import ibis

    lines = _costed_lines(data, rows.columns)
    units, uncosted, parts = [ibis.null(MONEY)], [ibis.literal(None, "int8")], []
    for key in ("line_id", "product_id"):
        if lines is not None and key in lines.columns:
            rows = _with_line_costs(rows, lines, key)
            units.append(rows[f"{key}_unit_cost"])
            uncosted.append(rows[f"{key}_uncosted"])
            parts.append((rows.refund_amount * rows[f"{key}_part"]).cast(MONEY))
    if "product_id" in rows.columns and data.has("products", "unit_cost"):
        there = one_a_key(data.table("products"), ["product_id"], ["unit_cost"])
        rows = attach(rows, there, on=["product_id"], columns={"listed_unit_cost": "unit_cost"})
        units.append(rows.listed_unit_cost)
    if "quantity" in rows.columns:
        parts.insert(0, line_value(rows.quantity, ibis.coalesce(*units)))
    if lines is not None:
        shares = lines.group_by("order_id").aggregate(part=_cost_share(lines))
        rows = attach(rows, shares, on=["order_id"], columns={"part": "part"})
        parts.append((rows.refund_amount * rows.part).cast(MONEY))
    return rows.mutate(
        goods_cost=ibis.coalesce(ibis.null(MONEY), *parts),
        uncosted=ibis.coalesce(*uncosted) == 1,
    )


def _costed_lines(data: Data, told: Collection[str]) -> ir.Table | None:
    """Return the lines sold, by what returns tell of them; None where the data lead to none."""
    read = {"order_id", "quantity", "cost", "net_sales"}
    if "order_id" not in told or missing(SALES, read, data):
        return None
    keys = [n for n in ("line_id", "product_id") if n in told and not missing(SALES, [n], data)]
    return SALES.build(data, {*read, *keys})


def _with_line_costs(rows: ir.Table, lines: ir.Table, key: str) -> ir.Table:
    """Add the cost of a unit of a line or product of the order, its part of sales, and `uncosted`.

    That is 1 where the line tells no cost.
    """
    on, unit_cost = ["order_id", key], lines.cost / lines.quantity.nullif(0)
    costs = lines.group_by(on).aggregate(
        unit_cost=unit_cost.min(),
        uncosted=lines.cost.isnull().cast("int32").min(),  # not every engine orders booleans
        part=_cost_share(lines),
    )
    names = {f"{key}_{name}": name for name in ("unit_cost", "uncosted", "part")}
    return attach(rows, costs, on=on, columns=names)


def _cost_share(lines: ir.Table) -> ir.Value:
    """Return the part of their sales that goods cost in all; null unless all costs are known."""
    is_known = lines.cost.notnull() & lines.net_sales.notnull()
    sales = lines.net_sales.sum()
    is_whole = ((~is_known).cast("int32").sum() == 0) & (sales > 0)
    part = lines.cost.sum().cast("float64") / sales.cast("float64").nullif(0)
    return is_whole.ifelse(part, None)


def _marketing(data: Data) -> ir.Table:
    """Return a row a customer contacted by a campaign: an equal part of what it cost.

    People who had not yet ordered take their part of the cost too, but as no customers: to
    acquire is not to serve.
    """
    import ibis

    members = data.table("campaign_members")
    contacted = members.filter(members.contacted_at.notnull())
    reached = contacted.group_by("campaign_id").aggregate(reached=contacted.count())
    each = campaign_costs(data).inner_join(reached, "campaign_id")
    each = each.select("campaign_id", marketing_cost=(each.cost / each.reached).cast(MONEY))
    rows = contacted.inner_join(each, "campaign_id").inner_join(first_seen(data), "customer_id")
    rows = rows.filter(rows.contacted_at >= rows.first_order)
    return rows.select(
        "customer_id",
        "marketing_cost",
        occurred_at=rows.contacted_at,
        channel=ibis.null("string"),
    )


def campaign_costs(data: Data) -> ir.Table:
    """Return a row a campaign: what was spent on it, or else its `campaigns.cost`."""
    import ibis

    parts = []
    if data.has("marketing_spend", "campaign_id", "amount"):
        spend = data.table("marketing_spend")
        parts.append(spend.select("campaign_id", spent=spend.amount, cost=ibis.null(MONEY)))
    if data.has("campaigns", "campaign_id", "cost"):
        campaigns = data.table("campaigns")
        parts.append(campaigns.select("campaign_id", "cost", spent=ibis.null(MONEY)).relocate(
            "campaign_id", "spent", "cost"
        ))  # fmt: skip
    rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
    found = rows.group_by("campaign_id").aggregate(spent=rows.spent.sum(), cost=rows.cost.max())
    return found.select("campaign_id", cost=ibis.coalesce(found.spent, found.cost))


_MAKERS: Mapping[str, Callable[[Data], ir.Table]] = MappingProxyType(
    {
        "fulfilment_cost": _fulfilment,
        "payment_cost": _payment,
        "returns_cost": _returns,
        "returns_in_doubt": _returns_in_doubt,
        "marketing_cost": _marketing,
    }
)


def _by_customer(events: ir.Table, keys: Sequence[str], columns: Collection[str]) -> ir.Table:
    """Return a row an identified customer who bought, returned or was contacted.

    No event is no amount; only sales whose costs are all unknown leave a profit unknown. Who
    bought nothing (`bought`), or was given a credit alone, may still have cost something.
    """
    import ibis

    made: dict[str, ir.Value] = {}
    for name in sorted({*columns} - {"customer_id", "bought"}):
        total = events[name].sum().cast(MONEY)
        nothing: ir.BooleanValue = ibis.literal(True)
        if name == "gross_profit":
            nothing = events.purchases.count() == 0
        made[name] = (total.isnull() & nothing).ifelse(ibis.literal(0, MONEY), total)
    if "bought" in columns:
        made["bought"] = (events.purchases.sum() > 0).fill_null(False)
    unit = unit_keys(keys)
    return events.group_by(unit).aggregate(**made) if made else events.select(*unit).distinct()


def _measure(*needs: str) -> Column:
    return Column(MONEY, needs, measure=True)


_OF_LINES = (
    "order_lines.quantity + order_lines.unit_price or orders.amount",
    "order_lines.quantity",
    "order_lines.unit_cost or order_lines.product_id + products.unit_cost",
)
_OF_RETURNS = (
    "returns.returned_at",
    "returns.refund_amount",
    "returns.customer_id or returns.order_id",
)
_CUSTOMER = ("orders.customer_id",)
SERVICE = Fact(
    name="service",
    grain="an identified customer who bought, returned or was contacted in the period",
    time="occurred_at",
    events={
        "occurred_at": Column("timestamp", ("orders.ordered_at",)),
        "customer_id": Column("string", _CUSTOMER),
        "channel": Column("string", ("orders.channel",)),
        "region": dimension("contacts.region", via=_CUSTOMER),
        "customer_region": dimension("contacts.region", via=_CUSTOMER),
        "acquisition_channel": dimension("contacts.acquisition_channel", via=_CUSTOMER),
        # 1 a line of an order, 0 of a credit: it has a customer, and no buyer.
        "purchases": _measure("orders.order_id"),
        "net_sales": _measure(_OF_LINES[0]),
        "costed_sales": _measure(*_OF_LINES),
        "gross_profit": _measure(*_OF_LINES),
        "fulfilment_cost": _measure("shipments.order_id", "shipments.transport_cost"),
        "payment_cost": _measure("orders.payment_fee"),
        "returns_cost": _measure(*_OF_RETURNS),
        IN_DOUBT: _measure(*_OF_RETURNS),
        "marketing_cost": _measure(
            "campaign_members.contacted_at",
            "marketing_spend.campaign_id + marketing_spend.amount"
            " or campaigns.campaign_id + campaigns.cost",
        ),
    },
    build=_service,
    tables=("contacts",),
    by_unit={
        "customer_id": ("string", ("customer_id",)),
        "bought": ("boolean", ("purchases",)),
        "net_sales": (MONEY, ("net_sales",)),
        "costed_sales": (MONEY, ("costed_sales",)),
        "gross_profit": (MONEY, ("purchases", "gross_profit")),
        **{name: (MONEY, (name,)) for name in (*COSTS, IN_DOUBT)},
    },
    summarise=_by_customer,
)
