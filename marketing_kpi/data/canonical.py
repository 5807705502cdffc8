"""One relation as a source wrote it, made canonical: named, typed, complete, split if flat."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from marketing_kpi.data.cleaning import Target, clean
from marketing_kpi.data.conform import conform, line_value
from marketing_kpi.data.dates import Written
from marketing_kpi.data.mapping import LEAVE_MARK, RETURN_MARK, Format, Mapping, flat_types
from marketing_kpi.data.model import DECIMAL, FLOAT, TABLES, Finding, Table
from marketing_kpi.data.names import match_columns, misspelt, require, simplified
from marketing_kpi.data.reading import EXAMPLES, PART, Raw
from marketing_kpi.data.store import Store, quote
from marketing_kpi.data.transactions import (
    blank_rows,
    duplicates,
    in_several_parts,
    of_a_sale,
    split,
    with_constants,
)
from marketing_kpi.data.unread import unread_in
from marketing_kpi.errors import ColumnError, MappingError, SourceError, suggest

if TYPE_CHECKING:
    import ibis.expr.types as ir

# What an amount is made of; also what tells a file of sale lines from a file of orders.
LINE_COLUMNS = ("quantity", "unit_price")


# What reading leaves out are whole rows in these findings, and values in others.
_WHOLE_ROWS = (
    *("broken_rows", "long_rows", "too_few_fields", "too_many_fields"),
    *("duplicate_rows_dropped", "blank_rows"),
)

# What came back, which some systems write below zero.
_RETURNED = ("quantity", "refund_amount")

# Tables in which a repeated key would count the same sale twice.
KEYED_ONCE = ("orders", "order_lines")


@dataclass(frozen=True)
class Tables:
    """Tables read into a store, with what reading found."""

    tables: dict[str, ir.Table]
    findings: list[Finding]
    dates: Written | None = None
    """How the dates of the extract, or of the orders, are written."""
    has_single_orders: bool = False
    """Whether reading made sure that no order stands on two rows of the orders."""

    def joined_by(self, other: Tables) -> Tables:
        """Return these tables and others; the dates of the first that tells are those of all."""
        return Tables(
            self.tables | other.tables,
            [*self.findings, *other.findings],
            self.dates or other.dates,
            self.has_single_orders or other.has_single_orders,
        )


def one_table(
    raw: Raw, store: Store, name: str, rules: Mapping | None, elsewhere: Written | None = None
) -> Tables:
    """Make one canonical table of a raw relation, its dates as those elsewhere where none tells."""
    table = TABLES[name]
    renamed = rules.tables.get(name, {}) if rules is not None else {}
    chosen = all_found(renamed, raw)
    named = match_columns(table, raw.columns, where=raw.where)
    matched: dict[str, tuple[str, ...]] = {name: (source,) for name, source in named.items()}
    matched |= chosen
    taken = {column: sources[0] for column, sources in matched.items()}
    hint = _elsewhere(raw, table.names)
    require(table.required, taken, raw.columns, where=raw.where, hint=hint)
    _refuse_repeated(raw, taken.values())
    targets = table_targets(raw, table, matched, rules)
    # A file called after no table is read as orders, and may hold lines.
    names = [*table.names, *(LINE_COLUMNS if name == "orders" else ())]
    findings = [*raw.findings, *misspelt_findings(names, taken, raw)]
    relation = f"{name}_read"
    cleaned = clean(raw, targets, store, relation, format_of(rules), elsewhere)
    findings += cleaned.findings
    typed, found = conform(
        store.backend.table(relation),
        {column.name: column.type for column in table.columns},
        where=name,
    )
    findings += [_at(finding, name, raw) for finding in found]
    complete, dropped = complete_rows(typed, table, raw)
    findings += dropped
    complete, signed = positive_returns(complete, table, raw)
    findings += signed
    if name in KEYED_ONCE and not raw.is_canonical:
        complete, dropped = keyed_once(complete, table, raw)
        findings += dropped
    if not raw.is_canonical:
        findings += unread_in(complete, name, matched, where=raw.where)
    is_single = name == "orders" and not raw.is_canonical
    return Tables({name: complete}, findings, cleaned.dates, is_single)


def table_targets(
    raw: Raw, table: Table, matched: MappingType[str, tuple[str, ...]], rules: Mapping | None
) -> list[Target]:
    """Return the columns to make of a table: those of the model, then the others."""
    values = rules.values if rules is not None else {}
    targets = [
        Target(
            column.name, column.type, matched[column.name], column.values, values.get(column.name)
        )
        for column in table.columns
        if column.name in matched
    ]
    return targets + _extras(raw, [one for sources in matched.values() for one in sources], table)


def _extras(raw: Raw, used: list[str], table: Table) -> list[Target]:
    extras = []
    for source in raw.columns:
        if source in used:
            continue
        if source in table.names:
            raise MappingError(
                f"{raw.where}: the mapping gives another column for '{source}', which the source "
                "also has",
                hint=f"rename the source's '{source}', or leave it out of the mapping",
            )
        extras.append(Target(source, None, (source,)))
    return extras


def all_found(columns: MappingType[str, tuple[str, ...]], raw: Raw) -> dict[str, tuple[str, ...]]:
    """Return the source columns that the mapping gives; all must be there."""
    used = {source for sources in columns.values() for source in sources}
    free = [source for source in raw.columns if source not in used]
    return {name: _found(sources, raw, name, free) for name, sources in columns.items()}


def _found(sources: tuple[str, ...], raw: Raw, column: str, free: Sequence[str]) -> tuple[str, ...]:
    """Return the sources of a column; of those that no other column has, one may be meant."""
    _refuse_repeated(raw, sources)
    for source in sources:
        if source not in raw.columns:
            close = suggest(source, free)
            question = f"; did you mean '{close}'?" if close else ""
            raise MappingError(
                f"{raw.where} has no column '{source}', which the mapping gives for "
                f"'{column}'{question}",
                hint=_elsewhere(raw, sources) or f"its columns: {', '.join(raw.columns)}",
            )
    return sources


def _refuse_repeated(raw: Raw, used: Iterable[str]) -> None:
    """Refuse to use a column of which the source has several."""
    for name in used:
        if name.casefold() in raw.repeated:
            raise ColumnError(
                f"{raw.where}: the header has the column '{name}' more than once",
                hint="give each a name of its own; which one is meant cannot be guessed",
            )


def _elsewhere(raw: Raw, names: Iterable[str]) -> str | None:
    """Return a hint that says where the names of the columns may be, None without an idea."""
    if line := _other_header(raw, names):
        return line
    shown = ", ".join(raw.columns)
    if len([name for name in raw.columns if _VALUE.fullmatch(name)]) >= _FEWEST_VALUES:
        return (
            f"the first row looks like data ({shown}): put a row with the names of the columns "
            "above it"
        )
    if raw.other_sheets:
        return (
            f"the columns found are: {shown}. Another sheet may hold the table "
            f"({', '.join(raw.other_sheets)}): choose it in a mapping, "
            f"format: {{sheet: {raw.other_sheets[0]}}}"
        )
    return None


# A number, a price or a date is no name of a column; one year, such as 2025, may be.
_VALUE = re.compile(r"[-+]?\d[\d\s.,:/TZ-]*")
_FEWEST_VALUES = 2


def _other_header(raw: Raw, names: Iterable[str]) -> str | None:
    """Return a hint that says on which line the names of the columns seem to be."""
    wanted = {simplified(name) for name in names}

    def found(cells: Sequence[str]) -> int:
        return len(wanted & {simplified(cell) for cell in cells})

    best = max(range(len(raw.top)), key=lambda line: found(raw.top[line]), default=None)
    if best is None or found(raw.top[best]) <= found(raw.columns):
        return None
    return (
        f"the names of the columns seem to be on line {best + 1}: say so in the mapping, "
        f"format: {{header_row: {best + 1}}}"
    )


def misspelt_findings(
    names: Iterable[str], matched: MappingType[str, str], raw: Raw
) -> Iterator[Finding]:
    """Say which extra columns look like a canonical one that is missing."""
    for source, column in misspelt(names, matched, raw.columns).items():
        yield Finding("misspelt_column", "suspicious", raw.where, source, details={"meant": column})


def _at(finding: Finding, table: str, raw: Raw) -> Finding:
    return replace(finding, table=raw.where) if finding.table == table else finding


def complete_rows(typed: ir.Table, table: Table, raw: Raw) -> tuple[ir.Table, list[Finding]]:
    """Leave out rows without a required value; refuse a table of orders without any row."""
    required = [typed[name].notnull() for name in table.required]
    counts = {"rows_of_table": typed.count()}
    if required:
        whole = required[0]
        for condition in required[1:]:
            whole = whole & condition
        counts["complete"] = whole.sum()
    row = typed.aggregate(**counts).to_pyarrow().to_pylist()[0]
    total = row["rows_of_table"]
    if not total:
        return typed, [_no_row(table, raw)]
    missing = total - (row.get("complete", total) or 0)
    if not missing:
        return typed, []
    if missing == total:
        raise ColumnError(
            f"{raw.where}: no row has both {' and '.join(table.required)}",
            hint="check that these are the right columns",
        )
    examples = typed.filter(~whole).select(*table.required).limit(5).to_pyarrow().to_pylist()
    shown = tuple({key: value and str(value) for key, value in each.items()} for each in examples)
    finding = Finding("rows_incomplete", "dropped", raw.where, None, missing, total, shown)
    return typed.filter(whole), [finding]


def positive_returns(rows: ir.Table, table: Table, raw: Raw) -> tuple[ir.Table, list[Finding]]:
    """Return returns as positive numbers, whichever sign the source gives them.

    A column without a value above zero has its sign turned. Of one with both signs nobody can
    tell what a negative value undoes: its rows are left out, or rates would be too low.
    """
    names = [name for name in _RETURNED if name in rows.columns]
    if table.name != "returns" or not names:
        return rows, []
    counts = {"total": rows.count()}
    counts |= {f"{name} below": (rows[name].cast(FLOAT) < 0).sum() for name in names}
    counts |= {f"{name} above": (rows[name].cast(FLOAT) > 0).sum() for name in names}
    row = rows.aggregate(**counts).to_pyarrow().to_pylist()[0]
    below = {name: int(row[f"{name} below"]) for name in names if row[f"{name} below"]}
    turned = [name for name in below if not row[f"{name} above"]]
    findings = [
        Finding("returns_turned", "repaired", raw.where, name, below[name], row["total"])
        for name in turned
    ]
    positive = rows.mutate(**{name: (-rows[name]).cast(rows[name].type()) for name in turned})
    for name in [name for name in below if name not in turned]:
        shown = _first_negative(positive, name)
        positive = positive.filter(positive[name].isnull() | (positive[name].cast(FLOAT) >= 0))
        findings.append(
            Finding(
                "returns_of_both_signs",
                "dropped",
                raw.where,
                name,
                below[name],
                row["total"],
                shown,
            )
        )
    return positive, findings


def _first_negative(rows: ir.Table, name: str) -> tuple[dict[str, str], ...]:
    negative = rows.filter(rows[name].cast(FLOAT) < 0).select(name).order_by(name).limit(EXAMPLES)
    return tuple({name: str(row[name])} for row in negative.to_pyarrow().to_pylist())


def keyed_once(rows: ir.Table, table: Table, raw: Raw) -> tuple[ir.Table, list[Finding]]:
    """Leave out exact copies of a row; refuse orders that share an id and differ."""
    if not all(name in rows.columns for name in table.key):
        return rows, []
    keyed = rows.group_by(list(table.key)).aggregate(times=rows.count())
    repeated = keyed.filter(keyed.times > 1)
    if not repeated.count().execute():
        return rows, []
    total = int(rows.count().execute())
    single = rows.distinct()
    copies = total - int(single.count().execute())
    if table.name == "orders":
        refuse_shared_ids(single, raw)
    if not copies:
        return rows, []
    shown = repeated.order_by(list(table.key)).limit(EXAMPLES).to_pyarrow().to_pylist()
    finding = Finding(
        "duplicate_rows_dropped", "dropped", raw.where, None, copies, total, tuple(shown)
    )
    return single, [finding]


def refuse_shared_ids(orders: ir.Table, raw: Raw) -> None:
    """Refuse orders of which two rows have one id."""
    keyed = orders.group_by("order_id").aggregate(times=orders.count())
    shared = keyed.filter(keyed.times > 1)
    counted = int(shared.count().execute())
    if counted:
        first = shared.order_by(shared.times.desc(), "order_id").limit(1).to_pyarrow().to_pylist()
        raise SourceError(
            f"{raw.where}: order_id '{first[0]['order_id']}' stands on {first[0]['times']} rows "
            f"that differ, and {counted} order ids in all are repeated; a row an order is expected",
            hint="if a row is a sale line, give a mapping with kind: lines; if the amount of an "
            "order is split over rows, map it as line_amount; if rows are successive states of an "
            "order, keep the last one",
        )


def _no_row(table: Table, raw: Raw) -> Finding:
    if table.name == "orders":
        raise SourceError(
            f"{raw.where} has the names of its columns and no row of data",
            hint="check the dates or filters of the export",
        )
    return Finding("empty_table", "suspicious", raw.where)


def flat_extract(raw: Raw, store: Store, rules: Mapping) -> Tables:
    """Make orders, order_lines and returns of a flat extract."""
    types = flat_types(rules.kind)
    targets = flat_targets(raw, rules, types)
    if raw.part is not None:
        targets.append(Target(PART, None, (raw.part,)))
    cleaned = clean(raw, targets, store, "extract_read", rules.format)
    findings = [*raw.findings, *cleaned.findings]
    typed, found = conform(store.backend.table("extract_read"), types, where="extract")
    findings += [_at(finding, "extract", raw) for finding in found]
    flat, relation = _stored(store, "extract_read", typed)
    if relation != "extract_read":
        store.drop("extract_read")
    findings += blank_rows(flat, raw.where)
    if findings and findings[-1].code == "blank_rows":
        # Deleted, not filtered: the other rows keep their number in the file.
        kinds = store.types(relation)
        nothing = " AND ".join(
            f"{quote(name)} IS NULL"
            if kinds[name] in ("VARCHAR", "TIMESTAMP")
            else f"coalesce({quote(name)}, 0) = 0"
            for name in of_a_sale(flat)
        )
        store.execute(f"DELETE FROM {quote(relation)} WHERE {nothing}")
    copies = duplicates(store, relation, copies_action(rules), raw.where)
    findings += copies
    if raw.part is not None:
        read = [name for name in types if name in flat.columns and name != "line_id"]
        findings += in_several_parts(store, relation, read, copies, raw.where)
    if not flat.count().to_pyarrow().as_py():
        _no_row(TABLES["orders"], raw)
    dropped = sum(found.count for found in findings if found.code in _WHOLE_ROWS)
    if "line_id" not in flat.columns:
        # The number of the row in its file: what someone who looks for the line needs.
        flat = flat.mutate(line_id=(flat.rowid() + (raw.first_row or 1)).cast("string"))
    whole = with_constants(flat.drop(PART) if raw.part is not None else flat, rules, types)

    def keep(name: str, rows: ir.Table) -> ir.Table:
        kept = store.backend.create_table(f"extract_{name}", rows)
        if name == "rows":
            store.drop(relation)
        return kept

    parts = split(whole, rules, where=raw.where, dropped_before=dropped, keep=keep)
    if rules.kind == "orders":
        refuse_shared_ids(parts.tables["orders"], raw)
    return Tables(parts.tables, [*findings, *parts.findings], cleaned.dates, True)


def copies_action(rules: Mapping) -> str:
    """Return what to do with rows that are the same in every column."""
    # An order written twice counts once; two equal lines may be two sales.
    return "drop" if rules.kind == "orders" else rules.duplicates


def flat_targets(raw: Raw, rules: Mapping, types: MappingType[str, str]) -> list[Target]:
    """Return the columns to make of a flat extract: those of the mapping, then the others."""
    given = rules.read_columns
    columns = all_found(given, raw)
    for mark, key, source in (
        (RETURN_MARK, "returns.column", rules.returns.column),
        (LEAVE_MARK, "leave_out.column", rules.leave_out.column),
    ):
        if source is not None:
            columns[mark] = _found((source,), raw, key, raw.columns)
    used = {source for sources in rules.columns.values() for source in sources}
    clash = [source for source in raw.columns if source not in used and source in columns]
    if clash:
        raise MappingError(
            f"{raw.where}: the mapping gives another column for '{clash[0]}', which the source "
            "also has",
            hint=f"give '{clash[0]}' a name of its own in the mapping",
        )
    known = {column.name: column.values for column in TABLES["orders"].columns}
    order = {name: position for position, name in enumerate(types)}
    targets = [
        Target(
            name,
            types.get(name),
            sources,
            known.get(name, ()),
            rules.values.get(name),
            rules.own_parts if name == "order_id" else (),
        )
        for name, sources in sorted(
            columns.items(), key=lambda item: order.get(item[0], len(order))
        )
    ]
    extras = [source for source in raw.columns if source not in used]
    return targets + [Target(_free_name(source), None, (source,)) for source in extras]


def _free_name(source: str) -> str:
    """Return the name of an extra column; the engine keeps one for the position of rows."""
    return f"{source}_" if source.casefold() == "rowid" else source


def _stored(store: Store, relation: str, typed: ir.Table) -> tuple[ir.Table, str]:
    """Return a table of the store: rows have a position there, which a view does not give."""
    kinds = {row["name"]: row["type"] for row in store.relations()}
    if kinds[relation] == "BASE TABLE" and typed.equals(store.backend.table(relation)):
        return typed, relation
    return store.backend.create_table("extract_typed", typed), "extract_typed"


def with_amount(tables: dict[str, ir.Table]) -> tuple[dict[str, ir.Table], list[Finding]]:
    """Return the tables with orders.amount, made of the lines when orders come without it."""
    orders, lines = tables.get("orders"), tables.get("order_lines")
    if orders is None or lines is None or "amount" in orders.columns:
        return tables, []
    if not set(LINE_COLUMNS) <= set(lines.columns):
        return tables, []
    sums = lines.group_by("order_id").aggregate(
        amount=line_value(lines.quantity, lines.unit_price).sum().cast(DECIMAL)
    )
    joined = orders.left_join(sums, "order_id").drop("order_id_right")
    canonical = [name for name in TABLES["orders"].names if name in joined.columns]
    extra = [name for name in joined.columns if name not in canonical]
    found = Finding("amount_derived", "info", "orders", "amount")
    return tables | {"orders": joined.select(*canonical, *extra)}, [found]


def format_of(rules: Mapping | None) -> Format:
    """Return how files are written, as far as the mapping says."""
    return rules.format if rules is not None else Format()
