"""Marking: what a student passed to `check`, compared with an answer and with typical mistakes.

Nothing here speaks to anybody: `mark` says right, wrong and of what kind, not attempted or not
understood, whatever it is given. Only types that are known are looked into, so that an object of
any other kind cannot make it fail.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from marketing_kpi.learn.answers import Written, is_percent_for_fraction, read, same

Kind: TypeAlias = Literal["right", "wrong", "not_attempted", "not_understood"]
Numbers: TypeAlias = Mapping[str, float]
Test: TypeAlias = Callable[[Written, float], bool]

LONGEST_TEXT = 2000
"""Characters of a text beyond which it is no answer."""

CLOSE = 0.01
"""How far from the answer, in proportion, a number is still said to be near it."""

ROUNDING = 0.1
"""How far a number that is exactly the answer with fewer decimals may be from it, in proportion."""

FACTORS = (10, 100, 1000, 1_000_000)
"""Slips of a decimal mark or of a unit: tens, cents, thousands and millions."""

_INDEX = -1  # the place of labels that stand in no column
_SAME_RATIO = 0.005  # so that 3.33 is seen as the inverse of 0.3
_DEEPEST = 4
_NOTHING = ("", "...", "…")
_BRACKETS_AND_QUOTES = " \t[](){}'\"“”«»\u00a0\u202f"
_BETWEEN_LABELS = (r"\s+(?:et|and|&)\s+", r"\s+(?:(?:et|and|&)\s+)?")
_ITERABLES = (list, tuple, set, frozenset, pd.Index, pd.Series, np.ndarray)
_NUMBERS = (int, float, Decimal, Fraction, np.integer, np.floating)


class Mark(NamedTuple):
    """What is thought of an answer.

    Attributes
    ----------
    kind
        right, wrong, not_attempted or not_understood.
    mistake
        Which mistake explains a wrong answer, or what keeps one from being understood; None when
        nothing does.
    labels
        The labels that the mistake is about, as the exercise or the student names them.
    amount
        A number that the sentence needs: how many decimals, what factor, how many labels.
    """

    kind: Kind
    mistake: str | None = None
    labels: tuple[str, ...] = ()
    amount: float | None = None


RIGHT = Mark("right")
NOT_ATTEMPTED = Mark("not_attempted")


class Names:
    """The labels of an exercise, found by id or by name, in any case and without accents.

    Parameters
    ----------
    ids
        Every label that the exercise knows.
    named
        Their names by id, each in any number of languages.
    """

    def __init__(self, ids: Iterable[str], named: Mapping[str, Iterable[str]]) -> None:
        self._ids = {_plain(id): id for id in ids}
        for id, names in named.items():
            self._ids |= {_plain(name): id for name in names}

    def id(self, label: object) -> str | None:
        """Return the id of a label, its own text for one not known, None for what is no label.

        >>> Names(["loyal"], {"loyal": ["Fidèles", "Loyal"]}).id("fideles")
        'loyal'
        """
        text = label_text(label)
        return None if text is None else self._ids.get(_plain(text), text.strip())

    def has(self, text: str) -> bool:
        """Say whether a text, commas and all, is a label that the exercise knows."""
        return _plain(text) in self._ids

    def knows(self, label: object) -> bool:
        """Say whether anything at all is a label that the exercise knows."""
        text = label_text(label)
        return text is not None and self.has(text)


def mark(
    given: object,
    answer: Any,
    *,
    mistakes: Mapping[str, Any],
    values: Numbers,
    names: Names,
    choices: tuple[str, ...] = (),
    unit: str | None = None,
    tolerance: float = 0.0,
    lang: str = "en",
) -> Mark:
    """Compare what a student passed with the answer.

    Parameters
    ----------
    given
        Anything.
    answer
        A number, a label, a frozenset of labels, a tuple of labels in order, or a Series.
    mistakes
        What typical mistakes give, each of the kind of the answer.
    values
        Numbers of the question, which are no answer to it.
    names
        The labels that the exercise knows.
    choices
        Ids of the labels to choose from; empty when any label may be one.
    unit, tolerance
        Of numbers; the tolerance is absolute, in the unit.
    lang
        How ``1,234`` is read.

    Examples
    --------
    >>> mark("12.5", 0.125, mistakes={}, values={}, names=Names([], {}), unit="fraction").mistake
    'percent'
    """
    alone = _only(given)
    if _is_absent(alone):
        return NOT_ATTEMPTED
    if _is_empty(alone):
        return Mark("not_understood", "empty")
    if _is_missing(alone):
        return Mark("not_understood", "missing_value")
    if isinstance(answer, str | tuple | frozenset):
        return _mark_labels(given, answer, mistakes, names, choices)
    numbers = _Numbers(unit, tolerance, decimals_of(answer, tolerance=tolerance), lang)
    if isinstance(answer, pd.Series):
        return numbers.mark_by_label(given, answer, mistakes, values, names)
    return numbers.mark_one(given, float(answer), mistakes, values)


def decimals_of(answer: Any, *, tolerance: float) -> int:
    """Return how many decimals an answer needs to be within a tolerance; whole numbers need none.

    >>> decimals_of(0.4, tolerance=0.0005), decimals_of(0.4, tolerance=0.005)
    (3, 2)
    >>> decimals_of(34, tolerance=0.4)
    0
    """
    if is_whole(answer) or tolerance <= 0:
        return 0
    return max(0, math.ceil(-math.log10(2 * tolerance) - 1e-9))


def is_whole(answer: Any) -> bool:
    """Say whether an answer is a whole number, or a Series of them.

    >>> is_whole(34), is_whole(34.0)
    (True, False)
    """
    if isinstance(answer, pd.Series):
        return pd.api.types.is_integer_dtype(answer.dtype)
    return isinstance(answer, int | np.integer)


# --- Numbers --------------------------------------------------------------------------------


class _Numbers:
    """Marks numbers in one unit, to one tolerance, which takes so many decimals."""

    def __init__(self, unit: str | None, tolerance: float, decimals: int, lang: str) -> None:
        self.unit, self.tolerance, self.decimals, self.lang = unit, tolerance, decimals, lang

    def mark_one(
        self, given: object, answer: float, mistakes: Mapping[str, Any], values: Numbers
    ) -> Mark:
        """Mark one number."""
        alone = _only(given)
        if isinstance(alone, (*_ITERABLES, dict, pd.DataFrame)):
            return Mark("not_understood", "several_numbers")
        written = self.read(alone)
        if written is None:
            return Mark("not_understood", "number", _as_typed(alone))
        if same(written.value, answer, tolerance=self.tolerance):
            return RIGHT
        known = {kind: {"": float(value)} for kind, value in mistakes.items()}
        return self.explain({"": written}, {"": answer}, known, values)

    def mark_by_label(
        self,
        given: object,
        answer: pd.Series[Any],
        mistakes: Mapping[str, pd.Series[Any]],
        values: Numbers,
        names: Names,
    ) -> Mark:
        """Mark a number for each label, in any order of the labels."""
        found = self.read_by_label(given, names)
        if isinstance(found, Mark):
            return found
        wanted = _by_id(answer, names)
        known = {kind: _by_id(value, names) for kind, value in mistakes.items()}
        of_all = {
            kind: numbers for kind, numbers in known.items() if found.keys() == numbers.keys()
        }
        if kind := self.mistake(found, of_all):
            return Mark("wrong", kind)
        if foreign := tuple(id for id in found if id not in wanted):
            return Mark("wrong", "foreign_labels", foreign)
        if missing := tuple(id for id in wanted if id not in found):
            return Mark("wrong", "missing_labels", missing)
        off = {
            id: written
            for id, written in found.items()
            if not same(written.value, wanted[id], tolerance=self.tolerance)
        }
        if not off:
            return RIGHT
        # A whole number, a score say, agrees with a mistake by chance too easily.
        explained = self.explain(off, wanted, {} if is_whole(answer) else known, values)
        return explained._replace(labels=() if len(off) == len(wanted) else tuple(off))

    def read_by_label(self, given: object, names: Names) -> dict[str, Written] | Mark:
        """Return the number passed for each label, absent ones left out, or what hinders it."""
        found: dict[str, Written] = {}
        pairs = _pairs(given, names)
        if isinstance(pairs, Mark):
            return pairs
        for label, value in pairs:
            id, written = names.id(label), self.read(_only(value))
            if id is None or (written is None and not _is_no_value(value)):
                return Mark("not_understood", "series")
            if id in found:
                return Mark("not_understood", "label_twice", (id,))
            if written is not None:
                found[id] = written
        if not found:
            answered = any(not _is_absent(value) for _, value in pairs)
            return Mark("not_understood", "missing_value") if answered else NOT_ATTEMPTED
        return found

    def read(self, given: object) -> Written | None:
        """Return the number that was passed, None when it is none or not a finite one."""
        if isinstance(given, str):
            written = read(given, lang=self.lang, unit=self.unit) if _is_short(given) else None
        else:
            value = _as_float(given, unit=self.unit)
            written = None if value is None else Written(value)
        return written if written is not None and math.isfinite(written.value) else None

    def explain(
        self,
        off: Mapping[str, Written],
        answer: Numbers,
        mistakes: Mapping[str, Numbers],
        values: Numbers,
    ) -> Mark:
        """Say which mistake gives all the numbers that are `off`."""

        def all_are(test: Test) -> bool:
            return all(test(written, answer[id]) for id, written in off.items())

        if kind := self.mistake(off, mistakes):
            return Mark("wrong", kind)
        if all_are(self.is_percent):
            return Mark("wrong", "percent")
        if self.unit == "index" and all_are(self.is_fraction_of_index):
            return Mark("wrong", "fraction")
        if all_are(self.is_value_of(values)):
            return Mark("wrong", "number_of_the_question")
        if all_are(self.is_opposite):
            return Mark("wrong", "sign")
        if len(answer) == 1 and all_are(self.is_one_off):
            return Mark("wrong", "off_by_one")
        if all_are(self.is_rounded):
            return Mark("wrong", "rounded_too_early", amount=self.decimals)
        if rounded := self.rounded_mistake(off, mistakes):
            return Mark("wrong", rounded)
        if all_are(self.is_close):
            return Mark("wrong", "close")
        if all_are(self.is_inverse):
            return Mark("wrong", "inverted")
        if factor := self.factor(off, answer):
            return Mark("wrong", "factor", amount=factor)
        if self.unit in ("fraction", "points") and (
            kind := self.mistake(off, mistakes, divisor=100)
        ):
            return Mark("wrong", kind)
        return Mark("wrong")

    def mistake(
        self, given: Mapping[str, Written], mistakes: Mapping[str, Numbers], *, divisor: float = 1.0
    ) -> str | None:
        """Return the mistake whose numbers these are; of two hardly apart, the nearest."""

        def apart(kind: str) -> float:
            pairs = ((one.value / divisor, mistakes[kind][id]) for id, one in given.items())
            return sum(abs(value - known) for value, known in pairs)

        fitting = (
            kind
            for kind, numbers in mistakes.items()
            if self.all_same(given, numbers, divisor=divisor)
        )
        return min(fitting, key=apart, default=None)

    def all_same(
        self, given: Mapping[str, Written], numbers: Numbers, *, divisor: float = 1.0
    ) -> bool:
        """Whether numbers are those of a mistake, label by label."""
        return all(
            id in numbers and same(written.value / divisor, numbers[id], tolerance=self.tolerance)
            for id, written in given.items()
        )

    def is_percent(self, given: Written, answer: float) -> bool:
        """Whether a rate was given in percent, as it is or somewhat rounded."""
        coarse = max(self.tolerance, CLOSE * abs(answer))
        return is_percent_for_fraction(given, answer, unit=self.unit, tolerance=coarse)

    def is_fraction_of_index(self, given: Written, answer: float) -> bool:
        """Whether an index (base 100) was given as a fraction of its base."""
        return same(given.value * 100, answer, tolerance=self.tolerance)

    def is_value_of(self, values: Numbers) -> Test:
        """Return the test that a number is one of the question's."""
        return lambda given, _: any(
            same(given.value, value, tolerance=min(self.tolerance, CLOSE * abs(value)))
            for value in values.values()
        )

    def is_opposite(self, given: Written, answer: float) -> bool:
        """Whether the sign alone is wrong."""
        return same(-given.value, answer, tolerance=self.tolerance)

    def is_one_off(self, given: Written, answer: float) -> bool:
        """Whether a count is one too many or one too few."""
        apart = abs(given.value - answer)
        return self.unit in ("count", "days") and abs(apart - 1) <= self.tolerance < 1

    def is_rounded(self, given: Written, answer: float) -> bool:
        """Whether a number is exactly the answer with fewer decimals than were asked."""
        if not given.value or abs(given.value - answer) > ROUNDING * abs(answer):
            return False
        fewer = range(2 if given.percent else 0, self.decimals)
        return any(same(given.value, round(answer, n), tolerance=0.0) for n in fewer)

    def rounded_mistake(
        self, off: Mapping[str, Written], mistakes: Mapping[str, Numbers]
    ) -> str | None:
        """Return the one mistake that gives these numbers with fewer decimals than were asked."""
        kinds = [
            kind
            for kind, numbers in mistakes.items()
            if all(id in numbers and self.is_rounded(one, numbers[id]) for id, one in off.items())
        ]
        return kinds[0] if len(kinds) == 1 else None

    def is_close(self, given: Written, answer: float) -> bool:
        """Whether a number is near the answer, though beyond the tolerance."""
        return abs(given.value - answer) <= CLOSE * abs(answer)

    def is_inverse(self, given: Written, answer: float) -> bool:
        """Whether a ratio is upside down."""
        near = max(self.tolerance, _SAME_RATIO * abs(answer))
        return abs(given.value) > 1e-12 and same(1 / given.value, answer, tolerance=near)

    def factor(self, off: Mapping[str, Written], answer: Numbers) -> float | None:
        """Return by how many times numbers are too large, or less than 1 when too small."""
        for factor in FACTORS:
            for times in (factor, 1 / factor):
                if all(
                    answer[id] != 0
                    and same(
                        written.value / times,
                        answer[id],
                        tolerance=min(self.tolerance, CLOSE * abs(answer[id])),
                    )
                    for id, written in off.items()
                ):
                    return times
        return None


def _by_id(numbers: pd.Series[Any], names: Names) -> dict[str, float]:
    return {names.id(label) or "": float(value) for label, value in numbers.items()}


def _pairs(given: object, names: Names) -> list[tuple[object, object]] | Mark:
    """Return the labels and the values of a dict, a Series or a table, or what hinders it."""
    if isinstance(given, dict | pd.Series):
        return list(given.items())
    if not isinstance(given, pd.DataFrame):
        return Mark("not_understood", "series")
    place = _place_of_labels(given, names.knows)
    if place is None:  # no label is right: by the usual place
        place = 0 if given.shape[1] == 2 else _INDEX
    labels = given.index if place == _INDEX else given.iloc[:, place]
    columns = [column for column in range(given.shape[1]) if column != place]
    if len(columns) != 1:
        known = any(map(names.knows, labels))
        return Mark("not_understood", "several_columns" if known else "series")
    return list(zip(labels, given.iloc[:, columns[0]], strict=True))


def _place_of_labels(table: pd.DataFrame, is_known: Callable[[object], bool]) -> int | None:
    """Return which column holds the most known labels, else whether the index holds any.

    None when no place does, or when several columns could.
    """
    counts = [sum(map(is_known, table.iloc[:, place])) for place in range(table.shape[1])]
    most = max(counts, default=0)
    if most:
        return counts.index(most) if counts.count(most) == 1 else None
    return _INDEX if any(map(is_known, table.index)) else None


def _days(given: dt.timedelta | np.timedelta64) -> float | None:
    """Return the days of a duration; None for one longer than pandas holds."""
    try:
        return float(pd.Timedelta(given) / pd.Timedelta(days=1))
    except (OverflowError, ValueError):
        return None


def _as_float(given: object, *, unit: str | None) -> float | None:
    """Return a number, or the days of a duration, as a float; None for anything else."""
    if isinstance(given, dt.timedelta | np.timedelta64):  # one of them is an integer to numpy
        return _days(given) if unit == "days" else None
    if isinstance(given, bool | np.bool_) or not isinstance(given, _NUMBERS):
        return None
    try:
        return float(given)
    except (OverflowError, ValueError):  # beyond floats; a signalling NaN
        return None


# --- Labels ---------------------------------------------------------------------------------


def _mark_labels(
    given: object,
    answer: str | tuple[str, ...] | frozenset[str],
    mistakes: Mapping[str, Any],
    names: Names,
    choices: tuple[str, ...],
) -> Mark:
    def is_known(label: object) -> bool:
        return names.id(label) in choices if choices else names.knows(label)

    labels = _labels(given, is_known)
    if isinstance(labels, Mark):
        return labels
    passed = [label for label in labels if not _is_no_value(label)]
    if not passed:
        is_nothing = all(map(_is_absent, labels))
        return NOT_ATTEMPTED if is_nothing else Mark("not_understood", "missing_value")
    found = [names.id(label) for label in passed]
    if None in found:
        return Mark("not_understood", "label" if isinstance(answer, str) else "labels")
    ids = tuple(id for id in found if id is not None)
    if choices and (foreign := tuple(id for id in dict.fromkeys(ids) if id not in choices)):
        return Mark("not_understood", "not_a_choice", foreign[:1])
    if isinstance(answer, str):
        return _mark_one_label(ids, answer, mistakes)
    if isinstance(answer, tuple):
        return _mark_order(ids, answer, mistakes)
    return _mark_set(frozenset(ids), answer, mistakes)


def _mark_one_label(ids: tuple[str, ...], answer: str, mistakes: Mapping[str, Any]) -> Mark:
    if len(set(ids)) > 1:
        return Mark("not_understood", "several_labels")
    if ids[0] == answer:
        return RIGHT
    return Mark("wrong", next((kind for kind, id in mistakes.items() if id == ids[0]), None))


def _mark_order(ids: tuple[str, ...], answer: tuple[str, ...], mistakes: Mapping[str, Any]) -> Mark:
    if ids == answer:
        return RIGHT
    for kind, wrong in mistakes.items():
        if ids == tuple(wrong):
            return Mark("wrong", kind)
    if ids == answer[::-1]:
        return Mark("wrong", "reversed_order")
    if sorted(ids) == sorted(answer):
        return Mark("wrong", "order")
    return _mark_set(frozenset(ids), frozenset(answer), {})


def _mark_set(ids: frozenset[str], answer: frozenset[str], mistakes: Mapping[str, Any]) -> Mark:
    if ids == answer:
        return RIGHT
    for kind, wrong in mistakes.items():
        if ids == frozenset(wrong):
            return Mark("wrong", kind)
    if ids > answer:
        return Mark("wrong", "too_many_labels", amount=len(ids - answer))
    if ids < answer:
        return Mark("wrong", "too_few_labels", amount=len(answer - ids))
    return Mark("wrong", "other_labels", amount=len(ids & answer))


def _labels(given: object, is_known: Callable[[object], bool]) -> list[object] | Mark:
    """Return the labels that were passed: elements, keys, or the rows where a mask is true."""
    if isinstance(given, str):
        return [given] if is_known(given) else _labels_of_text(given, is_known)
    if isinstance(given, pd.Series) and given.dtype == bool:
        given = dict(given.items())
    if isinstance(given, pd.Series | pd.DataFrame):
        return _labels_of_table(pd.DataFrame(given), is_known)
    values = list(given.values()) if isinstance(given, dict) else list(_elements(given))
    is_mask = bool(values) and all(isinstance(value, bool | np.bool_) for value in values)
    if isinstance(given, dict):
        return _chosen(given, is_known) if is_mask else list(given)
    if is_mask:
        return Mark("not_understood", "rows")
    return values if isinstance(given, _ITERABLES) else [given]


def _labels_of_text(text: str, is_known: Callable[[object], bool]) -> list[object]:
    """Return the labels of a text: between commas, or known ones between *and* or spaces."""
    found: list[object] = []
    for part in re.split(r"[,;\n]|(?<=['\"])\s+(?=['\"])", text):
        bare = part.strip(_BRACKETS_AND_QUOTES)
        ways = ([part], [bare], *(re.split(between, bare) for between in _BETWEEN_LABELS))
        found += next((way for way in ways if all(map(is_known, way))), [bare])
    return [label for label in found if label]


def _labels_of_table(
    table: pd.DataFrame, is_known: Callable[[object], bool]
) -> list[object] | Mark:
    place = _place_of_labels(table, is_known)
    if place is None and table.shape[1] != 1:
        return Mark("not_understood", "labels")
    return list(table.index if place == _INDEX else table.iloc[:, place or 0])


def _chosen(mask: Mapping[object, Any], is_known: Callable[[object], bool]) -> list[object] | Mark:
    """Return the labels at which a mask is true; a mask over rows has none."""
    chosen = [label for label, value in mask.items() if value]
    if not chosen:
        return Mark("not_understood", "empty")
    return chosen if any(map(is_known, chosen)) else Mark("not_understood", "rows")


def label_text(label: object) -> str | None:
    """Return a label as text; None for what is none.

    >>> label_text(2025), label_text(pd.Timestamp("2025-03-01")), label_text([1])
    ('2025', '2025-03-01', None)
    """
    if isinstance(label, str):
        return label if _is_short(label) else None
    if isinstance(label, dt.datetime | np.datetime64):
        return None if pd.isna(label) else str(pd.Timestamp(label)).removesuffix(" 00:00:00")
    if isinstance(label, dt.date | pd.Period | pd.Interval):
        return str(label)
    if isinstance(label, bool | np.bool_):
        return str(bool(label))
    number = _as_float(label, unit=None)
    if number is None or not math.isfinite(number):
        return None
    return str(int(number)) if number == int(number) else str(number)


def _plain(text: str) -> str:
    """Return a text without case, accents and what joins words."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(each for each in bare if not unicodedata.combining(each))
    return " ".join(re.sub(r"[\s_'\u2019-]+", " ", letters).split())


# --- What was passed ------------------------------------------------------------------------


def _is_absent(given: object) -> bool:
    """Say whether nothing was answered: None, an empty text or the dots left in place."""
    if isinstance(given, str):
        return given.strip() in _NOTHING
    return given is None or given is ...


def _is_empty(given: object) -> bool:
    """Say whether a container holds nothing, as a selection does that no row meets."""
    if isinstance(given, np.ndarray):
        return given.size == 0
    return isinstance(given, (*_ITERABLES, dict, pd.DataFrame)) and len(given) == 0


def _is_missing(given: object) -> bool:
    """Say whether a computation gave a missing value: NaN and its like."""
    if given is pd.NA or given is pd.NaT:
        return True
    if isinstance(given, np.datetime64 | np.timedelta64):
        return bool(np.isnat(given))
    if isinstance(given, Decimal):
        return given.is_nan()
    return isinstance(given, float | np.floating) and bool(np.isnan(given))


def _is_no_value(given: object) -> bool:
    return _is_absent(given) or _is_missing(given)


def _only(given: object) -> object:
    """Return the one element of a container of one, else what was passed."""
    for _ in range(_DEEPEST):  # a list may hold itself
        inner = list(_elements(given))
        if len(inner) != 1:
            break
        given = inner[0]
    return given


def _elements(given: object) -> Iterator[object]:
    if isinstance(given, dict):
        yield from given.values()
    elif isinstance(given, pd.DataFrame | np.ndarray):
        yield from np.asarray(given, dtype=object).ravel()
    elif isinstance(given, _ITERABLES):
        yield from given


def _is_short(text: str) -> bool:
    return len(text) <= LONGEST_TEXT


def _as_typed(given: object) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else ()
