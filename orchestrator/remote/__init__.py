"""A rack on another machine, by REST and live events. Knows no actor, no drive and no store."""
