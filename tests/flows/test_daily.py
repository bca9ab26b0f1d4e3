from flows.daily import daily


def test_the_flow_says_what_it_does_and_takes_an_instant():
    assert daily.name == "daily"
    assert daily.description
    assert daily.parameters.properties["as_of"]["anyOf"][0]["format"] == "date-time"
