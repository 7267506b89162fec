"""Usage to money, by a maintained catalogue of dated prices that is bundled with its library and never fetched."""
