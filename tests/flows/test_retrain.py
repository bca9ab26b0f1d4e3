from flows.retrain import retrain


def test_the_flow_says_what_it_does_and_takes_an_instant():
    assert retrain.name == "retrain"
    assert retrain.description
    assert retrain.parameters.properties["as_of"]["anyOf"][0]["format"] == "date-time"
