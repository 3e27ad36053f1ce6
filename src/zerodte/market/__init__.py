"""What is traded and when: sessions, roots, symbols, contracts."""
