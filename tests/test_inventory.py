"""The chapter of stock: its KPIs on hand-worked rows, and its analyses against the demo's truth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marketing_kpi as mk
from marketing_kpi import baskets, inventory
from marketing_kpi.errors import ComputeError, MissingDataError

YEAR = {"start": "2025-01-01", "end": "2026-01-01"}
MARCH = {"start": "2025-03-01", "end": "2025-04-01"}


@pytest.fixture(scope="module")
def demo():
    with mk.demo() as data:
        yield data


@pytest.fixture(scope="module")
def year(demo):
    return inventory.reorder_points(demo, **YEAR)


def shop(held, lines=(), **tables):
    """Open a shop with stock (day, product, place, on hand) and lines (day, product, units)."""
    rows = pd.DataFrame(held, columns=["day", "product_id", "location_id", "on_hand"])
    rows["day"] = pd.to_datetime(rows["day"])
    rows["on_hand"] = rows["on_hand"].astype("float64")
    rows = rows.assign(**{"unit_cost": 2.0, "received": 0.0, **tables.pop("stock", {})})
    sold = pd.DataFrame(lines, columns=["ordered_at", "product_id", "quantity"])
    sold["order_id"] = [f"o{n}" for n in range(len(sold))]
    sold["ordered_at"] = pd.to_datetime(sold["ordered_at"])
    sold["quantity"] = sold["quantity"].astype("float64")
    orders = sold[["order_id", "ordered_at"]]
    if orders.empty:
        orders = pd.DataFrame({"order_id": ["o"], "ordered_at": pd.to_datetime(["2025-03-01"])})
    lines = sold.drop(columns="ordered_at").assign(line_id="1", unit_price=5.0, unit_cost=2.0)
    return mk.open_data({"orders": orders, "order_lines": lines, "stock": rows, **tables})


def one(kpi, data, **asked):
    value = mk.compute(kpi, data, **asked)[kpi].iloc[0]
    return None if pd.isna(value) else float(value)


# --- KPIs ---------------------------------------------------------------------------------------


def test_stock_is_that_of_the_last_day_and_never_a_sum_over_days():
    data = shop(
        [("2025-03-01", "a", "S", 9), ("2025-03-02", "a", "S", 7), ("2025-03-02", "b", "S", 1)]
    )
    assert one("stock_on_hand", data, **MARCH) == 8
    by_day = mk.compute("stock_on_hand", data, grain="day", start="2025-03-01", end="2025-03-03")
    assert list(by_day.stock_on_hand) == [9, 8]


def test_a_product_delisted_before_the_last_day_has_none_left():
    data = shop(
        [("2025-03-01", "a", "S", 9), ("2025-03-01", "b", "S", 4), ("2025-03-02", "b", "S", 3)]
    )
    found = mk.compute("stock_on_hand", data, by="product_id", **MARCH)
    assert dict(zip(found.product_id, found.stock_on_hand, strict=True)) == {"a": 0, "b": 3}
    assert one("stock_on_hand", data, filters={"product_id": "a"}, **MARCH) == 0


def test_a_period_without_a_day_on_record_has_no_known_stock():
    data = shop([("2025-03-01", "a", "S", 9)])
    assert one("stock_on_hand", data, start="2025-05-01", end="2025-06-01") is None


def test_sellable_stock_is_told_or_worked_out():
    rows = [("2025-03-01", "a", "S", 9), ("2025-03-01", "b", "S", 5)]
    kept = {"reserved": [2.0, 1.0], "damaged": [1.0, 0.0]}
    assert one("stock_sellable", shop(rows, stock=kept), **MARCH) == 6 + 4
    told = {**kept, "sellable": [3.0, None]}
    assert one("stock_sellable", shop(rows, stock=told), **MARCH) == 3 + 4


def test_stock_outs_are_those_of_lost_sales(demo):
    days = mk.compute("stockout_rate", demo, **YEAR).to_pandas().stockout_rate[0]
    lost = baskets.lost_sales(demo, **YEAR)
    assert days == pytest.approx(lost.days_out / lost.days, rel=1e-12)


def test_days_of_inventory_with_a_record_of_one_day_in_seven():
    weeks = pd.date_range("2025-03-01", periods=5, freq="7D")
    data = shop(
        [(day, "a", "S", 14) for day in weeks], [("2025-03-04", "a", 4), ("2025-03-09", "a", 3)]
    )
    # 29 days lie between the first and the last on record; 28 of stock at cost, 14 sold at cost
    assert one("days_of_inventory", data, **MARCH) == pytest.approx(28 / (14 / 29))
    assert one("inventory_turnover", data, **MARCH) == pytest.approx(14 / 29 * 365 / 28)


def test_sales_off_the_record_do_not_count():
    rows = [("2025-03-02", "a", "S", 4), ("2025-03-03", "a", "S", 4)]
    lines = [("2025-03-02", "a", 2), ("2025-03-09", "a", 50), ("2025-03-02", "unknown", 50)]
    assert one("days_of_inventory", shop(rows, lines), **MARCH) == pytest.approx(8 / (4 / 2))


def test_unknown_costs_are_not_nought():
    rows = [("2025-03-01", "a", "S", 4)]
    data = shop(rows, [("2025-03-01", "a", 2)], stock={"unit_cost": [None]})
    assert one("inventory_turnover", data, **MARCH) is None


def test_nothing_sold_is_a_turnover_of_nought_and_no_cover():
    data = shop([("2025-03-01", "a", "S", 4)], [("2025-03-01", "b", 2)])
    assert one("inventory_turnover", data, **MARCH) == 0
    assert one("days_of_inventory", data, **MARCH) is None


def test_sell_through_needs_the_day_before():
    rows = [
        ("2025-02-28", "a", "S", 40),
        ("2025-03-01", "a", "S", 85),
        ("2025-03-02", "a", "S", 25),
    ]
    data = shop(
        rows, [("2025-03-01", "a", 15), ("2025-03-02", "a", 60)], stock={"received": [0, 60.0, 0]}
    )
    assert one("sell_through_rate", data, **MARCH) == pytest.approx(75 / (40 + 60))
    assert one("sell_through_rate", data, start="2025-02-28", end="2025-04-01") is None


@pytest.mark.parametrize(
    ("days", "rate"),
    [
        (["02-28", "03-01", "03-02", "03-03"], 30 / (40 + 60)),
        (["02-28", "03-01", "03-03"], None),  # what came in on March 2 is not known
        (["02-27", "03-01", "03-02", "03-03"], None),  # nor what was left on February 28
        (["02-22", "03-01", "03-08", "03-15"], None),  # one day in seven
    ],
)
def test_sell_through_takes_every_day_on_record(days, rate):
    held = [(f"2025-{day}", "a", "S", 40) for day in days]
    lines = [(f"2025-03-0{n}", "a", 10) for n in (1, 2, 3)]
    received = [0.0, *[60.0 / (len(days) - 1)] * (len(days) - 1)]
    data = shop(held, lines, stock={"received": received})
    assert one("sell_through_rate", data, **MARCH) == (rate and pytest.approx(rate))
    by_product = mk.compute("sell_through_rate", data, by="product_id", **MARCH)
    assert by_product.sell_through_rate.isna().tolist() == [rate is None]
    months = mk.compute("sell_through_rate", data, grain="month", **MARCH)
    assert months.sell_through_rate.isna().tolist() == [rate is None]


def test_cover_and_turnover_are_inverse_and_gmroi_is_turnover_times_markup(demo):
    kpis = ["days_of_inventory", "inventory_turnover", "gmroi"]
    table = mk.compute(kpis, demo, by="category", **YEAR).to_pandas()
    assert np.allclose(table.days_of_inventory * table.inventory_turnover, 365, rtol=1e-12)
    assert (table.gmroi / table.inventory_turnover).between(0.3, 3).all()


def test_gaps_of_products_make_the_gap_of_all(demo):
    products = inventory.cover(demo, **YEAR)
    whole = mk.compute(["days_of_inventory", "coverage_gap_days"], demo, **YEAR).to_pandas()
    daily = products.daily_cost.sum()
    assert products.gap_value.sum() / daily == pytest.approx(whole.coverage_gap_days[0], rel=1e-9)
    assert products.average_stock.sum() / daily == pytest.approx(
        whole.days_of_inventory[0], rel=1e-9
    )


def test_stock_without_a_known_cost_is_counted_where_figures_at_cost_leave_it_out():
    rows = [
        ("2025-03-01", "a", "S", 6),
        ("2025-03-02", "a", "S", 4),
        ("2025-03-01", "b", "S", 5),
        ("2025-03-02", "b", "S", 5),
        ("2025-03-01", "c", "S", 0),  # none of it in stock: nothing is left out
        ("2025-04-01", "d", "S", 9),  # after the period
    ]
    costs = [2.0, 2.0, None, None, None, None]
    found = inventory.cover(shop(rows, stock={"unit_cost": costs}), **MARCH)
    assert list(found.product_id) == ["a"]
    assert found.attrs["uncosted"] == (1, 2, 10 / 20)
    costs = [2.0, None, 3.0, 3.0, 1.0, 1.0]
    found = inventory.cover(shop(rows, stock={"unit_cost": costs}), **MARCH)
    assert found.attrs["uncosted"] == (1, 2, 4 / 20)
    known = inventory.cover(shop(rows), **MARCH)
    assert known.attrs["uncosted"] == (0, 2, 0)


@pytest.mark.parametrize(
    ("second", "places", "unsold"), [(0, {"E"}, ("M",)), (1, set(), ("E", "M"))]
)
def test_sales_that_two_warehouses_share_are_given_to_neither(second, places, unsold):
    days = pd.date_range("2025-01-01", periods=91)
    held, left = [], {"E": 500, "M": 500}
    for day in days:
        held += [(day, "a", place, units) for place, units in left.items()]
        left["E"] -= 3 - second
        left["M"] -= second
    lines = [(day, "a", 3) for day in days[1:]]
    bought = pd.DataFrame({"po_id": ["1", "2"], "product_id": "a", "quantity": [9.0, 9.0]})
    bought["ordered_at"] = pd.to_datetime(["2025-01-01", "2025-02-01"])
    bought["received_at"] = bought["ordered_at"] + pd.Timedelta(days=7)
    data = shop(held, lines, purchase_orders=bought)
    found = inventory.reorder_points(data, start="2025-01-01", end="2025-04-02")
    assert set(found.points.location_id) == places
    assert found.unsold == unsold


@pytest.mark.parametrize(("every", "days", "points"), [(1, 91, 1), (2, 46, 0), (7, 13, 0)])
def test_days_on_record_say_why_no_reorder_point_is_set(every, days, points):
    held = [
        (day, "a", "S", 500 - 3 * n)
        for n, day in enumerate(pd.date_range("2025-01-01", periods=91))
        if n % every == 0
    ]
    lines = [(day, "a", 3) for day in pd.date_range("2025-01-02", periods=90)]
    stores = {"store_id": "S", "customer_id": "c"}
    bought = pd.DataFrame({"po_id": ["1"], "product_id": "a", "quantity": [9.0]})
    bought["ordered_at"], bought["received_at"] = pd.to_datetime(["2025-01-01", "2025-01-08"])
    data = shop(held, lines, purchase_orders=bought)
    tables = {name: data.table(name).execute() for name in ("order_lines", "stock")}
    orders = data.orders.execute().assign(**stores)
    data = mk.open_data({**tables, "orders": orders, "purchase_orders": bought})
    found = inventory.reorder_points(data, start="2025-01-01", end="2025-04-02")
    assert found.days_recorded == days
    assert len(found.points) == points


def store(held, lines):
    """Open a store S that sells its own stock, and an order received after a week."""
    data = shop(held, lines)
    tables = {name: data.table(name).execute() for name in ("order_lines", "stock")}
    orders = data.orders.execute().assign(store_id="S", customer_id="c")
    bought = pd.DataFrame({"po_id": ["1"], "product_id": "a", "quantity": [9.0]})
    bought["ordered_at"], bought["received_at"] = pd.to_datetime(["2025-01-05", "2025-01-12"])
    return mk.open_data({**tables, "orders": orders, "purchase_orders": bought})


WEEKS = {"start": "2025-01-04", "end": "2025-04-05"}  # thirteen, from a Saturday
HELD_DAYS = pd.date_range("2025-01-03", "2025-04-04")


def week_ends(held):
    """Sell a unit on weekdays and three a day at week-ends; `held` are the closes on record."""
    lines = [(day, "a", 3 if day.day_of_week > 4 else 1) for day in HELD_DAYS]
    return store([(day, "a", "S", units) for day, units in held], lines)


def test_demand_is_that_of_a_calendar_day_where_stock_is_on_record_on_weekdays():
    data = week_ends([(day, 9) for day in HELD_DAYS if day.day_of_week < 5])
    found = inventory.reorder_points(data, **WEEKS)
    row = found.points.iloc[0]
    assert (row["days"], row["units"]) == (91, 13 * (5 * 1 + 2 * 3))
    assert row["mean_demand"] == pytest.approx(11 / 7)
    assert (found.days_recorded, found.sparse) == (65, ())
    assert inventory.lost_demand(data, **WEEKS).lost.days_recorded == 65


def test_days_without_a_record_beside_a_stock_out_tell_no_demand():
    out = pd.Timestamp("2025-02-03")  # a Monday
    data = week_ends([(day, 9 * (day != out)) for day in HELD_DAYS if day.day_of_week < 5])
    row = inventory.reorder_points(data, **WEEKS).points.iloc[0]
    assert (row["days"], row["units"]) == (91 - 3, 143 - 3 - 3 - 1)


def test_records_too_far_apart_set_no_reorder_point():
    days = pd.date_range("2025-01-01", "2026-12-31")
    lines = [(day, "a", 3) for day in days]
    span = {"start": "2025-01-01", "end": "2027-01-01"}
    weekly = store([(day, "a", "S", 9) for day in days[::7]], lines)
    found = inventory.reorder_points(weekly, **span)
    assert (len(found.points), found.sparse, found.days_recorded) == (0, ("S",), 105)
    closed = [(day, "a", "S", 9) for day in days if not (day.year == 2025 and day.month == 8)]
    found = inventory.reorder_points(store(closed, lines), **span)
    assert (len(found.points), found.sparse) == (1, ())  # 31 of 730 days are not told


# --- Lost demand --------------------------------------------------------------------------------


def test_the_rate_of_lost_demand_holds_the_truth(demo):
    found = inventory.lost_demand(demo, **YEAR)
    missed = mk.truth()["stock_outs"]["unmet_units"]["2025"]
    assert found.low <= missed / (missed + found.lost.sold) <= found.high
    assert found.rate == found.lost.units / (found.lost.units + found.lost.sold)


def test_lost_demand_of_nothing_asked_for_is_unknown():
    assert inventory.lost_demand_rate(0, units_sold=0) is None
    with pytest.raises(ComputeError, match="lost_units == -1, must be 0 or more"):
        inventory.lost_demand_rate(-1, units_sold=3)


# --- Parts, classes -----------------------------------------------------------------------------


def test_the_parts_of_the_stock_add_up(demo):
    parts = inventory.closing_parts(demo, **YEAR)
    total = mk.compute("stock_on_hand", demo, **YEAR).to_pandas().stock_on_hand[0]
    assert parts.units.sum() == float(total)
    assert parts.share.sum() == pytest.approx(1)


def weekly(units):
    """Return a shop that sells `units` (a product: its weeks) on the first day of each week."""
    days = pd.date_range("2025-01-01", periods=len(next(iter(units.values()))), freq="7D")
    lines = [
        (day, product, each)
        for product, weeks in units.items()
        for day, each in zip(days, weeks, strict=True)
        if each
    ]
    return shop([("2025-01-01", "a", "S", 1)], lines)


def test_classes_by_hand():
    data = weekly({"a": [10] * 10, "b": [2, 0] * 5, "c": [1] + [0] * 9})
    table = inventory.classify(data, start="2025-01-01", end="2025-03-12").set_index("product_id")
    assert table.share.to_dict() == pytest.approx({"a": 100 / 111, "b": 10 / 111, "c": 1 / 111})
    assert table.abc.to_dict() == {"a": "A", "b": "B", "c": "C"}
    assert table.xyz.to_dict() == {"a": "X", "b": "Z", "c": "Z"}
    assert table.variation["b"] == pytest.approx(np.std([2, 0] * 5, ddof=1))
    assert table.chance["a"] == pytest.approx(1 / np.sqrt(10))


def test_products_that_tie_share_a_class():
    data = weekly({name: [1] * 10 for name in "abcd"})
    table = inventory.classify(data, start="2025-01-01", end="2025-03-12")
    assert set(table.abc) == {"A"}


def test_a_product_is_judged_from_its_first_sale():
    data = weekly({"a": [0] * 10 + [4] * 10, "b": [5] * 20})
    table = inventory.classify(data, start="2025-01-01", end="2025-05-21").set_index("product_id")
    assert table.weeks["a"] == 10
    assert table.xyz["a"] == "X"


def test_a_product_withdrawn_is_judged_until_its_stock_is_no_more_recorded():
    data = weekly({"a": [4] * 10 + [0] * 10, "b": [5] * 20, "c": [5] * 10 + [0] * 10})
    lines = data.table("order_lines").to_pandas().assign(line_id="1")
    stock = [("2025-01-01", "a"), ("2025-03-11", "a"), ("2025-05-20", "b"), ("2025-01-01", "b")]
    stock = pd.DataFrame(stock, columns=["day", "product_id"]).assign(location_id="S", on_hand=1)
    stock["day"] = pd.to_datetime(stock.day)
    tables = {"orders": data.orders.to_pandas(), "order_lines": lines, "stock": stock}
    with mk.open_data(tables) as opened:
        table = inventory.classify(opened, start="2025-01-01", end="2025-05-21")
    table = table.set_index("product_id")
    assert table.weeks.to_dict() == {"a": 10, "b": 20, "c": 20}  # of c, no stock is recorded
    assert table.xyz.to_dict() == {"a": "X", "b": "X", "c": "Z"}


def test_limits_must_rise():
    data = weekly({"a": [1] * 10})
    with pytest.raises(ComputeError, match="shares == "):
        inventory.classify(data, **MARCH, shares=(0.9, 0.8))


def test_the_grid_counts_every_product_once(demo):
    classes = inventory.classify(demo, **YEAR)
    grid = inventory.class_grid(classes)
    assert len(grid) == 9
    assert grid.products.sum() == classes.xyz.notna().sum()


# --- When to order ------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0, 50), st.floats(0, 20), st.floats(0, 60), st.floats(0, 10), st.floats(0.51, 0.99)
)
def test_safety_stock_scales_with_units(mean, sd, lead, sd_lead, level):
    terms = {"mean_lead_time": lead, "sd_lead_time": sd_lead, "service_level": level}
    once = inventory.safety_stock(mean, sd_demand=sd, **terms)
    assert once >= 0
    thrice = inventory.safety_stock(3 * mean, sd_demand=3 * sd, **terms)
    assert thrice == pytest.approx(3 * once, rel=1e-9, abs=1e-12)


def test_a_service_level_must_be_a_share():
    terms = {"sd_demand": 1, "mean_lead_time": 2, "sd_lead_time": 0}
    with pytest.raises(ComputeError, match=r"service_level == 95, must be in \(0, 1\)"):
        inventory.safety_stock(1, service_level=95, **terms)


def test_lead_times_are_those_of_the_truth(year):
    supply = mk.truth()["supply"]
    taken = np.repeat(year.lead_times.days, year.lead_times.orders)
    error = taken.std() / np.sqrt(len(taken))
    assert abs(taken.mean() - supply["lead_time_days"]) < 3 * error
    assert taken.std() == pytest.approx(supply["lead_time_sd"], rel=0.05)


def test_needed_points_keep_the_level(year):
    assert (year.points.service_level <= 1).all()
    kept = year.points.needed <= year.points.reorder_point
    assert (kept == (year.points.service_level >= year.level - 1e-12)).all()


def test_stock_out_days_do_not_lower_demand():
    days = pd.date_range("2025-01-01", periods=100)
    rows = [(day, "a", "S", 0 if n % 2 else 5) for n, day in enumerate(days)]
    lines = [(day, "a", 2) for day in days[::2]] + [(day, "b", 1) for day in days]
    ordered = pd.to_datetime(["2025-01-02"])
    bought = pd.DataFrame({"po_id": ["1"], "ordered_at": ordered})
    bought["received_at"] = ordered + pd.Timedelta(days=6)
    with shop(rows, lines, purchase_orders=bought) as data:
        demand = baskets.lost_sales(data, start="2025-01-01", end="2025-04-11")
        assert demand.days_out == 50
        found = inventory.reorder_points(data, start="2025-01-01", end="2025-04-11")
    assert found.points.empty  # 50 days in stock are too few
    assert found.too_few == 1


def test_paces_average_the_points(year):
    table = inventory.service_by_pace(year).set_index("pace")
    assert table.points["all"] == len(year.points)
    assert table.service_level["all"] == pytest.approx(year.points.service_level.mean())
    assert (table.low < table.service_level).all()


def test_what_is_lacking_is_named():
    orders = pd.DataFrame({"order_id": ["a"], "ordered_at": pd.to_datetime(["2025-03-01"])})
    with mk.open_data({"orders": orders}) as data:
        assert "purchase_orders.received_at" in inventory.lacking_for_reorder_points(data)
        with pytest.raises(MissingDataError, match=r"purchase_orders\.ordered_at"):
            inventory.reorder_points(data, **MARCH)
        assert inventory.cover(data, **MARCH) is None
        assert inventory.levels(data, **MARCH) is None
        assert inventory.closing_parts(data, **MARCH) is None
