"""Engagement: points worked by hand, and what must not change them."""

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import marketing_kpi as mk
from marketing_kpi.errors import ColumnError, ComputeError, ConfigError
from marketing_kpi.stages.engagement import engagement, interactions

WEIGHTS = {"open": 1, "visit": 2, "click": 3, "ignored": 0}
RULES = {"as_of": "2026-01-01", "half_life_days": 30, "window_days": 365, "weights": WEIGHTS}
END = pd.Timestamp("2026-01-01")


def done(*rows):
    """Make interactions of (customer, days before 1 January 2026, kind)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "days", "kind"])
    at = END - pd.to_timedelta(frame.days, unit="D")
    return frame.drop(columns="days").assign(at=at)


def points(frame, **changes):
    found = engagement(frame, **{**RULES, **changes})
    return dict(zip(found.customer_id, found.points, strict=True))


def test_points_by_hand():
    rows = done(("A", 30, "click"), ("A", 60, "visit"), ("B", 30, "open"), ("B", 90, "open"))
    assert points(rows) == {"A": 3 / 2 + 2 / 4, "B": 1 / 2 + 1 / 8}


def test_the_last_interaction_is_a_day():
    rows = done(("A", 30, "click"), ("A", 2.5, "open"))
    found = engagement(rows, **RULES)
    assert found.last_interaction.tolist() == [pd.Timestamp("2025-12-29")]


@pytest.mark.parametrize(
    ("days", "counts"), [(0, False), (0.5, True), (1, True), (365, True), (366, False), (-3, False)]
)
def test_the_window_is_before_the_day_of_the_analysis(days, counts):
    assert bool(points(done(("A", days, "open")))) is counts


def test_the_hour_does_not_matter():
    morning, evening = (done(("A", days, "open")) for days in (1, 0.01))
    assert points(morning) == points(evening)


@pytest.mark.parametrize("kind", ["ignored", "unknown", None])
def test_a_kind_without_weight_counts_for_nothing(kind):
    assert points(done(("A", 3, kind), ("B", 3, "open"))).keys() == {"B"}


def test_rows_without_customer_or_time_are_left_out():
    rows = pd.concat([done((None, 3, "open")), done(("A", 3, "open")).assign(at=pd.NaT)])
    assert points(rows) == {}


def test_nothing_done_is_no_row():
    empty = done()
    assert engagement(empty, **RULES).columns.tolist() == [
        "customer_id",
        "points",
        "last_interaction",
    ]
    assert points(done(("A", 3, "open")), weights={}) == {}


def test_a_table_gives_a_lazy_table_of_the_same_points():
    rows = done(("A", 30, "click"), ("B", 12, "visit"), ("A", 1, "open"))
    lazy = engagement(ibis.memtable(rows), **RULES)
    assert isinstance(lazy, ibis.Table)
    executed = lazy.to_pandas().sort_values("customer_id").reset_index(drop=True)
    assert_frame_equal(executed, engagement(rows, **RULES), check_dtype=False)


def test_inputs_are_not_changed():
    rows = done(("A", 30, "click"))
    before = rows.copy()
    engagement(rows, **RULES)
    assert_frame_equal(rows, before)


KINDS = st.sampled_from([*WEIGHTS, "unknown"])
ROWS = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(-2, 400), KINDS), max_size=12)


@settings(max_examples=15, deadline=None)
@given(rows=ROWS, seed=st.integers(0, 99))
def test_the_points_are_the_sum_whatever_the_order(rows, seed):
    expected = {}
    for customer, days, kind in rows:
        if 1 <= days <= 365 and WEIGHTS.get(kind):
            worth = round(WEIGHTS[kind] * 0.5 ** (days / 30), 12)
            expected[customer] = expected.get(customer, 0) + worth
    shuffled = done(*rows).sample(frac=1, random_state=np.random.RandomState(seed))
    assert points(shuffled) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@settings(max_examples=10, deadline=None)
@given(rows=ROWS.filter(bool), seed=st.integers(0, 99))
def test_who_did_the_same_ties_exactly(rows, seed):
    one = [("A", days, kind) for _, days, kind in rows]
    other = [("B", days, kind) for _, days, kind in rows]
    mixed = done(*one, *other).sample(frac=1, random_state=np.random.RandomState(seed))
    found = points(mixed)
    assert found.get("A") == found.get("B")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"half_life_days": 0}, "half_life_days == 0"),
        ({"half_life_days": float("nan")}, "half_life_days"),
        ({"window_days": -1}, "window_days == -1"),
        ({"weights": {"open": -1}}, r"weights\['open'\] == -1"),
    ],
)
def test_what_makes_no_sense_is_refused(changes, says):
    with pytest.raises(ComputeError, match=says):
        points(done(("A", 3, "open")), **changes)


def test_a_missing_column_and_a_bad_day_are_named():
    with pytest.raises(ColumnError, match="'kind' not found in the interactions"):
        engagement(done(("A", 3, "open")).drop(columns="kind"), **RULES)
    with pytest.raises(ConfigError, match="as_of"):
        points(done(("A", 3, "open")), as_of="soon")


def test_interactions_are_responses_and_identified_sessions():
    orders = pd.DataFrame({"order_id": ["1"], "ordered_at": [dt.datetime(2025, 1, 1)]})
    responses = pd.DataFrame({"customer_id": ["A"], "at": [END], "kind": ["open"]})
    sessions = pd.DataFrame(
        {"session_id": ["1", "2"], "customer_id": ["B", None], "started_at": [END, END]}
    )
    with mk.open_data({"orders": orders}) as data:
        assert interactions(data) is None
    with mk.open_data({"orders": orders, "responses": responses, "sessions": sessions}) as data:
        found = interactions(data).order_by("customer_id").to_pandas()
    assert found[["customer_id", "kind"]].to_numpy().tolist() == [["A", "open"], ["B", "session"]]
