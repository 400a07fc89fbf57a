"""Questions and how their answers are written and compared."""
