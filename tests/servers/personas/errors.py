"""The bodies of errors, as registries and the proxies before them write them."""

from collections.abc import Callable
from html import escape

from tests.servers.scripted import Reply

ErrorStyle = Callable[[int, str, str], Reply]
"""Of a status, a code of the OCI specification, and a message."""


def json_error(status: int, code: str, message: str) -> Reply:
    return Reply.json(
        {"errors": [{"code": code, "message": message, "detail": None}]}, status=status
    )


def status_error(status: int, code: str, message: str) -> Reply:
    """Artifactory's: it has numbers where others have codes."""
    return Reply.json({"errors": [{"status": status, "message": message}]}, status=status)


def html_error(status: int, code: str, message: str) -> Reply:
    page = f"<!DOCTYPE html><html><head><title>{status} - {escape(message)}</title></head><body/></html>"
    return Reply(status=status, body=page.encode(), headers={"content-type": "text/html"})


def text_error(status: int, code: str, message: str) -> Reply:
    return Reply(status=status, body=message.encode(), headers={"content-type": "text/plain"})


def empty_error(status: int, code: str, message: str) -> Reply:
    return Reply(status=status)
