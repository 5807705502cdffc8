"""The data: canonical tables, what reads them, what is found in them, the demo, the samples."""
