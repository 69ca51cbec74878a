"""An HTTP/1.1 client for relaying: the server's own bytes, as they come, over connections kept alive."""
