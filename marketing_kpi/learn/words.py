"""What exercises say: a sentence for each kind of answer and for each shared kind of mistake."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from marketing_kpi.learn.marking import Mark
from marketing_kpi.learn.shown import quoted
from marketing_kpi.text.locale import Reader
from marketing_kpi.text.messages import N_, Translator

_LABELS_SHOWN = 6

LEVELS: Mapping[str, str] = MappingProxyType(
    {
        "recall": N_("remember"),
        "compute": N_("compute"),
        "interpret": N_("interpret"),
        "case": N_("business case"),
    }
)
"""The levels of exercises, from recall to a business case."""

UNITS: Mapping[str, str] = MappingProxyType(
    {
        "fraction": N_("a rate, as a fraction or between quotes with its % sign"),
        "points": N_("a difference of rates, as a fraction or between quotes with its % sign"),
        "count": N_("a number"),
        "currency": N_("an amount"),
        "ratio": N_("a ratio"),
        "days": N_("a number of days"),
        "hours": N_("a number of hours"),
        "months": N_("a number of months"),
        "index": N_("an index"),
    }
)
"""What is expected of a number, by its unit."""

WHOLE = N_("a whole number")
"""What is expected of a count."""

SHARED: Mapping[str, str] = MappingProxyType(
    {
        "percent": N_(
            "The digits are right, but not the unit: a fraction is expected. Divide by a hundred, "
            "or write the percentage between quotes, with its % sign."
        ),
        "fraction": N_(
            "The digits are right, but the index has base a hundred: multiply your ratio by a "
            "hundred."
        ),
        "wrong_denominator": N_(
            "You do not divide by the right total. Ask yourself: a share of whom, or of what?"
        ),
        "wrong_numerator": N_(
            "You divide by the right total, but what you count above the line is not what is asked."
        ),
        "margin_for_markup": N_(
            "That is the profit in proportion to the selling price; what is asked divides the same "
            "profit by the cost."
        ),
        "markup_for_margin": N_(
            "That is the profit in proportion to the cost; what is asked divides the same profit "
            "by the selling price."
        ),
        "cancelled_left_in": N_(
            "Orders that do not count are still in: set aside the cancelled ones (and frauds and "
            "tests) before you compute."
        ),
        "other_group": N_(
            "The computation is right, but for the other group: read again which one is asked."
        ),
        "inverted": N_(
            "Your ratio is upside down: exchange what is above the line and what is below."
        ),
        "sign": N_(
            "The size is right, not the sign: check what is subtracted from what, and what a "
            "rise or a fall means here."
        ),
        "forgot_returns": N_(
            "Returns are still in your figure: what is asked is what remains after them."
        ),
        "net_for_gross": N_(
            "You took the net amount, after deductions; the gross one, before them, is asked."
        ),
        "gross_for_net": N_(
            "You took the gross amount, before deductions; the net one, after them, is asked."
        ),
        "orders_for_customers": N_(
            "You counted orders; customers are asked. A person who orders three times is three "
            "orders and one customer."
        ),
        "rounded_too_early": N_(
            "Very close, but not close enough: round only at the end, never along the way."
        ),
        "close": N_(
            "Very close, but outside the tolerance: check the ends (the first and last day, the "
            "bounds), and whether a number was rounded along the way."
        ),
        "number_of_the_question": N_(
            "That is a number given in the question: the answer is made from it."
        ),
        "off_by_one": N_(
            "You are one off: check what happens at the ends. Does the first day, or the last one, "
            "count?"
        ),
        "foreign_labels": N_("There is no value to give for {labels}."),
        "missing_labels": N_("A value is missing for {labels}."),
        "reversed_order": N_("The order is the reverse of the one that is asked."),
        "order": N_("The labels are the right ones, in another order than the one that is asked."),
    }
)
"""What is said of a mistake that any exercise may meet; an exercise may say it in its own words."""

_FACTORS: Mapping[float, tuple[str, str]] = MappingProxyType(
    {
        10: (N_("ten times too large"), N_("ten times too small")),
        100: (N_("a hundred times too large"), N_("a hundred times too small")),
        1000: (N_("a thousand times too large"), N_("a thousand times too small")),
        1_000_000: (N_("a million times too large"), N_("a million times too small")),
    }
)

_COUNTED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "too_many_labels": (
            N_("All that is asked is there, and {n} label too many."),
            N_("All that is asked is there, and {n} labels too many."),
        ),
        "too_few_labels": (
            N_("What you give is right, but {n} label is missing."),
            N_("What you give is right, but {n} labels are missing."),
        ),
        "other_labels": (
            N_("{n} of your labels is right; others are wrong, and some are missing."),
            N_("{n} of your labels are right; others are wrong, and some are missing."),
        ),
    }
)

# Mistakes in how an answer is given: the lesson has nothing more to say about them.
_OF_FORM = frozenset(
    ["percent", "fraction", "rounded_too_early", "factor", "foreign_labels", "missing_labels"]
)

_NOT_UNDERSTOOD: Mapping[str, str] = MappingProxyType(
    {
        "number": N_(
            "This is not a number that can be read here. Pass the result of your computation, or a "
            "number between quotes, written as you would on paper: {example}."
        ),
        "several_numbers": N_(
            "Several values were passed, and one number is asked. Is a sum, a mean or a choice of "
            "a row missing?"
        ),
        "empty": N_(
            "Your selection is empty: nothing meets its condition. Check the condition, and the "
            "values that it is compared with."
        ),
        "missing_value": N_(
            "Your computation gives no value (NaN), as 0/0 and the mean of nothing do: check what "
            "it is made from."
        ),
        "several_columns": N_(
            "Your table has several columns of numbers, and one is asked: keep that one."
        ),
        "rows": N_(
            "This says which rows are kept, not their labels: take the column of labels of these "
            "rows, as in `data[condition].column`."
        ),
        "series": N_(
            "A number is asked for each label: pass a Series whose index holds the labels, or a "
            "dict of labels and numbers."
        ),
        "label_twice": N_("{labels} is there twice: each label takes one number."),
        "label": N_("A label is asked: pass its text, between quotes."),
        "labels": N_("Labels are asked: pass a list of them, or a column of a table."),
        "several_labels": N_("Several labels were passed, and one is asked."),
        "not_a_choice": N_(
            "{labels} is not a label of this exercise: take them from the question or its data."
        ),
    }
)


def sentence(
    mark: Mark, reader: Reader, *, own: Mapping[str, str], read_again: str | None, name: str
) -> str:
    """Return what a student reads after `check`; never the answer.

    Parameters
    ----------
    mark
        What `marking.mark` thought of the answer.
    reader
        Who reads.
    own
        The exercise's own sentences, by kind of mistake.
    read_again
        The heading whose paragraphs help.
    name
        What the notebook calls the exercise: ``q1``.

    Returns
    -------
    str
        Markdown, in the reader's language.
    """
    _ = reader.translate
    if mark.kind == "right":
        return _("**Right.** `{name}.solution()` shows a way to get there.", name=name)
    if mark.kind == "not_attempted":
        return _(
            "**Not attempted.** Replace `...` by your answer in `{name}.check(...)` and run the "
            "cell again; `{name}.hint()` helps you to begin.",
            name=name,
        )
    if mark.kind == "not_understood":
        problem = _filled(_NOT_UNDERSTOOD[mark.mistake or "number"], mark, reader)
        return _("**Not understood.** {problem}", problem=problem)
    return " ".join(_of_a_mistake(mark, reader, own, read_again, name))


def _of_a_mistake(
    mark: Mark, reader: Reader, own: Mapping[str, str], read_again: str | None, name: str
) -> list[str]:
    _ = reader.translate
    said = [_("**Not yet.**")]
    explained = _explanation(mark, reader, own)
    if explained:
        said.append(explained)
    if mark.labels and mark.mistake not in ("foreign_labels", "missing_labels"):
        said.append(_to_look_at_again(mark.labels, _))
    elif not explained:
        said.append(_("That is not it."))
    if read_again and mark.mistake not in _OF_FORM:
        said.append(_("Read again “{heading}”.", heading=read_again))
    if not explained:
        said.append(_("`{name}.hint()` shows the next step.", name=name))
    return said


def _to_look_at_again(labels: tuple[str, ...], _: Translator) -> str:
    if len(labels) <= _LABELS_SHOWN:
        return _("Look again at {labels}; the rest is right.", labels=_listed(labels))
    return _(
        "Look again at {n} labels, among them {labels}; the others are right.",
        n=len(labels), labels=_listed(labels[:_LABELS_SHOWN]),
    )  # fmt: skip


def _explanation(mark: Mark, reader: Reader, own: Mapping[str, str]) -> str:
    """Return the sentence of a mistake; empty when nothing explains the answer."""
    _ = reader.translate
    kind, amount = mark.mistake, mark.amount
    if kind is None:
        return ""
    if kind in own:
        return own[kind]
    if kind == "factor":
        return _factor(amount or 1.0, _)
    if kind in _COUNTED:
        if not amount:
            return _("None of your labels is right.")
        one, many = _COUNTED[kind]
        return _.n(one, many, int(amount))
    text = _filled(SHARED[kind], mark, reader)
    if kind == "rounded_too_early" and amount:
        asked = _.n("Give at least {n} decimal.", "Give at least {n} decimals.", int(amount))
        return f"{text} {asked}"
    return text


def _factor(times: float, _: Translator) -> str:
    too_large, too_small = _FACTORS[times] if times > 1 else _FACTORS[round(1 / times)]
    size = _(too_large if times > 1 else too_small)
    return _("Your number is {size}: check its unit and its decimal mark.", size=size)


def _filled(message: str, mark: Mark, reader: Reader) -> str:
    # The example is no rate and no round amount, so that it is not taken for a clue.
    example = f'`"{reader.number(1234.5)}"`'
    return reader.translate(message, labels=_listed(mark.labels), example=example)


def _listed(labels: tuple[str, ...]) -> str:
    shown = [quoted(label) for label in labels[:_LABELS_SHOWN]]
    return ", ".join(shown) + (", …" if len(labels) > _LABELS_SHOWN else "")
