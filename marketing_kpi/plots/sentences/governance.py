"""What KPI governance found, in sentences: the answer first, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from marketing_kpi.governance import MISPLACED, Break, Share
from marketing_kpi.kpis.dictionary import dictionary
from marketing_kpi.plots import intervals
from marketing_kpi.plots.entries import SYSTEM_NAMES
from marketing_kpi.plots.governance import (
    PROPOSAL_NAMES,
    TOO_FEW_CUSTOMERS,
    moves,
    owner_name,
    system_name,
    too_few_customers,
)
from marketing_kpi.plots.retention import why_nothing
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.text.locale import Reader

_SLOW_DAYS = 1.0
"""Data that come later than this are late for a page of the day."""

FEWEST_ACCOUNTS = 100
"""Accounts from which the share on the wrong person is told."""

_HIDDEN = 5
"""Times that misplaced sales outweigh what counts show, from which totals hide the error."""


def headline(coverage: pd.DataFrame, *, lang: str | Reader) -> Sentence:
    """Say how much of the dictionary these data allow, and whom to ask for the rest.

    Parameters
    ----------
    coverage
        What `governance.coverage` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    total, told = int(coverage["kpis"].sum()), int(coverage["computable"].sum())
    if not total:
        return Sentence(_("The dictionary has no KPI to compute."))
    owners = reader.integer(len(coverage))
    if told == total:
        return Sentence(
            _(
                "These data allow all {total} KPIs that the dictionary computes. Each answers to "
                "one owner; there are {owners} owners.",
                total=reader.integer(total),
                owners=owners,
            )
        )
    short = coverage.assign(missing=coverage["kpis"] - coverage["computable"])
    most = short.sort_values("missing", ascending=False, kind="stable").iloc[0]
    return Sentence(
        _(
            "These data allow {told} of the {total} KPIs that the dictionary computes. The owner "
            "who lacks most: {owner} ({missing}).",
            told=reader.integer(told),
            total=reader.integer(total),
            owner=owner_name(most["owner"], lang=reader),
            missing=reader.integer(int(most["missing"])),
        )
    )


def treatment(found: pd.DataFrame, *, lang: str | Reader) -> Sentence:
    """Say by which rule most KPIs count, and how many do not.

    Parameters
    ----------
    found
        What `governance.treatment` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    reads = found[found["cancelled"] != "not_read"]
    kept = reads[reads["cancelled"] == "in"]
    with_returns = int((reads["returns"] == "read").sum())
    said = _(
        "Of {total} KPIs made of orders, {out} leave cancelled orders out and {with_returns} take "
        "returns into account.",
        total=reader.integer(len(reads)),
        out=reader.integer(len(reads) - len(kept)),
        with_returns=reader.integer(with_returns),
    )
    if kept.empty:
        return Sentence(said)
    names = ", ".join(dictionary()[id].name[reader.lang] for id in kept["kpi"])
    return Sentence(f"{said} {_('Cancelled orders are counted by: {names}.', names=names)}")


def freshness(systems: pd.DataFrame, *, lang: str | Reader) -> Sentence:
    """Say which systems a page of the day waits for.

    Parameters
    ----------
    systems
        What `governance.systems` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    late = systems[systems["latency_days"] > _SLOW_DAYS]
    first = systems.sort_values("kpis", ascending=False, kind="stable").iloc[0]
    said = _(
        "The system that most KPIs read: {system} ({count}).",
        system=_(SYSTEM_NAMES[first["system"]]),
        count=_.n("{n} KPI", "{n} KPIs", int(first["kpis"])),
    )
    if late.empty:
        return Sentence(f"{said} {_('Every system tells of a day by the next one.')}")
    names = ", ".join(system_name(name, lang=reader) for name in late["system"])
    waits = _("Some of what these hold is complete only after the month: {names}.", names=names)
    return Sentence(f"{said} {waits}")


def change(
    sides: pd.DataFrame | None,
    found: Break | None,
    *,
    proposal: str,
    kpi: str,
    lang: str | Reader,
    lacks: Sequence[str] = (),
) -> Sentence:
    """Say what a change of definition does to a KPI, and to its comparison.

    Parameters
    ----------
    sides
        What `governance.side_by_side` returns by month; None where the data lack something.
    found
        What `governance.break_between` returns; None without a period to compare with.
    proposal
        A key of `governance.PROPOSALS`.
    kpi
        The KPI.
    lang
        The reader, or a language.
    lacks
        What the data lack; see `governance.lacks_proposal`.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    entry = dictionary().kpi(kpi)
    name = entry.name[reader.lang]
    known = sides.dropna(subset=["relative_gap"]) if sides is not None else pd.DataFrame()
    if known.empty:
        nothing = _("{kpi} cannot be computed both ways on these data.", kpi=name)
        return Sentence(f"{nothing} {why_nothing('', lacks, reader)}".strip())
    low, high = float(known["relative_gap"].min()), float(known["relative_gap"].max())
    said = [
        _(
            "{change}: month by month, {kpi} would be {low} to {high} off what it is now.",
            change=_(PROPOSAL_NAMES[proposal]),
            kpi=name,
            low=reader.change(low),
            high=reader.change(high),
        )
    ]
    if low != high:
        said.append(
            _("The gap is not the same each month: recompute the history, do not rescale it.")
        )
    if found is not None and not any(map(pd.isna, found)):
        said.append(_of_break(found, entry.unit, reader))
    return Sentence(" ".join(said))


def _of_break(found: Break, unit: str, reader: Reader) -> str:
    _ = reader.translate
    shown = moves(found, unit, reader)
    if found.published * found.happened < 0:
        return _(
            "Changed without a word between both periods, it would show {published} where "
            "{happened} happened: the definition adds {redefined}, and turns the sign.",
            published=shown[0],
            happened=shown[1],
            redefined=shown[2],
        )
    return _(
        "Changed without a word between both periods, it would show {published}: {happened} "
        "happened, the definition adds {redefined}.",
        published=shown[0],
        happened=shown[1],
        redefined=shown[2],
    )


def leaving(found: pd.DataFrame, *, lang: str | Reader) -> Sentence:
    """Say which KPIs are leaving.

    Parameters
    ----------
    found
        What `governance.deprecations` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found.empty:
        return Sentence(_("No KPI of the dictionary is leaving."))
    due = int((found["days_left"] < 1).sum())
    said = _.n(
        "{n} KPI is leaving; use what replaces it.",
        "{n} KPIs are leaving; use what replaces them.",
        len(found),
    )
    if not due:
        return Sentence(said)
    over = _.n("{n} should no longer be shown.", "{n} should no longer be shown.", due)
    return Sentence(f"{said} {over}")


def persons(found: Share | None, *, lang: str | Reader, lacks: Sequence[str] = ()) -> Sentence:
    """Say how many accounts hang on the wrong person, and how sure that is.

    Parameters
    ----------
    found
        What `governance.wrong_share` returns; None where the data lack something.
    lang
        The reader, or a language.
    lacks
        What the data lack; see `governance.lacks_identities`.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found is None:
        said = _("Accounts of several systems cannot be told apart from persons here.")
        return Sentence(f"{said} {why_nothing('', lacks, reader)}".strip())
    others = _of_several_elsewhere(found, reader)
    if found.share is None and others:
        nothing = _(
            "No system of these data is known to give one account a person, so that an account too "
            "many tells nothing."
        )
        return Sentence(" ".join([nothing, *others]))
    if found.share is None:
        return Sentence(
            _(
                "No system of these data is known to give one account a person, so that wrong "
                "matches do not show: check a sample of accounts by hand."
            )
        )
    if found.accounts < FEWEST_ACCOUNTS:
        few = reader.integer(found.accounts)
        said = _("Too few accounts ({few}) to tell how many are on the wrong person.", few=few)
        return Sentence(" ".join([said, *others]))
    names = ", ".join(system_name(name, lang=reader) for name in found.systems)
    told = [_("{people} persons are known.", people=reader.integer(found.people))]
    if found.shared:
        told.append(_of_several(found, names, reader))
    if found.share >= found.least:
        told.append(
            _.n(
                "Where each has one account ({systems}), {n} account too many tells that about "
                "{share} hang on the wrong person (95% interval: {spread}).",
                "Where each has one account ({systems}), {n} accounts too many tell that about "
                "{share} hang on the wrong person (95% interval: {spread}).",
                found.extra,
                n=reader.integer(found.extra),
                systems=names,
                share=reader.percent(found.share),
                spread=intervals.words(found.low, found.high, "fraction", reader),
            )
        )
        told.append(_("That supposes errors at random; check a sample by hand to be sure."))
    else:
        told.append(
            _("Nothing here tells how many of the other matches are wrong: check a sample by hand.")
        )
    return Sentence(" ".join([*told, *others]))


def _of_several(found: Share, systems: str, reader: Reader) -> str:
    _ = reader.translate
    return _.n(
        "{n} account ({systems}) is on several persons, of whom one at most is right: at least "
        "{least} of the matches are wrong.",
        "{n} accounts ({systems}) are on several persons, of whom one at most is right: at least "
        "{least} of the matches are wrong.",
        found.shared,
        n=reader.integer(found.shared),
        systems=systems,
        least=reader.percent(found.least),
    )


def _of_several_elsewhere(found: Share, reader: Reader) -> list[str]:
    """Say which accounts of several persons may be wrong: those of a firm are not."""
    _ = reader.translate
    if not found.shared_elsewhere:
        return []
    return [
        _.n(
            "{n} account of another system ({systems}) is on several persons. If an account there "
            "is one person's, at least {least} of the matches of {systems} are wrong; if it is a "
            "household's or a firm's, nothing is wrong: look at a sample by hand.",
            "{n} accounts of other systems ({systems}) are on several persons. If an account there "
            "is one person's, at least {least} of the matches of {systems} are wrong; if it is a "
            "household's or a firm's, nothing is wrong: look at a sample by hand.",
            found.shared_elsewhere,
            n=reader.integer(found.shared_elsewhere),
            systems=", ".join(system_name(name, lang=reader) for name in found.elsewhere),
            least=reader.percent(found.least_elsewhere),
        )
    ]


def matching(errors: pd.DataFrame | None, *, lang: str | Reader) -> Sentence:
    """Say what missed and wrong matches cost, at the largest shares that were tried.

    Parameters
    ----------
    errors
        What `governance.errors_of_matching` returns; None or empty where there is none.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if errors is None or errors.empty:
        return Sentence(_("What wrong matches cost cannot be tried without orders by channel."))
    if too_few_customers(errors):
        return Sentence(_(TOO_FEW_CUSTOMERS))
    said = []
    if (missed := _worst(errors, "missed")) is not None:
        said.append(_missed(missed, reader))
    mixed = _worst(errors, "mixed")
    if mixed is not None and not pd.isna(mixed["seen", MISPLACED]):
        said.append(
            _(
                "With {share} of accounts on the wrong person, customers counted move by {change} "
                "and {misplaced} of sales stand with somebody else.",
                share=reader.percent(mixed.name, decimals=0),
                change=reader.change(mixed["seen", "customers"] / mixed["true", "customers"] - 1),
                misplaced=reader.percent(mixed["seen", MISPLACED]),
            )
        )
        moved_by = abs(mixed["seen", "customers"] / mixed["true", "customers"] - 1)
        if mixed["seen", MISPLACED] > _HIDDEN * moved_by:
            said.append(_("Totals hardly show it; the page of each customer does."))
    return Sentence(" ".join(said))


def _missed(found: pd.Series[Any], reader: Reader) -> str:
    _ = reader.translate
    if found["seen", "customers"] == found["true", "customers"]:
        return _("Nobody bought through two channels: missed matches would not show.")
    return _(
        "With {share} of matches missed, one would count {customers} customers instead of {true}, "
        "and each would be worth {value} instead of {true_value}.",
        share=reader.percent(found.name, decimals=0),
        customers=reader.integer(found["seen", "customers"]),
        true=reader.integer(found["true", "customers"]),
        value=reader.money(found["seen", "sales_per_customer"], decimals=0),
        true_value=reader.money(found["true", "sales_per_customer"], decimals=0),
    )


def _worst(errors: pd.DataFrame, error: str) -> pd.Series[Any] | None:
    """Return what is seen and what is true at the largest share of an error that was tried."""
    rows = errors[errors["error"] == error]
    if rows.empty:
        return None
    wide = rows.pivot(index="share", columns="measure", values=["seen", "true"])
    return wide.iloc[-1]
