"""The table behind NumPy's normal variates, which NumPy does not show."""

import numpy as np

FACTOR = 0x2360ED051FC65DA44385DF649FCCF645  # of PCG64's steps from state to state


def steps():
    """The 256 widths, float64, that `Generator.standard_normal` multiplies 52 random bits by, one a layer.

    Its generator is put into the state from which it draws a layer and the bits 00...01: then it gives the width. PCG64
    gives the lower half of a state whose upper half is 0.
    """
    bits = np.random.PCG64(0)
    state, widths = bits.state, []
    for layer in range(256):
        drawn = layer | 1 << 9
        state["state"]["state"] = (drawn - state["state"]["inc"]) * pow(FACTOR, -1, 2**128) % 2**128
        bits.state = state
        widths.append(np.random.Generator(bits).standard_normal())
    return np.array(widths)
