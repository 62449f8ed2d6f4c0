"""Field types that configuration models share: durations, and the base that refuses unknown keys."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d|w)")


class Options(BaseModel):
    """A table of the configuration: unknown keys are faults, values do not change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def parse_duration_s(value: object) -> float:
    """Seconds from `"5m"`, `"1h30m"`, `"2d"` or a bare number of seconds; raises ValueError with the forms."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError('give a duration such as "30s", "5m", "6h" or "2d"')
    if isinstance(value, (int, float)):
        seconds = float(value)
    else:
        text = value.strip().lower().replace(" ", "")
        parts = _DURATION.findall(text)
        if text == "0":
            seconds = 0.0
        elif parts and "".join(number + unit for number, unit in parts) == text:
            seconds = sum(float(number) * _UNITS_S[unit] for number, unit in parts)
        else:
            raise ValueError('give a duration such as "30s", "5m", "6h" or "2d"')
    if not 0 <= seconds <= 10 * 365 * 86400:
        raise ValueError("a duration lies between 0 and ten years")
    return seconds


Duration = Annotated[float, BeforeValidator(parse_duration_s)]
"""Seconds; written as text with a unit in the TOML."""
