"""Alpaca: quotes and trades of options over a websocket, open interest and chains over REST."""
