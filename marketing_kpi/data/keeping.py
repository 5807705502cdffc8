"""Keeps what a query gives in the engine that computed it, where that engine lets us."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from marketing_kpi.errors import EngineError

if TYPE_CHECKING:
    import ibis.expr.types as ir

# What PostgreSQL raises where no temporary table may be made: no right to, or only to read.
_REFUSALS = {"InsufficientPrivilege", "ReadOnlySqlTransaction"}


class RefusedError(EngineError):
    """An engine lets this user make no temporary table."""

    def __init__(self, engine: str) -> None:
        super().__init__(
            f"{engine} lets this user make no temporary table, which this question needs",
            hint="have the right granted (GRANT TEMPORARY ON DATABASE …, on a server that is no "
            "read-only copy), or open an export of the tables",
        )


def is_refused(error: Exception) -> bool:
    """Return whether an engine refuses to make a temporary table, whatever is in it."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return isinstance(error, RefusedError) or bool(_REFUSALS & kinds)


_held: list[ir.Table] | None = None


def hold_in(tables: list[ir.Table] | None) -> None:
    """Have every table that is kept from now on held in a list, so that it is made once."""
    global _held
    _held = tables


def kept(table: ir.Table) -> ir.Table:
    """Return a table computed once, in a temporary table of its engine.

    Where none may be made, the table is returned as it is, to be computed at each use.
    """
    try:
        # On Spark, Ibis keeps a table before it hands over the pandas frames that it reads.
        table.get_backend()._run_pre_execute_hooks(table)
        found = table.cache()
        if _held is not None:
            _held.append(found)
        return found
    except Exception as error:
        if is_refused(error):
            return table
        raise


@contextmanager
def keeping(table: ir.Table) -> Iterator[ir.Table]:
    """Keep a table, as `kept` does, for as long as the block lasts."""
    from ibis.expr.types import CachedTable

    found = kept(table)
    try:
        yield found
    finally:
        if isinstance(found, CachedTable) and _held is None:
            found.release()
