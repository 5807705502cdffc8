"""The tables that describe the shop itself: products, stores, promotions, campaigns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from marketing_kpi.data.simulation import arrow
from marketing_kpi.data.simulation import assortment as shop
from marketing_kpi.data.simulation import parameters as p
from marketing_kpi.data.simulation.arrow import END, START, day_number
from marketing_kpi.data.simulation.numbers import product_ids
from marketing_kpi.data.simulation.operations import MEDIA, cover_days

MEDIA_NAMES = ("Recherche payante", "Réseaux sociaux", "Bannières", "Affiliation")
MAILING_COST = 900  # CAD, of each mailing at scale 1


def product_columns() -> dict[str, pa.Array]:
    """Return the table `products`, at the prices of the last year."""
    return {
        "product_id": product_ids(np.arange(len(shop.PRODUCTS))),
        "name": pa.array(shop.NAMES),
        "category": pa.array([product[0] for product in shop.PRODUCTS]),
        "brand": pa.array([product[2] for product in shop.PRODUCTS]),
        "list_price": arrow.money(shop.list_prices()[-1]),
        "unit_cost": arrow.money(shop.unit_costs()[-1]),
        "target_cover_days": pa.array(cover_days().astype(np.int64)),
    }


def store_columns() -> dict[str, pa.Array]:
    """Return the table `stores`."""
    return {
        "store_id": pa.array([store.store_id for store in shop.STORES]),
        "store_type": pa.array([store.store_type for store in shop.STORES]),
        "region": pa.array([store.region for store in shop.STORES]),
        "opened_on": pa.array([store.opened for store in shop.STORES], pa.date32()),
        "closed_on": pa.array([store.closed for store in shop.STORES], pa.date32()),
    }


def promotion_columns() -> dict[str, pa.Array]:
    """Return the table `promotions`."""
    rows = shop.PROMOTIONS
    return {
        "promotion_id": pa.array([row.promotion_id for row in rows]),
        "name": pa.array([row.name for row in rows]),
        "starts_on": pa.array([row.starts for row in rows], pa.date32()),
        "ends_on": pa.array([row.ends for row in rows], pa.date32()),
        "cost": arrow.money(np.array([row.cost * 100 for row in rows])),
        "supplier_funding": arrow.money(np.array([row.supplier_funding * 100 for row in rows])),
    }


def campaign_columns(scale: float) -> dict[str, pa.Array]:
    """Return the table `campaigns`: media all year, the mailings, the action in the stores."""
    days = (END - START).days - 1
    rows: list[tuple[str, str, str, int, int, float, str]] = [
        (media.account.campaign_id, name, media.account.channel, 0, days, 0.0, "media")
        for media, name in zip(MEDIA, MEDIA_NAMES, strict=True)
    ]
    rows.append(("newsletter", "Infolettre du vendredi", "email", 0, days, 0.0, "newsletter"))
    for mailing in p.MAILINGS:
        start = day_number(mailing.contacted)
        end = start + mailing.window_days - 1
        cost = MAILING_COST * scale
        rows.append((mailing.campaign_id, mailing.name, "email", start, end, cost, "mailing"))
    start = day_number(p.ADVISERS.starts)
    rows.append(
        (
            p.ADVISERS.campaign_id,
            p.ADVISERS.name,
            "store",
            start,
            days,
            p.ADVISERS.cost * scale,
            "store",
        )
    )
    identifier, name, channel, starts, ends, costs, action = zip(*rows, strict=True)
    return {
        "campaign_id": pa.array(identifier),
        "name": pa.array(name),
        "marketing_channel": pa.array(channel),
        "starts_on": arrow.dates(np.array(starts)),
        "ends_on": arrow.dates(np.array(ends)),
        "cost": arrow.money(np.round(np.array(costs) * 100).astype(np.int64)),
        "action": pa.array(action),
    }
