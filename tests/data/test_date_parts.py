"""Parts of one table that write their dates in two orders are each read in their own."""

from __future__ import annotations

import pandas as pd
import pytest

from marketing_kpi.data.sources import open_data

COLUMNS = {"order_id": "no", "ordered_at": "jour", "quantity": "qte", "line_amount": "montant"}
KINDS = ("csv", "parquet")
DAYS = [pd.Timestamp("2025-01-01") + pd.Timedelta(days=day) for day in range(300)]
BY_DAY, BY_MONTH = "%d/%m/%Y", "%m/%d/%Y"


def _folder(tmp_path, kind, parts):
    """A folder of parts: each the days it holds, and how it writes them."""
    folder = tmp_path / "ventes"
    folder.mkdir()
    for name, (days, style) in parts.items():
        frame = pd.DataFrame({"no": [f"{day:%Y%m%d}" for day in days]})
        frame = frame.assign(jour=[f"{day:{style}}" for day in days], qte=1, montant=10)
        path = folder / f"{name}.{kind}"
        frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    return open_data(folder, mapping={"columns": COLUMNS})


def _wrong(data):
    orders = data.orders.to_pandas()
    return int((orders.ordered_at.dt.strftime("%Y%m%d") != orders.order_id).sum())


def _of(data, code):
    return [found for found in data.findings if found.code == code]


@pytest.mark.parametrize("kind", KINDS)
def test_each_part_is_read_in_its_own_order(tmp_path, kind):
    parts = {"a": (DAYS[:150], BY_DAY), "b": (DAYS[150:], BY_MONTH)}
    data = _folder(tmp_path, kind, parts)
    assert _wrong(data) == 0
    [found] = _of(data, "date_orders_of_parts")
    assert found.level == "repaired"
    assert found.details == {"day_first": [f"a.{kind}"], "month_first": [f"b.{kind}"]}
    for lang in ("fr", "en"):
        assert f"a.{kind}" in found.text(lang)
    assert not _of(data, "mixed_date_orders") + _of(data, "ambiguous_dates")


@pytest.mark.parametrize("kind", KINDS)
def test_a_part_that_does_not_tell_is_said(tmp_path, kind):
    early = [day for day in DAYS if day.day <= 12]
    late = [day for day in DAYS if day.day > 12]
    parts = {"a": (late[:100], BY_DAY), "b": (late[100:], BY_MONTH), "c": (early, BY_MONTH)}
    data = _folder(tmp_path, kind, parts)
    [found] = _of(data, "ambiguous_dates")
    assert (found.level, found.count, found.total) == ("suspicious", len(early), 300)


@pytest.mark.parametrize("kind", KINDS)
def test_a_part_of_both_orders_is_said(tmp_path, kind):
    parts = {"a": (DAYS[:100], BY_DAY), "b": (DAYS[100:], BY_MONTH)}
    folder = tmp_path / "mixed"
    folder.mkdir()
    data = _folder(folder, kind, parts | {"c": ([], BY_DAY)})
    assert _wrong(data) == 0
    mixed = [f"{day:{BY_MONTH if number % 3 else BY_DAY}}" for number, day in enumerate(DAYS)]
    frame = pd.DataFrame({"no": [f"M{n}" for n in range(300)], "jour": mixed, "qte": 1})
    frame["montant"] = 10
    path = folder / "ventes" / f"c.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    data = open_data(folder / "ventes", mapping={"columns": COLUMNS})
    [found] = _of(data, "mixed_date_orders")
    assert (found.level, found.count) == ("suspicious", sum(day.day <= 12 for day in DAYS))


@pytest.mark.parametrize("kind", KINDS)
def test_parts_of_one_order_say_nothing(tmp_path, kind):
    early = [day for day in DAYS if day.day <= 12]
    data = _folder(tmp_path, kind, {"a": (DAYS[:100], BY_MONTH), "b": (early[50:], BY_MONTH)})
    assert not _of(data, "date_orders_of_parts")
    assert _wrong(data) == 0
