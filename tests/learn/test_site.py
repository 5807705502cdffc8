"""The site as files: all of it is there, every link leads somewhere, two builds are one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

import marketing_kpi as mk
from marketing_kpi.errors import ConfigError, LessonError
from marketing_kpi.kpis.dictionary import dictionary
from marketing_kpi.learn import path as learn
from marketing_kpi.learn.cards import cards
from marketing_kpi.learn.site.build import build
from marketing_kpi.learn.site.docstrings import prose
from marketing_kpi.learn.site.layout import SECTIONS
from marketing_kpi.learn.site.readme import FILES, readme
from marketing_kpi.learn.site.reference import reference
from marketing_kpi.learn.site.search import index, passages
from marketing_kpi.lessons.build import notebooks_folder, sources
from marketing_kpi.text.locale import Reader

LARGEST_PAGE = 1_500_000


class _Page(HTMLParser):
    """Collects the ids of a page, where its links lead, and what it would fetch."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.fetched, self.twins = [], [], [], []
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        self.ids += [known["id"]] if "id" in known else []
        if tag == "a":
            self.links.append(known["href"])
            self.twins += [known["href"]] if "hreflang" in known else []
        else:
            addresses = [known.get(name) for name in ("src", "href", "data", "poster", "srcset")]
            self.fetched += [each for each in addresses if each and not each.startswith("data:")]


@pytest.fixture(scope="session")
def parsed(site):
    return {path: _Page(path) for path in sorted(site.rglob("*.html"))}


@pytest.fixture(scope="session")
def chapters():
    return {chapter.name: chapter for chapter in reference()}


def test_every_lesson_and_section_is_there_in_both_languages(site):
    lessons = {f"{source.stem}.html" for source in sources(notebooks_folder())}
    assert len(lessons) >= 9
    names = {lang: {path.name for path in (site / lang).iterdir()} for lang in ("fr", "en")}
    assert names["fr"] == names["en"]
    assert lessons | set(SECTIONS) <= names["fr"]


def test_every_link_leads_to_a_page_and_a_place_in_it(site, parsed):
    astray = []
    for path, page in parsed.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                assert parts.scheme in ("http", "https", "mailto"), link
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target not in parsed or (
                parts.fragment and parts.fragment not in parsed[target].ids
            ):
                astray.append(f"{path.relative_to(site)}: {link}")
    assert astray == []


def test_a_page_has_its_ids_once_and_fetches_nothing(site, parsed):
    for path, page in parsed.items():
        assert len(page.ids) == len(set(page.ids)), path.relative_to(site)
        assert page.fetched == [], path.relative_to(site)
        assert "default-src &#39;none&#39;" in page.text, path.relative_to(site)


def test_every_page_but_the_first_leads_to_its_twin(site, parsed):
    for path, page in parsed.items():
        if path.parent == site:
            continue
        other = {"fr": "en", "en": "fr"}[path.parent.name]
        assert f"../{other}/{path.name}" in page.links, path.relative_to(site)


def test_no_page_is_heavy(site, parsed):
    heavy = {
        path.name: path.stat().st_size for path in parsed if path.stat().st_size > LARGEST_PAGE
    }
    assert heavy == {}


def test_another_process_builds_the_same_bytes(site, tmp_path):
    out = tmp_path / "again"
    command = [sys.executable, "-m", "marketing_kpi.cli", "site", "--out", str(out)]
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == str(out / "index.html")
    files = {path.relative_to(site) for path in site.rglob("*") if path.is_file()}
    assert {path.relative_to(out) for path in out.rglob("*") if path.is_file()} == files
    assert [
        str(file) for file in files if (site / file).read_bytes() != (out / file).read_bytes()
    ] == []


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_dictionary_and_the_cards_are_whole(parsed, site, lang):
    ids = parsed[site / lang / "dictionary.html"].ids
    assert {f"kpi-{id}" for id in dictionary()} <= set(ids)
    shown = parsed[site / lang / "cards.html"].text
    assert shown.count('<details class="mk-card"') == len(cards(lang))


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_lesson_of_the_cards_has_a_name(parsed, site, lang):
    shown = re.findall(
        r'<option value="(\d\d)">(.*?)</option>', parsed[site / lang / "cards.html"].text
    )
    assert {number for number, _ in shown} >= {entry.lesson for entry in dictionary().values()}
    for number, text in shown:
        assert len(text) > len(number) + 1, number


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_exercises_that_cannot_be_done_on_a_page_say_where(parsed, site, lang):
    said = []
    for source in sources(notebooks_folder()):
        html = parsed[site / lang / f"{source.stem}.html"].text
        text = re.sub("<[^>]+>", "", html)
        where = html.count(f"<code>notebooks/{lang}/{source.stem}.ipynb</code>")
        assert where == len(re.findall(r"q1\b.* = mk\.exercises\(", text)), source.stem
        assert not re.search(r"q\d+\.check\(", text), source.stem
        said += [source.stem] * where
    assert "02_rfm_scoring" in said


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_path_says_the_order_and_the_time_from_the_start(parsed, site, lang):
    text = re.sub("<[^>]+>", "|", parsed[site / lang / "index.html"].text)
    assert "00| → |01| → |02| → |06| → |04| → |16" in text.replace("||", "|")
    total = learn.path(lang).set_index("lesson").total["16"]
    assert Reader.of(lang).hours(total) in text
    assert all(note in unescape(text) for note in learn.show(lang).notes)


def test_an_entry_leads_to_its_lesson_its_function_and_its_neighbours(parsed, site):
    text = parsed[site / "fr" / "dictionary.html"].text
    entry = text[text.index('id="kpi-repeat_purchase_rate"') :]
    entry = entry[: entry.index("</article>")]
    assert 'href="09_retention_and_returns.html"' in entry
    assert 'href="reference.retention.html#repeat_purchase_rate"' in entry


def test_every_public_name_of_the_package_is_documented(chapters):
    shown = {name.anchor for name in chapters["marketing_kpi"].names}
    assert shown == set(mk.__all__)
    for chapter in ("clv", "experiments", "lifecycle", "prepost"):
        known = chapters[chapter]
        shown = {name.anchor for name in (*known.names, *known.elsewhere)}
        module = __import__(f"marketing_kpi.{chapter}", fromlist=["x"])
        functions = {name for name in module.__all__ if callable(getattr(module, name))}
        assert functions - shown == set()


def test_every_kpi_has_its_function_documented(chapters):
    called = {name.called for chapter in chapters.values() for name in chapter.names}
    wanted = {kpi.callable.removeprefix("marketing_kpi.") for kpi in dictionary().kpis}
    assert {each.replace(":", ".") for each in wanted} - called == set()


def test_a_function_shows_what_its_docstring_says(chapters):
    score = next(name for name in chapters["rfm"].names if name.anchor == "score")
    assert [part.title for part in score.parts] == [
        "", "parameters", "returns", "raises", "Notes", "examples",
    ]  # fmt: skip
    parameters = score.parts[1].items
    assert [item.name for item in parameters] == ["summary", "classes", "thresholds"]
    assert 'href="reference.rfm.html#summary"' in parameters[0].text
    assert "classes: int = 5" in score.signature
    assert "*, classes" in score.signature
    assert "&gt;&gt;&gt; score(table)" in score.parts[-1].text


def test_a_class_shows_its_methods_and_links_its_type(chapters):
    data = next(name for name in chapters["marketing_kpi"].names if name.anchor == "Data")
    assert {"Data.has", "Data.table"} <= {member.anchor for member in data.members}
    check = next(name for name in chapters["marketing_kpi"].names if name.anchor == "check")
    assert '<a href="reference.marketing_kpi.html#Data">Data</a>' in check.signature


def test_the_formula_of_a_kpi_is_shown_as_it_is_written(parsed, site):
    text = parsed[site / "en" / "reference.retention.html"].text
    article = text[text.index('id="repeat_purchase_rate"') :]
    article = article[: article.index("</article>")]
    assert 'href="dictionary.html#kpi-repeat_purchase_rate"' in article
    assert "return ratio((customers.orders &gt;= 2).sum(), customers.count())" in article


def test_prose_keeps_markup_as_text_and_shows_formulas():
    shown = prose("``<b>`` & :math:`a_1`\n\n.. math:: \\frac{a}{b}\n", link=lambda _: None)
    assert "<code>&lt;b&gt;</code> &amp; <math" in shown
    assert '<div class="mk-math" tabindex="0"><math' in shown
    assert "script" not in prose(".. raw:: html\n\n   <script>1</script>", link=lambda _: None)


def test_links_of_a_readme_lead_to_pages_or_become_text(tmp_path):
    (tmp_path / FILES["en"]).write_text(
        "# T\n\n[a](README.fr.md) [b](data/README.md) [c](https://example.org/?a=1&b=2)\n\n"
        "```console\nx\n```\n"
    )
    html = readme(tmp_path, lang="en", pages={"README.fr.md": "../fr/readme.html"})
    assert '<a href="../fr/readme.html">a</a> b <a href="https://example.org' in html
    assert '<pre class="mk-code" tabindex="0">' in html


def test_passages_have_the_prose_and_not_the_answers():
    html = (
        '<p>before</p><h2 id="a">A <code>x</code></h2><p>One</p><pre>no</pre><ul><li>two</li></ul>'
        '<div class="mk-quiz"><div><p>answer</p></div><li>answer</li></div><p>after</p>'
        '<h3 id="b">B</h3><figure><p>no</p></figure>'
    )
    first, second = passages(html)
    assert (first.anchor, first.title, first.text) == ("a", "A x", "One two after")
    assert (second.anchor, second.level, second.text) == ("b", 3, "")


def test_an_index_cannot_end_its_element():
    assert "</script" not in index([("lesson", "a", "</script><b>", (), "", "")])


def test_a_lesson_that_is_not_built_is_named(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "00_overview.py").write_text("# %%\n")
    with pytest.raises(LessonError, match=r"fr/00_overview\.ipynb is not built"):
        build(tmp_path / "site", notebooks=tmp_path)
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("missing", ["griffe", "docutils"])
def test_without_the_extra_the_reader_is_told_what_to_install(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ConfigError, match=missing) as caught:
        reference.__wrapped__()
    assert "marketing-kpi[site]" in caught.value.hint
