"""A market that answers questions: what a server and a worker share. No sockets, no HTTP."""
