"""Financial OS: one daemon that reads, checks, settles and translates payments."""
