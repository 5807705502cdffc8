"""How long eight models of attribution take on a million journeys, and what their intervals hold.

    python benchmarks/attribution.py [--journeys 1050000] [--naive 50000] [--draws 200]

Journeys are drawn with a seed and written as Parquet, touches and orders; the clock runs from the
opened data to the credits. The plain version does the same in pandas and Python loops, on fewer
journeys since it takes longer. Seconds are those of the processor, of all threads: an idle machine
of several cores takes less. Some of the journeys drawn run into one another, as those of one person
can.

The intervals are those of samples of persons, drawn with replacement from a shop whose credits are
known since all its persons are. Prints Markdown.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pandas as pd

import marketing_kpi as mk
from marketing_kpi import channels
from marketing_kpi.attribution.credit import PARTS, Counts, Settings, counted, jackknife
from marketing_kpi.attribution.journeys import held

SEED = 2026
CHANNELS = np.array(
    ["affiliate", "direct", "display", "email", "organic_search", "paid_search", "sms", "social"]
)
WEIGHTS = np.array([0.03, 0.18, 0.22, 0.08, 0.27, 0.10, 0.02, 0.10])
TOUCHES = 2.4  # beside the first one, on average
CONVERSION = 0.05
PERIOD = {"start": "2025-01-01", "end": "2026-01-01"}
TOLD = ("first", "last", "time_decay", "markov", "shapley")
POPULATION, SAMPLE = 40_000, 10_000


def write(folder: Path, journeys: int, rng: np.random.Generator) -> None:
    """Write touches and orders of so many journeys, each of a person of its own or a second one."""
    persons = rng.integers(0, int(journeys * 0.8), journeys)
    length = 1 + rng.poisson(TOUCHES, journeys)
    ends = rng.integers(40 * 86_400, 365 * 86_400, journeys)
    journey = np.repeat(np.arange(journeys), length)
    gap = rng.exponential(3 * 86_400, len(journey)).astype("int64")
    first = pd.Timestamp("2025-01-01")
    touches = pd.DataFrame(
        {
            "touchpoint_id": np.arange(len(journey)).astype("str"),
            "customer_id": np.char.add("C", persons[journey].astype("str")),
            "at": first + pd.to_timedelta((ends[journey] - gap).clip(min=0), unit="s"),
            "marketing_channel": rng.choice(CHANNELS, len(journey), p=WEIGHTS / WEIGHTS.sum()),
        }
    )
    buys = rng.random(journeys) < CONVERSION
    orders = pd.DataFrame(
        {
            "order_id": np.arange(buys.sum()).astype("str"),
            "customer_id": np.char.add("C", persons[buys].astype("str")),
            "ordered_at": first + pd.to_timedelta(ends[buys] + 60, unit="s"),
            "amount": rng.gamma(2.0, 40.0, buys.sum()).round(2),
        }
    )
    touches.to_parquet(folder / "touchpoints.parquet")
    orders.to_parquet(folder / "orders.parquet")


# --- The plain version ----------------------------------------------------------------------


def naive(folder: Path, *, half_life_days: float = 7.0, lookback_days: int = 30) -> pd.DataFrame:
    """Make the same journeys and credits in loops, of frames in memory."""
    touches = pd.read_parquet(folder / "touchpoints.parquet")
    orders = pd.read_parquet(folder / "orders.parquet")
    credits = {model: defaultdict(float) for model in channels.MODELS}
    steps, met = Counter(), Counter()
    reach = np.timedelta64(lookback_days, "D")
    ends = dict(iter(orders.groupby("customer_id")["ordered_at"]))
    for person, rows in touches.sort_values(["at", "marketing_channel"]).groupby("customer_id"):
        times, names = rows["at"].to_numpy(), rows["marketing_channel"].to_numpy()
        closing = np.sort(ends[person].to_numpy()) if person in ends else np.array([], "M8[us]")
        following = np.searchsorted(closing, times)
        for stretch in np.unique(following):
            inside = following == stretch
            ordered = stretch < len(closing)
            anchor = closing[stretch] if ordered else times[inside].max()
            blocks = (anchor - times) // reach
            for block in np.unique(blocks[inside]):
                chosen = inside & (blocks == block)
                path = tuple(names[chosen])
                converts = ordered and block == 0
                steps.update(itertools.pairwise(("(start)", *path, "(end)" if converts else "(0)")))
                if converts:
                    met[frozenset(path)] += 1
                    ages = (anchor - times[chosen]) / np.timedelta64(1, "D")
                    share(credits, path, 0.5 ** (ages / half_life_days))
    for names, count in met.items():
        for name in names:
            credits["shapley"][name] += count / len(names)
    credits["markov"] = by_markov(steps, sum(met.values()))
    return pd.DataFrame(credits)


def share(credits: dict, path: tuple[str, ...], weights: np.ndarray) -> None:
    """Share an order by the rules."""
    others = [name for name in path if name != "direct"]
    credits["first"][path[0]] += 1
    credits["last"][path[-1]] += 1
    credits["last_non_direct"][others[-1] if others else path[-1]] += 1
    size = len(path)
    for place, name in enumerate(path):
        credits["linear"][name] += 1 / size
        credits["time_decay"][name] += weights[place] / weights.sum()
        if size <= 2:
            credits["position"][name] += 1 / size
        else:
            ends = place in (0, size - 1)
            credits["position"][name] += 0.4 if ends else 0.2 / (size - 2)


def by_markov(steps: Counter, orders: int) -> dict[str, float]:
    """Share orders by what falls without each channel, found by going on until nothing moves."""
    totals = Counter()
    for (before, _), count in steps.items():
        totals[before] += count

    def converts(without: str | None) -> float:
        worth = defaultdict(float, {"(end)": 1.0})
        for _ in range(200):
            new = defaultdict(float, {"(end)": 1.0})
            for (before, after), count in steps.items():
                if without not in (before, after):
                    new[before] += count / totals[before] * worth[after]
            worth = new
        return worth["(start)"]

    whole = converts(None)
    names = [name for name in totals if name != "(start)"]
    fallen = {name: 1 - converts(name) / whole for name in names}
    return {name: orders * fallen[name] / sum(fallen.values()) for name in names}


# --- What is printed ------------------------------------------------------------------------


def timed(folder: Path) -> tuple[dict[str, float], pd.DataFrame]:
    """Return the seconds of each step, and the credits."""
    seconds = {}
    with mk.open_data(folder) as data:
        clock = time.process_time()
        found = channels.journeys(data, **PERIOD)
        seconds["journeys"] = time.process_time() - clock
        for model in channels.MODELS:
            clock = time.process_time()
            channels.attribute(found, model=model)
            seconds[model] = time.process_time() - clock
        clock = time.process_time()
        credits = channels.attribute(found, model="all")
        seconds["all eight at once"] = time.process_time() - clock
        clock = time.process_time()
        channels.attribute(found, model="all", intervals=True, rng=np.random.default_rng(SEED))
        seconds["all eight with intervals"] = time.process_time() - clock
        seconds["paths"], seconds["count"] = found.distinct_paths, found.journeys
    return seconds, credits


def speed(journeys: int, plain: int) -> None:
    """Print the seconds of both versions."""
    rng = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write(folder, journeys, rng)
        seconds, _ = timed(folder)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write(folder, plain, rng)
        ours, credits = timed(folder)
        clock = time.process_time()
        expected = naive(folder)
        slow = time.process_time() - clock
    wide = credits.pivot(index="channel", columns="model", values="conversions")
    apart = np.abs(wide[expected.columns] - expected.loc[wide.index]).max(axis=None)
    count, paths = (seconds.pop(name) for name in ("count", "paths"))
    print(f"## {count:,} journeys on {paths:,} different paths\n")
    print("| what | processor seconds |\n|---|---|")
    for name, value in seconds.items():
        print(f"| {name} | {value:.2f} |")
    of_all = ("journeys", "all eight at once")
    whole = sum(seconds[name] for name in of_all)
    print(f"| journeys and all eight | {whole:.2f} |")
    own = sum(ours[name] for name in of_all)
    print(f"\n## {int(ours['count']):,} journeys beside plain pandas and Python\n")
    print("| version | processor seconds | times ours |\n|---|---|---|")
    print(f"| marketing_kpi | {own:.2f} | 1.0 |\n| plain | {slow:.2f} | {slow / own:.1f} |")
    print(f"\nLargest difference of a credit: {apart:.1e} orders.\n")


def coverage(draws: int) -> None:
    """Print how many of the intervals hold the credit of the whole shop."""
    rng = np.random.default_rng(SEED + 1)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write(folder, POPULATION, rng)
        with (
            mk.open_data(folder) as data,
            held(channels.journeys(data, **PERIOD), direct="direct") as known,
        ):
            codes = known.touches.select("person").distinct().to_pandas()["person"].sort_values()
            number = pd.Series(range(len(codes)), index=codes)
            rows = known.touches.mutate(part=known.touches.person)
            counts = counted(known, rows, Settings.of(TOLD, 7.0, (0.4, 0.2, 0.4)))
    held_by = defaultdict(list)
    tables = {
        name: made.table.assign(part=made.table["part"].map(number))
        for name, made in counts.items()
    }
    truth = {name: counts[name].credited(tables[name])[:, 0] for name in TOLD}
    for _ in range(draws):
        times = np.bincount(rng.integers(0, len(codes), SAMPLE), minlength=len(codes))
        groups = sampled(rng, times)
        for name in TOLD:
            drawn = regrouped(tables[name], groups)
            credits = counts[name].credited(drawn)
            ends = jackknife(Counts(drawn, counts[name].credited), credits, SAMPLE)
            low, high = ends["share_low"], ends["share_high"]
            share_of = truth[name] / truth[name].sum()
            held_by[name].append((low <= share_of) & (share_of <= high))
            scaled = truth[name] * SAMPLE / len(codes)
            low, high = ends["conversions_low"], ends["conversions_high"]
            held_by[name, "orders"].append((low <= scaled) & (scaled <= high))
    print(f"## Intervals that hold the truth: {draws} samples of {SAMPLE:,} persons\n")
    print("| model | share of the orders | orders | least of a channel |\n|---|---|---|---|")
    for name in TOLD:
        shares, orders = np.array(held_by[name]), np.array(held_by[name, "orders"])
        least = min(shares.mean(axis=0).min(), orders.mean(axis=0).min())
        print(f"| {name} | {shares.mean():.3f} | {orders.mean():.3f} | {least:.3f} |")


def sampled(rng: np.random.Generator, times: np.ndarray) -> pd.DataFrame:
    """Put each drawn person into a group: person, group, how many times."""
    persons = np.repeat(np.arange(len(times)), times)
    frame = pd.DataFrame({"part": persons, "group": rng.integers(0, PARTS, len(persons))})
    return frame.groupby(["part", "group"]).size().rename("times").reset_index()


def regrouped(table: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Count again, by group, what the drawn persons did."""
    keys = [name for name in ("channel", "before", "met") if name in table]
    values = [name for name in table if name not in (*keys, "part")]
    both = table.merge(groups, on="part")
    both[values] = both[values].mul(both["times"], axis=0)
    summed = both.groupby(["group", *keys])[values].sum().reset_index()
    return summed.rename(columns={"group": "part"})


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--journeys", type=int, default=1_050_000)
    parser.add_argument("--naive", type=int, default=50_000)
    parser.add_argument("--draws", type=int, default=200)
    given = parser.parse_args()
    print("# Attribution: speed and intervals\n")
    print(f"Of `{Path(__file__).name}`; two cores, which others used at the same time.\n")
    speed(given.journeys, given.naive)
    coverage(given.draws)


if __name__ == "__main__":
    main()
