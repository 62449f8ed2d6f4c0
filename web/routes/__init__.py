"""The addresses of the page, one module a page."""
