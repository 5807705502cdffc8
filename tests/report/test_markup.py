"""What may be on a page: text from data is text, figures have words, headings nest."""

import base64

import pytest

from marketing_kpi.errors import ReportError
from marketing_kpi.report.markup import PageState, clean, figure, markdown

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt"><g id="a"/></svg>'


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("<script>alert(1)</script>", ""),
        ("<style>p{}</style><p>a</p>", "<p>a</p>"),
        ('<p style="color:red" onclick="x()">a</p>', "<p>a</p>"),
        ("<iframe src='http://example.org'>x</iframe>", ""),
        ('<img src="http://example.org/x.png">', ""),
        ('<a href="javascript:x()">a</a>', "<a>a</a>"),
        ('<a href="data:text/html,x">a</a>', "<a>a</a>"),
        ('<svg><script>x()</script><path d="M0 0"/></svg>', '<svg><path d="M0 0"></path></svg>'),
        ("&lt;b&gt; &amp; c", "&lt;b&gt; &amp; c"),
        ("<p>not closed", "<p>not closed</p>"),
        ("</div>a</table>", "a"),
        ("<form action='/x'><p>a</p></form>", "<p>a</p>"),
        ("<math><annotation-xml><p>a</p></annotation-xml></math>", "<math><p>a</p></math>"),
        ("<!-- <script>x</script> -->a", "a"),
    ],
)
def test_html_of_an_output_is_reduced_to_what_is_allowed(given, shown):
    assert clean(given, PageState()) == shown


def test_a_table_scrolls_once():
    table = "<table><tr><td>1</td></tr></table>"
    assert clean(table, PageState()) == f'<div class="mk-scroll" tabindex="0">{table}</div>'
    ours = f'<div class="mk-table" tabindex="0">{table}</div>'
    assert clean(ours, PageState()) == ours


def test_ids_are_unique_on_a_page_and_references_follow():
    piece = '<p id="a">x</p><p aria-labelledby="a">y</p><a href="#a">z</a>'
    state = PageState()
    assert clean(piece, state) == piece
    assert clean(piece, state) == (
        '<p id="a-2">x</p><p aria-labelledby="a-2">y</p><a href="#a-2">z</a>'
    )


def test_the_name_of_a_known_kpi_opens_its_definition():
    state = PageState(known_kpis=frozenset({"orders"}))
    html = clean('<span data-mk-kpi="orders">A</span><span data-mk-kpi="x">B</span>', state)
    assert '<button type="button" class="mk-term" popovertarget="def-orders">A</button>' in html
    assert "def-x" not in html
    assert list(state.kpis) == ["orders"]


def test_headings_never_skip_a_level_and_the_title_is_taken_out():
    state = PageState()
    html = markdown("# Title *one*\n\n#### Deep\n\n# Again\n\n## Next", state)
    assert state.title == "Title one"
    assert [part[:3] for part in html.split("<") if part.startswith("h")] == ["h2 ", "h2 ", "h2 "]


def test_a_verb_and_its_pronoun_are_not_parted_in_a_heading():
    html = markdown("## La campagne a-t-elle marché ?", PageState())
    assert '>La campagne <span class="mk-whole">a-t-elle</span> marché' in html
    assert 'id="la-campagne-a-t-elle-marche"' in html


def test_formulas_become_mathml_and_raw_html_is_limited():
    html = markdown(
        "Let $x^2$ be <b>bold</b> <img src=x onerror=y>\n\n$$\\frac{a}{b}$$\n\n<div>d</div>",
        PageState(),
    )
    assert html.count("<math") == 2
    assert "<b>bold</b>" in html
    assert "<img" not in html
    assert "<div" not in html.replace('<div class="mk', "")
    assert "$" not in html


def test_a_price_in_dollars_is_not_a_formula():
    assert "<math" not in markdown("It costs 5 $ or 5\\$ a unit.", PageState())


def test_a_link_to_a_script_is_not_one():
    assert "javascript:" not in markdown("[a](javascript:alert(1))", PageState())


def test_an_image_of_markdown_is_refused():
    with pytest.raises(ReportError, match="an image of a Markdown cell"):
        markdown("![alt](http://example.org/a.png)", PageState())


def test_a_formula_that_cannot_be_shown_is_said():
    with pytest.raises(ReportError, match="formula"):
        markdown("$a^b^c$", PageState())


def test_a_figure_keeps_its_words_and_its_size():
    html = figure({"image/svg+xml": SVG}, {"image/svg+xml": {"alt": 'A "b"', "caption": "<c>"}})
    assert 'alt="A &quot;b&quot;" width="96" height="48"' in html
    assert "<figcaption>&lt;c&gt;</figcaption>" in html
    assert base64.b64encode(SVG.encode()).decode() in html


@pytest.mark.parametrize("metadata", [{}, {"alt": ""}, {"alt": "  "}, {"image/png": {"alt": "a"}}])
def test_a_figure_without_words_is_refused(metadata):
    with pytest.raises(ReportError, match="no alternative text"):
        figure({"image/svg+xml": SVG}, metadata)


def test_inline_tags_of_markdown_lose_their_attributes():
    shown = markdown('<b onclick="x()" style="color:red">bold</b> <i>x</i>', PageState())
    assert "<b>bold</b>" in shown
    assert "onclick" not in shown
    assert "style" not in shown
