"""What holds on any data: the same figures three ways, in any order of rows, in any currency."""

from itertools import pairwise

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marketing_kpi as mk

from .of_orders import IDS
from .of_orders import KPIS as SIMPLE

MONEY = [kpi.id for kpi in SIMPLE if kpi.unit == "currency"]
ADDITIVE = [kpi.id for kpi in SIMPLE if kpi.over_time == "sum"]
DAYS = st.integers(0, 700).map(lambda days: pd.Timestamp("2023-01-01") + pd.Timedelta(days=days))
SEEDS = st.integers(0, 10_000)
few = settings(max_examples=4, deadline=None)
fewer = settings(few, max_examples=2)


def opened(frames):
    return mk.open_data({name: frame.copy() for name, frame in frames.items()})


def by_pandas(frames, start, end):
    """Return figures worked in pandas, straight from their definitions."""
    orders = frames["orders"]
    refused = orders["status"].isin(["cancelled", "fraud"]) | orders["is_test"].eq(True)
    valid = orders[~refused]
    sold = valid.merge(frames["order_lines"], on="order_id", how="left")
    never = orders["status"].eq("fraud") | orders["is_test"].eq(True)
    placed = orders[~never & (orders["ordered_at"] >= start) & (orders["ordered_at"] < end)]
    booked = placed.merge(frames["order_lines"], on="order_id")
    sold["net"] = sold["quantity"] * sold["unit_price"]
    sold["gross"] = sold["quantity"] * sold["list_price"]
    sold["cost"] = sold["quantity"] * sold["unit_cost"]
    past = sold[sold["ordered_at"] < end]
    now = past[past["ordered_at"] >= start]
    costed = now[now["cost"].notna()]
    back = frames["returns"].merge(orders, on="order_id")
    back = back[back["order_id"].isin(valid["order_id"])]
    back = back[(back["returned_at"] >= start) & (back["returned_at"] < end)]
    back = back.merge(frames["order_lines"][["order_id", "line_id", "unit_price"]])
    named = now[now["customer_id"].notna()]
    of_customer = named.groupby("customer_id").agg(n=("order_id", "nunique"))
    spent = named.groupby("customer_id")["net"].sum(min_count=1).dropna()
    best = spent.sort_values(ascending=False).head(-(-len(spent) // 5))
    year = pd.Timedelta(days=365)
    before = {
        *past[(past.ordered_at >= start - year) & (past.ordered_at < start)].customer_id.dropna()
    }
    after = {*past[past.ordered_at >= end - year].customer_id.dropna()}
    leeway = pd.Timedelta(days=8)
    told = orders["ordered_at"][orders["ordered_at"] < end]
    known = (told.min() < start - year + leeway) & (told.max() >= end - leeway)
    lost = over(len(before - after), len(before)) if known else np.nan
    orders_now = now["order_id"].nunique()
    ever = past.groupby("customer_id")["net"].sum(min_count=1).dropna()
    valued = now[now["net"].notna()]
    return {
        "orders": orders_now,
        "buyers": now["customer_id"].nunique(),
        "booked_revenue": total(booked["quantity"] * booked["unit_price"]),
        "units_sold": total(now["quantity"]),
        "net_sales": total(now["net"]),
        "gross_sales": total(now["gross"]),
        "cost_of_goods_sold": total(now["cost"]),
        "gross_profit": total(now["net"] - now["cost"]),
        "gross_margin_rate": over((costed["net"] - costed["cost"]).sum(), costed["net"].sum()),
        "markup_rate": over((costed["net"] - costed["cost"]).sum(), costed["cost"].sum()),
        "discount_rate": over((now["gross"] - now["net"]).sum(), now["gross"].sum()),
        "average_order_value": over(valued["net"].sum(), valued["order_id"].nunique()),
        "units_per_transaction": over(total(now["quantity"]), orders_now),
        "average_selling_price": over(now["net"].sum(), now["quantity"].sum()),
        "return_rate_units": over(back["quantity"].sum(), now["quantity"].sum()),
        "return_rate_value": over((back["quantity"] * back["unit_price"]).sum(), now["net"].sum()),
        "repeat_purchase_rate": over((of_customer["n"] > 1).sum(), len(of_customer)),
        "purchase_frequency": over(of_customer["n"].sum(), len(of_customer)),
        "top_customers_share": over(best.sum(), spent.sum()),
        "historical_cltv": over(ever.sum(), len(ever)),
        "attrition_rate": lost,
        "retention_rate": 1 - lost,
    }


def total(values):
    """Add up values; a sum of unknown values is unknown, that of no value is 0."""
    return values.sum(min_count=1 if len(values) else 0)


def over(numerator, denominator):
    return numerator / denominator if denominator else np.nan


@few
@given(seed=SEEDS, start=DAYS, days=st.integers(1, 500))
def test_the_same_figures_by_pandas_by_the_engine_and_by_the_sql_run_outside(
    shop, seed, start, days
):
    frames, end = shop(seed), start + pd.Timedelta(days=days)
    period = {"start": start.date(), "end": end.date()}
    with opened(frames) as data:
        found = mk.compute(IDS, data, **period)
        query = mk.sql(IDS, data, **period)
        canonical = {name: table.to_pyarrow() for name, table in data.tables.items()}
    expected = by_pandas(frames, start, end)
    np.testing.assert_allclose(
        found[[*expected]].iloc[0].to_numpy(float), [*expected.values()], rtol=1e-9, atol=1e-9
    )
    with duckdb.connect() as outside:
        for name, table in canonical.items():
            outside.register(name, table)
        rows = outside.execute(query).df()
    np.testing.assert_allclose(
        rows.iloc[0].to_numpy(float), found.iloc[0].to_numpy(float), rtol=1e-12
    )


@fewer
@given(seed=SEEDS, order=st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_digit(shop, seed, order):
    frames = shop(seed)
    mixed = {
        name: frame.sample(frac=1, random_state=order.randrange(10_000))
        for name, frame in frames.items()
    }
    question = {"by": "channel", "grain": "quarter", "start": "2023-06-01", "end": "2025-02-01"}
    with opened(frames) as data, opened(mixed) as other:
        pd.testing.assert_frame_equal(
            mk.compute(IDS, data, **question), mk.compute(IDS, other, **question), rtol=1e-12
        )
        exact = ["orders", "buyers", "units_sold", "net_sales", "cost_of_goods_sold"]
        pd.testing.assert_frame_equal(
            mk.compute(exact, data, **question),
            mk.compute(exact, other, **question),
            check_exact=True,
        )


@few
@given(seed=SEEDS, factor=st.sampled_from([2, 10, 0.5, 100]))
def test_another_currency_scales_money_and_nothing_else(shop, seed, factor):
    frames = shop(seed)
    lines = frames["order_lines"]
    prices = ["list_price", "unit_price", "unit_cost"]
    scaled = {
        **frames,
        "order_lines": lines.assign(**{name: lines[name] * factor for name in prices}),
    }
    period = {"start": "2024-02-01", "end": "2024-12-01"}
    with opened(frames) as data, opened(scaled) as other:
        before, after = (mk.compute(IDS, source, **period).iloc[0] for source in (data, other))
    factors = [factor if kpi in MONEY else 1 for kpi in IDS]
    np.testing.assert_allclose(after.to_numpy(float), before.to_numpy(float) * factors, rtol=1e-9)


@few
@given(seed=SEEDS, by=st.sampled_from(["channel", "product_id", "source"]))
def test_splitting_by_a_dimension_or_by_time_adds_up_for_sums(shop, seed, by):
    period = {"start": "2023-02-10", "end": "2024-11-20"}
    with opened(shop(seed)) as data:
        whole = mk.compute(ADDITIVE, data, **period).iloc[0]
        split = mk.compute(ADDITIVE, data, by=by, **period)[ADDITIVE].sum()
        months = mk.compute(ADDITIVE, data, grain="month", **period)[ADDITIVE].sum()
        both = mk.compute(ADDITIVE, data, by=by, grain="week", **period)[ADDITIVE].sum()
    for parts in (split, months, both):
        np.testing.assert_allclose(parts, whole, rtol=1e-12)


@fewer
@given(seed=SEEDS)
def test_a_filter_gives_the_cell_of_the_same_dimension(shop, seed):
    question = {"start": "2024-01-15", "end": "2024-12-15"}
    with opened(shop(seed)) as data:
        cells = mk.compute(IDS, data, by="channel", **question).set_index("channel")
        for channel in cells.index.dropna():
            alone = mk.compute(IDS, data, filters={"channel": channel}, **question).iloc[0]
            pd.testing.assert_series_equal(
                alone.astype(float), cells.loc[channel].astype(float), check_names=False, rtol=1e-12
            )


@fewer
@given(seed=SEEDS, grain=st.sampled_from(["quarter", "year"]))
def test_each_period_of_a_grain_is_what_the_period_alone_gives(shop, seed, grain):
    with opened(shop(seed)) as data:
        frame = mk.compute(IDS, data, grain=grain, start="2023-11-20", end="2025-01-10")
        bounds = [*frame["period"], pd.Timestamp("2025-01-10")]
        bounds[0] = pd.Timestamp("2023-11-20")
        for place, (start, end) in enumerate(pairwise(bounds)):
            alone = mk.compute(IDS, data, start=start.date(), end=end.date())
            np.testing.assert_allclose(
                frame[IDS].iloc[place].to_numpy(float), alone.iloc[0].to_numpy(float), rtol=1e-9
            )


@pytest.mark.parametrize("count", [1, 4, 5, 6, 11])
def test_the_share_of_the_best_is_one_answer_when_customers_tie(count):
    orders = pd.DataFrame(
        {
            "order_id": [f"o{n}" for n in range(count)],
            "customer_id": [f"c{n}" for n in range(count)],
            "ordered_at": pd.Timestamp("2025-01-01"),
            "amount": 10.0,
        }
    )
    with mk.open_data({"orders": orders}) as data:
        share = mk.compute("top_customers_share", data)["top_customers_share"].iloc[0]
    assert share == pytest.approx(-(-count // 5) / count)
