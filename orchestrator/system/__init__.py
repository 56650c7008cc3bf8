"""Builds a rack from its parts, starts them in order, stops them in reverse. Introduces actors and adapters."""
