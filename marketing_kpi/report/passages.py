"""What a report leaves out of a page: words that introduce nothing, and sentences said already.

A passage is a Markdown cell and the code cells that it introduces. On a client's data some show
nothing, or repeat why there is nothing to show; on such a page their headings and lead-ins would
stand one after the other over empty space.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbformat import NotebookNode

_HEADING = re.compile(r" {0,3}(#{1,6})\s")
_SENTENCE = '<p class="mk-sentence">'
_SECTION = 2
"""Level of the headings of the sections that the first lines of a page announce."""


@dataclass
class _Passage:
    """A Markdown cell, split at its first heading, and what follows until the next one.

    Attributes
    ----------
    lead
        The Markdown cell; null for what stands before the first.
    code
        The code cells.
    shows
        Whether they show something.
    repeated
        What they say that the page has said before, taken out of them.
    """

    lead: NotebookNode | None
    code: list[NotebookNode] = field(default_factory=list)
    shows: bool = False
    repeated: list[NotebookNode] = field(default_factory=list)

    @property
    def level(self) -> int:
        """The level of the heading that it begins with; 0 without one."""
        found = _HEADING.match(self.lead.source) if self.lead is not None else None
        return len(found[1]) if found else 0


def without_empty(
    notebook: NotebookNode, is_shown: Callable[[Mapping[str, Any]], bool]
) -> NotebookNode:
    """Return an executed report without the passages that have nothing to show.

    Parameters
    ----------
    notebook
        Executed, with the cells of a report only.
    is_shown
        Whether an output leaves anything on a page.

    Returns
    -------
    nbformat.NotebookNode
        A copy. A Markdown cell goes when the code cells under it show nothing; of its heading and
        text, the heading stays where a passage under it shows something. The title of the page,
        with its text, and sections that are prose alone always stay. Where a passage shows nothing
        but sentences, those that stood in such a passage before, word for word, are not shown;
        a section of level 2 left with nothing by that keeps its heading, over the first of them.
    """
    from copy import deepcopy

    copy = deepcopy(notebook)
    passages = list(_passages(copy.cells))
    said: set[str] = set()
    for passage in passages:
        _say_once(passage, said, is_shown)
        passage.shows = any(is_shown(output) for cell in passage.code for output in cell.outputs)
    for place, passage in enumerate(passages):
        if passage.level == _SECTION:
            _say_why([passage, *_under(passages[place + 1 :], _SECTION)])
    copy.cells = list(_kept(passages))
    return copy


def _passages(cells: list[NotebookNode]) -> Iterator[_Passage]:
    passage = _Passage(None)
    for cell in cells:
        if cell.cell_type == "code":
            passage.code.append(cell)
        else:
            yield passage
            passage = _Passage(cell)
    yield passage


def _say_once(
    passage: _Passage, said: set[str], is_shown: Callable[[Mapping[str, Any]], bool]
) -> None:
    """Take out of a passage of sentences those that the page has; add its own to `said`."""
    shown = [output for cell in passage.code for output in cell.outputs if is_shown(output)]
    if not all(_sentence(output) for output in shown):
        return
    for cell in passage.code:
        kept = []
        for output in cell.outputs:
            sentence = _sentence(output)
            if sentence is None or sentence not in said:
                kept.append(output)
            else:
                passage.repeated.append(output)
            if sentence is not None:
                said.add(sentence)
        cell.outputs = kept


def _say_why(section: list[_Passage]) -> None:
    """Say again, under the heading alone, why a section that repeated itself is empty."""
    repeated = [output for passage in section for output in passage.repeated]
    cells = [cell for passage in section for cell in passage.code]
    head = section[0]
    if not repeated or any(passage.shows for passage in section) or head.lead is None:
        return
    head.lead.source = head.lead.source.partition("\n")[0]
    cells[0].outputs = [*cells[0].outputs, repeated[0]]
    for passage in section:
        passage.code = [cell for cell in passage.code if cell is not cells[0]]
    head.code = [cells[0], *head.code]
    head.shows = True


def _sentence(output: Mapping[str, Any]) -> str | None:
    """Return what an output says when it is a sentence of `plots`, else null."""
    data = output.get("data", {})
    is_sentence = str(data.get("text/html", "")).startswith(_SENTENCE)
    return str(data["text/plain"]) if is_sentence else None


def _kept(passages: list[_Passage]) -> Iterator[NotebookNode]:
    for place, passage in enumerate(passages):
        if passage.lead is not None:
            under = _under(passages[place + 1 :], passage.level)
            introduced = [passage, *under] if passage.level and not passage.code else [passage]
            is_prose = not any(one.code for one in introduced)
            if passage.level == 1 or is_prose or any(one.shows for one in introduced):
                yield passage.lead
            elif any(one.shows for one in under):
                passage.lead.source = passage.lead.source.partition("\n")[0]
                yield passage.lead
        yield from passage.code


def _under(following: list[_Passage], level: int) -> list[_Passage]:
    """Return the passages of the section that a heading of that level begins; none without one."""
    inside = takewhile(lambda one: not 0 < one.level <= level, following)
    return list(inside) if level else []
