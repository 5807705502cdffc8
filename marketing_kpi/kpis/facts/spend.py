"""Facts of marketing: what was spent, and whom the spend to acquire customers brought."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from marketing_kpi.kpis.extent import BREAK_DAYS, LEEWAY, runs_of
from marketing_kpi.kpis.facts.base import ACTIVITY_DAYS, MONEY, Column, Fact, attach, one_a_key
from marketing_kpi.kpis.facts.customers import first_orders

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data

_DECIMALS = 4  # of MONEY
_OF_SPEND = ("marketing_channel", "campaign_id", "purpose")
_REGISTERED = ("contacts", "registered_at")


def _marketing_spend(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row a day, channel and campaign that money was spent on."""
    import ibis

    parts = []
    if data.has("marketing_spend", "day", "amount"):
        parts.append(_recorded(data))
    if _has_campaign_costs(data):
        parts.append(_costs_of_campaigns(data))
    rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return rows.select(*sorted(columns))


def _recorded(data: Data) -> ir.Table:
    spend = data.table("marketing_spend")
    return spend.select(
        spent_at=spend.day.cast("timestamp"),
        amount=spend.amount.cast(MONEY),
        **{name: _text(spend, name) for name in _OF_SPEND},
    )


def _has_campaign_costs(data: Data) -> bool:
    """Return whether costs of campaigns can be told from what the spend already has."""
    known = data.has("campaigns", "campaign_id", "starts_on", "cost")
    return known and (data.has("marketing_spend", "campaign_id") or not data.has("marketing_spend"))


def _costs_of_campaigns(data: Data) -> ir.Table:
    """Return the cost of the campaigns that the spend has nothing for, in equal parts a day.

    The parts are differences of rounded running totals, so that they add up to the cost.
    """
    import ibis

    campaigns = _without_spend(data)
    lasts = ibis.literal(1)
    if "ends_on" in campaigns.columns:
        days = campaigns.ends_on.delta(campaigns.starts_on, unit="day") + 1
        lasts = ibis.greatest(days.fill_null(1), 1)
    spread = campaigns.mutate(
        starts_at=campaigns.starts_on.cast("timestamp"),
        paid=campaigns.cost.cast("float64"),
        lasts=lasts,
    )
    spread = spread.mutate(passed=ibis.range(0, spread.lasts).unnest())

    def until(days: ir.IntegerValue) -> ir.Value:
        return (spread.paid * days / spread.lasts).round(_DECIMALS).cast(MONEY)

    return spread.select(
        spent_at=spread.starts_at + spread.passed.as_interval("D"),
        amount=(until(spread.passed + 1) - until(spread.passed)).cast(MONEY),
        **{name: _text(spread, name) for name in _OF_SPEND},
    )


def _without_spend(data: Data) -> ir.Table:
    """Return the campaigns with a cost that no amount is recorded for in the spend."""
    campaigns = data.table("campaigns")
    campaigns = campaigns.filter(campaigns.cost.notnull())
    if not data.has("marketing_spend", "campaign_id", "amount"):
        return campaigns
    spend = data.table("marketing_spend")
    return campaigns.anti_join(spend.filter(spend.amount.notnull()), "campaign_id")


def _text(rows: ir.Table, name: str) -> ir.Value:
    import ibis

    return rows[name] if name in rows.columns else ibis.null("string")


def _acquisition(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row a day and channel spent on to acquire, and a row a customer's first order.

    Where nobody's registration is known, whoever is seen for the first time may be an old customer:
    only months with `ACTIVITY_DAYS` of orders before them count, for spend and for orders.
    """
    import ibis

    dimensions = sorted({*columns} - {"occurred_at", "spend", "new_customers"})
    spent = _recorded(data)
    spent = spent.filter(spent.purpose == "acquisition")
    paid = spent.select(
        occurred_at=spent.spent_at,
        spend=spent.amount,
        new_customers=ibis.null("int64"),
        **dict.fromkeys(dimensions, spent.marketing_channel),
    )
    begun = first_orders(data)
    origin: ir.Value = ibis.null("string")
    if dimensions:
        contacts = one_a_key(data.table("contacts"), ["customer_id"], ["acquisition_channel"])
        copied = {"acquisition_channel": "acquisition_channel"}
        begun = attach(begun, contacts, on=["customer_id"], columns=copied)
        origin = begun.acquisition_channel
    acquired = begun.select(
        occurred_at=begun.first_order.cast("timestamp"),
        spend=ibis.null(MONEY),
        new_customers=ibis.literal(1, "int64"),
        **dict.fromkeys(dimensions, origin),
    )
    rows = ibis.union(paid, acquired).select(*sorted({"occurred_at", *columns}))
    if not data.has(*_REGISTERED):
        rows = _with_history(rows, data)
    return rows.select(*sorted(columns))


def _with_history(rows: ir.Table, data: Data) -> ir.Table:
    """Keep the months with `ACTIVITY_DAYS` of orders before them."""
    import ibis

    days = runs_of(data.orders)
    runs = days.group_by("begun").aggregate(ends=days.day.max())
    reach = ACTIVITY_DAYS - LEEWAY.days
    known = [
        rows.occurred_at.truncate("M") >= runs.begun + ibis.interval(days=reach),
        rows.occurred_at <= runs.ends + ibis.interval(days=BREAK_DAYS),
    ]
    return rows.semi_join(runs, known)


def _either(*columns: str) -> str:
    return " or ".join(columns)


MARKETING_SPEND = Fact(
    name="marketing_spend",
    grain="a day's spend on a marketing channel and campaign",
    time="spent_at",
    events={
        "spent_at": Column("timestamp", (_either("marketing_spend.day", "campaigns.starts_on"),)),
        "marketing_channel": Column(
            "string",
            (_either("marketing_spend.marketing_channel", "campaigns.marketing_channel"),),
        ),
        "campaign_id": Column(
            "string", (_either("marketing_spend.campaign_id", "campaigns.campaign_id"),)
        ),
        "purpose": Column("string", ("marketing_spend.purpose",)),
        "amount": Column(
            MONEY,
            (
                _either(
                    "marketing_spend.day + marketing_spend.amount",
                    "campaigns.campaign_id + campaigns.starts_on + campaigns.cost",
                ),
            ),
            measure=True,
        ),
    },
    build=_marketing_spend,
    tables=(),
)
_CHANNEL = Column(
    "string",
    ("marketing_spend.marketing_channel", "orders.customer_id", "contacts.acquisition_channel"),
)
ACQUISITION = Fact(
    name="acquisition",
    grain="a day's spend to acquire customers, or a customer's first valid order",
    time="occurred_at",
    events={
        "occurred_at": Column("timestamp", ("marketing_spend.day", "orders.ordered_at")),
        # One column under two names: the channel paid is the channel that brought the customer.
        "marketing_channel": _CHANNEL,
        "acquisition_channel": _CHANNEL,
        "spend": Column(MONEY, ("marketing_spend.amount", "marketing_spend.purpose"), measure=True),
        "new_customers": Column("int64", ("orders.customer_id",), measure=True),
    },
    build=_acquisition,
    tables=(),
    history_days=ACTIVITY_DAYS,
    history_unless=_REGISTERED,
)
