"""tastytrade's quotes and trades: its REST session and DXLink, and a gateway of ours likewise."""
