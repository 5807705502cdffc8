"""How often intervals of revenue retention hold the truth, at nominal 95 %, on heavy tails.

    nice python benchmarks/revenue_retention.py > benchmarks/revenue_retention.md

Customers buy at a rate of their own, in two years; three in ten leave between the two. Fieller's
interval is the one that `finance.revenue_retention` gives. The last rows are of the share of sales
that is refunded, one basket in fourteen, as `finance.deduction_rates`. About two minutes of a
processor.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from collections.abc import Callable

import numpy as np

from marketing_kpi.accounts.ratios import fieller
from marketing_kpi.kpis.intervals import Z95, ratio_error

SEED, SEED_OF_REFUNDS = 15, 99
REPLICATIONS, RESAMPLED, RESAMPLES = 2000, 400, 300
CUSTOMERS = (30, 50, 200, 1000)
MOST_RESAMPLED = 200
POPULATION = 2_000_000
LEAVE = 0.3
REFUNDED = 0.07
SPENDING: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "subscription: 4 equal payments a year": lambda _rng, n: np.ones(n),
    "lognormal baskets, sigma 0.7": lambda rng, n: rng.lognormal(4, 0.7, n),
    "lognormal baskets, sigma 1.5": lambda rng, n: rng.lognormal(4, 1.5, n),
    "Pareto baskets, exponent 2.5": lambda rng, n: 1 + rng.pareto(2.5, n),
    "refunds of lognormal baskets, sigma 1": lambda rng, n: rng.lognormal(4, 1, n),
}


def drawn(kind: str, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return what customers who bought in the first year brought in it, and in the next."""
    if kind.startswith("subscription"):
        stays = rng.random(count) >= LEAVE
        return np.full(count, 4.0), np.where(stays, 4.0, rng.integers(0, 4, count))
    rate, bought = np.empty(0), np.empty(0, dtype=int)
    while len(rate) < count:
        more = rng.gamma(0.8, 2.5, 2 * count + 100)
        first = rng.poisson(more)
        rate, bought = np.append(rate, more[first > 0]), np.append(bought, first[first > 0])
    rate, bought = rate[:count], bought[:count]
    again = np.where(rng.random(count) >= LEAVE, rng.poisson(rate), 0)
    taste = rng.lognormal(0, 0.6, count)

    if kind.startswith("refunds"):
        who = np.repeat(np.arange(count), bought)
        baskets = SPENDING[kind](rng, len(who))
        back = baskets * (rng.random(len(who)) < REFUNDED)
        return tuple(taste * np.bincount(who, one, minlength=count) for one in (baskets, back))

    def spent(orders: np.ndarray) -> np.ndarray:
        who = np.repeat(np.arange(count), orders)
        return taste * np.bincount(who, SPENDING[kind](rng, len(who)), minlength=count)

    return spent(bought), spent(again)


def by_fieller(x: np.ndarray, y: np.ndarray) -> tuple[float | None, float | None]:
    """Return the interval that `finance.revenue_retention` gives."""
    return fieller(count=len(x), x=x.sum(), y=y.sum(), xx=x @ x, xy=x @ y, yy=y @ y)


def by_delta(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return the interval of the usual standard error of a ratio."""
    ratio = y.sum() / x.sum()
    error = ratio_error(ratio, count=len(x), x=x.sum(), xx=x @ x, xy=x @ y, yy=y @ y)
    return ratio - Z95 * error, ratio + Z95 * error


def by_resampling(
    x: np.ndarray, y: np.ndarray, rng: np.random.Generator
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the percentile and the studentised bootstrap intervals."""
    count = len(x)
    rows = rng.integers(0, count, (RESAMPLES, count))
    xs, ys = x[rows], y[rows]
    ratios, ratio = ys.sum(1) / xs.sum(1), y.sum() / x.sum()
    errors = (ys - ratios[:, None] * xs).std(1, ddof=1) / xs.mean(1) / count**0.5
    error = (y - ratio * x).std(ddof=1) / x.mean() / count**0.5
    if not (errors > 0).any():  # nobody was refunded
        return (ratio, ratio), (ratio, ratio)
    away = (ratios - ratio)[errors > 0] / errors[errors > 0]
    low, high = np.percentile(away, [2.5, 97.5])
    least, most = np.percentile(ratios, [2.5, 97.5])
    return (least, most), (ratio - error * high, ratio - error * low)


def holds(interval: tuple[float | None, float | None], truth: float) -> bool:
    """Say whether an interval holds the truth; one that is not given does not."""
    low, high = interval
    return low is not None and high is not None and low <= truth <= high


def row(kind: str, is_gross: bool, count: int, truth: float, rng: np.random.Generator) -> str:
    """Return the shares of samples of one size whose intervals hold the truth."""
    hits = {"delta": 0, "percentile": 0, "studentised": 0, "fieller": 0}
    none = 0
    resampled = RESAMPLED if count <= MOST_RESAMPLED else 0
    for replication in range(REPLICATIONS):
        x, y = drawn(kind, count, rng)
        y = np.minimum(x, y) if is_gross else y
        found = by_fieller(x, y)
        none += found[0] is None
        hits["fieller"] += holds(found, truth)
        hits["delta"] += holds(by_delta(x, y), truth)
        if replication < resampled:
            percentile, studentised = by_resampling(x, y, rng)
            hits["percentile"] += holds(percentile, truth)
            hits["studentised"] += holds(studentised, truth)
    shown = [
        kind,
        "–" if kind.startswith("refunds") else "gross" if is_gross else "net",
        str(count),
        f"{truth:.3f}",
    ]
    shown.append(f"{hits['delta'] / REPLICATIONS:.3f}")
    shown += [
        f"{hits[name] / resampled:.2f}" if resampled else "–"
        for name in ("percentile", "studentised")
    ]
    known = REPLICATIONS - none
    shown.append(f"{hits['fieller'] / known:.3f}" if known else "–")
    shown.append(f"{none / REPLICATIONS:.3f}")
    return "| " + " | ".join(shown) + " |"


def main() -> None:
    """Print the table."""
    rng = np.random.default_rng(SEED)
    print("# Coverage of intervals of revenue retention, nominal 95 %\n")
    print(
        f"Made by `benchmarks/revenue_retention.py`, {REPLICATIONS:,} replications ({RESAMPLED} "
        f"for the bootstraps, of {RESAMPLES} resamples, up to {MOST_RESAMPLED} customers). "
        "Standard error of a share near .95: .005, of the bootstraps .011. *None*: share of "
        "samples to which Fieller gives no interval.\n"
    )
    print(
        "| revenue | retention | customers | truth | delta | percentile bootstrap | studentised "
        "bootstrap | **Fieller** | none |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for kind in SPENDING:
        if kind.startswith("refunds"):  # a part added later, which leaves the others as they were
            rng = np.random.default_rng(SEED_OF_REFUNDS)
        x, y = drawn(kind, POPULATION, rng)
        for is_gross in (False, True):
            truth = float((np.minimum(x, y) if is_gross else y).sum() / x.sum())
            if is_gross and kind.startswith(("subscription", "refunds")):
                continue  # nobody pays more there, nor gives back more: both are one
            for count in CUSTOMERS:
                print(row(kind, is_gross, count, truth, rng), flush=True)


if __name__ == "__main__":
    main()
