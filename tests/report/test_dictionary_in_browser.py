"""The page of the dictionary in Chromium: silent, accessible, searched without accents."""

import pytest

from marketing_kpi.report.dictionary import export

from .test_in_browser import VIEWS, visit


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return export(tmp_path_factory.mktemp("page") / "kpi.html", format="html", lang="fr")[0]


@pytest.mark.parametrize("view", VIEWS)
def test_it_is_silent_accessible_and_fits(browser, path, view, faults):
    with browser.new_context(**VIEWS[view], reduced_motion="reduce") as context:
        page, requests, complaints = visit(context, path)
        assert (requests, complaints) == ([], [])
        assert faults(page) == ""
        assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


def test_it_is_searched_without_accents(browser, path):
    with browser.new_context(**VIEWS["light"]) as context:
        page, _, complaints = visit(context, path)
        search, entry = page.locator("input[data-mk-filter]"), page.locator("#kpi-net_revenue")
        search.fill("zzz")
        assert not entry.is_visible()
        search.fill("revenus nets")
        assert entry.is_visible()
        assert complaints == []
