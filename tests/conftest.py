"""Tests in a browser and on Spark: run where there is one, and said where there is none."""

import importlib.util
import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

from marketing_kpi.report import forks

BROWSER_TESTS, SPARK_TESTS, FORK_TESTS = "in_browser.py", "on_spark.py", "test_forks.py"
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def has_spark():
    """Say whether Spark can start: its Python package, and Java."""
    return bool(importlib.util.find_spec("pyspark") and shutil.which("java"))


def pytest_collection_modifyitems(config, items):
    """Leave out the tests that need what this machine lacks, and say so; in CI that is an error."""
    if not any(map(shutil.which, CHROMIUMS)):
        leave_out(config, items, BROWSER_TESTS, "of pages in a browser", "Chromium")
    if not forks.can_fork():
        leave_out(config, items, FORK_TESTS, "in forked processes", "a recent Linux kernel")
    if not has_spark():
        leave_out(config, items, SPARK_TESTS, "on Spark", "Java, and requirements-spark.lock,")


def leave_out(config, items, ending, what, missing):
    """Leave out the tests of the files that end so."""
    out = [item for item in items if item.path.name.endswith(ending)]
    if not out:
        return
    if os.environ.get("CI"):
        raise pytest.UsageError(f"tests {what} are to run here: install {missing} first")
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter:
        reporter.write_line(f"{len(out)} tests {what} left out: install {missing} to run them")


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
