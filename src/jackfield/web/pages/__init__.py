"""Pages for people: signing in, installing an app, how that went. Their wire format is HTML, without any script."""
