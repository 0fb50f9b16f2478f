"""Reading a ledger without the product: the standard library alone."""
