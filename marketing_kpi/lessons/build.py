"""Build ``notebooks/fr`` and ``notebooks/en`` from the bilingual sources of ``notebooks/src``.

A source is a jupytext percent script. Its markdown cells come in twins, one tagged ``lang-fr``
followed at once by one tagged ``lang-en``; its code cells are shared. The two notebooks made
from it differ in prose and in the line ``lang = "fr"`` or ``lang = "en"`` of the cell tagged
``parameters``, in nothing else.
"""

from __future__ import annotations

import copy
import hashlib
import os
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from marketing_kpi.errors import LessonError, unknown

if TYPE_CHECKING:
    from marketing_kpi.report.execute import Shell

LANGS = ("fr", "en")
CELL_TIMEOUT_SECONDS = 120
# The kernel's own version is left out: it would change the bytes from one machine to the next.
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}

_LANG_LINE = re.compile(r'^lang = "(?:fr|en)"$', re.MULTILINE)

# nbformat's nodes are dictionaries whose values are of any type.
Node = Any


def notebooks_folder() -> Path:
    """Return the ``notebooks`` folder of the checkout this package runs from.

    Raises
    ------
    LessonError
        When the package is installed without its checkout.
    """
    folder = Path(__file__).resolve().parents[2] / "notebooks"
    if not (folder / "src").is_dir():
        raise LessonError(
            "the lessons' sources (notebooks/src) are not beside this installation",
            hint="run from a clone of the repository, installed with `pip install -e .`",
        )
    return folder


def sources(folder: Path, *, numbers: Sequence[str] = ()) -> list[Path]:
    """Return the lessons' sources in `folder`/src, in order, or those of the given `numbers`.

    Parameters
    ----------
    folder
        The ``notebooks`` folder.
    numbers
        Two-digit numbers ("00", "02"); empty for every lesson.
    """
    found = {path.stem[:2]: path for path in sorted((folder / "src").glob("[0-9][0-9]_*.py"))}
    for number in numbers:
        if number not in found:
            message, hint = unknown("lesson", number, found, where="notebooks/src")
            raise LessonError(message, hint=hint)
    return [found[number] for number in numbers] if numbers else list(found.values())


def tags(cell: Node) -> list[str]:
    """Return the tags of a notebook cell."""
    return list(cell.metadata.get("tags", []))


def read(source: Path) -> list[Node]:
    """Read the cells of a bilingual source, and check that its markdown comes in twins.

    Returns
    -------
    list
        nbformat cells in their order: both languages' markdown and the shared code.
    """
    import jupytext

    cells = list(jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent").cells)
    problems = twin_problems(cells)
    if problems:
        raise LessonError(f"{source.name}: {problems[0]}", hint=f"{len(problems)} problem(s)")
    return cells


def twin_problems(cells: Sequence[Node]) -> list[str]:
    """Say which markdown cells lack their twin, or differ from it in their tags."""
    problems = []
    expected = "lang-fr"
    for previous, cell in zip([None, *cells], [*cells, None], strict=True):
        is_markdown = cell is not None and cell.cell_type == "markdown"
        if not is_markdown and expected == "lang-en":
            problems.append(f"{label(previous)} has no lang-en twin after it")
            expected = "lang-fr"
        if cell is None or not is_markdown:
            continue
        if expected not in tags(cell):
            problems.append(f"{label(cell)} should be tagged {expected}")
            continue
        if expected == "lang-en" and _shared_tags(cell) != _shared_tags(previous):
            problems.append(f"{label(cell)} has other tags than its lang-fr twin")
        expected = "lang-en" if expected == "lang-fr" else "lang-fr"
    return problems


def label(cell: Node) -> str:
    """Name a cell in a message by its kind and its first line."""
    lines = cell.source.strip().splitlines()
    return f"the {cell.cell_type} cell '{lines[0][:60] if lines else ''}'"


def notebook(source: Path, *, lang: str) -> Node:
    """Make the notebook of one language from a source, not executed.

    Parameters
    ----------
    source
        A file of ``notebooks/src``.
    lang
        "fr" or "en".

    Returns
    -------
    NotebookNode
        Cells of that language in their order; the tags ``lesson``, ``exercise`` and
        ``parameters`` are kept; no outputs. Cell ids come from the lesson's number and the
        cell's content (for prose: the French twin's), so a changed cell changes no other id and
        both languages have the same ids.

    Raises
    ------
    LessonError
        When prose lacks its twin, or no cell tagged ``parameters`` sets `lang`.
    """
    import nbformat

    if lang not in LANGS:
        message, hint = unknown("language", lang, LANGS)
        raise LessonError(message, hint=hint)
    cells = read(source)
    made = [
        _cell(cell, lang=lang, identity=_identity(cells, position))
        for position, cell in enumerate(cells)
        if cell.cell_type == "code" or f"lang-{lang}" in tags(cell)
    ]
    if not any("parameters" in tags(cell) and _LANG_LINE.search(cell.source) for cell in made):
        raise LessonError(f"{source.name}: no cell tagged parameters sets lang")
    _set_ids(made, prefix=source.stem[:2])
    metadata = copy.deepcopy(NOTEBOOK_METADATA)
    return nbformat.v4.new_notebook(cells=made, metadata=metadata)  # type: ignore[no-untyped-call]


def execute(unexecuted: Node, *, folder: Path, shell: Shell | None = None) -> Node:
    """Run a notebook as a student would, and return it with clean outputs.

    Parameters
    ----------
    unexecuted
        The notebook; it is left as it is.
    folder
        Where its kernel runs.
    shell
        What runs the cells in place of a kernel; see `report.execute.in_turn`.

    Raises
    ------
    LessonError
        When a cell fails or writes to the standard error (a warning).
    """
    executed = copy.deepcopy(unexecuted)
    if shell is None:
        _run_in_kernel(executed, folder)
    else:
        _run_in_fork(executed, shell)
    for cell in executed.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                raise LessonError(
                    f"{label(cell)} fails: {output.ename}: {output.evalue}",
                    hint="run the notebook in JupyterLab to see the whole error",
                )
            if output.get("name") == "stderr":
                raise LessonError(f"{label(cell)} warns: {output['text'].strip()}")
    executed.metadata = copy.deepcopy(NOTEBOOK_METADATA)
    return executed


def _run_in_kernel(notebook: Node, folder: Path) -> None:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from traitlets.config import Config

    # A shell may ask for another backend; a build may not.
    environment = {**os.environ, "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    with TemporaryDirectory() as sockets, suppress(CellExecutionError):  # told by its outputs
        client = NotebookClient(
            notebook,
            timeout=CELL_TIMEOUT_SECONDS,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
            record_timing=False,
            coalesce_streams=True,
            config=Config({"KernelManager": _transport(Path(sockets))}),
        )
        client.execute(env=environment)


def _run_in_fork(notebook: Node, shell: Shell) -> None:
    from marketing_kpi.report.execute import CellStoppedError

    try:
        for _ in shell.run(notebook.cells, timeout=CELL_TIMEOUT_SECONDS):
            pass
    except CellStoppedError as error:
        raise LessonError(f"{label(notebook.cells[error.index])} stops: {error}") from error


def _transport(folder: Path) -> dict[str, str]:
    """Return how to talk to the kernel: by private sockets where there are any, else by TCP."""
    if sys.platform == "win32":
        return {}
    return {"transport": "ipc", "ip": str(folder / "kernel")}


def dumps(node: Node) -> str:
    """Write a notebook as the text of its file: sorted keys, final newline."""
    import nbformat

    text = nbformat.writes(node, version=4)  # type: ignore[no-untyped-call]
    return f"{text.rstrip()}\n"


def build(
    folder: Path,
    *,
    numbers: Sequence[str] = (),
    langs: Sequence[str] = LANGS,
    jobs: int = 2,
    done: Callable[[Path], None] = lambda _: None,
) -> list[Path]:
    """Build and execute the lessons, in every language, on the demo data.

    Parameters
    ----------
    folder
        The ``notebooks`` folder; reads ``src``, writes ``fr`` and ``en``.
    numbers
        Two-digit lesson numbers; empty for all.
    langs
        Languages to build.
    jobs
        How many lessons at once, each about a gigabyte.
    done
        Called with each notebook once it is written.

    Returns
    -------
    list
        The notebooks, in the order of the lessons.

    Raises
    ------
    LessonError
        Of the first notebook that fails; the others are written, and its file is as it was.
    """
    lessons = sources(folder, numbers=numbers)
    targets = {
        source: [folder / lang / f"{source.stem}.ipynb" for lang in langs] for source in lessons
    }
    failed: dict[Path, LessonError] = {}

    def keep(source: Path, made: Sequence[str | LessonError]) -> None:
        for target, text in zip(targets[source], made, strict=True):
            if isinstance(text, LessonError):
                where = f"{target.parent.name}/{target.name}"
                failed[target] = LessonError(f"{where}: {text.message}", hint=text.hint)
                continue
            target.parent.mkdir(exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
            done(target)

    run(lessons, folder=folder, langs=langs, jobs=jobs, done=keep)
    built = [target for source in lessons for target in targets[source]]
    for target in built:
        if target in failed:
            raise failed[target]
    return built


def run(
    lessons: Sequence[Path],
    *,
    folder: Path,
    langs: Sequence[str] = LANGS,
    jobs: int = 2,
    done: Callable[[Path, Sequence[str | LessonError]], None],
) -> None:
    """Run lessons, `jobs` at once, and hand over their notebooks as the texts of their files.

    The languages of a lesson share a fork where this system can fork, so that the second costs
    little; elsewhere each has a kernel.

    Parameters
    ----------
    lessons
        Their sources.
    folder
        The ``notebooks`` folder.
    langs, jobs
        As `build` takes them.
    done
        Called with a source and what came of it in each language: a text, or why there is none.
    """
    from marketing_kpi.report import execute as executing
    from marketing_kpi.report import forks

    can_fork = forks.can_fork()
    in_order = partial(executing.in_turn, figures="png") if can_fork else executing.one_by_one
    tasks = {
        source: partial(
            in_order, [partial(_text, source, lang=lang, folder=folder) for lang in langs]
        )
        for source in lessons
    }

    def lost(_: Path, error: BaseException) -> list[str | LessonError]:
        return [LessonError(f"its process ended: {error}")] * len(langs)

    run_all = forks.run_all if can_fork else executing.run_all
    run_all(tasks, jobs=jobs, failed=lost, done=done)


def _text(
    source: Path, *, lang: str, folder: Path, shell: Shell | None = None
) -> str | LessonError:
    try:
        return dumps(execute(notebook(source, lang=lang), folder=folder / lang, shell=shell))
    except LessonError as error:
        return LessonError(error.message, hint=error.hint)  # without what cannot be sent


def _shared_tags(cell: Node) -> list[str]:
    return sorted(tag for tag in tags(cell) if not tag.startswith("lang-"))


def _identity(cells: Sequence[Node], position: int) -> str:
    """Return what a cell's id is made from: the same text whatever the language built."""
    cell = cells[position]
    if "parameters" in tags(cell):
        return "parameters"
    french = cells[position - 1] if "lang-en" in tags(cell) else cell
    return f"{cell.cell_type}\n{french.source}"


def _cell(cell: Node, *, lang: str, identity: str) -> Node:
    import nbformat

    source = cell.source
    if "parameters" in tags(cell):
        source = _LANG_LINE.sub(f'lang = "{lang}"', source, count=1)
    new = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
    kept = _shared_tags(cell)
    return new(  # type: ignore[no-untyped-call]
        source,
        id=hashlib.sha256(identity.encode()).hexdigest()[:12],
        metadata={"tags": kept} if kept else {},
    )


def _set_ids(cells: Sequence[Node], *, prefix: str) -> None:
    """Prefix the ids with the lesson's number; number the ones whose content comes twice."""
    seen: dict[str, int] = {}
    for cell in cells:
        times = seen[cell.id] = seen.get(cell.id, 0) + 1
        cell.id = f"{prefix}-{cell.id}" if times == 1 else f"{prefix}-{cell.id}-{times}"
