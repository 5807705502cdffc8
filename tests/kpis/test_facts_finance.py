"""Facts of the shop's money through `compute`: by hand, from pandas, an engine, SQL; the demo."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marketing_kpi as mk
from marketing_kpi.data.demo import truth
from marketing_kpi.errors import ComputeError, MissingDataError

# ann, bob and cat; o4 is cancelled, o5 a fraud, o7 a test, o8 under way
ORDERS = [
    ("o1", "ann", "2025-01-10", "web", None, "delivered", "2025-01-12", False),
    ("o2", "bob", "2025-01-20", "store", "s1", "delivered", "2025-01-20", False),
    ("o3", "ann", "2025-01-30", "web", None, "delivered", None, False),
    ("o4", "cat", "2025-02-05", "web", None, "cancelled", None, False),
    ("o5", "cat", "2025-02-06", "web", None, "fraud", None, False),
    ("o6", None, "2025-02-10", "store", "s1", None, "2025-02-10", None),
    ("o7", "ann", "2025-02-15", "web", None, "delivered", "2025-02-15", True),
    ("o8", "bob", "2025-02-20", "web", None, "placed", None, False),
]
LINES = [
    ("o1", "1", "tent", 1.0, 100.0, 80.0),
    ("o1", "2", "rope", 2.0, 10.0, 10.0),
    ("o2", "1", "tent", 1.0, 100.0, 100.0),
    ("o3", "1", "rope", 5.0, 10.0, 8.0),
    ("o4", "1", "tent", 1.0, 100.0, 100.0),
    ("o5", "1", "tent", 1.0, 100.0, 100.0),
    ("o6", "1", "lamp", 2.0, None, 30.0),  # its list price is not known
    ("o7", "1", "tent", 1.0, 100.0, 100.0),
    ("o8", "1", "rope", 1.0, 10.0, 10.0),
]
RETURNS = [
    ("r1", "o1", "2", "2025-01-25", 10.0, "return", "size"),
    ("r2", "o2", None, "2025-02-03", 15.0, "allowance", "late"),
    ("r3", "o4", "1", "2025-02-08", 100.0, "return", "size"),  # of a cancelled order: nothing
    ("r4", None, None, "2025-02-01", 7.0, None, None),  # nobody knows of which order: counts
]
CHARGEBACKS = [
    ("b1", "o1", "2025-02-12", 100.0, "fraudulent", "lost"),
    ("b2", "o3", "2025-02-20", 40.0, "not_received", "won"),
    ("b3", "o5", "2025-02-21", 100.0, "fraudulent", "lost"),  # of a fraud: nothing
    ("b4", "o8", "2025-02-25", 10.0, "not_received", "open"),
    ("b5", "o1", "2025-03-02", 5.0, "fraudulent", "lost"),  # of an order disputed before
]
SHIPMENTS = [
    ("p1", "o3", "2025-02-02"),
    ("p2", "o3", "2025-02-04"),
    ("p3", "o8", "2025-02-22"),
    ("p4", "o8", None),  # under way
]
LEDGER = [
    ("2025-01-01", "revenue", 195.0),
    ("2025-02-01", "revenue", -22.0),
    ("2025-02-01", "refunds", 7.0),
]
NONE = float("nan")
YEAR = {"start": "2025-01-01", "end": "2026-01-01"}
MONTHS = {"grain": "month", "start": "2025-01-01", "end": "2025-04-01"}
FLOWS = [
    "net_revenue", "refund_rate", "allowances", "revenue_leakage", "booked_revenue",
    "recognised_revenue", "chargeback_rate", "chargeback_win_rate",
]  # fmt: skip


@pytest.fixture(scope="module")
def frames():
    def frame(rows, columns, *moments):
        table = pd.DataFrame(rows, columns=columns.split())
        return table.astype(dict.fromkeys(moments, "datetime64[us]"))

    return {
        "orders": frame(
            ORDERS,
            "order_id customer_id ordered_at channel store_id status recognised_at is_test",
            "ordered_at",
            "recognised_at",
        ),
        "order_lines": frame(
            LINES, "order_id line_id product_id quantity list_price unit_price"
        ),
        "returns": frame(
            RETURNS, "return_id order_id line_id returned_at refund_amount kind reason",
            "returned_at",
        ),
        "chargebacks": frame(
            CHARGEBACKS, "chargeback_id order_id opened_at amount reason outcome", "opened_at"
        ),
        "shipments": frame(SHIPMENTS, "shipment_id order_id delivered_at", "delivered_at"),
        "ledger": frame(LEDGER, "month account amount", "month"),
        "products": pd.DataFrame(
            {"product_id": ["tent", "rope", "lamp"], "category": ["camp", "climb", "camp"]}
        ),
        "contacts": pd.DataFrame({"customer_id": ["ann", "bob"], "region": ["QC", "IDF"]}),
        "stores": pd.DataFrame({"store_id": ["s1"], "store_type": ["outlet"], "region": ["QC"]}),
    }  # fmt: skip


@pytest.fixture(scope="module")
def till(frames, opened):
    return opened(frames)


@pytest.fixture(scope="module")
def numbers(table):
    def values(kpi, data, **question):
        return table(kpi, data, **question)[kpi].astype(float).tolist()

    return values


@pytest.mark.parametrize(
    ("kpi", "months"),
    [
        ("booked_revenue", [100 + 100 + 40, 100 + 60 + 10, 0]),  # o4 was booked, then cancelled
        ("net_revenue", [240 - 10, 70 - 22 - 100, -5]),
        ("recognised_revenue", [200 - 10, 40 + 60 - 22 - 100, -5]),  # o3 in February, o8 not yet
        ("allowances", [0, 15, 0]),
        ("refund_rate", [10 / 240, 22 / 70, NONE]),
        ("revenue_leakage", [30 + 10, 22 + 100, 5]),
        ("chargeback_rate", [2 / 3, 1 / 2, NONE]),  # o1 and o3; o8
        ("chargeback_win_rate", [NONE, 1 / 2, 0]),
        ("reconciliation_gap", [5, 0, NONE]),  # the ledger says nothing of March
    ],
)
def test_months_by_hand(till, kpi, months, numbers):
    assert numbers(kpi, till, **MONTHS) == pytest.approx(months, rel=1e-12, nan_ok=True)


def test_a_month_of_the_ledger_without_any_sale_is_all_gap(frames, opened, table):
    late = pd.DataFrame(
        {"month": pd.to_datetime(["2025-09-01"]), "account": "revenue", "amount": 12.5}
    )
    books = opened({**frames, "ledger": pd.concat([frames["ledger"], late])})
    found = table("reconciliation_gap", books, start="2025-09-01", end="2025-10-01")
    assert found.reconciliation_gap.astype(float).tolist() == [12.5]


def test_a_year_by_hand(till, table):
    row = table([*FLOWS, "reconciliation_gap"], till, **YEAR).iloc[0].astype(float)
    assert row.net_revenue == 230 - 52 - 5
    assert row.chargeback_rate == 3 / 5  # an order disputed twice is one
    assert row.chargeback_win_rate == pytest.approx(1 / 3)
    assert row.reconciliation_gap == 5  # March, of which the ledger says nothing, is not in it


def test_leakage_by_cause_and_reason_by_hand(till, table):
    found = table("revenue_leakage", till, by="cause", **YEAR).set_index("cause")
    assert found.revenue_leakage.to_dict() == {
        "discount": 30, "return": 17, "allowance": 15, "chargeback": 105,
    }  # fmt: skip
    reasons = table(
        "revenue_leakage", till, by="reason", filters={"cause": "chargeback"}, **YEAR
    ).set_index("reason")
    assert reasons.revenue_leakage.to_dict() == {"fraudulent": 105}


@pytest.mark.parametrize("by", ["region", "store_type", "category"])
def test_a_dimension_parts_the_whole(till, by, table):
    kpis = ["net_revenue", "recognised_revenue", "revenue_leakage"]
    parts = table(kpis, till, by=by, **YEAR)[kpis].astype(float).sum()
    assert parts.tolist() == pytest.approx([230 - 52 - 5, 190 - 22 - 5, 167])


def test_a_dispute_is_of_its_order_and_of_no_product(till, table):
    by_channel = table("net_revenue", till, by="channel", **YEAR).set_index("channel").net_revenue
    assert by_channel["web"] == 100 + 40 + 10 - 10 - 105
    assert by_channel["store"] == 100 + 60 - 15
    by_product = table("net_revenue", till, by="product_id", **YEAR).set_index("product_id")
    assert by_product.net_revenue["tent"] == 180
    nowhere = by_product.net_revenue[by_product.index.isna()].iloc[0]
    assert nowhere == -(15 + 7 + 105)


@pytest.mark.parametrize("bad", [{"grain": "week"}, {"grain": "day"}])
def test_the_ledger_is_not_cut_below_a_month(till, bad):
    with pytest.raises(ComputeError, match="only known by month"):
        mk.compute("reconciliation_gap", till, **bad, **YEAR)
    with pytest.raises(ComputeError, match="end == 2025-03-15 cuts one"):
        mk.compute("reconciliation_gap", till, start="2025-01-01", end="2025-03-15")


@pytest.mark.parametrize(
    ("without", "kpi", "named"),
    [
        ("chargebacks", "net_revenue", "chargebacks.amount"),
        ("returns", "refund_rate", "returns.refund_amount"),
        ("ledger", "reconciliation_gap", "ledger.amount"),
        ("chargebacks", "chargeback_rate", "chargebacks.order_id"),
    ],
)
def test_what_the_data_do_not_tell_is_refused_and_not_taken_for_nothing(
    frames, without, kpi, named
):
    kept = {name: frame for name, frame in frames.items() if name != without}
    with mk.open_data(kept) as data, pytest.raises(MissingDataError, match=named):
        mk.compute(kpi, data, **YEAR)


def test_an_empty_table_of_disputes_says_that_there_were_none(frames, numbers):
    none = frames["chargebacks"].iloc[:0]
    with mk.open_data({**frames, "chargebacks": none}) as data:
        assert numbers("net_revenue", data, **YEAR) == [310 - 32]
        assert np.isnan(numbers("chargeback_win_rate", data, **YEAR)).all()
        assert numbers("chargeback_rate", data, **YEAR) == [0]


def test_a_shop_without_dates_of_revenue_takes_the_delivery(frames, numbers):
    orders = frames["orders"].drop(columns="recognised_at")
    with mk.open_data({**frames, "orders": orders}) as data:
        assert numbers("recognised_revenue", data, **YEAR) == [40 - 32 - 105]
    bare = {name: frame for name, frame in frames.items() if name != "shipments"}
    with (
        mk.open_data({**bare, "orders": orders}) as data,
        pytest.raises(MissingDataError, match=r"orders\.recognised_at or shipments"),
    ):
        mk.compute("recognised_revenue", data, **YEAR)


@pytest.mark.parametrize("question", [{}, {"by": ["channel"]}, {"grain": "month"}])
def test_the_sql_run_outside_gives_the_same(frames, tmp_path, question):
    for name, frame in frames.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    with mk.open_data(str(tmp_path)) as data:
        query = mk.sql(FLOWS, data, **question, **YEAR)
        expected = mk.compute(FLOWS, data, **question, **YEAR).to_pandas()
    with duckdb.connect() as outside:
        found = outside.execute(query).df()
    same = [found, expected]
    same = [frame.astype(dict.fromkeys(FLOWS, float)) for frame in same]
    pd.testing.assert_frame_equal(*same, check_dtype=False, rtol=1e-12)


def test_the_order_of_rows_changes_nothing_and_another_currency_money_alone(frames, table):
    mixed = {name: frame.sample(frac=1, random_state=3) for name, frame in frames.items()}
    scaled = {name: frame.copy() for name, frame in frames.items()}
    money = {
        "order_lines": ["list_price", "unit_price"], "returns": ["refund_amount"],
        "chargebacks": ["amount"],
    }  # fmt: skip
    for name, columns in money.items():
        scaled[name][columns] *= 10
    rows = []
    for tables in (frames, mixed, scaled):
        with mk.open_data(tables) as data:
            rows.append(table(FLOWS, data, **YEAR).iloc[0].to_numpy(float))
    dictionary = mk.dictionary()
    factors = [10 if dictionary[kpi].unit == "currency" else 1 for kpi in FLOWS]
    assert rows[1].tolist() == rows[0].tolist()
    np.testing.assert_allclose(rows[2], rows[0] * factors, rtol=1e-12)


def with_deductions(frames, seed):
    """Return a random shop with allowances among its returns, and disputes of its orders."""
    rng = np.random.default_rng(seed)
    returns, orders = frames["returns"], frames["orders"]
    disputed = orders.sample(20, random_state=seed)
    days = pd.to_timedelta(rng.integers(10, 60, len(disputed)), "D")
    return {
        **frames,
        "returns": returns.assign(
            kind=rng.choice(["return", "allowance", None], len(returns)),
            refund_amount=rng.integers(1, 5000, len(returns)) / 100,
        ),
        "chargebacks": pd.DataFrame(
            {
                "chargeback_id": [f"b{n}" for n in range(len(disputed))],
                "order_id": disputed["order_id"].to_numpy(),
                "opened_at": (disputed["ordered_at"] + days).to_numpy(),
                "amount": rng.integers(1, 9000, len(disputed)) / 100,
                "outcome": rng.choice(["won", "lost", "open", None], len(disputed)),
            }
        ),
    }


def by_pandas(frames):
    """Return figures of all the data worked in pandas, straight from their definitions."""
    orders = frames["orders"]
    refused = orders["status"].isin(["cancelled", "fraud"]) | orders["is_test"].eq(True)
    valid = orders["order_id"][~refused]
    lines, back, disputes = (
        frames[name][frames[name]["order_id"].isin(valid)]
        for name in ("order_lines", "returns", "chargebacks")
    )
    net = (lines["quantity"] * lines["unit_price"]).sum()
    gross = (lines["quantity"] * lines["list_price"]).sum()
    lost = disputes["amount"][disputes["outcome"] == "lost"].sum()
    left = net - back["refund_amount"].sum() - lost
    decided = disputes["outcome"].isin(["won", "lost"]).sum()
    return {
        "net_revenue": left,
        "refund_rate": back["refund_amount"].sum() / net,
        "allowances": back["refund_amount"][back["kind"] == "allowance"].sum(),
        "revenue_leakage": gross - left,
        "chargeback_rate": len(disputes) / len(valid),
        "chargeback_win_rate": (disputes["outcome"] == "won").sum() / decided,
    }


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_random_shops_add_up_and_agree_with_pandas(shop, seed):
    frames = with_deductions(shop(seed), seed)
    money = ["net_revenue", "allowances", "revenue_leakage"]
    expected = by_pandas(frames)
    with mk.open_data(frames) as data:
        whole = mk.compute([*expected], data).iloc[0]
        parts = [
            mk.compute(money, data, by="channel"),
            mk.compute(money, data, by=["product_id", "source"], grain="month"),
        ]
    assert whole.to_dict() == pytest.approx(expected, rel=1e-9, nan_ok=True)
    for part in parts:
        np.testing.assert_allclose(part[money].sum(), whole[money].astype(float), rtol=1e-9)


# --- What customers keep bringing -----------------------------------------------------------

BOUGHT = [
    ("1", "ann", "2024-01-03", 100.0),
    ("2", "bob", "2024-05-01", 200.0),
    ("3", "dan", "2024-12-31", 100.0),
    ("4", "eve", "2024-06-01", 50.0),
    ("5", "ann", "2025-01-01", 150.0),
    ("6", "bob", "2025-05-01", 120.0),
    ("7", "cat", "2025-12-28", 80.0),
    ("8", "eve", "2025-06-01", 30.0),
    ("9", None, "2025-06-01", 500.0),
]


@pytest.fixture(params=["pandas", "engine"])
def customers(request, tmp_path):
    orders = pd.DataFrame(BOUGHT, columns=["order_id", "customer_id", "ordered_at", "amount"])
    frames = {
        "orders": orders.assign(channel="web").astype({"ordered_at": "datetime64[us]"}),
        "returns": pd.DataFrame(
            {
                "return_id": ["r1", "r2"],
                "order_id": ["6", "4"],
                "customer_id": [None, "eve"],  # bob is known by his order
                "returned_at": pd.to_datetime(["2025-05-20", "2024-06-10"]),
                "refund_amount": [20.0, 50.0],  # eve gave everything back, and is no base
            }
        ),
        "chargebacks": pd.DataFrame(
            {
                "chargeback_id": ["b"],
                "order_id": ["5"],
                "opened_at": pd.to_datetime(["2025-02-01"]),
                "amount": [30.0],
                "outcome": ["lost"],
            }
        ),
    }
    if request.param == "engine":
        for name, frame in frames.items():
            frame.to_parquet(tmp_path / f"{name}.parquet")
    with mk.open_data(frames if request.param == "pandas" else str(tmp_path)) as data:
        yield data


RETENTION = ["net_revenue_retention", "gross_revenue_retention"]


def test_retained_revenue_by_hand(customers, table):
    row = table(RETENTION, customers, **YEAR).iloc[0]
    assert row.net_revenue_retention == (120 + 100 + 0) / 400  # ann, bob, dan
    assert row.gross_revenue_retention == (100 + 100 + 0) / 400
    by_year = table(RETENTION, customers, grain="year", **YEAR)
    assert by_year[RETENTION].iloc[0].tolist() == row.tolist()


def test_retained_revenue_is_not_told_of_data_that_begin_too_late(customers, numbers):
    early = {"start": "2024-06-01", "end": "2025-06-01"}
    assert np.isnan(numbers("net_revenue_retention", customers, **early)).all()
    assert "2023-06-01" in mk.explain("net_revenue_retention", customers, **early)


def test_retained_revenue_by_channel_and_in_sql(customers, table):
    by_channel = table(RETENTION, customers, by="channel", **YEAR).set_index("channel")
    assert by_channel.loc["web"].tolist() == [220 / 400, 200 / 400]
    query = mk.sql(RETENTION, customers, **YEAR)
    with duckdb.connect() as outside:
        for name, canonical in customers.tables.items():
            outside.register(name, canonical.to_pyarrow())
        (row,) = outside.execute(query).fetchall()
    assert row == (220 / 400, 200 / 400)


# --- The demo, whose truth is known ---------------------------------------------------------


@pytest.fixture(scope="module")
def demo():
    with mk.demo() as data:
        yield data


DEMO = {"start": "2023-01-01", "end": "2026-01-01"}


def test_the_gaps_of_the_ledger_are_those_of_the_truth(demo, table):
    found = table("reconciliation_gap", demo, grain="month", **DEMO)
    gaps = dict.fromkeys(found["period"].astype("datetime64[us]"), 0.0)
    for gap in truth()["ledger"]["gaps"]:
        sign = 1 if gap["account"] == "revenue" else -1
        gaps[pd.Timestamp(gap["month"])] += sign * gap["amount"]
    assert found["reconciliation_gap"].astype(float).tolist() == [*gaps.values()]


def test_gross_sales_are_net_revenue_and_leakage(demo, table):
    names = ["gross_sales", "net_revenue", "revenue_leakage"]
    found = table(names, demo, by="channel", grain="quarter", **DEMO)[names].astype(float)
    np.testing.assert_allclose(
        found.gross_sales, found.net_revenue + found.revenue_leakage, rtol=1e-12
    )


def test_disputes_are_those_of_the_truth_within_chance(demo, numbers, table):
    known = truth()["chargebacks"]
    online = table("chargeback_rate", demo, filters={"channel": ["web", "app"]}, **DEMO)
    orders = table("orders", demo, filters={"channel": ["web", "app"]}, **DEMO).orders.iloc[0]
    expected = known["share_of_online_orders"]
    assert abs(online.chargeback_rate.iloc[0] - expected) < 3 * (expected / orders) ** 0.5
    win = known["win_probability"]
    decided = demo.chargebacks.filter(demo.chargebacks.outcome.isin(["won", "lost"]))
    valid = demo.orders.filter(demo.orders.status == "delivered")
    decided = decided.semi_join(valid, "order_id").count().execute()
    assert (
        abs(numbers("chargeback_win_rate", demo, **DEMO)[0] - win)
        < 3 * (win * (1 - win) / decided) ** 0.5
    )


def test_growth_is_between_net_and_gross_retention(demo, table):
    row = table(RETENTION, demo, start="2025-01-01", end="2026-01-01").iloc[0]
    assert 0 < row.gross_revenue_retention < row.net_revenue_retention < 1.5
    assert row.gross_revenue_retention < 1
