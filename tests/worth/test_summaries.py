"""Totals of costs and counts of probabilities that a page shows."""

import numpy as np
import pandas as pd

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


def test_an_unknown_cost_is_null_and_not_zero():
    orders = pd.DataFrame({"order_id": ["1"], "customer_id": ["a"], "amount": [20.0]})
    orders["ordered_at"] = pd.Timestamp("2025-05-01")
    profits = clv.profitability(mk.open_data({"orders": orders}), start="2025-01-01",
                                end="2026-01-01")  # fmt: skip
    totals = clv.cost_totals(profits).set_index("part").total
    assert totals["net_sales"] == 20
    assert totals.drop("net_sales").isna().all()


def test_every_probability_is_in_one_bar():
    values = pd.DataFrame({"estimate": [0.0, 0.1, 0.1000001, 0.55, 0.999, 1.0, None]})
    counts = clv.alive_counts(values)
    assert counts.customers.tolist() == [2, 1, 0, 0, 0, 1, 0, 0, 0, 2]
    assert counts.low.iloc[0] == 0
    assert counts.high.iloc[-1] == 1


def test_no_probability_gives_no_bar():
    assert clv.alive_counts(pd.DataFrame({"estimate": [None, np.nan]})).empty
