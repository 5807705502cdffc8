"""What is printed, in Chromium: the sheet on two sides, the cards whole, nothing fetched."""

from __future__ import annotations

import re

import pytest

from marketing_kpi.kpis.dictionary import dictionary
from marketing_kpi.learn.cards import cards
from marketing_kpi.learn.decks import write
from marketing_kpi.learn.sheet import sheet

KPIS = list(dictionary().kpis)


def opened(browser, path, html=None, **view):
    """Open a page; return it, with the addresses that it asked for beside its own."""
    if html is not None:
        path.write_text(html, encoding="utf-8")
    page = browser.new_page(**view)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    return page, [url for url in asked if url != path.as_uri()]


def sides(page):
    """Return how many pages of paper a page takes."""
    return len(re.findall(rb"/Type\s*/Page[^s]", page.pdf(prefer_css_page_size=True)))


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_the_sheet_takes_two_sides(browser, tmp_path, lang, times):
    page, asked = opened(browser, tmp_path / "sheet.html", sheet(lang, entries=KPIS * times))
    assert sides(page) == 2
    assert asked == []


def test_the_sheet_is_read_on_a_phone(browser, tmp_path, faults):
    phone = {"width": 390, "height": 800}
    page, _ = opened(browser, tmp_path / "sheet.html", sheet("fr"), viewport=phone)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert faults(page) == ""


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_no_card_is_cut(browser, tmp_path, lang):
    made = cards(lang)
    path = tmp_path / "cards.html"
    write(made, path, lang=lang)
    page, asked = opened(browser, path)
    page.emulate_media(media="print")
    cut = page.evaluate(
        "[...document.querySelectorAll('.card')]"
        ".filter(card => card.scrollHeight > card.clientHeight + 1"
        " || card.scrollWidth > card.clientWidth + 1).map(card => card.textContent)"
    )
    assert cut == []
    assert asked == []
    assert sides(page) == 2 * -(-len(made) // 8)
