"""Scripts that make golden data with software that the tests do not need at hand."""
