"""The lessons as the site shows them: built notebooks, with the outputs that they hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from marketing_kpi.errors import LessonError
from marketing_kpi.learn.site.search import Found, Passage, passages
from marketing_kpi.lessons.build import sources
from marketing_kpi.report import render
from marketing_kpi.text.locale import Reader

if TYPE_CHECKING:
    from nbformat import NotebookNode

_DRAWS = re.compile(r"^q1\b.* = mk\.exercises\(", re.MULTILINE)
_CHECKS = re.compile(r"q\d+\.check\(")
_TO_A_LESSON = re.compile(r'href="(\d\d_\w+)\.ipynb"')  # what one notebook calls another


@dataclass(frozen=True)
class Lesson:
    """A lesson of the site in one language.

    Attributes
    ----------
    number
        Two digits.
    file
        Its page, of the same name in both languages.
    body
        What its notebook gives a page.
    passages
        Its headings, with the prose under each.
    """

    number: str
    file: str
    body: render.Body
    passages: tuple[Passage, ...]

    @property
    def link(self) -> render.Link:
        """The page, as others link to it."""
        return render.Link(self.file, self.body.title, self.body.summary)

    @property
    def title(self) -> str:
        """The title up to its colon; no line ends within *a-t-elle*."""
        return self.link.short.replace("-t-", "\u2011t\u2011")

    @property
    def found(self) -> list[Found]:
        """What the search page knows of it: the lesson, and each of its passages."""
        named = f"{self.number} {self.title}"
        return [
            Found("lesson", self.file, named, (self.body.title,), self.body.summary),
            *(
                Found("lesson", f"{self.file}#{each.anchor}", f"{each.title} – {named}",
                      (each.title,), each.text)
                for each in self.passages
            ),
        ]  # fmt: skip


def course(notebooks: Path, *, lang: str) -> list[Lesson]:
    """Read the built lessons of a language, in order; nothing is executed.

    Raises
    ------
    LessonError
        When a lesson has no built notebook.
    """
    return [
        _lesson(notebooks / lang / f"{source.stem}.ipynb", lang) for source in sources(notebooks)
    ]


def _lesson(path: Path, lang: str) -> Lesson:
    import nbformat

    reader = Reader.of(lang)
    if not path.is_file():
        raise LessonError(f"{lang}/{path.name} is not built", hint="run make lessons")
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    notebook.cells = list(_readable(notebook, f"notebooks/{lang}/{path.name}", reader))
    body = render.body(notebook, lang=reader, code=True)
    body = replace(body, html=_TO_A_LESSON.sub(r'href="\1.html"', body.html))
    return Lesson(path.stem[:2], f"{path.stem}.html", body, tuple(passages(body.html)))


def _readable(notebook: NotebookNode, file: str, reader: Reader) -> Iterator[NotebookNode]:
    """Yield the cells of a lesson for a page, where exercises are read and cannot be done.

    What checks an answer is left out; where to do the exercises is said before them.
    """
    from nbformat.v4 import new_markdown_cell

    _ = reader.translate
    where = _("These exercises are done in JupyterLab: open `{file}`.", file=file)
    shown = _("This page shows only the first rows of their data.")
    for cell in notebook.cells:
        if _DRAWS.search(cell.source):
            yield new_markdown_cell(f"**{where}** {shown}")  # type: ignore[no-untyped-call]
        if not _CHECKS.match(cell.source):
            yield cell
