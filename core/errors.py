"""One family of errors; each knows its HTTP status, and page or endpoint renders it once."""

from __future__ import annotations


class SignwatchError(Exception):
    """An error for the user to read: what was expected, what came, what to do."""

    status = 500


class BadInput(SignwatchError):
    """The content of the request is wrong (400)."""

    status = 400


class Unauthorized(SignwatchError):
    """The request carries no valid token (401)."""

    status = 401


class Forbidden(SignwatchError):
    """Requests from this origin are refused (403)."""

    status = 403


class NotFound(SignwatchError):
    """The object that the request names does not exist (404)."""

    status = 404


class NotAllowed(SignwatchError):
    """The route exists, and has no such method (405)."""

    status = 405


class NotAcceptable(SignwatchError):
    """None of the answers that there are is one that the request accepts (406)."""

    status = 406


class TooSlow(SignwatchError):
    """The request did not arrive in time (408)."""

    status = 408


class Conflict(SignwatchError):
    """The object is no longer in the state that the request assumes (409)."""

    status = 409


class TooLarge(SignwatchError):
    """Bytes, pixels or images exceed a limit (413)."""

    status = 413


class UnsupportedMedia(SignwatchError):
    """The content type, or the kind of file, is not supported (415)."""

    status = 415


class Cancelled(SignwatchError):
    """The caller cancelled the work; nothing of it was kept (499)."""

    status = 499


class Unavailable(SignwatchError):
    """Model or store cannot answer now; the same request may succeed later (503).

    problem: what is wrong; remedy: what to do, where it is known apart from that.
    """

    status = 503

    def __init__(self, problem: str = "", remedy: str = "") -> None:
        super().__init__(f"{problem}. {remedy}" if remedy else problem)
        self.problem = problem
        self.remedy = remedy


def of_status(status: int) -> type[SignwatchError]:
    """The error of an HTTP status in 400..599.

    A status that no error has is BadInput below 500, and Unavailable from there on.

    Examples
    --------
    >>> of_status(409).__name__, of_status(418).__name__, of_status(502).__name__
    ('Conflict', 'BadInput', 'Unavailable')
    """
    family = {kind.status: kind for kind in SignwatchError.__subclasses__()}
    return family.get(status, BadInput if status < 500 else Unavailable)
