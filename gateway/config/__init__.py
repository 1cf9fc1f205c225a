"""routes.yaml and the environment, read into typed records; every problem with file, line and column."""
