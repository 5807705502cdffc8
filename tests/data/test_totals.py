"""Totals, taxes and payments among the lines of orders are told; what is sold never is."""

from __future__ import annotations

import itertools
import math
import random

import pandas as pd
import pytest

from marketing_kpi.data.sources import open_data
from marketing_kpi.data.words import written

COLUMNS = {
    "order_id": "ticket", "ordered_at": "jour", "product_id": "article", "products.name": "nom",
    "quantity": "qte", "line_amount": "montant",
}  # fmt: skip
PRICES = (2.5, 3.75, 4, 6.2, 9.99, 12, 15.5, 30)
KINDS = ("csv", "parquet")


def _opened(tmp_path, rows, kind, **rules):
    frame = pd.DataFrame(rows, columns=["ticket", "article", "nom", "qte", "montant"])
    frame["jour"] = pd.Timestamp("2025-02-01") + pd.to_timedelta(frame.ticket // 4, unit="D")
    path = tmp_path / f"ventes.{kind}"
    if kind == "csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return open_data(path, mapping={"columns": COLUMNS, **rules})


def _told(data):
    codes = ("codes_of_totals", "uncoded_totals")
    return {found.code: found for found in data.findings if found.code in codes}


def _net(data):
    return float(data.orders.amount.sum().execute())


def _products(tickets=60):
    """One to three products of a fixed price a ticket."""
    chance = random.Random(5)
    for ticket in range(tickets):
        for product in chance.sample(range(len(PRICES)), chance.randint(1, 3)):
            yield ticket, f"P{product}", f"Produit {product}", 1, PRICES[product]


def _labour(tickets=60):
    """A garage of one code, at another price each time."""
    chance = random.Random(6)
    for ticket in range(tickets):
        yield ticket, "MO", "Main-d'oeuvre", 1, round(chance.uniform(30, 300), 2)


def _followed(sold, *more, share=1.0):
    """What was sold, and lines worth a part of it: a code or several in turn, a name, a part."""
    sold = list(sold)
    whole = {}
    for ticket, *_, amount in sold:
        whole[ticket] = whole.get(ticket, 0) + amount
    for codes, name, part in more:
        for ticket in itertools.islice(whole, int(share * len(whole))):
            amount = round(part * whole[ticket], 2)
            sold.append((ticket, codes[ticket % len(codes)], name, 1, amount))
    return sold


TAXED = 1.14975
CODED = {
    "payments of two kinds": (["VISA", "COMPTANT"], _products, TAXED),
    "payments of three kinds": (["VISA", "Carte Interac", "Argent comptant"], _products, TAXED),
    "payments of seldom kinds": (["VISA"] * 55 + ["CHEQUE", "Virement"], _products, TAXED),
    "payments with opaque codes": (["71", "72"], _products, TAXED),
    "amount due": (["AMOUNT DUE"], _products, TAXED),
    "paid": (["Paiement"], _products, 1),
    "an opaque total of labour": (["9999"], _labour, TAXED),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("codes", "sold", "part"), CODED.values(), ids=CODED)
def test_payments_and_totals_name_what_leaves_them_out(tmp_path, kind, codes, sold, part):
    rows = _followed(sold(), (codes, None, part))
    found = _told(_opened(tmp_path, rows, kind))["codes_of_totals"]
    listed = ", ".join(map(written, sorted(set(codes))))
    assert (found.level, found.count) == ("suspicious", 60)
    assert found.details["remedy"] == f"leave_out: {{product_id: [{listed}]}}"
    data = _opened(tmp_path, rows, kind, leave_out={"product_id": codes})
    assert _net(data) == pytest.approx(sum(amount for *_, amount in sold()))
    assert not _told(data)


@pytest.mark.parametrize("kind", KINDS)
def test_a_total_on_some_of_the_tickets_is_told(tmp_path, kind):
    rows = _followed(_products(), (["9999"], None, TAXED), share=0.6)
    assert _told(_opened(tmp_path, rows, kind))["codes_of_totals"].count == 36


@pytest.mark.parametrize("kind", KINDS)
def test_payments_of_two_kinds_on_one_ticket_are_told(tmp_path, kind):
    rows = []
    for ticket, code, name, quantity, amount in _followed(_products(), (["VISA"], None, TAXED)):
        cash = round(amount * (ticket % 5) / 5, 2) if code == "VISA" else 0
        rows.append((ticket, code, name, quantity, amount - cash))
        rows += [(ticket, "COMPTANT", None, 1, cash)] if cash else []
    found = _told(_opened(tmp_path, rows, kind))["codes_of_totals"]
    assert found.details["remedy"] == "leave_out: {product_id: [COMPTANT, VISA]}"


@pytest.mark.parametrize("kind", KINDS)
def test_totals_where_some_products_are_not_taxed_are_told(tmp_path, kind):
    rows = list(_products())
    for ticket, lines in itertools.groupby(_products(), key=lambda row: row[0]):
        net = sum(amount for *_, amount in lines)
        tax = round(net * (ticket % 7) / 6 * 0.14975, 2)
        more = (("990", net), ("991", tax), ("993", net + tax))
        rows += [(ticket, code, None, 1, amount) for code, amount in more]
    found = _told(_opened(tmp_path, rows, kind))["codes_of_totals"]
    assert found.details["remedy"] == "leave_out: {product_id: [990, 993]}"


UNCODED = {
    "a total": (_products, [("TOTAL", TAXED)]),
    "an opaque name": (_products, [("zz", TAXED)]),
    "no name": (_products, [(None, 1), (None, 0.05), (None, 0.09975), (None, TAXED)]),
    "of labour": (_labour, [("TOTAL", TAXED)]),
    "of labour, no name": (_labour, [(None, TAXED)]),
    "of labour, without tax": (_labour, [(None, 1)]),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("sold", "more"), UNCODED.values(), ids=UNCODED)
def test_totals_without_a_code_are_told_and_no_sale_is_offered_to_leave_out(
    tmp_path, kind, sold, more
):
    rows = _followed(sold(), *(([None], name, part) for name, part in more))
    told = _told(_opened(tmp_path, rows, kind))
    assert list(told) == ["uncoded_totals"]
    found = told["uncoded_totals"]
    assert (found.level, found.count) == ("suspicious", 60 * len(more))
    names = sorted({name or "–" for name, _ in more})
    assert found.details["names"] == names
    column, value = ("…", "…") if names == ["–"] else ("nom", names[0])
    for lang in ("fr", "en"):
        assert f"leave_out: {{column: {column}, values: [{value}]}}" in found.text(lang)
    if names != ["–"]:
        left = _opened(tmp_path, rows, kind, leave_out={"column": "nom", "values": names})
        assert not _told(left)
        assert _net(left) == pytest.approx(sum(amount for *_, amount in sold()))


def _coffees():
    """A coffee a head, and a croissant or a muffin."""
    for ticket in range(60):
        heads = 1 + ticket * 7 % 4
        yield ticket, "CAFE", "Café", heads, 3.0 * heads
        yield ticket, ("CROISSANT", "MUFFIN")[ticket % 2], "Viennoiserie", heads, 2.5 * heads


def _coffees_of_sizes():
    for ticket, code, name, heads, amount in _coffees():
        price = (2.25, 3, 4.75, 5.5)[ticket % 4]
        yield ticket, code, name, heads, price * heads if code == "CAFE" else amount


def _garage():
    """Labour on every ticket, and parts on most."""
    chance = random.Random(7)
    for ticket in range(60):
        yield ticket, "MO", "Main-d'oeuvre", 1, round(chance.uniform(30, 300), 2)
        for _ in range(chance.randint(0, 2)):
            part = chance.randint(0, 8)
            yield ticket, f"P{part}", "Pièce", 1, round(chance.uniform(5, 200), 2)


def _bakery():
    """Sundries without a code, loyalty rebates, points of no price."""
    chance = random.Random(8)
    for ticket in range(60):
        yield (
            ticket,
            f"P{ticket % 6}",
            "Pain",
            1 + ticket % 3,
            PRICES[ticket % 6] * (1 + ticket % 3),
        )
        yield ticket, None, "Divers", 1, round(chance.uniform(1, 9), 2)
        if ticket % 3 == 0:
            yield ticket, "FIDELITE", "Carte de fidélité", 1, -2
        if ticket % 4 == 0:
            yield ticket, "POINTS", "Points", 1, 0


def _donations():
    """A gift, and what rounds the ticket up."""
    for ticket, lines in itertools.groupby(_products(), key=lambda row: row[0]):
        lines = list(lines)
        net = sum(amount for *_, amount in lines)
        yield from lines
        yield ticket, "DON", "Don", 1, (1, 2, 5, 10)[ticket % 4]
        yield ticket, "ARRONDI", "Arrondi solidaire", 1, round(math.ceil(net) - net, 2)


def _marketplace():
    """Articles of any price, one an order, and a delivery in tiers."""
    chance = random.Random(9)
    for ticket in range(60):
        price = round(chance.uniform(8, 120), 2)
        yield ticket, f"A{ticket % 23}", "Article", 1, price
        yield ticket, "SHIPPING", "Shipping", 1, (4.99, 7.99, 9.99, 14.99)[ticket % 4]


def _one_line():
    return (row for row in _marketplace() if row[1] != "SHIPPING")


def _departments():
    """Two departments, each at the amount that is keyed in."""
    chance = random.Random(10)
    for ticket in range(60):
        amount = chance.uniform(20, 90)
        yield ticket, "R1", "Rayon 1", 1, round(amount, 2)
        yield ticket, "R2", "Rayon 2", 1, round(amount * chance.uniform(0.5, 1.9), 2)


def _hotel():
    chance = random.Random(11)
    for ticket in range(60):
        nights = chance.randint(1, 7)
        yield ticket, "NUIT", "Nuitée", nights, round(chance.uniform(60, 400) * nights, 2)
        yield ticket, "PDJ", "Petit déjeuner", nights, 18 * nights


def _cards():
    """Greeting cards, in a shop that sells other things too."""
    for ticket, *rest in _marketplace():
        if rest[0] == "SHIPPING":
            rest = ["Carte", "Carte", 1, (3.99, 4.99, 9.99)[ticket % 3]]
        yield ticket, *rest


def _yogurts():
    for ticket, code, name, *rest in _products():
        yield ticket, code, "Total 0 %" if code == "P3" else name, *rest


SOUND = (
    *(_products, _labour, _coffees, _coffees_of_sizes, _garage, _bakery, _donations),
    *(_marketplace, _one_line, _departments, _hotel, _cards, _yogurts),
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sold", SOUND, ids=[made.__name__.strip("_") for made in SOUND])
def test_what_is_sold_is_no_total(tmp_path, kind, sold):
    assert not _told(_opened(tmp_path, sold(), kind))


def _said(data, code):
    return [found for found in data.findings if found.code == code]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("number", "what"),
    [("TOTAL", "lines"), ("Total général", "orders"), ("Total du jour 3", "orders")],
)
def test_an_order_that_is_called_a_total_is_told(tmp_path, kind, number, what):
    rows = [(f"T{ticket}", *rest) for ticket, *rest in _products()]
    frame = pd.DataFrame(rows, columns=["ticket", "article", "nom", "qte", "montant"])
    whole = float(frame.montant.sum())
    frame.loc[len(frame)] = [number, None, None, 1, whole]
    frame["jour"] = "2025-02-01"
    if what == "orders":
        frame = frame.groupby("ticket", as_index=False).agg({"montant": "sum", "jour": "first"})
    columns = {key: COLUMNS[key] for key in ("order_id", "ordered_at")}
    columns |= {"amount": "montant"} if what == "orders" else {"line_amount": "montant"}
    columns |= {} if what == "orders" else {"quantity": "qte", "product_id": "article"}
    path = tmp_path / f"ventes.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    [found] = _said(open_data(path, mapping={"kind": what, "columns": columns}), "orders_of_totals")
    assert (found.level, found.count) == ("suspicious", 1)
    assert found.details["amount"] == pytest.approx(whole)
    rule = {"order_prefix": [number]}
    data = open_data(path, mapping={"kind": what, "columns": columns, "leave_out": rule})
    assert _net(data) == pytest.approx(whole)
    assert not _said(data, "orders_of_totals")
    for lang in ("fr", "en"):
        assert number in found.text(lang)


DAILY = {
    "coded": ("TOTAL", None),
    "named": ("990", "Total du jour"),
    "named as sums are": ("990", "TOTAL"),
    "without a code": (None, "TOTAL"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("code", "name"), DAILY.values(), ids=DAILY)
def test_a_total_of_each_day_is_told(tmp_path, kind, code, name):
    rows = list(_products(400))
    for day in range(10):
        of_day = [row[-1] for row in rows if row[0] // 40 == day]
        rows.append((1_000 + day, code, name, 1, round(sum(of_day), 2)))
    [found] = _told(_opened(tmp_path, rows, kind)).values()
    assert (found.level, found.count) == ("suspicious", 10)


def _repeated(sold):
    """Each line with the whole of its ticket, as a join of tickets and lines has it."""
    for _, lines in itertools.groupby(sold, key=lambda row: row[0]):
        lines = list(lines)
        whole = round(sum(amount for *_, amount in lines), 2)
        yield from ((*line[:-1], whole) for line in lines)


@pytest.mark.parametrize("kind", KINDS)
def test_the_amount_of_the_order_on_each_line_is_told(tmp_path, kind):
    [found] = _said(_opened(tmp_path, _repeated(_products()), kind), "amounts_of_orders")
    assert found.level == "suspicious"
    assert found.count == found.total > 30


def test_the_amount_of_the_order_is_told_where_the_price_is_known(tmp_path):
    rows = list(_repeated(_products()))
    frame = pd.DataFrame(rows, columns=["ticket", "article", "nom", "qte", "montant"])
    frame = frame.assign(jour="2025-02-01", prix=[PRICES[int(code[1:])] for code in frame.article])
    data = open_data({"v": frame}, mapping={"columns": COLUMNS | {"unit_price": "prix"}})
    assert _said(data, "amounts_of_orders")


def _of_one_price():
    return ((ticket, code, name, 1, 5) for ticket, code, name, *_ in _products())


def _of_one_model():
    """A shirt in two sizes a ticket, another model each time."""
    for ticket in range(60):
        for size in "SM":
            model = ticket % len(PRICES)
            yield ticket, f"M{model}-{size}", f"Modèle {model}", 1, PRICES[model]


@pytest.mark.parametrize("sold", [_products, _of_one_price, _of_one_model, _hotel, _labour])
def test_lines_of_one_price_are_no_amounts_of_orders(tmp_path, sold):
    assert not _said(_opened(tmp_path, sold(), "parquet"), "amounts_of_orders")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [1, TAXED])
def test_payments_of_a_small_shop_are_told_by_their_name(tmp_path, kind, part):
    sold = [(ticket, f"P{ticket}", None, 1, PRICES[ticket]) for ticket in range(8)]
    rows = _followed(sold, (["VISA", "VISA", "COMPTANT"], None, part))
    found = _told(_opened(tmp_path, rows, kind))["codes_of_totals"]
    assert found.count == 8
    assert found.details["remedy"] == "leave_out: {product_id: [COMPTANT, VISA]}"


def test_cards_of_a_small_shop_are_products(tmp_path):
    sold = [(ticket, f"P{ticket}", None, 1, PRICES[ticket]) for ticket in range(8)]
    rows = [*sold, (1, "Carte", "Carte", 1, 4.0), (5, "Carte", "Carte", 1, 5.0)]
    assert not _told(_opened(tmp_path, rows, "parquet"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tip", [("TIP", None), ("SVC", "Pourboire 15 %"), (None, "Gratuity")])
def test_a_tip_of_the_same_part_is_no_total(tmp_path, kind, tip):
    code, name = tip
    rows = _followed(_products(), ([code], name, 0.15))
    assert not _told(_opened(tmp_path, rows, kind))
    rows = _followed(_products(), ([code], name, 0.15), (["9999"], None, TAXED * 1.15))
    told = _told(_opened(tmp_path, rows, kind))
    assert told["codes_of_totals"].details["remedy"] == "leave_out: {product_id: [9999]}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("code", ["404", "Carte-cadeau"])
def test_a_seldom_payment_is_left_out_with_the_others(tmp_path, kind, code):
    codes = [code] + ["VISA", "COMPTANT", "INTERAC"] * 6
    sold = list(_products(100))
    rows = []
    for ticket, paid, name, quantity, amount in _followed(sold, (codes, None, TAXED)):
        gift = round(amount / 3, 2) if paid == "VISA" and ticket % 20 == 7 else 0
        rows.append((ticket, paid, name, quantity, amount - gift))
        rows += [(ticket, code, None, 1, gift)] if gift else []
    found = _told(_opened(tmp_path, rows, kind))["codes_of_totals"]
    listed = ", ".join(sorted(["COMPTANT", "INTERAC", "VISA", code]))
    assert found.details["remedy"] == f"leave_out: {{product_id: [{listed}]}}"
