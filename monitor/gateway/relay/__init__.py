"""The relay: requests to a model server and its answers back, untouched and unparsed."""
