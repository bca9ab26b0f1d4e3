"""The kinetic power plant, honestly modelled: a store and a flexible load."""
