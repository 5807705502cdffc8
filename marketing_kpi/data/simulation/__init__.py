"""The processes behind the demo retailer: calendar, assortment, customers, orders, operations."""
