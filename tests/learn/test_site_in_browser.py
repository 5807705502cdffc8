"""The site in Chromium, opened from its folder as a student does."""

from __future__ import annotations

import re

import pytest

from marketing_kpi.kpis.dictionary import dictionary
from marketing_kpi.learn.cards import cards
from marketing_kpi.learn.site.layout import DICTIONARY

DESK = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 800}, "is_mobile": True}
KINDS = (
    "index.html",
    "fr/index.html",
    "en/00_overview.html",
    "en/11_baskets_and_lost_sales.html",
    "fr/dictionary.html",
    "fr/cards.html",
    "en/sheet.html",
    "fr/reference.html",
    "fr/reference.sales.html",
    "en/readme.html",
    "fr/search.html#taux de",
)
# What has colours and widths of its own.
VIEWS = {
    "light": (DESK, KINDS),
    "dark": ({**DESK, "color_scheme": "dark"}, ("fr/index.html", "fr/cards.html", KINDS[-1])),
    "phone": (PHONE, ("fr/index.html", "fr/reference.sales.html", KINDS[-1])),
}
LISTEN = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
  (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


class _Visitor:
    """Opens pages of the site, and remembers what they ask for and complain of."""

    def __init__(self, context, site):
        self.site, self.asked, self.complaints = site, [], []
        self.page = context.new_page()
        self.page.add_init_script(LISTEN)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, name):
        file, _, fragment = name.partition("#")
        self.page.goto("about:blank")
        address = (self.site / file).as_uri() + (f"#{fragment}" if fragment else "")
        self.page.goto(address, wait_until="domcontentloaded")
        return self.page

    def found(self):
        return [link.inner_text() for link in self.page.locator(".mk-found li a").all()]

    @property
    def elsewhere(self):
        """What was asked for beside pages of the site and what they hold."""
        own = (self.site.as_uri(), "data:", "about:")
        return [url for url in self.asked if not url.startswith(own)]


@pytest.fixture
def visitor(browser, site):
    with browser.new_context(**DESK, reduced_motion="reduce") as context:
        visitor = _Visitor(context, site)
        yield visitor
        assert visitor.elsewhere == []
        assert visitor.complaints == []


def test_every_page_opens_without_a_word_and_without_a_network(visitor, site):
    pages = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    # The pages of functions are in English in both languages.
    pages = [name for name in pages if not name.startswith("en/reference.")]
    assert len(pages) > 50
    for name in pages:
        page = visitor.open(name)
        assert page.evaluate("window.violations") == [], name
    assert len(visitor.asked) == len(pages)


@pytest.mark.parametrize("view", VIEWS)
def test_every_kind_of_page_is_accessible_and_fits(browser, site, view, faults):
    seen, names = VIEWS[view]
    with browser.new_context(**seen, reduced_motion="reduce") as context:
        visitor = _Visitor(context, site)
        for name in names:
            assert faults(visitor.open(name)) == "", name
        assert visitor.complaints == []


def test_no_kind_of_page_is_wider_than_a_phone(browser, site):
    with browser.new_context(**PHONE) as context:
        visitor = _Visitor(context, site)
        for name in KINDS:
            page = visitor.open(name)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= PHONE["viewport"]["width"], name


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("fr", "taux de retention"),
        ("fr", "marge"),
        ("fr", "cout"),
        ("fr", "TAUX d’achat"),
        ("en", "rete rat"),
        ("en", "margin"),
    ],
)
def test_a_term_is_found_as_the_dictionary_finds_it(visitor, lang, text):
    page = visitor.open(f"{lang}/search.html")
    page.get_by_role("searchbox").fill(text)
    group = page.locator('[data-mk-kind="entry"]')
    if group.get_by_role("button").is_visible():
        group.get_by_role("button").click()
    expected = [entry.name[lang] for entry in dictionary().search(text, lang=lang)]
    assert expected
    assert [link.inner_text() for link in group.locator("li a").all()] == expected


def test_a_search_finds_paragraphs_and_functions_and_leads_to_them(visitor, site):
    page = visitor.open("fr/search.html")
    page.get_by_role("searchbox").fill("groupe de controle")
    link = page.locator('[data-mk-kind="lesson"] li a').first
    assert link.get_attribute("href").startswith("04_control_group_tests.html")
    page.get_by_role("searchbox").fill("repeat_purchase_rate")
    page.locator('[data-mk-kind="function"] li a').first.click()
    assert page.url.endswith("fr/reference.retention.html#repeat_purchase_rate")
    assert page.locator("#repeat_purchase_rate").is_visible()
    page.go_back()
    assert page.get_by_role("searchbox").input_value() == "repeat_purchase_rate"


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("p-value", {"statistical_significance"}),
        ("clv", {"simple_cltv", "discounted_cltv", "predicted_cltv", "historical_cltv"}),
    ],
)
def test_a_word_in_use_finds_its_entry_before_any_function(visitor, lang, text, ids):
    page = visitor.open(f"{lang}/search.html#{text}")
    entries = {f"{DICTIONARY}#kpi-{id}" for id in ids}
    links = page.locator(".mk-found li a").all()
    assert {link.get_attribute("href") for link in links[: len(ids)]} == entries


def test_places_of_a_page_are_reached_at_once(browser, site):
    with browser.new_context(**DESK, reduced_motion="no-preference") as context:
        page = _Visitor(context, site).open("fr/02_rfm_scoring.html")
        glide = "getComputedStyle(document.documentElement).scrollBehavior"
        assert page.evaluate(glide) == "auto"


def test_a_search_that_finds_nothing_says_so(visitor):
    page = visitor.open("en/search.html#zzz")
    assert page.locator("#mk-count").inner_text() == "Nothing found."
    assert visitor.found() == []


def test_the_field_of_the_first_page_leads_to_what_is_found(visitor):
    page = visitor.open("fr/index.html")
    page.get_by_role("searchbox").fill("cout d'acquisition")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("search.html#"))
    assert "Coût d'acquisition client (CAC)" in visitor.found()


def test_the_dictionary_filters_by_beginnings_of_words_without_accents(visitor):
    page = visitor.open("fr/dictionary.html")
    articles = page.locator(".mk-glossary article:visible")
    assert articles.count() == len(dictionary())
    page.get_by_role("searchbox").fill("TAUX DE RETENTION")
    assert page.locator("#kpi-retention_rate").is_visible()
    assert 0 < articles.count() < 10
    page.get_by_role("searchbox").fill("etention")
    assert articles.count() == 0


def test_an_entry_that_is_led_to_is_open(visitor):
    page = visitor.open("fr/dictionary.html#kpi-retention_rate")
    assert page.locator("#kpi-retention_rate dl").is_visible()
    assert not page.locator("#kpi-return_rate_units dl").is_visible()
    page.locator("#kpi-retention_rate").get_by_role("link", name="09").click()
    page.wait_for_url(re.compile("09_retention_and_returns.html"))


def test_the_language_switch_leads_to_the_twin_and_back(visitor):
    for name in ("00_overview", "sheet", "search"):
        page = visitor.open(f"fr/{name}.html")
        for link, lang in (("English", "en"), ("Français", "fr")):
            page.get_by_role("navigation").get_by_role("link", name=link).click()
            page.wait_for_url(re.compile(f"/{lang}/{name}.html"))
            assert page.locator("html").get_attribute("lang") == lang


def test_cards_turn_and_are_put_away_by_keyboard(visitor):
    page = visitor.open("fr/cards.html")
    top, state = page.locator(".mk-card:visible"), page.locator(".mk-deck-state output")
    total = len(cards("fr"))
    assert top.count() == 1
    first = top.locator("summary").inner_text()
    assert state.inner_text() == f"À apprendre\u00a0: {total}, sues\u00a0: 0"
    page.keyboard.press("2")  # a card that is not turned is not known yet
    assert top.locator("summary").inner_text() == first
    top.locator("summary").focus()
    page.keyboard.press("Enter")
    assert top.locator(".mk-back").is_visible()
    page.keyboard.press("2")
    assert state.inner_text() == f"À apprendre\u00a0: {total - 1}, sues\u00a0: 1"
    second = top.locator("summary").inner_text()
    assert second != first
    assert not top.locator(".mk-back").is_visible()
    page.keyboard.press("Space")  # the next card has the focus
    page.keyboard.press("1")
    assert state.inner_text() == f"À apprendre\u00a0: {total - 1}, sues\u00a0: 1"
    for _ in range(4):
        assert top.locator("summary").inner_text() != second
        page.keyboard.press("Space")
        page.keyboard.press("2")
    assert top.locator("summary").inner_text() == second


def test_cards_are_turned_by_click_filtered_and_finished(visitor):
    page = visitor.open("en/cards.html")
    wanted = [card for card in cards("en") if {"lesson::16", "asks::formula"} <= {*card.tags}]
    assert wanted
    page.get_by_label("Lesson").select_option("16")
    page.get_by_label("Question").select_option("formula")
    top = page.locator(".mk-card:visible")
    page.emulate_media(media="print")  # on paper, those of the choice, with their answers
    assert top.count() == page.locator(".mk-back:visible").count() == len(wanted)
    page.emulate_media(media="screen")
    for card in wanted:
        assert card.front[0] in top.locator("summary").inner_text()
        assert page.get_by_role("button", name="Known").is_disabled()
        top.locator("summary").click()
        page.get_by_role("button", name="Known").click()
    assert top.count() == 0
    assert page.get_by_text("Every card of this choice is known.").is_visible()
    page.get_by_role("button", name="Start again").click()
    assert top.count() == 1
    assert (
        page.evaluate("localStorage.length + sessionStorage.length + document.cookie.length") == 0
    )


def test_without_script_every_card_is_there_and_turns(browser, site):
    with browser.new_context(**DESK, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto((site / "fr" / "cards.html").as_uri())
        shown = page.locator(".mk-card")
        assert shown.count() == len(cards("fr"))
        shown.nth(1).locator("summary").click()
        assert shown.nth(1).locator(".mk-back").is_visible()


def test_the_contents_of_a_lesson_lead_to_its_headings(visitor):
    page = visitor.open("fr/02_rfm_scoring.html")
    page.get_by_text("Dans cette leçon").click()
    link = page.locator(".mk-toc a").nth(2)
    link.click()
    anchor = link.get_attribute("href").removeprefix("#")
    box = page.locator(f"#{anchor}").bounding_box()
    assert 0 <= box["y"] < DESK["viewport"]["height"]


def test_a_quiz_answers_in_its_page(visitor):
    page = visitor.open("fr/02_rfm_scoring.html")
    item = page.locator('.mk-quiz-item[data-mk-kind="choice"]').first
    wrong = item.locator('.mk-quiz-key [data-mk-right="no"]').first
    place, feedback = wrong.get_attribute("data-mk-place"), wrong.text_content()
    item.locator(f'input[value="{place}"]').check()
    item.get_by_role("button").click()
    assert feedback.strip()[:30] in item.locator(".mk-quiz-said").text_content()
