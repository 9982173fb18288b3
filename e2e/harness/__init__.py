"""Everything the end-to-end tests share: the real server, real browsers, a lossy network between them."""
