"""The tape on NATS JetStream: one server records a feed, any number of others follow it."""
