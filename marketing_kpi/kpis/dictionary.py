"""The dictionary: one entry a term or KPI, which teaches, computes and documents it.

Entries live in ``kpis/entries/<domain>.yaml``: each file is a list of entries, read by the rules
of YAML 1.2 (see `marketing_kpi.text.yaml12`; write prose in block style, ``>-``). There are two
kinds, `Concept` (``kind: concept``) and `Kpi` (the default); their fields are documented on the
two classes, and a key that is not among them is refused. Wherever a field is *in both languages*,
it is ``{fr: …, en: …}``.

The worked example of a KPI
---------------------------
``example: {given: …, expect: …}`` is run by `Dictionary.check`, through the engine:

*simple*
    `given` maps columns of the KPI's fact to lists of equal length, one value a row of the fact;
    a value that is not a list stands on every row. Only the columns that the formula reads are
    needed. Dates are texts (``"2025-03-01"``). For ``fact: sales`` that is, say::

        example:
          given: {order_id: [o1, o1, o2], net_sales: [20, 10, 50]}
          expect: 40

*derived*
    `given` maps each KPI of `depends_on` to its value; a formula may also read `period_months`,
    the length of the period in months::

        example: {given: {attrition_rate: 0.4, period_months: 12}, expect: 30}

*analysis*
    `given` maps the arguments of the callable to values; a mapping of columns to lists becomes a
    pandas table::

        example: {given: {gain: 1500, cost: 1000}, expect: 0.5}

`expect` is a number (compared within 1e-9 relative), null, a text, or, for a callable that
returns a table, the columns to compare with their values.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self, TypeAlias

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic import model_validator as check_whole

from marketing_kpi.errors import DictionaryError, unknown
from marketing_kpi.kpis.schema import Place, Problem, Strict, read, refusals

Domain = Literal[
    "foundations",
    "customer_data",
    "measurement",
    "sales",
    "baskets",
    "margin",
    "customers",
    "lifecycle",
    "channels",
    "inventory",
    "fulfilment",
    "revenue",
    "finance",
    "voice",
    "governance",
]
Unit = Literal[
    "fraction", "points", "count", "currency", "ratio", "days", "hours", "months", "index"
]
System = Literal["pos", "ecommerce", "web_analytics", "crm", "erp", "wms", "survey", "ledger"]
Grain = Literal["day", "week", "month", "quarter", "year"]
LANGUAGES: tuple[str, ...] = ("fr", "en")

FILTERS: Mapping[str, Mapping[str, str]] = {
    "valid orders": {"fr": "commandes valides", "en": "valid orders"},
    "booked orders": {
        "fr": "commandes passées, annulations ultérieures comprises",
        "en": "orders placed, later cancellations included",
    },
    "identified customers": {"fr": "clients identifiés", "en": "identified customers"},
    "lines with a known cost": {
        "fr": "lignes dont le coût est connu",
        "en": "lines with a known cost",
    },
    "lines with a known list price": {
        "fr": "lignes dont le prix catalogue est connu",
        "en": "lines with a known list price",
    },
    "returns of goods": {
        "fr": "retours de marchandises, hors gestes commerciaux",
        "en": "returns of goods, allowances left out",
    },
    "lost chargebacks": {"fr": "rétrofacturations perdues", "en": "lost chargebacks"},
    "decided chargebacks": {
        "fr": "rétrofacturations jugées, gagnées ou perdues",
        "en": "chargebacks decided, won or lost",
    },
    "customers with revenue in the base period": {
        "fr": "clients dont la période de base a laissé des revenus",
        "en": "customers with revenue in the base period",
    },
}
"""The words that `Kpi.filters` may use, with what a reader sees."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Version = Annotated[str, StringConstraints(pattern=r"^(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}$")]
Window = Annotated[str, StringConstraints(pattern=r"^[1-9]\d* (day|week|month|quarter|year)s?$")]


def _on_the_calendar(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"bad_date: {text!r} is not a day of the calendar") from None
    return text


Day = Annotated[
    str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_on_the_calendar)
]
Duration = Annotated[
    str, StringConstraints(pattern=r"^P((\d+[YMWD])+(T(\d+[HMS])+)?|T(\d+[HMS])+)$")
]
Callable_ = Annotated[str, StringConstraints(pattern=r"^[a-z_]\w*(\.[a-z_]\w*)*:[a-z_]\w*$")]
Lesson = Annotated[str, StringConstraints(pattern=r"^(0\d|1[0-7])$")]


class Bilingual(Strict):
    """A text in French and English: ``text["fr"]``."""

    fr: Text
    en: Text

    def __getitem__(self, lang: str) -> str:
        return str(_in_language(self, lang))


class Terms(Strict):
    """Other names in use, by language: ``terms["en"]`` is a tuple."""

    fr: tuple[Text, ...] = ()
    en: tuple[Text, ...] = ()

    def __getitem__(self, lang: str) -> tuple[str, ...]:
        return tuple(_in_language(self, lang))


def _in_language(texts: Bilingual | Terms, lang: str) -> Any:
    if lang not in LANGUAGES:
        raise KeyError(lang)
    return getattr(texts, lang)


class Source(Strict):
    """A system that holds what the KPI needs."""

    system: System
    fields: tuple[Text, ...] = Field(min_length=1)
    owner: Identifier
    granularity: Text
    latency: Duration
    """How late its data are, as an ISO 8601 duration: ``P1D`` is one day."""


class Change(Strict):
    """One version of an entry."""

    version: Version
    date: Day
    change: Bilingual


class Reference(Strict):
    """Where a definition comes from."""

    cite: Text
    url: Text | None = None
    doi: Text | None = None


class Example(Strict):
    """A case worked by hand; the module's docstring says what `given` holds."""

    given: Mapping[str, Any] = Field(min_length=1)
    expect: Any


class _Named(Strict):
    """What a concept and a KPI have in common."""

    id: Identifier
    domain: Domain
    name: Bilingual
    synonyms: Terms = Terms()
    definition: Bilingual
    lesson: Lesson
    references: tuple[Reference, ...] = ()

    def terms(self, lang: str) -> tuple[str, ...]:
        """Return the name and the synonyms in a language."""
        return (self.name[lang], *self.synonyms[lang])

    def prose(self, lang: str) -> tuple[str, ...]:
        """Return every text of the entry in a language, beside its names and its history."""
        texts = (getattr(self, field) for field in type(self).model_fields if field != "name")
        return tuple(text[lang] for text in texts if isinstance(text, Bilingual))


class Concept(_Named):
    """A term that people must share, with no number of its own.

    Required: `id`, ``kind: concept``, `domain`, `lesson` (two digits, quoted), and in both
    languages `name`, `definition`, `example` (a short case), `why` (why it matters) and
    `confusion` (what people confuse it with). Optional: `synonyms` (lists, by language),
    `see_also` (ids of other entries), `references` (``[{cite: …, url: …, doi: …}]``).
    """

    kind: Literal["concept"]
    example: Bilingual
    why: Bilingual
    confusion: Bilingual
    see_also: tuple[Identifier, ...] = ()


class Kpi(_Named):
    """A number with one definition, one formula and one function that computes it.

    Required: `id`, `domain`, `lesson`, `type`, `formula` (LaTeX), `unit`, `direction`, `sources`,
    `owner`, `version`, `history` (oldest first, ending at `version`), `callable`
    (``module:function``), `example`, and in both languages `name`, `definition`, `pitfalls`,
    `decision`.

    By type: *simple* needs `fact` (see `marketing_kpi.kpis.facts.FACTS`), `time` (the column of
    that fact which puts a row in a period), `over_time` and may list `dimensions`; *derived*
    needs `depends_on` and takes facts and dimensions from there; *analysis* needs neither.

    `over_time` says what a longer period does: ``sum`` adds up, ``last`` is the last value,
    ``mean`` an average, ``distinct`` is counted anew (customers of a year are not the sum of
    those of its months). A cell without rows is 0 for ``sum`` and for a ``distinct`` count,
    and null for everything else.

    Optional: `synonyms`, `numerator` and `denominator` (both languages), `window` (``12 months``:
    the trailing window to the period's end; null: the period itself), `within` (``28 days``: what
    its fact counts around each row's own date, such as the first contact, whatever the period),
    `filters` (words of `FILTERS`), `status` (``draft``, ``active``, ``deprecated``), `references`.
    A deprecated KPI names the one that replaces it (`replaced_by`) and the day from which it should
    no longer be shown (`retires_on`); only a deprecated one has such a day.
    """

    kind: Literal["kpi"] = "kpi"
    type: Literal["simple", "derived", "analysis"]
    pitfalls: Bilingual
    decision: Bilingual
    fact: Identifier | None = None
    time: Identifier | None = None
    over_time: Literal["sum", "last", "mean", "distinct"] | None = None
    dimensions: tuple[Identifier, ...] = ()
    depends_on: tuple[Identifier, ...] = ()
    formula: Text
    numerator: Bilingual | None = None
    denominator: Bilingual | None = None
    unit: Unit
    direction: Literal["higher_is_better", "lower_is_better", "contextual"]
    window: Window | None = None
    within: Window | None = None
    filters: tuple[str, ...] = ()
    sources: tuple[Source, ...] = Field(min_length=1)
    owner: Identifier
    version: Version
    status: Literal["draft", "active", "deprecated"] = "active"
    replaced_by: Identifier | None = None
    retires_on: Day | None = None
    history: tuple[Change, ...] = Field(min_length=1)
    callable: Callable_
    example: Example

    @check_whole(mode="after")
    def _type_has_its_fields(self) -> Self:
        wanted = {"simple": ("fact", "time", "over_time"), "derived": ("depends_on",)}
        for field in wanted.get(self.type, ()):
            if not getattr(self, field):
                raise ValueError(f"missing_field: a {self.type} KPI needs '{field}'")
        foreign = {"simple": ("depends_on",), "derived": ("fact", "time", "dimensions")}
        for field in foreign.get(self.type, ("fact", "time", "dimensions", "depends_on")):
            if getattr(self, field):
                raise ValueError(f"wrong_field: a KPI of type {self.type} has no '{field}'")
        return self

    @check_whole(mode="after")
    def _history_ends_at_version(self) -> Self:
        versions = [tuple(map(int, change.version.split("."))) for change in self.history]
        if versions != sorted(set(versions)):
            raise ValueError("bad_history: versions must rise from the oldest to the newest")
        if (last := self.history[-1].version) != self.version:
            raise ValueError(f"bad_history: history ends at {last}, but version is {self.version}")
        return self

    @check_whole(mode="after")
    def _leaves_for_another(self) -> Self:
        if self.status == "deprecated":
            for field in ("replaced_by", "retires_on"):
                if not getattr(self, field):
                    raise ValueError(f"missing_field: a deprecated KPI needs '{field}'")
        elif self.retires_on is not None:
            raise ValueError("wrong_field: only a deprecated KPI has 'retires_on'")
        return self

    @check_whole(mode="after")
    def _filters_are_known(self) -> Self:
        for words in self.filters:
            if words not in FILTERS:
                raise ValueError(f"unknown_filter: {'; '.join(unknown('filter', words, FILTERS))}")
        return self

    @property
    def standard_window(self) -> str | None:
        """The days that it counts, beside the period: its `window`, or what it counts `within`."""
        return self.window or self.within

    @property
    def zero_when_empty(self) -> bool:
        """Whether a cell without any row is 0 (else it is null)."""
        return self.over_time == "sum" or (self.over_time == "distinct" and self.unit == "count")


Entry: TypeAlias = Concept | Kpi


class InvalidDictionaryError(DictionaryError):
    """Entries break the schema or each other; `problems` lists all that was found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class UnknownEntryError(DictionaryError, KeyError):
    """No entry has that id."""


class Dictionary(Mapping[str, Entry]):
    """The entries by id, in the order of the files.

    An id that is not there raises an error that suggests one that is.
    """

    def __init__(self, entries: Mapping[str, Entry], places: Mapping[str, Place]) -> None:
        self._entries = dict(entries)
        self._places = dict(places)
        self._words: dict[str, dict[str, _Words]] = {}

    def __getitem__(self, id: str) -> Entry:
        try:
            return self._entries[id]
        except KeyError:
            message, hint = unknown("entry", id, self._entries, where="the dictionary")
            raise UnknownEntryError(message, hint=hint) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<Dictionary: {len(self.kpis)} KPIs, {len(self.concepts)} concepts>"

    @property
    def kpis(self) -> tuple[Kpi, ...]:
        """The KPIs."""
        return tuple(entry for entry in self.values() if isinstance(entry, Kpi))

    @property
    def concepts(self) -> tuple[Concept, ...]:
        """The concepts."""
        return tuple(entry for entry in self.values() if isinstance(entry, Concept))

    def domain(self, domain: str) -> tuple[Entry, ...]:
        """Return the entries of a domain."""
        return tuple(entry for entry in self.values() if entry.domain == domain)

    def kpi(self, id: str) -> Kpi:
        """Return a KPI; a concept is refused, and never suggested."""
        if id not in self:
            known = [kpi.id for kpi in self.kpis]
            message, hint = unknown("KPI", id, known, where="the dictionary")
            if called := self._called(id):
                message = f"KPI '{id}' not found in the dictionary; '{called}' has that name"
            raise UnknownEntryError(message, hint=hint)
        if not isinstance(entry := self[id], Kpi):
            raise DictionaryError(f"'{id}' is a concept, not a KPI: it has no value to compute")
        return entry

    def _called(self, name: str) -> str | None:
        """Return the id of the KPI that has this name or synonym, in any language."""
        wanted = normalise(name)
        terms = (
            (kpi.id, term) for kpi in self.kpis for lang in LANGUAGES for term in kpi.terms(lang)
        )
        return next((id for id, term in terms if normalise(term) == wanted), None)

    def search(self, text: str, *, lang: str) -> list[Entry]:
        """Return the entries of which words begin as every word of `text`, without accents or case.

        A name, synonym or id that equals `text` comes first, then those that hold all its words,
        then definitions that do, then entries whose other prose is needed to hold them; within
        each, the dictionary's order. An empty text finds all.
        """
        words = normalise(text).split()
        if lang not in self._words:  # made once: a search is asked at every letter typed
            self._words[lang] = {id: _Words.of(entry, lang) for id, entry in self.items()}
        ranked = ((held.rank(words), self[id]) for id, held in self._words[lang].items())
        found = [(rank, entry) for rank, entry in ranked if rank is not None]
        return [entry for _, entry in sorted(found, key=lambda pair: pair[0])]

    def check(self) -> list[Problem]:
        """Show every formula, import every callable, run every example; return what fails.

        The schema and the references between entries were checked when the entries were read.
        """
        from marketing_kpi.kpis.examples import fault

        found = ((kpi, fault(kpi)) for kpi in self.kpis)
        return [
            Problem(wrong.code, *self._where(kpi.id, wrong.field), kpi.id, wrong.message)
            for kpi, wrong in found
            if wrong is not None
        ]

    def replaced(self, entry: Entry) -> Dictionary:
        """Return a dictionary with another entry in the place of the one of that id."""
        self[entry.id]  # an unknown id is refused
        return Dictionary({**self._entries, entry.id: entry}, self._places)

    def _where(self, id: str, field: str) -> tuple[str, int]:
        place = self._places[id]
        return place.file, place.line(field)


def normalise(text: str) -> str:
    """Return `text` in lower case, without accents, its words parted by single spaces.

    >>> normalise("Taux d'achat  RÉPÉTÉ (clients)")
    'taux d achat repete clients'
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(re.findall(r"\w+", bare.replace("_", " ")))


class _Words(NamedTuple):
    """The words of an entry in a language, normalised: its names, and what is read in turn."""

    names: list[str]
    texts: tuple[str, ...]

    @classmethod
    def of(cls, entry: Entry, lang: str) -> _Words:
        names = [normalise(term) for term in (entry.id, *entry.terms(lang))]
        prose = normalise(" ".join(entry.prose(lang)))
        texts = (" ".join(names), normalise(entry.definition[lang]), " ".join([*names, prose]))
        return cls(names, tuple(f" {text}" for text in texts))

    def rank(self, words: Sequence[str]) -> int | None:
        """Return 0 for a name that is just these words, then how far one must read to find them.

        That is 1 for the names, 2 for the definition, 3 for the whole entry; None when it lacks
        one.
        """
        if " ".join(words) in self.names:
            return 0
        found = (all(f" {word}" in text for word in words) for text in self.texts)
        return next((rank for rank, holds in enumerate(found, start=1) if holds), None)


@cache
def dictionary() -> Dictionary:
    """Return the dictionary of the package; it is read once.

    >>> dictionary()["net_sales"].unit
    'currency'
    """
    folder = resources.files("marketing_kpi.kpis") / "entries"
    with resources.as_file(folder) as path:
        return load(sorted(path.glob("*.yaml")))


def load(paths: Iterable[Path]) -> Dictionary:
    """Read entries from files, each a list of entries.

    Raises
    ------
    InvalidDictionaryError
        With every problem found: file, line, entry, what is wrong and what was expected.
    """
    entries: dict[str, Entry] = {}
    places: dict[str, Place] = {}
    problems: list[Problem] = []
    for path in paths:
        for place, raw in _raw_entries(path, problems):
            entry = _validated(raw, place, problems)
            if entry is None:
                continue
            if entry.id in entries:
                first = places[entry.id]
                message = f"id used twice, first at {first.file}:{first.line('id')}"
                problems.append(
                    Problem("id_used_twice", place.file, place.line("id"), entry.id, message)
                )
                continue
            entries[entry.id] = entry
            places[entry.id] = place
    if not problems:  # what follows would only repeat, in other words, that an entry is broken
        problems += [*_repeated_terms(entries, places), *_bad_references(entries, places)]
    if problems:
        raise InvalidDictionaryError(problems)
    return Dictionary(entries, places)


def _raw_entries(path: Path, problems: list[Problem]) -> Iterator[tuple[Place, dict[str, Any]]]:
    document = read(path, problems)
    if document is None:
        return
    if not isinstance(document.value, list):
        problems.append(Problem("not_a_list", path.name, 1, "-", "a file is a list of entries"))
        return
    for index, raw in enumerate(document.value):
        place = Place(path.name, document, (index,))
        if isinstance(raw, dict):
            yield place, raw
        else:
            message = "an entry is a mapping that begins with its id"
            problems.append(Problem("not_an_entry", path.name, place.line(), "-", message))


def _validated(raw: dict[str, Any], place: Place, problems: list[Problem]) -> Entry | None:
    model: type[Entry] = Concept if raw.get("kind") == "concept" else Kpi
    name = str(raw.get("id", f"entry {place.number}"))
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        problems += refusals(error, model, place, name, malformed=_MALFORMED)
        return None


_MALFORMED = {
    "id": ("bad_id", "is not snake_case (a-z, 0-9, single underscores)"),
    "version": ("bad_version", "is not a version such as 1.0.0"),
    "window": ("bad_window", "is not a window such as '12 months'"),
    "within": ("bad_window", "is not a window such as '28 days'"),
    "lesson": ("bad_lesson", "is not a lesson from '00' to '17'"),
    "latency": ("bad_latency", "is not an ISO 8601 duration such as P1D"),
    "callable": ("bad_callable", "is not module:function"),
    "date": ("bad_date", "is not a date such as 2026-12-01"),
}


def _repeated_terms(entries: Mapping[str, Entry], places: Mapping[str, Place]) -> Iterator[Problem]:
    for lang in LANGUAGES:
        owners: dict[str, str] = {}
        for entry in entries.values():
            place = places[entry.id]
            for index, term in enumerate(entry.terms(lang)):
                words = normalise(term)
                if words not in owners:
                    owners[words] = entry.id
                    continue
                line = place.line("synonyms", lang) if index else place.line("name", lang)
                message = f"'{term}' ({lang}) already names '{owners[words]}'"
                yield Problem("name_used_twice", place.file, line, entry.id, message)


def _bad_references(entries: Mapping[str, Entry], places: Mapping[str, Place]) -> Iterator[Problem]:
    for entry in entries.values():
        place = places[entry.id]
        for field, targets in _links(entry).items():
            for target in targets:
                if target not in entries:
                    message = "; ".join(unknown("entry", target, entries, where=field)[:1])
                    yield Problem(
                        "unknown_reference", place.file, place.line(field), entry.id, message
                    )
                elif field == "depends_on" and not isinstance(entries[target], Kpi):
                    message = f"depends_on '{target}' is a concept, not a KPI"
                    yield Problem("not_a_kpi", place.file, place.line(field), entry.id, message)
    for field in ("depends_on", "replaced_by"):
        for circle in _circles({id: _links(entry)[field] for id, entry in entries.items()}):
            place = places[circle[0]]
            message = f"circular {field}: {' → '.join((*circle, circle[0]))}"
            yield Problem(f"circular_{field}", place.file, place.line(field), circle[0], message)


def _links(entry: Entry) -> dict[str, tuple[str, ...]]:
    if isinstance(entry, Concept):
        return {"depends_on": (), "replaced_by": (), "see_also": entry.see_also}
    replaced_by = () if entry.replaced_by is None else (entry.replaced_by,)
    return {"depends_on": entry.depends_on, "replaced_by": replaced_by, "see_also": ()}


def _circles(links: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """Return each circle of `links` once, from the first of its entries."""
    circles: list[tuple[str, ...]] = []
    done: set[str] = set()

    def walk(node: str, path: tuple[str, ...]) -> None:
        if node in path:
            circles.append(path[path.index(node) :])
        elif node not in done:
            for target in links.get(node, ()):
                walk(target, (*path, node))
            done.add(node)

    for start in links:
        walk(start, ())
    return circles
