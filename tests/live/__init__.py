"""Programs that play one side of a protocol over real connections."""
