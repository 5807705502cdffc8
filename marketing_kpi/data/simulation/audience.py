"""How visitors come: journeys of touches whose effects are known, and the sessions they make."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa

from marketing_kpi.data.simulation import arrow, calendar
from marketing_kpi.data.simulation import parameters as p
from marketing_kpi.data.simulation.arrow import SECONDS_PER_DAY, Bools, Floats, Ints
from marketing_kpi.data.simulation.customers import Contacts
from marketing_kpi.data.simulation.numbers import Numbers
from marketing_kpi.data.simulation.orders import TEST, Orders

KINDS = ("impression", "click", "open", "visit")
IMPRESSION, CLICK, OPEN, VISIT = range(4)
# a touch of a channel is seen (first kind) or brings a session (second kind)
SEEN_KIND = np.array([VISIT, VISIT, CLICK, OPEN, IMPRESSION, IMPRESSION, CLICK])
SESSION_KIND = np.array([VISIT, VISIT, CLICK, CLICK, CLICK, CLICK, CLICK])
SESSION_SHARE = np.array([1.0, 1.0, 1.0, 0.40, 0.45, 0.08, 1.0])
CAMPAIGNS = ("always_search", "newsletter", "always_social", "always_display", "always_affiliate")
CAMPAIGN_OF = np.array([-1, -1, 0, 1, 2, 3, 4])
DEVICES = ("mobile", "desktop", "tablet", "app")
APP_DEVICE = DEVICES.index("app")
POOL = 1 << 17
TOUCH_GAP_DAYS = 4.0
APP_VISITOR_SHARE = 0.16  # of the journeys without an order
KNOWN_VISITOR_SHARE = 0.22  # of the journeys without an order
ANONYMOUS_VISITORS_PER_JOURNEY = 0.62
CART_SHARE = 0.075  # of the sessions without an order
CHECKOUT_SHARE = 0.42  # of those with a cart
VISITORS_PER_CHUNK = 1_000_000


@dataclass(frozen=True)
class Pool:
    """Journeys to draw from: touches by channel, and the probability that they end in an order."""

    touches: Ints  # journeys x channels
    probability: Floats
    without: Floats  # channels x journeys: the same, had the channel's touches not been there


@cache
def pool() -> Pool:
    """Draw the journeys once: their distribution is part of the shop, not of the draw."""
    rng = np.random.default_rng(29)
    interest = (rng.random(POOL) < p.INTEREST_SHARES[1]).astype(np.int64)
    touches = rng.poisson(np.array(p.INTEREST_TOUCHES)[interest])
    nothing = touches.sum(axis=1) == 0
    touches[nothing, p.JOURNEY_CHANNELS.index("organic_search")] = 1
    log_miss = touches * np.log1p(-np.array(p.JOURNEY_EFFECTS))
    base = np.log1p(-np.array(p.INTEREST_BASES))[interest]
    total = base + log_miss.sum(axis=1)
    return Pool(touches, -np.expm1(total), -np.expm1(total - log_miss.T))


@dataclass(frozen=True)
class Touches:
    """The touches of one chunk, in the order of time."""

    visitor: Ints
    customer: Ints  # -1 unknown
    second: Ints
    channel: Ints
    kind: Ints
    order: Ints  # the order placed in the session of this touch, -1 for none
    app: Bools


def draw_journeys(rng: np.random.Generator, orders: int) -> Ints:
    """Draw journeys of the pool: first those of the orders, then those without an order.

    The first are drawn with weight P(order), the others with weight 1 - P(order), in the number
    that the mean probability asks for: together they are what the stated causal model makes.
    """
    probability = pool().probability
    mean = probability.mean()
    others = round(orders * (1 - mean) / mean)
    return np.concatenate(
        [
            calendar.draw_index(rng, orders, probability),
            calendar.draw_index(rng, others, 1 - probability),
        ]
    )


def draw_touches(rng: np.random.Generator, orders: Orders, contacts: Contacts) -> Touches:
    """Draw the journeys of the last 12 months, those with an order and those without."""
    buying = np.flatnonzero(
        (orders.channel != p.STORE) & (orders.day >= calendar.LAST_YEAR) & (orders.origin != TEST)
    )
    drawn = draw_journeys(rng, len(buying))
    others = len(drawn) - len(buying)
    season = calendar.season()[calendar.HISTORY_DAYS + calendar.LAST_YEAR :]
    day = calendar.LAST_YEAR + calendar.draw_index(rng, others, season)
    other_end = day * SECONDS_PER_DAY + calendar.draw_seconds(rng, others, calendar.HOURS)
    checkout = 60 * rng.integers(2, 25, len(buying))  # from the start of the session to the order
    end = np.concatenate([orders.second[buying] - checkout, other_end])
    app = np.concatenate([orders.channel[buying] == p.APP, rng.random(others) < APP_VISITOR_SHARE])
    visitor, customer = _visitors(rng, orders.customer[buying], others, app, contacts, day)
    journey, channel, kind, second, order = _touches(rng, pool().touches[drawn], end, buying)
    touches = Touches(
        visitor[journey], customer[journey], second, channel, kind, order, app[journey]
    )
    shown = np.flatnonzero(second >= calendar.LAST_YEAR * SECONDS_PER_DAY)
    shown = shown[np.argsort(second[shown], kind="stable")]
    return Touches(**{name: column[shown] for name, column in vars(touches).items()})


def _touches(
    rng: np.random.Generator, count: Ints, end: Ints, buying: Ints
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    # journey, channel, kind, second and order of each touch
    journey = np.repeat(np.arange(len(count)), count.sum(axis=1))
    channel = np.repeat(np.tile(np.arange(count.shape[1]), len(count)), count.ravel())
    second = _seconds_before(rng, end[journey])
    session = rng.random(len(journey)) < SESSION_SHARE[channel]
    kind = np.where(session, SESSION_KIND[channel], SEEN_KIND[channel])
    last = _last_session(journey, second, session, len(count))
    second[last[last >= 0]] = end[last >= 0]
    order = np.full(len(journey), -1)
    ends = last[: len(buying)]
    order[ends[ends >= 0]] = buying[ends >= 0]
    # an order needs a session: where no touch brought one, the visitor came back directly
    direct = np.flatnonzero(ends < 0)
    nothing = np.zeros(len(direct), dtype=np.int64)
    return (
        np.concatenate([journey, direct]),
        np.concatenate([channel, nothing + p.JOURNEY_CHANNELS.index("direct")]),
        np.concatenate([kind, nothing + VISIT]),
        np.concatenate([second, end[direct]]),
        np.concatenate([order, buying[direct]]),
    )


def _visitors(
    rng: np.random.Generator, buyers: Ints, others: int, app: Bools, contacts: Contacts, day: Ints
) -> tuple[Ints, Ints]:
    contact = rng.integers(0, len(contacts.registered), others)
    known = (rng.random(others) < KNOWN_VISITOR_SHARE) & (contacts.registered[contact] < day)
    customer = np.concatenate([buyers, np.where(known, contact, -1)])
    anonymous = 2 * len(contacts.registered) + rng.integers(
        0, max(round(others * ANONYMOUS_VISITORS_PER_JOURNEY), 1), len(customer)
    )
    return np.where(customer >= 0, 2 * customer + app, anonymous), customer


def _seconds_before(rng: np.random.Generator, end: Ints) -> Ints:
    # some days before, at the hours when people visit
    days = rng.exponential(TOUCH_GAP_DAYS, len(end)).astype(np.int64)
    second = (end // SECONDS_PER_DAY - days) * SECONDS_PER_DAY
    second += calendar.draw_seconds(rng, len(end), calendar.HOURS)
    return np.where(second < end, second, second - SECONDS_PER_DAY)


def _last_session(journey: Ints, second: Ints, session: Bools, size: int) -> Ints:
    rows = np.flatnonzero(session)
    rows = rows[np.lexsort((second[rows], journey[rows]))]
    last = np.full(size, -1)
    last[journey[rows]] = rows  # the last one written is the closest to the end
    return last


def touchpoint_columns(
    touches: Touches, numbers: Numbers, chunk: int, before: int
) -> dict[str, pa.Array]:
    """Return the table `touchpoints`."""
    return {
        "touchpoint_id": arrow.ids("T", np.arange(len(touches.second)) + before + 1, width=9),
        "visitor_id": _visitor_ids(touches.visitor, chunk),
        "customer_id": numbers.customers(touches.customer),
        "at": arrow.timestamps(touches.second),
        "marketing_channel": arrow.words(p.MARKETING_CHANNELS, touches.channel),
        "campaign_id": arrow.words(CAMPAIGNS, CAMPAIGN_OF[touches.channel]),
        "kind": arrow.words(KINDS, touches.kind),
    }


def session_columns(
    rng: np.random.Generator, touches: Touches, numbers: Numbers, chunk: int, before: int
) -> dict[str, pa.Array]:
    """Return the table `sessions`: one for each click or visit."""
    rows = np.flatnonzero((touches.kind == CLICK) | (touches.kind == VISIT))
    order = touches.order[rows]
    size = len(rows)
    buys = order >= 0
    cart = buys | (rng.random(size) < CART_SHARE)
    checkout = buys | (cart & (rng.random(size) < CHECKOUT_SHARE))
    bounce = (rng.random(size) < 0.41) & ~cart
    pages = np.where(bounce, 1, 2 + rng.geometric(0.27, size) + 3 * cart + 4 * checkout)
    device = np.where(touches.app[rows], APP_DEVICE, rng.choice(3, size, p=[0.61, 0.33, 0.06]))
    return {
        "session_id": arrow.ids("S", np.arange(size) + before + 1, width=9),
        "visitor_id": _visitor_ids(touches.visitor[rows], chunk),
        "customer_id": numbers.customers(touches.customer[rows]),
        "started_at": arrow.timestamps(touches.second[rows]),
        "marketing_channel": arrow.words(p.MARKETING_CHANNELS, touches.channel[rows]),
        "device": arrow.words(DEVICES, device),
        "page_views": pa.array(pages.astype(np.int64)),
        "cart": pa.array(cart),
        "checkout": pa.array(checkout),
        "order_id": numbers.orders(order),
    }


def _visitor_ids(visitor: Ints, chunk: int) -> pa.Array:
    return arrow.ids("V", visitor + chunk * VISITORS_PER_CHUNK + 1, width=9)
