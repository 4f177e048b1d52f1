"""Band, processor speed and transmit power together, under energy budgets."""
