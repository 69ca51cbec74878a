"""Health reports: data first, then HTML, Markdown and JSON."""
