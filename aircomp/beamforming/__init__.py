"""Several receive antennas: combining vectors under which the clients' signals add up, and which clients to select."""
