"""Data that stay where they are: Ibis tables, a connection or its URL, as lazy expressions."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping as MappingType
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from marketing_kpi.data.beside import apart, beside_rules, ignored, only_one, refuse_both
from marketing_kpi.data.canonical import (
    KEYED_ONCE,
    all_found,
    complete_rows,
    copies_action,
    flat_targets,
    keyed_once,
    misspelt_findings,
    positive_returns,
    refuse_shared_ids,
    table_targets,
    with_amount,
)
from marketing_kpi.data.conform import conform
from marketing_kpi.data.faults import handle_telling, made_telling, telling_of_driver
from marketing_kpi.data.lazy import read_texts
from marketing_kpi.data.mapping import Mapping, flat_types
from marketing_kpi.data.model import TABLES, Data, Finding, shown
from marketing_kpi.data.names import match_columns, require, table_of
from marketing_kpi.data.reading import EXAMPLES, Raw
from marketing_kpi.data.sqlite import copied
from marketing_kpi.data.store import open_store
from marketing_kpi.data.transactions import blank_rows, is_blank, split, with_constants
from marketing_kpi.data.unread import unread_in, without_known_refunds
from marketing_kpi.errors import SourceError, unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend

# No column of a source is called that.
_TIMES = "times that the row is there"
# What PostgreSQL says of a type that was declared in the database itself.
_OF_THE_DATABASE = "USER-DEFINED"
# Engines within this process, which have faults of their own.
_EMBEDDED = ("duckdb", "sqlite")
_VARIABLE = re.compile(r"\$\{(\w+)\}")


def open_expressions(
    tables: MappingType[str, Any], rules: Mapping | None, memory_limit: str | None
) -> Data:
    """Open Ibis tables of one connection, among which pandas frames may be."""
    import ibis
    import ibis.expr.types as ir
    import pandas as pd

    expressions: dict[str, ir.Table] = {}
    for name, table in tables.items():
        if isinstance(table, pd.DataFrame):
            expressions[name] = ibis.memtable(table)
        elif isinstance(table, ir.Table):
            expressions[name] = table
        else:
            raise SourceError(
                f"table '{name}' is a {type(table).__name__}",
                hint="give a pandas DataFrame or an Ibis table",
            )
    backends = {id(found): found for each in expressions.values() for found in _backends(each)}
    if len(backends) > 1:
        raise SourceError(
            f"the tables are on {len(backends)} connections, and cannot be joined",
            hint="give tables of one connection",
        )
    backend = next(iter(backends.values()), None) or ibis.get_backend()
    return _opened(backend, expressions, rules, "tables in hand", memory_limit)


def _backends(table: ir.Table) -> list[BaseBackend]:
    import ibis.expr.operations as ops

    return [node.source for node in table.op().find(ops.DatabaseTable)]


def as_connection(source: object) -> BaseBackend:
    """Return the source when it is an Ibis connection, and refuse it otherwise."""
    from ibis.backends import BaseBackend

    if isinstance(source, BaseBackend):
        return source
    raise SourceError(
        f"cannot open a {type(source).__name__} as data",
        hint="give a path, a URL, a dictionary of tables, an Ibis connection or 'demo'",
    )


def connect(url: str, rules: Mapping | None, memory_limit: str | None) -> Data:
    """Open the connection that a URL describes; no message ever shows its secrets."""
    import ibis

    address, secrets = expanded_url(url)
    shown = sanitised(url)
    problem = ""
    try:
        connection = ibis.connect(address)
    except ModuleNotFoundError as error:
        problem = f": the module '{error.name}' is not installed"
    except Exception as error:  # noqa: BLE001 - each driver has its own errors
        problem = f" ({_redacted(str(error), address, secrets)})"
    if problem:
        # Raised outside the handler: the driver's own error may show the password.
        raise SourceError(
            f"cannot connect to {shown}{problem}",
            hint="check the address, your rights, and that the Ibis backend is installed "
            "(pip install 'ibis-framework[postgres]', …)",
        )
    hidden = partial(_redacted, url=address, secrets=secrets)
    telling = made_telling(connection, shown=hidden)
    return open_connection(telling, rules, shown, memory_limit, owned=True)


def expanded_url(url: str) -> tuple[str, list[str]]:
    """Return the URL with its ${NAME} replaced from the environment, and what replaced them."""
    names = _VARIABLE.findall(url)
    unset = [name for name in names if name not in os.environ]
    if unset:
        raise SourceError(
            f"the URL {sanitised(url)} uses ${{{unset[0]}}}, which the environment does not set",
            hint=f"set it before running: export {unset[0]}=…",
        )
    return _VARIABLE.sub(lambda match: os.environ[match[1]], url), [os.environ[n] for n in names]


def sanitised(url: str) -> str:
    """Return a URL without its password nor its query, which may hold tokens.

    >>> sanitised("postgres://anna:secret@db.example/shop?sslkey=abc")
    'postgres://anna@db.example/shop'
    """
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit((parts.scheme, user.partition(":")[0] + at + host, parts.path, "", ""))


def _redacted(message: str, url: str, secrets: list[str]) -> str:
    parts = urlsplit(url)
    hidden = [url, *secrets, parts.netloc.rpartition("@")[0].partition(":")[2]]
    hidden += [value for _key, value in parse_qsl(parts.query)]
    hidden += [unquote(secret) for secret in hidden]
    for secret in sorted({secret for secret in hidden if secret}, key=len, reverse=True):
        message = message.replace(secret, "***")
    return message.strip().splitlines()[0] if message.strip() else "no reason given"


def open_connection(
    connection: BaseBackend,
    rules: Mapping | None,
    name: str,
    memory_limit: str | None,
    *,
    owned: bool,
) -> Data:
    """Open the tables of a connection that have the names of the model.

    One that is not ours stays as it is: another handle of it tells its faults.
    """
    if not owned and connection.name not in _EMBEDDED:
        connection = handle_telling(connection)
    try:
        with telling_of_driver(name):
            data = _of_connection(connection, rules, name, memory_limit)
    except BaseException:
        if owned:
            connection.disconnect()
        raise
    closes = (*data.on_close, connection.disconnect) if owned else data.on_close
    return replace(data, on_close=closes)


def _of_connection(
    connection: BaseBackend, rules: Mapping | None, name: str, memory_limit: str | None
) -> Data:
    listed = _table_names(connection)
    if rules is not None and rules.kind != "tables":
        told = apart({table: table for table in listed}, rules, where=name)
        used = [only_one(told, where=name), *told.beside.values()]
        tables = {table: connection.table(table) for table in used}
    else:
        tables = {table: connection.table(table) for table in listed if table_of(table)}
        need_some_table(tables, name, listed)
    read = _with_enums_as_text(tables, connection)
    return _opened(connection, read, rules, name, memory_limit)


def _with_enums_as_text(
    tables: MappingType[str, ir.Table], connection: BaseBackend
) -> dict[str, ir.Table]:
    """Return tables whose enumerations are text: for Ibis they are, PostgreSQL takes them apart."""
    import ibis.expr.operations as ops

    if connection.name != "postgres":
        return dict(tables)
    columns = connection.table("columns", database="information_schema")
    own = columns.filter(
        columns.table_schema == connection.current_database,
        columns.data_type == _OF_THE_DATABASE,
        columns.table_name.isin([*tables]),
    )
    made: dict[str, dict[str, ir.Value]] = {}
    for one in own.select("table_name", "column_name").to_pyarrow().to_pylist():
        column = tables[one["table_name"]][one["column_name"]]
        if column.type().is_string():
            # Ibis itself leaves out a cast from text to text.
            text = ops.Cast(column, "string").to_expr()
            made.setdefault(one["table_name"], {})[one["column_name"]] = text
    return {
        name: table.mutate(**made[name]) if name in made else table
        for name, table in tables.items()
    }


def _opened(
    connection: BaseBackend,
    tables: MappingType[str, ir.Table],
    rules: Mapping | None,
    name: str,
    memory_limit: str | None,
) -> Data:
    """Return data where they are; those of SQLite in a new store, removed when reading fails."""
    from marketing_kpi.data.dialects import fit

    fit(connection)
    if connection.name != "sqlite":
        return _lazy_data(connection, tables, rules, name)
    store = open_store(memory_limit=memory_limit)
    try:
        data = _lazy_data(store.backend, copied(tables, connection, store), rules, name)
    except BaseException:
        store.close()
        raise
    return replace(data, on_close=(store.close,))


def _lazy_data(
    connection: BaseBackend,
    tables: MappingType[str, ir.Table],
    rules: Mapping | None,
    name: str,
) -> Data:
    """Return data whose tables stay where they are, as lazy expressions."""
    found: dict[str, ir.Table] = {}
    findings: list[Finding] = []
    if rules is not None and rules.kind != "tables":
        told = apart({table: table for table in tables}, rules, where=name)
        where = only_one(told, where=name)
        found, findings = _lazy_flat(tables[where], rules, where, connection)
        findings += map(ignored, told.others)
        for canonical, other in told.beside.items():
            refuse_both(canonical, found, where=name)
            beside = beside_rules(rules)
            found[canonical], noticed = _lazy_table(tables[other], canonical, beside, connection)
            findings += noticed
    else:
        for canonical, table in by_table(tables).items():
            found[canonical], noticed = _lazy_table(table, canonical, rules, connection)
            findings += noticed
    complete, derived = with_amount(found)
    ordered = {table: complete[table] for table in TABLES if table in complete}
    kept = without_known_refunds(findings, ordered)
    return Data(connection, ordered, (*kept, *derived), False, name)


def _lazy_table(
    table: ir.Table, name: str, rules: Mapping | None, backend: BaseBackend
) -> tuple[ir.Table, list[Finding]]:
    model = TABLES[name]
    raw = Raw(name, tuple(table.columns), name)
    renamed = rules.tables.get(name, {}) if rules is not None else {}
    named = match_columns(model, raw.columns, where=name)
    matched: dict[str, tuple[str, ...]] = {column: (source,) for column, source in named.items()}
    matched |= all_found(renamed, raw)
    taken = {column: sources[0] for column, sources in matched.items()}
    require(model.required, taken, raw.columns, where=name)
    findings = list(misspelt_findings(model.names, taken, raw))
    targets = table_targets(raw, model, matched, rules)
    read, noticed = read_texts(table, targets, backend, where=name)
    types = {column.name: column.type for column in model.columns}
    typed, repaired = conform(read, types, where=name)
    complete, dropped = complete_rows(typed, model, raw)
    complete, signed = positive_returns(complete, model, raw)
    findings += [*noticed, *repaired, *dropped, *signed]
    if name in KEYED_ONCE:
        complete, dropped = keyed_once(complete, model, raw)
        findings += dropped
    findings += unread_in(complete, name, matched, where=name)
    return complete, findings


def _lazy_flat(
    table: ir.Table, rules: Mapping, where: str, backend: BaseBackend
) -> tuple[dict[str, ir.Table], list[Finding]]:
    raw = Raw(where, tuple(table.columns), where)
    types = flat_types(rules.kind)
    targets = flat_targets(raw, rules, types)
    read, noticed = read_texts(table, targets, backend, where=where)
    typed, repaired = conform(read, types, where=where)
    blank = blank_rows(typed, where)
    filled = typed.filter(~is_blank(typed)) if blank else typed
    single, copies = _copies(filled, copies_action(rules), where)
    left = (*blank, *(finding for finding in copies if finding.level == "dropped"))
    dropped = sum(finding.count for finding in left)
    whole = with_constants(single, rules, types)
    parts = split(whole, rules, where=where, dropped_before=dropped)
    if rules.kind == "orders":
        refuse_shared_ids(parts.tables["orders"], raw)
    return dict(parts.tables), [*noticed, *repaired, *blank, *copies, *parts.findings]


def _copies(rows: ir.Table, action: str, where: str) -> tuple[ir.Table, list[Finding]]:
    """Count the rows that copy another in every column, and leave them out if asked."""
    groups = rows.group_by(list(rows.columns)).aggregate(**{_TIMES: lambda each: each.count()})
    repeated = groups.filter(groups[_TIMES] > 1)
    copies = repeated.aggregate(n=(repeated[_TIMES] - 1).sum()).to_pyarrow().to_pylist()[0]["n"]
    if not copies:
        return rows, []
    total = int(rows.count().to_pyarrow().as_py())
    found = repeated.order_by(list(rows.columns)).limit(EXAMPLES).drop(_TIMES).to_pyarrow()
    examples = shown(found.to_pylist())
    if action == "drop":
        finding = Finding("duplicate_rows_dropped", "dropped", where, None, copies, total, examples)
        return rows.distinct(), [finding]
    return rows, [Finding("duplicate_rows", "suspicious", where, None, copies, total, examples)]


def by_table(given: MappingType[str, Any]) -> dict[str, Any]:
    """Return tables by canonical name; a name that is none of the model's is refused."""
    named: dict[str, Any] = {}
    for name, table in given.items():
        canonical = table_of(name)
        if canonical is None:
            message, hint = unknown("table", name, TABLES)
            raise SourceError(message, hint=hint)
        if canonical in named:
            raise SourceError(f"table '{canonical}' is given twice", hint="give each table once")
        named[canonical] = table
    return named


def _table_names(connection: BaseBackend) -> list[str]:
    with warnings.catch_warnings():
        # Ibis 12 lists the tables of DuckDB by a call that DuckDB 1.5 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        return sorted(connection.list_tables())


def need_some_table(tables: MappingType[str, object], where: str, names: list[str]) -> None:
    """Refuse a source of which no table has a name of the model."""
    if not tables:
        raise SourceError(
            f"{where} has no table of the model (found: {', '.join(names[:8]) or 'none'})",
            hint=f"the tables are called {', '.join(TABLES)}; only orders is required",
        )
