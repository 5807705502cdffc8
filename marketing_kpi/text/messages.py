"""Words of the product, through gettext catalogs.

English sentences are the message ids. French is in ``catalogs/fr/*.po``, one file an area; the
catalogs are read as they are, nothing has to be compiled.

    _ = translator("fr")
    _("{name} is missing", name="amount")
    _.n("{n} row", "{n} rows", 3)

A message kept in a constant is marked with `N_`, so that the test which holds the catalogs and
the code together sees it.
"""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib import resources
from io import BytesIO
from typing import Any

from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from marketing_kpi.errors import ConfigError


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for a marker
    """Mark a message for translation without translating it.

    >>> N_("{n} row")
    '{n} row'
    """
    return message


class Translator:
    """Translates message ids into one language and fills in their values."""

    def __init__(self, lang: str, translations: NullTranslations) -> None:
        self.lang = lang
        self._translations = translations

    def __call__(self, message: str, /, **values: Any) -> str:
        """Translate a message and fill in its values."""
        text = self._translations.gettext(message)
        return text.format_map(values) if values else text

    def n(self, one: str, many: str, count: Any, /, **values: Any) -> str:
        """Translate a message that depends on a count; ``{n}`` is the count unless given.

        >>> translator("en").n("{n} row", "{n} rows", 1)
        '1 row'
        >>> translator("fr").n("{n} day", "{n} days", 0)
        '0 jour'
        """
        singular = abs(count) < 2 if self.lang == "fr" else abs(count) == 1
        text = self._translations.ngettext(one, many, 1 if singular else 2)
        return text.format_map({"n": count, **values})


@cache
def translator(lang: str) -> Translator:
    """Return the translator of a language; English is the language of the message ids.

    >>> translator("en")("{name} is missing", name="amount")
    'amount is missing'
    """
    if lang == "en":
        return Translator(lang, NullTranslations())
    folder = resources.files("marketing_kpi.text") / "catalogs" / lang
    if not folder.is_dir():
        raise ConfigError(f"language {lang!r} has no catalog")
    merged = Catalog(locale=lang)
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        if file.name.endswith(".po"):
            for message in read_po(BytesIO(file.read_bytes()), locale=lang):
                if message.id:
                    merged.add(message.id, message.string)
    return Translator(lang, _compiled(merged))


def _compiled(catalog: Catalog) -> NullTranslations:
    buffer = BytesIO()
    write_mo(buffer, catalog)
    buffer.seek(0)
    return GNUTranslations(buffer)
