"""Where tapes, sessions and servers meet: the only room that moves time."""
