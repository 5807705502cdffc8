"""Client reports: a configuration in, a published folder out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from marketing_kpi.report.config import ClientConfig

DEFAULT_OUT = "reports/build"
DEFAULT_JOBS = 2

OK, NOTEBOOK_FAILED, BAD_CONFIGURATION = 0, 1, 2
"""Exit codes: all published; a notebook, the check of the data or a writing failed; nothing ran."""


def run(
    configs: Sequence[ClientConfig | Path | str],
    *,
    out: Path | str = DEFAULT_OUT,
    notebooks: Sequence[str] | None = None,
    jobs: int = DEFAULT_JOBS,
    lang: str | Sequence[str] | None = None,
    folder: Path | None = None,
    force: bool = False,
    dry_run: bool = False,
    as_pdf: bool = False,
) -> int:
    """Make the reports of clients and say where they are.

    Parameters
    ----------
    configs
        YAML files, of one client or several each, or configurations already loaded.
    out
        Folder that receives ``<id>/<lang>/index.html``.
    notebooks
        Two-digit numbers of the lessons to run, among the client's; all by default. With only
        some, the report is an extract, in ``<id>/<lang>.partial``: the whole one stays in place.
    jobs
        How many notebooks run at once.
    lang
        Only ``"fr"``, ``"en"`` or those of a list; by default the client's languages.
    folder
        Folder of the built lessons (``<lang>/NN_slug.ipynb``); by default the checkout's.
    force
        Whether to make again the pages that an earlier run made of the same data, parameters,
        lessons and code; they are kept in ``.cache`` within `out`.
    dry_run
        Whether to say only what would be made, of which data, and how long it took the last time.
    as_pdf
        Whether to print each page too, where a Chromium is installed (`report.pdf.BROWSERS`).

    Returns
    -------
    int
        0 when everything was published, 1 when a notebook or the check of the data failed (that
        report is in ``<id>/<lang>.failed`` and what was published before stays), a report could
        not be written, or a client was left out for its configuration.

    Raises
    ------
    ConfigError
        When no configuration is valid or two have one id, before anything runs (exit code 2 of
        the command). Beside valid ones, those that are not are said and left out.
    LessonError
        For a lesson that is not built, before anything runs.
    ReportError
        When nothing can be written in `out`, before anything runs.

    Notes
    -----
    Notebooks run in processes of their own, which import the script that called: a script must
    call `run` under ``if __name__ == "__main__":``, or each of them would start it again.
    """
    from marketing_kpi.report.pipeline import make

    return make(
        configs,
        out=Path(out),
        notebooks=notebooks,
        jobs=jobs,
        lang=lang,
        folder=folder,
        force=force,
        dry_run=dry_run,
        as_pdf=as_pdf,
    )
