"""`python -m monitor.cli`: the command line without an installed script."""

from monitor.cli.main import run

run()
