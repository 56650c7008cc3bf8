"""What can be done to a drive: plain synchronous functions, each declared once. They see a drive only by a Bench."""
