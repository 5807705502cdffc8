"""The embedded engine: DuckDB, with what to do about its faults and about files that changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Lock
from typing import Any

import duckdb
import ibis
from ibis.backends.duckdb import Backend
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler

from marketing_kpi.data.faults import reason_of, telling
from marketing_kpi.data.watch import Watch
from marketing_kpi.errors import EngineError

_DISK = re.compile(r"could not (?:write|sync|read)|no space left|disk is full", re.IGNORECASE)


_ONE_AT_A_TIME = Lock()


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

    def telling(self) -> AbstractContextManager[None]:
        """Return what turns a fault within its block into an error of ours."""
        return _telling(self.con, self.files)


@contextmanager
def _telling(connection: duckdb.DuckDBPyConnection, files: Watch) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        files.refuse_changed(error)
        told = _told(error, connection)
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
