"""The service over HTTP: REST, live events, metrics and pages, all over the facade. Holds no rule about drives."""
