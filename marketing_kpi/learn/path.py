"""A student's path: what to read for each topic of the exam, in which order, and how long.

The order and what rests on what are ours; words, exercises and questions are counted in the
lessons themselves, so that a lesson that grows takes longer here too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from marketing_kpi.errors import LessonError
from marketing_kpi.learn.bank import bank
from marketing_kpi.lessons.build import notebooks_folder, sources
from marketing_kpi.plots.tables import Table, table
from marketing_kpi.text.locale import Reader
from marketing_kpi.text.messages import N_

WORDS_A_MINUTE = 200
"""Words of prose that a student reads in a minute; slow, for there are formulas to take in."""

CELLS_A_MINUTE = 2
"""Code cells that a student runs, and whose result they look at, in a minute."""

MINUTES_AN_EXERCISE = 5
MINUTES_A_QUESTION = 1

ARROW = " → "

MINUTES_ROUNDED_TO = 5
"""Minutes are an estimate, and shown as one."""

_WORD = re.compile(r"[^\W\d_]+(?:['’\u2011-][^\W\d_]+)*")
# The sources are read as text: importing jupytext takes longer than all that is counted here.
_CELL = re.compile(r"^# %%(?P<head>.*)\n(?P<body>(?:(?!# %%).*\n?)*)", re.MULTILINE)


class Topic(NamedTuple):
    """A topic of the exam.

    Attributes
    ----------
    name
        Message id.
    lesson
        Two digits.
    rests_on
        Lessons to have read before.
    """

    name: str
    lesson: str
    rests_on: tuple[str, ...]


TOPICS = (
    Topic(N_("To begin: how to read a page of KPIs"), "00", ()),
    Topic(N_("Glossary and information systems"), "01", ("00",)),
    Topic(N_("RFM segmentation"), "02", ("01",)),
    Topic(N_("Retention and returns"), "09", ("01",)),
    Topic(N_("Lifetime value (CLTV) from attrition"), "03", ("01", "09")),
    Topic(N_("Lifecycle and eRFM"), "06", ("02",)),
    Topic(N_("Control-group tests"), "04", ("01",)),
    Topic(N_("Before–after analysis"), "05", ("04",)),
    Topic(N_("Sales performance"), "07", ("01",)),
    Topic(N_("Margins and promotions"), "08", ("01", "04")),
    Topic(N_("Channels and attribution"), "10", ("04", "08")),
    Topic(N_("Baskets and lost sales"), "11", ("04", "08")),
    Topic(N_("Inventory"), "12", ("08", "11")),
    Topic(N_("Fulfilment"), "13", ("04", "09")),
    Topic(N_("Revenue mix"), "14", ("03", "05", "08")),
    Topic(N_("Financial health"), "15", ("01", "08", "09")),
    Topic(N_("The customer's voice"), "16", ("04", "06")),
    Topic(N_("KPI governance"), "17", ("01", "07", "09")),
)
"""What to begin with, then the topics of the exam, each after those that it rests on."""


def path(lang: str | Reader) -> pd.DataFrame:
    """Say what to read for each topic of the exam, in which order, and how long it takes.

    Parameters
    ----------
    lang
        Language of the topics and of the prose that is counted, or its reader.

    Returns
    -------
    pandas.DataFrame
        A row a topic, each after those that it rests on: topic, lesson (two digits), order
        (every lesson to read for it, the first one first, its own last), reading (minutes to read
        its lesson and run the cells, exercises apart), exercises, questions (of the quiz),
        practice (minutes for both) and total (hours for the whole order, read and practised).
        Reading and total are null where the lessons' sources are not beside the package.

    Examples
    --------
    >>> path("en").loc[2, ["topic", "lesson", "order"]].tolist()
    ['RFM segmentation', '02', '00 → 01 → 02']
    """
    reader = Reader.of(lang)
    reading = dict(_reading(reader.lang))
    rows = [
        {
            "topic": reader.translate(topic.name),
            "lesson": topic.lesson,
            "order": ARROW.join(order(topic)),
            "reading": reading.get(topic.lesson),
            **_to_practise(topic.lesson),
        }
        for topic in TOPICS
    ]
    frame = pd.DataFrame(rows).astype({"reading": "Int64"})
    of_lesson = (frame.reading + frame.practice).set_axis(frame.lesson)
    minutes_in_all = [of_lesson[list(order(topic))].sum(skipna=False) for topic in TOPICS]
    return frame.assign(total=pd.Series(minutes_in_all, dtype="Float64") / 60)


def order(topic: Topic) -> tuple[str, ...]:
    """Return every lesson to read for a topic, in the order of the course, its own last.

    >>> order(TOPICS[2])
    ('00', '01', '02')
    """
    by_lesson = {each.lesson: each for each in TOPICS}
    needed = {topic.lesson}
    needed.update(*(order(by_lesson[lesson]) for lesson in topic.rests_on))
    return tuple(each.lesson for each in TOPICS if each.lesson in needed)


def show(lang: str | Reader) -> Table:
    """Show `path` as a table that says how its minutes were estimated.

    >>> print(show("en").to_text().splitlines()[0])
    A path through the course: from top to bottom, each topic after those that it rests on
    """
    reader = Reader.of(lang)
    _ = reader.translate
    names = {
        "topic": _("Topic of the exam"),
        "lesson": _("Lesson"),
        "order": _("To read, in this order"),
        "reading": _("Reading (minutes)"),
        "exercises": _("Exercises"),
        "questions": _("Quiz questions"),
        "practice": _("Practice (minutes)"),
        "total": _("In all, from the start"),
    }
    frame = path(reader)
    notes = [
        _(
            "Estimated, not timed: {words} words of prose and {cells} code cells a minute; "
            "{exercise} minutes an exercise and {question} a question; rounded up to {rounded} "
            "minutes.",
            words=reader.integer(WORDS_A_MINUTE),
            cells=reader.integer(CELLS_A_MINUTE),
            exercise=reader.integer(MINUTES_AN_EXERCISE),
            question=reader.integer(MINUTES_A_QUESTION),
            rounded=reader.integer(MINUTES_ROUNDED_TO),
        )
    ]
    if frame.reading.isna().any():
        notes.append(_("Reading times are counted in the lessons, which are not installed here."))
    return table(
        frame,
        lang=reader,
        id="path",
        caption=_(
            "A path through the course: from top to bottom, each topic after those that it rests on"
        ),
        names=names,
        units={"reading": "count", "practice": "count", "total": "hours"},
        notes=notes,
    )


def minutes(text: str, *, cells: int) -> float:
    """Return the minutes it takes to read prose and to run code cells.

    >>> minutes("word " * 1000, cells=30)
    20.0
    """
    return len(_WORD.findall(text)) / WORDS_A_MINUTE + cells / CELLS_A_MINUTE


def _reading(lang: str) -> Iterator[tuple[str, int]]:
    """Yield the minutes of each lesson; nothing in a package without its checkout."""
    try:
        found = sources(notebooks_folder())
    except LessonError:
        return
    for source in found:
        cells = [
            cell
            for cell in _CELL.finditer(source.read_text(encoding="utf-8"))
            if '"exercise"' not in cell["head"]
        ]
        prose = [cell["body"] for cell in cells if f'"lang-{lang}"' in cell["head"]]
        code = sum("[markdown]" not in cell["head"] for cell in cells)
        yield source.stem[:2], _rounded(minutes("\n".join(prose), cells=code))


def _to_practise(lesson: str) -> dict[str, int]:
    known = lesson in bank().lessons
    exercises = len(bank().exercises(lesson=lesson)) if known else 0
    questions = len(bank().items(lesson=lesson)) if known else 0
    practice = exercises * MINUTES_AN_EXERCISE + questions * MINUTES_A_QUESTION
    return {"exercises": exercises, "questions": questions, "practice": _rounded(practice)}


def _rounded(estimate: float) -> int:
    return MINUTES_ROUNDED_TO * math.ceil(estimate / MINUTES_ROUNDED_TO)
