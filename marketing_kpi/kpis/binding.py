"""SQL that runs outside: the names of a query bound to the files or tables behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from marketing_kpi.data.store import DERIVED

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import sqlglot.expressions as sge

    from marketing_kpi.data.model import Data

_SCHEMA = "main"


def named(data: Data) -> Data:
    """Return the same tables without their rows, each called by its canonical name."""
    import ibis

    tables = {name: ibis.table(table.schema(), name=name) for name, table in data.tables.items()}
    return replace(data, tables=tables)


DIALECTS = ("duckdb", "postgres", "snowflake", "bigquery")
"""The dialects in which the SQL of a query can be written, whatever engine holds the data."""


def foreign_sql(query: ir.Table, dialect: str) -> str:
    """Return the SQL of a query on `named` tables in the dialect of an engine that is elsewhere.

    The tables are plain names: what is behind them here is out of that engine's reach.
    """
    import sqlglot
    import sqlglot.expressions as sge

    statement = sqlglot.parse_one(_written(query, dialect), read=dialect)
    assert isinstance(statement, sge.Query)
    _flatten(statement)
    return str(statement.sql(dialect=dialect, pretty=True))


def _written(query: ir.Table, dialect: str) -> str:
    import ibis

    from marketing_kpi.data.dialects import COMPILERS

    if dialect not in COMPILERS:
        return str(ibis.to_sql(query, dialect=dialect))
    return str(COMPILERS[dialect].to_sqlglot(query.unbind()).sql(dialect=dialect))


def bound_sql(query: ir.Table, data: Data) -> str:
    """Return the SQL of a query on `named` tables, with leading CTEs that say what they are.

    A table read from Parquet is bound to its files, and one of a database to that database's
    table. A table that was cleaned while it was read, or came from Python, exists nowhere else:
    it stays a plain name, for the reader to bind.
    """
    dialect = data.connection.dialect
    statement = _parsed(_written(query, data.connection.name), data)
    binder = _Binder(data)
    _flatten(statement)
    for name in _tables_of(statement):
        binder.bind(name)
    for name, body in reversed(binder.bodies.items()):
        statement = statement.with_(name, as_=body, append=True, copy=False)
        ctes = statement.ctes
        ctes.insert(0, ctes.pop())
        statement.args["with_"].set("expressions", ctes)
    return str(statement.sql(dialect=dialect, pretty=True))


class _Binder:
    """Collects, in the order they must be written, the CTEs that bind canonical names."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._views = _views(data)
        self.bodies: dict[str, sge.Query] = {}

    def bind(self, name: str) -> None:
        """Bind a canonical table, unless what it is made of is out of reach from outside."""
        text = _written(self._data.tables[name], self._data.connection.name)
        found: dict[str, sge.Query] = {}
        if self._reach(name, _parsed(text, self._data), found):
            self.bodies |= found

    def _reach(self, name: str, body: sge.Query, found: dict[str, sge.Query]) -> bool:
        """Follow views down to files or tables; `found` gets each body after those it reads."""
        body = self._through(body)
        for table in _references(body):
            view = self._views.get(table.name) if self._is_ours(table) else None
            if view is None:
                if not self._outside(table):
                    return False
                _qualify(table)
                continue
            below = f"source_of_{table.name}" if table.name in self._data.tables else table.name
            if not self._reach(below, view.copy(), found):
                return False
            table.set("this", _identifier(below))
            table.set("db", None)
            table.set("catalog", None)
        found[name] = body
        return True

    def _through(self, body: sge.Query) -> sge.Query:
        """Return what a view that only passes another view on stands for."""
        while (table := _passed_on(body)) is not None and self._is_ours(table):
            view = self._views.get(table.name)
            if view is None:
                break
            body = view.copy()
        return body

    def _is_ours(self, table: sge.Table) -> bool:
        """Whether a table is of the connection itself, not of a database attached to it."""
        return table.catalog in ("", _catalog(self._data))

    def _outside(self, table: sge.Table) -> bool:
        """Whether a table exists without our own temporary store."""
        owns_store = bool(self._data.on_close)
        return not (owns_store and self._is_ours(table))


def _identifier(name: str) -> sge.Identifier:
    import sqlglot.expressions as sge

    return sge.to_identifier(name, quoted=True)


def _qualify(table: sge.Table) -> None:
    """Name a table by its schema: a CTE of the same name would otherwise hide it."""
    table.set("db", _identifier(table.db or _SCHEMA))
    table.set("catalog", None)


def _parsed(text: str, data: Data) -> sge.Query:
    import sqlglot
    import sqlglot.expressions as sge

    statement = sqlglot.parse_one(text, read=data.connection.dialect)
    assert isinstance(statement, sge.Query)
    return statement


def _flatten(statement: sge.Query) -> None:
    """Write ``SELECT * FROM (query)`` as the query: the same rows, one level less to read."""
    import sqlglot.expressions as sge

    for select in list(statement.find_all(sge.Select)):
        if not (select.parent and _is_plain_star(select)):
            continue
        inner = select.args["from_"].this
        if isinstance(inner, sge.Subquery) and isinstance(inner.this, sge.Query):
            select.replace(inner.this)


def _is_plain_star(select: sge.Select) -> bool:
    """Say whether a query is ``SELECT * FROM …`` and nothing else."""
    clauses = {name for name, value in select.args.items() if value}
    return bool(select.is_star and clauses == {"expressions", "from_"})


def _passed_on(body: sge.Query) -> sge.Table | None:
    """Return the table of ``SELECT * FROM table``, None for any other query."""
    import sqlglot.expressions as sge

    if not (isinstance(body, sge.Select) and _is_plain_star(body)):
        return None
    source = body.args["from_"].this
    return source if isinstance(source, sge.Table) else None


def _tables_of(statement: sge.Query) -> list[str]:
    return sorted({table.name for table in _references(statement)})


def _references(body: sge.Query) -> list[sge.Table]:
    """Return the tables that a query reads, its own CTEs and table functions left out."""
    import sqlglot.expressions as sge

    own = {cte.alias for cte in body.find_all(sge.CTE)}
    tables = (table for table in body.find_all(sge.Table) if isinstance(table.this, sge.Identifier))
    return [table for table in tables if table.name not in own]


def _views(data: Data) -> Mapping[str, sge.Query]:
    """Return the views of a DuckDB connection by name; of another engine, none is looked into."""
    import sqlglot

    if data.connection.name != "duckdb":
        return {}
    listed = data.connection.con.execute(
        "SELECT view_name, sql FROM duckdb_views() "
        "WHERE NOT internal AND database_name = current_catalog()"
    ).fetchall()
    # A table that was computed once is what the view says that it was made of.
    return {
        name.removesuffix(DERIVED): _with_options(sqlglot.parse_one(text, read="duckdb").expression)
        for name, text in listed
    }


def _with_options(view: sge.Query) -> sge.Query:
    """Write the options of table functions as they are written by hand.

    DuckDB keeps ``read_parquet(…, (union_by_name = CAST('t' AS BOOLEAN)))``, which it cannot
    read back: within parentheses, the option would be a comparison.
    """
    import sqlglot.expressions as sge

    for option in list(view.find_all(sge.Paren)):
        if isinstance(option.parent, sge.Func) and isinstance(option.this, sge.EQ):
            option.replace(option.this)
    return view


def _catalog(data: Data) -> str:
    return str(data.connection.current_catalog)
