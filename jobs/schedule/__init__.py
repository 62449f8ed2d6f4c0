"""When is a source due: the rhythm it has, the budget there is, what servers ask for. Pure throughout."""

from jobs.schedule.answers import AnswerTimes, read_times
from jobs.schedule.budget import DEFAULT_K, solve_k, spread
from jobs.schedule.policy import Bounds, Decision, Outcome, next_check
from jobs.schedule.rates import RateState, from_json, new_state, pooled_profile, update

__all__ = [
    "DEFAULT_K",
    "AnswerTimes",
    "Bounds",
    "Decision",
    "Outcome",
    "RateState",
    "from_json",
    "new_state",
    "next_check",
    "pooled_profile",
    "read_times",
    "solve_k",
    "spread",
    "update",
]
