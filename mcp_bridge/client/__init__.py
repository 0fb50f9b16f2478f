"""The side that agents run on their own machines: `manage.py connect`, `stdio` and `hook`.

It needs this checkout and an account (an address and a token), and no Django: a client waits while
it starts. What hooks import is the standard library alone.
"""
