"""The first schema: sources to deliveries. Times are UTC text of fixed width, so that they sort as text."""

SQL = """
-- One row a source that was ever configured: what was learned about it survives configuration changes.
CREATE TABLE sources (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('feed', 'sitemap', 'section', 'telegram')),
    url TEXT NOT NULL,
    country TEXT,
    language TEXT,
    rank INTEGER NOT NULL DEFAULT 50,
    configured INTEGER NOT NULL DEFAULT 1 CHECK (configured IN (0, 1)),
    state TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'ok', 'silent', 'failing', 'disabled')),
    state_since TEXT NOT NULL,
    error_kind TEXT,
    error TEXT,
    failures INTEGER NOT NULL DEFAULT 0,
    etag TEXT,
    last_modified TEXT,
    body_digest TEXT,
    first_crawl_done INTEGER NOT NULL DEFAULT 0 CHECK (first_crawl_done IN (0, 1)),
    last_check TEXT,
    last_success TEXT,
    last_new TEXT,
    next_check TEXT NOT NULL,
    not_before TEXT,
    interval_s REAL,
    rate_state TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(rate_state)),
    moved_url TEXT,
    moved_sightings INTEGER NOT NULL DEFAULT 0,
    hub TEXT,
    claimed_by TEXT,
    claimed_until TEXT
) STRICT;
CREATE INDEX sources_due ON sources (next_check) WHERE configured = 1;

-- One row an item that a source listed; `key` is its identity (canonical address as far as the listing tells).
CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    url TEXT NOT NULL,
    source TEXT NOT NULL REFERENCES sources (name),
    title TEXT,
    published TEXT,
    published_json TEXT CHECK (published_json IS NULL OR json_valid(published_json)),
    updated TEXT,
    summary TEXT,
    authors TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(authors)),
    language TEXT,
    content_html TEXT,
    listed_at TEXT NOT NULL,
    first_crawl INTEGER NOT NULL DEFAULT 0 CHECK (first_crawl IN (0, 1)),
    sightings INTEGER NOT NULL DEFAULT 1,
    state TEXT NOT NULL DEFAULT 'listed' CHECK (state IN ('listed', 'captured', 'refused', 'failed')),
    reason TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    next_try TEXT,
    claimed_by TEXT
) STRICT;
CREATE INDEX entries_to_fetch ON entries (source, id) WHERE state = 'listed';

-- The durable queue between crawling and reading: file and offset of each archived response.
CREATE TABLE captures (
    id INTEGER PRIMARY KEY,
    entry_id INTEGER REFERENCES entries (id),
    source TEXT NOT NULL,
    url TEXT NOT NULL,
    listed_url TEXT NOT NULL,
    fetched_at TEXT NOT NULL,
    status INTEGER NOT NULL,
    content_type TEXT,
    digest TEXT NOT NULL,
    file TEXT NOT NULL,
    offset INTEGER NOT NULL,
    length INTEGER NOT NULL,
    first_crawl INTEGER NOT NULL DEFAULT 0 CHECK (first_crawl IN (0, 1)),
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'set_aside')),
    outcome TEXT,
    reason TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    read_at TEXT,
    UNIQUE (file, offset)
) STRICT;
CREATE INDEX captures_pending ON captures (id) WHERE state = 'pending';
CREATE INDEX captures_url ON captures (url);
CREATE INDEX captures_listed_url ON captures (listed_url);
CREATE INDEX captures_entry ON captures (entry_id);

-- Articles, duplicates too. One row a canonical address; older contents are in `revisions`.
CREATE TABLE articles (
    id INTEGER PRIMARY KEY,
    capture_id INTEGER REFERENCES captures (id),
    source TEXT NOT NULL,
    url TEXT NOT NULL,
    canonical_url TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    date TEXT,
    date_utc TEXT,
    date_source TEXT,
    date_precision TEXT,
    first_seen TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    lang TEXT,
    authors TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(authors)),
    site_name TEXT,
    image TEXT,
    words INTEGER NOT NULL DEFAULT 0,
    duplicate_of INTEGER REFERENCES articles (id),
    duplicate_why TEXT,
    story_id INTEGER,
    revision INTEGER NOT NULL DEFAULT 1,
    backlog INTEGER NOT NULL DEFAULT 0 CHECK (backlog IN (0, 1))
) STRICT;
CREATE INDEX articles_url ON articles (url);
CREATE INDEX articles_story ON articles (story_id);
CREATE INDEX articles_date ON articles (date_utc);
CREATE INDEX articles_first_seen ON articles (first_seen);
CREATE INDEX articles_source ON articles (source, id);
CREATE INDEX articles_duplicate ON articles (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX articles_capture ON articles (capture_id);

-- What an article said before a change of its page.
CREATE TABLE revisions (
    id INTEGER PRIMARY KEY,
    article_id INTEGER NOT NULL REFERENCES articles (id),
    revision INTEGER NOT NULL,
    capture_id INTEGER REFERENCES captures (id),
    seen_at TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    date TEXT,
    UNIQUE (article_id, revision)
) STRICT;

-- Full text over the normalised title and text (rowid = articles.id); the stored text itself stays in `articles`.
CREATE VIRTUAL TABLE articles_fts USING fts5 (title, text, content='', tokenize='unicode61 remove_diacritics 2');

-- Lines that recur on a host's pages (64-bit hashes), counted over distinct pages.
CREATE TABLE host_lines (
    host TEXT NOT NULL,
    line INTEGER NOT NULL,
    pages INTEGER NOT NULL,
    last_seen TEXT NOT NULL,
    PRIMARY KEY (host, line)
) STRICT, WITHOUT ROWID;
CREATE TABLE host_pages (
    host TEXT PRIMARY KEY,
    pages INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A topic holds for an article. `verdict` says what became of it: 'alerted', or why nobody was told.
CREATE TABLE matches (
    id INTEGER PRIMARY KEY,
    article_id INTEGER NOT NULL REFERENCES articles (id),
    topic TEXT NOT NULL,
    topic_version TEXT NOT NULL,
    score REAL NOT NULL,
    threshold REAL NOT NULL,
    rules TEXT NOT NULL CHECK (json_valid(rules)),
    evidence TEXT NOT NULL CHECK (json_valid(evidence)),
    concepts TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(concepts)),
    places TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(places)),
    created TEXT NOT NULL,
    verdict TEXT NOT NULL,
    UNIQUE (article_id, topic)
) STRICT;
CREATE INDEX matches_topic ON matches (topic, id);

-- What people say of a match; the newest that is not undone counts.
CREATE TABLE judgements (
    id INTEGER PRIMARY KEY,
    article_id INTEGER NOT NULL REFERENCES articles (id),
    topic TEXT NOT NULL,
    relevant INTEGER NOT NULL CHECK (relevant IN (0, 1)),
    who TEXT NOT NULL,
    at TEXT NOT NULL,
    note TEXT,
    undone_at TEXT
) STRICT;
CREATE INDEX judgements_article ON judgements (article_id, topic);

-- The decision that a person must be told. One 'new' alert a topic and story; 'update's only on request. A message
-- that joins others (a 'digest', or the 'summary' of a burst) and a 'notice' to the operator are rows here too, with no article.
CREATE TABLE alerts (
    id TEXT PRIMARY KEY,
    topic TEXT,
    story_id INTEGER,
    article_id INTEGER REFERENCES articles (id),
    kind TEXT NOT NULL DEFAULT 'new' CHECK (kind IN ('new', 'update', 'digest', 'summary', 'notice')),
    reason TEXT NOT NULL DEFAULT '',
    created TEXT NOT NULL,
    payload TEXT NOT NULL CHECK (json_valid(payload)),
    handled_by TEXT,
    handled_at TEXT,
    CHECK (kind NOT IN ('new', 'update') OR (topic IS NOT NULL AND story_id IS NOT NULL AND article_id IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX alerts_once ON alerts (topic, story_id) WHERE kind = 'new';
CREATE UNIQUE INDEX alerts_update_once ON alerts (topic, story_id, reason) WHERE kind = 'update';
CREATE INDEX alerts_created ON alerts (created);
CREATE INDEX alerts_article ON alerts (article_id);

-- One attempt series to bring one alert to one channel. 'held' waits for a digest, the end of quiet hours or of a
-- burst; 'bundled' is on its way inside the message `bundle`, and is 'sent' when that is.
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    alert_id TEXT NOT NULL REFERENCES alerts (id),
    channel TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'held', 'bundled', 'sending', 'sent', 'dead', 'muted')),
    tries INTEGER NOT NULL DEFAULT 0,
    next_try TEXT NOT NULL,
    created TEXT NOT NULL,
    revived TEXT,
    sent_at TEXT,
    last_error TEXT,
    bundle TEXT REFERENCES alerts (id),
    claimed_by TEXT,
    UNIQUE (alert_id, channel)
) STRICT;
CREATE INDEX deliveries_due ON deliveries (channel, next_try) WHERE state = 'waiting';
CREATE INDEX deliveries_held ON deliveries (channel, created) WHERE state = 'held';
CREATE INDEX deliveries_sending ON deliveries (claimed_by) WHERE state = 'sending';
CREATE INDEX deliveries_bundle ON deliveries (bundle) WHERE bundle IS NOT NULL;
CREATE INDEX deliveries_sent ON deliveries (channel, sent_at) WHERE state = 'sent';
CREATE INDEX deliveries_state ON deliveries (state);

-- What is known of a channel beyond its configuration: its faults and pauses, and when its last digest was due.
CREATE TABLE channels (
    name TEXT PRIMARY KEY,
    failures INTEGER NOT NULL DEFAULT 0,
    not_before TEXT,
    last_success TEXT,
    last_error TEXT,
    last_error_at TEXT,
    digest_done TEXT,
    first_seen TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A person's wish not to hear of a story, a source or a topic for a time.
CREATE TABLE mutes (
    id INTEGER PRIMARY KEY,
    what TEXT NOT NULL CHECK (what IN ('story', 'source', 'topic')),
    value TEXT NOT NULL,
    until TEXT,
    who TEXT NOT NULL,
    at TEXT NOT NULL,
    note TEXT,
    lifted_at TEXT,
    lifted_by TEXT
) STRICT;
CREATE INDEX mutes_open ON mutes (what, value) WHERE lifted_at IS NULL;

-- One execution of a job, with its counts and errors.
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    job TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started TEXT NOT NULL,
    finished TEXT,
    state TEXT NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'ok', 'errors', 'failed', 'interrupted')),
    counts TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(counts)),
    errors TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(errors))
) STRICT;
CREATE INDEX runs_started ON runs (started);

-- robots.txt by origin, kept 24 hours (RFC 9309 section 2.4), over restarts.
CREATE TABLE robots (
    origin TEXT PRIMARY KEY,
    fetched_at TEXT NOT NULL,
    status INTEGER,
    body TEXT,
    error TEXT,
    unreachable_since TEXT
) STRICT;

-- When a host may be asked again: delays and Retry-After are kept over restarts.
CREATE TABLE hosts (
    host TEXT PRIMARY KEY,
    not_before TEXT NOT NULL,
    reason TEXT
) STRICT;
"""
