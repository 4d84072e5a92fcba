"""From votes to decisions: what is decided, what waits for a vote, and what is a conflict."""

from __future__ import annotations

from dataclasses import dataclass

from .events import ScreeningState, Vote

PENDING, CONFLICT, DECIDED = "pending", "conflict", "decided"


@dataclass(frozen=True)
class Decision:
    """Where one record stands at one stage.

    Attributes:
        status: "pending" (votes are missing), "conflict" (votes disagree or somebody said maybe) or "decided".
        decision: "include" or "exclude" when decided, else empty; reason: the exclusion reason's code.
        votes: the standing votes; missing: how many more are needed.
        why: for a conflict, what disagrees.
    """

    record: str
    stage: str
    status: str
    decision: str
    reason: str
    by: tuple[str, ...]
    votes: tuple[Vote, ...]
    missing: int
    why: str = ""


def decide(state: ScreeningState, stage: str, record: str, needed: int) -> Decision:
    """Return where `record` stands at `stage` when `needed` independent votes are asked for.

    A resolution settles the votes it names: once another vote is cast or one is taken back, the votes are judged anew.
    """
    votes = state.votes.get((stage, record), ())
    cast = {v.event_id for v in votes}
    resolved = tuple(r for r in state.resolutions.get((stage, record), ()) if set(r.settles) == cast)
    if resolved:
        return _agreed(stage, record, resolved, votes, "two resolutions disagree")
    voters = {v.by for v in votes}
    torn = sorted(by for by in voters if len({_said(v, stage) for v in votes if v.by == by}) > 1)
    if torn:
        why = f"{', '.join(torn)} voted both ways without seeing the other vote"
        return Decision(record, stage, CONFLICT, "", "", tuple(sorted(voters)), votes, 0, why)
    if len(voters) < needed:
        return Decision(record, stage, PENDING, "", "", (), votes, needed - len(voters))
    return _agreed(stage, record, votes, votes, "the votes disagree")


def _said(vote: Vote, stage: str) -> tuple[str, str]:
    return vote.decision, vote.reason if stage == "fulltext" else ""


def _agreed(stage: str, record: str, judged: tuple[Vote, ...], votes: tuple[Vote, ...], why: str) -> Decision:
    decisions = {v.decision for v in judged}
    reasons = {v.reason for v in judged if v.decision == "exclude"}
    by = tuple(dict.fromkeys(v.by for v in judged))
    if len(decisions) > 1:
        return Decision(record, stage, CONFLICT, "", "", by, votes, 0, why)
    if decisions == {"maybe"}:
        return Decision(record, stage, CONFLICT, "", "", by, votes, 0, "a maybe needs a resolution")
    if len(reasons) > 1 and stage == "fulltext":
        return Decision(record, stage, CONFLICT, "", "", by, votes, 0, "the exclusion reasons differ")
    reason = next(iter(sorted(reasons)), "")
    return Decision(record, stage, DECIDED, decisions.pop(), reason, by, votes, 0)
