"""Whether the rows that a mark makes returns of are refunds, or the sales that came back.

A row of a refund has a negative amount, or a number of its own. A sale that came back has the
amount of a sale and a number like those of the sales: as a return, it is sold no more and is
refunded besides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from marketing_kpi.data.mapping import LINE_VALUE, Mapping
from marketing_kpi.data.model import Finding
from marketing_kpi.data.words import says_came_back

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import JSON

_HALF = 0.5


def sales_marked(
    marked: ir.Table, sold: ir.Table, mapping: Mapping, *, total: int, where: str
) -> Iterator[Finding]:
    """Say that the rows that the mark makes returns of seem to be sales.

    Parameters
    ----------
    marked
        The rows that are returns by the column of the mapping.
    sold
        The rows that are sales.
    mapping
        Its rule for returns.
    total
        The rows of the extract.
    where
        What to call it in findings.
    """
    positive = marked.filter(marked[LINE_VALUE] > 0)
    told = _told(positive, sold)
    # A refund of a negative amount may give fees back besides.
    is_refund = told["n"] <= _HALF * int(marked.count().to_pyarrow().as_py())
    if is_refund or told["like"] <= _HALF * told["n"]:
        return
    says_sold = any(says_came_back(value) for value in mapping.returns.values)
    if not says_sold and _were_sold_before(positive, sold) > _HALF * told["n"]:
        return
    details: dict[str, JSON] = {
        "column": mapping.returns.column,
        "amount": float(told["amount"]),
    }
    column = "status" if mapping.returns.column in mapping.columns.get("status", ()) else None
    count = int(told["n"])
    yield Finding("sales_marked_returns", "suspicious", where, column, count, total, (), details)


def _told(marked: ir.Table, sold: ir.Table) -> dict[str, Any]:
    """Return how many rows are marked, what they are worth, and how many are numbered as sales."""
    numbered = _numbered(sold)
    series = numbered.group_by("series").aggregate(
        least=numbered.number.min(), greatest=numbered.number.max()
    )
    joined = _numbered(marked).left_join(series, "series")
    is_like = joined.number.between(joined.least, joined.greatest)
    row = joined.aggregate(
        n=joined.count(), amount=joined[LINE_VALUE].sum(), like=is_like.fill_null(False).sum()
    )
    told: dict[str, Any] = row.to_pyarrow().to_pylist()[0]
    return told | {"like": told["like"] or 0}


def _numbered(rows: ir.Table) -> ir.Table:
    """Add the series that the number of an order is of (how it begins), and its number in it."""
    digits = rows.order_id.re_replace(r"\D", "")
    return rows.mutate(
        series=rows.order_id.re_extract(r"^(\D*)", 1),
        number=digits.try_cast("float64").fill_null(0.0),
    )


def _were_sold_before(marked: ir.Table, sold: ir.Table) -> int:
    """Count the marked rows whose customer (or order) has a sale of the same product besides."""
    if "product_id" not in marked.columns:
        return 0
    keys = ["customer_id" if "customer_id" in marked.columns else "order_id", "product_id"]
    return int(marked.semi_join(sold.select(*keys).distinct(), keys).count().to_pyarrow().as_py())
