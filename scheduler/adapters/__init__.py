"""One file a platform: a rendered message becomes a call of `app.platforms`."""
