"""Inline Markdown of the bank's texts as HTML: bold, emphasis, code and formulas, nothing else.

A dollar is an amount more often than a formula here, so ``$…$`` is a formula only where the
dollars touch it on the inside and no digit follows: ``$5`` and ``5 $`` stay money. A backslash
keeps a mark as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from markupsafe import Markup, escape

from marketing_kpi.text.math import mathml

_TOKEN = re.compile(
    r"\\(?P<mark>[\\$*`_])"
    r"|\$(?!\s)(?P<math>(?:\\.|[^$\\])+?)(?<!\s)\$(?!\d)"
    r"|`(?P<code>[^`]+)`"
    r"|\*\*(?P<strong>\S|\S.*?\S)\*\*"
    r"|\*(?P<em>[^\s*]|[^\s*][^*]*[^\s*])\*",
    re.DOTALL,
)


def _as_mathml(latex: str) -> Markup:
    return Markup(mathml(latex))  # noqa: S704 - MathML that we made


def html(text: str, *, formula: Callable[[str], Markup] = _as_mathml) -> Markup:
    """Return a text of the bank as HTML.

    Parameters
    ----------
    text
        Inline Markdown.
    formula
        What becomes of the LaTeX of a formula; by default MathML.

    Raises
    ------
    DictionaryError
        When a formula cannot be shown.

    Examples
    --------
    >>> str(html("**5 $** for `n` > 2, or 3 * 4 * 5"))
    '<strong>5 $</strong> for <code>n</code> &gt; 2, or 3 * 4 * 5'
    """
    parts, end = [], 0
    for found in _TOKEN.finditer(text):
        parts += [escape(text[end : found.start()]), _token(found, formula)]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def _token(found: re.Match[str], formula: Callable[[str], Markup]) -> Markup:
    kind, inside = found.lastgroup, str(found[found.lastgroup or 0])
    if kind == "math":
        return formula(inside)
    if kind in ("strong", "em"):
        content = html(inside, formula=formula)
        return Markup("<{0}>{1}</{0}>").format(Markup(kind), content)  # noqa: S704 - of ours
    return Markup("<code>{}</code>").format(inside) if kind == "code" else escape(inside)


def plain(text: str) -> str:
    """Return a text of the bank without its marks, formulas as LaTeX.

    >>> plain(r"**5 \\$** for `n`")
    '5 $ for n'
    """
    return _TOKEN.sub(_bare, text)


def _bare(found: re.Match[str]) -> str:
    inside = str(found[found.lastgroup or 0])
    return plain(inside) if found.lastgroup in ("strong", "em") else inside
