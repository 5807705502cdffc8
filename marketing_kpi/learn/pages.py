"""Pages made for paper, and parts of pages: nothing fetched, in the language of their reader."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from marketing_kpi import __version__
from marketing_kpi.text.locale import Reader

# Nothing runs and nothing is fetched: only the styles of the page itself.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(template: str, reader: Reader, **content: Any) -> str:
    """Return a page of `marketing_kpi/learn/templates`."""
    return fragment(template, reader, policy=POLICY, version=__version__, **content)


def fragment(template: str, reader: Reader, **content: Any) -> str:
    """Return a part of a page, from a template that may be shown anywhere."""
    words = {"lang": reader.lang, "_": reader.translate}
    return _templates().get_template(template).render(**words, **content)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("marketing_kpi.learn"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
