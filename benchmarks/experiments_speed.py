"""How long tests of a campaign and of an action take, beside other packages.

    python benchmarks/experiments_speed.py --python tea-tasting=/path/to/python \\
        --python gbstats=… --python spotify-confidence=… --python arch=… --python pyfixest=…

Each package runs in an interpreter of its own (`--python NAME=PATH`; scipy and statsmodels in
this one unless said), on one thread, on the same data, which are in memory before the clock runs,
except those in Parquet. Seconds are those of the processor, the best of up to 30 calls after one
that is not counted. What is absent or fails is said so. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

SEED = 2026
MEMBERS, CONVERSION = 1_000_000, 0.03
CUSTOMERS, RESAMPLES = 100_000, 10_000
UNITS, PERIODS = 2_000, 100
DAYS, DAYS_AFTER = 1_095, 90
ENOUGH = 10  # seconds of calls after which no further one is begun
OURS = "marketing_kpi"
HERE = ("scipy", "statsmodels")  # what this package needs, and so has

# What an interpreter runs: `call` is made from the data, then timed.
WORKER = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
import pandas as pd
folder, enough = sys.argv[1], float(sys.argv[2])
{code}
call()
times = []
while len(times) < 30 and sum(times) < enough:
    start = time.process_time()
    found = call()
    times.append(time.process_time() - start)
print(json.dumps([min(times), str(found)]))
"""

MEMBERS_FRAME = """
held = np.load(folder + "/members.npz")
frame = pd.DataFrame({key: held[key] for key in ("bought", "revenue")})
frame["arm"] = pd.Series(held["names"])[held["arm"]].to_numpy()
"""

# sums of squares a group, as gbstats and spotify-confidence ask for them
GROUPED = """
def grouped():
    squared = frame.assign(bought_2=frame.bought**2, revenue_2=frame.revenue**2)
    return squared.groupby("arm").agg(
        n=("bought", "size"), bought=("bought", "sum"), bought_2=("bought_2", "sum"),
        revenue=("revenue", "sum"), revenue_2=("revenue_2", "sum"),
    )
"""

COMPARE = """
from marketing_kpi import experiments
def call():
    return list(experiments.compare_all(frame, outcomes=["bought", "revenue"]).p_value)
"""

TEA_TASTING = """
import tea_tasting as tt
trial = tt.Experiment(bought=tt.Mean("bought"), revenue=tt.Mean("revenue"), variant="arm")
def call():
    found = trial.analyze(frame, control="control")
    return [found[one].pvalue for one in ("bought", "revenue")]
"""

GBSTATS = """
from gbstats.frequentist.tests import FrequentistConfig, TwoSidedTTest
from gbstats.models.statistics import ProportionStatistic, SampleMeanStatistic
def call():
    rows = grouped()
    arms = [rows.loc[name] for name in ("control", "treatment")]
    rate = [ProportionStatistic(n=int(arm.n), sum=arm.bought) for arm in arms]
    mean = [
        SampleMeanStatistic(n=int(arm.n), sum=arm.revenue, sum_squares=arm.revenue_2)
        for arm in arms
    ]
    config = FrequentistConfig(difference_type="absolute")
    try:
        tests = [TwoSidedTTest(*pair, config=config) for pair in (rate, mean)]
    except TypeError:
        tests = [TwoSidedTTest([tuple(pair)], config) for pair in (rate, mean)]
    return [test.compute_result().p_value for test in tests]
"""

SPOTIFY = """
from spotify_confidence import ZTest
def call():
    rows = grouped().reset_index()
    found = []
    for one in ("bought", "revenue"):
        test = ZTest(
            rows, numerator_column=one, numerator_sum_squares_column=one + "_2",
            denominator_column="n", categorical_group_columns="arm",
        )
        found.append(float(test.difference(level_1="control", level_2="treatment")["p-value"][0]))
    return found
"""

CLOSED_FORM = """
from scipy.special import ndtr
treated = (frame.arm == "treatment").to_numpy()
columns = [frame[one].to_numpy(dtype=float) for one in ("bought", "revenue")]
def call():
    found = []
    for values in columns:
        arms = [values[treated], values[~treated]]
        error = np.sqrt(sum(arm.var(ddof=1) / len(arm) for arm in arms))
        found.append(2 * ndtr(-abs(arms[0].mean() - arms[1].mean()) / error))
    return found
"""

PARQUET = """
import ibis
frame = ibis.duckdb.connect(threads=1).read_parquet(folder + "/members.parquet")
"""

ZERO_INFLATED = """
values = np.load(folder + "/customers.npy")
"""

PANEL = """
frame = pd.DataFrame(dict(np.load(folder + "/panel.npz")))
"""

STATSMODELS_ARRAYS = """
import statsmodels.api as sm
y, treated, after, unit = (frame[key].to_numpy() for key in ("y", "treated", "after", "unit"))
def call():
    design = np.column_stack([np.ones(len(y)), treated, after, treated * after])
    fit = sm.OLS(y, design).fit(cov_type="cluster", cov_kwds={"groups": unit})
    return fit.params[3], fit.pvalues[3]
"""

STATSMODELS_FORMULA = """
import statsmodels.formula.api as smf
def call():
    model = smf.ols("y ~ treated * after", frame)
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": frame.unit})
    return fit.params["treated:after"], fit.pvalues["treated:after"]
"""

PYFIXEST = """
import pyfixest
def call():
    fit = pyfixest.feols("y ~ treated * after", frame, vcov={"CRV1": "unit"})
    return fit.coef()["treated:after"], fit.pvalue()["treated:after"]
"""

SERIES = """
frame = pd.DataFrame(dict(np.load(folder + "/series.npz")))
frame["day"] = pd.date_range("2023-01-01", periods=len(frame))
"""

COUNTERFACTUAL = """
from marketing_kpi import prepost
action = frame.day[len(frame) - {after}].date()
def call():
    found = prepost.counterfactual(
        frame, outcome="y", period="day", action=action, controls=["a", "b", "c"]
    )
    return found.effect, found.p_value
"""

UNOBSERVED = """
from statsmodels.tsa.statespace.structural import UnobservedComponents
y, controls = frame.y.to_numpy(), frame[["a", "b", "c"]].to_numpy()
def call():
    before = len(y) - {after}
    model = UnobservedComponents(y[:before], "{trend}", exog=controls[:before])
    ahead = model.fit(disp=0).get_forecast({after}, exog=controls[before:])
    ahead.conf_int()
    return (y[before:] - ahead.predicted_mean).mean()
"""


class Entry(NamedTuple):
    """A package, what it is asked, and the code that asks it."""

    package: str
    what: str
    code: str


class Race(NamedTuple):
    """Entries that answer one question, ours first."""

    title: str
    entries: tuple[Entry, ...]


def unobserved(trend: str) -> Entry:
    """Return statsmodels' own model with such a trend."""
    code = SERIES + UNOBSERVED.format(after=DAYS_AFTER, trend=trend)
    return Entry("statsmodels", f"UnobservedComponents, {trend}, fit and forecast", code)


RACES = (
    Race(
        f"Two arms of {MEMBERS:,} members in pandas, conversion and revenue",
        (
            Entry(OURS, "compare_all, two outcomes", MEMBERS_FRAME + COMPARE),
            Entry("tea-tasting", "Experiment of two means", MEMBERS_FRAME + TEA_TASTING),
            Entry("gbstats", "groupby, TwoSidedTTest", MEMBERS_FRAME + GROUPED + GBSTATS),
            Entry("spotify-confidence", "groupby, difference", MEMBERS_FRAME + GROUPED + SPOTIFY),
            Entry("scipy", "Welch's z by hand, arms as masks", MEMBERS_FRAME + CLOSED_FORM),
        ),
    ),
    Race(
        "The same in Parquet, through DuckDB",
        (
            Entry(OURS, "compare_all, two outcomes", PARQUET + COMPARE),
            Entry("tea-tasting", "Experiment of two means", PARQUET + TEA_TASTING),
        ),
    ),
    Race(
        f"Bootstrap, {RESAMPLES:,} resamples of {CUSTOMERS:,} customers of whom 3 % buy",
        (
            Entry(
                OURS, "means.bootstrap",
                ZERO_INFLATED + "from marketing_kpi.trials.means import bootstrap\n"
                "def call():\n"
                f"    means = bootstrap(values[values != 0], len(values), resamples={RESAMPLES})\n"
                "    return np.quantile(means, [.025, .975])",
            ),
            Entry(
                "arch", "IIDBootstrap, percentile",
                ZERO_INFLATED + "from arch.bootstrap import IIDBootstrap\n"
                "def call():\n"
                f"    return IIDBootstrap(values).conf_int(np.mean, {RESAMPLES}, "
                "method='percentile').ravel()",
            ),
            Entry(
                "scipy", "stats.bootstrap, percentile",
                ZERO_INFLATED + "from scipy import stats\n"
                "def call():\n"
                f"    return stats.bootstrap((values,), np.mean, n_resamples={RESAMPLES}, "
                "batch=50, method='percentile').confidence_interval",
            ),
        ),
    ),
    Race(
        f"Difference-in-differences, {UNITS * PERIODS:,} rows of {UNITS:,} units in pandas",
        (
            Entry(
                OURS, "difference_in_differences, with permutation",
                PANEL + "from marketing_kpi import prepost\n"
                "def call():\n"
                "    found = prepost.difference_in_differences(frame, outcome='y', unit='unit')\n"
                "    return found.effect, found.p_value",
            ),
            Entry("statsmodels", "OLS on arrays, cluster-robust", PANEL + STATSMODELS_ARRAYS),
            Entry("statsmodels", "ols by formula, cluster-robust", PANEL + STATSMODELS_FORMULA),
            Entry("pyfixest", "feols, CRV1", PANEL + PYFIXEST),
        ),
    ),
    Race(
        f"Counterfactual of {DAYS:,} days, the last {DAYS_AFTER} after, 3 covariates",
        (
            Entry(
                OURS,
                "counterfactual, both models",
                SERIES + COUNTERFACTUAL.format(after=DAYS_AFTER),
            ),
            unobserved("llevel"),
            unobserved("lltrend"),
        ),
    ),
)  # fmt: skip


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", action="append", default=[], metavar="NAME=PATH")
    options = parser.parse_args()
    pythons = dict.fromkeys((OURS, *HERE), sys.executable)
    pythons |= dict(given.split("=", 1) for given in options.python)
    print(
        "# Speed beside other packages\n\nProcessor seconds of one run of `experiments_speed.py`."
    )
    with tempfile.TemporaryDirectory() as folder:
        for make in (members, customers, panel, series):
            make(np.random.default_rng(SEED), Path(folder))
        for race in RACES:
            for line in table(race, pythons, folder):
                print(line, flush=True)


def table(race: Race, pythons: dict[str, str], folder: str) -> Iterator[str]:
    """Time the entries of a race; yield the lines of a Markdown table."""
    yield f"\n## {race.title}\n"
    yield "| package | what | seconds | times ours | answer |\n|---|---|---|---|---|"
    ours = None
    for entry in race.entries:
        got = timed(entry, pythons.get(entry.package), folder)
        if isinstance(got, str):
            yield f"| {entry.package} | {entry.what} | {got} | | |"
            continue
        ours = ours or got.seconds
        ratio = got.seconds / ours
        yield (
            f"| {entry.package} | {entry.what} | {got.seconds:.4f} | {ratio:.2f} | {got.answer} |"
        )


class Timed(NamedTuple):
    """Seconds of the best call, and what it answered."""

    seconds: float
    answer: str


def timed(entry: Entry, python: str | None, folder: str) -> Timed | str:
    """Time an entry in its interpreter; or say why not."""
    if python is None:
        return "absent"
    one_thread = {f"{kind}_NUM_THREADS": "1" for kind in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    code = WORKER.replace("{code}", entry.code)
    run = subprocess.run(
        [python, "-c", code, folder, str(ENOUGH)],
        capture_output=True,
        text=True,
        env={**os.environ, **one_thread},
    )
    if run.returncode:
        print(f"{entry.package}: {run.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return "failed"
    seconds, answer = json.loads(run.stdout.splitlines()[-1])
    return Timed(seconds, answer.replace("|", "/"))


def members(rng: np.random.Generator, folder: Path) -> None:
    """Write a campaign with a tenth as control, and no effect."""
    arm = (rng.random(MEMBERS) < 0.9).astype("int8")
    bought = (rng.random(MEMBERS) < CONVERSION).astype("int64")
    revenue = bought * np.round(rng.lognormal(4.0, 1.0, MEMBERS), 2)
    names = np.array(["control", "treatment"])
    np.savez(folder / "members.npz", arm=arm, bought=bought, revenue=revenue, names=names)
    frame = pd.DataFrame({"arm": names[arm], "bought": bought, "revenue": revenue})
    frame.to_parquet(folder / "members.parquet", index=False)


def customers(rng: np.random.Generator, folder: Path) -> None:
    """Write what customers spent, most of them nothing."""
    bought = rng.random(CUSTOMERS) < CONVERSION
    np.save(folder / "customers.npy", bought * rng.lognormal(4.0, 1.0, CUSTOMERS))


def panel(rng: np.random.Generator, folder: Path) -> None:
    """Write a panel of which every second unit is treated from the middle on."""
    unit, period = np.repeat(np.arange(UNITS), PERIODS), np.tile(np.arange(PERIODS), UNITS)
    treated, after = unit % 2, (period >= PERIODS // 2).astype("int64")
    y = 100 + 5 * rng.normal(size=UNITS)[unit] + rng.normal(size=len(unit)) + 0.1 * treated * after
    np.savez(folder / "panel.npz", unit=unit, period=period, treated=treated, after=after, y=y)


def series(rng: np.random.Generator, folder: Path) -> None:
    """Write days that follow three others, and wander a little."""
    controls = 100 + 0.3 * np.cumsum(rng.normal(size=(DAYS, 3)), axis=0)
    wandering = np.cumsum(rng.normal(0, 0.05, DAYS))
    y = 20 + controls @ [0.5, 0.3, 0.1] + rng.normal(0, 2, DAYS) + wandering
    np.savez(folder / "series.npz", y=y, **dict(zip("abc", controls.T, strict=True)))


if __name__ == "__main__":
    main()
