"""The scales of the questions that surveys ask."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SCALES: Mapping[str, tuple[int, int]] = MappingProxyType({"nps": (0, 10), "csat": (1, 5)})
"""Lowest and highest score of each question."""
