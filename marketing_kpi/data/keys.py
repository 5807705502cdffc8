"""What reading made sure of: that a key stands on one row of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis.expr.operations as ops

if TYPE_CHECKING:
    import ibis.expr.types as ir


def has_single_orders(orders: ir.Table) -> bool:
    """Return whether it is known that no order stands on two rows: rows can be counted.

    Reading makes sure of it in files and pandas frames, which then stay as they are. It is not
    known of tables on a connection, which others write to, nor of the demo's files, which nobody
    checks.

    Parameters
    ----------
    orders
        Rows with an order_id: the orders of data, or what filters leave of them.
    """
    rows = orders.op()
    while isinstance(rows, ops.Filter):
        rows = rows.parent
    if not isinstance(rows, ops.DatabaseTable) or rows.namespace != ops.Namespace():
        return False
    known: str | None = getattr(rows.source, "single_orders", None)
    return bool(rows.name == known)
