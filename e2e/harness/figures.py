"""Figures that tests measure; they stand together at the end of a run."""

MEASURED = []


def figure(what, value, unit="ms"):
    """Notes one measured figure."""
    MEASURED.append(f"{what}: {value:.0f} {unit}" if isinstance(value, float) else f"{what}: {value} {unit}")


def remark(text):
    """Notes figures that are told in a sentence of their own."""
    MEASURED.append(text)
