"""Made-up data for trying the service."""
