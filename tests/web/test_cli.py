"""The commands `web`, `users` and `tokens`, as a person calls them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
from click.testing import CliRunner, Result

from jobs.cli import main
from storage.database import open_database
from storage.users import find_token, find_user
from web.access import digest, password_fits


def call(data_dir: Path, *arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(main, ["--data-dir", str(data_dir), *arguments], input=text)


def test_users(tmp_path: Path) -> None:
    assert (
        call(
            tmp_path,
            "users",
            "add",
            "amna",
            "--role",
            "admin",
            "--password-stdin",
            text="correct horse battery\n",
        ).exit_code
        == 0
    )
    twice = call(tmp_path, "users", "add", "amna", "--password-stdin", text="correct horse battery\n")
    assert "already" in twice.output
    assert (
        call(
            tmp_path, "users", "add", "reza", text="correct horse battery\ncorrect horse battery\n"
        ).exit_code
        == 0
    )
    listed = json.loads(call(tmp_path, "users", "list", "--json").stdout)
    assert [(user["name"], user["role"]) for user in listed] == [("amna", "admin"), ("reza", "editor")]
    assert (
        call(tmp_path, "users", "passwd", "amna", "--password-stdin", text="another good one\n").exit_code
        == 0
    )
    db = open_database(tmp_path / "borderwatch.db", readonly=True)
    user = find_user(db, "amna")
    db.conn.close()
    assert user is not None
    assert password_fits(user.password, "another good one")
    assert call(tmp_path, "users", "remove", "reza").exit_code == 0
    for wrong in (("users", "remove", "reza"), ("users", "passwd", "reza", "--password-stdin")):
        result = call(tmp_path, *wrong, text="correct horse battery\n")
        assert "no user reza" in result.output


def test_tokens(tmp_path: Path) -> None:
    made = json.loads(call(tmp_path, "tokens", "add", "reader", "--json").stdout)
    db = open_database(tmp_path / "borderwatch.db", readonly=True)
    token = find_token(db, digest(made["token"]))
    db.conn.close()
    assert token is not None
    assert (token.name, token.role) == ("reader", "viewer")
    assert made["token"] not in call(tmp_path, "tokens", "list", "--json").stdout
    assert call(tmp_path, "tokens", "remove", str(made["id"])).exit_code == 0
    assert json.loads(call(tmp_path, "tokens", "list", "--json").stdout) == []
    assert "no token 7" in call(tmp_path, "tokens", "remove", "7").output


def test_the_page_alone_says_where_it_is_and_stops_at_once(data_dir: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "jobs", "--data-dir", str(data_dir), "web", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert httpx.get(address).status_code == 200
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert time.monotonic() - began < 5
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def test_another_address_needs_users_and_a_taken_port_is_said(tmp_path: Path, data_dir: Path) -> None:
    refused = call(data_dir, "web", "--host", "0.0.0.0", "--port", "0")
    assert "users add" in refused.output

    with socket.create_server(("127.0.0.1", 0)) as other:
        answer = call(data_dir, "web", "--port", str(other.getsockname()[1]))
    assert "choose another" in answer.output
