"""Opens a client's data, whatever holds them, as the canonical tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from collections.abc import Mapping as MappingType
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marketing_kpi.data import formats
from marketing_kpi.data.beside import (
    OF_THE_EXTRACT,
    apart,
    beside_rules,
    ignored,
    only_one,
    refuse_both,
)
from marketing_kpi.data.canonical import (
    LINE_COLUMNS,
    Tables,
    flat_extract,
    format_of,
    misspelt_findings,
    one_table,
    with_amount,
)
from marketing_kpi.data.connections import (
    as_connection,
    by_table,
    connect,
    expanded_url,
    need_some_table,
    open_connection,
    open_expressions,
)
from marketing_kpi.data.mapping import Format, Mapping, flat_types, read_mapping
from marketing_kpi.data.model import TABLES, Data, Finding
from marketing_kpi.data.names import misspelt, require, simplified, table_of
from marketing_kpi.data.parts import (
    filled_sheets,
    ignored_sheets,
    is_readable,
    part_files,
    read_entry,
    read_parts,
)
from marketing_kpi.data.reading import Raw, read_frame
from marketing_kpi.data.sharing import opened_once
from marketing_kpi.data.store import DERIVED, Store, literal, open_store, quote
from marketing_kpi.data.unread import without_known_refunds
from marketing_kpi.errors import SourceError, suggest

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
# What DuckDB says of a file that another process holds, here and on Windows, or another connection.
_IN_USE = re.compile("conflicting lock|used by another process|already attached", re.IGNORECASE)


def open_data(
    source: object,
    *,
    mapping: Mapping | MappingType[str, Any] | str | Path | None = None,
    memory_limit: str | None = None,
) -> Data:
    """Open data as canonical tables: names, types and keys as `data/README.md` declares them.

    Everything that is dropped, repaired or doubtful on the way is a finding of the result;
    nothing is changed at the source.

    Parameters
    ----------
    source
        Path of a CSV, TSV (also gzipped), Excel, Parquet or DuckDB file; a folder of them, a file
        a table named as the table (or a folder a table, of parts of one kind); a folder of the
        parts of one table or flat extract; a workbook whose sheets are named as tables; a
        dictionary of pandas or Ibis tables by name; an Ibis connection or its URL (`${NAME}` is
        read from the environment); "demo", "sample:cdnow" or "sample:complete_journey".

        What is on a connection stays there: it is read once, to count what is repaired or left
        out, and its text is read where it is plain (2025-12-31, 1234.5). Tables of SQLite, which
        lacks what the formulas need, are copied into the embedded engine first.
    mapping
        What the columns are, and how rows are understood: a YAML file, a dictionary or a
        `marketing_kpi.data.mapping.Mapping`. Needed for a flat extract whose columns have
        names of their own.
    memory_limit
        What the engine may take, such as "500MB"; larger files stream through the disk.

    Returns
    -------
    Data
        `.orders` and whatever else the source has, `.findings`, `.connection`. Close it, or use
        it in a `with`, to remove what it keeps in a temporary folder.

    Raises
    ------
    SourceError
        The source does not exist, is not what its name says, or changed while it was read. Parquet
        files are read where they are by every question, which raises this if one was replaced.
    EngineError
        The engine lacked memory or disk, or the connection was lost. So does every later question
        on data that were opened from files, from tables or by a URL.
    ColumnError
        A required column is missing, is there twice, or holds nothing of its type.
    MappingError
        The mapping is not valid, or names columns that the source does not have.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({
    ...     "Order ID": ["A1", "A2"],
    ...     "customer_id": [17850.0, None],
    ...     "ordered_at": ["25/12/2025", "26/12/2025"],
    ...     "amount": ["12,50 €", "1 099,00 €"],
    ... })
    >>> data = open_data({"orders": orders})
    >>> data.orders.order_by("order_id").select("customer_id", "amount").to_pyarrow().to_pylist()
    [{'customer_id': '17850', 'amount': Decimal('12.5000')},
     {'customer_id': None, 'amount': Decimal('1099.0000')}]
    >>> for finding in data.findings:
    ...     print(finding.text("en"))
    orders.ordered_at: dates are written like '31/12/2025' × 2
    orders.amount: numbers read with a decimal comma; written with decimal commas × 2,
    spaces between thousands × 1, currencies × 2
    orders.customer_id: identifiers written as decimal numbers (17850.0) read as 17850
    in 1 row of 2 (50.0%)
    >>> data.close()
    """
    rules = read_mapping(mapping)
    if isinstance(source, Data):
        return source
    import pandas as pd

    if isinstance(source, pd.DataFrame):
        source = {"orders": source}
    if isinstance(source, MappingType):
        return _open_tables(source, rules, memory_limit)
    if isinstance(source, str | Path):
        return opened_once(
            source, rules, memory_limit, lambda: _open_named(source, rules, memory_limit)
        )
    connection = as_connection(source)
    return open_connection(connection, rules, "Ibis connection", memory_limit, owned=False)


def _open_named(source: str | Path, rules: Mapping | None, memory_limit: str | None) -> Data:
    if source == "demo":
        from marketing_kpi.data.demo import demo

        return demo()
    text = str(source)
    if text.startswith("sample:"):
        from marketing_kpi.data.samples import open_sample

        return open_sample(text.removeprefix("sample:"))
    if _URL.match(text):
        return _open_url(text, rules, memory_limit)
    return _open_path(Path(text).expanduser(), rules, memory_limit)


def _open_url(url: str, rules: Mapping | None, memory_limit: str | None) -> Data:
    engine, _, address = url.partition("://")
    if engine.lower() not in ("duckdb", "sqlite"):
        return connect(url, rules, memory_limit)
    path = Path(expanded_url(address)[0].partition("?")[0])
    if engine.lower() == "duckdb":
        return _open_path(path, rules, memory_limit)
    # SQLite makes an empty database where there is none.
    _check_exists(path)
    return connect(url, rules, memory_limit)


def _open_path(path: Path, rules: Mapping | None, memory_limit: str | None) -> Data:
    _check_exists(path)
    if path.is_dir():
        return _within_store(memory_limit, path.name, _read_folder, path, rules)
    if formats.kind_of(path) == "duckdb":
        return _within_store(memory_limit, path.name, _read_database, path, rules)
    return _within_store(memory_limit, path.name, _read_single, path, rules)


def _check_exists(path: Path) -> None:
    try:
        if path.exists():
            return
        near = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    except PermissionError as error:
        raise SourceError(
            f"{path} cannot be read: permission denied",
            hint="give your account the right to read it, or copy it elsewhere",
        ) from error
    close = suggest(path.name, near)
    question = f"; did you mean '{close}'?" if close else ""
    where = "" if path.parent.is_dir() else f" (nor does the folder {path.parent})"
    raise SourceError(f"{path} does not exist{where}{question}", hint="check the path and its case")


def _within_store(
    memory_limit: str | None, name: str, read: Callable[..., Tables], *arguments: Any
) -> Data:
    """Read into a new store, which is removed at once when reading fails."""
    store = open_store(memory_limit=memory_limit)
    try:
        found = read(store, *arguments)
        tables, derived = _completed(found.tables, store)
        if found.has_single_orders:
            store.backend.single_orders = "orders"
    except BaseException:
        store.close()
        raise
    findings = (*without_known_refunds(found.findings, tables), *derived)
    return Data(store.backend, tables, findings, False, name, (store.close,))


def _read_single(store: Store, path: Path, rules: Mapping | None) -> Tables:
    how = format_of(rules)
    if rules is not None and rules.kind != "tables":
        if formats.kind_of(path) == "excel":
            return _flat_workbook(store, path, rules)
        return flat_extract(read_entry(path, store, "source_rows", how), store, rules)
    if formats.kind_of(path) == "excel" and how.sheet is None:
        sheets = filled_sheets(path)
        named = _by_table({sheet: sheet for sheet in sheets}, path.name, "sheets")
        if not {"orders", "order_lines"}.isdisjoint(named):
            ignored = ignored_sheets(path, [name for name in sheets if name not in named.values()])
            entries = {
                table: (path, how.model_copy(update={"sheet": sheet}))
                for table, sheet in named.items()
            }
            return _read_tables(store, entries, rules, path.name, [*ignored])
    raw = read_entry(path, store, "source_rows", how)
    return _by_content(raw, store, table_of(_stem(path)), rules)


def _flat_workbook(store: Store, path: Path, rules: Mapping) -> Tables:
    """Read the extract of a workbook, its first sheet if none is named, and the tables beside."""
    sheets = filled_sheets(path)
    wanted = rules.format.sheet or rules.table or sheets[0]
    chosen = next((name for name in sheets if simplified(name) == simplified(wanted)), wanted)
    own = rules.format.model_copy(update={"sheet": chosen})
    raw = read_entry(path, store, "source_rows", own)
    told = apart(
        {sheet: sheet for sheet in sheets},
        rules.model_copy(update={"table": chosen}),
        where=path.name,
    )
    if rules.format.sheet is None and rules.table is None:
        raw = raw.noticing(*ignored_sheets(path, told.others))
    found = flat_extract(raw, store, rules)
    for table, sheet in told.beside.items():
        how = beside_rules(rules).format.model_copy(update={"sheet": sheet})
        entry = read_entry(path, store, f"{table}_rows", how)
        found = _with_beside(found, table, entry, store, rules, path.name)
    return found


def _with_beside(
    found: Tables, table: str, raw: Raw, store: Store, rules: Mapping, where: str
) -> Tables:
    """Add a canonical table that stands beside a flat extract."""
    refuse_both(table, found.tables, where=where)
    read = one_table(raw, store, table, beside_rules(rules), found.dates)
    return found.joined_by(read)


def _by_table(names: MappingType[str, str], where: str, what: str) -> dict[str, str]:
    """Return by table those of `names` (each with what it is called) that name one."""
    named: dict[str, str] = {}
    for each, called in names.items():
        table = table_of(called)
        if table is None:
            continue
        if table in named:
            raise SourceError(
                f"{where} has two {what} for the table '{table}': {named[table]} and {each}",
                hint="keep one; parts of one table go in a folder of its own: "
                f"{table}/part-1.parquet",
            )
        named[table] = each
    return named


def _read_tables(
    store: Store,
    entries: MappingType[str, tuple[Path, Format]],
    rules: Mapping | None,
    where: str,
    findings: list[Finding],
) -> Tables:
    """Read files, each the table it is given for, or the lines of a sale when they are alone."""
    found = Tables({}, findings)
    for name in _orders_first(entries):
        entry, how = entries[name]
        raw = read_entry(entry, store, f"{name}_rows", how)
        if name == "order_lines" and "orders" not in entries:
            found = found.joined_by(_by_content(raw, store, name, rules))
        else:
            found = found.joined_by(one_table(raw, store, name, rules, found.dates))
    if "orders" not in found.tables and "order_lines" in found.tables:
        raise SourceError(
            f"{where} has order_lines and no orders",
            hint="add orders (order_id, ordered_at), or give a mapping if the lines hold them",
        )
    return found


def _orders_first(names: Iterable[str]) -> list[str]:
    """Return the tables to read: the orders, whose dates tell how others are written, first."""
    return sorted(names, key=lambda name: name not in ("orders", "order_lines"))


def _stem(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).stem


def _by_content(raw: Raw, store: Store, name: str | None, rules: Mapping | None) -> Tables:
    """Make the table that a file is called after, or the orders and lines that it holds."""
    if name not in (None, "orders") and not _is_orders(raw):
        return one_table(raw, store, name, rules)
    own_names = _own_names(raw, rules)
    if own_names is not None:
        known = {name: source for name, (source,) in own_names.columns.items()}
        names = {*TABLES["orders"].names, *TABLES["order_lines"].names}
        raw = raw.noticing(*misspelt_findings(sorted(names - {"amount"}), known, raw))
        return flat_extract(raw, store, own_names)
    return one_table(raw, store, "orders", rules)


def _is_orders(raw: Raw) -> bool:
    names = {simplified(name) for name in raw.columns}
    return {"orderid", "orderedat"} <= names


def _own_names(raw: Raw, rules: Mapping | None) -> Mapping | None:
    """Return the mapping of a flat extract that uses the canonical names, None if it is none."""
    types = flat_types("lines")
    by_simple = {simplified(name): name for name in types}
    matched: dict[str, tuple[str, ...]] = {
        by_simple[simplified(name)]: (name,)
        for name in raw.columns
        if simplified(name) in by_simple
    }
    if {"order_id", "ordered_at", *LINE_COLUMNS} <= matched.keys():
        values = rules.values if rules is not None else {}
        return Mapping(kind="lines", columns=matched, format=format_of(rules), values=values)
    _refuse_misspelt_lines(raw, {name: source for name, (source,) in matched.items()})
    return None


def _refuse_misspelt_lines(raw: Raw, matched: MappingType[str, str]) -> None:
    """Refuse orders without an amount, of whose lines a quantity or a price is misspelt."""
    has_amount = any(simplified(name) == "amount" for name in raw.columns)
    missing = [name for name in LINE_COLUMNS if name not in matched]
    if not has_amount and set(missing) == {*misspelt(missing, matched, raw.columns).values()}:
        require(missing, matched, raw.columns, where=raw.where)


def _read_folder(store: Store, folder: Path, rules: Mapping | None) -> Tables:
    try:
        entries = sorted(
            entry for entry in folder.iterdir() if not entry.name.startswith((".", "~"))
        )
    except PermissionError as error:
        raise SourceError(
            f"{folder} cannot be read: permission denied",
            hint="give your account the right to read it",
        ) from error
    readable = [entry for entry in entries if is_readable(entry)]
    if not readable:
        listed = ", ".join(entry.name for entry in entries[:5]) or "nothing"
        raise SourceError(
            f"{folder.name} holds no file that can be read (it holds {listed})",
            hint="expected: a file a table, such as orders.csv, orders.xlsx or orders.parquet",
        )
    if rules is not None and rules.kind != "tables":
        return _flat_folder(store, folder, readable, rules)
    called = {entry.name: _stem(entry) for entry in readable}
    named = _by_table(called, folder.name, "files")
    own = table_of(folder.name)
    if not named and own is not None and all(entry.is_file() for entry in readable):
        raw = read_parts(readable, store, "source_rows", format_of(rules), where=folder.name)
        return _by_content(raw, store, own, rules)
    if not named:
        names = ", ".join(entry.name for entry in readable[:5])
        raise SourceError(
            f"no file of {folder.name} has the name of a table (found: {names})",
            hint=f"rename them after the tables: {', '.join(TABLES)}; parts of one table go in a "
            "folder of its own: orders/part-1.csv",
        )
    findings = [ignored(entry.name) for entry in readable if entry.name not in named.values()]
    findings += [
        Finding("unread_file", "suspicious", entry.name)
        for entry in entries
        if entry not in readable and table_of(_stem(entry)) is not None
    ]
    files = {table: (folder / name, format_of(rules)) for table, name in named.items()}
    return _read_tables(store, files, rules, folder.name, findings)


def _flat_folder(store: Store, folder: Path, entries: list[Path], rules: Mapping) -> Tables:
    nested = _nested(folder)
    _refuse_nested(folder, nested, entries, rules)
    files = [entry for entry in entries if entry.is_file()]
    folders = [entry for entry in entries if entry not in files]
    # The parts of an extract may be in a folder of their own, with tables beside it.
    beside = [entry for entry in entries if table_of(_stem(entry)) not in (None, *OF_THE_EXTRACT)]
    is_apart = rules.table is not None or all(file in beside for file in files)
    together = entries if is_apart else [entry for entry in entries if entry in (*files, *beside)]
    called = {entry.name: _stem(entry) for entry in together}
    told = apart(called, rules, where=folder.name)
    aside = [
        Finding("ignored_folder", "suspicious", entry.name)
        for entry in folders
        if entry.name not in (*told.extract, *told.beside.values())
    ]
    aside += [Finding("ignored_folder", "suspicious", name) for name in nested]
    aside += [ignored(file.name) for file in files if file.name in told.others]
    parts = [folder / name for name in told.extract]
    if any(part.is_dir() for part in parts):
        own = folder / only_one(told, where=folder.name)
        parts = part_files(own)
        within = [entry.name for entry in sorted(own.iterdir()) if entry.is_dir()]
        aside += [Finding("ignored_folder", "suspicious", f"{own.name}/{name}") for name in within]
    if len(parts) > 1:
        needed = {source: name for name, sources in rules.columns.items() for source in sources}
        how = rules.format
        raw = read_parts(parts, store, "source_rows", how, where=folder.name, needed=needed)
    else:
        raw = read_entry(parts[0], store, "source_rows", rules.format)
    found = flat_extract(raw.noticing(*aside), store, rules)
    for table, name in told.beside.items():
        entry = read_entry(folder / name, store, f"{table}_rows", beside_rules(rules).format)
        found = _with_beside(found, table, entry, store, rules, folder.name)
    return found


def _nested(folder: Path) -> dict[str, list[str]]:
    """Return the folders that hold no file, only folders of files, each with the names of these."""
    found: dict[str, list[str]] = {}
    for own in sorted(each for each in folder.iterdir() if each.is_dir()):
        if own.name.startswith((".", "~", "_")) or is_readable(own):
            continue
        inner = [each.name for each in sorted(own.glob("*")) if each.is_dir() and is_readable(each)]
        if inner:
            found[own.name] = inner
    return found


def _refuse_nested(
    folder: Path,
    nested: MappingType[str, list[str]],
    entries: list[Path],
    rules: Mapping,
) -> None:
    """Refuse an extract of which each part is in a folder of its own, as ventes/2025/1.csv."""
    extracts = (None, *OF_THE_EXTRACT)
    is_free = rules.table is None and all(table_of(_stem(e)) not in extracts for e in entries)
    for name, inner in nested.items():
        is_wanted = rules.table is not None and simplified(rules.table) == simplified(name)
        if is_wanted or is_free:
            raise SourceError(
                f"{folder.name}: the folder '{name}' holds no file, only folders "
                f"({', '.join(inner[:5])})",
                hint=f"put the parts of the extract in one folder: {name}/{inner[0]}-1.csv",
            )


def _read_database(store: Store, path: Path, rules: Mapping | None) -> Tables:
    import duckdb

    try:
        store.execute(f"ATTACH {literal(str(path))} AS source (READ_ONLY)")
    except duckdb.Error as error:
        if _IN_USE.search(str(error)):
            raise SourceError(
                f"{path.name} is open for writing in another program or connection",
                hint="close it there, or open a copy; several can read one file at once",
            ) from error
        raise SourceError(
            f"{path.name} cannot be opened as a DuckDB database",
            hint=f"it is damaged, or made by a newer version of DuckDB than {duckdb.__version__}",
        ) from error
    listed = store.rows(
        "SELECT table_schema AS schema, table_name AS name FROM information_schema.tables "
        "WHERE table_catalog = 'source' ORDER BY 1, 2"
    )
    found = Tables({}, [])
    at = {f"{row['schema']}.{row['name']}": row for row in listed}
    if rules is not None and rules.kind != "tables":
        return _flat_database(store, path, at, rules)
    named = _by_table({place: row["name"] for place, row in at.items()}, path.name, "tables")
    unnamed = [row["name"] for place, row in at.items() if place not in named.values()]
    found.findings.extend(map(ignored, unnamed))
    for name in _orders_first(named):
        row = at[named[name]]
        raw = _database_raw(store, f"{name}_rows", row, f"{path.name}:{row['name']}")
        found = found.joined_by(one_table(raw, store, name, rules, found.dates))
    need_some_table(found.tables, path.name, [row["name"] for row in listed])
    return found


def _flat_database(
    store: Store, path: Path, at: MappingType[str, MappingType[str, Any]], rules: Mapping
) -> Tables:
    called = {place: str(row["name"]) for place, row in at.items()}
    told = apart(called, rules, where=path.name)
    chosen = only_one(told, where=path.name)
    raw = _database_raw(store, "source_rows", at[chosen], path.name)
    aside = [
        # Of the extract's own name, only the schema tells it apart.
        Finding("ignored_table", "suspicious", path.name, details={"name": place})
        if called[place] == called[chosen]
        else ignored(called[place])
        for place in told.others
    ]
    found = flat_extract(raw.noticing(*aside), store, rules)
    for table, place in told.beside.items():
        where = f"{path.name}:{called[place]}"
        entry = _database_raw(store, f"{table}_rows", at[place], where)
        found = _with_beside(found, table, entry, store, rules, path.name)
    return found


def _database_raw(store: Store, relation: str, row: MappingType[str, Any], where: str) -> Raw:
    import duckdb

    location = f"source.{quote(row['schema'])}.{quote(row['name'])}"
    try:
        store.execute(f"CREATE VIEW {quote(relation)} AS SELECT * FROM {location}")
    except duckdb.CatalogException as error:
        raise SourceError(
            f"{where}: the view '{row['name']}' reads a table that the database does not hold",
            hint="make a table of it: CREATE TABLE … AS SELECT * FROM the view, and open that",
        ) from error
    return Raw(relation, tuple(store.types(relation)), where)


def _completed(
    tables: MappingType[str, ir.Table], store: Store
) -> tuple[dict[str, ir.Table], list[Finding]]:
    """Derive the amount of orders where it is absent, and give every table its name."""
    derived, findings = with_amount(dict(tables))
    backend = store.backend
    named: dict[str, ir.Table] = {}
    for name in TABLES:
        if name not in derived:
            continue
        if findings and name == "orders":
            # Computed once; the view says what it was made of.
            view = backend.create_view(f"{name}{DERIVED}", derived[name])
            named[name] = backend.create_table(name, view)
        else:
            named[name] = backend.create_view(name, derived[name])
    return named, findings


def _open_tables(
    given: MappingType[Any, Any], rules: Mapping | None, memory_limit: str | None
) -> Data:
    import pandas as pd

    if not given:
        raise SourceError("no table given", hint="open_data({'orders': frame, …})")
    tables = {str(name): table for name, table in given.items()}
    if all(isinstance(table, pd.DataFrame) for table in tables.values()):
        data = _within_store(memory_limit, "tables in hand", _read_frames, tables, rules)
        return replace(data, from_pandas=True)
    return open_expressions(tables, rules, memory_limit)


def _read_frames(
    store: Store, frames: MappingType[str, pd.DataFrame], rules: Mapping | None
) -> Tables:
    if rules is not None and rules.kind != "tables":
        return _flat_frames(store, frames, rules)
    found = Tables({}, [])
    named = by_table(frames)
    for name in _orders_first(named):
        raw = read_frame(named[name], store, f"{name}_rows", where=name)
        found = found.joined_by(one_table(raw, store, name, rules, found.dates))
    return found


def _flat_frames(store: Store, frames: MappingType[str, pd.DataFrame], rules: Mapping) -> Tables:
    where = "the dictionary"
    told = apart({name: name for name in frames}, rules, where=where)
    chosen = only_one(told, where=where)
    raw = read_frame(frames[chosen], store, "source_rows", where=chosen)
    found = flat_extract(raw.noticing(*map(ignored, told.others)), store, rules)
    for table, name in told.beside.items():
        entry = read_frame(frames[name], store, f"{table}_rows", where=name)
        found = _with_beside(found, table, entry, store, rules, where)
    return found
