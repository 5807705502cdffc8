"""Check the lessons: the rules of their sources, and that the built notebooks are up to date.

Code cells hold no prose. What that means here: no comment, no docstring, no f-string, and every
string literal is an identifier (``"net_sales"``), a code of capitals and digits (``"A"``,
``"QC"``), a date or a number; so words that a reader sees can only come from the dictionary, the
text catalogs or the plots. The cell tagged ``parameters`` is free, since it holds a client's
settings.
"""

from __future__ import annotations

import ast
import io
import re
import statistics
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path

from marketing_kpi.errors import LessonError
from marketing_kpi.lessons.build import (
    LANGS,
    Node,
    dumps,
    label,
    notebook,
    read,
    sources,
    tags,
)

MAIN_LESSON_CODE_CELLS = range(25, 46)
MEDIAN_LINES = 3
LONGEST_CELL_LINES = 12
LONGEST_LINE = 96  # what a page shows without turning the line
OVERVIEW = "00"
OPENING_CELLS = 2

_CHANGING_METHODS = frozenset(
    ["append", "clear", "extend", "insert", "pop", "remove", "setdefault", "sort", "update"]
)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_CODE_STRING = re.compile(r"[a-z0-9_./:%+*-]*|[A-Z]{1,3}[0-9]*")
_CODE_SPAN = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
_MATH = re.compile(r"\$\$.*?\$\$|\$[^$\n]*\$", re.DOTALL)
_HEADING = re.compile(r"^(#{1,6}) ", re.MULTILINE)
_LINK_TARGET = re.compile(r"\]\([^)]*\)|https?://\S+|<[^>]*>")
_TABLE_RULE = re.compile(r"^\s*\|?[\s:|-]+\|?\s*$", re.MULTILINE)
_BAD_FRENCH = re.compile(r"[^\u00a0\u202f\d][:;!?%»](?!\w)|\d[;!?%»]|«[^\u00a0\u202f]|\d:(?!\d)")
_ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")
_CHECKOUT = Path(__file__).resolve().parents[2]
_MACHINE_PATH = re.compile(
    rf"(?:/home|/Users|/tmp|/root)/\w|[A-Z]:\\\\|{re.escape(str(_CHECKOUT))}"
)


def check(folder: Path, *, numbers: Sequence[str] = ()) -> list[str]:
    """Say what is wrong with the lessons and their built notebooks; empty when nothing is.

    Parameters
    ----------
    folder
        The ``notebooks`` folder.
    numbers
        Two-digit lesson numbers; empty for all.

    Returns
    -------
    list of str
        A sentence a problem, beginning with the file's name.
    """
    problems = []
    for source in sources(folder, numbers=numbers):
        try:
            problems += [f"{source.name}: {problem}" for problem in source_problems(source)]
            for lang in LANGS:
                built = folder / lang / f"{source.stem}.ipynb"
                found = built_problems(built, fresh=notebook(source, lang=lang))
                problems += [f"{lang}/{built.name}: {problem}" for problem in found]
        except LessonError as error:
            problems.append(error.message)
    return problems


def source_problems(source: Path) -> list[str]:
    """Say which rules of the lessons a source breaks."""
    cells = read(source)
    code = [cell for cell in cells if cell.cell_type == "code"]
    return [
        *_size_problems(code, number=source.stem[:2]),
        *_introduction_problems(cells),
        *prose_structure_problems(cells),
        *(problem for cell in code for problem in prose_problems(cell)),
        *lesson_name_problems(code),
        *(problem for cell in cells for problem in typography_problems(cell)),
    ]


def prose_problems(cell: Node) -> Iterator[str]:
    """Say where a code cell holds words that would need a translation."""
    if "parameters" in tags(cell):
        return
    for token in tokenize.generate_tokens(io.StringIO(cell.source).readline):
        if token.type == tokenize.COMMENT:
            yield f"{label(cell)} has a comment: {token.string}"
    for node in ast.walk(ast.parse(cell.source)):
        if isinstance(node, ast.JoinedStr):
            yield f"{label(cell)} has an f-string"
        elif isinstance(node, ast.Constant) and not _is_code(node.value):
            yield f"{label(cell)} has a literal with prose: {node.value!r}"


def lesson_name_problems(code: Sequence[Node]) -> list[str]:
    """Say where report cells and lesson cells are not independent of each other.

    A client's report leaves the cells tagged ``lesson`` out: a report cell that reads a name
    which only they define would fail there, and one that reads a name which they redefine, or an
    object which they change, would show another figure than the lesson.
    """
    problems = []
    in_lesson: set[str] = set()
    in_report: set[str] = set()
    for cell in code:
        stored, loaded = _names(cell.source)
        if "lesson" in tags(cell):
            in_lesson |= stored
            problems += [
                f"{label(cell)} is a lesson cell and redefines '{name}' of a report cell"
                for name in sorted(stored & in_report)
            ]
            problems += [
                f"{label(cell)} is a lesson cell and changes '{name}' of a report cell; "
                "change a copy"
                for name in sorted(_changed(cell.source) & in_report)
            ]
            continue
        problems += [
            f"{label(cell)} is a report cell and reads '{name}' of a lesson cell"
            for name in sorted(loaded & (in_lesson - in_report))
        ]
        in_report |= stored
    return problems


def prose_structure_problems(cells: Sequence[Node]) -> Iterator[str]:
    """Say where prose is empty, twins differ in their headings, or a lesson lacks its questions."""
    yield from _twin_content_problems(cells)
    for lang in LANGS:
        if not any("?" in cell.source for cell in _opening(cells, tag=f"lang-{lang}")):
            yield f"does not open with a question in its first {OPENING_CELLS} lang-{lang} cells"
    last = cells[-len(LANGS) :]
    if not all({"lesson", "exercise"} <= set(tags(cell)) and "?" in cell.source for cell in last):
        yield "does not close with questions: twins tagged lesson and exercise, at the end"


def _twin_content_problems(cells: Sequence[Node]) -> Iterator[str]:
    for previous, cell in zip([None, *cells], cells, strict=False):
        if cell.cell_type != "markdown":
            continue
        written = bool(cell.source.strip())
        if not written:
            where = f"after {label(previous)}" if previous else "at the beginning"
            yield f"the markdown cell {where} is empty"
        if "lang-en" not in tags(cell) or not written or not previous.source.strip():
            continue
        if _headings(cell) != _headings(previous):
            yield f"{label(cell)} has other headings than its lang-fr twin"


def _opening(cells: Sequence[Node], *, tag: str) -> list[Node]:
    """Return the cells of one language that open a lesson."""
    own = [cell for cell in cells if tag in tags(cell) and "exercise" not in tags(cell)]
    return own[:OPENING_CELLS]


def _headings(cell: Node) -> list[int]:
    """Return the levels of a cell's headings."""
    return [len(found[1]) for found in _HEADING.finditer(_CODE_SPAN.sub("", cell.source))]


def typography_problems(cell: Node) -> Iterator[str]:
    """Say where French prose lacks a non-breaking space before `: ; ! ? %` or inside « »."""
    if "lang-fr" not in tags(cell):
        return
    prose = cell.source
    for pattern in (_CODE_SPAN, _MATH, _LINK_TARGET, _TABLE_RULE):
        prose = pattern.sub("", prose)
    for found in _BAD_FRENCH.finditer(prose):
        around = prose[max(found.start() - 15, 0) : found.end() + 5].replace("\n", " ")
        yield f"{label(cell)} needs a non-breaking space: …{around}…"


def built_problems(built: Path, *, fresh: Node) -> list[str]:
    """Say how a built notebook differs from its source, and what its outputs lack."""
    import nbformat

    if not built.is_file():
        return ["not built; run `marketing-kpi lessons build`"]
    text = built.read_text(encoding="utf-8")
    stored = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
    if dumps(stored) != text:
        return ["not written by the builder; run `marketing-kpi lessons build`"]
    outputs = [problem for cell in stored.cells for problem in output_problems(cell)]
    counts = [cell.execution_count for cell in stored.cells if cell.cell_type == "code"]
    if counts != list(range(1, len(counts) + 1)):
        outputs.append("its code cells were not all executed, once and in order")
    for cell in stored.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    if dumps(stored) != dumps(fresh):
        outputs.insert(0, "out of date; run `marketing-kpi lessons build`")
    return outputs


def output_problems(cell: Node) -> Iterator[str]:
    """Say what a student should not find in the outputs of an executed cell."""
    for output in cell.get("outputs", []):
        if output.output_type == "error" or output.get("name") == "stderr":
            yield f"{label(cell)} fails or warns"
            continue
        bundle = output.get("data", {})
        for kind in bundle:
            if kind.startswith("image/") and not output.metadata.get("alt"):
                yield f"{label(cell)} shows a figure without alt text"
        texts = (output.get("text"), bundle.get("text/plain"), bundle.get("text/html"))
        words = " ".join(text for text in texts if text)
        if _ADDRESS.search(words) or _MACHINE_PATH.search(words):
            yield f"{label(cell)} shows a memory address or a path of one machine"


def _size_problems(code: Sequence[Node], *, number: str) -> Iterator[str]:
    taught = [cell for cell in code if "exercise" not in tags(cell)]
    if number != OVERVIEW and len(taught) not in MAIN_LESSON_CODE_CELLS:
        yield f"{len(taught)} code cells before the exercises; a main lesson has 25 to 45"
    median = statistics.median(map(_lines, (cell for cell in taught if not _is_settings(cell))))
    if median > MEDIAN_LINES:
        yield f"median of {median} lines a code cell; at most {MEDIAN_LINES}"
    for cell in code:
        if _is_settings(cell):
            continue
        if _lines(cell) > LONGEST_CELL_LINES:
            yield f"{label(cell)} has {_lines(cell)} lines; at most {LONGEST_CELL_LINES}"
        if (width := max(map(len, cell.source.splitlines()))) > LONGEST_LINE:
            yield f"{label(cell)} has a line of {width} characters; at most {LONGEST_LINE}"


def _lines(cell: Node) -> int:
    return len(cell.source.splitlines())


def _is_settings(cell: Node) -> bool:
    return "parameters" in tags(cell)


def _introduction_problems(cells: Sequence[Node]) -> Iterator[str]:
    for previous, cell in zip([None, *cells], cells, strict=False):
        if cell.cell_type == "code" and not _is_introduced(cell, previous):
            yield f"{label(cell)} is not introduced by a sentence"


def _is_introduced(cell: Node, previous: Node | None) -> bool:
    """Say whether prose comes just before a cell; an exercise may follow another exercise."""
    if previous is None:
        return False
    follows = "exercise" in tags(cell) and "exercise" in tags(previous)
    return previous.cell_type == "markdown" or follows


def _is_code(value: object) -> bool:
    if not isinstance(value, str) or _CODE_STRING.fullmatch(value):
        return True
    return not any(letter.isalnum() for letter in value)  # what parts printed values


def _names(source: str) -> tuple[set[str], set[str]]:
    """Return the names a cell stores, and those it reads before it stores them."""
    stored: set[str] = set()
    loaded: set[str] = set()
    for statement in ast.parse(source).body:
        own_scope = _comprehension_names(statement)
        names = [
            node
            for node in ast.walk(statement)
            if isinstance(node, ast.Name) and node.id not in own_scope
        ]
        here = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
        # A loop's own variable is read after it is set.
        own = here if not isinstance(statement, ast.Assign | ast.AugAssign) else set()
        loaded |= {node.id for node in names if isinstance(node.ctx, ast.Load)} - stored - own
        stored |= here | _declared(statement)
    return stored, loaded


def _changed(source: str) -> set[str]:
    """Return the names whose object a cell changes in place."""
    changed = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            changed.add(_root(node))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            in_place = any(
                keyword.arg == "inplace"
                and isinstance(keyword.value, ast.Constant)
                and keyword.value.value is True
                for keyword in node.keywords
            )
            if in_place or node.func.attr in _CHANGING_METHODS:
                changed.add(_root(node.func))
    return changed - {""}


def _root(node: ast.expr) -> str:
    """Return the name that a chain of attributes and subscripts starts from."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _comprehension_names(statement: ast.stmt) -> set[str]:
    """Return the variables of comprehensions: they live in them alone."""
    targets = [
        part.target for node in ast.walk(statement) if isinstance(node, _COMPREHENSIONS)
        for part in node.generators
    ]  # fmt: skip
    return {
        name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)
    }


def _declared(statement: ast.stmt) -> set[str]:
    names = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(name.asname or name.name).split(".")[0] for name in node.names}
    return names
