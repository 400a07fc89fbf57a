"""Handovers of posts, with what is open under them."""
