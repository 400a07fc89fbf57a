"""HTTP clients of outside platforms, and the token holder that they share."""
