"""A credit entered as an order is no purchase: every page of a report shows the same counts."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import marketing_kpi as mk
from marketing_kpi import clv, retention, rfm, voice

START, END = pd.Timestamp("2024-07-01"), pd.Timestamp("2025-07-01")
PERIOD = {"start": "2024-07-01", "end": "2025-07-01"}
BEGINS = pd.Timestamp("2023-07-01")


def orders_of_a_shop(seed=4):
    """Return two years of orders: credits, orders of 0, and some who only have a credit."""
    rng = np.random.default_rng(seed)
    rows = []
    for n in range(120):
        for _ in range(rng.integers(1, 9)):
            amount = rng.choice(
                [0.0, 20.0, 35.5, 80.25, -20.0, -35.5], p=[0.05, 0.3, 0.3, 0.2, 0.1, 0.05]
            )
            rows.append((f"C{n}", int(rng.integers(0, 731)), amount, rng.choice(["web", "store"])))
    rows += [(f"X{n}", int(rng.integers(0, 731)), -12.0, "store") for n in range(10)]
    rows += [("Z", day, 10.0, "web") for day in range(0, 731, 30)]
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "amount", "channel"])
    frame["ordered_at"] = (BEGINS + pd.to_timedelta(frame.pop("day"), unit="D")).astype(
        "datetime64[us]"
    )
    return frame.assign(order_id=[f"O{n}" for n in range(len(frame))])


ORDERS = orders_of_a_shop()
IN_YEAR = ORDERS[(ORDERS.ordered_at >= START) & (ORDERS.ordered_at < END)]
BOUGHT = IN_YEAR[IN_YEAR.amount >= 0]
EACH = BOUGHT.groupby("customer_id").order_id.nunique()


@pytest.fixture(params=["pandas", "engine"])
def data(request, tmp_path_factory):
    if request.param == "pandas":
        with mk.open_data({"orders": ORDERS}) as opened:
            yield opened
        return
    folder = tmp_path_factory.mktemp("credits")
    ORDERS.to_parquet(folder / "orders.parquet")
    with mk.open_data(str(folder)) as opened:
        yield opened


def plain(table):
    return table if isinstance(table, pd.DataFrame) else table.to_pandas()


def kpis(data, *names):
    return plain(mk.compute([*names], data, **PERIOD)).iloc[0]


def test_counts_leave_credits_out_and_money_keeps_them(data):
    row = kpis(data, "orders", "buyers", "net_sales", "average_order_value", "purchase_frequency")
    assert (row.orders, row.buyers) == (len(BOUGHT), len(EACH))
    assert row.net_sales == pytest.approx(IN_YEAR.amount.sum())
    assert row.average_order_value == pytest.approx(IN_YEAR.amount.sum() / len(BOUGHT))
    assert row.average_order_value * row.orders == pytest.approx(row.net_sales)
    assert row.purchase_frequency == pytest.approx(EACH.mean())


def test_the_simple_formula_has_the_numbers_of_the_kpis(data):
    row = kpis(data, "average_order_value", "purchase_frequency", "attrition_rate")
    found = clv.simple(data, **PERIOD, margin_rate=0.4)
    assert found.average_order_value == pytest.approx(row.average_order_value)
    assert found.yearly_frequency == pytest.approx(row.purchase_frequency)
    assert found.lifespan_years == pytest.approx(1 / row.attrition_rate)
    assert found.retention == pytest.approx(1 - row.attrition_rate)


def test_attrition_is_the_kpi(data):
    row = kpis(data, "attrition_rate")
    before = ORDERS[(ORDERS.amount >= 0) & (ORDERS.ordered_at < START)].customer_id.unique()
    kept = set(before) & {*EACH.index}
    found = plain(clv.attrition(data.orders, **PERIOD)).iloc[0]
    assert (found.active, found.lost) == (len(before), len(before) - len(kept))
    assert found.rate == pytest.approx(row.attrition_rate)
    known = clv.attrition(ORDERS.drop(columns="amount"), **PERIOD).iloc[0]
    assert known.active > found.active  # nothing tells a credit


def test_a_refund_keeps_nobody_active():
    shop_open = [("Z", day, 1.0) for day in pd.date_range("2023-01-01", "2025-01-01", freq="5D")]
    rows = [
        *shop_open,
        ("A", pd.Timestamp("2023-06-01"), 50.0),
        ("A", pd.Timestamp("2024-06-01"), -50.0),
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"])
    found = clv.attrition(frame, start="2024-01-01", end="2025-01-01").iloc[0]
    assert (found.active, found.lost) == (2, 1)


def test_the_frequency_of_twelve_months_is_the_kpi(data):
    found = plain(clv.frequency_by_window(data.orders, end="2025-07-01", months=[12])).iloc[0]
    assert (found.buyers, found.orders) == (len(EACH), len(BOUGHT))


def test_the_interval_of_the_simple_formula_has_the_person_as_the_unit():
    """That of net sales a buyer, with what people were credited who bought nothing."""
    spent = IN_YEAR.groupby("customer_id").amount.sum()
    buys = spent.index.isin(EACH.index)
    people, mean = len(spent), spent.sum() / buys.sum()
    away = spent - mean * buys
    error = np.sqrt((away**2).sum() * people / (people - 1)) / buys.sum() / mean
    from marketing_kpi.worth.averages import _bought

    with mk.open_data({"orders": ORDERS}) as opened:
        found = _bought(opened, dt.date(2024, 7, 1), dt.date(2025, 7, 1))
    assert people > buys.sum()
    assert found.relative_error == pytest.approx(error)


def test_what_customers_brought_counts_their_purchases(data):
    found = plain(clv.historical(data, as_of="2025-07-02")).sort_values("customer_id")
    ever = ORDERS[ORDERS.amount >= 0].groupby("customer_id")
    assert found.customer_id.tolist() == sorted(ever.groups)
    assert found.orders.tolist() == ever.order_id.nunique().sort_index().tolist()
    first = ever.ordered_at.min().sort_index()
    assert pd.to_datetime(found.first_order).tolist() == first.tolist()
    net = ORDERS[ORDERS.customer_id.isin(ever.groups)].amount.sum()
    assert found.revenue.sum() == pytest.approx(net)


def test_channels_and_survey_reach_count_purchases(data):
    found = voice.omnichannel(data, **PERIOD)
    channels = BOUGHT.groupby("customer_id").channel.nunique()
    assert found.customers.tolist() == [(channels == 1).sum(), (channels == 2).sum()]
    assert (found.customers * found.orders_per_customer).sum() == pytest.approx(len(BOUGHT))
    net = IN_YEAR[IN_YEAR.customer_id.isin(channels.index)].amount.sum()
    assert (found.customers * found.net_sales_per_customer).sum() == pytest.approx(net)
    assert kpis(data, "omnichannel_share").item() == pytest.approx((channels == 2).mean())
    assert voice.omnichannel_gap(data, **PERIOD).share == pytest.approx((channels == 2).mean())
    assert voice.reach(data, question="nps", **PERIOD).buyers == len(EACH)


def test_retention_and_rfm_count_the_same(data):
    found = retention.loyalty(data, **PERIOD).set_index("kpi")
    assert found.value["purchase_frequency"] == pytest.approx(EACH.mean())
    assert found.value["repeat_purchase_rate"] == pytest.approx((EACH >= 2).mean())
    scored = plain(rfm.summary(data.orders, as_of="2025-07-01", since="2024-07-01"))
    assert scored.frequency.sum() == len(BOUGHT)


def test_one_time_customers_are_those_of_one_purchase():
    rows = [("A", 1, 20.0), ("A", 40, 30.0), ("B", 2, 20.0), ("B", 9, -20.0), ("D", 3, 0.0)]
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "amount"])
    frame["ordered_at"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(frame.pop("day"), unit="D")
    frame["order_id"] = [f"O{n}" for n in range(len(frame))]
    spend = pd.DataFrame(
        {
            "spend_id": ["1"],
            "at": pd.to_datetime(["2025-01-02"]),
            "amount": [90.0],
            "purpose": ["acquisition"],
        }
    )
    with mk.open_data({"orders": frame, "marketing_spend": spend}) as opened:
        found = clv.acquisition(
            opened, start="2025-01-01", end="2025-02-01", as_of="2025-06-01", by=None
        )
    assert found.one_time.tolist() == pytest.approx([2 / 3])


def test_units_of_a_credit_are_not_sold():
    """Two orders of 2 units at 10, a credit of 1 at -10: 4 units sold, 2 an order, 7.50 each."""
    orders = pd.DataFrame(
        {"order_id": ["1", "2", "3"], "ordered_at": pd.to_datetime(["2025-03-01"] * 3)}
    )
    lines = pd.DataFrame(
        {
            "order_id": ["1", "2", "3"],
            "line_id": ["1", "1", "1"],
            "quantity": [2, 2, 1],
            "unit_price": [10.0, 10.0, -10.0],
        }
    )
    ids = ["units_sold", "units_per_transaction", "average_selling_price", "net_sales"]
    with mk.open_data({"orders": orders, "order_lines": lines}) as data:
        found = mk.compute(ids, data).iloc[0]
    assert found.tolist() == [4, 2.0, 7.5, 30.0]
