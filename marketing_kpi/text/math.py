"""Formulas for every reader: LaTeX in the dictionary, MathML on the page."""

from __future__ import annotations

from functools import cache

from marketing_kpi.errors import DictionaryError


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
        return str(convert(latex, display="block" if display else "inline"))
    except Exception as error:  # the converter raises bare errors of many kinds
        raise DictionaryError(f"formula cannot be shown: {latex!r} ({error})") from error
