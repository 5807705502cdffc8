"""From configurations to published folders: plan, execute in parallel, lay out, publish."""

from __future__ import annotations

import datetime as dt
import json
import platform
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from marketing_kpi.errors import ConfigError, ReportError
from marketing_kpi.report import NOTEBOOK_FAILED, OK, render
from marketing_kpi.report.config import ClientConfig, languages, load, selected, slug
from marketing_kpi.report.execute import (
    MAX_REASON_CHARACTERS,
    Executed,
    Failure,
    Job,
    execute,
    find_notebook,
    notebooks_folder,
    run_all,
)
from marketing_kpi.report.exports import Export, write_all
from marketing_kpi.report.inputs import Inspection, inspect
from marketing_kpi.report.publish import publish, withdraw

if TYPE_CHECKING:
    from marketing_kpi.text.locale import Reader

MANIFEST_VERSION = 1
_LIBRARIES = (
    "duckdb",
    "ibis-framework",
    "ipykernel",
    "matplotlib",
    "nbconvert",
    "numpy",
    "pandas",
    "papermill",
    "pyarrow",
    "scipy",
)

Key = tuple[str, ...]
Result = Executed | Inspection


@dataclass(frozen=True)
class _Page:
    """A page of a report: what was executed, and what it shows if that went well."""

    job: Job
    executed: Executed
    title: str
    body: render.Body | None
    failure: Failure | None

    @property
    def file(self) -> str:
        return f"{self.job.path.stem}.html"

    @property
    def link(self) -> render.Link:
        summary = self.body.summary if self.body else ""
        return render.Link(self.file, self.title, summary, "failed" if self.failure else "ok")


def make(
    configs: Sequence[ClientConfig | Path | str],
    *,
    out: Path,
    notebooks: Sequence[str] | None,
    jobs: int,
    lang: str | None,
    folder: Path | None,
) -> int:
    """Make reports; see `marketing_kpi.report.run`."""
    if jobs < 1:
        raise ReportError(f"jobs == {jobs}, must be at least 1")
    clients = _loaded(configs)
    lessons = folder or notebooks_folder()
    planned = {
        (config.id, language): [
            _job(config, number, lang=language, folder=lessons)
            for number in selected(config, notebooks)
        ]
        for config in clients
        for language in languages(config, lang)
    }
    results = _run(clients, [job for group in planned.values() for job in group], jobs=jobs)
    code = OK
    for config in clients:
        inspection = results[(config.id,)]
        assert isinstance(inspection, Inspection)
        for language in languages(config, lang):
            executed = [(job, results[job.key]) for job in planned[config.id, language]]
            is_whole = _publish(config, language, executed, inspection, out=out)
            code = code if is_whole else NOTEBOOK_FAILED
    return code


def _loaded(configs: Sequence[ClientConfig | Path | str]) -> tuple[ClientConfig, ...]:
    """Return configurations; files are read and checked together."""
    ready = [config for config in configs if isinstance(config, ClientConfig)]
    read = load(config for config in configs if not isinstance(config, ClientConfig))
    ids = [config.id for config in (*ready, *read)]
    for name in ids:
        if ids.count(name) > 1:
            raise ConfigError(
                f"two clients have the id '{name}'", hint="their reports would overwrite each other"
            )
    return (*ready, *read)


def _job(config: ClientConfig, number: str, *, lang: str, folder: Path) -> Job:
    return Job(
        client=config.id,
        number=number,
        lang=lang,
        path=find_notebook(number, lang=lang, folder=folder),
        parameters=config.parameters_for(number, lang=lang),
        secrets=config.secrets,
    )


def _run(
    clients: Sequence[ClientConfig], jobs_to_do: Sequence[Job], *, jobs: int
) -> dict[Key, Any]:
    """Check every client's data and execute every notebook, with a progress bar."""
    from tqdm import tqdm

    tasks: dict[Key, Callable[[], Result]] = {
        (config.id,): partial(
            inspect,
            config.source_for_notebooks,
            mapping=config.mapping_for_notebooks,
            as_of=config.as_of,
            secrets=config.secrets,
        )
        for config in clients
    }
    tasks |= {job.key: partial(execute, job) for job in jobs_to_do}
    with tqdm(total=len(tasks), unit="page", desc="report", leave=False) as bar:

        def done(key: Key) -> None:
            bar.set_postfix_str(" ".join(key))
            bar.update()

        return run_all(tasks, jobs=min(jobs, len(tasks)), failed=_failed, done=done)


def _failed(key: Key, error: BaseException) -> Result:
    """Return the result of a task that broke outside its notebook."""
    if isinstance(error, BrokenProcessPool):
        failure = Failure(
            "WorkerDied",
            "the process that ran it ended",
            "memory is the usual cause; try a shorter period or --jobs 1",
        )
    else:
        failure = Failure(type(error).__name__, str(error)[:MAX_REASON_CHARACTERS] or "no message")
    return Inspection(0.0, failure=failure) if len(key) == 1 else Executed(0.0, failure=failure)


def _publish(
    config: ClientConfig,
    lang: str,
    executed: Sequence[tuple[Job, Executed]],
    inspection: Inspection,
    *,
    out: Path,
) -> bool:
    """Publish one report in one language; say where, and whether all of it is there."""
    reader = config.reader(lang)
    pages = [_page(job, result, reader) for job, result in executed]
    failed = [page for page in pages if page.failure]
    is_whole = not failed and inspection.failure is None
    good = out / config.id / lang
    target = good if is_whole else good.with_name(f"{lang}.failed")
    publish(target, lambda staged: _write(staged, config, reader, pages, inspection))
    if is_whole:
        withdraw(good.with_name(f"{lang}.failed"))
        click.echo(target / render.INDEX)
        return True
    for page in failed:
        assert page.failure is not None
        click.echo(f"failed: {config.id} {lang} {page.job.number}: {page.failure.reason}", err=True)
    if inspection.failure is not None:
        click.echo(f"failed: {config.id} {lang} data: {inspection.failure.reason}", err=True)
    kept = f"; the last good report is still {good / render.INDEX}" if good.exists() else ""
    click.echo(f"not published, see {target / render.INDEX}{kept}", err=True)
    return False


def _page(job: Job, executed: Executed, reader: Reader) -> _Page:
    """Return a page; one that cannot be shown well (a figure without words) has failed too."""
    import nbformat

    if executed.notebook is None:
        return _Page(job, executed, _title(job), None, executed.failure)
    try:
        notebook = nbformat.reads(executed.notebook, as_version=4)  # type: ignore[no-untyped-call]
        body = render.body(notebook, lang=reader)
    except ReportError as error:
        failure = Failure(type(error).__name__, error.message, error.hint)
        return _Page(job, executed, _title(job), None, failure)
    return _Page(job, executed, body.title, body, None)


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
    inspection: Inspection,
) -> None:
    """Write every file of a report."""
    exports = _exports(pages)
    cover = _cover(config, reader, pages, inspection)
    for page in pages:
        _write_text(folder / page.file, _page_html(page, config, cover, reader))
    if inspection.quality is not None:
        quality = replace(inspection.quality, source=config.data_name)
        html = render.quality_page(quality, lang=reader, cover=cover)
        _write_text(folder / render.QUALITY, html)
    write_all(exports, folder, reader=reader)
    index = render.index_page(
        cover=cover,
        headlines=render.headlines([export.payload for export in exports], lang=reader),
        downloads=list(_downloads(exports, reader)),
        quality=inspection.quality,
        quality_failure=inspection.failure,
        lang=reader,
    )
    _write_text(folder / render.INDEX, index)
    manifest = _manifest(config, reader, pages, inspection, exports)
    text = json.dumps(manifest, ensure_ascii=False, indent=2)
    _write_text(folder / "manifest.json", text + "\n")


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _page_html(page: _Page, config: ClientConfig, cover: render.Cover, reader: Reader) -> str:
    if page.body is not None:
        return render.page(page.body, cover=cover, file=page.file, lang=reader)
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
    from marketing_kpi.kpis.periods import periods

    _ = reader.translate
    dates = periods(as_of=config.as_of, period=config.period, compare=config.compare)
    compared = (
        _("no comparison")
        if dates.previous_start is None
        else reader.date_range(dates.previous_start, dates.previous_end)
    )
    last_day = dt.date.fromisoformat(config.as_of) - dt.timedelta(days=1)
    facts = (
        render.Fact(_("Period"), reader.date_range(dates.start, dates.end)),
        render.Fact(_("Compared with"), compared),
        render.Fact(_("Data up to"), reader.date(last_day)),
        render.Fact(_("Amounts"), _("{currency}, excluding tax", currency=config.currency)),
    )
    links = [render.Link(render.INDEX, _("Contents")), *(page.link for page in pages)]
    if inspection.quality is not None:
        links.append(render.Link(render.QUALITY, _("Data quality")))
    return render.Cover(config.client, facts, tuple(links))


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
        yield render.Download(formats, f"{export.page} – {export.caption}")


def _manifest(
    config: ClientConfig,
    reader: Reader,
    pages: Sequence[_Page],
    inspection: Inspection,
    exports: Sequence[Export],
) -> dict[str, Any]:
    """Return what made the report: configuration, versions, inputs, durations; no secret."""
    from marketing_kpi import __version__
    from marketing_kpi.kpis.dictionary import dictionary

    kpis = sorted({kpi for page in pages if page.body for kpi in page.body.kpis})
    return {
        "manifest": MANIFEST_VERSION,
        "made_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "config": config.dump(),
        "lang": reader.lang,
        "locale": reader.locale,
        "versions": {
            "python": platform.python_version(),
            "marketing_kpi": __version__,
            **{name: metadata.version(name) for name in _LIBRARIES},
        },
        "inputs": [asdict(file) for file in inspection.files],
        "kpis": {kpi: dictionary().kpi(kpi).version for kpi in kpis},
        "data_check": {
            "seconds": round(inspection.seconds, 3),
            "failure": asdict(inspection.failure) if inspection.failure else None,
        },
        "pages": [
            {
                "notebook": page.job.number,
                "file": page.file,
                "title": page.title,
                "status": page.link.status,
                "seconds": round(page.executed.seconds, 3),
                "parameters": _shown_parameters(page.job, config),
                "failure": asdict(page.failure) if page.failure else None,
            }
            for page in pages
        ],
        "tables": [{"name": export.name, "caption": export.caption} for export in exports],
    }
