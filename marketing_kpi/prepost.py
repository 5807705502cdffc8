"""Before–after analysis: what an action changed, when nobody was drawn to be left alone.

`propose` and `calendar_notes` choose the days to compare, `choose` the method. `compare` describes
a change. `difference_in_differences` sets it against that of units left alone, on the `panel` of
both; `event_study`, `parallel_trends`, `placebo_groups`, `placebo_dates` and
`regression_to_the_mean` doubt it.
`interrupted_time_series` and `counterfactual` work on one series, and `placebo` doubts those.
`study` puts a question to a client's data, `analyse` gives all answers and what may be concluded.
The analyses live in `marketing_kpi.quasi_experiments`.
"""

from __future__ import annotations

from marketing_kpi.quasi_experiments.chooser import Holds, choose, holds
from marketing_kpi.quasi_experiments.conclusion import (
    Analyses,
    Conclusion,
    analyse,
    conclude,
    units_needed,
)
from marketing_kpi.quasi_experiments.counterfactual import Counterfactual, counterfactual
from marketing_kpi.quasi_experiments.differences import (
    DifferenceInDifferences,
    difference_in_differences,
)
from marketing_kpi.quasi_experiments.earlier import placebo_dates
from marketing_kpi.quasi_experiments.interrupted import (
    InterruptedTimeSeries,
    interrupted_time_series,
)
from marketing_kpi.quasi_experiments.paired import BeforeAfter, compare
from marketing_kpi.quasi_experiments.panel import panel
from marketing_kpi.quasi_experiments.periods import Proposal, Span, calendar_notes, propose
from marketing_kpi.quasi_experiments.placebo import Placebo, placebo
from marketing_kpi.quasi_experiments.regression import (
    RegressionToTheMean,
    regression_to_the_mean,
    simulate_regression,
)
from marketing_kpi.quasi_experiments.study import Study, adds_up, changes, study
from marketing_kpi.quasi_experiments.trends import (
    ParallelTrends,
    event_study,
    parallel_trends,
    placebo_groups,
)

__all__ = [
    "Analyses",
    "BeforeAfter",
    "Conclusion",
    "Counterfactual",
    "DifferenceInDifferences",
    "Holds",
    "InterruptedTimeSeries",
    "ParallelTrends",
    "Placebo",
    "Proposal",
    "RegressionToTheMean",
    "Span",
    "Study",
    "adds_up",
    "analyse",
    "calendar_notes",
    "changes",
    "choose",
    "compare",
    "conclude",
    "counterfactual",
    "difference_in_differences",
    "event_study",
    "holds",
    "interrupted_time_series",
    "panel",
    "parallel_trends",
    "placebo",
    "placebo_dates",
    "placebo_groups",
    "propose",
    "regression_to_the_mean",
    "simulate_regression",
    "study",
    "units_needed",
]
