"""From events to state.

The rule every room keeps: **state is a pure fold over the totally ordered events**, which looks at nothing
else. As the order is total and does not
depend on how files are listed or when they arrived, everyone with the same logs has the same state. What
comes first is settled by the clock, never by the time of day. A later event does not undo an earlier one by
being later: it says what it `replaces`, so two contrary decisions that did not know of each other both stay
heads, and the room sees a conflict.
"""

from __future__ import annotations

from collections.abc import Iterable

from metareview.journal.events import Event, in_order


def heads(events: Iterable[Event]) -> list[Event]:
    """The events no later event replaces, in the total order.

    An event only replaces what comes before it in the total order (its writer had seen it, so its clock is
    larger); a claim to replace itself or something later counts for nothing. What was replaced stays
    replaced, also when the
    event that replaced it is replaced in turn: to go back, decide again.
    """
    ordered = in_order(events)
    replaced: set[str] = set()
    seen: set[str] = set()
    for event in ordered:
        replaced.update(name for name in event.replaces if name in seen)
        seen.add(event.id)
    return [event for event in ordered if event.id not in replaced]
