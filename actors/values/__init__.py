"""Values: events, states, results and errors; plain data, frozen, compared and packed."""
