"""Whose claim is whose: names of processes that outlive reboots and reused process ids."""

from __future__ import annotations

import os

import psutil


def claimant_of_this_process() -> str:
    """Names this process over reboots and reused process ids: `pid:start time`."""
    return f"{os.getpid()}:{psutil.Process().create_time():.2f}"


def is_alive(claimant: str) -> bool:
    """Whether the process that made a claim still runs."""
    pid, _, started = claimant.partition(":")
    try:
        return f"{psutil.Process(int(pid)).create_time():.2f}" == started
    except (psutil.Error, ValueError):
        return False
