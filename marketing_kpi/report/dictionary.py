"""The dictionary in a file: a page, a workbook, JSON with its schema, or a dbt semantic layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from markupsafe import Markup

from marketing_kpi import governance
from marketing_kpi.kpis.dictionary import FILTERS, Dictionary, Entry, Kpi, dictionary
from marketing_kpi.kpis.export import records, semantic
from marketing_kpi.plots import entries as shown
from marketing_kpi.plots.governance import owner_name, sources_of
from marketing_kpi.report.exports import Export, write_workbook
from marketing_kpi.report.render import Body, Cover, page
from marketing_kpi.text.locale import Reader


def export(
    out: Path, *, format: str, lang: str | Reader, entries: Dictionary | None = None
) -> tuple[Path, ...]:
    """Write the dictionary to a file.

    Parameters
    ----------
    out
        The file; its folder is made.
    format
        A key of `FORMATS`: ``html``, ``xlsx``, ``json`` or ``dbt``.
    lang
        The language of the page, the workbook and the labels of dbt, or a reader; JSON has both.
    entries
        The dictionary; by default the package's.

    Returns
    -------
    tuple of Path
        What was written: the file, and beside a JSON file its schema.
    """
    known = dictionary() if entries is None else entries
    out.parent.mkdir(parents=True, exist_ok=True)
    return FORMATS[format](known, out, Reader.of(lang))


def dictionary_page(entries: Dictionary, *, lang: str | Reader) -> str:
    """Return the dictionary as one page that opens without a network, with a search field."""
    reader = Reader.of(lang)
    _ = reader.translate
    lead = _(
        "{kpis} KPIs and {concepts} terms: what each means, how it is computed, who answers for "
        "it, which systems it comes from and which version it is.",
        kpis=reader.integer(len(entries.kpis)),
        concepts=reader.integer(len(entries.concepts)),
    )
    glossary = shown.glossary(
        entries.values(), lang=reader, more=lambda entry: _more(entry, reader)
    )
    html = Markup('<p class="mk-lead">{}</p>\n<h2>{}</h2>\n{}').format(
        lead,
        _("KPIs and terms"),
        Markup(glossary._repr_mimebundle_()["text/html"]),  # noqa: S704 - escaped by the glossary
    )
    body = Body(html=html, title=_("KPI dictionary"), summary=lead)
    return page(body, cover=Cover(client=_("Marketing KPIs")), file="", lang=reader)


def _more(entry: Entry, reader: Reader) -> Iterator[tuple[str, str | Markup]]:
    """Yield what the dictionary's page adds to an entry: where its data come from, its history."""
    if not isinstance(entry, Kpi):
        return
    _, lang = reader.translate, reader.lang
    yield _("Data"), Markup("<br>").join(sources_of(entry, reader))
    yield (
        _("History"),
        Markup("<br>").join(
            _("{version}, {date}: {change}", version=item.version, date=reader.date(item.date),
              change=item.change[lang])
            for item in reversed(entry.history)
        ),
    )  # fmt: skip


# --- Workbook -------------------------------------------------------------------------------


def _sheets(entries: Dictionary, reader: Reader) -> Iterator[Export]:
    _ = reader.translate
    yield _sheet(_("KPIs"), _("KPIs: definition, owner, version"), _kpi_rows(entries, reader))
    yield _sheet(_("Sources"), _("KPIs and source systems"), _source_rows(entries, reader))
    yield _sheet(_("Versions"), _("Versions"), _version_rows(entries, reader))
    yield _sheet(_("Terms"), _("Terms"), _concept_rows(entries, reader))


Row = Mapping[str, tuple[str, str, Any]]
"""A row of a sheet: by column, its label, its unit and the value."""


def _sheet(name: str, caption: str, rows: Sequence[Row]) -> Export:
    columns = [
        {"name": column, "label": label, "unit": unit, "kpi": None}
        for column, (label, unit, _value) in (rows[0].items() if rows else ())
    ]
    values = [[value for _label, _unit, value in row.values()] for row in rows]
    return Export(name, {"caption": caption, "columns": columns, "rows": values}, page="")


def _kpi_rows(entries: Dictionary, reader: Reader) -> list[Row]:
    _, lang = reader.translate, reader.lang
    listed = governance.register(entries).to_dict("records")
    rows: list[Row] = []
    for row, kpi in zip(listed, entries.kpis, strict=True):
        words = [FILTERS[name][lang] for name in kpi.filters]
        rows.append(
            {
                "id": (_("Id"), "text", kpi.id),
                "name": (_("KPI"), "text", kpi.name[lang]),
                "domain": (_("Domain"), "text", _(shown.DOMAINS[kpi.domain])),
                "definition": (_("Definition"), "text", kpi.definition[lang]),
                "formula": (_("Formula"), "text", kpi.formula),
                "type": (_("Type"), "text", kpi.type),
                "unit": (_("Unit"), "text", kpi.unit),
                "window": (_("Window"), "text", kpi.standard_window),
                "filters": (_("What is counted"), "text", ", ".join(words) or None),
                "owner": (_("Owner"), "text", owner_name(kpi.owner, lang=reader)),
                "version": (_("Version"), "text", kpi.version),
                "status": (_("Status"), "text", kpi.status),
                "replaced_by": (_("Replaced by"), "text", kpi.replaced_by),
                "retires_on": (_("Leaves on"), "date", kpi.retires_on),
                "changed_on": (_("Changed on"), "date", kpi.history[-1].date),
                "latency_days": (_("Slowest source (days)"), "number", row["latency_days"]),
                "pitfalls": (_("Pitfalls"), "text", kpi.pitfalls[lang]),
                "decision": (_("Decision"), "text", kpi.decision[lang]),
                "lesson": (_("Lesson"), "text", kpi.lesson),
            }
        )
    return rows


def _source_rows(entries: Dictionary, reader: Reader) -> list[Row]:
    _ = reader.translate
    return [
        {
            "id": (_("Id"), "text", row["kpi"]),
            "system": (_("System"), "text", _(shown.SYSTEM_NAMES[row["system"]])),
            "fields": (_("Fields"), "text", ", ".join(row["fields"])),
            "owner": (_("Owner of the data"), "text", owner_name(row["owner"], lang=reader)),
            "granularity": (_("Granularity"), "text", row["granularity"]),
            "latency_days": (_("Latency (days)"), "number", row["latency_days"]),
        }
        for row in governance.sources(entries).to_dict("records")
    ]


def _version_rows(entries: Dictionary, reader: Reader) -> list[Row]:
    _, lang = reader.translate, reader.lang
    return [
        {
            "id": (_("Id"), "text", kpi.id),
            "version": (_("Version"), "text", item.version),
            "date": (_("Date"), "date", item.date),
            "change": (_("What changed"), "text", item.change[lang]),
        }
        for kpi in entries.kpis
        for item in kpi.history
    ]


def _concept_rows(entries: Dictionary, reader: Reader) -> list[Row]:
    _, lang = reader.translate, reader.lang
    return [
        {
            "id": (_("Id"), "text", entry.id),
            "name": (_("Term"), "text", entry.name[lang]),
            "domain": (_("Domain"), "text", _(shown.DOMAINS[entry.domain])),
            "definition": (_("Definition"), "text", entry.definition[lang]),
            "example": (_("Example"), "text", entry.example[lang]),
            "why": (_("Why it matters"), "text", entry.why[lang]),
            "confusion": (_("Not to be confused with"), "text", entry.confusion[lang]),
            "lesson": (_("Lesson"), "text", entry.lesson),
        }
        for entry in entries.concepts
    ]


# --- Formats --------------------------------------------------------------------------------


def _html(entries: Dictionary, out: Path, reader: Reader) -> tuple[Path, ...]:
    out.write_text(dictionary_page(entries, lang=reader), encoding="utf-8")
    return (out,)


def _xlsx(entries: Dictionary, out: Path, reader: Reader) -> tuple[Path, ...]:
    write_workbook([*_sheets(entries, reader)], out, reader=reader)
    return (out,)


def _json(entries: Dictionary, out: Path, _reader: Reader) -> tuple[Path, ...]:
    out.write_text(records.to_json(records.document(entries)), encoding="utf-8")
    beside = out.with_name(records.SCHEMA_NAME)
    beside.write_text(records.to_json(records.schema()), encoding="utf-8")
    return out, beside


def _dbt(entries: Dictionary, out: Path, reader: Reader) -> tuple[Path, ...]:
    layer = semantic.layer(entries, lang=reader)
    out.write_text(semantic.to_yaml(layer), encoding="utf-8")
    return (out,)


FORMATS: Mapping[str, Callable[[Dictionary, Path, Reader], tuple[Path, ...]]] = MappingProxyType(
    {"html": _html, "xlsx": _xlsx, "json": _json, "dbt": _dbt}
)
"""What writes each format."""
