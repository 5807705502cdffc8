"""Pages as PDF, printed by the Chromium of this machine: tagged, with what runs on each sheet."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from marketing_kpi.errors import ReportError

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
"""Programs that print pages, by name or by path; the first that is there is taken."""

ENDING = ".pdf"
TIMEOUT_SECONDS = 120
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--no-pdf-header-footer",  # the page has its own
    "--generate-pdf-document-outline",
)


def browser() -> str | None:
    """Return the program that prints, or None where there is none."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def print_all(pages: Sequence[Path], *, program: str, jobs: int = 2) -> list[Path]:
    """Print pages, each beside itself as a PDF.

    Parameters
    ----------
    pages
        HTML files.
    program
        What `browser` returned.
    jobs
        How many at once.

    Raises
    ------
    ReportError
        When one is not printed.
    """
    with ThreadPoolExecutor(jobs) as threads:
        return list(threads.map(lambda page: _print(page, program), pages))


def _print(page: Path, program: str) -> Path:
    printed = page.with_suffix(ENDING)
    # A profile of its own: the user's browser may be open, and two of ours run at once.
    with tempfile.TemporaryDirectory() as profile:
        command = [program, *_FLAGS, f"--user-data-dir={profile}", f"--print-to-pdf={printed}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--no-sandbox")  # Chromium refuses to run as root with it
        try:
            done = subprocess.run(  # noqa: S603 - a program of the machine, no shell
                [*command, page.resolve().as_uri()],
                capture_output=True,
                timeout=TIMEOUT_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ReportError(f"{page.name} was not printed: {error}") from error
    if done.returncode or not printed.exists():
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
        raise ReportError(f"{page.name} was not printed: {last[0]}")
    return printed
