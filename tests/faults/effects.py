"""Effects and their names: what a step does to the world outside of its process.

A name says what the effect does, not when it comes, so that it is the same in every run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from chalicelib.domain.resources import Resource
from chalicelib.domain.tasks import Task


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect; `ids` are those of everything that it is about."""

    name: str
    ids: tuple[str, ...]


class Watch(Protocol):
    """Is told of every effect, and may end the process there."""

    def before(self, effect: Effect) -> None:
        """Come just before the effect."""

    def after(self, effect: Effect) -> None:
        """Come just after it, before its caller knows."""

    def wrote(self, state: Resource | Task) -> None:
        """Learn the newest state of a resource or task."""

    def belongs(self, identifier: str, owner_id: str) -> None:
        """Learn that what is done to the one is done to the other."""


# Written with every change; they do not tell changes apart.
_BORING = {"version", "events", "updated_at", "watch_at", "lease_counter"}


def name_of_change(old: Resource | Task, new: Resource | Task) -> str:
    """Return what a change of a resource or task does, in a few words."""
    changed = {n for n in old.__struct_fields__ if getattr(old, n) != getattr(new, n)}
    parts = [_part(name, old, new) for name in sorted(changed - _BORING)]
    return f"{type(old).__name__.lower()} {', '.join(parts) or 'watched'}"


def _part(name: str, old: Any, new: Any) -> str:
    match name:
        case "status":
            # Which of the two is seen first depends on how fast the cloud is.
            return "building" if new.status in {"imaging", "booting"} else str(new.status)
        case "lease":
            return "leased" if new.lease else "lease dropped"
        case "steps":
            pairs = zip(old.steps, new.steps, strict=True)
            moved = [f"{n.name.partition(': ')[2]} {n.status}" for o, n in pairs if o != n]
            return " ".join(moved)
        case "parked_since":
            return "parked" if new.parked_since else "resumed"
        case _:
            return name.replace("_", " ")
