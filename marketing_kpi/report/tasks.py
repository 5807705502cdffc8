"""What is done in other processes: a page, the check of a client's data; each as JSON text.

A result is read from its text whether it was made just now or kept from an earlier run, so that
both give the same report.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from marketing_kpi.errors import ReportError
from marketing_kpi.report import render
from marketing_kpi.report.execute import Failure, Job, Shell, execute
from marketing_kpi.report.inputs import inspect
from marketing_kpi.text.locale import LANGUAGES, Reader
from marketing_kpi.text.messages import translator

if TYPE_CHECKING:
    from marketing_kpi.kpis.periods import Periods


@dataclass(frozen=True)
class Made:
    """What became of a task: its result as JSON text, or its failure; never both.

    Attributes
    ----------
    seconds
        How long it took when it was made.
    made_at
        When, in UTC (ISO 8601).
    content
        The result.
    failure
        Why there is none.
    is_reused
        Whether an earlier run made it.
    """

    seconds: float
    made_at: str
    content: str | None = None
    failure: Failure | None = None
    is_reused: bool = False


def now() -> str:
    """Return the time of the moment in UTC (ISO 8601)."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def warm() -> None:
    """Load what every page needs and this process keeps: dictionary, words, templates, fonts."""
    from matplotlib.figure import Figure
    from nbformat.v4 import new_markdown_cell, new_notebook

    from marketing_kpi.kpis.dictionary import dictionary
    from marketing_kpi.plots import style

    dictionary()
    words = new_notebook(cells=[new_markdown_cell("# A\n\n$a$")])  # type: ignore[no-untyped-call]
    for lang in LANGUAGES:
        translator(lang)
        render.body(words, lang=lang)
    figure = Figure()  # not pyplot's, which would choose where figures go
    figure.add_subplot().set_title("A")
    style.to_svg(figure)


def page(job: Job, reader: Reader, *, shell: Shell | None = None) -> Made:
    """Execute a lesson and draw it; a page that cannot be shown well has failed too.

    Parameters
    ----------
    job
        The lesson.
    reader
        Who reads the page.
    shell
        As `execute` takes it.
    """
    import nbformat

    started = time.perf_counter()
    executed = execute(job, shell=shell)
    if executed.notebook is None:
        return Made(time.perf_counter() - started, now(), failure=executed.failure)
    try:
        notebook = nbformat.reads(executed.notebook, as_version=4)  # type: ignore[no-untyped-call]
        body = render.body(notebook, lang=reader)
    except ReportError as error:  # as a figure without words
        failure = Failure(type(error).__name__, error.message, error.hint)
        return Made(time.perf_counter() - started, now(), failure=failure)
    text = json.dumps(_bodies().dump_python(body, mode="json"), ensure_ascii=False)
    return Made(time.perf_counter() - started, now(), text)


def check(source: str, *, mapping: str | None, dates: Periods, secrets: tuple[str, ...]) -> Made:
    """Check a client's data; see `inspect`."""
    inspection = inspect(source, mapping=mapping, dates=dates, secrets=secrets)
    content = None if inspection.failure else inspection.to_json()
    return Made(inspection.seconds, now(), content, inspection.failure)


def body_of(content: str) -> render.Body:
    """Return the page whose JSON is `content`."""
    body: render.Body = _bodies().validate_json(content)
    return body


@cache
def _bodies() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(render.Body)
