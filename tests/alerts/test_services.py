"""Apprise services and mail, against real receivers; and that no secret comes out anywhere."""

from __future__ import annotations

import email
import email.policy
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.alerts.deliver import Deliverer
from jobs.alerts.outbox import AlertPolicy
from jobs.alerts.scrub import Scrubber, ScrubFilter
from jobs.alerts.senders import scrubber_of
from jobs.alerts.try_out import send_sample
from jobs.config.channels import Channel
from storage.database import Database, now_utc, open_database, rows, scalar

from .conftest import NOW, ROOT, Newsroom, Receiver, channel

PLANTED = "p1antedSecret42"


def deliverer(db_path: Path, *channels: Channel) -> Deliverer:
    return Deliverer(lambda: open_database(db_path), channels, base_dir=db_path.parent, chance=lambda: 0.5)


async def test_ntfy_through_apprise(
    db: Database, db_path: Path, newsroom: Newsroom, fresh_receiver: Receiver
) -> None:
    phone = channel(f"ntfy://127.0.0.1:{fresh_receiver.port}/border", name="phone")
    verdict, _, _ = newsroom.publish(
        AlertPolicy((phone,)), now=now_utc(), title="Gate closed @everyone\nat Taftan"
    )
    assert (await deliverer(db_path, phone).drain(10)).deliveries_sent == 1
    (got,) = fresh_receiver.received()
    body = json.loads(got["body"])
    assert body["topic"] == "border"
    assert body["title"] == "Gate closed @\u2060everyone at Taftan"
    assert "*Iran–Pakistan border*" in body["message"]
    assert body["message"].endswith(str(verdict.alert_id)), "a repeat is known by this line"


async def test_ntfy_refusals(
    db: Database, db_path: Path, newsroom: Newsroom, fresh_receiver: Receiver
) -> None:
    """`json://` posts to any path, so that the receiver can misbehave through Apprise too."""
    base = f"json://user:{PLANTED}@127.0.0.1:{fresh_receiver.port}"
    paths = {
        "gone": "status/404",
        "busy": "busy",
        "moved": "moved",
        "never": "never",
        "huge": "hugefail",
        "drip": "drip",
        "half": "half",
    }
    channels = [channel(f"{base}/{path}", name=name, timeout=1) for name, path in paths.items()]
    newsroom.publish(AlertPolicy(tuple(channels)), now=now_utc())
    done = await deliverer(db_path, *channels).drain(20)
    assert (done.deliveries_sent, done.deliveries_failed) == (1, 6), (
        "a 200 whose body drips on is accepted; all else failed"
    )
    errors = {
        row["channel"]: row["last_error"] for row in rows(db, "SELECT channel, last_error FROM deliveries")
    }
    assert errors["gone"].startswith("answered 404")
    assert errors["busy"].startswith("answered 429")
    assert errors["moved"].startswith("answered 301")
    assert errors["huge"].startswith("answered 500")
    assert errors["never"]
    assert errors["half"]
    assert PLANTED not in json.dumps(errors)
    assert (
        next(item for item in fresh_receiver.received() if item["path"] == "/hugefail")["poured"] < 20_000_000
    )
    pause = scalar(db, "SELECT not_before FROM channels WHERE name = 'busy'")
    assert pause is not None, "Retry-After is honoured through Apprise too"


async def test_mail_has_both_forms_and_a_stable_id(
    db: Database, db_path: Path, newsroom: Newsroom, smtp_receiver: Receiver
) -> None:
    mail = channel(
        f"mailto://127.0.0.1:{smtp_receiver.port}?from=watch@example.org&to=desk@example.org,night@example.org&mode=insecure",
        name="mail",
    )
    verdict, _, _ = newsroom.publish(
        AlertPolicy((mail,)),
        now=now_utc(),
        title="مرز تفتان بسته شد\r\nBcc: victim@example.org",
        language="fa",
    )
    assert (await deliverer(db_path, mail).drain(10)).deliveries_sent == 1
    mails = [smtp_receiver.mail(), smtp_receiver.mail()]
    assert sorted(item["to"][0] for item in mails) == ["desk@example.org", "night@example.org"]
    message = email.message_from_bytes(mails[0]["data"].encode(), policy=email.policy.default)
    assert message["Subject"] == "مرز تفتان بسته شد Bcc: victim@example.org"
    assert message["Bcc"] is None
    assert str(message["Message-ID"]).startswith(f"<{verdict.alert_id}.")
    assert message["Message-ID"].endswith("@example.org>")
    text, html = (part.get_content() for part in message.iter_parts())
    assert "\u2068dawn\u2069 (PK)" in text
    assert 'dir="rtl" lang="fa"' in html
    # The same alert once more, after a crash: the Message-ID is the same.
    db.conn.execute("UPDATE deliveries SET state = 'waiting', next_try = '2000-01-01T00:00:00.000Z'")
    await deliverer(db_path, mail).drain(10)
    again = email.message_from_string(smtp_receiver.mail()["data"], policy=email.policy.default)
    assert again["Message-ID"] == message["Message-ID"]


async def test_mail_refused_for_one_recipient(
    db: Database, db_path: Path, newsroom: Newsroom, smtp_receiver: Receiver
) -> None:
    mail = channel(
        f"mailto://127.0.0.1:{smtp_receiver.port}?from=w@example.org&to=desk@example.org,nobody@example.org&mode=insecure",
        name="mail",
    )
    newsroom.publish(AlertPolicy((mail,)), now=now_utc())
    work = deliverer(db_path, mail)
    assert (await work.drain(10)).deliveries_failed == 1
    assert (
        scalar(db, "SELECT last_error FROM deliveries")
        == "the mail server answered 550: no such user, says the test"
    )
    assert smtp_receiver.mail()["to"] == ["desk@example.org"]


async def test_a_dead_mail_server(db: Database, db_path: Path, newsroom: Newsroom) -> None:
    mail = channel(
        f"mailto://user:{PLANTED}@127.0.0.1:9?from=w@example.org&to=d@example.org&mode=insecure", name="mail"
    )
    newsroom.publish(AlertPolicy((mail,)), now=now_utc())
    assert (await deliverer(db_path, mail).drain(10)).deliveries_failed == 1
    assert "Connection refused" in scalar(db, "SELECT last_error FROM deliveries")


async def test_a_sample_says_that_it_is_one(fresh_receiver: Receiver, smtp_receiver: Receiver) -> None:
    urls = [
        f"ntfy://127.0.0.1:{fresh_receiver.port}/border", fresh_receiver.url(),
        f"mailto://127.0.0.1:{smtp_receiver.port}?from=w@example.org&to=d@example.org&mode=insecure",
    ]  # fmt: skip
    for url in urls:
        assert (await send_sample(channel(url), base_dir=Path(), now=NOW)).sent
    ntfy, hook = fresh_receiver.received()
    assert "TEST" in json.loads(ntfy["body"])["title"]
    assert json.loads(hook["body"])["data"]["test"] is True
    assert (
        "This is a TEST of the channel" in email.message_from_string(smtp_receiver.mail()["data"]).as_string()
    )
    refused = await send_sample(channel(fresh_receiver.url("/status/404")), base_dir=Path(), now=NOW)
    assert refused.error is not None
    assert refused.error.startswith("answered 404")


SECRET_CHANNELS = """
import asyncio, logging, sys
from pathlib import Path
import structlog
from jobs.log import configure_logging
configure_logging("console", level="DEBUG")
from jobs.alerts.deliver import Deliverer
from jobs.config.channels import Channel
from storage.database import open_database
urls = ["env:HOOK", "env:CHAT", "env:MAIL", "env:NTFY"]
channels = [Channel.model_validate({"name": f"c{n}", "url": url, "timeout": 2}) for n, url in enumerate(urls)]
print(channels)
path = Path(sys.argv[1])
db = open_database(path)
for name in [*(channel.name for channel in channels), "broken"]:
    db.conn.execute("INSERT INTO deliveries (alert_id, channel, next_try, created) SELECT id, ?, '2000', created FROM alerts", (name,))
class Broken:
    parallel = 1
    def __init__(self, channel): self.address = channel.address
    async def send(self, parcel): raise RuntimeError("broken by " + self.address)
    async def close(self): pass
deliverer = Deliverer(lambda: open_database(path), channels, base_dir=path.parent)
deliverer._senders.append((channels[0].model_copy(update={"name": "broken"}), Broken(channels[0])))
done = asyncio.run(deliverer.drain(15))
print(done)
"""


def test_a_planted_secret_is_nowhere(
    db: Database, db_path: Path, newsroom: Newsroom, fresh_receiver: Receiver
) -> None:
    newsroom.publish(AlertPolicy(), now=now_utc())
    db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    port = fresh_receiver.port
    environment = {
        "HOOK": f"webhook+http://me:{PLANTED}@127.0.0.1:{port}/status/{PLANTED}/403?key={PLANTED}",
        "CHAT": f"json://me:{PLANTED}@127.0.0.1:1/{PLANTED}?+X-Token={PLANTED}",
        "MAIL": f"mailto://me:{PLANTED}@127.0.0.1:1?from=w@example.org&to=d@example.org&mode=insecure",
        "NTFY": f"ntfy://tk_{PLANTED}@127.0.0.1:{port}/{PLANTED}?auth=token",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", SECRET_CHANNELS, str(db_path)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "deliveries_failed=4" in done.stdout, done.stderr
    assert "Connection refused" in done.stderr, "the run was logged, with its reasons"
    assert PLANTED not in done.stdout + done.stderr
    stored = b"".join(path.read_bytes() for path in db_path.parent.iterdir())
    assert b"answered 403" in stored
    assert PLANTED.encode() not in stored


def test_scrubber() -> None:
    secret = channel("tgram://123456789:abcdefghijklmnop_q/987654321/", name="chat")
    hook = channel(f"webhook+https://example.org/hooks/{PLANTED}%2F?k=v", secret="c2VjcmV0c2VjcmV0c2VjcmV0")
    scrub = scrubber_of([secret, hook])
    assert scrub("POST /hooks/p1antedSecret42%2F failed") == "POST /*** failed"
    assert "abcdefghijklmnop_q" not in scrub(
        "https://api.telegram.org/bot123456789:abcdefghijklmnop_q/sendMessage"
    )
    assert scrub("at http://a:b@example.org/x") == "at http://***@example.org/x"
    assert scrub("c2VjcmV0c2VjcmV0c2VjcmV0") == "***"
    assert scrub("cannot connect to example.org") == "cannot connect to example.org"
    assert Scrubber([])("text") == "text"


def test_scrub_filter_cleans_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(ScrubFilter(Scrubber([], [PLANTED])))
    try:
        raise ValueError(PLANTED)
    except ValueError:
        logging.getLogger("x").exception("failed for %s", PLANTED)
    assert PLANTED not in caplog.text
    assert "failed for ***" in caplog.text
