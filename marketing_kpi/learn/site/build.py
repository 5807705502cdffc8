"""From the checkout to a folder of pages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from marketing_kpi.kpis.dictionary import LANGUAGES
from marketing_kpi.learn.site.course import course
from marketing_kpi.learn.site.layout import HOME
from marketing_kpi.learn.site.pages import Site, entrance, pages
from marketing_kpi.learn.site.reference import reference
from marketing_kpi.lessons.build import notebooks_folder
from marketing_kpi.report.publish import publish
from marketing_kpi.text.locale import Reader


def build(out: Path, *, notebooks: Path | None = None) -> Path:
    """Build the site: a folder that opens in a browser as it is, offline.

    Parameters
    ----------
    out
        Its folder, replaced whole once every page is made.
    notebooks
        The built lessons, which are not executed; by default those of the checkout. The READMEs
        are read beside that folder.

    Returns
    -------
    Path
        The first page.

    Raises
    ------
    LessonError
        When a lesson is not built, or the package stands without its checkout.
    ConfigError
        When what reads the docstrings is not installed (the extra ``site``).
    """
    folder = notebooks or notebooks_folder()
    lessons = {lang: course(folder, lang=lang) for lang in LANGUAGES}
    chapters = reference()
    sites = [Site(Reader.of(lang), lessons[lang], chapters, folder.parent) for lang in LANGUAGES]
    publish(out, partial(_write, sites))
    return out / HOME


def _write(sites: Sequence[Site], folder: Path) -> None:
    (folder / HOME).write_text(entrance(sites), encoding="utf-8", newline="\n")
    for site in sites:
        (folder / site.lang).mkdir()
        for file, html in pages(site):
            (folder / site.lang / file).write_text(html, encoding="utf-8", newline="\n")
