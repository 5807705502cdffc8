"""How often the 95 % intervals of promotions hold the truth, on shops that were simulated anew.

``python benchmarks/promotions_coverage.py > benchmarks/promotions_coverage.md`` makes the committed
table; it takes about two minutes. Each shop is the demo's with another seed: three years, 27
promotions of a category (and 6 of the whole shop, which are not measured), each on the same dates
every year, so that season and promotion are never seen apart. Truth is of that draw.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pandas as pd

from marketing_kpi import margins
from marketing_kpi.data.demo import simulate
from marketing_kpi.data.sources import open_data

SEEDS = range(1, 13)
TABLES = ("orders", "order_lines", "products", "promotions", "stock")
LAST_YEAR = {"start": "2025-01-01", "end": "2026-01-01"}
ALL_YEARS = {"start": "2023-01-01", "end": "2026-01-01"}
NAIVE_DAYS = 28


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
        told = found[name].notna()  # what is missing afterwards may run into another promotion
        low, high, value = (
            one[told] for one in (found[f"{name}_low"], found[f"{name}_high"], true[name])
        )
        print(
            f"| {name} | {value.mean():.1f} | {(found[name][told] - value).mean():+.1f} "
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


def main() -> None:
    """Print the tables."""
    studies = list(shops())
    print("# Promotions: coverage of the 95 % intervals on simulated shops\n")
    one_by_one(studies)
    together(studies)
    naive(studies)


if __name__ == "__main__":
    main()
