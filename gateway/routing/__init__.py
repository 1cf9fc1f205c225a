"""Which route a record takes: conditions, the table compiled from them, why, and a picture of it all."""
