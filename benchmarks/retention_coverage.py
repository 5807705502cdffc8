"""How often the 95 % intervals of return rates and of Kaplan-Meier curves cover the truth.

``python benchmarks/retention_coverage.py > benchmarks/retention_coverage.md`` makes the committed
table; it takes a few minutes. Return rates: every sample is a product of one shop, so that one call
gives all its intervals. A buyer places one order, or 1 + Poisson(2) of them, of 1 + Poisson(1.5)
units each, sent back with a probability that is their own (beta, of the correlation shown between
the units of one buyer). Returns name their order and no customer. Survival: waits of BG/NBD
customers, followed for 1 to 730 days.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from marketing_kpi import retention
from marketing_kpi.data.sources import open_data

SAMPLES = {30: 1500, 60: 1500, 200: 1000, 1000: 400}
CURVES = {30: 600, 100: 600, 400: 600}
HORIZONS = (30, 90, 365)
R, ALPHA = 0.8, 60.0


def shop(rng, *, buyers: int, samples: int, rate: float, within: float, more_orders: float):
    """Return a shop in which each product is a sample of buyers."""
    size = buyers * samples
    odds = (1 - within) / within if within else None
    own = np.full(size, rate) if odds is None else rng.beta(rate * odds, (1 - rate) * odds, size)
    owner = np.repeat(np.arange(size), 1 + rng.poisson(more_orders, size))
    units = 1 + rng.poisson(1.5, len(owner))
    back = rng.binomial(units, own[owner])
    ids, day = pd.Series(np.arange(len(owner)).astype(str)), pd.Timestamp("2025-01-01")
    lines = pd.DataFrame({"order_id": ids, "line_id": "1", "quantity": units, "unit_price": 1.0})
    lines["product_id"] = (owner // buyers).astype(str)
    returned = lines[["order_id", "line_id", "product_id"]].assign(
        return_id=ids, quantity=back, returned_at=day
    )
    orders = pd.DataFrame({"order_id": ids, "customer_id": owner.astype(str), "ordered_at": day})
    tables = {"orders": orders, "order_lines": lines, "returns": returned[back > 0]}
    return open_data(tables)


def returns(rng: np.random.Generator) -> None:
    """Print the coverage of the return rate for each size, rate, correlation and orders a buyer."""
    print("## Return rates: coverage of the 95 % interval\n")
    print("| buyers | samples | rate | correlation | one order a buyer | 1 + Poisson(2) orders |")
    print("| --- | --- | --- | --- | --- | --- |")
    for buyers, samples in SAMPLES.items():
        for rate in (0.02, 0.08, 0.2):
            for within in (0.0, 0.3):
                covered = [
                    _covered(
                        rng, buyers=buyers, samples=samples, rate=rate, within=within,
                        more_orders=more_orders,
                    )
                    for more_orders in (0.0, 2.0)
                ]  # fmt: skip
                shares = " | ".join(f"{share:.3f}" for share in covered)
                print(f"| {buyers:,} | {samples:,} | {rate} | {within} | {shares} |", flush=True)


def _covered(rng: np.random.Generator, *, rate: float, **made) -> float:
    with shop(rng, rate=rate, **made) as data:
        rows = retention.returns_by(data, by="product_id", start="2025-01-01", end="2025-01-02")
    return float(((rows.low <= rate) & (rate <= rows.high)).mean())


def survival(rng: np.random.Generator) -> None:
    """Print the coverage of the band at some days, and of the interval of the median."""
    print("\n## Kaplan-Meier: coverage of the 95 % band at a day, and of the median's interval\n")
    names = ["customers", "samples", *(f"day {day}" for day in HORIZONS), "median"]
    print(f"| {' | '.join(names)} |")
    print("| " + " | ".join("---" for _ in names) + " |")
    half = np.ceil(ALPHA * (0.5 ** (-1 / R) - 1))
    for customers, samples in CURVES.items():
        inside: dict[object, list[bool]] = {day: [] for day in (*HORIZONS, "median")}
        for _ in range(samples):
            waited = np.ceil(ALPHA * (rng.random(customers) ** (-1 / R) - 1))
            followed = rng.integers(1, 731, customers)
            waits = pd.DataFrame(
                {
                    "days": np.minimum(waited, followed),
                    "bought": waited <= followed,
                    "customers": 1,
                }
            )
            found = retention.kaplan_meier(waits)
            for day in HORIZONS:
                _, low, high = found.at(day)
                if low is not None and high is not None:
                    inside[day].append(low <= (ALPHA / (ALPHA + day)) ** R <= high)
            if found.median_low is not None:
                upper = np.inf if found.median_high is None else found.median_high
                inside["median"].append(found.median_low <= half <= upper)
        shares = " | ".join(f"{np.mean(inside[day]):.3f}" for day in inside)
        print(f"| {customers:,} | {samples:,} | {shares} |", flush=True)


if __name__ == "__main__":
    print("# Intervals of return rates and of survival curves\n\nSeed 2026\n")
    returns(np.random.default_rng(2026))
    survival(np.random.default_rng(2026))
