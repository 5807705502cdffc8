"""Brings a file or a frame into the store as it is: a raw relation, nothing interpreted yet."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marketing_kpi.data import formats
from marketing_kpi.data.model import CANONICAL_MARK, Finding
from marketing_kpi.data.store import Store, literal, located, quote
from marketing_kpi.errors import SourceError, suggest
from marketing_kpi.text.messages import N_

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from python_calamine import CalamineWorkbook

    from marketing_kpi.data.mapping import Format
    from marketing_kpi.data.model import JSON

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
        Number of the first row of data; None when rows have no number.
    row_key
        What examples call it: "row" is what the reader of the file sees beside it; "data_row"
        counts the rows read, where lines of the file are blank, left out or hold part of a row.
    decimal
        What the delimiter says of decimals ("," for a semicolon), None when it says nothing.
    findings
        What reading noticed.
    is_canonical
        Whether this package wrote it, in canonical columns and types: nothing has to be cleaned.
    repeated
        Names, in small letters, that several of its columns had.
    part
        The column of the relation that says which part a row is of; None where there is one part.
    top
        What the first lines hold, to see whether the names of columns are further down.
    other_sheets
        The other sheets of its workbook, in order.
    """

    relation: str
    columns: tuple[str, ...]
    where: str
    first_row: int | None = None
    decimal: str | None = None
    findings: tuple[Finding, ...] = field(default=())
    is_canonical: bool = False
    row_key: str = "row"
    repeated: frozenset[str] = frozenset()
    part: str | None = None
    top: tuple[tuple[str, ...], ...] = ()
    other_sheets: tuple[str, ...] = ()

    def noticing(self, *findings: Finding) -> Raw:
        """Return the same relation, of which more was noticed."""
        return replace(self, findings=(*self.findings, *findings))


def read_file(path: Path, store: Store, relation: str, how: Format) -> Raw:
    """Read a CSV, Excel or Parquet file into the store, by its content, not its name."""
    store.files.add(path)
    kind = formats.kind_of(path)
    if kind == "duckdb":
        raise SourceError(
            f"{path.name} is a DuckDB database, not one table",
            hint="open it by itself: open_data('….duckdb')",
        )
    readers = {"text": _read_text, "excel": _read_excel, "parquet": _read_parquet}
    with store.backend.telling():
        raw = readers[kind](path, store, relation, how)
    if kind != "parquet":  # which stays where it is, and is read again by every question
        store.files.release(path)
    announced = formats.KINDS.get(formats.suffix_of(path))
    if announced in (kind, None):
        return raw
    other = Finding(
        "other_format",
        "suspicious",
        path.name,
        details={"found": _FORMAT_NAMES[kind], "announced": formats.suffix_of(path)},
    )
    return raw.noticing(other)


def _read_text(path: Path, store: Store, relation: str, how: Format) -> Raw:
    text = formats.examine(path, encoding=how.encoding)
    lines = formats.first_lines(path, text)
    how = _announced(lines, how)
    delimiter = how.delimiter or formats.delimiter_of(lines[how.header_row - 1 :])
    names, header_lines = _header(lines, delimiter, how, path.name)
    header, repeated, renamed = _unique(names, path.name)
    readable, skip = path, header_lines
    if not text.readable_as_is or header_lines > 1:
        # The engine does not count lines as people do where a title or a name holds quotes.
        readable, skip = store.folder / f"{relation}.txt", 0
        formats.transcode(path, text, readable, skip=header_lines)
    findings = [*_text_findings(path.name, text, delimiter), *renamed]
    findings += _load_csv(
        store, relation, readable, header, delimiter, skip, how.quote, path, header_lines
    )
    if readable is not path:
        readable.unlink()
    rows = store.rows(f"SELECT count(*) AS n FROM {quote(relation)}")[0]["n"]
    is_exact = text.lines == header_lines + rows
    return Raw(
        relation,
        tuple(header),
        path.name,
        first_row=header_lines + 1 if is_exact else 1,
        decimal="," if delimiter == ";" else None,
        findings=tuple(findings),
        row_key="row" if is_exact else "data_row",
        repeated=repeated,
        top=tuple(tuple(_ANY_DELIMITER.split(line)) for line in lines[:_TOP_LINES]),
    )


def _announced(lines: Sequence[str], how: Format) -> Format:
    """Return the format with the delimiter of a line "sep=;", which spreadsheets understand."""
    match = _ANNOUNCEMENT.fullmatch(lines[0]) if lines and how.header_row == 1 else None
    if match is None:
        return how
    return how.model_copy(update={"header_row": 2, "delimiter": how.delimiter or match[1]})


_ANNOUNCEMENT = re.compile(r'\ufeff?"?sep=(.)"?\s*', re.IGNORECASE)
_ANY_DELIMITER = re.compile(r"\s*[,;\t|]\s*")
_TOP_LINES = 20


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
        raise _blank(lines, row, where)
    return [name.strip().lstrip("\ufeff") for name in names], row - 1 + rows.line_num


def _blank(lines: Sequence[str], row: int, where: str) -> SourceError:
    filled = [number for number, line in enumerate(lines, start=1) if line.strip()]
    if not filled:
        return SourceError(
            f"{where} is empty: its first {len(lines)} lines are blank",
            hint="export it again; nothing seems to have been written to it",
        )
    return SourceError(
        f"{where}: line {row} should hold the names of the columns and is blank",
        hint=f"say in the mapping where the header is: format: {{header_row: {filled[0]}}}",
    )


def _unique(names: Sequence[str], where: str) -> tuple[list[str], frozenset[str], list[Finding]]:
    """Return names that engines tell apart, those that stood several times, and what to say."""
    named = [name or f"unnamed_{position}" for position, name in enumerate(names, start=1)]
    taken = {name.casefold() for name in named}
    seen: set[str] = set()
    repeated: set[str] = set()
    unique: list[str] = []
    findings: list[Finding] = []
    for name in named:
        given = name.casefold()
        if given not in seen:
            seen.add(given)
            unique.append(name)
            continue
        repeated.add(given)
        number = next(n for n in range(2, len(named) + 2) if f"{given}_{n}" not in taken)
        unique.append(f"{name}_{number}")
        taken.add(f"{given}_{number}")
        details = {"renamed": unique[-1]}
        findings.append(Finding("renamed_column", "suspicious", where, name, details=details))
    return unique, frozenset(repeated), findings


def _text_findings(where: str, text: formats.Text, delimiter: str) -> Iterator[Finding]:
    shown = {"\t": N_("tab")}.get(delimiter, delimiter)
    yield Finding(
        "text_format",
        "info",
        where,
        details={"encoding": text.encoding, "delimiter": shown},
    )
    if text.stray_bytes:
        yield Finding("mixed_encodings", "suspicious", where, count=text.stray_bytes)
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
    source: Path,
    header_lines: int,
) -> Iterator[Finding]:
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    compression = "gzip" if formats.is_gzip(path) else "none"
    store.execute(
        f"CREATE TABLE {quote(relation)} AS SELECT * FROM read_csv({located(path)}, "
        f"auto_detect = false, header = false, skip = {skip}, columns = {{{columns}}}, "
        f"delim = {literal(delimiter)}, quote = {literal(quoting)}, escape = {literal(quoting)}, "
        f"compression = '{compression}', store_rejects = true, rejects_limit = 0, "
        "rejects_table = 'rejected_rows', rejects_scan = 'rejecting_scans')"
    )
    before = header_lines - skip
    rejected = list(_rejected(store, relation, len(header), source.name, before))
    store.execute("DROP TABLE rejected_rows; DROP TABLE rejecting_scans")
    return iter(rejected)


def _rejected(
    store: Store, relation: str, width: int, where: str, before: int
) -> Iterator[Finding]:
    """Count the rows that could not be read; `before` lines of the file stand before the rest."""
    counted = store.rows(
        f"SELECT error_type, count(DISTINCT line) AS rows, min(line) + {before} AS first, "
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
            f"SELECT DISTINCT line + {before} AS row, left(csv_line, {_LONGEST_EXAMPLE}) AS text "
            f"FROM rejected_rows WHERE error_type = {literal(error['error_type'])} "
            f"ORDER BY row LIMIT {EXAMPLES}"
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


_REJECTIONS = {
    "LINE SIZE OVER MAXIMUM": "long_rows",
    "MISSING COLUMNS": "too_few_fields",
    "TOO MANY COLUMNS": "too_many_fields",
}


def _read_parquet(path: Path, store: Store, relation: str, how: Format) -> Raw:  # noqa: ARG001
    return read_parquet([path], store, relation, where=path.name)


def read_parquet(paths: Sequence[Path], store: Store, relation: str, *, where: str) -> Raw:
    """Put a view of one Parquet file, or of the parts of one table, in the store."""
    import duckdb

    location = located(*paths)
    store.files.add(*paths)
    try:
        store.execute(f"CREATE VIEW {quote(relation)} AS SELECT * FROM {_scan(paths, paths)}")
        findings = _in_local_time(relation, paths, store, where)
        columns = tuple(name for name in store.types(relation) if name != PART)
        is_canonical = _all_marked(location, store)
    except duckdb.Error as error:
        raise SourceError(
            f"{where} is a truncated or damaged Parquet file",
            hint="copy or export it again; a Parquet file ends with its table of contents, and "
            "this one has none that can be read",
        ) from error
    part = PART if len(paths) > 1 else None
    return Raw(relation, columns, where, is_canonical=is_canonical, findings=findings, part=part)


def _scan(paths: Sequence[Path], whole: Sequence[Path]) -> str:
    """Return the SQL that reads some of the parts of a whole, with the part that a row is of."""
    named = f", filename = {literal(PART)}" if len(whole) > 1 else ""
    union = ", union_by_name = true" if len(paths) > 1 else ""
    return f"read_parquet({located(*paths)}{union}{named})"


# No column of a source is called that.
PART = "part of the source"


def _in_local_time(
    relation: str, paths: Sequence[Path], store: Store, where: str
) -> tuple[Finding, ...]:
    """Show times in the zone that their column states: what is kept of them is UTC.

    Each part states its own zones; times without one are local already.
    """
    parts: dict[tuple[tuple[str, str], ...], list[Path]] = {}
    stated: dict[str, set[str | None]] = {}
    for path in paths:
        zones_of_part = _zones(path)
        for name, zone in zones_of_part.items():
            stated.setdefault(name, set()).add(zone)
        zoned = tuple((name, zone) for name, zone in zones_of_part.items() if zone is not None)
        parts.setdefault(zoned, []).append(path)
    # The type of the union does not tell: beside nanoseconds or text, it has no zone any more.
    if not any(parts):
        return ()
    several = {name for name, zones in stated.items() if len(zones) > 1}
    queries: list[str] = []
    findings: list[Finding] = []
    for zones, files in parts.items():
        shown = {name: zone for name, zone in zones if zone != _UTC or name in several}
        replaced = ", ".join(
            f"{quote(name)} AT TIME ZONE {literal(zone)} AS {quote(name)}"
            for name, zone in shown.items()
        )
        star = f"* REPLACE ({replaced})" if shown else "*"
        queries.append(f"SELECT {star} FROM {_scan(files, paths)}")
        findings += _zones_shown(queries[-1], shown, store, where)
    store.execute(
        f"CREATE OR REPLACE VIEW {quote(relation)} AS {' UNION ALL BY NAME '.join(queries)}"
    )
    total = store.rows(f"SELECT count(*) AS n FROM {quote(relation)}")[0]["n"]
    told = [replace(finding, total=total) for finding in findings]
    for name in sorted(several):
        zones_of = sorted(zone or "–" for zone in stated[name])
        told.append(
            Finding("zones_of_parts", "suspicious", where, name, details={"zones": [*zones_of]})
        )
    return tuple(told)


def _zones_shown(
    query: str, shown: Mapping[str, str], store: Store, where: str
) -> Iterator[Finding]:
    """Say which columns of some parts are shown in which zone, and of how many rows."""
    for name, zone in shown.items():
        count = store.rows(f"SELECT count({quote(name)}) AS n FROM ({query})")[0]["n"]
        details: dict[str, JSON] = {"given": _UTC, "local": zone}
        if zone == _UTC:
            yield Finding("utc_times", "repaired", where, name, count)
        else:
            yield Finding("local_times", "repaired", where, name, count, details=details)


_UTC = "UTC"


def _zones(path: Path) -> dict[str, str | None]:
    """Return the zone of each column of a Parquet file; None where it states none."""
    import pyarrow.parquet as pq

    zones = {field.name: getattr(field.type, "tz", None) for field in pq.read_schema(path)}
    # An offset alone (+02:00) is no place: DuckDB reads it with the opposite sign.
    return {name: zone if zone is None or _is_place(zone) else _UTC for name, zone in zones.items()}


def _is_place(zone: str) -> bool:
    return zone[0].isalpha() and zone not in (_UTC, "Etc/UTC", "Z")


def _all_marked(location: str, store: Store) -> bool:
    """Say whether each of the Parquet files carries the mark that this package writes."""
    (row,) = store.rows(
        f"SELECT (SELECT count(*) FROM parquet_file_metadata({location})) AS files, "
        f"(SELECT count(*) FROM parquet_kv_metadata({location}) "
        f"WHERE decode(key) = {literal(CANONICAL_MARK)}) AS marked"
    )
    return bool(row["files"] == row["marked"])


def _read_excel(path: Path, store: Store, relation: str, how: Format) -> Raw:
    rows, sheet, others = _sheet(path, how.sheet)
    where = f"{path.name} (sheet {sheet})"
    filled = [index for index, row in enumerate(rows) if any(cell != "" for cell in row)]
    if not filled or how.header_row > len(rows):
        raise SourceError(
            f"{where} has no row {how.header_row}" if filled else f"{where} is empty",
            hint="say in the mapping where the table is: format: {sheet: Ventes, header_row: 1}",
        )
    first = how.header_row - 1 if how.header_row > 1 else filled[0]
    header, repeated, renamed = _unique([_cell_text(cell) or "" for cell in rows[first]], where)
    records = rows[first + 1 :]
    by_column = zip(*records, strict=True) if records else [()] * len(header)
    columns = dict(zip(header, by_column, strict=True))
    register(store, relation, _arrow_texts(columns))
    found = Finding("excel_sheet", "info", path.name, details={"sheet": sheet})
    return Raw(
        relation,
        tuple(header),
        where,
        first_row=first + 2,
        findings=(found, *renamed),
        repeated=repeated,
        top=tuple(tuple(_cell_text(cell) or "" for cell in row) for row in rows[:_TOP_LINES]),
        other_sheets=others,
    )


def workbook(path: Path) -> CalamineWorkbook:
    """Open a workbook; its sheets are read when asked for."""
    import python_calamine

    try:
        return python_calamine.CalamineWorkbook.from_path(str(path))
    except (python_calamine.CalamineError, OSError) as error:
        raise SourceError(
            f"{path.name} is a damaged or protected Excel workbook",
            hint="open it in a spreadsheet and save it again as .xlsx, without a password",
        ) from error


def _sheet(path: Path, sheet: str | None) -> tuple[list[list[Any]], str, tuple[str, ...]]:
    """Return the rows of a sheet, its name and those of the others."""
    book = workbook(path)
    names: list[str] = book.sheet_names
    name = sheet or names[0]
    if name not in names:
        close = suggest(name, names)
        question = f"; did you mean '{close}'?" if close else ""
        raise SourceError(
            f"{path.name} has no sheet '{name}'{question}", hint=f"its sheets: {', '.join(names)}"
        )
    rows: list[list[Any]] = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    return rows, name, tuple(other for other in names if other != name)


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
    import pyarrow as pa

    if frame.columns.nlevels > 1:
        raise SourceError(
            f"{where}: its columns have {frame.columns.nlevels} levels",
            hint="give them one: frame.columns = ['_'.join(names) for names in frame.columns]",
        )
    if any(frame.index.names):
        frame = frame.reset_index()
    names, repeated, findings = _unique([str(name).strip() for name in frame.columns], where)
    arrays = {
        name: _array(frame.iloc[:, position], where, name, findings)
        for position, name in enumerate(names)
    }
    register(store, relation, pa.table(arrays))
    return Raw(relation, tuple(names), where, findings=tuple(findings), repeated=repeated)


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
    elif isinstance(series.dtype, pd.SparseDtype):
        series = pd.Series(series.to_numpy(), name=series.name)
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
