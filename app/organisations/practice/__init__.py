"""Practice organisations (演练): everything works in them, nothing goes outside, no figure of others counts them."""
