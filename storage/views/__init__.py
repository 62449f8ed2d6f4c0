"""What the page and the API read: lists, one story, one article, places, days, sources, alerts, topics.

Read-only and short: each function is a handful of indexed queries, so that no reader holds the WAL for long. Times
come out as the stored stamps (UTC text); JSON columns come out parsed.
"""
