"""Who asks, and what they may do: passwords, sessions, tokens, CSRF, throttled logins, host names.

Functions here decide; `web/guard.py` asks them for each request, and `storage/users.py` keeps what they need.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from jobs.config.web import WebOptions, is_loopback_name
from storage.model import UsageError
from storage.users import ROLES, Role

SESSION_COOKIE = "bw_session"
BROWSER_COOKIE = "bw_browser"
MIN_PASSWORD_CHARS = 10
MAX_PASSWORD_CHARS = 1_000
LOGIN_TRIES = 5
LOGIN_WINDOW_S = 300.0
LOCAL_NAME = "desk"
"""Who acts on a page without logins, in judgements and mutes."""

_hasher = PasswordHasher()
# Checked where the user is unknown, so that the answer takes as long as for a wrong password.
_NOBODY = _hasher.hash(secrets.token_hex(16))


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who a request comes from."""

    name: str
    role: Role
    session: str | None = None
    """Digest of the session's cookie; None without login and for tokens."""
    by_token: bool = False

    def may(self, role: Role) -> bool:
        """Whether the visitor's role includes `role`."""
        return ROLES.index(self.role) >= ROLES.index(role)


LOCAL = Visitor(LOCAL_NAME, "admin")


def hash_password(password: str) -> str:
    """An argon2id hash (RFC 9106, the library's defaults: 64 MiB, 3 passes). Raises UsageError for a poor password."""
    if len(password) < MIN_PASSWORD_CHARS:
        raise UsageError(f"The password is too short: take at least {MIN_PASSWORD_CHARS} characters.")
    if len(password) > MAX_PASSWORD_CHARS:
        raise UsageError(f"The password is longer than {MAX_PASSWORD_CHARS} characters.")
    return _hasher.hash(password)


def password_fits(hashed: str | None, password: str) -> bool:
    """Whether a password is the one that was hashed; takes as long for an unknown user (None)."""
    try:
        return _hasher.verify(hashed or _NOBODY, password[:MAX_PASSWORD_CHARS]) and hashed is not None
    except (Argon2Error, InvalidHashError):
        return False


def new_secret() -> str:
    """A secret for a cookie or token: 32 random bytes."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_token(key: bytes, cookie: str) -> str:
    """The token that belongs to a browser's cookie (OWASP: signed double submit)."""
    return hmac.new(key, b"csrf:" + cookie.encode(), hashlib.sha256).hexdigest()


def csrf_fits(key: bytes, cookie: str | None, token: str | None) -> bool:
    """Whether a form or script of ours sent the request."""
    return bool(cookie and token) and hmac.compare_digest(csrf_token(key, cookie or ""), token or "")


def check_binding(options: WebOptions, users: int) -> None:
    """Raises UsageError where others could reach the page and nobody has to log in."""
    if users or options.loopback():
        return
    if not is_loopback_name(options.host):
        reason = f"the page would listen on {options.host}, where others can reach it"
    else:
        reason = "base_url or allowed_hosts name an address beyond this machine"
    raise UsageError(
        f"{reason}, and there are no users. Add one with `borderwatch users add NAME`, or set host to 127.0.0.1."
    )


def host_fits(options: WebOptions, header: str | None) -> bool:
    """Whether a Host header names this page. Foreign names are how DNS rebinding reaches a local service."""
    if not header:
        return False
    try:
        name = (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if is_loopback_name(name):
        return True
    names = [*options.allowed_hosts]
    if options.base_url:
        names.append(urlsplit(options.base_url).hostname or "")
    if options.host not in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        names.append(options.host)
    return any(_name_fits(name, allowed) for allowed in names)


def _name_fits(name: str, allowed: str) -> bool:
    if allowed.startswith("*."):
        return name.endswith(allowed[1:])
    return name == allowed.strip("[]")


def origin_fits(origin: str | None, host: str | None) -> bool:
    """Whether an Origin header (absent in old browsers and scripts) is this page's own."""
    if origin is None:
        return True
    return urlsplit(origin).netloc.lower() == (host or "").lower()


class LoginThrottle:
    """Counts failed logins by name and by address; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: dict[str, deque[float]] = {}

    def wait_s(self, keys: Iterable[str]) -> float:
        """Seconds until another try is allowed (0: now)."""
        now = self._clock()
        waits = [0.0]
        for key in keys:
            times = self._failures.get(key)
            while times and times[0] <= now - LOGIN_WINDOW_S:
                times.popleft()
            if times is not None and not times:
                del self._failures[key]
            elif times and len(times) >= LOGIN_TRIES:
                waits.append(times[-LOGIN_TRIES] + LOGIN_WINDOW_S - now)
        return max(waits)

    def failed(self, keys: Iterable[str]) -> None:
        """Remember a failure; at most 10,000 keys are kept."""
        for key in keys:
            if key not in self._failures and len(self._failures) >= 10_000:
                self._failures.pop(next(iter(self._failures)))
            self._failures.setdefault(key, deque(maxlen=LOGIN_TRIES)).append(self._clock())

    def succeeded(self, keys: Iterable[str]) -> None:
        """Forget the failures of someone who got in."""
        for key in keys:
            self._failures.pop(key, None)


def safe_next(target: str | None) -> str:
    """Where to go after a login: a path of ours, never another site."""
    if (
        not target
        or not target.startswith("/")
        or target.startswith(("//", "/\\"))
        or "\n" in target
        or "\r" in target
    ):
        return "/"
    return target
