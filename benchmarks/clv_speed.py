"""How long a BG/NBD fit takes, beside other packages, and how it grows with the customers.

    python benchmarks/clv_speed.py --python lifetimes=/path/to/python --python clvkit=…

Each package runs in an interpreter of its own (`--python NAME=PATH`: lifetimes, clvkit,
pymc-marketing), on one thread, on the same histories; what is absent is not measured. Seconds are
those of the processor, the best of up to 20 fits. Prints clv_speed.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from marketing_kpi.data.samples import open_sample
from marketing_kpi.models.bg_nbd import fit_bg_nbd, simulate
from marketing_kpi.models.purchases import counts, summary

OURS = "marketing_kpi"
TRUTH = {"r": 0.25, "alpha": 4.5, "a": 0.8, "b": 2.4}
SEED = 20_251
ENOUGH = 10  # seconds of fits after which no further one is begun
CHUNK = 1_000_000
WEEKS = range(28, 40)  # ages of customers first seen over 12 weeks, in whole weeks

TITLE = """# Speed of a BG/NBD fit, beside other packages

Processor seconds of `clv_speed.py`, one run on two shared cores, one thread each, the best of up to
20 fits. The other packages take a row a customer, and so does ours in the first table;
pymc-marketing finds the mode of a posterior with its default priors, so its parameters differ.

## The same histories, a row a customer
"""
GROUPS = """
## Grouped counts: customers first seen over 12 weeks, in whole weeks
"""

# What each interpreter runs: it reads histories and prints seconds and log-likelihood as JSON.
WORKER = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import pandas as pd
name, path, enough = sys.argv[1], sys.argv[2], float(sys.argv[3])
frame = pd.read_csv(path)
if name == "marketing_kpi":
    from marketing_kpi.models.bg_nbd import fit_bg_nbd
    def fit():
        got = fit_bg_nbd(frame)
        return got.r, got.alpha, got.a, got.b
elif name == "lifetimes":
    from lifetimes import BetaGeoFitter
    def fit():
        got = BetaGeoFitter(penalizer_coef=0.0).fit(frame.frequency, frame.recency, frame["T"])
        return tuple(got.params_[key] for key in ("r", "alpha", "a", "b"))
elif name == "clvkit":
    from clvkit import BGNBD, CustomerBase
    base = CustomerBase(
        frame.set_index("customer_id"), time_unit="W", has_monetary=False, on_negative="net",
        observation_period_end=pd.Timestamp("1997-09-30"), collapse="D",
    )
    def fit():
        return tuple(BGNBD().fit(base).params_[key] for key in ("r", "alpha", "a", "b"))
else:
    from pymc_marketing.clv import BetaGeoModel
    def fit():
        model = BetaGeoModel(data=frame)
        model.fit(method="map", progressbar=False)
        got = model.fit_result
        return tuple(float(got[key].mean()) for key in ("r", "alpha", "a", "b"))
times = []
while len(times) < 20 and sum(times) < enough:
    start = time.process_time()
    found = fit()
    times.append(time.process_time() - start)
print(json.dumps({"seconds": min(times), "parameters": [float(value) for value in found]}))
"""


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", action="append", default=[], metavar="NAME=PATH")
    parser.add_argument("--largest", type=int, default=10_000_000, help="customers, grouped")
    options = parser.parse_args()
    peers = dict(given.split("=", 1) for given in options.python)
    print(TITLE, flush=True)
    for line in against_peers(peers):
        print(line, flush=True)
    print(GROUPS, flush=True)
    for line in by_groups([100_000, options.largest]):
        print(line, flush=True)


def against_peers(peers: dict[str, str]) -> Iterator[str]:
    """Time fits of the same histories, a row a customer; yield the lines of a Markdown table."""
    yield "| histories | package | seconds | times ours | r, alpha, a, b |"
    yield "|---|---|---|---|---|"
    cases = {"CDNOW sample": cdnow_sample(), "customers": customers(100_000)}
    for label, frame in cases.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "histories.csv"
            frame.to_csv(path, index=False)
            ours = timed(OURS, sys.executable, path)
            for name in (OURS, "lifetimes", "clvkit", "pymc-marketing"):
                got = ours if name == OURS else timed(name, peers.get(name), path)
                yield row(f"{label} ({len(frame):,})", name, got, ours)


def row(label: str, name: str, got: dict | None, ours: dict | None) -> str:
    """Return a line of the table; a package that is absent or fails was not measured."""
    if got is None or ours is None:
        return f"| {label} | {name} | not measured | | |"
    found = ", ".join(f"{value:.4f}" for value in got["parameters"])
    ratio = got["seconds"] / ours["seconds"]
    return f"| {label} | {name} | {got['seconds']:.4f} | {ratio:.1f} | {found} |"


def timed(name: str, python: str | None, path: Path) -> dict | None:
    """Fit in another interpreter; None when there is none, or it fails."""
    if python is None:
        return None
    one_thread = {f"{kind}_NUM_THREADS": "1" for kind in ("OMP", "OPENBLAS", "MKL")}
    run = subprocess.run(
        [python, "-c", WORKER, name, str(path), str(ENOUGH)],
        capture_output=True,
        text=True,
        env={**os.environ, **one_thread},
    )
    if run.returncode:
        print(f"{name}: {run.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return json.loads(run.stdout.splitlines()[-1])


def cdnow_sample() -> pd.DataFrame:
    """Return the histories of the published 1/10 sample of CDNOW, in weeks."""
    folder = Path(find_spec("lifetimes").origin).parent / "datasets"
    lines = (folder / "CDNOW_sample.txt").read_text().splitlines()
    chosen = sorted({line.split()[0] for line in lines})
    with open_sample("cdnow") as data:
        orders = data.orders
        found = summary(orders.filter(orders.customer_id.isin(chosen)), as_of="1997-10-01")
        return found.order_by("customer_id").to_pandas().drop(columns="monetary_value")


def customers(size: int) -> pd.DataFrame:
    """Simulate customers first seen over 12 weeks, by the day."""
    rng = np.random.default_rng(SEED)
    age = rng.integers(WEEKS[0] * 7, WEEKS[-1] * 7 + 7, size) / 7
    frame = simulate(**TRUTH, age=age, rng=rng)
    # A day is the finest that orders tell: the last purchase is at least a day after the first.
    frame["recency"] = np.ceil(frame.recency * 7) / 7
    return frame.assign(customer_id=np.arange(size))


def by_groups(sizes: list[int]) -> Iterator[str]:
    """Time fits of grouped counts of more and more customers; yield the lines of a table."""
    yield "| customers | groups | seconds to group | seconds to fit | times the first |"
    yield "|---|---|---|---|---|"
    first = None
    for size in sizes:
        grouped, to_group = whole_weeks(size)
        seconds = min(fit_seconds(grouped) for _ in range(20))
        first = first or seconds
        yield (
            f"| {size:,} | {len(grouped):,} | {to_group:.2f} | {seconds:.4f} "
            f"| {seconds / first:.1f} |"
        )


def fit_seconds(grouped: pd.DataFrame) -> float:
    """Return how long one fit takes the processor."""
    start = time.process_time()
    fit_bg_nbd(grouped)
    return time.process_time() - start


def whole_weeks(size: int) -> tuple[pd.DataFrame, float]:
    """Simulate customers by whole weeks and group them in the engine, in chunks."""
    rng = np.random.default_rng(SEED)
    parts, seconds = [], 0.0
    for start in range(0, size, CHUNK):
        age = rng.choice(np.array(WEEKS, dtype=float), min(CHUNK, size - start))
        frame = simulate(**TRUTH, age=age, rng=rng)
        frame["recency"] = np.ceil(frame.recency)
        before = time.process_time()
        parts.append(counts(frame))
        seconds += time.process_time() - before
    keys = ["frequency", "recency", "T"]
    return pd.concat(parts).groupby(keys, as_index=False)["customers"].sum(), seconds


if __name__ == "__main__":
    main()
