"""How often the 95 % intervals of an NPS, and of a change of it, cover the truth.

Samples of promoters, passives and detractors whose shares are known. The first table compares
ways to make the interval of one score, the second those of a difference, the third checks the
functions of the package, beside the test of several groups at once, the fourth does where people
answer several times. Run it with
``python benchmarks/nps_interval.py > benchmarks/nps_interval.md``; it takes two minutes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from marketing_kpi import voice

SAMPLES = 20_000
BOOTSTRAPPED = 400
GROUPED = 2_000
REPEATED = 1_000
SEED = 2026
Z95 = 1.959963984540054
Z_SIMULTANEOUS = 2.447746830680816  # square root of the 95th percentile of chi-square, 2 degrees

SHOPS = {
    "even (.35, .35)": (0.35, 0.35),
    "usual (.48, .20)": (0.48, 0.20),
    "good (.70, .05)": (0.70, 0.05),
    "delighted (.90, .02)": (0.90, 0.02),
    "bad (.10, .65)": (0.10, 0.65),
    "passive (.10, .02)": (0.10, 0.02),
}
"""Shares of promoters and of detractors."""

Ends = tuple[np.ndarray, np.ndarray]


def draw(rng: np.random.Generator, shop: str, n: int, samples: int) -> Ends:
    """Return promoters and detractors of samples of `n` answers."""
    p, d = SHOPS[shop]
    counts = rng.multinomial(n, [p, 1 - p - d, d], samples)
    return counts[:, 0], counts[:, 2]


def wald(p: np.ndarray, d: np.ndarray, n: float, *, each: float, added: float, z: float) -> Ends:
    """Return Wald's interval after adding `added` answers, `each` of them to both ends."""
    total = n + added
    centre = (p - d) / total
    half = z * np.sqrt(np.maximum((p + d + 2 * each) / total - centre**2, 0) / total)
    return centre - half, centre + half


def score_test(p: np.ndarray, d: np.ndarray, n: int, truth: float) -> np.ndarray:
    """Return whether Tango's score test keeps the truth (Rocks's iterative score interval)."""
    b = -p - d + (2 * n - p + d) * truth
    c = -d * truth * (1 - truth)
    q = (np.sqrt(np.maximum(b**2 - 8 * n * c, 0)) - b) / (4 * n)
    variance = n * np.maximum(2 * q + truth * (1 - truth), 0)
    return (p - d - n * truth) ** 2 <= Z95**2 * variance + 1e-12


def bootstrap(rng: np.random.Generator, p: np.ndarray, d: np.ndarray, n: int) -> Ends:
    """Return the percentile bootstrap interval of each sample, of 1,000 resamples."""
    shares = np.stack([p, n - p - d, d], axis=1) / n
    resampled = rng.multinomial(n, shares[:, None, :].repeat(1000, axis=1))
    scores = (resampled[..., 0] - resampled[..., 2]) / n
    low, high = np.quantile(scores, [0.025, 0.975], axis=1)
    return low, high


def covered(ends: Ends, truth: float) -> float:
    """Return the share of intervals that hold the truth."""
    low, high = ends
    return float(((low <= truth + 1e-12) & (truth - 1e-12 <= high)).mean())


def one_score(rng: np.random.Generator) -> pd.DataFrame:
    """Compare the intervals of one score."""
    rows = []
    for n in (10, 20, 50, 100, 300, 1000):
        for shop, (share_p, share_d) in SHOPS.items():
            truth = share_p - share_d
            p, d = draw(rng, shop, n, SAMPLES)
            few = slice(0, BOOTSTRAPPED)
            rows.append(
                {
                    "answers": n,
                    "shop": shop,
                    "Wald": covered(wald(p, d, n, each=0, added=0, z=Z95), truth),
                    "Goodman": covered(wald(p, d, n, each=0, added=0, z=Z_SIMULTANEOUS), truth),
                    "bootstrap": covered(bootstrap(rng, p[few], d[few], n), truth),
                    "Agresti-Min (+2)": covered(wald(p, d, n, each=0.5, added=2, z=Z95), truth),
                    "**adjusted (+3)**": covered(wald(p, d, n, each=0.75, added=3, z=Z95), truth),
                    "score": float(score_test(p, d, n, truth).mean()),
                }
            )
    return pd.DataFrame(rows)


def difference(rng: np.random.Generator) -> pd.DataFrame:
    """Compare the intervals of a difference of two scores."""
    pairs = [("usual (.48, .20)",) * 2, ("delighted (.90, .02)",) * 2]
    pairs += [("usual (.48, .20)", "good (.70, .05)"), ("bad (.10, .65)", "good (.70, .05)")]
    rows = []
    for first, second in ((10, 10), (10, 100), (30, 30), (100, 100), (100, 1000), (1000, 1000)):
        for one, other in pairs:
            truth = (SHOPS[other][0] - SHOPS[other][1]) - (SHOPS[one][0] - SHOPS[one][1])
            before, after = draw(rng, one, first, SAMPLES), draw(rng, other, second, SAMPLES)
            row: dict[str, object] = {"answers": f"{first}, {second}", "shops": f"{one}; {other}"}
            for name, (each, added) in {
                "Wald": (0.0, 0.0),
                "+3 each": (0.75, 3.0),
                "**+1.5 each**": (0.375, 1.5),
            }.items():
                low, high = _difference(before, after, first, second, each, added)
                row[name] = covered((low, high), truth)
            rows.append(row)
    return pd.DataFrame(rows)


def _difference(
    before: Ends, after: Ends, first: int, second: int, each: float, added: float
) -> Ends:
    low_1, high_1 = wald(*before, first, each=each, added=added, z=Z95)
    low_2, high_2 = wald(*after, second, each=each, added=added, z=Z95)
    centre = (low_2 + high_2 - low_1 - high_1) / 2
    half = np.hypot((high_1 - low_1) / 2, (high_2 - low_2) / 2)
    return centre - half, centre + half


def _answers(p: int, d: int, n: int) -> pd.DataFrame:
    told = {"answers": [n], "promoters": [p], "detractors": [d]}
    return pd.DataFrame({**told, "people": [n], "effective_answers": [float(n)]})


def package(rng: np.random.Generator) -> pd.DataFrame:
    """Check the package's own functions: coverage, and false alarms of the test of groups."""
    shop, truth = "usual (.48, .20)", 28.0
    rows = []
    for n in (10, 50, 300):
        frame = pd.concat(
            [
                pd.DataFrame({"score": [10] * p + [3] * d + [8] * (n - p - d), "sample": number})
                for number, (p, d) in enumerate(zip(*draw(rng, shop, n, GROUPED), strict=True))
            ]
        )
        found = voice.nps(frame, by="sample")
        inside = covered((found["low"].to_numpy(), found["high"].to_numpy()), truth)
        alarms = _false_alarms(rng, shop, n)
        rows.append(
            {"answers": n, "`voice.nps` covers": inside, "`nps_differences` alarms": alarms}
        )
    return pd.DataFrame(rows)


def _false_alarms(rng: np.random.Generator, shop: str, n: int, groups: int = 5) -> float:
    counts = [draw(rng, shop, n, GROUPED) for _ in range(groups)]
    alarms = 0
    for sample in range(GROUPED):
        frame = pd.concat([_answers(int(p[sample]), int(d[sample]), n) for p, d in counts])
        alarms += voice.nps_differences(frame).verdict == "differ"
    return alarms / GROUPED


def repeated(rng: np.random.Generator) -> pd.DataFrame:
    """Check the interval where each person answers 1 to 6 times, much as the time before."""
    rows = []
    for people in (15, 30, 100, 500):
        for shop in ("usual (.48, .20)", "delighted (.90, .02)"):
            p, d = SHOPS[shop]
            frame = _people(rng, p, d, people)
            ignoring = voice.nps(frame.drop(columns="customer_id"), by="sample")
            found = voice.nps(frame, by="sample")
            ends = {
                "each answer a person": ignoring,
                "**person as the unit**": found,
            }
            rows.append(
                {
                    "people": people,
                    "shop": shop,
                    **{name: _covers(scores, 100 * (p - d)) for name, scores in ends.items()},
                    "without interval": float(found["low"].isna().mean()),
                }
            )
    return pd.DataFrame(rows)


def _people(rng: np.random.Generator, p: float, d: float, people: int) -> pd.DataFrame:
    """Return samples of people; half of their answers are those of their mood, half are drawn."""
    chances = [p, 1 - p - d, d]
    times = rng.integers(1, 7, REPEATED * people)
    who = np.repeat(np.arange(REPEATED * people), times)
    mood = rng.choice([10, 8, 3], REPEATED * people, p=chances)[who]
    drawn = rng.choice([10, 8, 3], len(who), p=chances)
    score = np.where(rng.random(len(who)) < 0.5, mood, drawn)
    named = who.astype(str)
    return pd.DataFrame({"customer_id": named, "sample": who // people, "score": score})


def _covers(scores: pd.DataFrame, truth: float) -> float:
    known = scores.dropna(subset=["low"])
    return covered((known["low"].to_numpy(), known["high"].to_numpy()), truth)


def markdown(frame: pd.DataFrame) -> str:
    """Return a frame as a table, its floats with three decimals."""
    cells = frame.map(lambda value: f"{value:.3f}" if isinstance(value, float) else str(value))
    lines = [list(frame.columns), ["---"] * frame.shape[1], *cells.to_numpy().tolist()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Print the four tables."""
    tables: dict[str, Callable[[np.random.Generator], pd.DataFrame]] = {
        f"One score: coverage of the 95 % interval, {SAMPLES:,} samples "
        f"(bootstrap: {BOOTSTRAPPED})": one_score,
        f"A difference of two scores, {SAMPLES:,} samples": difference,
        f"The package, {GROUPED:,} samples, five groups that do not differ": package,
        f"The package, {REPEATED:,} samples of people who answer 1 to 6 times": repeated,
    }
    print("# Intervals of the net promoter score\n")
    print("Shops: shares of promoters and of detractors. Seed", SEED)
    for title, table in tables.items():
        print(f"\n## {title}\n\n{markdown(table(np.random.default_rng(SEED)))}")


if __name__ == "__main__":
    main()
