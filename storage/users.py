"""People and programs that may use the page: users, their sessions, tokens, and the searches they keep.

Only hashes come in here: `password` is an argon2id hash, `digest` the SHA-256 of a cookie or token (32 random bytes
need no slow hash). What is checked, and how, is decided in `web/access.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from storage.database import (
    Database,
    Row,
    StorageError,
    first,
    parse_stamp,
    rows,
    scalar,
    stamp,
    write_transaction,
)

Role = Literal["viewer", "editor", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class User:
    """A person who may log in."""

    name: str
    password: str
    role: Role
    created: datetime
    last_login: datetime | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A program's right to read the API and the feeds; `role` bounds what it may do."""

    id: int
    name: str
    user: str | None
    role: Role
    created: datetime


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search that a person keeps: the query string of the search page under a name."""

    id: int
    user: str
    name: str
    query: str


class UnknownUserError(StorageError):
    """There is no user of that name."""


def count_users(db: Database) -> int:
    """How many people may log in."""
    return int(scalar(db, "SELECT count(*) FROM users"))


def list_users(db: Database) -> list[User]:
    """Everyone, by name."""
    return [_user(row) for row in rows(db, "SELECT * FROM users ORDER BY name")]


def find_user(db: Database, name: str) -> User | None:
    """The user of that name, or None."""
    row = first(db, "SELECT * FROM users WHERE name = ?", (name,))
    return _user(row) if row else None


def add_user(db: Database, name: str, password: str, role: Role, at: datetime) -> User:
    """Store a user. Raises StorageError where the name is taken."""
    with write_transaction(db):
        if first(db, "SELECT 1 FROM users WHERE name = ?", (name,)):
            raise StorageError(
                f"There is a user {name} already. Choose another name, or `borderwatch users passwd {name}`."
            )
        db.conn.execute(
            "INSERT INTO users (name, password, role, created) VALUES (?, ?, ?, ?)",
            (name, password, role, stamp(at)),
        )
    return User(name, password, role, at)


def set_password(db: Database, name: str, password: str) -> None:
    """Change a password; every session of the user ends. Raises UnknownUserError."""
    with write_transaction(db):
        changed = db.conn.execute("UPDATE users SET password = ? WHERE name = ?", (password, name)).rowcount
        db.conn.execute("DELETE FROM sessions WHERE user = ?", (name,))
    if not changed:
        raise _unknown(name)


def remove_user(db: Database, name: str) -> None:
    """Remove a user with sessions and tokens; what they judged stays. Raises UnknownUserError."""
    with write_transaction(db):
        removed = db.conn.execute("DELETE FROM users WHERE name = ?", (name,)).rowcount
    if not removed:
        raise _unknown(name)


def open_session(db: Database, digest: str, user: str, at: datetime, expires: datetime) -> None:
    """Remember a login, and forget those that ran out."""
    with write_transaction(db):
        db.conn.execute("DELETE FROM sessions WHERE expires < ?", (stamp(at),))
        db.conn.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", (digest, user, stamp(at), stamp(expires)))
        db.conn.execute("UPDATE users SET last_login = ? WHERE name = ?", (stamp(at), user))


def session_user(db: Database, digest: str, at: datetime) -> User | None:
    """Whose session that is, or None where it is unknown, ended or has run out."""
    row = first(
        db,
        "SELECT u.* FROM sessions s JOIN users u ON u.name = s.user WHERE s.digest = ? AND s.expires > ?",
        (digest, stamp(at)),
    )
    return _user(row) if row else None


def close_session(db: Database, digest: str) -> None:
    """End a session; a replayed cookie is worth nothing after this."""
    with write_transaction(db):
        db.conn.execute("DELETE FROM sessions WHERE digest = ?", (digest,))


def add_token(db: Database, digest: str, name: str, user: str | None, role: Role, at: datetime) -> Token:
    """Store a token by its hash."""
    with write_transaction(db):
        cursor = db.conn.execute(
            "INSERT INTO tokens (digest, name, user, role, created) VALUES (?, ?, ?, ?, ?)",
            (digest, name, user, role, stamp(at)),
        )
    return Token(cursor.lastrowid or 0, name, user, role, at)


def list_tokens(db: Database) -> list[Token]:
    """Every token, without its secret, oldest first."""
    return [_token(row) for row in rows(db, "SELECT * FROM tokens ORDER BY id")]


def find_token(db: Database, digest: str) -> Token | None:
    """The token with that hash, or None."""
    row = first(db, "SELECT * FROM tokens WHERE digest = ?", (digest,))
    return _token(row) if row else None


def remove_token(db: Database, token_id: int) -> None:
    """Make a token worthless. Raises StorageError where there is none of that number."""
    with write_transaction(db):
        removed = db.conn.execute("DELETE FROM tokens WHERE id = ?", (token_id,)).rowcount
    if not removed:
        raise StorageError(f"There is no token {token_id}. `borderwatch tokens list` shows those there are.")


def save_search(db: Database, user: str, name: str, query: str, at: datetime) -> SavedSearch:
    """Keep a search; one of the same name is replaced."""
    with write_transaction(db):
        db.conn.execute(
            "INSERT INTO saved_searches (user, name, query, created) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (user, name) DO UPDATE SET query = excluded.query",
            (user, name, query, stamp(at)),
        )
        identity = scalar(db, "SELECT id FROM saved_searches WHERE user = ? AND name = ?", (user, name))
    return SavedSearch(identity, user, name, query)


def list_searches(db: Database, user: str) -> list[SavedSearch]:
    """The searches a person keeps, by name."""
    found = rows(db, "SELECT id, user, name, query FROM saved_searches WHERE user = ? ORDER BY name", (user,))
    return [SavedSearch(**row) for row in found]


def remove_search(db: Database, user: str, search_id: int) -> None:
    """Forget one of a person's searches."""
    with write_transaction(db):
        db.conn.execute("DELETE FROM saved_searches WHERE user = ? AND id = ?", (user, search_id))


def _unknown(name: str) -> UnknownUserError:
    return UnknownUserError(f"There is no user {name}. `borderwatch users list` shows those there are.")


def _user(row: Row) -> User:
    return User(
        row["name"], row["password"], row["role"], parse_stamp(row["created"]), _moment(row["last_login"])
    )


def _token(row: Row) -> Token:
    return Token(
        row["id"],
        row["name"],
        row["user"],
        row["role"],
        parse_stamp(row["created"]),
    )


def _moment(text: str | None) -> datetime | None:
    return parse_stamp(text) if text else None
