"""The nouns, as frozen values, and the pure rules. Imports nothing of ours, and neither pykka, pyudev nor subprocess."""
