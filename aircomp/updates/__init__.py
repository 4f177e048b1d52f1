"""From updates to symbols and back, and what that costs in air time, beside sending them as bits."""
