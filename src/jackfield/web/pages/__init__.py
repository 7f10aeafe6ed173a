"""HTML: what all pages share, signing in, installing an app, and the hosted way to connect."""
