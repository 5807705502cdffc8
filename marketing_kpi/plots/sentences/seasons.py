"""What a comparison with another season cannot tell."""

from __future__ import annotations

from marketing_kpi.kpis.periods import Periods
from marketing_kpi.text.locale import Reader


def of_another_season(periods: Periods, reader: Reader) -> list[str]:
    """Say that a change holds the season, where the periods are of different days of the year."""
    before, start, _ = periods.previous_start, periods.start, reader.translate
    if before is None or (before.month, before.day) == (start.month, start.day):
        return []
    return [
        _(
            "The period compared with is of another season: what the season brings is in this "
            "change, and no interval holds it. Compare with the same days a year earlier."
        )
    ]
