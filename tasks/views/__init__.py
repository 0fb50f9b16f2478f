"""The dashboard's pages about tasks; one module per page."""
