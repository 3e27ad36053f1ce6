"""Where tapes come from: each feed turns a source of market data into a tape."""
