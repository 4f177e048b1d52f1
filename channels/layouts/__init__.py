"""Where stations and clients stand, and which station serves whom."""
