"""The demo retailer: reproducible, whole, plausible, and true to its own truth."""

from __future__ import annotations

import datetime as dt
from importlib.metadata import version
from math import log, sqrt
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.special import hyp2f1

from marketing_kpi.data import demo
from marketing_kpi.data.model import TABLES
from marketing_kpi.data.simulation import (
    arrow,
    assortment,
    audience,
    calendar,
    catalogue,
    customers,
    parameters,
    shop,
)
from marketing_kpi.data.simulation.numbers import Numbers
from marketing_kpi.errors import DataError

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "data" / "demo"
SMALL = 0.05
ARROW_TYPES = {
    "string": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "boolean": pa.bool_(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "decimal(18, 4)": pa.decimal128(18, 4),
}


@pytest.fixture(scope="module")
def sql():
    """Queries on the committed data; `valid` and `valid_lines` leave out what never counts."""
    connection = duckdb.connect()
    for path in COMMITTED.glob("*.parquet"):
        connection.execute(f"create view {path.stem} as from '{path}'")
    connection.execute(
        "create view valid as from orders "
        "where status not in ('cancelled', 'fraud') and not is_test"
    )
    connection.execute(
        "create view valid_lines as select l.*, v.channel, v.customer_id, v.ordered_at "
        "from order_lines l join valid v using (order_id)"
    )
    yield lambda query: connection.execute(query).fetchall()
    connection.close()


@pytest.fixture(scope="module")
def one(sql):
    return lambda query: float(sql(query)[0][0])


@pytest.fixture(scope="module")
def truth():
    return demo.truth()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return demo.simulate(out=tmp_path_factory.mktemp("small"), scale=SMALL, seed=11)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


# ---- reproducible


def test_the_same_seed_gives_the_same_bytes(small, tmp_path):
    again = demo.simulate(out=tmp_path, scale=SMALL, seed=11)
    assert contents(again) == contents(small)


def test_another_seed_gives_other_orders(small, tmp_path):
    other = demo.simulate(out=tmp_path, scale=SMALL, seed=12, tables=["orders"])
    assert pq.read_table(other / "orders.parquet") != pq.read_table(small / "orders.parquet")


def test_some_tables_hold_what_a_full_run_holds(small, tmp_path):
    chosen = ["orders", "touchpoints", "identities", "stock", "ledger"]
    some = contents(demo.simulate(out=tmp_path, scale=SMALL, seed=11, tables=chosen))
    everything = contents(small)
    assert set(some) == {f"{name}.parquet" for name in chosen} | {"truth.json"}
    assert all(everything[name] == data for name, data in some.items())


def test_the_committed_data_are_what_simulate_makes_now(tmp_path):
    made = demo.simulate(out=tmp_path)
    lock = (ROOT / "requirements.lock").read_text()
    if all(f"\n{name}=={version(name)} " in lock for name in ("numpy", "pyarrow")):
        assert contents(made) == contents(COMMITTED)
    for name in TABLES:
        file = f"{name}.parquet"
        assert pq.read_table(made / file).equals(pq.read_table(COMMITTED / file)), name


def test_a_larger_shop_has_unique_keys_across_its_chunks(tmp_path):
    folder = demo.simulate(out=tmp_path, scale=2.02, tables=["contacts", "orders", "returns"])
    whole = pq.read_table(folder / "orders.parquet", columns=["order_id", "customer_id"])
    contacts = pq.read_table(folder / "contacts.parquet", columns=["customer_id"])["customer_id"]
    returns = pq.read_table(folder / "returns.parquet", columns=["return_id", "order_id"])
    assert len(whole["order_id"].unique()) == len(whole) > 70_000
    assert len(contacts.unique()) == len(contacts) > 15_000
    assert len(returns["return_id"].unique()) == len(returns)
    assert set(whole["customer_id"].drop_null().to_pylist()) <= set(contacts.to_pylist())
    assert set(returns["order_id"].drop_null().to_pylist()) <= set(whole["order_id"].to_pylist())


def test_the_smallest_shop_has_every_table(tmp_path):
    folder = demo.simulate(out=tmp_path, scale=0.01, seed=3)
    assert {path.stem for path in folder.glob("*.parquet")} == set(TABLES)
    assert 60 <= pq.read_metadata(folder / "contacts.parquet").num_rows <= 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tables": ["order"]}, "table 'order' not found; did you mean 'orders'?"),
        ({"scale": 0}, "scale == 0, must be at least 0.01"),
        ({"scale": float("nan")}, "scale == nan, must be at least 0.01"),
        ({"seed": -1}, "seed == -1, must be at least 0"),
    ],
)
def test_bad_arguments_are_named(tmp_path, arguments, message):
    with pytest.raises(DataError) as error:
        demo.simulate(out=tmp_path / "none", **arguments)
    assert error.value.message == message
    assert not (tmp_path / "none").exists()


def test_outside_a_checkout_the_shop_is_made_once_in_the_cache(tmp_path, monkeypatch):
    made = []

    def small_shop(*, out):
        made.append(out)
        (out / demo.TRUTH).write_text('{"seed": 1}')

    monkeypatch.setattr(demo, "CHECKOUT", tmp_path / "absent")
    monkeypatch.setattr(demo, "user_cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(demo, "simulate", small_shop)
    assert demo.truth() == {"seed": 1}
    assert demo.truth() == {"seed": 1}
    assert len(made) == 1
    kept = tmp_path / "cache"
    assert [path.name for path in kept.iterdir()] == [f"demo-{demo.VERSION}"]


def test_the_demo_opens_with_every_table():
    data = demo.demo()
    assert set(data.tables) == set(TABLES)
    assert data.orders.count().execute() == pq.read_metadata(COMMITTED / "orders.parquet").num_rows
    data.close()


# ---- whole


def test_every_table_has_its_canonical_columns_and_types():
    assert {path.stem for path in COMMITTED.glob("*.parquet")} == set(TABLES)
    for name, table in TABLES.items():
        schema = pq.read_schema(COMMITTED / f"{name}.parquet")
        expected = [(column.name, ARROW_TYPES[column.type]) for column in table.columns]
        assert [(field.name, field.type) for field in schema] == expected, name


def test_size_and_counts_are_those_announced(one):
    assert sum(path.stat().st_size for path in COMMITTED.iterdir()) < 16e6
    assert 7_600 <= one("select count(*) from contacts") <= 8_400
    assert 38_000 <= one("select count(*) from orders") <= 42_000


@pytest.mark.parametrize("name", [name for name, table in TABLES.items() if table.key])
def test_keys_are_unique_and_never_null(sql, name):
    key = TABLES[name].key
    null = " or ".join(f"{column} is null" for column in key)
    columns = ", ".join(key)
    assert sql(f"select {columns} from {name} group by all having count(*) > 1 or {null}") == []


@pytest.mark.parametrize(
    ("table", "column", "target"),
    [
        ("orders", "customer_id", "contacts"),
        ("orders", "store_id", "stores"),
        ("order_lines", "order_id", "orders"),
        ("order_lines", "product_id", "products"),
        ("order_lines", "promotion_id", "promotions"),
        ("returns", "order_id", "orders"),
        ("returns", "customer_id", "contacts"),
        ("returns", "product_id", "products"),
        ("chargebacks", "order_id", "orders"),
        ("sessions", "order_id", "orders"),
        ("sessions", "customer_id", "contacts"),
        ("touchpoints", "customer_id", "contacts"),
        ("touchpoints", "campaign_id", "campaigns"),
        ("campaign_members", "campaign_id", "campaigns"),
        ("campaign_members", "customer_id", "contacts"),
        ("marketing_spend", "campaign_id", "campaigns"),
        ("responses", "customer_id", "contacts"),
        ("responses", "campaign_id", "campaigns"),
        ("stock", "product_id", "products"),
        ("purchase_orders", "product_id", "products"),
        ("shipments", "order_id", "orders"),
        ("surveys", "customer_id", "contacts"),
        ("category_spend", "customer_id", "contacts"),
        ("identities", "customer_id", "contacts"),
    ],
)
def test_references_exist(one, table, column, target):
    key = TABLES[target].key[0]
    assert one(f"select count({column}) from {table}") > 0
    missing = f"select count(*) from {table} t anti join {target} o on t.{column} = o.{key}"
    assert one(f"{missing} where t.{column} is not null") == 0


# units that left each location, as the warehouses and tills see it
SOLD = """
    select o.ordered_at::date as day, product_id, coalesce(store_id,
           case c.region when 'QC' then 'W01' else 'W02' end) as location_id,
           sum(quantity) as sold
    from order_lines join valid o using (order_id)
    left join contacts c on c.customer_id = o.customer_id group by all
"""
CONTRADICTIONS = {
    "an order without lines, or whose amount is not their sum to the cent": """
        from orders o left join (
            select order_id, sum(quantity * unit_price) as amount from order_lines group by 1
        ) l using (order_id) where l.amount is distinct from o.amount""",
    "a price above the list": "from order_lines where unit_price > list_price",
    "a line that is free or empty": "from order_lines where unit_price <= 0 or quantity < 1",
    "a promotion outside its dates": """
        from order_lines join orders using (order_id) join promotions using (promotion_id)
        where ordered_at::date not between starts_on and ends_on""",
    "a return of what was not sold, of more, or at another price": """
        from returns r left join order_lines l using (order_id, line_id)
        where kind = 'return' and order_id is not null
          and (l.quantity is null or r.quantity > l.quantity or r.product_id <> l.product_id
               or r.refund_amount <> r.quantity * l.unit_price)""",
    "an allowance on a line": """
        from returns where kind = 'allowance'
        and (line_id is not null or quantity is not null or order_id is null)""",
    "a refund before the sale": """
        from returns join orders using (order_id) where returned_at <= ordered_at""",
    "an order before its customer": """
        from orders join contacts using (customer_id) where ordered_at < registered_at""",
    "an online order without a customer": """
        from orders where channel <> 'store' and customer_id is null""",
    "a store where none is, or the reverse": """
        from orders where (channel = 'store') <> (store_id is not null)""",
    "a sale in a closed store": """
        from orders join stores using (store_id) where ordered_at::date < opened_on
        or ordered_at::date > coalesce(closed_on, date '2099-01-01')""",
    "steps of a parcel out of order": """
        from (select ordered_at, coalesce(picked_at, 'infinity') as picked,
                     coalesce(packed_at, 'infinity') as packed,
                     coalesce(shipped_at, 'infinity') as shipped,
                     coalesce(delivered_at, 'infinity') as delivered
              from shipments join orders using (order_id))
        where not (ordered_at < picked and picked <= packed and packed <= shipped
                   and shipped <= delivered)""",
    "a recognition that is neither the sale in store nor the delivery": """
        from valid left join shipments s using (order_id) where recognised_at is distinct from
        case when channel = 'store' then ordered_at else s.delivered_at end""",
    "an invalid order that is recognised or shipped": """
        from orders left join shipments s using (order_id)
        where (status in ('cancelled', 'fraud') or is_test)
        and (recognised_at is not null or s.order_id is not null)""",
    "a checkout without a cart": "from sessions where checkout and not cart",
    "an order in a session that began after it, or in another's": """
        from sessions s join orders o using (order_id)
        where s.started_at > o.ordered_at or s.customer_id <> o.customer_id""",
    "an online order of the last year without its session": """
        from valid v anti join sessions s on s.order_id = v.order_id
        where channel <> 'store' and ordered_at >= timestamp '2025-01-01 01:00'""",
    "a response to a mailing before it was sent": """
        from responses join campaign_members using (campaign_id, customer_id)
        where contacted_at is null or "at" < contacted_at""",
    "a control member who was contacted, or a treated one who was not": """
        from campaign_members where (arm = 'treatment') <> (contacted_at is not null)""",
    "stock that does not add up": """
        from stock where sellable <> on_hand - reserved - damaged
        or least(sellable, on_hand, reserved, damaged, received) < 0""",
    "a purchase that the stock did not receive, or the reverse": """
        from (select received_at::date as day, product_id, location_id, quantity
              from purchase_orders)
        full join (from stock where received > 0) using (day, product_id, location_id)
        where quantity is distinct from received""",
    "stock that comes from nowhere": f"""
        from (select *, lag(on_hand) over product as before from stock
              window product as (partition by product_id, location_id order by day))
        left join ({SOLD}) using (day, product_id, location_id)
        where on_hand > before + received - coalesce(sold, 0)""",
    "stock that vanishes without a sale or a stock-out": f"""
        from (select *, lag(on_hand) over product as before from stock
              window product as (partition by product_id, location_id order by day))
        left join ({SOLD}) using (day, product_id, location_id)
        where on_hand < before + received - coalesce(sold, 0) and sellable > 0
          and received = 0""",
    "a panel member who spends less than here": """
        from (select customer_id, date_trunc('month', ordered_at) as month, category,
                     sum(quantity * unit_price) as here
              from valid_lines join products using (product_id) group by all)
        join category_spend using (customer_id, month, category) where here > spend_total""",
    "a sale, or a return at the till, on a day or at an hour when stores are closed": """
        from (select ordered_at as "at" from orders where channel = 'store'
              union all select returned_at from returns where channel = 'store')
        where strftime("at", '%m-%d') in ('12-25', '01-01')
           or hour("at") < if(isodow("at") = 7, 10, 9) or hour("at") >= if(isodow("at") = 7, 17, 21)
        """,
    "a sale on a holiday that closes the stores of the country": """
        from orders join stores using (store_id) where strftime(ordered_at, '%m-%d')
        in ('06-24', '07-01') and region = 'QC'
        or strftime(ordered_at, '%m-%d') = '05-01' and region <> 'QC'""",
    "a contact who registered before the age of 18": """
        from contacts where registered_at < birth_date + interval 18 year""",
    "touches of a channel that its platform did not count": """
        from (select marketing_channel, count(*) filter (kind = 'click') as seen_clicks,
                     count(*) filter (kind = 'open') as seen_opens,
                     count(*) filter (kind = 'impression') as seen_impressions
              from touchpoints group by all)
        join (select marketing_channel, sum(clicks) as clicks, sum(opened) as opened,
                     sum(impressions) as impressions
              from marketing_spend where year(day) = 2025 group by all) using (marketing_channel)
        where seen_clicks > clicks or seen_opens > opened or seen_impressions > impressions""",
    "responses to the newsletter that its platform did not count": """
        from (select year("at") as year, count(*) filter (kind = 'click') as seen_clicks,
                     count(*) filter (kind = 'open') as seen_opens
              from responses where campaign_id = 'newsletter' group by all)
        join (select year(day) as year, sum(clicks) as clicks, sum(opened) as opened
              from marketing_spend where campaign_id = 'newsletter' group by all) using (year)
        where seen_clicks > clicks or seen_opens > opened""",
    "an e-mail opened or clicked that belongs to no campaign": """
        from responses where (kind in ('open', 'click')) <> (campaign_id is not null)""",
    "more clicks than e-mails opened, or more opened than delivered": """
        from marketing_spend
        where marketing_channel = 'email' and not (clicks < opened and opened < delivered)""",
    "anything after the end": """
        from (select max(ordered_at) as latest from orders
              union all select max(delivered_at) from shipments
              union all select max(returned_at) from returns
              union all select max(opened_at) from chargebacks
              union all select max(answered_at) from surveys
              union all select max("at") from touchpoints
              union all select max("at") from responses)
        where latest >= timestamp '2026-01-01'""",
}


@pytest.mark.parametrize("what", CONTRADICTIONS)
def test_nothing_contradicts(sql, what):
    assert sql(f"{CONTRADICTIONS[what]} limit 3") == []


def test_sold_while_out_of_stock_is_impossible(one):
    # the shelf is empty at the close, and was at the opening: the stock-out's first day is left out
    assert (
        one(
            "with s as (select *, lag(sellable) over (partition by product_id, location_id "
            "order by day) as before from stock) select count(*) from s "
            "join orders o on o.store_id = s.location_id and o.ordered_at::date = s.day "
            "join order_lines l on l.order_id = o.order_id and l.product_id = s.product_id "
            "where s.sellable = 0 and s.before = 0 and o.status = 'delivered'"
        )
        == 0
    )


# ---- plausible: a fact, the range it may take, and why

CUSTOMERS = (
    "with c as (select customer_id, count(*) as n, sum(amount)::double as revenue, "
    "row_number() over (order by sum(amount)) as rank, count(*) over () as size "
    "from valid where customer_id is not null group by 1)"
)
FACTS = {
    # three years of a shop with a base of regulars; marketplaces and one-season shops are lower
    "repeat_rate": (f"{CUSTOMERS} select avg((n > 1)::int) from c", 0.60, 0.80),
    # about 1.7 a year and active customer: clothing and outdoor chains report 1.5 to 3.5
    "orders_per_customer": (f"{CUSTOMERS} select avg(n) from c", 4.0, 6.0),
    # mid-range outdoor and home, before tax, in Canadian dollars
    "basket": ("select avg(amount)::double from valid", 140, 240),
    # specialised shops sell 2 to 4 units in a basket
    "units_per_basket": (
        "select sum(quantity)::double / count(distinct order_id) from valid_lines", 2.2, 3.4),
    "lines_per_basket": ("select count(*) / count(distinct order_id) from valid_lines", 1.8, 2.8),
    # online returns of 10 % in home and outdoor, more in clothes; a third to a half of it in stores
    "return_rate_web": (
        "select count(r.return_id) / count(*) from valid_lines l left join returns r "
        "using (order_id, line_id) where l.channel = 'web'", 0.08, 0.13),
    "return_rate_store": (
        "select count(r.return_id) / count(*) from valid_lines l left join returns r "
        "using (order_id, line_id) where l.channel = 'store'", 0.03, 0.06),
    # nine promotions on a part of a category and two sitewide ones a year
    "discount_share": (
        "select 1 - (sum(quantity * unit_price) / sum(quantity * list_price))::double "
        "from valid_lines", 0.03, 0.10),
    "promotion_share": (
        "select avg((promotion_id is not null)::int) from valid_lines", 0.10, 0.30),
    # cost shares of 42 to 55 % of the list price, less discounts
    "gross_margin_rate": (
        "select 1 - (sum(quantity * unit_cost) / sum(quantity * unit_price))::double "
        "from valid_lines", 0.42, 0.58),
    # concentration of revenue: panels of retailers give the top fifth 55 to 75 %
    "top_fifth_share": (
        f"{CUSTOMERS} select sum(revenue) filter (rank > 0.8 * size) / sum(revenue) from c",
        0.52, 0.72),
    "gini": (
        f"{CUSTOMERS} select 2 * sum(rank * revenue) / (max(size) * sum(revenue)) "
        "- (max(size) + 1) / max(size) from c", 0.50, 0.70),
    # no customer is a wholesaler
    "largest_customer_share": (f"{CUSTOMERS} select max(revenue) / sum(revenue) from c", 0, 0.01),
    # Saturday is the best day of stores and the week-end moderately good online
    "saturday_share": (
        "select avg((isodow(ordered_at) = 6)::int) from valid", 0.155, 0.195),
    "monday_share": ("select avg((isodow(ordered_at) = 1)::int) from valid", 0.10, 0.14),
    # the Friday sells like three or four days of November
    "black_friday_peak": (
        "with d as (select ordered_at::date as day, count(*) as n from valid group by 1) select "
        "avg(n) filter (day in (date '2023-11-24', date '2024-11-29', date '2025-11-28')) "
        "/ avg(n) filter (month(day) = 10) from d", 2.5, 4.5),
    # a quarter above the mean, as for household goods; toys would double
    "december_share_of_revenue": (
        "select sum(amount) filter (month(ordered_at) = 12)::double / sum(amount)::double "
        "from valid", 0.09, 0.13),
    # growth of a healthy chain
    "growth_2025": (
        "select sum(amount) filter (year(ordered_at) = 2025)::double "
        "/ sum(amount) filter (year(ordered_at) = 2024)::double - 1 from valid", 0.02, 0.20),
    # charm prices, save a member discount of 10 %; those from 20 to 30 end in 95 cents
    "price_ends_in_9": (
        "select avg(((unit_price * 100)::bigint % 10 = 9)::int) from valid_lines", 0.75, 0.92),
    "price_ends_in_9_or_5": (
        "select avg(((unit_price * 100)::bigint % 10 in (5, 9))::int) from valid_lines", 0.95, 1),
    # most till customers of a specialist give their loyalty number
    "unidentified_share": ("select avg((customer_id is null)::int) from valid", 0.12, 0.25),
    # birthdays are spread over the years: no default date, no pile at the ends of the range
    "most_common_birth_date": (
        "select max(n) / sum(n) from (select count(*) as n from contacts group by birth_date)",
        0, 0.002),
    "age_at_registration": (
        "select avg(registered_at::date - birth_date) / 365.25 from contacts", 36, 48),
    "store_share": ("select avg((channel = 'store')::int) from valid", 0.40, 0.65),
    "cancelled_share": ("select avg((status = 'cancelled')::int) from orders", 0.01, 0.04),
    # e-commerce of considered purchases: 2 to 4 % of sessions
    "conversion_rate": ("select avg((order_id is not null)::int) from sessions", 0.02, 0.04),
    "cart_abandonment": (
        "select 1 - avg((order_id is not null)::int) from sessions where cart", 0.60, 0.80),
    "bounce_rate": ("select avg((page_views = 1)::int) from sessions", 0.30, 0.50),
    # retailers report 2 to 8 % of product-location-days
    "stock_out_rate": ("select avg((sellable = 0)::int) from stock", 0.02, 0.06),
    "on_time_rate": (
        "select avg((delivered_at <= promised_at)::int) from shipments "
        "where delivered_at is not null", 0.90, 0.96),
    # liked, not loved
    "net_promoter_score": (
        "select 100 * (avg((score >= 9)::int) - avg((score <= 6)::int)) from surveys "
        "where question = 'nps'", 20, 40),
    # an e-mail list that is kept clean
    "open_rate": (
        "select sum(opened) / sum(delivered) from marketing_spend where delivered > 0", 0.2, 0.4),
    # 5 to 10 % of revenue
    "marketing_share_of_revenue": (
        "select (select sum(amount) from marketing_spend)::double "
        "/ (select sum(amount) from valid)::double", 0.04, 0.10),
    # the shop lives, and not too well: fixed costs are most of the gross profit
    "fixed_costs_over_gross_profit": (
        "select (select sum(amount) from fixed_costs)::double "
        "/ sum(quantity * (unit_price - unit_cost))::double from valid_lines", 0.5, 0.9),
}  # fmt: skip


@pytest.mark.parametrize("name", FACTS)
def test_marginal_facts_are_plausible(one, name):
    query, low, high = FACTS[name]
    assert low <= one(query) <= high


def test_no_month_is_without_its_season(sql):
    # the weakest month sells more than half as much as the mean one, the best less than double
    months = np.array(
        sql("select count(*) from valid group by date_trunc('month', ordered_at)")
    ).ravel()
    assert len(months) == 36
    assert months.min() > 0.5 * months.mean()
    assert months.max() < 2.0 * months.mean()


def test_seasonal_products_sell_in_their_season(sql):
    summer = dict(
        sql("""select name, sum(quantity) filter (month(ordered_at) in (6, 7, 8))::double
                            / sum(quantity)::double
               from valid_lines join products using (product_id) group by 1""")
    )
    assert summer["Raquettes à neige Toundra"] < 0.10
    assert summer["Sandales Estran"] > 0.40
    for season, belongs in (("winter", lambda part: part < 0.12), ("summer", lambda p: p > 0.40)):
        names = [name for name, tag in catalogue.PRODUCT_SEASON.items() if tag == season]
        assert len(names) >= 3
        assert all(belongs(summer[name]) for name in names), season


def test_visits_convert_at_every_hour(sql):
    # of those looking at night few buy, but not fifty times fewer than in the evening
    hours = sql("select hour(started_at), count(*), count(order_id) / count(*) from sessions "
                "group by 1 order by 1")  # fmt: skip
    sessions = np.array([count for _, count, _ in hours])
    conversion = np.array([rate for *_, rate in hours])
    assert sessions.min() < 0.1 * sessions.max()
    assert conversion.max() < 0.05
    assert conversion.min() > 0.2 * conversion.max()


def test_like_for_like_needs_care(sql):
    opened = dict(sql("select store_id, min(ordered_at)::date from orders group by 1"))
    closed = dict(sql("select store_id, max(ordered_at)::date from orders group by 1"))
    assert str(opened["S08"]) >= "2024-09-12"
    assert str(closed["S07"]) <= "2025-01-31"


# ---- true: cheap estimates against the truth, each with an interval of its own


def within(estimate: float, target: float, error: float) -> bool:
    """Whether the target is within 3 standard errors: the data are fixed, no retry is possible."""
    return abs(estimate - target) <= 3 * error


def share(sql, query: str) -> tuple[float, float]:
    hits, size = sql(query)[0]
    rate = hits / size
    return rate, sqrt(rate * (1 - rate) / size)


def test_campaign_uplift_is_recovered(sql, truth):
    for name in ("spring_mail", "autumn_mail"):
        facts = truth[name]
        arms = {
            arm: (size, rate, mean, spread)
            for arm, size, rate, mean, spread in sql(f"""
                with window_orders as (
                    select customer_id, sum(amount)::double as revenue from valid
                    where ordered_at >= date '{facts["contacted_on"]}'
                      and ordered_at < date '{facts["contacted_on"]}' + {facts["window_days"]}
                    group by 1)
                select arm, count(*), avg((revenue is not null)::int), avg(coalesce(revenue, 0)),
                       var_samp(coalesce(revenue, 0))
                from campaign_members left join window_orders using (customer_id)
                where campaign_id = '{name}' group by 1""")
        }
        (n1, rate1, mean1, spread1), (n0, rate0, mean0, spread0) = (
            arms["treatment"],
            arms["control"],
        )
        assert n0 / (n0 + n1) == pytest.approx(facts["control_share"], abs=0.001)
        error = sqrt(rate1 * (1 - rate1) / n1 + rate0 * (1 - rate0) / n0)
        assert within(rate1 - rate0, facts["conversion_uplift"], error)
        error = sqrt(spread1 / n1 + spread0 / n0)
        assert within(mean1 - mean0, facts["revenue_uplift_per_head"], error)


def test_the_action_is_recovered_by_difference_in_differences(sql, truth):
    facts = truth["store_advisers"]
    counts = dict(
        sql(f"""
            select (list_contains({facts["treated_stores"]}, store_id),
                    ordered_at >= date '{facts["starts_on"]}'), count(*)
            from valid where list_contains({facts["treated_stores"] + facts["control_stores"]},
                                           store_id) group by 1""")
    )
    treated, control = (log(counts[(i, True)] / counts[(i, False)]) for i in (True, False))
    error = sqrt(sum(1 / count for count in counts.values()))
    assert within(treated - control, log(1 + facts["relative_effect"]), error)


def test_attrition_is_recovered(sql, truth):
    for year in (2024, 2025):
        rate, error = share(sql, f"""
            with seen as (select customer_id,
                   bool_or(ordered_at >= date '{year}-01-01' - 365
                           and ordered_at < date '{year}-01-01') as before,
                   bool_or(ordered_at >= date '{year + 1}-01-01' - 365
                           and ordered_at < date '{year + 1}-01-01') as after
                 from valid where customer_id is not null group by 1)
            select count(*) filter (not after), count(*) from seen where before""")  # fmt: skip
        assert within(rate, truth["attrition"][f"observed_{year}_limit"], error)
        assert truth["attrition"][f"left_{year}"] < rate


def test_bg_nbd_is_the_process_of_the_cohort(sql, truth):
    # the mean of the purchases that the model expects, from its closed form, on the limit's values
    fit = truth["bg_nbd"]["limit"]
    r, alpha, a, b = (fit[name] for name in ("r", "alpha", "a", "b"))
    rows = np.array(
        sql("""select count(distinct ordered_at::date) - 1,
                      date '2025-12-31' - min(ordered_at)::date
               from valid join contacts using (customer_id)
               where registered_at >= date '2023-01-01' group by customer_id"""),
        dtype=float,
    )
    repeats, age = rows.T
    expected = (
        (a + b - 1)
        / (a - 1)
        * (1 - (alpha / (alpha + age)) ** r * hyp2f1(r, b, a + b - 1, age / (alpha + age)))
    )
    assert len(repeats) == truth["bg_nbd"]["cohort_customers"]
    assert within(repeats.mean(), expected.mean(), repeats.std() / sqrt(len(repeats)))


def test_rates_of_parcels_returns_and_prices_are_recovered(sql, truth):
    facts = truth["delivery"]
    for name, condition in (
        ("on_time", "delivered_at <= promised_at"),
        ("in_full", "in_full"),
        ("damaged", "damaged"),
    ):
        estimate, error = share(
            sql,
            f"select count(*) filter ({condition}), count(*) from shipments "
            "where promised_at < date '2025-12-20'",
        )
        assert within(estimate, facts[name], error), name
    for channel, rate in truth["returns"]["rate_of_lines"].items():
        for category, factor in truth["returns"]["category_factors"].items():
            estimate, error = share(
                sql,
                f"""select count(r.return_id), count(*) from valid_lines l
                    join products p using (product_id) left join returns r using (order_id, line_id)
                    where l.channel = '{channel}' and p.category = '{category}'
                      and l.ordered_at < date '2025-11-01'""",
            )
            # returns without a receipt have no line: one in thirty of those made in a store
            assert abs(estimate - rate * factor) <= 3.5 * error + 0.03 * rate * factor


def test_labour_productivity_is_recovered(sql, truth):
    for activity, units, hours in sql(
        "select activity, sum(units), sum(hours) from labour group by 1"
    ):
        assert float(units) / hours == pytest.approx(
            truth["labour"]["units_per_hour"][activity], rel=0.02
        )


def test_survey_scores_are_recovered(sql, truth):
    facts = truth["surveys"]
    for question, target, scale in (("nps", "nps", 100), ("csat", "csat", 1)):
        points = (
            "(score >= 9)::int - (score <= 6)::int" if question == "nps" else "(score >= 4)::int"
        )
        mean, deviation, size = sql(
            f"select avg({points}), stddev({points}), count(*) from surveys "
            f"where question = '{question}'"
        )[0]
        assert within(scale * mean, facts[target], scale * deviation / sqrt(size))


def test_lost_sales_are_recovered_from_comparable_days(sql, truth):
    # demand of a product, location and month on the days when it was there, on those it was not
    estimate, variance = sql(f"""
        with days as (
            select s.product_id, s.location_id, s.day, s.sellable > 0 as there,
                   coalesce(sold, 0)::double as units
            from stock s left join ({SOLD}) using (day, product_id, location_id)),
        cells as (
            select product_id, location_id, date_trunc('quarter', day) as quarter,
                   avg(units) filter (there) as demand, count(*) filter (not there) as out_days,
                   count(*) filter (there) as days
            from days group by all having out_days > 0 and days > 10)
        select sum(demand * out_days), sum(1.3 * demand * out_days * (1 + out_days / days))
        from cells""")[0]
    unmet = sum(truth["stock_outs"]["unmet_units"].values())
    # a tenth more: what is out elsewhere in the category is bought here instead, and promotions
    assert abs(estimate - unmet) <= 3 * sqrt(variance) + 0.1 * unmet


def test_promotion_units_add_up(sql, truth):
    sold = dict(
        sql("select promotion_id, sum(quantity)::int from valid_lines "
            "where promotion_id is not null group by 1")
    )  # fmt: skip
    for row in truth["promotions"]["promotions"]:
        asked = row["baseline_units"] + row["incremental_units"] + row["switched_units"]
        # stock-outs take away some of what was asked for; substitutes may be on promotion as well
        assert 0.85 * asked <= sold[row["promotion_id"]] <= 1.05 * asked
        error = sqrt(
            row["incremental_units"] * 1.6 + row["lift"] ** 2 * row["baseline_units"] * 1.6
        )
        assert within(row["incremental_units"], row["lift"] * row["baseline_units"], error)


def test_associated_products_are_bought_together(sql, truth):
    pairs = truth["affinity"]["pairs"]
    hits = size = 0
    for pair in pairs:
        (together, baskets), = sql(f"""
            with second as (select order_id, product_id from order_lines where line_id = '2')
            select count(*) filter (s.product_id = '{pair["second"]}'), count(*)
            from order_lines f join second s using (order_id)
            where f.line_id = '1' and f.product_id = '{pair["first"]}'""")  # fmt: skip
        hits, size = hits + together, size + baskets
    rate = hits / size
    # stock-outs and promotions change a few lines, and the second is sometimes drawn by chance
    assert abs(rate - truth["affinity"]["probability"]) <= 3 * sqrt(rate / size) + 0.02


def test_journeys_follow_the_causal_model(truth):
    pool = audience.pool()
    orders = 20_000
    drawn = audience.draw_journeys(np.random.default_rng(5), orders)
    ordered = np.arange(len(drawn)) < orders
    assert ordered.mean() == pytest.approx(truth["journeys"]["conversion_of_a_journey"], rel=1e-3)
    for number, channel in enumerate(parameters.JOURNEY_CHANNELS):
        for count in (0, 1, 2):
            among = pool.touches[drawn, number] == count
            rate = ordered[among].mean()
            target = pool.probability[pool.touches[:, number] == count].mean()
            assert within(rate, target, sqrt(rate / among.sum())), (channel, count)
        # of the orders, the share that would not have been without the channel's touches
        caused = 1 - pool.without[number, drawn[:orders]] / pool.probability[drawn[:orders]]
        target = truth["journeys"]["removal_effect"][channel]
        assert within(caused.mean(), target, caused.std() / sqrt(orders) + 1e-6)


def test_media_results_follow_the_saturation_curve(sql, truth):
    rows = sql("""
        select regr_slope(ln(clicks), ln(amount::double)),
               sqrt(regr_syy(ln(clicks), ln(amount::double)) * (1 - regr_r2(ln(clicks),
               ln(amount::double))) / (count(*) - 2) / regr_sxx(ln(clicks), ln(amount::double)))
        from marketing_spend where impressions > 0 and clicks > 0 group by campaign_id""")
    assert len(rows) == 4
    for slope, error in rows:
        assert within(slope, truth["marketing_spend"]["saturation"], error)


def test_the_ledger_differs_by_its_stated_gaps_alone(sql, truth):
    gaps = {}
    for gap in truth["ledger"]["gaps"]:
        effects = [(gap["account"], gap["amount"])]
        if gap["account"] != "revenue":
            effects.append(("revenue", -gap["amount"]))
        for account, amount in effects:
            gaps[gap["month"], account] = gaps.get((gap["month"], account), 0) + amount
    rows = sql("""
        with lines as (
            select date_trunc('month', recognised_at) as month,
                   sum(quantity * list_price) as gross_sales,
                   sum(quantity * (list_price - unit_price)) as discounts
            from order_lines join valid using (order_id)
            where recognised_at is not null group by 1),
        refunds as (
            select date_trunc('month', returned_at) as month,
                   sum(refund_amount) filter (kind = 'return') as refunds,
                   sum(refund_amount) filter (kind = 'allowance') as allowances
            from returns group by 1),
        disputes as (
            select date_trunc('month', opened_at) as month, sum(c.amount) as chargebacks
            from chargebacks c join valid using (order_id) where outcome = 'lost' group by 1),
        months as (
            select month, gross_sales, discounts, coalesce(refunds, 0) as refunds,
                   coalesce(allowances, 0) as allowances, coalesce(chargebacks, 0) as chargebacks,
            from lines left join refunds using (month) left join disputes using (month)),
        computed as (
            from (select *, gross_sales - discounts - refunds - allowances - chargebacks as revenue
                  from months)
            unpivot (cents for account in
                (gross_sales, discounts, refunds, allowances, chargebacks, revenue)))
        select month::date::varchar, account, (amount - cents)::double
        from ledger join computed using (month, account)""")
    assert len(rows) == 36 * 6
    for month, account, difference in rows:
        assert difference == pytest.approx(gaps.get((month, account), 0), abs=0.001), (
            month,
            account,
        )


# ---- the parts


def test_every_draw_has_a_stream_of_its_own():
    assert len(set(shop.STREAMS)) == len(shop.STREAMS)
    draws = {shop.stream(1, name, chunk).random() for name in shop.STREAMS for chunk in (0, 1)}
    assert len(draws) == 2 * len(shop.STREAMS)


def test_the_clock_of_customers_keeps_whole_years():
    clock = calendar.shopping_clock()
    for day in (0, 365, 365 + 366, calendar.DAYS):
        assert clock[calendar.HISTORY_DAYS + day] == pytest.approx(day, abs=1e-6)


@pytest.mark.parametrize(
    ("day", "quebec", "france"),
    [
        ("2023-12-25", False, False),
        ("2025-01-01", False, False),
        ("2025-01-02", False, True),
        ("2024-03-31", False, True),  # Easter
        ("2025-05-01", True, False),
        ("2025-06-24", False, True),
        ("2025-09-01", False, True),  # Labour Day
        ("2025-12-26", True, True),
    ],
)
def test_stores_keep_the_holidays_of_their_country(day, quebec, france):
    trading = assortment.store_trading()[:, arrow.day_number(dt.date.fromisoformat(day))]
    assert (bool(trading[0]), bool(trading[4])) == (quebec, france)


def test_purchases_follow_their_closed_form():
    # mean repeat purchases by time t of BG/NBD (Fader, Hardie and Lee 2005, equation 9)
    size, t = 200_000, 400.0
    drawn = customers.purchases(np.random.default_rng(3), np.zeros(size), until=t)
    r, alpha, a, b = (
        parameters.BG_NBD_R,
        parameters.BG_NBD_ALPHA,
        parameters.BG_NBD_A + 1e-9,
        parameters.BG_NBD_B,
    )
    expected = (
        (a + b - 1)
        / (a - 1)
        * (1 - (alpha / (alpha + t)) ** r * hyp2f1(r, b, a + b - 1, t / (alpha + t)))
    )
    repeats = np.bincount(drawn.customer) - 1
    assert within(repeats.mean(), expected, repeats.std() / sqrt(size))


def test_keys_stay_apart_beyond_their_width():
    numbers = np.array([7, 99, 100, -1, 1000, 10_000])
    assert arrow.ids("C", numbers, width=2).to_pylist() == [
        "C07", "C99", "C100", None, "C1000", "C10000",
    ]  # fmt: skip
    large = Numbers(999_998, 9_999_998)
    assert large.customers(np.arange(3)).to_pylist() == ["C999999", "C1000000", "C1000001"]
    assert large.orders(np.arange(3)).to_pylist() == ["O9999999", "O10000000", "O10000001"]


def test_columns_survive_empty_tables():
    nothing = np.zeros(0, dtype=np.int64)
    assert len(arrow.ids("C", nothing, width=6)) == 0
    assert len(arrow.money(nothing)) == 0
    assert len(arrow.words(["a"], nothing)) == 0
    assert len(arrow.timestamps(nothing)) == 0
