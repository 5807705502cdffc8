"""Texts of the bank as a notebook shows them: Markdown, with the numbers of a case filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_NAME = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_PARTS = re.compile(rf"(?P<math>(?<!\\)\$[^$\n]+\$)|(?P<code>`[^`\n]+`)|{_NAME.pattern}")
_CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
_MARKS = re.compile(r"\*\*|</?b>|\\(?=\$)")


@dataclass(frozen=True, repr=False)
class Shown:
    """A text that a notebook shows as Markdown, and a terminal without its marks.

    Parameters
    ----------
    text
        Markdown, in the reader's language.
    """

    text: str

    def __str__(self) -> str:
        prose_and_code = _CODE.split(self.text)
        prose_and_code[::2] = [_MARKS.sub("", prose) for prose in prose_and_code[::2]]
        return "".join(prose_and_code)

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/markdown": self.text}


def filled(text: str, values: Mapping[str, str]) -> str:
    """Write the `values` in the place of the ``{names}`` of a text, but for those in formulas.

    The braces of LaTeX are left as they are, and so is a name that has no value.

    >>> filled(r"{gain} for {cost}: $\\frac{gain}{cost}$", {"gain": "12", "cost": "8"})
    '<b>12</b> for <b>8</b>: $\\\\frac{gain}{cost}$'
    """

    def shown(found: re.Match[str]) -> str:
        if found["math"]:
            return found[0]
        if found["code"]:
            return _NAME.sub(lambda name: values.get(name[1], name[0]), found[0])
        return _set_apart(values[found[3]]) if found[3] in values else found[0]

    return _PARTS.sub(shown, text)


def names(text: str) -> set[str]:
    """Return the ``{names}`` that a text wants filled in.

    >>> sorted(names(r"{gain} for {cost}: $\\frac{a}{b}$"))
    ['cost', 'gain']
    """
    without_math = _PARTS.sub(lambda found: "" if found["math"] else found[0], text)
    return set(_NAME.findall(without_math))


def _set_apart(value: str) -> str:
    # Notebooks read what stands between two dollar signs as a formula, unless a backslash comes
    # before each in the Markdown and each has an element of its own in the page.
    dollars = r"<b>\$</b>" if value.count("$") > 1 else r"\$"
    return f"<b>{value.replace('$', dollars)}</b>"


def quoted(text: str, *, longest: int = 40) -> str:
    """Return what a student typed as inline code: never markup, and not too long.

    >>> quoted("<b>`two`</b>")
    '`<b>two</b>`'
    """
    words = " ".join(text.replace("`", "").split())
    return f"`{words[: longest - 1]}…`" if len(words) > longest else f"`{words}`"
