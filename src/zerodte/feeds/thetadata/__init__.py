"""ThetaData's terminal: its history of options, and tapes served as it would serve them."""
