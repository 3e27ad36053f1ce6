"""The service that answers queries, shared by servers and workers. No sockets, no HTTP."""
