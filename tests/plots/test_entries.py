"""The dictionary as HTML: complete, escaped, in the reader's language."""

from html.parser import HTMLParser

import pytest
from markupsafe import Markup

from marketing_kpi.kpis.dictionary import dictionary, load, normalise
from marketing_kpi.plots.entries import glossary
from marketing_kpi.text.locale import reader

VOID = {"input", "br"}


class Page(HTMLParser):
    """Checks that elements close in order, and keeps what a test asks for."""

    def __init__(self, html):
        super().__init__()
        self.open, self.articles, self.text = [], [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        if tag == "article":
            self.articles.append(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def html(shown):
    return shown._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_entry_is_an_article_that_can_be_found(lang):
    entries = dictionary()
    page = Page(html(glossary(entries.values(), lang=lang)))
    by_name = sorted(entries.values(), key=lambda entry: normalise(entry.name[lang]))
    assert [article["id"] for article in page.articles] == [f"kpi-{e.id}" for e in by_name]
    words = {article["id"]: article["data-mk-text"] for article in page.articles}
    assert "retour sur investissement" in words["kpi-roi"] or lang == "en"
    assert all(text == normalise(text) for text in words.values())


def test_an_entry_says_all_that_its_reader_needs():
    roi = dictionary()["roi"]
    words = " ".join(Page(html(glossary(roi, lang="en"))).text)
    for part in (
        roi.name["en"],
        roi.name["fr"],
        roi.definition["en"],
        roi.pitfalls["en"],
        roi.decision["en"],
        roi.version,
        roi.sources[0].fields[0],
        "fraction, shown in %",
        "higher is better",
    ):
        assert part in words
    assert "<math" in html(glossary(roi, lang="en"))


def test_a_window_is_written_in_the_readers_language():
    kpi = dictionary()["repeat_purchase_rate"].model_copy(update={"window": "12 months"})
    words = " ".join(Page(html(glossary(kpi, lang="fr"))).text)
    assert "12 mois" in words.replace("\u00a0", " ").replace("\u202f", " ")


def test_a_concept_says_what_it_is_confused_with():
    crm = dictionary()["crm"]
    words = " ".join(Page(html(glossary(crm, lang="fr"))).text)
    assert crm.confusion["fr"] in words
    assert crm.why["fr"] in words


def test_the_search_field_waits_for_its_script():
    shown = html(glossary(dictionary().values(), lang="fr"))
    assert '<p class="mk-glossary-search" hidden>' in shown
    assert 'data-mk-filter=".mk-glossary article"' in shown


def test_without_search_there_is_no_field_no_anchor_and_nothing_folded():
    shown = html(glossary(dictionary()["crm"], lang="fr", search=False))
    assert "data-mk-filter" not in shown
    assert 'id="kpi-' not in shown
    assert "<details open>" in shown


@pytest.mark.parametrize(
    ("lang", "said"), [("fr", "Aucune entrée ne correspond."), ("en", "No entry matches.")]
)
def test_nothing_found_is_said(lang, said):
    shown = glossary([], lang=lang)
    assert said in html(shown)
    assert str(shown) == said


def test_dates_are_written_in_the_readers_locale():
    date = dictionary()["roi"].history[-1].date
    assert reader("fr").date(date) in html(glossary(dictionary()["roi"], lang="fr"))


def test_plain_text_has_names_and_definitions():
    roi = dictionary()["roi"]
    shown = str(glossary(roi, lang="fr"))
    assert shown == f"{roi.name['fr']}\u00a0: {roi.definition['fr']}"


CONCEPT = """
- id: odd
  kind: concept
  domain: foundations
  name: {fr: "<b>Nom</b>", en: "<b>Name</b>"}
  definition: {fr: '"><script>1</script>', en: '"><script>1</script>'}
  example: {fr: a & b, en: a & b}
  why: {fr: x, en: x}
  confusion: {fr: x, en: x}
  lesson: "01"
"""


def test_texts_of_entries_are_never_markup(tmp_path):
    path = tmp_path / "odd.yaml"
    path.write_text(CONCEPT, encoding="utf-8")
    shown = html(glossary(load([path]).values(), lang="en"))
    assert "<script" not in shown
    assert "<b>" not in shown
    assert "a &amp; b" in shown
    Page(shown)


def test_a_page_adds_facts_of_its_own_to_an_entry():
    def more(entry):
        yield "See & read", Markup('<a href="{}">{}</a>').format(f"x.html#{entry.id}", "<there>")

    shown = html(glossary(dictionary()["roi"], lang="en", more=more))
    assert "<dt>See &amp; read</dt>" in shown
    assert '<dd><a href="x.html#roi">&lt;there&gt;</a></dd>' in shown
    Page(shown)
