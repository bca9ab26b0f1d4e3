"""The stations of a cycle in order: simulate, settle, forecast, curtail, plan, coordinate, bid."""
