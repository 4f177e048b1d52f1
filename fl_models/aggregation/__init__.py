"""What the radio does to the updates on their way into the average."""
