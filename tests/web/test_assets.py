"""What is vendored is what the manifest says, and what is addressed by content is kept for ever."""

from __future__ import annotations

import json

from tests.web.served import Served
from web.assets import STATIC, asset_url, load_assets
from web.desk import small_map
from web.tools.fetch_vendor import MANIFEST, PACKAGES, VENDOR, faults


def test_vendored_files_are_as_fetched() -> None:
    assert faults() == []
    named = {record["file"] for record in json.loads(MANIFEST.read_text())}
    assert named == {path.name for path in VENDOR.iterdir()} - {"manifest.json"}
    assert {(record["package"], record["version"]) for record in json.loads(MANIFEST.read_text())} == {
        (one.name, one.version) for one in PACKAGES
    }
    assert all(record["licence"] for record in json.loads(MANIFEST.read_text()))


def test_assets_are_kept_for_ever_by_content(shared_page: Served) -> None:
    assets = load_assets()
    url = asset_url(assets, "app.css")
    answer = shared_page.client.get(url)
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert shared_page.client.get(url, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    assert "immutable" not in shared_page.client.get("/static/app.css?v=old").headers["cache-control"]
    for name in ("../app.py", "%2e%2e/app.py", "vendor/manifest.json", "nothing.js"):
        assert shared_page.client.get(f"/static/{name}").status_code == 404


def test_the_geometry_holds_both_countries_and_their_border() -> None:
    geometry = json.loads((STATIC / "border.json").read_text())
    names = {feature["properties"]["name"]: feature for feature in geometry["features"]}
    assert {"Iran", "Pakistan", "Iran–Pakistan border"} <= set(names)
    points = [point for line in names["Iran–Pakistan border"]["geometry"]["coordinates"] for point in line]
    assert len(points) > 100
    assert min(lat for _, lat in points) < 25.3  # Gwatar Bay
    assert max(lat for _, lat in points) > 29.8  # Kuh-i-Malik Siah
    assert all(60 < lon < 64 for lon, _ in points)
    assert set(small_map()) == set(names)
