"""Tables for people: captioned, scoped, formatted for the reader, and typed for other tools.

A table is shown three ways: HTML, plain text, and a JSON bundle with the values as they are,
from which a report makes its spreadsheets. Whatever comes from data is text, never markup.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from html import escape
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from marketing_kpi.errors import ColumnError, ConfigError, unknown
from marketing_kpi.rfm import box_name, segment_name
from marketing_kpi.text.locale import ABSENT, Reader, is_absent
from marketing_kpi.text.messages import N_

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None

JSON_TYPE = "application/vnd.marketing-kpi.table+json"
"""Media type of the typed values that a report collects."""

ROWS_SHOWN = 50
"""Rows shown by default; a longer table says how many it has."""

ROWS_KEPT = 10_000
"""Rows kept in the JSON bundle, so that a notebook's size stays bounded."""

LONGEST_TEXT = 200
"""Characters of a text cell; what is longer ends with an ellipsis."""

LONGEST_PARAGRAPH = 2000
"""Characters of a caption or of a cell of long text."""

# Control characters, and the marks that reorder the text around them.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SPACES = re.compile(r"\s+")
_NAME = re.compile(r"[a-z][a-z0-9_]*")

_NUMERIC = frozenset(
    [
        *("fraction", "points", "change", "count", "currency", "ratio"),
        *("days", "hours", "months", "index", "number", "interval"),
    ]
)
_TEXTUAL = frozenset(
    ["text", "long_text", "date", "month", "yes_no", "segment", "box", "channel", "trend"]
)
UNITS = _NUMERIC | _TEXTUAL
"""Units of a column: the dictionary's, and change, number, text, date, month, yes_no, segment,
box, channel, trend, interval (a text of two numbers, for people: other tools have them as columns
of their own) and long_text (of several lines)."""

_OF_THE_ROW = frozenset({"number", "change"})

# How a KPI changes, by its own unit; all others by a share of what they were.
_CHANGES: Mapping[str, str] = {"fraction": "points", "points": "points", "index": "difference"}

COLUMNS: Mapping[str, tuple[str, str]] = {
    "customer_id": (N_("Customer"), "text"),
    "first_order": (N_("First order"), "date"),
    "last_order": (N_("Last order"), "date"),
    "recency_days": (N_("Recency (days)"), "count"),
    "frequency": (N_("Frequency (orders)"), "count"),
    "monetary": (N_("Amount"), "currency"),
    "r": (N_("R"), "count"),
    "f": (N_("F"), "count"),
    "m": (N_("M"), "count"),
    "rfm": (N_("RFM"), "text"),
    "segment": (N_("Segment"), "segment"),
    "box": (N_("Box"), "box"),
    "customers": (N_("Customers"), "count"),
    "customers_share": (N_("Share of customers"), "fraction"),
    "net_sales": (N_("Net sales"), "currency"),
    "net_sales_share": (N_("Share of sales"), "fraction"),
    "average_recency_days": (N_("Average recency (days)"), "number"),
    "average_frequency": (N_("Average frequency (orders)"), "number"),
    "average_monetary": (N_("Average amount"), "currency"),
    "action": (N_("What to do"), "text"),
    "before": (N_("Before"), "segment"),
    "after": (N_("After"), "segment"),
    "share": (N_("Share"), "fraction"),
    "score": (N_("Score"), "text"),
    "class": (N_("Class"), "count"),
    "period": (N_("Month"), "month"),
    "order_id": (N_("Order"), "text"),
    "ordered_at": (N_("Ordered on"), "date"),
    "amount": (N_("Amount"), "currency"),
    "channel": (N_("Channel"), "channel"),
    "region": (N_("Region"), "text"),
    "value": (N_("Value"), "number"),
    "previous": (N_("Comparison"), "number"),
    "change": (N_("Change"), "change"),
    "low": (N_("Low"), "number"),
    "high": (N_("High"), "number"),
    "trend": (N_("Trend"), "trend"),
    "kpi": (N_("KPI"), "text"),
    "unit": (N_("Unit"), "text"),
    "reason": (N_("Reason"), "text"),
}
"""Label (message id) and unit of the columns that this package's functions return."""


CHANNELS: Mapping[str, str] = {
    "web": N_("Web"),
    "store": N_("Store"),
    "app": N_("App"),
    "marketplace": N_("Marketplace"),
    "direct": N_("Direct"),
    "organic_search": N_("Organic search"),
    "paid_search": N_("Paid search"),
    "email": N_("Email"),
    "social": N_("Social networks"),
    "display": N_("Display ads"),
    "affiliate": N_("Affiliates"),
}
"""Names of usual sales and marketing channels; another one is shown as it is."""


@dataclass(frozen=True)
class Column:
    """A column of a shown table: name in the data, label, unit, KPI, decimals (None: the usual)."""

    name: str
    label: str
    unit: str
    kpi: str | None = None
    decimals: int | None = None

    @property
    def numeric(self) -> bool:
        """Say whether its values are aligned on the right."""
        return self.unit in _NUMERIC


@dataclass(frozen=True)
class Table:
    """A table that a notebook shows as HTML and text, and a report as spreadsheets too.

    Made by `table`; `row_units`, `row_decimals` (of the numbers of each row; None: the usual ones)
    and `row_kpis` belong to tables with a KPI a row. The columns of
    `hidden` are for other tools only; `notes` stand below the table.
    """

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    reader: Reader
    shown: int = ROWS_SHOWN
    row_units: tuple[str, ...] = ()
    row_decimals: tuple[int | None, ...] = ()
    row_kpis: Mapping[str, str] = field(default_factory=dict)
    row_labels: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def _seen(self) -> tuple[int, ...]:
        """Return the places of the columns that people see."""
        return tuple(n for n, column in enumerate(self.columns) if column.name not in self.hidden)

    def to_html(self) -> str:
        """Return one ``<table>`` with a caption and scoped headers, every value escaped."""
        _ = self.reader.translate
        head = "".join(self._header(number) for number in self._seen)
        body = "".join(self._html_row(place) for place in range(min(self.shown, len(self.rows))))
        if not self.rows:
            body = f'<tr><td colspan="{len(self._seen)}">{_text(_("No rows."))}</td></tr>'
        notes = "".join(f'<p class="mk-note">{_text(note)}</p>' for note in self._notes())
        caption = f'<caption id="{self.id}-caption">{_text(self.caption)}</caption>'
        return (
            f'<div class="mk-table" role="region" tabindex="0" aria-labelledby="{self.id}-caption">'
            f'<table id="{self.id}"{self._prose()}>{caption}'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{notes}"
        )

    def to_text(self) -> str:
        """Return the table as aligned plain text."""
        columns = [self.columns[number] for number in self._seen]
        shown = [
            [self._format(place, number) for number in self._seen]
            for place in range(min(self.shown, len(self.rows)))
        ]
        grid = [[column.label for column in columns], *shown]
        widths = [max(len(row[n]) for row in grid) for n in range(len(columns))]
        lines = [self.caption]
        for row in grid:
            cells = (
                text.rjust(width) if column.numeric else text.ljust(width)
                for text, width, column in zip(row, widths, columns, strict=True)
            )
            lines.append("  ".join(cells).rstrip())
        return "\n".join([*lines, *self._notes()])

    def payload(self) -> dict[str, Json]:
        """Return the values, JSON-safe and of ten digits, with the columns' labels and units."""
        places = [n for n, column in enumerate(self.columns) if column.unit != "interval"]
        columns = [
            {"name": c.name, "label": c.label, "unit": c.unit, "kpi": c.kpi}
            for c in (self.columns[n] for n in places)
        ]
        kept = self.rows[:ROWS_KEPT]
        payload: dict[str, Json] = {
            "id": self.id,
            "caption": self.caption,
            "columns": columns,
            "rows": [[_json(row[n]) for n in places] for row in kept],
            "total_rows": len(self.rows),
        }
        if self.row_units:
            payload["row_units"] = list(self.row_units[:ROWS_KEPT])
        if self.row_kpis:
            payload["row_kpis"] = [self.row_kpis.get(str(row[0])) for row in kept]
        return payload

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {
            "text/plain": self.to_text(),
            "text/html": self.to_html(),
            JSON_TYPE: self.payload(),
        }

    def _notes(self) -> tuple[str, ...]:
        if len(self.rows) <= self.shown:
            return self.notes
        _, integer = self.reader.translate, self.reader.integer
        kept = _(
            "{shown} rows of {total} are shown.",
            shown=integer(self.shown),
            total=integer(len(self.rows)),
        )
        return (*self.notes, kept)

    def _prose(self) -> str:
        """Return the class of a table with paragraphs in it, which a narrow page stacks."""
        has_paragraphs = any(column.unit == "long_text" for column in self.columns)
        return ' class="mk-prose"' if has_paragraphs else ""

    def _header(self, place: int) -> str:
        column = self.columns[place]
        kind = ' class="mk-number"' if column.numeric and place else ""  # rows begin with a name
        return f'<th scope="col"{kind}>{_named(column.label, column.kpi)}</th>'

    def _html_row(self, place: int) -> str:
        cells = []
        for number in self._seen:
            column, value = self.columns[number], self.rows[place][number]
            if number == 0:
                label = _named(self._format(place, 0), self.row_kpis.get(str(value)))
                order = _sorting(value, column)
                cells.append(f'<th scope="row" dir="auto"{order}>{label}</th>')
            elif column.unit == "trend":
                cells.append(f"<td>{self._sparkline(place, value)}</td>")
            else:
                kind = ' class="mk-number"' if column.numeric else ' dir="auto"'
                label = f' data-mk-label="{_text(column.label)}"' if self._prose() else ""
                shown = _text(self._format(place, number))
                estimate, bracket, interval = shown.partition(" (")
                if column.unit == "interval" and bracket:  # a narrow page breaks before the bracket
                    kind = ' class="mk-number mk-parts"'
                    shown = f"{_whole(estimate)} {_whole(bracket[1:] + interval)}"
                cells.append(f"<td{kind}{_sorting(value, column)}{label}>{shown}</td>")
        return f"<tr>{''.join(cells)}</tr>"

    def _sparkline(self, place: int, values: Any) -> str:
        known = _known(values)
        if len(known) < 2:
            return ABSENT
        unit = self.row_units[place] if self.row_units else "number"
        decimals = self.row_decimals[place] if self.row_decimals else None
        first, last = (
            _formatted(value, unit, self.reader, decimals) for value in (known[0], known[-1])
        )
        _ = self.reader.translate
        label = _("from {first} to {last}", first=first, last=last)
        return sparkline(values, label=label)

    def _format(self, place: int, number: int) -> str:
        column, value = self.columns[number], self.rows[place][number]
        if number == 0 and str(value) in self.row_labels:
            return _clean(self.row_labels[str(value)])
        if column.unit == "trend":
            return _blocks(values=value)
        longest = LONGEST_PARAGRAPH if column.unit == "long_text" else LONGEST_TEXT
        unit = self._unit(place, column)
        decimals = column.decimals
        if decimals is None and self.row_decimals and column.unit in _OF_THE_ROW:
            decimals = self.row_decimals[place]
        return _clean(_formatted(value, unit, self.reader, decimals), longest)

    def _unit(self, place: int, column: Column) -> str:
        """Return the unit of a cell: in a table with a KPI a row, numbers have the row's."""
        if not self.row_units or column.unit not in _OF_THE_ROW:
            return column.unit
        own = self.row_units[place]
        if column.unit == "number":
            return own
        return _CHANGES.get(own, "change")


def campaign_name(campaign: str, names: Mapping[str, str] | None = None) -> str:
    """Return the name of a campaign: its id where the data name none.

    >>> campaign_name("a", {"a": "Spring letter"}), campaign_name("b")
    ('Spring letter', 'b')
    """
    return (names or {}).get(campaign, str(campaign))


def table(
    frame: pd.DataFrame,
    *,
    lang: str | Reader,
    id: str,
    caption: str,
    units: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    kpis: Mapping[str, str] | None = None,
    columns: Sequence[str] | None = None,
    row_units: Sequence[str] | None = None,
    row_decimals: Sequence[int | None] | None = None,
    row_labels: Mapping[str, str] | None = None,
    shown: int = ROWS_SHOWN,
    hidden: Sequence[str] = (),
    notes: Sequence[str] = (),
    whole: Sequence[str] = (),
) -> Table:
    """Show a frame as a table that people read and other tools reuse.

    Parameters
    ----------
    frame
        The rows, in the order to show; its first shown column names the rows.
    lang
        The reader, or a language.
    id
        Name of the table on the page and in the exports: small letters, digits and ``_``.
    caption
        What the table holds, in the reader's language.
    units
        Unit of a column: one of `UNITS`. By default what the column is known to hold (see
        `COLUMNS`), else by its type.
    names
        Label of a column, in the reader's language; by default that of `COLUMNS`.
    kpis
        KPI of a column, by its name, or of a row, by the value in its first column; a report
        puts the definition there.
    columns
        The columns to show; all by default.
    row_units
        For a table with a KPI a row: the unit of each row's numbers.
    row_decimals
        For such a table: the decimals of each row's numbers; None: the usual ones of the unit.
    row_labels
        What to show for values of the first column.
    shown
        Rows shown; the number left out is said under the table.
    hidden
        Columns that only other tools get, in the JSON bundle.
    notes
        Sentences under the table, in the reader's language.
    whole
        Columns of amounts that people see without cents; other tools get them as they are.

    Returns
    -------
    Table
        An object that a notebook shows: HTML, plain text and the typed values.

    Raises
    ------
    ColumnError
        When `columns`, `units`, `names` or `whole` speak of a column that the frame does not have.
    ConfigError
        When `id` is not a name, or a unit is not known.

    Examples
    --------
    >>> frame = pd.DataFrame({"segment": ["loyal"], "customers": [1234], "share": [0.5]})
    >>> print(table(frame, lang="en", id="demo", caption="Segments").to_text())
    Segments
    Segment  Customers  Share
    Loyal        1,234  50.0%
    """
    reader = Reader.of(lang)
    if not _NAME.fullmatch(id):
        raise ConfigError(f"id {id!r} must be small letters, digits and _, starting with a letter")
    chosen = list(columns) if columns is not None else [str(name) for name in frame.columns]
    for name in {*chosen, *(units or {}), *(names or {}), *whole}:
        if name not in frame.columns:
            message, hint = unknown("column", name, map(str, frame.columns), where=f"table {id}")
            raise ColumnError(message, hint=hint)
    kpis = kpis or {}
    heads = tuple(
        _column(
            frame[name],
            name,
            units or {},
            names or {},
            kpis.get(name),
            reader,
            decimals=0 if name in whole else None,
        )
        for name in chosen
    )
    return Table(
        id=id,
        caption=_clean(caption, LONGEST_PARAGRAPH),
        columns=heads,
        rows=tuple(zip(*(frame[name].tolist() for name in chosen), strict=True)),
        reader=reader,
        shown=shown,
        row_units=tuple(row_units or ()),
        row_decimals=tuple(row_decimals or ()),
        row_kpis={key: kpi for key, kpi in kpis.items() if key not in chosen},
        row_labels=dict(row_labels or {}),
        hidden=frozenset(hidden),
        notes=tuple(notes),
    )


def _column(
    values: pd.Series[Any],
    name: str,
    units: Mapping[str, str],
    names: Mapping[str, str],
    kpi: str | None,
    reader: Reader,
    *,
    decimals: int | None,
) -> Column:
    label, usual = COLUMNS.get(name, ("", ""))
    unit = units.get(name) or usual or _unit_of(values)
    if unit not in UNITS:
        message, hint = unknown("unit", unit, UNITS)
        raise ConfigError(message, hint=hint)
    shown = names.get(name) or (reader.translate(label) if label else name)
    return Column(name=name, label=_clean(shown), unit=unit, kpi=kpi, decimals=decimals)


def _unit_of(values: pd.Series[Any]) -> str:
    if pd.api.types.is_bool_dtype(values):
        return "yes_no"
    if pd.api.types.is_integer_dtype(values):
        return "count"
    if pd.api.types.is_numeric_dtype(values):
        return "number"
    return "date" if pd.api.types.is_datetime64_any_dtype(values) else "text"


def _formatted(value: Any, unit: str, reader: Reader, decimals: int | None = None) -> str:
    if is_absent(value):
        return ABSENT
    if unit in {"text", "long_text", "interval"}:
        return str(value)
    if unit == "channel":
        _ = reader.translate
        return _(CHANNELS.get(str(value), str(value)))
    if unit == "yes_no":
        _ = reader.translate
        return _("yes") if value else _("no")
    if unit == "segment":
        return segment_name(str(value), lang=reader.lang)
    if unit == "box":
        return box_name(str(value), lang=reader.lang)
    if unit == "difference" and decimals is not None:
        return reader.difference(value, decimals)
    simple = {
        "date": reader.date,
        "month": reader.month,
        "change": reader.change,
        "difference": reader.difference,
        "number": reader.number,
    }
    return simple[unit](value) if unit in simple else reader.unit(value, unit, decimals=decimals)


def _clean(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return one line of bounded length, without control and reordering characters."""
    plain = _SPACES.sub(_one_space, _UNSAFE.sub("", text)).strip()
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def _one_space(spaces: re.Match[str]) -> str:
    # A single typographic space (thousands, before a colon) is kept as it is.
    return spaces[0] if len(spaces[0]) == 1 and spaces[0] not in "\n\r\t" else " "


def _text(value: str) -> str:
    return escape(value, quote=True)


def _whole(markup: str) -> str:
    """Return what no line breaks within."""
    return f'<span class="mk-whole">{markup}</span>'


def _named(label: str, kpi: str | None) -> str:
    """Return a label; that of a KPI is marked, so that a page can put its definition there."""
    if kpi is None:
        return _text(label)
    return f'<span class="mk-kpi" data-mk-kpi="{_text(kpi)}">{_text(label)}</span>'


def _sorting(value: Any, column: Column) -> str:
    """Return the attribute by which a page sorts a cell whose text does not say its order."""
    plain = _json(value)
    if isinstance(plain, bool | str) and column.unit not in {"date", "month"}:
        return ""
    if not isinstance(plain, int | float | str):
        return ""
    written = plain if isinstance(plain, str) else f"{plain:.12g}"
    return f' data-mk-value="{_text(written)}"'


def _json(value: Any) -> Json:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, list | tuple | np.ndarray):
        return [_json(item) for item in value]
    if is_absent(value):
        return None
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()[:10] if _is_midnight(value) else value.isoformat()
    if isinstance(value, float | Decimal):
        return _ten_digits(float(value))
    return value if isinstance(value, bool | int) else str(value)


def _ten_digits(value: float) -> float:
    """Keep ten digits, and thousandths: an engine adds in parallel, and the last ones vary.

    >>> _ten_digits(0.1 + 0.2), _ten_digits(12_345_678.91)
    (0.3, 12345678.91)
    """
    if value == 0 or not math.isfinite(value):
        return value
    return round(value, max(9 - math.floor(math.log10(abs(value))), 3))


def _is_midnight(value: dt.date) -> bool:
    return not isinstance(value, dt.datetime) or value.time() == dt.time()


def _known(values: Any) -> list[float]:
    if not isinstance(values, list | tuple | np.ndarray):
        return []
    numbers = (math.nan if is_absent(v) else float(v) for v in values)
    return [number for number in numbers if math.isfinite(number)]


_BLOCKS = "▁▂▃▄▅▆▇█"


def _blocks(values: Any) -> str:
    """Return a sparkline of block characters, for plain text."""
    known = _known(values)
    if len(known) < 2:
        return ABSENT
    low, high = min(known), max(known)
    if high == low:
        return _BLOCKS[3] * len(known)
    return "".join(_BLOCKS[int((v - low) / (high - low) * (len(_BLOCKS) - 1))] for v in known)


def sparkline(values: Any, *, label: str) -> str:
    """Return a small line as inline SVG, with its first and last value as its name.

    Parameters
    ----------
    values
        A list of numbers, oldest first; a null breaks the line.
    label
        Accessible name.
    """
    numbers = [math.nan if is_absent(v) else float(v) for v in values]
    known = _known(values)
    low, span = min(known), (max(known) - min(known)) or 1.0
    width, height, edge = 96, 24, 3
    step = (width - 2 * edge) / max(len(numbers) - 1, 1)
    points = [
        (edge + step * n, height - edge - (height - 2 * edge) * (v - low) / span)
        if math.isfinite(v)
        else None
        for n, v in enumerate(numbers)
    ]
    path, pen_down = [], False
    for point in points:
        if point is not None:
            path.append(f"{'L' if pen_down else 'M'}{point[0]:.1f} {point[1]:.1f}")
        pen_down = point is not None
    last_x, last_y = next(point for point in reversed(points) if point is not None)
    return (
        f'<svg class="mk-spark" role="img" aria-label="{_text(label)}" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}"><path d="{" ".join(path)}" fill="none" '
        'stroke="currentColor" stroke-width="1.5"/>'
        f'<circle cx="{last_x:.1f}" cy="{last_y:.1f}" r="2" fill="currentColor"/></svg>'
    )
