"""Counting pairs of products beside a self-join written by hand, and how often intervals hold.

``python benchmarks/baskets.py > benchmarks/baskets.md`` makes the committed table. Speed: a million
baskets of four products, of a thousand, as text; all run in one process, on one thread, in turn;
seconds are those of the processor, the best of the rounds. False alarms: baskets filled at random,
of which some have a second product added to the first.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi import baskets
from marketing_kpi.assortment.baskets import counted_lines
from marketing_kpi.data.sources import open_data

PRODUCTS, SIZE = 1_000, 4
BY_HAND = """
    SELECT a.product AS first, b.product AS second, count(*) AS together
    FROM lines AS a JOIN lines AS b ON a.basket = b.basket AND a.product < b.product
    GROUP BY 1, 2
"""
UNIQUE = f"WITH lines AS (SELECT DISTINCT basket, product FROM lines_twice) {BY_HAND}"


def lines(connection: ibis.BaseBackend, rng: np.random.Generator, count: int) -> ibis.Table:
    """Make baskets of different products, the popular ones in more of them."""
    weight = 1 / np.arange(1, PRODUCTS + 1) ** 0.7
    product = rng.choice(PRODUCTS, size=(count, SIZE), p=weight / weight.sum())
    while len(same := _repeats(product)):  # no product twice in a basket
        product[same] = rng.choice(PRODUCTS, size=(len(same), SIZE), p=weight / weight.sum())
    product = product.ravel()
    basket = np.repeat(np.arange(len(product) // SIZE), SIZE)
    raw = pd.DataFrame({"basket": basket, "product": product, "line": np.tile(range(SIZE), count)})
    connection.create_table("raw", raw)
    return connection.sql(
        "SELECT 'O' || lpad(basket::VARCHAR, 7, '0') AS basket, line::VARCHAR AS line, "
        "'P' || lpad(product::VARCHAR, 4, '0') AS product FROM raw"
    )


def _repeats(product: np.ndarray) -> np.ndarray:
    """Return the baskets in which a product stands twice."""
    ordered = np.sort(product, axis=1)
    return np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))


def ours(table: ibis.Table) -> int:
    """Count pairs as `baskets.pairs` does."""
    connection = table.get_backend()

    def keep(rows: ir.Table) -> ir.Table:
        return connection.create_table("kept", rows, overwrite=True)

    return len(counted_lines(table.rename(name="product"), [], keep=keep, least=1).together)


def speed(rng: np.random.Generator, *, count: int, rounds: int) -> None:
    """Print how long the counting of pairs takes."""
    connection = ibis.duckdb.connect(threads=1)
    table = connection.create_table("lines", lines(connection, rng, count))
    again = table.filter(table.line == "0").mutate(line=ibis.literal("9"))
    twice = connection.create_table("lines_twice", ibis.union(table, again))
    contestants: dict[str, Callable[[], int]] = {
        "self-join by hand": lambda: len(connection.raw_sql(BY_HAND).to_arrow_table()),
        "ours, each product on one line": lambda: ours(table),
        "DISTINCT, then self-join by hand": lambda: len(
            connection.raw_sql(UNIQUE).to_arrow_table()
        ),
        "ours, a product on two lines": lambda: ours(twice),
    }
    best: dict[str, float] = dict.fromkeys(contestants, np.inf)
    found = {}
    for _ in range(rounds):
        for name, count_them in contestants.items():
            begun = time.process_time()
            found[name] = count_them()
            best[name] = min(best[name], time.process_time() - begun)
    print(f"## {count:,} baskets of {SIZE} products, of {PRODUCTS:,}\n")
    print("| counted by | processor seconds | over the first | pairs |")
    print("| --- | --- | --- | --- |")
    for name, seconds in best.items():
        ratio = seconds / best["self-join by hand"]
        print(f"| {name} | {seconds:.2f} | {ratio:.2f} | {found[name]:,} |")


def shop(rng: np.random.Generator, *, count: int, linked: float) -> pd.DataFrame:
    """Fill baskets at random; of those with `a`, a share gets `b` beside what chance gives."""
    products = np.array([*"abcdefghijklmnopqrst"])
    weight = rng.dirichlet(np.full(len(products), 4.0))
    rows = []
    for basket in range(count):
        size = 1 + min(rng.poisson(1.2), 5)
        chosen = set(rng.choice(products, size, replace=False, p=weight))
        if "a" in chosen and rng.random() < linked:
            chosen |= {"b"}
        rows += [(str(basket), item) for item in chosen]
    return pd.DataFrame(rows, columns=["order_id", "product_id"])


def named(rng: np.random.Generator, *, shops: int, count: int) -> None:
    """Print how often a pair is named: where nothing is linked, and where one pair is."""
    print(f"\n## {shops} shops of {count:,} baskets and 20 products each\n")
    print("| of the baskets with a, b is added to | pair a, b named | shops naming a false pair |")
    print("| --- | --- | --- |")
    for linked in (0.0, 0.05, 0.15):
        hits, alarms = [], []
        for _ in range(shops):
            sold = shop(rng, count=count, linked=linked).assign(quantity=1, unit_price=1.0)
            orders = pd.DataFrame({"order_id": sold["order_id"].unique()})
            orders["ordered_at"] = pd.Timestamp("2025-06-15")
            with open_data({"orders": orders, "order_lines": sold}) as data:
                found = baskets.pairs(data, end="2026-01-01").pairs
            above = found[found["verdict"] == "together"]
            pairs = set(map(frozenset, above[["first", "second"]].to_numpy()))
            hits.append(frozenset("ab") in pairs)
            alarms.append(bool(pairs - {frozenset("ab")}))
        print(f"| {linked:.0%} | {np.mean(hits):.2f} | {np.mean(alarms):.2f} |", flush=True)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--baskets", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shops", type=int, default=40)
    options = parser.parse_args()
    print("# Pairs of products\n\nSeed 2026\n")
    speed(np.random.default_rng(2026), count=options.baskets, rounds=options.rounds)
    named(np.random.default_rng(2026), shops=options.shops, count=3_000)


if __name__ == "__main__":
    main()
