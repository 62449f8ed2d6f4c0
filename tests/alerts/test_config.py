"""What a channel's configuration may say, and every fault at once."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from jobs.config.channels import Channel, QuietHours, Rate
from jobs.config.load import ConfigurationError, load_config

from .conftest import channel


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"url": "bogus://x"}, "the scheme bogus:// is unknown"),
        ({"url": "tgram://bad"}, "Apprise cannot read this tgram:// address"),
        ({"url": "env:BORDERWATCH_NO_SUCH"}, "the environment variable BORDERWATCH_NO_SUCH is not set"),
        ({"url": "https//forgotten"}, "not an address"),
        ({"url": "webhook+ftp://x"}, "webhook+ftp:// is unknown"),
        ({"url": "webhook+http://"}, "names no host"),
        ({"url": "webhook+http://x:99999/"}, "bad host or port"),
        ({"secret": "not base64!"}, "a signing secret is base64"),
        ({"url": "terminal://", "secret": "c2VjcmV0"}, "secret signs webhook posts only"),
        ({"burst": "many"}, 'such as "10/10m"'),
        ({"rate_limit": "0/s"}, 'such as "10/10m"'),
        ({"quiet_hours": "22:00"}, "give two local times"),
        ({"quiet_hours": "22:00-22:00"}, "nothing would ever be sent"),
        ({"digest_at": "25:00"}, 'a local time such as "07:00"'),
        ({"timezone": "Mars/Olympus"}, "IANA"),
        ({"digest_weekday": "monday"}, 'belong to mode = "digest"'),
        ({"mode": "hourly"}, "'instant' or 'digest'"),
        ({"sources": ["a"], "exclude_sources": ["a"]}, "both in sources and in exclude_sources"),
        ({"timeout": "1h"}, "timeout lies between"),
        ({"nosuch": 1}, "Extra inputs"),
    ],
)
def test_faults(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as fault:
        channel(**options)
    assert says in str(fault.value)


def test_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_URL", "webhook+https://example.org/hook/secretpath")
    desk = channel(
        "env:DESK_URL",
        burst="10 in 10m",
        rate_limit="30/m",
        quiet_hours="22:00–06:30",
        digest_at="7:05",
        mode="digest",
        retry_for="1d",
    )
    assert desk.burst_rate == Rate(10, 600)
    assert desk.pace == Rate(30, 60)
    assert desk.quiet_hours == QuietHours(time(22), time(6, 30))
    assert desk.digest_at == time(7, 5)
    assert desk.retry_for == 86400
    assert desk.address == "webhook+https://example.org/hook/secretpath"
    assert "secretpath" not in repr(desk)
    again = Channel.model_validate(desk.model_dump(mode="json"))
    assert again == desk


def test_defaults_fit_the_kind_of_channel() -> None:
    hook, chat = channel(), channel("ntfy://127.0.0.1/x")
    assert (hook.burst_rate, hook.pace) == (None, None)
    assert (chat.burst_rate, chat.pace) == (Rate(30, 600), Rate(5, 5))
    assert channel("ntfy://127.0.0.1/x", burst="off").burst_rate is None


CONFIG = """
[include]
topics = []
[[channels]]
name = "a"
url = "bogus://user:p1antedSecret42@host"
[[channels]]
name = "b"
url = "webhook+http://127.0.0.1/x"
digest_att = "07:00"
timezone = "Nowhere"
"""


def test_all_faults_at_once_and_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "borderwatch.toml"
    path.write_text(CONFIG, encoding="utf-8")
    with pytest.raises(ConfigurationError) as fault:
        load_config(path)
    text = str(fault.value)
    assert len(fault.value.faults) == 3
    assert "channels[0].url" in text
    assert "digest_att" in text
    assert "timezone" in text
    assert "p1antedSecret42" not in text


def test_a_bad_template_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "endless.j2").write_text(
        "{% for a in range(1000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}", encoding="utf-8"
    )
    (tmp_path / "good.j2").write_text("{{ title }}", encoding="utf-8")
    path = tmp_path / "borderwatch.toml"
    path.write_text(
        '[include]\ntopics = []\n[[channels]]\nname = "a"\nurl = "webhook+http://127.0.0.1/x"\ntemplate = "endless.j2"\ntemplate_html = "good.j2"\n',
        encoding="utf-8",
    )
    with pytest.raises(
        ConfigurationError, match=r"channels\.a\.template: endless\.j2, line 1: the template runs in circles"
    ):
        load_config(path)
