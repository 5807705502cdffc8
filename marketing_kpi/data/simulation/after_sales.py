"""What follows an order: parcels, returns, allowances, disputed payments, surveys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from marketing_kpi.data.simulation import arrow, calendar
from marketing_kpi.data.simulation import assortment as shop
from marketing_kpi.data.simulation import parameters as p
from marketing_kpi.data.simulation.arrow import SECONDS_PER_DAY, Bools, Ints
from marketing_kpi.data.simulation.numbers import Numbers, line_ids, product_ids
from marketing_kpi.data.simulation.orders import (
    EXTRA_FRAUD,
    Delivery,
    Lines,
    Orders,
    country_of,
)

KINDS = ("return", "allowance")
OUTCOMES = ("won", "lost", "open")
DISPUTES = ("fraudulent", "not_received", "not_as_described", "duplicate")
CATEGORY_RETURNS = np.array([0.8, 0.8, 1.6, 1.7, 0.7, 0.6, 0.8, 0.9])  # of the channel's rate
REASON_SHARES = np.array([0.30, 0.34, 0.17, 0.13, 0.06])
NO_SIZE_SHARES = np.array([0.0, 0.48, 0.26, 0.19, 0.07])  # outside clothes and shoes
SIZED = (shop.CATEGORIES.index("Vêtements"), shop.CATEGORIES.index("Chaussures"))
STEPS = ("picked", "packed", "shipped", "delivered")
ALLOWANCE_RATE = 0.15  # of the order's amount
SMALLEST_ALLOWANCE = 100  # cents
DEFECTIVE = p.RETURN_REASONS.index("defective")
WHOLE_LINE_SHARE = 0.85  # otherwise one unit comes back
BACK_TO_STORE_SHARE = 0.18  # bought online, taken back to a store
RESTOCKED_SHARE = 0.82  # of what is not defective
HANDLING_IN_STORE, HANDLING_BY_MAIL, HANDLING_PER_UNIT = 190, 640, 45  # cents


@dataclass(frozen=True)
class Returns:
    """Returns and allowances of one chunk, in the order of time; -1 where not known."""

    order: Ints
    line: Ints  # row of the line
    second: Ints
    channel: Ints
    quantity: Ints
    refund: Ints
    handling: Ints
    restocked: Bools
    reason: Ints
    allowance: Bools
    receipt_known: Bools


@dataclass(frozen=True)
class Chargebacks:
    """Disputed payments of one chunk."""

    order: Ints
    second: Ints
    amount: Ints
    reason: Ints
    outcome: Ints


def received_at(orders: Orders, delivery: Delivery) -> Ints:
    """Return when the customer has the goods, in seconds; -1 if never."""
    at = np.where(orders.channel == p.STORE, orders.second, delivery.delivered)
    return np.where(orders.valid, at, -1)


def draw_returns(
    rng: np.random.Generator, orders: Orders, lines: Lines, delivery: Delivery, amount: Ints
) -> Returns:
    """Draw returns of lines, and allowances on orders."""
    received = received_at(orders, delivery)
    category = shop.CATEGORY_OF[lines.product]
    rate = np.array([p.RETURN_RATES[channel] for channel in range(3)])[orders.channel[lines.order]]
    back = rng.random(len(lines.order)) < rate * CATEGORY_RETURNS[category]
    line = np.flatnonzero(back & (received[lines.order] >= 0))
    granted = np.flatnonzero((rng.random(len(amount)) < p.ALLOWANCE_SHARE) & (received >= 0))
    order = np.concatenate([lines.order[line], granted])
    allowance = np.arange(len(order)) >= len(line)
    line = np.concatenate([line, np.full(len(granted), -1)])
    size = len(order)
    wait = rng.gamma(2.2, 6.0, size) + 1
    day = received[order] // SECONDS_PER_DAY + wait.astype(np.int64)
    quantity = np.where(rng.random(size) < WHOLE_LINE_SHARE, lines.quantity[line], 1)
    to_store = (rng.random(size) < BACK_TO_STORE_SHARE) & ~allowance
    channel = np.where(to_store, p.STORE, orders.channel[order])
    trading = calendar.next_trading_day(country_of(orders)[order], day)
    day = np.where(channel == p.STORE, trading, day)
    second = day * SECONDS_PER_DAY + calendar.draw_till_seconds(rng, day)
    sized = np.isin(category[line], SIZED) & ~allowance
    reason = np.where(
        sized, rng.choice(5, size, p=REASON_SHARES), rng.choice(5, size, p=NO_SIZE_SHARES)
    )
    credit = np.maximum(np.round(amount[order] * ALLOWANCE_RATE), SMALLEST_ALLOWANCE)
    refund = np.where(allowance, credit, quantity * lines.unit_price[line]).astype(np.int64)
    by_place = np.where(channel == p.STORE, HANDLING_IN_STORE, HANDLING_BY_MAIL)
    handling = np.where(allowance, 0, by_place + HANDLING_PER_UNIT * quantity)
    lost_receipt = (rng.random(size) < p.UNKNOWN_RECEIPT_SHARE) & (channel == p.STORE) & ~allowance
    resold = (rng.random(size) < RESTOCKED_SHARE) & ~allowance & (reason != DEFECTIVE)
    drawn = Returns(
        order=order,
        line=line,
        second=second,
        channel=channel,
        quantity=quantity,
        refund=refund,
        handling=handling,
        restocked=resold,
        reason=reason,
        allowance=allowance,
        receipt_known=~lost_receipt,
    )
    shown = np.flatnonzero(second < calendar.END_SECOND)
    shown = shown[np.argsort(second[shown], kind="stable")]
    return Returns(**{name: column[shown] for name, column in vars(drawn).items()})


def return_columns(
    returns: Returns, orders: Orders, lines: Lines, numbers: Numbers, before: int
) -> dict[str, pa.Array]:
    """Return the table `returns`; a return without its receipt has no order, line or customer."""
    known = returns.receipt_known
    order = np.where(known, returns.order, -1)
    line = np.where(known, returns.line, -1)
    product = np.where(returns.allowance, -1, lines.product[returns.line])
    line_number = np.where(line < 0, -1, lines.number[line])
    return {
        "return_id": arrow.ids("R", np.arange(len(order)) + before + 1, width=7),
        "order_id": numbers.orders(order),
        "line_id": line_ids(line_number),
        "customer_id": numbers.customers(np.where(known, orders.customer[returns.order], -1)),
        "product_id": product_ids(product),
        "channel": arrow.words(p.CHANNELS, returns.channel),
        "returned_at": arrow.timestamps(returns.second),
        "quantity": arrow.quantities(returns.quantity, null=returns.allowance),
        "refund_amount": arrow.money(returns.refund),
        "handling_cost": arrow.money(returns.handling),
        "restocked": pa.array(returns.restocked),
        "reason": arrow.words(p.RETURN_REASONS, returns.reason),
        "kind": arrow.words(KINDS, returns.allowance.astype(np.int64)),
    }


def draw_chargebacks(
    rng: np.random.Generator, orders: Orders, delivery: Delivery, amount: Ints
) -> Chargebacks:
    """Draw disputed payments: some of the valid online orders, most of the fraudulent ones."""
    online = (orders.channel != p.STORE) & (received_at(orders, delivery) >= 0)
    fraud = orders.origin == EXTRA_FRAUD
    chance = p.CHARGEBACK_SHARE * online + p.FRAUD_CHARGEBACK_SHARE * fraud
    order = np.flatnonzero(rng.random(len(amount)) < chance)
    second = orders.second[order] + (
        (12 + rng.gamma(2.0, 12.0, len(order))) * SECONDS_PER_DAY
    ).astype(np.int64)
    fraudulent = fraud[order]
    reason = np.where(fraudulent, 0, 1 + rng.choice(3, len(order), p=[0.45, 0.40, 0.15]))
    won = (rng.random(len(order)) < p.CHARGEBACK_WIN) & ~fraudulent
    pending = second >= calendar.END_SECOND - p.CHARGEBACK_OPEN_DAYS * SECONDS_PER_DAY
    outcome = np.where(pending, 2, np.where(won, 0, 1))
    drawn = Chargebacks(order, second, amount[order], reason, outcome)
    shown = np.flatnonzero(second < calendar.END_SECOND)
    shown = shown[np.argsort(second[shown], kind="stable")]
    return Chargebacks(**{name: column[shown] for name, column in vars(drawn).items()})


def chargeback_columns(
    chargebacks: Chargebacks, numbers: Numbers, before: int
) -> dict[str, pa.Array]:
    """Return the table `chargebacks`."""
    return {
        "chargeback_id": arrow.ids("CB", np.arange(len(chargebacks.order)) + before + 1, width=6),
        "order_id": numbers.orders(chargebacks.order),
        "opened_at": arrow.timestamps(chargebacks.second),
        "amount": arrow.money(chargebacks.amount),
        "reason": arrow.words(DISPUTES, chargebacks.reason),
        "outcome": arrow.words(OUTCOMES, chargebacks.outcome),
    }


@dataclass(frozen=True)
class Parcels:
    """The parcels of one chunk: one for each valid online order."""

    order: Ints
    in_full: Bools
    damaged: Bools
    transport: Ints
    packaging: Ints


def draw_parcels(rng: np.random.Generator, orders: Orders, lines: Lines) -> Parcels:
    """Draw what each parcel cost and how it arrived."""
    order = np.flatnonzero((orders.channel != p.STORE) & orders.valid)
    units = np.bincount(lines.order, lines.quantity, minlength=len(orders.second))[order]
    size = len(order)
    near = orders.region[order] == 0
    transport = np.where(near, 760, 890) + 85 * units + rng.gamma(2.0, 90.0, size)
    return Parcels(
        order,
        rng.random(size) < p.IN_FULL_PROBABILITY,
        rng.random(size) < p.DAMAGED_PROBABILITY,
        np.round(transport).astype(np.int64),
        np.round(55 + 28 * units).astype(np.int64),
    )


def parcel_columns(parcels: Parcels, delivery: Delivery, numbers: Numbers) -> dict[str, pa.Array]:
    """Return the table `shipments`; what has not happened by the end of the data is null."""
    order = parcels.order
    times = {
        f"{step}_at": arrow.timestamps(
            getattr(delivery, step)[order], null=getattr(delivery, step)[order] < 0
        )
        for step in ("picked", "packed", "shipped", "delivered")
    }
    return {
        "shipment_id": arrow.ids("SH", order + numbers.orders_before + 1, width=7),
        "order_id": numbers.orders(order),
        "promised_at": arrow.timestamps(delivery.promised[order]),
        **times,
        "in_full": pa.array(parcels.in_full),
        "damaged": pa.array(parcels.damaged),
        "transport_cost": arrow.money(parcels.transport),
        "packaging_cost": arrow.money(parcels.packaging),
    }


def bad_experience(orders: Orders, delivery: Delivery, parcels: Parcels) -> Bools:
    """Return whether each order came late or damaged."""
    bad: Bools = (orders.channel != p.STORE) & (delivery.delivered > delivery.promised)
    bad[parcels.order[parcels.damaged]] = True
    return bad


def survey_columns(
    rng: np.random.Generator,
    orders: Orders,
    delivery: Delivery,
    parcels: Parcels,
    numbers: Numbers,
    before: int,
) -> dict[str, pa.Array]:
    """Return the table `surveys`: answers some days after the goods were received."""
    received = received_at(orders, delivery)
    bad = bad_experience(orders, delivery, parcels)
    asked = (orders.customer >= 0) & (received >= 0)
    answers = []
    for question, (good_shares, bad_shares, lowest) in enumerate(
        ((p.NPS_GOOD, p.NPS_BAD, 0), (p.CSAT_GOOD, p.CSAT_BAD, 1))
    ):
        order = np.flatnonzero(asked & (rng.random(len(asked)) < p.SURVEY_SHARE))
        wait = (1 + rng.gamma(2.0, 1.5, len(order))) * SECONDS_PER_DAY
        at = received[order] + wait.astype(np.int64)
        good = rng.choice(len(good_shares), len(order), p=good_shares)
        worse = rng.choice(len(bad_shares), len(order), p=bad_shares)
        score = lowest + np.where(bad[order], worse, good)
        answers.append((order, at, np.full(len(order), question), score))
    order, at, asked_for, score = (np.concatenate(part) for part in zip(*answers, strict=True))
    shown = np.flatnonzero(at < calendar.END_SECOND)
    shown = shown[np.argsort(at[shown], kind="stable")]
    return {
        "response_id": arrow.ids("A", np.arange(len(shown)) + before + 1, width=7),
        "customer_id": numbers.customers(orders.customer[order[shown]]),
        "answered_at": arrow.timestamps(at[shown]),
        "question": arrow.words(("nps", "csat"), asked_for[shown]),
        "score": pa.array(score[shown]),
    }
