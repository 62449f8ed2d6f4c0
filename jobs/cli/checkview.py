"""A check's report as text for a person."""

from __future__ import annotations

from jobs.check import Report, Sample
from jobs.schedule.policy import spoken


def show(report: Report, *, brief: bool = False) -> str:
    """The whole report, or one line of it."""
    if brief:
        state = "ok" if report.ok else "FAILS"
        detail = f"{report.count} entries, {report.dated} dated" if report.ok else report.error
        return f"{state:<6} {report.asked}: {detail}"
    lines = [f"{report.asked}: {'good' if report.ok else 'brings nothing'}"]
    if report.error:
        lines.append(f"  {report.error}")
    lines += [
        f"  found     {found.kind} {found.url}{f' ({found.title})' if found.title else ''}"
        for found in report.found
    ]
    if report.kind and report.source:
        lines.append(
            f"  is        {report.kind} at {report.source.url}{f', “{report.title}”' if report.title else ''}"
        )
    if report.moved_to:
        lines.append(f"  moved to  {report.moved_to}, for good: use that address")
    if report.hub:
        lines.append(f"  hub       {report.hub} (pushes new entries by WebSub)")
    if report.robots:
        delay = f" It asks for {report.crawl_delay_s:g} s between requests." if report.crawl_delay_s else ""
        lines.append(f"  robots    {report.robots}{delay}")
    if report.count:
        lines.append(f"  entries   {report.count}, {report.dated} with a date")
        for entry in report.entries:
            when = entry.published.isoformat() if entry.published else "no date"
            lines.append(f"            {when:<25} {entry.title or entry.url}")
    lines += [f"  problem   {problem}" for problem in report.problems]
    if report.article:
        lines += _article(report.article)
    if report.interval_s:
        lines.append(
            f"  interval  {spoken(report.interval_s)} at first. {report.interval_reason or ''}".rstrip()
        )
    if report.toml:
        lines += ["", "To watch it, add this to borderwatch.toml:", "", report.toml.rstrip()]
    return "\n".join(lines)


def _article(sample: Sample) -> list[str]:
    lines = [f"  article   {sample.url}"]
    if sample.why_not:
        return [*lines, f"            {sample.why_not}"]
    when = f"{sample.date} (from {sample.date_source})" if sample.date else "no date"
    topics = ", ".join(sample.topics) or "no topic matches"
    return [
        *lines,
        f"            “{sample.title}”, {when}",
        f"            {sample.words} words, {sample.language or 'unknown language'}; {topics}",
    ]
