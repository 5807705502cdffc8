"""The dictionary as a page: a searchable glossary of KPIs and concepts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from markupsafe import Markup, escape

from marketing_kpi.kpis.dictionary import (
    FILTERS,
    Concept,
    Entry,
    Kpi,
    Source,
    dictionary,
    normalise,
)
from marketing_kpi.kpis.periods import length
from marketing_kpi.text.locale import Reader
from marketing_kpi.text.math import mathml
from marketing_kpi.text.messages import N_, Translator

Fact: TypeAlias = "tuple[str, str | Markup]"

_OTHER = {"fr": "en", "en": "fr"}

DOMAINS = {
    "foundations": N_("Foundations"),
    "customer_data": N_("Customer data"),
    "measurement": N_("Measurement"),
    "sales": N_("Sales"),
    "baskets": N_("Baskets"),
    "margin": N_("Margin"),
    "customers": N_("Customers"),
    "lifecycle": N_("Lifecycle"),
    "channels": N_("Channels"),
    "inventory": N_("Inventory"),
    "fulfilment": N_("Fulfilment"),
    "revenue": N_("Revenue"),
    "finance": N_("Finance"),
    "voice": N_("Voice of the customer"),
    "governance": N_("Governance"),
}
"""What the domains of the dictionary are called, in the order in which people meet them."""

_UNITS = {
    "fraction": N_("fraction, shown in %"),
    "points": N_("percentage points"),
    "count": N_("count"),
    "currency": N_("amount, in the currency of the data, tax excluded"),
    "ratio": N_("ratio"),
    "days": N_("days"),
    "hours": N_("hours"),
    "months": N_("months"),
    "index": N_("index"),
}
_DIRECTIONS = {
    "higher_is_better": N_("higher is better"),
    "lower_is_better": N_("lower is better"),
    "contextual": N_("depends on the context"),
}
SYSTEM_NAMES = {
    "pos": N_("till"),
    "ecommerce": N_("e-commerce platform"),
    "web_analytics": N_("web analytics"),
    "crm": N_("CRM"),
    "erp": N_("ERP"),
    "wms": N_("warehouse management"),
    "survey": N_("survey"),
    "ledger": N_("general ledger"),
}
"""What the source systems are called."""
STATUSES = {
    "draft": N_("draft"),
    "active": N_("active"),
    "deprecated": N_("deprecated"),
}
"""What the states of an entry are called."""


class Glossary:
    """Entries of the dictionary as accessible HTML, and as text where HTML is not shown."""

    def __init__(self, html: str, text: str) -> None:
        self._html = html
        self._text = text

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        return {"text/html": self._html, "text/plain": self._text}

    def __str__(self) -> str:
        return self._text


def glossary(
    entries: Entry | Iterable[Entry],
    *,
    lang: str | Reader,
    search: bool = True,
    more: Callable[[Entry], Iterable[Fact]] | None = None,
) -> Glossary:
    """Show entries of the dictionary: what each means, its formula, sources, pitfalls, version.

    Parameters
    ----------
    entries
        One entry or several: ``mk.dictionary()["roi"]``, what ``mk.dictionary().search(…)``
        found, ``mk.dictionary().values()``.
    lang
        ``"fr"``, ``"en"`` or a reader.
    search
        True for a page's one glossary: by name, with a search field (which the report's script
        shows and serves), details folded, and an anchor ``kpi-<id>`` for each entry. False for a
        few entries in a lesson: in the order given, everything open, no anchor.
    more
        What the page adds to the facts of an entry: terms and their values.

    Returns
    -------
    Glossary
        Displayed as a ``<section class="mk-glossary">`` with an ``<article>`` an entry; every
        text of an entry is escaped.

    Examples
    --------
    >>> from marketing_kpi.kpis.dictionary import dictionary
    >>> print(glossary(dictionary()["roi"], lang="en"))
    Return on investment (ROI): ...
    """
    reader = Reader.of(lang)
    _ = reader.translate
    chosen = [entries] if isinstance(entries, Concept | Kpi) else list(entries)
    if search:
        chosen.sort(key=lambda entry: normalise(entry.name[reader.lang]))
    added = more or (lambda _entry: ())
    articles = Markup("\n").join(
        _article(entry, reader, anchor=search, more=added(entry)) for entry in chosen
    )
    return Glossary(
        html=Markup(
            '<section class="mk-glossary" aria-label="{label}">\n{search}{all}\n</section>'
        ).format(
            label=_("Glossary"),
            search=_search_field(_) if search else "",
            all=articles if chosen else _nothing(_),
        ),
        text="\n".join(_plain(entry, reader) for entry in chosen) or _("No entry matches."),
    )


def _search_field(_: Translator) -> Markup:
    """Return the search field; hidden until a script serves it."""
    return Markup(
        '<p class="mk-glossary-search" hidden><label>{label} '
        '<input type="search" data-mk-filter=".mk-glossary article"></label></p>\n'
    ).format(label=_("Search the glossary"))


def _nothing(_: Translator) -> Markup:
    return Markup("<p>{}</p>").format(_("No entry matches."))


def _article(entry: Entry, reader: Reader, *, anchor: bool, more: Iterable[Fact]) -> Markup:
    _, lang = reader.translate, reader.lang
    own = _concept_facts(entry, reader) if isinstance(entry, Concept) else _kpi_facts(entry, reader)
    facts = [*own, *more]
    return Markup(
        '<article{id} data-mk-text="{words}">\n<h3>{name}</h3>\n'
        '<p class="mk-entry-kind">{kind} · <span lang="{other}">{other_name}</span></p>\n'
        "<p>{definition}</p>\n<details{open}><summary>{more}</summary>\n<dl>\n{facts}\n</dl>\n"
        "</details>\n</article>"
    ).format(
        id=Markup(' id="kpi-{}"').format(entry.id) if anchor else "",
        words=normalise(" ".join((entry.id, *entry.terms(lang), entry.definition[lang]))),
        name=entry.name[lang],
        kind=_(DOMAINS[entry.domain]),
        other=_OTHER[lang],
        other_name=entry.name[_OTHER[lang]],
        definition=entry.definition[lang],
        open="" if anchor else Markup(" open"),
        more=_("Example and confusions")
        if isinstance(entry, Concept)
        else _("Formula, sources, pitfalls"),
        facts=Markup("\n").join(
            Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(term, value) for term, value in facts
        ),
    )


def _concept_facts(concept: Concept, reader: Reader) -> Iterator[Fact]:
    _, lang = reader.translate, reader.lang
    yield from _synonyms(concept, reader)
    yield _("Example"), concept.example[lang]
    yield _("Why it matters"), concept.why[lang]
    yield _("Not to be confused with"), concept.confusion[lang]
    yield from _ending(concept, reader)


def _kpi_facts(kpi: Kpi, reader: Reader) -> Iterator[Fact]:
    _, lang = reader.translate, reader.lang
    yield from _synonyms(kpi, reader)
    formula = mathml(kpi.formula, display=True)
    yield _("Formula"), Markup(formula)  # noqa: S704 - MathML that we made
    if kpi.numerator is not None:
        yield _("Numerator"), kpi.numerator[lang]
    if kpi.denominator is not None:
        yield _("Denominator"), kpi.denominator[lang]
    yield _("Unit"), _(_UNITS[kpi.unit])
    yield _("Direction"), _(_DIRECTIONS[kpi.direction])
    if kpi.standard_window is not None:
        yield _("Window"), window_name(kpi.standard_window, lang=reader)
    if kpi.filters:
        yield _("What is counted"), ", ".join(FILTERS[words][lang] for words in kpi.filters)
    yield _("Pitfalls"), kpi.pitfalls[lang]
    yield _("Decision"), kpi.decision[lang]
    yield _("Sources"), Markup("<br>").join(_source(source, _) for source in kpi.sources)
    yield _("Owner"), Markup("<code>{}</code>").format(kpi.owner)
    yield _("Version"), _version(kpi, reader)
    if kpi.retires_on is not None:
        yield _("Leaves"), _leaving(kpi, reader)
    yield from _ending(kpi, reader)


def _synonyms(entry: Entry, reader: Reader) -> Iterator[Fact]:
    _ = reader.translate
    if entry.synonyms[reader.lang]:
        yield _("Also called"), ", ".join(entry.synonyms[reader.lang])


def _ending(entry: Entry, reader: Reader) -> Iterator[Fact]:
    _ = reader.translate
    if entry.references:
        yield _("References"), Markup("<br>").join(escape(item.cite) for item in entry.references)
    yield _("Lesson"), entry.lesson


def _source(source: Source, _: Translator) -> Markup:
    fields = Markup(", ").join(Markup("<code>{}</code>").format(name) for name in source.fields)
    return Markup("{} ({})").format(_(SYSTEM_NAMES[source.system]), fields)


def window_name(window: str, *, lang: str | Reader) -> str:
    """Return how many days or months a KPI counts, beside the period.

    >>> window_name("12 months", lang="en")
    '12 months'
    """
    reader = Reader.of(lang)
    span = length(window, name="window")
    return reader.months(span.months) if span.months else reader.days(span.days)


def _version(kpi: Kpi, reader: Reader) -> str:
    last, _ = kpi.history[-1], reader.translate
    return _(
        "{version} ({status}), {date}: {change}",
        version=kpi.version,
        status=_(STATUSES[kpi.status]),
        date=reader.date(last.date),
        change=last.change[reader.lang],
    )


def _leaving(kpi: Kpi, reader: Reader) -> str:
    """Return when a deprecated KPI leaves, and the name of what replaces it."""
    _, known = reader.translate, dictionary()
    instead = str(kpi.replaced_by)
    return _(
        "{date}, replaced by {kpi}",
        date=reader.date(str(kpi.retires_on)),
        kpi=known[instead].name[reader.lang] if instead in known else instead,
    )


def _plain(entry: Entry, reader: Reader) -> str:
    _ = reader.translate
    return _(
        "{name}: {definition}",
        name=entry.name[reader.lang],
        definition=entry.definition[reader.lang],
    )
