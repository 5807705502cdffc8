"""Formulas as MathML."""

from marketing_kpi.text.math import mathml


def test_a_difference_of_sets_has_a_sign_that_common_fonts_have():
    shown = mathml(r"\left| A_0 \setminus A_1 \right|")
    assert "&#x02216;" in shown
    assert "29F5" not in shown
