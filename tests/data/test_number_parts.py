"""Parts of one table that write their decimals otherwise are each read as they write them."""

from __future__ import annotations

import pandas as pd
import pytest

from marketing_kpi.data.sources import open_data

COLUMNS = {"order_id": "no", "ordered_at": "jour", "quantity": "qte", "line_amount": "montant"}
KINDS = ("csv", "parquet")


def _folder(tmp_path, kind, parts, *, prices=None, **rules):
    """A folder of parts, each with the amounts that it holds, and the price of all its lines."""
    folder = tmp_path / "ventes"
    folder.mkdir()
    columns = COLUMNS | ({"unit_price": "prix"} if prices else {})
    for name, amounts in parts.items():
        frame = pd.DataFrame({"montant": amounts, "qte": 1, "jour": "2025-02-01"})
        frame["no"] = [f"{name}{n}" for n in range(len(amounts))]
        if prices:
            frame["prix"] = prices[name]
        path = folder / f"{name}.{kind}"
        frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    return open_data(folder, mapping={"columns": columns, **rules})


def _amounts(data):
    orders = data.orders.to_pandas().sort_values("order_id")
    return [float(amount) for amount in orders.amount]


def _of(data, code, column="line_amount"):
    return [found for found in data.findings if (found.code, found.column) == (code, column)]


FRENCH, ENGLISH = ["12,50", "8,25", "1.250"], ["12.50", "8.25", "1,250"]


@pytest.mark.parametrize("kind", KINDS)
def test_each_part_is_read_with_its_own_mark(tmp_path, kind):
    data = _folder(tmp_path, kind, {"a": FRENCH, "b": ENGLISH})
    assert _amounts(data) == [12.5, 8.25, 1250] * 2
    [found] = _of(data, "decimals_of_parts")
    assert (found.level, found.count, found.total) == ("repaired", 6, 6)
    assert found.details == {"comma": [f"a.{kind}"], "point": [f"b.{kind}"]}
    for lang in ("fr", "en"):
        assert f"b.{kind}" in found.text(lang)
    assert not _of(data, "ambiguous_numbers") + _of(data, "mixed_decimals")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("known", "other"), [(["12,50", "8,25"], ["1,250", "980"]), (["12.50"], ["1.250", "980"])]
)
def test_a_part_that_does_not_tell_is_said(tmp_path, kind, known, other):
    [found] = _of(_folder(tmp_path, kind, {"a": known, "b": other}), "ambiguous_numbers")
    assert (found.level, found.count) == ("suspicious", 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_of_a_part_is_as_the_rest_of_its_part(tmp_path, kind):
    prices = {"a": "12,50", "b": "12.50"}
    parts = {"a": ["12,50", "8,25"], "b": ["1,250", "980"]}
    data = _folder(tmp_path, kind, parts, prices=prices)
    assert _amounts(data) == [12.5, 8.25, 1250, 980]
    assert not _of(data, "ambiguous_numbers")


@pytest.mark.parametrize("kind", KINDS)
def test_a_part_of_both_marks_is_said(tmp_path, kind):
    data = _folder(tmp_path, kind, {"a": FRENCH, "b": [*ENGLISH, "7,5"]})
    assert [found.level for found in _of(data, "mixed_decimals")] == ["suspicious"]


@pytest.mark.parametrize("kind", KINDS)
def test_parts_of_one_mark_say_nothing(tmp_path, kind):
    data = _folder(tmp_path, kind, {"a": FRENCH, "b": ["3,5", "2.400"]})
    assert _amounts(data) == [12.5, 8.25, 1250, 3.5, 2400]
    codes = ("decimals_of_parts", "ambiguous_numbers", "mixed_decimals")
    assert not [found for code in codes for found in _of(data, code)]


@pytest.mark.parametrize("kind", KINDS)
def test_more_than_four_decimals_are_rounded_in_each_part(tmp_path, kind):
    parts = {"a": ["1.250", "0,25", "0,00006"], "b": ["1,250", "0.25"]}
    folder = _folder(tmp_path, kind, parts, prices={"a": "0,00006", "b": "1"})
    assert _amounts(folder)[3:] == [1250, 0.25]


@pytest.mark.parametrize("kind", KINDS)
def test_the_mapping_settles_the_mark(tmp_path, kind):
    parts = {"a": ["12,50"], "b": ["1,250", "980"]}
    data = _folder(tmp_path, kind, parts, format={"decimal": "."})
    assert _amounts(data) == [12.5, 1250, 980]
    assert not _of(data, "ambiguous_numbers")


CURRENCIES = {
    "euros and dollars": ((["12,50 €"] * 8 + ["$12.50"] * 4), {"€": 8, "$": 4}),
    "two dollars": ((["CAD 12.50"] * 8 + ["12.50 $ US"] * 4), {"CAD": 8, "USD": 4}),
    "marks on both sides": ((["1 234,50 $ CA"] * 8 + ["EUR 12,50"] * 4), {"CAD": 8, "€": 4}),
}


@pytest.mark.parametrize(("amounts", "values"), CURRENCIES.values(), ids=CURRENCIES)
def test_currencies_within_amounts_are_told(amounts, values):
    [found] = _told_currencies(amounts)
    assert (found.level, found.column, found.count) == ("suspicious", "amount", 4)
    assert found.details["values"] == values
    for lang in ("fr", "en"):
        assert next(iter(values)) in found.text(lang)


@pytest.mark.parametrize(
    "amounts",
    [
        ["12,50 €", "EUR 3,20", "4,20"],
        ["$12.50", "CAD 3.20", "C$4.20", "CA$4.20", "1 234,50 $ CA"],
        ["12.50 CHF", "3.20"],
    ],
)
def test_one_currency_written_in_several_ways_is_one(amounts):
    assert not _told_currencies(amounts)


def _told_currencies(amounts):
    orders = pd.DataFrame({"order_id": [f"A{n}" for n in range(len(amounts))], "amount": amounts})
    data = open_data({"orders": orders.assign(ordered_at="2025-02-01")})
    assert data.orders.amount.notnull().all().execute()
    return [found for found in data.findings if found.code == "several_currencies"]
