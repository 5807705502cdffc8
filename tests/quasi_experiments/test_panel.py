"""Panels of units and periods: zeros, closings, and what is refused."""

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import marketing_kpi as mk
from marketing_kpi import prepost
from marketing_kpi.data.sources import open_data
from marketing_kpi.errors import ComputeError

ORDERS = pd.DataFrame(
    {
        "order_id": list("1234567"),
        "store_id": ["A", "A", "B", "B", "C", "C", None],
        "ordered_at": pd.to_datetime(
            ["2025-03-03", "2025-03-12", "2025-03-09", "2025-03-17", "2025-03-04",
             "2025-03-18", "2025-03-05"]
        ),
        "amount": [20.0, 40.0, 30.0, 50.0, 60.0, 10.0, 99.0],
        "status": ["placed"] * 6 + ["placed"],
    }
)  # fmt: skip
STORES = pd.DataFrame(
    {
        "store_id": list("ABC"),
        "opened_on": pd.to_datetime(["2020-01-01", "2025-03-05", "2020-01-01"]).date,
        "closed_on": [None, None, pd.Timestamp("2025-03-20").date()],
    }
)
WEEKS = {"action": "2025-03-10", "start": "2025-03-03", "end": "2025-03-24"}


def test_zeros_where_open_and_no_row_where_closed():
    data = open_data({"orders": ORDERS, "stores": STORES})
    found = prepost.panel(data, treated=["A"], **WEEKS)
    rows = [
        ("A", "2025-03-03", 20.0, True, False),
        ("A", "2025-03-10", 40.0, True, True),
        ("A", "2025-03-17", 0.0, True, True),
        ("B", "2025-03-10", 0.0, False, True),  # opened on the 5th
        ("B", "2025-03-17", 50.0, False, True),
        ("C", "2025-03-03", 60.0, False, False),
        ("C", "2025-03-10", 0.0, False, True),  # closed on the 20th
    ]
    names = ["store_id", "period", "net_sales", "treated", "after"]
    expected = pd.DataFrame(rows, columns=names)
    expected["period"] = pd.to_datetime(expected["period"])
    assert_frame_equal(found, expected, check_dtype=False)


def test_a_ratio_of_nothing_is_null_and_control_can_be_named():
    data = open_data({"orders": ORDERS})
    found = prepost.panel(
        data, treated=["A"], control=["B"], outcome="average_order_value", **WEEKS
    )
    assert found["store_id"].unique().tolist() == ["A", "B"]
    assert found["average_order_value"].isna().tolist() == [False, False, True, False, True, False]


def test_months():
    data = open_data({"orders": ORDERS.assign(ordered_at=pd.to_datetime(
        ["2025-01-31", "2025-02-01", "2025-01-02", "2025-02-03", "2025-01-05", "2025-02-07",
         "2025-01-01"]))})  # fmt: skip
    found = prepost.panel(data, treated=["A"], grain="month", action="2025-02-01",
                          start="2025-01-01", end="2025-03-01")  # fmt: skip
    assert found["net_sales"].tolist() == [20, 40, 30, 50, 60, 10]


def test_an_engine_gives_the_same_lazily():
    options = {"treated": ["S01", "S03"], "control": ["S02", "S07"], "action": "2025-01-20",
               "start": "2024-12-30", "end": "2025-02-10"}  # fmt: skip
    lazy = prepost.panel(mk.demo(), **options)
    assert not isinstance(lazy, pd.DataFrame)
    found = lazy.execute()
    assert found.groupby("store_id").size().tolist() == [6, 6, 6, 4]  # S07 closed on 31 January
    assert (found["after"] == (found["period"] >= "2025-01-20")).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"treated": [12]}, "store_id '12' not found in these periods"),
        ({"treated": ["Z"]}, "store_id 'Z' not found in these periods"),
        ({"treated": "A"}, "must be a list"),
        ({"treated": []}, "no unit is treated"),
        ({"treated": ["A"], "control": ["A"]}, "in both arms: A"),
        ({"treated": ["A", "B", "C"]}, "none is left alone"),
        ({"treated": ["A"], "action": "2025-03-12"}, "does not begin a week"),
        ({"treated": ["A"], "end": "2025-03-20"}, "does not begin a week"),
        ({"treated": ["A"], "action": "2025-03-03"}, "must lie between"),
        ({"treated": ["A"], "grain": "weeks"}, "did you mean 'week'"),
    ],
)
def test_bad_input(options, said):
    with pytest.raises(ComputeError, match=said):
        prepost.panel(open_data({"orders": ORDERS}), **(WEEKS | options))
