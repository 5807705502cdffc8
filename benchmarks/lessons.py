"""What a lesson costs: as a student runs it, and its report cells alone.

    python benchmarks/lessons.py [--lessons 03,10] > benchmarks/lessons.md

Each is run once, on the demo, in a process of its own: the whole lesson in a Jupyter kernel, from
its start to its end; the report cells in the shell that reports run them in, with vector figures,
after what a report imports once for all its pages. Processor seconds are of all threads and tell on
a machine that others use too; seconds on the clock tell on an idle one. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from nbformat import NotebookNode

from marketing_kpi.lessons import build
from marketing_kpi.report import forks
from marketing_kpi.report.execute import FIGURES_VARIABLE, report_cells

LANG = "en"
MOST_SECONDS = {"lesson": 20, "report": 5}
WAYS = {"lesson": "the lesson", "report": "its report cells"}


def lesson(notebook: NotebookNode) -> float:
    """Run a whole lesson in a kernel; return the processor seconds of the kernel."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    build.execute(notebook, folder=build.notebooks_folder() / LANG)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def report(notebook: NotebookNode) -> float:
    """Run the report cells in this process; return its processor seconds."""
    from traitlets.config import Config

    from marketing_kpi.report.shell import NotebookShell

    shell = NotebookShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    before = time.process_time()
    for cell in report_cells(notebook).cells:
        if cell.cell_type == "code":
            ran = shell.run(cell.source)
            failed = [output for output in ran["outputs"] if output["output_type"] == "error"]
            if failed:
                sys.exit(f"{cell.id} fails: {failed[0]['ename']}: {failed[0]['evalue']}")
    return time.process_time() - before


def measured(number: str, way: str) -> dict[str, float]:
    """Return the processor and wall seconds of a lesson run in a way, in this fresh process."""
    (source,) = build.sources(build.notebooks_folder(), numbers=[number])
    notebook = build.notebook(source, lang=LANG)
    if way == "report":
        forks.prepare()
    begun = time.perf_counter()
    processor = {"lesson": lesson, "report": report}[way](notebook)
    return {"processor": processor, "wall": time.perf_counter() - begun}


def asked(number: str, way: str) -> dict[str, float]:
    """Return what `measured` does, of a new process."""
    command = [sys.executable, __file__, "--lessons", number, "--way", way]
    environment = {**os.environ, "MPLBACKEND": forks.BACKEND}
    if way == "report":
        environment[FIGURES_VARIABLE] = "svg"
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    found: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return found


def row(path: Path) -> tuple[str, bool]:
    """Return the row of a lesson, and whether it is as fast as it should be."""
    found = {way: asked(path.stem[:2], way) for way in WAYS}
    cells = [f"{seconds[kind]:.1f}" for seconds in found.values() for kind in ("processor", "wall")]
    fast = all(found[way]["wall"] < most for way, most in MOST_SECONDS.items())
    return f"| {path.stem} | {' | '.join(cells)} | {'yes' if fast else 'no'} |", fast


def main() -> None:
    """Measure every lesson in every way and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lessons", default="")
    parser.add_argument("--way", choices=tuple(WAYS))
    chosen = parser.parse_args()
    numbers = [number for number in chosen.lessons.split(",") if number]
    if chosen.way:
        print(json.dumps(measured(numbers[0], chosen.way)))
        return
    headings = [f"{words}, {kind}" for words in WAYS.values() for kind in ("processor", "clock")]
    print("# What each lesson costs\n")
    print(
        "Seconds of one run of `lessons.py` on the demo. Fast enough: on the clock, the lesson in "
        f"under {MOST_SECONDS['lesson']} and its report cells in under {MOST_SECONDS['report']}.\n"
    )
    print(f"| lesson | {' | '.join(headings)} | fast enough |")
    print("|---|" + "---|" * (len(headings) + 1))
    rows = [row(path) for path in build.sources(build.notebooks_folder(), numbers=numbers)]
    for text, _ in rows:
        print(text)
    print(f"\nFast enough: {sum(fast for _, fast in rows)} of {len(rows)}.")


if __name__ == "__main__":
    main()
