"""Sample alerts: what `alerts test` sends (and says that it is one), and what templates are checked with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

SAMPLE_TITLE = "TEST: this is a sample alert of borderwatch, nothing happened"


def sample_payload(alert_id: str, now: datetime, topic: str = "iran-pakistan-border") -> dict[str, Any]:
    """An alert that says that it is a sample, with every field filled."""
    quote = "This sample mentions the Iran–Pakistan border at Taftan; it is a test of the channel and reports no event."
    start = quote.index("Iran–Pakistan border")
    moment = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "alert_id": alert_id, "kind": "new", "reason": "", "created": moment, "topic": topic, "test": True,
        "story_id": 0, "article_id": 0, "title": SAMPLE_TITLE, "url": "https://example.org/borderwatch-test",
        "canonical_url": "https://example.org/borderwatch-test", "source": "borderwatch", "source_country": None,
        "site_name": None, "published": moment, "published_source": "feed", "published_precision": "second",
        "first_seen": moment, "language": "en", "score": 1.0, "threshold": 0.5, "rules": ["a test of the channel"],
        "evidence": [{"field": "text", "start": 0, "end": len(quote), "quote": quote, "marks": [[start, start + 20]]}],
        "concepts": ["the frontier"],
        "places": [{"id": "taftan", "name": "Taftan", "lat": 28.97, "lon": 61.55, "names": {"en": "Taftan", "fa": "تفتان", "ur": "تفتان"}}],
        "also_reported_by": [{"source": "another sample", "country": "PK", "title": "مرزی راہداری پر ایک نمونہ", "url": "https://example.org/2", "published": None, "language": "ur", "copy": False}],
        "story_url": None,
    }  # fmt: skip


def sample_payloads() -> list[dict[str, Any]]:
    """The samples a template must survive: full, empty of all that may be missing, and hostile."""
    now = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    full = sample_payload("alert_" + "0" * 32, now)
    empty = {
        **full, "source_country": None, "published": None, "published_source": None, "published_precision": None, "language": None,
        "rules": [], "evidence": [], "concepts": [], "places": [], "also_reported_by": [], "story_url": None,
    }  # fmt: skip
    hostile = {
        **full, "title": "</title><script>alert(1)</script> {{ 7 * 7 }} @channel \u202egnp.exe\r\nBcc: x@example.org " + "long " * 1000,
        "kind": "update", "reason": "confirmed", "language": "fa", "source": "<b>source</b>",
        "evidence": full["evidence"] * 12, "also_reported_by": full["also_reported_by"] * 50, "story_url": "https://example.org/stories/1",
    }  # fmt: skip
    return [full, empty, hostile]
