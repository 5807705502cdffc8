"""The tables of a report for other tools: one workbook, and a CSV and a Parquet file each.

Values are typed and keep ten digits. A text that a spreadsheet would run as a formula is kept as
text.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marketing_kpi.text.locale import Reader

if TYPE_CHECKING:
    import pyarrow as pa
    from openpyxl import Workbook
    from openpyxl.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

NUMERIC = frozenset(
    {"fraction", "points", "change", "count", "currency", "ratio"}
    | {"days", "hours", "months", "index", "number", "difference"}
)
# Changes that are no share of what was.
_CHANGES: Mapping[str, str] = {"index": "difference"}
DAYS = frozenset({"date", "month"})

_FORMULA = re.compile(r"[=+\-@\t\r\n]")
_SHEET_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
_TIMES = re.compile(rb"<dcterms:(created|modified)\b.*?</dcterms:\1>")
MAX_SHEET_NAME = 31
MAX_CELL_CHARACTERS = 32_000
MAX_COLUMN_WIDTH = 48

_FORMATS: Mapping[str, str] = {
    "fraction": "0.0%",
    "points": "+0.0%;-0.0%;0.0%",
    "change": "+0.0%;-0.0%;0.0%",
    "count": "#,##0",
    "ratio": "#,##0.00",
    "days": "#,##0",
    "hours": "#,##0.0",
    "months": "#,##0.0",
    "index": "#,##0.0",
    "number": "#,##0.##",
    "difference": "+#,##0.0;-#,##0.0;0.0",
    "date": "yyyy-mm-dd",
    "month": "yyyy-mm",
}


@dataclass(frozen=True)
class Export:
    """A table of a page, as `plots.table` gives it, under the name of its files.

    Attributes
    ----------
    name
        Stem of its files, unique in the report: letters, digits, ``-`` and ``_``.
    payload
        The typed values: id, caption, columns, rows, and row_units and row_kpis if it has them.
    page
        Title of the page that shows it.
    """

    name: str
    payload: Mapping[str, Any]
    page: str

    @property
    def caption(self) -> str:
        """What it holds, in the reader's language."""
        return str(self.payload["caption"])

    @cached_property
    def columns(self) -> Sequence[Mapping[str, Any]]:
        """Name, label, unit and KPI of each column."""
        return tuple(self.payload["columns"])

    @cached_property
    def flat(self) -> Sequence[int]:
        """Places of the columns that hold one value a cell, all that a sheet can show."""
        return tuple(n for n, column in enumerate(self.columns) if column["unit"] != "trend")

    def unit(self, place: int, number: int) -> str:
        """Return the unit of a value: where rows have units of their own, its row's."""
        unit = str(self.columns[number]["unit"])
        row_units = self.payload.get("row_units") or ()
        if unit not in {"number", "change"} or place >= len(row_units):
            return unit
        own = str(row_units[place])
        return own if unit == "number" else _CHANGES.get(own, unit)

    @cached_property
    def rows(self) -> Sequence[Sequence[Any]]:
        """Values, a sequence a row."""
        return tuple(self.payload["rows"])

    def typed(self, place: int, number: int) -> Any:
        """Return a value as its column's unit says: a number, a day, a boolean, a list, a text."""
        value, unit = self.rows[place][number], self.columns[number]["unit"]
        if value is None or isinstance(value, list):
            return value
        if unit in DAYS:
            return dt.date.fromisoformat(str(value)[:10])
        if self.unit(place, number) == "count" and float(value).is_integer():
            return int(value)
        if unit in NUMERIC or unit == "yes_no":
            return value
        return str(value)


def write_all(exports: Sequence[Export], folder: Path, *, reader: Reader) -> None:
    """Write ``tables.xlsx`` and ``tables/<name>.csv`` and ``.parquet`` into `folder`."""
    if not exports:
        return
    tables = folder / "tables"
    tables.mkdir()
    for export in exports:
        _write_csv(export, tables / f"{export.name}.csv")
        _write_parquet(export, tables / f"{export.name}.parquet")
    write_workbook(exports, folder / "tables.xlsx", reader=reader)


def neutral(text: str) -> str:
    """Return `text` so that a spreadsheet that opens a CSV never runs it.

    >>> neutral("=1+1"), neutral("Web")
    ("'=1+1", 'Web')
    """
    return f"'{text}" if _FORMULA.match(text.lstrip(" ")) else text


def _write_csv(export: Export, path: Path) -> None:
    # With the mark, Excel reads UTF-8; without it, accents break.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([neutral(str(export.columns[n]["name"])) for n in export.flat])
        for place in range(len(export.rows)):
            values = [export.typed(place, n) for n in export.flat]
            writer.writerow([neutral(v) if isinstance(v, str) else v for v in values])


def _write_parquet(export: Export, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = {}
    for number, column in enumerate(export.columns):
        values = [export.typed(place, number) for place in range(len(export.rows))]
        kind = _arrow_type(column["unit"], values)
        if kind == pa.string():
            values = [None if value is None else str(value) for value in values]
        arrays[str(column["name"])] = pa.array(values, type=kind)
    metadata = {"caption": export.caption}
    pq.write_table(pa.table(arrays).replace_schema_metadata(metadata), path)


def _arrow_type(unit: str | None, values: Sequence[Any]) -> pa.DataType:
    import pyarrow as pa

    known = [value for value in values if value is not None]
    if unit in DAYS:
        return pa.date32()
    if unit == "yes_no":
        return pa.bool_()
    if unit == "trend":
        return pa.list_(pa.float64())
    if unit in NUMERIC and all(isinstance(value, int | float) for value in known):
        is_whole = bool(known) and all(isinstance(value, int) for value in known)
        return pa.int64() if is_whole else pa.float64()
    return pa.string()


def write_workbook(exports: Sequence[Export], path: Path, *, reader: Reader) -> None:
    """Write tables as sheets of one workbook: typed values, headers that stay in sight."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    book.properties.creator = "marketing_kpi"
    names: set[str] = set()
    for export in exports:
        sheet = book.create_sheet(_sheet_name(export.name, names))
        _fill(sheet, export, reader)
    _save(book, path)


def _save(book: Workbook, path: Path) -> None:
    """Write a workbook without the time of the moment: the same tables give the same bytes."""
    from openpyxl.writer.excel import ExcelWriter

    written = io.BytesIO()
    ExcelWriter(book, zipfile.ZipFile(written, "w")).save()
    with zipfile.ZipFile(written) as parts, zipfile.ZipFile(path, "w") as file:
        for name in sorted(parts.namelist()):
            content = parts.read(name)
            if name == "docProps/core.xml":
                content = _TIMES.sub(b"", content)
            part = zipfile.ZipInfo(name)  # of 1980, as a ZIP file without a date has it
            part.external_attr = 0o600 << 16
            file.writestr(part, content, zipfile.ZIP_DEFLATED)


def _sheet_name(wanted: str, taken: set[str]) -> str:
    base = _SHEET_FORBIDDEN.sub(" ", wanted)[:MAX_SHEET_NAME]
    name, count = base, 1
    while name.lower() in taken:
        count += 1
        suffix = f" {count}"
        name = base[: MAX_SHEET_NAME - len(suffix)] + suffix
    taken.add(name.lower())
    return name


def _fill(sheet: Worksheet, export: Export, reader: Reader) -> None:
    """Write the caption, a header that stays in sight, and the values with their formats."""
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    header_row = 3
    _set(sheet.cell(1, 1), export.caption)
    sheet.cell(1, 1).font = Font(bold=True, size=13)
    labels = [str(export.columns[number]["label"]) for number in export.flat]
    for at, label in enumerate(labels, start=1):
        cell = sheet.cell(header_row, at)
        _set(cell, label)
        cell.font = Font(bold=True)
    widths = [len(label) for label in labels]
    for place in range(len(export.rows)):
        for at, number in enumerate(export.flat):
            cell = sheet.cell(header_row + 1 + place, at + 1)
            shown = _shown(export, place, number, reader)
            _set(cell, shown)
            cell.number_format = _format(export, place, number, reader)
            widths[at] = max(widths[at], len(str(shown)))
    for number, width in enumerate(widths, start=1):
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = min(width + 3, MAX_COLUMN_WIDTH)
    sheet.freeze_panes = sheet.cell(header_row + 1, 2)
    if labels and export.rows:
        last = sheet.cell(header_row + len(export.rows), len(labels)).coordinate
        sheet.auto_filter.ref = f"A{header_row}:{last}"


def _shown(export: Export, place: int, number: int, reader: Reader) -> Any:
    """Return what a person reads in a cell: names instead of ids, numbers as they are."""
    from marketing_kpi.kpis.dictionary import dictionary
    from marketing_kpi.plots.tables import CHANNELS
    from marketing_kpi.rfm import box_name, segment_name

    value, unit = export.typed(place, number), export.columns[number]["unit"]
    row_kpis = export.payload.get("row_kpis") or ()
    kpi = row_kpis[place] if number == 0 and place < len(row_kpis) else None
    if kpi is not None and kpi in dictionary():
        return dictionary()[kpi].name[reader.lang]
    if unit == "segment" and value is not None:
        return segment_name(value, lang=reader.lang)
    if unit == "box" and value is not None:
        return box_name(value, lang=reader.lang)
    if unit == "channel" and value in CHANNELS:
        return reader.translate(CHANNELS[value])
    return value


def _format(export: Export, place: int, number: int, reader: Reader) -> str:
    unit = export.unit(place, number)
    if unit == "currency":
        return f'#,##0.00 "{reader.currency}"'
    return _FORMATS.get(unit, "General")


def _set(cell: Cell, value: Any) -> None:
    """Put a value in a cell; a text stays a text whatever it begins with."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if not isinstance(value, str):
        cell.value = value
        return
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)[:MAX_CELL_CHARACTERS]
    if cell.value and _FORMULA.match(value.lstrip(" ")):
        cell.data_type = "s"
        cell.quotePrefix = True
