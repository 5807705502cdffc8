"""How often the interval of `governance.wrong_share` holds the true share, at nominal 95 %.

    nice python benchmarks/matching_coverage.py > benchmarks/matching_coverage.md

Each replication draws who has an account in two systems (48 % and 27 % of persons), and hangs a
share of the accounts on somebody else: on anybody, or, against what the method supposes, on a
person who is likelier to have an account there too.
"""

from __future__ import annotations

import numpy as np

from marketing_kpi.matching.people import share_of

SHARES = (0.48, 0.27)
REPLICATIONS = 1000
SEED = 2026


def replication(
    rng: np.random.Generator, people: int, wrong: float, weight: float
) -> tuple[bool, float]:
    """Return whether the interval holds the truth, and the estimate."""
    counts, extra = [], 0
    for share in SHARES:
        has = rng.random(people) < share
        holders = np.flatnonzero(has)
        weights = np.where(has, weight, 1.0)
        errs = rng.random(len(holders)) < wrong
        strangers = rng.choice(people, size=int(errs.sum()), p=weights / weights.sum())
        seen = holders.copy()
        seen[errs] = strangers
        counts.append(float(len(seen)))
        extra += len(seen) - len(np.unique(seen))
    found, low, high = share_of(extra, np.array(counts), people)
    return low <= wrong <= high, found


def main() -> None:
    """Print the table."""
    rng = np.random.default_rng(SEED)
    print("# Share of accounts on the wrong person: what its interval holds")
    print(f"\n{REPLICATIONS:,} replications a row; nominal 95 %.\n")
    print("| persons | true share | errors fall on | mean estimate | interval holds it |")
    print("|---:|---:|---|---:|---:|")
    rows = [(n, w, 1.0) for n in (1000, 8000) for w in (0.002, 0.01, 0.03, 0.1)]
    rows += [(8000, 0.01, weight) for weight in (0.5, 2.0)]
    names = {1.0: "anybody", 0.5: "half as often on holders", 2.0: "twice as often on holders"}
    for people, wrong, weight in rows:
        found = [replication(rng, people, wrong, weight) for _ in range(REPLICATIONS)]
        held, mean = np.mean([one for one, _ in found]), np.mean([share for _, share in found])
        cells = f"{people:,} | {wrong:.1%} | {names[weight]} | {mean:.2%} | {held:.1%}"
        print(f"| {cells} |")


if __name__ == "__main__":
    main()
