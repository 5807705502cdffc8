"""A question put to a client's data: what is compared, or what is missing."""

import numpy as np
import pandas as pd
import pytest

from marketing_kpi import prepost
from marketing_kpi.data.sources import open_data
from marketing_kpi.errors import ComputeError

ACTION, AS_OF = "2025-03-03", "2025-04-28"
MONDAYS = pd.date_range("2025-01-06", periods=16, freq="7D")  # the last week is not whole


def orders(units="ABCD", *, days=MONDAYS, amount=lambda unit, day: 10.0):
    rows = [(unit, day, amount(unit, day)) for unit in units for day in days]
    frame = pd.DataFrame(rows, columns=["store_id", "ordered_at", "amount"])
    return frame.assign(order_id=[f"O{n}" for n in range(len(frame))])


def put(frame=None, *, stores=None, **asked):
    tables = {"orders": orders() if frame is None else frame}
    if stores is not None:
        tables["stores"] = stores
    asked = {"action": ACTION, "as_of": AS_OF, "treated": ["A"], "control": None} | asked
    return prepost.study(open_data(tables), **asked)


def test_both_arms_are_laid_out_by_week():
    def amount(unit, day):
        return 10.0 + (5.0 if unit == "A" and day >= pd.Timestamp(ACTION) else 0.0)

    found = put(orders(amount=amount), treated=["A", "B"])
    assert found.ready
    assert (found.treated, found.control) == (("A", "B"), ("C", "D"))
    assert len(found.near) == 4 * 14
    assert found.series["control"].eq(20.0).all()
    assert found.series["treated"].tolist() == [20.0] * 8 + [25.0] * 7


def test_a_day_is_a_period_where_asked():
    found = put(grain="day")
    assert len(found.series) == 15 * 7
    assert found.series["treated"].sum() == 15 * 10.0


def test_the_week_of_an_action_on_another_day_is_left_out():
    found = put(action="2025-03-05")
    assert pd.Timestamp("2025-03-03") not in set(found.panel["period"])
    assert found.series.loc[found.series["period"] >= "2025-03-10", "treated"].size == 6


def test_everything_touched_is_one_unit():
    found = put(orders().drop(columns="store_id"), treated=[])
    assert (found.ready, found.treated, found.control) == (True, (), ())
    assert found.series["treated"].eq(40.0).all()
    assert "control" not in found.series


def test_no_week_after_the_last_order_counts_as_zero():
    found = put(as_of="2026-01-01")
    assert found.series["treated"].min() > 0
    assert found.proposal.after.end.isoformat() == "2025-04-21"


def test_a_store_that_was_not_open_throughout_is_left_out():
    stores = pd.DataFrame({"store_id": list("ABCD"), "store_type": "shop"})
    stores["opened_on"] = pd.to_datetime(["2020-01-01"] * 3 + ["2025-02-05"])
    found = put(stores=stores)
    assert (found.left_out, found.control) == (("D",), ("B", "C"))
    assert found.series["control"].eq(20.0).all()


def test_a_control_that_opened_within_the_history_is_no_part_of_the_series():
    stores = pd.DataFrame({"store_id": list("ABCD"), "store_type": "shop"})
    stores["opened_on"] = pd.to_datetime(["2020-01-01"] * 3 + ["2025-02-05"])
    found = put(stores=stores, weeks=3)
    assert found.control == ("B", "C", "D")
    assert found.series["control"].eq(20.0).all()


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({"action": "2024-01-01"}, ["no_weeks"]),
        ({"weeks": 30}, ["too_many_weeks"]),
        ({"treated": ["A", "Z"]}, ["unknown_units", "known_units"]),
        ({"control": ["Z"]}, ["unknown_units", "known_units"]),
        ({"unit": "region"}, ["no_unit"]),
        ({"unit": "nothing"}, ["no_unit"]),
        ({"as_of": "2024-01-01"}, ["no_orders"]),
        ({"outcome": "gross_profit"}, ["no_outcome"]),
        ({"action": None}, ["no_action"]),
        ({"treated": None}, ["no_treated", "known_units"]),
        ({"action": None, "treated": None, "unit": "nothing"}, ["no_action", "no_treated"]),
        ({"weeks": 0}, ["odd_weeks"]),
        ({"weeks": 1.5}, ["odd_weeks"]),
    ],
)
def test_what_is_missing_is_named(asked, ids):
    found = put(**asked)
    assert [problem for problem, _ in found.problems] == ids
    assert not found.ready
    assert found.series.empty
    assert prepost.changes(found).empty
    assert prepost.analyse(found).conclusion.method is None


def test_how_many_weeks_there_are_is_told():
    assert put(weeks=30).problems == (("too_many_weeks", "7"),)


def test_units_asked_for_and_present_are_both_named():
    assert put(treated=["A", "Z"]).problems == (
        ("unknown_units", "Z"),
        ("known_units", "A, B, C, D"),
    )


def test_units_may_be_named_by_numbers():
    numbers = orders()
    numbers["store_id"] = numbers["store_id"].map({"A": 0, "B": 1, "C": 2, "D": 3})
    found = put(numbers, treated=[0, 1])
    named = put(numbers, treated=["0", "1"], control=[2, 3])
    assert (found.treated, found.control) == (("0", "1"), ("2", "3"))
    pd.testing.assert_frame_equal(found.panel, named.panel)
    assert put(numbers, treated=[9]).problems[0] == ("unknown_units", "9")


def test_a_text_is_no_list_of_units():
    with pytest.raises(ComputeError, match="treated == 'A', must be a list"):
        put(treated="A")


def test_treated_that_were_closed_are_a_problem():
    stores = pd.DataFrame({"store_id": list("ABCD"), "store_type": "shop"})
    stores["closed_on"] = pd.to_datetime(["2025-03-20", None, None, None])
    assert put(stores=stores).problems == (("closed", ""),)


def test_all_units_treated_leaves_no_control():
    found = put(treated=list("ABCD"))
    assert (found.ready, found.control) == (True, ())


def test_an_outcome_that_does_not_add_up_is_refused():
    with pytest.raises(ComputeError, match="must add up"):
        put(outcome="average_order_value")


def test_a_grain_of_months_is_refused_by_name():
    with pytest.raises(ComputeError, match="grain == 'month', must be 'day' or 'week'"):
        put(grain="month")


def test_row_order_does_not_matter():
    def amount(unit, day):
        return 10.0 + ord(unit) + day.day / 7

    frame = orders(amount=amount)
    shuffled = frame.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(put(frame).series, put(shuffled).series)


def test_a_year_earlier_is_told_where_the_data_reach_back():
    days = pd.date_range("2023-11-06", periods=77, freq="7D")

    def amount(unit, day):
        return 20.0 if day >= pd.Timestamp(ACTION) and unit == "A" else 10.0

    rows = prepost.changes(put(orders(days=days, amount=amount))).set_index(["arm", "year"])
    assert rows.loc[("treated", "this"), "relative"] == 1.0
    assert rows.loc[("treated", "last"), "relative"] == 0.0
    assert rows.loc[("control", "this"), "change"] == 0.0
    assert prepost.changes(put())["year"].tolist() == ["this", "this"]


def test_changes_do_not_compare_another_number_of_stores():
    days = pd.date_range("2023-11-06", periods=77, freq="7D")
    stores = pd.DataFrame({"store_id": list("ABCD"), "store_type": "shop"})
    stores["opened_on"] = pd.to_datetime(["2020-01-01"] * 3 + ["2024-11-01"])
    rows = prepost.changes(put(orders(days=days), stores=stores, weeks=6))
    last = rows.set_index(["arm", "year"]).loc[("control", "last")]
    assert np.isnan(last["before"])
    assert np.isnan(last["relative"])
