"""A real, messy extract opened through a mapping gives the figures published for it.

The figures are those of `../shared/data/README.md`; what its mapping leaves out is recomputed
here with pandas alone.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from marketing_kpi.data.quality import check
from marketing_kpi.data.sources import open_data
from marketing_kpi.text import yaml12

EXTRACT = Path(__file__).parents[3] / "shared" / "data" / "online_retail.parquet"
MAPPING = Path(__file__).parent / "online_retail.yml"
AS_OF = pd.Timestamp("2011-12-10")

pytestmark = pytest.mark.skipif(
    not EXTRACT.exists(), reason="the shared data folder is not beside this checkout"
)


def value(expression):
    return expression.execute()


def money(expression):
    return round(float(expression.execute()), 2)


def as_published(rules):
    """The mapping without anything left out: the published figures count fees as sales."""
    return {**rules, "leave_out": {}}


@pytest.fixture(scope="module")
def rules():
    return yaml12.read(MAPPING).value


@pytest.fixture(scope="module")
def data(rules):
    with open_data(EXTRACT, mapping=as_published(rules)) as opened:
        yield opened


@pytest.fixture(scope="module")
def client():
    with open_data(EXTRACT, mapping=MAPPING) as opened:
        yield opened


@pytest.fixture(scope="module")
def extract():
    return pd.read_parquet(EXTRACT)


@pytest.fixture(scope="module")
def customers(data):
    identified = data.orders.filter(data.orders.customer_id.notnull())
    by_customer = identified.group_by("customer_id").agg(
        last=identified.ordered_at.max(),
        frequency=identified.count(),
        monetary=identified.amount.sum().cast("float64"),
    )
    return by_customer.to_pandas()


def test_gross_sales(data):
    assert value(data.order_lines.count()) == 530_104
    assert value(data.orders.count()) == 19_960
    assert money(data.orders.amount.sum()) == 10_666_684.54
    lines = data.order_lines
    assert money((lines.quantity * lines.unit_price).sum()) == 10_666_684.54


def test_identified_customers(data):
    identified = data.orders.filter(data.orders.customer_id.notnull())
    assert value(identified.customer_id.nunique()) == 4_338
    assert value(identified.count()) == 18_532
    assert money(identified.amount.sum()) == 8_911_407.90
    lines = data.order_lines.semi_join(identified, "order_id")
    assert value(lines.count()) == 397_884


def test_returns(data):
    assert value(data.returns.count()) == 9_288
    refunds = money(data.returns.refund_amount.sum())
    assert refunds == 896_812.49
    assert round(refunds / money(data.orders.amount.sum()), 5) == 0.08408
    assert value((data.returns.refund_amount < 0).sum()) == 0
    assert value((data.returns.quantity <= 0).sum()) == 0


def test_returns_of_identified_customers(data):
    refunded = data.returns.filter(data.returns.customer_id.notnull()).refund_amount.sum()
    bought = data.orders.filter(data.orders.customer_id.notnull()).amount.sum()
    assert round(money(refunded) / money(bought), 5) == 0.06860


def test_customer_ids_are_whole_numbers_without_a_decimal(data, extract):
    sold = extract[~extract["InvoiceNo"].str.startswith("C") & (extract["Quantity"] > 0)]
    sold = sold[(sold["UnitPrice"] > 0) & sold["CustomerID"].notna()]
    expected = set(sold["CustomerID"].astype(float).astype(int).astype(str))
    assert (
        set(data.orders.select("customer_id").distinct().to_pandas()["customer_id"].dropna())
        == expected
    )


def test_recency_frequency_monetary(customers):
    recency = (AS_OF - customers["last"].dt.normalize()).dt.days
    assert recency.median() == 51
    assert customers["frequency"].median() == 2
    assert customers["monetary"].median() == pytest.approx(674.485, abs=1e-6)
    assert (customers["frequency"] == 1).sum() == 1_493


def test_the_top_fifth_of_customers(customers):
    spend = customers["monetary"].sort_values(ascending=False)
    # A fifth of 4,338 is 867.6: the fifth is reached with 868 customers.
    share = spend.head(868).sum() / spend.sum()
    assert round(share, 4) == 0.7462


def test_every_row_left_out_is_told(data):
    told = {found.code: (found.level, found.count) for found in data.findings}
    assert told["rows_return"] == ("info", 9_288)
    assert told["rows_negative_quantity"] == ("dropped", 1_336)
    assert told["rows_negative_price"] == ("dropped", 2)
    # 2,515 prices of zero, of which 1,336 have a negative quantity.
    assert told["rows_zero_price_dropped"] == ("dropped", 2_515 - 1_336)
    kept = value(data.order_lines.count())
    assert kept + 9_288 + 1_336 + 2 + (2_515 - 1_336) == 541_909
    (balance,) = [found for found in data.findings if found.code == "rows_read"]
    assert balance.details == {
        "read": 541_909, "sold": kept, "returned": 9_288, "left": 541_909 - kept - 9_288,
    }  # fmt: skip


def test_the_mapping_leaves_service_codes_out(client, extract, rules):
    services = set(rules["leave_out"]["product_id"])
    invoice = extract["InvoiceNo"]
    goods = ~extract["StockCode"].isin(services) & ~invoice.str.startswith("A")
    returned = goods & invoice.str.startswith("C")
    sold = (
        goods
        & ~invoice.str.startswith("C")
        & (extract["Quantity"] > 0)
        & (extract["UnitPrice"] > 0)
    )
    amounts = extract["Quantity"] * extract["UnitPrice"]
    assert value(client.order_lines.count()) == sold.sum()
    assert value(client.orders.count()) == invoice[sold].nunique()
    assert money(client.orders.amount.sum()) == pytest.approx(amounts[sold].sum(), abs=0.005)
    refunds = money(client.returns.refund_amount.sum())
    assert refunds == pytest.approx(-amounts[returned].sum(), abs=0.005)
    assert round(refunds / money(client.orders.amount.sum()), 4) == 0.0466


def test_names_and_countries_become_products_and_contacts(client, extract):
    identified = extract[extract["CustomerID"].notna()]
    assert value(client.contacts.customer_id.nunique()) == value(client.contacts.count())
    countries = set(client.contacts.select("region").distinct().to_pandas()["region"])
    assert countries <= set(identified["Country"])
    assert len(countries) > 30
    sold, returned = (
        set(table.product_id.to_pandas()) for table in (client.order_lines, client.returns)
    )
    assert set(client.products.product_id.to_pandas()) == sold | returned
    assert len(returned - sold) > 0
    buyers = client.returns.customer_id.to_pandas().dropna()
    assert set(buyers) <= set(client.contacts.customer_id.to_pandas())


def test_the_audit_of_the_opened_tables(client):
    quality = check(client, as_of="2011-12-10")
    told = {(found.code, found.table, found.column): found for found in quality.findings}
    assert ("amount_mismatch", "orders", "amount") not in told
    assert ("future_dates", "orders", "ordered_at") not in told
    assert ("duplicate_keys", "order_lines", None) not in told
    nobody = told["unidentified_orders", "orders", "customer_id"]
    assert nobody.count == value(client.orders.customer_id.isnull().sum())
    unknown = told["refund_without_order", "returns", "order_id"]
    assert unknown.count == unknown.total == value(client.returns.count())
    # The shop closed from 24 December 2010 to 3 January 2011.
    gap = told["days_without_orders", "orders", "ordered_at"]
    assert (gap.details["first_day"], gap.details["last_day"]) == ("2010-12-24", "2011-01-03")


def test_customers_of_two_countries_are_told(data, extract):
    [found] = [
        one for one in data.findings if (one.code, one.column) == ("several_over_time", "region")
    ]
    countries = extract.dropna(subset=["CustomerID"]).groupby("CustomerID").Country.nunique()
    assert found.count == (countries > 1).sum() == 8
