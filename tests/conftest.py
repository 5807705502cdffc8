"""Tests of pages in a browser: run where there is one, and said where there is none."""

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

BROWSER_TESTS = "in_browser.py"
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(config, items):
    """Without Chromium, leave the tests that need it out, and say so; in CI that is an error."""
    in_browser = [item for item in items if item.path.name.endswith(BROWSER_TESTS)]
    if not in_browser or any(map(shutil.which, CHROMIUMS)):
        return
    if os.environ.get("CI"):
        raise pytest.UsageError("Chromium is not installed; the pages must be tried in it")
    config.hook.pytest_deselected(items=in_browser)
    items[:] = [item for item in items if item not in in_browser]
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter:
        reporter.write_line(
            f"{len(in_browser)} tests of pages in a browser left out: install Chromium to run them"
        )


@pytest.fixture(scope="session")
def chromium_path():
    """The Chromium of this machine; tests that ask for it are only run where there is one."""
    return next(filter(None, map(shutil.which, CHROMIUMS)))


@pytest.fixture(scope="module")
def browser(chromium_path):
    """Chromium without a window."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        yield chromium
        chromium.close()
