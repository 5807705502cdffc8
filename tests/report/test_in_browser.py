"""Every page in Chromium: no request, no error, accessible, no wider than its window."""

import pytest

from marketing_kpi.report.render import Download, attention, headlines

from .test_reading import MOVED, PAGES, SCORECARD, index

VIEWS = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 800}, "color_scheme": "light"},
}
LISTEN = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
  (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


@pytest.fixture(params=VIEWS)
def context(browser, request):
    with browser.new_context(**VIEWS[request.param], reduced_motion="reduce") as context:
        yield context


@pytest.fixture
def desk(browser):
    with browser.new_context(**VIEWS["light"], reduced_motion="reduce") as context:
        yield context


def visit(context, path):
    """Open a page; return it with what it asked of a network and what it complained of."""
    page = context.new_page()
    requests, complaints = [], []
    page.on("request", lambda asked: requests.append(asked.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.add_init_script(LISTEN)
    page.goto(path.as_uri())
    asked = [url for url in requests if url != path.as_uri() and not url.startswith("data:")]
    return page, asked, complaints


def pages(built, broken):
    good = [built / lang / name for lang in ("fr", "en") for name in ("index", "00_overview")]
    return [
        *(path.with_suffix(".html") for path in good),
        built / "fr" / "quality.html",
        broken / "fr.failed" / "index.html",
        broken / "fr.failed" / "01_broken.html",
    ]


def test_pages_are_silent_accessible_and_fit(context, built, broken, faults):
    for path in pages(built, broken):
        page, requests, complaints = visit(context, path)
        assert requests == []
        assert complaints == []
        assert page.evaluate("window.violations") == []
        assert faults(page) == "", path.name
        wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        assert not wide, f"{path.name} is wider than its window"
        page.close()


def test_an_index_with_all_that_it_may_hold_is_accessible_and_fits(context, tmp_path, faults):
    path = tmp_path / "index.html"
    files = (("tables/a.csv", "CSV"), ("tables/a.parquet", "Parquet"))
    for lang in ("fr", "en"):
        html = index(
            lang,
            headlines=headlines([SCORECARD], lang=lang),
            attention=attention([SCORECARD, MOVED], links=PAGES, lang=lang),
            downloads=[Download(files, "All"), Download(files, "One", "Sales")],
        )
        path.write_text(html, encoding="utf-8")
        page, requests, complaints = visit(context, path)
        assert (requests, complaints) == ([], [])
        assert faults(page) == ""
        assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        fold = page.locator("details.mk-fold")
        assert not fold.locator("li").is_visible()
        fold.locator("summary").click()
        assert fold.locator("li").is_visible()
        assert faults(page) == ""
        page.close()


def test_a_logo_is_drawn_and_its_clients_colour_heads_the_page(desk, built):
    page, _, complaints = visit(desk, built / "en" / "index.html")
    assert page.locator(".mk-logo").evaluate("logo => [logo.naturalWidth > 0, logo.height]") == [
        True,
        48,
    ]
    bar = page.locator(".mk-cover").evaluate("bar => getComputedStyle(bar).borderTopColor")
    assert bar == "rgb(255, 212, 0)"
    assert complaints == []


def test_a_definition_opens_is_accessible_and_closes(desk, built, faults):
    page, _, complaints = visit(desk, built / "fr" / "00_overview.html")
    definition = page.locator("#def-net_sales")
    assert not definition.is_visible()
    page.locator(".mk-term").first.focus()
    page.keyboard.press("Enter")
    assert definition.is_visible()
    assert faults(page) == ""
    page.keyboard.press("Escape")
    assert not definition.is_visible()
    assert complaints == []


def test_the_first_tab_skips_to_the_content(desk, built):
    page, _, _ = visit(desk, built / "en" / "00_overview.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "mk-skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_the_glossary_is_searched_without_accents(desk, built):
    page, _, complaints = visit(desk, built / "fr" / "00_overview.html")
    search = page.locator("input[data-mk-filter]")
    assert search.is_visible()
    entry = page.locator("#kpi-net_sales")
    search.fill("zzz")
    assert not entry.is_visible()
    search.fill("CHÎFFRE")
    assert entry.is_visible()
    assert complaints == []


def test_the_glossary_is_searched_by_the_beginnings_of_words(desk, built):
    page, _, _ = visit(desk, built / "fr" / "00_overview.html")
    search = page.locator("input[data-mk-filter]")
    entry = page.locator("#kpi-net_sales")
    for found in ("d'affaires", "d\u2019affaires", "chiffre\u00a0d\u2019aff"):
        search.fill(found)
        assert entry.is_visible(), found
    search.fill("hiffre")
    assert not entry.is_visible()


def test_a_figure_is_painted_and_has_its_words(desk, built):
    page, _, _ = visit(desk, built / "en" / "00_overview.html")
    image = page.locator("figure img")
    assert image.get_attribute("alt") == "Two bars; the store is higher"
    assert image.evaluate("image => image.complete && image.naturalWidth") > 100


def test_a_printed_page_has_no_navigation(desk, built):
    page, _, _ = visit(desk, built / "en" / "00_overview.html")
    page.emulate_media(media="print")
    assert not page.locator(".mk-nav").is_visible()
    assert page.locator("h1").is_visible()
    assert page.locator("figure img").is_visible()
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_on_paper_a_paragraph_stays_with_the_figure_or_table_below_it(desk, built):
    page, _, _ = visit(desk, built / "en" / "00_overview.html")
    page.emulate_media(media="print")
    led_in = """shown => {
      const words = document.createElement("p");
      shown.before(words);
      return getComputedStyle(words).breakAfter;
    }"""
    for kind in (".mk-figure", ".mk-table"):
        assert page.locator(kind).first.evaluate(led_in) == "avoid"


def test_on_paper_a_long_name_leaves_the_other_columns_in_and_a_header_can_be_repeated(desk, built):
    page, _, _ = visit(desk, built / "en" / "00_overview.html")
    page.emulate_media(media="print")
    table = page.locator("#hostile")
    table.locator("tbody th").first.evaluate("name => { name.textContent = 'X'.repeat(2000); }")
    assert table.evaluate("table => table.offsetWidth <= table.parentElement.clientWidth")
    # Chromium repeats no box of a button on the next sheet, only what is in it.
    shown = "button => getComputedStyle(button).display"
    assert table.locator("thead .mk-sort").first.evaluate(shown) == "contents"


def test_on_a_phone_a_caption_and_the_rows_names_stay_in_sight(browser, built):
    with browser.new_context(**VIEWS["phone"]) as context:
        page, _, _ = visit(context, built / "en" / "00_overview.html")
        page.evaluate("document.querySelector('.mk-table').scrollLeft = 60")
        for what in ("caption > span", "tbody th"):
            box = page.locator(f".mk-table {what}").first.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390


def test_on_paper_an_entry_is_its_definition_and_no_picture_is_distorted(desk, built):
    page, _, _ = visit(desk, built / "en" / "00_overview.html")
    page.emulate_media(media="print")
    assert page.locator("#kpi-net_sales > p").last.is_visible()
    assert not page.locator("#kpi-net_sales details").is_visible()
    shape = "(image) => image.width / image.height - image.naturalWidth / image.naturalHeight"
    assert abs(page.locator("figure img").evaluate(shape)) < 0.02


def test_a_header_sorts_its_table_both_ways_and_back(desk, built, faults):
    page, _, complaints = visit(desk, built / "en" / "00_overview.html")
    table = page.locator("#hostile")
    header = table.locator("thead th")

    def column(place):
        cells = table.locator(f"tbody tr > :nth-child({place + 1})")
        return [text.strip() for text in cells.all_inner_texts()]

    def amounts():
        return [float(text.strip("$").replace(",", "")) for text in column(1)]

    before, sort = column(1), page.get_by_role("button", name="Sort by this column: Net sales")
    assert amounts() not in (sorted(amounts()), sorted(amounts(), reverse=True))
    for order, expected in (
        ("descending", sorted(amounts(), reverse=True)),
        ("ascending", sorted(amounts())),
    ):
        sort.click()
        assert header.nth(1).get_attribute("aria-sort") == order
        assert amounts() == expected
    sort.press("Enter")
    assert header.nth(1).get_attribute("aria-sort") is None
    assert column(1) == before
    header.nth(0).get_by_role("button").click()
    compared = "(names) => names.toSorted((a, b) => a.localeCompare(b))"
    assert column(0) == page.evaluate(compared, column(0))
    assert header.nth(0).get_attribute("aria-sort") == "ascending"
    assert complaints == []
    assert faults(page) == ""
