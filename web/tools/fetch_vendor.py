"""Fetch the page's libraries from the npm registry, check them, and write them with a manifest.

    python -m web.tools.fetch_vendor            # fetches what the manifest lacks or what differs from it
    python -m web.tools.fetch_vendor --check    # only compares the files with the manifest, without the network

The versions are pinned here; the checksums in `web/static/vendor/manifest.json` are what a test holds the files to.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).parent.parent / "static" / "vendor"
MANIFEST = VENDOR / "manifest.json"


@dataclass(frozen=True, slots=True)
class Package:
    """An npm package at one version, and the files taken from it (name here -> path in the package)."""

    name: str
    version: str
    licence: str
    files: tuple[tuple[str, str], ...]


PACKAGES = (
    Package("htmx.org", "2.0.11", "0BSD", (("htmx.min.js", "dist/htmx.min.js"), ("htmx.LICENSE", "LICENSE"))),
    Package(
        "leaflet",
        "1.9.4",
        "BSD-2-Clause",
        (
            ("leaflet.js", "dist/leaflet.js"),
            ("leaflet.css", "dist/leaflet.css"),
            ("leaflet.LICENSE", "LICENSE"),
        ),
    ),
)
GEOMETRY = Package(
    "world-atlas",
    "2.0.2",
    "ISC; the geometry is Natural Earth's, public domain",
    (("countries-10m.json", "countries-10m.json"),),
)
"""Not shipped: `make_border.py` makes the small map out of it."""


def fetch(package: Package, into: Path) -> dict[str, bytes]:
    """The wanted files of a package, by `npm pack` (which checks the registry's own checksum)."""
    result = subprocess.run(  # noqa: S603
        ["npm", "pack", "--silent", "--pack-destination", str(into), f"{package.name}@{package.version}"],  # noqa: S607
        check=True,
        capture_output=True,
        text=True,
    )
    archive = into / result.stdout.strip().splitlines()[-1]
    with tarfile.open(archive) as tar:
        found = {}
        for name, path in package.files:
            member = tar.extractfile(f"package/{path}")
            if member is None:
                raise FileNotFoundError(f"{package.name}@{package.version} holds no {path}")
            found[name] = member.read()
    return found


def without_source_map(name: str, body: bytes) -> bytes:
    """The file without its link to a source map, which is not shipped and would be asked for in vain."""
    if name.endswith(".js"):
        lines = [
            line for line in body.splitlines(keepends=True) if not line.startswith(b"//# sourceMappingURL=")
        ]
        return b"".join(lines)
    return body


def manifest_of(contents: dict[str, tuple[Package, bytes]]) -> list[dict[str, str]]:
    """One record a file: name, package, version, licence, sha256."""
    return [
        {
            "file": name,
            "package": package.name,
            "version": package.version,
            "licence": package.licence,
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        for name, (package, body) in sorted(contents.items())
    ]


def faults() -> list[str]:
    """What differs between the files and the manifest."""
    found = []
    for record in json.loads(MANIFEST.read_text()):
        path = VENDOR / record["file"]
        if not path.exists():
            found.append(f"{record['file']} is missing")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != record["sha256"]:
            found.append(f"{record['file']} is not what the manifest says")
    return found


def main() -> int:
    """Fetch, or only check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        for fault in faults():
            sys.stderr.write(fault + "\n")
        return int(bool(faults()))
    contents: dict[str, tuple[Package, bytes]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for package in PACKAGES:
            for name, body in fetch(package, Path(folder)).items():
                contents[name] = (package, without_source_map(name, body))
    VENDOR.mkdir(parents=True, exist_ok=True)
    for name, (_, body) in contents.items():
        (VENDOR / name).write_bytes(body)
    MANIFEST.write_text(json.dumps(manifest_of(contents), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
