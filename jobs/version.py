"""The version of the installed package."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def program_version() -> str:
    """As `pyproject.toml` gives it, or `0+unknown` from a folder that was never installed."""
    try:
        return version("borderwatch")
    except PackageNotFoundError:
        return "0+unknown"
