import pytest

from kpp_twin.store.queries import names, query


def test_every_name_has_its_text():
    for folder in ("migrations", "views", "queries", "analysis"):
        assert list(names(folder)) == sorted(names(folder))
        assert all(query(name, folder).strip() for name in names(folder))


def test_an_unknown_name_fails():
    with pytest.raises(FileNotFoundError):
        query("no_such_query")
