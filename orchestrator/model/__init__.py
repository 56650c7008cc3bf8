"""The nouns, as frozen values, and the pure rules. Imports nothing of ours; no pykka, pyudev or subprocess."""
