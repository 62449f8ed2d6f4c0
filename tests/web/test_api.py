"""The API: the same data as the pages, page by page, and exports that hold it all."""

from __future__ import annotations

import csv
import io
import json

import pytest

from storage.database import open_database, rows, scalar
from tests.bench.seed import TOPIC
from tests.web.served import Served


def test_pages_of_stories_hold_each_once(shared_page: Served) -> None:
    found: list[int] = []
    after: str | None = None
    while True:
        params = {"limit": "13", **({"after": after} if after else {})}
        page = shared_page.client.get("/api/v1/stories", params=params).json()
        found += [item["story_id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert len(found) == len(set(found)) == 60


def test_a_search_by_the_api_is_the_search_of_the_page(shared_page: Served) -> None:
    db = open_database(shared_page.data_dir / "borderwatch.db", readonly=True)
    wanted = [
        row["id"] for row in rows(db, "SELECT id FROM articles WHERE source = 'tehran-wire' ORDER BY id DESC")
    ]
    db.conn.close()
    found: list[int] = []
    after: str | None = None
    while True:
        page = shared_page.client.get(
            "/api/v1/articles",
            params={"source": "tehran-wire", "limit": "5", **({"after": after} if after else {})},
        ).json()
        found += [item["id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert found == wanted


@pytest.mark.parametrize(
    ("path", "parameter"),
    [("/api/v1/stories?lang=xx", "lang"), ("/api/v1/stories/export?days=5", "days"), ("/api/v1/articles?source=none", "source"), ("/api/v1/stories?after=%%%", "after")],
)  # fmt: skip
def test_faults_are_listed(shared_page: Served, path: str, parameter: str) -> None:
    answer = shared_page.client.get(path)
    assert answer.status_code == 422
    assert [fault["parameter"] for fault in answer.json()["detail"]] == [parameter]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/stories/999999",
        "/api/v1/articles/999999",
        "/api/v1/none",
        "/api/v1/stories?limit=0",
        "/api/v1/stories/x",
    ],
)
def test_faults_are_json(shared_page: Served, path: str) -> None:
    answer = shared_page.client.get(path)
    assert answer.status_code in {404, 422}
    assert answer.json()["detail"]


def test_etags(shared_page: Served) -> None:
    for path in ("/api/v1/stories", "/api/v1/sources", "/api/v1/openapi.json", "/api/v1/stories/1"):
        first = shared_page.client.get(path)
        assert first.status_code == 200
        assert (
            shared_page.client.get(path, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
        )


def test_exports_hold_the_whole_view(shared_page: Served) -> None:
    lines = shared_page.client.get("/api/v1/stories/export?format=jsonl&lang=ur").text.splitlines()
    listed = shared_page.client.get("/api/v1/stories?lang=ur&limit=200").json()["items"]
    assert [json.loads(line)["story_id"] for line in lines] == [item["story_id"] for item in listed]
    answer = shared_page.client.get("/api/v1/stories/export?format=csv&lang=ur")
    assert "attachment" in answer.headers["content-disposition"]
    table = list(csv.DictReader(io.StringIO(answer.text)))
    assert [int(row["story_id"]) for row in table] == [item["story_id"] for item in listed]
    assert table[0]["evidence"] == listed[0]["evidence"]["quote"]
    articles = shared_page.client.get("/api/v1/articles/export?source=tehran-wire").text.splitlines()
    db = open_database(shared_page.data_dir / "borderwatch.db", readonly=True)
    assert len(articles) == scalar(db, "SELECT count(*) FROM articles WHERE source = 'tehran-wire'")
    db.conn.close()


def test_formulas_are_defused(page: Served) -> None:
    db = open_database(page.data_dir / "borderwatch.db")
    db.conn.execute("UPDATE articles SET title = '=HYPERLINK(\"http://evil\")'")
    db.conn.close()
    table = list(csv.DictReader(io.StringIO(page.client.get("/api/v1/stories/export?format=csv").text)))
    assert {row["title"] for row in table} == {'\'=HYPERLINK("http://evil")'}


def test_one_story_explains_itself(shared_page: Served) -> None:
    item = shared_page.client.get("/api/v1/stories?min=3&limit=1").json()["items"][0]
    story = shared_page.client.get(f"/api/v1/stories/{item['story_id']}").json()
    assert len(story["members"]) == story["reports"] == item["reports"]
    assert all(member["why"] for member in story["members"])
    article = shared_page.client.get(f"/api/v1/articles/{item['article_id']}").json()
    for match in article["matches"]:
        for evidence in match["evidence"]:
            assert article[evidence["field"]][evidence["start"] : evidence["end"]] == evidence["quote"]


def test_the_rest_answers(shared_page: Served) -> None:
    assert (
        sum(item["stories"] for item in shared_page.client.get("/api/v1/places?days=400").json()["items"])
        == 60
    )
    assert len(shared_page.client.get("/api/v1/days?days=40").json()["items"]) == 40
    assert {item["topic"] for item in shared_page.client.get("/api/v1/topics").json()["items"]} >= {TOPIC}
    first = shared_page.client.get("/api/v1/alerts?limit=7").json()
    second = shared_page.client.get("/api/v1/alerts", params={"limit": 7, "after": first["next"]}).json()
    assert {item["id"] for item in first["items"]}.isdisjoint(item["id"] for item in second["items"])


def test_openapi_describes_every_address_of_the_api(shared_page: Served) -> None:
    described = shared_page.client.get("/api/v1/openapi.json").json()
    assert set(described["paths"]) >= {
        "/api/v1/stories",
        "/api/v1/stories/{story_id}",
        "/api/v1/stories/export",
        "/api/v1/articles",
        "/api/v1/judgements",
    }
    assert all(path.startswith("/api/v1/") for path in described["paths"])
    names = {one["name"] for one in described["paths"]["/api/v1/stories"]["get"]["parameters"]}
    assert {"topic", "place", "lang", "after", "limit"} <= names
