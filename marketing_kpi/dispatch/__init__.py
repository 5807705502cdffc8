"""The machinery of `fulfilment`: promises kept, what parcels cost, the work they take."""
