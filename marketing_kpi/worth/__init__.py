"""What customers are worth, measured on the data: the machinery of the chapter `clv`."""
