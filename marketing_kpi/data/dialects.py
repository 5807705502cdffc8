"""What Ibis writes for an engine otherwise than the engine takes it, or not at all."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import sqlglot.expressions as sge
from ibis.backends.sql.compilers.bigquery import BigQueryCompiler
from ibis.backends.sql.compilers.pyspark import PySparkCompiler

if TYPE_CHECKING:
    import ibis.expr.datatypes as dt
    import ibis.expr.operations as ops
    from ibis.backends import BaseBackend


class BigQuery(BigQueryCompiler):  # type: ignore[misc]
    """Calls for a DATETIME what BigQuery has for one.

    Times have no zone here, which BigQuery calls DATETIME. Ibis calls what only a TIMESTAMP, a
    moment of a zone, can be given.
    """

    def visit_TimestampAdd(  # noqa: N802 - what Ibis calls by the name of the operation
        self, op: ops.TimestampAdd, **parts: Any
    ) -> Any:
        """Return a time later by an interval."""
        return _of_kind(super().visit_TimestampAdd(op, **parts), op)

    def visit_TimestampSub(  # noqa: N802
        self, op: ops.TimestampSub, **parts: Any
    ) -> Any:
        """Return a time earlier by an interval."""
        return _of_kind(super().visit_TimestampSub(op, **parts), op)

    def visit_ExtractEpochSeconds(  # noqa: N802
        self, op: ops.ExtractEpochSeconds, *, arg: sge.Expression
    ) -> Any:
        """Return the seconds since 1970, of a time without a zone as if it were in UTC."""
        moment = self.f.anon.TIMESTAMP(arg) if _has_no_zone(op.arg.dtype) else arg
        return super().visit_ExtractEpochSeconds(op, arg=moment)


def _of_kind(call: sge.Anonymous, op: ops.TimestampAdd | ops.TimestampSub) -> sge.Anonymous:
    if _has_no_zone(op.left.dtype):
        call.set("this", call.name.replace("TIMESTAMP_", "DATETIME_"))
    return call


def _has_no_zone(kind: Any) -> bool:
    return getattr(kind, "timezone", None) is None


class Spark(PySparkCompiler):  # type: ignore[misc]
    """Calls for an operation that Ibis has no word for what Spark has.

    A number with a point is a decimal there: one that is to be a float is written as such.
    """

    def visit_NonNullLiteral(  # noqa: N802
        self, op: ops.Literal, *, value: Any, dtype: dt.DataType
    ) -> Any:
        """Return a value that is there, as its type."""
        if dtype.is_floating() and isfinite(value):
            return self.cast(str(value), dtype)
        return super().visit_NonNullLiteral(op, value=value, dtype=dtype)

    def visit_BitOr(  # noqa: N802
        self, _op: ops.BitOr, *, arg: sge.Expression, where: sge.Expression | None
    ) -> Any:
        """Return the bits that any row has."""
        return self.agg.bit_or(arg, where=where)


COMPILERS: dict[str, Any] = {"bigquery": BigQuery(), "pyspark": Spark()}
"""What writes the SQL of an engine in the place of Ibis's own compiler, by the engine's name."""


def fit(connection: BaseBackend) -> None:
    """Have a connection write what its engine takes; it is changed where that is needed.

    Parameters
    ----------
    connection
        Of any engine, as Ibis made it.
    """
    if connection.name in COMPILERS:
        connection.compiler = COMPILERS[connection.name]
