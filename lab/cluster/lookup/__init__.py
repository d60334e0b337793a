"""Where the parts of the engine are in a world, by the names that scenarios, probes and words give them."""
