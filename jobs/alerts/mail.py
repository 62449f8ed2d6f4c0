"""E-mail: plain text and HTML in one message, with a Message-ID that stays the same over tries.

Apprise reads the `mailto://` address; the message is composed here, because Apprise makes a new Message-ID for each try
and derives the plain text from the HTML.
"""

from __future__ import annotations

import smtplib
import ssl
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from jobs.alerts.channels import mail_service
from jobs.alerts.clean import one_line
from jobs.alerts.content import delivery_key
from jobs.alerts.hands import Hands, HandsFullError
from jobs.alerts.parcel import SENT, Outcome, Parcel, failure
from jobs.alerts.render import Limits, Renderer
from jobs.alerts.scrub import Scrubber
from jobs.config.channels import Channel

LIMITS = Limits(title=200, body=200_000)
_REMEMBERED = 1000
_POLICY = SMTP.clone(max_line_length=120, cte_type="7bit")
"""Longer than the recommended 78 (the limit is 998, RFC 5322 section 2.1.1), so that a Message-ID is never folded."""


def message_id(alert_id: str, channel: str, domain: str) -> str:
    """The Message-ID of one alert on one channel (RFC 5322 section 3.6.4)."""
    return f"<{alert_id}.{delivery_key(alert_id, channel)}@{domain}>"


def compose(
    parcel: Parcel, *, title: str, text: str, html: str, sender: tuple[str, str], to: str, channel: str, cc: Iterable[str] = (), reply_to: Iterable[str] = (), extra: dict[str, str] | None = None,
) -> EmailMessage:  # fmt: skip
    """The message to one recipient. Header values are one line each; `extra` are the address's own headers."""
    message = EmailMessage(policy=_POLICY)
    message["Subject"] = one_line(title, 200)
    message["From"] = _address(*sender)
    message["To"] = _address("", to)
    if cc := list(cc):
        message["Cc"] = ", ".join(cc)
    if reply_to := list(reply_to):
        message["Reply-To"] = ", ".join(reply_to)
    message["Date"] = format_datetime(parcel.decided)
    message["Message-ID"] = message_id(parcel.alert_id, channel, _domain(sender[1]))
    message["Auto-Submitted"] = "auto-generated"
    message["X-Borderwatch-Alert"] = parcel.alert_id
    for name, value in (extra or {}).items():
        message[name] = one_line(value, 500)
    message.set_content(text + "\n")
    message.add_alternative(html, subtype="html")
    return message


def _address(name: str, address: str) -> Address:
    user, _, domain = address.rpartition("@")
    return (
        Address(one_line(name, 80), user, domain)
        if user
        else Address(one_line(name, 80), domain, "localhost")
    )


def _domain(address: str) -> str:
    return address.rpartition("@")[2] or "localhost"


class MailSender:
    """Sends to the recipients of a `mailto://` or `mailtos://` address, one message each."""

    parallel = 1

    def __init__(self, channel: Channel, renderer: Renderer, scrub: Scrubber) -> None:
        self._service: Any = mail_service(channel.address)
        self._name, self._timeout_s = channel.name, channel.timeout
        self._renderer, self._scrub = renderer, scrub
        self._hands = Hands(channel.name)
        # Recipients that took an alert of which another one failed: a retry does not write to them twice.
        self._accepted: OrderedDict[str, set[str]] = OrderedDict()

    async def send(self, parcel: Parcel) -> Outcome:
        message = self._renderer.message(parcel.payload, LIMITS)
        html = self._renderer.html(parcel.payload)
        try:
            return await self._hands.run(
                lambda: self._deliver(parcel, message.title, message.text, html), self._timeout_s
            )
        except HandsFullError as fault:
            return failure(str(fault))
        except TimeoutError:
            return failure(f"no answer within {self._timeout_s:g} s")
        except smtplib.SMTPResponseException as fault:
            return self._refused(
                fault.smtp_code, fault.smtp_error, login=isinstance(fault, smtplib.SMTPAuthenticationError)
            )
        except (OSError, smtplib.SMTPException, MessageError, ValueError) as fault:
            return failure(self._scrub(one_line(f"cannot be sent: {fault}", 300)))

    def _deliver(self, parcel: Parcel, title: str, text: str, html: str) -> Outcome:
        service = self._service
        accepted = self._remember(parcel.alert_id)
        refusals: list[tuple[int, bytes]] = []
        server = self._connect()
        try:
            for _, to in service.targets:
                if to in accepted:
                    continue
                cc = sorted(service.cc - service.bcc - {to})
                message = compose(
                    parcel, title=title, text=text, html=html, sender=_sender(service.from_addr), to=to, channel=self._name,
                    cc=cc, reply_to=sorted(service.reply_to - {to}), extra=service.headers,
                )  # fmt: skip
                try:
                    refused = server.send_message(
                        message, service.from_addr[1], [to, *cc, *sorted(service.bcc - {to})]
                    )
                except smtplib.SMTPRecipientsRefused as fault:
                    refused = fault.recipients
                refusals += refused.values()
                if not refused:
                    accepted.add(to)
        finally:
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
        return self._refused(*refusals[0]) if refusals else SENT

    def _connect(self) -> smtplib.SMTP:
        service = self._service
        context = ssl.create_default_context()
        if not service.verify_certificate:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        port = service.port or {"ssl": 465, "starttls": 587}.get(service.secure_mode, 25)
        if service.secure_mode == "ssl":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                service.smtp_host, port, timeout=self._timeout_s, context=context
            )
        else:
            server = smtplib.SMTP(service.smtp_host, port, timeout=self._timeout_s)
        try:
            if service.secure_mode == "starttls":
                server.starttls(context=context)
            if service.user and service.password:
                server.login(service.user, service.password)
        except BaseException:
            server.close()
            raise
        return server

    def _remember(self, alert_id: str) -> set[str]:
        accepted = self._accepted.setdefault(alert_id, set())
        while len(self._accepted) > _REMEMBERED:
            self._accepted.popitem(last=False)
        return accepted

    def _refused(self, code: int, said: bytes | str, *, login: bool = False) -> Outcome:
        """RFC 5321 section 4.2.1: 5yz is a permanent refusal of this message, 4yz asks to try later."""
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        error = self._scrub(one_line(f"the mail server answered {code}: {text}", 300))
        return Outcome(False, error, "message" if 500 <= code < 600 and not login else "channel")

    async def close(self) -> None:
        """Nothing to let go of: each message has its own connection."""


def _sender(from_addr: Iterable[Any]) -> tuple[str, str]:
    name, address = from_addr
    return (name or "borderwatch", address)
