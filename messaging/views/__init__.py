"""The dashboard's pages about messages; one module per page."""
