"""The temporary DuckDB store in which local files are read, cleaned and kept until closed."""

from __future__ import annotations

import glob
import re
import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marketing_kpi.errors import ConfigError

if TYPE_CHECKING:
    import duckdb

    from marketing_kpi.data.engine import Engine
    from marketing_kpi.data.watch import Watch

DERIVED = " with what is derived"
"""What follows the name of a table in that of the view which says how it was made."""

# Each DuckDB thread keeps buffers of its own: one thread is what a small limit can feed.
SMALL_MEMORY_MB = 512
_UNITS = {"KB": 1e-3, "MB": 1.0, "GB": 1e3, "TB": 1e6, "KIB": 1e-3, "MIB": 1.05, "GIB": 1074.0}


@dataclass(frozen=True)
class Store:
    """A temporary DuckDB database and the folder that holds it and what it spills."""

    backend: Engine
    folder: Path
    close: weakref.finalize[..., Any]

    @property
    def files(self) -> Watch:
        """The files that it reads in place, as they were when they were first looked at."""
        return self.backend.files

    def execute(self, query: str, parameters: Sequence[object] = ()) -> duckdb.DuckDBPyConnection:
        """Run one statement and return the connection, to fetch from."""
        connection: duckdb.DuckDBPyConnection = self.backend.con
        with self.backend.telling():
            return connection.execute(query, list(parameters))

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Return the rows of a query as dictionaries; for the few rows that Python looks at."""
        with self.backend.telling():
            cursor = self.execute(query)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def relations(self) -> list[dict[str, Any]]:
        """Return the tables and views of the store, by name and type."""
        return self.rows(
            "SELECT table_name AS name, table_type AS type FROM information_schema.tables "
            "WHERE table_schema = 'main' AND table_catalog = current_database()"
        )

    def drop(self, relation: str) -> None:
        """Remove a table, to give its room back; a view takes none and stays."""
        kinds = {row["name"]: row["type"] for row in self.relations()}
        if kinds.get(relation) == "BASE TABLE":
            self.execute(f"DROP TABLE {quote(relation)}")

    def types(self, relation: str) -> dict[str, str]:
        """Return the DuckDB type of each column of a table or view."""
        described = self.rows(f"DESCRIBE {quote(relation)}")
        return {row["column_name"]: row["column_type"] for row in described}


def quote(name: str) -> str:
    """Return `name` as an SQL identifier.

    >>> print(quote('size "L" in'))
    "size ""L"" in"
    """
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Return `value` as an SQL string.

    >>> literal("l'an")
    "'l''an'"
    """
    return "'" + value.replace("'", "''") + "'"


def located(*paths: Path) -> str:
    """Return the SQL of the files at `paths`; signs that mean several names are only signs here.

    >>> print(located(Path("orders[1].csv")))
    'orders[[]1].csv'
    """
    files = [literal(glob.escape(str(path))) for path in paths]
    return files[0] if len(files) == 1 else f"[{', '.join(files)}]"


def struct(values: Mapping[str, str]) -> str:
    """Return an SQL struct of expressions by name."""
    return "{" + ", ".join(f"{literal(name)}: {sql}" for name, sql in values.items()) + "}"


def open_store(*, memory_limit: str | None = None) -> Store:
    """Open an empty store, removed from disk when closed, collected or at exit.

    Parameters
    ----------
    memory_limit
        What DuckDB may take, such as "500MB"; None leaves its own default (80 % of the machine).
        What does not fit is written to disk, where the engine can; else an `EngineError` says so.

    Raises
    ------
    ConfigError
        The limit is not a size.
    """
    from marketing_kpi.data.engine import Engine

    settings: dict[str, Any] = {}
    if memory_limit is not None:
        settings = _limits(memory_limit)
    folder = Path(tempfile.mkdtemp(prefix="marketing_kpi_"))
    backend = Engine().connect(
        folder / "store.duckdb",
        temp_directory=str(folder / "spill"),
        # A file rewritten within the same second must not be served from a cache.
        enable_external_file_cache=False,
        **settings,
    )
    hide_progress(backend.con)
    close = weakref.finalize(backend, _discard, backend.con, folder)
    return Store(backend, folder, close)


def hide_progress(connection: duckdb.DuckDBPyConnection) -> None:
    """Show no bar of progress: it would be printed among what the caller prints.

    In a notebook it is off already, and setting it fails there without ipywidgets.
    """
    shown = connection.execute("SELECT current_setting('enable_progress_bar')").fetchone()
    if shown == (True,):
        connection.execute("SET enable_progress_bar = false")


def _limits(memory_limit: str) -> dict[str, Any]:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]i?B)\s*", memory_limit, re.IGNORECASE)
    if match is None:
        raise ConfigError(
            f"memory_limit '{memory_limit}' is not a size", hint='write it as "500MB" or "4GB"'
        )
    megabytes = float(match[1]) * _UNITS.get(match[2].upper(), 1.0)
    threads = {"threads": 1} if megabytes < SMALL_MEMORY_MB else {}
    return {"memory_limit": memory_limit.strip(), **threads}


def _discard(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    connection.close()
    shutil.rmtree(folder, ignore_errors=True)
