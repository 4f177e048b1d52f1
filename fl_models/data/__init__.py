"""What is learnt from: labelled samples, real and synthetic, and how they are split over cells and clients."""
