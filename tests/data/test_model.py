"""The canonical tables, the opened data and the data dictionary made from them."""

from __future__ import annotations

import ast
import copy
import re
from pathlib import Path

import ibis
import pandas as pd
import pytest

from marketing_kpi.data.describe import data_dictionary
from marketing_kpi.data.findings import TEMPLATES
from marketing_kpi.data.model import TABLES, Data, Finding
from marketing_kpi.errors import ColumnError, DataError, MissingDataError
from marketing_kpi.text.messages import translator

DESIGN = {
    "contacts": "customer_id registered_at acquisition_channel region birth_date email_opt_in",
    "orders": "order_id customer_id ordered_at channel store_id status recognised_at payment_fee "
    "is_test amount",
    "order_lines": "order_id line_id product_id quantity list_price unit_price unit_cost "
    "promotion_id",
    "returns": "return_id order_id line_id customer_id product_id channel returned_at quantity "
    "refund_amount handling_cost restocked reason kind",
    "chargebacks": "chargeback_id order_id opened_at amount reason outcome",
    "promotions": "promotion_id name starts_on ends_on cost supplier_funding",
    "products": "product_id name category brand list_price unit_cost target_cover_days",
    "stores": "store_id store_type region opened_on closed_on",
    "sessions": "session_id visitor_id customer_id started_at marketing_channel device "
    "page_views cart checkout order_id",
    "touchpoints": "touchpoint_id visitor_id customer_id at marketing_channel campaign_id kind",
    "campaigns": "campaign_id name marketing_channel starts_on ends_on cost action",
    "campaign_members": "campaign_id customer_id arm assigned_at contacted_at",
    "marketing_spend": "day marketing_channel campaign_id purpose amount impressions clicks "
    "delivered opened",
    "responses": "customer_id at kind campaign_id",
    "stock": "day product_id location_id on_hand sellable reserved damaged received unit_cost",
    "purchase_orders": "po_id product_id location_id ordered_at received_at quantity",
    "shipments": "shipment_id order_id promised_at picked_at packed_at shipped_at delivered_at "
    "in_full damaged transport_cost packaging_cost",
    "labour": "day location_id activity hours units cost",
    "surveys": "response_id customer_id answered_at question score",
    "category_spend": "customer_id month category spend_total",
    "fixed_costs": "month amount",
    "ledger": "month account amount",
    "identities": "source_system source_id customer_id",
}

BOOLEANS = {"cart", "checkout", "in_full", "restocked", "email_opt_in", "is_test"}
MONEY = {"amount", "cost", "unit_cost", "unit_price", "list_price", "refund_amount", "quantity"}

PACKAGE = Path(__file__).parents[2] / "marketing_kpi" / "data"
README = Path(__file__).parents[2] / "data" / "README.md"


def opened(**frames: pd.DataFrame) -> Data:
    connection = ibis.duckdb.connect()
    tables = {name: connection.create_table(name, frame) for name, frame in frames.items()}
    return Data(connection, tables, source="here", on_close=(connection.disconnect,))


@pytest.fixture
def orders() -> pd.DataFrame:
    times = pd.to_datetime(["2025-01-02", "2025-01-03"])
    return pd.DataFrame({"order_id": ["1", "2"], "ordered_at": times, "shop": ["x", "y"]})


def test_tables_and_columns_are_those_of_the_design_in_its_order():
    assert {name: " ".join(table.names) for name, table in TABLES.items()} == DESIGN
    assert list(TABLES) == list(DESIGN)


def test_types_follow_the_rules_of_the_design():
    for table in TABLES.values():
        for column in table.columns:
            if column.name.endswith("_id"):
                assert column.type == "string"
            if column.name.endswith("_at") or column.name == "at":
                assert column.type == "timestamp"
            if column.name.endswith("_on") or column.name in {"day", "month"}:
                assert column.type == "date"
            if column.name in MONEY:
                assert column.type == "decimal(18, 4)"
            assert (column.type == "boolean") == (
                column.name in BOOLEANS or (table.name, column.name) == ("shipments", "damaged")
            )


def test_only_two_columns_of_orders_are_required():
    required = {name: table.required for name, table in TABLES.items() if table.required}
    assert required == {"orders": ("order_id", "ordered_at")}


def test_keys_come_first():
    for table in TABLES.values():
        assert table.names[: len(table.key)] == table.key
    assert TABLES["order_lines"].key == ("order_id", "line_id")
    assert TABLES["responses"].key == ()


def test_types_and_ibis_agree():
    for table in TABLES.values():
        for column in table.columns:
            assert str(ibis.dtype(column.type)) == column.type


def test_everything_is_described_in_both_languages():
    for table in TABLES.values():
        for described in (table, *table.columns):
            assert set(described.description) == {"fr", "en"}
            assert all(described.description.values())
            # French puts a no-break space before double punctuation.
            assert not re.search(r" [;:!?]", described.description["fr"])


def test_a_column_that_does_not_exist_suggests_the_closest():
    with pytest.raises(ColumnError, match="'amout' not found in orders; did you mean 'amount'"):
        TABLES["orders"].column("amout")


def test_tables_are_reached_by_name_and_by_attribute(orders):
    with opened(orders=orders) as data:
        assert data.orders.columns == ("order_id", "ordered_at", "shop")
        assert data.table("orders").equals(data.orders)
        assert "orders" in dir(data)
        assert repr(data) == "Data from here\n  orders: order_id, ordered_at, shop"


def test_has_looks_at_the_table_and_all_columns(orders):
    with opened(orders=orders) as data:
        assert data.has("orders")
        assert data.has("orders", "order_id", "shop")
        assert not data.has("orders", "order_id", "amount")
        assert not data.has("sessions")


def test_an_absent_table_is_named_with_what_there_is(orders):
    with opened(orders=orders) as data, pytest.raises(MissingDataError) as error:
        data.table("sessions")
    assert error.value.message == "table 'sessions' is not in these data"
    assert error.value.hint == "these data have: orders"
    with opened(orders=orders) as data, pytest.raises(MissingDataError):
        _ = data.sessions


def test_a_misspelt_table_is_suggested(orders):
    with opened(orders=orders) as data:
        with pytest.raises(DataError, match="'order' not found; did you mean 'orders'"):
            data.table("order")
        with pytest.raises(AttributeError, match="did you mean 'orders'"):
            _ = data.ordres


def test_opened_data_can_be_copied(orders):
    with opened(orders=orders) as data:
        assert copy.copy(data).orders.equals(data.orders)


def test_close_releases_what_was_opened(orders):
    released = []
    connection = ibis.duckdb.connect()
    data = Data(connection, {}, on_close=(lambda: released.append(1), connection.disconnect))
    data.close()
    assert released == [1]
    with pytest.raises(Exception, match=r"[Cc]losed"):
        connection.list_tables()


@pytest.mark.parametrize(
    ("count", "total", "lang", "expected"),
    [
        (1, 10, "en", "orders.amount: zero in 1 row of 10 (10.0%)"),
        (1200, 5_000_000, "en", "orders.amount: zero in 1,200 rows of 5,000,000"),
        (3, None, "en", "orders.amount: zero in 3 rows"),
        (1, None, "fr", "orders.amount\u00a0: zéro dans 1 ligne"),
    ],
)
def test_a_finding_counts_in_the_readers_words(count, total, lang, expected):
    finding = Finding("zero_values", "suspicious", "orders", "amount", count, total)
    assert finding.text(lang) == expected


def test_details_are_shown_by_what_they_are():
    details = {"values": {"Delivered ": 1200}, "expected": ["placed", "delivered"], "remedy": "r"}
    finding = Finding("unknown_statuses", "suspicious", "orders", "status", 1200, 1300, (), details)
    assert finding.text("en") == (
        "orders.status: values that the model does not know ('Delivered ' × 1,200) "
        "in 1,200 rows of 1,300 (92.3%), kept and without effect (an order of an unknown status "
        "is a sale); expected: placed, delivered. Say in the mapping what they mean, such as r"
    )
    gap = {"days": 12, "gaps": 1, "first_day": "2025-03-01", "last_day": "2025-03-12"}
    finding = Finding("days_without_orders", "suspicious", "orders", "ordered_at", details=gap)
    assert "du 1er mars 2025 au 12 mars 2025" in finding.text("fr")


def test_every_template_is_told_in_french():
    for code, template in TEMPLATES.items():
        french = translator("fr")(template)
        assert french != template, code
        fields = re.findall(r"{(\w+)}", template)
        assert sorted(re.findall(r"{(\w+)}", french)) == sorted(fields), code


def test_the_committed_data_dictionary_is_current():
    written = README.read_text(encoding="utf-8")
    assert written == data_dictionary(), "run python -m marketing_kpi.data.describe data/README.md"


def test_the_data_dictionary_shows_every_column_in_both_languages():
    text = data_dictionary()
    french, english = text.split("\n## English\n")
    for table in TABLES.values():
        for lang, part in (("fr", french), ("en", english)):
            assert f"### `{table.name}`" in part
            assert all(column.description[lang] in part for column in table.columns)


def codes_in_code() -> set[str]:
    """Codes given as plain text to a finding or a check anywhere in the data layer."""
    codes = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                code = node.args[0]
                if node.func.id in {"Finding", "_RowCheck"} and isinstance(code, ast.Constant):
                    codes.add(code.value)
    return codes


def test_every_code_has_its_sentence():
    assert codes_in_code() - set(TEMPLATES) == set()
    assert "duplicate_keys" in codes_in_code()
