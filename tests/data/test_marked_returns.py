"""A column that marks returns is said where it marks the sales that came back."""

from __future__ import annotations

import pandas as pd
import pytest

from marketing_kpi.data.sources import open_data

COLUMNS = {
    "order_id": "ticket", "ordered_at": "jour", "customer_id": "client", "product_id": "article",
    "quantity": "qte", "line_amount": "montant",
}  # fmt: skip
KINDS = ("csv", "parquet")
SHAPES = {"not the status": {}, "the status": {"status": "etat"}}


def _sales(tickets, mark):
    """Tickets of two lines, each with what the column says of it."""
    return [
        (ticket, f"C{number}", f"P{line}", 50.0, mark(number, line))
        for number, ticket in enumerate(tickets)
        for line in range(2)
    ]


def _refunds(tickets, mark):
    """Lines that give back what the first customers bought, with a positive amount."""
    return [(ticket, f"C{number}", "P1", 50.0, mark) for number, ticket in enumerate(tickets)]


def _found(tmp_path, rows, kind, value, more):
    frame = pd.DataFrame(rows, columns=["ticket", "client", "article", "montant", "etat"])
    frame = frame.assign(jour=pd.Timestamp("2025-02-01"), qte=1)
    path = tmp_path / f"ventes.{kind}"
    if kind == "csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    rules = {"columns": COLUMNS | more, "returns": {"column": "etat", "values": [value]}}
    data = open_data(path, mapping=rules)
    return data, [found for found in data.findings if found.code == "sales_marked_returns"]


def _refunded(number, _):
    return "Remboursée" if number % 5 == 0 else "Payée"


def _refunded_on_the_first_line(number, line):
    return _refunded(number, line) if line == 0 else None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("more", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize(("mark", "count"), [(_refunded, 16), (_refunded_on_the_first_line, 8)])
def test_sales_that_came_back_are_no_refunds(tmp_path, kind, more, mark, count):
    rows = _sales([f"A{number}" for number in range(40)], mark)
    _, [found] = _found(tmp_path, rows, kind, "Remboursée", more)
    assert (found.level, found.count, found.total) == ("suspicious", count, 80)
    assert found.details == {"column": "etat", "amount": 50.0 * count}
    for lang in ("fr", "en"):
        assert "etat" in found.text(lang)


REFUNDS = {
    "their own letters": [f"R{number}" for number in range(8)],
    "their own series": [str(5000 + number) for number in range(8)],
    "among the sales": [str(2 * number + 1) for number in range(8)],
    "of the sale": [str(2 * number) for number in range(8)],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("more", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("tickets", REFUNDS.values(), ids=REFUNDS)
def test_refunds_of_positive_amounts_may_be_marked(tmp_path, kind, more, tickets):
    rows = _sales([str(2 * number) for number in range(40)], lambda *_: "Vente")
    data, found = _found(tmp_path, [*rows, *_refunds(tickets, "Retour")], kind, "Retour", more)
    assert not found
    assert len(data.orders.to_pandas()) == 40
    assert data.returns.refund_amount.sum().execute() == 400


@pytest.mark.parametrize("kind", KINDS)
def test_a_mark_on_sales_that_no_other_sale_explains_is_said(tmp_path, kind):
    rows = _sales(range(40), lambda number, _: "Retour" if number % 5 == 0 else "Livré")
    assert _found(tmp_path, rows, kind, "Retour", {})[1]
