"""The network in the page. In: trained weights and sequences as data. Out: JavaScript that runs and trains the same
network, bit for bit, with nothing but a browser.

`export` gathers what the page is given, `page` puts it and the script into the page. Of the script, `network.js` is the
engine (`sequtils/engine/kernels`), `random.js` NumPy's random numbers, `features.js` the features; the rest is what
the reader sees.
"""
