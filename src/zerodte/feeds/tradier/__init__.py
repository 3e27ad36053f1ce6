"""Tradier: trades with their quotes and quotes over a websocket, chains and interest over REST."""
