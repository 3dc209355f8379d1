"""Who acts, and whether they may: asked by each call that changes something."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

from core.errors import Forbidden
from core.records.analysts import LOCAL, Analyst, Permission, Role, refusal

Given = ParamSpec("Given")
Returned = TypeVar("Returned")

# Unless somebody is named, the process itself acts, its schedules, commands and routes.
_caller: ContextVar[Analyst] = ContextVar("caller", default=LOCAL)


def act_as(analyst: Analyst) -> None:
    """From now on, this thread and the jobs that it starts act for somebody."""
    _caller.set(analyst)


def check(permission: Permission, *, by: Analyst | None = None) -> None:
    """Raise Forbidden unless somebody may do this. by: None for who acts."""
    someone = by or _caller.get()
    if not someone.may(permission):
        article = "a" if someone.role is Role.VIEWER else "an"
        raise Forbidden(f"{someone.name} is {article} {someone.role}. {refusal(permission)}")


def needs(
    permission: Permission,
) -> Callable[[Callable[Given, Returned]], Callable[Given, Returned]]:
    """A call that changes something: it raises Forbidden unless who acts has the permission."""

    def decorate(call: Callable[Given, Returned]) -> Callable[Given, Returned]:
        @wraps(call)
        def checked(*args: Given.args, **kwargs: Given.kwargs) -> Returned:
            check(permission)
            return call(*args, **kwargs)

        checked.permission = permission  # type: ignore[attr-defined]
        return checked

    return decorate
