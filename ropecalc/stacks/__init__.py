"""What stacks compute of a model file, and how a setting is written for them: a folder a stack."""
