"""The simple formula on data: four averages worked by hand, their product and its interval."""

import math

import numpy as np
import pandas as pd
import pytest

import marketing_kpi as mk
from marketing_kpi import clv
from marketing_kpi.errors import ComputeError

# Two active customers of 2024, one of whom orders again in 2025; a third is new and orders twice.
# The first order shows that the data reach back; the last, that they reach the period's end.
ROWS = [
    ("0", "z", "2023-12-20", 5.0),
    ("1", "a", "2024-06-01", 100.0),
    ("2", "b", "2024-09-01", 100.0),
    ("3", "a", "2025-05-01", 40.0),
    ("4", "c", "2025-06-01", 60.0),
    ("5", "c", "2025-12-30", 80.0),
]


def shop(rows=ROWS, unit_cost=None):
    orders = pd.DataFrame(rows, columns=["order_id", "customer_id", "ordered_at", "amount"])
    orders["ordered_at"] = pd.to_datetime(orders["ordered_at"])
    tables = {"orders": orders}
    if unit_cost is not None:
        lines = orders[["order_id"]].assign(line_id="1", quantity=1.0, unit_price=orders.amount)
        tables["order_lines"] = lines.assign(unit_cost=lines.unit_price * unit_cost)
    return mk.open_data(tables)


def simple(data, **options):
    return clv.simple(data, start="2025-01-01", end="2026-01-01", **options)


def test_each_average_is_that_of_identified_customers_of_the_period():
    found = simple(shop(unit_cost=0.6))
    assert found.average_order_value == pytest.approx(180 / 3)
    assert found.yearly_frequency == pytest.approx(3 / 2)
    assert found.gross_margin_rate == pytest.approx(0.4)
    assert found.lifespan_years == pytest.approx(2)  # one of two was lost
    assert found.revenue == pytest.approx(60 * 1.5 * 2)
    assert found.cltv == pytest.approx(0.4 * 60 * 1.5 * 2)
    assert found.retention == pytest.approx(0.5)
    assert found.low < found.cltv < found.high


def test_the_frequency_is_that_of_twelve_months_whatever_the_period():
    found = clv.simple(shop(unit_cost=0.6), start="2025-07-01", end="2026-01-01")
    assert found.yearly_frequency == pytest.approx(3 / 2)
    assert found.average_order_value == pytest.approx(80)
    young = clv.simple(shop(ROWS[3:], unit_cost=0.6), start="2025-07-01", end="2026-01-01")
    assert young.yearly_frequency is None


def test_the_margin_rate_given_stands_in_only_where_the_data_tell_no_cost():
    assert simple(shop(), margin_rate=0.3).gross_margin_rate == 0.3
    assert simple(shop(unit_cost=0.6), margin_rate=0.3).gross_margin_rate == pytest.approx(0.4)


def test_a_margin_rate_in_percent_is_refused():
    with pytest.raises(ComputeError, match=r"margin_rate == 40\.0, must be at most 1"):
        simple(shop(), margin_rate=40)
    assert simple(shop(), margin_rate=-0.1).cltv == pytest.approx(-18)


def test_without_a_margin_rate_there_is_a_revenue_and_no_cltv():
    found = simple(shop())
    assert found.revenue == pytest.approx(180)
    assert (found.cltv, found.low, found.high) == (None, None, None)


def test_half_a_year_of_data_is_not_read_as_a_year():
    found = simple(shop(ROWS[3:]), margin_rate=0.3)
    assert found.yearly_frequency is None
    assert found.cltv is None


def test_an_order_far_in_the_future_hides_no_year():
    found = simple(shop([*ROWS, ("6", "z", "2199-01-01", 1.0)]))
    assert found == simple(shop())
    assert found.yearly_frequency is not None


def test_data_without_customers_or_amounts_tell_nothing():
    orders = pd.DataFrame({"order_id": ["1"], "ordered_at": [pd.Timestamp("2025-05-01")]})
    found = simple(mk.open_data({"orders": orders}), margin_rate=0.3)
    assert found[:3] == (None, None, 0.3)
    assert found.cltv is None


def test_the_interval_is_that_of_the_two_errors_on_the_logarithm():
    rng = np.random.default_rng(5)
    rows = [(str(n), f"c{n}", "2024-06-01", 10.0) for n in range(400)]
    kept = rng.random(400) < 0.7
    rows += [
        (f"k{n}", f"c{n}", "2025-06-01", float(rng.lognormal(4, 1))) for n in np.flatnonzero(kept)
    ]
    rows += [("first", "z", "2023-12-30", 1.0), ("last", "y", "2025-12-31", 50.0)]
    data = shop(rows)
    found = simple(data, margin_rate=0.5)
    spent = pd.DataFrame(rows, columns=["order", "who", "day", "amount"])
    spent = spent[spent.day >= "2025"].groupby("who").amount.sum()
    lost = clv.attrition(data.orders, start="2025-01-01", end="2026-01-01").execute().iloc[0]
    error = math.hypot(
        spent.sem(ddof=1) / spent.mean(),
        math.log(lost.lifespan_high / lost.lifespan_low) / (2 * 1.959964),
    )
    assert math.log(found.high / found.cltv) == pytest.approx(1.959964 * error, rel=1e-3)
    assert found.cltv**2 == pytest.approx(found.low * found.high)


def test_the_horizon_adds_up_to_the_sum_over_all_years():
    basics = simple(shop(unit_cost=0.6))
    years = clv.discounted_by_year(basics, discount_rate=0.1, years=60)
    assert years["total"].is_monotonic_increasing
    assert years["total"].iloc[-1] == pytest.approx(years["all_years"].iloc[0], rel=1e-9)
    assert (years["low"] <= years["total"]).all()
    assert (years["total"] <= years["high"]).all()


def test_what_winning_and_keeping_a_customer_costs_is_deducted():
    basics = simple(shop(unit_cost=0.6))
    free, paid = (
        clv.discounted_by_year(basics, discount_rate=0.1, years=2, **costs)
        for costs in ({}, {"acquisition_cost": 30.0, "marketing_cost": 6.0})
    )
    # a margin of 36 a year, half of which stays: of the first year and one more, 30 a margin
    kept = 1 + 0.5 / 1.1
    assert free["total"][0] == pytest.approx(36 * kept)
    assert paid["total"][0] == pytest.approx(30 * kept - 30)
    dear = clv.discounted_by_year(basics, discount_rate=0.1, marketing_cost=99.0)
    assert (dear["low"] < dear["total"]).all()
    assert (dear["total"] < dear["high"]).all()


def test_no_horizon_is_drawn_without_a_margin():
    assert clv.discounted_by_year(simple(shop()), discount_rate=0.1).empty
