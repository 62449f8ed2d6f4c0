"""What a channel's address may be; says what is wrong with one without repeating it (it holds secrets)."""

from __future__ import annotations

from urllib.parse import urlsplit

WEBHOOK_SCHEMES = ("webhook+http", "webhook+https")


def address_fault(address: str) -> str | None:
    """Why nothing can be sent to `address`, or None. The text never holds the address itself."""
    scheme, separator, _ = address.partition("://")
    scheme = scheme.lower()
    if not separator or not scheme:
        return "not an address: give an Apprise URL, webhook+https://… or terminal://"
    if scheme == "terminal":
        return None
    if scheme.startswith("webhook"):
        return _webhook_fault(scheme, address)
    from jobs.alerts.channels import service_fault  # noqa: PLC0415 - Apprise takes half a second to import

    return service_fault(address)


def webhook_target(address: str) -> str:
    """The HTTP address of a `webhook+http(s)://` one."""
    return address.removeprefix("webhook+")


def _webhook_fault(scheme: str, address: str) -> str | None:
    if scheme not in WEBHOOK_SCHEMES:
        return f"{scheme}:// is unknown: a webhook is webhook+https://… or webhook+http://…"
    try:
        parts = urlsplit(webhook_target(address))
        port = parts.port
    except ValueError:
        return "the webhook's address has a bad host or port"
    if not parts.hostname or port == 0:
        return "the webhook's address names no host"
    if parts.fragment:
        return "a webhook's address has no fragment (#…)"
    return None
