"""Settings of the tree: what an organisation has set holds for all below that have not set it themselves."""
