"""The bank: questions of the quizzes and exercises of the lessons, each tied to an entry.

One file a lesson, ``learn/items/<stem of the lesson's source>.yaml``, with two lists, ``items``
and ``exercises``. Read as the dictionary is (YAML 1.2; an unknown key is refused with a
suggestion). Every text is ``{fr: …, en: …}`` and may hold inline Markdown and ``$LaTeX$``.

An **item** has `id` (unique in the bank, never changed), `entry` (an id of the dictionary),
`kind`, `read` (the exact text of the heading whose paragraph answers it; left out while the
lesson is not written), `question`, and what its kind needs:

*choice*
    `options`, 3 to 5, each with `text` and `feedback`; exactly one has ``right: true``.
*choices*
    `options`, 4 to 6; at least one right and one wrong.
*number*
    `answer`, in `unit` (rates are fractions), `tolerance` (absolute, in the unit), `feedback`
    (the computation, shown when right), `mistakes`: two or more, each with its `value` and
    `feedback`. A percentage given for a fraction is recognised without being listed.
*matching*
    `pairs`, 3 to 5, each with `left`, `right` and `feedback` (what tells this one apart).

An **exercise** has `id`, `entry`, `level` (``recall``, ``compute``, ``interpret``, ``case``),
`read`, `case` (``module.function`` of ``learn/cases``), `unit` and `tolerance` (for a number),
`title`, `question`, `hints` (two or more), `labels` (the name of each id that one chooses from,
where the data do not name it), `mistakes` (kind of mistake → sentence), `solution` and `code`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias, TypeVar

from pydantic import Field, StringConstraints, ValidationError
from pydantic import model_validator as check_whole

from marketing_kpi.errors import BankError, DictionaryError, suggest, unknown
from marketing_kpi.kpis.dictionary import LANGUAGES, Bilingual, Identifier, Text, Unit, dictionary
from marketing_kpi.kpis.schema import Place, Problem, Strict, read, refusals
from marketing_kpi.learn import inline
from marketing_kpi.learn.answers import RATES, same

KINDS = ("choice", "choices", "number", "matching")
Case_ = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
Number_ = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Tolerance = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)]

_MALFORMED = {
    "id": ("bad_id", "is not snake_case (a-z, 0-9, single underscores)"),
    "case": ("bad_case", "is not module.function of learn/cases"),
}


class Option(Strict):
    """One of the answers to choose from."""

    text: Bilingual
    right: bool = False
    feedback: Bilingual


class Mistake(Strict):
    """A typical wrong number, and what kind of mistake gives it."""

    value: Number_
    feedback: Bilingual


class Pair(Strict):
    """Two things that belong together, and what tells them from the others."""

    left: Bilingual
    right: Bilingual
    feedback: Bilingual


class _Item(Strict):
    """What items of every kind have."""

    id: Identifier
    entry: Identifier
    kind: str
    read: Bilingual | None = None
    question: Bilingual

    def texts(self) -> Iterator[Bilingual]:
        """Return every text of the item."""
        return _texts(self)


class _WithOptions(_Item):
    fewest: ClassVar[int]
    most: ClassVar[int]

    options: tuple[Option, ...]

    @check_whole(mode="after")
    def _options_are_few_and_differ(self) -> Self:
        if not self.fewest <= len(self.options) <= self.most:
            raise ValueError(
                f"bad_count: {len(self.options)} options; "
                f"'{self.kind}' has {self.fewest} to {self.most}"
            )
        _refuse_twice(self.options, "text", "options")
        return self

    @property
    def right(self) -> tuple[int, ...]:
        """Places of the right options, counted from 0."""
        return tuple(place for place, option in enumerate(self.options) if option.right)


class Choice(_WithOptions):
    """Several options, one of them right."""

    fewest, most = 3, 5
    kind: Literal["choice"]

    @check_whole(mode="after")
    def _one_is_right(self) -> Self:
        if len(self.right) != 1:
            raise ValueError(f"bad_right: {len(self.right)} options are right; 'choice' has one")
        return self


class Choices(_WithOptions):
    """Several options, of which any number but none and all are right."""

    fewest, most = 4, 6
    kind: Literal["choices"]

    @check_whole(mode="after")
    def _some_are_right(self) -> Self:
        if not 0 < len(self.right) < len(self.options):
            raise ValueError(
                f"bad_right: {len(self.right)} of {len(self.options)} options are right; "
                "'choices' has at least one right and one wrong"
            )
        return self


class Number(_Item):
    """A number to work out."""

    kind: Literal["number"]
    answer: Number_
    unit: Unit
    tolerance: Tolerance
    feedback: Bilingual
    mistakes: tuple[Mistake, ...]

    @check_whole(mode="after")
    def _mistakes_tell_something(self) -> Self:
        if len(self.mistakes) < 2:
            raise ValueError(f"bad_count: {len(self.mistakes)} mistakes; 'number' has at least 2")
        for mistake in self.mistakes:
            if same(mistake.value, self.answer, tolerance=self.tolerance):
                raise ValueError(
                    f"mistake_is_right: mistake {mistake.value:g} is within {self.tolerance:g} of "
                    f"the answer {self.answer:g}"
                )
            if self._is_percentage(mistake.value):
                raise ValueError(
                    f"percent_listed: mistake {mistake.value:g} is the answer as a percentage, "
                    "which is recognised without being listed"
                )
        _refuse_twice(self.mistakes, "value", "mistakes")
        return self

    def _is_percentage(self, value: float) -> bool:
        is_rate = self.unit in RATES and self.answer != 0
        return is_rate and same(value, 100 * self.answer, tolerance=100 * self.tolerance)


class Matching(_Item):
    """Things to put beside what belongs to each."""

    kind: Literal["matching"]
    pairs: tuple[Pair, ...]

    @check_whole(mode="after")
    def _pairs_are_few_and_differ(self) -> Self:
        if not 3 <= len(self.pairs) <= 5:
            raise ValueError(f"bad_count: {len(self.pairs)} pairs; 'matching' has 3 to 5")
        _refuse_twice(self.pairs, "left", "pairs")
        _refuse_twice(self.pairs, "right", "pairs")
        return self


Item: TypeAlias = Choice | Choices | Number | Matching
_MODELS: Mapping[str, type[Item]] = MappingProxyType(
    {"choice": Choice, "choices": Choices, "number": Number, "matching": Matching}
)


class Exercise(Strict):
    """A task on data of its own, drawn by a function of ``learn/cases``."""

    id: Identifier
    entry: Identifier
    level: Literal["recall", "compute", "interpret", "case"]
    read: Bilingual | None = None
    case: Case_
    unit: Unit | None = None
    tolerance: Tolerance | None = None
    title: Bilingual
    question: Bilingual
    hints: tuple[Bilingual, ...]
    labels: Mapping[str, Bilingual] = Field(default_factory=dict)
    mistakes: Mapping[Identifier, Bilingual] = Field(default_factory=dict)
    solution: Bilingual
    code: Text

    @check_whole(mode="after")
    def _hints_and_number_are_whole(self) -> Self:
        if len(self.hints) < 2:
            raise ValueError(f"bad_count: {len(self.hints)} hints; an exercise has at least 2")
        if (self.unit is None) != (self.tolerance is None):
            raise ValueError("missing_field: 'unit' and 'tolerance' go together, for a number")
        return self

    def texts(self) -> Iterator[Bilingual]:
        """Return every text of the exercise."""
        return _texts(self)


Entry_ = TypeVar("Entry_", Item, Exercise)


def _texts(part: object) -> Iterator[Bilingual]:
    if isinstance(part, Bilingual):
        yield part
    elif isinstance(part, Strict):
        for name in type(part).model_fields:
            yield from _texts(getattr(part, name))
    elif isinstance(part, tuple):
        for each in part:
            yield from _texts(each)
    elif isinstance(part, Mapping):
        yield from _texts(tuple(part.values()))


def _refuse_twice(parts: Sequence[Strict], key: str, where: str) -> None:
    """Refuse two parts of which a reader could not tell one from the other."""
    values = [getattr(part, key) for part in parts]
    shown = [
        [value[lang].casefold() for value in values] if isinstance(values[0], Bilingual) else values
        for lang in LANGUAGES
    ]
    for written in shown:
        value, times = Counter(written).most_common(1)[0]
        if times > 1:
            raise ValueError(f"given_twice: '{key}' {value!r} is given {times} times in {where}")


class InvalidBankError(BankError):
    """Items break the schema; `problems` lists all that was found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


@dataclass(frozen=True, repr=False)
class Bank:
    """Items and exercises of every lesson, in the order of the files.

    A lesson is named by its two digits.
    """

    _items: Mapping[str, tuple[Item, ...]]
    _exercises: Mapping[str, tuple[Exercise, ...]]

    def __repr__(self) -> str:
        return f"<Bank: {len(self.items())} items, {len(self.exercises())} exercises>"

    @property
    def lessons(self) -> tuple[str, ...]:
        """Lessons that have a file in the bank."""
        return tuple(self._items)

    def items(self, *, lesson: str | None = None) -> tuple[Item, ...]:
        """Return the items of a lesson, or of all."""
        return self._chosen(self._items, lesson)

    def exercises(self, *, lesson: str | None = None) -> tuple[Exercise, ...]:
        """Return the exercises of a lesson, or of all."""
        return self._chosen(self._exercises, lesson)

    def item(self, id: str) -> Item:
        """Return an item; an id that is not there is refused with one that is."""
        return _by_id(self.items(), id, "item")

    def exercise(self, id: str) -> Exercise:
        """Return an exercise; an id that is not there is refused with one that is."""
        return _by_id(self.exercises(), id, "exercise")

    def lesson(self, id: str) -> str:
        """Return the lesson of an item or of an exercise."""
        for lesson in self.lessons:
            for one in (*self._items[lesson], *self._exercises[lesson]):
                if one.id == id:
                    return lesson
        known = [one.id for one in (*self.items(), *self.exercises())]
        message, hint = unknown("id", id, known, where="the bank")
        raise BankError(message, hint=hint)

    def _chosen(
        self, by_lesson: Mapping[str, tuple[Entry_, ...]], lesson: str | None
    ) -> tuple[Entry_, ...]:
        if lesson is None:
            return tuple(one for many in by_lesson.values() for one in many)
        if lesson not in by_lesson:
            message, hint = unknown("lesson", lesson, self.lessons, where="the bank")
            raise BankError(message, hint=hint)
        return by_lesson[lesson]


def _by_id(entries: Iterable[Entry_], id: str, kind: str) -> Entry_:
    known = {entry.id: entry for entry in entries}
    if id not in known:
        message, hint = unknown(kind, id, known, where="the bank")
        raise BankError(message, hint=hint)
    return known[id]


@cache
def bank() -> Bank:
    """Return the bank of the package; it is read once."""
    folder = resources.files("marketing_kpi.learn") / "items"
    with resources.as_file(folder) as path:
        return load(sorted(path.glob("[0-9][0-9]_*.yaml")))


def checked() -> tuple[int, int, tuple[Problem, ...]]:
    """Return how many items and exercises the package's bank has, and what is wrong in it."""
    try:
        return len(bank().items()), len(bank().exercises()), ()
    except InvalidBankError as error:
        return 0, 0, error.problems


def load(paths: Iterable[Path]) -> Bank:
    """Read files of the bank, each named by its lesson: ``02_rfm_scoring.yaml``.

    Raises
    ------
    InvalidBankError
        With every problem found: file, line, item, what is wrong and what was expected.
    """
    problems: list[Problem] = []
    places: dict[str, Place] = {}
    items: dict[str, tuple[Item, ...]] = {}
    exercises: dict[str, tuple[Exercise, ...]] = {}
    for path in paths:
        lists = _lists(path, problems)
        lesson = path.name[:2]
        items[lesson] = tuple(_entries(lists.get("items", ()), _item_model, places, problems))
        exercises[lesson] = tuple(
            _entries(lists.get("exercises", ()), lambda _: Exercise, places, problems)
        )
    if problems:
        raise InvalidBankError(problems)
    return Bank(items, exercises)


_Raw: TypeAlias = tuple[Place, Any]


def _lists(path: Path, problems: list[Problem]) -> dict[str, list[_Raw]]:
    """Return the raw entries of a file under ``items`` and ``exercises``."""
    document = read(path, problems)
    if document is None:
        return {}
    if not isinstance(document.value, dict):
        message = "a file has the keys 'items' and 'exercises'"
        problems.append(Problem("not_a_file_of_items", path.name, 1, "-", message))
        return {}
    lists: dict[str, list[_Raw]] = {}
    for key, value in document.value.items():
        line = document.line((key,))
        if key not in ("items", "exercises"):
            message = "; ".join(unknown("key", key, ("items", "exercises")))
            problems.append(Problem("unknown_key", path.name, line, "-", message))
        elif not isinstance(value, list):
            message = f"'{key}' is a list"
            problems.append(Problem("not_a_list", path.name, line, "-", message))
        else:
            lists[key] = [
                (Place(path.name, document, (key, index)), raw) for index, raw in enumerate(value)
            ]
    return lists


def _item_model(raw: Mapping[str, Any]) -> type[Item] | str:
    """Return the model of an item's kind, or what is wrong with the kind."""
    if "kind" not in raw:
        return f"'kind' is missing, one of {', '.join(KINDS)}"
    kind = str(raw["kind"])
    if kind in _MODELS:
        return _MODELS[kind]
    close = suggest(kind, KINDS)
    question = f"; did you mean '{close}'?" if close else ""
    return f"'kind' is {kind!r}, must be one of {', '.join(KINDS)}{question}"


def _entries(
    raws: Iterable[_Raw],
    model_of: Callable[[Mapping[str, Any]], type[Entry_] | str],
    places: dict[str, Place],
    problems: list[Problem],
) -> Iterator[Entry_]:
    """Return the entries that can be read; what keeps the others from it goes to `problems`."""
    for place, raw in raws:
        if not isinstance(raw, dict):
            message = "an entry is a mapping that begins with its id"
            problems.append(Problem("not_an_entry", place.file, place.line(), "-", message))
            continue
        name = str(raw.get("id", f"entry {place.number}"))
        model = model_of(raw)
        if isinstance(model, str):
            problems.append(Problem("bad_kind", place.file, place.line("kind"), name, model))
            continue
        try:
            entry = model.model_validate(raw)
        except ValidationError as error:
            problems += refusals(error, model, place, name, malformed=_MALFORMED)
            continue
        found = list(_faults(entry, place, places))
        problems += found
        places.setdefault(entry.id, place)
        if not found:
            yield entry


def _faults(entry: Item | Exercise, place: Place, places: Mapping[str, Place]) -> Iterator[Problem]:
    """Say what the schema cannot: an id used already, an unknown entry, a formula not shown."""
    if first := places.get(entry.id):
        message = f"id used twice, first at {first.file}:{first.line('id')}"
        yield Problem("id_used_twice", place.file, place.line("id"), entry.id, message)
    if entry.entry not in dictionary():
        message = unknown("entry", entry.entry, dictionary(), where="the dictionary")[0]
        yield Problem("unknown_entry", place.file, place.line("entry"), entry.id, message)
    texts = (text[lang] for text in entry.texts() for lang in LANGUAGES)
    for text in (text for text in texts if "$" in text):
        try:
            inline.html(text)
        except DictionaryError as error:
            yield Problem("bad_formula", place.file, place.line(), entry.id, error.message)
