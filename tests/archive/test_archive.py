"""The archive over real files: what is written is read back, by us and by warcio, and tears are found."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from storage.archive import (
    Archive,
    ArchiveError,
    Found,
    Torn,
    check_archive,
    iter_pages,
    read_capture,
    repair_archive,
)
from storage.model import Capture

NOW = datetime(2026, 11, 24, 10, 0, 0, 250000, UTC)

CAPTURE = Capture(
    url="https://news.example/a?b=1",
    fetched_at=NOW,
    status=200,
    headers=(("Content-Type", "text/html; charset=utf-8"), ("Content-Encoding", "gzip"), ("X-A", "é")),
    body="<p>پاکستان</p>".encode(),
    source="news",
    listed_url="https://news.example/a?b=1#top",
    request_headers=(("Host", "news.example"), ("User-Agent", "borderwatch/1")),
)


def make(folder: Path, **options: int) -> Archive:
    return Archive(folder, wall=lambda: NOW, **options)


def only_file(folder: Path) -> Path:
    (path,) = folder.glob("*.warc.gz")
    return path


class TestAppendAndRead:
    def test_a_capture_comes_back_as_it_was(self, tmp_path: Path) -> None:
        archive = make(tmp_path)
        archive.append(replace(CAPTURE, body=b"first"))
        place = archive.append(CAPTURE)
        archive.close()

        read = read_capture(tmp_path, place)

        assert read == replace(CAPTURE, request_headers=())
        assert place.file == "borderwatch-202611-0001.warc.gz"

    @settings(max_examples=30)
    @given(
        body=st.binary(max_size=2000),
        values=st.lists(
            st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40),
            max_size=3,
        ),
    )  # fmt: skip
    def test_any_body_and_header_value(
        self, tmp_path_factory: pytest.TempPathFactory, body: bytes, values: list[str]
    ) -> None:
        folder = tmp_path_factory.mktemp("archive")
        archive = make(folder)
        place = archive.append(replace(CAPTURE, body=body, headers=tuple(("X-V", value) for value in values)))
        archive.close()

        read = read_capture(folder, place)

        assert read.body == body
        assert [value for _, value in read.headers] == values

    def test_other_tools_read_it_and_agree_with_its_digests(self, tmp_path: Path) -> None:
        archive = make(tmp_path)
        for number in range(3):
            archive.append(replace(CAPTURE, body=CAPTURE.body * (number + 1)))
        archive.close()
        path = only_file(tmp_path)

        checked = subprocess.run(
            [sys.executable, "-m", "warcio.cli", "check", "-v", str(path)],
            capture_output=True,
            text=True,
            check=False,
        )

        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert checked.stdout.count("digest pass") == 7  # 3 responses, 3 requests, 1 warcinfo
        with path.open("rb") as file:
            records = [
                (r.rec_type, r.content_stream().read()) for r in ArchiveIterator(file, check_digests="raise")
            ]
        assert [kind for kind, _ in records] == ["warcinfo"] + ["response", "request"] * 3
        assert records[5][1] == CAPTURE.body * 3

    def test_the_headers_of_the_request_are_kept_beside_the_response(self, tmp_path: Path) -> None:
        archive = make(tmp_path)
        archive.append(CAPTURE)
        archive.close()

        with only_file(tmp_path).open("rb") as file:
            by_type = {r.rec_type: (r.rec_headers, r.http_headers) for r in ArchiveIterator(file)}

        request, response = by_type["request"], by_type["response"]
        assert request[1].get_header("User-Agent") == "borderwatch/1"
        assert request[0].get_header("WARC-Concurrent-To") == response[0].get_header("WARC-Record-ID")
        assert response[1].get_header("X-Crawler-Content-Encoding") == "gzip"
        assert response[0].get_header("WARC-Date") == "2026-11-24T10:00:00.250Z"

    def test_header_values_cannot_add_headers(self, tmp_path: Path) -> None:
        archive = make(tmp_path)
        place = archive.append(replace(CAPTURE, headers=(("X-A", "1\r\nX-B: 2"),)))
        assert read_capture(tmp_path, place).headers == (("X-A", "1 X-B: 2"),)

    def test_files_are_rotated_by_size_and_month(self, tmp_path: Path) -> None:
        month = [NOW]
        archive = Archive(tmp_path, rotate_bytes=1000, wall=lambda: month[0])
        places = [archive.append(replace(CAPTURE, body=os.urandom(800))) for _ in range(3)]
        month[0] = datetime(2026, 12, 1, tzinfo=UTC)
        places.append(archive.append(CAPTURE))
        archive.close()

        assert [place.file[12:-8] for place in places] == [
            "202611-0001",
            "202611-0002",
            "202611-0003",
            "202612-0001",
        ]
        assert read_capture(tmp_path, places[3]).body == CAPTURE.body

    def test_threads_and_processes_may_append_at_once(self, tmp_path: Path) -> None:
        first, second = make(tmp_path), make(tmp_path)
        places = []

        def work(archive: Archive, body: bytes) -> None:
            for _ in range(40):
                places.append((archive.append(replace(CAPTURE, body=body)), body))
                archive.sync()

        threads = [
            threading.Thread(target=work, args=(archive, os.urandom(3000)))
            for archive in (first, second, first, second)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert all(read_capture(tmp_path, place).body == body for place, body in places)
        assert check_archive(only_file(tmp_path)) is None


class TestFaults:
    def test_a_full_disk_leaves_the_file_as_it_was(self, tmp_path: Path) -> None:
        code = (
            "import resource, signal, sys\n"
            "from pathlib import Path\n"
            "from dataclasses import replace\n"
            "from tests.archive.test_archive import CAPTURE, make\n"
            "import os\n"
            "archive = make(Path(sys.argv[1]))\n"
            "archive.append(CAPTURE)\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
            "try:\n"
            "    archive.append(replace(CAPTURE, body=os.urandom(50_000)))\n"
            "except Exception as error:\n"
            "    print(type(error).__name__)\n"
            "archive.append(replace(CAPTURE, body=b'after'))\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": "."},
        )

        assert done.stdout.strip() == "ArchiveError", done.stderr
        assert check_archive(only_file(tmp_path)) is None
        assert [f.capture.body for f in iter_pages(only_file(tmp_path)) if isinstance(f, Found)] == [
            CAPTURE.body,
            b"after",
        ]

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_an_unwritable_folder_says_what_to_do(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        with pytest.raises(ArchiveError, match="--data-dir"):
            make(tmp_path / "archive")

    def test_a_missing_file_and_a_wrong_offset(self, tmp_path: Path) -> None:
        archive = make(tmp_path)
        place = archive.append(CAPTURE)
        with pytest.raises(ArchiveError, match="cannot be read"):
            read_capture(tmp_path, replace(place, file="gone.warc.gz"))
        with pytest.raises(ArchiveError, match=r"damaged|no page"):
            read_capture(tmp_path, replace(place, offset=place.offset + 3))
        with pytest.raises(ArchiveError, match="cut off"):
            read_capture(tmp_path, replace(place, length=place.length - 40))
        with pytest.raises(ArchiveError, match="no page"):
            read_capture(tmp_path, replace(place, offset=0, length=place.offset))


class TestTears:
    @pytest.fixture
    def written(self, tmp_path: Path) -> Path:
        archive = make(tmp_path)
        for _ in range(4):
            archive.append(replace(CAPTURE, body=os.urandom(2000)))
        archive.close()
        return only_file(tmp_path)

    @pytest.mark.parametrize("cut", [1, 7, 300, 1500, 2600])
    def test_a_torn_tail_is_cut_off_on_start(self, written: Path, cut: int) -> None:
        whole = [f for f in iter_pages(written) if isinstance(f, Found)]
        os.truncate(written, written.stat().st_size - cut)
        left = [f for f in whole if f.offset + f.length <= written.stat().st_size]
        assert isinstance(check_archive(written), Torn)

        archive = make(written.parent)
        place = archive.append(CAPTURE)
        archive.close()

        assert check_archive(written) is None
        pages = list(iter_pages(written))
        assert pages[:-1] == left
        assert isinstance(pages[-1], Found)
        assert pages[-1].capture.body == CAPTURE.body == read_capture(written.parent, place).body

    def test_garbage_after_the_last_record_is_cut_off(self, written: Path) -> None:
        size = written.stat().st_size
        with written.open("ab") as file:
            file.write(b"\x00" * 500)

        torn = repair_archive(written)

        assert torn is not None
        assert torn.valid_bytes == size == written.stat().st_size

    def test_a_whole_file_is_left_alone(self, written: Path) -> None:
        before = written.read_bytes()
        assert repair_archive(written) is None
        assert written.read_bytes() == before

    def test_only_the_end_of_a_large_file_is_read(self, tmp_path: Path) -> None:
        archive = make(tmp_path)
        for _ in range(5):
            archive.append(replace(CAPTURE, body=os.urandom(1024 * 1024)))
        archive.close()
        path = only_file(tmp_path)
        os.truncate(path, path.stat().st_size - 600_000)

        torn = repair_archive(path)

        assert torn is not None
        assert check_archive(path) is None
        assert len(list(iter_pages(path))) == 4

    def test_every_length_of_a_file_is_read_up_to_the_tear(self, written: Path) -> None:
        data = written.read_bytes()
        whole = [f for f in iter_pages(written) if isinstance(f, Found)]
        for size in range(len(data) - 1, 0, -97):
            written.write_bytes(data[:size])
            expected = [f for f in whole if f.offset + f.length <= size]
            try:
                found = list(iter_pages(written))
            except ArchiveError:
                assert size < whole[0].offset
                continue
            assert [f for f in found if isinstance(f, Found)] == expected
            if size not in {f.offset for f in whole} | {f.offset + f.length for f in whole}:
                assert isinstance(found[-1], Torn), size

    @pytest.mark.parametrize("at", [0.1, 0.4, 0.9])
    def test_a_flipped_byte_is_noticed(self, written: Path, at: float) -> None:
        data = bytearray(written.read_bytes())
        data[int(len(data) * at)] ^= 0xFF
        written.write_bytes(data)

        assert isinstance(check_archive(written), Torn)
        assert isinstance(list(iter_pages(written))[-1], Torn)


class TestForeignFiles:
    def write(self, path: Path, *, gzip: bool = True, version: str = "1.0") -> None:
        with path.open("wb") as file:
            writer = WARCWriter(file, gzip=gzip, warc_version=version)
            from io import BytesIO

            def page(
                url: str, body: bytes, kind: str = "response", status: str = "200 OK", headers=()
            ) -> None:
                http = StatusAndHeaders(
                    status, [("Content-Type", "text/html"), *headers], protocol="HTTP/1.1"
                )
                writer.write_record(
                    writer.create_warc_record(
                        url, kind, payload=BytesIO(body), length=len(body), http_headers=http
                    )
                )

            writer.write_record(writer.create_warcinfo_record("x.warc", {"software": "test"}))
            page("http://a.example/1", b"5\r\nhello\r\n0\r\n\r\n", headers=[("Transfer-Encoding", "chunked")])
            import gzip as packer

            page("http://a.example/2", packer.compress(b"packed"), headers=[("Content-Encoding", "gzip")])
            page("http://a.example/gone", b"", status="404 Not Found")
            writer.write_record(
                writer.create_warc_record(
                    "http://a.example/3",
                    "conversion",
                    payload=BytesIO(b"text"),
                    length=len(b"text"),
                    warc_content_type="text/plain",
                )
            )
            writer.write_record(
                writer.create_warc_record(
                    "http://a.example/4",
                    "resource",
                    payload=BytesIO(b"<p>x"),
                    length=len(b"<p>x"),
                    warc_content_type="text/html",
                )
            )
            writer.write_record(
                writer.create_warc_record(
                    "dns:a", "resource", payload=BytesIO(b"x"), length=len(b"x"), warc_content_type="text/dns"
                )
            )
            page("http://b.example/5", b"last")

    @pytest.mark.parametrize(("gzip", "version"), [(True, "1.0"), (True, "1.1"), (False, "1.0")])
    def test_pages_are_found_and_unpacked(self, tmp_path: Path, gzip: bool, version: str) -> None:
        path = tmp_path / "foreign.warc"
        self.write(path, gzip=gzip, version=version)

        found = [
            (f.capture.url[-1], f.capture.body, f.capture.source)
            for f in iter_pages(path)
            if isinstance(f, Found)
        ]

        assert found == [
            ("1", b"hello", "a.example"),
            ("2", b"packed", "a.example"),
            ("4", b"<p>x", "a.example"),
            ("5", b"last", "b.example"),
        ]
        assert not [f for f in iter_pages(path) if isinstance(f, Torn)]

    @pytest.mark.parametrize("gzip", [True, False])
    def test_records_are_adopted_as_they_are(self, tmp_path: Path, gzip: bool) -> None:
        path = tmp_path / "foreign.warc"
        self.write(path, gzip=gzip)
        archive = make(tmp_path / "archive")

        pairs = [(f, archive.adopt(path, f)) for f in iter_pages(path) if isinstance(f, Found)]
        archive.close()

        for found, place in pairs:
            assert read_capture(tmp_path / "archive", place) == found.capture
        assert check_archive(only_file(tmp_path / "archive")) is None
        again = [f.capture for f in iter_pages(only_file(tmp_path / "archive")) if isinstance(f, Found)]
        assert again == [found.capture for found, _ in pairs]

    def test_what_is_no_warc_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "notes.txt"
        path.write_text("hello\nworld\n" * 100)
        with pytest.raises(ArchiveError, match="no WARC"):
            list(iter_pages(path))
        with pytest.raises(ArchiveError, match="Check the name"):
            list(iter_pages(tmp_path / "missing.warc.gz"))
