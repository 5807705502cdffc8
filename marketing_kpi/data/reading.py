"""Brings a file or a frame into the store as it is: a raw relation, nothing interpreted yet."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marketing_kpi.data import formats
from marketing_kpi.data.model import CANONICAL_MARK, Finding
from marketing_kpi.data.names import check_duplicates
from marketing_kpi.data.store import Store, literal, quote
from marketing_kpi.errors import SourceError, suggest
from marketing_kpi.text.messages import N_

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from marketing_kpi.data.transactions import Format

EXAMPLES = 5
_LONGEST_EXAMPLE = 200
_FORMAT_NAMES = {"text": "CSV", "excel": "Excel", "parquet": "Parquet", "duckdb": "DuckDB"}


@dataclass(frozen=True)
class Raw:
    """A relation of the store that holds a source as it was written.

    Attributes
    ----------
    relation
        Its name in the store.
    columns
        Source columns, in order.
    where
        What to call it in messages: a file, sheet or frame name.
    first_row
        Number that the reader of the file sees beside the first row of data; None when rows
        have no number there.
    decimal
        What the delimiter says of decimals ("," for a semicolon), None when it says nothing.
    findings
        What reading noticed.
    is_canonical
        Whether this package wrote it, in canonical columns and types: nothing has to be cleaned.
    """

    relation: str
    columns: tuple[str, ...]
    where: str
    first_row: int | None = None
    decimal: str | None = None
    findings: tuple[Finding, ...] = field(default=())
    is_canonical: bool = False


def read_file(path: Path, store: Store, relation: str, how: Format) -> Raw:
    """Read a CSV, Excel or Parquet file into the store, by its content, not its name."""
    kind = formats.kind_of(path)
    if kind == "duckdb":
        raise SourceError(
            f"{path.name} is a DuckDB database, not one table",
            hint="open it by itself: open_data('….duckdb')",
        )
    readers = {"text": _read_text, "excel": _read_excel, "parquet": _read_parquet}
    raw = readers[kind](path, store, relation, how)
    announced = formats.KINDS.get(formats.suffix_of(path))
    if announced in (kind, None):
        return raw
    other = Finding(
        "other_format",
        "suspicious",
        path.name,
        details={"found": _FORMAT_NAMES[kind], "announced": formats.suffix_of(path)},
    )
    return _with(raw, other)


def _with(raw: Raw, *findings: Finding) -> Raw:
    return Raw(
        raw.relation,
        raw.columns,
        raw.where,
        raw.first_row,
        raw.decimal,
        (*raw.findings, *findings),
    )


def _read_text(path: Path, store: Store, relation: str, how: Format) -> Raw:
    text = formats.examine(path, encoding=how.encoding)
    lines = formats.first_lines(path, text)
    delimiter = how.delimiter or formats.delimiter_of(lines[how.header_row - 1 :])
    header, header_lines = _header(lines, delimiter, how, path.name)
    readable = path
    if not text.readable_as_is:
        readable = store.folder / f"{relation}.txt"
        formats.transcode(path, text, readable)
    findings = list(_text_findings(path.name, text, delimiter))
    findings += _load_csv(
        store, relation, readable, header, delimiter, header_lines, how.quote, where=path.name
    )
    if readable is not path:
        readable.unlink()
    return Raw(
        relation,
        tuple(header),
        path.name,
        header_lines + 1,
        "," if delimiter == ";" else None,
        tuple(findings),
    )


def _header(lines: Sequence[str], delimiter: str, how: Format, where: str) -> tuple[list[str], int]:
    """Return the names of the header and the number of lines to skip to reach the data."""
    row = how.header_row
    rows = formats.csv_reader(lines[row - 1 :], delimiter, how.quote, strict=True)
    try:
        names = next(rows, [])
    except csv.Error as error:
        raise SourceError(
            f"{where}, line {row}: a quotation mark of the header is never closed",
            hint="close it, or set format: {quote: ''} in the mapping",
        ) from error
    if not any(name.strip() for name in names):
        raise SourceError(
            f"{where}: line {row} should hold the names of the columns and is blank",
            hint="say in the mapping where the header is: format: {header_row: 3}",
        )
    cleaned = _named([name.strip().lstrip("\ufeff") for name in names])
    check_duplicates(cleaned, where=where)
    return cleaned, row - 1 + rows.line_num


def _named(names: Sequence[str]) -> list[str]:
    return [name or f"unnamed_{position}" for position, name in enumerate(names, start=1)]


def _text_findings(where: str, text: formats.Text, delimiter: str) -> Iterator[Finding]:
    shown = {"\t": N_("tab")}.get(delimiter, delimiter)
    yield Finding(
        "text_format",
        "info",
        where,
        details={"encoding": text.encoding, "delimiter": shown},
    )
    if text.nul_bytes:
        yield Finding("nul_bytes", "repaired", where, count=text.nul_bytes)


def _load_csv(
    store: Store,
    relation: str,
    path: Path,
    header: Sequence[str],
    delimiter: str,
    skip: int,
    quoting: str,
    *,
    where: str,
) -> Iterator[Finding]:
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    compression = "gzip" if formats.is_gzip(path) else "none"
    store.execute(
        f"CREATE TABLE {quote(relation)} AS SELECT * FROM read_csv({literal(str(path))}, "
        f"auto_detect = false, header = false, skip = {skip}, columns = {{{columns}}}, "
        f"delim = {literal(delimiter)}, quote = {literal(quoting)}, escape = {literal(quoting)}, "
        f"compression = '{compression}', store_rejects = true, rejects_limit = 0, "
        "rejects_table = 'rejected_rows', rejects_scan = 'rejecting_scans')"
    )
    rejected = list(_rejected(store, relation, len(header), where))
    store.execute("DROP TABLE rejected_rows; DROP TABLE rejecting_scans")
    return iter(rejected)


def _rejected(store: Store, relation: str, width: int, where: str) -> Iterator[Finding]:
    counted = store.rows(
        "SELECT error_type, count(DISTINCT line) AS rows, min(line) AS first, "
        "max(length(csv_line) - length(replace(csv_line, chr(10), ''))) AS swallowed "
        "FROM rejected_rows GROUP BY error_type ORDER BY error_type"
    )
    kept = store.rows(f"SELECT count(*) AS n FROM {quote(relation)}")[0]["n"]
    for error in counted:
        if error["error_type"] == "UNQUOTED VALUE" and error["swallowed"] > 1:
            raise SourceError(
                f"{where}, line {error['first']}: a quotation mark opens and is never closed, so "
                f"the {error['swallowed']} lines after it cannot be told apart",
                hint="close it in the file, or, if quotation marks mean nothing there, set "
                "format: {quote: ''} in the mapping",
            )
        examples = store.rows(
            f"SELECT DISTINCT line AS row, left(csv_line, {_LONGEST_EXAMPLE}) AS text "
            f"FROM rejected_rows WHERE error_type = {literal(error['error_type'])} "
            f"ORDER BY line LIMIT {EXAMPLES}"
        )
        yield Finding(
            _REJECTIONS.get(error["error_type"], "broken_rows"),
            "dropped",
            where,
            count=error["rows"],
            total=kept + sum(row["rows"] for row in counted),
            examples=tuple(examples),
            details={"expected": width},
        )


_REJECTIONS = {"TOO MANY COLUMNS": "too_many_fields", "MISSING COLUMNS": "too_few_fields"}


def _read_parquet(path: Path, store: Store, relation: str, how: Format) -> Raw:  # noqa: ARG001
    return read_parquet(str(path), store, relation, where=path.name)


def read_parquet(location: str, store: Store, relation: str, *, where: str) -> Raw:
    """Put a view of one Parquet file, or of the parts a glob names, in the store."""
    import duckdb

    parts = ", union_by_name = true" if "*" in location else ""
    try:
        store.execute(
            f"CREATE VIEW {quote(relation)} AS "
            f"SELECT * FROM read_parquet({literal(location)}{parts})"
        )
        columns = tuple(store.types(relation))
        is_canonical = _all_marked(location, store)
    except duckdb.Error as error:
        raise SourceError(
            f"{where} is a truncated or damaged Parquet file",
            hint="copy or export it again; a Parquet file ends with its table of contents, and "
            "this one has none that can be read",
        ) from error
    return Raw(relation, columns, where, is_canonical=is_canonical)


def _all_marked(location: str, store: Store) -> bool:
    """Say whether each of the Parquet files carries the mark that this package writes."""
    (row,) = store.rows(
        f"SELECT (SELECT count(*) FROM parquet_file_metadata({literal(location)})) AS files, "
        f"(SELECT count(*) FROM parquet_kv_metadata({literal(location)}) "
        f"WHERE decode(key) = {literal(CANONICAL_MARK)}) AS marked"
    )
    return bool(row["files"] == row["marked"])


def _read_excel(path: Path, store: Store, relation: str, how: Format) -> Raw:
    rows, sheet = _sheet(path, how.sheet)
    where = f"{path.name} (sheet {sheet})"
    filled = [index for index, row in enumerate(rows) if any(cell != "" for cell in row)]
    if not filled or how.header_row > len(rows):
        raise SourceError(
            f"{where} has no row {how.header_row}" if filled else f"{where} is empty",
            hint="say in the mapping where the table is: format: {sheet: Ventes, header_row: 1}",
        )
    first = how.header_row - 1 if how.header_row > 1 else filled[0]
    header = _named([_cell_text(cell) or "" for cell in rows[first]])
    check_duplicates(header, where=where)
    records = rows[first + 1 :]
    by_column = zip(*records, strict=True) if records else [()] * len(header)
    columns = dict(zip(header, by_column, strict=True))
    register(store, relation, _arrow_texts(columns))
    found = Finding("excel_sheet", "info", path.name, details={"sheet": sheet})
    return Raw(relation, tuple(header), where, first + 2, None, (found,))


def _sheet(path: Path, sheet: str | None) -> tuple[list[list[Any]], str]:
    import python_calamine

    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
    except (python_calamine.CalamineError, OSError) as error:
        raise SourceError(
            f"{path.name} is a damaged or protected Excel workbook",
            hint="open it in a spreadsheet and save it again as .xlsx, without a password",
        ) from error
    names: list[str] = workbook.sheet_names
    name = sheet or names[0]
    if name not in names:
        close = suggest(name, names)
        question = f"; did you mean '{close}'?" if close else ""
        raise SourceError(
            f"{path.name} has no sheet '{name}'{question}", hint=f"its sheets: {', '.join(names)}"
        )
    rows: list[list[Any]] = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
    return rows, name


def _cell_text(cell: object) -> str | None:
    """Return the text of a spreadsheet cell; whole numbers have no decimals there."""
    if cell == "" or cell is None:
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip() if isinstance(cell, str) else str(cell)


def _arrow_texts(columns: Mapping[str, Sequence[object]]) -> pa.Table:
    import pyarrow as pa

    texts = {
        name: pa.array([_cell_text(cell) for cell in cells], pa.string())
        for name, cells in columns.items()
    }
    return pa.table(texts)


def register(store: Store, relation: str, table: pa.Table) -> None:
    """Copy an Arrow table into the store, so that nothing depends on the caller's memory."""
    store.backend.con.register("arrow_in", table)
    store.execute(f"CREATE TABLE {quote(relation)} AS SELECT * FROM arrow_in")
    store.backend.con.unregister("arrow_in")


def read_frame(frame: pd.DataFrame, store: Store, relation: str, *, where: str) -> Raw:
    """Copy a pandas frame into the store; the frame is not changed."""
    table, findings = _arrow(frame, where)
    register(store, relation, table)
    return Raw(relation, tuple(table.column_names), where, findings=tuple(findings))


def _arrow(frame: pd.DataFrame, where: str) -> tuple[pa.Table, list[Finding]]:
    import pyarrow as pa

    if frame.columns.nlevels > 1:
        raise SourceError(
            f"{where}: its columns have {frame.columns.nlevels} levels",
            hint="give them one: frame.columns = ['_'.join(names) for names in frame.columns]",
        )
    if any(frame.index.names):
        frame = frame.reset_index()
    names = [str(name).strip() for name in frame.columns]
    check_duplicates(names, where=where)
    findings: list[Finding] = []
    arrays = {
        name: _array(frame.iloc[:, position], where, name, findings)
        for position, name in enumerate(names)
    }
    return pa.table(arrays), findings


def _array(series: pd.Series[Any], where: str, name: str, findings: list[Finding]) -> pa.Array:
    import pandas as pd
    import pyarrow as pa

    if isinstance(series.dtype, pd.DatetimeTZDtype):
        present = int(series.notna().sum())
        findings.append(
            Finding("time_zones_dropped", "repaired", where, name, present, len(series))
        )
        series = series.dt.tz_localize(None)
    elif isinstance(series.dtype, pd.PeriodDtype):
        series = series.dt.to_timestamp()
    if pd.api.types.is_datetime64_dtype(series.dtype):
        return pa.Array.from_pandas(series.astype("datetime64[us]"))
    try:
        array = pa.Array.from_pandas(series)
        return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return _mixed(series, where, name, findings)


def _mixed(series: pd.Series[Any], where: str, name: str, findings: list[Finding]) -> pa.Array:
    """Return a column of several types as text; each value is read again by what it says."""
    import pyarrow as pa

    present = series[series.notna()]
    kinds = present.map(lambda value: type(value).__name__).value_counts()
    findings.append(
        Finding(
            "mixed_types",
            "repaired",
            where,
            name,
            len(present),
            len(series),
            details={"types": {str(kind): int(count) for kind, count in kinds.items()}},
        )
    )
    return pa.array(series.map(str, na_action="ignore").tolist(), pa.string(), from_pandas=True)
