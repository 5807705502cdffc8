"""The fact of sessions through `compute`: worked by hand, from pandas, an engine and SQL."""

from dataclasses import replace

import duckdb
import ibis
import numpy as np
import pandas as pd
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

import marketing_kpi as mk
from marketing_kpi.data.simulation import audience
from marketing_kpi.errors import ComputeError, MissingDataError
from marketing_kpi.kpis.binding import named
from marketing_kpi.kpis.intervals import wilson

COUNTS = ["visitors", "sessions"]
FUNNEL = ["cart_rate", "checkout_rate", "cart_abandonment_rate", "conversion_rate"]
KPIS = [*COUNTS, "pages_per_session", "bounce_rate", *FUNNEL, "revenue_per_visitor"]
PERIOD = {"start": "2025-01-01", "end": "2025-04-01"}
T, F, N = True, False, None

# session, visitor, customer, started, channel, device, pages, cart, checkout, order
SESSIONS = [
    ("s1", "va", "ann", "2025-01-05 10:00", "email", "mobile", 6, T, T, "o1"),
    ("s2", "va", "ann", "2025-01-09 10:00", "email", "mobile", 1, F, F, "o1"),  # opened again
    ("s3", "vb", N, "2025-01-20 10:00", "direct", "mobile", 1, F, F, N),
    ("s4", "vb", N, "2025-02-01 00:00", "direct", "desktop", 8, T, T, "o2"),  # cancelled
    ("s5", N, N, "2025-02-10 10:00", "email", "desktop", N, N, N, "o3"),  # refused cookies
    ("s6", "vc", "cat", "2025-02-11 10:00", N, "desktop", 4, T, F, N),
    ("s7", "va", "ann", "2025-03-01 10:00", "direct", "mobile", 5, T, N, "o9"),  # not in orders
    ("s8", "vd", N, "2025-03-02 10:00", "email", "mobile", 3, F, T, "o4"),  # bought at once
    ("s9", "ve", N, N, "email", "mobile", 2, F, F, N),  # no date
]
COLUMNS = [
    "session_id", "visitor_id", "customer_id", "started_at", "marketing_channel", "device",
    "page_views", "cart", "checkout", "order_id",
]  # fmt: skip
ORDERS = [
    ("o1", "ann", "2025-01-05 10:12", N, 2.0, 30.0),
    ("o2", "bob", "2025-02-01 00:12", "cancelled", 1.0, 99.0),
    ("o3", N, "2025-02-10 10:12", N, 1.0, 500.0),
    ("o4", N, "2025-03-02 10:12", N, 1.0, 20.0),
    ("o5", "ann", "2025-03-05 10:12", N, 1.0, 77.0),  # in store
]


def _sessions(rows):
    frame = pd.DataFrame(rows, columns=COLUMNS).astype({"started_at": "datetime64[us]"})
    return frame.astype({"page_views": "Int64", "cart": "boolean", "checkout": "boolean"})


def _shop(sessions=None):
    orders = pd.DataFrame(
        ORDERS,
        columns=["order_id", "customer_id", "ordered_at", "status", "quantity", "unit_price"],
    )
    return {
        "orders": orders[["order_id", "customer_id", "ordered_at", "status"]].astype(
            {"ordered_at": "datetime64[us]"}
        ),
        "order_lines": orders[["order_id", "quantity", "unit_price"]].assign(line_id="1"),
        "sessions": _sessions(SESSIONS) if sessions is None else sessions,
        "contacts": pd.DataFrame({"customer_id": ["ann", "cat"], "region": ["QC", "IDF"]}),
    }


@pytest.fixture(scope="module")
def shop(opened):
    return opened(_shop())


def nulls(row):
    return [None if pd.isna(value) else value for value in row]


def test_a_quarter_by_hand(shop, table):
    row = table(KPIS, shop, **PERIOD).iloc[0]
    assert row.visitors == 4  # va, vb, vc, vd
    assert row.sessions == 8  # s9 has no date
    assert row.pages_per_session == 28 / 7  # s5's pages are unknown
    assert row.bounce_rate == 2 / 7
    assert row.cart_rate == 4 / 7  # s1, s4, s6, s7
    assert row.checkout_rate == 2 / 3  # s1 and s4 of s1, s4, s6; s8 has no cart
    assert row.cart_abandonment_rate == 2 / 4  # s4's order was cancelled; s6 has none
    assert row.conversion_rate == 4 / 8  # s1, s5, s7, s8
    assert row.revenue_per_visitor == pytest.approx((60 + 20) / 4)  # o3 is nobody's


def test_months_by_hand(shop, table):
    found = table(KPIS, shop, grain="month", **PERIOD)
    expected = [
        [2, 3, 8 / 3, 2 / 3, 1 / 3, 1, 0, 1 / 3, 60 / 2],
        [2, 3, 12 / 2, 0, 1, 1 / 2, 1, 1 / 3, 0],
        [2, 2, 8 / 2, 0, 1 / 2, None, 0, 1, 20 / 2],
    ]
    assert [nulls(row) for row in found[KPIS].to_numpy()] == [pytest.approx(x) for x in expected]
    assert found.visitors.sum() == 6  # va and vb came in two months: 4 visitors in all


def test_by_dimension_by_hand(shop, table):
    found = table(KPIS, shop, by="marketing_channel", **PERIOD)
    by_channel = found.fillna({"marketing_channel": "unknown"}).set_index("marketing_channel")
    email = [2, 4, 10 / 3, 1 / 3, 1 / 3, 1, 0, 3 / 4, 80 / 2]
    direct = [2, 3, 14 / 3, 1 / 3, 2 / 3, 1, 1 / 2, 1 / 3, None]  # o9's value is not known
    unknown = [1, 1, 4, 0, 1, 0, 1, 0, 0]
    for channel, expected in {"email": email, "direct": direct, "unknown": unknown}.items():
        assert nulls(by_channel.loc[channel, KPIS]) == pytest.approx(expected)
    by_device = table("sessions", shop, by="device", **PERIOD).set_index("device")
    assert by_device.sessions.to_dict() == {"mobile": 5, "desktop": 3}


def test_filters_read_what_is_not_asked(shop, table):
    found = table(KPIS, shop, filters={"region": "QC"}, **PERIOD).iloc[0]
    assert nulls(found) == pytest.approx([1, 3, 4, 1 / 3, 2 / 3, 1, 0, 2 / 3, 60])


def test_the_funnel_is_a_product_where_every_order_has_a_cart(table):
    rows = _sessions([row for row in SESSIONS if row[0] in {"s1", "s3", "s4", "s6"}])
    with mk.open_data(_shop(rows)) as data:
        row = table(KPIS, data).iloc[0]
    assert row.conversion_rate == row.cart_rate * (1 - row.cart_abandonment_rate) == 1 / 4


def test_a_test_order_a_fraud_and_a_credit_convert_nobody(table):
    rows = _sessions([row for row in SESSIONS if row[0] in {"s1", "s5", "s8"}])
    frames = _shop(rows)
    frames["orders"] = frames["orders"].assign(
        is_test=[True, *[False] * 4], status=[None, None, "fraud", None, None]
    )
    lines = frames["order_lines"]
    frames["order_lines"] = lines.assign(quantity=lines.quantity.where(lines.order_id != "o4", -1))
    with mk.open_data(frames) as data:
        row = table(["conversion_rate", "revenue_per_visitor"], data).iloc[0]
    assert row.tolist() == [0, 0]


def test_what_is_recorded_of_no_session_is_null(table):
    blank = _sessions(SESSIONS).assign(page_views=pd.NA, cart=pd.NA, checkout=pd.NA)
    blank = blank.astype({"page_views": "Int64", "cart": "boolean", "checkout": "boolean"})
    blank["visitor_id"] = pd.Series([None] * len(blank), dtype="str")
    with mk.open_data(_shop(blank)) as data:
        row = table(KPIS, data, **PERIOD).iloc[0]
    assert nulls(row) == [0, 8, None, None, None, None, None, 4 / 8, None]


def test_days_without_a_record_are_unknown_and_days_without_a_visit_are_zero(shop, table):
    months = table([*COUNTS, "orders"], shop, grain="month", start="2024-12-01", end="2025-06-01")
    assert nulls(months.sessions) == [None, 3, 3, 2, None, None]
    assert nulls(months.visitors) == [None, 2, 2, 2, None, None]
    assert months.orders.tolist() == [0, 1, 1, 2, 0, 0]
    weeks = table("sessions", shop, grain="week", start="2025-01-06", end="2025-02-03")
    assert weeks.sessions.tolist() == [1, 0, 1, 1]
    for start, end in (("2024-01-01", "2025-01-01"), ("2025-03-03", "2025-06-01")):
        assert nulls(table(KPIS, shop, start=start, end=end).iloc[0]) == [None] * len(KPIS)
    assert table("sessions", shop, start="2025-01-06", end="2025-01-08").sessions[0] == 0
    assert table("sessions", shop, filters={"device": "tv"}, **PERIOD).sessions[0] == 0


def test_no_session_at_all_is_no_zero(table):
    with mk.open_data(_shop(_sessions(SESSIONS[:0]))) as data:
        assert nulls(table(KPIS, data).iloc[0]) == [None] * len(KPIS)


def test_what_is_missing_is_named(table):
    frames = _shop()
    with mk.open_data({"orders": frames["orders"]}) as data:
        with pytest.raises(MissingDataError, match=r"sessions needs sessions\.started_at"):
            mk.compute("sessions", data)
        with pytest.raises(MissingDataError, match=r"sessions\.visitor_id"):
            mk.compute("revenue_per_visitor", data)
    bare = frames["sessions"][["session_id", "started_at", "page_views"]]
    with mk.open_data({"orders": frames["orders"], "sessions": bare}) as data:
        assert table(["sessions", "bounce_rate"], data, **PERIOD).iloc[0].tolist() == [8, 2 / 7]
        with pytest.raises(MissingDataError, match=r"sessions\.order_id"):
            mk.compute("conversion_rate", data)
        with pytest.raises(MissingDataError, match=r"sessions\.device"):
            mk.compute("sessions", data, by="device")


def test_a_session_has_no_sales_channel(shop):
    with pytest.raises(ComputeError, match="dimension 'channel' not found in fact 'sessions'"):
        mk.compute("conversion_rate", shop, by="channel")


def test_extra_columns_of_sessions_are_dimensions(table):
    frames = _shop(_sessions(SESSIONS).assign(landing=["home", "sale", "home"] * 3))
    with mk.open_data(frames) as data:
        found = table("sessions", data, by="landing", **PERIOD).set_index("landing")
    assert found.sessions.to_dict() == {"home": 5, "sale": 3}


# --- Properties -----------------------------------------------------------------------------


def _random(seed, size=400):
    """A shop of three months where ids, pages and carts are unknown at times."""
    rng = np.random.default_rng(seed)
    orders = pd.DataFrame(
        {
            "order_id": [f"o{n}" for n in range(90)],
            "ordered_at": pd.Timestamp("2025-01-01")
            + pd.to_timedelta(rng.integers(0, 90, 90), "D"),
            "status": rng.choice([None, "delivered", "cancelled", "fraud"], 90),
            "amount": rng.integers(-2, 50, 90) / 4,
        }
    ).astype({"ordered_at": "datetime64[us]"})
    ids = [f"o{n}" for n in range(100)]  # ten are not in the orders
    minutes = rng.integers(0, 90 * 24 * 60, size)
    rows = zip(
        [f"s{n}" for n in range(size)],
        rng.choice([None, *"abcdefghijkl"], size),
        [None] * size,
        pd.Timestamp("2025-01-01") + pd.to_timedelta(minutes, "min"),
        rng.choice(["email", "direct", None], size),
        rng.choice(["mobile", "desktop"], size),
        rng.choice([None, 0, 1, 2, 9], size),
        rng.choice([None, True, False], size),
        rng.choice([None, True, False], size),
        rng.choice([None, None, *ids], size),
        strict=True,
    )
    return {"orders": orders, "sessions": _sessions(list(rows))}


def by_pandas(frames, start, end):
    """Return the figures worked in pandas, straight from their definitions."""
    orders, rows = frames["orders"], frames["sessions"]
    stands = ~orders["status"].isin(["cancelled", "fraud"]) & ~(orders["amount"] < 0)
    rows = rows.sort_values(["started_at", "session_id"])
    first = rows["order_id"].notna() & ~rows["order_id"].duplicated()
    ordered = first & ~rows["order_id"].isin(orders["order_id"][~stands])
    value = rows["order_id"].map(orders.set_index("order_id")["amount"]).where(ordered)
    rows = rows.assign(ordered=ordered, value=value)
    now = rows[(rows["started_at"] >= start) & (rows["started_at"] < end)]
    cart, checkout = now["cart"].fillna(False), now["checkout"].fillna(False)
    named_ = now[now["visitor_id"].notna()]
    pages = now["page_views"].dropna().astype(float)
    bought = named_["value"].sum(min_count=1) if named_["ordered"].any() else 0
    return [
        named_["visitor_id"].nunique(),
        len(now),
        over(pages.sum(), len(pages)),
        over((pages == 1).sum(), len(pages)),
        over(cart.sum(), now["cart"].notna().sum()),
        over((cart & checkout).sum(), (cart & now["checkout"].notna()).sum()),
        over((cart & ~now["ordered"]).sum(), cart.sum()),
        over(now["ordered"].sum(), len(now)),
        over(bought, named_["visitor_id"].nunique()),
    ]


def over(numerator, denominator):
    return numerator / denominator if denominator else np.nan


few = settings(max_examples=3, deadline=None)
SEEDS = st.integers(0, 10_000)


@few
@given(seed=SEEDS, first=st.integers(0, 60), days=st.integers(1, 29))
def test_the_same_figures_by_pandas_by_the_engine_and_by_the_sql_run_outside(seed, first, days):
    frames = _random(seed)
    start = pd.Timestamp("2025-01-01") + pd.Timedelta(days=first)
    end = start + pd.Timedelta(days=days)
    period = {"start": start.date(), "end": end.date()}
    with mk.open_data(frames) as data:
        found = mk.compute(KPIS, data, **period)
        query = mk.sql(KPIS, data, **period)
        canonical = {name: rows.to_pyarrow() for name, rows in data.tables.items()}
    expected = by_pandas(frames, start, end)
    np.testing.assert_allclose(found.iloc[0].to_numpy(float), expected, rtol=1e-9, atol=1e-12)
    with duckdb.connect() as outside:
        for name, rows in canonical.items():
            outside.register(name, rows)
        told = outside.execute(query).df()
    np.testing.assert_allclose(
        told.iloc[0].to_numpy(float), found.iloc[0].to_numpy(float), rtol=1e-12
    )


@few
@given(seed=SEEDS)
def test_the_order_of_rows_changes_no_digit_and_parts_add_up(seed):
    frames = _random(seed)
    mixed = {name: rows.sample(frac=1, random_state=seed) for name, rows in frames.items()}
    question = {"by": "marketing_channel", "grain": "week", **PERIOD}
    with mk.open_data(frames) as data, mk.open_data(mixed) as other:
        cells = mk.compute(KPIS, data, **question)
        pd.testing.assert_frame_equal(cells, mk.compute(KPIS, other, **question), check_exact=True)
        whole = mk.compute(KPIS, data, **PERIOD).iloc[0]
        days = mk.compute(KPIS, data, grain="day", **PERIOD)
    assert cells["sessions"].sum() == days["sessions"].sum() == whole["sessions"] == 400
    ordered = whole["conversion_rate"] * 400
    assert (cells["conversion_rate"] * cells["sessions"]).sum() == pytest.approx(ordered)
    assert days["visitors"].max() <= whole["visitors"] <= days["visitors"].sum()


@pytest.mark.parametrize("dialect", ["postgres", "snowflake", "bigquery"])
@pytest.mark.parametrize("question", [{"grain": "month"}, {"by": ["device"], "grain": "week"}, {}])
def test_sessions_can_be_said_in_the_dialect_of_a_warehouse(dialect, question):
    with mk.open_data(_shop()) as data:
        elsewhere = replace(named(data), from_pandas=False)
        query = mk.compute(KPIS, elsewhere, **question, **PERIOD)
    keys = [*(["period"] if "grain" in question else []), *question.get("by", [])]
    selected = sqlglot.parse_one(ibis.to_sql(query, dialect=dialect), read=dialect).named_selects
    assert selected == [*keys, *KPIS]


# --- The purchase rate of campaigns ---------------------------------------------------------

MEMBERS = [
    ("mail", "ann", "treatment", "2025-01-04"),
    ("mail", "bob", "treatment", None),  # not delivered, and targeted all the same
    ("mail", "cat", "treatment", "2025-01-05"),
    ("mail", "dan", "control", None),
    ("card", "ann", "treatment", "2025-02-20"),  # no control
    ("card", "bob", "treatment", "2025-02-20"),
    ("late", "ann", "treatment", "2026-02-20"),  # the orders tell nothing of these days
]


def test_the_purchase_rate_by_hand(table):
    members = pd.DataFrame(
        MEMBERS, columns=["campaign_id", "customer_id", "arm", "contacted_at"]
    ).astype({"contacted_at": "datetime64[us]"})
    with mk.open_data({**_shop(), "campaign_members": members}) as data:
        by_campaign = table("purchase_rate", data, by="campaign_id").set_index("campaign_id")
        both = table("purchase_rate", data).purchase_rate[0]
    rates = by_campaign.purchase_rate
    assert rates["mail"] == 1 / 3  # ann, of ann, bob (cancelled) and cat
    assert rates["card"] == 1 / 2
    assert pd.isna(rates["late"])
    assert both == 2 / 5


# --- The demo -------------------------------------------------------------------------------

YEAR = {"start": "2025-01-01", "end": "2026-01-01"}


@pytest.fixture(scope="module")
def demo():
    with mk.demo() as data:
        yield data


def test_the_demo_s_sessions_are_what_its_shop_does(demo, table):
    row = table(KPIS, demo, **YEAR).iloc[0]
    assert row.sessions == demo.sessions.count().execute()
    carts, orders = row.cart_rate * row.sessions, demo.sessions.order_id.count().execute()
    low, high = wilson((carts - orders) / (row.sessions - orders), row.sessions - orders)
    assert low < audience.CART_SHARE < high
    reached = row.checkout_rate * carts
    low, high = wilson((reached - orders) / (carts - orders), carts - orders)
    assert low < audience.CHECKOUT_SHARE < high


def test_the_demo_converts_what_is_ordered_online(demo, table):
    truth = mk.truth()["orders"]
    row = table(["sessions", "conversion_rate", "revenue_per_visitor", "visitors"], demo, **YEAR)
    converted, told = row.conversion_rate[0] * row.sessions[0], demo.sessions.order_id.count()
    online = {"filters": {"channel": ["web", "app"]}, **YEAR}
    sold = table(["orders", "net_sales"], demo, **online).iloc[0]
    # Sessions just before the year's first midnight are not shown: their orders are.
    assert 0 <= sold.orders - round(converted) <= 2
    assert row.revenue_per_visitor[0] * row.visitors[0] == pytest.approx(
        float(sold.net_sales), rel=1e-3
    )
    refused = truth["cancelled_share"] + truth["fraud_share"]
    booked = told.execute()
    low, high = wilson(1 - converted / booked, booked)
    assert low < refused / (1 + refused) < high


def test_the_demo_s_sessions_are_not_recorded_before_their_year(demo, table):
    found = table(COUNTS, demo, grain="year", start="2023-01-01", end="2026-01-01")
    assert nulls(found.sessions)[:2] == nulls(found.visitors)[:2] == [None, None]


def test_the_demo_s_purchase_rate_is_its_truth(demo, table):
    truth = mk.truth()["spring_mail"]
    campaign = {"filters": {"campaign_id": "spring_mail"}}
    rate = table("purchase_rate", demo, **campaign).purchase_rate[0]
    treated = truth["members"] * (1 - truth["control_share"])
    low, high = wilson(rate, treated)
    assert low < truth["conversion_without"] + truth["conversion_uplift"] < high
