"""Orders to the summary and the RFM scores of each customer, beside SQL by hand and other packages.

    python benchmarks/customers.py --orders 1_000_000 10_000_000 \\
        --python openretailscience=/path/to/python > benchmarks/customers.md

Each candidate runs in a process of its own, on the same files, from the file to the result in
memory (its imports apart), and tells its seconds and the most memory it held; all in turns, round
after round, the medians shown. `--python NAME=PATH` gives the interpreter of a package that cannot
be installed beside the others; what is absent is said. Those that count the same must agree.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

AS_OF, LAST_DAY = "2026-01-01", "2025-12-31"
HAND, OURS, OPENED = "DuckDB, SQL by hand", "marketing_kpi", "marketing_kpi, from open_data"
READY = "marketing_kpi, once opened"
ROWS_COUNTED = "DuckDB, SQL by hand, rows counted"
COLUMNS = ["order_id", "customer_id", "ordered_at", "amount"]
IMPORTS = 11
FEW = "few"
"""Name of a file of some orders, on which each process tries its candidate before the clock."""

SLOW_CSV = 1_000_000
"""Orders above which the candidates of `ONCE` are measured on Parquet alone."""

SUMMARY = """
    SELECT customer_id, min(ordered_at)::DATE AS first_order, max(ordered_at)::DATE AS last_order,
           date_diff('day', max(ordered_at)::DATE, DATE '{as_of}') AS recency_days,
           {frequency} AS frequency, sum(amount) AS monetary
    FROM '{path}' WHERE customer_id IS NOT NULL AND ordered_at < TIMESTAMP '{as_of}'
    GROUP BY customer_id
"""
CLASS = """
    ((2 * rank() OVER (ORDER BY {order}) + count(*) OVER (PARTITION BY {measure}) - 2) * 5)
    // (2 * count(*) OVER ()) + 1 AS {letter}"""
CLASSES = ",".join(
    CLASS.format(letter=letter, measure=measure, order=order)
    for letter, measure, order in (
        ("r", "recency_days", "recency_days DESC"),
        ("f", "frequency", "frequency"),
        ("m", "monetary", "monetary"),
    )
)
SCORES = f"""
    SELECT *, r || '' || f || m AS rfm
    FROM (SELECT *, {CLASSES} FROM (SELECT * REPLACE (round(monetary, 4) AS monetary)
                                    FROM ({SUMMARY})))
"""
ORDERS = """
    COPY (
        SELECT 'O' || lpad(i::VARCHAR, 9, '0') AS order_id,
               'C' || lpad((pow(hash(i) / 18446744073709551616.0, 2) * {customers})
                           ::BIGINT::VARCHAR, 8, '0') AS customer_id,
               TIMESTAMP '2023-01-01' + to_seconds((hash(i + 7) % 94608000)::BIGINT) AS ordered_at,
               round(5 + hash(i + 13) % 20000 / 100.0, 2)::DOUBLE AS amount
        FROM range({orders}) AS numbered(i)
    ) TO '{path}'
"""


# --- Candidates -----------------------------------------------------------------------------
# Each takes a task ("summary" or "scores") and a file, and returns its result, held in memory.


def by_hand(task: str, path: str, *, frequency: str = "count(DISTINCT order_id)") -> Any:
    """Answer by SQL written by hand, in DuckDB."""
    import duckdb

    query = (SUMMARY if task == "summary" else SCORES).format(
        as_of=AS_OF, path=path, frequency=frequency
    )
    return duckdb.connect().execute(query).to_arrow_table()


def rows_counted(task: str, path: str) -> Any:
    """Answer by SQL by hand that counts rows: right where an order is on one row."""
    return by_hand(task, path, frequency="count(*)")


def ours(task: str, path: str) -> Any:
    """Answer by `rfm`, on the file as DuckDB reads it."""
    import ibis

    connection = ibis.duckdb.connect()
    read = connection.read_parquet if path.endswith(".parquet") else connection.read_csv
    return _of_table(task, read(path))


def opened(task: str, path: str) -> Any:
    """Answer by `rfm`, on the file as `open_data` reads it."""
    with _data(path) as data:
        return _of_table(task, data.orders)


def once_opened(task: str, path: str) -> Callable[[], Any]:
    """Open the file by `open_data`; what is returned answers by `rfm`."""
    data = _data(path)
    return lambda: _of_table(task, data.orders)


def _data(path: str) -> Any:
    from marketing_kpi.data.sources import open_data

    return open_data(path)


def _of_table(task: str, orders: Any) -> Any:
    from marketing_kpi import rfm

    summary = rfm.summary(orders, as_of=AS_OF)
    return (summary if task == "summary" else rfm.score(summary)).to_pyarrow()


def by_polars(task: str, path: str) -> Any:
    """Answer by Polars, by hand."""
    import datetime as dt

    import polars as pl

    is_csv = path.endswith(".csv")
    orders = pl.scan_csv(path, try_parse_dates=True) if is_csv else pl.scan_parquet(path)
    end = dt.datetime.fromisoformat(AS_OF)
    kept = orders.filter(pl.col("customer_id").is_not_null(), pl.col("ordered_at") < end)
    day = pl.col("ordered_at").dt.date()
    summary = kept.group_by("customer_id").agg(
        first_order=day.min(),
        last_order=day.max(),
        frequency=pl.col("order_id").n_unique(),
        monetary=pl.col("amount").sum(),
    )
    recency = (pl.lit(end.date()) - pl.col("last_order")).dt.total_days()
    summary = summary.with_columns(recency_days=recency)
    if task == "summary":
        return summary.collect()
    exact = pl.col("monetary").round(4)
    measures = {"r": -pl.col("recency_days"), "f": pl.col("frequency"), "m": exact}
    classes = {
        letter: ((2 * value.rank("average") - 1) * 5 // (2 * pl.len()) + 1).cast(pl.Int64)
        for letter, value in measures.items()
    }
    return summary.with_columns(**classes).with_columns(rfm=pl.concat_str("r", "f", "m")).collect()


def _frame(path: str) -> Any:
    import pandas as pd

    if path.endswith(".csv"):
        return pd.read_csv(path, parse_dates=["ordered_at"])
    return pd.read_parquet(path, columns=COLUMNS)


def by_pandas(task: str, path: str) -> Any:
    """Answer by pandas, by hand."""
    import pandas as pd

    orders = _frame(path)
    orders = orders[orders["ordered_at"] < AS_OF]
    orders = orders.assign(day=orders["ordered_at"].dt.normalize())
    summary = orders.groupby("customer_id").agg(
        first_order=("day", "min"),
        last_order=("day", "max"),
        frequency=("order_id", "nunique"),
        monetary=("amount", "sum"),
    )
    summary["recency_days"] = (pd.Timestamp(AS_OF) - summary["last_order"]).dt.days
    if task == "summary":
        return summary
    values = {
        "r": -summary["recency_days"],
        "f": summary["frequency"],
        "m": summary["monetary"].round(4),
    }
    for letter, value in values.items():
        twice = (2 * value.rank() - 1).astype("int64")
        summary[letter] = twice * 5 // (2 * len(summary)) + 1
    texts = [summary[letter].astype("str") for letter in "rfm"]
    summary["rfm"] = texts[0] + texts[1] + texts[2]
    return summary


def by_openretailscience(task: str, path: str) -> Any:
    """Answer by openretailscience, on the file as DuckDB reads it."""
    import ibis
    from openretailscience.segmentation.rfm import RFMSegmentation

    connection = ibis.duckdb.connect()
    read = connection.read_parquet if path.endswith(".parquet") else connection.read_csv
    names = {"transaction_id": "order_id", "transaction_date": "ordered_at", "unit_spend": "amount"}
    orders = read(path).rename(names)
    found = RFMSegmentation(orders, AS_OF, r_segments=5, f_segments=5, m_segments=5).table
    if task == "summary":
        found = found.select("customer_id", "recency_days", "frequency", "monetary")
    return found.to_pyarrow()


def by_lifetimes(task: str, path: str) -> Any:  # noqa: ARG001
    """Answer by lifetimes."""
    from lifetimes.utils import summary_data_from_transaction_data

    return summary_data_from_transaction_data(
        _frame(path), "customer_id", "ordered_at", "amount", observation_period_end=LAST_DAY
    )


def by_clvkit(task: str, path: str) -> Any:  # noqa: ARG001
    """Answer by clvkit."""
    from clvkit import CustomerBase

    read = CustomerBase.from_transactions
    return read(_frame(path), datetime_col="ordered_at", observation_period_end=LAST_DAY)


def by_pymc_marketing(task: str, path: str) -> Any:
    """Answer by pymc-marketing."""
    from pymc_marketing.clv.utils import rfm_segments, rfm_summary

    given = (_frame(path), "customer_id", "ordered_at", "amount")
    if task == "summary":
        return rfm_summary(*given, observation_period_end=LAST_DAY, include_first_transaction=True)
    return rfm_segments(*given, observation_period_end=LAST_DAY)


CANDIDATES: dict[str, tuple[Callable[[str, str], Any], str]] = {
    HAND: (by_hand, "duckdb"),
    OURS: (ours, "ibis"),
    READY: (once_opened, "ibis"),
    OPENED: (opened, "ibis"),
    ROWS_COUNTED: (rows_counted, "duckdb"),
    "Polars by hand": (by_polars, "polars"),
    "pandas by hand": (by_pandas, "pandas"),
    "openretailscience": (by_openretailscience, "openretailscience"),
    "lifetimes": (by_lifetimes, "lifetimes"),
    "clvkit": (by_clvkit, "clvkit"),
    "pymc-marketing": (by_pymc_marketing, "pymc_marketing"),
}
"""What runs, and the package that it needs; `READY` opens the file before the clock runs."""

ONCE = {OPENED, "lifetimes", "clvkit", "pymc-marketing"}
"""Candidates that take long, measured in the first round alone."""

NO_SCORES = {"lifetimes", "clvkit"}
OTHERWISE = {
    "openretailscience": "ties split by id",
    "lifetimes": "days of purchase after the first",
    "clvkit": "days of purchase after the first",
    "pymc-marketing": "days of purchase; quarters",
}
"""What a candidate counts otherwise than the others."""


# --- One process ----------------------------------------------------------------------------


def measure(name: str, task: str, path: str) -> dict[str, Any]:
    """Run a candidate in this process; return its seconds, memory and the sums of its result."""
    warnings.simplefilter("ignore")
    answering(name, task, str(Path(path).with_stem(FEW)))()  # loads what it is made of
    answer = answering(name, task, path)
    began, worked = time.perf_counter(), time.process_time()
    found = answer()
    wall, work = time.perf_counter() - began, time.process_time() - worked
    peak = peak_mb()
    same = [] if name in OTHERWISE and (task != "summary" or name in ONCE) else sums(task, found)
    return {"wall": wall, "work": work, "peak": peak, "sums": same}


def answering(name: str, task: str, path: str) -> Callable[[], Any]:
    """Return what a candidate is timed on."""
    call, _ = CANDIDATES[name]
    return call(task, path) if name == READY else lambda: call(task, path)


def peak_mb() -> float:
    """Return the most memory that this process held: what it was forked from is not counted."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii"))
        return int(found[1]) / 1024 if found else 0.0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def sums(task: str, found: Any) -> list[float]:
    """Return what must be the same for all who count the same."""
    names = [
        "recency_days",
        "frequency",
        "monetary",
        *(["r", "f", "m"] if task == "scores" else []),
    ]
    if hasattr(found, "column_names"):
        import pyarrow.compute as pc

        return [len(found), *(float(pc.sum(found[name]).as_py()) for name in names)]
    return [len(found), *(float(found[name].sum()) for name in names)]


# --- All of them ----------------------------------------------------------------------------


def make(folder: Path, orders: int) -> dict[str, Path]:
    """Write orders, eight a customer on average and few for most, as Parquet and as CSV."""
    import duckdb

    with duckdb.connect() as connection:
        for name, rows in ((FEW, 10_000), ("orders", orders)):
            path = folder / f"{name}.parquet"
            query = ORDERS.format(orders=rows, customers=rows // 8, path=path)
            connection.execute(query)
            copy = path.with_suffix(".csv")
            connection.execute(f"COPY (FROM '{path}') TO '{copy}' (HEADER)")
    return {kind: folder / f"orders.{kind}" for kind in ("parquet", "csv")}


def taking_part(kind: str, task: str, orders: int) -> list[str]:
    """Return the candidates that answer a task, on a file of a kind."""
    return [
        name
        for name in CANDIDATES
        if (task == "summary" or name not in NO_SCORES)
        and (kind == "parquet" or orders <= SLOW_CSV or name not in ONCE)
    ]


def table(
    path: Path, task: str, orders: int, *, names: list[str], runs: int, pythons: dict[str, str]
) -> Iterator[str]:
    """Measure the candidates of a task on a file in turns; yield the lines of a Markdown table."""
    kind = path.suffix[1:]
    told: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for turn in range(runs):
        for name in names:
            if turn == 0 or (told[name] and name not in ONCE):
                told[name] += filter(None, [apart(name, task, path, pythons)])
    check({name: of[0]["sums"] for name, of in told.items() if of})
    medians = {name: middle(of) for name, of in told.items() if of}
    yield f"## {orders:,} orders in {'Parquet' if kind == 'parquet' else 'CSV'} to {task}\n"
    yield "| by | processor seconds | over by hand | wall seconds | peak MB | runs | note |"
    yield "|---|---|---|---|---|---|---|"
    for name in names:
        if name not in medians:
            yield f"| {name} | not installed |  |  |  |  |  |"
            continue
        found = medians[name]
        yield (
            f"| {name} | {found['work']:.2f} | {found['work'] / medians[HAND]['work']:.2f} | "
            f"{found['wall']:.2f} | {found['peak']:,.0f} | {len(told[name])} | "
            f"{OTHERWISE.get(name, '')} |"
        )
    yield ""


def middle(of: list[dict[str, Any]]) -> dict[str, float]:
    """Return the medians of the runs of a candidate."""
    return {key: statistics.median(run[key] for run in of) for key in ("work", "wall", "peak")}


def apart(name: str, task: str, path: Path, pythons: dict[str, str]) -> dict[str, Any] | None:
    """Measure a candidate in a process of its own; None where its package is not installed."""
    python = pythons.get(name, sys.executable)
    if name not in pythons and importlib.util.find_spec(CANDIDATES[name][1]) is None:
        return None
    command = [python, __file__, "--measure", name, task, str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{name}, {task} of {path.name}:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"{name}, {task} of {path.name}: {found['work']:.2f}", file=sys.stderr, flush=True)
    return found


def check(told: dict[str, list[float]]) -> None:
    """Leave where two candidates that count the same differ."""
    for name, found in told.items():
        pairs = zip(found, told[HAND], strict=False)
        if any(abs(one - other) > 1e-9 * abs(other) for one, other in pairs):
            sys.exit(f"{name} differs: {found}, by hand {told[HAND]}")


def importing() -> str:
    """Time `import marketing_kpi` in fresh processes, after one that fills the disk's cache."""
    code = (
        "import time; a, b = time.perf_counter(), time.process_time(); import marketing_kpi; "
        "print(time.perf_counter() - a, time.process_time() - b)"
    )
    command = [sys.executable, "-c", code]
    printed = [
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        for _ in range(IMPORTS + 1)
    ]
    wall, work = (statistics.median(map(float, of)) for of in zip(*printed[1:], strict=True))
    return (
        f"`import marketing_kpi`, the median of {IMPORTS} fresh processes: {wall:.4f} s on the "
        f"clock, {work:.4f} of the processor.\n"
    )


def machine() -> str:
    """Describe the machine and the versions."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in ("duckdb", "ibis-framework", "pandas", "polars", "lifetimes", "clvkit",
                 "pymc-marketing"):  # fmt: skip
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {number}" for name, number in found.items())
    return (
        f"{platform.system()} on {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB; "
        f"Python {platform.python_version()}, {packages}."
    )


def main() -> None:
    """Read the command line, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--kinds", nargs="+", default=["parquet", "csv"])
    parser.add_argument("--only", nargs="+", default=[*CANDIDATES], metavar="CANDIDATE")
    parser.add_argument("--python", action="append", default=[], metavar="NAME=PATH")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(*options.measure)))
        return
    pythons = dict(given.split("=", 1) for given in options.python)
    print("# Orders to customers: summary and RFM scores\n\n" + HEAD)
    print(f"{machine()}\n\n{importing()}", flush=True)
    for orders in options.orders:
        with tempfile.TemporaryDirectory() as folder:
            paths = make(Path(folder), orders)
            for kind, task in product(options.kinds, ("summary", "scores")):
                names = [n for n in taking_part(kind, task, orders) if n in (HAND, *options.only)]
                for line in table(
                    paths[kind], task, orders, names=names, runs=options.runs, pythons=pythons
                ):
                    print(line, flush=True)


HEAD = """Written by `customers.py`: medians of one run, each candidate in fresh processes, from
the file to the result in memory, once it is loaded. *Over by hand*: processor seconds over those of
the SQL by hand that counts different orders. With *rows counted*, the SQL trusts that no order is
on two rows; `rfm.summary` counts rows where `open_data` made sure of that, and different orders in
any other table. *From open_data*: reading, checking and describing the file comes first; *once
opened*: that came before the clock, and is in the peak. Processor seconds compare; those of the
clock depend on what else the machine does.
"""

if __name__ == "__main__":
    main()
