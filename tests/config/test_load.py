"""Loading the configuration: all faults at once, each with file, key, value and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.config.fields import parse_duration_s
from jobs.config.load import ConfigurationError, data_dir, find_config, load_config


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(path: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_config(path)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_no_file_means_the_shipped_defaults(tmp_path: Path) -> None:
    config = load_config(None, cwd=tmp_path)
    assert config.sources == ()
    assert config.topics == ("presets:iran-pakistan-border",)


def test_a_whole_configuration(tmp_path: Path) -> None:
    write(
        tmp_path / "more.toml",
        '[[sources]]\nname = "tasnim"\nsection = "https://tasnim.example/fa"\nlanguage = "fa"\n',
    )
    path = write(
        tmp_path / "borderwatch.toml",
        """
[service]
contact = "ops@example.org"
allow_networks = ["127.0.0.1/8"]
host_delay = 0
alert_window = "3d"

[[sources]]
name = "dawn.com"
feed = "https://dawn.example/feed.xml"
country = "PK"
min_interval = "5m"

[[sources]]
name = "haal"
telegram = "haalvsh"

[include]
sources = ["more.toml"]
""",
    )
    config = load_config(path)
    assert [source.name for source in config.source_records] == ["dawn.com", "haal", "tasnim"]
    assert config.service.allow_networks == ("127.0.0.0/8",)
    assert config.service.alert_window == 3 * 86400
    haal = config.source("haal")
    assert haal is not None
    assert (haal.kind, haal.url, haal.full_text) == ("telegram", "https://t.me/s/haalvsh", True)


def test_every_fault_is_listed_at_once(tmp_path: Path) -> None:
    path = write(
        tmp_path / "borderwatch.toml",
        """
unknown = 1
[service]
workers = 0
host_delay = "soon"
colour = "red"
[[sources]]
name = "two"
feed = "https://a.example/"
sitemap = "https://a.example/sitemap.xml"
[[sources]]
name = "file"
feed = "file:///etc/passwd"
[[sources]]
name = "same"
feed = "https://b.example/"
[[sources]]
name = "same"
feed = "https://c.example/"
[include]
sources = ["absent.toml", "presets:nowhere"]
topics = ["absent-topic.toml"]
""",
    )
    text = faults_of(path)
    for part in (
        "unknown = 1: unknown key", "service.workers = 0", "service.host_delay = 'soon'", "service.colour", "exactly one of feed", "sources[1].feed",
        "name is taken already", "absent.toml", "no such preset", "absent-topic.toml",
    ):  # fmt: skip
        assert part in text, f"{part!r} is missing in:\n{text}"
    assert text.count(str(path)) >= 8


@pytest.mark.parametrize(
    ("content", "part"), [("a = [", "is not TOML"), ("[service]\nworkers = \n", "is not TOML")]
)
def test_broken_toml(tmp_path: Path, content: str, part: str) -> None:
    assert part in faults_of(write(tmp_path / "borderwatch.toml", content))


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    assert "borderwatch init" in faults_of(tmp_path / "no.toml")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "borderwatch.toml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in faults_of(path)


def test_a_secret_never_stands_in_a_fault(tmp_path: Path) -> None:
    path = write(
        tmp_path / "borderwatch.toml", '[[channels]]\nname = "x"\nurl = "nosuch://planted-secret@host"\n'
    )
    assert "planted-secret" not in faults_of(path)


def test_where_configuration_and_data_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BORDERWATCH_DATA_DIR", raising=False)
    local = write(tmp_path / "borderwatch.toml", 'data_dir = "store"\n')
    assert find_config(None, {}, tmp_path) == local
    assert find_config(None, {"BORDERWATCH_CONFIG": "/x.toml"}, tmp_path) == Path("/x.toml")
    assert find_config(Path("/y.toml"), {"BORDERWATCH_CONFIG": "/x.toml"}, tmp_path) == Path("/y.toml")
    config = load_config(local)
    assert data_dir(config, None) == tmp_path / "store"
    assert data_dir(config, Path("/z")) == Path("/z")
    monkeypatch.setenv("BORDERWATCH_DATA_DIR", "/env")
    assert data_dir(config, None) == Path("/env")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1), ("5m", 300), ("1h30m", 5400), ("2d", 172800), ("250ms", 0.25), ("0", 0), (7, 7), (0.5, 0.5)],
)
def test_durations(text: object, seconds: float) -> None:
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "5", "5 x", "-1s", True, None, "1s2", "99999999999d"])
def test_no_durations(text: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration_s(text)
