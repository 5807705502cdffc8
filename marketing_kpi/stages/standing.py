"""Where each contact stands on some days: its purchases and responses before each, its stage."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from marketing_kpi.stages.purchases import by_day, by_table, of_contacts, purchases

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data
    from marketing_kpi.kpis.compute import Filters
    from marketing_kpi.stages.settings import Settings

# What an event says of its contact; the others say nothing of it, and are null there.
_SAID: Mapping[str, str] = MappingProxyType(
    {
        "registered": "date",
        "on_record": "date",
        "first_order": "date",
        "last_order": "date",
        "orders": "int64",
        "last_response": "date",
    }
)


def standing(
    data: Data, dates: Sequence[dt.date], *, settings: Settings, filters: Filters | None = None
) -> ir.Table:
    """Return where each contact stands on each of some days, in one query.

    Parameters
    ----------
    data
        What `open_data` returns.
    dates
        The days, each exclusive, rising.
    settings, filters
        See `marketing_kpi.lifecycle.contacts`.

    Returns
    -------
    ibis.Table
        A row a day and contact: as_of, customer_id, registered, first_order, last_order (days),
        orders, last_response (day), stage.

    Notes
    -----
    Events (a registration, purchases, responses) are first added up between the days. What is
    known of a contact changes only on the days that follow one of its events: that is made once,
    and then holds until the next such day.
    """
    events = _events(data, dates, settings, filters)
    known = _known(events).mutate(orders=lambda t: t.orders.fill_null(0))
    every = ibis.array([_literal(day) for day in dates]).unnest().name("as_of").as_table()
    holds = known.cross_join(every).filter(
        lambda t: (t.point <= t.as_of) & (t.next_point.isnull() | (t.as_of < t.next_point))
    )
    return holds.select(
        "as_of",
        "customer_id",
        "registered",
        "first_order",
        "last_order",
        "orders",
        "last_response",
        stage=_stage(holds, settings),
    )


def _events(
    data: Data, dates: Sequence[dt.date], settings: Settings, filters: Filters | None
) -> ir.Table:
    """Return a row a contact and span of events: the days from and until which they tell.

    Both are among `dates`; until is null unless the events are purchases that a refund undid.
    """
    sources = [_bought(data, dates, settings, filters)]
    if data.has("contacts"):
        sources.append(_registered(data, dates, filters))
    if data.has("responses", "customer_id", "at"):
        sources.append(_responded(data, dates, filters))
    stacked = ibis.union(*(_padded(source) for source in sources))
    told = stacked.filter(stacked.customer_id.notnull(), stacked.since.notnull())
    return told.group_by("customer_id", "since", "until").aggregate(**_added_up(told))


def _padded(source: ir.Table) -> ir.Table:
    kinds = {"until": "date", **_SAID}
    columns = {
        name: source[name].cast(kind) if name in source.columns else ibis.null(kind)
        for name, kind in kinds.items()
    }
    return source.select("customer_id", "since", **columns)


def _added_up(events: ir.Table, counts: ir.BooleanValue | None = None) -> dict[str, ir.Value]:
    """Return what several events say together; of purchases, those that count."""
    return {
        "registered": events.registered.min(),
        "on_record": events.on_record.min(),
        "first_order": events.first_order.min(where=counts),
        "last_order": events.last_order.max(where=counts),
        "orders": events.orders.sum(where=counts),
        "last_response": events.last_response.max(),
    }


def _known(events: ir.Table) -> ir.Table:
    """Return what is known of a contact from each day that changes it until the next."""
    undone = events.filter(events.until.notnull())
    points = ibis.union(
        events.select("customer_id", point=events.since),
        undone.select("customer_id", point=undone.until),
        distinct=True,
    )
    told = points.inner_join(
        events, [points.customer_id == events.customer_id, points.point >= events.since]
    )
    counts = told.until.isnull() | (told.point < told.until)
    known = told.group_by("customer_id", "point").aggregate(**_added_up(told, counts))
    in_time = ibis.window(group_by="customer_id", order_by="point")
    return known.mutate(next_point=known.point.lead().over(in_time))


def _next(day: ir.DateValue, dates: Sequence[dt.date]) -> ir.DateValue:
    """Return the first of the days that comes after `day`; null when none does."""
    return ibis.cases(*((day < _literal(after), _literal(after)) for after in dates))


def _literal(day: dt.date) -> ir.DateScalar:
    return ibis.date(day.isoformat())


def _bought(
    data: Data, dates: Sequence[dt.date], settings: Settings, filters: Filters | None
) -> ir.Table:
    rows = purchases(data, settings=settings, filters=filters)
    days = by_day(rows.filter(rows.customer_id.notnull()), "customer_id", "refunded_on")
    return days.select(
        "customer_id",
        "orders",
        since=_next(days.day, dates),
        until=_next(days.refunded_on, dates),
        on_record=days.day,
        first_order=days.day,
        last_order=days.day,
    )


def _registered(data: Data, dates: Sequence[dt.date], filters: Filters | None) -> ir.Table:
    """Return a row a contact of the table; one that registered at an unknown time was there."""
    contacts = data.table("contacts")
    known = "registered_at" in contacts.columns
    day = contacts.registered_at.min().date() if known else ibis.null("date")
    rows = contacts.group_by("customer_id").aggregate(registered=day)
    rows = of_contacts(rows, data, by_table(filters, data)["contacts"])
    from_then = _next(rows.registered, dates)
    return rows.mutate(since=rows.registered.isnull().ifelse(_literal(dates[0]), from_then))


def _responded(data: Data, dates: Sequence[dt.date], filters: Filters | None) -> ir.Table:
    responses = data.table("responses")
    rows = responses.select("customer_id", day=responses["at"].date())
    rows = of_contacts(rows, data, by_table(filters, data)["contacts"])
    return rows.select(
        "customer_id", since=_next(rows.day, dates), on_record=rows.day, last_response=rows.day
    )


def _stage(contacts: ir.Table, settings: Settings) -> ir.StringValue:
    """Return the stage of each row; exactly one of them holds, whatever is not known.

    `contacts` has as_of, registered, on_record (the day of the first purchase or response),
    last_response, last_order and orders.
    """
    leads, customers = settings.leads, settings.customers
    registered = ibis.coalesce(contacts.registered, contacts.on_record)
    response = contacts.last_response
    # An engine may hold that the greatest of a day and a null is null.
    latest = ibis.greatest(ibis.coalesce(registered, response), ibis.coalesce(response, registered))

    def within(day: ir.DateValue, limit: int) -> ir.BooleanValue:
        return (contacts.as_of.delta(day, unit="day") <= limit).fill_null(False)

    is_active = within(contacts.last_order, customers.active_days)
    without_response = (response < registered).fill_null(True)
    return ibis.cases(
        (is_active & (contacts.orders == 1), "first_time"),
        (is_active, "active"),
        (within(contacts.last_order, customers.defecting_days), "defecting"),
        (contacts.orders > 0, "inactive"),
        (within(response, leads.active_days), "lead_active"),
        (within(registered, leads.new_days) & without_response, "lead_new"),
        (within(latest, leads.cold_days), "lead_cold"),
        else_="lead_inactive",
    )
