"""One error family. Each error knows its HTTP status; the edge renders it once."""

from __future__ import annotations


class SignwatchError(Exception):
    """Something the user should read: what was expected, what came, what to do."""

    status = 500


class BadInput(SignwatchError):
    """The request was understood and its content is wrong (400)."""

    status = 400


class Unauthorized(SignwatchError):
    """The request carries no valid token (401)."""

    status = 401


class Forbidden(SignwatchError):
    """Who asks, from where, is not answered (403)."""

    status = 403


class NotFound(SignwatchError):
    """What was named does not exist (404)."""

    status = 404


class TooSlow(SignwatchError):
    """The request did not arrive in time (408)."""

    status = 408


class Conflict(SignwatchError):
    """The object is no longer in the state that the request assumes (409)."""

    status = 409


class TooLarge(SignwatchError):
    """Bytes, pixels or count exceed a limit (413)."""

    status = 413


class UnsupportedMedia(SignwatchError):
    """The content type, or the kind of file, is not one we read (415)."""

    status = 415


class Cancelled(SignwatchError):
    """The caller asked for the work to stop; nothing of it was kept (499)."""

    status = 499


class Unavailable(SignwatchError):
    """Model or store cannot answer at the moment; the same request may succeed later (503)."""

    status = 503
