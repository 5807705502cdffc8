"""Orders and their lines, with what promotions and stock-outs change in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from marketing_kpi.data.simulation import arrow, calendar
from marketing_kpi.data.simulation import assortment as shop
from marketing_kpi.data.simulation import parameters as p
from marketing_kpi.data.simulation.arrow import SECONDS_PER_DAY, Bools, Ints
from marketing_kpi.data.simulation.customers import Contacts, draw_channels
from marketing_kpi.data.simulation.numbers import Numbers, line_ids, product_ids

STATUSES = ("placed", "delivered", "cancelled", "fraud")
PLACED, DELIVERED, CANCELLED, FRAUD = range(4)
OWN, ANONYMOUS, ACTION, CAMPAIGN, EXTRA_CANCELLED, EXTRA_FRAUD, TEST = range(
    7
)  # origin of an order
BASE, INCREMENTAL, SWITCHED, HALO = range(4)  # origin of a line


@dataclass(frozen=True)
class Members:
    """Who was in a mailing: customers of the chunk, and which of them were contacted."""

    mailing: p.Mailing
    customer: Ints
    treated: Bools
    extra: Bools  # brought to one more order by the e-mail
    extra_day: Ints


@dataclass(frozen=True)
class Orders:
    """The orders of one chunk, in the order of time."""

    customer: Ints  # within the chunk, -1 unidentified
    second: Ints
    channel: Ints
    store: Ints  # -1 online
    region: Ints
    tier: Ints
    origin: Ints

    @property
    def day(self) -> Ints:
        """Day of each order."""
        return self.second // SECONDS_PER_DAY

    @property
    def valid(self) -> Bools:
        """Whether each order is neither cancelled, fraudulent nor a test."""
        return self.origin <= CAMPAIGN


@dataclass(frozen=True)
class Delivery:
    """The times of the parcels of online orders, in seconds; -1 where it has not happened."""

    promised: Ints
    picked: Ints
    packed: Ints
    shipped: Ints
    delivered: Ints


@dataclass(frozen=True)
class Lines:
    """The lines of one chunk, by order; prices in cents."""

    order: Ints
    number: Ints
    product: Ints
    quantity: Ints
    list_price: Ints
    unit_price: Ints
    unit_cost: Ints
    promotion: Ints  # -1 for none


@dataclass(frozen=True)
class Hidden:
    """What the tables do not show: units by promotion, and units that stock-outs lost."""

    promotion_units: dict[str, Ints]  # baseline, incremental, switched, halo, pulled; by promotion
    unmet_units: Ints  # by year, asked for and not on the shelf
    lost_units: Ints  # by year, of those, not replaced by another product
    unmet_value: Ints  # by year, in cents, at the price of the day


def draw_members(rng: np.random.Generator, contacts: Contacts) -> tuple[Members, ...]:
    """Draw who is in each mailing: opted in, with an order in the two years before."""
    drawn = []
    for mailing in p.MAILINGS:
        assigned = arrow.day_number(mailing.assigned)
        recent = (contacts.day < assigned) & (contacts.day >= assigned - p.ELIGIBLE_DAYS)
        eligible = np.zeros(len(contacts.first), dtype=bool)
        eligible[contacts.buyer[recent]] = True
        customer = np.flatnonzero(eligible & contacts.opt_in & (contacts.registered < assigned))
        treated = np.ones(len(customer), dtype=bool)
        treated[: round(len(customer) * mailing.control_share)] = False
        treated = rng.permutation(treated)
        extra = treated & (rng.random(len(customer)) < mailing.extra_order_probability)
        wait = np.minimum(
            rng.exponential(5, len(customer)).astype(np.int64), mailing.window_days - 1
        )
        contacted = arrow.day_number(mailing.contacted)
        drawn.append(Members(mailing, customer, treated, extra, contacted + wait))
    return tuple(drawn)


class _Batch(NamedTuple):
    """Orders of one origin, before their time of day is drawn."""

    customer: Ints
    day: Ints
    channel: Ints
    store: Ints
    region: Ints
    tier: Ints
    origin: Ints

    def pick(self, rows: Ints, origin: int) -> _Batch:
        """Return copies of some orders, of another origin."""
        copied = _Batch(*(column[rows] for column in self))
        return copied._replace(origin=np.full(len(rows), origin))


def draw_orders(
    rng: np.random.Generator, contacts: Contacts, members: tuple[Members, ...], share: float
) -> Orders:
    """Draw every order of a chunk: purchases, walk-ins, effects of actions, invalid ones."""
    made = _join(
        _identified(rng, contacts, contacts.buyer, contacts.day, OWN),
        *(
            _identified(rng, contacts, m.customer[m.extra], m.extra_day[m.extra], CAMPAIGN)
            for m in members
        ),
        _walk_ins(rng, share),
    )
    batch = _join(made, *_copies(rng, made, share))
    size = len(batch.day)
    online = calendar.draw_seconds(rng, size, calendar.HOURS)
    at_till = calendar.draw_till_seconds(rng, batch.day)
    of_day = np.where(batch.channel == p.STORE, at_till, online)
    too_early = (batch.origin == CAMPAIGN) & (of_day < p.MAILED_BY)
    second = batch.day * SECONDS_PER_DAY + of_day + p.MAILED_BY * too_early
    by_time = np.argsort(second, kind="stable")
    sorted_batch = _Batch(*(column[by_time] for column in batch))
    return Orders(
        customer=sorted_batch.customer,
        second=second[by_time],
        channel=sorted_batch.channel,
        store=sorted_batch.store,
        region=sorted_batch.region,
        tier=sorted_batch.tier,
        origin=sorted_batch.origin,
    )


def _join(*batches: _Batch) -> _Batch:
    return _Batch(*(np.concatenate(columns) for columns in zip(*batches, strict=True)))


def _identified(
    rng: np.random.Generator, contacts: Contacts, customer: Ints, day: Ints, origin: int
) -> _Batch:
    channel, store = draw_channels(rng, contacts, customer, day)
    region, tier = contacts.region[customer], contacts.tier[customer]
    return _Batch(customer, day, channel, store, region, tier, np.full(len(day), origin))


def _walk_ins(rng: np.random.Generator, share: float) -> _Batch:
    weight = np.array([store.weight for store in shop.STORES])
    traffic = shop.store_trading() * weight[:, None] * calendar.season()[calendar.HISTORY_DAYS :]
    cell = calendar.draw_index(rng, rng.poisson(p.ANONYMOUS_ORDERS * share), traffic.ravel())
    return _Batch(
        customer=np.full(len(cell), -1),
        day=cell % calendar.DAYS,
        channel=np.full(len(cell), p.STORE),
        store=cell // calendar.DAYS,
        region=np.full(len(cell), -1),
        tier=rng.integers(0, len(p.TIER_PRICE_SLOPES), len(cell)),
        origin=np.full(len(cell), ANONYMOUS),
    )


def _copies(rng: np.random.Generator, made: _Batch, share: float) -> list[_Batch]:
    # an effect or a fault is drawn from the orders there are: its size is known relative to them
    advisers = np.array([store.advisers for store in shop.STORES])[made.store] & (made.store >= 0)
    treated = advisers & (made.day >= arrow.day_number(p.ADVISERS.starts))
    own_online = (made.channel != p.STORE) & (made.origin == OWN)
    draw = rng.random((3, len(made.day)))
    added = made.pick(np.flatnonzero(treated & (draw[0] < p.ADVISERS.lift)), ACTION)
    nobody = np.full(len(added.day), -1)
    tier = rng.integers(0, len(p.TIER_PRICE_SLOPES), len(nobody))
    tests = rng.permutation(np.flatnonzero(own_online))[: round(p.TEST_ORDERS * share)]
    return [
        added._replace(customer=nobody, region=nobody, tier=tier),
        made.pick(np.flatnonzero(own_online & (draw[1] < p.CANCELLED_SHARE)), EXTRA_CANCELLED),
        made.pick(np.flatnonzero(own_online & (draw[2] < p.FRAUD_SHARE)), EXTRA_FRAUD),
        made.pick(tests, TEST),
    ]


def draw_delivery(rng: np.random.Generator, orders: Orders) -> Delivery:
    """Draw the times of every online order's parcel."""
    size = len(orders.second)
    quebec = orders.region == 0
    promised_days = np.where(quebec, p.PROMISE_DAYS["QC"], p.PROMISE_DAYS["other"])
    promised = (orders.day + promised_days + 1) * SECONDS_PER_DAY - 1
    hour = 3600
    picked = orders.second + (rng.gamma(2.0, 5.0, size) * hour).astype(np.int64) + 1800
    packed = picked + (rng.gamma(2.0, 0.5, size) * hour).astype(np.int64) + 300
    shipped = packed + (rng.gamma(2.0, 2.0, size) * hour).astype(np.int64) + 600
    # on time: within the time left after shipping; late: hours or days after it
    left = np.maximum(promised - shipped, hour)
    early = shipped + (left * rng.beta(4, 3, size)).astype(np.int64)
    over = (rng.gamma(1.6, 30.0, size) * hour).astype(np.int64) + hour
    late = np.maximum(promised, shipped) + over
    delivered = np.where(rng.random(size) < p.ON_TIME_PROBABILITY, early, late)
    never = (orders.channel == p.STORE) | ~orders.valid

    def known(at: Ints) -> Ints:
        return np.where(never | (at >= calendar.END_SECOND), -1, at)

    return Delivery(promised, known(picked), known(packed), known(shipped), known(delivered))


def draw_lines(rng: np.random.Generator, orders: Orders, out: Bools) -> tuple[Lines, Hidden]:
    """Draw the lines of the orders, given the stock-outs (days x locations x products)."""
    fuller = np.array([p.FULLER_BASKETS.get(month, 1.0) for month in range(12)])
    mean = np.array(p.TIER_EXTRA_LINES)[orders.tier] * fuller[calendar.months()[orders.day] % 12]
    extra = np.minimum(rng.poisson(mean), p.MAX_LINES - 1)
    order = np.repeat(np.arange(len(extra)), extra + 1)
    number = np.arange(len(order)) - np.repeat(np.cumsum(extra + 1) - extra - 1, extra + 1)
    row = shop.choice_row(orders.day, orders.tier, orders.store)
    product = shop.draw_products(rng, row[order])
    product = _complements(rng, order, number, product)
    order, product, origin, pulled = _promote(rng, order, product, orders)
    by_order = np.argsort(order, kind="stable")
    order, product, origin, pulled = (c[by_order] for c in (order, product, origin, pulled))
    day, location = orders.day[order], location_of(orders)[order]
    quantity = 1 + calendar.draw_index(rng, len(order), np.array(p.QUANTITY_SHARES))
    year = calendar.years()[day]
    counted = orders.valid[order]
    missing = out[day, location, product]
    asked_price = shop.list_prices()[year, product]
    units = _promotion_units(product, quantity * counted, origin, day, pulled)
    product, kept = _shelf_gaps(rng, order, product, day, location, out)
    hidden = Hidden(
        units,
        _by_year(year, quantity, missing & counted),
        _by_year(year, quantity, ~kept & counted),
        _by_year(year, quantity * asked_price, missing & counted),
    )
    order, product, quantity = _merged(order[kept], product[kept], quantity[kept])
    return _priced(rng, orders, order, product, quantity), hidden


def _merged(order: Ints, product: Ints, quantity: Ints) -> tuple[Ints, Ints, Ints]:
    # a product taken twice is one line of the basket
    key = order * len(shop.PRODUCTS) + product
    _, first, same = np.unique(key, return_index=True, return_inverse=True)
    total = np.bincount(same, quantity).astype(np.int64)
    in_turn = np.argsort(first)
    first = first[in_turn]
    return order[first], product[first], total[in_turn]


def _priced(
    rng: np.random.Generator,
    orders: Orders,
    order: Ints,
    product: Ints,
    quantity: Ints,
) -> Lines:
    day = orders.day[order]
    year = calendar.years()[day]
    promotion = shop.promotion_on()[day, product]
    list_price = shop.list_prices()[year, product]
    promoted = shop.charm(list_price * (1 - shop.promotion_effects().discount[promotion]))
    member = rng.random(len(orders.second)) < p.MEMBER_DISCOUNT_SHARE
    reduced = np.round(list_price * (1 - p.MEMBER_DISCOUNT)).astype(np.int64)
    full = np.where(member[order], reduced, list_price)
    return Lines(
        order=order,
        number=np.arange(len(order)) - np.searchsorted(order, order) + 1,
        product=product,
        quantity=quantity,
        list_price=list_price,
        unit_price=np.where(promotion >= 0, promoted, full),
        unit_cost=shop.unit_costs()[year, product],
        promotion=promotion,
    )


def location_of(orders: Orders) -> Ints:
    """Return where each order's goods leave from: its store, or the warehouse of its region."""
    warehouse = np.where(orders.region == 0, len(shop.STORES), len(shop.STORES) + 1)
    return np.where(orders.store >= 0, orders.store, warehouse)


def country_of(orders: Orders) -> Ints:
    """Return the row of `calendar.closed_days` for the stores near each order's customer."""
    home = np.where(orders.region == 0, calendar.QUEBEC, calendar.FRANCE)
    return np.where(orders.store >= 0, shop.store_country()[orders.store], home)


def _complements(rng: np.random.Generator, order: Ints, number: Ints, product: Ints) -> Ints:
    first = np.flatnonzero(number == 0)
    complement = shop.complement_of()[product[first]][order]
    taken = (number == 1) & (complement >= 0) & (rng.random(len(order)) < p.AFFINITY)
    return np.where(taken, complement, product)


def _promote(
    rng: np.random.Generator, order: Ints, product: Ints, orders: Orders
) -> tuple[Ints, Ints, Ints, Ints]:
    day = orders.day[order]
    row = shop.choice_row(orders.day, orders.tier, orders.store)
    running = shop.promotion_on()
    effects = shop.promotion_effects()
    over = np.where(running[day, product] < 0, shop.promotion_over()[day, product], -1)
    pulled = np.where(rng.random(len(order)) < effects.pull_forward[over], over, -1)
    redirected = pulled >= 0
    product = product.copy()
    product[redirected] = shop.draw_products(rng, row[order[redirected]])
    own = running[day, product]
    # other lines of the category switch to a promoted product
    rival = np.where(own < 0, shop.category_promotion()[day, shop.CATEGORY_OF[product]], -1)
    switched = rng.random(len(order)) < effects.cannibalisation[rival]
    target = effects.first[rival] + (rng.random(len(order)) * effects.count[rival]).astype(np.int64)
    # a line of a promoted product brings others, to orders of the same day: the season is kept
    source = np.repeat(np.arange(len(order)), rng.poisson(effects.lift[own]))
    starts = np.searchsorted(orders.day, np.arange(calendar.DAYS + 1))
    on = day[source]
    host = starts[on] + (rng.random(len(on)) * (starts[on + 1] - starts[on])).astype(np.int64)
    halo = host[rng.random(len(on)) < effects.halo[own[source]]]
    added = len(host) + len(halo)
    return (
        np.concatenate([order, host, halo]),
        np.concatenate(
            [
                np.where(switched, target, product),
                product[source],
                shop.draw_products(rng, row[halo]),
            ]
        ),
        np.concatenate(
            [
                np.where(switched, SWITCHED, BASE),
                np.full(len(host), INCREMENTAL),
                np.full(len(halo), HALO),
            ]
        ),
        np.concatenate([pulled, np.full(added, -1)]),
    )


def _shelf_gaps(
    rng: np.random.Generator, order: Ints, product: Ints, day: Ints, location: Ints, out: Bools
) -> tuple[Ints, Bools]:
    # the first line of an order is always replaced: a stock-out empties no order
    missing = out[day, location, product]
    opening = np.r_[True, order[1:] != order[:-1]]
    replaced = missing & (opening | (rng.random(len(order)) < p.SUBSTITUTION))
    product = product.copy()
    open_rows = np.flatnonzero(replaced)
    while len(open_rows):
        product[open_rows] = (product[open_rows] + 1) % len(shop.PRODUCTS)
        place = (day[open_rows], location[open_rows], product[open_rows])
        open_rows = open_rows[out[place] | ~shop.stocked()[place]]
    return product, ~missing | replaced


def _promotion_units(
    product: Ints, quantity: Ints, origin: Ints, day: Ints, pulled: Ints
) -> dict[str, Ints]:
    own = shop.promotion_on()[day, product]
    hosted = shop.category_promotion()[day]  # halo lines are counted for the promotion of the day
    running = hosted.max(axis=1)
    parts = {
        "baseline_units": np.where(origin == BASE, own, -1),
        "incremental_units": np.where(origin == INCREMENTAL, own, -1),
        "switched_units": np.where(origin == SWITCHED, own, -1),
        "halo_units": np.where(origin == HALO, running, -1),
        "pulled_forward_units": pulled,
    }
    size = len(shop.PROMOTIONS)
    return {
        name: np.bincount(number + 1, quantity, minlength=size + 1)[1:].astype(np.int64)
        for name, number in parts.items()
    }


def _by_year(year: Ints, units: Ints, counted: Bools) -> Ints:
    return np.bincount(year, units * counted, minlength=3).astype(np.int64)


def amounts(lines: Lines, orders: int) -> Ints:
    """Return the amount of each order in cents, the sum of its lines."""
    return np.bincount(lines.order, lines.quantity * lines.unit_price, minlength=orders).astype(
        np.int64
    )


def order_columns(
    orders: Orders, delivery: Delivery, amount: Ints, numbers: Numbers
) -> dict[str, pa.Array]:
    """Return the table `orders`."""
    in_store = orders.channel == p.STORE
    recognised = np.where(in_store, orders.second, delivery.delivered)
    status = np.where(in_store | (delivery.delivered >= 0), DELIVERED, PLACED)
    status[orders.origin == EXTRA_CANCELLED] = CANCELLED
    status[orders.origin == EXTRA_FRAUD] = FRAUD
    unrecognised = ~orders.valid | (recognised < 0)
    return {
        "order_id": numbers.orders(np.arange(len(amount))),
        "customer_id": numbers.customers(orders.customer),
        "ordered_at": arrow.timestamps(orders.second),
        "channel": arrow.words(p.CHANNELS, orders.channel),
        "store_id": arrow.words(shop.LOCATIONS, orders.store),
        "status": arrow.words(STATUSES, status),
        "recognised_at": arrow.timestamps(recognised, null=unrecognised),
        "payment_fee": arrow.money(payment_fees(orders, amount)),
        "is_test": pa.array(orders.origin == TEST),
        "amount": arrow.money(amount),
    }


def first_order(orders: Orders, contacts: int) -> Ints:
    """Return the second of each contact's first order, -1 for none."""
    first = np.full(contacts + 1, -1)  # the last one takes what has no customer
    first[orders.customer[::-1]] = orders.second[::-1]  # the last one written is the earliest
    return first[:-1]


def payment_fees(orders: Orders, amount: Ints) -> Ints:
    """Return the fee of each order in cents; none for what was cancelled or a test."""
    rate = np.array([p.PAYMENT_FEES[channel][0] for channel in range(3)])[orders.channel]
    fixed = np.array([p.PAYMENT_FEES[channel][1] for channel in range(3)])[orders.channel]
    charged = orders.valid | (orders.origin == EXTRA_FRAUD)
    return np.where(charged, np.round(amount * rate) + fixed, 0).astype(np.int64)


def line_columns(lines: Lines, numbers: Numbers) -> dict[str, pa.Array]:
    """Return the table `order_lines`."""
    return {
        "order_id": numbers.orders(lines.order),
        "line_id": line_ids(lines.number),
        "product_id": product_ids(lines.product),
        "quantity": arrow.quantities(lines.quantity),
        "list_price": arrow.money(lines.list_price),
        "unit_price": arrow.money(lines.unit_price),
        "unit_cost": arrow.money(lines.unit_cost),
        "promotion_id": arrow.words(
            [promotion.promotion_id for promotion in shop.PROMOTIONS], lines.promotion
        ),
    }
