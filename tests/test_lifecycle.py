"""The lifecycle: borders by hand, a second implementation in plain Python, properties."""

import datetime as dt
from collections import Counter
from itertools import pairwise

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import marketing_kpi as mk
from marketing_kpi import lifecycle, rfm
from marketing_kpi.errors import ColumnError, ComputeError, ConfigError, MissingDataError
from marketing_kpi.lifecycle import Settings

AS_OF = dt.date(2026, 1, 1)
NO_REFUNDS = Settings(count_fully_refunded=False)
COLUMNS = {
    "orders": ["order_id", "customer_id", "ordered_at", "amount", "status"],
    "order_lines": ["order_id", "line_id", "product_id", "quantity", "unit_price"],
    "contacts": ["customer_id", "registered_at", "region", "acquisition_channel"],
    "responses": ["customer_id", "at", "kind"],
    "returns": ["return_id", "order_id", "returned_at", "quantity", "refund_amount", "kind"],
    "products": ["product_id", "category", "brand"],
}
TYPES = {
    "ordered_at": "datetime64[us]",
    "registered_at": "datetime64[us]",
    "at": "datetime64[us]",
    "returned_at": "datetime64[us]",
    "amount": "float64",
    "quantity": "float64",
    "unit_price": "float64",
    "refund_amount": "float64",
}


def ago(days, *, hour=12, before=AS_OF):
    """Return a time so many days before a day: 1 is the day before it."""
    if days is None:
        return None
    return dt.datetime.combine(before - dt.timedelta(days=days), dt.time(hour))


def frames(**tables):
    """Return frames of a shop from rows of its tables; rows may be shorter than the columns."""
    made = {}
    for name, rows in tables.items():
        columns = COLUMNS[name]
        full = [(*row, *[None] * (len(columns) - len(row))) for row in rows]
        frame = pd.DataFrame(full, columns=columns).astype("object")
        kinds = {column: TYPES.get(column, "str") for column in columns}
        made[name] = frame.astype(kinds)
    return made


def shop(**tables):
    return mk.open_data(frames(orders=tables.pop("orders", []), **tables))


def order(customer, days, amount=10.0, *, id=None, status=None, hour=12):
    return (id or f"{customer}-{days}-{hour}", customer, ago(days, hour=hour), amount, status)


def stages(as_of=AS_OF, given=None, **tables):
    with shop(**tables) as data:
        found = lifecycle.contacts(data, as_of=as_of, settings=given or Settings())
    return dict(zip(found["customer_id"], found["stage"], strict=True))


# --- Borders by hand ------------------------------------------------------------------------

# registered so many days ago, last response so many days ago, stage
LEADS = [
    (1, None, "lead_new"),
    (90, None, "lead_new"),
    (91, None, "lead_cold"),
    (180, None, "lead_cold"),
    (181, None, "lead_inactive"),
    (1, 1, "lead_active"),
    (500, 1, "lead_active"),
    (500, 90, "lead_active"),
    (500, 91, "lead_cold"),
    (500, 180, "lead_cold"),
    (500, 181, "lead_inactive"),
    (120, 100, "lead_cold"),
    # A response before the registration does not make a lead less new, and none is lost.
    (10, 100, "lead_new"),
    (90, 91, "lead_new"),
    (10, 50, "lead_active"),
    (100, 200, "lead_cold"),
    (200, 300, "lead_inactive"),
    # Registered at an unknown time: with its first response, or long ago.
    (None, 1, "lead_active"),
    (None, 91, "lead_cold"),
    (None, 181, "lead_inactive"),
    (None, None, "lead_inactive"),
]


def test_stages_of_leads():
    contacts = [(f"{case}", ago(case[0], hour=0)) for case in LEADS]
    answered = [case for case in LEADS if case[1] is not None]
    responses = [(f"{case}", ago(case[1], hour=23), "open") for case in answered]
    found = stages(orders=[order("zoe", 1)], contacts=contacts, responses=responses)
    assert found.pop("zoe") == "first_time"
    assert found == {f"{case}": case[2] for case in LEADS}


# days since each purchase, stage
BUYERS = [
    ([1], "first_time"),
    ([90], "first_time"),
    ([91], "defecting"),
    ([365], "defecting"),
    ([366], "inactive"),
    ([900, 1], "active"),
    ([900, 90], "active"),
    ([91, 90], "active"),
    ([900, 91], "defecting"),
    ([900, 365], "defecting"),
    ([900, 366], "inactive"),
]


@pytest.mark.parametrize("registered", [1, 91, None])
def test_stages_of_customers_whenever_they_registered(registered):
    rows = [order(f"{case}", days) for case in BUYERS for days in case[0]]
    contacts = [(f"{case}", ago(registered, hour=23)) for case in BUYERS]
    found = stages(orders=rows, contacts=contacts)
    assert found == {f"{case}": case[1] for case in BUYERS}


def test_the_day_of_the_analysis_does_not_count():
    rows = [order("ann", 0, hour=0), order("bob", 1, hour=23), order("bob", 0)]
    contacts = [("ann", ago(5)), ("cat", ago(0, hour=0)), ("dan", ago(1, hour=23))]
    responses = [("ann", ago(0, hour=0)), ("eve", ago(0)), ("fay", ago(1, hour=23))]
    assert stages(orders=rows, contacts=contacts, responses=responses) == {
        "ann": "lead_new",
        "bob": "first_time",
        "dan": "lead_new",
        "fay": "lead_active",
    }


def test_who_buys_on_the_day_of_registration_is_a_first_time_buyer():
    contacts = [("ann", ago(1, hour=8))]
    assert stages(orders=[order("ann", 1)], contacts=contacts) == {"ann": "first_time"}
    the_day = AS_OF - dt.timedelta(days=1)
    assert stages(as_of=the_day, orders=[order("ann", 1)], contacts=contacts) == {}


def test_two_orders_of_one_day_are_two_purchases():
    rows = [order("ann", 1, hour=8), order("ann", 1, hour=9)]
    assert stages(orders=rows) == {"ann": "active"}


def test_a_customer_that_contacts_do_not_have_or_register_later_is_a_customer():
    rows = [order("ann", 10), order("bob", 10)]
    contacts = [("bob", ago(5)), ("cat", ago(5))]
    found = stages(orders=rows, contacts=contacts)
    assert found == {"ann": "first_time", "bob": "first_time", "cat": "lead_new"}
    assert stages(as_of=AS_OF - dt.timedelta(days=8), orders=rows, contacts=contacts) == {
        "ann": "first_time",
        "bob": "first_time",
    }


def test_a_limit_belongs_to_the_lower_tier():
    tiers = {
        0.01: "low",
        50.0: "low",
        50.01: "normal",
        200.0: "normal",
        200.01: "silver",
        500.0: "silver",
        500.01: "gold",
        1000.0: "gold",
        1000.01: "platinum",
        -5.0: "low",
    }
    rows = [order(f"{spend}", 5, spend) for spend in tiers]
    rows.append(order("-5.0", 6, 2.0))  # and a credit of 5 more than that
    rows[-2] = order("-5.0", 5, -7.0)
    with shop(orders=rows) as data:
        found = lifecycle.contacts(data, as_of=AS_OF)
    assert dict(zip(found.customer_id.map(float), found.status, strict=True)) == tiers


def test_status_is_made_of_two_years():
    rows = [order("ann", 730, 60.0), order("bob", 731, 60.0), order("bob", 730, 40.0)]
    rows += [order("cat", 731, 900.0)]
    with shop(orders=rows, contacts=[("dan", ago(3))]) as data:
        found = lifecycle.contacts(data, as_of=AS_OF).set_index("customer_id")
    assert found.status.dropna().to_dict() == {
        "ann": "normal",
        "bob": "low",
        "cat": "low",  # a customer with no spending in the window
    }
    assert found.spend.to_dict() == {"ann": 60.0, "bob": 40.0, "cat": 0.0, "dan": 0.0}
    assert found.orders.to_dict() == {"ann": 1, "bob": 2, "cat": 1, "dan": 0}


def test_amounts_of_zero_never_count_and_unknown_ones_do():
    rows = [order("ann", 5, 0.0), order("bob", 5, None), order("cat", 5, 0.0), order("cat", 100)]
    contacts = [("ann", ago(20))]
    with shop(orders=rows, contacts=contacts) as data:
        found = lifecycle.contacts(data, as_of=AS_OF).set_index("customer_id")
    assert found.stage.to_dict() == {"ann": "lead_new", "bob": "first_time", "cat": "defecting"}
    assert found.spend.isna().to_dict() == {"ann": False, "bob": True, "cat": False}
    assert pd.isna(found.status["bob"])


def test_a_credit_entered_as_an_order_is_no_purchase_but_lowers_what_was_spent():
    rows = [order("ann", 200, 50.0), order("ann", 5, -20.0), order("bob", 5, -20.0)]
    rows += [
        order("cat", 5, 30.0),
        order("cat", 5, -10.0, hour=13),
        order("dan", 100),
        order("dan", 5),
    ]
    with shop(orders=rows, contacts=[("bob", ago(20))]) as data:
        found = lifecycle.contacts(data, as_of=AS_OF).set_index("customer_id")
        whole = {"start": AS_OF - dt.timedelta(days=30), "end": AS_OF}
        revenue = lifecycle.revenue_by_stage(data, **whole, grain=None).set_index("stage")
        average = lifecycle.average_order_by_stage(data, **whole).set_index("stage")
    assert found.stage.to_dict() == {
        "ann": "defecting", "bob": "lead_new", "cat": "first_time", "dan": "active",
    }  # fmt: skip
    assert found.orders.to_dict() == {"ann": 1, "bob": 0, "cat": 1, "dan": 2}
    assert found.spend.to_dict() == {"ann": 30.0, "bob": -20.0, "cat": 20.0, "dan": 20.0}
    assert revenue.orders.to_dict() == {"first_purchase": 1, "defecting": 1}
    assert revenue.net_sales.to_dict() == {"first_purchase": 0.0, "defecting": -10.0}
    assert revenue.average_order.to_dict() == {"first_purchase": 30.0, "defecting": 10.0}
    assert average.average_order.to_dict() == {"first_purchase": 30.0, "defecting": 10.0}


def test_a_category_returned_for_more_than_it_sold_is_no_purchase_of_it():
    lines = [("o1", "1", "mug", 1.0, 10.0), ("o2", "1", "mug", -2.0, 10.0)]
    with shop(orders=[order("ann", 9, id="o1"), order("ann", 5, id="o2")], order_lines=lines,
              products=[("mug", "home", None)]) as data:  # fmt: skip
        found = lifecycle.contacts(data, as_of=AS_OF, filters={"category": "home"})
    assert found.orders.tolist() == [1]
    assert found.spend.tolist() == [-10.0]


def test_orders_that_do_not_stand_never_count():
    rows = [order("ann", 5, id=kind, status=kind) for kind in ("cancelled", "fraud")]
    assert stages(orders=rows, contacts=[("ann", ago(20))]) == {"ann": "lead_new"}


# --- Fully refunded purchases ---------------------------------------------------------------


# returns of an order of two units at 10, of 50 days ago; whether it still counts
REFUNDS = [
    ([], True),
    ([(40, 1.0, 10.0, "return")], True),  # a half
    ([(40, 2.0, 0.0, "return")], False),  # all the units
    ([(40, 1.0, 10.0, "return"), (30, 1.0, 5.0, None)], False),
    ([(40, 2.0, 0.0, "allowance")], True),  # no goods came back
    ([(40, None, 20.0, "allowance")], False),  # all the money did
    ([(40, 1.0, 19.99, "return")], True),
    ([(1, 2.0, 20.0, "return")], False),
    ([(0, 2.0, 20.0, "return")], True),  # not before the day of the analysis
    ([(None, 2.0, 20.0, "return")], True),  # day unknown
]


@pytest.mark.parametrize("counted", [True, False])
def test_fully_refunded_purchases_count_by_one_setting(counted):
    names = [f"{place}" for place in range(len(REFUNDS))]
    tables = {
        "orders": [order(name, 50, 20.0, id=f"o{name}") for name in names]
        + [order(name, 400, 20.0) for name in names],
        "order_lines": [(f"o{name}", "1", "mug", 2.0, 10.0) for name in names],
        "returns": [
            (f"{name} {place}", f"o{name}", ago(day), *row)
            for name, (rows, _) in zip(names, REFUNDS, strict=True)
            for place, (day, *row) in enumerate(rows)
        ]
        + [("r", None, ago(40), 2.0, 20.0, "return")],
    }
    found = stages(given=Settings(count_fully_refunded=counted), **tables)
    expected = {
        name: "active" if counted or stays else "inactive"
        for name, (_, stays) in zip(names, REFUNDS, strict=True)
    }
    assert found == expected


def test_a_refund_takes_the_amount_back_from_the_day_after_it():
    rows = [order("ann", 50, 20.0, id="o1"), order("bob", 50, 20.0, id="o2")]
    returns = [(id, id, ago(days), None, 20.0, "return") for id, days in (("o1", 0), ("o2", 1))]
    with shop(orders=rows, returns=returns) as data:
        found = lifecycle.contacts(data, as_of=AS_OF, settings=NO_REFUNDS)
        revenue = lifecycle.revenue_by_stage(
            data, start="2025-01-01", end=AS_OF, grain=None, settings=NO_REFUNDS
        )
    assert found.spend.tolist() == [20.0, 0.0]
    assert found.orders.tolist() == [1, 0]
    assert revenue.net_sales.tolist() == [20.0]


def test_who_has_only_refunded_purchases_is_a_lead_since_then():
    tables = {
        "orders": [order("ann", 50, 20.0, id="o1")],
        "returns": [("r1", "o1", ago(40), None, 20.0, "return")],
    }
    assert stages(given=NO_REFUNDS, **tables) == {"ann": "lead_new"}
    before = AS_OF - dt.timedelta(days=45)
    assert stages(as_of=before, given=NO_REFUNDS, **tables) == {"ann": "first_time"}


# --- Settings -------------------------------------------------------------------------------


def test_every_border_can_be_moved():
    rows = [order("ann", 31), order("bob", 30), order("cat", 61), order("dan", 20), order("dan", 9)]
    contacts = [("eve", ago(11)), ("fay", ago(31)), ("gil", ago(41))]
    moved = Settings(
        leads={"new_days": 10, "active_days": 20, "cold_days": 40},
        customers={"active_days": 30, "defecting_days": 60},
    )
    assert stages(given=moved, orders=rows, contacts=contacts, responses=[("fay", ago(20))]) == {
        "ann": "defecting",
        "bob": "first_time",
        "cat": "inactive",
        "dan": "active",
        "eve": "lead_cold",
        "fay": "lead_active",
        "gil": "lead_inactive",
    }


def test_a_response_on_the_day_of_registration_tells_against_a_new_lead():
    longer = Settings(leads={"new_days": 120})
    contacts = [("ann", ago(100, hour=15)), ("bob", ago(100)), ("cat", ago(100))]
    responses = [("ann", ago(100, hour=8), "open"), ("bob", ago(101), "open")]
    tables = {"orders": [order("zoe", 1)], "contacts": contacts, "responses": responses}
    found = stages(given=longer, **tables)
    assert (found["ann"], found["bob"], found["cat"]) == ("lead_cold", "lead_new", "lead_new")


def test_tiers_and_their_window_can_be_moved():
    tiers = [{"id": "small", "up_to": 9.99}, {"id": "big", "up_to": None}]
    moved = Settings(status={"window_days": 30, "tiers": tiers})
    with shop(orders=[order("ann", 30, 10.0), order("bob", 31, 10.0)]) as data:
        found = lifecycle.contacts(data, as_of=AS_OF, settings=moved)
    assert found.status.tolist() == ["big", "small"]
    assert lifecycle.by_status(found, settings=moved).status.tolist() == ["small", "big"]


# --- Score ----------------------------------------------------------------------------------


def test_engagement_halves_with_age_and_leads_get_e_only():
    responses = [
        ("ann", ago(30), "click"),
        ("ann", ago(60), "open"),
        ("bob", ago(365), "review"),
        ("cat", ago(366), "review"),
    ]
    with shop(orders=[order("cat", 5)], contacts=[("dan", ago(9))], responses=responses) as data:
        found = lifecycle.contacts(data, as_of=AS_OF).set_index("customer_id")
    assert found.engagement.to_dict() == pytest.approx(
        {"ann": 3 / 2 + 1 / 4, "bob": 5 * 0.5 ** (365 / 30), "cat": 0.0, "dan": 0.0}
    )
    assert found.e.to_dict() == {"ann": 5, "bob": 4, "cat": 2, "dan": 2}
    assert found.r.notna().to_dict() == {"ann": False, "bob": False, "cat": True, "dan": False}
    assert found.erfm.fillna("").to_dict() == {"ann": "", "bob": "", "cat": "2333", "dan": ""}


def test_customers_are_scored_as_rfm_scores_them():
    rows = [order(name, days, amount) for name, days, amount in CUSTOMERS]
    with shop(orders=rows, contacts=[("lead", ago(3))]) as data:
        found = lifecycle.contacts(data, as_of=AS_OF, settings=Settings(classes=4))
        scores = rfm.score(rfm.summary(frames(orders=rows)["orders"], as_of=AS_OF), classes=4)
    bought = found[found.orders > 0].reset_index(drop=True)
    assert bought[["r", "f", "m"]].equals(scores[["r", "f", "m"]])
    assert bought.recency_days.tolist() == scores.recency_days.tolist()
    assert found.e.isna().all()  # nobody's interactions are recorded
    assert found.erfm.isna().all()


CUSTOMERS = [
    ("ann", 3, 40.0),
    ("ann", 90, 10.0),
    ("bob", 40, 10.0),
    ("cat", 8, 70.0),
    ("cat", 9, 70.0),
    ("cat", 12, 5.0),
    ("dan", 200, 10.0),
    ("eve", 200, 20.0),
]


def test_sessions_engage_too():
    tables = frames(orders=[order("ann", 5), order("bob", 5)])
    tables["sessions"] = pd.DataFrame(
        {
            "session_id": ["s1", "s2"],
            "customer_id": ["ann", None],
            "started_at": [ago(30), ago(1)],
        }
    ).astype({"started_at": "datetime64[us]"})
    with mk.open_data(tables) as data:
        found = lifecycle.contacts(data, as_of=AS_OF)
    assert found.engagement.tolist() == pytest.approx([0.5, 0.0])


# --- Filters --------------------------------------------------------------------------------

SHOP = {
    "orders": [
        order("ann", 10, 100.0, id="o1"),
        order("ann", 200, 50.0, id="o2"),
        order("bob", 400, 30.0, id="o3"),
        order("cat", 5, 20.0, id="o4"),
        order(None, 3, 70.0, id="o5"),
    ],
    "order_lines": [
        ("o1", "1", "mug", 6.0, 10.0),
        ("o1", "2", "tea", 2.0, 20.0),
        ("o2", "1", "tea", 1.0, 50.0),
        ("o3", "1", "pot", 3.0, 10.0),
        ("o4", "1", "mug", 2.0, 10.0),
        ("o5", "1", "tea", 7.0, 10.0),
    ],
    "products": [("mug", "ware", "b1"), ("tea", "food", "b2"), ("pot", "ware", "b2")],
    "contacts": [
        ("ann", ago(300), "QC", "email"),
        ("bob", ago(500), "IDF", "social"),
        ("dan", ago(20), "QC", "social"),
    ],
    "responses": [("dan", ago(3), "open"), ("eve", ago(2), "open")],
}


@pytest.fixture(scope="module")
def filtered():
    """Return a function of filters: what a column of the contacts kept holds."""
    with shop(**SHOP) as data:
        found = {}

        def values(filters, column="stage"):
            key = str(filters)
            if key not in found:
                found[key] = lifecycle.contacts(data, as_of=AS_OF, filters=filters)
            return dict(zip(found[key]["customer_id"], found[key][column], strict=True))

        yield values


def test_a_filter_on_contacts_keeps_contacts(filtered):
    assert filtered({"region": "QC"}) == {"ann": "active", "dan": "lead_active"}
    assert filtered({"region": ["QC", "IDF"], "acquisition_channel": "social"}) == {
        "bob": "inactive",
        "dan": "lead_active",
    }
    # Who is not in the contacts has no region.
    assert filtered({"region": None}) == {"cat": "first_time", "eve": "lead_active"}
    assert filtered({"customer_id": ["cat", "eve", "ann"]}).keys() == {"ann", "cat", "eve"}
    assert filtered({"region": "Mars"}) == {}


def test_a_filter_on_products_or_lines_keeps_purchases_and_what_such_lines_are_worth(filtered):
    # Who never bought food is a lead for it; cat, known by a purchase only, is nobody.
    assert filtered({"category": "food"}) == {
        "ann": "active",
        "bob": "lead_inactive",
        "dan": "lead_active",
        "eve": "lead_active",
    }
    assert filtered({"category": "food"}, "spend")["ann"] == 90.0
    assert filtered({"category": "ware", "brand": "b2"}, "orders") == {
        "ann": 0,
        "bob": 1,
        "dan": 0,
        "eve": 0,
    }
    both = {"category": "ware", "quantity": [2.0, 6.0]}
    assert filtered(both, "spend") == {"ann": 60.0, "bob": 0.0, "cat": 20.0, "dan": 0.0, "eve": 0.0}
    assert filtered({"order_id": ["o2", "o4"]}, "spend")["ann"] == 50.0
    assert filtered({"region": "QC", "category": "food"}) == {"ann": "active", "dan": "lead_active"}


def test_a_filter_names_its_table_where_two_have_the_column():
    tables = frames(**SHOP)
    tables["products"] = tables["products"].assign(unit_price=[1.0, 2.0, 3.0])
    with mk.open_data(tables) as data:
        of_lines = lifecycle.contacts(data, as_of=AS_OF, filters={"unit_price": 20.0})
        of_products = lifecycle.contacts(data, as_of=AS_OF, filters={"products.unit_price": 2.0})
    assert of_lines.set_index("customer_id").spend["ann"] == 40.0
    assert of_products.set_index("customer_id").spend["ann"] == 90.0


def test_a_filter_that_nothing_has_is_refused(filtered):
    with pytest.raises(ColumnError, match=r"column 'regio' not found in .*; did you mean 'region'"):
        filtered({"regio": "QC"})
    with pytest.raises(ColumnError, match="column 'region' not found in products"):
        filtered({"products.region": "QC"})
    with pytest.raises(ComputeError, match=r"filters is \['QC'\], must map columns to the values"):
        filtered(["QC"])
    with pytest.raises(ComputeError, match=r"filters\['contacts\.region'\] holds 3"):
        filtered({"region": 3})
    bare = {name: rows for name, rows in SHOP.items() if name != "order_lines"}
    with shop(**bare) as data, pytest.raises(MissingDataError, match="order_lines"):
        lifecycle.contacts(data, as_of=AS_OF, filters={"category": "food"})


# --- A second implementation, in plain Python ----------------------------------------------


def naive_purchases(tables, as_of, config, *, credits=False):
    """Return the purchases before a day that count on it: (customer, day, amount), in order."""
    found = []
    for id, customer, at, amount, status in tables["orders"]:
        if at.date() >= as_of or status in ("cancelled", "fraud") or amount == 0:
            continue
        if not credits and amount is not None and amount < 0:
            continue
        back = [row for row in tables["returns"] if row[1] == id and row[2].date() < as_of]
        refund = sum(row[4] for row in back)
        if not config.count_fully_refunded and amount is not None and 0 < amount <= refund:
            continue
        found.append((customer, at.date(), amount))
    return sorted(found, key=lambda row: row[1])


def naive_contacts(tables, as_of, config):
    """Return the stage, status, orders and spend of each contact on a day."""
    on_record = naive_purchases(tables, as_of, Settings())
    counted = naive_purchases(tables, as_of, config)
    paid = naive_purchases(tables, as_of, config, credits=True)
    registered = {id: at for id, at, *_ in tables["contacts"]}
    ids = {id for id, at in registered.items() if at is None or at.date() < as_of}
    ids |= {row[0] for row in on_record if row[0] is not None}
    ids |= {row[0] for row in tables["responses"] if row[1].date() < as_of}
    found = {}
    for id in ids:
        days = [day for customer, day, _ in counted if customer == id]
        responses = [at.date() for customer, at, _ in tables["responses"] if customer == id]
        responses = [day for day in responses if day < as_of]
        joined = registered.get(id)
        joined = joined.date() if joined is not None and joined.date() < as_of else None
        if joined is None:
            events = [day for customer, day, _ in on_record if customer == id] + responses
            joined = min(events, default=None)
        since = as_of - dt.timedelta(days=config.status.window_days)
        recent = [amount for who, day, amount in paid if who == id and day >= since]
        known = [amount for amount in recent if amount is not None]
        spend = None if recent and not known else sum(known)
        stage = naive_stage(as_of, joined, responses, days)
        found[id] = (stage, naive_status(days, spend), len(days), spend)
    return found


def naive_stage(as_of, joined, responses, days):
    if days:
        gap = (as_of - max(days)).days
        if gap <= 90:
            return "first_time" if len(days) == 1 else "active"
        return "defecting" if gap <= 365 else "inactive"
    if responses and (as_of - max(responses)).days <= 90:
        return "lead_active"
    if joined is None:
        return "lead_inactive"
    answered = [day for day in responses if day >= joined]
    if (as_of - joined).days <= 90 and not answered:
        return "lead_new"
    gap = (as_of - max([joined, *responses])).days
    return "lead_cold" if gap <= 180 else "lead_inactive"


def naive_status(days, spend):
    if not days or spend is None:
        return None
    limits = [("low", 50), ("normal", 200), ("silver", 500), ("gold", 1000)]
    return next((id for id, limit in limits if spend <= limit), "platinum")


BORDERS = [0, 1, 2, 30, 89, 90, 91, 179, 180, 181, 270, 364, 365, 366, 455, 729, 730, 731]
AMOUNTS = [0.0, 0.01, 49.99, 50.0, 50.01, 150.0, 300.0, 500.0, 700.0, -20.0, None]
gaps = st.sampled_from(BORDERS)
purchase = st.tuples(
    gaps,
    st.sampled_from(AMOUNTS),
    st.sampled_from([None, None, None, "delivered", "cancelled"]),
    st.none() | st.tuples(gaps, st.sampled_from([0.4, 1.0])),  # refunded so much of it
)
person = st.tuples(
    st.sampled_from(["table", "table", "absent", "unknown date"]),
    gaps,
    st.lists(gaps, max_size=2),
    st.lists(purchase, max_size=3),
)


@st.composite
def shops(draw):
    people = draw(st.lists(person, min_size=4, max_size=12))
    tables = {"orders": [order("zoe", 1)], "contacts": [], "responses": [], "returns": []}
    for place, (record, registered, responses, purchases) in enumerate(people):
        id = None if record == "absent" and place % 2 else f"c{place}"
        if record != "absent":
            tables["contacts"].append((id, ago(registered) if record == "table" else None))
            tables["responses"] += [(id, ago(days), "open") for days in responses]
        for number, (days, amount, status, refund) in enumerate(purchases):
            key = f"o{place}-{number}"
            tables["orders"].append(order(id, days, amount, id=key, status=status))
            if refund is not None and amount is not None:
                back = round(amount * refund[1], 4)
                tables["returns"].append((key, key, ago(refund[0]), None, back, "return"))
    return {name: rows for name, rows in tables.items() if rows or name != "contacts"} | {
        "contacts": tables["contacts"] or [("zoe", ago(1))],
        "responses": tables["responses"] or [("zoe", ago(1), "open")],
        "returns": tables["returns"] or [("r", None, ago(1), 1.0, 1.0, "return")],
    }


few = settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
fewer = settings(few, max_examples=2)
either = st.sampled_from([Settings(), NO_REFUNDS])


@few
@given(shops(), either)
def test_contacts_are_those_of_the_second_implementation(tables, config):
    with shop(**tables) as data:
        found = lifecycle.contacts(data, as_of=AS_OF, settings=config)
    status = found.status.astype("object").where(found.status.notna(), None)
    spend = found.spend.astype("object").where(found.spend.notna(), None)
    rows = zip(found.customer_id, found.stage, status, found.orders, spend, strict=True)
    expected = naive_contacts(tables, AS_OF, config)
    assert found.customer_id.is_unique  # each contact is in exactly one stage
    assert found.stage.isin(lifecycle.STAGES).all()
    assert {id: row for id, *row in rows} == {
        id: pytest.approx(list(row)) if row[3] is not None else list(row)
        for id, row in expected.items()
    }


@fewer
@given(shops(), st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_what_comes_later_tells(tables, random):
    known = {
        "orders": [row for row in tables["orders"] if row[2].date() < AS_OF],
        "contacts": [row for row in tables["contacts"] if row[1] is None or row[1].date() < AS_OF],
        "responses": [row for row in tables["responses"] if row[1].date() < AS_OF],
        "returns": [row for row in tables["returns"] if row[2].date() < AS_OF],
    }
    known = {name: random.sample(rows, len(rows)) for name, rows in known.items() if rows}
    with shop(**tables) as data, shop(**known) as before:
        found = lifecycle.contacts(data, as_of=AS_OF, settings=NO_REFUNDS)
        pd.testing.assert_frame_equal(
            found, lifecycle.contacts(before, as_of=AS_OF, settings=NO_REFUNDS), check_dtype=False
        )


@few
@given(shops(), either)
def test_flows_lead_from_the_contacts_of_one_day_to_those_of_the_next(tables, config):
    start, end = dt.date(2025, 9, 15), dt.date(2025, 12, 10)
    days = [start, *(dt.date(2025, month, 1) for month in (10, 11, 12)), end]
    with shop(**tables) as data:
        found = lifecycle.flows(data, start=start, end=end, settings=config)
    expected = Counter()
    for month, (first, last) in enumerate(pairwise(days), start=9):
        before, after = (naive_contacts(tables, day, config) for day in (first, last))
        for id, (stage, *_) in after.items():
            past = before[id][0] if id in before else "absent"
            expected[(pd.Timestamp(2025, month, 1), past, stage)] += 1
    rows = zip(found.period, found.before, found.after, found.contacts, strict=True)
    assert {tuple(key): count for *key, count in rows} == expected
    sums = found.groupby(["period", "before"]).share.sum()
    assert sums.to_numpy() == pytest.approx(1.0)


@few
@given(shops(), either)
def test_revenue_is_that_of_the_stage_on_the_day_of_each_purchase(tables, config):
    start = dt.date(2025, 1, 1)
    with shop(**tables) as data:
        found = lifecycle.revenue_by_stage(
            data, start=start, end=AS_OF, grain=None, settings=config
        ).set_index("stage")
        nobody = lifecycle.unidentified(data, start=start, end=AS_OF, settings=config)
    counted = naive_purchases(tables, AS_OF, config)
    orders, sales = Counter(), Counter()
    for customer, day, amount in naive_purchases(tables, AS_OF, config, credits=True):
        if day < start:
            continue
        earlier = [past for who, past, _ in counted if who == customer and past < day]
        stage = "first_purchase" if not earlier else naive_stage(day, None, [], earlier)
        stage = "unidentified" if customer is None else stage
        orders[stage] += amount is None or amount > 0
        sales[stage] += amount or 0
    assert found.orders.to_dict() == orders
    assert found.net_sales.fillna(0).to_dict() == pytest.approx(dict(sales))
    assert nobody.orders == orders["unidentified"]


# --- Views ----------------------------------------------------------------------------------


def test_contacts_spend_and_average_by_stage_and_status():
    rows = [order("ann", 5, 60.0), order("ann", 50, 300.0), order("bob", 5, 40.0)]
    rows += [order("cat", 100, 40.0), order("dan", 400, None)]
    contacts = [("eve", ago(5)), ("fay", ago(5)), ("gil", ago(300))]
    with shop(orders=rows, contacts=contacts) as data:
        found = lifecycle.contacts(data, as_of=AS_OF)
    by_stage = lifecycle.by_stage(found)
    assert by_stage.stage.tolist() == [
        "lead_new",
        "lead_inactive",
        "first_time",
        "active",
        "defecting",
        "inactive",
    ]
    assert by_stage.contacts.tolist() == [2, 1, 1, 1, 1, 1]
    assert by_stage.contacts_share.sum() == pytest.approx(1)
    assert by_stage.spend.tolist()[:5] == [0.0, 0.0, 40.0, 360.0, 40.0]
    assert by_stage.spend_share.tolist()[2:5] == pytest.approx([40 / 440, 360 / 440, 40 / 440])
    assert by_stage.average_spend.tolist()[2:5] == [40.0, 360.0, 40.0]
    by_status = lifecycle.by_status(found)
    assert by_status.status.tolist() == ["low", "silver"]
    assert by_status.average_spend.tolist() == [40.0, 360.0]
    pairs = lifecycle.stage_status(found)
    assert pairs[["stage", "status", "contacts"]].to_numpy().tolist() == [
        ["first_time", "low", 1],
        ["active", "silver", 1],
        ["defecting", "low", 1],
    ]


def test_leads_by_source_leave_customers_out_and_show_an_unknown_source():
    contacts = [("a", ago(5), None, "email"), ("b", ago(100), None, "email"), ("c", ago(5))]
    with shop(orders=[order("zoe", 5)], contacts=[*contacts, ("zoe", ago(9))]) as data:
        found = lifecycle.leads_by_source(lifecycle.contacts(data, as_of=AS_OF))
    assert found.acquisition_channel.fillna("?").tolist() == ["email", "email", "?"]
    assert found.stage.tolist() == ["lead_new", "lead_cold", "lead_new"]
    assert found.share.tolist() == [0.5, 0.5, 1.0]


def test_engagement_classes_part_the_contacts_of_each_stage():
    table = pd.DataFrame({"stage": ["active", "lead_new", "active", "active", "inactive"]})
    table["e"] = pd.array([5, 1, 5, 2, None], dtype="Int64")
    found = lifecycle.by_engagement(table)
    assert found.values.tolist() == [
        ["lead_new", 1, 1, 1.0],
        ["active", 2, 1, 1 / 3],
        ["active", 5, 2, 2 / 3],
    ]
    assert list(found) == ["stage", "e", "contacts", "share"]


def test_views_name_the_column_that_is_missing():
    with pytest.raises(ColumnError, match="column 'stage' not found in the contacts"):
        lifecycle.by_stage(pd.DataFrame({"spend": [1.0]}))
    with pytest.raises(ColumnError, match="column 'source' not found in the contacts"):
        lifecycle.leads_by_source(pd.DataFrame({"stage": ["lead_new"]}), by="source")


def test_revenue_by_stage_over_time_in_amounts_and_shares():
    rows = [
        order("ann", 31 + 15, 30.0),  # 16 November, first purchase
        order("ann", 15, 60.0, hour=8),  # a month later, found as a first-time buyer
        order("ann", 15, 20.0, hour=9),  # the same day: in the same stage
        order("ann", 1, 40.0),  # found as active
        order(None, 2, 50.0),
    ]
    with shop(orders=rows) as data:
        found = lifecycle.revenue_by_stage(data, start="2025-11-01", end=AS_OF)
        out = lifecycle.revenue_by_stage(
            data, start="2025-12-01", end=AS_OF, settings=Settings(unidentified="out")
        )
    assert found.period.dt.month.tolist() == [11, 12, 12, 12]
    assert found.stage.tolist() == ["first_purchase", "first_time", "active", "unidentified"]
    assert found.orders.tolist() == [1, 2, 1, 1]
    assert found.net_sales.tolist() == [30.0, 80.0, 40.0, 50.0]
    assert found.net_sales_share.tolist() == pytest.approx([1, 80 / 170, 40 / 170, 50 / 170])
    assert found.average_order.tolist() == [30.0, 40.0, 40.0, 50.0]
    assert out.stage.tolist() == ["first_time", "active"]
    assert out.net_sales_share.tolist() == pytest.approx([80 / 120, 40 / 120])


def test_the_stage_that_a_purchase_finds_has_the_borders_of_the_contacts():
    gaps = {90: "first_time", 91: "defecting", 365: "defecting", 366: "inactive"}
    rows = [order(f"{gap}", days) for gap in gaps for days in (5 + gap, 5)]
    rows += [order("often", days) for days in (100, 95, 5)]
    with shop(orders=rows) as data:
        found = lifecycle.revenue_by_stage(data, start=ago(5).date(), end=AS_OF, grain=None)
    assert dict(zip(found.stage, found.orders, strict=True)) == {
        "first_time": 1,
        "active": 1,
        "defecting": 2,
        "inactive": 1,
    }


def test_average_order_takes_the_buyers_as_the_sample():
    buyers = {f"c{place}": [10.0 + place] * (1 + place % 3) for place in range(40)}
    rows = [
        order(name, 40, amount, id=f"{name}-{number}")
        for name, amounts in buyers.items()
        for number, amount in enumerate(amounts)
    ]
    with shop(orders=rows) as data:
        (found,) = lifecycle.average_order_by_stage(
            data, start="2025-01-01", end=AS_OF
        ).itertuples()
    totals = pd.Series({name: sum(amounts) for name, amounts in buyers.items()})
    counts = pd.Series({name: len(amounts) for name, amounts in buyers.items()})
    average = totals.sum() / counts.sum()
    residuals = totals - average * counts
    error = (40 / 39 * (residuals**2).sum()) ** 0.5 / counts.sum()
    assert (found.stage, found.buyers, found.orders) == ("first_purchase", 40, counts.sum())
    assert found.average_order == pytest.approx(average)
    assert found.low == pytest.approx(average - 1.959964 * error, rel=1e-6)
    assert found.high == pytest.approx(average + 1.959964 * error, rel=1e-6)


def test_an_average_of_few_buyers_has_no_interval():
    with shop(orders=[order("ann", 5, 10.0), order("bob", 5, 30.0), order(None, 5, 4.0)]) as data:
        found = lifecycle.average_order_by_stage(data, start="2025-01-01", end=AS_OF)
    assert found.stage.tolist() == ["first_purchase", "unidentified"]
    assert found.average_order.tolist() == [20.0, 4.0]
    assert found.low.isna().all()
    assert found.buyers.isna().tolist() == [False, True]


def test_categories_at_moves_are_those_of_the_purchase_that_moves():
    with shop(**SHOP) as data:
        found = lifecycle.categories_at_moves(data, start="2024-01-01", end=AS_OF)
        lines = lifecycle.categories_at_moves(
            data, start="2024-01-01", end=AS_OF, by="product_id", filters={"category": "ware"}
        )
    rows = found[["before", "after", "category", "orders", "units", "net_sales"]]
    assert rows.to_numpy().tolist() == [
        ["first_purchase", "first_time", "food", 1, 1.0, 50.0],
        ["first_purchase", "first_time", "ware", 2, 5.0, 50.0],
        ["defecting", "active", "food", 1, 2.0, 40.0],
        ["defecting", "active", "ware", 1, 6.0, 60.0],
    ]
    assert found.net_sales_share.tolist() == pytest.approx([0.5, 0.5, 0.4, 0.6])
    assert found.share_of_all.tolist() == pytest.approx([90 / 200, 110 / 200] * 2)
    assert found["index"].tolist() == pytest.approx(
        [0.5 / 0.45, 0.5 / 0.55, 0.4 / 0.45, 0.6 / 0.55]
    )
    # Of ware, ann's first purchase is that of o1.
    assert lines[["before", "after", "product_id", "net_sales"]].to_numpy().tolist() == [
        ["first_purchase", "first_time", "mug", 80.0],
        ["first_purchase", "first_time", "pot", 30.0],
    ]


def test_categories_need_lines_and_a_column():
    with shop(orders=[order("ann", 5)]) as data, pytest.raises(MissingDataError, match="unit_pric"):
        lifecycle.categories_at_moves(data, start="2025-01-01", end=AS_OF)
    with shop(**SHOP) as data, pytest.raises(ColumnError, match="did you mean 'category'"):
        lifecycle.categories_at_moves(data, start="2025-01-01", end=AS_OF, by="categori")


def test_nobody_known_is_counted_shown_and_in_or_out():
    rows = [order("ann", 5, 30.0), order(None, 5, 10.0), order(None, 500, 99.0)]
    with shop(orders=rows) as data:
        found = lifecycle.unidentified(data, start="2025-01-01", end=AS_OF)
        out = lifecycle.unidentified(
            data, start="2025-01-01", end=AS_OF, settings=Settings(unidentified="out")
        )
        contacts = lifecycle.contacts(data, as_of=AS_OF)
    assert found == (1, 10.0, 0.5, 0.25, True, False)
    assert out == (1, 10.0, 0.5, 0.25, False, False)
    assert contacts.customer_id.tolist() == ["ann"]


def test_a_filter_on_contacts_hides_nobody_known_from_the_revenue_not_from_the_count():
    rows = [order("ann", 5, 30.0), order(None, 5, 10.0)]
    contacts = [("ann", None, "QC", None)]
    period = {"start": "2025-01-01", "end": AS_OF}
    with shop(orders=rows, contacts=contacts) as data:
        found = lifecycle.unidentified(data, **period, filters={"region": "QC"})
        nulls = lifecycle.unidentified(data, **period, filters={"region": ["QC", None]})
    assert found == (1, 10.0, 0.5, 0.25, False, True)
    assert nulls == (1, 10.0, 0.5, 0.25, True, False)


def test_filters_written_as_text_are_read_in_the_types_of_their_columns():
    contacts = pd.DataFrame({"customer_id": ["ann"], "age": [30], "newsletter": [True]})
    with mk.open_data({"contacts": contacts.assign(region="QC")}) as data:
        given = {"age": ["30", None], "newsletter": "true", "region": "QC", "customer_id": "ann"}
        read = lifecycle.read_filters(given, data)
        assert read == {"age": [30, None], "newsletter": True, "region": "QC", "customer_id": "ann"}
        assert lifecycle.read_filters(None, data) is None
        with pytest.raises(ColumnError, match="regio"):
            lifecycle.read_filters({"regio": "QC"}, data)


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"age": "old"}, r"filters\['age'\] holds 'old', must be a whole number"),
        ({"newsletter": "oui"}, r"filters\['newsletter'\] holds 'oui', must be true or false"),
        ({"registered_at": "1/2/25"}, r"holds '1/2/25', must be a day written year-month-day"),
        ({"region": 3}, r"filters\['contacts\.region'\] holds 3|filters\['region'\] holds 3"),
        ({"region": "QB"}, "value 'QB' not found in region\nknown: QC"),
        ({"region": ["QC", "ZZ"]}, "value 'ZZ' not found in region"),
        ({"age": ["30", "31"]}, "value '31' not found in age"),
        ({"customer_id": "zed"}, "value 'zed' not found in customer_id"),
    ],
)
def test_a_filter_value_that_the_data_do_not_have_is_refused(filters, message):
    contacts = pd.DataFrame({"customer_id": ["ann"], "age": [30], "newsletter": [True]})
    contacts["registered_at"] = pd.Timestamp("2025-02-01")
    orders = frames(orders=[order("bob", 5)])["orders"]
    responses = frames(responses=[("eve", ago(3), "open")])["responses"]
    tables = {"contacts": contacts.assign(region="QC"), "orders": orders, "responses": responses}
    with mk.open_data(tables) as data:
        kept = {"customer_id": ["ann", "bob", "eve"], "region": ["QC", None]}
        assert lifecycle.read_filters(kept, data) == kept
        assert lifecycle.read_filters({"region": None}, data) == {"region": None}
        with pytest.raises(ComputeError, match=message):
            lifecycle.read_filters(filters, data)


def test_a_filter_on_customers_needs_some():
    orders = frames(orders=[order("bob", 5)])["orders"].drop(columns="customer_id")
    with mk.open_data({"orders": orders}) as data, pytest.raises(ColumnError, match="customer_id"):
        lifecycle.read_filters({"customer_id": "bob"}, data)


def test_the_interval_of_an_index_is_that_of_buyers_drawn_anew():
    rng = np.random.default_rng(5)
    who = np.repeat(np.arange(300), 3)
    orders = pd.DataFrame({"order_id": np.arange(900).astype(str), "customer_id": who.astype(str)})
    orders["ordered_at"] = pd.Timestamp("2025-12-31") - pd.to_timedelta(
        np.tile([300, 30, 10], 300), unit="D"
    )
    lines = pd.DataFrame({"order_id": orders.order_id, "line_id": "1", "quantity": 1})
    lines["unit_price"] = rng.lognormal(3, 0.5, 900).round(2)
    lines["category"] = rng.choice(["food", "ware", None], 900)
    data = mk.open_data({"orders": orders, "order_lines": lines})
    found = lifecycle.categories_at_moves(data, start="2025-01-01", end=AS_OF)
    row = found[(found.before == "defecting") & (found.category == "food")].iloc[0]

    spent = lines.assign(who=who, move=np.tile([0, 1, 2], 300) == 1, food=lines.category.eq("food"))
    parts = [
        spent[mask].groupby("who").unit_price.sum().reindex(range(300), fill_value=0.0)
        for mask in (spent.move & spent.food, spent.move, spent.food, spent.who >= 0)
    ]
    a, b, c, d = (part / part.sum() for part in parts)
    error = np.sqrt(300 / 299 * ((a - b - c + d) ** 2).sum())
    assert row["index"] == pytest.approx(
        parts[0].sum() / parts[1].sum() / (parts[2].sum() / parts[3].sum())
    )
    assert row.low == pytest.approx(row["index"] * np.exp(-1.959964 * error))
    assert row.high == pytest.approx(row["index"] * np.exp(1.959964 * error))
    assert found.low.notna().all()  # of unknown category too


# --- Whatever the data ----------------------------------------------------------------------


def every_view(data, *, start, end):
    """Return what every function gives, as pandas frames."""
    found = lifecycle.contacts(data, as_of=end)
    span = {"start": start, "end": end}
    results = {
        "contacts": found,
        "by_stage": lifecycle.by_stage(found),
        "by_status": lifecycle.by_status(found),
        "stage_status": lifecycle.stage_status(found),
        "leads_by_source": lifecycle.leads_by_source(found),
        "by_engagement": lifecycle.by_engagement(found),
        "revenue": lifecycle.revenue_by_stage(data, **span),
        "average": lifecycle.average_order_by_stage(data, **span),
        "flows": lifecycle.flows(data, **span),
    }
    if data.has("order_lines"):
        results["categories"] = lifecycle.categories_at_moves(data, **span)
    return results


def test_ibis_gives_lazy_tables_with_the_same_numbers():
    tables = frames(**SHOP)
    connection = ibis.duckdb.connect()
    for name, frame in tables.items():
        connection.create_table(name, frame)
    with mk.open_data(tables) as data, mk.open_data(connection) as lazy:
        expected = every_view(data, start="2025-06-01", end="2026-01-01")
        found = every_view(lazy, start="2025-06-01", end="2026-01-01")
        for name, table in found.items():
            assert isinstance(table, ibis.Table), name
            frame = table.to_pandas()
            assert frame.columns.tolist() == expected[name].columns.tolist()
            assert sorted_rows(frame) == sorted_rows(expected[name]), name
    connection.disconnect()


def sorted_rows(frame):
    """Return the rows of a frame as texts that two engines write alike."""

    def text(value):
        if pd.isna(value):
            return "-"
        if isinstance(value, str):
            return value
        if isinstance(value, dt.date):
            return pd.Timestamp(value).isoformat()
        return f"{float(value):.9g}"

    return sorted(tuple(map(text, row)) for row in frame.itertuples(index=False))


@pytest.mark.parametrize("end", ["2026-01-01", "2020-01-01"])
def test_orders_alone_are_enough_and_nothing_is_an_answer(end):
    orders = frames(orders=[order("ann", 5)])["orders"].drop(columns="status")
    start = f"{int(end[:4]) - 1}{end[4:]}"
    with mk.open_data({"orders": orders}) as data:
        found = every_view(data, start=start, end=end)
        nobody = lifecycle.unidentified(data, start=start, end=end)
    rows = 1 if end == "2026-01-01" else 0
    assert [len(found[n]) for n in ("contacts", "by_stage", "revenue", "flows")] == [rows] * 4
    assert len(found["leads_by_source"]) == 0
    assert found["contacts"].dtypes.astype(str).to_dict() == CONTACT_TYPES
    assert nobody[:2] == (0, None)
    assert nobody.orders_share == (0.0 if rows else None)


CONTACT_TYPES = {
    "customer_id": "str",
    "registered_at": "datetime64[us]",
    "acquisition_channel": "str",
    "region": "str",
    "first_order": "datetime64[us]",
    "last_order": "datetime64[us]",
    "recency_days": "Int64",
    "orders": "int64",
    "spend": "float64",
    "last_response": "datetime64[us]",
    "engagement": "float64",
    "stage": "str",
    "status": "str",
    "e": "Int64",
    "r": "Int64",
    "f": "Int64",
    "m": "Int64",
    "erfm": "str",
}


def test_orders_without_customers_or_amounts():
    orders = frames(orders=[order("ann", 5), order("bob", 5)])["orders"]
    with mk.open_data({"orders": orders.drop(columns="customer_id")}) as data:
        assert lifecycle.contacts(data, as_of=AS_OF).empty
        revenue = lifecycle.revenue_by_stage(data, start="2025-12-01", end=AS_OF)
        assert revenue.stage.tolist() == ["unidentified"]
    with mk.open_data({"orders": orders.drop(columns="amount")}) as data:
        found = lifecycle.contacts(data, as_of=AS_OF)
        assert found.stage.tolist() == ["first_time", "first_time"]
        assert found.spend.isna().all()
        assert found.status.isna().all()
        assert lifecycle.by_stage(found).average_spend.isna().all()


def test_data_tell_stages_a_year_after_they_begin_and_status_two():
    rows = [order("ann", 5), order("ann", 300), order("ann", 600), order("bob", 900, hour=23)]
    month = Settings(status={"window_days": 30})
    with shop(orders=rows) as data:
        found = lifecycle.known_from(data, as_of=AS_OF)
        sooner = lifecycle.known_from(data, as_of=AS_OF, settings=month)
        nothing = lifecycle.known_from(data, as_of="2020-01-01")
    assert nothing == (None, None, False)
    first = AS_OF - dt.timedelta(days=900)
    assert found == (first + dt.timedelta(days=365), first + dt.timedelta(days=730), False)
    assert sooner.status == first + dt.timedelta(days=30)


@pytest.mark.parametrize(
    ("ann", "bob", "is_told"),
    [(101, 60, True), (107, 60, True), (108, 60, False), (101, 59, False), (101, None, False),
     (100, 60, False)],
    ids=["from the day before", "a week before", "long before", "after buying", "unknown",
         "by the first order"],
)  # fmt: skip
def test_data_tell_stages_from_the_first_day_where_nobody_registered_before(ann, bob, is_told):
    contacts = [("ann", ago(ann)), ("bob", ago(bob)), ("lead", ago(900))]
    rows = [order("ann", 100), order("ann", 30), order("bob", 60), order(None, 50)]
    first = AS_OF - dt.timedelta(days=100)
    with shop(orders=rows, contacts=contacts) as data:
        found = lifecycle.known_from(data, as_of=AS_OF)
    assert found.from_opening is is_told
    day = first.replace(day=1) if is_told else first + dt.timedelta(days=365)
    assert found.stages == day


@pytest.mark.parametrize(("moved", "is_told"), [(0, True), (15, True), (16, False), (200, False)])
def test_buyers_who_registered_on_one_day_say_nothing_of_the_opening(moved, is_told):
    new = [(f"new{i}", 100 - i) for i in range(60)]
    old = [(f"old{i}", 101) for i in range(moved)]
    contacts = [(name, ago(days)) for name, days in new + old]
    rows = [order(name, days - 1) for name, days in new]
    rows += [order(name, 50) for name, _ in old]
    with shop(orders=rows, contacts=contacts) as data:
        found = lifecycle.known_from(data, as_of=AS_OF)
    assert found.from_opening is is_told


def test_the_views_of_the_demo_agree_with_each_other_and_with_its_orders():
    data, end = mk.demo(), "2026-01-01"
    found = lifecycle.contacts(data, as_of=end).to_pandas()
    counts = found.stage.value_counts().to_dict()
    bought = data.orders.filter(
        data.orders.status.notin(["cancelled", "fraud"]), ~data.orders.is_test
    ).to_pandas()
    known = bought.dropna(subset="customer_id")
    recent = known[known.ordered_at >= pd.Timestamp("2025-01-01")]  # 365 days
    is_recent = found.stage.isin(["first_time", "active", "defecting"])
    assert set(found.customer_id[is_recent]) == set(recent.customer_id)
    assert set(found.customer_id[found.orders > 0]) == set(known.customer_id)
    flows = lifecycle.flows(data, start="2025-10-01", end=end).to_pandas()
    last = flows[flows.period.astype("datetime64[us]") == pd.Timestamp("2025-12-01")]
    assert last.groupby("after").contacts.sum().to_dict() == counts
    revenue = lifecycle.revenue_by_stage(data, start="2025-01-01", end=end).to_pandas()
    period = bought[bought.ordered_at >= pd.Timestamp("2025-01-01")]
    assert revenue.net_sales.sum() == period.amount.sum()
    assert revenue.orders.sum() == len(period)


def test_inputs_are_not_changed():
    tables = frames(**SHOP)
    copies = {name: frame.copy() for name, frame in tables.items()}
    with mk.open_data(tables) as data:
        found = lifecycle.contacts(data, as_of=AS_OF)
        kept = found.copy()
        lifecycle.stage_status(found)
    pd.testing.assert_frame_equal(found, kept)
    for name, frame in tables.items():
        pd.testing.assert_frame_equal(frame, copies[name])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda d: lifecycle.contacts(d, as_of="soon"), ConfigError, "as_of == 'soon'"),
        (
            lambda d: lifecycle.revenue_by_stage(d, start=AS_OF, end=AS_OF),
            ComputeError,
            "start == 2026-01-01, must be before end",
        ),
        (
            lambda d: lifecycle.flows(d, start="2025-01-01", end=AS_OF, grain="moth"),
            ComputeError,
            "grain 'moth' not found; did you mean 'month'",
        ),
    ],
)
def test_what_cannot_be_is_refused(call, error, message):
    with shop(orders=[order("ann", 5)]) as data, pytest.raises(error, match=message):
        call(data)


def test_a_week_of_flows_begins_on_monday():
    with shop(orders=[order("ann", 5)]) as data:  # Saturday 27 December 2025
        found = lifecycle.flows(data, start="2025-12-20", end=AS_OF, grain="week")
    assert found.period.dt.day.tolist() == [22, 29]
    assert found.before.tolist() == ["absent", "first_time"]


def test_a_list_of_contacts_without_orders_is_refused_in_words_of_its_own():
    with mk.open_data(frames(contacts=[("ann", ago(20))])) as data:
        with pytest.raises(MissingDataError, match="they do not say who has bought") as refused:
            lifecycle.contacts(data, as_of=AS_OF)
        assert "these data have: contacts" in refused.value.hint
        with pytest.raises(MissingDataError, match="have no orders"):
            lifecycle.require_buyers(data)


@pytest.mark.parametrize("lacks", ["column", "values"])
def test_contacts_beside_orders_of_which_nobody_is_named_are_no_leads(lacks):
    tables = frames(contacts=[("ann", ago(20))], orders=[order("ann", 5), order("bob", 5)])
    orders = tables["orders"]
    if lacks == "column":
        tables["orders"] = orders.drop(columns="customer_id")
    else:
        tables["orders"] = orders.assign(customer_id=pd.Series([None, None], dtype="string"))
    with mk.open_data(tables) as data:
        with pytest.raises(MissingDataError, match="no order of these data says who bought"):
            lifecycle.require_buyers(data)
        period = {"start": "2025-01-01", "end": AS_OF}
        for call, dates in (
            (lifecycle.contacts, {"as_of": AS_OF}),
            (lifecycle.conversion, {"as_of": AS_OF}),
            (lifecycle.flows, period),
            (lifecycle.revenue_by_stage, period),
        ):
            with pytest.raises(MissingDataError, match="says who bought"):
                call(data, **dates)
