"""Languages: numbers, money and dates in the reader's locale, words from catalogs."""
