"""What stands beside Backstop in a benchmark: upstreams, peers, and what loads and measures them."""
