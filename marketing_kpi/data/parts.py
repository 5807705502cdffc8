"""A table that several files hold between them, and a workbook that holds several tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from marketing_kpi.data import formats
from marketing_kpi.data.model import Finding
from marketing_kpi.data.reading import PART, Raw, read_file, read_parquet, workbook
from marketing_kpi.data.store import Store, literal, located, quote
from marketing_kpi.errors import SourceError

if TYPE_CHECKING:
    from marketing_kpi.data.mapping import Format

_READ: tuple[formats.Kind, ...] = ("text", "excel", "parquet")


def is_readable(entry: Path) -> bool:
    """Return whether a file, or a folder by the files in it, is one that can be read."""
    if entry.is_dir():
        return bool(part_files(entry))
    return formats.KINDS.get(formats.suffix_of(entry)) in _READ


def part_files(folder: Path) -> list[Path]:
    """Return the files of a folder that can be read, by name."""
    return sorted(
        entry
        # Unlike iterdir, it does not stop at a folder that may not be listed.
        for entry in folder.glob("*")
        if entry.is_file() and not entry.name.startswith((".", "~", "_")) and is_readable(entry)
    )


def read_entry(entry: Path, store: Store, relation: str, how: Format) -> Raw:
    """Read a file, or the parts that a folder holds, as one raw relation."""
    if entry.is_dir():
        return read_parts(part_files(entry), store, relation, how, where=entry.name)
    raw = read_file(entry, store, relation, how)
    if formats.kind_of(entry) != "excel" or how.sheet is not None:
        return raw
    return raw.noticing(*ignored_sheets(entry, filled_sheets(entry)[1:]))


def read_parts(
    paths: Sequence[Path],
    store: Store,
    relation: str,
    how: Format,
    *,
    where: str,
    needed: Mapping[str, str] | None = None,
) -> Raw:
    """Read files that hold the rows of one table between them.

    Parameters
    ----------
    paths
        The files, all of one kind; their columns are matched by name.
    store, relation
        Where to put them, and under what name.
    how
        How they are written.
    where
        What to call them all in messages.
    needed
        Source columns that every part must have, with what they are for.

    Raises
    ------
    SourceError
        They are of several kinds, have no column in common, or one lacks a column that is needed.
    """
    kinds = {formats.kind_of(path) for path in paths}
    if len(kinds) > 1:
        raise SourceError(
            f"{where} holds files of several kinds: {', '.join(path.name for path in paths[:5])}",
            hint="keep parts of one kind in a folder: all CSV, all Excel or all Parquet",
        )
    named = f"{where}/*{formats.suffix_of(paths[0])}"
    if kinds == {"parquet"}:
        raw = read_parquet(paths, store, relation, where=named)
        columns = _parquet_columns(paths, store)
    else:
        parts = [
            read_file(path, store, f"{relation}_{number}", how)
            for number, path in enumerate(paths, start=1)
        ]
        raw = _joined(parts, [path.name for path in paths], store, relation, named)
        columns = {path.name: part.columns for path, part in zip(paths, parts, strict=True)}
    _check_needed(columns, needed or {})
    return raw.noticing(*_differing(columns, named))


def _joined(
    parts: Sequence[Raw], names: Sequence[str], store: Store, relation: str, where: str
) -> Raw:
    query = " UNION ALL BY NAME ".join(
        f"SELECT *, {literal(name)} AS {quote(PART)} FROM {quote(part.relation)}"
        for part, name in zip(parts, names, strict=True)
    )
    store.execute(f"CREATE TABLE {quote(relation)} AS {query}")
    for part in parts:
        store.drop(part.relation)
    decimals = {part.decimal for part in parts}
    return Raw(
        relation,
        tuple(name for name in store.types(relation) if name != PART),
        where,
        part=PART,
        decimal=decimals.pop() if len(decimals) == 1 else None,
        findings=tuple(finding for part in parts for finding in part.findings),
        repeated=frozenset(name for part in parts for name in part.repeated),
        top=parts[0].top,
    )


def _parquet_columns(paths: Sequence[Path], store: Store) -> dict[str, tuple[str, ...]]:
    leaves = store.rows(
        f"SELECT file_name, name FROM parquet_schema({located(*paths)}) WHERE num_children IS NULL"
    )
    return {
        path.name: tuple(row["name"] for row in leaves if Path(row["file_name"]) == path)
        for path in paths
    }


def _check_needed(columns: Mapping[str, Sequence[str]], needed: Mapping[str, str]) -> None:
    for source, column in needed.items():
        for name, found in columns.items():
            if source not in found and any(source in others for others in columns.values()):
                raise SourceError(
                    f"{name} has no column '{source}', which the mapping gives for '{column}' and "
                    "which other files of the folder have",
                    hint="keep in the folder only the parts of one extract, or say in the mapping "
                    "which file it is (table: its name); tables of the model beside it have "
                    "their own names (campaign_members.csv)",
                )


def _differing(columns: Mapping[str, Sequence[str]], where: str) -> Iterator[Finding]:
    common = set.intersection(*({name.casefold() for name in each} for each in columns.values()))
    if not common:
        raise SourceError(
            f"the files of {where} have no column in common, so they are not parts of one table: "
            f"{', '.join(list(columns)[:5])}",
            hint="keep in the folder only the parts of one table, or open its file alone",
        )
    every = {name for found in columns.values() for name in found}
    some = sorted(name for name in every if name.casefold() not in common)
    if some:
        yield Finding("parts_differ", "suspicious", where, details={"columns": [*some]})


def filled_sheets(path: Path) -> list[str]:
    """Return the sheets of a workbook, in its order, blank ones set aside after the first."""
    from python_calamine import SheetTypeEnum

    book = workbook(path)
    first, *others = book.sheets_metadata
    tables = [sheet.name for sheet in others if sheet.typ == SheetTypeEnum.WorkSheet]
    return [first.name, *(name for name in tables if book.get_sheet_by_name(name).height)]


def ignored_sheets(path: Path, sheets: Sequence[str]) -> Iterator[Finding]:
    """Say which sheets of a workbook are not read."""
    for sheet in sheets:
        yield Finding("ignored_sheet", "suspicious", path.name, details={"sheet": sheet})
