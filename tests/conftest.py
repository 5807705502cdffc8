"""Tests in a browser and on other engines: run where there is one, and said where there is none."""

import gc
import importlib.util
import os
import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from marketing_kpi.report import forks

BROWSER_TESTS, FORK_TESTS = "in_browser.py", "test_forks.py"
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# A function for scripts run apart: the most memory, in MB, that their process has held.
PEAK_MB = r"""
import pathlib, re, sys

def peak_mb():
    # ru_maxrss counts what the process was forked from as well, so Linux's own mark comes first
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) / 1024
    if sys.platform == "win32":
        return 0  # it keeps no such mark
    import resource
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
"""


@pytest.fixture(scope="session")
def peak_mb():
    """Return the source of a function for scripts that run in a process of their own."""
    return PEAK_MB


def has_spark():
    """Say whether Spark can start: its Python package, and Java."""
    return bool(importlib.util.find_spec("pyspark") and shutil.which("java"))


def has_postgres():
    """Say whether a server can start: its programs, which Debian keeps off the path, the driver."""
    installed = shutil.which("initdb") or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return bool(importlib.util.find_spec("psycopg") and installed and os.name == "posix")


def is_on(engine):
    """Return whether a test is on an engine: by a parameter, or by a fixture called after it."""

    def is_so(item):
        values = item.callspec.params.values() if hasattr(item, "callspec") else ()
        fixtures = getattr(item, "fixturenames", ())
        named = any(isinstance(value, str) and value == engine for value in values)
        return named or any(name.startswith(f"{engine}_") for name in fixtures)

    return is_so


def is_in(ending):
    """Return whether a test is in a file whose name ends so."""
    return lambda item: item.path.name.endswith(ending)


def pytest_collection_modifyitems(config, items):
    """Leave out the tests that need what this machine lacks, and say so; in CI that is an error."""
    if not any(map(shutil.which, CHROMIUMS)):
        leave_out(config, items, is_in(BROWSER_TESTS), "of pages in a browser", "Chromium")
    if not forks.can_fork():
        leave_out(config, items, is_in(FORK_TESTS), "in forked processes", "a recent Linux kernel")
    if not has_spark():
        leave_out(config, items, is_on("spark"), "on Spark", "Java, and requirements-engines.lock,")
    if not has_postgres():
        missing = "PostgreSQL, and requirements-engines.lock,"
        leave_out(config, items, is_on("postgres"), "on PostgreSQL", missing)


def pytest_collection_finish():
    """Keep what was collected, which lasts as long as the tests, from every look for garbage."""
    gc.collect()
    gc.freeze()


def leave_out(config, items, is_one, what, missing):
    """Leave out the tests that are such ones."""
    out = [item for item in items if is_one(item)]
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


@pytest.fixture(scope="session")
def faults():
    """Return a function that tells what axe-core finds on a page, in words; nothing is none.

    The size of what is pressed is asked for, which is of WCAG 2.2 and left out otherwise.
    """
    axe, options = Axe(), {"rules": {"target-size": {"enabled": True}}}

    def told(page):
        found = axe.run(page, options=options)
        return found.generate_report() if found.violations_count else ""

    return told
