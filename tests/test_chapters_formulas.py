"""Each formula of the chapters on a few rows, worked by hand; the rows are those of its fact."""

import ibis
import pandas as pd
import pytest

from marketing_kpi import baskets, clv, margins, retention, sales
from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.examples import rows_of
from marketing_kpi.kpis.facts import FACTS
from marketing_kpi.kpis.formulas import ratio

NONE = None
SALES = {
    # o1: two lines, one at a discount; o2: a line without a cost; o3: an order without a line
    "order_id": ["o1", "o1", "o2", "o3"],
    "customer_id": ["ann", "ann", NONE, "ann"],
    "quantity": [2, 1, 4, NONE],
    "gross_sales": [20, 20, 80, NONE],
    "net_sales": [20, 15, 80, 5],
    "cost": [8, 9, NONE, NONE],
    "bought": [True, True, True, True],
}
NOTHING = {name: [] for name in SALES}
UNKNOWN = {**{name: [NONE] for name in SALES}, "order_id": ["o1"], "bought": [True]}
FREE = {**SALES, "gross_sales": [0] * 4, "net_sales": [0] * 4, "cost": [0] * 4, "quantity": [0] * 4}


def on(function, fact, rows):
    """Return what a formula gives on rows of a fact."""
    found = function(rows_of(FACTS[fact], rows)).cast("float64").execute()
    return None if pd.isna(found) else found


@pytest.mark.parametrize(
    ("function", "usual", "nothing", "unknown", "free"),
    [
        (sales.orders, 3, 0, 1, 3),
        (sales.buyers, 1, 0, 0, 1),
        (sales.units_sold, 7, NONE, NONE, 0),
        (sales.average_order_value, 120 / 3, NONE, NONE, 0),
        (sales.units_per_transaction, 7 / 3, NONE, NONE, 0),
        (sales.average_selling_price, 120 / 7, NONE, NONE, NONE),
        (margins.gross_sales, 120, NONE, NONE, 0),
        (margins.net_sales, 120, NONE, NONE, 0),
        (margins.cost_of_goods_sold, 17, NONE, NONE, 0),
        (margins.gross_profit, 12 + 6, NONE, NONE, 0),
        (margins.gross_margin_rate, 18 / 35, NONE, NONE, NONE),
        (margins.markup_rate, 18 / 17, NONE, NONE, NONE),
        (baskets.discount_rate, 5 / 120, NONE, NONE, NONE),
    ],
)
def test_formulas_of_sales(function, usual, nothing, unknown, free):
    found = [on(function, "sales", rows) for rows in (SALES, NOTHING, UNKNOWN, FREE)]
    assert found == [
        pytest.approx(x, rel=1e-12) if x is not None else None
        for x in (usual, nothing, unknown, free)
    ]


def test_a_credit_is_in_no_count_of_orders_and_lowers_net_sales():
    # o2 is a credit of what bob bought before; o3, a gift, is an order
    rows = {
        "order_id": ["o1", "o2", "o3"],
        "customer_id": ["ann", "bob", "cy"],
        "quantity": [3, -1, 1],
        "net_sales": [60, -20, 0],
        "bought": [True, False, True],
    }
    counted = (sales.orders, sales.buyers, sales.average_order_value)
    assert [on(function, "sales", rows) for function in counted] == [2, 2, 20]
    assert on(sales.units_per_transaction, "sales", rows) == 3 / 2


@pytest.mark.parametrize(
    ("sold", "returned", "expected"),
    [
        ([10, 5, NONE], [NONE, NONE, 3], 3 / 15),
        ([10], [NONE], 0),  # nothing came back
        ([NONE], [2], NONE),  # nothing was sold
        ([1], [4], 4),  # of earlier sales: a rate may exceed 1
        ([0], [NONE], NONE),
    ],
)
@pytest.mark.parametrize(
    ("function", "columns"),
    [
        (retention.return_rate_units, ("units_sold", "units_returned")),
        (retention.return_rate_value, ("net_sales", "value_returned")),
    ],
)
def test_return_rates(function, columns, sold, returned, expected):
    rows = dict(zip(columns, (sold, returned), strict=True))
    assert on(function, "sales_and_returns", rows) == expected


@pytest.mark.parametrize(
    ("function", "orders", "expected"),
    [
        (retention.repeat_purchase_rate, [1, 1, 2, 5], 0.5),
        (retention.repeat_purchase_rate, [1], 0),
        (retention.repeat_purchase_rate, [], NONE),
        (retention.purchase_frequency, [1, 1, 2, 5], 9 / 4),
        (retention.purchase_frequency, [], NONE),
    ],
)
def test_formulas_of_customers(function, orders, expected):
    assert on(function, "orders_by_customer", {"orders": orders}) == expected


@pytest.mark.parametrize(
    ("before", "after", "kept", "lost"),
    [
        ([True] * 5, [True, True, True, False, False], 0.6, 0.4),
        ([True, False], [True, True], 1, 0),  # a new customer is neither kept nor lost
        ([False], [True], NONE, NONE),
        ([], [], NONE, NONE),
    ],
)
def test_attrition_is_what_retention_leaves(before, after, kept, lost):
    rows = {"active_before": before, "active_after": after}
    assert on(retention.retention_rate, "customer_activity", rows) == kept
    assert on(clv.attrition_rate, "customer_activity", rows) == lost


def test_historical_cltv_is_a_mean_over_customers():
    assert on(clv.historical_cltv, "customers_to_date", {"net_sales": [100, 50, 0]}) == 50
    assert on(clv.historical_cltv, "customers_to_date", {"net_sales": []}) is None


@pytest.mark.parametrize(
    ("months", "rate", "expected"),
    [(12, 0.4, 30), (1, 0.05, 20), (12, 1, 12), (12, 0, NONE), (12, NONE, NONE), (NONE, 0.4, NONE)],
)
def test_a_lifespan_is_in_months_whatever_the_period_of_the_rate(months, rate, expected):
    class k:  # noqa: N801 - named as in the formulas
        attrition_rate = ibis.literal(rate, type="float64")
        period_months = ibis.literal(months, type="float64")

    found = clv.customer_lifespan(k).execute()
    assert (None if pd.isna(found) else found) == expected


@pytest.mark.parametrize(("rate", "months"), [(0.4, 30), (1, 12), (0, None), (0.05, 240)])
def test_lifespan_months(rate, months):
    assert clv.lifespan_months(rate) == months


@pytest.mark.parametrize("rate", [40, -0.1, 1.0001, float("nan")])
def test_a_rate_that_is_no_fraction_is_refused(rate):
    with pytest.raises(ComputeError, match="must be in 0-1"):
        clv.lifespan_months(rate)


@pytest.mark.parametrize(
    ("gain", "cost", "expected"),
    [(1500, 1000, 0.5), (1000, 1000, 0), (0, 1000, -1), (-500, 1000, -1.5), (10, 0, None)],
)
def test_roi(gain, cost, expected):
    assert margins.roi(gain=gain, cost=cost) == expected


def test_a_negative_cost_is_refused():
    with pytest.raises(ComputeError, match="cost == -1, must be 0 or more"):
        margins.roi(gain=1, cost=-1)


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [(1, 4, 0.25), (0, 4, 0), (1, 0, NONE), (0, 0, NONE), (NONE, 4, NONE), (1, NONE, NONE)],
)
@pytest.mark.parametrize("kind", ["int64", "float64", "decimal(18, 4)"])
def test_a_ratio_is_null_over_zero_and_never_infinite(numerator, denominator, expected, kind):
    found = ratio(
        ibis.literal(numerator, type=kind), ibis.literal(denominator, type=kind)
    ).execute()
    assert (None if pd.isna(found) else found) == expected


def test_a_line_without_a_price_paid_has_no_discount():
    rows = {**SALES, "gross_sales": [20, 20, 80, 50]}
    rows["net_sales"] = [20, 15, 80, NONE]
    assert on(baskets.discount_rate, "sales", rows) == pytest.approx(5 / 120)
