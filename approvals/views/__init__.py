"""The dashboard's pages about approvals; one module per page."""
