"""The overview: values, intervals, what needs attention and what the data lack."""

import math

import ibis
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import marketing_kpi as mk
from marketing_kpi import fulfilment, overview, plots, retention, sales, voice
from marketing_kpi.kpis.dictionary import UnknownEntryError
from marketing_kpi.kpis.intervals import Interval
from marketing_kpi.kpis.lineage import columns_of

YEAR = mk.periods(as_of="2026-01-01")


def shop(seed=1, customers=300, n=3000):
    """Make three years of orders and lines, with a customer's own level of spending."""
    rng = np.random.default_rng(seed)
    who = rng.integers(0, customers, n)
    level = rng.lognormal(3, 0.6, customers)
    at = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 1096 * 24, n), unit="h")
    orders = pd.DataFrame(
        {
            "order_id": [f"O{i:05}" for i in range(n)],
            "customer_id": pd.array([f"C{i:04}" for i in who], dtype="str"),
            "ordered_at": at,
            "channel": rng.choice(["web", "store"], n),
            "amount": (level[who] * rng.lognormal(0, 0.3, n)).round(2),
        }
    )
    orders.loc[::50, "customer_id"] = None
    return orders


@pytest.fixture(scope="module")
def data():
    return mk.open_data({"orders": shop()})


@pytest.fixture(scope="module")
def card(data):
    return overview.scorecard(data, periods=YEAR)


def row(card, kpi):
    return card.set_index("kpi").loc[kpi]


@pytest.mark.parametrize(("count", "n"), [(56, 70), (9, 10), (0, 20), (20, 20), (1, 1000)])
def test_wilson_as_scipy(count, n):
    got = overview.wilson(count / n, n)
    expected = stats.binomtest(count, n).proportion_ci(method="wilson")
    assert got == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_of_nobody_is_null():
    assert overview.wilson(0.5, 0) == (None, None)


def test_values_are_those_of_compute(data, card):
    kpis = ["net_sales", "orders", "average_order_value", "repeat_purchase_rate"]
    now = mk.compute(kpis, data, start=YEAR.start, end=YEAR.end).iloc[0]
    before = mk.compute(kpis, data, start=YEAR.previous_start, end=YEAR.previous_end).iloc[0]
    for kpi in kpis:
        assert row(card, kpi).value == pytest.approx(now[kpi])
        assert row(card, kpi).previous == pytest.approx(before[kpi])
        assert len(row(card, kpi).trend) == 12
    assert sum(row(card, "net_sales").trend) == pytest.approx(now["net_sales"])


def test_change_is_relative_but_for_fractions(card):
    sales, rate = row(card, "net_sales"), row(card, "repeat_purchase_rate")
    assert sales.change == pytest.approx(sales.value / sales.previous - 1)
    assert rate.change == pytest.approx(rate.value - rate.previous)


def test_totals_have_no_interval(card):
    for kpi in ("net_sales", "orders", "buyers"):
        assert row(card, kpi)[["low", "high", "change_low", "change_high"]].isna().all()


def test_the_interval_of_the_order_value_by_hand(card):
    """The linearised error, from each customer's sales and orders."""
    orders = shop()
    orders = orders[(orders.ordered_at >= "2025-01-01") & (orders.ordered_at < "2026-01-01")]
    cluster = orders.customer_id.fillna(orders.order_id)
    by_customer = orders.groupby(cluster).amount.agg(["sum", "size"])
    ratio = by_customer["sum"].sum() / by_customer["size"].sum()
    residual = by_customer["sum"] - ratio * by_customer["size"]
    n = len(by_customer)
    error = math.sqrt(n / (n - 1) * (residual**2).sum()) / by_customer["size"].sum()
    got = row(card, "average_order_value")
    assert got.value == pytest.approx(ratio)
    assert got.high - got.value == pytest.approx(1.959964 * error, rel=1e-6)
    assert got.value - got.low == pytest.approx(1.959964 * error, rel=1e-6)


def test_the_interval_of_the_order_value_covers():
    """Orders of one customer resemble each other; the interval must allow for it."""
    rng = np.random.default_rng(11)
    covered, runs = 0, 400
    for _ in range(runs):
        orders_each = 1 + rng.poisson(2, 150)
        who = np.repeat(np.arange(150), orders_each)
        spend = rng.lognormal(0, 0.5, 150)[who] * rng.lognormal(0, 0.2, len(who))
        sums = pd.DataFrame({"customer_id": who.astype(str), "y": spend, "x": 1.0})
        by_customer = sums.groupby("customer_id")[["y", "x"]].sum()
        y, x = by_customer.y, by_customer.x
        error = overview._standard_error(
            len(y), y.sum(), x.sum(), (y * y).sum(), (x * x).sum(), (x * y).sum()
        )
        true = math.exp(0.5**2 / 2 + 0.2**2 / 2)
        covered += abs(y.sum() / x.sum() - true) <= overview.Z95 * error
    # Binomial(400, 0.95) lies from 367 to 391 with a probability of 0.99.
    assert 367 <= covered <= 394


def test_intervals_are_of_the_lines_that_the_kpi_counts():
    """A KPI of the lines with a known cost has the error of those lines, as a bootstrap shows."""
    rng = np.random.default_rng(5)
    orders = shop(customers=150, n=2000).drop(columns="amount")
    orders = orders.dropna(subset="customer_id").reset_index(drop=True)
    lines = pd.concat([orders[["order_id"]]] * 2, ignore_index=True)
    n = len(lines)
    paid = rng.lognormal(3, 0.8, n)
    lines = lines.assign(
        line_id=[str(i) for i in range(n)],
        quantity=rng.integers(1, 5, n).astype(float),
        unit_price=np.where(rng.random(n) < 0.3, np.nan, paid),
        list_price=np.where(rng.random(n) < 0.5, np.nan, paid * rng.uniform(1, 1.6, n)),
        unit_cost=np.where(rng.random(n) < 0.5, np.nan, paid * rng.uniform(0.3, 1, n)),
    )
    in_year = orders[(orders.ordered_at >= "2025-01-01") & (orders.ordered_at < "2026-01-01")]
    sold = lines.merge(in_year[["order_id", "customer_id"]])
    price, quantity = sold.unit_price, sold.quantity
    priced, costed = price.notna(), price.notna() & sold.unit_cost.notna()
    listed = price.notna() & sold.list_price.notna()
    first_priced = priced & ~sold.assign(p=priced)[priced].duplicated("order_id").reindex(
        sold.index, fill_value=True
    )
    terms = {
        "average_order_value": (price * quantity, first_priced),
        "average_selling_price": (price * quantity, quantity.where(priced)),
        "gross_margin_rate": (
            ((price - sold.unit_cost) * quantity),
            (price * quantity).where(costed),
        ),
        "markup_rate": (
            (price - sold.unit_cost) * quantity,
            (sold.unit_cost * quantity).where(costed),
        ),
        "discount_rate": (
            (sold.list_price - price) * quantity,
            (sold.list_price * quantity).where(listed),
        ),
    }
    with mk.open_data({"orders": orders, "order_lines": lines}) as data:
        card = overview.scorecard(data, periods=YEAR, kpis=list(terms), by_month=False)
    for kpi, (top, bottom) in terms.items():
        sums = pd.DataFrame({"y": top, "x": bottom.astype(float)}).groupby(sold.customer_id).sum()
        drawn = rng.integers(0, len(sums), (4000, len(sums)))
        y, x = sums.y.to_numpy()[drawn].sum(axis=1), sums.x.to_numpy()[drawn].sum(axis=1)
        got = row(card, kpi)
        assert got.value == pytest.approx(sums.y.sum() / sums.x.sum(), rel=1e-6)
        assert got.high - got.value == pytest.approx(1.96 * (y / x).std(), rel=0.08)


def test_returns_of_nobody_known_have_a_rate_without_an_interval():
    orders = shop(n=200).drop(columns="customer_id")
    returns = pd.DataFrame(
        {"return_id": ["r"], "returned_at": [pd.Timestamp("2025-03-01")], "refund_amount": [9.0]}
    )
    with mk.open_data({"orders": orders, "returns": returns}) as data:
        card = overview.scorecard(data, periods=YEAR, kpis=["return_rate_value"], by_month=False)
    assert row(card, "return_rate_value").value > 0
    assert card[["low", "high"]].isna().all(axis=None)


def test_a_scorecard_leaves_nothing_in_the_default_engine(data):
    before = ibis.get_backend().list_tables()
    overview.scorecard(data, periods=YEAR, by_month=False)
    assert ibis.get_backend().list_tables() == before


def test_shares_of_customers_have_wilsons_interval(data, card):
    got = row(card, "repeat_purchase_rate")
    buyers = mk.compute("buyers", data, start=YEAR.start, end=YEAR.end).buyers.iloc[0]
    assert (got.low, got.high) == pytest.approx(overview.wilson(got.value, buyers))


@pytest.mark.parametrize("kpi", ["purchase_frequency", "retention_rate", "top_customers_share"])
def test_estimates_lie_in_their_interval(card, kpi):
    got = row(card, kpi)
    assert got.low < got.value < got.high
    assert got.change_low < got.change < got.change_high


def test_purchase_frequency_has_one_interval_on_all_pages(data, card):
    loyal = retention.loyalty(data, start=YEAR.start, end=YEAR.end).set_index("kpi")
    told = loyal.loc["purchase_frequency", ["value", "low", "high"]].tolist()
    assert row(card, "purchase_frequency")[["value", "low", "high"]].tolist() == told
    alike = shop()[lambda orders: ~orders.customer_id.duplicated()]
    assert card_of(alike, kpis=["purchase_frequency"])[["low", "high"]].isna().all(axis=None)


def test_what_cannot_be_computed_keeps_its_row_where_it_was_asked_for(data):
    card = overview.scorecard(data, periods=YEAR, kpis=["gross_margin_rate"], by_month=False)
    got = row(card, "gross_margin_rate")
    assert (got.available, got.reason) == (False, "missing")
    assert "unit_cost" in got.missing
    assert pd.isna(got.value)


def test_a_short_history_is_a_reason(data):
    early = mk.periods(as_of="2024-01-01")
    got = row(overview.scorecard(data, periods=early, by_month=False), "retention_rate")
    assert (got.available, got.reason, got.missing) == (False, "history", "")


def test_a_comparison_period_that_the_data_do_not_cover_is_left_null(data):
    """Half a year would pass for a small whole one."""
    early = mk.periods(as_of="2024-07-01")
    got = overview.scorecard(data, periods=early, kpis=["orders"], by_month=False)
    assert got.previous.isna().all()
    assert got.reason.tolist() == ["comparison"]
    assert got.available.all()


@pytest.mark.parametrize(
    ("hole", "reason"),
    [
        (("2024-11-01", "2025-01-01"), "comparison"),
        (("2024-12-28", "2025-01-01"), ""),
        (("2024-01-01", "2024-02-15"), "comparison"),
        (("2025-01-01", "2025-03-01"), "comparison"),
        (("2025-01-01", "2025-01-05"), ""),
    ],
)
def test_a_hole_at_either_end_of_a_period_is_no_growth(hole, reason):
    at = shop().ordered_at
    got = card_of(shop()[(at < hole[0]) | (at >= hole[1])])
    assert set(got.reason) == {reason}
    assert got.previous.isna().all() == bool(reason)
    assert not reason or overview.attention(got).empty


def test_a_shop_that_is_shut_each_winter_is_compared():
    kpis = ["net_sales", "orders"]
    got = card_of(shop()[lambda orders: orders.ordered_at.dt.month > 2], kpis=kpis)
    assert set(got.reason) == {""}
    assert got.previous.notna().all()


@pytest.mark.parametrize(
    ("since", "every", "compared"),
    [
        ("2024-12-10", 7, False),  # three weeks of the year before
        ("2024-01-05", 7, True),
        ("2024-01-31", 30, True),
        ("2024-03-01", 1, False),
    ],
)
def test_stock_that_is_on_record_for_a_part_of_the_year_before_is_compared_with_nothing(
    since, every, compared
):
    days = pd.date_range(since, "2025-12-31", freq=f"{every}D")
    stock = pd.DataFrame({"day": days, "product_id": "tea", "location_id": "L", "on_hand": 5})
    stock["sellable"] = stock["on_hand"].where(days.month < 3, 0)
    data = mk.open_data({"orders": shop(), "stock": stock})
    card = overview.scorecard(
        data, periods=mk.periods(as_of="2026-01-01"), kpis=["orders", "stockout_rate"],
        by_month=False,
    )  # fmt: skip
    assert card.available.all()
    assert card.set_index("kpi").previous.notna().tolist() == [True, compared]


def test_no_comparison_asked_for_is_a_reason():
    kpis = ["net_sales", "orders"]
    alone = card_of(shop(), periods=mk.periods(as_of="2026-01-01", compare="none"), kpis=kpis)
    assert set(alone.reason) == {"alone"}
    assert alone.previous.isna().all()


def test_a_period_that_the_data_do_not_cover_is_said(data):
    early = mk.periods(as_of="2023-07-01")
    got = overview.scorecard(data, periods=early, kpis=["orders"], by_month=False)
    assert got.value.notna().all()
    assert got.reason.tolist() == ["partial"]


def test_data_that_end_before_the_period_are_no_collapse(data):
    """What the extract does not hold yet was not lost."""
    late = mk.periods(as_of="2026-07-01")
    got = overview.scorecard(data, periods=late, kpis=["net_sales", "retention_rate"])
    assert got.reason.tolist() == ["partial", "ends"]
    assert got[["previous", "change"]].isna().all(axis=None)
    assert overview.attention(got).empty
    months = got.trend[0]
    assert [month is None for month in months] == [False] * 6 + [True] * 6
    alone = overview.by_month("net_sales", data, periods=late)
    assert alone.value.isna().tolist() == [False] * 6 + [True] * 6
    assert alone.previous.notna().all()


def card_of(orders, *, periods=YEAR, kpis=("net_sales", "orders", "retention_rate")):
    with mk.open_data({"orders": orders}) as data:
        return overview.scorecard(data, periods=periods, kpis=kpis, by_month=False)


def with_an_order(orders, at):
    return pd.concat(
        [orders, orders.iloc[[1]].assign(order_id="junk", ordered_at=pd.Timestamp(at))]
    )


@pytest.mark.parametrize("at", ["2026-01-01", "2026-01-20", "2027-05-05"])
def test_an_order_of_the_future_does_not_make_the_data_whole(at):
    until_july = shop()[lambda orders: orders.ordered_at < "2025-07-31"]
    got = card_of(with_an_order(until_july, at))
    assert got.reason.tolist() == ["partial", "partial", "ends"]
    assert got[["previous", "change"]].isna().all(axis=None)
    assert overview.attention(got).empty
    pd.testing.assert_frame_equal(got, card_of(until_july))
    with mk.open_data({"orders": with_an_order(until_july, at)}) as data:
        months = overview.by_month("net_sales", data, periods=YEAR)
        lacking = overview.lacking(data, periods=YEAR)
    assert months.value.isna().tolist() == [False] * 7 + [True] * 5
    costs = dict(zip(lacking.missing, lacking.kpis, strict=True))
    assert "retention_rate" in costs["ends"]
    assert "history" not in costs


@pytest.mark.parametrize("at", ["1900-01-01", "1970-01-01", "2023-12-30"])
def test_an_order_of_long_ago_invents_no_comparison(at):
    """A year before the data begin is not a year without sales."""
    since_july = shop()[lambda orders: orders.ordered_at >= "2025-07-01"]
    got = card_of(with_an_order(since_july, at))
    assert got.reason.tolist() == ["partial", "partial", "history"]
    assert got[["previous", "change"]].isna().all(axis=None)


def test_a_period_without_orders_says_of_when_the_last_is():
    got = card_of(shop()[lambda orders: orders.ordered_at < "2024-07-01"])
    assert got.reason.tolist() == ["empty", "empty", "ends"]
    assert got.value[:2].tolist() == [0, 0]
    assert got.previous.isna().all()
    last = shop().ordered_at[lambda days: days < "2024-07-01"].max().date()
    assert got.last_order.tolist() == [last] * 3


def test_a_long_run_of_days_without_orders_is_told():
    orders = shop()

    def without(start, end):
        got = card_of(orders[(orders.ordered_at < start) | (orders.ordered_at >= end)])
        return got.gap_start[0], got.gap_end[0]

    assert without("2025-03-01", "2025-07-01") == (
        pd.Timestamp("2025-03-01").date(),
        pd.Timestamp("2025-07-01").date(),
    )
    # what lies before the periods is cut off, and so are gaps that touch none of them
    assert without("2023-11-01", "2024-03-01")[0] == YEAR.previous_start
    assert pd.isna(without("2023-03-01", "2023-07-01")[0])
    assert pd.isna(without("2025-03-01", "2025-03-30")[0])
    assert pd.isna(card_of(orders).gap_start).all()


def without_prices(tables, share, rng, *, since="2025-01-01"):
    """Return the tables with the price of that share of the lines sold since a day left blank."""
    orders, lines = tables["orders"], tables["order_lines"]
    at = orders.set_index("order_id").ordered_at.reindex(lines.order_id).to_numpy()
    blank = (at >= np.datetime64(since)) & (rng.random(len(lines)) < share)
    return {**tables, "order_lines": lines.assign(unit_price=lines.unit_price.mask(blank))}


def test_kpis_that_missing_prices_move_are_those_that_rest_on_prices():
    """A fifth of the prices is taken away: what is paired with prices stays, other sums move."""
    demo = mk.demo()
    names = ["orders", "order_lines", "promotions", "returns", "products", "chargebacks"]
    tables = {name: demo.table(name).to_pandas() for name in names}
    tables["order_lines"] = tables["order_lines"].astype({"unit_price": "float64"})
    moving = ["net_sales", "average_order_value", "return_rate_value", "net_revenue"]
    steady = ["orders", "units_per_transaction", "return_rate_units", "repeat_purchase_rate"]
    ids = [*moving, *steady, *overview.PAIRED]
    whole, less = (
        mk.compute(ids, mk.open_data(one), start=YEAR.start, end=YEAR.end).iloc[0].astype(float)
        for one in (tables, without_prices(tables, 0.2, np.random.default_rng(3)))
    )
    moved = (less / whole - 1).abs()
    assert moved[list(overview.PAIRED)].max() < 0.015
    assert moved[moving].min() > 0.1
    assert moved[steady].max() < 1e-12
    rests = {id for id in ids if not overview.PRICES.isdisjoint(columns_of(id))}
    assert rests == {*moving, *overview.PAIRED}


def test_where_prices_are_missing_what_rests_on_them_gets_no_verdict():
    """Sales of 100 a month in both years; of the second, three lines of ten lose their price."""
    days = pd.date_range("2024-01-01", "2025-12-31")
    ids = [str(n) for n in range(len(days))]
    orders = pd.DataFrame(
        {"order_id": ids, "customer_id": [f"C{n % 90}" for n in range(len(days))]}
    )
    lines = pd.DataFrame({"order_id": ids, "line_id": "1", "quantity": 1, "unit_price": 10.0})
    tables = {"orders": orders.assign(ordered_at=days), "order_lines": lines}
    asked = ["net_sales", "orders", "average_selling_price"]
    holed = without_prices(tables, 0.3, np.random.default_rng(1))
    share = holed["order_lines"].unit_price[366:].isna().mean()
    for one, told in ((tables, 0.0), (holed, share)):
        with mk.open_data(one) as data:
            card = overview.scorecard(data, periods=YEAR, kpis=asked, by_month=False)
        assert row(card, "net_sales").unpriced == pytest.approx(told)
        assert row(card, "net_sales").unpriced_before == 0
        rest = card[card.kpi != "net_sales"]
        assert rest[["unpriced_before", "unpriced", "unpriced_of"]].isna().all(axis=None)
        verdicts = overview.attention(card).set_index("kpi").verdict
        assert verdicts.get("net_sales") == ("unpriced" if told else None)
    said = plots.undecided(overview.attention(card), scorecard=card, lang="en").text
    assert "No verdict, for prices are missing for more of one period than of the other" in said
    assert f"Prices are missing for {share:.1%} of units now, 0.0% before" in plots.scorecard(
        card, lang="en"
    ).to_text().replace("\u202f", "")
    assert "−" in plots.changes(card, lang="en").figure.alt
    alone = mk.periods(as_of="2026-01-01", compare="none")
    with mk.open_data(holed) as data:
        card = overview.scorecard(data, periods=alone, kpis=asked, by_month=False)
    assert card.unpriced.isna().all()


def test_a_few_customers_have_no_interval():
    """Normal quantiles cover far less than 95 % of a few customers."""
    orders = shop(customers=40, n=3000).dropna(subset="customer_id")
    few = orders[orders.customer_id < "C0029"]
    enough = orders[orders.customer_id < "C0030"]
    assert (few.customer_id.nunique(), enough.customer_id.nunique()) == (29, 30)
    kpis = ["average_order_value", "purchase_frequency"]
    assert card_of(few, kpis=kpis)[["low", "high"]].isna().all(axis=None)
    assert card_of(enough, kpis=kpis)[["low", "high"]].notna().all(axis=None)


def test_equal_customers_have_no_interval():
    got = card_of(shop().assign(amount=19.99), kpis=["average_order_value"])
    assert got.value[0] == pytest.approx(19.99)
    assert got[["low", "high"]].isna().all(axis=None)


def test_the_best_have_no_share_of_sales_that_are_not_above_0():
    refunds = shop().assign(amount=lambda orders: -orders.amount)
    assert card_of(refunds, kpis=["top_customers_share"]).value.isna().all()


def test_without_a_comparison_there_is_no_change(data):
    alone = mk.periods(as_of="2026-01-01", compare="none")
    got = overview.scorecard(data, periods=alone, kpis=["orders"], by_month=False)
    assert got[["previous", "change"]].isna().all(axis=None)
    assert overview.attention(got).empty


# --- what a scorecard shows unless told otherwise


def trade(n=600, seed=4):
    """Make lines of the shop's orders, sold from stock and sent as parcels."""
    rng = np.random.default_rng(seed)
    orders = shop(n=n).drop(columns="amount")
    days = orders.ordered_at.dt.normalize()
    return {
        "orders": orders,
        "order_lines": pd.DataFrame(
            {"order_id": orders.order_id, "line_id": orders.order_id, "product_id": "P1"}
        ).assign(quantity=1.0, unit_price=rng.uniform(10, 50, n).round(2)),
        "stock": pd.DataFrame(
            {
                "day": pd.date_range("2023-01-01", "2025-12-31"),
                "product_id": "P1",
                "location_id": "L1",
                "on_hand": rng.integers(0, 3, 1096).astype(float),
            }
        ),
        "shipments": pd.DataFrame(
            {
                "shipment_id": orders.order_id,
                "order_id": orders.order_id,
                "promised_at": days + pd.Timedelta(days=3),
                "delivered_at": days + pd.to_timedelta(rng.integers(1, 5, n), unit="D"),
            }
        ),
    }


def shown(tables, **options):
    with mk.open_data(tables) as data:
        return overview.scorecard(data, periods=YEAR, by_month=False, **options)


def test_each_domain_that_the_data_have_has_a_kpi_and_the_same_ones_stand_together():
    card = shown(trade())
    told = card[card.available]
    assert {"sales", "customers", "retention", "inventory", "fulfilment"} <= {*told.domain}
    assert {"stockout_rate", "on_time_delivery_rate", "net_sales", "buyers"} <= {*told.kpi}
    assert told.value.notna().all()
    order = [list(overview.CANDIDATES).index(domain) for domain in card.domain]
    assert order == sorted(order)


def test_a_scorecard_of_all_there_is_keeps_to_its_length(demo_card):
    assert len(demo_card) == overview.MOST_KPIS
    assert [id for id in demo_card.kpi if id.startswith("return_rate")] == ["return_rate_value"]
    assert overview._first_of_each(["return_rate_units", "orders"]) == [
        "orders", "return_rate_units",
    ]  # fmt: skip
    assert {*demo_card.domain} == {*overview.CANDIDATES}
    firsts = {ids[0] for ids in overview.CANDIDATES.values()}
    assert firsts <= {*demo_card.kpi}


@pytest.fixture(scope="module")
def demo_card():
    with mk.open_data("demo") as data:
        return overview.scorecard(data, periods=YEAR, by_month=False)


def test_estimates_have_the_interval_of_their_own_page(demo_card):
    with mk.open_data("demo") as data:
        span = {"start": YEAR.start, "end": YEAR.end}
        visits = sales.traffic(sales.visits(data, **span)).iloc[0]
        kept = fulfilment.kept_promises(data, **span).iloc[0]
        asked = voice.nps(voice.answers(data, question="nps", **span))
        score = asked.iloc[0] if isinstance(asked, pd.DataFrame) else asked.execute().iloc[0]
    for kpi, low, high in (
        ("conversion_rate", visits.conversion_rate_low, visits.conversion_rate_high),
        ("on_time_in_full_rate", kept.on_time_in_full_low, kept.on_time_in_full_high),
        ("net_promoter_score", score.low, score.high),
    ):
        got = row(demo_card, kpi)
        assert (got.low, got.high) == pytest.approx((low, high)), kpi
        assert got.low < got.value < got.high
    nps = row(demo_card, "net_promoter_score")
    assert nps.change == pytest.approx(nps.value - nps.previous)


def test_what_a_reader_would_miss_is_named_and_nothing_else():
    """Parcels without what was in full, lines without their cost; no session, no survey at all."""
    card = shown(trade())
    assert {*card.kpi[~card.available]} == {"on_time_in_full_rate", "gross_margin_rate"}
    assert row(card, "on_time_in_full_rate").missing == "shipments.in_full"


def test_a_domain_without_a_value_in_the_period_gives_its_place_to_others():
    tables = trade()
    tables["stock"] = tables["stock"][lambda stock: stock.day < "2024-01-01"]
    with mk.open_data(tables) as data:
        assert (
            mk.compute("stockout_rate", data, start=YEAR.start, end=YEAR.end).isna().all(axis=None)
        )
    card = shown(tables)
    assert "stockout_rate" not in {*card.kpi}
    assert card.value[card.available].notna().all()


def test_a_client_chooses_their_own_kpis_in_their_own_order():
    card = shown(trade(), kpis=["orders", "stockout_rate", "markup_rate"])
    assert card.kpi.tolist() == ["orders", "stockout_rate", "markup_rate"]
    assert card.domain.tolist()[:2] == ["sales", "inventory"]
    assert pd.isna(card.domain[2])


def test_every_candidate_is_a_kpi_that_can_be_computed():
    ids = [id for group in overview.CANDIDATES.values() for id in group]
    assert len(ids) == len({*ids})
    assert {mk.dictionary().kpi(id).type for id in ids} <= {"simple", "derived"}
    assert len(overview.CANDIDATES) <= overview.MOST_KPIS <= 15


def test_an_unknown_kpi_is_refused(data):
    with pytest.raises(UnknownEntryError, match="net_sale"):
        overview.scorecard(data, periods=YEAR, kpis=["net_sale"])


def test_ibis_data_give_the_same_scorecard(card):
    connection = ibis.duckdb.connect()
    lazy = mk.open_data({"orders": connection.create_table("orders", shop())})
    got = overview.scorecard(lazy, periods=YEAR)
    columns = ["value", "low", "high", "previous", "change"]
    left = card[columns].astype("float64")
    pd.testing.assert_frame_equal(left, got[columns].astype("float64"), rtol=1e-9)


def test_of_each_customer_only_an_amount_leaves_the_engine(monkeypatch):
    connection = ibis.duckdb.connect()
    lazy = mk.open_data({"orders": connection.create_table("orders", shop())})
    read, execute = [], type(connection).execute

    def noting(self, query, **options):
        read.append(found := execute(self, query, **options))
        return found

    monkeypatch.setattr(type(connection), "execute", noting)
    overview.scorecard(lazy, periods=YEAR)
    frames = [found for found in read if isinstance(found, pd.DataFrame) and len(found) > 100]
    long = [frame.dtypes.astype(str).to_dict() for frame in frames]
    assert long == [{"amount": "float64"}] * 2


# --- attention


def standing(kpi, direction, change, low=None, high=None, unit="fraction"):
    return {
        **dict.fromkeys(overview.COLUMNS),
        "kpi": kpi,
        "unit": unit,
        "direction": direction,
        "value": 1.0 + (change or 0.0),
        "previous": 1.0,
        "change": change,
        "change_low": low,
        "change_high": high,
    }


def test_attention_sorts_by_what_is_sure_then_by_size():
    card = pd.DataFrame(
        [
            standing("small_worse", "higher_is_better", -0.02, -0.03, -0.01),
            standing("large_worse", "lower_is_better", 0.2, 0.1, 0.3),
            standing("unsure", "higher_is_better", -0.5, -1.1, 0.1),
            standing("better", "higher_is_better", 0.1, 0.05, 0.15),
            standing("total", "higher_is_better", -0.06, unit="currency"),
            standing("small_total", "higher_is_better", -0.04, unit="currency"),
            standing("grown_total", "higher_is_better", 0.4, unit="currency"),
            standing("neutral", "contextual", -0.5, -0.6, -0.4),
        ]
    )
    got = overview.attention(card)
    assert list(zip(got.kpi, got.verdict, strict=True)) == [
        ("large_worse", "worse"),
        ("small_worse", "worse"),
        ("total", "wrong_way"),
        ("better", "better"),
        ("unsure", "cannot_tell"),
    ]


def test_a_move_away_from_0_is_a_move():
    """As returns that begin, or a margin that was lost: neither has a share of what it was."""
    card = pd.DataFrame(
        [
            {**standing("return_rate_value", "lower_is_better", 0.128), "value": 0.128},
            {**standing("stockout_rate", "lower_is_better", 0.0), "value": 0.0},
            {**standing("orders", "higher_is_better", None, unit="count"), "value": 5.0},
            {**standing("net_revenue", "higher_is_better", None, unit="currency"), "value": -5.0},
        ]
    ).assign(previous=0.0)
    got = overview.attention(card)
    assert list(zip(got.kpi, got.verdict, strict=True)) == [
        ("net_revenue", "wrong_way"),
        ("return_rate_value", "wrong_way"),
    ]


def test_no_verdict_contradicts_its_interval(card):
    for got in overview.attention(card).to_dict("records"):
        if got["verdict"] in {"worse", "better"}:
            assert got["change_low"] * got["change_high"] > 0


def test_the_interval_of_a_difference_counts_a_customer_once_over_both_periods():
    """By hand, over a month, too short to tell what moves weeks: the paired linearised error."""
    rng = np.random.default_rng(3)
    orders = shop(customers=60, n=6000).dropna(subset="customer_id").drop(columns="amount")
    lines = orders[["order_id"]].assign(line_id="1", quantity=1, list_price=20.0)
    lines["unit_price"] = 20 - np.round(rng.uniform(0, 8, len(lines)), 2)
    month = mk.periods(as_of="2026-01-01", period="1 month")
    with mk.open_data({"orders": orders, "order_lines": lines}) as data:
        card = overview.scorecard(data, periods=month, kpis=["discount_rate"], by_month=False)
    rows = lines.merge(orders, on="order_id")
    known = {}
    for year in (2024, 2025):
        at = (rows.ordered_at >= f"{year}-12-01") & (rows.ordered_at < f"{year + 1}-01-01")
        sums = rows[at].groupby("customer_id").agg(y=("unit_price", "sum"), x=("list_price", "sum"))
        sums["y"] = sums.x - sums.y
        ratio = sums.y.sum() / sums.x.sum()
        known[year] = ratio, (sums.y - ratio * sums.x) / sums.x.sum()
    apart = known[2025][1].sub(known[2024][1], fill_value=0)
    got = row(card, "discount_rate")
    assert got.change == pytest.approx(known[2025][0] - known[2024][0])
    half = 1.959964 * math.sqrt((apart**2).sum())
    assert (got.change - got.change_low) == pytest.approx(half, rel=1e-5)
    assert (got.change_high - got.change) == pytest.approx(half, rel=1e-5)


# --- months, channels and what is lacking


def test_months_stand_beside_those_of_the_year_before(data):
    got = overview.by_month("net_sales", data, periods=YEAR)
    assert len(got) == 12
    before = mk.compute(
        "net_sales", data, grain="month", start=YEAR.previous_start, end=YEAR.previous_end
    )
    assert got.previous.astype("float64").tolist() == pytest.approx(before.net_sales.tolist())


def test_months_before_the_data_are_not_zero(data):
    got = overview.by_month("net_sales", data, periods=mk.periods(as_of="2024-01-01"))
    assert got.value.gt(0).all()
    assert got.previous.isna().all()


def test_months_of_a_kpi_that_the_data_lack_are_none(data):
    assert overview.by_month("gross_margin_rate", data, periods=YEAR).empty


def test_a_month_of_which_the_period_holds_some_days_is_marked_and_not_in_the_trend(data):
    cut = mk.periods(as_of="2025-12-09", period="12 months")
    months = overview.by_month("orders", data, periods=cut)
    assert months.whole.tolist() == [False, *[True] * 11, False]
    assert months.value.notna().all()
    [trend] = overview.scorecard(data, periods=cut, kpis=["orders"]).trend
    assert [value is None for value in trend] == [True, *[False] * 11, True]
    assert overview.by_month("orders", data, periods=YEAR).whole.all()


def test_channels_of_a_period_without_orders_are_none(data):
    late = mk.periods(as_of="2030-01-01")
    got = overview.by_channel(["orders"], data, periods=late)
    assert (len(got), list(got)) == (0, ["channel", "orders"])
    lacking = overview.by_channel(["units_sold"], data, periods=YEAR)
    assert (len(lacking), list(lacking)) == (0, ["channel"])


def test_channels_are_ranked_and_add_up(data):
    got = overview.by_channel(["net_sales", "orders"], data, periods=YEAR)
    total = mk.compute("net_sales", data, start=YEAR.start, end=YEAR.end).net_sales.iloc[0]
    assert got.net_sales.is_monotonic_decreasing
    assert got.net_sales.sum() == pytest.approx(total)


def test_without_a_channel_there_is_one_row():
    data = mk.open_data({"orders": shop(n=200).drop(columns="channel")})
    got = overview.by_channel(["orders", "units_sold"], data, periods=YEAR)
    assert got.channel.isna().tolist() == [True]


def test_lacking_names_each_column_once_with_its_kpis(data):
    got = overview.lacking(data)
    assert got.missing.is_unique
    held = dict(zip(got.missing, got.kpis, strict=True))
    costs = [kpis for name, kpis in held.items() if "unit_cost" in name]
    assert costs
    assert any("gross_margin_rate" in kpis for kpis in costs)
    assert not any(kpis == [] for kpis in held.values())


def test_a_change_of_a_ratio_that_was_one_is_relative():
    """By hand: down = √(0.2² + (1.5 × 0.1)²) = 0.25, up the same."""
    now, before = (1.5, Interval(1.3, 1.7)), (1.0, Interval(0.9, 1.1))
    change, margins = overview._change("ratio", now, before)
    assert change == pytest.approx(0.5)
    assert margins == pytest.approx((0.25, 0.75))
    _, of_points = overview._change("fraction", now, before)
    assert of_points.low == pytest.approx(0.5 - (0.2**2 + 0.1**2) ** 0.5)
