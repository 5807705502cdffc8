"""The machinery of `inventory`: cover and return of stock, classes, reorder points, service."""
