"""The variance of a net promoter score, as published.

Source: Cross Validated, "How can I calculate margin of error in a NPS (Net Promoter Score)
result?": the variance of one answer where promoters, passives and detractors are 1/2, 1/3 and 1/6
is (1 - 1/3)^2 / 2 + (0 - 1/3)^2 / 3 + (-1 - 1/3)^2 / 6 = 5/9.
"""

import math

import pandas as pd
import pytest

from marketing_kpi import voice

Z95 = 1.959963984540054


def test_the_published_variance():
    """With so many answers, the three that the interval adds no longer weigh."""
    n = 60_000
    scores = pd.DataFrame({"score": [10] * (n // 2) + [7] * (n // 3) + [0] * (n // 6)})
    row = voice.nps(scores).iloc[0]
    assert row.score == pytest.approx(100 / 3)
    published = 100 * Z95 * math.sqrt(5 / 9 / n)
    assert (row.high - row.low) / 2 == pytest.approx(published, rel=1e-4)
