"""The figures of the data plane, one a file: what is measured, beside whom, and the bar."""
