"""The rules of a mapping that say which rows are returns, or are left out."""

from __future__ import annotations

import pandas as pd
import pytest

from marketing_kpi.data.sources import open_data
from marketing_kpi.errors import MappingError

KINDS = ("csv", "parquet")
COLUMNS = {
    "order_id": "no", "ordered_at": "jour", "quantity": "qte", "unit_price": "prix",
    "product_id": "article",
}  # fmt: skip


def _opened(tmp_path, kind, types, **rules):
    frame = pd.DataFrame({"no": [f"A{n}" for n in range(20)], "qte": 1, "prix": 10.0})
    frame["article"] = ["P1", "P2"] * 10
    frame["type"] = [types[n % len(types)] for n in range(20)]
    frame["jour"] = pd.Timestamp("2025-02-01")
    path = tmp_path / f"ventes.{kind}"
    if kind == "csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return open_data(path, mapping={"columns": COLUMNS, **rules})


def _silent(data):
    return [found for found in data.findings if found.code == "rule_without_rows"]


WITHOUT = {
    "a value spelt otherwise": (
        {"leave_out": {"column": "type", "values": ["Annulé", "payée"]}}, "annulee",
        "leave_out: {column: type, values: [Annulé]}",
    ),
    "a return spelt otherwise": (
        {"returns": {"column": "type", "values": ["anulee"]}}, "annulee",
        "returns: {column: type, values: [anulee]}",
    ),
    "a product": ({"leave_out": {"product_id": ["P1X"]}}, "P1", "leave_out: {product_id: [P1X]}"),
    "a beginning": ({"leave_out": {"order_prefix": "Z"}}, "A", "leave_out: {order_prefix: [Z]}"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("rules", "closest", "rule"), WITHOUT.values(), ids=WITHOUT)
def test_a_rule_without_rows_is_told(tmp_path, kind, rules, closest, rule):
    [found] = _silent(_opened(tmp_path, kind, ["annulee", "payée", "livrée"], **rules))
    assert (found.level, found.count, found.total) == ("suspicious", 0, 20)
    assert found.details["rule"] == rule
    assert found.details["closest"].startswith(closest)
    for lang in ("fr", "en"):
        assert rule in found.text(lang)
        assert closest in found.text(lang)


@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_on_an_empty_column_is_told(tmp_path, kind):
    for rule in ({"values": ["Paiement"]}, {"filled": True}):
        data = _opened(tmp_path, kind, [None], leave_out={"column": "type", **rule})
        [found] = _silent(data)
        assert found.details["closest"] == "–"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("types", "value"),
    [
        (["Paiement", "Vente"], "Paiement "),
        (["Paiement", "Vente"], "\u00a0paiement"),
        (["Paiement ", "Vente"], "PAIEMENT"),
        ([5.0, 1.0, 5.0, None], "5"),
        ([5.0, 1.0, 5.0, None], "5.0"),
        ([5, 1], "5"),
    ],
)
@pytest.mark.parametrize("key", ["leave_out", "returns"])
def test_values_are_compared_without_spaces_case_and_decimals(tmp_path, kind, types, value, key):
    data = _opened(tmp_path, kind, types, **{key: {"column": "type", "values": [value]}})
    assert not _silent(data)
    assert data.orders.count().execute() == 10


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("values", [["2025-02-02", None], [True, False], ["Oui", "non"]])
def test_whatever_is_filled_is_left_out(tmp_path, kind, values):
    data = _opened(tmp_path, kind, values, leave_out={"column": "type", "filled": True})
    assert data.orders.count().execute() == 10
    assert not _silent(data)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"leave_out": {"values": ["a"]}}, "which column"),
        ({"leave_out": {"filled": True}}, "which column"),
        ({"returns": {"values": ["a"]}}, "which column"),
        ({"leave_out": {"column": "type"}}, "without its values"),
        ({"leave_out": {"column": "type", "values": ["a"], "filled": True}}, "both"),
    ],
)
def test_a_rule_that_lacks_a_part_is_refused(tmp_path, rule, said):
    with pytest.raises(MappingError, match=said):
        _opened(tmp_path, "csv", ["a"], **rule)
