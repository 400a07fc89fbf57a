"""Documents that become lessons."""
