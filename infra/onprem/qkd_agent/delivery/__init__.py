"""How keys move: issued to a master, carried hop by hop, accepted, and collected once."""
