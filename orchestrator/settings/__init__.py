"""The rack file and the recipes beside it: YAML, read as frozen values, every mistake with its place."""
