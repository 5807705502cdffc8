"""The fact of campaigns with a control group: what became of each arm after the first contact.

Both arms are followed over the same days, from the day on which the treated were first contacted:
nobody contacts a control, and a start of its own for each member would be one for the treated
alone. A campaign stands at the last day of its window, so that what is asked until a day reads
only windows that are over by then, and no order after it.

A member stays in the arm that was drawn, whatever happened afterwards (not delivered, or contacted
by mistake): only the arms as drawn differ by chance alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from marketing_kpi.kpis.facts.base import (
    MONEY,
    Column,
    Fact,
    attach,
    dimension,
    from_table,
    homes_of,
    one_a_key,
    with_dimensions,
)
from marketing_kpi.kpis.facts.sales import SALES
from marketing_kpi.kpis.facts.service import campaign_costs

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data

WINDOW_DAYS = 28
"""Days, from the first contact on, in which what members do is taken as an outcome."""

CONTROL = "control"
"""The arm that is not contacted; every other arm is treated."""

SURELY_SOME = 10
"""Members of an arm who should have an order, going by the others, when none of them has: more
than chance ever hides."""

# A mail program may load the images of a message by itself: an open tells of no person.
_NO_RESPONSE = ("open", "impression")
_KEYS = ("campaign_id", "customer_id")


def members_of(data: Data) -> ir.Table:
    """Return a row a member of a campaign and arm: when drawn and contacted, null if not told.

    A member listed twice in an arm is one; one listed in both arms stays in both, for a test to
    refuse.
    """
    import ibis

    members = data.table("campaign_members")
    members = members.filter(members.customer_id.notnull(), members.arm.notnull())
    told = {
        name: members[name].min() if name in members.columns else ibis.null("timestamp")
        for name in ("assigned_at", "contacted_at")
    }
    extra = {
        name: members[name].min()
        for name in members.columns
        if name not in (*_KEYS, "arm", "assigned_at", "contacted_at")
    }
    return members.group_by([*_KEYS, "arm"]).aggregate(**told, **extra)


def starts(members: ir.Table, data: Data) -> ir.Table:
    """Return a row a campaign: when it began for both arms, and how many were contacted.

    Parameters
    ----------
    members
        What `members_of` returns.
    data
        The data they are of.

    Returns
    -------
    ibis.expr.types.Table
        campaign_id; begins, the midnight of the day on which the treated were first contacted,
        else of that of the draw, else of the campaign's first day; is_told, whether any contact
        is recorded; reached, how many were contacted (all the treated where none is recorded).
    """
    import ibis

    treated = members.arm != CONTROL
    found = members.group_by("campaign_id").aggregate(
        contacted=members.contacted_at.min(where=treated),
        drawn=members.assigned_at.min(),
        told=members.contacted_at.count(),
        treated=treated.sum(),
    )
    choices = [found.contacted, found.drawn]
    if data.has("campaigns", "campaign_id", "starts_on"):
        campaigns = one_a_key(data.table("campaigns"), ["campaign_id"], ["starts_on"])
        found = attach(found, campaigns, on=["campaign_id"], columns={"starts_on": "starts_on"})
        choices = [found.contacted, found.drawn, found.starts_on.cast("timestamp")]
    return found.select(
        "campaign_id",
        begins=ibis.coalesce(*choices).truncate("D"),
        is_told=found.told > 0,
        reached=(found.told > 0).ifelse(found.told, found.treated),
    )


def known_members(members: ir.Table, data: Data) -> ir.Table:
    """Return a row a campaign and arm: of how many members the data have an order.

    Parameters
    ----------
    members
        What `members_of` returns, or all of some campaigns.
    data
        The data they are of.

    Returns
    -------
    ibis.expr.types.Table
        campaign_id, arm; members; found, those with an order at any time, of any status; before,
        those with one before the campaign began; is_unknown, whether the arm's members can hardly
        be customers of the data, so that nothing tells what they bought. None of them has an order
        then, and either nobody in the campaign has, or too many had one before it began: what is
        bought since may be the campaign's own doing.
    """
    import ibis

    begun = starts(members, data)
    rows = attach(members, begun, on=["campaign_id"], columns={"begins": "begins"})
    orders = data.orders.filter(data.orders.customer_id.notnull())
    first = orders.group_by("customer_id").aggregate(first=orders.ordered_at.min())
    first = first.mutate(buyer=first.customer_id)
    rows = attach(rows, first, on=["customer_id"], columns={"first": "first", "buyer": "buyer"})
    arms = rows.group_by(["campaign_id", "arm"]).aggregate(
        members=rows.count(),
        found=rows.buyer.count(),
        before=(rows["first"] < rows.begins).fill_null(False).cast("int32").sum(),
    )
    of_all = ibis.window(group_by="campaign_id")
    expected = arms.members * arms.before.sum().over(of_all)
    are_some = expected >= SURELY_SOME * arms.members.sum().over(of_all)
    is_nobody = arms.found.sum().over(of_all) == 0
    return arms.mutate(is_unknown=(arms.found == 0) & (is_nobody | are_some))


def purchases(members: ir.Table, data: Data, *, columns: Collection[str]) -> ir.Table:
    """Return a row a member who bought within [begins, ends), and what they bought.

    Parameters
    ----------
    members
        campaign_id, customer_id, and the moments begins and ends of their window.
    data
        The data they are of.
    columns
        What is wanted of: orders, revenue, margin, uncosted.

    Returns
    -------
    ibis.expr.types.Table
        campaign_id, customer_id and those columns: valid orders that are no credits, the net
        sales of orders and credits, and their gross profit, null where the cost of a line is not
        known: that of the others would be too little; uncosted, how many such lines there are.
    """
    read = {"ordered_at", "customer_id", "order_id", "bought"}
    of_cost = {"margin", "uncosted"}
    read |= {"net_sales"} if {"revenue", *of_cost} & {*columns} else set()
    read |= {"cost"} if of_cost & {*columns} else set()
    sales = SALES.build(data, read).rename(buyer="customer_id")
    windows = members.select(*_KEYS, "begins", "ends").distinct()
    within = windows.inner_join(
        sales,
        [
            windows.customer_id == sales.buyer,
            windows.begins <= sales.ordered_at,
            sales.ordered_at < windows.ends,
        ],
    )
    makers: dict[str, Callable[[], ir.Value]] = {
        "orders": lambda: within.order_id.nunique(where=within.bought),
        "revenue": lambda: within.net_sales.sum().cast(MONEY),
        "margin": lambda: _whole(within.net_sales - within.cost),
        "uncosted": lambda: (within.net_sales - within.cost).isnull().sum(),
    }
    made = {name: makers[name]() for name in sorted(columns)}
    return within.group_by(list(_KEYS)).aggregate(**made)


def _whole(amount: ir.NumericValue, where: ir.BooleanValue | None = None) -> ir.Value:
    """Return a sum, null where a part of it is not known."""
    import ibis

    unknown = amount.isnull().sum(where=where) > 0
    return unknown.ifelse(ibis.null(MONEY), amount.sum(where=where).cast(MONEY))


def reactions(data: Data) -> ir.Table:
    """Return what is recorded of people and campaigns: campaign_id, customer_id, at, is_response.

    An open or an impression tells that a campaign is followed, but is no response.
    """
    import ibis

    parts = []
    for name in _told_reactions(data):
        rows = data.table(name)
        is_response: ir.BooleanValue = ibis.literal(True)
        if "kind" in rows.columns:
            is_response = rows.kind.isnull() | rows.kind.notin(_NO_RESPONSE)
        parts.append(rows.select(*_KEYS, "at", is_response=is_response))
    rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return rows.filter(rows.campaign_id.notnull(), rows.customer_id.notnull())


def _told_reactions(data: Data) -> list[str]:
    return [name for name in ("responses", "touchpoints") if data.has(name, *_KEYS, "at")]


def tells_responses(data: Data) -> bool:
    """Return whether the data record who reacted to which campaign."""
    return bool(_told_reactions(data))


def with_responses(members: ir.Table, data: Data) -> ir.Table:
    """Add `responded`: 1 for who reacted to the campaign within [begins, ends), else 0.

    Null for the members of a campaign of which no reaction is recorded at all: nobody follows it.
    """
    rows = reactions(data)
    followed = rows.select("campaign_id").distinct()
    followed = followed.mutate(followed_id=followed.campaign_id)
    members = attach(members, followed, on=["campaign_id"], columns={"followed_id": "followed_id"})
    windows = members.select(*_KEYS, "begins", "ends").distinct()
    answers = rows.filter(rows.is_response).select(
        of_campaign=rows.campaign_id, of_customer=rows.customer_id, at=rows.at
    )
    within = windows.inner_join(
        answers,
        [
            windows.campaign_id == answers.of_campaign,
            windows.customer_id == answers.of_customer,
            windows.begins <= answers.at,
            answers.at < windows.ends,
        ],
    )
    count = within.group_by(list(_KEYS)).aggregate(responses=within.count())
    members = attach(members, count, on=_KEYS, columns={"responses": "responses"})
    responded = members.responses.notnull().cast("int32")
    return members.mutate(responded=members.followed_id.notnull().ifelse(responded, None)).drop(
        "responses", "followed_id"
    )


_BOUGHT = {"bought": "orders", "revenue": "revenue", "margin": "margin"}


def _campaigns(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row a member of a campaign, with its arm and what it did in the window."""
    import ibis

    homes = homes_of(CAMPAIGNS, {*columns, *_KEYS}, data)
    listed = members_of(data)
    begun = starts(listed, data)
    added = {name: name for name in ("begins", "is_told", "reached")}
    rows = attach(listed, begun, on=["campaign_id"], columns=added)
    if "is_comparable" in columns:
        arms = {"is_comparable": "is_comparable"}
        rows = attach(rows, _comparable(listed, data), on=["campaign_id"], columns=arms)
    rows = rows.mutate(
        ends=rows.begins + ibis.interval(days=WINDOW_DAYS),
        measured_at=rows.begins + ibis.interval(days=WINDOW_DAYS - 1),
        contacted=rows.is_told.ifelse(rows.contacted_at.notnull(), rows.arm != CONTROL),
    )
    if wanted := {_BOUGHT[name] for name in _BOUGHT.keys() & columns}:
        bought = purchases(rows, data, columns={"orders", *wanted})
        rows = attach(rows, bought, on=_KEYS, columns={name: name for name in {"orders", *wanted}})
        nothing = rows.orders.isnull()
        made = {name: nothing.ifelse(0, rows[name]).cast(MONEY) for name in wanted - {"orders"}}
        rows = rows.mutate(bought=(rows.orders > 0).fill_null(False), **made)
    if "responded" in columns:
        rows = with_responses(rows, data)
    if "campaign_cost" in columns:
        costs = campaign_costs(data)
        rows = attach(rows, costs, on=["campaign_id"], columns={"campaign_cost": "cost"})
    if copied := from_table(homes, "campaigns"):
        there = one_a_key(data.table("campaigns"), ["campaign_id"], copied.values())
        rows = attach(rows, there, on=["campaign_id"], columns=copied)
    own = {new: rows[old] for new, old in from_table(homes, "campaign_members").items()}
    return with_dimensions(rows.mutate(**own), data, homes).select(*sorted(columns))


def _comparable(members: ir.Table, data: Data) -> ir.Table:
    """Return a row a campaign: is_comparable, whether its arms say what the campaign changed.

    Of arms that share a member, neither says what the other would have done; of members who are no
    customers of the data, or of days that these do not tell of, zeros would be invented.
    """
    import ibis

    apart = members.group_by("campaign_id").aggregate(
        is_apart=members.count() == members.customer_id.nunique()
    )
    known = known_members(members, data)
    known = known.group_by("campaign_id").aggregate(is_known=~known.is_unknown.any())
    begun = starts(members, data).select("campaign_id", "begins")
    days = data.orders.select(day=data.orders.ordered_at.truncate("D")).distinct()
    ends = begun.begins + ibis.interval(days=WINDOW_DAYS)
    within = begun.inner_join(days, [begun.begins <= days.day, days.day < ends])
    told = within.select("campaign_id", of_campaign="campaign_id").distinct()
    rows = attach(apart, known, on=["campaign_id"], columns={"is_known": "is_known"})
    rows = attach(rows, told, on=["campaign_id"], columns={"of_campaign": "of_campaign"})
    is_comparable = rows.is_apart & rows.is_known & rows.of_campaign.notnull()
    return rows.select("campaign_id", is_comparable=is_comparable.fill_null(False))


def _by_campaign(events: ir.Table, keys: Sequence[str], columns: Collection[str]) -> ir.Table:
    """Return a row a campaign, in each cell; a part of it takes its part of the cost."""
    import ibis

    treated, control = events.arm != CONTROL, events.arm == CONTROL
    makers: dict[str, Callable[[], ir.Value]] = {
        "treated": lambda: treated.sum(),
        "controls": lambda: events.is_comparable.all().ifelse(control.sum(), ibis.null("int64")),
        "treated_buyers": lambda: (treated & events.bought).sum(),
        "control_buyers": lambda: (control & events.bought).sum(),
        "treated_revenue": lambda: events.revenue.sum(where=treated).cast(MONEY),
        "control_revenue": lambda: events.revenue.sum(where=control).cast(MONEY),
        "treated_margin": lambda: _whole(events.margin, treated),
        "control_margin": lambda: _whole(events.margin, control),
        "contacted": lambda: events.contacted.sum(),
        "responded": lambda: events.responded.sum(where=events.contacted),
        "cost": lambda: (
            events.campaign_cost.max().cast("float64")
            * events.contacted.sum()
            / events.reached.max().nullif(0)
        ),
    }
    made = {name: makers[name]() for name in sorted(columns)}
    return events.group_by(list(dict.fromkeys([*keys, "campaign_id"]))).aggregate(**made)


def _measure(type: str, *needs: str) -> Column:
    return Column(type, needs, measure=True)


_MEMBER = ("campaign_members.customer_id",)
_SOLD = ("orders.customer_id", "order_lines.quantity + order_lines.unit_price or orders.amount")
CAMPAIGNS = Fact(
    name="campaigns",
    grain="a campaign with members, whose window ends in the period",
    time="measured_at",
    within=f"{WINDOW_DAYS} days",
    events={
        "measured_at": Column(
            "timestamp",
            (
                "campaign_members.contacted_at or campaign_members.assigned_at"
                " or campaigns.campaign_id + campaigns.starts_on",
            ),
        ),
        "campaign_id": dimension("campaign_members.campaign_id"),
        "customer_id": Column("string", _MEMBER, ("campaign_members", "customer_id"), measure=True),
        "marketing_channel": dimension("campaigns.marketing_channel"),
        "region": dimension("contacts.region", via=_MEMBER),
        "customer_region": dimension("contacts.region", via=_MEMBER),
        "acquisition_channel": dimension("contacts.acquisition_channel", via=_MEMBER),
        "arm": _measure("string", "campaign_members.arm"),
        "is_comparable": _measure("boolean", "campaign_members.arm", "orders.customer_id"),
        "bought": _measure("boolean", "orders.customer_id"),
        "revenue": _measure(MONEY, *_SOLD),
        "margin": _measure(
            MONEY,
            *_SOLD,
            "order_lines.quantity",
            "order_lines.unit_cost or order_lines.product_id + products.unit_cost",
        ),
        "contacted": _measure("boolean", "campaign_members.arm"),
        "reached": _measure("int64", "campaign_members.arm"),
        "responded": _measure(
            "int64",
            "responses.campaign_id + responses.customer_id + responses.at"
            " or touchpoints.campaign_id + touchpoints.customer_id + touchpoints.at",
        ),
        "campaign_cost": _measure(
            MONEY,
            "marketing_spend.campaign_id + marketing_spend.amount"
            " or campaigns.campaign_id + campaigns.cost",
        ),
    },
    build=_campaigns,
    tables=("campaign_members", "contacts"),
    by_unit={
        "campaign_id": ("string", ("campaign_id",)),
        "treated": ("int64", ("arm",)),
        "controls": ("int64", ("arm", "is_comparable")),
        "treated_buyers": ("int64", ("arm", "bought")),
        "control_buyers": ("int64", ("arm", "bought")),
        "treated_revenue": (MONEY, ("arm", "revenue")),
        "control_revenue": (MONEY, ("arm", "revenue")),
        "treated_margin": (MONEY, ("arm", "margin")),
        "control_margin": (MONEY, ("arm", "margin")),
        "contacted": ("int64", ("arm", "contacted")),
        "responded": ("int64", ("arm", "contacted", "responded")),
        "cost": ("float64", ("arm", "contacted", "reached", "campaign_cost")),
    },
    unit_key="campaign_id",
    summarise=_by_campaign,
)
