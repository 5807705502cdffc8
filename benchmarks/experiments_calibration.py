"""How often tests cry wolf, and intervals hold the truth, at nominal 5 % and 95 %.

    nice python benchmarks/experiments_calibration.py > benchmarks/experiments_calibration.md

Made with the functions that `experiments` and `prepost` call, over arrays of replications. With
``--only NAME`` one part is made, as the others each have a seed of their own, and with ``--into
FILE`` it takes the place of the one that the file has. All take about an hour of a processor.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # matrices here are small: threads only wait

import argparse
import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from marketing_kpi.quasi_experiments import autoregression, counterfactual, differences, series
from marketing_kpi.quasi_experiments.differences import (
    FEW_UNITS,
    own_effect,
    row_effect,
    sizes_matter,
    unit_effect,
)
from marketing_kpi.quasi_experiments.groups import difference, estimate, part, permute
from marketing_kpi.trials import means, rates
from marketing_kpi.trials.adjustment import Columns, effective, values
from marketing_kpi.trials.comparison import ENOUGH_CLUSTERS, SKEWED, few_buyers
from marketing_kpi.trials.sums import Moments, joint_of

ALPHA = 0.05
ALARMS, COVERED = (0.035, 0.06), (0.94, 0.97)
MOSTLY = 0.5  # share of results with a warning from which the cell is a warned one
FEWEST = 0.1  # share of results without a warning from which their own shares are shown
ENOUGH = 2_000  # of those, made for a cell whose warning leaves fewer
CHUNK = 250  # replications at a time
SEED = 2026
DEALS = 199  # permutations of members, of which users have 4,999


class Found(NamedTuple):
    """What replications of one analysis say.

    Attributes
    ----------
    method
        How the row is called.
    p_value
        Of no effect; None where there is one, or where the method has no p-value.
    covered
        Whether the interval holds the truth; None without an interval.
    warned
        Whether the result carries a warning.
    """

    method: str
    p_value: np.ndarray | None
    covered: np.ndarray | None
    warned: np.ndarray


def judged(method, *, p_value=None, interval=None, truth=0.0, warned) -> Found:
    """Hold an interval against the truth; an end that is not known comes with a warning."""
    if interval is None:
        return Found(method, p_value, None, warned)
    low, high = interval
    covered = ~(low > truth) & ~(high < truth)
    return Found(method, p_value, covered, warned | np.isnan(low) | np.isnan(high))


def repeated(chunk: Callable[[], list[Found]], replications: int) -> list[Found]:
    """Make replications, and more until `ENOUGH` have no warning, where a tenth has none."""
    parts = [chunk() for _ in range(replications // CHUNK)]
    silent = [1 - found.warned.mean() for found in joined(parts)]
    fewest = min((share for share in silent if share >= FEWEST), default=1.0)
    more = max(0, math.ceil(ENOUGH / CHUNK / fewest) - len(parts))
    return joined([*parts, *(chunk() for _ in range(more))])


def joined(parts: list[list[Found]]) -> list[Found]:
    """Put replications made in chunks together."""

    def together(arrays):
        return None if arrays[0] is None else np.concatenate(arrays)

    return [
        Found(same[0].method, *(together([one[i] for one in same]) for i in (1, 2, 3)))
        for same in zip(*parts, strict=True)
    ]


# --- The table ------------------------------------------------------------------------------

HEAD = """| cell | of | false alarms | covered | warned | unwarned: alarms | covered | as asked |
|---|---|---|---|---|---|---|---|"""


def line(cell: str, found: Found) -> str:
    """Return a row of the table."""
    alarm = None if found.p_value is None else found.p_value < ALPHA
    shares = [share(values) for values in (alarm, found.covered)]
    silent, warned = ~found.warned, float(found.warned.mean())
    unwarned = [None, None]
    if silent.mean() >= FEWEST:
        unwarned = [share(values, silent) for values in (alarm, found.covered)]
    within = all(
        low <= value <= high
        for value, (low, high) in zip(unwarned, (ALARMS, COVERED), strict=True)
        if value is not None
    )
    asked = "warned" if warned >= MOSTLY else "yes" if within else "**no**"
    numbers = [shown(value) for value in (*shares, warned, *unwarned)]
    return f"| {cell} | {found.method} | {' | '.join(numbers)} | {asked} |"


def share(values: np.ndarray | None, where: np.ndarray | slice = slice(None)) -> float | None:
    """Return the share that holds; None where it is not asked."""
    return None if values is None else float(values[where].mean())


def shown(value: float | None) -> str:
    """Return a share with three digits."""
    return "" if value is None else f"{value:.3f}"


# --- Control-group tests --------------------------------------------------------------------


def of_rates(rng, replications: int) -> Iterator[tuple[str, list[Found]]]:
    """Rates; the control is a tenth of the members unless said."""
    cells = [
        (50, 450, 0.05), (100, 900, 0.03), (300, 2_700, 0.03), (1_000, 9_000, 0.005),
        (1_000, 9_000, 0.02), (3_000, 27_000, 0.03), (200, 200, 0.05), (1_000, 1_000, 0.02),
        (52, 52, 0.5), (62, 62, 0.45),
    ]  # fmt: skip
    high = [(50, 450, 0.95), (50, 450, 0.98), (100, 900, 0.95), (1_000, 9_000, 0.98)]
    for n0, n1, rate in cells + high:
        for lift in (0.0, 0.3) if rate < 0.5 else (0.0, -0.1):
            x0, x1 = (
                rng.binomial(n, p, 4 * replications)
                for n, p in ((n0, rate), (n1, rate * (1 + lift)))
            )
            warned = rates.expected(x1, n1, x0, n0) < rates.FEW_EXPECTED
            p_value = None if lift else rates.p_value(x1, n1, x0, n0)
            _, *absolute = rates.newcombe(x1, n1, x0, n0, alpha=ALPHA)
            _, *relative = rates.relative(x1, n1, x0, n0, alpha=ALPHA)
            cell = f"{n0:,} + {n1:,}, {rate:.1%}, lift {lift:.0%}"
            difference = judged(
                "difference", p_value=p_value, interval=absolute, truth=rate * lift, warned=warned
            )
            yield cell, [difference, judged("lift", interval=relative, truth=lift, warned=warned)]


def buyers(rng, *, members, conversion, basket, sigma, replications) -> tuple[Moments, np.ndarray]:
    """Return the moments of revenue a head, of which few bring any, and how many do."""
    bought = rng.binomial(members, conversion, replications)
    spent = basket * rng.lognormal(-(sigma**2) / 2, sigma, bought.sum())
    which = np.repeat(np.arange(replications), bought)
    first, second, third = (np.bincount(which, spent**k, replications) for k in (1, 2, 3))
    mean = first / members
    squares = second - members * mean**2
    cubes = third - 3 * mean * second + 2 * members * mean**3
    return Moments(members, mean, squares, cubes), bought


def of_revenue(rng, replications: int) -> Iterator[tuple[str, list[Found]]]:
    """Revenue a head, 3 % buyers; a control of a tenth, or a treatment of a tenth."""
    cells = [(k, sigma, 1.0, 1.0) for sigma in (1.0, 1.5) for k in (6, 30, 150, 600, 1_200, 3_000)]
    cells += [(k, 1.5, 1.2, 1 / 1.2) for k in (150, 600, 1_200)]
    cells += [(k, sigma, 1.2, 1.0) for sigma in (1.0, 1.5) for k in (150, 600, 1_200)]
    pilots = [(k, sigma, 1.0, 1.0) for sigma in (1.0, 1.5) for k in (6, 30, 150, 600, 1_200)]
    sides = [("control", cell) for cell in cells] + [("treated", cell) for cell in pilots]
    for side, (expected, sigma, conversion, basket) in sides:
        members = round(expected / 0.03)
        sizes = (members, 9 * members) if side == "control" else (9 * members, members)
        chunk = partial(
            revenue_chunk, rng, sizes=sizes, sigma=sigma, conversion=conversion, basket=basket
        )
        what = "equal means" if basket < 1 else f"lift {conversion - 1:.0%}"
        cell = f"{expected:,} {side} buyers, σ {sigma}, {what}"
        yield cell, repeated(chunk, replications)


def revenue_chunk(rng, *, sizes, sigma, conversion, basket) -> list[Found]:
    """Make some campaigns, of which the treatment multiplies conversion and basket."""
    options = {"sigma": sigma, "replications": CHUNK}
    control, bought = buyers(rng, members=sizes[0], conversion=0.03, basket=1.0, **options)
    treatment, of_treatment = buyers(
        rng, members=sizes[1], conversion=0.03 * conversion, basket=basket, **options
    )
    lift = conversion * basket - 1
    warned = few_buyers(bought, sizes[0], of_treatment, sizes[1])
    return of_means(control, treatment, 0.03, lift, warned)


def of_means(control, treatment, level, lift, warned) -> list[Found]:
    """Judge the difference and the lift of means."""
    null = abs(lift) < 1e-12
    found = means.hall(control, treatment, alpha=ALPHA)
    _, *relative = means.relative(control, treatment, alpha=ALPHA)
    return [
        judged(
            "difference", p_value=found.p_value if null else None,
            interval=(found.low, found.high), truth=level * lift, warned=warned,
        ),
        judged("lift", interval=relative, truth=lift, warned=warned),
    ]  # fmt: skip


def of_dealt_members(rng, replications: int) -> Iterator[tuple[str, list[Found]]]:
    """Revenue a head again, by dealing members to the arms anew."""
    cells = [(k, sigma, False) for sigma in (1.0, 1.5) for k in (6, 30, 150)] + [(150, 1.5, True)]
    for expected, sigma, equal in cells:
        members, more = round(expected / 0.03), 1.2 if equal else 1.0
        p_value, warned = np.empty(replications), np.ones(replications, dtype=bool)
        for i in range(replications):
            bought = rng.binomial([members, 9 * members], [0.03, 0.03 * more])
            control, treatment = (rng.lognormal(0, sigma, count) for count in bought)
            p_value[i] = means.permutation_p(
                control, members, treatment / more, 9 * members, permutations=DEALS, rng=rng
            )
        p_value -= 1e-9  # so few deals make p = 5 % itself possible, which is to count
        cell = f"{expected} control buyers, σ {sigma}, {'equal means' if equal else 'lift 0%'}"
        yield cell, [judged("permutation", p_value=p_value, warned=warned)]


def skewed(control: Moments, treatment: Moments) -> np.ndarray:
    """Return where a plain mean, or a ratio, carries its warning."""
    fewest = np.minimum(control.n, treatment.n)
    return np.abs(means.skewness(control, treatment)) / np.sqrt(fewest) > SKEWED


def of_values(rng, replications: int) -> Iterator[tuple[str, list[Found]]]:
    """Plain means, ratios of sums, and means adjusted for what was spent before."""
    draws = {
        "mean, skewness 1": (gammas, Columns()),
        "mean, skewness 6": (lognormals, Columns()),
        "revenue / orders": (orders, Columns(denominator=1)),
        "revenue, before as covariate": (with_before, Columns(covariate=1)),
    }
    for name, (draw, columns) in draws.items():
        for n0, n1 in ((20, 180), (100, 900), (500, 4_500), (200, 200)):
            chunk = partial(value_chunk, rng, draw, columns, n0, n1)
            yield f"{name}, {n0:,} + {n1:,}", repeated(chunk, replications)


def value_chunk(rng, draw, columns: Columns, n0: int, n1: int) -> list[Found]:
    """Make some tests of values that no campaign changed."""
    control, treatment = values([joint_of(draw(rng, (CHUNK, n))) for n in (n0, n1)], columns)
    return of_means(control, treatment, 0.0, 0.0, skewed(control, treatment))


def gammas(rng, shape) -> np.ndarray:
    """Return values a little skewed."""
    return rng.gamma(4.0, 1.0, shape)[..., None]


def lognormals(rng, shape) -> np.ndarray:
    """Return values much skewed."""
    return rng.lognormal(0.0, 1.0, shape)[..., None]


def orders(rng, shape) -> np.ndarray:
    """Return the revenue and the orders of customers who have baskets of their own."""
    count = 1.0 + rng.poisson(1.0, shape)
    return np.stack([count * rng.lognormal(0.0, 0.8, shape), count], axis=-1)


def with_before(rng, shape) -> np.ndarray:
    """Return what customers spend, and spent before."""
    before = rng.lognormal(0.0, 0.7, shape)
    return np.stack([before**0.8 * rng.lognormal(0.0, 0.5, shape), before], axis=-1)


def of_clusters(rng, replications: int) -> Iterator[tuple[str, list[Found]]]:
    """Means of members drawn by cluster, 30 to a cluster on average, correlated .1 within."""
    for spread in (0.0, 0.5):
        for n0, n1 in ((6, 54), (10, 10), (20, 20), (25, 25), (40, 40), (30, 270)):
            chunk = partial(cluster_chunk, rng, n0, n1, spread)
            sizes = "sizes alike" if not spread else "sizes unlike"
            yield f"{n0} + {n1} clusters, {sizes}", repeated(chunk, replications)


def cluster_chunk(rng, n0: int, n1: int, spread: float) -> list[Found]:
    """Make some tests of clusters that no campaign changed."""
    arms = [joint_of(clusters(rng, (CHUNK, n), spread)) for n in (n0, n1)]
    control, treatment = values(arms, Columns(denominator=1, size=1))
    fewest = np.minimum(*(effective(arm, -1) for arm in arms))
    warned = (fewest < ENOUGH_CLUSTERS) | skewed(control, treatment)
    return of_means(control, treatment, 0.0, 0.0, warned)


def clusters(rng, shape, spread: float) -> np.ndarray:
    """Return the sums and the sizes of clusters whose members have a mean of 10 and variance 1."""
    size = 1.0 + rng.poisson(29 * rng.lognormal(-(spread**2) / 2, spread, shape))
    own = 10 + np.sqrt(0.1) * rng.standard_normal(shape)
    total = size * own + np.sqrt(0.9 * size) * rng.standard_normal(shape)
    return np.stack([total, size], axis=-1)


def of_few_events(rng, replications: int) -> Iterator[tuple[str, list[Found]]]:
    """Rates of few events, adjusted for what was bought before, or drawn by cluster."""
    adjusted = [(300, 2_700, 0.03), (1_000, 9_000, 0.005), (1_000, 9_000, 0.02)]
    for n0, n1, rate in adjusted:
        draw = partial(with_likely, rng, rate=rate)
        chunk = partial(event_chunk, n0, n1, draw, Columns(covariate=1))
        cell = f"{n0:,} + {n1:,}, {rate:.1%}, covariate"
        yield cell, repeated(chunk, replications)
    drawn = [
        (25, 25, 50, 0.02, 0.05), (40, 40, 50, 0.02, 0.05), (100, 100, 50, 0.02, 0.05),
        (300, 2_700, 2, 0.03, 0.2), (30, 270, 40, 0.1, 0.2),
    ]  # fmt: skip
    for n0, n1, size, rate, alike in drawn:
        draw = partial(shops, rng, size=size, rate=rate, alike=alike)
        chunk = partial(event_chunk, n0, n1, draw, Columns(denominator=1, size=1))
        cell = f"{n0:,} + {n1:,} clusters of {size}, {rate:.1%}, correlated {alike}"
        yield cell, repeated(chunk, replications)


def event_chunk(n0, n1, draw, columns) -> list[Found]:
    """Make some tests of a rate that no campaign changed."""
    arms, events = [], []
    for n in (n0, n1):
        rows = draw((CHUNK, n))
        arms.append(joint_of(rows))
        members = rows[..., 1].sum(axis=-1) if columns.size else np.full(CHUNK, n)
        events.append((rows[..., 0].sum(axis=-1), members))
    control, treatment = values(arms, columns)
    error = means.standard_error(control, treatment)
    warned = rates.effective(*events[1], *events[0], error=error) < rates.FEW_EXPECTED
    if columns.size:
        warned |= np.minimum(*(effective(arm, -1) for arm in arms)) < ENOUGH_CLUSTERS
    return of_means(control, treatment, 0.0, 0.0, warned | skewed(control, treatment))


def with_likely(rng, shape, rate: float) -> np.ndarray:
    """Return who buys, and what was bought before, by those who buy more often too."""
    before = rng.gamma(0.5, 2.0, shape)
    return np.stack([rng.random(shape) < np.minimum(rate * before, 1.0), before], axis=-1)


def shops(rng, shape, size: int, rate: float, alike: float) -> np.ndarray:
    """Return how many buy in clusters of one size, whose rates vary, and that size."""
    spread = 1 / alike - 1
    own = rng.beta(rate * spread, (1 - rate) * spread, shape)
    return np.stack([rng.binomial(size, own), np.full(shape, size)], axis=-1).astype(float)


# --- Before and after -----------------------------------------------------------------------


def ar1(rng, shape: tuple[int, ...], rho: float) -> np.ndarray:
    """Return errors that follow one another along the last axis, with innovations of variance 1."""
    new = rng.standard_normal(shape)
    new[..., 0] /= np.sqrt(1 - rho**2)
    for period in range(1, shape[-1]):
        new[..., period] += rho * new[..., period - 1]
    return new


def of_panels(rng, replications: int) -> Iterator[tuple[str, list[Found]]]:
    """Difference-in-differences of 24 periods before and after, errors of autocorrelation .6."""
    time = np.arange(48)
    common = {
        "no trend": 0.0 * time,
        "mild trend": 0.05 * time,
        "season": 2 * np.sin(2 * np.pi * time / 52),
    }
    for name, path in common.items():
        for treated, control in ((25, 25), (45, 5), (40, 10), (2, 18), (10, 10), (100, 100)):
            chunk = partial(panel_chunk, rng, path, treated, control)
            yield f"{name}, {treated} treated of {treated + control}", repeated(chunk, replications)


def panel_chunk(rng, path: np.ndarray, treated: int, control: int) -> list[Found]:
    """Make some panels whose units differ in level."""
    sides = []
    for units in (treated, control):
        level = 50 + 5 * rng.standard_normal((units, CHUNK, 1))
        outcome = level + path + ar1(rng, (units, CHUNK, len(path)), 0.6)
        sides += [outcome[..., :24].mean(axis=-1), outcome[..., 24:].mean(axis=-1)]
    return of_units(sides)


def of_units(sides: list[np.ndarray], truth: float = 0.0) -> list[Found]:
    """Judge what difference-in-differences says of units, as `difference_in_differences` does."""
    found = unit_effect(*sides, alpha=ALPHA)
    effect, changes = found.absolute, (sides[1] - sides[0], sides[3] - sides[2])
    few = min(map(len, changes)) < FEW_UNITS
    sizes = sizes_matter(sides[0], changes[0], sides[2], changes[1])
    warned = np.full(CHUNK, few) | differences.skewed(*changes) | sizes
    p_value = effect.p_value.copy()
    p_value[warned] = of_all_answers([side[:, warned] for side in sides])
    return [
        judged("verdict", p_value=p_value, warned=warned),
        judged(
            "effect", p_value=effect.p_value, interval=(effect.low, effect.high), truth=truth,
            warned=warned,
        ),
        judged("relative", interval=(found.relative_low, found.relative_high), warned=warned),
    ]  # fmt: skip


def of_all_answers(sides: list[np.ndarray]) -> np.ndarray:
    """Return the largest p-value: by Welch and by permutation, in amounts and in percentages."""
    grown = np.log(sides[1] / sides[0]), np.log(sides[3] / sides[2])
    return largest((sides[1] - sides[0], sides[3] - sides[2]), grown)


def largest(*scales: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return the largest p-value of both arms' difference; units are dealt where Welch's alarm."""
    p_value = np.maximum.reduce([difference(*arms, alpha=ALPHA).p_value for arms in scales])
    alarm = p_value < ALPHA
    if alarm.any():
        dealt = [permute(*(arm[:, alarm] for arm in arms), alpha=ALPHA) for arms in scales]
        p_value[alarm] = np.maximum.reduce([p_value[alarm], *(each.p_value for each in dealt)])
    return p_value


def of_rows(rng, replications: int) -> Iterator[tuple[str, list[Found]]]:
    """Difference-in-differences of rows that are each their own, without a unit."""
    for counts in ((5, 5, 5, 5), (15, 15, 60, 60), (200, 200, 200, 200)):
        samples = [50 + rng.standard_normal((count, replications)) for count in counts]
        found = row_effect(*(part(sample) for sample in samples), alpha=ALPHA)
        warned = np.full(replications, min(counts) < FEW_UNITS)
        absolute = found.absolute
        yield f"{counts[0]} treated, {counts[2]} control rows, before and after", [
            judged(
                "rows", p_value=absolute.p_value, interval=(absolute.low, absolute.high),
                warned=warned,
            ),
            judged("relative", interval=(found.relative_low, found.relative_high), warned=warned),
        ]  # fmt: skip


def of_interrupted(rng, replications: int) -> Iterator[tuple[str, list[Found]]]:
    """One series interrupted, with a trend: changes of its level and on average."""
    cells = [(52, 26, 0), (104, 52, 0), (104, 78, 0), (156, 104, 1), (365, 274, 0)]
    for n, before, season in cells:
        for rho in (0.0, 0.3, 0.6, 0.8, 0.9):
            chunk = partial(interrupted_chunk, rng, n, before, season, rho)
            words = ", season" if season else ""
            cell = f"{n} periods, {before} before, ρ {rho}{words}"
            yield cell, repeated(chunk, replications)


def interrupted_chunk(rng, n: int, before: int, season: int, rho: float) -> list[Found]:
    """Make some series in which nothing changed."""
    time = np.arange(n)
    after = (time >= before).astype(float)
    design = np.column_stack([np.ones(n), time - before, after, after * (time - before)])
    if season:
        design = np.column_stack([design, waves(time)])
    outcome = 0.05 * time + ar1(rng, (CHUNK, n), rho)
    regression = autoregression.regress(outcome, design)
    unit = np.eye(design.shape[1])
    asked = {"level": unit[2], "average": unit[2] + (n - before - 1) / 2 * unit[3]}
    warned = noted(regression, outcome, design) | (n < series._FEW)
    results = []
    for name, weights in asked.items():
        wary = autoregression.cautious(regression, change=name)
        found = autoregression.summarise(autoregression.contrast(wary, weights), wary, alpha=ALPHA)
        interval = (found.low, found.high)
        results.append(judged(name, p_value=found.p_value, interval=interval, warned=warned))
    return results


def waves(time: np.ndarray) -> np.ndarray:
    """Return the waves of a year of weeks."""
    turns = 2 * np.pi * time / (series.DAYS_A_YEAR / 7)
    return np.column_stack([wave(k * turns) for k in (1, 2) for wave in (np.cos, np.sin)])


def noted(regression, outcome: np.ndarray, design: np.ndarray) -> np.ndarray:
    """Return where the errors look like a wandering series, or follow a pattern."""
    warned = autoregression.autocorrelation(regression, alpha=autoregression.NOTED)[2]
    warned = warned > autoregression.NEAR_ONE
    for i in np.flatnonzero(~warned):
        pattern = autoregression.left_over(alone(regression, i), outcome[i], design)
        warned[i] = pattern < series._PATTERN
    return warned


def alone(regression, place: int):
    """Return the regression of one of several series."""
    return autoregression.Regression(
        regression.rho,
        regression.weight[place],
        regression.coefficients[place],
        regression.scale[place],
        regression.inverse,
        regression.degrees,
    )


def of_counterfactuals(rng, replications: int) -> Iterator[tuple[str, list[Found]]]:
    """A series after an action, against what a control series lets expect."""
    for before, after in ((52, 13), (70, 30), (104, 26), (104, 52), (365, 90)):
        for rho in (0.0, 0.3, 0.6, 0.8, 0.9):
            chunk = partial(counterfactual_chunk, rng, before, after, rho)
            cell = f"{before} periods before, {after} after, ρ {rho}"
            yield cell, repeated(chunk, replications)


def counterfactual_chunk(rng, before: int, after: int, rho: float) -> list[Found]:
    """Make some series that an action left alone, with one control."""
    n = before + after
    design = np.column_stack([np.ones(n), ar1(rng, (n,), 0.9)])
    outcome = ar1(rng, (CHUNK, n), rho)
    past, learned = outcome[:, :before], design[:before]
    regression = autoregression.regress(past, learned)
    wary = autoregression.cautious(regression)
    paths = autoregression.surprise(
        wary, last=past[:, -1], outcome=outcome[:, before:], design_last=learned[-1],
        design=design[before:], cumulative=True,
    )  # fmt: skip
    total = autoregression.Paths(paths.location[:, -1], paths.scale[:, -1])
    found = autoregression.summarise(total, wary, alpha=ALPHA)
    drifts = [
        autoregression.drift(alone(regression, i), values, learned) > counterfactual._DRIFTS
        for i, values in enumerate(past)
    ]
    warned = noted(regression, past, learned) | np.array(drifts) | (before < series._FEW)
    return [
        judged("effect", p_value=found.p_value, interval=(found.low, found.high), warned=warned)
    ]


def of_dealt_units(rng, replications: int) -> Iterator[tuple[str, list[Found]]]:
    """Difference-in-differences by permutation of units, errors of autocorrelation .6."""
    for treated, control in ((25, 25), (45, 5), (40, 10), (2, 18), (10, 10)):
        chunk = partial(dealt_chunk, rng, treated, control)
        yield f"{treated} treated of {treated + control}", repeated(chunk, replications)


def dealt_chunk(rng, treated: int, control: int) -> list[Found]:
    """Make some changes of units, and deal the units to the arms anew."""
    errors = [ar1(rng, (units, CHUNK, 48), 0.6) for units in (treated, control)]
    changes = [each[..., 24:].mean(axis=-1) - each[..., :24].mean(axis=-1) for each in errors]
    found = permute(*changes, alpha=ALPHA)
    warned = np.full(CHUNK, min(treated, control) < FEW_UNITS) | np.isinf(found.low)
    interval = (found.low, found.high)
    return [judged("permutation", p_value=found.p_value, interval=interval, warned=warned)]


def of_levels(rng, replications: int) -> Iterator[tuple[str, list[Found]]]:
    """Difference-in-differences of units that all change by one percentage, 15 treated and 25."""
    for noise in (0.02, 0.15):
        for ratio in (1.0, 1.1, 1.2, 1.5):
            for grown in (1.1, 1.3) if noise < 0.1 else (1.1,):
                chunk = partial(levels_chunk, rng, ratio, grown, noise)
                cell = (
                    f"treated {ratio:.1f} times as large, all {grown - 1:+.0%}, noise {noise:.0%}"
                )
                yield cell, repeated(chunk, replications)


def levels_chunk(rng, ratio: float, grown: float, spread: float) -> list[Found]:
    """Make some panels of units whose sizes are lognormal."""
    sides = []
    for units, size in ((15, ratio), (25, 1.0)):
        level = 1_000 * size * np.exp(0.3 * rng.standard_normal((units, CHUNK)))
        noise = np.exp(spread * rng.standard_normal((2, units, CHUNK)))
        sides += [level * noise[0], grown * level * noise[1]]
    verdict, effect, _ = of_units(sides)
    own, silent = own_effect(*sides, alpha=ALPHA), np.zeros(CHUNK, dtype=bool)
    percentages = judged(
        "own levels", p_value=own.p_value, interval=(own.low, own.high), warned=silent
    )
    return [verdict, effect, percentages]


def of_skewed_units(rng, replications: int) -> Iterator[tuple[str, list[Found]]]:
    """Difference-in-differences of units whose changes are lognormal."""
    for treated, control in ((10, 90), (12, 28), (10, 10), (40, 40)):
        for sigma in (0.5, 1.2):
            chunk = partial(skewed_chunk, rng, treated, control, sigma)
            cell = f"{treated} treated of {treated + control}, σ {sigma}"
            yield cell, repeated(chunk, replications)


def skewed_chunk(rng, treated: int, control: int, sigma: float) -> list[Found]:
    """Make some panels whose units change by lognormal amounts."""
    sides = []
    for units in (treated, control):
        before = 50 + 5 * rng.standard_normal((units, CHUNK))
        sides += [before, before + np.exp(sigma * rng.standard_normal((units, CHUNK)))]
    return of_units(sides)[:2]


def of_before_after(rng, replications: int) -> Iterator[tuple[str, list[Found]]]:
    """Before and after without a control: one series by Welch, and pairs of units."""
    always = np.ones(replications, dtype=bool)
    for periods, rho in ((52, 0.0), (52, 0.3), (52, 0.5), (52, 0.7)):
        outcome = ar1(rng, (replications, 2 * periods), rho).T
        before, after = part(outcome[:periods]), part(outcome[periods:])
        found = estimate(after.mean - before.mean, (before, after), alpha=ALPHA)
        interval = (found.low, found.high)
        yield (
            f"{periods} + {periods} weeks, ρ {rho}",
            [judged("one series", p_value=found.p_value, interval=interval, warned=always)],
        )
    for units, shared in ((12, 0.0), (12, 0.5), (40, 0.5), (40, 1.0)):
        own = ar1(rng, (replications, units, 52), 0.6)
        common = shared * ar1(rng, (replications, 1, 52), 0.6)
        change = np.diff((own + common).reshape(replications, units, 2, 26).mean(axis=-1))[..., 0].T
        mean = part(change)
        found = estimate(mean.mean, (mean,), alpha=ALPHA)
        yield (
            f"{units} units, 26 + 26 weeks, ρ 0.6, shared shocks {shared}",
            [
                judged(
                    "pairs", p_value=found.p_value, interval=(found.low, found.high), warned=always
                )
            ],
        )


def of_trends(rng, replications: int) -> Iterator[tuple[str, list[Found]]]:
    """Trends before the action, of units that share one season of 25 % in percentages."""
    for treated, control in ((5, 7), (15, 25)):
        for ratio in (0.8, 1.0, 1.3):
            chunk = partial(trends_chunk, rng, treated, control, ratio)
            cell = f"{treated} + {control} units, treated {ratio:.1f} times as large"
            yield cell, repeated(chunk, replications)


def trends_chunk(rng, treated: int, control: int, ratio: float, periods: int = 43) -> list[Found]:
    """Make some histories of weeks, and compare slopes in amounts and in shares of levels."""
    turn = np.arange(periods)
    season, centred = 1 + 0.25 * np.sin(2 * np.pi * turn / 52), turn - turn.mean()
    slopes, levels, shares = [], [], []
    for units, size in ((treated, ratio), (control, 1.0)):
        level = 1_400 * size * np.exp(0.2 * rng.standard_normal((units, CHUNK, 1)))
        sales = level * season + 180 * rng.standard_normal((units, CHUNK, periods))
        slopes.append(sales @ centred / (centred @ centred))
        levels.append(sales.mean(axis=-1))
        shares.append(slopes[-1] / levels[-1])
    amounts, own = difference(*slopes, alpha=ALPHA), difference(*shares, alpha=ALPHA)
    few = min(treated, control) < FEW_UNITS
    warned = np.full(CHUNK, few) | sizes_matter(levels[0], slopes[0], levels[1], slopes[1])
    every = largest((slopes[0], slopes[1]), (shares[0], shares[1]))
    p_value, silent = np.where(warned, every, amounts.p_value), np.zeros(CHUNK, dtype=bool)
    return [
        judged("verdict", p_value=p_value, warned=warned),
        judged(
            "amounts", p_value=amounts.p_value, interval=(amounts.low, amounts.high), warned=warned
        ),
        judged("own levels", p_value=own.p_value, interval=(own.low, own.high), warned=silent),
    ]


PARTS = {
    "rates": of_rates,
    "revenue": of_revenue,
    "permutation": of_dealt_members,
    "values": of_values,
    "clusters": of_clusters,
    "panels": of_panels,
    "rows": of_rows,
    "interrupted": of_interrupted,
    "counterfactual": of_counterfactuals,
    "events": of_few_events,
    "levels": of_levels,
    "skewed": of_skewed_units,
    "before_after": of_before_after,
    "trends": of_trends,
    "dealt_units": of_dealt_units,
}

TITLE = f"""# False alarms and coverage at nominal 5 % and 95 %

By `experiments_calibration.py`, seed {SEED}, {{replications:,}} replications a cell or more (rates:
four times as many), through the functions that `experiments` and `prepost` call. *False alarms*:
p < {ALPHA} where there is no effect; *covered*: the interval holds the truth; *warned*: results
that carry a warning; then both among the others, {ENOUGH:,} or more, where a tenth have none. As
asked: of the results without a warning, false alarms of {ALARMS[0]:.1%} to {ALARMS[1]:.1%} and a
coverage of {COVERED[0]:.0%} to {COVERED[1]:.0%}, unless half of the results or more carry one.

Where a warning depends on the data, the results without one are not like the rest. Under an
autocorrelation of .8, the series that escape it are those that look less correlated than they are:
intervals allow for that (`autoregression.cautious`), and are too wide over all, warned ones
included. A control that has 600 buyers by luck is warned of as well (`comparison.few_buyers`).
Permutations of members are tried with {DEALS} deals. Of difference-in-differences, *verdict* takes
the effect in amounts alone where nothing is warned of, and every answer elsewhere, so that it errs
more seldom there; *own levels* is the answer in percentages, which stands beside.
"""


def sections(text: str) -> list[str]:
    """Part a table's text at its headings.

    >>> sections("title\\n## one\\n1\\n## two\\n2\\n")
    ['title\\n', '## one\\n1\\n', '## two\\n2\\n']
    """
    first, *others = text.split("\n## ")
    return [f"{first}\n", *(f"## {other.strip()}\n" for other in others)]


def made(names: Sequence[str], replications: int) -> Iterator[str]:
    """Make the sections of some parts."""
    for place, (name, cells) in enumerate(PARTS.items()):
        if name in names:
            rng = np.random.default_rng([SEED, place])
            lines = [line(cell, one) for cell, found in cells(rng, replications) for one in found]
            yield "\n".join([f"## {heading(cells)}", "", HEAD, *lines]) + "\n"


def heading(cells: Callable[..., object]) -> str:
    """Return what a part is headed by."""
    return str(cells.__doc__).rstrip(".")


def main() -> None:
    """Print the table, or put some of its parts in place."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--replications", type=int, default=5_000)
    parser.add_argument("--only", action="append", choices=PARTS)
    parser.add_argument("--into", type=Path)
    options = parser.parse_args()
    found = made(options.only or list(PARTS), options.replications)
    if options.into is None:
        for section in found:
            print(section, flush=True)
        return
    text = options.into.read_text(encoding="utf-8") if options.into.exists() else ""
    known = {each.partition("\n")[0]: each for each in sections(text)}
    for section in found:
        known[section.partition("\n")[0]] = section
        ordered = [known.get(f"## {heading(cells)}", "") for cells in PARTS.values()]
        title = TITLE.format(replications=options.replications)
        options.into.write_text("\n".join([title, *filter(None, ordered)]), encoding="utf-8")


if __name__ == "__main__":
    main()
