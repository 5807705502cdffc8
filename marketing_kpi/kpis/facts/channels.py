"""Facts of channels: what platforms count of them, and the orders that they are credited with.

An order placed online is credited to the last touch of its customer, in the 30 days before it, that
was no direct visit; to the direct visit where there was nothing else. That is one rule of many,
kept since most tools have it: `marketing_kpi.channels.attribute` has others. An order before which
no touch is recorded is credited to none; before the first day of touches and after the last, it is
unknown. What an order is credited to is the same whatever the period asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from marketing_kpi.kpis.facts.base import MONEY, Column, Fact, copied
from marketing_kpi.kpis.facts.sales import SALES
from marketing_kpi.kpis.facts.spend import MARKETING_SPEND
from marketing_kpi.kpis.facts.touches import (
    conversions,
    recorded_touches,
    source_of,
    tells_online,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data

LOOKBACK_DAYS = 30
"""Days before an order in which touches count."""

DIRECT = "direct"
"""Channel of those who came by themselves."""

_SECONDS = 86_400

_DECIMALS = 4  # of MONEY
_WEEK_DAYS = 7
_MONTH_DAYS = (28, 31)
_CALENDAR_DAYS = {1: (25, 35), 3: (85, 97)}  # from one row to the next, of so many months
_FEWEST_STEPS = 2  # from one day of spend to the next, under which nothing says that it is a habit

COUNTS = ("impressions", "clicks", "delivered", "opened")
"""What platforms count, in the table of spend."""


def _media(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row a day, channel and campaign, with what its platform counted."""
    rows = data.table("marketing_spend")
    told = {name: rows[name] for name in sorted({*columns} - {"spent_at", "amount"})}
    if "spent_at" in columns:
        told["spent_at"] = rows.day.cast("timestamp")
    if "amount" in columns:
        told["amount"] = rows.amount.cast(MONEY)
    return rows.select(**told)


def _credited_orders(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row an order placed online, and a row a day's spend on a channel with touches."""
    import ibis

    parts = [_credits(data, columns)]
    if {"spend", "is_followed"} & {*columns}:
        parts.append(_spend(data, columns))
        paid = parts[1].select(paid_channel="marketing_channel").distinct()
        parts[0] = parts[0].left_join(paid, parts[0].marketing_channel == paid.paid_channel)
        parts[0] = parts[0].mutate(is_followed=parts[0].paid_channel.notnull())
    wanted = sorted(columns)
    rows = [part.select(*wanted) for part in parts]
    return ibis.union(*rows) if len(rows) > 1 else rows[0]


def _credits(data: Data, columns: Collection[str]) -> ir.Table:
    """Return the orders placed online, beside what is asked of the spend."""
    import ibis

    rows = orders_with_credit(data, with_margin="margin" in columns)
    return rows.mutate(spend=ibis.null(MONEY)).drop("order_id")


def orders_with_credit(data: Data, *, with_margin: bool = False) -> ir.Table:
    """Return the orders with the channel and the campaign of the touch that each is credited to.

    Parameters
    ----------
    data
        What `open_data` returns, with touches.
    with_margin
        Whether to add the margin of what each order holds.

    Returns
    -------
    ibis.expr.types.Table
        A row an order placed online: order_id, occurred_at, marketing_channel and campaign_id (null
        where it is credited to none), orders (1 where a touch precedes it; else 0, null before the
        first day of touches and after the last), revenue and margin (null unless credited).
    """
    import ibis

    orders = conversions(data, which="online", with_margin=with_margin)
    orders = orders.mutate(at=orders["at"].cast("timestamp"))
    seen = recorded_touches(data)
    last = _last_touches(seen.mutate(at=seen["at"].cast("timestamp")), orders)
    rows = orders.left_join(last, [orders.person == last.of_person, orders["at"] == last.closes])
    first_day, last_day = recorded_days(data)
    is_credited = rows.is_touched.fill_null(False)
    is_recorded = rows["at"].truncate("D").between(first_day, last_day).fill_null(False)
    none = is_recorded.ifelse(ibis.literal(0, "int64"), ibis.null("int64"))
    made = {
        name: is_credited.ifelse(rows[name], ibis.null(MONEY))
        for name in ("revenue", "margin")
        if name in rows.columns
    }
    return rows.select(
        "order_id",
        "marketing_channel",
        "campaign_id",
        occurred_at=rows["at"],
        orders=is_credited.ifelse(ibis.literal(1, "int64"), none),
        **made,
    )


def recorded_days(data: Data) -> tuple[ir.Value, ir.Value]:
    """Return the first and the last day on which a touch is recorded."""
    seen = source_of(data).read(data)
    days = seen.aggregate(first=seen["at"].truncate("D").min(), last=seen["at"].truncate("D").max())
    return days.select("first").as_scalar(), days.select("last").as_scalar()


def _last_touches(seen: ir.Table, orders: ir.Table) -> ir.Table:
    """Return a row a person and moment of an order that a touch precedes: the one that gets it.

    Each touch belongs to the first order that follows it, and to no other.
    """
    import ibis

    closing = orders.filter(orders.person.notnull()).select("person", "at").distinct()
    none = ibis.null("string")
    both = ibis.union(
        seen.semi_join(closing, "person").select(
            "person", "at", "rank", "channel", "campaign_id",
            order_at=ibis.null("timestamp"), is_order=ibis.literal(0, "int8"),
        ),
        closing.select(
            "person", "at", rank=ibis.null("int8"), channel=none, campaign_id=none,
            order_at=closing["at"], is_order=ibis.literal(1, "int8"),
        ),
    )  # fmt: skip
    following = ibis.window(
        group_by=both.person, order_by=[both["at"], both.is_order], preceding=0, following=None
    )
    rows = both.mutate(closes=both.order_at.min().over(following))
    age = rows.closes.epoch_seconds() - rows["at"].epoch_seconds()
    rows = rows.filter(rows.is_order == 0, age < LOOKBACK_DAYS * _SECONDS)
    best = ibis.window(
        group_by=[rows.person, rows.closes],
        order_by=[
            (rows.channel == DIRECT).fill_null(False).cast("int32"),
            rows["at"].desc(),
            rows["rank"].desc(),
            rows.channel.isnull().cast("int32").desc(),
            rows.channel.desc(),
            rows.campaign_id.isnull().cast("int32"),
            rows.campaign_id.desc(),
        ],
    )
    rows = rows.mutate(place=ibis.row_number().over(best))
    rows = rows.filter(rows.place == 0)
    return rows.select(
        "campaign_id",
        "closes",
        of_person=rows.person,
        marketing_channel=rows.channel,
        is_touched=ibis.literal(True),
    )


def spend_on_touched(data: Data) -> ir.Table:
    """Return the spend that credited orders are set against: occurred_at, marketing_channel, spend.

    That on channels and campaigns of which touches are recorded, in the days of these: a row a day.
    Money written down once for many days is spread evenly over them.
    """
    rows = _spend(data, {"marketing_channel"})
    return rows.select("occurred_at", "marketing_channel", "spend")


def _spend(data: Data, columns: Collection[str]) -> ir.Table:
    """Return the spend on what touches are recorded of, in the days of these.

    Nothing tells what money brought where no touch can be seen (a poster, advice in a store, a
    campaign that no touch names), nor before the first of them: no order would be set against it.
    A channel of which a touch names no campaign is followed as a whole, since any of its campaigns
    may have brought what is credited to that touch: spend on one that no touch names is on none.
    Money written down once for many days (`_with_stretch`) is spread evenly over them. Where the
    sales channels do not tell which orders are placed online, nothing is set against any.
    """
    import ibis

    of_campaigns = "campaign_id" in columns
    named = data.has(source_of(data).table, "campaign_id")
    names = ["spent_at", "marketing_channel", "campaign_id", "amount"]
    rows = _with_stretch(MARKETING_SPEND.build(data, names))
    seen = source_of(data).read(data)
    followed = seen.group_by(seen_channel="channel").aggregate(
        tagged=seen.campaign_id.count(), untagged=seen.count() - seen.campaign_id.count()
    )
    rows = rows.inner_join(followed, rows.marketing_channel == followed.seen_channel)
    if named:
        rows = _of_named_campaigns(rows, seen)
    rows = _in_recorded_days(rows, data)
    is_told = tells_online(data)
    if is_told is not None:
        rows = rows.filter(is_told.as_scalar())
    nothing = {} if of_campaigns else {"campaign_id": ibis.null("string")}
    return rows.mutate(
        orders=ibis.literal(0, "int64"),
        revenue=ibis.null(MONEY),
        margin=ibis.null(MONEY),
        is_followed=ibis.literal(True),
        **nothing,
    )


def spend_to_acquire(data: Data) -> ir.Table:
    """Return the spend to acquire in the days of touches: occurred_at, campaign_id, spend.

    A row a day, over which money written down once for many is spread evenly: nothing tells whom a
    campaign brought before the first touch recorded and after the last.
    """
    rows = _media(data, ["spent_at", "marketing_channel", "campaign_id", "purpose", "amount"])
    rows = _with_stretch(rows.filter(rows.purpose == "acquisition"))
    return _in_recorded_days(rows, data).select("occurred_at", "campaign_id", "spend")


def _with_stretch(rows: ir.Table) -> ir.Table:
    """Return a row a day, channel and campaign, with the days it pays for: opens, and closes after.

    A row pays for its day. Where rows are written down once a month or quarter, in the first or the
    last week of it (`_with_habit`), each pays for the whole of the one it is dated in. Elsewhere,
    where more than a week is usual from one row to the next, it pays for the days until the next,
    and for no more than is usual, a month where that is 28 to 31 days. The habit is that of the
    campaign on its channel; of the whole channel, months and quarters alone, where the campaign has
    too few rows to have one.
    """
    import ibis

    keys = ["marketing_channel", "campaign_id"]
    rows = rows.filter(rows.spent_at.notnull(), rows.amount.notnull())
    rows = rows.mutate(day=rows.spent_at.truncate("D"))
    rows = rows.group_by("day", *keys).aggregate(amount=rows.amount.sum().cast(MONEY))
    whole = _with_habit(rows.select("marketing_channel", "day").distinct(), ["marketing_channel"])
    whole = whole.group_by(channel="marketing_channel").aggregate(of_channel=whole.months.max())
    rows = _with_habit(rows, keys)
    rows = rows.left_join(whole, rows.marketing_channel == whole.channel)
    is_habit = rows.steps >= _FEWEST_STEPS
    months = is_habit.ifelse(rows.months, rows.of_channel)
    is_long = is_habit & (rows.usual > _WEEK_DAYS)
    is_month = rows.usual.between(*_MONTH_DAYS)
    usual_end = rows.day + rows.usual.as_interval("D")
    usual_end = is_month.ifelse(rows.day + ibis.interval(months=1), usual_end)
    until = ibis.least(rows.next_day.fill_null(usual_end), usual_end)
    until = is_long.ifelse(until, rows.day + ibis.interval(days=1))
    begun, ended = _calendar(rows.day, months)
    return rows.select(
        *keys,
        "amount",
        opens=begun.fill_null(rows.day),
        closes=ended.fill_null(until),
    )


def _with_habit(rows: ir.Table, keys: Sequence[str]) -> ir.Table:
    """Add how the days of each series of spend follow each other.

    next_day; steps, how many rows have one; usual, the lower median of the days until it; months, 1
    or 3 where that is about a month or a quarter, and two thirds of the rows or more are alone in
    theirs and dated in its first or its last week: else null.
    """
    import ibis

    rows = rows.mutate(next_day=rows.day.lead().over(ibis.window(group_by=keys, order_by="day")))
    rows = rows.mutate(step=_days(rows.next_day, rows.day))
    by_step = ibis.window(group_by=keys, order_by=[rows.step.isnull().cast("int32"), rows.step])
    rows = rows.mutate(
        place=ibis.row_number().over(by_step), steps=rows.step.count().over(group_by=keys)
    )
    twice = 2 * rows.place
    is_middle = (twice == rows.steps - 1) | (twice == rows.steps - 2)
    rows = rows.mutate(middle=is_middle.ifelse(rows.step, ibis.null("int64")))
    rows = rows.mutate(usual=rows.middle.max().over(group_by=keys).fill_null(1))
    lasts = [(rows.usual.between(*days), months) for months, days in _CALENDAR_DAYS.items()]
    rows = rows.mutate(months=ibis.cases(*lasts))
    begun, ended = _calendar(rows.day, rows.months)
    rows = rows.mutate(begun=begun, left=_days(ended, rows.day))
    is_alone = rows.day.count().over(group_by=[*keys, "begun"]) == 1
    is_edge = (_days(rows.day, rows.begun) < _WEEK_DAYS) | (rows.left <= _WEEK_DAYS)
    rows = rows.mutate(is_regular=(is_alone & is_edge).fill_null(False).cast("int32"))
    regular, every = (one.over(group_by=keys) for one in (rows.is_regular.sum(), rows.day.count()))
    is_calendar = (rows.steps >= _FEWEST_STEPS) & (3 * regular >= 2 * every)
    return rows.mutate(months=is_calendar.ifelse(rows.months, ibis.null("int64")))


def _calendar(moment: ir.Value, months: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Return when the month or the quarter of a moment begins, and the next; null of neither."""
    import ibis

    month, quarter = moment.truncate("M"), moment.truncate("Q")
    begun = ibis.cases((months == 1, month), (months == 3, quarter))
    return begun, ibis.cases(
        (months == 1, month + ibis.interval(months=1)),
        (months == 3, quarter + ibis.interval(months=3)),
    )


def _days(end: ir.Value, start: ir.Value) -> ir.IntegerValue:
    return end.date().delta(start.date(), unit="day")


def _in_recorded_days(rows: ir.Table, data: Data) -> ir.Table:
    """Return a row a day of touches that the spend pays for: its equal part, dated on it.

    The parts are differences of rounded running totals, so that they add up to the amount.
    """
    import ibis

    first, last = recorded_days(data)
    rows = rows.mutate(
        begun=ibis.greatest(rows.opens, first),
        ended=ibis.least(rows.closes, last + ibis.interval(days=1)),
    )
    rows = rows.filter(rows.begun < rows.ended)
    rows = rows.mutate(
        paid=rows.amount.cast("float64"),
        lasts=_days(rows.closes, rows.opens),
        passed=ibis.range(_days(rows.begun, rows.opens), _days(rows.ended, rows.opens)).unnest(),
    )

    def until(days: ir.IntegerValue) -> ir.Value:
        return (rows.paid * days / rows.lasts).round(_DECIMALS).cast(MONEY)

    return rows.mutate(
        occurred_at=rows.opens + rows.passed.as_interval("D"),
        spend=(until(rows.passed + 1) - until(rows.passed)).cast(MONEY),
    )


def _of_named_campaigns(rows: ir.Table, seen: ir.Table) -> ir.Table:
    """Keep, of channels whose touches all name campaigns, the spend on these and on none."""
    import ibis

    told = seen.select(seen_campaign="campaign_id").distinct()
    rows = rows.left_join(told, rows.campaign_id == told.seen_campaign)
    is_told = rows.campaign_id.isnull() | rows.seen_campaign.notnull()
    rows = rows.filter(is_told | (rows.untagged > 0))
    by_campaign = (rows.tagged > 0).ifelse(rows.seen_campaign, ibis.null("string"))
    return rows.mutate(campaign_id=by_campaign)


def _counted(name: str, type: str = "int64") -> Column:
    return Column(type, (f"marketing_spend.{name}",), ("marketing_spend", name), measure=True)


MEDIA = Fact(
    name="media",
    grain="a day of a marketing channel and campaign, as its platform counted it",
    time="spent_at",
    events={
        "spent_at": Column("timestamp", ("marketing_spend.day",)),
        **copied("marketing_spend", "marketing_channel", "campaign_id", "purpose"),
        "amount": _counted("amount", MONEY),
        **{name: _counted(name) for name in COUNTS},
    },
    build=_media,
    tables=("marketing_spend",),
)
_TOUCH = " or ".join(
    f"{table}.{at} + {table}.marketing_channel + {table}.{person}"
    for table, at in (("touchpoints", "at"), ("sessions", "started_at"))
    for person in ("customer_id", "visitor_id")
)
_TIE = "orders.customer_id or sessions.order_id + sessions.visitor_id"
_SPENT = MARKETING_SPEND.events["amount"].needs
CREDITED_ORDERS = Fact(
    name="credited_orders",
    grain="an order placed online, or a day's spend on a channel that touches are recorded of",
    time="occurred_at",
    within=f"{LOOKBACK_DAYS} days",
    events={
        "occurred_at": Column("timestamp", ("orders.ordered_at", _TOUCH, _TIE)),
        "marketing_channel": Column("string", (_TOUCH, _TIE)),
        "campaign_id": Column("string", ("touchpoints.campaign_id",)),
        # 1 where a touch precedes the order, else 0; null where none is recorded on its days.
        "orders": Column("int64", (_TOUCH, _TIE), measure=True),
        "revenue": Column(MONEY, SALES.events["net_sales"].needs, measure=True),
        "margin": Column(MONEY, SALES.events["cost"].needs, measure=True),
        "spend": Column(MONEY, _SPENT, measure=True),
        # Whether money was spent on the channel, at any time that is recorded.
        "is_followed": Column("boolean", _SPENT, measure=True),
    },
    build=_credited_orders,
    tables=(),
    decided_by=("orders.channel",),
)
