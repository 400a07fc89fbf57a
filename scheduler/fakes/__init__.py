"""Faithful local platforms for tests and the demonstration, each a separate process."""
