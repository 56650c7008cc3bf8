"""The pytest plugin: a test that takes `drive` runs once for each drive of a rack."""
