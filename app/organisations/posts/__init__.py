"""Posts: who holds which role where, from and until when."""
