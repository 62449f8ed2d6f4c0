"""Records as a file to keep: JSONL or CSV, streamed as they are read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from starlette.responses import StreamingResponse

from web.marks import clean

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def stream(records: Iterator[dict[str, Any]], form: str, name: str) -> StreamingResponse:
    """The records as they are read, as a file to keep."""
    lines = (
        csv_lines(records)
        if form == "csv"
        else (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    )
    media = "text/csv; charset=utf-8" if form == "csv" else "application/jsonl; charset=utf-8"
    return StreamingResponse(
        lines,
        media_type=media,
        headers={"Content-Disposition": f'attachment; filename="{name}.{form}"', "Cache-Control": "no-store"},
    )


def csv_lines(records: Iterator[dict[str, Any]]) -> Iterator[str]:
    """CSV (RFC 4180) with a header; cells that a spreadsheet would run as a formula begin with an apostrophe (OWASP)."""
    writer: csv.DictWriter[str] | None = None
    buffer = io.StringIO()
    for record in records:
        if writer is None:
            writer = csv.DictWriter(buffer, list(record), extrasaction="ignore")
            writer.writeheader()
        writer.writerow({key: _cell(value) for key, value in record.items()})
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _cell(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = "; ".join(value)
    elif isinstance(value, dict) and "quote" in value:
        value = value["quote"]
    elif isinstance(value, list | dict):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        value = clean(value)
        return "'" + value if value.startswith(_FORMULA) else value
    return value
