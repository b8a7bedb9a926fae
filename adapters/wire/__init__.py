"""What platforms share on the wire: HTTP client, sessions, tokens, codecs."""
