"""What the page needs: users, sessions, tokens, saved searches, and small tables that answer its lists at once.

The `desk_*` tables repeat nothing that a person wrote: triggers keep them in step with `articles` and `matches`, in
the transaction that changes those. Without them the first page over 20,000 stories scans 200,000 articles whose
texts lie between the columns it needs.
"""

SQL = """
-- People who may log in to the page; `password` is an argon2id hash.
CREATE TABLE users (
    name TEXT PRIMARY KEY,
    password TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'editor', 'admin')),
    created TEXT NOT NULL,
    last_login TEXT
) STRICT;

-- Logged-in browsers: only a hash of the cookie is kept.
CREATE TABLE sessions (
    digest TEXT PRIMARY KEY,
    user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    created TEXT NOT NULL,
    expires TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_user ON sessions (user);

-- Tokens for the API and the feeds: only a hash is kept.
CREATE TABLE tokens (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    user TEXT REFERENCES users (name) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'editor', 'admin')),
    created TEXT NOT NULL
) STRICT;

-- Searches that a person keeps, as the query string of the search page.
CREATE TABLE saved_searches (
    id INTEGER PRIMARY KEY,
    user TEXT NOT NULL,
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    created TEXT NOT NULL,
    UNIQUE (user, name)
) STRICT;

-- The columns of an article that lists and counts need, in one narrow index beside the wide rows.
CREATE INDEX articles_card ON articles (story_id, first_seen, id, source, lang, duplicate_of, date_utc);
CREATE INDEX entries_listed ON entries (source, listed_at);
CREATE INDEX matches_article ON matches (article_id, topic, score);
CREATE INDEX judgements_topic ON judgements (topic, id);
CREATE INDEX captures_set_aside ON captures (source, id) WHERE state = 'set_aside';

-- A topic holds for a story: when its first and its latest matching report were seen here.
CREATE TABLE desk_stories (
    topic TEXT NOT NULL,
    story_id INTEGER NOT NULL,
    first_at TEXT NOT NULL,
    last_at TEXT NOT NULL,
    score REAL NOT NULL,
    matches INTEGER NOT NULL,
    PRIMARY KEY (topic, story_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX desk_stories_first ON desk_stories (topic, first_at, story_id);
CREATE INDEX desk_stories_last ON desk_stories (topic, last_at, story_id);
CREATE INDEX desk_stories_story ON desk_stories (story_id);

-- A place that a topic's evidence names in a story.
CREATE TABLE desk_places (
    topic TEXT NOT NULL,
    place TEXT NOT NULL,
    story_id INTEGER NOT NULL,
    first_at TEXT NOT NULL,
    PRIMARY KEY (story_id, topic, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX desk_places_first ON desk_places (topic, first_at, place, story_id);
CREATE INDEX desk_places_place ON desk_places (topic, place, first_at, story_id);

-- The latest name and position of each place that a match named.
CREATE TABLE desk_place_names (
    place TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    lat REAL,
    lon REAL
) STRICT, WITHOUT ROWID;

-- What a story has among its members: languages, sources, and the countries of these.
CREATE TABLE desk_facets (
    story_id INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('lang', 'source', 'country')),
    value TEXT NOT NULL,
    PRIMARY KEY (story_id, kind, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX desk_facets_value ON desk_facets (kind, value, story_id);
CREATE INDEX stories_breadth ON stories (json_array_length(sources), id);
CREATE INDEX alerts_handled ON alerts (topic, story_id) WHERE handled_at IS NOT NULL;

CREATE TRIGGER desk_match_added AFTER INSERT ON matches
WHEN (SELECT story_id FROM articles WHERE id = NEW.article_id) IS NOT NULL
BEGIN
    INSERT INTO desk_stories (topic, story_id, first_at, last_at, score, matches)
        SELECT NEW.topic, story_id, first_seen, first_seen, NEW.score, 1 FROM articles WHERE id = NEW.article_id
        ON CONFLICT (topic, story_id) DO UPDATE SET
            first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at),
            score = max(score, excluded.score), matches = matches + 1;
    INSERT INTO desk_places (topic, place, story_id, first_at)
        SELECT NEW.topic, json_extract(p.value, '$.id'), a.story_id, a.first_seen
        FROM articles a, json_each(NEW.places) p WHERE a.id = NEW.article_id AND json_extract(p.value, '$.id') IS NOT NULL
        ON CONFLICT (story_id, topic, place) DO UPDATE SET first_at = min(first_at, excluded.first_at);
    INSERT INTO desk_place_names (place, name, lat, lon)
        SELECT json_extract(p.value, '$.id'), coalesce(json_extract(p.value, '$.name'), json_extract(p.value, '$.id')),
            CAST(json_extract(p.value, '$.lat') AS REAL), CAST(json_extract(p.value, '$.lon') AS REAL)
        FROM json_each(NEW.places) p WHERE json_extract(p.value, '$.id') IS NOT NULL
        ON CONFLICT (place) DO UPDATE SET name = excluded.name, lat = excluded.lat, lon = excluded.lon
            WHERE name IS NOT excluded.name OR lat IS NOT excluded.lat OR lon IS NOT excluded.lon;
END;

CREATE TRIGGER desk_match_removed AFTER DELETE ON matches
WHEN (SELECT story_id FROM articles WHERE id = OLD.article_id) IS NOT NULL
BEGIN
    DELETE FROM desk_stories WHERE topic = OLD.topic AND story_id = (SELECT story_id FROM articles WHERE id = OLD.article_id);
    DELETE FROM desk_places WHERE topic = OLD.topic AND story_id = (SELECT story_id FROM articles WHERE id = OLD.article_id);
    INSERT INTO desk_stories (topic, story_id, first_at, last_at, score, matches)
        SELECT m.topic, a.story_id, min(a.first_seen), max(a.first_seen), max(m.score), count(*)
        FROM articles a JOIN matches m ON m.article_id = a.id
        WHERE a.story_id = (SELECT story_id FROM articles WHERE id = OLD.article_id) AND m.topic = OLD.topic
        GROUP BY m.topic, a.story_id;
    INSERT INTO desk_places (topic, place, story_id, first_at)
        SELECT m.topic, json_extract(p.value, '$.id'), a.story_id, min(a.first_seen)
        FROM articles a JOIN matches m ON m.article_id = a.id, json_each(m.places) p
        WHERE a.story_id = (SELECT story_id FROM articles WHERE id = OLD.article_id) AND m.topic = OLD.topic
            AND json_extract(p.value, '$.id') IS NOT NULL
        GROUP BY 1, 2, 3;
END;

CREATE TRIGGER desk_match_changed AFTER UPDATE OF score, places ON matches
WHEN (SELECT story_id FROM articles WHERE id = NEW.article_id) IS NOT NULL
BEGIN
    DELETE FROM desk_places WHERE topic = NEW.topic AND story_id = (SELECT story_id FROM articles WHERE id = NEW.article_id);
    INSERT INTO desk_places (topic, place, story_id, first_at)
        SELECT m.topic, json_extract(p.value, '$.id'), a.story_id, min(a.first_seen)
        FROM articles a JOIN matches m ON m.article_id = a.id, json_each(m.places) p
        WHERE a.story_id = (SELECT story_id FROM articles WHERE id = NEW.article_id) AND m.topic = NEW.topic
            AND json_extract(p.value, '$.id') IS NOT NULL
        GROUP BY 1, 2, 3;
    UPDATE desk_stories SET score = (
            SELECT max(m.score) FROM articles a JOIN matches m ON m.article_id = a.id
            WHERE a.story_id = desk_stories.story_id AND m.topic = NEW.topic)
        WHERE topic = NEW.topic AND story_id = (SELECT story_id FROM articles WHERE id = NEW.article_id);
    INSERT INTO desk_place_names (place, name, lat, lon)
        SELECT json_extract(p.value, '$.id'), coalesce(json_extract(p.value, '$.name'), json_extract(p.value, '$.id')),
            CAST(json_extract(p.value, '$.lat') AS REAL), CAST(json_extract(p.value, '$.lon') AS REAL)
        FROM json_each(NEW.places) p WHERE json_extract(p.value, '$.id') IS NOT NULL
        ON CONFLICT (place) DO UPDATE SET name = excluded.name, lat = excluded.lat, lon = excluded.lon
            WHERE name IS NOT excluded.name OR lat IS NOT excluded.lat OR lon IS NOT excluded.lon;
END;

CREATE TRIGGER desk_article_added AFTER INSERT ON articles WHEN NEW.story_id IS NOT NULL
BEGIN
    INSERT OR IGNORE INTO desk_facets VALUES (NEW.story_id, 'source', NEW.source);
    INSERT OR IGNORE INTO desk_facets SELECT NEW.story_id, 'lang', NEW.lang WHERE NEW.lang IS NOT NULL;
    INSERT OR IGNORE INTO desk_facets SELECT NEW.story_id, 'country', country FROM sources WHERE name = NEW.source AND country IS NOT NULL;
END;

CREATE TRIGGER desk_source_moved AFTER UPDATE OF country ON sources WHEN NEW.country IS NOT OLD.country
BEGIN
    DELETE FROM desk_facets WHERE kind = 'country' AND story_id IN (SELECT story_id FROM desk_facets WHERE kind = 'source' AND value = NEW.name);
    INSERT OR IGNORE INTO desk_facets SELECT f.story_id, 'country', s.country FROM desk_facets f JOIN sources s ON s.name = f.value
        WHERE f.kind = 'source' AND s.country IS NOT NULL
            AND f.story_id IN (SELECT story_id FROM desk_facets WHERE kind = 'source' AND value = NEW.name);
END;

-- Joining, merging and splitting: the story left behind is counted anew, the one joined gains.
CREATE TRIGGER desk_article_moved AFTER UPDATE OF story_id ON articles WHEN NEW.story_id IS NOT OLD.story_id
BEGIN
    DELETE FROM desk_facets WHERE story_id = OLD.story_id;
    INSERT OR IGNORE INTO desk_facets SELECT story_id, 'source', source FROM articles WHERE story_id = OLD.story_id;
    INSERT OR IGNORE INTO desk_facets SELECT story_id, 'lang', lang FROM articles WHERE story_id = OLD.story_id AND lang IS NOT NULL;
    INSERT OR IGNORE INTO desk_facets SELECT a.story_id, 'country', s.country FROM articles a JOIN sources s ON s.name = a.source
        WHERE a.story_id = OLD.story_id AND s.country IS NOT NULL;
    INSERT OR IGNORE INTO desk_facets SELECT NEW.story_id, 'source', NEW.source WHERE NEW.story_id IS NOT NULL;
    INSERT OR IGNORE INTO desk_facets SELECT NEW.story_id, 'country', country FROM sources
        WHERE name = NEW.source AND country IS NOT NULL AND NEW.story_id IS NOT NULL;
    INSERT OR IGNORE INTO desk_facets SELECT NEW.story_id, 'lang', NEW.lang WHERE NEW.story_id IS NOT NULL AND NEW.lang IS NOT NULL;
    DELETE FROM desk_stories WHERE story_id = OLD.story_id;
    DELETE FROM desk_places WHERE story_id = OLD.story_id;
    INSERT INTO desk_stories (topic, story_id, first_at, last_at, score, matches)
        SELECT m.topic, a.story_id, min(a.first_seen), max(a.first_seen), max(m.score), count(*)
        FROM articles a JOIN matches m ON m.article_id = a.id WHERE a.story_id = OLD.story_id GROUP BY m.topic, a.story_id;
    INSERT INTO desk_places (topic, place, story_id, first_at)
        SELECT m.topic, json_extract(p.value, '$.id'), a.story_id, min(a.first_seen)
        FROM articles a JOIN matches m ON m.article_id = a.id, json_each(m.places) p
        WHERE a.story_id = OLD.story_id AND json_extract(p.value, '$.id') IS NOT NULL GROUP BY 1, 2, 3;
    INSERT INTO desk_stories (topic, story_id, first_at, last_at, score, matches)
        SELECT topic, NEW.story_id, NEW.first_seen, NEW.first_seen, score, 1 FROM matches
        WHERE article_id = NEW.id AND NEW.story_id IS NOT NULL
        ON CONFLICT (topic, story_id) DO UPDATE SET
            first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at),
            score = max(score, excluded.score), matches = matches + 1;
    INSERT INTO desk_places (topic, place, story_id, first_at)
        SELECT m.topic, json_extract(p.value, '$.id'), NEW.story_id, NEW.first_seen
        FROM matches m, json_each(m.places) p
        WHERE m.article_id = NEW.id AND NEW.story_id IS NOT NULL AND json_extract(p.value, '$.id') IS NOT NULL
        ON CONFLICT (story_id, topic, place) DO UPDATE SET first_at = min(first_at, excluded.first_at);
END;

-- What was stored before these tables.
INSERT INTO desk_stories (topic, story_id, first_at, last_at, score, matches)
    SELECT m.topic, a.story_id, min(a.first_seen), max(a.first_seen), max(m.score), count(*)
    FROM matches m JOIN articles a ON a.id = m.article_id WHERE a.story_id IS NOT NULL GROUP BY m.topic, a.story_id;
INSERT OR REPLACE INTO desk_place_names (place, name, lat, lon)
    SELECT json_extract(p.value, '$.id'), coalesce(json_extract(p.value, '$.name'), json_extract(p.value, '$.id')),
        CAST(json_extract(p.value, '$.lat') AS REAL), CAST(json_extract(p.value, '$.lon') AS REAL)
    FROM matches m, json_each(m.places) p WHERE json_extract(p.value, '$.id') IS NOT NULL;
INSERT INTO desk_places (topic, place, story_id, first_at)
    SELECT m.topic, json_extract(p.value, '$.id'), a.story_id, min(a.first_seen)
    FROM matches m JOIN articles a ON a.id = m.article_id, json_each(m.places) p
    WHERE a.story_id IS NOT NULL AND json_extract(p.value, '$.id') IS NOT NULL GROUP BY 1, 2, 3;
INSERT OR IGNORE INTO desk_facets SELECT story_id, 'source', source FROM articles WHERE story_id IS NOT NULL;
INSERT OR IGNORE INTO desk_facets SELECT story_id, 'lang', lang FROM articles WHERE story_id IS NOT NULL AND lang IS NOT NULL;
INSERT OR IGNORE INTO desk_facets SELECT a.story_id, 'country', s.country FROM articles a JOIN sources s ON s.name = a.source
    WHERE a.story_id IS NOT NULL AND s.country IS NOT NULL;
"""
