"""Words that shops write, and the values of the model that they may mean: offered, never taken."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from marketing_kpi.data.names import simplified

_WORDS: Mapping[str, Mapping[str, str]] = {
    "status": {
        "placed": "paid paye payee enregistree confirmed confirme confirmee pending enattente "
        "encours encoursdetraitement processing inprogress new nouveau nouvelle open ouverte "
        "validee valide onhold enpreparation preparation commandee",
        "delivered": "livre livree shipped expedie expediee envoye envoyee fulfilled completed "
        "complete done termine terminee closed cloture cloturee traitee remise",
        "cancelled": "annule annulee annulation canceled cancel cancellation void voided "
        "abandonne abandonnee refuse refusee declined rejected rejete rejetee failed echoue "
        "echouee expired expiree",
        "fraud": "fraude fraudulent fraudulente suspectedfraud fraudesuspectee chargeback impaye",
    },
    "arm": {
        "treatment": "test teste traitement traite expose exposee contacte cible variant "
        "treated target exposed",
        "control": "temoin controle ctrl holdout nonexpose groupetemoin controlgroup",
    },
    "channel": {
        "web": "enligne internet site siteweb online ecommerce eshop website boutiqueenligne",
        "store": "magasin boutique caisse pos shop retail pointdevente instore",
        "app": "application appli mobile applicationmobile mobileapp",
        "marketplace": "placedemarche amazon ebay cdiscount",
    },
}
_MEANINGS = {
    column: {word: value for value, words in values.items() for word in words.split()}
    for column, values in _WORDS.items()
}
# An order that came back was sold, and is refunded besides: no status of the model says both.
_RETURNED = frozenset(
    (
        *("rembourse", "remboursee", "remboursement", "refund", "refunded", "retour", "retourne"),
        *("retournee", "returned", "return", "avoir", "credit"),
    )
)


# Lines of a ticket that are no product. Figures (a rate, a date) are left out of names first.
_OF_A_TICKET = re.compile(
    "(?:(?:grand|sous|sub)?totale?(?:ttc|ht|net|general|apayer|due)?|montanttotal|ttc|nettotal"
    "|tps|tvq|tvh|tva|gst|qst|pst|hst|vat|tax|taxe|taxes|salestax|salestaxes)+"
)


_RATE = re.compile(r"\d+(?:[.,]\d+)?\s*%")


def is_code_of_total(code: str) -> bool:
    """Return whether a code is the word for a total or a tax, alone or with a rate.

    The figures of a code are those of a product.

    >>> is_code_of_total("T.V.Q. 9,975 %"), is_code_of_total("PST-12")
    (True, False)
    """
    word = _RATE.sub("", code)
    return names_a_total(word) and not any(letter.isdigit() for letter in word)


def names_a_total(text: str) -> bool:
    """Return whether the name of a line says that it is a total or a tax.

    >>> names_a_total("T.V.Q. 9,975 %"), names_a_total("Sous-total"), names_a_total("Tasse")
    (True, True, False)
    """
    letters = "".join(letter for letter in simplified(text) if letter.isalpha())
    return _OF_A_TICKET.fullmatch(letters) is not None


def remedy(column: str, values: Iterable[str], *, expected: Iterable[str] = ()) -> str:
    """Return the line of a mapping that says what values of a source mean.

    >>> print(remedy("status", ["Annulée", "ok"]))
    values: {status: {Annulée: cancelled}}
    >>> remedy("arm", ["?"])
    "values: {arm: {'?': …}}"
    """
    values = list(values)
    known = {simplified(value): value for value in expected} | _MEANINGS.get(column, {})
    meanings = {value: known[simplified(value)] for value in values if simplified(value) in known}
    meanings = meanings or dict.fromkeys(values[:1], "…")
    pairs = ", ".join(f"{written(value)}: {meant}" for value, meant in meanings.items())
    return f"values: {{{column}: {{{pairs}}}}}"


def says_refunded(status: str) -> bool:
    """Return whether the status of an order says that it came back.

    >>> says_refunded("Remboursée"), says_refunded("Annulée")
    (True, False)
    """
    return simplified(status) in _RETURNED


def written(text: str) -> str:
    """Return a text as YAML has it in a list or as a key: between quotation marks if need be.

    >>> written("Date"), written("a, b"), written("no")
    ('Date', "'a, b'", "'no'")
    """
    is_plain = text == text.strip() and text and not _MARKS.intersection(text)
    return text if is_plain and text.casefold() not in _SWITCHES else repr(text)


_MARKS = frozenset(",[]{}:#&*!|>%@`\"'?")
_SWITCHES = frozenset(("yes", "no", "on", "off", "true", "false", "null", "~"))
