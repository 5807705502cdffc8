"""How often intervals of predicted purchases and of CLTV hold the truth; a Markdown table.

    nice -n 15 .venv/bin/python benchmarks/clv_coverage.py 200 > benchmarks/clv_coverage.md

Customers of known parameters are drawn, the models are fitted on what a shop would see of them,
and each nominal 95 % interval is held against what it aims at: the purchases of the next year that
the customers were drawn to make (a prediction interval), and the margin that the true parameters
foretell of the same histories (intervals of an expectation).
"""

import os
import sys
from dataclasses import replace
from itertools import product

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # matrices here are small: threads only wait

import numpy as np
import pandas as pd

from marketing_kpi.models.bg_nbd import fit_bg_nbd
from marketing_kpi.models.gamma_gamma import fit_gamma_gamma
from marketing_kpi.models.holdout import holdout_verdict
from marketing_kpi.models.pareto_nbd import fit_pareto_nbd
from marketing_kpi.models.value import discounted_value, new_customer_value, total_value

SIZES = (500, 5000)
WEEKS_AHEAD = 52.0
SPENDING = (6.25, 3.74, 15.44)  # p, q, v of CDNOW
MODELS = {
    "BG/NBD": (fit_bg_nbd, (0.8, 8.0, 0.95, 3.8)),  # r, alpha, a, b of the demo, in weeks
    "Pareto/NBD": (fit_pareto_nbd, (0.55, 10.58, 0.61, 11.67)),  # r, alpha, s, beta of CDNOW
}
VALUE = {"months": 12, "discount_rate": 0.1, "margin_rate": 0.4}


def leave(model, parameters, rate, rng):
    """Return the last purchase and the time at which each customer leaves, one of them infinite."""
    third, fourth = parameters[2:]
    never = np.full(len(rate), np.inf)
    if model == "BG/NBD":
        return rng.geometric(rng.beta(third, fourth, len(rate))).astype(float), never
    return never, rng.exponential(1 / rng.gamma(third, 1 / fourth, len(rate)))


def draw(model, parameters, customers, rng):
    """Draw customers who began in a year, seen for one year more; then the year ahead."""
    age = rng.uniform(52, 104, customers)
    rate = rng.gamma(parameters[0], 1 / parameters[1], customers)
    last_purchase, leaves = leave(model, parameters, rate, rng)
    until = np.minimum(age + WEEKS_AHEAD, leaves)
    number = rng.poisson(rate * until)
    who = np.repeat(np.arange(customers), number)
    at = rng.uniform(0, until[who])
    at = at[np.lexsort((at, who))]
    place = np.arange(len(who)) - np.repeat(np.cumsum(number) - number, number)
    kept = place < last_purchase[who]
    who, at = who[kept], at[kept]
    seen = at <= age[who]
    frequency = np.bincount(who[seen], minlength=customers)
    recency = np.zeros(customers)
    np.maximum.at(recency, who[seen], at[seen])
    p, q, v = SPENDING
    scale = rng.gamma(q, 1 / v, customers)
    bought = np.maximum(frequency, 1)
    mean = rng.gamma(p * bought, 1 / (scale * bought))
    return pd.DataFrame(
        {
            "customer_id": np.arange(customers),
            "frequency": frequency,
            "recency": recency,
            "T": age,
            "monetary_value": np.where(frequency > 0, mean, np.nan),
            "actual": np.bincount(who[~seen], minlength=customers),
            "periods": WEEKS_AHEAD,
        }
    )


def measure(model, customers, seed):
    """Return, for each quantity, the share of its intervals that hold the truth; None: no fit."""
    fit_model, parameters = MODELS[model]
    held = draw(model, parameters, customers, np.random.default_rng([customers, seed]))
    fit, spending = fit_model(held, unit="week"), fit_gamma_gamma(held)
    if fit.diagnosis or spending.diagnosis:
        return None
    truth = replace(fit, point=np.log(parameters), log_covariance=None)
    p, q, v = SPENDING
    true_spending = replace(spending, p=p, q=q, v=v, point=np.log(SPENDING), log_covariance=None)
    verdict = holdout_verdict(fit, held)
    mean, new = (
        total_value(fit, spending, held, **VALUE),
        new_customer_value(fit, spending, **VALUE),
    )
    true_mean = total_value(truth, true_spending, held, **VALUE).cltv_mean[0]
    true_new = new_customer_value(truth, true_spending, **VALUE).cltv
    some = held.head(SIZES[0])
    each = discounted_value(fit, spending, some, **VALUE)
    true_each = discounted_value(truth, true_spending, some, **VALUE).cltv
    return {
        "purchases in the year ahead": verdict.low <= verdict.actual <= verdict.high,
        "mean CLTV": mean.cltv_mean_low[0] <= true_mean <= mean.cltv_mean_high[0],
        "CLTV of a new customer": new.low <= true_new <= new.high,
        "CLTV of each customer (mean share)": true_each.between(each.low, each.high).mean(),
    }


def main():
    """Print the table."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print("Nominal 95 % intervals, by `clv_coverage.py`; without a fit: left out.\n")
    print("| customers | model | interval of | holds the truth | standard error | of | no fit |")
    print("|---|---|---|---|---|---|---|")
    for customers, model in product(SIZES, MODELS):
        outcomes = [measure(model, customers, seed) for seed in range(wanted)]
        found = pd.DataFrame([one for one in outcomes if one is not None]).astype("float64")
        for quantity in found:
            share, error = found[quantity].mean(), found[quantity].sem()
            numbers = f"{share:.3f} | {error:.3f} | {wanted} | {wanted - len(found)} |"
            print(f"| {customers:,} | {model} | {quantity} | {numbers}", flush=True)


if __name__ == "__main__":
    main()
