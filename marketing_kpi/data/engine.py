"""The embedded engine: DuckDB, with what to do about its faults and about files that changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import duckdb
import ibis
import numpy as np
from ibis.backends.duckdb import Backend
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler

from marketing_kpi.data.faults import reason_of, telling
from marketing_kpi.data.watch import Watch
from marketing_kpi.errors import EngineError, SourceError

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

_DISK = re.compile(r"could not (?:write|sync|read)|no space left|disk is full", re.IGNORECASE)
_UNREADABLE = re.compile(r'failed to read file "([^"]+)": ', re.IGNORECASE)

_ONE_AT_A_TIME = Lock()

LARGEST_REMEMBERED = 2_000_000
"""Bytes of the largest answer that an engine keeps to give it again."""


class Compiler(DuckDBCompiler):  # type: ignore[misc]
    """Leaves a select of a select as it is: DuckDB makes one of them, and faster than Ibis does."""

    def translate(self, *arguments: Any, **options: Any) -> Any:
        """Return the statement of an operation."""
        sql = ibis.options.sql
        with _ONE_AT_A_TIME:  # the option is of the whole process, and is given back as it was
            fuses, sql.fuse_selects = sql.fuse_selects, False
            try:
                return super().translate(*arguments, **options)
            finally:
                sql.fuse_selects = fuses


class Engine(telling(Backend)):  # type: ignore[misc]
    """DuckDB as Ibis drives it, the files that it reads in place, and what is known of its orders.

    `single_orders` is the name of a table of which no two rows are of one order.
    """

    compiler = Compiler()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.files = Watch()
        self.single_orders: str | None = None
        self._answers: dict[tuple[Any, ...], Any] | None = None

    def remember(self) -> None:
        """Give from now on the answer that was given before, where a question is asked again.

        For an engine in which nothing changes but by `keep`. Answers of more than
        `LARGEST_REMEMBERED` bytes are asked for again.
        """
        self._answers = {}

    def execute(self, expr: ir.Expr, /, **options: Any) -> Any:
        """Return the result of an expression, as pandas gives it."""
        return self._once("pandas", expr, options, super().execute)

    def to_pyarrow(self, expr: ir.Expr, /, **options: Any) -> pa.Table | pa.Array | pa.Scalar:
        """Return the result of an expression, as Arrow gives it."""
        return self._once("arrow", expr, options, super().to_pyarrow)

    def _once(
        self, kind: str, expr: ir.Expr, options: Mapping[str, Any], ask: Callable[..., Any]
    ) -> Any:
        limit, others = options.get("limit"), {**options, "limit": None}
        if self._answers is None or any(value is not None for value in others.values()):
            return ask(expr, **options)
        asked = kind, type(expr).__name__, expr.op(), limit
        if asked in self._answers:
            self.files.refuse_changed()
            found = self._answers[asked]
        else:
            found = ask(expr, **options)
            if _bytes_of(found) > LARGEST_REMEMBERED:
                return found
            self._answers[asked] = found
        return found.copy() if hasattr(found, "memory_usage") else found  # a frame may be changed

    def telling(self) -> AbstractContextManager[None]:
        """Return what turns a fault within its block into an error of ours."""
        return _telling(self.con, self.files)


def _bytes_of(found: Any) -> int:
    """Return about how much memory an answer takes."""
    if hasattr(found, "memory_usage"):  # pandas: of each column, or of a series
        return int(np.sum(found.memory_usage()))
    return int(getattr(found, "nbytes", 0))


@contextmanager
def _telling(connection: duckdb.DuckDBPyConnection, files: Watch) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        files.refuse_changed(error)
        told = _told(error, connection) or _of_damage(error, files)
        if told is None:
            raise
        raise told from error
    files.refuse_changed()


def _told(error: Exception, connection: duckdb.DuckDBPyConnection) -> EngineError | None:
    """Return a fault of the embedded engine as an error of ours; None for what is no fault."""
    text = str(error)
    if isinstance(error, duckdb.OutOfMemoryException):
        is_disk = "max_temp_directory_size" in text
        return _no_disk(connection, text) if is_disk else _no_memory(connection)
    if isinstance(error, duckdb.OperationalError) and _DISK.search(text):
        return _no_disk(connection, text)
    if isinstance(error, duckdb.ConnectionException):
        return EngineError(
            "these data were closed, or their connection was, before the answer was there",
            hint="open them again with open_data(…), and close them after the last question",
        )
    if isinstance(error, duckdb.InterruptException):
        return EngineError(
            "the engine was interrupted before it had the answer",
            hint="ask again; the data are as they were",
        )
    return None


def _of_damage(error: Exception, files: Watch) -> SourceError | None:
    """Return as an error of ours that a part of a file cannot be read; None for anything else."""
    text = str(error)
    named = _UNREADABLE.search(text)
    # The engine's bare error: what the reader of a file says of bytes that mean nothing.
    if not files.paths or not (named or type(error) is duckdb.Error):
        return None
    names = [Path(named[1]).name] if named else [path.name for path in files.paths]
    return SourceError(
        f"{' or '.join(names)} is damaged: a part of it cannot be read "
        f"({reason_of(_UNREADABLE.sub('', text))})",
        hint="copy or export it again",
    )


def _no_memory(connection: duckdb.DuckDBPyConnection) -> EngineError:
    """Say what to do for want of memory.

    The engine writes to disk what it sorts, joins and groups, but several distinct counts of one
    question have to be held at once.
    """
    limit = _setting("memory_limit", connection)
    return EngineError(
        f"the engine has not enough memory for this (its limit is {limit})",
        hint="give it more: open_data(…, memory_limit='1GB'), or ask for fewer KPIs at once",
    )


def _no_disk(connection: duckdb.DuckDBPyConnection, text: str) -> EngineError:
    folder = _setting("temp_directory", connection)
    return EngineError(
        f"the engine could not use the disk as it needs to ({reason_of(text)})",
        hint=f"free some room for {folder}, set TMPDIR to a folder on a larger disk, or give the "
        "engine more memory: open_data(…, memory_limit='4GB')",
    )


def _setting(name: str, connection: duckdb.DuckDBPyConnection) -> str:
    found = connection.execute(f"SELECT current_setting('{name}')").fetchone()
    return str(found[0]) if found else "unknown"
