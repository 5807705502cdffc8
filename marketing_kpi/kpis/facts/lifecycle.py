"""Facts of the customer lifecycle: who entered a cohort, and who has bought since.

A row is a customer that became something on a day: a lead, a first-time buyer, a regular one who
ordered, defecting, inactive. Each rate of conversion is the share of such a cohort that bought
afterwards. The cohorts are made once of all purchases (`prepare`), and each period then takes the
days of its window.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from marketing_kpi.kpis.facts.base import (
    ACTIVITY_DAYS,
    Column,
    Fact,
    attach,
    dimension,
    home,
    is_credit,
    one_a_key,
    valid_orders,
)
from marketing_kpi.kpis.facts.customers import unit_keys
from marketing_kpi.kpis.facts.sales import SALES

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data

ACTIVE_DAYS = 90
"""Up to so many days after a purchase a customer is active, and defecting after them."""

LEAD_DAYS = 180
REPURCHASE_DAYS = 90
LOYALTY_DAYS = 90
"""Windows of three rates: so many last days of cohorts count."""


# --- Purchases ------------------------------------------------------------------------------


def purchases(data: Data, *, credits: bool = False) -> ir.Table:
    """Return the valid orders that are purchases: see `is_purchase`.

    With `credits`, also the credits that were entered as orders of a negative amount.
    """
    orders = valid_orders(data)
    if "amount" not in orders.columns:
        return orders
    return orders.filter(is_purchase(orders.amount) | (is_credit(orders.amount) & credits))


def is_purchase(amount: ir.NumericValue) -> ir.BooleanValue:
    """Return whether an order makes a customer active: no credit (see `is_credit`), and not of 0.

    A gift or a replacement brings a customer back for the counts of orders, but is no sign that
    they buy: the stages leave orders of 0 out. An order of unknown amount is a purchase.
    """
    return ~is_credit(amount) & (amount != 0).fill_null(True)


def purchase_days(events: ir.Table, keys: Sequence[str]) -> ir.Table:
    """Return a row a customer and day with a purchase.

    Parameters
    ----------
    events
        Purchases, in a row or more each: order_id, customer_id, day and the keys.
    keys
        What else tells units apart: a customer of two channels is one in each.

    Returns
    -------
    ibis.expr.types.Table
        The keys, customer_id, day, orders (distinct orders of that day), orders_to_date (to the
        end of that day) and next_day (of purchase; null when it is the last).
    """
    import ibis

    unit = unit_keys(keys)
    known = events.filter(events.customer_id.notnull(), events.day.notnull())
    days = known.group_by([*unit, "day"]).aggregate(orders=known.order_id.nunique())
    in_order = ibis.window(group_by=unit, order_by="day")
    return days.mutate(
        orders_to_date=days.orders.sum().over(
            ibis.cumulative_window(group_by=unit, order_by="day")
        ),
        next_day=days.day.lead().over(in_order),
    )


# --- Cohorts: a row a customer and day of entry ---------------------------------------------
#
# Each returns the keys, customer_id, entered_on (the day it entered the cohort), counted_from
# (the first day at whose end it counts) and bought_on (the day of the purchase that converts it,
# null when there is none). All three are midnights.


def registered(contacts: ir.Table, keys: Sequence[str]) -> ir.Table:
    """Return the contacts that had not bought by the end of the day they registered.

    `contacts` has a row a contact: the keys, customer_id, registered_at and first_day, that of
    its first purchase (null when there is none).
    """
    entered = contacts.registered_at.date()
    leads = contacts.filter(
        contacts.registered_at.notnull(),
        contacts.first_day.isnull() | (contacts.first_day > entered),
    )
    return _cohort(leads, keys, entered=leads.registered_at.date(), bought=leads.first_day)


def first_purchases(days: ir.Table, keys: Sequence[str]) -> ir.Table:
    """Return the customers on the day of their first purchase; a second one that day converts."""
    first = days.filter(days.orders_to_date == days.orders)
    bought = (first.orders > 1).ifelse(first.day, first.next_day)
    return _cohort(first, keys, entered=first.day, bought=bought)


def regular_purchases(
    days: ir.Table, keys: Sequence[str], *, after_days: int = LOYALTY_DAYS
) -> ir.Table:
    """Return the customers on each day they ordered, with two orders or more by its end.

    They are counted once only, when so many days have passed since that day began.
    """
    regular = days.filter(days.orders_to_date > 1)
    return _cohort(
        regular, keys, entered=regular.day, bought=regular.next_day, counted_after=after_days - 1
    )


def silences(days: ir.Table, keys: Sequence[str], *, after_days: int) -> ir.Table:
    """Return the customers on each day whose end is their first of more than so many days' silence.

    At the end of the day D + n, a customer who bought last on D did so n + 1 days ago: who has been
    silent for *more than* 90 days is so first at the end of D + 90. A purchase on D + 90 keeps
    them active, one on D + 91 wins them back.
    """
    ends = _later(days.day, after_days)
    silent = days.filter(days.next_day.isnull() | (days.next_day > ends))
    return _cohort(silent, keys, entered=_later(silent.day, after_days), bought=silent.next_day)


def _cohort(
    rows: ir.Table,
    keys: Sequence[str],
    *,
    entered: ir.DateValue,
    bought: ir.DateValue,
    counted_after: int = 0,
) -> ir.Table:
    return rows.select(
        *unit_keys(keys),
        entered_on=entered.cast("timestamp"),
        counted_from=_later(entered, counted_after).cast("timestamp"),
        bought_on=bought.cast("timestamp"),
    )


def _later(day: ir.DateValue, days: int) -> ir.DateValue:
    """Return the date so many days later, which some engines make a timestamp."""
    import ibis

    return (day + ibis.interval(days=days)).cast("timestamp").date()


# --- Facts ----------------------------------------------------------------------------------


def _orders_counted(data: Data, columns: Collection[str]) -> ir.Table:
    """Return the purchases with the columns that make and split cohorts."""
    rows = SALES.build(data, {*columns} - {"entered_on"})
    return rows.semi_join(purchases(data), "order_id")


def _contacts(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row a contact, with the day of its first purchase.

    There is none where no order says who bought: of no contact is it then known that it has not.
    """
    homes = [(name, place[1]) for name in sorted(columns) if (place := home(LEADS, name, data))]
    contacts = one_a_key(data.table("contacts"), ["customer_id"], [old for _, old in homes])
    named = data.table("orders").customer_id.notnull().any()
    contacts = contacts.filter(named.as_scalar())
    bought = purchases(data)
    first = bought.group_by("customer_id").aggregate(first_day=bought.ordered_at.min().date())
    rows = contacts.select(**{new: contacts[old] for new, old in homes})
    return attach(rows, first, on=["customer_id"], columns={"first_day": "first_day"})


def _converted(events: ir.Table, keys: Sequence[str], _columns: Collection[str]) -> ir.Table:
    """Return a row a customer of the cohort, and whether it has bought since.

    Who entered twice in the window is one customer, converted by a purchase after either.
    """
    counted = events.filter(events.counted_from < events.period_end)
    bought = (counted.bought_on < counted.period_end).fill_null(False)
    return counted.group_by(unit_keys(keys)).aggregate(converted=bought.any())


_COHORT = replace(
    SALES,
    time="entered_on",
    events={
        **{name: column for name, column in SALES.events.items() if not column.measure},
        "entered_on": Column("timestamp", ("orders.ordered_at",)),
    },
    build=_orders_counted,
    by_unit={
        "customer_id": ("string", ("customer_id",)),
        "converted": ("boolean", ("order_id", "ordered_at")),
    },
    summarise=_converted,
)


def _of_purchases(
    cohort: Callable[[ir.Table, Sequence[str]], ir.Table],
) -> Callable[[ir.Table, Sequence[str]], ir.Table]:
    def prepare(events: ir.Table, keys: Sequence[str]) -> ir.Table:
        dated = events.mutate(day=events.ordered_at.date())
        return cohort(purchase_days(dated, keys), keys)

    return prepare


LEADS = Fact(
    name="leads",
    grain="a contact that registered in the window and had not bought by the end of that day",
    time="entered_on",
    events={
        **{
            name: dimension(f"contacts.{column}")
            for name, column in {
                "customer_id": "customer_id",
                "region": "region",
                "customer_region": "region",
                "acquisition_channel": "acquisition_channel",
            }.items()
        },
        "registered_at": dimension("contacts.registered_at", type="timestamp"),
        "entered_on": Column("timestamp", ("orders.customer_id", "orders.ordered_at")),
    },
    build=_contacts,
    tables=("contacts",),
    by_unit={
        "customer_id": ("string", ("customer_id",)),
        "converted": ("boolean", ("registered_at",)),
    },
    prepare=registered,
    history_days=ACTIVITY_DAYS - LEAD_DAYS,
    summarise=_converted,
)
FIRST_TIME_BUYERS = replace(
    _COHORT,
    name="first_time_buyers",
    grain="a customer whose first purchase was in the window",
    prepare=_of_purchases(first_purchases),
    history_days=ACTIVITY_DAYS - REPURCHASE_DAYS,
)
REGULAR_BUYERS = replace(
    _COHORT,
    name="regular_buyers",
    grain="a customer who ordered on the first day of the window, with two orders by its end",
    prepare=_of_purchases(regular_purchases),
    history_days=ACTIVITY_DAYS - LOYALTY_DAYS,
)
DEFECTIONS = replace(
    _COHORT,
    name="defections",
    grain="a customer who became defecting in the window: over 90 days without a purchase",
    prepare=_of_purchases(partial(silences, after_days=ACTIVE_DAYS)),
    history_days=ACTIVE_DAYS,
)
LAPSES = replace(
    _COHORT,
    name="lapses",
    grain="a customer who became inactive in the window: over 365 days without a purchase",
    prepare=_of_purchases(partial(silences, after_days=ACTIVITY_DAYS)),
    history_days=ACTIVITY_DAYS,
)
