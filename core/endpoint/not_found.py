"""What is not there: 404, or 405 for a method, as JSON; as XML where a bucket of S3 is asked."""

from __future__ import annotations

from collections.abc import Collection
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response

from core.endpoint.guard import error_response
from core.errors import NotAllowed, NotFound

BUCKET = "signwatch"


def not_found(request: Request) -> Response:
    """404."""
    bucket, _, key = request.url.path[1:].partition("/")
    if bucket == BUCKET:
        return no_such_key(key)
    if _is_of_s3(request):
        message = f"The specified bucket does not exist; this server has {BUCKET}"
        return _xml(404, "NoSuchBucket", message, f"<BucketName>{escape(bucket)}</BucketName>")
    return error_response(NotFound(f"there is nothing at {request.url.path}"))


def no_such_key(key: str, why: str = "The specified key does not exist.") -> Response:
    """404 as S3 says that an object does not exist."""
    return _xml(404, "NoSuchKey", why, f"<Key>{escape(key)}</Key>")


def not_allowed(request: Request, allowed: Collection[str]) -> Response:
    """405, with the methods that are."""
    methods = ", ".join(sorted(allowed))
    problem = f"{request.url.path} takes {methods}, got {request.method}"
    answer = error_response(NotAllowed(problem))
    answer.headers["allow"] = methods
    return answer


def _is_of_s3(request: Request) -> bool:
    """Whether it is signed for S3, in a header or in its address."""
    signed = request.headers.get("authorization", "")
    signed += request.query_params.get("X-Amz-Credential", "")
    return "/s3/aws4_request" in signed


def _xml(status: int, code: str, message: str, more: str) -> Response:
    error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message>{more}</Error>"
    content = f'<?xml version="1.0" encoding="UTF-8"?>\n{error}'
    return Response(content, status, media_type="application/xml")
