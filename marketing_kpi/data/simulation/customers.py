"""The contacts and when they buy: leads, customers with a BG/NBD purchase process."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from marketing_kpi.data.simulation import arrow, calendar
from marketing_kpi.data.simulation import parameters as p
from marketing_kpi.data.simulation.arrow import Bools, Floats, Ints
from marketing_kpi.data.simulation.assortment import STORES, store_trading
from marketing_kpi.data.simulation.numbers import Numbers

NEVER = 1 << 30
LONGEST_LEAD_DAYS = 300  # before the data, for the oldest lead
FUTURE_DAYS = 365  # after the data, for what predictions can be held against


@dataclass(frozen=True)
class Purchases:
    """Purchases of customers who began at known times: who, when, and when each one left."""

    customer: Ints
    time: Floats
    left: Floats  # time of the purchase after which the customer was lost, inf if never


@dataclass(frozen=True)
class Contacts:
    """The contacts of one chunk, in the order of their registration, and their purchases."""

    registered: Ints  # day
    acquired_by: Ints
    region: Ints
    birth: Ints
    opt_in: Bools
    tier: Ints
    habit: Ints
    first: Ints  # day of the first purchase, NEVER for a lead
    left: Ints  # day of the last purchase before leaving, NEVER while still a customer
    buyer: Ints  # of each purchase
    day: Ints  # of each purchase, within the data
    future: Ints  # purchases of each contact in the year after the data


def purchases(rng: np.random.Generator, began: Floats, *, until: float) -> Purchases:
    """Draw BG/NBD purchases: Poisson at a gamma rate, left with a beta chance after each repeat.

    Parameters
    ----------
    rng
        The source of randomness.
    began
        Time of each customer's first purchase, in days of the customers' clock.
    until
        End of the observation on the same clock.

    Notes
    -----
    As in Fader, Hardie and Lee (2005), nobody leaves at the first purchase.
    """
    rate = rng.gamma(p.BG_NBD_R, 1 / p.BG_NBD_ALPHA, len(began))
    leaves = rng.beta(p.BG_NBD_A, p.BG_NBD_B, len(began))
    active = np.arange(len(began))
    time = began.copy()
    left = np.full(len(began), np.inf)
    who, when = [active], [began]
    while len(active):
        time[active] += rng.exponential(1, len(active)) / np.maximum(rate[active], 1e-12)
        active = active[time[active] < until]
        who.append(active)
        when.append(time[active].copy())
        gone = rng.random(len(active)) < leaves[active]
        left[active[gone]] = time[active[gone]]
        active = active[~gone]
    return Purchases(np.concatenate(who), np.concatenate(when), left)


def draw_contacts(rng: np.random.Generator, share: float) -> Contacts:
    """Draw the contacts of a chunk that is `share` of a unit of scale."""
    clock = calendar.shopping_clock()
    end = float(clock[-1])
    first_new = np.sort(_first_days(rng, round(p.NEW_CUSTOMERS * share)))
    began = np.concatenate(
        [
            np.sort(rng.uniform(clock[0], 0, round(p.BASE_CANDIDATES * share))),
            clock[calendar.HISTORY_DAYS + first_new],
        ]
    )
    drawn = purchases(rng, began, until=end + FUTURE_DAYS)
    day = calendar.to_day(drawn.time)
    shown = (day >= 0) & (drawn.time < end)
    later = drawn.time >= end
    kept = np.zeros(len(began), dtype=bool)
    kept[drawn.customer[shown]] = True  # the others are not in the contact base of 2023
    place = np.cumsum(kept) - 1
    first = calendar.to_day(began)[kept]
    left = np.full(len(began), NEVER)
    gone = drawn.left < end
    left[gone] = calendar.to_day(drawn.left[gone])
    future = np.bincount(drawn.customer[later], minlength=len(began))[kept]
    leads = rng.integers(-LONGEST_LEAD_DAYS, calendar.DAYS, round(p.LEADS * share))
    lead = np.full(len(leads), NEVER)
    return _profiles(
        rng,
        registered=np.concatenate([first - _registration_lead(rng, len(first)), leads]),
        first=np.concatenate([first, lead]),
        left=np.concatenate([left[kept], lead]),
        future=np.concatenate([future, np.zeros(len(leads), dtype=np.int64)]),
        buyer=place[drawn.customer[shown]],
        day=day[shown],
    )


def _first_days(rng: np.random.Generator, size: int) -> Ints:
    growth = (1 + p.YEARLY_GROWTH) ** (np.arange(calendar.DAYS) / 365)
    return calendar.draw_index(rng, size, calendar.season()[calendar.HISTORY_DAYS :] * growth)


def _registration_lead(rng: np.random.Generator, size: int) -> Ints:
    # most register with their first purchase; the others have been leads for some weeks
    wait = 1 + rng.exponential(p.LEAD_DAYS, size).astype(np.int64)
    return np.where(rng.random(size) < p.REGISTERED_WHILE_BUYING, 0, wait)


def _profiles(
    rng: np.random.Generator,
    *,
    registered: Ints,
    first: Ints,
    left: Ints,
    future: Ints,
    buyer: Ints,
    day: Ints,
) -> Contacts:
    size = len(registered)
    order = np.argsort(registered, kind="stable")
    place = np.empty(size, dtype=np.int64)
    place[order] = np.arange(size)
    region = rng.choice(len(p.REGIONS), size, p=p.REGION_SHARES)
    acquired_by = rng.choice(len(p.MARKETING_CHANNELS), size, p=p.ACQUISITION_SHARES)
    near = np.isin(region, [p.REGIONS.index(store.region) for store in STORES])
    store = p.MARKETING_CHANNELS.index("store")
    acquired_by[(acquired_by == store) & ~near] = p.MARKETING_CHANNELS.index("direct")
    habit = np.where(
        near,
        rng.choice(4, size, p=p.HABIT_SHARES_NEAR_STORE),
        rng.choice(4, size, p=p.HABIT_SHARES_FAR),
    )
    from_store = (acquired_by == store) & (rng.random(size) < p.STORE_REGISTRATION_SHARE)
    habit[from_store] = 1
    return Contacts(
        registered=registered[order],
        acquired_by=acquired_by,
        region=region,
        birth=_birth_days(rng, registered[order]),
        opt_in=rng.random(size) < p.OPT_IN_SHARE,
        tier=rng.integers(0, len(p.TIER_PRICE_SLOPES), size),
        habit=habit,
        first=first[order],
        left=left[order],
        buyer=place[buyer],
        day=day,
        future=future[order],
    )


def _birth_days(rng: np.random.Generator, registered: Ints) -> Ints:
    # the age at registration is a truncated normal: drawn again, since clipping would pile it up
    lowest, highest = p.AGE_LIMITS
    age = rng.normal(*p.AGE_YEARS, len(registered))
    while len(outside := np.flatnonzero((age < lowest) | (age > highest))):
        age[outside] = rng.normal(*p.AGE_YEARS, len(outside))
    return np.floor(registered - age * 365.25).astype(np.int64)


def draw_channels(
    rng: np.random.Generator, contacts: Contacts, customer: Ints, day: Ints
) -> tuple[Ints, Ints]:
    """Draw the channel and store (-1 online) of identified orders."""
    shares = np.cumsum(np.array(p.HABITS), axis=1)[contacts.habit[customer]]
    channel = (rng.random(len(customer))[:, None] > shares[:, :2]).sum(axis=1)
    store = np.full(len(customer), -1)
    for region in sorted({store.region for store in STORES}):
        rows = np.flatnonzero(
            (channel == p.STORE) & (contacts.region[customer] == p.REGIONS.index(region))
        )
        store[rows] = _pick_store(rng, region, day[rows])
    closed = (channel == p.STORE) & (store < 0)  # no store open in the region that day
    channel[closed] = p.WEB
    return channel, store


def _pick_store(rng: np.random.Generator, region: str, day: Ints) -> Ints:
    local = np.array([store.region == region for store in STORES])
    weight = np.array([store.weight for store in STORES]) * local
    steps = np.cumsum(store_trading()[:, day] * weight[:, None], axis=0)
    picked = (rng.random(len(day)) * steps[-1] >= steps).sum(axis=0)
    return np.where(steps[-1] > 0, np.minimum(picked, len(STORES) - 1), -1)


def contact_columns(
    rng: np.random.Generator, contacts: Contacts, first_order: Ints, numbers: Numbers
) -> dict[str, pa.Array]:
    """Return the table `contacts`, given the second of each contact's first order (-1: none)."""
    number = np.arange(len(contacts.registered))
    second = calendar.draw_seconds(rng, len(number), calendar.HOURS)
    registered = contacts.registered * arrow.SECONDS_PER_DAY + second
    while_buying = (first_order >= 0) & (registered >= first_order)
    registered = np.where(while_buying, first_order, registered)
    return {
        "customer_id": numbers.customers(number),
        "registered_at": arrow.timestamps(registered),
        "acquisition_channel": arrow.words(p.MARKETING_CHANNELS, contacts.acquired_by),
        "region": arrow.words(p.REGIONS, contacts.region),
        "birth_date": arrow.dates(contacts.birth),
        "email_opt_in": pa.array(contacts.opt_in),
    }
