"""Pages: executed notebooks, failures, data quality and the index as self-contained HTML.

A page makes no request: style, script and pictures are inside it, and its Content-Security-Policy
allows nothing else (style and script by their hash, pictures as ``data:``).
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from markupsafe import Markup, escape

from marketing_kpi.report import reading
from marketing_kpi.report.brand import Brand
from marketing_kpi.report.doubts import Doubt, doubts, mark
from marketing_kpi.report.markup import (
    CONTENT,
    CONTROLS,
    PICTURES,
    PageState,
    clean,
    figure,
    kpis_of,
    markdown,
    named_apart,
    plain_text,
    whole_amounts,
)
from marketing_kpi.report.passages import without_empty
from marketing_kpi.text.locale import Reader
from marketing_kpi.text.math import mathml
from marketing_kpi.text.messages import N_, Translator

if TYPE_CHECKING:
    from jinja2 import Environment
    from nbformat import NotebookNode

    from marketing_kpi.data.model import Finding
    from marketing_kpi.data.quality import Quality
    from marketing_kpi.report.execute import Failure
    from marketing_kpi.report.since import Changes, Difference

TEMPLATES = Path(__file__).parent / "templates"

LETTER = frozenset(
    ("BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE")
)
"""Territories that write on US Letter; all others on A4 (CLDR, measurement data, paper size)."""
TABLE_MIME = "application/vnd.marketing-kpi.table+json"
QUIZ_MIME = "application/vnd.marketing-kpi.quiz+json"
INDEX, QUALITY = "index.html", "quality.html"
SUMMARY_CHARACTERS = 180
HEADLINES = 4
ALERTS = 6
"""How many KPIs that moved the index names; of the others, where they are."""
NAMED = 6
"""How many KPIs are named that a finding touches; of the others, how many there are."""
MINUTES_AN_HOUR = 60
DIFFERENCES = frozenset({"fraction", "points", "index"})
"""Units whose change is a difference, as in `overview.scorecard`."""
WITHOUT_CENTS = 1000
"""From this amount on, the index shows money without its cents."""

_NAME = re.compile(r'"([a-z_]+)"')

Status = Literal["ok", "failed"]

_LEVELS = {
    "error": N_("Errors"),
    "dropped": N_("Dropped"),
    "suspicious": N_("Suspicious"),
    "repaired": N_("Repaired"),
    "info": N_("For information"),
}
_ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>"
    "<path fill='#0b5c6b' d='M1 9h3v6H1zm5-4h4v10H6zm6-4h3v14h-3z'/></svg>"
)


@dataclass(frozen=True)
class Fact:
    """A line of a page's cover: what, and its value."""

    label: str
    value: str


@dataclass(frozen=True)
class Link:
    """A page of the report, as the others link to it.

    Attributes
    ----------
    file, title
        Its name, and its first heading.
    summary
        What it is about.
    status
        Whether it is there.
    answer
        What it answers, with the client's own figures; empty where it has no such sentence.
    minutes
        How long it takes to read; 0 where that is not known.
    """

    file: str
    title: str
    summary: str = ""
    status: Status = "ok"
    answer: str = ""
    minutes: int = 0

    @property
    def short(self) -> str:
        """The title up to its colon, for navigation.

        >>> Link("02.html", "RFM segmentation: who to talk to?").short
        'RFM segmentation'
        """
        return re.split(r"\s*:\s", self.title, maxsplit=1)[0]


@dataclass(frozen=True)
class Cover:
    """What every page of a report says first.

    Attributes
    ----------
    client
        Its name, always shown as text.
    facts
        Period, comparison, date of the data.
    links
        Every page of the report, in order.
    in_doubt
        Whether the check of the data found errors, so that figures may be wrong.
    brand
        Its logo and its colour.
    """

    client: str
    facts: tuple[Fact, ...] = ()
    links: tuple[Link, ...] = ()
    in_doubt: bool = False
    brand: Brand = field(default_factory=Brand)


@dataclass
class Body:
    """What an executed notebook gives a page, before the page is laid out."""

    html: str
    title: str
    summary: str
    tables: list[dict[str, Any]] = field(default_factory=list)
    kpis: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    ids: frozenset[str] = frozenset()
    has_quiz: bool = False
    answer: str = ""
    words: int = 0


@dataclass(frozen=True)
class Headline:
    """A figure of the index: a KPI, its value and its change, as the reader writes them."""

    kpi: str
    label: str
    value: str
    change: str


@dataclass(frozen=True)
class Alert:
    """A KPI that needs attention: its figure, how it moved, and the page that explains it."""

    kpi: str
    label: str
    value: str
    change: str
    verdict: str
    file: str


@dataclass(frozen=True)
class Attention:
    """What needs attention in a report: KPIs, or a sentence that says why there are none.

    Attributes
    ----------
    alerts
        The first KPIs of the overview's list.
    rest
        How many more it has.
    sentence
        What is said where it has none.
    file
        The overview's page.
    """

    alerts: tuple[Alert, ...]
    rest: int
    sentence: str
    file: str


@dataclass(frozen=True)
class Reason:
    """Why something failed; foreign when it is an error's own English on a page that is not."""

    text: str
    is_foreign: bool


@dataclass(frozen=True)
class Download:
    """A table that the index offers.

    Attributes
    ----------
    files
        Path and name of each of its formats.
    label
        What it holds.
    group
        What it is folded under, as the page that shows it; empty for what stands open.
    """

    files: tuple[tuple[str, str], ...]
    label: str
    group: str = ""


def body(notebook: NotebookNode, *, lang: str | Reader, code: bool = False) -> Body:
    """Return the content of a page from an executed notebook.

    Parameters
    ----------
    notebook
        Executed, with the cells to show only.
    lang
        Language of the page.
    code
        Whether code cells show their source, as a lesson does; a report leaves out what introduces
        no output.

    Raises
    ------
    ReportError
        If a figure has no alternative text or a formula cannot be shown.
    """
    from marketing_kpi.kpis.dictionary import dictionary

    reader = Reader.of(lang)
    _ = reader.translate
    known = frozenset(kpi.id for kpi in dictionary().kpis)
    state = PageState(known_kpis=known)
    tables: list[dict[str, Any]] = []
    shown = notebook if code else without_empty(notebook, is_shown)
    html = _exporter().render(shown, state=state, tables=tables, reader=reader, code=code)
    html = named_apart(html)
    for table in tables:
        for kpi in kpis_of(table):
            state.kpis.setdefault(kpi)
    return Body(
        html=html,
        title=state.title or _("Report"),
        summary=_first_sentences(html),
        tables=tables,
        kpis=tuple(kpi for kpi in state.kpis if kpi in known),
        dimensions=_dimensions(shown),
        ids=frozenset(state.ids),
        has_quiz=state.has_quiz,
        answer=reading.answer(shown),
        words=reading.words(html),
    )


def _dimensions(notebook: NotebookNode) -> tuple[str, ...]:
    """Return the dimensions that the code of a page names: what its figures are by."""
    from marketing_kpi.kpis.lineage import places_of

    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return tuple(name for name in dict.fromkeys(_NAME.findall(code)) if places_of(name))


def _first_sentences(html: str) -> str:
    """Return the first paragraph's sentences that fit a line or two; at least a part of one."""
    match = re.search(r"<p>(.*?)</p>", html, flags=re.DOTALL)
    text = plain_text(match[1]) if match else ""
    if len(text) <= SUMMARY_CHARACTERS:
        return text
    cut = text[:SUMMARY_CHARACTERS]
    whole = re.match(r".*[.?!](?= )", cut)
    return whole[0] if whole else f"{cut.rsplit(' ', 1)[0]}…"


def page(
    content: Body,
    *,
    cover: Cover,
    file: str,
    findings: Sequence[Finding] = (),
    lang: str | Reader,
) -> str:
    """Return a page of a report: cover, content, definitions and glossary of its KPIs.

    What was found in the data is told where it touches a figure of the page, and on it.
    """
    reader = Reader.of(lang)
    return _layout(
        "page.html.j2",
        reader,
        cover=cover,
        file=file,
        also=beside(content),
        **drawn(
            content, reader, found=doubts(findings, content.kpis, dimensions=content.dimensions)
        ),
    )


def beside(content: Body) -> dict[str, str]:
    """Return the style and the script that a page needs beside those of every page, for `frame`."""
    if not content.has_quiz:
        return {}
    from marketing_kpi.learn import quiz

    return {"style": quiz.style(), "script": quiz.script()}


def drawn(content: Body, reader: Reader, *, found: Sequence[Doubt] = ()) -> dict[str, Any]:
    """Return what ``content.html.j2`` draws: a page's body, doubts, definitions and glossary."""
    html = mark(content.html, {kpi: None for doubt in found for kpi in doubt.kpis})
    return {
        "title": content.title,
        "body": Markup(html),  # noqa: S704 - written by markup.py
        "terms": [_term(kpi, reader, found) for kpi in content.kpis],
        "glossary": _glossary(content, reader),
        "doubts": [_doubt(doubt, reader) for doubt in found],
    }


def _doubt(doubt: Doubt, reader: Reader) -> Fact:
    """Return what was found in the data, and what of the page it touches: KPIs, dimensions."""
    from marketing_kpi.kpis.dictionary import dictionary
    from marketing_kpi.plots.dimensions import dimension_names

    _ = reader.translate
    names = [dictionary()[kpi].name[reader.lang] for kpi in doubt.kpis]
    rest = len(names) - NAMED
    if rest > 1:
        names[NAMED:] = [_("{count} others", count=reader.integer(rest))]
    if doubt.dimensions:
        by = ", ".join(dimension_names(doubt.dimensions, lang=reader).values())
        names.append(_("figures by dimension ({dimensions})", dimensions=by))
    return Fact(doubt.finding.text(reader), ", ".join(names))


def failed_page(
    failure: Failure,
    *,
    title: str,
    notebook: str,
    parameters: Mapping[str, Any],
    cover: Cover,
    file: str,
    lang: str | Reader,
) -> str:
    """Return the page of a notebook that failed: where, with what, why, and what to do.

    Parameters
    ----------
    failure
        What stopped it.
    title
        Title of the lesson.
    notebook
        Its path in the project.
    parameters
        As written in the configuration, without secrets.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    facts = [
        Fact(_("Notebook"), notebook),
        Fact(_("Section"), failure.heading or _("before the first cell")),
        Fact(_("Cell"), failure.cell_id or "–"),
        Fact(_("Error"), failure.error),
    ]
    shown = [
        Fact(name, json.dumps(value, ensure_ascii=False)) for name, value in parameters.items()
    ]
    advice = [_(failure.hint)] if failure.hint else []
    has_quality = QUALITY in {link.file for link in cover.links}
    advice += [
        _("Check the data: marketing-kpi check, or the page on data quality.")
        if has_quality
        else _("Check the data: marketing-kpi check."),
        _(
            "Open {notebook} in JupyterLab, give its parameters cell the values below and run it "
            "up to cell {cell}.",
            notebook=notebook,
            cell=failure.cell_id or "1",
        ),
    ]
    return _layout(
        "failed.html.j2",
        reader,
        cover=cover,
        file=file,
        title=title,
        lead=_failed_lead(cover, file, reader),
        reason=_reason(failure, reader),
        facts=facts,
        parameters=shown,
        advice=advice,
    )


def _failed_lead(cover: Cover, file: str, reader: Reader) -> str:
    """Return what a page that failed says first: of the others too, when all of them are there."""
    _ = reader.translate
    others = [link for link in cover.links if link.file not in (INDEX, QUALITY, file)]
    if others and all(link.status == "ok" for link in others):
        return _("This page could not be made. The other pages are not affected.")
    return _("This page could not be made.")


def index_page(
    *,
    cover: Cover,
    headlines: Sequence[Headline] = (),
    attention: Attention | None = None,
    changes: Changes | None = None,
    downloads: Sequence[Download] = (),
    quality: Quality | None,
    quality_failure: Failure | None = None,
    lang: str | Reader,
) -> str:
    """Return the first page: the report in two minutes, its chapters, the data, downloads."""
    reader = Reader.of(lang)
    _ = reader.translate
    return _layout(
        "index.html.j2",
        reader,
        cover=cover,
        file=INDEX,
        title=_("Marketing report"),
        headlines=headlines,
        attention=attention,
        doubted=_doubted([*headlines, *(attention.alerts if attention else ())], quality),
        rest=_rest(attention, reader) if attention and attention.rest else "",
        **_chapters(cover, reader),
        since=_since(changes, reader) if changes else None,
        downloads=[one for one in downloads if not one.group],
        folds=_folds(downloads),
        levels=_level_counts(quality, reader) if quality else [],
        quality=quality,
        quality_failure=_reason(quality_failure, reader) if quality_failure else None,
        quality_advice=_(quality_failure.hint) if quality_failure and quality_failure.hint else "",
    )


def _doubted(figures: Sequence[Headline | Alert], quality: Quality | None) -> frozenset[str]:
    """Return the KPIs of the index whose figures something found in the data touches."""
    kpis = list(dict.fromkeys(figure.kpi for figure in figures))
    found = doubts(quality.findings, kpis) if quality else ()
    return frozenset(kpi for doubt in found for kpi in doubt.kpis)


def _chapters(cover: Cover, reader: Reader) -> dict[str, Any]:
    """Return the pages grouped by what they are about, with the time that each takes."""
    _ = reader.translate
    pages = [link for link in cover.links if link.file not in (INDEX, QUALITY)]
    groups = [
        {
            "label": _(group.label),
            "links": [(link, _time(link.minutes, reader)) for link in group.links],
        }
        for group in reading.chapters(pages)
    ]
    taken = sum(link.minutes for link in pages)
    return {
        "chapters": groups,
        "has_answers": any(link.answer or link.status == "failed" for link in pages),
        "total": _(
            "All pages, in an order to read them: about {time}. Tables and figures take their own "
            "time.",
            time=_time(taken, reader),
        )
        if taken
        else "",
    }


def _time(minutes: int, reader: Reader) -> str:
    _ = reader.translate
    if not minutes:
        return ""
    hours, rest = divmod(minutes, MINUTES_AN_HOUR)
    if not hours:
        return _("{minutes} min", minutes=reader.integer(minutes))
    return _("{hours} h {minutes} min", hours=reader.integer(hours), minutes=reader.integer(rest))


def _rest(attention: Attention, reader: Reader) -> str:
    return reader.translate.n("{n} other", "{n} others", attention.rest)


def _folds(downloads: Sequence[Download]) -> list[tuple[str, list[Download]]]:
    """Return the downloads that are folded, by what they are folded under."""
    groups: dict[str, list[Download]] = {}
    for one in downloads:
        if one.group:
            groups.setdefault(one.group, []).append(one)
    return list(groups.items())


def _since(changes: Changes, reader: Reader) -> dict[str, Any]:
    """Return what changed since the last report, in the reader's words."""
    _ = reader.translate
    before = changes.before
    made = reader.date(dt.datetime.fromisoformat(before.made_at).date())
    period = reader.date_range(before.start, before.end)
    return {
        "lead": _(
            "The last report, of {made}, was about the same days: what differs was corrected in "
            "the data or in a definition.",
            made=made,
        )
        if changes.is_same_period
        else _(
            "The last report, of {made}, was about another period: {period}.",
            made=made,
            period=period,
        ),
        "figures": [_difference(one, reader) for one in changes.figures],
        "lists": [
            (label, values)
            for label, values in (
                (
                    _("Defined otherwise, so not to be compared:"),
                    [_short_name(kpi, reader) for kpi in changes.redefined],
                ),
                (_("New in the check of the data:"), [one.text for one in changes.come]),
                (_("No longer found in the data:"), [one.text for one in changes.gone]),
                (_("New pages:"), list(changes.new_pages)),
                (_("Pages left out:"), list(changes.old_pages)),
            )
            if values
        ],
    }


def _difference(one: Difference, reader: Reader) -> dict[str, str]:
    """Return a figure of the last report and of this one, and what it changed by."""
    before, now, change = one.before, one.now, None
    if before is not None and now is not None:
        if one.unit in DIFFERENCES:
            change = now - before
        elif before > 0:
            change = now / before - 1
    return {
        "name": _short_name(one.kpi, reader),
        "before": _figure(before, one.unit, reader, beside=now),
        "now": _figure(now, one.unit, reader, beside=before),
        "change": _changed(change, one.unit, reader, decimals=reader.apart(before, now, one.unit)),
    }


def _reason(failure: Failure, reader: Reader) -> Reason:
    text = reader.translate(failure.reason)
    return Reason(text, is_foreign=reader.lang != "en" and text == failure.reason)


def quality_page(quality: Quality, *, lang: str | Reader, cover: Cover | None = None) -> str:
    """Return the page of what was read, dropped, repaired and suspicious in the data.

    Parameters
    ----------
    quality
        What `data.quality.check` found.
    lang
        Language of the page, or its reader.
    cover
        The report it belongs to; by default the page stands alone.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Data quality")
    alone = cover is None
    whole = cover or Cover(client=quality.source)
    groups = [
        (
            level,
            _(label),
            [_finding(found, reader) for found in quality.findings if found.level == level],
        )
        for level, label in _LEVELS.items()
    ]
    return _layout(
        "quality.html.j2",
        reader,
        cover=whole,
        file=QUALITY,
        title=title,
        alone=alone,
        source=quality.source,
        tables=[_table_line(table, reader) for table in quality.tables],
        groups=[group for group in groups if group[2]],
        levels=_level_counts(quality, reader),
    )


def render_lesson(notebook: NotebookNode, *, lang: str | Reader) -> str:
    """Return an executed lesson as a page: every cell, code shown."""
    reader = Reader.of(lang)
    content = body(notebook, lang=reader, code=True)
    _ = reader.translate
    cover = Cover(client=_("Lesson"))
    return page(content, cover=cover, file="", lang=reader)


def headlines(tables: Sequence[Mapping[str, Any]], *, lang: str | Reader) -> list[Headline]:
    """Return the figures of the scorecard to read first: of each domain one, then the others.

    None without a scorecard among a report's tables. A KPI of no domain stands for itself.

    Parameters
    ----------
    tables
        Payloads of `plots.table`; the scorecard's has the id ``scorecard`` and a KPI a row.
    lang
        Language of the page, or its reader.
    """
    reader = Reader.of(lang)
    known = [row for row in reading.rows(tables, reading.SCORECARD) if row["value"] is not None]
    return [_headline(row, reader) for row in _by_domain(known)[:HEADLINES]]


def _by_domain(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the first row of each domain, then the others, each part in the order given."""
    firsts: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        firsts.setdefault(row.get("domain") or row["kpi"], row)
    return [*firsts.values(), *(row for row in rows if row not in firsts.values())]


def _headline(row: Mapping[str, Any], reader: Reader) -> Headline:
    return Headline(
        kpi=row["kpi"],
        label=_short_name(row["kpi"], reader),
        value=_figure(row["value"], row["unit"], reader, beside=row.get("previous")),
        change=_moved(row, row["unit"], reader),
    )


def attention(
    tables: Sequence[Mapping[str, Any]], *, links: Sequence[Link], lang: str | Reader
) -> Attention | None:
    """Return what needs attention, as the overview found it; None without a scorecard.

    Parameters
    ----------
    tables
        Payloads of `plots.table`: those of the scorecard and of `plots.attention`.
    links
        The pages of the report.
    lang
        Language of the page, or its reader.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    card = {row["kpi"]: row for row in reading.rows(tables, reading.SCORECARD)}
    files = {link.file[:2]: link.file for link in links if link.status == "ok"}
    if not card or "00" not in files:
        return None
    found = reading.rows(tables, reading.ATTENTION)
    return Attention(
        alerts=tuple(_alert(row, card[row["kpi"]], files, reader) for row in found[:ALERTS]),
        rest=max(0, len(found) - ALERTS),
        sentence=_nothing_moved([*card.values()], reader),
        file=files["00"],
    )


def _nothing_moved(card: Sequence[Mapping[str, Any]], reader: Reader) -> str:
    """Say that no KPI moved clearly, or why none is compared."""
    _ = reader.translate
    if any(row["previous"] is not None for row in card):
        return _("No KPI moved clearly.")
    return _("Nothing is compared: {reason}.", reason=card[0]["not_compared"])


def _alert(
    row: Mapping[str, Any], card: Mapping[str, Any], files: Mapping[str, str], reader: Reader
) -> Alert:
    from marketing_kpi.kpis.dictionary import dictionary

    lesson = dictionary().kpi(row["kpi"]).lesson or "00"
    return Alert(
        kpi=row["kpi"],
        label=_short_name(row["kpi"], reader),
        value=_figure(card["value"], row["unit"], reader, beside=card.get("previous")),
        change=_moved({**card, "change": row["change"]}, row["unit"], reader),
        verdict=row["verdict"],
        file=files.get(lesson, files["00"]),
    )


def _short_name(kpi: str, reader: Reader) -> str:
    """Return the name of a KPI without what stands in brackets; the id of one that has gone."""
    from marketing_kpi.kpis.dictionary import dictionary

    known = dictionary()
    return re.sub(r"\s*\(.*\)$", "", known[kpi].name[reader.lang]) if kpi in known else kpi


def _figure(value: float | None, unit: str, reader: Reader, *, beside: float | None = None) -> str:
    """Return a value, with the decimals that tell it from the one that it stands beside."""
    is_large_amount = unit == "currency" and abs(value or 0) >= WITHOUT_CENTS
    decimals = 0 if is_large_amount else reader.apart(value, beside, unit)
    return reader.unit(value, unit, decimals=decimals)


def _moved(row: Mapping[str, Any], unit: str, reader: Reader) -> str:
    """Return the change of a row of the scorecard."""
    decimals = reader.apart(row["value"], row.get("previous"), unit)
    return _changed(row["change"], unit, reader, decimals=decimals)


def _changed(
    change: float | None, unit: str, reader: Reader, *, decimals: int | None = None
) -> str:
    """Return a change: of a rate or a score by a difference, else by a share of what it was."""
    if unit not in DIFFERENCES:
        return reader.change(change)
    shown = reader.difference if unit == "index" else reader.points
    return shown(change) if decimals is None else shown(change, decimals)


def _level_counts(quality: Quality, reader: Reader) -> list[Fact]:
    counts = dict.fromkeys(_LEVELS, 0)
    for found in quality.findings:
        counts[found.level] += 1
    return [
        Fact(reader.translate(_LEVELS[level]), reader.integer(count))
        for level, count in counts.items()
        if count
    ]


def _finding(found: Any, reader: Reader) -> dict[str, Any]:
    columns = list(dict.fromkeys(name for example in found.examples for name in example))
    return {
        "text": found.text(reader),
        "table": found.table,
        "columns": columns,
        "rows": [[_cell(example.get(name)) for name in columns] for example in found.examples],
    }


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _table_line(table: Any, reader: Reader) -> dict[str, Any]:
    _ = reader.translate
    first, last = table.first, table.last
    return {
        "name": table.name,
        "rows": reader.integer(table.rows),
        "dates": "–" if first is None else f"{reader.date(first)} – {reader.date(last)}",
        "columns": reader.integer(len(table.present)),
        "absent": ", ".join(table.absent) or "–",
        "extra": ", ".join(table.extra) or "–",
    }


def _term(kpi: str, reader: Reader, found: Sequence[Doubt]) -> dict[str, Any]:
    """Return what opens on the name of a KPI: what it is, and what makes its figures doubtful."""
    from marketing_kpi.kpis.dictionary import dictionary

    entry = dictionary().kpi(kpi)
    return {
        "id": kpi,
        "name": entry.name[reader.lang],
        "definition": entry.definition[reader.lang],
        "formula": Markup(mathml(entry.formula, display=True)),  # noqa: S704 - MathML of ours
        "doubts": [doubt.finding.text(reader) for doubt in found if kpi in doubt.kpis],
    }


def _glossary(content: Body, reader: Reader) -> Markup:
    """Return the entries that the page uses and does not show already."""
    from marketing_kpi.kpis.dictionary import dictionary
    from marketing_kpi.plots.entries import glossary

    entries = [dictionary()[kpi] for kpi in content.kpis if f"kpi-{kpi}" not in content.ids]
    if not entries:
        return Markup("")
    shown = str(glossary(entries, lang=reader, search=False)._repr_mimebundle_()["text/html"])
    shown = shown.replace("<details open>", "<details>")  # a page is read for its figures first
    return Markup(clean(shown, PageState(level=2, ids=set(content.ids))))  # noqa: S704


def _words(_: Translator) -> dict[str, str]:
    """Return the words of the templates."""
    return {
        "skip": _("Skip to content"),
        "pages": _("Pages of the report"),
        "glossary": _("Indicators on this page"),
        "close": _("Close"),
        "sort": _("Sort by this column"),
        "see_glossary": _("Formula, sources and pitfalls"),
        "failed": _("not available"),
        "what_happened": _("What happened"),
        "what_to_do": _("What to do"),
        "parameters": _("Parameters"),
        "where": _("Where it happened"),
        "doubts": _("What the data put in doubt on this page"),
        "doubts_lead": _("A triangle marks the names of the indicators that read what was found."),
        "doubted": _("In doubt:"),
        "doubted_lead": _(
            "A triangle marks the indicators that read what the check of the data puts in doubt."
        ),
        "touches": _("Concerns:"),
        "in_doubt": _("The check of the data found errors: figures may be wrong."),
        "foreign": _("The program's own message, in English:"),
        "quality": _("Data quality"),
        "quality_none": _("Nothing to report: the data were read as they are."),
        "quality_link": _("See what was read, dropped, repaired or looks odd"),
        "quality_failed": _("The data could not be checked."),
        "downloads": _("Tables to download"),
        "summary": _("In short"),
        "two_minutes": _("In two minutes"),
        "attention": _("What needs your attention"),
        "answers": _("What each page answers"),
        "two_hours": _("In two hours"),
        "see_overview": _("See the overview"),
        "since": _("Since the last report"),
        "since_figures": _("Figures that have changed"),
        "indicator": _("Indicator"),
        "last_report": _("Last report"),
        "this_report": _("This report"),
        "change": _("Change"),
        "since_none": _("No figure of the scorecard has changed."),
        "compared": _("on the comparison period"),
        "read": _("What was read"),
        "found": _("What was found"),
        "source": _("Data read:"),
        "table": _("Table"),
        "rows": _("Rows"),
        "dates": _("Dates"),
        "columns": _("Columns known"),
        "absent": _("Columns absent"),
        "extra": _("Columns kept as they are"),
        "examples": _("Examples"),
        "made_with": _("Made with marketing_kpi"),
        "previous": _("Previous page"),
        "next": _("Next page"),
    }


def _layout(
    template: str,
    reader: Reader,
    *,
    cover: Cover,
    file: str,
    title: str,
    also: Mapping[str, str] = MappingProxyType({}),
    **content: Any,
) -> str:
    files = [link.file for link in cover.links]
    position = files.index(file) if file in files else None
    style = also.get("style", "") + cover.brand.style + on_paper(cover.client, title, reader)
    return (
        _environment()
        .get_template(template)
        .render(
            cover=cover,
            file=file,
            title=title,
            previous=cover.links[position - 1] if position else None,
            next=cover.links[position + 1] if position is not None and file != files[-1] else None,
            **{**content, **frame(reader, style=style, script=also.get("script", ""))},
        )
    )


def on_paper(client: str, title: str, reader: Reader) -> str:
    """Return the style of the sheets: their size where the reader lives, what runs on each.

    The client's name heads every sheet but the first, which has the cover; below are the page's
    title, the number of the sheet and how many there are.
    """
    size = "letter" if reader.locale.partition("_")[2] in LETTER else "A4"
    return (
        f"@page {{ size: {size}; "
        f"@top-left {{ content: {_css_text(client)}; }} "
        f"@bottom-left {{ content: {_css_text(title)}; }} "
        '@bottom-right { content: counter(page) " / " counter(pages); } } '
        "@page :first { @top-left { content: none; } }"
    )


def _css_text(text: str) -> str:
    """Return a text as CSS reads it whatever it holds: a quote or a tag ends nothing."""
    written = (c if c.isalnum() and c.isascii() else f"\\{ord(c):x} " for c in text)
    return f'"{"".join(written)}"'


def frame(reader: Reader, *, style: str = "", script: str = "") -> dict[str, Any]:
    """Return what the layout of any page needs: its words, its style, its script, its policy.

    Parameters
    ----------
    reader
        Of the page.
    style, script
        What a page has beside the style and the script of every page.
    """
    from marketing_kpi import __version__

    css, code = _asset("page.css") + style, _asset("page.js") + script
    return {
        "lang": reader.lang,
        "words": _words(reader.translate),
        "version": __version__,
        "css": Markup(css),  # noqa: S704 - ours
        "script": Markup(code),  # noqa: S704 - ours
        "policy": _policy(css, code),
        "icon": "data:image/svg+xml;base64," + base64.b64encode(_ICON.encode()).decode(),
    }


@cache
def _asset(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _policy(css: str, code: str) -> str:
    """Return a policy that allows this page's own style and script, and nothing else."""
    style, script = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (css, code)
    )
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{style}'; "
        f"script-src 'sha256-{script}'; base-uri 'none'; form-action 'none'"
    )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _exporter() -> Any:
    """Return our nbconvert exporter; built once, since its configuration never changes."""
    from nbconvert.exporters import TemplateExporter

    class PageExporter(TemplateExporter):
        """Writes the cells of a notebook with our template and nothing of nbconvert's themes."""

        def _create_environment(self) -> Environment:
            return _environment().overlay()

        def render(self, notebook: NotebookNode, **resources: Any) -> str:
            reader: Reader = resources["reader"]
            resources["markdown"] = lambda source: Markup(  # noqa: S704 - written by markup.py
                markdown(source, resources["state"])
            )
            resources["output"] = lambda output: Markup(  # noqa: S704 - written by markup.py
                _output(output, resources["state"], resources["tables"], reader)
            )
            text, _ = self.from_notebook_node(notebook, resources=resources)
            return str(text)

    return PageExporter(  # type: ignore[no-untyped-call]
        template_paths=[str(TEMPLATES)],
        template_file="notebook.html.j2",
        file_extension=".html",
        preprocessors=[],
    )


def _output(
    output: Mapping[str, Any], state: PageState, tables: list[dict[str, Any]], reader: Reader
) -> str:
    kind = output["output_type"]
    if kind == "stream":
        return _stream(output["name"], output["text"], reader)
    if kind == "error":
        return f'<pre class="mk-text" tabindex="0">{escape(output["evalue"])}</pre>'
    data, metadata = output["data"], output.get("metadata", {})
    if TABLE_MIME in data:
        tables.append(data[TABLE_MIME])
    if any(name in data for name in PICTURES):
        return figure(data, metadata)
    if "text/html" in data:
        is_quiz = QUIZ_MIME in data
        state.has_quiz = state.has_quiz or is_quiz
        html = clean(data["text/html"], state, allowed=CONTENT | CONTROLS if is_quiz else CONTENT)
        return whole_amounts(html) if html.startswith(reading.SENTENCE) else html
    if "text/markdown" in data:
        return markdown(data["text/markdown"], state)
    return _preformatted(_plain(data))


_RICH = (*PICTURES, "text/html", "text/markdown")


def is_shown(output: Mapping[str, Any]) -> bool:
    """Say whether an output leaves anything on a page."""
    if output["output_type"] == "stream":
        text = output["text"]
        return bool(_warnings(text) if output["name"] == "stderr" else text.strip())
    if output["output_type"] == "error":
        return True
    data = output["data"]
    return any(name in data for name in _RICH) or bool(_plain(data).strip())


def _plain(data: Mapping[str, Any]) -> str:
    """Return the text of an output, unless it is that of an object that has no other."""
    text = str(data.get("text/plain", ""))
    return "" if re.fullmatch(r"<.*>|None", text) else text


def _preformatted(text: str) -> str:
    return f'<pre class="mk-text" tabindex="0">{escape(text)}</pre>' if text.strip() else ""


def _stream(name: str, text: str, reader: Reader) -> str:
    """Return printed text, or what Python warned of, without the paths of this machine."""
    if name != "stderr":
        return _preformatted(text)
    _ = reader.translate
    label = escape(_("Warning"))
    return "".join(
        f'<p class="mk-warning"><strong>{label}</strong> {escape(message)}</p>'
        for message in dict.fromkeys(_warnings(text))
    )


def _warnings(text: str) -> list[str]:
    return re.findall(r"^.*?:\d+: \w*Warning: (.+)$", text, flags=re.MULTILINE)
