"""Chat, push and other services through Apprise: the only module that imports it.

Apprise says only whether a send worked. Why it did not, the status and Retry-After are learned from what it logs (to a
handler that keeps it from every other log, for it logs addresses) and from a bounded HTTP adapter below it.
"""

from __future__ import annotations

import logging
import threading
import time
import warnings
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import apprise
import requests
import urllib3
from apprise.manager_plugins import NotificationManager
from requests.adapters import HTTPAdapter

from jobs.alerts.clean import one_line
from jobs.alerts.hands import Hands, HandsFullError
from jobs.alerts.parcel import SENT, Outcome, Parcel, failure
from jobs.alerts.render import Limits, Renderer
from jobs.alerts.scrub import Scrubber
from jobs.alerts.webhook import is_this_machine
from jobs.config.channels import Channel

MAX_ANSWER_BYTES = 1024 * 1024
_asset = apprise.AppriseAsset(
    app_id="borderwatch",
    app_desc="borderwatch",
    app_url="",
    async_mode=False,
    http_redirects=False,
    secure_logging=True,
    storage_mode=apprise.PersistentStoreMode.MEMORY,
    allow_templates=False,
)
_attempt = threading.local()


class _Attempt:
    """What one send left behind: the last HTTP status, Retry-After, and log lines."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.status: int | None = None
        self.retry_after: str | None = None
        self.lines: list[str] = []


class _BoundedAdapter(HTTPAdapter):
    """For sends of this module: at most MAX_ANSWER_BYTES of an answer, within the time limit, and what it said.

    `requests` would read a gigabyte into memory, and its timeout starts again with every byte that drips in.
    """

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        attempt: _Attempt | None = getattr(_attempt, "current", None)
        if attempt is None:
            return super().send(
                request, stream=stream, timeout=timeout, verify=verify, cert=cert, proxies=proxies
            )
        left_s = max(0.1, attempt.deadline - time.monotonic())
        if is_this_machine(urlsplit(request.url or "").hostname or ""):
            proxies = {}
        answer = super().send(request, stream=True, timeout=left_s, verify=verify, cert=cert, proxies=proxies)
        attempt.status, attempt.retry_after = answer.status_code, answer.headers.get("retry-after")
        answer._content = _read_bounded(answer, attempt.deadline)
        answer._content_consumed = True
        return answer


def _read_bounded(answer: requests.Response, deadline: float) -> bytes:
    body = b""
    try:
        # read1 returns what has come; read(n) would wait for n bytes, however slowly they drip.
        while len(body) < MAX_ANSWER_BYTES and time.monotonic() < deadline:
            piece = answer.raw.read1(16 * 1024, decode_content=True)
            if not piece:
                break
            body += piece
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError):
        pass  # the status has come, and it decides; what follows only explains it
    finally:
        answer.close()
    return body[:MAX_ANSWER_BYTES]


class _Collector(logging.Handler):
    """Takes Apprise's log lines of this thread's send; nothing reaches another handler."""

    def emit(self, record: logging.LogRecord) -> None:
        attempt: _Attempt | None = getattr(_attempt, "current", None)
        if attempt is None or len(attempt.lines) > 50:
            return
        text = record.getMessage()
        if record.levelno >= logging.WARNING or "xception" in text[:20]:
            attempt.lines.append(text[:500])


def _quieten() -> None:
    # Every Session mounts the HTTPAdapter that it finds in this place; Apprise makes one a request.
    requests.sessions.HTTPAdapter = _BoundedAdapter  # type: ignore[attr-defined]
    log = logging.getLogger("apprise")
    log.handlers[:] = [_Collector(logging.DEBUG)]
    log.propagate = False
    log.setLevel(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # its debug lines hold paths, which hold tokens


_quieten()


def service_fault(address: str) -> str | None:
    """Why Apprise cannot use the address, or None. Never holds the address."""
    scheme = address.partition("://")[0].lower()
    if not scheme.isascii() or scheme not in _schemes():
        return f"the scheme {one_line(scheme, 30)}:// is unknown; see the list of services of Apprise, or use webhook+https://"
    if _service(address) is None:
        return f"Apprise cannot read this {scheme}:// address; check it against the service's page in Apprise's documentation"
    return None


@cache
def _schemes() -> frozenset[str]:
    with warnings.catch_warnings():  # some plugins import modules that Python is about to drop
        warnings.simplefilter("ignore", DeprecationWarning)
        return frozenset(NotificationManager().schemas())  # type: ignore[no-untyped-call]


def _service(address: str) -> Any:
    _schemes()
    try:
        return apprise.Apprise.instantiate(address, asset=_asset, suppress_exceptions=True)
    except Exception:  # noqa: BLE001 - a plugin may fail in any way on an odd address: then it is no address
        return None


def is_mail(address: str) -> bool:
    """Whether the address is e-mail by SMTP, which this product composes itself."""
    return address.partition("://")[0].lower() in {"mailto", "mailtos"}


def mail_service(address: str) -> Any:
    """Apprise's reading of a mailto:// address: server, login, sender and recipients."""
    return _service(address)


def service_limits(address: str) -> Limits:
    """How much a service carries; raises nothing for an address that the configuration has checked."""
    service = _service(address)
    return Limits(title=int(service.title_maxlen), body=int(service.body_maxlen))


class AppriseSender:
    """Sends through one Apprise service, in a thread of its own that nobody else waits for."""

    parallel = 1

    def __init__(self, channel: Channel, renderer: Renderer, scrub: Scrubber) -> None:
        self._service = _service(channel.address)
        self._service.request_rate_per_sec = 0  # the deliverer keeps the pace, without sleeping in a thread
        self._timeout_s = channel.timeout
        self._renderer = renderer
        self._scrub = scrub
        self._limits = service_limits(channel.address)
        self._hands = Hands(channel.name)

    async def send(self, parcel: Parcel) -> Outcome:
        message = self._renderer.message(parcel.payload, self._limits)
        attempt = _Attempt(time.monotonic() + self._timeout_s)
        try:
            delivered = await self._hands.run(
                lambda: self._notify(attempt, message.title, message.text), self._timeout_s + 0.5
            )
        except HandsFullError as fault:
            return failure(str(fault))
        except TimeoutError:
            return failure(f"no answer within {self._timeout_s:g} s")
        except Exception as fault:  # noqa: BLE001 - plugins raise whatever they like; that is a failed try
            return failure(self._scrub(one_line(f"{type(fault).__name__}: {fault}", 300)))
        if delivered:
            return SENT
        return failure(self._reason(attempt), status=attempt.status, retry_after=attempt.retry_after)

    def _notify(self, attempt: _Attempt, title: str, body: str) -> bool:
        _attempt.current = attempt
        logging.getLogger("apprise").setLevel(logging.DEBUG)  # its lines are the only reasons it gives
        return bool(
            self._service.notify(
                title=title,
                body=body,
                notify_type=apprise.NotifyType.INFO,
                body_format=apprise.NotifyFormat.TEXT,
            )
        )

    def _reason(self, attempt: _Attempt) -> str:
        said = "; ".join(dict.fromkeys(one_line(self._scrub(line), 200) for line in attempt.lines))
        status = f"answered {attempt.status}" if attempt.status is not None else ""
        return one_line(
            "; ".join(part for part in (status, said) if part) or "the service refused without a reason", 400
        )

    async def close(self) -> None:
        """Nothing to let go of: its threads end with their send, or with the program."""
