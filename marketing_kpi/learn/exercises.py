"""Exercises of a lesson, on data drawn with the student's own seed.

An exercise is made of its entry in the bank (the words) and of its case (the data, the answer
and what typical mistakes give, all computed). `check` says whether an answer is right and, when
it is not, what kind of mistake gives it; it never shows the answer.
"""

from __future__ import annotations

import hashlib
import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, TypeAlias, cast

import numpy as np
import pandas as pd

from marketing_kpi.errors import ConfigError, LessonError, unknown
from marketing_kpi.kpis.dictionary import Bilingual
from marketing_kpi.learn import bank as the_bank
from marketing_kpi.learn.marking import Kind, Names, decimals_of, is_whole, label_text, mark
from marketing_kpi.learn.shown import Shown, filled
from marketing_kpi.learn.words import LEVELS, UNITS, WHOLE, sentence
from marketing_kpi.text.locale import LANGUAGES, Reader

SMALL_TABLE = 12
"""Rows of data that stand under the question as a whole; of more, the first `FIRST_ROWS` do."""

FIRST_ROWS = 4

MOST_DECIMALS = 6
"""Decimals of a number of a question that are shown at most."""

Answer: TypeAlias = (
    "float | int | str | frozenset[str] | tuple[str, ...] | pd.Series[float] | pd.Series[int]"
)


class Quantity(NamedTuple):
    """A number of a question, and how to write it.

    Attributes
    ----------
    value
        In the unit: a rate is a fraction. A date for ``date``; a label for ``label``.
    unit
        A unit of the dictionary (count, fraction, currency, days, …), ``date`` or ``label``.
    """

    value: float | str
    unit: str = "count"


class Case(NamedTuple):
    """What an exercise is about: its data, its answer and what typical mistakes give.

    Attributes
    ----------
    answer
        A number in the exercise's unit, a label, a set of labels (frozenset), labels in an order
        (tuple), or a number for each label (Series).
    data
        Drawn with the student's seed; None when the question holds all that is needed.
    mistakes
        What one answers when making a mistake, by kind: computed, and apart from the answer by
        more than the tolerance whatever the seed. Those of a shared kind (`words.SHARED`) need no
        sentence of their own in the bank.
    values
        Numbers that the texts show by name.
    choices
        Ids of the labels to choose from.
    """

    answer: Answer
    data: pd.DataFrame | None = None
    mistakes: Mapping[str, Answer] = MappingProxyType({})
    values: Mapping[str, Quantity] = MappingProxyType({})
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Checked(Shown):
    """What `check` thought of an answer, shown as a sentence.

    Attributes
    ----------
    kind
        right, wrong, not_attempted or not_understood.
    mistake
        Which kind of mistake a wrong answer shows, None when none was recognised.
    """

    kind: Kind
    mistake: str | None = None


class Exercise:
    """A question on data of its own, with its check, its hints and its solution.

    Made by `exercises`; a notebook that shows it shows its question.

    Parameters
    ----------
    entry
        The words, from the bank.
    case
        The data and the answer.
    reader
        Who reads.
    name
        What the notebook calls it: ``q1``.
    """

    def __init__(self, entry: the_bank.Exercise, case: Case, *, reader: Reader, name: str) -> None:
        self._entry, self._case, self._reader, self._name = entry, case, reader, name
        self._steps_shown = 0

    @property
    def id(self) -> str:
        """Id in the bank."""
        return self._entry.id

    @property
    def data(self) -> pd.DataFrame | None:
        """A fresh copy of the data; None when the question holds all that is needed."""
        return None if self._case.data is None else self._case.data.copy()

    @property
    def question(self) -> Shown:
        """The question, what its data look like and what answer is expected."""
        return Shown("\n\n".join(self._question()))

    def check(self, answer: object = ...) -> Checked:
        """Say whether an answer is right and, when it is not, what kind of mistake gives it.

        Parameters
        ----------
        answer
            A number, also as text (``"12,5 %"``) or in a Series of one row; a label, or several,
            by id or by name; a Series or a dict for a number by label. Anything may be passed.

        Returns
        -------
        Checked
            The sentence, with `kind` and `mistake`; the answer is not in it.
        """
        entry, case = self._entry, self._case
        found = mark(
            answer,
            case.answer,
            mistakes=case.mistakes,
            values={name: float(one.value) for name, one in self._numbers()},
            names=self._names(),
            choices=self._possible(),
            unit=entry.unit,
            tolerance=entry.tolerance or 0.0,
            lang=self._reader.lang,
        )
        read_again = entry.read[self._reader.lang] if entry.read else None
        own = {kind: self._filled(text) for kind, text in entry.mistakes.items()}
        named = found._replace(labels=tuple(map(self._label, found.labels)))
        text = sentence(named, self._reader, own=own, read_again=read_again, name=self._name)
        return Checked(text, found.kind, found.mistake if found.kind == "wrong" else None)

    def hint(self) -> Shown:
        """Show the next step towards the answer; after the last one, the last one again."""
        _ = self._reader.translate
        last = len(self._entry.hints)
        self._steps_shown = min(self._steps_shown + 1, last)
        text = self._filled(self._entry.hints[self._steps_shown - 1])
        step = _("**Hint {n} of {last}.** {text}", n=self._steps_shown, last=last, text=text)
        if self._steps_shown < last:
            return Shown(step)
        return Shown(
            f"{step} " + _("It is the last one before `{name}.solution()`.", name=self._name)
        )

    def solution(self) -> Shown:
        """Show the reasoning, the answer, and code that gives it."""
        _ = self._reader.translate
        title = _("**Solution.**")
        text = self._filled(self._entry.solution, answer=self._answer())
        return Shown(f"{title} {text}\n\n```python\n{self.code}\n```")

    @property
    def code(self) -> str:
        """Code that gives the answer as it stands, in a notebook that has this exercise."""
        used = set(re.findall(r"[A-Za-z_]\w*", self._entry.code))
        given = [
            f"{name} = {_as_python(one.value)!r}"
            for name, one in self._case.values.items()
            if name in used
        ]
        data = [f"data = {self._name}.data"] if "data" in used else []
        return "\n".join([*data, *given, self._entry.code.rstrip()])

    def __repr__(self) -> str:
        return str(self.question)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return self.question._repr_mimebundle_()

    def _question(self) -> Iterator[str]:
        _ = self._reader.translate
        entry, lang = self._entry, self._reader.lang
        number = self._name.removeprefix("q")
        yield _(
            "**Exercise {number}. {title}** ({level})",
            number=number, title=entry.title[lang], level=_(LEVELS[entry.level]),
        )  # fmt: skip
        yield self._filled(entry.question)
        if self._case.data is not None:
            yield from self._first_rows(self._case.data)
        if self._case.choices:
            yield _("To choose from: {labels}.", labels=", ".join(self._choices()))
        if entry.unit is not None:
            yield self._expected(entry.unit, entry.tolerance or 0.0)

    def _first_rows(self, data: pd.DataFrame) -> Iterator[str]:
        _ = self._reader.translate
        rows = self._reader.integer(len(data))
        if len(data) <= SMALL_TABLE:
            yield _("`{name}.data`, {rows} rows:", name=self._name, rows=rows)
            yield _table(data, self._reader)
        else:
            yield _("`{name}.data`, the first of {rows} rows:", name=self._name, rows=rows)
            yield _table(data.head(FIRST_ROWS), self._reader)

    def _expected(self, unit: str, tolerance: float) -> str:
        _ = self._reader.translate
        answer = self._case.answer
        what = _(WHOLE if is_whole(answer) and unit == "count" else UNITS[unit])
        if isinstance(answer, pd.Series):
            what = _("for each label, {what}", what=what)
        if is_whole(answer) and tolerance < 1:
            return _("Expected: {what}.", what=what)
        shown = self._reader.number(tolerance, decimals=_decimals(tolerance))
        return _("Expected: {what}, to within {tolerance}.", what=what, tolerance=shown)

    def _choices(self) -> Iterator[str]:
        for id in self._case.choices:
            name = self._entry.labels.get(id)
            yield f"`{id}`" if name is None else f"{name[self._reader.lang]} (`{id}`)"

    def _numbers(self) -> Iterator[tuple[str, Quantity]]:
        for name, one in self._case.values.items():
            if one.unit not in ("date", "label"):
                yield name, one

    def _names(self) -> Names:
        case, known = self._case, set(self._case.choices)
        for one in (case.answer, *case.mistakes.values()):
            known |= _labels(one)
        named = {id: [name[lang] for lang in LANGUAGES] for id, name in self._entry.labels.items()}
        return Names(known, named)

    def _possible(self) -> tuple[str, ...]:
        """Return the labels that an answer may hold; none when nothing says which."""
        asked = _labels(self._case.answer)
        if self._case.choices or self._case.data is None or not asked:
            return self._case.choices
        columns = [
            {label_text(value) for value in column.unique()}
            for _, column in self._case.data.items()
        ]
        return tuple({label for known in columns if asked <= known for label in known if label})

    def _filled(self, text: Bilingual, **more: str) -> str:
        values = {name: self._shown(one) for name, one in self._case.values.items()}
        return filled(text[self._reader.lang], {**values, **more})

    def _shown(self, one: Quantity) -> str:
        reader = self._reader
        if one.unit == "date":
            return reader.date(one.value)
        if one.unit == "label":
            return self._label(str(one.value))
        decimals = _decimals(float(one.value) * (100 if one.unit in ("fraction", "points") else 1))
        if one.unit == "currency" and decimals:
            decimals = max(decimals, 2)
        return reader.unit(one.value, one.unit, decimals=decimals)

    def _answer(self) -> str:
        answer, unit = self._case.answer, self._entry.unit or "count"
        if isinstance(answer, str):
            return self._label(answer)
        if isinstance(answer, tuple | frozenset):
            return ", ".join(
                map(self._label, sorted(answer) if isinstance(answer, frozenset) else answer)
            )
        decimals = decimals_of(answer, tolerance=self._entry.tolerance or 0.0)
        if unit in ("fraction", "points"):
            decimals = max(decimals - 2, 0)
        if isinstance(answer, pd.Series):
            return ", ".join(
                f"{self._label(str(label))} {self._reader.unit(value, unit, decimals=decimals)}"
                for label, value in answer.items()
            )
        return self._reader.unit(answer, unit, decimals=decimals)

    def _label(self, id: str) -> str:
        name = self._entry.labels.get(id)
        return id if name is None else name[self._reader.lang]


def exercises(lesson: str | int, *, lang: str | Reader, seed: int | str) -> tuple[Exercise, ...]:
    """Return the exercises of a lesson, on data drawn with a seed.

    Parameters
    ----------
    lesson
        Its two digits: ``"02"``.
    lang
        ``"fr"``, ``"en"``, or the reader of the notebook.
    seed
        A number (a student number, say) or a text: each has data and answers of its own, the
        same at every run.

    Returns
    -------
    tuple of Exercise
        In the order of the lesson.

    Raises
    ------
    LessonError
        For a lesson that has no exercises.
    ConfigError
        For a seed that is neither a whole number nor a text.

    Examples
    --------
    >>> q1, *others = exercises("02", lang="en", seed=2026)
    >>> q1.check().kind
    'not_attempted'
    """
    reader = Reader.of(lang)
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer | str) or seed == "":
        raise ConfigError(
            f"seed {seed!r} is neither a whole number nor a text",
            hint="give your own, a student number say: everyone then has data of their own",
        )
    number = str(lesson).zfill(2) if str(lesson).isdigit() else str(lesson)
    found = the_bank.bank().exercises(lesson=number) if number in _lessons() else ()
    if not found:
        message, _nearest = unknown("lesson", number, _lessons(), where="the exercises")
        raise LessonError(message, hint=f"known: {', '.join(_lessons())}")
    return tuple(
        Exercise(entry, draw(entry.case, id=entry.id, seed=seed), reader=reader, name=f"q{place}")
        for place, entry in enumerate(found, start=1)
    )


def draw(case: str, *, id: str, seed: int | str) -> Case:
    """Return a case drawn with a student's seed, independent of the other exercises'.

    Parameters
    ----------
    case
        ``module.function`` of ``learn/cases``.
    id
        Of the exercise.
    seed
        The student's.
    """
    module, function = case.split(".")
    digest = hashlib.sha256(f"{id}:{seed}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:16], "big"))
    home = importlib.import_module(f"marketing_kpi.learn.cases.{module}")
    return cast(Case, getattr(home, function)(rng))


def _lessons() -> list[str]:
    bank = the_bank.bank()
    return [lesson for lesson in bank.lessons if bank.exercises(lesson=lesson)]


def _labels(answer: Answer) -> set[str]:
    """Return the labels that an answer is made of."""
    if isinstance(answer, str):
        return {answer}
    if isinstance(answer, pd.Series):
        return set(map(str, answer.index))
    return set(answer) if isinstance(answer, tuple | frozenset) else set()


def _as_python(value: object) -> object:
    """Return a number of numpy as one of Python, which is written without its type."""
    return value.item() if isinstance(value, np.generic) else value


def _decimals(value: float) -> int:
    """Return how many decimals it takes to write a number in full.

    >>> _decimals(12.5), _decimals(40.0), _decimals(0.0005)
    (1, 0, 4)
    """
    return next(
        (n for n in range(MOST_DECIMALS) if abs(round(value, n) - value) <= 1e-9 * abs(value)),
        MOST_DECIMALS,
    )


def _table(data: pd.DataFrame, reader: Reader) -> str:
    """Return a Markdown table, its numbers as the reader writes them."""
    is_number = [pd.api.types.is_any_real_numeric_dtype(kind) for kind in data.dtypes]
    lines = [
        [f"`{name}`" for name in data.columns],
        ["---:" if each else "---" for each in is_number],
        *([_cell(value, reader) for value in row] for row in data.itertuples(index=False)),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object, reader: Reader) -> str:
    if isinstance(value, pd.Timestamp):
        return str(value).removesuffix(" 00:00:00")
    if isinstance(value, float | np.floating):
        return reader.number(value, decimals=_decimals(float(value)))
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return reader.integer(value)
    return str(value)
