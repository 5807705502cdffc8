"""Which service level the normal formula of safety stock buys, of demand as shops have it.

``python benchmarks/service_level.py > benchmarks/service_level.md`` makes the committed table. Each
kind of demand is played day by day, with lead times of 14 days give or take 4, and learnt from one
year as a shop would. The level is the share of cycles, from one delivery to the next, that pass
without a stock-out.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from marketing_kpi import inventory
from marketing_kpi.kpis.intervals import Z95
from marketing_kpi.stock.service import Demand, simulate

LEVEL = 0.95
LEAD_DAYS, LEAD_SD = 14.0, 4.0
SHOPS, DAYS, YEAR = 300, 3000, 365
Draw: TypeAlias = Callable[[np.random.Generator, tuple[int, int]], npt.NDArray[np.int64]]


def bursts(rng: np.random.Generator, size: tuple[int, int]) -> npt.NDArray[np.int64]:
    """One day in ten, an order of 4 units on average."""
    return (rng.random(size) < 0.1) * rng.geometric(0.25, size)


KINDS: Mapping[str, Draw] = {
    "20 a day, by ones": lambda rng, size: rng.poisson(20, size),
    "2 a day, by ones": lambda rng, size: rng.poisson(2, size),
    "1 every 3 days": lambda rng, size: rng.poisson(1 / 3, size),
    "1 every 10 days": lambda rng, size: rng.poisson(0.1, size),
    "1 every 40 days": lambda rng, size: rng.poisson(0.025, size),
    "2 a day, uneven": lambda rng, size: rng.negative_binomial(0.5, 0.2, size),
    "1 every 3 days, uneven": lambda rng, size: rng.negative_binomial(0.1, 0.23, size),
    "4 at once, 1 day in 10": bursts,
}


def lead_times(rng: np.random.Generator, count: int) -> npt.NDArray[np.int64]:
    """Draw lead times in whole days."""
    shape = (LEAD_DAYS / LEAD_SD) ** 2
    drawn = np.round(rng.gamma(shape, LEAD_DAYS / shape, count))
    return np.maximum(drawn, 1).astype(np.int64)


def point_of(demand: npt.NDArray[np.int64], leads: npt.NDArray[np.int64]) -> int:
    """Return the reorder point of the formula, in whole units upwards."""
    mean = float(demand.mean())
    safety = inventory.safety_stock(
        mean,
        sd_demand=float(demand.std(ddof=1)),
        mean_lead_time=float(leads.mean()),
        sd_lead_time=float(leads.std(ddof=1)),
        service_level=LEVEL,
    )
    point = inventory.reorder_point(mean, mean_lead_time=float(leads.mean()), safety_stock=safety)
    return max(math.ceil(point), 0)


def row(name: str, draw: Draw, *, years: int, rng: np.random.Generator) -> str:
    """Play one kind of demand, learn it from single years, and return a row of the table."""
    asked, leads = draw(rng, (SHOPS, DAYS)), lead_times(rng, 20_000)
    point = point_of(asked, leads)
    quantity = max(math.ceil(asked.mean() * 45), 3)
    played = simulate(asked, leads, reorder_point=point, quantity=quantity, rng=rng)
    truth = Demand(np.bincount(asked.ravel()), np.bincount(leads))
    learnt, seen_as, errors, held, needed = [], [], [], [], []
    for _ in range(years):
        year = draw(rng, (1, YEAR)).ravel()
        if not year.any():
            continue
        seen = lead_times(rng, 60)
        told, from_year = Demand(np.bincount(year), np.bincount(seen)), point_of(year, seen)
        bought, real = told.service(from_year), truth.service(from_year).level
        learnt.append(real)
        seen_as.append(bought.level)
        errors.append((bought.high - bought.low) / (2 * Z95))
        held.append(bought.low <= real <= bought.high)
        needed.append(truth.service(told.needed(LEVEL)).level)
    cells = [
        name, point, f"{played.service_level:.3f}", f"{truth.service(point).level:.3f}",
        f"{played.fill_rate:.3f}", truth.needed(LEVEL), f"{np.mean(learnt):.3f}",
        f"{(np.mean(seen_as) - np.mean(learnt)) / np.mean(errors):.2f}", f"{np.mean(held):.2f}",
        f"{np.mean(needed):.3f}",
    ]  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    """Print the table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=200, help="years learnt from, of each kind")
    parser.add_argument("--seed", type=int, default=12)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    print("# The service level that the normal formula buys\n")
    print(
        f"Promised: {LEVEL:.0%} of cycles without a stock-out. Lead times of {LEAD_DAYS:.0f} days, "
        f"give or take {LEAD_SD:.0f}. Played: {SHOPS} shops, {DAYS} days; learnt: "
        f"{options.years} single years and 60 lead times, seed {options.seed}.\n"
    )
    print(
        "| demand | point | played | computed | fill rate | point needed "
        "| learnt: level | learnt: too high by | learnt: interval holds it "
        "| learnt: level of the needed point |"
    )
    print("| --- " * 10 + "|")
    for name, draw in KINDS.items():
        print(row(name, draw, years=options.years, rng=rng), flush=True)
    print(
        "\n*point*: reorder point of the formula, demand known. *computed*: by "
        "`marketing_kpi.stock.service.Demand`, which must agree with *played*. *fill rate*: units "
        "served at once. *learnt*: points set from one year, their level under the true demand; by "
        "how much the same year says it higher, in standard errors; how often its 95% interval "
        "holds it."
    )


if __name__ == "__main__":
    main()
