"""What missing prices do to a comparison: a fault of the data, and no cause in the shop."""

from __future__ import annotations

from marketing_kpi.kpis.unpriced import Unpriced
from marketing_kpi.text.locale import Reader


def missing_prices(found: Unpriced | None, reader: Reader) -> list[str]:
    """Say that sales moved in part because prices are missing for more of one of the periods."""
    if found is None or not found.differs:
        return []
    _ = reader.translate
    shares = {"now": reader.percent(found.now), "before": reader.percent(found.before)}
    if found.of == "orders":
        return [
            _(
                "Amounts are missing for {now} of orders now, {before} before: the change of sales "
                "is partly that, a fault of the data. Complete them before you conclude.",
                **shares,
            )
        ]
    return [
        _(
            "Prices are missing for {now} of units now, {before} before: the change of sales is "
            "partly that, a fault of the data. Complete them before you conclude.",
            **shares,
        )
    ]


def of_no_row(reader: Reader) -> str:
    """Say that missing prices leave no verdict on the growth of any row."""
    _ = reader.translate
    return _(
        "As prices are missing for more of one period than of the other, of no row can it be said "
        "that it grew or fell."
    )
