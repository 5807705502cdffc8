"""Figures of a small shop, each worked by hand, and what the engine refuses."""

import datetime as dt
import json
import sys
from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pytest

import marketing_kpi as mk
from marketing_kpi import rfm
from marketing_kpi.errors import ComputeError, ConfigError, DictionaryError, MissingDataError
from marketing_kpi.kpis.compute import extent, missing_columns
from marketing_kpi.kpis.dictionary import Dictionary, load
from marketing_kpi.kpis.facts import FACTS
from marketing_kpi.kpis.formulas import ratio

from .of_orders import IDS as ALL

YEAR = {"start": "2024-01-01", "end": "2025-01-01"}


def value(kpi, data, **question):
    """Return the one value of a KPI, null as None."""
    frame = mk.compute(kpi, data, **question)
    assert frame.shape == (1, 1)
    found = frame[kpi].iloc[0]
    return None if pd.isna(found) else found


def cells(kpi, data, by, **question):
    """Return a KPI by the values of one key, nulls as None."""
    frame = mk.compute(kpi, data, by=by, **question)
    keys = [None if pd.isna(key) else key for key in frame[by]]
    return {k: None if pd.isna(v) else v for k, v in zip(keys, frame[kpi], strict=True)}


# Valid orders of 2024: o1 (2 mugs at 10, a tea at 15), o2 (a mug at 8), o3 (4 teas at 20),
# o4 (a pot at 37, nobody's). A tea without a cost of its own costs 10, a pot nobody knows.
@pytest.mark.parametrize(
    ("kpi", "expected"),
    [
        ("orders", 4),
        ("buyers", 2),
        ("units_sold", 2 + 1 + 1 + 4 + 1),
        ("net_sales", 35 + 8 + 80 + 37),
        ("average_order_value", 160 / 4),
        ("units_per_transaction", 9 / 4),
        ("average_selling_price", 160 / 9),
        ("gross_sales", 40 + 10 + 80 + 40),  # the pot at the list price of its product
        ("discount_rate", (170 - 160) / 170),
        ("cost_of_goods_sold", 8 + 9 + 4 + 40),
        ("gross_profit", (35 - 17) + (8 - 4) + (80 - 40)),
        ("gross_margin_rate", 62 / 123),  # the pot on neither side
        ("markup_rate", 62 / 61),
        ("return_rate_units", 1 / 9),
        ("return_rate_value", 10 / 160),
        ("repeat_purchase_rate", 1 / 2),  # ann twice, bob once
        ("purchase_frequency", 3 / 2),
        ("historical_cltv", (115 + 8) / 2),
        ("top_customers_share", 115 / 123),  # one of two customers
    ],
)
def test_a_year_by_hand(by_hand, kpi, expected):
    assert value(kpi, by_hand, **YEAR) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2024-01-01", "2024-07-01", 2),  # the order of 30 June, 23:59, not that of 1 July, 0:00
        ("2024-07-01", "2025-01-01", 2),
        (None, "2024-07-01", 2),
        ("2024-07-01", None, 4),
        (None, None, 6),
        (dt.date(2025, 1, 1), pd.Timestamp("2025-01-02"), 1),
        ("2026-01-01", "2027-01-01", 0),
    ],
)
def test_start_counts_and_end_does_not(by_hand, start, end, expected):
    assert value("orders", by_hand, start=start, end=end) == expected


# Active in the 365 days to 2025-01-01: ann (o3), bob (o2); to 2025-07-01: ann (o6), cat (o5), and
# bob no longer (o2 was on 30 June 2024, one day too early).
def test_attrition_and_retention_by_hand(by_hand):
    half = {"start": "2025-01-01", "end": "2025-07-01"}
    assert value("attrition_rate", by_hand, **half) == 1 / 2
    assert value("retention_rate", by_hand, **half) == 1 / 2
    assert value("customer_lifespan", by_hand, **half) == 6 / 0.5
    to_june_30 = {"start": "2025-01-01", "end": "2025-06-30"}
    assert value("attrition_rate", by_hand, **to_june_30) == 0
    assert value("customer_lifespan", by_hand, **to_june_30) is None


def test_too_short_a_history_gives_null_and_explain_says_so(by_hand):
    early = {"start": "2024-12-30", "end": "2025-03-01"}  # needs orders from 2023-12-31 on
    assert value("retention_rate", by_hand, **early) is None
    assert mk.explain("customer_lifespan", by_hand, **early) == (
        "attrition_rate needs orders from 2023-12-31 on; these data begin on 2024-01-08"
    )
    # a day later, the first order is a week after the day from which orders are needed
    known = {"start": "2024-12-31", "end": "2025-03-01"}
    assert mk.explain("retention_rate", by_hand, **known) is None
    assert value("retention_rate", by_hand, **known) is not None
    months = {"start": "2024-12-01", "end": "2025-03-01"}
    monthly = mk.compute("retention_rate", by_hand, grain="month", **months)
    assert monthly["retention_rate"].isna().tolist() == [True, False, False]


def test_a_cell_without_sales_is_0_for_sums_and_null_for_ratios(by_hand):
    frame = mk.compute(ALL, by_hand, start="2026-01-01", end="2026-02-01")
    empty = frame.iloc[0].dropna()
    additive = {"orders", "buyers", "units_sold", "net_sales", "gross_sales"}
    additive |= {"cost_of_goods_sold", "gross_profit", "booked_revenue"}
    assert {name for name, found in empty.items() if found == 0} == additive
    # who was active until then is not known, but what was bought until then is
    of_the_past = {name: found for name, found in empty.items() if name not in additive}
    assert of_the_past == {"historical_cltv": pytest.approx((115 + 30 + 8 + 30) / 3)}


def test_data_that_end_before_the_period_tell_no_retention(by_hand):
    """Customers of whom the extract says nothing more are not lost."""
    late = {"start": "2025-01-01", "end": "2025-07-05"}  # the data end on 26 June
    assert value("retention_rate", by_hand, **late) is None
    assert mk.explain("customer_lifespan", by_hand, **late) == (
        "attrition_rate needs orders until 2025-07-05; these data end on 2025-06-26"
    )
    known = {"start": "2025-01-01", "end": "2025-07-04"}
    assert mk.explain("retention_rate", by_hand, **known) is None
    assert value("retention_rate", by_hand, **known) is not None
    months = {"start": "2025-06-01", "end": "2025-09-01"}
    monthly = mk.compute("retention_rate", by_hand, grain="month", **months)
    assert monthly["retention_rate"].isna().tolist() == [False, True, True]


def days_of(*ranges):
    """Make an order a day, of ten customers, over ranges of days."""
    days = pd.DatetimeIndex([]).append([pd.date_range(*ends) for ends in ranges])
    return pd.DataFrame(
        {
            "order_id": [str(n) for n in range(len(days))],
            "customer_id": [f"C{n % 10}" for n in range(len(days))],
            "ordered_at": days,
            "amount": 1.0,
        }
    )


@pytest.mark.parametrize("junk", ["2026-01-01", "2026-02-03", "2027-05-05", "2099-12-31"])
def test_an_order_of_the_future_does_not_prove_that_the_data_reach_the_end(junk):
    shop = {"orders": days_of(("2023-06-01", "2025-07-30"), (junk, junk))}
    year = {"start": "2025-01-01", "end": "2026-01-01"}
    assert value("retention_rate", shop, **year) is None
    assert mk.explain("retention_rate", shop, **year) == (
        "retention_rate needs orders until 2026-01-01; these data end on 2025-07-30"
    )
    quarters = mk.compute("retention_rate", shop, grain="quarter", **year)
    assert quarters["retention_rate"].isna().tolist() == [False, False, True, True]


@pytest.mark.parametrize("junk", [("1900-01-01", "1900-01-01"), ("1969-12-31", "1970-01-01")])
def test_an_order_of_long_before_does_not_prove_that_the_data_reach_back(junk):
    shop = {"orders": days_of(junk, ("2025-07-01", "2025-12-31"))}
    year = {"start": "2025-01-01", "end": "2026-01-01"}
    assert value("retention_rate", shop, **year) is None
    assert mk.explain("retention_rate", shop, **year).endswith("these data begin on 2025-07-01")
    months = mk.compute("retention_rate", shop, grain="month", **year)
    assert months["retention_rate"].isna().all()


def test_a_year_without_orders_is_not_yet_a_break():
    with mk.open_data({"orders": days_of(["2023-12-31"] * 2, ["2024-12-30"] * 2)}) as data:
        assert extent(data) == (dt.date(2023, 12, 31), dt.date(2024, 12, 30))
        assert extent(data, before=dt.date(2024, 12, 30)) == (dt.date(2023, 12, 31),) * 2
        assert extent(data, before=dt.date(2023, 12, 31)) == (None, None)
    with mk.open_data({"orders": days_of(["2023-12-31"] * 2, ["2024-12-31"] * 2)}) as data:
        assert extent(data) == (dt.date(2024, 12, 31),) * 2


def test_a_sum_of_unknown_values_is_null_not_0(by_hand):
    assert cells("cost_of_goods_sold", by_hand, "product_id", **YEAR) == {
        "mug": 12,
        "pot": None,
        "tea": 49,
    }


def test_no_return_in_a_cell_is_a_rate_of_0_and_no_sale_null(by_hand):
    rates = cells("return_rate_units", by_hand, "channel", **YEAR)
    assert rates == {"store": 1 / 6, "web": 0}  # the mug bought on the web came back to a store
    assert cells("return_rate_units", by_hand, "product_id", start="2025-01-01")["mug"] == 0
    # o3 was sold in a store; its return of 2025 does not say where, so it is the store's
    back = cells("return_rate_value", by_hand, "channel", start="2025-01-01", end="2026-01-01")
    assert back == {"store": None, "web": 7 / 60}


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("channel", {"store": 125, "web": 35}),
        ("category", {"food": 95, "ware": 65}),
        ("brand", {"A": 65, "B": 95}),
        ("promotion_id", {"sale": 23, None: 137}),
        ("region", {"QC": 115, "IDF": 8, None: 37}),
        ("customer_region", {"QC": 115, "IDF": 8, None: 37}),
        ("store_region", {"QC": 72, "ARA": 88}),
        ("store_type", {"a": 72, "b": 88}),
        ("vip", {"y": 115, "n": 8, None: 37}),  # a column of the data's own
    ],
)
def test_dimensions_of_every_table(by_hand, by, expected):
    assert cells("net_sales", by_hand, by, **YEAR) == expected


def test_a_customer_of_two_channels_counts_in_each(by_hand):
    assert cells("buyers", by_hand, "channel", **YEAR) == {"store": 2, "web": 1}
    assert cells("repeat_purchase_rate", by_hand, "channel", **YEAR) == {"store": 0, "web": 0}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"channel": "web"}, 35),
        ({"channel": ["web", "app"]}, 35),
        ({"region": None}, 37),
        ({"region": ["QC", None]}, 152),
        ({"channel": ["store"], "category": ["food"]}, 80),
        ({"vip": ("y",)}, 115),
    ],
)
def test_filters_keep_the_values_wanted(by_hand, filters, expected):
    assert value("net_sales", by_hand, filters=filters, **YEAR) == expected


@pytest.mark.parametrize(
    ("grain", "start", "end", "firsts"),
    [
        ("day", "2024-12-31", "2025-01-02", ["2024-12-31", "2025-01-01"]),
        # 1 January 2025 is a Wednesday
        ("week", "2025-01-01", "2025-01-14", ["2024-12-30", "2025-01-06", "2025-01-13"]),
        ("month", "2024-12-15", "2025-02-01", ["2024-12-01", "2025-01-01"]),
        ("quarter", "2024-06-30", "2025-01-01", ["2024-04-01", "2024-07-01", "2024-10-01"]),
        ("year", "2024-01-01", "2026-01-01", ["2024-01-01", "2025-01-01"]),
    ],
)
def test_every_period_of_the_range_has_its_row(by_hand, grain, start, end, firsts):
    frame = mk.compute(
        ["orders", "average_order_value"], by_hand, grain=grain, start=start, end=end
    )
    assert frame["period"].dt.strftime("%Y-%m-%d").tolist() == firsts
    assert frame["orders"].sum() == value("orders", by_hand, start=start, end=end)
    assert frame["average_order_value"].isna().tolist() == (frame["orders"] == 0).tolist()
    assert frame["orders"].dtype == "int64"


def test_with_dimensions_only_cells_with_data_have_a_row(by_hand):
    frame = mk.compute("orders", by_hand, by="channel", grain="quarter", **YEAR)
    found = list(frame.itertuples(index=False, name=None))
    day = pd.Timestamp
    assert found == [
        (day("2024-01-01"), "web", 1),
        (day("2024-04-01"), "store", 1),
        (day("2024-07-01"), "store", 1),
        (day("2024-10-01"), "store", 1),
    ]


def test_a_customer_fact_is_built_anew_for_each_period(by_hand):
    frame = mk.compute(
        "purchase_frequency", by_hand, grain="year", start="2024-01-01", end="2026-01-01"
    )
    assert frame["purchase_frequency"].tolist() == [3 / 2, 1.0]
    worth = mk.compute(
        "historical_cltv", by_hand, grain="year", start="2024-01-01", end="2026-01-01"
    )
    assert worth["historical_cltv"].tolist() == [123 / 2, (115 + 8 + 30 + 30) / 3]


def test_columns_come_in_the_order_asked_and_once(by_hand):
    frame = mk.compute(
        ["net_sales", "orders", "net_sales"], by_hand, by=["channel", "region", "channel"]
    )
    assert frame.columns.tolist() == ["channel", "region", "net_sales", "orders"]


def test_an_empty_result_has_its_columns(by_hand):
    frame = mk.compute(["orders", "net_sales"], by_hand, by=["channel"], start="2030-01-01")
    assert frame.columns.tolist() == ["channel", "orders", "net_sales"]
    assert len(frame) == 0
    assert frame["net_sales"].dtype == "float64"


def test_orders_alone_are_enough_and_what_they_lack_is_named():
    orders = pd.DataFrame(
        {
            "order_id": ["a", "b", "c"],
            "customer_id": ["x", "x", "y"],
            "ordered_at": pd.to_datetime(["2025-01-01", "2025-03-01", "2025-03-02"]),
            "amount": [10.0, 20.0, 60.0],
        }
    )
    with mk.open_data({"orders": orders}) as data:
        assert value("net_sales", data) == 90
        assert value("average_order_value", data) == 30
        assert value("top_customers_share", data) == 60 / 90
        assert mk.explain("units_sold", data) == (
            "units_sold needs order_lines.quantity, which these data do not have"
        )
        with pytest.raises(MissingDataError, match=r"units_sold needs order_lines\.quantity"):
            mk.compute(["orders", "units_sold"], data)
        with pytest.raises(MissingDataError, match=r"'region' needs contacts\.region"):
            mk.compute("orders", data, by="region")
        with pytest.raises(MissingDataError, match=r"filters 'channel' needs orders\.channel"):
            mk.compute("orders", data, filters={"channel": "web"})
        lacking = {kpi for kpi in ALL if mk.explain(kpi, data)}
        assert lacking >= {
            "gross_sales",
            "cost_of_goods_sold",
            "return_rate_units",
            "discount_rate",
        }
        assert not lacking & {"orders", "buyers", "net_sales", "retention_rate", "historical_cltv"}


def test_a_table_of_orders_can_be_given_as_it_is():
    orders = pd.DataFrame(
        {"order_id": ["a"], "ordered_at": pd.to_datetime(["2025-01-01"]), "amount": [10.0]}
    )
    untouched = orders.copy()
    assert mk.compute("net_sales", orders)["net_sales"].tolist() == [10.0]
    assert mk.explain("net_sales", orders) is None
    assert 'FROM "orders"' in mk.sql("net_sales", orders)
    assert missing_columns("discount_rate", orders) == (
        "order_lines.quantity",
        "order_lines.list_price or order_lines.product_id with products.list_price",
    )
    pd.testing.assert_frame_equal(orders, untouched)


def test_lines_without_a_price_leave_sales_to_the_amounts():
    orders = pd.DataFrame(
        {
            "order_id": ["a", "b"],
            "ordered_at": pd.to_datetime(["2025-01-01"] * 2),
            "amount": [5.0, 7.0],
        }
    )
    lines = pd.DataFrame(
        {"order_id": ["a", "a", "b"], "line_id": ["1", "2", "1"], "quantity": [1, 2, 3]}
    )
    with mk.open_data({"orders": orders, "order_lines": lines}) as data:
        assert value("net_sales", data) == 12
        assert "order_lines.unit_price" in mk.explain("units_sold", data)


def test_a_products_price_is_out_of_reach_without_product_ids():
    orders = pd.DataFrame({"order_id": ["a"], "ordered_at": pd.to_datetime(["2025-01-01"])})
    line = {"order_id": ["a"], "line_id": ["1"], "quantity": [2.0], "unit_price": [5.0]}
    products = pd.DataFrame({"product_id": ["p"], "list_price": [6.0], "unit_cost": [3.0]})
    tables = {"orders": orders, "order_lines": pd.DataFrame(line), "products": products}
    with mk.open_data(tables) as data:
        assert mk.explain("gross_sales", data) == (
            "gross_sales needs order_lines.list_price or order_lines.product_id, "
            "which these data do not have"
        )
    tables["order_lines"] = pd.DataFrame({**line, "list_price": [8.0]})
    with mk.open_data(tables) as data:
        assert value("gross_sales", data) == 16


def test_a_column_of_a_table_that_nothing_leads_to_is_no_dimension():
    orders = pd.DataFrame(
        {"order_id": ["a"], "ordered_at": pd.to_datetime(["2025-01-01"]), "amount": [5.0]}
    )
    lines = pd.DataFrame({"order_id": ["a", "a"], "line_id": ["1", "2"], "colour": ["r", "g"]})
    contacts = pd.DataFrame({"customer_id": ["x"], "vip": ["y"]})
    with mk.open_data({"orders": orders, "order_lines": lines, "contacts": contacts}) as data:
        for name in ("colour", "vip"):  # lines without prices, orders without customers
            with pytest.raises(ComputeError, match=f"dimension '{name}' not found"):
                mk.compute("net_sales", data, by=name)


def test_an_order_without_a_line_keeps_its_amount():
    orders = pd.DataFrame(
        {
            "order_id": ["a", "b"],
            "ordered_at": pd.to_datetime(["2025-01-01"] * 2),
            "amount": [5.0, 7.0],
        }
    )
    lines = pd.DataFrame(
        {"order_id": ["a"], "line_id": ["1"], "quantity": [1.0], "unit_price": [5.0]}
    )
    with mk.open_data({"orders": orders, "order_lines": lines}) as data:
        assert value("net_sales", data) == 12
        assert value("units_sold", data) == 1


def test_a_product_listed_twice_sells_once():
    orders = pd.DataFrame({"order_id": ["a"], "ordered_at": pd.to_datetime(["2025-01-01"])})
    lines = pd.DataFrame(
        {
            "order_id": ["a"],
            "line_id": ["1"],
            "product_id": ["p"],
            "quantity": [1.0],
            "unit_price": [5.0],
        }
    )
    products = pd.DataFrame({"product_id": ["p", "p"], "category": ["y", "x"]})
    with mk.open_data({"orders": orders, "order_lines": lines, "products": products}) as data:
        assert cells("net_sales", data, "category") == {"x": 5}


def test_returns_that_lead_to_no_order_are_counted_with_what_they_say():
    orders = pd.DataFrame(
        {
            "order_id": ["a", "b"],
            "ordered_at": pd.to_datetime(["2025-01-01"] * 2),
            "channel": ["web", "store"],
            "till": ["1", "2"],
        }
    )
    lines = pd.DataFrame(
        {
            "order_id": ["a", "b"],
            "line_id": ["1", "1"],
            "product_id": ["p", "q"],
            "quantity": [4.0, 5.0],
            "unit_price": [5.0, 1.0],
        }
    )
    returns = pd.DataFrame(
        {
            "return_id": ["r"],
            "product_id": ["p"],
            "returned_at": pd.to_datetime(["2025-01-02"]),
            "quantity": [1.0],
            "refund_amount": [4.5],
        }
    )
    with mk.open_data({"orders": orders, "order_lines": lines, "returns": returns}) as data:
        assert value("return_rate_units", data) == 1 / 9
        assert value("return_rate_value", data) == 4.5 / 25
        assert cells("return_rate_units", data, "product_id") == {"p": 1 / 4, "q": 0}
        assert cells("return_rate_units", data, "till") == {"1": 0, "2": 0, None: None}
        with pytest.raises(MissingDataError, match=r"returns\.order_id"):
            mk.compute("return_rate_units", data, by="channel")


@pytest.mark.parametrize(
    ("question", "error", "message"),
    [
        ({"kpis": "order"}, DictionaryError, "did you mean 'orders'?"),
        ({"kpis": "customer"}, DictionaryError, "KPI 'customer' not found"),
        ({"kpis": "kpi"}, DictionaryError, "'kpi' is a concept"),
        ({"kpis": "rfm_score"}, ComputeError, "call marketing_kpi.rfm.score"),
        ({"kpis": []}, ComputeError, "no KPI was asked for"),
        (
            {"by": "chanel"},
            ComputeError,
            "dimension 'chanel' not found in fact 'sales'; did you mean",
        ),
        ({"by": "net_sales"}, ComputeError, "dimension 'net_sales' not found"),
        ({"by": "colour"}, ComputeError, "known: brand, category, channel"),
        ({"by": "period"}, ComputeError, "grain"),
        ({"filters": {"chanel": "web"}}, ComputeError, "did you mean 'channel'?"),
        ({"filters": {"store_id": 12}}, ComputeError, "filters['store_id'] holds 12 (int)"),
        ({"filters": {"channel": []}}, ComputeError, "filters['channel'] holds no value"),
        ({"kpis": "panier moyen"}, DictionaryError, "'average_order_value' has that name"),
        ({"filters": "region"}, ComputeError, "filters is 'region', must map columns"),
        ({"kpis": [3]}, ComputeError, "kpis holds 3 (int), must be ids"),
        ({"grain": "months"}, ComputeError, "did you mean 'month'?"),
        ({"start": "2025-01-01", "end": "2025-01-01"}, ComputeError, "must be before end"),
        ({"start": "1/2/2025"}, ConfigError, "start == '1/2/2025'"),
        ({"kpis": "historical_cltv"}, ComputeError, "historical_cltv looks back"),
        ({"kpis": "retention_rate", "end": "2025-01-01"}, ComputeError, "give start"),
        (
            {"kpis": "customer_lifespan", "start": "2025-01-01"},
            ComputeError,
            "attrition_rate looks back",
        ),
        (
            {"kpis": "historical_cltv", "grain": "month", "end": "2025-01-01"},
            ComputeError,
            "give start",
        ),
    ],
)
def test_what_cannot_be_answered_is_refused(by_hand, question, error, message):
    kpis = question.pop("kpis", "orders") if "kpis" in (question := dict(question)) else "orders"
    with pytest.raises(error) as found:
        mk.compute(kpis, by_hand, **question)
    assert message in str(found.value)


@pytest.mark.parametrize("ask", [mk.compute, mk.sql])
def test_data_before_the_kpis_are_told_from_the_kpis(by_hand, ask):
    with pytest.raises(ComputeError, match="the KPIs come first, then the data"):
        ask(by_hand, "net_sales")


def orders_with(**columns):
    """Return four orders of two customers, with other columns."""
    return pd.DataFrame(
        {
            "order_id": ["a", "b", "c", "d"],
            "customer_id": ["x", "y", "x", "z"],
            "ordered_at": pd.to_datetime(["2023-01-05", "2024-01-20", "2025-02-03", "2025-03-30"]),
            "amount": [20.0, 40.0, 60.0, 10.0],
            **columns,
        }
    )


@pytest.mark.parametrize("name", ["region", "category", "brand", "store_region"])
def test_an_extra_column_stands_in_for_a_dimension_whose_table_is_absent(name):
    given = orders_with(**{name: ["n", "n", "s", "s"]})
    assert cells("orders", given, name) == {"n": 2, "s": 2}
    assert value("orders", given, filters={name: "n"}) == 2
    assert cells("historical_cltv", given, name, end="2025-04-01") == {"n": 30, "s": 35}


def test_a_dimension_of_the_model_comes_before_an_extra_column(by_hand):
    tables = {name: table.to_pandas() for name, table in by_hand.tables.items()}
    tables["orders"] = tables["orders"].assign(region="none", category="none")
    assert cells("orders", tables, "region", **YEAR) == {"IDF": 1, "QC": 2, None: 1}


def test_a_column_for_another_purpose_is_no_stand_in(by_hand):
    stores = by_hand.stores.to_pandas()
    tables = {"orders": by_hand.orders.to_pandas(), "stores": stores}
    with pytest.raises(MissingDataError, match=r"contacts\.region.*\n.*mapping"):
        mk.compute("orders", tables, by="region")


def test_a_decimal_dimension_is_not_added_up():
    connection = ibis.duckdb.connect()
    table = connection.create_table("orders", orders_with(tier=[1.0, 1.0, 2.0, 2.0]))
    given = {"orders": table.mutate(tier=table.tier.cast("decimal(18, 4)"))}
    months = {"grain": "month", "start": "2025-03-01", "end": "2025-04-01"}
    frame = mk.compute("historical_cltv", given, by="tier", **months).execute()
    assert dict(zip(map(float, frame["tier"]), frame["historical_cltv"], strict=True)) == {
        1: 30,
        2: 35,
    }


def test_a_customer_may_be_the_dimension_of_a_customers_kpi(by_hand):
    found = cells("purchase_frequency", by_hand, "customer_id", **YEAR)
    assert found == {"ann": 2, "bob": 1}
    kept = cells("retention_rate", by_hand, "customer_id", start="2025-01-01", end="2025-07-01")
    assert kept == {"ann": 1, "bob": 0, "cat": None}


def test_dimensions_from_pandas_keep_their_types():
    day = dt.date(2025, 1, 5)
    given = orders_with(
        tier=pd.array([1, 2, None, 1], dtype="Int64"),
        vip=pd.array([True, False, None, True], dtype="boolean"),
        signed=[day, None, day, day],
    )
    by = ["tier", "vip", "signed"]
    frame = mk.compute("orders", given, by=by).sort_values("orders", ascending=False)
    assert frame["tier"].dtype == "Int64"
    assert frame["vip"].dtype == "boolean"
    assert frame["signed"].iloc[0] == day
    assert type(frame["signed"].iloc[0]) is dt.date
    assert frame["orders"].sum() == 4


@pytest.mark.parametrize(
    ("name", "wanted", "expected"),
    [
        ("tier", np.int64(1), 2),
        ("tier", np.array([1, 2]), 3),
        ("tier", np.float64("nan"), 1),
        ("tier", pd.NA, 1),
        ("signed", np.datetime64("2025-01-05", "ns"), 2),
        ("signed", pd.Timestamp("2025-01-05"), 2),
        ("signed", "2025-01-05", 2),
        ("vip", np.True_, 3),
        ("kind", np.str_("a"), 1),
        ("kind", pd.Series(["a", "b"]), 3),
    ],
)
def test_filters_take_the_scalars_of_numpy_and_pandas(name, wanted, expected):
    given = orders_with(
        tier=pd.array([1, 2, None, 1], dtype="Int64"),
        vip=[True, False, True, True],
        signed=pd.to_datetime(["2025-01-05", None, "2025-01-05", "2025-01-06"]),
        kind=["a", "b", "b", None],
    )
    assert value("orders", given, filters={name: wanted}) == expected


def test_a_misspelt_dimension_is_named_though_the_data_lack_it():
    given = orders_with()
    with pytest.raises(ComputeError) as found:
        mk.compute("orders", given, by="chanel")
    assert found.value.message.endswith("did you mean 'channel'?")
    assert found.value.hint == "known: customer_id, order_id"
    with pytest.raises(MissingDataError, match=r"needs orders\.channel"):
        mk.compute("orders", given, by="channel")


def test_an_error_lists_a_dozen_names_at_most():
    with pytest.raises(DictionaryError) as found:
        mk.dictionary()["repeat_purchases_rate"]
    assert found.value.hint.startswith("known: ")
    assert found.value.hint.endswith(", …")
    assert "repeat_purchase_rate" in found.value.hint
    assert found.value.hint.count(",") == 12


def test_explain_knows_kpis_and_nothing_else(by_hand):
    assert "is an analysis" in mk.explain("rfm_score", by_hand)
    for id in ("orderz", "kpi"):
        with pytest.raises(DictionaryError):
            mk.explain(id, by_hand)
    with pytest.raises(ComputeError, match="must be before end"):
        mk.explain("orders", by_hand, start="2025-01-02", end="2025-01-01")


def test_a_filter_that_is_no_day_is_refused():
    given = orders_with(signed=pd.to_datetime(["2025-01-05"] * 4))
    with pytest.raises(ComputeError, match=r"filters\['signed'\] holds '2025-13-45'"):
        mk.compute("orders", given, filters={"signed": "2025-13-45"})


def test_orders_and_units_of_unknown_value_are_on_neither_side():
    given = orders_with(amount=[60.0, None, None, None])
    assert value("average_order_value", given) == 60
    assert value("orders", given) == 4
    lines = pd.DataFrame(
        {
            "order_id": ["a", "a", "b"],
            "line_id": ["1", "2", "1"],
            "quantity": [2.0, 3.0, 5.0],
            "unit_price": [10.0, None, None],
        }
    )
    tables = {"orders": given.drop(columns="amount"), "order_lines": lines}
    assert value("average_order_value", tables) == 20
    assert value("average_selling_price", tables) == 10


def test_customers_of_unknown_sales_are_not_ranked():
    """Of five customers whose sales are known, one is the best fifth; ten others say nothing."""
    customers = [f"c{n}" for n in range(15)]
    amounts = [50.0, 20.0, 10.0, 10.0, 10.0] + [None] * 10
    orders = pd.DataFrame(
        {
            "order_id": customers,
            "customer_id": customers,
            "ordered_at": pd.Timestamp("2025-01-01"),
            "amount": amounts,
        }
    )
    summary = rfm.summary(orders, as_of="2025-01-02")
    assert value("top_customers_share", orders) == rfm.top_share(summary).value == 0.5


def test_a_fact_may_be_a_row_an_order(by_hand, trial, monkeypatch):
    """What CONTRIBUTING says of a fact at the grain of a unit: another key, another summary."""
    lines_of_orders = replace(
        FACTS["sales"],
        name="lines_of_orders",
        by_unit={"lines": ("int64", ("line_id",))},
        unit_key="order_id",
        summarise=lambda events, keys, _: events.group_by([*keys, "order_id"]).aggregate(
            lines=events.line_id.count()
        ),
    )
    known = {**FACTS, "lines_of_orders": lines_of_orders}
    for module in ("compute", "examples"):
        monkeypatch.setattr(f"marketing_kpi.kpis.{module}.FACTS", known)
    entries = trial(
        (
            *("cross_sold", "trial_formulas", "cross_sold"),
            *("{given: {lines: [1, 2, 2, 1]}, expect: 0.5}", "type: simple", "over_time: mean"),
            *("fact: lines_of_orders", "time: ordered_at"),
        )
    )
    found = mk.compute("cross_sold", by_hand, by="channel", entries=entries, **YEAR)
    assert found["cross_sold"].tolist() == [0, 1]


def test_a_lazy_table_comes_from_an_engine(by_hand):
    connection = ibis.duckdb.connect()
    connection.create_table("sold", by_hand.orders.to_pyarrow())
    found = mk.compute("orders", {"orders": connection.table("sold")}, by="channel", **YEAR)
    assert isinstance(found, ibis.Table)
    frame = found.execute()
    assert dict(zip(frame["channel"], frame["orders"], strict=True)) == {"store": 3, "web": 1}


def scans(table, name):
    """Return how often a query reads a table, as the engine plans it."""
    query = f"EXPLAIN (FORMAT json) {ibis.to_sql(table)}"
    (plan,) = json.loads(table.get_backend().con.execute(query).fetchall()[0][1])
    return [step.get("extra_info", {}).get("Table") for step in steps(plan)].count(name)


def steps(plan):
    """Yield each step of a plan."""
    yield plan
    for child in plan["children"]:
        yield from steps(child)


def test_all_kpis_of_a_fact_take_one_pass_over_the_data(by_hand):
    connection = ibis.duckdb.connect()
    for name in ("orders", "order_lines"):
        connection.create_table(f"{name}_table", by_hand.tables[name].to_pyarrow())
    tables = {name: connection.table(f"{name}_table") for name in ("orders", "order_lines")}
    data = mk.open_data(tables)
    of_sales = [kpi.id for kpi in mk.dictionary().kpis if kpi.fact == "sales"]
    known = mk.dictionary()
    more = [known[id].model_copy(update={"id": f"{id}_again"}) for id in of_sales[:10]]
    entries = Dictionary({entry.id: entry for entry in (*known.values(), *more)}, {})
    twenty = [*of_sales, *(kpi.id for kpi in more)]
    assert len(twenty) >= 20
    table = mk.compute(twenty, data, by="channel", grain="month", entries=entries)
    assert (
        scans(table, "memory.main.orders_table"),
        scans(table, "memory.main.order_lines_table"),
    ) == (1, 1)
    counts = mk.compute(["orders", "buyers"], data, by="channel")
    assert (
        scans(counts, "memory.main.orders_table"),
        scans(counts, "memory.main.order_lines_table"),
    ) == (1, 0)


ENTRY = """\
- id: {id}
  domain: sales
  name: {{fr: {id}, en: {id}}}
  definition: {{fr: Un essai., en: A trial.}}
  pitfalls: {{fr: Aucun., en: None.}}
  decision: {{fr: Aucune., en: None.}}
  {fields}
  formula: 'x'
  unit: ratio
  direction: contextual
  sources: [{{system: pos, fields: [order_id], owner: retail, granularity: ticket, latency: P1D}}]
  owner: crm
  version: "1.0.0"
  history: [{{version: "1.0.0", date: "2026-01-01", change: {{fr: Création, en: Created}}}}]
  callable: {module}:{function}
  lesson: "07"
  example: {example}
"""


def units_back(returns):
    return returns.units_returned.sum()


def cross_sold(orders):
    return ratio((orders.lines > 1).sum(), orders.count())


def back_per_unit(k):
    return ratio(k.units_back, k.units)


@pytest.fixture
def trial(tmp_path, monkeypatch):
    """Return a function that makes a dictionary of entries, given as (id, function, fields…)."""
    monkeypatch.setitem(sys.modules, "trial_formulas", sys.modules[__name__])

    def make(*given):
        texts = [
            ENTRY.format(
                id=id, module=module, function=function, fields="\n  ".join(fields), example=ex
            )
            for id, module, function, ex, *fields in given
        ]
        path = tmp_path / "trial.yaml"
        path.write_text("".join(texts), encoding="utf-8")
        entries = load([path])
        assert entries.check() == []
        return entries

    return make


UNITS = ("units", "marketing_kpi.sales", "units_sold", "{given: {quantity: [1, 2]}, expect: 3}")
OF_SALES = ("type: simple", "over_time: sum", "fact: sales", "time: ordered_at")
BACK = (
    *("units_back", "trial_formulas", "units_back", "{given: {units_returned: [1]}, expect: 1}"),
    *("type: simple", "over_time: sum", "fact: returns", "time: returned_at"),
)
BACK_PER_UNIT = (
    *("back_per_unit", "trial_formulas", "back_per_unit"),
    *("{given: {units_back: 1, units: 4}, expect: 0.25}", "type: derived"),
    "depends_on: [units_back, units]",
)


def test_a_derived_kpi_over_two_facts_is_0_where_one_has_no_row(by_hand, trial):
    entries = trial((*UNITS, *OF_SALES), BACK, BACK_PER_UNIT)
    frame = mk.compute("back_per_unit", by_hand, by="channel", entries=entries, **YEAR)
    assert frame.columns.tolist() == ["channel", "back_per_unit"]
    assert list(frame.itertuples(index=False, name=None)) == [("store", 1 / 6), ("web", 0.0)]
    asked = ["units", "back_per_unit", "units_back"]
    frame = mk.compute(asked, by_hand, by="channel", entries=entries, start="2025-01-01")
    # a return to a store that sold nothing: no rate, but a return
    assert frame["channel"].tolist() == ["store", "web"]
    assert frame["units"].tolist() == [0, 5]
    assert frame["units_back"].tolist() == [2, 1]
    assert pd.isna(frame["back_per_unit"][0])
    assert frame["back_per_unit"][1] == 1 / 5


def test_a_window_trails_to_the_end_of_each_period(by_hand, trial):
    entries = trial((*UNITS, *OF_SALES, "window: 2 months"))
    ends = mk.compute("units", by_hand, start="2024-12-01", end="2025-03-01", entries=entries)
    assert ends["units"].tolist() == [3 + 2]  # January and February, whatever the start
    months = {"grain": "month", "start": "2024-11-01", "end": "2025-03-01"}
    frame = mk.compute("units", by_hand, entries=entries, **months)
    assert frame["units"].fillna(-1).tolist() == [-1, 1, 1 + 3, 3 + 2]  # no order in Oct and Nov
    with pytest.raises(ComputeError, match="units looks back from the end"):
        mk.compute("units", by_hand, entries=entries)
    early = {"start": "2024-02-01", "end": "2024-02-10"}  # the window begins on 10 December 2023
    assert mk.compute("units", by_hand, entries=entries, **early)["units"].isna().all()
    assert "needs orders from 2023-12-10 on" in mk.explain(
        "units", by_hand, entries=entries, **early
    )
