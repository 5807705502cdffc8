"""What happened in a draw and no table shows: who left, what an action added, what was lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from marketing_kpi.data.simulation import after_sales, calendar
from marketing_kpi.data.simulation import assortment as shop
from marketing_kpi.data.simulation import parameters as p
from marketing_kpi.data.simulation.arrow import Bools, Ints, day_number
from marketing_kpi.data.simulation.customers import NEVER
from marketing_kpi.data.simulation.orders import ACTION, CAMPAIGN, OWN
from marketing_kpi.data.simulation.shop import Chunk


@dataclass
class Realised:
    """What happened in this draw and no table shows, added up over the chunks.

    Attributes
    ----------
    sums
        Customers, orders and cents, by name.
    promotion_units
        Units by their origin, each with one element a promotion.
    stock_outs
        Units and cents asked for while out of stock, each with one element a year.
    """

    sums: dict[str, int] = field(default_factory=dict)
    promotion_units: dict[str, Ints] = field(default_factory=dict)
    stock_outs: dict[str, Ints] = field(default_factory=dict)

    def add(self, chunk: Chunk) -> None:
        """Add a chunk."""
        for part in (_attrition(chunk), _mailings(chunk), _advisers(chunk), _experience(chunk)):
            for name, value in part.items():
                self.sums[name] = self.sums.get(name, 0) + int(value)
        hidden = chunk.hidden
        _add(self.promotion_units, hidden.promotion_units)
        _add(
            self.stock_outs,
            {
                "unmet_units": hidden.unmet_units,
                "lost_units": hidden.lost_units,
                "unmet_value": hidden.unmet_value,
            },
        )


def _add(totals: dict[str, Ints], part: Mapping[str, Ints]) -> None:
    for name, values in part.items():
        totals[name] = totals.get(name, np.zeros_like(values)) + values


def _attrition(chunk: Chunk) -> dict[str, int]:
    contacts = chunk.contacts
    customer = contacts.first < calendar.DAYS
    sums = {
        "customers": int(customer.sum()),
        "still_active": int((contacts.left[customer] == NEVER).sum()),
    }
    for year in (2024, 2025):
        start = int(np.flatnonzero(calendar.years() == year - 2023)[0])
        end = int(np.flatnonzero(calendar.years() == year - 2023)[-1]) + 1
        active = (contacts.first < start) & (contacts.left >= start)
        sums[f"active_{year}"] = int(active.sum())
        sums[f"left_{year}"] = int((active & (contacts.left < end)).sum())
    cohort = customer & (contacts.registered >= 0)
    sums["cohort"] = int(cohort.sum())
    sums["cohort_active"] = int((contacts.left[cohort] == NEVER).sum())
    sums["cohort_next_year"] = int(contacts.future[cohort].sum())
    sums["next_year"] = int(contacts.future.sum())
    sums["next_year_buyers"] = int((contacts.future > 0).sum())
    return sums


def _mailings(chunk: Chunk) -> dict[str, int]:
    orders, contacts = chunk.orders, chunk.contacts
    sums = {}
    for members in chunk.members:
        name = members.mailing.campaign_id
        start = day_number(members.mailing.contacted)
        in_window = (orders.day >= start) & (orders.day < start + members.mailing.window_days)
        own = np.zeros(len(contacts.first), dtype=bool)
        own[orders.customer[in_window & (orders.origin == OWN)]] = True
        without = own[members.customer]
        sums[f"{name}.members"] = len(without)
        sums[f"{name}.treated"] = int(members.treated.sum())
        sums[f"{name}.would_buy"] = int(without.sum())
        sums[f"{name}.won"] = int((members.extra & ~without).sum())
        sums[f"{name}.extra_orders"] = int(members.extra.sum())
    extra = orders.origin == CAMPAIGN  # only the spring e-mail brings any
    sums["spring_mail.extra_cents"] = int(chunk.amount[extra].sum())
    return sums


def _advisers(chunk: Chunk) -> dict[str, int]:
    orders = chunk.orders
    treated = np.array([store.advisers for store in shop.STORES])[orders.store] & (
        orders.store >= 0
    )
    after = treated & (orders.day >= day_number(p.ADVISERS.starts)) & orders.valid
    extra = orders.origin == ACTION
    return {
        "advisers.orders_without": int((after & ~extra).sum()),
        "advisers.extra_orders": int(extra.sum()),
        "advisers.cents_without": int(chunk.amount[after & ~extra].sum()),
        "advisers.extra_cents": int(chunk.amount[extra].sum()),
    }


def _experience(chunk: Chunk) -> dict[str, int]:
    orders = chunk.orders
    received = after_sales.received_at(orders, chunk.delivery) >= 0
    asked: Bools = received & (orders.customer >= 0)
    bad = after_sales.bad_experience(orders, chunk.delivery, chunk.parcels)
    return {"asked": int(asked.sum()), "asked_bad": int((asked & bad).sum())}
