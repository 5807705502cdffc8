"""From configurations to published folders: plan, execute in parallel, lay out, publish each."""

from __future__ import annotations

import json
import re
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from marketing_kpi.errors import ConfigError, MarketingKpiError, ReportError
from marketing_kpi.report import NOTEBOOK_FAILED, OK, manifest, pdf, reading, render, since
from marketing_kpi.report.cache import Cache
from marketing_kpi.report.config import (
    ClientConfig,
    languages,
    read_clients,
    refuse_shared_ids,
    selected,
    slug,
    together,
)
from marketing_kpi.report.execute import (
    Failure,
    Job,
    failure_of,
    find_notebook,
    notebooks_folder,
)
from marketing_kpi.report.exports import Export, write_all
from marketing_kpi.report.inputs import Inspection, Source
from marketing_kpi.report.keys import LIBRARIES, versions
from marketing_kpi.report.making import Key, Plan, carry_out, plan
from marketing_kpi.report.publish import publish, withdraw
from marketing_kpi.report.summary import Forecast, Outcome, forecasts, outcomes, size
from marketing_kpi.report.tasks import Made, body_of, now

if TYPE_CHECKING:
    from marketing_kpi.kpis.periods import Periods
    from marketing_kpi.text.locale import Reader

Report = tuple[str, str]
"""A client's id and a language."""

Printer = Callable[[Sequence[Path]], bool]
"""Prints HTML files as PDF beside them, and says whether it did."""


@dataclass(frozen=True)
class _Data:
    """A client's data: their files, and the check of them."""

    source: Source
    made: Made
    inspection: Inspection


@dataclass(frozen=True)
class _Page:
    """A page of a report: what was executed, and what it shows if that went well."""

    job: Job
    made: Made
    title: str
    body: render.Body | None
    failure: Failure | None

    @property
    def file(self) -> str:
        return f"{self.job.path.stem}.html"

    @property
    def link(self) -> render.Link:
        if self.body is None:
            return render.Link(self.file, self.title, status="failed")
        body = self.body
        taken = reading.minutes(body.words)
        return render.Link(self.file, self.title, body.summary, answer=body.answer, minutes=taken)


def make(
    configs: Sequence[ClientConfig | Path | str],
    *,
    out: Path,
    notebooks: Sequence[str] | None,
    jobs: int,
    lang: str | Sequence[str] | None,
    folder: Path | None,
    force: bool,
    dry_run: bool,
    as_pdf: bool,
) -> int:
    """Make reports, or say what that would do; see `marketing_kpi.report.run`."""
    if jobs < 1:
        raise ReportError(f"jobs == {jobs}, must be at least 1")
    clients, errors = _read(configs)
    lessons = folder or notebooks_folder()
    planned = {
        (config.id, language): [
            _job(config, number, lang=language, folder=lessons)
            for number in selected(config, notebooks)
        ]
        for config in clients
        for language in languages(config, lang)
    }
    if not dry_run:
        for config in clients:
            _check_writable(out / config.id)
    cache, pages = Cache(out), [job for group in planned.values() for job in group]
    work = plan(clients, pages, cache=cache, force=force)
    printer = _printer(jobs) if as_pdf and not dry_run else None
    reports = _Reports(clients, planned, work.sources, out=out, printer=printer)
    if dry_run:
        click.echo(forecasts(reports.foreseen(work)))
        return NOTEBOOK_FAILED if errors else OK
    with _ended_by_sigterm(), _told_if_stopped(reports):
        secrets = {config.id: config.secrets for config in clients}
        carry_out(work, cache=cache, jobs=jobs, secrets=secrets, done=reports.receive)
    if len(planned) > 1 or errors:
        click.echo(outcomes(reports.outcomes), err=True)
    _tell(errors)
    return OK if reports.are_good and not errors else NOTEBOOK_FAILED


class _Reports:
    """The reports of a run: each is published when the last of its parts has come."""

    def __init__(
        self,
        clients: Sequence[ClientConfig],
        planned: Mapping[Report, Sequence[Job]],
        sources: Mapping[str, Source],
        *,
        out: Path,
        printer: Printer | None,
    ) -> None:
        self._clients = {config.id: config for config in clients}
        self._planned = planned
        self._sources = sources
        self._out = out
        self._printer = printer
        self._made: dict[Key, Made] = {}
        self._outcomes: dict[Report, Outcome] = {}

    @property
    def outcomes(self) -> list[Outcome]:
        """What became of those that are published, in the order in which they were asked for."""
        return [self._outcomes[report] for report in self._planned if report in self._outcomes]

    @property
    def are_good(self) -> bool:
        """Whether all are there, whole."""
        return len(self._outcomes) == len(self._planned) and all(
            outcome.is_good for outcome in self._outcomes.values()
        )

    def receive(self, key: Key, made: Made) -> None:
        """Take a part; publish what is whole with it."""
        self._made[key] = made
        for report, jobs in self._planned.items():
            client, lang = report
            keys = [(client,), *(job.key for job in jobs)]
            if key in keys and all(part in self._made for part in keys):
                parts = [(job, self._made[job.key]) for job in jobs]
                self._outcomes[report] = _published(
                    self._clients[client],
                    lang,
                    parts,
                    self._data(client),
                    out=self._out,
                    printer=self._printer,
                )

    def foreseen(self, work: Plan) -> list[Forecast]:
        """Return what is to be made of each report."""
        return [
            Forecast(
                client,
                lang,
                tuple(job.number for job in jobs),
                tuple(job.number for job in jobs if job.key not in work.found),
                self._data_shown(client),
                self._out / client / lang,
            )
            for (client, lang), jobs in self._planned.items()
        ]

    def told(self) -> str:
        """Say how far a run came that was stopped."""
        return (
            f"{len(self._outcomes)} of {len(self._planned)} reports are done; run the same command "
            "again to go on: pages that are made are kept"
        )

    def _data(self, client: str) -> _Data:
        made = self._made[client,]
        if made.content is None:
            inspection = Inspection(made.seconds, failure=made.failure)
        else:
            inspection = Inspection.of(made.content, seconds=made.seconds)
        return _Data(self._sources[client], made, inspection)

    def _data_shown(self, client: str) -> str:
        shown, files = self._clients[client].data, self._sources[client].files
        if not files:
            return shown
        count = "1 file" if len(files) == 1 else f"{len(files)} files"
        return f"{shown} ({count}, {size(sum(file.bytes for file in files))})"


def _check_writable(folder: Path) -> None:
    """Refuse a folder that no report can be put in, before the work of making one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ReportError(
            f"no report can be written in {folder} ({error.strerror})",
            hint="give another folder, as in --out reports/build",
        ) from error


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM stop a run as an exit does: workers ended, nothing half published."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _told_if_stopped(reports: _Reports) -> Iterator[None]:
    """Say of a run that is stopped what it leaves and how it goes on."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        click.echo(reports.told(), err=True)
        raise


def _read(
    configs: Sequence[ClientConfig | Path | str],
) -> tuple[tuple[ClientConfig, ...], tuple[ConfigError, ...]]:
    """Return the clients that are valid, and say at once which are not: those cost no other.

    Without a valid one there is nothing to run, and the errors are raised.
    """
    clients: list[ClientConfig] = []
    errors: list[ConfigError] = []
    for config in configs:
        valid, wrong = (
            ((config,), ()) if isinstance(config, ClientConfig) else read_clients([config])
        )
        clients += valid
        errors += wrong
    if errors and not clients:
        raise together(errors)
    refuse_shared_ids(clients)
    _tell(errors)
    return tuple(clients), tuple(errors)


def _tell(errors: Sequence[ConfigError]) -> None:
    """Say which clients are left out and why."""
    for error in errors:
        hint = f"\nhint: {error.hint}" if error.hint else ""
        click.echo(f"left out: {error.message}{hint}", err=True)


def _job(config: ClientConfig, number: str, *, lang: str, folder: Path) -> Job:
    return Job(
        client=config.id,
        number=number,
        lang=lang,
        path=find_notebook(number, lang=lang, folder=folder),
        parameters=config.parameters_for(number, lang=lang),
        secrets=config.secrets,
    )


def _published(
    config: ClientConfig,
    lang: str,
    made: Sequence[tuple[Job, Made]],
    data: _Data,
    *,
    out: Path,
    printer: Printer | None,
) -> Outcome:
    """Publish one report; what cannot be written costs no other client's."""
    try:
        failed, index = _publish(config, lang, made, data, out=out, printer=printer)
    except (OSError, MarketingKpiError) as error:
        failure = failure_of(error, config.secrets)
        click.echo(f"failed: {config.id} {lang}: {_advised(failure)}", err=True)
        click.echo(f"not published{_still(out / config.id / lang)}", err=True)
        failed, index = ("report",), None
    new = [part for _, part in made if not part.is_reused]
    seconds = sum(part.seconds for part in new)
    return Outcome(config.id, lang, len(made), len(made) - len(new), failed, seconds, index)


def _publish(
    config: ClientConfig,
    lang: str,
    made: Sequence[tuple[Job, Made]],
    data: _Data,
    *,
    out: Path,
    printer: Printer | None,
) -> tuple[tuple[str, ...], Path]:
    """Publish one report in one language; return the parts that failed, and where it is.

    Only some of the client's notebooks make an extract, beside the whole report: in its place,
    the pages that were not asked for would be lost to its readers.
    """
    reader = config.reader(lang)
    pages = [_page(job, result) for job, result in made]
    failed = [page for page in pages if page.failure]
    is_sound = not failed and data.inspection.failure is None
    whole = out / config.id / lang
    good = whole if _is_complete(config, pages) else _beside(whole, "partial")
    target = good if is_sound else _beside(good, "failed")
    earlier = manifest.earlier(good) if target == whole else None
    publish(
        target,
        lambda staged: _write(
            staged, config, reader, pages, data, earlier=earlier, printer=printer
        ),
    )
    index = target / render.INDEX
    if is_sound:
        for outdated in _outdated_by(good, whole):
            withdraw(outdated)
        click.echo(index)
        printed = printer is None or (target / _pdf(render.INDEX)).exists()
        return () if printed else ("pdf",), index
    for line in _failures(failed, data.inspection):
        click.echo(f"failed: {config.id} {lang} {line}", err=True)
    click.echo(f"not published, see {index}{_still(good)}", err=True)
    in_data = ("data",) if data.inspection.failure else ()
    return (*(page.job.number for page in failed), *in_data), index


def _still(good: Path) -> str:
    """Say where the last good report is, if there is one."""
    return f"; the last good report is still {good / render.INDEX}" if good.exists() else ""


def _advised(failure: Failure) -> str:
    """Return why something failed and, on a second line, what to do about it."""
    return failure.reason + (f"\nhint: {failure.hint}" if failure.hint else "")


def _failures(failed: Sequence[_Page], inspection: Inspection) -> Iterator[str]:
    """Yield each cause once, with all that it broke: unreadable data break every page."""
    causes: dict[str, list[str]] = {}
    parts = [(page.job.number, page.failure) for page in failed]
    for name, failure in [*parts, ("data", inspection.failure)]:
        if failure is not None:
            causes.setdefault(_advised(failure), []).append(name)
    for cause, names in causes.items():
        yield f"{', '.join(names)}: {cause}"


def _is_complete(config: ClientConfig, pages: Sequence[_Page]) -> bool:
    return len(pages) == len(config.notebooks)


def _beside(folder: Path, what: str) -> Path:
    return folder.with_name(f"{folder.name}.{what}")


def _outdated_by(good: Path, whole: Path) -> tuple[Path, ...]:
    """Return what a good report makes of no more use: its failure, and extracts if it is whole."""
    failed = _beside(good, "failed")
    if good != whole:
        return (failed,)
    partial_ = _beside(whole, "partial")
    return failed, partial_, _beside(partial_, "failed")


def _page(job: Job, made: Made) -> _Page:
    if made.content is None:
        return _Page(job, made, _title(job), None, made.failure)
    body = body_of(made.content)
    return _Page(job, made, body.title, body, None)


def _title(job: Job) -> str:
    """Return the first heading of a lesson that has no page."""
    content = json.loads(job.path.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        match = re.search(r"^# +(.+)$", "".join(cell["source"]), flags=re.MULTILINE)
        if cell["cell_type"] == "markdown" and match:
            return match[1].strip()
    return job.path.stem


def _write(
    folder: Path,
    config: ClientConfig,
    reader: Reader,
    pages: Sequence[_Page],
    data: _Data,
    *,
    earlier: manifest.Manifest | None,
    printer: Printer | None,
) -> None:
    """Write every file of a report; `earlier` is what made the one in its place."""
    inspection = data.inspection
    exports = _exports(pages)
    told, before = since.last(
        _told(config, reader, pages, data, exports),
        earlier.told if earlier else None,
        earlier.before if earlier else None,
    )
    cover = _cover(config, reader, pages, inspection)
    for page in pages:
        _write_text(folder / page.file, _page_html(page, config, cover, inspection, reader))
    if inspection.quality is not None:
        quality = replace(inspection.quality, source=config.data_name)
        html = render.quality_page(quality, lang=reader, cover=cover)
        _write_text(folder / render.QUALITY, html)
    write_all(exports, folder, reader=reader)
    payloads = [export.payload for export in exports]
    index = partial(
        render.index_page,
        cover=cover,
        headlines=render.headlines(payloads, lang=reader),
        attention=render.attention(payloads, links=cover.links, lang=reader),
        changes=since.changes(told, before),
        quality=inspection.quality,
        quality_failure=inspection.failure,
        lang=reader,
    )
    downloads = list(_downloads(exports, reader))
    _write_text(folder / render.INDEX, index(downloads=downloads))
    if printer and printer(sorted(folder.glob("*.html"))):
        downloads = [*_printed(cover, reader), *downloads]
        _write_text(folder / render.INDEX, index(downloads=downloads))
    made_of = _manifest(config, reader, pages, data, exports, told=told, before=before)
    _write_text(folder / manifest.FILE, made_of.to_json())


def _printer(jobs: int) -> Printer | None:
    """Return what prints pages as PDF and says whether it did; None, and why, without a browser."""
    program = pdf.browser()
    if program is None:
        click.echo("no PDF is written: no Chromium, Chrome or Edge is installed", err=True)
        return None

    def print_(pages: Sequence[Path]) -> bool:
        try:
            pdf.print_all(pages, program=program, jobs=jobs)
        except ReportError as error:
            for page in pages:  # all of a report, or none
                page.with_suffix(pdf.ENDING).unlink(missing_ok=True)
            click.echo(f"no PDF: {error.message}", err=True)
            return False
        return True

    return print_


def _printed(cover: render.Cover, reader: Reader) -> Iterator[render.Download]:
    _ = reader.translate
    for link in cover.links:
        yield render.Download(((_pdf(link.file), "PDF"),), link.short, _("Pages to print"))


def _pdf(file: str) -> str:
    return str(Path(file).with_suffix(pdf.ENDING))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _page_html(
    page: _Page, config: ClientConfig, cover: render.Cover, inspection: Inspection, reader: Reader
) -> str:
    if page.body is not None:
        findings = inspection.quality.findings if inspection.quality else ()
        return render.page(page.body, cover=cover, file=page.file, findings=findings, lang=reader)
    assert page.failure is not None
    return render.failed_page(
        page.failure,
        title=page.title,
        notebook=f"notebooks/{page.job.lang}/{page.job.path.name}",
        parameters=_shown_parameters(page.job, config),
        cover=cover,
        file=page.file,
        lang=reader,
    )


def _shown_parameters(job: Job, config: ClientConfig) -> dict[str, Any]:
    """Return a job's parameters with paths as the client's file writes them, not this machine's."""
    return {**job.parameters, "source": config.data, "mapping": config.mapping}


def _cover(
    config: ClientConfig, reader: Reader, pages: Sequence[_Page], inspection: Inspection
) -> render.Cover:
    _ = reader.translate
    dates = config.dates
    facts = [
        render.Fact(_("Period"), reader.date_range(dates.start, dates.end)),
        render.Fact(_("Compared with"), _compared(dates, reader, inspection)),
        render.Fact(_("Amounts"), _("{currency}, as in the data", currency=config.currency)),
    ]
    if inspection.failure is None:
        last = inspection.last_order
        facts.insert(2, render.Fact(_("Last order"), reader.date(last) if last else _("none")))
    if not _is_complete(config, pages):
        count, total = reader.integer(len(pages)), reader.integer(len(config.notebooks))
        shown = _("{count} of {total}: this is an extract", count=count, total=total)
        facts.append(render.Fact(_("Pages"), shown))
    links = [render.Link(render.INDEX, _("Contents")), *(page.link for page in pages)]
    if inspection.quality is not None:
        links.append(render.Link(render.QUALITY, _("Data quality")))
    in_doubt = inspection.quality is not None and inspection.quality.worst == "error"
    return render.Cover(
        config.client, tuple(facts), tuple(links), in_doubt=in_doubt, brand=config.shown_brand
    )


def _compared(dates: Periods, reader: Reader, inspection: Inspection) -> str:
    """Return the comparison period, or why there is none, as the scorecard has it."""
    from marketing_kpi.overview import Coverage

    _ = reader.translate
    if dates.previous_start is None or dates.previous_end is None:
        return _("no comparison")
    known = Coverage(inspection.first_order, inspection.last_order, inspection.is_compared)
    if inspection.failure is None and known.doubt(dates):
        return _("nothing: the data do not cover both periods")
    return reader.date_range(dates.previous_start, dates.previous_end)


def _exports(pages: Sequence[_Page]) -> list[Export]:
    """Return the tables of all pages, under names that are unique and safe as file names."""
    exports: list[Export] = []
    taken: set[str] = set()
    for page in pages:
        for table in page.body.tables if page.body else ():
            base = f"{page.job.number}_{slug(str(table['id'])).replace('-', '_') or 'table'}"
            name, count = base, 1
            while name in taken:
                count += 1
                name = f"{base}_{count}"
            taken.add(name)
            exports.append(Export(name, table, page.link.short))
    return exports


def _downloads(exports: Sequence[Export], reader: Reader) -> Iterator[render.Download]:
    if not exports:
        return
    _ = reader.translate
    yield render.Download(
        (("tables.xlsx", "Excel"),), _("All tables of the report, one sheet each")
    )
    for export in exports:
        formats = (
            (f"tables/{export.name}.csv", "CSV"),
            (f"tables/{export.name}.parquet", "Parquet"),
        )
        yield render.Download(formats, export.caption, export.page)


def _told(
    config: ClientConfig,
    reader: Reader,
    pages: Sequence[_Page],
    data: _Data,
    exports: Sequence[Export],
) -> since.Told:
    """Return what a report tells, for the next one to say what changed."""
    from marketing_kpi.kpis.dictionary import dictionary

    dates, inspection = config.dates, data.inspection
    kpis = sorted({kpi for page in pages if page.body for kpi in page.body.kpis})
    return since.Told(
        made_at=now(),
        start=dates.start,
        end=dates.end,
        last_order=inspection.last_order,
        figures=since.figures([export.payload for export in exports]),
        findings=since.findings(inspection.quality.findings if inspection.quality else (), reader),
        kpis={kpi: dictionary().kpi(kpi).version for kpi in kpis},
        pages={page.job.number: page.link.short for page in pages},
    )


def _manifest(
    config: ClientConfig,
    reader: Reader,
    pages: Sequence[_Page],
    data: _Data,
    exports: Sequence[Export],
    *,
    told: since.Told,
    before: since.Told | None,
) -> manifest.Manifest:
    from marketing_kpi import __version__

    known = versions()
    return manifest.Manifest(
        made_at=now(),
        config=config.dump(),
        selected=[page.job.number for page in pages],
        lang=reader.lang,
        locale=reader.locale,
        versions={
            "marketing_kpi": __version__,
            **{name: known[name] for name in ("python", *LIBRARIES)},
        },
        inputs=list(data.source.files),
        kpis=told.kpis,
        data_check=manifest.Making(**manifest.Making.how(data.made)),
        pages=[
            manifest.Page(
                notebook=page.job.number,
                file=page.file,
                title=page.title,
                status=page.link.status,
                parameters=_shown_parameters(page.job, config),
                **manifest.Making.how(page.made),
            )
            for page in pages
        ],
        tables=[manifest.Table(name=export.name, caption=export.caption) for export in exports],
        told=told,
        before=before,
    )
