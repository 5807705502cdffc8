"""The course as a folder of pages that a browser opens as they are, without a network."""
