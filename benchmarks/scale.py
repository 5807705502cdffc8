"""One, ten and a hundred million orders: what each step costs, and how that grows.

    python benchmarks/scale.py --folder shops

It draws the demo's shops as Parquet in a folder (a shop that is there is used again), runs each
step in a process of its own with the memory limited, and writes what it took to `scale.md` and
`scale.svg` beside this file. Figures are kept in the folder: `--steps scorecard --millions 100`
measures one step again and leaves the others as they were.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

AS_OF = "2026-01-01"
HISTORY_FROM = date(2024, 1, 1)
ORDERS_A_UNIT = 40_000
UNITS_A_PART = 50
TABLES = ("contacts", "orders")
THREADS = 2
ENGINE_MEMORY = "4GB"
MEMORY_BYTES = 8_000_000_000
HERE = Path(__file__).resolve().parent
TITLES = {
    "rfm": "RFM: scores and segments",
    "stages": "lifecycle: the stage of each contact",
    "history": "lifecycle: daily rates of two years",
    "clv": "CLTV: fits and forecast",
    "scorecard": "overview: the scorecard",
}
Step = Callable[[Any], Iterator[tuple[str, int]]]


# --- Shops ----------------------------------------------------------------------------------


def make(folder: Path, millions: int) -> None:
    """Draw the demo's customers at a scale, in parts of which none waits for another.

    They are those of `marketing-kpi demo --scale`; only their ids are not in one run, for each
    unit of scale has a range of its own.
    """
    units = millions * 1_000_000 // ORDERS_A_UNIT
    parts = [
        range(first, min(first + UNITS_A_PART, units)) for first in range(0, units, UNITS_A_PART)
    ]
    wanted = [(folder, number, part) for number, part in enumerate(parts)]
    missing = [each for each in wanted if not all(path.exists() for path in _paths(*each[:2]))]
    with get_context("spawn").Pool(min(2, max(len(missing), 1))) as pool:
        for number in pool.imap_unordered(_part, missing):
            print(f"{folder.name}: part {number + 1} of {len(parts)}", file=sys.stderr, flush=True)


def _paths(folder: Path, number: int) -> list[Path]:
    return [folder / table / f"part-{number:03d}.parquet" for table in TABLES]


def _part(asked: tuple[Path, int, range]) -> int:
    from marketing_kpi.data.simulation import assortment, shop
    from marketing_kpi.data.simulation.arrow import Writer
    from marketing_kpi.data.simulation.numbers import Numbers
    from marketing_kpi.data.simulation.parameters import SEED

    folder, number, units = asked
    folder.mkdir(parents=True, exist_ok=True)
    out = assortment.stock_outs(shop.stream(SEED, "stock_outs"))
    with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as making:
        with Writer(Path(making)) as writer:
            for unit in units:
                chunk = shop.Chunk(SEED, unit, 1.0, out)
                for table in TABLES:
                    numbers = Numbers(unit * 10_000, unit * 50_000)
                    writer.write(table, chunk.columns(table, numbers, 0))
        for path in _paths(folder, number):
            path.parent.mkdir(exist_ok=True)
            (Path(making) / f"{path.parent.name}.parquet").replace(path)
    return number


# --- Steps ----------------------------------------------------------------------------------


def rfm(data: Any) -> Iterator[tuple[str, int]]:
    """Score every customer, keep the scores in the engine, and count the segments."""
    from marketing_kpi import rfm as chapter

    summary = chapter.summary(chapter.identified_orders(data), as_of=AS_OF)
    segments = data.keep(chapter.segment(chapter.score(summary)))
    counted = chapter.by_segment(segments).execute()
    yield "summary, scores, segments", int(counted["customers"].sum())


def stages(data: Any) -> Iterator[tuple[str, int]]:
    """Place every contact in its stage, keep that in the engine, and count the stages."""
    from marketing_kpi import lifecycle

    contacts = data.keep(lifecycle.contacts(data, as_of=AS_OF))
    yield "stages", int(lifecycle.by_stage(contacts).execute()["contacts"].sum())


def history(data: Any) -> Iterator[tuple[str, int]]:
    """Follow the conversion rates over the days of two years."""
    from marketing_kpi import lifecycle

    days = lifecycle.conversion_history(data, start=HISTORY_FROM, end=AS_OF)
    yield "daily rates", len(days)


def clv(data: Any) -> Iterator[tuple[str, int]]:
    """Summarise customers, fit BG/NBD and Gamma-Gamma, and forecast what all will bring."""
    from marketing_kpi import clv as chapter
    from marketing_kpi import rfm

    summary = data.keep(chapter.summary(rfm.identified_orders(data), as_of=AS_OF))
    yield "purchase histories", int(summary.count().execute())
    fit = chapter.fit_bg_nbd(summary, unit="week")
    yield "BG/NBD fit", int(fit.customers)
    amounts = chapter.fit_gamma_gamma(summary)
    yield "Gamma-Gamma fit", int(amounts.customers)
    terms = {"months": 12, "discount_rate": 0.1, "margin_rate": 0.4}
    total = chapter.total_value(fit, amounts, summary, **terms)
    yield "forecast of a year", int(total["customers"].sum())


def scorecard(data: Any) -> Iterator[tuple[str, int]]:
    """Make the scorecard of a year against the one before, with its months."""
    import marketing_kpi as mk
    from marketing_kpi import overview

    card = overview.scorecard(data, periods=mk.periods(as_of=AS_OF))
    yield "scorecard", int(card["available"].sum())


STEPS: dict[str, Step] = {
    "rfm": rfm,
    "stages": stages,
    "history": history,
    "clv": clv,
    "scorecard": scorecard,
}


# --- Measures -------------------------------------------------------------------------------


def measured(shop: Path, step: str) -> list[dict[str, Any]]:
    """Run a step in this fresh process, of limited memory; return what each part of it took.

    The first part holds the opening of the data.
    """
    import marketing_kpi as mk

    watched, rows = _Watched(), []
    begun, worked = time.perf_counter(), time.process_time()
    with mk.open_data(shop, memory_limit=ENGINE_MEMORY) as data:
        data.connection.raw_sql(f"SET threads = {THREADS}")
        for part, count in STEPS[step](data):
            now, work = time.perf_counter(), time.process_time()
            took = {"clock": now - begun, "processor": work - worked}
            used = {"peak": _peak_bytes(), "spilled": watched.spilled}
            rows.append({"part": part, "count": count, **took, **used})
            begun, worked = time.perf_counter(), time.process_time()
    return rows


class _Watched:
    """Looks again and again at the memory of this process, and ends it when that is too much.

    Attributes
    ----------
    spilled
        The most that the temporary folder held at any of these moments, in bytes.
    """

    def __init__(self) -> None:
        self.spilled = 0
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while True:
            held = 0
            for path in Path(tempfile.gettempdir()).rglob("*"):
                with suppress(OSError):  # removed meanwhile
                    held += path.stat().st_size
            self.spilled = max(self.spilled, held)
            if _peak_bytes() > MEMORY_BYTES:
                os.write(2, b"more than the memory allowed was resident\n")
                os._exit(1)
            time.sleep(0.2)


def _peak_bytes() -> int:
    # in bytes on macOS, in kilobytes elsewhere
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def asked(shop: Path, step: str) -> list[dict[str, Any]]:
    """Return what `measured` does, of a new process with a temporary folder of its own."""
    with tempfile.TemporaryDirectory(dir=shop.parent, prefix=".working-") as working:
        command = [sys.executable, __file__, "--folder", str(shop), "--measure", step]
        environment = {**os.environ, "TMPDIR": working}
        ran = subprocess.run(command, capture_output=True, text=True, env=environment)
    if ran.returncode:
        said = ran.stderr.strip().splitlines()
        return [{"part": step, "failed": said[-1] if said else f"signal {-ran.returncode}"}]
    found: list[dict[str, Any]] = json.loads(ran.stdout.splitlines()[-1])
    return found


# --- The page and the picture ---------------------------------------------------------------

Results = dict[str, dict[str, list[dict[str, Any]]]]
_INTRODUCTION = """\
# One, ten and a hundred million orders

What `benchmarks/scale.py` measured: the demo's shop at 25, 250 and 2,500 times its size, orders and
contacts alone, as Parquet in parts of two million orders. Each step is one run in a process of its
own, on {threads} threads. The engine is told {engine} (`open_data(…, memory_limit=)`); a process of
which more than {limit:.0f} GB are resident is ended (looked at five times a second). Other work ran
on the same two cores: processor seconds tell, the clock hardly does. The first part of a step holds
the opening of the data. The peak is that of the process so far, 0.2 GB of Python and libraries
included; spilled is the most that lay on disk.

![Processor seconds and peak memory by orders](scale.svg)
"""


def page(results: Results) -> str:
    """Return the page of what was measured."""
    text = _INTRODUCTION.format(threads=THREADS, limit=MEMORY_BYTES / 1e9, engine=ENGINE_MEMORY)
    head = ["million orders", "processor s", "clock s", "peak GB", "spilled GB", "rows"]
    for step, title in TITLES.items():
        text += f"\n## {title[0].upper()}{title[1:]}\n\n| part | {' | '.join(head)} |\n"
        text += "|---|" + "---|" * len(head) + "\n"
        for millions, steps in sorted(results.items(), key=lambda item: int(item[0])):
            rows = [_row(millions, row) for row in steps.get(step, [])]
            text += "".join(rows or [f"| not measured | {millions} | | | | | |\n"])
        text += _growth(step, results)
    return text


def _row(millions: str, row: dict[str, Any]) -> str:
    if "failed" in row:
        return f"| {row['part']}: {row['failed']} | {millions} | | | | | |\n"
    peak, spilled = row["peak"] / 1e9, row["spilled"] / 1e9
    return (
        f"| {row['part']} | {millions} | {row['processor']:.1f} | {row['clock']:.0f} "
        f"| {peak:.2f} | {spilled:.1f} | {row['count']:,} |\n"
    )


def _growth(step: str, results: Results) -> str:
    """Return how a step grew between the sizes that it was measured at."""
    points = totals(step, results)
    said = [
        f"from {low[0]} to {high[0]} million {high[1] / low[1]:.1f} times the processor seconds, "
        f"{high[2] / low[2]:.1f} times the memory"
        for low, high in pairwise(points)
    ]
    return f"\nIt grows: {'; '.join(said)}.\n" if said else ""


def totals(step: str, results: Results) -> list[tuple[int, float, float]]:
    """Return millions of orders, processor seconds and peak gigabytes of a step, by size."""
    rows = {int(size): steps[step] for size, steps in results.items() if step in steps}
    return [
        (size, sum(row["processor"] for row in parts), max(row["peak"] for row in parts) / 1e9)
        for size, parts in sorted(rows.items())
        if not any("failed" in row for row in parts)
    ]


def picture(results: Results, path: Path) -> None:
    """Draw how processor seconds and memory grow with orders, both on logarithmic axes."""
    import matplotlib as mpl

    mpl.use("agg")
    mpl.rcParams["svg.hashsalt"] = "scale"  # the same figures give the same file
    mpl.rcParams["svg.fonttype"] = "none"
    from matplotlib import pyplot as plt

    figure, (seconds, memory) = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained")
    for (step, title), mark in zip(TITLES.items(), "osD^v", strict=True):
        points = totals(step, results)
        for axes, place in ((seconds, 1), (memory, 2)):
            sizes, values = [point[0] for point in points], [point[place] for point in points]
            axes.plot(sizes, values, marker=mark, label=title)
    lowest = min(point[1] for step in TITLES for point in totals(step, results)[:1])
    sizes = [1, 100]
    seconds.plot(sizes, [lowest / 2, lowest * 50], "--", color="0.6", label="as the orders do")
    memory.axhline(MEMORY_BYTES / 1e9, linestyle=":", color="0.3", label="the limit, 8 GB")
    for axes, title in ((seconds, "Processor seconds"), (memory, "Peak memory (GB)")):
        axes.set(xscale="log", yscale="log", xlabel="Orders (million)", title=title)
        axes.set_xticks([1, 10, 100], ["1", "10", "100"])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8, frameon=False)
    seconds.set_yticks([1, 10, 100, 1000], ["1", "10", "100", "1,000"])
    memory.set_yticks([0.25, 0.5, 1, 2, 4, 8], ["0.25", "0.5", "1", "2", "4", "8"])
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Make the shops, measure what is asked, write the page and the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="where the shops are, or go")
    parser.add_argument("--millions", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--steps", nargs="*", default=list(STEPS), choices=list(STEPS))
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measured(options.folder, options.measure)))
        return
    options.folder.mkdir(parents=True, exist_ok=True)
    kept = options.folder / "results.json"
    for millions in options.millions:
        shop = options.folder / f"{millions}m"
        make(shop, millions)
        for step in options.steps:
            rows = asked(shop, step)
            results: Results = json.loads(kept.read_text()) if kept.exists() else {}
            results.setdefault(str(millions), {})[step] = rows
            kept.write_text(json.dumps(results, indent=1))
            print(*(_row(str(millions), row) for row in rows), sep="", end="", flush=True)
    results = json.loads(kept.read_text())
    (HERE / "scale.md").write_text(page(results), encoding="utf-8")
    picture(results, HERE / "scale.svg")


if __name__ == "__main__":
    main()
