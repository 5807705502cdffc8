"""The dictionary in the formats of other tools: JSON and its schema, a dbt semantic layer."""
