"""How often the 95 % intervals of the lessons hold the truth, over shops like the demo's.

    nice -n 15 .venv/bin/python benchmarks/coverage.py > benchmarks/coverage.md

Each shop is the demo with another seed, of which only the tables that the estimates need are made.
The truth is what its `truth.json` states. Shops are estimated in batches: their customers are put
side by side, and the functions asked by shop, which gives the same and is quicker than one by one.
1,000 shops take half an hour of processor time. With ``--results FILE`` what is found is kept, so
that a run that was stopped goes on where it was.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # matrices here are small: threads only wait

import argparse
import json
import math
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from marketing_kpi import clv, retention, voice
from marketing_kpi.data.demo import AS_OF, simulate
from marketing_kpi.data.model import Data
from marketing_kpi.data.simulation import after_sales, calendar, customers
from marketing_kpi.data.simulation import parameters as p
from marketing_kpi.data.simulation.numbers import Numbers
from marketing_kpi.data.simulation.shop import stream
from marketing_kpi.data.sources import open_data
from marketing_kpi.kpis.facts.base import standing
from marketing_kpi.overview import wilson

FIRST_SEED = 1000  # neither the demo's nor the one that the limits were measured with
BATCH = 20
BEGIN = "2023-01-01"
RETURN_DAYS = 60
MONTHS_OF_PANEL = 12
Z95 = 1.959964

SHOPS = 1000
LARGE = 15  # scale of the shop that shows what a forecast tends to
BAND = (0.925, 0.975)  # that the share of the shops whose interval holds is asked to lie in

IDS = ("customer_id", "order_id", "product_id", "response_id", "return_id")


# --- Shops ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shops:
    """Reseeded demos side by side.

    Attributes
    ----------
    data
        Their tables, in which every id begins with the seed; contacts and products have a column
        that says it, `shop` and `shop_of_product`.
    truths
        What is true in each, by seed.
    """

    data: Data
    truths: dict[int, dict[str, Any]]

    @cached_property
    def cohort(self) -> pd.DataFrame:
        """The orders of the customers whose first order is shown, with their shop."""
        orders = retention.newcomers_orders(self.data)
        orders = orders.select(
            "order_id", "customer_id", "ordered_at", amount=orders.amount.cast("float64")
        )
        return self.by_shop(orders.to_pandas())

    @cached_property
    def histories(self) -> pd.DataFrame:
        """Their histories, in weeks, with their shop."""
        orders = retention.newcomers_orders(self.data)
        return self.by_shop(clv.summary(orders, as_of=AS_OF, unit="week").to_pandas())

    @cached_property
    def fits(self) -> dict[int, clv.BgNbd]:
        """BG/NBD on these, by seed."""
        return {
            seed: clv.fit_bg_nbd(own, unit="week") for seed, own in self.histories.groupby("shop")
        }

    def by_shop(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a frame with the shop of each customer."""
        return frame.assign(shop=frame.customer_id.str.partition("-")[0].astype("int64"))


def make(
    seeds: tuple[int, ...], tables: Sequence[str], folder: Path, scale: float = 1
) -> dict[int, dict[str, Any]]:
    """Write the tables of some shops side by side to a folder, and return their truths."""
    parts: dict[str, list[pa.Table]] = {table: [] for table in tables}
    truths = {}
    for seed in seeds:
        with tempfile.TemporaryDirectory() as own:
            out = simulate(out=Path(own), scale=scale, seed=seed, tables=tables)
            truths[seed] = json.loads((out / "truth.json").read_text(encoding="utf-8"))
            for table in tables:
                parts[table].append(of_shop(pq.read_table(out / f"{table}.parquet"), seed, table))
    for table, own in parts.items():
        pq.write_table(pa.concat_tables(own), folder / f"{table}.parquet")
    return truths


def of_shop(table: pa.Table, seed: int, name: str) -> pa.Table:
    """Return a table of a shop whose ids say which shop they are of."""
    for column in IDS:
        if column in table.column_names:
            own = pc.binary_join_element_wise(f"{seed}", table[column], "-")
            table = table.set_column(table.column_names.index(column), column, own)
    if column := {"contacts": "shop", "products": "shop_of_product"}.get(name):
        table = table.append_column(column, pa.array([f"{seed}"] * len(table)))
    return table


class Interval(NamedTuple):
    """What an estimate says of a shop, and what it aims at."""

    seed: int
    name: str
    low: float | None
    high: float | None
    truth: float


# --- The estimates --------------------------------------------------------------------------


def attrition(shops: Shops, year: int) -> Iterator[Interval]:
    """Hold the rate of a year against what it tends to as the shop grows."""
    span = {"start": f"{year}-01-01", "end": f"{year + 1}-01-01"}
    contacts = shops.data.contacts
    found = clv.attrition(shops.data.orders, **span, segments=contacts, by="shop").to_pandas()
    for row in found.itertuples():
        limit = shops.truths[int(row.shop)]["attrition"][f"observed_{year}_limit"]
        yield Interval(int(row.shop), f"attrition rate, {year}", row.low, row.high, limit)


def purchase_model(shops: Shops) -> Iterator[Interval]:
    """Hold the parameters of BG/NBD against what they tend to as the shop grows."""
    for seed, fit in shops.fits.items():
        limit = shops.truths[seed]["bg_nbd"]["limit"]
        truth = {**limit, "alpha": limit["alpha"] / 7}
        errors = np.sqrt(np.diag(fit.log_covariance))
        for name, centre, error in zip(fit.names, fit.point, errors, strict=True):
            low, high = np.exp([centre - Z95 * error, centre + Z95 * error])
            yield Interval(seed, f"BG/NBD, {name}", low, high, truth[name])


def forecast(shops: Shops, first: str, end: str) -> Iterator[Interval]:
    """Hold the purchases predicted from a day to another against those made."""
    days = (pd.Timestamp(end) - pd.Timestamp(first)).days
    for seed, found in verdicts(shops, first, end):
        name = f"purchases in the {days} days from {first}"
        yield Interval(seed, name, found.low, found.high, found.actual)


def verdicts(shops: Shops, first: str, end: str) -> Iterator[tuple[int, clv.Verdict]]:
    """Set predicted purchases against those of the data, or of the draw in the year after them.

    The fit counts days of purchase, the draw purchases: about one in a hundred more.
    """
    for seed, orders in shops.cohort.groupby("shop"):
        clock = clv.forecast_clock(orders, as_of=first)
        if first == AS_OF:
            held = clv.summary(orders, as_of=AS_OF, clock=clock).assign(actual=0, periods=365 / 7)
        else:
            held = clv.holdout(orders, calibration_end=first, end=end, clock=clock)
        found = clv.holdout_verdict(clv.fit_bg_nbd(held, unit="week", clock=clock), held)
        if first == AS_OF:
            made = shops.truths[seed]["bg_nbd"]["cohort_purchases_next_365_days"]
            found = found._replace(actual=made, error=found.predicted / made - 1)
        yield seed, found


def order_value(shops: Shops) -> Iterator[Interval]:
    """Hold the mean of Gamma-Gamma against that of the tiers, which are equally frequent.

    The model reads days of purchase, the truth is of orders: a day has a little more than one.
    """
    orders = shops.cohort.groupby("shop").size()
    for seed, own in shops.histories.groupby("shop"):
        found = clv.fit_gamma_gamma(own).population_mean
        tiers = shops.truths[seed]["order_value"]["mean_amount_by_tier"]
        orders_a_day = orders[seed] / (own.frequency + 1).sum()
        truth = orders_a_day * sum(tiers) / len(tiers)
        yield Interval(seed, "Gamma-Gamma, mean value", found.low, found.high, truth)


def survival(shops: Shops) -> Iterator[Interval]:
    """Hold the share without a second purchase against the process, after whole years.

    Until the spring e-mail, which brings purchases that the process does not.
    """
    for seed, own in shops.cohort.groupby("shop"):
        truth = shops.truths[seed]
        curve = retention.survival(own, as_of=truth["spring_mail"]["contacted_on"])
        r, alpha = truth["bg_nbd"]["r"], truth["bg_nbd"]["alpha"]
        for days in (365, 730):
            _, low, high = curve.at(days)
            left = (alpha / (alpha + days)) ** r
            yield Interval(seed, f"no second purchase after {days} days", low, high, left)


def surveys(shops: Shops) -> Iterator[Interval]:
    """Hold both scores of three years against those expected of the orders received."""
    for question, score in (("nps", voice.nps), ("csat", voice.csat)):
        answers = voice.answers(shops.data, question=question, by="shop")
        for row in score(answers, by="shop").to_pandas().itertuples():
            truth = shops.truths[int(row.shop)]["surveys"][question]
            yield Interval(int(row.shop), question.upper(), row.low, row.high, truth)


def wallet(shops: Shops) -> Iterator[Interval]:
    """Hold the panel's share against that of all those it was drawn from."""
    found = voice.share_of_wallet(shops.data, start="2025-01-01", end=AS_OF, by="shop")
    orders = standing(shops.data.orders)
    bought = orders.filter(orders.ordered_at.year() == 2025)
    by_customer = bought.group_by("customer_id").aggregate(sales=bought.amount.sum())
    sales = by_customer.to_pandas().set_index("customer_id").sales.astype("float64")
    categories = shops.data.products.category.nunique().execute()
    for row in found.itertuples():
        seed = int(row.shop)
        members = [f"{seed}-{customer}" for customer in candidates(seed)]
        each = shops.truths[seed]["share_of_wallet"]["elsewhere_per_month"]
        elsewhere = len(members) * categories * MONTHS_OF_PANEL * each
        ours = sales.reindex(members).sum()
        yield Interval(seed, "share of wallet", row.low, row.high, ours / (ours + elsewhere))


def candidates(seed: int) -> list[str]:
    """Return whom the panel is drawn from: who bought in its year, not only for a campaign."""
    contacts = customers.draw_contacts(stream(seed, "contacts", 0), 1.0)
    local = np.unique(contacts.buyer[contacts.day >= calendar.LAST_YEAR])
    return Numbers(0, 0).customers(local).to_pylist()


def returns(shops: Shops) -> Iterator[Interval]:
    """Hold return rates by channel of sale and category against those that the shop aims at."""
    keys = ["shop_of_product", "channel", "category"]
    last = pd.Timestamp(AS_OF) - pd.Timedelta(days=RETURN_DAYS)
    cells = retention.returns_by(shops.data, by=keys, start=BEGIN, end=last, returned_before=AS_OF)
    cells = cells.merge(units_back(shops.data, keys, last), on=keys, how="left")
    for row in cells.itertuples():
        seed = int(row.shop_of_product)
        known = shops.truths[seed]["returns"]
        line = known["rate_of_lines"][row.channel] * known["category_factors"][row.category]
        name = "return rate by channel and category"
        yield Interval(seed, name, row.low, row.high, line * row.share)


def units_back(data: Data, keys: list[str], last: pd.Timestamp) -> pd.DataFrame:
    """Return, by cell, the share of a returned line's units that come back with a known order.

    The truth states the probability of a line. Of some lines one unit alone comes back, and of
    some returns to a store nobody knows the order.
    """
    orders = standing(data.orders)
    sold = orders.filter(orders.ordered_at < last).select("order_id", "channel")
    products = data.products.select("product_id", "category", "shop_of_product")
    lines = data.order_lines.select("order_id", "product_id", "quantity")
    lines = lines.inner_join(sold, "order_id").inner_join(products, "product_id")
    sums = lines.group_by(keys).aggregate(lines=lines.count(), units=lines.quantity.sum())
    found = sums.to_pandas().astype({"units": "float64"})
    one_alone = 1 - after_sales.WHOLE_LINE_SHARE
    to_store = np.where(found.channel == "store", 1, after_sales.BACK_TO_STORE_SHARE)
    whole = 1 - one_alone * (1 - found.lines / found.units)
    return found.assign(share=whole * (1 - p.UNKNOWN_RECEIPT_SHARE * to_store))


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
        Gives the intervals of some shops.
    """

    name: str
    aims_at: str
    tables: tuple[str, ...]
    measure: Callable[[Shops], Iterator[Interval]]


ORDERS = ("contacts", "orders")
SALES = (*ORDERS, "order_lines", "products")
FORECASTS = (
    ("2025-01-01", AS_OF, "those made"),
    ("2025-07-01", AS_OF, "those made"),
    ("2024-07-01", "2025-07-01", "those made"),
    (AS_OF, "2027-01-01", "cohort_purchases_next_365_days"),
)
STUDIES = (
    Study("attrition 2024", "observed_2024_limit", ORDERS, partial(attrition, year=2024)),
    Study("attrition 2025", "observed_2025_limit", ORDERS, partial(attrition, year=2025)),
    Study("purchase model", "bg_nbd.limit", ORDERS, purchase_model),
    *(
        Study(f"forecast {first}", of, ORDERS, partial(forecast, first=first, end=end))
        for first, end, of in FORECASTS
    ),
    Study("order value", "mean_amount_by_tier, of a day", ORDERS, order_value),
    Study("survival", "(α / (α + t))^r of bg_nbd", ORDERS, survival),
    Study("surveys", "nps; csat", (*ORDERS, "surveys"), surveys),
    Study("wallet", "elsewhere_per_month", (*SALES, "category_spend"), wallet),
    Study("returns", "rate_of_lines × category_factors, of units", (*SALES, "returns"), returns),
)


# --- Many shops -----------------------------------------------------------------------------


class Job(NamedTuple):
    """Shops to make, and the studies to make of them."""

    seeds: tuple[int, ...]
    names: tuple[str, ...]


def run(job: Job) -> list[dict[str, Any]]:
    """Make shops, and return a record of each study and shop."""
    studies = [study for study in STUDIES if study.name in job.names]
    tables = sorted({table for study in studies for table in study.tables})
    with tempfile.TemporaryDirectory() as folder:
        before = time.process_time()
        truths = make(job.seeds, tables, Path(folder))
        making = time.process_time() - before
        with open_data(folder) as data:
            shops = Shops(data, truths)
            return [one for study in studies for one in timed(study, shops, making)]


def timed(study: Study, shops: Shops, making: float) -> list[dict[str, Any]]:
    """Make one study; its processor seconds are those of a shop, with the making of its tables."""
    before = time.process_time()
    found: dict[int, list[Any]] = {seed: [] for seed in shops.truths}
    for seed, name, *rest in study.measure(shops):
        found[seed].append((name, *map(number, rest)))
    seconds = (time.process_time() - before + making) / len(found)
    return [
        {"study": study.name, "seed": seed, "seconds": seconds, "intervals": intervals}
        for seed, intervals in found.items()
    ]


def number(value: Any) -> float | None:
    """Return a plain number, None for null."""
    return None if value is None or math.isnan(value) else float(value)


def wanted(studies: list[Study], seeds: range, known: list[dict[str, Any]]) -> list[Job]:
    """Return the shops that still have to be made, in batches that lack the same studies."""
    done = {(record["study"], record["seed"]) for record in known}
    lacking: dict[tuple[str, ...], list[int]] = {}
    for seed in seeds:
        names = tuple(study.name for study in studies if (study.name, seed) not in done)
        lacking.setdefault(names, []).append(seed)
    return [
        Job(tuple(own[start : start + BATCH]), names)
        for names, own in lacking.items()
        if names
        for start in range(0, len(own), BATCH)
    ]


def measure(jobs: list[Job], results: Path, processes: int) -> None:
    """Make shops, and append what is found in them to a file, a line a study and shop."""
    with (
        get_context("spawn").Pool(processes) as pool,
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


HEAD = f"""# How often the 95 % intervals hold the truth

Shops like the demo's, each of another seed, by `coverage.py`. Asked is a share of {BAND[0]:.1%} to
{BAND[1]:.1%}; *chance* is the 95 % interval of the share found, *under* and *over* are the shares
of the intervals that lie below and above the truth. Seconds are the processor's, for one shop and
the making of its tables.

| interval of | aims at | shops | holds | chance | under | over | seconds | as asked |
|---|---|---|---|---|---|---|---|---|"""


def table(records: list[dict[str, Any]], studies: list[Study]) -> str:
    """Return how often each kind of interval holds the truth, in Markdown."""
    lines = [HEAD]
    for study in studies:
        own = [record for record in records if record["study"] == study.name]
        rows = [(record["seed"], *one) for record in own for one in record["intervals"]]
        frame = pd.DataFrame(rows, columns=["seed", "name", "low", "high", "truth"])
        for name in dict.fromkeys(frame["name"]):
            seconds = float(np.median([record["seconds"] for record in own]))
            cells = cells_of(frame[frame["name"] == name].sort_values("seed"), seconds)
            lines.append(f"| {name} | {study.aims_at} | {' | '.join(cells)} |")
    return "\n".join(lines)


def cells_of(intervals: pd.DataFrame, seconds: float) -> list[str]:
    """Return the cells of a row from its intervals, of one or several a shop."""
    known = intervals.dropna(subset=["low", "high"])
    under, over = known["high"] < known["truth"], known["low"] > known["truth"]
    held = (~under & ~over).groupby(known["seed"]).mean()
    share = float(held.mean())
    low, high = chance(held)
    return [
        f"{len(held):,}",
        f"{share:.1%}",
        f"{low:.1%}–{high:.1%}",
        f"{under.mean():.1%}",
        f"{over.mean():.1%}",
        f"{seconds:.1f}",
        "yes" if BAND[0] <= share <= BAND[1] else "**no**",
    ]


def chance(held: pd.Series) -> tuple[float | None, float | None]:
    """Return the 95 % interval of a share covered: Wilson's, with shops as what is drawn."""
    share, error = float(held.mean()), float(held.sem())
    return wilson(share, share * (1 - share) / error**2 if error else len(held))


# --- Why forecasts miss ---------------------------------------------------------------------

WHY = f"""
## Why forecasts miss

Predicted over actual purchases in one shop {LARGE} times larger; in one of the same seed whose
regular customers follow no season; and in one without the spring e-mail of 2025 either. From
1 January, after the peak of December, time is counted on the season's clock
(`clv.forecast_clock`); from 1 July on the calendar. No model knows the e-mail: it lacks before it
was sent, and is taken for liveliness, and on the clock for season, after.

| purchases from | to | the demo | no season | nor e-mail |
|---|---|---|---|---|"""


def why() -> str:
    """Return how far forecasts lie from the truth, and without what they would not, in Markdown."""
    errors = zip(
        forecast_errors(calendar.REGULARS_FOLLOW, p.MAILINGS),
        forecast_errors(0.0, p.MAILINGS),
        forecast_errors(0.0, tuple(replace(one, extra_order_probability=0) for one in p.MAILINGS)),
        strict=True,
    )
    rows = [
        f"| {first} | {end} | " + " | ".join(f"{error:+.1%}" for error in three) + " |"
        for (first, end, _), three in zip(FORECASTS, errors, strict=True)
    ]
    return "\n".join([WHY, *rows])


def forecast_errors(follow: float, mailings: tuple[p.Mailing, ...]) -> list[float]:
    """Return predicted / actual - 1 of each forecast in a large shop with such a simulation."""
    calendar.shopping_clock.cache_clear()
    with (
        patch.object(calendar, "REGULARS_FOLLOW", follow),
        patch.object(p, "MAILINGS", mailings),
        tempfile.TemporaryDirectory() as folder,
    ):
        truths = make((FIRST_SEED,), ORDERS, Path(folder), LARGE)
        with open_data(folder) as data:
            shops = Shops(data, truths)
            return [
                found.error
                for first, end, _ in FORECASTS
                for _, found in verdicts(shops, first, end)
            ]


def main() -> None:
    """Make the shops that are lacking, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shops", type=int, default=SHOPS)
    parser.add_argument("--only", action="append", choices=[study.name for study in STUDIES])
    parser.add_argument("--seed", type=int, default=FIRST_SEED, help="of the first shop")
    parser.add_argument("--results", type=Path, help="keep what is found in this file")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    studies = [study for study in STUDIES if not options.only or study.name in options.only]
    seeds = range(options.seed, options.seed + options.shops)
    with tempfile.TemporaryDirectory() as folder:
        results = options.results or Path(folder) / "results.jsonl"
        measure(wanted(studies, seeds, recorded(results)), results, options.processes)
        found = [record for record in recorded(results) if record["seed"] in seeds]
        print(table(found, studies))
    if not options.only:
        print(why())


if __name__ == "__main__":
    main()
