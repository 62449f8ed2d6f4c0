"""Stories: their members with the reason for each, links between articles, a person's rulings, and the index of fingerprints."""

SQL = """
-- The articles that report one event. A story that was merged into another keeps its row and says where it went.
CREATE TABLE stories (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    lead_article INTEGER REFERENCES articles (id),
    first_at TEXT,
    last_at TEXT,
    articles INTEGER NOT NULL DEFAULT 0,
    texts INTEGER NOT NULL DEFAULT 0,
    sources TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(sources)),
    languages TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(languages)),
    created TEXT NOT NULL,
    merged_into INTEGER REFERENCES stories (id),
    merged_why TEXT,
    split_from INTEGER REFERENCES stories (id),
    quiet INTEGER NOT NULL DEFAULT 0 CHECK (quiet IN (0, 1)),
    capped TEXT
) STRICT;
CREATE INDEX stories_last ON stories (last_at) WHERE merged_into IS NULL;
CREATE INDEX stories_merged ON stories (merged_into) WHERE merged_into IS NOT NULL;

-- Which story an article is in, since when, and why. `original` leads the articles with its text; `component` joins
-- all that links connect, also where a cap or a person keeps stories apart.
CREATE TABLE story_members (
    article_id INTEGER PRIMARY KEY REFERENCES articles (id),
    story_id INTEGER NOT NULL REFERENCES stories (id),
    component INTEGER NOT NULL,
    original INTEGER NOT NULL REFERENCES articles (id),
    at_s INTEGER NOT NULL,
    relation TEXT NOT NULL,
    with_article INTEGER REFERENCES articles (id),
    score REAL,
    why TEXT NOT NULL,
    joined_at TEXT NOT NULL
) STRICT;
CREATE INDEX story_members_story ON story_members (story_id, original);
CREATE INDEX story_members_component ON story_members (component);
CREATE INDEX story_members_original ON story_members (original);

-- What the comparison of two articles found (a < b); pairs that have nothing in common are not kept.
CREATE TABLE story_links (
    a INTEGER NOT NULL,
    b INTEGER NOT NULL,
    relation TEXT NOT NULL CHECK (relation IN ('same_text', 'same_story', 'person')),
    score REAL NOT NULL,
    PRIMARY KEY (a, b)
) STRICT, WITHOUT ROWID;
CREATE INDEX story_links_b ON story_links (b);

-- A person's word: `split` keeps `left_articles` and `right_articles` apart, `merge` ties two articles together.
CREATE TABLE story_rulings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('split', 'merge')),
    left_articles TEXT NOT NULL CHECK (json_valid(left_articles)),
    right_articles TEXT NOT NULL CHECK (json_valid(right_articles)),
    who TEXT NOT NULL,
    at TEXT NOT NULL,
    undone_at TEXT
) STRICT;

-- One row a distinct content of an article (a revision adds one), with the sketch that stories are compared by, and the
-- version of the frequency table that weighed it.
CREATE TABLE fingerprints (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    article_id INTEGER NOT NULL REFERENCES articles (id),
    revision INTEGER NOT NULL,
    exact INTEGER NOT NULL,
    sketch BLOB NOT NULL,
    frequencies TEXT NOT NULL
) STRICT;
CREATE INDEX fingerprints_exact ON fingerprints (exact);
CREATE INDEX fingerprints_article ON fingerprints (article_id);

-- MinHash bands, one integer an entry: 39 bits of the band's hash, 24 of the fingerprint.
CREATE TABLE text_bands (entry INTEGER PRIMARY KEY) STRICT;

-- Story keys by day: 24 bits of the key's hash, 15 of the day since 1970, 24 of the fingerprint.
CREATE TABLE story_keys (entry INTEGER PRIMARY KEY) STRICT;
"""
