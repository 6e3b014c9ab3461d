"""Hands one message to Apprise: a program of its own, started for each message and never imported.

Apprise is synchronous, and nothing ends a thread that hangs in it; a process can be killed. So what Apprise logs and
raises, which may hold tokens, stays in here too: all that is said outside is one of the answers below. It is told
what to do by JSON on standard input: `{"urls": [...]}` to be checked, or `{"url", "title", "body", "type", "format"}`.
"""

import json
import logging
import re
import signal
import sys
from typing import Any

_STATUS = re.compile(r"\berror=([0-9]{3})\b")
"""How Apprise's services tell the status of an HTTP answer."""


class _Heard(logging.Handler):
    """Remembers the status that was last told, and nothing else."""

    status = ""

    def emit(self, record: logging.LogRecord) -> None:
        found = _STATUS.search(record.getMessage())
        if found is not None:
            self.status = found[1]


_LONGEST_SECONDS = 60
"""Nobody listens any more: the daemon ends it sooner, unless it was killed itself."""


def main() -> None:
    signal.alarm(_LONGEST_SECONDS)
    heard = _Heard()
    logger = logging.getLogger("apprise")
    logger.addHandler(heard)
    logger.propagate = False
    try:
        import apprise  # noqa: PLC0415 - after its log was taken away
    except ImportError:
        _say("missing")
        return
    asset = apprise.AppriseAsset(
        app_id="automator",
        app_desc="automator",
        async_mode=False,
        image_url_mask="",
        image_url_logo="",
    )
    told = json.load(sys.stdin)
    if "urls" in told:
        known = [apprise.Apprise.instantiate(url, asset=asset) for url in told["urls"]]
        _say("known", unknown=[at for at, service in enumerate(known) if service is None])
        return
    service = apprise.Apprise.instantiate(told["url"], asset=asset)
    if service is None:
        _say("unknown")
        return
    if "overflow=" not in told["url"]:
        service.overflow_mode = apprise.OverflowMode.SPLIT
    sender = apprise.Apprise(asset=asset)
    sender.add(service)
    delivered = sender.notify(
        body=told["body"],
        title=told["title"],
        notify_type=told["type"],
        body_format=told["format"],
        interpret_escapes=False,
    )
    _say("delivered" if delivered else "failed", status=heard.status)


def _say(answer: str, **more: Any) -> None:
    sys.stdout.write(json.dumps({"answer": answer, **more}))


if __name__ == "__main__":
    main()
