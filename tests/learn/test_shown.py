"""Texts with numbers filled in, as a notebook shows them."""

import pytest

from marketing_kpi.learn.shown import Shown, filled, names, quoted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{gain} gained", "<b>12</b> gained"),
        ("`{gain}`", "`12`"),
        (r"$\frac{gain}{2}$", r"$\frac{gain}{2}$"),
        ("{price}", r"<b>4\u00a0\$</b>".replace(r"\u00a0", "\u00a0")),
        ("{both}", r"<b>A <b>\$</b>4, B <b>\$</b>5</b>"),
        ("{other}", "{other}"),
        ("no name", "no name"),
    ],
)
def test_values_stand_in_the_place_of_their_names(text, shown):
    values = {"gain": "12", "price": "4\u00a0$", "both": "A $4, B $5"}
    assert filled(text, values) == shown


def test_a_terminal_shows_no_marks_but_those_of_code():
    text = "**Right.** `a**2` costs {both}\n\n```python\nkept**t\n```"
    shown = Shown(filled(text, {"both": "A $4, B $5"}))
    plain = "Right. `a**2` costs A $4, B $5\n\n```python\nkept**t\n```"
    assert str(shown) == repr(shown) == plain
    assert shown._repr_mimebundle_()["text/plain"] == str(shown)


def test_names_in_formulas_are_no_names():
    assert names(r"{gain}, `{cost}`, $\frac{a}{b}$") == {"gain", "cost"}


def test_what_a_student_typed_is_short_and_no_markup():
    assert quoted("`a`\n<b>") == "`a <b>`"
    assert len(quoted("x" * 99)) == 42
