"""What an answer to an item of the bank is worth, and what to say about it.

`grade` is the truth of the rules; the script of the quizzes, ``quiz.js``, follows them and is held
to them by tests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias

from babel.numbers import get_decimal_symbol, get_group_symbol

from marketing_kpi.learn.answers import Written, is_percent_for_fraction, read, same
from marketing_kpi.learn.bank import Choice, Choices, Item, Matching, Number
from marketing_kpi.learn.inline import plain
from marketing_kpi.text.locale import Reader
from marketing_kpi.text.messages import N_

Verdict: TypeAlias = Literal["right", "wrong", "form", "unanswered", "unreadable"]
Answer: TypeAlias = int | Collection[int] | str | Sequence[int | None] | None

DECIMALS = 6
"""Decimals with which a number that was read is repeated, at most."""

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "right": N_("Right."),
        "wrong": N_("Not yet."),
        "form": N_("Almost."),
        "unanswered_choice": N_("Choose an answer first."),
        "unanswered_choices": N_("Tick at least one answer first."),
        "unanswered_number": N_("Write a number first."),
        "unanswered_matching": N_("Choose something on every line first."),
        "unreadable": N_("This could not be read as a number. Write it as in {example}."),
        "understood": N_("Read as {value}."),
        "ambiguous": N_(
            "In English, a comma before three digits parts thousands; decimals take a point."
        ),
        "percent": N_("This is a percentage without its sign: write the sign %, or divide by 100."),
        "percent_twice": N_(
            "This is a fraction with a percent sign: remove the sign, or multiply by 100."
        ),
        "other": N_("Another number was expected. Go through the calculation once more."),
        "ticked": N_("Ticked, but wrong:"),
        "missed": N_("Not ticked, but right:"),
    }
)
"""What is said about an answer, beside the feedback of the items."""


class Feedback(NamedTuple):
    """What an answer is worth.

    Attributes
    ----------
    verdict
        ``right``, ``wrong``, ``form`` (the right rate, as a percentage without its sign or as a
        fraction with one), ``unanswered`` (nothing or not all of it was given) or ``unreadable``
        (no number). Only the first two are attempts: a slip of form is typed again, and is no
        reason to read the lesson again.
    says
        What to tell the student, in order, as plain text; the first says the verdict.
    read
        Heading of the lesson to read again, when wrong; None while the lesson is not written.
    """

    verdict: Verdict
    says: tuple[str, ...]
    read: str | None = None


def grade(item: Item, answer: Answer, *, lang: str | Reader) -> Feedback:
    """Say what an answer is worth, and why.

    Parameters
    ----------
    item
        Of the bank.
    answer
        *choice*: the place of the option chosen, from 0; *choices*: the places ticked;
        *number*: the text typed; *matching*: for each pair in order, the place of the pair whose
        right side was chosen. None, or None among the places: not given.
    lang
        Language of the reader, or the reader.

    Returns
    -------
    Feedback

    Examples
    --------
    >>> from marketing_kpi.learn.bank import Number
    >>> half = {"fr": "Un sur deux.", "en": "One in two."}
    >>> item = Number(
    ...     id="half", entry="kpi", kind="number", question=half, answer=0.5, unit="fraction",
    ...     tolerance=0.01, feedback=half,
    ...     mistakes=[{"value": 2, "feedback": half}, {"value": 1, "feedback": half}],
    ... )
    >>> grade(item, "50 %", lang="en").says
    ('Right.', 'One in two.')
    >>> grade(item, "50", lang="en").says[1]
    'This is a percentage without its sign: write the sign %, or divide by 100.'
    """
    reader = Reader.of(lang)
    verdict, said = _GRADERS[item.kind](item, answer, reader)
    if verdict == "unreadable":
        return Feedback(verdict, tuple(said))
    if verdict == "unanswered":
        return Feedback(verdict, (reader.translate(WORDS[f"unanswered_{item.kind}"]),))
    heading = item.read[reader.lang] if item.read and verdict == "wrong" else None
    says = (reader.translate(WORDS[verdict]), *(plain(text) for text in said))
    return Feedback(verdict, says, heading)


_Graded: TypeAlias = tuple[Verdict, list[str]]


def _choice(item: Choice, answer: int | None, reader: Reader) -> _Graded:
    if answer is None:
        return "unanswered", []
    option = item.options[answer]
    return ("right" if option.right else "wrong"), [option.feedback[reader.lang]]


def _choices(item: Choices, answer: Collection[int] | None, reader: Reader) -> _Graded:
    if not answer:
        return "unanswered", []
    is_right = set(answer) == set(item.right)
    return ("right" if is_right else "wrong"), list(_of_options(item, set(answer), reader))


def _of_options(item: Choices, ticked: set[int], reader: Reader) -> Iterator[str]:
    """Return why each option is right when all are, else what was ticked or missed wrongly."""
    _, lang = reader.translate, reader.lang
    is_right = ticked == set(item.right)
    for place, option in enumerate(item.options):
        told = f"{option.text[lang]} – {option.feedback[lang]}"
        if is_right and option.right:
            yield told
        elif option.right != (place in ticked):
            yield f"{_(WORDS['missed' if option.right else 'ticked'])} {told}"


def _number(item: Number, answer: str | None, reader: Reader) -> _Graded:
    _ = reader.translate
    if answer is None or not answer.strip():
        return "unanswered", []
    written = read(answer, lang=reader.lang, unit=item.unit)
    if written is None:
        return "unreadable", [_(WORDS["unreadable"], example=example(item.unit, reader))]
    written = _meant(item, written)
    if same(written.value, item.answer, tolerance=item.tolerance):
        return "right", [item.feedback[reader.lang]]
    # What was read is repeated only here: of a right answer there is no doubt how it was read.
    as_read = list(_as_read(answer, written, reader))
    if is_percent_for_fraction(written, item.answer, unit=item.unit, tolerance=item.tolerance):
        return "form", [*as_read, _(WORDS["percent_twice" if written.percent else "percent"])]
    return "wrong", [*as_read, _of_mistake(item, written, reader)]


def _meant(item: Number, written: Written) -> Written:
    """Return the number meant: where points are asked for, a bare 2 that is known is 2 points."""
    if item.unit != "points" or written.percent:
        return written
    points = written._replace(value=written.value / 100, percent=True)
    known = (item.answer, *(mistake.value for mistake in item.mistakes))
    is_known = any(same(points.value, value, tolerance=item.tolerance) for value in known)
    return points if is_known else written


def _of_mistake(item: Number, written: Written, reader: Reader) -> str:
    """Return what kind of mistake a wrong number is."""
    for mistake in item.mistakes:
        if same(written.value, mistake.value, tolerance=item.tolerance):
            return mistake.feedback[reader.lang]
    return reader.translate(WORDS["other"])


def _as_read(answer: str, written: Written, reader: Reader) -> Iterator[str]:
    """Repeat the number where it is not written as the reader's language writes it."""
    _ = reader.translate
    shown = repeated(written.value, reader)
    if written.ambiguous or re.sub(r"\s", "", shown) != re.sub(r"\s", "", answer):
        yield _(WORDS["understood"], value=shown)
    if written.ambiguous:
        yield _(WORDS["ambiguous"])


def _matching(item: Matching, answer: Sequence[int | None] | None, reader: Reader) -> _Graded:
    if answer is None or None in answer:
        return "unanswered", []
    said = [
        f"{pair.left[reader.lang]} – {pair.feedback[reader.lang]}"
        for place, pair in enumerate(item.pairs)
        if answer[place] != place
    ]
    return ("wrong" if said else "right"), said


_GRADERS: Mapping[str, Callable[[Any, Any, Reader], _Graded]] = MappingProxyType(
    {"choice": _choice, "choices": _choices, "number": _number, "matching": _matching}
)


def example(unit: str, reader: Reader) -> str:
    """Return how a number of a unit may be written.

    >>> example("fraction", Reader.of("en"))
    '0.125 or 12.5%'
    """
    _ = reader.translate
    if unit in ("fraction", "points"):
        number, percent = reader.number(0.125, 3), reader.percent(0.125)
        return _("{number} or {percent}", number=number, percent=percent)
    return reader.number(1234.5, 2 if unit == "currency" else 1)


def marks(reader: Reader) -> tuple[str, str]:
    """Return the reader's decimal mark and what parts thousands."""
    return get_decimal_symbol(reader.locale), get_group_symbol(reader.locale)


def repeated(value: float, reader: Reader) -> str:
    """Return a number that was read with its own decimals, as the reader writes numbers.

    >>> repeated(-1234.5, Reader.of("en"))
    '−1,234.5'
    """
    decimal, group = marks(reader)
    whole, _, rest = f"{abs(value):.{DECIMALS}f}".partition(".")
    whole = re.sub(r"(?<=\d)(?=(\d{3})+$)", group, whole)
    rest = rest.rstrip("0")
    is_zero = not rest and whole == "0"
    sign = "\u2212" if value < 0 and not is_zero else ""
    return f"{sign}{whole}{decimal if rest else ''}{rest}"
