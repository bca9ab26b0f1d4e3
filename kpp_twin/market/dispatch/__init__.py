"""Plans: of one store on given prices, and of everything behind one connection."""
