"""What the customer lifecycle shows, in sentences."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from marketing_kpi.kpis.extent import GRACE_DAYS
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
from marketing_kpi.text.messages import N_

REASONS: Mapping[str, str] = {
    "missing": N_("missing in the data"),
    "history": N_("the orders begin too late"),
    "ends": N_("the orders end too early"),
    "few": N_("too few customers"),
    "close": N_("too close to the other limit"),
}
"""Why there is no number, by the ids that results give as their reason."""


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
    if found.filtered:
        said = _("The filter on contacts leaves them out of the revenue below.")
    elif found.counted:
        said = _("They are in the revenue below, under a name of their own.")
    else:
        said = _("They are left out of the revenue below.")
    return Sentence(f"{text} {said}")


def stages(found: pd.DataFrame, *, lang: str | Reader, settings: Settings = DEFAULTS) -> Sentence:
    """Say how many contacts have bought, and how many of these are drifting away.

    Parameters
    ----------
    found
        What `lifecycle.by_stage` returns.
    lang
        The reader, or a language.
    settings
        The words of the stages.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    held = found.set_index("stage")["contacts"]
    leads = int(held.reindex(LEAD_STAGES).fillna(0).sum())
    customers = int(held.reindex(CUSTOMER_STAGES).fillna(0).sum())
    if not leads + customers:
        return Sentence(_("No contact to show."))
    # Without contacts or responses in the data, there are leads that nobody sees.
    text = (
        _("Contacts: {contacts}, {leads} of them without a purchase yet; customers: {customers}.",
          contacts=reader.integer(leads + customers), leads=reader.integer(leads),
          customers=reader.integer(customers))
        if leads
        else _("Customers: {customers}.", customers=reader.integer(customers))
    )  # fmt: skip
    if not customers:
        return Sentence(text)
    drifting = int(held.get("defecting", 0)), int(held.get("inactive", 0))
    return Sentence(
        f"{text} "
        + _(
            "Of these, “{defecting_name}”: {defecting} ({share}); “{inactive_name}”: {inactive} "
            "({inactive_share}).",
            defecting_name=settings.term("defecting", reader),
            inactive_name=settings.term("inactive", reader),
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
    short = []
    if day < found.stages:
        short.append(
            _("The orders begin too late: stages can be trusted from {day} on. Before, old "
              "customers look new.", day=reader.date(found.stages))
        )  # fmt: skip
    if day < found.status:
        short.append(
            _("The orders do not cover the whole window of the status, which is too low until "
              "{day}.", day=reader.date(found.status))
        )  # fmt: skip
    if short:
        return Sentence(" ".join(short))
    enough = _("The data reach back far enough for the stages and the status of this day.")
    if not found.from_opening:
        return Sentence(enough)
    opened = _(
        "No buyer registered more than {days} before the first order: the shop is taken to have "
        "opened then, with nobody buying before.",
        days=reader.days(GRACE_DAYS),
    )
    return Sentence(f"{opened} {enough}")


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
            "All months together, moves into “{defecting}” or “{inactive}”: {gone}; returns from "
            "them: {back}.",
            gone=reader.integer(int(gone)),
            back=reader.integer(int(back)),
            defecting=settings.term("defecting", reader),
            inactive=settings.term("inactive", reader),
        )
    )


def recent(found: pd.DataFrame, *, lang: str | Reader, settings: Settings = DEFAULTS) -> Sentence:
    """Say which rates moved in the last days by more than chance, and which cannot be compared.

    Parameters
    ----------
    found
        What `lifecycle.last_30_days` returns.
    lang
        The reader, or a language.
    settings
        The words of the rates.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    known = found[found["reason"].isna()]
    if known.empty:
        return Sentence(_("No rate can be compared over these days."))
    parts = []
    for verdict, text in (
        ("higher", _("Higher: {rates}.")),
        ("lower", _("Lower: {rates}.")),
    ):
        ids = known.loc[known["verdict"] == verdict, "rate"]
        if len(ids):
            names = [settings.term(id, reader) for id in ids]
            parts.append(text.format(rates=", ".join(names)))
    if parts:
        parts.append(
            _("Rates compared: {count}. Chance alone shows a move on about {share} of pages, and "
              "a season moves rates too.",
              count=reader.integer(len(known)),
              share=reader.percent(1 - 0.95 ** len(known), decimals=0))
        )  # fmt: skip
    else:
        names = [settings.term(id, reader) for id in known["rate"]]
        parts.append(_("No change can be told from chance: {rates}.", rates=", ".join(names)))
    left = found[found["reason"].notna()]
    if len(left):
        reasons = [
            _("{kpi} – {reason}", kpi=settings.term(id, reader), reason=_(REASONS[reason]))
            for id, reason in zip(left["rate"], left["reason"], strict=True)
        ]
        parts.append(_("Not compared: {rates}.", rates=_("; ").join(reasons)))
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
        "Of those who come back, half have done so within {median} (returns observed: {returns}).",
        median=reader.days(proposal.median_days),
        returns=reader.integer(proposal.returns),
    )
    first, second = proposal.limits
    if "close" in (first.reason, second.reason):
        return Sentence(f"{text} {_('One limit would reach the other: see the table.')}")
    if is_absent(first.proposed) or is_absent(second.proposed):
        return Sentence(f"{text} {_('The data cannot tell both limits: see the table.')}")
    return Sentence(
        f"{text} "
        + _(
            "About {late_share} of returns come within {defecting}; of those silent that long, "
            "about {late_back} still come back. About {lost_share} come within {inactive}; of "
            "those silent that long, about {lost_back} still come back. The current limits are "
            "{now_defecting} and {now_inactive}.",
            late_share=reader.percent(first.share, decimals=0),
            late_back=reader.percent(first.still_return, decimals=0),
            lost_share=reader.percent(second.share),
            lost_back=reader.percent(second.still_return, decimals=0),
            defecting=reader.days(first.proposed),
            inactive=reader.days(second.proposed),
            now_defecting=reader.days(first.current),
            now_inactive=reader.days(second.current),
        )
    )
