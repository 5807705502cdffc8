"""The prose of docstrings as HTML: reStructuredText, formulas as MathML, names as links."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cache, partial
from html import escape
from typing import Any, TypeAlias

from markupsafe import Markup

from marketing_kpi.text.math import mathml

Address: TypeAlias = Callable[[str], "str | None"]

_SETTINGS = {
    "report_level": 5,  # what is not understood is shown as it is written
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "smart_quotes": False,
    "syntax_highlight": "none",
    "doctitle_xform": False,
    "footnote_references": "brackets",
}


def prose(text: str, *, link: Address, literals: bool = False) -> Markup:
    r"""Return the paragraphs of a docstring as HTML.

    Parameters
    ----------
    text
        A section of a docstring, its indent removed.
    link
        Gives the address of a name written between single backticks; None when it has none.
    literals
        Whether names between double backticks are links too, as modules write their own.

    Examples
    --------
    >>> print(prose("See `rfm.score`.", link={"rfm.score": "rfm.html#score"}.get))
    <p>See <a href="rfm.html#score"><code>rfm.score</code></a>.</p>
    """
    from docutils.core import publish_parts

    translator, writer, settings = _docutils()
    made = writer()
    made.translator_class = partial(translator, link=link, literals=literals)
    html = publish_parts(text, writer=made, settings=copy(settings))["fragment"]
    return Markup(html.strip())  # noqa: S704 - docutils escapes what it is given


@cache
def _docutils() -> tuple[Any, Any, Any]:
    """Return our translator, the writer that runs it and settings, which take long to make."""
    from docutils.frontend import get_default_settings
    from docutils.nodes import SkipNode
    from docutils.parsers.rst import Parser
    from docutils.readers.standalone import Reader
    from docutils.writers.html5_polyglot import HTMLTranslator, Writer

    settings = get_default_settings(Parser, Reader, Writer)
    settings.__dict__.update(_SETTINGS)

    class Translator(HTMLTranslator):  # type: ignore[misc]
        """Writes formulas as MathML, and names as links."""

        def __init__(self, document: Any, *, link: Address, literals: bool) -> None:
            super().__init__(document)
            self.link, self.literals = link, literals

        def visit_title_reference(self, node: Any) -> None:
            self._name(node.astext(), self.link(node.astext()))

        def visit_literal(self, node: Any) -> None:
            self._name(node.astext(), self.link(node.astext()) if self.literals else None)

        def _name(self, name: str, address: str | None) -> None:
            shown = f"<code>{escape(name)}</code>"
            self._put(f'<a href="{escape(address)}">{shown}</a>' if address else shown)

        def visit_math(self, node: Any) -> None:
            self._put(mathml(node.astext()))

        def visit_math_block(self, node: Any) -> None:
            formula = mathml(node.astext(), display=True)
            self._put(f'<div class="mk-math" tabindex="0">{formula}</div>\n')

        def visit_literal_block(self, node: Any) -> None:
            self._put(f'<pre tabindex="0"><code>{escape(node.astext())}</code></pre>\n')

        visit_doctest_block = visit_literal_block

        def _put(self, html: str) -> None:
            self.body.append(html)
            raise SkipNode

    return Translator, Writer, settings
