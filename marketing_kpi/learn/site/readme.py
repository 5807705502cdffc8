"""The README of each language as a page: its links lead to pages of the site, or nowhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape, unescape
from pathlib import Path

from marketing_kpi.report.markup import PageState, markdown

FILES = {"fr": "README.fr.md", "en": "README.md"}

_LINK = re.compile(r'<a href="([^"]*)">(.*?)</a>', re.DOTALL)


def readme(folder: Path, *, lang: str, pages: Mapping[str, str]) -> str:
    """Return a README as HTML, without its title.

    Parameters
    ----------
    folder
        Where the two are.
    lang
        Of the one to read.
    pages
        The page of each file that has one; links to other files become plain text.
    """
    html = markdown((folder / FILES[lang]).read_text(encoding="utf-8"), PageState())

    def linked(match: re.Match[str]) -> str:
        target, text = unescape(match[1]), match[2]
        if re.match(r"https?:|#", target):
            return match[0]
        page = pages.get(target)
        return f'<a href="{escape(page)}">{text}</a>' if page else text

    return _LINK.sub(linked, html).replace("<pre>", '<pre class="mk-code" tabindex="0">')
