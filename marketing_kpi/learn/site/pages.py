"""The pages of the site, each from the room that makes its content."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from markupsafe import Markup

from marketing_kpi.kpis.dictionary import Concept, Entry, Kpi, dictionary
from marketing_kpi.learn.cards import cards
from marketing_kpi.learn.path import ARROW, path, show
from marketing_kpi.learn.sheet import sheet
from marketing_kpi.learn.site import deck, layout, search
from marketing_kpi.learn.site.course import Lesson
from marketing_kpi.learn.site.layout import (
    CARDS,
    DICTIONARY,
    HOME,
    README,
    REFERENCE,
    SEARCH,
    SHEET,
    Link,
)
from marketing_kpi.learn.site.readme import FILES, readme
from marketing_kpi.learn.site.reference import PACKAGE, PARTS, Chapter, Name
from marketing_kpi.learn.site.search import Found
from marketing_kpi.plots.entries import Fact, glossary
from marketing_kpi.report import render
from marketing_kpi.text.locale import Reader
from marketing_kpi.text.messages import Translator

Page = tuple[str, str]


@dataclass(frozen=True)
class Site:
    """What the pages of one language are made of.

    Attributes
    ----------
    reader
        Of the pages.
    lessons
        In order.
    chapters
        The public modules.
    root
        Where the READMEs are.
    """

    reader: Reader
    lessons: Sequence[Lesson]
    chapters: Sequence[Chapter]
    root: Path

    @property
    def lang(self) -> str:
        """Language of the pages."""
        return self.reader.lang

    @property
    def translate(self) -> Translator:
        """Translator of the pages."""
        return self.reader.translate


def pages(site: Site) -> Iterator[Page]:
    """Yield the pages of a language: file and HTML."""
    yield _home(site)
    yield from _lessons(site)
    yield _dictionary(site)
    yield _cards(site)
    yield _sheet(site)
    yield from _reference(site)
    yield _readme(site)
    yield _search(site)


def entrance(sites: Sequence[Site]) -> str:
    """Return the page that opens the folder: which language to go on in."""
    doors = [_door(site) for site in sites]
    first = sites[0].reader
    return layout.page("entrance.html.j2", first, file=HOME, title=layout.BOTH, doors=doors)


def _door(site: Site) -> tuple[str, Link, str]:
    _ = site.translate
    summary = _("Lessons, dictionary, cards and formulas of marketing KPIs.")
    return site.lang, Link(f"{site.lang}/{HOME}", layout.LANGUAGE_NAMES[site.lang]), summary


def _home(site: Site) -> Page:
    _ = site.translate
    summaries = {
        DICTIONARY: _("Every indicator and term: definition, formula, pitfalls, decision."),
        CARDS: _("Questions on one side, answers on the other, by lesson."),
        SHEET: _("Every formula of the course on two pages, to print."),
        REFERENCE: _("Every function: what it takes, what it gives, with an example."),
        README: _("How to install, run the lessons and make a client's report."),
    }
    tools = [(Link(file, _(layout.SECTIONS[file])), summary) for file, summary in summaries.items()]
    html = layout.page(
        "home.html.j2",
        site.reader,
        file=HOME,
        title=_("Marketing KPIs: the course"),
        lead=_(
            "Lessons that start from a business question, a dictionary that says what each number "
            "means, and what it takes to revise. Everything here works without a network."
        ),
        steps=list(_steps(site)),
        arrow=ARROW,
        notes=show(site.reader).notes,
        lessons=[
            {
                "file": lesson.file,
                "number": lesson.number,
                "title": lesson.title,
                "summary": lesson.body.summary,
            }
            for lesson in site.lessons
        ],
        tools=tools,
    )
    return HOME, html


class _Step(NamedTuple):
    """A row of the student's path: lessons as links where the site has them, times in minutes."""

    topic: str
    lesson: str
    link: Link | None
    order: list[Link]
    reading: int | None
    exercises: int
    questions: int
    practice: int
    total: str


def _steps(site: Site) -> Iterator[_Step]:
    links = {lesson.number: Link(lesson.file, lesson.number) for lesson in site.lessons}
    rows: Iterator[Any] = path(site.reader).itertuples()
    for row in rows:
        order = row.order.split(ARROW)
        yield _Step(
            topic=row.topic,
            lesson=row.lesson,
            link=links.get(row.lesson),
            order=[links[number] for number in order if number in links],
            reading=None if pd.isna(row.reading) else row.reading,
            exercises=row.exercises,
            questions=row.questions,
            practice=row.practice,
            total=site.reader.hours(row.total),
        )


def _lessons(site: Site) -> Iterator[Page]:
    links = [lesson.link for lesson in site.lessons]
    neighbours = zip(site.lessons, [None, *links[:-1]], [*links[1:], None], strict=True)
    for lesson, previous, following in neighbours:
        html = layout.page(
            "lesson.html.j2",
            site.reader,
            file=lesson.file,
            section=HOME,
            previous=previous,
            following=following,
            headings=[Link(each.anchor, each.title) for each in lesson.passages if each.level == 2],
            beside=render.beside(lesson.body),
            **render.drawn(lesson.body, site.reader),
        )
        yield lesson.file, html


def _dictionary(site: Site) -> Page:
    _ = site.translate
    entries = dictionary().values()
    functions = {name.called: address for name, address in _named(site.chapters)}
    lessons = {lesson.number: lesson for lesson in site.lessons}

    def more(entry: Entry) -> Iterator[Fact]:
        if entry.lesson in lessons:
            lesson = lessons[entry.lesson]
            yield _("To read"), _a(lesson.file, f"{lesson.number} {lesson.title}")
        if isinstance(entry, Kpi) and (address := functions.get(_called(entry))):
            yield _("Function"), _a(address, _called(entry))
        if related := _related(entry):
            links = [_a(f"#kpi-{each.id}", each.name[site.lang]) for each in related]
            yield _("See also"), Markup(", ").join(links)

    shown = str(glossary(entries, lang=site.reader, more=more)._repr_mimebundle_()["text/html"])
    html = layout.page(
        "dictionary.html.j2",
        site.reader,
        file=DICTIONARY,
        title=_("Dictionary of marketing KPIs"),
        lead=_("Search by name, synonym or word of a definition; accents do not matter."),
        # Under the page's own heading an entry is a heading of level 2.
        glossary=Markup(re.sub(r"(</?)h3>", r"\1h2>", shown)),  # noqa: S704 - `glossary` escapes
    )
    return DICTIONARY, html


def _related(entry: Entry) -> list[Entry]:
    ids = entry.see_also if isinstance(entry, Concept) else entry.depends_on
    return [dictionary()[id] for id in ids]


def _called(kpi: Kpi) -> str:
    """Return the module and the name of a KPI's function, as the reference has them."""
    return kpi.callable.removeprefix(f"{PACKAGE}.").replace(":", ".")


def _a(address: str, text: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(address, text)


def _cards(site: Site) -> Page:
    _ = site.translate
    made = cards(site.lang)
    shown = deck.shown(made)
    html = layout.page(
        "cards.html.j2",
        site.reader,
        file=CARDS,
        title=_("Flashcards"),
        cards=shown,
        questions=deck.questions(made),
        lessons=_chosen_lessons(site, {card.lesson for card in shown}),
    )
    return CARDS, html


def _chosen_lessons(site: Site, numbers: set[str]) -> list[tuple[str, str]]:
    """Return the lessons that cards are of: number and title."""
    titles = {lesson.number: lesson.title for lesson in site.lessons}
    return [(number, titles[number]) for number in sorted(numbers)]


def _sheet(site: Site) -> Page:
    links = [(file, site.translate(label)) for file, label in layout.SECTIONS.items()]
    other = "en" if site.lang == "fr" else "fr"
    twin = (f"../{other}/{SHEET}", layout.LANGUAGE_NAMES[other])
    return SHEET, sheet(site.reader, links=[*links, twin])


def _reference(site: Site) -> Iterator[Page]:
    _ = site.translate
    kpis = {_called(kpi): kpi for kpi in dictionary().kpis}
    yield (
        REFERENCE,
        layout.page(
            "reference.html.j2",
            site.reader,
            file=REFERENCE,
            title=_("Functions"),
            chapters=site.chapters,
        ),
    )
    for chapter in site.chapters:
        yield (
            chapter.file,
            layout.page(
                "chapter.html.j2",
                site.reader,
                file=chapter.file,
                section=REFERENCE,
                title=chapter.name if chapter.name == PACKAGE else f"{PACKAGE}.{chapter.name}",
                chapter=chapter,
                parts=PARTS,
                kpis=kpis,
                dictionary=DICTIONARY,
            ),
        )


def _named(chapters: Sequence[Chapter]) -> Iterator[tuple[Name, str]]:
    """Yield every documented name, with its address."""
    for chapter in chapters:
        for name in chapter.names:
            yield name, f"{chapter.file}#{name.anchor}"
            for member in name.members:
                yield member, f"{chapter.file}#{member.anchor}"


def _readme(site: Site) -> Page:
    known = {file: f"../{lang}/{README}" for lang, file in FILES.items()}
    known |= {f"notebooks/{lang}": f"../{lang}/{HOME}#lessons" for lang in FILES}
    body = readme(site.root, lang=site.lang, pages=known)
    html = layout.page(
        "readme.html.j2",
        site.reader,
        file=README,
        title=site.translate(layout.SECTIONS[README]),
        body=Markup(body),  # noqa: S704 - written by markup.py
    )
    return README, html


def _search(site: Site) -> Page:
    _ = site.translate
    entries = [
        search.of_entry(entry, f"{DICTIONARY}#kpi-{entry.id}", site.lang)
        for entry in dictionary().values()
    ]
    passages = [found for lesson in site.lessons for found in lesson.found]
    functions = [
        Found("function", address, name.called, (name.anchor,), name.summary)
        for name, address in _named(site.chapters)
    ]
    html = layout.page(
        "search.html.j2",
        site.reader,
        file=SEARCH,
        title=_("Search"),
        kinds=[(kind, _(label)) for kind, label in search.KINDS.items()],
        index=search.index([*entries, *passages, *functions]),
    )
    return SEARCH, html
