from tests.authority.table import document

print(document())  # noqa: T201
