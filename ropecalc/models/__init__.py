"""Model files, and what they say of rotation: one module a format."""
