"""Against other people's engines: quickfix, the C++ engine through its Python binding."""
