"""What every page of the site has around its content, in the style of a report's pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from marketing_kpi.kpis.dictionary import LANGUAGES
from marketing_kpi.report import render
from marketing_kpi.text.locale import Reader
from marketing_kpi.text.messages import N_

TEMPLATES = Path(__file__).parent / "templates"

HOME, DICTIONARY, CARDS, SHEET = "index.html", "dictionary.html", "cards.html", "sheet.html"
REFERENCE, README, SEARCH = "reference.html", "readme.html", "search.html"

SECTIONS = {
    HOME: N_("The course"),
    DICTIONARY: N_("Dictionary"),
    CARDS: N_("Cards"),
    SHEET: N_("Formulas"),
    REFERENCE: N_("Functions"),
    README: N_("About"),
    SEARCH: N_("Search"),
}
"""The pages that every other links to, with what the links are called."""

NAME = "marketing_kpi"
LANGUAGE_NAMES = {"fr": "Français", "en": "English"}
BOTH = "KPI marketing · Marketing KPIs"


@dataclass(frozen=True)
class Link:
    """A page or a place in one: where it is, and what it is called."""

    address: str
    title: str


def page(
    template: str,
    reader: Reader,
    *,
    file: str,
    title: str,
    section: str | None = None,
    previous: render.Link | None = None,
    following: render.Link | None = None,
    beside: Mapping[str, str] | None = None,
    **content: Any,
) -> str:
    """Return a page of the site.

    Parameters
    ----------
    template
        Of this room's templates, or the report's.
    reader
        Of the page.
    file
        Name of the page in its language's folder; its twin has the same.
    title
        Heading of the page.
    section
        The page of `SECTIONS` that it belongs to; by default itself.
    previous, following
        Its neighbours in the course.
    beside
        Style and script that its content asks for.
    **content
        What the template draws.
    """
    _ = reader.translate
    asked = beside or {}
    style = _asset("site.css") + asked.get("style", "")
    script = _asset("site.js") + asked.get("script", "")
    other = next(lang for lang in LANGUAGES if lang != reader.lang)
    known = {
        **render.frame(reader, style=style, script=script),
        "_": _,
        "cover": render.Cover(client=NAME),
        "file": file,
        "title": title,
        "sections": [Link(address, _(label)) for address, label in SECTIONS.items()],
        "section": section or file,
        "twin": Link(f"../{other}/{file}", LANGUAGE_NAMES[other]),
        "other": other,
        "search": SEARCH,
        "previous": previous,
        "next": following,
    }
    # A page of the report may say some of these in its own words.
    return _environment().get_template(template).render({**known, **content})


@cache
def _asset(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader([TEMPLATES, render.TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
