"""Control-group tests: did the campaign work, by how much, and how sure is that?

`compare` says what a treatment changed against the control, for a rate, a mean or a ratio of sums;
`compare_all` does it for several outcomes, arms or segments, and corrects for their number;
`homogeneity` asks once whether any of several arms differ. The machinery lives in
`marketing_kpi.trials`.
"""

from __future__ import annotations

from marketing_kpi.trials.comparison import Comparison, Part, compare, compare_all
from marketing_kpi.trials.design import SplitCheck, balance, draw, overlap, split_check
from marketing_kpi.trials.homogeneity import Homogeneity, homogeneity
from marketing_kpi.trials.incremental import Amount, Incremental, incremental
from marketing_kpi.trials.means import bootstrap
from marketing_kpi.trials.members import Window, campaign_cost, members, window
from marketing_kpi.trials.mistakes import (
    best_segment,
    contacted_control,
    peeking,
    responders_only,
)
from marketing_kpi.trials.needed import WouldTake, plans, would_take
from marketing_kpi.trials.power import (
    PerHead,
    SampleSize,
    minimum_detectable_effect,
    per_head,
    power,
    power_table,
    sample_size,
)
from marketing_kpi.trials.trial import Trial, campaign_names, campaigns, trial

__all__ = [
    "Amount",
    "Comparison",
    "Homogeneity",
    "Incremental",
    "Part",
    "PerHead",
    "SampleSize",
    "SplitCheck",
    "Trial",
    "Window",
    "WouldTake",
    "balance",
    "best_segment",
    "bootstrap",
    "campaign_cost",
    "campaign_names",
    "campaigns",
    "compare",
    "compare_all",
    "contacted_control",
    "draw",
    "homogeneity",
    "incremental",
    "members",
    "minimum_detectable_effect",
    "overlap",
    "peeking",
    "per_head",
    "plans",
    "power",
    "power_table",
    "responders_only",
    "sample_size",
    "split_check",
    "trial",
    "window",
    "would_take",
]
