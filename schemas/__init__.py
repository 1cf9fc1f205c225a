"""Data only: schemas, dictionaries, grammars and code lists; read with importlib.resources."""
