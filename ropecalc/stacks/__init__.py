"""What model files say and what stacks want to hear: one module a format."""
