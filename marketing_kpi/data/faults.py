"""Faults of an engine – memory, disk, connection – told as errors of ours, with what to do.

Every question that data are asked goes through an Ibis backend, so that is the one place where
what an engine raises becomes an error of ours. A wrong question is no fault: it stays what the
engine says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from marketing_kpi.data.keeping import RefusedError, is_refused
from marketing_kpi.errors import EngineError

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa
    from ibis.backends import BaseBackend

# What PEP 249 has every driver call a fault that is not the question's, and what others call one.
_FAULTS = {"OperationalError", "InterfaceError", "ConnectionError", "Py4JNetworkError"}
# What Ibis says of an operation that it cannot write for an engine.
_UNWRITTEN = {"OperationNotDefinedError", "UnsupportedOperationError"}
_LONGEST_REASON = 200


def telling(kind: type[BaseBackend]) -> Any:
    """Return a kind of Ibis backend made so that its faults are errors of ours.

    Parameters
    ----------
    kind
        Backend of any engine.
    """

    class Telling(kind):  # type: ignore[misc]
        # Gives a driver's message without what must not be shown.
        shown: Callable[[str], str] = staticmethod(str)

        def telling(self) -> AbstractContextManager[None]:
            """Return what turns a fault within its block into an error of ours."""
            return telling_of_driver(self.name, self.shown)

        def raw_sql(self, *arguments: Any, **options: Any) -> Any:
            """Run a statement as it is."""
            with self.telling():
                return super().raw_sql(*arguments, **options)

        def execute(self, expr: ir.Expr, /, **options: Any) -> Any:
            """Return the result of an expression, as pandas gives it."""
            with self.telling():
                return super().execute(expr, **options)

        def to_pyarrow(self, expr: ir.Expr, /, **options: Any) -> pa.Table | pa.Array | pa.Scalar:
            """Return the result of an expression, as Arrow gives it."""
            with self.telling():
                return super().to_pyarrow(expr, **options)

        def create_table(self, name: str, /, *arguments: Any, **options: Any) -> ir.Table:
            """Store the result of an expression as a table."""
            with self.telling():
                return super().create_table(name, *arguments, **options)

    Telling.__name__, Telling.__module__ = kind.__name__, kind.__module__
    return Telling


def made_telling(connection: BaseBackend, *, shown: Callable[[str], str]) -> BaseBackend:
    """Return a connection that is ours alone, its faults from now on told as errors of ours.

    Parameters
    ----------
    connection
        Of any engine; it is changed.
    shown
        Gives a driver's message without what must not be shown.
    """
    connection.__class__ = telling(type(connection))
    connection.shown = shown
    return connection


def handle_telling(connection: BaseBackend) -> BaseBackend:
    """Return another handle of a connection, its faults told as errors of ours.

    Parameters
    ----------
    connection
        Of any engine; its owner keeps it as it is. Tables of both can be joined.
    """
    identity = connection.db_identity
    handle = object.__new__(telling(type(connection)))
    handle.__dict__ |= connection.__dict__ | {"db_identity": identity}
    return handle


@contextmanager
def telling_of_driver(name: str, shown: Callable[[str], str] = str) -> Iterator[None]:
    """Tell the faults of an engine that is reached by a driver.

    Parameters
    ----------
    name
        What the engine is called.
    shown
        Gives a driver's message without what must not be shown.
    """
    try:
        yield
    except Exception as error:
        if is_refused(error):
            raise RefusedError(name) from None
        kinds = {kind.__name__ for kind in type(error).__mro__}
        if _UNWRITTEN & kinds:
            raise EngineError(
                f"{name} cannot answer this question ({reason_of(str(error))})",
                hint="open an export of the tables (Parquet or CSV files) and ask it there",
            ) from error
        if not _FAULTS & kinds:
            raise
        # The driver's own error may show the password.
        raise EngineError(
            f"{name} did not answer to the end ({reason_of(shown(str(error)))})",
            hint="check that it runs and can be reached, then open the data again; your tables "
            "there are as they were",
        ) from None


def reason_of(text: str) -> str:
    """Return the first line of an engine's message, without its kind nor its full stop."""
    first = next(iter(text.strip().splitlines()), "no reason given")
    return re.sub(r"^[A-Z][A-Za-z ]* Error: ", "", first).removesuffix(".")[:_LONGEST_REASON]
