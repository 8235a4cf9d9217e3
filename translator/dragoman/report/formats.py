"""The formats of a report that other programs read."""

from __future__ import annotations

from dragoman.report.model import Report


def written(report: Report, format: str, full: str, links: str = "") -> str:
    """The report in one of them.

    full   the same findings as text for people
    links  what the links of a `markdown` report begin with
    """
    if format == "json":
        from dragoman.report import json

        return json.text(report)
    if format == "sarif":
        from dragoman.report import sarif

        return sarif.text(report)
    if format == "junit":
        from dragoman.report import junit

        return junit.text(report)
    if format == "github":
        from dragoman.report import github

        return github.text(report, full)
    if format == "gitlab":
        from dragoman.report import gitlab

        return gitlab.text(report)
    from dragoman.report import markdown

    return markdown.text(report, links)
