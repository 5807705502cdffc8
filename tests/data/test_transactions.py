"""Flat extracts: one row a sale line or an order, sales and returns mixed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import ibis
import pandas as pd
import pytest

import marketing_kpi as mk
from marketing_kpi.data.mapping import Mapping, read_mapping
from marketing_kpi.data.quality import check
from marketing_kpi.data.sources import open_data
from marketing_kpi.data.words import written
from marketing_kpi.errors import MappingError, SourceError

EXTRACT = """\
Facture;Article;Libellé;Qté;Date;Prix;Client;Pays
1001;P1;Tasse;2;01/12/2025 10:00;2,50;17850,0;FR
1001;P2;Bol;1;01/12/2025 10:00;4,00;17850,0;FR
1001;P2;Bol;1;01/12/2025 10:00;4,00;17850,0;FR
1002;P1;Tasse;3;02/12/2025 11:00;2,50;;QC
1002;POST;Port;1;02/12/2025 11:00;6,00;;QC
C1003;P1;Tasse;-1;03/12/2025 12:00;2,50;17850,0;QC
1004;P3;Lampe;-5;04/12/2025 09:00;0,00;;FR
1005;P3;Lampe;1;31/12/2025 09:00;0,00;12346,0;FR
1006;P3;Lampe;1;31/12/2025 09:00;-8,00;12346,0;FR
A1007;B;Ajustement;1;31/12/2025 09:00;-11,00;;FR
1008;P1;Tasse;;31/12/2025 09:00;2,50;;FR
1009;P1;Tasse;0;31/12/2025 09:00;2,50;;FR
"""
MAPPING = {
    "kind": "lines",
    "columns": {
        "order_id": "Facture",
        "product_id": "Article",
        "products.name": "Libellé",
        "quantity": "Qté",
        "ordered_at": "Date",
        "unit_price": "Prix",
        "customer_id": "Client",
        "contacts.region": "Pays",
    },
    "constants": {"channel": "web"},
    "returns": {"order_prefix": "C"},
    "leave_out": {"product_id": ["POST"], "order_prefix": "A"},
}


@pytest.fixture
def extract(tmp_path):
    path = tmp_path / "ventes.csv"
    path.write_text(EXTRACT.replace("17850,0", "17850.0").replace("12346,0", "12346.0"))
    return path


def _rows(table, *columns):
    ordered = table.order_by(*table.columns[:2]).select(*columns)
    return [tuple(row.values()) for row in ordered.to_pyarrow().to_pylist()]


def _counts(data):
    return {f.code: (f.level, f.count) for f in data.findings if f.count}


def test_what_changes_over_time_is_told_and_the_last_value_stands(extract):
    with open_data(extract, mapping=MAPPING) as data:
        assert _counts(data)["several_over_time"] == ("suspicious", 1)
        [found] = [one for one in data.findings if one.code == "several_over_time"]
        # Sales say more than a return: the one from Québec came back, the others were from France.
        assert data.contacts.to_pandas().set_index("customer_id").region["17850"] == "FR"
    assert (found.table, found.column, found.total) == ("contacts", "region", 2)
    example = {"customer_id": "17850", "least_region": "FR", "greatest_region": "QC"}
    assert [dict(one) for one in found.examples] == [example]


def test_a_name_that_changes_is_no_fault(extract):
    text = extract.read_text().replace("1002;P1;Tasse", "1002;P1;Grande tasse")
    extract.write_text(text)
    with open_data(extract, mapping=MAPPING) as data:
        found = {one.column: one for one in data.findings if one.code == "several_over_time"}
    assert (found["name"].level, found["name"].count, found["name"].total) == ("info", 1, 3)
    assert "la dernière vaut" in found["name"].text("fr")


CHANGING = """\
order;day;item;qty;price;cost;list;who;optin;label;paid
1;2025-01-05;P1;1;10;4;12;A;true;Cup;3
2;2025-06-05;P1;1;10;6;13;A;false;Mug;5
3;2025-06-06;P2;1;20;9;25;B;true;Bowl;8
"""
CHANGING_COLUMNS = {
    "order_id": "order", "ordered_at": "day", "product_id": "item", "quantity": "qty",
    "unit_price": "price", "customer_id": "who", "products.unit_cost": "cost",
    "products.list_price": "list", "contacts.email_opt_in": "optin", "products.name": "label",
}  # fmt: skip


def _over_time(path, columns):
    mapping = {"kind": "lines", "columns": columns}
    with open_data(path, mapping=mapping) as data:
        told = [one for one in data.findings if one.code.startswith("several_o")]
        costs = None
        if data.has("order_lines", "unit_cost"):
            told_costs = (cost for (cost,) in _rows(data.order_lines, "unit_cost"))
            costs = sorted(cost for cost in told_costs if cost is not None)
    return {f"{one.table}.{one.column}": one for one in told}, costs


def test_what_moves_the_past_has_a_remedy_and_what_is_only_current_is_no_fault(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text(CHANGING)
    found, costs = _over_time(path, CHANGING_COLUMNS)
    assert costs is None
    assert {place: (one.code, one.level, one.count) for place, one in found.items()} == {
        "products.unit_cost": ("several_of_lines", "suspicious", 1),
        "products.list_price": ("several_of_lines", "suspicious", 1),
        "contacts.email_opt_in": ("several_over_time", "info", 1),
        "products.name": ("several_over_time", "info", 1),
    }
    said = found["products.unit_cost"].text("en")
    assert "write in the mapping columns: {unit_cost: …} in place of products.unit_cost" in said
    # The remedy: 4 and 6 for P1, 9 for P2, each on its own line.
    names = {"products.unit_cost": "unit_cost", "products.list_price": "list_price"}
    kept = {names.get(name, name): column for name, column in CHANGING_COLUMNS.items()}
    found, costs = _over_time(path, kept)
    assert costs == [4, 6, 9]
    assert not {"products.unit_cost", "products.list_price"} & found.keys()


def test_a_cost_that_each_line_has_of_its_own_moves_nothing(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text(CHANGING)
    found, costs = _over_time(path, {**CHANGING_COLUMNS, "unit_cost": "paid"})
    assert costs == [3, 5, 8]
    cost = found["products.unit_cost"]
    assert (cost.code, cost.level) == ("several_over_time", "info")
    # Of the first line the cost is not told: the last one of its product stands for it.
    path.write_text(CHANGING.replace("Cup;3", "Cup;"))
    found, costs = _over_time(path, {**CHANGING_COLUMNS, "unit_cost": "paid"})
    cost = found["products.unit_cost"]
    assert (cost.code, cost.level) == ("several_over_time", "suspicious")


def test_sales_returns_and_the_rest_are_told_apart(extract):
    data = open_data(extract, mapping=MAPPING)
    assert _rows(data.orders, "order_id", "customer_id", "ordered_at", "channel", "amount") == [
        ("1001", "17850", dt.datetime(2025, 12, 1, 10), "web", Decimal(13)),
        ("1002", None, dt.datetime(2025, 12, 2, 11), "web", Decimal("7.5")),
        ("1005", "12346", dt.datetime(2025, 12, 31, 9), "web", Decimal(0)),
    ]
    assert _rows(data.order_lines, "order_id", "line_id", "product_id", "quantity") == [
        ("1001", "2", "P1", Decimal(2)),
        ("1001", "3", "P2", Decimal(1)),
        ("1001", "4", "P2", Decimal(1)),
        ("1002", "5", "P1", Decimal(3)),
        ("1005", "9", "P3", Decimal(1)),
    ]
    assert data.returns.to_pyarrow().to_pylist() == [
        {
            "return_id": "C1003-7",
            "order_id": None,
            "customer_id": "17850",
            "product_id": "P1",
            "channel": "web",
            "returned_at": dt.datetime(2025, 12, 3, 12),
            "quantity": Decimal(1),
            "refund_amount": Decimal("2.5"),
            "kind": "return",
        }
    ]
    assert _counts(data) == {
        "date_formats": ("info", 12),
        "number_format": ("info", 12),
        "float_ids": ("repaired", 6),
        "duplicate_rows": ("suspicious", 1),
        "rows_left_out": ("dropped", 2),
        "rows_return": ("info", 1),
        "rows_negative_quantity": ("dropped", 1),
        "rows_zero_price": ("suspicious", 1),
        "rows_negative_price": ("dropped", 1),
        "rows_unpriced": ("dropped", 1),
        "rows_zero_quantity": ("dropped", 1),
        "several_over_time": ("suspicious", 1),
    }


def test_every_row_is_somewhere_or_counted(extract):
    data = open_data(extract, mapping=MAPPING)
    dropped = sum(finding.count for finding in data.findings if finding.level == "dropped")
    kept = data.order_lines.count().execute() + data.returns.count().execute()
    assert kept + dropped == len(EXTRACT.splitlines()) - 1


def test_findings_are_said_in_both_languages(extract):
    for finding in open_data(extract, mapping=MAPPING).findings:
        assert finding.text("en") != finding.text("fr")


def test_products_and_contacts_take_their_last_value(extract):
    data = open_data(extract, mapping=MAPPING)
    assert _rows(data.products.select("product_id", "name"), "product_id", "name") == [
        ("P1", "Tasse"), ("P2", "Bol"), ("P3", "Lampe"),
    ]  # fmt: skip
    assert _rows(data.contacts.select("customer_id", "region"), "customer_id", "region") == [
        ("12346", "FR"), ("17850", "FR"),
    ]  # fmt: skip


def test_the_same_extract_on_a_connection(extract):
    connection = ibis.duckdb.connect()
    frame = pd.read_csv(extract, sep=";", decimal=",", dtype={"Client": "string"})
    frame["Client"] = frame["Client"].astype("Float64")
    frame["Date"] = pd.to_datetime(frame["Date"], format="%d/%m/%Y %H:%M")
    table = connection.create_table("ventes", frame)
    data = open_data({"ventes": table}, mapping=MAPPING)
    assert data.connection is connection
    local = open_data(extract, mapping=MAPPING)
    for name, columns in (
        ("orders", ("order_id", "customer_id", "amount")),
        ("returns", ("customer_id", "refund_amount", "quantity")),
        ("order_lines", ("order_id", "product_id", "unit_price")),
    ):
        assert sorted(map(str, _rows(data.table(name), *columns))) == sorted(
            map(str, _rows(local.table(name), *columns))
        )


def test_duplicates_can_be_dropped(extract):
    data = open_data(extract, mapping={**MAPPING, "duplicates": "drop"})
    assert _counts(data)["duplicate_rows_dropped"] == ("dropped", 1)
    assert _rows(data.orders, "amount")[0] == (Decimal(9),)


@pytest.mark.parametrize("kind", ["csv", "parquet", "sqlite"])
def test_rows_can_be_left_out_by_a_column(tmp_path, kind):
    """A till that writes, of each sale, its total, its lines and its payment."""
    rows = []
    for ticket in range(12):
        rows += [(str(ticket), "Sale", 2, 12), (str(ticket), "Sale Line", 1, 10)]
        rows += [(str(ticket), "Sale Line", 1, 2), (str(ticket), " payment", 1, 12)]
    frame = pd.DataFrame(rows, columns=["ticket", "type", "quantity", "line_amount"])
    source = _tickets(tmp_path, kind, frame.assign(ordered_at="2025-01-02"))
    columns = {name: column for name, column in STORES.items() if name != "store_id"}
    rule = {"column": "type", "values": ["Sale", "Payment"]}
    data = open_data(source, mapping={"columns": columns, "leave_out": rule})
    assert {amount for _, amount in _rows(data.orders, "order_id", "amount")} == {Decimal(12)}
    assert _counts(data)["rows_left_out"] == ("dropped", 24)
    assert "leave_mark" not in data.order_lines.columns


def test_lines_at_price_zero_can_be_dropped(extract):
    data = open_data(extract, mapping={**MAPPING, "zero_price": "drop"})
    assert _counts(data)["rows_zero_price_dropped"] == ("dropped", 1)
    assert _rows(data.orders, "order_id") == [("1001",), ("1002",)]


def test_negative_quantities_can_be_returns(extract):
    data = open_data(extract, mapping={**MAPPING, "returns": {"negative_quantity": True}})
    assert _rows(data.returns, "quantity", "refund_amount") == [
        (Decimal(5), Decimal(0)), (Decimal(1), Decimal("2.5")),
    ]  # fmt: skip


def test_a_status_column_can_mark_returns():
    frame = pd.DataFrame(
        {
            "order_id": ["A1", "A1", "A2"],
            "ordered_at": ["2025-01-02", "2025-01-09", "2025-01-03"],
            "original": [None, "A0", None],
            "quantity": [1, 1, 2],
            "line_total": [10, -10, 8],
            "state": ["ok", " Refunded", "ok"],
        }
    )
    mapping = {
        "columns": {
            "order_id": "order_id",
            "ordered_at": "ordered_at",
            "quantity": "quantity",
            "line_amount": "line_total",
            "original_order_id": "original",
        },
        "returns": {"column": "state", "values": ["refunded"]},
    }
    data = open_data({"sales": frame}, mapping=mapping)
    assert _rows(data.returns, "order_id", "refund_amount") == [("A0", Decimal(10))]
    assert _rows(data.order_lines, "order_id", "unit_price") == [
        ("A1", Decimal(10)), ("A2", Decimal(4)),
    ]  # fmt: skip
    assert "state" in data.order_lines.columns
    assert data.from_pandas


def _refunded(lines_told):
    """Orders of two lines, of which one in five has the status Remboursée."""
    rows = [
        (str(order), "2025-01-05", "Remboursée" if order % 5 == 0 else "paid", 1, 50)
        for order in range(40)
        for _ in range(2)
    ]
    frame = pd.DataFrame(rows, columns=["ticket", "jour", "etat", "qte", "montant"])
    if lines_told == "first":
        frame.loc[1::2, "etat"] = None
    return frame


REFUNDED = {
    "order_id": "ticket", "ordered_at": "jour", "status": "etat", "quantity": "qte",
    "line_amount": "montant",
}  # fmt: skip


@pytest.mark.parametrize(("lines_told", "marked"), [("all", 16), ("first", 8)])
def test_sales_that_the_status_of_their_order_makes_returns_are_said(lines_told, marked):
    frame = _refunded(lines_told)
    rules = {"columns": REFUNDED, "returns": {"column": "etat", "values": ["Remboursée"]}}
    found = _finding(open_data({"sales": frame}, mapping=rules), "sales_marked_returns")
    assert (found.level, found.count, found.total) == ("suspicious", marked, 80)
    assert found.details == {"column": "etat", "amount": 50.0 * marked}
    for lang in ("fr", "en"):
        assert "etat" in found.text(lang)


def test_rows_of_credits_may_be_marked_by_the_status_column():
    frame = _refunded("all")
    frame.loc[frame.etat == "Remboursée", "montant"] *= -1
    rules = {"columns": REFUNDED, "returns": {"column": "etat", "values": ["Remboursée"]}}
    data = open_data({"sales": frame}, mapping=rules)
    assert "sales_marked_returns" not in _counts(data)
    assert len(_rows(data.returns, "refund_amount")) == 16


def test_rows_that_are_orders(tmp_path):
    path = tmp_path / "commandes.csv"
    path.write_text("No,Jour,Heure,Total,Note\n1,2025-01-02,08:30,10,x\n2,2025-01-03,09:00,-4,y\n")
    mapping = {
        "kind": "orders",
        "columns": {"order_id": "No", "ordered_at": ["Jour", "Heure"], "amount": "Total"},
        "returns": {"negative_quantity": True},
    }
    data = open_data(path, mapping=mapping)
    assert list(data.tables) == ["orders", "returns"]
    assert _rows(data.orders, "order_id", "ordered_at", "amount", "Note") == [
        ("1", dt.datetime(2025, 1, 2, 8, 30), Decimal(10), "x"),
    ]
    assert _rows(data.returns, "returned_at", "refund_amount") == [
        (dt.datetime(2025, 1, 3, 9), Decimal(4)),
    ]


def test_an_extract_with_the_canonical_names_needs_no_mapping(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text(
        "Order ID,Ordered At,Product ID,Quantity,Unit Price,till\nA1,2025-01-02,P1,2,3.5,T1\n"
    )
    data = open_data(path)
    assert _rows(data.orders, "order_id", "amount") == [("A1", Decimal(7))]
    assert data.order_lines.columns == (
        "order_id", "line_id", "product_id", "quantity", "unit_price", "till",
    )  # fmt: skip


def test_an_order_with_two_customers_is_said():
    frame = pd.DataFrame(
        {
            "order_id": ["A1", "A1"], "ordered_at": ["2025-01-02", "2025-01-02"],
            "customer_id": ["C1", "C2"], "quantity": [1, 1], "unit_price": [1, 2],
        }
    )  # fmt: skip
    mapping = {"columns": {name: name for name in frame.columns}}
    data = open_data({"sales": frame}, mapping=mapping)
    assert _counts(data)["several_texts"] == ("suspicious", 1)
    assert _rows(data.orders, "customer_id") == [("C2",)]
    [said] = [one.text("fr") for one in data.findings if one.code == "several_texts"]
    assert said.endswith("la dernière par ordre alphabétique est gardée")


# --- numbers that are used again

TILL = """\
ticket,date,article,qte,prix
1,02/01/2024 09:00,C,2,10
1,02/01/2024 09:00,B,1,5
2,02/01/2024 10:00,A,1,7
1,03/01/2024 09:30,C,1,10
1,29/12/2025 12:00,A,3,7
2,29/12/2025 12:05,B,1,5
"""
TILL_COLUMNS = {
    "order_id": "ticket", "ordered_at": "date", "product_id": "article", "quantity": "qte",
    "unit_price": "prix",
}  # fmt: skip


@pytest.fixture
def till(tmp_path):
    path = tmp_path / "caisse.csv"
    path.write_text(TILL)
    return path


def test_numbers_that_seem_to_be_used_again_are_an_error(till):
    data = open_data(till, mapping={"columns": TILL_COLUMNS})
    found = _finding(data, "numbers_used_again")
    assert (found.level, found.column, found.count, found.total) == ("error", "order_id", 2, 2)
    assert found.details["longest"] == 727
    assert found.examples == (
        {"order_id": "1", "first_day": "2024-01-02", "last_day": "2025-12-29"},
        {"order_id": "2", "first_day": "2024-01-02", "last_day": "2025-12-29"},
    )
    assert found.text("en").endswith("Write in the mapping order_id: [ticket, date]")
    assert "order_id: [ticket, date]" in found.text("fr")
    assert check(data).worst == "error"


def _days_of_a_till(days):
    """A till that numbers its tickets from 1 every day: 9 to 13 a day, of two lines each."""
    rows = [
        (str(ticket), pd.Timestamp("2025-03-01") + pd.Timedelta(days=day), 1, 10)
        for day in range(days)
        for ticket in range(1, 10 + day % 5)
        for _ in range(2)
    ]
    return pd.DataFrame(rows, columns=["order_id", "ordered_at", "quantity", "line_amount"])


@pytest.mark.parametrize("days", [31, 14, 7])
def test_numbers_used_again_are_an_error_in_a_short_extract_too(days):
    data = _opened(_days_of_a_till(days))
    found = _finding(data, "numbers_used_again")
    assert (found.level, found.column, found.total) == ("error", "order_id", 13)
    assert found.details["longest"] == days - 1
    assert "order_id: [order_id, ordered_at]" in found.text("en")
    assert check(data).worst == "error"


@pytest.mark.parametrize(
    ("share", "days_late"),
    [(0.5, 3), (0.15, 25)],
    ids=["often, soon after", "long after, seldom"],
)
def test_late_deliveries_in_a_short_extract_are_not_numbers_used_again(share, days_late):
    first = pd.Timestamp("2025-03-01")
    orders = [(f"A{n}", first + pd.Timedelta(days=n % 31), 1, 10) for n in range(310)]
    late = [
        (number, min(day + pd.Timedelta(days=days_late), pd.Timestamp("2025-03-31")), 1, 10)
        for number, day, *_ in orders[: int(share * 310)]
    ]
    names = ["order_id", "ordered_at", "quantity", "line_amount"]
    data = _opened(pd.DataFrame([*orders, *late], columns=names))
    assert _finding(data, "several_days").level == "suspicious"


def test_the_day_of_the_order_can_be_part_of_its_number(till):
    columns = TILL_COLUMNS | {"order_id": ["ticket", "date"]}
    expected = [
        ("1 2024-01-02", dt.datetime(2024, 1, 2, 9), Decimal(25)),
        ("1 2024-01-03", dt.datetime(2024, 1, 3, 9, 30), Decimal(10)),
        ("1 2025-12-29", dt.datetime(2025, 12, 29, 12), Decimal(21)),
        ("2 2024-01-02", dt.datetime(2024, 1, 2, 10), Decimal(7)),
        ("2 2025-12-29", dt.datetime(2025, 12, 29, 12, 5), Decimal(5)),
    ]
    data = open_data(till, mapping={"columns": columns})
    assert _rows(data.orders, "order_id", "ordered_at", "amount") == expected
    assert "numbers_used_again" not in _counts(data)
    assert not {"ticket", "date"} & {*data.orders.columns, *data.order_lines.columns}
    rows = pd.read_csv(till, parse_dates=["date"], date_format="%d/%m/%Y %H:%M")
    table = ibis.sqlite.connect().create_table("till", ibis.memtable(rows))
    there = open_data({"till": table}, mapping={"columns": columns})
    assert _rows(there.orders, "order_id", "ordered_at", "amount") == expected


def _stores(shared):
    """Two stores that number their tickets alike, as far as `shared` of 20; two lines each."""
    rows = [
        (str(ticket + (40 if store == "S2" and ticket > shared else 0)), "2025-01-02", store, 1, 10)
        for store in ("S1", "S2")
        for ticket in range(1, 21)
        for _ in range(2)
    ]
    names = ["ticket", "ordered_at", "magasin", "quantity", "line_amount"]
    return pd.DataFrame(rows, columns=names)


STORES = {
    "order_id": "ticket", "ordered_at": "ordered_at", "store_id": "magasin",
    "quantity": "quantity", "line_amount": "line_amount",
}  # fmt: skip


def test_numbers_that_two_stores_share_are_an_error():
    data = open_data({"sales": _stores(15)}, mapping={"columns": STORES})
    found = _finding(data, "numbers_shared")
    assert (found.level, found.column, found.count, found.total) == ("error", "order_id", 15, 25)
    assert found.examples[0] == {"order_id": "1", "first": "S1", "last": "S2"}
    assert "have more than one store_id" in found.text("en")
    assert found.text("en").endswith("Write in the mapping order_id: [ticket, magasin]")
    assert "order_id: [ticket, magasin]" in found.text("fr")
    assert "several_texts" not in _counts(data)
    assert check(data).worst == "error"


def test_numbers_that_customers_share_are_an_error():
    columns = {name: source for name, source in STORES.items() if name != "store_id"}
    columns |= {"customer_id": "magasin"}
    data = open_data({"sales": _stores(15)}, mapping={"columns": columns})
    assert "have more than one customer_id" in _finding(data, "numbers_shared").text("en")


def test_few_orders_of_two_stores_are_only_said():
    data = open_data({"sales": _stores(3)}, mapping={"columns": STORES})
    assert _counts(data)["several_texts"] == ("suspicious", 3)
    assert "numbers_shared" not in _counts(data)


@pytest.mark.parametrize("kind", ["lines", "sqlite"])
def test_the_store_can_be_part_of_the_number_of_an_order(kind):
    source = _stores(20)
    if kind == "sqlite":
        source = ibis.sqlite.connect().create_table("sales", ibis.memtable(source))
    columns = STORES | {"order_id": ["magasin", "ticket"]}
    data = open_data({"sales": source}, mapping={"columns": columns})
    rows = _rows(data.orders, "order_id", "store_id", "amount")
    assert len(rows) == 40
    assert rows[0] == ("S1 1", "S1", Decimal(20))
    assert rows[-1] == ("S2 9", "S2", Decimal(20))
    assert not {"numbers_shared", "several_texts"} & set(_counts(data))


@pytest.mark.parametrize("kind", ["lines", "sqlite"])
def test_an_order_without_a_part_of_its_number_is_kept(kind):
    source = _stores(20)
    source.loc[source.magasin == "S2", "magasin"] = None
    if kind == "sqlite":
        source = ibis.sqlite.connect().create_table("sales", ibis.memtable(source))
    columns = {name: column for name, column in STORES.items() if name != "store_id"}
    columns |= {"order_id": ["ticket", "magasin"], "customer_id": "magasin"}
    data = open_data({"sales": source}, mapping={"columns": columns})
    rows = _rows(data.orders, "order_id", "customer_id", "amount")
    assert len(rows) == 40
    assert rows[:2] == [("1", None, Decimal(20)), ("1 S1", "S1", Decimal(20))]


NUMBERED = STORES | {"order_id": ["ticket", "magasin"]}


def _tickets(tmp_path, kind, source):
    """The lines as a text file, a Parquet file or a table of SQLite."""
    if kind == "sqlite":
        return {"sales": ibis.sqlite.connect().create_table("sales", ibis.memtable(source))}
    path = tmp_path / f"ventes.{kind}"
    if kind == "csv":
        source.to_csv(path, index=False)
    else:
        source.to_parquet(path)
    return path


@pytest.mark.parametrize("kind", ["csv", "parquet", "sqlite"])
@pytest.mark.parametrize("blank", [None, " ", "NULL"])
def test_a_line_without_its_ticket_is_of_no_order(tmp_path, kind, blank):
    source = _stores(20)
    source["ticket"] = source["ticket"].astype("object")
    source.loc[:2, "ticket"] = blank
    data = open_data(_tickets(tmp_path, kind, source), mapping={"columns": NUMBERED})
    orders = _rows(data.orders, "order_id", "amount")
    assert len(orders) == 39
    assert ("2 S1", Decimal(10)) in orders
    assert sum(amount for _, amount in orders) == 10 * (80 - 3)
    assert _counts(data)["rows_incomplete"] == ("dropped", 3)


@pytest.mark.parametrize("kind", ["csv", "parquet", "sqlite"])
def test_a_line_without_its_store_keeps_its_number_and_is_said(tmp_path, kind):
    source = _stores(20)
    source.loc[:1, "magasin"] = None
    data = open_data(_tickets(tmp_path, kind, source), mapping={"columns": NUMBERED})
    assert _rows(data.orders, "order_id", "store_id")[0] == ("1", None)
    found = _finding(data, "number_part_missing")
    assert (found.level, found.column, found.count, found.total) == (
        "suspicious", "order_id", 2, 80,
    )  # fmt: skip
    assert "no value of magasin" in found.text("en")
    assert "aucune valeur de magasin" in found.text("fr")


@pytest.mark.parametrize("kind", ["csv", "parquet", "sqlite", "frame", "duckdb"])
@pytest.mark.parametrize("typed", ["int64", "float64", "str"])
def test_a_number_of_several_parts_may_begin_with_a_number(tmp_path, kind, typed):
    source = _stores(20).astype({"ticket": "int64"}).astype({"ticket": typed})
    if typed == "float64":
        source.loc[:1, "ticket"] = None
    if kind == "frame":
        made = {"sales": source}
    elif kind == "duckdb":
        connection = ibis.duckdb.connect(tmp_path / "base.duckdb")
        connection.create_table("sales", ibis.memtable(source))
        connection.disconnect()
        made = tmp_path / "base.duckdb"
    else:
        made = _tickets(tmp_path, kind, source)
    data = open_data(made, mapping={"columns": NUMBERED})
    orders = _rows(data.orders, "order_id")
    assert len(orders) == (39 if typed == "float64" else 40)
    # Text is kept as it is written: a part that is "2.0" stays so.
    written = "2.0 S1" if typed == "float64" and kind in ("csv", "sqlite") else "2 S1"
    assert (written,) in orders


def test_only_parts_of_its_own_are_needed_for_a_number():
    parts = {"order_id": ["ticket", "caisse", "magasin", "jour"], "ordered_at": "jour"}
    mapping = Mapping(columns=parts | {"store_id": "magasin"})
    assert mapping.own_parts == ("ticket", "caisse")
    assert mapping.shared_parts == {"store_id": "magasin"}
    assert Mapping(columns={"order_id": "ticket", "store_id": "magasin"}).own_parts == ()


# --- lines without the date of their order, and too many that cannot be read


@pytest.mark.parametrize("kind", ["csv", "parquet", "sqlite"])
def test_lines_take_the_date_of_their_order(tmp_path, kind):
    source = _stores(20).iloc[:40].drop(columns="magasin")
    source.loc[1::2, "ordered_at"] = None
    source.loc[2:3, "ordered_at"] = None
    columns = {name: column for name, column in STORES.items() if name != "store_id"}
    data = open_data(_tickets(tmp_path, kind, source), mapping={"columns": columns})
    orders = _rows(data.orders, "order_id", "amount")
    assert len(orders) == 19
    assert {amount for _, amount in orders} == {Decimal(20)}
    # Of the ticket 2 no line has a date.
    assert _counts(data)["dates_of_first_line"] == ("suspicious", 19)
    assert _finding(data, "dates_of_first_line").details["amount"] == 190.0
    assert _counts(data)["rows_incomplete"] == ("dropped", 2)
    assert "that of the order's other lines" in _finding(data, "dates_of_first_line").text("en")


@pytest.mark.parametrize("kind", ["csv", "sqlite"])
def test_the_total_of_a_ticket_is_no_sale(tmp_path, kind):
    rows = [
        row
        for ticket in range(1, 31)
        for row in (
            (str(ticket), "2025-01-05", "A", 1, 10),
            (str(ticket), "2025-01-05", "B", 2, 20),
            (str(ticket), None, "TOTAL", 3, 30),
        )
    ]
    names = ["ticket", "ordered_at", "article", "quantity", "line_amount"]
    source = _tickets(tmp_path, kind, pd.DataFrame(rows, columns=names))
    columns = {name: column for name, column in STORES.items() if name != "store_id"}
    data = open_data(source, mapping={"columns": columns})
    assert data.orders.amount.sum().execute() == 900
    assert not {"dates_of_order", "many_rows_incomplete"} & set(_counts(data))
    found = _finding(data, "totals_of_orders")
    assert (found.level, found.count, found.details) == ("dropped", 30, {"amount": 900.0})
    read = _finding(data, "rows_read").details
    assert read == {"read": 90, "sold": 60, "returned": 0, "left": 30}


def _with_totals(more, *, lines=2, dated=False):
    """Tickets of different amounts, each followed by lines worth a constant part of its sum."""
    rows = []
    for ticket in range(1, 31):
        amounts = [7 + ticket * (line + 1) for line in range(lines)]
        rows += [(str(ticket), "2025-01-05", f"P{n}", 1, a) for n, a in enumerate(amounts)]
        day = "2025-01-05" if dated else None
        rows += [(str(ticket), day, code, 1, sum(amounts) * part) for code, part in more.items()]
    return pd.DataFrame(
        rows, columns=["ticket", "ordered_at", "article", "quantity", "line_amount"]
    )


WITH_ARTICLE = {
    **{name: column for name, column in STORES.items() if name != "store_id"},
    "product_id": "article",
}


@pytest.mark.parametrize("kind", ["csv", "sqlite"])
@pytest.mark.parametrize(
    ("more", "lines"),
    [
        ({"TOTAL": 1.2}, 2),
        ({"TOTAL": 1.14975}, 2),
        ({"CB": 1, "TOTAL": 1}, 2),
        ({"CB": 1.2, "Espèces, monnaie": -0.2, "TOTAL": 1}, 3),
        ({"TOTAL": 1}, 1),
    ],
)
def test_totals_that_cannot_be_told_name_what_leaves_them_out(tmp_path, kind, more, lines):
    frame = _with_totals(more, lines=lines)
    true = frame.line_amount[frame.ordered_at.notna()].sum()
    source = _tickets(tmp_path, kind, frame)
    told = _finding(open_data(source, mapping={"columns": WITH_ARTICLE}), "dates_of_order")
    codes = ["'Espèces, monnaie'" if "," in code else code for code in sorted(more)]
    assert told.details["remedy"] == f"leave_out: {{product_id: [{', '.join(codes)}]}}"
    assert "leave_out" in told.text("fr")
    rules = {"columns": WITH_ARTICLE, "leave_out": {"product_id": list(more)}}
    data = open_data(source, mapping=rules)
    assert float(data.orders.amount.sum().execute()) == true
    assert _counts(data)["rows_left_out"] == ("dropped", 30 * len(more))
    assert not {"dates_of_order", "rows_incomplete"} & set(_counts(data))


def test_beside_totals_a_line_without_a_date_is_a_sale():
    more = [("31", "2025-01-05", "P0", 1, 10), ("31", None, "P1", 1, 3)]
    more += [("32", "2025-01-05", "P0", 1, 0), ("32", None, "CADEAU", 1, 0)]
    frame = _with_totals({"TOTAL": 1})
    true = frame.line_amount[frame.ordered_at.notna()].sum() + 13
    frame = pd.concat([frame, pd.DataFrame(more, columns=frame.columns)], ignore_index=True)
    data = open_data({"sales": frame}, mapping={"columns": WITH_ARTICLE})
    assert float(data.orders.amount.sum().execute()) == true
    assert _counts(data)["totals_of_orders"] == ("dropped", 30)
    assert _counts(data)["dates_of_order"] == ("suspicious", 2)
    assert "rows_incomplete" not in _counts(data)


def test_totals_that_have_the_date_of_their_ticket_are_said():
    data = open_data(
        {"sales": _with_totals({"TOTAL": 1}, dated=True)}, mapping={"columns": WITH_ARTICLE}
    )
    found = _finding(data, "lines_of_totals")
    assert (found.level, found.count, found.total) == ("suspicious", 30, 30)
    sound = open_data({"sales": _with_totals({}, lines=3)}, mapping={"columns": WITH_ARTICLE})
    assert "lines_of_totals" not in _counts(sound)


QUEBEC = {"Sous-total": 1, "TPS 5 %": 0.05, "TVQ 9,975 %": 0.09975, "Total": 1.14975}
CODED = {"990": 1, "991": 0.05, "992": 0.09975, "993": 1.14975}


@pytest.mark.parametrize("kind", ["csv", "sqlite"])
@pytest.mark.parametrize("more", [QUEBEC, CODED, {"TTC": 1.2}, {"GST": 0.05, "Grand Total": 1.05}])
def test_dated_totals_and_taxes_name_what_leaves_them_out(tmp_path, kind, more):
    frame = _with_totals(more, dated=True)
    # No ticket has the products of the next one.
    frame["article"] = frame.article.mask(
        frame.article.isin(["P0", "P1"]), frame.article + frame.ticket
    )
    source = _tickets(tmp_path, kind, frame)
    told = _finding(open_data(source, mapping={"columns": WITH_ARTICLE}), "codes_of_totals")
    codes = ", ".join(map(written, sorted(more)))
    assert told.level == "suspicious"
    assert told.details["remedy"] == f"leave_out: {{product_id: [{codes}]}}"
    assert told.count == 30 * len(more)
    for lang in ("fr", "en"):
        assert "leave_out" in told.text(lang)
    rules = {"columns": WITH_ARTICLE, "leave_out": {"product_id": list(more)}}
    data = open_data(source, mapping=rules)
    true = frame.line_amount[~frame.article.isin(more)].sum()
    assert float(data.orders.amount.sum().execute()) == pytest.approx(true)
    assert "codes_of_totals" not in _counts(data)


def test_taxes_are_known_by_the_name_of_their_product():
    frame = _with_totals({"1": 0.05, "2": 0.09975}, dated=True)
    frame["nom"] = frame.article.map({"1": "TPS", "2": "T.V.Q. 9,975 %"}).fillna("Tasse")
    # Taxes of a part of the tickets only: no share tells them.
    frame = frame[~(frame.article.isin(["1", "2"]) & (frame.ticket.astype(int) % 2 == 0))]
    columns = WITH_ARTICLE | {"products.name": "nom"}
    told = _finding(open_data({"sales": frame}, mapping={"columns": columns}), "codes_of_totals")
    assert told.details["remedy"] == "leave_out: {product_id: [1, 2]}"


def test_figures_of_a_code_are_those_of_a_product():
    """A rate is none: with it, or alone, the word says a tax."""
    codes = ["PST-12", "HST-4", "TVA-9", "TAX-1", "GST-1", "TPS5"]
    rows = [(str(n), "2025-01-05", codes[n % 6], 1, 3 + n % 11) for n in range(60)]
    columns = ["ticket", "ordered_at", "article", "quantity", "line_amount"]
    sound = pd.DataFrame(rows, columns=columns)
    data = open_data({"sales": sound}, mapping={"columns": WITH_ARTICLE})
    assert "codes_of_totals" not in _counts(data)
    taxed = sound.replace({"PST-12": "PST 7 %", "HST-4": "hst (13%)", "TPS5": "T.P.S."})
    told = _finding(
        open_data({"sales": taxed}, mapping={"columns": WITH_ARTICLE}), "codes_of_totals"
    )
    assert told.count == 30


def test_a_product_on_every_ticket_is_no_total():
    """An admission, the same amount each time and most of the ticket; a bag; a set of two."""
    rows = []
    for ticket in range(1, 61):
        lines = [("ENTREE", 25), (f"P{ticket % 7}", 3 + ticket % 11), ("SAC", 0.1)]
        rows += [(str(ticket), "2025-01-05", code, 1, amount) for code, amount in lines]
    columns = ["ticket", "ordered_at", "article", "quantity", "line_amount"]
    frame = pd.DataFrame(rows, columns=columns)
    for sound in (frame, frame[frame.article.isin(["ENTREE", "SAC"])]):
        data = open_data({"sales": sound}, mapping={"columns": WITH_ARTICLE})
        assert "codes_of_totals" not in _counts(data)


def test_what_leaves_totals_out_is_offered_where_a_code_tells_them():
    """Not where the dates alone are on the first line only."""
    frame = _with_totals({"Total": 1.15}, lines=3)
    frame.loc[frame.groupby("ticket").cumcount() > 0, "ordered_at"] = None
    frame.loc[frame.article == "P1", "article"] = "P0"
    frame.loc[frame.article == "P2", "article"] = "P0"
    rules = {"columns": WITH_ARTICLE, "leave_out": {"product_id": ["Total"]}}
    found = _finding(open_data({"sales": frame}, mapping=rules), "dates_of_first_line")
    assert (found.level, found.count) == ("suspicious", 60)
    for lang in ("fr", "en"):
        assert "leave_out" not in found.text(lang)


@pytest.mark.parametrize("kind", ["csv", "sqlite"])
def test_a_status_on_the_first_line_is_that_of_the_order(tmp_path, kind):
    rows = [
        ("1", "paid", 10), ("1", None, 5), ("2", "voided", 100), ("2", None, 200), ("3", "paid", 7),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["ticket", "etat", "line_amount"])
    frame = frame.assign(ordered_at="2025-01-05", quantity=1)
    columns = {name: column for name, column in STORES.items() if name != "store_id"}
    rules = {
        "columns": columns | {"status": "etat"},
        "values": {"status": {"voided": "cancelled", "paid": "completed"}},
    }
    data = open_data(_tickets(tmp_path, kind, frame), mapping=rules)
    assert _rows(data.orders, "order_id", "status", "amount") == [
        ("1", "completed", Decimal(15)), ("2", "cancelled", Decimal(300)),
        ("3", "completed", Decimal(7)),
    ]  # fmt: skip
    assert "rows_cancelled" not in _counts(data)


@pytest.mark.parametrize("kind", ["csv", "sqlite"])
def test_where_only_cancelled_lines_say_so_the_others_stand(tmp_path, kind):
    rows = [("1", "cancelled", 10), ("1", None, 5), ("2", None, 7)]
    frame = pd.DataFrame(rows, columns=["ticket", "status", "line_amount"])
    frame = frame.assign(ordered_at="2025-01-05", quantity=1)
    columns = {name: column for name, column in STORES.items() if name != "store_id"}
    rules = {"columns": columns | {"status": "status"}}
    data = open_data(_tickets(tmp_path, kind, frame), mapping=rules)
    assert _rows(data.orders, "order_id", "amount") == [("1", Decimal(5)), ("2", Decimal(7))]
    assert _counts(data)["rows_cancelled"] == ("dropped", 1)


@pytest.mark.parametrize("kind", ["csv", "sqlite"])
def test_blank_rows_are_neither_lost_sales_nor_copies(tmp_path, kind):
    source = _stores(5)
    blank = pd.DataFrame(index=range(60), columns=source.columns)
    blank.loc[30:, "quantity"] = 0
    total = pd.DataFrame([{"magasin": "Total", "line_amount": 800}])
    whole = pd.concat([source.astype("object"), blank, total], ignore_index=True)
    data = open_data(_tickets(tmp_path, kind, whole), mapping={"columns": STORES})
    counts = _counts(data)
    assert counts["blank_rows"] == ("info", 60)
    assert counts["rows_incomplete"] == ("dropped", 1)
    assert "many_rows_incomplete" not in counts
    copies = counts.get("duplicate_rows", ("", 0))
    assert copies[1] == source.duplicated().sum()
    read = _finding(data, "rows_read").details
    assert read == {"read": len(whole), "sold": 80, "returned": 0, "left": 61}


@pytest.mark.parametrize(("lost", "code"), [(16, "rows_incomplete"), (17, "many_rows_incomplete")])
def test_many_lines_without_a_number_are_an_error(lost, code):
    source = _stores(20)
    source["ticket"] = source["ticket"].astype("object")
    source.loc[: lost - 1, "ticket"] = None
    data = open_data({"sales": source}, mapping={"columns": STORES})
    found = _finding(data, code)
    assert (found.level, found.count) == ("error" if lost == 17 else "dropped", lost)


# --- numbers used again, or orders delivered late and from several stores


def _split_orders(customer, *, days=5, orders=40):
    """A few days of orders of two lines, the second of which leaves a day later, elsewhere."""
    rows = []
    for number in range(orders):
        day = pd.Timestamp("2025-03-03") + pd.Timedelta(days=number % days)
        for line in range(2):
            at = day + pd.Timedelta(days=line * (number % 3 == 0))
            store = f"S{line}" if number % 2 else "S0"
            rows.append((f"A{number}", at, store, customer(number, line), 1, 10))
    names = ["ticket", "ordered_at", "magasin", "client", "quantity", "line_amount"]
    return pd.DataFrame(rows, columns=names)


def test_late_lines_of_one_customer_are_no_number_used_again():
    columns = STORES | {"customer_id": "client"}
    sound = _split_orders(lambda number, _: f"C{number}")
    data = open_data({"sales": sound}, mapping={"columns": columns})
    assert _counts(data)["several_days"] == ("suspicious", 14)
    assert _counts(data)["several_texts"] == ("suspicious", 20)
    assert check(data).worst == "suspicious"


def test_late_lines_of_several_customers_are_numbers_used_again():
    columns = STORES | {"customer_id": "client"}
    mixed = _split_orders(lambda number, line: f"C{number}{line}", days=9)
    data = open_data({"sales": mixed}, mapping={"columns": columns})
    assert check(data).worst == "error"


@pytest.mark.parametrize("owner", ["day", "store"])
def test_a_customer_of_all_who_pass_proves_nothing(owner):
    columns = STORES | {"customer_id": "client"}
    if owner == "day":
        del columns["store_id"]
        rows = [
            (str(ticket), pd.Timestamp("2025-03-03") + pd.Timedelta(days=day), "S1")
            for day in range(28)
            for ticket in range(1, 16)
        ]
    else:
        rows = [
            (str(ticket), pd.Timestamp("2025-03-03"), store)
            for ticket in range(1, 31)
            for store in ("S1", "S2")
        ]
    frame = pd.DataFrame(rows, columns=["ticket", "ordered_at", "magasin"])
    frame = frame.assign(client="DIVERS", quantity=1, line_amount=10)
    data = open_data({"sales": frame}, mapping={"columns": columns})
    assert _finding(data, "numbers_used_again" if owner == "day" else "numbers_shared")
    assert check(data).worst == "error"


@pytest.mark.parametrize("clients", [40, 150])
@pytest.mark.parametrize("late", ["days", "stores"])
def test_loyal_customers_are_no_house_account(clients, late):
    rows = []
    for number in range(400):
        day = pd.Timestamp("2025-03-03") + pd.Timedelta(days=number % 10)
        for line in range(3):
            at = day + pd.Timedelta(days=5 * (late == "days" and line == 2 and number % 5 < 3))
            store = f"S{line}" if late == "stores" else "S1"
            rows.append((f"A{number}", at, store, f"C{number % clients}", 1, 10))
    names = ["ticket", "ordered_at", "magasin", "client", "quantity", "line_amount"]
    frame = pd.DataFrame(rows, columns=names)
    data = open_data({"sales": frame}, mapping={"columns": STORES | {"customer_id": "client"}})
    assert check(data).worst == "suspicious"


def test_few_orders_delivered_late_are_no_number_used_again():
    rows = [
        (f"A{number}", f"2025-03-{3 + number + 9 * (number < 3 and line == 9):02d}", 1, 10)
        for number in range(6)
        for line in range(10)
    ]
    frame = pd.DataFrame(rows, columns=["ticket", "ordered_at", "quantity", "line_amount"])
    columns = {name: column for name, column in STORES.items() if name != "store_id"}
    data = open_data({"sales": frame}, mapping={"columns": columns})
    assert _counts(data)["several_days"] == ("suspicious", 3)


def test_a_till_of_few_numbers_uses_them_again():
    rows = [
        (str(ticket), pd.Timestamp("2025-03-03") + pd.Timedelta(days=day), 1, 10)
        for day in range(20)
        for ticket in range(1, 6)
    ]
    frame = pd.DataFrame(rows, columns=["ticket", "ordered_at", "quantity", "line_amount"])
    columns = {name: column for name, column in STORES.items() if name != "store_id"}
    data = open_data({"sales": frame}, mapping={"columns": columns})
    assert _finding(data, "numbers_used_again").level == "error"


def test_a_short_extract_with_late_lines_proves_no_number_used_again():
    sound = _split_orders(lambda number, _: None, days=3).drop(columns=["client", "magasin"])
    columns = {name: column for name, column in STORES.items() if name != "store_id"}
    data = open_data({"sales": sound}, mapping={"columns": columns})
    assert _counts(data)["several_days"] == ("suspicious", 14)


def test_numbers_that_begin_again_every_day_of_a_week_are_an_error():
    rows = [
        (str(ticket), pd.Timestamp("2025-03-03") + pd.Timedelta(days=day), 1, 10)
        for day in range(5)
        for ticket in range(1, 30 + day)
    ]
    frame = pd.DataFrame(rows, columns=["ticket", "ordered_at", "quantity", "line_amount"])
    columns = {name: column for name, column in STORES.items() if name != "store_id"}
    data = open_data({"sales": frame}, mapping={"columns": columns})
    assert _finding(data, "numbers_used_again").level == "error"


def test_customer_and_day_can_number_the_orders():
    frame = pd.DataFrame(
        {
            "cust": [1, 2, 2, 2], "date": ["1997-01-01", "1997-01-12", "1997-01-12", "1997-03-30"],
            "cds": [1, 1, 5, 2], "amt": [11.77, 12, 77, 20.76],
        }
    )  # fmt: skip
    columns = {
        "order_id": ["cust", "date"], "customer_id": "cust", "ordered_at": "date",
        "quantity": "cds", "line_amount": "amt",
    }  # fmt: skip
    data = open_data({"sales": frame}, mapping={"columns": columns})
    assert _rows(data.orders, "order_id", "customer_id", "amount") == [
        ("1 1997-01-01", "1", Decimal("11.77")),
        ("2 1997-01-12", "2", Decimal(89)),
        ("2 1997-03-30", "2", Decimal("20.76")),
    ]


@pytest.mark.parametrize("kind", ["lines", "sqlite"])
def test_lines_of_an_order_on_different_days_are_said(kind):
    rows = [(f"A{number}", "2025-01-02") for number in range(300)]
    frame = pd.DataFrame([*rows, ("A1", "2025-01-05"), ("A2", "2031-01-01")])
    frame = frame.set_axis(["order_id", "ordered_at"], axis=1).assign(quantity=1, unit_price=2)
    source = frame
    if kind == "sqlite":
        source = ibis.sqlite.connect().create_table("sales", ibis.memtable(frame))
    rules = {"columns": {name: name for name in frame.columns}}
    found = _finding(open_data({"sales": source}, mapping=rules), "several_days")
    assert (found.level, found.column, found.count, found.total) == (
        "suspicious", "ordered_at", 2, 300,
    )  # fmt: skip
    assert found.examples == (
        {"order_id": "A2", "first_day": "2025-01-02", "last_day": "2031-01-01"},
        {"order_id": "A1", "first_day": "2025-01-02", "last_day": "2025-01-05"},
    )
    assert "the first day is kept" in found.text("en")
    assert "le premier jour est gardé" in found.text("fr")


def test_lines_of_an_order_within_a_day_are_not_worth_saying():
    frame = _lines(("A1", "P1", 1, 10), ("A1", "P2", 1, 20))
    frame["ordered_at"] = ["2025-01-02 00:00", "2025-01-02 23:59"]
    assert not {"several_days", "numbers_used_again"} & set(_counts(_opened(frame)))


# --- what was paid


def _lines(*rows, **more):
    """A frame of lines: order, product, quantity, amount (and what else is given)."""
    names = ("order_id", "product_id", "quantity", "line_amount")
    frame = pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows])
    return frame.assign(ordered_at="2025-01-02", **more)


def _opened(frame, **rules):
    columns = {name: name for name in frame.columns if name != "note"}
    return open_data({"sales": frame}, mapping={"columns": columns, **rules})


def _finding(data, code):
    (found,) = [finding for finding in data.findings if finding.code == code]
    return found


@pytest.mark.parametrize(
    ("quantity", "amount"), [("3", "10.00"), ("3000", "1.00"), ("7", "0.01"), ("0.125", "9.99")]
)
def test_the_amounts_of_lines_add_up_to_the_cent(quantity, amount):
    data = _opened(_lines(("A1", "P1", quantity, amount), ("A2", "P1", quantity, amount)))
    assert _rows(data.orders, "amount") == [(Decimal(amount),)] * 2
    result = mk.compute(["net_sales", "average_order_value"], data)
    assert result["net_sales"].tolist() == [pytest.approx(2 * float(amount), abs=1e-9)]
    assert not [f for f in check(data).findings if f.code == "amount_mismatch"]


@pytest.mark.parametrize("none", [0, None])
def test_a_line_of_no_quantity_keeps_its_money_and_says_so(none):
    data = _opened(_lines(("A1", "P1", 2, 20), ("A1", "GIFT", none, 5), ("A1", "X", 0, 0)))
    assert _rows(data.orders, "amount") == [(Decimal(25),)]
    found = _finding(data, "unpriced_lines")
    assert (found.level, found.count, found.details["amount"]) == ("suspicious", 1, 5.0)
    assert mk.compute("net_sales", data)["net_sales"].tolist() == [20.0]
    assert "but not in net sales" in found.text("en")
    assert "mais pas dans les ventes nettes" in found.text("fr")
    assert _finding(data, "rows_zero_quantity").count == 1


def test_next_to_no_money_without_a_quantity_is_only_mentioned():
    data = _opened(_lines(("A1", "P1", 2, 5_000), ("A2", "GIFT", 0, 5)))
    assert _finding(data, "unpriced_lines").level == "info"


def test_the_amount_is_what_was_paid_where_a_price_is_also_given():
    data = _opened(_lines(("A1", "P1", 2, 9), ("A2", "P1", 1, 5), unit_price=[5, 5]))
    assert _rows(data.orders, "amount") == [(Decimal(9),), (Decimal(5),)]
    assert _rows(data.order_lines, "list_price", "unit_price") == [
        (Decimal(5), Decimal("4.5")), (Decimal(5), Decimal(5)),
    ]  # fmt: skip
    found = _finding(data, "price_is_list_price")
    assert (found.level, found.count, found.total) == ("suspicious", 1, 2)
    both = _opened(_lines(("A1", "P1", 2, 10), unit_price=[5], list_price=[6]))
    assert _rows(both.order_lines, "list_price", "given_unit_price") == [(Decimal(6), Decimal(5))]
    assert _finding(both, "price_set_aside").level == "info"


def test_prices_keep_their_decimals(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text(
        "order_id,ordered_at,product_id,quantity,unit_price\n"
        "A1,2025-01-02,P1,100000,0.00012\nA2,2025-01-02,P1,1,2.5\n"
    )
    with open_data(path) as data:
        assert _rows(data.orders, "amount") == [(Decimal(12),), (Decimal("2.5"),)]
        assert not [found for found in data.findings if found.code == "rounded"]
    frame = pd.read_csv(path)
    assert _rows(_opened(frame).orders, "amount") == [(Decimal(12),), (Decimal("2.5"),)]


@pytest.mark.parametrize("kind", [str, float])
def test_other_decimals_are_rounded_and_said(kind):
    frame = pd.DataFrame(
        {
            "order_id": ["A1", "A2", "A3"], "ordered_at": "2025-01-02",
            "amount": [kind("1.00004"), kind("2.00004"), kind("3.5")],
        }
    )  # fmt: skip
    found = _finding(open_data({"orders": frame}), "rounded")
    assert (found.count, found.total, found.column) == (2, 3, "amount")
    assert found.details["difference"] == pytest.approx(-0.00008)
    assert "−0.00008" in found.text("en")


def test_the_money_left_out_is_said():
    frame = _lines(("A1", "P1", 1, 50), ("A1", "REMISE", 1, -15), ("A1", "POST", 1, 6))
    data = _opened(frame, leave_out={"product_id": "POST"})
    assert _finding(data, "rows_negative_price").details == {"amount": -15.0}
    assert _finding(data, "rows_left_out").details == {"amount": 6.0}


def test_the_balance_of_the_rows(extract, tmp_path):
    data = open_data(extract, mapping=MAPPING)
    assert _finding(data, "rows_read").details == {
        "read": 12, "sold": 5, "returned": 1, "left": 6,
    }  # fmt: skip
    assert _finding(data, "rows_read").text("fr") == (
        "ventes.csv\u00a0: lignes lues 12 = vendues 5 + retournées 1 + écartées 6"
    )
    broken = tmp_path / "broken.csv"
    broken.write_text(extract.read_text() + "1010;P1\n")
    with open_data(broken, mapping={**MAPPING, "duplicates": "drop"}) as data:
        assert _finding(data, "rows_read").details == {
            "read": 13, "sold": 4, "returned": 1, "left": 8,
        }  # fmt: skip


def test_an_extract_without_any_sale_is_refused():
    with pytest.raises(SourceError, match="no row is a sale"):
        _opened(_lines(("A1", "P1", -1, -5)), returns={"negative_quantity": True})


# --- orders of several lines


def test_a_line_cancelled_in_an_order_that_stands_is_no_sale():
    frame = _lines(
        ("A1", "P1", 1, 10), ("A1", "P2", 1, 20), ("A2", "P1", 1, 7),
        status=["cancelled", "Delivered", "cancelled"],
    )  # fmt: skip
    data = _opened(frame)
    assert _rows(data.orders, "order_id", "status", "amount") == [
        ("A1", "delivered", Decimal(20)), ("A2", "cancelled", Decimal(7)),
    ]  # fmt: skip
    found = _finding(data, "rows_cancelled")
    assert (found.level, found.count, found.details) == ("dropped", 1, {"amount": 10.0})


def test_columns_that_differ_within_an_order_are_said():
    frame = _lines(
        ("A1", "P1", 1, 10), ("A1", "P2", 1, 20), ("A2", "P1", 1, 7),
        channel=["web", "store", "web"], customer_id=["C1", "C2", "C1"], store_id=["S", "S", "T"],
    )  # fmt: skip
    found = {f.column: (f.count, f.total) for f in _opened(frame).findings if f.total == 2}
    assert found == {"channel": (1, 2), "customer_id": (1, 2)}


def test_an_order_repeated_in_rows_of_orders_counts_once():
    frame = pd.DataFrame(
        {"No": ["A1", "A1", "A2"], "Jour": ["2025-01-02"] * 3, "Total": [30, 30, 10]}
    )
    columns = {"order_id": "No", "ordered_at": "Jour", "amount": "Total"}
    rules = {"kind": "orders", "columns": columns}
    data = open_data({"orders": frame}, mapping=rules)
    assert _rows(data.orders, "amount") == [(Decimal(30),), (Decimal(10),)]
    assert _finding(data, "duplicate_rows_dropped").count == 1
    with pytest.raises(SourceError, match="order_id 'A1' stands on 2 rows"):
        open_data({"orders": frame.assign(Total=[30, 5, 10])}, mapping=rules)


def test_what_was_only_returned_is_a_product_and_its_buyer_a_contact():
    frame = _lines(("A1", "P1", 1, 10), ("A2", "P2", -1, -5), customer_id=["C1", "C2"])
    frame = frame.assign(**{"products.name": ["Cup", "Bowl"], "contacts.region": ["QC", "FR"]})
    data = _opened(frame, returns={"negative_quantity": True})
    assert _rows(data.products, "product_id") == [("P1",), ("P2",)]
    assert _rows(data.contacts, "customer_id", "region") == [("C1", "QC"), ("C2", "FR")]


def test_every_value_to_translate_is_translated():
    tills = [f"till{number:03}" for number in range(100)]
    frame = _lines(*((f"A{n:03}", "P1", 1, 1) for n in range(100)), channel=tills)
    data = _opened(frame, values={"channel": dict.fromkeys(tills, "store")})
    assert set(data.orders.channel.to_pandas()) == {"store"}
    assert _finding(data, "values_renamed").count == 100


# --- the mapping itself


def test_a_mapping_is_read_from_yaml(tmp_path):
    path = tmp_path / "mapping.yml"
    path.write_text(
        "kind: lines\n"
        "columns: {order_id: No, ordered_at: Date, quantity: Qté, unit_price: Prix}\n"
        "returns: {order_prefix: [C, R]}\n"
        "format: {decimal: ',', date_order: day_first}\n"
        "constants: {store_id: 12}\n"
    )
    mapping = read_mapping(path)
    assert isinstance(mapping, Mapping)
    assert mapping.returns.order_prefix == ("C", "R")
    assert mapping.constants == {"store_id": "12"}
    assert read_mapping(mapping) is mapping
    assert read_mapping(None) is None


COLUMNS = {"order_id": "No", "ordered_at": "Date"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"column": COLUMNS}, "key 'column' not found in mapping; did you mean 'columns'"),
        ({"columns": COLUMNS, "format": {"decimals": ","}}, "'decimals'.*did you mean 'decimal'"),
        ({"columns": COLUMNS, "format": {"decimal": ";"}}, "format.decimal .*is ';'"),
        ({"columns": {"order_id": "No"}}, "does not say which column is 'ordered_at'"),
        ({"columns": {**COLUMNS, "quantity": "No"}}, "'No' is given twice, for 'order_id' and"),
        (
            {"columns": {**COLUMNS, "order_id": "Date"}},
            "'Date' is given twice, for 'order_id' and 'ordered_at'",
        ),
        (
            {"columns": {**COLUMNS, "order_id": ["No", "Date"], "customer_id": "Date"}},
            "'Date' is given twice, for 'ordered_at' and 'customer_id'",
        ),
        (
            {"columns": {**COLUMNS, "order_id": ["No", "S"], "store_id": "S", "customer_id": "S"}},
            "'S' is given twice, for 'store_id' and 'customer_id'",
        ),
        (
            {"columns": {"order_id": ["Day", "Hour"], "ordered_at": ["Day", "Hour"]}},
            "'Day' is given twice, for 'order_id' and 'ordered_at'",
        ),
        (
            {"columns": {**COLUMNS, "order_id": ["No", "No"]}},
            "'No' is given twice, for 'order_id' and 'order_id'",
        ),
        ({"columns": COLUMNS, "constants": {"order_id": "x"}}, "both a source column and a const"),
        ({"columns": COLUMNS, "constants": {"chanel": "web"}}, "did you mean 'channel'"),
        ({"columns": COLUMNS, "returns": {"column": "State"}}, "'State' without its values"),
        ({"columns": COLUMNS, "leave_out": {"column": "Type"}}, "'Type' without its values"),
        ({"columns": COLUMNS, "kind": "rows"}, "kind .*is 'rows'"),
        ({"kind": "tables", "tables": {"order": {}}}, "table 'order' not found.*'orders'"),
        ({"kind": "tables", "tables": {"orders": {"amont": "x"}}}, "did you mean 'amount'"),
        ({"columns": {**COLUMNS, "custmer_id": "c"}}, "'custmer_id'.*did you mean 'customer_id'"),
        ({"columns": {**COLUMNS, "stores.store_type": "t"}}, "describes .*products and no other"),
        ({"columns": COLUMNS, "values": {"statuss": {}}}, "did you mean 'status'"),
        ({"kind": "tables", "values": {"statuss": {}}}, "did you mean 'status'"),
        (
            {"kind": "tables", "tables": {"orders": {"order_id": "n", "customer_id": "n"}}},
            "table orders: source column 'n' is given twice",
        ),
        ({"tables": {"orders": {"order_id": "n"}}}, "tables is only read with kind: tables"),
        ({"kind": "tables", "columns": COLUMNS}, "columns is not read with kind: tables"),
        (
            {"columns": COLUMNS, "leave_out": {"product_id": "POST"}},
            "leave_out.product_id needs 'product_id'",
        ),
        ({"columns": {**COLUMNS, "products.name": "x"}}, "products.name needs 'product_id'"),
        ({"columns": {**COLUMNS, "contacts.region": "x"}}, "contacts.region needs 'customer_id'"),
        ({"columns": COLUMNS, "constants": {"quantity": "un"}}, "'quantity' is 'un', not a number"),
        ({"columns": COLUMNS, "constants": {"is_test": "peut-être"}}, "not true or false"),
        (["columns"], "mapping holds list"),
    ],
)
def test_a_mapping_that_is_not_valid(content, message):
    with pytest.raises(MappingError, match=message):
        read_mapping(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("columns: {order_id: No", r"m\.yml, line \d+: "),
        ("columns:\n\t- x", r"m\.yml, line 2: "),
        ("just a sentence", r"m\.yml: expected keys and values"),
    ],
)
def test_a_mapping_file_that_is_not_valid(tmp_path, content, message):
    path = tmp_path / "m.yml"
    path.write_text(content)
    with pytest.raises(MappingError, match=message):
        read_mapping(path)


def test_a_mapping_file_that_does_not_exist(tmp_path):
    with pytest.raises(MappingError, match="no such file"):
        read_mapping(tmp_path / "absent.yml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"quantity": "Quantité"}, "no column 'Quantité', which the mapping gives for 'quantity'"),
        ({"quantity": None}, "does not say which column is 'quantity'"),
        ({"unit_price": None}, "neither which column is 'unit_price' nor 'line_amount'"),
    ],
)
def test_a_mapping_that_does_not_fit_the_file(extract, change, message):
    columns = {name: column for name, column in (MAPPING["columns"] | change).items() if column}
    with pytest.raises(MappingError, match=message):
        open_data(extract, mapping={**MAPPING, "columns": columns})


def test_an_extract_of_other_columns_asks_for_a_mapping(extract):
    with pytest.raises(Exception, match="column 'order_id' not found") as caught:
        open_data(extract)
    assert "mapping" in caught.value.hint


def test_a_mapping_describes_one_source():
    with pytest.raises(SourceError, match="2 tables that could be the extract"):
        open_data({"a": pd.DataFrame(), "b": pd.DataFrame()}, mapping=MAPPING)


def test_all_that_is_wrong_in_a_mapping_file_is_told_at_once(tmp_path):
    path = tmp_path / "m.yml"
    path.write_text(
        "kind: lines\n"
        "colums: {}\n"
        "columns:\n"
        "  order_id: No\n"
        "  ordered_at: Date\n"
        "  custmer_id: Client\n"
        "  quantity: No\n"
        "constants: {is_test: maybe}\n"
        "values: {statuss: {}}\n"
        "zero_price: sell\n"
        "format: {decimal: ';', date_ordre: day_first}\n"
    )
    with pytest.raises(MappingError) as caught:
        read_mapping(path)
    told = caught.value.message.splitlines()
    expected = {
        2: "key 'colums' not found in m.yml, line 2; did you mean 'columns'?",
        6: "'custmer_id' is not a canonical column; did you mean 'customer_id'?",
        7: "source column 'No' is given twice, for 'order_id' and 'quantity'",
        8: "the constant of 'is_test' is 'maybe', not true or false",
        9: "'statuss' is not a canonical column; did you mean 'status'?",
        10: "zero_price input should be 'keep' or 'drop', and is 'sell'",
        11: "format.decimal input should be ',' or '.', and is ';'",
    }
    for line, message in expected.items():
        assert [one for one in told if f"m.yml, line {line}" in one and message in one]
    assert [one for one in told if "'date_ordre'" in one and "did you mean 'date_order'" in one]
    assert len(told) == len(expected) + 1
    path.write_text("kind: tables\ntable: x\ntables:\n  order: {}\n  returns: {refund: a}\n")
    with pytest.raises(MappingError, match=r"line 2: table is not read(.|\n)*line 4; did you mean"):
        read_mapping(path)


def test_what_a_refused_key_leaves_out_is_not_told_as_missing():
    with pytest.raises(MappingError) as caught:
        read_mapping({"colums": {"order_id": "No", "ordered_at": "Date"}})
    assert len(caught.value.message.splitlines()) == 1
