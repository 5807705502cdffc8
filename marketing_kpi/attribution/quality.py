"""What the data must tell for attribution, how well they do, and what no model can see in them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.attribution.credit import MODELS
from marketing_kpi.attribution.journeys import (
    DIRECT,
    LOOKBACK_DAYS,
    Journeys,
    days_of,
    journeys_and_orders,
)
from marketing_kpi.data.model import SALES_CHANNELS
from marketing_kpi.kpis.facts.base import attach
from marketing_kpi.kpis.facts.channels import recorded_days
from marketing_kpi.kpis.facts.touches import conversions as read_conversions
from marketing_kpi.kpis.facts.touches import (
    lacking,
    orders_by_channel,
    recorded_touches,
    seen_together,
    source_of,
    with_person,
)
from marketing_kpi.kpis.frames import records
from marketing_kpi.kpis.periods import midnight

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data
    from marketing_kpi.kpis.periods import Periods

REQUIREMENTS = {
    "touches": (("touchpoints.at", "touchpoints.marketing_channel"),
                ("sessions.started_at", "sessions.marketing_channel")),
    "persons": (("touchpoints.customer_id",), ("touchpoints.visitor_id",),
                ("sessions.customer_id",), ("sessions.visitor_id",)),
    "orders_of_persons": (("orders.customer_id",), ("sessions.order_id", "sessions.visitor_id")),
    "impressions": (("touchpoints.kind",),),
    "visitors_of_customers": (("touchpoints.visitor_id", "touchpoints.customer_id"),
                              ("sessions.visitor_id", "sessions.customer_id"),
                              ("sessions.visitor_id", "sessions.order_id"),
                              ("identities.source_id", "identities.customer_id")),
    "amounts": (("order_lines.quantity", "order_lines.unit_price"), ("orders.amount",)),
    "campaigns": (("touchpoints.campaign_id",),),
    "control_group": (("campaign_members.arm", "campaign_members.customer_id"),),
}  # fmt: skip
"""What attribution is made from: by id, the columns any one group of which tells it."""

REQUIRED = ("touches", "persons", "orders_of_persons")
"""Of `REQUIREMENTS`, those without which there are no journeys."""

SINGLE = ("first", "last", "last_non_direct")
"""Models that give a whole order to one touch."""

ORDERED = ("first", "last", "last_non_direct", "time_decay", "position", "markov")
"""Models that tell journeys apart by the order of their touches."""


class JourneyQuality(NamedTuple):
    """How well journeys can be made from the data, and what models cannot see in them.

    Attributes
    ----------
    journeys
        The journeys themselves, see `Journeys`.
    checks
        A row a check: check, count, total, share (count / total; null where total is 0). Of the
        touches recorded: ``without_time``; of those in the period: ``without_person``,
        ``without_channel``, ``duplicates`` (the same person, moment, channel and kind again: taken
        once), ``anonymous`` (of a visitor who is no known customer). Of the visitors of customers:
        ``shared_visitors`` (seen as several customers: nobody's). Of the orders of the period:
        ``orders_without_person``, ``orders_without_amount``, ``orders_without_cost`` (the cost of
        a part of what they hold is not known), ``orders_outside_touches`` (without a journey,
        placed before the first day of touches or after the last: nobody knows what preceded them);
        of the other orders, ``orders_of_older_touches`` (all touches since the person's order
        before are older than the look-back) and ``orders_without_touch`` (none is recorded),
        ``visits_after_order`` (placed in a session that begins after them: clocks differ). Of all
        orders of the period, online or not: ``orders_of_unknown_channels`` (of sales channels that
        the model does not know, and so not taken as placed online). Of the orders with a journey:
        ``one_touch`` (all models agree on them), ``truncated`` (there are touches in as many days
        before the look-back), ``before_data`` (the look-back reaches days before the first touch
        recorded). Of the journeys without an order: ``under_way``
        (their last touch is less than the look-back before the end of the period). Checks of what
        the data do not have are not listed.
    blind
        A row a model: model; conversions_unseen (share of the orders that no touch precedes),
        touches_unseen (share of the touches before orders that get nothing, whatever they did),
        journeys_unseen (share of the journeys that it does not look at: those without an order),
        sees_order, sees_time (whether it looks at the order of touches, at the days between).
    unknown_channels
        Of the sales channels that the model does not know, the orders of the period; the most
        first. Empty where `conversions` is not ``"online"``.
    """

    journeys: Journeys
    checks: pd.DataFrame
    blind: pd.DataFrame
    unknown_channels: Mapping[str, int] = MappingProxyType({})


def journey_requirements(data: Data) -> pd.DataFrame:
    """Say what attribution needs of data, and whether these have it.

    Returns
    -------
    pandas.DataFrame
        A row a need: need (of `REQUIREMENTS`), columns (as text, groups of which one is enough
        apart by " or "), is_required (there are no journeys without), is_met (the columns of a
        group are there, each with a value).

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-04-10"])})
    >>> found = journey_requirements(open_data({"orders": orders.assign(customer_id="a")}))
    >>> found.loc[found.is_met, "need"].tolist()
    ['orders_of_persons']
    """
    rows = []
    told = _told(data)
    for need, choices in REQUIREMENTS.items():
        met = any({*choice} <= told for choice in choices)
        columns = " or ".join(" + ".join(choice) for choice in choices)
        rows.append((need, columns, need in REQUIRED, met))
    return pd.DataFrame(rows, columns=["need", "columns", "is_required", "is_met"])


def _told(data: Data) -> set[str]:
    """Return the columns of `REQUIREMENTS` that hold a value, as ``table.column``."""
    wanted = {name for choices in REQUIREMENTS.values() for choice in choices for name in choice}
    there: dict[str, list[str]] = {}
    for table, column in (name.split(".") for name in sorted(wanted)):
        if data.has(table, column):
            there.setdefault(table, []).append(column)
    found = set()
    for table, columns in there.items():
        rows = data.table(table)
        counts = _row(rows.aggregate(**{name: rows[name].count() for name in columns}))
        found |= {f"{table}.{name}" for name, count in counts.items() if count}
    return found


def journey_quality(
    data: Data,
    *,
    periods: Periods | None = None,
    start: str | dt.date | None = None,
    end: str | dt.date | None = None,
    lookback_days: int = LOOKBACK_DAYS,
    conversions: str | Sequence[str] = "online",
    direct: str = DIRECT,
) -> JourneyQuality | None:
    """Make journeys and say how far they can be trusted.

    Parameters
    ----------
    data, periods, start, end, lookback_days, conversions, direct
        As for `journeys`.

    Returns
    -------
    JourneyQuality or None
        See its attributes. None where the data lack what journeys need: `journey_requirements`
        says what.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> touches = pd.DataFrame({
    ...     "touchpoint_id": list("123"), "customer_id": ["a", "a", None],
    ...     "at": pd.to_datetime(["2025-05-01", "2025-05-03", "2025-05-04"]),
    ...     "marketing_channel": ["display", "email", "email"]})
    >>> orders = pd.DataFrame({"order_id": list("12"), "customer_id": list("ab"), "amount": 40.0,
    ...     "ordered_at": pd.to_datetime(["2025-05-03 10:00"] * 2)})
    >>> found = journey_quality(open_data({"touchpoints": touches, "orders": orders}),
    ...                         start="2025-05-01", end="2025-06-01")
    >>> found.checks.set_index("check").loc[["without_person", "orders_without_touch"], "count"]
    check
    without_person          1
    orders_without_touch    1
    Name: count, dtype: int64
    """
    first, last = days_of(periods, start, end)
    if lacking(data):
        return None
    found, told = journeys_and_orders(
        data, start=first, end=last, lookback_days=lookback_days, conversions=conversions,
        kinds=None, direct=direct,
    )  # fmt: skip
    by_channel = _orders_of_channels(data, first, last) if conversions == "online" else {}
    unknown = {name: n for name, n in by_channel.items() if name not in (*SALES_CHANNELS, None)}
    counts = {
        **_of_touches(data, first, last),
        **_of_visitors(data),
        **_of_orders(data, told),
        **_of_orders_without_journey(data, told, found, conversions),
        **_of_journeys(data, found),
    }
    if by_channel:
        counts["orders_of_unknown_channels"] = (sum(unknown.values()), sum(by_channel.values()))
    table = pd.DataFrame(
        [(name, count, total) for name, (count, total) in counts.items()],
        columns=["check", "count", "total"],
    )
    table["share"] = table["count"] / table["total"].where(table["total"] > 0)
    return JourneyQuality(found, table, _blind(found), MappingProxyType(unknown))


_Counts = dict[str, tuple[int, int]]


def _row(table: ir.Table) -> dict[str, Any]:
    (found,) = records(table)
    return {name: value or 0 for name, value in found.items()}


def _orders_of_channels(data: Data, start: dt.date, end: dt.date) -> dict[str | None, int]:
    """Return how many orders each sales channel has, None for those that name none."""
    rows = orders_by_channel(data, start=start, end=end)
    if rows is None:
        return {}
    rows = rows.order_by(ibis.desc("orders"), "channel")
    return {row["channel"]: row["orders"] for row in records(rows)}


def _of_touches(data: Data, start: dt.date, end: dt.date) -> _Counts:
    rows = source_of(data).read(data)
    whole = _row(rows.aggregate(n=rows.count(), untimed=rows["at"].isnull().sum()))
    rows = rows.filter(rows["at"] >= midnight(start), rows["at"] < midnight(end))
    rows = with_person(rows, data)
    once = rows.group_by("person", "at", "channel", "kind", "campaign_id")
    once = once.aggregate(times=rows.count())
    times = once.times
    counted = _row(
        once.aggregate(
            n=times.sum(),
            nobody=times.sum(where=once.person.isnull()),
            nowhere=times.sum(where=once.channel.isnull()),
            visitors=times.sum(where=once.person.startswith("v:")),
            known=times.sum(where=once.person.notnull()),
            kept=once.person.count(),
        )
    )
    return {
        "without_time": (whole["untimed"], whole["n"]),
        "without_person": (counted["nobody"], counted["n"]),
        "without_channel": (counted["nowhere"], counted["n"]),
        "duplicates": (counted["known"] - counted["kept"], counted["known"]),
        "anonymous": (counted["visitors"], counted["known"]),
    }


def _of_visitors(data: Data) -> _Counts:
    pairs = seen_together(data)
    if pairs is None:
        return {}
    each = pairs.group_by("visitor").aggregate(customers=pairs.customer.nunique())
    found = _row(each.aggregate(n=each.count(), shared=(each.customers > 1).sum()))
    return {"shared_visitors": (found["shared"], found["n"])}


def _of_orders(data: Data, told: ir.Table) -> _Counts:
    counted = _row(
        told.aggregate(
            n=told.count(),
            nobody=told.person.isnull().sum(),
            unpriced=told.revenue.isnull().sum(),
            costed=told.margin.count(),
            uncosted=(told.uncosted > 0).sum(),
        )
    )
    counts = {
        "orders_without_person": (counted["nobody"], counted["n"]),
        "orders_without_amount": (counted["unpriced"], counted["n"]),
    }
    if counted["costed"]:
        counts["orders_without_cost"] = (counted["uncosted"], counted["n"])
    if data.has("sessions", "order_id", "started_at"):
        visits = data.table("sessions").select(placed="order_id", begun="started_at")
        visits = visits.filter(visits.begun.notnull())
        visits = visits.group_by("placed").aggregate(begun=visits.begun.min())
        both = told.inner_join(visits, told.order_id == visits.placed)
        late = _row(both.aggregate(n=both.count(), late=(both.begun > both["at"]).sum()))
        counts["visits_after_order"] = (late["late"], late["n"])
    return counts


def _of_orders_without_journey(
    data: Data, told: ir.Table, found: Journeys, conversions: str | Sequence[str]
) -> _Counts:
    """Tell apart why orders have no journey."""
    first, last = recorded_days(data)
    rows = told.select("order_id", "person", at=told["at"].cast("timestamp"))
    ended = found.touches.filter(found.touches.conversions > 0, found.touches.place == 0)
    rows = rows.anti_join(ended, [rows.person == ended.person, rows["at"] == ended.ended_at])
    seen = recorded_touches(data).select("person", then=ibis._["at"].cast("timestamp"))
    rows = _with_latest(rows, seen, "touched_at", or_at_once=True)
    placed = read_conversions(data, which=conversions, end=found.end)
    placed = placed.select("person", then=ibis._["at"].cast("timestamp"))
    rows = _with_latest(rows, placed, "ordered_at", or_at_once=False)
    is_outside = ~rows["at"].truncate("D").between(first, last).fill_null(False)
    is_first = rows.ordered_at.isnull() | (rows.touched_at > rows.ordered_at)
    is_older = (rows.touched_at.notnull() & is_first).fill_null(False)
    counted = _row(
        rows.aggregate(
            outside=is_outside.sum(),
            older=(~is_outside & is_older).sum(),
            untouched=(~is_outside & ~is_older).sum(),
        )
    )
    orders = found.conversions + found.without_touch
    inside = orders - counted["outside"]
    return {
        "orders_outside_touches": (counted["outside"], orders),
        "orders_of_older_touches": (counted["older"], inside),
        "orders_without_touch": (counted["untouched"], inside),
    }


def _with_latest(rows: ir.Table, others: ir.Table, name: str, *, or_at_once: bool) -> ir.Table:
    """Add to each order the latest moment of its person among others, before it or at once."""
    others = others.rename(of_person="person")
    is_before = others.then <= rows["at"] if or_at_once else others.then < rows["at"]
    both = rows.inner_join(others, [rows.person == others.of_person, is_before])
    latest = both.group_by("order_id").aggregate(latest=both.then.max())
    return attach(rows, latest, on=["order_id"], columns={name: "latest"})


def _of_journeys(data: Data, found: Journeys) -> _Counts:
    recorded = source_of(data).read(data)
    begun = _row(recorded.aggregate(first=recorded["at"].min()))["first"]
    reach = ibis.interval(days=found.lookback_days)
    rows = found.touches.filter(found.touches.place == 0)
    orders = rows.conversions > 0
    before = rows.ended_at - reach < ibis.timestamp(begun.isoformat()) if begun else orders
    open_still = ~orders & (rows.ended_at > midnight(found.end) - reach)
    counted = _row(
        rows.aggregate(
            orders=rows.conversions.sum().cast("int64"),
            one_touch=rows.conversions.sum(where=rows.length == 1).cast("int64"),
            truncated=rows.conversions.sum(where=rows.truncated).cast("int64"),
            before=rows.conversions.sum(where=orders & before).cast("int64"),
            under_way=open_still.sum(),
            without=(~orders).sum(),
        )
    )
    return {
        "one_touch": (counted["one_touch"], counted["orders"]),
        "truncated": (counted["truncated"], counted["orders"]),
        "before_data": (counted["before"], counted["orders"]),
        "under_way": (counted["under_way"], counted["without"]),
    }


def _blind(found: Journeys) -> pd.DataFrame:
    """Return what each model cannot see, see `JourneyQuality.blind`."""
    rows = found.touches
    counted = _row(
        rows.aggregate(
            touches=(rows.conversions > 0).sum(),
            ended=((rows.conversions > 0) & (rows.place == 0)).sum(),
        )
    )
    orders = found.conversions + found.without_touch
    one_of_each = _share(counted["touches"] - counted["ended"], counted["touches"])
    without_order = _share(found.journeys - counted["ended"], found.journeys)
    table = pd.DataFrame({"model": MODELS})
    table["conversions_unseen"] = _share(found.without_touch, orders)
    is_single = table["model"].isin(SINGLE)
    table["touches_unseen"] = is_single * one_of_each
    table["journeys_unseen"] = (table["model"] != "markov") * without_order
    table["sees_order"] = table["model"].isin(ORDERED)
    table["sees_time"] = table["model"] == "time_decay"
    return table


def _share(part: float, whole: float) -> float:
    return part / whole if whole else np.nan
