"""Parts of one extract that overlap are told, though each numbers its own lines."""

from __future__ import annotations

import pandas as pd
import pytest

from marketing_kpi.data.sources import open_data

COLUMNS = {
    "order_id": "no", "ordered_at": "jour", "product_id": "article", "quantity": "qte",
    "line_amount": "montant",
}  # fmt: skip


def _opened(tmp_path, kind, parts, **more):
    folder = tmp_path / "ventes"
    folder.mkdir()
    for name, tickets in parts.items():
        # Two of the same product a ticket are two lines.
        rows = [(f"T{ticket}", "P1", 10.0 + ticket) for ticket in tickets for _ in range(2)]
        frame = pd.DataFrame(rows, columns=["no", "article", "montant"])
        frame = frame.assign(qte=1, jour="2025-02-01", ligne=range(1, len(frame) + 1))
        path = folder / f"{name}.{kind}"
        frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    return open_data(folder, mapping={"columns": COLUMNS | more})


def _told(data):
    return [found for found in data.findings if found.code == "rows_of_several_parts"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("more", [{}, {"line_id": "ligne"}])
def test_rows_that_two_parts_have_are_told(tmp_path, kind, more):
    data = _opened(tmp_path, kind, {"fevrier": range(20), "mars": range(15, 30)}, **more)
    [found] = _told(data)
    assert (found.level, found.count, found.total) == ("suspicious", 10, 70)
    assert "70" in found.text("fr")
    assert "part of the source" not in {*data.orders.columns, *data.order_lines.columns}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_equal_lines_of_one_part_are_two_sales(tmp_path, kind):
    data = _opened(tmp_path, kind, {"fevrier": range(20), "mars": range(20, 30)})
    assert not _told(data)
