"""Pictures, recordings and videos: uploaded in pieces, kept in a store, read at signed addresses."""
