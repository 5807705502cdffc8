"""Pages as PDF, printed by the Chromium of this machine: tagged, with what runs on each sheet."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

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
_LOOK_SECONDS = 0.2  # between looks at whether the run was stopped
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
    stopped = Event()
    threads = ThreadPoolExecutor(jobs)
    try:
        return list(threads.map(lambda page: _print(page, program, stopped), pages))
    finally:  # Ctrl-C comes here too, while pages are printed or wait for it
        stopped.set()
        threads.shutdown(cancel_futures=True)


def _print(page: Path, program: str, stopped: Event) -> Path:
    printed = page.with_suffix(ENDING)
    # A profile of its own: the user's browser may be open, and two of ours run at once. A browser
    # that was killed may still have files open in it.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [program, *_FLAGS, f"--user-data-dir={profile}", f"--print-to-pdf={printed}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--no-sandbox")  # Chromium refuses to run as root with it
        try:
            code, said = _run([*command, page.resolve().as_uri()], stopped)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ReportError(f"{page.name} was not printed: {error}") from error
    if code or not printed.exists():
        last = said.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
        raise ReportError(f"{page.name} was not printed: {last[0]}")
    return printed


def _run(command: Sequence[str], stopped: Event) -> tuple[int, bytes]:
    """Run a program and return its exit code and its messages; end it when told, or when too slow.

    Its processes are a group of their own, which Ctrl-C does not reach and which ends as one.
    """
    until = time.monotonic() + TIMEOUT_SECONDS
    with subprocess.Popen(  # noqa: S603 - a program of the machine, no shell
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        while True:
            try:
                _nothing, said = process.communicate(timeout=_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                if stopped.is_set() or time.monotonic() > until:
                    _end(process)
                    raise subprocess.TimeoutExpired(command, TIMEOUT_SECONDS) from None
            else:
                return process.returncode, said


def _end(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
