"""How often the two 95 % intervals of a growth rate cover the true one.

``python benchmarks/growth_coverage.py > benchmarks/growth_coverage.md`` makes the committed table;
it takes about two minutes. A customer is there in the first year, in the second or in both (a
third each), orders as a Poisson process at a rate of their own (gamma, shape 0.8) through months of
a season, and spends lognormal baskets around a level of their own. Every month of either year is
also moved for all customers together, by a lognormal factor of the spread shown. The last table
holds the demo retailer against itself: many small shops of other seeds, of which the growth over
all of them stands for the true one.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import marketing_kpi as mk
from marketing_kpi import revenue
from marketing_kpi.data.demo import simulate
from marketing_kpi.growth.chance import Interval, months_error, widened

SAMPLES = {120: 300, 400: 200, 1500: 100}
SPREADS = (0.8, 1.3)
SHOCKS = (0.0, 0.1)
SEASON = np.array([0.8, 0.78, 0.88, 0.95, 1.04, 1.06, 0.98, 0.96, 0.97, 0.98, 1.18, 1.42])
PERIODS = mk.periods(as_of="2026-01-01")
SHOPS, SCALE = 40, 0.05


def shop(rng, *, customers: int, samples: int, spread: float, shock: float, growth: float):
    """Return the orders of many shops, each its own channel."""
    size = customers * samples
    rate = rng.gamma(0.8, 1.5, size) / 12
    level = rng.normal(4, 0.4, size)
    kind = rng.integers(0, 3, size)
    months = []
    for year, there in ((2024, kind != 1), (2025, kind != 0)):
        shocks = rng.lognormal(-(shock**2) / 2, shock, (samples, 12)) * SEASON
        means = (rate * there)[:, None] * np.repeat(shocks, customers, axis=0)
        counts = rng.poisson(means * (1 + growth if year == 2025 else 1))
        who, month = np.nonzero(counts)
        times = counts[who, month]
        months.append(pd.DataFrame({"who": np.repeat(who, times), "year": year,
                                    "month": np.repeat(month, times) + 1}))  # fmt: skip
    rows = pd.concat(months, ignore_index=True)
    amount = rng.lognormal(level[rows.who], spread)
    day = pd.to_datetime(rows[["year", "month"]].assign(day=15))
    return pd.DataFrame(
        {
            "order_id": np.arange(len(rows)).astype(str),
            "customer_id": rows.who.astype(str),
            "channel": (rows.who // customers).astype(str),
            "ordered_at": day,
            "amount": amount.round(2),
        }
    )


def intervals_of(orders: pd.DataFrame) -> pd.DataFrame:
    """Return both intervals of each shop."""
    with mk.open_data({"orders": orders}) as data:
        found = revenue.growth_by(data, by="channel", periods=PERIODS).set_index("channel")
    month, year = orders.ordered_at.dt.month, orders.ordered_at.dt.year
    sums = orders.groupby(["channel", month.rename("month"), year.rename("year")]).amount.sum()
    sums = sums.unstack().reindex(columns=[2024, 2025]).fillna(0.0)
    sums.columns = ["revenue_before", "revenue"]
    squares = orders.assign(square=orders.amount**2).groupby(["channel", year]).square.sum()
    squares = squares.unstack().reindex(columns=[2024, 2025]).fillna(0.0)
    both = []
    for row in found.itertuples():
        before, now = squares.loc[row.Index]
        error = months_error(sums.loc[row.Index], squares_before=before, squares=now)
        customers = Interval() if np.isnan(row.low) else Interval(row.low, row.high)
        both.append(widened(row.growth, customers, error=error, pieces=12))
    return found.assign(both_low=[end.low for end in both], both_high=[end.high for end in both])


def covered(found: pd.DataFrame, low: str, high: str, true: float) -> str:
    """Return how often an interval holds the true growth; where half have one."""
    known = found.dropna(subset=[low, high])
    if len(known) < len(found) / 2:
        return "none"
    return f"{((known[low] <= true) & (true <= known[high])).mean():.3f}"


def verdicts(found: pd.DataFrame) -> str:
    """Return how often growth is claimed, of the shops that get an interval."""
    known = found.dropna(subset=["both_low"])
    return f"{((known.both_low > 0) | (known.both_high < 0)).mean():.3f}"


def simulated(rng: np.random.Generator) -> None:
    """Print the coverage for each size, spread of baskets and shock of months."""
    print("| customers | samples | baskets | months | over customers |"
          " over both | told at growth 0 | told at 20 % |")  # fmt: skip
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for customers, samples in SAMPLES.items():
        for spread in SPREADS:
            for shock in SHOCKS:
                made = {"customers": customers, "samples": samples, "spread": spread}
                none, some = (
                    intervals_of(shop(rng, shock=shock, growth=growth, **made))
                    for growth in (0.0, 0.2)
                )
                cells = [
                    covered(none, "low", "high", 0.0),
                    covered(none, "both_low", "both_high", 0.0),
                    verdicts(none),
                    verdicts(some),
                ]
                print(f"| {customers:,} | {samples} | {spread} | {shock:.0%} | "
                      + " | ".join(cells) + " |", flush=True)  # fmt: skip


def of_the_demo() -> None:
    """Print the coverage over small shops of the demo's own process."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(SHOPS):
            out = simulate(out=Path(folder) / str(seed), scale=SCALE, seed=seed,
                           tables=["orders", "order_lines"])  # fmt: skip
            with mk.open_data(str(out)) as data:
                found = revenue.growth(data, periods=PERIODS)
            rows.append(found._replace(pieces=None))
    found = pd.DataFrame(rows)
    found = found.astype({name: "float64" for name in found if name.endswith(("low", "high"))})
    true = found.revenue.sum() / found.revenue_before.sum() - 1
    kinds = ("customers_", "")
    shares = [covered(found, f"{of}low", f"{of}high", true) for of in kinds]
    print(f"\n{SHOPS} shops of the demo at scale {SCALE}, growth {true:.3f} over all of them:")
    print(f"held over customers {shares[0]}, over both {shares[1]}.")


if __name__ == "__main__":
    print("# Intervals of a growth rate: coverage at nominal 0.95\n\nSeed 2026\n")
    simulated(np.random.default_rng(2026))
    of_the_demo()
