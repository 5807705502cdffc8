"""Kaplan-Meier against published values.

Remission of leukaemia, in weeks: Freireich, E. J. et al. (1963), The effect of 6-mercaptopurine
on the duration of steroid-induced remissions in acute leukemia, Blood 21(6); the estimates are
those of Kleinbaum, D. G. and Klein, M. (2012), Survival Analysis, 3rd ed., Springer, chapter 2,
and the log-log limits those that Stata (sts list) and R (survfit, conf.type = "log-log") print.
"""

import pandas as pd
import pytest

from marketing_kpi import retention

# (weeks, remission ended), + means censored.
TREATED = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"

PUBLISHED = {  # weeks: at risk, ended, survival, 95 % limits
    6: (21, 3, 0.8571, 0.6197, 0.9516),
    7: (17, 1, 0.8067, 0.5631, 0.9228),
    10: (15, 1, 0.7529, 0.5032, 0.8894),
    13: (12, 1, 0.6902, 0.4316, 0.8491),
    16: (11, 1, 0.6275, 0.3675, 0.8049),
    22: (7, 1, 0.5378, 0.2678, 0.7468),
    23: (6, 1, 0.4482, 0.1881, 0.6801),
}


def waits(text):
    return pd.DataFrame(
        {
            "days": [int(one.rstrip("+")) for one in text.split()],
            "bought": [not one.endswith("+") for one in text.split()],
            "customers": 1,
        }
    )


def test_remission_under_treatment():
    found = retention.kaplan_meier(waits(TREATED))
    curve = found.curve.set_index("days").drop(0)
    assert curve.index.tolist() == list(PUBLISHED)
    for week, (at_risk, ended, *shares) in PUBLISHED.items():
        row = curve.loc[week]
        assert (row.at_risk, row.events) == (at_risk, ended)
        assert row[["survival", "low", "high"]].round(4).tolist() == shares
    assert (found.customers, found.events, found.observed_days) == (21, 9, 35)


def test_medians_with_and_without_censoring():
    treated = retention.kaplan_meier(waits(TREATED))
    assert (treated.median_days, treated.median_low, treated.median_high) == (23, 13, None)
    placebo = retention.kaplan_meier(waits(PLACEBO))
    assert (placebo.median_days, placebo.median_low, placebo.median_high) == (8, 4, 11)


def test_without_censoring_the_curve_is_the_share_still_waiting():
    curve = retention.kaplan_meier(waits(PLACEBO)).curve
    days = waits(PLACEBO).days
    shares = [(days > day).mean() for day in curve.days]
    assert curve.survival.tolist() == pytest.approx(shares, abs=1e-12)


def test_grouped_customers_have_greenwoods_error_not_that_of_the_hazard():
    from statsmodels.duration.survfunc import SurvfuncRight

    one_by_one = waits(TREATED)
    grouped = one_by_one.groupby(["days", "bought"], as_index=False).sum()
    found = retention.kaplan_meier(grouped)
    pd.testing.assert_frame_equal(found.curve, retention.kaplan_meier(one_by_one).curve)
    fit = SurvfuncRight(one_by_one.days, one_by_one.bought.astype(int))
    published = [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346]
    assert fit.surv_prob_se.round(4).tolist() == published
