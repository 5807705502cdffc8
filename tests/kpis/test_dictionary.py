import copy
from datetime import date

import pytest

from marketing_kpi.errors import DictionaryError
from marketing_kpi.kpis.dictionary import (
    Concept,
    InvalidDictionaryError,
    Kpi,
    UnknownEntryError,
    dictionary,
    load,
    normalise,
)

KPI = """\
- id: orders
  domain: sales
  name: {fr: Commandes, en: Orders}
  synonyms: {fr: [ventes conclues], en: [purchases]}
  definition: {fr: Les commandes valides., en: The valid orders.}
  pitfalls: {fr: Les essais., en: Tests.}
  decision: {fr: Vendre plus., en: Sell more.}
  type: simple
  fact: sales
  time: ordered_at
  over_time: distinct
  dimensions: [channel, region]
  formula: 'n'
  unit: count
  direction: higher_is_better
  window: null
  filters: [valid orders]
  sources: [{system: pos, fields: [order_id], owner: retail, granularity: ticket, latency: P1D}]
  owner: crm
  version: "1.1.0"
  history:
    - {version: "1.0.0", date: "2026-01-01", change: {fr: Création, en: Created}}
    - {version: "1.1.0", date: "2026-02-01", change: {fr: Précision, en: Precision}}
  callable: marketing_kpi.sales:orders
  example: {given: {order_id: [a, a, b], bought: [true, true, true]}, expect: 2}
  lesson: "07"
"""
CONCEPT = """\
- id: kpi
  kind: concept
  domain: foundations
  name: {fr: Indicateur clé, en: Key indicator}
  definition: {fr: Un chiffre., en: A number.}
  example: {fr: Le panier moyen., en: The average order value.}
  why: {fr: Décider., en: To decide.}
  confusion: {fr: Une mesure., en: A measure.}
  lesson: "01"
  see_also: [orders]
"""


@pytest.fixture
def reading(tmp_path):
    """Return a function that loads texts as the files of a dictionary."""

    def read(*texts):
        paths = []
        for number, text in enumerate(texts, start=1):
            paths.append(tmp_path / f"file{number}.yaml")
            paths[-1].write_text(text, encoding="utf-8")
        return load(paths)

    return read


@pytest.fixture
def refused(reading):
    """Return a function that loads texts and returns the problems found."""

    def read(*texts):
        with pytest.raises(InvalidDictionaryError) as error:
            reading(*texts)
        assert str(error.value).count("\n") == len(error.value.problems) - 1
        return error.value.problems

    return read


def second(**changes):
    """Return the KPI under another id and names, with some of its lines changed."""
    text = KPI.replace("id: orders", "id: other").replace("Commandes", "Autre")
    text = text.replace("Orders", "Other").replace("ventes conclues", "autres ventes")
    text = text.replace("purchases", "other purchases")
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


def derived(id, *inputs):
    text = second().replace("id: other", f"id: {id}").replace("Autre", id).replace("Other", id)
    text = text.replace("other purchases", f"{id} synonym").replace("autres ventes", f"{id} syn")
    for field in (
        "fact: sales",
        "time: ordered_at",
        "over_time: distinct",
        "dimensions: [channel, region]",
    ):
        text = text.replace(f"  {field}\n", "")
    return text.replace("type: simple", f"type: derived\n  depends_on: [{', '.join(inputs)}]")


def test_entries_are_read_with_their_kinds(reading):
    found = reading(KPI, CONCEPT)
    assert list(found) == ["orders", "kpi"]
    assert isinstance(found["orders"], Kpi)
    assert isinstance(found["kpi"], Concept)
    assert (found.kpis, found.concepts) == ((found["orders"],), (found["kpi"],))
    assert found.domain("foundations") == (found["kpi"],)
    assert found["orders"].name["fr"] == "Commandes"
    assert found["orders"].synonyms["en"] == ("purchases",)
    assert found["orders"].window is None
    assert repr(found) == "<Dictionary: 1 KPIs, 1 concepts>"
    assert found.check() == []


def test_an_unknown_id_suggests_a_known_one(reading):
    found = reading(KPI, CONCEPT)
    with pytest.raises(UnknownEntryError, match="did you mean 'orders'") as error:
        found["order"]
    assert isinstance(error.value, KeyError | DictionaryError)
    assert "order" not in found
    assert found.get("order") is None
    with pytest.raises(DictionaryError, match="'kpi' is a concept"):
        found.kpi("kpi")


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "message"),
    [
        ("direction:", "directon:", "unknown_key", 15, "did you mean 'direction'?"),
        ("id: other\n  domain", "domain", "missing_field", 1, "'id' is missing"),
        ("id: other", "id: netSales", "bad_id", 1, "is not snake_case"),
        ("id: other", "id: a__b", "bad_id", 1, "is not snake_case"),
        ("{fr: Autre, en: Other}", "{fr: Autre}", "missing_language", 3, "'name.en' is missing"),
        ("{fr: Les essais., en: Tests.}", "{en: Tests.}", "missing_language", 6, "pitfalls.fr"),
        ("{fr: Les essais., en: Tests.}", "{fr: ' ', en: T.}", "empty_text", 6, "pitfalls.fr"),
        ("{fr: Les essais., en: Tests.}", "{fr: a, en: b, de: c}", "unknown_key", 6, "'de'"),
        ("domain: sales", "domain: sails", "unknown_domain", 2, "did you mean 'sales'?"),
        ("unit: count", "unit: counts", "unknown_unit", 14, "did you mean 'count'?"),
        ("type: simple", "type: simpel", "unknown_type", 8, "did you mean 'simple'?"),
        ("higher_is_better", "higher", "unknown_direction", 15, "higher_is_better"),
        ("over_time: distinct", "over_time: all", "unknown_over_time", 11, "'sum'"),
        ("system: pos", "system: till", "unknown_system", 18, "sources.0.system"),
        ("latency: P1D", "latency: 1 day", "bad_latency", 18, "ISO 8601"),
        ("fields: [order_id]", "fields: []", "empty", 18, "sources.0.fields"),
        ("window: null", "window: a year", "bad_window", 16, "'12 months'"),
        ("window: null", "window: 0 days", "bad_window", 16, "'12 months'"),
        ("window: null", "within: a month", "bad_window", 16, "'28 days'"),
        ("window: null", "window: 12", "wrong_type", 16, "'window'"),
        ("[valid orders]", "[vaild orders]", "unknown_filter", 1, "did you mean 'valid orders'?"),
        ('version: "1.1.0"\n  his', 'version: "1.1"\n  his', "bad_version", 20, "1.0.0"),
        ('version: "1.1.0"\n  his', 'version: "1.2.0"\n  his', "bad_history", 1, "ends at 1.1.0"),
        ('- {version: "1.0.0"', '- {version: "1.1.0"', "bad_history", 1, "must rise"),
        ("2026-02-01", "1 February", "bad_date", 23, "history.1.date"),
        ("2026-02-01", "2026-13-41", "bad_date", 23, "not a day of the calendar"),
        ("sales:orders", "sales.orders", "bad_callable", 24, "module:function"),
        ('lesson: "07"', "lesson: 7", "wrong_type", 26, "'lesson'"),
        ('lesson: "07"', 'lesson: "18"', "bad_lesson", 26, "from '00' to '17'"),
        ("  fact: sales\n", "", "missing_field", 1, "a simple KPI needs 'fact'"),
        (
            "  dimensions:",
            "  depends_on: [orders]\n  dimensions:",
            "wrong_field",
            1,
            "'depends_on'",
        ),
        (
            "given: {order_id: [a, a, b], bought: [true, true, true]}, ",
            "",
            "missing_field",
            25,
            "example.given",
        ),
        ("direction: higher_is_better", "direction: no", "plain_yes_no", 15, "quote it"),
        ("  owner: crm", "  owner: crm\n  owner: crm", "repeated_key", 20, "given twice"),
    ],
)
def test_what_is_wrong_in_an_entry_is_named(refused, old, new, code, line, message):
    assert old in second()
    (problem,) = (p for p in refused(second(**{old: new})) if p.code == code)
    assert (problem.code, problem.file, problem.line) == (code, "file1.yaml", line)
    assert message in problem.message
    assert str(problem).startswith(f"file1.yaml:{line}: ")
    assert str(problem).endswith(f"[{code}]")


def test_a_missing_example_has_its_own_name(refused):
    example = "{given: {order_id: [a, a, b], bought: [true, true, true]}, expect: 2}"
    (problem,) = refused(second(**{f"  example: {example}\n": ""}))
    assert (problem.code, problem.entry) == ("missing_example", "other")


def test_all_problems_are_found_at_once(refused):
    broken = second(**{"unit: count": "unit: pieces", "domain: sales": "domain: shop"})
    found = refused(KPI.replace("owner: crm\n", "owner: C R M\n"), broken, "just text", "- a\n")
    assert [(p.file, p.code) for p in found] == [
        ("file1.yaml", "malformed"),
        ("file2.yaml", "unknown_domain"),
        ("file2.yaml", "unknown_unit"),
        ("file3.yaml", "not_a_list"),
        ("file4.yaml", "not_an_entry"),
    ]


def test_an_id_is_used_once(refused):
    (problem,) = refused(KPI, second(**{"id: other": "id: orders"}))
    assert (problem.code, problem.message) == (
        "id_used_twice",
        "id used twice, first at file1.yaml:1",
    )


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("fr: Autre", "fr: COMMANDES", 3),
        ("[autres ventes]", "[Ventes  Conclues]", 4),
        ("[other purchases]", "[orders]", 4),
        ("[other purchases]", "[Other]", 4),
        ("[other purchases]", "[more, MORE]", 4),
    ],
)
def test_a_name_or_synonym_belongs_to_one_entry_whatever_its_accents_and_case(
    refused, old, new, line
):
    (problem,) = refused(KPI, second(**{old: new}))
    assert (problem.code, problem.file, problem.line) == ("name_used_twice", "file2.yaml", line)


def test_one_word_may_name_two_things_in_two_languages(reading):
    assert len(reading(KPI, second(**{"en: Other}": "en: Commandes}"}))) == 2


def test_circles_are_found_once(refused):
    texts = [derived("a", "b"), derived("b", "c"), derived("c", "a"), derived("d", "a")]
    (problem,) = refused(*texts)
    assert (problem.code, problem.message) == (
        "circular_depends_on",
        "circular depends_on: a → b → c → a",
    )
    (problem,) = refused(derived("a", "a"))
    assert problem.message == "circular depends_on: a → a"


def test_a_circle_of_replacements_is_found(refused):
    (problem,) = refused(
        KPI.replace("owner: crm\n", "owner: crm\n  replaced_by: other\n"),
        second(**{"  owner: crm\n": "  owner: crm\n  replaced_by: orders\n"}),
    )
    assert problem.message == "circular replaced_by: orders → other → orders"


@pytest.mark.parametrize(
    ("texts", "code", "message"),
    [
        ((KPI, derived("a", "order")), "unknown_reference", "did you mean 'orders'?"),
        ((KPI, CONCEPT, derived("a", "kpi")), "not_a_kpi", "'kpi' is a concept"),
        ((CONCEPT,), "unknown_reference", "entry 'orders' not found in see_also"),
        (
            (KPI.replace("  owner: crm\n", "  owner: crm\n  replaced_by: newer\n"),),
            "unknown_reference",
            "entry 'newer' not found in replaced_by",
        ),
    ],
)
def test_entries_refer_to_entries_that_are_there(refused, texts, code, message):
    (problem,) = refused(*texts)
    assert problem.code == code
    assert message in problem.message


@pytest.mark.parametrize(
    ("old", "new", "code", "message"),
    [
        ("marketing_kpi.sales:orders", "marketing_kpi.sails:orders", "bad_callable", "not found"),
        ("marketing_kpi.sales:orders", "marketing_kpi.sales:ordres", "bad_callable", "not found"),
        ("formula: 'n'", "formula: 'n}{'", "bad_formula", "cannot be shown"),
        ("formula: 'n'", "formula: '\\frac{n'", "bad_formula", "braces"),
        ("formula: 'n'", "formula: '\\fracc{n}{m}'", "bad_formula", "\\fracc"),
        ("fact: sales", "fact: sails", "unknown_fact", "did you mean 'sales'?"),
        ("time: ordered_at", "time: sold_at", "unknown_column", "'ordered_at'"),
        ("[channel, region]", "[chanel]", "unknown_dimension", "did you mean 'channel'?"),
        ("sales:orders", "retention:repeat_purchase_rate", "unknown_column", "orders"),
        (
            "fact: sales\n  time: ordered_at\n  over_time: distinct\n"
            "  dimensions: [channel, region]\n  formula: 'n'\n  unit: count\n"
            "  direction: higher_is_better\n  window: null",
            "fact: customers_to_date\n  time: ordered_at\n  over_time: last\n  formula: 'n'\n"
            "  unit: count\n  direction: higher_is_better\n  window: 1 month",
            "wrong_window",
            "customers_to_date has its own window",
        ),
        ("window: null", "window: null\n  within: 28 days", "wrong_window", "within: null"),
        ("expect: 2", "expect: 3", "wrong_example", "gives 2.0, but expects 3"),
        ("expect: 2", "expect: null", "wrong_example", "gives 2.0"),
        ("order_id: [a, a, b]", "order: [a]", "wrong_example", "did you mean 'order_id'?"),
        (
            "{order_id: [a, a, b], bought: [true, true, true]}",
            "{bought: [true]}",
            "wrong_example",
            "lacks the column 'order_id'",
        ),
        (
            "{order_id: [a, a, b], bought: [true, true, true]}",
            "{order_id: [a], bought: [true, false]}",
            "wrong_example",
            "different lengths",
        ),
    ],
)
def test_the_check_imports_callables_and_runs_examples(reading, old, new, code, message):
    assert old in KPI
    (problem,) = reading(KPI.replace(old, new)).check()
    assert (problem.code, problem.entry) == (code, "orders")
    assert message in problem.message
    assert problem.line > 1


def test_files_that_cannot_be_read_are_named(tmp_path):
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("- id: été".encode("latin-1"))
    with pytest.raises(InvalidDictionaryError) as found:
        load([latin, tmp_path / "nowhere.yaml"])
    assert [problem.code for problem in found.value.problems] == ["not_utf8", "not_readable"]


@pytest.mark.parametrize("text", ["détracteurs", "CDP", "prospect", "commandes cookies"])
def test_search_reads_every_prose_last(text):
    """What only an example, a pitfall or a confusion says is found too, after the rest."""
    found = dictionary().search(text, lang="fr")
    assert found
    words = normalise(text).split()
    shallow = [
        entry
        for entry in found
        if all(word in normalise(f"{entry.terms('fr')} {entry.definition.fr}") for word in words)
    ]
    assert found[: len(shallow)] == shallow


def test_the_example_of_a_derived_kpi_is_run(reading):
    text = derived("lifespan", "orders").replace("sales:orders", "clv:customer_lifespan")
    text = text.replace("depends_on: [orders]", "depends_on: [attrition_rate]")
    rate = second(**{"id: other": "id: attrition_rate"})
    right = "{given: {attrition_rate: 0.4, period_months: 12}, expect: 30}"
    old = "{given: {order_id: [a, a, b], bought: [true, true, true]}, expect: 2}"
    assert reading(rate, text.replace(old, right)).check() == []
    (problem,) = reading(rate, text.replace(old, right.replace("30", "2.5"))).check()
    assert problem.code == "wrong_example"
    (problem,) = reading(rate, text.replace(old, right.replace("attrition_rate", "rate"))).check()
    assert "known: attrition_rate, period_months" in problem.message


def test_the_example_of_an_analysis_is_run(reading):
    text = derived("roi", "orders").replace(
        "type: derived\n  depends_on: [orders]", "type: analysis"
    )
    text = text.replace("sales:orders", "margins:roi")
    old = "{given: {order_id: [a, a, b], bought: [true, true, true]}, expect: 2}"
    assert (
        reading(text.replace(old, "{given: {gain: 1500, cost: 1000}, expect: 0.5}")).check() == []
    )
    assert reading(text.replace(old, "{given: {gain: 1, cost: 0}, expect: null}")).check() == []
    for given in ("{gain: 1, costs: 0}", "{gain: 1, cost: -1}", "{gain: a, cost: 1}"):
        (problem,) = reading(text.replace(old, f"{{given: {given}, expect: 0.5}}")).check()
        assert problem.message.startswith("the example cannot be run")


def test_the_packages_own_dictionary_is_sound():
    assert dictionary().check() == []


def test_search_ignores_accents_and_case_and_ranks_names_first(reading):
    found = reading(KPI, second(**{"fr: Les commandes valides.": "fr: Sans rien."}), CONCEPT)
    ids = lambda text, lang="fr": [entry.id for entry in found.search(text, lang=lang)]  # noqa: E731
    assert ids("COMMANDÉS") == ["orders"]
    assert ids("ventes") == ["orders", "other"]
    assert ids("purchases", "en") == ["orders", "other"]
    assert ids("other purchases", "en") == ["other"]
    assert ids("chiffre") == ["kpi"]
    assert ids("comm") == ["orders"]
    assert ids("mandes") == []
    assert ids("clé indicateur") == ["kpi"]
    assert ids("") == ["orders", "other", "kpi"]
    assert ids("nothing like it") == []


def test_an_exact_name_comes_before_a_longer_one():
    first, *_ = dictionary().search("marge brute", lang="fr")
    assert first.id == "gross_profit"


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_entry_is_found_by_its_names(lang):
    for entry in dictionary().values():
        for term in entry.terms(lang):
            assert dictionary().search(term, lang=lang)[0] is entry


def test_normalise_keeps_words_apart():
    assert normalise("Taux d'achat\u00a0: œuvre_Élan!") == "taux d achat œuvre elan"


def test_versions_and_dates_of_history_are_real():
    for kpi in dictionary().kpis:
        days = [date.fromisoformat(change.date) for change in kpi.history]
        assert days == sorted(days)


def test_entries_cannot_be_changed():
    entry = copy.copy(dictionary()["orders"])
    with pytest.raises(ValueError, match="frozen"):
        entry.unit = "ratio"
