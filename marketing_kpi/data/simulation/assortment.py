"""What does not grow with the shop: prices, choices, stores, promotions, stock-outs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache

import numpy as np

from marketing_kpi.data.simulation import parameters as p
from marketing_kpi.data.simulation.arrow import Bools, Floats, Ints, day_number
from marketing_kpi.data.simulation.calendar import (
    DAYS,
    FRANCE,
    QUEBEC,
    black_friday,
    closed_days,
    months,
    years,
)
from marketing_kpi.data.simulation.catalogue import (
    CATEGORY_SEASON,
    COMPLEMENTS,
    COST_SHARES,
    DROPPED,
    INTRODUCED,
    OWN_BRAND_COST,
    PRODUCT_SEASON,
    RANGE,
    SEASONS,
)

CATEGORIES = tuple(RANGE)
PRODUCTS = tuple((category, *product) for category, rows in RANGE.items() for product in rows)
NAMES = tuple(product[1] for product in PRODUCTS)
INDEX = {name: i for i, name in enumerate(NAMES)}
SIZE = 15  # products in every category
CATEGORY_OF = np.repeat(np.arange(len(CATEGORIES)), SIZE)


def charm(cents: Floats) -> Ints:
    """Return the nearest price that the shop would show: 8.99, 23.95 between 20 and 30, 141.99.

    >>> charm(np.array([843.0, 2410.0, 14210.0])).tolist()
    [799, 2395, 14199]
    """
    whole = np.maximum(np.round(cents / 100), 1).astype(np.int64)
    return whole * 100 - np.where((whole > 20) & (whole <= 30), 5, 1)


@cache
def list_prices() -> Ints:
    """Return list prices in cents, a row a year and a column a product."""
    base = np.array([product[3] + 1 for product in PRODUCTS], dtype=float) * 100
    return np.array([charm(base * index) for index in p.PRICE_INDEX])


@cache
def unit_costs() -> Ints:
    """Return purchase costs in cents, a row a year and a column a product."""
    share = np.array(
        [
            COST_SHARES[category] * (OWN_BRAND_COST if brand == "Boréal" else 1.0)
            for category, _, brand, _, _ in PRODUCTS
        ]
    )
    return np.array(
        [np.round(list_prices()[0] * share * index).astype(np.int64) for index in p.COST_INDEX]
    )


@cache
def complement_of() -> Ints:
    """Return the complement of each product, -1 for none."""
    complement = np.full(len(PRODUCTS), -1)
    for first, second in COMPLEMENTS:
        complement[INDEX[first]] = INDEX[second]
    return complement


@dataclass(frozen=True)
class Store:
    """A store: its weight is its share of the region's traffic."""

    store_id: str
    store_type: str
    region: str
    opened: dt.date
    closed: dt.date | None
    weight: float
    advisers: bool  # opens on Thursday advisers from the action on


# the treated stores of the action and the others are pairs of the same region, type and weight
STORES = (
    Store("S01", "flagship", "QC", dt.date(2016, 5, 5), None, 1.25, True),
    Store("S02", "flagship", "QC", dt.date(2017, 9, 14), None, 1.25, False),
    Store("S03", "boutique", "QC", dt.date(2018, 4, 12), None, 0.85, True),
    Store("S04", "boutique", "QC", dt.date(2019, 10, 3), None, 0.85, False),
    Store("S05", "boutique", "IDF", dt.date(2019, 3, 21), None, 0.95, True),
    Store("S06", "boutique", "IDF", dt.date(2020, 9, 10), None, 0.95, False),
    Store("S07", "outlet", "ARA", dt.date(2018, 11, 8), dt.date(2025, 1, 31), 0.60, False),
    Store("S08", "boutique", "QC", dt.date(2024, 9, 12), None, 0.70, False),
)
WAREHOUSES = ("W01", "W02")  # Québec, France
LOCATIONS = (*(store.store_id for store in STORES), *WAREHOUSES)
SETTLING_DAYS = 30
STORE_SHELF = 0.72  # share of the assortment that a store lists


@cache
def store_open() -> Bools:
    """Return whether each store (row) is open on each day (column)."""
    days = np.arange(DAYS)
    return np.array(
        [
            (days >= day_number(store.opened))
            & (days <= (day_number(store.closed) if store.closed else DAYS))
            for store in STORES
        ]
    )


@cache
def store_trading() -> Bools:
    """Return whether each store (row) sells on each day (column): open, and not a holiday."""
    return store_open() & ~closed_days()[store_country()]


@cache
def store_country() -> Ints:
    """Return the row of `closed_days` of each store."""
    return np.array([QUEBEC if store.region == "QC" else FRANCE for store in STORES])


@cache
def listed() -> Bools:
    """Return whether each location (row) lists each product (column) when it is in the range."""
    shelf = np.ones((len(LOCATIONS), len(PRODUCTS)), dtype=bool)
    rng = np.random.default_rng(17)  # the assortment is part of the shop, not of the draw
    core = _core()
    for row, store in enumerate(STORES):
        share = 1.0 if store.store_type == "flagship" else STORE_SHELF
        shelf[row] = core | (rng.random(len(PRODUCTS)) < share)
    return shelf


@cache
def in_range() -> Bools:
    """Return whether each product (column) is sold in each year (row)."""
    sold = np.ones((3, len(PRODUCTS)), dtype=bool)
    for name, year in INTRODUCED.items():
        sold[:year, INDEX[name]] = False
    for name, year in DROPPED.items():
        sold[year:, INDEX[name]] = False
    return sold


def _core() -> Bools:
    # whatever is promoted, or bought with something else, is found everywhere
    core = np.zeros(len(PRODUCTS), dtype=bool)
    for promotion in PROMOTIONS:
        core[list(promotion.products)] = True
    core[complement_of()[complement_of() >= 0]] = True
    for category in range(len(CATEGORIES)):
        core[category * SIZE : category * SIZE + 3] = True
    return core


@dataclass(frozen=True)
class Promotion:
    """A promotion and its true effects; a sitewide one has none beyond the season's peak."""

    promotion_id: str
    name: str
    starts: dt.date
    ends: dt.date  # last day
    discount: float
    products: tuple[int, ...]  # empty: the whole shop
    cost: int
    supplier_funding: int
    lift: float = 0.0  # extra lines for each line that would be sold anyway
    cannibalisation: float = 0.0  # share of the category's other lines that switch to it
    halo: float = 0.0  # extra lines that bring a line of another product with them
    pull_forward: float = 0.0  # share of the product's lines lost in the weeks after


PULL_DAYS = 28


SHELF_PROMOTIONS = (  # name, month, day, days, category, first product, products, discount, lift
    ("Solde d'hiver", 1, 6, 28, "Vêtements", 0, 10, 0.30, 1.1),
    ("Semaines du blanc", 2, 3, 28, "Literie", 0, 9, 0.25, 0.9),
    ("Grand ménage", 3, 10, 21, "Maison", 0, 8, 0.20, 0.7),
    ("Printemps en cuisine", 4, 14, 21, "Cuisine", 0, 8, 0.20, 0.7),
    ("Ouverture du camping", 5, 19, 28, "Camping", 1, 7, 0.25, 1.0),
    ("Départs", 6, 23, 21, "Bagages", 0, 7, 0.20, 0.8),
    ("Solde d'été", 7, 14, 28, "Randonnée", 0, 7, 0.30, 1.0),
    ("Rentrée", 8, 18, 21, "Vêtements", 3, 7, 0.20, 0.8),
    ("Pied sec", 9, 29, 28, "Chaussures", 0, 9, 0.25, 0.9),
)


def _promotions() -> tuple[Promotion, ...]:
    out: list[Promotion] = []
    for year in (2023, 2024, 2025):
        for name, month, day, days, category, first, count, discount, lift in SHELF_PROMOTIONS:
            start = dt.date(year, month, day)
            base = CATEGORIES.index(category) * SIZE + first
            out.append(
                Promotion(
                    f"PR{len(out) + 1:03d}",
                    f"{name} {year}",
                    start,
                    start + dt.timedelta(days=days - 1),
                    discount,
                    tuple(range(base, base + count)),
                    cost=400 + 60 * count,
                    supplier_funding=180 * count,
                    lift=lift,
                    cannibalisation=0.30,
                    halo=0.15,
                    pull_forward=0.25,
                )
            )
        friday = black_friday(year)
        for name, start, end, discount, cost, funding in (
            (
                "Vendredi fou",
                friday - dt.timedelta(3),
                friday + dt.timedelta(3),
                0.25,
                3_500,
                6_000,
            ),
            ("Après-Noël", dt.date(year, 12, 26), dt.date(year, 12, 31), 0.30, 900, 1_500),
        ):
            number = f"PR{len(out) + 1:03d}"
            out.append(Promotion(number, f"{name} {year}", start, end, discount, (), cost, funding))
    return tuple(out)


PROMOTIONS = _promotions()


@cache
def promotion_on() -> Ints:
    """Return the promotion of each product (column) on each day (row), -1 for none."""
    running = np.full((DAYS, len(PRODUCTS)), -1, dtype=np.int64)
    for number, promotion in enumerate(PROMOTIONS):
        days = slice(day_number(promotion.starts), day_number(promotion.ends) + 1)
        running[days, list(promotion.products) or slice(None)] = number
    return running


@cache
def promotion_over() -> Ints:
    """Return the promotion whose pull-forward each product feels on each day, -1 for none."""
    felt = np.full((DAYS, len(PRODUCTS)), -1, dtype=np.int64)
    for number, promotion in enumerate(PROMOTIONS):
        after = day_number(promotion.ends) + 1
        felt[after : after + PULL_DAYS, list(promotion.products)] = number
    return felt


@cache
def category_promotion() -> Ints:
    """Return the promotion with effects of each category (column) on each day (row), or -1."""
    running = np.full((DAYS, len(CATEGORIES)), -1, dtype=np.int64)
    for number, promotion in enumerate(PROMOTIONS):
        if promotion.products:
            days = slice(day_number(promotion.starts), day_number(promotion.ends) + 1)
            running[days, CATEGORY_OF[promotion.products[0]]] = number
    return running


@dataclass(frozen=True)
class Effects:
    """The promotions' parameters as arrays; the last element, index -1, is no promotion."""

    discount: Floats
    lift: Floats
    cannibalisation: Floats
    halo: Floats
    pull_forward: Floats
    first: Ints  # first promoted product
    count: Ints


@cache
def promotion_effects() -> Effects:
    """Return the parameters of every promotion, to be indexed by its number or -1."""

    def each(name: str) -> Floats:
        return np.array([getattr(promotion, name) for promotion in PROMOTIONS] + [0.0])

    return Effects(
        **{
            name: each(name)
            for name in ("discount", "lift", "cannibalisation", "halo", "pull_forward")
        },
        first=np.array([min(promotion.products, default=0) for promotion in PROMOTIONS] + [0]),
        count=np.array([len(promotion.products) or 1 for promotion in PROMOTIONS] + [1]),
    )


@cache
def choice_steps() -> Floats:
    """Return cumulative choice probabilities, one row for each (year, month, tier, location).

    Each row is shifted by its own number, so that one search over the flat table serves draws
    for all rows at once. The last of the locations stands for both warehouses.
    """
    popularity = np.array([product[4] for product in PRODUCTS], dtype=float)
    price = list_prices()[0] / np.median(list_prices()[0])
    tilt = price ** np.array(p.TIER_PRICE_SLOPES)[:, None]
    seasons = np.array(
        [
            SEASONS[PRODUCT_SEASON[name]] if name in PRODUCT_SEASON else CATEGORY_SEASON[category]
            for category, name, *_ in PRODUCTS
        ]
    )
    shelves = listed()[: len(STORES) + 1].astype(float)
    weights = (
        in_range()[:, None, None, None, :]
        * seasons.T[None, :, None, None, :]
        * (popularity * tilt)[None, None, :, None, :]
        * shelves[None, None, None, :, :]
    ).reshape(-1, len(PRODUCTS))
    steps: Floats = np.cumsum(weights.astype(float), axis=1)
    steps /= steps[:, -1:]
    steps += np.arange(len(steps))[:, None]
    return steps.ravel()


def choice_row(day: Ints, tier: Ints, store: Ints) -> Ints:
    """Return the row of `choice_steps` for orders of these days, tiers and stores (-1: online)."""
    year = years()[day]
    month = months()[day] % 12
    shelf = np.where(store < 0, len(STORES), store)
    row: Ints = (year * 12 + month) * len(p.TIER_PRICE_SLOPES) + tier
    return row * (len(STORES) + 1) + shelf


def draw_products(rng: np.random.Generator, row: Ints) -> Ints:
    """Draw a product for each row of `choice_steps`."""
    drawn = np.searchsorted(choice_steps(), row + rng.random(len(row)), side="right")
    product: Ints = np.minimum(drawn - row * len(PRODUCTS), len(PRODUCTS) - 1)
    return product


def stock_outs(rng: np.random.Generator) -> Bools:
    """Draw the stock-outs: days x locations x products, none before the stock records begin.

    A supplier who delivers late leaves a gap of `OUTAGE_MEAN_DAYS` on average. What has just been
    listed is there for `SETTLING_DAYS`.
    """
    first = day_number(p.STOCK_START)
    chance = p.OUTAGES_PER_YEAR / 365
    out = np.zeros((DAYS, len(LOCATIONS), len(PRODUCTS)), dtype=bool)
    starts = np.argwhere(rng.random((DAYS - first, *out.shape[1:])) < chance)
    lengths = 1 + rng.geometric(1 / (p.OUTAGE_MEAN_DAYS - 1), len(starts))
    for (day, location, product), length in zip(starts, lengths, strict=True):
        out[first + day : first + day + length, location, product] = True
    out &= stocked()
    out[SETTLING_DAYS:] &= stocked()[:-SETTLING_DAYS]
    out[: first + SETTLING_DAYS] = False
    return out


@cache
def stocked() -> Bools:
    """Return whether a product is listed and its location open: days x locations x products."""
    opened = np.vstack([store_open(), np.ones((len(WAREHOUSES), DAYS), dtype=bool)])
    held: Bools = opened.T[:, :, None] & listed()[None, :, :] & in_range()[years()][:, None, :]
    return held
