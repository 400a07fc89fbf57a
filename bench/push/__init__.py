"""What the push engine claims, measured: `make bench-push`, or `python -m bench.push --help`."""
