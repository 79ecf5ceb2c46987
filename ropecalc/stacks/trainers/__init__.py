"""Trainers that a setting is written for: a module each."""
