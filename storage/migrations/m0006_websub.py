"""WebSub subscriptions: one row a source whose feed offers a hub. No secret is in it."""

SQL = """
-- `state`: 'offered' (a feed names a hub), 'asked' (we wait for the hub's verification), 'live', 'refused'.
CREATE TABLE subscriptions (
    source TEXT PRIMARY KEY REFERENCES sources (name),
    hub TEXT NOT NULL,
    topic TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'offered' CHECK (state IN ('offered', 'asked', 'live', 'refused')),
    asked_at TEXT,
    lease_until TEXT,
    failures INTEGER NOT NULL DEFAULT 0,
    last_push TEXT,
    reason TEXT
) STRICT;
"""
