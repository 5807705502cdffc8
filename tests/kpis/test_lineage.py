"""From a KPI back to the columns that it is made of."""

import pytest

import marketing_kpi as mk
from marketing_kpi.data.model import TABLES
from marketing_kpi.errors import DictionaryError
from marketing_kpi.kpis.lineage import columns_of

KPIS = mk.dictionary().kpis


@pytest.mark.parametrize("kpi", [kpi.id for kpi in KPIS if kpi.type != "analysis"])
def test_a_kpi_is_made_of_columns_of_the_model(kpi):
    found = columns_of(kpi)
    assert found
    for column in found:
        table, _, name = column.partition(".")
        assert name in TABLES[table].names


def test_a_derived_kpi_is_made_of_all_that_its_parts_are_made_of():
    gross, cost = columns_of("net_sales"), columns_of("cost_of_goods_sold")
    assert columns_of("gross_profit") >= cost
    assert columns_of("gross_margin_rate") >= gross | cost


def test_returns_are_no_part_of_net_sales():
    assert not any(column.startswith("returns.") for column in columns_of("net_sales"))
    assert "returns.refund_amount" in columns_of("return_rate_value")


def test_what_decides_which_rows_count_is_read_too():
    assert "orders.channel" in columns_of("return_on_ad_spend")
    assert "orders.channel" not in columns_of("cost_per_click") | columns_of("net_sales")


def test_an_analysis_takes_what_it_is_given():
    assert columns_of("rfm_score") == frozenset()


def test_an_unknown_kpi_is_refused_by_name():
    with pytest.raises(DictionaryError, match="net_sale"):
        columns_of("net_sale")
