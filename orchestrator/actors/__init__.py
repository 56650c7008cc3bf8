"""Who owns what while time passes. One actor a module, its messages at the top; none of them waits for anything."""
