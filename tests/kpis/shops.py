"""Two shops with every table that a KPI reads: one drawn by chance, and a thin slice of the demo.

In the one drawn by chance much is unknown or goes wrong: nulls wherever they are allowed, orders
cancelled, fraudulent or tests, credits entered as orders, orders without lines or of amount 0,
returns of unknown orders, customers in no list, disputes won, lost and open.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd

FIRST, LAST = pd.Timestamp("2022-07-15"), pd.Timestamp("2025-01-01")
MAIL_CHANNELS = ("email", "search", "social")


NEWCOMERS = 60


class Draw:
    """Draws columns of a length, some of them unknown."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def one_of(self, values, size, *, nulls=0.1):
        drawn = self.rng.choice(np.array([*values], dtype=object), size)
        return self.some(pd.Series(drawn, dtype=object), nulls)

    def some(self, values, nulls=0.1):
        return values.mask(self.rng.random(len(values)) < nulls)

    def ids(self, prefix, size):
        return [f"{prefix}{n}" for n in range(size)]

    def moments(self, size, *, start=FIRST, end=LAST):
        minutes = (end - start) // pd.Timedelta(minutes=1)
        drawn = pd.to_timedelta(self.rng.integers(0, minutes, size), "min")
        return pd.Series((start + drawn).astype("datetime64[us]"))

    def days(self, size, **bounds):
        return self.moments(size, **bounds).dt.normalize()

    def money(self, size, *, low=0, high=5000, nulls=0.1):
        return self.some(pd.Series(self.rng.integers(low, high, size) / 100), nulls)


def random_tables(seed, *, customers=70, orders=900):
    """Return every table that a KPI reads, by name."""
    draw = Draw(seed)
    people = draw.ids("c", customers)
    tables = {**people_and_places(draw, people)}
    tables |= orders_and_lines(draw, people, orders)
    tables |= what_comes_back(draw, people, tables)
    tables |= deliveries(draw, tables["orders"])
    tables |= marketing(draw, people)
    tables |= what_people_do(draw, people, tables["orders"])
    tables |= stock(draw)
    return tables


def newcomers(draw):
    """Return contacts of the last year, who order late or never."""
    return draw.ids("n", NEWCOMERS)


def people_and_places(draw, people):
    listed = [*people[: len(people) * 4 // 5], *newcomers(draw)]
    registered = draw.moments(len(listed))
    registered[-NEWCOMERS:] = draw.moments(NEWCOMERS, start=pd.Timestamp("2024-03-01"))
    return {
        "contacts": pd.DataFrame(
            {
                "customer_id": listed,
                "registered_at": draw.some(registered),
                "acquisition_channel": draw.one_of(MAIL_CHANNELS, len(listed)),
                "region": draw.one_of(["QC", "IDF", "ARA"], len(listed)),
            }
        ),
        "stores": pd.DataFrame(
            {
                "store_id": ["s1", "s2", "s3"],
                "store_type": ["street", "mall", None],
                "region": ["QC", None, "IDF"],
            }
        ),
        "products": pd.DataFrame(
            {
                "product_id": ["p1", "p2", "p3", "p4", "p5"],
                "category": ["food", "food", "ware", "toys", None],
                "brand": ["A", None, "B", "A", "B"],
                "list_price": [10.0, 20.5, None, 8.0, 31.25],
                "unit_cost": [4.0, None, 7.5, 3.0, 12.25],
                "target_cover_days": pd.array([30, 45, None, 21, 60], dtype="Int64"),
            }
        ),
    }


def orders_and_lines(draw, people, size):
    ids = draw.ids("o", size)
    # A third of the customers place most orders; a fifth of the orders name nobody.
    regulars = people[: len(people) // 3]
    ordered = draw.moments(size)
    # Enough on the one day that the loyalty of a year's end is about.
    ordered[:25] = pd.Timestamp("2024-10-03 11:00")
    customers = draw.one_of([*regulars, *people], size, nulls=0.2)
    ordered[-80:] = draw.moments(80, start=pd.Timestamp("2024-08-01"))
    customers[-80:] = draw.one_of(newcomers(draw)[::2], 80)
    orders = pd.DataFrame(
        {
            "order_id": ids,
            "customer_id": customers,
            "ordered_at": ordered.astype("datetime64[us]"),
            "channel": draw.one_of(["web", "store", "app"], size, nulls=0.05),
            "store_id": draw.one_of(["s1", "s2", "s3", "closed"], size, nulls=0.5),
            "status": draw.one_of(["placed", "delivered"] * 4 + ["cancelled", "fraud"], size),
            "payment_fee": draw.money(size, high=200),
            "is_test": draw.one_of([False] * 14 + [True], size),
        }
    )
    late = pd.to_timedelta(draw.rng.integers(0, 20 * 24, size), "h")
    orders["recognised_at"] = draw.some(orders.ordered_at + late, 0.4)
    lines = order_lines(draw, [*draw.rng.permutation(ids)])
    worth = (lines.quantity * lines.unit_price).groupby(lines.order_id).sum().round(4)
    alone = draw.money(size, nulls=0.05) * draw.rng.choice([1, 1, 1, 0, -1], size)
    amount = orders.order_id.map(worth).fillna(alone)
    return {"orders": orders.assign(amount=amount), "order_lines": lines}


def order_lines(draw, orders):
    """Return the lines of nine orders in ten; those of some are credits, of -1 unit."""
    size = len(orders) * 2
    lines = pd.DataFrame(
        {
            "order_id": draw.rng.choice(orders[: len(orders) * 9 // 10], size),
            "line_id": [str(n % 7) for n in range(size)],
            "product_id": draw.one_of(["p1", "p2", "p3", "p4", "p5", "unlisted"], size),
            "quantity": draw.some(pd.Series(draw.rng.choice([1.0, 2.0, 3.0, 0.5], size)), 0.05),
            "list_price": draw.money(size, low=500, nulls=0.3),
            "unit_price": draw.money(size, nulls=0.05),
            "unit_cost": draw.money(size, high=2000, nulls=0.1),
            "promotion_id": draw.one_of(["sale", "fair"], size, nulls=0.6),
        }
    ).drop_duplicates(["order_id", "line_id"], ignore_index=True)
    is_credit = lines.order_id.isin(draw.rng.choice(orders, len(orders) // 20))
    return lines.assign(quantity=lines.quantity.mask(is_credit, -1.0))


def what_comes_back(draw, people, tables):
    lines = tables["order_lines"].sample(300, random_state=1).reset_index(drop=True)
    size = len(lines)
    returns = pd.DataFrame(
        {
            "return_id": draw.ids("r", size),
            "order_id": draw.some(lines.order_id.astype(object), 0.15),
            "line_id": draw.some(lines.line_id.astype(object), 0.2),
            "customer_id": draw.one_of(people, size, nulls=0.7),
            "product_id": draw.one_of(["p1", "p2", "p3"], size, nulls=0.7),
            "channel": draw.one_of(["web", "store", "app"], size, nulls=0.5),
            "returned_at": draw.some(draw.moments(size), 0.03),
            "quantity": draw.some(pd.Series(draw.rng.choice([1.0, 2.0], size))),
            "refund_amount": draw.money(size),
            "handling_cost": draw.money(size, high=500, nulls=0.3),
            "restocked": draw.one_of([True, False], size, nulls=0.3),
            "reason": draw.one_of(["size", "late", "broken"], size),
            "kind": draw.one_of(["return", "return", "allowance"], size, nulls=0.2),
        }
    )
    returns.loc[:4, "order_id"] = "of another system"
    size = 120
    disputes = pd.DataFrame(
        {
            "chargeback_id": draw.ids("b", size),
            "order_id": draw.one_of([*tables["orders"].order_id[:400], "elsewhere"], size),
            "opened_at": draw.moments(size),
            "amount": draw.money(size),
            "reason": draw.one_of(["fraudulent", "not_received"], size),
            "outcome": draw.one_of(["won", "lost", "open"], size),
        }
    )
    return {"returns": returns, "chargebacks": disputes}


def deliveries(draw, orders):
    sent = orders.sample(500, random_state=2, replace=True).reset_index(drop=True)
    size = len(sent)
    shipped = sent.ordered_at + pd.to_timedelta(draw.rng.integers(1, 90, size), "h")
    days = pd.date_range("2022-07-01", "2025-01-31", freq="9D")
    months = pd.Series(pd.date_range("2023-01-01", "2024-12-01", freq="MS"))
    return {
        "shipments": pd.DataFrame(
            {
                "shipment_id": draw.ids("k", size),
                "order_id": sent.order_id,
                "shipped_at": draw.some(shipped),
                "delivered_at": draw.some(shipped + pd.Timedelta(days=3)),
                **promises(sent.ordered_at),
                "transport_cost": draw.money(size, high=400),
                "packaging_cost": draw.money(size, high=200),
            }
        ),
        "labour": pd.DataFrame(
            {
                "day": days.astype("datetime64[us]"),
                "location_id": "main",
                "activity": draw.one_of(["pick", "pack", "ship"], len(days), nulls=0),
                **work(len(days)),
                "cost": draw.money(len(days), high=9000),
            }
        ),
        "ledger": pd.DataFrame(
            {
                "month": [*months, *months],
                "account": ["revenue"] * len(months) + ["refunds"] * len(months),
                "amount": draw.money(2 * len(months), high=900000),
            }
        ).astype({"month": "datetime64[us]"}),
        "fixed_costs": pd.DataFrame({"month": months, "amount": draw.money(len(months))}).astype(
            {"month": "datetime64[us]"}
        ),
    }


def promises(ordered_at):
    """Return what parcels were promised: with and without a time of day, kept and broken."""
    draw, size = Draw(13), len(ordered_at)
    promised = ordered_at + pd.to_timedelta(draw.rng.integers(70, 170, size), "h")
    promised = promised.where(draw.rng.random(size) < 0.6, promised.dt.normalize())
    return {
        "promised_at": draw.some(promised.astype("datetime64[us]")),
        "in_full": draw.one_of([True, True, False], size, nulls=0.2),
        "damaged": draw.one_of([False, False, False, True], size, nulls=0.2),
    }


def work(size):
    """Return what was done in how many hours, of which some are not told, or none."""
    draw = Draw(14)
    return {
        "hours": draw.one_of([0.0, 4.0, 6.5], size).astype("float64"),
        "units": draw.some(pd.Series(draw.rng.integers(0, 90, size)).astype("float64")),
    }


def marketing(draw, people):
    """Return campaigns with and without spend, and members of both arms, or of one, or of two."""
    ids = draw.ids("m", 8)
    starts = draw.days(len(ids), start=pd.Timestamp("2024-01-01"), end=pd.Timestamp("2024-11-15"))
    campaigns = pd.DataFrame(
        {
            "campaign_id": ids,
            "marketing_channel": draw.one_of(MAIL_CHANNELS, len(ids)),
            "starts_on": starts,
            "ends_on": draw.some(starts + pd.Timedelta(days=6), 0.3),
            "cost": draw.money(len(ids), high=90000, nulls=0.3),
        }
    )
    parts = [
        campaign_members(draw, people, *row) for row in zip(ids, starts, range(8), strict=True)
    ]
    members = pd.concat(parts, ignore_index=True)
    size = 400
    spend = pd.DataFrame(
        {
            "day": draw.days(size),
            "marketing_channel": draw.one_of(MAIL_CHANNELS, size),
            "campaign_id": draw.one_of(ids[:5], size, nulls=0.6),
            "purpose": draw.one_of(["acquisition", "retention", "brand"], size),
            "amount": draw.money(size, high=20000),
        }
    ).drop_duplicates(["day", "marketing_channel", "campaign_id"], ignore_index=True)
    spend = spend.assign(**counted(len(spend)))
    promotions = pd.DataFrame(
        {
            "promotion_id": ["sale", "fair", "never"],
            "starts_on": draw.some(draw.days(3), 0.3),
            "ends_on": pd.to_datetime(["2024-12-03", None, None]).astype("datetime64[us]"),
            "cost": draw.money(3, high=90000),
            "supplier_funding": draw.money(3, high=9000, nulls=0.3),
        }
    )
    return {
        "campaigns": campaigns,
        "campaign_members": members,
        "marketing_spend": spend,
        "promotions": promotions,
    }


def counted(size):
    """Return what platforms counted: nothing of some, and clicks on no impression."""
    draw = Draw(17)
    most = {"impressions": 400, "clicks": 30, "delivered": 200, "opened": 60}
    drawn = {name: pd.Series(draw.rng.integers(0, high, size)) for name, high in most.items()}
    drawn["impressions"] = drawn["impressions"].mask(draw.rng.random(size) < 0.3, 0)
    return {name: draw.some(values).astype("Int64") for name, values in drawn.items()}


def campaign_members(draw, people, campaign, start, number):
    size = 12 + 7 * number
    chosen = draw.rng.permutation([*people, *draw.ids("stranger", 5)])[:size]
    arms = np.where(draw.rng.random(size) < 0.3, "control", "treatment")
    arms = arms if number != 6 else np.full(size, "treatment")
    sent = start + pd.to_timedelta(draw.rng.integers(8, 60, size), "h")
    is_told = (arms == "treatment") & (draw.rng.random(size) < 0.9) & (number != 5)
    members = pd.DataFrame(
        {
            "campaign_id": campaign,
            "customer_id": chosen,
            "arm": arms,
            "assigned_at": draw.some(pd.Series([start] * size), 0.2).astype("datetime64[us]"),
            "contacted_at": pd.Series(sent).where(is_told).astype("datetime64[us]"),
        }
    )
    in_both_arms = members.head(1).assign(arm="control" if arms[0] != "control" else "treatment")
    return pd.concat([members, in_both_arms], ignore_index=True) if number == 7 else members


def what_people_do(draw, people, orders):
    size = 1200
    started = draw.moments(size, start=pd.Timestamp("2024-02-10"), end=pd.Timestamp("2024-12-20"))
    sessions = pd.DataFrame(
        {
            "session_id": draw.ids("v", size),
            "visitor_id": draw.one_of(draw.ids("w", 300), size),
            "customer_id": draw.one_of(people, size, nulls=0.5),
            "started_at": draw.some(started, 0.02),
            "marketing_channel": draw.one_of([*MAIL_CHANNELS, "direct"], size),
            "device": draw.one_of(["mobile", "desktop"], size),
            "page_views": draw.some(pd.Series(draw.rng.integers(1, 5, size))).astype("Int64"),
            "cart": draw.one_of([True, False], size, nulls=0.2),
            "checkout": draw.one_of([True, False], size, nulls=0.2),
            "order_id": draw.one_of([*orders.order_id[:300], "elsewhere"], size, nulls=0.7),
        }
    )
    size = 600
    responses = pd.DataFrame(
        {
            "customer_id": draw.one_of(people, size),
            "at": draw.moments(size, start=pd.Timestamp("2024-01-01")),
            "kind": draw.one_of(["open", "click", "visit"], size),
            "campaign_id": draw.one_of(["m0", "m1", "m2", "m3", "m5", "m7"], size),
        }
    )
    touchpoints = pd.DataFrame(
        {
            "touchpoint_id": draw.ids("t", size),
            "visitor_id": draw.one_of(draw.ids("w", 300), size),
            "customer_id": draw.one_of(people, size),
            "at": draw.moments(size, start=pd.Timestamp("2024-01-01")),
            "marketing_channel": draw.one_of(MAIL_CHANNELS, size),
            "campaign_id": draw.one_of(["m0", "m2", "m4"], size),
            "kind": draw.one_of(["impression", "click"], size),
        }
    )
    came = pd.Series(Draw(18).rng.random(size) < 0.3)
    touchpoints["marketing_channel"] = touchpoints.marketing_channel.mask(came, "direct")
    surveys = pd.DataFrame(
        {
            "response_id": draw.ids("a", size),
            "customer_id": draw.one_of(people, size, nulls=0.3),
            "answered_at": draw.moments(size),
            "question": draw.one_of(["nps", "csat"], size, nulls=0),
            "score": draw.some(pd.Series(draw.rng.integers(0, 12, size))).astype("Int64"),
        }
    )
    months = pd.Series(pd.date_range("2023-12-01", "2024-12-01", freq="MS"))
    panel = pd.DataFrame(
        {
            "customer_id": draw.one_of(people[:30], size),
            "month": draw.one_of([*months], size, nulls=0).astype("datetime64[us]"),
            "category": draw.one_of(["food", "ware", "toys", "cars"], size),
            "spend_total": draw.money(size, high=20000),
        }
    )
    return {
        "sessions": sessions,
        "responses": responses,
        "touchpoints": touchpoints,
        "surveys": surveys,
        "category_spend": panel,
    }


def stock(draw):
    """Return the stock of some products and places, with days off the record and a delisting.

    Of three months, every day is on record.
    """
    days = pd.date_range("2023-12-20", "2024-11-12")
    days = days[(draw.rng.random(len(days)) < 0.9) | days.month.isin([5, 6, 7])]
    places = [("p1", "s1"), ("p1", "w"), ("p2", "s1"), ("p3", "w"), ("p4", "s2"), ("p9", "s2")]
    rows = pd.DataFrame(
        [(day, *place) for day in days for place in places],
        columns=["day", "product_id", "location_id"],
    )
    is_listed = (rows.product_id != "p4") | (rows.day < "2024-07-10")
    rows = rows[is_listed & (draw.rng.random(len(rows)) < 0.97)].reset_index(drop=True)
    size = len(rows)

    def units(most, nulls):
        return draw.some(pd.Series(draw.rng.integers(0, most, size)), nulls).astype("float64")

    rows["on_hand"] = units(9, 0.05)
    rows["reserved"], rows["damaged"] = units(2, 0.1), units(2, 0.1)
    left = (rows.on_hand - rows.reserved - rows.damaged).clip(lower=0)
    rows["sellable"] = draw.some(left, 0.2)
    rows["received"] = units(4, 0.5)
    rows["unit_cost"] = draw.money(size, low=100, high=2000, nulls=0.3)
    rows["day"] = rows["day"].astype("datetime64[us]")
    return {"stock": rows}


# --- The demo, thinned --------------------------------------------------------------------------

KEPT_ONE_IN = 10
_OF_CUSTOMERS = ("contacts", "campaign_members", "responses", "surveys", "category_spend")
_OF_ORDERS = ("order_lines", "chargebacks", "shipments")
_WHOLE = (
    "products", "stores", "promotions", "campaigns", "marketing_spend", "labour", "fixed_costs",
    "ledger",
)  # fmt: skip


def thin_demo(demo, folder):
    """Write the demo with a customer, and an order of nobody, in ten; as Parquet, to a folder."""
    customer = f"hash(customer_id) % {KEPT_ONE_IN} = 0"
    order = f"order_id IN (FROM (SELECT order_id FROM '{folder}/orders.parquet'))"
    kept = {
        "orders": f"{customer} OR (customer_id IS NULL AND hash(order_id) % {KEPT_ONE_IN} = 0)",
        **dict.fromkeys(_OF_CUSTOMERS, f"customer_id IS NULL OR {customer}"),
        **dict.fromkeys(_OF_ORDERS, order),
        "sessions": f"{customer} OR customer_id IS NULL AND hash(visitor_id) % {KEPT_ONE_IN} = 0",
        "touchpoints": f"campaign_id IS NOT NULL AND {customer}",
        "returns": f"order_id IS NULL OR {order}",
        "stock": f"hash(product_id) % {KEPT_ONE_IN} = 0 AND location_id <> 'W02'",
        **dict.fromkeys(_WHOLE, "true"),
    }
    with duckdb.connect() as connection:
        for name, condition in kept.items():
            connection.execute(
                f"COPY (SELECT * FROM '{demo}/{name}.parquet' WHERE {condition}) "
                f"TO '{folder}/{name}.parquet'"
            )
    return folder


def read(folder):
    """Return the tables of a folder of Parquet files as pandas, by name; decimals as floats."""
    with duckdb.connect() as connection:
        return {
            path.stem: connection.execute(f"FROM '{path}'").df()
            for path in sorted(folder.glob("*.parquet"))
        }
