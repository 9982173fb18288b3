"""Measures the quality of calls over bad networks with real browsers; `make quality` prints the table."""
