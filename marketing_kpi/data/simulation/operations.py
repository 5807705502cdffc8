"""What is kept by day or month: stock, purchases, labour, marketing spend, the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from marketing_kpi.data.simulation import arrow, calendar
from marketing_kpi.data.simulation import assortment as shop
from marketing_kpi.data.simulation import parameters as p
from marketing_kpi.data.simulation.after_sales import Chargebacks, Parcels, Returns, received_at
from marketing_kpi.data.simulation.arrow import (
    SECONDS_PER_DAY,
    START,
    Bools,
    Floats,
    Ints,
    day_number,
)
from marketing_kpi.data.simulation.numbers import product_ids
from marketing_kpi.data.simulation.orders import Delivery, Lines, Orders, location_of

ACTIVITIES = ("pick", "pack", "ship")
COVER_DAYS = (21, 35, 60)  # target by price: under 40, under 120, above
ACCOUNTS = ("gross_sales", "discounts", "refunds", "allowances", "chargebacks", "revenue")
GAPS = (  # month from 0, account, cents, why: what finance books and the tables do not hold
    (14, "revenue", 125_000, "manual entry for a corporate order, never in the shop's systems"),
    (29, "refunds", -84_000, "refunds of the last days of June booked in July"),
    (30, "refunds", 84_000, "refunds of the last days of June booked in July"),
    (34, "chargebacks", 31_500, "provision for disputes still open"),
)
SATURATION = 0.72
MEDIA_NOISE = 0.10
BUDGET_NOISE = 0.25
NEWSLETTER_COST = 9_000  # of each weekly send, in cents
NEWSLETTER_READERS = 2_600
NEWSLETTER_GROWTH = 1.6  # readers a day
NEWSLETTER_OPEN, NEWSLETTER_CLICK = 0.31, 0.20  # of the delivered, of the opened
BROKEN_SHARE = 0.25  # of the stock-outs, where units are on hand but damaged
RESERVED_SHARE = 0.06


@dataclass(frozen=True)
class Account:
    """An account of marketing spend."""

    channel: str
    campaign_id: str
    purpose: str


@dataclass(frozen=True)
class Media:
    """A medium bought every day; it brings its results times spend (CAD) ** `SATURATION`."""

    account: Account
    cents: int  # a day
    follows_season: float
    impressions: float
    clicks: float


NEWSLETTER = Account("email", "newsletter", "retention")
# clicks here and of the newsletter: what `audience` makes of the channel's sessions, and a tenth
# more that reach no session
MEDIA = (
    Media(Account("paid_search", "always_search", "acquisition"), 21_000, 0.50, 75, 2.85),
    Media(Account("social", "always_social", "acquisition"), 15_500, 0.40, 210, 1.62),
    Media(Account("display", "always_display", "brand"), 8_500, 0.30, 420, 0.85),
    Media(Account("affiliate", "always_affiliate", "acquisition"), 6_000, 0.50, 64, 1.76),
)


@dataclass
class Totals:
    """Sums over the chunks that the shop's own books need."""

    sold: Ints = field(
        default_factory=lambda: np.zeros(
            (calendar.DAYS, len(shop.LOCATIONS), len(shop.PRODUCTS)), dtype=np.int64
        )
    )
    worked: Ints = field(
        default_factory=lambda: np.zeros(
            (len(ACTIVITIES), len(shop.WAREHOUSES), calendar.DAYS), dtype=np.int64
        )
    )
    booked: Ints = field(
        default_factory=lambda: np.zeros((len(ACCOUNTS) - 1, calendar.MONTH_COUNT), dtype=np.int64)
    )

    def add_sales(self, orders: Orders, lines: Lines) -> None:
        """Add what left each location."""
        left = orders.valid[lines.order]
        location = location_of(orders)
        cell = (orders.day[lines.order] * len(shop.LOCATIONS) + location[lines.order]) * len(
            shop.PRODUCTS
        ) + lines.product
        self.sold += (
            np.bincount(cell[left], lines.quantity[left], minlength=self.sold.size)
            .astype(np.int64)
            .reshape(self.sold.shape)
        )

    def add_work(self, orders: Orders, lines: Lines, delivery: Delivery, parcels: Parcels) -> None:
        """Add the lines picked, the orders packed and the parcels shipped in each warehouse."""
        size = np.bincount(lines.order, minlength=len(orders.second))[parcels.order]
        warehouse = (orders.region[parcels.order] > 0).astype(np.int64)
        for row, (step, units) in enumerate(
            (("picked", size), ("packed", np.ones_like(size)), ("shipped", np.ones_like(size)))
        ):
            at = getattr(delivery, step)[parcels.order]
            done = at >= 0
            cell = warehouse[done] * calendar.DAYS + at[done] // SECONDS_PER_DAY
            self.worked[row] += (
                np.bincount(cell, units[done], minlength=self.worked[row].size)
                .astype(np.int64)
                .reshape(self.worked[row].shape)
            )

    def add_books(
        self,
        orders: Orders,
        lines: Lines,
        delivery: Delivery,
        returns: Returns,
        chargebacks: Chargebacks,
    ) -> None:
        """Add what finance recognises: sales when received, the rest at its own date."""
        received = received_at(orders, delivery)[lines.order]
        seen = received >= 0
        gross = lines.quantity * lines.list_price
        net = lines.quantity * lines.unit_price
        lost = (chargebacks.outcome == 1) & orders.valid[chargebacks.order]
        for row, (second, cents) in enumerate(
            (
                (received[seen], gross[seen]),
                (received[seen], (gross - net)[seen]),
                (returns.second[~returns.allowance], returns.refund[~returns.allowance]),
                (returns.second[returns.allowance], returns.refund[returns.allowance]),
                (chargebacks.second[lost], chargebacks.amount[lost]),
            )
        ):
            month = calendar.months()[second // SECONDS_PER_DAY]
            self.booked[row] += np.bincount(month, cents, minlength=calendar.MONTH_COUNT).astype(
                np.int64
            )


def ledger_columns(totals: Totals) -> dict[str, pa.Array]:
    """Return the table `ledger`: finance's figures, with the stated gaps.

    Deductions are positive; revenue is gross sales less the four of them.
    """
    books = totals.booked.copy()
    revenue = books[0] - books[1:].sum(axis=0)
    for month, account, gap, _ in GAPS:
        if account == "revenue":
            revenue[month] += gap
        else:
            books[ACCOUNTS.index(account), month] += gap
            revenue[month] -= gap
    cents = np.vstack([books, revenue]).T.ravel()
    return {
        "month": arrow.dates(np.repeat(_month_days(), len(ACCOUNTS))),
        "account": arrow.words(ACCOUNTS, np.tile(np.arange(len(ACCOUNTS)), calendar.MONTH_COUNT)),
        "amount": arrow.money(cents),
    }


def _month_days() -> Ints:
    return np.array(
        [day_number(calendar.month_start(month)) for month in range(calendar.MONTH_COUNT)]
    )


def fixed_cost_columns(scale: float) -> dict[str, pa.Array]:
    """Return the table `fixed_costs`: rent, salaries of the stores and of the head office."""
    year = np.arange(calendar.MONTH_COUNT) // 12
    cost = p.FIXED_COSTS * scale * (1 + p.FIXED_COSTS_GROWTH) ** year
    return {
        "month": arrow.dates(_month_days()),
        "amount": arrow.money(np.round(cost * 100).astype(np.int64)),
    }


def labour_columns(rng: np.random.Generator, totals: Totals) -> dict[str, pa.Array]:
    """Return the table `labour`: hours are units over the stated productivity, with daily noise."""
    activity, warehouse, day = np.nonzero(totals.worked)
    units = totals.worked[activity, warehouse, day]
    pace = np.array([p.PRODUCTIVITY[name] for name in ACTIVITIES])[activity]
    # the noise has mean 1 on the hours, so that units over hours of many days is the productivity
    hours = np.round(units / pace * rng.gamma(60, 1 / 60, len(units)), 4)
    order = np.lexsort((activity, warehouse, day))
    return {
        "day": arrow.dates(day[order]),
        "location_id": arrow.words(shop.WAREHOUSES, warehouse[order]),
        "activity": arrow.words(ACTIVITIES, activity[order]),
        "hours": pa.array(hours[order]),
        "units": arrow.quantities(units[order]),
        "cost": arrow.money(np.round(hours * p.WAGE_CENTS).astype(np.int64)[order]),
    }


def cover_days() -> Ints:
    """Return the target cover of each product, in days."""
    days: Ints = np.array(COVER_DAYS)[np.digitize(shop.list_prices()[2], (4_000, 12_000))]
    return days


@dataclass(frozen=True)
class Supply:
    """Stock of every listed product, location and day, and the purchases that fed it."""

    stock: dict[str, pa.Array]
    purchases: dict[str, pa.Array]


def draw_supply(rng: np.random.Generator, sold: Ints, out: Bools) -> Supply:
    """Draw the stock that the sales and the stock-outs imply.

    Deliveries come about every target cover, and when a stock-out ends; each brings what is sold
    before the next one and a reserve. On hand of a day is that of the day before, plus received,
    less sold, less what is written off when a stock-out begins.
    """
    first = day_number(p.STOCK_START)
    held = shop.stocked()[first:]
    paths, places = [], []
    for location in range(len(shop.LOCATIONS)):
        for product in np.flatnonzero(held[:, location].any(axis=0)):
            days = np.flatnonzero(held[:, location, product]) + first
            cell = (days, location, product)
            paths.append(_stock_path(rng, sold[cell], out[cell], int(cover_days()[product])))
            places.append(
                np.stack([days, np.full(len(days), product), np.full(len(days), location)])
            )
    day, product, location = np.concatenate(places, axis=1)
    on_hand, reserved, damaged, received = np.concatenate(paths, axis=1)
    stock = {
        "day": arrow.dates(day),
        "product_id": product_ids(product),
        "location_id": arrow.words(shop.LOCATIONS, location),
        "on_hand": arrow.quantities(on_hand),
        "sellable": arrow.quantities(on_hand - reserved - damaged),
        "reserved": arrow.quantities(reserved),
        "damaged": arrow.quantities(damaged),
        "received": arrow.quantities(received),
        "unit_cost": arrow.money(shop.unit_costs()[calendar.years()[day], product]),
    }
    delivered = np.flatnonzero(received)
    return Supply(
        stock,
        _purchase_columns(
            rng, day[delivered], product[delivered], location[delivered], received[delivered]
        ),
    )


def _stock_path(rng: np.random.Generator, sold: Ints, out: Bools, cover: int) -> Ints:
    """Return on hand, reserved, damaged and received of each day of a product in a location."""
    size = len(sold)
    regular = np.arange(0, size, cover) + rng.integers(0, cover // 4, -(-size // cover))
    ends = np.flatnonzero(out[:-1] & ~out[1:]) + 1
    due = np.unique(np.concatenate([[0], regular[regular < size], ends]))
    due = due[~out[due]]  # the late delivery is what ends a stock-out
    cycle = np.searchsorted(due, np.arange(size), side="right") - 1
    demand = np.bincount(cycle, sold, minlength=len(due)).astype(np.int64)
    emptied = np.bincount(cycle, out, minlength=len(due)) > 0
    reserve = 1 + rng.poisson(sold.mean() * cover * 0.5, len(due))
    for i in range(len(due) - 1, 0, -1):  # no delivery is negative
        if not emptied[i - 1]:
            reserve[i - 1] = min(reserve[i - 1], demand[i] + reserve[i])
    carried = np.concatenate([[0], np.where(emptied, 0, reserve)[:-1]])
    received = np.zeros(size, dtype=np.int64)
    received[due] = demand + reserve - carried
    on_hand = np.cumsum(sold[::-1])[::-1] - sold  # sold after each day
    last = np.append(due[1:], size) - 1
    on_hand = on_hand - on_hand[last][cycle] + reserve[cycle]
    broken = (rng.random(len(due)) < BROKEN_SHARE)[cycle]
    damaged = np.where(out, np.where(broken, on_hand, 0), broken & (on_hand > 3)).astype(np.int64)
    on_hand = np.where(out & ~broken, 0, on_hand)
    reserved = ((on_hand - damaged > 2) & (rng.random(size) < RESERVED_SHARE)).astype(np.int64)
    return np.stack([on_hand, reserved, damaged, received])


def _purchase_columns(
    rng: np.random.Generator, day: Ints, product: Ints, location: Ints, quantity: Ints
) -> dict[str, pa.Array]:
    order = np.lexsort((product, location, day))
    day, product, location, quantity = day[order], product[order], location[order], quantity[order]
    shape = (p.LEAD_TIME_DAYS / p.LEAD_TIME_SD) ** 2
    lead = rng.gamma(shape, p.LEAD_TIME_DAYS / shape, len(day))
    received = day * SECONDS_PER_DAY + 6 * 3600 + rng.integers(0, 4 * 3600, len(day))
    return {
        "po_id": arrow.ids("PO", np.arange(len(day)) + 1, width=6),
        "product_id": product_ids(product),
        "location_id": arrow.words(shop.LOCATIONS, location),
        "ordered_at": arrow.timestamps(received - (lead * SECONDS_PER_DAY).astype(np.int64)),
        "received_at": arrow.timestamps(received),
        "quantity": arrow.quantities(quantity),
    }


@dataclass(frozen=True)
class Spend:
    """What one account spends and gets, on the days when it does."""

    account: Account
    day: Ints
    cents: Floats
    impressions: Ints
    clicks: Ints
    delivered: Ints
    opened: Ints


def spend_columns(rng: np.random.Generator, scale: float) -> dict[str, pa.Array]:
    """Return the table `marketing_spend`: results grow as the spend to the power `SATURATION`."""
    parts = [*(_media(rng, media, scale) for media in MEDIA), _newsletter(rng, scale)]
    account = np.repeat(np.arange(len(parts)), [len(part.day) for part in parts])
    day = np.concatenate([part.day for part in parts])
    order = np.lexsort((account, day))

    def column(name: str) -> Ints:
        values: Ints = np.concatenate([getattr(part, name) for part in parts])[order]
        return np.round(values).astype(np.int64)

    accounts = [part.account for part in parts]
    return {
        "day": arrow.dates(day[order]),
        "marketing_channel": arrow.words([a.channel for a in accounts], account[order]),
        "campaign_id": arrow.words([a.campaign_id for a in accounts], account[order]),
        "purpose": arrow.words([a.purpose for a in accounts], account[order]),
        "amount": arrow.money(column("cents")),
        **{
            name: pa.array(column(name))
            for name in ("impressions", "clicks", "delivered", "opened")
        },
    }


def _media(rng: np.random.Generator, media: Media, scale: float) -> Spend:
    season = calendar.season()[calendar.HISTORY_DAYS :]
    wave = np.exp(rng.normal(0, BUDGET_NOISE, calendar.DAYS))  # the curve can be fitted
    cents = media.cents * scale * (1 + media.follows_season * (season - 1)) * wave
    noise = np.exp(rng.normal(-(MEDIA_NOISE**2) / 2, MEDIA_NOISE, calendar.DAYS))
    result = scale * (cents / 100 / scale) ** SATURATION * noise
    nothing = np.zeros(calendar.DAYS, dtype=np.int64)
    views, clicks = rng.poisson(result * media.impressions), rng.poisson(result * media.clicks)
    return Spend(media.account, np.arange(calendar.DAYS), cents, views, clicks, nothing, nothing)


def _newsletter(rng: np.random.Generator, scale: float) -> Spend:
    friday = np.arange((4 - START.weekday()) % 7, calendar.DAYS, 7)
    delivered = rng.poisson((NEWSLETTER_READERS + NEWSLETTER_GROWTH * friday) * scale)
    opened = rng.binomial(delivered, NEWSLETTER_OPEN)
    clicks = rng.binomial(opened, NEWSLETTER_CLICK)
    cost = np.full(len(friday), NEWSLETTER_COST * scale)
    return Spend(NEWSLETTER, friday, cost, 0 * opened, clicks, delivered, opened)
