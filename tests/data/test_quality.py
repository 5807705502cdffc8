"""The audit: each fault is put into a small clean shop and must be found, with its rows."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import ibis
import numpy as np
import pandas as pd
import pytest

from marketing_kpi.data.demo import demo
from marketing_kpi.data.model import TABLES, Data, Finding
from marketing_kpi.data.quality import check
from marketing_kpi.data.sources import open_data
from marketing_kpi.errors import DataError


def shop() -> dict[str, pd.DataFrame]:
    """Ten orders, one a day, of two lines each, without any fault."""
    days = pd.date_range("2025-03-01 10:30", periods=10)
    ids = [f"O{i}" for i in range(10)]
    orders = pd.DataFrame(
        {
            "order_id": ids,
            "customer_id": ["A", "B"] * 5,
            "ordered_at": days,
            "channel": "web",
            "store_id": "S1",
            "status": "delivered",
            "is_test": False,
            "amount": 30.0,
        }
    )
    lines = pd.DataFrame(
        {
            "order_id": np.repeat(ids, 2),
            "line_id": ["1", "2"] * 10,
            "product_id": ["P1", "P2"] * 10,
            "quantity": [1, 2] * 10,
            "list_price": 10.0,
            "unit_price": 10.0,
            "unit_cost": 6.0,
        }
    )
    return {
        "orders": orders,
        "order_lines": lines,
        "contacts": pd.DataFrame({"customer_id": ["A", "B"]}),
        "products": pd.DataFrame({"product_id": ["P1", "P2"], "list_price": 10.0}),
        "stores": pd.DataFrame({"store_id": ["S1"]}),
        "returns": pd.DataFrame(
            {
                "return_id": ["R1"],
                "order_id": ["O1"],
                "product_id": ["P1"],
                "returned_at": [pd.Timestamp("2025-03-09")],
                "quantity": [1],
                "refund_amount": [10.0],
                "kind": ["return"],
            }
        ),
        "shipments": pd.DataFrame(
            {"shipment_id": ["H1"], "order_id": ["O1"], "delivered_at": [days[3]]}
        ),
    }


def opened(frames: dict[str, pd.DataFrame], findings: tuple[Finding, ...] = ()) -> Data:
    connection = ibis.duckdb.connect()
    tables = {}
    for name, frame in frames.items():
        spec = TABLES[name]
        types = {c.name: c.type for c in spec.columns if c.name in frame.columns}
        tables[name] = connection.create_table(
            name, connection.create_table(f"raw_{name}", frame).cast(types)
        )
    return Data(connection, tables, findings, source="a shop", on_close=(connection.disconnect,))


def found(frames: dict[str, pd.DataFrame], **options: object) -> dict[tuple[str, str], Finding]:
    with opened(frames) as data:
        findings = check(data, **{"as_of": "2040-01-01", **options}).findings
    return {
        (one.code, f"{one.table}.{one.column}" if one.column else one.table): one
        for one in findings
    }


def only(findings: dict[tuple[str, str], Finding]) -> Finding:
    assert len(findings) == 1, [one.text("en") for one in findings.values()]
    return next(iter(findings.values()))


def test_a_clean_shop_has_no_finding():
    with opened(shop()) as data:
        quality = check(data, as_of="2025-04-01")
    assert quality.findings == ()
    assert quality.worst is None


def test_the_demo_retailer_has_nothing_suspicious():
    with demo() as data:
        quality = check(data, as_of="2026-01-01")
    assert [found.text("en") for found in quality.findings if found.level != "info"] == []
    assert [table.name for table in quality.tables] == list(TABLES)


def test_tables_are_summed_up():
    frames = shop()
    frames["orders"]["colour"] = "red"
    with opened(frames) as data:
        tables = {table.name: table for table in check(data).tables}
    assert list(tables) == [name for name in TABLES if name in frames]
    orders = tables["orders"]
    assert orders.rows == 10
    assert orders.present == tuple(
        name for name in TABLES["orders"].names if name in frames["orders"]
    )
    assert orders.absent == ("recognised_at", "payment_fee")
    assert orders.extra == ("colour",)
    assert (orders.first, orders.last) == (dt.date(2025, 3, 1), dt.date(2025, 3, 10))
    assert tables["products"].first is None


@pytest.mark.parametrize(
    ("table", "column", "row", "value", "code", "level"),
    [
        ("orders", "amount", 0, None, "missing_values", "suspicious"),
        ("orders", "channel", 0, None, "missing_values", "info"),
        ("orders", "order_id", 0, None, "missing_keys", "error"),
        ("orders", "ordered_at", 4, pd.NaT, "missing_values", "error"),
        ("orders", "ordered_at", 0, pd.Timestamp("1070-01-01"), "implausible_dates", "suspicious"),
        ("orders", "ordered_at", 0, pd.Timestamp("2999-12-31"), "implausible_dates", "suspicious"),
        ("orders", "status", 2, "Delivered ", "unknown_statuses", "suspicious"),
        ("orders", "status", 2, "Remboursée", "refunded_orders", "suspicious"),
        ("orders", "channel", 2, "WEB", "unknown_channels", "suspicious"),
        ("orders", "status", 2, "cancelled", "cancelled_orders", "info"),
        ("orders", "status", 2, "fraud", "fraud_orders", "info"),
        ("orders", "is_test", 2, True, "test_orders", "info"),
        ("orders", "customer_id", 2, None, "unidentified_orders", "info"),
        ("orders", "customer_id", 2, "Z", "orphans", "suspicious"),
        ("orders", "store_id", 2, "S9", "orphans", "suspicious"),
        ("order_lines", "product_id", 2, "P9", "orphans", "suspicious"),
        ("order_lines", "list_price", 2, -10.0, "negative_values", "suspicious"),
        ("order_lines", "unit_cost", 2, 10.5, "cost_above_price", "suspicious"),
        ("products", "list_price", 1, 0.0, "zero_values", "suspicious"),
        ("returns", "order_id", 0, None, "refund_without_order", "info"),
        ("returns", "order_id", 0, "O99", "orphans", "suspicious"),
        ("returns", "quantity", 0, -1, "negative_values", "suspicious"),
        ("returns", "kind", 0, "retour", "unknown_values", "suspicious"),
        (
            "shipments",
            "delivered_at",
            0,
            pd.Timestamp("2025-03-01"),
            "delivered_before_ordered",
            "suspicious",
        ),
    ],
)
def test_a_fault_in_one_row_is_found_there(table, column, row, value, code, level):
    frames = shop()
    if column == "order_id" and table == "orders":
        # Its lines would be orphans as well.
        del frames["order_lines"], frames["returns"], frames["shipments"]
    if isinstance(value, pd.Timestamp):
        frames[table][column] = frames[table][column].astype("datetime64[s]")
    frames[table].loc[row, column] = value
    findings = found(frames)
    # Out of the sane range, a date also opens a gap only if it were believed.
    finding = findings[code, f"{table}.{column}"]
    assert (finding.count, finding.total, finding.level) == (1, len(frames[table]), level)
    assert set(findings) == {(code, f"{table}.{column}")}
    if (code, level) != ("missing_values", "info"):
        key = TABLES[table].key[0]
        expected = frames[table][key].iloc[row]
        assert [example[key] for example in finding.examples] == [
            None if pd.isna(expected) else expected
        ]


def test_orders_without_a_column_of_customers_are_told():
    """As those are of which every customer is null."""
    frames = shop()
    frames = {"orders": frames["orders"].drop(columns="customer_id")}
    finding = found(frames)["no_customers", "orders.customer_id"]
    assert (finding.level, finding.count, finding.total) == ("suspicious", 10, 10)
    assert "no segment" in finding.text("en")


def test_negative_orders_say_what_to_do():
    frames = {"orders": shop()["orders"]}
    frames["orders"].loc[2, "amount"] = -30.0
    finding = only(found(frames))
    assert (finding.code, finding.column, finding.count) == ("negative_orders", "amount", 1)
    for lang in ("fr", "en"):
        assert "returns.negative_quantity" in finding.text(lang)


def test_unknown_values_are_listed_with_their_counts():
    frames = shop()
    frames["orders"]["status"] = ["Delivered "] * 3 + ["shipped"] * 2 + ["placed"] * 5
    finding = found(frames)["unknown_statuses", "orders.status"]
    assert finding.details["values"] == {"Delivered ": 3, "shipped": 2}
    assert finding.details["expected"] == ["placed", "delivered", "cancelled", "fraud"]
    assert finding.count == 5
    assert finding.details["remedy"] == (
        "values: {status: {'Delivered ': delivered, shipped: delivered}}"
    )


@pytest.mark.parametrize(
    ("column", "values", "remedy"),
    [
        ("status", ["Annulée", "ok"], "values: {status: {Annulée: cancelled}}"),
        ("status", ["VOIDED", "Livré"], "values: {status: {Livré: delivered, VOIDED: cancelled}}"),
        ("status", ["annulé", "Remboursée"], "values: {status: {annulé: cancelled}}"),
        ("status", ["En attente"], "values: {status: {En attente: placed}}"),
        ("status", ["zzz"], "values: {status: {zzz: …}}"),
        ("channel", ["Boutique"], "values: {channel: {Boutique: store}}"),
    ],
)
def test_what_unknown_values_mean_is_offered(column, values, remedy):
    frames = shop()
    rows = len(frames["orders"])
    frames["orders"][column] = (values * rows)[:rows]
    code = {"status": "unknown_statuses", "channel": "unknown_channels"}[column]
    finding = found(frames)[code, f"orders.{column}"]
    assert finding.details["remedy"] == remedy
    for lang in ("fr", "en"):
        assert remedy in finding.text(lang)


def test_what_an_unknown_value_does_to_an_order_is_said():
    frames = shop()
    frames["orders"]["status"] = "zzz"
    frames["orders"]["channel"] = "zzz"
    findings = found(frames)
    assert "is a sale" in findings["unknown_statuses", "orders.status"].text("en")
    assert "est une vente" in findings["unknown_statuses", "orders.status"].text("fr")
    of_channel = findings["unknown_channels", "orders.channel"]
    assert "counts as none placed online" in of_channel.text("en")
    assert "ne compte pas comme passée en ligne" in of_channel.text("fr")


@pytest.mark.parametrize(
    ("arms", "codes"),
    [
        (["control", "treatment", "mail", "sms", "mail"], {"other_arms": ("info", 3)}),
        (["control", "Témoin", "mail", "mail", "mail"],
         {"other_arms": ("info", 3), "unknown_arms": ("suspicious", 1)}),
        (["A", "A", "B", "B", None], {"unknown_arms": ("suspicious", 4)}),
        (["control", "no contact", "Témoins", "mail", "mail"],
         {"other_arms": ("info", 2), "unknown_arms": ("suspicious", 2)}),
    ],
)  # fmt: skip
def test_an_arm_of_a_name_of_its_own_is_a_treatment(arms, codes):
    frames = shop()
    customers = [f"C{n}" for n in range(len(arms))]
    frames["campaign_members"] = pd.DataFrame(
        {"campaign_id": "K", "customer_id": customers, "arm": arms}
    )
    told = {
        code: (finding.level, finding.count)
        for (code, place), finding in found(frames).items()
        if place == "campaign_members.arm" and code.endswith("_arms")
    }
    assert told == codes
    if "Témoin" in arms:
        remedy = found(frames)["unknown_arms", "campaign_members.arm"].details["remedy"]
        assert remedy == "values: {arm: {Témoin: control}}"


def test_the_control_of_one_campaign_is_none_of_another():
    frames = shop()
    frames["campaign_members"] = pd.DataFrame(
        {
            "campaign_id": ["K"] * 3 + ["older"] * 2,
            "customer_id": [f"C{n}" for n in range(5)],
            "arm": ["control", "treatment", "A", "A", "B"],
        }
    )
    findings = found(frames)
    other = findings["other_arms", "campaign_members.arm"]
    assert (other.count, other.details["values"]) == (1, {"A": 1})
    unknown = findings["unknown_arms", "campaign_members.arm"]
    assert (unknown.count, unknown.details["values"]) == (2, {"A": 1, "B": 1})


@pytest.mark.parametrize("word", ["Remboursée", "refunded", "Retourné"])
def test_an_order_whose_status_says_it_came_back_stays_a_sale(word):
    """Its lines marked as returns would be no sales any more, and refunds besides."""
    frames = shop()
    frames["orders"]["status"] = [word] * 2 + ["zzz"] * 3 + ["placed"] * 5
    frames["returns"]["order_id"] = "O9"
    findings = found(frames)
    finding = findings["refunded_orders", "orders.status"]
    assert (finding.level, finding.count, finding.total) == ("suspicious", 2, 10)
    assert finding.details == {"values": {word: 2}}
    assert {example["status"] for example in finding.examples} == {word}
    assert "stay sales" in finding.text("en")
    assert "restent des ventes" in finding.text("fr")
    other = findings["unknown_statuses", "orders.status"]
    assert (other.count, other.details["values"]) == (3, {"zzz": 3})
    assert not any("returns:" in one.text("en") for one in findings.values())


@pytest.mark.parametrize(
    ("orders", "told"),
    [(["O0", "O1"], 0), (["O0"], 1), (["O0", None], 1), ([], 2), ([None, None], 0), (None, 0)],
)
def test_a_refund_is_unknown_only_of_an_order_that_no_return_names(orders, told):
    """Refunds that name no order may be those of any of them."""
    frames = shop()
    frames["orders"]["status"] = ["Remboursée"] * 2 + ["delivered"] * 8
    one = frames["returns"].iloc[[0]]
    frames["returns"] = pd.concat([one] * (2 if orders is None else max(len(orders), 1)))
    frames["returns"]["return_id"] = [f"R{i}" for i in range(len(frames["returns"]))]
    if orders is None:
        frames["returns"] = frames["returns"].drop(columns="order_id")
    elif orders:
        frames["returns"]["order_id"] = pd.array(orders, dtype="str")
    else:
        frames["returns"] = frames["returns"].iloc[:0]
    finding = found(frames).get(("refunded_orders", "orders.status"))
    assert (finding.count if finding else 0) == told
    if finding:
        assert finding.details == {"values": {"Remboursée": told}}
        assert "O0" not in {row["order_id"] for row in finding.examples} or told == 2


def test_of_credits_that_name_no_order_no_refund_is_said_to_be_unknown():
    names = ("order_id", "ordered_at", "quantity", "unit_price", "status")
    frame = pd.DataFrame(
        {
            "order_id": ["1", "1", "2"], "ordered_at": "2025-01-02", "quantity": [1, -1, 1],
            "unit_price": 10, "status": ["Remboursée", "Remboursée", "delivered"],
        }
    )  # fmt: skip
    rules = {
        "columns": {name: name for name in names},
        "returns": {"negative_quantity": True},
    }
    for rows, told in ((frame, False), (frame[frame.quantity > 0], True)):
        codes = {one.code for one in check(open_data({"ventes": rows}, mapping=rules)).findings}
        assert ("refunded_orders" in codes) == told


def test_a_remedy_for_unknown_values_works():
    columns = {name: name for name in ("order_id", "ordered_at", "quantity", "unit_price")}
    frame = pd.DataFrame(
        {
            "order_id": ["1", "2"], "ordered_at": "2025-01-02", "quantity": 1,
            "unit_price": [10, 20], "etat": ["Annulée", "livrée"],
        }
    )  # fmt: skip
    rules = {
        "columns": columns | {"status": "etat"},
        "values": {"status": {"Annulée": "cancelled", "livrée": "delivered"}},
    }
    data = open_data({"ventes": frame}, mapping=rules)
    assert dict(data.orders.select("order_id", "status").to_pandas().to_numpy()) == {
        "1": "cancelled", "2": "delivered",
    }  # fmt: skip


def test_zero_and_negative_quantities_and_prices_of_lines():
    frames = shop()
    frames["orders"] = frames["orders"].drop(columns="amount")
    frames["order_lines"].loc[0, ["quantity", "unit_cost"]] = [0, None]
    frames["order_lines"].loc[3, "quantity"] = -1
    frames["order_lines"].loc[4, ["unit_price", "unit_cost"]] = [0.0, None]
    findings = found(frames)
    assert findings["zero_values", "order_lines.quantity"].examples[0]["order_id"] == "O0"
    assert findings["negative_values", "order_lines.quantity"].count == 1
    assert findings["zero_values", "order_lines.unit_price"].count == 1
    assert findings["missing_values", "order_lines.unit_cost"].count == 2


def test_a_repeated_key_is_an_error_and_an_exact_copy_is_not():
    frames = shop()
    lines = frames["order_lines"]
    copy = lines.iloc[[0]]
    other = lines.iloc[[3]].assign(product_id="P1")
    frames["order_lines"] = pd.concat([lines, copy, copy, other], ignore_index=True)
    frames["orders"] = frames["orders"].drop(columns="amount")
    findings = found(frames)
    assert {code for code, _place in findings} == {"duplicate_lines", "duplicate_keys"}
    copies = findings["duplicate_lines", "order_lines"]
    assert (copies.count, copies.total, copies.level) == (2, 23, "suspicious")
    assert copies.examples == (
        {
            "order_id": "O0",
            "line_id": "1",
            "product_id": "P1",
            "quantity": 1,
            "list_price": 10,
            "unit_price": 10,
            "unit_cost": 6,
            "copies": 3,
        },
    )
    keys = findings["duplicate_keys", "order_lines"]
    assert (keys.count, keys.level, keys.details["key"]) == (1, "error", "order_id, line_id")


def test_an_account_of_several_customers_is_no_error():
    at = pd.DataFrame({"source_system": ["crm"] * 3, "source_id": ["F1", "F1", "F2"]})
    identities = at.assign(customer_id=["c1", "c2", "c3"])
    orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-05-13"])})
    with open_data({"orders": orders, "identities": identities}) as data:
        [found] = [one for one in check(data).findings if one.table == "identities"
                   and one.code in ("duplicate_keys", "shared_accounts")]  # fmt: skip
    assert (found.code, found.level, found.count) == ("shared_accounts", "suspicious", 1)


def test_without_a_key_only_exact_copies_are_repeats():
    frames = shop()
    frames["responses"] = pd.DataFrame(
        {"customer_id": ["A", "A", "B"], "at": pd.Timestamp("2025-03-05"), "kind": "open"}
    )
    finding = only(found(frames))
    assert (finding.code, finding.table, finding.count) == ("duplicate_lines", "responses", 1)


def test_lines_without_order_and_orders_without_lines():
    frames = shop()
    frames["order_lines"] = frames["order_lines"].replace({"order_id": {"O9": "O77"}})
    findings = found(frames)
    assert set(findings) == {
        ("orphans", "order_lines.order_id"),
        ("orders_without_lines", "orders"),
    }
    lost = findings["orphans", "order_lines.order_id"]
    assert (lost.count, lost.details["parent"]) == (2, "orders")
    assert {example["order_id"] for example in lost.examples} == {"O77"}
    assert findings["orders_without_lines", "orders"].examples[0]["order_id"] == "O9"


@pytest.mark.parametrize(("amount", "told"), [(30.01, 0), (30.02, 1), (29.98, 1)])
def test_amounts_may_differ_from_their_lines_by_a_cent(amount, told):
    frames = shop()
    frames["orders"].loc[5, "amount"] = amount
    findings = found(frames)
    assert len(findings) == told
    if told:
        finding = findings["amount_mismatch", "orders.amount"]
        assert finding.details["largest"] == pytest.approx(0.02)
        assert finding.examples[0]["order_id"] == "O5"
        assert finding.examples[0]["lines_amount"] == 30


def test_amounts_below_and_above_their_lines_are_told_apart():
    frames = shop()
    frames["orders"].loc[4, "amount"] += 7
    frames["orders"].loc[[5, 6], "amount"] -= [4, 1.5]
    finding = only(found(frames))
    assert finding.details == {
        "fewer": 2, "below": 5.5, "more": 1, "above": 7.0, "largest": 7.0,
    }  # fmt: skip
    assert "below it in 2, by 5.50 in all (a discount on the whole order" in finding.text("en")


def test_the_future_begins_at_as_of():
    frames = shop()
    assert found(frames, as_of="2025-03-11") == {}
    finding = only(found(frames, as_of=dt.date(2025, 3, 10)))
    assert (finding.code, finding.count) == ("future_dates", 1)
    assert finding.details["as_of_day"] == "2025-03-10"
    assert "March 10, 2025" in finding.text("en")


def test_without_as_of_the_future_is_said_not_to_be_looked_for():
    finding = only(found(shop(), as_of=None))
    assert (finding.code, finding.level) == ("future_not_sought", "info")
    assert finding.text("fr") == (
        "orders.ordered_at\u00a0: les dates à venir n'ont pas été recherchées, aucune date "
        "d'analyse (as_of) n'étant donnée"
    )


def test_a_day_that_is_none_is_refused():
    with opened(shop()) as data, pytest.raises(DataError, match="as_of is '2025-13-01'"):
        check(data, as_of="2025-13-01")


def test_a_week_without_orders_is_a_gap():
    frames = shop()
    orders = frames["orders"]
    orders.loc[5:, "ordered_at"] += pd.Timedelta(days=6)
    assert found(frames) == {}
    orders.loc[5:, "ordered_at"] += pd.Timedelta(days=1)
    orders.loc[9:, "ordered_at"] += pd.Timedelta(days=30)
    finding = only(found(frames))
    assert finding.details == {
        "days": 30,
        "first_day": "2025-03-17",
        "last_day": "2025-04-15",
        "gaps": 2,
    }
    assert finding.count == 37


def test_an_amount_a_thousand_times_the_median_is_extreme():
    frames = shop()
    del frames["order_lines"]
    frames["orders"].loc[7, "amount"] = 30_000.0
    assert found(frames) == {}
    frames["orders"].loc[7, "amount"] = 30_000.01
    finding = only(found(frames))
    assert (finding.code, finding.count) == ("extreme_values", 1)
    assert finding.details == {"times": 1000, "median": 30, "largest": 30_000.01}
    assert finding.examples[0]["order_id"] == "O7"


@pytest.mark.parametrize(("amount", "told"), [(520.0, 0), (522.0, 1)])
def test_one_customer_with_a_twentieth_of_sales_is_told(amount, told):
    # 99 customers of 100 each: 5 % of all is 521.05.
    orders = pd.DataFrame(
        {
            "order_id": [str(i) for i in range(100)],
            "customer_id": [f"C{i:03}" for i in range(100)],
            "ordered_at": pd.Timestamp("2025-01-01"),
            "amount": [amount] + [100.0] * 99,
        }
    )
    findings = found({"orders": orders})
    assert len(findings) == told
    if told:
        finding = only(findings)
        assert finding.details["customer"] == "C000"
        assert finding.details["share"] == pytest.approx(522 / 10_422, abs=1e-6)


def test_few_customers_are_not_called_concentrated():
    frames = shop()
    frames["orders"]["customer_id"] = "A"
    assert found(frames) == {}


def test_an_empty_table_is_told_and_breaks_nothing():
    frames = {name: frame.iloc[:0] for name, frame in shop().items()}
    findings = found(frames)
    assert {code for code, _place in findings} == {"empty_table"}
    assert len(findings) == len(frames)


def test_orders_alone_are_enough():
    orders = shop()["orders"][["order_id", "ordered_at"]]
    assert only(found({"orders": orders})).code == "no_customers"


def test_what_is_empty_for_a_good_reason_is_not_missing():
    frames = shop()
    frames["orders"].loc[0, "store_id"] = None
    frames["shipments"].loc[0, "delivered_at"] = None
    frames["marketing_spend"] = pd.DataFrame(
        {
            "day": [dt.date(2025, 3, 1)] * 2,
            "marketing_channel": ["search", "social"],
            "campaign_id": [None, "K1"],
            "amount": [5.0, 6.0],
        }
    )
    assert found(frames) == {}
    frames["marketing_spend"].loc[0, "marketing_channel"] = None
    finding = only(found(frames))
    assert (finding.code, finding.level) == ("missing_keys", "error")


def test_findings_of_reading_come_first_and_count_for_the_worst():
    read = Finding("empty_table", "error", "old.csv")
    frames = shop()
    frames["orders"].loc[0, "customer_id"] = None
    with opened(frames, findings=(read,)) as data:
        quality = check(data, as_of="2040-01-01")
    assert [one.code for one in quality.findings] == ["empty_table", "unidentified_orders"]
    assert quality.worst == "error"


def test_row_order_changes_nothing():
    frames = shop()
    frames["orders"].loc[[1, 4, 6, 7, 8, 9], "status"] = "?"
    frames["order_lines"].loc[[1, 5], "unit_price"] = 0
    shuffled = {name: frame.sample(frac=1, random_state=3) for name, frame in frames.items()}
    with opened(frames) as data, opened(shuffled) as other:
        assert check(data).to_json() == check(other).to_json()


def test_the_json_is_plain_and_complete():
    frames = shop()
    frames["orders"].loc[2, "amount"] = 12.345
    frames["orders"]["note"] = Decimal("1.5")
    with opened(frames) as data:
        content = json.loads(check(data, as_of="2040-01-01").to_json())
    assert content["source"] == "a shop"
    assert content["worst"] == "suspicious"
    assert [table["name"] for table in content["tables"]] == [
        name for name in TABLES if name in frames
    ]
    assert content["tables"][1]["first"] == "2025-03-01"
    (finding,) = content["findings"]
    assert set(finding["text"]) == {"fr", "en"}
    assert finding["examples"][0]["ordered_at"] == "2025-03-03T10:30:00"
    assert finding["examples"][0]["amount"] == 12.345
    assert finding["examples"][0]["note"] == 1.5


def test_nothing_is_left_in_the_engine():
    with opened(shop()) as data:
        before = data.connection.raw_sql("show all tables").fetchall()
        check(data)
        assert data.connection.raw_sql("show all tables").fetchall() == before


def test_a_sheet_is_called_so_in_the_readers_language():
    finding = Finding("empty_table", "suspicious", "shop.xlsx (sheet Ventes)", total=0)
    assert finding.text("fr").startswith("shop.xlsx (feuille Ventes)\u00a0:")
    assert finding.text("en").startswith("shop.xlsx (sheet Ventes):")
