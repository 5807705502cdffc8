"""What the reports of 20 clients cost, made in five ways.

    python benchmarks/reports.py [--clients 20]

One notebook of 20 code cells and 6 figures is executed on the orders of each client and drawn as
HTML, two at once: with the commands of papermill and nbconvert; in a pool of processes with a
Jupyter kernel a notebook (what `marketing-kpi report` does where it cannot fork); in forks of one
process (what it does on Linux); and from what an earlier run kept. Against them stand the cells
and the drawing alone: the same code for all clients in one process that has imported everything,
which is not counted. Seconds are those of the processor, over all processes, as they tell on a
machine that others use too; memory is the resident peak of the largest process, what it shares
with others included. Prints Markdown.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

SEED = 2026
ORDERS, CUSTOMERS = 20_000, 3_000
AT_ONCE = 2
WAYS = {
    "commands": "`papermill`, then `jupyter nbconvert`",
    "pool": "a pool of processes, a Jupyter kernel each",
    "forks": "forks of one process",
    "kept": "nothing has changed since the last run",
    "alone": "the cells and the drawing alone",
}

PARAMETERS = """\
lang = "en"
locale = None
currency = "CAD"
client = "Boréal"
source = "demo"
mapping = None
as_of = "2026-01-01"
period = "12 months"
compare = "previous_year"
"""
FIGURE = """\
ax = style.axes()
drawn = ax.{draw}
ax = style.finish(ax, title="{title}", alt="{title}", caption="{title}")
"""
CELLS = (
    "import marketing_kpi as mk\nfrom marketing_kpi import plots, rfm\n"
    "from marketing_kpi.plots import style",
    "reader = mk.reader(lang, locale=locale, currency=currency)\n"
    "data = mk.open_data(source, mapping=mapping)",
    "dates = mk.periods(as_of=as_of, period=period, compare=compare)",
    'months = mk.compute(["orders", "average_order_value"], data, grain="month",\n'
    "    start=dates.start, end=dates.end).execute()",
    FIGURE.format(draw="plot(months.period, months.orders)", title="Orders a month"),
    'days = mk.compute(["orders"], data, grain="day", start=dates.start, end=dates.end).execute()',
    FIGURE.format(draw="plot(days.period, days.orders)", title="Orders a day"),
    "summary = rfm.summary(data.orders.execute(), as_of=as_of)",
    "scores = rfm.score(summary)",
    "segments = rfm.segment(scores)",
    FIGURE.format(draw="hist(summary.recency_days, bins=40)", title="Days since the last order"),
    "frequency = summary.frequency.value_counts().sort_index()",
    FIGURE.format(draw="bar(frequency.index, frequency)", title="Orders a customer"),
    "spent = summary.monetary.astype(float).sort_values(ascending=False)",
    "share = spent.cumsum() / spent.sum()",
    FIGURE.format(draw="plot(range(len(share)), share)", title="Revenue of the best customers"),
    "sizes = segments.segment.astype(str).value_counts()",
    FIGURE.format(draw="barh(sizes.index, sizes)", title="Customers by segment"),
    "frame = sizes.rename_axis('segment').reset_index(name='customers')",
    "plots.table(frame, lang=reader, id='segments', caption='Customers by segment',\n"
    "    units={'customers': 'count'})",
)


def orders(rng: np.random.Generator) -> pd.DataFrame:
    """Return the orders of a client over two years."""
    customers = rng.zipf(1.4, ORDERS) % CUSTOMERS
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 731, ORDERS), unit="D")
    amounts = rng.gamma(2, 40, ORDERS).round(2)
    return pd.DataFrame(
        {
            "order_id": [f"O{n}" for n in range(ORDERS)],
            "customer_id": [f"C{n}" for n in customers],
            "ordered_at": days,
            "amount": amounts,
        }
    )


def prepare(folder: Path, *, clients: int) -> None:
    """Write the lesson, and each client's orders and configuration."""
    cells = [
        new_markdown_cell("# Orders\n\nHow are they?", id="title"),
        new_code_cell(PARAMETERS, id="parameters", metadata={"tags": ["parameters"]}),
    ]
    for number, source in enumerate(CELLS):
        cells.append(new_markdown_cell(f"Step {number}.", id=f"words{number}"))
        cells.append(new_code_cell(source, id=f"cell{number}"))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    (folder / "lessons" / "en").mkdir(parents=True)
    nbformat.write(
        new_notebook(cells=cells, metadata=kernel), folder / "lessons" / "en" / "07_orders.ipynb"
    )
    rng = np.random.default_rng(SEED)
    for number in range(clients):
        orders(rng).to_csv(folder / f"orders{number}.csv", index=False)
        (folder / f"client{number}.yml").write_text(
            f'client: Client {number}\nlang: en\ncurrency: CAD\nas_of: "2026-01-01"\n'
            f'data: orders{number}.csv\nnotebooks: ["07"]\n',
            encoding="utf-8",
        )


def commands(folder: Path, clients: int) -> None:
    """Run the two commands for every client."""
    binaries = Path(sys.executable).parent

    def one(number: int) -> None:
        made = folder / f"made{number}.ipynb"
        lesson = folder / "lessons" / "en" / "07_orders.ipynb"
        run = partial(subprocess.run, check=True, capture_output=True, cwd=folder)
        source = folder / f"orders{number}.csv"
        run([binaries / "papermill", lesson, made, "-p", "source", source])
        run([binaries / "jupyter", "nbconvert", "--to", "html", made])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, range(clients)))


def pages(folder: Path, clients: int, *, is_forked: bool) -> None:
    """Execute and draw every client's page, as `marketing-kpi report` does."""
    from marketing_kpi.report import execute, forks, tasks
    from marketing_kpi.report.config import load

    made = {}
    for config in load([folder / f"client{number}.yml" for number in range(clients)]):
        path = folder / "lessons" / "en" / "07_orders.ipynb"
        parameters = config.parameters_for("07", lang="en")
        job = execute.Job(config.id, "07", "en", path, parameters)
        reader = config.reader("en")
        in_order = execute.in_turn if is_forked else execute.one_by_one
        made[config.id] = partial(in_order, [partial(tasks.page, job, reader)])

    def failed(_: str, error: BaseException) -> list[tasks.Made]:
        raise error

    run_all = forks.run_all if is_forked else execute.run_all
    for (page,) in run_all(made, jobs=AT_ONCE, failed=failed, done=lambda *_: None).values():
        assert page.content, page.failure


def report(folder: Path, clients: int) -> None:
    """Make the whole reports."""
    from marketing_kpi.report import run

    configs = [folder / f"client{number}.yml" for number in range(clients)]
    with contextlib.redirect_stdout(sys.stderr):
        assert run(configs, out=folder / "out", folder=folder / "lessons") == 0


def alone(folder: Path, clients: int) -> None:
    """Run the cells of every client in this process, and draw their figures."""
    from IPython.core.interactiveshell import InteractiveShell

    from marketing_kpi.plots.style import to_svg

    shell = InteractiveShell.instance()
    for number in range(clients):
        names = {}
        exec(PARAMETERS, names)
        names["source"] = str(folder / f"orders{number}.csv")
        for source in CELLS:
            exec(source, names)
            if "style.finish" in source:
                to_svg(names["ax"].figure)
        shell.display_formatter.format(names["frame"])


def measured(way: str, folder: Path, clients: int) -> dict[str, float]:
    """Return the processor seconds and the peak memory (MB) of a way, in this fresh process."""
    if way == "alone":
        alone(folder, 1)  # imports, and what is made once
        started = time.process_time()
        alone(folder, clients)
        seconds = time.process_time() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {"seconds": seconds, "memory": peak / 1024}
    os.environ["MARKETING_KPI_FIGURES"] = "svg"
    make = {
        "commands": commands,
        "pool": partial(pages, is_forked=False),
        "forks": partial(pages, is_forked=True),
        "first": report,
        "kept": report,
    }[way]
    before = os.times()
    make(folder, clients)
    after = os.times()
    peak = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)
    )
    return {"seconds": sum(after[:4]) - sum(before[:4]), "memory": peak / 1024}


def main() -> None:
    """Measure every way in a process of its own and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--way", choices=("first", *WAYS))
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    if chosen.way:
        print(json.dumps(measured(chosen.way, chosen.folder, chosen.clients)))
        return
    found = {}
    with tempfile.TemporaryDirectory() as name:
        prepare(Path(name), clients=chosen.clients)
        for way in ("first", *WAYS):
            command = [sys.executable, __file__, "--way", way, "--folder", name]
            command += ["--clients", str(chosen.clients)]
            told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            found[way] = json.loads(told.splitlines()[-1])
    print(f"# {chosen.clients} client reports of 20 cells and 6 figures, two at once\n")
    print("Processor seconds and memory of one run of `reports.py`.\n")
    print("| made by | seconds | of the commands | times the cells alone | largest process, MB |")
    print("|---|---|---|---|---|")
    for way, words in WAYS.items():
        seconds, memory = found[way]["seconds"], found[way]["memory"]
        shares = [seconds / found[other]["seconds"] for other in ("commands", "alone")]
        print(f"| {words} | {seconds:.1f} | {shares[0]:.0%} | {shares[1]:.2f} | {memory:.0f} |")


if __name__ == "__main__":
    main()
