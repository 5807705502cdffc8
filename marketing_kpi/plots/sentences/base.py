"""A sentence as a notebook shows it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any


@dataclass(frozen=True)
class Sentence:
    """One or more sentences that a notebook shows as a paragraph.

    Parameters
    ----------
    text
        Plain text; whatever comes from data is escaped when it is shown.
    """

    text: str

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {
            "text/plain": self.text,
            "text/html": f'<p class="mk-sentence">{escape(self.text)}</p>',
        }
