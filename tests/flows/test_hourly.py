from flows.hourly import hourly


def test_the_flow_says_what_it_does_and_takes_an_instant():
    assert hourly.name == "hourly"
    assert hourly.description
    assert hourly.parameters.properties["as_of"]["anyOf"][0]["format"] == "date-time"
