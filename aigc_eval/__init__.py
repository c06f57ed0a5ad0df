"""The release gate that a compliance reviewer can trust: content-safety and quality evaluation of generated text."""

__version__ = "0.1.0"
