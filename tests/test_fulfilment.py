"""Fulfilment: formulas on a few rows, promises, waits, costs and work by hand, and the truth."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marketing_kpi as mk
from marketing_kpi import fulfilment
from marketing_kpi.data.demo import truth
from marketing_kpi.dispatch.chance import equality, rate_interval, ratio_interval
from marketing_kpi.dispatch.costs import cost_sides
from marketing_kpi.errors import ComputeError, MissingDataError
from marketing_kpi.kpis.examples import rows_of
from marketing_kpi.kpis.facts import FACTS
from marketing_kpi.kpis.intervals import wilson

NONE = None
YEAR = {"start": "2025-01-01", "end": "2026-01-01"}
MARCH = {"start": "2025-03-01", "end": "2025-04-01"}


@pytest.fixture(scope="module")
def demo():
    with mk.demo() as data:
        yield data


def at(*moments):
    return pd.to_datetime(pd.Series(moments), format="ISO8601")


def shop(parcels, *, ordered_at="2025-03-01", orders=None, **tables):
    """Open parcels, each of the order of its name, placed at a moment."""
    parcels = parcels.copy()
    if "order_id" not in parcels:
        parcels["order_id"] = [f"o{n}" for n in range(len(parcels))]
    parcels["shipment_id"] = [f"s{n}" for n in range(len(parcels))]
    if orders is None:
        orders = parcels[["order_id"]].drop_duplicates().assign(ordered_at=pd.Timestamp(ordered_at))
    return mk.open_data({"orders": orders, "shipments": parcels, **tables})


def on(function, fact, rows):
    found = function(rows_of(FACTS[fact], rows)).cast("float64").execute()
    return NONE if pd.isna(found) else found


# --- KPIs -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on_time", "in_full", "rate", "otif"),
    [
        ([True, True, False, False], [True, False, True, False], 0.5, 0.25),
        ([True, True], [True, NONE], 1, 1),
        ([True, False], [NONE, NONE], 0.5, NONE),
        ([True, False, NONE, NONE], [True, True, True, False], 0.5, 0.5),
        ([], [], NONE, NONE),
    ],
)
def test_on_time_and_in_full(on_time, in_full, rate, otif):
    rows = {"on_time": on_time, "in_full": in_full}
    assert on(fulfilment.on_time_delivery_rate, "promised_parcels", rows) == rate
    assert on(fulfilment.on_time_in_full_rate, "promised_parcels", rows) == otif


def test_an_order_is_perfect_where_all_four_hold():
    four = [[True, True, False, False]] + [
        [n != lack for n in range(4)] for lack in range(4)
    ]  # one perfect would be all four true
    four.append([True] * 4)
    rows = dict(
        zip(("on_time", "in_full", "damaged", "returned"), zip(*four, strict=True), strict=True)
    )
    rows = {name: list(values) for name, values in rows.items()}
    for name in ("damaged", "returned"):
        rows[name] = [not value for value in rows[name]]
    assert on(fulfilment.perfect_order_rate, "promised_orders", rows) == pytest.approx(1 / 6)


def test_a_cost_of_which_a_part_is_not_known_counts_on_neither_side():
    rows = {
        "order_id": ["a", "a", "b", "c"],
        "transport_cost": [5, 7, NONE, 4],
        "packaging_cost": [1, 1, 1, 1],
        "labour_cost": [2, 2, 2, NONE],
    }
    assert on(fulfilment.fulfilment_cost_per_order, "shipped_parcels", rows) == 18


def test_productivity_is_of_the_rows_that_tell_both():
    rows = {
        "activity": ["pick", "pick", "pick", "pick", "ship"],
        "units": [100, 10, NONE, 8, 30],
        "hours": [2.0, 0.5, 9.0, NONE, 1.0],
    }
    assert on(fulfilment.pick_productivity, "labour", rows) == 44
    assert on(fulfilment.ship_productivity, "labour", rows) == 30
    assert on(fulfilment.pack_productivity, "labour", rows) is NONE


# --- Promises -------------------------------------------------------------------------------


def test_what_never_came_is_late_and_what_is_not_due_is_not_counted():
    parcels = pd.DataFrame(
        {
            "promised_at": at("2025-03-05", "2025-03-05", "2025-03-05", "2025-03-30", NONE),
            "delivered_at": at("2025-03-05 18:00", "2025-03-06", NONE, "2025-03-10", "2025-03-04"),
        }
    )
    with shop(parcels) as data:
        row = fulfilment.kept_promises(data, **MARCH).iloc[0]
        by_kpi = mk.compute("on_time_delivery_rate", data, **MARCH).iloc[0, 0]
    assert (row.parcels, row.late, row.undelivered) == (3, 2, 1)
    assert row.on_time == by_kpi == pytest.approx(1 / 3)


def test_work_without_its_units_or_hours_is_told_as_a_part():
    parcels = pd.DataFrame({"shipped_at": at("2025-03-03", "2025-03-04")})
    work = pd.DataFrame({"day": at("2025-03-03", "2025-03-04", "2025-03-05"), "location_id": "W"})
    work = work.assign(
        activity=["pick", "pick", "tidy"], hours=[2.0, 1.0, 9.0], units=[80.0, NONE, NONE],
        cost=[60.0, 20.0, 500.0],
    )  # fmt: skip
    with shop(parcels, labour=work) as data:
        found = fulfilment.labour_drivers(data, **MARCH)
        assert found.cost.tolist() == [30]
        assert found.attrs["told"] == 60 / 80  # tidying is no activity of a parcel
    change = fulfilment.labour_change(found, found.assign(cost=33.0))
    assert change.attrs["told"] == 0.75


def recorded(first, last, *, step=1):
    """Return a shop of ten parcels a day, January to June, with labour for them on some days."""
    days = pd.date_range("2025-01-01", "2025-06-30").repeat(10)
    parcels = pd.DataFrame({"shipped_at": days, "transport_cost": 5.0, "packaging_cost": 1.0})
    hours = pd.DataFrame({"day": pd.date_range(first, last, freq=f"{step}D")})
    hours = hours.assign(location_id="W", activity="pick", hours=1.0 * step, units=20.0 * step)
    return shop(parcels, ordered_at="2025-01-01", labour=hours.assign(cost=30.0 * step))


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        ("2025-01-01", "2025-06-30", (1, 7)),
        ("2025-01-04", "2025-06-28", (1, 7)),  # days of rest at both ends
        ("2025-04-01", "2025-06-30", (4, 7)),
        ("2025-03-20", "2025-05-10", (4, 5)),
        ("2025-01-31", "2025-06-30", (2, 7)),
    ],
)
def test_labour_recorded_for_a_part_is_that_of_its_whole_months(first, last, months):
    span = {"start": "2025-01-01", "end": "2025-07-01"}
    kpi = "fulfilment_cost_per_order"
    with recorded(first, last) as data:
        found = fulfilment.labour_drivers(data, **span)
        cost = mk.compute(kpi, data, **span).iloc[0, 0]
    begun, ended = (pd.Timestamp(2025, month, 1) for month in months)
    assert found.attrs["known"] == (None if months == (1, 7) else (begun, ended))
    assert found.workload.tolist() == pytest.approx([2.0], rel=0.03)
    assert found.cost.tolist() == pytest.approx([3.0], rel=0.03)
    assert cost == pytest.approx(9.0, rel=0.01)


def test_labour_written_down_once_a_month_is_that_of_the_month():
    june = {"start": "2025-06-01", "end": "2025-07-01"}
    with recorded("2025-01-01", "2025-06-30", step=30) as data:
        found = fulfilment.labour_drivers(data, **june)
    assert found.attrs["known"] is None
    assert found.cost.tolist() == [3.0]


def test_a_parcel_delivered_before_it_was_ordered_is_on_no_side_and_counted():
    parcels = pd.DataFrame(
        {
            "order_id": ["a", "b", "c", "d", "e"],
            "promised_at": at(*["2025-03-05"] * 5),
            "delivered_at": at(
                "2025-03-04 10:00", "2025-03-07", NONE, "2025-03-02 10:00", "2025-03-03"
            ),
            "in_full": [True, True, True, True, False],
            "damaged": [False] * 5,
        }
    )
    # d came before it was ordered; e, of which no hour is told, on the day it was ordered
    orders = pd.DataFrame({"order_id": list("abcde"), "ordered_at": at(*["2025-03-01 09:00"] * 5)})
    orders.loc[3:, "ordered_at"] = at("2025-03-20 12:00", "2025-03-03 15:00").tolist()
    returns = pd.DataFrame({"return_id": ["r"], "order_id": ["none"]})
    returns["returned_at"] = at("2025-03-09")
    kpis = ["on_time_delivery_rate", "on_time_in_full_rate", "perfect_order_rate"]
    with shop(parcels, orders=orders, returns=returns) as data:
        row = fulfilment.kept_promises(data, **MARCH).iloc[0]
        by_kpi = mk.compute(kpis, data, **MARCH).iloc[0]
        old = fulfilment.perfect_orders(data, as_of="2026-01-01", **MARCH).iloc[0]
    assert (row.parcels, row.late, row.undelivered, row.backwards) == (4, 2, 1, 1)
    assert (row.on_time, row.in_full, row.on_time_in_full) == (2 / 4, 3 / 5, 1 / 4)
    assert list(by_kpi[kpis]) == [2 / 4, 1 / 4, 1 / 4]
    assert (old.orders, old.on_time, old.perfect) == (4, 2 / 4, 1 / 4)


def test_a_month_of_false_dates_alone_owes_nothing_and_is_not_a_month_kept():
    parcels = pd.DataFrame({"promised_at": at("2025-03-05", "2025-04-05")})
    parcels["delivered_at"] = at("2025-02-04", "2025-04-09")
    orders = pd.DataFrame({"order_id": ["o0", "o1"], "ordered_at": at("2025-03-01", "2025-04-02")})
    with shop(parcels, orders=orders) as data:
        span = {"start": "2025-03-01", "end": "2025-05-01"}
        months = fulfilment.kept_promises(data, by="month", **span)
    assert list(months.backwards) == [1, 0]
    assert list(months.parcels) == [0, 1]
    assert math.isnan(months.on_time[0])
    agreed = fulfilment.agreement(months, target=0.95)
    assert list(zip(agreed.month.dt.month, agreed.short, strict=True)) == [(4, 1)]


def test_one_delivery_with_a_false_date_moves_no_other_promise():
    placed = pd.date_range("2025-06-01", periods=30, freq="D")
    parcels = pd.DataFrame({"order_id": [f"o{n}" for n in range(30)]})
    parcels["promised_at"] = placed + pd.Timedelta("5D")
    parcels["delivered_at"] = (placed + pd.Timedelta("3D")).where(placed <= "2025-06-27")
    orders = parcels[["order_id"]].assign(ordered_at=placed)
    asked = {"start": "2025-06-01", "end": "2025-08-01"}
    with shop(parcels, orders=orders) as data:
        true = fulfilment.kept_promises(data, **asked).iloc[0]
    parcels.loc[0, "delivered_at"] = pd.Timestamp("2026-06-04")
    with shop(parcels, orders=orders) as data:
        found = fulfilment.kept_promises(data, **asked).iloc[0]
        by_kpi = mk.compute("on_time_delivery_rate", data, **asked).iloc[0, 0]
    assert (true.parcels, true.late, found.parcels, found.late) == (25, 0, 25, 1)
    assert by_kpi == pytest.approx(24 / 25)


def test_deliveries_that_lead_on_from_the_last_order_tell_how_far_the_data_go():
    days = ("2025-03-20", "2025-04-10", "2025-05-02")
    parcels = pd.DataFrame(
        {"promised_at": at(*days, "2025-05-02"), "delivered_at": at(*days, NONE)}
    )
    with shop(parcels) as data:
        row = fulfilment.kept_promises(data, start="2025-03-01", end="2025-06-01").iloc[0]
    assert (row.parcels, row.late) == (4, 1)


def test_a_promise_for_a_day_holds_until_its_evening_and_one_with_an_hour_until_then():
    parcels = pd.DataFrame(
        {
            "promised_at": at("2025-03-05", "2025-03-05 12:00", "2025-03-05 23:59:59"),
            "delivered_at": at(*["2025-03-05 18:00"] * 3),
        }
    )
    with shop(parcels) as data:
        assert fulfilment.kept_promises(data, **MARCH).on_time[0] == pytest.approx(2 / 3)


def test_parcels_of_orders_that_are_not_valid_or_not_known_are_left_out():
    parcels = pd.DataFrame({"order_id": ["good", "cancelled", "nowhere"]})
    parcels["promised_at"] = pd.Timestamp("2025-03-05")
    parcels["delivered_at"] = at("2025-03-04", "2025-03-04", "2025-03-09")
    orders = pd.DataFrame({"order_id": ["good", "cancelled"], "status": ["delivered", "cancelled"]})
    with shop(parcels, orders=orders.assign(ordered_at=pd.Timestamp("2025-03-01"))) as data:
        row = fulfilment.kept_promises(data, **MARCH).iloc[0]
    assert (row.parcels, row.late) == (1, 0)


def test_in_full_of_a_delivered_parcel_may_be_unknown():
    parcels = pd.DataFrame(
        {
            "promised_at": pd.Timestamp("2025-03-05"),
            "delivered_at": at("2025-03-04", "2025-03-04", "2025-03-04", NONE),
            "in_full": pd.array([True, False, None, None], dtype="boolean"),
        }
    )
    later = pd.DataFrame({"order_id": ["later"], "ordered_at": at("2025-03-20")})
    orders = pd.DataFrame(
        {"order_id": [f"o{n}" for n in range(4)], "ordered_at": pd.Timestamp("2025-03-01")}
    )
    with shop(parcels, orders=pd.concat([orders, later])) as data:
        row = fulfilment.kept_promises(data, **MARCH).iloc[0]
        by_kpi = mk.compute("on_time_in_full_rate", data, **MARCH).iloc[0, 0]
    assert row.on_time == 0.75
    assert row.on_time_in_full == by_kpi == pytest.approx(1 / 3)  # the unknown one is on no side


def test_an_order_is_judged_once_all_of_its_parcels_are_due():
    parcels = pd.DataFrame({"order_id": ["a", "a", "b", "b", "c"]})
    parcels["promised_at"] = at(
        "2025-03-05", "2025-03-06", "2025-03-05", "2025-05-30", "2025-03-07"
    )
    parcels["delivered_at"] = at("2025-03-05", "2025-03-06", "2025-03-05", NONE, "2025-03-07")
    parcels["in_full"], parcels["damaged"] = True, False
    back = pd.DataFrame({"return_id": ["r"], "order_id": ["c"], "kind": ["return"]})
    back["returned_at"] = pd.Timestamp("2025-03-20")
    with shop(parcels, returns=back) as data:
        found = fulfilment.perfect_orders(data, as_of="2025-06-01", **MARCH).iloc[0]
        by_kpi = mk.compute("perfect_order_rate", data, **MARCH).iloc[0, 0]
    assert (found.orders, found.on_time, found.not_returned) == (2, 1, 0.5)
    assert found.perfect == by_kpi == 0.5


def test_young_orders_are_not_judged(demo):
    found = fulfilment.perfect_orders(demo, as_of="2026-01-01", return_days=30, **YEAR).iloc[0]
    assert str(found.until.date()) == "2025-12-02"
    by_kpi = mk.compute("perfect_order_rate", demo, start="2025-01-01", end="2025-12-02")
    assert found.perfect == pytest.approx(by_kpi.execute().iloc[0, 0], rel=1e-12)
    none = fulfilment.perfect_orders(demo, as_of="2025-01-10", return_days=30, **YEAR)
    assert none.empty
    assert "perfect_low" in none


def test_an_agreement_is_counted():
    months = pd.DataFrame(
        {"month": pd.to_datetime(["2025-01-01", "2025-02-01", "2025-03-01"]),
         "parcels": [1600, 100, 101], "late": [104, 5, 5], "on_time": [0.935, 0.95, 96 / 101]}
    )  # fmt: skip
    found = fulfilment.agreement(months, target=0.95)
    assert found.allowed.tolist() == [80, 5, 5]  # 5.05 late parcels: five are allowed
    assert found.short.tolist() == [24, 0, 0]
    assert found.is_kept.tolist() == [False, True, True]
    with pytest.raises(ComputeError, match="target"):
        fulfilment.agreement(months, target=95)


# --- Waits ----------------------------------------------------------------------------------


def waits(hours, *, placed="2025-03-01", until=NONE):
    """Return parcels that took some hours each; None: under way."""
    placed = pd.Series([pd.Timestamp(placed)] * len(hours))
    took = pd.to_timedelta(pd.Series(hours, dtype="float64"), "h")
    return pd.DataFrame(
        {"order_id": [f"o{n}" for n in range(len(hours))], "ordered_at": placed,
         "delivered_at": placed + took}
    )  # fmt: skip


def test_the_median_is_what_half_do_not_exceed():
    found = fulfilment.order_cycle_time(waits([10, 20, 30, 40]), as_of="2025-04-01").iloc[0]
    assert (found["median"], found.p90, found.orders, found.delivered) == (20, 40, 4, 4)


def test_what_is_under_way_counts_and_is_not_left_out():
    found = fulfilment.order_cycle_time(waits([10, 20, 30, None, None]), as_of="2025-04-01")
    assert found["median"][0] == 30
    assert math.isnan(found.p90[0])
    gone = fulfilment.order_cycle_time(waits([10, None, None, None]), as_of="2025-04-01")
    assert math.isnan(gone["median"][0])


def test_what_comes_later_is_not_known_yet():
    found = fulfilment.order_cycle_time(waits([10, 20, 100]), as_of="2025-03-03").iloc[0]
    assert (found.orders, found.delivered, found["median"]) == (3, 2, 20)


def test_an_order_is_delivered_with_its_last_parcel():
    parcels = waits([10, 50, 5, 5]).assign(order_id=["a", "a", "b", "b"])
    parcels.loc[3, "delivered_at"] = pd.NaT
    found = fulfilment.order_cycle_time(parcels, as_of="2025-04-01").iloc[0]
    assert (found.orders, found.delivered, found["median"]) == (2, 1, 50)


def test_a_delivery_before_the_order_is_a_fault_and_counts_nowhere():
    found = fulfilment.order_cycle_time(waits([10, -5]), as_of="2025-04-01").iloc[0]
    assert (found.orders, found.backwards, found["median"]) == (1, 1, 10)


def test_the_estimate_of_a_week_under_way_is_nearer_to_what_came(demo):
    week = fulfilment.parcel_times(demo, start="2025-12-08", end="2025-12-15").to_pandas()
    hours = (week.delivered_at - week.ordered_at) / pd.Timedelta(hours=1)
    naive = hours[week.delivered_at < "2025-12-15"].median()
    fair = fulfilment.order_cycle_time(week, as_of="2025-12-15").iloc[0]
    assert abs(fair["median"] - hours.median()) < 1 < 5 < hours.median() - naive
    assert fair.median_low <= hours.median() <= fair.median_high


def test_without_censoring_the_interval_is_that_of_a_share():
    """Woodruff's: the quantiles between which a share of one half is not refused."""
    rng = np.random.default_rng(3)
    hours = np.sort(rng.gamma(8, 9, 900).round(1))
    parcels = waits(rng.permutation(hours))
    parcels["ordered_at"] += pd.to_timedelta(np.arange(900) % 300, "D")
    parcels["delivered_at"] += pd.to_timedelta(np.arange(900) % 300, "D")
    found = fulfilment.order_cycle_time(parcels, as_of="2026-06-01").iloc[0]
    reach = 1.97 * math.sqrt(0.25 / 900) * 4  # on the logit scale
    low, high = (1 / (1 + math.exp(x)) for x in (reach, -reach))
    ranks = [round(900 * share) for share in (low, high)]
    assert found.median_low == pytest.approx(hours[ranks[0]], abs=1.0)
    assert found.median_high == pytest.approx(hours[ranks[1]], abs=1.0)


@pytest.mark.parametrize("as_of", ["2026-01-01", "2025-07-01"])
def test_pandas_and_the_engine_give_the_same_waits(demo, as_of):
    times = fulfilment.parcel_times(demo, start="2025-06-01", end="2025-07-01")
    for function in (fulfilment.order_cycle_time, fulfilment.cycle_time_components):
        lazily = function(times, as_of=as_of)
        in_hand = function(times.to_pandas().sample(frac=1, random_state=1), as_of=as_of)
        pd.testing.assert_frame_equal(lazily, in_hand)


def test_components_of_three_parcels():
    start = pd.Timestamp("2025-01-06")
    parcels = pd.DataFrame({"ordered_at": [start] * 3})
    parcels["shipped_at"] = start + pd.to_timedelta([1, 2, 9], "h")
    parcels["delivered_at"] = start + pd.to_timedelta([10, 4, 10], "h")
    found = fulfilment.cycle_time_components(parcels, as_of="2025-02-01").set_index("component")
    assert found["median"].tolist() == [2, 2, 10]
    assert found["mean"].tolist() == [4, 4, 8]


def test_a_moment_that_was_not_written_down_is_not_a_parcel_under_way():
    start = pd.Timestamp("2025-01-06")
    parcels = pd.DataFrame({"ordered_at": [start] * 2})
    parcels["shipped_at"] = [pd.NaT, start + pd.Timedelta(hours=5)]
    parcels["delivered_at"] = [start + pd.Timedelta(hours=20), pd.NaT]
    found = fulfilment.cycle_time_components(parcels, as_of="2025-02-01").set_index("component")
    assert found.parcels.tolist() == [1, 1, 2]
    assert found.under_way.tolist() == [0, 1, 1]
    assert found.averaged.tolist() == [0, 0, 0]
    assert found["mean"].isna().all()


hours_of_a_step = st.floats(0, 200, allow_nan=False).map(lambda h: round(h, 1))
a_parcel = st.tuples(*[hours_of_a_step] * 4, st.integers(1, 5))


@settings(max_examples=40, deadline=None)
@given(st.lists(a_parcel, min_size=1, max_size=30))
def test_means_add_up(drawn):
    moments = (
        pd.Timestamp("2025-01-06")
        + pd.to_timedelta(
            pd.DataFrame([row[:4] for row in drawn]).cumsum(axis=1).stack(), "h"
        ).unstack()
    )
    parcels = pd.DataFrame({"ordered_at": pd.Timestamp("2025-01-06")}, index=moments.index)
    names = ["picked_at", "packed_at", "shipped_at", "delivered_at"]
    parcels[names] = moments.to_numpy()
    for place, (*_, known) in enumerate(drawn):  # some have not come that far
        parcels.loc[place, names[known:]] = pd.NaT
    found = fulfilment.cycle_time_components(parcels, as_of="2025-06-01")
    steps, whole = found.iloc[:-1], found.iloc[-1]
    assert whole.averaged == sum(known >= 4 for *_, known in drawn)
    if whole.averaged:
        assert steps["mean"].sum() == pytest.approx(whole["mean"], abs=1e-9)
    assert (found.done + found.under_way == found.parcels).all()


# --- Costs and work -------------------------------------------------------------------------


def costed(demo, **by):
    return fulfilment.cost_per_order(demo, **YEAR, **by)


def test_parts_add_up_to_the_kpi(demo):
    row = costed(demo).iloc[0]
    kpi = mk.compute("fulfilment_cost_per_order", demo, **YEAR).execute().iloc[0, 0]
    assert row[["transport", "packaging", "labour"]].sum() == pytest.approx(row.total, rel=1e-12)
    assert row.total == pytest.approx(kpi, rel=1e-9)


def test_the_cost_is_that_of_the_margins_where_all_is_known(demo):
    """`service` counts the same parcels: their cost is never another."""
    served = FACTS["service"].build(demo, {"occurred_at", "customer_id", "fulfilment_cost"})
    in_year = (served.occurred_at >= "2025-01-01") & (served.occurred_at < "2026-01-01")
    total = float(served.filter(in_year).fulfilment_cost.sum().execute())
    found = demo.shipments.join(demo.orders, "order_id")
    known = found.filter(
        found.customer_id.notnull(), found.shipped_at.notnull(),
        found.shipped_at >= "2025-01-01", found.shipped_at < "2026-01-01",
    ).count().execute()  # fmt: skip
    assert total / known == pytest.approx(costed(demo).total[0], rel=0.01)


def test_an_order_in_two_parcels_bears_both():
    parcels = pd.DataFrame(
        {"order_id": ["a", "a", "b"], "transport_cost": [5.0, 7.0, 4.0], "packaging_cost": 1.0,
         "shipped_at": pd.Timestamp("2025-03-04")}
    )  # fmt: skip
    with shop(parcels) as data:
        row = fulfilment.cost_per_order(data, **MARCH).iloc[0]
    assert (row.orders, row.transport, row.packaging, row.total) == (2, 8, 1.5, 9.5)
    assert math.isnan(row.labour)


def test_an_order_of_which_a_parcel_has_no_known_cost_counts_on_neither_side():
    parcels = pd.DataFrame({"order_id": ["split", "split", "whole"]})
    parcels["shipped_at"] = pd.Timestamp("2025-03-03")
    parcels = parcels.assign(transport_cost=[10.0, NONE, 20.0], packaging_cost=[1.0, 1.0, 2.0])
    labour = pd.DataFrame({"day": at("2025-03-03"), "cost": [9.0], "activity": ["pick"]})
    with shop(parcels, labour=labour) as data:
        row = fulfilment.cost_per_order(data, **MARCH).iloc[0]
        by_kpi = mk.compute("fulfilment_cost_per_order", data, **MARCH).iloc[0, 0]
    assert (row.orders, row.total) == (1, 25)
    assert by_kpi == 25


def test_items_of_an_order(demo):
    found = fulfilment.cost_by_items(demo, **YEAR)
    assert found["items"].tolist() == [1, 2, 3, 4, 5]
    # An item more adds 0.85 of transport and 0.28 of packaging, whatever the region.
    assert (found.cost.diff().iloc[1:4] - 1.13).abs().max() < 0.15
    assert found.orders.sum() == costed(demo).orders[0]


def test_a_region_bears_the_labour_of_its_parcels_and_of_their_month():
    """80 of labour for 4 parcels: 20 each; A has 3 of them in 2 orders, B 1.

    A is pulled by its own days, (20 - 30) / 2 and (40 - 30) / 2, and by what a parcel bears: 30 an
    order, of which the days paid a half each and sent a quarter and three.
    """
    parcels = pd.DataFrame({"order_id": ["a", "c", "c", "b"], "transport_cost": 0.0})
    parcels["shipped_at"] = at("2025-03-03", "2025-03-04", "2025-03-04", "2025-03-04")
    parcels = parcels.assign(packaging_cost=0.0, carrier=["A", "A", "A", "B"])
    labour = pd.DataFrame({"day": at("2025-03-03", "2025-03-04"), "cost": 40.0, "activity": "pick"})
    with shop(parcels, labour=labour) as data:
        (_, one), (_, other) = cost_sides(data, by="carrier", **MARCH)
    assert (one.total, other.total) == (30, 20)
    assert one.pulls.tolist() == pytest.approx([-5 + 7.5, 5 - 7.5])
    assert other.pulls.tolist() == pytest.approx([5, -5])


def test_regions_drawn_at_random_differ_in_cost_no_more_than_chance():
    """Fifth orders of two parcels, and labour twice as dear in the second half: 1 of 20 at 5 %."""
    rng = np.random.default_rng(11)
    days = pd.date_range("2025-01-01", "2025-06-30")
    sent = days.repeat(12)
    names = np.array([f"o{n}" for n in range(len(sent))])
    split = rng.random(len(sent)) < 0.2
    parcels = pd.DataFrame({"order_id": np.append(names, names[split])})
    parcels["shipped_at"] = sent.append(sent[split])
    parcels["packaging_cost"], parcels["transport_cost"] = 1.0, rng.normal(5, 1, len(parcels))
    paid = np.where(days.month <= 3, 60.0, 120.0) * rng.uniform(0.8, 1.2, len(days))
    labour = pd.DataFrame({"day": days, "cost": paid, "activity": "pick"})
    span = {"start": "2025-01-01", "end": "2025-07-01"}
    found = 0
    for _ in range(20):
        of_order = dict(zip(names, rng.choice([*"ABC"], len(names)), strict=True))
        with shop(parcels.assign(carrier=parcels.order_id.map(of_order)), labour=labour) as data:
            sides = [side for _, side in cost_sides(data, by="carrier", **span)]
        pulls = np.column_stack([side.pulls for side in sides])
        tested = equality([side.total for side in sides], pulls, [len(days)] * 3)
        found += tested.p_value < 0.05
    assert found <= 3


def test_the_truth_of_the_demo(demo):
    known = truth()["delivery"]
    kept = fulfilment.kept_promises(demo, start="2023-01-01", end="2026-01-01").iloc[0]
    assert kept.on_time_low <= known["on_time"] <= kept.on_time_high
    assert kept.in_full_low <= known["in_full"] <= kept.in_full_high
    assert kept.on_time_in_full_low <= known["on_time_in_full"] <= kept.on_time_in_full_high
    work = fulfilment.productivity(demo, **YEAR).set_index("activity")
    for activity, pace in truth()["labour"]["units_per_hour"].items():
        assert work.low[activity] <= pace <= work.high[activity]
    wages = fulfilment.labour_drivers(demo, **YEAR).wage
    assert wages.tolist() == pytest.approx([truth()["labour"]["wage"]] * 3, rel=1e-3)


def test_the_balance_finds_what_differs_in_the_demo_and_nothing_else(demo):
    regions = fulfilment.balance(demo, as_of="2026-01-01", by="region", **YEAR)
    assert max(regions.equality[side].p_value for side in ("speed", "cost")) < 0.001
    assert regions.equality["quality"].p_value > 0.05
    by_region = regions.cells.set_index("region")
    assert by_region.speed.idxmin() == by_region.cost.idxmin() == "QC"
    channels = fulfilment.balance(demo, as_of="2026-01-01", by="channel", **YEAR)
    assert all(side.p_value > 0.05 for side in channels.equality.values())
    kpi = mk.compute("on_time_in_full_rate", demo, by="region", **YEAR).execute()
    assert by_region.quality.tolist() == pytest.approx(kpi.on_time_in_full_rate.tolist())


def test_weeks_are_shown_and_not_tested(demo):
    span = {"start": "2025-01-06", "end": "2025-03-03"}
    weeks = fulfilment.balance(demo, as_of="2026-01-01", by="week", **span)
    assert len(weeks.cells) >= 8
    assert weeks.cells.week.dt.day_of_week.eq(0).all()
    assert {side.p_value for side in weeks.equality.values()} == {NONE}


amount = st.floats(0.01, 1000)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[amount] * 6), min_size=1, max_size=3))
def test_effects_add_up_to_the_change(rows):
    def side(first):
        names = ["workload", "pace", "wage"]
        made = pd.DataFrame([row[first : first + 3] for row in rows], columns=names)
        made.insert(0, "activity", ["pick", "pack", "ship"][: len(rows)])
        return made.assign(cost=made.workload / made.pace * made.wage)

    found = fulfilment.labour_change(side(0), side(3))
    parts = found[[*fulfilment.EFFECTS]].sum(axis=1)
    size = found[["before", "after"]].max(axis=1)
    assert ((parts - found.change).abs() <= 1e-9 * size).all()


# --- Chance ---------------------------------------------------------------------------------


def test_days_alike_give_the_interval_of_independent_parcels_or_a_little_more():
    low, high = rate_interval([9] * 400, [10] * 400)
    alone = wilson(0.9, 4000)
    assert low <= alone.low
    assert alone.high <= high
    assert high - low < 1.02 * (alone.high - alone.low)


def test_days_of_their_own_widen_it():
    rough = rate_interval([10] * 36 + [0] * 4, [10] * 40)
    alone = wilson(0.9, 400)
    assert rough.high - rough.low > 2 * (alone.high - alone.low)


@pytest.mark.parametrize("days", [0, 1, 4])
def test_few_days_give_no_interval(days):
    assert rate_interval([9] * days, [10] * days) == (NONE, NONE)
    assert ratio_interval([9] * days, [10] * days) == (NONE, NONE)


def test_all_on_time_still_has_an_interval():
    low, high = rate_interval([10] * 20, [10] * 20)
    assert 0.97 < low < 1
    assert high == 1


def test_groups_of_few_days_are_not_compared():
    pulls = np.zeros((10, 2))
    assert equality([0.9, 0.8], pulls, [10, 10]).p_value is NONE
    assert equality([0.9], np.zeros((90, 1)), [90]).p_value is NONE


# --- What lacks -----------------------------------------------------------------------------


def test_orders_alone_lack_all_of_it():
    orders = pd.DataFrame({"order_id": ["a"], "ordered_at": [pd.Timestamp("2025-03-01")]})
    with mk.open_data({"orders": orders}) as data:
        assert "shipments.promised_at" in fulfilment.lacks_promises(data)
        assert "shipments.delivered_at" in fulfilment.lacks_cycle(data)
        assert "labour.cost" in fulfilment.lacks_costs(data)
        assert "labour.units" in fulfilment.lacks_labour(data)
        assert "returns.order_id" in fulfilment.lacks_perfect(data)
        found = fulfilment.summary(data, **MARCH)
        assert found["value"].isna().all()
        assert len(found) == len(fulfilment.SUMMARY)
        with pytest.raises(MissingDataError, match=r"shipments\.promised_at"):
            fulfilment.kept_promises(data, **MARCH)


def test_a_carrier_is_a_column_of_the_shipments_or_lacks():
    parcels = waits([20, 30, 90, 40])[["delivered_at"]]
    parcels["promised_at"] = pd.Timestamp("2025-03-03")
    parcels["carrier"] = ["fast", "fast", "slow", NONE]
    with shop(parcels) as data:
        found = fulfilment.kept_promises(data, by="carrier", **MARCH)
        assert found.carrier.tolist()[:2] == ["fast", "slow"]
        assert found.carrier.isna()[2]
        assert found.on_time.tolist() == [1, 0, 1]
        assert fulfilment.lacks_balance(data, by="lorry") == ["shipments.lorry"]
        with pytest.raises(MissingDataError, match="lorry"):
            fulfilment.kept_promises(data, by="lorry", **MARCH)


def test_a_period_without_parcels(demo):
    early = {"start": "2021-01-01", "end": "2021-02-01"}
    assert fulfilment.kept_promises(demo, **early).empty
    assert fulfilment.cost_per_order(demo, **early).empty
    assert fulfilment.productivity(demo, **early).empty
    assert fulfilment.labour_drivers(demo, **early).empty
    assert fulfilment.cost_by_items(demo, **early).empty
    times = fulfilment.parcel_times(demo, **early)
    assert fulfilment.cycle_time_components(times, as_of="2026-01-01").parcels.sum() == 0
    assert fulfilment.balance(demo, as_of="2026-01-01", by="region", **early).cells.empty


def test_changes_of_two_periods(demo):
    before = fulfilment.summary(demo, start="2024-01-01", end="2025-01-01")
    now = fulfilment.summary(demo, **YEAR)
    found = fulfilment.changes(before, now)
    assert not found.is_told.any()  # nothing changed in the demo
    assert (found.change_low <= found.change).all()
    assert (found.change <= found.change_high).all()
    same = fulfilment.changes(now, now)
    assert (same.change == 0).all()
    assert not same.is_told.any()
