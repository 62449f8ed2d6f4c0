"""The archived original: only harmless markup is left, in an answer that may do nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.archive import Archive
from storage.database import open_database, scalar, stamp, write_transaction
from storage.model import Capture
from tests.web.served import served
from web.original import harmless

NASTY = """<!doctype html><html dir=rtl lang=fa onload=alert(1)><head><meta http-equiv=refresh content="0;url=http://evil.example/"><base href=http://evil.example/>
<link rel=stylesheet href=http://evil.example/a.css><style>@import url(http://evil.example/b.css)</style><script>alert(1)</script></head>
<body background=http://evil.example/c.png><p onclick="alert(1)" style="background:url(http://evil.example/d.png)">متن خبر</p>
<a href="javascript:alert(1)" ping=http://evil.example>link</a><img src=http://evil.example/e.png srcset=x alt="a fence"><img src="data:image/png;base64,iVBORw0KGgo=">
<svg><script>alert(1)</script><use href="http://evil.example#x"/></svg><math><mtext><img src=x onerror=alert(1)></math>
<iframe src=http://evil.example></iframe><form action=http://evil.example><input name=a><button formaction=javascript:alert(1)>Go</button></form>
<object data=http://evil.example></object><embed src=http://evil.example><video src=http://evil.example poster=x></video><noscript><img src=x onerror=alert(1)></noscript>
<x-frame src=http://evil.example>kept?</x-frame><details open ontoggle=alert(1)>details</details><table><tr><td colspan=2>cell</table></body></html>"""


def check(page: str) -> None:
    """Nothing in the page runs, loads or leads anywhere."""
    assert "evil.example" not in page
    inside = page.split("</style>", 1)[1]
    for tag in re.findall(r"<[^>]*>", inside):
        assert not re.search(
            r"\s(on\w+|href|style|srcset|action|formaction|background|ping|poster)\s*=", tag, re.IGNORECASE
        ), tag
        assert not re.match(
            r"</?(script|iframe|object|embed|form|link|meta|base|svg|math|style|input|button)\b",
            tag,
            re.IGNORECASE,
        ), tag
        source = re.search(r'\ssrc="([^"]*)"', tag)
        assert source is None or source[1].startswith("data:image/"), tag


def test_only_harmless_markup_is_left() -> None:
    page = harmless(NASTY.encode(), "text/html; charset=utf-8")
    check(page)
    for kept in (
        "متن خبر",
        "link",
        "[picture: a fence]",
        'colspan="2"',
        "cell",
        "details",
        "data:image/png",
        'dir="rtl"',
    ):
        assert kept in page


@given(st.text(alphabet=st.sampled_from("<>/\"'= abcsriptonxevil!-:&;#"), max_size=120))
def test_any_markup_is_made_harmless(markup: str) -> None:
    check(harmless(b"<p>" + markup.encode(), None))


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ("ايران".encode("windows-1256"), "text/html; charset=windows-1256", "ايران"),
        (b"", None, "empty"),
        (b"\xff\xfe\x00bad", "text/html; charset=no-such", "<body>"),
        ("خبر".encode(), "text/html; charset=iso-8859-1", "خبر"),
    ],
)
def test_any_bytes_are_shown(body: bytes, kind: str | None, text: str) -> None:
    assert text in harmless(body, kind)


def test_it_is_served_for_a_frame_that_may_do_nothing(data_dir: Path) -> None:
    archive = Archive(data_dir / "archive")
    moment = datetime(2026, 11, 24, tzinfo=UTC)
    place = archive.append(
        Capture(
            "https://x.example/a",
            moment,
            200,
            (("Content-Type", "text/html"),),
            NASTY.encode(),
            "tehran-wire",
            "https://x.example/a",
        )
    )
    archive.close()
    db = open_database(data_dir / "borderwatch.db")
    with write_transaction(db):
        db.conn.execute(
            "INSERT INTO captures (source, url, listed_url, fetched_at, status, digest, file, offset, length, state) VALUES ('tehran-wire', 'u', 'u', ?, 200, 'd', ?, ?, ?, 'done')",
            (stamp(moment), place.file, place.offset, place.length),
        )
        db.conn.execute("UPDATE articles SET capture_id = 1 WHERE id = 1")
        db.conn.execute(
            "INSERT INTO captures (source, url, listed_url, fetched_at, status, digest, file, offset, length, state) VALUES ('s', 'u', 'u', ?, 200, 'd', 'gone.warc.gz', 0, 10, 'done')",
            (stamp(moment),),
        )
        db.conn.execute("UPDATE articles SET capture_id = 2 WHERE id = 2")
        assert scalar(db, "SELECT count(*) FROM captures") == 2
    db.conn.close()
    with served(data_dir) as page:
        answer = page.client.get("/articles/1/original")
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert re.search(r"; sandbox;", policy)
        check(answer.text)
        source = page.client.get("/articles/1/original?form=text")
        assert source.headers["content-type"].startswith("text/plain")
        assert "alert(1)" in source.text
        assert 'data-frame="/articles/1/original"' in page.client.get("/articles/1").text
        missing = page.client.get("/articles/2/original")
        assert missing.status_code == 404
        assert "gone.warc.gz" in missing.text
