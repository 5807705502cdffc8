"""What the customer lifecycle shows, in sentences."""

from __future__ import annotations

import pandas as pd

from marketing_kpi.kpis.dictionary import dictionary
from marketing_kpi.lifecycle import Advice, KnownFrom, Unidentified
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.stages.settings import (
    ABSENT,
    CUSTOMER_STAGES,
    DEFAULTS,
    LEAD_STAGES,
    Settings,
)
from marketing_kpi.text.locale import Reader, is_absent


def unidentified(found: Unidentified, *, lang: str | Reader) -> Sentence:
    """Say what the purchases of nobody known weigh, and whether they are counted.

    Parameters
    ----------
    found
        What `lifecycle.unidentified` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if not found.orders:
        return Sentence(_("Every purchase of the period has a known buyer."))
    text = _(
        "Purchases of nobody known in the period: {orders} ({orders_share} of purchases, "
        "{sales_share} of sales).",
        orders=reader.integer(found.orders),
        orders_share=reader.percent(found.orders_share),
        sales_share=reader.percent(found.net_sales_share),
    )
    counted = (
        _("They are in the revenue below, under a name of their own.")
        if found.counted
        else _("They are left out of the revenue below.")
    )
    return Sentence(f"{text} {counted}")


def stages(found: pd.DataFrame, *, lang: str | Reader) -> Sentence:
    """Say how many contacts have bought, and how many of these are drifting away.

    Parameters
    ----------
    found
        What `lifecycle.by_stage` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    held = found.set_index("stage")["contacts"]
    leads = int(held.reindex(LEAD_STAGES).fillna(0).sum())
    customers = int(held.reindex(CUSTOMER_STAGES).fillna(0).sum())
    if not leads + customers:
        return Sentence(_("No contact to show."))
    text = _(
        "{contacts} contacts: {leads} have bought nothing yet, {customers} are customers.",
        contacts=reader.integer(leads + customers),
        leads=reader.integer(leads),
        customers=reader.integer(customers),
    )
    if not customers:
        return Sentence(text)
    drifting = int(held.get("defecting", 0)), int(held.get("inactive", 0))
    return Sentence(
        f"{text} "
        + _(
            "Of these, {defecting} are defecting ({share}) and {inactive} inactive "
            "({inactive_share}).",
            defecting=reader.integer(drifting[0]),
            share=reader.percent(drifting[0] / customers),
            inactive=reader.integer(drifting[1]),
            inactive_share=reader.percent(drifting[1] / customers),
        )
    )


def known_from(found: KnownFrom, *, lang: str | Reader, as_of: str) -> Sentence:
    """Say whether the data reach back far enough for the stages and the status of a day.

    Parameters
    ----------
    found
        What `lifecycle.known_from` returns.
    lang
        The reader, or a language.
    as_of
        The day of the analysis.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found.stages is None or found.status is None:
        return Sentence(_("There is no order to read stages from."))
    day = pd.Timestamp(as_of).date()
    if day < found.stages:
        return Sentence(
            _("The orders begin too late: stages can be trusted from {day} on. Before, old "
              "customers look new.", day=reader.date(found.stages))
        )  # fmt: skip
    if day < found.status:
        return Sentence(
            _("The orders do not cover the whole window of the status, which is too low until "
              "{day}.", day=reader.date(found.status))
        )  # fmt: skip
    return Sentence(_("The data reach back far enough for the stages and the status of this day."))


def flows(moves: pd.DataFrame, *, lang: str | Reader, settings: Settings = DEFAULTS) -> Sentence:
    """Say how many customers came back from silence in the period, and how many fell silent.

    Parameters
    ----------
    moves
        What `lifecycle.flows` returns.
    lang
        The reader, or a language.
    settings
        The words of the stages.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    known = moves[moves["before"] != ABSENT]
    if known.empty:
        return Sentence(_("No contact to show."))
    silent = ("defecting", "inactive")
    awake = ("first_time", "active")
    back = known[known["before"].isin(silent) & known["after"].isin(awake)]["contacts"].sum()
    gone = known[known["before"].isin(awake) & known["after"].isin(silent)]["contacts"].sum()
    return Sentence(
        _(
            "Month by month, {gone} times a customer fell into “{defecting}”, and {back} times one "
            "came back from silence.",
            gone=reader.integer(int(gone)),
            back=reader.integer(int(back)),
            defecting=settings.term("defecting", reader),
        )
    )


def recent(found: pd.DataFrame, *, lang: str | Reader) -> Sentence:
    """Say which rates moved clearly in the last days.

    Parameters
    ----------
    found
        What `lifecycle.last_30_days` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    known = found[found["reason"].isna()]
    if known.empty:
        return Sentence(_("No rate can be compared over these days."))
    parts = []
    for verdict, text in (
        ("higher", _("Clearly higher: {rates}.")),
        ("lower", _("Clearly lower: {rates}.")),
    ):
        ids = known.loc[known["verdict"] == verdict, "rate"]
        if len(ids):
            names = [dictionary()[id].name[reader.lang] for id in ids]
            parts.append(text.format(rates=", ".join(names)))
    if not parts:
        return Sentence(_("No rate moved clearly: chance would be enough to explain the changes."))
    return Sentence(" ".join(parts))


def advice(found: Advice, *, lang: str | Reader) -> Sentence:
    """Say what the adviser proposes, or why it proposes nothing.

    Parameters
    ----------
    found
        What `lifecycle.advise` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    proposal = found.proposal
    if proposal.median_days is None:
        return Sentence(_("Too few customers came back to say when they usually do."))
    text = _(
        "Of those who come back, half have done so within {median} ({returns} returns observed).",
        median=reader.days(proposal.median_days),
        returns=reader.integer(proposal.returns),
    )
    first, second = proposal.limits
    if is_absent(first.proposed) or is_absent(second.proposed):
        return Sentence(f"{text} {_('The data cannot tell both limits: see the table.')}")
    return Sentence(
        f"{text} "
        + _(
            "By their habits, a customer is late after {defecting}, and hardly comes back after "
            "{inactive}; the current limits are {now_defecting} and {now_inactive}.",
            defecting=reader.days(first.proposed),
            inactive=reader.days(second.proposed),
            now_defecting=reader.days(first.current),
            now_inactive=reader.days(second.current),
        )
    )
