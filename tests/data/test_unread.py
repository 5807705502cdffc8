"""What an extract says in columns that its mapping does not read is told where it changes sales.

The columns are those that shops and tills export.
"""

from __future__ import annotations

import ibis
import pandas as pd
import pytest

from marketing_kpi.data.sources import open_data

KINDS = ("csv", "parquet")
CODES = {
    *("unread_cancellations", "unread_discounts", "unread_refunds", "unread_states"),
    "several_currencies",
}
LINES = {"order_id": "no", "ordered_at": "jour", "quantity": "qte"}


def _found(tmp_path, kind, columns, rules):
    """What is said of 20 rows of which the first five have the first value of each column."""
    frame = pd.DataFrame({"no": [f"A{n}" for n in range(20)], "qte": 1})
    for name, (first, other) in columns.items():
        frame[name] = [first if number < 5 else other for number in range(20)]
    frame["jour"] = pd.Timestamp("2025-02-01")
    path = tmp_path / f"ventes.{kind}"
    if kind == "csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    data = open_data(path, mapping=rules)
    return {found.code: found for found in data.findings if found.code in CODES}


def _priced(**more):
    return {"columns": LINES | {"unit_price": "prix"} | more}


def _valued(name, **more):
    return {"columns": LINES | {"line_amount": name} | more}


def _orders(name, **more):
    columns = {"order_id": "no", "ordered_at": "jour", "amount": name}
    return {"kind": "orders", "columns": columns | more}


PRICE = {"prix": (10.0, 20.0)}
TOLD = {
    "Shopify: a discount of the order": (
        PRICE | {"Discount Amount": (5.0, None)}, _priced(), "unread_discounts", 5,
    ),
    "Square: gross sales": (
        {"Gross Sales": ("$10.00", "$9.00"), "Discounts": ("-$1.00", "$0.00"),
         "Net Sales": ("$9.00", "$9.00")},
        _valued("Gross Sales"), "unread_discounts", 5,
    ),
    "Etsy: the total of an item": (
        PRICE | {"Item Total": (10.0, 9.0), "Discount Amount": (1.5, 0.0)}, _valued("Item Total"),
        "unread_discounts", 5,
    ),
    "a price and its rebate": (PRICE | {"Remise %": (10.0, 0.0)}, _priced(), "unread_discounts", 5),
    "a till: before rebates": (
        {"Montant brut": (10.0, 9.0), "Remise": (1.5, 0.0)}, _valued("Montant brut"),
        "unread_discounts", 5,
    ),
    "Shopify: refunded in part": (
        {"Subtotal": (10.0, 9.0), "Refunded Amount": (4.0, 0.0)}, _orders("Subtotal"),
        "unread_refunds", 5,
    ),
    "Stripe: amount refunded": (
        {"Amount": (10.0, 9.0), "Amount Refunded": (4.0, 0.0)}, _orders("Amount"),
        "unread_refunds", 5,
    ),
    "Stripe: a status that is not mapped": (
        {"Amount": (10.0, 9.0), "Status": ("Failed", "Paid")}, _orders("Amount"),
        "unread_states", 5,
    ),
    "Shopify: cancelled at": (
        {"Subtotal": (10.0, 9.0), "Cancelled at": ("2025-02-02", None), "Etat": ("paid", "paid")},
        _orders("Subtotal", status="Etat"), "unread_cancellations", 5,
    ),
    "Toast: void": (PRICE | {"Void?": (True, False)}, _priced(), "unread_cancellations", 5),
    "Sage: credit notes of positive amounts": (
        PRICE | {"Type de pièce": ("Avoir", "Facture")}, _priced(), "unread_states", 5,
    ),
    "QuickBooks: credit memos": (
        PRICE | {"Transaction Type": ("Credit Memo", "Invoice")}, _priced(), "unread_states", 5,
    ),
    "a reduction": (PRICE | {"Réduction": (5.0, 0.0)}, _priced(), "unread_discounts", 5),
    "a promotion": (PRICE | {"Promo": ("-1,50", None)}, _priced(), "unread_discounts", 5),
    "a rate of rebates": (PRICE | {"Taux de remise": (10, 0)}, _priced(), "unread_discounts", 5),
    "a coupon": (PRICE | {"Coupon amount": (5, 0)}, _priced(), "unread_discounts", 5),
    "came back: yes": (PRICE | {"Retourné": ("Oui", "Non")}, _priced(), "unread_refunds", 5),
    "is_refund": (PRICE | {"is_refund": (True, False)}, _priced(), "unread_refunds", 5),
    "a credit": (PRICE | {"Montant avoir": (5.0, None)}, _priced(), "unread_refunds", 5),
    "deleted": (PRICE | {"is_deleted": (True, False)}, _priced(), "unread_cancellations", 5),
    "crossed out": (PRICE | {"Supprimé": ("Oui", None)}, _priced(), "unread_cancellations", 5),
    "the day of cancelling": (
        PRICE | {"Date annulation": ("2025-02-02", None)}, _priced(), "unread_cancellations", 5,
    ),
    "a test": (PRICE | {"Test": (True, False)}, _priced(), "unread_cancellations", 5),
    "where an order stands": (
        PRICE | {"Situation": ("Annulée", "Livrée")}, _priced(), "unread_states", 5,
    ),
    "a payment": (PRICE | {"Paiement": ("Refusé", "Accepté")}, _priced(), "unread_states", 5),
    "a payment in English": (
        PRICE | {"Payment": ("declined", "visa")}, _priced(), "unread_states", 5,
    ),
    "orders before rebates": (
        {"Montant avant remise": (10.0, 9.0), "Remise": (1.5, 0.0)},
        _orders("Montant avant remise"), "unread_discounts", 5,
    ),
    "money": (PRICE | {"Monnaie": ("USD", "CAD")}, _priced(), "several_currencies", 5),
    "Stripe: two currencies": (
        {"Amount": (10.0, 9.0), "Currency": ("usd", "cad")}, _orders("Amount"),
        "several_currencies", 5,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_what_leaves_cancelled_sales_out_can_be_copied(tmp_path, kind):
    columns = PRICE | {"Cancelled at": ("2025-02-02", None), "Void?": (True, False)}
    found = _found(tmp_path, kind, PRICE | {"Void?": (True, False)}, _priced())
    told = found["unread_cancellations"]
    assert told.details["remedy"] == "leave_out: {column: 'Void?', filled: true}"
    assert told.details["remedy"] in told.text("fr")
    rule = {"leave_out": {"column": "Void?", "filled": True}}
    assert not _found(tmp_path, kind, PRICE | {"Void?": (True, False)}, _priced() | rule)
    rule = {"leave_out": {"column": "Cancelled at", "filled": True}}
    assert not _found(tmp_path, kind, columns, _priced() | rule)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("columns", "rules", "code", "count"), TOLD.values(), ids=TOLD)
def test_what_changes_the_sales_is_said(tmp_path, kind, columns, rules, code, count):
    found = _found(tmp_path, kind, columns, rules)
    assert list(found) == [code]
    assert (found[code].level, found[code].count, found[code].total) == ("suspicious", count, 20)
    for lang in ("fr", "en"):
        assert found[code].column in found[code].text(lang)


SOUND = {
    "Square: net sales": (
        {"Gross Sales": ("$10.00", "$9.00"), "Discounts": ("-$1.00", "$0.00"),
         "Net Sales": ("$9.00", "$9.00")},
        _valued("Net Sales"),
    ),
    "Shopify: the subtotal of orders": (
        {"Subtotal": (10.0, 9.0), "Discount Amount": (2.0, 0.0), "Discount Code": ("B10", None),
         "Paid at": ("2025-02-01", "2025-02-01")},
        _orders("Subtotal"),
    ),
    "nothing taken off": (
        PRICE | {"Discount Amount": (0.0, None), "Discount Code": ("NOEL2025", None),
                 "Refunded Amount": (0.0, 0.0), "Void?": ("No", "false")},
        _priced(),
    ),
    "a net price and its rebate": (
        {"PU net": (9.0, 10.0), "Remise %": (10.0, 0.0)},
        {"columns": LINES | {"unit_price": "PU net"}},
    ),
    "an amount and its rebate": (
        {"Montant HT": (9.0, 10.0), "Remise %": (10.0, 0.0)}, _valued("Montant HT"),
    ),
    "cards, provinces and kinds": (
        PRICE | {"Payment Type": ("Credit", "Debit"), "Shipping State": ("ON", "QC"),
                 "Type": ("Vente", "Vente"), "Currency": ("CAD", "CAD"),
                 "Financial Status": ("paid", "pending")},
        _priced(),
    ),
    "what is of subscriptions, accounts and customers": (
        PRICE | {"subscription_status": ("cancelled", "active"),
                 "Statut abonnement": ("annulé", "ok"),
                 "membership status": ("expired", "active"), "account type": ("credit", "cash"),
                 "Abonnement annulé le": ("2025-02-02", None),
                 "Statut client": ("annulé", "actif")},
        _priced(),
    ),
    "days, numbers, rates and policies": (
        PRICE | {"Date de remise": ("2025-02-02", None), "No remise": (12, 13),
                 "discount eligible": (1, 0), "refund policy days": (30, 60),
                 "Numéro de retour": (7, 0), "coupon_code": (123, None),
                 "currency_rate": (1.0, 1.35), "Monnaie rendue": (0.5, 2.0)},
        _priced(),
    ),
    "means of payment": (
        PRICE | {"Paiement": ("Crédit", "Débit"), "Payment method": ("credit", "cash")}, _priced(),
    ),
    "lines after rebates": (
        {"Montant après remise": (10.0, 9.0), "Remise": (1.5, 0.0)},
        _valued("Montant après remise"),
    ),
    "groups of a test": (PRICE | {"Test": ("A", "B"), "Promo": ("NOEL", None)}, _priced()),
    "a status that is mapped": (
        PRICE | {"Statut": ("Annulée", "Payée"), "Cancelled at": ("2025-02-02", None)},
        _priced(status="Statut") | {"values": {"status": {"Annulée": "cancelled"}}},
    ),
    "refunds that are marked": (
        PRICE | {"Type": ("Avoir", "Facture"), "Montant remboursé": (10.0, 0.0)},
        _priced() | {"returns": {"column": "Type", "values": ["Avoir"]}},
    ),
    "rows that are left out": (
        PRICE | {"Void?": (True, False)},
        _priced() | {"leave_out": {"column": "Void?", "values": ["true"]}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("columns", "rules"), SOUND.values(), ids=SOUND)
def test_what_changes_nothing_is_not_said(tmp_path, kind, columns, rules):
    assert not _found(tmp_path, kind, columns, rules)


OF_TABLES = CODES | {"unread_cancellations_of_tables", "unread_states_of_tables"}
CANONICAL = {
    "currencies": ({"Devise": ("USD", "CAD")}, "several_currencies"),
    "refunds": ({"Refunded Amount": (4.0, 0.0)}, "unread_refunds"),
    "cancelled": ({"Cancelled at": ("2025-02-02", None)}, "unread_cancellations_of_tables"),
    "state": ({"Situation": ("Annulée", "Livrée")}, "unread_states_of_tables"),
    "of an amount before discounts": ({"Discount": (4.0, 0.0)}, "unread_discounts"),
}


@pytest.mark.parametrize("where", ["frames", "folder", "connection"])
@pytest.mark.parametrize(("columns", "code"), CANONICAL.values(), ids=CANONICAL)
def test_what_orders_say_beside_is_said_of_canonical_tables(tmp_path, where, columns, code):
    data = _canonical(tmp_path, where, columns)
    [found] = [found for found in data.findings if found.code in OF_TABLES]
    assert (found.code, found.count, found.total) == (code, 5, 20)
    for lang in ("fr", "en"):
        assert "leave_out" not in found.text(lang)


@pytest.mark.parametrize("where", ["frames", "folder", "connection"])
def test_refunds_that_the_table_returns_has_are_not_said(tmp_path, where):
    returns = pd.DataFrame({
        "return_id": ["R1"], "order_id": ["A1"], "refund_amount": [4.0],
        "returned_at": [pd.Timestamp("2025-02-03")],
    })  # fmt: skip
    columns = {"Refunded Amount": (4.0, 0.0)}
    data = _canonical(tmp_path, where, columns, returns=returns)
    assert data.has("returns")
    assert not [found.code for found in data.findings if found.code in CODES]


def _canonical(tmp_path, where, columns, **others):
    orders = pd.DataFrame({"order_id": [f"A{n}" for n in range(20)]})
    amount = "Gross Amount" if "Discount" in columns else "amount"
    orders = orders.assign(ordered_at=pd.Timestamp("2025-02-01"), **{amount: 10.0})
    for name, (first, other) in columns.items():
        orders[name] = [first if number < 5 else other for number in range(20)]
    tables = {"orders": orders, **others}
    rules = {"kind": "tables", "tables": {"orders": {"amount": amount}}}
    if where == "frames":
        return open_data(tables, mapping=rules)
    if where == "folder":
        for name, frame in tables.items():
            frame.to_csv(tmp_path / f"{name}.csv", index=False)
        return open_data(tmp_path, mapping=rules)
    connection = ibis.duckdb.connect()
    for name, frame in tables.items():
        connection.create_table(name, frame)
    return open_data(connection, mapping=rules)
