"""What the operator sees of a running gateway: log lines and metrics. Never payloads, names or account numbers."""
