"""Words that shops write, and the values of the model that they may mean: offered, never taken."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from marketing_kpi.data.names import simplified

_WORDS: Mapping[str, Mapping[str, str]] = {
    "status": {
        "placed": "paid paye payee enregistree confirmed confirme confirmee pending enattente "
        "encours encoursdetraitement processing inprogress new nouveau nouvelle open ouverte "
        "reussi reussie successful succeeded captured authorized paiementaccepte "
        "validee valide onhold enpreparation preparation commandee",
        "delivered": "livre livree shipped expedie expediee envoye envoyee fulfilled completed "
        "complete done termine terminee closed cloture cloturee traitee remise",
        "cancelled": "annule annulee annulation canceled cancel cancellation void voided "
        "abandonne abandonnee refuse refusee declined rejected rejete rejetee failed echoue "
        "echouee echec expired expiree erreurdepaiement",
        "fraud": "fraude fraudulent fraudulente suspectedfraud fraudesuspectee chargeback impaye",
    },
    "arm": {
        "treatment": "test teste testes traitement traite traites traitee traitees expose exposes "
        "exposee exposees contacte contactes contactee contactees cible cibles variant treated "
        "target targeted exposed contacted",
        "control": "temoin temoins controle controles ctrl holdout heldout nonexpose nonexposes "
        "groupetemoin groupecontrole groupedecontrole controlgroup noncontacte noncontactes "
        "noncontactee noncontactees sanscontact nocontact notcontacted untreated nontraite "
        "nontraites bau businessasusual",
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
_CAME_BACK = frozenset(
    (
        *("rembourse", "remboursee", "refunded"),
        *("retourne", "retournee", "returned"),
    )
)
_RETURNED = _CAME_BACK | {"remboursement", "refund", "retour", "return", "avoir", "credit"}
_CREDITS = frozenset(("creditmemo", "creditnote", "notedecredit", "notecredit", "facturedavoir"))
_IN_PART = re.compile("(?:partiellement|partielle?|partially|partial|enpartie)")


# Lines of a ticket that are no product. Figures (a rate, a date) are left out of names first.
_OF_A_TICKET = re.compile(
    "(?:(?:grand|sous|sub|daily)?totale?(?:ttc|ht|net|general|apayer|due|dujour|journalier)?"
    "|montanttotal|ttc|nettotal"
    "|amountdue|balancedue|montantdu|(?:net)?apayer"
    "|tps|tvq|tvh|tva|gst|qst|pst|hst|vat|tax|taxe|taxes|salestax|salestaxes)+"
)


_PAYMENT = re.compile(
    "(?:paiements?|payments?|payee?|reglements?|paid|tender|par|by|en|de|carte|cartes|card|credit"
    "|debit|bancaire|bleue|cb|visa|mastercard|mc|amex|americanexpress|interac|comptant|cash"
    "|especes|argent|monnaie|cheques?|check|virements?|transfer|transfert|wiretransfer|paypal"
    "|applepay|googlepay)+"
)


_TIP = re.compile("(?:tips?|pourboires?|gratuity|gratuities|servicecharge|fraisdeservice)+")
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


def names_a_payment(text: str) -> bool:
    """Return whether the name of a line may be that of a means of payment.

    A card is one, and a greeting card may be called so too.

    >>> names_a_payment("Carte VISA"), names_a_payment("Comptant"), names_a_payment("Carte cadeau")
    (True, True, False)
    """
    letters = "".join(letter for letter in simplified(text) if letter.isalpha())
    return _PAYMENT.fullmatch(letters) is not None


def names_a_tip(text: str) -> bool:
    """Return whether the name of a line says that it is a tip.

    >>> names_a_tip("Pourboire 15 %"), names_a_tip("Tipi")
    (True, False)
    """
    letters = "".join(letter for letter in simplified(text) if letter.isalpha())
    return _TIP.fullmatch(letters) is not None


def remedy(column: str, values: Iterable[str], *, expected: Iterable[str] = ()) -> str:
    """Return the line of a mapping that says what values of a source mean.

    >>> print(remedy("status", ["Annulée", "ok"]))
    values: {status: {Annulée: cancelled}}
    >>> remedy("arm", ["?"])
    "values: {arm: {'?': …}}"
    """
    values = list(values)
    known = _meanings(column, expected)
    words = {value: _word(value) for value in values}
    meanings = {value: known[word] for value, word in words.items() if word in known}
    meanings = meanings or dict.fromkeys(values[:1], "…")
    pairs = ", ".join(f"{written(value)}: {meant}" for value, meant in meanings.items())
    return f"values: {{{column}: {{{pairs}}}}}"


def is_known(column: str, value: str, *, expected: Iterable[str] = ()) -> bool:
    """Return whether a value of a source is another word for one of the model.

    >>> is_known("arm", "Témoin"), is_known("arm", "mail")
    (True, False)
    """
    return _word(value) in _meanings(column, expected)


def _meanings(column: str, expected: Iterable[str]) -> Mapping[str, str]:
    """Return what each word means in a column, the values of the model among them."""
    return {simplified(value): value for value in expected} | _MEANINGS.get(column, {})


def says_no_sale(word: str) -> bool:
    """Return whether the status of a row, or what it is, says that nothing was sold.

    >>> says_no_sale("Failed"), says_no_sale("Credit Memo"), says_no_sale("Paid")
    (True, True, False)
    """
    return says_failed(word) or _whole(word) in _RETURNED | _CREDITS


def says_failed(word: str) -> bool:
    """Return whether a word says that a sale, or its payment, did not come about.

    >>> says_failed("Refusé"), says_failed("Credit")
    (True, False)
    """
    meaning = _MEANINGS["status"].get(_word(word), simplified(word))
    return meaning in ("cancelled", "fraud")


NOTHING_SAID = (
    *("", "0", "0.0", "false", "faux", "no", "non", "n", "f", "-"),
    *("null", "none", "nan", "nat"),
)
"""What is written, in small letters, where something is not so."""


def _word(value: str) -> str:
    """Return a value as words are known here; WooCommerce writes its own with wc- before them."""
    return simplified(value.removeprefix("wc-"))


def says_refunded(status: str) -> bool:
    """Return whether the status of an order says that it came back.

    >>> says_refunded("Partiellement remboursée"), says_refunded("Retour")
    (True, True)
    """
    return _whole(status) in _RETURNED


def says_came_back(status: str) -> bool:
    """Return whether a word is said of a sale that came back, and not of its refund.

    >>> says_came_back("partially_refunded"), says_came_back("Retour")
    (True, False)
    """
    return _whole(status) in _CAME_BACK


def _whole(status: str) -> str:
    return _IN_PART.sub("", _word(status))


def written(text: str) -> str:
    """Return a text as YAML has it in a list or as a key: between quotation marks if need be.

    >>> written("Date"), written("a, b"), written("no")
    ('Date', "'a, b'", "'no'")
    """
    is_plain = text == text.strip() and text and not _MARKS.intersection(text)
    return text if is_plain and text.casefold() not in _SWITCHES else repr(text)


_MARKS = frozenset(",[]{}:#&*!|>%@`\"'?")
_SWITCHES = frozenset(("yes", "no", "on", "off", "true", "false", "null", "~"))
