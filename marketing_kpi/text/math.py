"""Formulas for every reader: LaTeX in the dictionary, MathML on the page."""

from __future__ import annotations

from functools import cache

from marketing_kpi.errors import DictionaryError

# The converter's sign for \setminus is in few fonts; the plain one is in nearly all.
_SET_MINUS, _PLAIN_SET_MINUS = "&#x029F5;", "&#x02216;"


@cache
def mathml(latex: str, *, display: bool = False) -> str:
    r"""Return a formula as a MathML element, which browsers and screen readers read offline.

    Parameters
    ----------
    latex
        The formula, without dollar signs.
    display
        True for a formula on a line of its own.

    Raises
    ------
    DictionaryError
        If the formula is not LaTeX that can be converted.

    Examples
    --------
    >>> mathml(r"\frac{a}{b}").startswith("<math")
    True
    """
    from latex2mathml.converter import convert

    try:
        found = str(convert(latex, display="block" if display else "inline"))
    except Exception as error:  # the converter raises bare errors of many kinds
        raise DictionaryError(f"formula cannot be shown: {latex!r} ({error})") from error
    return found.replace(_SET_MINUS, _PLAIN_SET_MINUS)
