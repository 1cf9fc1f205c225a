"""The doors: each moves bytes between one kind of place and the engine, and knows no format."""
