"""Totals of costs and counts of probabilities that a page shows."""

import ibis
import numpy as np
import pandas as pd
import pytest

import marketing_kpi as mk
from marketing_kpi import clv


def test_totals_are_the_sums_of_what_is_known():
    data = mk.demo()
    profits = clv.profitability(data, start="2025-01-01", end="2026-01-01")
    frame = profits.execute()
    lazily = clv.cost_totals(profits).set_index("part")
    in_hand = clv.cost_totals(frame).set_index("part")
    for part in lazily.index:
        assert np.isclose(lazily.total[part], frame[part].astype(float).sum())
        assert np.isclose(in_hand.total[part], lazily.total[part])
        buyers = (frame.net_sales > 0).sum()
        assert np.isclose(lazily.per_customer[part], lazily.total[part] / buyers)
    year = {"start": "2025-01-01", "end": "2026-01-01"}
    kpi = mk.compute("customer_profitability", data, **year).execute().iloc[0, -1]
    assert np.isclose(in_hand.per_customer["profit"], float(kpi))


PROFITS = pd.DataFrame(
    {
        "customer_id": [*"abcd"],
        "net_sales": [100.0, 60.0, 40.0, 0.0],
        "net_sales_without_cost": [20.0, 0.0, 40.0, 0.0],
        "gross_profit": [30.0, 24.0, None, 0.0],
        "fulfilment_cost": [5.0, 5.0, 5.0, 0.0],
        "payment_cost": None,
        "returns_cost": [0.0, 0.0, 3.0, 1.0],
        "marketing_cost": [1.0, 1.0, 1.0, 1.0],
        "profit": [24.0, 18.0, None, -2.0],
    }
).astype({"payment_cost": "float64"})


@pytest.mark.parametrize("given", [PROFITS, ibis.memtable(PROFITS)], ids=["pandas", "ibis"])
def test_all_rows_are_of_the_customers_whose_profit_is_known(given):
    """Customer c, none of whose goods has a known cost, is in no row; d bought nothing."""
    found = clv.cost_totals(given).set_index("part")
    assert found.total["net_sales"] == 160
    assert found.total["net_sales_without_cost"] == 20
    costs = found.total[["fulfilment_cost", "returns_cost", "marketing_cost"]].sum()
    assert found.total["gross_profit"] - costs == found.total["profit"] == 40
    assert (found.per_customer["net_sales"], found.per_customer["profit"]) == (80, 20)
    assert np.isnan(found.total["payment_cost"])
    assert found.customers.unique().tolist() == [2]
    assert found.left_out.unique().tolist() == [1]


def test_an_unknown_cost_is_null_and_not_zero():
    orders = pd.DataFrame({"order_id": ["1"], "customer_id": ["a"], "amount": [20.0]})
    orders["ordered_at"] = pd.Timestamp("2025-05-01")
    profits = clv.profitability(mk.open_data({"orders": orders}), start="2025-01-01",
                                end="2026-01-01")  # fmt: skip
    found = clv.cost_totals(profits).set_index("part")
    totals = found.total
    assert found.left_out.unique().tolist() == [1]
    assert totals.isna().all()


def test_every_probability_is_in_one_bar():
    values = pd.DataFrame({"estimate": [0.0, 0.1, 0.1000001, 0.55, 0.999, 1.0, None]})
    counts = clv.alive_counts(values)
    assert counts.customers.tolist() == [2, 1, 0, 0, 0, 1, 0, 0, 0, 2]
    assert counts.low.iloc[0] == 0
    assert counts.high.iloc[-1] == 1


def test_no_probability_gives_no_bar():
    assert clv.alive_counts(pd.DataFrame({"estimate": [None, np.nan]})).empty
