"""Constants of nature, exact by the definition of the SI."""

SPEED_OF_LIGHT_M_PER_S = 299_792_458.0
BOLTZMANN_J_PER_K = 1.380649e-23
