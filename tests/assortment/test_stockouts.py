"""Sales lost to stock-outs: by hand, what must hold whatever the data, the demo's truth."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import nbinom, poisson

import marketing_kpi as mk
from marketing_kpi import baskets
from marketing_kpi.assortment.stockouts import _at_least, demand_by_day
from marketing_kpi.errors import ComputeError, MissingDataError

MARCH = {"start": "2025-03-01", "end": "2025-04-01"}
DAYS = pd.date_range("2025-03-07", periods=10)


def shop(sold, stock, *, prices=None, **order_columns):
    """Open what was sold (day, product, quantity) and the stock (day, product, sellable)."""
    lines = pd.DataFrame(sold, columns=["day", "product_id", "quantity"])
    lines = lines[lines["quantity"] > 0].reset_index(drop=True)
    lines["order_id"] = lines["line_id"] = lines.index.astype(str)
    lines["unit_price"] = lines["product_id"].map(prices or {}).fillna(6.0)
    orders = lines[["order_id"]].assign(ordered_at=lines.pop("day"), store_id="S1")
    names = ["day", "product_id", "sellable", "received"]
    kept = pd.DataFrame(stock, columns=names[: len(stock[0])])
    tables = {"orders": orders.assign(**order_columns), "order_lines": lines}
    return mk.open_data({**tables, "stock": kept.assign(location_id="S1")})


def cups_and_tea(out_sold=0):
    """Sell 2 cups for 10 teas on eight days; then 20 teas a day, and cups are out."""
    sold = [(day, "tea", 10 if n < 8 else 20) for n, day in enumerate(DAYS)]
    sold += [(day, "cup", 2 if n < 8 else out_sold) for n, day in enumerate(DAYS)]
    return sold, [(day, "cup", 9.0 if n < 8 else 0.0) for n, day in enumerate(DAYS)]


def one_by_one(sold):
    """Sell each unit in an order of its own."""
    return [(day, product, 1) for day, product, units in sold for _ in range(int(units))]


def test_lost_cups_by_hand():
    found = baskets.lost_sales(shop(*cups_and_tea()), **MARCH)
    assert (found.days, found.days_out, found.days_unknown) == (10, 2, 0)
    assert found.units == pytest.approx(16 / 80 * 40)
    assert found.revenue == pytest.approx(6 * 8)
    assert found.low < found.units < found.high
    assert found.revenue_low == pytest.approx(6 * found.low)
    assert found.recorded == (DAYS[0].date(), DAYS[-1].date())


def test_a_day_that_ran_out_loses_the_demand_beyond_what_was_sold():
    """A Poisson demand of mean m that is 1 at least has the mean m / (1 - exp(-m))."""
    sold, stock = cups_and_tea(out_sold=1)
    found = baskets.lost_sales(shop(one_by_one(sold), stock), **MARCH)
    ran_out, after = found.cells.sort_values("expected_units", ascending=False).itertuples()
    usual = after.expected_units  # out at both closes: what was sold did not come from its stock
    assert usual - after.units_sold == pytest.approx(after.lost_units)
    assert ran_out.expected_units == pytest.approx(usual / (1 - np.exp(-usual)))
    assert ran_out.lost_units == pytest.approx(ran_out.expected_units - 1)


@pytest.mark.parametrize("lumps", [1.0, 1.7, 4.0])
def test_the_demand_of_a_day_that_ran_out_is_that_of_its_distribution(lumps):
    """Sums of the probabilities themselves, of every demand up to one that does not happen."""
    usual, sold = np.repeat([0.2, 3.0, 40.0], 3), np.tile([1.0, 4.0, 60.0], 3)
    demand = np.arange(2000)
    size = usual / (lumps - 1) if lumps > 1 else None
    chances = [
        poisson.pmf(demand, mean) if size is None else nbinom.pmf(demand, size[n], 1 / lumps)
        for n, mean in enumerate(usual)
    ]
    reached = [
        (demand * chance)[demand >= least].sum() / chance[demand >= least].sum()
        for chance, least in zip(chances, sold, strict=True)
    ]
    assert _at_least(sold, usual, [lumps] * 9) == pytest.approx(reached)
    rare = _at_least([3.0, 1e4], [0.0, 1e-9], [lumps] * 2)
    assert rare == pytest.approx([3.0, 1e4], rel=1e-3)


@pytest.mark.parametrize("sold", [1, 9])
def test_what_was_sold_on_a_stock_out_day_is_no_loss(sold):
    found = baskets.lost_sales(shop(*cups_and_tea(out_sold=sold)), **MARCH)
    assert found.units < 2 * 4
    assert sold < 4 or found.units == 0
    cells = found.cells
    assert baskets.lost_sales_units(cells) == pytest.approx(found.units)
    assert baskets.lost_sales_revenue(cells) == pytest.approx(found.revenue)


def test_a_product_that_sells_without_stock_is_not_out_of_it():
    sold, stock = cups_and_tea(out_sold=5)  # of an expected 4: the second day is out at both closes
    found = baskets.lost_sales(shop(sold, stock), **MARCH)
    assert (found.units, found.days_out, found.days_sold_on) == (0, 0, 2)
    came = [(*row, 5.0 if row[2] == 0 else 0.0) for row in stock]
    filled = baskets.lost_sales(shop(one_by_one(sold), came), **MARCH)
    assert (filled.days_out, filled.days_sold_on) == (2, 0)
    assert 0 < filled.units < 2 * 2  # busy days, which ran out: others may have come for more


@pytest.mark.parametrize("most", [1, 3])
def test_days_that_ran_out_hide_no_loss(most):
    """Twelve products of 3 orders a day, of up to so many units, are filled up every third day."""
    rng = np.random.default_rng(3)
    days, left = pd.date_range("2025-01-01", periods=180), np.zeros(12)
    sold, stock, lost = [], [], 0
    for n, day in enumerate(days):
        for k, orders in enumerate(rng.poisson(3, 12)):
            came = 11 * (1 + most) / 2 - left[k] if (n + k) % 3 == 0 else 0
            left[k] += came
            for asked in rng.integers(1, most, orders, endpoint=True):
                units = min(asked, left[k])
                lost, left[k] = lost + asked - units, left[k] - units
                sold.append((day, f"P{k}", units))
            stock.append((day, f"P{k}", left[k], came))
    found = baskets.lost_sales(shop(sold, stock), start="2025-01-01", end="2025-07-01")
    assert found.low < lost < found.high
    assert found.units == pytest.approx(lost, rel=0.15)


def test_stock_that_does_not_stop_sales_loses_nothing():
    """Each product sells 3 a day whatever the record says, which is 0 for a fifth of the days."""
    rng = np.random.default_rng(5)
    days, products = pd.date_range("2025-01-01", periods=90), [f"P{n}" for n in range(8)]
    sold = [(day, product, rng.poisson(3)) for day in days for product in products]
    stock = [
        (day, product, 0.0 if place < 4 and n % 45 < 18 else 9.0)
        for n, day in enumerate(days) for place, product in enumerate(products)
    ]  # fmt: skip
    found = baskets.lost_sales(shop(sold, stock), start="2025-01-01", end="2025-04-01")
    assert (found.units, found.days_sold_on) == (0, 4 * 36)
    stopped = {(day, product) for day, product, units in stock if units == 0}
    kept = [row for row in sold if row[:2] not in stopped]
    lost = baskets.lost_sales(shop(kept, stock), start="2025-01-01", end="2025-04-01")
    assert (lost.days_out, lost.days_sold_on) == (4 * 36, 0)
    assert lost.low < 3 * 4 * 36 < lost.high


def test_products_that_run_out_together_do_not_hide_each_others_loss():
    usual = {"cup": 2, "pot": 3, "tea": 5}
    sold = [
        (day, product, units) for n, day in enumerate(DAYS) for product, units in usual.items()
        if n < 8 or product == "tea"
    ]  # fmt: skip
    stock = [(day, product, 9.0 if n < 8 else 0.0) for n, day in enumerate(DAYS)
             for product in ("cup", "pot")]  # fmt: skip
    found = baskets.lost_sales(shop(sold, stock), **MARCH)
    losses = baskets.lost_by(found, by="product_id").set_index("product_id")["lost_units"]
    assert losses.to_dict() == pytest.approx({"cup": 2 * 2, "pot": 2 * 3})


def test_prices_are_those_of_days_in_stock():
    found = baskets.lost_sales(shop(*cups_and_tea(), prices={"cup": 11.0}), **MARCH)
    assert found.revenue == pytest.approx(11 * 8)


def test_no_stock_out_loses_nothing():
    sold, stock = cups_and_tea()
    found = baskets.lost_sales(shop(sold, [(d, p, 5.0) for d, p, _ in stock]), **MARCH)
    assert (found.units, found.revenue, found.days_out) == (0, 0, 0)
    assert baskets.lost_by(found, by="product_id").empty


def test_a_product_never_in_stock_cannot_be_told():
    sold, stock = cups_and_tea()
    found = baskets.lost_sales(shop(sold, [(d, "hat", 0.0) for d, _, _ in stock]), **MARCH)
    assert (found.units, found.low, found.days_unknown) == (None, None, 10)


def test_a_shop_of_one_product_cannot_compare():
    sold, stock = cups_and_tea()
    alone = [row for row in sold if row[1] == "cup"]
    found = baskets.lost_sales(shop(alone, stock), **MARCH)
    assert found.units is None
    assert found.days_unknown == 2


def test_other_periods_of_the_stock_help_and_are_not_counted():
    found = baskets.lost_sales(shop(*cups_and_tea()), start="2025-03-15", end="2025-04-01")
    assert (found.days, found.days_out) == (2, 2)
    assert found.units == pytest.approx(8)
    before = baskets.lost_sales(shop(*cups_and_tea()), start="2025-03-01", end="2025-03-15")
    assert (before.units, before.days_out) == (0, 0)


def test_row_order_changes_nothing_and_money_scales():
    sold, stock = cups_and_tea()
    found = baskets.lost_sales(shop(sold, stock), **MARCH)
    turned = baskets.lost_sales(shop(sold[::-1], stock[::-1]), **MARCH)
    assert turned.units == pytest.approx(found.units, rel=1e-12)
    assert turned.low == pytest.approx(found.low, rel=1e-12)
    dear = {"cup": 60.0, "tea": 60.0}
    scaled = baskets.lost_sales(shop(sold, stock, prices=dear), **MARCH)
    assert scaled.revenue == pytest.approx(10 * found.revenue)
    assert scaled.units == pytest.approx(found.units)


def test_online_orders_leave_from_the_place_that_is_no_store():
    sold, stock = cups_and_tea()
    found = baskets.lost_sales(shop(sold, stock, store_id=None), **MARCH)
    assert found.places["location_id"].tolist() == ["S1"]
    assert found.units == pytest.approx(8)


def test_a_store_without_stock_records_is_not_online():
    found = baskets.lost_sales(shop(*cups_and_tea(), store_id="S9"), **MARCH)
    assert found.places.empty
    assert found.elsewhere == 16 + 8 * 10 + 2 * 20
    assert (found.units, found.low, found.days_unknown) == (None, None, found.days_out)


def test_a_place_without_a_known_sale_loses_an_unknown_number():
    sold, stock = cups_and_tea()
    tables = shop(sold, stock).tables
    kept = tables["stock"].to_pandas()
    both = pd.concat([kept, kept.assign(location_id="W1")])
    data = mk.open_data({**{n: t.to_pandas() for n, t in tables.items()}, "stock": both})
    found = baskets.lost_sales(data, **MARCH)
    assert (found.units, found.days_out, found.days_unknown) == (pytest.approx(8), 4, 2)
    places = baskets.lost_by(found, by="location_id").set_index("location_id")
    assert places["lost_units"]["S1"] == pytest.approx(8)
    assert places.loc["W1", ["lost_units", "lost_revenue"]].isna().all()
    assert found.elsewhere == 0


def two_warehouses(sends, days):
    """Open a shop of two warehouses, E and M, that send so many of 4 cups a day to the North."""
    tables = {}
    lines = pd.DataFrame({"ordered_at": days[1:], "product_id": "cup", "quantity": 4.0})
    lines["order_id"] = lines["line_id"] = lines.index.astype(str)
    lines["unit_price"] = 6.0
    orders = lines[["order_id"]].assign(ordered_at=lines.pop("ordered_at"), customer_id="c")
    tables["contacts"] = pd.DataFrame({"customer_id": ["c"], "region": ["North"]})
    stock = [
        (day, "cup", place, 9_000.0 - units * n)
        for place, units in sends.items()
        for n, day in enumerate(days)
    ]
    stock = pd.DataFrame(stock, columns=["day", "product_id", "location_id", "on_hand"])
    return {**tables, "orders": orders, "order_lines": lines, "stock": stock.assign(received=0.0)}


@pytest.mark.parametrize(
    ("sends", "place", "matched"),
    [({"E": 4, "M": 0}, "E", 1), ({"E": 3, "M": 1}, None, 0.75), ({"E": 9, "M": 0}, "E", 1)],
)
def test_days_without_a_record_count_on_neither_side_of_where_orders_leave(sends, place, matched):
    days = pd.date_range("2025-03-01", periods=28)
    tables = two_warehouses(sends, days)
    stock = tables["stock"]
    tables["stock"] = stock[stock["day"].dt.day_of_week < 5]
    found = baskets.lost_sales(mk.open_data(tables), **MARCH)
    row = found.places.iloc[0]
    leaves = None if pd.isna(row["location_id"]) else row["location_id"]
    assert (leaves, row["matched"]) == (place, matched)
    assert row["units"] == 4 * 26  # sold since Monday the 3rd, the first day on record


@pytest.mark.parametrize(("sent", "explained", "places"), [(5, 4 / 5, {"E"}), (6, 4 / 6, set())])
def test_a_place_that_also_serves_others_tells_no_demand(sent, explained, places):
    data = mk.open_data(
        two_warehouses({"E": sent, "M": 0}, pd.date_range("2025-03-01", periods=28))
    )
    found = baskets.lost_sales(data, **MARCH).places.iloc[0]
    assert (found["location_id"], found["explained"]) == ("E", pytest.approx(explained))
    rows = demand_by_day(data, **MARCH).to_pandas()
    assert set(rows["location_id"]) == places


def test_one_record_a_week_does_not_tell_where_orders_leave():
    tables = two_warehouses({"E": 4, "M": 0}, pd.date_range("2025-03-01", periods=28))
    tables["stock"] = tables["stock"][tables["stock"]["day"].dt.day_of_week == 2]
    found = baskets.lost_sales(mk.open_data(tables), **MARCH)
    assert found.places["location_id"].isna().all()


def test_cancelled_orders_are_no_demand():
    sold, stock = cups_and_tea()
    more = [*sold, (DAYS[0], "cup", 500)]
    status = ["delivered"] * (len(more) - 3) + ["cancelled"]  # rows without a unit are left out
    found = baskets.lost_sales(shop(more, stock, status=status), **MARCH)
    assert found.units == pytest.approx(8)


def test_what_is_lacking_is_named():
    orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.Timestamp("2025-01-01")})
    data = mk.open_data({"orders": orders})
    assert "stock.day" in baskets.lacking_for_lost_sales(data)
    with pytest.raises(MissingDataError, match=r"stock\.day"):
        baskets.lost_sales(data, **MARCH)
    with pytest.raises(ComputeError, match="must be before end"):
        baskets.lost_sales(shop(*cups_and_tea()), start="2025-04-01", end="2025-03-01")


@pytest.fixture(scope="module")
def years():
    data = mk.demo()
    spans = {y: {"start": f"{y}-01-01", "end": f"{y + 1}-01-01"} for y in (2024, 2025)}
    return {str(y): baskets.lost_sales(data, **span) for y, span in spans.items()}


def test_the_interval_holds_the_demos_truth(years):
    truth = mk.truth()["stock_outs"]
    for year, found in years.items():
        assert found.low <= truth["unmet_units"][year] <= found.high
        assert (found.high - found.low) / found.units < 0.25
        # less than at list price, and not by more than promotions explain
        assert 0.85 < found.revenue / (truth["unmet_value_at_list"][year]) < 1.15


def test_each_region_is_given_its_own_warehouse(years):
    places = years["2025"].places.set_index("region")
    assert places["location_id"].to_dict() == {
        "ARA": "W02", "BRE": "W02", "IDF": "W02", "OCC": "W02", "QC": "W01",
    }  # fmt: skip
    assert (places["matched"] > 0.99).all()


def test_stock_of_warehouses_alone_tells_of_their_own_sales(years):
    data = mk.demo()
    tables = {name: data.table(name) for name in ("orders", "order_lines", "products", "stores")}
    for name in ("contacts", "promotions"):
        tables[name] = data.table(name)
    stock = data.stock.filter(data.stock.location_id.isin(["W01", "W02"]))
    frames = {name: table.to_pandas() for name, table in {**tables, "stock": stock}.items()}
    found = baskets.lost_sales(mk.open_data(frames), start="2025-01-01", end="2026-01-01")
    pd.testing.assert_frame_equal(found.places, years["2025"].places)
    whole = baskets.lost_by(years["2025"], by="location_id").set_index("location_id")
    part = baskets.lost_by(found, by="location_id").set_index("location_id")
    for place in ("W01", "W02"):
        assert part["low"][place] < whole["lost_units"][place] < part["high"][place]
    assert found.days_unknown == 0
    assert found.elsewhere > 10_000
    assert years["2025"].elsewhere == 0


@pytest.mark.parametrize("by", ["product_id", "name", "category", "location_id", "month"])
def test_parts_add_up_to_the_whole(years, by):
    found = years["2025"]
    parts = baskets.lost_by(found, by=by)
    assert parts["lost_units"].sum() == pytest.approx(found.units)
    assert parts["lost_revenue"].sum() == pytest.approx(found.revenue)
    assert parts["days"].sum() == found.days_out
    assert parts["lost_revenue"].is_monotonic_decreasing
    known = parts.dropna(subset=["low"])
    assert ((known["low"] <= known["lost_units"]) & (known["lost_units"] <= known["high"])).all()
    # parts are less sure than the whole
    width = np.hypot.reduce((known["high"] - known["low"]).to_numpy())
    assert width > 0.5 * (found.high - found.low)


def test_another_dimension_is_refused(years):
    with pytest.raises(ComputeError, match="colour"):
        baskets.lost_by(years["2025"], by="colour")
    cells = years["2025"].cells.drop(columns="category")
    with pytest.raises(ComputeError, match="category"):
        baskets.lost_by(years["2025"]._replace(cells=cells), by="category")
