"""Make the map's geometry: Iran, Pakistan and their neighbours around the border, simplified and clipped.

    python -m web.tools.make_border [countries-10m.json]

Without a file, `world-atlas` is fetched from npm (its TopoJSON holds Natural Earth's 1:10m countries, public
domain). Written are `web/static/border.json` (GeoJSON: countries as polygons, the shared line apart) and
`web/static/border-small.json` (a coarse version, drawn by the server as the small map of *Now*).
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from web.tools.fetch_vendor import GEOMETRY, fetch

STATIC = Path(__file__).parent.parent / "static"
WEST, SOUTH, EAST, NORTH = 55.0, 22.5, 70.5, 33.5
COUNTRIES = {
    "364": "Iran",
    "586": "Pakistan",
    "004": "Afghanistan",
    "512": "Oman",
    "784": "United Arab Emirates",
    "356": "India",
    "795": "Turkmenistan",
}
LAND_TOLERANCE = 0.01
LINE_TOLERANCE = 0.004
SMALL_TOLERANCE = 0.06

Point = tuple[float, float]


def decode_arcs(topology: dict[str, Any]) -> list[list[Point]]:
    """The arcs in degrees: TopoJSON keeps them as quantised differences."""
    (scale_x, scale_y), (shift_x, shift_y) = (
        topology["transform"]["scale"],
        topology["transform"]["translate"],
    )
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * scale_x + shift_x, y * scale_y + shift_y))
        arcs.append(points)
    return arcs


def simplify(points: list[Point], tolerance: float) -> list[Point]:
    """Douglas–Peucker (1973), with a stack; the ends stay."""
    if len(points) < 3:
        return points
    keep = [False] * len(points)
    keep[0] = keep[-1] = True
    stack = [(0, len(points) - 1)]
    while stack:
        first, last = stack.pop()
        (ax, ay), (bx, by) = points[first], points[last]
        dx, dy = bx - ax, by - ay
        length = dx * dx + dy * dy
        worst, at = 0.0, first
        for index in range(first + 1, last):
            px, py = points[index]
            along = 0.0 if length == 0 else max(0.0, min(1.0, ((px - ax) * dx + (py - ay) * dy) / length))
            distance = (px - ax - along * dx) ** 2 + (py - ay - along * dy) ** 2
            if distance > worst:
                worst, at = distance, index
        if worst > tolerance * tolerance:
            keep[at] = True
            stack += [(first, at), (at, last)]
    return [point for point, kept in zip(points, keep, strict=True) if kept]


def ring(indices: list[int], arcs: list[list[Point]]) -> list[Point]:
    """The closed ring that a list of arc numbers means (`~n`: arc n backwards)."""
    points: list[Point] = []
    for index in indices:
        part = arcs[index] if index >= 0 else arcs[~index][::-1]
        points += part[1:] if points else part
    return points


def clip(points: list[Point]) -> list[Point]:
    """The ring inside the map's box (Sutherland and Hodgman, 1974)."""
    for axis, bound, sign in ((0, WEST, 1), (0, EAST, -1), (1, SOUTH, 1), (1, NORTH, -1)):
        result: list[Point] = []
        for index, current in enumerate(points):
            before = points[index - 1]
            inside, was_inside = sign * (current[axis] - bound) >= 0, sign * (before[axis] - bound) >= 0
            if inside != was_inside:
                share = (bound - before[axis]) / (current[axis] - before[axis])
                result.append(
                    (
                        before[0] + share * (current[0] - before[0]),
                        before[1] + share * (current[1] - before[1]),
                    )
                )
            if inside:
                result.append(current)
        points = result
        if not points:
            return []
    return points


def polygons(geometry: dict[str, Any]) -> list[list[list[int]]]:
    """A country's polygons as lists of rings of arc numbers."""
    return [geometry["arcs"]] if geometry["type"] == "Polygon" else geometry["arcs"]


def arc_numbers(geometry: dict[str, Any]) -> set[int]:
    """The arcs a country uses, whatever their direction."""
    return {
        index if index >= 0 else ~index for polygon in polygons(geometry) for one in polygon for index in one
    }


def rounded(points: list[Point], digits: int) -> list[list[float]]:
    """Coordinates as GeoJSON wants them, without points that rounding made equal."""
    result: list[list[float]] = []
    for x, y in points:
        point = [round(x, digits), round(y, digits)]
        if not result or result[-1] != point:
            result.append(point)
    return result


def collection(
    topology: dict[str, Any], land_tolerance: float, line_tolerance: float, digits: int
) -> dict[str, Any]:
    """The map as a GeoJSON FeatureCollection."""
    raw = decode_arcs(topology)
    by_id = {
        one.get("id"): one
        for one in topology["objects"]["countries"]["geometries"]
        if one.get("id") in COUNTRIES
    }
    shared = sorted(arc_numbers(by_id["364"]) & arc_numbers(by_id["586"]))
    arcs = [
        simplify(points, line_tolerance if number in shared else land_tolerance)
        for number, points in enumerate(raw)
    ]
    features: list[dict[str, Any]] = []
    for identity, name in COUNTRIES.items():
        shapes = []
        for polygon in polygons(by_id[identity]):
            rings = [rounded(clipped, digits) for one in polygon if len(clipped := clip(ring(one, arcs))) > 3]
            if rings and len(rings[0]) > 3:
                shapes.append(rings)
        features.append(
            {
                "type": "Feature",
                "properties": {"name": name, "kind": "country"},
                "geometry": {"type": "MultiPolygon", "coordinates": shapes},
            }
        )
    line = [rounded(arcs[number], digits) for number in shared]
    features.append(
        {
            "type": "Feature",
            "properties": {"name": "Iran–Pakistan border", "kind": "border"},
            "geometry": {"type": "MultiLineString", "coordinates": line},
        }
    )
    return {"type": "FeatureCollection", "features": features}


def main() -> int:
    """Write both files."""
    if len(sys.argv) > 1:
        topology = json.loads(Path(sys.argv[1]).read_text())
    else:
        with tempfile.TemporaryDirectory() as folder:
            topology = json.loads(fetch(GEOMETRY, Path(folder))["countries-10m.json"])
    full = collection(topology, LAND_TOLERANCE, LINE_TOLERANCE, 3)
    small = collection(topology, SMALL_TOLERANCE, SMALL_TOLERANCE / 2, 2)
    for name, value in (("border.json", full), ("border-small.json", small)):
        (STATIC / name).write_text(json.dumps(value, separators=(",", ":"), ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
