"""The ways into a report: what it says in two minutes, and its chapters in an order to read.

In two minutes: the figures and what needs attention, of the overview's tables, then the answer
that each page gives first. In two hours: the pages, grouped by what they are about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from marketing_kpi.report.markup import plain_text
from marketing_kpi.text.messages import N_

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from marketing_kpi.report.render import Link

WORDS_A_MINUTE = 200
"""How fast a page is read that is studied, not skimmed; a convention."""
ANSWER_SENTENCES = 2
ANSWER_CHARACTERS = 200
"""How many sentences an answer has, and what more may hold in all."""
ANSWER = "answer"
"""The tag of the cell that gives a page's answer, where that is not the first with a figure."""

SCORECARD, ATTENTION = "scorecard", "attention"

_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (N_("To begin"), ("00",)),
    (N_("Customers"), ("02", "06", "03", "09", "16")),
    (N_("Sales and margin"), ("07", "14", "08", "11", "15")),
    (N_("Marketing"), ("10", "04", "05")),
    (N_("Operations"), ("12", "13")),
    (N_("How it is measured"), ("01", "17")),
)
"""The lessons by what they are about, in the order to read them."""
_OTHERS = N_("Other pages")

SENTENCE = '<p class="mk-sentence">'
"""How a sentence of a page begins."""

_GLOSSARY = re.compile(r'<section class="mk-glossary".*?</section>', flags=re.DOTALL)
_SECTION = re.compile(r"^##\s", flags=re.MULTILINE)


@dataclass(frozen=True)
class Chapters:
    """Pages that are about the same, in the order to read them."""

    label: str
    links: tuple[Link, ...]


def chapters(links: Sequence[Link]) -> tuple[Chapters, ...]:
    """Group pages by what they are about; the labels are messages still to be translated.

    A page of no lesson that is known comes last; a group without a page is left out.
    """
    left = {link.file: link for link in links}
    groups = []
    for label, numbers in _GROUPS:
        files = [file for number in numbers for file in left if file.startswith(f"{number}_")]
        groups.append(Chapters(label, tuple(left.pop(file) for file in files)))
    groups.append(Chapters(_OTHERS, tuple(left.values())))
    return tuple(group for group in groups if group.links)


def answer(notebook: NotebookNode) -> str:
    """Return what a page answers: the first sentences of the cell that is tagged so.

    Without such a cell, of the first with a figure in a section; empty where there is none.
    """
    cells = list(_in_sections(notebook))
    tagged = [cell for cell in cells if ANSWER in cell.metadata.get("tags", ())]
    said = [text for cell in tagged for text in _sentences(cell)]
    said += [text for cell in cells for text in _sentences(cell) if re.search(r"\d", text)]
    return _first(said[0]) if said else ""


def _in_sections(notebook: NotebookNode) -> Iterator[NotebookNode]:
    """Yield the code cells that stand in a section: what comes before says what is left out."""
    is_inside = False
    for cell in notebook.cells:
        if cell.cell_type == "code" and is_inside:
            yield cell
        elif cell.cell_type == "markdown":
            is_inside = is_inside or bool(_SECTION.search(cell.source))


def _sentences(cell: NotebookNode) -> Iterator[str]:
    for output in cell.outputs:
        data = output.get("data", {})
        if str(data.get("text/html", "")).startswith(SENTENCE):
            yield str(data["text/plain"])


def _first(text: str) -> str:
    """Return the first sentences of a text, and those after them that fit.

    >>> _first("Sales are 5. They rose.")
    'Sales are 5. They rose.'
    """
    sentences = re.split(r"(?<=[.?!]) ", text)
    count = ANSWER_SENTENCES
    while len(" ".join(sentences[: count + 1])) <= ANSWER_CHARACTERS and count < len(sentences):
        count += 1
    return " ".join(sentences[:count])


def words(html: str) -> int:
    """Count the words of a page that are read through: a glossary is for looking up."""
    return len(plain_text(_GLOSSARY.sub("", html)).split())


def minutes(count: int) -> int:
    """Return how long so many words take to read, at least one minute.

    >>> minutes(40), minutes(2100)
    (1, 10)
    """
    return max(1, round(count / WORDS_A_MINUTE))


def rows(tables: Sequence[Mapping[str, Any]], id: str) -> list[dict[str, Any]]:
    """Return the rows of a table of KPIs among a report's tables, by column; none without it.

    With ``unit``, that of the row's KPI.
    """
    table = next((table for table in tables if table["id"] == id), None)
    if table is None:
        return []
    names = [column["name"] for column in table["columns"]]
    return [
        {**dict(zip(names, row, strict=True)), "unit": unit}
        for row, unit in zip(table["rows"], table["row_units"], strict=True)
    ]
