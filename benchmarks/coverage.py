"""How often the 95 % intervals of the lessons hold the truth, over shops like the demo's.

    nice -n 15 .venv/bin/python benchmarks/coverage.py > benchmarks/coverage.md

Each shop is the demo with another seed, of which only the tables that the estimates need are made.
The truth is what its `truth.json` states. 1,000 shops take about half an hour of processor time;
with ``--results FILE`` they are kept, so that a run that was stopped goes on where it was.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # matrices here are small: threads only wait

import argparse
import json
import math
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from marketing_kpi import clv, retention, voice
from marketing_kpi.data.demo import AS_OF, simulate
from marketing_kpi.data.model import Data
from marketing_kpi.data.sources import open_data
from marketing_kpi.kpis.facts.base import standing
from marketing_kpi.overview import wilson

FIRST_SEED = 1000  # neither the demo's nor the one that the limits were measured with
BEGIN = "2023-01-01"
YEAR = {"start": "2025-01-01", "end": AS_OF}
RETURN_DAYS = 60
MONTHS_OF_PANEL = 12
Z95 = 1.959964

# Shops to make, and the band that the covered share is asked to lie in.
QUICK, SLOW = 1000, 200
SECONDS_OF_SLOW = 1.0
BANDS = {QUICK: (0.925, 0.975), SLOW: (0.91, 0.99)}


# --- A shop ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shop:
    """A reseeded demo: its tables, and what is true in it."""

    data: Data
    truth: dict[str, Any]

    @cached_property
    def cohort(self) -> pd.DataFrame:
        """The orders of the customers whose first order is shown."""
        columns = ["order_id", "customer_id", "ordered_at", "amount"]
        return retention.newcomers_orders(self.data).select(columns).to_pandas()

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Their histories, in weeks."""
        return clv.summary(self.cohort, as_of=AS_OF, unit="week")

    @cached_property
    def fit(self) -> clv.BgNbd:
        """BG/NBD on these."""
        return clv.fit_bg_nbd(self.summary, unit="week")


class Interval(NamedTuple):
    """What an estimate says, and what it aims at."""

    name: str
    low: float | None
    high: float | None
    truth: float


# --- The estimates --------------------------------------------------------------------------


def attrition(shop: Shop, year: int) -> Iterator[Interval]:
    """Hold the rate of a year against what it tends to as the shop grows."""
    span = {"start": f"{year}-01-01", "end": f"{year + 1}-01-01"}
    found = clv.attrition(shop.data.orders, **span).to_pandas().iloc[0]
    limit = shop.truth["attrition"][f"observed_{year}_limit"]
    yield Interval(f"attrition rate, {year}", found.low, found.high, limit)


def purchase_model(shop: Shop) -> Iterator[Interval]:
    """Hold the parameters of BG/NBD against what they tend to as the shop grows."""
    fit, limit = shop.fit, shop.truth["bg_nbd"]["limit"]
    truth = {**limit, "alpha": limit["alpha"] / 7}
    errors = None if fit.log_covariance is None else np.sqrt(np.diag(fit.log_covariance))
    for place, name in enumerate(fit.names):
        ends = (
            (None, None)
            if errors is None
            else np.exp(fit.point[place] + errors[place] * Z95 * np.array([-1, 1]))
        )
        yield Interval(f"BG/NBD, {name}", *ends, truth[name])


def year_ahead(shop: Shop) -> Iterator[Interval]:
    """Hold predicted purchases of the year after the data against those that the draw made."""
    made = shop.truth["bg_nbd"]["cohort_purchases_next_365_days"]
    ahead = shop.summary.assign(actual=0, periods=365 / 7)
    found = clv.holdout_verdict(shop.fit, ahead)
    yield Interval("purchases of the next 365 days, fitted to 1 January 2026", *found[6:8], made)


def held_out(shop: Shop, calibration_end: str, name: str) -> Iterator[Interval]:
    """Hold predicted purchases until the end of the data against the actual ones."""
    held = clv.holdout(shop.cohort, calibration_end=calibration_end, end=AS_OF)
    found = clv.holdout_verdict(clv.fit_bg_nbd(held, unit="week"), held)
    yield Interval(name, found.low, found.high, found.actual)


def order_value(shop: Shop) -> Iterator[Interval]:
    """Hold the mean of Gamma-Gamma against that of the tiers, which are equally frequent."""
    found = clv.fit_gamma_gamma(shop.summary).population_mean
    tiers = shop.truth["order_value"]["mean_amount_by_tier"]
    yield Interval("Gamma-Gamma, mean value", found.low, found.high, sum(tiers) / len(tiers))


def survival(shop: Shop) -> Iterator[Interval]:
    """Hold the share without a second purchase against the process, after whole years."""
    curve = retention.survival(shop.cohort, as_of=AS_OF)
    process = shop.truth["bg_nbd"]
    for days in (365, 730):
        _, low, high = curve.at(days)
        truth = (process["alpha"] / (process["alpha"] + days)) ** process["r"]
        yield Interval(f"no second purchase after {days} days", low, high, truth)


def returns(shop: Shop) -> Iterator[Interval]:
    """Hold return rates by channel of sale and category against the probability of a line."""
    last = pd.Timestamp(AS_OF) - pd.Timedelta(days=RETURN_DAYS)
    cells = retention.returns_by(
        shop.data, by=["channel", "category"], start=BEGIN, end=last, returned_before=AS_OF
    )
    known = shop.truth["returns"]
    lines = cells.channel.map(known["rate_of_lines"]) * cells.category.map(
        known["category_factors"]
    )
    for low, high, truth in zip(cells.low, cells.high, lines, strict=True):
        yield Interval("return rate of units by channel and category", low, high, truth)


def surveys(shop: Shop) -> Iterator[Interval]:
    """Hold both scores of three years against those expected of the orders received."""
    known = shop.truth["surveys"]
    answers = voice.answers(shop.data, question="nps")
    found = voice.nps(answers).to_pandas().iloc[0]
    yield Interval("NPS", found.low, found.high, known["nps"])
    waves = [answers.filter(answers.answered_at.year() == year) for year in (2024, 2025)]
    change = voice.nps_change(*waves)
    yield Interval("NPS, change from 2024 to 2025", change.low, change.high, 0)
    satisfied = voice.csat(voice.answers(shop.data, question="csat")).to_pandas().iloc[0]
    yield Interval("CSAT", satisfied.low, satisfied.high, known["csat"])


def wallet(shop: Shop) -> Iterator[Interval]:
    """Hold the panel's share against that of all those it was drawn from."""
    found = voice.share_of_wallet(shop.data, **YEAR).iloc[0]
    orders = standing(shop.data.orders)
    bought = orders.filter(orders.customer_id.notnull(), orders.ordered_at.year() == 2025)
    sums = bought.aggregate(sales=bought.amount.sum(), buyers=bought.customer_id.nunique())
    ours, buyers = sums.to_pandas().astype("float64").iloc[0]
    categories = shop.data.products.category.nunique().execute()
    elsewhere = shop.truth["share_of_wallet"]["elsewhere_per_month"]
    total = ours + buyers * categories * MONTHS_OF_PANEL * elsewhere
    yield Interval("share of wallet", found.low, found.high, ours / total)


class Study(NamedTuple):
    """Estimates that are made together.

    Attributes
    ----------
    name
        What ``--only`` takes.
    aims_at
        The truth that its intervals are held against.
    tables
        Those of the shop that it needs.
    measure
        Gives the intervals of a shop.
    """

    name: str
    aims_at: str
    tables: tuple[str, ...]
    measure: Callable[[Shop], Iterator[Interval]]


ORDERS = ("contacts", "orders")
SALES = (*ORDERS, "order_lines", "products")
STUDIES = (
    Study("attrition 2024", "observed_2024_limit", ORDERS, partial(attrition, year=2024)),
    Study("attrition 2025", "observed_2025_limit", ORDERS, partial(attrition, year=2025)),
    Study("purchase model", "bg_nbd.limit", ORDERS, purchase_model),
    Study("year ahead", "cohort_purchases_next_365_days", ORDERS, year_ahead),
    Study(
        "holdout from January",
        "purchases made",
        ORDERS,
        partial(
            held_out,
            calibration_end="2025-01-01",
            name="purchases of 2025, fitted to 1 January 2025",
        ),
    ),
    Study(
        "holdout from July",
        "purchases made",
        ORDERS,
        partial(
            held_out,
            calibration_end="2025-07-01",
            name="purchases of July to December 2025, fitted to 1 July 2025",
        ),
    ),
    Study("order value", "mean of mean_amount_by_tier", ORDERS, order_value),
    Study("survival", "the process: (alpha / (alpha + t))^r", ORDERS, survival),
    Study("surveys", "nps, csat; a change of 0", (*ORDERS, "surveys"), surveys),
    Study("wallet", "sales and elsewhere_per_month", (*SALES, "category_spend"), wallet),
    Study("returns", "rate_of_lines x category_factors", (*SALES, "returns"), returns),
)


# --- Many shops -----------------------------------------------------------------------------


class Job(NamedTuple):
    """A shop to make, and the studies to make of it."""

    seed: int
    names: tuple[str, ...]


def run(job: Job) -> list[dict[str, Any]]:
    """Make a shop, and return a record of each study: its intervals, and processor seconds."""
    studies = [study for study in STUDIES if study.name in job.names]
    tables = sorted({table for study in studies for table in study.tables})
    with tempfile.TemporaryDirectory() as folder:
        out = simulate(out=Path(folder), seed=job.seed, tables=tables)
        truth = json.loads((out / "truth.json").read_text(encoding="utf-8"))
        with open_data(out) as data:
            shop = Shop(data, truth)
            return [timed(study, shop, job.seed) for study in studies]


def timed(study: Study, shop: Shop, seed: int) -> dict[str, Any]:
    """Make one study of a shop."""
    before = time.process_time()
    found = [(name, *map(number, rest)) for name, *rest in study.measure(shop)]
    seconds = time.process_time() - before
    return {"study": study.name, "seed": seed, "seconds": seconds, "intervals": found}


def number(value: Any) -> float | None:
    """Return a plain number, None for null."""
    return None if value is None or math.isnan(value) else float(value)


def wanted(studies: list[Study], shops: int, first: int, known: list[dict[str, Any]]) -> list[Job]:
    """Return the shops that still have to be made."""
    done = {(record["study"], record["seed"]) for record in known}
    jobs = []
    for seed in range(first, first + shops):
        names = tuple(study.name for study in studies if (study.name, seed) not in done)
        if names:
            jobs.append(Job(seed, names))
    return jobs


def measure(jobs: list[Job], results: Path, processes: int) -> None:
    """Make shops, and append what is found in them to a file, a line a study."""
    with (
        get_context("spawn").Pool(processes, maxtasksperchild=100) as pool,
        results.open("a", encoding="utf-8") as file,
    ):
        for records in pool.imap_unordered(run, jobs):
            file.writelines(json.dumps(record) + "\n" for record in records)
            file.flush()


def recorded(results: Path) -> list[dict[str, Any]]:
    """Read what was found so far."""
    if not results.is_file():
        return []
    return [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]


# --- The table ------------------------------------------------------------------------------


def table(records: list[dict[str, Any]], studies: list[Study]) -> str:
    """Return how often each kind of interval holds the truth, in Markdown."""
    lines = [
        "| interval of | aims at | shops | holds it | of that 95 % | below it | above it "
        "| error | seconds | asked | within |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for study in studies:
        own = sorted(
            (record for record in records if record["study"] == study.name),
            key=lambda record: record["seed"],
        )
        if not own:
            continue
        seconds = float(np.median([record["seconds"] for record in own]))
        rows = [(record["seed"], *one) for record in own for one in record["intervals"]]
        frame = pd.DataFrame(rows, columns=["seed", "name", "low", "high", "truth"])
        for name in frame["name"].unique():
            cells = " | ".join(cells_of(frame[frame["name"] == name], seconds))
            lines.append(f"| {name} | {study.aims_at} | {cells} |")
    return "\n".join(lines)


def cells_of(intervals: pd.DataFrame, seconds: float) -> list[str]:
    """Return the cells of a row from its intervals, of one or several a shop."""
    known = intervals.dropna(subset=["low", "high"])
    below, above = known["high"] < known["truth"], known["low"] > known["truth"]
    held = (~below & ~above).groupby(known["seed"]).mean()
    low, high = chance(held)
    middle = (known["low"] + known["high"]) / 2
    error = (middle - known["truth"]).mean() / ((known["high"] - known["low"]).mean() / 2 / Z95)
    asked = BANDS[QUICK if seconds <= SECONDS_OF_SLOW else SLOW]
    return [
        f"{len(held):,}",
        f"{held.mean():.1%}",
        f"{low:.1%} to {high:.1%}",
        f"{below.mean():.1%}",
        f"{above.mean():.1%}",
        f"{error:+.2f}",
        f"{seconds:.1f}",
        f"{asked[0]:.1%} to {asked[1]:.1%}",
        "yes" if asked[0] <= held.mean() <= asked[1] else "**no**",
    ]


def chance(held: pd.Series) -> tuple[float | None, float | None]:
    """Return the 95 % interval of a share covered: Wilson's, with shops as what is drawn."""
    share, error = float(held.mean()), float(held.sem())
    return wilson(share, share * (1 - share) / error**2 if error else len(held))


def main() -> None:
    """Make the shops that are lacking, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shops", type=int, default=QUICK)
    parser.add_argument("--only", action="append", choices=[study.name for study in STUDIES])
    parser.add_argument("--seed", type=int, default=FIRST_SEED, help="of the first shop")
    parser.add_argument("--results", type=Path, help="keep what is found in this file")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    studies = [study for study in STUDIES if not options.only or study.name in options.only]
    with tempfile.TemporaryDirectory() as folder:
        results = options.results or Path(folder) / "results.jsonl"
        jobs = wanted(studies, options.shops, options.seed, recorded(results))
        measure(jobs, results, options.processes)
        print(HEAD)
        print(table(recorded(results), studies))


HEAD = """# How often the 95 % intervals hold the truth

In shops like the demo's, each with its own seed; by `coverage.py`.
"""

if __name__ == "__main__":
    main()
