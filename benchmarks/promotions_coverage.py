"""How often the 95 % intervals of promotions hold the truth, on shops that were simulated anew.

``python benchmarks/promotions_coverage.py > benchmarks/promotions_coverage.md`` makes the committed
tables; it takes about five minutes. Each shop of the first tables is the demo's with another seed:
three years, 27 promotions of a category (and 6 of the whole shop, which are not measured), each on
the same dates every year, so that season and promotion are never seen apart. Truth is of that draw.

In the demo, what a promotion sells joins orders that would have come anyway. Shops of the last
table are drawn here, and differ in just that: `--only halos` prints that table alone.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from marketing_kpi import margins
from marketing_kpi.data.demo import simulate
from marketing_kpi.data.sources import open_data

SEEDS = range(1, 13)
TABLES = ("orders", "order_lines", "products", "promotions", "stock")
LAST_YEAR = {"start": "2025-01-01", "end": "2026-01-01"}
ALL_YEARS = {"start": "2023-01-01", "end": "2026-01-01"}
NAIVE_DAYS = 28

HALO_SHOPS = 30
KINDS = (("orders of their own", 0.8), ("usual orders", 0.8), ("orders of their own", 0.0),
         ("usual orders", 0.0))  # fmt: skip
CATEGORIES, PRODUCTS = 6, 30
ORDERS, MORE_UNITS = 30, 0.8
PROMOTION_DAYS = 14
STARTS = ("2025-02-03", "2025-05-05", "2025-08-04", "2025-10-27")


def shops():
    """Yield the study of each shop over three years and over the last one, and what is true."""
    for seed in SEEDS:
        with tempfile.TemporaryDirectory() as folder:
            out = simulate(out=Path(folder), seed=seed, tables=TABLES)
            truth = json.loads((out / "truth.json").read_text(encoding="utf-8"))
            rows = pd.DataFrame(truth["promotions"]["promotions"])
            with open_data(str(out)) as data:
                yield (
                    margins.promotions(data, **ALL_YEARS),
                    margins.promotions(data, **LAST_YEAR),
                    rows.set_index("promotion_id"),
                )


def known(units: pd.DataFrame) -> pd.DataFrame:
    """Return the truth under the names of the estimates."""
    return pd.DataFrame(
        {
            "baseline": units.baseline_units,
            "extra": units.incremental_units + units.switched_units,
            "lost": units.switched_units,
            "pulled": units.pulled_forward_units,
            "halo": units.halo_units,
        }
    )


def one_by_one(studies) -> None:
    """Print coverage, bias and power of each estimate of a promotion."""
    rows = [study.promotions.dropna(subset=["extra"]).set_index("promotion_id")
            for study, _, _ in studies]  # fmt: skip
    true = pd.concat([known(units).loc[one.index]
                      for one, (_, _, units) in zip(rows, studies, strict=True)])  # fmt: skip
    found = pd.concat(rows)
    print(f"## One promotion ({len(found)} of them, {len(studies)} shops)\n")
    print("| units | mean truth | mean error | interval's width | coverage | above | below |"
          " told from 0 |")  # fmt: skip
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in true.columns:
        # what is missing afterwards may run into another promotion
        told = found[f"{name}_low"].notna()
        low, high, value = (
            one[told] for one in (found[f"{name}_low"], found[f"{name}_high"], true[name])
        )
        error = f"{(found[name][told] - value).mean():+.1f}" if name in found else "–"
        print(
            f"| {name} | {value.mean():.1f} | {error} "
            f"| {(high - low).mean():.0f} | {value.between(low, high).mean():.3f} "
            f"| {(value < low).mean():.3f} | {(value > high).mean():.3f} "
            f"| {((low > 0) | (high < 0)).mean():.2f} |"
        )
    found, true = found[found.pulled.notna()], true[found.pulled.notna()]
    margin = true_margin(found, true)
    inside = margin.between(found.margin_low, found.margin_high).mean()
    verdicts = found.verdict.value_counts(normalize=True)
    wrong = ((found.verdict == "higher") & (margin < 0)) | (
        (found.verdict == "lower") & (margin > 0)
    )
    print(
        f"\nIncremental margin (true units at the estimated unit margins, halo left out): coverage "
        f"{inside:.3f}; verdicts: earned {verdicts.get('higher', 0):.2f}, lost "
        f"{verdicts.get('lower', 0):.2f}, cannot tell {verdicts.get('cannot_tell', 0):.2f}; wrong "
        f"{wrong.mean():.3f}."
    )


def true_margin(found: pd.DataFrame, true: pd.DataFrame) -> pd.Series[float]:
    """Return the margin that the true units make."""
    usual = found.margin_baseline / found.baseline
    # What is displaced is linear in both: the substitutes' unit margin follows from it.
    other = (found.margin_displaced - usual * found.pulled) / found.lost
    displaced = other * true.lost + usual * true.pulled
    own = found.margin_observed - usual * true.baseline
    return own - displaced - found.cost + found.supplier_funding


def together(studies) -> None:
    """Print coverage of the rates over the promotions of one year, and of all three."""
    print("\n## All promotions together: coverage\n")
    print("| rate | last year | three years |")
    print("| --- | --- | --- |")
    inside = {}
    for study, last, units in studies:
        for span, one in (("last", last), ("all", study)):
            told = one.promotions.dropna(subset=["extra"]).promotion_id
            sums = known(units).loc[told].sum()
            true = {
                "lift": sums.extra / sums.baseline,
                "cannibalisation": sums.lost / sums.extra,
                "halo": sums.halo / sums.extra,
            }
            rates = one.together.set_index("rate")
            for rate, value in true.items():
                hit = rates.low[rate] <= value <= rates.high[rate]
                inside.setdefault(rate, {"last": [], "all": []})[span].append(hit)
    for rate, spans in inside.items():
        print(f"| {rate} | {pd.Series(spans['last']).mean():.2f} "
              f"| {pd.Series(spans['all']).mean():.2f} |")  # fmt: skip


def naive(studies) -> None:
    """Print the error of comparing with the days before."""
    errors = []
    for study, _, units in studies:
        rows = study.promotions.dropna(subset=["extra"]).set_index("promotion_id")
        weeks = study.tracks.join(rows[["starts_on", "days"]], on="promotion_id")
        near = (weeks.week < weeks.starts_on) & (
            weeks.week >= weeks.starts_on - pd.Timedelta(days=NAIVE_DAYS)
        )
        before = weeks[near].groupby("promotion_id").units.mean() / 7 * rows.days
        true = known(units).loc[rows.index].extra
        errors.append(pd.DataFrame({
            "before": (rows.units - before) / true - 1, "baseline": rows.extra / true - 1,
        }))  # fmt: skip
    found = pd.concat(errors).abs()
    mean, high = found.mean(), found.quantile(0.9)
    print(
        f"\nExtra units against the {NAIVE_DAYS} days before: error of {mean.before:.0%} on "
        f"average, {high.before:.0%} one time in ten; against the baseline: "
        f"{mean.baseline:.0%} and {high.baseline:.0%}."
    )


def halo_shop(seed: int, into: str, halo: float) -> tuple[dict[str, pd.DataFrame], float]:
    """Draw a shop order by order; return its tables, and the units that an extra unit brought."""
    rng = np.random.default_rng(seed)
    days = pd.date_range("2023-07-01", "2025-12-31")
    popular = rng.gamma(3, 1, PRODUCTS)
    popular /= popular.sum()
    season = 1 + 0.2 * np.cos(2 * np.pi * np.arange(len(days)) / 365.25)
    day = np.repeat(np.arange(len(days)), rng.poisson(ORDERS * season))
    order = np.repeat(np.arange(len(day)), 1 + rng.poisson(MORE_UNITS, len(day)))
    parts = [(order, rng.choice(PRODUCTS, len(order), p=popular))]
    category = np.arange(PRODUCTS) % CATEGORIES
    dates = [(int((pd.Timestamp(start) - days[0]).days), k) for k, start in enumerate(STARTS)]
    extra = brought = 0
    for first, k in dates:
        own, others = np.flatnonzero(category == k)[:2], category != k
        usual = ORDERS * (1 + MORE_UNITS) * popular[own].sum()
        on = np.repeat(np.arange(first, first + PROMOTION_DAYS), rng.poisson(
            usual * rng.uniform(0.8, 2.5), PROMOTION_DAYS))  # fmt: skip
        if into == "usual orders":
            bounds = np.searchsorted(day, [on, on + 1])
            host = rng.integers(*bounds)
        else:
            host = len(day) + np.arange(len(on))
            day = np.concatenate([day, on])
        guests = host[rng.random(len(on)) < halo]
        chosen = rng.choice(PRODUCTS, len(guests), p=popular * others / popular[others].sum())
        parts += [(host, rng.choice(own, len(on))), (guests, chosen)]
        extra, brought = extra + len(on), brought + len(guests)
    order, product = (np.concatenate(part) for part in zip(*parts, strict=True))
    lines = pd.DataFrame({"order_id": order, "product_id": product, "quantity": 1})
    lines["promotion_id"] = None
    for first, k in dates:
        on = (day[order] >= first) & (day[order] < first + PROMOTION_DAYS)
        lines.loc[on & np.isin(product, np.flatnonzero(category == k)[:2]), "promotion_id"] = str(k)
    lines["unit_price"], lines["line_id"] = 10.0, np.arange(len(lines))
    starts = pd.to_datetime(pd.Series(STARTS))
    text = {"order_id": str, "product_id": str, "line_id": str}
    return {
        "orders": pd.DataFrame({"order_id": np.arange(len(day)).astype(str),
                                "ordered_at": days[day]}),
        "order_lines": lines.astype(text),
        "products": pd.DataFrame({"product_id": np.arange(PRODUCTS).astype(str),
                                  "category": category.astype(str)}),
        "promotions": pd.DataFrame({
            "promotion_id": [str(k) for _, k in dates], "starts_on": starts,
            "ends_on": starts + pd.Timedelta(days=PROMOTION_DAYS - 1)}),
    }, brought / extra  # fmt: skip


def halos() -> None:
    """Print how often the range of the halo holds it, by the orders that extra units came in."""
    print("\n## Halo of the promotions of a year, by the orders that extra units came in\n")
    print(f"{HALO_SHOPS} shops a row, units of other categories for an extra unit.\n")
    print("| extra units come in | true halo | low end | high end | coverage | above | below |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for into, halo in KINDS:
        rows = []
        for seed in range(HALO_SHOPS):
            tables, true = halo_shop(seed, into, halo)
            with open_data(tables) as data:
                found = margins.promotions(data, **LAST_YEAR).together.set_index("rate")
            rows.append((true, found.low["halo"], found.high["halo"]))
        true, low, high = np.array(rows).T
        print(
            f"| {into} | {true.mean():.2f} | {low.mean():.2f} | {high.mean():.2f} "
            f"| {((low <= true) & (true <= high)).mean():.2f} | {(true < low).mean():.2f} "
            f"| {(true > high).mean():.2f} |", flush=True
        )  # fmt: skip


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=["halos"])
    if parser.parse_args().only:
        halos()
        return
    studies = list(shops())
    print("# Promotions: coverage of the 95 % intervals on simulated shops\n")
    one_by_one(studies)
    together(studies)
    naive(studies)
    halos()


if __name__ == "__main__":
    main()
