"""Digital twin of a kinetic power plant with a battery and curtailable load."""

__version__ = "0.1.0"
